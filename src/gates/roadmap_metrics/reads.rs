//! Numbers in what commands print.
//!
//! The shapes are those of pytest, cargo test and nextest, go test, jest, vitest, ripgrep and grep, coverage tables, and JUnit's XML. What none
//! of them fits is read plainly: a number beside the word.

use std::sync::LazyLock;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use regex::Regex;

use super::counts::{Bound, Count, NUMBER, parsed};
use super::shell;
use crate::base::Decimal;

static COLLECTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)(?:^collected (\d+) items?|\b(\d+)(?:/\d+)? tests? collected)").expect("it is right"));
static PERCENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\d+(?:\.\d+)?)\s*%").expect("it is right"));
/// What pytest-cov says beside its table, with decimals.
static COVERED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\btotal coverage:?\s+(\d+(?:\.\d+)?)\s*%").expect("it is right"));
static SUITE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<testsuites?[\s>]").expect("it is right"));

/// Lines that say how the tests of pytest, jest or vitest ended.
static SUMMARY: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"(?m)^(?:=+ )?\d+ [a-z]+(?:, \d+ [a-z]+)* in \d+(?:\.\d+)?s|^\s*Tests:?\s+(?:\d+ [a-z]+(?:, | \| )?)*\d+ (?:passed|failed|total)",
    )
    .expect("it is right")
});

/// What a number is a part of that stands right behind it: `12:`, `3/`.
static PART: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\d[:/]$").expect("it is right"));
/// The beginning of a number whose thousands a blank parts, a group of three digits, and one that stands behind such a beginning.
static BEGUN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?:^|[^\w.,:/-])[-\u{2212}]?\d{1,3}\s$").expect("it is right"));
static GROUP: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\d{3}(?:\D|$)").expect("it is right"));
static GROUP_BEHIND: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s\d{3}(?:\D|$)").expect("it is right"));

/// A line in which jest or vitest sum up the tests: its total stands last, in brackets or before the word.
static TOTAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*Tests:?\s+(?:\d+ [a-z]+(?:, | \| )?)*?(?:(\d+) total|\d+ [a-z]+ \((\d+)\))\s*$").expect("it is right")
});

/// Flags of searches: that count, that print more than matches or nothing, and long ones that take the next word.
const COUNTING: [&str; 3] = ["-c", "--count", "--count-matches"];
const OBSCURING: [&str; 14] = [
    "-q",
    "--quiet",
    "--silent",
    "-A",
    "-B",
    "-C",
    "--after-context",
    "--before-context",
    "--context",
    "--stats",
    "--passthru",
    "--heading",
    "--pretty",
    "--json",
];
const TAKING: [&str; 8] = ["regexp", "file", "max-count", "after-context", "before-context", "context", "glob", "type"];

/// How tests end that need not be named.
const OUTCOMES: [&str; 10] = ["passed", "failed", "skipped", "error", "errors", "xfailed", "xpassed", "deselected", "todo", "warnings"];

/// Returns the number that an output shows for what is claimed, added up over all its result lines; `None` if it shows none. Large and small
/// letters are the same; units are not converted.
pub fn number(command: &str, output: &str, code: Option<i32>, claimed: &Count) -> Option<Decimal> {
    let word = claimed.word.to_lowercase();
    // A whole percentage is claimed of the whole one that the table shows.
    let whole = matches!(claimed.bound, Bound::Exactly(_)) && !claimed.text.contains('.');
    let rounded = if whole && claimed.percent && matches!(&*word, "coverage" | "covered") { row(output) } else { None };
    rounded.or_else(|| shown(command, output, code, &word, claimed.percent))
}

/// Returns the percentage in the last row `TOTAL` of a table of coverage.
fn row(output: &str) -> Option<Decimal> {
    let is_row = |line: &&str| line.trim_start().to_uppercase().starts_with("TOTAL") && !COVERED.is_match(line);
    parsed(&PERCENT.captures_iter(output.lines().rfind(is_row)?).last()?[1])
}

fn shown(command: &str, output: &str, code: Option<i32>, word: &str, percent: bool) -> Option<Decimal> {
    let lines = || output.lines().filter(|line| !line.trim().is_empty());
    let searches = searches(command);
    match word {
        "coverage" | "covered" if percent => {
            let precise = COVERED.captures_iter(output).last().and_then(|found| parsed(&found[1]));
            let last = || parsed(&PERCENT.captures_iter(lines().rfind(|line| PERCENT.is_match(line))?).last()?[1]);
            precise.or_else(|| row(output)).or_else(last)
        }
        _ if percent => beside(output, word, true).flatten(),
        "match" | "matches" | "hits" | "occurrences" if searches => {
            if lines().next().is_none() {
                return (code == Some(1)).then(Decimal::default);
            }
            if flag(command, &COUNTING).is_some() {
                return sum(lines().filter_map(|line| Decimal::parse(line.rsplit(':').next()?.trim())).map(Some));
            }
            obscures(command).is_none().then(|| many(lines().filter(|line| *line != "--").count()))
        }
        "collected" if COLLECTED.is_match(output) => {
            let one = |found: regex::Captures<'_>| parsed(found.get(1).or(found.get(2))?.as_str());
            COLLECTED.captures_iter(output).filter_map(one).max()
        }
        "passed" | "failed" | "failures" | "failure" | "errors" | "error" | "tests" | "skipped" if SUITE.is_match(output) => {
            junit(output, word)
        }
        "passed" | "failed" | "skipped" if ["--- PASS:", "--- FAIL:", "--- SKIP:"].iter().any(|mark| output.contains(mark)) => {
            let mark = if word == "skipped" { "--- SKIP:" } else { &*format!("--- {}:", word[..4].to_uppercase()) };
            Some(many(lines().filter(|line| line.strip_prefix(mark).is_some_and(|test| !test.contains('/'))).count()))
        }
        "test" | "tests" if TOTAL.is_match(output) => {
            sum(TOTAL.captures_iter(output).filter_map(|total| Some(parsed(total.get(1).or(total.get(2))?.as_str()))))
        }
        "line" | "lines" => Some(lone(command, output).unwrap_or_else(|| many(output.lines().count()))),
        "" => parsed(output.trim()),
        // A runner does not name what has not happened.
        _ => beside(output, word, false).unwrap_or_else(|| {
            parsed(output.trim()).or_else(|| (OUTCOMES.contains(&word) && SUMMARY.is_match(output)).then(Decimal::default))
        }),
    }
}

fn many(count: usize) -> Decimal {
    Decimal::from(count as i128)
}

/// Returns the sum; `None` where there is no number, or one that is not known.
fn sum(numbers: impl Iterator<Item = Option<Decimal>>) -> Option<Decimal> {
    added(numbers).flatten()
}

/// Returns the sum, if there is a number; that is none where one of them is not known.
fn added(numbers: impl Iterator<Item = Option<Decimal>>) -> Option<Option<Decimal>> {
    numbers.reduce(|sum, number| sum?.plus(number?))
}

/// Whether a command does nothing but search: what it prints is what it found, and it ends with 1 where that is nothing.
pub fn searches(command: &str) -> bool {
    let searcher = program(command).is_some_and(|program| matches!(&*program, "rg" | "grep" | "egrep" | "fgrep" | "ugrep" | "ag"));
    searcher && !shell::read(command).pipes()
}

/// Returns the flag of a search by which it prints what is no match, or not what it has found.
pub fn obscures(command: &str) -> Option<String> {
    if !searches(command) || flag(command, &COUNTING).is_some() { None } else { flag(command, &OBSCURING) }
}

/// Returns the first flag of a search that is one of these, as it is written; long ones may be shortened.
fn flag(command: &str, known: &[&str]) -> Option<String> {
    let taking = if program(command).as_deref() == Some("rg") { "efgtTmABCjMrEd" } else { "efmABCDd" };
    let is = |flag: &String| known.iter().any(|known| known == flag || flag.len() > 4 && known.starts_with(&**flag));
    let context = |flag: &String| known == OBSCURING && flag[1..].starts_with(|c: char| c.is_ascii_digit());
    shell::flags(command, taking, &TAKING).into_iter().find(|flag| is(flag) || context(flag))
}

fn program(command: &str) -> Option<String> {
    let first = shell::words(command).into_iter().find(|word| !word.contains('='))?;
    first.rsplit('/').next().map(str::to_owned)
}

/// Adds up a number beside a word, line by line; of a line that summarises files instead of tests nothing. The sum is none where the number of
/// a line is only a part of what stands there: `1 000`, `3/5`, `12:00`. Nothing is returned where the word stands beside no number.
fn beside(output: &str, word: &str, percent: bool) -> Option<Option<Decimal>> {
    let forms: Vec<String> = forms(word).iter().map(|form| regex::escape(form)).collect();
    let (word, sign) = (format!("(?:{})", forms.join("|")), if percent { r"\s*%" } else { "" });
    let before = format!(r"(?i)(?:^|[^\w.,-])({NUMBER}){sign}\s*(?:tests?\s+|items?\s+)?{word}\b");
    let behind = format!(r"(?i)\b{word}(?:\s*[:=]\s*|\s+)({NUMBER}){sign}");
    let (Ok(before), Ok(behind)) = (Regex::new(&before), Regex::new(&behind)) else { return None };
    // What nextest says before it begins, it sums up at the end.
    let begins = if output.contains("Summary [") { "Starting " } else { "Test Files" };
    let of_files =
        |line: &&str| !["Test Suites:", "Snapshots:", "Test Files", begins].iter().any(|head| line.trim_start().starts_with(head));
    let read = |regex: &Regex, whole: bool| {
        let one = |line: &str| {
            let found = regex.captures(line)?;
            let (number, rest) = (found.get(1)?, &line[found.get(0)?.end()..]);
            // Neither a part of a longer number or name, nor a percentage where none is claimed.
            let goes_on = rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '%')
                || rest.strip_prefix(['.', ',', '-', ':', '/']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
            let is_part = match whole {
                true => {
                    PART.is_match(&line[..number.start()]) || BEGUN.is_match(&line[..number.start()]) && GROUP.is_match(number.as_str())
                }
                false => GROUP_BEHIND.is_match(rest),
            };
            (whole || !goes_on).then(|| parsed(number.as_str()).filter(|_| !is_part))
        };
        added(output.lines().filter(of_files).filter_map(one))
    };
    read(&before, true).or_else(|| read(&behind, false))
}

/// Returns a word, and what it is of one or of many: `1 test`, `2 tests`.
fn forms(word: &str) -> Vec<String> {
    let mut forms = vec![word.to_owned()];
    match (word.strip_suffix("ies"), word.strip_suffix('s').filter(|stem| !stem.ends_with('s'))) {
        (Some(stem), _) => forms.push(format!("{stem}y")),
        (None, Some(stem)) => forms.extend([stem.to_owned()].into_iter().chain(stem.strip_suffix('e').map(str::to_owned))),
        (None, None) => {
            forms.extend([format!("{word}s"), format!("{word}es")]);
            forms.extend(word.strip_suffix('y').map(|stem| format!("{stem}ies")));
        }
    }
    forms
}

/// Returns the number that is all of an output, or that `wc` prints before the name of one file.
fn lone(command: &str, output: &str) -> Option<Decimal> {
    let of_lines = |command: &str| {
        let flags = shell::flags(command, "", &[]);
        program(command).as_deref() == Some("wc") && (flags.is_empty() || flags.iter().any(|flag| matches!(&**flag, "-l" | "--lines")))
    };
    let mut lines = output.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next()) {
        (Some(line), None) if of_lines(shell::read(command).last().trim()) => parsed(line.split_whitespace().next()?),
        (Some(line), None) => parsed(line.trim()),
        _ => None,
    }
}

/// Adds up what the outermost suites say; an inner one is a part of one around it. `None` also where the XML is cut off or wrong.
fn junit(output: &str, word: &str) -> Option<Decimal> {
    let mut reader = Reader::from_str(&output[SUITE.find(output)?.start()..]);
    // Several files may stand one behind the other.
    reader.config_mut().allow_unmatched_ends = true;
    let (mut counts, mut around, mut open) = (Vec::new(), 0, 0);
    loop {
        let (tag, leaves) = match reader.read_event().ok()? {
            Event::Start(tag) => (tag, true),
            Event::Empty(tag) => (tag, false),
            Event::End(tag) => {
                open -= i32::from(tag.name().as_ref() == "testsuite");
                around = around.min(open);
                continue;
            }
            Event::Eof if open > 0 => return None,
            Event::Eof => return sum(counts.into_iter()),
            _ => continue,
        };
        if tag.name().as_ref() != "testsuite" {
            continue;
        }
        // Within one that says how many there are, nothing counts.
        let said = if around > 0 { None } else { counted(&tag, word) };
        open += i32::from(leaves);
        if said.is_some() && leaves {
            around = open;
        }
        counts.extend(said);
    }
}

/// Returns what a suite says; `None` where it does not say how many tests it has.
fn counted(suite: &BytesStart<'_>, word: &str) -> Option<Option<Decimal>> {
    let of = |name: &str| -> Option<i128> {
        let attribute = suite.try_get_attribute(name).ok()??;
        attribute.value.trim().parse().ok()
    };
    let (tests, count) = (of("tests")?, |name| of(name).unwrap_or_default());
    let failed = count("failures").checked_add(count("errors"));
    let number = match word {
        "tests" => Some(tests),
        "failed" => failed,
        "skipped" => Some(count("skipped")),
        "failures" | "failure" => Some(count("failures")),
        "errors" | "error" => Some(count("errors")),
        _ => failed.and_then(|failed| tests.checked_sub(failed)?.checked_sub(count("skipped"))),
    };
    Some(number.map(Decimal::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn as_f64(number: Option<Decimal>) -> Option<f64> {
        number.map(|number| number.to_string().parse().unwrap())
    }

    fn plain(command: &str, output: &str, code: Option<i32>, word: &str) -> Option<f64> {
        as_f64(shown(command, output, code, word, false))
    }

    #[test]
    fn what_test_runners_print() {
        let cargo = "running 3 tests\ntest result: ok. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
            test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
        let nextest = "    Starting 17 tests across 3 binaries\n     Summary [   0.5s] 17 tests run: 16 passed, 1 failed, 3 skipped\n";
        let pytest = "collected 197 items\n\ntests/test_a.py ....\n===== 195 passed, 2 skipped, 1 warning in 3.21s =====\n";
        let quiet = ".....\n195 passed, 2 skipped in 3.21s\n";
        let jest = "Test Suites: 1 failed, 4 passed, 5 total\nTests:       2 failed, 40 passed, 42 total\nSnapshots:   3 passed, 3 total\n";
        let vitest = " Test Files  4 passed (4)\n      Tests  40 passed (40)\n";
        let go = "=== RUN   TestA\n--- PASS: TestA (0.00s)\n    --- PASS: TestA/x (0.00s)\n--- FAIL: TestB (0.00s)\nFAIL\n";
        let junit = "<testsuites tests=\"9\"><testsuite name=\"a\" tests=\"5\" failures=\"1\" errors=\"1\" skipped=\"1\"></testsuite><testsuite tests=\"4\"/></testsuites>";
        for (output, word, number_of) in [
            (cargo, "passed", 17.0),
            (cargo, "failed", 1.0),
            (cargo, "ignored", 2.0),
            (nextest, "passed", 16.0),
            (nextest, "skipped", 3.0),
            (nextest, "tests", 17.0),
            (pytest, "passed", 195.0),
            (pytest, "collected", 197.0),
            (quiet, "passed", 195.0),
            ("a.py::b\n\n197 tests collected in 0.5s\n", "collected", 197.0),
            (jest, "passed", 40.0),
            (jest, "tests", 42.0),
            ("Tests: 1 skipped, 10 passed, 11 total\n", "tests", 11.0),
            ("  Tests  1 failed | 5 passed (6)\n", "tests", 6.0),
            (vitest, "tests", 40.0),
            (vitest, "passed", 40.0),
            (go, "passed", 1.0),
            (go, "failed", 1.0),
            (go, "skipped", 0.0),
            ("--- SKIP: TestC (0.00s)\n    c_test.go:3: not here\nPASS\n", "skipped", 1.0),
            ("--- SKIP: TestC (0.00s)\nPASS\n", "passed", 0.0),
            ("<testsuite tests='4' failures='2'>\n</testsuite>", "failed", 2.0),
            ("<testsuite name=\"a>b\" tests=\"4\" failures=\"3\"/>", "failed", 3.0),
            ("<testsuite tests=\"4\"><testsuite tests=\"2\"/><testsuite tests=\"2\"></testsuite></testsuite>", "tests", 4.0),
            ("<testsuite name=\"x\"><testsuite tests=\"2\"/><testsuite tests=\"3\"/></testsuite>", "passed", 5.0),
            ("<?xml version=\"1.0\"?>\n<testsuite tests=\"1\"/>\n<?xml version=\"1.0\"?>\n<testsuite tests=\"2\"/>", "tests", 3.0),
            (junit, "passed", 6.0),
            (junit, "failed", 2.0),
            (junit, "failures", 1.0),
            (junit, "errors", 1.0),
            ("Found 12 errors in 3 files", "errors", 12.0),
            ("errors: 12", "errors", 12.0),
            ("1,234 files", "files", 1234.0),
            ("     120 src/main.rs\n", "lines", 1.0),
            ("42 apples\n", "lines", 1.0),
            (" 42\n", "lines", 42.0),
            ("a\nb\nc\n", "lines", 3.0),
            ("7\n", "modules", 7.0),
            ("now -3 degrees", "degrees", -3.0),
            ("degrees: \u{2212}3", "degrees", -3.0),
            ("1.2MB, 3.5 mb", "mb", 1.2),
            ("errors=12", "errors", 12.0),
            ("12:00 100 errors", "errors", 100.0),
            ("shard1 100 errors", "errors", 100.0),
            ("12 34 errors", "errors", 34.0),
            (" 42\n", "", 42.0),
            ("running 1 test\nrunning 3 tests\n", "tests", 4.0),
            ("1 entry\n2 entries\n", "entries", 3.0),
            ("1 match\n2 matches\n", "match", 3.0),
            (quiet, "failed", 0.0),
            (pytest, "errors", 0.0),
            (vitest, "failed", 0.0),
        ] {
            assert_eq!(plain("x", output, Some(0), word), Some(number_of), "{word} in {output}");
        }
        for (output, word) in [
            ("all is well", "passed"),
            ("<testsuite failures=\"0\"></testsuite>", "failed"),
            ("<testsuite tests=\"4\" failures=\"0\"><testcase/>", "failed"),
            ("<testsuite tests=\"4\" fail", "failed"),
            (quiet, "apples"),
            ("2 apples in 3 boxes", "failed"),
            ("1 000 errors", "errors"),
            ("1 000 errors\n195 passed in 3.21s", "errors"),
            ("12 345 678 errors", "errors"),
            ("errors: 1 000", "errors"),
            ("at 12:00 errors", "errors"),
            ("3/0 errors", "errors"),
            ("3/5 passed", "passed"),
        ] {
            assert_eq!(plain("x", output, Some(0), word), None, "{word} in {output}");
        }
    }

    #[test]
    fn what_is_a_percentage_is_no_count() {
        for (output, word, expected) in [
            ("src/a.py  10  2  80%\nTOTAL     99  9  91%\n", "coverage", Some(91.0)),
            ("TOTAL  99  9  91%\nRequired total coverage of 80% reached. 91.0%\nsubtotal 3%\n", "coverage", Some(91.0)),
            ("Subtotal 3%\n80%\n", "coverage", Some(80.0)),
            ("coverage: 87.5% of statements", "coverage", Some(87.5)),
            ("coverage: 87.5% of statements", "of", Some(87.5)),
            ("12.5% done", "done", Some(12.5)),
            ("done: 12.5 %", "done", Some(12.5)),
            ("100% tests passed, 0 tests failed", "passed", Some(100.0)),
            ("12 done", "done", None),
        ] {
            assert_eq!(as_f64(shown("x", output, Some(0), word, true)), expected, "{word} in {output}");
        }
        for (output, word) in [("12.5% done", "done"), ("done: 12%", "done"), ("x-3 degrees", "degrees"), ("3-7 items", "items")] {
            assert_eq!(plain("x", output, Some(0), word), None, "{word} in {output}");
        }
        for (output, word) in [("version 1.2.3", "version"), ("made 2026-01-31", "made"), ("3 or 4", ""), ("", "")] {
            assert_eq!(plain("x", output, Some(0), word), None, "{word} in {output}");
        }
    }

    #[test]
    fn coverage_has_its_decimals_where_they_are_told() {
        let table = "src/a.py  10  2  80%\nTOTAL     99  9  95%\n";
        let told = format!("{table}\nRequired test coverage of 90% reached. Total coverage: 95.10%\n");
        let missed = format!("{table}FAIL Required test coverage of 99.5% not reached. Total coverage: 95.10%\n1 passed in 0.01s\n");
        for (output, claimed, expected) in [
            (&*told, "95.1%", 95.1),
            (&*told, "95.10% coverage", 95.1),
            (&*missed, "at least 95%", 95.1),
            (&*missed, "95%", 95.0),
            (&*missed, "94% covered", 95.0),
            ("Total coverage: 95.0%\n", "95%", 95.0),
            ("Total coverage: 95.0%\nTOTAL  99  9  95%\n", "95.0%", 95.0),
            (table, "95.1%", 95.0),
        ] {
            let claim = &super::super::counts::counts(claimed)[0];
            assert_eq!(as_f64(number("pytest --cov", output, Some(0), claim)), Some(expected), "{claimed} of {output}");
        }
    }

    #[test]
    fn what_searches_print() {
        assert_eq!(plain("rg -n x src", "", Some(1), "matches"), Some(0.0));
        assert_eq!(plain("rg -n x src", "a:1:x\nb:2:x\n", Some(0), "matches"), Some(2.0));
        assert_eq!(plain("grep -rc x src", "a:1\nb:0\nc:4\n", Some(0), "matches"), Some(5.0));
        assert_eq!(plain("rg -tc x src", "a:1:x\nb:2:x\n", Some(0), "matches"), Some(2.0));
        assert_eq!(plain("rg -ic x src", "a:1\nb:2\n", Some(0), "matches"), Some(3.0));
        assert_eq!(plain("grep \"gcc -c\" Mk", "gcc -c a\ngcc -c b\n", Some(0), "matches"), Some(2.0));
        assert_eq!(plain("wc -l src/main.rs", "     120 src/main.rs\n", Some(0), "lines"), Some(120.0));
        assert_eq!(plain("wc -c src/main.rs", "     120 src/main.rs\n", Some(0), "lines"), Some(1.0));
        for (command, output, code) in [
            ("rg x src", "", 2),
            ("grep -q x src", "", 0),
            ("grep -c x src", "no number\n", 0),
            ("grep -A1 x src", "x\ny\n", 0),
            ("grep -n -C 1 x src", "x\ny\n", 0),
            ("grep -2 x src", "x\ny\n", 0),
            ("rg --stats x src", "x\n\n1 matches\n", 0),
            ("rg --passthru x src", "x\ny\n", 0),
        ] {
            assert_eq!(plain(command, output, Some(code), "matches"), None, "{command}");
        }
        assert_eq!(plain("grep -q x src", "", Some(1), "matches"), Some(0.0));
        assert_eq!(plain("rg x src | wc -l", "12\n", Some(0), "matches"), Some(12.0));
    }
}

//! Numbers in what commands print.
//!
//! The shapes are those of pytest, cargo test and nextest, go test, jest, vitest, ripgrep and grep, coverage tables, and JUnit's XML. What none
//! of them fits is read plainly: a number beside the word.

use std::sync::LazyLock;

use regex::Regex;

use super::shell;

static COLLECTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)(?:^collected (\d+) items?|\b(\d+)(?:/\d+)? tests? collected)").expect("it is right"));
static PERCENT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(\d+(?:\.\d+)?)\s*%").expect("it is right"));
static SUITE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"<testsuite\s[^>]*>").expect("it is right"));

/// Returns the number that an output shows for a word, added up over all its result lines; `None` if it shows none.
pub fn number(command: &str, output: &str, code: Option<i32>, word: &str) -> Option<f64> {
    let lines = || output.lines().filter(|line| !line.trim().is_empty());
    let searches = searches(command);
    match word {
        "match" | "matches" | "hits" | "occurrences" if searches => {
            if code == Some(1) && lines().next().is_none() {
                return Some(0.0);
            }
            let counting = |flag: &str| match flag.strip_prefix("--") {
                Some(long) => matches!(long, "count" | "count-matches"),
                None => flag.strip_prefix('-').is_some_and(|short| short.contains('c')),
            };
            let counts = command.split_whitespace().any(counting);
            match counts {
                true => Some(lines().filter_map(|line| line.rsplit(':').next()?.trim().parse::<f64>().ok()).sum()),
                false => Some(lines().filter(|line| *line != "--").count() as f64),
            }
        }
        "coverage" | "covered" => {
            let total = lines().rfind(|line| line.to_uppercase().contains("TOTAL"));
            let line = total.or_else(|| lines().rfind(|line| PERCENT.is_match(line)))?;
            PERCENT.captures_iter(line).last()?[1].parse().ok()
        }
        "collected" if COLLECTED.is_match(output) => {
            let one = |found: regex::Captures<'_>| found.get(1).or(found.get(2))?.as_str().parse::<f64>().ok();
            COLLECTED.captures_iter(output).filter_map(one).reduce(f64::max)
        }
        "passed" | "failed" | "tests" | "skipped" if SUITE.is_match(output) => junit(output, word),
        "passed" | "failed" if output.contains("--- PASS:") || output.contains("--- FAIL:") => {
            let mark = if word == "passed" { "--- PASS:" } else { "--- FAIL:" };
            Some(lines().filter(|line| line.trim_start().starts_with(mark)).count() as f64)
        }
        "line" | "lines" => Some(lone(output).unwrap_or_else(|| output.lines().count() as f64)),
        _ => beside(output, word).or_else(|| parsed(output.trim())),
    }
}

/// Whether a command does nothing but search: what it prints is what it found, and it ends with 1 where that is nothing.
pub fn searches(command: &str) -> bool {
    let searcher = program(command).is_some_and(|program| matches!(program, "rg" | "grep" | "egrep" | "fgrep" | "ugrep" | "ag"));
    searcher && !shell::read(command).pipes()
}

fn program(command: &str) -> Option<&str> {
    let first = command.split_whitespace().find(|word| !word.contains('='))?;
    first.rsplit('/').next()
}

/// Adds up a number beside a word, line by line; of a line that summarises files instead of tests nothing.
fn beside(output: &str, word: &str) -> Option<f64> {
    let word = regex::escape(word);
    let before = Regex::new(&format!(r"(?i)(\d[\d,_]*(?:\.\d+)?)\s+(?:tests?\s+|items?\s+)?{word}\b")).ok()?;
    let behind = Regex::new(&format!(r"(?i)\b{word}\s*[:=]?\s+(\d[\d,_]*(?:\.\d+)?)")).ok()?;
    let of_files = |line: &&str| !["Test Suites:", "Snapshots:", "Test Files"].iter().any(|head| line.trim_start().starts_with(head));
    let read = |regex: &Regex| {
        let numbers = output.lines().filter(of_files).filter_map(|line| parsed(&regex.captures(line)?[1]));
        numbers.reduce(|sum, number| sum + number)
    };
    read(&before).or_else(|| read(&behind))
}

/// Returns the number that an output begins with, if it is one line: `wc -l`.
fn lone(output: &str) -> Option<f64> {
    let mut lines = output.lines().filter(|line| !line.trim().is_empty());
    match (lines.next(), lines.next()) {
        (Some(line), None) => parsed(line.split_whitespace().next()?),
        _ => None,
    }
}

fn junit(output: &str, word: &str) -> Option<f64> {
    let attribute = |suite: &str, name: &str| {
        let from = suite.find(&format!(" {name}=\""))? + name.len() + 3;
        suite[from..].split('"').next()?.parse::<f64>().ok()
    };
    let one = |suite: regex::Match<'_>| {
        let of = |name: &str| attribute(suite.as_str(), name).unwrap_or(0.0);
        let failed = of("failures") + of("errors");
        match word {
            "tests" => of("tests"),
            "failed" => failed,
            "skipped" => of("skipped"),
            _ => of("tests") - failed - of("skipped"),
        }
    };
    SUITE.find_iter(output).map(one).reduce(|sum, number| sum + number)
}

/// Returns a number as people write it: `1,234` and `1_234`, too.
pub fn parsed(text: &str) -> Option<f64> {
    text.replace([',', '_'], "").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_test_runners_print() {
        let cargo = "running 3 tests\ntest result: ok. 12 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.1s\n\
            test result: ok. 5 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s\n";
        let nextest = "     Summary [   0.5s] 17 tests run: 16 passed, 1 failed, 3 skipped\n";
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
            (pytest, "passed", 195.0),
            (pytest, "collected", 197.0),
            (quiet, "passed", 195.0),
            ("a.py::b\n\n197 tests collected in 0.5s\n", "collected", 197.0),
            (jest, "passed", 40.0),
            (vitest, "passed", 40.0),
            (go, "passed", 2.0),
            (go, "failed", 1.0),
            (junit, "passed", 6.0),
            (junit, "failed", 2.0),
            ("Found 12 errors in 3 files", "errors", 12.0),
            ("errors: 12", "errors", 12.0),
            ("1,234 files", "files", 1234.0),
            ("     120 src/main.rs\n", "lines", 120.0),
            ("a\nb\nc\n", "lines", 3.0),
            ("7\n", "modules", 7.0),
            ("src/a.py  10  2  80%\nTOTAL     99  9  91%\n", "coverage", 91.0),
            ("coverage: 87.5% of statements", "coverage", 87.5),
        ] {
            assert_eq!(number("x", output, Some(0), word), Some(number_of), "{word} in {output}");
        }
        assert_eq!(number("x", "all is well", Some(0), "passed"), None);
    }

    #[test]
    fn what_searches_print() {
        assert_eq!(number("rg -n x src", "", Some(1), "matches"), Some(0.0));
        assert_eq!(number("rg -n x src", "a:1:x\nb:2:x\n", Some(0), "matches"), Some(2.0));
        assert_eq!(number("grep -rc x src", "a:1\nb:0\nc:4\n", Some(0), "matches"), Some(5.0));
        assert_eq!(number("rg x src", "", Some(2), "matches"), Some(0.0));
        assert_eq!(number("rg x src | wc -l", "12\n", Some(0), "matches"), Some(12.0));
    }
}

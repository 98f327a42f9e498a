//! How the parts of a report are said, the same in every format.

use crate::churn::{FileChurn, Ground, LARGEST, LEAST_CONFIDENCE, LEAST_SUPPORT, MOST_PAIRS, Report};
use crate::report::chars::escape;

/// Returns a path or name as it is shown to a person, on one line.
pub(super) fn shown(path: &[u8]) -> String {
    escape(&String::from_utf8_lossy(path))
}

/// Returns a time as a moment in UTC: `2026-03-01T12:00:00Z`.
pub(super) fn moment(at: i64) -> String {
    jiff::Timestamp::from_second(at).map_or_else(|_| at.to_string(), |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Returns the day of a time in UTC.
pub(super) fn day(at: i64) -> String {
    moment(at).chars().take_while(|c| *c != 'T').collect()
}

/// Returns a part as a percentage.
pub(super) fn percent(part: f64) -> String {
    format!("{:.0}%", part * 100.0)
}

pub(super) use crate::report::page::number as grouped;

/// Returns a number and what it counts: `1 file`, `2,000 files`.
pub(super) fn counted(number: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// Returns what a file is beside a file with lines.
pub(super) fn marks(file: &FileChurn) -> Vec<&'static str> {
    let kind = match file.kind {
        crate::base::FileKind::File => None,
        crate::base::FileKind::Link => Some("link"),
        crate::base::FileKind::Submodule => Some("submodule"),
    };
    let marks = [(file.binary == file.touches, "binary"), (file.generated, "generated"), (!file.present, "gone")];
    kind.into_iter().chain(marks.into_iter().filter(|(so, _)| *so).map(|(_, mark)| mark)).collect()
}

/// Returns what a report says in a line, of what and when, and in a further one how much, if there is anything.
pub(super) fn headline(report: &Report) -> (String, Option<String>) {
    let (ground, totals) = (&report.ground, &report.totals);
    let of =
        ground.scope.as_ref().map_or_else(|| escape(&ground.project), |scope| format!("{} in {}", shown(scope), escape(&ground.project)));
    if ground.head.is_none() {
        return (format!("churn of {of}: there are no commits yet"), None);
    }
    let (Some(first), Some(last)) = (totals.first, totals.last) else {
        let nothing = match ground.since {
            Some(since) => format!("churn of {of}: no commits since {}", moment(since)),
            None => format!("churn of {of}: no commits to count; merges are left out, and so are branches whose changes did not last"),
        };
        return (nothing, None);
    };
    let (commits, authors) = (counted(totals.commits, "commit"), counted(totals.authors.len() as u64, "author"));
    let much = format!(
        "{} touched {}, +{} -{}, bus factor {}",
        counted(totals.files as u64, "file"),
        if totals.touches == 1 { String::from("once") } else { format!("{} times", grouped(totals.touches)) },
        grouped(totals.adds),
        grouped(totals.deletes),
        totals.bus_factor
    );
    (format!("churn of {of}: {commits} by {authors}, {} to {}", day(first), day(last)), Some(much))
}

/// Returns what a reader has to know before believing the numbers.
pub(super) fn warnings(report: &Report) -> Vec<String> {
    let mut said = Vec::new();
    if report.ground.is_cut() {
        said.push(String::from(
            "this is a shallow clone: older commits are not here, and each of the oldest that are counts as adding all its files; `git fetch --unshallow` gets the rest",
        ));
    }
    let undated = report.totals.undated;
    if undated > 0 {
        said.push(format!(
            "{} made at the beginning of 1970: so git takes a date that is missing or out of range",
            if undated == 1 { String::from("1 commit was") } else { format!("{} commits were", grouped(undated)) }
        ));
    }
    said
}

/// Returns how the numbers came about: names and sentences.
pub(super) fn method(ground: &Ground) -> Vec<(&'static str, String)> {
    let scope = match (&ground.scope, ground.renames) {
        (None, _) => String::from("the whole repository"),
        (Some(_), true) => String::from("files whose latest name is in the scope, with their past elsewhere"),
        (Some(_), false) => String::from("paths in the scope; commits as `git log -- SCOPE` chooses them"),
    };
    let renames = if ground.renames {
        format!(
            "followed: at least {}% alike, at most {} files of a commit compared; copies are new files; a row has the file's latest name",
            ground.similarity, ground.rename_limit
        )
    } else {
        String::from("not followed: every row is a path, and equals the sum of `git log --numstat --no-merges --no-renames -- SCOPE`")
    };
    let window = match ground.since {
        Some(since) => format!("committed at or after {}, wherever in the history", moment(since)),
        None => String::from("all of the history"),
    };
    vec![
        ("scope", scope),
        ("window", window),
        ("merges", String::from("not counted")),
        ("renames", renames),
        ("lines", String::from("as `git log --numstat` counts them, with the repository's `diff.algorithm`")),
        ("binary", String::from("binary files, also those that `.gitattributes` calls so, count touches and have no lines")),
        ("generated", String::from("`linguist-generated` in `.gitattributes`: counted and told apart, left out of coupling and hotspots")),
        ("submodules", String::from("a touch for each commit that moves them, with the lines that `git log --numstat` shows for that")),
        (
            "authors",
            format!(
                "told apart by name, {}",
                if ground.mailmap { "behind `.mailmap`" } else { "behind git's mail map, if any; there is no `.mailmap`" }
            ),
        ),
        ("times", String::from("commit dates in UTC; ages and windows end with the newest commit")),
        ("ownership", String::from("by touches; the bus factor is how few authors made more than half of them")),
        (
            "coupling",
            format!(
                "pairs in at least {LEAST_SUPPORT} commits and {} of the changes of the one that changes less; left out are commits that touch more than {LARGEST} files, and files that are gone; at most {MOST_PAIRS} pairs, by support times confidence",
                percent(LEAST_CONFIDENCE)
            ),
        ),
        (
            "hotspots",
            format!(
                "touches times complexity; complexity is the indentation of all lines of the newest text, in levels, added up, which means the same in every language and needs no parser; read of the {} most often touched files up to {} bytes",
                grouped(ground.texts as u64),
                grouped(ground.text_limit)
            ),
        ),
        ("symbols", symbols(ground)),
        ("history", String::from(if ground.cut.is_some() { "shallow: older commits are missing" } else { "complete" })),
    ]
}

/// Returns how functions, classes and methods were counted.
fn symbols(ground: &Ground) -> String {
    let found = &ground.symbols;
    let of = match found.counted < found.files {
        false => format!("counted in all {}", counted(found.files as u64, "source file")),
        true => format!(
            "counted in the {} of {} that were touched most: no symbol of the others has more than {}",
            grouped(found.counted as u64),
            counted(found.files as u64, "source file"),
            if found.beyond == 1 { String::from("1 touch") } else { format!("{} touches", grouped(found.beyond.into())) }
        ),
    };
    format!(
        "functions, classes and methods, {of}. Both sides of each change are parsed; a commit touches a symbol whose own text is another behind it, from decorators or attributes to its end, whatever stands around it; a class holds its methods; lines are those of that text. Known by file and name, and where a language lets them choose by the types of the parameters; `#2` is the second of a name in its file; under a new name it is another symbol. Of {} {} were left out, binary or too large, and in {} syntax errors came or went, so that nothing is said of symbols that one side alone shows",
        counted(found.changes, "change"),
        grouped(found.left_out),
        grouped(found.doubtful)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!((moment(0), day(86_399)), ("1970-01-01T00:00:00Z".into(), "1970-01-01".into()));
        assert_eq!(percent(0.666), "67%");
        assert_eq!(shown(b"a\n\xff"), "a\\n\u{fffd}");
    }
}

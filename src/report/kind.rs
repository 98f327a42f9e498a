//! What is written to a file, and how an earlier one is known by its text.

use serde_json::Value;

/// What a command writes to a file, whatever its format.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReportKind {
    /// The page of a run.
    Run,
    /// What a history says.
    Churn,
    /// The steps of a release.
    Smoke,
    /// What gates found.
    Findings,
    /// The events of a run, one a line.
    Events,
    /// What became of a run.
    Summary,
    /// A run as a trace.
    Trace,
}

impl ReportKind {
    /// Whether a text is one of this kind, in any of its formats, and not something that a person wrote.
    pub fn is(self, text: &[u8]) -> bool {
        let Ok(text) = std::str::from_utf8(text) else { return false };
        let value = || serde_json::from_str::<Value>(text).unwrap_or_default();
        let has = |value: &Value, keys: &[&str]| keys.iter().all(|key| value.get(key).is_some());
        let page = |class: &str| text.starts_with("<!doctype html>") && text.contains(&super::page::made(class));
        match self {
            ReportKind::Run => page("run"),
            ReportKind::Churn => text.starts_with("churn of ") || page("churn") || value()["kind"] == "churn",
            ReportKind::Smoke => value()["kind"] == "release_smoke",
            ReportKind::Findings => are_findings(text, &value()),
            ReportKind::Events => {
                let first = text.lines().next().and_then(|line| serde_json::from_str(line).ok());
                first.is_some_and(|first| has(&first, &["v", "event"]))
            }
            ReportKind::Summary => has(&value(), &["version", "totals", "tasks"]),
            ReportKind::Trace => has(&value(), &["traceEvents"]),
        }
    }
}

fn are_findings(text: &str, value: &Value) -> bool {
    let (first, last) = (text.lines().next().unwrap_or_default(), text.lines().next_back().unwrap_or_default());
    let ended = ["done: ", "failed: "].iter().any(|word| last.starts_with(word)) && last.ends_with(" passed");
    ended
        || ["::error ", "::warning "].iter().any(|mark| first.starts_with(mark))
        || text.starts_with("<?xml") && text.contains("<testsuites name=\"orket\"")
        || value["runs"][0]["tool"]["driver"]["name"] == "orket"
        || value["version"].is_number() && value["gates"].is_array()
        || value.as_array().is_some_and(|found| found.iter().all(|one| one["check_name"].is_string() && one["fingerprint"].is_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::findings;
    use crate::report::page::Document;

    #[test]
    fn each_kind_knows_its_own() {
        let page = |class| Document { class, ..Document::default() }.html();
        let pretty = |value: Value| serde_json::to_string_pretty(&value).unwrap();
        let earlier = [
            (ReportKind::Run, page("run")),
            (ReportKind::Churn, page("churn")),
            (ReportKind::Churn, String::from("churn of shop: there are no commits yet\n")),
            (ReportKind::Churn, String::from("{\"version\": 1, \"kind\": \"churn\"}")),
            (ReportKind::Smoke, String::from("{\"version\": 1, \"kind\": \"release_smoke\"}")),
            (ReportKind::Findings, findings::text(&[], false, 80)),
            (ReportKind::Findings, String::from("::error title=tidy::not evaluated: it read nothing\n")),
            (ReportKind::Findings, findings::junit(&[])),
            (ReportKind::Findings, pretty(findings::json(&[]))),
            (ReportKind::Findings, pretty(findings::sarif(&[]))),
            (ReportKind::Findings, pretty(findings::gitlab(&[], ""))),
            (ReportKind::Events, String::from("{\"v\":1,\"event\":\"run_started\"}\n{\"v\":1")),
            (ReportKind::Summary, String::from("{\"version\": 1, \"totals\": {}, \"tasks\": []}")),
            (ReportKind::Trace, String::from("{\"traceEvents\": []}")),
        ];
        let all = [
            ReportKind::Run,
            ReportKind::Churn,
            ReportKind::Smoke,
            ReportKind::Findings,
            ReportKind::Events,
            ReportKind::Summary,
            ReportKind::Trace,
        ];
        for (own, text) in &earlier {
            let known: Vec<_> = all.into_iter().filter(|kind| kind.is(text.as_bytes())).collect();
            assert_eq!(known, [*own], "{text}");
        }
    }

    #[test]
    fn what_a_person_wrote_is_none() {
        for text in
            ["# Notes\n", "{\"name\": \"shop\", \"version\": \"1.0\"}", "[1]", "<!doctype html>\n<title>churn</title>", "done\n", "\u{0}"]
        {
            for kind in
                [ReportKind::Run, ReportKind::Churn, ReportKind::Smoke, ReportKind::Findings, ReportKind::Events, ReportKind::Summary]
            {
                assert!(!kind.is(text.as_bytes()), "{kind:?}: {text}");
            }
        }
        assert!(!ReportKind::Run.is(b"\xff"));
    }
}

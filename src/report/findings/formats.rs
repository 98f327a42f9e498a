//! JSON, GitHub annotations, and GitLab's code quality report.

use std::collections::BTreeSet;

use serde_json::{Value, json as value};

use super::text;
use crate::base::Hasher;
use crate::event::{Finding, GateReport, State};

/// How many annotations GitHub shows of one step.
const ANNOTATED: usize = 10;

/// How wide the log is written, in columns.
const WIDTH: usize = 160;

/// Returns reports as orket's own JSON.
pub fn json(reports: &[GateReport]) -> Value {
    value!({ "version": 1, "gates": reports })
}

fn counted(reports: &[GateReport]) -> impl Iterator<Item = (&GateReport, &Finding)> {
    reports.iter().flat_map(|report| report.findings.iter().filter(|one| one.state == State::New).map(move |one| (report, one)))
}

/// Returns annotations for GitHub Actions: errors before warnings, the best placed first, and a last one that says how many are not shown.
pub fn github(reports: &[GateReport]) -> String {
    let data = |text: &str| text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |text: &str| data(text).replace(':', "%3A").replace(',', "%2C");
    let mut all: Vec<(&GateReport, &Finding)> = counted(reports).collect();
    all.sort_by_key(|(report, finding)| (report.warning, finding.line == 0));
    let shown = if all.len() > ANNOTATED { ANNOTATED - 1 } else { all.len() };
    let mut out = String::new();
    for (report, finding) in &all[..shown] {
        let level = if report.warning { "warning" } else { "error" };
        let line = if finding.line > 0 { format!(",line={},col={}", finding.line, finding.column.max(1)) } else { String::new() };
        let help = if finding.help.is_empty() { String::new() } else { format!("\n{}", finding.help) };
        let text = data(&format!("{}{help}", finding.message));
        let file = if finding.file.is_empty() { String::new() } else { format!("file={}{line},", property(&finding.file)) };
        out += &format!("::{level} {file}title={}::{text}\n", property(&finding.rule));
    }
    if shown < all.len() {
        out += &format!("::error title=orket::{} more findings; the log has them all\n", all.len() - shown);
        out += &format!("::group::all findings\n{}::endgroup::\n", text(reports, false, WIDTH));
    }
    for report in reports {
        if let Some(because) = &report.because {
            out += &format!("::error title={}::not evaluated: {}\n", property(&report.address), data(because));
        }
    }
    out
}

/// Returns a code quality report as GitLab reads it, where each place has a file: what is about none is about the manifest.
pub fn gitlab(reports: &[GateReport], manifest: &str) -> Value {
    let place =
        |file: &str, line: u32| value!({ "path": if file.is_empty() { manifest } else { file }, "lines": { "begin": line.max(1) } });
    let mut told = BTreeSet::new();
    let one = |(report, finding): (&GateReport, &Finding)| {
        // Two gates may find the same, and what GitLab shows has a fingerprint of its own.
        let first = told.insert(finding.fingerprint.clone());
        value!({
            "description": finding.message,
            "check_name": finding.rule,
            "fingerprint": if first { finding.fingerprint.clone() } else { identity(report, finding) },
            "severity": if report.warning { "minor" } else { "major" },
            "location": place(&finding.file, finding.line),
        })
    };
    let unjudged = |report: &GateReport| {
        let because = report.because.as_deref()?;
        let fingerprint = Hasher::new().piece(report.address.as_bytes()).piece(b"not evaluated").finish().hex()[..16].to_owned();
        Some(value!({
            "description": format!("the gate `{}` was not evaluated: {because}", report.address),
            "check_name": report.kind,
            "fingerprint": fingerprint,
            "severity": "critical",
            "location": place("", 0),
        }))
    };
    Value::Array(counted(reports).map(one).chain(reports.iter().filter_map(unjudged)).collect())
}

/// Returns what a finding is known by among those of all gates.
fn identity(report: &GateReport, finding: &Finding) -> String {
    Hasher::new().piece(report.address.as_bytes()).piece(finding.fingerprint.as_bytes()).finish().hex()[..16].to_owned()
}

//! Findings for a person: what, where with the line, what to do.

use super::super::chars::{cut, escape};
use super::super::paint::Paint;
use crate::base::quantity::plural;
use crate::event::{Finding, GateOutcome, GateReport, State};

/// How many findings of one gate are shown whole.
const SHOWN: usize = 50;

/// Returns the reports of gates, each with its findings that count and a line about itself, and a last line about all of them.
pub fn text(reports: &[GateReport], color: bool, width: usize) -> String {
    let paint = Paint { color };
    let mut out = String::new();
    for report in reports {
        out += &block(report, color, width);
        let (verb, colored) = match report.outcome {
            GateOutcome::Pass => ("pass", paint.green("pass")),
            GateOutcome::Fail if report.warning => ("warning", paint.yellow("warning")),
            GateOutcome::Fail => ("failed", paint.red("failed")),
            GateOutcome::NotEvaluated => ("failed", paint.red("failed")),
        };
        let padding = " ".repeat(8usize.saturating_sub(verb.len()));
        let files = (report.facts.files > 0).then(|| plural(report.facts.files, "file"));
        let links = (report.links > 0).then(|| format!("{} not followed", plural(report.links, "link")));
        let files: Vec<String> = files.into_iter().chain(links).collect();
        let files = if files.is_empty() { String::new() } else { format!("  ({})", files.join(", ")) };
        out += &format!("{colored}{padding}{}  {}{files}\n", paint.cyan(&escape(&report.address)), escape(&report.verdict()));
    }
    out + &ending(reports, paint)
}

fn ending(reports: &[GateReport], paint: Paint) -> String {
    let count = |outcome| reports.iter().filter(|report| report.outcome == outcome && !report.warning).count();
    let (failed, missed) = (count(GateOutcome::Fail), count(GateOutcome::NotEvaluated));
    let missed = missed + reports.iter().filter(|report| report.warning && report.outcome == GateOutcome::NotEvaluated).count();
    let passed = reports.len() - failed - missed;
    let mut parts = Vec::new();
    if failed > 0 {
        parts.push(format!("{failed} failed"));
    }
    if missed > 0 {
        parts.push(format!("{missed} not evaluated"));
    }
    parts.push(format!("{passed} of {} passed", plural(reports.len(), "gate")));
    let word = if failed + missed > 0 { paint.red("failed") } else { paint.green("done") };
    format!("{word}: {}\n", parts.join(", "))
}

/// Returns the findings of one gate that count.
pub(in crate::report) fn block(report: &GateReport, color: bool, width: usize) -> String {
    let paint = Paint { color };
    let counted: Vec<&Finding> = report.new_findings().collect();
    let mut out: String = counted.iter().take(SHOWN).map(|finding| one(finding, report.warning, paint, width)).collect();
    if counted.len() > SHOWN {
        out += &format!("... and {} more; `orket check --format json` has them all\n\n", counted.len() - SHOWN);
    }
    // Where the baseline is strict, they are findings.
    let gone = if counted.iter().any(|finding| finding.rule.ends_with("/ratchet")) { &[] } else { &report.gone[..] };
    for gone in gone {
        out += &format!("{}: in the baseline of `{}` and gone: {}\n", paint.yellow("note"), escape(&report.address), escape(gone));
    }
    if !gone.is_empty() {
        out += &format!("{}: `orket check --update-baseline` drops them\n\n", paint.cyan("hint"));
    }
    out
}

/// Whether a report has anything that a person has to see although its gate passed.
pub(in crate::report) fn shown(report: &GateReport) -> bool {
    !report.gone.is_empty() || report.findings.iter().any(|finding| finding.state == State::New)
}

fn one(finding: &Finding, warning: bool, paint: Paint, width: usize) -> String {
    let rule = escape(&finding.rule);
    let head = if warning { paint.yellow(&format!("warning[{rule}]")) } else { paint.red(&format!("error[{rule}]")) };
    let mut out = format!("{head}: {}\n", escape(&finding.message));
    let place = match (finding.line, finding.column) {
        (0, _) => String::new(),
        (line, 0) => format!(":{line}"),
        (line, column) => format!(":{line}:{column}"),
    };
    let margin = finding.line.to_string().len();
    if !finding.file.is_empty() {
        out += &format!("{:margin$}--> {}{place}\n", "", escape(&finding.file));
    }
    if let Some(text) = &finding.text {
        let (text, column) = window(text, finding.column.max(1) as usize, width.max(40) - margin - 3);
        out += &cut(&format!("{} | {}", finding.line, escape(&text)), width.max(40));
        out += &format!("\n{:margin$} | {}{}\n", "", " ".repeat(column - 1), paint.red("^"));
    }
    if !finding.help.is_empty() {
        out += &format!("{:margin$} = help: {}\n", "", escape(&finding.help));
    }
    out + "\n"
}

/// Returns the part of a line around a column, and that column in it.
fn window(text: &str, column: usize, width: usize) -> (String, usize) {
    let text = text.replace('\t', " ");
    let from = if column > width * 3 / 4 { column - width / 2 } else { 0 };
    let part: String = text.chars().skip(from).take(width).collect();
    (part, column - from)
}

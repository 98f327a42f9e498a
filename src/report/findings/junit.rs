//! JUnit's XML, as CI systems read test results: a suite a gate, a case a rule that was broken.

use std::fmt::Write;

use crate::event::{Finding, GateOutcome, GateReport, State};

/// Returns the reports as one document.
pub fn junit(reports: &[GateReport]) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let count = |report: &GateReport| if report.warning { 0 } else { report.new_findings().count() };
    let missed = |report: &GateReport| usize::from(report.outcome == GateOutcome::NotEvaluated);
    let cases = |report: &GateReport| count(report).max(1 - missed(report)) + missed(report);
    let sum = |of: &dyn Fn(&GateReport) -> usize| reports.iter().map(of).sum::<usize>();
    let _ = writeln!(out, "<testsuites name=\"orket\" tests=\"{}\" failures=\"{}\" errors=\"{}\">", sum(&cases), sum(&count), sum(&missed));
    for report in reports {
        let (tests, failures, errors) = (cases(report), count(report), missed(report));
        let name = escape(&report.address);
        let _ = writeln!(out, "  <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">");
        let findings: Vec<&Finding> = report.findings.iter().filter(|one| one.state == State::New && !report.warning).collect();
        for finding in &findings {
            let (file, line) = (&finding.file, finding.line);
            let place = if line > 0 { format!("{file}:{line}") } else { file.clone() };
            let of = if line > 0 { format!(" line=\"{line}\"") } else { String::new() };
            let at = if file.is_empty() { String::new() } else { format!(" file=\"{}\"{of}", escape(file)) };
            let text = format!("{}\n{}", finding.message, finding.help);
            let _ = writeln!(
                out,
                "    <testcase classname=\"{}\" name=\"{}\"{at}>\n      <failure type=\"{}\" message=\"{}\">{}</failure>\n    </testcase>",
                escape(&finding.rule),
                escape(format!("{place} {}", finding.fingerprint).trim_start()),
                escape(&finding.rule),
                escape(&finding.message),
                escape(&if place.is_empty() { text } else { format!("{place}: {text}") }),
            );
        }
        if let Some(because) = report.because.as_deref().filter(|_| errors > 0) {
            let because = escape(because);
            let _ = writeln!(
                out,
                "    <testcase classname=\"{}\" name=\"{name}\">\n      <error message=\"{because}\"/>\n    </testcase>",
                escape(&report.kind)
            );
        } else if findings.is_empty() {
            let _ = writeln!(out, "    <testcase classname=\"{}\" name=\"{name}\"/>", escape(&report.kind));
        }
        out.push_str("  </testsuite>\n");
    }
    out + "</testsuites>\n"
}

/// Makes a text fit for XML, in which most control characters cannot stand at all.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            c if (c as u32) < 0x20 || matches!(c, '\u{7f}' | '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

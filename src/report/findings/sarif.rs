//! SARIF 2.1.0, as code hosts read it: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/>.
//!
//! Findings that a baseline or a comment tolerates are left out: code hosts would open an alert for each.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::event::{Finding, GateOutcome, GateReport};

/// Returns the reports as one run of one tool.
pub fn sarif(reports: &[GateReport]) -> Value {
    let rules: BTreeSet<&str> = reports.iter().flat_map(GateReport::new_findings).map(|finding| &*finding.rule).collect();
    let rules: Vec<Value> = rules.into_iter().map(|rule| json!({ "id": rule, "name": rule.replace('/', "_") })).collect();
    let results: Vec<Value> = reports.iter().flat_map(|report| report.new_findings().map(move |finding| result(report, finding))).collect();
    let unjudged = reports.iter().filter(|report| report.outcome == GateOutcome::NotEvaluated);
    let notes: Vec<Value> = unjudged
        .map(|report| {
            let because = report.because.as_deref().unwrap_or_default();
            json!({ "level": "error", "message": { "text": format!("the gate `{}` was not evaluated: {because}", report.address) } })
        })
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "orket", "version": env!("CARGO_PKG_VERSION"), "rules": rules } },
            "invocations": [{ "executionSuccessful": notes.is_empty(), "toolExecutionNotifications": notes }],
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(report: &GateReport, finding: &Finding) -> Value {
    let mut place = json!({ "artifactLocation": { "uri": uri(&finding.file) } });
    if finding.line > 0 {
        place["region"] = json!({ "startLine": finding.line, "startColumn": finding.column.max(1) });
    }
    let help = if finding.help.is_empty() { String::new() } else { format!("\n{}", finding.help) };
    let mut result = json!({
        "ruleId": finding.rule,
        "level": if report.warning { "warning" } else { "error" },
        "message": { "text": format!("{}{help}", finding.message) },
        "partialFingerprints": { "orket/v1": finding.fingerprint, "orketGate/v1": report.address },
    });
    if !finding.file.is_empty() {
        result["locations"] = json!([{ "physicalLocation": place }]);
    }
    result
}

/// Returns a path as a relative URI.
fn uri(path: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/!$&'()*+,;=@".contains(&byte);
    let mut uri = String::new();
    let mut rest = path.as_bytes();
    while let [byte, behind @ ..] = rest {
        rest = behind;
        // A byte that is no UTF-8 stands there as `\xff`.
        let raw = rest
            .strip_prefix(b"x")
            .and_then(|hex| hex.get(..2))
            .filter(|hex| *byte == b'\\' && hex[0].is_ascii_hexdigit() && hex[0] >= b'8');
        match raw.and_then(|hex| u8::from_str_radix(std::str::from_utf8(hex).ok()?, 16).ok()) {
            Some(raw) => {
                uri += &format!("%{raw:02X}");
                rest = &rest[3..];
            }
            None if plain(*byte) => uri.push(char::from(*byte)),
            None => uri += &format!("%{byte:02X}"),
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_uri_byte_by_byte() {
        for (path, expected) in
            [("f/a b.py", "f/a%20b.py"), ("é", "%C3%A9"), ("f/n\\xffe", "f/n%FFe"), ("a\\xg", "a%5Cxg"), ("a\\", "a%5C")]
        {
            assert_eq!(uri(path), expected);
        }
    }
}

//! Comments that tolerate a finding in place: `orket: allow(RULE) reason`, on its line or the one above.

use std::collections::BTreeMap;

use super::judge::{Sight, finding};
use crate::base::RelPath;
use crate::event::{Finding, State};

const MARK: &str = "orket: allow(";

/// Marks what comments tolerate; returns findings about the comments themselves: one without a reason, one that tolerates nothing.
pub(super) fn apply(sight: &dyn Sight, kind: &str, read: &[RelPath], findings: &mut [Finding]) -> Vec<Finding> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        places.entry(finding.file.clone()).or_default().push(index);
    }
    let mut about = Vec::new();
    for path in read {
        let Ok(bytes) = sight.read(path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        if !text.contains(MARK) {
            continue;
        }
        let file = path.to_string();
        let here = places.get(&file).map(Vec::as_slice).unwrap_or_default();
        for (number, line) in text.lines().enumerate() {
            let Some((column, rest)) = line.find(MARK).map(|at| (at, &line[at + MARK.len()..])) else { continue };
            let Some((rule, reason)) = rest.split_once(')') else { continue };
            let rule = rule.trim();
            if rule != kind && !rule.starts_with(&format!("{kind}/")) {
                continue;
            }
            let (at, place) = (number as u32 + 1, line[..column].chars().count() as u32 + 1);
            let reason = reason.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
            if reason.is_empty() {
                let message = format!("the comment `orket: allow({rule})` gives no reason");
                let help = String::from("write behind it why this is allowed");
                about.push(finding(&format!("{kind}/no_reason"), &file, at, place, message, help, &[&file, rule, line.trim()]));
            }
            let mut used = false;
            for index in here {
                let one = &mut findings[*index];
                if (one.line == at || one.line == at + 1) && (rule == kind || rule == one.rule) {
                    one.state = State::Suppressed;
                    used = true;
                }
            }
            if !used {
                let message = format!("the comment `orket: allow({rule})` allows nothing");
                let help = String::from("take it out: what it allowed is gone");
                about.push(finding(&format!("{kind}/unused"), &file, at, place, message, help, &[&file, rule, line.trim()]));
            }
        }
    }
    about
}

//! Comments that tolerate a finding in place: `orket: allow(RULE) reason`, on its line or the one above.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::judge::{Sight, finding};
use crate::base::RelPath;
use crate::event::{Finding, GateReport, State};

const MARK: &str = "orket: allow(";

/// Marks what comments tolerate; returns findings about the comments themselves: one without a reason, one that tolerates nothing.
pub(super) fn apply(sight: &dyn Sight, kind: &str, read: &[RelPath], findings: &mut [Finding]) -> Vec<Finding> {
    let mut places: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for (index, finding) in findings.iter().enumerate() {
        places.entry(finding.file.clone()).or_default().push(index);
    }
    let mut about = Vec::new();
    let marked: Vec<(&RelPath, Vec<u8>)> = read.par_iter().filter_map(|path| Some((path, sight.holding(path, MARK)?))).collect();
    for (path, bytes) in marked {
        let text = String::from_utf8_lossy(&bytes);
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
            // A comment behind code is about that code, one on a line of its own also about the next line.
            let alone = !line[..column].chars().any(|c| c.is_alphanumeric() || matches!(c, '"' | '\'' | ')' | ']' | '}'));
            for index in here {
                let one = &mut findings[*index];
                if (one.line == at || (alone && one.line == at + 1)) && (rule == kind || rule == one.rule) {
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

/// Leaves out what one gate says of a comment that allows nothing while another of its kind may need it: it is told only where all of its
/// kind have judged, `count` of them, and none does; and then once.
pub fn agree(reports: &mut [GateReport], count: &dyn Fn(&str) -> usize) {
    let unused = |kind: &str, finding: &Finding| finding.rule.strip_prefix(kind).is_some_and(|rule| rule == "/unused");
    let mut told: BTreeMap<(String, String, u32), usize> = BTreeMap::new();
    for report in reports.iter() {
        for finding in report.findings.iter().filter(|finding| unused(&report.kind, finding)) {
            *told.entry((report.kind.clone(), finding.file.clone(), finding.line)).or_default() += 1;
        }
    }
    let mut said = BTreeSet::new();
    for report in reports {
        let (kind, all) = (report.kind.clone(), count(&report.kind));
        if all < 2 {
            continue;
        }
        let by_all = |finding: &Finding| told.get(&(kind.clone(), finding.file.clone(), finding.line)) == Some(&all);
        report
            .retain(|finding| !unused(&kind, finding) || (by_all(finding) && !said.contains(&(kind.clone(), finding.fingerprint.clone()))));
        said.extend(
            report.findings.iter().filter(|finding| unused(&kind, finding)).map(|finding| (kind.clone(), finding.fingerprint.clone())),
        );
    }
}

//! Comments that tolerate a finding in place: `orket: allow(RULE) reason`, on its line or the one above.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::check::kinds;
use super::judge::{Sight, finding};
use crate::base::{RelPath, did_you_mean};
use crate::event::{Finding, GateReport, State};
use crate::facts::{MARK, comments};

/// The rule of a comment that names no kind of gate.
const UNKNOWN: &str = "unknown_kind";

/// Marks what comments tolerate; returns findings about the comments themselves: one without a reason, one that tolerates nothing,
/// one that names no kind of gate. In a language that is parsed, what stands in a string is no comment.
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
        let comments = comments(path, &text);
        let is_comment = |at: usize| comments.as_ref().is_none_or(|all| all.iter().any(|comment| comment.contains(&at)));
        let marks = marks(&text, &is_comment);
        let alone: BTreeSet<u32> = marks.iter().filter(|mark| mark.alone).map(|mark| mark.at).collect();
        for mark in &marks {
            let Mark { line, column, at, alone: is_alone, .. } = *mark;
            let Some((rule, reason)) = line[column + MARK.len()..].split_once(')') else { continue };
            let rule = rule.trim();
            let place = line[..column].chars().count() as u32 + 1;
            let meant = rule.split('/').next().unwrap_or(rule);
            if !kinds().any(|known| known == meant) && is_meant(path, &line[..column], comments.is_some()) {
                let message = format!("the comment `orket: allow({rule})` names no kind of gate, and allows nothing");
                let help = match did_you_mean(meant, kinds()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are: {}", kinds().collect::<Vec<_>>().join(", ")),
                };
                about.push(finding(&format!("{kind}/{UNKNOWN}"), &file, at, place, message, help, &[&file, rule, line.trim()]));
            }
            if meant != kind {
                continue;
            }
            let reason = reason.trim().trim_end_matches("*/").trim_end_matches("-->").trim();
            if reason.is_empty() {
                let message = format!("the comment `orket: allow({rule})` gives no reason");
                let help = String::from("write behind it why this is allowed");
                about.push(finding(&format!("{kind}/no_reason"), &file, at, place, message, help, &[&file, rule, line.trim()]));
            }
            let mut used = false;
            // A comment behind code is about that code, one on a line of its own also about the next line that is no such comment.
            let next = (at + 1..).find(|line| !alone.contains(line)).filter(|_| is_alone);
            for index in here {
                let one = &mut findings[*index];
                if (one.line == at || Some(one.line) == next) && (rule == kind || rule == one.rule) {
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

/// A comment that may allow something.
struct Mark<'t> {
    line: &'t str,
    /// Where the mark begins in the line, in bytes.
    column: usize,
    /// The number of the line, from 1.
    at: u32,
    /// Whether nothing else stands in the line.
    alone: bool,
}

fn marks<'t>(text: &'t str, is_comment: &dyn Fn(usize) -> bool) -> Vec<Mark<'t>> {
    let mut start = 0;
    let mark = |(number, whole): (usize, &'t str)| {
        let (begin, line) = (start, whole.trim_end_matches(['\n', '\r']));
        start += whole.len();
        let (column, _) = line.match_indices(MARK).find(|(at, _)| is_comment(begin + at))?;
        let alone = !line[..column].chars().any(|c| c.is_alphanumeric() || matches!(c, '"' | '\'' | ')' | ']' | '}'));
        Some(Mark { line, column, at: number as u32 + 1, alone })
    };
    text.split_inclusive('\n').enumerate().filter_map(mark).collect()
}

/// Whether a mark that no gate understands was meant as one: nothing but what opens a comment stands before it. In prose, people write about
/// such comments.
fn is_meant(path: &RelPath, before: &str, is_source: bool) -> bool {
    let name = String::from_utf8_lossy(path.name()).to_lowercase();
    let is_prose = [".md", ".markdown", ".rst", ".adoc", ".txt"].iter().any(|ending| name.ends_with(ending));
    let opens: &[&str] = if is_prose { &["<!--"] } else { &["#", "//", "/*", "*", "--", ";", "%", "<!--"] };
    let before = before.trim();
    (is_source && before.is_empty()) || opens.iter().any(|opening| before.ends_with(opening))
}

/// Whether a finding is about a comment that allows nothing for its gate.
pub fn is_unused(finding: &Finding) -> bool {
    finding.rule.ends_with("/unused")
}

/// Leaves out what one gate says of a comment that allows nothing while another of its kind may need it: it is told only where all of its
/// kind have judged, `count` of them, and none does; and then once.
pub fn agree(reports: &mut [GateReport], count: &dyn Fn(&str) -> usize) {
    let unused = |kind: &str, finding: &Finding| finding.rule.strip_prefix(kind).is_some_and(|rule| rule == "/unused");
    // What names no kind of gate is everybody's business, and told once.
    let mut strays: BTreeSet<(String, u32, u32)> = BTreeSet::new();
    for report in reports.iter_mut() {
        let place = |finding: &Finding| (finding.file.clone(), finding.line, finding.column);
        let is_stray = |finding: &Finding| finding.rule.ends_with(&format!("/{UNKNOWN}"));
        report.retain(|finding| !is_stray(finding) || !strays.contains(&place(finding)));
        strays.extend(report.findings.iter().filter(|finding| is_stray(finding)).map(place));
    }
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

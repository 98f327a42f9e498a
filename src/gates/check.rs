//! One gate, from its rules to what is left of its findings.

use std::collections::BTreeSet;

use super::baseline::{Baseline, Entry, ratchet};
use super::judge::{Asked, Judge, Reads, Sight, Unjudged, finding};
use super::settings::{Common, Reader, Wrong};
use super::sight::{Beside, View};
use super::{churn, dependency_direction, evidence, fixer, pattern, policy, release_smoke, roadmap_metrics, suppress, working_model};
use crate::base::{Digest, Hasher, PathError, RelPath, did_you_mean, quantity};
use crate::event::{Facts, Finding, GateOutcome, GateReport, State};
use crate::model::Gate;

/// How many characters of a line are quoted at most.
const LONGEST: usize = 2000;

type Read = fn(&mut Reader<'_>) -> (Common, Box<dyn Judge>);

/// The kinds of gates that there are, and who reads their rules.
const KINDS: &[(&str, Read)] = &[
    ("churn", churn::read),
    ("dependency_direction", dependency_direction::read),
    ("evidence", evidence::read),
    ("fixer", fixer::read),
    ("pattern", pattern::read),
    ("policy", policy::read),
    ("release_smoke", release_smoke::read),
    ("roadmap_metrics", roadmap_metrics::read),
    ("working_model", working_model::read),
];

/// Returns the names of all kinds.
pub(super) fn kinds() -> impl Iterator<Item = &'static str> + Clone {
    KINDS.iter().map(|(kind, _)| *kind)
}

/// A gate's rules, ready to judge by.
pub struct Rules {
    /// What every gate can say.
    pub common: Common,
    judge: Box<dyn Judge>,
}

impl Rules {
    /// Returns which files have a say in the verdict of a gate that is declared in `folder`, by what stands in them; in doubt, a file has.
    /// Of all others it is their names at most.
    pub fn reads(&self, folder: &RelPath) -> Reads {
        let baseline = self.common.baseline.as_ref().and_then(|name| baseline_path(folder, name).ok());
        let judge = self.judge.reads(folder);
        Box::new(move |path| Some(path) == baseline.as_ref() || judge(path))
    }
}

/// Reads a gate's rules.
///
/// # Errors
/// All that is wrong with them.
pub fn read(gate: &Gate) -> Result<Rules, Vec<Wrong>> {
    let mut reader = Reader::new(gate);
    let Some((_, read)) = KINDS.iter().find(|(kind, _)| **kind == *gate.kind) else {
        // Of a gate without a kind, the manifest says so.
        if gate.kind.is_empty() {
            return Err(Vec::new());
        }
        let help = match did_you_mean(&gate.kind, kinds()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", kinds().collect::<Vec<_>>().join(", ")),
        };
        reader.say(&gate.place, format!("there is no kind of gate `{}`", gate.kind), help);
        return Err(reader.wrong);
    };
    let (common, judge) = read(&mut reader);
    if reader.wrong.is_empty() { Ok(Rules { common, judge }) } else { Err(reader.wrong) }
}

/// Returns where a gate's baseline stands, relative to the project's root.
///
/// # Errors
/// When its name leads out of the project.
pub fn baseline_path(folder: &RelPath, name: &str) -> Result<RelPath, PathError> {
    RelPath::parse(name).map(|path| folder.join(path.as_bytes()))
}

/// Lets a gate judge; returns its report, and whether it was known: nothing that the gate can see has changed since it judged.
pub fn check(gate: &Gate, rules: &Rules, view: &View<'_>, asked: &Asked<'_>) -> (GateReport, bool) {
    let key = verdict_key(gate, rules, view, asked);
    if let Some(report) = key.and_then(|key| kept(&key, view)) {
        return (report, true);
    }
    let report = judge(gate, rules, view, asked);
    if let Some(key) = key.filter(|_| !view.looked_beyond() && report.outcome != GateOutcome::NotEvaluated) {
        let kept = (view.beside(), serde_json::to_vec(&report).unwrap_or_default());
        view.ground().known().put(&key, &postcard::to_stdvec(&kept).unwrap_or_default());
    }
    (report, false)
}

/// Returns what a gate has come to, if nothing that it can see has changed since.
pub fn standing(gate: &Gate, rules: &Rules, view: &View<'_>, asked: &Asked<'_>) -> Option<GateReport> {
    kept(&verdict_key(gate, rules, view, asked)?, view)
}

fn kept(key: &Digest, view: &View<'_>) -> Option<GateReport> {
    let bytes = view.ground().known().get(key)?;
    let (beside, report) = postcard::from_bytes::<(Beside, Vec<u8>)>(&bytes).ok()?;
    let report = serde_json::from_slice::<GateReport>(&report).ok().filter(|_| view.is_as(&beside))?;
    let facts = Facts { extracted: 0, cached: report.facts.files, ..report.facts };
    Some(GateReport { facts, ..report })
}

/// Returns what a verdict rests on, as one digest: the rules, the day, and all that can be seen; `None` while that is too young to rely on.
fn verdict_key(gate: &Gate, rules: &Rules, view: &View<'_>, asked: &Asked<'_>) -> Option<Digest> {
    let stamp = view.ground().stamp(&rules.reads(view.folder()))?;
    let declared = postcard::to_stdvec(gate).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION").as_bytes();
    let mut hasher = Hasher::new();
    hasher.piece(b"verdict 8").piece(version).piece(&declared).piece(&[u8::from(asked.quick)]);
    Some(hasher.piece(asked.today.0.as_bytes()).digest(&stamp).finish())
}

fn judge(gate: &Gate, rules: &Rules, sight: &dyn Sight, asked: &Asked<'_>) -> GateReport {
    let common = &rules.common;
    let mut report = GateReport { warning: common.warning, ..GateReport::unjudged(gate.address.as_str(), &gate.kind, "") };
    let unjudged = |text: String, report: GateReport| GateReport { because: Some(text), ..report };
    let baseline = match common.baseline.as_deref().map(|name| read_baseline(sight, name)).transpose() {
        Ok(baseline) => baseline,
        Err(text) => return unjudged(text, report),
    };
    report.because = None;
    let asked = Asked { quick: asked.quick || common.quick, ..*asked };
    let judged = match rules.judge.judge(sight, &asked) {
        Ok(judged) => judged,
        Err(Unjudged { empty: true, .. }) if common.allow_empty => return GateReport { outcome: GateOutcome::Pass, ..report },
        Err(Unjudged { text, empty }) => {
            return unjudged(if empty { format!("{text}; `allow_empty #true` would allow that") } else { text }, report);
        }
    };
    let mut findings = judged.findings;
    let gaps: BTreeSet<String> = {
        let gaps = judged.gaps.into_iter().filter(|gap| !(gap.empty && common.allow_empty));
        let gaps: Vec<Finding> = gaps.map(|gap| gap.finding).collect();
        findings.extend(gaps.iter().cloned());
        gaps.into_iter().map(|gap| gap.fingerprint).collect()
    };
    let comments = suppress::apply(sight, &gate.kind, &judged.read, &mut findings);
    allow(&mut findings, judged.most, &gaps);
    findings.extend(comments);
    if let Some(baseline) = baseline {
        let (expired, gone) = baseline.apply(gate, &mut findings, asked.today);
        for (index, until) in expired {
            findings[index].message.push_str(&format!(" (the baseline tolerated it until {until})"));
        }
        // Where something could not be judged, it is not known what is gone.
        if common.strict && gaps.is_empty() {
            findings.extend(gone.iter().map(|entry| loose(gate, entry)));
        }
        report.gone = gone.iter().map(Entry::about).collect();
    }
    report.alike = rules.judge.settle(&mut findings);
    findings.sort();
    quote(sight, &mut findings);
    let counts: Vec<&Finding> = findings.iter().filter(|finding| finding.state == State::New).collect();
    let missed = counts.iter().filter(|finding| gaps.contains(&finding.fingerprint)).count();
    let first = counts.iter().find(|finding| gaps.contains(&finding.fingerprint));
    let (outcome, because) = match first {
        None if counts.is_empty() => (GateOutcome::Pass, None),
        None => (GateOutcome::Fail, None),
        Some(first) => (GateOutcome::NotEvaluated, Some(unseen(missed, first))),
    };
    GateReport { outcome, because, facts: judged.facts, links: judged.links, findings, ..report }
}

/// Says that an entry of a strict baseline tolerates nothing any more.
fn loose(gate: &Gate, entry: &Entry) -> Finding {
    let about = entry.about();
    let message = format!("the baseline tolerates {about}, which is gone, and `ratchet \"strict\"` wants it to hold no more than is there");
    // An update leaves what other gates may rest on.
    let help = if entry.gate.is_empty() { "take the entry out" } else { "`orket check --update-baseline` takes the entry out" };
    finding(&ratchet(&gate.kind), "", 0, 0, message, help.to_owned(), &[&about])
}

/// Says how many things could not be judged, and what was in the way of the first.
fn unseen(missed: usize, first: &Finding) -> String {
    let place = match (&*first.file, first.line) {
        ("", _) => String::new(),
        (file, 0) => format!(" {file}:"),
        (file, line) => format!(" {file}:{line}:"),
    };
    let more = if missed > 1 { format!(" (and {} more)", missed - 1) } else { String::new() };
    format!("{} could not be judged:{place} {}{more}", quantity::plural(missed, "thing"), first.message)
}

/// Leaves out the findings that count, if they are no more than `most`; else says of each how many there are.
fn allow(findings: &mut Vec<Finding>, most: usize, gaps: &BTreeSet<String>) {
    let counts = |finding: &Finding| finding.state == State::New && !gaps.contains(&finding.fingerprint);
    let found = findings.iter().filter(|finding| counts(finding)).count();
    if found <= most {
        findings.retain(|finding| !counts(finding));
    } else if most > 0 {
        let more = format!(" ({found} times in all, {most} allowed)");
        findings.iter_mut().filter(|finding| counts(finding)).for_each(|finding| finding.message.push_str(&more));
    }
}

/// Adds to findings that count the lines that they are about.
fn quote(sight: &dyn Sight, findings: &mut [Finding]) {
    let mut last: (String, Vec<String>) = Default::default();
    for finding in findings.iter_mut().filter(|finding| finding.state == State::New && finding.line > 0) {
        if last.0 != finding.file {
            let bytes = RelPath::parse(&*finding.file).ok().and_then(|path| sight.read(&path).ok()).unwrap_or_default();
            let text = String::from_utf8_lossy(&bytes);
            last = (
                finding.file.clone(),
                text.trim_start_matches('\u{feff}').lines().map(|line| line.chars().take(LONGEST).collect()).collect(),
            );
        }
        finding.text = last.1.get(finding.line as usize - 1).cloned();
    }
}

fn read_baseline(sight: &dyn Sight, name: &str) -> Result<Baseline, String> {
    let path = baseline_path(sight.folder(), name).map_err(|error| format!("the baseline `{name}`: {error}"))?;
    match sight.read(&path) {
        Ok(bytes) => Baseline::read(&bytes).map_err(|error| format!("cannot read the baseline `{name}`: {error}")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Baseline::default()),
        Err(error) => Err(format!("cannot read the baseline `{name}`: {error}")),
    }
}

//! What is tolerated for today: findings by their identity, with who answers for them and until when.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Deserializer, Serialize};

use super::judge::{fingerprint, unmarked};
use crate::event::{Edge, Finding, State};
use crate::model::Gate;

/// A file of entries, sorted, one a line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Baseline {
    /// The version of this shape.
    pub version: u32,
    /// What is tolerated.
    pub entries: Vec<Entry>,
}

/// One finding that is tolerated.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Entry {
    /// `KIND/RULE`.
    pub rule: String,
    /// For a dependency: who depends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// For a dependency: on what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// For anything else, and where modules share a name: the file that it is in; for people, since the fingerprint tells it from others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// See [`Finding::fingerprint`].
    #[serde(default, deserialize_with = "text_or_null")]
    pub fingerprint: String,
    /// Whose finding it is; empty for any gate of the kind.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub gate: String,
    /// The manifest that declares the gate, where that is no `orket.kdl`: two manifests of a folder may each have a gate of this name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub manifest: String,
    /// Why it is tolerated.
    #[serde(default, deserialize_with = "text_or_null")]
    pub reason: String,
    /// Who answers for it.
    #[serde(default, deserialize_with = "text_or_null")]
    pub owner: String,
    /// The last day on which it is, as `2027-01-31`; empty for ever.
    #[serde(default, deserialize_with = "text_or_null")]
    pub until: String,
}

/// Reads a text; `null` is none.
fn text_or_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// The day on which it is judged, as `2026-11-23`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Today(pub String);

impl Baseline {
    /// Reads a baseline.
    ///
    /// # Errors
    /// A sentence, when it is none.
    pub fn read(bytes: &[u8]) -> Result<Baseline, String> {
        let baseline: Baseline = serde_json::from_slice(unmarked(bytes)).map_err(|error| {
            if bytes.split(|byte| *byte == b'\n').any(|line| line.starts_with(b"<<<<<<< ")) {
                return String::from(
                    "a merge was not finished in it; take the lines of both sides, and `orket check --update-baseline` puts them in order",
                );
            }
            error.to_string()
        })?;
        if baseline.version != 1 {
            return Err(format!("it has version {}, and this orket knows version 1", baseline.version));
        }
        let day = |until: &str| until.is_empty() || (until.len() == 10 && until.parse::<jiff::civil::Date>().is_ok());
        if let Some(entry) = baseline.entries.iter().find(|entry| !day(&entry.until)) {
            return Err(format!("`until` of {} is `{}`, and has to be a day such as `2027-01-31`", entry.about(), entry.until));
        }
        Ok(baseline)
    }

    /// Returns the text of the file.
    pub fn text(&self) -> String {
        let mut entries = self.entries.clone();
        entries.sort();
        let lines: Vec<String> = entries.iter().map(|entry| format!("    {}", serde_json::to_string(entry).unwrap_or_default())).collect();
        let body = if lines.is_empty() { String::new() } else { format!("\n{}\n  ", lines.join(",\n")) };
        format!("{{\n  \"version\": 1,\n  \"entries\": [{body}]\n}}\n")
    }

    /// Marks what is tolerated; returns the indices of findings whose entry has expired with the last day, and a gate's entries whose finding
    /// is gone.
    pub(super) fn apply(&self, gate: &Gate, findings: &mut [Finding], today: &Today) -> (Vec<(usize, String)>, Vec<Entry>) {
        let (mut expired, mut gone) = (Vec::new(), Vec::new());
        let known = Known::new(findings.iter());
        for entry in self.entries.iter().filter(|entry| entry.is_of(gate)) {
            let late = !entry.until.is_empty() && entry.until < today.0;
            let mut found = false;
            for index in known.may_be(entry) {
                let finding = &mut findings[index];
                if !entry.tolerates(finding) {
                    continue;
                }
                found = true;
                if finding.state == State::New && late {
                    expired.push((index, entry.until.clone()));
                } else if finding.state == State::New {
                    finding.state = State::Baselined;
                }
            }
            if !found {
                gone.push(entry.clone());
            }
        }
        (expired, gone)
    }

    /// Returns the baseline with what a gate found: new findings are added, its entries whose finding is gone are dropped. Reasons, owners and
    /// dates of the others stay, and so does all that other gates may rest on.
    pub fn updated(&self, gate: &Gate, findings: &[Finding]) -> Baseline {
        let strict = ratchet(&gate.kind);
        let found: Vec<&Finding> = findings.iter().filter(|finding| finding.state != State::Suppressed && finding.rule != strict).collect();
        let known = Known::new(found.iter().copied());
        let stays = |entry: &Entry| match known.may_be(entry).map(|at| found[at]).find(|finding| entry.tolerates(finding)) {
            _ if !entry.is_of(gate) => Some(entry.clone()),
            Some(finding) => Some(Entry { file: file_of(finding), ..entry.clone() }),
            None => entry.gate.is_empty().then(|| entry.clone()),
        };
        let mut entries: Vec<Entry> = self.entries.iter().filter_map(stays).collect();
        let mut tolerated = vec![false; found.len()];
        for entry in entries.iter().filter(|entry| entry.is_of(gate)) {
            known.may_be(entry).filter(|at| entry.tolerates(found[*at])).for_each(|at| tolerated[at] = true);
        }
        let mut added = FxHashSet::default();
        for (at, finding) in found.iter().enumerate() {
            if !tolerated[at] && added.insert((&finding.rule, &finding.fingerprint)) {
                entries.push(Entry {
                    rule: finding.rule.clone(),
                    from: finding.edge.as_ref().map(|edge| edge.from.clone()),
                    to: finding.edge.as_ref().map(|edge| edge.to.clone()),
                    file: file_of(finding),
                    fingerprint: finding.fingerprint.clone(),
                    gate: gate.address.to_string(),
                    manifest: manifest_of(gate).to_owned(),
                    reason: String::new(),
                    owner: String::new(),
                    until: String::new(),
                });
            }
        }
        entries.sort();
        Baseline { version: 1, entries }
    }

    /// Whether a finding of a gate is tolerated, be it for today or longer.
    pub fn tolerates(&self, gate: &Gate, finding: &Finding) -> bool {
        self.entries.iter().any(|entry| entry.is_of(gate) && entry.tolerates(finding))
    }

    /// Returns the entries whose last day is past.
    pub fn expired(&self, today: &Today) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.until.is_empty() && entry.until < today.0)
    }

    /// Returns the entries that name a gate which is none of these.
    pub fn of_others(&self, gates: &[Gate]) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|entry| !entry.gate.is_empty() && !gates.iter().any(|gate| entry.is_of(gate)))
    }
}

/// Returns the rule by which a baseline with entries of gates of a kind is itself found.
pub(super) fn ratchet(kind: &str) -> String {
    format!("{kind}/ratchet")
}

/// Returns the manifest that declares a gate, as entries name it.
fn manifest_of(gate: &Gate) -> &str {
    let file = &*gate.place.file;
    if file.rsplit('/').next() == Some("orket.kdl") { "" } else { file }
}

/// Returns the file that an entry about a finding names: of an edge, where its two names do not tell it from others.
fn file_of(finding: &Finding) -> Option<String> {
    let by_names = |edge: &Edge| finding.fingerprint == fingerprint(&finding.rule, &[&edge.from, &edge.to]);
    (!finding.file.is_empty() && !finding.edge.as_ref().is_some_and(by_names)).then(|| finding.file.clone())
}

/// Where findings stand, by their fingerprints.
struct Known {
    at: FxHashMap<String, Vec<usize>>,
    count: usize,
}

impl Known {
    fn new<'f>(findings: impl Iterator<Item = &'f Finding>) -> Known {
        let mut known = Known { at: FxHashMap::default(), count: 0 };
        for finding in findings {
            known.at.entry(finding.fingerprint.clone()).or_default().push(known.count);
            known.count += 1;
        }
        known
    }

    /// Returns the places of those that an entry may be about; where somebody wrote no fingerprint, that is all.
    fn may_be(&self, entry: &Entry) -> impl Iterator<Item = usize> {
        let some = self.at.get(&entry.fingerprint).map_or(&[][..], Vec::as_slice);
        let all = if entry.fingerprint.is_empty() { self.count } else { 0 };
        (0..all).chain(some.iter().copied().filter(move |_| all == 0))
    }
}

impl Default for Baseline {
    fn default() -> Baseline {
        Baseline { version: 1, entries: Vec::new() }
    }
}

impl Entry {
    /// Whether a finding of this gate can be the one that is meant.
    fn is_of(&self, gate: &Gate) -> bool {
        let kind = self.rule.split_once('/').is_some_and(|(kind, _)| *kind == *gate.kind);
        kind && (self.gate.is_empty() || self.gate == gate.address.as_str() && self.manifest == manifest_of(gate))
    }

    /// Whether a finding is the one that is meant: by its fingerprint, or, where somebody wrote none, by the edge.
    fn tolerates(&self, finding: &Finding) -> bool {
        if self.rule != finding.rule || !self.fingerprint.is_empty() {
            return self.fingerprint == finding.fingerprint;
        }
        let edge = finding.edge.as_ref();
        self.from.is_some() && edge.is_some_and(|edge| Some(&edge.from) == self.from.as_ref() && Some(&edge.to) == self.to.as_ref())
    }

    /// Returns what stands for the finding and the gate that it is about: two entries with the same are about the same.
    pub fn identity(&self) -> [&str; 6] {
        let Entry { rule, from, to, fingerprint, gate, manifest, .. } = self;
        [rule, from.as_deref().unwrap_or_default(), to.as_deref().unwrap_or_default(), fingerprint, gate, manifest]
    }

    /// Returns the gate that it names, for people.
    pub fn whose(&self) -> String {
        let of = if self.manifest.is_empty() { "" } else { " of " };
        [&*self.gate, of, &self.manifest].concat()
    }

    /// Returns what it is about, for people.
    pub fn about(&self) -> String {
        match (&self.from, &self.to, &self.file) {
            (Some(from), Some(to), Some(file)) => format!("{} {from} -> {to} ({file})", self.rule),
            (Some(from), Some(to), None) => format!("{} {from} -> {to}", self.rule),
            (_, _, Some(file)) => format!("{} {file} {}", self.rule, self.fingerprint),
            _ => format!("{} {}", self.rule, self.fingerprint),
        }
    }
}

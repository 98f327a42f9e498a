//! What gates find.

use serde::{Deserialize, Serialize};

use crate::base::{RelPath, quantity};

/// Something that a gate objects to.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// Relative to the project's root; empty for what is about no file.
    pub file: String,
    /// From 1; 0 for what is about a file as a whole.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
    /// `KIND/RULE`.
    pub rule: String,
    /// What is wrong, as a sentence.
    pub message: String,
    /// What to do.
    pub help: String,
    /// What stays the same when unrelated things are edited: 16 hex digits.
    pub fingerprint: String,
    /// What became of it.
    pub state: State,
    /// The line that it is about, where there is one and it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// For a dependency: who depends.
    #[serde(flatten)]
    pub edge: Option<Edge>,
    /// For one through others: the imports that lead from the one end to the other, each as its two modules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<(String, String)>,
}

/// A dependency between two modules.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Edge {
    /// As the language names it.
    pub from: String,
    /// Likewise.
    pub to: String,
    /// Where the one stands.
    pub from_file: String,
    /// Where the other stands; `None` for a package that is not the project's.
    pub to_file: Option<String>,
}

/// What became of a finding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// It counts.
    New,
    /// The baseline tolerates it.
    Baselined,
    /// A comment in place tolerates it.
    Suppressed,
}

/// What a gate came to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// Nothing new was found.
    Pass,
    /// Something was.
    Fail,
    /// It could not judge.
    NotEvaluated,
}

/// What a gate looked at and found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct GateReport {
    /// The gate's address.
    pub address: String,
    /// Its kind.
    pub kind: String,
    /// What it came to.
    pub outcome: GateOutcome,
    /// Why it could not judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub because: Option<String>,
    /// Whether findings only warn.
    pub warning: bool,
    /// How much it read.
    pub facts: Facts,
    /// How many links it has passed over, which it does not follow.
    #[serde(default, skip_serializing_if = "is_none")]
    pub links: usize,
    /// How many that count stand in files that have not changed, where only the others are asked for.
    #[serde(default, skip_serializing_if = "is_none")]
    pub unchanged: usize,
    /// All of them, by place.
    pub findings: Vec<Finding>,
    /// Those that count and are one trouble with another one that stands for them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alike: Vec<Finding>,
    /// Entries of the baseline whose finding is gone: rule and what it was about.
    pub gone: Vec<String>,
}

/// How much a gate read.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Facts {
    /// Files that it looked at.
    pub files: usize,
    /// Files that had to be read for it.
    pub extracted: usize,
    /// Files of which all was known.
    pub cached: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

impl GateReport {
    /// A gate that could not judge, and why, as a lower-case sentence.
    pub fn unjudged(address: &str, kind: &str, because: &str) -> GateReport {
        GateReport {
            address: address.to_owned(),
            kind: kind.to_owned(),
            outcome: GateOutcome::NotEvaluated,
            because: Some(because.to_owned()),
            warning: false,
            facts: Facts::default(),
            links: 0,
            unchanged: 0,
            findings: Vec::new(),
            alike: Vec::new(),
            gone: Vec::new(),
        }
    }

    /// Puts those that another one stands for beside it: for whoever looks at a part of them only.
    pub fn unfold(&mut self) {
        self.findings.append(&mut self.alike);
        self.findings.sort();
    }

    /// Leaves findings out that are not `wanted`; a gate that failed for them alone passes.
    pub fn retain(&mut self, wanted: impl Fn(&Finding) -> bool) {
        let before = self.findings.len();
        self.findings.retain(|finding| wanted(finding));
        let left = self.findings.iter().any(|finding| finding.state == State::New);
        if self.findings.len() < before && self.outcome == GateOutcome::Fail && !left {
            self.outcome = GateOutcome::Pass;
        }
    }

    /// Returns the same with files as they are seen from above the project, which stands at `project` there.
    #[must_use]
    pub fn seen_from(&self, project: &RelPath) -> GateReport {
        let mut report = self.clone();
        let all = report.findings.iter_mut().chain(&mut report.alike).filter(|finding| !project.is_root() && !finding.file.is_empty());
        all.for_each(|finding| finding.file.insert_str(0, &format!("{project}/")));
        report
    }

    /// Returns what it came to as a person reads it: `2 findings`, `not evaluated: …`.
    pub fn verdict(&self) -> String {
        let count = |state| self.findings.iter().filter(|finding| finding.state == state).count();
        let mut parts = Vec::new();
        if let Some(because) = &self.because {
            parts.push(format!("not evaluated: {because}"));
        }
        match count(State::New) {
            0 => {}
            new => parts.push(quantity::plural(new, "finding")),
        }
        for (state, word) in [(State::Baselined, "in the baseline"), (State::Suppressed, "allowed in place")] {
            match count(state) {
                0 => {}
                some => parts.push(format!("{some} {word}")),
            }
        }
        if self.unchanged > 0 {
            parts.push(format!("{} in unchanged files", quantity::plural(self.unchanged, "finding")));
        }
        if !self.gone.is_empty() {
            parts.push(format!("{} of the baseline gone", self.gone.len()));
        }
        if parts.is_empty() { String::from("nothing found") } else { parts.join(", ") }
    }

    /// Returns the findings that count.
    pub fn new_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().filter(|finding| finding.state == State::New)
    }
}

//! What is kept of one run.

use serde::{Deserialize, Serialize};

use crate::event::{Chosen, GateReport, Origin, Outcome, Reason, Sight, Totals};

/// What one run came to.
#[derive(Clone, Default, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// The version of this shape.
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// When it began, in milliseconds since 1970 UTC.
    pub began: u64,
    /// Its place among the runs of the checkout, in milliseconds; 0: when it began. See [`Runs::order`](super::Runs::order).
    #[serde(default, skip)]
    pub order: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What was asked for.
    pub goal: Vec<String>,
    /// The manifest that declared it, relative to the project's folder; empty where that was not written down.
    #[serde(default)]
    pub manifest: String,
    /// The exit status; 0 for a run that did not end.
    pub exit: i32,
    /// Whether it came to its end; one that did not was killed, or is still going on.
    #[serde(default = "yes")]
    pub ended: bool,
    /// How many of each outcome.
    pub totals: Totals,
    /// Every task that was not fresh.
    pub tasks: Vec<RunTask>,
    /// Every decision that was made.
    #[serde(default)]
    pub decisions: Vec<RunDecision>,
    /// Which strategy filled each seam; nothing where that was not written down.
    #[serde(default)]
    pub strategies: Vec<Chosen>,
    /// What every gate that judged found.
    #[serde(default)]
    pub gates: Vec<GateReport>,
}

/// What one decision came to in a run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct RunDecision {
    /// Its address.
    pub address: String,
    /// What it came to.
    pub value: String,
    /// Who said so.
    pub origin: Origin,
    /// What its conditions looked at.
    pub saw: Vec<Sight>,
}

/// What one task came to in a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunTask {
    /// Its address.
    pub address: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ran.
    pub reason: Option<Reason>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How its last command ended.
    pub status: Option<String>,
    /// The end of what it printed, at most 64 KiB; empty where that is much, `log` or `stored` leads to it, and it has not failed.
    pub output: String,
    /// Where the whole of it is, relative to the project's root.
    pub log: Option<String>,
    /// What the store calls the whole of it: hash and size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stored: Option<String>,
    /// Whether it put out the same bytes as before.
    pub unchanged: bool,
}

impl RunRecord {
    /// Takes down what a gate said; of one that said something before, in a workspace, the last word counts.
    pub fn judged(&mut self, report: GateReport) {
        match self.gates.iter_mut().find(|earlier| earlier.address == report.address) {
            Some(earlier) => *earlier = report,
            None => self.gates.push(report),
        }
    }

    /// Whether no task was so much as looked at.
    pub(super) fn is_empty(&self) -> bool {
        self.is_idle() && self.totals.fresh == 0
    }

    /// Whether there was nothing to do.
    pub(super) fn is_idle(&self) -> bool {
        let idle = Totals { fresh: self.totals.fresh, ..Totals::default() };
        self.ended && self.exit == 0 && self.tasks.is_empty() && self.gates.is_empty() && self.totals == idle
    }

    /// What it is called among others: names are in the order of runs.
    pub(super) fn name(&self) -> String {
        format!("{:013}-{}", if self.order == 0 { self.began } else { self.order }, self.run)
    }
}

fn yes() -> bool {
    true
}

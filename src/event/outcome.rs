//! How a target ended.

use serde::{Deserialize, Serialize};

/// How a target ended in one run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It ran and succeeded.
    Done,
    /// Its outputs were put in place from the store; it did not run.
    Cached,
    /// Nothing had to be done.
    Fresh,
    /// A decision or its platform left it out, or something it needs was.
    Skipped,
    /// It ran, or was about to, and failed.
    Failed,
    /// It was not reached, since something it needs failed or the run was ended.
    Cancelled,
    /// Nothing could run although it was left.
    Stalled,
}

impl Outcome {
    /// Returns the word that output and records use.
    pub fn word(self) -> &'static str {
        match self {
            Outcome::Done => "done",
            Outcome::Cached => "cached",
            Outcome::Fresh => "fresh",
            Outcome::Skipped => "skipped",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
            Outcome::Stalled => "stalled",
        }
    }

    /// Whether what was asked for holds.
    pub fn holds(self) -> bool {
        matches!(self, Outcome::Done | Outcome::Cached | Outcome::Fresh)
    }
}

//! What a decision came to, from where, and what it saw.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::base::TargetId;

/// A decision was made.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Decided {
    /// Which one.
    pub decision: TargetId,
    /// Since the run began.
    pub at: Duration,
    /// What it came to.
    pub value: String,
    /// Who said so.
    pub origin: Origin,
    /// What its conditions looked at, in order; those behind the first that decided were not looked at.
    pub saw: Vec<Sight>,
}

/// Who chose.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Its own conditions, or its `otherwise`.
    Default,
    /// `ORKET_DECISION_NAME`
    Environment,
    /// `--decide NAME=VALUE`
    CommandLine,
}

impl Origin {
    /// Returns the words that output uses.
    pub fn words(self) -> &'static str {
        match self {
            Origin::Default => "default",
            Origin::Environment => "environment",
            Origin::CommandLine => "command line",
        }
    }
}

/// A strategy that was chosen for a seam.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Chosen {
    /// The seam.
    pub seam: String,
    /// The strategy's name.
    pub strategy: String,
    /// Who said so: `default`, `process_rules`, `environment` or `command_line`.
    pub origin: String,
    /// Where that was said: a place in a manifest, a variable, a flag; nothing for a default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
}

/// What one condition looked at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Sight {
    /// The value that it stands for.
    pub choose: String,
    /// The condition, as the manifest has it.
    pub condition: String,
    /// Whether it holds.
    pub holds: bool,
    /// What was found, in words; empty for `not` and `any`, whose conditions stand before them.
    pub found: String,
}

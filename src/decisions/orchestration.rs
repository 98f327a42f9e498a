//! `orchestration_loop`: how many tasks run at once, and what a failure does to the rest.

use serde::{Deserialize, Serialize};

use super::{Options, Question, Seam, Strategy};

/// What are the rules of a run?
#[derive(Clone, Debug, Serialize)]
pub struct Looping {
    /// How many tasks there are.
    pub tasks: usize,
    /// How many processors this machine has.
    pub processors: usize,
}

/// The rules.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// How many tasks run at once; `None`: as many as there are processors. `-j` and ORKET_JOBS win.
    pub concurrency: Option<usize>,
    /// What a failure does to the rest. `-k` and `--fail-fast` win.
    pub after_failure: AfterFailure,
    /// How many tasks may be started in all; the run is exhausted after that.
    pub rounds: Option<usize>,
}

/// What a failure does to the rest.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterFailure {
    /// What runs goes on, nothing new starts.
    Stop,
    /// All that does not need what failed goes on.
    KeepGoing,
    /// What runs is ended, too.
    FailFast,
}

impl Question for Looping {
    type Answer = Rules;

    const SEAM: Seam = Seam::OrchestrationLoop;
}

pub(super) fn brought(name: &str, options: &Options) -> Box<dyn Strategy<Looping>> {
    let after_failure = match name {
        "keep_going" => AfterFailure::KeepGoing,
        "fail_fast" => AfterFailure::FailFast,
        _ => AfterFailure::Stop,
    };
    let rules = Rules { concurrency: options.count("concurrency_limit"), after_failure, rounds: options.count("rounds") };
    Box::new(move |_: &Looping| rules.clone())
}

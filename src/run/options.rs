//! What a run may do, and where.

use std::ffi::OsString;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;

use super::bench::Asker;
use super::choices::Choices;
use super::gates::Gates;
use super::service::HeldPorts;
use crate::base::TargetId;
use crate::executor::Executor;
use crate::process::{Cancel, Jobs, Output};
use crate::rebuild::Mode;

/// What a run may do.
pub struct Options<'a> {
    /// How many slots there are, at least 1.
    pub jobs: usize,
    /// What a failure does to the rest.
    pub keep_going: bool,
    /// Whether a failure also ends what runs.
    pub fail_fast: bool,
    /// Whether a task that passed only on a further attempt makes the run fail.
    pub fail_on_flaky: bool,
    /// What is looked up and run.
    pub mode: Mode,
    /// For tasks that set none.
    pub timeout: Option<Duration>,
    /// What takes less than this is not stored.
    pub cheaper_than: Duration,
    /// How many tasks may be started, if that is bounded.
    pub rounds: Option<usize>,
    /// Whether `on_failure` starts anything.
    pub remediation: bool,
    /// Set for everything that runs: choices of the command line, which so reach what starts orket again.
    pub variables: Vec<(OsString, OsString)>,
    /// The jobserver, if there is one.
    pub jobserver: Option<&'a Jobs>,
    /// The target of `orket run`: it always runs, with the terminal.
    pub foreground: Option<TargetId>,
    /// Where what has the terminal prints to.
    pub open: Output,
    /// Where the goal was typed, for the headline.
    pub goal: Vec<String>,
    /// When the run began, in milliseconds since 1970 UTC.
    pub began: u64,
    /// The same moment, for what is told as time since then.
    pub since: Instant,
    /// The ports that were picked for services.
    pub ports: HeldPorts,
    /// Who answers `confirm`.
    pub asker: &'a dyn Asker,
    /// Makes decisions.
    pub choices: &'a Choices<'a>,
    /// Judges gates.
    pub gates: &'a dyn Gates,
    /// Numbers of signals that ask orket to end.
    pub signals: Receiver<i32>,
}

/// Where tasks and services run, and the switch that ends them.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    /// Runs them.
    pub executor: &'a dyn Executor,
    /// Ends all tasks but remedies and what these need.
    pub cancel: &'a Cancel,
}

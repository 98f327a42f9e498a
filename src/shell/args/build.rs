//! What `build` takes.

use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, ValueEnum, ValueHint};

use super::deciding::DecidingArgs;
use crate::base::quantity;
use crate::shell::complete;

/// What `build` takes.
#[derive(Clone, Debug, Default, Args)]
pub struct BuildArgs {
    /// Names, addresses or globs of rocks, epics, tasks and gates.
    #[arg(value_name = "TARGET", add = complete::buildable())]
    pub targets: Vec<String>,
    /// Whether another build needs this one before it knows its graph.
    #[arg(skip)]
    pub ahead: bool,
    /// Run at most N tasks at once; wins over ORKET_JOBS.
    #[arg(short, long, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub jobs: Option<u32>,
    /// After a failure, go on with all that does not need what failed.
    #[arg(short, long)]
    pub keep_going: bool,
    /// After a failure, end what is running too.
    #[arg(long, conflicts_with = "keep_going")]
    pub fail_fast: bool,
    /// Exit 1 if a task passed only on a further attempt.
    #[arg(long)]
    pub fail_on_flaky: bool,
    /// Say what would run, and run nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Show why tasks ran; twice: their starts and commands too.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show failures only.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Say of each task why it runs.
    #[arg(long)]
    pub explain: bool,
    /// Run every task of the plan, even where nothing has changed.
    #[arg(long)]
    pub force: bool,
    /// Neither take results from the store nor put any there.
    #[arg(long)]
    pub no_cache: bool,
    /// Run also what is known, and fail each task whose outputs differ from those of another run of the same action.
    #[arg(long)]
    pub verify_determinism: bool,
    /// Who decides.
    #[command(flatten)]
    pub deciding: DecidingArgs,
    /// Run nothing, and exit with 1 if something is not fresh.
    #[arg(long, conflicts_with_all = ["force", "dry_run"])]
    pub check: bool,
    /// Build only what ended so in the last run: failed.
    #[arg(long, value_name = "WHICH", value_enum, hide_possible_values = true)]
    pub rerun: Option<Rerun>,
    /// Build only what is reached from what changed since this git revision.
    #[arg(long, value_name = "REV", value_hint = ValueHint::Other)]
    pub affected: Option<String>,
    /// Limit each attempt of a task that sets no timeout of its own, such as `90s` or `1h30m`.
    #[arg(long, value_name = "D", value_parser = duration)]
    pub timeout: Option<Duration>,
    /// Write a Chrome trace of the run.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub trace: Option<PathBuf>,
    /// Write the events of the run, one JSON object a line.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub events: Option<PathBuf>,
    /// Write a summary of the run as JSON.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub summary: Option<PathBuf>,
    /// Show progress as: auto, plain, live or json.
    #[arg(long, value_enum, default_value_t, value_name = "FACE", hide_possible_values = true)]
    pub ui: Ui,
}

/// What of the last run is built again.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Rerun {
    /// What failed in the last run.
    Failed,
}

/// How progress is shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum Ui {
    /// Live at a terminal, plain elsewhere.
    #[default]
    Auto,
    /// Stable lines, one a finished task.
    Plain,
    /// Finished lines scroll up, a few live lines stay at the bottom.
    Live,
    /// Events, one JSON object a line.
    Json,
}

/// Reads how many tasks may run at once.
pub(super) fn jobs(text: &str) -> Result<u32, String> {
    text.parse().ok().filter(|jobs| *jobs >= 1).ok_or_else(|| String::from("expected a whole number of 1 or more"))
}

fn duration(text: &str) -> Result<Duration, String> {
    quantity::duration(text)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "expected a duration such as `90s`, `10m` or `1h30m`".to_owned())
}

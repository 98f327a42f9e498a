//! What `run` takes.

use clap::{ArgAction, Args};

use super::build::{BuildArgs, jobs};
use super::deciding::DecidingArgs;
use crate::shell::complete;

/// What `run` takes.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// The name or address of one task or service.
    #[arg(value_name = "TARGET", add = complete::runnable())]
    pub target: String,
    /// Words for the task: appended to its last `run`, or `"$@"` in its `sh`.
    #[arg(last = true, value_name = "ARGS")]
    pub args: Vec<String>,
    /// Run at most N tasks at once while building what it needs; wins over ORKET_JOBS.
    #[arg(short, long, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub jobs: Option<u32>,
    /// Show why tasks ran; twice: their starts and commands too.
    #[arg(short, long, action = ArgAction::Count)]
    pub verbose: u8,
    /// Show failures only.
    #[arg(short, long, conflicts_with = "verbose")]
    pub quiet: bool,
    /// Who decides.
    #[command(flatten)]
    pub deciding: DecidingArgs,
}

impl RunArgs {
    /// Returns the flags as `build` would have them, with the one target.
    pub fn as_build(&self) -> BuildArgs {
        let deciding = self.deciding.clone();
        let targets = vec![self.target.clone()];
        BuildArgs { targets, jobs: self.jobs, verbose: self.verbose, quiet: self.quiet, deciding, ..BuildArgs::default() }
    }
}

//! What `runs` takes.

use clap::Subcommand;

use crate::shell::complete;

/// What there is to see of past runs.
#[derive(Clone, Debug, Subcommand)]
pub enum RunsCommand {
    /// List past runs, the latest first.
    List,
    /// Show one run.
    Show {
        /// The run's id; the last run if left out.
        run: Option<String>,
    },
    /// Show what differs between two runs.
    Diff {
        /// The earlier run's id; the last run but one if left out.
        old: Option<String>,
        /// The later run's id; the last run if left out.
        new: Option<String>,
    },
    /// Print what the tasks of a run printed.
    Logs {
        /// The run's id; the last run if left out.
        run: Option<String>,
        /// Print only what this task printed.
        #[arg(long, value_name = "TARGET", add = complete::runnable())]
        target: Option<String>,
    },
}

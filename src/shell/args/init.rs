//! What `init` takes.

use clap::{Args, Subcommand, ValueEnum};

/// What `init` takes.
#[derive(Clone, Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct InitArgs {
    /// Write a workflow for this host, with the gates before everything else.
    #[arg(long, value_name = "HOST", value_enum)]
    pub ci: Option<CiHost>,
    /// What to write; nothing means a manifest.
    #[command(subcommand)]
    pub command: Option<InitCommand>,
}

/// Hosts that run workflows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum CiHost {
    /// GitHub Actions.
    Github,
    /// GitLab CI.
    Gitlab,
}

/// What `init` can write besides a manifest.
#[derive(Clone, Debug, Subcommand)]
pub enum InitCommand {
    /// Propose a gate that the code as it is holds to.
    Gate {
        /// The kind of gate: dependency_direction.
        #[arg(value_name = "KIND")]
        kind: String,
        /// Add it to orket.kdl instead of printing it.
        #[arg(long)]
        write: bool,
    },
}

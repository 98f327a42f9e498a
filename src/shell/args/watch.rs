//! What `watch` takes.

use clap::Args;

use super::build::BuildArgs;

/// What `watch` takes.
#[derive(Clone, Debug, Args)]
pub struct WatchArgs {
    /// What every build takes.
    #[command(flatten)]
    pub build: BuildArgs,
    /// Build nothing: only keep watch, so that builds in this checkout need not look at every file.
    #[arg(long, conflicts_with_all = ["targets", "force", "jobs"])]
    pub no_build: bool,
}

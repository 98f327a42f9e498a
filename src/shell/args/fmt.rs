//! What `fmt` takes.

use clap::Args;

/// What `fmt` takes.
#[derive(Clone, Debug, Args)]
pub struct FmtArgs {
    /// Change nothing, and exit with 1 if the manifest is not tidy.
    #[arg(long)]
    pub check: bool,
}

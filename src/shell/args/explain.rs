//! What `explain` takes.

use clap::Args;

use super::deciding::DecidingArgs;
use crate::shell::complete;

/// What `explain` takes.
#[derive(Clone, Debug, Args)]
pub struct ExplainArgs {
    /// The name or address of a target.
    #[arg(value_name = "TARGET", add = complete::any())]
    pub target: String,
    /// Who decides.
    #[command(flatten)]
    pub deciding: DecidingArgs,
}

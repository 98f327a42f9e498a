//! What `affected` takes.

use clap::{Args, ValueHint};

/// What `affected` takes.
#[derive(Clone, Debug, Args)]
pub struct AffectedArgs {
    /// The git revision to compare with, such as `HEAD`, `origin/main` or `v1.2`.
    #[arg(long, value_name = "REV", value_hint = ValueHint::Other)]
    pub since: String,
}

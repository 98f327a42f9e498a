//! What `query` takes.

use clap::Args;

use crate::shell::complete;

/// What `query` takes.
#[derive(Clone, Debug, Args)]
pub struct QueryArgs {
    /// The question, such as `deps(ship) - deps(app)`.
    #[arg(value_name = "EXPR", add = complete::question())]
    pub expression: String,
}

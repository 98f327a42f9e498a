//! What was typed, and how orket ends.
//!
//! Start from [`Cli`] for the one and from [`Exit`] for the other.

mod args;
mod complete;
mod crash;
mod dispatch;
pub mod exit;
mod man;

pub use args::{
    AffectedArgs, BuildArgs, CacheCommand, ChurnArgs, ChurnFormat, Cli, Color, Command, CompletionsArgs, DecidingArgs, ExplainArgs,
    FmtArgs, GlobalArgs, GraphArgs, GraphFormat, QueryArgs, Rerun, RunArgs, RunsCommand, Ui,
};
pub use dispatch::main;
pub use exit::Exit;

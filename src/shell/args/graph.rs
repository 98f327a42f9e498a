//! What `graph` takes.

use clap::{Args, ValueEnum};

use crate::shell::complete;

/// What `graph` takes.
#[derive(Clone, Debug, Args)]
pub struct GraphArgs {
    /// Show only this target and what it needs; `imports` shows what source files import.
    #[arg(value_name = "TARGET", add = complete::any())]
    pub target: Option<String>,
    /// Of `imports`: list what could not be resolved.
    #[arg(long)]
    pub unresolved: bool,
    /// Draw it as: text, dot, mermaid, json or html; `--json` is short for `--format json`.
    #[arg(long, value_enum, default_value_t, hide_possible_values = true)]
    pub format: GraphFormat,
}

/// How a graph is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, ValueEnum)]
pub enum GraphFormat {
    /// Indented lines.
    #[default]
    Text,
    /// For Graphviz.
    Dot,
    /// For Markdown pages that draw Mermaid.
    Mermaid,
    /// For machines.
    Json,
    /// A page of its own.
    Html,
}

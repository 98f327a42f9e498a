//! What `check` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

use super::stage::StageName;
use crate::shell::complete;

/// What `check` takes.
#[derive(Clone, Debug, Args)]
pub struct CheckArgs {
    /// Gates, or epics and rocks with gates in them; none means all.
    #[arg(value_name = "GATE", add = complete::any())]
    pub gates: Vec<String>,
    /// Only gates of this stage, and those that name none.
    #[arg(long, value_name = "STAGE", value_enum)]
    pub stage: Option<StageName>,
    /// Leave out the dear half of gates that have a cheap one.
    #[arg(long)]
    pub quick: bool,
    /// Count only findings in files that differ from a revision, committed or not.
    #[arg(long, value_name = "REV", num_args = 0..=1, default_missing_value = "HEAD", require_equals = true, value_hint = ValueHint::Other)]
    pub changed: Option<String>,
    /// How to print what was found.
    #[arg(long, value_name = "FORMAT", value_enum, default_value = "text")]
    pub format: CheckFormat,
    /// Write to a file, and the text to standard error; `-` is standard output.
    #[arg(long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Let gates that are fixers write the files as they should be, before all gates judge.
    #[arg(long, conflicts_with = "update_baseline")]
    pub fix: bool,
    /// Write down today's findings as tolerated, and drop what is gone.
    #[arg(long, visible_alias = "update_baseline")]
    pub update_baseline: bool,
}

/// Formats of `check`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// Orket's own.
    Json,
    /// SARIF 2.1.0, for code hosts.
    Sarif,
    /// JUnit's XML.
    Junit,
    /// Annotations of GitHub Actions.
    Github,
    /// GitLab's code quality report.
    Gitlab,
}

//! What `churn` takes.

use std::path::PathBuf;

use clap::{Args, ValueEnum, ValueHint};

/// What `churn` takes.
#[derive(Clone, Debug, Default, Args)]
pub struct ChurnArgs {
    /// Count only what is in this folder, or this file.
    #[arg(long, value_name = "DIR", value_hint = ValueHint::AnyPath)]
    pub scope: Option<PathBuf>,
    /// Tell of the N files that were touched most; without it, text tells of 20, a page of 200, JSON of all.
    #[arg(long, value_name = "N", value_parser = positive)]
    pub top: Option<usize>,
    /// Count only what was committed since a day (`2026-01-31`), a moment, or so long ago (`90d`).
    #[arg(long, value_name = "DATE")]
    pub since: Option<String>,
    /// Count every path for itself instead of following files through renames.
    #[arg(long)]
    pub no_renames: bool,
    /// Count functions, classes and methods in the N source files that were touched most; without it, in as many as cost little.
    #[arg(long, value_name = "N")]
    pub symbols: Option<usize>,
    /// Write to this file; in a folder, to `DATE_NAME_churn.json`; `-` is standard output.
    #[arg(long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::AnyPath)]
    pub output: Option<PathBuf>,
    /// Tell it as: text, json or html; otherwise as the file's name says; `--json` is short for `--format json`.
    #[arg(long, value_enum, hide_possible_values = true)]
    pub format: Option<ChurnFormat>,
}

/// How churn is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ChurnFormat {
    /// Tables.
    Text,
    /// For machines.
    Json,
    /// A page of its own.
    Html,
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "expected a number from 1 on".to_owned())
}

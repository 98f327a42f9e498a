//! What `report` takes.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// What `report` takes.
#[derive(Clone, Debug, Args)]
pub struct ReportArgs {
    /// The run's id, or its beginning; none means the last one.
    #[arg(value_name = "RUN")]
    pub run: Option<String>,
    /// Compare it with this run.
    #[arg(long, value_name = "RUN")]
    pub compare: Option<String>,
    /// Write the page here instead of `.orket/reports/RUN.html`; `-` is standard output.
    #[arg(long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

//! What `smoke` takes.

use std::path::PathBuf;

use clap::{Args, ValueHint};

/// What `smoke` takes.
#[derive(Clone, Debug, Args)]
pub struct SmokeArgs {
    /// Run only this step, or those of this gate; may be repeated.
    #[arg(long, value_name = "STEP")]
    pub only: Vec<String>,
    /// Leave this step out, or those of this gate; may be repeated.
    #[arg(long, value_name = "STEP")]
    pub skip: Vec<String>,
    /// Write the report here; `-` is standard output.
    #[arg(long, visible_alias = "out", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
}

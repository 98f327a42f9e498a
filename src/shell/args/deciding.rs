//! How somebody decides on the command line.

use clap::Args;

/// How somebody decides on the command line.
#[derive(Clone, Debug, Default, Args)]
pub struct DecidingArgs {
    /// Choose a value for a decision, whatever its conditions say; wins over ORKET_DECISION_NAME.
    #[arg(long, value_name = "NAME=VALUE")]
    pub decide: Vec<String>,
    /// Let this strategy fill a seam, such as `planner=fifo`; `orket decisions` shows what there is.
    #[arg(long, value_name = "SEAM=NAME")]
    pub strategy: Vec<String>,
}

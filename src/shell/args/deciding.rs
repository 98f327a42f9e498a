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
    /// Let tasks touch what this sandbox policy allows: `none`, `default`, `strict`, `compose`; the same as `--strategy sandbox_policy=MODE`.
    #[arg(long, value_name = "MODE")]
    pub sandbox: Option<String>,
}

impl DecidingArgs {
    /// Returns the strategies that were chosen, each as `SEAM=NAME`.
    pub fn strategies(&self) -> Vec<String> {
        let sandbox = self.sandbox.iter().map(|mode| format!("sandbox_policy={mode}"));
        self.strategy.iter().cloned().chain(sandbox).collect()
    }
}

//! What `serve` takes.

use clap::Args;

/// What `serve` takes.
#[derive(Clone, Debug, Args)]
pub struct ServeArgs {
    /// Listen on this port of 127.0.0.1; 0 takes a free one.
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    pub port: u16,
    /// Let this strategy fill a seam, here and in builds that are started from here.
    #[arg(long, value_name = "SEAM=NAME")]
    pub strategy: Vec<String>,
}

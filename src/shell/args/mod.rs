//! What can be typed: a file a command, with its flags and what they can be.
//!
//! Start from [`Cli`]; what every command takes stands in `global`.

mod affected;
mod build;
mod cache;
mod check;
mod churn;
mod cli;
mod completions;
mod deciding;
mod explain;
mod fmt;
mod global;
mod graph;
mod hooks;
mod init;
mod query;
mod report;
mod roadmap;
mod run;
mod runs;
mod serve;
mod smoke;
mod stage;
#[cfg(test)]
mod tests;
mod watch;

pub use affected::AffectedArgs;
pub use build::{BuildArgs, Rerun, Ui};
pub use cache::CacheCommand;
pub use check::{CheckArgs, CheckFormat};
pub use churn::{ChurnArgs, ChurnFormat};
pub use cli::{Cli, Command};
pub use completions::CompletionsArgs;
pub use deciding::DecidingArgs;
pub use explain::ExplainArgs;
pub use fmt::FmtArgs;
pub use global::{Color, GlobalArgs};
pub use graph::{GraphArgs, GraphFormat};
pub use hooks::HooksCommand;
pub use init::{CiHost, InitArgs, InitCommand};
pub use query::QueryArgs;
pub use report::ReportArgs;
pub use roadmap::{RoadmapCheckArgs, RoadmapCommand};
pub use run::RunArgs;
pub use runs::RunsCommand;
pub use serve::ServeArgs;
pub use smoke::SmokeArgs;
pub use stage::StageName;
pub use watch::WatchArgs;

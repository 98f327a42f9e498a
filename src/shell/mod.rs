//! What passes between orket and the shell: words and flags, completions, exit codes.
//!
//! Start from [`Cli`] for what can be typed, from [`Exit`] for how orket ends.

mod args;
pub mod complete;
pub mod exit;

pub use args::{
    AffectedArgs, BuildArgs, CacheCommand, CheckArgs, CheckFormat, ChurnArgs, ChurnFormat, CiHost, Cli, Color, Command, CompletionsArgs,
    DecidingArgs, ExplainArgs, FmtArgs, GlobalArgs, GraphArgs, GraphFormat, HooksCommand, InitArgs, InitCommand, QueryArgs, ReportArgs,
    Rerun, RoadmapCheckArgs, RoadmapCommand, RunArgs, RunsCommand, ServeArgs, SmokeArgs, StageName, Ui, WatchArgs,
};
pub use exit::Exit;

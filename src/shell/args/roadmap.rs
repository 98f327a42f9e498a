//! What `roadmap` takes.

use clap::{Args, Subcommand};

/// Commands of `roadmap`.
#[derive(Clone, Debug, Subcommand)]
pub enum RoadmapCommand {
    /// Run the claims.
    Check(RoadmapCheckArgs),
    /// List claims, and items with where they stand; nothing is run.
    List,
    /// Begin to work on an item: a note in the handoff file becomes active.
    Start {
        /// The item's id, such as `SHOP-12`.
        #[arg(value_name = "ITEM")]
        item: String,
    },
    /// Say that an item is done: it leaves the roadmap, and the changelog names it.
    Done {
        /// The item's id, such as `SHOP-12`.
        #[arg(value_name = "ITEM")]
        item: String,
    },
}

/// What `roadmap check` takes.
#[derive(Clone, Debug, Args)]
pub struct RoadmapCheckArgs {
    /// Write the numbers of today into the documents; nothing is taken from a command that failed.
    #[arg(long)]
    pub update: bool,
    /// Check only paths and quick commands.
    #[arg(long)]
    pub quick: bool,
    /// Items that left the roadmap since `HEAD` left this revision have to be in the changelog; without it, since the last commit.
    #[arg(long, value_name = "REV")]
    pub since: Option<String>,
}

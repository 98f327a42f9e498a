//! What `hooks` takes.

use clap::Subcommand;

use super::stage::StageName;

/// What can be done with git's hooks.
#[derive(Clone, Debug, Subcommand)]
pub enum HooksCommand {
    /// Write the hooks `pre-commit`, `pre-merge-commit` and `pre-push`; hooks that are there run first.
    Install,
    /// Take these hooks away, and put those back that were there before.
    Uninstall,
    /// Check the index as a whole, manifest included, by the gates of a stage; `pre_push` checks the commits that git names on standard input.
    Run {
        /// The stage.
        #[arg(value_name = "STAGE", value_enum)]
        stage: StageName,
        /// Let fixers find, and mend nothing.
        #[arg(long)]
        no_fix: bool,
    },
}

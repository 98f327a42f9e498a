//! The stages at which gates run.

use clap::ValueEnum;

/// When gates run.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum StageName {
    /// Before a commit.
    #[value(name = "pre_commit", alias = "pre-commit")]
    PreCommit,
    /// Before a push.
    #[value(name = "pre_push", alias = "pre-push")]
    PrePush,
    /// In continuous integration.
    Ci,
}

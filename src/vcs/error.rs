//! Why a history cannot be read.

use std::io;
use std::path::PathBuf;

/// Why a history cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum VcsError {
    /// There is no git program.
    #[error("`git` is not to be found in PATH; history is read through it\nhint: install git, version 2.31 or later")]
    NoGit,
    /// There is no such folder.
    #[error("there is no folder `{}`", .0.display())]
    NoFolder(PathBuf),
    /// The folder stands in no repository.
    #[error("`{}` stands in no git repository; history is read from one\nhint: name a folder of a checkout with `-C DIR`", .0.display())]
    NoRepository(PathBuf),
    /// No commit bears the name.
    #[error("there is no revision `{name}` in this repository{hint}")]
    NoRevision {
        /// As it was typed.
        name: String,
        /// What may have been meant, or why it is not there; empty, or begins with what separates it.
        hint: String,
    },
    /// The commit that is checked out is not in the repository.
    #[error(
        "`HEAD` is the commit {0}, and that is not in the repository\nhint: `git fsck` says what else is missing; another clone has it"
    )]
    NoHead(String),
    /// A revision and `HEAD` have no commit in common.
    #[error("`{name}` and `HEAD` have no commit in common{hint}")]
    Apart {
        /// As it was typed.
        name: String,
        /// Why that may be; empty, or begins with what separates it.
        hint: &'static str,
    },
    /// Some of the commits since a revision are not in this clone.
    #[error("this clone holds only a part of what was committed since `{name}`{hint}")]
    CutOff {
        /// As it was typed.
        name: String,
        /// What to do; begins with what separates it.
        hint: &'static str,
    },
    /// The repository belongs to somebody else, and git does not trust it.
    #[error("git refuses to read this repository: {0}")]
    Distrusted(String),
    /// Some of the history's files are not on this machine.
    #[error(
        "files of the history are not on this machine, as in a partial clone, and orket fetches nothing: {0}\nhint: `git fetch --refetch --no-filter` gets them"
    )]
    Partial(String),
    /// Git says no, in its own words.
    #[error("git cannot read the history: {0}")]
    Refused(String),
    /// The path leads out of the repository.
    #[error("`{0}` is outside the repository `{path}`", path = .1.display())]
    Outside(String, PathBuf),
    /// A repository without a work tree.
    #[error("`{}` is a repository without a work tree: nothing is committed from it", .0.display())]
    Bare(PathBuf),
    /// A merge left files of which nobody has said yet what they are.
    #[error("the index holds files in conflict: {}\nhint: settle them, and `git add` what you settled", .0.join(", "))]
    Conflict(Vec<String>),
    /// Git printed something that it never should.
    #[error("git printed something unexpected: {0}")]
    Strange(String),
    /// Reading failed.
    #[error("cannot read from git: {0}")]
    Unreadable(#[from] io::Error),
}

impl VcsError {
    /// Makes an error of what git complained of.
    pub(super) fn refused(words: String) -> VcsError {
        if words.contains("dubious ownership") {
            VcsError::Distrusted(words)
        } else if words.contains("lazy fetching disabled")
            || words.contains("promisor remote")
            || words.contains("transport 'file' not allowed")
        {
            VcsError::Partial(words.lines().next().unwrap_or_default().to_owned())
        } else {
            VcsError::Refused(if words.is_empty() { String::from("it ended without a word") } else { words })
        }
    }
}

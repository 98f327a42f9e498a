//! What is told of changes in a tree, and of which files nothing is told.

use std::collections::BTreeSet;
use std::sync::Arc;

use notify::Event;

use crate::base::RelPath;

/// What has changed.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Files, links and folders that came, went, or are not what they were, under all names that links give them.
    pub paths: BTreeSet<RelPath>,
    /// Folders in which more may have changed than was told.
    pub folders: BTreeSet<RelPath>,
}

impl Changes {
    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.folders.is_empty()
    }

    /// Adds what else has changed.
    pub fn add(&mut self, other: Changes) {
        self.paths.extend(other.paths);
        self.folders.extend(other.folders);
    }
}

/// Tells which files and folders are not looked at.
pub type PassedOver = Arc<dyn Fn(&RelPath) -> bool + Send + Sync>;

/// Something that was told; see [`Watch::take`](super::Watch::take).
pub enum Told {
    /// By the system.
    Event(notify::Result<Event>),
    /// By looking.
    Looked(Changes),
}

/// Whether a path is git's or orket's own.
pub(super) fn own(path: &RelPath) -> bool {
    path.parts().any(|part| part == b".git" || part == b".orket")
}

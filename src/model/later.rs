//! What the manifest may say already, though this version of orket does not act on it.

use serde::{Deserialize, Serialize};

use crate::base::Place;

/// A node that was understood and that has no effect yet. Whoever runs the project says so, once for each kind.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Later {
    /// What it is.
    pub kind: LaterKind,
    /// Where it stands.
    pub place: Place,
}

/// The kinds of nodes that have no effect yet.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub enum LaterKind {
    /// `executor` of a task
    Executor,
}

impl LaterKind {
    /// Returns the node's name in the manifest.
    pub fn word(self) -> &'static str {
        match self {
            LaterKind::Executor => "executor",
        }
    }
}

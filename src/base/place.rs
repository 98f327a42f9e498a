//! Where something was written.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// A line and a column in a manifest, both counted from 1; columns count characters. Prints as `orket.kdl:LINE`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub struct Place {
    /// The manifest, relative to the root of the project.
    pub file: Arc<str>,
    /// From 1.
    pub line: u32,
    /// From 1, in characters.
    pub column: u32,
}

/// Adds nothing: what is hashed is what was declared, wherever it stands. A line put in above a task does not make it another task.
impl Hash for Place {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.file, self.line)
    }
}

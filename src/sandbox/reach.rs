//! What the commands of one task may read, write and reach.

use std::path::PathBuf;

use crate::base::RelPath;
use crate::disk::PatternSet;

/// What the commands of one task may read, write and reach. Paths are relative to the project's root; what is outside of the project can be
/// read, and `/tmp` is empty at first.
#[derive(Default)]
pub struct Reach {
    /// Files and links that can be read; sorted.
    pub files: Vec<RelPath>,
    /// Files outside of the project that are read.
    pub outside: Vec<PathBuf>,
    /// Folders in which everything can be read and written; sorted, none of them inside another.
    pub folders: Vec<RelPath>,
    /// Folders that are there from the beginning.
    pub stand: Vec<RelPath>,
    /// What else they may leave behind.
    pub writes: PatternSet,
    /// Whether they reach the network.
    pub network: bool,
}

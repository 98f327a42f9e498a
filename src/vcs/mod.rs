//! What version control knows of the tree.

mod git;

pub use git::tracks;

//! What version control knows of the tree and of its history.
//!
//! Start from [`Repository`]. Git is asked through its command line, so that nothing of the repository's configuration runs.

mod error;
mod git;
mod history;
mod kept;
mod parse;
mod repository;
mod standing;

pub use error::VcsError;
pub use git::tracks;
pub use history::{RENAME_LIMIT, SIMILARITY, Told, Wanted};
pub use repository::{Attributes, Newest, Present, Repository};
pub use standing::{branch, changed, tags};

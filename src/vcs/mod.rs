//! What version control knows of the tree and of its history.
//!
//! Start from [`Repository`] for the history, from [`Past`] for the files of one revision and what has changed since. Git is asked through its command line, so that nothing of the repository's
//! configuration runs; only the names of what it tracks ([`TrackedNames`]), the
//! files that its attributes rest on, and which program it is are looked up here.

mod attributes;
mod blobs;
mod changes;
mod earlier;
mod error;
mod excludes;
mod git;
mod history;
mod image;
mod index;
mod kept;
mod lanes;
mod mirror;
mod names;
mod newest;
mod pairs;
mod parse;
mod past;
mod program;
mod repository;
mod staged;
mod standing;
mod walk;

pub use attributes::Attributes;
pub use changes::Changes;
pub use earlier::{Earlier, earlier};
pub use error::VcsError;
pub use excludes::excludes_file;
pub use git::ELSEWHERE;
pub use history::{History, RENAME_LIMIT, SIMILARITY, Told, Wanted};
pub use mirror::{Mirror, Mirrored};
pub use names::{Tracked, TrackedNames};
pub use newest::{Newest, Present};
pub use pairs::TextPair;
pub use past::Past;
pub use repository::{Cut, Repository};
pub use staged::{Given, Scope, Staging};
pub use standing::{branch, changed, tags};

//! The small words that every other folder needs: addresses, digests, paths, globs, places, quantities, changes of files.
//!
//! Nothing here has an effect, and nothing here knows what a task is.

mod address;
mod change;
mod digest;
pub mod glob;
mod id;
pub mod image;
pub mod overlap;
mod path;
mod place;
pub mod quantity;
mod suggest;

pub use address::{Address, AddressError};
pub use change::{AuthorId, Change, Commit, FileKind, PathId, Paths, Status};
pub use digest::{Digest, Hasher};
pub use id::{FileId, TargetId};
pub use path::{PathError, RelPath, show_bytes};
pub use place::Place;
pub use suggest::did_you_mean;

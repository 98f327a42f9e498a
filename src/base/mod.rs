//! The small words that every other folder needs: addresses, digests, paths, globs, places, quantities, decimals, changes of files and symbols.
//!
//! Nothing here has an effect, and nothing here knows what a task is.

mod address;
mod change;
mod decimal;
mod digest;
pub mod glob;
mod id;
pub mod image;
pub mod overlap;
mod path;
mod place;
pub mod quantity;
mod suggest;
mod symbol;

pub use address::{Address, AddressError};
pub use change::{AuthorId, Change, Commit, FileKind, PathId, Paths, Status};
pub use decimal::Decimal;
pub use digest::{Digest, Hasher};
pub use id::{FileId, TargetId};
pub use path::{PathError, RelPath, show_bytes};
pub use place::Place;
pub use suggest::did_you_mean;
pub use symbol::{Outline, Symbol, SymbolChange, SymbolChanges, SymbolKey, SymbolKind};

//! Bytes by digest, results by action.
//!
//! Start from the two traits, [`Blobs`] and [`ActionCache`]; [`LocalStore`] keeps both in a folder that all checkouts of a user share.
//!
//! Nothing here is synced to the disk: every read is verified, so that a power cut costs a cache miss and never a wrong result.

mod entry;
mod error;
#[cfg(test)]
mod faults;
mod limit;
mod local;
mod medium;
mod row;
mod shelf;
mod sweep;

pub use error::StoreError;
pub use local::LocalStore;
pub use sweep::{Stats, Swept, Verification};

use crate::base::{Digest, RelPath};
use crate::disk::{Signature, Tree};

/// Bytes by their digest.
pub trait Blobs: Send + Sync {
    /// Whether the bytes seem to be there; reading them may still find them damaged.
    fn has(&self, digest: &Digest) -> bool;

    /// Stores bytes and returns their digest.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn put_bytes(&self, bytes: &[u8]) -> Result<Digest, StoreError>;

    /// Stores a file and returns the digest of the bytes that were stored, and the stamp they had.
    ///
    /// # Errors
    /// When the file cannot be read, does not hold still, or the store cannot be written.
    fn put_file(&self, tree: &Tree, path: &RelPath) -> Result<(Digest, Signature), StoreError>;

    /// Returns the bytes, verified; damaged ones are put aside and count as missing.
    ///
    /// # Errors
    /// When the store cannot be read for another reason than that they are not there.
    fn get_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Returns the last of the bytes, at most so many, as [`Blobs::get_bytes`] does; no more of them than that are held in memory.
    ///
    /// # Errors
    /// As [`Blobs::get_bytes`].
    fn get_end(&self, digest: &Digest, most: usize) -> Result<Option<Vec<u8>>, StoreError>;

    /// Writes the bytes, verified, to `to`, which is not there yet. `false`, and nothing at `to`, if they are missing or damaged.
    ///
    /// # Errors
    /// When the store cannot be read or the tree not written.
    fn get_file(&self, digest: &Digest, tree: &Tree, to: &RelPath, executable: bool) -> Result<bool, StoreError>;
}

/// Results by the digest of their action.
pub trait ActionCache: Send + Sync {
    /// Returns the bytes that were recorded, verified; `None` if there are none.
    ///
    /// # Errors
    /// When the store cannot be read for another reason than that nothing is there.
    fn lookup(&self, key: &Digest) -> Result<Option<Vec<u8>>, StoreError>;

    /// Records a result and which bytes it needs, over an earlier one.
    ///
    /// # Errors
    /// When the store cannot be written.
    fn record(&self, key: &Digest, payload: &[u8], blobs: &[Digest]) -> Result<(), StoreError>;
}

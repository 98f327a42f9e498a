//! What can go wrong in the store.

use std::io;
use std::path::{Path, PathBuf};

/// The store, or a file on its way into or out of it, could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {operation} `{}`: {source}", path.display())]
pub struct StoreError {
    /// What was tried.
    pub operation: &'static str,
    /// With which file.
    pub path: PathBuf,
    /// Why it failed.
    pub source: io::Error,
}

impl StoreError {
    pub(super) fn new(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StoreError {
        let path = path.to_path_buf();
        move |source| StoreError { operation, path, source }
    }
}

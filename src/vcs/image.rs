//! Files in which something is kept for the next time: behind a mark and a checksum, so that what is damaged or of another form is not there.

use std::io;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::base::Digest;
use crate::disk::write_beside;

/// Returns what was written to a file under this mark, if it is whole.
pub(super) fn read<T: DeserializeOwned>(file: &Path, mark: &[u8]) -> Option<T> {
    let bytes = std::fs::read(file).ok()?;
    let (sum, body) = bytes.strip_prefix(mark)?.split_first_chunk::<32>()?;
    (Digest::of(body).hash == *sum).then(|| postcard::from_bytes(body).ok()).flatten()
}

/// Writes a file as a whole, and the folder above it.
///
/// # Errors
/// When the disk refuses.
pub(super) fn write<T: Serialize>(file: &Path, mark: &[u8], image: &T) -> io::Result<()> {
    let body = postcard::to_stdvec(image).map_err(io::Error::other)?;
    let bytes = [mark, &Digest::of(&body).hash, &body].concat();
    std::fs::create_dir_all(file.parent().unwrap_or(file))?;
    write_beside(file, &bytes)
}

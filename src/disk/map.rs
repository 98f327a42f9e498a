//! A file mapped into memory.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use crate::base::image::Bytes;

/// Maps a file that is only ever replaced as a whole.
///
/// # Errors
/// When it is not there, is empty, or cannot be mapped.
#[expect(unsafe_code, reason = "mapping a file is unsafe by nature: another process could change it")]
pub fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    // SAFETY: orket replaces such files by renaming (`write_beside`) and never writes into one; what they hold is plain data behind a
    // checksum, so that bytes changed by somebody else are at worst noticed.
    let map = unsafe { memmap2::Mmap::map(&file) }?;
    Ok(Bytes::Mapped(Arc::new(map)))
}

/// Replaces a file as a whole: whoever has it mapped keeps the old bytes.
///
/// # Errors
/// When the disk refuses.
pub fn write_beside(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = tempfile::NamedTempFile::new_in(path.parent().unwrap_or(path))?;
    io::Write::write_all(&mut file, bytes)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

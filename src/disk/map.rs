//! A file mapped into memory.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use crate::base::image::Bytes;

/// Maps a file that is only ever replaced as a whole, or added to.
///
/// # Errors
/// When it is not there, is empty, or cannot be mapped.
#[expect(unsafe_code, reason = "mapping a file is unsafe by nature: another process could change it")]
pub fn map(path: &Path) -> io::Result<Bytes> {
    let file = File::open(path)?;
    // SAFETY: orket replaces such files by renaming (`write_beside`) or adds to their end, and never writes into one; what they hold is
    // plain data behind a checksum, so that bytes changed by somebody else are at worst noticed.
    let map = unsafe { memmap2::Mmap::map(&file) }?;
    Ok(Bytes::Mapped(Arc::new((map, file))))
}

/// Writes a file for people as a whole, never half of it, and the folders above it. What is no plain file, or stands below `/dev` or `/proc`,
/// is written to as it is.
///
/// # Errors
/// When the disk refuses.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if path == Path::new("-") || path.starts_with("/dev") || path.starts_with("/proc") {
        return create(path).and_then(|mut file| io::Write::write_all(&mut file, bytes));
    }
    // Behind a link stands what is meant.
    let path = &path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    if path.metadata().is_ok_and(|found| !found.is_file()) {
        return std::fs::write(path, bytes);
    }
    let access = path.metadata().ok().map(|found| found.permissions());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    // It is to be read by whoever may read files made here; the user's mask still counts.
    let everybody = std::fs::Permissions::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".orket-").permissions(everybody).tempfile_in(folder)?;
    io::Write::write_all(&mut file, bytes)?;
    access.map_or(Ok(()), |access| file.as_file().set_permissions(access))?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

/// Opens a file to be written from its beginning. `-`, `/dev/stdout`, `/dev/stderr` and the other names of these descriptors mean what orket
/// was started with: a log that is appended to keeps what it has.
///
/// # Errors
/// When it cannot be made.
pub fn create(path: &Path) -> io::Result<File> {
    let own = match path.to_str() {
        Some("-" | "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1") => Some(io::stdout().as_fd().try_clone_to_owned()),
        Some("/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2") => Some(io::stderr().as_fd().try_clone_to_owned()),
        _ => None,
    };
    own.map_or_else(|| File::create(path), |descriptor| descriptor.map(File::from))
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

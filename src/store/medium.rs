//! What the store does to the disk when it writes, one call a step, so that tests can let the nth one fail.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The steps of writing an entry.
pub(super) trait Medium: Send + Sync {
    /// Makes a file that was not there.
    fn create(&self, path: &Path) -> io::Result<File>;

    /// Opens a file to read it and to write at its end; makes it if it is not there.
    fn open(&self, path: &Path) -> io::Result<File>;

    /// Writes some of the bytes, and returns how many.
    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize>;

    /// Makes a file read-only: nobody may write into the store through a link or by mistake.
    fn seal(&self, file: &File) -> io::Result<()>;

    /// Moves a file over what is there.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder and those above it.
    fn folder(&self, path: &Path) -> io::Result<()>;
}

/// The disk itself.
pub(super) struct Disk;

impl Medium for Disk {
    fn create(&self, path: &Path) -> io::Result<File> {
        File::create_new(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        File::options().read(true).write(true).create(true).truncate(false).open(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        file.write(bytes)
    }

    fn seal(&self, file: &File) -> io::Result<()> {
        file.set_permissions(fs::Permissions::from_mode(0o444))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn folder(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }
}

/// Writes all bytes, however few the disk takes at a time.
pub(super) fn write_all(medium: &dyn Medium, file: &mut File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match medium.write(file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

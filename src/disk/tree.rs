//! One folder, kept open; every path is looked up from it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::{Signature, now_ns};
use crate::base::{Digest, RelPath};

/// From how many paths on it pays to ask in parallel.
const PARALLEL: usize = 512;

/// From which size on hashing a file on all processors pays.
const LARGE: u64 = 1 << 20;

/// What a name in a folder is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link.
    Link,
    /// Anything else: a pipe, a socket, a device.
    Other,
}

/// A folder. Reading follows absolute paths as they are; whatever changes something stays below the folder, also through links.
#[derive(Clone)]
pub struct Tree {
    root: Arc<PathBuf>,
    folder: Arc<OwnedFd>,
}

impl Tree {
    /// Opens a folder.
    ///
    /// # Errors
    /// When it is not there, is no folder, or may not be read.
    pub fn open(root: &Path) -> io::Result<Tree> {
        let folder = rustix::fs::open(root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Tree { root: Arc::new(root.to_path_buf()), folder: Arc::new(folder) })
    }

    /// Returns the folder as it was opened.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the stamp of what stands at `path`, of a link itself; `None` if nothing does.
    ///
    /// # Errors
    /// When the file system refuses to say.
    pub fn stat(&self, path: &RelPath) -> io::Result<Option<Signature>> {
        self.stat_at(path, AtFlags::SYMLINK_NOFOLLOW)
    }

    /// As [`Tree::stat`], but of what a link leads to.
    ///
    /// # Errors
    /// When the file system refuses to say.
    pub fn stat_follow(&self, path: &RelPath) -> io::Result<Option<Signature>> {
        self.stat_at(path, AtFlags::empty())
    }

    fn stat_at(&self, path: &RelPath, flags: AtFlags) -> io::Result<Option<Signature>> {
        match rustix::fs::statat(&*self.folder, path.as_path(), flags) {
            Ok(stat) => Ok(Some(stat.into())),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the stamps of many paths in their order; what cannot be had counts as nothing.
    pub fn stat_many(&self, paths: &[RelPath]) -> Vec<Option<Signature>> {
        let one = |path: &RelPath| self.stat(path).ok().flatten();
        if paths.len() < PARALLEL { paths.iter().map(one).collect() } else { paths.par_iter().with_min_len(64).map(one).collect() }
    }

    /// Returns the bytes of a file.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.open_file(path)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Returns where a link points.
    ///
    /// # Errors
    /// When it is no link.
    pub fn read_link(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        Ok(rustix::fs::readlinkat(&*self.folder, path.as_path(), Vec::new())?.into_bytes())
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn open_file(&self, path: &RelPath) -> io::Result<File> {
        // Without NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(File::from(rustix::fs::openat(&*self.folder, path.as_path(), flags, Mode::empty())?))
    }

    /// Returns the digest of a file and the stamp that belongs to exactly these bytes.
    ///
    /// # Errors
    /// When it cannot be read, or does not hold still for it.
    pub fn digest(&self, path: &RelPath) -> io::Result<(Digest, Signature)> {
        for _ in 0..3 {
            let mut file = self.open_file(path)?;
            let before: Signature = rustix::fs::fstat(&file)?.into();
            let digest = if before.size >= LARGE {
                let mut hasher = blake3::Hasher::new();
                hasher.update_mmap_rayon(path.under(&self.root))?;
                Digest { hash: *hasher.finalize().as_bytes(), size: hasher.count() }
            } else {
                let mut bytes = Vec::with_capacity(before.size as usize + 1);
                file.read_to_end(&mut bytes)?;
                Digest::of(&bytes)
            };
            let after: Signature = rustix::fs::fstat(&file)?.into();
            if before == after && digest.size == after.size {
                return Ok((digest, after));
            }
        }
        Err(io::Error::other("it keeps changing while it is read"))
    }

    /// Writes a file as a whole: whoever looks sees the old bytes or the new ones.
    ///
    /// # Errors
    /// When the disk refuses, or the way there leaves the tree.
    pub fn write(&self, path: &RelPath, bytes: &[u8]) -> io::Result<()> {
        let parent = path.parent().unwrap_or_else(RelPath::root);
        self.make_folder(&parent)?;
        let beside = parent.join(format!(".orket-{}-{}", std::process::id(), now_ns()).as_bytes());
        let mut file = self.create(&beside, false)?;
        file.write_all(bytes)?;
        drop(file);
        self.rename(&beside, path).inspect_err(|_| {
            let _ = self.remove(&beside);
        })
    }

    /// Makes a file that was not there, for writing.
    ///
    /// # Errors
    /// When something is there, the disk refuses, or the way there leaves the tree.
    pub fn create(&self, path: &RelPath, executable: bool) -> io::Result<File> {
        let (parent, name) = self.parent_of(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(if executable { 0o777 } else { 0o666 });
        Ok(File::from(rustix::fs::openat(&parent, name.as_path(), flags, mode)?))
    }

    /// Removes a file or link; nothing there is fine.
    ///
    /// # Errors
    /// When the disk refuses, or the way there leaves the tree.
    pub fn remove(&self, path: &RelPath) -> io::Result<()> {
        let (parent, name) = match self.parent_of(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
            found => found?,
        };
        match rustix::fs::unlinkat(&parent, name.as_path(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes an empty folder.
    ///
    /// # Errors
    /// When something is in it, the disk refuses, or the way there leaves the tree.
    pub fn remove_folder(&self, path: &RelPath) -> io::Result<()> {
        let (parent, name) = self.parent_of(path)?;
        Ok(rustix::fs::unlinkat(&parent, name.as_path(), AtFlags::REMOVEDIR)?)
    }

    /// Removes a folder and all below it; links are removed, never followed. Nothing there is fine.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove_all(&self, path: &RelPath) -> io::Result<()> {
        match std::fs::remove_dir_all(path.under(&self.root)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    /// Makes a folder and those above it; being there is fine.
    ///
    /// # Errors
    /// When the disk refuses, a file is in the way, or the way there leaves the tree.
    pub fn make_folder(&self, path: &RelPath) -> io::Result<()> {
        if path.is_root() || self.beneath(path).is_ok() {
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            self.make_folder(&parent)?;
        }
        let (parent, name) = self.parent_of(path)?;
        match rustix::fs::mkdirat(&parent, name.as_path(), Mode::from_raw_mode(0o777)) {
            Ok(()) => Ok(()),
            Err(Errno::EXIST) => self.beneath(path).map(drop),
            Err(error) => Err(error.into()),
        }
    }

    /// Moves a file or folder within the tree, over what is there.
    ///
    /// # Errors
    /// When the disk refuses, or one of the ways leaves the tree.
    pub fn rename(&self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let ((from_folder, from), (to_folder, to)) = (self.parent_of(from)?, self.parent_of(to)?);
        Ok(rustix::fs::renameat(&from_folder, from.as_path(), &to_folder, to.as_path())?)
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// When something is there, the disk refuses, or the way there leaves the tree.
    pub fn link(&self, path: &RelPath, target: &[u8]) -> io::Result<()> {
        use std::os::unix::ffi::OsStrExt;
        let (parent, name) = self.parent_of(path)?;
        Ok(rustix::fs::symlinkat(std::ffi::OsStr::from_bytes(target), &parent, name.as_path())?)
    }

    /// Returns the names in a folder, sorted.
    ///
    /// # Errors
    /// When it is no folder or cannot be read.
    pub fn list(&self, folder: &RelPath) -> io::Result<Vec<(Box<[u8]>, Kind)>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let opened = rustix::fs::openat(&*self.folder, folder.as_path(), flags, Mode::empty())?;
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::new(opened)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            let mut kind = entry.file_type();
            if kind == rustix::fs::FileType::Unknown
                && let Some(signature) = self.stat(&folder.join(name))?
            {
                kind = rustix::fs::FileType::from_raw_mode(signature.mode);
            }
            let kind = match kind {
                rustix::fs::FileType::RegularFile => Kind::File,
                rustix::fs::FileType::Directory => Kind::Folder,
                rustix::fs::FileType::Symlink => Kind::Link,
                _ => Kind::Other,
            };
            names.push((name.into(), kind));
        }
        names.sort_by(|one: &(Box<[u8]>, Kind), other| one.0.cmp(&other.0));
        Ok(names)
    }

    /// Opens the folder that `path` stands in, and returns the last part. No link on the way may lead out of the tree.
    fn parent_of(&self, path: &RelPath) -> io::Result<(OwnedFd, RelPath)> {
        let parent = path.parent().ok_or_else(|| io::Error::other("the root of the project cannot be replaced"))?;
        Ok((self.beneath(&parent)?, RelPath::from_normal(path.name())))
    }

    /// Opens a folder with the kernel's own promise that it stands below the root (Linux 5.6, `openat2`).
    fn beneath(&self, folder: &RelPath) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat2(self.folder.as_fd(), folder.as_path(), flags, Mode::empty(), ResolveFlags::BENEATH) {
            Ok(opened) => Ok(opened),
            Err(Errno::XDEV) => Err(io::Error::new(io::ErrorKind::PermissionDenied, "a link on the way leads out of the project")),
            Err(Errno::NOSYS) => {
                let whole = std::fs::canonicalize(folder.under(&self.root))?;
                if !whole.starts_with(std::fs::canonicalize(&*self.root)?) {
                    return Err(io::Error::new(io::ErrorKind::PermissionDenied, "a link on the way leads out of the project"));
                }
                Ok(rustix::fs::open(&whole, flags, Mode::empty())?)
            }
            Err(error) => Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    #[test]
    fn nothing_is_written_through_a_link_that_leads_out() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::os::unix::fs::symlink(outside.path(), inside.path().join("out")).unwrap();
        let tree = Tree::open(inside.path()).unwrap();
        assert_eq!(tree.write(&path("out/x"), b"x").unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        assert!(tree.make_folder(&path("out/sub")).is_err());
        assert!(tree.remove(&path("out/x")).is_err());
        assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_written_whole_digested_and_listed() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        tree.write(&path("a/b/c"), b"text").unwrap();
        assert_eq!(tree.digest(&path("a/b/c")).unwrap().0, Digest::of(b"text"));
        assert_eq!(tree.list(&path("a/b")).unwrap(), [(Box::from(&b"c"[..]), Kind::File)]);
        assert_eq!(tree.stat(&path("a/b/c/d")).unwrap(), None);
    }
}

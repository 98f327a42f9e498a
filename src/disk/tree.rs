//! One folder, kept open; every path is looked up from it.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rayon::prelude::*;
use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;

use super::Signature;
use crate::base::{Digest, RelPath};

/// From how many paths on it pays to ask in parallel.
const PARALLEL: usize = 512;

/// From how many neighbours on it pays to open their folder.
const NEIGHBOURS: usize = 4;

/// From which size on hashing a file on all processors pays.
const LARGE: u64 = 1 << 20;

/// The largest text that is looked into, in bytes: no person writes more, and a parser takes many times as much.
const TEXT: u64 = 64 << 20;

/// How much of a large file is hashed while the next piece is read, in bytes.
const PIECE: usize = 2 << 20;

/// The longest path handed to the kernel in one call, in bytes; it takes 4,095.
const LONG: usize = 4000;

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

/// A folder. Reading follows links, and absolute paths as they are; whatever changes something stays below the folder, and passes no link.
#[derive(Clone)]
pub struct Tree {
    root: Arc<PathBuf>,
    folder: Arc<OwnedFd>,
    /// A folder that no pattern looks into.
    store: Option<Arc<RelPath>>,
}

impl Tree {
    /// Opens a folder.
    ///
    /// # Errors
    /// When it is not there, is no folder, or may not be read.
    pub fn open(root: &Path) -> io::Result<Tree> {
        let folder = rustix::fs::open(root, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Tree { root: Arc::new(root.to_path_buf()), folder: Arc::new(folder), store: None })
    }

    /// Lets no pattern look into the store, should that stand in the tree.
    pub fn with_store(self, store: &Path) -> Tree {
        let below = store.strip_prefix(&*self.root).ok().and_then(|below| RelPath::parse(below.as_os_str().as_encoded_bytes()).ok());
        Tree { store: below.filter(|path| !path.is_root()).map(Arc::new), ..self }
    }

    /// Whether patterns pass over a folder and all below it: it is git's or orket's own.
    pub fn passes_over(&self, folder: &RelPath) -> bool {
        folder.parts().any(|part| part == b".git" || part == b".orket") || self.store.as_deref().is_some_and(|store| folder.is_in(store))
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
        Ok(self.stat_at(path, AtFlags::SYMLINK_NOFOLLOW)?.map(Signature::from))
    }

    /// As [`Tree::stat`], and how many names the file has.
    ///
    /// # Errors
    /// When the file system refuses to say.
    pub fn stat_names(&self, path: &RelPath) -> io::Result<Option<(Signature, i64)>> {
        Ok(self.stat_at(path, AtFlags::SYMLINK_NOFOLLOW)?.map(|stat| (Signature::from(stat), stat.st_nlink as i64)))
    }

    /// As [`Tree::stat`], but of what a link leads to.
    ///
    /// # Errors
    /// When the file system refuses to say.
    pub fn stat_follow(&self, path: &RelPath) -> io::Result<Option<Signature>> {
        Ok(self.stat_at(path, AtFlags::empty())?.map(Signature::from))
    }

    fn stat_at(&self, path: &RelPath, flags: AtFlags) -> io::Result<Option<Stat>> {
        let found = if path.as_bytes().len() <= LONG {
            rustix::fs::statat(self.folder(), path.as_path(), flags)
        } else {
            match self.near(path) {
                Ok((near, rest)) => rustix::fs::statat(near.as_ref().map_or(self.folder(), AsFd::as_fd), rest.as_path(), flags),
                Err(error) => Err(Errno::from_io_error(&error).unwrap_or(Errno::IO)),
            }
        };
        match found {
            Ok(stat) => Ok(Some(stat)),
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the stamps of many paths, each in normal form, in their order; what cannot be had counts as nothing.
    ///
    /// Neighbours in one folder are asked for relative to it, so that sorted paths cost one look on their common way.
    pub fn stat_many(&self, paths: &[&[u8]]) -> Vec<Option<Signature>> {
        self.stat_each(paths.len(), |index| paths[index], |_, stamp, _| stamp)
    }

    /// Returns what `of` says of each of `count` paths, of its stamp and how many names it has: so little is held of very many. As
    /// [`Tree::stat_many`] in all else.
    pub fn stat_each<'p, T: Clone + Default + Send>(
        &self,
        count: usize,
        path: impl Fn(usize) -> &'p [u8] + Sync,
        of: impl Fn(usize, Option<Signature>, u64) -> T + Sync,
    ) -> Vec<T> {
        let mut found = vec![T::default(); count];
        let row = |start: usize, row: &mut [T]| {
            self.stat_row(start..start + row.len(), &path, |index, stat| {
                row[index - start] = of(index, stat.map(Signature::from), stat.map_or(0, |stat| stat.st_nlink));
            });
        };
        if count < PARALLEL {
            row(0, &mut found);
        } else {
            let size = PARALLEL / 2;
            found.par_chunks_mut(size).enumerate().for_each(|(chunk, one)| row(chunk * size, one));
        }
        found
    }

    fn stat_row<'p>(&self, paths: Range<usize>, path: &impl Fn(usize) -> &'p [u8], mut each: impl FnMut(usize, Option<Stat>)) {
        let parent = |path: &[u8]| path.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        let mut start = paths.start;
        while start < paths.end {
            let first = path(start);
            let folder = &first[..parent(first)];
            let is_near = |path: &[u8]| path.len() <= LONG && path[..parent(path)] == *folder;
            let end = (start + 1..paths.end).find(|index| !is_near(path(*index))).unwrap_or(paths.end);
            let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
            let near = match folder.is_empty() || end - start < NEIGHBOURS || first.len() > LONG {
                true => None,
                false => rustix::fs::openat(self.folder(), folder, flags, Mode::empty()).ok(),
            };
            for index in start..end {
                let path = path(index);
                let stat = match &near {
                    Some(near) => rustix::fs::statat(near, &path[folder.len() + 1..], AtFlags::SYMLINK_NOFOLLOW).ok(),
                    None if path.is_empty() || path.len() > LONG => {
                        self.stat_at(&RelPath::from_normal(path), AtFlags::SYMLINK_NOFOLLOW).ok().flatten()
                    }
                    None => rustix::fs::statat(self.folder(), path, AtFlags::SYMLINK_NOFOLLOW).ok(),
                };
                each(index, stat);
            }
            start = end;
        }
    }

    /// Returns the bytes of a file.
    ///
    /// # Errors
    /// When it is not there or cannot be read, or never ends, as a device.
    pub fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        self.read_within(path, u64::MAX)
    }

    /// Returns the bytes of a file that is a text for people or parsers.
    ///
    /// # Errors
    /// As [`Tree::read`]; and when it has more than 64 MiB, as [`io::ErrorKind::FileTooLarge`].
    pub fn read_text(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        self.read_within(path, TEXT)
    }

    fn read_within(&self, path: &RelPath, most: u64) -> io::Result<Vec<u8>> {
        let mut file = self.open_file(path)?;
        let there = Signature::from(rustix::fs::fstat(&file)?);
        if !there.is_file() && file.read(&mut [0])? > 0 {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
        }
        let too_large = || io::Error::new(io::ErrorKind::FileTooLarge, format!("it is larger than {} MiB", most >> 20));
        if there.size > most {
            return Err(too_large());
        }
        let mut bytes = Vec::with_capacity(if there.is_file() { there.size as usize + 1 } else { 0 });
        Read::take(&mut file, most.saturating_add(1)).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > most { Err(too_large()) } else { Ok(bytes) }
    }

    /// Returns where a link points.
    ///
    /// # Errors
    /// When it is no link.
    pub fn read_link(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        let (near, rest) = self.near(path)?;
        let near = near.as_ref().map_or(self.folder(), AsFd::as_fd);
        Ok(rustix::fs::readlinkat(near, rest.as_path(), Vec::new())?.into_bytes())
    }

    /// Opens a file for reading.
    ///
    /// # Errors
    /// When it is not there or cannot be read.
    pub fn open_file(&self, path: &RelPath) -> io::Result<File> {
        // Without NONBLOCK, opening a pipe that nobody writes to would wait for ever.
        let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK;
        Ok(File::from(self.open_at(path, flags)?))
    }

    /// Returns the digest of a file and the stamp that belongs to exactly these bytes.
    ///
    /// # Errors
    /// When it cannot be read, does not hold still for it, or never ends, as a device.
    pub fn digest(&self, path: &RelPath) -> io::Result<(Digest, Signature)> {
        self.read_steady(path).map(|(_, digest, signature)| (digest, signature))
    }

    /// As [`Tree::digest`], with the bytes themselves if they are few (below 1 MiB): whoever needs both reads once.
    ///
    /// # Errors
    /// As [`Tree::digest`].
    pub fn read_steady(&self, path: &RelPath) -> io::Result<(Option<Vec<u8>>, Digest, Signature)> {
        for _ in 0..3 {
            let mut file = self.open_file(path)?;
            let before: Signature = rustix::fs::fstat(&file)?.into();
            if !before.is_file() && file.read(&mut [0])? > 0 {
                return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file"));
            }
            let (bytes, digest) = if before.size >= LARGE {
                (None, digest_large(&mut file)?)
            } else {
                let mut bytes = Vec::with_capacity(before.size as usize + 1);
                Read::take(&mut file, LARGE).read_to_end(&mut bytes)?;
                let digest = Digest::of(&bytes);
                (Some(bytes), digest)
            };
            let after: Signature = rustix::fs::fstat(&file)?.into();
            if before == after && digest.size == after.size {
                return Ok((bytes, digest, after));
            }
        }
        Err(io::Error::other("it keeps changing while it is read"))
    }

    /// Makes a file that was not there, for writing.
    ///
    /// # Errors
    /// When something is there, the disk refuses, or a link stands on the way.
    pub fn create(&self, path: &RelPath, executable: bool) -> io::Result<File> {
        let (parent, name) = self.parent_of(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::CLOEXEC;
        let mode = Mode::from_raw_mode(if executable { 0o777 } else { 0o666 });
        Ok(File::from(rustix::fs::openat(&parent, name.as_path(), flags, mode)?))
    }

    /// Removes a file or link; nothing there is fine.
    ///
    /// # Errors
    /// When the disk refuses, or a link stands on the way.
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
    /// When something is in it, the disk refuses, or a link stands on the way.
    pub fn remove_folder(&self, path: &RelPath) -> io::Result<()> {
        let (parent, name) = self.parent_of(path)?;
        Ok(rustix::fs::unlinkat(&parent, name.as_path(), AtFlags::REMOVEDIR)?)
    }

    /// Moves a file or folder within the tree, over what is there.
    ///
    /// # Errors
    /// When the disk refuses, or a link stands on one of the ways.
    pub fn rename(&self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let ((from_folder, from), (to_folder, to)) = (self.parent_of(from)?, self.parent_of(to)?);
        Ok(rustix::fs::renameat(&from_folder, from.as_path(), &to_folder, to.as_path())?)
    }

    /// Makes a symbolic link.
    ///
    /// # Errors
    /// When something is there, the disk refuses, or a link stands on the way.
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
        let opened = self.open_at(folder, flags)?;
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

    pub(super) fn folder(&self) -> BorrowedFd<'_> {
        self.folder.as_fd()
    }

    /// Opens folders on the way until what is left of the path is short enough for one call; `None` if it was from the start.
    /// Such long ways follow no links at all.
    pub(super) fn near(&self, path: &RelPath) -> io::Result<(Option<OwnedFd>, RelPath)> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let (mut near, mut rest) = (None::<OwnedFd>, path.as_bytes());
        while rest.len() > LONG {
            let end = rest.iter().position(|byte| *byte == b'/').ok_or(Errno::NAMETOOLONG)?;
            let from = near.as_ref().map_or(self.folder(), AsFd::as_fd);
            near = Some(rustix::fs::openat(from, &rest[..end], flags, Mode::empty())?);
            rest = &rest[end + 1..];
        }
        Ok((near, if rest.len() == path.as_bytes().len() { path.clone() } else { RelPath::from_normal(rest) }))
    }

    fn open_at(&self, path: &RelPath, flags: OFlags) -> io::Result<OwnedFd> {
        if path.as_bytes().len() <= LONG {
            return Ok(rustix::fs::openat(self.folder(), path.as_path(), flags, Mode::empty())?);
        }
        let (near, rest) = self.near(path)?;
        Ok(rustix::fs::openat(near.as_ref().map_or(self.folder(), AsFd::as_fd), rest.as_path(), flags, Mode::empty())?)
    }
}

/// Hashes what is left of a file on all processors, reading the next piece meanwhile. Not mapped: a file that is cut short while it is
/// mapped kills the reader.
fn digest_large(file: &mut File) -> io::Result<Digest> {
    let mut hasher = blake3::Hasher::new();
    let (mut full, mut next) = (Vec::with_capacity(PIECE), Vec::with_capacity(PIECE));
    Read::take(&mut *file, PIECE as u64).read_to_end(&mut full)?;
    while !full.is_empty() {
        next.clear();
        let (_, read) = rayon::join(|| hasher.update_rayon(&full).count(), || Read::take(&mut *file, PIECE as u64).read_to_end(&mut next));
        read?;
        std::mem::swap(&mut full, &mut next);
    }
    Ok(Digest { hash: *hasher.finalize().as_bytes(), size: hasher.count() })
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

    #[test]
    fn a_large_file_has_the_digest_of_its_bytes_and_a_device_has_none() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        for size in [LARGE as usize, PIECE * 2, PIECE * 2 + 1] {
            let bytes: Vec<u8> = (0..size).map(|at| (at / 7) as u8).collect();
            tree.write(&path("large"), &bytes).unwrap();
            assert_eq!(tree.digest(&path("large")).unwrap().0, Digest::of(&bytes));
        }
        std::os::unix::fs::symlink("/dev/zero", folder.path().join("endless")).unwrap();
        assert_eq!(tree.digest(&path("endless")).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }

    #[test]
    fn many_stamps_come_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        tree.write(&path("a"), b"1").unwrap();
        tree.write(&path("b"), b"22").unwrap();
        let paths: Vec<&[u8]> = [&b"a"[..], b"missing", b"b", b"a/x", b""].into_iter().cycle().take(1000).collect();
        let sizes: Vec<Option<u64>> =
            tree.stat_many(&paths).iter().map(|found| found.filter(Signature::is_file).map(|found| found.size)).collect();
        assert_eq!(sizes, [Some(1), None, Some(2), None, None].into_iter().cycle().take(1000).collect::<Vec<_>>());
        assert_eq!(tree.stat_many(&[b""])[0].map(|found| found.is_dir()), Some(true));
    }
}

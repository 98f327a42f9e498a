//! Where changes may go: below the root, whatever links stand on the way or are swapped in meanwhile.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::fs::{AtFlags, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::Tree;
use crate::base::RelPath;

/// How many folders are kept open at a time while a deep one is removed.
const DEPTH: usize = 64;

/// How often a lookup is tried again when others rename folders under it.
const TRIES: usize = 64;

impl Tree {
    /// Makes a folder and those above it; being there is fine.
    ///
    /// # Errors
    /// When the disk refuses, a file is in the way, or the way there leaves the tree.
    pub fn make_folder(&self, path: &RelPath) -> io::Result<()> {
        let mut missing = Vec::new();
        let mut folder = path.clone();
        while !folder.is_root() && self.beneath(&folder).is_err() {
            let parent = folder.parent().unwrap_or_default();
            missing.push(std::mem::replace(&mut folder, parent));
        }
        for folder in missing.iter().rev() {
            let (parent, name) = self.parent_of(folder)?;
            match rustix::fs::mkdirat(&parent, name.as_path(), Mode::from_raw_mode(0o777)) {
                Ok(()) => {}
                Err(Errno::EXIST) => self.beneath(folder).map(drop)?,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Removes a folder and all below it, or a file or link; links are removed, never followed. Nothing there is fine.
    ///
    /// # Errors
    /// When the disk refuses, the way there leaves the tree, or the path is the root.
    pub fn remove_all(&self, path: &RelPath) -> io::Result<()> {
        let (parent, name) = match self.parent_of(path) {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
            found => found?,
        };
        let Some(top) = unlink(&parent, name.as_path())? else { return Ok(()) };
        let mut moved = 0;
        loop {
            let before = moved;
            empty(&top, &top, DEPTH, &mut moved)?;
            if before == moved {
                break;
            }
        }
        remove_empty(&parent, name.as_path())
    }

    /// Lets the owner of a folder change what is in it, as a task may have forbidden; a link there is not followed.
    ///
    /// # Errors
    /// When it is no folder, or somebody else's, or the way there leaves the tree.
    pub fn unlock_folder(&self, path: &RelPath) -> io::Result<()> {
        let (parent, name) = self.parent_of(path)?;
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        unlock(&rustix::fs::openat(&parent, name.as_path(), flags, Mode::empty())?)
    }

    /// Opens the folder that `path` stands in, and returns the last part. No link on the way may lead out of the tree.
    pub(super) fn parent_of(&self, path: &RelPath) -> io::Result<(OwnedFd, RelPath)> {
        let parent = path.parent().ok_or_else(|| io::Error::other("the root of the project cannot be replaced"))?;
        Ok((self.beneath(&parent)?, RelPath::from_normal(path.name())))
    }

    /// Opens a folder with the kernel's own promise that it stands below the root (Linux 5.6, `openat2`).
    pub(super) fn beneath(&self, folder: &RelPath) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let (near, rest) = self.near(folder)?;
        let near = near.as_ref().map_or(self.folder(), AsFd::as_fd);
        for _ in 0..TRIES {
            match rustix::fs::openat2(near, rest.as_path(), flags, Mode::empty(), ResolveFlags::BENEATH) {
                Ok(opened) => return Ok(opened),
                // A folder was renamed meanwhile, so that the kernel could not tell whether a `..` in a link left the root.
                Err(Errno::AGAIN) => {}
                Err(Errno::XDEV) => return Err(outside()),
                // An old kernel, or a container that knows the call but forbids it.
                Err(Errno::NOSYS | Errno::PERM) => return self.beneath_by_parts(folder),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Errno::AGAIN.into())
    }

    /// As [`Tree::beneath`], without `openat2`: links are resolved first, then each part of what they mean is opened without following any.
    pub(super) fn beneath_by_parts(&self, folder: &RelPath) -> io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let whole = std::fs::canonicalize(folder.under(self.root()))?;
        let root = std::fs::canonicalize(self.root())?;
        let inside = whole.strip_prefix(&root).map_err(|_| outside())?;
        let mut opened = rustix::fs::openat(self.folder(), ".", flags, Mode::empty())?;
        for part in inside {
            opened = rustix::fs::openat(&opened, part, flags, Mode::empty())?;
        }
        Ok(opened)
    }
}

fn outside() -> io::Error {
    io::Error::new(io::ErrorKind::PermissionDenied, "a link on the way leads out of the project")
}

/// Removes what is no folder; a folder is opened and returned.
fn unlink(parent: impl AsFd, name: &Path) -> io::Result<Option<OwnedFd>> {
    match rustix::fs::unlinkat(&parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(None),
        Err(refused @ (Errno::ISDIR | Errno::PERM)) => {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
            match rustix::fs::openat(&parent, name, flags, Mode::empty()) {
                Ok(folder) => Ok(Some(folder)),
                Err(Errno::NOENT) => Ok(None),
                Err(Errno::NOTDIR | Errno::LOOP) => Err(refused.into()),
                Err(error) => Err(error.into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

fn unlock(folder: &OwnedFd) -> io::Result<()> {
    let mode = Mode::from_raw_mode(rustix::fs::fstat(folder)?.st_mode);
    Ok(rustix::fs::fchmod(folder, mode | Mode::RWXU)?)
}

fn remove_empty(parent: impl AsFd, name: &Path) -> io::Result<()> {
    match rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR) {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Removes all that is in `folder`. What stands too deep to be held open is moved up into `top`, and counted, to be removed in the next round.
fn empty(top: &OwnedFd, folder: &OwnedFd, depth: usize, moved: &mut u64) -> io::Result<()> {
    for entry in rustix::fs::Dir::read_from(folder)? {
        let entry = entry?;
        let bytes = entry.file_name().to_bytes();
        if bytes == b"." || bytes == b".." {
            continue;
        }
        let name = Path::new(OsStr::from_bytes(bytes));
        let inner = match unlink(folder, name) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                unlock(folder)?;
                unlink(folder, name)
            }
            unlinked => unlinked,
        };
        let Some(inner) = inner? else { continue };
        if depth == 0 {
            *moved += 1;
            let up = format!(".orket-deep-{}-{moved}", std::process::id());
            rustix::fs::renameat(folder, name, top, up.as_str())?;
        } else {
            empty(top, &inner, depth - 1, moved)?;
            remove_empty(folder, name)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    #[test]
    fn nothing_is_removed_through_a_link_that_leads_out() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(outside.path().join("sub")).unwrap();
        fs::write(outside.path().join("sub/kept"), "x").unwrap();
        symlink(outside.path(), inside.path().join("out")).unwrap();
        symlink("out", inside.path().join("chain")).unwrap();
        let tree = Tree::open(inside.path()).unwrap();
        for way in ["out/sub", "chain/sub"] {
            assert_eq!(tree.remove_all(&path(way)).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(tree.make_folder(&path(&format!("{way}/new"))).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
            assert_eq!(tree.beneath_by_parts(&path(way)).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        }
        fs::create_dir(inside.path().join("dir")).unwrap();
        symlink(outside.path(), inside.path().join("dir/link")).unwrap();
        tree.remove_all(&path("dir")).unwrap();
        tree.remove_all(&path("out")).unwrap();
        assert!(tree.remove_all(&RelPath::root()).is_err());
        assert_eq!(fs::read_to_string(outside.path().join("sub/kept")).unwrap(), "x");
        assert_eq!(tree.list(&RelPath::root()).unwrap().len(), 1);
    }

    #[test]
    fn a_link_that_stays_inside_is_a_way() {
        let inside = tempfile::tempdir().unwrap();
        fs::create_dir(inside.path().join("real")).unwrap();
        symlink("real", inside.path().join("link")).unwrap();
        let tree = Tree::open(inside.path()).unwrap();
        tree.write(&path("link/sub/a"), b"text").unwrap();
        assert_eq!(fs::read(inside.path().join("real/sub/a")).unwrap(), b"text");
        tree.beneath_by_parts(&path("link/sub")).unwrap();
    }

    #[test]
    fn folders_deeper_than_any_path_are_made_listed_and_removed() {
        let inside = tempfile::tempdir().unwrap();
        let tree = Tree::open(inside.path()).unwrap();
        let name = "n".repeat(200);
        let deep = path(&format!("top/{}", vec![name.as_str(); 80].join("/")));
        tree.write(&deep.join(b"file"), b"deep").unwrap();
        assert_eq!(tree.read(&deep.join(b"file")).unwrap(), b"deep");
        assert!(tree.stat(&deep.join(b"file")).unwrap().unwrap().is_file());
        let set = super::super::PatternSet::new(&["top/**".to_owned()], &[]).unwrap();
        assert_eq!(super::super::expand(&tree, &set).unwrap(), [deep.join(b"file")]);
        tree.remove_all(&path("top")).unwrap();
        assert_eq!(tree.list(&RelPath::root()).unwrap(), []);
    }
}

//! Moving a file to where another file system may be mounted.

use std::io::{self, ErrorKind};

use rustix::io::Errno;

use super::{Tree, now_ns};
use crate::base::RelPath;

impl Tree {
    /// As [`Tree::rename`] for a file or link, but that the two places may be on two file systems: then it is copied beside its target, read
    /// back, moved over what is there, and only then removed.
    ///
    /// # Errors
    /// As [`Tree::rename`], and when it is neither file nor link.
    pub fn transfer(&self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        match self.rename(from, to) {
            Err(error) if Errno::from_io_error(&error) == Some(Errno::XDEV) => self.carry(from, to),
            renamed => renamed,
        }
    }

    fn carry(&self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        // No pattern looks into a folder of this name, should it stay behind.
        let room = to.parent().unwrap_or_default().join(b".orket");
        let own = format!("{}-", std::process::id());
        self.make_folder(&room)?;
        // What a killed orket has left: no other one builds in this checkout now.
        for (name, _) in self.list(&room)?.into_iter().filter(|(name, _)| !name.starts_with(own.as_bytes())) {
            self.remove_all(&room.join(&name))?;
        }
        let beside = room.join(format!("{own}{}", now_ns()).as_bytes());
        let carried = self.copy(from, &beside).and_then(|()| self.rename(&beside, to)).inspect_err(|_| {
            let _ = self.remove(&beside);
        });
        // It stays while somebody else still moves something through it.
        let _ = self.remove_folder(&room);
        carried.and_then(|()| self.remove(from))
    }

    /// Copies a file or link, with its permissions and times, to where nothing is.
    ///
    /// # Errors
    /// When the disk refuses, something is there, it is neither file nor link, or it changed meanwhile.
    pub fn copy(&self, from: &RelPath, to: &RelPath) -> io::Result<()> {
        let there = self.stat(from)?.ok_or(ErrorKind::NotFound)?;
        if there.is_symlink() {
            return self.link(to, &self.read_link(from)?);
        }
        if !there.is_file() {
            return Err(io::Error::other("it is no file, and cannot be moved to another file system"));
        }
        let (mut source, mut copy) = (self.open_file(from)?, self.create(to, there.is_executable())?);
        io::copy(&mut source, &mut copy)?;
        let metadata = source.metadata()?;
        copy.set_permissions(metadata.permissions())?;
        copy.set_modified(metadata.modified()?)?;
        match self.digest(from)?.0 == self.digest(to)?.0 {
            true => Ok(()),
            false => Err(io::Error::other("it changed while it was moved")),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_file_that_is_carried_is_the_same_and_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (tree, at) = (Tree::open(folder.path()).unwrap(), |name: &str| folder.path().join(name));
        let path = |text: &str| RelPath::parse(text).unwrap();
        fs::write(at("a"), "text").unwrap();
        fs::set_permissions(at("a"), fs::Permissions::from_mode(0o750)).unwrap();
        symlink("nowhere", at("l")).unwrap();
        // What another orket has left, and what is in the way.
        fs::create_dir_all(at("d/.orket")).unwrap();
        fs::write(at("d/.orket/0-1"), "half").unwrap();
        fs::write(at("d/a"), "old").unwrap();
        let stamp = fs::metadata(at("a")).unwrap().modified().unwrap();
        tree.carry(&path("a"), &path("d/a")).unwrap();
        tree.carry(&path("l"), &path("d/l")).unwrap();
        let metadata = fs::metadata(at("d/a")).unwrap();
        assert_eq!((fs::read_to_string(at("d/a")).unwrap().as_str(), metadata.permissions().mode() & 0o777), ("text", 0o750));
        assert_eq!((metadata.modified().unwrap(), fs::read_link(at("d/l")).unwrap()), (stamp, "nowhere".into()));
        assert_eq!(tree.list(&RelPath::root()).unwrap().len(), 1);
        assert_eq!(tree.list(&path("d")).unwrap().len(), 2);
    }

    #[test]
    fn what_cannot_be_carried_stays() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        let path = |text: &str| RelPath::parse(text).unwrap();
        fs::create_dir(folder.path().join("a")).unwrap();
        assert!(tree.carry(&path("a"), &path("b")).unwrap_err().to_string().contains("no file"));
        assert_eq!(tree.carry(&path("c"), &path("b")).unwrap_err().kind(), ErrorKind::NotFound);
        assert_eq!(tree.list(&RelPath::root()).unwrap().len(), 1);
    }
}

//! Putting new bytes in the place of old ones, so that nobody sees half of them and nobody's are lost.

use std::fs::File;
use std::io::{self, Write};

use rustix::fs::{AtFlags, Gid, Mode, RenameFlags, Uid};

use super::{Signature, Tree, now_ns};
use crate::base::RelPath;

impl Tree {
    /// Writes a file as a whole: whoever looks sees the old bytes or the new ones. Owner and permissions stay as they were.
    ///
    /// # Errors
    /// When the disk refuses, or a link stands on the way.
    pub fn write(&self, path: &RelPath, bytes: &[u8]) -> io::Result<()> {
        self.make_folder(&path.parent().unwrap_or_else(RelPath::root))?;
        let (beside, mut file) = self.make_beside(path)?;
        file.write_all(bytes).and_then(|()| self.rename(&beside, path)).inspect_err(|_| {
            let _ = self.remove(&beside);
        })
    }

    /// Puts `after` in the place of a file that has the bytes `before`; owner and permissions stay as they were. Returns whether it did: a
    /// file that somebody has written meanwhile stays as it is.
    ///
    /// # Errors
    /// As [`Tree::write`].
    pub fn rewrite(&self, path: &RelPath, before: &[u8], after: &[u8]) -> io::Result<bool> {
        let is_before = |path: &RelPath| self.read(path).map(|bytes| bytes == before);
        if !is_before(path)? {
            return Ok(false);
        }
        let (beside, mut file) = self.make_beside(path)?;
        let ((parent, name), (_, aside)) = (self.parent_of(path)?, self.parent_of(&beside)?);
        // The two change places, and only then is looked at what was there: between a look and a rename somebody could write.
        let swap = || rustix::fs::renameat_with(&parent, aside.as_path(), &parent, name.as_path(), RenameFlags::EXCHANGE);
        let withdraw = |_: &io::Error| drop(self.remove(&beside));
        file.write_all(after).inspect_err(withdraw)?;
        match swap() {
            Ok(()) if is_before(&beside).unwrap_or(false) => self.remove(&beside).map(|()| true),
            // What stands aside now is somebody's: it is removed only once it is back in its place.
            Ok(()) => swap().map_err(io::Error::from).and_then(|()| self.remove(&beside)).map(|()| false),
            // Not every file system can do that.
            Err(_) => match is_before(path).inspect_err(withdraw)? {
                true => self.rename(&beside, path).inspect_err(withdraw).map(|()| true),
                false => self.remove(&beside).map(|()| false),
            },
        }
    }

    /// Makes a file beside another one, to take its place, with the owner and the permissions of that one.
    fn make_beside(&self, path: &RelPath) -> io::Result<(RelPath, File)> {
        let parent = path.parent().unwrap_or_else(RelPath::root);
        let beside = parent.join(format!(".orket-{}-{}", std::process::id(), now_ns()).as_bytes());
        let file = self.create(&beside, false)?;
        let (folder, name) = self.parent_of(path)?;
        if let Ok(there) = rustix::fs::statat(&folder, name.as_path(), AtFlags::SYMLINK_NOFOLLOW)
            && Signature::from(there).is_file()
        {
            // Who may not give a file away keeps it.
            let (user, group) = (Uid::from_raw(there.st_uid), Gid::from_raw(there.st_gid));
            let _ = rustix::fs::fchown(&file, Some(user), Some(group));
            rustix::fs::fchmod(&file, Mode::from_raw_mode(there.st_mode & 0o7777)).inspect_err(|_| drop(self.remove(&beside)))?;
        }
        Ok((beside, file))
    }
}

//! What is known of files during one run: content by path, read at most once as long as nothing ran that could have changed it.

use std::io;
use std::sync::RwLock;

use rustc_hash::FxHashMap;

use crate::action::Content;
use crate::base::RelPath;
use crate::disk::{self, Signature, Tree};
use crate::record::Known;

/// The content of files by path. Knowledge from earlier runs is trusted where the signature says so.
#[derive(Default)]
pub struct Files {
    seen: RwLock<FxHashMap<RelPath, (Content, Signature)>>,
    learned: RwLock<Vec<(RelPath, Known)>>,
}

impl Files {
    /// Returns what stands at `path` now. `remembered` is what an earlier run knew of it.
    ///
    /// A folder counts as missing: only files and links are content.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn content(&self, tree: &Tree, path: &RelPath, remembered: Option<Known>) -> io::Result<Content> {
        if let Some((content, _)) = self.seen.read().expect("no holder panics").get(path) {
            return Ok(content.clone());
        }
        self.look(tree, path, remembered)
    }

    /// As [`Files::content`], but looks at the disk again.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn look(&self, tree: &Tree, path: &RelPath, remembered: Option<Known>) -> io::Result<Content> {
        let Some(signature) = tree.stat(path)? else {
            return Ok(self.keep(path, Content::Missing, Signature::default()));
        };
        if signature.is_symlink() {
            let settled = signature.settled_at(disk::now_ns());
            let target = tree.read_link(path)?;
            return Ok(self.keep(path, Content::Link(target), if settled { signature } else { Signature::default() }));
        }
        if !signature.is_file() {
            return Ok(self.keep(path, Content::Missing, Signature::default()));
        }
        let before = self.seen.read().expect("no holder panics").get(path).cloned();
        if let Some((content, known)) = before
            && known == signature
        {
            return Ok(content);
        }
        let executable = signature.is_executable();
        if let Some(known) = remembered
            && known.signature == signature
        {
            return Ok(self.keep(path, Content::File { digest: known.digest, executable }, signature));
        }
        let began = disk::now_ns();
        let (digest, signature) = tree.digest(path)?;
        let content = Content::File { digest, executable: signature.is_executable() };
        self.learn(path, &content, signature, began);
        Ok(content)
    }

    /// Takes over what is known to stand at `path` since `hashed_at`, in nanoseconds since 1970.
    pub fn learn(&self, path: &RelPath, content: &Content, signature: Signature, hashed_at: i64) {
        if let Content::File { digest, executable } = content {
            let settled = signature.settled_at(hashed_at);
            let known =
                Known { digest: *digest, signature: if settled { signature } else { Signature::default() }, executable: *executable };
            self.learned.write().expect("no holder panics").push((path.clone(), known));
            self.keep(path, content.clone(), if settled { signature } else { Signature::default() });
        }
    }

    /// Returns the stamp under which `content` was found at `path` in this run (inside: `None` where nothing is); `None` if something else is
    /// known of it, or the stamp may still be given to other bytes.
    pub fn stamp(&self, path: &RelPath, content: &Content) -> Option<Option<Signature>> {
        match self.seen.read().expect("no holder panics").get(path) {
            Some((Content::Missing, _)) if *content == Content::Missing => Some(None),
            Some((known, signature)) if known == content && *signature != Signature::default() => Some(Some(*signature)),
            _ => None,
        }
    }

    /// Forgets what stands at `path`.
    pub fn forget(&self, path: &RelPath) {
        self.seen.write().expect("no holder panics").remove(path);
    }

    /// Hands out what was learned since the last call, to be remembered.
    pub fn take_learned(&self) -> Vec<(RelPath, Known)> {
        std::mem::take(&mut *self.learned.write().expect("no holder panics"))
    }

    fn keep(&self, path: &RelPath, content: Content, signature: Signature) -> Content {
        self.seen.write().expect("no holder panics").insert(path.clone(), (content.clone(), signature));
        content
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_that_other_bytes_may_get_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        let path = RelPath::parse("new").unwrap();
        tree.write(&path, b"bytes").unwrap();
        let files = Files::default();
        let content = files.look(&tree, &path, None).unwrap();
        assert_eq!(files.stamp(&path, &content), None);
        let gone = RelPath::parse("gone").unwrap();
        assert_eq!(files.look(&tree, &gone, None).unwrap(), Content::Missing);
        assert_eq!(files.stamp(&gone, &Content::Missing), Some(None));
    }
}

//! What version control says of one commit: who, when, and what of which file.

use std::sync::Arc;

use rustc_hash::FxHashMap;

/// A path of the history, as an index into [`Paths`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct PathId(pub u32);

/// An author, as an index into [`Paths`] of names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AuthorId(pub u32);

/// Byte strings, each held once: all paths of a history, or all names of its authors.
#[derive(Clone, Debug, Default)]
pub struct Paths {
    ids: FxHashMap<Arc<[u8]>, u32>,
    all: Vec<Arc<[u8]>>,
}

impl Paths {
    /// Returns the index of these bytes, which are remembered.
    pub fn id(&mut self, bytes: &[u8]) -> u32 {
        if let Some(id) = self.ids.get(bytes) {
            return *id;
        }
        let (id, held) = (self.all.len() as u32, Arc::<[u8]>::from(bytes));
        self.all.push(held.clone());
        self.ids.insert(held, id);
        id
    }

    /// Returns the index of these bytes if they are known.
    pub fn find(&self, bytes: &[u8]) -> Option<u32> {
        self.ids.get(bytes).copied()
    }

    /// Returns the bytes with this index; nothing for one that was never handed out.
    pub fn bytes(&self, id: u32) -> &[u8] {
        self.all.get(id as usize).map_or(&[], |bytes| bytes)
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns all of them, by index.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.all.iter().map(|bytes| &**bytes)
    }
}

/// What happened to a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// It came to be.
    Added,
    /// Its text, its mode or its type changed.
    Changed,
    /// It went.
    Deleted,
    /// It came from another path; see [`Change::from`].
    Renamed,
}

/// What a file is, as its mode says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum FileKind {
    /// A regular file.
    File,
    /// A symbolic link, whose text is where it leads.
    Link,
    /// A commit of another repository.
    Submodule,
}

/// What one commit did to one file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Change {
    /// The file's path behind the commit; before it, if it was deleted.
    pub path: PathId,
    /// The path before the commit, where it was renamed.
    pub from: Option<PathId>,
    /// What happened.
    pub status: Status,
    /// What it is.
    pub kind: FileKind,
    /// Lines added and deleted; `None` for a binary file.
    pub lines: Option<(u32, u32)>,
}

/// One commit.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// Its id, in bytes.
    pub id: &'a [u8],
    /// Its author, after the mail map.
    pub author: AuthorId,
    /// When it was committed, in seconds since 1970.
    pub at: i64,
    /// What it did, each file once.
    pub changes: &'a [Change],
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_held_once() {
        let mut paths = Paths::default();
        assert_eq!([paths.id(b"a"), paths.id(b"\xff"), paths.id(b"a")], [0, 1, 0]);
        assert_eq!((paths.len(), paths.bytes(1), paths.bytes(9)), (2, &b"\xff"[..], &b""[..]));
        assert_eq!((paths.find(b"a"), paths.find(b"b")), (Some(0), None));
    }
}

//! History that was read before, kept by the ids of commits.
//!
//! A commit never changes, so that what it did is read once; which commits there are is asked anew each time. What is kept stands behind
//! a checksum and a stamp of all else that it depends on: where one of them is off, history is read again.

use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::attributes::Answers;
use super::parse::Id;
use super::walk::Walk;
use super::{Repository, VcsError, image};
use crate::base::{Change, FileKind, PathId, Paths, Status};

/// What a file of kept history begins with; the number rises with its form.
const MARK: &[u8] = b"orket history 4\n";

/// How many commits that are no longer in the history are kept without a thought.
const SPARE: u64 = 10_000;

/// Kept history; empty where there is none.
pub(super) struct Kept {
    file: Option<PathBuf>,
    stamp: [u8; 32],
    ids: FxHashMap<Id, (u32, u32)>,
    changes: Vec<Change>,
    /// What the names of authors depend on; nothing where that cannot be told.
    people: Option<[u8; 32]>,
    order: Option<Order>,
    added: bool,
}

/// All commits behind one, with their authors, as far as the names of those hold.
#[derive(Serialize, Deserialize)]
struct Order {
    people: [u8; 32],
    authors: Vec<Vec<u8>>,
    walk: Walk,
}

/// What stands in the file.
#[derive(Serialize, Deserialize)]
struct Image {
    stamp: [u8; 32],
    attributes: Answers,
    paths: Vec<Vec<u8>>,
    commits: Vec<(Vec<u8>, u32)>,
    changes: Vec<(u32, u32, u8, u32, u32)>,
    order: Option<Order>,
}

impl Kept {
    /// Remembers nothing.
    pub(super) fn nowhere() -> Kept {
        Kept { file: None, stamp: [0; 32], ids: FxHashMap::default(), changes: Vec::new(), people: None, order: None, added: false }
    }

    /// Reads what is kept in a file; its paths become the first ones of `paths`, which has to be empty.
    pub(super) fn open(file: &Path, repository: &Repository, renames: bool, paths: &mut Paths) -> Result<Kept, VcsError> {
        let (stamp, people) = repository.stamp(renames)?;
        let mut kept = Kept { file: Some(file.to_path_buf()), stamp, people, ..Kept::nowhere() };
        let Some(image) = image::read::<Image>(file, MARK).filter(|image| image.stamp == stamp) else { return Ok(kept) };
        let mut known = Paths::default();
        for path in &image.paths {
            known.id(path);
        }
        let count = known.len() as u32;
        let sound = count as usize == image.paths.len()
            && image.changes.iter().all(|change| change.0 < count && change.1 <= count)
            && image.commits.iter().map(|commit| u64::from(commit.1)).sum::<u64>() == image.changes.len() as u64;
        if !sound {
            return Ok(kept);
        }
        repository.recall(&image.attributes, &image.paths);
        let attributes = repository.answers(known.iter())?;
        if !attributes.compare_as(&image.attributes) {
            return Ok(kept);
        }
        let mut start = 0;
        for (id, count) in image.commits {
            kept.ids.insert(id.into(), (start, count));
            start += count;
        }
        kept.changes = image.changes.iter().map(unpack).collect();
        kept.order = image.order;
        *paths = known;
        Ok(kept)
    }

    /// Whether what is read should be remembered.
    pub(super) fn keeps(&self) -> bool {
        self.file.is_some()
    }

    /// Returns a digest of all that changes depend on beside commits.
    pub(super) fn stamp(&self) -> [u8; 32] {
        self.stamp
    }

    /// Returns the walk that is kept, if it still holds; its authors become the first ones of `authors`, which has to be empty.
    pub(super) fn take_walk(&mut self, authors: &mut Paths) -> Option<Walk> {
        let order = self.order.take().filter(|order| Some(order.people) == self.people && order.walk.is_sound(order.authors.len()))?;
        for author in &order.authors {
            authors.id(author);
        }
        Some(order.walk)
    }

    /// Keeps a walk, whose authors are among these. It is worth writing where it is `new`.
    pub(super) fn keep_walk(&mut self, walk: Walk, authors: &Paths, new: bool) {
        let Some(people) = self.people else { return };
        self.order = Some(Order { people, authors: authors.iter().map(<[u8]>::to_vec).collect(), walk });
        self.added |= new;
    }

    /// Returns what a commit did, if it is known.
    pub(super) fn find(&self, id: &[u8]) -> Option<&[Change]> {
        self.ids.get(id).map(|(start, count)| &self.changes[*start as usize..(*start + *count) as usize])
    }

    /// Remembers a commit.
    pub(super) fn add(&mut self, id: &Id, changes: &[Change]) {
        if self.file.is_some() && !self.ids.contains_key(id) && self.changes.len() + changes.len() < u32::MAX as usize {
            self.ids.insert(id.clone(), (self.changes.len() as u32, changes.len() as u32));
            self.changes.extend_from_slice(changes);
            self.added = true;
        }
    }

    /// Writes what was added to the file. That a disk refuses costs time alone, the next time. Where far more is kept than the `whole`
    /// history has, since it was rewritten over and over, the next reader begins anew.
    pub(super) fn save(self, repository: &Repository, paths: &Paths, whole: Option<u64>) -> Result<(), VcsError> {
        let Some(file) = self.file.filter(|_| self.added) else { return Ok(()) };
        if whole.is_some_and(|commits| self.ids.len() as u64 > SPARE + 2 * commits) {
            let _ = std::fs::remove_file(file);
            return Ok(());
        }
        let mut commits: Vec<(&Id, (u32, u32))> = self.ids.iter().map(|(id, place)| (id, *place)).collect();
        commits.sort_unstable_by_key(|(id, place)| (*place, *id));
        let image = Image {
            stamp: self.stamp,
            attributes: repository.answers(paths.iter())?,
            paths: paths.iter().map(<[u8]>::to_vec).collect(),
            commits: commits.into_iter().map(|(id, place)| (id.to_vec(), place.1)).collect(),
            changes: self.changes.iter().map(pack).collect(),
            order: self.order,
        };
        let written = image::write(&file, MARK, &image);
        tracing::debug!(file = %file.display(), good = written.is_ok(), "history was kept");
        Ok(())
    }
}

fn pack(change: &Change) -> (u32, u32, u8, u32, u32) {
    let status = match change.status {
        Status::Added => 0,
        Status::Changed => 1,
        Status::Deleted => 2,
        Status::Renamed => 3,
    };
    let kind = match change.kind {
        FileKind::File => 0,
        FileKind::Link => 4,
        FileKind::Submodule => 8,
    };
    let binary = if change.lines.is_none() { 16 } else { 0 };
    let (adds, deletes) = change.lines.unwrap_or_default();
    (change.path.0, change.from.map_or(0, |from| from.0 + 1), status | kind | binary, adds, deletes)
}

fn unpack(&(path, from, bits, adds, deletes): &(u32, u32, u8, u32, u32)) -> Change {
    Change {
        path: PathId(path),
        from: from.checked_sub(1).map(PathId),
        status: [Status::Added, Status::Changed, Status::Deleted, Status::Renamed][usize::from(bits & 3)],
        kind: match bits & 12 {
            4 => FileKind::Link,
            8 => FileKind::Submodule,
            _ => FileKind::File,
        },
        lines: (bits & 16 == 0).then_some((adds, deletes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_comes_back_as_it_was() {
        for status in [Status::Added, Status::Changed, Status::Deleted, Status::Renamed] {
            for kind in [FileKind::File, FileKind::Link, FileKind::Submodule] {
                for lines in [None, Some((0, 0)), Some((7, u32::MAX))] {
                    let from = (status == Status::Renamed).then_some(PathId(0));
                    let change = Change { path: PathId(5), from, status, kind, lines };
                    assert_eq!(unpack(&pack(&change)), change);
                }
            }
        }
    }

    #[test]
    fn a_damaged_file_is_no_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("deep/history");
        let image = Image {
            stamp: [1; 32],
            attributes: Answers::default(),
            paths: vec![b"a".to_vec()],
            commits: Vec::new(),
            changes: Vec::new(),
            order: None,
        };
        image::write(&file, MARK, &image).unwrap();
        assert_eq!(image::read::<Image>(&file, MARK).map(|image| image.paths), Some(vec![b"a".to_vec()]));
        let whole = std::fs::read(&file).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&file, &bytes).unwrap();
            assert!(image::read::<Image>(&file, MARK).is_none(), "byte {at}");
            std::fs::write(&file, &whole[..at]).unwrap();
            assert!(image::read::<Image>(&file, MARK).is_none(), "cut at {at}");
        }
    }
}

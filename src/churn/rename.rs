//! Follows files through their names.
//!
//! Commits come newest first, and so a file is known by its latest name: a rename from `a` to `b` means that whatever older commits did
//! to `a` they did to the file that is now `b`. Before a file was added, its name was another file's, if anybody's.
//!
//! Commits of branches that lie side by side come in the order of their dates. One that touches `a` and is newer than the rename, on a
//! branch that had not heard of it, is seen first: `a` is then open, a file whose beginning was not met, and belongs to `b` after all.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::{Change, PathId, Status};

/// Which file an older name means.
#[derive(Debug, Default)]
pub(super) struct Renames {
    later: FxHashMap<PathId, PathId>,
    open: FxHashSet<PathId>,
    joined: FxHashMap<PathId, PathId>,
}

impl Renames {
    /// Returns the latest name of the file that has this name in the commit that comes next.
    pub(super) fn file(&self, path: PathId) -> PathId {
        self.later.get(&path).copied().unwrap_or(path)
    }

    /// Goes past a commit. `apart` says which names may not be found to be an older name of another.
    pub(super) fn pass(&mut self, changes: &[Change], apart: impl Fn(PathId, PathId) -> bool) {
        let mut renamed = Vec::new();
        for change in changes {
            match (change.status, change.from) {
                (Status::Added, _) => {
                    self.later.remove(&change.path);
                    self.open.remove(&change.path);
                }
                (Status::Renamed, Some(from)) => renamed.push((from, change.path, self.file(change.path))),
                _ if !self.later.contains_key(&change.path) => drop(self.open.insert(change.path)),
                _ => {}
            }
        }
        for (_, path, _) in &renamed {
            self.later.remove(path);
        }
        for (from, path, file) in &renamed {
            let began_elsewhere = !renamed.iter().any(|(_, other, _)| other == from);
            if *from != *file && began_elsewhere && self.open.remove(from) && self.file(*from) == *from && !apart(*from, *file) {
                self.joined.insert(*from, *file);
            }
            self.open.remove(path);
        }
        for (from, _, file) in renamed {
            if from != file {
                self.later.insert(from, file);
            }
        }
    }

    /// Returns the file that one which [`Renames::file`] named turned out to be.
    pub(super) fn joined(&self, mut file: PathId) -> PathId {
        // Joined files make chains, never more of them than there are files; a circle cannot be, but would have no end.
        for _ in 0..=self.joined.len() {
            match self.joined.get(&file) {
                Some(next) => file = *next,
                None => break,
            }
        }
        file
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::FileKind;

    const A: PathId = PathId(0);
    const B: PathId = PathId(1);
    const C: PathId = PathId(2);

    fn change(status: Status, path: PathId) -> Change {
        Change { path, from: None, status, kind: FileKind::File, lines: Some((1, 0)) }
    }

    fn renamed(from: PathId, path: PathId) -> Change {
        Change { from: Some(from), ..change(Status::Renamed, path) }
    }

    /// Returns the file of each path in a commit older than these.
    fn after(commits: &[&[Change]]) -> (Renames, [PathId; 3]) {
        let mut renames = Renames::default();
        for commit in commits {
            renames.pass(commit, |_, _| false);
        }
        let files = [A, B, C].map(|path| renames.file(path));
        (renames, files)
    }

    #[test]
    fn a_chain_leads_to_the_latest_name() {
        assert_eq!(after(&[&[renamed(B, C)], &[renamed(A, B)]]).1, [C, B, C]);
    }

    #[test]
    fn two_that_change_places() {
        assert_eq!(after(&[&[renamed(A, B), renamed(B, A)]]).1, [B, A, C]);
    }

    #[test]
    fn before_a_file_was_added_its_name_is_another_file() {
        assert_eq!(after(&[&[renamed(A, B)], &[change(Status::Added, A)]]).1, [A, B, C]);
        let (renames, files) = after(&[&[change(Status::Changed, A)], &[change(Status::Added, A)], &[renamed(A, B)]]);
        assert_eq!((files, renames.joined(A)), ([B, B, C], A), "the new file of the old name is its own");
    }

    #[test]
    fn there_and_back() {
        assert_eq!(after(&[&[renamed(B, A)], &[renamed(A, B)]]).1, [A, B, C]);
    }

    #[test]
    fn a_branch_that_had_not_heard_of_it() {
        let (renames, files) = after(&[&[change(Status::Changed, A)], &[renamed(A, B)]]);
        assert_eq!((files[0], renames.joined(A), renames.joined(B)), (B, B, B));
        let mut kept_apart = Renames::default();
        kept_apart.pass(&[change(Status::Changed, A)], |_, _| true);
        kept_apart.pass(&[renamed(A, B)], |_, _| true);
        assert_eq!(kept_apart.joined(A), A);
    }
}

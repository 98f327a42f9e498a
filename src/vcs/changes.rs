//! What differs between a revision and the work tree.
//!
//! Only the files themselves are compared, so that it makes no difference whether a change is committed, staged or neither. Where git's index
//! vouches for a file by its stamp, the file is not read. All others are read as they are: git, which would send them through filters that a
//! repository may name, is not asked.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::index::{Entry, Tracked, tracked};
use super::{Past, VcsError};
use crate::base::RelPath;
use crate::disk::{Signature, Tree};

/// What has changed, all of it sorted. A file that was moved stands under both names; one that git ignores does not stand here unless it was
/// there at the revision.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Changes {
    /// Files and links that were added, removed, or are not what they were.
    pub paths: Vec<RelPath>,
    /// Folders with repositories of their own of which it is not known what changed in them: anything may have.
    pub folders: Vec<RelPath>,
    /// Links that are what they were, and lead to what is not.
    pub through: Vec<RelPath>,
}

impl Changes {
    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.folders.is_empty()
    }

    /// Whether a file is among what changed, or may be.
    pub fn names(&self, file: &RelPath) -> bool {
        let listed = |list: &[RelPath]| list.binary_search(file).is_ok();
        listed(&self.paths) || listed(&self.through) || self.folders.iter().any(|folder| file.is_in(folder))
    }
}

impl Past {
    /// Returns what is different in the folder now. Executes nothing of the repository's and writes nothing.
    ///
    /// # Errors
    /// When git cannot say what it tracks. What cannot be read counts as changed.
    pub fn changes(&self) -> Result<Changes, VcsError> {
        let tree = Tree::open(&self.root)?;
        let written = self.git.told(&[b"rev-parse", b"--git-path", b"index"])?;
        let written = written.strip_suffix(b"\n").unwrap_or(&written);
        let index = self.root.join(RelPath::from_normal(written).as_path());
        let look = Look {
            past: self,
            tree: &tree,
            written: std::fs::metadata(index).map_or(i64::MIN, |index| index.mtime() * 1_000_000_000 + index.mtime_nsec()),
            modes: OnceCell::new(),
        };
        let index = tracked(&self.git)?;
        let mut all: BTreeMap<&RelPath, (Option<&Entry>, Vec<&Tracked>)> = BTreeMap::new();
        for (path, entry) in &self.entries {
            all.insert(path, (Some(entry), Vec::new()));
        }
        for tracked in &index {
            all.entry(&tracked.path).or_default().1.push(tracked);
        }
        let names: Vec<&[u8]> = all.keys().map(|path| path.as_bytes()).collect();
        let mut changes = Changes::default();
        let mut links = Vec::new();
        for ((path, (then, tracked)), now) in all.iter().zip(tree.stat_many(&names)) {
            if then.is_some_and(Entry::is_repository) || tracked.iter().any(|tracked| tracked.entry.is_repository()) {
                self.inside(path, *then, tracked, &mut changes);
            } else if !look.is_same(path, *then, tracked, now) {
                changes.paths.push((*path).clone());
            } else if now.is_some_and(|now| now.is_symlink()) {
                links.push((*path).clone());
            }
        }
        self.untracked(&mut changes)?;
        changes.paths.retain(|path| path.parts().all(|part| part != b".orket"));
        changes.paths.sort();
        changes.paths.dedup();
        changes.folders.sort();
        changes.folders.dedup();
        follow(&tree, links, &mut changes);
        Ok(changes)
    }

    /// Adds what git would take if it were told to add everything.
    fn untracked(&self, changes: &mut Changes) -> Result<(), VcsError> {
        let others = self.git.told(&[b"ls-files", b"--others", b"--exclude-standard", b"-z"])?;
        for name in others.split(|byte| *byte == 0).filter(|name| !name.is_empty()) {
            match name.strip_suffix(b"/") {
                Some(folder) => changes.folders.push(RelPath::from_normal(folder)),
                None if self.has(&RelPath::from_normal(name)) => {}
                None => changes.paths.push(RelPath::from_normal(name)),
            }
        }
        Ok(())
    }

    /// Adds what changed in a repository inside this one, since the commit that it was at.
    fn inside(&self, path: &RelPath, then: Option<&Entry>, now: &[&Tracked], changes: &mut Changes) {
        let folder = path.under(&self.root);
        let then = then.filter(|then| then.is_repository());
        let there = folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) && folder.join(".git").exists();
        let hollow = !there && folder.read_dir().map_or(true, |mut inside| inside.next().is_none());
        match then {
            Some(then) if there => match inner(&folder, &then.id) {
                Ok(inner) => {
                    changes.paths.extend(inner.paths.iter().map(|inner| path.join(inner.as_bytes())));
                    changes.folders.extend(inner.folders.iter().map(|inner| path.join(inner.as_bytes())));
                    changes.through.extend(inner.through.iter().map(|inner| path.join(inner.as_bytes())));
                }
                Err(_) => changes.folders.push(path.clone()),
            },
            Some(then) if hollow && now.iter().all(|now| now.entry == *then) && !now.is_empty() => {}
            _ => changes.folders.push(path.clone()),
        }
    }
}

fn inner(folder: &Path, commit: &str) -> Result<Changes, VcsError> {
    Past::at(folder, commit)?.changes()
}

struct Look<'a> {
    past: &'a Past,
    tree: &'a Tree,
    /// When the index was, in nanoseconds since 1970.
    written: i64,
    modes: OnceCell<bool>,
}

impl Look<'_> {
    fn is_same(&self, path: &RelPath, then: Option<&Entry>, tracked: &[&Tracked], now: Option<Signature>) -> bool {
        let Some(then) = then else {
            // What was added and is gone again, or has made room for a folder, was never there.
            return now.is_none_or(|now| now.is_dir());
        };
        let known = match tracked {
            [one] if one.entry == *then => Some(one),
            _ => None,
        };
        let Some(now) = now else { return known.is_some_and(|known| known.is_skipped()) };
        if then.is_link() != now.is_symlink() || !(now.is_file() || now.is_symlink()) {
            return false;
        }
        if now.is_file() && then.is_executable() != (now.mode & 0o100 != 0) && self.modes() {
            return false;
        }
        known.is_some_and(|known| known.is_same(&now, self.written)) || self.reads_same(path, now)
    }

    fn reads_same(&self, path: &RelPath, now: Signature) -> bool {
        let bytes = if now.is_symlink() { self.tree.read_link(path) } else { self.tree.read(path) };
        matches!((bytes, self.past.read(path)), (Ok(now), Ok(then)) if now == then)
    }

    /// Whether this file system keeps who may execute a file.
    fn modes(&self) -> bool {
        let ask = || self.past.git.told(&[b"config", b"--bool", b"--get", b"core.filemode"]);
        *self.modes.get_or_init(|| ask().map_or(true, |said| said != b"false\n"))
    }
}

/// Finds the links that lead to what changed, also through other links.
fn follow(tree: &Tree, links: Vec<RelPath>, changes: &mut Changes) {
    let mut links: Vec<(RelPath, RelPath)> = links
        .into_iter()
        .filter_map(|link| {
            let target = tree.read_link(&link).ok()?;
            let inside = RelPath::from_normal(tree.root().as_os_str().as_encoded_bytes());
            let to = match target.first() {
                Some(b'/') => {
                    let whole = RelPath::from_normal(target.strip_suffix(b"/").unwrap_or(&target));
                    let rest = whole.is_in(&inside).then(|| whole.as_bytes()[inside.as_bytes().len()..].to_vec())?;
                    RelPath::parse(rest.strip_prefix(b"/").unwrap_or(&rest)).ok()?
                }
                _ => RelPath::parse_in(&link.parent().unwrap_or_else(RelPath::root), &target).ok()?,
            };
            Some((link, to))
        })
        .collect();
    loop {
        let leads = |to: &RelPath| {
            let changed = changes.paths.iter().chain(&changes.folders).chain(&changes.through);
            let mut changed = changed.filter(|path| path.is_in(to) || to.is_in(path));
            changed.next().is_some()
        };
        let (found, rest): (Vec<_>, Vec<_>) = links.into_iter().partition(|(_, to)| leads(to));
        if found.is_empty() {
            break;
        }
        changes.through.extend(found.into_iter().map(|(link, _)| link));
        links = rest;
    }
    changes.through.sort();
}

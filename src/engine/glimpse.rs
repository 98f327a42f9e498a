//! What somebody sees of a project who types and waits for a completion.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::find::{find, package};
use super::load::{Disk, current, load, mapped};
use super::{Engine, Surroundings};
use crate::base::RelPath;
use crate::disk::Tree;
use crate::graph::Graph;
use crate::manifest::Source;

/// How many bytes of manifests are read while somebody waits for a completion.
const GLIMPSE: u64 = 32 << 10;

/// What is known of a project to somebody who types and waits.
pub struct Glimpse {
    /// The targets, maybe those of an earlier manifest.
    pub graph: Graph,
    /// The package that orket was started in; empty for the root.
    pub package: String,
}

impl Engine {
    /// Returns what is quickly known of the project: the kept image of a load, or, where that is no longer current, a new load if little has
    /// to be read for it. `None` if the manifest is wrong or nothing is known.
    pub fn glimpse(surroundings: &Surroundings) -> Option<Glimpse> {
        let (root, manifest) = find(surroundings, true, GLIMPSE).ok()?;
        let tree = Tree::open(&root).ok()?;
        let kept = mapped(&root.join(".orket/graph"));
        let graph = match kept {
            Some(graph) if current(&graph, &tree, &manifest) => graph,
            kept => {
                let little = Little::new(&tree, GLIMPSE);
                match load(&little, &root, &manifest, "", None) {
                    Err(_) if little.refused.load(Ordering::Relaxed) => kept?,
                    loaded => loaded.ok()?,
                }
            }
        };
        Some(Glimpse { package: package(&graph, &root, surroundings), graph })
    }
}

/// A disk that only so much is read from.
pub(super) struct Little<'a> {
    disk: Disk<'a>,
    left: AtomicU64,
    refused: AtomicBool,
}

impl<'a> Little<'a> {
    pub(super) fn new(tree: &'a Tree, most: u64) -> Little<'a> {
        Little { disk: Disk(tree), left: AtomicU64::new(most), refused: AtomicBool::new(false) }
    }
}

impl Source for Little<'_> {
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        let size = self.disk.size(path)?;
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size));
        if taken.is_err() {
            self.refused.store(true, Ordering::Relaxed);
            return Err(io::Error::other("it is too large to be read quickly"));
        }
        self.disk.read(path)
    }

    fn size(&self, path: &RelPath) -> io::Result<u64> {
        self.disk.size(path)
    }

    fn matches(&self, patterns: &[String]) -> io::Result<Vec<RelPath>> {
        self.disk.matches(patterns)
    }
}

//! What somebody sees of a project who types and waits for a completion.

use super::find::{find, package};
use super::load::{BUILT, kept, load, mapped};
use super::manifests::Little;
use super::{Engine, Surroundings};
use crate::disk::Tree;
use crate::graph::Graph;

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
        let state = root.join(".orket");
        let graph = match kept(&state, &tree, &manifest) {
            Some((graph, _)) => graph,
            None => {
                let earlier = mapped(&state.join(BUILT));
                let little = Little::new(&tree, GLIMPSE);
                match load(&little, &root, &manifest, "", None) {
                    Err(_) if little.refused() => earlier?,
                    loaded => loaded.ok()?,
                }
            }
        };
        Some(Glimpse { package: package(&graph, &root, surroundings), graph })
    }
}

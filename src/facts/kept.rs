//! What was found of imports the last time, so that an edit of one file costs what that file imports.
//!
//! What the imports of a file lead to depends on its own facts, on the names of all files, on settings that resolvers read, and on some of the
//! facts of other files: what those are [to others](Was::to_others). Where names, settings and that are as they were, so is what was
//! found in every file whose own facts are as they were.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::import::Edge;
use super::world::{Found, World, stamp};
use super::{Known, Root};
use crate::base::{Digest, Hasher, RelPath};
use crate::disk::Signature;

/// How many bytes of checksum stand before the rest.
const SUM: usize = 8;

/// What was found below some roots, and what that rests on.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Of the names of all files.
    names: Option<Digest>,
    /// The stamps of what resolvers looked at beside the sources.
    asked: BTreeMap<RelPath, Option<Signature>>,
    /// The sources that were read for each family of languages, in the order of their paths.
    pub sources: Vec<Vec<Was>>,
    /// In its order.
    pub found: Found,
}

/// A source as it was.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Was {
    pub path: RelPath,
    /// All zero: other bytes could have got the same one.
    #[serde(with = "super::raw::one")]
    pub stamp: Signature,
    /// Of its facts, or of why there are none.
    #[serde(with = "super::raw::one")]
    pub facts: Digest,
    /// What of its facts tells where the imports of other files lead; of a file that cannot be read, nothing at all.
    #[serde(with = "serde_bytes")]
    pub to_others: Vec<u8>,
    /// The line and what is wrong there, of a file that cannot be read.
    pub wrong: Option<(u32, String)>,
}

impl Kept {
    /// Returns what was kept for these roots, if names and settings are as they were.
    pub fn read(world: &World<'_>, roots: &[Root], known: &dyn Known) -> Option<Kept> {
        let bytes = known.whole(&called(roots))?;
        let (sum, rest) = bytes.split_at_checked(SUM)?;
        let kept = if sum == xxh3_64(rest).to_le_bytes() { postcard::from_bytes::<Kept>(rest).ok()? } else { return None };
        let stands = kept.names == Some(names(world)) && kept.asked.iter().all(|(path, was)| stamp(world.tree, path) == *was);
        (stands && kept.found.is_sound()).then_some(kept)
    }

    /// Keeps it, unless something that resolvers have looked at was changed since `began`, or so shortly before that it could change
    /// under the same stamp, or that cannot be understood: that is told anew each time.
    pub fn keep(&mut self, world: &World<'_>, roots: &[Root], known: &dyn Known, began: i64) {
        if !known.is_lasting() || !world.broken().is_empty() {
            return;
        }
        self.asked.extend(world.asked());
        let settled = |stamp: &Option<Signature>| stamp.is_none_or(|stamp| stamp.settled_at(began));
        if !self.asked.values().all(settled) {
            return;
        }
        self.names = Some(names(world));
        let mut bytes = Vec::with_capacity(self.expected());
        bytes.extend_from_slice(&[0; SUM]);
        if let Ok(mut bytes) = postcard::to_extend(self, bytes) {
            let sum = xxh3_64(&bytes[SUM..]).to_le_bytes();
            bytes[..SUM].copy_from_slice(&sum);
            known.put_whole(&called(roots), bytes);
        }
    }
}

impl Kept {
    /// Returns about how many bytes it takes: making room again and again costs more than a guess.
    fn expected(&self) -> usize {
        let sources = self.sources.iter().flatten().map(|was| was.path.as_bytes().len() + was.to_others.len() + size_of::<Was>());
        let names = self.found.names.iter().map(|name| name.len() + 2);
        let files = self.found.files.iter().map(|file| file.as_bytes().len() + 2);
        let unresolved = self.found.unresolved.iter().map(|(.., name)| name.len() + 12);
        let rows = self.found.edges.len() * size_of::<Edge>() + self.found.modules.len() * 8;
        sources.chain(names).chain(files).chain(unresolved).sum::<usize>() + rows + 1024
    }
}

/// Returns the name of what is kept for some roots.
fn called(roots: &[Root]) -> String {
    let mut hasher = Hasher::new();
    hasher.piece(super::gather::VERSION).piece(env!("CARGO_PKG_VERSION").as_bytes());
    for root in roots {
        hasher.piece(root.folder.as_bytes()).piece(root.language.map_or("", |language| language.name()).as_bytes());
        hasher.piece(&postcard::to_stdvec(&root.without).unwrap_or_default());
    }
    format!("found-{}", &hasher.finish().hex()[..16])
}

/// Returns a digest of where the tree stands and of the names of its files.
fn names(world: &World<'_>) -> Digest {
    let mut hasher = Hasher::new();
    hasher.piece(world.tree.root().as_os_str().as_encoded_bytes());
    // No name has a NUL byte.
    let names: Vec<&[u8]> = world.files.iter().map(RelPath::as_bytes).collect();
    hasher.digest(&Digest::of(&names.join(&0))).finish()
}

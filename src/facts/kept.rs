//! What was found of imports the last time, so that an edit of one file costs what that file imports.
//!
//! What the imports of a file lead to depends on its own facts, on the names of all files, on settings that resolvers read, and on some of the
//! facts of other files: what those are [to others](Was::to_others). Where names, settings and that are as they were, so is what was
//! found in every file whose own facts are as they were.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::import::Edge;
use super::world::{Found, World, stamp};
use super::{Known, Root};
use crate::base::{Digest, Hasher, RelPath};
use crate::disk::Signature;

/// How many bytes of checksum stand before the rest.
const SUM: usize = 8;

/// How many sources may be edited until all is written anew.
const MANY: usize = 100;

/// What was found below some roots, and what that rests on.
#[derive(Default, Serialize, Deserialize)]
pub(super) struct Kept {
    /// Of the names of all files.
    names: Option<Digest>,
    /// The stamps of what resolvers looked at beside the sources.
    asked: BTreeMap<RelPath, Option<Signature>>,
    /// The sources that were read for each family of languages, in the order of their paths.
    pub sources: Vec<Vec<Was>>,
    /// In its order, unless it was [edited](Kept::is_edited).
    pub found: Found,
    /// The checksum of what is kept as a whole, if this differs from it in no more than some sources.
    #[serde(skip)]
    whole: Option<u64>,
    /// Which sources those are, by family and place.
    #[serde(skip)]
    edited: BTreeSet<(usize, usize)>,
}

/// Sources that were edited since all was kept: so that an edit writes no more than what it changes.
#[derive(Serialize, Deserialize)]
struct Edits {
    /// The checksum of what was kept.
    whole: u64,
    asked: BTreeMap<RelPath, Option<Signature>>,
    /// Each with its family and place.
    sources: Vec<((usize, usize), Was)>,
    /// What they import.
    found: Found,
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
    /// Whether [`MARK`](super::MARK) stands in it.
    pub marked: bool,
    /// The line and what is wrong there, of a file that cannot be read.
    pub wrong: Option<(u32, String)>,
}

impl Kept {
    /// Returns what was kept for these roots, if names and settings are as they were.
    pub fn read(world: &World<'_>, roots: &[Root], known: &dyn Known) -> Option<Kept> {
        let (sum, mut kept) = read::<Kept>(known, &called("found", roots))?;
        if kept.names != Some(world.names()) || !kept.found.is_sound() {
            return None;
        }
        kept.whole = Some(sum);
        if let Some((_, edits)) = read::<Edits>(known, &called("edits", roots)).filter(|(_, edits)| edits.whole == sum) {
            kept.edit(edits)?;
        }
        kept.asked.iter().all(|(path, was)| stamp(world.tree, path) == *was).then_some(kept)
    }

    /// Keeps it, unless something that resolvers have looked at was changed since `began`, or so shortly before that it could change
    /// under the same stamp, or that cannot be understood: that is told anew each time.
    pub fn keep(&mut self, world: &World<'_>, roots: &[Root], known: &dyn Known, began: i64) {
        if !known.is_lasting() || !world.broken().is_empty() {
            return;
        }
        self.asked = self.asked(world);
        let settled = |stamp: &Option<Signature>| stamp.is_none_or(|stamp| stamp.settled_at(began));
        if !self.asked.values().all(settled) {
            return;
        }
        self.names = Some(world.names());
        match self.edits() {
            Some(edits) => write(known, &called("edits", roots), &edits, 0),
            None => write(known, &called("found", roots), self, self.expected()),
        }
    }

    /// Returns the stamps of all that resolvers have looked at beside the sources, now or when it was found.
    pub fn asked(&self, world: &World<'_>) -> BTreeMap<RelPath, Option<Signature>> {
        self.asked.clone().into_iter().chain(world.asked()).collect()
    }

    /// Takes note that a source of a family is other than it was.
    pub fn note(&mut self, family: usize, at: usize) {
        self.edited.insert((family, at));
    }

    /// Takes note that more than some sources are other than they were.
    pub fn note_all(&mut self) {
        self.whole = None;
    }

    /// Whether sources were edited since all was kept.
    pub fn is_edited(&self) -> bool {
        !self.edited.is_empty()
    }

    fn edit(&mut self, edits: Edits) -> Option<()> {
        self.found.forget(edits.sources.iter().map(|(_, was)| &was.path));
        self.found.extend(edits.found.is_sound().then_some(&edits.found)?);
        self.asked = edits.asked;
        for ((family, at), was) in edits.sources {
            let own = self.sources.get_mut(family)?.get_mut(at).filter(|own| own.path == was.path)?;
            *own = was;
            self.note(family, at);
        }
        Some(())
    }

    /// Returns the sources that were edited, if these are few.
    fn edits(&self) -> Option<Edits> {
        let whole = self.whole.filter(|_| self.edited.len() <= MANY)?;
        let sources: Vec<_> = self.edited.iter().map(|place| (*place, self.sources[place.0][place.1].clone())).collect();
        let found = self.found.of(sources.iter().map(|(_, was)| &was.path));
        Some(Edits { whole, asked: self.asked.clone(), sources, found })
    }
}

/// Returns what was kept under a name, and its checksum.
fn read<T: DeserializeOwned>(known: &dyn Known, name: &str) -> Option<(u64, T)> {
    let bytes = known.whole(name)?;
    let (sum, rest) = (*bytes).as_ref().split_first_chunk::<SUM>()?;
    let sum = u64::from_le_bytes(*sum);
    if sum == xxh3_64(rest) { Some((sum, postcard::from_bytes(rest).ok()?)) } else { None }
}

/// Keeps something under a name; it takes about `expected` bytes.
fn write(known: &dyn Known, name: &str, one: &impl Serialize, expected: usize) {
    let mut bytes = Vec::with_capacity(expected);
    bytes.extend_from_slice(&[0; SUM]);
    if let Ok(mut bytes) = postcard::to_extend(one, bytes) {
        let sum = xxh3_64(&bytes[SUM..]).to_le_bytes();
        bytes[..SUM].copy_from_slice(&sum);
        known.put_whole(name, bytes);
    }
}

impl Kept {
    /// Returns about how many bytes it takes: making room again and again costs more than a guess.
    fn expected(&self) -> usize {
        let sources = self.sources.iter().flatten().map(|was| was.path.as_bytes().len() + was.to_others.len() + size_of::<Was>());
        let names = self.found.names.all.iter().map(|name| name.len() + 2);
        let files = self.found.files.all.iter().map(|file| file.as_bytes().len() + 2);
        let unresolved = self.found.unresolved.iter().map(|(.., name)| name.len() + 12);
        let rows = self.found.edges.len() * size_of::<Edge>() + self.found.modules.len() * 8;
        sources.chain(names).chain(files).chain(unresolved).sum::<usize>() + rows + 1024
    }
}

/// Returns the name of what is kept for some roots.
fn called(what: &str, roots: &[Root]) -> String {
    let mut hasher = Hasher::new();
    hasher.piece(super::gather::VERSION).piece(env!("CARGO_PKG_VERSION").as_bytes());
    for root in roots {
        hasher.piece(root.folder.as_bytes()).piece(root.language.map_or("", |language| language.name()).as_bytes());
        hasher.piece(&postcard::to_stdvec(&root.without).unwrap_or_default());
    }
    format!("{what}-{}", &hasher.finish().hex()[..16])
}

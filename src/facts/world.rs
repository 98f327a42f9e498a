//! The files of the tree that resolvers look among, and what they find.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::Hash;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::sync::{Mutex, OnceLock, PoisonError};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::import::Edge;
use super::syntax::{At, Extracted, Wrong};
use super::{ImportKind, Imports, Root, Unreadable, Unresolved};
use crate::base::{Digest, Hasher, RelPath};
use crate::disk::{Signature, Tree};

/// All files that are not ignored, of any kind.
pub(super) struct World<'a> {
    pub tree: &'a Tree,
    files: &'a [&'a RelPath],
    names: OnceLock<Digest>,
    has: OnceLock<FxHashSet<Box<[u8]>>>,
    roots: &'a [Root],
    above: OnceLock<Vec<RelPath>>,
    asked: Mutex<BTreeMap<RelPath, Option<Signature>>>,
    broken: Mutex<BTreeSet<Unreadable>>,
}

impl<'a> World<'a> {
    pub fn new(tree: &'a Tree, files: &'a [&'a RelPath], roots: &'a [Root]) -> World<'a> {
        let (names, has, above) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        World { tree, files, names, has, roots, above, asked: Mutex::default(), broken: Mutex::default() }
    }

    /// Returns the files, sorted.
    pub fn files(&self) -> impl Iterator<Item = &'a RelPath> + Clone + use<'a> {
        self.files.iter().copied()
    }

    /// Returns a digest of where the tree stands and of the names of its files.
    pub fn names(&self) -> Digest {
        let digested = || {
            let mut hasher = Hasher::new();
            hasher.piece(self.tree.root().as_os_str().as_encoded_bytes());
            for path in self.files {
                hasher.piece(path.as_bytes());
            }
            hasher.finish()
        };
        *self.names.get_or_init(digested)
    }

    /// Whether there is such a file; `path` in normal form.
    pub fn has(&self, path: &[u8]) -> bool {
        self.has.get_or_init(|| self.files.iter().map(|file| file.as_bytes().into()).collect()).contains(path)
    }

    /// Whether a path is that of a file, also of one that is ignored.
    pub fn is_there(&self, path: &RelPath) -> bool {
        self.ask(path).is_some_and(|found| found.is_file())
    }

    /// Returns what a text in a file of settings means that stands in a folder; what is outside of the tree is absolute.
    pub fn place(&self, folder: &RelPath, text: &str) -> Option<RelPath> {
        let text = match folder.is_outside() && !text.starts_with('/') {
            true => [folder.as_bytes(), text.as_bytes()].join(&b'/'),
            false => text.as_bytes().to_vec(),
        };
        RelPath::anywhere(self.tree.root(), folder, &text).ok()
    }

    /// Returns where a path leads, through all links.
    pub fn real(&self, path: &RelPath) -> RelPath {
        let own = || {
            let (root, whole) = (fs::canonicalize(self.tree.root()).ok()?, fs::canonicalize(path.under(self.tree.root())).ok()?);
            Some(RelPath::from_normal(whole.strip_prefix(root).unwrap_or(&whole).as_os_str().as_bytes()))
        };
        own().unwrap_or_else(|| path.clone())
    }

    /// Returns the folders above the tree that belong to the same repository, the nearest first.
    pub fn above(&self) -> &[RelPath] {
        self.above.get_or_init(|| {
            let folders = self.tree.root().ancestors();
            let count = folders.clone().position(|folder| folder.join(".git").exists()).unwrap_or(0);
            folders.skip(1).take(count).map(|folder| RelPath::from_normal(folder.as_os_str().as_bytes())).collect()
        })
    }

    /// Returns the folders whose sources are read.
    pub fn roots(&self) -> &[Root] {
        self.roots
    }

    /// Whether what stands in a file may tell where imports lead that are read.
    pub fn heeds(&self, path: &RelPath) -> bool {
        self.roots.iter().any(|root| root.heeds(path))
    }

    /// Returns the text of a file that need not be there. Of one that is not [heeded](World::heeds), `None`: what is kept
    /// would outlive it.
    pub fn text(&self, path: &RelPath) -> Option<String> {
        self.said(path, |text| Ok(text.to_owned()))?.ok()
    }

    /// Returns what a file of settings says to `read`, if it is there, or why that cannot be understood. As of [`World::text`], nothing of one
    /// that is not heeded.
    pub fn said<T>(&self, path: &RelPath, read: impl FnOnce(&str) -> Extracted<T>) -> Option<Extracted<T>> {
        if !self.heeds(path) {
            return None;
        }
        // Its stamp is older than what is read.
        self.ask(path);
        match self.tree.read(path) {
            Ok(bytes) => Some(super::syntax::text(&bytes).and_then(read)),
            // What has gone since it was listed is no file of the tree any more.
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => Some(Err(Wrong { line: 1, why: format!("it cannot be read: {error}") })),
        }
    }

    /// As [`World::said`], of settings without which it cannot be told where imports lead.
    pub fn needed<T>(&self, path: &RelPath, read: impl FnOnce(&str) -> Extracted<T>) -> Option<T> {
        self.said(path, read)?.map_err(|wrong| self.is_broken(path, wrong)).ok()
    }

    /// Takes note that settings cannot be understood without which it cannot be told where imports lead.
    pub fn is_broken(&self, path: &RelPath, wrong: Wrong) {
        let unreadable = Unreadable { file: path.clone(), line: wrong.line, why: wrong.why };
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).insert(unreadable);
    }

    /// Returns the settings that are needed and cannot be understood.
    pub fn broken(&self) -> Vec<Unreadable> {
        self.broken.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Returns what resolvers have looked at so far beside names and sources, each as it was when they did so first.
    pub fn asked(&self) -> BTreeMap<RelPath, Option<Signature>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn ask(&self, path: &RelPath) -> Option<Signature> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        *asked.entry(path.clone()).or_insert_with(|| stamp(self.tree, path))
    }
}

/// Returns the stamp of a file, behind links, if it is there.
pub(super) fn stamp(tree: &Tree, path: &RelPath) -> Option<Signature> {
    tree.stat_follow(path).ok().flatten()
}

/// A file that was read, and what it says.
pub(super) struct Source<T> {
    pub path: RelPath,
    pub facts: T,
    /// Whether it stands below a root; others were read only to understand those.
    pub wanted: bool,
    /// Whether it is to be told what it imports: it is wanted, and that is not known from before. Of others, the facts may be no more than
    /// what tells where the imports of these lead.
    pub told: bool,
}

/// Whether some file that is wanted stands in a folder.
pub(super) fn concerns<'s, T: 's>(sources: impl IntoIterator<Item = &'s Source<T>>, folder: &RelPath) -> bool {
    sources.into_iter().any(|source| source.wanted && source.path.is_in(folder))
}

/// Where an import leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Goal {
    /// To a file of the tree, and the module it is.
    File(String, RelPath),
    /// To a package from elsewhere.
    Package(String),
    /// To one that is known by its own name as well, by the name that it has here.
    Alias(String),
    /// To what comes with the language.
    Stdlib(String),
}

/// What resolvers find, edge by edge: not in order yet, and with several places of one edge.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Found {
    pub names: Numbered<Box<str>>,
    pub files: Numbered<RelPath>,
    #[serde(with = "super::raw::many")]
    pub edges: Vec<Edge>,
    /// The names and files of modules.
    pub modules: Vec<(u32, u32)>,
    /// File, line, and what is imported.
    pub unresolved: Vec<(u32, u32, Box<str>)>,
}

impl Found {
    /// Adds a module that was read.
    pub fn module(&mut self, name: &str, path: &RelPath) {
        let module = (self.name(name), self.file(path));
        self.modules.push(module);
    }

    /// Adds an edge; a module that imports itself makes none.
    pub fn edge(&mut self, from: (&str, &RelPath), goal: Goal, at: At, kind: ImportKind) {
        let (to, to_file, how) = match goal {
            Goal::File(to, file) => (to, Some(file), Edge::how(kind, false)),
            Goal::Package(to) => (to, None, Edge::how(kind, false)),
            Goal::Alias(to) => (to, None, Edge::ALIAS),
            Goal::Stdlib(to) => (to, None, Edge::how(kind, true)),
        };
        if to_file.as_ref() == Some(from.1) || (to_file.is_some() && to == from.0) {
            return;
        }
        let edge = Edge {
            from: self.name(from.0),
            to: self.name(&to),
            from_file: self.file(from.1),
            to_file: to_file.map_or(Edge::NOWHERE, |file| self.file(&file)),
            line: at.line,
            column: at.column,
            how,
        };
        self.edges.push(edge);
    }

    /// Adds what leads nowhere.
    pub fn unresolved(&mut self, file: &RelPath, at: At, name: &str) {
        let file = self.file(file);
        self.unresolved.push((file, at.line, name.into()));
    }

    /// Takes out all that was found in some files.
    pub fn forget<'f>(&mut self, files: impl IntoIterator<Item = &'f RelPath>) {
        let gone = self.marked(files);
        if gone.contains(&true) {
            self.edges.retain(|edge| !gone[edge.from_file as usize]);
            self.modules.retain(|(_, file)| !gone[*file as usize]);
            self.unresolved.retain(|(file, ..)| !gone[*file as usize]);
        }
    }

    /// Returns what was found in some files.
    pub fn of<'f>(&self, files: impl IntoIterator<Item = &'f RelPath>) -> Found {
        let meant = self.marked(files);
        let mut part = Found::default();
        part.add(self, &|file| meant[file as usize]);
        part
    }

    /// Adds what was found elsewhere.
    pub fn extend(&mut self, other: &Found) {
        self.add(other, &|_| true);
    }

    /// Adds what was found elsewhere in some files, which `meant` tells by their numbers there.
    fn add(&mut self, other: &Found, meant: &dyn Fn(u32) -> bool) {
        for edge in other.edges.iter().filter(|edge| meant(edge.from_file)) {
            let edge = Edge {
                from: self.name(&other.names.all[edge.from as usize]),
                to: self.name(&other.names.all[edge.to as usize]),
                from_file: self.file(&other.files.all[edge.from_file as usize]),
                to_file: edge.to_file().map_or(Edge::NOWHERE, |file| self.file(&other.files.all[file])),
                ..*edge
            };
            self.edges.push(edge);
        }
        for (name, file) in other.modules.iter().filter(|(_, file)| meant(*file)) {
            self.module(&other.names.all[*name as usize], &other.files.all[*file as usize]);
        }
        for (file, line, name) in other.unresolved.iter().filter(|(file, ..)| meant(*file)) {
            let file = self.file(&other.files.all[*file as usize]);
            self.unresolved.push((file, *line, name.clone()));
        }
    }

    /// Returns for each number of a file whether it is one of these.
    fn marked<'f>(&self, files: impl IntoIterator<Item = &'f RelPath>) -> Vec<bool> {
        let mut marked = vec![false; self.files.all.len()];
        files.into_iter().filter_map(|file| self.files.find(file)).for_each(|file| marked[file as usize] = true);
        marked
    }

    /// Whether all numbers are those of names and files that are there.
    pub fn is_sound(&self) -> bool {
        let (names, files) = (self.names.all.len() as u32, self.files.all.len() as u32);
        let edge = |edge: &Edge| {
            edge.from.max(edge.to) < names && edge.from_file < files && (edge.to_file == Edge::NOWHERE || edge.to_file < files)
        };
        self.edges.iter().all(edge)
            && self.modules.iter().all(|(name, file)| *name < names && *file < files)
            && self.unresolved.iter().all(|(file, ..)| *file < files)
    }

    /// Puts everything in its order, the tables of names and files as well, and leaves out of these what is used no more: so whatever way
    /// led to what was found, it looks the same. What is in order already costs little.
    pub fn sort(&mut self) {
        let mut names = vec![false; self.names.all.len()];
        let mut files = vec![false; self.files.all.len()];
        for edge in &self.edges {
            names[edge.from as usize] = true;
            names[edge.to as usize] = true;
            files[edge.from_file as usize] = true;
            edge.to_file().iter().for_each(|file| files[*file] = true);
        }
        for (name, file) in &self.modules {
            names[*name as usize] = true;
            files[*file as usize] = true;
        }
        self.unresolved.iter().for_each(|(file, ..)| files[*file as usize] = true);
        let (names, files) = (self.names.sort(&names), self.files.sort(&files));
        for edge in &mut self.edges {
            edge.from = names[edge.from as usize];
            edge.to = names[edge.to as usize];
            edge.from_file = files[edge.from_file as usize];
            edge.to_file = edge.to_file().map_or(Edge::NOWHERE, |file| files[file]);
        }
        self.modules.iter_mut().for_each(|(name, file)| (*name, *file) = (names[*name as usize], files[*file as usize]));
        self.unresolved.iter_mut().for_each(|(file, ..)| *file = files[*file as usize]);
        self.modules.sort();
        self.modules.dedup();
        self.unresolved.sort();
        self.unresolved.dedup();
        let key = |edge: &Edge| (edge.from, edge.to, edge.kind(), edge.to_file().is_none(), edge.from_file, edge.to_file);
        self.edges.sort_by_key(|edge| (key(edge), edge.line, edge.column));
        // Of several places in one file the first is enough.
        self.edges.dedup_by_key(|edge| key(edge));
    }

    /// Returns what was found, which is in its order.
    pub fn imports(self) -> Imports {
        let unresolved = self.unresolved.into_iter().map(|(file, line, name)| {
            let file = self.files.all[file as usize].clone();
            Unresolved { file, line, name: name.into() }
        });
        let unresolved = unresolved.collect();
        Imports { names: self.names.all, files: self.files.all, edges: self.edges, modules: self.modules, unresolved, ..Imports::default() }
    }

    fn name(&mut self, name: &str) -> u32 {
        self.names.number(name, || name.into())
    }

    fn file(&mut self, file: &RelPath) -> u32 {
        self.files.number(file, || file.clone())
    }
}

/// Things of one sort and their numbers: in order, but for those that were added since.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Vec<T>")]
pub(super) struct Numbered<T> {
    pub all: Vec<T>,
    /// How many of them are in order.
    #[serde(skip)]
    sorted: usize,
    /// The numbers of the others.
    #[serde(skip)]
    added: FxHashMap<T, u32>,
}

impl<T> Default for Numbered<T> {
    fn default() -> Self {
        Numbered::from(Vec::new())
    }
}

impl<T> From<Vec<T>> for Numbered<T> {
    fn from(all: Vec<T>) -> Self {
        Numbered { sorted: all.len(), all, added: FxHashMap::default() }
    }
}

impl<T: Clone + Ord + Hash + Send + Sync> Numbered<T> {
    /// Returns the number of a thing.
    fn find<Q: Ord + Hash + ?Sized>(&self, one: &Q) -> Option<u32>
    where
        T: Borrow<Q>,
    {
        let known = self.all[..self.sorted].binary_search_by(|known| known.borrow().cmp(one));
        known.map_or_else(|_| self.added.get(one).copied(), |at| Some(at as u32))
    }

    /// Returns the number of a thing, which is added if it is new.
    fn number<Q: Ord + Hash + ?Sized>(&mut self, one: &Q, own: impl FnOnce() -> T) -> u32
    where
        T: Borrow<Q>,
    {
        if let Some(known) = self.find(one) {
            return known;
        }
        let (new, own) = (self.all.len() as u32, own());
        self.all.push(own.clone());
        self.added.insert(own, new);
        new
    }

    /// Puts those that are used in order and drops the others; returns the new number of each that is left.
    fn sort(&mut self, used: &[bool]) -> Vec<u32> {
        let mut order: Vec<(u32, T)> = (0..).zip(self.all.drain(..)).filter(|(at, _)| used[*at as usize]).collect();
        order.par_sort_by(|(_, one), (_, other)| one.cmp(other));
        let mut new = vec![0; used.len()];
        for (rank, (at, one)) in (0..).zip(order) {
            new[at as usize] = rank;
            self.all.push(one);
        }
        self.sorted = self.all.len();
        self.added.clear();
        new
    }
}

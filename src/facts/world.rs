//! The files of the tree that resolvers look among, and what they find.

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::syntax::At;
use super::{Import, ImportKind, Imports, Language, Unresolved};
use crate::base::RelPath;
use crate::disk::Tree;

/// All files that are not ignored, of any kind.
pub(super) struct World<'a> {
    pub tree: &'a Tree,
    pub files: &'a [RelPath],
    pub has: FxHashSet<&'a [u8]>,
}

impl World<'_> {
    /// Whether there is such a file; `path` in normal form.
    pub fn has(&self, path: &[u8]) -> bool {
        self.has.contains(path)
    }

    /// Returns the text of a file that need not be there. Of one that [`Language::reads_from`] does not know, `None`: what is kept would
    /// outlive it.
    pub fn text(&self, path: &RelPath) -> Option<String> {
        if !Language::reads_from(path) {
            return None;
        }
        let bytes = self.tree.read(path).ok()?;
        super::syntax::text(&bytes).ok().map(str::to_owned)
    }
}

/// A file that was read, and what it says.
pub(super) struct Source<T> {
    pub path: RelPath,
    pub facts: T,
    /// Whether it stands below a root; others were read only to understand those.
    pub wanted: bool,
}

/// Where an import leads.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Goal {
    /// To a file of the tree, and the module it is.
    File(String, RelPath),
    /// To a package from elsewhere.
    Package(String),
    /// To what comes with the language.
    Stdlib(String),
}

/// What resolvers find, edge by edge.
#[derive(Default)]
pub(super) struct Found {
    /// Not in order yet, and with several places of one edge.
    edges: Vec<Import>,
    modules: Vec<(String, RelPath)>,
    unresolved: Vec<Unresolved>,
}

impl Found {
    /// Adds a module that was read.
    pub fn module(&mut self, name: &str, path: &RelPath) {
        self.modules.push((name.to_owned(), path.clone()));
    }

    /// Adds an edge; a module that imports itself makes none.
    pub fn edge(&mut self, from: (&str, &RelPath), goal: Goal, at: At, kind: ImportKind) {
        let (to, to_file, stdlib) = match goal {
            Goal::File(to, file) => (to, Some(file), false),
            Goal::Package(to) => (to, None, false),
            Goal::Stdlib(to) => (to, None, true),
        };
        if to_file.as_ref() == Some(from.1) || (to_file.is_some() && to == from.0) {
            return;
        }
        let external = to_file.is_none();
        let (line, column) = (at.line, at.column);
        let (from, from_file) = (from.0.to_owned(), from.1.clone());
        self.edges.push(Import { from, to, from_file, to_file, line, column, kind, external, stdlib });
    }

    /// Adds what leads nowhere.
    pub fn unresolved(&mut self, file: &RelPath, at: At, name: &str) {
        self.unresolved.push(Unresolved { file: file.clone(), line: at.line, name: name.to_owned() });
    }

    /// Puts everything in its order.
    pub fn into_imports(mut self) -> Imports {
        self.modules.sort();
        self.modules.dedup();
        self.unresolved.sort();
        self.unresolved.dedup();
        let mut imports = self.edges;
        let edge = |import: &Import| (import.kind, import.external);
        imports.par_sort_by(|one, other| {
            let place = |import: &Import| (import.line, import.column);
            (&one.from, &one.to, edge(one), &one.from_file, place(one)).cmp(&(
                &other.from,
                &other.to,
                edge(other),
                &other.from_file,
                place(other),
            ))
        });
        imports.dedup_by(|later, first| (&later.from, &later.to, edge(later)) == (&first.from, &first.to, edge(first)));
        Imports { imports, modules: self.modules, unresolved: self.unresolved, ..Imports::default() }
    }
}

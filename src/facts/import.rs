//! The edges between modules, and what could not become one.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::{Language, program};
use crate::base::RelPath;
use crate::disk::Signature;

/// A folder whose source files are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// All below it is read.
    pub folder: RelPath,
    /// The language that is read; `None`: every language, found out from the files' endings.
    pub language: Option<Language>,
    /// Patterns of files below it that are not read, relative to the tree's root.
    pub without: Vec<String>,
}

impl Root {
    /// All sources of a language below a folder, or of every language.
    pub fn whole(folder: RelPath, language: Option<Language>) -> Root {
        Root { folder, language, without: Vec::new() }
    }

    /// Whether a link below it may lead to sources that are read: by its name, one, or a folder with some.
    pub fn may_hold(&self, link: &RelPath) -> bool {
        let of = Language::of(link);
        self.language.map_or(of.is_some(), |language| of == Some(language)) || !link.name().contains(&b'.')
    }

    /// Whether what stands in a file may tell where imports lead that are read below this root; the file itself need not stand there.
    pub fn heeds(&self, path: &RelPath) -> bool {
        let program = || program::is_untold(path) && self.language.is_none_or(program::tells);
        self.language.map_or_else(|| Language::heeded(path), |language| language.heeds(path)) || program()
    }
}

/// How one module imports another.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum ImportKind {
    /// In the usual way.
    Import,
    /// For its types only, so that nothing of it is there when the program runs.
    Type,
    /// By a call while the program runs, with the name spelled out.
    Dynamic,
}

impl ImportKind {
    /// Returns `import`, `type` or `dynamic`.
    pub fn word(self) -> &'static str {
        match self {
            ImportKind::Import => "import",
            ImportKind::Type => "type",
            ImportKind::Dynamic => "dynamic",
        }
    }
}

/// One edge for each file, module that it imports, and kind, with the first place that makes it. Several files may be one module.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Import<'a> {
    /// The module that imports, as its language names it.
    pub from: &'a str,
    /// The module that is imported; of an external one the top package.
    pub to: &'a str,
    /// The file of `from`.
    pub from_file: &'a RelPath,
    /// The file of `to`; `None` if it is external.
    pub to_file: Option<&'a RelPath>,
    /// The line in `from_file`, from 1.
    pub line: u32,
    /// The column in that line, in characters, from 1.
    pub column: u32,
    /// How it is imported.
    pub kind: ImportKind,
    /// Whether it is no file of the tree.
    pub external: bool,
    /// Whether it comes with the language; it is external then, too.
    pub stdlib: bool,
    /// Whether the same import leads to the same package by its own name, too, in an edge at the same place.
    pub alias: bool,
    /// The number of `from_file` among [`Imports::files`].
    pub from_at: usize,
    /// The number of `to_file` there.
    pub to_at: Option<usize>,
}

/// An edge, by the numbers of its names and files.
#[derive(Clone, Copy, PartialEq, Eq, Debug, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(C)]
pub(super) struct Edge {
    pub from: u32,
    pub to: u32,
    pub from_file: u32,
    /// [`Edge::NOWHERE`] if it is no file of the tree.
    pub to_file: u32,
    pub line: u32,
    pub column: u32,
    /// See [`Edge::how`].
    pub how: u32,
}

impl Edge {
    pub const NOWHERE: u32 = u32::MAX;

    /// In the usual way, by a second name: see [`Import::alias`].
    pub const ALIAS: u32 = 6;

    /// Returns the kind of an import, and whether it leads to what comes with the language, as a number.
    pub fn how(kind: ImportKind, stdlib: bool) -> u32 {
        let kind = match kind {
            ImportKind::Import => 0,
            ImportKind::Type => 2,
            ImportKind::Dynamic => 4,
        };
        kind + u32::from(stdlib)
    }

    pub fn kind(self) -> ImportKind {
        match self.how {
            0 | 1 | Edge::ALIAS => ImportKind::Import,
            2 | 3 => ImportKind::Type,
            _ => ImportKind::Dynamic,
        }
    }

    pub fn to_file(self) -> Option<usize> {
        (self.to_file != Edge::NOWHERE).then_some(self.to_file as usize)
    }
}

/// An import that leads neither to a file of the tree nor to a package.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unresolved {
    /// The file that has it.
    pub file: RelPath,
    /// Its line, from 1.
    pub line: u32,
    /// What is imported, as it was written.
    pub name: String,
}

/// A file that cannot be read or parsed.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Unreadable {
    /// The file.
    pub file: RelPath,
    /// The first line that is wrong, from 1.
    pub line: u32,
    /// What is wrong with it.
    pub why: String,
}

/// All that is known of the imports below some roots.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Imports {
    pub(super) names: Vec<Box<str>>,
    pub(super) files: Vec<RelPath>,
    pub(super) edges: Vec<Edge>,
    pub(super) modules: Vec<(u32, u32)>,
    /// What could not be resolved, sorted.
    pub unresolved: Vec<Unresolved>,
    /// What could not be read, sorted.
    pub unreadable: Vec<Unreadable>,
    /// Sources that a [`MARK`](super::MARK) stands in, sorted.
    pub marked: Vec<RelPath>,
    /// Sources that the roots leave out, sorted.
    pub left_out: Vec<RelPath>,
    /// What was looked at beside sources to tell where imports lead, with its stamp behind links: also what is ignored, or outside of the tree, or
    /// not there.
    pub asked: BTreeMap<RelPath, Option<Signature>>,
    /// How many files were parsed now.
    pub extracted: usize,
    /// The facts of how many files were known.
    pub cached: usize,
}

impl Imports {
    /// Returns the edges, sorted by `from`, `to`, kind and file.
    pub fn edges(&self) -> impl ExactSizeIterator<Item = Import<'_>> + Clone {
        self.edges.iter().map(|edge| Import {
            from: &self.names[edge.from as usize],
            to: &self.names[edge.to as usize],
            from_file: &self.files[edge.from_file as usize],
            to_file: edge.to_file().map(|file| &self.files[file]),
            line: edge.line,
            column: edge.column,
            kind: edge.kind(),
            external: edge.to_file().is_none(),
            stdlib: edge.how % 2 == 1,
            alias: edge.how == Edge::ALIAS,
            from_at: edge.from_file as usize,
            to_at: edge.to_file(),
        })
    }

    /// Returns every module that was read, also those without imports, with its file and the number of that among [`Imports::files`]; sorted.
    pub fn modules(&self) -> impl ExactSizeIterator<Item = (&str, &RelPath, usize)> + Clone {
        self.modules.iter().map(|(name, file)| (&*self.names[*name as usize], &self.files[*file as usize], *file as usize))
    }

    /// Returns, for each file, the first one that is the same module in the same folder: who imports one of them imports all. A test of Go
    /// comes with no other file of its package.
    pub fn firsts(&self) -> Vec<usize> {
        let mut firsts: Vec<usize> = (0..self.files.len()).collect();
        let mut known: FxHashMap<(u32, RelPath), usize> = FxHashMap::default();
        for (name, file) in &self.modules {
            let path = &self.files[*file as usize];
            if !path.name().ends_with(b"_test.go") {
                let first = known.entry((*name, path.parent().unwrap_or_default())).or_insert(*file as usize);
                firsts[*file as usize] = *first;
            }
        }
        firsts
    }

    /// Returns all files that are a module, or that something leads to; sorted.
    pub fn files(&self) -> &[RelPath] {
        &self.files
    }
}

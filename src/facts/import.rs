//! The edges between modules, and what could not become one.

use serde::{Deserialize, Serialize};

use super::Language;
use crate::base::RelPath;

/// A folder whose source files are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Root {
    /// All below it is read.
    pub folder: RelPath,
    /// The language that is read; `None`: every language, found out from the files' endings.
    pub language: Option<Language>,
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

/// One edge for each pair of modules and kind, with the first place that makes it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// The module that imports, as its language names it.
    pub from: String,
    /// The module that is imported; of an external one the top package.
    pub to: String,
    /// The file of `from`.
    pub from_file: RelPath,
    /// The file of `to`; `None` if it is external.
    pub to_file: Option<RelPath>,
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
    /// The edges, sorted by `from`, `to` and kind.
    pub imports: Vec<Import>,
    /// Every module that was read, also those without imports, with its file; sorted.
    pub modules: Vec<(String, RelPath)>,
    /// What could not be resolved, sorted.
    pub unresolved: Vec<Unresolved>,
    /// What could not be read, sorted.
    pub unreadable: Vec<Unreadable>,
    /// How many files were parsed now.
    pub extracted: usize,
    /// The facts of how many files were known.
    pub cached: usize,
}

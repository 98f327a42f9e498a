//! What is known of a source file: what it imports, read by a real parser, cached by content, and resolved as its language does.
//!
//! [`outline`] tells what it declares. For imports, a language is a folder: what one file says (`extract`), and what that means among the other files (`resolve`).

mod cfamily;
#[cfg(test)]
mod changing;
mod comments;
mod csharp;
mod gather;
mod golang;
mod import;
mod java;
mod kept;
mod known;
mod kotlin;
mod language;
mod names;
mod outline;
mod php;
mod program;
mod python;
mod raw;
mod ruby;
mod rust;
#[cfg(test)]
mod sample;
mod script;
mod search;
mod settings;
mod syntax;
mod world;

pub use comments::{MARK, comments};
pub use gather::{Listed, imports, imports_of};
pub use import::{Import, ImportKind, Imports, Root, Unreadable, Unresolved};
pub use known::{FactFile, Forgetful, Known};
pub use language::Language;
pub use outline::{OUTLINES, outline};
pub use search::Search;

//! What every page is made of: one file that asks nobody for anything, one look, one way to make a name safe.
//!
//! Start from [`Document`].

mod document;
mod table;
mod text;

pub(super) use document::made;
pub use document::{Document, STYLE};
pub use table::Table;
pub use text::{lines, number, path, percent, safe, slug};

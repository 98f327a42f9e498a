//! Ninja files: each `build` becomes a task.
//!
//! Start from [`bring()`]. [`parse`](parse::parse) reads the files, [`says`] fills in what a rule says for an edge, [`lower`] makes tasks of
//! edges.

mod bring;
mod dyndep;
mod error;
mod lexer;
mod lower;
mod parse;
mod path;
mod says;
mod scope;
#[cfg(test)]
mod tests;
mod tools;

pub use bring::{Asked, Brought, Remake, bring};
pub(super) use path::pattern;

//! Ninja files: each `build` becomes a task.
//!
//! Start from [`bring()`]: `parse` reads the files, `says` fills in what a rule says for an edge, `lower` and `task` make tasks of edges.

mod bring;
mod dyndep;
mod error;
mod lexer;
mod lower;
mod order;
mod parse;
mod parsed;
mod path;
mod says;
mod scope;
mod task;
#[cfg(test)]
mod tests;
mod tools;
mod writes;

pub use bring::{Asked, Brought, Remake, bring};
pub use path::pattern;

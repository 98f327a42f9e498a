//! JavaScript and TypeScript, which import each other's files.

mod builtin;
mod config;
mod extract;
mod files;
mod flow;
mod package;
mod parse;
mod resolve;
#[cfg(test)]
mod tests;

pub(super) use extract::extract;
pub(super) use resolve::resolve;

//! JavaScript and TypeScript, which import each other's files.

mod builtin;
mod config;
mod extract;
mod files;
mod package;
mod resolve;
#[cfg(test)]
mod tests;

pub(super) use extract::extract;
pub(super) use resolve::resolve;

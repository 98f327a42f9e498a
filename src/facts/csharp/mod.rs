//! C#.

mod conditional;
mod extract;
mod project;
mod resolve;
mod scope;
#[cfg(test)]
mod tests;

pub(super) use conditional::readings;
pub(super) use extract::{Facts, extract};
pub(super) use resolve::resolve;

//! Ruby.

mod extract;
mod resolve;
mod stdlib;
#[cfg(test)]
mod tests;

pub(super) use extract::{Facts, extract};
pub(super) use resolve::resolve;

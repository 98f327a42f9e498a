//! PHP.

mod composer;
mod extract;
mod resolve;
#[cfg(test)]
mod tests;

pub(super) use extract::{Facts, extract};
pub(super) use resolve::resolve;

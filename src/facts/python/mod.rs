//! Python.

mod dirs;
mod extract;
mod layout;
mod parse;
mod resolve;
mod stdlib;
#[cfg(test)]
mod tests;

pub(super) use extract::extract;
pub(super) use layout::Evidence;
pub(super) use resolve::resolve;

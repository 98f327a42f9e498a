//! C and C++.

mod commands;
mod directives;
mod extract;
mod resolve;
mod stdlib;
#[cfg(test)]
mod tests;

pub(super) use extract::extract;
pub(super) use resolve::resolve;

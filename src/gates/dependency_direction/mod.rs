//! `dependency_direction`: who may import whom.
//!
//! Start from `rules`: what the manifest says; `judge` holds the imports of the tree against it.

mod chain;
mod gaps;
mod judge;
mod knots;
mod rules;

pub use judge::layers;
pub(super) use rules::read;

//! `working_model`: items of a roadmap that exist, work, and are done.
//!
//! `items` reads and edits the roadmap and the handoff file, `changelog` the third document; `judge` holds them against each other.

mod changelog;
mod items;
mod judge;
mod moves;

pub(super) use judge::read;
pub use judge::{Model, Moved, Unmoved, model};

//! `roadmap_metrics`: claims that documents make, run.
//!
//! `claims` finds them, `counts` reads their numbers, `shell` tells what their commands would do, `reads` finds numbers in what a command printed, `judge` holds the one
//! against the other.

mod claims;
mod counts;
mod judge;
mod reads;
mod rules;
mod shell;

pub use claims::{Claim, Document, Expected};
pub use counts::Count;
pub use judge::{Renewed, claims_of, renew};
pub(super) use rules::read;

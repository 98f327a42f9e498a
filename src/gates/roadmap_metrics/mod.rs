//! `roadmap_metrics`: claims that documents make, run.
//!
//! `claims` finds them, `reads` finds numbers in what a command printed, `judge` holds the one against the other.

mod claims;
mod judge;
mod reads;
mod rules;

pub use claims::{Claim, Expected};
pub use judge::{Renewed, claims_of, renew};
pub(super) use rules::read;

//! `evidence`: artifacts that must be there, be recent, and say what they should.
//!
//! `artifact` reads one, `judge` holds the newest against the rules.

mod artifact;
mod judge;

pub(super) use judge::read;

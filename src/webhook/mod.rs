//! Telling somebody elsewhere what a run does: signed lines of JSON, sent beside the run and never in its way.
//!
//! Start from [`Outbox`]: whatever is written to it goes out line by line, in order, through a [`Courier`]. What cannot be delivered is
//! tried again, and what cannot be kept is dropped and counted; a run never waits for it.

mod courier;
mod letter;
mod outbox;

pub use courier::{Address, Courier, Http, WebhookError};
pub use letter::{Letter, SIGNATURE};
pub use outbox::{Outbox, Tally};

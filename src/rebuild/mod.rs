//! Whether a task has to run, and why.
//!
//! Start from [`judge()`]: it makes the task's action exact, compares it with what this checkout and the store remember, and answers with
//! outputs that are in place, outputs that were put in place, or a [`Prepared`] action and the [`Reason`](crate::event::Reason) to run it.

mod blocked;
mod capture;
mod clear;
mod depfile;
mod dotenv;
mod emptied;
mod environment;
mod files;
mod in_place;
mod inputs;
mod judge;
mod orphans;
mod prepare;
mod printed;
mod reach;
mod remember;
mod restore;
mod service;
mod standing;
mod tools;
mod touched;
mod way;
mod world;

pub use blocked::Blocked;
pub use capture::{CaptureError, Loose, capture, capture_loosely};
pub use clear::{Own, clear_outputs, foreign, take_away};
pub use depfile::parse as parse_depfile;
pub use emptied::clear_emptied;
pub use environment::{Environment, Visible};
pub use files::Files;
pub use inputs::Listing;
pub use judge::{Judged, Mode, judge, lacks, verifiable, writes_beside};
pub use orphans::{Orphans, clear_orphans, clear_skipped, orphans, skipped};
pub use prepare::{Prepared, prepare};
pub use printed::{END, end_of, log_of};
pub use reach::reach;
pub use remember::{depfile_left, known, put_record, recall, yielded};
pub use restore::clear_stage;
pub use service::{lacks_input, service_digest};
pub use standing::{Standing, needs_of, standing};
pub use touched::Stamps;
pub use way::clear_way;
pub use world::{Adopted, Links, World, Yield};

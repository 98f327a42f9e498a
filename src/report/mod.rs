//! Telling: a file a format.
//!
//! Start from [`Sink`]: a format that follows a run is fed its events one by one and writes what it makes of them.
//! [`plain()`] and [`live()`] write the same lasting lines, [`json()`] one object a line. [`summary()`] and [`trace()`] look back on a whole run,
//! [`draw`] on a graph, [`churn`] on a history, [`run`] on all of that as a page; what pages share is in [`page`]. Names come through [`Names`], so nothing here needs a graph to be tested.

pub mod chars;
pub mod churn;
pub mod draw;
mod ending;
mod failure;
pub mod findings;
#[cfg(test)]
mod invented;
mod json;
mod kind;
mod lines;
mod live;
pub mod page;
mod paint;
mod plain;
mod progress;
mod reason;
mod record;
pub mod run;
mod sink;
mod summary;
mod trace;

pub use json::{journal, json, reason_json};
pub use kind::ReportKind;
pub use live::live;
pub use plain::plain;
pub use reason::{reason_lines, reason_text};
pub use record::{outcomes, record};
pub use sink::{Names, Screen, Sink, kept};
pub use summary::summary;
pub use trace::trace;

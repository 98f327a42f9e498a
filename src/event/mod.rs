//! All that crosses from those who act to those who tell: plain, versioned data.
//!
//! Start from [`Event`]. Those who act know a target by its [`TargetId`](crate::base::TargetId); those who tell look its name up in the graph.

mod choice;
mod event;
mod finding;
mod outcome;
mod reason;

pub use choice::{Chosen, Decided, Origin, Sight};
pub use event::{EVENT_VERSION, Ending, Event, Face, Finished, Headline, Notice, ServiceChange, Started, Totals};
pub use finding::{Edge, Facts, Finding, GateOutcome, GateReport, State};
pub use outcome::Outcome;
pub use reason::{Change, Reason, Subject};

//! The loop that walks the plan.
//!
//! Start from [`run()`]. One loop owns all state; workers judge a task or attempt it, and settle what came of it with the loop in their hands.

mod attempt;
mod bench;
mod choices;
mod conditions;
mod confine;
mod decide;
mod dispatch;
mod ending;
mod fresh;
mod gates;
mod keep;
mod look;
#[cfg(test)]
mod model;
mod options;
mod policy;
mod ran;
mod ready;
mod remedy;
mod request;
mod run;
mod service;
mod services;
mod settle;
mod state;
mod undeclared;
mod upkeep;
mod verify;
mod walk;
mod work;

pub use bench::{Asker, Refused};
pub use choices::{Choice, Choices, Overview};
pub use conditions::{Facts, Looked, Past, Stuck};
pub use fresh::Fresh;
pub use gates::Gates;
pub use look::{Seen, look};
pub use options::{Options, Seat};
pub use run::{idle, run};
pub use service::HeldPorts;

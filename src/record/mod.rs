//! What is remembered: the state and journal of a checkout, and the record of each run.
//!
//! Start from [`Checkout`] (what makes the next run cheap) and [`RunRecord`] (what makes a past run tellable).

mod asking;
mod checkout;
mod idle;
mod journal;
mod lines;
mod paint;
mod picture;
mod proof;
mod run;
mod runs;
mod task;
#[cfg(test)]
mod tests;
mod watcher;

pub use asking::{doubtful, is_watched};
pub use checkout::Checkout;
pub use journal::{Good, Journal, read as read_journal};
pub use picture::{Picture, Scene};
pub use proof::{Proof, Tool};
pub use run::{RunDecision, RunRecord, RunTask};
pub use runs::Runs;
pub use task::{Known, Status, TaskRecord};
pub use watcher::{Begun, Watcher, has_picture};

//! From the model to the graph: names become edges, and what cannot be right is said before anything runs.
//!
//! Start from [`assemble()`].

mod assemble;
mod assembly;
mod checks;
mod choices;
mod clash;
mod cycle;
mod decisions;
mod draft;
mod flags;
mod groups;
mod needs;
mod overlap;
mod problem;

pub use assemble::assemble;
pub use cycle::{circles, ranks, round};
pub use problem::Problem;

//! From the model to the graph: names become edges, and what cannot be right is said before anything runs.
//!
//! Start from [`assemble()`].

mod assemble;
mod choices;
mod clash;
mod cycle;
mod draft;
mod flags;
mod overlap;
mod problem;

pub use assemble::assemble;
pub use problem::Problem;

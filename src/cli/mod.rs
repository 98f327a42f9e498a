//! From what was typed to the command that does it, and how orket ends.
//!
//! Start from [`main()`].

mod crash;
mod dispatch;
mod man;

pub use dispatch::main;

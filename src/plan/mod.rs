//! The part of the graph that a goal needs, ordered.
//!
//! Start from [`Plan::new`].

mod order;
mod plan;

pub use order::critical_paths;
pub use plan::{Plan, Step};

//! Text to model: read, check, include, expand, interpolate, lower.
//!
//! Start from [`load()`]. Reading stands behind [`read()`], so that another reader can take its place.

mod common;
mod load;
mod problem;
mod read;
mod scope;
mod service;
mod show;
mod syntax;
mod task;
#[cfg(test)]
mod tests;
mod text;
mod tidy;

pub use load::{Loaded, Source, Trail, load};
pub use problem::{Problem, Problems};
pub use read::{Node, Value, read};
pub use tidy::tidy;

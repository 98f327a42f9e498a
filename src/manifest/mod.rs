//! Text to model: read, check, include, expand, interpolate, lower.
//!
//! Start from [`load()`]. Reading stands behind [`read()`], so that another reader can take its place.

#[cfg(test)]
mod agree;
mod ahead;
#[cfg(test)]
mod both;
mod choices;
mod common;
mod decision;
mod each;
mod environment;
mod gate;
#[cfg(test)]
mod hostile;
mod import;
mod include;
mod includes;
mod literal;
mod load;
mod matrix;
#[cfg(test)]
mod mistakes;
mod node;
mod nodes;
mod paths;
mod problem;
mod problems;
mod property;
mod quick;
mod read;
mod rules;
mod scope;
mod service;
mod settings;
mod show;
mod smoke;
mod syntax;
mod task;
#[cfg(test)]
mod tests;
mod text;
mod tidy;
mod withheld;

pub use import::Import;
pub use includes::includes;
pub use load::{Loaded, Source, Survey, Trail, load, survey};
pub use node::{Node, Value};
pub use problem::Problem;
pub use problems::Problems;
pub use read::read;
pub use rules::local_rules;
pub use tidy::tidy;

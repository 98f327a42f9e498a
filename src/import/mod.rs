//! Manifests of other tools, read into the model.
//!
//! Start from [`load()`]: a project from whatever manifest it has, with all that it imports.

mod load;
pub mod ninja;

pub use load::{Opened, is_ninja, load};

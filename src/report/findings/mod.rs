//! What gates found: a file a format.
//!
//! [`text`] is for people; the others are what code hosts and CI systems read.

mod formats;
mod junit;
mod sarif;
mod text;

pub use formats::{github, gitlab, json};
pub use junit::junit;
pub use sarif::sarif;
pub use text::text;
pub(super) use text::{block, shown};

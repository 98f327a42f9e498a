//! What a command may touch.
//!
//! Start from [`Reach`], which says it; [`arrange`] turns that into a box in which nothing else of the project is there, and
//! [`Bubblewrap`] starts commands in one.

mod arrange;
mod bubblewrap;
mod reach;

pub use arrange::{Arranged, Ground, arrange};
pub use bubblewrap::{Bubblewrap, Enclosed};
pub use reach::Reach;

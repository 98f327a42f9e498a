//! A test as a sentence: a project, what is typed, what is seen, and what ran.
//!
//! Start from [`Project`]. What ran is not orket's word: a command begins with `{log:NAME}`, which appends the name to a file outside
//! the project, and [`Seen::ran`] reads that file.

mod browser;
mod filter;
mod project;
mod recorded;
mod seen;
mod served;
mod skipped;
mod spawn;
mod strace;

pub use browser::Browser;
pub use filter::filtered;
pub use project::Project;
pub use recorded::Recorded;
pub use seen::Typed;
pub use served::Served;
pub use skipped::{missing, skipped};
pub use spawn::{Background, alive, wait_until};
pub use strace::strace_works;

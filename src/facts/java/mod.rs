//! Java, and where its and Kotlin's imports lead.

mod extract;
mod resolve;
#[cfg(test)]
mod tests;

pub(super) use extract::{Extension, Facts, Import, Path, extract};
pub(super) use resolve::resolve;

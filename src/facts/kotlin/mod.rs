//! Kotlin: what one file says. What that means is found out together with Java, whose files stand in the same packages.

mod extract;
mod plain;
#[cfg(test)]
mod tests;

pub(super) use extract::extract;

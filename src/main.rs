//! The `orket` program.

fn main() {}

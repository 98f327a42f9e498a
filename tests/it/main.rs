//! Orket as its users see it: the real binary on real folders.

mod build;
mod common;
mod differential;

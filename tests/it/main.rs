//! Orket as its users see it: the real binary on real folders.

mod build;
mod common;
mod differential;
mod manifest_errors;
mod cache;
mod needs;
mod outputs;
mod displaced;
mod env;
mod each_matrix;
mod explain;

//! Orket as its users see it: the real binary on real folders.

mod build;
mod cache;
mod common;
mod completions;
mod differential;
mod displaced;
mod docs;
mod doctor;
mod each_matrix;
mod env;
mod execution;
mod explain;
mod fmt;
mod help;
mod hostile;
mod include;
mod list_graph_query;
mod manifest_errors;
mod names;
mod needs;
mod outputs;
mod run_command;
mod runs;
mod services;
mod signals;
mod ui;

//! A declarative, build-tool style task runner whose rules are run, not believed.
//!
//! The data moves one way, and the folders stand in its order; `docs/architecture.md` tells the whole of it.

pub mod action;
pub mod base;
pub mod churn;
pub mod cli;
pub mod commands;
pub mod decisions;
pub mod disk;
pub mod engine;
pub mod event;
pub mod executor;
pub mod facts;
pub mod gates;
pub mod graph;
pub mod import;
pub mod manifest;
pub mod model;
pub mod plan;
pub mod process;
pub mod rebuild;
pub mod record;
pub mod report;
pub mod run;
pub mod sandbox;
pub mod serve;
pub mod shell;
pub mod store;
pub mod vcs;
pub mod webhook;

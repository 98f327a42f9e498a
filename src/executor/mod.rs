//! The seats: where an action runs.
//!
//! Start from the trait [`Executor`]; [`Local`] runs commands on this machine as they are, [`Sandboxed`] in boxes, where they are to have one.

mod local;
mod redacted;
mod sandboxed;
mod service;

pub use local::Local;
pub use sandboxed::{Confine, Sandboxed};
pub use service::{Gone, Probing, Tell, Told, Upkeep};

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::base::RelPath;
use crate::process::{Cancel, Ended, Limits, Log, Spawn};

/// The commands of one task, in order.
pub struct Request {
    /// Run one after the other; the first that fails is the last.
    pub spawns: Vec<Spawn>,
    /// The same as one line each for a shell, for messages.
    pub commands: Vec<String>,
    /// For all of them together.
    pub limits: Limits,
    /// What everything they start carries in its environment.
    pub mark: String,
    /// Values that must not be shown or stored.
    pub secrets: Vec<Vec<u8>>,
    /// Where large output goes.
    pub log_file: PathBuf,
    /// The box that they run in; `None` for no box.
    pub confine: Option<Confine>,
}

/// What came of a request.
pub struct Attempt {
    /// How the last command that was started ended.
    pub ended: Ended,
    /// Its index.
    pub command: usize,
    /// What all of them printed, redacted.
    pub log: Log,
    /// How many bytes were printed to standard error, where that was told apart: it then stands behind all other output.
    pub errors: Option<u64>,
    /// How long it took.
    pub duration: Duration,
    /// Why a command could not be started; `ended` is then exit status 127, as shells have it, or 126 for a file that is there.
    pub error: Option<String>,
    /// What they wrote in their box beside what they may; it is lost. At most [`STRAYED`], sorted.
    pub strayed: Vec<RelPath>,
}

/// Of how many files it is told that they were written and lost.
pub const STRAYED: usize = 20;

/// Runs the commands of tasks. Called from many threads at once.
pub trait Executor: Send + Sync {
    /// Runs a request to its end, or until it is cancelled. Nothing that it started is left then.
    fn execute(&self, request: &Request, cancel: &Cancel) -> Attempt;

    /// Starts a service and returns at once, with the switch that ends it; `tell` is called when it is ready, and when it has ended.
    ///
    /// # Errors
    /// When the system has no thread or descriptor left; `tell` is not called then.
    fn serve(&self, upkeep: Upkeep, tell: Tell) -> io::Result<Cancel>;
}

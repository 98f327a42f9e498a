//! What running a task needs beside the world.

use std::ffi::OsString;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::choices::Choices;
use super::gates::Gates;
use super::undeclared::Undeclared;
use crate::executor::Executor;
use crate::process::{Cancel, Output};
use crate::rebuild::{Mode, World};

/// Asks the person at the terminal; see [`Refused`].
pub trait Asker: Send + Sync {
    /// Returns the answer to `question`; gives up when `cancel` is thrown.
    ///
    /// # Errors
    /// When there is nobody to ask.
    fn ask(&self, question: &str, cancel: &Cancel) -> Result<bool, Refused>;

    /// Whether there is somebody.
    fn is_there(&self) -> bool;
}

/// There is nobody to ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused;

/// What running a task needs beside the world.
pub(super) struct Bench<'a> {
    pub world: &'a Arc<World>,
    pub executor: &'a dyn Executor,
    pub mode: Mode,
    pub timeout: Option<Duration>,
    /// What takes less than this is not stored.
    pub cheaper_than: Duration,
    /// Whether somebody has said already that there is no remote.
    pub routed: AtomicBool,
    /// Whether somebody has said already that the store takes nothing.
    pub unstored: AtomicBool,
    /// Added to every task's environment: the jobserver.
    pub extra: &'a [(OsString, OsString)],
    /// Where what has the terminal prints to.
    pub open: Output,
    pub asker: &'a dyn Asker,
    pub choices: &'a Choices<'a>,
    pub gates: &'a dyn Gates,
    /// What tasks leave behind; `None` where the evaluator asks neither for that nor for standard error by itself.
    pub undeclared: Option<Undeclared>,
}

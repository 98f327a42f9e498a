//! What to start, complete: nothing is taken from orket's own environment.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// A command made exact.
#[derive(Clone, Debug)]
pub struct Spawn {
    /// The file of the program, absolute; see [`find_program`](super::find_program).
    pub program: PathBuf,
    /// What it is told to be called.
    pub arg0: OsString,
    /// Its words.
    pub args: Vec<OsString>,
    /// Where.
    pub dir: PathBuf,
    /// All variables.
    pub env: Vec<(OsString, OsString)>,
    /// What it reads.
    pub stdin: Stdin,
    /// Where it prints to.
    pub output: Output,
    /// Whether standard error has a pipe of its own.
    pub apart: bool,
    /// Whether it gets a process group of its own, which is ended with it.
    pub group: bool,
}

/// What a command reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stdin {
    /// Nothing.
    Null,
    /// What orket would read. A command with a group of its own gets the terminal, if there is one, until it ends.
    Inherit,
}

/// Where a command prints to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Output {
    /// Into one pipe, standard output and error in the order in which they were written.
    Capture,
    /// Where orket does.
    Inherit,
    /// Where orket prints messages: its standard output is kept for something else.
    Aside,
}

/// The variable that tells whose an orphan is. Each command that runs at the same time as others needs a value of its own.
pub const MARK: &str = "ORKET_MARK";

impl Spawn {
    /// Returns the value of [`MARK`] in the command's environment.
    pub fn mark(&self) -> Option<&OsStr> {
        self.env.iter().rev().find(|(name, _)| name == MARK).map(|(_, value)| value.as_os_str())
    }
}

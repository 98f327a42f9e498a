//! What a task has that another tool's manifest declares.

use serde::{Deserialize, Serialize};

use super::Need;

/// What such a task has beyond one of `orket.kdl`. Its outputs need not be made: while one is not there, it runs each time. A folder among
/// its outputs stands for itself alone, and one among its inputs for the names in it, or for all that is in it where a task makes it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Imported {
    /// Tasks that make files which it reads: built before, and only what it names of these files is an input.
    pub makers: Vec<Need>,
    /// Built before; nothing of it is an input.
    pub order: Vec<Need>,
    /// Built whenever this task is; neither waits for the other.
    pub along: Vec<Need>,
    /// Inputs that need not be there, relative to the project's root or absolute: while one is not, the task runs each time.
    pub files: Vec<Box<str>>,
    /// Files that nobody makes and whose content does not matter: they only have to be there when it runs.
    pub present: Vec<Box<str>>,
    /// A file that is written before the commands start and removed when they have succeeded: its path and its text.
    pub response: Option<(Box<str>, Box<str>)>,
    /// Whether the depfile is removed once it is read.
    pub depfile_spent: bool,
    /// Whether its command may write files that are no outputs: what it does is then only had by running it.
    pub beside: bool,
    /// A way round from it to itself, in words: it waits for what waits for it, and can never be done.
    pub circle: Option<Box<str>>,
}

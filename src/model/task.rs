//! A declared unit of work.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{EnvRules, Imported, Need, Scope, Text};
use crate::base::{Address, Place, RelPath, glob};

/// One task, fully expanded.
#[derive(Clone, PartialEq, Hash, Debug, Serialize, Deserialize)]
pub struct Task {
    /// Its full address, with the variant.
    pub address: Address,
    /// The epic it stands in.
    pub epic: Option<Address>,
    /// Where it was declared.
    pub place: Place,
    /// What it is for.
    pub about: Option<Box<str>>,
    /// The folder of the package it stands in: patterns below are already relative to the project's root.
    pub package: RelPath,
    /// Run in order; the first that fails ends the task. None: the task only gathers what it needs.
    pub commands: Vec<Command>,
    /// Programs by name or path whose content is an input, beside those that the commands name.
    pub tools: Vec<Text>,
    /// Where the commands run, relative to the project's root.
    pub dir: Text,
    /// Declared sources, relative to the project's root.
    pub inputs: Vec<Pattern>,
    /// Declared outputs, relative to the project's root.
    pub outputs: Vec<Pattern>,
    /// A file in Makefile syntax that the commands write, naming what they read; relative to the project's root.
    pub depfile: Option<Text>,
    /// Built before; what they put out is an input.
    pub needs: Vec<Need>,
    /// Only order: not built for this task's sake.
    pub after: Vec<Need>,
    /// Services that run while it runs.
    pub uses: Vec<Need>,
    /// What it may see.
    pub env: EnvRules,
    /// Whether a result may be stored and used again.
    pub cache: bool,
    /// Whether earlier outputs are left in place for the commands to start from.
    pub incremental: bool,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// Further attempts after a failure.
    pub retries: u32,
    /// Wait before the first further attempt; doubled for each one after it.
    pub backoff: Duration,
    /// The pool it runs in.
    pub pool: Option<Box<str>>,
    /// How many slots it takes, at least 1.
    pub weight: u32,
    /// Breaks ties between tasks that are ready.
    pub priority: Priority,
    /// Whether it gets the terminal for itself.
    pub interactive: bool,
    /// For `tag(NAME, x)`.
    pub tags: Vec<Box<str>>,
    /// Runs only where the decision has one of the values.
    pub only_if: Vec<OnlyIf>,
    /// A task that runs when this one has failed for good.
    pub on_failure: Option<Need>,
    /// Whether a bare `orket build` and `orket list` leave it out.
    pub private: bool,
    /// Asked before it runs.
    pub confirm: Option<Text>,
    /// `os` or `os-arch` names it can run on (`linux`, `macos-aarch64`); empty: everywhere.
    pub platform: Vec<Box<str>>,
    /// The axes of its matrix, in order.
    pub matrix: Vec<(Box<str>, Box<str>)>,
    /// What it says of its box; see [`Confined`].
    pub confined: Box<Confined>,
    /// What it has if another tool's manifest declares it.
    pub imported: Option<Box<Imported>>,
}

/// What a task says of the box that it may run in.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Confined {
    /// `sandbox`: whether it runs in one; else as the sandbox policy says.
    pub sandbox: Option<Sandbox>,
    /// `network`: whether it reaches the network from there; else if it uses services.
    pub network: Option<bool>,
    /// `allow_undeclared`: what it may read and leave behind although it is neither input nor output; relative to the project's root.
    pub undeclared: Vec<Pattern>,
}

/// Whether a task runs in a box.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Sandbox {
    /// It sees what it declares, and nothing else of the project.
    Strict,
    /// It sees everything.
    None,
}

impl Sandbox {
    /// The words for them, as the manifest has them.
    pub const WORDS: [&'static str; 2] = ["strict", "none"];

    /// Returns what a word means.
    pub fn of(word: &str) -> Option<Sandbox> {
        match word {
            "strict" => Some(Sandbox::Strict),
            "none" => Some(Sandbox::None),
            _ => None,
        }
    }

    /// Returns the word for it.
    pub fn word(self) -> &'static str {
        match self {
            Sandbox::Strict => "strict",
            Sandbox::None => "none",
        }
    }
}

/// How much a task matters beside others: `low` 1.0, `medium` 2.0 (the default), `high` 3.0, or a number.
#[derive(Clone, Copy, PartialEq, PartialOrd, Debug, Serialize, Deserialize)]
pub struct Priority(pub f64);

impl Hash for Priority {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.0.to_bits().hash(hasher);
    }
}

impl Default for Priority {
    fn default() -> Priority {
        Priority(2.0)
    }
}

/// One command of a task.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Command {
    /// `run "program" "word"…`: no shell in between.
    Run { words: Vec<Text>, place: Place },
    /// `sh "script"`: read by the shell.
    Sh { script: Text, place: Place },
}

/// A path or glob of `inputs` or `outputs`, relative to the project's root, `!` taken off.
///
/// A pattern that ends with `/` means the folder and all below it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Pattern {
    /// The path or glob.
    pub text: Text,
    /// Whether it had a `!`: what it matches is left out.
    pub negated: bool,
    /// Where it was written.
    pub place: Place,
}

impl Pattern {
    /// Fills its holes: what one comes to is the name of a file or a part of one, whatever characters it has.
    ///
    /// # Errors
    /// The first error of `fill`.
    pub fn fill<E>(&self, mut fill: impl FnMut(Scope, &str) -> Result<String, E>) -> Result<String, E> {
        self.text.fill(|scope, name| fill(scope, name).map(|value| glob::literal(&value).into_owned()))
    }
}

/// `only_if "decision" "value"…`
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct OnlyIf {
    /// The decision's address.
    pub decision: Address,
    /// The values with which the task runs.
    pub values: Vec<Box<str>>,
    /// Where it was written.
    pub place: Place,
}

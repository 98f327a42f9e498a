//! Why a task ran. A reason is data; only `report` turns it into words.

use serde::{Deserialize, Serialize};

/// Why a task ran, or would run.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// This checkout has no record of it and the store has no result.
    New,
    /// It has no inputs and no outputs, or says `cache #false`.
    Always,
    /// `--force` was given.
    Forced,
    /// `--verify-determinism` was given: what it puts out is compared with another run of the same action.
    Verified,
    /// `orket run` asked for it by name.
    Asked,
    /// A gate of which no verdict is kept for what it sees now.
    Unjudged,
    /// Its last run failed, or was interrupted.
    NotFinished,
    /// Another build in this checkout runs it at this moment.
    Running,
    /// Something that it reads was changed while it ran last.
    Overtaken,
    /// It ran last as the remedy of a failure, whose result is that failure's.
    RanAsRemedy,
    /// It reads this file, which need not be there and is not.
    Unmade(String),
    /// These parts of its action are not what they were when it last succeeded; never empty, most telling first.
    Changed(Vec<Change>),
    /// These outputs are not there, or not as it left them, and the store cannot give them back.
    Outputs(Vec<Change>),
    /// The task with this address, which it needs, would run first; whether this one runs is known after that.
    Upstream(String),
    /// The task with this address failed and names this one in `on_failure`.
    Remedy(String),
}

/// One difference.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// What differs.
    pub subject: Subject,
    /// Which one: a path, a variable's name, a program's name, the address of a task, `2` for the second command.
    pub name: String,
    /// Then: a value, or the first 12 digits of a digest; `None` where it was not part of the action. Secrets show as `(secret)`.
    pub old: Option<String>,
    /// Now, likewise.
    pub new: Option<String>,
}

/// The parts of an action.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    /// A command's words or script.
    Command,
    /// A declared or discovered input file.
    Input,
    /// What a needed target put out.
    Need,
    /// A variable.
    Env,
    /// A program's content.
    Tool,
    /// A declared output pattern.
    Output,
    /// The folder it runs in.
    Dir,
    /// Words given behind `--`.
    Args,
    /// The value of a graph decision.
    Decision,
    /// A strategy that shapes the action.
    Strategy,
    /// Operating system and processor.
    Platform,
    /// A service's definition.
    Service,
    /// Anything else in the declaration: `incremental`, `depfile`, a response file, the format of actions.
    Setting,
}

impl Subject {
    /// Returns the word that output uses.
    pub fn word(self) -> &'static str {
        match self {
            Subject::Command => "command",
            Subject::Input => "input",
            Subject::Need => "need",
            Subject::Env => "env",
            Subject::Tool => "tool",
            Subject::Output => "output",
            Subject::Dir => "dir",
            Subject::Args => "args",
            Subject::Decision => "decision",
            Subject::Strategy => "strategy",
            Subject::Platform => "platform",
            Subject::Service => "service",
            Subject::Setting => "setting",
        }
    }
}

//! `tool_strategy`: how the name of a tool becomes something to start.

use serde::{Deserialize, Serialize};

use super::{Question, Seam, Strategy};

/// Tools that orket has built in, for `portable`.
pub const BUILT_IN: [&str; 7] = ["cat", "cp", "echo", "mkdir", "mv", "rm", "touch"];

/// What does a name mean?
#[derive(Clone, Debug, Serialize)]
pub struct Named {
    /// As the task names it; `sh` for a script.
    pub name: String,
    /// Whether the task lists it in `tools`.
    pub listed: bool,
}

/// What is started for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Invoked {
    /// The program of this name, looked up in PATH unless it has a `/`; with `locked`, its digest has to be the recorded one.
    Program {
        /// What is looked up.
        name: String,
        /// Whether its digest has to be the recorded one.
        locked: bool,
    },
    /// Orket's own tool of this name.
    BuiltIn(String),
    /// Nothing: the task fails, and this is why.
    Refused(String),
}

impl Question for Named {
    type Answer = Invoked;

    const SEAM: Seam = Seam::ToolStrategy;
}

pub(super) fn brought(name: &str) -> Box<dyn Strategy<Named>> {
    let (locked, portable) = (name == "locked", name == "portable");
    Box::new(move |question: &Named| {
        let name = &question.name;
        if portable && BUILT_IN.contains(&name.as_str()) {
            return Invoked::BuiltIn(name.clone());
        }
        if locked && !question.listed {
            return Invoked::Refused(format!(
                "`{name}` is not among the `tools` of this task, and the tool strategy `locked` wants it there"
            ));
        }
        let program = if name == "sh" { "/bin/sh" } else { name };
        Invoked::Program { name: program.to_owned(), locked }
    })
}

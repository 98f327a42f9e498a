//! `prompt_strategy`: how a question to a person is answered.

use serde::{Deserialize, Serialize};

use super::{Question, Seam, Strategy};

/// A task asks before it runs.
#[derive(Clone, Debug, Serialize)]
pub struct Asking {
    /// The task's address.
    pub task: String,
    /// What it asks.
    pub question: String,
    /// Whether somebody sits at the terminal.
    pub terminal: bool,
}

/// What is answered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// Yes.
    Yes,
    /// No.
    No,
    /// The person is asked.
    Ask,
    /// There is nobody to ask: the task is refused.
    Refuse,
}

impl Question for Asking {
    type Answer = Answer;

    const SEAM: Seam = Seam::PromptStrategy;
}

pub(super) fn brought(name: &str) -> Box<dyn Strategy<Asking>> {
    match name {
        "yes" => Box::new(|_: &Asking| Answer::Yes),
        "no" => Box::new(|_: &Asking| Answer::No),
        _ => Box::new(|asking: &Asking| if asking.terminal { Answer::Ask } else { Answer::Refuse }),
    }
}

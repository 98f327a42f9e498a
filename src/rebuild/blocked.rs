//! Why a task can be neither judged nor run.

use crate::process::redacted;

/// Why a task can be neither judged nor run. A lower-case sentence, and what to do.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
    /// Whether it is orket or its surroundings that failed, and not the task.
    pub broken: bool,
}

impl Blocked {
    pub(super) fn new(text: impl Into<String>) -> Blocked {
        Blocked { text: text.into(), hint: None, broken: false }
    }

    pub(super) fn broken(text: impl Into<String>) -> Blocked {
        Blocked { broken: true, ..Blocked::new(text) }
    }

    pub(super) fn without(self, secrets: &[Vec<u8>]) -> Blocked {
        Blocked { text: redacted(secrets, &self.text), hint: self.hint.map(|hint| redacted(secrets, &hint)), ..self }
    }
}

//! What is wrong with a ninja file.

/// A mistake, at a byte of the file that is being read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    pub at: usize,
    pub message: String,
    pub help: String,
}

impl Wrong {
    pub fn new(at: usize, message: impl Into<String>, help: impl Into<String>) -> Wrong {
        Wrong { at, message: message.into(), help: help.into() }
    }
}

/// A mistake and where it stands: the file, the line and the column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Fault {
    pub file: u32,
    pub line: u32,
    pub column: u32,
    pub message: String,
    pub help: String,
}

impl Fault {
    /// Finds the line and the column of a mistake.
    pub fn of(file: u32, text: &str, wrong: Wrong) -> Fault {
        let at = wrong.at.min(text.len());
        let before = &text.as_bytes()[..at];
        let start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        Fault {
            file,
            line: before.iter().filter(|byte| **byte == b'\n').count() as u32 + 1,
            column: text[start..at].chars().count() as u32 + 1,
            message: wrong.message,
            help: wrong.help,
        }
    }
}

//! Colours, each with one meaning; nothing is said by colour alone.

use anstyle::{AnsiColor, Style};

/// Colours text, or leaves it as it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Paint {
    pub(super) color: bool,
}

impl Paint {
    /// Success.
    pub(super) fn green(self, text: &str) -> String {
        self.with(AnsiColor::Green, text)
    }

    /// Failure.
    pub(super) fn red(self, text: &str) -> String {
        self.with(AnsiColor::Red, text)
    }

    /// Something to look at.
    pub(super) fn yellow(self, text: &str) -> String {
        self.with(AnsiColor::Yellow, text)
    }

    /// Addresses, and what to do next.
    pub(super) fn cyan(self, text: &str) -> String {
        self.with(AnsiColor::Cyan, text)
    }

    fn with(self, color: AnsiColor, text: &str) -> String {
        if !self.color {
            return text.to_owned();
        }
        let style: Style = color.on_default();
        format!("{style}{text}{style:#}")
    }
}

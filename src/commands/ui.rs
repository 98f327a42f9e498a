//! What every command prints through, and how a command fails.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::engine::{Engine, OpenError, Surroundings};
use crate::graph::SelectError;

/// The two outputs of the program and what is known of them.
#[derive(Clone)]
pub struct Ui {
    /// How orket was called, up to the command: `orket -f other.kdl`.
    pub called: String,
    /// Whether the person asked for JSON.
    pub json: bool,
    /// Whether standard output is coloured.
    pub color_out: bool,
    /// Whether standard error is coloured.
    pub color_err: bool,
    /// Columns of the terminal, 80 where there is none.
    pub width: usize,
    /// Rows of the terminal, 24 where there is none.
    pub height: usize,
    /// Whether the columns are what `COLUMNS` says, whatever the terminal has.
    pub fixed_width: bool,
    /// Whether standard error is a terminal that can be drawn on.
    pub live: bool,
    /// What orket was started with.
    pub surroundings: Surroundings,
    /// Why a result could not be printed.
    pub unwritten: Arc<OnceLock<String>>,
}

/// How a command fails: what to say, and with which kind of exit status.
#[derive(Debug)]
pub enum Failure {
    /// The command line or the manifest is wrong.
    Wrong(String),
    /// What was asked for does not hold; all was said already.
    Failed,
    /// What was asked for does not hold, and why.
    Unheld(String),
    /// Orket or its surroundings failed.
    Broken(String),
    /// No target matched.
    NoTarget(String),
    /// What was asked for is not to be had here.
    Refused(String),
    /// The exit status was found elsewhere; all was said already.
    Exit(i32),
}

/// Says that the command line is wrong in a text that may name a place.
pub(super) fn wrongly(text: String) -> Failure {
    Failure::Wrong(format!("error: {text}"))
}

impl Ui {
    /// Returns one that prints plain text, 80 columns wide, as where there is no terminal.
    pub fn plain(surroundings: Surroundings) -> Ui {
        Ui {
            called: String::from("orket"),
            json: false,
            color_out: false,
            color_err: false,
            width: 80,
            height: 24,
            fixed_width: true,
            live: false,
            surroundings,
            unwritten: Default::default(),
        }
    }

    /// Returns the columns and rows of the terminal at standard error; `None` if there is none.
    pub fn terminal() -> Option<(usize, usize)> {
        let size = rustix::termios::tcgetwinsize(std::io::stderr()).ok()?;
        Some((size.ws_col.into(), size.ws_row.into())).filter(|(columns, rows)| *columns > 0 && *rows > 0)
    }

    /// Prints a result.
    pub fn out(&self, text: &str) {
        let mut out = std::io::stdout().lock();
        let end: &[u8] = if text.is_empty() || text.ends_with('\n') { b"" } else { b"\n" };
        match out.write_all(text.as_bytes()).and_then(|()| out.write_all(end)).and_then(|()| out.flush()) {
            // Nobody reading is no failure.
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => drop(self.unwritten.set(error.to_string())),
            _ => {}
        }
    }

    /// Returns why a result could not be printed, if one could not.
    pub fn unwritten(&self) -> Option<&str> {
        self.unwritten.get().map(String::as_str)
    }

    /// Prints a result for a machine.
    pub fn out_json(&self, value: &serde_json::Value) {
        self.out(&serde_json::to_string_pretty(value).unwrap_or_default());
    }

    /// Prints a line beside the result.
    pub fn say(&self, text: &str) {
        let _ = writeln!(std::io::stderr(), "{text}");
    }

    /// Returns where the store is: that of the project that is here, else the user's.
    pub fn store(&self) -> PathBuf {
        Engine::open(&self.surroundings, false).map_or_else(|_| self.surroundings.store(), |engine| engine.store().root().to_path_buf())
    }

    /// Opens the project; see [`Engine::open`].
    ///
    /// # Errors
    /// With what the person has to know.
    pub fn open(&self, keep: bool) -> Result<Engine, Failure> {
        let engine = Engine::open(&self.surroundings, keep).map_err(|error| self.unopened(error))?;
        if !keep {
            engine.keep_seen();
        }
        Ok(engine)
    }

    /// Opens the project, where its manifest is wrong with the targets of its last build; that is said.
    ///
    /// # Errors
    /// With what the person has to know.
    pub fn open_or_as_built(&self) -> Result<Engine, Failure> {
        let error = match self.open(false) {
            Err(error @ Failure::Wrong(_)) => error,
            opened => return opened,
        };
        let engine = Engine::as_built(&self.surroundings).ok_or(error)?;
        self.say(
            "note: the manifest is wrong; its targets are shown as they were at the last build\nhint: `orket list` says what is wrong",
        );
        Ok(engine)
    }

    /// Says why a project cannot be opened.
    pub(super) fn unopened(&self, error: OpenError) -> Failure {
        match error {
            OpenError::NoManifest(_) => {
                Failure::Wrong(format!("{error}\nhint: write one; the smallest is `task \"hello\" {{ sh \"echo hello\" }}`"))
            }
            OpenError::Wrong(problems) if self.json => {
                Failure::Wrong(serde_json::to_string_pretty(&problems.to_json()).unwrap_or_default())
            }
            OpenError::Wrong(problems) => Failure::Wrong(problems.render(self.color_err, self.excerpt())),
            OpenError::NoFolder(_) => Failure::Wrong(format!("{error}\nhint: `-C` takes the folder's name as seen from here")),
            OpenError::NotThere(_) => Failure::Wrong(format!("{error}\nhint: `-f` takes the file's name as seen from here")),
            OpenError::NoFile(..) => {
                Failure::Wrong(format!("{error}\nhint: write it to a file, and name that with `-f` where it is no `orket.kdl`"))
            }
            OpenError::NotHere { .. } => Failure::Wrong(format!("{error}\nhint: go to the folder of the manifest, or name it with `-f`")),
            OpenError::Undecided(_) => Failure::Broken(error.to_string()),
            OpenError::Broken(..) => Failure::Broken(error.to_string()),
        }
    }

    /// Returns at how many columns the lines of a file are cut: those of the screen, or 1,000 where it is none.
    pub(super) fn excerpt(&self) -> usize {
        if self.fixed_width || std::io::stderr().is_terminal() { self.width } else { 1000 }
    }

    /// Whether a person sits at the other end of standard input.
    pub fn asks(&self) -> bool {
        std::io::stdin().is_terminal()
    }
}

impl From<SelectError> for Failure {
    fn from(error: SelectError) -> Failure {
        match error {
            SelectError::Ambiguous { .. } => Failure::Wrong(error.to_string()),
            SelectError::NoMatch { .. } => Failure::NoTarget(error.to_string()),
        }
    }
}

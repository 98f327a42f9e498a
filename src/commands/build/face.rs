//! What a build shows of itself, and whom it asks.

use std::io::{self, BufRead, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::base::{Place, RelPath, TargetId};
use crate::commands::Ui;
use crate::disk::below_repository;
use crate::engine::Engine;
use crate::graph::{Graph, TargetKind};
use crate::process::Cancel;
use crate::report::chars::escape;
use crate::report::{self, Names, Screen, Sink};
use crate::run::{Asker, Refused};
use crate::shell::{self, BuildArgs};

/// The names of a graph's targets.
pub(super) struct Addresses {
    pub graph: Graph,
    /// The project's folder.
    pub root: PathBuf,
    /// How orket was called, up to the command.
    pub called: String,
    /// What `orket run` was told to run, and the words behind `--`.
    pub run: Option<(TargetId, Vec<String>)>,
}

impl Addresses {
    /// Those of a build.
    pub fn new(engine: &Engine, ui: &Ui) -> Addresses {
        Addresses { graph: engine.graph.clone(), root: engine.root.clone(), called: ui.called.clone(), run: None }
    }
}

impl Names for Addresses {
    fn address(&self, id: TargetId) -> String {
        self.graph.address(id).to_owned()
    }

    fn place(&self, id: TargetId) -> Option<Place> {
        self.graph.detail(id).place().cloned()
    }

    fn project(&self) -> RelPath {
        below_repository(&self.root)
    }

    fn is_task(&self, id: TargetId) -> bool {
        matches!(self.graph.kind(id), TargetKind::Task | TargetKind::Gate)
    }

    fn is_service(&self, id: TargetId) -> bool {
        self.graph.kind(id) == TargetKind::Service
    }

    fn called(&self) -> String {
        self.called.clone()
    }

    fn words(&self, id: TargetId) -> Option<&[String]> {
        self.run.as_ref().filter(|(run, _)| *run == id).map(|(_, words)| &words[..])
    }

    fn count(&self) -> usize {
        self.graph.len()
    }
}

/// Whoever sits at the terminal, if somebody does.
/// Whatever is written to, and why that has failed, if it has: who follows a run falls silent then, and it is said when it has ended.
pub(super) struct Told<W> {
    pub out: W,
    pub failed: Arc<OnceLock<String>>,
}

impl<W> Told<W> {
    fn noting<T>(&self, result: io::Result<T>) -> io::Result<T> {
        // Nobody reading is no failure.
        if let Err(error) = &result
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            let _ = self.failed.set(error.to_string());
        }
        result
    }
}

impl<W: Write> Write for Told<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes);
        self.noting(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.out.flush();
        self.noting(flushed)
    }
}

pub(super) struct Person(pub bool);

impl Asker for Person {
    fn ask(&self, question: &str, cancel: &Cancel) -> Result<bool, Refused> {
        if !self.0 {
            return Err(Refused);
        }
        let _ = write!(io::stderr(), "{} [y/N] ", escape(question));
        let _ = io::stderr().flush();
        let stdin = io::stdin();
        if !cancel.wait_for(stdin.as_fd()) {
            return Err(Refused);
        }
        let mut line = String::new();
        let read = stdin.lock().read_line(&mut line);
        if !line.ends_with('\n') {
            // No answer, no end of line: what is said next would stand behind the question.
            let _ = writeln!(io::stderr());
        }
        read.map_err(|_| Refused)?;
        Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }

    fn is_there(&self) -> bool {
        self.0
    }
}

/// Returns what draws the run on the terminal.
pub(super) fn screen(ui: &Ui, args: &BuildArgs, names: &Arc<dyn Names>) -> Box<dyn Sink> {
    let set = |name: &str| ui.surroundings.variables.iter().any(|(key, value)| key == name && !value.is_empty());
    let screen = Screen {
        width: ui.width,
        height: ui.height,
        color: ui.color_err,
        verbosity: if args.quiet { -1 } else { args.verbose.min(2) as i8 },
        explain: args.explain,
        github: set("GITHUB_ACTIONS"),
    };
    let out = Box::new(io::stderr());
    match args.ui {
        shell::Ui::Json => report::json(names.clone(), Box::new(Told { out: io::stdout(), failed: ui.unwritten.clone() })),
        shell::Ui::Live => report::live(names.clone(), screen, out),
        shell::Ui::Auto if ui.live && !set("CI") => report::live(names.clone(), screen, out),
        shell::Ui::Auto | shell::Ui::Plain => report::plain(names.clone(), screen, out),
    }
}

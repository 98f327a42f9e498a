//! What every format is given: names, events, and the measures of the screen.

use std::io::Write;
use std::time::Duration;

use crate::base::{Place, RelPath, TargetId};
use crate::event::Event;

/// Looks up what events only know by index. The compiled graph does this.
pub trait Names: Send + Sync {
    /// Returns the address of a target, as the manifest wrote it.
    fn address(&self, target: TargetId) -> String;

    /// Returns where a target was declared, where that is known.
    fn place(&self, target: TargetId) -> Option<Place>;

    /// Returns where the project stands in the repository that it is a part of.
    fn project(&self) -> RelPath {
        RelPath::root()
    }

    /// Whether a target is a task: something that counts as one in totals.
    fn is_task(&self, target: TargetId) -> bool;

    /// Whether a target is started by `orket run` alone.
    fn is_service(&self, target: TargetId) -> bool {
        !self.is_task(target)
    }

    /// Returns how orket was called, up to the command.
    fn called(&self) -> String {
        String::from("orket")
    }

    /// Returns the words behind `--` of the target that `orket run` was told to run; `None` for every other.
    fn words(&self, _: TargetId) -> Option<&[String]> {
        None
    }

    /// Returns how many targets there are.
    fn count(&self) -> usize;
}

/// A format that follows a run. Whatever it writes to may break at any time; it then falls silent and the run goes on.
pub trait Sink: Send {
    /// Takes the next event. Events come in one order, each once.
    fn event(&mut self, event: &Event);

    /// Is called about ten times a second while a run goes on. `now` is the time since it began.
    fn tick(&mut self, _now: Duration) {}

    /// Is told the new columns and rows of the terminal.
    fn resize(&mut self, _width: usize, _height: usize) {}

    /// Leaves the screen in order, since the program is about to stand still. The next tick draws again.
    fn pause(&mut self) {}

    /// Leaves the screen in order. No event follows; calling it twice does no harm.
    fn finish(&mut self) {}
}

/// Follows a run with all but output that is kept elsewhere; see [`Event::kept`].
pub fn kept(sink: Box<dyn Sink>) -> Box<dyn Sink> {
    Box::new(Kept(sink))
}

struct Kept(Box<dyn Sink>);

impl Sink for Kept {
    fn event(&mut self, event: &Event) {
        self.0.event(&event.kept());
    }

    fn tick(&mut self, now: Duration) {
        self.0.tick(now);
    }

    fn resize(&mut self, width: usize, height: usize) {
        self.0.resize(width, height);
    }

    fn pause(&mut self) {
        self.0.pause();
    }

    fn finish(&mut self) {
        self.0.finish();
    }
}

/// The measures of a screen, and how much is told on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Screen {
    /// In columns; 0 where it is not known.
    pub width: usize,
    /// In rows; 0 where it is not known.
    pub height: usize,
    /// Whether colour is wanted.
    pub color: bool,
    /// -1 failures alone, 0 what was done, 1 also why, 2 also each start and each command.
    pub verbosity: i8,
    /// Whether reasons are shown at any verbosity but -1.
    pub explain: bool,
    /// Whether GitHub Actions reads along: output is folded into groups, failures become annotations.
    pub github: bool,
}

/// Somewhere to write that swallows errors: after the first one nothing more is written.
pub(super) struct Out {
    inner: Box<dyn Write + Send>,
    broken: bool,
}

impl Out {
    /// Wraps a writer.
    pub(super) fn new(inner: Box<dyn Write + Send>) -> Out {
        Out { inner, broken: false }
    }

    /// Writes what a writer that takes its time still holds.
    pub(super) fn flush(&mut self) {
        self.broken = self.broken || self.inner.flush().is_err();
    }

    /// Writes `bytes` in one go and flushes.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.broken {
            return;
        }
        self.broken = self.inner.write_all(bytes).and_then(|()| self.inner.flush()).is_err();
    }
}

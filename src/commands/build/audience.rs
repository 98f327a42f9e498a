//! Who is told of a build while it goes on: the screen, files, the journal, webhooks.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use super::face::{Told, screen};
use super::isolated::Failed;
use crate::commands::{Failure, Ui};
use crate::disk::create;
use crate::event::{Event, Finished, Outcome};
use crate::report::{self, Names, Sink};
use crate::shell::BuildArgs;

/// Who is told of a build, and what was told.
pub(super) struct Audience {
    seats: Mutex<Seats>,
    /// Why the file of events cannot be written.
    unwritten: Arc<OnceLock<String>>,
    /// What failed of what was built elsewhere for this build.
    failed: Failed,
}

struct Seats {
    sinks: Vec<Box<dyn Sink>>,
    events: Vec<Event>,
    /// Columns and rows of the terminal.
    size: (usize, usize),
}

impl Audience {
    /// The screen, and the file of events if one is asked for. `failed`: what failed of what was built elsewhere.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn new(ui: &Ui, args: &BuildArgs, names: &Arc<dyn Names>, failed: Failed) -> Result<Audience, Failure> {
        let mut sinks: Vec<Box<dyn Sink>> = vec![screen(ui, args, names)];
        let unwritten: Arc<OnceLock<String>> = Arc::default();
        if let Some(path) = &args.events {
            let file = create(path).map_err(|error| Failure::Broken(format!("cannot write `{}`: {error}", path.display())))?;
            sinks.push(report::json(names.clone(), Box::new(Told { out: file, failed: unwritten.clone() })));
        }
        let seats = Seats { sinks, events: Vec::new(), size: (ui.width, ui.height) };
        Ok(Audience { seats: Mutex::new(seats), unwritten, failed })
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().expect("no sink panics")
    }

    /// Lets somebody else hear what is told from now on.
    pub(super) fn join(&self, sink: Box<dyn Sink>) {
        self.seats().sinks.push(sink);
    }

    /// Tells all of an event.
    pub(super) fn tell(&self, event: &Event) {
        let mut seats = self.seats();
        // What failed in a workspace is a failure of this build. The screen has shown it when it happened.
        let event = match event {
            Event::RunFinished(ending) => {
                let mut ending = ending.clone();
                ending.exit = ending.exit.max(self.failed.exit);
                for task in &self.failed.tasks {
                    ending.totals.count(Outcome::Failed);
                    let told = Event::Finished(Box::new(Finished { at: ending.at, ..task.clone() }));
                    seats.sinks.iter_mut().skip(1).for_each(|sink| sink.event(&told));
                    seats.events.push(told);
                }
                Cow::Owned(Event::RunFinished(ending))
            }
            other => Cow::Borrowed(other),
        };
        seats.sinks.iter_mut().for_each(|sink| sink.event(&event));
        seats.events.push(event.kept().into_owned());
    }

    /// Tells all how late it is, and how large the terminal is where that has changed.
    pub(super) fn tick(&self, ui: &Ui, now: Duration) {
        let terminal = if ui.live { Ui::terminal() } else { None };
        let mut seats = self.seats();
        let Seats { sinks, size, .. } = &mut *seats;
        let (columns, rows) = terminal.unwrap_or(*size);
        let now_size = (if ui.fixed_width { ui.width } else { columns }, rows);
        for sink in sinks {
            if now_size != *size {
                sink.resize(now_size.0, now_size.1);
            }
            sink.tick(now);
        }
        *size = now_size;
    }

    /// Tells all that it is over, and returns the events. No event follows.
    pub(super) fn finish(&self) -> Vec<Event> {
        let mut seats = self.seats();
        seats.sinks.iter_mut().for_each(|sink| sink.finish());
        std::mem::take(&mut seats.events)
    }

    /// Returns why the file of events could not be written, if it could not.
    pub(super) fn unwritten(&self) -> Option<&str> {
        self.unwritten.get().map(String::as_str)
    }
}

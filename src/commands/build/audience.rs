//! Who is told of a build while it goes on: the screen, files, the journal, webhooks.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use rustc_hash::FxHashSet;

use super::accounts::seen_from;
use super::face::{Told, screen};
use super::isolated::Heard;
use crate::base::TargetId;
use crate::commands::{Failure, Ui};
use crate::disk::create;
use crate::event::{Ending, Event, Outcome, Totals};
use crate::process::around_pauses;
use crate::report::{self, Names, Sink};
use crate::shell::BuildArgs;

/// Who is told of a build, and what was told.
pub(super) struct Audience {
    seats: Arc<Mutex<Seats>>,
    /// Why the file of events cannot be written.
    unwritten: Arc<OnceLock<String>>,
    names: Arc<dyn Names>,
    /// What was told of what was built elsewhere for this build.
    heard: Heard,
}

struct Seats {
    sinks: Vec<Box<dyn Sink>>,
    events: Vec<Event>,
    /// What was built elsewhere and told of.
    told: FxHashSet<TargetId>,
    /// Columns and rows of the terminal.
    size: (usize, usize),
}

impl Audience {
    /// The screen, and the file of events if one is asked for. `heard`: what was told of what was built elsewhere.
    ///
    /// # Errors
    /// When the file cannot be made.
    pub(super) fn new(ui: &Ui, args: &BuildArgs, names: &Arc<dyn Names>, heard: Heard) -> Result<Audience, Failure> {
        let mut sinks: Vec<Box<dyn Sink>> = vec![screen(ui, args, names)];
        let unwritten: Arc<OnceLock<String>> = Arc::default();
        if let Some(path) = &args.events {
            let file =
                create(&seen_from(ui, path)).map_err(|error| Failure::Broken(format!("cannot write `{}`: {error}", path.display())))?;
            sinks.push(report::json(names.clone(), Box::new(Told { out: file, failed: unwritten.clone() })));
        }
        let seats = Seats { sinks, events: Vec::new(), told: FxHashSet::default(), size: (ui.width, ui.height) };
        let seats = Arc::new(Mutex::new(seats));
        let seen = Arc::downgrade(&seats);
        around_pauses(Arc::new(move |halt| {
            let seats = seen.upgrade();
            // Held until the program goes on: nothing is drawn meanwhile.
            let mut seats = seats.as_ref().map(|seats| seats.lock().expect("no sink panics"));
            seats.iter_mut().flat_map(|seats| &mut seats.sinks).for_each(|sink| sink.pause());
            halt();
        }));
        Ok(Audience { seats, unwritten, names: names.clone(), heard })
    }

    fn seats(&self) -> MutexGuard<'_, Seats> {
        self.seats.lock().expect("no sink panics")
    }

    /// Lets somebody else hear what is told from now on.
    pub(super) fn join(&self, sink: Box<dyn Sink>) {
        self.seats().sinks.push(sink);
    }

    /// Tells all of an event. What happened in workspaces is a part of this build, told when it begins to all but the screen, which has shown it
    /// then; that it is fresh or comes from the store here is no news.
    pub(super) fn tell(&self, event: &Event) {
        let mut seats = self.seats();
        let Some(event) = seats.news(event) else { return };
        let event = match &*event {
            Event::RunFinished(ending) if !self.heard.events.is_empty() => Cow::Owned(Event::RunFinished(Ending {
                exit: ending.exit.max(self.heard.exit),
                signal: ending.signal.or(self.heard.signal),
                totals: seats.totals(&*self.names),
                ..ending.clone()
            })),
            _ => event,
        };
        seats.tell(&event, 0);
        if let Event::RunStarted(_) = &*event {
            for event in &self.heard.events {
                if let Some(event) = seats.news(event) {
                    seats.tell(&event, 1);
                    let told: Vec<TargetId> = report::outcomes(&[event.into_owned()]).into_iter().map(|(target, ..)| target).collect();
                    seats.told.extend(told);
                }
            }
        }
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

impl Seats {
    /// Returns what of an event is not known from elsewhere: of a target that was built there, only that it ran once more.
    fn news<'e>(&mut self, event: &'e Event) -> Option<Cow<'e, Event>> {
        if self.told.is_empty() {
            return Some(Cow::Borrowed(event));
        }
        match event {
            Event::Fresh { tasks, at } => {
                let tasks: Vec<TargetId> = tasks.iter().copied().filter(|task| !self.told.contains(task)).collect();
                (!tasks.is_empty()).then_some(Cow::Owned(Event::Fresh { tasks, at: *at }))
            }
            Event::Finished(one) if self.told.contains(&one.task) => {
                if one.attempts == 0 && one.outcome != Outcome::Failed {
                    return None;
                }
                self.forget(one.task);
                Some(Cow::Borrowed(event))
            }
            _ => Some(Cow::Borrowed(event)),
        }
    }

    /// Drops how a target ended before.
    fn forget(&mut self, target: TargetId) {
        self.events.retain_mut(|event| match event {
            Event::Fresh { tasks, .. } => {
                tasks.retain(|task| *task != target);
                !tasks.is_empty()
            }
            Event::Finished(one) => one.task != target,
            _ => true,
        });
    }

    /// Tells all from the seat with this number on.
    fn tell(&mut self, event: &Event, from: usize) {
        self.sinks.iter_mut().skip(from).for_each(|sink| sink.event(event));
        self.events.push(event.kept().into_owned());
    }

    /// Returns how many tasks ended how, by what was told.
    fn totals(&self, names: &dyn Names) -> Totals {
        let mut totals = Totals::default();
        for event in &self.events {
            match event {
                Event::Fresh { tasks, .. } => totals.fresh += tasks.len(),
                Event::Finished(one) if names.is_task(one.task) || one.attempts > 0 || one.outcome == Outcome::Failed => {
                    totals.count(one.outcome);
                    totals.interrupted += usize::from(one.attempts > 0 && one.outcome == Outcome::Cancelled);
                    totals.flaky += usize::from(one.flaky && one.outcome == Outcome::Done);
                }
                _ => {}
            }
        }
        totals
    }
}

//! How a run comes to its end: by itself, by a failure, by a signal.

use super::ran::{moved_aside, taken_away};
use super::ready::Ranked;
use super::state::{Loop, State};
use crate::event::{Ending, Event, Notice, Outcome};
use crate::plan::Step;
use crate::process::Cancel;
use crate::rebuild;

impl Loop<'_> {
    /// Whether nothing moves any more.
    pub(super) fn is_over(&self) -> bool {
        self.broken || !(self.acts() || self.errands_wait() || self.services.any_lives())
    }

    pub(super) fn end_of_run(mut self) -> Ending {
        let left = |step: &Step| !matches!(self.states[step.index()], State::Ended | State::Spare);
        let left: Vec<Step> = (0..self.states.len() as u32).map(Step).filter(left).collect();
        for step in left {
            self.cancelled(step, None);
        }
        let skipped = |target| self.plan.step(target).is_some_and(|step| self.outcomes[step.index()] == Some(Outcome::Skipped));
        rebuild::clear_emptied(self.world, &skipped);
        if let Some(text) = moved_aside(&self.world.displaced(), self.world.room()) {
            (self.tell)(&Event::Notice(Notice { task: None, text, hint: None }));
        }
        if let Some(text) = taken_away(&self.left_out) {
            (self.tell)(&Event::Notice(Notice { task: None, text, hint: None }));
        }
        let exit = self.signal.map(|signal| 128 + signal).or(self.program).unwrap_or(self.exit);
        let ending = Ending { at: self.began.elapsed(), exit, signal: self.signal, totals: self.totals };
        (self.tell)(&Event::RunFinished(ending.clone()));
        ending
    }

    /// Ends a run for which nobody can work.
    pub(super) fn helpless(&mut self, error: &std::io::Error) {
        let hint = Some(String::from("end other programs, or raise the limit on processes (`ulimit -u`)"));
        (self.tell)(&Event::Notice(Notice { task: None, text: format!("nothing can be built: cannot start a thread: {error}"), hint }));
        self.exit = self.exit.max(3);
    }

    pub(super) fn interrupted(&mut self, signal: i32) {
        if self.signal.replace(signal).is_some() {
            self.kill();
        } else {
            self.cancel.stop();
            self.remedies.stop();
        }
        self.stop();
    }

    /// Ends all that was started, at once.
    pub(super) fn kill(&self) {
        self.cancel.kill();
        self.remedies.kill();
        self.leashes.values().for_each(Cancel::kill);
    }

    /// Starts nothing more, but for remedies and what they need.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        let (kept, dropped): (Vec<Ranked>, Vec<Ranked>) =
            std::mem::take(&mut self.judges).into_iter().partition(|one| self.may_start(one.step));
        self.judges = kept.into();
        for Ranked { step, .. } in dropped {
            self.judging -= 1;
            self.cancelled(step, None);
        }
        let waiting = self.services.give_up();
        for candidate in self.queue.drain() {
            if self.may_start(candidate.step) {
                self.queue.push(candidate);
            } else {
                self.parked.remove(&candidate.step);
                self.cancelled(candidate.step, None);
            }
        }
        for step in waiting {
            if self.may_start(step) {
                self.attend(step);
            } else {
                self.parked.remove(&step);
                self.cancelled(step, None);
            }
        }
    }
}

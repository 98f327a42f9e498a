//! The lasting lines of a run, the same for a pipe and for a terminal.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use super::chars::{clean, cut, escape, shell_word, shorten, width};
use super::ending;
use super::failure::{self, annotation, lines_of};
use super::paint::Paint;
use super::{Names, Screen, findings, reason_text};
use crate::base::quantity::{WHOLE_LOG, show_duration, show_size};
use crate::base::{Place, TargetId};
use crate::event::{
    Decided, Ending, Event, Face, Finished, GateOutcome, GateReport, Notice, Origin, Outcome, Reason, ServiceChange, Started,
};

/// A name keeps at least so many columns; with fewer left, the end of the line is cut instead.
const SHORT: usize = 16;

/// Turns events into lasting lines.
pub(super) struct Teller {
    names: Arc<dyn Names>,
    pub(super) screen: Screen,
    paint: Paint,
    /// Columns that a line about one task may take; what happened to it is told before why.
    room: Option<usize>,
    planned: usize,
    failed: Vec<String>,
    noticed: HashSet<(Option<TargetId>, String)>,
    /// What is said only where the run does not go well.
    unsaid: String,
    /// What was skipped so far: not said where all else is fresh.
    skipped: String,
}

/// What is to be written because of one event.
pub(super) struct Told {
    /// Whole lines, or nothing.
    pub(super) text: String,
    /// Whether it must be seen at once.
    pub(super) urgent: bool,
}

impl Teller {
    /// Begins before the first event. Lines about one task are made to fit `room` columns, where it is given.
    pub(super) fn new(names: Arc<dyn Names>, screen: Screen, room: Option<usize>) -> Teller {
        Teller {
            names,
            screen,
            paint: Paint { color: screen.color },
            room,
            planned: 0,
            failed: Vec::new(),
            noticed: HashSet::new(),
            unsaid: String::new(),
            skipped: String::new(),
        }
    }

    /// Changes the columns that a line about one task may take.
    pub(super) fn set_room(&mut self, room: usize) {
        self.room = Some(room);
    }

    /// Returns what is to be written.
    pub(super) fn tell(&mut self, event: &Event) -> Told {
        match event {
            Event::Finished(one) if one.outcome == Outcome::Skipped && self.screen.verbosity < 1 => {
                let line = self.finished(one);
                self.skipped.push_str(&line);
                return Told { text: String::new(), urgent: false };
            }
            Event::RunFinished(ending) => {
                let totals = &ending.totals;
                if totals.fresh > 0 && totals.all() == totals.fresh + totals.skipped && ending.exit == 0 {
                    self.skipped.clear();
                }
            }
            _ => {}
        }
        let told = self.told(event);
        match told.text.is_empty() {
            true => told,
            false => Told { text: std::mem::take(&mut self.skipped) + &told.text, ..told },
        }
    }

    fn told(&mut self, event: &Event) -> Told {
        let calm = |text| Told { text, urgent: false };
        match event {
            Event::RunStarted(headline) => {
                self.planned = headline.tasks;
                calm(String::new())
            }
            Event::Started(started) => calm(self.started(started)),
            Event::Retrying { task, attempt, wait, status, .. } => calm(self.retrying(*task, *attempt, *wait, status)),
            Event::Finished(finished) => Told { text: self.finished(finished), urgent: finished.outcome == Outcome::Failed },
            Event::Service(change) => Told { text: self.service(change), urgent: change.state == Face::Died },
            Event::Decided(decided) => calm(self.decided(decided)),
            Event::Notice(notice) => Told { text: self.notice(notice), urgent: true },
            Event::Gate { report, .. } => Told { text: self.gate(report), urgent: report.outcome != GateOutcome::Pass },
            Event::RunFinished(ending) => Told { text: self.ending(ending), urgent: true },
            Event::Fresh { .. } | Event::TerminalTaken { .. } | Event::TerminalReturned => calm(String::new()),
        }
    }

    /// Returns a target's name, safe to print.
    pub(super) fn name(&self, target: TargetId) -> String {
        escape(&self.names.address(target))
    }

    /// Whether a target counts in totals.
    pub(super) fn is_task(&self, target: TargetId) -> bool {
        self.names.is_task(target)
    }

    fn quiet(&self) -> bool {
        self.screen.verbosity < 0
    }

    fn started(&self, started: &Started) -> String {
        if self.screen.verbosity < 2 {
            return String::new();
        }
        let attempt = if started.attempt > 1 { format!("  attempt {}", started.attempt) } else { String::new() };
        self.line("start", Paint::cyan, started.task, &format!("{attempt}{}", self.why(Some(&started.reason))))
    }

    fn retrying(&self, task: TargetId, attempt: u32, wait: Duration, status: &str) -> String {
        if self.quiet() {
            return String::new();
        }
        let when = if wait.is_zero() { "now".to_owned() } else { format!("in {}", show_duration(wait)) };
        self.line("retry", Paint::yellow, task, &format!("  {}, attempt {} {when}", escape(status), attempt + 1))
    }

    fn finished(&mut self, finished: &Finished) -> String {
        match finished.outcome {
            Outcome::Failed => self.failed(finished),
            Outcome::Stalled => {
                self.failed.push(self.name(finished.task));
                self.line("stalled", Paint::red, finished.task, &blame(finished))
            }
            _ if self.quiet() || !(self.names.is_task(finished.task) || finished.attempts > 0) => String::new(),
            Outcome::Done => self.done(finished),
            Outcome::Cached => {
                let line = self.line("cached", Paint::green, finished.task, &self.why(finished.reason.as_ref()));
                self.with_output(line, finished)
            }
            Outcome::Skipped => self.line("skipped", Paint::yellow, finished.task, &blame(finished)),
            Outcome::Fresh | Outcome::Cancelled => String::new(),
        }
    }

    fn done(&self, finished: &Finished) -> String {
        let mut rest = format!("  {}", show_duration(finished.duration));
        if finished.flaky {
            rest += &self.paint.yellow(&format!("  flaky: passed on attempt {}", finished.attempts));
        }
        if finished.unchanged && self.screen.verbosity >= 1 {
            rest += "  same outputs as before";
        }
        rest += &self.why(finished.reason.as_ref());
        let mut line = self.line("done", Paint::green, finished.task, &rest);
        if self.screen.verbosity >= 2 {
            line += &failure::command_lines(finished);
        }
        self.with_output(line, finished)
    }

    /// Puts what a task printed below its line; GitHub folds both into a group.
    fn with_output(&self, line: String, finished: &Finished) -> String {
        let output = clean(&finished.output, self.screen.color);
        if output.is_empty() {
            return line;
        }
        let before = finished.output_size.saturating_sub(finished.output.len() as u64);
        let left_out = match &finished.log {
            _ if before == 0 => String::new(),
            Some(log) => {
                format!("(the first {} left out; {}: {})\n", show_size(before), failure::log_words(finished.output_size), escape(log))
            }
            None if finished.output_size > WHOLE_LOG => {
                format!(
                    "(the first {} left out; its middle was never kept: of a log its first 64 MiB are, and its end)\n",
                    show_size(before)
                )
            }
            None => format!("(the first {} left out)\n", show_size(before)),
        };
        if self.screen.github { format!("::group::{line}{left_out}{output}::endgroup::\n") } else { format!("{line}{left_out}{output}") }
    }

    fn failed(&mut self, finished: &Finished) -> String {
        let name = self.name(finished.task);
        let place = self.names.place(finished.task);
        let words = self.names.words(finished.task);
        let verb = if words.is_some() || self.names.is_service(finished.task) { "run" } else { "build" };
        let words: String = match words.unwrap_or_default() {
            [] => String::new(),
            words => [" --"].into_iter().map(str::to_owned).chain(words.iter().map(|word| format!(" {}", shell_word(word)))).collect(),
        };
        let again = format!("{} {verb} {}{words}", self.names.called(), shell_word(&name));
        let mut text = failure::block(&name, place.as_ref(), finished, &again, self.paint);
        if self.screen.github {
            let project = self.names.project();
            let place = place.map(|place| Place { file: project.join(place.file.as_bytes()).to_string().into(), ..place });
            text += &annotation(&name, place.as_ref(), finished.status.as_deref().unwrap_or("failed"));
        }
        self.failed.push(name);
        text
    }

    fn service(&self, change: &ServiceChange) -> String {
        let after = change.after.map_or(String::new(), |after| format!("  after {}", show_duration(after)));
        match change.state {
            // A task that waited for it tells all of it.
            Face::Died if change.told && self.screen.verbosity < 1 => String::new(),
            Face::Died if change.told => self.line("died", Paint::red, change.service, &after),
            Face::Died => {
                let place = self.names.place(change.service);
                failure::service_block(&self.name(change.service), place.as_ref(), change, self.paint)
            }
            _ if self.screen.verbosity < 1 => String::new(),
            Face::Started if self.screen.verbosity < 2 => String::new(),
            Face::Started => self.line("start", Paint::cyan, change.service, "  (service)"),
            Face::Ready => self.line("ready", Paint::green, change.service, &after),
            Face::Stopped => self.line("stopped", Paint::green, change.service, &after),
        }
    }

    fn decided(&self, decided: &Decided) -> String {
        if self.screen.verbosity < 1 {
            return String::new();
        }
        self.line("decided", Paint::cyan, decided.decision, &format!("  {}  ({})", escape(&decided.value), who_chose(decided)))
    }

    fn gate(&self, report: &GateReport) -> String {
        let width = if self.screen.width == 0 { 80 } else { self.screen.width };
        let quiet = self.quiet() && (report.outcome == GateOutcome::Pass || report.warning);
        if quiet || !findings::shown(report) {
            String::new()
        } else {
            findings::block(&report.seen_from(&self.names.project()), self.screen.color, width)
        }
    }

    fn notice(&mut self, notice: &Notice) -> String {
        if !self.noticed.insert((notice.task, notice.text.clone())) {
            return String::new();
        }
        let about = notice.task.map_or(String::new(), |task| format!("{}: ", self.paint.cyan(&self.name(task))));
        let hint = notice.hint.as_ref().map_or(String::new(), |hint| format!("{}: {}\n", self.paint.cyan("hint"), lines_of(hint)));
        let text = format!("{}: {about}{}\n{hint}", self.paint.yellow("note"), lines_of(&notice.text));
        match self.quiet() {
            true => {
                self.unsaid.push_str(&text);
                String::new()
            }
            false => text,
        }
    }

    fn ending(&mut self, ending: &Ending) -> String {
        let text = ending::text(ending, self.planned, &self.failed, self.paint);
        // Who asked for quiet hears why it did not go well.
        let unsaid = std::mem::take(&mut self.unsaid);
        if self.quiet() && ending.exit == 0 && ending.signal.is_none() { String::new() } else { unsaid + &text }
    }

    /// Returns the reason in parentheses where it is wanted.
    fn why(&self, reason: Option<&Reason>) -> String {
        let wanted = |reason: &&Reason| self.screen.explain || self.screen.verbosity >= 1 || matches!(reason, Reason::Remedy(_));
        reason.filter(wanted).map_or(String::new(), |reason| format!("  ({})", reason_text(reason)))
    }

    /// Returns one line about a target: a verb, its name, and the rest.
    fn line(&self, verb: &str, color: fn(Paint, &str) -> String, target: TargetId, rest: &str) -> String {
        let padding = " ".repeat(8usize.saturating_sub(verb.len()));
        let line = |name: &str| format!("{}{padding}{}{rest}", color(self.paint, verb), self.paint.cyan(name));
        let (name, Some(room)) = (self.name(target), self.room) else { return line(&self.name(target)) + "\n" };
        let left = room.saturating_sub(verb.len().max(8) + width(rest));
        let name = if left >= SHORT { shorten(&name, left) } else { name };
        cut(&line(&name), room) + "\n"
    }
}

/// Says who chose: a condition, `otherwise`, or somebody from outside.
fn who_chose(decided: &Decided) -> String {
    match decided.origin {
        Origin::Default => match decided.saw.last().filter(|sight| sight.holds && sight.choose == decided.value) {
            Some(sight) if sight.found.is_empty() => escape(&sight.condition),
            Some(sight) => escape(&sight.found),
            None => String::from("otherwise"),
        },
        origin => format!("from the {}", origin.words()),
    }
}

/// Says why a target was not run.
fn blame(finished: &Finished) -> String {
    let status = finished.status.as_ref().map_or(String::new(), |status| format!("  {}", escape(status)));
    let because = finished.because.as_ref().map_or(String::new(), |because| format!("  because of {}", escape(because)));
    status + &because
}

//! How far a run is: what the live drawing tells.

use std::time::Duration;

use super::chars::{cut, shorten, width};
use super::lines::Teller;
use super::paint::Paint;
use crate::base::TargetId;
use crate::base::quantity::show_duration;
use crate::event::{Event, Face, Outcome};

/// The most lines about running tasks.
const SHOWN: usize = 12;

/// What the drawing tells.
#[derive(Default)]
pub(super) struct Progress {
    tasks: usize,
    ended: usize,
    failed: usize,
    critical_path: Option<Duration>,
    /// In the order in which they were started.
    running: Vec<Running>,
    /// Whether the run ended.
    pub(super) over: bool,
}

struct Running {
    task: TargetId,
    name: String,
    since: Duration,
    attempt: u32,
    expected: Option<Duration>,
    /// Whether it waits for its next attempt.
    waits: bool,
}

impl Progress {
    /// Keeps account of what runs; returns when the event happened.
    pub(super) fn follow(&mut self, event: &Event, teller: &Teller) -> Option<Duration> {
        match event {
            Event::RunStarted(headline) => {
                self.tasks = headline.tasks;
                self.critical_path = headline.critical_path;
                None
            }
            Event::Gate { at, .. } => Some(*at),
            Event::Fresh { tasks, at } => {
                self.ended += tasks.len();
                Some(*at)
            }
            Event::Started(started) => {
                self.running.retain(|running| running.task != started.task);
                let (task, since, attempt, expected) = (started.task, started.at, started.attempt, started.expected);
                self.running.push(Running { task, name: teller.name(task), since, attempt, expected, waits: false });
                Some(started.at)
            }
            Event::Retrying { task, at, .. } => {
                if let Some(running) = self.running.iter_mut().find(|running| running.task == *task) {
                    (running.since, running.waits) = (*at, true);
                }
                Some(*at)
            }
            Event::Finished(finished) => {
                self.running.retain(|running| running.task != finished.task);
                self.ended += usize::from(teller.is_task(finished.task) && finished.outcome != Outcome::Cancelled);
                self.failed += usize::from(finished.outcome == Outcome::Failed);
                Some(finished.at)
            }
            Event::Service(change) => {
                self.running.retain(|running| running.task != change.service);
                if change.state == Face::Started {
                    let name = format!("{} (service)", teller.name(change.service));
                    self.running.push(Running { task: change.service, name, since: change.at, attempt: 1, expected: None, waits: false });
                }
                Some(change.at)
            }
            Event::RunFinished(ending) => {
                self.over = true;
                Some(ending.at)
            }
            Event::Decided(decided) => Some(decided.at),
            Event::TerminalTaken { .. } | Event::TerminalReturned | Event::Notice(_) => None,
        }
    }

    /// Returns the lines to draw: the tasks that run longest, and how far the run is. One column stays free, so that no terminal wraps.
    pub(super) fn drawing(&self, columns: usize, rows: usize, now: Duration, paint: Paint) -> Vec<String> {
        let room = columns.saturating_sub(1);
        if self.tasks == 0 && self.running.is_empty() {
            return Vec::new();
        }
        let fitting = SHOWN.min((rows / 2).max(1));
        let shown = if self.running.len() > fitting { fitting.saturating_sub(1) } else { fitting };
        let mut lines: Vec<String> = self.running.iter().take(shown).map(|running| running.line(room, now, paint)).collect();
        let hidden = self.running.len() - lines.len();
        if hidden > 0 {
            lines.push(cut(&format!("  and {hidden} more"), room));
        }
        if rows == 1 {
            lines.clear();
        }
        lines.push(self.status(room, now, paint));
        lines
    }

    /// Tells how far the run is: `12/34 done, 2 running, ~8 s left`, the guess only where there is room for all of it.
    fn status(&self, room: usize, now: Duration, paint: Paint) -> String {
        let mut status = format!("{}/{} done", self.ended, self.tasks.max(self.ended));
        if self.failed > 0 {
            status += &format!(", {}", paint.red(&format!("{} failed", self.failed)));
        }
        status += &format!(", {} running", self.running.len());
        let left = self.left(now).map_or(String::new(), |left| format!(", ~{left} left"));
        if width(&status) + width(&left) <= room {
            status += &left;
        }
        cut(&status, room)
    }

    /// Guesses how long the run still takes from how long things took before; `None` where that is not known, or was longer already.
    fn left(&self, now: Duration) -> Option<String> {
        let running = self.running.iter().filter_map(|running| Some((running.since + running.expected?).saturating_sub(now))).max();
        let all_run = self.ended + self.running.len() >= self.tasks && self.running.iter().all(|running| running.expected.is_some());
        let left = if all_run { running? } else { self.critical_path?.saturating_sub(now).max(running.unwrap_or_default()) };
        let seconds = left.as_secs_f64().round() as u64;
        match seconds {
            0 => None,
            1..60 => Some(format!("{seconds} s")),
            _ => Some(show_duration(Duration::from_secs(seconds))),
        }
    }
}

impl Running {
    /// Tells of one running task. Where room is short, how long it took last time gives way first, then the middle of its name.
    fn line(&self, room: usize, now: Duration, paint: Paint) -> String {
        let elapsed = show_duration(now.saturating_sub(self.since));
        let mut rest = if self.waits { format!("  waits for its next attempt, {elapsed}") } else { format!("  {elapsed}") };
        let expected = self.expected.filter(|_| !self.waits).map_or(String::new(), |expected| format!(" of ~{}", show_duration(expected)));
        let attempt = if self.attempt > 1 { format!("  attempt {}", self.attempt) } else { String::new() };
        for more in [expected, attempt] {
            if 2 + width(&self.name) + width(&rest) + width(&more) <= room {
                rest += &more;
            }
        }
        let name = shorten(&self.name, room.saturating_sub(2 + width(&rest)).max(8));
        cut(&format!("  {}{rest}", paint.cyan(&name)), room)
    }
}

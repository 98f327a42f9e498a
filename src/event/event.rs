//! What happens in a run, in one order.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Chosen, Decided, GateReport, Outcome, Reason};
use crate::base::{Digest, TargetId};

/// The version of the shapes in this folder, as `--events`, `--json` and the journal carry it.
pub const EVENT_VERSION: u32 = 1;

/// Something that happened. `at` is the time since the run began.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Event {
    /// The first event of every run.
    RunStarted(Headline),
    /// Tasks that are as they were proven to be: told once, all together, before anything else happens.
    Fresh { tasks: Vec<TargetId>, at: Duration },
    /// An attempt at a task was started.
    Started(Started),
    /// An attempt failed and another one follows after `wait`.
    Retrying { task: TargetId, at: Duration, attempt: u32, wait: Duration, status: String },
    /// A task that printed, or takes the terminal, needs the screen for itself until `TerminalReturned`.
    TerminalTaken { task: TargetId },
    /// The screen may be drawn on again.
    TerminalReturned,
    /// A target ended. Fresh targets other than tasks and gates get no event; [`Totals`] counts tasks and gates.
    Finished(Box<Finished>),
    /// A service was started, became ready, was stopped or died.
    Service(Box<ServiceChange>),
    /// A gate has judged; its end is told behind that.
    Gate { gate: TargetId, at: Duration, report: Box<GateReport> },
    /// A decision was made.
    Decided(Box<Decided>),
    /// A sentence for the person, about a target or the run.
    Notice(Notice),
    /// The last event of every run.
    RunFinished(Ending),
}

/// How much output is kept with an event whatever else has it, in bytes: looking it up would cost more.
const LITTLE: usize = 4 << 10;

impl Event {
    /// Returns an event of a run in another folder as one of this run: about the targets that `here` says those are, `later` by so much, and
    /// with logs below `folder`; `None` where it is about none of them.
    pub fn brought(&self, here: &dyn Fn(TargetId) -> Option<TargetId>, later: Duration, folder: &str) -> Option<Event> {
        let below = |log: &Option<String>| log.as_ref().map(|log| format!("{folder}/{log}"));
        Some(match self.clone() {
            Event::Fresh { tasks, at } => Event::Fresh { tasks: tasks.into_iter().filter_map(here).collect(), at: at + later },
            Event::Started(one) => Event::Started(Started { task: here(one.task)?, at: one.at + later, ..one }),
            Event::Retrying { task, at, attempt, wait, status } => {
                Event::Retrying { task: here(task)?, at: at + later, attempt, wait, status }
            }
            Event::Finished(one) => {
                Event::Finished(Box::new(Finished { task: here(one.task)?, at: one.at + later, log: below(&one.log), ..*one }))
            }
            Event::Service(one) => {
                Event::Service(Box::new(ServiceChange { service: here(one.service)?, at: one.at + later, log: below(&one.log), ..*one }))
            }
            Event::Gate { gate, at, report } => Event::Gate { gate: here(gate)?, at: at + later, report },
            Event::Decided(one) => Event::Decided(Box::new(Decided { decision: here(one.decision)?, at: one.at + later, ..*one })),
            Event::Notice(one) => Event::Notice(Notice { task: one.task.and_then(here), ..one }),
            Event::RunStarted(_) | Event::RunFinished(_) | Event::TerminalTaken { .. } | Event::TerminalReturned => return None,
        })
    }

    /// Returns what is kept of an event: all but output that somebody else has whole, so that what many tasks print fills neither memory nor
    /// disk several times. What a failure printed stays.
    pub fn kept(&self) -> Cow<'_, Event> {
        let spare = |output: &[u8], elsewhere: bool| elsewhere && output.len() > LITTLE;
        match self {
            Event::Finished(one) if one.outcome != Outcome::Failed && spare(&one.output, one.log.is_some() || one.stored.is_some()) => {
                Cow::Owned(Event::Finished(Box::new(Finished { output: Vec::new(), ..(**one).clone() })))
            }
            Event::Service(one) if one.state == Face::Stopped && spare(&one.output, one.log.is_some()) => {
                Cow::Owned(Event::Service(Box::new(ServiceChange { output: Vec::new(), ..(**one).clone() })))
            }
            _ => Cow::Borrowed(self),
        }
    }
}

/// What a run is about to do.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Headline {
    /// Eight hexadecimal digits, or what was given.
    pub run: String,
    /// When it began, in milliseconds since 1970 UTC.
    pub began: u64,
    /// What was asked for, as typed.
    pub goal: Vec<String>,
    /// How many tasks and gates (not epics, rocks, services) the plan holds.
    pub tasks: usize,
    /// How many may run at once.
    pub jobs: usize,
    /// The sum of past durations along the longest chain of the plan, where history has one.
    pub critical_path: Option<Duration>,
    /// Which strategy fills each seam.
    #[serde(default)]
    pub strategies: Vec<Chosen>,
}

/// An attempt begins.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Started {
    /// Which task.
    pub task: TargetId,
    /// Since the run began.
    pub at: Duration,
    /// From 1.
    pub attempt: u32,
    /// The slot it runs in, from 0; for timelines.
    pub slot: u32,
    /// Why it runs.
    pub reason: Reason,
    /// How long it took last time.
    pub expected: Option<Duration>,
}

/// A target ended.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Finished {
    /// Which target.
    pub task: TargetId,
    /// Since the run began.
    pub at: Duration,
    /// How.
    pub outcome: Outcome,
    /// Why it ran; `None` where it did not.
    pub reason: Option<Reason>,
    /// How long its attempts took, waits between them not counted; zero where nothing ran.
    pub duration: Duration,
    /// How many attempts there were.
    pub attempts: u32,
    /// The slot of the last attempt.
    pub slot: u32,
    /// How the last command ended, as a person reads it: `exit status 2`, `killed by SIGSEGV`, `timed out (limit 10.0 s)`, or why nothing was started.
    pub status: Option<String>,
    /// What to do about it, where that is known: a sentence.
    pub hint: Option<String>,
    /// The exit status of the last command, where there is one.
    pub code: Option<i32>,
    /// The end of its output, redacted, at most 64 KiB: what a failure shows, and what a success printed.
    pub output: Vec<u8>,
    /// How long the whole output is, in bytes.
    pub output_size: u64,
    /// Where the whole output is, relative to the project's root.
    pub log: Option<String>,
    /// What the store calls the whole output, where it has it.
    pub stored: Option<Digest>,
    /// The command line that ended it, as one line for a shell.
    pub command: Option<String>,
    /// Variables that orket was started with, that were withheld from the task, and that the output of a failure mentions.
    pub withheld: Vec<String>,
    /// For `cancelled` and `skipped`: the address of the target, or the decision, that is to blame.
    pub because: Option<String>,
    /// Whether it passed only on a further attempt.
    pub flaky: bool,
    /// Whether it put out the same bytes as before although it ran, so that nothing behind it has to.
    pub unchanged: bool,
}

impl Finished {
    /// A target that ended like this at once: nothing ran, nothing was printed.
    pub fn new(task: TargetId, outcome: Outcome) -> Finished {
        Finished {
            task,
            at: Duration::ZERO,
            outcome,
            reason: None,
            duration: Duration::ZERO,
            attempts: 0,
            slot: 0,
            status: None,
            hint: None,
            code: None,
            output: Vec::new(),
            output_size: 0,
            log: None,
            stored: None,
            command: None,
            withheld: Vec::new(),
            because: None,
            flaky: false,
            unchanged: false,
        }
    }
}

/// Something became of a service.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServiceChange {
    /// Which one.
    pub service: TargetId,
    /// Since the run began.
    pub at: Duration,
    /// What it is now.
    pub state: Face,
    /// Since it was started; `None` for its start.
    pub after: Option<Duration>,
    /// For one that died: how, as a whole sentence that names it.
    pub status: Option<String>,
    /// For one that died: how it was started, as one line for a shell.
    pub command: Option<String>,
    /// For one that ended: the end of its output, redacted, at most 64 KiB.
    pub output: Vec<u8>,
    /// For one that ended: how long its whole output is, in bytes.
    pub output_size: u64,
    /// For one that ended: where its whole output is, relative to the project's root.
    pub log: Option<String>,
    /// For one that died: whether tasks that waited for it fail, and tell all of this, too.
    pub told: bool,
}

impl ServiceChange {
    /// A change of which nothing more is known.
    pub fn new(service: TargetId, state: Face) -> ServiceChange {
        ServiceChange {
            service,
            at: Duration::ZERO,
            state,
            after: None,
            status: None,
            command: None,
            output: Vec::new(),
            output_size: 0,
            log: None,
            told: false,
        }
    }
}

/// What a service is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Face {
    /// Its process was started.
    Started,
    /// It answers its probes.
    Ready,
    /// It was ended.
    Stopped,
    /// It ended by itself while it was in use, or never became ready.
    Died,
}

/// A sentence for the person.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// Which target it is about, if any.
    pub task: Option<TargetId>,
    /// A lower-case sentence without a full stop.
    pub text: String,
    /// What to do about it, likewise.
    pub hint: Option<String>,
}

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Ending {
    /// Since the run began.
    pub at: Duration,
    /// The exit status that orket ends with.
    pub exit: i32,
    /// The number of the signal that ended it, if one did.
    pub signal: Option<i32>,
    /// How many of each outcome.
    pub totals: Totals,
}

/// How many tasks ended how.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Totals {
    /// Ran and succeeded.
    pub done: usize,
    /// Came from the store.
    pub cached: usize,
    /// Needed nothing.
    pub fresh: usize,
    /// Were left out.
    pub skipped: usize,
    /// Failed.
    pub failed: usize,
    /// Were not reached, or ended when the run was.
    pub cancelled: usize,
    /// Could not run.
    pub stalled: usize,
    /// Of those that are cancelled: ran when the run was ended.
    #[serde(default, skip_serializing_if = "is_none")]
    pub interrupted: usize,
    /// Of those that are done: passed only on a further attempt.
    #[serde(default, skip_serializing_if = "is_none")]
    pub flaky: usize,
}

fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Totals {
    /// Counts one more of `outcome`.
    pub fn count(&mut self, outcome: Outcome) {
        *match outcome {
            Outcome::Done => &mut self.done,
            Outcome::Cached => &mut self.cached,
            Outcome::Fresh => &mut self.fresh,
            Outcome::Skipped => &mut self.skipped,
            Outcome::Failed => &mut self.failed,
            Outcome::Cancelled => &mut self.cancelled,
            Outcome::Stalled => &mut self.stalled,
        } += 1;
    }

    /// Returns how many tasks ended in any way.
    pub fn all(&self) -> usize {
        self.done + self.cached + self.fresh + self.skipped + self.failed + self.cancelled + self.stalled
    }
}

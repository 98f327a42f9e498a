//! What workers do: judge a task, or run it, and settle what came of it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use rustc_hash::FxHashMap;

use super::bench::Bench;
use super::choices::Choice;
use super::conditions::{Looked, Past, Stuck};
use super::ran::Ran;
use super::request::How;
use super::state::Loop;
use crate::base::TargetId;
use crate::event::{GateReport, Reason};
use crate::executor::{Request, Told};
use crate::plan::Step;
use crate::process::{Cancel, Tokens};
use crate::rebuild::{self, Judged, Links, Mode, Prepared};

pub(super) enum Job {
    /// `wanted`: why it has to run in any case.
    Judge {
        step: Step,
        target: TargetId,
        links: Links,
        again: bool,
        wanted: Option<Reason>,
    },
    Gate {
        step: Step,
        target: TargetId,
    },
    Decide {
        step: Step,
        target: TargetId,
        looked: FxHashMap<TargetId, Looked>,
        cancel: Cancel,
    },
    Run {
        step: Step,
        prepared: Box<Prepared>,
        links: Links,
        tokens: Option<Tokens>,
        how: How,
    },
    Serve {
        step: Step,
        request: Box<Request>,
        cancel: Cancel,
    },
}

pub(super) enum Message {
    Judged {
        step: Step,
        judged: Judged,
        links: Links,
    },
    GateJudged {
        step: Step,
        report: Box<(GateReport, bool)>,
        took: Duration,
    },
    Decided {
        step: Step,
        choice: Result<Choice, Stuck>,
    },
    Ran {
        step: Step,
        ran: Box<Ran>,
    },
    Service {
        service: TargetId,
        told: Box<Told>,
    },
    /// Nothing has happened but what the loop knows already.
    Wake,
}

/// The loop, and those who work for it.
///
/// Whoever has finished a job settles it under the lock, starts what that lets start, and takes the next job along: no other thread has to
/// wake up between two jobs.
pub(super) struct Crew<'a> {
    state: Mutex<Loop<'a>>,
    work: Condvar,
}

impl<'a> Crew<'a> {
    pub(super) fn new(state: Loop<'a>) -> Crew<'a> {
        Crew { state: Mutex::new(state), work: Condvar::new() }
    }

    /// Lets `change` change the state, then starts what can start. Returns whether the run is over, and whether a token of the jobserver is
    /// missing.
    pub(super) fn turn(&self, change: impl FnOnce(&mut Loop<'a>)) -> (bool, bool) {
        let mut state = self.lock();
        change(&mut state);
        let starved = state.step();
        self.wake_one(&state);
        (state.is_over(), starved)
    }

    /// Lets the workers go, and returns the state.
    pub(super) fn dismiss(&self) {
        self.lock().closed = true;
        self.work.notify_all();
    }

    pub(super) fn into_state(self) -> Loop<'a> {
        self.state.into_inner().expect("no holder panics")
    }

    /// Works until it is let go. `wake` is told when the run is over, or a token is missing.
    pub(super) fn work(&self, bench: &Bench<'_>, mode: Mode, wake: &Sender<Message>) {
        let _alarm = self.alarm(wake);
        let mut state = self.lock();
        loop {
            if state.broken {
                return;
            }
            let Some(job) = state.next_job() else {
                if state.closed {
                    return;
                }
                state.idle += 1;
                state = self.work.wait(state).expect("no holder panics");
                state.idle -= 1;
                continue;
            };
            // Each wakes the next, as long as there is something to do.
            self.wake_one(&state);
            drop(state);
            let answer = self.perform(job, bench, mode);
            state = self.lock();
            state.take(answer);
            let starved = state.step();
            if starved || state.is_over() {
                let _ = wake.send(Message::Wake);
            }
        }
    }

    /// Returns what ends the run when it is dropped by a panic, so that nobody waits for ever for whoever panicked.
    pub(super) fn alarm<'c>(&'c self, wake: &'c Sender<Message>) -> Alarm<'c, 'a> {
        Alarm { crew: self, wake }
    }

    fn perform(&self, job: Job, bench: &Bench<'_>, mode: Mode) -> Message {
        match job {
            Job::Judge { step, target, links, again, wanted } => {
                let judged = rebuild::judge(bench.world, target, &links, again, mode, wanted);
                Message::Judged { step, judged, links }
            }
            Job::Gate { step, target } => {
                let began = Instant::now();
                let report = Box::new(bench.gates.judge(target, bench.world));
                Message::GateJudged { step, report, took: began.elapsed() }
            }
            Job::Decide { step, target, looked, cancel } => {
                let world = bench.world;
                let past = Past { ended: &|id| looked.get(&id).cloned(), decided: &|address| world.decision(address) };
                Message::Decided { step, choice: bench.choices.choose(&world.graph, target, &past, Some(&cancel)) }
            }
            Job::Run { step, mut prepared, links, tokens, how } => {
                let notices = std::mem::take(&mut prepared.notices);
                let mut ran = bench.run(prepared, &links, &how, &|between| self.lock().between(step, between));
                ran.notices.splice(..0, notices);
                drop(tokens);
                Message::Ran { step, ran: Box::new(ran) }
            }
            Job::Serve { step, request, cancel } => Message::Ran { step, ran: Box::new(bench.serve(&request, &cancel)) },
        }
    }

    /// Waking is a call of the system, also where nobody waits.
    fn wake_one(&self, state: &Loop<'_>) {
        if state.idle > 0 && state.has_jobs() {
            self.work.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Loop<'a>> {
        self.state.lock().expect("no holder panics")
    }
}

pub(super) struct Alarm<'c, 'a> {
    crew: &'c Crew<'a>,
    wake: &'c Sender<Message>,
}

impl Drop for Alarm<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Nothing is believed of the state any more but the switches.
            let mut state = self.crew.state.lock().unwrap_or_else(PoisonError::into_inner);
            state.broken = true;
            state.kill();
            drop(state);
            self.crew.work.notify_all();
            let _ = self.wake.send(Message::Wake);
        }
    }
}

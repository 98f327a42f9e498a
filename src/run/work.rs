//! What workers do: judge a task, or run it, and settle what came of it.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::Duration;

use crossbeam_channel::Sender;

use super::attempt::{Bench, Ran};
use super::request::How;
use super::run::Loop;
use crate::base::TargetId;
use crate::executor::{Request, Told};
use crate::plan::Step;
use crate::process::{Cancel, Token};
use crate::rebuild::{self, Judged, Links, Mode, Prepared};

pub(super) enum Job {
    Judge { step: Step, target: TargetId, links: Links, again: bool },
    Run { step: Step, prepared: Box<Prepared>, links: Links, token: Option<Token>, how: How },
    Serve { step: Step, request: Box<Request>, cancel: Cancel },
}

pub(super) enum Message {
    Judged {
        step: Step,
        judged: Judged,
        links: Links,
    },
    Retrying {
        step: Step,
        attempt: u32,
        wait: Duration,
        status: String,
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
        if !state.jobs.is_empty() {
            self.work.notify_one();
        }
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
        let mut state = self.lock();
        loop {
            let Some(job) = state.jobs.pop_front() else {
                if state.closed {
                    return;
                }
                state = self.work.wait(state).expect("no holder panics");
                continue;
            };
            // Each wakes the next, as long as there is something to do.
            if !state.jobs.is_empty() {
                self.work.notify_one();
            }
            drop(state);
            let answer = perform(job, bench, mode, wake);
            state = self.lock();
            state.take(answer);
            let starved = state.step();
            if starved || state.is_over() {
                let _ = wake.send(Message::Wake);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Loop<'a>> {
        self.state.lock().expect("no holder panics")
    }
}

fn perform(job: Job, bench: &Bench<'_>, mode: Mode, answers: &Sender<Message>) -> Message {
    match job {
        Job::Judge { step, target, links, again } => {
            let judged = rebuild::judge(bench.world, target, &links, again, mode);
            Message::Judged { step, judged, links }
        }
        Job::Run { step, prepared, links, token, how } => {
            let told = |attempt, wait, status| {
                let _ = answers.send(Message::Retrying { step, attempt, wait, status });
            };
            let ran = bench.run(prepared, &links, &how, &told);
            drop(token);
            Message::Ran { step, ran: Box::new(ran) }
        }
        Job::Serve { step, request, cancel } => Message::Ran { step, ran: Box::new(bench.serve(&request, &cancel)) },
    }
}

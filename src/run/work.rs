//! What workers do: judge a task, or run it. They own no state; they answer with a message.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::attempt::{Bench, Ran};
use crate::plan::Step;
use crate::process::Token;
use crate::rebuild::{self, Judged, Links, Mode, Prepared};

pub(super) enum Job {
    Judge { step: Step, target: crate::base::TargetId, links: Links, again: bool },
    Run { step: Step, prepared: Box<Prepared>, links: Links, token: Option<Token>, foreground: bool },
}

pub(super) enum Message {
    Judged { step: Step, judged: Judged, links: Links },
    Retrying { step: Step, attempt: u32, wait: Duration, status: String },
    Ran { step: Step, ran: Box<Ran> },
}

/// Works until there are no more jobs.
pub(super) fn work(bench: &Bench<'_>, mode: Mode, jobs: &Receiver<Job>, answers: &Sender<Message>) {
    for job in jobs {
        let answer = match job {
            Job::Judge { step, target, links, again } => {
                let judged = rebuild::judge(bench.world, target, &links, again, mode);
                Message::Judged { step, judged, links }
            }
            Job::Run { step, prepared, links, token, foreground } => {
                let told = |attempt, wait, status| {
                    let _ = answers.send(Message::Retrying { step, attempt, wait, status });
                };
                let ran = bench.run(prepared, &links, foreground, &told);
                drop(token);
                Message::Ran { step, ran: Box::new(ran) }
            }
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

//! What workers do: judge a task, or run it. They own no state; they answer with a message.

use std::time::Duration;

use crossbeam_channel::{Receiver, Sender};

use super::attempt::{Bench, Ran};
use super::request::How;
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
    Judged { step: Step, judged: Judged, links: Links },
    Retrying { step: Step, attempt: u32, wait: Duration, status: String },
    Ran { step: Step, ran: Box<Ran> },
    Service { service: TargetId, told: Box<Told> },
}

/// Works until there are no more jobs.
pub(super) fn work(bench: &Bench<'_>, mode: Mode, jobs: &Receiver<Job>, answers: &Sender<Message>) {
    for job in jobs {
        let answer = match job {
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
        };
        if answers.send(answer).is_err() {
            return;
        }
    }
}

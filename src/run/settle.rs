//! What becomes of a message from a worker.

use super::attempt::Between;
use super::ran::{Ran, Verdict};
use super::state::Loop;
use super::walk::finished;
use super::work::Message;
use crate::event::{Event, Finished, Notice, Outcome, Started};
use crate::plan::Step;
use crate::rebuild::{self, Judged, Links};

impl Loop<'_> {
    pub(super) fn take(&mut self, message: Message) {
        let mut ready = Vec::new();
        match message {
            Message::Judged { step, judged, links } => {
                self.judging -= 1;
                self.judged(step, judged, links, &mut ready);
            }
            Message::Ran { step, ran } => self.ran(step, *ran, &mut ready),
            Message::Decided { step, choice } => {
                self.judging -= 1;
                self.decided(step, choice, &mut ready);
            }
            Message::GateJudged { step, report, took } => self.gate_judged(step, *report, took, &mut ready),
            Message::Wake => {}
            Message::Service { service, told } => self.service(service, *told),
        }
        ready.into_iter().for_each(|step| self.ready(step));
        std::mem::take(&mut self.held).into_iter().for_each(|step| self.enqueue(step));
        self.start_errands();
        self.end_services();
    }

    /// Tells that a task is tried once more.
    pub(super) fn between(&mut self, step: Step, between: Between) {
        let (task, at) = (self.target(step), self.began.elapsed());
        match between {
            Between::Failed { attempt, wait, status } => (self.tell)(&Event::Retrying { task, at, attempt, wait, status }),
            Between::Begins { attempt } => {
                let Some((_, slot, reason)) = self.running.get(&step) else { return };
                let (slot, reason) = (*slot, reason.clone());
                let expected = self.expected_of(step);
                (self.tell)(&Event::Started(Started { task, at, attempt, slot, reason, expected }));
            }
        }
    }

    fn judged(&mut self, step: Step, judged: Judged, links: Links, ready: &mut Vec<Step>) {
        let target = self.target(step);
        match judged {
            Judged::Fresh(yielded) => {
                self.yields.put(step, yielded);
                self.end(step, Outcome::Fresh, None, ready);
            }
            Judged::Cached { yielded, log } => {
                self.yields.put(step, yielded);
                let output = log.and_then(|log| rebuild::end_of(self.world, &log, rebuild::END)).unwrap_or_default();
                let output_size = log.filter(|_| !output.is_empty()).map_or(0, |log| log.size);
                self.end(step, Outcome::Cached, Some(Finished { output, output_size, stored: log, ..finished(target) }), ready);
            }
            Judged::Run(prepared, reason) => self.wait(step, prepared, reason, links),
            Judged::Blocked(blocked) => {
                let reason = self.errand_reason(step);
                let told = Finished { reason, status: Some(blocked.text), hint: blocked.hint, ..finished(target) };
                self.failed(step, told, if blocked.broken { 3 } else { 1 }, ready);
            }
        }
    }

    fn ran(&mut self, step: Step, ran: Ran, ready: &mut Vec<Step>) {
        let target = self.target(step);
        let Some((candidate, slot, reason)) = self.running.remove(&step) else { return };
        self.queue.release(&candidate);
        self.slots[slot as usize] = false;
        if candidate.exclusive {
            (self.tell)(&Event::TerminalReturned);
        }
        for text in ran.notices {
            (self.tell)(&Event::Notice(Notice { task: Some(target), text, hint: None }));
        }
        if matches!(ran.verdict, Verdict::Failed) && self.errand(step).is_none() && self.options.foreground == Some(target) {
            self.program = ran.shell_code.filter(|code| *code != 0);
        }
        let told = Finished {
            reason: Some(reason),
            duration: ran.duration,
            attempts: ran.attempts,
            slot,
            status: ran.status,
            code: ran.code,
            output: ran.output,
            output_size: ran.output_size,
            log: ran.log,
            stored: ran.stored,
            command: ran.command,
            withheld: ran.withheld,
            flaky: ran.flaky,
            ..finished(target)
        };
        match ran.verdict {
            Verdict::Succeeded { yielded, unchanged } => {
                if ran.flaky && self.options.fail_on_flaky {
                    self.exit = self.exit.max(1);
                    let text = String::from("it passed only on a further attempt, which `--fail-on-flaky` counts as a failure");
                    (self.tell)(&Event::Notice(Notice { task: Some(target), text, hint: None }));
                }
                self.yields.put(step, yielded);
                self.end(step, Outcome::Done, Some(Finished { unchanged, status: None, ..told }), ready);
            }
            Verdict::Cancelled => self.end(step, Outcome::Cancelled, Some(told), ready),
            Verdict::Failed if ran.remedy => self.failed(step, told, 1, ready),
            Verdict::Failed => self.ended_badly(step, told, 1, ready),
            Verdict::Declined => self.ended_badly(step, told, 1, ready),
            Verdict::Refused => self.ended_badly(step, told, 5, ready),
            Verdict::Broken => self.ended_badly(step, told, 3, ready),
        }
    }

    /// A failure for which a remedy may be started.
    pub(super) fn failed(&mut self, step: Step, told: Finished, exit: i32, ready: &mut Vec<Step>) {
        // Before it ends, so that services which the remedy uses stay.
        ready.extend(self.prescribe(step, &told));
        self.ended_badly(step, told, exit, ready);
    }

    pub(super) fn ended_badly(&mut self, step: Step, told: Finished, exit: i32, ready: &mut Vec<Step>) {
        self.exit = self.exit.max(exit);
        self.end(step, Outcome::Failed, Some(told), ready);
        if !self.options.keep_going && !self.stopping && !self.looked_at(step) {
            if self.options.fail_fast {
                self.cancel.stop();
            }
            self.stopped_by = Some(self.graph.address(self.target(step)).to_owned());
            self.stop();
        }
    }
}

//! From what is ready to what runs.

use std::time::Duration;

use super::request::How;
use super::state::{Loop, Parked, State};
use super::work::Job;
use crate::event::{Event, Reason, Started};
use crate::plan::Step;

impl Loop<'_> {
    /// How long a step took last time, if that is known.
    pub(super) fn expected_of(&self, step: Step) -> Option<Duration> {
        self.expected[step.index()].map(|expected| Duration::from_millis(expected as u64))
    }

    /// Starts what fits; returns whether a token of the jobserver was missing.
    pub(super) fn dispatch(&mut self) -> bool {
        while let Some(candidate) = self.queue.take() {
            let step = candidate.step;
            let target = self.target(step);
            if let Some(story) = self.lost_service(target) {
                self.queue.release(&candidate);
                self.without_service(step, &story);
                continue;
            }
            if self.options.rounds.is_some_and(|most| self.started >= most) {
                self.queue.release(&candidate);
                self.queue.push(candidate);
                self.exhaust();
                return false;
            }
            let mut tokens = None;
            if let Some(jobs) = self.options.jobserver {
                let alone = self.running.is_empty();
                match jobs.try_acquire(self.queue.cost(&candidate) as usize, alone) {
                    Ok(Some(taken)) => tokens = Some(taken),
                    Ok(None) if !alone => {
                        self.queue.release(&candidate);
                        self.queue.push(candidate);
                        return true;
                    }
                    // With nothing else running, the one process that everybody may start without a token is ours.
                    _ => {}
                }
            }
            let Some(parked) = self.parked.remove(&step) else {
                self.queue.release(&candidate);
                continue;
            };
            self.started += 1;
            let slot = self.slots.iter().position(|taken| !taken).unwrap_or(0);
            self.slots[slot] = true;
            self.states[step.index()] = State::Running;
            let reason = match &parked {
                Parked::Task(_, reason, _) => reason.clone(),
                Parked::Service(_) => Reason::Asked,
            };
            let expected = self.expected_of(step);
            (self.tell)(&Event::Started(Started {
                task: target,
                at: self.began.elapsed(),
                attempt: 1,
                slot: slot as u32,
                reason: reason.clone(),
                expected,
            }));
            if candidate.exclusive {
                (self.tell)(&Event::TerminalTaken { task: target });
            }
            self.running.insert(step, (candidate, slot as u32, reason));
            let cancel = if self.rescued.contains(&step) { self.remedies.clone() } else { self.cancel.clone() };
            self.jobs.push_back(match parked {
                Parked::Task(prepared, _, links) => {
                    let remedy = self.errand(step).map(|errand| errand.failed.clone());
                    let foreground = remedy.is_none() && self.options.foreground == Some(target);
                    Job::Run { step, prepared, links, tokens, how: How { foreground, cancel, remedy } }
                }
                Parked::Service(request) => Job::Serve { step, request, cancel },
            });
        }
        false
    }
}

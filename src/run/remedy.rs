//! Errands: a task has failed for good, and its remedy is run, whatever else the failure stops.

use super::request::Failed;
use super::run::Loop;
use super::state::State;
use super::walk::finished;
use crate::base::TargetId;
use crate::event::{Event, Finished, Notice, Outcome, Reason};
use crate::graph::{EdgeKind, flag};
use crate::plan::Step;

/// One remedy for one failure.
pub(super) struct Errand {
    pub remedy: TargetId,
    pub failed: Failed,
}

impl Loop<'_> {
    /// Returns the errand that a step is; `None` for the steps of the plan.
    pub(super) fn errand(&self, step: Step) -> Option<&Errand> {
        self.errands.get(step.index().checked_sub(self.plan.len())?)
    }

    fn errand_steps(&self) -> impl Iterator<Item = Step> + use<> {
        (self.plan.len() as u32..self.states.len() as u32).map(Step)
    }

    /// Whether a remedy waits for what it needs.
    pub(super) fn errands_wait(&self) -> bool {
        self.errand_steps().any(|step| self.states[step.index()] == State::Waiting)
    }

    /// Notes the remedy of a task that fails, and wakes what it needs; returns what of that is ready. A remedy that fails, and what is only
    /// built for one, has none.
    pub(super) fn prescribe(&mut self, step: Step, told: &Finished) -> Vec<Step> {
        let target = self.target(step);
        let wanted = self.signal.is_none() && step.index() < self.plan.len() && !self.plan.is_spare(step);
        let Some(remedy) = self.graph.remedy(target).filter(|_| wanted && self.graph.has(target, flag::REMEDY)) else {
            return Vec::new();
        };
        let errand = Step(self.states.len() as u32);
        self.states.push(State::Waiting);
        self.open.push(0);
        self.outcomes.push(None);
        self.paths.push(0.0);
        self.expected.push(None);
        self.rescued.insert(errand);
        let status = told.status.clone().unwrap_or_else(|| String::from("failed"));
        let failed = Failed { task: target, status, code: told.code, log: told.log.clone() };
        self.errands.push(Errand { remedy, failed });
        let mut ready = Vec::new();
        let mut stack = vec![remedy];
        while let Some(target) = stack.pop() {
            for service in self.uses(target) {
                // Those of the plan are counted from the start.
                if target == remedy || self.plan.step(target).is_some_and(|step| self.plan.is_spare(step)) {
                    self.services.expect(service, 1);
                }
            }
            for need in self.needs(target) {
                let state = self.states[need.index()];
                if state == State::Ended || !self.rescued.insert(need) {
                    continue;
                }
                if state == State::Spare {
                    self.states[need.index()] = State::Waiting;
                    if self.open[need.index()] == 0 {
                        ready.push(need);
                    }
                }
                stack.push(self.plan.target(need));
            }
        }
        ready
    }

    fn needs(&self, target: TargetId) -> Vec<Step> {
        let edges = self.graph.edges(target).iter().filter(|edge| edge.kind() != EdgeKind::After);
        edges.filter_map(|edge| self.plan.step(edge.to)).collect()
    }

    /// Starts the remedies whose needs have ended. Two of one remedy, or one and the same task in the plan, never run at the same time.
    pub(super) fn start_errands(&mut self) {
        for step in self.errand_steps() {
            if self.states[step.index()] != State::Waiting {
                continue;
            }
            let remedy = self.target(step);
            let ended = |step: Step| matches!(self.states[step.index()], State::Ended | State::Spare);
            let busy = self
                .errand_steps()
                .any(|other| self.target(other) == remedy && !matches!(self.states[other.index()], State::Waiting | State::Ended));
            if busy || !self.plan.step(remedy).is_none_or(ended) || !self.needs(remedy).into_iter().all(ended) {
                continue;
            }
            let because = match self.blamed(remedy) {
                _ if self.signal.is_some() => Some(None),
                Some((_, name)) => Some(Some(name)),
                None if self.graph.has(remedy, flag::FOREIGN) => Some(Some(String::from("it is not for this platform"))),
                None => None,
            };
            if let Some(because) = because {
                self.give_up_errand(step, because);
                continue;
            }
            let failed = self.graph.address(self.errands[step.index() - self.plan.len()].failed.task).to_owned();
            let links = match self.yields.links_of(remedy) {
                Ok(links) => links,
                Err(lost) => {
                    let mut ready = Vec::new();
                    self.lost(step, lost, &mut ready);
                    ready.into_iter().for_each(|step| self.ready(step));
                    continue;
                }
            };
            match crate::rebuild::prepare(self.world, remedy, &links, Vec::new(), true) {
                Ok(prepared) => self.wait(step, Box::new(prepared), Reason::Remedy(failed), links),
                Err(blocked) => {
                    let told = Finished {
                        reason: Some(Reason::Remedy(failed)),
                        status: Some(blocked.text),
                        hint: blocked.hint,
                        ..finished(remedy)
                    };
                    let mut ready = Vec::new();
                    self.failed(step, told, 1, &mut ready);
                    ready.into_iter().for_each(|step| self.ready(step));
                }
            }
        }
    }

    /// Nothing else moves any more: what still waits, waits in vain.
    pub(super) fn give_up_errands(&mut self) {
        self.start_errands();
        if self.acts() {
            return;
        }
        for step in self.errand_steps() {
            if self.states[step.index()] == State::Waiting {
                self.give_up_errand(step, None);
            }
        }
    }

    fn give_up_errand(&mut self, step: Step, because: Option<String>) {
        let remedy = self.target(step);
        if self.signal.is_none() {
            let failed = self.graph.address(self.errands[step.index() - self.plan.len()].failed.task);
            let why = because.as_ref().map_or_else(|| String::from("what it needs is not built"), |name| format!("because of {name}"));
            let text = format!("the remedy of {failed} is not run: {why}");
            (self.tell)(&Event::Notice(Notice { task: Some(remedy), text, hint: None }));
        }
        let mut ready = Vec::new();
        self.end(step, Outcome::Cancelled, Some(Finished { because, ..finished(remedy) }), &mut ready);
    }
}

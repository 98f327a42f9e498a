//! Errands: a task has failed for good, and its remedy is run, whatever else the failure stops.

use std::collections::{BTreeMap, VecDeque};

use rustc_hash::FxHashMap;

use super::fresh::left_out;
use super::request::Failed;
use super::state::Loop;
use super::state::State;
use super::walk::finished;
use crate::base::TargetId;
use crate::event::{Event, Finished, Notice, Outcome, Reason};
use crate::graph::flag;
use crate::plan::Step;

/// One remedy for one failure.
pub(super) struct Errand {
    pub remedy: TargetId,
    pub failed: Failed,
}

/// All errands of a run.
#[derive(Default)]
pub(super) struct Errands {
    all: Vec<Errand>,
    /// Those that wait, by remedy, since two of one remedy never run at the same time; never an empty queue.
    waiting: BTreeMap<TargetId, VecDeque<Step>>,
    /// The one of each remedy that was started last.
    started: FxHashMap<TargetId, Step>,
}

impl Errands {
    /// Returns the errand at a place behind the plan.
    pub(super) fn get(&self, index: usize) -> Option<&Errand> {
        self.all.get(index)
    }

    fn add(&mut self, step: Step, errand: Errand) {
        self.waiting.entry(errand.remedy).or_default().push_back(step);
        self.all.push(errand);
    }

    fn next(&mut self, remedy: TargetId) -> Option<Step> {
        let queue = self.waiting.get_mut(&remedy)?;
        let step = queue.pop_front();
        if queue.is_empty() {
            self.waiting.remove(&remedy);
        }
        step
    }
}

impl Loop<'_> {
    /// Returns the errand that a step is; `None` for the steps of the plan.
    pub(super) fn errand(&self, step: Step) -> Option<&Errand> {
        self.errands.get(step.index().checked_sub(self.plan.len())?)
    }

    /// Returns why a remedy runs; `None` for the steps of the plan.
    pub(super) fn errand_reason(&self, step: Step) -> Option<Reason> {
        self.errand(step).map(|errand| Reason::Remedy(self.graph.address(errand.failed.task).to_owned()))
    }

    /// Whether a remedy waits for what it needs.
    pub(super) fn errands_wait(&self) -> bool {
        !self.errands.waiting.is_empty()
    }

    /// Notes the remedy of a task that fails, and wakes what it needs; returns what of that is ready. A remedy that fails, and what is only
    /// built for one, has none.
    pub(super) fn prescribe(&mut self, step: Step, told: &Finished) -> Vec<Step> {
        let target = self.target(step);
        let wanted = self.options.remediation && self.signal.is_none() && step.index() < self.plan.len() && !self.plan.is_spare(step);
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
        self.errands.add(errand, Errand { remedy, failed });
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
        let edges = self.graph.edges(target).iter().filter(|edge| edge.kind().pulls() && edge.kind().waits());
        edges.filter_map(|edge| self.plan.step(edge.to)).collect()
    }

    /// Starts the remedies whose needs have ended. Two of one remedy, or one and the same task in the plan, never run at the same time.
    pub(super) fn start_errands(&mut self) {
        if self.errands_wait() {
            let remedies: Vec<TargetId> = self.errands.waiting.keys().copied().collect();
            remedies.into_iter().for_each(|remedy| while self.start_errand(remedy) {});
        }
    }

    /// Starts the first errand that waits for a remedy, or gives it up; returns whether either was done.
    fn start_errand(&mut self, remedy: TargetId) -> bool {
        let state = |step: Step| self.states[step.index()];
        let ended = |step: Step| matches!(state(step), State::Ended | State::Spare);
        let busy = self.errands.started.get(&remedy).is_some_and(|step| state(*step) != State::Ended);
        if busy || !self.plan.step(remedy).is_none_or(ended) || !self.needs(remedy).into_iter().all(ended) {
            return false;
        }
        let Some(step) = self.errands.next(remedy) else { return false };
        match self.blamed(remedy) {
            _ if self.signal.is_some() => self.give_up_errand(step, None),
            Some((_, name)) => self.give_up_errand(step, Some(name)),
            None if left_out(self.world, remedy).is_some() => self.give_up_errand(step, left_out(self.world, remedy)),
            None if self.graph.has(remedy, flag::FOREIGN) => self.give_up_errand(step, Some(String::from("it is not for this platform"))),
            None => match self.yields.links_of(remedy) {
                Ok(links) => {
                    self.errands.started.insert(remedy, step);
                    self.judge(step, links, true, self.errand_reason(step));
                }
                Err(lost) => {
                    let mut ready = Vec::new();
                    self.lost(step, lost, &mut ready);
                    ready.into_iter().for_each(|step| self.ready(step));
                }
            },
        }
        true
    }

    /// Nothing else moves any more: what still waits, waits in vain.
    pub(super) fn give_up_errands(&mut self) {
        self.start_errands();
        if self.acts() {
            return;
        }
        let left: Vec<Step> = std::mem::take(&mut self.errands.waiting).into_values().flatten().collect();
        left.into_iter().for_each(|step| self.give_up_errand(step, None));
    }

    fn give_up_errand(&mut self, step: Step, because: Option<String>) {
        let remedy = self.target(step);
        if let (None, Some(errand)) = (self.signal, self.errand(step)) {
            let failed = self.graph.address(errand.failed.task);
            let why = because.as_ref().map_or_else(|| String::from("what it needs is not built"), |name| format!("because of {name}"));
            let text = format!("the remedy of {failed} is not run: {why}");
            (self.tell)(&Event::Notice(Notice { task: Some(remedy), text, hint: None }));
        }
        let mut ready = Vec::new();
        self.end(step, Outcome::Cancelled, Some(Finished { because, ..finished(remedy) }), &mut ready);
    }
}

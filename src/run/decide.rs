//! How the loop makes decisions: a step of the plan like others, made by a worker once all that it waits for has ended.

use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use super::choices::Choice;
use super::conditions::{Looked, Stuck};
use super::fresh::{decided, stood_still};
use super::state::Loop;
use super::state::State;
use super::walk::finished;
use super::work::Job;
use crate::base::TargetId;
use crate::event::{Decided, Event, Finished, Outcome, Sight};
use crate::graph::{Detail, EdgeKind, TargetKind};
use crate::plan::Step;
use crate::rebuild::Yield;

impl Loop<'_> {
    /// Tells of the decisions that were made before the walk began; one that cannot be made ends its step badly.
    pub(super) fn choices_made(&mut self) {
        let mut ready = Vec::new();
        for (step, choice) in self.yields.made() {
            match choice {
                Ok(choice) => (self.tell)(&told(self.plan.target(step), choice, self.began.elapsed())),
                Err(stuck) => self.decided(step, Err(stuck), &mut ready),
            }
        }
        ready.into_iter().for_each(|step| self.ready(step));
    }

    /// Lets a worker make a decision.
    pub(super) fn decide(&mut self, step: Step, ready: &mut Vec<Step>) {
        let target = self.plan.target(step);
        if !self.may_start(step) {
            return self.end(step, Outcome::Cancelled, None, ready);
        }
        let Detail::Decision(_, looks) = self.graph.detail(target) else { return };
        let looked: FxHashMap<TargetId, Looked> =
            looks.iter().flat_map(|(_, ids)| ids).filter_map(|id| Some((*id, self.became(*id)?))).collect();
        let cancel = if self.rescued.contains(&step) { self.remedies.clone() } else { self.cancel.clone() };
        self.states[step.index()] = State::Judging;
        self.judging += 1;
        self.jobs.push_back(Job::Decide { step, target, looked, cancel });
    }

    /// Returns what became of a target that has ended.
    fn became(&self, target: TargetId) -> Option<Looked> {
        let outcome = self.outcomes[self.plan.step(target)?.index()]?;
        match (self.looked.get(&target), outcome) {
            (Some(looked), Outcome::Done | Outcome::Failed) => Some(looked.clone()),
            (_, Outcome::Cached | Outcome::Fresh) => Some(Looked { outcome, ..stood_still(self.world, target) }),
            _ => Some(Looked { outcome, code: None, printed: Vec::new() }),
        }
    }

    /// Settles what a decision came to.
    pub(super) fn decided(&mut self, step: Step, choice: Result<Choice, Stuck>, ready: &mut Vec<Step>) {
        let target = self.plan.target(step);
        match choice {
            Ok(choice) => {
                let digest = decided(self.world, target, &choice.value);
                let executed = self.yields.executed_before(step);
                self.yields.put(step, Yield { digest, outputs: Default::default(), folders: Default::default(), executed });
                (self.tell)(&told(target, choice, self.began.elapsed()));
                self.end(step, Outcome::Fresh, None, ready);
            }
            Err(Stuck::Wrong { text, hint, saw }) => {
                let output = lines(&saw).into_bytes();
                let output_size = output.len() as u64;
                let told = Finished { status: Some(text), hint: Some(hint), output, output_size, ..finished(target) };
                self.ended_badly(step, told, 2, ready);
            }
            Err(Stuck::Open(text)) => self.ended_badly(step, Finished { status: Some(text), ..finished(target) }, 3, ready),
            Err(Stuck::Cancelled) => self.end(step, Outcome::Cancelled, None, ready),
        }
    }

    /// Whether a decision that is still to be made looks at how a step, or something that waits for it, ends.
    pub(super) fn looked_at(&self, step: Step) -> bool {
        if step.index() >= self.plan.len() || self.plan.is_spare(step) {
            return false;
        }
        let (graph, plan) = (self.graph, self.plan);
        let decides = || plan.steps().any(|step| graph.kind(plan.target(step)) == TargetKind::Decision);
        if !*self.decides.get_or_init(decides) {
            return false;
        }
        let mut seen = FxHashSet::from_iter([step]);
        let mut stack = vec![step];
        while let Some(step) = stack.pop() {
            let target = self.plan.target(step);
            for later in self.plan.waiting(step) {
                let waits = self.plan.target(*later);
                let mut edges = self.graph.edges(waits).iter().filter(|edge| edge.to == target).map(|edge| edge.kind());
                if self.graph.kind(waits) == TargetKind::Decision {
                    if self.states[later.index()] != State::Ended && edges.any(|kind| kind == EdgeKind::Look) {
                        return true;
                    }
                } else if edges.any(EdgeKind::fails_along) && seen.insert(*later) {
                    stack.push(*later);
                }
            }
        }
        false
    }
}

/// What is told of a decision.
pub(super) fn told(decision: TargetId, choice: Choice, at: Duration) -> Event {
    Event::Decided(Box::new(Decided { decision, at, value: choice.value, origin: choice.origin, saw: choice.saw }))
}

/// What conditions looked at, one a line.
fn lines(saw: &[Sight]) -> String {
    let found = |sight: &Sight| if sight.found.is_empty() { String::new() } else { format!(": {}", sight.found) };
    let line = |sight: &Sight| {
        let holds = if sight.holds { "holds" } else { "does not hold" };
        format!("{}: `{}` {holds}{}\n", sight.choose, sight.condition, found(sight))
    };
    saw.iter().map(line).collect()
}

//! How the loop moves from step to step: what becomes ready, what waits, what ends.

use super::conditions::Looked;
use super::fresh::{gathered, left_out};
use super::policy::Planned;
use super::ready::{Candidate, RANKS, Ranked};
use super::state::State;
use super::state::{Loop, Parked};
use super::work::Job;
use crate::base::TargetId;
use crate::event::{Event, Finished, Outcome, Reason};
use crate::graph::{TargetKind, flag};
use crate::plan::Step;
use crate::rebuild::{self, Blocked, Links, Prepared};

impl Loop<'_> {
    pub(super) fn ready(&mut self, step: Step) {
        // Targets that gather end at once, and may free a long row of others: a stack, not recursion.
        let mut ready = vec![step];
        while let Some(step) = ready.pop() {
            let target = self.plan.target(step);
            let kind = self.graph.kind(target);
            let given = kind == TargetKind::Decision && self.options.choices.is_given(target);
            if let Some((outcome, name)) = self.blamed(target).filter(|_| !given) {
                // What a rock or epic is made of may be skipped without the whole being so.
                let skipped = outcome == Outcome::Skipped;
                if !(skipped && matches!(kind, TargetKind::Rock | TargetKind::Epic)) {
                    self.blame.insert(step, name.clone());
                    let told = Finished { because: Some(name), ..finished(target) };
                    match skipped {
                        true => self.skip(step, told, &mut ready),
                        false => self.end(step, Outcome::Cancelled, Some(told), &mut ready),
                    }
                    continue;
                }
            }
            if kind == TargetKind::Gate {
                if self.may_start(step) {
                    self.gate(step);
                } else {
                    self.end(step, Outcome::Cancelled, Some(finished(target)), &mut ready);
                }
                continue;
            }
            if kind == TargetKind::Task && self.graph.has(target, flag::FOREIGN) {
                let status = Some(String::from("it is not for this platform"));
                self.skip(step, Finished { status, ..finished(target) }, &mut ready);
                continue;
            }
            if let Some(because) = left_out(self.world, target) {
                self.blame.insert(step, because.clone());
                self.skip(step, Finished { because: Some(because), ..finished(target) }, &mut ready);
                continue;
            }
            if kind == TargetKind::Decision {
                self.decide(step, &mut ready);
                continue;
            }
            if kind == TargetKind::Service && self.options.foreground == Some(target) && self.may_start(step) {
                self.foreground(step, &mut ready);
                continue;
            }
            if kind != TargetKind::Task || self.graph.has(target, flag::EMPTY) {
                if let Some(Blocked { text, hint, .. }) = rebuild::lacks(self.world, target) {
                    self.ended_badly(step, Finished { status: Some(text), hint, ..finished(target) }, 1, &mut ready);
                    continue;
                }
                match self.yields.links(step) {
                    Ok(links) => {
                        let executed = self.yields.executed_before(step);
                        self.yields.put(step, gathered(self.world, target, &links, executed));
                        self.end(step, Outcome::Fresh, None, &mut ready);
                    }
                    Err(lost) => self.lost(step, lost, &mut ready),
                }
                continue;
            }
            if !self.may_start(step) {
                self.end(step, Outcome::Cancelled, Some(finished(target)), &mut ready);
                continue;
            }
            match self.yields.links(step) {
                Ok(links) => {
                    let again = self.yields.executed_before(step);
                    let wanted = (self.options.foreground == Some(target)).then_some(Reason::Asked);
                    self.judge(step, links, again, wanted);
                }
                Err(lost) => self.lost(step, lost, &mut ready),
            }
        }
    }

    /// Leaves a target out of the run. What a task had put out in an earlier one goes: whoever reads there sees what a build from nothing gives.
    fn skip(&mut self, step: Step, told: Finished, ready: &mut Vec<Step>) {
        let target = self.plan.target(step);
        if self.graph.kind(target) == TargetKind::Task {
            match rebuild::clear_skipped(self.world, target) {
                Ok(removed) => self.left_out.extend(removed),
                Err(error) => {
                    let status = Some(format!("it is skipped, and what it had put out cannot be taken away: {error}"));
                    return self.ended_badly(step, Finished { status, ..told }, 3, ready);
                }
            }
        }
        self.end(step, Outcome::Skipped, Some(told), ready);
    }

    /// Lets a worker find out what is to be done about a step.
    pub(super) fn judge(&mut self, step: Step, links: Links, again: bool, wanted: Option<Reason>) {
        let rank = match self.rank(step) {
            Planned::Run(rank) => {
                self.ranks.insert(step, rank);
                rank
            }
            // It is judged in any case: maybe there is nothing to run.
            Planned::Held => [f64::MIN; RANKS],
            Planned::Never => return,
        };
        self.states[step.index()] = State::Judging;
        self.judging += 1;
        let job = Job::Judge { step, target: self.target(step), links, again, wanted };
        self.judges.push(Ranked { rank, step, job });
    }

    /// What a target had put out was known when the run began, and cannot be read: it is forgotten, so that the next run finds it out anew.
    pub(super) fn lost(&mut self, step: Step, lost: TargetId, ready: &mut Vec<Step>) {
        self.world.checkout.lock().expect("no holder panics").forget(self.graph.row(lost).key);
        let status = format!("what was remembered of `{}` is damaged; it is forgotten now: build again", self.graph.address(lost));
        self.ended_badly(step, Finished { status: Some(status), ..finished(self.target(step)) }, 3, ready);
    }

    /// Returns why a target cannot be tried: the outcome of what it needs, and the name of what is to blame.
    pub(super) fn blamed(&self, target: TargetId) -> Option<(Outcome, String)> {
        let needs = self.graph.edges(target).iter().filter(|edge| edge.kind().fails_along());
        let needs = needs.filter_map(|edge| Some((self.plan.step(edge.to)?, edge.kind().requires())));
        needs.into_iter().find_map(|(before, required)| match self.outcomes[before.index()] {
            Some(Outcome::Skipped) if !required => None,
            Some(outcome @ (Outcome::Failed | Outcome::Cancelled | Outcome::Skipped | Outcome::Stalled)) => {
                let name = self.blame.get(&before).cloned().unwrap_or_else(|| self.graph.address(self.plan.target(before)).to_owned());
                Some((outcome, name))
            }
            _ => None,
        })
    }

    pub(super) fn cancelled(&mut self, step: Step, because: Option<String>) {
        let target = self.target(step);
        let mut ready = Vec::new();
        self.end(step, Outcome::Cancelled, Some(Finished { because, ..finished(target) }), &mut ready);
        ready.into_iter().for_each(|step| self.ready(step));
    }

    /// Ends a step, tells it, and adds to `ready` what waited only for it.
    pub(super) fn end(&mut self, step: Step, outcome: Outcome, told: Option<Finished>, ready: &mut Vec<Step>) {
        if std::mem::replace(&mut self.states[step.index()], State::Ended) == State::Ended {
            return;
        }
        self.outcomes[step.index()] = Some(outcome);
        let target = self.target(step);
        let kind = self.graph.kind(target);
        let tried = told.as_ref().is_some_and(|told| told.attempts > 0);
        if self.graph.has(target, flag::HEARD) && step.index() < self.plan.len() {
            let (code, printed) = told.as_ref().filter(|_| tried).map(|told| (told.code, told.output.clone())).unwrap_or_default();
            self.looked.insert(target, Looked { outcome, code, printed });
        }
        if matches!(kind, TargetKind::Task | TargetKind::Gate)
            || (matches!(kind, TargetKind::Service | TargetKind::Decision) && (outcome == Outcome::Failed || tried))
        {
            self.totals.count(outcome);
            self.totals.interrupted += usize::from(tried && outcome == Outcome::Cancelled);
            self.totals.flaky += usize::from(told.as_ref().is_some_and(|told| told.flaky && outcome == Outcome::Done));
            let mut told = Finished { outcome, at: self.began.elapsed(), ..told.unwrap_or_else(|| finished(target)) };
            if outcome == Outcome::Cancelled && !tried && told.because.is_none() {
                told.because.clone_from(&self.stopped_by);
            }
            (self.tell)(&Event::Finished(Box::new(told)));
        }
        if kind == TargetKind::Task && !self.services.is_empty() {
            self.uses(target).into_iter().for_each(|service| self.services.release(service));
        }
        if step.index() >= self.plan.len() {
            return;
        }
        for later in self.plan.waiting(step) {
            self.open[later.index()] -= 1;
            if self.open[later.index()] == 0 && self.states[later.index()] == State::Waiting {
                ready.push(*later);
            }
        }
    }

    /// Lets a task that has to run wait for its services, then for a slot.
    pub(super) fn wait(&mut self, step: Step, prepared: Box<Prepared>, reason: Reason, links: Links) {
        if !self.may_start(step) {
            self.cancelled(step, None);
            return;
        }
        self.parked.insert(step, Parked::Task(prepared, reason, links));
        self.attend(step);
    }

    /// Lets a step wait for a slot.
    pub(super) fn enqueue(&mut self, step: Step) {
        let target = self.target(step);
        let terms = self.graph.terms(target);
        self.states[step.index()] = State::Queued;
        let rank = match self.ranks.remove(&step).map_or_else(|| self.rank(step), Planned::Run) {
            Planned::Run(rank) => rank,
            Planned::Held => return self.held.push(step),
            Planned::Never => return,
        };
        self.queue.push(Candidate {
            step,
            rank,
            weight: terms.weight,
            pool: terms.pool,
            exclusive: self.options.foreground == Some(target)
                || self.graph.has(target, flag::INTERACTIVE)
                || self.graph.has(target, flag::CONFIRM),
        });
    }
}

/// What is told of a target unless somebody knows more; its outcome is set where it ends.
pub(super) fn finished(task: TargetId) -> Finished {
    Finished::new(task, Outcome::Fresh)
}

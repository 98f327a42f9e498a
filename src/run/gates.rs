//! Gates in a run: judged by a worker, like a task is, and told with all that they found.

use std::sync::Arc;
use std::time::Duration;

use super::fresh::gathered;
use super::state::Loop;
use super::state::State;
use super::walk::finished;
use super::work::Job;
use crate::base::TargetId;
use crate::event::{Event, Finished, GateOutcome, GateReport, Outcome, Reason};
use crate::plan::Step;
use crate::rebuild::World;

/// Judges gates.
pub trait Gates: Sync {
    /// Returns what a gate came to in a run, and whether that was known before. Soon after the run was told to end it returns, however long
    /// the gate would compute.
    fn judge(&self, gate: TargetId, world: &Arc<World>) -> (GateReport, bool);

    /// Returns what a gate would come to, where that is known without judging.
    fn standing(&self, gate: TargetId) -> Option<GateReport>;
}

impl Loop<'_> {
    /// Lets a worker judge a gate.
    pub(super) fn gate(&mut self, step: Step) {
        self.states[step.index()] = State::Judging;
        self.judging += 1;
        self.jobs.push_back(Job::Gate { step, target: self.plan.target(step) });
    }

    /// Takes what a gate came to.
    pub(super) fn gate_judged(&mut self, step: Step, (report, known): (GateReport, bool), took: Duration, ready: &mut Vec<Step>) {
        self.judging -= 1;
        let target = self.plan.target(step);
        let (outcome, warning) = (report.outcome, report.warning);
        let status = report.verdict();
        // What it runs was ended with all else, and that is no verdict.
        if outcome == GateOutcome::NotEvaluated && self.cancel.stopped() {
            return self.end(step, Outcome::Cancelled, Some(Finished { duration: took, attempts: 1, ..finished(target) }), ready);
        }
        (self.tell)(&Event::Gate { gate: target, at: self.began.elapsed(), report: Box::new(report) });
        let reason = match known {
            _ if self.options.mode.force => Reason::Forced,
            true => Reason::NotFinished,
            false => Reason::Unjudged,
        };
        let told = Finished { reason: Some(reason), duration: took, attempts: 1, status: Some(status), ..finished(target) };
        match outcome {
            GateOutcome::NotEvaluated => return self.ended_badly(step, told, 3, ready),
            GateOutcome::Fail if !warning => return self.ended_badly(step, told, 1, ready),
            _ => {}
        }
        match self.yields.links(step) {
            Ok(links) => {
                let executed = self.yields.executed_before(step);
                self.yields.put(step, gathered(self.world, target, &links, executed));
                match known {
                    true => self.end(step, Outcome::Fresh, None, ready),
                    false => self.end(step, Outcome::Done, Some(Finished { status: None, ..told }), ready),
                }
            }
            Err(lost) => self.lost(step, lost, ready),
        }
    }
}

//! What the loop asks the planner, and what it does when nothing may run or too much did.

use super::ready::RANKS;
use super::state::Loop;
use super::walk::finished;
use crate::base::quantity::plural;
use crate::decisions::{Rank, Ready};
use crate::event::{Event, Finished, Notice, Outcome};
use crate::plan::Step;

/// How many of those that wait are named.
const NAMED: usize = 3;

/// What the planner says of a step.
pub(super) enum Planned {
    /// It may run, so urgently.
    Run([f64; RANKS]),
    /// It may not run yet.
    Held,
    /// There is no answer, and the step was cancelled.
    Never,
}

impl Loop<'_> {
    /// Asks the planner how urgent a step is.
    pub(super) fn rank(&mut self, step: Step) -> Planned {
        let target = self.target(step);
        let terms = self.graph.terms(target);
        self.turns += 1;
        let question = Ready {
            task: self.graph.address(target).to_owned(),
            path_ms: self.paths[step.index()],
            priority: terms.priority,
            weight: terms.weight,
            pool: terms.pool.checked_sub(1).map(|pool| self.graph.header().pools[pool as usize].name.to_string()),
            failed_before: self.world.checkout.lock().expect("no holder panics").has_failed(self.graph.row(target).key),
            turn: self.turns,
        };
        match self.world.seams.ask(&question) {
            Ok(Rank::Run(ranks)) => {
                let mut rank = [0.0; RANKS];
                rank.iter_mut().zip(ranks).for_each(|(rank, given)| *rank = given);
                Planned::Run(rank)
            }
            Ok(Rank::Hold) => Planned::Held,
            Err(error) => {
                // What runs goes on; nothing more is started.
                if self.exit != 3 {
                    (self.tell)(&Event::Notice(Notice { task: Some(target), text: error.to_string(), hint: None }));
                }
                self.exit = 3;
                self.stop();
                self.parked.remove(&step);
                self.cancelled(step, None);
                Planned::Never
            }
        }
    }

    /// Ends what the planner holds back, if nothing else moves: the run is stalled, and says what waits for whom.
    pub(super) fn stall(&mut self) {
        let moves = self.judging + self.running.len() > 0 || self.parked.len() > self.held.len();
        if moves || self.held.is_empty() {
            return;
        }
        for step in std::mem::take(&mut self.held) {
            let target = self.target(step);
            self.parked.remove(&step);
            if self.stopping {
                self.cancelled(step, None);
                continue;
            }
            let waiting = if step.index() < self.plan.len() { self.plan.waiting(step) } else { &[] };
            let mut names: Vec<String> =
                waiting.iter().map(|later| format!("`{}`", self.graph.address(self.plan.target(*later)))).collect();
            let more = names.len().saturating_sub(NAMED);
            names.truncate(NAMED);
            let more = if more > 0 { format!(" and {more} more") } else { String::new() };
            let behind = if names.is_empty() { String::new() } else { format!("; {}{more} wait for it", names.join(", ")) };
            let status = format!("it could run, and the planner holds it back although nothing else moves{behind}");
            self.exit = self.exit.max(1);
            let mut ready = Vec::new();
            self.end(step, Outcome::Stalled, Some(Finished { status: Some(status), ..finished(target) }), &mut ready);
            ready.into_iter().for_each(|step| self.ready(step));
        }
    }

    /// Starts nothing more: as many tasks were started as may be.
    pub(super) fn exhaust(&mut self) {
        let text = format!("the run is exhausted: it may start {}, and that was not enough", plural(self.started, "task"));
        (self.tell)(&Event::Notice(Notice { task: None, text, hint: None }));
        self.exit = self.exit.max(1);
        self.stop();
    }
}

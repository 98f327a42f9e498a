//! What a run would do, without doing it.

use crate::base::TargetId;
use crate::event::{Outcome, Reason};
use crate::graph::{Graph, TargetKind, flag};
use crate::plan::Plan;
use crate::rebuild::{self, Judged, Mode, World};

use super::fresh::{Fresh, Yields, gathered};

/// What was seen of one task.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    /// Which.
    pub task: TargetId,
    /// `fresh`, `cached` (the store has it), `done` (it would run), `failed` (it cannot be judged) or `skipped`.
    pub outcome: Outcome,
    /// Why it would run.
    pub reason: Option<Reason>,
    /// What is in the way.
    pub trouble: Option<String>,
}

/// Judges every task of a plan in order, changing nothing. What stands behind a task that would run would have to be judged again
/// after it; until then it counts as to be run.
pub fn look(world: &World, plan: &Plan, mode: Mode) -> Vec<Seen> {
    let graph: &Graph = &world.graph;
    let mut yields = Yields::new(world, plan, Fresh::of(world, plan, mode, None));
    let mut blame: Vec<Option<String>> = vec![None; plan.len()];
    let mut seen = Vec::new();
    for step in plan.steps() {
        let target = plan.target(step);
        let above = plan
            .before(graph, step)
            .filter(|(_, kind)| *kind != crate::graph::EdgeKind::After)
            .find_map(|(before, _)| blame[before.index()].clone());
        let is_task = graph.kind(target) == TargetKind::Task;
        if yields.is_fresh(step) {
            if is_task {
                seen.push(Seen { task: target, outcome: Outcome::Fresh, reason: None, trouble: None });
            }
            continue;
        }
        if !is_task || graph.has(target, flag::EMPTY) {
            blame[step.index()] = above;
            if let Ok(links) = yields.links(step) {
                yields.put(step, gathered(&links, false));
            }
            if is_task {
                seen.push(Seen { task: target, outcome: Outcome::Fresh, reason: None, trouble: None });
            }
            continue;
        }
        if graph.has(target, flag::FOREIGN) {
            seen.push(Seen { task: target, outcome: Outcome::Skipped, reason: None, trouble: None });
            continue;
        }
        if let Some(first) = above {
            blame[step.index()] = Some(first.clone());
            seen.push(Seen { task: target, outcome: Outcome::Done, reason: Some(Reason::Upstream(first)), trouble: None });
            continue;
        }
        let Ok(links) = yields.links(step) else {
            seen.push(Seen { task: target, outcome: Outcome::Done, reason: Some(Reason::New), trouble: None });
            continue;
        };
        let (outcome, reason, trouble) = match rebuild::judge(world, target, &links, false, Mode { look: true, ..mode }, None) {
            Judged::Fresh(yielded) => {
                yields.put(step, yielded);
                (Outcome::Fresh, None, None)
            }
            Judged::Cached { yielded, .. } => {
                yields.put(step, yielded);
                (Outcome::Cached, None, None)
            }
            Judged::Run(_, reason) => {
                blame[step.index()] = Some(graph.address(target).to_owned());
                (Outcome::Done, Some(reason), None)
            }
            Judged::Blocked(blocked) => {
                blame[step.index()] = Some(graph.address(target).to_owned());
                (Outcome::Failed, None, Some(blocked.text))
            }
        };
        seen.push(Seen { task: target, outcome, reason, trouble });
    }
    seen
}

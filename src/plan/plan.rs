//! Goal and graph to plan: what has to be looked at, in an order in which everything stands behind what it waits for.

use crate::base::TargetId;
use crate::graph::{EdgeKind, Graph, flag};

/// The position of a target in a plan: 0 up to the number of targets in it, in topological order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Step(pub u32);

impl Step {
    /// Returns the position as a `usize`.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The targets that a goal needs.
///
/// The only invariant: for every edge between two targets of the plan, the one that comes first has the smaller [`Step`]; an `after` that
/// names a spare step is no such edge.
pub struct Plan {
    targets: Vec<TargetId>,
    steps: Vec<u32>,
    /// Where each step's target stands among all of the plan, in the order of declaration.
    positions: Vec<u32>,
    /// Where, for each such position, those begin in `waiting` that wait for it; they end where the next ones begin.
    starts: Vec<u32>,
    waiting: Vec<Step>,
    open: Vec<u32>,
    goal: Vec<Step>,
    /// Empty if no step is.
    spare: Vec<bool>,
}

const ABSENT: u32 = u32::MAX;

impl Plan {
    /// Plans for `goal` and all it pulls in. Targets that are only named by `after` count only where something else pulls them in.
    ///
    /// Cost: linear in the targets and edges of the plan, plus one word for each target of the graph. The graph has no cycle.
    pub fn new(graph: &Graph, goal: &[TargetId]) -> Plan {
        Plan::make(graph, goal, false, &|_| false)
    }

    /// As `new`, where nothing that a target of `given` waits for counts. With `remedies`, all that the remedies of its tasks need are spare
    /// steps; see [`Plan::is_spare`]. Nothing else waits for a spare step.
    pub fn without(graph: &Graph, goal: &[TargetId], remedies: bool, given: &dyn Fn(TargetId) -> bool) -> Plan {
        Plan::make(graph, goal, remedies, given)
    }

    fn make(graph: &Graph, goal: &[TargetId], remedies: bool, given: &dyn Fn(TargetId) -> bool) -> Plan {
        let edges_of = |id: TargetId| if given(id) { &[][..] } else { graph.edges(id) };
        let mut steps = vec![ABSENT; graph.len()];
        // As much as most goals need, so that it need not be moved when it grows.
        let mut wanted: Vec<TargetId> = Vec::with_capacity(goal.len());
        let want = |id: TargetId, steps: &mut Vec<u32>, wanted: &mut Vec<TargetId>| {
            if steps[id.index()] == ABSENT {
                steps[id.index()] = 0;
                wanted.push(id);
            }
        };
        goal.iter().for_each(|id| want(*id, &mut steps, &mut wanted));
        let mut next = 0;
        let mut planned = usize::MAX;
        loop {
            while let Some(id) = wanted.get(next).copied() {
                next += 1;
                edges_of(id).iter().filter(|edge| edge.kind().pulls()).for_each(|edge| want(edge.to, &mut steps, &mut wanted));
            }
            if planned != usize::MAX {
                break;
            }
            planned = wanted.len();
            if remedies {
                let found: Vec<TargetId> =
                    wanted.iter().filter(|id| graph.has(**id, flag::REMEDY)).filter_map(|id| graph.remedy(*id)).collect();
                for edge in found.iter().flat_map(|id| graph.edges(*id)).filter(|edge| edge.kind().pulls()) {
                    want(edge.to, &mut steps, &mut wanted);
                }
            }
        }
        let mut spares: Vec<TargetId> = wanted[planned..].to_vec();
        spares.sort_unstable();
        let is_spare = |id: &TargetId| !spares.is_empty() && spares.binary_search(id).is_ok();
        wanted.sort_unstable();

        // Kahn's algorithm over positions in `wanted`; ready targets leave in the order of declaration, as far as their needs allow.
        for (position, id) in wanted.iter().enumerate() {
            steps[id.index()] = position as u32;
        }
        let inside = |edge: &crate::graph::Edge| {
            let counts = steps[edge.to.index()] != ABSENT && edge.kind().waits() && (edge.kind().pulls() || !is_spare(&edge.to));
            counts.then(|| steps[edge.to.index()])
        };
        let (mut starts, mut open) = (vec![0u32; wanted.len() + 1], vec![0u32; wanted.len()]);
        for (position, id) in wanted.iter().enumerate() {
            for before in edges_of(*id).iter().filter_map(inside) {
                starts[before as usize] += 1;
                open[position] += 1;
            }
        }
        let mut sum = 0;
        for start in &mut starts {
            sum += *start;
            *start = sum;
        }
        // Filled from behind, each list from its end: so every start is in place when all is filled. Positions stand there until there are steps.
        let mut waiting = vec![Step(0); sum as usize];
        for (position, id) in wanted.iter().enumerate().rev() {
            for before in edges_of(*id).iter().rev().filter_map(inside) {
                starts[before as usize] -= 1;
                waiting[starts[before as usize] as usize] = Step(position as u32);
            }
        }
        let mut left = open.clone();
        let mut order: Vec<u32> = Vec::with_capacity(wanted.len());
        order.extend((0..wanted.len() as u32).filter(|position| open[*position as usize] == 0));
        let mut next = 0;
        while let Some(position) = order.get(next).copied() {
            next += 1;
            for later in &waiting[starts[position as usize] as usize..starts[position as usize + 1] as usize] {
                left[later.index()] -= 1;
                if left[later.index()] == 0 {
                    order.push(later.0);
                }
            }
        }

        let mut step_of = left;
        step_of.fill(0);
        for (step, position) in order.iter().enumerate() {
            step_of[*position as usize] = step as u32;
        }
        waiting.iter_mut().for_each(|later| later.0 = step_of[later.index()]);
        for id in &wanted {
            steps[id.index()] = step_of[steps[id.index()] as usize];
        }
        Plan {
            goal: goal.iter().map(|id| Step(steps[id.index()])).collect(),
            open: order.iter().map(|position| open[*position as usize]).collect(),
            spare: if spares.is_empty() {
                Vec::new()
            } else {
                order.iter().map(|position| is_spare(&wanted[*position as usize])).collect()
            },
            targets: order.iter().map(|position| wanted[*position as usize]).collect(),
            positions: order,
            steps,
            starts,
            waiting,
        }
    }

    /// Returns the number of targets.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there is nothing to look at.
    pub fn is_empty(&self) -> bool {
        self.targets.is_empty()
    }

    /// Returns all steps in order.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = Step> + use<> {
        (0..self.targets.len() as u32).map(Step)
    }

    /// Returns the targets of all steps, in order.
    pub fn targets(&self) -> &[TargetId] {
        &self.targets
    }

    /// Returns the target of a step.
    pub fn target(&self, step: Step) -> TargetId {
        self.targets[step.index()]
    }

    /// Whether a step is there only because a remedy may need it.
    pub fn is_spare(&self, step: Step) -> bool {
        self.spare.get(step.index()) == Some(&true)
    }

    /// Returns the step of a target; `None` if it is not part of the plan.
    pub fn step(&self, target: TargetId) -> Option<Step> {
        self.steps.get(target.index()).filter(|step| **step != ABSENT).map(|step| Step(*step))
    }

    /// Returns the steps that wait for this one, once for each edge.
    pub fn waiting(&self, step: Step) -> &[Step] {
        let position = self.positions[step.index()] as usize;
        &self.waiting[self.starts[position] as usize..self.starts[position + 1] as usize]
    }

    /// Returns how many edges each step waits for, in the order of steps: the counters that a dispatcher starts from.
    pub fn open(&self) -> &[u32] {
        &self.open
    }

    /// Returns the steps of what was asked for.
    pub fn goal(&self) -> &[Step] {
        &self.goal
    }

    /// Returns the edges of a step's target that lead to another step which comes first.
    pub fn before<'a>(&'a self, graph: &'a Graph, step: Step) -> impl Iterator<Item = (Step, EdgeKind)> + 'a {
        graph.edges(self.target(step)).iter().filter(|edge| edge.kind().waits()).filter_map(|edge| Some((self.step(edge.to)?, edge.kind())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, need, needs, task, tasks};
    use crate::model::Imported;

    #[test]
    fn what_is_built_along_waits_for_nobody_and_may_need_who_brings_it_along() {
        let with = |name: &str, imported| {
            let mut with = task(name, &[], &[], &[]);
            with.imported = Some(Box::new(imported));
            with
        };
        let one = with("one", Imported { order: needs(&["first"]), along: needs(&["check"]), ..Imported::default() });
        let check = with("check", Imported { makers: needs(&["one"]), ..Imported::default() });
        let graph = graph(&tasks(vec![one, check, task("first", &[], &[], &[])]));
        let plan = Plan::new(&graph, &[graph.find("one").unwrap()]);
        let steps: Vec<_> = plan.steps().map(|step| (graph.address(plan.target(step)), plan.open()[step.index()])).collect();
        assert_eq!(steps, [("first", 0), ("one", 1), ("check", 1)]);
    }

    #[test]
    fn what_a_remedy_needs_is_spare_and_nothing_else_waits_for_it() {
        let mut test = task("test", &[], &[], &[]);
        test.on_failure = Some(need("mend", &["mend"]));
        let mut late = task("late", &[], &[], &["test"]);
        late.after = vec![need("tool", &["tool"])];
        let mend = task("mend", &[], &[], &["tool", "shared"]);
        let rest = vec![task("tool", &[], &[], &["base"]), task("base", &[], &[], &[]), task("shared", &[], &[], &[])];
        let graph = graph(&tasks([vec![test, late, mend], rest].concat()));
        let goal: Vec<TargetId> = ["late", "shared"].iter().filter_map(|name| graph.find(name)).collect();

        let names = |plan: &Plan, spare: bool| {
            let steps = plan.steps().filter(|step| plan.is_spare(*step) == spare);
            let mut names: Vec<_> = steps.map(|step| graph.address(plan.target(step)).to_owned()).collect();
            names.sort();
            names
        };
        let plan = Plan::without(&graph, &goal, true, &|_| false);
        assert_eq!(names(&plan, false), ["late", "shared", "test"]);
        assert_eq!(names(&plan, true), ["base", "tool"]);
        let late = plan.step(goal[0]).unwrap();
        assert_eq!(plan.open()[late.index()], 1);
        assert_eq!(names(&Plan::new(&graph, &goal), true), [] as [&str; 0]);
    }
}

//! What a run would do, without doing it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::choices::Choices;
use super::conditions::{Looked, Past, Stuck};
use super::fresh::{Fresh, Yields, decided, gathered, left_out, stood_still};
use super::gates::Gates;
use crate::base::TargetId;
use crate::event::{GateOutcome, Outcome, Reason};
use crate::graph::{EdgeKind, Graph, TargetKind, flag};
use crate::plan::{Plan, Step};
use crate::rebuild::{self, Judged, Links, Mode, World, Yield};

/// What was seen of one task or gate.
#[derive(Clone, PartialEq, Debug)]
pub struct Seen {
    /// Which.
    pub task: TargetId,
    /// `fresh`, `cached` (the store has it), `done` (it would run), `failed` (it cannot be judged) or `skipped`.
    pub outcome: Outcome,
    /// Why it would run.
    pub reason: Option<Reason>,
    /// What is in the way; of one that is skipped, why; of one that would run only under a decision that is not made yet, what it waits for.
    pub trouble: Option<String>,
    /// Whether what is in the way is a decision that cannot be made: a run would end with 2.
    pub undecided: bool,
}

/// Looks on as if what a target had put out that is skipped was gone, as it would be.
fn without(world: &World, target: TargetId) {
    if world.graph.kind(target) == TargetKind::Task {
        let skipped = rebuild::skipped(world, target);
        world.absent.write().expect("no holder panics").extend(skipped);
    }
}

/// Judges every task and gate of a plan in order, changing and executing nothing. What stands behind a task that would run, and that puts
/// something out, would have to be judged again after it; until then it counts as to be run, for a reason of its own if it has one. What hangs on a decision that cannot be made by looking alone may run; see
/// [`Seen::trouble`].
pub fn look(world: &World, plan: &Plan, mode: Mode, choices: &Choices<'_>, gates: &dyn Gates) -> Vec<Seen> {
    let graph: &Graph = &world.graph;
    let mut yields = Yields::new(world, plan, Fresh::of(world, plan, mode, None, choices));
    let mut above: Vec<Option<Above>> = vec![None; plan.len()];
    let mut outcomes: FxHashMap<TargetId, Outcome> = FxHashMap::default();
    // What would run and puts nothing out: for those that need it, nothing changes.
    let mut silent: FxHashSet<Step> = FxHashSet::default();
    let mut seen = Vec::new();
    for step in plan.steps() {
        let target = plan.target(step);
        let kind = graph.kind(target);
        let is_task = kind == TargetKind::Task;
        let mut say = |outcome, reason, trouble| {
            if is_task || kind == TargetKind::Gate {
                seen.push(Seen { task: target, outcome, reason, trouble, undecided: false });
            }
        };
        if yields.is_fresh(step) {
            outcomes.insert(target, Outcome::Fresh);
            say(Outcome::Fresh, None, None);
            continue;
        }
        let before = plan.before(graph, step).filter(|(_, kind)| kind.requires() || *kind == EdgeKind::OptionalNeed);
        let found: Vec<Above> = before
            .filter(|(before, _)| kind == TargetKind::Decision || !silent.contains(before))
            .filter_map(|(before, kind)| Some((above[before.index()].clone()?, kind)))
            .filter(|(above, kind)| !(matches!(above, Above::Skipped(_)) && *kind == EdgeKind::OptionalNeed))
            .map(|(above, _)| above)
            .filter(|above| !(matches!(above, Above::Skipped(_)) && matches!(kind, TargetKind::Rock | TargetKind::Epic)))
            .collect();
        if kind == TargetKind::Decision {
            let ended = |id: TargetId| outcomes.get(&id).map(|outcome| Looked { outcome: *outcome, ..stood_still(world, id) });
            let choice = choices.choose(graph, target, &Past { ended: &ended, decided: &|address| world.decision(address) }, None);
            let address = graph.address(target);
            match (choice, found.into_iter().next()) {
                (_, Some(Above::Runs(first))) if !choices.is_given(target) => {
                    above[step.index()] = Some(Above::Open(format!("the decision {address} waits for `{first}`")));
                }
                (_, Some(first)) if !choices.is_given(target) => above[step.index()] = Some(first),
                (Ok(choice), _) => {
                    let digest = decided(world, target, &choice.value);
                    yields.put(step, Yield { digest, outputs: Default::default(), folders: Default::default(), executed: false });
                }
                (Err(Stuck::Open(why)), _) => above[step.index()] = Some(Above::Open(format!("the decision {address} {why}"))),
                (Err(Stuck::Wrong { text, .. }), _) => {
                    above[step.index()] = Some(Above::Blocked(format!("the decision {address}: {text}")))
                }
                (Err(Stuck::Cancelled), _) => {}
            }
            continue;
        }
        let skipped = found.iter().find(|above| matches!(above, Above::Skipped(_))).cloned();
        if graph.has(target, flag::FOREIGN) {
            above[step.index()] = Some(Above::Skipped(graph.address(target).to_owned()));
            outcomes.insert(target, Outcome::Skipped);
            without(world, target);
            say(Outcome::Skipped, None, Some(String::from("its platform")));
            continue;
        }
        if let Some(because) = left_out(world, target).or_else(|| skipped.map(Above::into_text)) {
            above[step.index()] = Some(Above::Skipped(because.clone()));
            outcomes.insert(target, Outcome::Skipped);
            without(world, target);
            say(Outcome::Skipped, None, Some(because));
            continue;
        }
        if kind == TargetKind::Gate && found.is_empty() {
            let (outcome, reason) = match gates.standing(target).map(|report| report.outcome) {
                _ if mode.force => (Outcome::Done, Some(Reason::Forced)),
                Some(GateOutcome::Pass) => (Outcome::Fresh, None),
                Some(_) => (Outcome::Done, Some(Reason::NotFinished)),
                None => (Outcome::Done, Some(Reason::Unjudged)),
            };
            match outcome {
                Outcome::Fresh => drop(outcomes.insert(target, outcome)),
                _ => above[step.index()] = Some(Above::Runs(graph.address(target).to_owned())),
            }
            if let Ok(links) = yields.links(step) {
                yields.put(step, gathered(world, target, &links, false));
            }
            say(outcome, reason, None);
            continue;
        }
        if !is_task && kind != TargetKind::Gate || graph.has(target, flag::EMPTY) {
            if found.is_empty() {
                outcomes.insert(target, Outcome::Fresh);
            }
            above[step.index()] = found.into_iter().next();
            if let Ok(links) = yields.links(step) {
                yields.put(step, gathered(world, target, &links, false));
            }
            match rebuild::lacks(world, target) {
                Some(blocked) => {
                    outcomes.remove(&target);
                    above[step.index()] = Some(Above::Runs(graph.address(target).to_owned()));
                    say(Outcome::Failed, None, Some(blocked.text));
                }
                None => say(Outcome::Fresh, None, None),
            }
            continue;
        }
        let judged = |links: &Links| rebuild::judge(world, target, links, false, Mode { look: true, ..mode }, None);
        if let Some(first) = found.into_iter().next() {
            above[step.index()] = Some(first.clone());
            match first {
                Above::Runs(first) => {
                    // As if what runs first put out what it did last time.
                    let links = yields.links(step).ok().filter(|_| yields.knows_before(step));
                    let own = match links.map(|links| judged(&links)) {
                        Some(Judged::Run(_, reason @ Reason::Changed(_))) => Some(reason),
                        _ => None,
                    };
                    yields.suppose(step);
                    say(Outcome::Done, Some(own.unwrap_or(Reason::Upstream(first))), None);
                }
                Above::Blocked(text) => {
                    say(Outcome::Failed, None, Some(text));
                    seen.last_mut().into_iter().for_each(|one| one.undecided = true);
                }
                other => say(Outcome::Done, None, Some(other.into_text())),
            }
            continue;
        }
        let Ok(links) = yields.links(step) else {
            say(Outcome::Done, Some(Reason::New), None);
            continue;
        };
        let (outcome, reason, trouble) = match judged(&links) {
            Judged::Fresh(yielded) => {
                yields.put(step, yielded);
                outcomes.insert(target, Outcome::Fresh);
                (Outcome::Fresh, None, None)
            }
            Judged::Cached { yielded, .. } => {
                yields.put(step, yielded);
                // What it printed is in the store, and not yet in this checkout's memory.
                if !graph.has(target, flag::HEARD) {
                    outcomes.insert(target, Outcome::Cached);
                }
                (Outcome::Cached, None, None)
            }
            Judged::Run(prepared, reason) => {
                above[step.index()] = Some(Above::Runs(graph.address(target).to_owned()));
                if prepared.outputs.is_empty() {
                    yields.put(step, rebuild::yielded(world, &prepared, &[], true));
                    silent.insert(step);
                } else {
                    yields.suppose(step);
                }
                (Outcome::Done, Some(reason), None)
            }
            Judged::Blocked(blocked) => {
                // What is only brought from the store is not there yet.
                let mut made = plan.before(graph, step).filter(|(_, kind)| *kind == EdgeKind::Made).map(|(before, _)| plan.target(before));
                let first =
                    made.find(|target| outcomes.get(target) == Some(&Outcome::Cached)).map(|target| graph.address(target).to_owned());
                above[step.index()] = Some(Above::Runs(graph.address(target).to_owned()));
                match first {
                    Some(first) => (Outcome::Done, Some(Reason::Upstream(first)), None),
                    None => (Outcome::Failed, None, Some(blocked.text)),
                }
            }
        };
        say(outcome, reason, trouble);
    }
    seen
}

/// What keeps what stands behind it from being judged now.
#[derive(Clone)]
enum Above {
    /// The target with this address would run first.
    Runs(String),
    /// This was left out.
    Skipped(String),
    /// A decision that looking alone cannot make.
    Open(String),
    /// A decision that cannot be made.
    Blocked(String),
}

impl Above {
    fn into_text(self) -> String {
        let (Above::Runs(text) | Above::Skipped(text) | Above::Open(text) | Above::Blocked(text)) = self;
        text
    }
}

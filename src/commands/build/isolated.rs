//! Epics of a rock, each built in a workspace of its own, where `pipeline_wiring` wants it so. What succeeded there is brought to the checkout
//! by the build that follows; what failed leaves nothing behind in it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use super::policy::{Policy, fitting};
use crate::base::TargetId;
use crate::commands::{Failure, Ui};
use crate::decisions::{AfterFailure, Seam};
use crate::engine::{Engine, workspace_name};
use crate::event::{Event, Finished, Outcome};
use crate::graph::{Detail, EdgeKind, Graph, TargetKind};
use crate::model::Test;
use crate::plan::Plan;
use crate::rebuild::{Adopted, World};
use crate::report;
use crate::run::Choices;
use crate::shell::{BuildArgs, exit};

/// Added to the number of the signal that ended a build.
const SIGNAL: i32 = exit::SIGNAL as i32;

/// What came of the epics.
pub(super) struct Isolated {
    /// What ran in their workspaces, and succeeded.
    pub adopted: Arc<Adopted>,
    /// What is left to be built in the checkout.
    pub targets: Vec<TargetId>,
    /// What was told there.
    pub heard: Heard,
}

/// What was told of builds in workspaces, as this build tells it.
#[derive(Default)]
pub(super) struct Heard {
    /// The exit status: 0 unless an epic did not succeed.
    pub exit: i32,
    /// The number of the signal that ended one, if one did.
    pub signal: Option<i32>,
    /// What happened, in order.
    pub events: Vec<Event>,
}

impl Heard {
    /// Takes note of the status with which an epic ended that did not succeed.
    fn ended(&mut self, status: i32) {
        self.exit = self.exit.max(status);
        self.signal = self.signal.or((status > SIGNAL).then_some(status - SIGNAL));
    }

    /// How the targets ended that are told of.
    fn outcomes(&self) -> BTreeMap<TargetId, Outcome> {
        report::outcomes(&self.events).into_iter().map(|(target, outcome, ..)| (target, outcome)).collect()
    }
}

/// Who hears what was told of a build, when it is over: about the targets of which graph, and when it began.
pub(super) type Hear<'a> = &'a mut dyn FnMut(&Graph, Instant, &[Event]);

/// Says what of a plan cannot be built in a workspace.
///
/// # Errors
/// When there is something.
pub(super) fn fit(engine: &Engine, plan: &Plan, choices: &Choices<'_>) -> Result<(), Failure> {
    if !engine.remakes().is_empty() || !engine.first().is_empty() {
        let text = "the strategy `isolated` of pipeline_wiring takes no manifests of other tools: what they say holds for one folder only";
        return Err(Failure::Wrong(String::from(text)));
    }
    for target in plan.steps().map(|step| plan.target(step)).filter(|id| engine.graph.kind(*id) == TargetKind::Decision) {
        let Detail::Decision(decision, _) = engine.graph.detail(target) else { continue };
        let changed = |test: &Test| matches!(test, Test::Changed { .. });
        if !choices.is_given(target) && decision.conditions().iter().any(|condition| changed(&condition.test)) {
            let address = engine.graph.address(target);
            return Err(Failure::Wrong(format!(
                "the decision `{address}` looks at what is `changed`, which is not to be seen in the workspaces of the strategy `isolated`\n\
                 hint: say what it is with `--decide {address}=VALUE`, or choose another strategy for pipeline_wiring"
            )));
        }
    }
    Ok(())
}

/// Returns the epics that the rocks among `targets` are made of.
pub(super) fn epics_of(graph: &Graph, targets: &[TargetId]) -> BTreeSet<TargetId> {
    let rocks: Vec<TargetId> = targets.iter().copied().filter(|id| graph.kind(*id) == TargetKind::Rock).collect();
    parts_of(graph, &rocks).into_iter().filter(|id| graph.kind(*id) == TargetKind::Epic).collect()
}

/// Returns `targets`, with what they are made of in the place of rocks.
fn parts_of(graph: &Graph, targets: &[TargetId]) -> BTreeSet<TargetId> {
    let (mut parts, mut open) = (BTreeSet::new(), targets.to_vec());
    while let Some(target) = open.pop() {
        match graph.kind(target) {
            TargetKind::Rock => open.extend(graph.edges(target).iter().filter(|edge| edge.kind() == EdgeKind::Part).map(|edge| edge.to)),
            _ => drop(parts.insert(target)),
        }
    }
    parts
}

/// How an epic is built in its workspace, where that ran already which was adopted.
pub(super) type Apart = fn(&Ui, &BuildArgs, &Arc<Adopted>, Hear<'_>) -> Result<(), Failure>;

/// A build that has epics built apart.
pub(super) struct Isolating<'a> {
    pub ui: &'a Ui,
    pub args: &'a BuildArgs,
    pub engine: &'a Engine,
    pub world: &'a World,
    pub policy: &'a Policy,
    /// When it began.
    pub since: Instant,
    pub build: Apart,
}

impl Isolating<'_> {
    /// Builds `epics` one after the other, what is needed first. `before`: what ran elsewhere already.
    ///
    /// # Errors
    /// When a workspace cannot be made or opened.
    pub(super) fn build(&self, targets: &[TargetId], epics: &BTreeSet<TargetId>, before: &Adopted) -> Result<Isolated, Failure> {
        let graph = &self.engine.graph;
        let whole = Plan::new(graph, targets);
        let order: Vec<TargetId> = whole.steps().map(|step| whole.target(step)).filter(|id| epics.contains(id)).collect();
        let (mut adopted, mut ids, mut failed) = (before.clone(), BTreeSet::new(), Vec::new());
        let mut heard = Heard::default();
        for epic in &order {
            let plan = Plan::new(graph, &[*epic]);
            let stopped = heard.signal.is_some() || (!failed.is_empty() && !self.keeps_going());
            if stopped || failed.iter().any(|one| plan.step(*one).is_some()) {
                self.ui.say(&format!("note: the epic `{}` is not built", graph.address(*epic)));
                failed.push(*epic);
                continue;
            }
            let id = self.workspace_id(graph.address(*epic), &mut ids)?;
            match self.one(*epic, &plan, &id, &mut adopted, &mut heard) {
                Ok(()) => {}
                Err(Failure::Exit(status)) => {
                    failed.push(*epic);
                    heard.ended(status);
                }
                Err(other) => return Err(other),
            }
        }
        let left = match failed.first() {
            None => targets.to_vec(),
            Some(first) => {
                let left = self.left(targets, &order, &failed, &heard);
                self.give_up(&whole, &left, *first, &mut heard);
                left
            }
        };
        Ok(Isolated { adopted: Arc::new(adopted), targets: left, heard })
    }

    fn keeps_going(&self) -> bool {
        self.policy.after_failure == AfterFailure::KeepGoing
    }

    /// Returns what is built in the checkout although epics failed: those that succeeded, and what needs nothing that did not.
    fn left(&self, targets: &[TargetId], order: &[TargetId], failed: &[TargetId], heard: &Heard) -> Vec<TargetId> {
        if heard.signal.is_some() {
            return Vec::new();
        }
        let graph = &self.engine.graph;
        let mut left: Vec<TargetId> = order.iter().copied().filter(|epic| !failed.contains(epic)).collect();
        if self.keeps_going() {
            let bad = |outcome: Outcome| matches!(outcome, Outcome::Failed | Outcome::Cancelled | Outcome::Stalled);
            let mut lost: Vec<TargetId> = failed.to_vec();
            lost.extend(heard.outcomes().into_iter().filter(|(_, outcome)| bad(*outcome)).map(|(target, _)| target));
            let others = parts_of(graph, targets).into_iter().filter(|part| !order.contains(part));
            left.extend(others.filter(|part| {
                let plan = Plan::new(graph, &[*part]);
                !lost.iter().any(|one| plan.step(*one).is_some())
            }));
        }
        left
    }

    /// Tells which tasks and gates of the whole are not reached because of `failed`.
    fn give_up(&self, whole: &Plan, left: &[TargetId], failed: TargetId, heard: &mut Heard) {
        let graph = &self.engine.graph;
        let (told, left) = (heard.outcomes(), Plan::new(graph, left));
        let because = Some(graph.address(failed).to_owned());
        let at = self.since.elapsed();
        let ends = |target: &TargetId| matches!(graph.kind(*target), TargetKind::Task | TargetKind::Gate);
        let lost = whole.steps().filter(|step| !whole.is_spare(*step)).map(|step| whole.target(step)).filter(ends);
        let lost = lost.filter(|target| !told.contains_key(target) && left.step(*target).is_none());
        heard.events.extend(lost.map(|target| {
            Event::Finished(Box::new(Finished { at, because: because.clone(), ..Finished::new(target, Outcome::Cancelled) }))
        }));
    }

    /// Builds an epic in its workspace, hears what is told of it, and notes what its tasks came to if it succeeds.
    fn one(&self, epic: TargetId, plan: &Plan, id: &str, adopted: &mut Adopted, heard: &mut Heard) -> Result<(), Failure> {
        let graph = &self.engine.graph;
        let tasks: Vec<TargetId> = plan.steps().map(|step| plan.target(step)).filter(|id| graph.kind(*id) == TargetKind::Task).collect();
        let name = workspace_name(id);
        let broken = |error| Failure::Broken(format!("cannot use the workspace `{}`: {error}", name.display()));
        let surroundings = self.engine.workspace(self.world, id, &tasks, &self.ui.surroundings).map_err(broken)?;
        if !self.args.quiet {
            self.ui.say(&format!("epic `{}` in {}", graph.address(epic), name.display()));
        }
        let folder = surroundings.folder.clone();
        let there = Ui { json: false, surroundings, ..self.ui.clone() };
        let mut skipped = BTreeSet::new();
        let mut hear = |there: &Graph, began: Instant, events: &[Event]| {
            let here = |target| graph.find(there.address(target));
            let brought = events.iter().filter_map(|event| event.brought(&here, began - self.since, &name.to_string_lossy()));
            let brought: Vec<Event> = brought.collect();
            let outcomes = report::outcomes(&brought).into_iter();
            skipped.extend(outcomes.filter(|(_, outcome, ..)| *outcome == Outcome::Skipped).map(|(target, ..)| target));
            heard.events.extend(brought);
        };
        (self.build)(&there, &only(self.args, graph.address(epic)), &Arc::new(adopted.clone()), &mut hear)?;
        let ran: Vec<TargetId> = tasks.into_iter().filter(|id| !skipped.contains(id)).collect();
        self.engine.adopt(&folder, &ran, adopted).map_err(broken)
    }

    /// Asks what the build of an epic is called: so is its workspace.
    fn workspace_id(&self, epic: &str, taken: &mut BTreeSet<String>) -> Result<String, Failure> {
        let naming = self.policy.naming_of_epic(epic);
        let mut id = self.engine.seams.ask(&naming).map_err(|error| Failure::Broken(error.to_string()))?.build;
        if !fitting(&id) {
            let strategy = &self.engine.seams.choice(Seam::ExecutionRuntime).strategy;
            let text =
                format!("the execution runtime `{strategy}` calls the build of `{epic}` `{id}`; it takes 1 to 64 letters, digits, - and _");
            return Err(Failure::Broken(text));
        }
        while !taken.insert(id.clone()) {
            id.push('_');
        }
        Ok(id)
    }
}

fn only(args: &BuildArgs, epic: &str) -> BuildArgs {
    BuildArgs {
        targets: vec![epic.to_owned()],
        dry_run: false,
        check: false,
        rerun: None,
        affected: None,
        trace: None,
        events: None,
        summary: None,
        ..args.clone()
    }
}

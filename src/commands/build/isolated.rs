//! Epics of a rock, each built in a workspace of its own, where `pipeline_wiring` wants it so. What succeeded there is brought to the checkout
//! by the build that follows; what failed leaves nothing behind in it.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use super::policy::{Policy, fitting};
use crate::base::TargetId;
use crate::commands::{Failure, Ui};
use crate::decisions::{AfterFailure, Seam};
use crate::engine::{Engine, workspace_name};
use crate::event::{Finished, Outcome};
use crate::graph::{Detail, EdgeKind, Graph, TargetKind};
use crate::model::Test;
use crate::plan::Plan;
use crate::rebuild::{Adopted, World};
use crate::record::Runs;
use crate::run::Choices;
use crate::shell::BuildArgs;

/// What came of the epics.
pub(super) struct Isolated {
    /// What ran in their workspaces, and succeeded.
    pub adopted: Arc<Adopted>,
    /// What is left to be built in the checkout.
    pub targets: Vec<TargetId>,
    /// What failed there.
    pub failed: Failed,
}

/// What failed in workspaces.
#[derive(Default)]
pub(super) struct Failed {
    /// The exit status: 0 unless an epic failed.
    pub exit: i32,
    /// The tasks, as the records of the workspaces have them.
    pub tasks: Vec<Finished>,
}

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
    let mut epics = BTreeSet::new();
    let mut rocks: Vec<TargetId> = targets.iter().copied().filter(|id| graph.kind(*id) == TargetKind::Rock).collect();
    while let Some(rock) = rocks.pop() {
        for part in graph.edges(rock).iter().filter(|edge| edge.kind() == EdgeKind::Part) {
            match graph.kind(part.to) {
                TargetKind::Epic => drop(epics.insert(part.to)),
                TargetKind::Rock => rocks.push(part.to),
                _ => {}
            }
        }
    }
    epics
}

/// How an epic is built in its workspace, where that ran already which was adopted.
pub(super) type Apart = fn(&Ui, &BuildArgs, &Arc<Adopted>) -> Result<(), Failure>;

/// A build that has epics built apart.
pub(super) struct Isolating<'a> {
    pub ui: &'a Ui,
    pub args: &'a BuildArgs,
    pub engine: &'a Engine,
    pub world: &'a World,
    pub policy: &'a Policy,
    pub build: Apart,
}

impl Isolating<'_> {
    /// Builds `epics` one after the other, what is needed first. `before`: what ran elsewhere already.
    ///
    /// # Errors
    /// When a workspace cannot be made, and with the status of an epic that ended otherwise than well or by a failure.
    pub(super) fn build(&self, targets: &[TargetId], epics: &BTreeSet<TargetId>, before: &Adopted) -> Result<Isolated, Failure> {
        let graph = &self.engine.graph;
        let whole = Plan::new(graph, targets);
        let order: Vec<TargetId> = whole.steps().map(|step| whole.target(step)).filter(|id| epics.contains(id)).collect();
        let (mut adopted, mut ids, mut failed) = (before.clone(), BTreeSet::new(), Vec::new());
        let mut tasks = Vec::new();
        for epic in &order {
            let plan = Plan::new(graph, &[*epic]);
            let stopped = !failed.is_empty() && self.policy.after_failure != AfterFailure::KeepGoing;
            if stopped || failed.iter().any(|one| plan.step(*one).is_some()) {
                self.ui.say(&format!("note: the epic `{}` is not built", graph.address(*epic)));
                failed.push(*epic);
                continue;
            }
            let id = self.workspace_id(graph.address(*epic), &mut ids)?;
            match self.one(*epic, &plan, &id, &mut adopted) {
                Ok(()) => {}
                Err(Failure::Exit(1)) => {
                    failed.push(*epic);
                    tasks.extend(self.failures(&id));
                }
                Err(other) => return Err(other),
            }
        }
        let left = match failed.is_empty() {
            true => targets.to_vec(),
            false => order.into_iter().filter(|epic| !failed.contains(epic)).collect(),
        };
        Ok(Isolated { adopted: Arc::new(adopted), targets: left, failed: Failed { exit: i32::from(!failed.is_empty()), tasks } })
    }

    /// Returns the tasks that failed in the last run of a workspace.
    fn failures(&self, id: &str) -> Vec<Finished> {
        let name = workspace_name(id);
        let last = Runs::new(&self.engine.root.join(&name).join(".orket")).find(None).ok().flatten();
        let failed = last.into_iter().flat_map(|run| run.tasks).filter(|task| task.outcome == Outcome::Failed);
        let told = failed.filter_map(|task| {
            let target = self.engine.graph.find(&task.address)?;
            Some(Finished {
                reason: task.reason,
                duration: Duration::from_millis(task.duration_ms),
                attempts: 1,
                status: task.status,
                output_size: task.output.len() as u64,
                output: task.output.into_bytes(),
                log: task.log.map(|log| name.join(log).to_string_lossy().into_owned()),
                ..Finished::new(target, Outcome::Failed)
            })
        });
        told.collect()
    }

    /// Builds an epic in its workspace, and notes what its tasks came to if it succeeds.
    fn one(&self, epic: TargetId, plan: &Plan, id: &str, adopted: &mut Adopted) -> Result<(), Failure> {
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
        (self.build)(&there, &only(self.args, graph.address(epic)), &Arc::new(adopted.clone()))?;
        let last = Runs::new(&folder.join(".orket")).find(None).ok().flatten();
        let left_out = last.iter().flat_map(|run| &run.tasks).filter(|task| task.outcome == Outcome::Skipped);
        let left_out: BTreeSet<&str> = left_out.map(|task| &*task.address).collect();
        let ran: Vec<TargetId> = tasks.into_iter().filter(|id| !left_out.contains(graph.address(*id))).collect();
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

//! What of a plan is as it was proven to be, before anything is judged; and what every step puts out, for those that need it.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::choices::{Choice, Choices};
use super::conditions::{Looked, Past, Stuck};
use crate::base::{Digest, Hasher, RelPath, TargetId};
use crate::event::Outcome;
use crate::graph::{Graph, TargetKind, flag};
use crate::plan::{Plan, Step};
use crate::rebuild::{self, Links, Mode, Standing, World, Yield, needs_of};

/// The steps that need nothing, with the digest of what they put out; and the decisions that could be made at once.
pub struct Fresh {
    standing: Standing,
    found: Found,
    left: usize,
    pub(super) made: Vec<(Step, Result<Choice, Stuck>)>,
}

/// What of a plan is fresh, given what stands of it.
#[derive(Default)]
struct Found {
    fresh: Vec<bool>,
    /// What is put out by those of which nothing is proven, since they only gather, or decide.
    gathered: FxHashMap<Step, Digest>,
    made: Vec<(Step, Result<Choice, Stuck>)>,
}

/// What is asked about a plan.
struct Question<'a> {
    world: &'a World,
    plan: &'a Plan,
    /// Whether every step is to run that is no decision.
    everything: bool,
    foreground: Option<TargetId>,
    choices: &'a Choices<'a>,
}

impl Fresh {
    /// Returns those of a plan, spare steps never among them. `foreground` runs in any case. Decisions are made as far as all that they wait
    /// for is fresh and nothing has to be executed for them; the world knows then what they came to.
    pub fn of(world: &World, plan: &Plan, mode: Mode, foreground: Option<TargetId>, choices: &Choices<'_>) -> Fresh {
        let planned = plan.steps().filter(|step| !plan.is_spare(*step)).count();
        let decides = plan.targets().iter().any(|target| world.graph.kind(*target) == TargetKind::Decision);
        let everything = mode.force || mode.verify;
        if everything && !decides {
            let found = Found { fresh: vec![false; plan.len()], ..Found::default() };
            return Fresh { standing: Standing::default(), found, left: planned, made: Vec::new() };
        }
        let question = Question { world, plan, everything, foreground, choices };
        let mut supposed = None;
        // What is proven was so with all files that are there.
        let proven = !everything && world.absent.read().expect("no holder panics").is_empty();
        let standing = match proven {
            false => Standing::default(),
            // While files are looked at, suppose that they are as they were. Not where somebody decides: that is done once.
            true => rebuild::standing(world, plan.targets(), &mut |standing| supposed = (!decides).then(|| question.answer(standing))),
        };
        let mut found = supposed.filter(|_| standing.is_as_supposed()).unwrap_or_else(|| question.answer(&standing));
        let left = planned - found.fresh.iter().filter(|fresh| **fresh).count();
        tracing::debug!(steps = plan.len(), left, "what is as it was proven to be");
        Fresh { standing, left, made: std::mem::take(&mut found.made), found }
    }

    /// Returns the [mark](Digest::mark) of what a step puts out, if it is fresh.
    fn mark(&self, step: Step) -> Option<[u64; 2]> {
        self.found.mark(&self.standing, step)
    }

    /// Returns how many steps there are that are not fresh.
    pub fn left(&self) -> usize {
        self.left
    }

    /// Whether a step is.
    pub fn has(&self, step: Step) -> bool {
        self.found.has(step)
    }
}

impl Question<'_> {
    /// Goes over the steps in their order.
    fn answer(&self, standing: &Standing) -> Found {
        let Question { world, plan, everything, foreground, choices } = *self;
        let graph = &world.graph;
        let mut found = Found { fresh: vec![false; plan.len()], ..Found::default() };
        for step in plan.steps() {
            let target = plan.target(step);
            let decision = graph.kind(target) == TargetKind::Decision;
            if everything && !decision {
                continue;
            }
            let whole = (decision && choices.is_given(target))
                || plan.before(graph, step).all(|(before, _)| found.has(before) || plan.is_spare(before));
            if decision && whole && !plan.is_spare(step) {
                let stood = |id: TargetId| plan.step(id).is_some_and(|step| found.has(step));
                let ended = |id: TargetId| stood(id).then(|| stood_still(world, id));
                let choice = choices.choose(graph, target, &Past { ended: &ended, decided: &|address| world.decision(address) }, None);
                if let Ok(choice) = &choice {
                    found.gather(step, decided(world, target, &choice.value));
                }
                if !matches!(choice, Err(Stuck::Open(_))) {
                    found.made.push((step, choice));
                }
                continue;
            }
            if !whole || plan.is_spare(step) || foreground == Some(target) || graph.has(target, flag::FOREIGN) {
                continue;
            }
            match graph.kind(target) {
                TargetKind::Gate | TargetKind::Decision => {}
                TargetKind::Task if left_out(world, target).is_some() => {}
                TargetKind::Task if !graph.has(target, flag::EMPTY) => {
                    let marks = needed(graph, plan, target).filter_map(|before| found.mark(standing, before));
                    found.fresh[step.index()] = standing.of(step.index()).is_some_and(|stands| stands.needs == needs_of(world, marks));
                }
                _ if rebuild::lacks(world, target).is_some() => {}
                _ => {
                    let before = needed(graph, plan, target).filter(|before| found.has(*before));
                    if let Some(digests) = before.map(|before| found.digest(standing, before)).collect::<Option<Vec<_>>>() {
                        found.gather(step, gathered_digest(world, target, digests.into_iter(), false));
                    }
                }
            }
        }
        found
    }
}

impl Found {
    fn has(&self, step: Step) -> bool {
        self.fresh[step.index()]
    }

    fn gather(&mut self, step: Step, digest: Digest) {
        self.fresh[step.index()] = true;
        self.gathered.insert(step, digest);
    }

    /// Returns the [mark](Digest::mark) of what a step puts out, if it is fresh.
    fn mark(&self, standing: &Standing, step: Step) -> Option<[u64; 2]> {
        let stands = || standing.of(step.index()).map(|stands| stands.yields);
        self.has(step).then(|| stands().or_else(|| self.gathered.get(&step).map(Digest::mark))).flatten()
    }

    /// Returns the digest of what a step puts out, if it is fresh and can be read.
    fn digest(&self, standing: &Standing, step: Step) -> Option<Digest> {
        let stands = || standing.yields(step.index());
        self.has(step).then(|| self.gathered.get(&step).copied().or_else(stands)).flatten()
    }
}

/// Returns why a task is left out by the decisions that were made: `decision profile = dev`.
pub(super) fn left_out(world: &World, target: TargetId) -> Option<String> {
    if !world.graph.has(target, flag::CONDITIONAL) {
        return None;
    }
    world.graph.task(target)?.only_if.iter().find_map(|only| {
        let value = world.decision(only.decision.as_str())?;
        (!only.values.iter().any(|wanted| **wanted == *value)).then(|| format!("decision {} = {value}", only.decision))
    })
}

/// Takes note of what a decision came to; returns the digest that those who use it see.
pub(super) fn decided(world: &World, decision: TargetId, value: &str) -> Digest {
    world.decided.write().expect("no holder panics").insert(world.graph.address(decision).to_owned(), value.to_owned());
    Hasher::new().piece(b"decision").piece(value.as_bytes()).finish()
}

/// What became of a target that did not have to run.
pub(super) fn stood_still(world: &World, target: TargetId) -> Looked {
    let printed = if world.graph.has(target, flag::HEARD) {
        rebuild::log_of(world, target).and_then(|log| rebuild::end_of(world, &log, rebuild::END)).unwrap_or_default()
    } else {
        Vec::new()
    };
    Looked { outcome: Outcome::Fresh, code: Some(0), printed }
}

/// The steps of which a target sees what they put out, in the order of its edges. A service stands for what it needs.
fn needed<'a>(graph: &'a Graph, plan: &'a Plan, target: TargetId) -> impl Iterator<Item = Step> + 'a {
    graph.edges(target).iter().filter(|edge| edge.kind().hands_over()).filter_map(|edge| plan.step(edge.to))
}

/// What the steps of a plan have put out so far.
pub(super) struct Yields<'a> {
    world: &'a World,
    plan: &'a Plan,
    fresh: Fresh,
    known: Vec<Option<Yield>>,
}

impl<'a> Yields<'a> {
    pub(super) fn new(world: &'a World, plan: &'a Plan, fresh: Fresh) -> Yields<'a> {
        Yields { world, plan, known: vec![None; plan.len()], fresh }
    }

    /// Takes note of what a step of the plan put out; nobody sees what others do.
    pub(super) fn put(&mut self, step: Step, yielded: Yield) {
        if let Some(known) = self.known.get_mut(step.index()) {
            *known = Some(yielded);
        }
    }

    /// Returns the decisions that were made before the walk, once.
    pub(super) fn made(&mut self) -> Vec<(Step, Result<Choice, Stuck>)> {
        std::mem::take(&mut self.fresh.made)
    }

    pub(super) fn is_fresh(&self, step: Step) -> bool {
        self.fresh.has(step)
    }

    /// Supposes that a step puts out what it did last time, if that is known.
    pub(super) fn suppose(&mut self, step: Step) {
        if let Some(yielded) = rebuild::recall(self.world, self.plan.target(step)) {
            self.put(step, yielded);
        }
    }

    /// Whether it is known, or supposed, what everything that a step needs puts out.
    pub(super) fn knows_before(&self, step: Step) -> bool {
        let mut before = needed(&self.world.graph, self.plan, self.plan.target(step));
        before.all(|before| self.known[before.index()].is_some() || self.fresh.has(before))
    }

    /// Whether something that a step waits for has executed in this run.
    pub(super) fn executed_before(&self, step: Step) -> bool {
        self.plan
            .before(&self.world.graph, step)
            .any(|(before, _)| self.known[before.index()].as_ref().is_some_and(|yielded| yielded.executed))
    }

    /// Returns what everything that a step needs put out, in the order of its edges.
    ///
    /// # Errors
    /// The target of which it is not known although it was.
    pub(super) fn links(&mut self, step: Step) -> Result<Links, TargetId> {
        self.links_of(self.plan.target(step))
    }

    /// The same for a target that need not be part of the plan.
    pub(super) fn links_of(&mut self, target: TargetId) -> Result<Links, TargetId> {
        let (world, plan) = (self.world, self.plan);
        let mut links = Links::new();
        for before in needed(&world.graph, plan, target) {
            let target = plan.target(before);
            if self.known[before.index()].is_none()
                && let Some(mark) = self.fresh.mark(before)
            {
                self.known[before.index()] = Some(match self.fresh.found.gathered.get(&before) {
                    Some(digest) => {
                        Yield { digest: *digest, outputs: Default::default(), folders: self.folders_behind(target), executed: false }
                    }
                    None => rebuild::recall(world, target).filter(|yielded| yielded.digest.mark() == mark).ok_or(target)?,
                });
            }
            links.extend(self.known[before.index()].clone().map(|yielded| (target, yielded)));
        }
        Ok(links)
    }
}

impl Yields<'_> {
    /// Returns the folders among what is behind a task that gathers. For who reads them: the task's digest does not say what is in them.
    fn folders_behind(&self, target: TargetId) -> Arc<Vec<RelPath>> {
        let (world, plan) = (self.world, self.plan);
        if !world.graph.has(target, flag::EMPTY) {
            return Arc::default();
        }
        let (mut found, mut seen, mut open) = (Vec::new(), FxHashSet::default(), vec![target]);
        while let Some(target) = open.pop() {
            for before in needed(&world.graph, plan, target).filter(|before| seen.insert(*before)) {
                let target = plan.target(before);
                match &self.known[before.index()] {
                    Some(known) => found.extend(known.folders.iter().cloned()),
                    None if world.graph.has(target, flag::EMPTY) => open.push(target),
                    None => found.extend(rebuild::recall(world, target).iter().flat_map(|yielded| yielded.folders.iter().cloned())),
                }
            }
        }
        found.sort();
        found.dedup();
        found.into()
    }
}

/// Returns what a target that gathers puts out: what all its parts do, and of a service what makes it what it is.
/// `executed`: whether something that it waits for has executed.
pub(super) fn gathered(world: &World, target: TargetId, links: &Links, executed: bool) -> Yield {
    let mut folders: Vec<RelPath> = links.iter().flat_map(|(_, yielded)| yielded.folders.iter().cloned()).collect();
    folders.sort();
    folders.dedup();
    Yield {
        digest: gathered_digest(world, target, links.iter().map(|(_, yielded)| yielded.digest), executed),
        outputs: Default::default(),
        folders: folders.into(),
        executed: executed || links.iter().any(|(_, yielded)| yielded.executed),
    }
}

fn gathered_digest(world: &World, target: TargetId, digests: impl Iterator<Item = Digest>, again: bool) -> Digest {
    let mut hasher = Hasher::new();
    if world.graph.kind(target) == TargetKind::Service {
        hasher.digest(&rebuild::service_digest(world, target, again));
    }
    for digest in digests {
        hasher.digest(&digest);
    }
    hasher.finish()
}

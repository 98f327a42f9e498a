//! What of a plan is as it was proven to be, before anything is judged; and what every step puts out, for those that need it.

use crate::base::{Digest, Hasher, TargetId};
use crate::graph::{EdgeKind, Graph, TargetKind, flag};
use crate::plan::{Plan, Step};
use crate::rebuild::{self, Links, Mode, World, Yield, needs_of};

/// The steps that need nothing, with the digest of what they put out.
pub struct Fresh(Vec<Option<Digest>>);

impl Fresh {
    /// Returns those of a plan. `foreground` runs in any case.
    pub fn of(world: &World, plan: &Plan, mode: Mode, foreground: Option<TargetId>) -> Fresh {
        let mut fresh: Vec<Option<Digest>> = vec![None; plan.len()];
        if mode.force {
            return Fresh(fresh);
        }
        let graph = &world.graph;
        let targets: Vec<TargetId> = plan.steps().map(|step| plan.target(step)).collect();
        let stands = rebuild::standing(world, &targets);
        for step in plan.steps() {
            let target = targets[step.index()];
            let whole = before(graph, plan, step).all(|(before, _)| fresh[before.index()].is_some());
            if !whole || foreground == Some(target) || graph.has(target, flag::FOREIGN) {
                continue;
            }
            let digests = needed(graph, plan, step).filter_map(|before| fresh[before.index()].as_ref());
            fresh[step.index()] = match graph.kind(target) {
                TargetKind::Gate | TargetKind::Service => None,
                TargetKind::Task if !graph.has(target, flag::EMPTY) => {
                    stands[step.index()].filter(|stands| stands.needs == needs_of(digests)).map(|stands| stands.yields)
                }
                _ => Some(gathered_digest(digests)),
            };
        }
        let fresh = Fresh(fresh);
        tracing::debug!(steps = plan.len(), left = fresh.left(), "what is as it was proven to be");
        fresh
    }

    /// Returns how many steps there are that are not fresh.
    pub fn left(&self) -> usize {
        self.0.iter().filter(|digest| digest.is_none()).count()
    }

    /// Whether a step is.
    pub fn has(&self, step: Step) -> bool {
        self.0[step.index()].is_some()
    }
}

/// What a step waits for; a service only has to be there when something runs.
fn before<'a>(graph: &'a Graph, plan: &'a Plan, step: Step) -> impl Iterator<Item = (Step, EdgeKind)> + 'a {
    plan.before(graph, step).filter(|(_, kind)| *kind != EdgeKind::Uses)
}

/// The steps of which a step sees what they put out, in the order of its edges.
fn needed<'a>(graph: &'a Graph, plan: &'a Plan, step: Step) -> impl Iterator<Item = Step> + 'a {
    plan.before(graph, step)
        .filter(|(before, kind)| *kind != EdgeKind::After && graph.kind(plan.target(*before)) != TargetKind::Service)
        .map(|(before, _)| before)
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

    pub(super) fn put(&mut self, step: Step, yielded: Yield) {
        self.known[step.index()] = Some(yielded);
    }

    pub(super) fn is_fresh(&self, step: Step) -> bool {
        self.fresh.has(step)
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
        let (world, plan) = (self.world, self.plan);
        let mut links = Links::new();
        for before in needed(&world.graph, plan, step) {
            let target = plan.target(before);
            if self.known[before.index()].is_none()
                && let Some(digest) = self.fresh.0[before.index()]
            {
                let gathers = world.graph.kind(target) != TargetKind::Task || world.graph.has(target, flag::EMPTY);
                self.known[before.index()] = Some(match gathers {
                    true => Yield { digest, outputs: Default::default(), executed: false },
                    false => rebuild::recall(world, target).filter(|yielded| yielded.digest == digest).ok_or(target)?,
                });
            }
            links.extend(self.known[before.index()].clone().map(|yielded| (target, yielded)));
        }
        Ok(links)
    }
}

/// Returns what a target that gathers puts out: what all its parts do.
pub(super) fn gathered(links: &Links) -> Yield {
    Yield {
        digest: gathered_digest(links.iter().map(|(_, yielded)| &yielded.digest)),
        outputs: Default::default(),
        executed: links.iter().any(|(_, yielded)| yielded.executed),
    }
}

fn gathered_digest<'a>(digests: impl Iterator<Item = &'a Digest>) -> Digest {
    let mut hasher = Hasher::new();
    for digest in digests {
        hasher.digest(digest);
    }
    hasher.finish()
}

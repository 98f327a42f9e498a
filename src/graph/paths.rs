//! Ways through the graph, for questions.

use std::collections::{BTreeSet, VecDeque};

use rustc_hash::FxHashMap;

use super::Graph;
use crate::base::TargetId;

/// Targets, in the order of their ids.
pub(super) type Set = BTreeSet<TargetId>;

/// Returns for each target what it waits for.
pub(super) fn forward(graph: &Graph) -> Vec<Vec<TargetId>> {
    graph.ids().map(|id| graph.edges(id).iter().map(|edge| edge.to).collect()).collect()
}

/// Returns for each target what waits for it.
pub(super) fn backward(graph: &Graph) -> Vec<Vec<TargetId>> {
    let mut behind = vec![Vec::new(); graph.len()];
    for id in graph.ids() {
        graph.edges(id).iter().for_each(|edge| behind[edge.to.index()].push(id));
    }
    behind
}

/// Returns where one comes from `start` along the edges, `start` itself too.
pub(super) fn reach(start: Set, edges: &[Vec<TargetId>]) -> Set {
    let mut open: Vec<TargetId> = start.iter().copied().collect();
    let mut reached = start;
    while let Some(id) = open.pop() {
        open.extend(edges[id.index()].iter().copied().filter(|next| reached.insert(*next)));
    }
    reached
}

/// Returns the targets along one shortest way from `from` to `to`, in its order; none if there is no way.
pub(super) fn one(graph: &Graph, from: &Set, to: &Set) -> Vec<TargetId> {
    let mut before: FxHashMap<TargetId, TargetId> = FxHashMap::default();
    let mut queue: VecDeque<TargetId> = from.iter().copied().collect();
    while let Some(id) = queue.pop_front() {
        if to.contains(&id) {
            let mut path = vec![id];
            let mut at = id;
            while let Some(previous) = before.get(&at).filter(|_| !from.contains(&at)) {
                at = *previous;
                path.push(at);
            }
            path.reverse();
            return path;
        }
        for next in graph.edges(id).iter().map(|edge| edge.to) {
            if !before.contains_key(&next) && !from.contains(&next) {
                before.insert(next, id);
                queue.push_back(next);
            }
        }
    }
    Vec::new()
}

/// Returns the targets along all ways from `from` to `to`.
pub(super) fn all(graph: &Graph, from: &Set, to: &Set) -> Set {
    let ahead = reach(from.clone(), &forward(graph));
    let back = reach(to.clone(), &backward(graph));
    &ahead & &back
}

//! What can only be checked once all edges are there: cycles, and outputs that get in each other's way.

use rustc_hash::FxHashSet;

use super::draft::Draft;
use super::problem::Problem;
use super::{clash, cycle, overlap};
use crate::model::Project;

/// Finds the mistakes that only show in the whole, and puts all mistakes in the order of their places.
pub(super) fn check(project: &Project, drafts: &[Draft<'_>], problems: &mut Vec<Problem>) {
    let edges = |node: usize| drafts[node].edges.iter().filter(|edge| edge.kind().waits()).map(|edge| edge.to.index());
    let mut rank = cycle::ranks(drafts.len(), edges);
    if rank.contains(&u32::MAX) {
        let edges: Vec<Vec<usize>> = (0..drafts.len()).map(|node| edges(node).collect()).collect();
        let knots = cycle::knots(&edges);
        cycle::tell(&cycle::cycles(&knots, &edges), drafts, problems);
        rank = cycle::ranks_of_knots(&knots, drafts.len());
    }
    // Order alone is no need: `after` does not build what stands at its end.
    let pulled =
        |node: usize| drafts[node].edges.iter().filter(|edge| edge.kind().pulls() && edge.kind().waits()).map(|edge| edge.to.index());
    let first = project.rocks.len() + project.epics.len();
    let reaches = |from: usize, to: usize| {
        let (from, to) = (from + first, to + first);
        if pulled(from).any(|next| next == to) {
            return true;
        }
        let mut seen = FxHashSet::default();
        let mut stack = vec![from];
        while let Some(node) = stack.pop() {
            if node == to {
                return true;
            }
            stack.extend(pulled(node).filter(|next| rank[*next] <= rank[to] && seen.insert(*next)));
        }
        false
    };
    let folders = clash::folders(project);
    clash::clashes(project, &folders, &reaches, problems);
    let all = |from: usize| {
        let mut seen = FxHashSet::default();
        let mut stack = vec![from + first];
        while let Some(node) = stack.pop() {
            stack.extend(pulled(node).filter(|next| seen.insert(*next)));
        }
        seen.into_iter().filter_map(|node| node.checked_sub(first)).collect()
    };
    overlap::overlaps(project, &folders, &reaches, &all, problems);
    problems.sort_by(|one, other| one.place.cmp(&other.place));
}

//! What can only be checked once all edges are there: cycles, and outputs that get in each other's way.

use rustc_hash::FxHashSet;

use super::assembly::Assembly;
use super::{clash, cycle, overlap};

impl<'a> Assembly<'a> {
    /// Finds the mistakes that only show in the whole, and puts all mistakes in the order of their places.
    pub fn check(&mut self) {
        let drafts = &self.drafts;
        let edges = |node: usize| drafts[node].edges.iter().filter(|edge| edge.kind().waits()).map(|edge| edge.to.index());
        let mut rank = cycle::ranks(drafts.len(), edges);
        if rank.contains(&u32::MAX) {
            let edges: Vec<Vec<usize>> = (0..drafts.len()).map(|node| edges(node).collect()).collect();
            let knots = cycle::knots(&edges);
            cycle::tell(&cycle::cycles(&knots, &edges), drafts, &mut self.problems);
            rank = cycle::ranks_of_knots(&knots, drafts.len());
        }
        // Order alone is no need: `after` does not build what stands at its end.
        let pulled =
            |node: usize| drafts[node].edges.iter().filter(|edge| edge.kind().pulls() && edge.kind().waits()).map(|edge| edge.to.index());
        let first = self.first_task;
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
        clash::clashes(self.project, &reaches, &mut self.problems);
        let all = |from: usize| {
            let mut seen = FxHashSet::default();
            let mut stack = vec![from + first];
            while let Some(node) = stack.pop() {
                stack.extend(pulled(node).filter(|next| seen.insert(*next)));
            }
            seen.into_iter().filter_map(|node| node.checked_sub(first)).collect()
        };
        overlap::overlaps(self.project, &reaches, &all, &mut self.problems);
        self.problems.sort_by(|one, other| one.place.cmp(&other.place));
    }
}

//! Targets that wait for each other.

use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Returns one shortest cycle for each knot of targets that wait for each other, each as the positions along it, the first not repeated.
pub(super) fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    if !has_cycle(edges) {
        return Vec::new();
    }
    let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(edges.len(), edges.iter().map(Vec::len).sum());
    for _ in 0..edges.len() {
        graph.add_node(());
    }
    for (from, list) in edges.iter().enumerate() {
        for to in list {
            graph.add_edge(NodeIndex::new(from), NodeIndex::new(*to), ());
        }
    }
    let knots = kosaraju_scc(&graph);
    let mut found: Vec<Vec<usize>> = knots
        .into_iter()
        .filter(|knot| knot.len() > 1 || edges[knot[0].index()].contains(&knot[0].index()))
        .map(|knot| {
            let inside: rustc_hash::FxHashSet<usize> = knot.iter().map(|node| node.index()).collect();
            // A shortest cycle overall takes a search from every member; in a large knot, one from a few is as good for a reader.
            let mut starts: Vec<usize> = inside.iter().copied().collect();
            starts.sort_unstable();
            let within: usize = starts.iter().map(|start| edges[*start].len()).sum();
            let searches = (1_000_000 / within.max(1)).max(1);
            starts.into_iter().take(searches).filter_map(|start| around(start, edges, &inside)).min_by_key(Vec::len).unwrap_or_default()
        })
        .collect();
    found.sort();
    found
}

fn has_cycle(edges: &[Vec<usize>]) -> bool {
    ranks(edges).contains(&u32::MAX)
}

/// Returns for each node a number that grows along every edge; `u32::MAX` for those on a cycle and behind one.
pub(super) fn ranks(edges: &[Vec<usize>]) -> Vec<u32> {
    let mut open = vec![0u32; edges.len()];
    edges.iter().flatten().for_each(|to| open[*to] += 1);
    let mut ready: Vec<usize> = (0..edges.len()).filter(|node| open[*node] == 0).collect();
    let mut ranks = vec![u32::MAX; edges.len()];
    let mut next = 0;
    while let Some(node) = ready.pop() {
        ranks[node] = next;
        next += 1;
        for to in &edges[node] {
            open[*to] -= 1;
            if open[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    ranks
}

fn around(start: usize, edges: &[Vec<usize>], inside: &rustc_hash::FxHashSet<usize>) -> Option<Vec<usize>> {
    let mut from: rustc_hash::FxHashMap<usize, usize> = rustc_hash::FxHashMap::default();
    let mut queue = VecDeque::from([start]);
    while let Some(node) = queue.pop_front() {
        for to in edges[node].iter().copied().filter(|to| inside.contains(to)) {
            if to == start {
                let mut path = vec![node];
                while let Some(before) = from.get(path.last()?).copied() {
                    path.push(before);
                }
                path.reverse();
                return Some(path);
            }
            if to != start && !from.contains_key(&to) {
                from.insert(to, node);
                queue.push_back(to);
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_way_round_is_told() {
        assert_eq!(cycles(&[vec![1], vec![2], vec![]]), [] as [Vec<usize>; 0]);
        assert_eq!(cycles(&[vec![1], vec![2], vec![0, 1]]), [vec![1, 2]]);
        assert_eq!(cycles(&[vec![0]]), [vec![0]]);
    }

    #[test]
    fn a_thousand_that_all_wait_for_each_other() {
        let knot: Vec<Vec<usize>> = (0..1000).map(|node| (0..1000).filter(|other| *other != node).collect()).collect();
        assert_eq!(cycles(&knot), [vec![0, 1]]);
    }

    #[test]
    fn a_million_in_a_ring() {
        let ring: Vec<Vec<usize>> = (0..1_000_000).map(|node| vec![(node + 1) % 1_000_000]).collect();
        assert_eq!(cycles(&ring)[0].len(), 1_000_000);
    }
}

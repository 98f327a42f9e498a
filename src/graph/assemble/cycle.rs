//! Targets that wait for each other.

use std::collections::VecDeque;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::FxHashMap;

use super::draft::{Declared, Draft};
use super::problem::Problem;
use crate::base::Place;

/// Up to so many targets and edges of a cycle are named.
const TOLD: usize = 12;

/// Returns the targets in groups that wait for each other, most of them alone; whoever waits for another group stands before it.
pub(super) fn knots(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
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
    knots.into_iter().rev().map(|knot| knot.into_iter().map(NodeIndex::index).collect()).collect()
}

/// Returns one shortest cycle for each knot, each as the positions along it, the first not repeated.
pub(super) fn cycles(knots: &[Vec<usize>], edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut found: Vec<Vec<usize>> = knots
        .iter()
        .filter(|knot| knot.len() > 1 || edges[knot[0]].contains(&knot[0]))
        .map(|knot| {
            let inside: rustc_hash::FxHashSet<usize> = knot.iter().copied().collect();
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

/// Returns the groups of nodes that wait for each other, each with a shortest way round.
pub fn circles(edges: &[Vec<usize>]) -> Vec<(Vec<usize>, Vec<usize>)> {
    let knots = knots(edges).into_iter();
    knots.filter_map(|knot| Some((knot.clone(), cycles(&[knot], edges).pop()?))).collect()
}

/// Says a way round in words: `a` -> `b` -> `a`.
pub fn round(names: &[&str]) -> String {
    let mut round: Vec<String> = names.iter().chain(names.first()).map(|name| format!("`{name}`")).collect();
    round.dedup();
    if round.len() == 1 {
        round.push(round[0].clone());
    }
    if round.len() > TOLD {
        round.splice(6..round.len() - 5, [format!("... {} more ...", round.len() - 11)]);
    }
    round.join(" -> ")
}

/// Says of each cycle which targets are on it, and where each of its edges was written.
pub(super) fn tell(cycles: &[Vec<usize>], drafts: &[Draft<'_>], problems: &mut Vec<Problem>) {
    for path in cycles {
        let name = |index: usize| drafts[index].address;
        let steps = short(path, drafts);
        let mut notes = Vec::new();
        for (from, to) in steps.iter().copied() {
            if notes.len() < TOLD
                && let Some(at) = drafts[from].edges.iter().position(|edge| edge.to.index() == to && edge.kind().waits())
            {
                let (kind, place) = (drafts[from].edges[at].kind().word(), drafts[from].places[at]);
                notes.push((
                    format!("`{}` {} `{}`", name(from), if kind == "part" { "holds" } else { kind }, name(to)),
                    Place::clone(place),
                ));
            }
        }
        problems.push(Problem {
            code: "graph/cycle",
            message: format!(
                "these targets wait for each other: {}",
                round(&steps.iter().map(|(from, _)| name(*from)).collect::<Vec<_>>())
            ),
            place: notes.first().map(|(_, place)| place.clone()),
            help: Some(String::from("take one of these edges out")),
            notes,
        });
    }
}

/// Returns the edges of a cycle, but for those from a rock or epic through its parts to its own door: that its parts wait for what it needs is
/// no news to a reader.
fn short(path: &[usize], drafts: &[Draft<'_>]) -> Vec<(usize, usize)> {
    let next = |at: usize| path[(at + 1) % path.len()];
    let door = |at: usize| match drafts[path[at]].detail {
        Declared::Entry(of) => path.iter().position(|index| *index == of.index()).map(|from| (from, at)),
        _ => None,
    };
    let length = |(from, to): &(usize, usize)| (to + path.len() - from) % path.len();
    // The longest of them holds the others, or stands apart from them.
    let longest = (0..path.len()).filter_map(door).max_by_key(length);
    let (first, count) = longest.map_or((0, path.len()), |through| (through.1, path.len() - length(&through)));
    (first..first + count).map(|at| (path[at % path.len()], next(at % path.len()))).collect()
}

/// Returns for each node a number that grows along every edge; `u32::MAX` for those on a cycle and behind one.
pub fn ranks<E: Iterator<Item = usize>>(nodes: usize, edges: impl Fn(usize) -> E) -> Vec<u32> {
    let mut open = vec![0u32; nodes];
    (0..nodes).flat_map(&edges).for_each(|to| open[to] += 1);
    let mut ready: Vec<usize> = (0..nodes).filter(|node| open[*node] == 0).collect();
    let mut ranks = vec![u32::MAX; nodes];
    let mut next = 0;
    while let Some(node) = ready.pop() {
        ranks[node] = next;
        next += 1;
        for to in edges(node) {
            open[to] -= 1;
            if open[to] == 0 {
                ready.push(to);
            }
        }
    }
    ranks
}

/// As [`ranks`], where there are cycles: targets of one knot have one number.
pub(super) fn ranks_of_knots(knots: &[Vec<usize>], nodes: usize) -> Vec<u32> {
    let mut ranks = vec![0; nodes];
    for (rank, knot) in knots.iter().enumerate() {
        knot.iter().for_each(|node| ranks[*node] = rank as u32);
    }
    ranks
}

fn around(start: usize, edges: &[Vec<usize>], inside: &rustc_hash::FxHashSet<usize>) -> Option<Vec<usize>> {
    let mut from: FxHashMap<usize, usize> = FxHashMap::default();
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

    fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
        super::cycles(&knots(edges), edges)
    }

    #[test]
    fn ranks_grow_along_edges_between_knots() {
        let edges = [vec![1], vec![2], vec![1, 3], vec![], vec![0]];
        let ranks = ranks_of_knots(&knots(&edges), edges.len());
        assert!(ranks[4] < ranks[0] && ranks[0] < ranks[1] && ranks[1] == ranks[2] && ranks[2] < ranks[3], "{ranks:?}");
    }

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

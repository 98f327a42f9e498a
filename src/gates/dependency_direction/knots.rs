//! What is told of modules that import each other, once comments and the baseline have spoken.

use petgraph::algo::{astar, tarjan_scc};
use petgraph::graphmap::DiGraphMap;
use rustc_hash::{FxHashMap, FxHashSet};

use super::judge::KIND;
use crate::event::{Finding, State};

/// Leaves, of the imports that count as part of cycles, those out that are in none but through an import that a comment allows, and of each knot
/// of the others all but the first, which says how many there are; returns what stands behind such a first one.
pub(super) fn knots(findings: &mut Vec<Finding>) -> Vec<Finding> {
    let rule = format!("{KIND}/cycle");
    let mut graph: DiGraphMap<&str, ()> = DiGraphMap::new();
    // By their names: several files may be one module.
    let ends =
        |finding: &Finding| finding.edge.as_ref().filter(|edge| edge.to_file.is_some()).map(|edge| (edge.from.clone(), edge.to.clone()));
    let counts = |finding: &Finding| finding.rule == rule && finding.state != State::Suppressed;
    let edges: Vec<(usize, (String, String))> =
        findings.iter().enumerate().filter(|(_, one)| counts(one)).filter_map(|(at, one)| Some((at, ends(one)?))).collect();
    for (_, (from, to)) in &edges {
        graph.add_edge(from, to, ());
    }
    let mut knot_of: FxHashMap<&str, usize> = FxHashMap::default();
    for (knot, modules) in tarjan_scc(&graph).into_iter().enumerate() {
        knot_of.extend(modules.into_iter().map(|module| (module, knot)));
    }
    let mut told: FxHashMap<usize, (usize, usize)> = FxHashMap::default();
    let (mut covered, mut behind) = (FxHashSet::default(), FxHashSet::default());
    for (at, (from, to)) in &edges {
        let knot = knot_of[&**from];
        if findings[*at].state != State::New {
            continue;
        }
        if knot_of[&**to] != knot {
            covered.insert(*at);
        } else if let Some((_, more)) = told.get_mut(&knot) {
            *more += 1;
            behind.insert(*at);
        } else {
            told.insert(knot, (*at, 0));
        }
    }
    for (at, more) in told.into_values() {
        let (_, (from, to)) = &edges[edges.partition_point(|(edge, _)| *edge < at)];
        let way_back = astar(&graph, &**to, |module| module == &**from, |_| 1usize, |_| 0).map_or(0, |(length, _)| length);
        match more.saturating_sub(way_back) {
            0 => {}
            1 => findings[at].message.push_str("; 1 more import is in such a cycle with them"),
            beyond => findings[at].message.push_str(&format!("; {beyond} more imports are in such cycles with them")),
        }
    }
    let (mut left, mut alike) = (Vec::with_capacity(findings.len()), Vec::new());
    for (at, finding) in findings.drain(..).enumerate() {
        match (behind.contains(&at), covered.contains(&at)) {
            (true, _) => alike.push(finding),
            (_, true) => {}
            _ => left.push(finding),
        }
    }
    *findings = left;
    alike
}

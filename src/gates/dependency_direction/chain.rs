//! The graph of modules: chains from one to others, and cycles.

use std::collections::VecDeque;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::RelPath;
use crate::facts::Import;

/// Modules, known by the numbers of their files, and the imports between them.
pub(super) struct Modules<'a> {
    files: &'a [RelPath],
    next: Vec<Vec<(usize, Import<'a>)>>,
}

impl<'a> Modules<'a> {
    /// Takes imports in their order; those of packages from elsewhere are no part of it.
    pub fn new(files: &'a [RelPath], imports: impl Iterator<Item = Import<'a>>) -> Modules<'a> {
        let mut modules = Modules { files, next: vec![Vec::new(); files.len()] };
        let mut known: FxHashSet<(usize, usize)> = FxHashSet::default();
        for import in imports {
            let Some(to) = import.to_at.filter(|to| *to != import.from_at) else { continue };
            if known.insert((import.from_at, to)) {
                modules.next[import.from_at].push((to, import));
            }
        }
        modules
    }

    /// Returns, for each module in which `starts` holds, the shortest chains to modules in which `ends` does, through modules in which
    /// neither does: one for each end, import by import.
    pub fn chains(&self, starts: &dyn Fn(usize) -> bool, ends: &dyn Fn(usize) -> bool) -> Vec<Vec<Import<'a>>> {
        let mut found = Vec::new();
        let begins: Vec<usize> = (0..self.files.len()).filter(|index| starts(*index)).collect();
        for begin in begins {
            let mut came: FxHashMap<usize, (usize, Import<'a>)> = FxHashMap::default();
            let mut open = VecDeque::from([begin]);
            while let Some(here) = open.pop_front() {
                for (to, import) in &self.next[here] {
                    if *to == begin || came.contains_key(to) || starts(*to) {
                        continue;
                    }
                    came.insert(*to, (here, *import));
                    if ends(*to) {
                        found.push(back(&came, begin, *to));
                    } else {
                        open.push_back(*to);
                    }
                }
            }
        }
        found
    }

    /// Returns the shortest cycle of each knot of modules in which `within` holds, beginning with the module whose file comes first.
    pub fn cycles(&self, within: &dyn Fn(&RelPath) -> bool) -> Vec<Vec<Import<'a>>> {
        let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(self.files.len(), 0);
        self.files.iter().for_each(|_| {
            graph.add_node(());
        });
        for (from, next) in self.next.iter().enumerate().filter(|(from, _)| within(&self.files[*from])) {
            for (to, _) in next.iter().filter(|(to, _)| within(&self.files[*to])) {
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(*to), ());
            }
        }
        let knots = tarjan_scc(&graph).into_iter().filter(|knot| knot.len() > 1);
        let mut found: Vec<Vec<Import<'a>>> = knots
            .filter_map(|knot| {
                let mut knot: Vec<usize> = knot.into_iter().map(NodeIndex::index).collect();
                knot.sort_by_key(|index| &self.files[*index]);
                let inside: FxHashSet<usize> = knot.iter().copied().collect();
                knot.iter().filter_map(|begin| self.round(*begin, &inside)).min_by_key(Vec::len)
            })
            .collect();
        found.sort_by_key(|cycle| cycle.first().map(|import| import.from_file));
        found
    }

    /// Returns the shortest way from a module back to itself through a knot.
    fn round(&self, begin: usize, knot: &FxHashSet<usize>) -> Option<Vec<Import<'a>>> {
        let mut came: FxHashMap<usize, (usize, Import<'a>)> = FxHashMap::default();
        let mut open = VecDeque::from([begin]);
        while let Some(here) = open.pop_front() {
            for (to, import) in self.next[here].iter().filter(|(to, _)| knot.contains(to)) {
                if *to == begin {
                    let mut cycle = if here == begin { Vec::new() } else { back(&came, begin, here) };
                    cycle.push(*import);
                    return Some(cycle);
                }
                if !came.contains_key(to) {
                    came.insert(*to, (here, *import));
                    open.push_back(*to);
                }
            }
        }
        None
    }
}

fn back<'a>(came: &FxHashMap<usize, (usize, Import<'a>)>, begin: usize, end: usize) -> Vec<Import<'a>> {
    let (mut chain, mut here) = (Vec::new(), end);
    while here != begin {
        let (before, import) = came[&here];
        chain.push(import);
        here = before;
    }
    chain.reverse();
    chain
}

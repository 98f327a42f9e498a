//! The graph of modules: chains from one to others, and cycles.

use std::collections::VecDeque;

use petgraph::algo::tarjan_scc;
use petgraph::graph::{DiGraph, NodeIndex};
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::RelPath;
use crate::facts::{Import, Imports};

/// Modules, known by the numbers of their first files, and the imports between them.
pub(super) struct Modules<'a> {
    files: &'a [RelPath],
    /// Of each file, the first one of its module.
    firsts: Vec<usize>,
    /// What the files of each module import.
    next: Vec<Vec<(usize, Import<'a>)>>,
    /// The same imports, from behind.
    before: Vec<Vec<(usize, Import<'a>)>>,
}

impl<'a> Modules<'a> {
    /// Takes imports in their order; those of packages from elsewhere are no part of it.
    pub fn new(seen: &'a Imports, imports: impl Iterator<Item = Import<'a>>) -> Modules<'a> {
        let (files, firsts) = (seen.files(), seen.firsts());
        let mut modules = Modules { files, firsts, next: vec![Vec::new(); files.len()], before: vec![Vec::new(); files.len()] };
        let mut known: FxHashSet<(usize, usize)> = FxHashSet::default();
        for import in imports {
            let Some(to_file) = import.to_at else { continue };
            let (from, to) = (modules.firsts[import.from_at], modules.firsts[to_file]);
            if from != to && known.insert((import.from_at, to_file)) {
                modules.next[from].push((to, import));
                modules.before[to].push((from, import));
            }
        }
        modules
    }

    /// Returns, for each file in which `starts` holds, the shortest chains to files in which `ends` does, through modules in which
    /// neither does: one for each end, import by import.
    pub fn chains(&self, starts: &dyn Fn(usize) -> bool, ends: &dyn Fn(usize) -> bool) -> Vec<Vec<Import<'a>>> {
        let mut found = Vec::new();
        let begins: Vec<usize> = (0..self.files.len()).filter(|index| starts(*index)).collect();
        for begin in begins {
            let home = self.firsts[begin];
            let mut came: FxHashMap<usize, (usize, Import<'a>)> = FxHashMap::default();
            let mut open = VecDeque::from([home]);
            while let Some(here) = open.pop_front() {
                // Of its own module each file stands for itself; what another one of the layer imports is told of that one.
                let goes_on = |from: usize| if here == home { from == begin } else { !starts(from) };
                for (to, import) in self.next[here].iter().filter(|(_, import)| goes_on(import.from_at)) {
                    let file = import.to_at.unwrap_or(*to);
                    if *to == home || came.contains_key(to) || starts(file) {
                        continue;
                    }
                    came.insert(*to, (here, *import));
                    if ends(file) {
                        found.push(back(&came, home, *to));
                    } else {
                        open.push_back(*to);
                    }
                }
            }
        }
        found
    }

    /// Calls `tell` for each import between two modules of a knot, of those in which `within` holds, with the shortest cycle that begins with
    /// it, and returns what that makes of it. Knots are where every module reaches every other.
    pub fn cycles<T: Send>(&self, within: &dyn Fn(&RelPath) -> bool, tell: &(dyn Fn(&[Import<'a>]) -> T + Sync)) -> Vec<T> {
        let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(self.files.len(), 0);
        self.files.iter().for_each(|_| {
            graph.add_node(());
        });
        let inside: Vec<bool> = self.files.iter().map(within).collect();
        let counts = |import: &Import<'_>| inside[import.from_at] && import.to_at.is_some_and(|to| inside[to]);
        for (from, next) in self.next.iter().enumerate() {
            for (to, _) in next.iter().filter(|(_, import)| counts(import)) {
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(*to), ());
            }
        }
        let mut knots = vec![None; self.files.len()];
        for (number, knot) in tarjan_scc(&graph).into_iter().enumerate().filter(|(_, knot)| knot.len() > 1) {
            knot.into_iter().for_each(|module| knots[module.index()] = Some(number));
        }
        let tied: Vec<usize> = (0..knots.len()).filter(|module| knots[*module].is_some()).collect();
        tied.par_iter()
            .flat_map_iter(|begin| self.ways_back(*begin, &knots, &counts).into_iter().map(|cycle| tell(&cycle)).collect::<Vec<_>>())
            .collect()
    }

    /// Returns, for each import of a module that leads into its own knot, the shortest cycle that begins with it.
    fn ways_back(&self, begin: usize, knots: &[Option<usize>], counts: &dyn Fn(&Import<'_>) -> bool) -> Vec<Vec<Import<'a>>> {
        let inside = |module: usize, import: &Import<'_>| knots[module] == knots[begin] && counts(import);
        // From behind: from where the shortest way to `begin` goes on.
        let mut on: FxHashMap<usize, (usize, Import<'a>)> = FxHashMap::default();
        let mut open = VecDeque::from([begin]);
        while let Some(here) = open.pop_front() {
            for (from, import) in &self.before[here] {
                if *from != begin && inside(*from, import) && !on.contains_key(from) {
                    on.insert(*from, (here, *import));
                    open.push_back(*from);
                }
            }
        }
        let cycle = |(to, import): &(usize, Import<'a>)| {
            let (mut cycle, mut here) = (vec![*import], *to);
            while let Some((next, import)) = on.get(&here) {
                cycle.push(*import);
                here = *next;
            }
            cycle
        };
        self.next[begin].iter().filter(|(to, import)| inside(*to, import)).map(cycle).collect()
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

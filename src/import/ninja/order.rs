//! What comes before what: circles, and in which order dyndep files are made.

use super::lower::{Becomes, Lowering};
use crate::graph::{circles, ranks, round};

/// Edges that wait for each other.
#[derive(Default)]
pub(super) struct Circles {
    /// For each edge, the circle that it is a part of; empty where there are none.
    of: Vec<Option<u32>>,
    /// The shortest way round each, in words.
    told: Vec<Box<str>>,
}

impl Circles {
    /// Returns the way round that an edge is a part of, in words.
    pub fn told(&self, edge: u32) -> Option<&str> {
        let circle = self.of.get(edge as usize).copied().flatten()?;
        Some(&self.told[circle as usize])
    }

    /// Whether two edges wait for each other.
    pub fn join(&self, one: u32, other: u32) -> bool {
        self.of.get(one as usize).is_some_and(|circle| circle.is_some() && *circle == self.of[other as usize])
    }
}

impl Lowering<'_, '_> {
    /// Returns the edges that one waits for, but for those that wait for it.
    fn waits(&self, edge: usize) -> impl Iterator<Item = usize> {
        let makers = self.parsed.edges[edge].inputs.iter().filter_map(|node| self.makers[*node as usize]);
        let waited = makers.filter(|maker| !matches!(self.becomes[*maker as usize], Becomes::Nothing | Becomes::Remake));
        waited.filter(move |maker| !self.circles.join(edge as u32, *maker)).map(|maker| maker as usize)
    }

    /// Finds the edges that wait for each other: only who wants one of them hears of it.
    pub fn find_circles(&mut self) {
        let count = self.parsed.edges.len();
        if !ranks(count, |edge| self.waits(edge)).contains(&u32::MAX) {
            return;
        }
        let edges: Vec<Vec<usize>> = (0..count).map(|edge| self.waits(edge).collect()).collect();
        let mut found = Circles { of: vec![None; count], told: Vec::new() };
        for (knot, way) in circles(&edges) {
            knot.iter().for_each(|edge| found.of[*edge] = Some(found.told.len() as u32));
            let names: Vec<&str> = way.iter().map(|edge| self.addresses[*edge].as_str()).collect();
            found.told.push(round(&names).into());
        }
        self.circles = found;
    }

    /// Returns the addresses of the tasks that make dyndep files. What a file says of the edge that makes another one has to be known before
    /// that is made: each stage is built before it is known what the next one needs.
    pub fn stages(&self) -> Vec<Vec<String>> {
        let edges = &self.parsed.edges;
        let told = |edge: usize| edges[edge].dyndep.and_then(|file| self.makers[file as usize]).map(|maker| maker as usize);
        let mut makers: Vec<usize> = (0..edges.len()).filter_map(told).collect();
        makers.sort_unstable();
        makers.dedup();
        if makers.is_empty() {
            return Vec::new();
        }
        let ranks = ranks(edges.len(), |edge| self.waits(edge));
        let mut order: Vec<usize> = (0..edges.len()).collect();
        order.sort_unstable_by_key(|edge| std::cmp::Reverse(ranks[*edge]));
        let mut depths = vec![0; edges.len()];
        for edge in order {
            let before = self.waits(edge).map(|waited| depths[waited]).max().unwrap_or(0);
            depths[edge] = told(edge).map_or(before, |maker| before.max(depths[maker] + 1));
        }
        let mut stages: Vec<Vec<String>> = Vec::new();
        makers.sort_by_key(|edge| depths[*edge]);
        for alike in makers.chunk_by(|one, other| depths[*one] == depths[*other]) {
            stages.push(alike.iter().map(|edge| self.addresses[*edge].to_string()).collect());
        }
        stages
    }
}

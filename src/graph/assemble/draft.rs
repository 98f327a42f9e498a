//! From targets on their way to the image that holds them.

use std::hash::Hash;

use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use crate::base::{Place, TargetId, image};
use crate::graph::graph::{MAGIC, SECTIONS, VERSION, halves};
use crate::graph::{Edge, EdgeKind, Graph, Header, Row, TargetKind, address_key};
use crate::model::{Decision, Epic, Gate, Rock, Service, Task};

/// A target on its way into an image.
pub(super) struct Draft<'a> {
    pub address: &'a str,
    pub kind: TargetKind,
    pub flags: u32,
    pub env: u32,
    pub pool: u32,
    pub weight: u32,
    pub priority: f64,
    pub edges: Vec<Edge>,
    /// Where each edge was written.
    pub places: Vec<&'a Place>,
    pub detail: Declared<'a>,
}

impl Draft<'_> {
    /// Leaves out the edges that `kept` does not hold for, and those that an earlier one says already: one of its kind to the same target, or
    /// a plain need of it. `from` is the position of this draft; `seen` has an entry for each target, and is shared by all drafts.
    pub fn distinct(&mut self, from: u32, seen: &mut [(u32, u32)], mut kept: impl FnMut(&Edge) -> bool) {
        let mut holds = Vec::with_capacity(self.edges.len());
        for edge in &self.edges {
            let (last, kinds) = &mut seen[edge.to.index()];
            if *last != from {
                (*last, *kinds) = (from, 0);
            }
            let told = *kinds & (1 << edge.kind as usize | 1 << EdgeKind::Need as usize) != 0;
            *kinds |= 1 << edge.kind as usize;
            holds.push(!told && kept(edge));
        }
        if holds.contains(&false) {
            let (mut edges, mut places) = (holds.iter(), holds.iter());
            self.edges.retain(|_| edges.next() == Some(&true));
            self.places.retain(|_| places.next() == Some(&true));
        }
    }
}

/// What a [`crate::graph::Detail`] is before it is in an image: written in the same form, without a copy of what was declared.
#[derive(Serialize)]
pub(super) enum Declared<'a> {
    Rock(&'a Rock),
    Epic(&'a Epic),
    Task(&'a Task, Option<TargetId>),
    Service(&'a Service),
    Gate(&'a Gate),
    Entry(TargetId),
    Decision(&'a Decision, Vec<(Box<str>, Vec<TargetId>)>),
}

impl Declared<'_> {
    /// Returns where it was declared.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Declared::Rock(rock) => Some(&rock.place),
            Declared::Epic(epic) => Some(&epic.place),
            Declared::Task(task, _) => Some(&task.place),
            Declared::Service(service) => Some(&service.place),
            Declared::Gate(gate) => Some(&gate.place),
            Declared::Decision(decision, _) => Some(&decision.place),
            Declared::Entry(_) => None,
        }
    }
}

/// Writes drafts, in the order of their ids, into an image.
pub(super) fn write(header: &Header, drafts: Vec<Draft<'_>>) -> Graph {
    let mut rows = Vec::with_capacity(drafts.len());
    let mut edges: Vec<Edge> = Vec::new();
    let mut strings = Vec::new();
    let mut details = Vec::new();
    for draft in &drafts {
        let address = strings.len() as u32;
        strings.extend_from_slice(draft.address.as_bytes());
        let detail = details.len() as u64;
        details = postcard::to_extend(&draft.detail, details).expect("writing to memory does not fail");
        rows.push(Row {
            key: address_key(draft.address),
            shape: shape(draft, &drafts),
            address,
            address_len: draft.address.len() as u32,
            detail,
            detail_len: (details.len() as u64 - detail) as u32,
            edges: edges.len() as u32,
            edges_len: draft.edges.len() as u32,
            kind: draft.kind as u32,
            flags: draft.flags,
            env: draft.env,
            pool: draft.pool,
            weight: draft.weight,
            priority: draft.priority,
        });
        edges.extend_from_slice(&draft.edges);
    }
    let mut index: Vec<u32> = (0..rows.len() as u32).collect();
    index.sort_unstable_by_key(|id| rows[*id as usize].key);
    let header = postcard::to_stdvec(header).expect("writing to memory does not fail");
    let bytes = image::build(
        MAGIC,
        VERSION,
        &[&header, bytemuck::cast_slice(&rows), bytemuck::cast_slice(&edges), &strings, &details, bytemuck::cast_slice(&index)],
        SECTIONS,
    );
    Graph::open(bytes).expect("an image that was just built can be opened")
}

fn shape(draft: &Draft<'_>, drafts: &[Draft<'_>]) -> [u64; 2] {
    let Declared::Task(task, remedy) = &draft.detail else { return [0; 2] };
    let mut hasher = Xxh3::new();
    task.hash(&mut hasher);
    remedy.map(|remedy| drafts[remedy.index()].address).hash(&mut hasher);
    for edge in &draft.edges {
        let to = &drafts[edge.to.index()];
        (edge.kind, to.address).hash(&mut hasher);
        if let Declared::Service(service) = &to.detail {
            service.hash(&mut hasher);
        }
    }
    halves(hasher.digest128())
}

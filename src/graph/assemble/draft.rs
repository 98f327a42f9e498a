//! From targets on their way to the image that holds them.

use std::hash::{Hash, Hasher};

use postcard::ser_flavors::Flavor;
use rayon::prelude::*;
use serde::Serialize;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use crate::base::{Place, TargetId, image};
use crate::graph::graph::{MAGIC, SECTIONS, VERSION, halves};
use crate::graph::{Edge, EdgeKind, Graph, Header, Row, TargetKind, Terms, address_key};
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

/// From how many targets on all processors work on them: below that, starting threads costs more.
pub(super) const MANY: usize = 4096;

/// What neighbouring drafts come to, each by itself.
#[derive(Default)]
pub(super) struct Share {
    /// The declarations, one behind the other.
    details: Vec<u8>,
    targets: Vec<Written>,
}

struct Written {
    detail_len: u32,
    key: [u64; 2],
    shape: [u64; 2],
}

/// Writes what drafts, which have all their edges, come to each by itself.
pub(super) fn shares(drafts: &[Draft<'_>]) -> Vec<Share> {
    if drafts.len() > MANY {
        return drafts.par_chunks(MANY).map(|share| Share::of(share, drafts)).collect();
    }
    vec![Share::of(drafts, drafts)]
}

impl Share {
    fn of(share: &[Draft<'_>], all: &[Draft<'_>]) -> Share {
        let mut details = Vec::new();
        let mut hashed = Hashed::default();
        let one = |draft: &Draft<'_>| {
            let before = details.len();
            postcard::serialize_with_flavor(&draft.detail, Behind(&mut details)).expect("writing to memory does not fail");
            let detail_len = (details.len() - before) as u32;
            Written { detail_len, key: address_key(draft.address), shape: shape(draft, all, &mut hashed) }
        };
        let targets = share.iter().map(one).collect();
        Share { details, targets }
    }
}

/// Puts drafts, in the order of their ids, into an image.
pub(super) fn write(header: &Header, drafts: &[Draft<'_>], shares: &[Share]) -> Graph {
    let (mut rows, mut terms) = (Vec::with_capacity(drafts.len()), Vec::with_capacity(drafts.len()));
    let mut edges: Vec<Edge> = Vec::with_capacity(drafts.iter().map(|draft| draft.edges.len()).sum());
    let mut strings = Vec::with_capacity(drafts.iter().map(|draft| draft.address.len()).sum());
    let mut detail = 0;
    for (draft, Written { detail_len, key, shape }) in drafts.iter().zip(shares.iter().flat_map(|share| &share.targets)) {
        rows.push(Row { key: *key, shape: *shape, edges: edges.len() as u32, kind: draft.kind as u32, flags: draft.flags, env: draft.env });
        terms.push(Terms {
            detail,
            detail_len: *detail_len,
            address: strings.len() as u32,
            address_len: draft.address.len() as u32,
            pool: draft.pool,
            weight: draft.weight,
            reserved: 0,
            priority: draft.priority,
        });
        strings.extend_from_slice(draft.address.as_bytes());
        edges.extend_from_slice(&draft.edges);
        detail += u64::from(*detail_len);
    }
    let mut index: Vec<u32> = (0..rows.len() as u32).collect();
    index.sort_unstable_by_key(|id| rows[*id as usize].key);
    let header = postcard::to_stdvec(header).expect("writing to memory does not fail");
    let details: Vec<&[u8]> = shares.iter().map(|share| &share.details[..]).collect();
    let sections: [&[&[u8]]; SECTIONS] = [
        &[&header],
        &[bytemuck::cast_slice(&rows)],
        &[bytemuck::cast_slice(&edges)],
        &[bytemuck::cast_slice(&terms)],
        &[&strings],
        &details,
        &[bytemuck::cast_slice(&index)],
    ];
    Graph::open(image::build(MAGIC, VERSION, &sections, SECTIONS)).expect("an image that was just built can be opened")
}

fn shape(draft: &Draft<'_>, drafts: &[Draft<'_>], hashed: &mut Hashed) -> [u64; 2] {
    let Declared::Task(task, remedy) = &draft.detail else { return [0; 2] };
    hashed.0.clear();
    task.hash(hashed);
    remedy.map(|remedy| drafts[remedy.index()].address).hash(hashed);
    for edge in &draft.edges {
        let to = &drafts[edge.to.index()];
        (edge.kind, to.address).hash(hashed);
        if let Declared::Service(service) = &to.detail {
            service.hash(hashed);
        }
    }
    halves(xxh3_128(&hashed.0))
}

/// The bytes that are to be hashed, which is quicker at once than piece by piece.
#[derive(Default)]
struct Hashed(Vec<u8>);

impl Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    fn finish(&self) -> u64 {
        xxh3_64(&self.0)
    }
}

/// Where `postcard` writes: behind the bytes that are there.
struct Behind<'a>(&'a mut Vec<u8>);

impl Flavor for Behind<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.push(byte);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

//! The graph: rows, edges, strings and details over one image.

use std::ops::Range;

use bytemuck::{Pod, Zeroable};
use serde::{Deserialize, Serialize};

use super::Edge;
use crate::base::image::{self, Bytes, ImageError};
use crate::base::{Digest, Place, TargetId};
use crate::model::{Decision, EnvRules, Epic, Gate, Later, Package, Pattern, Pool, Rock, Rule, Service, Task, UserStrategy};

pub(super) const MAGIC: [u8; 8] = *b"ORKETGR\n";
pub(super) const VERSION: u32 = 20;
pub(super) const SECTIONS: usize = 7;

/// All targets of a project and the edges between them.
///
/// Every target stands behind all that it needs is *not* promised: order is found by whoever walks. Target ids follow the order of
/// declaration (rocks, epics, tasks, services, gates, decisions, then entries).
#[derive(Clone)]
pub struct Graph {
    bytes: Bytes,
    sections: Vec<Range<usize>>,
    header: Header,
}

/// What is known of the project as a whole.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Header {
    /// The project's name.
    pub name: Box<str>,
    /// What it is for.
    pub about: Option<Box<str>>,
    /// What a bare `orket build` builds; empty: everything that is not private.
    pub default: Vec<TargetId>,
    /// Bounds on tasks of a kind; [`Terms::pool`] points here.
    pub pools: Vec<Pool>,
    /// The packages, the root first.
    pub packages: Vec<Package>,
    /// What has no effect in this version.
    pub later: Vec<Later>,
    /// Which strategies fill the seams.
    pub rules: Vec<Rule>,
    /// Strategies of the user's own.
    pub strategies: Vec<UserStrategy>,
    /// The distinct sets of environment rules; [`Row::env`] points here.
    pub envs: Vec<EnvRules>,
    /// The hash of all outputs that any task declares: what globs over sources do not see.
    pub made: [u64; 2],
    /// Why the image is what it is: the owner's own bytes, see whoever built it.
    pub trail: Vec<u8>,
}

/// What a target is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum TargetKind {
    /// An outcome.
    Rock = 0,
    /// A body of work.
    Epic = 1,
    /// A unit of work.
    Task = 2,
    /// A program that runs beside tasks.
    Service = 3,
    /// A target that judges.
    Gate = 4,
    /// The door of an epic or rock: what must hold before any of its parts starts. Has the epic's address and is never shown.
    Entry = 5,
    /// A choice on the graph.
    Decision = 6,
}

impl TargetKind {
    /// Returns the word that manifest and output use.
    pub fn word(self) -> &'static str {
        match self {
            TargetKind::Rock => "rock",
            TargetKind::Epic => "epic",
            TargetKind::Task => "task",
            TargetKind::Service => "service",
            TargetKind::Gate => "gate",
            TargetKind::Entry => "entry",
            TargetKind::Decision => "decision",
        }
    }

    /// Returns the word with its article.
    pub fn with_article(self) -> String {
        format!("{} {}", if self == TargetKind::Epic { "an" } else { "a" }, self.word())
    }
}

/// Facts of a target that a walk wants without decoding it.
pub mod flag {
    /// Left out of a bare build.
    pub const PRIVATE: u32 = 1;
    /// It has no inputs, no outputs and needs nothing that has outputs, or says `cache #false`: it runs whenever it is asked for.
    pub const ALWAYS: u32 = 1 << 1;
    /// An input is a glob or may be a folder: the list of its inputs is found by looking.
    pub const GLOBS: u32 = 1 << 2;
    /// An output is a glob or a folder: the list of its outputs is found by looking.
    pub const OPEN_OUTPUTS: u32 = 1 << 3;
    /// It names a depfile.
    pub const DEPFILE: u32 = 1 << 4;
    /// It has no command: it gathers.
    pub const EMPTY: u32 = 1 << 5;
    /// A pattern, command or rule has a hole that is filled when it runs.
    pub const HOLES: u32 = 1 << 6;
    /// It takes the terminal.
    pub const INTERACTIVE: u32 = 1 << 7;
    /// It asks first.
    pub const CONFIRM: u32 = 1 << 8;
    /// It cannot run here: another platform.
    pub const FOREIGN: u32 = 1 << 9;
    /// It has an output.
    pub const OUTPUTS: u32 = 1 << 10;
    /// It runs only under a decision.
    pub const CONDITIONAL: u32 = 1 << 11;
    /// Its results are not stored: `cache #false`.
    pub const UNCACHED: u32 = 1 << 12;
    /// Another task is started when it fails.
    pub const REMEDY: u32 = 1 << 13;
    /// A decision or a gate looks at what it printed.
    pub const HEARD: u32 = 1 << 14;
    /// A part of it, at any depth, is left out of a bare build.
    pub const HIDES: u32 = 1 << 15;
    /// It needs files of which nobody looks at more than whether they are there.
    pub const PRESENT: u32 = 1 << 16;
    /// It waits for itself, in another tool's manifest.
    pub const CIRCLE: u32 = 1 << 17;
    /// It says `network #false`.
    pub const OFFLINE: u32 = 1 << 18;
}

/// What every walk wants of a target, 48 bytes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Row {
    /// The hash of the address, the same in every graph.
    pub key: [u64; 2],
    /// For a task, the hash of its declaration and of which targets it needs: equal shapes are equal tasks, wherever they stand in a
    /// manifest. Zero for other targets.
    pub shape: [u64; 2],
    /// Where its edges begin; they end where those of the next target do.
    pub(super) edges: u32,
    /// A [`TargetKind`].
    pub(super) kind: u32,
    /// See [`flag`].
    pub flags: u32,
    /// Index into [`Header::envs`].
    pub env: u32,
}

/// What is wanted of a target that is named or runs, 40 bytes. Apart from [`Row`], so that a walk over all targets touches less.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Terms {
    pub(super) detail: u64,
    pub(super) detail_len: u32,
    pub(super) address: u32,
    pub(super) address_len: u32,
    /// Index into [`Header::pools`], plus 1; 0 for none.
    pub pool: u32,
    /// Slots, at least 1.
    pub weight: u32,
    pub(super) reserved: u32,
    /// See [`crate::model::Priority`].
    pub priority: f64,
}

/// All of a target.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Detail {
    /// An outcome.
    Rock(Rock),
    /// A body of work.
    Epic(Epic),
    /// A unit of work, and the task to start when it fails.
    Task(Box<Task>, Option<TargetId>),
    /// A program that runs beside tasks.
    Service(Box<Service>),
    /// A target that judges.
    Gate(Gate),
    /// The door of the epic or rock with this id.
    Entry(TargetId),
    /// A choice on the graph; and the targets that each name means which its conditions look at.
    Decision(Box<Decision>, Vec<(Box<str>, Vec<TargetId>)>),
}

impl Detail {
    /// Returns the patterns of the files that it says it reads.
    pub fn inputs(&self) -> &[Pattern] {
        match self {
            Detail::Task(task, _) => &task.inputs,
            Detail::Service(service) => &service.inputs,
            _ => &[],
        }
    }

    /// Returns where it was declared.
    pub fn place(&self) -> Option<&Place> {
        match self {
            Detail::Rock(rock) => Some(&rock.place),
            Detail::Epic(epic) => Some(&epic.place),
            Detail::Task(task, _) => Some(&task.place),
            Detail::Service(service) => Some(&service.place),
            Detail::Gate(gate) => Some(&gate.place),
            Detail::Decision(decision, _) => Some(&decision.place),
            Detail::Entry(_) => None,
        }
    }

    /// Returns what it is for.
    pub fn about(&self) -> Option<&str> {
        match self {
            Detail::Rock(rock) => rock.about.as_deref(),
            Detail::Epic(epic) => epic.about.as_deref(),
            Detail::Task(task, _) => task.about.as_deref(),
            Detail::Service(service) => service.about.as_deref(),
            Detail::Gate(gate) => gate.about.as_deref(),
            Detail::Decision(decision, _) => decision.about.as_deref(),
            Detail::Entry(_) => None,
        }
    }

    /// Returns its tags.
    pub fn tags(&self) -> &[Box<str>] {
        match self {
            Detail::Rock(rock) => &rock.tags,
            Detail::Epic(epic) => &epic.tags,
            Detail::Task(task, _) => &task.tags,
            Detail::Gate(gate) => &gate.tags,
            Detail::Service(_) | Detail::Decision(..) | Detail::Entry(_) => &[],
        }
    }
}

impl Graph {
    /// Uses an image.
    ///
    /// # Errors
    /// When it was written by another version or is damaged.
    pub fn open(bytes: Bytes) -> Result<Graph, ImageError> {
        let sections = image::open(&bytes, MAGIC, VERSION, SECTIONS, SECTIONS)?;
        let header = postcard::from_bytes(&bytes.as_slice()[sections[0].clone()]).map_err(|_| ImageError::Damaged)?;
        let graph = Graph { bytes, sections, header };
        let whole = bytemuck::try_cast_slice::<u8, Row>(graph.section(1)).is_ok()
            && bytemuck::try_cast_slice::<u8, Edge>(graph.section(2)).is_ok()
            && bytemuck::try_cast_slice::<u8, Terms>(graph.section(3)).is_ok();
        if whole { Ok(graph) } else { Err(ImageError::Damaged) }
    }

    /// Returns the bytes of the image, to be written to a file.
    pub fn image(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// Returns what is known of the project as a whole.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the number of targets.
    pub fn len(&self) -> usize {
        self.rows().len()
    }

    /// Whether nothing was declared.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns all ids in order.
    pub fn ids(&self) -> impl DoubleEndedIterator<Item = TargetId> + ExactSizeIterator + use<> {
        (0..self.len() as u32).map(TargetId)
    }

    /// Returns all rows, in the order of ids.
    pub fn rows(&self) -> &[Row] {
        bytemuck::cast_slice(self.section(1))
    }

    /// Returns the row of one target.
    pub fn row(&self, id: TargetId) -> &Row {
        &self.rows()[id.index()]
    }

    /// Returns what is wanted of a target that is named or runs.
    pub fn terms(&self, id: TargetId) -> &Terms {
        let all: &[Terms] = bytemuck::cast_slice(self.section(3));
        &all[id.index()]
    }

    /// Returns the task that is started when this one fails.
    pub fn remedy(&self, id: TargetId) -> Option<TargetId> {
        match self.detail(id) {
            Detail::Task(_, remedy) if self.has(id, flag::REMEDY) => remedy,
            _ => None,
        }
    }

    /// Returns what a target is.
    pub fn kind(&self, id: TargetId) -> TargetKind {
        match self.row(id).kind {
            0 => TargetKind::Rock,
            1 => TargetKind::Epic,
            2 => TargetKind::Task,
            3 => TargetKind::Service,
            4 => TargetKind::Gate,
            6 => TargetKind::Decision,
            _ => TargetKind::Entry,
        }
    }

    /// Whether a target has all of these [`flag`]s.
    pub fn has(&self, id: TargetId, flags: u32) -> bool {
        self.row(id).flags & flags == flags
    }

    /// Returns the edges to what a target waits for.
    pub fn edges(&self, id: TargetId) -> &[Edge] {
        let (rows, all): (_, &[Edge]) = (self.rows(), bytemuck::cast_slice(self.section(2)));
        let end = rows.get(id.index() + 1).map_or(all.len(), |next| next.edges as usize);
        &all[rows[id.index()].edges as usize..end]
    }

    /// Returns the address.
    pub fn address(&self, id: TargetId) -> &str {
        let terms = self.terms(id);
        let bytes = &self.section(4)[terms.address as usize..(terms.address + terms.address_len) as usize];
        std::str::from_utf8(bytes).unwrap_or("?")
    }

    /// Decodes all of a target.
    pub fn detail(&self, id: TargetId) -> Detail {
        let terms = self.terms(id);
        let start = terms.detail as usize;
        let bytes = &self.section(5)[start..start + terms.detail_len as usize];
        postcard::from_bytes(bytes).expect("a detail is what this version wrote: the image's checksum was verified")
    }

    /// Decodes a task; `None` for any other target.
    pub fn task(&self, id: TargetId) -> Option<Box<Task>> {
        match self.detail(id) {
            Detail::Task(task, _) => Some(task),
            _ => None,
        }
    }

    /// Finds the target with exactly this address; entries have none.
    pub fn find(&self, address: &str) -> Option<TargetId> {
        let index: &[u32] = bytemuck::cast_slice(self.section(6));
        let key = address_key(address);
        let at = index.partition_point(|id| self.row(TargetId(*id)).key < key);
        index[at..]
            .iter()
            .map(|id| TargetId(*id))
            .take_while(|id| self.row(*id).key == key)
            .find(|id| self.address(*id) == address && self.kind(*id) != TargetKind::Entry)
    }

    fn section(&self, index: usize) -> &[u8] {
        &self.bytes.as_slice()[self.sections[index].clone()]
    }
}

/// Returns the hash of an address that rows and state files use.
pub fn address_key(address: &str) -> [u64; 2] {
    let hash = Digest::of(address.as_bytes()).hash;
    [0, 8].map(|at| u64::from_le_bytes(hash[at..at + 8].try_into().unwrap_or_default()))
}

/// Returns a hash of 128 bits as two words.
pub(super) fn halves(hash: u128) -> [u64; 2] {
    [hash as u64, (hash >> 64) as u64]
}

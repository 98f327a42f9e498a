//! Lines between targets, and why they are there.

use bytemuck::{Pod, Zeroable};

use crate::base::TargetId;

/// Why a target waits for another.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum EdgeKind {
    /// `needs`: built before, and what it puts out is an input.
    Need = 0,
    /// As `Need`, and a skipped target does not matter.
    OptionalNeed = 1,
    /// `after`: order only.
    After = 2,
    /// From an epic or rock to what it is made of.
    Part = 3,
    /// From a part to the entry of its epic or rock.
    Entry = 4,
    /// From a task to a service that it uses: what the service needs is built before.
    Uses = 5,
    /// From a decision to what its conditions look at: built before, however it ends.
    Look = 6,
}

impl EdgeKind {
    /// Whether the target at its end is built because of this edge.
    pub fn pulls(self) -> bool {
        self != EdgeKind::After
    }

    /// Whether the target at its end has to end well for the one that waits to be tried.
    pub fn requires(self) -> bool {
        !matches!(self, EdgeKind::After | EdgeKind::OptionalNeed | EdgeKind::Look)
    }

    /// Returns the word that drawings use.
    pub fn word(self) -> &'static str {
        match self {
            EdgeKind::Need | EdgeKind::Entry => "needs",
            EdgeKind::OptionalNeed => "optional",
            EdgeKind::After => "after",
            EdgeKind::Part => "part",
            EdgeKind::Uses => "uses",
            EdgeKind::Look => "looks at",
        }
    }
}

/// One edge: from the target whose list it stands in, to `to`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct Edge {
    /// The target that comes first.
    pub to: TargetId,
    pub(super) kind: u32,
}

impl Edge {
    /// An edge to `to`.
    pub fn new(to: TargetId, kind: EdgeKind) -> Edge {
        Edge { to, kind: kind as u32 }
    }

    /// Returns why.
    pub fn kind(&self) -> EdgeKind {
        match self.kind {
            1 => EdgeKind::OptionalNeed,
            2 => EdgeKind::After,
            3 => EdgeKind::Part,
            4 => EdgeKind::Entry,
            5 => EdgeKind::Uses,
            6 => EdgeKind::Look,
            _ => EdgeKind::Need,
        }
    }
}

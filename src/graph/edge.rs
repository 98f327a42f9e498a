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
    /// It reads some of what the other puts out; which, stands among its inputs.
    Made = 7,
    /// Built before; nothing of it is an input.
    Order = 8,
    /// Built as well; neither waits for the other.
    Along = 9,
}

impl EdgeKind {
    /// Whether the target at its end is built because of this edge.
    pub fn pulls(self) -> bool {
        self != EdgeKind::After
    }

    /// Whether the target at its end has to end well for the one that waits to be tried.
    pub fn requires(self) -> bool {
        !matches!(self, EdgeKind::After | EdgeKind::OptionalNeed | EdgeKind::Look | EdgeKind::Along)
    }

    /// Whether the one that waits is not tried where the target at its end fails; being skipped is no failure.
    pub fn fails_along(self) -> bool {
        self.requires() || self == EdgeKind::OptionalNeed
    }

    /// Whether the target at its end comes first.
    pub fn waits(self) -> bool {
        self != EdgeKind::Along
    }

    /// Whether all that the target at its end puts out is an input.
    pub fn hands_over(self) -> bool {
        !matches!(self, EdgeKind::After | EdgeKind::Made | EdgeKind::Order | EdgeKind::Along)
    }

    /// Whether a change of what the target at its end puts out may matter.
    pub fn reaches(self) -> bool {
        self.hands_over() || self == EdgeKind::Made
    }

    /// Returns the word that drawings use.
    pub fn word(self) -> &'static str {
        match self {
            EdgeKind::Need | EdgeKind::Entry | EdgeKind::Made => "needs",
            EdgeKind::OptionalNeed => "optional",
            EdgeKind::After => "after",
            EdgeKind::Part => "part",
            EdgeKind::Uses => "uses",
            EdgeKind::Look => "looks at",
            EdgeKind::Order => "order",
            EdgeKind::Along => "along",
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
            7 => EdgeKind::Made,
            8 => EdgeKind::Order,
            9 => EdgeKind::Along,
            _ => EdgeKind::Need,
        }
    }
}

//! What is drawn: targets, and lines between them.

use crate::base::Place;

/// A graph, or a part of one.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Drawing {
    /// In the order in which they are drawn.
    pub nodes: Vec<DrawNode>,
    /// Drawn in this order too; an edge to a node that is not there is left out.
    pub edges: Vec<DrawEdge>,
}

/// A target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DrawNode {
    /// Its full name.
    pub address: String,
    /// `rock`, `epic`, `task`, `gate`, `service`, `decision`.
    pub kind: &'static str,
    /// What it is for.
    pub about: Option<String>,
    /// Where it was declared.
    pub place: Option<Place>,
    /// What it is drawn into with others: the layer of a module.
    pub group: Option<String>,
}

/// A line from a target to one that it needs or holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DrawEdge {
    /// An index into the nodes.
    pub from: usize,
    /// An index into the nodes.
    pub to: usize,
    /// `needs`, `after`, `part` or `inferred`; in a run `remedy`; of an import `import`, `type`, `dynamic`, or `violation`.
    pub kind: &'static str,
}

impl Drawing {
    /// Returns the nodes with their indices, those of one group beside each other, those of none first.
    pub(super) fn by_group(&self) -> Vec<(usize, &DrawNode)> {
        let mut nodes: Vec<(usize, &DrawNode)> = self.nodes.iter().enumerate().collect();
        nodes.sort_by(|(_, one), (_, other)| one.group.cmp(&other.group));
        nodes
    }

    /// Returns the edges both ends of which are there.
    pub fn edges(&self) -> impl Iterator<Item = &DrawEdge> {
        self.edges.iter().filter(|edge| edge.from.max(edge.to) < self.nodes.len())
    }
}

/// A drawing for the tests of this folder.
#[cfg(test)]
pub(super) fn invented() -> Drawing {
    use std::sync::Arc;
    let node = |address: &str, kind, about: Option<&str>, line| DrawNode {
        address: address.into(),
        kind,
        about: about.map(Into::into),
        place: Some(Place { file: Arc::from("orket.kdl"), line, column: 1 }),
        group: None,
    };
    let edge = |from, to, kind| DrawEdge { from, to, kind };
    Drawing {
        nodes: vec![
            node("release", "rock", Some("Ships \"it\""), 1),
            node("app", "epic", None, 3),
            node("app/compile", "task", Some("Compiles"), 4),
            node("app/link", "task", None, 8),
            node("gen", "task", None, 12),
        ],
        edges: vec![
            edge(0, 1, "needs"),
            edge(1, 2, "part"),
            edge(1, 3, "part"),
            edge(2, 4, "inferred"),
            edge(3, 2, "needs"),
            edge(3, 4, "after"),
            edge(3, 9, "needs"),
        ],
    }
}

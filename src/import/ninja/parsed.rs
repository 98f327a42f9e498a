//! What ninja files say, before it is known what becomes of it.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use super::scope::{Rule, Scope, ScopeId, Scopes};

/// The rule of edges that only gather.
pub(super) const PHONY: usize = 0;

/// A file: its position among all, the number of a line in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct At {
    pub file: u32,
    pub line: u32,
}

/// One `build` line. Its paths are positions in [`Parsed::nodes`].
#[derive(Debug)]
pub(super) struct Edge<'t> {
    pub at: At,
    pub rule: usize,
    pub scope: ScopeId,
    pub own: Vec<(&'t str, Cow<'t, str>)>,
    /// The explicit outputs, then the implicit ones.
    pub outputs: Vec<u32>,
    pub explicit_outputs: usize,
    /// The explicit inputs, the implicit ones, then those that only order.
    pub inputs: Vec<u32>,
    pub explicit_inputs: usize,
    pub order_only: usize,
    pub validations: Vec<u32>,
    pub pool: Option<Box<str>>,
    /// The file that says what else it reads and makes.
    pub dyndep: Option<u32>,
    /// Whether that file says that outputs may stay as they are.
    pub restat: bool,
}

impl Edge<'_> {
    /// Returns the inputs whose change matters.
    pub fn read(&self) -> &[u32] {
        &self.inputs[..self.inputs.len() - self.order_only]
    }

    /// Returns the inputs that only come first.
    pub fn ordered(&self) -> &[u32] {
        &self.inputs[self.inputs.len() - self.order_only..]
    }
}

/// A path that some edge names.
pub(super) struct Node<'t> {
    pub path: Cow<'t, str>,
    /// The edge that makes it.
    pub maker: Option<u32>,
    /// Whether an edge has it as an input.
    pub used: bool,
}

/// A pool: how many of its edges run at once, 0 for any number.
pub(super) struct Depth<'t> {
    pub name: &'t str,
    pub depth: u32,
    pub at: At,
}

/// All that ninja files say.
pub(super) struct Parsed<'t> {
    pub scopes: Scopes<'t>,
    pub rules: Vec<Rule<'t>>,
    pub pools: Vec<Depth<'t>>,
    pub edges: Vec<Edge<'t>>,
    pub nodes: Vec<Node<'t>>,
    pub defaults: Vec<u32>,
    known: FxHashMap<Cow<'t, str>, u32>,
}

impl<'t> Parsed<'t> {
    /// Nothing was read yet.
    pub fn new() -> Parsed<'t> {
        let mut scope = Scope::default();
        scope.rules.insert("phony", PHONY);
        Parsed {
            scopes: Scopes(vec![scope]),
            rules: vec![Rule { name: "phony", says: Vec::new() }],
            pools: Vec::new(),
            edges: Vec::new(),
            nodes: Vec::new(),
            defaults: Vec::new(),
            known: FxHashMap::default(),
        }
    }

    /// Returns the node of a path that some edge names.
    pub fn find(&self, path: &str) -> Option<u32> {
        self.known.get(path).copied()
    }

    /// Returns the node of a path.
    pub fn node(&mut self, path: Cow<'t, str>) -> u32 {
        if let Some(node) = self.known.get(&path) {
            return *node;
        }
        let node = self.nodes.len() as u32;
        self.nodes.push(Node { path: path.clone(), maker: None, used: false });
        self.known.insert(path, node);
        node
    }
}

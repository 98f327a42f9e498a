//! Tasks that are lowered ahead, on all processors.
//!
//! What a task without a matrix comes to depends on nothing that is declared beside it, but for the order in which mistakes are told, and for
//! what all tasks may take together. So where anything is wrong, or too much, each is lowered in its turn, as if nothing had been done ahead.

use rayon::prelude::*;

use super::common::Context;
use super::load::Load;
use super::matrix::variants;
use super::node::Node;
use super::nodes::Level;
use super::problems::Problems;
use super::task;
use crate::model::{Later, Task};

/// From how many nodes on a manifest's tasks are lowered ahead: below that, starting threads costs more.
const MANY: usize = 4096;

/// How many tasks are lowered ahead at a time: so few that the memory they take is used again and again.
const MOST: usize = 2048;
/// Fewer are lowered in their turn.
const LEAST: usize = 64;

/// What some nodes come to.
#[derive(Default)]
struct Lowered {
    problems: Problems,
    tasks: Vec<Task>,
    later: Vec<Later>,
}

impl Load<'_> {
    /// Lowers the nodes of a manifest. What is lowered is dropped at once: it takes more memory than what it comes to.
    pub(super) fn manifest(&mut self, nodes: Vec<Node>, context: &Context, level: Level) {
        // Growing would copy what there is; where there is no room for so many at once, it is tried nevertheless.
        let _ = self.project.tasks.try_reserve(nodes.iter().filter(|node| node.name == "task").count());
        if nodes.len() < MANY {
            nodes.into_iter().for_each(|node| self.node(&node, context, level));
            return;
        }
        let contexts: Vec<Context> = (0..rayon::current_num_threads()).map(|_| context.apart()).collect();
        let mut nodes = nodes.into_iter();
        while !nodes.as_slice().is_empty() {
            let plain = nodes.as_slice().iter().take(MOST).take_while(|node| is_plain(node)).count();
            let round: Vec<Node> = nodes.by_ref().take(plain.max(1)).collect();
            match Some(&round).filter(|_| plain >= LEAST).and_then(|round| self.ahead(round, &contexts)) {
                Some(tasks) => tasks.into_iter().flatten().for_each(|task| self.lowered(task)),
                None => self.nodes(&round, context, level),
            }
        }
    }

    /// Returns what plain tasks come to, in their order; `None` where one of them may be wrong. There is a context for each processor.
    fn ahead(&mut self, nodes: &[Node], contexts: &[Context]) -> Option<Vec<Vec<Task>>> {
        let templates = &self.templates;
        let lower = |(share, context): (&[Node], &Context)| {
            let Lowered { mut problems, mut tasks, mut later } = Lowered::default();
            tasks.reserve(share.len());
            share.iter().for_each(|node| tasks.extend(task::lower(&mut problems, node, context, templates, &mut later)));
            Lowered { problems, tasks, later }
        };
        let shares = nodes.par_chunks(nodes.len().div_ceil(contexts.len())).zip(contexts);
        let lowered: Vec<Lowered> = shares.map(lower).collect();
        if !self.problems.right(lowered.iter().map(|lowered| &lowered.problems)) || !self.count(nodes.len() as u64) {
            return None;
        }
        let joined = |Lowered { problems, tasks, later }| {
            self.problems.join(problems);
            self.project.later.extend(later);
            tasks
        };
        Some(lowered.into_iter().map(joined).collect())
    }
}

/// Whether a node is a task without variants.
fn is_plain(node: &Node) -> bool {
    node.name == "task" && variants(node) == Some(1)
}

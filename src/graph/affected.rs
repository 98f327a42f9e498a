//! What changed files reach.

use super::{EdgeKind, Graph};
use crate::base::{RelPath, TargetId, glob, glob::Glob};
use crate::model::Pattern;

/// Returns, sorted, the tasks that have one of `paths` among their declared inputs, and everything that needs them.
pub fn reached_from(graph: &Graph, paths: &[RelPath]) -> Vec<TargetId> {
    let mut reached = vec![false; graph.len()];
    let mut open = Vec::new();
    for id in graph.ids() {
        if let Some(task) = graph.task(id)
            && paths.iter().any(|path| is_input(&task.inputs, path))
        {
            reached[id.index()] = true;
            open.push(id);
        }
    }
    let mut behind: Vec<Vec<TargetId>> = vec![Vec::new(); graph.len()];
    for id in graph.ids() {
        for edge in graph.edges(id).iter().filter(|edge| edge.kind() != EdgeKind::After) {
            behind[edge.to.index()].push(id);
        }
    }
    while let Some(id) = open.pop() {
        for later in &behind[id.index()] {
            if !std::mem::replace(&mut reached[later.index()], true) {
                open.push(*later);
            }
        }
    }
    graph.ids().filter(|id| reached[id.index()]).collect()
}

fn is_input(patterns: &[Pattern], path: &RelPath) -> bool {
    let hit = |pattern: &Pattern| {
        let Some(text) = pattern.text.as_literal() else { return false };
        if glob::is_glob(text) {
            return Glob::new(text).is_ok_and(|glob| glob.matches(path));
        }
        RelPath::parse(text).is_ok_and(|folder| path.is_in(&folder))
    };
    patterns.iter().any(|pattern| !pattern.negated && hit(pattern)) && !patterns.iter().any(|pattern| pattern.negated && hit(pattern))
}

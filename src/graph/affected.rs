//! What changed files reach.

use rustc_hash::FxHashMap;

use super::{Detail, Graph, TargetKind};
use crate::base::{RelPath, TargetId, glob, glob::Glob};
use crate::model::Pattern;

/// Returns, in the order of ids, the tasks that have one of `paths` among their declared inputs, and everything that needs them. Order
/// alone (`after`) reaches nothing, and a pattern with a hole matches nothing.
pub fn reached_from(graph: &Graph, paths: &[RelPath]) -> Vec<TargetId> {
    let mut changed = Changed { paths, hits: FxHashMap::default() };
    let mut behind: Vec<Vec<TargetId>> = vec![Vec::new(); graph.len()];
    let mut reached = vec![false; graph.len()];
    let mut open = Vec::new();
    for id in graph.ids() {
        for edge in graph.edges(id).iter().filter(|edge| edge.kind().reaches()) {
            behind[edge.to.index()].push(id);
        }
        if graph.kind(id) == TargetKind::Task
            && let Detail::Task(task, _) = graph.detail(id)
            && changed.touches(&task.inputs)
        {
            reached[id.index()] = true;
            open.push(id);
        }
    }
    while let Some(id) = open.pop() {
        for later in &behind[id.index()] {
            if !std::mem::replace(&mut reached[later.index()], true) {
                open.push(*later);
            }
        }
    }
    graph.ids().filter(|id| reached[id.index()] && graph.kind(*id) != TargetKind::Entry).collect()
}

struct Changed<'a> {
    paths: &'a [RelPath],
    /// Which paths a pattern matches, as positions in order; most patterns stand in many tasks.
    hits: FxHashMap<Box<str>, Vec<usize>>,
}

impl Changed<'_> {
    /// Whether one of the paths is among what `patterns` say.
    fn touches(&mut self, patterns: &[Pattern]) -> bool {
        let hits = patterns.iter().filter(|pattern| !pattern.negated).flat_map(|pattern| self.of(pattern)).collect::<Vec<_>>();
        if hits.is_empty() {
            return false;
        }
        let left_out: Vec<usize> = patterns.iter().filter(|pattern| pattern.negated).flat_map(|pattern| self.of(pattern)).collect();
        hits.iter().any(|hit| !left_out.contains(hit))
    }

    fn of(&mut self, pattern: &Pattern) -> Vec<usize> {
        let Some(text) = pattern.text.as_literal() else { return Vec::new() };
        if let Some(hits) = self.hits.get(text) {
            return hits.clone();
        }
        let matches: Box<dyn Fn(&RelPath) -> bool> = match glob::plain(text) {
            None => {
                let folder = text.ends_with('/').then(|| format!("{text}**"));
                match Glob::new(folder.as_deref().unwrap_or(text)) {
                    Ok(glob) => Box::new(move |path| glob.matches(path)),
                    Err(_) => Box::new(|_| false),
                }
            }
            Some(name) => match RelPath::parse(&*name) {
                Ok(folder) => Box::new(move |path| path.is_in(&folder)),
                Err(_) => Box::new(|_| false),
            },
        };
        let hits: Vec<usize> = (0..self.paths.len()).filter(|at| matches(&self.paths[*at])).collect();
        self.hits.insert(text.into(), hits.clone());
        hits
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, needs, shop, task, tasks};
    use crate::model::Imported;

    fn reached(graph: &Graph, paths: &[&str]) -> Vec<String> {
        let paths: Vec<RelPath> = paths.iter().map(|path| RelPath::parse(path).unwrap()).collect();
        reached_from(graph, &paths).into_iter().map(|id| graph.address(id).to_owned()).collect()
    }

    #[test]
    fn a_file_reaches_who_reads_it_and_who_needs_them() {
        let graph = graph(&shop());
        assert_eq!(reached(&graph, &["pay.py"]), ["pay:wheel[py=3.11]", "pay:wheel[py=3.12]"]);
        assert_eq!(reached(&graph, &["app/gen/x.js"]), ["ship", "app", "app/serve", "churn"]);
        assert_eq!(reached(&graph, &["app/x.js"]), ["ship", "app", "app/serve", "app/lint", "churn"]);
        assert_eq!(reached(&graph, &["inc/deep/a.h"]), ["ship", "core", "app", "core/lib", "app/serve", "app/lint", "churn"]);
        assert_eq!(reached(&graph, &["other", "app/x.css"]), [] as [&str; 0]);
    }

    #[test]
    fn what_is_read_reaches_and_what_only_comes_first_does_not() {
        let mut reader = task("reader", &[], &[], &[]);
        reader.imported = Some(Box::new(Imported { makers: needs(&["maker"]), order: needs(&["first"]), ..Imported::default() }));
        let graph = graph(&tasks(vec![task("maker", &["a"], &["o"], &[]), task("first", &["b"], &[], &[]), reader]));
        assert_eq!(reached(&graph, &["a"]), ["maker", "reader"]);
        assert_eq!(reached(&graph, &["b"]), ["first"]);
    }

    #[test]
    fn order_alone_reaches_nothing() {
        let mut later = task("later", &["b"], &[], &[]);
        later.after = needs(&["first"]);
        let graph = graph(&tasks(vec![task("first", &["a"], &[], &[]), later]));
        assert_eq!(reached(&graph, &["a"]), ["first"]);
    }
}

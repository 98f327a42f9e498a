//! Which files tasks put out: what is no source, whatever globs over sources say.

use rustc_hash::{FxHashMap, FxHashSet};

use super::{Graph, flag};
use crate::base::overlap::ends;
use crate::base::{RelPath, TargetId, glob, glob::Glob};
use crate::disk::PatternSet;
use crate::model::Text;

/// The outputs that all tasks declare, as far as they are known before anything runs, each without what its task leaves out by `!`.
#[derive(Default)]
pub struct Made {
    named: FxHashMap<RelPath, TargetId>,
    globs: Vec<Pattern>,
    /// Positions of globs, by what all names that they mean begin with: of many tasks, few have to be compared with a path.
    beginning: FxHashMap<Box<[u8]>, Vec<usize>>,
    /// How long the keys of `beginning` are.
    lengths: Vec<usize>,
    left_out: FxHashMap<TargetId, PatternSet>,
    /// What tasks write for orket to read, and nobody else.
    depfiles: FxHashSet<RelPath>,
}

struct Pattern {
    task: TargetId,
    glob: Glob,
    /// What all names that it means end with.
    ending: String,
}

impl Made {
    /// Gathers what the tasks of a graph put out.
    pub fn of(graph: &Graph) -> Made {
        let mut made = Made::default();
        for id in graph.ids().filter(|id| graph.has(*id, flag::OUTPUTS) || graph.has(*id, flag::DEPFILE)) {
            let Some(task) = graph.task(id) else { continue };
            made.depfiles.extend(task.depfile.as_ref().and_then(Text::as_literal).and_then(|text| RelPath::parse(text).ok()));
            let texts = |negated: bool| {
                let those = task.outputs.iter().filter(move |pattern| pattern.negated == negated);
                those.filter_map(|pattern| pattern.text.as_literal())
            };
            for text in texts(false) {
                match glob::plain(text).map(|name| RelPath::parse(&*name)) {
                    Some(Ok(path)) => drop(made.named.insert(path, id)),
                    Some(Err(_)) => {}
                    None => made.add(id, text),
                }
            }
            let left_out: Vec<String> = texts(true).map(str::to_owned).collect();
            if !left_out.is_empty() {
                made.left_out.extend(PatternSet::new(&left_out, &[]).map(|left_out| (id, left_out)));
            }
        }
        made.lengths = made.beginning.keys().map(|key| key.len()).collect();
        made.lengths.sort_unstable();
        made.lengths.dedup();
        made
    }

    fn add(&mut self, task: TargetId, text: &str) {
        let whole = text.strip_suffix('/').map(|folder| format!("{folder}/**"));
        let text = whole.as_deref().unwrap_or(text);
        let Ok(glob) = Glob::new(text) else { return };
        let (beginning, ending) = ends(text);
        self.beginning.entry(beginning.into_bytes().into()).or_default().push(self.globs.len());
        self.globs.push(Pattern { task, glob, ending });
    }

    /// Returns the task that names this path, or a folder above it, among its outputs.
    pub fn maker(&self, path: &RelPath) -> Option<TargetId> {
        let bytes = path.as_bytes();
        let ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([bytes.len()]);
        ends.filter_map(|end| self.named.get(&bytes[..end]).copied()).find(|task| !self.leaves_out(*task, path))
    }

    /// Returns the task that names exactly this path among its outputs.
    pub fn named(&self, path: &RelPath) -> Option<TargetId> {
        self.named.get(path).copied().filter(|task| !self.leaves_out(*task, path))
    }

    /// Whether it is among the outputs of any task, or the depfile of one: no source.
    pub fn holds(&self, path: &RelPath) -> bool {
        self.depfiles.contains(path) || self.makers(path).next().is_some()
    }

    /// Returns the tasks that name this path, or mean it by a pattern, among their outputs.
    pub fn makers<'a>(&'a self, path: &'a RelPath) -> impl Iterator<Item = TargetId> + 'a {
        let bytes = path.as_bytes();
        let beginnings = self.lengths.iter().take_while(|length| **length <= bytes.len());
        let near = beginnings.filter_map(|length| self.beginning.get(&bytes[..*length])).flatten().map(|at| &self.globs[*at]);
        let means = |one: &&Pattern| bytes.ends_with(one.ending.as_bytes()) && one.glob.matches(path) && !self.leaves_out(one.task, path);
        self.maker(path).into_iter().chain(near.filter(means).map(|one| one.task))
    }

    fn leaves_out(&self, task: TargetId, path: &RelPath) -> bool {
        self.left_out.get(&task).is_some_and(|left_out| left_out.matches(path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, task, tasks};

    #[test]
    fn what_a_task_leaves_out_is_made_by_nobody() {
        let graph = graph(&tasks(vec![
            task("named", &["a"], &["gen/", "!gen/keep", "!gen/hand/*.c"], &[]),
            task("globs", &["a"], &["o/*.o", "o/x-*.{a,so}", "d*/", "!o/hand.o", "!dist/doc/"], &[]),
            task("twin", &["a"], &["o/y-[0-9]", "l/**/*.log"], &[]),
        ]));
        let made = Made::of(&graph);
        let parse = |text: &str| RelPath::parse(text).unwrap();
        for text in ["gen", "gen/a", "gen/hand/x.h", "o/a.o", "o/x-1.so", "o/y-3", "dist/a/b", "d/x", "l/deep/a.log", "l/a.log"] {
            assert!(made.holds(&parse(text)), "{text}");
        }
        for text in ["gen/hand/x.c", "gen/keep", "generic", "o/hand.o", "o/x-1", "o/y-a", "dist/doc/a", "o/deep/a.o", "d", "l/log"] {
            assert!(!made.holds(&parse(text)), "{text}");
        }
        let maker = |text: &str| made.maker(&parse(text)).map(|id| graph.address(id).to_owned());
        assert_eq!(maker("gen/a").as_deref(), Some("named"));
        assert_eq!(["gen/keep", "gen/hand/x.c", "o/a.o"].map(maker), [const { None }; 3]);
    }
}

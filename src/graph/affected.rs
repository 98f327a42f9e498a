//! What changed files reach. In doubt, more: a target may be named that is as it was, and none is missed that is not.

use rustc_hash::{FxHashMap, FxHashSet};

use super::made::Made;
use super::{Detail, Graph, TargetKind};
use crate::base::{RelPath, TargetId, glob, glob::Glob};
use crate::model::{Pattern, Scope};

/// What has changed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Changed<'a> {
    /// Files and links, under all names that they have or had.
    pub paths: &'a [RelPath],
    /// Folders in which anything may have.
    pub folders: &'a [RelPath],
    /// Files that were a source and are an output now, or the other way round.
    pub turned: &'a [RelPath],
}

/// What a target rests on beside the patterns of its declaration.
pub trait Rests {
    /// Returns what a hole comes to for the target; `None` where that is not known before it runs.
    fn hole(&self, target: TargetId, scope: Scope, name: &str) -> Option<String>;

    /// Returns the files that a task or service rests on beside its inputs: programs, `dotenv` files, what its depfile named. `None` where
    /// they are not known: it may be any file.
    fn beside(&self, target: TargetId, detail: &Detail) -> Option<Vec<RelPath>>;

    /// Whether the verdict of a gate rests on a file.
    fn sees(&self, gate: TargetId, path: &RelPath) -> bool;
}

/// Returns, in the order of ids, the targets `declared` (those whose declaration has changed), the tasks and services that rest on something
/// that has changed, and everything that needs any of them. Order alone (`after`) reaches nothing. What a task puts out is no source: it
/// changes when that task does.
pub fn reached_from(graph: &Graph, changed: Changed<'_>, declared: &[TargetId], rests: &dyn Rests) -> Vec<TargetId> {
    let mut touched = Touched::new(graph, changed);
    let mut behind: Vec<Vec<TargetId>> = vec![Vec::new(); graph.len()];
    let mut reached = vec![false; graph.len()];
    declared.iter().for_each(|id| reached[id.index()] = true);
    for id in graph.ids() {
        for edge in graph.edges(id).iter().filter(|edge| edge.kind().reaches()) {
            behind[edge.to.index()].push(id);
        }
        if graph.kind(id) == TargetKind::Gate && !touched.nothing() {
            reached[id.index()] |= !changed.folders.is_empty() || touched.paths.iter().any(|path| rests.sees(id, path));
        }
        if reached[id.index()] || touched.nothing() || !matches!(graph.kind(id), TargetKind::Task | TargetKind::Service) {
            continue;
        }
        let detail = graph.detail(id);
        let mut makers = Vec::new();
        let hit = touched.inputs(detail.inputs(), &|scope, name| rests.hole(id, scope, name))
            || rests.beside(id, &detail).is_none_or(|files| {
                let touch = |file| match touched.made.maker(file).filter(|maker| *maker != id) {
                    Some(maker) => {
                        makers.push(maker);
                        false
                    }
                    None => touched.names(file),
                };
                files.iter().any(touch)
            });
        makers.into_iter().for_each(|maker| behind[maker.index()].push(id));
        reached[id.index()] = hit;
    }
    let mut open: Vec<TargetId> = graph.ids().filter(|id| reached[id.index()]).collect();
    while let Some(id) = open.pop() {
        for later in &behind[id.index()] {
            if !std::mem::replace(&mut reached[later.index()], true) {
                open.push(*later);
            }
        }
    }
    graph.ids().filter(|id| reached[id.index()] && graph.kind(*id) != TargetKind::Entry).collect()
}

struct Touched<'a> {
    changed: Changed<'a>,
    /// All paths, what has turned behind them.
    paths: Vec<&'a RelPath>,
    known: FxHashSet<&'a RelPath>,
    /// For each path, whether it is an output, and whether one that is named.
    outputs: Vec<(bool, bool)>,
    made: Made,
    /// Which paths a pattern matches, as positions in order; most patterns stand in many tasks.
    hits: FxHashMap<Box<str>, Vec<usize>>,
}

impl<'a> Touched<'a> {
    fn new(graph: &Graph, changed: Changed<'a>) -> Touched<'a> {
        let made = Made::of(graph);
        let outputs = changed.paths.iter().map(|path| (made.holds(path), made.maker(path).is_some()));
        let outputs = outputs.chain(changed.turned.iter().map(|_| (false, false))).collect();
        let paths: Vec<&RelPath> = changed.paths.iter().chain(changed.turned).collect();
        Touched { changed, known: paths.iter().copied().collect(), paths, outputs, made, hits: FxHashMap::default() }
    }

    fn nothing(&self) -> bool {
        self.paths.is_empty() && self.changed.folders.is_empty()
    }

    /// Whether one of the paths is among what `patterns` say.
    fn inputs(&mut self, patterns: &[Pattern], hole: &dyn Fn(Scope, &str) -> Option<String>) -> bool {
        let mut hits: Vec<usize> = Vec::new();
        for pattern in patterns.iter().filter(|pattern| !pattern.negated) {
            match text(pattern, hole) {
                Some(text) if self.in_folders(&text) => return true,
                Some(text) => hits.extend_from_slice(self.of(&text)),
                None => return true,
            }
        }
        if hits.is_empty() {
            return false;
        }
        let mut left_out: Vec<usize> = Vec::new();
        for pattern in patterns.iter().filter(|pattern| pattern.negated) {
            let Some(text) = text(pattern, hole) else { continue };
            let named = glob::plain(&text).map(|name| RelPath::parse(&*name).unwrap_or_default());
            let own = self.of(&text).to_vec();
            left_out.extend(own.into_iter().filter(|at| named.as_ref().is_none_or(|named| self.paths[*at].is_in(named))));
        }
        left_out.sort_unstable();
        hits.iter().any(|hit| left_out.binary_search(hit).is_err())
    }

    /// Whether a file that is named has changed, or a link or folder on the way to it.
    fn names(&self, file: &RelPath) -> bool {
        let bytes = file.as_bytes();
        let mut ends = bytes.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([bytes.len()]);
        ends.any(|end| self.known.contains(&RelPath::from_normal(&bytes[..end])))
            || self.changed.folders.iter().any(|folder| file.is_in(folder))
    }

    /// Whether a pattern may match something in a folder of which it is not known what changed in it.
    fn in_folders(&self, text: &str) -> bool {
        if self.changed.folders.is_empty() {
            return false;
        }
        let near = |base: &RelPath| self.changed.folders.iter().any(|folder| folder.is_in(base) || base.is_in(folder));
        match glob::plain(text) {
            Some(name) => RelPath::parse(&*name).is_ok_and(|path| near(&path)),
            None => Glob::new(text).is_ok_and(|glob| near(glob.base())),
        }
    }

    fn of(&mut self, text: &str) -> &[usize] {
        if !self.hits.contains_key(text) {
            let hits = self.search(text);
            self.hits.insert(text.into(), hits);
        }
        &self.hits[text]
    }

    fn search(&self, text: &str) -> Vec<usize> {
        let matches: Box<dyn Fn(usize) -> bool + '_> = match glob::plain(text) {
            None => {
                let folder = text.ends_with('/').then(|| format!("{text}**"));
                match Glob::new(folder.as_deref().unwrap_or(text)) {
                    // Or above all that it means: a folder or link on the way, which came or went.
                    Ok(glob) => {
                        let meant = move |path: &RelPath| glob.matches(path) || (!path.is_root() && glob.base().is_in(path));
                        Box::new(move |at| !self.outputs[at].0 && meant(self.paths[at]))
                    }
                    Err(_) => return Vec::new(),
                }
            }
            // Another tool's manifest may name what stands outside of the project.
            Some(name) if name.starts_with('/') => {
                let named = RelPath::from_normal(name.as_bytes());
                Box::new(move |at| *self.paths[at] == named)
            }
            Some(name) => match RelPath::parse(&*name) {
                // Below it: then it is a folder, which is searched. Above it: a link that leads there.
                Ok(named) => Box::new(move |at| {
                    let (path, (output, by_name)) = (self.paths[at], self.outputs[at]);
                    let skipped = if *path == named && !name.ends_with('/') { by_name } else { output };
                    !skipped && (path.is_in(&named) || named.is_in(path))
                }),
                Err(_) => return Vec::new(),
            },
        };
        (0..self.paths.len()).filter(|at| matches(*at)).collect()
    }
}

fn text(pattern: &Pattern, hole: &dyn Fn(Scope, &str) -> Option<String>) -> Option<String> {
    pattern.fill(|scope, name| hole(scope, name).ok_or(())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::sample::{graph, needs, shop, task, tasks};
    use crate::model::{Imported, Part, Text};

    /// Holes mean `src`; the files beside are told by address.
    #[derive(Default)]
    struct Told {
        beside: Vec<(&'static str, Option<&'static str>)>,
        holes: bool,
        addresses: Vec<String>,
    }

    impl Rests for Told {
        fn sees(&self, _: TargetId, path: &RelPath) -> bool {
            path.as_bytes().ends_with(b".gated")
        }

        fn hole(&self, _: TargetId, _: Scope, _: &str) -> Option<String> {
            self.holes.then(|| String::from("src"))
        }

        fn beside(&self, target: TargetId, _: &Detail) -> Option<Vec<RelPath>> {
            let own = self.beside.iter().find(|(address, _)| *address == self.addresses[target.index()]);
            own.map_or(Some(Vec::new()), |(_, file)| file.map(|file| vec![path(file)]))
        }
    }

    fn path(text: &str) -> RelPath {
        RelPath::parse(text).unwrap()
    }

    fn told(graph: &Graph, paths: &[&str], folders: &[&str], mut rests: Told) -> Vec<String> {
        rests.addresses = graph.ids().map(|id| graph.address(id).to_owned()).collect();
        let paths: Vec<RelPath> = paths.iter().map(|text| path(text)).collect();
        let folders: Vec<RelPath> = folders.iter().map(|text| path(text)).collect();
        let changed = Changed { paths: &paths, folders: &folders, turned: &[] };
        reached_from(graph, changed, &[], &rests).into_iter().map(|id| graph.address(id).to_owned()).collect()
    }

    fn reached(graph: &Graph, paths: &[&str]) -> Vec<String> {
        told(graph, paths, &[], Told::default())
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

    #[test]
    fn what_a_task_puts_out_is_no_source() {
        let graph = graph(&tasks(vec![
            task("gen", &["a"], &["gen/x.h", "log/*.txt"], &[]),
            task("use", &["gen/x.h"], &[], &["gen"]),
            task("all", &["**", "!gen/x.h", "!log/*.txt"], &[], &[]),
        ]));
        assert_eq!(reached(&graph, &["gen/x.h", "log/1.txt"]), [] as [&str; 0]);
        assert_eq!(reached(&graph, &["gen/y.h"]), ["all"]);
        assert_eq!(reached(&graph, &["a"]), ["gen", "use", "all"]);
    }

    #[test]
    fn what_has_turned_from_a_source_into_an_output_reaches_who_read_it() {
        let graph = graph(&tasks(vec![task("gen", &["a"], &["x.h"], &[]), task("all", &["*.h"], &[], &["gen"])]));
        let turned = [path("x.h")];
        let told = Told { addresses: vec![String::new(); 2], ..Told::default() };
        let found = reached_from(&graph, Changed { turned: &turned, ..Changed::default() }, &[], &told);
        assert_eq!(found.len(), 1);
        assert_eq!(graph.address(found[0]), "all");
    }

    #[test]
    fn files_beside_the_inputs_count_and_those_that_are_made_lead_to_their_maker() {
        let graph = graph(&tasks(vec![
            task("gen", &["a"], &["x.h"], &[]),
            task("one", &[], &[], &[]),
            task("two", &[], &[], &[]),
            task("any", &[], &[], &[]),
        ]));
        let beside = || Told { beside: vec![("one", Some("lib/tool")), ("two", Some("x.h")), ("any", None)], ..Told::default() };
        assert_eq!(told(&graph, &["lib/tool"], &[], beside()), ["one", "any"]);
        assert_eq!(told(&graph, &["lib"], &[], beside()), ["one", "any"], "a link on the way");
        assert_eq!(told(&graph, &["x.h"], &[], beside()), ["any"]);
        assert_eq!(told(&graph, &["a"], &[], beside()), ["gen", "two", "any"]);
        assert_eq!(told(&graph, &[], &["lib"], beside()), ["one", "any"]);
        assert_eq!(told(&graph, &[], &[], beside()), [] as [&str; 0]);
    }

    #[test]
    fn a_folder_that_cannot_be_looked_into_touches_all_that_may_match_in_it() {
        let graph = graph(&tasks(vec![
            task("deep", &["lib/inner/x.c"], &[], &[]),
            task("glob", &["lib/**/*.c"], &[], &[]),
            task("whole", &["lib"], &[], &[]),
            task("other", &["src/*.c", "library/x"], &[], &[]),
        ]));
        assert_eq!(told(&graph, &[], &["lib/inner"], Told::default()), ["deep", "glob", "whole"]);
    }

    #[test]
    fn what_is_left_out_takes_no_link_with_it() {
        let graph = graph(&tasks(vec![task("one", &["a/c", "!a/b"], &[], &[]), task("none", &["a/c", "!a"], &[], &[])]));
        assert_eq!(reached(&graph, &["a"]), ["one"]);
        assert_eq!(reached(&graph, &["a/b"]), [] as [&str; 0]);
    }

    #[test]
    fn a_hole_is_filled_or_means_any_file() {
        let mut hole = task("hole", &["x"], &[], &[]);
        hole.inputs[0].text = Text::from_parts([Part::Hole(Scope::Env, "DIR".into()), Part::Literal("/*.c".into())]);
        let graph = graph(&tasks(vec![hole]));
        let filled = || Told { holes: true, ..Told::default() };
        assert_eq!(told(&graph, &["src/a.c"], &[], filled()), ["hole"]);
        assert_eq!(told(&graph, &["lib/a.c"], &[], filled()), [] as [&str; 0]);
        assert_eq!(told(&graph, &["lib/a.c"], &[], Told::default()), ["hole"]);
    }
}

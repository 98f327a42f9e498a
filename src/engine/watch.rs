//! What of a project is worth watching, and what a change means for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use rustc_hash::FxHashSet;

use super::Engine;
use super::load::{Stamp, current};
use crate::base::{RelPath, TargetId, glob};
use crate::disk::{Changes, PassedOver, PatternSet, sources};
use crate::graph::TargetKind;
use crate::import::ninja::pattern;
use crate::rebuild::World;

/// Finds out which targets a change reaches, beside a build that writes files of its own.
pub struct Sentinel {
    /// What version control does not ignore: all that gates see.
    listed: FxHashSet<RelPath>,
    /// Knows what tasks put out; `None` where the checkout's memory cannot be read.
    world: Option<World>,
}

impl Engine {
    /// Returns what tells files and folders in which nothing stands that counts: those that version control ignores and no pattern of the
    /// manifest, or input of a task of the goal, leads into.
    pub fn passed_over(&self, goal: &dyn Fn(TargetId) -> bool) -> PassedOver {
        let root = self.tree.root().to_path_buf();
        let mut builder = GitignoreBuilder::new(&root);
        // A file that is not there, or a wrong line in it, ignores nothing.
        let _ = builder.add(root.join(".gitignore"));
        let _ = builder.add(root.join(".git/info/exclude"));
        let ignored = builder.build().unwrap_or_else(|_| Gitignore::empty());
        let wanted = self.wanted(goal);
        Arc::new(move |path: &RelPath| {
            let full = path.under(&root);
            let is_wanted = || wanted.iter().any(|set| set.leads_into(path));
            ignored.matched_path_or_any_parents(&full, full.is_dir()).is_ignore() && !is_wanted()
        })
    }

    /// Returns the files outside of the project that tasks of the goal are known to read, or a manifest is made from.
    pub fn outside(&self, goal: &dyn Fn(TargetId) -> bool) -> BTreeSet<RelPath> {
        let (graph, world) = (&self.graph, self.world(String::from("look"), false).ok());
        let remakes = self.remakes();
        let mut files: BTreeSet<RelPath> = remakes.iter().flat_map(|remake| self.made_from(remake)).collect();
        for id in graph.ids().filter(|id| goal(*id) && graph.kind(*id) == TargetKind::Task) {
            let Some(task) = graph.task(id).filter(|task| task.imported.is_some() || task.depfile.is_some()) else { continue };
            let named = task.inputs.iter().filter_map(|pattern| glob::plain(pattern.text.as_literal()?));
            files.extend(named.map(|name| RelPath::from_normal(name.as_bytes())));
            let record = world.as_ref().and_then(|world| world.checkout.lock().ok()?.task(graph.row(id).key));
            files.extend(record.into_iter().flat_map(|record| record.discovered));
        }
        files.retain(RelPath::is_outside);
        files
    }

    /// Returns the patterns that mean files: those with the same exclusions together.
    fn wanted(&self, goal: &dyn Fn(TargetId) -> bool) -> Vec<PatternSet> {
        let graph = &self.graph;
        let mut sets: BTreeMap<Vec<String>, FxHashSet<String>> = BTreeMap::new();
        let reads = |id: &TargetId| goal(*id) && matches!(graph.kind(*id), TargetKind::Task | TargetKind::Service);
        for detail in graph.ids().filter(reads).map(|id| graph.detail(id)) {
            let (mut excluded, mut included) = (Vec::new(), Vec::new());
            for pattern in detail.inputs() {
                match pattern.text.as_literal() {
                    Some(text) if pattern.negated => excluded.push(text.to_owned()),
                    Some(text) => included.push(text.to_owned()),
                    // What a hole will hold is not known here: it may be anything.
                    None if !pattern.negated => included.push(String::from("**")),
                    None => {}
                }
            }
            sets.entry(excluded).or_default().extend(included);
        }
        let trail = postcard::from_bytes::<Stamp>(&graph.header().trail).map(|stamp| stamp.trail).unwrap_or_default();
        for (patterns, _) in trail.globs {
            sets.entry(Vec::new()).or_default().extend(patterns.into_iter().filter(|pattern| !pattern.starts_with('!')));
        }
        let remakes = self.remakes();
        let sources = remakes.iter().flat_map(|remake| self.made_from(remake)).filter(|path| !path.is_outside());
        sets.entry(Vec::new()).or_default().extend(sources.map(|path| pattern(&path.to_string()).into_owned()));
        let whole = |excluded: &[String]| PatternSet::new(&[String::from("**")], excluded);
        let set = |(excluded, included): (Vec<String>, FxHashSet<String>)| {
            let included: Vec<String> = included.into_iter().collect();
            PatternSet::new(&included, &excluded).or_else(|_| whole(&[])).ok()
        };
        sets.into_iter().filter_map(set).collect()
    }

    /// Returns who finds out what changes mean from now on.
    pub fn sentinel(&self) -> Sentinel {
        Sentinel { listed: self.listed(), world: self.world(String::from("look"), false).ok() }
    }

    /// Whether the project has to be opened anew to know what rests on what, or what is passed over.
    pub fn is_outlived(&self, changes: &Changes) -> bool {
        let turns = |path: &RelPath| path.as_bytes().ends_with(b".kdl") || path.name() == b".gitignore";
        !changes.folders.is_empty() || changes.paths.iter().any(turns) || !current(&self.graph, &self.tree, &self.manifest)
    }

    fn listed(&self) -> FxHashSet<RelPath> {
        sources(&self.tree, &RelPath::root(), true).unwrap_or_default().into_iter().collect()
    }
}

impl Sentinel {
    /// Drops what tasks put out: that is no change, it is made anew where that is needed.
    pub fn sift(&self, changes: &mut Changes) {
        if let Some(world) = &self.world {
            changes.paths.retain(|path| !world.made().holds(path));
        }
    }

    /// Returns what of `goal` is reached by changes that were [sifted](Sentinel::sift).
    pub fn reached(&mut self, engine: &Engine, changes: &Changes, goal: &dyn Fn(TargetId) -> bool) -> Reach {
        let paths: Vec<RelPath> = changes.paths.iter().cloned().collect();
        let folders: Vec<RelPath> = changes.folders.iter().cloned().collect();
        let reached = |gates| engine.reached(&paths, &folders, gates).into_iter().any(goal);
        if changes.is_empty() {
            return Reach::Nothing;
        }
        if reached(false) {
            return Reach::Tasks;
        }
        // Who looks at each build for what it is made from finds it, whatever a pattern may be.
        let turned = |path: &RelPath| self.listed.contains(path) != engine.tree.stat(path).ok().flatten().is_some();
        if engine.remakes().iter().any(|remake| !remake.before.is_empty()) && paths.iter().any(turned) {
            let now = engine.listed();
            let differs = paths.iter().any(|path| path.is_outside() || now.contains(path) != self.listed.contains(path));
            self.listed = now;
            if differs {
                return Reach::Gates;
            }
        }
        if !reached(true) {
            return Reach::Nothing;
        }
        // A gate sees what is not ignored, now or before.
        let now = engine.listed();
        let seen = !folders.is_empty() || paths.iter().any(|path| now.contains(path) || self.listed.contains(path));
        self.listed = now;
        if seen { Reach::Gates } else { Reach::Nothing }
    }
}

/// What a change reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reach {
    /// Nothing that is built.
    Nothing,
    /// Gates alone, and what needs them.
    Gates,
    /// What tasks read.
    Tasks,
}

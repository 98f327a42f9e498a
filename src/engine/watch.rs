//! What of a project is worth watching, and what a change means for it.

use ignore::gitignore::GitignoreBuilder;
use rustc_hash::FxHashSet;

use super::Engine;
use crate::base::{RelPath, TargetId, glob};
use crate::disk::{Changes, sources};
use crate::graph::TargetKind;

/// Finds out which targets a change reaches, beside a build that writes files of its own.
pub struct Sentinel {
    /// What version control does not ignore: all that gates see.
    listed: FxHashSet<RelPath>,
}

impl Engine {
    /// Returns what tells folders in which nothing stands that counts: those that version control ignores and no input leads into.
    pub fn passed_over(&self) -> Box<dyn Fn(&RelPath) -> bool + Send> {
        let root = self.tree.root().to_path_buf();
        let mut builder = GitignoreBuilder::new(&root);
        // A file that is not there, or a wrong line in it, ignores nothing.
        let _ = builder.add(root.join(".gitignore"));
        let _ = builder.add(root.join(".git/info/exclude"));
        let ignored = builder.build().unwrap_or_else(|_| ignore::gitignore::Gitignore::empty());
        let wanted = self.input_folders();
        Box::new(move |path| {
            let full = path.under(&root);
            let wanted = || wanted.iter().any(|folder| folder.is_in(path) || path.is_in(folder));
            ignored.matched_path_or_any_parents(&full, full.is_dir()).is_ignore() && !wanted()
        })
    }

    /// Returns the folders that inputs lead into, and inputs that are named.
    fn input_folders(&self) -> FxHashSet<RelPath> {
        let graph = &self.graph;
        let tasks = graph.ids().filter(|id| graph.kind(*id) == TargetKind::Task).filter_map(|id| graph.task(id));
        let mut folders = FxHashSet::default();
        for task in tasks {
            for text in task.inputs.iter().filter(|pattern| !pattern.negated).filter_map(|pattern| pattern.text.as_literal()) {
                let fixed: Vec<&str> = text.split('/').take_while(|part| !glob::is_glob(part)).collect();
                folders.extend(RelPath::parse(fixed.join("/").as_bytes()).ok().filter(|folder| !folder.is_root()));
            }
        }
        folders
    }

    /// Returns who finds out what changes mean from now on.
    pub fn sentinel(&self) -> Sentinel {
        Sentinel { listed: self.listed() }
    }

    fn listed(&self) -> FxHashSet<RelPath> {
        sources(&self.tree, &RelPath::root(), true).unwrap_or_default().into_iter().collect()
    }
}

impl Sentinel {
    /// Returns what of `goal` a change reaches. What tasks put out is no change: it is made anew where that is needed.
    pub fn reached(&mut self, engine: &Engine, changes: &Changes, goal: &dyn Fn(TargetId) -> bool) -> Reach {
        let world = engine.world(String::from("look"), false).ok();
        let made = |path: &RelPath| world.as_ref().is_some_and(|world| world.made().matches(path));
        let paths: Vec<RelPath> = changes.paths.iter().filter(|path| !made(path)).cloned().collect();
        let folders: Vec<RelPath> = changes.folders.iter().cloned().collect();
        let reached = |gates| engine.reached(&paths, &folders, gates).into_iter().any(goal);
        if paths.is_empty() && folders.is_empty() {
            return Reach::Nothing;
        }
        if reached(false) {
            return Reach::Tasks;
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

//! Folders that nothing is left in when outputs go: a build from nothing would not make them.

use rustc_hash::FxHashSet;

use super::World;
use crate::base::glob::{self, Glob};
use crate::base::{RelPath, TargetId};
use crate::graph::{Detail, TargetKind};
use crate::model::{Part, Pattern, Text};

/// Removes folders from which this run has taken something, and those above them, that are empty now. One stays in which a task that is not
/// `skipped` puts something out, that is an output itself, or that a task or service names as an input or runs in. What cannot be removed stays.
pub fn clear_emptied(world: &World, skipped: &dyn Fn(TargetId) -> bool) {
    let mut emptied: Vec<RelPath> = std::mem::take(&mut *world.emptied.lock().expect("no holder panics")).into_iter().collect();
    emptied.retain(|folder| world.tree.list(folder).is_ok_and(|names| names.is_empty()));
    if emptied.is_empty() {
        return;
    }
    let wanted = wanted(world, skipped);
    // The inner ones first.
    emptied.sort();
    for folder in emptied.into_iter().rev() {
        let mut above = std::iter::successors(Some(folder), RelPath::parent).take_while(|folder| !folder.is_root());
        while above
            .next()
            .is_some_and(|folder| !wanted.contains(&folder) && !world.made().holds(&folder) && world.tree.remove_folder(&folder).is_ok())
        {
        }
    }
}

/// Returns the folders that tasks need, and all above them.
fn wanted(world: &World, skipped: &dyn Fn(TargetId) -> bool) -> FxHashSet<RelPath> {
    let mut wanted = FxHashSet::default();
    let mut add = |path: Option<RelPath>| {
        let above = std::iter::successors(path, RelPath::parent);
        above.take_while(|folder| wanted.insert(folder.clone())).for_each(drop);
    };
    let named = |pattern: &Pattern| pattern.text.as_literal().and_then(glob::plain).and_then(|name| RelPath::parse(&*name).ok());
    let is_run = |id: &TargetId| matches!(world.graph.kind(*id), TargetKind::Task | TargetKind::Service) && !skipped(*id);
    for detail in world.graph.ids().filter(is_run).map(|id| world.graph.detail(id)) {
        detail.inputs().iter().for_each(|pattern| add(named(pattern)));
        match detail {
            Detail::Task(task, _) => {
                task.outputs.iter().for_each(|pattern| add(folder_of(pattern)));
                add(start(&task.dir).and_then(|dir| RelPath::parse(dir).ok()));
                add(task.depfile.as_ref().and_then(start).and_then(|path| RelPath::parse(path).ok()?.parent()));
            }
            Detail::Service(service) => add(Some(service.dir)),
            _ => {}
        }
    }
    wanted
}

/// Returns the folder that is made for what a pattern means.
fn folder_of(pattern: &Pattern) -> Option<RelPath> {
    match pattern.text.as_literal() {
        Some(text) => match glob::plain(text) {
            Some(name) => RelPath::parse(&*name).ok()?.parent(),
            None => Some(Glob::new(text).ok()?.base().clone()),
        },
        None => RelPath::parse(start(&pattern.text)?).ok()?.parent(),
    }
}

/// Returns what stands before the first hole.
fn start(text: &Text) -> Option<&str> {
    match text.parts().first() {
        Some(Part::Literal(start)) => Some(start),
        _ => None,
    }
}

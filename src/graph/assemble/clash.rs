//! Outputs that get in each other's way, and inputs that somebody makes without being needed.

use std::borrow::Cow;

use rustc_hash::{FxHashMap, FxHashSet};

use super::problem::Problem;
use crate::base::{RelPath, glob};
use crate::model::{Pattern, Project, Task, Text};

/// Folders, by path.
pub(super) type Folders<'a> = FxHashSet<Cow<'a, str>>;

/// Returns the path that a pattern names, if it names one.
fn literal(pattern: &Pattern) -> Option<Cow<'_, str>> {
    match glob::plain(pattern.text.as_literal().filter(|_| !pattern.negated)?)? {
        Cow::Borrowed(name) => RelPath::fold(name).ok(),
        Cow::Owned(name) => RelPath::fold(&name).ok().map(|path| Cow::Owned(path.into_owned())),
    }
}

fn depfile(task: &Task) -> Option<Cow<'_, str>> {
    RelPath::fold(task.depfile.as_ref().and_then(Text::as_literal)?).ok()
}

/// The folders that a path stands in, the nearest first, the root last.
fn above(path: &str) -> impl Iterator<Item = &str> {
    let slashes = path.rmatch_indices('/').map(|(at, _)| &path[..at]);
    slashes.chain((!path.is_empty()).then_some(&path[..0]))
}

/// Returns all folders that something stands in which a task names.
pub(super) fn folders(project: &Project) -> Folders<'_> {
    let mut folders = Folders::default();
    for task in &project.tasks {
        for path in task.outputs.iter().chain(&task.inputs).filter_map(literal).chain(depfile(task)) {
            // Those above a known one are known.
            match &path {
                Cow::Borrowed(path) => above(path).map(Cow::Borrowed).all(|folder| folders.insert(folder)),
                Cow::Owned(path) => above(path).map(|folder| Cow::Owned(folder.to_owned())).all(|folder| folders.insert(folder)),
            };
        }
    }
    folders
}

/// Finds all clashes. `reaches(b, a)`: whether task `b` needs task `a`, directly or not; both are positions in the project's list.
pub(super) fn clashes(project: &Project, folders: &Folders, reaches: &dyn Fn(usize, usize) -> bool, problems: &mut Vec<Problem>) {
    let mut made: FxHashMap<Cow<'_, str>, (usize, &Pattern)> = FxHashMap::default();
    made.reserve(project.tasks.len());
    for (index, task) in project.tasks.iter().enumerate() {
        for pattern in &task.outputs {
            let Some(path) = literal(pattern) else { continue };
            if let Some((other, earlier)) = made.get(&path).filter(|(other, _)| *other != index) {
                problems.push(Problem {
                    code: "graph/same_output",
                    message: format!("`{}` and `{}` both make `{}`", project.tasks[*other].address, task.address, shown(&path)),
                    place: Some(pattern.place.clone()),
                    help: Some(String::from("give one of them another output, or make one task of both")),
                    notes: vec![(String::from("also made here"), earlier.place.clone())],
                });
                continue;
            }
            made.insert(path, (index, pattern));
        }
    }
    // Of many outputs, few are folders.
    let holders: FxHashMap<&str, (usize, &Pattern)> =
        made.iter().filter(|(path, _)| folders.contains(*path)).map(|(path, output)| (&**path, *output)).collect();
    let around = |path: &'_ str, holds: &dyn Fn(usize) -> bool| {
        let mut above = above(path).filter(|_| !holders.is_empty());
        above
            .find_map(|folder| holders.get_key_value(folder).filter(|(_, (other, _))| holds(*other)).map(|(path, output)| (*path, *output)))
    };
    let mut inside = Vec::new();
    for (path, (index, pattern)) in &made {
        // A folder that an imported task makes stands for itself alone.
        let theirs = |other: usize| other != *index && project.tasks[other].imported.is_none();
        if let Some((folder, (other, outer))) = around(path, &theirs) {
            let problem = Problem {
                code: "graph/output_in_output",
                message: format!(
                    "`{}`, which `{}` makes, stands in `{}`, which `{}` makes as a whole",
                    shown(path),
                    project.tasks[*index].address,
                    shown(folder),
                    project.tasks[other].address
                ),
                place: Some(pattern.place.clone()),
                help: Some(String::from("let one task make the folder, or name its files one by one")),
                notes: vec![(String::from("the folder is made here"), outer.place.clone())],
            };
            inside.push((path, problem));
        }
    }
    let maker = |path: &str| made.get_key_value(path).map(|(path, output)| (&**path, *output));
    let mut depfiles: FxHashMap<Cow<'_, str>, usize> = FxHashMap::default();
    for (index, task) in project.tasks.iter().enumerate().filter(|(_, task)| task.imported.is_none()) {
        let Some(path) = depfile(task) else { continue };
        let writes = || maker(&path).or_else(|| around(&path, &|_| true));
        let other = depfiles.get(&path).copied().or_else(|| writes().map(|(_, (other, _))| other).filter(|other| *other != index));
        if let Some(other) = other {
            problems.push(Problem {
                code: "graph/same_output",
                message: format!(
                    "`{}`, the depfile of `{}`, is written by `{}`, too",
                    shown(&path),
                    task.address,
                    project.tasks[other].address
                ),
                place: Some(task.place.clone()),
                help: Some(String::from("give each task a depfile of its own, beside its outputs")),
                notes: vec![(String::from("the other one"), project.tasks[other].place.clone())],
            });
        }
        depfiles.insert(path, index);
    }
    inside.sort_by_key(|(path, _)| *path);
    problems.extend(inside.into_iter().map(|(_, problem)| problem));
    for (index, task) in project.tasks.iter().enumerate() {
        let named = task.inputs.iter().filter_map(|pattern| Some((literal(pattern)?, &pattern.place)));
        let present = task.imported.iter().flat_map(|imported| &imported.present).map(|path| (Cow::Borrowed(&**path), &task.place));
        for (path, place) in named.chain(present) {
            if let Some(writer) = depfiles.get(&path) {
                problems.push(Problem {
                    code: "graph/input_is_output",
                    message: format!(
                        "`{}` is an input of `{}` and the depfile of `{}`",
                        shown(&path),
                        task.address,
                        project.tasks[*writer].address
                    ),
                    place: Some(place.clone()),
                    help: Some(String::from("let the depfile be another file: it is written anew each time")),
                    notes: vec![(String::from("the depfile"), project.tasks[*writer].place.clone())],
                });
                continue;
            }
            let whole = |other: usize| project.tasks[other].imported.is_none() && task.imported.is_none();
            let Some((output, (maker, declared))) = maker(&path).or_else(|| around(&path, &whole)) else { continue };
            if maker == index {
                problems.push(Problem {
                    code: "graph/input_is_output",
                    message: format!("`{}` is an input and an output of `{}`", shown(&path), task.address),
                    place: Some(place.clone()),
                    help: Some(String::from("take it out of `inputs`, or let the task write another file")),
                    notes: vec![(String::from("the output"), declared.place.clone())],
                });
            } else if !reaches(index, maker) {
                let whom = if task.imported.is_some() { String::from("the import") } else { format!("`{}`", task.address) };
                problems.push(Problem {
                    code: "graph/undeclared_need",
                    message: format!(
                        "`{}` is an input of `{}`, and `{}` makes `{}`, but `{1}` does not need it",
                        shown(&path),
                        task.address,
                        project.tasks[maker].address,
                        shown(output)
                    ),
                    place: Some(place.clone()),
                    help: Some(format!("add `needs \"{}\"` to {whom}", project.tasks[maker].address)),
                    notes: vec![(String::from("made here"), declared.place.clone())],
                });
            }
        }
    }
    let maker_of = |path: &str| maker(path).or_else(|| around(path, &|_| true)).map(|(_, (maker, _))| maker);
    services(project, &maker_of, reaches, problems);
}

/// Says of files that services name among their inputs that tasks make them which they do not need.
fn services(project: &Project, maker: &dyn Fn(&str) -> Option<usize>, reaches: &dyn Fn(usize, usize) -> bool, problems: &mut Vec<Problem>) {
    for (index, service) in project.services.iter().enumerate() {
        for (path, pattern) in service.inputs.iter().filter_map(|pattern| Some((literal(pattern)?, pattern))) {
            let Some(maker) = maker(&path).filter(|maker| !reaches(project.tasks.len() + index, *maker)) else { continue };
            let (made_by, place) = (&project.tasks[maker].address, project.tasks[maker].place.clone());
            problems.push(Problem {
                code: "graph/undeclared_need",
                message: format!(
                    "`{}` is an input of `{}`, and `{made_by}` makes it, but `{}` does not need it",
                    shown(&path),
                    service.address,
                    service.address
                ),
                place: Some(pattern.place.clone()),
                help: Some(format!("add `needs \"{made_by}\"` to `{}`", service.address)),
                notes: vec![(String::from("made here"), place)],
            });
        }
    }
}

/// Returns a path as messages show it.
fn shown(path: &str) -> &str {
    if path.is_empty() { "." } else { path }
}

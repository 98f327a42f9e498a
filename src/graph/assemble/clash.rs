//! Outputs that get in each other's way, and inputs that somebody makes without being needed.

use rustc_hash::FxHashMap;

use super::problem::Problem;
use crate::base::{RelPath, glob};
use crate::model::{Pattern, Project, Text};

/// A literal pattern: its path, and whether it had a slash at its end.
fn literal(pattern: &Pattern) -> Option<(RelPath, bool)> {
    let name = glob::plain(pattern.text.as_literal().filter(|_| !pattern.negated)?)?;
    Some((RelPath::parse(&*name).ok()?, name.ends_with('/')))
}

/// The folders that a path stands in, the nearest first, the root last.
fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let slashes = path.iter().enumerate().rev().filter(|(_, byte)| **byte == b'/').map(|(at, _)| &path[..at]);
    slashes.chain((!path.is_empty()).then_some(&path[..0]))
}

/// Finds all clashes. `reaches(b, a)`: whether task `b` needs task `a`, directly or not; both are positions in the project's list.
pub(super) fn clashes(project: &Project, reaches: &dyn Fn(usize, usize) -> bool, problems: &mut Vec<Problem>) {
    let mut made: FxHashMap<RelPath, (usize, &Pattern, bool)> = FxHashMap::default();
    for (index, task) in project.tasks.iter().enumerate() {
        for pattern in &task.outputs {
            let Some((path, folder)) = literal(pattern) else { continue };
            if let Some((other, earlier, _)) = made.get(&path).filter(|(other, ..)| *other != index) {
                problems.push(Problem {
                    code: "graph/same_output",
                    message: format!("`{}` and `{}` both make `{path}`", project.tasks[*other].address, task.address),
                    place: Some(pattern.place.clone()),
                    help: Some(String::from("give one of them another output, or make one task of both")),
                    notes: vec![(String::from("also made here"), earlier.place.clone())],
                });
                continue;
            }
            made.insert(path, (index, pattern, folder));
        }
    }
    let mut inside = Vec::new();
    for (path, (index, pattern, _)) in &made {
        // A folder that an imported task makes stands for itself alone.
        let whole = |other: &usize| project.tasks[*other].imported.is_none();
        let theirs = |folder| made.get_key_value(folder).filter(|(_, (other, ..))| other != index && whole(other));
        if let Some((folder, (other, outer, _))) = above(path.as_bytes()).find_map(theirs) {
            let problem = Problem {
                code: "graph/output_in_output",
                message: format!(
                    "`{path}`, which `{}` makes, stands in `{folder}`, which `{}` makes as a whole",
                    project.tasks[*index].address, project.tasks[*other].address
                ),
                place: Some(pattern.place.clone()),
                help: Some(String::from("let one task make the folder, or name its files one by one")),
                notes: vec![(String::from("the folder is made here"), outer.place.clone())],
            };
            inside.push((path, problem));
        }
    }
    let mut depfiles: FxHashMap<RelPath, usize> = FxHashMap::default();
    for (index, task) in project.tasks.iter().enumerate().filter(|(_, task)| task.imported.is_none()) {
        let Some(path) = task.depfile.as_ref().and_then(Text::as_literal).and_then(|text| RelPath::parse(text).ok()) else { continue };
        let writes = || made.get_key_value(&path).or_else(|| above(path.as_bytes()).find_map(|folder| made.get_key_value(folder)));
        let other = depfiles.get(&path).copied().or_else(|| writes().map(|(_, (other, ..))| *other).filter(|other| *other != index));
        if let Some(other) = other {
            problems.push(Problem {
                code: "graph/same_output",
                message: format!("`{path}`, the depfile of `{}`, is written by `{}`, too", task.address, project.tasks[other].address),
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
        for pattern in &task.inputs {
            let Some((path, _)) = literal(pattern) else { continue };
            if let Some(writer) = depfiles.get(&path) {
                problems.push(Problem {
                    code: "graph/input_is_output",
                    message: format!("`{path}` is an input of `{}` and the depfile of `{}`", task.address, project.tasks[*writer].address),
                    place: Some(pattern.place.clone()),
                    help: Some(String::from("let the depfile be another file: it is written anew each time")),
                    notes: vec![(String::from("the depfile"), project.tasks[*writer].place.clone())],
                });
                continue;
            }
            let whole = |other: &usize| project.tasks[*other].imported.is_none() && task.imported.is_none();
            let around = |folder| made.get_key_value(folder).filter(|(_, (other, ..))| whole(other));
            let maker = made.get_key_value(&path).or_else(|| above(path.as_bytes()).find_map(around));
            let Some((output, (maker, declared, _))) = maker else { continue };
            if *maker == index {
                problems.push(Problem {
                    code: "graph/input_is_output",
                    message: format!("`{path}` is an input and an output of `{}`", task.address),
                    place: Some(pattern.place.clone()),
                    help: Some(String::from("take it out of `inputs`, or let the task write another file")),
                    notes: vec![(String::from("the output"), declared.place.clone())],
                });
            } else if !reaches(index, *maker) {
                problems.push(Problem {
                    code: "graph/undeclared_need",
                    message: format!(
                        "`{path}` is an input of `{}`, and `{}` makes `{output}`, but `{0}` does not need it",
                        task.address, project.tasks[*maker].address
                    ),
                    place: Some(pattern.place.clone()),
                    help: Some(format!("add `needs \"{}\"` to `{}`", project.tasks[*maker].address, task.address)),
                    notes: vec![(String::from("made here"), declared.place.clone())],
                });
            }
        }
    }
}

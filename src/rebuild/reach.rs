//! What a task may touch, where it runs in a box.

use std::collections::BTreeSet;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustc_hash::FxHashMap;

use super::{Own, Prepared, World};
use crate::action::Content;
use crate::base::glob::{Glob, plain};
use crate::base::{RelPath, TargetId};
use crate::disk::PatternSet;
use crate::graph::{Edge, EdgeKind, TargetKind, flag};
use crate::sandbox::Reach;

/// Returns what a task may touch, and what of that it finds as it is and may change. For after its way was cleared.
///
/// # Errors
/// A sentence, when a pattern is wrong.
pub fn reach(world: &World, prepared: &Prepared) -> Result<(Reach, PatternSet), String> {
    let (task, action) = (&prepared.task, &prepared.action);
    let (allowed, not) = &prepared.undeclared;
    let there = |content: &Content| !matches!(content, Content::Missing | Content::Folder(_));
    let mut files: Vec<RelPath> = action.files().filter(|(_, content)| there(content)).map(|(path, _)| path.clone()).collect();
    let kept = if task.incremental { [&prepared.outputs[..], allowed].concat() } else { allowed.clone() };
    let keeps = PatternSet::new(&kept, &[&prepared.excluded[..], not].concat())?;
    gathered(world, prepared.target, &mut files);
    for file in prepared.lines.iter().map(|line| &line.program).chain(&prepared.listed) {
        files.extend(program(world, file));
    }
    files.extend(action.response.as_ref().map(|(path, _)| RelPath::from_normal(path.as_bytes())));
    let outside = files.extract_if(.., |path| path.is_outside()).map(|path| path.as_path().to_path_buf()).collect();
    behind_links(world, &mut files);

    let mut writes = prepared.outputs.clone();
    writes.extend(action.depfile.clone());
    writes.extend(allowed.iter().cloned());
    let excluded = [&prepared.excluded[..], not].concat();
    let mut reach = Reach {
        writes: PatternSet::new(&writes, &excluded)?,
        network: task.confined.network.unwrap_or(!task.uses.is_empty()),
        stand: vec![prepared.dir.clone()],
        outside,
        ..Reach::default()
    };
    let is_folder =
        |(path, content): (&RelPath, &Content)| (matches!(content, Content::Folder(_)) && !path.is_outside()).then(|| path.clone());
    reach.stand.extend(action.files().filter_map(is_folder));
    reach.stand.extend(action.needs.iter().flat_map(|needed| needed.folders.iter().cloned()));
    for text in &writes {
        match (plain(text), text.strip_suffix('/').and_then(plain)) {
            (_, Some(folder)) => reach.folders.extend(RelPath::parse(&*folder)),
            (Some(file), _) => reach.stand.extend(RelPath::parse(&*file).ok().and_then(|path| path.parent())),
            _ => reach.stand.extend(Glob::new(text).ok().map(|glob| glob.base().clone())),
        }
    }
    let there = |folder: &RelPath| world.tree.stat(folder).ok().flatten().is_some_and(|there| there.is_dir());
    reach.folders.retain(there);
    reach.folders.sort();
    reach.folders.dedup_by(|inner, outer| inner.is_in(outer));
    files.retain(|path| !reach.folders.iter().any(|folder| path.is_in(folder)));
    reach.files = files;
    Ok((reach, keeps))
}

/// Adds, of files that are named through a link to a folder, where they stand: the link alone leads nowhere.
fn behind_links(world: &World, files: &mut Vec<RelPath>) {
    let mut real: FxHashMap<RelPath, Option<RelPath>> = FxHashMap::default();
    let mut further = Vec::new();
    for path in files.iter() {
        let Some(folder) = path.parent() else { continue };
        let stands = real.entry(folder).or_insert_with_key(|folder| world.tree.real(folder).filter(|stands| stands != folder));
        further.extend(stands.as_ref().map(|stands| stands.join(path.name())));
    }
    files.extend(further);
}

/// Adds what tasks have put out that a needed target gathers.
fn gathered(world: &World, target: TargetId, files: &mut Vec<RelPath>) {
    let needed = |edge: &&Edge| matches!(edge.kind(), EdgeKind::Need | EdgeKind::OptionalNeed | EdgeKind::Part);
    let gathers = |id: TargetId| world.graph.has(id, flag::EMPTY) || !matches!(world.graph.kind(id), TargetKind::Task);
    let mut open: Vec<TargetId> = world.graph.edges(target).iter().filter(needed).map(|edge| edge.to).filter(|id| gathers(*id)).collect();
    let mut seen = BTreeSet::new();
    while let Some(id) = open.pop() {
        if !seen.insert(id) {
            continue;
        }
        if gathers(id) {
            open.extend(world.graph.edges(id).iter().filter(needed).map(|edge| edge.to));
        } else {
            let own = Own::of(world, id);
            let there = |path: &&RelPath| world.tree.stat(path).ok().flatten().is_some_and(|there| !there.is_dir());
            files.extend(own.paths().filter(there).cloned());
        }
    }
}

/// Returns the file of a program that stands in the project, and the links on the way to it.
fn program(world: &World, program: &Path) -> Vec<RelPath> {
    let Ok(below) = program.strip_prefix(world.tree.root()) else { return Vec::new() };
    let Ok(path) = RelPath::parse(below.as_os_str().as_bytes()) else { return Vec::new() };
    let target = world.tree.read_link(&path).ok();
    let further = target.and_then(|target| world.tree.follow(&path, &target).ok()).unwrap_or_default();
    let whole = world.tree.real(&path);
    std::iter::once(path).chain(further).chain(whole).collect()
}

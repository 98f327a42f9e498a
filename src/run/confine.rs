//! What a task may touch, where it runs in a box.

use std::collections::{BTreeSet, HashSet};
use std::os::unix::ffi::OsStrExt;

use rustc_hash::FxHashMap;

use super::bench::Bench;
use super::ran::Verdict;
use super::request::How;
use crate::action::Content;
use crate::base::{RelPath, TargetId, glob::Glob, glob::plain};
use crate::disk::{PatternSet, sources};
use crate::executor::{Confine, STRAYED};
use crate::graph::{Edge, EdgeKind, TargetKind, flag};
use crate::model::Sandbox;
use crate::rebuild::{Own, Prepared, World};
use crate::sandbox::Reach;

/// How many files are named that a command has not seen.
const NAMED: usize = 5;

impl Bench<'_> {
    /// Returns the box that a task runs in; `None` for no box. `scratch`: its commands name the run's scratch folder.
    ///
    /// # Errors
    /// With what comes of the task and why, when there is no such box.
    pub(super) fn confine(&self, prepared: &Prepared, how: &How, scratch: bool) -> Result<Option<Confine>, (Verdict, String)> {
        let world = self.world;
        let strict = prepared.task.confined.sandbox.map_or(world.boxed.strict, |sandbox| sandbox == Sandbox::Strict);
        if !strict {
            return Ok(None);
        }
        let boxer = world.bubblewrap.program().map_err(|why| (Verdict::Refused, format!("it runs in a box only: {why}")))?;
        let (mut reach, keeps) = reach(world, prepared).map_err(|text| (Verdict::Failed, text))?;
        if scratch {
            reach.folders.push(world.scratch());
        }
        if let Some(log) = how.remedy.as_ref().and_then(|failed| failed.log.as_ref()) {
            reach.files.push(RelPath::from_normal(log.as_bytes()));
        }
        reach.folders.sort();
        reach.files.sort();
        reach.files.dedup();
        Ok(Some(Confine { boxer: boxer.to_path_buf(), reach, keeps }))
    }

    /// Returns what is said of files that are there, that a command's output names, and that it could not see.
    pub(super) fn unseen(&self, prepared: &Prepared, reach: &Reach, output: &[u8]) -> Option<String> {
        let tree = &self.world.tree;
        let text = String::from_utf8_lossy(output);
        let root = format!("{}/", tree.root().display());
        let words =
            text.split(|c: char| c.is_whitespace() || "'\"`:;,()[]<>=".contains(c)).map(|word| word.strip_prefix(&root).unwrap_or(word));
        // Tools name a file from where they stand, or from where they looked.
        let places: Vec<RelPath> = words.filter_map(|word| RelPath::parse_in(&prepared.dir, word.as_bytes()).ok()).collect();
        let names: HashSet<&[u8]> = places.iter().map(RelPath::name).filter(|name| !name.is_empty()).collect();
        let hidden = |path: &RelPath| {
            let seen = reach.files.binary_search(path).is_ok() || reach.folders.iter().any(|folder| path.is_in(folder));
            !seen && !reach.writes.matches(path)
        };
        let meant = |path: &RelPath| {
            let from = |place: &RelPath| {
                path == place || path.as_bytes().strip_suffix(place.as_bytes()).is_some_and(|above| above.ends_with(b"/"))
            };
            names.contains(path.name()) && places.iter().any(from)
        };
        let files = sources(tree, &RelPath::root(), true).ok()?;
        let named: Vec<String> =
            files.iter().filter(|path| meant(path) && hidden(path)).take(NAMED).map(|path| format!("`{path}`")).collect();
        (!named.is_empty()).then(|| {
            format!(
                "it runs in a box and does not see {}, which its output names: if it reads that, add it to its inputs",
                named.join(", ")
            )
        })
    }
}

/// Returns why a task fails that wrote what it may not.
pub(super) fn lost(strayed: &[RelPath]) -> String {
    let names: Vec<String> = strayed.iter().map(|path| format!("`{path}`")).collect();
    let more = if strayed.len() == STRAYED { ", perhaps more" } else { "" };
    format!("in its box it wrote {}{more}, which it does not declare: add it to `outputs` or `allow_undeclared`", names.join(", "))
}

/// Returns what a task may touch, and what of that it finds as it is and may change.
fn reach(world: &World, prepared: &Prepared) -> Result<(Reach, PatternSet), String> {
    let (task, action) = (&prepared.task, &prepared.action);
    let (allowed, not) = &prepared.undeclared;
    let mut files: Vec<RelPath> =
        action.files().filter(|(_, content)| !matches!(content, Content::Missing)).map(|(path, _)| path.clone()).collect();
    let kept = if task.incremental { [&prepared.outputs[..], allowed].concat() } else { allowed.clone() };
    let keeps = PatternSet::new(&kept, &[&prepared.excluded[..], not].concat())?;
    gathered(world, prepared.target, &mut files);
    for line in &prepared.lines {
        files.extend(program(world, &line.program));
    }
    files.extend(action.response.as_ref().map(|(path, _)| RelPath::from_normal(path.as_bytes())));
    files.retain(|path| !path.is_outside());
    behind_links(world, &mut files);

    let mut writes = prepared.outputs.clone();
    writes.extend(action.depfile.clone());
    writes.extend(allowed.iter().cloned());
    let excluded = [&prepared.excluded[..], not].concat();
    let mut reach = Reach {
        writes: PatternSet::new(&writes, &excluded)?,
        network: task.confined.network.unwrap_or(!task.uses.is_empty()),
        stand: vec![prepared.dir.clone()],
        ..Reach::default()
    };
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
    let Ok(root) = std::fs::canonicalize(world.tree.root()) else { return };
    let mut real: FxHashMap<RelPath, Option<RelPath>> = FxHashMap::default();
    let mut further = Vec::new();
    for path in files.iter() {
        let Some(folder) = path.parent() else { continue };
        let stands = real.entry(folder.clone()).or_insert_with(|| {
            let whole = std::fs::canonicalize(folder.under(&root)).ok()?;
            let below = RelPath::parse(whole.strip_prefix(&root).ok()?.as_os_str().as_bytes()).ok()?;
            (below != folder).then_some(below)
        });
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
            let own = Own::of(world, world.graph.row(id).key);
            let there = |path: &&RelPath| world.tree.stat(path).ok().flatten().is_some_and(|there| !there.is_dir());
            files.extend(own.paths().filter(there).cloned());
        }
    }
}

/// Returns the file of a program that stands in the project, and the links on the way to it.
fn program(world: &World, program: &std::path::Path) -> Vec<RelPath> {
    let Ok(below) = program.strip_prefix(world.tree.root()) else { return Vec::new() };
    let Ok(path) = RelPath::parse(below.as_os_str().as_bytes()) else { return Vec::new() };
    let root = std::fs::canonicalize(world.tree.root()).unwrap_or_default();
    let whole =
        std::fs::canonicalize(program).ok().and_then(|whole| RelPath::parse(whole.strip_prefix(root).ok()?.as_os_str().as_bytes()).ok());
    let target = world.tree.read_link(&path).ok();
    let further = target.and_then(|target| world.tree.follow(&path, &target).ok()).unwrap_or_default();
    std::iter::once(path).chain(further).chain(whole).collect()
}

//! Before and after the commands of a task: a place for its outputs, what became of them, and what is remembered.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustc_hash::FxHashSet;

use super::bench::Bench;
use super::ran::{Ran, Verdict};
use crate::action::{ActionResult, Output, OutputKind};
use crate::base::glob::{self, Glob};
use crate::base::{Digest, RelPath};
use crate::disk::{Names, PatternSet, Signature};
use crate::executor::Attempt;
use crate::graph::flag;
use crate::rebuild::{self, Links, Own, Prepared, Stamps, World, Yield};
use crate::record::Status;

/// An attempt that has passed.
pub(super) struct Success<'a> {
    pub attempt: &'a Attempt,
    /// Of all attempts.
    pub duration: Duration,
    /// What its inputs had before.
    pub stamps: &'a Stamps,
    /// Whether it was run for a failure, of which it was told.
    pub remedy: bool,
}

impl Bench<'_> {
    /// Remembers which outputs a task is about to make, and makes the folders that they stand in.
    pub(super) fn make_way(&self, prepared: &Prepared) -> io::Result<()> {
        let world = self.world;
        let names: Vec<_> = prepared.outputs.iter().filter_map(|text| glob::plain(text)).collect();
        let intends: Vec<RelPath> = names.iter().filter_map(|name| RelPath::parse(&**name).ok()).collect();
        if !intends.is_empty() || world.graph.has(prepared.target, flag::OPEN_OUTPUTS) {
            // A journal that cannot be written costs a later run a moved file at worst.
            let key = world.graph.row(prepared.target).key;
            let _ = world.checkout.lock().expect("no holder panics").intend(
                key,
                world.manifest,
                intends.iter().map(|path| (path.clone(), None)).collect(),
            );
        }
        let make = |folder: &RelPath| {
            let told = |error: io::Error| io::Error::new(error.kind(), format!("cannot make the folder `{folder}`: {error}"));
            world.tree.make_folder(folder).map_err(told)
        };
        for path in &intends {
            let whole = names.iter().any(|name| name.strip_suffix('/').is_some_and(|name| name.as_bytes() == path.as_bytes()));
            let folder = if whole { Some(path.clone()) } else { path.parent() };
            if let Some(folder) = folder {
                make(&folder)?;
            }
        }
        let patterns = prepared.outputs.iter().filter(|text| glob::plain(text).is_none());
        for base in patterns.filter_map(|text| Glob::new(text).ok()).map(|glob| glob.base().clone()) {
            make(&base)?;
        }
        Ok(())
    }

    /// Takes away what an earlier run or attempt has left of what the commands are to write: the depfile always, before a further attempt
    /// also the outputs of the one that failed. `depfile`: whether the one that was there before the first was the task's own.
    pub(super) fn renew(&self, prepared: &Prepared, depfile: bool, first: bool) -> Result<(), (Verdict, String)> {
        let world = self.world;
        if !first && !prepared.task.incremental {
            let own = Own::of(world, prepared.target);
            rebuild::clear_outputs(world, &prepared.outputs, &prepared.excluded, &|_| false, &own)
                .map_err(|text| (Verdict::Failed, text))?;
            self.make_way(prepared).map_err(|error| (Verdict::Broken, error.to_string()))?;
        }
        let Some(path) = prepared.action.depfile.as_ref().and_then(|depfile| RelPath::parse(depfile).ok()) else { return Ok(()) };
        if world.tree.stat(&path).ok().flatten().is_none_or(|stamp| stamp.is_dir()) {
            return Ok(());
        }
        if prepared.task.imported.is_none() && (world.tracked)(&path, &|_| false) {
            return Err((Verdict::Failed, format!("the depfile `{path}` is tracked by git; orket does not replace what git tracks")));
        }
        let broken = |error| (Verdict::Broken, format!("cannot remove the depfile `{path}`: {error}"));
        match !first || depfile {
            true => world.tree.remove(&path).map_err(broken),
            false => rebuild::take_away(world, &path).map(drop).map_err(broken),
        }
    }

    /// Returns what stands in the place of the outputs of an imported task before its commands start.
    pub(super) fn stood(&self, prepared: &Prepared) -> Vec<(RelPath, Option<Signature>)> {
        let outputs = prepared.outputs.iter().filter(|_| prepared.task.imported.is_some());
        let paths = outputs.filter_map(|text| RelPath::parse(&*glob::plain(text)?).ok());
        paths.map(|path| (path.clone(), self.world.tree.stat(&path).ok().flatten())).collect()
    }

    /// Removes what an imported task has begun to write when it was interrupted, as ninja does: another tool may take it for whole. `stood`:
    /// what stood there before.
    pub(super) fn take_back(&self, prepared: &Prepared, stood: &[(RelPath, Option<Signature>)]) {
        let world = self.world;
        let depfile = prepared.action.depfile.as_ref().and_then(|depfile| RelPath::parse(depfile).ok());
        for (path, before) in stood {
            let now = world.tree.stat(path).ok().flatten().filter(|now| !now.is_dir());
            // What a depfile belongs to may be older than what it names.
            if now.is_some() && (now != *before || depfile.is_some()) {
                world.files.forget(path);
                // What cannot be removed is made anew the next time.
                let _ = world.tree.remove(path);
            }
        }
        if let Some(path) = depfile.filter(|_| prepared.task.imported.is_some()) {
            let _ = world.tree.remove(&path);
        }
    }

    /// Whether what stands in the place of its depfile is what the task has written there. After a success that names what was noted then.
    pub(super) fn has_left_depfile(&self, prepared: &Prepared) -> bool {
        let world = self.world;
        let Some(path) = prepared.action.depfile.as_ref().and_then(|depfile| RelPath::parse(depfile).ok()) else { return false };
        let record = world.checkout.lock().expect("no holder panics").task(world.graph.row(prepared.target).key);
        let Some(record) = record else { return false };
        if let Some((_, Some(left))) = record.own.iter().find(|(left, _)| *left == path) {
            let same = world.tree.stat(&path).ok().flatten() == Some(*left);
            if same || record.status != Status::Succeeded {
                return same;
            }
        }
        let Ok(text) = world.tree.read(&path) else { return false };
        let Ok(names) = rebuild::parse_depfile(&text) else { return false };
        if record.status != Status::Succeeded {
            return true;
        }
        let mut found = Vec::new();
        let mut places = Names::new(&world.tree, &prepared.dir);
        for name in &names {
            // A name with a NUL byte means no file.
            let _ = places.look_up(name, &mut found);
        }
        let made = ActionResult::decode(&record.result).unwrap_or_default().outputs;
        found.retain(|path| made.binary_search_by(|output| output.path.cmp(path)).is_err());
        found.sort();
        found.dedup();
        found == record.discovered
    }

    /// Remembers that a task has failed or was cancelled, and which files it left behind: what was so when it last succeeded is not so any
    /// more, also where it puts nothing out. `found`: files in the place of its outputs that were there before.
    pub(super) fn note_unfinished(&self, prepared: &Prepared, failed: bool, found: &[RelPath]) {
        let world = self.world;
        let key = world.graph.row(prepared.target).key;
        let made = rebuild::foreign(world, &prepared.outputs, &prepared.excluded, &Own::default());
        let mut checkout = world.checkout.lock().expect("no holder panics");
        // A memory that cannot be written costs a later run some work, or a file that is moved aside.
        let _ = match made {
            Ok(made) => {
                let stamp = |path: &RelPath| world.tree.stat(path).ok().flatten();
                let made = made.into_iter().filter(|path| found.binary_search(path).is_err());
                let depfile = prepared.action.depfile.as_ref().and_then(|depfile| RelPath::parse(depfile).ok());
                let made: Vec<_> =
                    made.chain(depfile.filter(|path| stamp(path).is_some())).map(|path| (path.clone(), stamp(&path))).collect();
                match failed {
                    true => checkout.ended(key, Status::Failed(prepared.key), made),
                    false => checkout.intend(key, world.manifest, made),
                }
            }
            Err(_) => {
                checkout.forget(key);
                Ok(())
            }
        };
    }

    /// Captures the outputs of a success. What changed under the task while it ran is used and not stored.
    pub(super) fn keep(
        &self,
        prepared: &mut Prepared,
        links: &Links,
        success: &Success,
        store: bool,
        ran: &mut Ran,
    ) -> Result<(Yield, bool), String> {
        let (world, notices) = (self.world, &mut ran.notices);
        let Success { attempt, duration, stamps, remedy } = success;
        let mut moved = stamps.touched(world, prepared);
        let store = store && !remedy && moved.is_empty() && !rebuild::writes_beside(prepared);
        let imported = prepared.task.imported.as_deref();
        let (outputs, whole, trouble) = match imported {
            Some(_) => rebuild::capture_loosely(world, prepared, store).map(|loose| (loose.outputs, loose.whole, loose.trouble)),
            None => {
                rebuild::capture(world, &prepared.outputs, &prepared.excluded, store).map(|(outputs, trouble)| (outputs, true, trouble))
            }
        }
        .map_err(|error| error.to_string())?;
        if imported.is_none() {
            notices.extend(unfilled(&prepared.outputs, &outputs));
        }
        let store = store && whole;
        let mut discovered = Vec::new();
        if let Some(depfile) = &prepared.action.depfile {
            let path = RelPath::parse(depfile).map_err(|error| format!("the depfile `{depfile}`: {error}"))?;
            let text = match world.tree.read(&path) {
                Err(error) if imported.is_some() && error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                read => read.map_err(|error| format!("the depfile `{path}` was not made: {error}"))?,
            };
            let made = |path: &RelPath| outputs.binary_search_by(|output| output.path.cmp(path)).is_ok();
            let mut names = Names::new(&world.tree, &prepared.dir);
            // A name with a NUL byte means no file.
            for name in rebuild::parse_depfile(&text).map_err(|error| format!("the depfile `{path}` is wrong: {error}"))? {
                let _ = names.look_up(&name, &mut discovered);
            }
            discovered.retain(|path| !made(path));
            discovered.sort();
            discovered.dedup();
            if let Some(text) = discovered.iter().find_map(|path| not_needed(world, prepared, path)) {
                return Err(text);
            }
            // Of a file that nobody knew to be read there is no stamp from before. What a task makes was made before.
            let known = |path: &RelPath| {
                prepared.discovered.binary_search(path).is_ok() || prepared.action.has_file(path) || world.made().maker(path).is_some()
                    // What it has put out itself has changed the stamp of its folder.
                    || outputs.iter().any(|output| output.path.parent().as_ref() == Some(path))
            };
            moved.extend(discovered.iter().filter(|path| !known(path) && stamps.may_have_changed(world, path)).cloned());
            if imported.is_some_and(|imported| imported.depfile_spent) {
                world.tree.remove(&path).map_err(|error| format!("cannot remove the depfile `{path}`: {error}"))?;
            }
        }
        if let Some((path, _)) = &prepared.action.response {
            // One that stays is in nobody's way.
            let _ = world.tree.remove(&RelPath::from_normal(path.as_bytes()));
        }
        if !moved.is_empty() {
            let names: Vec<String> = moved.iter().map(|path| format!("`{path}`")).collect();
            notices.push(format!("{} changed while it ran; its result is not stored", names.join(", ")));
        }
        let mut store = store && moved.is_empty();
        let mut log: Option<Digest> = None;
        if store && attempt.log.size() > 0 {
            // A result whose log is not whole would be replayed so everywhere.
            match attempt
                .log
                .whole()
                .map_err(|error| error.to_string())
                .and_then(|bytes| world.blobs.put_bytes(&bytes).map_err(|error| error.to_string()))
            {
                Ok(stored) => log = Some(stored),
                Err(error) => {
                    store = false;
                    if trouble.is_none() {
                        notices.extend(self.unstored(&error));
                    }
                }
            }
            ran.stored = log;
        }
        if let Some(error) = &trouble {
            notices.extend(self.unstored(&error.to_string()));
        }
        let is = |bit: u32| world.graph.has(prepared.target, bit);
        // What a decision will ask for has to be known as long as the rest is.
        let unheard = log.is_none() && attempt.log.size() > 0 && is(flag::HEARD) && !is(flag::ALWAYS);
        let result = ActionResult { outputs, log, duration_ms: duration.as_millis() as u64, discovered };
        if !moved.is_empty() || unheard || *remedy {
            // Not remembered either: the next run judges it anew.
            let left = result.outputs.iter().filter(|output| output.kind != OutputKind::Folder).map(|output| &output.path);
            let mut left: Vec<_> = left.map(|path| (path.clone(), world.tree.stat(path).ok().flatten())).collect();
            left.extend(rebuild::depfile_left(world, prepared));
            let (key, mut checkout) = (world.graph.row(prepared.target).key, world.checkout.lock().expect("no holder panics"));
            // As where a task has failed.
            let status = match (remedy, moved.is_empty()) {
                (true, _) => Status::Remedy,
                (false, true) => Status::Started,
                (false, false) => Status::Overtaken,
            };
            let _ = checkout.ended(key, status, left);
            drop(checkout);
            return Ok((rebuild::yielded(world, prepared, &result.outputs, true), false));
        }
        match rebuild::put_record(world, prepared, links, &result, store && trouble.is_none()) {
            Ok(kept) => Ok(kept),
            Err(error) => {
                notices.extend(self.unstored(&error.to_string()));
                rebuild::put_record(world, prepared, links, &result, false)
            }
        }
    }
}

impl Bench<'_> {
    /// Returns what is said of a result that cannot be stored, once in a run: what is wrong with a store is so for all.
    fn unstored(&self, error: &str) -> Option<String> {
        let first = !self.unstored.swap(true, Ordering::Relaxed);
        first.then(|| format!("its result is not stored, nor are further ones that meet this: {error}"))
    }
}

/// Says, of a file that a task has read, that another task makes it which it does not need: nobody knows whether it was there yet. Within
/// another tool's manifest that is let pass, as that tool does.
fn not_needed(world: &World, prepared: &Prepared, path: &RelPath) -> Option<String> {
    let (reader, imported) = (prepared.target, prepared.task.imported.is_some());
    let maker = world.made().maker(path).filter(|maker| *maker != reader)?;
    if imported && world.graph.task(maker).is_some_and(|maker| maker.imported.is_some()) {
        return None;
    }
    let (mut seen, mut next) = (FxHashSet::from_iter([reader]), vec![reader]);
    while let Some(target) = next.pop() {
        let needed = world.graph.edges(target).iter().filter(|edge| edge.kind().reaches()).map(|edge| edge.to);
        next.extend(needed.filter(|needed| seen.insert(*needed)));
        if seen.contains(&maker) {
            return None;
        }
    }
    let (maker, place) = (world.graph.address(maker), if imported { " to the import" } else { "" });
    Some(format!(
        "its depfile says that it has read `{path}`, which `{maker}` makes, and it does not need `{maker}`; add{place}: needs \"{maker}\""
    ))
}

/// Says of which declared outputs nothing has come: orket makes folders itself, and a pattern means whatever there is.
fn unfilled<'a>(declared: &'a [String], outputs: &'a [Output]) -> impl Iterator<Item = String> + 'a {
    let filled = |text: &String| match glob::plain(text) {
        Some(name) => {
            let folder = name.trim_end_matches('/').as_bytes();
            let inside = |path: &[u8]| path.len() > folder.len() && path.starts_with(folder) && path[folder.len()] == b'/';
            let is_folder = |output: &Output| output.kind == OutputKind::Folder && output.path.as_bytes() == folder;
            !outputs.iter().any(is_folder) || outputs.iter().any(|output| inside(output.path.as_bytes()))
        }
        None => PatternSet::new(std::slice::from_ref(text), &[]).map_or(true, |set| outputs.iter().any(|output| set.matches(&output.path))),
    };
    let empty = declared.iter().filter(move |text| !filled(text));
    empty.map(|text| format!("it made nothing that is meant by its output `{text}`"))
}

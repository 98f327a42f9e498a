//! Outputs where a build from nothing would leave none, in the way of whoever reads by pattern: those of tasks that are gone, that a task declares no
//! longer, and of tasks that are left out of a run.
//!
//! Of all of them, only what is known goes: a file that is, byte for byte, what its task had made, or as its unfinished run has left it.

use std::cell::OnceCell;
use std::io;

use rustc_hash::{FxHashMap, FxHashSet};

use super::World;
use super::clear::{discard, take_away};
use super::emptied::clear_emptied;
use super::in_place::stands;
use crate::action::{ActionResult, Content, Output, OutputKind};
use crate::base::{Digest, RelPath, TargetId, glob};
use crate::disk::Signature;
use crate::graph::{TargetKind, flag};
use crate::record::{Status, TaskRecord};

/// What became of outputs that nobody puts out any more.
#[derive(Default)]
pub struct Orphans {
    /// Removed, since nothing is lost with them.
    pub removed: Vec<RelPath>,
    /// Still there, since somebody has changed them: they are sources from now on.
    pub edited: Vec<RelPath>,
    /// Moved aside, from where and to where.
    pub displaced: Vec<(RelPath, RelPath)>,
}

/// Takes away what tasks of this manifest had put out that are declared no longer, or have no command any more. `otherwise`: whether outputs
/// are declared otherwise than at the last build; then also what tasks had put out and do not declare any more.
///
/// A file stays where a task that is declared puts one out or names it among its inputs, where version control tracks it, and behind a link to a
/// folder. What stays for another task is still known as nobody's, until that one has made it.
///
/// # Errors
/// When the disk refuses. What was taken away until then is gone or moved.
pub fn clear_orphans(world: &World, otherwise: bool) -> io::Result<Orphans> {
    let mut orphans = Orphans::default();
    for (record, strays, gone) in orphaned(world, otherwise) {
        strays.clear(world, false, &mut orphans.removed)?;
        orphans.edited.extend(strays.edited.iter().cloned());
        match gone {
            true => forget(world, record, strays.others),
            false => forget_part(world, record, &strays),
        }
    }
    clear_emptied(world, &|_| false);
    orphans.displaced = world.displaced();
    Ok(orphans)
}

/// Returns what [`clear_orphans`] would take away.
pub fn orphans(world: &World, otherwise: bool) -> FxHashSet<RelPath> {
    orphaned(world, otherwise).into_iter().flat_map(|(_, strays, _)| strays.files).map(|(path, _)| path).collect()
}

/// Takes away what a task had put out that a run leaves out: without it, as in a build from nothing, nothing is there. What others put out
/// there, what version control tracks, what stands behind a link, and what is not as the task had made it stays. Returns what was removed.
///
/// # Errors
/// As [`clear_orphans`].
pub fn clear_skipped(world: &World, target: TargetId) -> io::Result<Vec<RelPath>> {
    let mut removed = Vec::new();
    if let Some((record, strays)) = left_out(world, target) {
        strays.clear(world, true, &mut removed)?;
        forget(world, record, Vec::new());
    }
    Ok(removed)
}

/// Returns what [`clear_skipped`] would take away.
pub fn skipped(world: &World, target: TargetId) -> Vec<RelPath> {
    left_out(world, target).into_iter().flat_map(|(_, strays)| strays.files).map(|(path, _)| path).collect()
}

fn left_out(world: &World, target: TargetId) -> Option<(TaskRecord, Strays)> {
    let record = world.checkout.lock().expect("no holder panics").task(world.graph.row(target).key);
    let record = record.filter(|record| record.manifest == world.manifest && has_made(record))?;
    let others = |path: &RelPath| world.made().makers(path).any(|maker| maker != target);
    let strays = Strays::of(world, &record, false, &others, &|_| false);
    Some((record, strays))
}

/// Returns the records with outputs that are nobody's, these, and whether the task is gone.
fn orphaned(world: &World, otherwise: bool) -> Vec<(TaskRecord, Strays, bool)> {
    let graph = &world.graph;
    let gathers = |id: TargetId| match graph.kind(id) {
        TargetKind::Task => graph.has(id, flag::EMPTY),
        TargetKind::Rock | TargetKind::Epic | TargetKind::Entry | TargetKind::Service => true,
        _ => false,
    };
    let declared: FxHashMap<[u64; 2], TargetId> = graph.ids().filter(|id| !gathers(*id)).map(|id| (graph.row(id).key, id)).collect();
    // What an imported task puts out may stand in a file that is not there yet, and what a hole stands for is only known when a task runs.
    let known = |id: TargetId| {
        let task = graph.task(id).filter(|task| task.imported.is_none());
        task.is_some_and(|task| task.outputs.iter().all(|pattern| pattern.text.as_literal().is_some()))
    };
    let records: Vec<TaskRecord> = {
        let checkout = world.checkout.lock().expect("no holder panics");
        let wanted = |key: [u64; 2]| declared.get(&key).is_none_or(|id| otherwise && known(*id));
        checkout.records_where(wanted).filter(|record| record.manifest == world.manifest && has_made(record)).collect()
    };
    let named = OnceCell::new();
    // What another manifest is known to put out is its.
    let elsewhere = |path: &RelPath| {
        let outputs = world.put_out().get(path).into_iter().flatten();
        outputs.filter(|(manifest, _)| *manifest != world.manifest).any(|(_, output)| stands(world, output, true))
    };
    let kept = |path: &RelPath| named.get_or_init(|| named_inputs(world)).contains(path) || elsewhere(path);
    let found = records.into_iter().map(|record| {
        let gone = !declared.contains_key(&record.key);
        let strays = Strays::of(world, &record, gone, &|path| world.made().holds(path), &kept);
        (record, strays, gone)
    });
    found.filter(|(_, strays, gone)| *gone || !strays.is_empty()).collect()
}

fn has_made(record: &TaskRecord) -> bool {
    !(record.result.is_empty() || record.status == Status::LeftOut) || !record.own.is_empty()
}

/// As what a file stands there.
enum Stray {
    /// An output of a success.
    Output(Output),
    /// The depfile of one.
    Depfile,
    /// Of a run that did not get to its end, or was not relied on.
    Left,
}

/// What a task had put out and stands there still, as it had made it.
#[derive(Default)]
struct Strays {
    /// Nobody's.
    files: Vec<(RelPath, Stray)>,
    /// Nobody's, the inner ones first.
    folders: Vec<RelPath>,
    /// Nobody's, and not as the task had made them.
    edited: Vec<RelPath>,
    /// In the place of what others put out, where that was asked for.
    others: Vec<(RelPath, Option<Signature>)>,
}

impl Strays {
    /// `ask`: whether those are wanted in whose place somebody else puts something out, as `others` says; `kept`: whether a path stays for
    /// another reason.
    fn of(world: &World, record: &TaskRecord, ask: bool, others: &dyn Fn(&RelPath) -> bool, kept: &dyn Fn(&RelPath) -> bool) -> Strays {
        let result = Some(&record.result).filter(|_| record.status != Status::LeftOut);
        let outputs = result.and_then(|result| ActionResult::decode(result)).map(|result| result.outputs).unwrap_or_default();
        let mut strays = Strays::default();
        let as_left = |path: &RelPath, stamp: &Option<Signature>| {
            let now = world.tree.stat(path).ok().flatten();
            now.is_some_and(|now| !now.is_dir() && stamp.is_none_or(|stamp| stamp == now))
        };
        let is_there = |path: &RelPath| world.tree.stat(path).ok().flatten().is_some_and(|now| !now.is_dir());
        let stays = |path: &RelPath| {
            let behind_link = || path.parent().is_some_and(|folder| world.tree.link_on_the_way(&folder).is_some());
            kept(path) || (world.tracked)(path, &|_| false) || behind_link()
        };
        let left = || if record.status == Status::Succeeded { Stray::Depfile } else { Stray::Left };
        let finished = outputs.iter().filter(|output| output.kind != OutputKind::Folder).map(|output| (&output.path, Some(output), None));
        for (path, output, stamp) in finished.chain(record.own.iter().map(|(path, stamp)| (path, None, Some(stamp)))) {
            let others = others(path);
            if others && !ask {
                continue;
            }
            // As it is now: somebody may have changed it since it was looked at.
            let own = output.is_some_and(|output| holds(world, output)) || stamp.is_some_and(|stamp| as_left(path, stamp));
            match own {
                true if others => strays.others.push((path.clone(), world.tree.stat(path).ok().flatten())),
                true if !stays(path) => strays.files.push((path.clone(), output.map_or_else(left, |output| Stray::Output(output.clone())))),
                false if output.is_some() && !others && is_there(path) && !stays(path) => strays.edited.push(path.clone()),
                _ => {}
            }
        }
        strays.edited.retain(|path| !strays.files.iter().any(|(file, _)| file == path));
        let folders = outputs.iter().rev().filter(|output| output.kind == OutputKind::Folder && !others(&output.path));
        strays.folders = folders.map(|output| output.path.clone()).collect();
        strays
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    /// `lose`: whether what a task had finished is removed although the store does not hold it, as where the task runs again.
    fn clear(&self, world: &World, lose: bool, removed: &mut Vec<RelPath>) -> io::Result<()> {
        for (path, stray) in &self.files {
            // Two tasks may have made it one after the other.
            if world.tree.stat(path)?.is_none() {
                continue;
            }
            let gone = match stray {
                Stray::Output(output) if lose || is_plain(output) => {
                    if !holds(world, output) {
                        continue;
                    }
                    world.take(path).map(|()| true)?
                }
                Stray::Output(_) => discard(world, path)?,
                Stray::Depfile => world.take(path).map(|()| true)?,
                Stray::Left => take_away(world, path)?,
            };
            removed.extend(gone.then(|| path.clone()));
        }
        for folder in &self.folders {
            // One that still holds something stays.
            if world.tree.remove_folder(folder).is_ok() {
                world.note_emptied(folder);
            }
        }
        Ok(())
    }
}

/// Whether a file holds what a task had put out, or a link leads to it; whoever made it executable has lost nothing with it.
fn holds(world: &World, output: &Output) -> bool {
    match &output.kind {
        OutputKind::File { digest, .. } => {
            matches!(world.content(&output.path, true), Ok(Content::File { digest: now, .. }) if now == *digest)
        }
        _ => stands(world, output, true),
    }
}

/// Whether an output is all that its record says of it: a link, or an empty file.
fn is_plain(output: &Output) -> bool {
    match &output.kind {
        OutputKind::File { digest, .. } => digest.size == 0,
        OutputKind::Link(_) => true,
        OutputKind::Folder => false,
    }
}

/// Takes note that all of a task's outputs are gone but for `own`, which stand in the place of others: if it comes back, the store is asked,
/// unless it has failed.
fn forget(world: &World, record: TaskRecord, own: Vec<(RelPath, Option<Signature>)>) {
    let (status, result) = match record.status {
        Status::Succeeded | Status::LeftOut => (Status::LeftOut, record.result.clone()),
        other => (other, Vec::new()),
    };
    let forgotten = TaskRecord { status, result, own, proof: None, ..record.clone() };
    if forgotten != record {
        let _ = world.checkout.lock().expect("no holder panics").put(forgotten);
    }
}

/// Takes note that some of a task's outputs are gone: what stands there from now on is somebody else's. Its result is that of no action any more.
fn forget_part(world: &World, record: TaskRecord, strays: &Strays) {
    if strays.files.is_empty() {
        return;
    }
    let gone: FxHashSet<&RelPath> = strays.files.iter().map(|(path, _)| path).collect();
    let result = ActionResult::decode(&record.result).map(|mut result| {
        result.outputs.retain(|output| !gone.contains(&output.path));
        result.encode()
    });
    let own = record.own.iter().filter(|(path, _)| !gone.contains(path)).cloned().collect();
    let forgotten = TaskRecord { action: Digest::empty(), result: result.unwrap_or_default(), own, proof: None, ..record };
    let _ = world.checkout.lock().expect("no holder panics").put(forgotten);
}

/// Returns the files that are inputs by name: whoever names one, and not what makes it, keeps it by hand.
fn named_inputs(world: &World) -> FxHashSet<RelPath> {
    let mut named = FxHashSet::default();
    for task in world.graph.ids().filter_map(|id| world.graph.task(id)) {
        let literals = task.inputs.iter().filter(|pattern| !pattern.negated).filter_map(|pattern| pattern.text.as_literal());
        named.extend(literals.filter_map(glob::plain).filter_map(|name| RelPath::parse(&*name).ok()));
        let files = task.imported.iter().flat_map(|imported| &imported.files);
        named.extend(files.map(|file| RelPath::from_normal(file.as_bytes())));
    }
    named
}

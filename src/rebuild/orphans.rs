//! Outputs where a build from nothing would leave none, in the way of whoever reads by pattern: those of tasks that are gone, that a task declares no
//! longer, and of tasks that are left out of a run.
//!
//! Of all of them, only what is known goes: a file that is, byte for byte, what its task had made, or as its unfinished run has left it.

use std::cell::OnceCell;
use std::io;

use rustc_hash::{FxHashMap, FxHashSet};

use super::World;
use super::clear::take_away;
use super::in_place::is;
use crate::action::{ActionResult, Output, OutputKind};
use crate::base::{RelPath, TargetId, glob};
use crate::disk::Signature;
use crate::graph::{TargetKind, flag};
use crate::record::{Status, TaskRecord};

/// What became of outputs that nobody puts out any more.
#[derive(Default)]
pub struct Orphans {
    /// Removed, since nothing is lost with them.
    pub removed: Vec<RelPath>,
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
        strays.clear(world, &mut orphans)?;
        if gone {
            forget(world, record, strays.others);
        }
    }
    Ok(orphans)
}

/// Returns what [`clear_orphans`] would take away.
pub fn orphans(world: &World, otherwise: bool) -> FxHashSet<RelPath> {
    orphaned(world, otherwise).into_iter().flat_map(|(_, strays, _)| strays.files).map(|(path, _)| path).collect()
}

/// Takes away what a task had put out that a run leaves out: without it, as in a build from nothing, nothing is there. What others put out
/// there, what version control tracks, and what stands behind a link stays.
///
/// # Errors
/// As [`clear_orphans`].
pub fn clear_skipped(world: &World, target: TargetId) -> io::Result<Orphans> {
    let mut orphans = Orphans::default();
    if let Some((record, strays)) = left_out(world, target) {
        strays.clear(world, &mut orphans)?;
        forget(world, record, Vec::new());
    }
    Ok(orphans)
}

/// Returns what [`clear_skipped`] would take away.
pub fn skipped(world: &World, target: TargetId) -> Vec<RelPath> {
    left_out(world, target).into_iter().flat_map(|(_, strays)| strays.files).map(|(path, _)| path).collect()
}

fn left_out(world: &World, target: TargetId) -> Option<(TaskRecord, Strays)> {
    let record = world.checkout.lock().expect("no holder panics").task(world.graph.row(target).key).filter(has_made)?;
    let others = |path: &RelPath| world.made().makers(path).any(|maker| maker != target);
    let strays = Strays::of(world, &record, &others, &|_| false);
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
    let named = |path: &RelPath| named.get_or_init(|| named_inputs(world)).contains(path);
    let found = records.into_iter().map(|record| {
        let gone = !declared.contains_key(&record.key);
        let strays = Strays::of(world, &record, &|path| world.made().holds(path), &named);
        (record, strays, gone)
    });
    found.filter(|(_, strays, gone)| *gone || !strays.is_empty()).collect()
}

fn has_made(record: &TaskRecord) -> bool {
    !(record.result.is_empty() && record.own.is_empty())
}

/// What a task had put out and stands there still.
#[derive(Default)]
struct Strays {
    /// Nobody's, and whether nothing is lost with it, whatever the store holds: a link, or an empty file.
    files: Vec<(RelPath, bool)>,
    /// Nobody's, the inner ones first.
    folders: Vec<RelPath>,
    /// In the place of what others put out.
    others: Vec<(RelPath, Option<Signature>)>,
}

impl Strays {
    /// `others`: whether somebody else puts out a path; `kept`: whether it stays for another reason.
    fn of(world: &World, record: &TaskRecord, others: &dyn Fn(&RelPath) -> bool, kept: &dyn Fn(&RelPath) -> bool) -> Strays {
        let outputs = ActionResult::decode(&record.result).map(|result| result.outputs).unwrap_or_default();
        let as_left = |stamp: &Option<Signature>, now: Signature| !now.is_dir() && stamp.is_none_or(|stamp| stamp == now);
        let unfinished = record.own.iter();
        let unfinished = unfinished.filter(|(path, stamp)| world.tree.stat(path).ok().flatten().is_some_and(|now| as_left(stamp, now)));
        let finished = outputs.iter().filter(|output| output.kind != OutputKind::Folder && is(world, output));
        let mut strays = Strays::default();
        for (path, plain) in finished.map(|output| (&output.path, plain(output))).chain(unfinished.map(|(path, _)| (path, false))) {
            if others(path) {
                strays.others.push((path.clone(), world.tree.stat(path).ok().flatten()));
            } else if !kept(path)
                && !(world.tracked)(path, &|_| false)
                && path.parent().is_none_or(|folder| world.tree.link_on_the_way(&folder).is_none())
            {
                strays.files.push((path.clone(), plain));
            }
        }
        let folders = outputs.iter().rev().filter(|output| output.kind == OutputKind::Folder && !others(&output.path));
        strays.folders = folders.map(|output| output.path.clone()).collect();
        strays
    }

    fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    fn clear(&self, world: &World, orphans: &mut Orphans) -> io::Result<()> {
        for (path, plain) in &self.files {
            // Two tasks may have made it one after the other.
            if world.tree.stat(path)?.is_none() {
                continue;
            }
            let aside = match plain {
                true => {
                    world.files.forget(path);
                    world.tree.remove(path).map(|()| None)?
                }
                false => take_away(world, path)?,
            };
            match aside {
                None => orphans.removed.push(path.clone()),
                Some(aside) => orphans.displaced.push((path.clone(), aside)),
            }
        }
        for folder in &self.folders {
            // One that still holds something stays.
            let _ = world.tree.remove_folder(folder);
        }
        Ok(())
    }
}

/// Whether an output is all that its record says of it.
fn plain(output: &Output) -> bool {
    match &output.kind {
        OutputKind::File { digest, .. } => digest.size == 0,
        OutputKind::Link(_) => true,
        OutputKind::Folder => false,
    }
}

/// Forgets how a task ended: if it comes back, the store is asked. `own`: what of it stands there still.
fn forget(world: &World, record: TaskRecord, own: Vec<(RelPath, Option<Signature>)>) {
    if record.result.is_empty() && record.own == own {
        return;
    }
    let forgotten = TaskRecord { result: Vec::new(), own, proof: None, status: Status::Started, ..record };
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

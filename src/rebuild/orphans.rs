//! Outputs of tasks that are no longer declared: they would stand in the way of what a build from nothing gives.

use rustc_hash::FxHashSet;

use super::World;
use super::clear::take_away;
use super::in_place::is;
use crate::action::{ActionResult, OutputKind};
use crate::base::{RelPath, TargetId, glob};
use crate::disk::Signature;
use crate::graph::{TargetKind, flag};
use crate::record::{Status, TaskRecord};

/// What became of outputs that belong to no task any more.
#[derive(Default)]
pub struct Orphans {
    /// Removed, since the store holds their bytes.
    pub removed: Vec<RelPath>,
    /// Moved aside, from where and to where.
    pub displaced: Vec<(RelPath, RelPath)>,
}

/// Takes away what tasks of this manifest had put out that are declared no longer, or have no command any more, so that no pattern finds it.
///
/// A file stays where a task that is declared puts one out or names it among its inputs, where version control tracks it, behind a link to a folder, and where it is not, byte for byte, what the
/// task had made: then a person has changed it.
///
/// # Errors
/// When the disk refuses. What was taken away until then is gone or moved.
pub fn clear_orphans(world: &World) -> std::io::Result<Orphans> {
    let graph = &world.graph;
    let gathers = |id: TargetId| match graph.kind(id) {
        TargetKind::Task => graph.has(id, flag::EMPTY),
        TargetKind::Rock | TargetKind::Epic | TargetKind::Entry | TargetKind::Service => true,
        _ => false,
    };
    let declared: FxHashSet<[u64; 2]> = graph.ids().filter(|id| !gathers(*id)).map(|id| graph.row(id).key).collect();
    let gone: Vec<TaskRecord> = {
        let checkout = world.checkout.lock().expect("no holder panics");
        let gone = checkout.records_where(|key| !declared.contains(&key));
        gone.filter(|record| record.manifest == world.manifest && !(record.result.is_empty() && record.own.is_empty())).collect()
    };
    let mut orphans = Orphans::default();
    if gone.is_empty() {
        return Ok(orphans);
    }
    let named = named_inputs(world);
    for record in gone {
        let outputs = ActionResult::decode(&record.result).map(|result| result.outputs).unwrap_or_default();
        let as_left = |stamp: &Option<Signature>, now: Signature| !now.is_dir() && stamp.is_none_or(|stamp| stamp == now);
        let unfinished = record.own.iter();
        let unfinished = unfinished.filter(|(path, stamp)| world.tree.stat(path).ok().flatten().is_some_and(|now| as_left(stamp, now)));
        let unfinished = unfinished.map(|(path, _)| path);
        let finished = outputs.iter().filter(|output| output.kind != OutputKind::Folder && is(world, output)).map(|output| &output.path);
        for path in finished.chain(unfinished) {
            let behind_link = || path.parent().is_some_and(|folder| world.tree.link_on_the_way(&folder).is_some());
            if named.contains(path) || world.made().holds(path) || (world.tracked)(path, &|_| false) || behind_link() {
                continue;
            }
            match take_away(world, path)? {
                None => orphans.removed.push(path.clone()),
                Some(aside) => orphans.displaced.push((path.clone(), aside)),
            }
        }
        for output in outputs.iter().rev().filter(|output| output.kind == OutputKind::Folder && !world.made().holds(&output.path)) {
            // One that still holds something stays.
            let _ = world.tree.remove_folder(&output.path);
        }
        // If it comes back, the store is asked.
        let forgotten = TaskRecord { result: Vec::new(), own: Vec::new(), proof: None, status: Status::Started, ..record };
        let _ = world.checkout.lock().expect("no holder panics").put(forgotten);
    }
    Ok(orphans)
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

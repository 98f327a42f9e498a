//! What a task has come to: written into the memory of the checkout and into the store, and looked up there.

use std::sync::Arc;

use super::prepare::stands_for_its_run;
use super::{Links, Prepared, World, Yield, prepare};
use crate::action::{self, ActionResult, Content, Output, OutputKind};
use crate::base::{Digest, Hasher, RelPath, TargetId};
use crate::disk::Signature;
use crate::record::{Status, TaskRecord};

/// Writes what a task has come to into the checkout's memory and, if `store`, the result into the store.
///
/// Returns what those that need it see, and whether its outputs are the same as before.
pub fn put_record(
    world: &World,
    prepared: &mut Prepared,
    links: &Links,
    result: &ActionResult,
    store: bool,
) -> Result<(Yield, bool), String> {
    let before = world
        .checkout
        .lock()
        .expect("no holder panics")
        .task(world.graph.row(prepared.target).key)
        .and_then(|record| ActionResult::decode(&record.result));
    let unchanged = before.is_some_and(|before| before.digest() == result.digest());
    if result.discovered != prepared.discovered {
        let bare_key =
            prepare(world, prepared.target, links, Vec::new(), false).map(|bare| sets_key(&bare)).map_err(|blocked| blocked.text)?;
        *prepared = prepare(world, prepared.target, links, result.discovered.clone(), false).map_err(|blocked| blocked.text)?;
        if store {
            let mut sets: Vec<Vec<RelPath>> =
                world.actions.lookup(&bare_key).ok().flatten().and_then(|bytes| postcard::from_bytes(&bytes).ok()).unwrap_or_default();
            sets.retain(|set| *set != result.discovered);
            sets.insert(0, result.discovered.clone());
            sets.truncate(8);
            let bytes = postcard::to_stdvec(&sets).map_err(|error| error.to_string())?;
            world.actions.record(&bare_key, &bytes, &[]).map_err(|error| error.to_string())?;
        }
    }
    if store {
        world.actions.record(&prepared.key, &result.encode(), &result.blobs()).map_err(|error| error.to_string())?;
    }
    remember(world, prepared, result, depfile_left(world, prepared));
    Ok((yielded(world, prepared, &result.outputs, true), unchanged))
}

/// Returns the depfile of a task that has just run, with its stamp, if it is still there.
pub fn depfile_left(world: &World, prepared: &Prepared) -> Option<(RelPath, Option<Signature>)> {
    let path = prepared.action.depfile.as_ref().and_then(|depfile| RelPath::parse(depfile).ok())?;
    let stamp = world.tree.stat(&path).ok().flatten()?;
    Some((path, Some(stamp)))
}

/// The same of a task that need not run: what it left is there still.
pub(super) fn depfile_known(world: &World, prepared: &Prepared) -> Option<(RelPath, Option<Signature>)> {
    let left = depfile_left(world, prepared)?;
    let record = world.checkout.lock().expect("no holder panics").task(world.graph.row(prepared.target).key)?;
    record.own.contains(&left).then_some(left)
}

/// Writes what a task has come to into the checkout's memory. `depfile`: the task's own, which stands there.
pub(super) fn remember(world: &World, prepared: &Prepared, result: &ActionResult, depfile: Option<(RelPath, Option<Signature>)>) {
    let beside = |(path, _): &(RelPath, _)| result.outputs.binary_search_by(|output| output.path.cmp(path)).is_err();
    let row = world.graph.row(prepared.target);
    let record = TaskRecord {
        key: row.key,
        manifest: world.manifest,
        action: prepared.key,
        result: result.encode(),
        discovered: prepared.discovered.clone(),
        explanation: postcard::to_stdvec(&action::explanation(&prepared.action)).unwrap_or_default(),
        duration_ms: result.duration_ms,
        status: Status::Succeeded,
        own: depfile.filter(beside).into_iter().collect(),
        proof: None,
    };
    let mut checkout = world.checkout.lock().expect("no holder panics");
    for (path, known) in world.files.take_learned() {
        checkout.put_file(path.as_bytes(), known);
    }
    // A memory that cannot be written costs a later run some work, never this one its result.
    let _ = checkout.put(record);
}

/// Returns what a task put out when it last succeeded; `None` if that is not known.
pub fn recall(world: &World, target: TargetId) -> Option<Yield> {
    let record = world.checkout.lock().expect("no holder panics").task(world.graph.row(target).key)?;
    Some(handed_over(world, target, &record.action, &ActionResult::decode(&record.result)?.outputs, false))
}

/// Returns what those that need a task see of its outputs.
pub fn yielded(world: &World, prepared: &Prepared, outputs: &[Output], executed: bool) -> Yield {
    handed_over(world, prepared.target, &prepared.key, outputs, executed)
}

fn handed_over(world: &World, target: TargetId, action: &Digest, outputs: &[Output], executed: bool) -> Yield {
    let contents = outputs
        .iter()
        .filter_map(|output| {
            let content = match &output.kind {
                OutputKind::File { digest, executable } => Content::File { digest: *digest, executable: *executable },
                OutputKind::Link(target) => Content::Link(target.clone()),
                OutputKind::Folder => return None,
            };
            Some((output.path.clone(), content))
        })
        .collect();
    let result = ActionResult { outputs: outputs.to_vec(), ..ActionResult::default() };
    let folders = outputs.iter().filter(|output| output.kind == OutputKind::Folder).map(|output| &output.path);
    let empty = |folder: &&RelPath| {
        let inside = [folder.as_bytes(), b"/"].concat();
        let next = outputs.partition_point(|output| output.path.as_bytes() < &inside[..]);
        !outputs.get(next).is_some_and(|output| output.path.as_bytes().starts_with(&inside))
    };
    let folders = Arc::new(folders.filter(empty).cloned().collect());
    let is_empty = |output: &Output| matches!(output.kind, OutputKind::File { digest, .. } if digest.size == 0);
    let digest = match outputs.iter().any(is_empty) && world.graph.task(target).is_some_and(|task| stands_for_its_run(&task)) {
        true => Hasher::new().digest(action).digest(&result.digest()).finish(),
        false => result.digest(),
    };
    Yield { digest, outputs: Arc::new(contents), folders, executed }
}

/// Returns what an action is known to have put out, in this checkout or in any whose results the store has.
pub fn known(world: &World, prepared: &Prepared) -> Option<ActionResult> {
    let action = prepared.key;
    let record = world.checkout.lock().expect("no holder panics").task(world.graph.row(prepared.target).key);
    let own = record.filter(|record| record.action == action).and_then(|record| ActionResult::decode(&record.result));
    own.or_else(|| ActionResult::decode(&world.actions.lookup(&action).ok()??))
}

/// Under which key the sets of discovered inputs stand.
pub(super) fn sets_key(bare: &Prepared) -> Digest {
    Hasher::new().piece(b"discovered").digest(&bare.key).finish()
}

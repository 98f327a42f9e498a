//! The judgement: in place, in the store, or to be run.

use super::clear::{Own, clear_undeclared};
use super::in_place::in_place;
use super::printed::heard;
use super::remember::{depfile_known, remember, sets_key};
use super::restore::restore;
use super::standing::{output_folders, prove};
use super::way::clear_way;
use super::{Blocked, Links, Prepared, World, Yield, prepare, yielded};
use crate::action::{self, ActionResult, Content, Explanation, Output, OutputKind};
use crate::base::{Digest, RelPath, TargetId, glob};
use crate::event::{Change, Reason, Subject};
use crate::graph::flag;
use crate::record::{Status, TaskRecord};

/// What a run allows.
#[derive(Clone, Copy, Debug, Default)]
pub struct Mode {
    /// Run even what is known.
    pub force: bool,
    /// Look no results up.
    pub no_lookup: bool,
    /// Store no results.
    pub no_store: bool,
    /// Run also what is known, and compare what it puts out with another run of the same action; see [`verifiable`].
    pub verify: bool,
    /// Look only: change nothing in the tree.
    pub look: bool,
}

/// What is to be done about a task.
pub enum Judged {
    /// Everything is in place.
    Fresh(Yield),
    /// Its outputs were put in place from the store (with `look`: could be).
    Cached {
        /// What those that need it see.
        yielded: Yield,
        /// What it printed when it ran.
        log: Option<Digest>,
    },
    /// It has to run.
    Run(Box<Prepared>, Reason),
    /// It can neither be judged nor run.
    Blocked(Blocked),
}

/// Judges a task. `links`: what everything that it needs put out, in the order of its edges. `again`: something that it waits for has
/// executed in this run or was restored, so that files are looked at again. `wanted`: why it has to run in any case.
pub fn judge(world: &World, target: TargetId, links: &Links, again: bool, mode: Mode, wanted: Option<Reason>) -> Judged {
    let judged = verdict(world, target, links, again, mode, wanted);
    match &judged {
        Judged::Run(..) => lacks(world, target).map_or(judged, Judged::Blocked),
        _ => judged,
    }
}

/// Returns why an imported task may not be done: it waits for itself, or a file is not there that has to be.
pub fn lacks(world: &World, target: TargetId) -> Option<Blocked> {
    if !world.graph.has(target, flag::PRESENT) && !world.graph.has(target, flag::CIRCLE) {
        return None;
    }
    let task = world.graph.task(target)?;
    if let Some(round) = task.imported.as_ref().and_then(|imported| imported.circle.as_ref()) {
        return Some(Blocked {
            text: format!("it waits for itself: {round}"),
            hint: Some(format!("take one of these edges out, the one at {} or another", task.place)),
            broken: false,
        });
    }
    let mut paths = task.imported.iter().flat_map(|imported| &imported.present).map(|path| RelPath::from_normal(path.as_bytes()));
    let path = paths.find(|path| world.tree.stat_follow(path).is_ok_and(|there| there.is_none()))?;
    Some(Blocked {
        text: format!("`{path}`, which has to be there first, does not exist, and no edge makes it"),
        hint: Some(format!("make the file, or take it out of what comes first at {}", task.place)),
        broken: false,
    })
}

fn verdict(world: &World, target: TargetId, links: &Links, again: bool, mode: Mode, wanted: Option<Reason>) -> Judged {
    if !mode.look {
        world.claimed.lock().expect("no holder panics").insert(target);
    }
    let row = world.graph.row(target);
    let record = world.checkout.lock().expect("no holder panics").task(row.key);
    let adopted = world.adopted.get(&row.key);
    let discovered = adopted.or(record.as_ref()).map(|record| record.discovered.clone()).unwrap_or_default();
    let mut prepared = match prepare(world, target, links, discovered, again) {
        Ok(prepared) => prepared,
        Err(blocked) => return Judged::Blocked(blocked),
    };
    let is = |bit: u32| world.graph.has(target, bit);
    // What a task of another manifest put out that has the same address is not its own.
    let otherwise = |record: &TaskRecord| record.action != prepared.key && record.manifest == world.manifest;
    if !mode.look
        && record.as_ref().is_some_and(otherwise)
        && let Err(text) = clear_undeclared(world, &prepared, &Own::of(world, target))
    {
        return Judged::Blocked(Blocked::new(text));
    }
    if let Some(reason) = wanted {
        return Judged::Run(Box::new(prepared), reason);
    }
    if let Some(judged) = adopted.and_then(|record| adopt(world, &mut prepared, links, record, again, mode)) {
        return judged;
    }
    if is(flag::ALWAYS) {
        return Judged::Run(Box::new(prepared), Reason::Always);
    }
    if let Some(path) = &prepared.unmade {
        let reason = Reason::Unmade(path.to_string());
        return Judged::Run(Box::new(prepared), reason);
    }
    if mode.force {
        return Judged::Run(Box::new(prepared), Reason::Forced);
    }
    if mode.verify && verifiable(world, &prepared) {
        return Judged::Run(Box::new(prepared), Reason::Verified);
    }
    let executed = links.iter().any(|(_, yielded)| yielded.executed);
    tracing::trace!(task = world.graph.address(target), inputs = prepared.action.files().count(), again, "judging");
    let mut why = None;
    if let Some(record) = &record {
        if !matches!(record.status, Status::Succeeded | Status::LeftOut) {
            why = Some(match record.status {
                Status::Overtaken => Reason::Overtaken,
                Status::Remedy => Reason::RanAsRemedy,
                _ => Reason::NotFinished,
            });
            // Whoever has seen it fail does not want to hear that it once passed.
            if record.status == Status::Failed(prepared.key) {
                return Judged::Run(Box::new(prepared), Reason::NotFinished);
            }
        } else if record.action == prepared.key {
            let outputs = ActionResult::decode(&record.result).map(|result| result.outputs).unwrap_or_default();
            let folders = output_folders(world, &prepared, &outputs);
            if is(flag::HEARD) && !heard(world, &record.result) {
                return Judged::Run(Box::new(prepared), Reason::New);
            }
            let stays = record.status == Status::Succeeded && whole(&prepared, &outputs);
            if stays && in_place(world, &outputs, &prepared.outputs, &prepared.excluded, again) {
                let yielded = yielded(world, &prepared, &outputs, executed);
                if !mode.look {
                    if record.manifest != world.manifest {
                        let own = TaskRecord { manifest: world.manifest, ..record.clone() };
                        // One that is not written leaves the outputs to the other manifest.
                        let _ = world.checkout.lock().expect("no holder panics").put(own);
                    }
                    prove(world, &prepared, links, &outputs, folders, yielded.digest);
                }
                return Judged::Fresh(yielded);
            }
            why = Some(Reason::Outputs(differing(world, &prepared, &outputs)));
        } else {
            let old: Option<Explanation> = postcard::from_bytes(&record.explanation).ok();
            let changes = old.map(|old| action::compare(&old, &action::explanation(&prepared.action))).unwrap_or_default();
            why = Some(if changes.is_empty() { Reason::New } else { Reason::Changed(in_own_words(&prepared, changes)) });
        }
    }
    if !mode.no_lookup && !is(flag::UNCACHED) && !writes_beside(&prepared) {
        match look_up(world, &mut prepared, target, links, again, mode) {
            Ok(Some((result, placed))) => {
                let restored = placed == Placed::Now && !mode.look;
                let yielded = yielded(world, &prepared, &result.outputs, executed || restored);
                if !mode.look {
                    remember(world, &prepared, &result, depfile_known(world, &prepared));
                }
                // What it printed when it ran as this action is told once more; so is that a check has passed.
                let quiet = placed == Placed::Already && result.log.is_none() && !prepared.outputs.is_empty();
                return if quiet { Judged::Fresh(yielded) } else { Judged::Cached { yielded, log: result.log } };
            }
            Ok(None) => {}
            Err(text) => return Judged::Blocked(Blocked { text, hint: None, broken: false }),
        }
    }
    Judged::Run(Box::new(prepared), why.unwrap_or(Reason::New))
}

/// Returns changes in the words of the manifest that declares the task: ninja does not know `incremental`.
fn in_own_words(prepared: &Prepared, mut changes: Vec<Change>) -> Vec<Change> {
    let setting = |change: &&mut Change| change.subject == Subject::Setting && change.name == "incremental";
    if prepared.task.imported.is_some() {
        changes.iter_mut().filter(setting).for_each(|change| change.name = String::from("restat or generator"));
    }
    changes
}

/// Brings here what a task put out in another workspace, if it ran there as the same action.
fn adopt(world: &World, prepared: &mut Prepared, links: &Links, record: &TaskRecord, again: bool, mode: Mode) -> Option<Judged> {
    if mode.look || record.action != prepared.key {
        return None;
    }
    let result = ActionResult::decode(&record.result)?;
    if in_place(world, &result.outputs, &prepared.outputs, &prepared.excluded, again) {
        remember(world, prepared, &result, None);
        let executed = links.iter().any(|(_, yielded)| yielded.executed);
        return Some(Judged::Fresh(yielded(world, prepared, &result.outputs, executed)));
    }
    if let Err(text) = clear_way(world, prepared) {
        return Some(Judged::Blocked(Blocked::new(text)));
    }
    let own = Own::of(world, prepared.target);
    match restore(world, &result.outputs, &prepared.outputs, &prepared.excluded, &own, &mut prepared.notices) {
        Ok(true) => {
            remember(world, prepared, &result, None);
            let yielded = yielded(world, prepared, &result.outputs, true);
            Some(Judged::Cached { yielded, log: result.log })
        }
        Ok(false) => None,
        Err(text) => Some(Judged::Blocked(Blocked::new(text))),
    }
}

/// Whether a task has put out all that it declares. Imported tasks need not.
fn whole(prepared: &Prepared, outputs: &[Output]) -> bool {
    prepared.task.imported.is_none() || outputs.len() >= prepared.task.outputs.len()
}

/// Whether a task may write what it does not name, so that no store holds all that it does.
pub fn writes_beside(prepared: &Prepared) -> bool {
    prepared.task.imported.as_ref().is_some_and(|imported| imported.beside)
}

/// Whether two runs of a task can be compared: it has outputs, results of it may be kept, and each run starts from nothing.
pub fn verifiable(world: &World, prepared: &Prepared) -> bool {
    let unkept = world.graph.has(prepared.target, flag::UNCACHED) || world.graph.has(prepared.target, flag::ALWAYS);
    !prepared.outputs.is_empty() && !unkept && !prepared.task.incremental && prepared.folders.is_empty()
}

/// Where the outputs of a known action are.
#[derive(PartialEq, Eq)]
enum Placed {
    Already,
    Now,
}

/// Looks an action up. A task with a depfile has results under several sets of discovered inputs: the key without them leads to the sets
/// that were seen, newest first, and each set makes the key whole.
fn look_up(
    world: &World,
    prepared: &mut Prepared,
    target: TargetId,
    links: &Links,
    again: bool,
    mode: Mode,
) -> Result<Option<(ActionResult, Placed)>, String> {
    if let Some(found) = take(world, prepared, again, mode)? {
        return Ok(Some(found));
    }
    if prepared.task.depfile.is_none() {
        return Ok(None);
    }
    let bare = prepare(world, target, links, Vec::new(), false).map_err(|blocked| blocked.text)?;
    for set in
        looked_up(world, &sets_key(&bare)).and_then(|bytes| postcard::from_bytes::<Vec<Vec<RelPath>>>(&bytes).ok()).unwrap_or_default()
    {
        let mut candidate = match prepare(world, target, links, set, false) {
            Ok(candidate) => candidate,
            Err(_) => continue,
        };
        if let Some(found) = take(world, &mut candidate, again, mode)? {
            *prepared = candidate;
            return Ok(Some(found));
        }
        prepared.notices.append(&mut candidate.notices);
    }
    Ok(None)
}

fn take(world: &World, prepared: &mut Prepared, again: bool, mode: Mode) -> Result<Option<(ActionResult, Placed)>, String> {
    let key = prepared.key;
    let Some(bytes) = looked_up(world, &key) else { return Ok(None) };
    let Some(result) = ActionResult::decode(&bytes) else { return Ok(None) };
    if world.graph.has(prepared.target, flag::HEARD) && !heard(world, &bytes) {
        return Ok(None);
    }
    if in_place(world, &result.outputs, &prepared.outputs, &prepared.excluded, again) {
        return Ok(Some((result, Placed::Already)));
    }
    if mode.look {
        let whole = result.blobs().iter().all(|digest| world.blobs.has(digest));
        return Ok(whole.then_some((result, Placed::Now)));
    }
    clear_way(world, prepared)?;
    let own = Own::of(world, prepared.target);
    let restored = restore(world, &result.outputs, &prepared.outputs, &prepared.excluded, &own, &mut prepared.notices)?;
    Ok(restored.then_some((result, Placed::Now)))
}

/// Returns what the store has under a key. A store that cannot be read has nothing: the task runs.
fn looked_up(world: &World, key: &Digest) -> Option<Vec<u8>> {
    world.actions.lookup(key).unwrap_or_else(|error| {
        tracing::warn!(%error, "the store is passed over");
        None
    })
}

fn differing(world: &World, prepared: &Prepared, outputs: &[Output]) -> Vec<Change> {
    let mut changes: Vec<Change> = outputs
        .iter()
        .filter_map(|output| {
            let (old, new) = match (&output.kind, world.content(&output.path, false)) {
                (OutputKind::File { digest, .. }, Ok(Content::File { digest: now, .. })) => (Some(digest.short()), Some(now.short())),
                (OutputKind::File { digest, .. }, _) => (Some(digest.short()), None),
                (OutputKind::Link(target), Ok(Content::Link(now))) => {
                    (Some(String::from_utf8_lossy(target).into_owned()), Some(String::from_utf8_lossy(&now).into_owned()))
                }
                (OutputKind::Link(target), _) => (Some(String::from_utf8_lossy(target).into_owned()), None),
                (OutputKind::Folder, _) => return None,
            };
            (old != new).then(|| Change { subject: Subject::Output, name: output.path.to_string(), old, new })
        })
        .collect();
    if !whole(prepared, outputs) {
        let recorded = |name: &str| outputs.iter().any(|output| output.path.as_bytes() == name.as_bytes());
        let names = prepared.outputs.iter().filter_map(|text| glob::plain(text)).filter(|name| !recorded(name));
        changes.extend(names.map(|name| Change { subject: Subject::Output, name: name.into_owned(), old: None, new: None }));
    }
    if changes.is_empty() {
        changes.push(Change {
            subject: Subject::Output,
            name: String::from("its folder"),
            old: None,
            new: Some(String::from("something else is in it")),
        });
    }
    changes
}

//! What stands in the place of outputs taken away: what is a task's own removed, all else moved aside.

use rustc_hash::{FxHashMap, FxHashSet};

use super::in_place::is;
use super::{Prepared, World};
use crate::action::{ActionResult, Content, Output, OutputKind};
use crate::base::{RelPath, TargetId, glob};
use crate::disk::{self, Kind, PatternSet, Signature};
use crate::record::Status;

/// Which files are a task's own earlier outputs: those of its last success, and what it had made when it last failed.
#[derive(Default)]
pub struct Own {
    recorded: Vec<Output>,
    /// With the stamps that they had; `None` where it was not seen what the task had made.
    made: Vec<(RelPath, Option<Signature>)>,
    /// How its last run ended. Since a success whatever else stands there is somebody else's; what a failure left is all that is its own.
    status: Option<Status>,
    /// Whose they are.
    target: Option<TargetId>,
}

impl Own {
    /// Returns what this checkout remembers of a task.
    pub fn of(world: &World, target: TargetId) -> Own {
        let key = world.graph.row(target).key;
        let record = world.checkout.lock().expect("no holder panics").task(key);
        // What stands there since its outputs were taken away is somebody else's.
        let result = record.as_ref().filter(|record| record.status != Status::LeftOut);
        let result = result.and_then(|record| ActionResult::decode(&record.result));
        let status = record.as_ref().map(|record| record.status);
        let mut made = record.map(|record| record.own).unwrap_or_default();
        made.sort();
        Own { status, recorded: result.map(|result| result.outputs).unwrap_or_default(), made, target: Some(target) }
    }

    /// Everything that stands in the place of a task's outputs now.
    ///
    /// # Errors
    /// A sentence, when a pattern is wrong or the disk refuses.
    pub fn all(world: &World, target: TargetId, outputs: &[String], excluded: &[String]) -> Result<Own, String> {
        let stamped = |path: RelPath| {
            let stamp = world.tree.stat(&path).ok().flatten();
            (path, stamp)
        };
        let made = find(world, outputs, excluded)?.files.into_iter().map(stamped).collect();
        Ok(Own { made, target: Some(target), ..Own::default() })
    }

    /// Whether somebody has changed an output since the task made it.
    fn edited(&self, world: &World, path: &RelPath) -> bool {
        match self.left(path) {
            Some((_, Some(stamp))) => return world.tree.stat(path).ok().flatten() != Some(*stamp),
            // Nobody has seen what it made since it was begun.
            Some((_, None)) => return !self.recorded(path).is_some_and(|output| is(world, output)),
            None => {}
        }
        match self.recorded(path) {
            // Whoever put a file or a link in its place, it was not the task.
            Some(output) if output.kind == OutputKind::Folder => world.tree.stat(path).ok().flatten().is_some_and(|there| !there.is_dir()),
            Some(output) => !is(world, output),
            None => false,
        }
    }

    /// Whether what stands at a path may be the task's: it runs, or has put out that, or a folder above it.
    fn has_begun(&self, path: &RelPath) -> bool {
        let mut above = std::iter::successors(Some(path.clone()), RelPath::parent);
        self.status == Some(Status::Started) || above.any(|path| self.recorded(&path).is_some() || self.left(&path).is_some())
    }

    /// Whether nothing is known of the task: it has never run here.
    pub fn is_new(&self) -> bool {
        self.recorded.is_empty() && self.made.is_empty()
    }

    /// Whether a task puts out what version control tracks: one of another tool's manifest may, since that tool lets it.
    fn replaces_tracked(&self, world: &World) -> bool {
        self.target.and_then(|target| world.graph.task(target)).is_some_and(|task| task.imported.is_some())
    }

    fn has(&self, path: &RelPath) -> bool {
        self.left(path).is_some() || (!matches!(self.status, Some(Status::Failed(_))) && self.recorded(path).is_some())
    }

    /// What it has put out at this path when it last succeeded.
    fn recorded(&self, path: &RelPath) -> Option<&Output> {
        self.recorded.binary_search_by(|output| output.path.cmp(path)).ok().map(|index| &self.recorded[index])
    }

    /// What a run that did not succeed has left at this path.
    fn left(&self, path: &RelPath) -> Option<&(RelPath, Option<Signature>)> {
        self.made.binary_search_by(|(left, _)| left.cmp(path)).ok().map(|index| &self.made[index])
    }

    /// Every file that may be the task's own, recorded folders last.
    pub fn paths(&self) -> impl Iterator<Item = &RelPath> {
        self.recorded.iter().map(|output| &output.path).chain(self.made.iter().map(|(path, _)| path))
    }
}

/// What stands in the place of declared outputs.
struct Found {
    /// Files and links, sorted.
    files: Vec<RelPath>,
    /// Folders that are outputs, and those below them.
    folders: Vec<RelPath>,
}

/// # Errors
/// A sentence, when a pattern is wrong or the disk refuses.
fn find(world: &World, outputs: &[String], excluded: &[String]) -> Result<Found, String> {
    let (mut files, mut folders, mut globs) = (Vec::new(), Vec::new(), Vec::new());
    let wrong = |error: std::io::Error, path: &RelPath| format!("cannot clear `{path}`: {error}");
    for text in outputs {
        let Some(name) = glob::plain(text) else {
            globs.push(text.clone());
            continue;
        };
        let path = RelPath::parse(&*name).map_err(|error| format!("`{text}`: {error}"))?;
        match world.tree.stat(&path).map_err(|error| wrong(error, &path))? {
            None => {}
            Some(signature) if signature.is_dir() => {
                for (below, kind) in disk::walk_folder(&world.tree, &path).map_err(|error| wrong(error, &path))? {
                    if kind == Kind::Folder { folders.push(below) } else { files.push(below) }
                }
                folders.push(path);
            }
            Some(_) => files.push(path),
        }
    }
    if !globs.is_empty() {
        let set = PatternSet::new(&globs, excluded)?;
        files.extend(disk::expand(&world.tree, &set).map_err(|error| wrong(error, &RelPath::root()))?);
    }
    files.sort();
    files.dedup();
    let without = PatternSet::new(excluded, &[])?;
    files.retain(|path| !without.matches(path));
    folders.sort();
    Ok(Found { files, folders })
}

/// Returns the files that stand in the place of declared outputs and are not the task's own, sorted.
///
/// # Errors
/// A sentence, when a pattern is wrong or the disk refuses.
pub fn foreign(world: &World, outputs: &[String], excluded: &[String], own: &Own) -> Result<Vec<RelPath>, String> {
    let mut files = find(world, outputs, excluded)?.files;
    files.retain(|path| !own.has(path));
    Ok(files)
}

/// Takes away what stands in the place of `outputs`, but for what `keep` names.
///
/// The task's own earlier outputs are removed, and so is what another task is known to have put out there, unless it is a file that the store
/// does not hold. Anything else is moved aside, whole, to `.orket/displaced/RUN/`. Where version control tracks any of it, the task's own or not, nothing is touched: so it is in a clone, too. Imported
/// tasks put out such files as well.
///
/// # Errors
/// A sentence: what is tracked stands there, or the disk refuses.
pub fn clear_outputs(
    world: &World,
    outputs: &[String],
    excluded: &[String],
    keep: &dyn Fn(&RelPath) -> bool,
    own: &Own,
) -> Result<(), String> {
    let wrong = |error: std::io::Error, path: &RelPath| format!("cannot clear `{path}`: {error}");
    let Found { mut files, folders } = find(world, outputs, excluded)?;
    // Folders in which something stood, and those that are outputs themselves, are orket's to make and to remove.
    let filled: FxHashSet<RelPath> = files.iter().flat_map(|path| std::iter::successors(path.parent(), RelPath::parent)).collect();
    let declared = |folder: &RelPath| outputs.iter().any(|text| text.trim_end_matches('/').as_bytes() == folder.as_bytes());
    files.retain(|path| !keep(path));
    // A repository that stands in what the task has put out before is one that it has made.
    let all = PatternSet::new(outputs, excluded)?;
    let cloned = |repository: &RelPath| !own.is_new() && all.matches(&repository.join(b"HEAD"));
    for path in &files {
        if (world.tracked)(path, &cloned) && !own.replaces_tracked(world) {
            return Err(format!(
                "the output `{path}` is tracked by git; orket does not replace what git tracks (`git rm --cached` leaves it to its task)"
            ));
        }
    }
    for path in files {
        let clear = || match own.has(&path) && !own.edited(world, &path) {
            true => world.take(&path),
            false => take_away(world, &path).map(drop),
        };
        unlocking(world, &folders, &path, clear).map_err(|error| wrong(error, &path))?;
    }
    for folder in folders.iter().rev() {
        let foreign = (own.status == Some(Status::Succeeded) || own.is_new())
            && !own.has(folder)
            && !declared(folder)
            && !filled.contains(folder)
            && !was_put_out(world, folder);
        // A folder that still holds something (an excluded file, or what was just moved) stays.
        if unlocking(world, &folders, folder, || world.tree.remove_folder(folder)).is_ok() && foreign {
            let aside = aside(world, folder);
            world.tree.make_folder(&aside).map_err(|error| wrong(error, folder))?;
            world.displace(folder.clone(), aside);
        }
    }
    Ok(())
}

/// Takes away what a task has put out when it was declared otherwise, as [`clear_outputs`] does: a pattern would find it. In the place of what
/// another task puts out now, that is done before it is judged and while nothing is lost; the rest is its business. What version control tracks
/// stays.
///
/// # Errors
/// A sentence, when the disk refuses.
pub(super) fn clear_undeclared(world: &World, prepared: &Prepared, own: &Own) -> Result<(), String> {
    let declared: Vec<String> = prepared.outputs.iter().chain(&prepared.folders).cloned().collect();
    let set = PatternSet::new(&declared, &prepared.excluded)?;
    let is_made = |path: &&RelPath| world.made().makers(path).next().is_some();
    let mut passed_on: Vec<&RelPath> = own.paths().filter(|path| !set.matches(path) && is_made(path)).collect();
    passed_on.sort();
    passed_on.reverse();
    let mut gone: Vec<&RelPath> = own.paths().filter(|path| !set.matches(path) && !world.made().holds(path)).collect();
    gone.sort();
    gone.dedup();
    if !passed_on.is_empty() {
        // While it is still known, for those whose business it is.
        world.put_out();
    }
    let mut makers: FxHashMap<TargetId, Own> = FxHashMap::default();
    for maker in passed_on.iter().flat_map(|path| world.made().makers(path)) {
        makers.entry(maker).or_insert_with(|| Own::of(world, maker));
    }
    for path in passed_on {
        let recorded = own.recorded(path).filter(|output| is(world, output));
        let removable = recorded.is_some() && held(world, path) && !(world.tracked)(path, &|_| false);
        // Held until the path is gone: nobody looks at it meanwhile who has not claimed it.
        let claimed = world.claimed.lock().expect("no holder panics");
        if world.made().makers(path).any(|maker| claimed.contains(&maker) || makers[&maker].has_begun(path)) {
            continue;
        }
        // What is not removed here is moved aside by the other one.
        match recorded.map(|output| &output.kind) {
            Some(OutputKind::Folder) => drop(world.tree.remove_folder(path)),
            Some(_) if removable => drop(world.take(path)),
            _ => {}
        }
    }
    for path in gone.into_iter().rev() {
        let wrong = |error: std::io::Error| format!("cannot take away `{path}`, which it put out before: {error}");
        match world.tree.stat(path).map_err(wrong)? {
            None => {}
            // One that still holds something stays.
            Some(stamp) if stamp.is_dir() => drop(world.tree.remove_folder(path)),
            Some(_) if !own.has(path) || (world.tracked)(path, &|_| false) => {}
            Some(_) if own.edited(world, path) => drop(take_away(world, path).map_err(wrong)?),
            Some(_) => world.take(path).map_err(wrong)?,
        }
    }
    Ok(())
}

/// Clears `path`. Where the folder that it stands in forbids that and is an output, or below one, it is made to allow it.
fn unlocking<T>(world: &World, folders: &[RelPath], path: &RelPath, clear: impl Fn() -> std::io::Result<T>) -> std::io::Result<T> {
    match (clear(), path.parent()) {
        (Err(error), Some(parent)) if error.kind() == std::io::ErrorKind::PermissionDenied && folders.binary_search(&parent).is_ok() => {
            world.tree.unlock_folder(&parent)?;
            clear()
        }
        (cleared, _) => cleared,
    }
}

/// Takes away what is not known to be the task's own that needs the place: removes what a task has put out there if nothing is lost with it;
/// moves anything else aside. Returns whether it was removed.
///
/// # Errors
/// When the disk refuses.
pub fn take_away(world: &World, path: &RelPath) -> std::io::Result<bool> {
    if was_put_out(world, path) { discard(world, path) } else { move_aside(world, path).map(|()| false) }
}

/// Removes what a task has put out if nothing is lost with it: a link, or a file whose bytes the store holds. Moves any other aside.
/// Returns whether it was removed.
pub(super) fn discard(world: &World, path: &RelPath) -> std::io::Result<bool> {
    if !held(world, path) {
        return move_aside(world, path).map(|()| false);
    }
    world.take(path).map(|()| true)
}

fn move_aside(world: &World, path: &RelPath) -> std::io::Result<()> {
    world.files.forget(path);
    let aside = aside(world, path);
    if let Some(parent) = aside.parent() {
        world.tree.make_folder(&parent)?;
    }
    world.tree.transfer(path, &aside)?;
    world.note_emptied(path);
    world.displace(path.clone(), aside);
    Ok(())
}

/// Where a file or folder is moved to.
fn aside(world: &World, path: &RelPath) -> RelPath {
    RelPath::from_normal(format!(".orket/displaced/{}", world.room()).into_bytes()).join(path.as_bytes())
}

/// Whether any task is remembered to have put out at this path what stands there now.
fn was_put_out(world: &World, path: &RelPath) -> bool {
    world.put_out().get(path).is_some_and(|outputs| outputs.iter().any(|(_, output)| is(world, output)))
}

/// Whether nothing is lost of an output that is removed: it is a link, or the store holds these very bytes. That a file is there at all is what
/// an empty one says, and no store holds that.
fn held(world: &World, path: &RelPath) -> bool {
    match world.content(path, true) {
        Ok(Content::File { digest, .. }) => digest.size > 0 && world.blobs.has(&digest),
        Ok(Content::Link(_)) => true,
        _ => false,
    }
}

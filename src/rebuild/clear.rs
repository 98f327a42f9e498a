//! What stands in the place of outputs taken away: what is a task's own removed, all else moved aside.

use rustc_hash::FxHashSet;

use super::World;
use super::restore::is;
use crate::action::{ActionResult, Content, Output, OutputKind};
use crate::base::{RelPath, glob};
use crate::disk::{self, Kind, PatternSet};
use crate::record::Status;

/// Which files are a task's own earlier outputs: those of its last success, and what it had made when it last failed.
#[derive(Default)]
pub struct Own {
    recorded: Vec<Output>,
    made: Vec<RelPath>,
    /// Whether nothing has run since its last success, so that whatever else stands there now is somebody else's.
    sure: bool,
}

impl Own {
    /// Returns what this checkout remembers of the task with this key.
    pub fn of(world: &World, key: [u64; 2]) -> Own {
        let record = world.checkout.lock().expect("no holder panics").task(key);
        let result = record.as_ref().and_then(|record| ActionResult::decode(&record.result));
        let sure = record.as_ref().is_some_and(|record| record.status == Status::Succeeded);
        let mut made = record.map(|record| record.own).unwrap_or_default();
        made.sort();
        Own { sure, recorded: result.map(|result| result.outputs).unwrap_or_default(), made }
    }

    /// Everything that stands in the place of a task's outputs now.
    ///
    /// # Errors
    /// A sentence, when a pattern is wrong or the disk refuses.
    pub fn all(world: &World, outputs: &[String], excluded: &[String]) -> Result<Own, String> {
        Ok(Own { recorded: Vec::new(), made: find(world, outputs, excluded)?.files, sure: false })
    }

    /// Whether somebody has changed an output since the task made it.
    fn edited(&self, world: &World, path: &RelPath) -> bool {
        let recorded = self.recorded.binary_search_by(|output| output.path.cmp(path)).ok().map(|index| &self.recorded[index]);
        self.sure && recorded.is_some_and(|output| output.kind != OutputKind::Folder && !is(world, output))
    }

    /// Whether nothing is known of the task: it has never run here.
    fn is_new(&self) -> bool {
        self.recorded.is_empty() && self.made.is_empty()
    }

    fn has(&self, path: &RelPath) -> bool {
        self.made.binary_search(path).is_ok() || self.recorded.binary_search_by(|output| output.path.cmp(path)).is_ok()
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

/// Takes away what stands in the place of `outputs`, but for what `keep` names, and returns what was moved aside, from where and to where.
///
/// The task's own earlier outputs are removed, and so are bytes that the store holds. Anything else is moved aside, whole, to
/// `.orket/displaced/RUN/`, unless version control tracks it: then nothing is touched.
///
/// # Errors
/// A sentence: what is tracked stands there, or the disk refuses.
pub fn clear_outputs(
    world: &World,
    outputs: &[String],
    excluded: &[String],
    keep: &dyn Fn(&RelPath) -> bool,
    own: &Own,
) -> Result<Vec<(RelPath, RelPath)>, String> {
    let mut displaced = Vec::new();
    let wrong = |error: std::io::Error, path: &RelPath| format!("cannot clear `{path}`: {error}");
    let Found { mut files, folders } = find(world, outputs, excluded)?;
    // Folders in which something stood, and those that are outputs themselves, are orket's to make and to remove.
    let filled: FxHashSet<RelPath> = files.iter().flat_map(|path| std::iter::successors(path.parent(), RelPath::parent)).collect();
    let declared = |folder: &RelPath| outputs.iter().any(|text| text.trim_end_matches('/').as_bytes() == folder.as_bytes());
    files.retain(|path| !keep(path));
    for path in &files {
        if (!own.has(path) || own.edited(world, path)) && (world.tracked)(path) {
            return Err(format!("the output `{path}` is tracked by git; orket does not replace what git tracks"));
        }
    }
    for path in files {
        let is_own = own.has(&path) && !own.edited(world, &path);
        let clear = || match is_own {
            true => {
                world.files.forget(&path);
                world.tree.remove(&path).map(|()| None)
            }
            false => take_away(world, &path),
        };
        if let Some(aside) = unlocking(world, &folders, &path, clear).map_err(|error| wrong(error, &path))? {
            displaced.push((path, aside));
        }
    }
    for folder in folders.iter().rev() {
        let foreign = (own.sure || own.is_new()) && !own.has(folder) && !declared(folder) && !filled.contains(folder);
        // A folder that still holds something (an excluded file, or what was just moved) stays.
        if unlocking(world, &folders, folder, || world.tree.remove_folder(folder)).is_ok() && foreign {
            let aside = aside(world, folder);
            world.tree.make_folder(&aside).map_err(|error| wrong(error, folder))?;
            displaced.push((folder.clone(), aside));
        }
    }
    Ok(displaced)
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

/// Removes a file whose bytes the store holds; moves any other aside, and returns where to.
pub(super) fn take_away(world: &World, path: &RelPath) -> std::io::Result<Option<RelPath>> {
    let held = held(world, path);
    world.files.forget(path);
    if held {
        return world.tree.remove(path).map(|()| None);
    }
    let aside = aside(world, path);
    if let Some(parent) = aside.parent() {
        world.tree.make_folder(&parent)?;
    }
    world.tree.rename(path, &aside)?;
    Ok(Some(aside))
}

/// Where a file or folder is moved to.
fn aside(world: &World, path: &RelPath) -> RelPath {
    RelPath::from_normal(format!(".orket/displaced/{}", world.run).into_bytes()).join(path.as_bytes())
}

/// Whether the store holds these very bytes, so that nothing is lost when they are removed. That a file is there at all is what an empty
/// one says, and no store holds that.
fn held(world: &World, path: &RelPath) -> bool {
    match world.content(path, true) {
        Ok(Content::File { digest, .. }) => digest.size > 0 && world.blobs.has(&digest),
        _ => false,
    }
}

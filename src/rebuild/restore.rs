//! Outputs put in place from the store, and what stands in their place taken away.

use super::World;
use crate::action::{ActionResult, Content, Output, OutputKind};
use crate::base::{Digest, RelPath, glob};
use crate::disk::{self, Kind, PatternSet};

/// Which files are a task's own earlier outputs: recorded when it succeeded, or journalled before it was last started.
pub struct Own {
    recorded: Vec<Output>,
    intended: Vec<RelPath>,
}

impl Own {
    /// Returns what this checkout remembers of the task with this key.
    pub fn of(world: &World, key: [u64; 2]) -> Own {
        let checkout = world.checkout.lock().expect("no holder panics");
        let record = checkout.task(key);
        Own {
            recorded: record
                .as_ref()
                .and_then(|record| ActionResult::decode(&record.result))
                .map(|result| result.outputs)
                .unwrap_or_default(),
            intended: record.map(|record| record.intended).unwrap_or_default(),
        }
    }

    fn has(&self, path: &RelPath) -> bool {
        self.intended.iter().any(|known| path.is_in(known)) || self.recorded.binary_search_by(|output| output.path.cmp(path)).is_ok()
    }
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
    let mut files = Vec::new();
    let mut globs = Vec::new();
    let mut folders = Vec::new();
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
    files.retain(|path| !without.matches(path) && !keep(path));
    for path in &files {
        if !own.has(path) && (world.tracked)(path) {
            return Err(format!("the output `{path}` is tracked by git; orket does not replace what git tracks"));
        }
    }
    for path in files {
        world.files.forget(&path);
        if own.has(&path) || held(world, &path) {
            world.tree.remove(&path).map_err(|error| wrong(error, &path))?;
            continue;
        }
        let aside = RelPath::from_normal(format!(".orket/displaced/{}", world.run).into_bytes()).join(path.as_bytes());
        if let Some(parent) = aside.parent() {
            world.tree.make_folder(&parent).map_err(|error| wrong(error, &path))?;
        }
        world.tree.rename(&path, &aside).map_err(|error| wrong(error, &path))?;
        displaced.push((path, aside));
    }
    folders.sort();
    for folder in folders.into_iter().rev() {
        // A folder that still holds something (an excluded file) stays.
        let _ = world.tree.remove_folder(&folder);
    }
    Ok(displaced)
}

/// Whether the store holds these very bytes, so that nothing is lost when they are removed.
fn held(world: &World, path: &RelPath) -> bool {
    match world.content(path, true) {
        Ok(Content::File { digest, .. }) => world.blobs.has(&digest),
        _ => false,
    }
}

/// Whether all outputs are in place, byte for byte.
pub(super) fn in_place(world: &World, outputs: &[Output], declared: &[String], excluded: &[String], again: bool) -> bool {
    let same = outputs.iter().all(|output| match &output.kind {
        OutputKind::Folder => world.tree.stat(&output.path).ok().flatten().is_some_and(|signature| signature.is_dir()),
        OutputKind::File { digest, executable } => {
            matches!(world.content(&output.path, again), Ok(Content::File { digest: now, executable: x }) if now == *digest && x == *executable)
        }
        OutputKind::Link(target) => matches!(world.content(&output.path, again), Ok(Content::Link(now)) if now == *target),
    });
    same && !more_than(world, outputs, declared, excluded)
}

/// Whether a folder or glob holds something that is no recorded output.
fn more_than(world: &World, outputs: &[Output], declared: &[String], excluded: &[String]) -> bool {
    let Ok(without) = PatternSet::new(excluded, &[]) else { return true };
    let known = |path: &RelPath| outputs.binary_search_by(|output| output.path.cmp(path)).is_ok() || without.matches(path);
    declared.iter().any(|text| {
        let Some(name) = glob::plain(text) else {
            let found = PatternSet::new(std::slice::from_ref(text), excluded).map(|set| disk::expand(&world.tree, &set));
            return !matches!(found, Ok(Ok(paths)) if paths.iter().all(known));
        };
        let Ok(path) = RelPath::parse(&*name) else { return true };
        let recorded_folder = outputs.iter().any(|output| output.path == path && output.kind == OutputKind::Folder);
        recorded_folder && !matches!(disk::walk_folder(&world.tree, &path), Ok(below) if below.iter().all(|(path, _)| known(path)))
    })
}

/// Puts outputs in place from the store: all bytes are fetched and verified beside the targets first, then swapped in.
///
/// Returns what had to be moved aside for it; `None`, with nothing in the tree changed, if the store has lost some of the bytes.
///
/// # Errors
/// A sentence, when the disk or the store refuses, or version control tracks what stands in the way.
pub(super) fn restore(
    world: &World,
    outputs: &[Output],
    declared: &[String],
    excluded: &[String],
    own: &Own,
) -> Result<Option<Vec<(RelPath, RelPath)>>, String> {
    let stage = stage();
    let own_name = format!("{}-{:?}", world.run, std::thread::current().id());
    let fail = |error: std::io::Error| format!("cannot restore outputs: {error}");
    let mut staged: Vec<(RelPath, &Output, Digest)> = Vec::new();
    for (index, output) in outputs.iter().enumerate() {
        if let OutputKind::File { digest, executable } = &output.kind {
            if matches!(world.content(&output.path, false), Ok(Content::File { digest: now, executable: x }) if now == *digest && x == *executable)
            {
                continue;
            }
            // It stays for the whole run: making folders is dear.
            if staged.is_empty() && world.tree.stat(&stage).map_err(fail)?.is_none() {
                world.tree.make_folder(&stage).map_err(fail)?;
            }
            let to = stage.join(format!("{own_name}-{index}").as_bytes());
            world.tree.remove(&to).map_err(fail)?;
            match world.blobs.get_file(digest, &world.tree, &to, *executable) {
                Ok(true) => staged.push((to, output, *digest)),
                Ok(false) => {
                    unstage(world, &staged);
                    return Ok(None);
                }
                Err(error) => {
                    unstage(world, &staged);
                    return Err(error.to_string());
                }
            }
        }
    }
    let right = |path: &RelPath| {
        let found = outputs.binary_search_by(|output| output.path.cmp(path)).ok().map(|index| &outputs[index].kind);
        match (found, world.content(path, false)) {
            (Some(OutputKind::File { digest, executable }), Ok(Content::File { digest: now, executable: x })) => {
                now == *digest && x == *executable
            }
            (Some(OutputKind::Link(target)), Ok(Content::Link(now))) => now == *target,
            _ => false,
        }
    };
    let displaced = clear_outputs(world, declared, excluded, &right, own).inspect_err(|_| unstage(world, &staged))?;
    for output in outputs {
        match &output.kind {
            OutputKind::Folder => world.tree.make_folder(&output.path).map_err(fail)?,
            OutputKind::Link(target) if !right(&output.path) => {
                parent(world, &output.path).map_err(fail)?;
                world.tree.link(&output.path, target).map_err(fail)?;
                world.files.forget(&output.path);
            }
            _ => {}
        }
    }
    for (from, output, digest) in &staged {
        parent(world, &output.path).map_err(fail)?;
        world.tree.rename(from, &output.path).map_err(fail)?;
        world.files.forget(&output.path);
        if let Some(signature) = world.tree.stat(&output.path).map_err(fail)? {
            let content = Content::File { digest: *digest, executable: signature.is_executable() };
            world.files.learn(&output.path, &content, signature, disk::now_ns());
        }
    }
    Ok(Some(displaced))
}

/// Removes what was staged by this run or one before it and did not get to its place.
pub fn clear_stage(world: &World) {
    // What cannot be removed now is in nobody's way.
    let _ = world.tree.remove_all(&stage());
}

/// Where outputs stand until all bytes of their task are there.
fn stage() -> RelPath {
    RelPath::from_normal(&b".orket/stage"[..])
}

fn unstage(world: &World, staged: &[(RelPath, &Output, Digest)]) {
    for (path, ..) in staged {
        // What is left here is removed when the run ends.
        let _ = world.tree.remove(path);
    }
}

fn parent(world: &World, path: &RelPath) -> std::io::Result<()> {
    path.parent().map_or(Ok(()), |parent| world.tree.make_folder(&parent))
}

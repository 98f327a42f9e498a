//! Outputs put in place from the store, and what stands in their place taken away.

use std::path::Path;

use super::World;
use crate::action::{Content, Output, OutputKind};
use crate::base::{Digest, RelPath, glob};
use crate::disk::{self, Kind, PatternSet};

/// What became of what stood in the place of outputs.
#[derive(Default, Debug)]
pub struct Cleared {
    /// Files that were not known to be the task's, moved aside to this folder.
    pub displaced: Vec<(RelPath, RelPath)>,
}

/// Takes away what stands in the place of `outputs`, so that a command starts from nothing.
///
/// `known` says whether a file with this content at this path is the task's own earlier output. Anything else that git does not track is
/// moved aside, whole, to `.orket/displaced/RUN/`.
///
/// # Errors
/// A sentence: what git tracks stands there, or the disk refuses.
pub fn clear_outputs(
    world: &World,
    outputs: &[String],
    excluded: &[String],
    keep: &dyn Fn(&RelPath) -> bool,
    known: &dyn Fn(&RelPath) -> bool,
    tracked: &dyn Fn(&RelPath) -> bool,
) -> Result<Cleared, String> {
    let mut cleared = Cleared::default();
    let mut files = Vec::new();
    let mut globs = Vec::new();
    let mut folders = Vec::new();
    let wrong = |error: std::io::Error, path: &RelPath| format!("cannot clear `{path}`: {error}");
    for text in outputs {
        if glob::is_glob(text) {
            globs.push(text.clone());
            continue;
        }
        let path = RelPath::parse(text).map_err(|error| format!("`{text}`: {error}"))?;
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
        if known(path) || held(world, path) {
            continue;
        }
        if tracked(path) {
            return Err(format!("the output `{path}` is tracked by git; orket does not replace what git tracks"));
        }
    }
    for path in files {
        world.files.forget(&path);
        if known(&path) || held(world, &path) {
            world.tree.remove(&path).map_err(|error| wrong(error, &path))?;
            continue;
        }
        let aside = RelPath::from_normal(format!(".orket/displaced/{}", world.run).into_bytes()).join(path.as_bytes());
        if let Some(parent) = aside.parent() {
            world.tree.make_folder(&parent).map_err(|error| wrong(error, &path))?;
        }
        world.tree.rename(&path, &aside).map_err(|error| wrong(error, &path))?;
        cleared.displaced.push((path, aside));
    }
    folders.sort();
    for folder in folders.into_iter().rev() {
        // A folder that still holds something (an excluded file) stays.
        let _ = std::fs::remove_dir(folder.under(world.tree.root()));
    }
    Ok(cleared)
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
        if glob::is_glob(text) {
            let found = PatternSet::new(std::slice::from_ref(text), excluded).map(|set| disk::expand(&world.tree, &set));
            return !matches!(found, Ok(Ok(paths)) if paths.iter().all(known));
        }
        let Ok(path) = RelPath::parse(text) else { return true };
        let recorded_folder = outputs.iter().any(|output| output.path == path && output.kind == OutputKind::Folder);
        recorded_folder && !matches!(disk::walk_folder(&world.tree, &path), Ok(below) if below.iter().all(|(path, _)| known(path)))
    })
}

/// Puts outputs in place from the store: all bytes are fetched and verified beside the targets first, then swapped in.
///
/// Returns whether it could be done; if not, nothing in the tree was changed.
///
/// # Errors
/// A sentence, when the disk or the store refuses.
pub(super) fn restore(world: &World, outputs: &[Output]) -> Result<bool, String> {
    let stage = RelPath::from_normal(format!(".orket/stage/{}-{:?}", world.run, std::thread::current().id()).into_bytes());
    let fail = |error: std::io::Error| format!("cannot restore outputs: {error}");
    let mut staged: Vec<(RelPath, &Output, Digest)> = Vec::new();
    for (index, output) in outputs.iter().enumerate() {
        if let OutputKind::File { digest, executable } = &output.kind {
            if matches!(world.content(&output.path, false), Ok(Content::File { digest: now, executable: x }) if now == *digest && x == *executable)
            {
                continue;
            }
            if staged.is_empty() {
                world.tree.make_folder(&stage).map_err(fail)?;
            }
            let to = stage.join(index.to_string().as_bytes());
            world.tree.remove(&to).map_err(fail)?;
            match world.blobs.get_file(digest, &world.tree, &to, *executable) {
                Ok(true) => staged.push((to, output, *digest)),
                Ok(false) => {
                    world.tree.remove_all(&stage).map_err(fail)?;
                    return Ok(false);
                }
                Err(error) => {
                    let _ = world.tree.remove_all(&stage);
                    return Err(error.to_string());
                }
            }
        }
    }
    for output in outputs {
        match &output.kind {
            OutputKind::Folder => world.tree.make_folder(&output.path).map_err(fail)?,
            OutputKind::Link(target) => {
                if !matches!(world.content(&output.path, false), Ok(Content::Link(now)) if now == *target) {
                    make_way(world, &output.path).map_err(fail)?;
                    link(world.tree.root(), &output.path, target).map_err(fail)?;
                    world.files.forget(&output.path);
                }
            }
            OutputKind::File { .. } => {}
        }
    }
    for (from, output, digest) in &staged {
        make_way(world, &output.path).map_err(fail)?;
        world.tree.rename(from, &output.path).map_err(fail)?;
        world.files.forget(&output.path);
        if let Some(signature) = world.tree.stat(&output.path).map_err(fail)? {
            let content = Content::File { digest: *digest, executable: signature.is_executable() };
            world.files.learn(&output.path, &content, signature, disk::now_ns());
        }
    }
    if !staged.is_empty() {
        world.tree.remove_all(&stage).map_err(fail)?;
    }
    Ok(true)
}

fn make_way(world: &World, path: &RelPath) -> std::io::Result<()> {
    if let Some(parent) = path.parent() {
        world.tree.make_folder(&parent)?;
    }
    if world.tree.stat(path)?.is_some_and(|signature| signature.is_dir()) {
        std::fs::remove_dir(path.under(world.tree.root()))
    } else {
        Ok(())
    }
}

fn link(root: &Path, path: &RelPath, target: &[u8]) -> std::io::Result<()> {
    use std::os::unix::ffi::OsStrExt;
    let _ = std::fs::remove_file(path.under(root));
    std::os::unix::fs::symlink(std::ffi::OsStr::from_bytes(target), path.under(root))
}

//! What a task has left behind: its outputs, found, digested and put into the store.

use std::collections::BTreeMap;

use super::{Prepared, World};
use crate::action::{Content, Output, OutputKind};
use crate::base::{RelPath, glob};
use crate::disk::{self, Kind, PatternSet};
use crate::store::StoreError;

/// Why outputs could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// A declared output is not there.
    #[error("it ended without making the declared output `{0}`")]
    Missing(String),
    /// It is there, and nothing that can be kept.
    #[error("it made a pipe, socket or device of its output `{0}`, which nobody can keep,")]
    Special(RelPath),
    /// It cannot be read.
    #[error("cannot read the output `{0}`: {1}")]
    Read(RelPath, std::io::Error),
    /// A pattern is wrong.
    #[error("the output pattern is wrong: {0}")]
    Pattern(String),
}

/// Finds what stands in the place of the declared outputs, sorted by path. `store` also puts the bytes into the store; a store that
/// fails is reported beside the outputs and never spoils them.
///
/// # Errors
/// When a literal output or folder is missing, or something cannot be read.
pub fn capture(
    world: &World,
    outputs: &[String],
    excluded: &[String],
    store: bool,
) -> Result<(Vec<Output>, Option<StoreError>), CaptureError> {
    let without = PatternSet::new(excluded, &[]).map_err(CaptureError::Pattern)?;
    let mut found: BTreeMap<RelPath, OutputKind> = BTreeMap::new();
    let mut trouble = None;
    let mut globs = Vec::new();
    for text in outputs {
        let Some(name) = glob::plain(text) else {
            globs.push(text.clone());
            continue;
        };
        let path = RelPath::parse(&*name).map_err(|error| CaptureError::Pattern(format!("`{text}`: {error}")))?;
        let signature = world.tree.stat(&path).map_err(|error| CaptureError::Read(path.clone(), error))?;
        match signature {
            None => return Err(CaptureError::Missing(name.into_owned())),
            Some(signature) if signature.is_dir() => {
                found.insert(path.clone(), OutputKind::Folder);
                for (below, kind) in disk::walk_folder(&world.tree, &path).map_err(|error| CaptureError::Read(path.clone(), error))? {
                    if without.matches(&below) {
                        continue;
                    }
                    if kind == Kind::Folder {
                        found.insert(below, OutputKind::Folder);
                    } else {
                        take(world, below, store, &mut found, &mut trouble)?;
                    }
                }
            }
            Some(_) => take(world, path, store, &mut found, &mut trouble)?,
        }
    }
    if !globs.is_empty() {
        let set = PatternSet::new(&globs, excluded).map_err(CaptureError::Pattern)?;
        let matches = disk::expand(&world.tree, &set).map_err(|error| CaptureError::Read(RelPath::root(), error))?;
        for path in matches {
            take(world, path, store, &mut found, &mut trouble)?;
        }
    }
    Ok((found.into_iter().map(|(path, kind)| Output { path, kind }).collect(), trouble))
}

/// What was found in the place of the outputs of an imported task.
pub struct Loose {
    /// Sorted by path; a folder stands for itself alone.
    pub outputs: Vec<Output>,
    /// Whether all declared outputs are there and are files or links: only then can the result be stored.
    pub whole: bool,
    /// A store that failed.
    pub trouble: Option<StoreError>,
}

/// As [`capture`] for an imported task: outputs need not be there.
///
/// # Errors
/// When something cannot be read.
pub fn capture_loosely(world: &World, prepared: &Prepared, store: bool) -> Result<Loose, CaptureError> {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    let mut declared = 0;
    for text in prepared.outputs.iter().chain(&prepared.folders) {
        declared += 1;
        let path = glob::plain(text).and_then(|name| RelPath::parse(&*name).ok()).unwrap_or_default();
        match world.tree.stat(&path).map_err(|error| CaptureError::Read(path.clone(), error))? {
            None => {}
            Some(signature) if signature.is_dir() => folders.push(Output { path, kind: OutputKind::Folder }),
            Some(_) => files.push(text.clone()),
        }
    }
    let whole = files.len() == declared;
    let (mut outputs, trouble) = capture(world, &files, &[], store && whole)?;
    outputs.append(&mut folders);
    outputs.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(Loose { outputs, whole, trouble })
}

fn take(
    world: &World,
    path: RelPath,
    store: bool,
    found: &mut BTreeMap<RelPath, OutputKind>,
    trouble: &mut Option<StoreError>,
) -> Result<(), CaptureError> {
    if found.contains_key(&path) {
        return Ok(());
    }
    let read = |error| CaptureError::Read(path.clone(), error);
    if store && trouble.is_none() && world.tree.stat(&path).map_err(read)?.is_some_and(|signature| signature.is_file()) {
        let began = disk::now_ns();
        match world.blobs.put_file(&world.tree, &path) {
            Ok((digest, signature)) => {
                let executable = signature.is_executable();
                world.files.learn(&path, &Content::File { digest, executable }, signature, began);
                found.insert(path, OutputKind::File { digest, executable });
                return Ok(());
            }
            Err(error) => *trouble = Some(error),
        }
    }
    match world.content(&path, true).map_err(read)? {
        Content::File { digest, executable } => found.insert(path, OutputKind::File { digest, executable }),
        Content::Link(target) => found.insert(path, OutputKind::Link(target)),
        _ if world.tree.stat(&path).map_err(read)?.is_some() => return Err(CaptureError::Special(path)),
        _ => return Err(CaptureError::Missing(path.to_string())),
    };
    Ok(())
}

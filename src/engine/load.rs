//! From a manifest on the disk to a graph, or to the image of one that an earlier load has left.

use std::path::Path;
use std::thread;

use serde::{Deserialize, Serialize};

use super::manifests::{Disk, Manifests};
use super::{OpenError, decide};
use crate::base::{Digest, RelPath};
use crate::decisions::Registry;
use crate::disk::{self, Signature, Tree};
use crate::gates;
use crate::graph::{self, Graph};
use crate::import::ninja::Remake;
use crate::import::{self, Opened};
use crate::manifest::{Problem, Source, Trail};

/// From how many tasks on a project is taken apart beside what goes on.
const MANY: usize = 10_000;

/// What the image of a load depends on.
#[derive(Serialize, Deserialize)]
pub(super) struct Stamp {
    version: String,
    pub(super) manifest: RelPath,
    digests: Vec<Digest>,
    /// The stamps that manifests with these digests have, of those that have one that no other bytes can get.
    stamps: Vec<Option<Signature>>,
    pub(super) trail: Trail,
    /// How manifests that are made themselves are made anew.
    pub(super) remakes: Vec<Remake>,
    /// The addresses of tasks that make what the graph depends on, in stages.
    pub(super) first: Vec<Vec<String>>,
    /// The folders in which imported commands run.
    pub(super) dirs: Vec<RelPath>,
    /// Whether what those make is there, and no graph comes of it.
    pub(super) doubtful: bool,
}

/// Loads a manifest as [`exactly`] does. Where that fails and some of what was read is made by the project's own tasks, a build may mend it:
/// then the graph is the one without that.
pub(super) fn load(
    source: &dyn Manifests,
    root: &Path,
    manifest: &RelPath,
    platform: &str,
    registry: Option<&Registry>,
) -> Result<Graph, OpenError> {
    exactly(source, root, manifest, platform, registry).or_else(|error| {
        let OpenError::Wrong(_) = error else { return Err(error) };
        match read(source, root, manifest, platform, registry, true) {
            Ok(graph) if stamp(&graph).is_some_and(|stamp| stamp.doubtful) => Ok(graph),
            _ => Err(error),
        }
    })
}

/// Loads a manifest and assembles its graph. Where something is wrong, it is told together with what is wrong with the choice of
/// strategies, be they orket's own, the project's or those of `registry`.
pub(super) fn exactly(
    source: &dyn Manifests,
    root: &Path,
    manifest: &RelPath,
    platform: &str,
    registry: Option<&Registry>,
) -> Result<Graph, OpenError> {
    read(source, root, manifest, platform, registry, false)
}

fn read(
    source: &dyn Manifests,
    root: &Path,
    manifest: &RelPath,
    platform: &str,
    registry: Option<&Registry>,
    leave: bool,
) -> Result<Graph, OpenError> {
    let folder = root.file_name().map_or_else(|| String::from("project"), |name| name.to_string_lossy().into_owned());
    let Opened { project, trail, digests, texts, remakes, first, dirs, left, mistakes, whole } =
        import::load(source, root, manifest, &folder, leave).map_err(|problems| OpenError::Wrong(Box::new(problems)))?;
    let stamps = trail.manifests.iter().zip(&digests).map(|(path, digest)| source.stamp(path, digest)).collect();
    let stamp = Stamp { version: version(), manifest: manifest.clone(), digests, stamps, trail, remakes, first, dirs, doubtful: left };
    let stamp = postcard::to_stdvec(&stamp).unwrap_or_default();
    tracing::debug!(tasks = project.tasks.len(), "the manifest is read");
    let assembled = graph::assemble(&project, stamp, platform);
    let wrong: Vec<gates::Wrong> = project.gates.iter().filter_map(|gate| gates::read(gate).err()).flatten().collect();
    let undecided = registry.map(|registry| decide::wrong(registry, &project)).unwrap_or_default();
    if project.tasks.len() > MANY {
        // Giving back the memory of many tasks takes a while, and nobody has to wait for it.
        thread::spawn(move || drop(project));
    }
    let known = mistakes.count();
    let mut problems = mistakes.within(texts);
    wrong.into_iter().for_each(|one| problems.add("gate/wrong", one.message, Some(one.place), Some(one.help)));
    let found = match assembled {
        Ok(graph) if problems.count() == 0 => return Ok(graph),
        assembled => assembled.err().unwrap_or_default(),
    };
    undecided.into_iter().for_each(|problem| problems.push(problem));
    // What was left out for a mistake may be what is missing here.
    let sure = |code: &str| match code {
        "graph/unknown_target" => whole,
        "graph/undeclared_need" => known == 0,
        _ => true,
    };
    for problem in found.into_iter().filter(|problem| sure(problem.code)) {
        problems.push(Problem {
            code: problem.code,
            message: problem.message,
            place: problem.place,
            length: 1,
            help: problem.help,
            notes: problem.notes,
        });
    }
    Err(OpenError::Wrong(Box::new(problems.sorted())))
}

/// Returns the kept image of a load, if there is one that this version can use.
pub(super) fn mapped(path: &Path) -> Option<Graph> {
    disk::map(path).ok().and_then(|bytes| Graph::open(bytes).ok())
}

/// The image that the last build has left, beside the checkout's other state.
pub(super) const BUILT: &str = "graph";

/// The image of a manifest that was looked at since, and not built.
pub(super) const SEEN: &str = "graph.seen";

/// Returns the image of an earlier load that is what loading would give now, and whether the last build has left it. `state`: the folder of
/// the checkout's state.
pub(super) fn kept(state: &Path, tree: &Tree, manifest: &RelPath) -> Option<(Graph, bool)> {
    [BUILT, SEEN].into_iter().find_map(|name| {
        let graph = mapped(&state.join(name)).filter(|graph| current(graph, tree, manifest))?;
        Some((graph, name == BUILT))
    })
}

/// Returns what an image depends on.
pub(super) fn stamp(graph: &Graph) -> Option<Stamp> {
    postcard::from_bytes(&graph.header().trail).ok()
}

/// What has to be the same for a kept image to be of use: tasks for another platform are marked in it.
fn version() -> String {
    format!("{} {}-{}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH)
}

/// Whether a kept image is what loading would give now: same manifests by content, same answers to the same globs.
pub(super) fn current(graph: &Graph, tree: &Tree, manifest: &RelPath) -> bool {
    let Some(stamp) = stamp(graph) else { return false };
    let source = Disk(tree);
    let same = |((path, digest), then): ((&RelPath, &Digest), &Option<Signature>)| {
        (then.is_some() && tree.stat_follow(path).is_ok_and(|now| now == *then))
            || tree.read_text(path).is_ok_and(|bytes| Digest::of(&bytes) == *digest)
    };
    let Stamp { trail, digests, stamps, .. } = &stamp;
    stamp.version == version()
        && stamp.manifest == *manifest
        && digests.len() == trail.manifests.len()
        && stamps.len() == digests.len()
        && trail.manifests.iter().zip(digests).zip(stamps).all(same)
        && trail.globs.iter().all(|(patterns, found)| source.matches(patterns).is_ok_and(|now| now == *found))
}

//! Outputs found in place.

use super::World;
use crate::action::{Content, Output, OutputKind};
use crate::base::{RelPath, glob};
use crate::disk::{self, PatternSet};

/// Whether all outputs are in place, byte for byte.
pub(super) fn in_place(world: &World, outputs: &[Output], declared: &[String], excluded: &[String], again: bool) -> bool {
    let same = outputs.iter().all(|output| stands(world, output, again));
    same && !more_than(world, outputs, declared, excluded)
}

/// Whether an output is what it was, as far as is known from this run.
pub(super) fn is(world: &World, output: &Output) -> bool {
    stands(world, output, false)
}

/// The same; `again`: as it is now.
pub(super) fn stands(world: &World, output: &Output, again: bool) -> bool {
    match &output.kind {
        OutputKind::Folder => world.tree.stat(&output.path).ok().flatten().is_some_and(|signature| signature.is_dir()),
        OutputKind::File { digest, executable } => {
            matches!(world.content(&output.path, again), Ok(Content::File { digest: now, executable: x }) if now == *digest && x == *executable)
        }
        OutputKind::Link(target) => matches!(world.content(&output.path, again), Ok(Content::Link(now)) if now == *target),
    }
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

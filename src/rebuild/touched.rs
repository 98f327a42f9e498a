//! What happened to the inputs of a task while it ran, also where their bytes are the same again.

use super::{Prepared, World};
use crate::base::RelPath;
use crate::disk::Signature;

/// The stamps that inputs had before a task started.
pub struct Stamps(Vec<(RelPath, Option<(Signature, i64)>)>);

impl Stamps {
    /// Notes the stamps of all files and links among the inputs.
    pub fn of(world: &World, prepared: &Prepared) -> Stamps {
        let stamp = |path: &RelPath| (path.clone(), world.tree.stat_names(path).ok().flatten());
        Stamps(prepared.action.inputs.iter().map(|(path, _)| stamp(path)).filter(|(_, stamp)| !is_folder(stamp)).collect())
    }

    /// Returns what was written, exchanged or removed since, sorted. Another name for a file, or one less, changes nothing that is read.
    pub fn touched(&self, world: &World) -> Vec<&RelPath> {
        let same = |before: &Option<(Signature, i64)>, now: &Option<(Signature, i64)>| match (before, now) {
            (Some((before, names)), Some((now, names_now))) if names != names_now => Signature { ctime: now.ctime, ..*before } == *now,
            (before, now) => before == now,
        };
        let touched = self.0.iter().filter(|(path, before)| !world.tree.stat_names(path).is_ok_and(|now| same(before, &now)));
        touched.map(|(path, _)| path).collect()
    }
}

/// What stands in a folder may change its stamp.
fn is_folder(stamp: &Option<(Signature, i64)>) -> bool {
    stamp.is_some_and(|(signature, _)| signature.is_dir())
}

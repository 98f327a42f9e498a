//! Manifests that are made themselves: whether they have to be made anew.

use super::load::{exactly, stamp};
use super::manifests::Disk;
use super::{Engine, OpenError};
use crate::import::ninja::Remake;

impl Engine {
    /// Returns how the manifests are made that are made themselves.
    pub fn remakes(&self) -> Vec<Remake> {
        stamp(&self.graph).map(|stamp| stamp.remakes).unwrap_or_default()
    }

    /// Returns the addresses of the tasks that make what the graph depends on: they are built before it is walked.
    pub fn first(&self) -> Vec<String> {
        stamp(&self.graph).map(|stamp| stamp.first).unwrap_or_default()
    }

    /// Makes sure that the graph is what all says that was read for it, also what the project's own tasks have made. For after these were
    /// built.
    ///
    /// # Errors
    /// When something of that is wrong.
    pub fn sure(&self) -> Result<(), OpenError> {
        match stamp(&self.graph).is_some_and(|stamp| stamp.doubtful) {
            true => exactly(&Disk(&self.tree), &self.root, &self.manifest, &self.environment.platform, None).map(drop),
            false => Ok(()),
        }
    }

    /// Returns the manifests that are older than something that they are made from, each with the path of that.
    pub fn outdated(&self) -> Vec<(Remake, String)> {
        let newer = |remake: &Remake| {
            let made = self.tree.stat_follow(&remake.file).ok().flatten()?.mtime;
            let stamp = |input| self.tree.stat_follow(input).ok().flatten().map(|signature| signature.mtime);
            remake.inputs.iter().find(|input| stamp(input).is_none_or(|changed| changed > made)).map(ToString::to_string)
        };
        self.remakes().into_iter().filter_map(|remake| newer(&remake).map(|input| (remake, input))).collect()
    }
}

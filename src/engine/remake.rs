//! Manifests that are made themselves: whether they have to be made anew.

use super::Engine;
use super::load::Stamp;
use crate::import::ninja::Remake;

impl Engine {
    /// Returns how the manifests are made that are made themselves.
    pub fn remakes(&self) -> Vec<Remake> {
        postcard::from_bytes::<Stamp>(&self.graph.header().trail).map(|stamp| stamp.remakes).unwrap_or_default()
    }

    /// Returns the addresses of the tasks that make what the graph depends on: they are built before it is walked.
    pub fn first(&self) -> Vec<String> {
        postcard::from_bytes::<Stamp>(&self.graph.header().trail).map(|stamp| stamp.first).unwrap_or_default()
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

//! Manifests that are made themselves: whether they have to be made anew.

use super::Engine;
use super::load::Stamp;
use crate::import::ninja::Remake;

impl Engine {
    /// Returns the manifests that are older than something that they are made from, each with the path of that.
    pub fn outdated(&self) -> Vec<(Remake, String)> {
        let remakes = postcard::from_bytes::<Stamp>(&self.graph.header().trail).map(|stamp| stamp.remakes).unwrap_or_default();
        let newer = |remake: &Remake| {
            let made = self.tree.stat_follow(&remake.file).ok().flatten()?.mtime;
            let stamp = |input| self.tree.stat_follow(input).ok().flatten().map(|signature| signature.mtime);
            remake.inputs.iter().find(|input| stamp(input).is_none_or(|changed| changed > made)).map(ToString::to_string)
        };
        remakes.into_iter().filter_map(|remake| newer(&remake).map(|input| (remake, input))).collect()
    }
}

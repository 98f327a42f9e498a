//! Manifests that are made themselves: whether they have to be made anew.

use super::load::{exactly, stamp};
use super::manifests::Disk;
use super::{Engine, OpenError};
use crate::base::RelPath;
use crate::import::ninja::Remake;
use crate::rebuild;

impl Engine {
    /// Returns how the manifests are made that are made themselves.
    pub fn remakes(&self) -> Vec<Remake> {
        stamp(&self.graph).map(|stamp| stamp.remakes).unwrap_or_default()
    }

    /// Returns the addresses of the tasks that make what the graph depends on, in stages: they are built before it is walked, each stage
    /// before the graph says what the next one needs.
    pub fn first(&self) -> Vec<Vec<String>> {
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

    /// Returns the manifests that are older than something that they are made from, or lack something that is made along with them: each with
    /// a sentence that says so.
    pub fn outdated(&self) -> Vec<(Remake, String)> {
        let why = |remake: &Remake| {
            let stamp = |path: &RelPath| self.tree.stat_follow(path).ok().flatten().map(|signature| signature.mtime);
            let Some(made) = stamp(&remake.file) else { return Some(format!("`{}` is not there", remake.file)) };
            let newer = |input: &&RelPath| stamp(input).is_none_or(|changed| changed > made);
            let older = |input: &RelPath| format!("`{}` is older than `{input}`", remake.file);
            let lacking = || {
                remake
                    .along
                    .iter()
                    .find(|path| stamp(path).is_none())
                    .map(|path| format!("`{}` lacks `{path}`, which is made along with it", remake.file))
            };
            let input = remake.inputs.iter().find(newer).map(older);
            input.or_else(|| self.named(remake).iter().find(newer).map(older)).or_else(lacking)
        };
        self.remakes().into_iter().filter_map(|remake| why(&remake).map(|why| (remake, why))).collect()
    }

    /// Returns the files that the depfile of a manifest names; none if there is none, or it cannot be understood.
    fn named(&self, remake: &Remake) -> Vec<RelPath> {
        let text = remake.depfile.as_ref().and_then(|path| self.tree.read(path).ok()).unwrap_or_default();
        let place = |name: Vec<u8>| RelPath::anywhere(&self.root, &remake.dir, &name).ok();
        rebuild::parse_depfile(&text).unwrap_or_default().into_iter().filter_map(place).collect()
    }
}

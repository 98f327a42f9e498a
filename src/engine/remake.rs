//! Manifests that are made themselves: whether they have to be made anew.

use std::fs;

use serde::{Deserialize, Serialize};

use super::load::{exactly, stamp};
use super::manifests::Disk;
use super::{Engine, OpenError};
use crate::base::RelPath;
use crate::disk::write_beside;
use crate::import::ninja::Remake;
use crate::rebuild;
use crate::record::{Checkout, Status};

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
        let remakes = self.remakes();
        let unfinished = self.unfinished();
        let left = if remakes.iter().any(|remake| remake.restat) { self.left() } else { Vec::new() };
        let why = |remake: &Remake| {
            let stamp = |path: &RelPath| self.changed(path);
            let Some(made) = stamp(&remake.file) else { return Some(format!("`{}` is not there", remake.file)) };
            let left = left.iter().find(|left| left.file == remake.file && left.stamp == made).map(|left| left.began);
            if unfinished.as_ref() == Some(&remake.file) {
                return Some(format!("the last run of what makes `{}` failed or was interrupted", remake.file));
            }
            // What was written in the tick of the clock in which it began may not have been seen.
            let newer = |input: &&RelPath| stamp(input).is_none_or(|changed| changed > made && left.is_none_or(|began| changed >= began));
            let older = |input: &RelPath| format!("`{}` is older than `{input}`", remake.file);
            let lacking = || {
                remake
                    .along
                    .iter()
                    .find(|path| stamp(path).is_none())
                    .map(|path| format!("`{}` lacks `{path}`, which is made along with it", remake.file))
            };
            let input = remake.inputs.iter().find(newer).map(older);
            let named = || match self.named(remake) {
                Ok(named) => named.iter().find(newer).map(older),
                Err(what) => Some(format!("`{}` has {what}, which says what it is made from", remake.file)),
            };
            input.or_else(named).or_else(lacking)
        };
        remakes.into_iter().filter_map(|remake| why(&remake).map(|why| (remake, why))).collect()
    }

    /// Remembers that a manifest is about to be made anew, until [`Engine::note_remade`]: what it is then, if it does not come to that, may be
    /// newer than all that it is made from, and half of what belongs to it missing.
    pub fn note_remaking(&self, remake: &Remake) {
        // Without it, time stamps decide.
        let _ = write_beside(&self.state().join(BEGUN), remake.file.as_bytes());
    }

    /// Forgets what [`Engine::note_remaking`] has noted: it has succeeded.
    pub fn forget_remaking(&self) {
        let _ = fs::remove_file(self.state().join(BEGUN));
    }

    /// Whether a manifest is being made anew, or was and was not seen to succeed.
    pub fn is_remaking(&self) -> bool {
        !self.remakes().is_empty() && self.state().join(BEGUN).exists()
    }

    /// Returns the manifest that was begun to be made anew last, if the run of what makes it did not succeed.
    fn unfinished(&self) -> Option<RelPath> {
        let file = RelPath::from_normal(fs::read(self.state().join(BEGUN)).ok()?);
        let remake = self.remakes().into_iter().find(|remake| remake.file == file)?;
        let record = Checkout::open(&self.state(), false).ok()?.task(self.graph.row(self.graph.find(&remake.task)?).key)?;
        (record.status != Status::Succeeded).then_some(file)
    }

    /// Returns the files that the depfile of a manifest names; none where it is to have none.
    ///
    /// # Errors
    /// When it has none, or one that cannot be understood: says so, for behind `has`.
    fn named(&self, remake: &Remake) -> Result<Vec<RelPath>, String> {
        let Some(path) = &remake.depfile else { return Ok(Vec::new()) };
        let text = self.tree.read(path).map_err(|_| format!("no depfile `{path}`"))?;
        let names = rebuild::parse_depfile(&text).map_err(|_| format!("a wrong depfile `{path}`"))?;
        let place = |name: Vec<u8>| RelPath::anywhere(&self.root, &remake.dir, &name).ok();
        Ok(names.into_iter().filter_map(place).collect())
    }

    /// Returns the files that a manifest is made from, as far as they are known.
    pub(super) fn made_from(&self, remake: &Remake) -> Vec<RelPath> {
        [&remake.inputs[..], &self.named(remake).unwrap_or_default()].concat()
    }

    /// Remembers that a manifest was made anew; where that may leave it as it is, with when it was `began`, by the file systems' clock.
    pub fn note_remade(&self, remake: &Remake, began: i64) {
        self.forget_remaking();
        let Some(stamp) = self.changed(&remake.file).filter(|_| remake.restat) else { return };
        let mut left = self.left();
        left.retain(|left| left.file != remake.file);
        left.push(Left { file: remake.file.clone(), stamp, began });
        // Without it, it is made once more.
        let _ = write_beside(&self.state().join(LEFT), &postcard::to_stdvec(&left).unwrap_or_default());
    }

    fn left(&self) -> Vec<Left> {
        let bytes = fs::read(self.state().join(LEFT)).unwrap_or_default();
        postcard::from_bytes(&bytes).unwrap_or_default()
    }

    /// Returns when a file was changed last.
    fn changed(&self, path: &RelPath) -> Option<i64> {
        self.tree.stat_follow(path).ok().flatten().map(|signature| signature.mtime)
    }
}

/// Where it stands which manifests are being made anew.
const BEGUN: &str = "remaking";

/// Where it stands which manifests were left as they were, beside the checkout's other state.
const LEFT: &str = "remade";

/// A manifest that was made anew when it needed no change.
#[derive(Serialize, Deserialize)]
struct Left {
    file: RelPath,
    /// When it was changed last.
    stamp: i64,
    /// When it was made anew.
    began: i64,
}

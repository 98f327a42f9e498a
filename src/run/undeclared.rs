//! Files that commands leave in the checkout although no task declares them.

use std::io;
use std::sync::Mutex;

use rustc_hash::FxHashMap;

use crate::base::RelPath;
use crate::disk::{PatternSet, Signature, sources};
use crate::rebuild::{Prepared, World};

/// The checkout's files as they were last seen, by stamp. Files that git ignores are nobody's business.
///
/// Two tasks that run at the same time cannot be told apart by what stands there afterwards: the first one that ends answers for both. A file
/// that is gone again when an attempt ends was never there.
#[derive(Default)]
pub(super) struct Undeclared(Mutex<Option<FxHashMap<RelPath, Option<Signature>>>>);

impl Undeclared {
    /// Takes note of what is there, unless that was done in this run.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn begin(&self, world: &World) -> io::Result<()> {
        let mut seen = self.0.lock().expect("no holder panics");
        if seen.is_none() {
            *seen = Some(now(world)?);
        }
        Ok(())
    }

    /// Returns, sorted, what is new or otherwise than when it was last looked at, and no task's output.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn left_by(&self, world: &World, prepared: &Prepared) -> io::Result<Vec<RelPath>> {
        let mut seen = self.0.lock().expect("no holder panics");
        let now = now(world)?;
        let before = seen.replace(now);
        let (Some(before), Some(now)) = (before, &*seen) else { return Ok(Vec::new()) };
        let own = PatternSet::new(&prepared.outputs, &prepared.excluded).map_err(io::Error::other)?;
        let (allowed, not) = &prepared.undeclared;
        let allowed = PatternSet::new(allowed, not).map_err(io::Error::other)?;
        let named = [prepared.action.depfile.as_deref(), prepared.action.response.as_ref().map(|(path, _)| &**path)];
        let declared = |path: &RelPath| {
            own.matches(path)
                || allowed.matches(path)
                || world.made().holds(path)
                || named.iter().flatten().any(|name| name.as_bytes() == path.as_bytes())
        };
        let changed = now.iter().filter(|(path, stamp)| before.get(*path) != Some(*stamp) && !declared(path));
        let mut left: Vec<RelPath> = changed.map(|(path, _)| path.clone()).collect();
        left.sort_unstable();
        Ok(left)
    }
}

fn now(world: &World) -> io::Result<FxHashMap<RelPath, Option<Signature>>> {
    let files = sources(&world.tree, &RelPath::root(), true)?;
    let paths: Vec<&[u8]> = files.iter().map(RelPath::as_bytes).collect();
    let stamps = world.tree.stat_many(&paths);
    Ok(files.into_iter().zip(stamps).collect())
}

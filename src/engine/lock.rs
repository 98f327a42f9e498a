//! Who writes into a checkout alone: one build at a time, and one who updates baselines.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::load::{current, stamp};
use super::{Engine, state_folder};
use crate::event::{Outcome, Reason};
use crate::process::{is_stopped, is_within, lives};
use crate::run::Seen;

/// What stands before the number of the process in the lock of a checkout.
const HOLDER: &str = "process ";

/// Why a checkout cannot be locked.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// This process belongs to a build in the same checkout, which waits for it.
    #[error("a build in this checkout is under way, and this is a part of it: neither could end before the other")]
    Within,
    /// The surroundings failed.
    #[error("cannot write the state of this checkout: {0}")]
    Broken(#[from] io::Error),
}

/// Keeps all other builds away for as long as it lives.
pub struct Lock {
    _files: Vec<File>,
}

/// Takes the lock of one folder; returns also whether somebody else had it.
fn hold(folder: &Path, said: &mut dyn FnMut(&str)) -> Result<(File, bool), LockError> {
    let path = folder.join(".orket/lock");
    let named = |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()));
    state_folder(folder).map_err(named)?;
    let mut waited = false;
    let mut file = fs::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(&path).map_err(named)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            let mut holder = String::new();
            file.read_to_string(&mut holder)?;
            if holder.trim().strip_prefix(HOLDER).and_then(|pid| pid.parse().ok()).is_some_and(is_within) {
                return Err(LockError::Within);
            }
            let holder = holder.trim();
            match holder.strip_prefix(HOLDER).and_then(|pid| pid.parse().ok()).filter(|pid| is_stopped(*pid)) {
                Some(pid) => said(&format!("{holder}, which is stopped: `kill -CONT {pid}` lets it go on")),
                None => said(holder),
            }
            file.lock()?;
            waited = true;
        }
        // A file system without locks: builds in one checkout are then the user's to keep apart.
        Err(fs::TryLockError::Error(_)) => {}
    }
    // As long as the last one's, and written over it at once: who reads meanwhile finds the one or the other.
    let own = format!("{HOLDER}{:<10}\n", std::process::id());
    io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
    file.write_all(own.as_bytes())?;
    file.set_len(own.len() as u64)?;
    Ok((file, waited))
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

impl Engine {
    /// Waits until no other build runs in this checkout, nor in a folder that a manifest of another tool, which this one imports, builds in: it
    /// may be a project of its own. `said` is told for whom, once for each; nothing where it has not yet said. Returns also whether it is
    /// still sure that the manifests are what was opened: while it waited, they may have been changed.
    ///
    /// # Errors
    /// When the lock cannot be made, or whoever holds it waits for this process.
    pub fn lock(&self, said: &mut dyn FnMut(&str)) -> Result<(Lock, bool), LockError> {
        let dirs = stamp(&self.graph).map(|stamp| stamp.dirs).unwrap_or_default();
        let others = dirs.iter().filter_map(|dir| fs::canonicalize(dir.under(&self.root)).ok());
        // All take them in one order, so that no two wait for each other.
        let folders: BTreeSet<PathBuf> = others.chain([self.root.clone()]).collect();
        let (mut files, mut waited) = (Vec::new(), false);
        for folder in folders {
            match hold(&folder, said) {
                Ok((file, late)) => {
                    files.push(file);
                    waited |= late;
                }
                // Nobody builds in a folder that nobody may write to.
                Err(LockError::Broken(error)) if folder != self.root && is_closed(&error) => {}
                Err(error) => return Err(error),
            }
        }
        let sure = !waited || (current(&self.graph, &self.tree, &self.manifest) && self.outdated().is_empty());
        Ok((Lock { _files: files }, sure))
    }

    /// Says of what a build in this checkout runs at this moment that it does.
    pub fn note_running(&self, seen: &mut [Seen]) {
        if !self.is_locked() {
            return;
        }
        // What cannot be read says nothing.
        let running = self.runs().under_way().unwrap_or_default();
        for one in seen.iter_mut().filter(|one| running.contains(self.graph.address(one.task))) {
            *one = Seen { outcome: Outcome::Done, reason: Some(Reason::Running), trouble: None, ..*one };
        }
    }

    /// Whether somebody builds in this checkout.
    fn is_locked(&self) -> bool {
        let Ok(mut file) = File::open(self.state().join("lock")) else { return false };
        let mut holder = String::new();
        let named = file.read_to_string(&mut holder).ok().and_then(|_| holder.trim().strip_prefix(HOLDER)?.parse().ok());
        // Where the one who is named is gone, nobody who comes just now is made to wait.
        named.is_some_and(lives) && matches!(file.try_lock_shared(), Err(fs::TryLockError::WouldBlock))
    }

    /// Waits until nobody else in this checkout writes a baseline; on a file system without locks, nobody is waited for.
    ///
    /// # Errors
    /// When the lock cannot be made.
    pub fn lock_baselines(&self) -> io::Result<File> {
        state_folder(&self.root)?;
        let file = fs::OpenOptions::new().create(true).truncate(false).write(true).open(self.state().join("baselines.lock"))?;
        let _ = file.lock();
        Ok(file)
    }
}

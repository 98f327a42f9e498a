//! Who writes into a checkout alone: one build at a time, and one who updates baselines.

use std::fs::{self, File};
use std::io::{self, Read, Write};

use super::load::current;
use super::{Engine, state_folder};
use crate::process::is_within;

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

impl Engine {
    /// Waits until no other build runs in this checkout. `said` is told for whom, once, if there is one; nothing where it has not yet said.
    /// Returns also whether it is still sure that the manifests are what was opened: while it waited, they may have been changed.
    ///
    /// # Errors
    /// When the lock cannot be made, or whoever holds it waits for this process.
    pub fn lock(&self, said: &mut dyn FnMut(&str)) -> Result<(File, bool), LockError> {
        state_folder(&self.root)?;
        let mut sure = true;
        let mut file = fs::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(self.state().join("lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                if holder.trim().strip_prefix(HOLDER).and_then(|pid| pid.parse().ok()).is_some_and(is_within) {
                    return Err(LockError::Within);
                }
                said(holder.trim());
                file.lock()?;
                sure = current(&self.graph, &self.tree, &self.manifest) && self.outdated().is_empty();
            }
            // A file system without locks: builds in one checkout are then the user's to keep apart.
            Err(fs::TryLockError::Error(_)) => {}
        }
        // As long as the last one's, and written over it at once: who reads meanwhile finds the one or the other.
        let own = format!("{HOLDER}{:<10}\n", std::process::id());
        io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
        file.write_all(own.as_bytes())?;
        file.set_len(own.len() as u64)?;
        Ok((file, sure))
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

//! Looking after the store: how large it is, whether it is whole, and making it smaller.

use std::collections::HashSet;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use walkdir::WalkDir;

use super::{Blobs, LocalStore, StoreError, entry};
use crate::base::Digest;

/// Temporary files this old belong to nobody any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// How much there is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Files and logs.
    pub blobs: usize,
    /// Their size in bytes.
    pub blob_bytes: u64,
    /// Recorded results.
    pub actions: usize,
    /// Their size in bytes.
    pub action_bytes: u64,
}

/// What reading everything found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verification {
    /// How many entries were read.
    pub entries: usize,
    /// Damaged entries; they were put aside.
    pub damaged: Vec<PathBuf>,
    /// Results whose bytes are not there any more: they count as not recorded, and are no damage.
    pub dangling: usize,
}

/// What a sweep removed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Swept {
    /// How many entries.
    pub entries: usize,
    /// How many bytes.
    pub bytes: u64,
    /// How many bytes are left.
    pub left: u64,
}

struct Found {
    path: PathBuf,
    action: bool,
    size: u64,
    used: SystemTime,
}

impl LocalStore {
    /// Returns how much there is.
    pub fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        for found in self.entries() {
            let (count, bytes) =
                if found.action { (&mut stats.actions, &mut stats.action_bytes) } else { (&mut stats.blobs, &mut stats.blob_bytes) };
            *count += 1;
            *bytes += found.size;
        }
        stats
    }

    /// Reads every entry and puts aside what is damaged.
    ///
    /// # Errors
    /// When an entry cannot be read at all.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        let mut verification = Verification::default();
        for found in self.entries() {
            let Some(bytes) = self.read(&found.path)? else { continue };
            verification.entries += 1;
            let name = found.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let good = if found.action {
                let entry = entry::decode(&bytes, None);
                let key = bytes.get(8..40).map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
                verification.dangling +=
                    usize::from(entry.as_ref().is_some_and(|entry| !entry.blobs.iter().all(|digest| self.has(digest))));
                entry.is_some() && key.as_deref() == Some(name)
            } else {
                Digest::of(&bytes).hex() == name
            };
            if !good {
                self.quarantine(&found.path);
                verification.damaged.push(found.path);
            }
        }
        Ok(verification)
    }

    /// Removes what was not used for longest until at most `limit` bytes are left. What `pinned` names stays, and so does what was used
    /// since the sweep began.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn sweep(&self, limit: u64, pinned: &HashSet<String>) -> Result<Swept, StoreError> {
        let began = SystemTime::now();
        for entry in WalkDir::new(self.root().join("tmp")).min_depth(1).into_iter().flatten() {
            let old = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()).and_then(|time| time.elapsed().ok());
            if old.is_some_and(|old| old > ABANDONED) {
                let _ = fs::remove_file(entry.path());
            }
        }
        let _ = fs::remove_dir_all(self.root().join("quarantine"));
        let mut entries = self.entries();
        let mut swept = Swept { left: entries.iter().map(|found| found.size).sum(), ..Swept::default() };
        entries.sort_by_key(|found| (found.used, !found.action));
        for found in entries {
            if swept.left <= limit {
                break;
            }
            let name = found.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let used = fs::metadata(&found.path).and_then(|metadata| metadata.modified());
            if pinned.contains(name) || used.map_or(true, |used| used > found.used || used > began) {
                continue;
            }
            fs::remove_file(&found.path).map_err(StoreError::new("remove", &found.path))?;
            swept.entries += 1;
            swept.bytes += found.size;
            swept.left -= found.size;
        }
        Ok(swept)
    }

    /// Removes everything; returns how many bytes that were.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn clear(&self) -> Result<u64, StoreError> {
        let stats = self.stats();
        for folder in ["actions", "blobs", "quarantine", "tmp"] {
            let path = self.root().join(folder);
            match fs::remove_dir_all(&path) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::new("remove", &path)(error)),
                _ => {}
            }
        }
        Ok(stats.blob_bytes + stats.action_bytes)
    }

    fn entries(&self) -> Vec<Found> {
        let kinds = [("actions", true), ("blobs", false)];
        let walk = |(kind, action): (&str, bool)| {
            WalkDir::new(self.root().join(kind))
                .into_iter()
                .flatten()
                .filter(|entry| entry.file_type().is_file())
                .filter_map(move |entry| {
                    let metadata = entry.metadata().ok()?;
                    Some(Found { path: entry.path().to_path_buf(), action, size: metadata.len(), used: metadata.modified().ok()? })
                })
                .collect::<Vec<_>>()
        };
        kinds.into_iter().flat_map(walk).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::ActionCache;

    #[test]
    fn a_sweep_keeps_what_is_pinned_and_what_fits() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        let digests: Vec<Digest> = (0..4u8).map(|byte| store.put_bytes(&[byte; 100]).unwrap()).collect();
        for (age, digest) in digests.iter().enumerate() {
            let file = fs::File::open(store.blob(digest)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(1000 - age as u64)).unwrap();
        }
        let swept = store.sweep(200, &HashSet::from([digests[0].hex()])).unwrap();
        assert_eq!((swept.entries, swept.bytes, swept.left), (2, 200, 200));
        let there: Vec<bool> = digests.iter().map(|digest| store.has(digest)).collect();
        assert_eq!(there, [true, false, false, true]);
    }

    #[test]
    fn verify_names_damage_and_counts_what_dangles() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        store.record(&Digest::of(b"key"), b"payload", &[Digest::of(b"gone")]).unwrap();
        let blob = store.put_bytes(b"bytes").unwrap();
        assert_eq!(store.verify().unwrap(), Verification { entries: 2, damaged: Vec::new(), dangling: 1 });
        fs::remove_file(store.blob(&blob)).unwrap();
        fs::write(store.blob(&blob), "wrong").unwrap();
        assert_eq!(store.verify().unwrap().damaged, [store.blob(&blob)]);
        assert_eq!(store.verify().unwrap().damaged, [] as [PathBuf; 0]);
        assert!(store.clear().unwrap() > 0);
    }
}

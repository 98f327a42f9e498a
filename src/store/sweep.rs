//! Looking after the store: how large it is, whether it is whole, and making it smaller.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io::{self, Read};
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
            let Some((mut file, _)) = self.open(&found.path)? else { continue };
            verification.entries += 1;
            let name = found.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let failed = StoreError::new("read", &found.path);
            let good = if found.action {
                let mut bytes = Vec::new();
                file.read_to_end(&mut bytes).map_err(failed)?;
                let entry = entry::decode(&bytes, None);
                let key = bytes.get(8..40).map(|hash| hash.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
                verification.dangling +=
                    usize::from(entry.as_ref().is_some_and(|entry| !entry.blobs.iter().all(|digest| self.has(digest))));
                entry.is_some() && key.as_deref() == Some(name)
            } else {
                Digest::of_reader(&mut file).map_err(failed)?.hex() == name
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
            if old.is_some_and(|old| old > ABANDONED) && !written_by_the_living(&entry.file_name().to_string_lossy()) {
                let _ = fs::remove_file(entry.path());
            }
        }
        let _ = fs::remove_dir_all(self.root().join("quarantine"));
        let mut entries = self.entries();
        let mut swept = Swept { left: entries.iter().map(|found| found.size).sum(), ..Swept::default() };
        let recorded = self.last_uses(&entries);
        let key = |found: &Found| {
            let name = found.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let named = if found.action { None } else { recorded.get(name).copied() };
            (named.map_or(found.used, |named| named.max(found.used)), !found.action)
        };
        entries.sort_by_cached_key(key);
        for found in entries {
            if swept.left <= limit {
                break;
            }
            let name = found.path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
            let used = fs::metadata(&found.path).and_then(|metadata| metadata.modified());
            if pinned.contains(name) || used.map_or(true, |used| used > found.used || used > began) {
                continue;
            }
            match fs::remove_file(&found.path) {
                // Another sweep was here first.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    swept.left -= found.size;
                    continue;
                }
                result => result.map_err(StoreError::new("remove", &found.path))?,
            }
            swept.entries += 1;
            swept.bytes += found.size;
            swept.left -= found.size;
        }
        // The account is a hint; who cannot write it has swept all the same.
        if swept.left > 0 || self.root().exists() {
            let _ = self.measured(swept.left);
        }
        Ok(swept)
    }

    /// Returns, by name, when the blobs were last used through a result: a blob goes after the last result that needs it.
    fn last_uses(&self, entries: &[Found]) -> HashMap<String, SystemTime> {
        let mut uses = HashMap::new();
        for found in entries.iter().filter(|found| found.action) {
            let bytes = fs::read(&found.path).unwrap_or_default();
            for digest in entry::decode(&bytes, None).map(|entry| entry.blobs).unwrap_or_default() {
                let used = uses.entry(digest.hex()).or_insert(found.used);
                *used = found.used.max(*used);
            }
        }
        uses
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
        let _ = fs::remove_file(self.root().join("size"));
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

/// Whether the process that a temporary file is named for is alive; one that may not be asked is.
fn written_by_the_living(name: &str) -> bool {
    let number = name.split('-').next().and_then(|number| number.parse().ok());
    let Some(process) = number.filter(|number| *number > 0).and_then(rustix::process::Pid::from_raw) else { return false };
    rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH)
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

    #[test]
    fn a_result_goes_before_the_bytes_that_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        let old = |path: &PathBuf, age| {
            fs::File::open(path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        };
        let (needed, alone) = (store.put_bytes(&[1; 100]).unwrap(), store.put_bytes(&[2; 100]).unwrap());
        old(&store.blob(&needed), 9000);
        old(&store.blob(&alone), 5000);
        store.record(&Digest::of(b"key"), b"payload", &[needed]).unwrap();
        let record = store.entries().into_iter().find(|found| found.action).unwrap();
        old(&record.path, 1000);
        store.sweep(100 + record.size, &HashSet::new()).unwrap();
        assert_eq!((store.has(&alone), store.has(&needed), record.path.exists()), (false, true, true));
        store.sweep(100, &HashSet::new()).unwrap();
        assert_eq!((store.has(&needed), record.path.exists()), (true, false));
    }

    #[test]
    fn old_files_of_the_dead_are_removed_and_those_of_the_living_stay() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        store.put_bytes(b"bytes").unwrap();
        let (dead, living, fresh) = (i32::MAX.to_string() + "-0", format!("{}-0", std::process::id()), i32::MAX.to_string() + "-1");
        for (name, age) in [(&dead, 4000), (&living, 4000), (&fresh, 10)] {
            let file = fs::File::create(folder.path().join("tmp").join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        }
        store.sweep(1000, &HashSet::new()).unwrap();
        let left = [&dead, &living, &fresh].map(|name| folder.path().join("tmp").join(name).exists());
        assert_eq!(left, [false, true, true]);
    }

    #[test]
    fn looking_for_damage_is_no_use() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        let blob = store.blob(&store.put_bytes(b"bytes").unwrap());
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        fs::File::open(&blob).unwrap().set_modified(long_ago).unwrap();
        store.verify().unwrap();
        assert_eq!(fs::metadata(&blob).unwrap().modified().unwrap(), long_ago);
        store.put_bytes(b"bytes").unwrap();
        assert_ne!(fs::metadata(&blob).unwrap().modified().unwrap(), long_ago);
    }
}

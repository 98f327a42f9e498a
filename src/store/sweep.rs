//! Looking after the store: how large it is, whether it is whole, and making it smaller.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use walkdir::WalkDir;

use super::shelf::Shelf;
use super::{Blobs, LocalStore, StoreError, entry, limit};
use crate::base::Digest;

/// How the names of folders begin that everything is moved to when the store is cleared.
const CLEARED: &str = "cleared";

/// Temporary files this old belong to nobody any more.
const ABANDONED: Duration = Duration::from_secs(3600);

/// How often it is tried to remove a folder in which others still make files.
const TRIES: usize = 100;

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

/// An entry of the store.
struct Found {
    name: String,
    place: Place,
    size: u64,
    used: SystemTime,
    /// What a result needs.
    blobs: Vec<Digest>,
}

/// All that is in the store.
struct Contents<'a> {
    entries: Vec<Found>,
    /// The shelves' files in which something is damaged.
    damaged: Vec<(&'a Shelf, usize)>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    /// A blob in a file of its own.
    File,
    /// A small blob, in this row.
    Small(usize),
    /// A result, in this row.
    Result(usize),
}

impl LocalStore {
    /// Returns how much there is.
    ///
    /// # Errors
    /// When the store cannot be read.
    pub fn stats(&self) -> Result<Stats, StoreError> {
        let mut stats = Stats::default();
        for found in self.contents()?.entries {
            let (count, bytes) = match found.place {
                Place::Result(_) => (&mut stats.actions, &mut stats.action_bytes),
                _ => (&mut stats.blobs, &mut stats.blob_bytes),
            };
            *count += 1;
            *bytes += found.size;
        }
        Ok(stats)
    }

    /// Reads every entry and puts aside what is damaged.
    ///
    /// # Errors
    /// When an entry cannot be read at all.
    pub fn verify(&self) -> Result<Verification, StoreError> {
        let mut verification = Verification::default();
        let Contents { entries, damaged } = self.contents()?;
        for found in entries {
            verification.entries += 1;
            if found.place == Place::File {
                let path = self.file(&found.name);
                let Some((mut file, _)) = self.open(&path)? else { continue };
                if Digest::of_reader(&mut file).map_err(StoreError::new("read", &path))?.hex() != found.name {
                    self.quarantine(&path);
                    verification.damaged.push(path);
                }
            }
            verification.dangling += usize::from(!found.blobs.iter().all(|digest| self.has(digest)));
        }
        for (shelf, row) in damaged {
            let path = shelf.path(row);
            self.copy_aside(&path);
            shelf.thin(row, |_, _| true)?;
            verification.damaged.push(path);
        }
        Ok(verification)
    }

    /// Removes what was not used for longest until at most `limit` bytes are left. What `pinned` names stays, and so does what was used
    /// since the sweep began.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn sweep(&self, limit: u64, pinned: &HashSet<String>) -> Result<Swept, StoreError> {
        if self.is_foreign() {
            return Ok(Swept::default());
        }
        let began = SystemTime::now();
        for entry in WalkDir::new(self.root().join("tmp")).min_depth(1).into_iter().flatten() {
            let old = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()).and_then(|time| time.elapsed().ok());
            if old.is_some_and(|old| old > ABANDONED) && !written_by_the_living(&entry.file_name().to_string_lossy()) {
                let _ = fs::remove_file(entry.path());
            }
        }
        let _ = fs::remove_dir_all(self.root().join("quarantine"));
        let mut entries = self.contents()?.entries;
        let mut swept = Swept { left: entries.iter().map(|found| found.size).sum(), ..Swept::default() };
        let recorded = last_uses(&entries);
        entries.sort_by_cached_key(|found| {
            let needed = recorded.get(&found.name).copied();
            (needed.map_or(found.used, |needed| needed.max(found.used)), !matches!(found.place, Place::Result(_)))
        });
        let mut rows: HashMap<Place, HashMap<String, SystemTime>> = HashMap::new();
        for found in entries {
            if swept.left <= limit {
                break;
            }
            if pinned.contains(&found.name) || found.used > began {
                continue;
            }
            if found.place == Place::File {
                let path = self.file(&found.name);
                if fs::metadata(&path).and_then(|metadata| metadata.modified()).map_or(true, |used| used > found.used) {
                    continue;
                }
                match fs::remove_file(&path) {
                    // Another sweep was here first.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        swept.left -= found.size;
                        continue;
                    }
                    result => result.map_err(StoreError::new("remove", &path))?,
                }
            } else {
                rows.entry(found.place).or_default().insert(found.name, found.used);
            }
            swept.entries += 1;
            swept.bytes += found.size;
            swept.left -= found.size;
        }
        for (place, goes) in rows {
            let stays = |key: &Digest, used: SystemTime| goes.get(&key.hex()).is_none_or(|known| used > *known);
            match place {
                Place::Small(row) => self.small.thin(row, stays)?,
                Place::Result(row) => self.results.thin(row, stays)?,
                Place::File => {}
            }
        }
        // The account is a hint; who cannot write it has swept all the same.
        if swept.left > 0 || self.root().exists() {
            let _ = self.measured(swept.left);
        }
        Ok(swept)
    }

    /// Removes everything; returns how many bytes that were.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn clear(&self) -> Result<u64, StoreError> {
        // Out of the way first: others may go on putting things in, which stand in new folders then. Each clearing has a place of its own.
        fs::create_dir_all(self.root()).map_err(StoreError::new("make", self.root()))?;
        self.remove_abandoned_clearings();
        let away = tempfile::Builder::new().prefix(CLEARED).tempdir_in(self.root()).map_err(StoreError::new("make", self.root()))?;
        for folder in ["results", "small", "blobs", "quarantine", "tmp"] {
            let path = self.root().join(folder);
            match fs::rename(&path, away.path().join(folder)) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::new("remove", &path)(error)),
                _ => {}
            }
        }
        let stats = LocalStore::new(away.path().to_path_buf()).stats();
        remove(away.path())?;
        let _ = fs::write(self.root().join(limit::ACCOUNT), limit::empty());
        stats.map(|stats| stats.blob_bytes + stats.action_bytes)
    }

    /// Removes what a clearing that was killed has left.
    fn remove_abandoned_clearings(&self) {
        for entry in WalkDir::new(self.root()).min_depth(1).max_depth(1).into_iter().flatten() {
            let old = entry.metadata().ok().and_then(|metadata| metadata.modified().ok()).and_then(|time| time.elapsed().ok());
            if entry.file_name().to_string_lossy().starts_with(CLEARED) && old.is_some_and(|old| old > ABANDONED) {
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }

    fn contents(&self) -> Result<Contents<'_>, StoreError> {
        let mut entries = Vec::new();
        for entry in WalkDir::new(self.root().join("blobs")).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
            let Some((size, used)) = entry.metadata().ok().and_then(|metadata| Some((metadata.len(), metadata.modified().ok()?))) else {
                continue;
            };
            let name = entry.file_name().to_string_lossy().into_owned();
            entries.push(Found { name, place: Place::File, size, used, blobs: Vec::new() });
        }
        let mut damaged = Vec::new();
        for (shelf, is_result) in [(&self.small, false), (&self.results, true)] {
            let rows = shelf.look_through(|item| {
                let Some(bytes) = item.bytes else { return };
                let (place, blobs) = match is_result {
                    true => (Place::Result(item.row), entry::decode(&bytes, None).map(|entry| entry.blobs).unwrap_or_default()),
                    false => (Place::Small(item.row), Vec::new()),
                };
                entries.push(Found { name: item.key.hex(), place, size: item.size, used: item.used, blobs });
            })?;
            damaged.extend(rows.into_iter().map(|row| (shelf, row)));
        }
        Ok(Contents { entries, damaged })
    }

    /// Returns the file of a blob that has one.
    fn file(&self, name: &str) -> PathBuf {
        self.root().join("blobs").join(name.get(..2).unwrap_or_default()).join(name)
    }
}

/// Returns, by name, when the blobs were last used through a result: a blob goes after the last result that needs it.
fn last_uses(entries: &[Found]) -> HashMap<String, SystemTime> {
    let mut uses = HashMap::new();
    for found in entries {
        for digest in &found.blobs {
            let used = uses.entry(digest.hex()).or_insert(found.used);
            *used = found.used.max(*used);
        }
    }
    uses
}

/// Whether the process that a temporary file is named for is alive; one that may not be asked is.
fn written_by_the_living(name: &str) -> bool {
    let number = name.split('-').next().and_then(|number| number.parse().ok());
    let Some(process) = number.filter(|number| *number > 0).and_then(rustix::process::Pid::from_raw) else { return false };
    rustix::process::test_kill_process(process) != Err(rustix::io::Errno::SRCH)
}

fn remove(folder: &Path) -> Result<(), StoreError> {
    let mut left = TRIES;
    loop {
        match fs::remove_dir_all(folder) {
            // Whoever was on its way into the folder when it was moved makes one more file in it.
            Err(error) if error.kind() == std::io::ErrorKind::DirectoryNotEmpty && left > 0 => left -= 1,
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(StoreError::new("remove", folder)(error)),
            _ => return Ok(()),
        }
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
        let digests: Vec<Digest> = (0..4u8).map(|byte| store.put_bytes(&[byte; 20_000]).unwrap()).collect();
        for (age, digest) in digests.iter().enumerate() {
            let file = fs::File::open(store.blob(digest)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(1000 - age as u64)).unwrap();
        }
        let swept = store.sweep(40_000, &HashSet::from([digests[0].hex()])).unwrap();
        assert_eq!((swept.entries, swept.bytes, swept.left), (2, 40_000, 40_000));
        let there: Vec<bool> = digests.iter().map(|digest| store.has(digest)).collect();
        assert_eq!(there, [true, false, false, true]);
    }

    #[test]
    fn verify_names_damage_and_counts_what_dangles() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        store.record(&Digest::of(b"key"), b"payload", &[Digest::of(b"gone")]).unwrap();
        let (large, small) = (store.put_bytes(&[1; 20_000]).unwrap(), store.put_bytes(b"bytes").unwrap());
        assert_eq!(store.verify().unwrap(), Verification { entries: 3, damaged: Vec::new(), dangling: 1 });
        fs::remove_file(store.blob(&large)).unwrap();
        fs::write(store.blob(&large), [2; 20_000]).unwrap();
        let row = store.small.path_of(&small);
        let mut bytes = fs::read(&row).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&row, bytes).unwrap();
        assert_eq!(store.verify().unwrap().damaged, [store.blob(&large), row]);
        assert_eq!(store.verify().unwrap(), Verification { entries: 1, damaged: Vec::new(), dangling: 1 });
        assert_eq!(fs::read_dir(folder.path().join("quarantine")).unwrap().count(), 2);
        assert!(store.clear().unwrap() > 0);
    }

    #[test]
    fn it_is_cleared_while_others_put_things_in() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        std::thread::scope(|scope| {
            let put = |first: u32| {
                for number in first..first + 100 {
                    // A result that is not stored is made again.
                    let _ = store.put_bytes(&number.to_le_bytes().repeat(5000));
                }
            };
            let writers = [0, 1 << 30].map(|first| scope.spawn(move || put(first)));
            scope.spawn(|| (0..10).for_each(|_| assert!(store.clear().is_ok())));
            while !writers.iter().all(std::thread::ScopedJoinHandle::is_finished) {
                store.clear().unwrap();
            }
        });
        store.clear().unwrap();
        let mut left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, ["CACHEDIR.TAG", "checkouts", "size", "version"]);
        assert_eq!(store.stats().unwrap(), Stats::default());
    }

    #[test]
    fn a_result_goes_before_the_bytes_that_it_needs() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        let old = |path: &PathBuf, age| {
            fs::File::open(path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(age)).unwrap();
        };
        let (needed, alone) = (store.put_bytes(&[1; 20_000]).unwrap(), store.put_bytes(&[2; 20_000]).unwrap());
        old(&store.blob(&needed), 9000);
        old(&store.blob(&alone), 5000);
        let key = Digest::of(b"key");
        store.record(&key, b"payload", &[needed]).unwrap();
        store.results.stamp(&key, SystemTime::now() - Duration::from_secs(1000));
        let there = || (store.has(&alone), store.has(&needed), store.results.has(&key));
        store.sweep(21_000, &HashSet::new()).unwrap();
        assert_eq!(there(), (false, true, true));
        store.sweep(20_000, &HashSet::new()).unwrap();
        assert_eq!(there(), (false, true, false));
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
        let bytes = [1; 20_000];
        let blob = store.blob(&store.put_bytes(&bytes).unwrap());
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1000);
        fs::File::open(&blob).unwrap().set_modified(long_ago).unwrap();
        store.verify().unwrap();
        assert_eq!(fs::metadata(&blob).unwrap().modified().unwrap(), long_ago);
        store.put_bytes(&bytes).unwrap();
        assert_ne!(fs::metadata(&blob).unwrap().modified().unwrap(), long_ago);
    }
}

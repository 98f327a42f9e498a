//! Many small entries in few files.
//!
//! Making a file costs a file system far more than the few bytes of a result are worth, so results and small blobs are appended to one of
//! 64 files, chosen by key. Every entry carries its key and checks of its own: one that is torn or damaged is passed over, and the next good
//! one is found behind it. Whoever appends holds the file's lock; a sweep writes what stays into another file, puts that in the old one's
//! place, and whoever still has the old one open notices that it has no name any more.
//!
//! A file is open only while it is used: the system copies the table of open files for every command that is started, and closes each in
//! the copy, which costs more than opening one again.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::StoreError;
use super::medium::Medium;
use super::row::{HEAD, Head, Row, Spot};
use crate::base::Digest;

const ROWS: usize = 64;

/// An entry, for those who look after the store.
pub(super) struct Item {
    pub key: Digest,
    /// With its head, in bytes.
    pub size: u64,
    pub used: SystemTime,
    /// The file it stands in.
    pub row: usize,
    /// `None` if they are not what was put.
    pub bytes: Option<Vec<u8>>,
}

/// Entries by key.
pub(super) struct Shelf {
    folder: PathBuf,
    medium: Arc<dyn Medium>,
    rows: Vec<Mutex<Row>>,
}

impl Shelf {
    /// A shelf in `folder`, which need not be there.
    pub fn new(folder: PathBuf, medium: Arc<dyn Medium>) -> Shelf {
        Shelf { folder, medium, rows: (0..ROWS).map(|_| Mutex::default()).collect() }
    }

    /// Whether an entry seems to be there.
    pub fn has(&self, key: &Digest) -> bool {
        self.open(key).is_ok_and(|open| open.is_some_and(|(row, _)| row.spots.contains_key(key)))
    }

    /// As [`Shelf::has`], and counts as a use.
    pub fn present(&self, key: &Digest) -> bool {
        let Ok(Some((mut row, file))) = self.open(key) else { return false };
        row.renew(&file, key);
        row.spots.contains_key(key)
    }

    /// Returns the bytes of an entry; damaged ones count as missing, and are forgotten.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn get(&self, key: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let failed = |error| StoreError::new("read", &self.path(index(key)))(error);
        let Some((mut row, file)) = self.open(key).map_err(failed)? else { return Ok(None) };
        let Some(spot) = row.spots.get(key).copied() else { return Ok(None) };
        let bytes = spot.read(&file).map_err(failed)?;
        if bytes.is_none() {
            tracing::warn!(key = %key, "a damaged entry is passed over");
            row.spots.remove(key);
        }
        row.renew(&file, key);
        Ok(bytes)
    }

    /// Appends an entry, over an earlier one of the same key, unless that is the same and whole; returns how many bytes that took.
    ///
    /// # Errors
    /// When the file cannot be written; it is then as it was.
    pub fn put(&self, key: &Digest, bytes: &[u8]) -> io::Result<u64> {
        let path = self.path(index(key));
        let mut row = self.row(index(key));
        loop {
            let mut file = self.medium.open(&path)?;
            // On a file system without locks two writers may spoil each other's entry, and then it is missing.
            let locked = file.lock().is_ok();
            let put = row.put(&*self.medium, &mut file, key, bytes);
            // Closing it is not enough: a command that is just being started may have it open, too.
            if locked {
                file.unlock()?;
            }
            // Where it was swept away, another one has taken its place.
            if let Some(size) = put? {
                return Ok(size);
            }
        }
    }

    /// Hands every entry to `each`, the newest of each key; returns the files in which bytes stand that are no entry.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn look_through(&self, mut each: impl FnMut(Item)) -> Result<Vec<usize>, StoreError> {
        let mut damaged = Vec::new();
        for index in 0..ROWS {
            let path = self.path(index);
            let file = match File::open(&path) {
                Ok(file) => file,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(StoreError::new("read", &path)(error)),
            };
            let mut row = Row::default();
            let mut whole = file.metadata().and_then(|metadata| row.catch_up(&file, &metadata)).map_err(StoreError::new("read", &path))?;
            for (key, spot) in &row.spots {
                let bytes = spot.read(&file).map_err(StoreError::new("read", &path))?;
                whole &= bytes.is_some();
                let used = UNIX_EPOCH.checked_add(Duration::from_secs(spot.used)).unwrap_or(UNIX_EPOCH);
                each(Item { key: *key, size: HEAD + spot.length, used, row: index, bytes });
            }
            if !whole {
                damaged.push(index);
            }
        }
        Ok(damaged)
    }

    /// Keeps, of one file, the entries that `stays` names and that are whole; whatever came since it was looked through stays, too.
    ///
    /// # Errors
    /// When the disk refuses; the file is then as it was.
    pub fn thin(&self, index: usize, stays: impl Fn(&Digest, SystemTime) -> bool) -> Result<(), StoreError> {
        let path = self.path(index);
        let failed = |error: io::Error| StoreError::new("write", &path)(error);
        let mut row = self.row(index);
        let file = OpenOptions::new().read(true).write(true).open(&path).map_err(failed)?;
        let _locked = file.lock();
        let mut old = Row::default();
        file.metadata().and_then(|metadata| old.catch_up(&file, &metadata)).map_err(failed)?;
        let mut kept: Vec<(&Digest, &Spot)> = old
            .spots
            .iter()
            .filter(|(key, spot)| stays(key, UNIX_EPOCH.checked_add(Duration::from_secs(spot.used)).unwrap_or(UNIX_EPOCH)))
            .collect();
        kept.sort_by_key(|(_, spot)| spot.at);
        let mut bytes = Vec::new();
        for (key, spot) in kept {
            if let Some(entry) = spot.read(&file).map_err(failed)? {
                bytes.extend_from_slice(bytemuck::bytes_of(&Head::new(key, &entry, spot.used)));
                bytes.extend_from_slice(&entry);
            }
        }
        *row = Row::default();
        if bytes.is_empty() {
            return std::fs::remove_file(&path).map_err(failed);
        }
        crate::disk::write_beside(&path, &bytes).map_err(failed)
    }

    /// Lets an entry count as last used at this time.
    #[cfg(test)]
    pub fn stamp(&self, key: &Digest, used: SystemTime) {
        let (mut row, file) = self.open(key).unwrap().unwrap();
        let seconds = used.duration_since(UNIX_EPOCH).unwrap().as_secs();
        let at = row.spots[key].at - 8;
        row.spots.get_mut(key).unwrap().used = seconds;
        std::os::unix::fs::FileExt::write_all_at(&file, &seconds.to_le_bytes(), at).unwrap();
    }

    /// Returns the file that an entry of this key stands in.
    pub fn path_of(&self, key: &Digest) -> PathBuf {
        self.path(index(key))
    }

    /// Returns the file of a row.
    pub fn path(&self, index: usize) -> PathBuf {
        self.folder.join(format!("{index:02x}"))
    }

    fn row(&self, index: usize) -> MutexGuard<'_, Row> {
        self.rows[index].lock().expect("no holder panics")
    }

    /// Returns the row of a key, read to its end, and its file; `None` where there is none.
    fn open(&self, key: &Digest) -> io::Result<Option<(MutexGuard<'_, Row>, File)>> {
        let mut row = self.row(index(key));
        let Some(file) = open_there(&self.path(index(key)))? else { return Ok(None) };
        row.catch_up(&file, &file.metadata()?)?;
        Ok(Some((row, file)))
    }
}

fn index(key: &Digest) -> usize {
    key.hash[0] as usize % ROWS
}

/// Opens a file to read, and to stamp if that is allowed; `None` if it is not there.
fn open_there(path: &Path) -> io::Result<Option<File>> {
    let both = OpenOptions::new().read(true).write(true).open(path);
    match both.or_else(|_| File::open(path)) {
        Ok(file) => Ok(Some(file)),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::super::medium::Disk;
    use super::super::row::{MAGIC, PIECE};
    use super::*;

    fn shelf(folder: &Path) -> Shelf {
        Shelf::new(folder.to_path_buf(), Arc::new(Disk))
    }

    /// Keys that stand in one file.
    fn key(number: u8) -> Digest {
        let mut key = Digest::of(&[number]);
        key.hash[0] = 0;
        key
    }

    #[test]
    fn what_is_torn_or_foreign_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = shelf(folder.path()).path(0);
        let mut whole = Vec::new();
        for number in 0..4 {
            shelf(folder.path()).put(&key(number), &[number; 9]).unwrap();
            let end = std::fs::read(&path).unwrap();
            let torn = [&end[..], &MAGIC, &vec![7; 200 + number as usize], &MAGIC[..5]].concat();
            whole.push(end.len());
            std::fs::write(&path, torn).unwrap();
        }
        let shelf = shelf(folder.path());
        for number in 0..4 {
            assert_eq!(shelf.get(&key(number)).unwrap(), Some(vec![number; 9]), "{number}");
        }
        assert_eq!(shelf.look_through(|_| ()).unwrap(), [0]);
        shelf.thin(0, |_, _| true).unwrap();
        assert_eq!(shelf.look_through(|_| ()).unwrap(), [] as [usize; 0]);
        assert_eq!(std::fs::metadata(&path).unwrap().len(), 4 * (HEAD + 9));
    }

    #[test]
    fn two_see_what_the_other_puts_and_neither_is_disturbed_by_a_sweep() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (shelf(folder.path()), shelf(folder.path()));
        one.put(&key(1), b"first").unwrap();
        assert_eq!(other.get(&key(1)).unwrap().as_deref(), Some(&b"first"[..]));
        other.put(&key(2), b"second").unwrap();
        one.put(&key(1), b"newer").unwrap();
        assert_eq!(one.get(&key(2)).unwrap().as_deref(), Some(&b"second"[..]));
        assert_eq!(other.get(&key(1)).unwrap().as_deref(), Some(&b"newer"[..]));
        other.thin(0, |one, _| *one == key(1)).unwrap();
        one.put(&key(3), b"third").unwrap();
        let all = [1, 2, 3].map(|number| other.get(&key(number)).unwrap());
        assert_eq!(all.map(|bytes| bytes.map(|bytes| bytes.len())), [Some(5), None, Some(5)]);
        std::fs::remove_dir_all(folder.path()).unwrap();
        assert_eq!(one.get(&key(1)).unwrap(), None);
        assert_eq!(one.put(&key(1), b"again").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn what_the_other_puts_is_read_without_losing_ones_own_place() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (shelf(folder.path()), shelf(folder.path()));
        one.put(&key(1), b"first").unwrap();
        (2..6).for_each(|number| assert!(other.put(&key(number), &vec![number; PIECE / 2]).unwrap() > 0));
        one.put(&key(6), b"own").unwrap();
        assert_eq!(one.get(&key(2)).unwrap(), Some(vec![2; PIECE / 2]));
        one.put(&key(7), b"last").unwrap();
        let mut all = Vec::new();
        assert_eq!(shelf(folder.path()).look_through(|item| all.push(item.bytes.is_some())).unwrap(), [] as [usize; 0]);
        assert_eq!(all, [true; 7]);
    }

    #[test]
    fn the_same_is_put_once() {
        let folder = tempfile::tempdir().unwrap();
        let (one, other) = (shelf(folder.path()), shelf(folder.path()));
        assert_eq!(one.put(&key(1), b"same").unwrap(), HEAD + 4);
        assert_eq!(other.put(&key(1), b"same").unwrap(), 0);
        assert_eq!(other.put(&key(1), b"else").unwrap(), HEAD + 4);
        let path = one.path(0);
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(one.put(&key(1), b"else").unwrap(), HEAD + 4);
        assert_eq!(shelf(folder.path()).get(&key(1)).unwrap().as_deref(), Some(&b"else"[..]));
    }

    #[test]
    fn many_put_at_once_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for thread in 0..4u8 {
                let shelf = shelf(folder.path());
                scope.spawn(move || {
                    (0..50u8).for_each(|number| assert_eq!(shelf.put(&key(thread * 50 + number), &[number; 100]).unwrap(), HEAD + 100))
                });
            }
        });
        let shelf = shelf(folder.path());
        let mut count = 0;
        assert_eq!(shelf.look_through(|item| count += usize::from(item.bytes.is_some())).unwrap(), [] as [usize; 0]);
        assert_eq!(count, 200);
    }
}

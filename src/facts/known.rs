//! Facts by content: what was extracted once need not be parsed again.

use std::fs;
use std::io::Write;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::SystemTime;

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

use crate::base::Digest;
use crate::base::image::Bytes;
use crate::disk::{map, write_beside};

/// Keeps facts under the digest of what they were extracted from.
pub trait Known: Sync {
    /// Returns what was put under `key`, if it is still there.
    fn get(&self, key: &Digest) -> Option<Vec<u8>>;
    /// Keeps facts; losing them costs time only.
    fn put(&self, key: &Digest, facts: &[u8]);
    /// Returns the bytes that were put as a whole under a name, if they are still there; whoever puts them adds what tells damage.
    fn whole(&self, name: &str) -> Option<Box<dyn AsRef<[u8]>>>;
    /// Keeps bytes under a name, in place of those that are there; losing them costs time only.
    fn put_whole(&self, name: &str, bytes: Vec<u8>);
    /// Whether anything is kept at all.
    fn is_lasting(&self) -> bool;
    /// Writes down what was put there since. A failure costs time only, the next time.
    fn keep(&self);
}

/// Keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Forgetful;

impl Known for Forgetful {
    fn get(&self, _: &Digest) -> Option<Vec<u8>> {
        None
    }

    fn put(&self, _: &Digest, _: &[u8]) {}

    fn whole(&self, _: &str) -> Option<Box<dyn AsRef<[u8]>>> {
        None
    }

    fn put_whole(&self, _: &str, _: Vec<u8>) {}

    fn is_lasting(&self) -> bool {
        false
    }

    fn keep(&self) {}
}

/// The longest file that is only ever added to, in bytes; a longer one is written anew with what was asked for.
const LONG: usize = 64 << 20;

/// A record's head: a checksum of all that follows it, the length of the facts, and their key. Where the first ends, in bytes;
const SUM: usize = 8;
/// where the key begins;
const KEY: usize = SUM + 4;
/// and where the facts do.
const HEAD: usize = KEY + size_of::<Digest>();

/// Keeps facts in one file that is added to; several processes may use it at once, and what is torn or damaged counts as not there.
pub struct FactFile {
    path: PathBuf,
    records: OnceLock<Records>,
    asked: Mutex<Vec<Digest>>,
    new: Mutex<Vec<u8>>,
    whole_ones: Mutex<Vec<(String, Vec<u8>)>>,
}

/// What stands in the file.
struct Records {
    bytes: Option<Bytes>,
    /// Where a record begins, by the beginning of its key: of several, the last.
    at: FxHashMap<u64, usize>,
    /// Whether there is nothing else, and little enough.
    whole: bool,
}

impl Records {
    fn read(path: &Path) -> Records {
        let bytes = map(path).ok();
        let all = bytes.as_ref().map_or(&[][..], Bytes::as_slice);
        let (mut at, mut start) = (FxHashMap::default(), 0);
        while let Some(facts) = facts_at(all, start) {
            at.insert(beginning(key_at(all, start)), start);
            start = facts.end;
        }
        let whole = start == all.len() && all.len() < LONG;
        Records { bytes, at, whole }
    }

    /// Returns the record of a key, unless it is damaged.
    fn find(&self, key: &Digest) -> Option<Record<'_>> {
        let (all, start) = (self.bytes.as_ref()?.as_slice(), *self.at.get(&beginning(bytemuck::bytes_of(key)))?);
        let facts = facts_at(all, start)?;
        let is_sound = all[start..start + SUM] == xxh3_64(&all[start + SUM..facts.end]).to_le_bytes();
        let whole = &all[start..facts.end];
        (is_sound && key_at(all, start) == bytemuck::bytes_of(key)).then(|| Record { whole, facts: &all[facts] })
    }
}

struct Record<'a> {
    whole: &'a [u8],
    facts: &'a [u8],
}

/// Returns where the facts of the record at `start` are; `None` if no record is there.
fn facts_at(bytes: &[u8], start: usize) -> Option<Range<usize>> {
    let length = bytes.get(start + SUM..start + KEY)?;
    let facts = start + HEAD..start + HEAD + u32::from_le_bytes(length.try_into().ok()?) as usize;
    (facts.end <= bytes.len()).then_some(facts)
}

/// Returns the key of a record that is there.
fn key_at(bytes: &[u8], start: usize) -> &[u8] {
    &bytes[start + KEY..start + HEAD]
}

/// Returns the first bytes of a key as a number; keys are digests, so that two hardly begin alike.
fn beginning(key: &[u8]) -> u64 {
    key.first_chunk().map_or(0, |first| u64::from_le_bytes(*first))
}

impl FactFile {
    /// The file is read when it is first asked; that it is not there is fine.
    pub fn open(path: PathBuf) -> FactFile {
        FactFile { path, records: OnceLock::new(), asked: Mutex::default(), new: Mutex::default(), whole_ones: Mutex::default() }
    }

    fn records(&self) -> &Records {
        self.records.get_or_init(|| Records::read(&self.path))
    }
}

/// How many files that are kept as a whole are left: of roots that no manifest names any more, nobody asks again.
const WHOLE: usize = 32;

/// Removes the oldest of the files beside the one with facts, where there are too many.
fn leave_some(folder: &Path) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().filter(|entry| entry.file_name().as_encoded_bytes().contains(&b'-'));
    let mut files: Vec<(SystemTime, PathBuf)> =
        entries.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    files.sort();
    for (_, path) in files.iter().rev().skip(WHOLE) {
        let _ = fs::remove_file(path);
    }
}

impl Known for FactFile {
    fn get(&self, key: &Digest) -> Option<Vec<u8>> {
        let records = self.records();
        let found = records.find(key)?;
        if !records.whole {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(*key);
        }
        Some(found.facts.to_vec())
    }

    fn put(&self, key: &Digest, facts: &[u8]) {
        let Ok(length) = u32::try_from(facts.len()) else { return };
        let mut record = [&[0; SUM][..], &length.to_le_bytes(), bytemuck::bytes_of(key), facts].concat();
        let sum = xxh3_64(&record[SUM..]);
        record[..SUM].copy_from_slice(&sum.to_le_bytes());
        self.new.lock().unwrap_or_else(PoisonError::into_inner).extend(record);
    }

    fn whole(&self, name: &str) -> Option<Box<dyn AsRef<[u8]>>> {
        Some(Box::new(map(&self.path.with_file_name(name)).ok()?))
    }

    fn put_whole(&self, name: &str, bytes: Vec<u8>) {
        self.whole_ones.lock().unwrap_or_else(PoisonError::into_inner).push((name.to_owned(), bytes));
    }

    fn is_lasting(&self) -> bool {
        true
    }

    fn keep(&self) {
        for (name, bytes) in self.whole_ones.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            let path = self.path.with_file_name(name);
            let Some(folder) = path.parent() else { continue };
            let is_new = !path.exists();
            let _ = fs::create_dir_all(folder).and_then(|()| write_beside(&path, &bytes));
            if is_new {
                leave_some(folder);
            }
        }
        let new = self.new.lock().unwrap_or_else(PoisonError::into_inner);
        let is_whole = || self.records().whole;
        if new.is_empty() && self.records.get().is_none_or(|records| records.whole) {
            return;
        }
        let Some(folder) = self.path.parent() else { return };
        let _ = fs::create_dir_all(folder);
        if is_whole() {
            let _ = fs::OpenOptions::new().append(true).create(true).open(&self.path).and_then(|mut file| file.write_all(&new));
            return;
        }
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone();
        asked.sort_unstable();
        asked.dedup();
        let known = asked.iter().filter_map(|key| self.records().find(key)).map(|record| record.whole);
        let bytes: Vec<u8> = known.chain([&**new]).flatten().copied().collect();
        let _ = write_beside(&self.path, &bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_come_back_and_damaged_ones_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("facts/imports");
        let keys = [Digest::of(b"x"), Digest::of(b"y"), Digest::of(b"z")];
        let put = |index: usize| {
            let known = FactFile::open(path.clone());
            assert_eq!(known.get(&keys[index]), None);
            known.put(&keys[index], &[index as u8; 5]);
            known.keep();
        };
        put(0);
        put(1);
        let known = FactFile::open(path.clone());
        assert_eq!([known.get(&keys[0]), known.get(&keys[1])], [Some(vec![0; 5]), Some(vec![1; 5])]);

        let mut bytes = fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        fs::write(&path, &bytes).unwrap();
        let known = FactFile::open(path.clone());
        assert_eq!([known.get(&keys[0]), known.get(&keys[1])], [Some(vec![0; 5]), None]);
        known.put(&keys[2], b"new");
        known.keep();
        let known = FactFile::open(path);
        assert_eq!([known.get(&keys[0]), known.get(&keys[2])], [Some(vec![0; 5]), Some(b"new".to_vec())]);
        assert!(known.records().whole);
    }
}

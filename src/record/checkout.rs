//! What a checkout remembers of its tasks and files.
//!
//! `.orket/state` is a whole picture, replaced as a whole; `.orket/journal` holds what has come since. Both may vanish at any time: then
//! less is known, and nothing is wrong. What is damaged or of another version is kept aside as `state.bad` or
//! `journal.bad`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::journal::{self, Journal};
use crate::base::{Digest, RelPath};
use crate::disk::Signature;

const MAGIC: &[u8; 8] = b"ORKETS2\n";

/// What is known of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Known {
    /// Of its bytes.
    pub digest: Digest,
    /// With which signature they were read; all zero if that is not to be trusted.
    pub signature: Signature,
    /// Whether it can be executed.
    pub executable: bool,
}

/// How a task's last run ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Status {
    /// It succeeded, and the rest of the record is true of that run.
    Succeeded,
    /// It was started, and not heard of since, or failed.
    Started,
}

/// What is known of a task.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct TaskRecord {
    /// The hash of its address.
    pub key: [u64; 2],
    /// Of its action.
    pub action: Digest,
    /// Its encoded result.
    pub result: Vec<u8>,
    /// Files that its depfile named.
    pub discovered: Vec<RelPath>,
    /// Its encoded explanation.
    pub explanation: Vec<u8>,
    /// How long its commands took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub status: Status,
    /// Outputs that it was about to make when it was last started.
    pub intended: Vec<RelPath>,
}

#[derive(Serialize, Deserialize)]
enum Line {
    Task(Box<TaskRecord>),
    Intent { key: [u64; 2], outputs: Vec<RelPath> },
    Forget([u64; 2]),
    File(Vec<u8>, Known),
}

/// The memory of one checkout.
pub struct Checkout {
    folder: PathBuf,
    tasks: FxHashMap<[u64; 2], TaskRecord>,
    files: FxHashMap<Box<[u8]>, Known>,
    journal: Option<Journal>,
    good: u64,
    picture: u64,
    writable: bool,
    complaint: Option<String>,
}

impl Checkout {
    /// Reads what is there; `writable` allows it to be changed on disk. A folder that is not there is an empty memory.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn open(folder: &Path, writable: bool) -> io::Result<Checkout> {
        let mut checkout = Checkout {
            folder: folder.to_path_buf(),
            tasks: FxHashMap::default(),
            files: FxHashMap::default(),
            journal: None,
            good: 0,
            picture: 0,
            writable,
            complaint: None,
        };
        // The journal first: a build that saves in between leaves a newer picture under older lines, which changes nothing in it; the other
        // way round, an older picture would miss its lines.
        let lines = read_if_there(&folder.join("journal"))?;
        if let Some(state) = read_if_there(&folder.join("state"))? {
            checkout.picture = state.len() as u64;
            if !checkout.load(&state) {
                checkout.picture = 0;
                checkout.tasks.clear();
                checkout.files.clear();
                checkout.complaint = Some(String::from(
                    "what this checkout remembered is damaged or of another version; it is kept as `.orket/state.bad`, and remembered anew",
                ));
                if writable {
                    std::fs::rename(folder.join("state"), folder.join("state.bad"))?;
                }
            }
        }
        if let Some(lines) = lines {
            let good = journal::read(&lines, |record| postcard::from_bytes(record).map(|line| checkout.apply(line)).is_ok());
            checkout.good = good.end;
            if good.damaged {
                checkout.complaint.get_or_insert_with(|| {
                    String::from(
                        "the newest part of what this checkout remembered is damaged or of another version; it is kept as \
                         `.orket/journal.bad`, and remembered anew",
                    )
                });
                if writable {
                    let path = folder.join("journal");
                    std::fs::copy(&path, folder.join("journal.bad"))?;
                    std::fs::OpenOptions::new().write(true).open(&path)?.set_len(good.end)?;
                }
            }
        }
        Ok(checkout)
    }

    /// Returns what has to be said about the memory, if anything.
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// Returns what is known of a task.
    pub fn task(&self, key: [u64; 2]) -> Option<&TaskRecord> {
        self.tasks.get(&key)
    }

    /// Returns what is known of a file; paths outside the project are absolute.
    pub fn file(&self, path: &[u8]) -> Option<Known> {
        self.files.get(path).copied()
    }

    /// Remembers that a task is about to be started and will make these outputs, before it is.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn intend(&mut self, key: [u64; 2], outputs: &[RelPath]) -> io::Result<()> {
        self.write(Line::Intent { key, outputs: outputs.to_vec() })
    }

    /// Remembers how a task ended.
    ///
    /// # Errors
    /// When the journal cannot be written; it is remembered for this run all the same.
    pub fn put(&mut self, record: TaskRecord) -> io::Result<()> {
        self.write(Line::Task(Box::new(record)))
    }

    /// Remembers a file.
    pub fn put_file(&mut self, path: &[u8], known: Known) {
        if self.file(path) != Some(known) {
            // A file that is not remembered is read again: nothing else depends on it.
            let _ = self.write(Line::File(path.to_vec(), known));
        }
    }

    /// Forgets how a task ended, but not which outputs are its own.
    pub fn forget(&mut self, key: [u64; 2]) {
        let _ = self.write(Line::Forget(key));
    }

    /// Returns the actions and encoded results of all tasks: what a sweep of the store must leave alone.
    pub fn results(&self) -> impl Iterator<Item = (&Digest, &[u8])> {
        self.tasks.values().filter(|record| record.status == Status::Succeeded).map(|record| (&record.action, record.result.as_slice()))
    }

    /// Replaces the picture if the journal has grown beyond an eighth of it, so that reading stays cheap and a small change costs little.
    ///
    /// # Errors
    /// When the disk refuses; the journal is then still whole.
    pub fn save(&mut self) -> io::Result<()> {
        let Some(journal) = &self.journal else { return Ok(()) };
        if journal.length() <= self.picture / 8 {
            return Ok(());
        }
        let body = postcard::to_stdvec(&(
            self.tasks.values().collect::<Vec<_>>(),
            self.files.iter().map(|(path, known)| (path.as_ref(), known)).collect::<Vec<_>>(),
        ))
        .map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        file.write_all(MAGIC)?;
        file.write_all(&xxh3_64(&body).to_le_bytes())?;
        file.write_all(&body)?;
        file.persist(self.folder.join("state")).map_err(|error| error.error)?;
        self.picture = body.len() as u64 + 16;
        self.journal = None;
        self.good = 0;
        std::fs::remove_file(self.folder.join("journal"))
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        let Some(rest) = bytes.strip_prefix(MAGIC.as_slice()) else { return false };
        let Some((checksum, body)) = rest.split_at_checked(8) else { return false };
        if xxh3_64(body).to_le_bytes() != checksum {
            return false;
        }
        let Ok((tasks, files)) = postcard::from_bytes::<(Vec<TaskRecord>, Vec<(Box<[u8]>, Known)>)>(body) else { return false };
        self.tasks = tasks.into_iter().map(|record| (record.key, record)).collect();
        self.files = files.into_iter().collect();
        true
    }

    fn write(&mut self, line: Line) -> io::Result<()> {
        let bytes = postcard::to_stdvec(&line).map_err(io::Error::other)?;
        self.apply(line);
        if !self.writable {
            return Ok(());
        }
        if self.journal.is_none() {
            self.journal = Some(Journal::open(&self.folder.join("journal"), self.good)?);
        }
        self.journal.as_mut().map_or(Ok(()), |journal| journal.append(&bytes))
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Task(record) => {
                self.tasks.insert(record.key, *record);
            }
            Line::Intent { key, outputs } => {
                let record = self.tasks.entry(key).or_insert_with(|| TaskRecord {
                    key,
                    action: Digest::empty(),
                    result: Vec::new(),
                    discovered: Vec::new(),
                    explanation: Vec::new(),
                    duration_ms: 0,
                    status: Status::Started,
                    intended: Vec::new(),
                });
                record.status = Status::Started;
                record.intended = outputs;
            }
            Line::Forget(key) => {
                if let Some(record) = self.tasks.get_mut(&key) {
                    record.status = Status::Started;
                }
            }
            Line::File(path, known) => {
                self.files.insert(path.into(), known);
            }
        }
    }
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: u64) -> TaskRecord {
        TaskRecord {
            key: [key, 0],
            action: Digest::of(b"a"),
            result: vec![1, 2],
            discovered: vec![RelPath::parse("x.h").unwrap()],
            explanation: vec![3],
            duration_ms: 7,
            status: Status::Succeeded,
            intended: Vec::new(),
        }
    }

    #[test]
    fn what_was_put_comes_back_before_and_after_a_save() {
        let folder = tempfile::tempdir().unwrap();
        let mut checkout = Checkout::open(folder.path(), true).unwrap();
        checkout.put(record(1)).unwrap();
        checkout.intend([2, 0], &[RelPath::parse("o").unwrap()]).unwrap();
        let again = Checkout::open(folder.path(), false).unwrap();
        assert_eq!(again.task([1, 0]), Some(&record(1)));
        assert_eq!(again.task([2, 0]).unwrap().status, Status::Started);
        checkout.save().unwrap();
        assert!(!folder.path().join("journal").exists());
        let again = Checkout::open(folder.path(), false).unwrap();
        assert_eq!(again.task([1, 0]), Some(&record(1)));
        assert_eq!(again.task([2, 0]).unwrap().intended[0].to_string(), "o");
    }

    #[test]
    fn a_damaged_picture_is_kept_aside_and_never_believed() {
        let folder = tempfile::tempdir().unwrap();
        let mut checkout = Checkout::open(folder.path(), true).unwrap();
        checkout.put(record(1)).unwrap();
        checkout.save().unwrap();
        let whole = std::fs::read(folder.path().join("state")).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(folder.path().join("state"), &bytes).unwrap();
            let checkout = Checkout::open(folder.path(), true).unwrap();
            assert_eq!(checkout.task([1, 0]), None, "byte {at}");
            assert!(checkout.complaint().is_some());
        }
        for cut in 0..whole.len() {
            std::fs::write(folder.path().join("state"), &whole[..cut]).unwrap();
            let checkout = Checkout::open(folder.path(), true).unwrap();
            assert_eq!(checkout.task([1, 0]), None, "cut at {cut}");
            assert!(checkout.complaint().is_some(), "cut at {cut}");
        }
        assert_eq!(std::fs::read(folder.path().join("state.bad")).unwrap(), whole[..whole.len() - 1]);
        let mut checkout = Checkout::open(folder.path(), true).unwrap();
        assert_eq!(checkout.complaint(), None);
        checkout.put(record(2)).unwrap();
        checkout.save().unwrap();
        assert_eq!(Checkout::open(folder.path(), false).unwrap().task([2, 0]), Some(&record(2)));
    }

    #[test]
    fn a_damaged_journal_is_believed_up_to_the_damage_kept_aside_and_told_of_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let mut checkout = Checkout::open(folder.path(), true).unwrap();
        checkout.put(record(1)).unwrap();
        let first = std::fs::read(&path).unwrap().len();
        checkout.put(record(2)).unwrap();
        let whole = std::fs::read(&path).unwrap();
        for at in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            std::fs::write(&path, &bytes).unwrap();
            let checkout = Checkout::open(folder.path(), true).unwrap();
            assert_eq!(checkout.task([1, 0]), (at >= first).then_some(&record(1)), "byte {at}");
            assert_eq!(checkout.task([2, 0]), None, "byte {at}");
            assert_eq!(Checkout::open(folder.path(), true).unwrap().complaint(), None, "byte {at}");
        }
        let last = whole.len() - 1;
        let mut bytes = whole.clone();
        bytes[last] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let looking = Checkout::open(folder.path(), false).unwrap();
        assert!(looking.complaint().is_some());
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "looking changes nothing");
        let mut checkout = Checkout::open(folder.path(), true).unwrap();
        assert!(checkout.complaint().is_some());
        assert_eq!(std::fs::read(folder.path().join("journal.bad")).unwrap(), bytes);
        checkout.put(record(3)).unwrap();
        let again = Checkout::open(folder.path(), true).unwrap();
        assert_eq!(again.complaint(), None);
        assert_eq!((again.task([1, 0]), again.task([3, 0])), (Some(&record(1)), Some(&record(3))));
    }

    #[test]
    fn lines_that_a_picture_already_holds_change_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut checkout = Checkout::open(folder.path(), true).unwrap();
        checkout.put(record(1)).unwrap();
        checkout.intend([2, 0], &[RelPath::parse("o").unwrap()]).unwrap();
        checkout.put(record(2)).unwrap();
        checkout.forget([1, 0]);
        let lines = std::fs::read(folder.path().join("journal")).unwrap();
        checkout.save().unwrap();
        std::fs::write(folder.path().join("journal"), &lines).unwrap();
        let again = Checkout::open(folder.path(), false).unwrap();
        assert_eq!(again.task([2, 0]), Some(&record(2)));
        assert_eq!(again.task([1, 0]), Some(&TaskRecord { status: Status::Started, ..record(1) }));
    }
}

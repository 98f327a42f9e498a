//! What a checkout remembers of its tasks and files.
//!
//! `.orket/state` is a whole picture, replaced as a whole; `.orket/journal` holds what has come since. Both may vanish at any time: then
//! less is known, and nothing is wrong. What is damaged or of another version is kept aside as `state.bad` or
//! `journal.bad`.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::journal::{self, Journal};
use super::paint::paint;
use super::picture::Picture;
use super::proof::Proof;
use super::task::{Known, Status, TaskRecord};
use crate::base::RelPath;
use crate::disk::{self, Signature};

#[derive(Serialize, Deserialize)]
enum Line {
    Task(Box<TaskRecord>),
    Intent { key: [u64; 2], manifest: u64, outputs: Vec<(RelPath, Option<Signature>)> },
    Ended { key: [u64; 2], status: Status, made: Vec<(RelPath, Option<Signature>)> },
    Forget([u64; 2]),
    File(#[serde(with = "serde_bytes")] Box<[u8]>, Known),
    Proof([u64; 2], Proof),
}

/// The memory of one checkout.
pub struct Checkout {
    folder: PathBuf,
    picture: Option<Picture>,
    /// What has come since the picture was taken.
    tasks: FxHashMap<[u64; 2], Box<TaskRecord>>,
    files: FxHashMap<Box<[u8]>, Known>,
    journal: Option<Journal>,
    good: u64,
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
            picture: None,
            tasks: FxHashMap::default(),
            files: FxHashMap::default(),
            journal: None,
            good: 0,
            writable,
            complaint: None,
        };
        // The journal first: a build that saves in between leaves a newer picture under older lines, which changes nothing in it; the other
        // way round, an older picture would miss its lines.
        let named = |name: &str| {
            let path = folder.join(name);
            move |error: io::Error| io::Error::new(error.kind(), format!("`{}`: {error}", path.display()))
        };
        let lines = read_if_there(&folder.join("journal")).map_err(named("journal"))?;
        match Picture::open(&folder.join("state")).map_err(named("state"))? {
            Some(Ok(picture)) => checkout.picture = Some(picture),
            Some(Err(_)) => {
                checkout.complaint = Some(String::from(
                    "what this checkout remembered is damaged or of another version; it is kept as `.orket/state.bad`, and remembered anew",
                ));
                if writable {
                    std::fs::rename(folder.join("state"), folder.join("state.bad"))?;
                }
            }
            None => {}
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

    /// Returns the folder that it is kept in.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns what has to be said about the memory, if anything.
    pub fn complaint(&self) -> Option<&str> {
        self.complaint.as_deref()
    }

    /// Returns what is known of a task.
    pub fn task(&self, key: [u64; 2]) -> Option<TaskRecord> {
        self.look(key).map(|record| *record.into_owned())
    }

    fn look(&self, key: [u64; 2]) -> Option<Cow<'_, Box<TaskRecord>>> {
        match self.tasks.get(&key) {
            Some(record) => Some(Cow::Borrowed(record)),
            None => {
                self.picture.as_ref().and_then(|picture| picture.record(picture.place(key)?)).map(|record| Cow::Owned(Box::new(record)))
            }
        }
    }

    /// Returns what is known of a task since the picture was taken.
    pub fn newer(&self, key: [u64; 2]) -> Option<&TaskRecord> {
        self.tasks.get(&key).map(Box::as_ref)
    }

    /// Returns the picture, in which everything stands that [`Checkout::newer`] does not know better.
    pub fn picture(&self) -> Option<&Picture> {
        self.picture.as_ref()
    }

    /// Returns how long a task's commands took, in milliseconds.
    pub fn duration_ms(&self, key: [u64; 2]) -> Option<u64> {
        match self.tasks.get(&key) {
            Some(record) => Some(record.duration_ms),
            None => self.picture.as_ref()?.duration_ms(key),
        }
    }

    /// Whether a task's last run failed.
    pub fn has_failed(&self, key: [u64; 2]) -> bool {
        match self.tasks.get(&key) {
            Some(record) => matches!(record.status, Status::Failed(_)),
            None => self.picture.as_ref().is_some_and(|picture| picture.has_failed(key)),
        }
    }

    /// Returns what is known of a file; paths outside the project are absolute.
    pub fn file(&self, path: &[u8]) -> Option<Known> {
        self.files.get(path).copied().or_else(|| self.picture.as_ref()?.file(path))
    }

    /// Remembers that a task of this manifest is about to be started and will make these outputs, before it is; or, where it was cancelled,
    /// that it had made them, with their stamps.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn intend(&mut self, key: [u64; 2], manifest: u64, outputs: Vec<(RelPath, Option<Signature>)>) -> io::Result<()> {
        self.write(Line::Intent { key, manifest, outputs })
    }

    /// Remembers how a task has ended that did not succeed, or whose result is not one to rely on, and what it had made until then, with its
    /// stamps.
    ///
    /// # Errors
    /// When the journal cannot be written.
    pub fn ended(&mut self, key: [u64; 2], status: Status, made: Vec<(RelPath, Option<Signature>)>) -> io::Result<()> {
        self.write(Line::Ended { key, status, made })
    }

    /// Remembers how a task has succeeded.
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
            let _ = self.write(Line::File(path.into(), known));
        }
    }

    /// Remembers what was so when a task was found to be in order.
    pub fn prove(&mut self, key: [u64; 2], proof: Proof) {
        // A task without a proof is judged in full: nothing else depends on it.
        let _ = self.write(Line::Proof(key, proof));
    }

    /// Forgets how a task ended, but not which outputs are its own.
    pub fn forget(&mut self, key: [u64; 2]) {
        let _ = self.write(Line::Forget(key));
    }

    /// Returns the records of all tasks: what a sweep of the store must leave alone.
    pub fn records(&self) -> impl Iterator<Item = TaskRecord> {
        self.records_where(|_| true)
    }

    /// Returns the records of the tasks whose key is `wanted`.
    pub fn records_where(&self, wanted: impl Fn([u64; 2]) -> bool + Copy) -> impl Iterator<Item = TaskRecord> {
        let newer = self.tasks.values().filter(move |record| wanted(record.key)).map(|record| TaskRecord::clone(record));
        newer.chain(self.pictured(move |key| !self.tasks.contains_key(&key) && wanted(key)))
    }

    fn pictured(&self, wanted: impl Fn([u64; 2]) -> bool) -> impl Iterator<Item = TaskRecord> {
        let keys = self.picture.iter().flat_map(|picture| picture.keys().iter().enumerate().map(move |(place, key)| (picture, place, key)));
        keys.filter(move |(.., key)| wanted(**key)).filter_map(|(picture, place, _)| picture.record(place))
    }

    /// Takes a new picture if the journal has grown beyond an eighth of the old one, so that reading stays cheap and a small change costs
    /// little. `order`: the tasks that there are, in the order in which they will be looked up.
    ///
    /// Of tasks that are no longer there as many are remembered as there are others, so that a branch that is left and entered again costs
    /// nothing, and no more, so that memory stays bounded; of files that no task rests on likewise.
    ///
    /// # Errors
    /// When the disk refuses; the journal is then still whole.
    pub fn save(&mut self, order: impl Iterator<Item = [u64; 2]>) -> io::Result<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.flush()?;
        if journal.length() <= self.picture.as_ref().map_or(0, Picture::size) / 8 {
            return Ok(());
        }
        let mut seen = FxHashSet::default();
        let mut records: Vec<Cow<'_, Box<TaskRecord>>> = order.filter(|key| seen.insert(*key)).filter_map(|key| self.look(key)).collect();
        let bound = records.len() * 2 + 1000;
        let gone: Vec<_> =
            self.records_where(|key| !seen.contains(&key)).take(bound - records.len()).map(|record| Cow::Owned(Box::new(record))).collect();
        records.extend(gone);

        let watched: FxHashSet<&[u8]> = records
            .iter()
            .filter_map(|record| record.proof.as_ref())
            .flat_map(|proof| &proof.watched)
            .map(|(path, _)| path.as_bytes())
            .collect();
        let mut spare = watched.len() * 2 + 10_000;
        let mut files: FxHashMap<&[u8], Known> = FxHashMap::default();
        let older = self.picture.iter().flat_map(Picture::known);
        for (path, known) in self.files.iter().map(|(path, known)| (path.as_ref(), *known)).chain(older) {
            if !files.contains_key(path) && (watched.contains(path) || spare > 0) {
                spare -= usize::from(!watched.contains(path));
                files.insert(path, known);
            }
        }
        let image = paint(&records, &files);
        disk::write_beside(&self.folder.join("state"), image.as_slice())?;
        self.journal = None;
        self.good = 0;
        std::fs::remove_file(self.folder.join("journal"))
    }

    /// Writes what is remembered and not yet written.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn flush(&mut self) -> io::Result<()> {
        self.journal.as_mut().map_or(Ok(()), Journal::flush)
    }

    fn write(&mut self, line: Line) -> io::Result<()> {
        let bytes = postcard::to_stdvec(&line).map_err(io::Error::other)?;
        // What a task is about to make has to be known before it is made. All else is found out again if it is lost.
        let urgent = matches!(line, Line::Intent { .. } | Line::Ended { .. } | Line::Forget(_));
        self.apply(line);
        if !self.writable {
            return Ok(());
        }
        if self.journal.is_none() {
            self.journal = Some(Journal::open(&self.folder.join("journal"), self.good)?);
        }
        let Some(journal) = &mut self.journal else { return Ok(()) };
        journal.append(&bytes)?;
        if urgent { journal.flush() } else { Ok(()) }
    }

    fn apply(&mut self, line: Line) {
        match line {
            Line::Task(record) => {
                self.put_by(record.key, record.manifest);
                self.tasks.insert(record.key, record);
            }
            Line::Intent { key, manifest, outputs } => {
                self.put_by(key, manifest);
                let record = self.changed(key);
                record.manifest = manifest;
                record.status = Status::Started;
                record.own = outputs;
                record.proof = None;
            }
            Line::Ended { key, status, made } => {
                let record = self.changed(key);
                record.status = status;
                record.own = made;
                record.proof = None;
            }
            Line::Forget(key) => {
                let record = self.changed(key);
                record.status = Status::Started;
                record.proof = None;
            }
            Line::Proof(key, proof) => self.changed(key).proof = Some(proof),
            Line::File(path, known) => {
                self.files.insert(path, known);
            }
        }
    }

    /// Keeps what a task of another manifest has put out that has the same address: once that one is built again, it is its task's that is gone.
    fn put_by(&mut self, key: [u64; 2], manifest: u64) {
        if let Some(other) = self.look(key).filter(|other| other.manifest != manifest && !other.result.is_empty()) {
            let key = [key[0] ^ other.manifest, key[1]];
            let other = TaskRecord { key, proof: None, ..*other.into_owned() };
            self.tasks.insert(key, Box::new(other));
        }
    }

    fn changed(&mut self, key: [u64; 2]) -> &mut TaskRecord {
        if !self.tasks.contains_key(&key) {
            let record = self.task(key).unwrap_or_else(|| TaskRecord::unknown(key));
            self.tasks.insert(key, Box::new(record));
        }
        self.tasks.get_mut(&key).expect("it was just put there")
    }
}

fn read_if_there(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        result => result.map(Some),
    }
}

//! The whole memory of a checkout as one image, mapped and used in place.
//!
//! What a build looks at for every task and every file (is it still as proven?) stands in flat rows that are as small as can be; what it only
//! needs for a task that is judged again stands in cold sections, each piece behind a checksum of its own.

use std::ops::Range;
use std::path::Path;

use bytemuck::{Pod, Zeroable};
use xxhash_rust::xxh3::{xxh3_64, xxh3_64_with_seed};

use super::paint::Rest;
use super::proof::{Proof, Tool};
use super::task::{Known, TaskRecord};
use crate::base::image::{self, Bytes, ImageError};
use crate::base::{Digest, RelPath};
use crate::disk::{self, Signature, Stamped};

pub(super) const MAGIC: [u8; 8] = *b"ORKETST\n";
pub(super) const VERSION: u32 = 7;
pub(super) const WARM: usize = 7;
pub(super) const SECTIONS: usize = 10;

pub(super) const PROVEN: u32 = 1;
pub(super) const FAILED: u32 = 2;
pub(super) const THERE: u32 = 1;
pub(super) const KNOWN: u32 = 2;
pub(super) const EXECUTABLE: u32 = 4;

/// What a build asks of every task, 64 bytes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TaskRow {
    /// See [`declared`].
    pub(super) declared: [u64; 2],
    /// See [`Proof::needs`].
    pub needs: [u64; 2],
    /// The [mark](Digest::mark) of [`Proof::yields`].
    pub yields: [u64; 2],
    pub(super) watched: u32,
    pub(super) watched_len: u32,
    /// Index into [`Picture::scenes`].
    pub scene: u32,
    pub(super) flags: u32,
}

/// What else is flat about a task, 120 bytes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct TaskCold {
    pub yields: Digest,
    pub action: Digest,
    pub rest: u64,
    pub rest_check: u64,
    pub duration_ms: u64,
    pub rest_len: u32,
    pub reserved: u32,
    pub check: u64,
}

/// One path with one stamp, 24 bytes; sorted by path.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct FileRow {
    /// See [`Signature::mark`].
    pub stamp: [u64; 2],
    /// Where its path ends among all of them, with [`FOLDER`].
    pub end: u64,
}

/// Whether a folder had that stamp.
pub(super) const FOLDER: u64 = 1 << 63;

/// What else is known of a path with one stamp, 96 bytes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub(super) struct FileCold {
    pub signature: Signature,
    pub digest: Digest,
    pub flags: u32,
    pub reserved: u32,
    pub check: u64,
}

/// A row in a section that is not checked as a whole.
pub(super) trait Cold: Pod {
    fn check(&mut self) -> &mut u64;

    /// Returns the row with the checksum of what it says at this place.
    fn checked(mut self, place: usize) -> Self {
        *self.check() = 0;
        *self.check() = xxh3_64_with_seed(bytemuck::bytes_of(&self), place as u64);
        self
    }
}

impl Cold for TaskCold {
    fn check(&mut self) -> &mut u64 {
        &mut self.check
    }
}

impl Cold for FileCold {
    fn check(&mut self) -> &mut u64 {
        &mut self.check
    }
}

/// Returns what tells a task with this declaration from all others: both are hashes of 128 bits.
pub(super) fn declared(key: [u64; 2], shape: [u64; 2]) -> [u64; 2] {
    [key[0] ^ shape[0], key[1] ^ shape[1]]
}

/// What tasks may have in common that rests on none of their files: see [`Proof::surroundings`] and [`Proof::tools`].
pub type Scene = ([u64; 2], Vec<Tool>);

/// A mapped picture. Cloning it is cheap.
#[derive(Clone)]
pub struct Picture {
    bytes: Bytes,
    sections: Vec<Range<usize>>,
    scenes: std::sync::Arc<Vec<Scene>>,
}

impl Picture {
    /// Maps the picture at `path`; `Ok(None)` if there is none.
    ///
    /// # Errors
    /// When it is damaged or of another version, or cannot be read.
    pub fn open(path: &Path) -> std::io::Result<Option<Result<Picture, ImageError>>> {
        match disk::map(path) {
            Ok(bytes) => Ok(Some(Picture::of(bytes))),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            // An empty file cannot be mapped.
            Err(error) if std::fs::metadata(path).is_ok_and(|data| data.len() == 0) => {
                drop(error);
                Ok(Some(Err(ImageError::Damaged)))
            }
            Err(error) => Err(error),
        }
    }

    fn of(bytes: Bytes) -> Result<Picture, ImageError> {
        let sections = image::open(&bytes, MAGIC, VERSION, SECTIONS, WARM)?;
        let scenes = postcard::from_bytes(&bytes.as_slice()[sections[0].clone()]).map_err(|_| ImageError::Damaged)?;
        let picture = Picture { bytes, sections, scenes: std::sync::Arc::new(scenes) };
        let whole = picture.fits::<TaskRow>(1)
            && picture.fits::<u32>(2)
            && picture.fits::<u32>(3)
            && picture.fits::<FileRow>(4)
            && picture.fits::<[u64; 2]>(6)
            && picture.fits::<TaskCold>(7)
            && picture.fits::<FileCold>(8);
        if whole { Ok(picture) } else { Err(ImageError::Damaged) }
    }

    fn fits<T: Pod>(&self, section: usize) -> bool {
        bytemuck::try_cast_slice::<u8, T>(self.section(section)).is_ok()
    }

    /// Returns its size in bytes.
    pub fn size(&self) -> u64 {
        self.bytes.as_slice().len() as u64
    }

    /// Returns what tells it from others: pictures with the same mark say the same of all tasks and files.
    pub fn mark(&self) -> [u64; 2] {
        image::mark(&self.bytes)
    }

    /// Returns all tasks.
    pub fn rows(&self) -> &[TaskRow] {
        bytemuck::cast_slice(self.section(1))
    }

    /// Returns the hashes of the addresses of all tasks.
    pub fn keys(&self) -> &[[u64; 2]] {
        bytemuck::cast_slice(self.section(6))
    }

    /// Returns what tasks have in common.
    pub fn scenes(&self) -> &[Scene] {
        &self.scenes
    }

    /// Finds a task that is declared so; returns its place among [`Picture::rows`]. `guess`: where it probably stands.
    pub fn find(&self, guess: usize, key: [u64; 2], shape: [u64; 2]) -> Option<usize> {
        let is_it = |place: &usize| self.rows().get(*place).is_some_and(|row| row.declared == declared(key, shape));
        Some(guess).filter(is_it).or_else(|| self.place(key).filter(is_it))
    }

    /// Finds a task, however it was declared.
    pub fn place(&self, key: [u64; 2]) -> Option<usize> {
        let (order, keys): (&[u32], _) = (bytemuck::cast_slice(self.section(2)), self.keys());
        let at = order.binary_search_by(|place| keys.get(*place as usize).cmp(&Some(&key))).ok()?;
        order.get(at).map(|place| *place as usize)
    }

    /// Returns the places of the files that a proven task rests on; `None` if it is not proven.
    pub fn watched(&self, row: &TaskRow) -> Option<&[u32]> {
        if row.flags & PROVEN == 0 {
            return None;
        }
        let all: &[u32] = bytemuck::cast_slice(self.section(3));
        all.get(row.watched as usize..row.watched as usize + row.watched_len as usize)
    }

    /// Decodes the task at a place; `None` if its cold part is damaged.
    pub fn record(&self, place: usize) -> Option<TaskRecord> {
        let (key, row, cold) = (*self.keys().get(place)?, self.rows().get(place)?, self.cold(place)?);
        let bytes = self.section(9).get(cold.rest as usize..cold.rest as usize + cold.rest_len as usize)?;
        if xxh3_64(bytes) != cold.rest_check {
            return None;
        }
        let rest: Rest<'_> = postcard::from_bytes(bytes).ok()?;
        let proof = self.watched(row).and_then(|watched| {
            let stamp = |file: &u32| Some((RelPath::from_normal(self.path(*file as usize)), self.stamp(*file as usize)?));
            let (surroundings, tools) = self.scenes.get(row.scene as usize)?.clone();
            let watched = watched.iter().map(stamp).collect::<Option<_>>()?;
            Some(Proof { shape: declared(key, row.declared), surroundings, needs: row.needs, yields: cold.yields, tools, watched })
        });
        Some(TaskRecord {
            key,
            manifest: rest.manifest,
            action: cold.action,
            result: rest.result.into_owned(),
            discovered: rest.discovered.into_owned(),
            explanation: rest.explanation.into_owned(),
            duration_ms: cold.duration_ms,
            status: rest.status,
            own: rest.own.into_owned(),
            proof,
        })
    }

    /// Returns how long a task's commands took, in milliseconds.
    pub fn duration_ms(&self, key: [u64; 2]) -> Option<u64> {
        self.cold(self.place(key)?).map(|cold| cold.duration_ms)
    }

    /// Whether a task's last run failed.
    pub fn has_failed(&self, key: [u64; 2]) -> bool {
        self.place(key).is_some_and(|place| self.rows().get(place).is_some_and(|row| row.flags & FAILED != 0))
    }

    /// Returns what a proven task had put out; `None` if that is damaged.
    pub fn yields(&self, place: usize) -> Option<Digest> {
        self.cold(place).map(|cold| cold.yields)
    }

    /// Returns how many paths there are, each with its stamp, sorted by path.
    pub fn files(&self) -> usize {
        self.file_rows().len()
    }

    /// Returns the path of a file.
    pub fn path(&self, file: usize) -> &[u8] {
        let rows = self.file_rows();
        let end = |file: usize| rows.get(file).map_or(0, |row| row.end & !FOLDER) as usize;
        let start = file.checked_sub(1).map_or(0, end);
        self.section(5).get(start..end(file)).unwrap_or_default()
    }

    /// Whether a file has the stamp that it had.
    pub fn is_like(&self, file: usize, now: Option<Signature>) -> bool {
        self.file_rows().get(file).is_some_and(|row| row.stamp == Signature::mark(now))
    }

    /// Returns the stamp that a file had, which may be none; `None` if that is damaged.
    fn stamp(&self, file: usize) -> Option<Option<Signature>> {
        self.cold_file(file).map(|cold| (cold.flags & THERE != 0).then_some(cold.signature))
    }

    /// Returns what is known of a file.
    pub fn file(&self, path: &[u8]) -> Option<Known> {
        let (mut first, mut end) = (0, self.files());
        while first < end {
            let middle = first + (end - first) / 2;
            if self.path(middle) < path { first = middle + 1 } else { end = middle }
        }
        (first..self.files()).take_while(|file| self.path(*file) == path).find_map(|file| self.known_of(file))
    }

    /// Returns all that is known of files.
    pub fn known(&self) -> impl Iterator<Item = (&[u8], Known)> {
        (0..self.files()).filter_map(|file| Some((self.path(file), self.known_of(file)?)))
    }

    fn known_of(&self, file: usize) -> Option<Known> {
        let FileCold { signature, digest, flags, .. } = self.cold_file(file)?;
        (flags & KNOWN != 0).then_some(Known { digest, signature, executable: flags & EXECUTABLE != 0 })
    }

    fn cold(&self, place: usize) -> Option<TaskCold> {
        self.cold_row(7, place)
    }

    fn cold_file(&self, file: usize) -> Option<FileCold> {
        self.cold_row(8, file)
    }

    fn cold_row<T: Cold>(&self, section: usize, place: usize) -> Option<T> {
        let row = bytemuck::cast_slice::<u8, T>(self.section(section)).get(place)?;
        (*row.checked(place).check() == *{ *row }.check()).then_some(*row)
    }

    fn file_rows(&self) -> &[FileRow] {
        bytemuck::cast_slice(self.section(4))
    }

    fn section(&self, index: usize) -> &[u8] {
        &self.bytes.as_slice()[self.sections[index].clone()]
    }
}

impl Stamped for Picture {
    fn count(&self) -> usize {
        self.files()
    }

    fn path(&self, row: usize) -> &[u8] {
        Picture::path(self, row)
    }

    fn is_folder(&self, row: usize) -> bool {
        self.file_rows().get(row).is_some_and(|row| row.end & FOLDER != 0)
    }

    fn is_like(&self, row: usize, now: Option<Signature>) -> bool {
        Picture::is_like(self, row, now)
    }
}

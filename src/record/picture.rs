//! The whole memory of a checkout as one image, mapped and used in place.
//!
//! What a build looks at for every task (is it still as proven?) stands in flat rows; what it only needs for a task that is judged again
//! stands in a cold section, each piece behind a checksum of its own.

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use bytemuck::{Pod, Zeroable};
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::proof::{Proof, Tool};
use super::task::{Known, Status, TaskRecord};
use crate::base::image::{self, Bytes, ImageError};
use crate::base::{Digest, RelPath};
use crate::disk::{self, Signature, Stamped};

const MAGIC: [u8; 8] = *b"ORKETST\n";
const VERSION: u32 = 5;
const WARM: usize = 6;
const SECTIONS: usize = 7;

const PROVEN: u32 = 1;
const FAILED: u32 = 2;
const THERE: u32 = 1;
const KNOWN: u32 = 2;
const EXECUTABLE: u32 = 4;

/// One task, 192 bytes.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct TaskRow {
    key: [u64; 2],
    /// See [`Proof::shape`].
    pub shape: [u64; 2],
    /// See [`Proof::surroundings`].
    pub surroundings: [u64; 2],
    /// See [`Proof::needs`].
    pub needs: [u64; 2],
    /// See [`Proof::yields`].
    pub yields: Digest,
    action: Digest,
    rest: u64,
    rest_check: u64,
    duration_ms: u64,
    rest_len: u32,
    flags: u32,
    watched: u32,
    watched_len: u32,
    /// Index into [`Picture::tools`].
    pub tools: u32,
    reserved: u32,
}

/// One path with one stamp, 96 bytes; sorted by path.
#[derive(Clone, Copy, Debug, Pod, Zeroable)]
#[repr(C)]
pub struct FileRow {
    signature: Signature,
    digest: Digest,
    path: u64,
    path_len: u32,
    flags: u32,
}

impl TaskRow {
    /// Returns the hash of its address.
    pub fn key(&self) -> [u64; 2] {
        self.key
    }
}

impl FileRow {
    /// Returns the stamp that the path had; `None` if nothing was there.
    pub fn stamp(&self) -> Option<Signature> {
        (self.flags & THERE != 0).then_some(self.signature)
    }

    fn known(&self) -> Option<Known> {
        (self.flags & KNOWN != 0).then_some(Known {
            digest: self.digest,
            signature: self.signature,
            executable: self.flags & EXECUTABLE != 0,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Rest<'a> {
    #[serde(borrow, with = "serde_bytes")]
    result: Cow<'a, [u8]>,
    discovered: Cow<'a, [RelPath]>,
    #[serde(borrow, with = "serde_bytes")]
    explanation: Cow<'a, [u8]>,
    own: Cow<'a, [(RelPath, Option<Signature>)]>,
    status: Status,
    manifest: u64,
}

/// A mapped picture. Cloning it is cheap.
#[derive(Clone)]
pub struct Picture {
    bytes: Bytes,
    sections: Vec<Range<usize>>,
    tools: std::sync::Arc<Vec<Vec<Tool>>>,
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
        let tools = postcard::from_bytes(&bytes.as_slice()[sections[0].clone()]).map_err(|_| ImageError::Damaged)?;
        let picture = Picture { bytes, sections, tools: std::sync::Arc::new(tools) };
        let whole = bytemuck::try_cast_slice::<u8, TaskRow>(picture.section(1)).is_ok()
            && bytemuck::try_cast_slice::<u8, u32>(picture.section(2)).is_ok()
            && bytemuck::try_cast_slice::<u8, u32>(picture.section(3)).is_ok()
            && bytemuck::try_cast_slice::<u8, FileRow>(picture.section(4)).is_ok();
        if whole { Ok(picture) } else { Err(ImageError::Damaged) }
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

    /// Returns all paths with their stamps, sorted by path.
    pub fn files(&self) -> &[FileRow] {
        bytemuck::cast_slice(self.section(4))
    }

    /// Returns the sets of programs that tasks name.
    pub fn tools(&self) -> &[Vec<Tool>] {
        &self.tools
    }

    /// Returns the path of a file row.
    pub fn path(&self, row: &FileRow) -> &[u8] {
        self.section(5).get(row.path as usize..(row.path + u64::from(row.path_len)) as usize).unwrap_or_default()
    }

    /// Finds a task; `guess` is where it probably stands.
    pub fn row(&self, guess: usize, key: [u64; 2]) -> Option<&TaskRow> {
        let rows = self.rows();
        if let Some(row) = rows.get(guess).filter(|row| row.key == key) {
            return Some(row);
        }
        let order: &[u32] = bytemuck::cast_slice(self.section(2));
        let at = order.binary_search_by(|index| rows[*index as usize].key.cmp(&key)).ok()?;
        rows.get(order[at] as usize)
    }

    /// Returns where a row stands among [`Picture::rows`].
    pub fn position(&self, row: &TaskRow) -> usize {
        (std::ptr::from_ref(row).addr() - self.rows().as_ptr().addr()) / size_of::<TaskRow>()
    }

    /// Returns the positions in [`Picture::files`] that a proven task rests on; `None` if it is not proven.
    pub fn watched(&self, row: &TaskRow) -> Option<&[u32]> {
        if row.flags & PROVEN == 0 {
            return None;
        }
        let all: &[u32] = bytemuck::cast_slice(self.section(3));
        all.get(row.watched as usize..row.watched as usize + row.watched_len as usize)
    }

    /// Decodes a task; `None` if its cold part is damaged.
    pub fn record(&self, row: &TaskRow) -> Option<TaskRecord> {
        let bytes = self.section(6).get(row.rest as usize..row.rest as usize + row.rest_len as usize)?;
        if xxh3_64(bytes) != row.rest_check {
            return None;
        }
        let rest: Rest<'_> = postcard::from_bytes(bytes).ok()?;
        let proof = self.watched(row).and_then(|watched| {
            let stamp = |index: &u32| {
                let file = self.files().get(*index as usize)?;
                Some((RelPath::from_normal(self.path(file)), file.stamp()))
            };
            Some(Proof {
                shape: row.shape,
                surroundings: row.surroundings,
                needs: row.needs,
                yields: row.yields,
                tools: self.tools.get(row.tools as usize)?.clone(),
                watched: watched.iter().map(stamp).collect::<Option<_>>()?,
            })
        });
        Some(TaskRecord {
            key: row.key,
            manifest: rest.manifest,
            action: row.action,
            result: rest.result.into_owned(),
            discovered: rest.discovered.into_owned(),
            explanation: rest.explanation.into_owned(),
            duration_ms: row.duration_ms,
            status: rest.status,
            own: rest.own.into_owned(),
            proof,
        })
    }

    /// Returns how long a task's commands took, in milliseconds.
    pub fn duration_ms(&self, key: [u64; 2]) -> Option<u64> {
        self.row(usize::MAX, key).map(|row| row.duration_ms)
    }

    /// Whether a task's last run failed.
    pub fn has_failed(&self, key: [u64; 2]) -> bool {
        self.row(usize::MAX, key).is_some_and(|row| row.flags & FAILED != 0)
    }

    /// Returns what is known of a file.
    pub fn file(&self, path: &[u8]) -> Option<Known> {
        let files = self.files();
        let first = files.partition_point(|row| self.path(row) < path);
        files[first..].iter().take_while(|row| self.path(row) == path).find_map(FileRow::known)
    }

    /// Returns all that is known of files.
    pub fn known(&self) -> impl Iterator<Item = (&[u8], Known)> {
        self.files().iter().filter_map(|row| Some((self.path(row), row.known()?)))
    }

    fn section(&self, index: usize) -> &[u8] {
        &self.bytes.as_slice()[self.sections[index].clone()]
    }
}

impl Stamped for Picture {
    fn count(&self) -> usize {
        self.files().len()
    }

    fn path(&self, row: usize) -> &[u8] {
        Picture::path(self, &self.files()[row])
    }

    fn stamp(&self, row: usize) -> Option<Signature> {
        self.files()[row].stamp()
    }
}

/// Writes records, in the order in which they will be looked up, and what is known of files into an image.
pub(super) fn write(records: &[Cow<'_, Box<TaskRecord>>], known: &FxHashMap<&[u8], Known>) -> Bytes {
    let mut files: Vec<(&[u8], Option<Signature>, Option<Known>)> =
        known.iter().map(|(path, known)| (*path, Some(known.signature), Some(*known))).collect();
    for (path, stamp) in records.iter().filter_map(|record| record.proof.as_ref()).flat_map(|proof| &proof.watched) {
        files.push((path.as_bytes(), *stamp, None));
    }
    files.sort_unstable_by(|one, other| (one.0, one.1, one.2.is_none()).cmp(&(other.0, other.1, other.2.is_none())));
    files.dedup_by(|later, earlier| later.0 == earlier.0 && later.1 == earlier.1);
    let places: FxHashMap<(&[u8], Option<Signature>), u32> =
        files.iter().enumerate().map(|(index, file)| ((file.0, file.1), index as u32)).collect();

    let (mut rows, mut watched, mut rests) = (Vec::with_capacity(records.len()), Vec::<u32>::new(), Vec::new());
    let (mut tools, mut sets) = (Vec::<&[Tool]>::new(), FxHashMap::<&[Tool], u32>::default());
    for record in records {
        let rest = rests.len() as u64;
        let body = Rest {
            result: Cow::Borrowed(&record.result),
            discovered: Cow::Borrowed(&record.discovered),
            explanation: Cow::Borrowed(&record.explanation),
            own: Cow::Borrowed(&record.own),
            status: record.status,
            manifest: record.manifest,
        };
        rests = postcard::to_extend(&body, rests).expect("writing to memory does not fail");
        let mut row = TaskRow {
            key: record.key,
            action: record.action,
            rest,
            rest_check: xxh3_64(&rests[rest as usize..]),
            duration_ms: record.duration_ms,
            rest_len: (rests.len() as u64 - rest) as u32,
            flags: if matches!(record.status, Status::Failed(_)) { FAILED } else { 0 },
            watched: watched.len() as u32,
            ..TaskRow::zeroed()
        };
        if let Some(proof) = record.proof.as_ref().filter(|_| record.status == Status::Succeeded) {
            watched.extend(proof.watched.iter().map(|(path, stamp)| places[&(path.as_bytes(), *stamp)]));
            row = TaskRow {
                shape: proof.shape,
                surroundings: proof.surroundings,
                needs: proof.needs,
                yields: proof.yields,
                flags: row.flags | PROVEN,
                watched_len: watched.len() as u32 - row.watched,
                tools: *sets.entry(&proof.tools).or_insert_with(|| {
                    tools.push(&proof.tools);
                    tools.len() as u32 - 1
                }),
                ..row
            };
        }
        rows.push(row);
    }
    let mut sorted: Vec<u32> = (0..rows.len() as u32).collect();
    sorted.sort_unstable_by_key(|index| rows[*index as usize].key);

    let mut paths = Vec::new();
    let files: Vec<FileRow> = files
        .iter()
        .map(|(path, stamp, known)| {
            let at = paths.len() as u64;
            paths.extend_from_slice(path);
            let known_flags = known.map_or(0, |known| KNOWN | if known.executable { EXECUTABLE } else { 0 });
            FileRow {
                signature: stamp.unwrap_or_default(),
                digest: known.map_or(Digest::zeroed(), |known| known.digest),
                path: at,
                path_len: path.len() as u32,
                flags: known_flags | if stamp.is_some() { THERE } else { 0 },
            }
        })
        .collect();
    let tools = postcard::to_stdvec(&tools).expect("writing to memory does not fail");
    let sections: [&[&[u8]]; _] = [
        &[&tools],
        &[bytemuck::cast_slice(&rows)],
        &[bytemuck::cast_slice(&sorted)],
        &[bytemuck::cast_slice(&watched)],
        &[bytemuck::cast_slice(&files)],
        &[&paths],
        &[&rests],
    ];
    image::build(MAGIC, VERSION, &sections, WARM)
}

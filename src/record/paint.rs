//! Writes what is known of tasks and files into a picture.

use std::borrow::Cow;

use bytemuck::Zeroable;
use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::picture::{
    Cold, EXECUTABLE, FAILED, FOLDER, FileCold, FileRow, KNOWN, MAGIC, PROVEN, SECTIONS, THERE, TaskCold, TaskRow, VERSION, WARM, declared,
};
use super::proof::Tool;
use super::task::{Known, Status, TaskRecord};
use crate::base::image::{self, Bytes};
use crate::base::{Digest, RelPath};
use crate::disk::Signature;

/// What is only decoded of a task that is judged again.
#[derive(Serialize, Deserialize)]
pub(super) struct Rest<'a> {
    #[serde(borrow, with = "serde_bytes")]
    pub result: Cow<'a, [u8]>,
    pub discovered: Cow<'a, [RelPath]>,
    #[serde(borrow, with = "serde_bytes")]
    pub explanation: Cow<'a, [u8]>,
    pub own: Cow<'a, [(RelPath, Option<Signature>)]>,
    pub status: Status,
    pub manifest: u64,
}

/// Writes records, in the order in which they will be looked up, and what is known of files into an image.
pub(super) fn paint(records: &[Cow<'_, Box<TaskRecord>>], known: &FxHashMap<&[u8], Known>) -> Bytes {
    let mut files: Vec<(&[u8], Option<Signature>, Option<Known>)> =
        known.iter().map(|(path, known)| (*path, Some(known.signature), Some(*known))).collect();
    for (path, stamp) in records.iter().filter_map(|record| record.proof.as_ref()).flat_map(|proof| &proof.watched) {
        files.push((path.as_bytes(), *stamp, None));
    }
    files.sort_unstable_by(|one, other| (one.0, one.1, one.2.is_none()).cmp(&(other.0, other.1, other.2.is_none())));
    files.dedup_by(|later, earlier| later.0 == earlier.0 && later.1 == earlier.1);
    let places: FxHashMap<(&[u8], Option<Signature>), u32> =
        files.iter().enumerate().map(|(index, file)| ((file.0, file.1), index as u32)).collect();

    let (mut rows, mut cold) = (Vec::with_capacity(records.len()), Vec::with_capacity(records.len()));
    let (mut watched, mut rests) = (Vec::<u32>::new(), Vec::new());
    let (mut scenes, mut numbers) = (Vec::<([u64; 2], &[Tool])>::new(), FxHashMap::<([u64; 2], &[Tool]), u32>::default());
    for (place, record) in records.iter().enumerate() {
        let rest = rests.len();
        let body = Rest {
            result: Cow::Borrowed(&record.result),
            discovered: Cow::Borrowed(&record.discovered),
            explanation: Cow::Borrowed(&record.explanation),
            own: Cow::Borrowed(&record.own),
            status: record.status,
            manifest: record.manifest,
        };
        rests = postcard::to_extend(&body, rests).expect("writing to memory does not fail");
        let flags = if matches!(record.status, Status::Failed(_)) { FAILED } else { 0 };
        let proof = record.proof.as_ref().filter(|_| record.status == Status::Succeeded);
        rows.push(match proof {
            None => TaskRow { flags, ..TaskRow::zeroed() },
            Some(proof) => {
                let first = watched.len() as u32;
                watched.extend(proof.watched.iter().map(|(path, stamp)| places[&(path.as_bytes(), *stamp)]));
                let scene = (proof.surroundings, &proof.tools[..]);
                TaskRow {
                    declared: declared(record.key, proof.shape),
                    needs: proof.needs,
                    yields: proof.yields.mark(),
                    watched: first,
                    watched_len: watched.len() as u32 - first,
                    scene: *numbers.entry(scene).or_insert_with(|| {
                        scenes.push(scene);
                        scenes.len() as u32 - 1
                    }),
                    flags: flags | PROVEN,
                }
            }
        });
        let flat = TaskCold {
            yields: proof.map_or(Digest::zeroed(), |proof| proof.yields),
            action: record.action,
            rest: rest as u64,
            rest_check: xxh3_64(&rests[rest..]),
            duration_ms: record.duration_ms,
            rest_len: (rests.len() - rest) as u32,
            reserved: 0,
            check: 0,
        };
        cold.push(flat.checked(place));
    }
    let keys: Vec<[u64; 2]> = records.iter().map(|record| record.key).collect();
    let mut order: Vec<u32> = (0..keys.len() as u32).collect();
    order.sort_unstable_by_key(|place| keys[*place as usize]);

    let mut paths = Vec::new();
    let (mut file_rows, mut cold_files) = (Vec::with_capacity(files.len()), Vec::with_capacity(files.len()));
    for (place, (path, stamp, known)) in files.iter().enumerate() {
        paths.extend_from_slice(path);
        let folder = if stamp.is_some_and(|stamp| stamp.is_dir()) { FOLDER } else { 0 };
        file_rows.push(FileRow { stamp: Signature::mark(*stamp), end: paths.len() as u64 | folder });
        let known_flags = known.map_or(0, |known| KNOWN | if known.executable { EXECUTABLE } else { 0 });
        let flat = FileCold {
            signature: stamp.unwrap_or_default(),
            digest: known.map_or(Digest::zeroed(), |known| known.digest),
            flags: known_flags | if stamp.is_some() { THERE } else { 0 },
            reserved: 0,
            check: 0,
        };
        cold_files.push(flat.checked(place));
    }
    let scenes = postcard::to_stdvec(&scenes).expect("writing to memory does not fail");
    let sections: [&[&[u8]]; SECTIONS] = [
        &[&scenes],
        &[bytemuck::cast_slice(&rows)],
        &[bytemuck::cast_slice(&order)],
        &[bytemuck::cast_slice(&watched)],
        &[bytemuck::cast_slice(&file_rows)],
        &[&paths],
        &[bytemuck::cast_slice(&keys)],
        &[bytemuck::cast_slice(&cold)],
        &[bytemuck::cast_slice(&cold_files)],
        &[&rests],
    ];
    image::build(MAGIC, VERSION, &sections, WARM)
}

//! Which tasks are as they were proven to be, without judging them.
//!
//! A proof is written when a task was judged in full and found in order, and only if every stamp in it is one that no other bytes can get.
//! It holds while all of it is so: the declaration, what the task sees of the environment, the programs that its names lead to, every file
//! and folder that it rests on, and what those that it needs put out. The last one is for the caller to compare, in the order of the plan.

use std::thread;

use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::Xxh3;

use super::tools::{self, ABSENT, digest_of, program};
use super::{Links, Prepared, World};
use crate::action::{Content, EnvValue, FORMAT, Output, OutputKind};
use crate::base::{Digest, Hasher, RelPath, TargetId, glob};
use crate::decisions::Seam;
use crate::disk::{self, Noted, PatternSet, Signature, now_ns};
use crate::graph::{TargetKind, flag};
use crate::record::{Picture, Proof, Status, TaskRow, Tool, doubtful};

/// Up to how many files it is not worth a thread to look at them beside what else is done.
const FEW: usize = 2000;

/// A task of which everything is as it was proven, but for what it needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stands {
    /// What [`needs_of`] has to say of what it needs.
    pub needs: [u64; 2],
    /// What it puts out.
    pub yields: Digest,
}

/// Returns a hash of what the targets that a task needs put out, in the order of its edges.
pub fn needs_of<'a>(digests: impl Iterator<Item = &'a Digest>) -> [u64; 2] {
    // What is hashed are digests: nobody picks them.
    let mut hasher = Xxh3::new();
    digests.for_each(|digest| hasher.update(bytemuck::bytes_of(digest)));
    let hash = hasher.digest128();
    [hash as u64, (hash >> 64) as u64]
}

/// Returns, for each of `targets`, what was proven of it if that still holds. Files are asked for their stamps, in parallel; none is read.
pub fn standing(world: &World, targets: &[TargetId]) -> Vec<Option<Stands>> {
    let checkout = world.checkout.lock().expect("no holder panics");
    let picture = checkout.picture().cloned();
    let state = checkout.folder().to_path_buf();
    let own: Vec<(usize, Option<Proof>)> = targets
        .iter()
        .enumerate()
        .filter_map(|(index, target)| Some((index, checkout.newer(world.graph.row(*target).key)?)))
        .map(|(index, record)| (index, record.proof.clone().filter(|_| record.status == Status::Succeeded)))
        .collect();
    drop(checkout);

    let mut same = Surroundings { world, seen: FxHashMap::default(), tools: FxHashMap::default() };
    let mut stands: Vec<Option<Stands>> = vec![None; targets.len()];
    if let Some(picture) = &picture {
        let is_newer = |index: &usize| own.binary_search_by_key(index, |(newer, _)| *newer).is_ok();
        let count = picture.files().len();
        let doubtful = if world.watcher { doubtful(&world.tree, &state, picture) } else { None };
        // Where most of what is known is asked for, all files are looked at, beside finding out which of them matter.
        let foreseen = doubtful.is_none() && count > FEW && targets.len() * 2 > picture.rows().len();
        let (rows, now) = thread::scope(|scope| {
            let look = || stamps_of(world, picture, &(0..count).collect::<Vec<_>>(), false);
            let looking = foreseen.then(|| thread::Builder::new().spawn_scoped(scope, look).ok()).flatten();
            let rows = rows_of(picture, targets, &mut same, &|index| !is_newer(index));
            let now = looking.and_then(|looking| looking.join().ok()).unwrap_or_else(|| {
                let mut used = vec![false; count];
                let watched = rows.iter().flat_map(|(.., watched)| *watched);
                watched.for_each(|file| used.get_mut(*file as usize).into_iter().for_each(|used| *used = true));
                match doubtful {
                    // A watcher's word stands for all the others.
                    Some(mut doubtful) => {
                        doubtful.sort_unstable();
                        let asked = doubtful.into_iter().map(|file| file as usize).filter(|file| used[*file]);
                        stamps_of(world, picture, &asked.collect::<Vec<_>>(), true)
                    }
                    None => stamps_of(world, picture, &(0..count).filter(|file| used[*file]).collect::<Vec<_>>(), false),
                }
            });
            (rows, now)
        });
        for (index, row, watched) in rows {
            if watched.iter().all(|file| now.get(*file as usize) == Some(&true)) {
                stands[index] = Some(Stands { needs: row.needs, yields: row.yields });
            }
        }
    }
    let watched: Vec<&(RelPath, Option<Signature>)> = own.iter().flat_map(|(_, proof)| proof).flat_map(|proof| &proof.watched).collect();
    let paths: Vec<&[u8]> = watched.iter().map(|(path, _)| path.as_bytes()).collect();
    let now = world.tree.stat_many(&paths);
    let mut as_it_was = now.iter().zip(&watched).map(|(now, (_, then))| now == then);
    for (index, proof) in own.iter().filter_map(|(index, proof)| Some((*index, proof.as_ref()?))) {
        let whole = proof.watched.iter().fold(true, |whole, _| as_it_was.next().unwrap_or(false) && whole);
        let target = targets[index];
        if whole
            && proof.shape == world.graph.row(target).shape
            && same.surroundings(target) == Some(proof.surroundings)
            && same.tools(target, Some(&proof.tools))
        {
            stands[index] = Some(Stands { needs: proof.needs, yields: proof.yields });
        }
    }
    if let Some((target, _)) = &world.args {
        targets.iter().zip(&mut stands).filter(|(one, _)| *one == target).for_each(|(_, stands)| *stands = None);
    }
    stands
}

/// Returns which files of a picture have the stamps that they had: those that are `asked` for by a look; the others are told `rest`.
fn stamps_of(world: &World, picture: &Picture, asked: &[usize], rest: bool) -> Vec<bool> {
    let files = picture.files();
    let paths: Vec<&[u8]> = asked.iter().map(|file| picture.path(&files[*file])).collect();
    let mut same = vec![rest; files.len()];
    for (file, now) in asked.iter().zip(world.tree.stat_many(&paths)) {
        same[*file] = now == files[*file].stamp();
    }
    same
}

/// Returns the proven tasks whose declaration, environment and programs are as they were: which of `targets`, and the files that each rests on.
fn rows_of<'p>(
    picture: &'p Picture,
    targets: &[TargetId],
    same: &mut Surroundings<'_>,
    wanted: &dyn Fn(&usize) -> bool,
) -> Vec<(usize, &'p TaskRow, &'p [u32])> {
    let graph = &same.world.graph;
    let never = flag::ALWAYS | flag::FOREIGN | flag::EMPTY | flag::HEARD;
    let (mut rows, mut guess) = (Vec::with_capacity(targets.len()), 0);
    let mut tools: FxHashMap<(u32, u32), bool> = FxHashMap::default();
    let mut places = vec![None; graph.len()];
    targets.iter().enumerate().for_each(|(index, target)| places[target.index()] = Some(index as u32));
    // In the order of declaration: so they stand in the picture, one behind the other.
    for (target, index) in graph.ids().zip(places).filter_map(|(target, index)| Some((target, index? as usize))) {
        let declared = graph.row(target);
        if graph.kind(target) != TargetKind::Task || declared.flags & never != 0 || !wanted(&index) {
            continue;
        }
        let Some(row) = picture.row(guess, declared.key) else { continue };
        guess = picture.position(row) + 1;
        let Some(watched) = picture.watched(row) else { continue };
        if row.shape == declared.shape
            && same.surroundings(target) == Some(row.surroundings)
            && *tools.entry((declared.env, row.tools)).or_insert_with(|| same.tools(target, picture.tools().get(row.tools as usize)))
        {
            rows.push((index, row, watched));
        }
    }
    rows
}

/// What many tasks have in common, found out once.
struct Surroundings<'a> {
    world: &'a World,
    seen: FxHashMap<(u32, u32), Option<[u64; 2]>>,
    tools: FxHashMap<(u32, Vec<Tool>), bool>,
}

impl Surroundings<'_> {
    fn surroundings(&mut self, target: TargetId) -> Option<[u64; 2]> {
        let row = self.world.graph.row(target);
        let key = (row.env, row.flags & flag::HOLES);
        *self.seen.entry(key).or_insert_with(|| surroundings(self.world, target))
    }

    fn tools(&mut self, target: TargetId, tools: Option<&Vec<Tool>>) -> bool {
        let Some(tools) = tools else { return false };
        let key = (self.world.graph.row(target).env, tools.clone());
        *self.tools.entry(key).or_insert_with(|| {
            let Ok(visible) = self.world.visible(target, false) else { return false };
            tools.iter().all(|tool| {
                let folder = tool.folder.under(self.world.tree.root());
                match tool.digest == ABSENT {
                    true => digest_of(self.world, &visible, &tool.name, &folder, false) == ABSENT,
                    false => program(self.world, &visible, &tool.name, &folder, false).is_ok_and(|(_, digest)| digest == tool.digest),
                }
            })
        })
    }
}

/// Returns a hash of all that a task sees and that is none of its files; `None` if its rules cannot be followed.
fn surroundings(world: &World, target: TargetId) -> Option<[u64; 2]> {
    let visible = world.visible(target, false).ok()?;
    let mut hasher = Hasher::new();
    hasher.piece(FORMAT.as_bytes()).piece(env!("CARGO_PKG_VERSION").as_bytes()).piece(world.environment.platform.as_bytes());
    for (seam, strategy) in world.seams.shaping() {
        hasher.piece(seam.as_bytes()).piece(strategy.as_bytes());
    }
    hasher.piece(world.seams.choice(Seam::ToolStrategy).strategy.as_bytes());
    if let Some(lock) = tools::lock(world) {
        hasher.digest(&lock);
    }
    for (name, value) in &visible.entries {
        hasher.piece(name.as_bytes());
        match value {
            EnvValue::Plain(value) => hasher.piece(b"=").piece(value),
            EnvValue::Secret(digest) => hasher.piece(b"#").digest(digest),
            EnvValue::Unset => hasher.piece(b""),
        };
    }
    if world.graph.has(target, flag::HOLES) {
        // Commands and paths may name what enters no digest by itself.
        let secret = |name: &str| visible.entries.iter().any(|(one, value)| one == name && matches!(value, EnvValue::Secret(_)));
        for (name, value) in visible.variables.iter().filter(|(name, _)| !secret(name)) {
            hasher.piece(name.as_bytes()).piece(value);
        }
    }
    // What other tasks put out is no source, in whatever way a task names its sources.
    hasher.piece(bytemuck::bytes_of(&world.graph.header().made));
    let hash = hasher.finish().hash;
    Some([0, 8].map(|at| u64::from_le_bytes(hash[at..at + 8].try_into().unwrap_or_default())))
}

/// Returns the stamps of the folders that hold a task's outputs, from before anybody looks whether these are in place; `None` if they may
/// change without their stamps doing so.
pub(super) fn output_folders(world: &World, prepared: &Prepared, outputs: &[Output]) -> Option<Noted> {
    let began = now_ns();
    let mut noted = Noted::new();
    for output in outputs.iter().filter(|output| output.kind == OutputKind::Folder) {
        noted.push((output.path.clone(), world.tree.stat(&output.path).ok()?));
    }
    let globs: Vec<String> = prepared.outputs.iter().filter(|text| glob::is_glob(text)).cloned().collect();
    if !globs.is_empty() {
        disk::expand_noting(&world.tree, &PatternSet::new(&globs, &prepared.excluded).ok()?, &mut noted).ok()?;
    }
    settled(&noted, began).then_some(noted)
}

fn settled(noted: &Noted, began: i64) -> bool {
    noted.iter().all(|(_, stamp)| stamp.is_none_or(|stamp| stamp.settled_at(began)))
}

/// Remembers what a task that was found in order rests on, if all of it can be told by its stamp.
pub(super) fn prove(world: &World, prepared: &Prepared, links: &Links, outputs: &[Output], folders: Option<Noted>, yields: Digest) {
    let mut watched = Noted::new();
    let mut watch = |path: &RelPath, content: &Content| match world.files.stamp(path, content) {
        // Its stamp is among those of the places that were searched.
        _ if matches!(content, Content::Folder(_)) => true,
        Some(stamp) => {
            watched.push((path.clone(), stamp));
            true
        }
        None => false,
    };
    let row = world.graph.row(prepared.target);
    let provable = prepared.action.args.is_empty()
        && !world.graph.has(prepared.target, flag::HEARD)
        && settled(&prepared.listing.searched, prepared.began)
        && prepared.action.inputs.iter().all(|(path, content)| watch(path, content))
        && outputs.iter().all(|output| match &output.kind {
            OutputKind::File { digest, executable } => watch(&output.path, &Content::File { digest: *digest, executable: *executable }),
            OutputKind::Link(target) => watch(&output.path, &Content::Link(target.clone())),
            OutputKind::Folder => true,
        });
    let (true, Some(folders), Some(surroundings)) = (provable, folders, surroundings(world, prepared.target)) else { return };
    watched.extend(prepared.listing.searched.iter().cloned());
    watched.extend(folders);
    watched.sort();
    watched.dedup();
    let needs = needs_of(links.iter().map(|(_, yielded)| &yielded.digest));
    let proof = Proof { shape: row.shape, surroundings, needs, yields, tools: prepared.programs.clone(), watched };
    world.checkout.lock().expect("no holder panics").prove(row.key, proof);
}

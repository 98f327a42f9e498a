//! Which tasks are as they were proven to be, without judging them.
//!
//! A proof is written when a task was judged in full and found in order, and only if every stamp in it is one that no other bytes can get.
//! It holds while all of it is so: the declaration, what the task sees of the environment, the programs that its names lead to, every file
//! and folder that it rests on, and what those that it needs put out. The last one is for the caller to compare, in the order of the plan.

use std::path::Path;
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
use crate::record::{Picture, Proof, Scene, Status, Tool, doubtful};

/// Where nothing stands.
const NOWHERE: u32 = u32::MAX;

/// Up to how many files it is not worth a thread to look at them beside what else is done. Where tests run they go either way.
const FEW: usize = if cfg!(debug_assertions) { 20 } else { 2000 };

/// A task of which everything is as it was proven, but for what it needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Stands {
    /// What [`needs_of`] has to say of what it needs.
    pub needs: [u64; 2],
    /// The [mark](Digest::mark) of what it puts out.
    pub yields: [u64; 2],
}

/// What stands of some targets; nothing by default.
#[derive(Default)]
pub struct Standing {
    picture: Option<Picture>,
    /// For each target where it stands in the picture, or [`NOWHERE`].
    rows: Vec<u32>,
    /// What was proven since the picture was taken, by target.
    own: FxHashMap<usize, (Stands, Digest)>,
    /// Whether something was found not to hold when the files were looked at.
    struck: bool,
}

impl Standing {
    /// Returns what was proven of one of the targets, by its place among them, if that still holds.
    pub fn of(&self, index: usize) -> Option<Stands> {
        let row = || self.picture.as_ref()?.rows().get(*self.rows.get(index)? as usize);
        let own = || self.own.get(&index).map(|(stands, _)| *stands);
        row().map(|row| Stands { needs: row.needs, yields: row.yields }).or_else(own)
    }

    /// Whether all that was supposed to stand does.
    pub fn is_as_supposed(&self) -> bool {
        !self.struck
    }

    /// Returns all of the digest of what that one puts out; `None` also if it cannot be read.
    pub fn yields(&self, index: usize) -> Option<Digest> {
        match (&self.picture, self.rows.get(index)) {
            (Some(picture), Some(row)) if *row != NOWHERE => picture.yields(*row as usize),
            _ => self.own.get(&index).map(|(_, yields)| *yields),
        }
    }
}

/// Returns a hash of what the targets that a task needs put out, by its [marks](Digest::mark), in the order of its edges. It is that of one
/// manifest: what another one has proven of a task with the same address is judged again, so that the outputs are known to be this one's, too.
pub fn needs_of(world: &World, marks: impl Iterator<Item = [u64; 2]>) -> [u64; 2] {
    // What is hashed are digests: nobody picks them.
    let mut hasher = Xxh3::with_seed(world.manifest);
    marks.for_each(|mark| hasher.update(bytemuck::bytes_of(&mark)));
    let hash = hasher.digest128();
    [hash as u64, (hash >> 64) as u64]
}

/// Returns what was proven of `targets` and still holds. Files are asked for their stamps, in parallel; none is read. `meanwhile` is called
/// while that goes on, if it takes long, with what stands if all files are as they were; whether they are, [`Standing::is_as_supposed`] says.
pub fn standing(world: &World, targets: &[TargetId], meanwhile: &mut dyn FnMut(&Standing)) -> Standing {
    let checkout = world.checkout.lock().expect("no holder panics");
    let picture = checkout.picture().cloned();
    let state = checkout.folder().to_path_buf();
    let newer: Vec<(usize, Option<Proof>)> = targets
        .iter()
        .enumerate()
        .filter_map(|(index, target)| Some((index, checkout.newer(world.graph.row(*target).key)?)))
        .map(|(index, record)| (index, record.proof.clone().filter(|_| record.status == Status::Succeeded)))
        .collect();
    drop(checkout);

    let mut same = Surroundings { world, seen: FxHashMap::default(), tools: FxHashMap::default() };
    let mut stands = Standing { own: proven(world, targets, &newer, &mut same), ..Standing::default() };
    let args = world.args.as_ref().and_then(|(target, _)| targets.iter().position(|one| one == target));
    args.map(|index| stands.own.remove(&index));
    if let Some(picture) = picture {
        let is_newer = |index: &usize| newer.binary_search_by_key(index, |(newer, _)| *newer).is_ok();
        let mut find = || {
            let mut rows = rows_of(&picture, targets, &mut same, &|index| !is_newer(index));
            args.and_then(|index| rows.get_mut(index)).into_iter().for_each(|row| *row = NOWHERE);
            Standing { picture: Some(picture.clone()), rows, ..std::mem::take(&mut stands) }
        };
        return standing_in(world, &picture, &state, targets, &mut find, meanwhile);
    }
    stands
}

/// Returns what still holds of what was proven of tasks since the picture was taken.
fn proven(
    world: &World,
    targets: &[TargetId],
    newer: &[(usize, Option<Proof>)],
    same: &mut Surroundings<'_>,
) -> FxHashMap<usize, (Stands, Digest)> {
    let watched: Vec<&(RelPath, Option<Signature>)> = newer.iter().flat_map(|(_, proof)| proof).flat_map(|proof| &proof.watched).collect();
    let now = world.tree.stat_each(watched.len(), |index| watched[index].0.as_bytes(), |index, now, _| now == watched[index].1);
    let (mut as_it_was, mut own) = (now.into_iter(), FxHashMap::default());
    for (index, proof) in newer.iter().filter_map(|(index, proof)| Some((*index, proof.as_ref()?))) {
        let whole = proof.watched.iter().fold(true, |whole, _| as_it_was.next().unwrap_or(false) && whole);
        let target = targets[index];
        if whole
            && proof.shape == world.graph.row(target).shape
            && same.surroundings(target) == Some(proof.surroundings)
            && same.tools(target, &proof.tools)
        {
            own.insert(index, (Stands { needs: proof.needs, yields: proof.yields.mark() }, proof.yields));
        }
    }
    own
}

/// Returns what `find` says that stands in a picture, of `targets`, without those of which a file is not as the picture has it.
fn standing_in(
    world: &World,
    picture: &Picture,
    state: &Path,
    targets: &[TargetId],
    find: &mut dyn FnMut() -> Standing,
    meanwhile: &mut dyn FnMut(&Standing),
) -> Standing {
    let (count, all) = (picture.files(), picture.rows());
    let doubtful = if world.watcher { doubtful(&world.tree, state, picture) } else { None };
    // Where most of what is known is asked for, all files are looked at, beside finding out which of them matter.
    let foreseen = doubtful.is_none() && count > FEW && targets.len() * 2 > all.len();
    let watched = |row: &u32| all.get(*row as usize).and_then(|row| picture.watched(row)).unwrap_or_default();
    let (mut stands, now) = thread::scope(|scope| {
        let look = || stamps_of(world, picture, count, |index| index);
        let looking = foreseen.then(|| thread::Builder::new().spawn_scoped(scope, look).ok()).flatten();
        let stands = find();
        if looking.is_some() {
            meanwhile(&stands);
        }
        let now = looking.and_then(|looking| looking.join().ok()).unwrap_or_else(|| {
            let mut used = vec![false; count];
            stands.rows.iter().flat_map(watched).for_each(|file| used.get_mut(*file as usize).into_iter().for_each(|used| *used = true));
            // A watcher's word stands for all but those that it doubts.
            let (asked, mut now): (Vec<usize>, _) = match doubtful {
                Some(mut doubtful) => {
                    doubtful.sort_unstable();
                    (doubtful.into_iter().map(|file| file as usize).filter(|file| used[*file]).collect(), vec![true; count])
                }
                None => ((0..count).filter(|file| used[*file]).collect(), vec![false; count]),
            };
            let found = stamps_of(world, picture, asked.len(), |index| asked[index]);
            asked.iter().zip(found).for_each(|(file, same)| now[*file] = same);
            now
        });
        (stands, now)
    });
    for row in stands.rows.iter_mut().filter(|row| **row != NOWHERE) {
        if !watched(row).iter().all(|file| now.get(*file as usize) == Some(&true)) {
            *row = NOWHERE;
            stands.struck = true;
        }
    }
    stands
}

/// Returns whether each of `count` files of a picture has the stamp that it had; `file` says which one is meant.
fn stamps_of(world: &World, picture: &Picture, count: usize, file: impl Fn(usize) -> usize + Sync) -> Vec<bool> {
    world.tree.stat_each(count, |index| picture.path(file(index)), |index, now, _| picture.is_like(file(index), now))
}

/// Returns for each of `targets` its place in a picture, if it is proven there and its declaration, environment and programs are as they were.
fn rows_of(picture: &Picture, targets: &[TargetId], same: &mut Surroundings<'_>, wanted: &dyn Fn(&usize) -> bool) -> Vec<u32> {
    let graph = &same.world.graph;
    let never = flag::ALWAYS | flag::FOREIGN | flag::EMPTY | flag::HEARD;
    let (mut rows, mut guess) = (vec![NOWHERE; targets.len()], 0);
    let mut scenes: FxHashMap<(u32, u32, u32), bool> = FxHashMap::default();
    let mut places = vec![NOWHERE; graph.len()];
    targets.iter().zip(0..).for_each(|(target, index)| places[target.index()] = index);
    // In the order of declaration: so they stand in the picture, one behind the other.
    for (target, index) in graph.ids().zip(places).filter(|(_, index)| *index != NOWHERE) {
        let (declared, index) = (graph.row(target), index as usize);
        if graph.kind(target) != TargetKind::Task || declared.flags & never != 0 || !wanted(&index) {
            continue;
        }
        let Some(place) = picture.find(guess, declared.key, declared.shape) else { continue };
        guess = place + 1;
        let row = &picture.rows()[place];
        let scene = (declared.env, declared.flags & flag::HOLES, row.scene);
        if picture.watched(row).is_some()
            && *scenes.entry(scene).or_insert_with(|| same.scene(target, picture.scenes().get(row.scene as usize)))
        {
            rows[index] = place as u32;
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

    fn scene(&mut self, target: TargetId, scene: Option<&Scene>) -> bool {
        scene.is_some_and(|(surroundings, tools)| self.surroundings(target) == Some(*surroundings) && self.tools(target, tools))
    }

    fn tools(&mut self, target: TargetId, tools: &[Tool]) -> bool {
        let key = (self.world.graph.row(target).env, tools.to_vec());
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
    let needs = needs_of(world, links.iter().map(|(_, yielded)| yielded.digest.mark()));
    let proof = Proof { shape: row.shape, surroundings, needs, yields, tools: prepared.programs.clone(), watched };
    world.checkout.lock().expect("no holder panics").prove(row.key, proof);
}

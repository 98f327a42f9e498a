//! Finds the functions, classes and methods that a history touched: gets both sides of each change, has them parsed and compared, and
//! remembers what came of it by the ids of commits and texts.

use std::thread;

use rustc_hash::{FxHashMap, FxHashSet};

use super::churn::Shelf;
use crate::base::{Digest, FileKind, Outline, PathId, RelPath, SymbolChanges};
use crate::churn::{Busy, Side, SymbolChurn, SymbolGround, SymbolTally, Touch, Touches, compare};
use crate::facts::{Known, Language, OUTLINES, outline};
use crate::vcs::{Present, Repository, TextPair, Told, VcsError};

/// A longer text, in bytes, is not parsed.
pub(super) const SYMBOL_LIMIT: u64 = 1 << 19;

/// About how many bytes are parsed where no number of files is asked for.
const CHEAP: u64 = 4 << 20;

/// What a file cost that is not there any more: its lines, so many bytes each.
const LINE: u64 = 32;

/// Whether a path is that of a text with symbols.
pub(super) fn is_source(path: &[u8]) -> bool {
    language(path).is_some()
}

fn language(path: &[u8]) -> Option<Language> {
    Language::of(&RelPath::parse(path).ok()?)
}

/// Of which files functions, classes and methods are counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum SymbolsWanted {
    /// Of the most often touched, as far as little has to be parsed.
    #[default]
    Cheap,
    /// Of so many, the most often touched.
    Files(usize),
    /// Of those that were touched more often than that: no symbol of another can have been.
    Above(u64),
}

/// Where symbols come from.
pub(super) struct Source<'a> {
    pub repository: &'a Repository,
    pub present: &'a [Present],
    pub told: &'a Told,
    pub renames: bool,
    pub shelf: &'a Shelf<'a>,
}

/// A change of a file whose symbols are to be compared.
type Job = (Touch, TextPair);

impl Source<'_> {
    /// Returns the symbols and how they were come by. `busiest` are the files, the most often touched first, `counts` says which count.
    pub fn symbols(
        &self,
        wanted: SymbolsWanted,
        busiest: &[Busy<'_>],
        counts: impl Fn(&[u8]) -> bool,
        touches: Touches,
        until: i64,
    ) -> Result<(Vec<SymbolChurn>, SymbolGround), VcsError> {
        let sources: FxHashSet<PathId> = touches.all.iter().map(|touch| touch.file).collect();
        let files: Vec<&Busy<'_>> = busiest.iter().filter(|busy| sources.contains(&busy.file) && counts(busy.path)).collect();
        let chosen = self.choose(wanted, &files);
        let mut ground = SymbolGround {
            files: files.len(),
            counted: chosen,
            beyond: files.get(chosen).map_or(0, |busy| busy.touches),
            ..SymbolGround::default()
        };
        let files = &files[..chosen];
        if files.is_empty() {
            return Ok((Vec::new(), ground));
        }
        let known = self.shelf.open("symbols");
        let chosen: FxHashSet<PathId> = files.iter().map(|busy| busy.file).collect();
        let (binary, wanted): (Vec<&Touch>, Vec<&Touch>) =
            touches.all.iter().filter(|touch| chosen.contains(&touch.file)).partition(|touch| touch.binary);
        let jobs = self.jobs(&wanted, &touches, &*known)?;
        (ground.changes, ground.left_out) = ((jobs.len() + binary.len()) as u64, binary.len() as u64);
        let heads = self.heads(files);
        let pairs = jobs.iter().map(|(_, pair)| pair).chain(heads.values());
        let found = self.compared(pairs, &*known)?;
        known.keep();
        let mut tally = SymbolTally::default();
        for (touch, pair) in &jobs {
            match found.get(pair) {
                Some(Some(changes)) => {
                    ground.doubtful += u64::from(changes.doubtful);
                    tally.add(touch, until, changes);
                }
                _ => ground.left_out += 1,
            }
        }
        let nothing = SymbolChanges::default();
        let now = |file: PathId| match heads.get(&file) {
            Some(pair) => found.get(pair)?.as_ref(),
            None => Some(&nothing),
        };
        let word = |path: &[u8]| language(path).map_or("", Language::name);
        Ok((tally.report(&self.told.paths, &self.told.authors, word, now), ground))
    }

    /// Returns how many files are chosen.
    fn choose(&self, wanted: SymbolsWanted, files: &[&Busy<'_>]) -> usize {
        match wanted {
            SymbolsWanted::Files(count) => count.min(files.len()),
            SymbolsWanted::Above(touches) => files.iter().take_while(|busy| u64::from(busy.touches) > touches).count(),
            SymbolsWanted::Cheap => {
                let sizes: FxHashMap<&[u8], u64> = self.present.iter().map(|file| (&*file.path, file.size)).collect();
                let mut left = CHEAP;
                let fits = files.iter().take_while(|busy| {
                    let size = sizes.get(busy.path).copied().unwrap_or(busy.adds.saturating_mul(LINE)).max(1);
                    let cost = size.saturating_mul(busy.touches.into());
                    let fits = cost <= left;
                    left = left.saturating_sub(cost);
                    fits
                });
                fits.count()
            }
        }
    }

    /// Returns what has to be compared, newest first: what is known of each touch, else what git says.
    fn jobs(&self, wanted: &[&Touch], touches: &Touches, known: &dyn Known) -> Result<Vec<Job>, VcsError> {
        let stamp = &self.told.stamp[..];
        let name = |commit: &[u8], path: &[u8]| Digest::of(&[b"pair\0", stamp, commit, path].concat());
        let names: Vec<Digest> =
            wanted.iter().map(|touch| name(&touches.commits[touch.commit as usize], self.told.paths.bytes(touch.path.0))).collect();
        let mut pairs: FxHashMap<Digest, Option<TextPair>> = FxHashMap::default();
        let mut missing: Vec<&[u8]> = Vec::new();
        for (touch, name) in wanted.iter().zip(&names) {
            let pair = known.get(name).and_then(|bytes| postcard::from_bytes(&bytes).ok());
            let commit = &*touches.commits[touch.commit as usize];
            if pair.is_none() && missing.last() != Some(&commit) {
                missing.push(commit);
            }
            pairs.insert(*name, pair);
        }
        let mut found = |commit: &[u8], path: &[u8], pair: TextPair| {
            let name = name(commit, path);
            if let Some(place) = pairs.get_mut(&name) {
                if let Ok(bytes) = postcard::to_stdvec(&pair) {
                    known.put(&name, &bytes);
                }
                *place = Some(pair);
            }
        };
        missing.retain(|commit| {
            let told = self.told.texts.get(*commit);
            told.into_iter().flatten().for_each(|(path, pair)| found(commit, path, pair.clone()));
            told.is_none()
        });
        self.repository.pairs(&missing, self.renames, found)?;
        let job = |(touch, name): (&&Touch, &Digest)| Some(((*touch).clone(), pairs.get(name)?.clone()?));
        Ok(wanted.iter().zip(&names).filter_map(job).collect())
    }

    /// Returns the texts that the files have in the newest commit, as if each were new.
    fn heads(&self, files: &[&Busy<'_>]) -> FxHashMap<PathId, TextPair> {
        let present: FxHashMap<&[u8], &Present> =
            self.present.iter().filter(|file| file.kind == FileKind::File).map(|file| (&*file.path, file)).collect();
        let head = |busy: &&Busy<'_>| {
            let file = present.get(busy.path)?;
            Some((busy.file, TextPair { old: None, new: Some((busy.path.to_vec(), file.blob.clone())) }))
        };
        files.iter().filter_map(head).collect()
    }

    /// Returns what differs between both sides of each pair; nothing for one of which a side cannot be parsed.
    fn compared<'p>(
        &self,
        pairs: impl Iterator<Item = &'p TextPair>,
        known: &dyn Known,
    ) -> Result<FxHashMap<&'p TextPair, Option<SymbolChanges>>, VcsError> {
        let mut found: FxHashMap<&TextPair, Option<SymbolChanges>> = FxHashMap::default();
        let mut new: Vec<&TextPair> = Vec::new();
        for pair in pairs {
            if found.contains_key(pair) {
                continue;
            }
            let kept = known.get(&self.name(pair)).and_then(|bytes| postcard::from_bytes(&bytes).ok());
            if kept.is_none() {
                new.push(pair);
            }
            found.insert(pair, kept.unwrap_or_default());
        }
        // The changes of a file follow each other, so that a text is read and parsed once for both changes that it is a side of.
        new.sort_by(|one, other| path(one).cmp(path(other)));
        let lanes = thread::available_parallelism().map_or(1, usize::from).min(new.len().max(1));
        let each = new.len().div_ceil(lanes).max(1);
        let results: Vec<Result<Vec<Option<SymbolChanges>>, VcsError>> = thread::scope(|scope| {
            let lanes: Vec<_> = new.chunks(each).map(|part| scope.spawn(move || compared(self.repository, part))).collect();
            lanes.into_iter().map(|lane| lane.join().unwrap_or_else(|_| Ok(Vec::new()))).collect()
        });
        let mut all = Vec::with_capacity(new.len());
        for part in results {
            all.extend(part?);
        }
        for (pair, changes) in new.into_iter().zip(all) {
            if let Ok(bytes) = postcard::to_stdvec(&changes) {
                known.put(&self.name(pair), &bytes);
            }
            found.insert(pair, changes);
        }
        Ok(found)
    }

    /// Returns the name under which the comparison of two texts is kept.
    fn name(&self, pair: &TextPair) -> Digest {
        let side = |side: &Option<(Vec<u8>, String)>| {
            side.as_ref().map_or_else(Vec::new, |(path, text)| [ending(path), b"\0", text.as_bytes()].concat())
        };
        self.shelf.name(&[b"symbols\0", &OUTLINES.to_le_bytes(), &side(&pair.old), b"\0", &side(&pair.new)])
    }
}

fn path(pair: &TextPair) -> &[u8] {
    pair.new.as_ref().or(pair.old.as_ref()).map_or(&[], |(path, _)| path)
}

fn ending(path: &[u8]) -> &[u8] {
    path.rsplit(|byte| *byte == b'.').next().unwrap_or_default()
}

/// A text that is a side of some changes.
#[derive(Default)]
struct Text {
    bytes: Vec<u8>,
    outline: Option<Outline>,
    read: bool,
    /// The changes that it is still a side of.
    open: Vec<usize>,
}

/// Compares both sides of changes. A text is held from when it is read to the last change that needs it.
fn compared(repository: &Repository, pairs: &[&TextPair]) -> Result<Vec<Option<SymbolChanges>>, VcsError> {
    let mut numbers: FxHashMap<(&str, &[u8]), usize> = FxHashMap::default();
    let (mut texts, mut ids, mut paths): (Vec<Text>, Vec<&str>, Vec<&[u8]>) = Default::default();
    let mut sides: Vec<[Option<usize>; 2]> = Vec::with_capacity(pairs.len());
    for (at, pair) in pairs.iter().enumerate() {
        sides.push([&pair.old, &pair.new].map(|side| {
            let (path, id) = side.as_ref()?;
            let number = *numbers.entry((id, ending(path))).or_insert_with(|| {
                ids.push(id);
                paths.push(path);
                texts.push(Text::default());
                texts.len() - 1
            });
            texts[number].open.push(at);
            Some(number)
        }));
    }
    let mut found: Vec<Option<SymbolChanges>> = vec![None; pairs.len()];
    repository.texts(&ids, SYMBOL_LIMIT, |number, bytes| {
        let text = &mut texts[number];
        text.read = true;
        if let Some(bytes) = bytes.filter(|bytes| !bytes[..bytes.len().min(8000)].contains(&0)) {
            text.outline = RelPath::parse(paths[number]).ok().and_then(|path| outline(&path, bytes));
            text.bytes = bytes.to_vec();
        }
        for at in std::mem::take(&mut texts[number].open) {
            let [old, new] = sides[at];
            if [old, new].into_iter().flatten().any(|side| !texts[side].read) {
                texts[number].open.push(at);
                continue;
            }
            let side = |number: usize| texts[number].outline.as_ref().map(|outline| Side { text: &texts[number].bytes, outline });
            let (was, is) = (old.map(side), new.map(side));
            found[at] = match (was, is) {
                (Some(None), _) | (_, Some(None)) => None,
                (was, is) => Some(compare(was.flatten(), is.flatten())),
            };
            for side in [old, new].into_iter().flatten() {
                texts[side].open.retain(|open| *open != at);
                if texts[side].open.is_empty() && side != number {
                    texts[side] = Text { read: true, ..Text::default() };
                }
            }
        }
        if texts[number].open.is_empty() {
            texts[number] = Text { read: true, ..Text::default() };
        }
    })?;
    Ok(found)
}

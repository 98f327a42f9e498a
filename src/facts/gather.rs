//! From the files below some roots to the imports between them: walk, read what is not known yet, resolve what is not known yet.

use std::io;
use std::sync::OnceLock;

use bytemuck::{bytes_of, try_pod_read_unaligned};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::kept::{Kept, Was};
use super::syntax::Extracted;
use super::world::{Found, Source, World};
use super::{Imports, Known, Language, Root, Unreadable, cfamily, csharp, golang, java, kotlin, php, python, ruby, rust, script};
use crate::base::{Digest, Hasher, RelPath};
use crate::disk::{PatternSet, Signature, Tree, now_ns, sources};

/// Changes whenever an extractor finds something else in the same text, or a resolver in the same facts.
pub(super) const VERSION: &[u8] = b"7";

/// Reads every source file below the roots and returns what they import. `listed`: the files of the project, sorted; of a root that none of
/// them is in, all files are read that are not ignored below it.
///
/// # Errors
/// When a root is not there, or a folder cannot be read.
pub fn imports(tree: &Tree, listed: Vec<RelPath>, roots: &[Root], known: &dyn Known) -> io::Result<Imports> {
    imports_at(now_ns(), tree, listed, roots, known)
}

/// As [`imports`], at a moment in nanoseconds since 1970.
pub(super) fn imports_at(began: i64, tree: &Tree, listed: Vec<RelPath>, roots: &[Root], known: &dyn Known) -> io::Result<Imports> {
    imports_of(tree, listed, Stamps { taken: began, of: &|_| None }, roots, known)
}

/// The stamps of files, as they were at a moment.
#[derive(Clone, Copy)]
pub struct Stamps<'a> {
    /// When they were taken, in nanoseconds since 1970.
    pub taken: i64,
    /// Returns that of a file; `None` if it was not taken.
    pub of: &'a (dyn Fn(&RelPath) -> Option<Signature> + Sync),
}

/// As [`imports`], where the stamps of some files were taken already.
///
/// # Errors
/// As [`imports`].
pub fn imports_of(tree: &Tree, listed: Vec<RelPath>, stamps: Stamps<'_>, roots: &[Root], known: &dyn Known) -> io::Result<Imports> {
    let files = with_roots(tree, listed, roots)?;
    let without: Vec<PatternSet> = roots.iter().map(without).collect::<io::Result<_>>()?;
    let world = World::new(tree, &files, roots);
    let kept = Kept::read(&world, roots, known);
    let (changed, mut now) = (kept.is_none(), kept.unwrap_or_default());
    let before = std::mem::take(&mut now.sources).into_iter();
    let sources = files.par_iter().filter_map(|path| Some((path, Language::of(path)?))).filter(|(path, _)| world.heeds(path)).collect();
    let (extracted, cached, unreadable) = (0, 0, Vec::new());
    let mut reader =
        Reader { world: &world, roots, without: &without, known, stamps, sources, before, now, changed, extracted, cached, unreadable };

    let evidence = OnceLock::new();
    let evidence = || evidence.get_or_init(|| python::Evidence::new(&world));
    reader.read((Language::Python, false), python::extract, &|facts| evidence().to_others(facts), &|sources, found| {
        python::resolve(evidence().clone(), sources, found)
    });
    reader.read((Language::Javascript, false), script::extract, &|_| Vec::new(), &|sources, found| script::resolve(&world, sources, found));
    reader.read((Language::Rust, true), rust::extract, &rust::Facts::to_others, &|sources, found| rust::resolve(&world, sources, found));
    reader
        .read((Language::Go, false), golang::extract, &golang::Facts::to_others, &|sources, found| golang::resolve(&world, sources, found));
    reader.read((Language::C, false), cfamily::extract, &|_| Vec::new(), &|sources, found| cfamily::resolve(&world, sources, found));
    let jvm = |bytes: &[u8], path: &RelPath| match Language::of(path) {
        Some(Language::Kotlin) => kotlin::extract(bytes, path),
        _ => java::extract(bytes, path),
    };
    reader.read((Language::Java, true), jvm, &java::Facts::to_others, &|sources, found| java::resolve(&world, sources, found));
    reader.read((Language::Php, true), php::extract, &php::Facts::to_others, &|sources, found| php::resolve(&world, sources, found));
    reader.read((Language::Csharp, true), csharp::extract, &csharp::Facts::to_others, &|sources, found| {
        csharp::resolve(&world, sources, found)
    });
    reader
        .read((Language::Ruby, false), ruby::extract, &|_| ruby::Facts::default(), &|sources, found| ruby::resolve(&world, sources, found));

    let left_out = reader.left_out();
    let Reader { mut now, changed, extracted, cached, mut unreadable, .. } = reader;
    unreadable.extend(world.broken());
    unreadable.sort();
    if changed {
        now.found.sort();
        now.keep(&world, roots, known, stamps.taken);
    }
    Ok(Imports { extracted, cached, unreadable, left_out, ..now.found.imports() })
}

struct Reader<'a> {
    world: &'a World<'a>,
    roots: &'a [Root],
    /// What each root leaves out.
    without: &'a [PatternSet],
    known: &'a dyn Known,
    /// Those that were taken when it began, before anything was read.
    stamps: Stamps<'a>,
    /// The sources of all languages that some root is about.
    sources: Vec<(&'a RelPath, Language)>,
    /// What was kept of the sources of each family of languages that is still to come.
    before: std::vec::IntoIter<Vec<Was>>,
    now: Kept,
    /// Whether that is something else than what was kept.
    changed: bool,
    extracted: usize,
    cached: usize,
    unreadable: Vec<Unreadable>,
}

/// A source that is there.
struct There<'a> {
    path: &'a RelPath,
    wanted: bool,
    /// `None`: other bytes could get the same one.
    stamp: Option<Signature>,
}

/// A source that was looked at.
struct Looked<T> {
    was: Was,
    facts: Option<T>,
    cached: bool,
}

impl<'a> Reader<'a> {
    /// Finds what the files of a language import, and of those that it needs; with `beyond`, also files outside of the roots are read, if any
    /// is inside. `to_others` returns what of a file's facts tells where the imports of other files lead; `resolve` looks at no more of a
    /// file that is not to be told.
    fn read<T: Serialize + DeserializeOwned + Send + Sync>(
        &mut self,
        (language, beyond): (Language, bool),
        extract: impl Fn(&[u8], &RelPath) -> Extracted<T> + Sync,
        to_others: &(dyn Fn(&T) -> T + Sync),
        resolve: &dyn Fn(&[Source<T>], &mut Found),
    ) {
        let there = self.there(language, beyond);
        let before = self.before.next().unwrap_or_default();
        let comparable = before.len() == there.len() && before.iter().zip(&there).all(|(was, there)| was.path == *there.path);
        let as_it_was = |at: usize| comparable && there[at].stamp == Some(before[at].stamp);
        let look = |at: usize| self.look(&there[at], &extract, to_others);
        let all = || (0..there.len()).into_par_iter();
        let mut looked: Vec<Option<Looked<T>>> = all().map(|at| (!as_it_was(at)).then(|| look(at))).collect();
        // Whether each file that says something else says to others what it said.
        let alone =
            comparable && looked.iter().zip(&before).all(|(one, was)| one.as_ref().is_none_or(|one| one.was.to_others == was.to_others));
        if !alone {
            looked.par_iter_mut().enumerate().filter(|(_, one)| one.is_none()).for_each(|(at, one)| *one = Some(look(at)));
        }
        let told = |at: usize, one: &Looked<T>| !alone || one.was.facts != before[at].facts;
        let tell: Vec<bool> = looked.iter().enumerate().map(|(at, one)| one.as_ref().is_some_and(|one| told(at, one))).collect();

        let extracted =
            looked.iter().zip(&there).filter(|(one, there)| there.wanted && one.as_ref().is_some_and(|one| !one.cached)).count();
        self.extracted += extracted;
        self.cached += there.iter().filter(|there| there.wanted).count() - extracted;
        if alone {
            self.now.found.forget(&there.iter().zip(&tell).filter(|(_, told)| **told).map(|(there, _)| there.path).collect());
        } else {
            self.now.found.forget(&before.iter().map(|was| &was.path).collect());
        }
        if tell.contains(&true) {
            let source = |at: usize, one: &mut Option<Looked<T>>| {
                let facts = match one {
                    Some(one) => one.facts.take(),
                    None => postcard::from_bytes(before[at].to_others.get(1..)?).ok(),
                };
                let There { path, wanted, .. } = there[at];
                Some(Source { path: path.clone(), facts: facts?, wanted, told: wanted && tell[at] })
            };
            let sources: Vec<Source<T>> = looked.par_iter_mut().enumerate().filter_map(|(at, one)| source(at, one)).collect();
            resolve(&sources, &mut self.now.found);
        }
        let was = |(at, one): (usize, Option<Looked<T>>)| one.map_or_else(|| before[at].clone(), |one| one.was);
        let now: Vec<Was> = looked.into_iter().enumerate().map(was).collect();
        self.changed |= !alone || tell.contains(&true) || now.iter().zip(&before).any(|(now, was)| now.stamp != was.stamp);
        for (was, there) in now.iter().zip(&there).filter(|(_, there)| there.wanted) {
            let wrong = was.wrong.iter().map(|(line, why)| Unreadable { file: there.path.clone(), line: *line, why: why.clone() });
            self.unreadable.extend(wrong);
        }
        self.now.sources.push(now);
    }

    /// Whether a source is to be told; `None` if no root is about it.
    fn meant(&self, path: &RelPath, own: Language) -> Option<bool> {
        let about = |root: &Root| root.language.is_none_or(|language| language.reads(own)) && path.is_in(&root.folder);
        let roots = self.roots.iter().zip(self.without).filter(|(root, _)| about(root));
        roots.map(|(_, without)| !without.matches(path)).max()
    }

    /// Returns the sources that roots are about and leave out, sorted.
    fn left_out(&self) -> Vec<RelPath> {
        if self.roots.iter().all(|root| root.without.is_empty()) {
            return Vec::new();
        }
        self.sources.iter().filter(|(path, own)| self.meant(path, *own) == Some(false)).map(|(path, _)| (*path).clone()).collect()
    }

    /// Returns the files of a language that are there, sorted.
    fn there(&self, language: Language, beyond: bool) -> Vec<There<'a>> {
        let own = self.sources.iter().filter(|(_, own)| own.needs(language));
        let mut paths: Vec<(&'a RelPath, bool)> = own.map(|(path, own)| (*path, self.meant(path, *own) == Some(true))).collect();
        let any = paths.iter().any(|(_, wanted)| *wanted);
        paths.retain(|(_, wanted)| any && (*wanted || beyond));
        let mut stamps: Vec<Option<Signature>> = paths.par_iter().map(|(path, _)| (self.stamps.of)(path)).collect();
        let unknown: Vec<usize> = (0..paths.len()).filter(|at| stamps[*at].is_none()).collect();
        let names: Vec<&[u8]> = unknown.iter().map(|at| paths[*at].0.as_bytes()).collect();
        for (at, stamp) in unknown.into_iter().zip(self.world.tree.stat_many(&names)) {
            stamps[at] = stamp;
        }
        let settled = |stamp: &Signature| stamp.is_file() && stamp.settled_at(self.stamps.taken);
        // What has gone since it was listed is no file of the tree any more.
        let there = paths.into_iter().zip(stamps);
        there.filter_map(|((path, wanted), stamp)| Some(There { path, wanted, stamp: Some(stamp?).filter(settled) })).collect()
    }

    /// Looks at one file. Under a stamp that no other bytes can get, it need not even be read to be known.
    fn look<T: Serialize + DeserializeOwned>(
        &self,
        there: &There<'_>,
        extract: impl Fn(&[u8], &RelPath) -> Extracted<T>,
        to_others: &dyn Fn(&T) -> T,
    ) -> Looked<T> {
        let (path, mut stamp) = (there.path, there.stamp);
        let mut gone = false;
        let (facts, bytes, cached) = match self.facts(path, stamp, extract) {
            Ok(facts) => facts,
            Err(error) => {
                gone = error.kind() == io::ErrorKind::NotFound;
                stamp = None;
                (Err((1, format!("it cannot be read: {error}"))), error.to_string().into_bytes(), false)
            }
        };
        let to_others = match &facts {
            Ok(facts) => [&[1], &*postcard::to_stdvec(&to_others(facts)).unwrap_or_default()].concat(),
            Err(_) => Vec::new(),
        };
        let (facts, wrong) = match facts {
            Ok(facts) => (Some(facts), None),
            // What has gone since it was listed is no file of the tree any more.
            Err(_) if gone => (None, None),
            Err(wrong) => (None, Some(wrong)),
        };
        let was = Was { path: path.clone(), stamp: stamp.unwrap_or_default(), facts: Digest::of(&bytes), to_others, wrong };
        Looked { was, facts, cached }
    }

    /// Returns what one file says, or where and why it cannot be parsed; that as bytes; and whether it was known.
    #[expect(clippy::type_complexity, reason = "three things, told apart at once")]
    fn facts<T: Serialize + DeserializeOwned>(
        &self,
        path: &RelPath,
        stamp: Option<Signature>,
        extract: impl Fn(&[u8], &RelPath) -> Extracted<T>,
    ) -> io::Result<(Result<T, (u32, String)>, Vec<u8>, bool)> {
        let kept = |key: &Digest| {
            let bytes = self.known.get(key)?;
            let facts = postcard::from_bytes::<Extracted<T>>(&bytes).ok()?;
            Some((facts.map_err(|wrong| (wrong.line, wrong.why)), bytes, true))
        };
        let stamped =
            stamp.map(|stamp| Hasher::new().piece(b"stamp").piece(VERSION).piece(path.as_bytes()).piece(bytes_of(&stamp)).finish());
        let pointed = stamped.and_then(|key| self.known.get(&key)).and_then(|key| try_pod_read_unaligned::<Digest>(&key).ok());
        if let Some(facts) = pointed.and_then(|key| kept(&key)) {
            return Ok(facts);
        }
        let bytes = self.world.tree.read_text(path)?;
        let ending = path.name().rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        let key = Hasher::new().piece(VERSION).piece(ending).digest(&Digest::of(&bytes)).finish();
        if let Some(stamped) = stamped {
            self.known.put(&stamped, bytes_of(&key));
        }
        if let Some(facts) = kept(&key) {
            return Ok(facts);
        }
        let facts = extract(&bytes, path);
        let bytes = postcard::to_stdvec(&facts).unwrap_or_default();
        self.known.put(&key, &bytes);
        Ok((facts.map_err(|wrong| (wrong.line, wrong.why)), bytes, false))
    }
}

/// Returns which files a root leaves out.
fn without(root: &Root) -> io::Result<PatternSet> {
    match &root.without[..] {
        [] => Ok(PatternSet::default()),
        some => PatternSet::new(some, &[]).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error)),
    }
}

fn with_roots(tree: &Tree, mut files: Vec<RelPath>, roots: &[Root]) -> io::Result<Vec<RelPath>> {
    let before = files.len();
    for root in roots {
        if tree.stat_follow(&root.folder)?.is_none() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no folder `{}`", root.folder)));
        }
        if !files.iter().any(|file| file.is_in(&root.folder)) {
            files.extend(sources(tree, &root.folder, false)?);
        }
    }
    if files.len() > before {
        files.par_sort_unstable();
        files.dedup();
    }
    Ok(files)
}

//! From the files below some roots to the imports between them: walk, read what is not known yet, resolve what is not known yet.

use std::io;
use std::sync::OnceLock;

use bytemuck::{bytes_of, try_pod_read_unaligned};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::kept::{Kept, Was};
use super::syntax::{Extracted, Wrong};
use super::world::{Found, Source, World};
use super::{
    Imports, Known, Language, MARK, Root, Unreadable, cfamily, csharp, golang, java, kotlin, php, program, python, ruby, rust, script,
};
use crate::base::{Digest, Hasher, RelPath};
use crate::disk::{PatternSet, Signature, Tree, now_ns, sources};

/// Changes whenever an extractor finds something else in the same text, or a resolver in the same facts.
pub(super) const VERSION: &[u8] = b"13";

/// Reads every source file below the roots and returns what they import. `listed`: the files of the project, sorted; of a root that none of
/// them is in, all files are read that are not ignored below it.
///
/// # Errors
/// When a root is not there, or a folder cannot be read.
pub fn imports(tree: &Tree, listed: &[RelPath], roots: &[Root], known: &dyn Known) -> io::Result<Imports> {
    imports_at(now_ns(), tree, listed, roots, known)
}

/// As [`imports`], at a moment in nanoseconds since 1970.
pub(super) fn imports_at(began: i64, tree: &Tree, listed: &[RelPath], roots: &[Root], known: &dyn Known) -> io::Result<Imports> {
    imports_of(tree, listed.iter().map(|path| (path, None)).collect(), began, roots, known)
}

/// A file, and its stamp if that was taken already.
pub type Listed<'a> = (&'a RelPath, Option<&'a Signature>);

/// As [`imports`], where the stamps of some files were taken already, at a moment in nanoseconds since 1970.
///
/// # Errors
/// As [`imports`].
pub fn imports_of(tree: &Tree, listed: Vec<Listed<'_>>, taken: i64, roots: &[Root], known: &dyn Known) -> io::Result<Imports> {
    let unlisted = beyond(tree, &listed, roots)?;
    let listed = with(listed, &unlisted);
    let files: Vec<&RelPath> = listed.iter().map(|(path, _)| *path).collect();
    let without: Vec<PatternSet> = roots.iter().map(without).collect::<io::Result<_>>()?;
    let world = World::new(tree, &files, roots);
    let kept = Kept::read(&world, roots, known);
    let (changed, mut now) = (kept.is_none(), kept.unwrap_or_default());
    let before = std::mem::take(&mut now.sources).into_iter();
    let heeded = listed.par_iter().filter(|(path, _)| world.heeds(path));
    let sources = heeded.filter_map(|file| Some((*file, Language::of(file.0).or_else(|| told_within(tree, file.0, roots))?))).collect();
    let told = Imports::default();
    let mut reader = Reader { world: &world, roots, without: &without, known, taken, sources, before, now, changed, told };

    let evidence = OnceLock::new();
    let evidence = || evidence.get_or_init(|| python::Evidence::new(&world));
    reader.read((Language::Python, false), python::extract, &|facts| evidence().to_others(facts), &|sources, found| {
        python::resolve(&world, evidence().clone(), sources, found)
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
    let Reader { mut now, changed, told, .. } = reader;
    let Imports { extracted, cached, mut unreadable, mut marked, .. } = told;
    unreadable.extend(world.broken());
    unreadable.sort();
    marked.sort();
    if changed || now.is_edited() {
        now.found.sort();
    }
    let asked = now.asked(&world);
    if changed {
        now.keep(&world, roots, known, taken);
    }
    Ok(Imports { extracted, cached, unreadable, marked, left_out, asked, ..now.found.imports() })
}

struct Reader<'a> {
    world: &'a World<'a>,
    roots: &'a [Root],
    /// What each root leaves out.
    without: &'a [PatternSet],
    known: &'a dyn Known,
    /// When stamps were taken: before anything was read.
    taken: i64,
    /// The sources of all languages that some root is about.
    sources: Vec<(Listed<'a>, Language)>,
    /// What was kept of the sources of each family of languages that is still to come.
    before: std::vec::IntoIter<Vec<Was>>,
    now: Kept,
    /// Whether that is something else than what was kept.
    changed: bool,
    /// What is told of the files themselves.
    told: Imports,
}

/// A source that is there.
struct There<'a> {
    path: &'a RelPath,
    wanted: bool,
    /// `None`: other bytes could get the same one.
    stamp: Option<Signature>,
}

/// What one file says.
struct Read<T> {
    facts: Extracted<T>,
    /// Whether [`MARK`] stands in it.
    marked: bool,
    /// All of that as bytes.
    bytes: Vec<u8>,
    /// Whether it was known.
    cached: bool,
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
        self.told.extracted += extracted;
        self.told.cached += there.iter().filter(|there| there.wanted).count() - extracted;
        if alone {
            self.now.found.forget(there.iter().zip(&tell).filter(|(_, told)| **told).map(|(there, _)| there.path));
        } else {
            self.now.found.forget(before.iter().map(|was| &was.path));
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
        let restamped = |(one, was): (&Option<Looked<T>>, &Was)| one.as_ref().is_some_and(|one| one.was.stamp != was.stamp);
        let family = self.now.sources.len();
        match alone {
            true => looked.iter().enumerate().filter(|(_, one)| one.is_some()).for_each(|(at, _)| self.now.note(family, at)),
            false => self.now.note_all(),
        }
        self.changed |= !alone || tell.contains(&true) || looked.iter().zip(&before).any(restamped);
        let now: Vec<Was> = match alone {
            true => looked.into_iter().zip(before).map(|(one, was)| one.map_or(was, |one| one.was)).collect(),
            false => looked.into_iter().flatten().map(|one| one.was).collect(),
        };
        for (was, there) in now.iter().zip(&there).filter(|(_, there)| there.wanted) {
            let wrong = was.wrong.iter().map(|(line, why)| Unreadable { file: there.path.clone(), line: *line, why: why.clone() });
            self.told.unreadable.extend(wrong);
            self.told.marked.extend(was.marked.then(|| there.path.clone()));
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
        self.sources.iter().filter(|((path, _), own)| self.meant(path, *own) == Some(false)).map(|((path, _), _)| (*path).clone()).collect()
    }

    /// Returns the files of a language that are there, sorted.
    fn there(&self, language: Language, beyond: bool) -> Vec<There<'a>> {
        let own = self.sources.iter().filter(|(_, own)| own.needs(language));
        let mut files: Vec<(Listed<'a>, bool)> = own.map(|(file, own)| (*file, self.meant(file.0, *own) == Some(true))).collect();
        let any = files.iter().any(|(_, wanted)| *wanted);
        files.retain(|(_, wanted)| any && (*wanted || beyond));
        let unknown: Vec<&[u8]> = files.iter().filter(|((_, stamp), _)| stamp.is_none()).map(|((path, _), _)| path.as_bytes()).collect();
        let mut others = self.world.tree.stat_many(&unknown).into_iter();
        let settled = |stamp: &Signature| stamp.is_file() && stamp.settled_at(self.taken);
        let there = |((path, stamp), wanted): (Listed<'a>, bool)| {
            // What has gone since it was listed is no file of the tree any more.
            let stamp = stamp.copied().or_else(|| others.next().flatten())?;
            Some(There { path, wanted, stamp: Some(stamp).filter(settled) })
        };
        files.into_iter().filter_map(there).collect()
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
        let Read { facts, marked, bytes, cached } = self.facts(path, stamp, extract).unwrap_or_else(|error| {
            gone = error.kind() == io::ErrorKind::NotFound;
            stamp = None;
            let wrong = Wrong { line: 1, why: format!("it cannot be read: {error}") };
            Read { facts: Err(wrong), marked: false, bytes: error.to_string().into_bytes(), cached: false }
        });
        let to_others = match &facts {
            Ok(facts) => [&[1], &*postcard::to_stdvec(&to_others(facts)).unwrap_or_default()].concat(),
            Err(_) => Vec::new(),
        };
        let (facts, wrong) = match facts {
            Ok(facts) => (Some(facts), None),
            // What has gone since it was listed is no file of the tree any more.
            Err(_) if gone => (None, None),
            Err(wrong) => (None, Some((wrong.line, wrong.why))),
        };
        let was = Was { path: path.clone(), stamp: stamp.unwrap_or_default(), facts: Digest::of(&bytes), to_others, marked, wrong };
        Looked { was, facts, cached }
    }

    /// Returns what one file says.
    fn facts<T: Serialize + DeserializeOwned>(
        &self,
        path: &RelPath,
        stamp: Option<Signature>,
        extract: impl Fn(&[u8], &RelPath) -> Extracted<T>,
    ) -> io::Result<Read<T>> {
        let kept = |key: &Digest| {
            let bytes = self.known.get(key)?;
            let (facts, marked) = postcard::from_bytes::<(Extracted<T>, bool)>(&bytes).ok()?;
            Some(Read { facts, marked, bytes, cached: true })
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
        let said = (extract(&bytes, path), memchr::memmem::find(&bytes, MARK.as_bytes()).is_some());
        let bytes = postcard::to_stdvec(&said).unwrap_or_default();
        self.known.put(&key, &bytes);
        Ok(Read { facts: said.0, marked: said.1, bytes, cached: false })
    }
}

/// Returns the language of a program that some root may be about, which its text alone tells.
fn told_within(tree: &Tree, path: &RelPath, roots: &[Root]) -> Option<Language> {
    let untold = program::is_untold(path) && roots.iter().any(|root| path.is_in(&root.folder));
    untold.then(|| program::of(tree, path)).flatten()
}

/// Returns which files a root leaves out.
fn without(root: &Root) -> io::Result<PatternSet> {
    match &root.without[..] {
        [] => Ok(PatternSet::default()),
        some => PatternSet::new(some, &[]).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error)),
    }
}

/// Returns the files below those roots that none of the listed ones is in.
fn beyond(tree: &Tree, listed: &[Listed<'_>], roots: &[Root]) -> io::Result<Vec<RelPath>> {
    let mut found = Vec::new();
    for root in roots {
        if tree.stat_follow(&root.folder)?.is_none() {
            return Err(io::Error::new(io::ErrorKind::NotFound, format!("there is no folder `{}`", root.folder)));
        }
        if !listed.iter().any(|(file, _)| file.is_in(&root.folder)) {
            found.extend(sources(tree, &root.folder, false)?);
        }
    }
    Ok(found)
}

/// Adds files to those that are listed, sorted.
fn with<'a>(mut listed: Vec<Listed<'a>>, more: &'a [RelPath]) -> Vec<Listed<'a>> {
    if !more.is_empty() {
        listed.extend(more.iter().map(|path| (path, None)));
        listed.par_sort_unstable();
        listed.dedup_by_key(|(path, _)| *path);
    }
    listed
}

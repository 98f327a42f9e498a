//! From the files below some roots to the imports between them: walk, read what is not known yet, resolve.

use std::io;

use bytemuck::{bytes_of, try_pod_read_unaligned};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::syntax::Extracted;
use super::world::{Found, Source, World};
use super::{Imports, Known, Language, Root, Unreadable, cfamily, csharp, golang, java, kotlin, php, python, ruby, rust, script};
use crate::base::{Digest, Hasher, RelPath};
use crate::disk::{Signature, Tree, now_ns, sources};

/// Changes whenever an extractor finds something else in the same text.
const VERSION: &[u8] = b"4";

/// Reads every source file below the roots and returns what they import. `listed`: the files of the project, sorted; of a root that none of
/// them is in, all files are read that are not ignored below it.
///
/// # Errors
/// When a root is not there, or a folder cannot be read.
pub fn imports(tree: &Tree, listed: Vec<RelPath>, roots: &[Root], known: &dyn Known) -> io::Result<Imports> {
    let files = with_roots(tree, listed, roots)?;
    let world = World { tree, files: &files, has: files.iter().map(RelPath::as_bytes).collect() };
    let mut reader = Reader { world: &world, roots, known, extracted: 0, cached: 0, unreadable: Vec::new() };
    let mut found = Found::default();

    let sources = reader.read(Language::Python, false, python::extract);
    python::resolve(&world, &sources, &mut found);
    let sources = reader.read(Language::Javascript, false, script::extract);
    script::resolve(&world, &sources, &mut found);
    let sources = reader.read(Language::Rust, true, rust::extract);
    rust::resolve(&world, &sources, &mut found);
    let sources = reader.read(Language::Go, false, golang::extract);
    golang::resolve(&world, &sources, &mut found);
    let sources = reader.read(Language::C, false, cfamily::extract);
    cfamily::resolve(&world, &sources, &mut found);
    let sources = reader.read(Language::Java, true, |bytes, path| match Language::of(path) {
        Some(Language::Kotlin) => kotlin::extract(bytes, path),
        _ => java::extract(bytes, path),
    });
    java::resolve(&world, &sources, &mut found);
    let sources = reader.read(Language::Php, true, php::extract);
    php::resolve(&world, &sources, &mut found);
    let sources = reader.read(Language::Csharp, true, csharp::extract);
    csharp::resolve(&world, &sources, &mut found);
    let sources = reader.read(Language::Ruby, false, ruby::extract);
    ruby::resolve(&world, &sources, &mut found);

    let (extracted, cached, mut unreadable) = (reader.extracted, reader.cached, reader.unreadable);
    unreadable.sort();
    Ok(Imports { extracted, cached, unreadable, ..found.into_imports() })
}

struct Reader<'a> {
    world: &'a World<'a>,
    roots: &'a [Root],
    known: &'a dyn Known,
    extracted: usize,
    cached: usize,
    unreadable: Vec<Unreadable>,
}

impl Reader<'_> {
    /// Returns what the files of a language say, and of those that it needs; with `beyond`, also those outside of the roots, if any is inside.
    fn read<T: Serialize + DeserializeOwned + Send>(
        &mut self,
        language: Language,
        beyond: bool,
        extract: impl Fn(&[u8], &RelPath) -> Extracted<T> + Sync,
    ) -> Vec<Source<T>> {
        let wanted = |path: &RelPath, own: Language| {
            let meant = |root: &Root| root.language.is_none_or(|language| language.reads(own));
            self.roots.iter().any(|root| meant(root) && path.is_in(&root.folder))
        };
        let mut paths: Vec<(&RelPath, bool)> = self
            .world
            .files
            .iter()
            .filter_map(|path| Some((path, Language::of(path)?)))
            .filter(|(_, own)| own.needs(language))
            .map(|(path, own)| (path, wanted(path, own)))
            .collect();
        let any = paths.iter().any(|(_, wanted)| *wanted);
        paths.retain(|(_, wanted)| any && (*wanted || beyond));
        let began = now_ns();
        let names: Vec<&[u8]> = paths.iter().map(|(path, _)| path.as_bytes()).collect();
        let stamps = self.world.tree.stat_many(&names);
        let read: Vec<_> = paths
            .par_iter()
            .zip(stamps)
            .filter_map(|((path, wanted), stamp)| {
                // What has gone since it was listed is no file of the tree any more.
                let known = Some(stamp?).filter(|stamp| stamp.is_file() && stamp.settled_at(began));
                Some((*path, *wanted, self.one(path, known, &extract)))
            })
            .collect();
        let mut sources = Vec::with_capacity(read.len());
        for (path, wanted, (facts, cached)) in read {
            if wanted {
                *if cached { &mut self.cached } else { &mut self.extracted } += 1;
            }
            match facts {
                Ok(facts) => sources.push(Source { path: path.clone(), facts, wanted }),
                Err((line, why)) if wanted => self.unreadable.push(Unreadable { file: path.clone(), line, why }),
                Err(_) => {}
            }
        }
        sources
    }

    /// Returns what one file says, or where and why it cannot be read, and whether that was known. Under a `stamp` that no other bytes can
    /// get, it need not even be read to be known.
    fn one<T: Serialize + DeserializeOwned>(
        &self,
        path: &RelPath,
        stamp: Option<Signature>,
        extract: impl Fn(&[u8], &RelPath) -> Extracted<T>,
    ) -> (Result<T, (u32, String)>, bool) {
        let stamped =
            stamp.map(|stamp| Hasher::new().piece(b"stamp").piece(VERSION).piece(path.as_bytes()).piece(bytes_of(&stamp)).finish());
        let pointed = stamped.and_then(|key| self.known.get(&key)).and_then(|key| try_pod_read_unaligned::<Digest>(&key).ok());
        if let Some(facts) =
            pointed.and_then(|key| self.known.get(&key)).and_then(|facts| postcard::from_bytes::<Extracted<T>>(&facts).ok())
        {
            return (facts.map_err(|wrong| (wrong.line, wrong.why)), true);
        }
        let bytes = match self.world.tree.read(path) {
            Ok(bytes) => bytes,
            Err(error) => return (Err((1, format!("it cannot be read: {error}"))), false),
        };
        let ending = path.name().rsplit(|byte| *byte == b'.').next().unwrap_or_default();
        let key = Hasher::new().piece(VERSION).piece(ending).digest(&Digest::of(&bytes)).finish();
        if let Some(stamped) = stamped {
            self.known.put(&stamped, bytes_of(&key));
        }
        if let Some(facts) = self.known.get(&key).and_then(|facts| postcard::from_bytes::<Extracted<T>>(&facts).ok()) {
            return (facts.map_err(|wrong| (wrong.line, wrong.why)), true);
        }
        let facts = extract(&bytes, path);
        if let Ok(bytes) = postcard::to_stdvec(&facts) {
            self.known.put(&key, &bytes);
        }
        (facts.map_err(|wrong| (wrong.line, wrong.why)), false)
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

//! What gates see of a tree: listed once, however many gates there are.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::judge::{Filter, Printed, Reads, Sight, Unjudged};
use crate::base::{Digest, Hasher, RelPath};
use crate::churn::Report;
use crate::disk::{PatternSet, Signature, Sources, Tree, expand, now_ns};
use crate::facts::{self, Imports, Known, Root};
use crate::model::Gate;
use crate::vcs::Earlier;

/// What gates ask beside the tree.
pub trait Outside: Send + Sync {
    /// Returns, sorted, all files of the project, also hidden ones: what version control tracks or does not ignore; and the links beside them.
    ///
    /// # Errors
    /// When a folder cannot be read.
    fn files(&self) -> io::Result<Sources>;

    /// See [`Sight::churn`].
    ///
    /// # Errors
    /// Why there is nothing to say.
    fn churn(&self, gate: &Gate, scope: Option<&str>, since: Option<i64>, symbols: Option<u64>, today: &str) -> Result<Report, Unjudged>;

    /// See [`Sight::earlier`].
    ///
    /// # Errors
    /// Why the history cannot be looked at.
    fn earlier(&self, path: &RelPath, since: Option<&str>) -> Result<Earlier, Unjudged>;

    /// See [`Sight::run`].
    ///
    /// # Errors
    /// Why it could not run.
    fn run(&self, gate: &Gate, line: &str, within: Option<Duration>) -> Result<Printed, Unjudged>;

    /// Returns the program of a filter as it would be started, and its stamp.
    ///
    /// # Errors
    /// Why there is none.
    fn program(&self, gate: &Gate, name: &str) -> Result<(PathBuf, Signature), Unjudged>;

    /// Lets a program with these words read `bytes`, and returns what it writes.
    ///
    /// # Errors
    /// Why it has written nothing that counts.
    fn filter(&self, gate: &Gate, program: &Path, words: &[String], bytes: &[u8]) -> Result<Vec<u8>, Unjudged>;

    /// See [`Sight::log_of`].
    ///
    /// # Errors
    /// Why there is nothing to rely on.
    fn log_of(&self, gate: &Gate, task: &str) -> Result<Printed, Unjudged>;
}

/// A tree that gates look at, as it is when the first of them does.
pub struct Ground<'a> {
    tree: Tree,
    known: Arc<dyn Known + Send>,
    outside: Box<dyn Outside + 'a>,
    files: OnceLock<Result<Sources, (io::ErrorKind, String)>>,
    names: OnceLock<Digest>,
    /// Which files gates ask the stamps of; none: all.
    reads: Vec<Reads>,
    /// Those, in the order of the files, and when they were taken.
    stamps: OnceLock<(i64, Vec<Option<Signature>>)>,
    /// What [`Sight::named`] has found, by the folder and the patterns.
    named: Mutex<FxHashMap<Vec<String>, Arc<[RelPath]>>>,
}

/// The stamps of what is looked at and is no file of the project, as what is ignored.
pub(super) type Beside = BTreeMap<RelPath, Option<Signature>>;

/// What one gate sees of it.
pub struct View<'a> {
    ground: &'a Ground<'a>,
    gate: &'a Gate,
    folder: RelPath,
    beyond: AtomicBool,
    beside: Mutex<Beside>,
}

impl<'a> Ground<'a> {
    /// Nothing is read yet; `known` keeps facts about files.
    pub fn new(tree: Tree, known: Arc<dyn Known + Send>, outside: Box<dyn Outside + 'a>) -> Ground<'a> {
        let (files, names, stamps) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Ground { tree, known, outside, files, names, reads: Vec::new(), stamps, named: Mutex::default() }
    }

    /// Looks at the tree now, on behalf of gates that read these files: so several threads may ask at once, and none is kept waiting by work
    /// that it has itself begun.
    #[must_use]
    pub fn looked(self, reads: Vec<Reads>) -> Ground<'a> {
        let ground = Ground { reads, ..self };
        if let Ok(files) = ground.files() {
            ground.stamps(files);
        }
        ground
    }

    /// Returns what a gate sees.
    pub fn seen_by<'v>(&'v self, gate: &'v Gate) -> View<'v> {
        View { ground: self, gate, folder: folder_of(gate), beyond: AtomicBool::new(false), beside: Mutex::default() }
    }

    /// Returns what stands for all that a gate can see here: the names of all files, and the stamps of those that it reads. `None` if one of
    /// these is so young that it could change under the same stamp, or cannot be looked at.
    pub(super) fn stamp(&self, reads: &dyn Fn(&RelPath) -> bool) -> Option<Digest> {
        let Sources { files, links } = self.listed().ok()?;
        let (began, stamps) = self.stamps(files);
        let mut hasher = Hasher::new();
        hasher.digest(self.names.get_or_init(|| names(files, links)));
        for (at, stamp) in stamps.iter().enumerate().filter(|(at, _)| reads(&files[*at])) {
            let stamp = stamp.filter(|stamp| stamp.settled_at(*began))?;
            hasher.piece(&at.to_le_bytes()).piece(bytemuck::bytes_of(&stamp));
        }
        Some(hasher.finish())
    }

    fn stamps(&self, files: &[RelPath]) -> &(i64, Vec<Option<Signature>>) {
        self.stamps.get_or_init(|| {
            let asked = |path: &RelPath| self.reads.is_empty() || self.reads.iter().any(|reads| reads(path));
            let asked: Vec<usize> = (0..files.len()).filter(|at| asked(&files[*at])).collect();
            let paths: Vec<&[u8]> = asked.iter().map(|at| files[*at].as_bytes()).collect();
            let (began, mut stamps) = (now_ns(), vec![None; files.len()]);
            for (at, stamp) in asked.into_iter().zip(self.tree.stat_many(&paths)) {
                stamps[at] = stamp;
            }
            (began, stamps)
        })
    }

    /// Returns the stamp of a file, if no other bytes can get it any more.
    fn settled(&self, path: &RelPath) -> Option<Signature> {
        let files = self.files().ok()?;
        let index = files.binary_search(path).ok()?;
        let (began, stamps) = self.stamps(files);
        stamps[index].filter(|stamp| stamp.is_file() && stamp.settled_at(*began))
    }

    pub(super) fn known(&self) -> &dyn Known {
        &*self.known
    }

    fn files(&self) -> io::Result<&[RelPath]> {
        self.listed().map(|sources| &*sources.files)
    }

    /// Returns the files, and the links beside them.
    fn listed(&self) -> io::Result<&Sources> {
        let listed = self.files.get_or_init(|| self.outside.files().map_err(|error| (error.kind(), error.to_string())));
        listed.as_ref().map_err(|(kind, text)| io::Error::new(*kind, text.clone()))
    }
}

impl View<'_> {
    pub(super) fn ground(&self) -> &Ground<'_> {
        self.ground
    }

    /// Whether the gate has looked at something that the ground's stamp does not stand for.
    pub(super) fn looked_beyond(&self) -> bool {
        self.beyond.load(Ordering::Relaxed)
    }

    /// Returns what the gate has looked at that is no file of the project.
    pub(super) fn beside(&self) -> Beside {
        self.beside.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether all of that is as it was.
    pub(super) fn is_as(&self, beside: &Beside) -> bool {
        beside.iter().all(|(path, was)| self.ground.tree.stat_follow(path).ok().flatten() == *was)
    }
}

impl Sight for View<'_> {
    fn files(&self, patterns: &[String], hidden: bool) -> io::Result<Vec<RelPath>> {
        let named = |text: &str| text.starts_with('.') || text.contains("/.");
        let hidden = hidden || patterns.iter().any(|text| named(text));
        let set = set(&self.folder, patterns).map_err(io::Error::other)?;
        let files = self.ground.files()?.iter();
        Ok(files.filter(|path| (hidden || !named(&path.to_string())) && set.matches(path)).cloned().collect())
    }

    fn named(&self, patterns: &[String]) -> io::Result<Arc<[RelPath]>> {
        self.looks_beyond();
        if patterns.is_empty() {
            return Ok(Arc::default());
        }
        let key: Vec<String> = [self.folder.to_string()].into_iter().chain(patterns.iter().cloned()).collect();
        if let Some(found) = self.ground.named.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(found.clone());
        }
        let tree = &self.ground.tree;
        let mut found = expand(tree, &set(&self.folder, patterns).map_err(io::Error::other)?)?;
        found.retain(|path| tree.stat_follow(path).is_ok_and(|there| there.is_some_and(|there| !there.is_dir())));
        let found: Arc<[RelPath]> = found.into();
        self.ground.named.lock().unwrap_or_else(PoisonError::into_inner).insert(key, found.clone());
        Ok(found)
    }

    fn links(&self, means: &dyn Fn(&RelPath) -> bool) -> Vec<RelPath> {
        self.ground.listed().map_or(Vec::new(), |sources| sources.links.iter().filter(|link| means(link)).cloned().collect())
    }

    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        if self.ground.files()?.binary_search(path).is_err() {
            self.beyond.store(true, Ordering::Relaxed);
        }
        self.ground.tree.read(path)
    }

    fn holding(&self, path: &RelPath, word: &str) -> Option<Vec<u8>> {
        let key = self.ground.settled(path).map(|stamp| {
            let mut hasher = Hasher::new();
            hasher.piece(b"without 1").piece(word.as_bytes()).piece(path.as_bytes()).piece(bytemuck::bytes_of(&stamp)).finish()
        });
        if key.is_some_and(|key| self.ground.known.get(&key).is_some()) {
            return None;
        }
        let bytes = self.ground.tree.read_text(path).ok()?;
        if memchr::memmem::find(&bytes, word.as_bytes()).is_some() {
            return Some(bytes);
        }
        if let Some(key) = key {
            self.ground.known.put(&key, &[]);
        }
        None
    }

    fn imports(&self, roots: &[Root]) -> io::Result<Imports> {
        let from_here = |root: &Root| Root {
            folder: self.folder.join(root.folder.as_bytes()),
            language: root.language,
            without: root.without.iter().map(|pattern| rooted(&self.folder, pattern)).collect(),
        };
        let roots: Vec<Root> = roots.iter().map(from_here).collect();
        let listed = self.ground.files()?;
        if roots.iter().any(|root| !listed.iter().any(|file| file.is_in(&root.folder))) {
            // A root that is ignored is read all the same.
            self.beyond.store(true, Ordering::Relaxed);
        }
        let (taken, stamps) = self.ground.stamps(listed);
        let files = listed.iter().zip(stamps.iter().map(Option::as_ref));
        let seen = files.filter(|(path, _)| !path.parts().any(|part| part.starts_with(b".")));
        // Settings that are a link say what is said where it leads.
        let linked = self.ground.listed()?.links.iter().filter(|link| matches!(link.name(), b"tsconfig.json" | b"jsconfig.json"));
        let mut seen: Vec<facts::Listed<'_>> = seen.chain(linked.map(|link| (link, None))).collect();
        seen.sort_by_key(|(path, _)| *path);
        let imports = facts::imports_of(&self.ground.tree, seen, *taken, &roots, &*self.ground.known)?;
        let beside = imports.asked.iter().filter(|(path, _)| listed.binary_search(path).is_err());
        let beside: Beside = beside.map(|(path, stamp)| (path.clone(), *stamp)).collect();
        if beside.values().flatten().any(|stamp| !stamp.settled_at(*taken)) {
            self.looks_beyond();
        }
        self.beside.lock().unwrap_or_else(PoisonError::into_inner).extend(beside);
        Ok(imports)
    }

    fn churn(&self, scope: Option<&str>, since: Option<i64>, symbols: Option<u64>, today: &str) -> Result<Report, Unjudged> {
        self.looks_beyond();
        self.ground.outside.churn(self.gate, scope, since, symbols, today)
    }

    fn earlier(&self, path: &RelPath, since: Option<&str>) -> Result<Earlier, Unjudged> {
        self.looks_beyond();
        self.ground.outside.earlier(path, since)
    }

    fn run(&self, line: &str, within: Option<Duration>) -> Result<Printed, Unjudged> {
        self.looks_beyond();
        self.ground.outside.run(self.gate, line, within)
    }

    fn filter(&self, filter: &Filter, path: &RelPath, bytes: &[u8]) -> Result<Option<Vec<u8>>, Unjudged> {
        // Which program that is depends on more than the tree.
        self.looks_beyond();
        let [name, given @ ..] = &filter.words[..] else { return Ok(None) };
        let (program, stamp) = self.ground.outside.program(self.gate, name)?;
        let below: Vec<&[u8]> = path.parts().skip(self.folder.parts().filter(|part| !part.is_empty()).count()).collect();
        let below = String::from_utf8_lossy(&below.join(&b'/')).into_owned();
        let words: Vec<String> = given.iter().map(|word| word.replace("{{file}}", &below)).collect();
        let mut key = Hasher::new();
        key.piece(b"filter 2").piece(program.as_os_str().as_encoded_bytes()).piece(bytemuck::bytes_of(&stamp));
        for (word, given) in words.iter().zip(given) {
            // What a word names may tell it how; of the file itself, all is told below.
            let named = RelPath::anywhere(self.ground.tree.root(), &self.folder, word.as_bytes()).ok().filter(|_| word == given);
            let there = named.and_then(|path| self.ground.tree.stat_follow(&path).ok().flatten()).filter(Signature::is_file);
            key.piece(word.as_bytes()).piece(there.as_ref().map_or(&[], bytemuck::bytes_of));
        }
        // Of two files with one content a program may think differently by their names.
        key.piece(path.as_bytes()).digest(&Digest::of(bytes));
        let config = self.named(&filter.config).map_err(|error| Unjudged::broken(format!("cannot look for its `config`: {error}")))?;
        for path in config.iter() {
            let bytes = self.read(path).map_err(|error| Unjudged::broken(format!("cannot read `{path}`: {error}")))?;
            key.piece(path.as_bytes()).digest(&Digest::of(&bytes));
        }
        let key = key.finish();
        if self.ground.known.get(&key).is_some() {
            return Ok(None);
        }
        let after = self.ground.outside.filter(self.gate, &program, &words, bytes)?;
        if after == bytes {
            self.ground.known.put(&key, &[]);
            return Ok(None);
        }
        Ok(Some(after))
    }

    fn log_of(&self, task: &str) -> Result<Printed, Unjudged> {
        self.looks_beyond();
        self.ground.outside.log_of(self.gate, task)
    }

    fn folder(&self) -> &RelPath {
        &self.folder
    }

    fn looks_beyond(&self) {
        self.beyond.store(true, Ordering::Relaxed);
    }

    fn tree(&self) -> &Tree {
        &self.ground.tree
    }
}

/// Returns a digest of the names of files, and of links.
fn names(files: &[RelPath], links: &[RelPath]) -> Digest {
    let mut hasher = Hasher::new();
    // No name is empty.
    for name in files.iter().map(RelPath::as_bytes).chain([&[][..]]).chain(links.iter().map(RelPath::as_bytes)) {
        hasher.piece(name);
    }
    hasher.finish()
}

/// Returns the folder of the manifest that declares a gate.
pub fn folder_of(gate: &Gate) -> RelPath {
    RelPath::parse(&*gate.place.file).ok().and_then(|file| file.parent()).unwrap_or_else(RelPath::root)
}

/// Returns what tells the files that patterns mean which are relative to a folder, as [`Sight::files`] would have it.
pub(super) fn meant(folder: &RelPath, patterns: &[String]) -> Reads {
    match set(folder, patterns) {
        Ok(set) => Box::new(move |path| set.matches(path)),
        Err(_) => Box::new(|_| true),
    }
}

fn set(folder: &RelPath, patterns: &[String]) -> Result<PatternSet, String> {
    let (excluded, included): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
    let included: Vec<String> = match &included[..] {
        [] => vec![rooted(folder, "**")],
        some => some.iter().map(|text| rooted(folder, text)).collect(),
    };
    let excluded: Vec<String> = excluded.iter().map(|text| rooted(folder, &text[1..])).collect();
    PatternSet::new(&included, &excluded)
}

/// Returns a pattern that is relative to a folder as one that is relative to the project's root.
pub(super) fn rooted(folder: &RelPath, pattern: &str) -> String {
    if folder.is_root() {
        return pattern.to_owned();
    }
    // The folder's own name is no pattern, whatever stands in it.
    let mut whole = String::new();
    for c in folder.to_string().chars() {
        if matches!(c, '*' | '?' | '[' | '{' | '\\') {
            whole.push('\\');
        }
        whole.push(c);
    }
    format!("{whole}/{pattern}")
}

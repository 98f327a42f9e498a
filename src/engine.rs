//! Opens a project: finds the manifest, loads it (or the image of an earlier load), and wires the parts that judge and run it.

mod glimpse;

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, RwLock};
use std::thread;

use crossbeam_channel::{Receiver, bounded};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::action::ActionResult;
use crate::base::{Digest, RelPath, quantity};
use crate::disk::{self, PatternSet, Tree, write_beside};
use crate::graph::{self, Graph};
use crate::manifest::{self, Loaded, Problem, Problems, Source, Trail};
use crate::rebuild::{Environment, Files, World};
use crate::record::{Checkout, Runs, Status};
use crate::store::{LocalStore, StoreError, Swept};

pub use glimpse::Glimpse;

/// How much the store may hold unless `ORKET_CACHE_LIMIT` or `cache gc` say otherwise, in bytes.
const STORE_LIMIT: u64 = 20 << 30;

/// Why a project cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no manifest.
    #[error("there is no `orket.kdl` in `{}` or any folder above it", .0.display())]
    NoManifest(PathBuf),
    /// The manifest has mistakes.
    #[error("the manifest is wrong")]
    Wrong(Box<Problems>),
    /// The surroundings failed.
    #[error("cannot {0}: {1}")]
    Broken(String, io::Error),
}

/// What orket was started with.
pub struct Surroundings {
    /// Where.
    pub folder: PathBuf,
    /// `-f`.
    pub manifest: Option<PathBuf>,
    /// All variables.
    pub variables: Vec<(OsString, OsString)>,
}

impl Surroundings {
    fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|(key, _)| key == name).map(|(_, value)| value).filter(|value| !value.is_empty())
    }

    /// Returns where the store is: `ORKET_CACHE_DIR`, else the user's cache folder.
    pub fn store(&self) -> PathBuf {
        if let Some(folder) = self.variable("ORKET_CACHE_DIR") {
            return self.folder.join(folder);
        }
        match self.variable("XDG_CACHE_HOME") {
            Some(folder) => PathBuf::from(folder).join("orket"),
            None => self.variable("HOME").map_or_else(|| PathBuf::from("/tmp"), PathBuf::from).join(".cache/orket"),
        }
    }

    /// Returns how many bytes the store may hold: `ORKET_CACHE_LIMIT`, else 20 GiB; all there are where that is `none`.
    ///
    /// # Errors
    /// A sentence, when the variable holds no size.
    pub fn store_limit(&self) -> Result<u64, String> {
        let Some(value) = self.variable("ORKET_CACHE_LIMIT").map(|value| value.to_string_lossy()) else { return Ok(STORE_LIMIT) };
        match value.trim() {
            "none" => Ok(u64::MAX),
            text => {
                quantity::size(text).ok_or_else(|| format!("ORKET_CACHE_LIMIT is `{text}`; it has to be a size such as `20GiB`, or `none`"))
            }
        }
    }
}

/// An opened project.
pub struct Engine {
    /// The project's folder.
    pub root: PathBuf,
    /// The manifest, relative to it.
    pub manifest: RelPath,
    /// The targets.
    pub graph: Graph,
    /// The folder, kept open.
    pub tree: Tree,
    /// The package that orket was started in; empty for the root.
    pub package: String,
    /// Whether the manifest is another one than at the last build, or was never kept.
    pub loaded: bool,
    store: Arc<LocalStore>,
    environment: Environment,
}

/// What the image of a load depends on.
#[derive(Serialize, Deserialize)]
struct Stamp {
    version: String,
    manifest: RelPath,
    digests: Vec<Digest>,
    trail: Trail,
}

impl Engine {
    /// Opens the project that `surroundings` stand in. `keep` allows the key for secrets to be made.
    ///
    /// # Errors
    /// When there is no manifest, when it has mistakes, or when something cannot be read.
    pub fn open(surroundings: &Surroundings, keep: bool) -> Result<Engine, OpenError> {
        let (root, manifest) = find(surroundings, u64::MAX)?;
        let broken = |what: &str| {
            let what = what.to_owned();
            move |error| OpenError::Broken(what, error)
        };
        let tree = Tree::open(&root).map_err(broken("open the project's folder"))?;
        let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        let kept = root.join(".orket/graph");
        let (graph, loaded) = match mapped(&kept).filter(|graph| current(graph, &tree, &manifest)) {
            Some(graph) => (graph, false),
            None => (load(&Disk(&tree), &root, &manifest, &platform)?, true),
        };
        tracing::debug!(targets = graph.len(), loaded, "the graph is there");
        let package = package(&graph, &root, surroundings);
        let store = Arc::new(LocalStore::new(surroundings.store()));
        let variables: BTreeMap<String, Vec<u8>> = surroundings
            .variables
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.as_encoded_bytes().to_vec())))
            .collect();
        let secrets = graph.header().envs.iter().flatten().any(|rule| matches!(rule, crate::model::EnvRule::Secret { .. }));
        let secret_key = if secrets { secret_key(store.root(), keep).map_err(broken("read the key for secrets"))? } else { [0; 32] };
        Ok(Engine { root, manifest, graph, tree, package, loaded, store, environment: Environment { variables, secret_key, platform } })
    }

    /// Keeps the image of the load for the next time, if it is a new one. For after [`clear_orphans`](crate::rebuild::clear_orphans).
    pub fn keep(&self) {
        if self.loaded && state_folder(&self.root).is_ok() {
            // Without it the manifest is loaded once more.
            let _ = write_beside(&self.state().join("graph"), self.graph.image());
        }
    }

    /// Returns the store.
    pub fn store(&self) -> &Arc<LocalStore> {
        &self.store
    }

    /// Returns the folder with the checkout's state.
    pub fn state(&self) -> PathBuf {
        self.root.join(".orket")
    }

    /// Returns the records of past runs.
    pub fn runs(&self) -> Runs {
        Runs::new(&self.state())
    }

    /// Wires what judges and runs. `writable` allows the checkout's memory to change.
    ///
    /// # Errors
    /// When the state cannot be read or, if writable, made.
    pub fn world(&self, run: String, writable: bool) -> io::Result<World> {
        if writable {
            state_folder(&self.root)?;
        }
        Ok(World {
            graph: self.graph.clone(),
            tree: self.tree.clone(),
            environment: self.environment.clone(),
            files: Files::default(),
            blobs: self.store.clone(),
            actions: self.store.clone(),
            tracked: {
                let root = self.root.clone();
                Arc::new(move |path: &RelPath| crate::vcs::tracks(&root, path))
            },
            checkout: Mutex::new(Checkout::open(&self.state(), writable)?),
            ports: RwLock::default(),
            run,
            manifest: xxh3_64(self.manifest.as_bytes()),
            args: None,
            programs: RwLock::default(),
            made: OnceLock::new(),
            shown: RwLock::default(),
        })
    }

    /// Lets the store know of this checkout, so that no sweep takes what its last build used.
    pub fn register(&self) {
        // A sweep may then take too much, which costs time: no reason not to build.
        let _ = self.store.register(&self.state());
    }

    /// Waits until no other build runs in this checkout. `said` is told for whom, once, if there is one.
    ///
    /// # Errors
    /// When the lock cannot be made.
    pub fn lock(&self, said: &mut dyn FnMut(&str)) -> io::Result<File> {
        state_folder(&self.root)?;
        let mut file = fs::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(self.state().join("lock"))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder)?;
                said(holder.trim());
                file.lock()?;
            }
            // A file system without locks: builds in one checkout are then the user's to keep apart.
            Err(fs::TryLockError::Error(_)) => {}
        }
        file.set_len(0)?;
        io::Seek::seek(&mut file, io::SeekFrom::Start(0))?;
        write!(file, "process {}", std::process::id())?;
        Ok(file)
    }

    /// Removes what was used least from the store until it holds at most `limit` bytes; what the last build of any checkout used stays.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn sweep(store: &LocalStore, limit: u64) -> Result<Swept, StoreError> {
        store.sweep(limit, &pinned(store))
    }

    /// As [`Engine::sweep`], beside the caller and only if what was put in has made the store larger than `limit`; the channel brings what
    /// came of it.
    pub fn keep_store_within(&self, limit: u64) -> Receiver<Result<Option<Swept>, StoreError>> {
        let (store, (sender, receiver)) = (self.store.clone(), bounded(1));
        thread::spawn(move || sender.send(store.keep_within(limit, || pinned(&store))));
        receiver
    }
}

/// The names of all entries that the last build of some checkout used.
fn pinned(store: &LocalStore) -> HashSet<String> {
    let mut pinned = HashSet::new();
    for state in store.checkouts() {
        let Ok(checkout) = Checkout::open(&state, false) else { continue };
        for record in checkout.records().filter(|record| record.status == Status::Succeeded) {
            pinned.insert(record.action.hex());
            pinned.extend(ActionResult::decode(&record.result).iter().flat_map(ActionResult::blobs).map(|digest| digest.hex()));
        }
    }
    pinned
}

/// Returns the folder of the package that the surroundings stand in; empty for the root.
fn package(graph: &Graph, root: &Path, surroundings: &Surroundings) -> String {
    let inside = fs::canonicalize(&surroundings.folder).ok();
    let inside = inside.and_then(|folder| folder.strip_prefix(root).map(Path::to_path_buf).ok()).unwrap_or_default();
    let folders = graph.header().packages.iter().map(|package| package.folder.to_string());
    folders.filter(|folder| folder != "." && inside.starts_with(folder)).max_by_key(String::len).unwrap_or_default()
}

/// `most`: how many bytes of manifests may be read to find out which one is whole.
fn find(surroundings: &Surroundings, most: u64) -> Result<(PathBuf, RelPath), OpenError> {
    let broken = |error| OpenError::Broken(format!("open `{}`", surroundings.folder.display()), error);
    let start = fs::canonicalize(&surroundings.folder).map_err(broken)?;
    if let Some(given) = &surroundings.manifest {
        let path = start.join(given);
        let folder = path
            .parent()
            .map(fs::canonicalize)
            .transpose()
            .ok()
            .flatten()
            .filter(|_| path.is_file())
            .ok_or_else(|| OpenError::NoManifest(path.clone()))?;
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        return Ok((folder, RelPath::from_normal(name)));
    }
    let mut found: Option<PathBuf> = None;
    for folder in start.ancestors() {
        if folder.join("orket.kdl").is_file() {
            // A package's manifest is found first; the one that includes it stands above, and is the project's.
            let whole = found.as_ref().is_none_or(|inner| includes(&folder.join("orket.kdl"), folder, inner, most));
            if whole {
                found = Some(folder.to_path_buf());
            }
        }
    }
    found.map(|root| (root, RelPath::from_normal(&b"orket.kdl"[..]))).ok_or(OpenError::NoManifest(start))
}

/// Whether a manifest includes the package in `inner`, directly or not. Only read where a package is entered from below.
fn includes(manifest: &Path, root: &Path, inner: &Path, most: u64) -> bool {
    let text = fs::read_to_string(manifest).unwrap_or_default();
    if !text.contains("include") {
        return false;
    }
    let Ok(tree) = Tree::open(root) else { return false };
    let name = RelPath::from_normal(&b"orket.kdl"[..]);
    let kept = mapped(&root.join(".orket/graph")).filter(|graph| current(graph, &tree, &name));
    let trail = match kept.and_then(|graph| postcard::from_bytes::<Stamp>(&graph.header().trail).ok()) {
        Some(stamp) => Some(stamp.trail),
        None => manifest::load(&glimpse::Little::new(&tree, most), &name, "").ok().map(|loaded| loaded.trail),
    };
    trail.is_some_and(|trail| trail.manifests.iter().any(|path| path.under(root) == inner.join("orket.kdl")))
}

struct Disk<'a>(&'a Tree);

impl Source for Disk<'_> {
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn size(&self, path: &RelPath) -> io::Result<u64> {
        self.0.stat_follow(path)?.map(|signature| signature.size).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn matches(&self, patterns: &[String]) -> io::Result<Vec<RelPath>> {
        let (excluded, included): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
        let included: Vec<String> = included.into_iter().cloned().collect();
        let excluded: Vec<String> = excluded.into_iter().map(|pattern| pattern[1..].to_owned()).collect();
        disk::expand(self.0, &PatternSet::new(&included, &excluded).map_err(io::Error::other)?)
    }
}

fn load(source: &dyn Source, root: &Path, manifest: &RelPath, platform: &str) -> Result<Graph, OpenError> {
    let folder = root.file_name().map_or_else(|| String::from("project"), |name| name.to_string_lossy().into_owned());
    let Loaded { project, trail, texts } =
        manifest::load(source, manifest, &folder).map_err(|problems| OpenError::Wrong(Box::new(problems)))?;
    let stamp = Stamp {
        version: version(),
        manifest: manifest.clone(),
        digests: texts.iter().map(|(_, text)| Digest::of(text.as_bytes())).collect(),
        trail,
    };
    let stamp = postcard::to_stdvec(&stamp).unwrap_or_default();
    graph::assemble(&project, stamp, platform).map_err(|found| {
        let mut problems = Problems::new(texts);
        for problem in found {
            problems.push(Problem {
                code: problem.code,
                message: problem.message,
                place: problem.place,
                length: 1,
                help: problem.help,
                notes: problem.notes,
            });
        }
        OpenError::Wrong(Box::new(problems))
    })
}

/// Returns the kept image of a load, if there is one that this version can use.
fn mapped(path: &Path) -> Option<Graph> {
    disk::map(path).ok().and_then(|bytes| Graph::open(bytes).ok())
}

/// What has to be the same for a kept image to be of use: tasks for another platform are marked in it.
fn version() -> String {
    format!("{} {}-{}", env!("CARGO_PKG_VERSION"), std::env::consts::OS, std::env::consts::ARCH)
}

/// Whether a kept image is what loading would give now: same manifests by content, same answers to the same globs.
fn current(graph: &Graph, tree: &Tree, manifest: &RelPath) -> bool {
    let Ok(stamp) = postcard::from_bytes::<Stamp>(&graph.header().trail) else { return false };
    let source = Disk(tree);
    stamp.version == version()
        && stamp.manifest == *manifest
        && stamp.digests.len() == stamp.trail.manifests.len()
        && stamp
            .trail
            .manifests
            .iter()
            .zip(&stamp.digests)
            .all(|(path, digest)| tree.read(path).is_ok_and(|bytes| Digest::of(&bytes) == *digest))
        && stamp.trail.globs.iter().all(|(patterns, found)| source.matches(patterns).is_ok_and(|now| now == *found))
}

/// Makes the folder for the checkout's state, with what keeps git and backups away from it.
fn state_folder(root: &Path) -> io::Result<()> {
    let state = root.join(".orket");
    if state.join("CACHEDIR.TAG").exists() {
        return Ok(());
    }
    fs::create_dir_all(&state)?;
    fs::write(state.join(".gitignore"), "*\n")?;
    fs::write(
        state.join("CACHEDIR.TAG"),
        "Signature: 8a477f597d28d172789f06886806bc55\n# State of this checkout; it can be deleted at any time.\n",
    )
}

/// The key under which secrets enter digests: made once, readable by its owner alone.
fn secret_key(store: &Path, make: bool) -> io::Result<[u8; 32]> {
    let path = store.join("secret.key");
    match fs::read(&path) {
        Ok(bytes) if bytes.len() == 32 => Ok(bytes.try_into().unwrap_or_default()),
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ if !make => Ok([0; 32]),
        _ => {
            let mut key = [0u8; 32];
            getrandom::fill(&mut key).map_err(io::Error::other)?;
            fs::create_dir_all(store)?;
            // A temporary file is made for its owner alone.
            write_beside(&path, &key)?;
            Ok(key)
        }
    }
}

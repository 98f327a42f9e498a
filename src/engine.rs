//! Opens a project: finds the manifest, loads it (or the image of an earlier load), and wires the parts that judge and run it.

mod affected;
mod churn;
mod decide;
mod facts;
mod find;
mod gates;
mod glimpse;
mod load;
mod lock;
mod manifests;
mod outside;
mod remake;
mod sources;
mod surroundings;
mod sweep;
mod symbols;
mod unrest;
mod watch;
mod workspace;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, RwLock};

use xxhash_rust::xxh3::xxh3_64;

use self::find::{find, package};
use self::load::{BUILT, SEEN, Stamp, kept, load, mapped};
use self::manifests::Disk;
use crate::base::RelPath;
use crate::decisions::{Boxed, Choice, Origin, Seam, Seams};
use crate::disk::{Tree, stamp_clock, write_beside};
use crate::graph::Graph;
use crate::manifest::Problems;
use crate::rebuild::{self, Environment, Files, World};
use crate::record::{Begun, Checkout, Runs, Watcher, is_watched};
use crate::sandbox::Bubblewrap;
use crate::store::LocalStore;
use crate::vcs::Tracked;

pub use affected::Affected;
pub use churn::{ChurnError, ChurnWanted, churn};
pub use facts::Surveyed;
pub use gates::Inspector;
pub use glimpse::Glimpse;
pub use lock::{Lock, LockError};
pub use sources::{sources, sources_and_links};
pub use surroundings::Surroundings;
use surroundings::Watching;
pub use symbols::SymbolsWanted;
pub use unrest::Unrest;
pub use watch::{Reach, Sentinel};
pub use workspace::workspace_name;

/// Why a project cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no manifest.
    #[error("there is no `orket.kdl` in `{}` or any folder above it", .0.display())]
    NoManifest(PathBuf),
    /// The folder to work in is not there.
    #[error("there is no folder `{}`", .0.display())]
    NoFolder(PathBuf),
    /// The manifest that was named is not there.
    #[error("there is no manifest `{}`", .0.display())]
    NotThere(PathBuf),
    /// Something else stands where the manifest should.
    #[error("`{}` is {what}, and a manifest is a file", .0.display(), what = .1)]
    NoFile(PathBuf, &'static str),
    /// There is one above, and it may not be looked for there.
    #[error("there is no `orket.kdl` in `{}`, and the loader strategy `{strategy}` looks nowhere else", folder.display())]
    NotHere {
        /// Where it was looked for.
        folder: PathBuf,
        /// Who says so.
        strategy: String,
    },
    /// The manifest has mistakes.
    #[error("the manifest is wrong")]
    Wrong(Box<Problems>),
    /// A strategy has no answer.
    #[error("{0}")]
    Undecided(String),
    /// The surroundings failed.
    #[error("cannot {0}: {1}")]
    Broken(String, io::Error),
}

/// Overrides beside the manifest, which version control mostly ignores.
const OVERRIDES: &[u8] = b"orket.local.kdl";

/// An opened project.
#[derive(Clone)]
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
    /// Whether the manifest had to be read for this.
    read: bool,
    /// The project's name.
    pub name: String,
    /// What it is for.
    pub about: Option<String>,
    /// Who decides.
    pub seams: Arc<Seams>,
    store: Arc<LocalStore>,
    environment: Environment,
    watching: Watching,
}

impl Engine {
    /// Opens the project that `surroundings` stand in. `keep` allows the key for secrets to be made, and programs of
    /// the project's own to be asked for decisions.
    ///
    /// # Errors
    /// When there is no manifest, when it has mistakes, or when something cannot be read.
    pub fn open(surroundings: &Surroundings, keep: bool) -> Result<Engine, OpenError> {
        Engine::opened(surroundings, keep, &|_| None)
    }

    /// Opens a project whose manifest has mistakes with the targets that its last build has left; `None` where there are none.
    pub fn as_built(surroundings: &Surroundings) -> Option<Engine> {
        Engine::opened(surroundings, false, &|root| mapped(&root.join(".orket").join(BUILT))).ok()
    }

    /// Opens a project. `otherwise`: its targets, where the manifest has mistakes.
    fn opened(surroundings: &Surroundings, keep: bool, otherwise: &dyn Fn(&Path) -> Option<Graph>) -> Result<Engine, OpenError> {
        let search = decide::search(surroundings)?;
        let (root, manifest) = find(surroundings, search.look.upward, u64::MAX).map_err(|error| match error {
            OpenError::NoManifest(_) if !search.look.upward && find(surroundings, true, u64::MAX).is_ok() => {
                OpenError::NotHere { folder: surroundings.folder.clone(), strategy: search.strategy.clone() }
            }
            error => error,
        })?;
        let broken = |what: &str| {
            let what = what.to_owned();
            move |error| OpenError::Broken(what, error)
        };
        let tree = Tree::open(&root).map_err(broken("open the project's folder"))?;
        let platform = format!("{}-{}", std::env::consts::OS, std::env::consts::ARCH);
        let kept = kept(&root.join(".orket"), &tree, &manifest);
        let (read, loaded) = (kept.is_none(), !kept.as_ref().is_some_and(|(_, built)| *built));
        let graph = match kept {
            Some((graph, _)) => graph,
            None => load(&Disk(&tree), &root, &manifest, &platform, Some(&surroundings.registry))
                .or_else(|error| otherwise(&root).filter(|_| matches!(error, OpenError::Wrong(_))).ok_or(error))?,
        };
        tracing::debug!(targets = graph.len(), read, loaded, "the graph is there");
        let package = package(&graph, &root, surroundings);
        let (seams, look) = decide::seams(surroundings, search, &tree, &graph, &manifest, !keep)?;
        if !look.upward && surroundings.manifest.is_none() && fs::canonicalize(&surroundings.folder).is_ok_and(|folder| folder != root) {
            return Err(OpenError::NotHere {
                folder: surroundings.folder.clone(),
                strategy: seams.choice(Seam::LoaderStrategy).strategy.clone(),
            });
        }
        let named = |what: &str| look.environment.then(|| surroundings.text(what)).flatten();
        let name = named("ORKET_PROJECT_NAME").unwrap_or_else(|| graph.header().name.to_string());
        let about = named("ORKET_PROJECT_ABOUT").or_else(|| graph.header().about.as_ref().map(ToString::to_string));
        let bootstrap = seams.ask(&surroundings.starting(&root))?;
        let store = Arc::new(LocalStore::new(root.join(&bootstrap.store)));
        let tree = tree.with_store(store.root());
        let mut variables: BTreeMap<String, Vec<u8>> = surroundings
            .variables
            .iter()
            .filter_map(|(name, value)| Some((name.to_str()?.to_owned(), value.as_encoded_bytes().to_vec())))
            .collect();
        // What the command line has chosen reaches every orket that is started from here, by whomever. A strategy of the project's own is
        // known in this project only.
        let everywhere = |choice: &&Choice| choice.seam.brought().iter().any(|brought| *brought.name == *choice.strategy);
        let typed = seams.choices().iter().filter(|choice| choice.origin == Origin::CommandLine).filter(everywhere);
        variables.extend(typed.map(|choice| (choice.seam.variable(), choice.strategy.clone().into_bytes())));
        let secrets = graph.header().envs.iter().flatten().any(|rule| matches!(rule, crate::model::EnvRule::Secret { .. }));
        let secret_key = if secrets { secret_key(store.root(), keep).map_err(broken("read the key for secrets"))? } else { [0; 32] };
        let environment = Environment { variables, secret_key, platform, dotenv: bootstrap.dotenv };
        Ok(Engine {
            root,
            manifest,
            graph,
            tree,
            package,
            loaded,
            read,
            name,
            about,
            seams: Arc::new(seams),
            store,
            environment,
            watching: surroundings.watching()?,
        })
    }

    /// Keeps the image of the load for the next time, if it is a new one. For after [`clear_orphans`](crate::rebuild::clear_orphans).
    pub fn keep(&self) {
        if self.loaded && state_folder(&self.root).is_ok() {
            // Without it the manifest is loaded once more.
            let _ = write_beside(&self.state().join(BUILT), self.graph.image());
            let _ = fs::remove_file(self.state().join(SEEN));
        }
    }

    /// Keeps the image of the load for who looks next, if the manifest had to be read and the checkout has a state.
    pub fn keep_seen(&self) {
        if self.read && self.state().is_dir() {
            let _ = write_beside(&self.state().join(SEEN), self.graph.image());
        }
    }

    /// Makes the folder for the checkout's state, so that there is a place for what is learned of files.
    pub fn remember(&self) {
        // Where that is not allowed, less is remembered, and nothing is wrong.
        let _ = state_folder(&self.root);
    }

    /// Returns what conditions of decisions look at. The clock is asked now.
    pub fn facts(&self) -> Surveyed {
        Surveyed::new(self.tree.clone(), self.environment.clone(), &self.graph.header().envs)
    }

    /// Returns the store.
    pub fn store(&self) -> &Arc<LocalStore> {
        &self.store
    }

    /// Returns the folder with the checkout's state.
    pub fn state(&self) -> PathBuf {
        self.root.join(".orket")
    }

    /// Returns what tells this checkout from any other on this machine, a copy of it too: it is in the environment of all that it starts.
    pub fn identity(&self) -> String {
        let there = self.tree.stat(&RelPath::from_normal(&b".orket"[..])).ok().flatten().unwrap_or_default();
        format!("{:x}-{:x}", there.device, there.inode)
    }

    /// Begins to watch this checkout, so that builds in it need not look at every file; `None` if that is not wanted.
    ///
    /// # Errors
    /// When nobody could ask.
    pub fn watcher(&self) -> io::Result<Option<Begun>> {
        if self.watching == Watching::Never {
            return Ok(None);
        }
        state_folder(&self.root)?;
        Watcher::begin(&self.tree, &self.state()).map(Some)
    }

    /// Whether a watcher lives in this checkout that builds ask; `None` if they are not to.
    pub fn is_watched(&self) -> Option<bool> {
        (self.watching != Watching::Never).then(|| is_watched(&self.state()))
    }

    /// Whether `orket watch` keeps watch for all builds, too.
    pub fn watches_along(&self) -> bool {
        self.watching == Watching::Always
    }

    /// Returns the files that the project is declared in.
    pub fn manifests(&self) -> impl Iterator<Item = PathBuf> {
        let trail = postcard::from_bytes::<Stamp>(&self.graph.header().trail).map(|stamp| stamp.trail.manifests).unwrap_or_default();
        let overrides = self.manifest.parent().unwrap_or_else(RelPath::root).join(OVERRIDES);
        [self.manifest.clone(), overrides].into_iter().chain(trail).map(|path| path.under(&self.root))
    }

    /// Returns the records of past runs.
    pub fn runs(&self) -> Runs {
        Runs::new(&self.state())
    }

    /// Returns what makes boxes for tasks, where these are to have any.
    pub fn bubblewrap(&self) -> Bubblewrap {
        let path = OsStr::from_bytes(self.environment.get("PATH").unwrap_or_default());
        Bubblewrap::new(path.to_owned(), self.root.clone())
    }

    /// Wires what judges and runs. `writable` allows the checkout's memory to change.
    ///
    /// # Errors
    /// When the state cannot be read or, if writable, made.
    pub fn world(&self, run: String, writable: bool) -> io::Result<World> {
        if writable {
            state_folder(&self.root)?;
        }
        let mut world = World {
            graph: self.graph.clone(),
            tree: self.tree.clone(),
            environment: self.environment.clone(),
            files: Files::default(),
            blobs: self.store.clone(),
            actions: self.store.clone(),
            tracked: {
                let tracked = Tracked::new(self.root.clone());
                Arc::new(move |path: &RelPath, own: &dyn Fn(&RelPath) -> bool| tracked.holds(path, own))
            },
            checkout: Mutex::new(Checkout::open(&self.state(), writable)?),
            ports: RwLock::default(),
            seams: self.seams.clone(),
            boxed: Boxed::default(),
            bubblewrap: Arc::new(self.bubblewrap()),
            adopted: Arc::default(),
            decided: RwLock::default(),
            run,
            began: 0,
            room: OnceLock::new(),
            moved: Mutex::default(),
            emptied: Mutex::default(),
            claimed: Mutex::default(),
            put_out: OnceLock::new(),
            identity: self.identity(),
            manifest: xxh3_64(self.manifest.as_bytes()),
            args: None,
            programs: RwLock::default(),
            made: OnceLock::new(),
            watcher: self.watching != Watching::Never,
            opened: stamp_clock(),
            shown: RwLock::default(),
            looks: !writable,
            absent: RwLock::default(),
        };
        if !writable && self.loaded {
            world.absent = RwLock::new(rebuild::orphans(&world, self.puts_out_otherwise()));
        }
        Ok(world)
    }

    /// Whether outputs are declared otherwise than at the last build of this manifest, as far as is known of that.
    pub fn puts_out_otherwise(&self) -> bool {
        let own = |then: &Graph| load::stamp(then).is_some_and(|stamp| stamp.manifest == self.manifest);
        let then = load::mapped(&self.state().join(BUILT)).filter(own);
        then.is_none_or(|then| then.header().made != self.graph.header().made)
    }

    /// Lets the store know of this checkout, so that no sweep takes what its last build used.
    pub fn register(&self) {
        // A sweep may then take too much, which costs time: no reason not to build.
        let _ = self.store.register(&self.state());
    }
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

//! All that judging and running look at, handed around as one.

use std::sync::{Arc, Mutex, OnceLock, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::tools::Programs;
use super::{Environment, Files, Visible};
use crate::action::{ActionResult, Content, Output};
use crate::base::{Digest, RelPath, TargetId};
use crate::decisions::{Boxed, Seams};
use crate::disk::Tree;
use crate::graph::{Graph, Made};
use crate::model::EnvRule;
use crate::record::{Checkout, Known, Status, TaskRecord};
use crate::sandbox::Bubblewrap;
use crate::store::{ActionCache, Blobs};

/// What a target put out, for those that need it.
#[derive(Clone, Debug)]
pub struct Yield {
    /// Of the outputs; equal digests, equal outputs.
    pub digest: Digest,
    /// The outputs of a task; empty for a target that gathers.
    pub outputs: Arc<Vec<(RelPath, Content)>>,
    /// Folders among them in which nothing is.
    pub folders: Arc<Vec<RelPath>>,
    /// Whether it, or anything it waits for, executed something in this run, or was restored: files are others than they were.
    pub executed: bool,
}

/// What a needed target is to the one that needs it.
pub type Links = Vec<(TargetId, Yield)>;

/// See [`World::tracked`].
pub type Tracks = dyn Fn(&RelPath, &dyn Fn(&RelPath) -> bool) -> bool + Send + Sync;

/// What tasks came to that ran in a workspace of their own, by key.
pub type Adopted = FxHashMap<[u64; 2], TaskRecord>;

/// The surroundings of a run.
pub struct World {
    /// The targets.
    pub graph: Graph,
    /// The project's folder.
    pub tree: Tree,
    /// What orket was started with.
    pub environment: Environment,
    /// What is known of files.
    pub files: Files,
    /// Bytes by digest.
    pub blobs: Arc<dyn Blobs>,
    /// Results by action.
    pub actions: Arc<dyn ActionCache>,
    /// Whether version control tracks a path, or something below it; repositories in folders that the second argument names do not count.
    pub tracked: Arc<Tracks>,
    /// What this checkout remembers.
    pub checkout: Mutex<Checkout>,
    /// Ports that were picked for this run, by name.
    pub ports: RwLock<FxHashMap<String, u16>>,
    /// Who decides.
    pub seams: Arc<Seams>,
    /// What tasks may touch, and what their surroundings are called.
    pub boxed: Boxed,
    /// What makes boxes for tasks, where these are to have any.
    pub bubblewrap: Arc<Bubblewrap>,
    /// What ran elsewhere for this run: brought here, and not run again.
    pub adopted: Arc<Adopted>,
    /// What decisions came to in this run, by address.
    pub decided: RwLock<FxHashMap<String, String>>,
    /// The run's id.
    pub run: String,
    /// When it began, in milliseconds since 1970 UTC.
    pub began: u64,
    /// See [`World::room`].
    pub room: OnceLock<String>,
    /// What tells this checkout from a copy of it; all that runs here carries it as `ORKET_CHECKOUT`.
    pub identity: String,
    /// The hash of the manifest's path: records of tasks of another one are none of this run's business.
    pub manifest: u64,
    /// Words behind `--`, for this target.
    pub args: Option<(TargetId, Vec<String>)>,
    /// Programs that were looked up.
    pub programs: RwLock<Programs>,
    /// Everything that any task puts out; see [`World::made`].
    pub made: OnceLock<Made>,
    /// See [`World::displaced`].
    pub moved: Mutex<Vec<(RelPath, RelPath)>>,
    /// Folders from which something was taken in this run, for whoever takes away what is empty then.
    pub emptied: Mutex<FxHashSet<RelPath>>,
    /// Whose outputs may be looked at, and taken as they are, by now in this run.
    pub claimed: Mutex<FxHashSet<TargetId>>,
    /// What tasks had put out when that was first asked in this run, each with the hash of the manifest that declares it.
    pub put_out: OnceLock<FxHashMap<RelPath, Vec<(u64, Output)>>>,
    /// Whether nothing is changed: whoever only looks supposes that what a build would put in place is there.
    pub looks: bool,
    /// For who only looks: files that a build would have taken away by now.
    pub absent: RwLock<FxHashSet<RelPath>>,
    /// Whether a watcher is asked what has changed.
    pub watcher: bool,
    /// What the clock of the file systems showed before anything of the run was looked at.
    pub opened: i64,
    /// What each set of environment rules shows; see [`World::visible`].
    pub shown: RwLock<FxHashMap<u32, Arc<Visible>>>,
}

impl World {
    /// Returns the folder that `{{run.scratch}}` means. It is made when a command that names it is about to start, and taken away after the run.
    pub fn scratch(&self) -> RelPath {
        RelPath::from_normal(format!(".orket/scratch/{}", self.run).into_bytes())
    }

    /// Returns what the folders are called in which this run leaves logs and what it moves aside: as the run, or where an earlier one of the
    /// same id has such a folder, with its beginning before that.
    pub fn room(&self) -> &str {
        self.room.get_or_init(|| {
            let taken = |kind| self.tree.root().join(".orket").join(kind).join(&self.run).exists();
            if ["logs", "displaced"].into_iter().any(taken) { format!("{:013}-{}", self.began, self.run) } else { self.run.clone() }
        })
    }

    /// Removes a file that a task has put out, and forgets what is known of it.
    ///
    /// # Errors
    /// When the disk refuses.
    pub(super) fn take(&self, path: &RelPath) -> std::io::Result<()> {
        self.files.forget(path);
        self.tree.remove(path)?;
        self.note_emptied(path);
        Ok(())
    }

    /// Takes note that something is gone from where it stood.
    pub(super) fn note_emptied(&self, path: &RelPath) {
        self.emptied.lock().expect("no holder panics").extend(path.parent());
    }

    /// Takes note that something was moved aside.
    pub(super) fn displace(&self, from: RelPath, to: RelPath) {
        self.moved.lock().expect("no holder panics").push((from, to));
    }

    /// Returns what was moved aside since this was last asked, in this order: from where, and to where.
    pub fn displaced(&self) -> Vec<(RelPath, RelPath)> {
        std::mem::take(&mut self.moved.lock().expect("no holder panics"))
    }

    /// Returns what the decision with this address came to in this run, if it was made.
    pub fn decision(&self, address: &str) -> Option<String> {
        self.decided.read().expect("no holder panics").get(address).cloned()
    }

    /// Returns what this checkout remembers of a file.
    pub fn remembered(&self, path: &RelPath) -> Option<Known> {
        self.checkout.lock().expect("no holder panics").file(path.as_bytes())
    }

    /// Returns what stands at `path`; `again` looks at the disk even if that was done before in this run.
    ///
    /// # Errors
    /// When a file is there and cannot be read.
    pub fn content(&self, path: &RelPath, again: bool) -> std::io::Result<Content> {
        if self.is_absent(path) {
            return Ok(Content::Missing);
        }
        let remembered = self.remembered(path);
        if again { self.files.look(&self.tree, path, remembered) } else { self.files.content(&self.tree, path, remembered) }
    }

    /// Whether a build would have taken a file away by now.
    pub fn is_absent(&self, path: &RelPath) -> bool {
        self.absent.read().expect("no holder panics").contains(path)
    }

    /// Returns what a task sees of the environment; `again` reads `dotenv` files even if that was done before in this run.
    ///
    /// # Errors
    /// As [`Environment::visible`].
    pub fn visible(&self, task: TargetId, again: bool) -> Result<Arc<Visible>, String> {
        let index = self.graph.row(task).env;
        let rules = &self.graph.header().envs[index as usize];
        let stale = again && rules.iter().any(|rule| matches!(rule, EnvRule::Dotenv { .. }));
        if !stale && let Some(visible) = self.shown.read().expect("no holder panics").get(&index) {
            return Ok(visible.clone());
        }
        let visible = Arc::new(self.environment.visible(rules, &self.tree)?);
        self.shown.write().expect("no holder panics").insert(index, visible.clone());
        Ok(visible)
    }

    /// Returns everything that any task puts out: what a glob over sources must not see.
    pub fn made(&self) -> &Made {
        self.made.get_or_init(|| Made::of(&self.graph))
    }

    /// Returns what this checkout remembered when it was first asked in this run of what tasks had put out and
    /// nobody has taken away since, each with the hash of the manifest that declares it.
    pub(super) fn put_out(&self) -> &FxHashMap<RelPath, Vec<(u64, Output)>> {
        self.put_out.get_or_init(|| {
            let mut put_out: FxHashMap<RelPath, Vec<(u64, Output)>> = FxHashMap::default();
            let checkout = self.checkout.lock().expect("no holder panics");
            for record in checkout.records() {
                // Of what was taken away, that stands there still which is in the place of what others put out.
                let stands = |output: &Output| record.status != Status::LeftOut || record.own.iter().any(|(path, _)| *path == output.path);
                let outputs = ActionResult::decode(&record.result).unwrap_or_default().outputs;
                for output in outputs.into_iter().filter(stands) {
                    put_out.entry(output.path.clone()).or_default().push((record.manifest, output));
                }
            }
            put_out
        })
    }
}

//! The seat for what runs in a box: it sees what it declares, and what it leaves beside its outputs is lost, and told.
//!
//! A folder stands in the place of the project. What may be read is shown or copied there; what was written there, and is an output, is moved
//! to where it belongs when the commands have ended. So a box needs no list of what is hidden, and an output may stand beside any source.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::redacted::Redacted;
use super::{Attempt, Executor, Local, Request, STRAYED, Tell, Upkeep};
use crate::base::RelPath;
use crate::disk::{Kind, Signature, Tree, expand};
use crate::process::{Cancel, Ended};
use crate::sandbox::{Arranged, Enclosed, Reach, arrange};

/// A box for the commands of one task.
pub struct Confine {
    /// Bubblewrap.
    pub boxer: PathBuf,
    /// What may be touched.
    pub reach: Reach,
    /// Whether the commands find what they have left there before.
    pub keeps: bool,
}

/// Runs commands on this machine, in a box where they are to have one.
pub struct Sandboxed {
    local: Local,
    tree: Tree,
}

/// A folder that stands in the place of the project.
struct Stage<'a> {
    tree: &'a Tree,
    confine: &'a Confine,
    folder: RelPath,
    arranged: Arranged,
    /// What was put there, with the stamp that a copy had then.
    placed: BTreeMap<RelPath, Option<Signature>>,
    /// Outputs that the commands found there.
    found: Vec<RelPath>,
}

impl Sandboxed {
    /// A seat for the tasks of a project, whose root is `tree`; `local` starts what is started.
    pub fn new(local: Local, tree: Tree) -> Sandboxed {
        Sandboxed { local, tree }
    }

    fn confined(&self, request: &Request, confine: &Confine, cancel: &Cancel) -> io::Result<Attempt> {
        let stage = Stage::set(&self.tree, confine, &request.mark)?;
        let attempt = self.local.execute(&stage.inside(request), cancel);
        let strayed = stage.bring()?;
        self.tree.remove_all(&stage.folder)?;
        Ok(Attempt { strayed, ..attempt })
    }
}

impl Executor for Sandboxed {
    fn execute(&self, request: &Request, cancel: &Cancel) -> Attempt {
        let Some(confine) = &request.confine else { return self.local.execute(request, cancel) };
        self.confined(request, confine, cancel).unwrap_or_else(|error| Attempt {
            ended: Ended::Exit(126),
            command: 0,
            log: Redacted::new(&request.secrets, &request.log_file).finish(false),
            errors: None,
            duration: Duration::ZERO,
            error: Some(format!("its box cannot be made: {error}")),
            strayed: Vec::new(),
        })
    }

    fn serve(&self, upkeep: Upkeep, tell: Tell) -> io::Result<Cancel> {
        self.local.serve(upkeep, tell)
    }
}

impl<'a> Stage<'a> {
    /// Sets a stage for commands with this mark.
    fn set(tree: &'a Tree, confine: &'a Confine, mark: &str) -> io::Result<Stage<'a>> {
        let reach = &confine.reach;
        let folder = RelPath::from_normal(format!(".orket/scratch/box-{mark}").into_bytes());
        // What is left of it when a run was killed.
        tree.remove_all(&folder)?;
        tree.make_folder(&folder)?;
        let arranged = arrange(reach, tree)?;
        let mut stage = Stage { tree, confine, folder, arranged, placed: BTreeMap::new(), found: Vec::new() };
        for stand in &reach.stand {
            tree.make_folder(&stage.at(stand))?;
        }
        let Arranged { shown, shared, copied, linked } = &stage.arranged;
        let mut placed: BTreeMap<RelPath, Option<Signature>> = shared.iter().chain(shown).map(|path| (path.clone(), None)).collect();
        for path in copied.iter().chain(linked) {
            placed.insert(path.clone(), stage.put(path)?);
        }
        stage.placed = placed;
        if confine.keeps {
            let outside = |path: &RelPath| !stage.placed.contains_key(path) && !reach.folders.iter().any(|folder| path.is_in(folder));
            let found: Vec<RelPath> = expand(tree, &reach.writes)?.into_iter().filter(outside).collect();
            found.iter().try_for_each(|path| stage.put(path).map(drop))?;
            stage.found = found;
        }
        Ok(stage)
    }

    fn at(&self, path: &RelPath) -> RelPath {
        if path.is_root() { self.folder.clone() } else { self.folder.join(path.as_bytes()) }
    }

    /// Copies a file or link to its place; returns the stamp that it has there.
    fn put(&self, path: &RelPath) -> io::Result<Option<Signature>> {
        let at = self.at(path);
        at.parent().map_or(Ok(()), |parent| self.tree.make_folder(&parent))?;
        self.tree.copy(path, &at)?;
        self.tree.stat(&at)
    }

    /// Returns a request as it is carried out in the box.
    fn inside(&self, request: &Request) -> Request {
        let (root, folder) = (self.tree.root(), self.folder.under(self.tree.root()));
        let Confine { boxer, reach, .. } = self.confine;
        let enclosed = Enclosed { boxer, root, stage: &folder, arranged: &self.arranged, network: reach.network };
        Request {
            spawns: request.spawns.iter().map(|spawn| enclosed.command(spawn)).collect(),
            commands: request.commands.clone(),
            limits: request.limits,
            mark: request.mark.clone(),
            secrets: request.secrets.clone(),
            log_file: request.log_file.clone(),
            confine: None,
        }
    }

    /// Moves what may be written to where it belongs; returns what else was written or changed, sorted.
    fn bring(&self) -> io::Result<Vec<RelPath>> {
        let (mut brought, mut strayed) = (BTreeSet::new(), Vec::new());
        let mut open = vec![RelPath::root()];
        while let Some(folder) = open.pop() {
            for (name, kind) in self.tree.list(&self.at(&folder))? {
                let path = folder.join(&name);
                match kind {
                    _ if self.placed.contains_key(&path) => {}
                    Kind::Folder => open.push(path),
                    _ if self.confine.reach.writes.matches(&path) => {
                        path.parent().map_or(Ok(()), |parent| self.tree.make_folder(&parent))?;
                        self.tree.transfer(&self.at(&path), &path)?;
                        brought.insert(path);
                    }
                    _ => strayed.push(path),
                }
            }
        }
        for (path, placed) in self.placed.iter().filter(|(_, placed)| placed.is_some()) {
            if self.tree.stat(&self.at(path))? != *placed {
                strayed.push(path.clone());
            }
        }
        self.found.iter().filter(|path| !brought.contains(*path)).try_for_each(|path| self.tree.remove(path))?;
        strayed.sort();
        strayed.truncate(STRAYED);
        Ok(strayed)
    }
}

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
use crate::disk::{Kind, PatternSet, Signature, Tree, expand};
use crate::process::{Cancel, Ended};
use crate::sandbox::{Arranged, Enclosed, Reach, arrange};

/// A box for the commands of one task.
pub struct Confine {
    /// Bubblewrap.
    pub boxer: PathBuf,
    /// What may be touched.
    pub reach: Reach,
    /// What the commands find as it is, and may change.
    pub keeps: PatternSet,
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
    /// Stands in the place of folders for temporary files.
    temporary: RelPath,
    /// What the commands found there and may change, with its stamp in the project and here.
    found: BTreeMap<RelPath, [Option<Signature>; 2]>,
}

impl Sandboxed {
    /// A seat for the tasks of a project, whose root is `tree`; `local` starts what is started.
    pub fn new(local: Local, tree: Tree) -> Sandboxed {
        Sandboxed { local, tree }
    }

    fn confined(&self, request: &Request, confine: &Confine, cancel: &Cancel) -> io::Result<Attempt> {
        let stage = Stage::set(&self.tree, confine, &request.mark)?;
        let attempt = self.local.execute(&stage.inside(request), cancel);
        let brought = stage.bring();
        // What cannot be removed now is when the run ends.
        let _ = self.tree.remove_all(&stage.folder);
        let _ = self.tree.remove_all(&stage.temporary);
        Ok(match brought {
            Ok(strayed) => Attempt { strayed, ..attempt },
            Err(error) => {
                let why = format!("what it has put out cannot be brought out of its box: {error}");
                Attempt { error: attempt.error.or((attempt.ended != Ended::Cancelled).then_some(why)), ..attempt }
            }
        })
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
        let temporary = RelPath::from_normal([folder.as_bytes(), b".tmp"].concat());
        for folder in [&folder, &temporary] {
            // What is left of it when a run was killed.
            tree.remove_all(folder)?;
            tree.make_folder(folder)?;
        }
        let arranged = arrange(reach, tree)?;
        let mut stage = Stage { tree, confine, folder, temporary, arranged, placed: BTreeMap::new(), found: BTreeMap::new() };
        for stand in &reach.stand {
            tree.make_folder(&stage.at(stand))?;
        }
        let Arranged { shown, shared, copied, linked } = &stage.arranged;
        let mut placed: BTreeMap<RelPath, Option<Signature>> = shared.iter().chain(shown).map(|path| (path.clone(), None)).collect();
        for path in copied.iter().chain(linked) {
            placed.insert(path.clone(), stage.put(path)?);
        }
        let outside = |path: &RelPath| !placed.contains_key(path) && !reach.folders.iter().any(|folder| path.is_in(folder));
        for path in expand(tree, &confine.keeps)?.into_iter().filter(outside) {
            let stamps = [tree.stat(&path)?, stage.put(&path)?];
            stage.found.insert(path, stamps);
        }
        stage.placed = placed;
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
        let root = self.tree.root();
        let (stage, temporary) = (self.folder.under(root), self.temporary.under(root));
        let Confine { boxer, reach, .. } = self.confine;
        let enclosed = Enclosed {
            boxer,
            root,
            stage: &stage,
            temporary: &temporary,
            outside: &reach.outside,
            arranged: &self.arranged,
            network: reach.network,
        };
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

    /// Moves what was written and may be to where it belongs; returns what else was written or changed, sorted.
    fn bring(&self) -> io::Result<Vec<RelPath>> {
        let (mut seen, mut strayed) = (BTreeSet::new(), Vec::new());
        let mut open = vec![RelPath::root()];
        while let Some(folder) = open.pop() {
            for (name, kind) in self.tree.list(&self.at(&folder))? {
                let path = folder.join(&name);
                match kind {
                    _ if self.placed.contains_key(&path) => {}
                    Kind::Folder => {
                        // A folder that its task has locked has to be emptied all the same.
                        let _ = self.tree.unlock_folder(&self.at(&path));
                        open.push(path);
                    }
                    _ if self.confine.reach.writes.matches(&path) => {
                        let found = self.found.get(&path);
                        // What the commands have left alone is the project's own, whatever became of it there.
                        if found.is_none_or(|[_, here]| self.tree.stat(&self.at(&path)).ok() != Some(*here)) {
                            path.parent().map_or(Ok(()), |parent| self.tree.make_folder(&parent))?;
                            self.tree
                                .transfer(&self.at(&path), &path)
                                .map_err(|error| io::Error::new(error.kind(), format!("`{path}`: {error}")))?;
                        }
                        seen.insert(path);
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
        for (path, [there, _]) in self.found.iter().filter(|(path, _)| !seen.contains(*path)) {
            // What somebody has written meanwhile stays.
            if self.tree.stat(path)? == *there {
                self.tree.remove(path)?;
            }
        }
        strayed.sort();
        strayed.truncate(STRAYED);
        Ok(strayed)
    }
}

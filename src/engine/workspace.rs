//! A workspace: a copy of the project's sources in a folder of its own, in which something can be built without disturbing the checkout.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::load::Stamp;
use super::{Engine, OVERRIDES, Surroundings};
use crate::action::ActionResult;
use crate::base::{RelPath, TargetId};
use crate::disk::{PatternSet, Signature, Tree, expand, now_ns, repository_of, write_beside};
use crate::model::{EnvRule, Pattern};
use crate::rebuild::{Adopted, World};
use crate::record::{Checkout, Status};
use crate::store::Blobs;

impl Engine {
    /// Makes the workspace `.orket/workspaces/ID` hold the project's sources as they are now, and returns what orket is started with in it.
    /// What was built there before stays.
    ///
    /// Sources are what version control does not ignore, manifests, `dotenv` files, and what `targets` declare as inputs, without what any
    /// task puts out.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn workspace(&self, world: &World, id: &str, targets: &[TargetId], surroundings: &Surroundings) -> io::Result<Surroundings> {
        let folders = self.state().join("workspaces");
        let (folder, list) = (folders.join(id), folders.join(format!("{id}.sources")));
        fs::create_dir_all(&folder)?;
        let sources = self.sources(world, targets)?;
        let tree = Tree::open(&folder)?;
        let mut known: BTreeMap<RelPath, (Signature, Signature)> =
            fs::read(&list).ok().and_then(|bytes| postcard::from_bytes(&bytes).ok()).unwrap_or_default();
        // First what is gone: a link may come to stand where a folder was.
        for path in known.keys().filter(|path| !sources.contains(*path)) {
            if tree.stat(path)?.is_some_and(|found| !found.is_dir()) {
                tree.remove(path)?;
            }
        }
        known.retain(|path, _| sources.contains(path));
        for path in &sources {
            // It may have gone away in between.
            let Some(stamp) = self.tree.stat(path)? else { continue };
            if !matches!((known.get(path), tree.stat(path)?), (Some((from, to)), Some(now)) if *from == stamp && *to == now) {
                known.remove(path);
                let at = now_ns();
                copy(&self.tree, &tree, path, &stamp)?;
                if let Some(copied) = tree.stat(path)?.filter(|_| stamp.settled_at(at)) {
                    known.insert(path.clone(), (stamp, copied));
                }
            }
        }
        write_beside(&list, &postcard::to_stdvec(&known).map_err(io::Error::other)?)?;
        let mut inside = Surroundings { folder, manifest: Some(self.manifest.as_path().to_path_buf()), ..surroundings.clone() };
        // The store is the one place where workspace and checkout meet.
        for (name, value) in [("ORKET_CACHE_DIR", self.store.root().as_os_str()), ("ORKET_PROJECT_NAME", OsStr::new(&self.name))] {
            inside.variables.retain(|(known, _)| known != name);
            inside.variables.push((name.into(), value.into()));
        }
        Ok(inside)
    }

    /// Adds to `adopted` what the tasks among `targets` came to in a workspace, and to the store what it does not have of their outputs.
    ///
    /// # Errors
    /// When the workspace cannot be read or the store not written.
    pub fn adopt(&self, folder: &Path, targets: &[TargetId], adopted: &mut Adopted) -> io::Result<()> {
        let (checkout, tree) = (Checkout::open(&folder.join(".orket"), false)?, Tree::open(folder)?);
        for target in targets {
            let Some(record) = checkout.task(self.graph.row(*target).key).filter(|record| record.status == Status::Succeeded) else {
                continue;
            };
            let outputs = ActionResult::decode(&record.result).map(|result| result.outputs).unwrap_or_default();
            for output in outputs {
                if let crate::action::OutputKind::File { digest, .. } = &output.kind
                    && !self.store.has(digest)
                {
                    self.store.put_file(&tree, &output.path).map_err(io::Error::other)?;
                }
            }
            adopted.insert(record.key, record);
        }
        Ok(())
    }

    /// Returns the first link on the way to a path, or else the path: what is behind a link comes with it.
    fn up_to_a_link(&self, path: RelPath) -> RelPath {
        let mut first = path.clone();
        let mut above = path.parent();
        while let Some(folder) = above.filter(|folder| !folder.is_root()) {
            if self.tree.stat(&folder).ok().flatten().is_some_and(|found| found.is_symlink()) {
                first = folder.clone();
            }
            above = folder.parent();
        }
        first
    }

    fn sources(&self, world: &World, targets: &[TargetId]) -> io::Result<BTreeSet<RelPath>> {
        let apart = |name: &OsStr| name == ".git" || name == ".orket";
        let walk = WalkBuilder::new(&self.root)
            .hidden(false)
            .ignore(false)
            .git_global(false)
            .parents(repository_of(&self.root).is_some())
            .require_git(false)
            .filter_entry(move |entry| !apart(entry.file_name()))
            .build();
        let mut found = BTreeSet::new();
        for entry in walk {
            let entry = entry.map_err(io::Error::other)?;
            let inside = entry.path().strip_prefix(&self.root).unwrap_or(Path::new(""));
            if entry.file_type().is_some_and(|kind| kind.is_file() || kind.is_symlink()) {
                found.extend(RelPath::parse(inside.as_os_str().as_bytes()));
            }
        }
        for target in targets {
            let detail = self.graph.detail(*target);
            // What is only known when it runs is found by version control's word alone.
            let texts = |negated: bool| {
                let of = |pattern: &&Pattern| pattern.negated == negated;
                let plain = |pattern: &Pattern| pattern.fill(|_, _| Err(())).ok();
                detail.inputs().iter().filter(of).filter_map(plain).collect::<Vec<String>>()
            };
            let set = PatternSet::new(&texts(false), &texts(true)).map_err(io::Error::other)?;
            found.extend(expand(&self.tree, &set)?.into_iter().map(|path| self.up_to_a_link(path)));
        }
        found.retain(|path| !world.made().holds(path));
        let header = self.graph.header();
        let dotenvs = header.envs.iter().flatten().filter_map(|rule| match rule {
            EnvRule::Dotenv { file, .. } => Some(file.clone()),
            _ => None,
        });
        let manifests = postcard::from_bytes::<Stamp>(&header.trail).map(|stamp| stamp.trail.manifests).unwrap_or_default();
        let overrides = self.manifest.parent().unwrap_or_else(RelPath::root).join(OVERRIDES);
        let there = |path: &RelPath| self.tree.stat(path).ok().flatten().is_some_and(|signature| !signature.is_dir());
        found.extend(dotenvs.chain(manifests).chain([overrides]).filter(there));
        Ok(found)
    }
}

/// Makes a file or link of one folder stand in another, in the place of whatever is there.
fn copy(from: &Tree, to: &Tree, path: &RelPath, stamp: &Signature) -> io::Result<()> {
    to.remove_all(path)?;
    to.make_folder(&path.parent().unwrap_or_else(RelPath::root))?;
    if stamp.is_symlink() {
        return to.link(path, &from.read_link(path)?);
    }
    let mut file = to.create(path, stamp.is_executable())?;
    io::copy(&mut from.open_file(path)?, &mut file).map(drop)
}

/// Returns the folder of a workspace as a person is told it.
pub fn workspace_name(id: &str) -> PathBuf {
    Path::new(".orket/workspaces").join(id)
}

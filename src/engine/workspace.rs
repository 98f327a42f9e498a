//! A workspace: a copy of the project's sources in a folder of its own, in which something can be built without disturbing the checkout.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File, FileTimes, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::{Path, PathBuf};

use ignore::WalkBuilder;

use super::load::Stamp;
use super::{Engine, Surroundings};
use crate::action::ActionResult;
use crate::base::{RelPath, TargetId};
use crate::disk::{PatternSet, Tree, expand, write_beside};
use crate::graph::Detail;
use crate::model::{EnvRule, Pattern};
use crate::rebuild::{Adopted, World};
use crate::record::{Checkout, Status};
use crate::store::Blobs;

/// Overrides beside the manifest, which version control mostly ignores.
const OVERRIDES: &[u8] = b"orket.local.kdl";

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
        let (folder, list) = (folders.join(id), folders.join(format!("{id}.files")));
        fs::create_dir_all(&folder)?;
        let sources = self.sources(world, targets)?;
        for path in &sources {
            copy(&path.under(&self.root), &path.under(&folder))?;
        }
        let before = fs::read(&list).unwrap_or_default();
        for path in before.split(|byte| *byte == 0).filter_map(|path| RelPath::parse(path).ok()) {
            if !sources.contains(&path) && path.under(&folder).symlink_metadata().is_ok_and(|found| !found.is_dir()) {
                fs::remove_file(path.under(&folder))?;
            }
        }
        let names: Vec<&[u8]> = sources.iter().map(RelPath::as_bytes).collect();
        write_beside(&list, &names.join(&0))?;
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

    fn sources(&self, world: &World, targets: &[TargetId]) -> io::Result<BTreeSet<RelPath>> {
        let apart = |name: &OsStr| name == ".git" || name == ".orket";
        let walk = WalkBuilder::new(&self.root)
            .hidden(false)
            .ignore(false)
            .git_global(false)
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
            let Detail::Task(task, _) = self.graph.detail(*target) else { continue };
            // What is only known when it runs is found by version control's word alone.
            let texts = |negated: bool| {
                let of = |pattern: &&Pattern| pattern.negated == negated;
                let plain = |pattern: &Pattern| pattern.text.fill(|_, _| Err(())).ok();
                task.inputs.iter().filter(of).filter_map(plain).collect::<Vec<String>>()
            };
            let set = PatternSet::new(&texts(false), &texts(true)).map_err(io::Error::other)?;
            found.extend(expand(&self.tree, &set)?);
        }
        found.retain(|path| !world.made().matches(path));
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

/// Makes `to` what `from` is, with its times, unless it seems to be so already.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    let source = match from.symlink_metadata() {
        Ok(source) if !source.is_dir() => source,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        // It went away in between.
        _ => return Ok(()),
    };
    let target = to.symlink_metadata().ok();
    if target.as_ref().is_some_and(|target| same(from, &source, to, target)) {
        return Ok(());
    }
    match target {
        Some(target) if target.is_dir() => fs::remove_dir_all(to)?,
        Some(_) => fs::remove_file(to)?,
        None => fs::create_dir_all(to.parent().unwrap_or(to))?,
    }
    if source.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    fs::copy(from, to)?;
    // One that may not be written keeps the time of the copy, and is copied again another time.
    if let Ok(file) = File::options().append(true).open(to) {
        file.set_times(FileTimes::new().set_modified(source.modified()?))?;
    }
    Ok(())
}

fn same(from: &Path, source: &Metadata, to: &Path, target: &Metadata) -> bool {
    let stamp = |of: &Metadata| (of.mode(), of.len(), of.mtime(), of.mtime_nsec());
    match source.is_symlink() {
        true => target.is_symlink() && fs::read_link(from).ok() == fs::read_link(to).ok(),
        false => target.is_file() && stamp(source) == stamp(target),
    }
}

/// Returns the folder of a workspace as a person is told it.
pub fn workspace_name(id: &str) -> PathBuf {
    Path::new(".orket/workspaces").join(id)
}

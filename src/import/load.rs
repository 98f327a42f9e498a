//! A project from its manifest, whatever tool that is for.

use std::path::Path;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::ninja::{self, Asked, Brought, Remake};
use crate::base::{Address, Digest, Place, RelPath};
use crate::manifest::{self, Import, Problem, Problems, Source, Survey, Trail};
use crate::model::{Epic, Package, Project};

/// A project, and what it came from.
pub struct Opened {
    /// What is declared.
    pub project: Project,
    /// What the result depends on.
    pub trail: Trail,
    /// The digests of the manifests in the trail, in its order.
    pub digests: Vec<Digest>,
    /// The texts that were read, by name; those of other tools' manifests are left out.
    pub texts: Vec<(Arc<str>, Arc<str>)>,
    /// How manifests that are made themselves are made anew.
    pub remakes: Vec<Remake>,
    /// The addresses of tasks that make what the graph depends on, in stages: these are built first.
    pub first: Vec<Vec<String>>,
    /// The folders in which imported commands run.
    pub dirs: Vec<RelPath>,
    /// Whether some of what those make is there, and was left unread.
    pub left: bool,
    /// What is wrong with the project's own manifests; then nothing is imported, and what there is only serves to find further mistakes.
    pub mistakes: Problems,
    /// Whether every target that is meant is there in spite of the mistakes.
    pub whole: bool,
}

/// Whether a manifest is ninja's, by its name.
pub fn is_ninja(manifest: &RelPath) -> bool {
    manifest.name().ends_with(b".ninja")
}

/// Reads a manifest and all it includes and imports. `root`: the project's folder; `folder_name` names the project where the manifest does
/// not. `leave`: files that say what the graph is and are made by its own tasks are not read.
///
/// # Errors
/// All mistakes of the first imported manifest that has any.
pub fn load(source: &dyn Source, root: &Path, manifest: &RelPath, folder_name: &str, leave: bool) -> Result<Opened, Problems> {
    if is_ninja(manifest) {
        return alone(source, root, manifest, folder_name, leave);
    }
    let Survey { loaded, problems, whole } = manifest::survey(source, manifest, folder_name);
    let mut opened = Opened {
        project: loaded.project,
        trail: loaded.trail,
        digests: loaded.texts.iter().map(|(_, text)| Digest::of(text.as_bytes())).collect(),
        texts: loaded.texts,
        remakes: Vec::new(),
        first: Vec::new(),
        dirs: Vec::new(),
        left: false,
        whole: whole && (problems.count() == 0 || loaded.imports.is_empty()),
        mistakes: problems,
    };
    if opened.mistakes.count() > 0 {
        return Ok(opened);
    }
    for import in loaded.imports {
        let Import { file, epic, package, env, needs, place } = import;
        let asked = Asked { file, epic, package, env, needs, place: Some(place.clone()), leave };
        opened.dirs.push(asked.file.parent().unwrap_or_else(RelPath::root));
        let brought = match ninja::bring(source, root, &asked) {
            Ok(brought) => brought,
            Err(problems) if problems.sources().is_empty() => return Err(problems.within(opened.texts)),
            Err(problems) => return Err(problems),
        };
        merge(&mut opened, brought, asked.epic, &place)?;
    }
    Ok(opened)
}

/// A project that is a ninja file alone.
fn alone(source: &dyn Source, root: &Path, manifest: &RelPath, folder_name: &str, leave: bool) -> Result<Opened, Problems> {
    let asked =
        Asked { file: manifest.clone(), epic: None, package: RelPath::root(), env: Vec::new(), needs: Vec::new(), place: None, leave };
    let Brought { tasks, pools, default, files, remake, first, missing, left } = ninja::bring(source, root, &asked)?;
    let package = Package { folder: RelPath::root(), manifest: manifest.clone(), env: Vec::new() };
    let project = Project { name: folder_name.into(), tasks, pools, default, packages: vec![package], ..Project::default() };
    let (manifests, digests) = files.into_iter().unzip();
    Ok(Opened {
        project,
        trail: Trail { manifests, globs: missing.iter().map(unmade).collect() },
        digests,
        texts: Vec::new(),
        remakes: remake.into_iter().collect(),
        first,
        dirs: vec![RelPath::root()],
        left,
        mistakes: Problems::default(),
        whole: true,
    })
}

/// A file that is looked for and not there: as a pattern, and what that matches.
fn unmade(path: &RelPath) -> (Vec<String>, Vec<RelPath>) {
    (vec![ninja::pattern(&path.to_string()).into_owned()], Vec::new())
}

fn merge(opened: &mut Opened, brought: Brought, epic: Option<Address>, place: &Place) -> Result<(), Problems> {
    let Brought { tasks, pools, default, files, remake, first, missing, left } = brought;
    let project = &mut opened.project;
    let known: FxHashMap<&Address, &Place> = project.tasks.iter().map(|task| (&task.address, &task.place)).collect();
    let twice: Vec<Problem> = tasks
        .iter()
        .filter_map(|task| {
            let earlier = known.get(&task.address)?;
            Some(Problem {
                code: "manifest/duplicate",
                message: format!("there are two targets `{}`, and this imports one of them", task.address),
                place: Some(place.clone()),
                length: 1,
                help: Some(String::from("import into an epic of its own: `epic=\"native\"`")),
                notes: vec![(String::from("the other one"), Place::clone(earlier))],
            })
        })
        .collect();
    if !twice.is_empty() {
        let mut problems = Problems::new(opened.texts.clone());
        twice.into_iter().for_each(|problem| problems.push(problem));
        return Err(problems);
    }
    if let Some(address) = epic {
        project.epics.push(Epic {
            address,
            place: place.clone(),
            about: None,
            parts: default.iter().flat_map(|need| need.candidates.iter().cloned()).collect(),
            needs: Vec::new(),
            after: Vec::new(),
            tags: Vec::new(),
        });
    }
    project.tasks.extend(tasks);
    project.pools.extend(pools);
    for (path, digest) in files {
        opened.trail.manifests.push(path);
        opened.digests.push(digest);
    }
    opened.trail.globs.extend(missing.iter().map(unmade));
    opened.remakes.extend(remake);
    for (stage, makers) in first.into_iter().enumerate() {
        match opened.first.get_mut(stage) {
            Some(others) => others.extend(makers),
            None => opened.first.push(makers),
        }
    }
    opened.left |= left;
    Ok(())
}

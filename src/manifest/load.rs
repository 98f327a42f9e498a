//! The manifest and its packages, from files to the model.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::common::Context;
use super::import::Import;
use super::include::included_twice;
use super::node::Node;
use super::nodes::Level;
use super::problem::Problem;
use super::problems::Problems;
use super::read::{Legible, legible};
use super::scope::Scopes;
use super::settings::Ports;
use super::task::Template;
use crate::base::{Address, Place, RelPath};
use crate::model::Project;

/// The one door to files.
pub trait Source: Sync {
    /// Returns a file's bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>>;

    /// Returns a file's size in bytes, so that what is too large is not read.
    ///
    /// # Errors
    /// When it is not there.
    fn size(&self, path: &RelPath) -> io::Result<u64>;

    /// Returns, sorted, the files that patterns mean, relative to the root; those that begin with `!` take away.
    ///
    /// # Errors
    /// When a folder cannot be read, or a pattern is wrong.
    fn matches(&self, patterns: &[String]) -> io::Result<Vec<RelPath>>;
}

/// What was read, and what that depended on.
pub struct Loaded {
    /// What is declared.
    pub project: Project,
    /// What the result depends on.
    pub trail: Trail,
    /// Manifests of other tools that take part, in order; they are not read here.
    pub imports: Vec<Import>,
    /// The files that were read, by name.
    pub texts: Vec<(Arc<str>, Arc<str>)>,
}

/// Everything that a result depends on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Trail {
    /// The manifests that were read.
    pub manifests: Vec<RelPath>,
    /// The patterns of `include` and `each`, and what they matched.
    pub globs: Vec<(Vec<String>, Vec<RelPath>)>,
}

/// What could be read of a manifest, and what is wrong with it.
pub struct Survey {
    /// What was read, without what could not be.
    pub loaded: Loaded,
    /// All mistakes, in the order of their places.
    pub problems: Problems,
    /// Whether every target that is meant is there: nothing that may have declared one was left out for a mistake.
    pub whole: bool,
}

/// Reads a manifest and all it includes. `folder_name` names the project where the manifest does not.
///
/// # Errors
/// All mistakes, in the order of their places.
pub fn load(source: &dyn Source, manifest: &RelPath, folder_name: &str) -> Result<Loaded, Problems> {
    let Survey { loaded, problems, .. } = survey(source, manifest, folder_name);
    if problems.count() == 0 { Ok(loaded) } else { Err(problems) }
}

/// As [`load()`], whatever is wrong: what is left is good enough to look for further mistakes, and for nothing else.
pub fn survey(source: &dyn Source, manifest: &RelPath, folder_name: &str) -> Survey {
    let mut load = Load {
        source,
        problems: Problems::default(),
        project: Project { name: folder_name.into(), ..Project::default() },
        trail: Trail::default(),
        templates: BTreeMap::new(),
        seen: FxHashMap::default(),
        named: 0,
        file: None,
        tasks: 0,
        rounds: 0,
        asked: BTreeMap::new(),
        manifests: Arc::new([]),
        ports: BTreeMap::new(),
        pooled: BTreeMap::new(),
        imports: Vec::new(),
        whole: true,
    };
    let mut waiting: Vec<(RelPath, Option<Place>)> = vec![(manifest.clone(), None)];
    let mut files: Vec<(RelPath, Vec<Node>)> = Vec::new();
    let mut visited: BTreeMap<RelPath, Option<Place>> = BTreeMap::new();
    while let Some((path, from)) = waiting.pop() {
        if let (Some(earlier), Some(place)) = (visited.get(&path), &from) {
            let problem = included_twice(&path, place, earlier, &visited);
            load.problems.push(problem);
            continue;
        }
        visited.insert(path.clone(), from.clone());
        let Some(nodes) = load.file(&path, from.as_ref()) else {
            load.whole = false;
            continue;
        };
        let folder = path.parent().unwrap_or_else(RelPath::root);
        for node in nodes.iter().filter(|node| node.name == "include") {
            let found = load.included(node, &folder, &path);
            waiting.extend(found.into_iter().map(|(included, place)| (included, Some(place))));
        }
        for node in nodes.iter().filter(|node| node.name == "template") {
            load.template(node);
        }
        files.push((path, nodes));
    }
    if let Some((_, included)) = files.split_first_mut() {
        included.sort_by(|one, other| one.0.cmp(&other.0));
    }
    let mut manifests = load.trail.manifests.clone();
    manifests.sort();
    load.manifests = manifests.into();
    for (path, nodes) in &files {
        load.settings(nodes, path);
    }
    let ports = Ports::of(&files, &load.project.packages).map(Arc::new);
    let root_env = load.project.packages.first().map(|package| package.env.clone()).unwrap_or_default();
    for (index, (_, nodes)) in files.into_iter().enumerate() {
        let package = load.project.packages[index].clone();
        let mut env = root_env.clone();
        if index > 0 {
            env.extend(package.env);
        }
        let mut scopes = Scopes::default();
        scopes.set("project", "name", &*load.project.name);
        scopes.ports = ports.clone();
        scopes.package = package.folder.clone();
        let context = Context { package: package.folder, epic: None, scopes, env, manifests: load.manifests.clone() };
        load.manifest(nodes, &context, if index == 0 { Level::Root } else { Level::Package });
    }
    load.whole &= !load.problems.full();
    load.pools();
    load.choices();
    let texts = load.problems.sources().to_vec();
    let loaded = Loaded { project: load.project, trail: load.trail, imports: load.imports, texts };
    Survey { loaded, problems: load.problems.sorted(), whole: load.whole }
}

pub(super) struct Load<'a> {
    pub source: &'a dyn Source,
    pub problems: Problems,
    pub project: Project,
    pub trail: Trail,
    pub templates: BTreeMap<String, Template>,
    /// Where each target is declared, and for which file of an `each`.
    pub seen: FxHashMap<Address, (Place, Option<Arc<str>>)>,
    /// How many targets were declared, those that are there twice among them.
    pub named: usize,
    /// The file that the `each` around is at.
    pub file: Option<Arc<str>>,
    pub tasks: u64,
    /// How often the insides of `each` were gone through.
    pub rounds: u64,
    pub asked: BTreeMap<Vec<String>, Vec<RelPath>>,
    /// Sorted.
    pub manifests: Arc<[RelPath]>,
    /// Where each port is declared, by package and name.
    pub ports: BTreeMap<(RelPath, Box<str>), Place>,
    /// Where each pool is declared, by package and name.
    pub pooled: BTreeMap<(RelPath, Box<str>), Place>,
    pub imports: Vec<Import>,
    /// See [`Survey::whole`].
    pub whole: bool,
}

impl Load<'_> {
    fn file(&mut self, path: &RelPath, from: Option<&Place>) -> Option<Vec<Node>> {
        let file: Arc<str> = path.to_string().into();
        let failed = |problems: &mut Problems, error: io::Error| {
            problems.push(Problem {
                code: "manifest/unreadable",
                message: format!("cannot read `{path}`: {error}"),
                place: from.cloned(),
                length: 1,
                help: Some(String::from("make it a file that can be read, or name another one")),
                notes: Vec::new(),
            });
        };
        let bytes = match self.source.size(path) {
            Ok(size) if size > 64 << 20 => {
                self.problems.push(Problem {
                    code: "manifest/too_large",
                    message: format!("`{path}` is larger than 64 MiB"),
                    place: from.cloned(),
                    length: 1,
                    help: Some(String::from("split it into packages, or use `each`")),
                    notes: Vec::new(),
                });
                return None;
            }
            Ok(_) => self.source.read(path),
            Err(error) => Err(error),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                failed(&mut self.problems, error);
                return None;
            }
        };
        self.trail.manifests.push(path.clone());
        let text: Arc<str> = String::from_utf8_lossy(&bytes).into();
        self.problems.text(file.clone(), text.clone());
        // What is text is kept once.
        let other = Some(bytes).filter(|bytes| **bytes != *text.as_bytes());
        match legible(&file, other.as_deref().unwrap_or(text.as_bytes())) {
            Ok(Legible { nodes, problems, doubtful }) => {
                self.whole &= problems.is_empty();
                problems.into_iter().for_each(|problem| self.problems.push(problem));
                self.problems.doubt(doubtful);
                Some(nodes)
            }
            Err(found) => {
                found.into_iter().for_each(|problem| self.problems.push(problem));
                None
            }
        }
    }

    pub(super) fn asked(&mut self, patterns: Vec<String>, place: &Place) -> Vec<RelPath> {
        if let Some(found) = self.asked.get(&patterns) {
            return found.clone();
        }
        match self.source.matches(&patterns) {
            Ok(found) => {
                self.asked.insert(patterns.clone(), found.clone());
                self.trail.globs.push((patterns, found.clone()));
                found
            }
            Err(error) => {
                self.problems.say("manifest/unreadable", place, format!("cannot look for files: {error}"), "make the folder readable");
                Vec::new()
            }
        }
    }
}

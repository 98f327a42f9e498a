//! Which file a Ruby feature means: one beside, or the first on the load path. On it stand the `require_paths` of each gem of the tree, else its
//! `lib`, its `test` and `spec`, as rake and rspec have it, and the same of the root. To the files of a project in the tree that is no gem, its
//! own `lib`, `test` and `spec` stand on it, too: rake and rspec are started there.

use rustc_hash::{FxHashMap, FxHashSet};

use super::extract::{Facts, Required};
use super::stdlib::is_stdlib;
use crate::base::RelPath;
use crate::facts::world::{Found, Goal, Source, World};
use crate::facts::{ImportKind, names};

struct LoadPath<'a> {
    world: &'a World<'a>,
    /// The nearest to a file is asked first.
    folders: Vec<RelPath>,
    /// Projects that are no gems: what they have is found from within only.
    projects: Vec<RelPath>,
    /// The features of one part that the tree has itself: what is not found below one is no gem.
    own: FxHashSet<String>,
}

/// Adds the modules and edges of all files.
pub(in crate::facts) fn resolve(world: &World<'_>, sources: &[Source<Facts>], found: &mut Found) {
    if sources.is_empty() {
        return;
    }
    let load_path = LoadPath::new(world);
    let features = names::names(sources.iter().map(|source| (&source.path, load_path.feature(&source.path))));
    let modules: FxHashMap<&RelPath, &String> = sources.iter().map(|source| &source.path).zip(&features).collect();
    for (source, name) in sources.iter().zip(&features).filter(|(source, _)| source.told) {
        found.module(name, &source.path);
        for (at, required) in &source.facts.required {
            let file = load_path.find(&source.path, required);
            let (Required::Beside(text) | Required::Searched(text) | Required::Loaded(text) | Required::Computed(text)) = required;
            let first = text.split('/').next().unwrap_or(text);
            let goal = match file {
                Some(path) => Some(Goal::File(modules.get(&path).map_or_else(|| names::bare(&path), |name| (*name).clone()), path)),
                None if !matches!(required, Required::Searched(_)) || load_path.own.contains(first) => None,
                None if is_stdlib(first) => Some(Goal::Stdlib(first.to_owned())),
                None => Some(Goal::Package(first.to_owned())),
            };
            match goal {
                Some(goal) => found.edge((name, &source.path), goal, *at, ImportKind::Import),
                None => found.unresolved(&source.path, *at, text),
            }
        }
    }
}

impl LoadPath<'_> {
    fn new<'a>(world: &'a World<'a>) -> LoadPath<'a> {
        let mut folders: Vec<RelPath> = ["lib", "test", "spec"].map(|name| RelPath::from_normal(name.as_bytes())).into();
        let tests = ["test", "spec"].map(String::from);
        for gemspec in world.files().filter(|path| path.name().ends_with(b".gemspec")) {
            let folder = gemspec.parent().unwrap_or_default();
            let text = world.text(gemspec).unwrap_or_default();
            folders.extend(require_paths(&text).iter().chain(&tests).filter_map(|path| RelPath::parse_in(&folder, path.as_bytes()).ok()));
        }
        folders.sort();
        folders.dedup();
        let mut projects: Vec<RelPath> = world.files().filter_map(project).filter(|folder| !folder.is_root()).collect();
        projects.sort();
        projects.dedup();
        let mut load_path = LoadPath { world, folders, projects, own: FxHashSet::default() };
        let features = world.files().filter(|path| path.name().ends_with(b".rb")).filter_map(|path| load_path.feature(path));
        load_path.own = features.filter(|feature| !feature.contains('/')).collect();
        load_path
    }

    /// Returns the name by which the load path knows a file.
    fn feature(&self, path: &RelPath) -> Option<String> {
        let folder = self.folders.iter().filter(|folder| path.is_in(folder)).max_by_key(|folder| folder.parts().count())?;
        let below: Vec<_> = path.parts().skip(folder.parts().count()).map(String::from_utf8_lossy).collect();
        below.join("/").strip_suffix(".rb").map(str::to_owned)
    }

    fn find(&self, from: &RelPath, required: &Required) -> Option<RelPath> {
        let in_folder = |folder: &RelPath, name: &str| {
            let with = format!("{name}.rb");
            let ending = name.rsplit('/').next().is_some_and(|last| last.contains('.'));
            let names = if ending { vec![name, &with] } else { vec![&*with] };
            let paths = names.into_iter().filter_map(|name| RelPath::parse_in(folder, name.as_bytes()).ok());
            paths.into_iter().find(|path| self.world.has(path.as_bytes()))
        };
        let searched = |name: &str| {
            let mut folders: Vec<&RelPath> = self.folders.iter().collect();
            // Of several that are as near, that of the root goes before those of gems below it.
            folders.sort_by_key(|folder| (std::cmp::Reverse(names::shared(folder, from)), folder.parts().count()));
            let near = self.projects.iter().rev().filter(|project| from.is_in(project));
            let near = near.flat_map(|project| ["lib", "test", "spec"].map(|name| project.join(name.as_bytes())));
            near.chain(folders.into_iter().cloned()).find_map(|folder| in_folder(&folder, name))
        };
        match required {
            Required::Beside(name) => in_folder(&from.parent().unwrap_or_default(), name),
            Required::Searched(name) => searched(name),
            // In which folder a program is started cannot be told; that of the project, or the own one, is likely.
            Required::Loaded(name) if name.starts_with('.') => {
                [RelPath::root(), from.parent().unwrap_or_default()].iter().find_map(|folder| in_folder(folder, name))
            }
            Required::Loaded(name) => in_folder(&RelPath::root(), name).or_else(|| searched(name)),
            Required::Computed(_) => None,
        }
    }
}

/// Returns the folder of a project that a file shows to be one.
fn project(path: &RelPath) -> Option<RelPath> {
    let folder = path.parent()?;
    match (folder.name(), path.name()) {
        (_, b"Gemfile" | b"Rakefile") => Some(folder),
        (b"spec", b"spec_helper.rb" | b"rails_helper.rb") | (b"test", b"test_helper.rb") => folder.parent(),
        _ => None,
    }
}

/// Returns the folders that a gemspec puts on the load path.
fn require_paths(text: &str) -> Vec<String> {
    let line = text.lines().map(str::trim).find(|line| line.contains(".require_path") && line.contains('=') && !line.starts_with('#'));
    let value = line.and_then(|line| line.split_once('=')).map_or("", |(_, value)| value.trim());
    let words = match value.strip_prefix("%w") {
        Some(words) => words.trim_matches(['[', ']', '(', ')', ' ']).split_whitespace().map(str::to_owned).collect::<Vec<_>>(),
        None => value.split(['"', '\'']).skip(1).step_by(2).map(str::to_owned).collect(),
    };
    if words.is_empty() { vec![String::from("lib")] } else { words }
}

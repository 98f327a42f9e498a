//! Which package a Go import means. All files of a folder are one package.

use std::path::Path;

use rustc_hash::{FxHashMap, FxHashSet};

use super::extract::Facts;
use crate::base::RelPath;
use crate::facts::ImportKind;
use crate::facts::syntax::{Extracted, Wrong};
use crate::facts::world::{Found, Goal, Source, World};

struct Packages {
    /// The folders with a `go.mod`, and what their packages' names begin with.
    modules: Vec<(RelPath, String)>,
    /// The file that stands for the package of a folder: the first one that is no test.
    folders: FxHashMap<RelPath, RelPath>,
    /// Folders that some `go.mod` puts in the place of a module, and what that is called there.
    replaced: Vec<(RelPath, String)>,
    /// The modules from elsewhere that some `go.mod` requires.
    required: FxHashSet<String>,
}

/// Adds the packages and edges of all files.
pub(in crate::facts) fn resolve(world: &World<'_>, sources: &[Source<Facts>], found: &mut Found) {
    if sources.is_empty() {
        return;
    }
    let alone: FxHashSet<&RelPath> = sources.iter().filter(|source| source.facts.alone).map(|source| &source.path).collect();
    let packages = Packages::new(world, &alone);
    // Unless a root says that it is about just that.
    let meant = |path: &RelPath| world.roots().iter().any(|root| unseen(&root.folder) && path.is_in(&root.folder));
    let seen = |path: &RelPath| !vendored(path) && (!unseen(path) || meant(path));
    for source in sources.iter().filter(|source| source.told && seen(&source.path)) {
        let folder = source.path.parent().unwrap_or_default();
        let mut name = packages.name(&folder);
        // Tests from outside are a package of their own.
        if source.path.name().ends_with(b"_test.go") && source.facts.package.ends_with("_test") {
            name += "_test";
        }
        if source.facts.alone {
            name = [&*name, &*String::from_utf8_lossy(source.path.name())]
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join("/");
        }
        found.module(&name, &source.path);
        for (at, import) in &source.facts.imports {
            match packages.goal(&folder, import) {
                Some(goal) => found.edge((&name, &source.path), goal, *at, ImportKind::Import),
                None => found.unresolved(&source.path, *at, import),
            }
        }
    }
}

/// Whether a file was copied from another module.
fn vendored(path: &RelPath) -> bool {
    path.parts().any(|part| part == b"vendor")
}

/// Whether the go command does not look at a file.
fn unseen(path: &RelPath) -> bool {
    path.parts().any(|part| part == b"testdata" || part.starts_with(b"_") || part.starts_with(b"."))
}

/// Returns the name that a `go.mod` gives its module.
fn module(text: &str) -> Extracted<String> {
    let mut inside = false;
    for line in text.lines() {
        let line = line.split("//").next().unwrap_or(line);
        let words: Vec<&str> = line.split_whitespace().collect();
        match words[..] {
            ["module", "("] | ["module("] => inside = true,
            [")"] => inside = false,
            ["module", name] => return Ok(name.trim_matches(['"', '`']).to_owned()),
            [name] if inside => return Ok(name.trim_matches(['"', '`']).to_owned()),
            _ => {}
        }
    }
    Err(Wrong { line: 1, why: "it names no module: expected `module example.com/name`".into() })
}

/// Returns the modules that a `go.mod` requires.
fn required(text: &str) -> Vec<String> {
    let (mut inside, mut found) = (false, Vec::new());
    for line in text.lines() {
        let words: Vec<&str> = line.split("//").next().unwrap_or(line).split_whitespace().collect();
        match words[..] {
            ["require", "("] | ["require("] => inside = true,
            [")"] => inside = false,
            ["require", name, _] => found.push(name.trim_matches(['"', '`']).to_owned()),
            [name, _] if inside => found.push(name.trim_matches(['"', '`']).to_owned()),
            _ => {}
        }
    }
    found
}

/// Returns the modules that a `go.mod` replaces by folders, and those.
fn replaced(text: &str) -> Vec<(String, String)> {
    let pair = |line: &str| {
        let (before, after) = line.split("//").next().unwrap_or(line).split_once("=>")?;
        let name = before.split_whitespace().find(|word| *word != "replace")?;
        let place = after.trim().trim_matches(['"', '`']);
        (place.starts_with("./") || place.starts_with("../")).then(|| (name.to_owned(), place.to_owned()))
    };
    text.lines().filter_map(pair).collect()
}

impl Packages {
    fn new(world: &World<'_>, alone: &FxHashSet<&RelPath>) -> Packages {
        let mut packages =
            Packages { modules: Vec::new(), folders: FxHashMap::default(), replaced: Vec::new(), required: FxHashSet::default() };
        for path in world.files().filter(|path| !vendored(path)) {
            let folder = path.parent().unwrap_or_default();
            if path.name() == b"go.mod" {
                let name = if unseen(path) { world.said(path, module).and_then(Result::ok) } else { world.needed(path, module) };
                packages.modules.extend(name.map(|name| (folder, name)));
                let text = world.text(path).unwrap_or_default();
                let place = |(name, place): (String, String)| {
                    Some((RelPath::parse_in(&path.parent().unwrap_or_default(), place.as_bytes()).ok()?, name))
                };
                packages.replaced.extend(replaced(&text).into_iter().filter_map(place));
                packages.required.extend(required(&text));
            } else if path.name().ends_with(b".go") && !alone.contains(path) {
                let test = path.name().ends_with(b"_test.go");
                let first = packages.folders.entry(folder).or_insert_with(|| path.clone());
                if first.name().ends_with(b"_test.go") && !test {
                    *first = path.clone();
                }
            }
        }
        packages.begin_above(world);
        packages
    }

    /// Where no module begins at the root of the tree, one may above it.
    fn begin_above(&mut self, world: &World<'_>) {
        if world.has(b"go.mod") || self.folders.is_empty() {
            return;
        }
        let paths = world.above().iter().map(|folder| folder.join(b"go.mod"));
        let Some(path) = paths.into_iter().find(|path| world.is_there(path)) else { return };
        let near = path.parent().unwrap_or_default();
        let below = world.tree.root().strip_prefix(near.as_path()).unwrap_or(Path::new("")).to_string_lossy().into_owned();
        self.modules.extend(world.needed(&path, module).map(|name| (RelPath::root(), format!("{name}/{below}"))));
        self.required.extend(required(&world.text(&path).unwrap_or_default()));
    }

    /// Returns the path that a folder's package is imported by; without a module, where it stands.
    fn name(&self, folder: &RelPath) -> String {
        let around = self.modules.iter().filter(|(module, _)| folder.is_in(module)).max_by_key(|(module, _)| module.as_bytes().len());
        let Some((module, name)) = around else { return folder.to_string() };
        let below: Vec<_> = folder.parts().skip(module.parts().count()).map(String::from_utf8_lossy).collect();
        std::iter::once(name.as_str()).chain(below.iter().map(AsRef::as_ref)).collect::<Vec<_>>().join("/")
    }

    fn goal(&self, folder: &RelPath, import: &str) -> Option<Goal> {
        let file = |folder: &RelPath| self.folders.get(folder).map(|file| Goal::File(self.name(folder), file.clone()));
        if import.starts_with("./") || import.starts_with("../") {
            return file(&RelPath::parse_in(folder, import.as_bytes()).ok()?);
        }
        let below = |name: &str| match import.strip_prefix(name)? {
            "" => Some(String::new()),
            rest => rest.strip_prefix('/').map(str::to_owned),
        };
        let known = self.modules.iter().chain(&self.replaced);
        let mut modules: Vec<(&RelPath, String)> = known.filter_map(|(module, name)| Some((module, below(name)?))).collect();
        modules.sort_by_key(|(_, rest)| rest.len());
        if !modules.is_empty() {
            return modules.iter().find_map(|(module, rest)| file(&module.join(rest.as_bytes())));
        }
        let ends = import.match_indices('/').map(|(at, _)| at);
        if let Some(module) = ends.chain([import.len()]).rev().map(|end| &import[..end]).find(|module| self.required.contains(*module)) {
            return Some(Goal::Package(module.to_owned()));
        }
        let first = import.split('/').next().unwrap_or(import);
        // The names of modules that can be fetched have a dot in their first part; those without belong to Go.
        if !first.contains('.') {
            return Some(Goal::Stdlib(first.to_owned()));
        }
        // On the well-known hosts a repository is two parts below the host.
        let deep = if matches!(first, "github.com" | "gitlab.com" | "bitbucket.org" | "golang.org") { 3 } else { 2 };
        Some(Goal::Package(import.split('/').take(deep).collect::<Vec<_>>().join("/")))
    }
}

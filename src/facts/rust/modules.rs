//! The module trees of all crates: which file is which module.

use rustc_hash::{FxHashMap, FxHashSet};

use super::cargo::{Package, packages};
use super::extract::{Facts, Mod};
use crate::base::RelPath;
use crate::facts::syntax::Wrong;
use crate::facts::world::{Found, Source, World, concerns};

/// A file in the place that it has in a crate; one file may stand in several.
pub(super) struct Module {
    /// An index into [`Modules::crates`].
    pub own: usize,
    /// Its path below the crate's root.
    pub path: Vec<String>,
    pub file: RelPath,
    /// An index into the sources.
    pub source: usize,
}

/// A crate, with its name for the reader.
pub(super) struct Root {
    pub shown: String,
    pub name: String,
    pub kind: &'static str,
    /// An index into [`Modules::packages`].
    pub package: usize,
}

/// All modules of the tree.
pub(super) struct Modules {
    pub crates: Vec<Root>,
    pub packages: Vec<Package>,
    pub modules: Vec<Module>,
    /// Every module, also those without a file of their own, and the file that it is in.
    at: FxHashMap<(usize, Vec<String>), usize>,
    /// Of a module that has several files, as a pair behind `#[cfg]` or an `include!`, those beside the one that stands for it.
    pub others: FxHashMap<usize, Vec<usize>>,
}

impl Modules {
    /// Follows `mod` from the root of every crate.
    pub(super) fn new(world: &World<'_>, sources: &[Source<Facts>], found: &mut Found) -> Modules {
        let packages = packages(world, &|folder| concerns(sources, folder));
        let sources_at: FxHashMap<&RelPath, usize> = sources.iter().enumerate().map(|(index, source)| (&source.path, index)).collect();
        let wanted: Vec<bool> = packages.iter().map(|package| concerns(sources, &package.folder)).collect();
        let single = wanted.iter().filter(|wanted| **wanted).count() == 1;
        let mut tree =
            Modules { crates: Vec::new(), packages, modules: Vec::new(), at: FxHashMap::default(), others: FxHashMap::default() };
        let mut names = FxHashSet::default();
        let mut todo = Vec::new();
        for (package, crates) in tree.packages.iter().map(|package| &package.crates).enumerate() {
            for (index, one) in crates.iter().enumerate() {
                let Some(source) = sources_at.get(&one.root) else { continue };
                let shown = match (single && wanted[package], index, one.root.name()) {
                    (true, 0, _) => "crate".to_owned(),
                    (true, _, b"main.rs") if one.kind == "bin" => "main".to_owned(),
                    _ => one.name.clone(),
                };
                let shown = if names.contains(&shown) { format!("{shown}({})", one.kind) } else { shown };
                names.insert(shown.clone());
                todo.push((tree.crates.len(), Vec::new(), one.root.clone(), *source, true, Vec::new()));
                tree.crates.push(Root { shown, name: one.name.clone(), kind: one.kind, package });
            }
        }
        todo.reverse();
        while let Some((own, path, file, source, owner, around)) = todo.pop() {
            let around = [&around[..], &[source]].concat();
            let index = tree.modules.len();
            let first = *tree.at.entry((own, path.clone())).or_insert(index);
            if first != index && tree.modules[first].path == path {
                tree.others.entry(first).or_default().push(index);
            }
            for one in &sources[source].facts.mods {
                let own_name = if one.name.is_empty() { &[][..] } else { std::slice::from_ref(&one.name) };
                let below = [&path[..], &one.inside, own_name].concat();
                if one.inline {
                    tree.at.entry((own, below)).or_insert(index);
                    continue;
                }
                let candidates = candidates(one, &sources[source].facts.mods, &file, owner);
                let there: Vec<&(RelPath, bool)> = candidates.iter().filter(|(file, _)| sources_at.contains_key(file)).collect();
                if there.is_empty() && !candidates.iter().any(|(file, _)| world.has(file.as_bytes())) && sources[source].told {
                    found.unresolved(&file, one.at, if one.name.is_empty() { &one.paths[0] } else { &one.name });
                }
                for (below_file, owner) in there {
                    let next = sources_at[below_file];
                    if !around.contains(&next) {
                        todo.push((own, below.clone(), below_file.clone(), next, *owner, around.clone()));
                    } else if sources[source].wanted {
                        let why = format!("circular modules: `{below_file}` stands in itself");
                        world.is_broken(&file, Wrong { line: one.at.line, why });
                    }
                }
            }
            tree.modules.push(Module { own, path, file, source });
        }
        tree
    }

    /// Returns the file of a module, if there is such a module.
    pub(super) fn file(&self, own: usize, path: &[String]) -> Option<usize> {
        self.at.get(&(own, path.to_vec())).copied()
    }

    /// Returns the folders of libraries and programs: whatever stands below them should be one of their modules.
    pub(super) fn folders(&self) -> Vec<RelPath> {
        let roots = self.modules.iter().filter(|module| module.path.is_empty() && matches!(self.crates[module.own].kind, "lib" | "bin"));
        roots.filter_map(|root| root.file.parent()).collect()
    }

    /// Returns what a module is called.
    pub(super) fn name(&self, module: &Module) -> String {
        std::iter::once(&self.crates[module.own].shown).chain(&module.path).map(String::as_str).collect::<Vec<_>>().join("::")
    }

    /// Returns the crate that code of `own` calls `name`: the library of its package, or of another one of the tree.
    pub(super) fn library(&self, own: usize, name: &str) -> Option<usize> {
        let package = self.crates[own].package;
        // A package that is called something else is meant by its own name, whatever its library calls itself.
        let renamed = self.packages[package].needs.get(name).filter(|real| *real != name);
        let is = |root: &Root| root.kind == "lib" && renamed.map_or(root.name == name, |real| self.packages[root.package].name == *real);
        let near = self.crates.iter().position(|root| root.package == package && is(root));
        near.filter(|index| *index != own).or_else(|| self.crates.iter().position(|root| root.package != package && is(root)))
    }

    /// Returns the name of the package that the package of a crate depends on and calls `name`.
    pub(super) fn package(&self, own: usize, name: &str) -> Option<&String> {
        self.packages[self.crates[own].package].needs.get(name)
    }
}

/// Returns where the file of a module can be, and whether what it declares stands beside it. `around`: all modules that its file declares.
fn candidates(one: &Mod, around: &[Mod], file: &RelPath, owner: bool) -> Vec<(RelPath, bool)> {
    let folder = file.parent().unwrap_or_default();
    let stem = &file.name()[..file.name().len().saturating_sub(3)];
    let (mut own, mut below_stem) = (folder.clone(), !owner);
    for (depth, part) in one.inside.iter().enumerate() {
        let is_it = |module: &&Mod| module.inline && module.name == *part && module.inside == one.inside[..depth];
        let path = around.iter().find(is_it).and_then(|module| RelPath::parse_in(&own, module.paths.first()?.as_bytes()).ok());
        own = match path {
            Some(path) => path,
            None if below_stem => own.join(stem).join(part.as_bytes()),
            None => own.join(part.as_bytes()),
        };
        below_stem = false;
    }
    if !one.paths.is_empty() {
        let base = if one.inside.is_empty() || one.name.is_empty() { folder } else { own };
        return one.paths.iter().filter_map(|path| Some((RelPath::parse_in(&base, path.as_bytes()).ok()?, true))).collect();
    }
    let own = if below_stem { own.join(stem) } else { own };
    let name = own.join(one.name.as_bytes());
    let plain = RelPath::from_normal([name.as_bytes(), b".rs"].concat());
    vec![(plain, false), (name.join(b"mod.rs"), true)]
}

//! Which file a PHP name means: the one that composer would load, else one that declares it.

use rustc_hash::{FxHashMap, FxHashSet};

use super::composer::{Composer, vendored};
use super::extract::{Facts, Include, Name, Sort, folded};
use crate::base::RelPath;
use crate::facts::world::{Found, Goal, Source, World, concerns};
use crate::facts::{ImportKind, names};

struct Resolver<'a> {
    world: &'a World<'a>,
    composer: Composer,
    modules: FxHashMap<&'a RelPath, String>,
    declared: FxHashMap<(Sort, String), Vec<&'a RelPath>>,
    /// All namespaces with something in them, in small letters.
    namespaces: FxHashSet<String>,
}

/// What a name is.
enum Meaning {
    Goals(Vec<Goal>),
    /// A namespace of the tree, or what need not be told.
    Nothing,
    Unknown,
}

/// Adds the modules and edges of all files.
pub(in crate::facts) fn resolve(world: &World<'_>, sources: &[Source<Facts>], found: &mut Found) {
    if !sources.iter().any(|source| source.wanted) {
        return;
    }
    let sources: Vec<&Source<Facts>> = sources.iter().filter(|source| !vendored(&source.path)).collect();
    let resolver = Resolver::new(world, &sources);
    for source in sources.iter().filter(|source| source.told) {
        let from = (&*resolver.modules[&source.path], &source.path);
        found.module(from.0, from.1);
        for name in &source.facts.names {
            match resolver.meaning(from.1, name) {
                Meaning::Goals(goals) => goals.into_iter().for_each(|goal| found.edge(from, goal, name.at, ImportKind::Import)),
                Meaning::Nothing => {}
                Meaning::Unknown => found.unresolved(&source.path, name.at, &name.full),
            }
        }
        for (at, include) in &source.facts.includes {
            match resolver.included(from.1, include) {
                Some(goal) => found.edge(from, goal, *at, ImportKind::Import),
                None => {
                    let (Include::From(_, name) | Include::Searched(name) | Include::Computed(name)) = include;
                    found.unresolved(&source.path, *at, name);
                }
            }
        }
    }
}

/// Returns the class that a file is named for.
fn own(source: &Source<Facts>) -> Option<String> {
    let stem = names::stem(&source.path);
    let classes = source.facts.declared.iter().filter(|(sort, _)| *sort == Sort::Class).map(|(_, name)| name);
    classes.into_iter().find(|name| name.rsplit('\\').next().is_some_and(|last| last.eq_ignore_ascii_case(&stem))).cloned()
}

impl<'a> Resolver<'a> {
    fn new(world: &'a World<'a>, sources: &[&'a Source<Facts>]) -> Resolver<'a> {
        let named = names::names(sources.iter().map(|source| (&source.path, own(source))));
        let mut declared: FxHashMap<_, Vec<_>> = FxHashMap::default();
        let mut namespaces = FxHashSet::default();
        for source in sources {
            for (sort, name) in &source.facts.declared {
                declared.entry((*sort, folded(*sort, name))).or_default().push(&source.path);
                let lower = name.to_ascii_lowercase();
                namespaces.extend(lower.match_indices('\\').map(|(at, _)| lower[..at].to_owned()));
            }
        }
        let modules = sources.iter().map(|source| &source.path).zip(named).collect();
        Resolver {
            world,
            composer: Composer::new(world, &|folder| concerns(sources.iter().copied(), folder)),
            modules,
            declared,
            namespaces,
        }
    }

    fn file(&self, path: &RelPath) -> Goal {
        Goal::File(self.modules.get(path).cloned().unwrap_or_else(|| names::bare(path)), path.clone())
    }

    /// Returns the files of the tree that a full name leads to: of several the nearest ones.
    fn files(&self, from: &RelPath, sort: Sort, full: &str) -> Vec<Goal> {
        let all = self.declared.get(&(sort, folded(sort, full)));
        if sort == Sort::Class {
            // A file that declares it itself does not ask composer.
            if all.is_some_and(|all| all.contains(&from)) {
                return vec![self.file(from)];
            }
            if let Some(path) = self.composer.find(self.world, from, full) {
                return vec![self.file(&path)];
            }
        }
        let Some(all) = all else { return Vec::new() };
        let near = |path: &RelPath| names::shared(path, from);
        let nearest = all.iter().map(|path| near(path)).max().unwrap_or(0);
        all.iter().filter(|path| near(path) == nearest).map(|path| self.file(path)).collect()
    }

    fn meaning(&self, from: &RelPath, name: &Name) -> Meaning {
        let full = &*name.full;
        let files = self.files(from, name.sort, full);
        if !files.is_empty() {
            return Meaning::Goals(files);
        }
        if let Some(bare) = &name.bare {
            let files = self.files(from, name.sort, bare);
            return if files.is_empty() { Meaning::Nothing } else { Meaning::Goals(files) };
        }
        let lower = full.to_ascii_lowercase();
        let known = |namespace: &str| self.namespaces.contains(namespace);
        if name.used && name.sort == Sort::Class && known(&lower) {
            return Meaning::Nothing;
        }
        let Some((namespace, _)) = full.rsplit_once('\\') else {
            // PHP's own functions and constants need no import; to name them so is no more than haste.
            return match name.sort {
                Sort::Class if full.contains('_') && full.starts_with(char::is_uppercase) => {
                    Meaning::Goals(vec![Goal::Package(full.to_owned())])
                }
                Sort::Class => Meaning::Goals(vec![Goal::Stdlib(full.to_owned())]),
                _ if name.used => Meaning::Goals(vec![Goal::Stdlib(full.to_owned())]),
                _ => Meaning::Nothing,
            };
        };
        if known(&namespace.to_ascii_lowercase()) || self.composer.owns(full) {
            return Meaning::Unknown;
        }
        Meaning::Goals(vec![Goal::Package(namespace.to_owned())])
    }

    fn included(&self, from: &RelPath, include: &Include) -> Option<Goal> {
        let folder = from.parent().unwrap_or_default();
        let found = match include {
            Include::From(above, rest) => {
                let text = format!("{}{}", "../".repeat(*above as usize), rest.trim_start_matches('/'));
                vec![RelPath::parse_in(&folder, text.as_bytes()).ok()?]
            }
            // The working folder is, most often, the one with `composer.json`, or the tree's.
            Include::Searched(text) => {
                let above = std::iter::successors(Some(folder.clone()), RelPath::parent);
                let mut bases = vec![folder];
                bases.extend(above.filter(|folder| self.world.has(folder.join(b"composer.json").as_bytes())));
                bases.push(RelPath::root());
                bases.iter().filter_map(|base| RelPath::parse_in(base, text.as_bytes()).ok()).collect()
            }
            Include::Computed(_) => return None,
        };
        if let Some(path) = found.iter().find(|path| self.world.has(path.as_bytes())) {
            return Some(self.file(path));
        }
        // What composer installs is not in the tree.
        let path = found.first()?.to_string();
        let installed = path.split("vendor/").nth(1).filter(|_| path.starts_with("vendor/") || path.contains("/vendor/"))?;
        Some(Goal::Package(format!("vendor/{}", installed.split('/').take(2).collect::<Vec<_>>().join("/"))))
    }
}

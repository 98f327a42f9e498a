//! Which file a Java or Kotlin import means: the one that declares the name.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::extract::{Extension, Facts, Import, Path};
use crate::base::RelPath;
use crate::facts::syntax::At;
use crate::facts::world::{Found, Goal, Source, World};
use crate::facts::{ImportKind, names};

/// What comes with the languages, by how its packages begin.
const OWN: [&str; 6] = ["java.", "javax.", "jdk.", "sun.", "com.sun.", "kotlin."];

struct Types<'a> {
    sources: &'a [Source<Facts>],
    modules: Vec<String>,
    /// The folder that each file's packages begin in.
    roots: Vec<RelPath>,
    /// By full name: the files that declare it.
    files: FxHashMap<String, Vec<usize>>,
    /// The simple names of each package's types, with their full names.
    packages: BTreeMap<&'a str, Vec<(String, String)>>,
    /// The extensions of each package.
    extensions: FxHashSet<(&'a str, &'a Extension)>,
}

/// Adds the modules and edges of all files.
pub(in crate::facts) fn resolve(_: &World<'_>, sources: &[Source<Facts>], found: &mut Found) {
    let types = Types::new(sources);
    for (index, source) in sources.iter().enumerate().filter(|(_, source)| source.told) {
        let from = (&*types.modules[index], &source.path);
        found.module(from.0, from.1);
        for import in &source.facts.imports {
            let goals = types.goals(import, index);
            for goal in &goals {
                found.edge(from, goal.clone(), import.at, ImportKind::Import);
            }
            if goals.is_empty() && !types.knows_all(import) {
                found.unresolved(&source.path, import.at, &import.name);
            }
        }
        for (at, goal) in types.neighbours(index) {
            found.edge(from, goal, at, ImportKind::Import);
        }
        for Path { at, name, is_full } in &source.facts.paths {
            let goals = types.declared(name, index);
            let elsewhere = || types.elsewhere(name, index).filter(|_| *is_full);
            for goal in if goals.is_empty() { elsewhere().into_iter().collect() } else { goals } {
                found.edge(from, goal, *at, ImportKind::Import);
            }
        }
    }
}

fn within(package: &str, name: &str) -> String {
    if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") }
}

/// Returns the class that holds a Kotlin file's functions, as Java sees it.
fn facade(source: &Source<Facts>) -> Option<String> {
    let stem = names::stem(&source.path);
    let mut letters = stem.chars();
    let first = letters.next().filter(|_| source.path.name().ends_with(b".kt"))?;
    Some(source.facts.facade.clone().unwrap_or_else(|| format!("{}{}Kt", first.to_uppercase(), letters.as_str())))
}

/// Returns the folder in which a file's package begins: above those of its folders that are named for the end of the package.
fn root(source: &Source<Facts>) -> RelPath {
    let folder = source.path.parent().unwrap_or_default();
    let folders: Vec<&[u8]> = folder.parts().collect();
    let package: Vec<&str> = source.facts.package.split('.').collect();
    let same = folders.iter().rev().zip(package.iter().rev()).take_while(|(folder, part)| **folder == part.as_bytes()).count();
    RelPath::from_normal(folders[..folders.len() - same].join(&b'/'))
}

impl<'a> Types<'a> {
    fn new(sources: &'a [Source<Facts>]) -> Types<'a> {
        let named = sources.iter().map(|source| (&source.path, Some(within(&source.facts.package, &names::stem(&source.path)))));
        let mut types = Types {
            sources,
            modules: names::names(named),
            roots: sources.iter().map(root).collect(),
            files: FxHashMap::default(),
            packages: BTreeMap::new(),
            extensions: FxHashSet::default(),
        };
        for (index, source) in sources.iter().enumerate() {
            types.extensions.extend(source.facts.extensions.iter().map(|name| (&*source.facts.package, name)));
            for name in source.facts.types.iter().cloned().chain(facade(source)) {
                let full = within(&source.facts.package, &name);
                types.files.entry(full.clone()).or_default().push(index);
                types.packages.entry(&source.facts.package).or_default().push((name, full));
            }
        }
        types
    }

    /// Returns the files that declare a full name: of several those that the file at `from` sees first.
    fn file(&self, full: &str, from: usize) -> Vec<Goal> {
        let Some(all) = self.files.get(full) else { return Vec::new() };
        let near = |index: &usize| {
            let both = self.roots[*index].parts().zip(self.roots[from].parts());
            if self.roots[*index] == self.roots[from] { usize::MAX } else { both.take_while(|(one, other)| one == other).count() }
        };
        let nearest = all.iter().map(near).max().unwrap_or(0);
        let mut files: Vec<usize> = all.iter().copied().filter(|index| near(index) == nearest).collect();
        let expected = |index: &usize| {
            let facts = &self.sources[*index].facts;
            !facts.actual.iter().any(|name| within(&facts.package, name) == full)
        };
        if files.iter().any(expected) {
            files.retain(expected);
        }
        files.into_iter().map(|index| Goal::File(self.modules[index].clone(), self.sources[index].path.clone())).collect()
    }

    /// Returns the files that declare the longest beginning of a name that is declared: it may go on into a type.
    fn declared(&self, name: &str, from: usize) -> Vec<Goal> {
        let ends: Vec<usize> = name.match_indices('.').map(|(at, _)| at).chain([name.len()]).collect();
        let known = ends.iter().rev().find(|end| self.files.contains_key(&name[..**end]));
        // A name without a package needs no import, and may be that of anything.
        known.filter(|end| name[..**end].contains('.')).map_or_else(Vec::new, |end| self.file(&name[..*end], from))
    }

    /// Returns what a file names of its own package without an import, with the places. What has no package sees its own folder, and a
    /// script sees no other.
    fn neighbours(&self, from: usize) -> Vec<(At, Goal)> {
        let Source { path, facts, .. } = &self.sources[from];
        if is_script(path) {
            return Vec::new();
        }
        let named = facts.used.iter().filter(|(name, _)| !facts.types.contains(name)).filter_map(|(name, at)| Some((name, (*at)?)));
        let near = |goal: &Goal| match goal {
            Goal::File(_, file) => !is_script(file) && (!facts.package.is_empty() || file.parent() == path.parent()),
            _ => false,
        };
        let declaring = |name: &str| self.file(&within(&facts.package, name), from).into_iter().filter(near);
        let named = named.flat_map(|(name, at)| declaring(name).map(move |goal| (at, goal)));
        // What stands behind a dot is one of these if it is an extension.
        let is_one = |member: &Extension| !facts.types.contains(&member.name) && self.extensions.contains(&(&*facts.package, member));
        let extended = facts.members.iter().filter(|(member, _)| is_one(member)).flat_map(|(member, at)| {
            let all = self.files.get(&within(&facts.package, &member.name)).into_iter().flatten().map(|index| &self.sources[*index]);
            let files: Vec<&RelPath> = all.filter(|source| source.facts.extensions.contains(member)).map(|source| &source.path).collect();
            declaring(&member.name)
                .filter(move |goal| matches!(goal, Goal::File(_, path) if files.contains(&path)))
                .map(move |goal| (*at, goal))
        });
        named.chain(extended).collect()
    }

    fn goals(&self, import: &Import, from: usize) -> Vec<Goal> {
        let Facts { used, package: own, .. } = &self.sources[from].facts;
        if import.all
            && let Some(types) = self.packages.get(import.name.as_str())
        {
            // What the own package has of that name goes first.
            let own = |name: &str| import.name != *own && self.files.contains_key(&within(own, name));
            let used = types.iter().filter(|(name, _)| used.binary_search_by(|(used, _)| used.as_str().cmp(name)).is_ok() && !own(name));
            return used.flat_map(|(_, full)| self.file(full, from)).collect();
        }
        let goals = if self.files.contains_key(&import.name) { self.file(&import.name, from) } else { self.declared(&import.name, from) };
        if !goals.is_empty() {
            return goals;
        }
        self.foreign(package(&import.name, import.all)).into_iter().collect()
    }

    /// Returns a package, unless it is one of the tree.
    fn foreign(&self, package: &str) -> Option<Goal> {
        if self.packages.contains_key(package) {
            return None;
        }
        let own = OWN
            .iter()
            .any(|own| package.strip_prefix(own.trim_end_matches('.')).is_some_and(|rest| rest.is_empty() || rest.starts_with('.')));
        Some(if own { Goal::Stdlib(package.to_owned()) } else { Goal::Package(package.to_owned()) })
    }

    /// Returns the package of a full name that nothing in the tree has, unless it begins with a type that the file sees.
    fn elsewhere(&self, name: &str, from: usize) -> Option<Goal> {
        let first = name.split('.').next()?;
        let seen = self.files.contains_key(&within(&self.sources[from].facts.package, first));
        self.foreign(package(name, false)).filter(|_| !seen)
    }

    /// Whether an import means a whole package of which all is known, so that using nothing of it is no riddle.
    fn knows_all(&self, import: &Import) -> bool {
        import.all && self.packages.contains_key(import.name.as_str())
    }
}

/// Whether a file is a Kotlin script, which is compiled alone.
fn is_script(path: &RelPath) -> bool {
    path.name().ends_with(b".kts")
}

/// Returns the package of a name: what stands before the first part that begins with a capital.
fn package(name: &str, all: bool) -> &str {
    let mut end = 0;
    for part in name.split('.') {
        if part.starts_with(char::is_uppercase) {
            return name[..end].trim_end_matches('.');
        }
        end += part.len() + 1;
    }
    match name.rsplit_once('.') {
        Some((package, _)) if !all => package,
        _ => name,
    }
}

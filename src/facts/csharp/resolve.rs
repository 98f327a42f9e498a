//! Which files a C# file needs: those that declare what it names.

use rustc_hash::{FxHashMap, FxHashSet};

use super::extract::{Facts, Means, Name, Using, within};
use super::project::Projects;
use super::scope::{Namespaces, Open, Thing, levels};
use crate::base::RelPath;
use crate::facts::syntax::At;
use crate::facts::world::{Found, Goal, Source, World};
use crate::facts::{ImportKind, names};

/// What comes with .NET, by how its namespaces begin.
const OWN: [&str; 4] = ["System", "Microsoft.CSharp", "Microsoft.VisualBasic", "Microsoft.Win32"];

struct Resolver<'a> {
    namespaces: Namespaces<'a>,
    projects: Projects,
    modules: FxHashMap<&'a RelPath, String>,
    /// What holds in all files of each project.
    everywhere: Vec<Vec<Open>>,
    /// Namespaces that are not the tree's: those of which something is used, and the names of packages, after which theirs are called.
    foreign: FxHashSet<String>,
}

/// Adds the modules and edges of all files.
pub(in crate::facts) fn resolve(world: &World<'_>, sources: &[Source<Facts>], found: &mut Found) {
    if !sources.iter().any(|source| source.wanted) {
        return;
    }
    let resolver = Resolver::new(world, sources);
    for source in sources.iter().filter(|source| source.told) {
        found.module(&resolver.modules[&source.path], &source.path);
        resolver.file(source, found);
    }
}

/// Returns a file's first namespace, with the name of the file.
fn named(source: &Source<Facts>) -> Option<String> {
    let (namespace, _) = source.facts.types.iter().find(|(namespace, _)| !namespace.is_empty())?;
    Some(format!("{namespace}.{}", names::stem(&source.path)))
}

impl<'a> Resolver<'a> {
    fn new(world: &World<'_>, sources: &'a [Source<Facts>]) -> Resolver<'a> {
        let named = names::names(sources.iter().map(|source| (&source.path, named(source))));
        let (namespaces, projects) = (Namespaces::new(sources), Projects::new(world));
        let open = |name: &str, means: &Means| {
            let name = name.trim_start_matches("global::").to_owned();
            Open { inside: String::new(), name, means: means.clone(), at: None }
        };
        let mut everywhere: Vec<Vec<Open>> =
            projects.usings().iter().map(|usings| usings.iter().map(|(name, means)| open(name, means)).collect()).collect();
        for source in sources {
            let global = source.facts.usings.iter().filter(|using| using.global);
            everywhere[projects.of(&source.path)].extend(global.map(|using| open(&using.name, &using.means)));
        }
        let modules = sources.iter().map(|source| &source.path).zip(named).collect();
        let used = sources.iter().flat_map(|source| &source.facts.usings).filter(|using| using.means == Means::Namespace);
        let used = used.map(|using| namespaces.full(&using.inside, &using.name));
        let foreign = used.chain(projects.packages().cloned()).filter(|name| !namespaces.has(name)).collect();
        Resolver { namespaces, projects, modules, everywhere, foreign }
    }

    fn file(&self, source: &Source<Facts>, found: &mut Found) {
        let mut open: Vec<Open> = Vec::new();
        for using in &source.facts.usings {
            let name = self.namespaces.full(&using.inside, &using.name);
            self.using(source, using, &name, found);
            open.push(Open { inside: using.inside.clone(), name, means: using.means.clone(), at: Some(using.at) });
        }
        open.extend(self.everywhere[self.projects.of(&source.path)].iter().cloned());
        for Name { inside, name, at, is_type } in &source.facts.names {
            if let Some((full, using)) = self.namespaces.find(inside, name, &open) {
                self.edges(source, self.namespaces.files(&full), using.and_then(|using| using.at).unwrap_or(*at), found);
            } else if let Some(goal) = self.elsewhere(inside, name, *is_type, &open) {
                found.edge((&self.modules[&source.path], &source.path), goal, *at, ImportKind::Import);
            }
        }
        for (inside, call, at) in &source.facts.calls {
            for level in levels(inside) {
                self.edges(source, self.namespaces.extending(level, call), *at, found);
                for using in open.iter().filter(|one| one.inside == level && one.means == Means::Namespace) {
                    self.edges(source, self.namespaces.extending(&using.name, call), using.at.unwrap_or(*at), found);
                }
            }
        }
    }

    /// Adds what a `using` itself leads to. A namespace of the tree leads to what is named of it.
    fn using(&self, source: &Source<Facts>, using: &Using, name: &str, found: &mut Found) {
        let from = (&*self.modules[&source.path], &source.path);
        let thing = self.namespaces.thing(name);
        if let Some(Thing::Type(full)) = thing.as_ref().filter(|_| using.means != Means::Namespace) {
            self.edges(source, self.namespaces.files(full), using.at, found);
            return;
        }
        let namespace = match (&using.means, &thing) {
            (Means::Namespace, _) | (Means::Alias(_), Some(Thing::Namespace)) => name,
            _ => name.rsplit_once('.').map_or(name, |(namespace, _)| namespace),
        };
        let own = |begin: &str| namespace.strip_prefix(begin).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        if OWN.iter().any(|begin| own(begin)) {
            // Also where the tree adds to it.
            found.edge(from, Goal::Stdlib(namespace.to_owned()), using.at, ImportKind::Import);
        } else if !self.namespaces.has(namespace) {
            found.edge(from, Goal::Package(namespace.to_owned()), using.at, ImportKind::Import);
        } else if namespace != name {
            found.unresolved(&source.path, using.at, name);
        }
    }

    /// Returns the namespace from elsewhere that a name is in, if it is spelled in full.
    fn elsewhere(&self, inside: &str, name: &str, is_type: bool, open: &[Open]) -> Option<Goal> {
        let absolute = name.strip_prefix("global::");
        let full = absolute.unwrap_or(name);
        let first = full.split('.').next().unwrap_or(full);
        let own = |level| Some(within(level, first)).filter(|full| self.namespaces.has(full) && !OWN.contains(&full.as_str()));
        if levels(inside).any(|level| own(level).is_some()) {
            return None;
        }
        let begins = full.match_indices('.').rev().map(|(at, _)| &full[..at]);
        let known = begins.clone().find(|begin| self.foreign.contains(*begin));
        if let Some(own) = OWN.iter().find(|own| full.strip_prefix(**own).is_some_and(|rest| rest.starts_with('.'))) {
            return Some(Goal::Stdlib(known.unwrap_or(own).to_owned()));
        }
        // Of a type with one dot before it, that may be the type that it stands in.
        let alias = || open.iter().any(|one| matches!(&one.means, Means::Alias(alias) if alias == first));
        let longest = || begins.clone().next().filter(|begin| is_type && begin.contains('.') && !alias());
        known.or_else(|| absolute.map(|_| first)).or_else(longest).map(|namespace| Goal::Package(namespace.to_owned()))
    }

    /// Adds edges to files; where several projects declare the same, the own one goes first.
    fn edges(&self, source: &Source<Facts>, files: &[&RelPath], at: At, found: &mut Found) {
        let own = self.projects.of(&source.path);
        let near = files.iter().any(|path| self.projects.of(path) == own);
        for path in files.iter().filter(|path| !near || self.projects.of(path) == own) {
            let goal = Goal::File(self.modules[*path].clone(), (*path).clone());
            found.edge((&self.modules[&source.path], &source.path), goal, at, ImportKind::Import);
        }
    }
}

//! Which module or crate a Rust path means.

use super::extract::{Facts, Path};
use super::modules::{Module, Modules};
use crate::facts::ImportKind;
use crate::facts::world::{Found, Goal, Source, World};

/// How many names of names are followed.
const DEEP: usize = 8;

struct Resolver<'a> {
    modules: &'a Modules,
    sources: &'a [Source<Facts>],
}

/// Where a path leads.
enum Lead {
    Module(usize),
    Package(String),
    Stdlib(String),
    /// Into a module, to something in it that is not there: what a macro makes is not seen.
    Beyond(usize),
    /// It is not there.
    Missing,
    /// It is no path of modules, or one that cannot be told.
    Local,
}

/// Adds the modules and edges of all files.
pub(in crate::facts) fn resolve(world: &World<'_>, sources: &[Source<Facts>], found: &mut Found) {
    if sources.is_empty() {
        return;
    }
    let modules = Modules::new(world, sources, found);
    let resolver = Resolver { modules: &modules, sources };
    let mut reached = vec![false; sources.len()];
    for module in &modules.modules {
        reached[module.source] = true;
        let source = &sources[module.source];
        if !source.told {
            continue;
        }
        let module_name = modules.name(module);
        found.module(&module_name, &module.file);
        for path in &source.facts.paths {
            let scope = [&module.path[..], &path.inside].concat();
            let lead = resolver.lead(module, &scope, path);
            if matches!(lead, Lead::Beyond(_) | Lead::Missing) {
                found.unresolved(&module.file, path.at, &path.parts.join("::"));
            }
            let goal = match lead {
                Lead::Module(to) | Lead::Beyond(to) => {
                    for other in modules.others.get(&to).into_iter().flatten().map(|other| &modules.modules[*other]) {
                        let goal = Goal::File(modules.name(other), other.file.clone());
                        found.edge((&module_name, &module.file), goal, path.at, ImportKind::Import);
                    }
                    let to = &modules.modules[to];
                    Goal::File(modules.name(to), to.file.clone())
                }
                Lead::Package(name) => {
                    // One that is called otherwise here is known by its own name, too.
                    let own = modules.package(module.own, &name).filter(|own| **own != name);
                    match own {
                        Some(own) => {
                            found.edge((&module_name, &module.file), Goal::Alias(name), path.at, ImportKind::Import);
                            Goal::Package(own.clone())
                        }
                        None => Goal::Package(name),
                    }
                }
                Lead::Stdlib(name) => Goal::Stdlib(name),
                Lead::Missing | Lead::Local => continue,
            };
            found.edge((&module_name, &module.file), goal, path.at, ImportKind::Import);
        }
    }
    // No crate has it, and so it is never compiled: it is named by where it stands, and what it uses of a crate leads nowhere.
    let folders = modules.folders();
    for (source, _) in sources.iter().zip(&reached).filter(|(source, reached)| source.told && !**reached) {
        let path = source.path.to_string();
        found.module(path.strip_suffix(".rs").unwrap_or(&path), &source.path);
        if folders.iter().any(|folder| source.path.is_in(folder)) {
            let is_own = |path: &&Path| path.used && matches!(path.parts[0].as_str(), "crate" | "self" | "super");
            for path in source.facts.paths.iter().filter(is_own) {
                found.unresolved(&source.path, path.at, &path.parts.join("::"));
            }
        }
    }
}

impl Resolver<'_> {
    fn lead(&self, module: &Module, scope: &[String], path: &Path) -> Lead {
        self.follow(module, scope, &path.parts, path.used, DEEP)
    }

    fn follow(&self, module: &Module, scope: &[String], parts: &[String], used: bool, depth: usize) -> Lead {
        let Some((first, rest)) = parts.split_first() else { return Lead::Local };
        match first.as_str() {
            "crate" => self.descend(module.own, Vec::new(), rest, used, depth),
            "self" | "super" => match above(scope, parts) {
                Some((begin, rest)) => self.descend(module.own, begin.to_vec(), rest, used, depth),
                None => Lead::Missing,
            },
            "" => self.outside(module, rest, used, depth),
            name => {
                if let Some(lead) = self.alias(module, scope, name, rest, used, depth) {
                    return lead;
                }
                let below = [scope, std::slice::from_ref(first)].concat();
                if self.modules.file(module.own, &below).is_some() {
                    return self.descend(module.own, below, rest, used, depth);
                }
                if self.sources[module.source].facts.names.binary_search(first).is_ok() {
                    return Lead::Local;
                }
                match self.outside(module, parts, used, depth) {
                    // Before 2018, paths of `use` began at the crate.
                    Lead::Beyond(_) | Lead::Missing | Lead::Local
                        if self.modules.file(module.own, std::slice::from_ref(first)).is_some() && used =>
                    {
                        self.descend(module.own, vec![first.clone()], rest, used, depth)
                    }
                    Lead::Missing if self.has_globs(module, scope) => Lead::Local,
                    lead => lead,
                }
            }
        }
    }

    /// Follows a name that a `use` of the same module brings.
    fn alias(&self, module: &Module, scope: &[String], name: &str, rest: &[String], used: bool, depth: usize) -> Option<Lead> {
        let inside = &scope[module.path.len().min(scope.len())..];
        let aliases = &self.sources[module.source].facts.aliases;
        let mut own = aliases.iter().filter(|alias| alias.inside == inside && depth > 0);
        // A `use` is no help for itself: `use log::log` names the crate.
        if let Some(alias) = own.clone().find(|alias| alias.name == name && alias.parts.first().is_none_or(|first| first != name)) {
            return Some(self.follow(module, scope, &[&alias.parts, rest].concat(), used, depth - 1));
        }
        // `use super::*` brings the modules that stand there.
        own.find_map(|alias| {
            if alias.name != "*" || !matches!(alias.parts.first().map(String::as_str), Some("crate" | "self" | "super")) {
                return None;
            }
            let mut parts = alias.parts.clone();
            parts.push(name.to_owned());
            let (base, below) = if parts[0] == "crate" { (&[][..], &parts[1..]) } else { above(scope, &parts)? };
            let at = [base, below].concat();
            self.modules.file(module.own, &at)?;
            Some(self.descend(module.own, at, rest, used, depth))
        })
    }

    /// Goes down from a module as far as there are modules, also through names that `use` gives to other ones.
    fn descend(&self, own: usize, mut at: Vec<String>, parts: &[String], used: bool, depth: usize) -> Lead {
        let Some(mut file) = self.modules.file(own, &at) else { return Lead::Local };
        for (index, part) in parts.iter().enumerate() {
            at.push(part.clone());
            match self.modules.file(own, &at) {
                Some(below) => file = below,
                None => {
                    let module = part.starts_with(char::is_lowercase) && index + 1 < parts.len();
                    if let Some(lead) = self.renamed(file, &at, &parts[index + 1..], used, depth).filter(|_| module) {
                        return lead;
                    }
                    let files = std::iter::once(&file).chain(self.modules.others.get(&file).into_iter().flatten());
                    let mut facts = files.map(|file| &self.sources[self.modules.modules[*file].source].facts);
                    let known = facts.any(|facts| {
                        facts.names.binary_search(part).is_ok()
                            || facts.aliases.iter().any(|alias| alias.name == *part || alias.name == "*")
                    });
                    return if used && module && !known { Lead::Beyond(file) } else { Lead::Module(file) };
                }
            }
        }
        Lead::Module(file)
    }

    /// Follows a path through the last name of `at`, if a `use` in that file gives it to something else.
    fn renamed(&self, file: usize, at: &[String], rest: &[String], used: bool, depth: usize) -> Option<Lead> {
        let (name, scope) = at.split_last().filter(|_| depth > 0)?;
        let module = &self.modules.modules[file];
        let inside = &scope[module.path.len().min(scope.len())..];
        let aliases = &self.sources[module.source].facts.aliases;
        let alias = aliases.iter().find(|alias| alias.name == *name && alias.inside == inside && !alias.parts.is_empty())?;
        let lead = self.follow(module, scope, &[&alias.parts, rest].concat(), used, depth - 1);
        (!matches!(lead, Lead::Local | Lead::Missing)).then_some(lead)
    }

    /// Follows a path that begins with the name of a crate.
    fn outside(&self, module: &Module, parts: &[String], used: bool, depth: usize) -> Lead {
        let Some((name, rest)) = parts.split_first() else { return Lead::Local };
        let root = self.modules.file(module.own, &[]).map(|root| &self.sources[self.modules.modules[root].source].facts.externs);
        let name = root.into_iter().flatten().find(|(alias, _)| alias == name).map_or(name, |(_, name)| name);
        if name == "self" {
            return self.descend(module.own, Vec::new(), rest, used, depth);
        }
        if matches!(name.as_str(), "std" | "core" | "alloc" | "proc_macro" | "test") {
            return Lead::Stdlib(name.clone());
        }
        if let Some(library) = self.modules.library(module.own, name) {
            return self.descend(library, Vec::new(), rest, used, depth);
        }
        if self.modules.package(module.own, name).is_some() {
            return Lead::Package(name.clone());
        }
        if used && name.starts_with(char::is_lowercase) { Lead::Missing } else { Lead::Local }
    }

    fn has_globs(&self, module: &Module, scope: &[String]) -> bool {
        let inside = &scope[module.path.len().min(scope.len())..];
        self.sources[module.source].facts.aliases.iter().any(|alias| alias.name == "*" && alias.inside == inside)
    }
}

/// Returns the module that `self` and each `super` after it lead to, and what follows them; `None` above the root.
fn above<'s, 'p>(scope: &'s [String], parts: &'p [String]) -> Option<(&'s [String], &'p [String])> {
    let rest = if parts.first().is_some_and(|first| first == "self") { &parts[1..] } else { parts };
    let ups = rest.iter().take_while(|part| *part == "super").count();
    Some((&scope[..scope.len().checked_sub(ups)?], &rest[ups..]))
}

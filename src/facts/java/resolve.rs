//! Which file a Java import means: the one that declares the type.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::extract::{Facts, Import};
use crate::base::RelPath;
use crate::facts::ImportKind;
use crate::facts::world::{Found, Goal, Source, World};

/// What comes with Java, by how its packages begin.
const OWN: [&str; 5] = ["java.", "javax.", "jdk.", "sun.", "com.sun."];

#[derive(Default)]
struct Types<'a> {
    /// By full name: the module and the file that declare it.
    files: FxHashMap<String, (String, &'a RelPath)>,
    /// The simple names of each package's types, with their full names.
    packages: BTreeMap<&'a str, Vec<(&'a str, String)>>,
}

/// Adds the modules and edges of all files.
pub(in crate::facts) fn resolve(_: &World<'_>, sources: &[Source<Facts>], found: &mut Found) {
    let mut types = Types::default();
    for source in sources {
        for name in &source.facts.types {
            let full = within(&source.facts.package, name);
            types.files.entry(full.clone()).or_insert_with(|| (module(source), &source.path));
            types.packages.entry(&source.facts.package).or_default().push((name, full));
        }
    }
    for source in sources.iter().filter(|source| source.wanted) {
        let from = module(source);
        found.module(&from, &source.path);
        for import in &source.facts.imports {
            let goals = types.goals(import, &source.facts);
            for goal in &goals {
                found.edge((&from, &source.path), goal.clone(), import.at, ImportKind::Import);
            }
            if goals.is_empty() && !types.knows_all(import) {
                found.unresolved(&source.path, import.at, &import.name);
            }
        }
    }
}

/// Returns what a file is called: its package, and its name without the ending, which is that of its public type.
fn module(source: &Source<Facts>) -> String {
    let name = String::from_utf8_lossy(source.path.name()).into_owned();
    within(&source.facts.package, name.strip_suffix(".java").unwrap_or(&name))
}

fn within(package: &str, name: &str) -> String {
    if package.is_empty() { name.to_owned() } else { format!("{package}.{name}") }
}

impl Types<'_> {
    fn goals(&self, import: &Import, facts: &Facts) -> Vec<Goal> {
        let file = |full: &str| self.files.get(full).map(|(module, file)| Goal::File(module.clone(), (*file).clone()));
        if import.all
            && let Some(types) = self.packages.get(import.name.as_str())
        {
            let used = types.iter().filter(|(name, _)| facts.used.binary_search_by(|used| used.as_str().cmp(name)).is_ok());
            return used.filter_map(|(_, full)| file(full)).collect();
        }
        // A type in a type, or a static member: the longest part that is a type tells the file.
        let ends = import.name.match_indices('.').map(|(at, _)| at).chain([import.name.len()]);
        let ends: Vec<usize> = ends.collect();
        if let Some(goal) = ends.iter().rev().find_map(|end| file(&import.name[..*end])) {
            return vec![goal];
        }
        let package = package(&import.name, import.all);
        if self.packages.contains_key(package) {
            return Vec::new();
        }
        let own = OWN.iter().any(|own| import.name.starts_with(own));
        vec![if own { Goal::Stdlib(package.to_owned()) } else { Goal::Package(package.to_owned()) }]
    }

    /// Whether an import means a whole package of which all is known, so that using nothing of it is no riddle.
    fn knows_all(&self, import: &Import) -> bool {
        import.all && self.packages.contains_key(import.name.as_str())
    }
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

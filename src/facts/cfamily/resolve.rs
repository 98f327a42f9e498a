//! Which file an `#include` means. The languages have no modules: a file is one, named by its path.

use rustc_hash::FxHashMap;

use super::commands::Commands;
use super::extract::{Form, Include};
use super::stdlib::{stdlib, system};
use crate::base::RelPath;
use crate::facts::syntax::At;
use crate::facts::world::{Found, Goal, Source, World, concerns};
use crate::facts::{ImportKind, Language};

struct Headers<'a> {
    world: &'a World<'a>,
    commands: Commands,
    /// All files by the last part of their path.
    by_name: FxHashMap<&'a [u8], Vec<&'a RelPath>>,
    /// The names of all folders that stand above a C or C++ file.
    folders: rustc_hash::FxHashSet<&'a [u8]>,
}

/// Adds the files and edges.
pub(in crate::facts) fn resolve(world: &World<'_>, sources: &[Source<Vec<Include>>], found: &mut Found) {
    if sources.is_empty() {
        return;
    }
    let headers = Headers::new(world, &|folder| concerns(sources, folder));
    for source in sources.iter().filter(|source| source.told) {
        let name = source.path.to_string();
        found.module(&name, &source.path);
        for (folder, written) in headers.commands.forced(&source.path) {
            let at = At { line: 1, column: 1 };
            let include = Include { at, name: written.clone(), form: Form::Quotes };
            match headers.forced(&source.path, folder, &include) {
                Some(goal) => found.edge((&name, &source.path), goal, at, ImportKind::Import),
                None => found.unresolved(&source.path, at, written),
            }
        }
        for include in &source.facts {
            match headers.goal(&source.path, include) {
                Some(goal) => found.edge((&name, &source.path), goal, include.at, ImportKind::Import),
                None => found.unresolved(&source.path, include.at, &include.name),
            }
        }
    }
}

impl<'a> Headers<'a> {
    fn new(world: &'a World<'a>, concerns: &dyn Fn(&RelPath) -> bool) -> Headers<'a> {
        let mut by_name: FxHashMap<_, Vec<_>> = FxHashMap::default();
        let mut folders = rustc_hash::FxHashSet::default();
        for path in world.files() {
            by_name.entry(path.name()).or_default().push(path);
            if matches!(Language::of(path), Some(Language::C | Language::Cpp)) {
                let parts: Vec<&[u8]> = path.parts().collect();
                folders.extend(&parts[..parts.len() - 1]);
            }
        }
        Headers { world, commands: Commands::new(world, concerns), by_name, folders }
    }

    /// As [`Headers::goal`], of what a compiler that runs in `folder` is told to include.
    fn forced(&self, from: &RelPath, folder: &RelPath, include: &Include) -> Option<Goal> {
        match RelPath::anywhere(self.world.tree.root(), folder, include.name.as_bytes()).ok().filter(|path| self.world.has(path.as_bytes()))
        {
            Some(file) => Some(Goal::File(file.to_string(), file)),
            None => self.goal(from, include),
        }
    }

    fn goal(&self, from: &RelPath, include: &Include) -> Option<Goal> {
        let name = include.name.replace('\\', "/");
        let folder = from.parent().unwrap_or_default();
        let at = |folder: &RelPath| self.there(folder, &name);
        let quoted = match include.form {
            Form::Quotes => at(&folder),
            Form::Angles => None,
            Form::Macro => return None,
        };
        let folders = self.commands.folders(from).iter().filter(|folder| include.form == Form::Quotes || !folder.quotes);
        let told = || folders.clone().find_map(|folder| at(&folder.path));
        if let Some(file) = quoted.or_else(told) {
            return Some(Goal::File(file.to_string(), file));
        }
        if stdlib(&name) {
            return Some(Goal::Stdlib(name));
        }
        let first = name.split('/').next().unwrap_or(&name).to_owned();
        if system(&name) {
            return Some(Goal::Package(first));
        }
        let above = std::iter::successors(Some(folder.clone()), RelPath::parent);
        let mut roots = above.flat_map(|folder| {
            let inner = ["include", "src", "inc"].map(|name| folder.join(name.as_bytes()));
            inner.into_iter().chain([folder])
        });
        if include.form == Form::Quotes || name.contains('/') {
            if let Some(file) = roots.find_map(|root| at(&root)) {
                return Some(Goal::File(file.to_string(), file));
            }
        } else if let Some(file) = roots.filter(|root| *root != folder).find_map(|root| at(&root)) {
            return Some(Goal::File(file.to_string(), file));
        }
        if let Some(file) = self.only(from, &name, include.form) {
            return Some(Goal::File(file.to_string(), file.clone()));
        }
        // A library's headers stand in a folder that is named for it.
        let foreign = first != name && !first.starts_with('.') && !self.folders.contains(first.as_bytes());
        (include.form == Form::Angles || foreign).then_some(Goal::Package(first))
    }

    fn there(&self, folder: &RelPath, name: &str) -> Option<RelPath> {
        let path = RelPath::parse_in(folder, name.as_bytes()).ok()?;
        self.world.has(path.as_bytes()).then_some(path)
    }

    /// Returns the one file that a path below some folder can mean: of several the one that shares most folders with the file
    /// that includes it, if that is one.
    fn only(&self, from: &RelPath, name: &str, form: Form) -> Option<&'a RelPath> {
        let name = name.trim_start_matches("./").as_bytes();
        let last = name.rsplit(|byte| *byte == b'/').next()?;
        let fits = |path: &&&RelPath| {
            let Some(before) = path.as_bytes().strip_suffix(name) else { return false };
            let folder = before.strip_suffix(b"/").map(|folder| folder.rsplit(|byte| *byte == b'/').next().unwrap_or(folder));
            folder.is_some_and(|folder| form == Form::Quotes || matches!(folder, b"include" | b"src" | b"inc"))
        };
        let near = |path: &RelPath| path.parts().zip(from.parts()).take_while(|(one, other)| one == other).count();
        let mut fitting: Vec<(usize, &RelPath)> = self.by_name.get(last)?.iter().filter(fits).map(|path| (near(path), *path)).collect();
        fitting.sort_by_key(|(near, _)| std::cmp::Reverse(*near));
        match fitting.as_slice() {
            [(_, only)] => Some(only),
            [(near, first), (next, _), ..] if near > next => Some(first),
            _ => None,
        }
    }
}

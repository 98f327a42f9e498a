//! Which file or package a JavaScript or TypeScript import means.

use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::builtin::builtin;
use super::config::{Config, Configs};
use super::extract::Raw;
use super::files::{Look, NO_SUFFIX, typed};
use super::package::{How, Package, Packages, top};
use crate::base::RelPath;
use crate::facts::program::is_untold;
use crate::facts::syntax::At;
use crate::facts::world::{Found, Goal, Source, World, concerns};
use crate::facts::{Language, names};

struct Resolver<'a> {
    world: &'a World<'a>,
    names: FxHashMap<&'a RelPath, String>,
    packages: &'a Packages<'a>,
    configs: Configs<'a>,
}

/// Adds the modules and edges of all files.
pub(in crate::facts) fn resolve(world: &World<'_>, sources: &[Source<Vec<Raw>>], found: &mut Found) {
    if sources.is_empty() {
        return;
    }
    let packages = Packages::new(world, &|folder| concerns(sources, folder));
    let names = names(world.files(), sources.iter().map(|source| &source.path));
    let resolver = Resolver { world, names, packages: &packages, configs: Configs::new(world, &packages) };
    for source in sources.iter().filter(|source| source.told) {
        let name = resolver.name(&source.path);
        found.module(&name, &source.path);
        let config = resolver.configs.of(&source.path);
        for raw in &source.facts {
            let goal = || resolver.goal(&source.path, config.as_ref(), &raw.name, raw.how);
            match (!raw.computed).then(goal).flatten() {
                Some(goal) => found.edge((&name, &source.path), goal, raw.at, raw.kind),
                None => found.unresolved(&source.path, raw.at, &raw.name),
            }
        }
    }
    for (file, line, name) in resolver.configs.elsewhere() {
        found.unresolved(&file, At { line, column: 1 }, &name);
    }
}

/// The endings of sources. Of files that differ in nothing else, the one whose ending stands first here is the module of that name.
const ENDINGS: [&str; 11] = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".d.ts", ".d.mts", ".d.cts"];

/// Returns the modules' names: each file's path without the ending of a source, and with it where another file is called so.
fn names<'a>(files: impl Iterator<Item = &'a RelPath>, sources: impl Iterator<Item = &'a RelPath>) -> FxHashMap<&'a RelPath, String> {
    let script = |path: &&RelPath| Language::of(path).is_some_and(|language| Language::Javascript.reads(language));
    let mut ranked: Vec<(usize, &RelPath, String)> = files
        .filter(script)
        .filter_map(|path| {
            let text = path.to_string();
            // `.d.ts` ends with `.ts`, too.
            let rank = ENDINGS.iter().rposition(|ending| text.ends_with(ending))?;
            Some((rank, path, text))
        })
        .collect();
    ranked.sort();
    let mut taken = FxHashSet::default();
    let mut named = FxHashMap::default();
    for (rank, path, text) in ranked {
        let bare = text[..text.len() - ENDINGS[rank].len()].to_owned();
        let name = if taken.insert(bare.clone()) { bare } else { text };
        named.insert(path, name);
    }
    for program in sources.filter(|path| is_untold(path)) {
        named.insert(program, names::program(program, &|name| taken.contains(name)));
    }
    named
}

impl Resolver<'_> {
    /// Returns a file's module; what is no source is called by its path.
    fn name(&self, path: &RelPath) -> String {
        self.names.get(path).cloned().unwrap_or_else(|| path.to_string())
    }

    fn to(&self, file: RelPath) -> Goal {
        Goal::File(self.name(&file), file)
    }

    fn goal(&self, from: &RelPath, config: Option<&Rc<Config>>, text: &str, how: How) -> Option<Goal> {
        let folder = from.parent().unwrap_or_default();
        let suffixes = config.map_or(NO_SUFFIX, |config| &config.suffixes);
        let look = Look { world: self.world, packages: Some(self.packages), typed: typed(from), suffixes };
        let at = |path: &RelPath| look.file(path);
        if matches!(text, "." | "..") || text.starts_with("./") || text.starts_with("../") {
            let find = |text: &str| {
                let path = RelPath::parse_in(&folder, text.as_bytes()).ok()?;
                at(&path).or_else(|| config?.beside(&path).iter().find_map(at))
            };
            // Bundlers take a query behind the name.
            return find(text).or_else(|| find(text.split_once('?')?.0)).map(|file| self.to(file));
        }
        if let Some(targets) = config.and_then(|config| config.lead(self.world, text))
            && let Some(found) = targets.iter().find_map(at)
        {
            return Some(self.to(found));
        }
        // TypeScript looks there before it looks for a package, whatever brings that.
        let below = |config: &Rc<Config>| at(&self.world.place(config.base.as_ref()?, text)?);
        if let Some(found) = config.filter(|_| !text.starts_with('/')).and_then(below) {
            return Some(self.to(found));
        }
        if let Some(name) = builtin(text) {
            return Some(Goal::Stdlib(name));
        }
        let own = self.packages.around(&folder);
        if text.starts_with('#') {
            let own = own?;
            let targets = own.targets("imports", text, how)?;
            let inside = targets.iter().filter(|target| target.starts_with('.')).find_map(|to| target(look, own, to));
            let outside = || targets.iter().find(|target| !target.starts_with(['.', '#', '/']));
            return inside.map(|file| self.to(file)).or_else(|| self.goal(from, None, outside()?, how));
        }
        if text.starts_with('/') {
            return None;
        }
        if let Some((scheme, rest)) = text.split_once(':') {
            // What another runtime brings, or fetches.
            return Some(match scheme {
                "npm" | "jsr" => Goal::Package(top(rest.trim_start_matches('/')).0.to_owned()),
                "http" | "https" => Goal::Package(rest.trim_start_matches('/').split('/').next().unwrap_or(rest).to_owned()),
                _ => Goal::Package(text.to_owned()),
            });
        }
        let (package, below) = top(text);
        if let Some(found) = self.packages.find(package, own) {
            return entry(look, found, below, how).map(|file| self.to(file));
        }
        let alias =
            config.is_some_and(|config| config.paths.iter().any(|(pattern, _)| pattern != "*" && config.lead(self.world, text).is_some()));
        let installed = own.is_some_and(|own| {
            let fields = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
            fields.iter().any(|field| !own.json[*field][package].is_null())
        });
        if alias && !installed {
            return None;
        }
        Some(Goal::Package(package.to_owned()))
    }
}

/// Returns the file that a package of the tree hands out as `below`, which is empty for the package itself.
fn entry(look: Look<'_>, package: &Package, below: &str, how: How) -> Option<RelPath> {
    let key = if below.is_empty() { String::from(".") } else { format!("./{below}") };
    if !package.json["exports"].is_null() {
        let targets = package.targets("exports", &key, how)?;
        return targets.iter().find_map(|to| target(look, package, to));
    }
    if below.is_empty() {
        return look.file(&package.folder).or_else(|| look.inner(&package.folder.join(b"src")));
    }
    let path = RelPath::parse_in(&package.folder, below.as_bytes()).ok()?;
    look.file(&path).or_else(|| look.built(&package.folder, &path))
}

/// Returns the file of a package that a target such as `./dist/index.js` means.
fn target(look: Look<'_>, package: &Package, target: &str) -> Option<RelPath> {
    let path = RelPath::parse_in(&package.folder, target.as_bytes()).ok()?;
    look.inner(&path).or_else(|| look.built(&package.folder, &path))
}

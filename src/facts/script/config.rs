//! `tsconfig.json` and `jsconfig.json`: `paths`, `baseUrl`, `rootDirs`, `moduleSuffixes`, `extends`, `references`.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use rustc_hash::FxHashMap;
use serde_json::Value;

use super::files::NO_SUFFIX;
use super::package::{How, Package, Packages, top};
use crate::base::RelPath;
use crate::disk::PatternSet;
use crate::facts::settings;
use crate::facts::syntax::Wrong;
use crate::facts::world::World;

/// How deep `extends` may go.
const DEEP: usize = 20;

/// What a configuration says of where names lead.
#[derive(Clone, PartialEq)]
pub(super) struct Config {
    /// Names are looked for below it.
    pub base: Option<RelPath>,
    /// Patterns with at most one `*`, and where they lead, relative to the root.
    pub paths: Vec<(String, Vec<RelPath>)>,
    /// Folders that are one: a relative name that leads into one of them leads into each.
    pub roots: Vec<RelPath>,
    /// What may stand before the ending of a file, in the order in which it is tried.
    pub suffixes: Vec<String>,
}

impl Default for Config {
    fn default() -> Config {
        Config { base: None, paths: Vec::new(), roots: Vec::new(), suffixes: NO_SUFFIX.to_vec() }
    }
}

/// A configuration, and those that it refers to, with the files that each of them takes in.
struct Project {
    own: Rc<Config>,
    referred: Vec<(PatternSet, Rc<Config>)>,
}

/// The configurations of the tree, each read once.
pub(super) struct Configs<'a> {
    world: &'a World<'a>,
    packages: &'a Packages<'a>,
    known: RefCell<FxHashMap<RelPath, Option<Rc<Project>>>>,
    elsewhere: RefCell<BTreeSet<(RelPath, u32, String)>>,
}

impl<'a> Configs<'a> {
    pub(super) fn new(world: &'a World<'a>, packages: &'a Packages<'a>) -> Configs<'a> {
        Configs { world, packages, known: RefCell::default(), elsewhere: RefCell::default() }
    }

    /// Returns what configurations that were read extend and what is not there, as a package that is not installed, with file and line.
    pub(super) fn elsewhere(&self) -> BTreeSet<(RelPath, u32, String)> {
        self.elsewhere.borrow().clone()
    }

    /// Returns the configuration for a file: of those that the nearest one refers to, the first that takes the file in.
    pub(super) fn of(&self, file: &RelPath) -> Option<Rc<Config>> {
        let project = self.around(&file.parent().unwrap_or_default())?;
        let taken = project.referred.iter().find(|(files, _)| files.matches(file));
        Some(taken.map_or(&project.own, |(_, config)| config).clone())
    }

    /// Returns the project that the files of a folder are in.
    fn around(&self, folder: &RelPath) -> Option<Rc<Project>> {
        if let Some(known) = self.known.borrow().get(folder) {
            return known.clone();
        }
        let own =
            ["tsconfig.json", "jsconfig.json"].iter().map(|name| folder.join(name.as_bytes())).find(|path| self.world.has(path.as_bytes()));
        let project = match own {
            Some(path) => Some(Rc::new(self.read(&path))),
            None => match folder.parent() {
                Some(above) => self.around(&above),
                None => self.beyond().map(|path| Rc::new(self.read(&path))),
            },
        };
        self.known.borrow_mut().insert(folder.clone(), project.clone());
        project
    }

    /// Returns the configuration that stands above the tree, in the same repository.
    fn beyond(&self) -> Option<RelPath> {
        let named = self.world.above().iter().flat_map(|folder| [folder.join(b"tsconfig.json"), folder.join(b"jsconfig.json")]);
        named.into_iter().find(|path| self.world.is_there(path))
    }

    fn read(&self, path: &RelPath) -> Project {
        let folder = path.parent().unwrap_or_default();
        let own = self.chain(path, &folder, &[]);
        if own != Config::default() {
            return Project { own: Rc::new(own), referred: Vec::new() };
        }
        // A configuration that only refers to others leaves the names to them.
        let json = self.json(path).unwrap_or_default();
        let referred = json["references"].as_array().into_iter().flatten().filter_map(|one| one["path"].as_str());
        let referred = referred.filter_map(|text| {
            let path = self.world.place(&folder, text)?;
            let path = if text.ends_with(".json") { path } else { path.join(b"tsconfig.json") };
            let files = taken(&folder, &self.json(&path).filter(|_| path.parent().as_ref() == Some(&folder))?)?;
            Some((files, Rc::new(self.chain(&path, &folder, &[]))))
        });
        let referred: Vec<(PatternSet, Rc<Config>)> = referred.collect();
        // What none of them takes in is still no worse off with the names of one.
        let first = referred.iter().map(|(_, config)| config).find(|config| ***config != Config::default());
        Project { own: first.cloned().unwrap_or(Rc::new(own)), referred }
    }

    /// Reads a configuration and those that it extends; `top` is what `${configDir}` means, and `below` are those that extend it.
    fn chain(&self, path: &RelPath, top: &RelPath, below: &[RelPath]) -> Config {
        let Some(json) = self.json(path) else { return Config::default() };
        let folder = path.parent().unwrap_or_default();
        let mut config = Config::default();
        let below = [below, std::slice::from_ref(path)].concat();
        let extends = match &json["extends"] {
            Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
            one => one.as_str().into_iter().collect::<Vec<_>>(),
        };
        for text in extends {
            if let Some(extended) = self.extended(path, text) {
                if below.contains(&extended) || below.len() == DEEP {
                    self.world.is_broken(path, Wrong { line: self.line(path, text), why: "what it extends never ends".into() });
                    continue;
                }
                let other = self.chain(&extended, top, &below);
                config.base = other.base.or(config.base);
                config.paths = if other.paths.is_empty() { config.paths } else { other.paths };
                config.roots = if other.roots.is_empty() { config.roots } else { other.roots };
                config.suffixes = if other.suffixes == NO_SUFFIX { config.suffixes } else { other.suffixes };
            }
        }
        let options = &json["compilerOptions"];
        let place = |folder: &RelPath, text: &str| match text.strip_prefix("${configDir}") {
            Some(rest) => self.world.place(top, rest.trim_start_matches('/')),
            None => self.world.place(folder, text),
        };
        let listed = |field: &str| options[field].as_array().map(|all| all.iter().filter_map(Value::as_str));
        if let Some(roots) = listed("rootDirs") {
            config.roots = roots.filter_map(|text| place(&folder, text)).collect();
        }
        if let Some(suffixes) = listed("moduleSuffixes").map(|all| all.map(str::to_owned).collect::<Vec<_>>()) {
            config.suffixes = if suffixes.is_empty() { NO_SUFFIX.to_vec() } else { suffixes };
        }
        if let Some(base) = options["baseUrl"].as_str().and_then(|text| place(&folder, text)) {
            config.base = Some(base);
        }
        if let Some(paths) = options["paths"].as_object() {
            let near = config.base.as_ref().unwrap_or(&folder);
            let lead = |targets: &Value| {
                let targets = targets.as_array().into_iter().flatten().filter_map(Value::as_str);
                targets.filter_map(|text| place(near, text)).collect()
            };
            config.paths = paths.iter().map(|(pattern, targets)| (pattern.clone(), lead(targets))).collect();
        }
        config
    }

    /// Returns the file that `extends` names in a configuration.
    fn extended(&self, from: &RelPath, text: &str) -> Option<RelPath> {
        let folder = from.parent().unwrap_or_default();
        let is_there = |path: &RelPath| self.world.is_there(path);
        let candidates = |path: RelPath| {
            let with = RelPath::from_normal([path.as_bytes(), b".json"].concat());
            [path.clone(), with, path.join(b"tsconfig.json")]
        };
        let is_beside = text.starts_with(['.', '/']);
        let found = if is_beside {
            self.world.place(&folder, text).and_then(|path| candidates(path).into_iter().find(is_there))
        } else {
            let (name, below) = top(text);
            // A package of the tree is the same whether it is installed or not.
            let own = self.packages.find(name, self.packages.around(&folder)).map(|package| package.folder.clone());
            let inner = std::iter::successors(Some(folder.clone()), |folder| folder.parent().filter(|_| !folder.is_outside()));
            let above = inner.chain(self.world.above().iter().cloned());
            let mut places = own.into_iter().chain(above.map(|above| above.join(b"node_modules").join(name.as_bytes())));
            places.find_map(|place| self.handed_out(&place, below).into_iter().flat_map(candidates).find(is_there))
        };
        let found = if is_beside { found } else { found.map(|path| self.world.real(&path)) };
        if found.is_none() && is_beside {
            let why = format!("it extends `{text}`, which is not there");
            self.world.is_broken(from, Wrong { line: self.line(from, text), why });
        } else if found.is_none() {
            self.elsewhere.borrow_mut().insert((from.clone(), self.line(from, text), text.to_owned()));
        }
        found
    }

    /// Returns what a package in a folder may mean by what `extends` names of it, which is empty for the package itself.
    fn handed_out(&self, folder: &RelPath, below: &str) -> Vec<RelPath> {
        let json = self.world.said(&folder.join(b"package.json"), settings::json::<Value>).and_then(Result::ok).unwrap_or_default();
        let package = Package { folder: folder.clone(), json };
        let key = if below.is_empty() { String::from(".") } else { format!("./{below}") };
        let field = package.json["tsconfig"].as_str().filter(|_| below.is_empty()).map(str::to_owned);
        let exported = package.targets("exports", &key, How::Require).unwrap_or_default();
        let plain = (!below.is_empty()).then(|| below.to_owned());
        let named = field.into_iter().chain(exported).chain(plain).filter_map(|text| self.world.place(folder, &text));
        named.chain(below.is_empty().then(|| folder.clone())).collect()
    }

    /// Returns the line of a configuration in which a text stands.
    fn line(&self, path: &RelPath, word: &str) -> u32 {
        self.world.text(path).map_or(1, |text| settings::line_of(&text, word))
    }

    /// Returns what a configuration says, if it is there; an empty one says nothing.
    fn json(&self, path: &RelPath) -> Option<Value> {
        let read = |text: &str| if text.trim().is_empty() { Ok(Value::default()) } else { settings::json(&plain(text)) };
        self.world.needed(path, read)
    }
}

impl Config {
    /// Returns where the patterns lead a name, in the order in which they are tried; `None` if none matches.
    pub(super) fn lead(&self, world: &World<'_>, name: &str) -> Option<Vec<RelPath>> {
        let matched = self.paths.iter().filter_map(|(pattern, targets)| match pattern.split_once('*') {
            None => (pattern == name).then_some((usize::MAX, targets, "")),
            Some((before, after)) => {
                let star = name.strip_prefix(before)?.strip_suffix(after)?;
                Some((before.len(), targets, star))
            }
        });
        let (_, targets, star) = matched.max_by_key(|(length, ..)| *length)?;
        let filled = targets.iter().filter_map(|target| world.place(&RelPath::root(), &target.to_string().replacen('*', star, 1)));
        Some(filled.collect())
    }

    /// Returns the paths that are one with a path in one of the folders that are one, in the order in which they are tried.
    pub(super) fn beside(&self, path: &RelPath) -> Vec<RelPath> {
        let around = self.roots.iter().filter(|root| path.is_in(root) && path != *root).max_by_key(|root| root.as_bytes().len());
        let Some(own) = around else { return Vec::new() };
        let below: Vec<&[u8]> = path.parts().skip(own.parts().count()).collect();
        self.roots.iter().filter(|root| *root != own).map(|root| root.join(&below.join(&b'/'))).collect()
    }
}

/// Returns the files that a configuration in a folder takes in: those of `files` and `include`, all if it has neither, without `exclude`.
fn taken(folder: &RelPath, json: &Value) -> Option<PatternSet> {
    let listed = |field: &str| {
        let texts = json[field].as_array().into_iter().flatten().filter_map(Value::as_str);
        texts.filter_map(|text| RelPath::parse_in(folder, text.as_bytes()).ok()).collect::<Vec<_>>()
    };
    // A folder means all that is in it.
    let deep = |paths: Vec<RelPath>| paths.into_iter().flat_map(|path| [path.to_string(), path.join(b"**").to_string()]);
    let all = json["files"].is_null() && json["include"].is_null();
    let included = if all { vec![folder.join(b"**")] } else { listed("include") };
    let files = listed("files").into_iter().map(|path| path.to_string());
    PatternSet::new(&files.chain(deep(included)).collect::<Vec<_>>(), &deep(listed("exclude")).collect::<Vec<_>>()).ok()
}

/// Returns JSON without the comments and trailing commas that these files may have, with as many lines.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            let end = rest.find("*/").map_or(rest.len(), |end| end + 2);
            out.extend(rest[..end].chars().filter(|c| *c == '\n'));
            end
        } else if c == '"' {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let end = end.map_or(rest.len(), |end| end + 2);
            out.push_str(&rest[..end]);
            end
        } else {
            if matches!(c, '}' | ']') && out.trim_end().ends_with(',') {
                out.remove(out.trim_end().len() - 1);
            }
            out.push(c);
            c.len_utf8()
        };
        rest = &rest[skipped..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_trailing_commas_are_taken_out() {
        let text = "{ // one\n \"a\": \"x // y /* \\\" z\", /* two */ \"b\": [1, 2,\n],\n}\n";
        assert_eq!(serde_json::from_str::<Value>(&plain(text)).unwrap(), serde_json::json!({ "a": "x // y /* \" z", "b": [1, 2] }));
    }
}

//! Which folder a Python module's name starts at, and so how every module of the tree is called.

use rustc_hash::{FxHashMap, FxHashSet};

use super::dirs::package_dirs;
use super::extract::{Facts, Raw, What};
use super::stdlib::stdlib;
use crate::base::RelPath;
use crate::facts::program::is_untold;
use crate::facts::syntax::At;
use crate::facts::world::{Source, World};
use crate::facts::{ImportKind, names};

/// All Python modules of the tree by name and by file.
///
/// A name starts at the nearest folder that stands in no package. A folder without `__init__.py` counts as a package where
/// some import says so: `from shop.domain import x` makes `shop` one if `shop/domain` is there. Files in no package at all are named
/// from the nearest folder that looks like the top of a project: the root, a `src`, one with a `pyproject.toml` or `setup.py`.
pub(super) struct Layout<'a> {
    /// The files of each name; sources before stubs.
    modules: FxHashMap<String, Vec<&'a RelPath>>,
    names: FxHashMap<&'a [u8], (String, &'a [u8], &'a RelPath)>,
    packages: FxHashSet<&'a [u8]>,
    /// Names of folders without `__init__.py` that are imported from.
    namespaces: FxHashSet<String>,
    /// All folders with Python files somewhere below, by their own name.
    by_name: FxHashMap<&'a [u8], Vec<&'a [u8]>>,
}

/// Returns the folder that a path stands in; `None` for the root.
pub(super) fn parent(path: &[u8]) -> Option<&[u8]> {
    if path.is_empty() {
        return None;
    }
    Some(&path[..memchr::memrchr(b'/', path).unwrap_or(0)])
}

/// Returns all folders above a file or folder, the nearest first, the root last.
pub(super) fn above(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::successors(parent(path), |folder| parent(folder))
}

fn name(path: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', path).map_or(path, |slash| &path[slash + 1..])
}

fn join(folder: &[u8], name: &[u8]) -> Vec<u8> {
    match (folder, name) {
        (folder, []) => folder.to_vec(),
        ([], name) => name.to_vec(),
        both => <[&[u8]; 2]>::from(both).join(&b'/'),
    }
}

/// What the names of files say of packages and of where projects begin.
#[derive(Clone)]
pub(in crate::facts) struct Evidence<'a> {
    files: Vec<&'a RelPath>,
    /// Folders with Python files somewhere below.
    folders: FxHashSet<&'a [u8]>,
    by_name: FxHashMap<&'a [u8], Vec<&'a [u8]>>,
    packages: FxHashSet<&'a [u8]>,
    /// What a package or a module without one is called at its place needs no evidence.
    regular: FxHashSet<&'a [u8]>,
    /// Paths of modules without the ending.
    modules: FxHashSet<&'a [u8]>,
    tops: FxHashSet<&'a [u8]>,
    namespaces: FxHashSet<&'a [u8]>,
    /// Folders whose modules have names of their own, the deepest first, and what these begin with.
    dirs: Vec<(&'a [u8], String)>,
}

impl<'a> Evidence<'a> {
    /// Looks at the names of all files.
    pub(in crate::facts) fn new(world: &World<'a>) -> Evidence<'a> {
        let mut seen = Evidence {
            files: Vec::new(),
            folders: FxHashSet::default(),
            by_name: FxHashMap::default(),
            packages: FxHashSet::default(),
            regular: FxHashSet::default(),
            modules: FxHashSet::default(),
            tops: FxHashSet::from_iter([&b""[..]]),
            namespaces: FxHashSet::default(),
            dirs: Vec::new(),
        };
        for path in world.files() {
            let (bytes, name) = (path.as_bytes(), path.name());
            let folder = parent(bytes).unwrap_or_default();
            let Some(stem) = stem(name) else {
                if matches!(name, b"pyproject.toml" | b"setup.py" | b"setup.cfg") {
                    seen.tops.insert(folder);
                }
                continue;
            };
            if name == b"setup.py" {
                seen.tops.insert(folder);
            }
            if stem == b"__init__" && !folder.is_empty() {
                seen.packages.insert(folder);
            } else {
                seen.modules.insert(&bytes[..bytes.len() - (name.len() - stem.len())]);
            }
            for folder in std::iter::once(folder).chain(above(folder)) {
                if !seen.folders.insert(folder) {
                    break;
                }
            }
            seen.files.push(path);
        }
        let dirs = package_dirs(world).into_iter();
        seen.dirs = dirs.filter_map(|(folder, package)| Some((*seen.folders.get(folder.as_bytes())?, package))).collect();
        for folder in &seen.folders {
            seen.by_name.entry(self::name(folder)).or_default().push(folder);
            if self::name(folder) == b"src" {
                seen.tops.insert(folder);
            }
        }
        let within = |folder: &[u8]| seen.packages.contains(folder) || above(folder).any(|folder| seen.packages.contains(folder));
        seen.tops.retain(|folder| !within(folder));
        let outermost = seen.packages.iter().filter(|package| !parent(package).is_some_and(within));
        seen.regular = outermost.map(|package| self::name(package)).collect();
        seen
    }

    /// Returns what of a file's facts tells where the imports of other files lead: those that may show a folder to be a package.
    pub(in crate::facts) fn to_others(&self, facts: &Facts) -> Facts {
        let raw = |what: What| Raw { at: At::default(), kind: ImportKind::Import, what };
        let shows = |raw: &&Raw| match &raw.what {
            What::Module(module) | What::From(0, module, _) => {
                let first = module.split('.').next().unwrap_or(module).as_bytes();
                !self.regular.contains(first) && self.by_name.contains_key(first)
            }
            What::From(..) | What::Computed(_) => false,
        };
        let mut shown: Vec<What> = facts.iter().filter(shows).map(|raw| raw.what.clone()).collect();
        for src in self.by_name.get(&b"src"[..]).into_iter().flatten() {
            let inside = |name: &String| self.is_module(&join(src, name.as_bytes()));
            shown.extend(facts.iter().filter_map(|raw| first(&raw.what)).filter(inside).map(What::Module));
        }
        shown.sort();
        shown.dedup();
        shown.into_iter().map(raw).collect()
    }

    fn is_module(&self, path: &[u8]) -> bool {
        self.modules.contains(path) || self.folders.contains(path)
    }

    fn in_package(&self, folder: &[u8]) -> bool {
        self.packages.contains(folder) || above(folder).any(|folder| self.packages.contains(folder))
    }

    /// Returns the folder that the names of a folder's modules start at.
    fn start(&self, folder: &'a [u8]) -> &'a [u8] {
        let outermost = std::iter::once(folder).chain(above(folder)).filter(|folder| self.packages.contains(folder)).last();
        match outermost {
            Some(package) => {
                let mut start = parent(package).unwrap_or_default();
                while self.namespaces.contains(start) {
                    start = parent(start).unwrap_or_default();
                }
                start
            }
            None => {
                let mut ways = std::iter::once(folder).chain(above(folder));
                ways.find(|folder| self.tops.contains(folder) && !self.namespaces.contains(folder)).unwrap_or_default()
            }
        }
    }

    /// Takes `top`/`parts` for a namespace package, if it can be one.
    fn take(&mut self, top: &'a [u8], parts: &[&str]) -> bool {
        let first = join(top, parts[0].as_bytes());
        if !self.folders.contains(&*first)
            || self.in_package(&first)
            || !parts.get(1).is_some_and(|next| self.is_module(&join(&first, next.as_bytes())))
        {
            return false;
        }
        let mut path = top.to_vec();
        for part in parts {
            path = join(&path, part.as_bytes());
            let Some(folder) = self.folders.get(&*path).copied().filter(|folder| !self.packages.contains(folder)) else { break };
            self.namespaces.insert(folder);
        }
        self.tops.insert(top);
        true
    }

    /// Finds the folders without `__init__.py` that imports show to be packages.
    fn gather_namespaces(&mut self, sources: &'a [Source<Facts>]) {
        let has_src = self.by_name.contains_key(&b"src"[..]);
        let raws = || sources.iter().filter(|_| has_src).flat_map(|source| &source.facts);
        let sources_tops: FxHashSet<String> = raws().filter_map(|raw| first(&raw.what)).collect();
        for source in sources {
            for raw in &source.facts {
                let (module, name) = match &raw.what {
                    What::Module(module) => (module, None),
                    What::From(0, module, name) => (module, name.as_deref()),
                    What::From(..) | What::Computed(_) => continue,
                };
                // A folder of that name is what it takes.
                let first = module.split('.').next().unwrap_or(module);
                if self.regular.contains(first.as_bytes()) || !self.by_name.contains_key(first.as_bytes()) {
                    continue;
                }
                let parts: Vec<&str> = module.split('.').chain(name).collect();
                // Where the folders in a `src` are imported by their own names, `src` itself is none of them.
                if parts.len() < 2 || (parts[0] == "src" && sources_tops.contains(parts[1])) {
                    continue;
                }
                let mut found = above(source.path.as_bytes()).filter(|top| !self.in_package(top)).collect::<Vec<_>>().into_iter();
                if found.any(|top| self.take(top, &parts)) || stdlib(parts[0]) {
                    continue;
                }
                let elsewhere = self.by_name.get(parts[0].as_bytes()).cloned().unwrap_or_default();
                let mut tops = elsewhere.into_iter().filter_map(parent).collect::<Vec<_>>();
                tops.sort();
                for top in tops {
                    if self.take(top, &parts) {
                        break;
                    }
                }
            }
        }
    }
}

impl<'a> Layout<'a> {
    /// Finds the names of all modules, from the files that are there and from what they import.
    pub(super) fn new(mut seen: Evidence<'a>, sources: &'a [Source<Facts>]) -> Layout<'a> {
        seen.gather_namespaces(sources);
        let mut layout = Layout {
            modules: FxHashMap::with_capacity_and_hasher(seen.files.len(), Default::default()),
            names: FxHashMap::with_capacity_and_hasher(seen.files.len(), Default::default()),
            namespaces: FxHashSet::default(),
            packages: FxHashSet::default(),
            by_name: FxHashMap::default(),
        };
        let mut starts: FxHashMap<&[u8], &[u8]> = FxHashMap::default();
        for path in &seen.files {
            let bytes = path.as_bytes();
            let folder = parent(bytes).unwrap_or_default();
            let dir = seen.dirs.iter().find(|(dir, _)| folder.strip_prefix(*dir).is_some_and(|rest| rest.is_empty() || rest[0] == b'/'));
            let start = match dir {
                Some((dir, _)) => *dir,
                None => *starts.entry(folder).or_insert_with(|| seen.start(folder)),
            };
            let package = dir.map_or("", |(_, package)| package);
            let stem = stem(path.name()).unwrap_or_default();
            let is_package = stem == b"__init__" && (folder != start || !package.is_empty());
            let whole = if is_package { folder } else { &bytes[..bytes.len() - (path.name().len() - stem.len())] };
            let below = dotted(whole, start);
            let name = [package, &below].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(".");
            layout.modules.entry(name.clone()).or_default().push(path);
            layout.names.insert(bytes, (name, start, path));
        }
        for program in sources.iter().map(|source| &source.path).filter(|path| is_untold(path)) {
            let name = names::program(program, &|name| layout.modules.contains_key(name));
            let start = seen.start(parent(program.as_bytes()).unwrap_or_default());
            layout.names.insert(program.as_bytes(), (name, start, program));
        }
        for files in layout.modules.values_mut().filter(|files| files.len() > 1) {
            files.sort_by_key(|path| (path.name().ends_with(b"i"), path.name() != b"__init__.py"));
        }
        for folder in &seen.namespaces {
            layout.namespaces.insert(dotted(folder, seen.start(folder)));
        }
        (layout.packages, layout.by_name) = (seen.packages, seen.by_name);
        layout.by_name.values_mut().for_each(|folders| folders.sort_unstable());
        layout
    }

    /// Returns the name of a file's module, and the folder that it starts at.
    pub(super) fn name(&self, path: &RelPath) -> Option<(&str, &'a [u8])> {
        self.names.get(path.as_bytes()).map(|(name, start, _)| (&**name, *start))
    }

    /// Returns the file of a module: of several, one that starts at the same folder as the importer's name.
    pub(super) fn file(&self, name: &str, start: &[u8]) -> Option<&'a RelPath> {
        let files = self.modules.get(name)?;
        files.iter().find(|file| self.names[file.as_bytes()].1 == start).or_else(|| files.first()).copied()
    }

    /// Returns the file that a name means from within a folder.
    pub(super) fn below(&self, folder: &[u8], parts: &[&str]) -> Option<&'a RelPath> {
        let mut path = join(folder, parts.join("/").as_bytes());
        let endings: &[&[u8]] = match (path.is_empty(), parts.is_empty()) {
            (true, _) => &[b"__init__.py"],
            (false, true) => &[b"/__init__.py", b"/__init__.pyi"],
            (false, false) => &[b"/__init__.py", b"/__init__.pyi", b".py", b".pyi"],
        };
        let bare = path.len();
        endings.iter().find_map(|ending| {
            path.truncate(bare);
            path.extend_from_slice(ending);
            self.names.get(&*path).map(|(.., path)| *path)
        })
    }

    /// Returns the other folders that may be portions of the same namespace package as one without `__init__.py`.
    pub(super) fn portions<'s>(&'s self, folder: &'s [u8]) -> impl Iterator<Item = &'a [u8]> + use<'a, 's> {
        let alike = self.by_name.get(name(folder)).filter(|_| !folder.is_empty() && !self.in_package(folder));
        alike.into_iter().flatten().copied().filter(move |other| *other != folder && !self.in_package(other))
    }

    /// Whether a folder or one above it has an `__init__.py`.
    pub(super) fn in_package(&self, folder: &[u8]) -> bool {
        self.packages.contains(folder) || above(folder).any(|folder| self.packages.contains(folder))
    }

    /// Whether a name is that of a folder without `__init__.py` that is imported from.
    pub(super) fn is_namespace(&self, name: &str) -> bool {
        self.namespaces.contains(name)
    }
}

fn first(what: &What) -> Option<String> {
    match what {
        What::Module(module) | What::From(0, module, _) => module.split('.').next().map(str::to_owned),
        What::From(..) | What::Computed(_) => None,
    }
}

/// Returns a file's name without the ending of a Python source or stub.
fn stem(name: &[u8]) -> Option<&[u8]> {
    name.strip_suffix(b".py").or_else(|| name.strip_suffix(b".pyi")).filter(|stem| !stem.is_empty())
}

fn dotted(path: &[u8], start: &[u8]) -> String {
    let below = if start.is_empty() { path } else { path.get(start.len() + 1..).unwrap_or_default() };
    String::from_utf8_lossy(below).replace('/', ".")
}

//! Which folder a Python module's name starts at, and so how every module of the tree is called.

use rustc_hash::{FxHashMap, FxHashSet};

use super::extract::{Raw, What};
use super::stdlib::stdlib;
use crate::base::RelPath;
use crate::facts::world::{Source, World};

/// All Python modules of the tree by name and by file.
///
/// A name starts at the nearest folder that stands in no package. A folder without `__init__.py` counts as a package where
/// some import says so: `from shop.domain import x` makes `shop` one if `shop/domain` is there. Files in no package at all are named
/// from the nearest folder that looks like the top of a project: the root, a `src`, one with a `pyproject.toml` or `setup.py`.
pub(super) struct Layout {
    /// The files of each name; sources before stubs.
    modules: FxHashMap<String, Vec<RelPath>>,
    names: FxHashMap<RelPath, (String, RelPath)>,
    packages: FxHashSet<RelPath>,
    /// Names of folders without `__init__.py` that are imported from.
    namespaces: FxHashSet<String>,
}

/// Returns all folders above a file or folder, the nearest first, the root last.
pub(super) fn above(path: &RelPath) -> impl Iterator<Item = RelPath> + use<> {
    std::iter::successors(path.parent(), RelPath::parent)
}

struct Evidence {
    /// Folders with Python files somewhere below.
    folders: FxHashSet<RelPath>,
    by_name: FxHashMap<Vec<u8>, Vec<RelPath>>,
    packages: FxHashSet<RelPath>,
    modules: FxHashSet<RelPath>,
    tops: FxHashSet<RelPath>,
    namespaces: FxHashSet<RelPath>,
}

impl Evidence {
    fn is_module(&self, path: &RelPath) -> bool {
        self.modules.contains(path) || self.folders.contains(path)
    }

    fn in_package(&self, folder: &RelPath) -> bool {
        self.packages.contains(folder) || above(folder).any(|folder| self.packages.contains(&folder))
    }

    /// Returns the folder that the names of a folder's modules start at.
    fn start(&self, folder: &RelPath) -> RelPath {
        let outermost = std::iter::once(folder.clone()).chain(above(folder)).filter(|folder| self.packages.contains(folder)).last();
        match outermost {
            Some(package) => {
                let mut start = package.parent().unwrap_or_default();
                while self.namespaces.contains(&start) {
                    start = start.parent().unwrap_or_default();
                }
                start
            }
            None => {
                let mut ways = std::iter::once(folder.clone()).chain(above(folder));
                ways.find(|folder| self.tops.contains(folder) && !self.namespaces.contains(folder)).unwrap_or_default()
            }
        }
    }

    /// Takes `top`/`parts` for a namespace package, if it can be one.
    fn take(&mut self, top: &RelPath, parts: &[&str]) -> bool {
        let first = top.join(parts[0].as_bytes());
        if !self.folders.contains(&first)
            || self.in_package(&first)
            || !parts.get(1).is_some_and(|next| self.is_module(&first.join(next.as_bytes())))
        {
            return false;
        }
        let mut folder = top.clone();
        for part in parts {
            folder = folder.join(part.as_bytes());
            if !self.folders.contains(&folder) || self.packages.contains(&folder) {
                break;
            }
            self.namespaces.insert(folder.clone());
        }
        self.tops.insert(top.clone());
        true
    }
}

impl Layout {
    /// Finds the names of all modules, from the files that are there and from what they import.
    pub(super) fn new(world: &World<'_>, sources: &[Source<Vec<Raw>>]) -> Layout {
        let mut seen = Evidence {
            folders: FxHashSet::default(),
            by_name: FxHashMap::default(),
            packages: FxHashSet::default(),
            modules: FxHashSet::default(),
            tops: FxHashSet::from_iter([RelPath::root()]),
            namespaces: FxHashSet::default(),
        };
        let mut files = Vec::new();
        for path in world.files {
            let folder = path.parent().unwrap_or_default();
            let Some(stem) = stem(path.name()) else {
                if matches!(path.name(), b"pyproject.toml" | b"setup.py" | b"setup.cfg") {
                    seen.tops.insert(folder);
                }
                continue;
            };
            if path.name() == b"setup.py" {
                seen.tops.insert(folder.clone());
            }
            if stem == b"__init__" && !folder.is_root() {
                seen.packages.insert(folder.clone());
            } else {
                seen.modules.insert(folder.join(stem));
            }
            for folder in std::iter::once(folder.clone()).chain(above(&folder)) {
                if !seen.folders.insert(folder) {
                    break;
                }
            }
            files.push(path);
        }
        for folder in &seen.folders {
            seen.by_name.entry(folder.name().to_vec()).or_default().push(folder.clone());
            if folder.name() == b"src" {
                seen.tops.insert(folder.clone());
            }
        }
        let packages = &seen.packages;
        let within = |folder: &RelPath| packages.contains(folder) || above(folder).any(|folder| packages.contains(&folder));
        seen.tops.retain(|folder| !within(folder));
        Layout::gather_namespaces(&mut seen, sources);

        let mut layout = Layout {
            modules: FxHashMap::default(),
            names: FxHashMap::default(),
            namespaces: FxHashSet::default(),
            packages: FxHashSet::default(),
        };
        let mut starts: FxHashMap<RelPath, RelPath> = FxHashMap::default();
        for path in files {
            let folder = path.parent().unwrap_or_default();
            let start = starts.entry(folder.clone()).or_insert_with(|| seen.start(&folder)).clone();
            let stem = stem(path.name()).unwrap_or_default();
            let whole = if stem == b"__init__" && folder != start { folder.clone() } else { folder.join(stem) };
            let name = dotted(&whole, &start);
            layout.modules.entry(name.clone()).or_default().push(path.clone());
            layout.names.insert(path.clone(), (name, start));
        }
        for files in layout.modules.values_mut() {
            files.sort_by_key(|path| (path.name().ends_with(b"i"), path.name() != b"__init__.py"));
        }
        for folder in &seen.namespaces {
            layout.namespaces.insert(dotted(folder, &seen.start(folder)));
        }
        layout.packages = seen.packages;
        layout
    }

    /// Finds the folders without `__init__.py` that imports show to be packages.
    fn gather_namespaces(seen: &mut Evidence, sources: &[Source<Vec<Raw>>]) {
        // What a package or a module without one is called at its place needs no evidence.
        let regular: FxHashSet<Vec<u8>> = seen
            .packages
            .iter()
            .filter(|package| !package.parent().is_some_and(|parent| seen.in_package(&parent)))
            .map(|package| package.name().to_vec())
            .collect();
        let sources_tops: FxHashSet<String> = sources.iter().flat_map(|source| &source.facts).filter_map(|raw| first(&raw.what)).collect();
        for source in sources {
            for raw in &source.facts {
                let (module, name) = match &raw.what {
                    What::Module(module) => (module, None),
                    What::From(0, module, name) => (module, name.as_deref()),
                    What::From(..) => continue,
                };
                let parts: Vec<&str> = module.split('.').chain(name).collect();
                if parts.len() < 2 || regular.contains(parts[0].as_bytes()) {
                    continue;
                }
                // Where the folders in a `src` are imported by their own names, `src` itself is none of them.
                if parts[0] == "src" && sources_tops.contains(parts[1]) {
                    continue;
                }
                let found = above(&source.path).filter(|top| !seen.in_package(top)).collect::<Vec<_>>();
                if found.iter().any(|top| seen.take(top, &parts)) || stdlib(parts[0]) {
                    continue;
                }
                let elsewhere = seen.by_name.get(parts[0].as_bytes()).cloned().unwrap_or_default();
                let mut tops = elsewhere.iter().filter_map(RelPath::parent).collect::<Vec<_>>();
                tops.sort();
                for top in tops {
                    if seen.take(&top, &parts) {
                        break;
                    }
                }
            }
        }
    }

    /// Returns the name of a file's module, and the folder that it starts at.
    pub(super) fn name(&self, path: &RelPath) -> Option<(&str, &RelPath)> {
        self.names.get(path).map(|(name, start)| (&**name, start))
    }

    /// Returns the file of a module: of several, one that starts at the same folder as the importer's name.
    pub(super) fn file(&self, name: &str, start: &RelPath) -> Option<&RelPath> {
        let files = self.modules.get(name)?;
        files.iter().find(|file| self.names[*file].1 == *start).or_else(|| files.first())
    }

    /// Returns the file that a name means from within a folder.
    pub(super) fn below(&self, folder: &RelPath, parts: &[&str]) -> Option<&RelPath> {
        let path = folder.join(parts.join("/").as_bytes());
        let ending = |ending: &str| RelPath::from_normal([path.as_bytes(), ending.as_bytes()].concat());
        let inits = ["/__init__.py", "/__init__.pyi"].map(ending);
        let plain = [".py", ".pyi"].map(ending);
        let candidates = if path.is_root() {
            vec![RelPath::from_normal(&b"__init__.py"[..])]
        } else if parts.is_empty() {
            inits.into()
        } else {
            [inits, plain].concat()
        };
        candidates.iter().find_map(|path| self.names.get_key_value(path)).map(|(path, _)| path)
    }

    /// Whether a folder or one above it has an `__init__.py`.
    pub(super) fn in_package(&self, folder: &RelPath) -> bool {
        self.packages.contains(folder) || above(folder).any(|folder| self.packages.contains(&folder))
    }

    /// Whether a name is that of a folder without `__init__.py` that is imported from.
    pub(super) fn is_namespace(&self, name: &str) -> bool {
        self.namespaces.contains(name)
    }
}

fn first(what: &What) -> Option<String> {
    match what {
        What::Module(module) | What::From(0, module, _) => module.split('.').next().map(str::to_owned),
        What::From(..) => None,
    }
}

/// Returns a file's name without the ending of a Python source or stub.
fn stem(name: &[u8]) -> Option<&[u8]> {
    name.strip_suffix(b".py").or_else(|| name.strip_suffix(b".pyi")).filter(|stem| !stem.is_empty())
}

fn dotted(path: &RelPath, start: &RelPath) -> String {
    let skipped = start.parts().count();
    path.parts().skip(skipped).map(String::from_utf8_lossy).collect::<Vec<_>>().join(".")
}

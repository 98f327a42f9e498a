//! Which file a path without an ending means.

use super::package::Packages;
use crate::base::RelPath;
use crate::facts::world::World;

/// Endings in the order in which TypeScript looks, and Node.js and bundlers do.
const TYPED: [&str; 10] = [".ts", ".tsx", ".d.ts", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json"];
const PLAIN: [&str; 10] = [".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".d.ts", ".json"];

/// What JavaScript is compiled from.
const SOURCES: [(&str, &[&str]); 4] =
    [(".js", &[".ts", ".tsx", ".d.ts"]), (".jsx", &[".tsx", ".d.ts"]), (".mjs", &[".mts", ".d.mts"]), (".cjs", &[".cts", ".d.cts"])];

/// Nothing stands before an ending.
pub(super) const NO_SUFFIX: &[String] = &[String::new()];

/// Whether a file is TypeScript.
pub(super) fn typed(path: &RelPath) -> bool {
    [".ts", ".tsx", ".mts", ".cts"].iter().any(|ending| path.as_bytes().ends_with(ending.as_bytes()))
}

/// What is looked for from one file.
#[derive(Clone, Copy)]
pub(super) struct Look<'a> {
    pub world: &'a World<'a>,
    /// What folders mean; `None`: as if there were no packages.
    pub packages: Option<&'a Packages<'a>>,
    /// Whether the file is TypeScript.
    pub typed: bool,
    /// What may stand before an ending, in the order in which it is tried.
    pub suffixes: &'a [String],
}

impl Look<'_> {
    /// Returns the file that `path` means: itself, its source, with an ending, or an index.
    pub(super) fn file(self, path: &RelPath) -> Option<RelPath> {
        let source = || {
            let (ending, sources) = SOURCES.iter().find(|(ending, _)| path.as_bytes().ends_with(ending.as_bytes()))?;
            let stem = &path.as_bytes()[..path.as_bytes().len() - ending.len()];
            sources.iter().find_map(|source| self.with(stem, source))
        };
        let own = || self.world.has(path.as_bytes()).then(|| path.clone());
        let exact = if self.typed { source().or_else(own) } else { own().or_else(source) };
        let endings = || if self.typed { &TYPED } else { &PLAIN }.iter();
        exact.or_else(|| endings().filter(|_| !path.is_root()).find_map(|ending| self.with(path.as_bytes(), ending))).or_else(|| {
            let entry = self.packages.and_then(|packages| packages.at(path)).and_then(|package| {
                package.entries().find_map(|entry| {
                    let target = RelPath::parse_in(path, entry.as_bytes()).ok().filter(|target| target != path)?;
                    self.inner(&target).or_else(|| self.built(path, &target))
                })
            });
            entry.or_else(|| endings().find_map(|ending| self.with(path.join(b"index").as_bytes(), ending)))
        })
    }

    /// As [`Look::file`], without looking at the packages of folders.
    pub(super) fn inner(self, path: &RelPath) -> Option<RelPath> {
        Look { packages: None, ..self }.file(path)
    }

    /// Returns the source of what a build makes and so is not in the tree: `dist/x.js` is made from `src/x.ts`.
    pub(super) fn built(self, package: &RelPath, target: &RelPath) -> Option<RelPath> {
        let below = target.is_in(package).then(|| target.parts().skip(package.parts().count()).collect::<Vec<_>>())?;
        let made = |part: &[u8]| matches!(part, b"dist" | b"lib" | b"build" | b"out" | b"esm" | b"cjs" | b"es" | b"types");
        let rest: Vec<&[u8]> = below.iter().copied().skip_while(|part| made(part)).collect();
        if rest.len() == below.len() {
            return None;
        }
        let text = rest.join(&b'/');
        let stem = [".d.ts", ".d.mts", ".d.cts", ".js", ".mjs", ".cjs"].iter().find_map(|ending| text.strip_suffix(ending.as_bytes()));
        let stem = stem.unwrap_or(&text);
        let typed = Look { typed: true, ..self };
        [&b"src"[..], b""].iter().find_map(|folder| typed.inner(&package.join(folder).join(stem)))
    }

    fn with(self, stem: &[u8], ending: &str) -> Option<RelPath> {
        let named = self.suffixes.iter().map(|suffix| [stem, suffix.as_bytes(), ending.as_bytes()].concat());
        named.map(RelPath::from_normal).find(|path| self.world.has(path.as_bytes()))
    }
}

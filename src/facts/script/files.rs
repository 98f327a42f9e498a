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

fn with(path: &RelPath, ending: &str) -> RelPath {
    RelPath::from_normal([path.as_bytes(), ending.as_bytes()].concat())
}

/// Whether a file is TypeScript.
pub(super) fn typed(path: &RelPath) -> bool {
    [".ts", ".tsx", ".mts", ".cts"].iter().any(|ending| path.as_bytes().ends_with(ending.as_bytes()))
}

/// Returns the file that `path` means to a file that is TypeScript or not: itself, its source, with an ending, or an index.
pub(super) fn file(world: &World<'_>, packages: &Packages<'_>, path: &RelPath, typed: bool) -> Option<RelPath> {
    let there = |path: RelPath| world.has(path.as_bytes()).then_some(path);
    let source = || {
        let (ending, sources) = SOURCES.iter().find(|(ending, _)| path.as_bytes().ends_with(ending.as_bytes()))?;
        let stem = RelPath::from_normal(&path.as_bytes()[..path.as_bytes().len() - ending.len()]);
        sources.iter().find_map(|source| there(with(&stem, source)))
    };
    let own = || there(path.clone());
    let exact = if typed { source().or_else(own) } else { own().or_else(source) };
    let endings = || if typed { &TYPED } else { &PLAIN }.iter();
    exact.or_else(|| endings().filter(|_| !path.is_root()).find_map(|ending| there(with(path, ending)))).or_else(|| {
        let entry = packages.at(path).and_then(|package| {
            package.entries().find_map(|entry| {
                let target = RelPath::parse_in(path, entry.as_bytes()).ok().filter(|target| target != path)?;
                inner(world, &target, typed).or_else(|| built(world, path, &target))
            })
        });
        entry.or_else(|| endings().find_map(|ending| there(path.join(format!("index{ending}").as_bytes()))))
    })
}

/// As [`file`], without looking at the packages of folders.
pub(super) fn inner(world: &World<'_>, path: &RelPath, typed: bool) -> Option<RelPath> {
    let none = Packages::none();
    file(world, &none, path, typed)
}

/// Returns the source of what a build makes and so is not in the tree: `dist/x.js` is made from `src/x.ts`.
pub(super) fn built(world: &World<'_>, package: &RelPath, target: &RelPath) -> Option<RelPath> {
    let below = target.is_in(package).then(|| target.parts().skip(package.parts().count()).collect::<Vec<_>>())?;
    let made = |part: &[u8]| matches!(part, b"dist" | b"lib" | b"build" | b"out" | b"esm" | b"cjs" | b"es" | b"types");
    let rest: Vec<&[u8]> = below.iter().copied().skip_while(|part| made(part)).collect();
    if rest.len() == below.len() {
        return None;
    }
    let text = rest.join(&b'/');
    let stem = [".d.ts", ".d.mts", ".d.cts", ".js", ".mjs", ".cjs"].iter().find_map(|ending| text.strip_suffix(ending.as_bytes()));
    let stem = stem.unwrap_or(&text);
    [&b"src"[..], b""].iter().find_map(|folder| inner(world, &package.join(folder).join(stem), true))
}

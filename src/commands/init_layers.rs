//! What `orket init gate dependency_direction` proposes: a layer for each folder, in the order in which they import one another today.

use std::collections::{BTreeMap, BTreeSet};

use super::{Failure, Ui};
use crate::base::RelPath;
use crate::disk::Tree;
use crate::engine::sources;
use crate::facts::{self, Forgetful, Imports, Language, Root};

/// Folders beside the sources that import them, and are imported by nobody.
const BESIDE: [&[u8]; 12] =
    [b"tests", b"test", b"examples", b"example", b"benches", b"docs", b"scripts", b"tools", b"testdata", b"fixtures", b"spec", b"fuzz"];

/// Files that stand in a project's folder and belong to its build.
const BUILDING: [&[u8]; 4] = [b"setup.py", b"conftest.py", b"build.rs", b"noxfile.py"];

/// Returns the gate as text. It holds of the code as it is.
///
/// # Errors
/// When there is nothing to order: no source, no import, or all in one knot.
pub(super) fn propose(ui: &Ui) -> Result<String, Failure> {
    let folder = &ui.surroundings.folder;
    let broken = |error: std::io::Error| Failure::Broken(format!("cannot read `{}`: {error}", folder.display()));
    let tree = Tree::open(folder).map_err(broken)?;
    let found = facts::imports(&tree, &sources(&tree, false).map_err(broken)?, &[Root::whole(RelPath::root(), None)], &Forgetful)
        .map_err(broken)?;
    let none = |text: &str| Failure::NoTarget(format!("error: {text}, so that no layers can be proposed"));
    let (language, root) = source(&found).ok_or_else(|| none("there is no source file of a language that orket reads imports of"))?;
    // Seen as the gate will see it.
    let found = facts::imports(&tree, &sources(&tree, false).map_err(broken)?, &[Root::whole(root.clone(), Some(language))], &Forgetful)
        .map_err(broken)?;
    if found.edges().len() == 0 {
        return Err(none(&format!("no file below `{root}` imports anything")));
    }
    for wrong in &found.unreadable {
        ui.say(&format!("warning: {}:{}: {}; the gate cannot judge before that is mended", wrong.file, wrong.line, wrong.why));
    }
    let layers = layers(&found, &root);
    if layers.len() < 2 {
        return Err(Failure::NoTarget(format!(
            "error: all folders below `{root}` import one another, directly or not, so that there is no direction to hold yet\nhint: `orket graph imports` shows who imports whom"
        )));
    }
    let mut text = format!(
        "gate \"layers\" kind=\"dependency_direction\" {{\n    about \"Who may import whom, as it was when this was proposed\"\n    root \"{root}\" language=\"{}\"\n",
        language.name()
    );
    for layer in &layers {
        let patterns: Vec<String> = layer.patterns.iter().map(|pattern| quoted(pattern)).collect();
        let knot = if layer.parts > 1 { "    // These import one another; to part them is the next step.\n" } else { "" };
        text += &format!("{knot}    layer {} {}\n", quoted(&layer.name), patterns.join(" "));
    }
    let names: Vec<String> = layers.iter().map(|layer| quoted(&layer.name)).collect();
    Ok(text + &format!("    order {}\n}}\n", names.join(" ")))
}

struct Layer {
    name: String,
    patterns: Vec<String>,
    parts: usize,
}

/// Returns the language with the most files, and the folder in which its folders stand side by side.
fn source(found: &Imports) -> Option<(Language, RelPath)> {
    let beside = |file: &RelPath| file.parent().is_some_and(|folder| folder.parts().any(|part| BESIDE.contains(&part)));
    let files: BTreeSet<&RelPath> = found.modules().map(|(_, file, _)| file).filter(|file| !beside(file)).collect();
    let mut counts: BTreeMap<Language, usize> = BTreeMap::new();
    files.iter().filter_map(|file| Language::of(file)).for_each(|language| *counts.entry(language).or_default() += 1);
    let language = counts.into_iter().max_by_key(|(_, count)| *count).map(|(language, _)| language)?;
    let files: Vec<&RelPath> = files.into_iter().filter(|file| Language::of(file) == Some(language)).collect();
    let mut root = RelPath::root();
    loop {
        let below: Vec<&&RelPath> = files.iter().filter(|file| file.is_in(&root) && !builds(file)).collect();
        let folders: BTreeSet<RelPath> = below.iter().filter_map(|file| child(&root, file)).collect();
        let direct = below.iter().filter(|file| child(&root, file).is_none()).count();
        let src = folders.iter().find(|folder| folder.name() == b"src" && root.is_root() && direct == 0);
        let only = folders.first().filter(|_| folders.len() == 1);
        // A few programs in front of the only folder are no reason to look at it as one piece.
        let inside = only.filter(|_| direct == 0 || (root.is_root() && direct * 2 < below.len()));
        match src.or(inside) {
            Some(inner) => root = inner.clone(),
            None => return Some((language, root)),
        }
    }
}

/// Whether a file belongs to how the project is built, and not to the project.
fn builds(file: &RelPath) -> bool {
    BUILDING.contains(&file.name()) || String::from_utf8_lossy(file.name()).contains(".config.")
}

/// Returns the folder right below `root` that a file stands in; `None` if it stands in `root` itself.
fn child(root: &RelPath, file: &RelPath) -> Option<RelPath> {
    let depth = root.parts().filter(|part| !part.is_empty()).count();
    let parts: Vec<&[u8]> = file.parts().take(depth + 1).collect();
    (file.parts().count() > depth + 1).then(|| RelPath::from_normal(parts.join(&b'/')))
}

/// Returns the layers from the top down: each imports only what stands after it.
fn layers(found: &Imports, root: &RelPath) -> Vec<Layer> {
    let node = |file: &RelPath| child(root, file).unwrap_or_else(|| file.clone());
    // A package's marker that imports nothing and is not imported needs no layer.
    let touched: BTreeSet<&RelPath> = found.edges().flat_map(|import| [Some(import.from_file), import.to_file]).flatten().collect();
    let files = found.modules().map(|(_, file, _)| file);
    let files: Vec<&RelPath> =
        files.filter(|file| file.is_in(root) && (!file.name().starts_with(b"__init__.py") || touched.contains(file))).collect();
    let folders: BTreeSet<RelPath> = files.iter().filter_map(|file| child(root, file)).collect();
    // `x.rs` and `x.py` beside a folder `x` are the front of it.
    let owner = |file: &RelPath| {
        let node = node(file);
        let stem = node.as_bytes().iter().rposition(|byte| *byte == b'.').map(|dot| RelPath::from_normal(&node.as_bytes()[..dot]));
        stem.filter(|stem| !folders.contains(&node) && folders.contains(stem)).unwrap_or(node)
    };
    let nodes: BTreeSet<RelPath> = files.iter().map(|file| owner(file)).collect();
    let mut edges: BTreeMap<RelPath, BTreeSet<RelPath>> = nodes.iter().map(|node| (node.clone(), BTreeSet::new())).collect();
    for import in found.edges() {
        let Some(to) = import.to_file.filter(|to| to.is_in(root)) else { continue };
        let (from, to) = (owner(import.from_file), owner(to));
        if from != to && nodes.contains(&to) {
            edges.entry(from).or_default().insert(to);
        }
    }
    let reach: BTreeMap<&RelPath, BTreeSet<&RelPath>> = nodes.iter().map(|node| (node, reached(&edges, node))).collect();
    let mut groups: Vec<Vec<&RelPath>> = Vec::new();
    for node in &nodes {
        match groups.iter_mut().find(|group| reach[group[0]].contains(node) && reach[node].contains(group[0])) {
            Some(group) => group.push(node),
            None => groups.push(vec![node]),
        }
    }
    // Whoever reaches more stands higher; of two, one that reaches the other reaches more.
    groups.sort_by_key(|group| std::cmp::Reverse(reach[group[0]].len() + usize::from(!reach[group[0]].contains(group[0]))));
    let name = |node: &RelPath| {
        let last = String::from_utf8_lossy(node.name()).into_owned();
        last.split('.').next().filter(|stem| !stem.is_empty()).unwrap_or("file").to_owned()
    };
    let mut taken = BTreeSet::new();
    let layers = groups.into_iter().map(|group| {
        let names: Vec<String> = group.iter().map(|node| name(node)).collect();
        let mut label = if names.len() > 3 { format!("{}_and_others", names[0]) } else { names.join("_") };
        while !taken.insert(label.clone()) {
            label.push('_');
        }
        let mut patterns: Vec<String> = Vec::new();
        for node in &group {
            if folders.contains(*node) {
                patterns.push(format!("{}/**", escaped(node)));
            }
            let own = files.iter().filter(|file| child(root, file).is_none() && owner(file) == **node);
            patterns.extend(own.map(|file| escaped(file)));
        }
        Layer { name: label, patterns, parts: group.len() }
    });
    layers.collect()
}

/// Returns what a node leads to, itself only if a circle leads back.
fn reached<'a>(edges: &'a BTreeMap<RelPath, BTreeSet<RelPath>>, from: &RelPath) -> BTreeSet<&'a RelPath> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![from]);
    while let Some(node) = open.pop() {
        for to in edges.get(node).into_iter().flatten() {
            if seen.insert(to) {
                open.push(to);
            }
        }
    }
    seen
}

/// Returns a path as a pattern that means just it.
fn escaped(path: &RelPath) -> String {
    let escape = |c: char| if matches!(c, '*' | '?' | '[' | ']' | '{' | '}' | '\\' | '!') { vec!['\\', c] } else { vec![c] };
    path.to_string().chars().flat_map(escape).collect()
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

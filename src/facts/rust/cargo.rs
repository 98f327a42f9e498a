//! `Cargo.toml`: which crates there are, where they begin, and what they may call by name.

use rustc_hash::{FxHashMap, FxHashSet};
use toml::{Table, Value};

use crate::base::RelPath;
use crate::facts::settings;
use crate::facts::world::World;

/// A package.
pub(super) struct Package {
    /// As Rust spells it.
    pub name: String,
    pub folder: RelPath,
    pub crates: Vec<Crate>,
    /// The names of the crates that it depends on, and of the package that each is.
    pub needs: FxHashMap<String, String>,
}

/// Something that is compiled for itself.
pub(super) struct Crate {
    /// As Rust spells it.
    pub name: String,
    /// `lib`, `bin`, `example`, `test`, `bench` or `build`.
    pub kind: &'static str,
    pub root: RelPath,
}

/// Returns all packages of the tree; `concerns` tells folders that files to be told stand in.
pub(super) fn packages(world: &World<'_>, concerns: &dyn Fn(&RelPath) -> bool) -> Vec<Package> {
    let (mut tables, mut broken, mut above_all) = (Vec::new(), Vec::new(), None);
    for path in world.files().filter(|path| path.name() == b"Cargo.toml") {
        let folder = path.parent().unwrap_or_default();
        match world.said(path, settings::toml) {
            Some(Ok(table)) => tables.push((folder, table)),
            Some(Err(wrong)) => broken.push((folder, path, wrong)),
            None => {}
        }
    }
    // Members may inherit from a workspace that begins above the tree.
    if !tables.is_empty() && !tables.iter().any(|(folder, table)| folder.is_root() && table.contains_key("workspace")) {
        let above = world.above().iter().map(|folder| folder.join(b"Cargo.toml")).filter(|path| world.is_there(path));
        let shared = above.filter_map(|path| world.needed(&path, settings::toml)).find(|table| table.contains_key("workspace"));
        above_all = shared;
    }
    for (folder, path, wrong) in broken {
        let leads = |(near, table): &(RelPath, Table)| concerns(near) && leads_to(near, table, &folder);
        if concerns(&folder) || tables.iter().any(leads) {
            world.is_broken(path, wrong);
        }
    }
    let found: Vec<Package> =
        tables.iter().filter_map(|(folder, table)| package(world, folder, table, (&tables, above_all.as_ref()))).collect();
    if !found.is_empty() {
        return found;
    }
    // Without Cargo, what looks like a crate is one.
    let roots = world.files().filter(|path| matches!(path.name(), b"lib.rs" | b"main.rs"));
    let crates = roots.map(|root| Crate {
        name: String::from_utf8_lossy(&root.name()[..root.name().len() - 3]).into_owned(),
        kind: if root.name() == b"lib.rs" { "lib" } else { "bin" },
        root: root.clone(),
    });
    vec![Package { name: String::new(), folder: RelPath::root(), crates: crates.collect(), needs: FxHashMap::default() }]
}

/// Whether some `path` in a manifest, which stands in the folder `near`, is that of another folder.
fn leads_to(near: &RelPath, table: &Table, folder: &RelPath) -> bool {
    table.iter().any(|(key, value)| match value {
        Value::String(path) => key == "path" && RelPath::parse_in(near, path.as_bytes()).as_ref() == Ok(folder),
        Value::Table(inner) => leads_to(near, inner, folder),
        _ => false,
    })
}

fn package(world: &World<'_>, folder: &RelPath, table: &Table, all: (&[(RelPath, Table)], Option<&Table>)) -> Option<Package> {
    let own = table.get("package")?.get("name")?.as_str()?;
    let mut crates: Vec<Crate> = Vec::new();
    let mut taken = FxHashSet::default();
    let mut add = |name: &str, kind, root: RelPath| {
        if world.has(root.as_bytes()) && taken.insert(root.clone()) {
            crates.push(Crate { name: name.replace('-', "_"), kind, root });
        }
    };
    let text = |value: Option<&Value>, field: &str| value.and_then(|value| value.get(field)).and_then(Value::as_str).map(str::to_owned);
    let below = |path: &str| RelPath::parse_in(folder, path.as_bytes()).unwrap_or_default();
    let lib = table.get("lib");
    add(&text(lib, "name").unwrap_or(own.to_owned()), "lib", below(&text(lib, "path").unwrap_or("src/lib.rs".into())));
    for (field, kind, place) in
        [("bin", "bin", "src/bin"), ("example", "example", "examples"), ("test", "test", "tests"), ("bench", "bench", "benches")]
    {
        for target in table.get(field).and_then(Value::as_array).into_iter().flatten() {
            let name = text(Some(target), "name").unwrap_or_default();
            let guesses = [format!("{place}/{name}.rs"), format!("{place}/{name}/main.rs"), "src/main.rs".into()];
            match text(Some(target), "path") {
                Some(path) => add(&name, kind, below(&path)),
                None => guesses.iter().take(if kind == "bin" { 3 } else { 2 }).for_each(|guess| {
                    if *guess != "src/main.rs" || name == own {
                        add(&name, kind, below(guess));
                    }
                }),
            }
        }
        if kind == "bin" {
            add(own, kind, below("src/main.rs"));
        }
        let found_out =
            ["autobins", "autoexamples", "autotests", "autobenches"].into_iter().find(|field| field[4..].starts_with(&kind[..2]));
        let off = found_out.and_then(|field| table.get("package")?.get(field)?.as_bool()) == Some(false);
        if off {
            continue;
        }
        let place = below(place);
        for path in world.files().filter(|path| path.is_in(&place) && path.name().ends_with(b".rs")) {
            let near = path.parent().unwrap_or_default();
            let stem = if near == place {
                &path.name()[..path.name().len() - 3]
            } else if path.name() == b"main.rs" && near.parent().as_ref() == Some(&place) {
                near.name()
            } else {
                continue;
            };
            add(&String::from_utf8_lossy(stem), kind, path.clone());
        }
    }
    add("build", "build", below(&text(table.get("package"), "build").unwrap_or("build.rs".into())));
    Some(Package { name: own.replace('-', "_"), folder: folder.clone(), crates, needs: needs(folder, table, all) })
}

/// Returns what a package depends on, in all its sections; `all` are the manifests of the tree, and that of a workspace above it.
fn needs(folder: &RelPath, table: &Table, (all, beyond): (&[(RelPath, Table)], Option<&Table>)) -> FxHashMap<String, String> {
    let mut found = FxHashMap::default();
    let workspace = all.iter().filter(|(above, table)| folder.is_in(above) && table.contains_key("workspace"));
    let shared = workspace.max_by_key(|(above, _)| above.as_bytes().len()).map(|(_, table)| table).or(beyond);
    let shared = shared.and_then(|table| table["workspace"].get("dependencies"));
    let sections = ["dependencies", "dev-dependencies", "build-dependencies", "dev_dependencies", "build_dependencies"];
    let targets =
        table.get("target").and_then(Value::as_table).into_iter().flat_map(|targets| targets.values()).filter_map(Value::as_table);
    for part in std::iter::once(table).chain(targets) {
        let tables = sections.iter().filter_map(|section| part.get(*section)).filter_map(Value::as_table);
        for (name, value) in tables.flatten() {
            let inherited =
                || value.get("workspace").and(shared).and_then(|shared| shared.get(name)).and_then(|value| value.get("package"));
            let package = value.get("package").or_else(inherited).and_then(Value::as_str).unwrap_or(name);
            found.insert(name.replace('-', "_"), package.replace('-', "_"));
        }
    }
    found
}

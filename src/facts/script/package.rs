//! `package.json`: names, entries, `exports`, `imports`, and which packages of the tree are one workspace.

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::base::RelPath;
use crate::base::glob::Glob;
use crate::facts::settings;
use crate::facts::syntax::Extracted;
use crate::facts::world::World;

/// One `package.json`.
pub(super) struct Package {
    pub folder: RelPath,
    pub json: Value,
}

/// Which of a package's entries an import asks for: with `import`, or with `require`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum How {
    Import,
    Require,
}

/// All packages of the tree.
pub(super) struct Packages<'a> {
    world: &'a World<'a>,
    by_folder: FxHashMap<RelPath, Extracted<Package>>,
    /// Packages that others of the tree import by name.
    shared: FxHashMap<String, RelPath>,
    named: FxHashMap<String, Vec<RelPath>>,
}

impl Package {
    pub(super) fn name(&self) -> Option<&str> {
        self.json["name"].as_str()
    }

    /// Returns what the package's `exports` or `imports` say to a key, such as `.`, `./sub` or `#sub`, likeliest first; `None`
    /// if they say nothing of it.
    pub(super) fn targets(&self, field: &str, key: &str, how: How) -> Option<Vec<String>> {
        let map = &self.json[field];
        let subpaths = map.as_object().filter(|map| map.keys().any(|key| key.starts_with(['.', '#'])));
        let (value, star) = match subpaths {
            None if map.is_null() || key != "." => return None,
            None => (map, None),
            Some(map) => match map.get(key) {
                Some(value) => (value, None),
                None => {
                    let matched = map.iter().filter_map(|(pattern, value)| {
                        let (before, after) = pattern.split_once('*')?;
                        let star = key.strip_prefix(before)?.strip_suffix(after)?;
                        Some((before.len(), value, star))
                    });
                    let (_, value, star) = matched.max_by_key(|(length, ..)| *length)?;
                    (value, Some(star))
                }
            },
        };
        let mut found = Vec::new();
        gather(value, how, &mut found);
        found.sort_by_key(|(rank, _)| *rank);
        Some(found.into_iter().map(|(_, target)| star.map_or(target.to_owned(), |star| target.replace('*', star))).collect())
    }

    /// Returns what the whole package means, where there are no `exports`, likeliest first.
    pub(super) fn entries(&self) -> impl Iterator<Item = &str> {
        ["source", "module", "main", "browser", "types", "typings"].into_iter().filter_map(|field| self.json[field].as_str())
    }
}

/// Gathers the targets below conditions. All that can hold are of interest: what a build makes is not in the tree, its source is.
fn gather<'j>(value: &'j Value, how: How, found: &mut Vec<(usize, &'j str)>) {
    let mut todo = vec![(value, 0)];
    while let Some((value, rank)) = todo.pop() {
        match value {
            Value::String(target) => found.push((rank, target)),
            Value::Array(targets) => todo.extend(targets.iter().rev().map(|target| (target, rank))),
            Value::Object(conditions) => {
                let order = match how {
                    How::Import => ["source", "development", "import", "module", "node", "default", "require"],
                    How::Require => ["source", "development", "require", "node", "default", "import", "module"],
                };
                for (condition, target) in conditions {
                    let own = order.iter().position(|known| known == condition).unwrap_or(order.len());
                    todo.push((target, rank.max(own)));
                }
            }
            _ => {}
        }
    }
}

impl<'a> Packages<'a> {
    /// Reads all packages; `concerns` tells folders that files to be told stand in.
    pub(super) fn new(world: &'a World<'a>, concerns: &dyn Fn(&RelPath) -> bool) -> Packages<'a> {
        let mut by_folder = FxHashMap::default();
        let mut named: FxHashMap<String, Vec<RelPath>> = FxHashMap::default();
        for path in world.files().filter(|path| path.name() == b"package.json") {
            let Some(json) = world.said(path, settings::json::<Value>) else { continue };
            let folder = path.parent().unwrap_or_default();
            if let Some(name) = json.as_ref().ok().and_then(|json| json["name"].as_str()) {
                named.entry(name.to_owned()).or_default().push(folder.clone());
            }
            by_folder.insert(folder.clone(), json.map(|json| Package { folder, json }));
        }
        let mut packages = Packages { world, by_folder, shared: FxHashMap::default(), named };
        let members = packages.members(world, concerns);
        let shared = members.iter().filter_map(|folder| Some((packages.at(folder)?.name()?.to_owned(), folder.clone())));
        packages.shared = shared.collect();
        packages
    }

    /// Returns the package that a folder belongs to.
    pub(super) fn around(&self, folder: &RelPath) -> Option<&Package> {
        std::iter::successors(Some(folder.clone()), RelPath::parent).find_map(|folder| self.at(&folder))
    }

    /// Returns the package that stands in just this folder. Who asks needs to know it.
    pub(super) fn at(&self, folder: &RelPath) -> Option<&Package> {
        let package = self.by_folder.get(folder)?.as_ref();
        package.inspect_err(|wrong| self.world.is_broken(&folder.join(b"package.json"), (*wrong).clone())).ok()
    }

    /// Returns the package of the tree that is called `name` from within the package `from`.
    pub(super) fn find<'p>(&'p self, name: &str, from: Option<&'p Package>) -> Option<&'p Package> {
        if let Some(own) = from.filter(|own| own.name() == Some(name)) {
            return Some(own);
        }
        if let Some(folder) = self.shared.get(name) {
            return self.at(folder);
        }
        let fields = ["dependencies", "devDependencies", "peerDependencies", "optionalDependencies"];
        let from = from?;
        let wanted = fields.iter().find_map(|field| from.json[*field][name].as_str())?;
        if let Some(way) = ["file:", "link:", "portal:"].iter().find_map(|prefix| wanted.strip_prefix(prefix)) {
            return self.at(&RelPath::parse_in(&from.folder, way.as_bytes()).ok()?);
        }
        let folder = wanted.starts_with("workspace:").then(|| self.named.get(name)?.first())??;
        self.at(folder)
    }

    /// Returns the folders of all packages that some workspace of the tree takes in, and of the workspaces.
    fn members(&self, world: &World<'_>, concerns: &dyn Fn(&RelPath) -> bool) -> FxHashSet<RelPath> {
        let mut found = FxHashSet::default();
        let mut take = |folder: &RelPath, patterns: Vec<String>| {
            let relative = |pattern: &str| {
                let path = RelPath::parse_in(folder, pattern.trim_start_matches("./").as_bytes()).ok()?;
                Glob::new(&path.to_string()).ok()
            };
            let (not, yes): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
            let yes: Vec<Glob> = yes.into_iter().filter_map(|pattern| relative(pattern)).collect();
            let not: Vec<Glob> = not.into_iter().filter_map(|pattern| relative(&pattern[1..])).collect();
            let inside = |folder: &RelPath| yes.iter().any(|glob| glob.matches(folder)) && !not.iter().any(|glob| glob.matches(folder));
            // What a member is called that cannot be read concerns those only who can import it.
            let known = |folder: &RelPath| self.by_folder[folder].is_ok();
            let concerned = concerns(folder);
            if !yes.is_empty() {
                found.insert(folder.clone());
            }
            found.extend(self.by_folder.keys().filter(|member| (concerned || known(member)) && inside(member)).cloned());
        };
        for package in self.by_folder.values().flatten() {
            let field = &package.json["workspaces"];
            take(&package.folder, strings(if field.is_object() { &field["packages"] } else { field }));
        }
        for path in world.files() {
            let folder = path.parent().unwrap_or_default();
            match path.name() {
                b"pnpm-workspace.yaml" => take(&folder, world.text(path).map_or(Vec::new(), |text| pnpm(&text))),
                b"lerna.json" => match world.said(path, settings::json::<Value>) {
                    Some(Ok(json)) => take(&folder, strings(&json["packages"])),
                    Some(Err(wrong)) if concerns(&folder) => world.is_broken(path, wrong),
                    _ => {}
                },
                _ => {}
            }
        }
        found
    }
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Reads the list below `packages:` of a `pnpm-workspace.yaml`, in block or flow style.
fn pnpm(text: &str) -> Vec<String> {
    let mut lines = text.lines().map(|line| line.split(" #").next().unwrap_or_default().trim_end());
    let Some(first) = lines.by_ref().find_map(|line| line.strip_prefix("packages:")) else { return Vec::new() };
    let plain = |item: &str| item.trim().trim_matches(['"', '\'']).to_owned();
    if let Some(flow) = first.trim().strip_prefix('[') {
        return flow.trim_end_matches(']').split(',').map(plain).filter(|item| !item.is_empty()).collect();
    }
    let items = lines.map(str::trim_start).filter(|line| !line.is_empty() && !line.starts_with('#'));
    items.map_while(|line| line.strip_prefix('-')).map(plain).collect()
}

/// Returns the package of a name, and what of it is meant.
pub(super) fn top(text: &str) -> (&str, &str) {
    let slash = match text.strip_prefix('@') {
        Some(scoped) => scoped.find('/').and_then(|slash| scoped[slash + 1..].find('/').map(|next| slash + next + 2)),
        None => text.find('/'),
    };
    slash.map_or((text, ""), |slash| (&text[..slash], &text[slash + 1..]))
}

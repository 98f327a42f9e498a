//! What `composer.json` says about where classes are.

use serde_json::Value;

use crate::base::RelPath;
use crate::facts::names::shared;
use crate::facts::settings;
use crate::facts::world::World;

/// The folders of all namespaces that composer is told of.
pub(super) struct Composer {
    /// What full names begin with (without a last backslash), the folder, and whether the beginning is part of the path (PSR-0).
    prefixes: Vec<(String, RelPath, bool)>,
}

impl Composer {
    /// Reads every `composer.json` of the tree; `concerns` tells folders that files to be told stand in.
    pub fn new(world: &World<'_>, concerns: &dyn Fn(&RelPath) -> bool) -> Composer {
        let mut prefixes = Vec::new();
        for file in world.files().filter(|path| path.name() == b"composer.json" && !vendored(path)) {
            let here = file.parent().unwrap_or_default();
            let json = match world.said(file, settings::json::<Value>) {
                Some(Ok(json)) => json,
                Some(Err(wrong)) if concerns(&here) => {
                    world.is_broken(file, wrong);
                    continue;
                }
                _ => continue,
            };
            for (section, standard) in [("autoload", "psr-4"), ("autoload-dev", "psr-4"), ("autoload", "psr-0"), ("autoload-dev", "psr-0")]
            {
                for (prefix, folders) in json[section][standard].as_object().into_iter().flatten() {
                    let one = std::slice::from_ref(folders);
                    let folders = folders.as_array().map_or(one, Vec::as_slice).iter().filter_map(Value::as_str);
                    let prefix = prefix.trim_matches('\\');
                    for folder in folders.filter_map(|folder| RelPath::parse_in(&here, folder.trim_end_matches('/').as_bytes()).ok()) {
                        prefixes.push((prefix.to_owned(), folder, standard == "psr-0"));
                    }
                }
            }
        }
        Composer { prefixes }
    }

    /// Returns the file that composer would load for a class: that of the longest beginning, and among equals of the nearest package.
    pub fn find(&self, world: &World<'_>, from: &RelPath, full: &str) -> Option<RelPath> {
        let path = |(prefix, folder, long): &(String, RelPath, bool)| {
            let rest = below(full, prefix)?;
            let (namespace, class) = if *long { full } else { rest }.rsplit_once('\\').unwrap_or(("", if *long { full } else { rest }));
            let class = if *long { class.replace('_', "/") } else { class.to_owned() };
            let name = [namespace.replace('\\', "/"), class].iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join("/");
            let path = RelPath::parse_in(folder, format!("{name}.php").as_bytes()).ok()?;
            world.has(path.as_bytes()).then(|| (prefix.len(), shared(&path, from), path))
        };
        let found = self.prefixes.iter().filter_map(path).max_by_key(|(length, near, _)| (*length, *near));
        found.map(|(.., path)| path)
    }

    /// Whether a name belongs to a namespace of this tree.
    pub fn owns(&self, full: &str) -> bool {
        self.prefixes.iter().any(|(prefix, ..)| !prefix.is_empty() && (full == prefix || below(full, prefix).is_some()))
    }
}

/// Returns what follows a namespace in a name.
fn below<'n>(full: &'n str, prefix: &str) -> Option<&'n str> {
    if prefix.is_empty() { Some(full) } else { full.strip_prefix(prefix)?.strip_prefix('\\') }
}

/// Whether a file was installed by composer.
pub(super) fn vendored(path: &RelPath) -> bool {
    path.parts().any(|part| part == b"vendor")
}

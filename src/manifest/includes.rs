//! Whether a manifest includes another one: asked where orket is started inside a package, also while some manifest is wrong.

use std::collections::BTreeSet;

use super::load::Source;
use super::node::Value;
use super::read::read;
use crate::base::{RelPath, glob};

/// Whether `manifest` includes `wanted`, directly or through others. Mistakes do not matter: of a text that cannot be read as a whole, what
/// stands behind each `include` counts.
pub fn includes(source: &dyn Source, manifest: &RelPath, wanted: &RelPath) -> bool {
    let mut visited = BTreeSet::new();
    let mut waiting = vec![manifest.clone()];
    while let Some(path) = waiting.pop() {
        if path == *wanted {
            return true;
        }
        if !visited.insert(path.clone()) {
            continue;
        }
        let Ok(bytes) = source.read(&path) else { continue };
        let folder = path.parent().unwrap_or_else(RelPath::root);
        let named = match read(&path.to_string().into(), &bytes) {
            Ok(nodes) => {
                let texts = nodes.into_iter().filter(|node| node.name == "include").flat_map(|node| node.args);
                texts.filter_map(|(value, _)| if let Value::Text(text) = value { Some(text) } else { None }).collect()
            }
            Err(_) => behind_include(&String::from_utf8_lossy(&bytes)),
        };
        for text in named {
            let Ok(path) = RelPath::parse_in(&folder, text.as_bytes()) else { continue };
            let pattern = path.to_string();
            match (glob::is_glob(&pattern), pattern.ends_with(".kdl")) {
                (true, true) => waiting.extend(source.matches(&[pattern]).unwrap_or_default()),
                (true, false) => waiting.extend(source.matches(&[format!("{pattern}/orket.kdl")]).unwrap_or_default()),
                (false, true) => waiting.push(path),
                (false, false) => waiting.push(path.join(b"orket.kdl")),
            }
        }
    }
    false
}

/// Returns what may be the names behind each `include` of a text that is broken somewhere: the pieces between quotes, up to the end of the
/// line, be they closed or not, and words without quotes.
fn behind_include(text: &str) -> Vec<String> {
    let text = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let mut names = Vec::new();
    for rest in text.split("include").skip(1) {
        let line = rest.lines().next().unwrap_or_default();
        names.extend(line.split(['"', ';', '}', '#']).flat_map(|piece| [piece, piece.trim()]).map(str::to_owned));
        names.extend(line.split_whitespace().map(str::to_owned));
    }
    names.retain(|name| !name.is_empty());
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_behind_a_broken_include() {
        let finds = |text: &str, name: &str| behind_include(text).iter().any(|found| found == name);
        assert!(finds("include \"pay\"\ntask {", "pay"));
        assert!(finds("include \"log\" \"pay", "pay"));
        assert!(finds("include \\\n  \"a b\" #\"pay\"#", "pay") && finds("include \\\n  \"a b\"", "a b"));
        assert!(finds("include pay; task \"x", "pay"));
        assert!(!finds("task \"pay\" {\ninclude \"log\"\ninputs \"pay\"", "pay"));
    }
}

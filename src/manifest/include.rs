//! `include`: which manifests it means, and what is wrong with meeting one again.

use std::collections::BTreeMap;

use super::load::Load;
use super::node::Node;
use super::problem::Problem;
use crate::base::{Address, Place, RelPath};

impl Load<'_> {
    pub(super) fn included(&mut self, node: &Node, folder: &RelPath, own: &RelPath) -> Vec<(RelPath, Place)> {
        self.problems.leaf(node, &[]);
        let mut found = Vec::new();
        for (text, place) in self.problems.texts(node) {
            let path = match RelPath::parse_in(folder, text.as_bytes()) {
                Ok(path) => path,
                Err(error) => {
                    self.problems.say(
                        "manifest/wrong_path",
                        &place,
                        format!("the path `{text}`: {error}"),
                        "name a folder or manifest inside the project",
                    );
                    continue;
                }
            };
            let pattern = path.to_string();
            if crate::base::glob::is_glob(&pattern) {
                let wanted = if pattern.ends_with(".kdl") { pattern } else { format!("{pattern}/orket.kdl") };
                found.extend(self.asked(vec![wanted], &place).into_iter().filter(|path| path != own).map(|path| (path, place.clone())));
            } else {
                found.push((if pattern.ends_with(".kdl") { path } else { path.join(b"orket.kdl") }, place));
            }
        }
        found.retain(|(path, place)| self.package(path, place));
        found
    }

    /// Whether the folder of a manifest can stand in addresses and patterns.
    fn package(&mut self, manifest: &RelPath, place: &Place) -> bool {
        let folder = manifest.parent().unwrap_or_else(RelPath::root);
        let wrong = match std::str::from_utf8(folder.as_bytes()) {
            Err(_) => Some(String::from("it is not UTF-8")),
            Ok(_) if folder.is_root() => None,
            Ok(text) if text.contains(['{', '}']) => Some(String::from("the name of a package must not hold a brace")),
            Ok(text) => Address::check_name(text).err().map(|error| error.to_string()),
        };
        if let Some(wrong) = &wrong {
            let message = format!("the folder `{folder}` cannot be a package: {wrong}");
            self.problems.say("manifest/wrong_name", place, message, "rename the folder, or leave it out of `include`");
        }
        wrong.is_none()
    }
}

/// Says that a manifest is included again: in a circle, or from two places. `from` says where each manifest was included first.
pub(super) fn included_twice(path: &RelPath, place: &Place, earlier: &Option<Place>, from: &BTreeMap<RelPath, Option<Place>>) -> Problem {
    let mut chain = vec![path.to_string()];
    let mut above = Some(place.file.to_string());
    while let Some(file) = above {
        above = match RelPath::parse(&file) {
            Ok(file) if file != *path => from.get(&file).and_then(Option::as_ref).map(|place| place.file.to_string()),
            _ => None,
        };
        chain.push(file);
    }
    chain.reverse();
    let circle = chain.first() == chain.last();
    Problem {
        code: if circle { "manifest/include_loop" } else { "manifest/include_twice" },
        message: if circle {
            format!("manifests include each other: {}", chain.join(" -> "))
        } else {
            format!("`{path}` is included already")
        },
        place: Some(place.clone()),
        length: 1,
        help: Some(String::from("include each package once, best from the root manifest")),
        notes: earlier.iter().map(|earlier| (String::from("included here, too"), earlier.clone())).collect(),
    }
}

//! An `env` block.

use super::common::Context;
use super::problem::Problems;
use super::read::Node;
use crate::base::{Place, RelPath};
use crate::model::{EnvRule, EnvRules};

impl Problems {
    fn variable(&mut self, name: &str, place: &Place) {
        if name.is_empty() || name.contains(|c: char| c == '=' || c.is_whitespace() || c.is_control()) {
            let message = format!("`{name}` is no name of a variable");
            self.say("manifest/wrong_name", place, message, "write a name such as \"CARGO_HOME\"");
        }
    }

    pub(super) fn env(&mut self, node: &Node, context: &Context) -> EnvRules {
        self.block(node);
        let (mut files, mut rules) = (Vec::new(), Vec::new());
        for child in &node.children {
            let place = child.place.clone();
            self.leaf(child, &[]);
            match child.name.as_str() {
                "pass" | "secret" => {
                    for (name, place) in self.texts(child) {
                        self.variable(&name, &place);
                        let name = name.into();
                        rules.push(if child.name == "pass" { EnvRule::Pass { name, place } } else { EnvRule::Secret { name, place } });
                    }
                }
                "set" => {
                    let texts = self.texts(child);
                    match &texts[..] {
                        [(name, named), (value, at)] => {
                            self.variable(name, named);
                            rules.push(EnvRule::Set { name: name.as_str().into(), value: self.fill(context, value, at), place })
                        }
                        _ => self.say(
                            "manifest/wrong_value",
                            &place,
                            "`set` takes a name and a value",
                            "write it as `set \"NAME\" \"value\"`",
                        ),
                    }
                }
                "dotenv" => {
                    for (file, place) in self.texts(child) {
                        match RelPath::parse_in(&context.package, file.as_bytes()) {
                            Ok(file) => files.push(EnvRule::Dotenv { file, place }),
                            Err(error) => self.say(
                                "manifest/wrong_path",
                                &place,
                                format!("the path `{file}`: {error}"),
                                "name a file inside the project",
                            ),
                        }
                    }
                }
                unknown => self.unknown("node", unknown, "`env`", &place, &["pass", "set", "dotenv", "secret"]),
            }
        }
        files.extend(rules);
        files
    }
}

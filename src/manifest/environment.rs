//! An `env` block.

use std::collections::BTreeMap;

use super::common::Context;
use super::node::{Node, Value};
use super::problem::Problem;
use super::problems::Problems;
use crate::base::{Place, RelPath};
use crate::model::{EnvRule, EnvRules};

/// Returns what to do where a manifest names a variable that orket sets for every task or service.
fn orkets_own(name: &str) -> Option<&'static str> {
    match name {
        "MAKEFLAGS" | "CARGO_MAKEFLAGS" => Some("take it out: the jobserver is offered there; flags stand in the command, as in `make -k`"),
        "ORKET_MARK" | "ORKET_RUN" | "ORKET_CHECKOUT" | "ORKET_TASK" | "ORKET_SERVICE" | "ORKET_GATE" => {
            Some("choose another name: it tells what runs")
        }
        name if name.starts_with("ORKET_FAILED_") => Some("choose another name: it tells a remedy what failed"),
        _ => None,
    }
}

impl Problems {
    fn variable(&mut self, name: &str, place: &Place) {
        if name.is_empty() || name.contains(|c: char| c == '=' || c.is_whitespace() || c.is_control()) {
            let message = format!("`{name}` is no name of a variable");
            self.say("manifest/wrong_name", place, message, "write a name such as \"CARGO_HOME\"");
        } else if let Some(help) = orkets_own(name) {
            self.say("manifest/wrong_name", place, format!("orket sets `{name}` itself, whatever stands here"), help);
        }
    }

    /// Checks that the `env` blocks among these nodes, which are those of one level, say each variable once.
    pub(super) fn env_once(&mut self, nodes: &[Node]) {
        let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
        for child in nodes.iter().filter(|node| node.name == "env").flat_map(|env| &env.children) {
            let names = match &*child.name {
                "pass" | "secret" => child.args.len(),
                "set" => 1,
                _ => 0,
            };
            for (value, place) in child.args.iter().take(names) {
                let Value::Text(name) = value else { continue };
                if let Some(earlier) = seen.insert(name, place) {
                    self.push(Problem {
                        code: "manifest/duplicate",
                        message: format!("the variable `{name}` is said twice"),
                        place: Some(place.clone()),
                        length: name.len(),
                        help: Some(String::from("keep one of them; for one name the nearest level wins, and this is one level")),
                        notes: vec![(String::from("the other one"), earlier.clone())],
                    });
                }
            }
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
                        let Some(name) = self.settled(context, &name, &place, "the name of a variable") else { continue };
                        self.variable(&name, &place);
                        let name = name.into();
                        rules.push(if child.name == "pass" { EnvRule::Pass { name, place } } else { EnvRule::Secret { name, place } });
                    }
                }
                "set" => {
                    let texts = self.texts(child);
                    match &texts[..] {
                        [(name, named), (value, at)] => {
                            let value = self.fill(context, value, at);
                            let Some(name) = self.settled(context, name, named, "the name of a variable") else { continue };
                            self.variable(&name, named);
                            rules.push(EnvRule::Set { name: name.into(), value, place })
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
                        let Some(file) = self.settled(context, &file, &place, "the name of a file of variables") else { continue };
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

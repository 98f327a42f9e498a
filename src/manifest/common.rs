//! What lowering any node needs: the mistakes so far, the package, the scopes.

use std::sync::Arc;
use std::time::Duration;

use super::problem::{Problem, Problems};
use super::read::{Node, Value};
use super::scope::Scopes;
use crate::base::{Address, Place, RelPath, did_you_mean, glob, quantity};
use crate::model::{EnvRule, EnvRules, Need, Pattern, Text};

/// Where a node stands.
#[derive(Clone)]
pub(super) struct Context {
    pub package: RelPath,
    pub epic: Option<Address>,
    pub scopes: Scopes,
    pub env: EnvRules,
    /// All manifests: nothing may be put out over them.
    pub manifests: Arc<[RelPath]>,
}

impl Context {
    /// Returns the full address of a name that is declared here.
    pub fn address(&self, name: &str) -> Address {
        match &self.epic {
            Some(epic) => Address::new(format!("{epic}/{name}")),
            None => self.top(name),
        }
    }

    /// Returns the full address of a name at the top of this package.
    pub fn top(&self, name: &str) -> Address {
        if self.package.is_root() { Address::new(name) } else { Address::new(format!("{}:{name}", self.package)) }
    }

    /// Returns the addresses that a name may mean here, nearest first.
    pub fn candidates(&self, text: &str) -> Vec<Address> {
        if text.contains(':') {
            return vec![Address::new(text)];
        }
        let mut candidates = vec![self.address(text), self.top(text), Address::new(text)];
        candidates.dedup();
        candidates
    }
}

impl Problems {
    pub(super) fn say(&mut self, code: &'static str, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.push(Problem {
            code,
            message: message.into(),
            place: Some(place.clone()),
            length: 1,
            help: Some(help.into()).filter(|help: &String| !help.is_empty()),
            notes: Vec::new(),
        });
    }

    /// Says that a node or property is not known among `known`.
    pub(super) fn unknown(&mut self, what: &str, name: &str, inside: &str, place: &Place, known: &[&str]) {
        let help = did_you_mean(name, known.iter().copied())
            .map_or_else(|| format!("{inside} knows: {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
        let code = if what == "property" { "manifest/unknown_property" } else { "manifest/unknown_node" };
        self.push(Problem {
            code,
            message: format!("there is no {what} `{name}` in {inside}"),
            place: Some(place.clone()),
            length: name.len(),
            help: Some(help),
            notes: Vec::new(),
        });
    }

    /// Checks that a node has only these properties.
    pub(super) fn only(&mut self, node: &Node, known: &[&str]) {
        for (name, _, place) in &node.props {
            if !known.contains(&name.as_str()) {
                self.unknown("property", name, &format!("`{}`", node.name), place, known);
            }
        }
    }

    /// Checks that a node has only these properties and no block.
    pub(super) fn leaf(&mut self, node: &Node, known: &[&str]) {
        self.only(node, known);
        if let Some(child) = node.children.first() {
            self.say("manifest/unknown_node", &child.place, format!("`{}` takes no block", node.name), "take the block out");
        }
    }

    /// Checks that a node has no values, only a block.
    pub(super) fn block(&mut self, node: &Node) {
        self.only(node, &[]);
        if let Some((_, place)) = node.args.first() {
            self.say("manifest/too_many", place, format!("`{}` takes a block and no values", node.name), "take the values out");
        }
    }

    fn wanted(&mut self, node: &Node, place: &Place, wanted: &str, found: &str) {
        self.say(
            "manifest/wrong_value",
            place,
            format!("`{}` takes {wanted}, not {found}", node.name),
            format!("write it as `{} {}`", node.name, example(wanted)),
        );
    }

    /// Returns the texts of a node, at least one.
    pub(super) fn texts(&mut self, node: &Node) -> Vec<(String, Place)> {
        if node.args.is_empty() {
            self.wanted(node, &node.place, "a text", "nothing");
        }
        let mut texts = Vec::new();
        for (value, place) in &node.args {
            match value {
                Value::Text(text) => texts.push((text.clone(), place.clone())),
                other => self.wanted(node, place, "a text", other.kind()),
            }
        }
        texts
    }

    /// Returns the one text of a node.
    pub(super) fn text_of(&mut self, node: &Node) -> Option<(String, Place)> {
        if node.args.len() > 1 {
            self.say("manifest/too_many", &node.args[1].1, format!("`{}` takes one text", node.name), "take the others out");
        }
        self.texts(node).into_iter().next()
    }

    pub(super) fn bool_of(&mut self, node: &Node) -> bool {
        match &node.args[..] {
            [] => true,
            [(Value::Bool(value), _)] => *value,
            [(other, place), ..] => {
                self.wanted(node, place, "#true or #false", other.kind());
                true
            }
        }
    }

    pub(super) fn whole_of(&mut self, node: &Node, least: i128) -> Option<u32> {
        match node.args.first() {
            Some((Value::Whole(number), _)) if *number >= least && *number <= 1_000_000 => Some(*number as u32),
            Some((Value::Whole(number), place)) => {
                self.say(
                    "manifest/out_of_range",
                    place,
                    format!("`{}` is {number}; it has to be from {least} to 1000000", node.name),
                    format!("write a number from {least} on"),
                );
                None
            }
            Some((other, place)) => {
                self.wanted(node, place, "a whole number", other.kind());
                None
            }
            None => {
                self.wanted(node, &node.place, "a whole number", "nothing");
                None
            }
        }
    }

    pub(super) fn duration(&mut self, text: &str, place: &Place) -> Option<Duration> {
        let duration = quantity::duration(text);
        if duration.is_none() {
            self.say("manifest/wrong_duration", place, format!("`{text}` is no duration"), "write it as \"90s\", \"10m\" or \"1h30m\"");
        }
        duration
    }

    pub(super) fn duration_of(&mut self, node: &Node) -> Option<Duration> {
        let (text, place) = self.text_of(node)?;
        self.duration(&text, &place)
    }

    pub(super) fn fill(&mut self, context: &Context, text: &str, place: &Place) -> Text {
        context.scopes.fill(text).unwrap_or_else(|(message, help)| {
            self.say("manifest/unknown_name", place, message, help.unwrap_or_default());
            Text::literal(text)
        })
    }

    pub(super) fn name_of(&mut self, node: &Node, context: &Context) -> Option<(String, Place)> {
        let (text, place) = self.text_of(node)?;
        let text = self.fill(context, &text, &place);
        let Some(name) = text.as_literal() else {
            self.say(
                "manifest/open_name",
                &place,
                format!("the name of a {} has to be known while loading", node.name),
                "env, decision, port and run are only known later",
            );
            return None;
        };
        if let Err(error) = Address::check_name(name) {
            self.say("manifest/wrong_name", &place, format!("`{name}`: {error}"), "choose another name");
            return None;
        }
        Some((name.to_owned(), place))
    }

    pub(super) fn needs(&mut self, node: &Node, context: &Context) -> Vec<Need> {
        self.leaf(node, &["optional"]);
        let optional = node.props.iter().any(|(name, value, _)| name == "optional" && *value == Value::Bool(true));
        let texts = self.texts(node);
        texts
            .into_iter()
            .map(|(text, place)| {
                let filled = self.fill(context, &text, &place);
                if filled.as_literal().is_none() && text.contains("{{") {
                    self.say(
                        "manifest/open_name",
                        &place,
                        format!("what `{}` names has to be known while loading", node.name),
                        "env, decision, port and run are only known later",
                    );
                }
                let text = filled.to_string();
                Need { candidates: context.candidates(&text), text: text.into(), optional, place }
            })
            .collect()
    }

    /// Lowers a path or glob of this package to one that is relative to the root.
    pub(super) fn path(&mut self, context: &Context, text: &str, place: &Place) -> Text {
        let filled = self.fill(context, text, place);
        if filled.as_literal() == Some("") {
            self.say("manifest/wrong_path", place, "the path is empty", "write `.` for the folder of this manifest");
        }
        let Some(literal) = filled.as_literal() else {
            let prefix = if context.package.is_root() { String::new() } else { format!("{}/", context.package) };
            return Text::from_parts(std::iter::once(crate::model::Part::Literal(prefix.into())).chain(filled.parts().iter().cloned()));
        };
        match RelPath::parse_in(&context.package, literal.as_bytes()) {
            Ok(path) => {
                let folder = literal.ends_with('/') || literal.ends_with("/.") || literal == ".";
                let text = if path.is_root() { String::from("./") } else { format!("{path}{}", if folder { "/" } else { "" }) };
                if glob::is_glob(&text)
                    && let Err(error) = glob::Glob::new(text.trim_end_matches('/'))
                {
                    self.say(
                        "manifest/wrong_glob",
                        place,
                        format!("`{literal}` is no pattern: {error}"),
                        "escape special characters with a backslash",
                    );
                }
                Text::literal(text)
            }
            Err(error) => {
                self.say(
                    "manifest/wrong_path",
                    place,
                    format!("the path `{literal}`: {error}"),
                    "name a path inside the project, relative to this manifest's folder",
                );
                filled
            }
        }
    }

    pub(super) fn patterns(&mut self, node: &Node, context: &Context) -> Vec<Pattern> {
        self.leaf(node, &[]);
        let texts = self.texts(node);
        texts
            .into_iter()
            .map(|(text, place)| {
                let (negated, text) = text.strip_prefix('!').map_or((false, text.as_str()), |text| (true, text));
                Pattern { text: self.path(context, text, &place), negated, place: place.clone() }
            })
            .collect()
    }

    pub(super) fn env(&mut self, node: &Node, context: &Context) -> EnvRules {
        self.block(node);
        let (mut files, mut rules) = (Vec::new(), Vec::new());
        for child in &node.children {
            let place = child.place.clone();
            self.leaf(child, &[]);
            match child.name.as_str() {
                "pass" => rules.extend(self.texts(child).into_iter().map(|(name, place)| EnvRule::Pass { name: name.into(), place })),
                "secret" => rules.extend(self.texts(child).into_iter().map(|(name, place)| EnvRule::Secret { name: name.into(), place })),
                "set" => {
                    let texts = self.texts(child);
                    match &texts[..] {
                        [(name, _), (value, at)] => {
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

fn example(wanted: &str) -> &'static str {
    match wanted {
        "a text" => "\"text\"",
        "a whole number" => "2",
        _ => "#true",
    }
}

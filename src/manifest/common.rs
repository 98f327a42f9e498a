//! What lowering any node needs: the mistakes so far, the package, the scopes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use super::node::{Node, Value};
use super::problem::Problem;
use super::problems::Problems;
use super::scope::{Scopes, Unfilled};
use crate::base::{Address, Place, RelPath, did_you_mean, quantity};
use crate::model::{EnvRules, Need, Text};

/// What a text takes beside its bytes.
pub(super) const TEXT: u64 = 16;
/// What a need takes beside its text.
pub(super) const NEED: u64 = 128;

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
    /// Returns the same for another thread: threads that count the owners of one thing wait for each other.
    pub fn apart(&self) -> Context {
        Context { scopes: self.scopes.apart(), manifests: Arc::from(&*self.manifests), ..self.clone() }
    }

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
        candidates(self.epic.as_ref(), &self.package, text)
    }
}

/// Returns the addresses that a name may mean in an epic or at the top of a package, nearest first.
pub(super) fn candidates(epic: Option<&Address>, package: &RelPath, text: &str) -> Vec<Address> {
    if text.contains(':') {
        return vec![Address::new(text)];
    }
    let mut candidates = Vec::with_capacity(3);
    candidates.extend(epic.map(|epic| Address::new(format!("{epic}/{text}"))));
    if !package.is_root() {
        candidates.push(Address::new(format!("{package}:{text}")));
    }
    candidates.push(Address::new(text));
    candidates
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
        let help = match did_you_mean(name, known.iter().copied()).or_else(|| elsewhere(name, known)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() && what == "property" => String::from("take it out"),
            None if known.is_empty() && what == "pool" => format!("declare it: `pool \"{name}\" 1`"),
            None if known.is_empty() => format!("declare it: `{what} \"{name}\"`"),
            None => format!("{inside} knows: {}", known.join(", ")),
        };
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

    /// Checks that a node has only these properties, each once.
    pub(super) fn only(&mut self, node: &Node, known: &[&str]) {
        for (name, _, place) in &node.props {
            if !known.contains(&name.as_str()) {
                self.unknown("property", name, &format!("`{}`", node.name), place, known);
            }
        }
        let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
        for (name, _, place) in &node.props {
            if let Some(earlier) = seen.insert(name, place) {
                self.twice(format!("`{name}` of `{}`", node.name), name.len(), place, earlier);
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
            format!("write it as `{} {}`", node.name, example(wanted, node)),
        );
    }

    /// Checks that a node has no more than `most` values.
    pub(super) fn at_most(&mut self, node: &Node, most: usize) {
        if let Some((_, place)) = node.args.get(most) {
            let count = crate::base::quantity::plural(most, "value");
            self.say("manifest/too_many", place, format!("`{}` takes {count}", node.name), "take the others out");
        }
    }

    /// Checks that nothing in a block is said twice, except what `many` names.
    pub(super) fn once(&mut self, nodes: &[Node], many: &[&str]) {
        let mut seen: BTreeMap<&str, &Node> = BTreeMap::new();
        for node in nodes.iter().filter(|node| !many.contains(&node.name.as_str())) {
            if let Some(earlier) = seen.insert(&node.name, node) {
                self.twice(format!("`{}`", node.name), node.name.len(), &node.place, &earlier.place);
            }
        }
    }

    fn twice(&mut self, what: String, length: usize, place: &Place, earlier: &Place) {
        self.push(Problem {
            code: "manifest/duplicate",
            message: format!("{what} is said twice"),
            place: Some(place.clone()),
            length,
            help: Some(String::from("keep one of them")),
            notes: vec![(String::from("the other one"), earlier.clone())],
        });
    }

    /// Returns a property that is a text; says so where it is something else.
    pub(super) fn text_prop(&mut self, node: &Node, wanted: &str) -> Option<(String, Place)> {
        let (_, value, place) = node.props.iter().find(|(name, ..)| name == wanted)?;
        let Value::Text(text) = value else {
            let message = format!("`{wanted}` takes a text, not {}", value.kind());
            self.say("manifest/wrong_value", place, message, format!("write it as `{wanted}=\"text\"`"));
            return None;
        };
        Some((text.clone(), place.clone()))
    }

    /// Returns the texts of a node, at least one.
    pub(super) fn texts(&mut self, node: &Node) -> Vec<(String, Place)> {
        self.words(node).into_iter().map(|(text, place)| (text.to_owned(), place.clone())).collect()
    }

    /// As `texts`, where they stand.
    pub(super) fn words<'n>(&mut self, node: &'n Node) -> Vec<(&'n str, &'n Place)> {
        if node.args.is_empty() {
            self.wanted(node, &node.place, "a text", "nothing");
        }
        let mut texts = Vec::with_capacity(node.args.len());
        for (value, place) in &node.args {
            match value {
                Value::Text(text) => texts.push((text.as_str(), place)),
                other => self.wanted(node, place, "a text", other.kind()),
            }
        }
        texts
    }

    /// Returns the one text of a node.
    pub(super) fn text_of(&mut self, node: &Node) -> Option<(String, Place)> {
        self.word(node).map(|(text, place)| (text.to_owned(), place.clone()))
    }

    /// As `text_of`, where it stands.
    fn word<'n>(&mut self, node: &'n Node) -> Option<(&'n str, &'n Place)> {
        if node.args.len() > 1 {
            self.say("manifest/too_many", &node.args[1].1, format!("`{}` takes one text", node.name), "take the others out");
        }
        self.words(node).first().copied()
    }

    /// Lowers an `about`: its holes are filled as far as they are known.
    pub(super) fn about(&mut self, node: &Node, context: &Context) -> Option<Box<str>> {
        self.leaf(node, &[]);
        self.text_of(node).map(|(text, place)| self.fill(context, &text, &place).to_string().into())
    }

    pub(super) fn bool_of(&mut self, node: &Node) -> bool {
        self.at_most(node, 1);
        match &node.args[..] {
            [] => true,
            [(Value::Bool(value), _), ..] => *value,
            [(other, place), ..] => {
                self.wanted(node, place, "#true or #false", other.kind());
                true
            }
        }
    }

    pub(super) fn whole_of(&mut self, node: &Node, least: i128) -> Option<u32> {
        self.at_most(node, 1);
        match node.args.first() {
            Some((Value::Whole(number), _)) if **number >= least && **number <= 1_000_000 => Some(**number as u32),
            Some((Value::Whole(number), place)) => {
                self.say(
                    "manifest/out_of_range",
                    place,
                    format!("`{}` is {number}; it has to be from {least} to 1000000", node.name),
                    format!("write a number from {least} to 1000000"),
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
        self.taken(context.scopes.fill(text), text, place)
    }

    /// Counts a text that was filled, or tells why it was not; then it is as it is written.
    pub(super) fn taken(&mut self, filled: Result<Text, Vec<Unfilled>>, text: &str, place: &Place) -> Text {
        match filled {
            Ok(filled) => {
                self.takes(TEXT + filled.size() as u64, place);
                filled
            }
            Err(wrong) => {
                for Unfilled { code, message, hint, hole } in wrong {
                    let (place, length) = (Some(self.inside(place, text, &hole)), hole.len());
                    self.push(Problem { code, message, place, length, help: Some(hint), notes: Vec::new() });
                }
                Text::literal(text)
            }
        }
    }

    /// Returns where a part of a text stands, if that can be seen in the lines that the text has; else where the text does.
    pub(super) fn inside(&self, place: &Place, text: &str, part: &str) -> Place {
        let source = self.sources().iter().find(|(file, _)| *file == place.file).map_or("", |(_, source)| source);
        let lines = source.lines().zip(1..).skip(place.line.max(1) as usize - 1);
        // A text of several lines begins on the line behind its quotes.
        let count = if text.contains('\n') { text.lines().count() + 1 } else { 1 };
        let found = lines.take(count).find_map(|(line, number)| {
            let column = if number == place.line { place.column.max(1) as usize - 1 } else { 0 };
            let (before, rest) = line.split_at(line.char_indices().nth(column).map_or(line.len(), |(at, _)| at));
            let at = rest.find(part)?;
            Some(Place { line: number, column: (before.chars().count() + rest[..at].chars().count() + 1) as u32, ..place.clone() })
        });
        found.unwrap_or_else(|| place.clone())
    }

    /// As `fill`, for what is best known while loading: what is left open is an error, as it is written.
    fn known<'t>(&mut self, context: &Context, text: &'t str, place: &Place) -> Result<Cow<'t, str>, String> {
        if !text.contains("{{") {
            self.takes(TEXT + text.len() as u64, place);
            return Ok(Cow::Borrowed(text));
        }
        let filled = self.fill(context, text, place);
        if filled.as_literal().is_some() { Ok(Cow::Owned(filled.to_string())) } else { Err(filled.to_string()) }
    }

    /// Fills a text in which nothing may be left open; `what` says what it is.
    pub(super) fn settled(&mut self, context: &Context, text: &str, place: &Place, what: impl Display) -> Option<String> {
        if let Ok(known) = self.known(context, text, place) {
            return Some(known.into_owned());
        }
        let message = format!("{what} has to be known while loading");
        self.say("manifest/open_name", place, message, "env, decision, port and run are only known later");
        None
    }

    pub(super) fn name_of(&mut self, node: &Node, context: &Context) -> Option<(String, Place)> {
        let (text, place) = self.word(node)?;
        let name = self.settled(context, text, place, format_args!("the name of a {}", node.name))?;
        if let Err(error) = Address::check_name(&name) {
            self.say("manifest/wrong_name", place, format!("`{name}`: {error}"), "choose another name");
            return None;
        }
        Some((name, place.clone()))
    }

    pub(super) fn needs(&mut self, node: &Node, context: &Context) -> Vec<Need> {
        self.leaf(node, &["optional"]);
        let optional = match node.props.iter().find(|(name, ..)| name == "optional") {
            Some((_, Value::Bool(value), _)) => *value,
            Some((_, value, place)) => {
                let message = format!("`optional` takes #true or #false, not {}", value.kind());
                self.say("manifest/wrong_value", place, message, "write it as `optional=#true`");
                false
            }
            None => false,
        };
        let texts = self.words(node);
        texts
            .into_iter()
            .map(|(text, place)| {
                let text = self.known(context, text, place).unwrap_or_else(|open| {
                    self.say(
                        "manifest/open_name",
                        place,
                        format!("what `{}` names has to be known while loading", node.name),
                        "env, decision, port and run are only known later",
                    );
                    Cow::Owned(open)
                });
                if text.is_empty() {
                    let message = format!("`{}` names nothing", node.name);
                    self.say("manifest/wrong_value", place, message, "write the name of a target, or take the text out");
                }
                self.takes(NEED, place);
                Need { candidates: context.candidates(&text), text: Box::from(&*text), optional, place: place.clone() }
            })
            .collect()
    }
}

/// Returns what orket calls that which other task runners call by this name, if it is known here.
fn elsewhere(name: &str, known: &[&str]) -> Option<&'static str> {
    let ours = match name {
        "cmd" | "cmds" | "command" | "commands" | "exec" | "script" | "shell" => "sh",
        "dep" | "deps" | "depends" | "depends_on" | "dependencies" | "requires" => "needs",
        "desc" | "description" | "doc" | "summary" => "about",
        "workdir" | "working_dir" | "cwd" | "directory" => "dir",
        "sources" | "srcs" | "source" => "inputs",
        "targets" | "generates" | "artifacts" | "products" => "outputs",
        "internal" | "hidden" => "private",
        _ => return None,
    };
    known.contains(&ours).then_some(ours)
}

fn example(wanted: &str, node: &Node) -> &'static str {
    match wanted {
        "a text" if matches!(&*node.name, "timeout" | "within" | "every" | "max_age") => "\"90s\"",
        "a text" => "\"text\"",
        "a whole number" => "2",
        _ if matches!(node.args.first(), Some((Value::Text(text), _)) if text == "false") => "#false",
        _ => "#true",
    }
}

//! What the manifest says about directions.

use std::borrow::Cow;

use crate::base::{Place, RelPath, did_you_mean};
use crate::facts::{Import, Language, Root};
use crate::gates::judge::Judge;
use crate::gates::settings::{Common, Node, Reader};
use crate::model::{RuleValue, Setting};

const NODES: &[Node] = &[
    Node::new("root").with(&["language"]).holding(&[Node::new("exclude").with(&["reason"])]),
    Node::new("layer"),
    Node::new("order"),
    Node::new("deny"),
    Node::new("allow").with(&["reason", "until"]),
    Node::new("independent"),
    Node::new("acyclic"),
    Node::new("protected").with(&["by"]).holding(&[Node::new("by")]),
    Node::new("external").with(&["only_in"]).holding(&[Node::new("only_in")]),
    Node::new("transitive"),
    Node::new("type_only"),
];

/// The rules of one gate. Layers are indices.
#[derive(Default)]
pub(super) struct Rules {
    pub roots: Vec<Root>,
    /// Patterns of files that some root leaves out.
    pub without: Vec<(String, Place)>,
    pub layers: Vec<Layer>,
    /// Each may import those that stand after it.
    pub orders: Vec<(Vec<usize>, Place)>,
    pub denied: Vec<(usize, usize, Place)>,
    pub allowed: Vec<Allowed>,
    pub independent: Vec<(Vec<usize>, Place)>,
    pub acyclic: Vec<(String, Place)>,
    pub protected: Vec<Protected>,
    pub external: Vec<External>,
    pub transitive: bool,
    pub without_types: bool,
}

pub(super) struct Layer {
    pub name: String,
    pub patterns: Vec<String>,
    pub place: Place,
}

pub(super) struct Allowed {
    pub from: usize,
    pub to: usize,
    /// The last day, as `2027-01-31`.
    pub until: Option<String>,
    pub place: Place,
}

pub(super) struct Protected {
    pub files: Vec<String>,
    pub by: Vec<String>,
    pub place: Place,
}

pub(super) struct External {
    pub package: String,
    pub only_in: Vec<usize>,
    pub place: Place,
}

impl External {
    /// Whether an import is one of the package that is meant, or of one in it. To Cargo, `a-b` and `a_b` are the same.
    pub fn means(&self, import: Import<'_>) -> bool {
        let as_cargo = Language::of(import.from_file) == Some(Language::Rust);
        let package = if as_cargo { Cow::Owned(self.package.replace('-', "_")) } else { Cow::Borrowed(&*self.package) };
        import.to.strip_prefix(&*package).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '/', '\\']))
    }

    /// Whether what is meant stands inside of a package, or is a pattern for some: imports are only known by the package.
    pub fn is_inside(&self, package: &str) -> bool {
        let name = self.package.strip_prefix("node:").unwrap_or(&self.package);
        let pattern = name.split_once('*').is_some_and(|(before, _)| package.starts_with(before));
        pattern
            || (name != self.package && name == package)
            || name.strip_prefix(package).is_some_and(|rest| rest.starts_with(['.', '/', '\\', ':']))
    }
}

pub(in crate::gates) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rules) = rules(reader);
    (common, Box::new(rules))
}

pub(super) fn rules(reader: &mut Reader<'_>) -> (Common, Rules) {
    let (common, rest) = reader.common(NODES);
    let mut rules = Rules::default();
    for setting in rest.iter().filter(|setting| &*setting.name == "layer") {
        let mut texts = reader.texts(setting).into_iter();
        let Some(name) = texts.next() else { continue };
        if rules.layers.iter().any(|layer| layer.name == name) {
            reader.say(&setting.place, format!("there are two layers `{name}`"), "put the patterns of both into one");
            continue;
        }
        let patterns: Vec<String> = texts.collect();
        if patterns.is_empty() {
            reader.say(&setting.place, format!("the layer `{name}` has no files"), format!("name them: layer \"{name}\" \"{name}/**\""));
        }
        patterns.iter().for_each(|text| reader.pattern(&setting.place, text));
        rules.layers.push(Layer { name, patterns, place: setting.place.clone() });
    }
    reader.once(&rest, &["transitive", "type_only"]);
    for setting in rest {
        let place = setting.place.clone();
        match &*setting.name {
            "root" => {
                let without = without(reader, setting);
                let patterns: Vec<String> = without.iter().map(|(pattern, _)| pattern.clone()).collect();
                rules.roots.extend(root(reader, setting).into_iter().map(|root| Root { without: patterns.clone(), ..root }));
                rules.without.extend(without);
            }
            "order" => {
                let layers = some_layers(reader, setting, &rules.layers);
                rules.orders.push((layers, place));
            }
            "deny" => {
                if let [from, to] = some_layers(reader, setting, &rules.layers)[..] {
                    rules.denied.push((from, to, place));
                }
            }
            "allow" => {
                let until = reader.date(setting, "until");
                if setting.property("reason").and_then(text).is_none_or(|reason| reason.trim().is_empty()) {
                    reader.say(&place, "`allow` gives no reason", "write why this is allowed: reason=\"until the loop is rewritten\"");
                }
                if let [from, to] = some_layers(reader, setting, &rules.layers)[..] {
                    rules.allowed.push(Allowed { from, to, until, place });
                }
            }
            "independent" => {
                let layers = some_layers(reader, setting, &rules.layers);
                rules.independent.push((layers, place));
            }
            "acyclic" => {
                rules.acyclic.extend(reader.patterns(setting).into_iter().map(|folder| (folder, place.clone())));
            }
            "protected" => {
                let mut by: Vec<String> = setting.property("by").and_then(text).into_iter().collect();
                by.iter().for_each(|text| reader.pattern(&place, text));
                setting.children.iter().for_each(|child| by.extend(reader.patterns(child)));
                rules.protected.push(Protected { files: reader.patterns(setting), by, place });
            }
            "external" => rules.external.extend(external(reader, setting, &rules.layers)),
            "transitive" => rules.transitive = reader.flag(setting),
            "layer" => {}
            _ => rules.without_types = reader.one_of(setting, &["include", "ignore"]) == Some("ignore"),
        }
    }
    let layered = !rules.orders.is_empty() || !rules.denied.is_empty() || !rules.independent.is_empty();
    let asks = layered || !rules.acyclic.is_empty() || !rules.protected.is_empty() || !rules.external.is_empty();
    if !asks && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate has no rule", "write layers with an `order`, `deny` or `independent`, or `acyclic \".\"`");
    }
    if rules.roots.is_empty() {
        rules.roots.push(Root::whole(RelPath::root(), None));
    }
    (common, rules)
}

fn text(value: &RuleValue) -> Option<String> {
    match value {
        RuleValue::Text(text) => Some(text.to_string()),
        _ => None,
    }
}

fn root(reader: &mut Reader<'_>, setting: &Setting) -> Vec<Root> {
    let language = match setting.property("language").map(text) {
        None => None,
        Some(name) => {
            let name = name.unwrap_or_default();
            let found = Language::find(&name);
            if found.is_none() {
                let all: Vec<&str> = Language::all().map(Language::name).collect();
                let help = match did_you_mean(&name, all.iter().copied()) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("there are: {}", all.join(", ")),
                };
                reader.say(&setting.place, format!("there is no language `{name}`"), help);
            }
            found
        }
    };
    let mut roots = Vec::new();
    for folder in reader.texts(setting) {
        match RelPath::parse(folder.trim_end_matches('/')) {
            Ok(folder) => roots.push(Root::whole(folder, language)),
            Err(error) => reader.say(&setting.place, format!("`{folder}`: {error}"), "name a folder beside or below the manifest"),
        }
    }
    roots
}

/// Reads what a root leaves out.
fn without(reader: &mut Reader<'_>, setting: &Setting) -> Vec<(String, Place)> {
    let mut patterns = Vec::new();
    for child in &setting.children {
        if child.property("reason").and_then(text).is_none_or(|reason| reason.trim().is_empty()) {
            reader.say(&child.place, "`exclude` gives no reason", "write why nothing is known of these files: reason=\"the parser lags\"");
        }
        patterns.extend(reader.texts(child).into_iter().map(|pattern| (pattern, child.place.clone())));
    }
    patterns
}

fn external(reader: &mut Reader<'_>, setting: &Setting, layers: &[Layer]) -> Vec<External> {
    let mut names: Vec<(String, Place)> = Vec::new();
    names.extend(setting.property("only_in").and_then(text).map(|name| (name, setting.place.clone())));
    for child in &setting.children {
        names.extend(reader.texts(child).into_iter().map(|name| (name, child.place.clone())));
    }
    if names.is_empty() {
        reader.say(&setting.place, "`external` does not say where the package may be used", "add only_in=\"LAYER\"");
    }
    let only_in: Vec<usize> = names.iter().filter_map(|(name, place)| layer(reader, layers, name, place)).collect();
    let packages = reader.texts(setting);
    packages.into_iter().map(|package| External { package, only_in: only_in.clone(), place: setting.place.clone() }).collect()
}

/// Returns the layers that a node names, at least two.
fn some_layers(reader: &mut Reader<'_>, setting: &Setting, layers: &[Layer]) -> Vec<usize> {
    let names = reader.texts(setting);
    let exactly = matches!(&*setting.name, "deny" | "allow");
    if names.len() < 2 || (exactly && names.len() > 2) {
        let help =
            if exactly { format!("write {} \"FROM\" \"TO\"", setting.name) } else { format!("write {} \"ONE\" \"OTHER\"", setting.name) };
        reader.say(&setting.place, format!("`{}` takes {}two layers", setting.name, if exactly { "" } else { "at least " }), help);
    }
    let mut found = Vec::new();
    for index in names.iter().filter_map(|name| layer(reader, layers, name, &setting.place)).collect::<Vec<_>>() {
        if found.contains(&index) {
            let message = format!("`{}` names the layer `{}` twice", setting.name, layers[index].name);
            reader.say(&setting.place, message, "name another layer; what is in one layer may import each other");
        } else {
            found.push(index);
        }
    }
    found
}

fn layer(reader: &mut Reader<'_>, layers: &[Layer], name: &str, place: &Place) -> Option<usize> {
    let found = layers.iter().position(|layer| layer.name == name);
    if found.is_none() {
        let help = match did_you_mean(name, layers.iter().map(|layer| &*layer.name)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it: layer \"{name}\" \"{name}/**\""),
        };
        reader.say(place, format!("there is no layer `{name}`"), help);
    }
    found
}

//! What every gate can say, and how a kind reads what it says beyond that.

use super::sight::{folder_of, rooted};
use crate::base::{Place, RelPath, did_you_mean};
use crate::disk::PatternSet;
use crate::model::{Gate, RuleValue, Setting};

/// When a gate is run.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// Before a commit.
    PreCommit,
    /// Before a push.
    PrePush,
    /// By a CI system.
    Ci,
}

impl Stage {
    /// Returns the stage of this name.
    pub fn find(name: &str) -> Option<Stage> {
        match name {
            "pre_commit" | "pre-commit" => Some(Stage::PreCommit),
            "pre_push" | "pre-push" => Some(Stage::PrePush),
            "ci" => Some(Stage::Ci),
            _ => None,
        }
    }
}

/// A mistake in a gate's rules.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wrong {
    /// What is wrong, as a lower-case sentence.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to do.
    pub help: String,
}

/// What every gate can say.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Common {
    /// `level "warning"`: findings fail nothing.
    pub warning: bool,
    /// `stage`; none means all.
    pub stages: Vec<Stage>,
    /// `quick #true`
    pub quick: bool,
    /// `baseline "FILE"`
    pub baseline: Option<String>,
    /// `ratchet "strict"`: an entry of the baseline whose finding is gone fails.
    pub strict: bool,
    /// `allow_empty #true`
    pub allow_empty: bool,
}

/// A node that a gate may hold, and what may stand at it.
pub(super) struct Node {
    pub name: &'static str,
    properties: &'static [&'static str],
    /// `None`: the manifest has looked at what stands in its braces.
    children: Option<&'static [Node]>,
}

impl Node {
    /// A node with values alone.
    pub(super) const fn new(name: &'static str) -> Node {
        Node { name, properties: &[], children: Some(&[]) }
    }

    /// With these properties.
    pub(super) const fn with(self, properties: &'static [&'static str]) -> Node {
        Node { properties, ..self }
    }

    /// With these nodes in its braces.
    pub(super) const fn holding(self, children: &'static [Node]) -> Node {
        Node { children: Some(children), ..self }
    }

    /// With nodes in its braces that the manifest has looked at.
    pub(super) const fn open(self) -> Node {
        Node { children: None, ..self }
    }
}

const COMMON: &[Node] =
    &[Node::new("level"), Node::new("stage"), Node::new("quick"), Node::new("baseline"), Node::new("ratchet"), Node::new("allow_empty")];

/// Reads settings one by one, and gathers what is wrong with them.
pub(super) struct Reader<'a> {
    pub gate: &'a Gate,
    pub wrong: Vec<Wrong>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(gate: &'a Gate) -> Reader<'a> {
        Reader { gate, wrong: Vec::new() }
    }

    pub(super) fn say(&mut self, place: &Place, message: impl Into<String>, help: impl Into<String>) {
        self.wrong.push(Wrong { message: message.into(), place: place.clone(), help: help.into() });
    }

    /// Reads what every gate can say; returns the rest, after checking that it is what `known` says.
    pub(super) fn common(&mut self, known: &[Node]) -> (Common, Vec<&'a Setting>) {
        let mut common = Common::default();
        let mut rest = Vec::new();
        let all: Vec<&Node> = known.iter().chain(COMMON).collect();
        for setting in &self.gate.settings {
            if !self.fits(setting, &all, &format!("a gate of kind `{}`", self.gate.kind)) {
                continue;
            }
            match &*setting.name {
                "level" => common.warning = self.one_of(setting, &["error", "warning"]) == Some("warning"),
                "stage" => {
                    for text in self.texts(setting) {
                        match Stage::find(&text) {
                            Some(stage) => common.stages.push(stage),
                            None => self.say(&setting.place, format!("there is no stage `{text}`"), "there are: pre_commit, pre_push, ci"),
                        }
                    }
                }
                "quick" => common.quick = self.flag(setting),
                "baseline" => {
                    common.baseline = self.text(setting);
                    if let Some(Err(error)) = common.baseline.as_deref().map(RelPath::parse) {
                        self.say(&setting.place, format!("`baseline`: {error}"), "name a file beside or below the manifest");
                    }
                }
                "ratchet" => common.strict = self.one_of(setting, &["strict"]).is_some(),
                "allow_empty" => common.allow_empty = self.flag(setting),
                _ => rest.push(setting),
            }
        }
        let named = |name: &str| self.gate.settings.iter().find(|setting| *setting.name == *name);
        if let (Some(ratchet), None) = (named("ratchet"), named("baseline")) {
            self.say(&ratchet.place, "`ratchet` has no baseline to hold", "name one: baseline \"orket-baseline.json\"");
        }
        let all: Vec<&Setting> = self.gate.settings.iter().collect();
        self.once(&all, &["level", "quick", "baseline", "ratchet", "allow_empty"]);
        (common, rest)
    }

    /// Whether a node is among `known`; says what is wrong with it, its properties, and what stands in its braces.
    fn fits(&mut self, setting: &Setting, known: &[&Node], within: &str) -> bool {
        let Some(node) = known.iter().find(|node| *node.name == *setting.name) else {
            let names: Vec<&str> = known.iter().map(|node| node.name).collect();
            self.say(&setting.place, format!("there is no node `{}` in {within}", setting.name), near(&setting.name, &names));
            return false;
        };
        self.once_each(setting);
        for (name, _) in setting.properties.iter().filter(|(name, _)| !node.properties.contains(&&**name)) {
            self.say(&setting.place, format!("`{}` has no property `{name}`", setting.name), near(name, node.properties));
        }
        if let Some(children) = node.children {
            let (children, within): (Vec<&Node>, _) = (children.iter().collect(), format!("`{}`", setting.name));
            for child in &setting.children {
                self.fits(child, &children, &within);
            }
        }
        true
    }

    /// Says of these nodes, which say one thing each, where one stands a second time.
    pub(super) fn once(&mut self, settings: &[&Setting], names: &[&str]) {
        for (at, setting) in settings.iter().enumerate().filter(|(_, setting)| names.contains(&&*setting.name)) {
            if settings[..at].iter().any(|earlier| earlier.name == setting.name) {
                self.say(&setting.place, format!("`{}` stands here a second time", setting.name), "leave one of them");
            }
        }
    }

    /// Says where a property of a node stands a second time.
    fn once_each(&mut self, setting: &Setting) {
        for (at, (name, _)) in setting.properties.iter().enumerate() {
            if setting.properties[..at].iter().any(|(earlier, _)| earlier == name) {
                self.say(&setting.place, format!("`{name}` stands here a second time"), "leave one of them");
            }
        }
    }

    /// Says where a pattern for paths is wrong; `!` before it takes away.
    pub(super) fn pattern(&mut self, place: &Place, text: &str) {
        let text = text.strip_prefix('!').unwrap_or(text);
        if let Err(why) = PatternSet::new(&[rooted(&folder_of(self.gate), text)], &[]) {
            self.say(place, why, "correct the pattern");
        }
    }

    /// Returns the texts of a node that are patterns for paths.
    pub(super) fn patterns(&mut self, setting: &Setting) -> Vec<String> {
        let texts = self.texts(setting);
        texts.iter().for_each(|text| self.pattern(&setting.place, text));
        texts
    }

    /// Returns a property that is a day, as `2027-01-31`.
    pub(super) fn date(&mut self, setting: &Setting, name: &str) -> Option<String> {
        let value = setting.property(name)?;
        match value {
            RuleValue::Text(text) if text.parse::<jiff::civil::Date>().is_ok() && text.len() == 10 => Some(text.to_string()),
            _ => {
                self.say(&setting.place, format!("`{name}` takes a day"), format!("write it as {name}=\"2027-01-31\""));
                None
            }
        }
    }

    pub(super) fn flag(&mut self, setting: &Setting) -> bool {
        match setting.values[..] {
            [] => true,
            [RuleValue::Flag(flag)] => flag,
            _ => {
                self.say(&setting.place, format!("`{}` takes #true or #false", setting.name), format!("write `{} #true`", setting.name));
                true
            }
        }
    }

    pub(super) fn text(&mut self, setting: &Setting) -> Option<String> {
        match &setting.values[..] {
            [RuleValue::Text(text)] => Some(text.to_string()),
            _ => {
                self.say(&setting.place, format!("`{}` takes one text", setting.name), format!("write it as `{} \"text\"`", setting.name));
                None
            }
        }
    }

    pub(super) fn texts(&mut self, setting: &Setting) -> Vec<String> {
        if setting.values.is_empty() || setting.texts().count() < setting.values.len() {
            self.say(&setting.place, format!("`{}` takes texts", setting.name), format!("write it as `{} \"text\"`", setting.name));
        }
        setting.texts().map(str::to_owned).collect()
    }

    pub(super) fn count(&mut self, setting: &Setting) -> Option<usize> {
        match setting.values[..] {
            [RuleValue::Whole(number)] if number >= 0 => Some(number as usize),
            _ => {
                self.say(&setting.place, format!("`{}` takes a whole number", setting.name), format!("write it as `{} 10`", setting.name));
                None
            }
        }
    }

    pub(super) fn one_of(&mut self, setting: &'a Setting, known: &[&str]) -> Option<&'a str> {
        let text = setting.texts().next().filter(|text| setting.values.len() == 1 && known.contains(text));
        if text.is_some() {
            return text;
        }
        let message = format!("`{}` takes one of: {}", setting.name, known.join(", "));
        self.say(&setting.place, message, format!("write it as `{} \"{}\"`", setting.name, known[0]));
        None
    }
}

/// Says what to do about a name that is not among `known`.
fn near(name: &str, known: &[&str]) -> String {
    match did_you_mean(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => String::from("take it out"),
        None => format!("there are: {}", known.join(", ")),
    }
}

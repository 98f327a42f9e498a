//! What every gate can say, and how a kind reads what it says beyond that.

use super::sight::{folder_of, rooted};
use crate::base::{Place, did_you_mean};
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

const COMMON: [&str; 6] = ["level", "stage", "quick", "baseline", "ratchet", "allow_empty"];

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

    /// Reads what every gate can say; returns the rest, after checking that it is among `known`.
    pub(super) fn common(&mut self, known: &[&str]) -> (Common, Vec<&'a Setting>) {
        let mut common = Common::default();
        let mut rest = Vec::new();
        for setting in &self.gate.settings {
            match &*setting.name {
                "level" => common.warning = self.one_of(setting, &["error", "warning"]) == Some("warning"),
                "stage" => {
                    for text in setting.texts() {
                        match Stage::find(text) {
                            Some(stage) => common.stages.push(stage),
                            None => self.say(&setting.place, format!("there is no stage `{text}`"), "there are: pre_commit, pre_push, ci"),
                        }
                    }
                }
                "quick" => common.quick = self.flag(setting),
                "baseline" => common.baseline = self.text(setting),
                "ratchet" => common.strict = self.one_of(setting, &["strict"]).is_some(),
                "allow_empty" => common.allow_empty = self.flag(setting),
                name if known.contains(&name) => rest.push(setting),
                name => {
                    let all: Vec<&str> = known.iter().chain(&COMMON).copied().collect();
                    self.unknown(setting, name, &all);
                }
            }
        }
        let all: Vec<&Setting> = self.gate.settings.iter().collect();
        self.once(&all, &["level", "quick", "baseline", "ratchet", "allow_empty"]);
        (common, rest)
    }

    /// Says of these nodes, which say one thing each, where one stands a second time.
    pub(super) fn once(&mut self, settings: &[&Setting], names: &[&str]) {
        for (at, setting) in settings.iter().enumerate().filter(|(_, setting)| names.contains(&&*setting.name)) {
            if settings[..at].iter().any(|earlier| earlier.name == setting.name) {
                self.say(&setting.place, format!("`{}` stands here a second time", setting.name), "leave one of them");
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

    /// Says that a node is not known here.
    pub(super) fn unknown(&mut self, setting: &Setting, name: &str, known: &[&str]) {
        let help = match did_you_mean(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are: {}", known.join(", ")),
        };
        self.say(&setting.place, format!("there is no node `{name}` in a gate of kind `{}`", self.gate.kind), help);
    }

    /// Says which properties of a node are not known.
    pub(super) fn only(&mut self, setting: &Setting, known: &[&str]) {
        for (name, _) in setting.properties.iter().filter(|(name, _)| !known.contains(&&**name)) {
            let help = match did_you_mean(name, known.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if known.is_empty() => String::from("take it out"),
                None => format!("there are: {}", known.join(", ")),
            };
            self.say(&setting.place, format!("`{}` has no property `{name}`", setting.name), help);
        }
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
        let text = setting.texts().next();
        if let Some(text) = text.filter(|text| known.contains(text)) {
            return Some(text);
        }
        let message = format!("`{}` takes one of: {}", setting.name, known.join(", "));
        self.say(&setting.place, message, format!("write it as `{} \"{}\"`", setting.name, known[0]));
        None
    }
}

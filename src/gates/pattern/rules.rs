//! What the manifest says about patterns.

use regex::bytes::{Regex, RegexBuilder};

use crate::base::did_you_mean;
use crate::facts::{Language, Search};
use crate::gates::judge::Judge;
use crate::gates::settings::{Common, Node, Reader};
use crate::model::{RuleValue, Setting};

const NODES: &[Node] = &[
    Node::new("pattern"),
    Node::new("syntax").with(&["language"]),
    Node::new("files"),
    Node::new("max"),
    Node::new("require"),
    Node::new("message"),
    Node::new("help"),
];

/// The rules of one gate.
#[derive(Default)]
pub(super) struct Rules {
    pub patterns: Vec<(String, Pattern)>,
    pub files: Vec<String>,
    /// How many matches there may be.
    pub max: usize,
    /// Each file has to hold one.
    pub require: bool,
    pub message: Option<String>,
    pub help: Option<String>,
}

/// What is looked for.
pub(super) enum Pattern {
    Text(Regex),
    Syntax(Search),
}

pub(in crate::gates) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rest) = reader.common(NODES);
    let mut rules = Rules::default();
    reader.once(&rest, &["max", "require", "message", "help"]);
    for setting in rest {
        match &*setting.name {
            "pattern" => {
                for text in reader.texts(setting) {
                    match RegexBuilder::new(&text).multi_line(true).crlf(true).build() {
                        Ok(regex) => rules.patterns.push((text, Pattern::Text(regex))),
                        Err(error) => {
                            let why = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
                            let message = format!("`{text}` is no regular expression: {why}");
                            reader.say(&setting.place, message, "correct it; `\\(` means a bracket");
                        }
                    }
                }
            }
            "syntax" => rules.patterns.extend(syntax(reader, setting)),
            "files" => rules.files.extend(reader.patterns(setting)),
            "max" => rules.max = reader.count(setting).unwrap_or(0),
            "require" => rules.require = reader.flag(setting),
            "message" => rules.message = reader.text(setting),
            _ => rules.help = reader.text(setting),
        }
    }
    if rules.patterns.is_empty() && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate has no pattern", "name one: pattern \"except Exception\"");
    }
    (common, Box::new(rules))
}

fn syntax(reader: &mut Reader<'_>, setting: &Setting) -> Option<(String, Pattern)> {
    let query = reader.text(setting)?;
    let named = match setting.property("language") {
        Some(RuleValue::Text(name)) => Some(name),
        _ => None,
    };
    let Some(language) = named.and_then(|name| Language::find(name)) else {
        if let Some(name) = named {
            let all: Vec<&str> = Language::all().map(Language::name).collect();
            let help = match did_you_mean(name, all.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("there are: {}", all.join(", ")),
            };
            reader.say(&setting.place, format!("there is no language `{name}`"), help);
            return None;
        }
        reader.say(&setting.place, "`syntax` does not say of which language it is", "add language=\"python\"");
        return None;
    };
    match Search::new(language, &query) {
        Ok(search) => Some((query, Pattern::Syntax(search))),
        Err(why) => {
            reader.say(&setting.place, format!("`{query}` is no query: {why}"), "correct it; see tree-sitter's manual of queries");
            None
        }
    }
}

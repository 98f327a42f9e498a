//! What the manifest says about claims.

use std::ops::Range;
use std::time::Duration;

use super::shell;
use crate::base::{glob, quantity};
use crate::gates::judge::Judge;
use crate::gates::settings::{Common, Node, Reader};
use crate::model::RuleValue;

const NODES: &[Node] = &[Node::new("file"), Node::new("command").with(&["quick", "task", "timeout"])];

/// The rules of one gate.
#[derive(Default)]
pub(super) struct Rules {
    /// The gate's address, so that no claim runs it.
    pub address: String,
    pub files: Vec<String>,
    pub commands: Vec<Allowed>,
}

/// A command that may be run.
pub(super) struct Allowed {
    /// `*` stands for words, or parts of words, of one command.
    pub pattern: String,
    /// Whether it is cheap.
    pub quick: bool,
    /// The task whose log serves instead.
    pub task: Option<String>,
    /// How long it may take, where the manifest says so.
    pub timeout: Option<Duration>,
}

/// What the manifest says of a command.
pub(super) enum Said<'a> {
    /// It may be run.
    Allowed(&'a Allowed),
    /// A pattern fits it, and what stands for a `*` is more than words of one command.
    Beyond {
        /// The pattern.
        pattern: &'a str,
        /// What is more.
        what: String,
    },
    /// Nothing.
    Nothing,
}

impl Rules {
    /// Returns what the manifest says of a command.
    pub fn said_of(&self, command: &str) -> Said<'_> {
        let read = shell::read(command);
        let mut said = Said::Nothing;
        for allowed in &self.commands {
            let Some(stars) = fits(&allowed.pattern, command) else { continue };
            match (read.beyond(&stars), &said) {
                (None, _) => return Said::Allowed(allowed),
                (Some(what), Said::Nothing) => said = Said::Beyond { pattern: &allowed.pattern, what: what.to_owned() },
                _ => {}
            }
        }
        said
    }

    /// Returns the rule for a command, if it may be run.
    pub fn allowed(&self, command: &str) -> Option<&Allowed> {
        match self.said_of(command) {
            Said::Allowed(allowed) => Some(allowed),
            _ => None,
        }
    }
}

/// Returns what each `*` of a pattern stands for in a command, in bytes, if the command is what the pattern means; that may be nothing.
fn fits(pattern: &str, command: &str) -> Option<Vec<Range<usize>>> {
    let mut parts = pattern.split('*').peekable();
    let first = parts.next().unwrap_or_default();
    command.strip_prefix(first)?;
    let (mut at, mut stars) = (first.len(), Vec::new());
    while let Some(part) = parts.next() {
        let start = match parts.peek() {
            Some(_) => at + command[at..].find(part)?,
            None => command.len().checked_sub(part.len()).filter(|start| *start >= at && command[at..].ends_with(part))?,
        };
        stars.push(at..start);
        at = start + part.len();
    }
    (at == command.len()).then_some(stars)
}

pub(in crate::gates) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rules) = rules(reader);
    (common, Box::new(rules))
}

pub(super) fn rules(reader: &mut Reader<'_>) -> (Common, Rules) {
    let (common, rest) = reader.common(NODES);
    let mut rules = Rules { address: reader.gate.address.to_string(), ..Rules::default() };
    for setting in rest {
        match &*setting.name {
            "file" => rules.files.extend(reader.texts(setting)),
            _ => {
                let Some(pattern) = reader.text(setting) else { continue };
                let quick = match setting.property("quick") {
                    Some(RuleValue::Flag(quick)) => *quick,
                    None => false,
                    Some(_) => {
                        reader.say(&setting.place, "`quick` takes #true or #false", "write it as quick=#true");
                        false
                    }
                };
                let timeout = setting.property("timeout").and_then(|value| {
                    let time = if let RuleValue::Text(text) = value { quantity::duration(text) } else { None };
                    if time.is_none_or(|time| time.is_zero()) {
                        reader.say(&setting.place, "`timeout` takes a duration", "write it as timeout=\"5m\"");
                    }
                    time
                });
                let task = match setting.property("task") {
                    Some(RuleValue::Text(task)) => Some(task.to_string()),
                    None => None,
                    Some(_) => {
                        reader.say(&setting.place, "`task` takes the name of a task", "write it as task=\"unit\"");
                        None
                    }
                };
                rules.commands.push(Allowed { pattern, quick, task, timeout });
            }
        }
    }
    if rules.files.is_empty() && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate names no document", "name one: file \"docs/ROADMAP.md\"");
    }
    let plain = rules.files.iter().filter(|file| !glob::is_glob(file));
    for file in plain.filter(|file| crate::base::RelPath::parse(file.as_str()).is_err()).cloned().collect::<Vec<_>>() {
        let place = reader.gate.place.clone();
        reader.say(&place, format!("`{file}` is no path of the project"), "name a file beside or below the manifest");
    }
    (common, rules)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, command, expected) in [
            ("rg *", "rg -n x", Some(vec!["-n x"])),
            ("rg *", "rgx", None),
            ("a b", "a b", Some(vec![])),
            ("a b", "a b c", None),
            ("*", "anything", Some(vec!["anything"])),
            ("a*c*e", "abcde", Some(vec!["b", "d"])),
            ("a*c*e", "abcd", None),
            ("a*", "a", Some(vec![""])),
            ("a*a", "a", None),
            ("a*é", "aé", Some(vec![""])),
        ] {
            let stars = fits(pattern, command).map(|stars| stars.into_iter().map(|star| &command[star]).collect::<Vec<_>>());
            assert_eq!(stars, expected, "{pattern} {command}");
        }
    }

    #[test]
    fn a_star_stands_for_words_of_one_command() {
        let said = |patterns: &[&str], command: &str| {
            let allowed = |pattern: &&str| Allowed { pattern: (*pattern).to_owned(), quick: false, task: None, timeout: None };
            let rules = Rules { commands: patterns.iter().map(allowed).collect(), ..Rules::default() };
            match rules.said_of(command) {
                Said::Allowed(allowed) => allowed.pattern.clone(),
                Said::Beyond { pattern, what } => format!("{pattern}: {what} is more"),
                Said::Nothing => String::from("nothing"),
            }
        };
        assert_eq!(said(&["rg *"], "rg \"a|b\" src"), "rg *");
        assert_eq!(said(&["rg *"], "rg x; rm -rf src"), "rg *: ; is more");
        assert_eq!(said(&["rg *"], "rg x | wc -l"), "rg *: | is more");
        assert_eq!(said(&["rg *", "rg * | wc -l"], "rg x | wc -l"), "rg * | wc -l");
        assert_eq!(said(&["a; b *"], "a; b c"), "a; b *");
        assert_eq!(said(&["a; b"], "a; b"), "a; b");
        assert_eq!(said(&["rg *"], "grep x; y"), "nothing");
        // Quotes that the pattern has opened are not closed by what stands for its star.
        assert_eq!(said(&["rg \"*; x\" src"], "rg \"a\" -l \"b; x\" src"), "rg \"*; x\" src");
        assert_eq!(said(&["rg \"*; x\" src"], "rg \"a\"; x\" src"), "rg \"*; x\" src: a\" is more");
        assert_eq!(said(&["rg '*' src"], "rg 'a\\' src"), "rg '*' src");
        assert_eq!(said(&["rg \"*\" src"], "rg \"a\\\" src"), "rg \"*\" src: a\\ is more");
        assert_eq!(said(&["x * --dry-run"], "x --force # --dry-run"), "x * --dry-run: # is more");
    }
}

//! What the manifest says about claims.

use crate::base::glob;
use crate::gates::judge::Judge;
use crate::gates::settings::{Common, Reader};
use crate::model::RuleValue;

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
    /// `*` stands for anything.
    pub pattern: String,
    /// Whether it is cheap.
    pub quick: bool,
    /// The task whose log serves instead.
    pub task: Option<String>,
}

impl Rules {
    /// Returns what the manifest says of a command, if it allows it.
    pub fn allowed(&self, command: &str) -> Option<&Allowed> {
        self.commands.iter().find(|allowed| fits(&allowed.pattern, command))
    }
}

/// Whether a command is what a pattern means: `*` stands for anything, also for nothing.
fn fits(pattern: &str, command: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = command.strip_prefix(parts.next().unwrap_or_default()) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

pub(in crate::gates) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rules) = rules(reader);
    (common, Box::new(rules))
}

pub(super) fn rules(reader: &mut Reader<'_>) -> (Common, Rules) {
    let (common, rest) = reader.common(&["file", "command"]);
    let mut rules = Rules { address: reader.gate.address.to_string(), ..Rules::default() };
    for setting in rest {
        match &*setting.name {
            "file" => {
                reader.only(setting, &[]);
                rules.files.extend(reader.texts(setting));
            }
            _ => {
                reader.only(setting, &["quick", "task"]);
                let Some(pattern) = reader.text(setting) else { continue };
                let quick = matches!(setting.property("quick"), Some(RuleValue::Flag(true)));
                let task = match setting.property("task") {
                    Some(RuleValue::Text(task)) => Some(task.to_string()),
                    None => None,
                    Some(_) => {
                        reader.say(&setting.place, "`task` takes the name of a task", "write it as task=\"unit\"");
                        None
                    }
                };
                rules.commands.push(Allowed { pattern, quick, task });
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
    use super::fits;

    #[test]
    fn a_star_stands_for_anything() {
        for (pattern, command, expected) in [
            ("rg *", "rg -n x", true),
            ("rg *", "rgx", false),
            ("a b", "a b", true),
            ("a b", "a b c", false),
            ("*", "anything", true),
            ("a*c*e", "abcde", true),
            ("a*c*e", "abcd", false),
            ("a*", "a", true),
        ] {
            assert_eq!(fits(pattern, command), expected, "{pattern} {command}");
        }
    }
}

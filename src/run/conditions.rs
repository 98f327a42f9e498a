//! What the conditions of a decision look at, and whether they hold.
//!
//! Everything is asked of [`Facts`] and of [`Past`]; nothing here touches the world by itself.

use std::cell::RefCell;

use regex::Regex;

use crate::base::{RelPath, TargetId, glob::Glob, quantity};
use crate::disk::PatternSet;
use crate::event::{Outcome, Sight};
use crate::graph::Graph;
use crate::model::{Condition, Decision, EnvRules, Need, Test};
use crate::process::{Cancel, Ended};

/// What conditions look at beside targets. Asked again within one run, everything but a command gives the same answer.
pub trait Facts: Send + Sync {
    /// Returns a variable that orket was started with.
    fn variable(&self, name: &str) -> Option<String>;
    /// Whether the value of a variable must not be shown.
    fn is_secret(&self, name: &str) -> bool;
    /// Returns the operating system and the processor, as Rust names them.
    fn platform(&self) -> (String, String);
    /// Returns the branch that is checked out, if one is.
    fn branch(&self) -> Option<String>;
    /// Returns the tags at `HEAD`.
    fn tags(&self) -> Vec<String>;
    /// Returns the files that differ from `HEAD`, or from where the branch left `since`; files that git does not know yet are among them.
    ///
    /// # Errors
    /// A sentence, when there is no repository or no such commit.
    fn changed(&self, since: Option<&str>) -> Result<Vec<RelPath>, String>;
    /// Whether there is a file or folder that a path or pattern means.
    ///
    /// # Errors
    /// A sentence, when a folder cannot be read.
    fn exists(&self, pattern: &str) -> Result<bool, String>;
    /// Returns the bytes of a file; `None` if there is none.
    ///
    /// # Errors
    /// A sentence, when it cannot be read.
    fn read(&self, path: &RelPath) -> Result<Option<Vec<u8>>, String>;
    /// Returns the day, 0 for Monday, and the hour, both in UTC, of when the run began.
    fn moment(&self) -> (u8, u8);
    /// Runs a line with the shell in the project's folder.
    ///
    /// # Errors
    /// A sentence, when it cannot be started.
    fn command(&self, env: &EnvRules, line: &str, cancel: &Cancel) -> Result<Ended, String>;
}

/// What became of a target.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Looked {
    /// How it ended.
    pub outcome: Outcome,
    /// The exit status of its last command; 0 for what did not have to run.
    pub code: Option<i32>,
    /// The end of what it printed, at most 64 KiB.
    pub printed: Vec<u8>,
}

/// What is known of targets and of other decisions at one time.
pub struct Past<'a> {
    /// What became of a target; `None` as long as it has not ended.
    pub ended: &'a dyn Fn(TargetId) -> Option<Looked>,
    /// What the decision with this address came to.
    pub decided: &'a dyn Fn(&str) -> Option<String>,
}

/// Why a decision has come to nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Stuck {
    /// It is not known yet: a clause such as `would be decided by running ...`.
    Open(String),
    /// It cannot be made: what is wrong, what to do, and what was looked at.
    Wrong {
        /// A sentence.
        text: String,
        /// What to do.
        hint: String,
        /// What was looked at until then.
        saw: Vec<Sight>,
    },
    /// A command of its conditions was ended.
    Cancelled,
}

/// One decision while its conditions are looked at.
pub(super) struct Look<'a> {
    pub graph: &'a Graph,
    pub facts: &'a dyn Facts,
    pub decision: &'a Decision,
    pub looks: &'a [(Box<str>, Vec<TargetId>)],
    pub past: &'a Past<'a>,
    pub cancel: Option<&'a Cancel>,
    pub saw: RefCell<Vec<Sight>>,
}

impl Look<'_> {
    /// Whether all conditions hold; the first that does not is the last that is looked at.
    pub fn all(&self, conditions: &[Condition], choose: &str) -> Result<bool, Stuck> {
        for condition in conditions {
            if !self.holds(condition, choose)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn holds(&self, condition: &Condition, choose: &str) -> Result<bool, Stuck> {
        let (holds, found) = match &condition.test {
            Test::Not(inner) => (!self.all(inner, choose)?, String::new()),
            Test::Any(inner) => {
                let mut any = false;
                for condition in inner {
                    any = self.holds(condition, choose)?;
                    if any {
                        break;
                    }
                }
                (any, String::new())
            }
            test => self.test(test).map_err(|stuck| match stuck {
                Stuck::Wrong { text, hint, saw } => {
                    Stuck::Wrong { text: format!("`{}` ({}): {text}", condition.text, condition.place), hint, saw }
                }
                other => other,
            })?,
        };
        let condition = condition.text.to_string();
        self.saw.borrow_mut().push(Sight { choose: choose.to_owned(), condition, holds, found });
        Ok(holds)
    }

    fn wrong(&self, text: impl Into<String>) -> Stuck {
        let address = self.decision.address.as_str();
        let value = self.decision.otherwise.as_deref().or(self.decision.values().first().copied()).unwrap_or_default().to_owned();
        Stuck::Wrong { text: text.into(), hint: format!("mend that, or choose now: --decide {}={value}", bare(address)), saw: Vec::new() }
    }

    fn test(&self, test: &Test) -> Result<(bool, String), Stuck> {
        let facts = self.facts;
        let equals = |values: &[Box<str>], found: &str| values.iter().any(|value| **value == *found);
        Ok(match test {
            Test::Env { name, values } => {
                let value = facts.variable(name);
                let holds = match (&value, &values[..]) {
                    (None, _) => false,
                    (Some(value), []) => !value.trim().is_empty(),
                    (Some(value), values) => equals(values, value),
                };
                let found = match value {
                    None => format!("{name} is not set"),
                    Some(_) if facts.is_secret(name) => format!("{name} is set (secret)"),
                    Some(value) => format!("{name} is {:?}", shortened(&value)),
                };
                (holds, found)
            }
            Test::Branch(patterns) => match facts.branch() {
                Some(branch) => (fits(patterns, &branch), format!("the branch is {branch}")),
                None => (false, String::from("no branch is checked out")),
            },
            Test::Tag(patterns) => {
                let tags = facts.tags();
                let found = if tags.is_empty() { String::from("HEAD has no tag") } else { format!("HEAD has {}", tags.join(", ")) };
                (tags.iter().any(|tag| fits(patterns, tag)), found)
            }
            Test::Os(names) => {
                let (system, _) = facts.platform();
                (equals(names, &system), format!("the system is {system}"))
            }
            Test::Arch(names) => {
                let (_, processor) = facts.platform();
                (equals(names, &processor), format!("the processor is {processor}"))
            }
            Test::Changed { patterns, since } => {
                let changed = facts.changed(since.as_deref()).map_err(|error| self.wrong(error))?;
                let (out, wanted): (Vec<String>, Vec<String>) =
                    patterns.iter().map(|text| text.to_string()).partition(|text| text.starts_with('!'));
                let out: Vec<String> = out.into_iter().map(|text| text[1..].to_owned()).collect();
                let set = PatternSet::new(&wanted, &out).map_err(|error| self.wrong(error))?;
                match changed.iter().find(|path| set.matches(path)) {
                    Some(path) => (true, format!("{path} changed")),
                    None => (false, format!("{} changed, none of them matches", quantity::plural(changed.len(), "file"))),
                }
            }
            Test::Exists(patterns) => {
                for pattern in patterns {
                    if facts.exists(pattern).map_err(|error| self.wrong(error))? {
                        return Ok((true, format!("{pattern} is there")));
                    }
                }
                (false, String::from("nothing is there"))
            }
            Test::Succeeded(needs) => {
                let all = self.ended(needs)?;
                let well = |looked: &Looked| matches!(looked.outcome, Outcome::Done | Outcome::Cached | Outcome::Fresh);
                (all.iter().all(|(_, looked)| well(looked)), outcomes(self.graph, &all))
            }
            Test::Failed(needs) => {
                let all = self.ended(needs)?;
                let badly = |looked: &Looked| matches!(looked.outcome, Outcome::Failed | Outcome::Cancelled | Outcome::Stalled);
                (all.iter().any(|(_, looked)| badly(looked)), outcomes(self.graph, &all))
            }
            Test::Output { task, matches } => {
                let expression = Regex::new(matches).map_err(|error| self.wrong(error.to_string()))?;
                let all = self.ended(std::slice::from_ref(task))?;
                let line = all.iter().find_map(|(_, looked)| {
                    let text = String::from_utf8_lossy(&looked.printed).into_owned();
                    expression.find(&text).map(|found| shortened(found.as_str()))
                });
                match line {
                    Some(line) => (true, format!("it printed {line:?}")),
                    None => (false, String::from("nothing that it printed matches")),
                }
            }
            Test::ExitCode { task, codes } => {
                let all = self.ended(std::slice::from_ref(task))?;
                let holds = all.iter().any(|(_, looked)| looked.code.is_some_and(|code| codes.contains(&code)));
                let shown = all.iter().map(|(_, looked)| match looked.code {
                    Some(code) => format!("exit status {code}"),
                    None => format!("{}, without an exit status", looked.outcome.word()),
                });
                (holds, shown.collect::<Vec<_>>().join(", "))
            }
            Test::File { path, json, matches } => {
                let Some(bytes) = facts.read(path).map_err(|error| self.wrong(error))? else {
                    return Ok((false, format!("{path} is not there")));
                };
                let text = match json {
                    None => String::from_utf8_lossy(&bytes).into_owned(),
                    Some(pointer) => {
                        let value: serde_json::Value =
                            serde_json::from_slice(&bytes).map_err(|error| self.wrong(format!("`{path}` is no JSON: {error}")))?;
                        match value.pointer(pointer) {
                            None => return Ok((false, format!("{path} has no {pointer}"))),
                            Some(serde_json::Value::String(text)) => text.clone(),
                            Some(other) => other.to_string(),
                        }
                    }
                };
                let of = json.as_ref().map_or_else(|| path.to_string(), |pointer| format!("{pointer} of {path}"));
                match matches {
                    None => (true, format!("{of} is there")),
                    Some(matches) => {
                        let expression = Regex::new(matches).map_err(|error| self.wrong(error.to_string()))?;
                        match expression.find(&text) {
                            Some(found) => (true, format!("{of} has {:?}", shortened(found.as_str()))),
                            None if json.is_some() => (false, format!("{of} is {:?}", shortened(&text))),
                            None => (false, format!("nothing in {of} matches")),
                        }
                    }
                }
            }
            Test::Command(line) => {
                let Some(cancel) = self.cancel else { return Err(Stuck::Open(format!("would be decided by running `{line}`"))) };
                match facts.command(&self.decision.env, line, cancel).map_err(|error| self.wrong(error))? {
                    Ended::Cancelled => return Err(Stuck::Cancelled),
                    Ended::Exit(code) => (code == 0, format!("exit status {code}")),
                    ended => return Err(self.wrong(ended.to_string())),
                }
            }
            Test::Decided { decision, values } => match (self.past.decided)(decision.as_str()) {
                Some(value) => (equals(values, &value), format!("{decision} is {value}")),
                None => return Err(Stuck::Open(format!("waits for the decision `{decision}`"))),
            },
            Test::Weekday(days) => {
                let (day, _) = facts.moment();
                let names = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
                (days.contains(&day), format!("it is {} (UTC)", names[usize::from(day) % 7]))
            }
            Test::Hour(hours) => {
                let (_, hour) = facts.moment();
                let inside = |(from, to): &(u8, u8)| if from <= to { (*from..=*to).contains(&hour) } else { hour >= *from || hour <= *to };
                (hours.iter().any(inside), format!("it is {hour} o'clock (UTC)"))
            }
            Test::Not(_) | Test::Any(_) => (false, String::new()),
        })
    }

    /// Returns what became of the targets that names mean.
    fn ended(&self, needs: &[Need]) -> Result<Vec<(TargetId, Looked)>, Stuck> {
        let targets = needs.iter().flat_map(|need| self.looks.iter().filter(|(text, _)| *text == need.text).flat_map(|(_, ids)| ids));
        targets
            .map(|id| match (self.past.ended)(*id) {
                Some(looked) => Ok((*id, looked)),
                None => Err(Stuck::Open(format!("waits for `{}`", self.graph.address(*id)))),
            })
            .collect()
    }
}

fn fits(patterns: &[Box<str>], name: &str) -> bool {
    let path = RelPath::from_normal(name.as_bytes());
    patterns.iter().any(|pattern| Glob::new(pattern).is_ok_and(|glob| glob.matches(&path)))
}

fn outcomes(graph: &Graph, all: &[(TargetId, Looked)]) -> String {
    let shown: Vec<String> = all.iter().take(4).map(|(id, looked)| format!("{} {}", graph.address(*id), looked.outcome.word())).collect();
    let more = if all.len() > 4 { format!(", {} more", all.len() - 4) } else { String::new() };
    shown.join(", ") + &more
}

/// The first line of a text, as far as a record needs it.
fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() > 60 { line.chars().take(59).chain(['…']).collect() } else { line.to_owned() }
}

/// Returns the name of a decision without its package and epic.
pub(super) fn bare(address: &str) -> &str {
    address.rsplit(['/', ':']).next().unwrap_or(address)
}

#[cfg(test)]
pub(super) mod invented {
    use super::*;

    /// Facts that a test makes up.
    #[derive(Clone)]
    pub struct Invented {
        pub variables: &'static [(&'static str, &'static str)],
        pub secret: &'static str,
        pub branch: Option<&'static str>,
        pub tags: &'static [&'static str],
        pub changed: Result<&'static [&'static str], &'static str>,
        pub files: &'static [(&'static str, &'static str)],
        pub moment: (u8, u8),
        pub ended: Ended,
    }

    impl Invented {
        /// On linux-x86_64, on Monday at noon.
        pub const NOTHING: Invented = Invented {
            variables: &[],
            secret: "",
            branch: None,
            tags: &[],
            changed: Ok(&[]),
            files: &[],
            moment: (0, 12),
            ended: Ended::Exit(1),
        };
    }

    impl Facts for Invented {
        fn variable(&self, name: &str) -> Option<String> {
            self.variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        }

        fn is_secret(&self, name: &str) -> bool {
            self.secret == name
        }

        fn platform(&self) -> (String, String) {
            (String::from("linux"), String::from("x86_64"))
        }

        fn branch(&self) -> Option<String> {
            self.branch.map(str::to_owned)
        }

        fn tags(&self) -> Vec<String> {
            self.tags.iter().map(|tag| (*tag).to_owned()).collect()
        }

        fn changed(&self, since: Option<&str>) -> Result<Vec<RelPath>, String> {
            let files = self.changed.map_err(|error| format!("{error} {}", since.unwrap_or("HEAD")))?;
            Ok(files.iter().map(|file| RelPath::parse(file).unwrap()).collect())
        }

        fn exists(&self, pattern: &str) -> Result<bool, String> {
            let glob = Glob::new(pattern)?;
            Ok(self.files.iter().any(|(file, _)| glob.matches(&RelPath::parse(file).unwrap())))
        }

        fn read(&self, path: &RelPath) -> Result<Option<Vec<u8>>, String> {
            Ok(self.files.iter().find(|(file, _)| *file == path.to_string()).map(|(_, text)| text.as_bytes().to_vec()))
        }

        fn moment(&self) -> (u8, u8) {
            self.moment
        }

        fn command(&self, _: &EnvRules, _: &str, _: &Cancel) -> Result<Ended, String> {
            Ok(self.ended)
        }
    }
}

//! A choice on the graph: what it may come to, and what has to be so for each.

use serde::{Deserialize, Serialize};

use super::{EnvRules, Need};
use crate::base::{Address, Place, RelPath};

/// `decision "NAME" { … }`: a node of the graph whose value is chosen once per run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Decision {
    /// Its address.
    pub address: Address,
    /// Where it was declared.
    pub place: Place,
    /// The epic it stands in.
    pub epic: Option<Address>,
    /// The folder of the package it stands in.
    pub package: RelPath,
    /// What it is for.
    pub about: Option<Box<str>>,
    /// What has to hold before it is made.
    pub needs: Vec<Need>,
    /// In order: the first that holds wins.
    pub chooses: Vec<Choose>,
    /// What it is where none holds.
    pub otherwise: Option<Box<str>>,
    /// What commands of its conditions see.
    pub env: EnvRules,
}

/// `choose "VALUE" { … }`
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Choose {
    /// What the decision then is.
    pub value: Box<str>,
    /// All of them have to hold; at least one.
    pub conditions: Vec<Condition>,
    /// Where it was declared.
    pub place: Place,
}

/// One thing that may be so or not.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Condition {
    /// What is looked at.
    pub test: Test,
    /// As the manifest has it, on one line: `env "CI" "true"`.
    pub text: Box<str>,
    /// Where it was written.
    pub place: Place,
}

/// What a condition looks at. Of several values one is enough.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub enum Test {
    /// A variable that orket was started with: one of the values, or with none, set to anything but blanks.
    Env { name: Box<str>, values: Vec<Box<str>> },
    /// The branch that is checked out; patterns.
    Branch(Vec<Box<str>>),
    /// The tags at `HEAD`; patterns.
    Tag(Vec<Box<str>>),
    /// The operating system, as Rust names it.
    Os(Vec<Box<str>>),
    /// The processor, as Rust names it.
    Arch(Vec<Box<str>>),
    /// A file that matches differs from `HEAD`, or from where the branch left `since`; patterns from the project's root, `!` leaves out.
    Changed { patterns: Vec<Box<str>>, since: Option<Box<str>> },
    /// Something is there; paths or patterns from the project's root.
    Exists(Vec<Box<str>>),
    /// The targets have succeeded, all of them.
    Succeeded(Vec<Need>),
    /// One of the targets, or something that it needs, has failed.
    Failed(Vec<Need>),
    /// What a task printed matches.
    Output { task: Need, matches: Box<str> },
    /// A task's exit status.
    ExitCode { task: Need, codes: Vec<i32> },
    /// A file is there, holds what the pointer leads to, and that matches.
    File { path: RelPath, json: Option<Box<str>>, matches: Option<Box<str>> },
    /// A line for the shell ends with 0.
    Command(Box<str>),
    /// Another decision came to one of the values.
    Decided { decision: Address, values: Vec<Box<str>> },
    /// The day in UTC, 0 for Monday.
    Weekday(Vec<u8>),
    /// The hour in UTC: from, to, both included; `to` may be the smaller one.
    Hour(Vec<(u8, u8)>),
    /// Not all of these hold.
    Not(Vec<Condition>),
    /// One of these holds.
    Any(Vec<Condition>),
}

impl Decision {
    /// Returns every value it may come to, in order, each once.
    pub fn values(&self) -> Vec<&str> {
        let mut values: Vec<&str> = Vec::new();
        for value in self.chooses.iter().map(|choose| &*choose.value).chain(self.otherwise.as_deref()) {
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }

    /// Returns all its conditions, those inside of others too.
    pub fn conditions(&self) -> Vec<&Condition> {
        let mut found: Vec<&Condition> = self.chooses.iter().flat_map(|choose| &choose.conditions).collect();
        let mut next = 0;
        while let Some(condition) = found.get(next) {
            next += 1;
            if let Test::Not(inner) | Test::Any(inner) = &condition.test {
                found.extend(inner);
            }
        }
        found
    }

    /// Returns the targets that its conditions look at, as they are written.
    pub fn looks_at(&self) -> Vec<&Need> {
        let needs = self.conditions().into_iter().map(|condition| match &condition.test {
            Test::Succeeded(needs) | Test::Failed(needs) => needs.as_slice(),
            Test::Output { task, .. } | Test::ExitCode { task, .. } => std::slice::from_ref(task),
            _ => &[],
        });
        needs.flatten().collect()
    }
}

//! Variables that a task names and does not see.

use super::problem::Problem;
use super::problems::Problems;
use crate::base::{Place, did_you_mean};
use crate::model::{Command, EnvRule, Scope, Task, Text, always_seen};

impl Problems {
    /// Says which variables the texts of a task name though they are withheld from it. What a `dotenv` file brings is not known yet.
    pub(super) fn withheld(&mut self, task: &Task) {
        if task.env.iter().any(|rule| matches!(rule, EnvRule::Dotenv { .. })) {
            return;
        }
        let seen: Vec<&str> = task.env.iter().filter_map(EnvRule::name).collect();
        for (text, place) in texts(task) {
            for name in text.holes(Scope::Env).filter(|name| !always_seen(name) && !seen.contains(name)) {
                let hole = format!("{{{{env.{name}}}}}");
                let help = match did_you_mean(name, seen.iter().copied()) {
                    Some(near) => format!("did you mean `env.{near}`?"),
                    None => format!("let the task see it: `env {{ pass \"{name}\" }}`"),
                };
                self.push(Problem {
                    code: "manifest/withheld_variable",
                    message: format!("the variable `{name}` is withheld from this task"),
                    place: Some(self.inside(place, &text.to_string(), &hole)),
                    length: hole.len(),
                    help: Some(help),
                    notes: Vec::new(),
                });
            }
        }
    }
}

/// Returns the texts that are filled in when a task runs, and where they stand.
fn texts(task: &Task) -> impl Iterator<Item = (&Text, &Place)> {
    let commands = task.commands.iter().flat_map(|command| match command {
        Command::Run { words, place } => words.iter().map(|word| (word, place)).collect::<Vec<_>>(),
        Command::Sh { script, place } => vec![(script, place)],
    });
    let patterns = task.inputs.iter().chain(&task.outputs).chain(&task.confined.undeclared).map(|pattern| (&pattern.text, &pattern.place));
    let others = task.tools.iter().chain([&task.dir]).chain(&task.depfile).chain(&task.confirm).map(|text| (text, &task.place));
    commands.chain(patterns).chain(others)
}

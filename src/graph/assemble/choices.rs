//! Which decisions a task or service uses.

use crate::base::Place;
use crate::model::{Command, EnvRule, EnvRules, Probe, Scope, Service, Task, Text};

type Used<'a> = Vec<(&'a str, &'a Place)>;

/// Returns the addresses of the decisions that a task uses, each with a place where it does.
pub(super) fn of_task(task: &Task) -> Used<'_> {
    let mut used = Vec::new();
    task.commands.iter().for_each(|command| of_command(command, &mut used));
    let texts = task.tools.iter().chain([&task.dir]).chain(&task.depfile).chain(&task.confirm);
    texts.for_each(|text| holes(text, &task.place, &mut used));
    task.inputs.iter().chain(&task.outputs).for_each(|pattern| holes(&pattern.text, &pattern.place, &mut used));
    of_rules(&task.env, &mut used);
    used.extend(task.only_if.iter().map(|only| (only.decision.as_str(), &only.place)));
    used
}

/// The same of a service.
pub(super) fn of_service(service: &Service) -> Used<'_> {
    let mut used = Vec::new();
    of_command(&service.command, &mut used);
    of_rules(&service.env, &mut used);
    service.inputs.iter().for_each(|pattern| holes(&pattern.text, &pattern.place, &mut used));
    for probe in &service.ready {
        let (Probe::Tcp(text) | Probe::Http { url: text, .. } | Probe::Command(text) | Probe::Output(text)) = probe;
        holes(text, &service.place, &mut used);
    }
    used
}

fn of_command<'a>(command: &'a Command, used: &mut Used<'a>) {
    match command {
        Command::Run { words, place } => words.iter().for_each(|word| holes(word, place, used)),
        Command::Sh { script, place } => holes(script, place, used),
    }
}

fn of_rules<'a>(rules: &'a EnvRules, used: &mut Used<'a>) {
    for rule in rules {
        if let EnvRule::Set { value, place, .. } = rule {
            holes(value, place, used);
        }
    }
}

fn holes<'a>(text: &'a Text, place: &'a Place, used: &mut Used<'a>) {
    used.extend(text.holes(Scope::Decision).map(|name| (name, place)));
}

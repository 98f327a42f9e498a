//! Names of decisions, once all of them are known: full addresses in `only_if`, `decided` and `{{decision.x}}`, and values that they have.

use std::collections::BTreeMap;

use super::common::candidates;
use super::load::Load;
use super::problems::Problems;
use crate::base::{Address, Place, RelPath, did_you_mean};
use crate::model::{Command, Condition, EnvRule, Probe, Scope, Service, Task, Test, Text};

/// All decisions, with their values.
type Known = BTreeMap<Box<str>, Vec<Box<str>>>;

/// Where a name stands, and so what it means.
struct Home<'a> {
    known: &'a Known,
    package: RelPath,
    epic: Option<Address>,
}

impl Load<'_> {
    /// Gives names of decisions their full addresses.
    pub(super) fn choices(&mut self) {
        let project = &mut self.project;
        let some = |text: &str| text.contains("decision") || text.contains("only_if");
        if project.decisions.is_empty() && !self.problems.sources().iter().any(|(_, text)| some(text)) {
            return;
        }
        let known: Known = project
            .decisions
            .iter()
            .map(|decision| (decision.address.as_str().into(), decision.values().into_iter().map(Box::from).collect()))
            .collect();
        for decision in &mut project.decisions {
            let home = Home { known: &known, package: decision.package.clone(), epic: decision.epic.clone() };
            for choose in &mut decision.chooses {
                home.conditions(&mut self.problems, &mut choose.conditions);
            }
            home.rules(&mut self.problems, &mut decision.env);
        }
        for task in &mut project.tasks {
            let home = Home { known: &known, package: task.package.clone(), epic: task.epic.clone() };
            home.task(&mut self.problems, task);
        }
        let epics: Vec<&Address> = project.epics.iter().map(|epic| &epic.address).collect();
        for service in &mut project.services {
            let address = service.address.as_str();
            let inside = |epic: &&&Address| address.strip_prefix(epic.as_str()).is_some_and(|rest| rest.starts_with('/'));
            let epic = epics.iter().find(inside).map(|epic| (*epic).clone());
            let package = RelPath::parse(service.address.package()).unwrap_or_else(|_| RelPath::root());
            Home { known: &known, package, epic }.service(&mut self.problems, service);
        }
    }
}

impl Home<'_> {
    /// Returns the address and the values of the decision that a name means here.
    fn find(&self, problems: &mut Problems, name: &str, place: &Place) -> Option<(Address, &[Box<str>])> {
        let meant = candidates(self.epic.as_ref(), &self.package, name);
        if let Some((address, values)) = meant.iter().find_map(|address| Some((address, self.known.get(address.as_str())?))) {
            return Some((address.clone(), values));
        }
        let bare = |address: &str| address.rsplit(['/', ':']).next().unwrap_or_default().to_owned();
        let names: Vec<(&str, String)> = self.known.keys().map(|address| (&**address, bare(address))).collect();
        let near = did_you_mean(name, names.iter().map(|(address, _)| *address)).map(str::to_owned).or_else(|| {
            let near = did_you_mean(name, names.iter().map(|(_, bare)| bare.as_str()))?;
            names.iter().find(|(_, bare)| bare == near).map(|(address, _)| (*address).to_owned())
        });
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => format!("declare it: `decision \"{name}\" {{ choose ... }}`"),
            None => format!("there is {}", names.iter().map(|(address, _)| format!("`{address}`")).collect::<Vec<_>>().join(", ")),
        };
        problems.say("manifest/unknown_name", place, format!("there is no decision `{name}`"), help);
        None
    }

    /// Makes a name of a decision its address, and checks the values that it is compared with.
    fn compared(&self, problems: &mut Problems, decision: &mut Address, values: &[Box<str>], place: &Place) {
        let Some((address, known)) = self.find(problems, decision.as_str(), place) else { return };
        for value in values.iter().filter(|value| !known.contains(value)) {
            let message = format!("the decision `{address}` is never `{value}`");
            let list: Vec<String> = known.iter().map(|value| format!("`{value}`")).collect();
            let near = did_you_mean(value, known.iter().map(|value| &**value));
            let help = near.map_or_else(|| format!("it is one of {}", list.join(", ")), |near| format!("did you mean `{near}`?"));
            problems.say("manifest/unknown_value", place, message, help);
        }
        *decision = address;
    }

    fn conditions(&self, problems: &mut Problems, conditions: &mut [Condition]) {
        for condition in conditions {
            match &mut condition.test {
                Test::Decided { decision, values } => self.compared(problems, decision, values, &condition.place),
                Test::Not(inner) | Test::Any(inner) => self.conditions(problems, inner),
                _ => {}
            }
        }
    }

    fn text(&self, problems: &mut Problems, text: &mut Text, place: &Place) {
        text.rename(Scope::Decision, |name| self.find(problems, name, place).map(|(address, _)| address.as_str().into()));
    }

    fn rules(&self, problems: &mut Problems, rules: &mut [EnvRule]) {
        for rule in rules {
            if let EnvRule::Set { value, place, .. } = rule {
                self.text(problems, value, place);
            }
        }
    }

    fn command(&self, problems: &mut Problems, command: &mut Command) {
        match command {
            Command::Run { words, place } => words.iter_mut().for_each(|word| self.text(problems, word, place)),
            Command::Sh { script, place } => self.text(problems, script, place),
        }
    }

    fn task(&self, problems: &mut Problems, task: &mut Task) {
        task.commands.iter_mut().for_each(|command| self.command(problems, command));
        let place = &task.place;
        let texts = task.tools.iter_mut().chain([&mut task.dir]).chain(&mut task.depfile).chain(&mut task.confirm);
        texts.for_each(|text| self.text(problems, text, place));
        task.inputs.iter_mut().chain(&mut task.outputs).for_each(|pattern| self.text(problems, &mut pattern.text, &pattern.place));
        self.rules(problems, &mut task.env);
        for only in &mut task.only_if {
            self.compared(problems, &mut only.decision, &only.values, &only.place);
        }
    }

    fn service(&self, problems: &mut Problems, service: &mut Service) {
        self.command(problems, &mut service.command);
        self.rules(problems, &mut service.env);
        for probe in &mut service.ready {
            let (Probe::Tcp(text) | Probe::Http { url: text, .. } | Probe::Command(text) | Probe::Output(text)) = probe;
            self.text(problems, text, &service.place);
        }
    }
}

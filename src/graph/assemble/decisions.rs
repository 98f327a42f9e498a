//! What waits for decisions, and what decisions wait for.

use std::rc::Rc;

use super::assembly::Assembly;
use super::choices;
use super::draft::Declared;
use super::problem::Problem;
use crate::base::{Place, TargetId};
use crate::graph::{EdgeKind, TargetKind, flag};
use crate::model::{Decision, Gate, Need, RuleValue, Service, Task, Test};

impl<'a> Assembly<'a> {
    /// Lets a task wait for the decisions that it uses.
    pub fn choices_of_task(&mut self, id: TargetId, task: &'a Task) {
        self.uses_decisions(id, choices::of_task(task));
    }

    /// Lets a service wait for the decisions that it uses.
    pub fn choices_of_service(&mut self, id: TargetId, service: &'a Service) {
        self.uses_decisions(id, choices::of_service(service));
    }

    fn uses_decisions(&mut self, from: TargetId, used: Vec<(&'a str, &'a Place)>) {
        for (address, place) in used {
            if let Some(to) = self.names.exact(address) {
                self.edge(from, to, EdgeKind::Need, place);
            }
        }
    }

    /// Takes note of tasks whose output a gate asks for by `task="NAME"`.
    pub fn read_by_gate(&mut self, gate: &'a Gate) {
        let asked = |need: &&Need| {
            gate.settings.iter().any(|setting| matches!(setting.property("task"), Some(RuleValue::Text(task)) if *task == need.text))
        };
        for need in gate.needs.iter().filter(asked) {
            for to in self.resolve(need).iter().filter(|to| self.drafts[to.index()].kind == TargetKind::Task).copied().collect::<Vec<_>>() {
                self.drafts[to.index()].flags |= flag::HEARD;
            }
        }
    }

    /// Lets a decision wait for what it needs, for what its conditions look at, and for other decisions.
    pub fn connect_decision(&mut self, id: TargetId, decision: &'a Decision) {
        self.connect_all(id, &decision.needs, EdgeKind::Need);
        let mut looks: Vec<(Box<str>, Rc<[TargetId]>)> = Vec::new();
        for need in decision.looks_at() {
            if looks.iter().any(|(text, _)| *text == need.text) {
                continue;
            }
            let found = self.resolve(need);
            for to in found.iter() {
                match self.drafts[to.index()].kind {
                    TargetKind::Service | TargetKind::Decision => self.not_looked_at(need, *to),
                    _ => self.edge(id, *to, EdgeKind::Look, &need.place),
                }
            }
            looks.push((need.text.clone(), found));
        }
        for condition in decision.conditions() {
            match &condition.test {
                Test::Decided { decision, .. } => self.uses_decisions(id, vec![(decision.as_str(), &condition.place)]),
                Test::Output { task, .. } | Test::ExitCode { task, .. } => {
                    let found = looks.iter().find(|(text, _)| *text == task.text).map(|(_, found)| found.clone());
                    for to in found.iter().flat_map(|found| found.iter().copied()) {
                        match self.drafts[to.index()].kind {
                            TargetKind::Task => self.drafts[to.index()].flags |= flag::HEARD,
                            TargetKind::Service | TargetKind::Decision => {}
                            _ => self.not_looked_at(task, to),
                        }
                    }
                }
                _ => {}
            }
        }
        if let Declared::Decision(_, slot) = &mut self.drafts[id.index()].detail {
            *slot = looks.into_iter().map(|(text, found)| (text, found.to_vec())).collect();
        }
    }

    fn not_looked_at(&mut self, need: &Need, to: TargetId) {
        let target = &self.drafts[to.index()];
        let help = match target.kind {
            TargetKind::Decision => format!("ask what it came to: `decided \"{}\" \"VALUE\"`", need.text),
            TargetKind::Service => String::from("a service never ends by itself; look at a task that uses it"),
            _ => String::from("only a task prints something and has an exit status; `succeeded` and `failed` look at any target"),
        };
        let message = format!("`{}` is {}, which this condition cannot look at", target.address, target.kind.with_article());
        self.problems.push(Problem {
            code: "graph/cannot_look",
            message,
            place: Some(need.place.clone()),
            help: Some(help),
            notes: Vec::new(),
        });
    }
}

//! The nodes of a manifest, of an epic and of an `each`: each to its place in the model.

use super::common::Context;
use super::load::Load;
use super::matrix::{variants, weight};
use super::node::Node;
use super::problem::Problem;
use super::{decision, service, task};
use crate::base::{Address, Place};
use crate::model::{Epic, Need, Rock, Service, Task};

/// What a list of nodes is the inside of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Level {
    /// The first manifest.
    Root,
    /// A manifest that was included.
    Package,
    /// `epic`
    Epic,
    /// `each`, at the top or in an epic.
    Each,
}

const TOP: [&str; 16] = [
    "orket",
    "project",
    "process_rules",
    "env",
    "rock",
    "epic",
    "task",
    "service",
    "gate",
    "decision",
    "strategy",
    "each",
    "pool",
    "template",
    "include",
    "import",
];

impl Load<'_> {
    pub(super) fn nodes(&mut self, nodes: &[Node], context: &Context, level: Level) {
        nodes.iter().for_each(|node| self.node(node, context, level));
    }

    pub(super) fn node(&mut self, node: &Node, context: &Context, level: Level) {
        let top = context.epic.is_none();
        let file = matches!(level, Level::Root | Level::Package);
        let place = &node.place;
        let before = (self.problems.count(), self.named);
        match node.name.as_str() {
            "task" => self.task(node, context),
            "each" => self.each(node, context),
            "service" => {
                if let Some(service) = service::lower(&mut self.problems, node, context)
                    && self.declared(&service.address, &service.place)
                {
                    self.ports(&service, context);
                    self.project.services.push(service);
                }
            }
            "gate" => self.gate(node, context),
            "decision" => {
                if let Some(decision) = decision::lower(&mut self.problems, node, context)
                    && self.declared(&decision.address, &decision.place)
                {
                    self.project.decisions.push(decision);
                }
            }
            "epic" if top => self.epic(node, context),
            "rock" if top => self.rock(node, context),
            "env" | "needs" | "after" | "about" | "tags" if level == Level::Epic => {}
            "env" | "pool" | "template" | "include" | "orket" if file => {}
            "project" if level == Level::Root => {}
            "project" if file => self.problems.say(
                "manifest/unknown_node",
                place,
                "only the root manifest names the project",
                "take the node out; a package is named by its folder",
            ),
            "process_rules" if level == Level::Root => self.process_rules(node),
            "process_rules" if file => self.problems.say(
                "manifest/unknown_node",
                place,
                "only the root manifest has `process_rules`",
                "move the node there: a run is decided as a whole",
            ),
            "strategy" if file => self.strategy(node, context),
            "import" if file => self.import(node, context),
            unknown if file => self.problems.unknown("node", unknown, "the manifest", place, &TOP),
            unknown if level == Level::Epic => {
                let known = ["about", "needs", "after", "tags", "env", "task", "service", "gate", "decision", "each"];
                self.problems.unknown("node", unknown, "`epic`", place, &known);
            }
            unknown => {
                let known = ["glob", "task", "service", "gate", "decision", "each", "epic", "rock"];
                self.problems.unknown("node", unknown, "`each`", place, if top { &known } else { &known[..6] });
            }
        }
        // A mistake, and no target: there may have been one.
        let silent = matches!(&*node.name, "process_rules" | "strategy");
        self.whole &= silent || self.problems.count() == before.0 || self.named > before.1;
    }

    /// Notes the ports of a service: each name belongs to one service of a package.
    fn ports(&mut self, service: &Service, context: &Context) {
        for port in &service.ports {
            let key = (context.package.clone(), port.clone());
            if let Some(earlier) = self.ports.insert(key, service.place.clone()).filter(|earlier| *earlier != service.place) {
                self.problems.push(Problem {
                    code: "manifest/duplicate",
                    message: format!("two services have a port `{port}`"),
                    place: Some(service.place.clone()),
                    length: 1,
                    help: Some(String::from("rename one of them")),
                    notes: vec![(String::from("the other one"), earlier)],
                });
            }
        }
    }

    pub(super) fn declared(&mut self, address: &Address, place: &Place) -> bool {
        self.named += 1;
        if let Some((earlier, file)) = self.seen.get(address) {
            let (which, help) = match (file, &self.file) {
                (Some(one), Some(other)) if one != other => (
                    format!(", for `{one}` and for `{other}`"),
                    "put more of the path into the name, its `.dir` or `.path`, or leave one of the files out with `!`",
                ),
                _ => (String::new(), "rename one of them"),
            };
            self.problems.push(Problem {
                code: "manifest/duplicate",
                message: format!("there are two targets `{address}`{which}"),
                place: Some(place.clone()),
                length: 1,
                help: Some(help.to_owned()),
                notes: vec![(String::from("the other one"), earlier.clone())],
            });
            return false;
        }
        self.seen.insert(address.clone(), (place.clone(), self.file.clone()));
        true
    }

    pub(super) fn task(&mut self, node: &Node, context: &Context) {
        let count = variants(node);
        if !self.room(count, &node.place) {
            return;
        }
        // What a matrix comes to is known before it is expanded.
        if let Some(count) = count.filter(|count| *count > 1)
            && !self.problems.has_room(count.saturating_mul(weight(node, &self.templates) + task::env_size(&context.env)), &node.place)
        {
            return;
        }
        for task in task::lower(&mut self.problems, node, context, &self.templates, &mut self.project.later) {
            self.lowered(task);
        }
    }

    /// Adds a task, unless there is one of its name.
    pub(super) fn lowered(&mut self, task: Task) {
        if self.declared(&task.address, &task.place) {
            self.project.tasks.push(task);
        }
    }

    /// Returns the address of an epic or rock that begins here, unless there is one of that name.
    fn opened(&mut self, node: &Node, context: &Context) -> Option<Address> {
        self.problems.only(node, &[]);
        let (name, _) = self.problems.name_of(node, context)?;
        let address = context.address(&name);
        self.declared(&address, &node.place).then_some(address)
    }

    fn epic(&mut self, node: &Node, context: &Context) {
        let Some(address) = self.opened(node, context) else { return };
        let mut epic = Epic {
            address: address.clone(),
            place: node.place.clone(),
            about: None,
            parts: Vec::new(),
            needs: Vec::new(),
            after: Vec::new(),
            tags: Vec::new(),
        };
        let mut inner = context.clone();
        self.problems.env_once(&node.children);
        for child in &node.children {
            match child.name.as_str() {
                "about" => epic.about = self.problems.about(child, context),
                "needs" => epic.needs.extend(self.problems.needs(child, context)),
                "after" => epic.after.extend(self.problems.needs(child, context)),
                "tags" => epic.tags.extend(self.tags(child)),
                "env" => {
                    let rules = self.problems.env(child, context);
                    inner.env.extend(rules);
                }
                _ => {}
            }
        }
        inner.epic = Some(address);
        let (tasks, gates) = (self.project.tasks.len(), self.project.gates.len());
        self.nodes(&node.children, &inner, Level::Epic);
        epic.parts.extend(self.project.tasks[tasks..].iter().map(|task| task.address.clone()));
        epic.parts.extend(self.project.gates[gates..].iter().map(|gate| gate.address.clone()));
        self.project.epics.push(epic);
    }

    fn rock(&mut self, node: &Node, context: &Context) {
        let Some(address) = self.opened(node, context) else { return };
        let mut rock = Rock {
            address,
            place: node.place.clone(),
            about: None,
            parts: Vec::new(),
            needs: Vec::new(),
            after: Vec::new(),
            tags: Vec::new(),
        };
        for child in &node.children {
            match child.name.as_str() {
                "about" => rock.about = self.problems.about(child, context),
                "epic" | "task" | "gate" | "rock" => {
                    let parts: Vec<Need> = self.problems.needs(child, context);
                    rock.parts.extend(parts);
                }
                "needs" => rock.needs.extend(self.problems.needs(child, context)),
                "after" => rock.after.extend(self.problems.needs(child, context)),
                "tags" => rock.tags.extend(self.tags(child)),
                unknown => self.problems.unknown(
                    "node",
                    unknown,
                    "`rock`",
                    &child.place,
                    &["about", "epic", "task", "gate", "rock", "needs", "after", "tags"],
                ),
            }
        }
        self.project.rocks.push(rock);
    }

    fn tags(&mut self, node: &Node) -> Vec<Box<str>> {
        self.problems.leaf(node, &[]);
        self.problems.texts(node).into_iter().map(|(text, _)| text.into()).collect()
    }
}

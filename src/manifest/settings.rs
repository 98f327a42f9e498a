//! What holds for a whole manifest: the project, its environment, pools, templates, names of ports.

use std::collections::{BTreeMap, BTreeSet};

use super::common::Context;
use super::load::Load;
use super::node::{Node, Value};
use super::problem::Problem;
use super::scope::Scopes;
use super::task::{self, Template};
use crate::base::{Address, RelPath, did_you_mean};
use crate::model::{Package, Pool};

impl Load<'_> {
    pub(super) fn template(&mut self, node: &Node) {
        let Some((name, place)) = self.problems.text_of(node) else { return };
        let (params, body): (Vec<Node>, Vec<Node>) = node.children.iter().cloned().partition(|child| child.name == "param");
        self.problems.only(node, &[]);
        let many: Vec<&str> = task::MANY.into_iter().collect();
        self.problems.once(&body, &many);
        self.problems.env_once(&body);
        let mut lowered: Vec<(String, Option<String>)> = Vec::new();
        for param in &params {
            self.problems.leaf(param, &["default"]);
            let default = match param.props.iter().find(|(name, ..)| name == "default") {
                Some((_, Value::Whole(number), _)) => Some(number.to_string()),
                _ => self.problems.text_prop(param, "default").map(|(text, _)| text),
            };
            let Some((name, place)) = self.problems.text_of(param) else { continue };
            if lowered.iter().any(|(other, _)| *other == name) {
                self.problems.say("manifest/duplicate", &place, format!("there are two params `{name}`"), "keep one of them");
            }
            lowered.push((name, default));
        }
        self.params(&body, &lowered);
        let known: Vec<&str> = task::PROPERTIES.into_iter().filter(|name| !matches!(*name, "matrix" | "use")).chain(["param"]).collect();
        let (body, unknown): (Vec<Node>, Vec<Node>) = body.into_iter().partition(|child| known.contains(&child.name.as_str()));
        for child in unknown {
            self.problems.unknown("node", &child.name, "`template`", &child.place, &known);
        }
        if self.templates.insert(name.clone(), Template { params: lowered, body }).is_some() {
            self.problems.say("manifest/duplicate", &place, format!("there are two templates `{name}`"), "rename one of them");
        }
    }

    /// Says which params a template's body names and does not have, whether or not it is used.
    fn params(&mut self, body: &[Node], params: &[(String, Option<String>)]) {
        let known: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
        for node in body {
            let props = node.props.iter().map(|(_, value, place)| (value, place));
            for (value, place) in node.args.iter().map(|(value, place)| (value, place)).chain(props) {
                let Value::Text(text) = value else { continue };
                for hole in text.replace("{{{{", "").split("{{").skip(1).filter_map(|hole| hole.split_once("}}")) {
                    let Some(name) = hole.0.trim().strip_prefix("param.").filter(|name| !known.contains(name)) else { continue };
                    let help = did_you_mean(name, known.iter().copied())
                        .map_or_else(|| format!("declare it: `param \"{name}\"`"), |near| format!("did you mean `param.{near}`?"));
                    let hole = format!("{{{{{}}}}}", hole.0);
                    self.problems.push(Problem {
                        code: "manifest/unknown_name",
                        message: format!("`param` has no `{name}`"),
                        place: Some(self.problems.inside(place, text, &hole)),
                        length: hole.len(),
                        help: Some(help),
                        notes: Vec::new(),
                    });
                }
            }
            self.params(&node.children, params);
        }
    }

    /// What holds for a whole package: the project, its environment, pools, and names of ports.
    pub(super) fn settings(&mut self, nodes: &[Node], manifest: &RelPath) {
        let root = self.project.packages.is_empty();
        let folder = if root { RelPath::root() } else { manifest.parent().unwrap_or_else(RelPath::root) };
        let context =
            Context { package: folder.clone(), epic: None, scopes: Scopes::default(), env: Vec::new(), manifests: self.manifests.clone() };
        let mut env = Vec::new();
        for name in ["orket", "project"] {
            let nodes: Vec<Node> = nodes.iter().filter(|node| node.name == name).cloned().collect();
            self.problems.once(&nodes, &[]);
        }
        self.problems.env_once(nodes);
        for node in nodes.iter().filter(|node| node.name == "orket") {
            self.problems.leaf(node, &[]);
            self.problems.at_most(node, 1);
        }
        for node in nodes {
            match node.name.as_str() {
                "orket" if node.args.first().map(|(value, _)| value) != Some(&Value::Whole(Box::new(1))) => {
                    self.problems.say(
                        "manifest/format",
                        &node.place,
                        "this is not manifest format 1",
                        "write `orket 1`; another format needs another version of orket",
                    );
                }
                "project" if root => self.named(node, &context),
                "env" => env.extend(self.problems.env(node, &context)),
                "pool" => {
                    self.problems.leaf(node, &[]);
                    self.problems.at_most(node, 2);
                    let (Some((Value::Text(name), named)), Some((Value::Whole(slots), place))) = (node.args.first(), node.args.get(1))
                    else {
                        self.problems.say(
                            "manifest/wrong_value",
                            &node.place,
                            "`pool` takes a name and a number",
                            "write it as `pool \"link\" 1`",
                        );
                        continue;
                    };
                    if let Err(error) = Address::check_name(name) {
                        self.problems.say("manifest/wrong_name", named, format!("`{name}`: {error}"), "choose another name");
                    }
                    if **slots < 1 || **slots > 1_000_000 {
                        self.problems.say(
                            "manifest/out_of_range",
                            place,
                            format!("a pool of {slots} slots is none that tasks can be held by"),
                            "give it 1 to 1000000 slots",
                        );
                    }
                    let full: Box<str> = context.top(name).as_str().into();
                    let earlier = self.pooled.insert((folder.clone(), name.as_str().into()), node.place.clone());
                    if let Some(earlier) = earlier {
                        self.problems.push(Problem {
                            code: "manifest/duplicate",
                            message: format!("there are two pools `{full}`"),
                            place: Some(node.place.clone()),
                            length: 1,
                            help: Some(String::from("keep one of them")),
                            notes: vec![(String::from("the other one"), earlier)],
                        });
                    }
                    self.project.pools.push(Pool { name: full, slots: (**slots).clamp(1, 1_000_000) as u32, place: node.place.clone() });
                }
                _ => {}
            }
        }
        self.project.packages.push(Package { folder, manifest: manifest.clone(), env });
    }

    fn named(&mut self, node: &Node, context: &Context) {
        if !node.args.is_empty()
            && let Some((name, _)) = self.problems.text_of(node)
        {
            self.project.name = name.into();
        }
        self.problems.only(node, &[]);
        for child in &node.children {
            match child.name.as_str() {
                "about" => self.project.about = self.problems.about(child, context),
                "default" => {
                    let needs = self.problems.needs(child, context);
                    self.project.default.extend(needs);
                }
                unknown => self.problems.unknown("node", unknown, "`project`", &child.place, &["about", "default"]),
            }
        }
    }

    /// Gives the pools of tasks their full names.
    pub(super) fn pools(&mut self) {
        let names: BTreeSet<Box<str>> = self.project.pools.iter().map(|pool| pool.name.clone()).collect();
        for task in &mut self.project.tasks {
            let Some(pool) = &task.pool else { continue };
            let own: Box<str> = format!("{}:{pool}", task.package).into();
            if names.contains(&own) {
                task.pool = Some(own);
            } else if !names.contains(pool) {
                let known: Vec<&str> = names.iter().map(|name| &**name).collect();
                let place = self.problems.pool_places.get(&(task.place.clone(), pool.clone())).unwrap_or(&task.place).clone();
                self.problems.unknown("pool", pool, "this project", &place, &known);
            }
        }
    }
}

/// The ports of all services, by name: the packages that declare one of that name.
#[derive(Clone, Default)]
pub(super) struct Ports(BTreeMap<String, BTreeSet<RelPath>>);

impl Ports {
    /// Collects them; `None` if the name of one is only known after filling it.
    pub fn of(files: &[(RelPath, Vec<Node>)], packages: &[Package]) -> Option<Ports> {
        let mut ports = Ports::default();
        for ((_, nodes), package) in files.iter().zip(packages) {
            ports.collect(nodes, &package.folder)?;
        }
        Some(ports)
    }

    fn collect(&mut self, nodes: &[Node], package: &RelPath) -> Option<()> {
        for node in nodes {
            if node.name == "service" {
                for (value, _) in node.children.iter().filter(|child| child.name == "port").flat_map(|child| &child.args) {
                    match value {
                        Value::Text(text) if text.contains("{{") => return None,
                        Value::Text(text) => drop(self.0.entry(text.clone()).or_default().insert(package.clone())),
                        _ => {}
                    }
                }
            } else if matches!(node.name.as_str(), "epic" | "each") {
                self.collect(&node.children, package)?;
            }
        }
        Some(())
    }

    /// Returns the name under which the port is known to the whole project: that of the package itself, else the only one of that name.
    ///
    /// # Errors
    /// What is wrong, and what to do.
    pub fn find(&self, name: &str, package: &RelPath) -> Result<String, (String, String)> {
        let packages = self.0.get(name).ok_or_else(|| {
            let hint = did_you_mean(name, self.0.keys().map(String::as_str))
                .map_or_else(|| format!("declare it in a service with `port \"{name}\"`"), |near| format!("did you mean `port.{near}`?"));
            (format!("no service has a port `{name}`"), hint)
        })?;
        let mut found = packages.iter();
        match (packages.get(package), found.next(), found.next()) {
            (Some(own), ..) => Ok(port_name(own, name)),
            (None, Some(only), None) => Ok(port_name(only, name)),
            _ => {
                let list: Vec<String> = packages.iter().map(|package| format!("`{package}`")).collect();
                Err((format!("several packages have a port `{name}`: {}", list.join(", ")), String::from("rename the one that is meant")))
            }
        }
    }
}

/// Returns the name of a port in the whole project.
pub(super) fn port_name(package: &RelPath, name: &str) -> String {
    if *package == RelPath::root() { name.to_owned() } else { format!("{package}:{name}") }
}

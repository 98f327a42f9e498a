//! The manifest and its packages, from files to the model.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::common::Context;
use super::problem::{Problem, Problems};
use super::read::{Node, Value, read};
use super::scope::Scopes;
use super::task::{self, Template};
use super::{service, task::variants};
use crate::base::{Address, Place, RelPath};
use crate::model::{Epic, Gate, Later, LaterKind, Need, Package, Pool, Project, Rock, Service};

const MOST_TASKS: u64 = 2_000_000;

/// The one door to files.
pub trait Source: Sync {
    /// Returns a file's bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>>;

    /// Returns a file's size in bytes, so that what is too large is not read.
    ///
    /// # Errors
    /// When it is not there.
    fn size(&self, path: &RelPath) -> io::Result<u64>;

    /// Returns, sorted, the files that patterns mean, relative to the root; those that begin with `!` take away.
    ///
    /// # Errors
    /// When a folder cannot be read, or a pattern is wrong.
    fn matches(&self, patterns: &[String]) -> io::Result<Vec<RelPath>>;
}

/// What was read, and what that depended on.
pub struct Loaded {
    /// What is declared.
    pub project: Project,
    /// What the result depends on.
    pub trail: Trail,
    /// The files that were read, by name.
    pub texts: Vec<(Arc<str>, Arc<str>)>,
}

/// Everything that a result depends on.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Trail {
    /// The manifests that were read.
    pub manifests: Vec<RelPath>,
    /// The patterns of `include` and `each`, and what they matched.
    pub globs: Vec<(Vec<String>, Vec<RelPath>)>,
}

/// Reads a manifest and all it includes. `folder_name` names the project where the manifest does not.
///
/// # Errors
/// All mistakes, in the order of their places.
pub fn load(source: &dyn Source, manifest: &RelPath, folder_name: &str) -> Result<Loaded, Problems> {
    let mut load = Load {
        source,
        problems: Problems::default(),
        project: Project { name: folder_name.into(), ..Project::default() },
        trail: Trail::default(),
        templates: BTreeMap::new(),
        seen: BTreeMap::new(),
        tasks: 0,
        rounds: 0,
        asked: BTreeMap::new(),
        manifests: Arc::new([]),
        ports: BTreeMap::new(),
        pooled: BTreeMap::new(),
    };
    let mut waiting: Vec<(RelPath, Option<Place>)> = vec![(manifest.clone(), None)];
    let mut files: Vec<(RelPath, Vec<Node>)> = Vec::new();
    let mut visited: BTreeMap<RelPath, Option<Place>> = BTreeMap::new();
    while let Some((path, from)) = waiting.pop() {
        if let (Some(earlier), Some(place)) = (visited.get(&path), &from) {
            let problem = included_twice(&path, place, earlier, &visited);
            load.problems.push(problem);
            continue;
        }
        visited.insert(path.clone(), from.clone());
        let Some(nodes) = load.file(&path, from.as_ref()) else { continue };
        let folder = path.parent().unwrap_or_else(RelPath::root);
        for node in nodes.iter().filter(|node| node.name == "include") {
            let found = load.included(node, &folder, &path);
            waiting.extend(found.into_iter().map(|(included, place)| (included, Some(place))));
        }
        for node in nodes.iter().filter(|node| node.name == "template") {
            load.template(node);
        }
        files.push((path, nodes));
    }
    if let Some((_, included)) = files.split_first_mut() {
        included.sort_by(|one, other| one.0.cmp(&other.0));
    }
    load.manifests = load.trail.manifests.as_slice().into();
    let ports = ports(files.iter().flat_map(|(_, nodes)| nodes)).map(Arc::new);
    for (path, nodes) in &files {
        load.settings(nodes, path);
    }
    let root_env = load.project.packages.first().map(|package| package.env.clone()).unwrap_or_default();
    for (index, (_, nodes)) in files.iter().enumerate() {
        let package = load.project.packages[index].clone();
        let mut env = root_env.clone();
        if index > 0 {
            env.extend(package.env);
        }
        let mut scopes = Scopes::default();
        scopes.set("project", "name", &*load.project.name);
        scopes.ports = ports.clone();
        let context = Context { package: package.folder, epic: None, scopes, env, manifests: load.manifests.clone() };
        load.nodes(nodes, &context, if index == 0 { Level::Root } else { Level::Package });
    }
    load.pools();
    if load.problems.problems().is_empty() {
        let texts = load.problems.sources().to_vec();
        Ok(Loaded { project: load.project, trail: load.trail, texts })
    } else {
        Err(load.problems.sorted())
    }
}

struct Load<'a> {
    source: &'a dyn Source,
    problems: Problems,
    project: Project,
    trail: Trail,
    templates: BTreeMap<String, Template>,
    seen: BTreeMap<Address, Place>,
    tasks: u64,
    /// How often the insides of `each` were gone through.
    rounds: u64,
    asked: BTreeMap<Vec<String>, Vec<RelPath>>,
    manifests: Arc<[RelPath]>,
    /// Where each port is declared, by package and name.
    ports: BTreeMap<(RelPath, Box<str>), Place>,
    /// Where each pool is declared, by package and name.
    pooled: BTreeMap<(RelPath, Box<str>), Place>,
}

/// Returns a path of the project as a manifest in `folder` writes it.
fn seen_from(folder: &RelPath, path: &str) -> String {
    let folder = folder.to_string();
    let (folder, parts): (Vec<&str>, Vec<&str>) =
        (folder.split('/').filter(|part| !matches!(*part, "" | ".")).collect(), path.split('/').collect());
    let shared = folder.iter().zip(&parts).take_while(|(one, other)| one == other).count();
    let up = std::iter::repeat_n("..", folder.len() - shared);
    up.chain(parts[shared..].iter().copied()).collect::<Vec<_>>().join("/")
}

/// What a list of nodes is the inside of.
#[derive(Clone, Copy, PartialEq)]
enum Level {
    /// The first manifest.
    Root,
    /// A manifest that was included.
    Package,
    /// `epic`
    Epic,
    /// `each`, at the top or in an epic.
    Each,
}

/// The names of all ports of services; `None` if one of them is only known after filling it.
fn ports<'a>(nodes: impl Iterator<Item = &'a Node>) -> Option<BTreeSet<String>> {
    let mut ports = BTreeSet::new();
    for node in nodes {
        if node.name == "service" {
            for (value, _) in node.children.iter().filter(|child| child.name == "port").flat_map(|child| &child.args) {
                match value {
                    Value::Text(text) if text.contains("{{") => return None,
                    Value::Text(text) => {
                        ports.insert(text.clone());
                    }
                    _ => {}
                }
            }
        } else if matches!(node.name.as_str(), "epic" | "each") {
            ports.extend(self::ports(node.children.iter())?);
        }
    }
    Some(ports)
}

/// Says that a manifest is included again: in a circle, or from two places. `from` says where each manifest was included first.
fn included_twice(path: &RelPath, place: &Place, earlier: &Option<Place>, from: &BTreeMap<RelPath, Option<Place>>) -> Problem {
    let mut chain = vec![path.to_string()];
    let mut above = Some(place.file.to_string());
    while let Some(file) = above {
        above = match RelPath::parse(&file) {
            Ok(file) if file != *path => from.get(&file).and_then(Option::as_ref).map(|place| place.file.to_string()),
            _ => None,
        };
        chain.push(file);
    }
    chain.reverse();
    let circle = chain.first() == chain.last();
    Problem {
        code: if circle { "manifest/include_loop" } else { "manifest/include_twice" },
        message: if circle {
            format!("manifests include each other: {}", chain.join(" -> "))
        } else {
            format!("`{path}` is included already")
        },
        place: Some(place.clone()),
        length: 1,
        help: Some(String::from("include each package once, best from the root manifest")),
        notes: earlier.iter().map(|earlier| (String::from("included here, too"), earlier.clone())).collect(),
    }
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
    fn file(&mut self, path: &RelPath, from: Option<&Place>) -> Option<Vec<Node>> {
        let file: Arc<str> = path.to_string().into();
        let failed = |problems: &mut Problems, error: io::Error| {
            problems.push(Problem {
                code: "manifest/unreadable",
                message: format!("cannot read `{path}`: {error}"),
                place: from.cloned(),
                length: 1,
                help: Some(String::from("make it a file that can be read, or name another one")),
                notes: Vec::new(),
            });
        };
        let bytes = match self.source.size(path) {
            Ok(size) if size > 64 << 20 => {
                self.problems.push(Problem {
                    code: "manifest/too_large",
                    message: format!("`{path}` is larger than 64 MiB"),
                    place: from.cloned(),
                    length: 1,
                    help: Some(String::from("split it into packages, or use `each`")),
                    notes: Vec::new(),
                });
                return None;
            }
            Ok(_) => self.source.read(path),
            Err(error) => Err(error),
        };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                failed(&mut self.problems, error);
                return None;
            }
        };
        self.trail.manifests.push(path.clone());
        self.problems.text(file.clone(), String::from_utf8_lossy(&bytes).into());
        match read(&file, &bytes) {
            Ok(nodes) => Some(nodes),
            Err(found) => {
                found.into_iter().for_each(|problem| self.problems.push(problem));
                None
            }
        }
    }

    fn asked(&mut self, patterns: Vec<String>, place: &Place) -> Vec<RelPath> {
        if let Some(found) = self.asked.get(&patterns) {
            return found.clone();
        }
        match self.source.matches(&patterns) {
            Ok(found) => {
                self.asked.insert(patterns.clone(), found.clone());
                self.trail.globs.push((patterns, found.clone()));
                found
            }
            Err(error) => {
                self.problems.say("manifest/unreadable", place, format!("cannot look for files: {error}"), "make the folder readable");
                Vec::new()
            }
        }
    }

    fn included(&mut self, node: &Node, folder: &RelPath, own: &RelPath) -> Vec<(RelPath, Place)> {
        self.problems.leaf(node, &[]);
        let mut found = Vec::new();
        for (text, place) in self.problems.texts(node) {
            let path = match RelPath::parse_in(folder, text.as_bytes()) {
                Ok(path) => path,
                Err(error) => {
                    self.problems.say(
                        "manifest/wrong_path",
                        &place,
                        format!("the path `{text}`: {error}"),
                        "name a folder or manifest inside the project",
                    );
                    continue;
                }
            };
            let pattern = path.to_string();
            if crate::base::glob::is_glob(&pattern) {
                let wanted = if pattern.ends_with(".kdl") { pattern } else { format!("{pattern}/orket.kdl") };
                found.extend(self.asked(vec![wanted], &place).into_iter().filter(|path| path != own).map(|path| (path, place.clone())));
            } else {
                found.push((if pattern.ends_with(".kdl") { path } else { path.join(b"orket.kdl") }, place));
            }
        }
        found.retain(|(path, place)| self.package(path, place));
        found
    }

    /// Whether the folder of a manifest can stand in addresses and patterns.
    fn package(&mut self, manifest: &RelPath, place: &Place) -> bool {
        let folder = manifest.parent().unwrap_or_else(RelPath::root);
        let wrong = match std::str::from_utf8(folder.as_bytes()) {
            Err(_) => Some(String::from("it is not UTF-8")),
            Ok(_) if folder.is_root() => None,
            Ok(text) if text.contains(['{', '}']) => Some(String::from("the name of a package must not hold a brace")),
            Ok(text) => Address::check_name(text).err().map(|error| error.to_string()),
        };
        if let Some(wrong) = &wrong {
            let message = format!("the folder `{folder}` cannot be a package: {wrong}");
            self.problems.say("manifest/wrong_name", place, message, "rename the folder, or leave it out of `include`");
        }
        wrong.is_none()
    }

    fn template(&mut self, node: &Node) {
        let Some((name, place)) = self.problems.text_of(node) else { return };
        let (params, body): (Vec<Node>, Vec<Node>) = node.children.iter().cloned().partition(|child| child.name == "param");
        self.problems.only(node, &[]);
        let many: Vec<&str> = task::MANY.into_iter().collect();
        self.problems.once(&body, &many);
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
        let known: Vec<&str> = task::PROPERTIES.into_iter().filter(|name| !matches!(*name, "matrix" | "use")).chain(["param"]).collect();
        let (body, unknown): (Vec<Node>, Vec<Node>) = body.into_iter().partition(|child| known.contains(&child.name.as_str()));
        for child in unknown {
            self.problems.unknown("node", &child.name, "`template`", &child.place, &known);
        }
        if self.templates.insert(name.clone(), Template { params: lowered, body }).is_some() {
            self.problems.say("manifest/duplicate", &place, format!("there are two templates `{name}`"), "rename one of them");
        }
    }

    /// What holds for a whole package: the project, its environment, pools, and names of ports.
    fn settings(&mut self, nodes: &[Node], manifest: &RelPath) {
        let root = self.project.packages.is_empty();
        let folder = if root { RelPath::root() } else { manifest.parent().unwrap_or_else(RelPath::root) };
        let context =
            Context { package: folder.clone(), epic: None, scopes: Scopes::default(), env: Vec::new(), manifests: self.manifests.clone() };
        let mut env = Vec::new();
        for name in ["orket", "project"] {
            let nodes: Vec<Node> = nodes.iter().filter(|node| node.name == name).cloned().collect();
            self.problems.once(&nodes, &[]);
        }
        for node in nodes.iter().filter(|node| node.name == "orket") {
            self.problems.leaf(node, &[]);
            self.problems.at_most(node, 1);
        }
        for node in nodes {
            match node.name.as_str() {
                "orket" if node.args.first().map(|(value, _)| value) != Some(&Value::Whole(1)) => {
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
                    if *slots < 1 || *slots > 1_000_000 {
                        self.problems.say(
                            "manifest/out_of_range",
                            place,
                            format!("a pool of {slots} lets nothing run"),
                            "give it at least 1 slot",
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
                    self.project.pools.push(Pool { name: full, slots: (*slots).clamp(1, 1_000_000) as u32, place: node.place.clone() });
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
                "about" => self.project.about = self.about(child),
                "default" => {
                    let needs = self.problems.needs(child, context);
                    self.project.default.extend(needs);
                }
                unknown => self.problems.unknown("node", unknown, "`project`", &child.place, &["about", "default"]),
            }
        }
    }

    fn nodes(&mut self, nodes: &[Node], context: &Context, level: Level) {
        let top = context.epic.is_none();
        let file = matches!(level, Level::Root | Level::Package);
        for node in nodes {
            let place = node.place.clone();
            let later = |project: &mut Project, kind| project.later.push(Later { kind, place: place.clone() });
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
                "gate" => {
                    later(&mut self.project, LaterKind::Gate);
                    self.gate(node, context);
                }
                "decision" => {
                    later(&mut self.project, LaterKind::Decision);
                    self.problems.name_of(node, context);
                }
                "epic" if top => self.epic(node, context),
                "rock" if top => self.rock(node, context),
                "env" | "needs" | "after" | "about" | "tags" if level == Level::Epic => {}
                "env" | "pool" | "template" | "include" | "orket" if file => {}
                "project" if level == Level::Root => {}
                "project" if file => self.problems.say(
                    "manifest/unknown_node",
                    &place,
                    "only the root manifest names the project",
                    "take the node out; a package is named by its folder",
                ),
                "process_rules" if file => later(&mut self.project, LaterKind::ProcessRules),
                "strategy" if file => later(&mut self.project, LaterKind::Strategy),
                "import" if file => {
                    later(&mut self.project, LaterKind::Import);
                    self.problems.text_of(node);
                }
                unknown if file => self.problems.unknown("node", unknown, "the manifest", &place, &TOP),
                unknown if level == Level::Epic => {
                    let known = ["about", "needs", "after", "tags", "env", "task", "service", "gate", "decision", "each"];
                    self.problems.unknown("node", unknown, "`epic`", &place, &known);
                }
                unknown => {
                    let known = ["glob", "task", "service", "gate", "decision", "each", "epic", "rock"];
                    self.problems.unknown("node", unknown, "`each`", &place, if top { &known } else { &known[..6] });
                }
            }
        }
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

    fn declared(&mut self, address: &Address, place: &Place) -> bool {
        if let Some(earlier) = self.seen.get(address) {
            self.problems.push(Problem {
                code: "manifest/duplicate",
                message: format!("there are two targets `{address}`"),
                place: Some(place.clone()),
                length: 1,
                help: Some(String::from("rename one of them")),
                notes: vec![(String::from("the other one"), earlier.clone())],
            });
            return false;
        }
        self.seen.insert(address.clone(), place.clone());
        true
    }

    /// Counts tasks before they are made; `false` if there would be too many.
    fn room(&mut self, more: Option<u64>, place: &Place) -> bool {
        let sum = more.and_then(|more| self.tasks.checked_add(more)).filter(|sum| *sum <= MOST_TASKS);
        match sum {
            Some(sum) => self.tasks = sum,
            None => self.problems.say(
                "manifest/too_many_tasks",
                place,
                format!("this makes more than {MOST_TASKS} tasks"),
                "narrow the glob or the matrix",
            ),
        }
        sum.is_some()
    }

    fn task(&mut self, node: &Node, context: &Context) {
        if !self.room(variants(node), &node.place) {
            return;
        }
        for task in task::lower(&mut self.problems, node, context, &self.templates, &mut self.project.later) {
            if self.declared(&task.address.clone(), &task.place.clone()) {
                self.project.tasks.push(task);
            }
        }
    }

    fn each(&mut self, node: &Node, context: &Context) {
        self.problems.only(node, &["glob"]);
        let Some((name, place)) = self.problems.text_of(node) else { return };
        if ["env", "decision", "matrix", "param", "port", "run", "project", "task"].contains(&name.as_str())
            || name.contains(['.', '{', '}'])
        {
            self.problems.say(
                "manifest/wrong_name",
                &place,
                format!("`{name}` cannot be the name of an `each`: it has a meaning of its own in `{{{{...}}}}`"),
                "choose another name, such as \"src\"",
            );
            return;
        }
        let given = node.props.iter().any(|(name, ..)| name == "glob");
        let mut globs: Vec<(String, Place)> = self.problems.text_prop(node, "glob").into_iter().collect();
        for child in node.children.iter().filter(|child| child.name == "glob") {
            self.problems.leaf(child, &[]);
            globs.extend(self.problems.texts(child));
        }
        if globs.is_empty() && given {
            return;
        }
        if globs.is_empty() {
            self.problems.say(
                "manifest/wrong_value",
                &node.place,
                "`each` has no glob",
                format!("write it as `each \"{name}\" glob=\"src/*.c\"`"),
            );
            return;
        }
        let mut patterns = Vec::new();
        let mistakes = self.problems.count();
        for (text, place) in &globs {
            let (sign, text) = text.strip_prefix('!').map_or(("", text.as_str()), |text| ("!", text));
            let pattern = self.problems.pattern(context, text, place);
            if pattern.as_literal().is_none() {
                let message = "the glob of an `each` has to be known while loading";
                self.problems.say("manifest/open_name", place, message, "env, decision, port and run are only known later");
            }
            patterns.push(format!("{sign}{pattern}"));
        }
        if self.problems.count() > mistakes {
            return;
        }
        let found = self.asked(patterns, &node.place);
        let children: Vec<Node> = node.children.iter().filter(|child| child.name != "glob").cloned().collect();
        let each = children.iter().filter(|child| child.name == "task").map(variants).try_fold(0u64, |sum, more| sum.checked_add(more?));
        let before = self.tasks;
        if !self.room(each.and_then(|each| each.checked_mul(found.len() as u64)), &node.place) {
            return;
        }
        self.tasks = before;
        self.rounds = self.rounds.saturating_add(found.len() as u64);
        if self.rounds > MOST_TASKS {
            self.problems.say(
                "manifest/too_many_tasks",
                &node.place,
                format!("`each` blocks in each other go round more than {MOST_TASKS} times"),
                "narrow the globs",
            );
            return;
        }
        for path in found {
            let Ok(text) = std::str::from_utf8(path.as_bytes()) else {
                self.problems.say(
                    "manifest/name_not_utf8",
                    &node.place,
                    format!("the name of `{path}` is not UTF-8"),
                    "rename the file, or leave it out with `!`",
                );
                continue;
            };
            let own = &*seen_from(&context.package, text);
            let (dir, file) = own.rsplit_once('/').unwrap_or(("", own));
            let (stem, ext) = match file.rsplit_once('.') {
                Some((stem, ext)) if !stem.is_empty() => (stem, ext),
                _ => (file, ""),
            };
            let mut inner = context.clone();
            inner.scopes.forget(&name);
            for (part, value) in
                [("path", own), ("name", file), ("stem", stem), ("dir", if dir.is_empty() { "." } else { dir }), ("ext", ext)]
            {
                inner.scopes.set_file(&name, part, value);
            }
            self.nodes(&children, &inner, Level::Each);
        }
    }

    fn epic(&mut self, node: &Node, context: &Context) {
        self.problems.only(node, &[]);
        let Some((name, _)) = self.problems.name_of(node, context) else { return };
        let address = context.address(&name);
        if !self.declared(&address, &node.place) {
            return;
        }
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
        for child in &node.children {
            match child.name.as_str() {
                "about" => epic.about = self.about(child),
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
        self.problems.only(node, &[]);
        let Some((name, _)) = self.problems.name_of(node, context) else { return };
        let address = context.address(&name);
        if !self.declared(&address, &node.place) {
            return;
        }
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
                "about" => rock.about = self.about(child),
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

    fn about(&mut self, node: &Node) -> Option<Box<str>> {
        self.problems.leaf(node, &[]);
        self.problems.text_of(node).map(|(text, _)| text.into())
    }

    fn tags(&mut self, node: &Node) -> Vec<Box<str>> {
        self.problems.leaf(node, &[]);
        self.problems.texts(node).into_iter().map(|(text, _)| text.into()).collect()
    }

    fn gate(&mut self, node: &Node, context: &Context) {
        let Some((name, _)) = self.problems.name_of(node, context) else { return };
        let kind = self.problems.text_prop(node, "kind").map(|(text, _)| text);
        let mut gate = Gate {
            address: context.address(&name),
            place: node.place.clone(),
            about: None,
            kind: kind.unwrap_or_default().into(),
            needs: Vec::new(),
            tags: Vec::new(),
            private: false,
        };
        for child in &node.children {
            match child.name.as_str() {
                "about" => gate.about = self.problems.text_of(child).map(|(text, _)| text.into()),
                "needs" => gate.needs.extend(self.problems.needs(child, context)),
                "tags" => gate.tags.extend(self.problems.texts(child).into_iter().map(|(text, _)| Box::from(text))),
                "private" => gate.private = self.problems.bool_of(child),
                _ => {}
            }
        }
        if self.declared(&gate.address.clone(), &gate.place.clone()) {
            self.project.gates.push(gate);
        }
    }

    /// Gives the pools of tasks their full names.
    fn pools(&mut self) {
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

//! A `task` node to tasks: one, or one for each variant of its matrix.

use std::collections::BTreeMap;
use std::time::Duration;

use super::common::Context;
use super::problem::Problems;
use super::read::{Node, Value};
use crate::base::{Address, RelPath, glob};
use crate::model::{Command, Condition, Later, LaterKind, Priority, Task, Text};

/// Every property of a task.
pub(super) const PROPERTIES: [&str; 34] = [
    "about",
    "run",
    "sh",
    "tools",
    "dir",
    "inputs",
    "outputs",
    "depfile",
    "needs",
    "after",
    "uses",
    "env",
    "cache",
    "incremental",
    "timeout",
    "retries",
    "backoff",
    "pool",
    "weight",
    "priority",
    "sandbox",
    "network",
    "interactive",
    "tags",
    "only_if",
    "on_failure",
    "private",
    "confirm",
    "matrix",
    "use",
    "platform",
    "executor",
    "allow_undeclared",
    "args",
];

/// What a task may say several times.
pub(super) const MANY: [&str; 13] =
    ["run", "sh", "tools", "inputs", "outputs", "needs", "after", "uses", "env", "tags", "only_if", "use", "matrix"];

/// The systems that `platform` may name, as Rust names them.
const SYSTEMS: [&str; 11] =
    ["linux", "macos", "windows", "freebsd", "netbsd", "openbsd", "dragonfly", "illumos", "solaris", "android", "ios"];

/// A template: its parameters with their defaults, and its body.
pub(super) struct Template {
    pub params: Vec<(String, Option<String>)>,
    pub body: Vec<Node>,
}

/// How many tasks a matrix makes; `None` if more than can be counted.
pub(super) fn variants(node: &Node) -> Option<u64> {
    let matrix = node.children.iter().filter(|child| child.name == "matrix").flat_map(|matrix| &matrix.children);
    matrix.map(|axis| axis.args.len().max(1) as u64).try_fold(1u64, u64::checked_mul)
}

/// Lowers a task node; `later` collects what has no effect in this version.
pub(super) fn lower(
    problems: &mut Problems,
    node: &Node,
    context: &Context,
    templates: &BTreeMap<String, Template>,
    later: &mut Vec<Later>,
) -> Vec<Task> {
    problems.only(node, &[]);
    problems.once(&node.children, &MANY);
    let Some(axes) = axes(problems, node, context) else { return Vec::new() };
    let mut rows: Vec<Vec<(Box<str>, Box<str>)>> = vec![Vec::new()];
    for (axis, values) in &axes {
        rows = rows
            .into_iter()
            .flat_map(|row| {
                values.iter().map(move |value| row.iter().cloned().chain([(axis.as_str().into(), value.as_str().into())]).collect())
            })
            .collect();
    }
    rows.into_iter().filter_map(|row| one(problems, node, context, templates, later, row)).collect()
}

/// Returns the axes of all `matrix` blocks of a task; `None` after a mistake in them.
fn axes(problems: &mut Problems, node: &Node, context: &Context) -> Option<Vec<(String, Vec<String>)>> {
    let mut axes: Vec<(String, Vec<String>)> = Vec::new();
    let mut good = true;
    for matrix in node.children.iter().filter(|child| child.name == "matrix") {
        problems.block(matrix);
        if matrix.children.is_empty() {
            problems.say(
                "manifest/wrong_value",
                &matrix.place,
                "the matrix has no axis",
                "write it as `matrix { python \"3.11\" \"3.12\" }`",
            );
            good = false;
        }
        for axis in &matrix.children {
            problems.leaf(axis, &[]);
            let mut values: Vec<String> = Vec::new();
            for (text, place) in problems.texts(axis) {
                let filled = problems.fill(context, &text, &place);
                match filled.as_literal().map(|value| (value, Address::check_name(value))) {
                    Some((value, Ok(()))) if values.iter().any(|other| other == value) => {
                        let message = format!("the axis `{}` has `{value}` twice", axis.name);
                        problems.say("manifest/duplicate", &place, message, "keep one of them");
                    }
                    Some((value, Ok(()))) => values.push(value.to_owned()),
                    Some((value, Err(error))) => {
                        problems.say(
                            "manifest/wrong_name",
                            &place,
                            format!("the value `{value}` of `{}`: {error}", axis.name),
                            "choose another value",
                        );
                    }
                    None => problems.say(
                        "manifest/open_name",
                        &place,
                        format!("the values of `{}` have to be known while loading", axis.name),
                        "env, decision, port and run are only known later",
                    ),
                }
            }
            good &= values.len() == axis.args.len() && !values.is_empty();
            if axes.iter().any(|(name, _)| *name == axis.name) {
                problems.say("manifest/duplicate", &axis.place, format!("the matrix has two axes `{}`", axis.name), "rename one of them");
                good = false;
            }
            if let Err(error) = Address::check_name(&axis.name.replace('=', ",")) {
                problems.say("manifest/wrong_name", &axis.place, format!("the axis `{}`: {error}", axis.name), "choose another name");
                good = false;
            }
            axes.push((axis.name.clone(), values));
        }
    }
    good.then_some(axes)
}

fn one(
    problems: &mut Problems,
    node: &Node,
    context: &Context,
    templates: &BTreeMap<String, Template>,
    later: &mut Vec<Later>,
    matrix: Vec<(Box<str>, Box<str>)>,
) -> Option<Task> {
    let mut context = context.clone();
    for (axis, value) in &matrix {
        context.scopes.set("matrix", axis, &**value);
    }
    let (name, _) = problems.name_of(node, &context)?;
    let variant = if matrix.is_empty() {
        String::new()
    } else {
        format!("[{}]", matrix.iter().map(|(axis, value)| format!("{axis}={value}")).collect::<Vec<_>>().join(","))
    };
    let name = format!("{name}{variant}");
    let address = context.address(&name);
    context.scopes.set("task", "name", name.as_str());
    context.scopes.set("task", "address", address.as_str());
    let mut task = Task {
        address,
        epic: context.epic.clone(),
        place: node.place.clone(),
        about: None,
        package: context.package.clone(),
        commands: Vec::new(),
        tools: Vec::new(),
        dir: Text::literal(if context.package.is_root() { String::from("./") } else { context.package.to_string() }),
        inputs: Vec::new(),
        outputs: Vec::new(),
        depfile: None,
        needs: Vec::new(),
        after: Vec::new(),
        uses: Vec::new(),
        env: context.env.clone(),
        cache: true,
        incremental: false,
        timeout: None,
        retries: 0,
        backoff: Duration::from_secs(1),
        pool: None,
        weight: 1,
        priority: Priority::default(),
        interactive: false,
        tags: Vec::new(),
        only_if: Vec::new(),
        on_failure: None,
        private: false,
        confirm: None,
        platform: Vec::new(),
        matrix,
    };
    for child in node.children.iter().filter(|child| child.name == "use") {
        let Some((used, place)) = problems.text_of(child) else { continue };
        let Some(template) = templates.get(&used) else {
            let known: Vec<&str> = templates.keys().map(String::as_str).collect();
            problems.unknown("template", &used, "this project", &place, &known);
            continue;
        };
        let mut inner = context.clone();
        let mut complete = true;
        for (param, default) in &template.params {
            let given = child.props.iter().find(|(name, ..)| name == param).map(|(_, value, place)| (value.clone(), place.clone()));
            let value = match given {
                Some((Value::Text(text), place)) => problems.fill(&context, &text, &place),
                Some((Value::Whole(number), _)) => Text::literal(number.to_string()),
                Some((other, place)) => {
                    problems.say("manifest/wrong_value", &place, format!("`{param}` is {}", other.kind()), "give it a text");
                    continue;
                }
                None => match default {
                    Some(default) => problems.fill(&context, default, &child.place),
                    None => {
                        problems.say(
                            "manifest/missing_param",
                            &child.place,
                            format!("the template `{used}` needs `{param}`"),
                            format!("write `use \"{used}\" {param}=\"...\"`"),
                        );
                        complete = false;
                        continue;
                    }
                },
            };
            inner.scopes.set_text("param", param, value);
        }
        let known: Vec<&str> = template.params.iter().map(|(name, _)| name.as_str()).collect();
        problems.only(child, &known);
        if complete {
            template.body.iter().for_each(|child| property(problems, &mut task, child, &inner, later));
        }
    }
    node.children.iter().filter(|child| child.name != "use").for_each(|child| property(problems, &mut task, child, &context, later));
    Some(task)
}

fn property(problems: &mut Problems, task: &mut Task, node: &Node, context: &Context, later: &mut Vec<Later>) {
    let place = node.place.clone();
    match node.name.as_str() {
        "retries" => problems.only(node, &["backoff"]),
        "needs" | "after" | "uses" | "on_failure" | "executor" | "sandbox" | "network" | "allow_undeclared" | "env" | "matrix" | "args" => {
        }
        _ => problems.leaf(node, &[]),
    }
    match node.name.as_str() {
        "about" => task.about = problems.text_of(node).map(|(text, place)| problems.fill(context, &text, &place).to_string().into()),
        "run" | "sh" => task.commands.extend(command(problems, node, context)),
        "tools" => {
            for (text, place) in problems.texts(node) {
                task.tools.push(problems.fill(context, &text, &place));
            }
        }
        "dir" => {
            if let Some((text, place)) = problems.text_of(node) {
                task.dir = problems.path(context, &text, &place);
            }
        }
        "inputs" => task.inputs.extend(problems.patterns(node, context)),
        "outputs" => {
            for pattern in problems.patterns(node, context) {
                let text = pattern.text.to_string();
                let wrong = match text.trim_end_matches('/') {
                    "." | "" => Some("it is the project's root"),
                    text if text.split('/').any(|part| part == ".git") => Some("it stands in `.git`"),
                    text if text.split('/').next() == Some(".orket") => Some("it stands in `.orket`, which is orket's own"),
                    text if context.manifests.iter().any(|manifest| covers(text, manifest)) => Some("a manifest stands there"),
                    _ => None,
                };
                if let Some(wrong) = wrong.filter(|_| !pattern.negated) {
                    problems.say(
                        "manifest/wrong_output",
                        &pattern.place,
                        format!("`{text}` cannot be an output: {wrong}"),
                        "name files, or a folder that holds nothing else",
                    );
                }
                task.outputs.push(pattern);
            }
        }
        "depfile" => {
            if let Some((text, place)) = problems.text_of(node) {
                if glob::is_glob(&text.replace("{{", "").replace("}}", "")) || text.ends_with('/') {
                    let message = format!("a depfile is one file, and `{text}` is not");
                    problems.say("manifest/wrong_path", &place, message, "name one file, such as \"out/main.d\"");
                }
                task.depfile = Some(problems.path(context, &text, &place));
            }
        }
        "needs" => task.needs.extend(problems.needs(node, context)),
        "after" => task.after.extend(problems.needs(node, context)),
        "uses" => task.uses.extend(problems.needs(node, context)),
        "on_failure" => {
            problems.at_most(node, 1);
            task.on_failure = problems.needs(node, context).into_iter().next();
            later.push(Later { kind: LaterKind::Remedy, place });
        }
        "env" => {
            let rules = problems.env(node, context);
            task.env.extend(rules);
        }
        "cache" => task.cache = problems.bool_of(node),
        "incremental" => task.incremental = problems.bool_of(node),
        "interactive" => task.interactive = problems.bool_of(node),
        "private" => task.private = problems.bool_of(node),
        "timeout" => task.timeout = problems.duration_of(node),
        "retries" => {
            task.retries = problems.whole_of(node, 0).unwrap_or(0);
            if let Some((text, place)) = problems.text_prop(node, "backoff") {
                task.backoff = problems.duration(&text, &place).unwrap_or(task.backoff);
            }
            for child in &node.children {
                if child.name == "backoff" {
                    task.backoff = problems.duration_of(child).unwrap_or(task.backoff);
                } else {
                    problems.unknown("node", &child.name, "`retries`", &child.place, &["backoff"]);
                }
            }
        }
        "backoff" => task.backoff = problems.duration_of(node).unwrap_or(task.backoff),
        "pool" => {
            if let Some((text, at)) = problems.text_of(node) {
                let pool: Box<str> = problems.fill(context, &text, &at).to_string().into();
                problems.pool_places.insert((task.place.clone(), pool.clone()), at);
                task.pool = Some(pool);
            }
        }
        "weight" => task.weight = problems.whole_of(node, 1).unwrap_or(1),
        "priority" => match node.args.first().filter(|_| node.args.len() == 1) {
            Some((Value::Text(text), place)) => match text.as_str() {
                "high" => task.priority = Priority(3.0),
                "medium" => task.priority = Priority(2.0),
                "low" => task.priority = Priority(1.0),
                other => problems.unknown("priority", other, "`priority`", place, &["high", "medium", "low"]),
            },
            Some((Value::Whole(number), _)) => task.priority = Priority(*number as f64),
            Some((Value::Decimal(number), _)) if number.is_finite() => task.priority = Priority(*number),
            _ => problems.say(
                "manifest/wrong_value",
                &place,
                "`priority` takes one of high, medium, low or a number",
                "write it as `priority \"high\"`",
            ),
        },
        "tags" => task.tags.extend(problems.texts(node).into_iter().map(|(text, _)| Box::from(text))),
        "platform" => {
            for (text, place) in problems.texts(node) {
                let system = text.split_once('-').map_or(&*text, |(system, _)| system);
                if !SYSTEMS.contains(&system) {
                    problems.unknown("system", system, "`platform`", &place, &SYSTEMS);
                }
                task.platform.push(text.into());
            }
        }
        "confirm" => task.confirm = problems.text_of(node).map(|(text, place)| problems.fill(context, &text, &place)),
        "only_if" => {
            if node.args.len() == 1 {
                let help = "write it as `only_if \"profile\" \"release\"`";
                problems.say("manifest/wrong_value", &place, "`only_if` takes a decision and at least one value", help);
            }
            let mut texts = problems.texts(node).into_iter().map(|(text, _)| text);
            if let Some(decision) = texts.next() {
                task.only_if.push(Condition {
                    decision: Address::new(decision),
                    values: texts.map(Box::from).collect(),
                    place: place.clone(),
                });
            }
            later.push(Later { kind: LaterKind::Decision, place });
        }
        "sandbox" | "network" | "allow_undeclared" => later.push(Later { kind: LaterKind::Sandbox, place }),
        "executor" => later.push(Later { kind: LaterKind::Executor, place }),
        "matrix" | "args" => {}
        unknown => problems.unknown("node", unknown, "`task`", &place, &PROPERTIES),
    }
}

/// Whether an output is this manifest, a folder that it stands in, or a glob that matches it.
fn covers(output: &str, manifest: &RelPath) -> bool {
    if glob::is_glob(output) {
        return glob::Glob::new(output).is_ok_and(|glob| glob.matches(manifest));
    }
    RelPath::parse(output).is_ok_and(|output| manifest.is_in(&output))
}

/// Lowers a `run` or `sh`.
pub(super) fn command(problems: &mut Problems, node: &Node, context: &Context) -> Vec<Command> {
    let texts = problems.texts(node);
    let place = node.place.clone();
    if node.name == "sh" {
        return texts
            .into_iter()
            .map(|(text, at)| Command::Sh { script: problems.fill(context, &text, &at), place: place.clone() })
            .collect();
    }
    match texts.first() {
        None => return Vec::new(),
        Some((program, at)) if program.is_empty() => {
            problems.say("manifest/wrong_value", at, "`run` names no program", "write it as `run \"program\" \"word\"`");
        }
        _ => {}
    }
    vec![Command::Run { words: texts.into_iter().map(|(text, at)| problems.fill(context, &text, &at)).collect(), place }]
}

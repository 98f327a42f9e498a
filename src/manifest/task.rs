//! A `task` node to tasks: one, or one for each variant of its matrix.

use std::collections::BTreeMap;
use std::time::Duration;

use super::common::{Context, TEXT};
use super::matrix::{axes, rows};
use super::node::{Node, Value};
use super::problems::Problems;
use super::property::property;
use crate::model::{EnvRule, EnvRules, Later, Priority, Task, Text};

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

/// A template: its parameters with their defaults, and its body.
pub(super) struct Template {
    pub params: Vec<(String, Option<String>)>,
    pub body: Vec<Node>,
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
    problems.env_once(&node.children);
    let Some(axes) = axes(problems, node, context) else { return Vec::new() };
    let around = env_size(&context.env);
    let mut tasks = Vec::new();
    for row in rows(&axes) {
        let named: usize = row.iter().map(|(axis, value)| axis.len() + value.len()).sum();
        problems.takes(around + 3 * named as u64, &node.place);
        if problems.full() {
            break;
        }
        tasks.extend(one(problems, node, context, templates, later, row));
    }
    tasks
}

/// How many bytes the rules take that a task inherits.
pub(super) fn env_size(rules: &EnvRules) -> u64 {
    let size = |rule: &EnvRule| match rule {
        EnvRule::Set { name, value, .. } => name.len() + value.size(),
        EnvRule::Pass { name, .. } | EnvRule::Secret { name, .. } => name.len(),
        EnvRule::Dotenv { file, .. } => file.as_bytes().len(),
    };
    rules.iter().map(|rule| TEXT + size(rule) as u64).sum()
}

fn one(
    problems: &mut Problems,
    node: &Node,
    context: &Context,
    templates: &BTreeMap<String, Template>,
    later: &mut Vec<Later>,
    matrix: Vec<(Box<str>, Box<str>)>,
) -> Option<Task> {
    let before = problems.problems().len();
    let mut context = context.clone();
    for (axis, value) in &matrix {
        context.scopes.set("matrix", axis, &**value);
    }
    let (name, _) = problems.name_of(node, &context)?;
    let name = if matrix.is_empty() {
        name
    } else {
        let axes = matrix.iter().map(|(axis, value)| format!("{axis}={value}")).collect::<Vec<_>>();
        format!("{name}[{}]", axes.join(","))
    };
    let address = context.address(&name);
    context.scopes.set_task(&name, &address);
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
        confined: Default::default(),
        imported: None,
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
            let given = child.props.iter().find(|(name, ..)| name == param).map(|(_, value, place)| (value, place));
            let (text, place) = match given {
                Some((Value::Text(text), place)) => (text.to_string(), place),
                Some((Value::Whole(number), place)) => (number.to_string(), place),
                Some((other, place)) => {
                    problems.say("manifest/wrong_value", place, format!("`{param}` is {}", other.kind()), "give it a text");
                    continue;
                }
                None => match default {
                    Some(default) => (default.to_string(), &child.place),
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
            let value = problems.fill(&context, &text, place);
            let pattern = context.scopes.fill_pattern(&text).unwrap_or_else(|_| value.clone());
            inner.scopes.set_param(param, value, pattern);
        }
        let known: Vec<&str> = template.params.iter().map(|(name, _)| name.as_str()).collect();
        problems.only(child, &known);
        if complete {
            template.body.iter().for_each(|child| property(problems, &mut task, child, &inner, later));
        }
    }
    node.children.iter().filter(|child| child.name != "use").for_each(|child| property(problems, &mut task, child, &context, later));
    let idle = task.commands.is_empty() && !node.children.iter().any(|child| matches!(&*child.name, "run" | "sh"));
    if problems.problems().len() == before {
        if idle {
            no_command(problems, &task);
        }
        problems.withheld(&task);
    }
    Some(task)
}

/// Says that nothing makes the outputs of a task that has no commands.
fn no_command(problems: &mut Problems, task: &Task) {
    let Some(output) = task.outputs.iter().find(|pattern| !pattern.negated) else { return };
    problems.say(
        "manifest/no_command",
        &output.place,
        "the task has outputs, and no command that makes them",
        "write the command, `run \"program\" \"word\"` or `sh \"script\"`, or take `outputs` out: a task with neither gathers what it needs",
    );
}

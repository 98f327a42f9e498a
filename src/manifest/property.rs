//! The properties of a task, one by one.

use super::common::Context;
use super::node::{Node, Value};
use super::problems::Problems;
use super::task::PROPERTIES;
use crate::base::{Address, RelPath, glob};
use crate::model::{Command, Later, LaterKind, OnlyIf, Priority, Sandbox, Task};

/// The systems that `platform` may name, as Rust names them.
pub(super) const SYSTEMS: [&str; 11] =
    ["linux", "macos", "windows", "freebsd", "netbsd", "openbsd", "dragonfly", "illumos", "solaris", "android", "ios"];

pub(super) fn property(problems: &mut Problems, task: &mut Task, node: &Node, context: &Context, later: &mut Vec<Later>) {
    let place = &node.place;
    match node.name.as_str() {
        "retries" => problems.only(node, &["backoff"]),
        "needs" | "after" | "uses" | "on_failure" | "executor" | "env" | "matrix" | "args" => {}
        _ => problems.leaf(node, &[]),
    }
    match node.name.as_str() {
        "about" => task.about = problems.about(node, context),
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
        "inputs" => {
            for pattern in problems.patterns(node, context) {
                let text = pattern.text.written();
                let passed = |part: &str| part == ".git" || part == ".orket";
                if let Some(part) = text.split('/').find(|part| passed(part)).filter(|_| !pattern.negated && glob::is_glob(&text)) {
                    let message = format!("patterns do not look into `{part}`, so `{text}` means nothing");
                    problems.say("manifest/wrong_glob", &pattern.place, message, "name the file itself, such as \".git/HEAD\"");
                }
                task.inputs.push(pattern);
            }
        }
        "outputs" => {
            for pattern in problems.patterns(node, context) {
                let text = pattern.text.written();
                if let Some(wrong) = forbidden(&text, &context.manifests).filter(|_| !pattern.negated) {
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
                let path = problems.path(context, &text, &place);
                if let Some(wrong) = forbidden(&path.to_string(), &context.manifests) {
                    let message = format!("`{path}` cannot be a depfile: {wrong}");
                    problems.say("manifest/wrong_output", &place, message, "name a file beside the outputs, such as \"out/main.d\"");
                }
                task.depfile = Some(path);
            }
        }
        "needs" => task.needs.extend(problems.needs(node, context)),
        "after" => task.after.extend(problems.needs(node, context)),
        "uses" => task.uses.extend(problems.needs(node, context)),
        "on_failure" => {
            problems.at_most(node, 1);
            task.on_failure = problems.needs(node, context).into_iter().next();
        }
        "env" => {
            let rules = problems.env(node, context);
            task.env.extend(rules);
        }
        "cache" => task.cache = problems.bool_of(node),
        "incremental" => task.incremental = problems.bool_of(node),
        "interactive" => task.interactive = problems.bool_of(node),
        "private" => task.private = problems.bool_of(node),
        "timeout" => {
            if let Some((text, at)) = problems.text_of(node) {
                task.timeout = problems.duration(&text, &at);
                if task.timeout.is_some_and(|timeout| timeout.is_zero()) {
                    let help = "give it some time, or take `timeout` out: then it may take as long as it likes";
                    problems.say("manifest/out_of_range", &at, format!("within `{text}` nothing can be done"), help);
                }
            }
        }
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
            if let Some((text, at)) = problems.text_of(node)
                && let Some(pool) = problems.settled(context, &text, &at, "the name of a pool")
            {
                let pool: Box<str> = pool.into();
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
            Some((Value::Whole(number), _)) => task.priority = Priority(**number as f64),
            Some((Value::Decimal(number), _)) if number.is_finite() => task.priority = Priority(*number),
            _ => problems.say(
                "manifest/wrong_value",
                place,
                "`priority` takes one of high, medium, low or a number",
                "write it as `priority \"high\"`",
            ),
        },
        "tags" => {
            for (text, place) in problems.texts(node) {
                task.tags.push(problems.fill(context, &text, &place).to_string().into());
            }
        }
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
                problems.say("manifest/wrong_value", place, "`only_if` takes a decision and at least one value", help);
            }
            let texts = problems.texts(node);
            let mut texts = texts.into_iter().map(|(text, place)| problems.fill(context, &text, &place).to_string());
            if let Some(decision) = texts.next() {
                task.only_if.push(OnlyIf {
                    decision: Address::new(decision),
                    values: texts.map(Box::from).collect(),
                    place: place.clone(),
                });
            }
        }
        "sandbox" => {
            if let Some((text, place)) = problems.text_of(node) {
                task.confined.sandbox = Sandbox::of(&text);
                if task.confined.sandbox.is_none() {
                    problems.unknown("sandbox", &text, "`sandbox`", &place, &Sandbox::WORDS);
                }
            }
        }
        "network" => task.confined.network = Some(problems.bool_of(node)),
        "allow_undeclared" => task.confined.undeclared.extend(problems.patterns(node, context)),
        "executor" => later.push(Later { kind: LaterKind::Executor, place: place.clone() }),
        "args" if node.args.iter().any(|(value, _)| matches!(value, Value::Text(_))) => {
            let help = "take the words out, and give them where the task is run: orket run TASK -- WORDS";
            problems.say("manifest/wrong_value", place, "`args` holds no words of its own", help);
        }
        "matrix" | "args" => {}
        unknown => problems.unknown("node", unknown, "`task`", place, &PROPERTIES),
    }
}

/// Returns why nothing can be put out in a place.
fn forbidden(text: &str, manifests: &[RelPath]) -> Option<&'static str> {
    match text.trim_end_matches('/') {
        // That the path is empty was said.
        "" => None,
        "." => Some("it is the project's root"),
        text if text.split('/').any(|part| part == ".git") => Some("it stands in `.git`"),
        text if text.split('/').next() == Some(".orket") => Some("it stands in `.orket`, which is orket's own"),
        text if covers(text, manifests) => Some("a manifest stands there"),
        _ => None,
    }
}

/// Whether an output is one of these manifests, which are sorted, a folder that one stands in, or a glob that matches one.
fn covers(output: &str, manifests: &[RelPath]) -> bool {
    let Some(name) = glob::plain(output) else {
        return glob::Glob::new(output).is_ok_and(|glob| manifests.iter().any(|manifest| glob.matches(manifest)));
    };
    RelPath::fold(&name).is_ok_and(|output| {
        let output = output.as_bytes();
        let first = manifests.partition_point(|manifest| manifest.as_bytes().iter().lt(output.iter().chain(b"/")));
        let below = |manifest: &RelPath| manifest.as_bytes().strip_prefix(output).is_some_and(|rest| rest.starts_with(b"/"));
        output.is_empty()
            || manifests.binary_search_by(|manifest| manifest.as_bytes().cmp(output)).is_ok()
            || manifests.get(first).is_some_and(below)
    })
}

/// Lowers a `run` or `sh`.
pub(super) fn command(problems: &mut Problems, node: &Node, context: &Context) -> Vec<Command> {
    let texts = problems.words(node);
    let place = &node.place;
    if node.name == "sh" {
        if let [(first, _), (_, second), ..] = &texts[..] {
            let help = match first.starts_with('\'') {
                true => "quote it as KDL does: `sh \"echo hello\"`",
                false => "write a further `sh` for a further script",
            };
            problems.say("manifest/too_many", second, "`sh` takes one script", help);
        }
        return texts
            .into_iter()
            .map(|(text, at)| Command::Sh { script: problems.fill(context, text, at), place: place.clone() })
            .collect();
    }
    match texts.first() {
        None => return Vec::new(),
        Some(("", at)) => {
            problems.say("manifest/wrong_value", at, "`run` names no program", "write it as `run \"program\" \"word\"`");
        }
        _ => {}
    }
    vec![Command::Run { words: texts.into_iter().map(|(text, at)| problems.fill(context, text, at)).collect(), place: place.clone() }]
}

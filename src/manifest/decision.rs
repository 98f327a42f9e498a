//! A `decision` node: its values, and the conditions of each.

use super::common::Context;
use super::node::{Node, Value};
use super::problems::Problems;
use super::property::SYSTEMS;
use crate::base::{Place, RelPath, glob};
use crate::model::{Choose, Condition, Decision, Need, Test};

/// Every condition.
const CONDITIONS: [&str; 18] = [
    "env",
    "branch",
    "tag",
    "os",
    "arch",
    "changed",
    "exists",
    "succeeded",
    "failed",
    "output",
    "exit_code",
    "file",
    "command",
    "decided",
    "weekday",
    "hour",
    "not",
    "any",
];

/// The processors that `arch` may name, as Rust names them.
const PROCESSORS: [&str; 13] =
    ["x86", "x86_64", "arm", "aarch64", "loongarch64", "mips", "mips64", "powerpc", "powerpc64", "riscv32", "riscv64", "s390x", "sparc64"];

const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

pub(super) fn lower(problems: &mut Problems, node: &Node, context: &Context) -> Option<Decision> {
    problems.only(node, &[]);
    problems.once(&node.children, &["needs", "choose"]);
    let (name, _) = problems.name_of(node, context)?;
    let mut decision = Decision {
        address: context.address(&name),
        place: node.place.clone(),
        epic: context.epic.clone(),
        package: context.package.clone(),
        about: None,
        needs: Vec::new(),
        chooses: Vec::new(),
        otherwise: None,
        env: context.env.clone(),
    };
    for child in &node.children {
        match child.name.as_str() {
            "about" => decision.about = problems.about(child, context),
            "needs" => decision.needs.extend(problems.needs(child, context)),
            "choose" => {
                problems.only(child, &[]);
                problems.at_most(child, 1);
                let value = value(problems, child, context);
                let conditions = conditions(problems, child, context);
                if child.children.is_empty() {
                    let message = "`choose` has no condition: it would always hold";
                    let help = "say when: `choose \"release\" { env \"CI\" \"true\" }`; what holds in the end is `otherwise \"release\"`";
                    problems.say("manifest/wrong_value", &child.place, message, help);
                }
                decision.chooses.extend(value.map(|value| Choose { value, conditions, place: child.place.clone() }));
            }
            "otherwise" => {
                problems.leaf(child, &[]);
                problems.at_most(child, 1);
                decision.otherwise = value(problems, child, context);
            }
            unknown => problems.unknown("node", unknown, "`decision`", &child.place, &["about", "needs", "choose", "otherwise"]),
        }
    }
    if !node.children.iter().any(|child| matches!(child.name.as_str(), "choose" | "otherwise")) {
        let message = format!("the decision `{name}` has nothing to choose from");
        let help = "add `choose \"release\" { env \"CI\" \"true\" }` and `otherwise \"dev\"`";
        problems.say("manifest/wrong_value", &node.place, message, help);
    }
    Some(decision)
}

fn value(problems: &mut Problems, node: &Node, context: &Context) -> Option<Box<str>> {
    let value = plain(problems, node, context).into_iter().next()?;
    if value.trim().is_empty() || value.contains(char::is_control) {
        let message = format!("a value of a decision cannot be {value:?}");
        problems.say("manifest/wrong_value", &node.place, message, "choose a word, such as \"release\"");
        return None;
    }
    Some(value)
}

fn conditions(problems: &mut Problems, node: &Node, context: &Context) -> Vec<Condition> {
    node.children
        .iter()
        .filter_map(|child| {
            let test = test(problems, child, context)?;
            Some(Condition { test, text: shown(child).into(), place: child.place.clone() })
        })
        .collect()
}

/// The texts of a node, at least one, all holes filled.
fn plain(problems: &mut Problems, node: &Node, context: &Context) -> Vec<Box<str>> {
    let texts = problems.texts(node);
    texts.iter().filter_map(|(text, place)| closed(problems, node, context, text, place)).collect()
}

fn closed(problems: &mut Problems, node: &Node, context: &Context, text: &str, place: &Place) -> Option<Box<str>> {
    let filled = problems.fill(context, text, place);
    if let Some(literal) = filled.as_literal() {
        return Some(literal.into());
    }
    let message = format!("what `{}` says in a decision has to be known while loading", node.name);
    problems.say(
        "manifest/open_name",
        place,
        message,
        "env, decision, port and run are only known later; `env` and `decided` are conditions",
    );
    None
}

fn test(problems: &mut Problems, node: &Node, context: &Context) -> Option<Test> {
    let allowed: &[&str] = match node.name.as_str() {
        "changed" => &["since"],
        "output" => &["matches"],
        "file" => &["json", "matches"],
        _ => &[],
    };
    let prop = |problems: &mut Problems, name: &str| {
        let (text, place) = problems.text_prop(node, name)?;
        closed(problems, node, context, &text, &place).map(|text| (text, place))
    };
    match node.name.as_str() {
        "not" | "any" => {
            problems.block(node);
            if node.children.is_empty() {
                let message = format!("`{}` has no condition", node.name);
                problems.say("manifest/wrong_value", &node.place, message, format!("write it as `{} {{ env \"CI\" }}`", node.name));
            }
            let inner = conditions(problems, node, context);
            return Some(if node.name == "not" { Test::Not(inner) } else { Test::Any(inner) });
        }
        known if CONDITIONS.contains(&known) => problems.leaf(node, allowed),
        unknown => {
            problems.unknown("condition", unknown, "a decision", &node.place, &CONDITIONS);
            return None;
        }
    }
    Some(match node.name.as_str() {
        "env" => {
            let mut texts = plain(problems, node, context).into_iter();
            Test::Env { name: texts.next()?, values: texts.collect() }
        }
        "branch" => Test::Branch(names(problems, node, context)),
        "tag" => Test::Tag(names(problems, node, context)),
        "os" => Test::Os(known(problems, node, context, "system", &SYSTEMS)),
        "arch" => Test::Arch(known(problems, node, context, "processor", &PROCESSORS)),
        "changed" => {
            let since = prop(problems, "since").map(|(text, _)| text);
            Test::Changed { patterns: paths(problems, node, context), since }
        }
        "exists" => Test::Exists(paths(problems, node, context)),
        "succeeded" => Test::Succeeded(targets(problems, node, context)),
        "failed" => Test::Failed(targets(problems, node, context)),
        "output" => {
            problems.at_most(node, 1);
            let matches = prop(problems, "matches");
            if matches.is_none() && !node.props.iter().any(|(name, ..)| name == "matches") {
                let help = "write it as `output \"probe\" matches=\"slow disk\"`";
                problems.say("manifest/wrong_value", &node.place, "`output` does not say what it has to match", help);
            }
            let task = targets(problems, node, context).into_iter().next();
            Test::Output { task: task?, matches: expression(problems, matches)? }
        }
        "exit_code" => {
            let mut codes = Vec::new();
            for (value, place) in node.args.iter().skip(1) {
                match value {
                    Value::Whole(code) if (0..=255).contains(&**code) => codes.push(**code as i32),
                    _ => problems.say("manifest/wrong_value", place, "an exit status is a number from 0 to 255", EXIT_CODE),
                }
            }
            if node.args.len() < 2 {
                problems.say("manifest/wrong_value", &node.place, "`exit_code` takes a task and at least one number", EXIT_CODE);
                return None;
            }
            let Some((Value::Text(text), place)) = node.args.first() else {
                problems.say("manifest/wrong_value", &node.place, "`exit_code` names a task first", EXIT_CODE);
                return None;
            };
            let task = target(problems, node, context, text, place)?;
            Test::ExitCode { task, codes }
        }
        "file" => {
            problems.at_most(node, 1);
            let json = prop(problems, "json");
            if let Some((pointer, place)) = json.as_ref().filter(|(pointer, _)| !pointer.is_empty() && !pointer.starts_with('/')) {
                let message = format!("`{pointer}` is no JSON pointer: it does not begin with `/`");
                problems.say("manifest/wrong_value", place, message, format!("write it as `json=\"/{pointer}\"`"));
            }
            let matches = prop(problems, "matches");
            let matches = if matches.is_some() { expression(problems, matches) } else { None };
            let texts = problems.texts(node);
            let (text, place) = texts.first()?;
            let text = closed(problems, node, context, text, place)?;
            match RelPath::parse_in(&context.package, text.as_bytes()) {
                Ok(path) => Test::File { path, json: json.map(|(text, _)| text), matches },
                Err(error) => {
                    problems.say("manifest/wrong_path", place, format!("the path `{text}`: {error}"), "name a file inside the project");
                    return None;
                }
            }
        }
        "command" => {
            problems.at_most(node, 1);
            Test::Command(plain(problems, node, context).into_iter().next()?)
        }
        "decided" => {
            if node.args.len() == 1 {
                let help = "write it as `decided \"profile\" \"release\"`";
                problems.say("manifest/wrong_value", &node.place, "`decided` takes a decision and at least one value", help);
            }
            let mut texts = plain(problems, node, context).into_iter();
            let decision = crate::base::Address::new(texts.next()?);
            Test::Decided { decision, values: texts.collect() }
        }
        "weekday" => {
            let mut days = Vec::new();
            for (text, place) in problems.texts(node) {
                let lower = text.to_lowercase();
                match DAYS.iter().position(|day| *day == lower || day[..3] == lower) {
                    Some(day) => days.push(day as u8),
                    None => problems.unknown("day", &text, "`weekday`", &place, &DAYS),
                }
            }
            Test::Weekday(days)
        }
        _ => Test::Hour(hours(problems, node)),
    })
}

const EXIT_CODE: &str = "write it as `exit_code \"test\" 3`";

fn hours(problems: &mut Problems, node: &Node) -> Vec<(u8, u8)> {
    let help = "write hours in UTC, as `hour 22 23` or `hour \"22-5\"`";
    if node.args.is_empty() {
        problems.say("manifest/wrong_value", &node.place, "`hour` takes at least one hour", help);
    }
    let hour = |text: &str| text.trim().parse::<u8>().ok().filter(|hour| *hour < 24);
    let mut hours = Vec::new();
    for (value, place) in &node.args {
        let found = match value {
            Value::Whole(one) if (0..=23).contains(&**one) => Some((**one as u8, **one as u8)),
            Value::Text(text) => match text.split_once('-') {
                Some((from, to)) => hour(from).zip(hour(to)),
                None => hour(text).map(|one| (one, one)),
            },
            _ => None,
        };
        match found {
            Some(found) => hours.push(found),
            None => problems.say("manifest/out_of_range", place, "an hour is a number from 0 to 23, or two such as \"22-5\"", help),
        }
    }
    hours
}

/// Patterns over names of branches and tags.
fn names(problems: &mut Problems, node: &Node, context: &Context) -> Vec<Box<str>> {
    let names = plain(problems, node, context);
    for name in &names {
        if let Err(error) = glob::Glob::new(name) {
            problems.say("manifest/wrong_glob", &node.place, format!("`{name}` is no pattern: {error}"), "write it as \"release/*\"");
        }
    }
    names
}

fn known(problems: &mut Problems, node: &Node, context: &Context, what: &str, all: &[&str]) -> Vec<Box<str>> {
    let found = plain(problems, node, context);
    for one in found.iter().filter(|one| !all.contains(&&***one)) {
        problems.unknown(what, one, &format!("`{}`", node.name), &node.place, all);
    }
    found
}

/// Paths and patterns from the project's root.
fn paths(problems: &mut Problems, node: &Node, context: &Context) -> Vec<Box<str>> {
    let mut found: Vec<Box<str>> = Vec::new();
    for (text, place) in problems.texts(node) {
        let (sign, text) = text.strip_prefix('!').map_or(("", text.as_str()), |text| ("!", text));
        if closed(problems, node, context, text, &place).is_some() {
            found.push(format!("{sign}{}", problems.pattern(context, text, &place)).into());
        }
    }
    if found.iter().all(|text| text.starts_with('!')) && !found.is_empty() {
        let message = format!("`{}` only leaves out", node.name);
        problems.say("manifest/wrong_value", &node.place, message, "name at least one path or pattern without `!`");
    }
    found
}

fn targets(problems: &mut Problems, node: &Node, context: &Context) -> Vec<Need> {
    let texts = problems.texts(node);
    texts.iter().filter_map(|(text, place)| target(problems, node, context, text, place)).collect()
}

fn target(problems: &mut Problems, node: &Node, context: &Context, text: &str, place: &Place) -> Option<Need> {
    let text = closed(problems, node, context, text, place)?;
    Some(Need { candidates: context.candidates(&text), text, optional: false, place: place.clone() })
}

fn expression(problems: &mut Problems, found: Option<(Box<str>, Place)>) -> Option<Box<str>> {
    let (text, place) = found?;
    match regex::Regex::new(&text) {
        Ok(_) => Some(text),
        Err(error) => {
            let why = error.to_string();
            let why = why.lines().last().unwrap_or_default().trim().trim_start_matches("error: ").to_owned();
            let message = format!("`{text}` is no regular expression: {why}");
            problems.say("manifest/wrong_pattern", &place, message, "a backslash takes a special character as it is: `matches=#\"\\(\"#`");
            None
        }
    }
}

/// Returns a condition on one line, as the manifest has it.
fn shown(node: &Node) -> String {
    let word = |value: &Value| match value {
        Value::Text(text) => format!("{text:?}"),
        Value::Whole(number) => number.to_string(),
        Value::Decimal(number) => number.to_string(),
        Value::Bool(value) => format!("#{value}"),
        _ => String::from("#null"),
    };
    let mut text = node.name.clone();
    node.args.iter().for_each(|(value, _)| text += &format!(" {}", word(value)));
    node.props.iter().for_each(|(name, value, _)| text += &format!(" {name}={}", word(value)));
    if !node.children.is_empty() {
        text += &format!(" {{ {} }}", node.children.iter().map(shown).collect::<Vec<_>>().join("; "));
    }
    text
}

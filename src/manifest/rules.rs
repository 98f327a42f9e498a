//! `process_rules` and `strategy`: how the project wants orket to decide. Which seams and strategies there are is checked where they are known.

use std::sync::Arc;
use std::time::Duration;

use super::common::Context;
use super::load::Load;
use super::node::{Node, Value};
use super::problems::Problems;
use super::read::read;
use crate::base::RelPath;
use crate::model::{Rule, RuleOption, RuleValue, UserStrategy};

/// How long a strategy of the user's may take for one answer, unless it says so itself.
const WITHIN: Duration = Duration::from_secs(5);

/// What the names of all seams end with in `process_rules`.
const SEAM: &str = "_node";

impl Load<'_> {
    pub(super) fn process_rules(&mut self, node: &Node) {
        let rules = rules(&mut self.problems, node);
        self.project.rules.extend(rules);
    }

    pub(super) fn strategy(&mut self, node: &Node, context: &Context) {
        self.problems.only(node, &["seam"]);
        let known = ["exec", "within"];
        self.problems.once(&node.children, &[]);
        let Some((name, place)) = self.problems.name_of(node, context) else { return };
        let seam = self.problems.text_prop(node, "seam");
        let (mut exec, mut within) = (Vec::new(), WITHIN);
        for child in &node.children {
            match child.name.as_str() {
                "exec" => {
                    self.problems.leaf(child, &[]);
                    exec = self.problems.texts(child).into_iter().map(|(text, _)| text.into()).collect();
                }
                "within" => {
                    self.problems.leaf(child, &[]);
                    within = self.problems.duration_of(child).unwrap_or(WITHIN);
                }
                unknown => self.problems.unknown("node", unknown, "`strategy`", &child.place, &known),
            }
        }
        if !node.children.iter().any(|child| child.name == "exec") {
            let help = "name the program: exec \"python3\" \"tools/planner.py\"";
            self.problems.say("manifest/missing", &node.place, format!("the strategy `{name}` names no program"), help);
        }
        let Some((seam, _)) = seam else {
            let help = "write which questions it answers: seam=\"planner\"";
            self.problems.say("manifest/missing", &node.place, format!("the strategy `{name}` names no seam"), help);
            return;
        };
        if let Some(earlier) = self.project.strategies.iter().find(|other| *other.name == name && *other.seam == seam) {
            let message = format!("there are two strategies `{name}` for `{seam}`; the other one stands at {}", earlier.place);
            self.problems.say("manifest/duplicate", &place, message, "rename one of them");
            return;
        }
        self.project.strategies.push(UserStrategy { name: name.into(), seam: seam.into(), exec, within, place: node.place.clone() });
    }
}

fn rules(problems: &mut Problems, node: &Node) -> Vec<Rule> {
    problems.block(node);
    problems.once(&node.children, &[]);
    let mut rules = Vec::new();
    for child in &node.children {
        problems.only(child, &[]);
        problems.once(&child.children, &[]);
        // What is no seam is told of as that, whatever stands behind it.
        let strategy = match child.name.ends_with(SEAM) {
            true => problems.text_of(child).map(|(text, _)| text),
            false => Some(
                child
                    .args
                    .iter()
                    .find_map(|(value, _)| if let Value::Text(text) = value { Some(text.as_str().to_owned()) } else { None })
                    .unwrap_or_default(),
            ),
        };
        let Some(strategy) = strategy else { continue };
        let options = child.children.iter().filter_map(|option| {
            problems.leaf(option, &[]);
            problems.at_most(option, 1);
            let value = match option.args.first() {
                None => RuleValue::Flag(true),
                Some((Value::Bool(flag), _)) => RuleValue::Flag(*flag),
                Some((Value::Whole(number), _)) if i64::try_from(**number).is_ok() => RuleValue::Whole(**number as i64),
                Some((Value::Text(text), _)) => RuleValue::Text(text.as_str().into()),
                Some((other, place)) => {
                    let message = format!("`{}` takes a text, a whole number, #true or #false, not {}", option.name, other.kind());
                    problems.say("manifest/wrong_value", place, message, "write one of these");
                    return None;
                }
            };
            Some(RuleOption { name: option.name.as_str().into(), value, place: option.place.clone() })
        });
        let options = options.collect();
        rules.push(Rule { key: child.name.as_str().into(), strategy: strategy.into(), options, place: child.place.clone() });
    }
    rules
}

/// Reads a manifest of local overrides, in which nothing but `process_rules` may stand.
///
/// # Errors
/// All mistakes, in the order of their places.
pub fn local_rules(path: &RelPath, bytes: &[u8]) -> Result<Vec<Rule>, Problems> {
    let file: Arc<str> = path.to_string().into();
    let mut problems = Problems::default();
    problems.text(file.clone(), String::from_utf8_lossy(bytes).into());
    let nodes = read(&file, bytes).unwrap_or_else(|found| {
        found.into_iter().for_each(|problem| problems.push(problem));
        Vec::new()
    });
    problems.once(&nodes, &[]);
    let mut found = Vec::new();
    for node in &nodes {
        match node.name.as_str() {
            "process_rules" => found.extend(rules(&mut problems, node)),
            unknown => {
                problems.unknown("node", unknown, &format!("`{path}`, which holds local overrides"), &node.place, &["process_rules"])
            }
        }
    }
    if problems.problems().is_empty() { Ok(found) } else { Err(problems.sorted()) }
}

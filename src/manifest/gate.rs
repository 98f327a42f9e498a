//! `gate`: its name, kind and needs; the rest is kept as it was written, for the kind to read.

use super::common::Context;
use super::load::Load;
use super::node::{Node, Value};
use super::problems::Problems;
use crate::base::Place;
use crate::model::{Gate, RuleValue, Setting};

impl Load<'_> {
    pub(super) fn gate(&mut self, node: &Node, context: &Context) {
        let Some((name, _)) = self.problems.name_of(node, context) else { return };
        let kind = self.problems.text_prop(node, "kind").map(|(text, _)| text);
        let mut gate = Gate {
            address: context.address(&name),
            place: node.place.clone(),
            about: None,
            kind: kind.unwrap_or_default().into(),
            needs: Vec::new(),
            env: context.env.clone(),
            tags: Vec::new(),
            private: false,
            settings: Vec::new(),
        };
        if !node.props.iter().any(|(name, ..)| name == "kind") {
            let help = "say which rules it runs: kind=\"dependency_direction\"";
            self.problems.say("manifest/missing", &node.place, format!("the gate `{name}` has no kind"), help);
        }
        for (name, _, place) in node.props.iter().filter(|(name, ..)| name != "kind") {
            let message = format!("there is no property `{name}` in `gate`");
            self.problems.say("manifest/unknown_property", place, message, format!("what a gate says stands in its block: {{ {name} … }}"));
        }
        let mut before = None;
        for child in &node.children {
            match child.name.as_str() {
                "step" if &*gate.kind == "release_smoke" => {
                    if let Some(target) = self.smoke_step(&name, child, before.as_deref(), context) {
                        let args = vec![(Value::Text(target.clone()), child.place.clone())];
                        let needs = Node { args, props: Vec::new(), children: Vec::new(), ..child.clone() };
                        gate.needs.extend(self.problems.needs(&needs, context));
                        before = Some(target);
                    }
                    gate.settings.extend(setting(&mut self.problems, child));
                }
                "about" => gate.about = self.problems.about(child, context),
                "needs" => gate.needs.extend(self.problems.needs(child, context)),
                "tags" => {
                    self.problems.leaf(child, &[]);
                    gate.tags.extend(self.problems.texts(child).into_iter().map(|(text, _)| Box::from(text)));
                }
                "private" => {
                    self.problems.leaf(child, &[]);
                    gate.private = self.problems.bool_of(child);
                }
                _ => {
                    // What a task printed can only be looked at behind it.
                    for (_, value, place) in child.props.iter().filter(|(name, ..)| name == "task") {
                        let args = vec![(value.clone(), place.clone())];
                        let needs = Node { name: String::from("task"), args, props: Vec::new(), children: Vec::new(), ..child.clone() };
                        gate.needs.extend(self.problems.needs(&needs, context));
                    }
                    gate.settings.extend(setting(&mut self.problems, child));
                }
            }
        }
        if self.declared(&gate.address, &gate.place) {
            self.project.gates.push(gate);
        }
    }
}

/// Takes a node of a gate as it was written: what it means is the gate's business.
fn setting(problems: &mut Problems, node: &Node) -> Option<Setting> {
    let mut value = |value: &Value, place: &Place| match value {
        Value::Bool(flag) => Some(RuleValue::Flag(*flag)),
        Value::Whole(number) if i64::try_from(**number).is_ok() => Some(RuleValue::Whole(**number as i64)),
        Value::Whole(number) => Some(RuleValue::Decimal(number.to_string().into())),
        Value::Decimal(number) if is_exact(*number) => Some(RuleValue::Decimal(number.to_string().into())),
        Value::Decimal(number) => {
            let message = format!("`{}` takes decimals of up to 15 digits, and others in quotes", node.name);
            problems.say("manifest/wrong_value", place, message, format!("write it as \"{number}\""));
            None
        }
        Value::Text(text) => Some(RuleValue::Text(text.as_str().into())),
        other => {
            let message = format!("`{}` takes texts, numbers, #true or #false, not {}", node.name, other.kind());
            problems.say("manifest/wrong_value", place, message, "write one of these");
            None
        }
    };
    let values: Option<Vec<RuleValue>> = node.args.iter().map(|(one, place)| value(one, place)).collect();
    let properties: Option<Vec<_>> =
        node.props.iter().map(|(name, one, place)| Some((Box::from(name.as_str()), value(one, place)?))).collect();
    let children = node.children.iter().filter_map(|child| setting(problems, child)).collect();
    Some(Setting { name: node.name.as_str().into(), values: values?, properties: properties?, children, place: node.place.clone() })
}

/// Whether a number that was read in binary is the one that was written in decimal: up to 15 digits always are.
fn is_exact(number: f64) -> bool {
    let text = number.to_string();
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    digits.trim_matches('0').len() <= 15
}

//! `matrix`: its axes, and how many variants they make.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use super::common::{Context, NEED, TEXT};
use super::node::{Node, Value};
use super::problems::Problems;
use super::task::Template;
use crate::base::Address;

/// The name of an axis, and its values.
pub(super) type Axis = (String, Vec<String>);

/// How many tasks a matrix makes; `None` if more than can be counted.
pub(super) fn variants(node: &Node) -> Option<u64> {
    let matrix = node.children.iter().filter(|child| child.name == "matrix").flat_map(|matrix| &matrix.children);
    matrix.map(|axis| axis.args.len().max(1) as u64).try_fold(1u64, u64::checked_mul)
}

/// Returns how many bytes one variant of a task takes: its texts, and those of the templates that it uses.
pub(super) fn weight(node: &Node, templates: &BTreeMap<String, Template>) -> u64 {
    let of = |value: &Value| if let Value::Text(text) = value { TEXT + text.len() as u64 } else { 0 };
    let inside = |nodes: &[Node]| nodes.iter().filter(|child| child.name != "matrix").map(|child| weight(child, templates)).sum::<u64>();
    let need = if matches!(&*node.name, "needs" | "after" | "uses") { NEED } else { 0 };
    let args = node.args.iter().map(|(value, _)| need + of(value)).sum::<u64>();
    let used = match node.args.first() {
        Some((Value::Text(name), _)) if node.name == "use" => templates.get(name).map_or(0, |template| inside(&template.body)),
        _ => 0,
    };
    args + node.props.iter().map(|(_, value, _)| of(value)).sum::<u64>() + inside(&node.children) + used
}

/// Returns the variants of a matrix, the last axis first, in the order of the manifest.
pub(super) fn rows(axes: &[Axis]) -> impl Iterator<Item = Vec<(Box<str>, Box<str>)>> {
    let count: usize = axes.iter().map(|(_, values)| values.len()).product();
    (0..count).map(move |row| {
        let mut rest = count;
        let one = |(axis, values): &Axis| {
            rest /= values.len();
            (axis.as_str().into(), values[row / rest % values.len()].as_str().into())
        };
        axes.iter().map(one).collect()
    })
}

/// Returns the axes of all `matrix` blocks of a task; `None` after a mistake in them.
pub(super) fn axes(problems: &mut Problems, node: &Node, context: &Context) -> Option<Vec<Axis>> {
    let mut axes: Vec<Axis> = Vec::new();
    let mut names: FxHashSet<&str> = FxHashSet::default();
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
            let mut values: Vec<String> = Vec::with_capacity(axis.args.len());
            let mut known: FxHashSet<String> = FxHashSet::default();
            for (text, place) in problems.texts(axis) {
                let filled = problems.fill(context, &text, &place);
                match filled.as_literal().map(|value| (value, Address::check_name(value))) {
                    Some((value, Ok(()))) if !known.insert(value.to_owned()) => {
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
            if !names.insert(&axis.name) {
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

//! `matrix`: its axes, and how many variants they make.

use super::common::Context;
use super::problem::Problems;
use super::read::Node;
use crate::base::Address;

/// How many tasks a matrix makes; `None` if more than can be counted.
pub(super) fn variants(node: &Node) -> Option<u64> {
    let matrix = node.children.iter().filter(|child| child.name == "matrix").flat_map(|matrix| &matrix.children);
    matrix.map(|axis| axis.args.len().max(1) as u64).try_fold(1u64, u64::checked_mul)
}

/// Returns the axes of all `matrix` blocks of a task; `None` after a mistake in them.
pub(super) fn axes(problems: &mut Problems, node: &Node, context: &Context) -> Option<Vec<(String, Vec<String>)>> {
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

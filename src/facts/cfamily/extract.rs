//! What one C or C++ file includes, as it is written.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted};

/// An `#include`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Include {
    pub at: At,
    /// What stands between the quotes or angle brackets, or the macro that is to say it.
    pub name: String,
    pub form: Form,
}

/// How a name is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum Form {
    /// `"x.h"`
    Quotes,
    /// `<x.h>`
    Angles,
    /// Some macro that this file does not define as one of the others.
    Macro,
}

/// Reads a file.
///
/// Only the preprocessor knows what macros make of the rest, so that what is no C before it ran is no error.
pub(in crate::facts) fn extract(bytes: &[u8], path: &RelPath) -> Extracted<Vec<Include>> {
    let text = &*String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
    let language = if path.name().ends_with(b".c") { tree_sitter_c::LANGUAGE } else { tree_sitter_cpp::LANGUAGE };
    let tree = syntax::parse_leniently(&language.into(), text)?;
    let (mut includes, mut macros) = (Vec::new(), FxHashMap::default());
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop() {
        match node.kind() {
            "preproc_include" => includes.extend(node.child_by_field_name("path").map(|path| include(node, path, text))),
            // What is left of an `#include` among other tokens that make no sense.
            "#include" if node.parent().is_some_and(|parent| parent.is_error()) => {
                includes.extend(node.next_sibling().map(|path| include(node, path, text)));
            }
            "preproc_call" if matches!(field(node, "directive", text), "#import" | "#include_next") => {
                let written = field(node, "argument", text).trim();
                if let Some((name, form)) = spelled(written) {
                    includes.push(Include { at: syntax::at(node, text), name: name.to_owned(), form });
                }
            }
            "preproc_def" => {
                if let Some((name, form)) = spelled(field(node, "value", text).trim()) {
                    macros.insert(field(node, "name", text), (name, form));
                }
            }
            "preproc_if" if field(node, "condition", text) == "0" => todo.extend(node.child_by_field_name("alternative")),
            _ => todo.extend(node.children(&mut node.walk())),
        }
    }
    for include in &mut includes {
        if let Some((name, form)) = macros.get(include.name.as_str()).filter(|_| include.form == Form::Macro) {
            (include.name, include.form) = ((*name).to_owned(), *form);
        }
    }
    includes.sort();
    Ok(includes)
}

fn field<'t>(node: Node<'_>, name: &str, text: &'t str) -> &'t str {
    node.child_by_field_name(name).map_or("", |node| syntax::of(node, text))
}

fn include(node: Node<'_>, path: Node<'_>, text: &str) -> Include {
    let written = syntax::of(path, text).trim();
    let (name, form) = spelled(written).unwrap_or((written, Form::Macro));
    Include { at: syntax::at(node, text), name: name.to_owned(), form }
}

/// Takes the name out of its quotes or angle brackets.
fn spelled(written: &str) -> Option<(&str, Form)> {
    let between = |open, close| written.strip_prefix(open)?.split_once(close).map(|(name, _)| name.trim());
    between('"', '"').map(|name| (name, Form::Quotes)).or_else(|| between('<', '>').map(|name| (name, Form::Angles)))
}

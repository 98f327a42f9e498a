//! What one Ruby file requires, where the name is spelled out.

use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted};

/// What a file says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in crate::facts) struct Facts {
    /// What is required, each once, in order.
    pub required: Vec<(At, Required)>,
}

/// What is required.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum Required {
    /// From the file's own folder: `require_relative "x"`, `require "#{__dir__}/x"`.
    Beside(String),
    /// From the load path: `require "x"`, `autoload :X, "x"`.
    Searched(String),
    /// From the working folder, else from the load path, with its ending: `load "x.rb"`.
    Loaded(String),
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = &*syntax::lossy(bytes);
    let tree = syntax::parse_leniently(&tree_sitter_ruby::LANGUAGE.into(), text)?;
    // What stands behind the end that a file gives itself is data.
    let end = text.find("\n__END__").unwrap_or(text.len());
    let tree = syntax::whole(tree, &|node| node.start_byte() > end)?;
    let mut facts = Facts::default();
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop() {
        todo.extend(syntax::named(node));
        if node.kind() == "call"
            && let Some(required) = required(node, text)
        {
            facts.required.push((syntax::at(node, text), required));
        }
    }
    facts.required.sort();
    Ok(facts)
}

fn required(call: Node<'_>, text: &str) -> Option<Required> {
    let kernel = |receiver: Node<'_>| syntax::of(receiver, text) == "Kernel";
    let receiver = call.child_by_field_name("receiver");
    let method = syntax::of(call.child_by_field_name("method")?, text);
    let arguments = syntax::named(call.child_by_field_name("arguments")?);
    let first = *arguments.first()?;
    match method {
        // Any class may load its parts late: `Shop.autoload :Cart, "shop/cart"`.
        "autoload" => located(*arguments.get(1)?, text),
        _ if receiver.is_some_and(|receiver| !kernel(receiver)) => None,
        "require_relative" => plain(first, text).map(Required::Beside),
        "require" => located(first, text),
        "load" => match located(first, text)? {
            Required::Searched(name) => Some(Required::Loaded(name)),
            beside => Some(beside),
        },
        _ => None,
    }
}

/// Returns what a path means that may be built from the file's own place.
fn located(node: Node<'_>, text: &str) -> Option<Required> {
    if node.kind() == "call" {
        let of_file =
            node.child_by_field_name("receiver").is_some_and(|receiver| syntax::of(receiver, text).trim_start_matches("::") == "File");
        let arguments = syntax::named(node.child_by_field_name("arguments")?);
        let [one, other] = arguments[..] else { return None };
        return match (of_file, syntax::of(node.child_by_field_name("method")?, text)) {
            // The file itself counts as a folder there.
            (true, "expand_path") if syntax::of(other, text) == "__FILE__" => {
                let path = plain(one, text)?;
                path.strip_prefix("../").map(|path| Required::Beside(path.to_owned()))
            }
            (true, "expand_path") if syntax::of(other, text) == "__dir__" => plain(one, text).map(Required::Beside),
            (true, "join") if syntax::of(one, text) == "__dir__" => plain(other, text).map(Required::Beside),
            _ => None,
        };
    }
    let whole = syntax::of(node, text);
    let beside = whole.strip_prefix("\"#{__dir__}/").and_then(|rest| rest.strip_suffix('"'));
    match beside.filter(|path| !path.contains("#{")) {
        Some(path) => Some(Required::Beside(path.to_owned())),
        None => plain(node, text).map(Required::Searched),
    }
}

/// Returns a text that is spelled out.
fn plain(node: Node<'_>, text: &str) -> Option<String> {
    let parts = syntax::named(node);
    match (node.kind(), &parts[..]) {
        ("string", [content]) if content.kind() == "string_content" => Some(syntax::of(*content, text).to_owned()),
        _ => None,
    }
}

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
    /// From the working folder, else from the load path, with its ending: `load "x.rb"`, `require "./x"`.
    Loaded(String),
    /// Where only a running program knows, as it is written.
    Computed(String),
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = &*syntax::lossy(bytes);
    let tree = syntax::parse_leniently(&tree_sitter_ruby::LANGUAGE.into(), text)?;
    // What stands behind the end that a file gives itself is data.
    let end = text.find("\n__END__").unwrap_or(text.len());
    // The grammar does not know that lambdas may have variables of their own: `->(x; y)`.
    let is_variable = |node: Node<'_>| {
        let words = |c: char| c.is_alphanumeric() || c.is_whitespace() || matches!(c, '_' | ',' | ';');
        node.parent().is_some_and(|parent| parent.kind() == "lambda_parameters") && syntax::of(node, text).chars().all(words)
    };
    let tree = syntax::whole(tree, &|node| node.start_byte() > end || is_variable(node))?;
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
    let computed = || Required::Computed(syntax::computed(syntax::of(call, text)));
    match method {
        // Any class may load its parts late: `Shop.autoload :Cart, "shop/cart"`.
        "autoload" => located(*arguments.get(1)?, text),
        _ if receiver.is_some_and(|receiver| !kernel(receiver)) => None,
        "require_relative" => Some(match path(first, text, CLEAR) {
            Some(Path::Beside(path) | Path::Plain(path)) => Required::Beside(path),
            None => computed(),
        }),
        "require" => Some(located(first, text).unwrap_or_else(computed)),
        "load" => match located(first, text)? {
            Required::Searched(name) => Some(Required::Loaded(name)),
            beside => Some(beside),
        },
        _ => None,
    }
}

/// Returns what a path means that may be built from the file's own place.
fn located(node: Node<'_>, text: &str) -> Option<Required> {
    Some(match path(node, text, CLEAR)? {
        Path::Beside(path) => Required::Beside(path),
        Path::Plain(path) if path.starts_with("./") || path.starts_with("../") => Required::Loaded(path),
        Path::Plain(path) => Required::Searched(path),
    })
}

/// A path that is spelled out.
enum Path {
    /// From the file's own folder.
    Beside(String),
    Plain(String),
}

impl Path {
    /// Returns the path with something behind it.
    fn with(self, rest: &str) -> Path {
        match self {
            Path::Beside(path) => Path::Beside((path + rest).trim_start_matches('/').to_owned()),
            Path::Plain(path) => Path::Plain(path + rest),
        }
    }
}

/// How many parts a path may hold inside each other to be understood.
const CLEAR: usize = 100;

/// Takes apart how a path is put together.
fn path(node: Node<'_>, text: &str, clear: usize) -> Option<Path> {
    let inner = |node| path(node, text, clear.checked_sub(1)?);
    let whole = syntax::of(node, text);
    if matches!(whole, "__dir__" | "File.dirname(__FILE__)" | "::File.dirname(__FILE__)") {
        return Some(Path::Beside(String::new()));
    }
    match node.kind() {
        "call" => {
            let receiver = syntax::of(node.child_by_field_name("receiver")?, text).trim_start_matches("::");
            let arguments = syntax::named(node.child_by_field_name("arguments")?);
            let (first, rest) = arguments.split_first().filter(|_| receiver == "File")?;
            match (syntax::of(node.child_by_field_name("method")?, text), rest) {
                ("join", rest) => rest.iter().try_fold(inner(*first)?, |path, part| Some(path.with(&format!("/{}", plain(*part, text)?)))),
                // The file itself counts as a folder there.
                ("expand_path", [base]) if syntax::of(*base, text) == "__FILE__" => {
                    plain(*first, text)?.strip_prefix("../").map(|path| Path::Beside(path.to_owned()))
                }
                ("expand_path", [base]) => match inner(*base)? {
                    base @ Path::Beside(_) => Some(base.with(&format!("/{}", plain(*first, text)?))),
                    Path::Plain(_) => None,
                },
                ("expand_path", []) => match inner(*first)? {
                    path @ Path::Beside(_) => Some(path),
                    Path::Plain(_) => None,
                },
                _ => None,
            }
        }
        "binary" if syntax::of(node.child_by_field_name("operator")?, text) == "+" => {
            let end = plain(node.child_by_field_name("right")?, text)?;
            Some(inner(node.child_by_field_name("left")?)?.with(&end))
        }
        _ => {
            let beside = ["\"#{__dir__}/", "\"#{File.dirname(__FILE__)}/"].iter().find_map(|begin| whole.strip_prefix(begin));
            match beside.and_then(|rest| rest.strip_suffix('"')).filter(|path| !path.contains("#{")) {
                Some(path) => Some(Path::Beside(path.to_owned())),
                None => plain(node, text).map(Path::Plain),
            }
        }
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

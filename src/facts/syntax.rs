//! Parsing one file: its text, its syntax tree, and the first place where it is wrong.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use tree_sitter::{Node, Parser, Tree};

use super::Language;

/// What one file says, or why it says nothing.
pub(super) type Extracted<T> = Result<T, Wrong>;

/// Why a file cannot be parsed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(super) struct Wrong {
    /// From 1.
    pub line: u32,
    /// A sentence.
    pub why: String,
}

impl Wrong {
    /// Says what a parser found wrong in a line, in its own words.
    pub fn said(line: u32, words: &str) -> Wrong {
        let mut chars = words.chars();
        let first = chars.next().map(|first| first.to_ascii_lowercase());
        Wrong { line, why: format!("a syntax error: {}", first.into_iter().chain(chars).collect::<String>()) }
    }
}

/// A place in a file, line and column from 1, the column in characters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default, Serialize, Deserialize)]
pub(super) struct At {
    pub line: u32,
    pub column: u32,
}

/// How much is shown of an import whose name a program works out, in characters.
const COMPUTED: usize = 60;

/// Returns the text of a file without a byte-order mark.
pub(super) fn text(bytes: &[u8]) -> Extracted<&str> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    std::str::from_utf8(bytes).map_err(|error| {
        let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
        Wrong { line: line as u32, why: "it is not UTF-8".into() }
    })
}

/// Returns how an import is shown whose name a program works out: as it is written, on one line and not too long.
pub(super) fn computed(written: &str) -> String {
    let words = written.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(COMPUTED) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}

/// Returns the text of a file of a language that leaves the encoding open, without a byte-order mark: names are spelled in ASCII, which
/// nearly all encodings hold as it is.
pub(super) fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// Returns the grammars of a language: TypeScript has a second one, for files with JSX.
pub(super) fn grammars(language: Language) -> Vec<tree_sitter::Language> {
    match language {
        Language::Python => vec![tree_sitter_python::LANGUAGE.into()],
        Language::Rust => vec![tree_sitter_rust::LANGUAGE.into()],
        Language::Go => vec![tree_sitter_go::LANGUAGE.into()],
        Language::Java => vec![tree_sitter_java::LANGUAGE.into()],
        Language::C => vec![tree_sitter_c::LANGUAGE.into()],
        Language::Cpp => vec![tree_sitter_cpp::LANGUAGE.into()],
        Language::Javascript => vec![tree_sitter_javascript::LANGUAGE.into()],
        Language::Typescript => vec![tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(), tree_sitter_typescript::LANGUAGE_TSX.into()],
        Language::Kotlin => vec![tree_sitter_kotlin_ng::LANGUAGE.into()],
        Language::Csharp => vec![tree_sitter_c_sharp::LANGUAGE.into()],
        Language::Php => vec![tree_sitter_php::LANGUAGE_PHP.into()],
        Language::Ruby => vec![tree_sitter_ruby::LANGUAGE.into()],
    }
}

/// Parses a text, whatever is wrong with it.
///
/// # Errors
/// When the grammar is made for another version of the parser.
pub(super) fn parse_leniently(language: &tree_sitter::Language, text: impl AsRef<[u8]>) -> Extracted<Tree> {
    let none = || Wrong { line: 1, why: "the parser gave up".into() };
    let mut parser = Parser::new();
    parser.set_language(language).map_err(|_| none())?;
    parser.parse(text, None).ok_or_else(none)
}

/// Returns a tree in which nothing is wrong that is not `excused`.
///
/// # Errors
/// With the first place that is wrong.
pub(super) fn whole(tree: Tree, excused: &dyn Fn(Node<'_>) -> bool) -> Extracted<Tree> {
    match first_error(tree.root_node(), excused) {
        Some(node) => Err(wrong(node)),
        None => Ok(tree),
    }
}

/// Returns the first place where a tree is wrong, if it is.
pub(super) fn first_wrong(tree: &Tree) -> Option<Wrong> {
    first_error(tree.root_node(), &|_| false).map(wrong)
}

/// Says that a node is wrong.
fn wrong(node: Node<'_>) -> Wrong {
    let why = if node.is_missing() { format!("a syntax error: expected `{}`", node.kind()) } else { "a syntax error".to_owned() };
    Wrong { line: node.start_position().row as u32 + 1, why }
}

/// Returns the first node that is an error or was left out, and that is not `excused`.
fn first_error<'t>(root: Node<'t>, excused: &dyn Fn(Node<'_>) -> bool) -> Option<Node<'t>> {
    let mut todo = vec![root];
    while let Some(node) = todo.pop() {
        if node.is_missing() || node.is_error() {
            if excused(node) {
                continue;
            }
            return Some(node);
        }
        let wrong: Vec<Node<'t>> = node.children(&mut node.walk()).filter(|child| child.has_error() || child.is_missing()).collect();
        todo.extend(wrong.into_iter().rev());
    }
    None
}

/// Returns the text of a node.
pub(super) fn of<'t>(node: Node<'_>, text: &'t str) -> &'t str {
    text.get(node.byte_range()).unwrap_or("")
}

/// Returns where a node begins.
pub(super) fn at(node: Node<'_>, text: &str) -> At {
    let (start, point) = (node.start_byte(), node.start_position());
    let column = text.get(start.saturating_sub(point.column)..start).map_or(point.column, |before| before.chars().count());
    At { line: point.row as u32 + 1, column: column as u32 + 1 }
}

/// Where the lines of a text begin: from bytes to places, for parsers that do not count lines themselves.
pub(super) struct Places<'t> {
    text: &'t str,
    lines: Vec<usize>,
}

impl<'t> Places<'t> {
    pub fn new(text: &'t str) -> Places<'t> {
        let lines = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1)).collect();
        Places { text, lines }
    }

    /// Returns the place of a byte.
    pub fn at(&self, byte: usize) -> At {
        let line = self.lines.partition_point(|start| *start <= byte);
        let start = self.lines[line.saturating_sub(1)];
        let column = self.text.get(start..byte).map_or(byte - start, |before| before.chars().count());
        At { line: line as u32, column: column as u32 + 1 }
    }
}

/// Returns the children of a node that have a name in the grammar.
pub(super) fn named<'t>(node: Node<'t>) -> Vec<Node<'t>> {
    node.named_children(&mut node.walk()).collect()
}

//! What one JavaScript or TypeScript file imports, as it is written.

use std::borrow::Cow;
use std::ops::Range;

use serde::{Deserialize, Serialize};
use tree_sitter::{Node, Tree};

use super::package::How;
use crate::base::RelPath;
use crate::facts::ImportKind;
use crate::facts::syntax::{self, At, Extracted};

/// One import.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Raw {
    pub at: At,
    pub kind: ImportKind,
    pub how: How,
    /// What stands between the quotes.
    pub name: String,
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], path: &RelPath) -> Extracted<Vec<Raw>> {
    let text = syntax::text(bytes)?;
    let (tree, hidden) = parse(text, path)?;
    let mut raws = Vec::new();
    for (range, raw) in hidden {
        let node = tree.root_node().descendant_for_byte_range(range.start, range.end);
        let kind = if node.is_some_and(is_type) { ImportKind::Type } else { ImportKind::Dynamic };
        raws.push(Raw { kind, ..raw });
    }
    let words = Words::new(text);
    let mut cursor = tree.walk();
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop() {
        if let Some((kind, how, name)) = import(node, text) {
            raws.push(Raw { at: syntax::at(node, text), kind, how, name });
        }
        todo.extend(node.named_children(&mut cursor).filter(|child| words.stand_in(&child.byte_range())));
    }
    raws.sort_by_key(|raw| raw.at);
    Ok(raws)
}

/// Where the words stand without which nothing imports: most of a tree need not be walked.
struct Words(Vec<usize>);

impl Words {
    fn new(text: &str) -> Words {
        let words = ["import", "export", "require", "<reference"];
        let mut at: Vec<usize> = words.iter().flat_map(|word| memchr::memmem::find_iter(text.as_bytes(), word.as_bytes())).collect();
        at.sort_unstable();
        Words(at)
    }

    fn stand_in(&self, range: &Range<usize>) -> bool {
        let next = self.0.partition_point(|at| *at < range.start);
        self.0.get(next).is_some_and(|at| *at < range.end)
    }
}

/// The calls of `import("x")` that a name of the same length was put in the place of.
type Hidden = Vec<(Range<usize>, Raw)>;

/// Parses by the file's ending. JavaScript with types in it (Flow) is read as TypeScript.
fn parse(text: &str, path: &RelPath) -> Extracted<(Tree, Hidden)> {
    let javascript = tree_sitter_javascript::LANGUAGE.into();
    let typescript = tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into();
    let tsx = tree_sitter_typescript::LANGUAGE_TSX.into();
    let ending = path.name().rsplit(|byte| *byte == b'.').next().unwrap_or_default();
    let (first, second) = match ending {
        b"ts" | b"mts" | b"cts" => (typescript, tsx),
        b"tsx" => (tsx, javascript),
        _ => {
            let plain = parse_jsx(&javascript, text).and_then(|tree| syntax::whole(tree, &|node| newer(node, text)));
            return plain.map(|tree| (tree, Hidden::new())).or_else(|wrong| parse_typed(&tsx, text).map_err(|_| wrong));
        }
    };
    parse_typed(&first, text).or_else(|wrong| parse_typed(&second, text).map_err(|_| wrong))
}

/// Parses TypeScript. The grammar takes `import("x")` for a call wherever it stands, also where it is part of a type and
/// `import("x").Box<string>` is no expression; behind a plain name, both are read.
fn parse_typed(language: &tree_sitter::Language, text: &str) -> Extracted<(Tree, Hidden)> {
    let text = &*members(text);
    let tree = parse_jsx(language, text)?;
    let mut hidden = Hidden::new();
    let words = Words::new(if text.contains("import(") { text } else { "" });
    let mut cursor = tree.walk();
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop().filter(|node| words.stand_in(&node.byte_range())) {
        if let Some((kind @ ImportKind::Dynamic, how, name)) = import(node, text) {
            hidden.push((node.byte_range(), Raw { at: syntax::at(node, text), kind, how, name }));
        }
        todo.extend(node.named_children(&mut cursor).filter(|child| words.stand_in(&child.byte_range())));
    }
    drop((cursor, todo));
    if hidden.is_empty() {
        return syntax::whole(tree, &|node| newer(node, text)).map(|tree| (tree, hidden));
    }
    let mut plain = text.to_owned();
    for (range, _) in &hidden {
        plain.replace_range(range.clone(), &"I".repeat(range.len()));
    }
    let tree = parse_jsx(language, &plain)?;
    syntax::whole(tree, &|node| newer(node, &plain)).map(|tree| (tree, hidden))
}

/// How often an `&` that stands for itself is taken out of a text: each time, the grammar may stumble over the next one only.
const AGAIN: usize = 20;

/// Parses a text in which an `&` may stand for itself between tags, which the grammar does not know: there it is a blank.
fn parse_jsx(language: &tree_sitter::Language, text: &str) -> Extracted<Tree> {
    let mut plain = Cow::Borrowed(text);
    let mut tree = syntax::parse_leniently(language, text)?;
    for _ in 0..AGAIN {
        let stray: Vec<usize> = syntax::errors(tree.root_node()).into_iter().filter_map(|node| stray(node, &plain)).collect();
        if stray.is_empty() {
            break;
        }
        stray.into_iter().for_each(|at| plain.to_mut().replace_range(at..=at, " "));
        tree = syntax::parse_leniently(language, &*plain)?;
    }
    Ok(tree)
}

/// Returns where an `&` stands that an error begins with between tags, or that follows a text in it.
fn stray(error: Node<'_>, text: &str) -> Option<usize> {
    let in_tags = error.parent().is_some_and(|parent| parent.kind() == "jsx_element");
    let last = error.children(&mut error.walk()).filter(|child| matches!(child.kind(), "jsx_text" | "jsx_opening_element")).last();
    let from = if in_tags { error.start_byte() } else { last?.end_byte() };
    let rest = text.get(from..)?;
    let at = from + rest.len() - rest.trim_start().len();
    text[at..].starts_with('&').then_some(at)
}

/// Returns a text in which what the grammar does not know is something that it knows, of the same length: `in?: string` at the beginning of a
/// line is a member, and `in2` is a name; `export` before `import x = require()` and `accessor` behind `static` are left out.
fn members(text: &str) -> Cow<'_, str> {
    let mut plain = Cow::Borrowed(text);
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let name = line.trim_start_matches([' ', '\t']);
        let at = start + line.len() - name.len();
        start += line.len();
        let is_require = |rest: &str| rest.trim_start().starts_with("import ") && rest.contains("require(");
        if name.strip_prefix("export ").is_some_and(is_require) {
            plain.to_mut().replace_range(at..at + "export".len(), "      ");
        }
        let is_name = |rest: &str| rest.starts_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '#' | '['));
        for (before, _) in name.match_indices("static accessor ").filter(|(at, word)| is_name(&name[at + word.len()..])) {
            let accessor = at + before + "static ".len();
            plain.to_mut().replace_range(accessor..accessor + "accessor".len(), "        ");
        }
        let Some(rest) = name.strip_prefix("in") else { continue };
        let rest = rest.strip_prefix("stanceof").unwrap_or(rest);
        if rest.starts_with("?:") || rest.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '_' | '$')) {
            plain.to_mut().replace_range(at..=at, "_");
        }
    }
    plain
}

/// Whether an error is none: the grammar does not know `export type * from`, `import defer * as`, `import source x` and `<in out T>` yet.
fn newer(node: Node<'_>, text: &str) -> bool {
    let around = node.parent().map_or("", |parent| parent.kind());
    let word = syntax::of(node, text);
    node.is_error()
        && ((around == "export_statement" && word == "type")
            || (around == "import_statement" && matches!(word, "defer" | "source"))
            || (matches!(around, "type_parameters" | "type_parameter")
                && word.split_whitespace().all(|word| word.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_'))))
}

/// Whether a name stands where a type is meant.
fn is_type(name: Node<'_>) -> bool {
    let mut above = std::iter::successors(name.parent(), Node::parent);
    let inside =
        |node: &Node<'_>| matches!(node.kind(), "nested_identifier" | "member_expression" | "nested_type_identifier" | "type_query");
    name.kind() == "type_identifier"
        || above.by_ref().take_while(inside).any(|node| matches!(node.kind(), "nested_type_identifier" | "type_query"))
}

/// Returns what a node imports, and how.
fn import(node: Node<'_>, text: &str) -> Option<(ImportKind, How, String)> {
    match node.kind() {
        "import_statement" | "export_statement" => {
            let clause = || syntax::named(node).into_iter().find(|child| child.kind() == "import_require_clause");
            let source = node.child_by_field_name("source").or_else(|| clause()?.child_by_field_name("source"))?;
            let kind = if types_only(node) { ImportKind::Type } else { ImportKind::Import };
            let how = if node.child_by_field_name("source").is_some() { How::Import } else { How::Require };
            Some((kind, how, literal(source, text)?))
        }
        "call_expression" => {
            let function = node.child_by_field_name("function")?;
            let (kind, how) = match function.kind() {
                "import" => (ImportKind::Dynamic, How::Import),
                "identifier" if syntax::of(function, text) == "require" => (ImportKind::Import, How::Require),
                _ => return None,
            };
            let arguments = syntax::named(node.child_by_field_name("arguments")?);
            let first = arguments.into_iter().find(|argument| argument.kind() != "comment")?;
            Some((kind, how, literal(first, text)?))
        }
        // `/// <reference path="./globals.d.ts" />`
        "comment" => {
            let rest = syntax::of(node, text).strip_prefix("///")?.trim_start().strip_prefix("<reference")?;
            let (attribute, value) = rest.trim().split_once('=')?;
            let value = value.trim_start().strip_prefix(['"', '\''])?.split(['"', '\'']).next()?;
            match attribute.trim() {
                "path" if value.starts_with('.') => Some((ImportKind::Type, How::Import, value.to_owned())),
                "path" => Some((ImportKind::Type, How::Import, format!("./{value}"))),
                "types" => Some((ImportKind::Type, How::Import, value.to_owned())),
                _ => None,
            }
        }
        _ => None,
    }
}

/// Whether an import or re-export names types only: `import type …`, or `type` before each name.
fn types_only(node: Node<'_>) -> bool {
    let word = |child: Node<'_>| {
        matches!(child.kind(), "type" | "typeof") || child.is_error() && child.child(0).is_some_and(|word| word.kind() == "type")
    };
    let marked = |node: Node<'_>| node.children(&mut node.walk()).any(word);
    if marked(node) {
        return true;
    }
    let clauses = syntax::named(node).into_iter().filter(|child| matches!(child.kind(), "import_clause" | "export_clause"));
    let inner = clauses.flat_map(|clause| if clause.kind() == "import_clause" { syntax::named(clause) } else { vec![clause] });
    let mut names = Vec::new();
    for part in inner {
        match part.kind() {
            "named_imports" | "export_clause" => names.extend(syntax::named(part)),
            "comment" => {}
            // A default or a namespace is a value.
            _ => return false,
        }
    }
    let mut names = names.into_iter().filter(|name| name.kind() != "comment").peekable();
    names.peek().is_some() && names.all(marked)
}

/// Returns the value of a string, or of a template, in which nothing has to be computed.
fn literal(node: Node<'_>, text: &str) -> Option<String> {
    match node.kind() {
        "string" | "template_string" => {
            let parts = syntax::named(node);
            let plain = parts.iter().all(|part| part.kind() == "string_fragment");
            let value: String = parts.iter().map(|part| syntax::of(*part, text)).collect();
            (plain && !value.is_empty()).then_some(value)
        }
        _ => None,
    }
}

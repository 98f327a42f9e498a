//! What one file in Flow imports: JavaScript with types that are nearly TypeScript's. Its casts, `(x: T)`, are in no grammar but tree-sitter's.

use tree_sitter::Node;

use super::extract::{Raw, Words, referred};
use super::package::How;
use crate::facts::ImportKind;
use crate::facts::syntax::{self, Extracted};

/// Reads a text.
pub(super) fn imports(text: &str, words: &Words) -> Extracted<Vec<Raw>> {
    let tree = syntax::parse_leniently(&tree_sitter_typescript::LANGUAGE_TSX.into(), text)?;
    let tree = syntax::whole(tree, &|_| false)?;
    let mut raws = Vec::new();
    let mut cursor = tree.walk();
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop() {
        if let Some((kind, how, name)) = import(node, text) {
            raws.push(Raw { at: syntax::at(node, text), kind, how, name, computed: false });
        }
        todo.extend(node.named_children(&mut cursor).filter(|child| words.stand_in(&child.byte_range())));
    }
    Ok(raws)
}

/// Returns what a node imports, and how.
fn import(node: Node<'_>, text: &str) -> Option<(ImportKind, How, String)> {
    match node.kind() {
        "import_statement" | "export_statement" => {
            let kind = if types_only(node) { ImportKind::Type } else { ImportKind::Import };
            Some((kind, How::Import, literal(node.child_by_field_name("source")?, text)?))
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
        "comment" => Some((ImportKind::Type, How::Import, referred(syntax::of(node, text))?)),
        _ => None,
    }
}

/// Whether an import or re-export names types only: `import type …` or `import typeof …`, or one of these words before each name.
fn types_only(node: Node<'_>) -> bool {
    let marked = |node: Node<'_>| node.children(&mut node.walk()).any(|child| matches!(child.kind(), "type" | "typeof"));
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

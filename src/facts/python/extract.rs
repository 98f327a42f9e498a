//! What one Python file imports, as it is written.

use std::borrow::Cow;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use crate::base::RelPath;
use crate::facts::ImportKind;
use crate::facts::syntax::{self, At, Extracted, Wrong};

/// The imports of a file, in the order of their places.
pub(in crate::facts) type Facts = Vec<Raw>;

/// One import.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Raw {
    pub at: At,
    pub kind: ImportKind,
    pub what: What,
}

/// What is imported.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum What {
    /// `import a.b`, and a dynamic import of a full name.
    Module(String),
    /// `from ..a import b`: how many dots, what follows them, and the name; `None` for `*`.
    From(u32, String, Option<String>),
}

/// Names under which a file knows what tells type checking from running.
#[derive(Default)]
struct Aliases<'t> {
    checking: FxHashSet<&'t str>,
    importlib: FxHashSet<&'t str>,
    import_module: FxHashSet<&'t str>,
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = decode(bytes)?;
    let text = &*text;
    let tree = syntax::parse_leniently(&tree_sitter_python::LANGUAGE.into(), text)?;
    let tree = syntax::whole(tree, &|node| default_of_a_type(node, text))?;
    let mut cursor = tree.walk();
    let mut aliases = Aliases::default();
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop() {
        match node.kind() {
            "import_statement" | "import_from_statement" => aliases.note(node, text),
            // Since Python 3, `print >> file, "text"` is a tuple.
            "print_statement" | "exec_statement" if !syntax::named(node).iter().any(|child| child.kind() == "chevron") => {
                let line = node.start_position().row as u32 + 1;
                return Err(Wrong {
                    line,
                    why: format!("a syntax error: `{}` is a statement of Python 2", node.kind().replace("_statement", "")),
                });
            }
            _ => todo.extend(node.named_children(&mut cursor)),
        }
    }
    let mut raws = Facts::new();
    let mut todo = vec![(tree.root_node(), ImportKind::Import)];
    while let Some((node, kind)) = todo.pop() {
        match node.kind() {
            "import_statement" | "import_from_statement" | "future_import_statement" => statement(node, text, kind, &mut raws),
            "if_statement" => branches(node, kind, text, &aliases, &mut todo),
            "call" => {
                raws.extend(aliases.dynamic(node, text));
                todo.extend(node.named_children(&mut cursor).map(|child| (child, kind)));
            }
            _ => todo.extend(node.named_children(&mut cursor).map(|child| (child, kind))),
        }
    }
    raws.sort_by_key(|raw| raw.at);
    Ok(raws)
}

/// Returns the text of a file: UTF-8, or what its first two lines say (PEP 263).
fn decode(bytes: &[u8]) -> Extracted<Cow<'_, str>> {
    match syntax::text(bytes) {
        Ok(text) => Ok(Cow::Borrowed(text)),
        Err(wrong) => {
            let head: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').take(2).collect();
            let head = String::from_utf8_lossy(&head.concat()).to_lowercase();
            let single = ["latin-1", "latin1", "iso-8859", "cp125", "windows-125", "koi8"];
            // Imports are spelled in ASCII, which all of these hold as it is.
            if head.contains("coding") && single.iter().any(|name| head.contains(name)) {
                return Ok(Cow::Owned(bytes.iter().map(|byte| *byte as char).collect()));
            }
            Err(wrong)
        }
    }
}

/// Whether an error is none: the grammar does not know yet what stands behind the `=` in `class A[T = int]` (PEP 696).
fn default_of_a_type(node: Node<'_>, text: &str) -> bool {
    let around = node.parent().is_some_and(|parent| parent.kind() == "type_parameter");
    around && node.is_error() && syntax::of(node, text).contains('=')
}

/// Puts the branches of an `if` on the list, each with the kind of its imports.
fn branches<'t>(node: Node<'t>, kind: ImportKind, text: &str, aliases: &Aliases<'_>, todo: &mut Vec<(Node<'t>, ImportKind)>) {
    let mut rest = kind;
    let mut judge = |branch: Node<'t>, todo: &mut Vec<_>| {
        let condition = branch.child_by_field_name("condition");
        todo.extend(condition.map(|condition| (condition, rest)));
        let verdict = condition.and_then(|condition| aliases.verdict(condition, text));
        let own = if verdict == Some(true) { ImportKind::Type } else { rest };
        if verdict == Some(false) {
            rest = ImportKind::Type;
        }
        own
    };
    let own = judge(node, todo);
    todo.extend(node.child_by_field_name("consequence").map(|block| (block, own)));
    for branch in node.children_by_field_name("alternative", &mut node.walk()) {
        let own = judge(branch, todo);
        let block = branch.child_by_field_name("consequence").or_else(|| branch.child_by_field_name("body"));
        todo.extend(block.map(|block| (block, own)));
    }
}

/// Adds what an import statement imports.
fn statement(node: Node<'_>, text: &str, kind: ImportKind, raws: &mut Facts) {
    let mut add = |at: Node<'_>, what| raws.push(Raw { at: syntax::at(at, text), kind, what });
    let names: Vec<Node<'_>> = node.children_by_field_name("name", &mut node.walk()).collect();
    let names = names.into_iter().map(|name| (name, dotted(name.child_by_field_name("name").unwrap_or(name), text)));
    if node.kind() == "import_statement" {
        names.for_each(|(_, name)| add(node, What::Module(name)));
        return;
    }
    let (level, module) = match node.child_by_field_name("module_name") {
        Some(module) if module.kind() == "relative_import" => {
            let part = |kind| syntax::named(module).into_iter().find(|part| part.kind() == kind);
            let dots = part("import_prefix").map_or(0, |dots| syntax::of(dots, text).matches('.').count());
            (dots as u32, part("dotted_name").map_or(String::new(), |name| dotted(name, text)))
        }
        Some(module) => (0, dotted(module, text)),
        None => (0, "__future__".to_owned()),
    };
    let wildcard = syntax::named(node).iter().any(|child| child.kind() == "wildcard_import");
    if wildcard {
        add(node, What::From(level, module.clone(), None));
    }
    names.for_each(|(_, name)| add(node, What::From(level, module.clone(), Some(name))));
}

/// Returns a dotted name without the blanks that may stand in it.
fn dotted(node: Node<'_>, text: &str) -> String {
    match node.kind() {
        "dotted_name" => syntax::named(node).into_iter().map(|part| syntax::of(part, text)).collect::<Vec<_>>().join("."),
        _ => syntax::of(node, text).to_owned(),
    }
}

impl<'t> Aliases<'t> {
    /// Learns what an import statement calls the names that matter.
    fn note(&mut self, node: Node<'_>, text: &'t str) {
        let module = node.child_by_field_name("module_name").map(|module| syntax::of(module, text));
        for name in node.children_by_field_name("name", &mut node.walk()) {
            let real = syntax::of(name.child_by_field_name("name").unwrap_or(name), text);
            let known = syntax::of(name.child_by_field_name("alias").unwrap_or(name), text);
            match (module, real) {
                (Some("typing" | "typing_extensions"), "TYPE_CHECKING") => self.checking.insert(known),
                (Some("importlib"), "import_module") => self.import_module.insert(known),
                (None, "importlib" | "importlib.util") => self.importlib.insert(known.split('.').next().unwrap_or(known)),
                _ => continue,
            };
        }
    }

    /// Whether a condition says that only a type checker (`true`), or only a running program (`false`), goes there.
    fn verdict(&self, condition: Node<'_>, text: &str) -> Option<bool> {
        match condition.kind() {
            "identifier" => {
                let name = syntax::of(condition, text);
                (name == "TYPE_CHECKING" || self.checking.contains(name)).then_some(true)
            }
            "attribute" => {
                let name = condition.child_by_field_name("attribute").map_or("", |name| syntax::of(name, text));
                (name == "TYPE_CHECKING").then_some(true)
            }
            "parenthesized_expression" => self.verdict(condition.named_child(0)?, text),
            "not_operator" => self.verdict(condition.child_by_field_name("argument")?, text).map(|verdict| !verdict),
            "boolean_operator" => {
                let side = |field| condition.child_by_field_name(field).and_then(|side| self.verdict(side, text));
                let (left, right) = (side("left"), side("right"));
                match condition.child_by_field_name("operator")?.kind() {
                    // Either side alone keeps the running program, or the checker, out.
                    "and" => left.or(right),
                    _ if left == right => left,
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// Returns what a call imports, if it is one that imports and the name is spelled out.
    fn dynamic(&self, call: Node<'_>, text: &str) -> Option<Raw> {
        let function = call.child_by_field_name("function")?;
        let is_import = match function.kind() {
            "identifier" => {
                let name = syntax::of(function, text);
                name == "__import__" || self.import_module.contains(name)
            }
            "attribute" => {
                let object = syntax::of(function.child_by_field_name("object")?, text);
                let name = syntax::of(function.child_by_field_name("attribute")?, text);
                (name == "import_module" && self.importlib.contains(object)) || (name == "__import__" && object == "builtins")
            }
            _ => false,
        };
        if !is_import {
            return None;
        }
        let arguments = syntax::named(call.child_by_field_name("arguments")?);
        let keyword = |wanted: &str| {
            let mut named = arguments.iter().filter(|argument| argument.kind() == "keyword_argument");
            let found = named.find(|argument| argument.child_by_field_name("name").is_some_and(|name| syntax::of(name, text) == wanted))?;
            found.child_by_field_name("value")
        };
        let positional = |index| arguments.iter().filter(|argument| argument.kind() != "comment").nth(index).copied();
        let plain = |node: &Node<'_>| node.kind() != "keyword_argument";
        let name = literal(positional(0).filter(plain).or_else(|| keyword("name"))?, text)?;
        let rest = name.trim_start_matches('.').to_owned();
        let dots = name.len() - rest.len();
        let what = match positional(1).filter(plain).or_else(|| keyword("package")) {
            _ if dots == 0 => What::Module(name),
            Some(package) => match literal(package, text) {
                Some(package) => {
                    let mut parts: Vec<&str> = package.split('.').collect();
                    parts.truncate((parts.len() + 1).saturating_sub(dots));
                    parts.extend(rest.split('.').filter(|part| !part.is_empty()));
                    What::Module(parts.join("."))
                }
                None if matches!(syntax::of(package, text), "__package__" | "__name__") => What::From(dots as u32, rest, None),
                None => return None,
            },
            None => return None,
        };
        Some(Raw { at: syntax::at(call, text), kind: ImportKind::Dynamic, what })
    }
}

/// Returns the value of a string that is spelled out, without escapes.
fn literal(node: Node<'_>, text: &str) -> Option<String> {
    match node.kind() {
        "string" => {
            let mut value = String::new();
            for part in syntax::named(node) {
                match part.kind() {
                    "string_content" if part.named_child_count() == 0 => value += syntax::of(part, text),
                    "string_start" if !syntax::of(part, text).contains(['b', 'B']) => {}
                    "string_end" => {}
                    _ => return None,
                }
            }
            Some(value).filter(|value| !value.is_empty())
        }
        "concatenated_string" => syntax::named(node).into_iter().map(|part| literal(part, text)).collect(),
        "parenthesized_expression" => literal(node.named_child(0)?, text),
        _ => None,
    }
}

//! What one Java file imports, as it is written, and which types it declares and names.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted};

/// What a file says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in crate::facts) struct Facts {
    /// The package that it is in; empty for the unnamed one.
    pub package: String,
    pub imports: Vec<Import>,
    /// The types at its top; of Kotlin also functions and properties.
    pub types: Vec<String>,
    /// Simple names that may be those of types of this package, or of one that is imported whole, sorted, each with the first place where
    /// it is no member of something. What the file declares or imports by itself is not among them.
    pub used: Vec<(String, Option<At>)>,
    /// Names with dots that are used without an import, each once. Java's are not looked for.
    pub paths: Vec<(At, String)>,
    /// Those of `types` that are Kotlin's `actual`: what another file expects.
    pub actual: Vec<String>,
    /// The class that Java sees Kotlin's functions in, if the file says it.
    pub facade: Option<String>,
}

/// One `import`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Import {
    pub at: At,
    /// Without `.*`.
    pub name: String,
    /// Whether it means all that is in it.
    pub all: bool,
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = syntax::text(bytes)?;
    let tree = syntax::whole(syntax::parse_leniently(&tree_sitter_java::LANGUAGE.into(), text)?, &|_| false)?;
    let mut facts = Facts::default();
    for node in syntax::named(tree.root_node()) {
        let named = || syntax::named(node).into_iter().find(|child| matches!(child.kind(), "scoped_identifier" | "identifier"));
        match node.kind() {
            "package_declaration" => facts.package = named().map_or_else(String::new, |name| dotted(syntax::of(name, text))),
            "import_declaration" => {
                if let Some(name) = named() {
                    let all = syntax::named(node).iter().any(|child| child.kind() == "asterisk");
                    facts.imports.push(Import { at: syntax::at(node, text), name: dotted(syntax::of(name, text)), all });
                }
            }
            kind if kind.ends_with("_declaration") => {
                facts.types.extend(node.child_by_field_name("name").map(|name| syntax::of(name, text).to_owned()));
            }
            _ => {}
        }
    }
    let (mut used, mut own) = (BTreeMap::new(), FxHashSet::default());
    let mut todo = vec![tree.root_node()];
    while let Some(node) = todo.pop() {
        let kind = node.kind();
        if kind == "import_declaration" || kind == "package_declaration" {
            continue;
        }
        if kind.ends_with("_declaration") || kind == "type_parameter" {
            let name = node.child_by_field_name("name").or_else(|| node.named_child(0).filter(|_| kind == "type_parameter"));
            own.extend(name.map(|name| syntax::of(name, text)));
        }
        if begins_a_type(node, text) {
            let at = syntax::at(node, text);
            let first = used.entry(syntax::of(node, text)).or_insert(at);
            *first = at.min(*first);
        }
        todo.extend(syntax::named(node));
    }
    own.extend(facts.imports.iter().filter(|import| !import.all).filter_map(|import| import.name.rsplit('.').next()));
    let used = used.into_iter().filter(|(name, _)| !own.contains(name)).map(|(name, at)| (name.to_owned(), Some(at)));
    facts.used = used.collect();
    Ok(facts)
}

/// Whether a name stands where a type's simple name may stand: as a type, or before the first dot of something.
fn begins_a_type(node: Node<'_>, text: &str) -> bool {
    let Some(parent) = node.parent() else { return false };
    let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == node.id());
    let first = || parent.named_child(0).is_some_and(|child| child.id() == node.id());
    match (node.kind(), parent.kind()) {
        ("type_identifier", "scoped_type_identifier") => first(),
        ("type_identifier", "type_parameter") => false,
        ("type_identifier", _) => true,
        ("identifier", kind) => {
            let place = match kind {
                "method_invocation" | "field_access" => is("object"),
                "annotation" | "marker_annotation" => is("name"),
                "scoped_identifier" => is("scope"),
                "method_reference" => first(),
                _ => false,
            };
            // Any variable may stand there, too.
            place && syntax::of(node, text).starts_with(char::is_uppercase)
        }
        _ => false,
    }
}

/// Returns a name without the blanks and comments that may stand between its parts.
fn dotted(text: &str) -> String {
    text.split('.').map(|part| part.split_whitespace().next().unwrap_or_default()).collect::<Vec<_>>().join(".")
}

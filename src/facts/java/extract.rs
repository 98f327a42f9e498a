//! What one Java file imports, as it is written, and which types it declares and names.

use serde::{Deserialize, Serialize};

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
    /// Simple names that may be those of types, sorted; only where all of a package is imported.
    pub used: Vec<String>,
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
    if facts.imports.iter().any(|import| import.all) {
        let mut todo = vec![tree.root_node()];
        while let Some(node) = todo.pop() {
            if matches!(node.kind(), "identifier" | "type_identifier") {
                let name = syntax::of(node, text);
                facts.used.extend(name.starts_with(char::is_uppercase).then(|| name.to_owned()));
            }
            todo.extend(syntax::named(node));
        }
        facts.used.sort();
        facts.used.dedup();
    }
    Ok(facts)
}

/// Returns a name without the blanks and comments that may stand between its parts.
fn dotted(text: &str) -> String {
    text.split('.').map(|part| part.split_whitespace().next().unwrap_or_default()).collect::<Vec<_>>().join(".")
}

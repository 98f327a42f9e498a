//! What one Go file imports, as it is written.

use serde::{Deserialize, Serialize};

use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted};

/// What a file says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in crate::facts) struct Facts {
    /// The name behind `package`.
    pub package: String,
    /// What is imported, as it stands between the quotes.
    pub imports: Vec<(At, String)>,
    /// Whether it says that it belongs to no package: `//go:build ignore`.
    pub alone: bool,
}

impl Facts {
    /// Returns what of it tells where the imports of other files lead.
    pub fn to_others(&self) -> Facts {
        Facts { alone: self.alone, ..Facts::default() }
    }
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = syntax::text(bytes)?;
    let tree = syntax::whole(syntax::parse_leniently(&tree_sitter_go::LANGUAGE.into(), text)?, &|_| false)?;
    let mut facts = Facts { alone: is_alone(text), ..Facts::default() };
    let mut todo: Vec<_> = syntax::named(tree.root_node());
    while let Some(node) = todo.pop() {
        match node.kind() {
            "package_clause" => facts.package = node.named_child(0).map_or("", |name| syntax::of(name, text)).to_owned(),
            "import_declaration" | "import_spec_list" => todo.extend(syntax::named(node)),
            "import_spec" => {
                if let Some(path) = node.child_by_field_name("path") {
                    let name = syntax::of(path, text).trim_matches(['"', '`']);
                    facts.imports.push((syntax::at(node, text), name.to_owned()));
                }
            }
            _ => {}
        }
    }
    facts.imports.sort();
    Ok(facts)
}

/// Whether a constraint before the package asks for the tag that is never given.
fn is_alone(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).take_while(|line| line.is_empty() || line.starts_with("//") || line.starts_with("/*"));
    lines.any(|line| {
        let constraint = line.strip_prefix("//go:build ").or_else(|| line.strip_prefix("// +build "));
        constraint.is_some_and(|terms| !terms.contains("||") && terms.split("&&").any(|term| term.trim() == "ignore"))
    })
}

//! What one Kotlin file imports, as it is written, and what it declares and names.
//!
//! The grammar does not know all of the language. So a file is read however much of it is strange, as long as its imports are not.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use tree_sitter::Node;

use crate::base::RelPath;
use crate::facts::java::{Facts, Import};
use crate::facts::syntax::{self, At, Extracted};

struct Reader<'t> {
    text: &'t str,
    facts: Facts,
    used: BTreeMap<&'t str, Option<At>>,
    /// What is declared anywhere in the file, also in what it declares.
    own: FxHashSet<&'t str>,
    seen: FxHashSet<String>,
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = syntax::text(bytes)?;
    let tree = syntax::parse_leniently(&tree_sitter_kotlin_ng::LANGUAGE.into(), text)?;
    let root = tree.root_node();
    if root.has_error() && hidden_import(root, text) {
        syntax::whole(tree, &|_| false)?;
        return Ok(Facts::default());
    }
    let mut reader = Reader { text, facts: Facts::default(), used: BTreeMap::new(), own: FxHashSet::default(), seen: FxHashSet::default() };
    for node in syntax::named(root) {
        reader.top(node);
    }
    let Reader { mut facts, used, mut own, .. } = reader;
    facts.types.sort();
    facts.types.dedup();
    facts.paths.sort();
    let renamed =
        text.lines().filter_map(|line| line.trim_start().strip_prefix("import ")?.split_once(" as ")?.1.split_whitespace().next());
    own.extend(renamed);
    let imported: FxHashSet<String> =
        facts.imports.iter().filter(|import| !import.all).filter_map(|import| import.name.rsplit('.').next().map(str::to_owned)).collect();
    // Behind a dot, and from all of a package, a name may still be another's.
    let used = used
        .into_iter()
        .filter(|(name, _)| !imported.contains(*name))
        .map(|(name, at)| (name.to_owned(), at.filter(|_| !own.contains(name))));
    facts.used = used.collect();
    Ok(facts)
}

/// Whether a line that begins as an import was not understood as one.
fn hidden_import(root: Node<'_>, text: &str) -> bool {
    let mut start = 0;
    text.split_inclusive('\n').any(|line| {
        let at = start + line.len() - line.trim_start().len();
        start += line.len();
        let known = |node: Node<'_>| {
            let kind = node.kind();
            kind == "import" || kind.ends_with("comment") || kind.contains("string")
        };
        line.trim_start().starts_with("import ")
            && !root
                .descendant_for_byte_range(at, at + 1)
                .is_some_and(|node| std::iter::successors(Some(node), Node::parent).any(|node| node.is_named() && known(node)))
    })
}

impl<'t> Reader<'t> {
    fn top(&mut self, node: Node<'_>) {
        match node.kind() {
            "package_header" => self.facts.package = self.dotted(node),
            "import" => {
                let all = node.children(&mut node.walk()).any(|child| child.kind() == "*");
                let name = self.dotted(node);
                self.facts.imports.push(Import { at: syntax::at(node, self.text), name, all });
            }
            "file_annotation" => {
                let written = syntax::of(node, self.text);
                if let Some((_, rest)) = written.split_once("JvmName") {
                    self.facts.facade = rest.split('"').nth(1).map(str::to_owned);
                }
                self.inside(node);
            }
            _ => {
                if node.is_error() {
                    self.broken(node);
                } else {
                    self.declared(node);
                }
                self.inside(node);
            }
        }
    }

    /// Notes what a declaration at the top of the file brings into its package.
    fn declared(&mut self, node: Node<'_>) {
        let name = match node.kind() {
            "property_declaration" => {
                let variables = |node: Node<'_>| -> Vec<String> {
                    let variables = syntax::named(node).into_iter().filter(|child| child.kind() == "variable_declaration");
                    variables.filter_map(|variable| Some(self.plain(variable.named_child(0)?).to_owned())).collect()
                };
                let mut names = variables(node);
                let several = syntax::named(node).into_iter().filter(|child| child.kind() == "multi_variable_declaration");
                names.extend(several.flat_map(variables));
                self.facts.types.extend(names);
                return;
            }
            "type_alias" => node.child_by_field_name("type"),
            kind if kind.ends_with("_declaration") => node.child_by_field_name("name"),
            _ => None,
        };
        if let Some(name) = name.map(|name| self.plain(name).to_owned()) {
            let actual = syntax::named(node).first().is_some_and(|first| {
                first.kind() == "modifiers" && syntax::of(*first, self.text).split_whitespace().any(|word| word == "actual")
            });
            if actual {
                self.facts.actual.push(name.clone());
            }
            self.facts.types.push(name);
        }
    }

    /// Notes what seems to be declared among tokens that make no sense to the grammar.
    fn broken(&mut self, error: Node<'_>) {
        let children: Vec<Node<'_>> = error.children(&mut error.walk()).collect();
        for (at, child) in children.iter().enumerate() {
            self.declared(*child);
            let opens = matches!(syntax::of(*child, self.text), "class" | "interface" | "object" | "fun" | "val" | "var" | "typealias");
            if let Some(name) = children.get(at + 1).filter(|next| opens && next.kind() == "identifier") {
                self.facts.types.push(self.plain(*name).to_owned());
            }
        }
    }

    /// Notes the names that are used.
    fn inside(&mut self, root: Node<'_>) {
        let mut todo = vec![root];
        while let Some(node) = todo.pop() {
            match node.kind() {
                "identifier" => self.identifier(node),
                "user_type" | "navigation_expression" => {
                    let longer = node.parent().is_some_and(|parent| parent.kind() == "navigation_expression");
                    if let Some(name) =
                        self.chain(node).filter(|name| !longer && name.contains('.') && name.starts_with(char::is_lowercase))
                        && self.seen.insert(name.clone())
                    {
                        self.facts.paths.push((syntax::at(node, self.text), name));
                    }
                }
                _ => {}
            }
            todo.extend(syntax::named(node));
        }
    }

    /// Notes a name, as one that is declared or as one that is used.
    fn identifier(&mut self, node: Node<'_>) {
        let name = self.plain(node);
        let parent = node.parent();
        let named = |parent: Node<'_>| {
            let kind = parent.kind();
            let declares =
                kind.ends_with("_declaration") || matches!(kind, "parameter" | "class_parameter" | "type_parameter" | "enum_entry");
            let first =
                parent.child_by_field_name("name").or_else(|| syntax::named(parent).into_iter().find(|child| child.kind() == "identifier"));
            declares && first.is_some_and(|first| first.id() == node.id())
        };
        if parent.is_some_and(named) {
            self.own.insert(name);
        }
        let first = |parent: Node<'_>| parent.named_child(0).is_some_and(|first| first.id() == node.id());
        let member = parent.is_some_and(|parent| matches!(parent.kind(), "navigation_expression" | "user_type") && !first(parent));
        let at = (!member).then(|| syntax::at(node, self.text));
        let known = self.used.entry(name).or_insert(at);
        *known = [*known, at].into_iter().flatten().min();
    }

    /// Returns the plain names that an expression or a type begins with, with dots between them.
    fn chain(&self, node: Node<'_>) -> Option<String> {
        match node.kind() {
            "identifier" => Some(self.plain(node).to_owned()),
            "user_type" => {
                let parts = syntax::named(node).into_iter().filter(|part| part.kind() == "identifier");
                Some(parts.map(|part| self.plain(part)).collect::<Vec<_>>().join("."))
            }
            "navigation_expression" => {
                let first = node.named_child(0)?;
                let begin = self.chain(first)?;
                let whole = matches!(first.kind(), "identifier" | "navigation_expression") && !self.calls(first);
                match node.named_child(1).filter(|last| whole && last.kind() == "identifier") {
                    Some(last) => Some(format!("{begin}.{}", self.plain(last))),
                    None => Some(begin),
                }
            }
            "call_expression" | "index_expression" => self.chain(node.named_child(0)?),
            _ => None,
        }
    }

    /// Whether something is called within a chain, so that what follows is no part of a name.
    fn calls(&self, node: Node<'_>) -> bool {
        let first = node.named_child(0);
        node.kind() == "navigation_expression"
            && first.is_some_and(|first| first.kind() != "identifier" && (first.kind() != "navigation_expression" || self.calls(first)))
    }

    /// Returns the name that stands in a header.
    fn dotted(&self, node: Node<'_>) -> String {
        let name = syntax::named(node).into_iter().find(|child| matches!(child.kind(), "qualified_identifier" | "identifier"));
        let Some(name) = name else { return String::new() };
        if name.kind() == "identifier" {
            return self.plain(name).to_owned();
        }
        let parts = syntax::named(name).into_iter().filter(|part| part.kind() == "identifier");
        parts.map(|part| self.plain(part)).collect::<Vec<_>>().join(".")
    }

    fn plain(&self, node: Node<'_>) -> &'t str {
        syntax::of(node, self.text).trim_matches('`')
    }
}

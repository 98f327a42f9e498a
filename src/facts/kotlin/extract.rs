//! What one Kotlin file imports, as it is written, and what it declares and names.
//!
//! The grammar does not know all of the language. So what a file declares is read [without](plain) what confuses it, and what it uses as well with
//! that; what makes no sense even then is a mistake of the file.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use tree_sitter::Node;

use super::plain::plain;
use crate::base::RelPath;
use crate::facts::java::{Extension, Facts, Import, Path};
use crate::facts::syntax::{self, At, Extracted};

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    facts: Facts,
    used: BTreeMap<&'t str, Option<At>>,
    members: BTreeMap<Extension, At>,
    /// What is declared anywhere in the file, also in what it declares.
    own: FxHashSet<&'t str>,
    seen: FxHashSet<String>,
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = syntax::text(bytes)?;
    let plain = plain(text);
    let grammar = tree_sitter_kotlin_ng::LANGUAGE.into();
    let parse = |text: &str| syntax::parse_leniently(&grammar, text).and_then(|tree| syntax::whole(tree, &|_| false));
    let tree = parse(&plain.text).or_else(|wrong| parse(&plain.ended()).map_err(|_| wrong))?;
    let mut reader = Reader { text, ..Reader::default() };
    for node in syntax::named(tree.root_node()) {
        reader.top(node);
    }
    if let Some(left_out) = &plain.left_out {
        reader.inside(syntax::parse_leniently(&grammar, left_out)?.root_node());
    }
    let Reader { mut facts, used, members, mut own, .. } = reader;
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
    facts.members = members.into_iter().filter(|(member, _)| !imported.contains(&member.name)).collect();
    Ok(facts)
}

/// Whether a function or property is declared with what it extends, and a dot behind that, for more than its own file.
fn extends(node: Node<'_>, text: &str) -> bool {
    let is_private = syntax::named(node)
        .first()
        .is_some_and(|first| first.kind() == "modifiers" && syntax::of(*first, text).split_whitespace().any(|word| word == "private"));
    !is_private && node.children(&mut node.walk()).any(|child| child.kind() == ".")
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
                self.declared(node);
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
                if extends(node, self.text) {
                    self.facts.extensions.extend(names.iter().map(|name| Extension { name: name.clone(), is_called: false }));
                }
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
            if node.kind() == "function_declaration" && extends(node, self.text) {
                self.facts.extensions.push(Extension { name: name.clone(), is_called: true });
            }
            self.facts.types.push(name);
        }
    }

    /// Notes the names that are used. Asking a node for what it stands in takes as long as the tree is deep, and so that is carried along.
    fn inside(&mut self, root: Node<'_>) {
        let mut todo = vec![(root, None, None)];
        while let Some((node, parent, outer)) = todo.pop() {
            match node.kind() {
                "identifier" => self.identifier(node, parent, outer),
                "string_literal" | "multiline_string_literal" => self.templates(node),
                "user_type" | "navigation_expression" if parent.is_none_or(|parent| parent.kind() != "navigation_expression") => {
                    if let Some(name) = self.chain(node).filter(|name| name.contains('.') && name.starts_with(char::is_lowercase))
                        && self.seen.insert(name.clone())
                    {
                        let is_full = node.kind() == "user_type" && name.split('.').any(|part| part.starts_with(char::is_uppercase));
                        self.facts.paths.push(Path { at: syntax::at(node, self.text), name, is_full });
                    }
                }
                _ => {}
            }
            todo.extend(syntax::named(node).into_iter().map(|child| (child, Some(node), parent)));
        }
    }

    /// Notes the names in a text that stand in no braces: `"$NAME"`.
    fn templates(&mut self, node: Node<'_>) {
        let (text, start) = (syntax::of(node, self.text), syntax::at(node, self.text));
        for (at, _) in text.match_indices('$').filter(|(at, _)| !text[..*at].ends_with('\\')) {
            let rest = &text[at + 1..];
            let name = &rest[..rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())];
            if name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                let before = &text[..at];
                let column = before.rsplit('\n').next().unwrap_or(before).chars().count() as u32 + 1;
                let below = before.matches('\n').count() as u32;
                let place = At { line: start.line + below, column: if below == 0 { start.column + column } else { column + 1 } };
                let known = self.used.entry(name).or_insert(Some(place));
                *known = [*known, Some(place)].into_iter().flatten().min();
            }
        }
    }

    /// Notes a name, as one that is declared or as one that is used.
    fn identifier(&mut self, node: Node<'_>, parent: Option<Node<'_>>, outer: Option<Node<'_>>) {
        let name = self.plain(node);
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
        let place = syntax::at(node, self.text);
        if let Some(parent) = parent.filter(|parent| member && parent.kind() == "navigation_expression") {
            let of_super = parent.named_child(0).is_some_and(|object| object.kind() == "super_expression");
            let called = outer.is_some_and(|outer| outer.kind() == "call_expression" && outer.start_byte() == parent.start_byte());
            let is_called = called || syntax::of(parent, self.text).contains("::");
            if !of_super {
                let first = self.members.entry(Extension { name: name.to_owned(), is_called }).or_insert(place);
                *first = place.min(*first);
            }
        }
        let at = (!member).then_some(place);
        let known = self.used.entry(name).or_insert(at);
        *known = [*known, at].into_iter().flatten().min();
    }

    /// Returns the plain names that an expression or a type begins with, with dots between them; `None` if it begins with something else.
    fn chain(&self, node: Node<'_>) -> Option<String> {
        let (mut names, mut node) = (Vec::new(), node);
        loop {
            match node.kind() {
                "identifier" => {
                    names.push(self.plain(node));
                    break;
                }
                "user_type" => {
                    let parts = syntax::named(node).into_iter().rev().filter(|part| part.kind() == "identifier");
                    names.extend(parts.map(|part| self.plain(part)));
                    break;
                }
                "navigation_expression" => {
                    let first = node.named_child(0)?;
                    match node.named_child(1).filter(|last| last.kind() == "identifier") {
                        Some(last) => names.push(self.plain(last)),
                        // What follows is no part of a name.
                        None => names.clear(),
                    }
                    node = first;
                }
                _ => return None,
            }
        }
        names.reverse();
        Some(names.join("."))
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

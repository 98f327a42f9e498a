//! What one Rust file declares and names, as it is written.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted, Wrong};

/// What a file says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in crate::facts) struct Facts {
    /// Modules that are declared.
    pub mods: Vec<Mod>,
    /// Paths that are used, also those of `use`, each once.
    pub paths: Vec<Path>,
    /// Names that `use` brings into a module.
    pub aliases: Vec<Alias>,
    /// The names of all other items, sorted.
    pub names: Vec<String>,
    /// Names that `extern crate` brings at the top of the file, and the crate that each means: at the root of a crate, all of it knows them.
    pub externs: Vec<(String, String)>,
}

impl Facts {
    /// Returns what of it tells where the imports of other files lead.
    pub fn to_others(&self) -> Facts {
        let mods = self.mods.iter().map(|one| Mod { at: At::default(), ..one.clone() });
        // Of what can be a module, also where it leads: a path of others may go through it.
        let alias = |alias: &Alias| match alias.name.starts_with(char::is_lowercase) {
            true => alias.clone(),
            false => Alias { inside: Vec::new(), name: alias.name.clone(), parts: Vec::new() },
        };
        let aliases: BTreeSet<Alias> = self.aliases.iter().map(alias).collect();
        Facts {
            mods: mods.collect(),
            paths: Vec::new(),
            aliases: aliases.into_iter().collect(),
            names: self.names.clone(),
            externs: self.externs.clone(),
        }
    }
}

/// A `mod`, or an `include!`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Mod {
    pub at: At,
    /// The modules with a body that it stands in.
    pub inside: Vec<String>,
    /// Empty for a file that `include!` puts here.
    pub name: String,
    /// Whether its body is in this file.
    pub inline: bool,
    /// What `#[path]` says, also below `cfg_attr`.
    pub paths: Vec<String>,
}

/// A path such as `crate::a::b`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Path {
    pub at: At,
    pub inside: Vec<String>,
    /// Its parts; the first is empty for `::a::b`.
    pub parts: Vec<String>,
    /// Whether a `use` or an `extern crate` has it.
    pub used: bool,
}

/// A name for a path; `*` for all names in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Alias {
    pub inside: Vec<String>,
    pub name: String,
    pub parts: Vec<String>,
}

/// How many modules with a body may stand in each other: each takes as much room as it stands deep.
const DEEP: usize = 500;

struct Reader<'t> {
    text: &'t str,
    facts: Facts,
    seen: BTreeMap<(Vec<String>, Vec<String>), (At, bool)>,
    names: FxHashSet<&'t str>,
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = syntax::text(bytes)?;
    let tree = syntax::parse_leniently(&tree_sitter_rust::LANGUAGE.into(), text)?;
    // The grammar does not know yet that functions of `unsafe extern` may be `safe`.
    let tree = syntax::whole(tree, &|node| node.is_error() && syntax::of(node, text) == "safe")?;
    let mut reader = Reader { text, facts: Facts::default(), seen: BTreeMap::new(), names: FxHashSet::default() };
    reader.walk(tree.root_node())?;
    let Reader { mut facts, seen, names, .. } = reader;
    facts.paths = seen.into_iter().map(|((inside, parts), (at, used))| Path { at, inside, parts, used }).collect();
    facts.names = names.into_iter().map(str::to_owned).collect();
    facts.names.sort_unstable();
    Ok(facts)
}

impl<'t> Reader<'t> {
    fn walk(&mut self, root: Node<'_>) -> Extracted<()> {
        let mut todo = vec![(root, Rc::new(Vec::new()), false)];
        while let Some((node, inside, prefix)) = todo.pop() {
            let (mut below, mut begin) = (None, None);
            match node.kind() {
                "visibility_modifier" | "line_comment" | "block_comment" | "string_literal" => continue,
                "mod_item" if inside.len() == DEEP => {
                    let why = format!("its modules stand more than {DEEP} deep in each other");
                    return Err(Wrong { line: syntax::at(node, self.text).line, why });
                }
                "mod_item" => below = self.module(node, &inside).map(Rc::new),
                "use_declaration" => {
                    let mut found = Vec::new();
                    if let Some(argument) = node.child_by_field_name("argument") {
                        uses(argument, self.text, &mut found);
                    }
                    for (place, parts, name) in found {
                        self.path(syntax::at(place, self.text), &inside, parts.clone(), true);
                        self.facts.aliases.push(Alias { inside: inside.to_vec(), name, parts });
                    }
                    continue;
                }
                "macro_invocation" => {
                    self.included(node, &inside);
                    if is_item(node) {
                        self.items(node, &inside)?;
                        let name = syntax::named(node).into_iter().filter(|child| child.kind() != "token_tree");
                        todo.extend(name.map(|child| (child, inside.clone(), false)));
                        continue;
                    }
                }
                "extern_crate_declaration" => {
                    let field = |field| node.child_by_field_name(field).map(|node| syntax::of(node, self.text).to_owned());
                    let name = field("name");
                    if let Some(name) = name.as_ref().filter(|_| inside.is_empty()) {
                        self.facts.externs.push((field("alias").unwrap_or(name.clone()), name.clone()));
                    }
                    if let Some(name) = name.filter(|name| name != "self") {
                        let parts = vec![String::new(), name.clone()];
                        self.facts.aliases.push(Alias {
                            inside: inside.to_vec(),
                            name: field("alias").unwrap_or(name),
                            parts: parts.clone(),
                        });
                        self.path(syntax::at(node, self.text), &inside, parts, true);
                    }
                    continue;
                }
                "token_tree" => self.tokens(node, &inside),
                "scoped_identifier" | "scoped_type_identifier" => {
                    begin = node.child_by_field_name("path");
                    if let Some(parts) = Some(node).filter(|_| !prefix).and_then(|node| parts(node, self.text)) {
                        self.path(syntax::at(node, self.text), &inside, parts, false);
                    }
                }
                kind if kind.ends_with("_item") || kind == "macro_definition" => {
                    self.names.extend(node.child_by_field_name("name").map(|name| syntax::of(name, self.text)));
                }
                _ => {}
            }
            let inside = below.unwrap_or(inside);
            let is_begin = |child: Node<'_>| child.kind().starts_with("scoped") && begin.is_some_and(|begin| begin.id() == child.id());
            todo.extend(node.named_children(&mut node.walk()).map(|child| (child, inside.clone(), is_begin(child))));
        }
        Ok(())
    }

    /// Notes a `mod`, and returns what stands inside it stands inside.
    fn module(&mut self, node: Node<'_>, inside: &[String]) -> Option<Vec<String>> {
        let name = syntax::of(node.child_by_field_name("name")?, self.text).trim_start_matches("r#").to_owned();
        let inline = node.child_by_field_name("body").is_some();
        let mut paths = Vec::new();
        let before = std::iter::successors(node.prev_sibling(), Node::prev_sibling);
        for attribute in before.take_while(|node| node.kind() == "attribute_item" || node.kind().ends_with("comment")) {
            let Some(attribute) = attribute.named_child(0).filter(|attribute| attribute.kind() == "attribute") else { continue };
            let name = attribute.named_child(0).map_or("", |name| syntax::of(name, self.text));
            let string = |node: Node<'_>| syntax::of(node, self.text).trim_matches('"').to_owned();
            match (name, attribute.child_by_field_name("value"), attribute.child_by_field_name("arguments")) {
                ("path", Some(value), _) => paths.push(string(value)),
                ("cfg_attr", _, Some(arguments)) => {
                    let tokens = syntax::named(arguments);
                    let named = |pair: &&[Node<'_>]| syntax::of(pair[0], self.text) == "path" && pair[1].kind() == "string_literal";
                    paths.extend(tokens.windows(2).filter(named).map(|pair| string(pair[1])));
                }
                _ => {}
            }
        }
        let at = syntax::at(node, self.text);
        self.facts.mods.push(Mod { at, inside: inside.to_vec(), name: name.clone(), inline, paths });
        inline.then(|| [inside, &[name]].concat())
    }

    /// Notes a path. Those that begin with a type lead nowhere that a `use` has not led already.
    fn path(&mut self, at: At, inside: &[String], parts: Vec<String>, used: bool) {
        if parts.is_empty() || (!used && parts[0].starts_with(char::is_uppercase)) {
            return;
        }
        let place = self.seen.entry((inside.to_vec(), parts)).or_insert((at, used));
        *place = (place.0.min(at), place.1 || used);
    }

    /// Finds the paths among the bare tokens that macros are given.
    fn tokens(&mut self, tree: Node<'_>, inside: &[String]) {
        let tokens: Vec<Node<'_>> = tree.children(&mut tree.walk()).collect();
        let mut at = 0;
        while at < tokens.len() {
            let first = at;
            let mut parts = Vec::new();
            while let Some(part) = tokens.get(at).and_then(|token| self::parts(*token, self.text)).filter(|part| part.len() == 1) {
                parts.extend(part);
                if tokens.get(at + 1).is_none_or(|token| token.kind() != "::") {
                    break;
                }
                at += 2;
            }
            // What follows another `::` is the rest of a path with something else in it.
            if parts.len() > 1 && (first == 0 || tokens[first - 1].kind() != "::") {
                self.path(syntax::at(tokens[first], self.text), inside, parts, false);
            }
            at += 1;
        }
    }
    /// Notes the file that an `include!` names, if it does so by a text alone.
    fn included(&mut self, node: Node<'_>, inside: &[String]) {
        let name = node.child_by_field_name("macro").map_or("", |name| syntax::of(name, self.text));
        let tree = node.named_children(&mut node.walk()).find(|child| child.kind() == "token_tree").map(syntax::named);
        if let (true, [file]) = (name.rsplit("::").next() == Some("include"), tree.as_deref().unwrap_or_default())
            && file.kind() == "string_literal"
        {
            let (at, path) = (syntax::at(node, self.text), syntax::of(*file, self.text).trim_matches('"').to_owned());
            self.facts.mods.push(Mod { at, inside: inside.to_vec(), name: String::new(), inline: false, paths: vec![path] });
        }
    }

    /// Reads the tokens of a macro that stands where items do, as `cfg_if!` does: modules and `use` among them are meant as they are written,
    /// and so are those in braces between them.
    fn items(&mut self, call: Node<'_>, inside: &Rc<Vec<String>>) -> Extracted<()> {
        let mut todo: Vec<(Node<'_>, Rc<Vec<String>>)> = syntax::named(call).into_iter().map(|child| (child, inside.clone())).collect();
        while let Some((tree, inside)) = todo.pop() {
            if tree.kind() != "token_tree" || inside.len() > DEEP {
                continue;
            }
            self.tokens(tree, &inside);
            let tokens: Vec<Node<'_>> = tree.children(&mut tree.walk()).collect();
            let mut bodies = FxHashMap::default();
            for (at, token) in tokens.iter().enumerate() {
                let name = tokens.get(at + 1).filter(|name| name.kind() == "identifier").map(|name| syntax::of(*name, self.text));
                match (token.kind(), name) {
                    ("mod", Some(name)) => {
                        let name = name.trim_start_matches("r#").to_owned();
                        let body = tokens.get(at + 2).filter(|body| body.kind() == "token_tree");
                        if body.is_none() && tokens.get(at + 2).is_none_or(|end| end.kind() != ";") {
                            continue;
                        }
                        let (place, paths) = (syntax::at(*token, self.text), paths(&tokens[..at], self.text));
                        if let Some(body) = body {
                            bodies.insert(body.id(), Rc::new([&inside[..], std::slice::from_ref(&name)].concat()));
                        }
                        self.facts.mods.push(Mod { at: place, inside: inside.to_vec(), name, inline: body.is_some(), paths });
                    }
                    ("use", _) => {
                        if let Some(end) = tokens[at..].iter().find(|token| token.kind() == ";") {
                            self.used(token.start_byte()..end.end_byte(), syntax::at(*token, self.text), &inside)?;
                        }
                    }
                    ("fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union", Some(name)) => {
                        self.names.insert(name);
                    }
                    _ => {}
                }
            }
            todo.extend(tokens.iter().map(|token| (*token, bodies.get(&token.id()).unwrap_or(&inside).clone())));
        }
        Ok(())
    }

    /// Reads a `use` that stands among bare tokens.
    fn used(&mut self, range: Range<usize>, at: At, inside: &[String]) -> Extracted<()> {
        let text = &self.text[range];
        let tree = syntax::parse_leniently(&tree_sitter_rust::LANGUAGE.into(), text)?;
        let argument = tree.root_node().named_child(0).and_then(|node| node.child_by_field_name("argument"));
        let mut found = Vec::new();
        if let Some(argument) = argument.filter(|_| !tree.root_node().has_error()) {
            uses(argument, text, &mut found);
        }
        for (_, parts, name) in found {
            self.path(at, inside, parts.clone(), true);
            self.facts.aliases.push(Alias { inside: inside.to_vec(), name, parts });
        }
        Ok(())
    }
}

/// Whether a call of a macro stands where items do.
fn is_item(call: Node<'_>) -> bool {
    let around = call.parent().filter(|parent| parent.kind() != "expression_statement").or_else(|| call.parent()?.parent());
    around.is_some_and(|around| matches!(around.kind(), "source_file" | "declaration_list"))
}

/// Returns what `path` says in the attributes that stand last among some tokens, before a visibility.
fn paths(tokens: &[Node<'_>], text: &str) -> Vec<String> {
    let is_visibility =
        |token: &Node<'_>| token.kind() == "pub" || (token.kind() == "token_tree" && syntax::of(*token, text).starts_with('('));
    let last = tokens.iter().rposition(|token| !is_visibility(token)).map_or(0, |last| last + 1);
    let attributes = tokens[..last].rchunks_exact(2).take_while(|pair| pair[0].kind() == "#" && pair[1].kind() == "token_tree");
    let mut found = Vec::new();
    for attribute in attributes.map(|pair| syntax::named(pair[1])) {
        let words = match attribute.as_slice() {
            [name, arguments] if syntax::of(*name, text) == "cfg_attr" => syntax::named(*arguments),
            _ => attribute,
        };
        let named = |pair: &&[Node<'_>]| syntax::of(pair[0], text) == "path" && pair[1].kind() == "string_literal";
        found.extend(words.windows(2).filter(named).map(|pair| syntax::of(pair[1], text).trim_matches('"').to_owned()));
    }
    found
}

/// Returns the parts of a path; `None` if it begins with a type in brackets.
fn parts(node: Node<'_>, text: &str) -> Option<Vec<String>> {
    let name = |node: Node<'_>| syntax::of(node, text).trim_start_matches("r#").to_owned();
    let (mut parts, mut next) = (Vec::new(), Some(node));
    while let Some(node) = next.take() {
        match node.kind() {
            "scoped_identifier" | "scoped_type_identifier" | "scoped_use_list" => {
                parts.extend(node.child_by_field_name("name").map(name));
                next = node.child_by_field_name("path");
                // A list without a path may be one within another list.
                if next.is_none() && node.child(0).is_some_and(|first| first.kind() == "::") {
                    parts.push(String::new());
                }
            }
            "generic_type" | "generic_type_with_turbofish" => next = Some(node.child_by_field_name("type")?),
            "identifier" | "type_identifier" | "crate" | "self" | "super" => parts.push(name(node)),
            "metavariable" if syntax::of(node, text) == "$crate" => parts.push("crate".into()),
            _ => return None,
        }
    }
    parts.reverse();
    Some(parts)
}

/// Takes a `use` apart: each path, where it stands, and what it is called.
fn uses<'n>(root: Node<'n>, text: &str, found: &mut Vec<(Node<'n>, Vec<String>, String)>) {
    // Of each node, how much of what stands before the one that was looked at last stands before it, too.
    let (mut todo, mut before) = (vec![(root, 0)], Vec::<String>::new());
    while let Some((node, kept)) = todo.pop() {
        before.truncate(kept);
        let joined = |parts: Vec<String>| match parts.as_slice() {
            [own] if own == "self" && !before.is_empty() => before.clone(),
            _ => [&before[..], &parts].concat(),
        };
        match node.kind() {
            "use_as_clause" => {
                let alias = node.child_by_field_name("alias").map_or("_", |alias| syntax::of(alias, text)).to_owned();
                if let Some(parts) = node.child_by_field_name("path").and_then(|path| parts(path, text)) {
                    found.push((node, joined(parts), alias));
                }
            }
            "use_wildcard" => {
                let parts = node.named_child(0).and_then(|path| parts(path, text)).unwrap_or_default();
                found.push((node, joined(parts), "*".into()));
            }
            "use_list" => todo.extend(syntax::named(node).into_iter().rev().map(|child| (child, kept))),
            "scoped_use_list" => {
                if let Some(list) = node.child_by_field_name("list") {
                    let path = parts(node, text).unwrap_or_default();
                    before.extend(path.into_iter().filter(|part| part != "self" || kept == 0));
                    todo.push((list, before.len()));
                }
            }
            _ => {
                if let Some(parts) = parts(node, text) {
                    let parts = joined(parts);
                    let name = parts.last().cloned().unwrap_or_default();
                    found.push((node, parts, name));
                }
            }
        }
    }
}

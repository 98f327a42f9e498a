//! What one C# file declares, uses and names, as it is written.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use super::conditional::readings;
use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted, Places};

/// What a file says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in crate::facts) struct Facts {
    pub usings: Vec<Using>,
    /// The types that are in no other type, each with its namespace.
    pub types: Vec<(String, String)>,
    /// The methods that seem to be those of other types, each with its namespace.
    pub extensions: Vec<(String, String)>,
    /// Names that may begin with a type or a namespace, with the namespace around them, each once.
    pub names: Vec<Name>,
    /// What is called on something, with the namespace around it, each once.
    pub calls: Vec<(String, String, At)>,
}

impl Facts {
    /// Returns what of it tells where the imports of other files lead.
    pub fn to_others(&self) -> Facts {
        let usings = self.usings.iter().filter(|using| using.global || using.means == Means::Namespace);
        let usings = usings.map(|using| Using { at: At::default(), ..using.clone() });
        Facts { usings: usings.collect(), types: self.types.clone(), extensions: self.extensions.clone(), ..Facts::default() }
    }
}

/// A name in the code.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Name {
    /// The namespace around it.
    pub inside: String,
    pub name: String,
    pub at: At,
    /// Whether it stands where nothing but a type can stand, and has dots.
    pub is_type: bool,
}

/// One `using`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Using {
    pub at: At,
    /// The namespace that it stands in.
    pub inside: String,
    pub name: String,
    pub means: Means,
    /// Whether it counts in all files of the project.
    pub global: bool,
}

/// What a `using` brings.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum Means {
    /// The types of a namespace.
    Namespace,
    /// The members of a type.
    Static,
    /// Another name for a type or a namespace.
    Alias(String),
}

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    usings: BTreeSet<Using>,
    types: BTreeSet<(String, String)>,
    extensions: BTreeSet<(String, String)>,
    names: BTreeMap<(String, String), (At, bool)>,
    calls: BTreeMap<(String, String), At>,
    /// Where types in types, type parameters and aliases are known: a member in the body that it stands in, not in the header before that.
    inner: FxHashMap<String, Vec<Range<usize>>>,
    /// Names where nothing but a type or a namespace stands, each with the namespace around, its byte, its place, and whether it is a type for sure.
    typed: Vec<(String, String, usize, At, bool)>,
    /// Where in the text each variable is known.
    variables: FxHashMap<String, Vec<Range<usize>>>,
    /// Names that mean nothing outside where such a variable is known, each with its byte and its place.
    expressions: Vec<(String, String, usize, At)>,
}

/// Reads a file. One of its readings has to make sense as a whole; in the others every word counts as a name where none is understood.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let whole = decode(bytes);
    let texts = readings(&whole);
    let mut reader = Reader::default();
    let (mut whole_once, mut wrong) = (false, None);
    for text in &texts {
        let parse = |text: &str| syntax::parse_leniently(&tree_sitter_c_sharp::LANGUAGE.into(), text);
        let (mut text, mut tree) = (Cow::Borrowed(&**text), parse(text)?);
        if let Some(first) = syntax::first_wrong(&tree) {
            let plain = known(&text);
            let newer = parse(&plain)?;
            if syntax::first_wrong(&newer).is_none() {
                (text, tree, whole_once) = (Cow::Owned(plain), newer, true);
            } else {
                wrong = wrong.or(Some(first));
            }
        } else {
            whole_once = true;
        }
        let text = &*text;
        let Reader { usings, types, extensions, names, calls, .. } = reader;
        let mut next = Reader { text, usings, types, extensions, names, calls, ..Reader::default() };
        next.walk(tree.root_node());
        next.express();
        reader = Reader { text: "", ..next };
    }
    if let Some(wrong) = wrong.filter(|_| !whole_once) {
        return Err(wrong);
    }
    let Reader { usings, types, extensions, names, calls, .. } = reader;
    let names = names.into_iter().map(|((inside, name), (at, is_type))| Name { inside, name, at, is_type });
    Ok(Facts {
        usings: usings.into_iter().collect(),
        types: types.into_iter().collect(),
        extensions: extensions.into_iter().collect(),
        names: names.collect(),
        calls: calls.into_iter().map(|((inside, name), at)| (inside, name, at)).collect(),
    })
}

/// Returns a text in which what the grammar does not know yet is something that it knows, of the same length: `x?.y = z` is `x .y = z`, and
/// `allows ref struct` another constraint.
fn known(text: &str) -> String {
    let mut plain = text.replace("allows ref struct", "class            ");
    for (at, _) in text.match_indices("?.") {
        // `a ?.5 : b` is a number.
        if !text[at + 2..].starts_with(|c: char| c.is_ascii_digit()) {
            plain.replace_range(at..=at, " ");
        }
    }
    plain
}

/// Returns the text of a file, which may be UTF-16 if it says so.
fn decode(bytes: &[u8]) -> Cow<'_, str> {
    let wide = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        Cow::Owned(String::from_utf16_lossy(&units))
    };
    match bytes {
        [0xff, 0xfe, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => wide(rest, u16::from_be_bytes),
        _ => syntax::lossy(bytes),
    }
}

/// Returns a namespace in another.
pub(super) fn within(outer: &str, inner: &str) -> String {
    if outer.is_empty() { inner.to_owned() } else { format!("{outer}.{inner}") }
}

impl Reader<'_> {
    /// Goes through a file, with the namespace around each node and whether it is in a type.
    fn walk(&mut self, root: Node<'_>) {
        // Asking a node for what it stands in takes as long as the tree is deep.
        let mut todo = vec![(root, [root; 3], String::new(), false, root.byte_range())];
        while let Some((node, above, mut inside, mut in_type, mut known)) = todo.pop() {
            if holds_variables(node.kind()) {
                known = node.byte_range();
            }
            match node.kind() {
                "comment" => continue,
                "using_directive" => {
                    self.using(node, &inside);
                    continue;
                }
                "namespace_declaration" => {
                    let name = node.child_by_field_name("name").map_or_else(String::new, |name| self.written(name));
                    inside = within(&inside, &name);
                    todo.extend(node.child_by_field_name("body").map(|body| (body, [node, above[0], above[1]], inside, in_type, known)));
                    continue;
                }
                "class_declaration"
                | "struct_declaration"
                | "interface_declaration"
                | "enum_declaration"
                | "record_declaration"
                | "delegate_declaration" => {
                    if let Some(name) = node.child_by_field_name("name") {
                        self.declare(name, &inside, in_type.then(|| above[0].byte_range()));
                    }
                    in_type = true;
                }
                "type_parameter" => {
                    let name = node.child_by_field_name("name").map(|name| self.written(name));
                    if let Some(name) = name {
                        self.inner.entry(name).or_default().push(above[1].byte_range());
                    }
                }
                "method_declaration" => self.method(node, &inside),
                "identifier" => {
                    if declares(above[0], node) {
                        self.variables.entry(self.written(node)).or_default().push(known);
                    }
                    self.identifier(node, above, &inside);
                    continue;
                }
                "implicit_parameter" => {
                    self.variables.entry(self.written(node)).or_default().push(known);
                    continue;
                }
                "constant_pattern" => self.pattern(node, &inside),
                "qualified_name" | "alias_qualified_name" | "member_access_expression" => self.chain_at(node, above[0], &inside),
                "member_binding_expression" => self.call(node, &inside),
                "ERROR" => self.broken(node, &inside, in_type),
                _ => {}
            }
            // A namespace without a body holds for what follows it.
            let mut here = inside;
            for child in syntax::named(node) {
                if child.kind() == "file_scoped_namespace_declaration" {
                    here = within(&here, &child.child_by_field_name("name").map_or_else(String::new, |name| self.written(name)));
                } else {
                    todo.push((child, [node, above[0], above[1]], here.clone(), in_type, known.clone()));
                }
            }
        }
    }

    /// Returns a name without blanks.
    fn written(&self, node: Node<'_>) -> String {
        syntax::of(node, self.text).split_whitespace().collect::<String>().replace('@', "")
    }

    /// `body`: that of the type around, if there is one.
    fn declare(&mut self, name: Node<'_>, inside: &str, body: Option<Range<usize>>) {
        let name = self.written(name);
        if let Some(body) = body {
            self.inner.entry(name).or_default().push(body);
        } else {
            self.types.insert((inside.to_owned(), name));
        }
    }

    /// Notes what seems to be declared among tokens that make no sense to the grammar.
    fn broken(&mut self, error: Node<'_>, inside: &str, in_type: bool) {
        let children: Vec<Node<'_>> = error.children(&mut error.walk()).collect();
        for pair in children.windows(2) {
            if matches!(pair[0].kind(), "class" | "struct" | "interface" | "enum" | "record") && pair[1].kind() == "identifier" {
                self.declare(pair[1], inside, in_type.then_some(0..usize::MAX));
            }
        }
        let mut words = Vec::new();
        let mut start = error.start_byte();
        for word in syntax::of(error, self.text).split_inclusive(|c: char| !c.is_alphanumeric() && c != '_') {
            let bare = word.trim_end_matches(|c: char| !c.is_alphanumeric() && c != '_');
            if bare.starts_with(|c: char| c.is_alphabetic() || c == '_') {
                words.push((bare.to_owned(), start));
            }
            start += word.len();
        }
        let places = Places::new(self.text);
        self.typed.extend(words.into_iter().map(|(word, byte)| (inside.to_owned(), word, byte, places.at(byte), false)));
    }

    fn using(&mut self, node: Node<'_>, inside: &str) {
        let words: Vec<&str> = node.children(&mut node.walk()).filter(|child| !child.is_named()).map(|child| child.kind()).collect();
        let alias = node.child_by_field_name("name");
        let target =
            syntax::named(node).into_iter().rfind(|child| alias.is_none_or(|alias| alias.id() != child.id()) && child.kind() != "comment");
        let Some(target) = target else { return };
        let Some(name) = self.chain(target) else { return self.tuple(alias, target, inside) };
        let means = match alias {
            Some(alias) => Means::Alias(self.written(alias)),
            None if words.contains(&"static") => Means::Static,
            None => Means::Namespace,
        };
        let inner = if let Means::Alias(_) = means { syntax::named(target) } else { Vec::new() };
        let at = syntax::at(node, self.text);
        self.usings.insert(Using { at, inside: inside.to_owned(), name, means, global: words.contains(&"global") });
        // What stands between angle brackets.
        let mut todo = inner;
        while let Some(node) = todo.pop() {
            if node.kind() == "type_argument_list" {
                for argument in syntax::named(node) {
                    if let Some(name) = self.chain(argument) {
                        self.name(name, argument, inside);
                    }
                }
            }
            todo.extend(syntax::named(node));
        }
    }

    /// Notes what a `using` names whose alias is a tuple of types; the alias means nothing outside.
    fn tuple(&mut self, alias: Option<Node<'_>>, target: Node<'_>, inside: &str) {
        if let Some(alias) = alias.map(|alias| self.written(alias)) {
            self.inner.entry(alias).or_default().push(0..usize::MAX);
        }
        let mut todo = vec![target];
        while let Some(node) = todo.pop() {
            for part in [Some(node), node.child_by_field_name("type")].into_iter().flatten() {
                if matches!(node.kind(), "tuple_element" | "qualified_name" | "alias_qualified_name")
                    && let Some(name) = self.chain(part)
                {
                    self.name(name, part, inside);
                }
            }
            todo.extend(syntax::named(node).into_iter().filter(|_| !node.kind().ends_with("qualified_name")));
        }
    }

    /// Notes the type of a pattern with values in round brackets, which the grammar takes for a call: `is Row(1, 2)`.
    fn pattern(&mut self, pattern: Node<'_>, inside: &str) {
        let first = std::iter::successors(pattern.named_child(0), |node| node.child_by_field_name("left"));
        let call = first.last().filter(|node| node.kind() == "invocation_expression");
        if let Some(kind) = call.and_then(|call| call.child_by_field_name("function"))
            && let Some(name) = self.chain(kind)
        {
            self.name(name, kind, inside);
        }
    }

    /// Notes an extension method: its first parameter is `this`.
    fn method(&mut self, node: Node<'_>, inside: &str) {
        let first = node.child_by_field_name("parameters").and_then(|list| list.named_child(0));
        let this = first.is_some_and(|first| {
            syntax::named(first).iter().any(|part| part.kind() == "modifier" && syntax::of(*part, self.text) == "this")
        });
        if let Some(name) = node.child_by_field_name("name").filter(|_| this) {
            self.extensions.insert((inside.to_owned(), self.written(name)));
        }
    }

    fn name(&mut self, name: String, node: Node<'_>, inside: &str) {
        self.typed.push((inside.to_owned(), name, node.start_byte(), syntax::at(node, self.text), node.kind() == "qualified_name"));
    }

    fn name_at(&mut self, name: String, at: At, inside: &str, is_type: bool) {
        let place = self.names.entry((inside.to_owned(), name)).or_insert((at, is_type));
        *place = (at.min(place.0), is_type || place.1);
    }

    /// Notes a name that may also be that of a variable.
    fn expression(&mut self, name: String, node: Node<'_>, inside: &str) {
        self.expressions.push((inside.to_owned(), name, node.start_byte(), syntax::at(node, self.text)));
    }

    /// Notes as names what neither variables nor types in types hide.
    fn express(&mut self) {
        fn hides(known: &FxHashMap<String, Vec<Range<usize>>>, name: &str, byte: usize) -> bool {
            let known = known.get(name.split('.').next().unwrap_or(name));
            known.is_some_and(|all| all.iter().any(|range| range.contains(&byte)))
        }
        let expressions = std::mem::take(&mut self.expressions).into_iter();
        let expressions = expressions.filter(|(_, name, byte, _)| !hides(&self.variables, name, *byte));
        let expressions = expressions.map(|(inside, name, byte, at)| (inside, name, byte, at, false)).collect::<Vec<_>>();
        for (inside, name, byte, at, is_type) in std::mem::take(&mut self.typed).into_iter().chain(expressions) {
            if !hides(&self.inner, &name, byte) {
                self.name_at(name, at, &inside, is_type);
            }
        }
    }

    /// Notes the name of what is called on something.
    fn call(&mut self, node: Node<'_>, inside: &str) {
        let Some(name) = node.child_by_field_name("name").and_then(|name| self.chain(name)) else { return };
        let at = syntax::at(node, self.text);
        let place = self.calls.entry((inside.to_owned(), name)).or_insert(at);
        *place = at.min(*place);
    }

    /// Notes a chain of names with dots between them, and what is called at its end.
    fn chain_at(&mut self, node: Node<'_>, parent: Node<'_>, inside: &str) {
        let called = parent.kind() == "invocation_expression";
        if called && node.kind() == "member_access_expression" {
            self.call(node, inside);
        }
        let longer =
            ["qualifier", "expression"].iter().any(|field| parent.child_by_field_name(field).is_some_and(|child| child.id() == node.id()));
        if longer && matches!(parent.kind(), "qualified_name" | "member_access_expression") {
            return;
        }
        match self.chain(node) {
            Some(name) if node.kind() != "member_access_expression" => self.name(name, node, inside),
            Some(name) => self.expression(name, node, inside),
            None => {}
        }
    }

    /// Returns the plain names that a type or an expression begins with, with dots between them; `None` if it begins with something else.
    fn chain(&self, node: Node<'_>) -> Option<String> {
        let (mut names, mut node, mut broken) = (Vec::new(), node, false);
        loop {
            node = match node.kind() {
                "identifier" | "generic_name" => {
                    names.push(self.simple(node)?);
                    break;
                }
                "alias_qualified_name" => {
                    let alias = self.written(node.child_by_field_name("alias")?);
                    let name = self.simple(node.child_by_field_name("name")?)?;
                    names.push(if alias == "global" { format!("global::{name}") } else { format!("{alias}.{name}") });
                    break;
                }
                "qualified_name" | "member_access_expression" => {
                    let first = node.child_by_field_name("qualifier").or_else(|| node.child_by_field_name("expression"))?;
                    let plain = matches!(
                        first.kind(),
                        "identifier" | "generic_name" | "alias_qualified_name" | "qualified_name" | "member_access_expression"
                    );
                    if plain {
                        names.extend(node.child_by_field_name("name").and_then(|name| self.simple(name)));
                    } else {
                        // What follows is no part of a name.
                        names.clear();
                    }
                    first
                }
                "nullable_type" | "array_type" => node.child_by_field_name("type")?,
                // The chain in there begins with the same names.
                "invocation_expression" | "element_access_expression" if std::mem::replace(&mut broken, true) => return None,
                "invocation_expression" => {
                    let function = node.child_by_field_name("function").filter(|function| function.kind() == "member_access_expression");
                    function?.child_by_field_name("expression")?
                }
                "element_access_expression" => node.child_by_field_name("expression")?,
                _ => return None,
            }
        }
        names.reverse();
        Some(names.join("."))
    }

    /// Returns a name without what stands between angle brackets.
    fn simple(&self, node: Node<'_>) -> Option<String> {
        match node.kind() {
            "identifier" => Some(self.written(node)),
            "generic_name" => Some(self.written(node.named_child(0)?)),
            _ => None,
        }
    }

    /// Notes a name that stands alone where a type may stand, with the three nodes around it.
    fn identifier(&mut self, node: Node<'_>, above: [Node<'_>; 3], inside: &str) {
        let [parent, outer, call] = above;
        let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == node.id());
        let type_like = match parent.kind() {
            "type_argument_list"
            | "base_list"
            | "type_parameter_constraint"
            | "explicit_interface_specifier"
            | "constant_pattern"
            | "nullable_type"
            | "array_type"
            | "pointer_type"
            | "ref_type"
            | "type_pattern" => true,
            "attribute" => {
                let name = format!("{}Attribute", self.written(node));
                self.name(name, node, inside);
                true
            }
            "generic_name" => !matches!(outer.kind(), "invocation_expression" | "member_access_expression"),
            "as_expression" | "is_expression" => is("right"),
            "conditional_access_expression" if is("condition") => {
                self.expression(self.written(node), node, inside);
                false
            }
            "argument" => call.child_by_field_name("function").is_some_and(|function| syntax::of(function, self.text) == "nameof"),
            _ => is("type") || is("returns"),
        };
        if type_like {
            self.name(self.written(node), node, inside);
        }
    }
}

/// Whether the variables that are declared in a node are known in that node alone.
fn holds_variables(kind: &str) -> bool {
    let declaration = kind.ends_with("_declaration")
        && !matches!(
            kind,
            "variable_declaration"
                | "catch_declaration"
                | "property_declaration"
                | "field_declaration"
                | "event_declaration"
                | "event_field_declaration"
        );
    declaration
        || matches!(
            kind,
            "block"
                | "declaration_list"
                | "local_function_statement"
                | "lambda_expression"
                | "anonymous_method_expression"
                | "for_statement"
                | "foreach_statement"
                | "using_statement"
                | "fixed_statement"
                | "catch_clause"
                | "switch_section"
                | "switch_expression_arm"
                | "query_expression"
        )
}

/// Whether a name is that of a variable, field or property that is declared there.
fn declares(parent: Node<'_>, name: Node<'_>) -> bool {
    let is = |field: &str| parent.children_by_field_name(field, &mut parent.walk()).any(|child| child.id() == name.id());
    match parent.kind() {
        "foreach_statement" => is("left"),
        "variable_declarator"
        | "parameter"
        | "parameter_list"
        | "bracketed_parameter_list"
        | "property_declaration"
        | "catch_declaration"
        | "declaration_expression"
        | "declaration_pattern"
        | "from_clause"
        | "list_pattern"
        | "parenthesized_variable_designation"
        | "recursive_pattern"
        | "tuple_pattern"
        | "var_pattern" => is("name"),
        _ => false,
    }
}

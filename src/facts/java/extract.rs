//! What one Java file imports, as it is written, and which types it declares and names.

use std::collections::BTreeMap;
use std::ops::Range;

use rustc_hash::{FxHashMap, FxHashSet};
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
    /// Of Kotlin, names behind a dot that may be those of extensions of this package, sorted, each with its first place.
    pub members: Vec<(Extension, At)>,
    /// Those of `types` that are Kotlin's extensions and are seen in all of the package.
    pub extensions: Vec<Extension>,
    /// Names with dots that are used without an import, each once.
    pub paths: Vec<Path>,
    /// Those of `types` that are Kotlin's `actual`: what another file expects.
    pub actual: Vec<String>,
    /// The class that Java sees Kotlin's functions in, if the file says it.
    pub facade: Option<String>,
}

impl Facts {
    /// Returns what of it tells where the imports of other files lead.
    pub fn to_others(&self) -> Facts {
        Facts {
            package: self.package.clone(),
            types: self.types.clone(),
            extensions: self.extensions.clone(),
            actual: self.actual.clone(),
            facade: self.facade.clone(),
            ..Facts::default()
        }
    }
}

/// A function or property of Kotlin's that stands behind a dot.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Extension {
    pub name: String,
    /// Whether it is a function, and called.
    pub is_called: bool,
}

/// A name with dots.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Path {
    pub at: At,
    pub name: String,
    /// Whether it names a type in full, or what is in one, even if no file declares that.
    pub is_full: bool,
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

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    /// Where simple names of types stand, each with its byte.
    used: Vec<(&'t str, usize, At)>,
    /// Where in the file each type is known that it declares, and each type parameter: a member in the body that it stands in, not in the header
    /// before that.
    own: FxHashMap<&'t str, Vec<Range<usize>>>,
    /// Where in the file each variable is known.
    variables: FxHashMap<&'t str, Vec<Range<usize>>>,
    full: Vec<Full<'t>>,
}

/// A name with dots that may be a full one.
struct Full<'t> {
    at: At,
    byte: usize,
    parts: Vec<&'t str>,
    /// Whether it stands where nothing but a type can stand.
    is_type: bool,
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = syntax::text(bytes)?;
    let parse = |text: &str| syntax::whole(syntax::parse_leniently(&tree_sitter_java::LANGUAGE.into(), text)?, &|_| false);
    let tree = parse(text).or_else(|wrong| parse(&known(text)).map_err(|_| wrong))?;
    let mut facts = Facts::default();
    for node in syntax::named(tree.root_node()) {
        let named = || syntax::named(node).into_iter().find(|child| matches!(child.kind(), "scoped_identifier" | "identifier"));
        match node.kind() {
            "package_declaration" => facts.package = named().map_or_else(String::new, |name| dotted(syntax::of(name, text))),
            "import_declaration" => {
                if let Some(name) = named() {
                    let all = syntax::named(node).iter().any(|child| child.kind() == "asterisk") || is_module(syntax::of(node, text));
                    facts.imports.push(Import { at: syntax::at(node, text), name: dotted(syntax::of(name, text)), all });
                }
            }
            kind if kind.ends_with("_declaration") => {
                facts.types.extend(node.child_by_field_name("name").map(|name| syntax::of(name, text).to_owned()));
            }
            _ => {}
        }
    }
    let mut reader = Reader { text, ..Reader::default() };
    reader.walk(tree.root_node());
    let Reader { used, own, variables, full, .. } = reader;
    let imported = facts.imports.iter().filter(|import| !import.all).filter_map(|import| import.name.rsplit('.').next());
    let imported: FxHashSet<&str> = imported.collect();
    let hidden = |name: &str, byte: usize| {
        imported.contains(name) || own.get(name).is_some_and(|known| known.iter().any(|range| range.contains(&byte)))
    };
    let mut first: BTreeMap<&str, At> = BTreeMap::new();
    for (name, _, at) in used.into_iter().filter(|(name, byte, _)| !hidden(name, *byte)) {
        first.entry(name).and_modify(|first| *first = at.min(*first)).or_insert(at);
    }
    facts.used = first.into_iter().map(|(name, at)| (name.to_owned(), Some(at))).collect();
    let mut paths = BTreeMap::new();
    for full in full {
        let byte = full.byte;
        let Some((at, name, is_full)) = full.unless_hidden(&variables) else { continue };
        let is_full = is_full && !name.split('.').next().is_some_and(|first| hidden(first, byte));
        let first = paths.entry(name).or_insert((at, is_full));
        *first = (at.min(first.0), is_full || first.1);
    }
    facts.paths = paths.into_iter().map(|(name, (at, is_full))| Path { at, name, is_full }).collect();
    facts.paths.sort();
    Ok(facts)
}

/// Returns a text in which what the grammar does not know yet is something that it knows, of the same length: a call of `super` or `this` behind
/// other statements is one of another method, the name of a module of the language is one of a package, and the types of record patterns have
/// no dots.
fn known(text: &str) -> String {
    let mut plain = without_dots(text);
    for (word, other) in [("super(", "supe_("), ("this(", "thi_(")] {
        for (at, _) in text.match_indices(word) {
            let inside = text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | '$'));
            if !inside {
                plain.replace_range(at..at + word.len(), other);
            }
        }
    }
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if let Some(at) = line.find("module ").filter(|_| is_module(line)) {
            plain.replace_range(start + at..start + at + "module".len(), "      ");
        }
        start += line.len();
    }
    plain
}

/// Returns a text in which the names of types in record patterns, as in `case Expr.Add(var l, var r)`, have other letters for their dots.
fn without_dots(text: &str) -> String {
    let mut plain = text.as_bytes().to_vec();
    for (at, word) in ["case ", "instanceof "].iter().flat_map(|word| text.match_indices(word)) {
        let (mut depth, mut dots) = (0usize, Vec::new());
        for (place, byte) in text.bytes().enumerate().skip(at + word.len()) {
            match byte {
                b'.' => dots.push(place),
                b'(' => {
                    dots.drain(..).for_each(|dot| plain[dot] = b'_');
                    depth += 1;
                }
                b')' if depth > 1 => depth -= 1,
                b',' if depth > 0 => dots.clear(),
                _ if byte.is_ascii_whitespace() => dots.clear(),
                _ if byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || !byte.is_ascii() => {}
                _ => break,
            }
        }
    }
    String::from_utf8(plain).unwrap_or_else(|_| text.to_owned())
}

/// Whether an import means a module of the language.
fn is_module(import: &str) -> bool {
    let mut words = import.split_whitespace();
    (words.next(), words.next()) == (Some("import"), Some("module"))
        && words.next().is_some_and(|name| name.starts_with("java.") || name.starts_with("jdk."))
}

impl Full<'_> {
    /// Returns the name, its place, and whether it is a full one by itself, unless it begins with a variable.
    fn unless_hidden(self, variables: &FxHashMap<&str, Vec<Range<usize>>>) -> Option<(At, String, bool)> {
        let known = || variables.get(self.parts[0]).is_some_and(|all| all.iter().any(|range| range.contains(&self.byte)));
        // A variable may be inherited. What is a member of one is no type, and what is spelled in capitals alone may be a constant.
        let class = self.parts.iter().find(|part| part.starts_with(char::is_uppercase));
        let is_full =
            class.is_some_and(|class| self.is_type || matches!(self.parts[0], "java" | "javax") || class.contains(char::is_lowercase));
        (self.is_type || !known()).then(|| (self.at, self.parts.join("."), is_full))
    }
}

impl<'t> Reader<'t> {
    /// Goes through a file, with what each node stands in and where a variable would be known that it declares. Asking a node for what it
    /// stands in takes as long as the tree is deep.
    fn walk(&mut self, root: Node<'_>) {
        let mut todo = vec![(root, root, root.byte_range())];
        while let Some((node, parent, mut known)) = todo.pop() {
            let kind = node.kind();
            if kind == "import_declaration" {
                continue;
            }
            if kind == "package_declaration" {
                let annotations = syntax::named(node).into_iter().filter(|child| child.kind().ends_with("annotation"));
                todo.extend(annotations.map(|child| (child, node, known.clone())));
                continue;
            }
            if kind.ends_with("_declaration") {
                self.declare(node, &known);
            }
            match kind {
                "identifier" if parent.kind() == "record_pattern" && syntax::of(node, self.text).contains('.') => self.pattern(node),
                "identifier" | "type_identifier" => {
                    if begins_a_type(node, parent, self.text) {
                        let at = syntax::at(node, self.text);
                        self.used.push((syntax::of(node, self.text), node.start_byte(), at));
                    }
                    if kind == "identifier" && declares(parent, node) {
                        self.variables.entry(syntax::of(node, self.text)).or_default().push(known.clone());
                    }
                }
                "scoped_type_identifier" | "field_access" | "scoped_identifier" if parent.kind() != kind => self.full(node),
                kind if holds_variables(kind) => known = node.byte_range(),
                _ => {}
            }
            todo.extend(syntax::named(node).into_iter().map(|child| (child, node, known.clone())));
        }
    }

    /// Notes a type that is declared, which is known in `around`, and the type parameters of whatever is declared.
    fn declare(&mut self, node: Node<'_>, around: &Range<usize>) {
        if let Some(name) = node.child_by_field_name("name") {
            self.own.entry(syntax::of(name, self.text)).or_default().push(around.clone());
        }
        let lists = syntax::named(node).into_iter().filter(|child| child.kind() == "type_parameters");
        for parameter in lists.flat_map(syntax::named).filter(|child| child.kind() == "type_parameter") {
            let names = syntax::named(parameter).into_iter().filter(|child| matches!(child.kind(), "type_identifier" | "identifier"));
            for name in names.take(1) {
                self.own.entry(syntax::of(name, self.text)).or_default().push(node.byte_range());
            }
        }
    }

    /// Notes the type of a record pattern that has dots: see [`without_dots`].
    fn pattern(&mut self, node: Node<'_>) {
        let parts: Vec<&str> = syntax::of(node, self.text).split('.').collect();
        let at = syntax::at(node, self.text);
        if parts[0].starts_with(char::is_uppercase) {
            self.used.push((parts[0], node.start_byte(), at));
        } else {
            self.full.push(Full { at, byte: node.start_byte(), parts, is_type: true });
        }
    }

    /// Notes a chain of names with dots between them that may begin with a package.
    fn full(&mut self, node: Node<'_>) {
        let mut parts = Vec::new();
        let mut begin = node;
        loop {
            begin = match begin.kind() {
                "identifier" | "type_identifier" => {
                    parts.push(syntax::of(begin, self.text));
                    break;
                }
                "generic_type" => match begin.named_child(0) {
                    Some(bare) => bare,
                    None => return,
                },
                "scoped_type_identifier" | "field_access" | "scoped_identifier" => {
                    let all = syntax::named(begin);
                    let [first, .., last] = all[..] else { return };
                    parts.push(syntax::of(last, self.text));
                    first
                }
                _ => return,
            };
        }
        parts.reverse();
        if !parts[0].starts_with(char::is_uppercase) {
            let is_type = node.kind() != "field_access";
            self.full.push(Full { at: syntax::at(node, self.text), byte: node.start_byte(), parts, is_type });
        }
    }
}

/// Whether the variables that are declared in a node are known in that node alone.
fn holds_variables(kind: &str) -> bool {
    kind.ends_with("block")
        || kind.ends_with("_body")
        || matches!(
            kind,
            "method_declaration"
                | "constructor_declaration"
                | "compact_constructor_declaration"
                | "record_declaration"
                | "lambda_expression"
                | "catch_clause"
                | "for_statement"
                | "enhanced_for_statement"
                | "try_with_resources_statement"
        )
}

/// Whether a name is that of a variable that is declared there.
fn declares(parent: Node<'_>, name: Node<'_>) -> bool {
    let is = |field: &str| parent.child_by_field_name(field).is_some_and(|child| child.id() == name.id());
    match parent.kind() {
        "inferred_parameters" | "type_pattern" | "record_pattern_component" => true,
        "lambda_expression" => is("parameters"),
        "variable_declarator"
        | "formal_parameter"
        | "catch_formal_parameter"
        | "resource"
        | "enhanced_for_statement"
        | "instanceof_expression" => is("name"),
        _ => false,
    }
}

/// Whether a name stands where a type's simple name may stand: as a type, or before the first dot of something.
fn begins_a_type(node: Node<'_>, parent: Node<'_>, text: &str) -> bool {
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
                "method_reference" | "record_pattern" => first(),
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

//! What one PHP file declares, names and includes. Names are made full here, since a file alone says what they mean.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};
use tree_sitter::Node;

use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted};

/// What a file says.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub(in crate::facts) struct Facts {
    /// What is declared at the top of the file or below a condition, by its full name.
    pub declared: Vec<(Sort, String)>,
    /// What is named, each once.
    pub names: Vec<Name>,
    /// What is included, where the path is spelled out.
    pub includes: Vec<(At, Include)>,
}

impl Facts {
    /// Returns what of it tells where the imports of other files lead.
    pub fn to_others(&self) -> Facts {
        Facts { declared: self.declared.clone(), ..Facts::default() }
    }
}

/// Which of PHP's three tables a name is looked up in.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum Sort {
    /// Also interfaces, traits and enums.
    Class,
    Function,
    Constant,
}

/// A name that is used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Name {
    pub at: At,
    pub sort: Sort,
    /// In full, without a first backslash.
    pub full: String,
    /// Functions and constants that their namespace does not have are looked for without one.
    pub bare: Option<String>,
    /// Whether a `use` has it; what that names may be a namespace.
    pub used: bool,
}

/// A path that is included.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum Include {
    /// From a folder so many above that of the file.
    From(u32, String),
    /// As PHP's settings and the working folder have it.
    Searched(String),
    /// Where only a running program knows, as it is written.
    Computed(String),
}

#[derive(Default)]
struct Reader<'t> {
    text: &'t str,
    facts: Facts,
    namespace: String,
    /// What `use` brings: classes and functions by their names in small letters.
    aliases: FxHashMap<(Sort, String), String>,
    seen: BTreeMap<(Sort, String, bool), (At, Option<String>)>,
}

/// Reads a file.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Facts> {
    let text = &*syntax::lossy(bytes);
    let tree = syntax::parse_leniently(&tree_sitter_php::LANGUAGE_PHP.into(), text)?;
    // What stands behind the end that a file gives itself is data.
    let end = text.find("__halt_compiler").unwrap_or(text.len());
    let tree = syntax::whole(tree, &|node| node.start_byte() > end || unknown(node, text))?;
    let mut reader = Reader { text, ..Reader::default() };
    reader.walk(tree.root_node());
    let Reader { mut facts, seen, .. } = reader;
    facts.names = seen.into_iter().map(|((sort, full, used), (at, bare))| Name { at, sort, full, bare, used }).collect();
    facts.declared.sort();
    facts.declared.dedup();
    Ok(facts)
}

/// Whether the grammar does not know what is right: the last comma of a group, and several things behind `<?=`.
fn unknown(node: Node<'_>, text: &str) -> bool {
    let comma = node.is_missing() || syntax::of(node, text) == ",";
    let around = node.parent().is_some_and(|parent| parent.kind().starts_with("namespace_use_"));
    let several = text[..node.start_byte()].trim_end().ends_with("<?=") && syntax::of(node, text).ends_with(',');
    (around && comma) || several
}

/// How many parts a path may hold inside each other to be understood.
const CLEAR: usize = 100;

impl Reader<'_> {
    /// Goes through everything in the order in which it stands.
    fn walk(&mut self, root: Node<'_>) {
        // Asking a node for what it stands in takes as long as the tree is deep.
        let mut todo = vec![(root, root)];
        while let Some((node, parent)) = todo.pop() {
            match node.kind() {
                "namespace_definition" => {
                    self.namespace = node.child_by_field_name("name").map_or_else(String::new, |name| self.written(name));
                    self.aliases.clear();
                    todo.extend(node.child_by_field_name("body").map(|body| (body, node)));
                    continue;
                }
                "namespace_use_declaration" => {
                    self.uses(node);
                    continue;
                }
                "class_declaration" | "interface_declaration" | "trait_declaration" | "enum_declaration" => {
                    self.declare(Sort::Class, node.child_by_field_name("name"));
                }
                "function_definition" => self.declare(Sort::Function, node.child_by_field_name("name")),
                "const_element" if node.parent().and_then(|list| list.parent()).is_some_and(|outer| !outer.kind().ends_with("_list")) => {
                    self.declare(Sort::Constant, node.named_child(0));
                }
                "include_expression" | "include_once_expression" | "require_expression" | "require_once_expression" => {
                    let path = node.named_child(0).and_then(|path| self.path(path, CLEAR));
                    let path = path.unwrap_or_else(|| Include::Computed(syntax::computed(syntax::of(node, self.text))));
                    self.facts.includes.push((syntax::at(node, self.text), path));
                }
                "name" | "qualified_name" | "relative_name" => {
                    self.name(node, parent);
                    continue;
                }
                "comment" => continue,
                _ => {}
            }
            let children = syntax::named(node);
            todo.extend(children.into_iter().rev().map(|child| (child, node)));
        }
    }

    /// Returns a name as it is written, without blanks.
    fn written(&self, node: Node<'_>) -> String {
        syntax::of(node, self.text).split_whitespace().collect()
    }

    fn within(&self, name: &str) -> String {
        if self.namespace.is_empty() { name.to_owned() } else { format!("{}\\{name}", self.namespace) }
    }

    fn declare(&mut self, sort: Sort, name: Option<Node<'_>>) {
        if let Some(name) = name {
            let full = self.within(&self.written(name));
            self.facts.declared.push((sort, full));
        }
    }

    /// Takes a `use` apart.
    fn uses(&mut self, node: Node<'_>) {
        let sort = |node: Node<'_>| {
            let words: Vec<&str> = node.children(&mut node.walk()).take(2).map(|child| child.kind()).collect();
            words.iter().find_map(|word| match *word {
                "function" => Some(Sort::Function),
                "const" => Some(Sort::Constant),
                _ => None,
            })
        };
        let all = sort(node);
        let before = syntax::named(node).into_iter().find(|child| child.kind() == "namespace_name").map(|name| self.written(name));
        let mut clauses = syntax::named(node);
        clauses.extend(node.child_by_field_name("body").into_iter().flat_map(syntax::named));
        for clause in clauses.into_iter().filter(|clause| clause.kind() == "namespace_use_clause") {
            let Some(name) = syntax::named(clause).into_iter().find(|child| matches!(child.kind(), "name" | "qualified_name")) else {
                continue;
            };
            let written = self.written(name);
            if written.is_empty() {
                continue;
            }
            let full = match &before {
                Some(before) => format!("{before}\\{written}"),
                None => written,
            };
            let full = full.trim_start_matches('\\').to_owned();
            let sort = all.or(sort(clause)).unwrap_or(Sort::Class);
            let last = full.rsplit('\\').next().unwrap_or(&full).to_owned();
            let alias = clause.child_by_field_name("alias").map_or(last, |alias| self.written(alias));
            self.aliases.insert((sort, folded(sort, &alias)), full.clone());
            self.note(syntax::at(clause, self.text), sort, full, None, true);
        }
    }

    fn note(&mut self, at: At, sort: Sort, full: String, bare: Option<String>, used: bool) {
        let place = self.seen.entry((sort, full, used)).or_insert((at, bare));
        place.0 = place.0.min(at);
    }

    /// Notes a name in the code, if its place tells what it is.
    fn name(&mut self, node: Node<'_>, parent: Node<'_>) {
        let written = self.written(node);
        let field = |name: &str| parent.child_by_field_name(name).is_some_and(|child| child.id() == node.id());
        let first = parent.named_child(0).is_some_and(|child| child.id() == node.id());
        let sort = match parent.kind() {
            "base_clause" | "class_interface_clause" | "use_declaration" | "attribute" | "named_type" | "use_instead_of_clause" => {
                Sort::Class
            }
            "object_creation_expression" => Sort::Class,
            "scoped_call_expression" | "scoped_property_access_expression" if field("scope") => Sort::Class,
            "class_constant_access_expression" if first => Sort::Class,
            "binary_expression"
                if field("right") && parent.child_by_field_name("operator").is_some_and(|word| word.kind() == "instanceof") =>
            {
                Sort::Class
            }
            "function_call_expression" if field("function") => Sort::Function,
            _ if written.contains('\\') => Sort::Constant,
            _ => return,
        };
        let lower = written.to_ascii_lowercase();
        if matches!(&*lower, "self" | "static" | "parent" | "mixed" | "never" | "object" | "iterable" | "null" | "true" | "false" | "void")
        {
            return;
        }
        let at = syntax::at(node, self.text);
        if let Some(full) = written.strip_prefix('\\') {
            self.note(at, sort, full.to_owned(), None, false);
        } else if let Some(rest) = lower.strip_prefix("namespace\\").map(|rest| &written[written.len() - rest.len()..]) {
            self.note(at, sort, self.within(rest), None, false);
        } else if let Some((first, rest)) = written.split_once('\\') {
            let full = match self.aliases.get(&(Sort::Class, folded(Sort::Class, first))) {
                Some(alias) => format!("{alias}\\{rest}"),
                None => self.within(&written),
            };
            self.note(at, sort, full, None, false);
        } else if !self.aliases.contains_key(&(sort, folded(sort, &written))) {
            let bare = (sort != Sort::Class && !self.namespace.is_empty()).then(|| written.clone());
            self.note(at, sort, self.within(&written), bare, false);
        }
    }

    /// Returns a path that is spelled out.
    fn path(&self, node: Node<'_>, clear: usize) -> Option<Include> {
        let inner = |node| self.path(node, clear.checked_sub(1)?);
        match node.kind() {
            "parenthesized_expression" => inner(node.named_child(0)?),
            "string" | "encapsed_string" => match syntax::named(node).as_slice() {
                [content] if content.kind() == "string_content" => Some(Include::Searched(syntax::of(*content, self.text).to_owned())),
                _ => None,
            },
            "name" if syntax::of(node, self.text) == "__DIR__" => Some(Include::From(0, String::new())),
            "name" if syntax::of(node, self.text) == "DIRECTORY_SEPARATOR" => Some(Include::Searched("/".into())),
            "function_call_expression"
                if syntax::of(node.child_by_field_name("function")?, self.text).trim_start_matches('\\') == "dirname" =>
            {
                let arguments = syntax::named(node.child_by_field_name("arguments")?);
                let levels = match arguments.get(1) {
                    Some(levels) => syntax::of(*levels, self.text).parse().ok()?,
                    None => 1,
                };
                let of = arguments.first()?.named_child(0)?;
                if syntax::of(of, self.text) == "__FILE__" {
                    return Some(Include::From(levels - 1, String::new()));
                }
                match inner(of)? {
                    Include::From(above, rest) if rest.is_empty() => Some(Include::From(above + levels, rest)),
                    _ => None,
                }
            }
            "binary_expression" if node.child_by_field_name("operator")?.kind() == "." => {
                let side = |field| inner(node.child_by_field_name(field)?);
                match (side("left")?, side("right")?) {
                    (Include::From(above, one), Include::Searched(other)) => Some(Include::From(above, one + &other)),
                    (Include::Searched(one), Include::Searched(other)) => Some(Include::Searched(one + &other)),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// Returns a name as its table has it: only constants know capitals.
pub(super) fn folded(sort: Sort, name: &str) -> String {
    match (sort, name.rsplit_once('\\')) {
        (Sort::Constant, Some((namespace, name))) => format!("{}\\{name}", namespace.to_ascii_lowercase()),
        (Sort::Constant, None) => name.to_owned(),
        _ => name.to_ascii_lowercase(),
    }
}

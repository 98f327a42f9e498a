//! The functions, classes and methods of a text, found by parsing it.
//!
//! What a node of a language's tree declares stands in [`declare`]; here the tree is walked, and names are made whole with the names of
//! what they stand in.

mod cfamily;
mod declare;
mod managed;
mod script;
#[cfg(test)]
mod tests;

use rustc_hash::FxHashMap;
use tree_sitter::Node;
use xxhash_rust::xxh3::xxh3_64;

use super::Language;
use super::syntax::{grammars, parse_leniently};
use crate::base::{Outline, RelPath, Symbol, SymbolKey, SymbolKind};
use declare::{Declared, declare};

/// The number of the way in which outlines are made; it rises when another outline would be made of the same text.
pub const OUTLINES: u32 = 1;

/// A node on the way to the one that is looked at.
struct Level<'t> {
    node: Node<'t>,
    /// Where the attributes begin that stand directly before the next child.
    attributes: Option<usize>,
    /// How many names stood around it.
    names: usize,
}

/// What a symbol stands in.
struct Around {
    name: String,
    /// Whether functions in it are methods.
    owner: bool,
}

/// Returns the functions, classes and methods of a text; `None` where the language is not known from the path. What the parser can make
/// nothing of is noted, and what it understands in there is found.
pub fn outline(path: &RelPath, text: &[u8]) -> Option<Outline> {
    let language = match Language::of(path)? {
        // A header may be either's; nearly all of C is C++.
        Language::C if path.name().ends_with(b".h") => Language::Cpp,
        language => language,
    };
    let all = grammars(language);
    let tree = parse_leniently(all.get(usize::from(path.name().ends_with(b".tsx"))).or(all.first())?, text).ok()?;
    let mut outline = Outline::default();
    let mut numbers: FxHashMap<SymbolKey, u32> = FxHashMap::default();
    let mut levels: Vec<Level<'_>> = Vec::new();
    let mut names: Vec<Around> = Vec::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let (kept, before) = (names.len(), levels.last().and_then(|level| level.attributes));
        let mut inside = true;
        if node.is_error() || node.is_missing() {
            outline.errors.push(shape(node, text));
        } else if node.is_named() {
            let owner = names.last().is_some_and(|around| around.owner);
            match declare(language, node, levels.last().map(|level| level.node), text, owner) {
                Declared::Nothing => {}
                Declared::Leaf => inside = false,
                Declared::Module(name) => names.push(Around { name: qualified(language, &names, &name, false), owner: false }),
                Declared::Scope(name) => names.push(Around { name: qualified(language, &names, &name, false), owner: true }),
                Declared::Symbol { name, kind, apart, of_itself } => {
                    let method = kind == SymbolKind::Method && language == Language::Ruby && !of_itself;
                    let name = qualified(language, &names, &name, method);
                    let mut key = SymbolKey { name: name.clone(), kind, apart, number: 0 };
                    let number = numbers.entry(key.clone()).or_default();
                    key.number = *number;
                    *number += 1;
                    let (start, end) = whole(node, &levels, before, text);
                    outline.symbols.push(Symbol { key, start, end });
                    names.push(Around { name, owner: !matches!(kind, SymbolKind::Function | SymbolKind::Method) });
                }
            }
        }
        if let Some(level) = levels.last_mut() {
            match node.kind() {
                "attribute_item" | "decorator" => level.attributes = level.attributes.or(Some(node.start_byte())),
                "line_comment" | "block_comment" | "comment" => {}
                _ => level.attributes = None,
            }
        }
        if inside && cursor.goto_first_child() {
            levels.push(Level { node, attributes: None, names: kept });
            continue;
        }
        names.truncate(kept);
        while !cursor.goto_next_sibling() {
            let Some(level) = levels.pop().filter(|_| cursor.goto_parent()) else {
                outline.symbols.sort_by_key(|symbol| (symbol.start, std::cmp::Reverse(symbol.end)));
                outline.errors.sort_unstable();
                return Some(outline);
            };
            names.truncate(level.names);
        }
    }
}

/// Returns from where to where a symbol goes: with what is wrapped around it alone, else with the attributes directly before it, and with the
/// white space before that.
fn whole(node: Node<'_>, levels: &[Level<'_>], attributes: Option<usize>, text: &[u8]) -> (usize, usize) {
    let wraps = |around: Node<'_>| match around.kind() {
        "decorated_definition" | "export_statement" | "template_declaration" | "expression_statement" => true,
        "lexical_declaration" | "variable_declaration" | "type_declaration" => around.named_child_count() == 1,
        _ => false,
    };
    let (start, end) = match levels.iter().rev().map(|level| level.node).take_while(|around| wraps(*around)).last() {
        Some(around) => (around.start_byte(), around.end_byte()),
        None => (attributes.unwrap_or(node.start_byte()), node.end_byte()),
    };
    // A first line is a whole line, as the others are.
    let indent = text[..start.min(text.len())].iter().rev().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let begins = start == indent || text.get(start - indent - 1) == Some(&b'\n');
    (if begins { start - indent } else { start }, end)
}

/// Returns a digest of what the parser could make nothing of, which stays the same when only the text of what it does understand in there
/// changes.
fn shape(node: Node<'_>, text: &[u8]) -> u64 {
    let mut all = node.kind_id().to_le_bytes().to_vec();
    for child in node.children(&mut node.walk()) {
        all.extend(child.kind_id().to_le_bytes());
        if child.child_count() == 0 {
            all.extend(text.get(child.byte_range()).unwrap_or_default());
        }
    }
    xxh3_64(&all)
}

/// Returns a name with the names around it.
fn qualified(language: Language, names: &[Around], name: &str, method: bool) -> String {
    let Some(around) = names.last() else { return name.to_owned() };
    let between = match language {
        Language::Ruby if method => "#",
        Language::Rust | Language::Cpp | Language::C | Language::Php | Language::Ruby => "::",
        _ => ".",
    };
    let between = if language == Language::Ruby && !method && name.starts_with('.') { "" } else { between };
    format!("{}{between}{name}", around.name)
}

//! What a node of a language's tree declares.

use std::borrow::Cow;

use tree_sitter::Node;

use super::{cfamily, managed, script};
use crate::base::SymbolKind;
use crate::facts::Language;

/// What a node declares.
pub(super) enum Declared {
    /// Nothing; what stands in it may.
    Nothing,
    /// Nothing, nor does anything in it.
    Leaf,
    /// A part of the names of what stands in it, whose functions are methods.
    Scope(String),
    /// A part of the names of what stands in it, whose functions are functions.
    Module(String),
    /// A symbol.
    Symbol {
        name: String,
        kind: SymbolKind,
        /// See [`crate::base::SymbolKey::apart`].
        apart: String,
        /// Whether it belongs to the type itself, not to its values; told for Ruby alone, which writes that otherwise.
        of_itself: bool,
    },
}

impl Declared {
    /// A symbol that only its name tells from others.
    pub(super) fn plain(name: String, kind: SymbolKind) -> Declared {
        Declared::apart(name, kind, String::new())
    }

    pub(super) fn apart(name: String, kind: SymbolKind, apart: String) -> Declared {
        Declared::Symbol { name, kind, apart, of_itself: false }
    }

    /// A symbol whose name the node has as a field, if it has.
    pub(super) fn named(node: Node<'_>, text: &[u8], kind: SymbolKind) -> Declared {
        match field(node, "name", text) {
            Some(name) => Declared::plain(name, kind),
            None => Declared::Nothing,
        }
    }
}

/// Returns what a node declares that stands in `around`; `owner`: what it declares belongs to a type or an object.
pub(super) fn declare(language: Language, node: Node<'_>, around: Option<Node<'_>>, text: &[u8], owner: bool) -> Declared {
    let function = if owner { SymbolKind::Method } else { SymbolKind::Function };
    match language {
        Language::Python => python(node, around, text, function),
        Language::Rust => rust(node, text, function),
        Language::Go => go(node, text),
        Language::Ruby => ruby(node, text, owner),
        Language::Php => php(node, text),
        Language::Javascript | Language::Typescript => script::declare(node, around, text, function),
        Language::C => cfamily::declare(node, text, function, false),
        Language::Cpp => cfamily::declare(node, text, function, true),
        Language::Java => managed::java(node, text),
        Language::Kotlin => managed::kotlin(node, text, function),
        Language::Csharp => managed::csharp(node, text),
    }
}

fn python(node: Node<'_>, around: Option<Node<'_>>, text: &[u8], function: SymbolKind) -> Declared {
    match node.kind() {
        "class_definition" => Declared::named(node, text, SymbolKind::Class),
        "function_definition" => {
            let Some(name) = field(node, "name", text) else { return Declared::Nothing };
            let decorators = around.filter(|around| around.kind() == "decorated_definition");
            let decorated = |with: &str| {
                decorators.is_some_and(|around| {
                    around.named_children(&mut around.walk()).any(|child| {
                        let words = of(child, text);
                        child.kind() == "decorator" && words.trim_start_matches('@').trim().rsplit('.').next() == Some(with)
                    })
                })
            };
            let apart = ["setter", "deleter", "overload"].into_iter().find(|with| decorated(with));
            Declared::apart(name, function, apart.map_or(String::new(), |apart| format!("({apart})")))
        }
        // Only statements that hold others hold definitions.
        "expression_statement"
        | "return_statement"
        | "import_statement"
        | "import_from_statement"
        | "assert_statement"
        | "decorator"
        | "raise_statement" => Declared::Leaf,
        _ => Declared::Nothing,
    }
}

fn rust(node: Node<'_>, text: &[u8], function: SymbolKind) -> Declared {
    match node.kind() {
        "function_item" | "function_signature_item" => Declared::named(node, text, function),
        "struct_item" | "union_item" => Declared::named(node, text, SymbolKind::Struct),
        "enum_item" => Declared::named(node, text, SymbolKind::Enum),
        "trait_item" => Declared::named(node, text, SymbolKind::Trait),
        "mod_item" => field(node, "name", text).map_or(Declared::Nothing, Declared::Module),
        "impl_item" => {
            let Some(own) = node.child_by_field_name("type") else { return Declared::Nothing };
            let bare = own.child_by_field_name("type").filter(|_| own.kind() == "generic_type").unwrap_or(own);
            let bare = squeezed(&of(bare, text));
            Declared::Scope(match field(node, "trait", text) {
                Some(of_trait) => format!("<{bare} as {of_trait}>"),
                None => bare,
            })
        }
        "token_tree" | "use_declaration" => Declared::Leaf,
        _ => Declared::Nothing,
    }
}

fn go(node: Node<'_>, text: &[u8]) -> Declared {
    match node.kind() {
        "function_declaration" => Declared::named(node, text, SymbolKind::Function),
        "method_declaration" => {
            let receiver = node.child_by_field_name("receiver").and_then(|receiver| {
                let mut kind = receiver.named_child(0)?.child_by_field_name("type")?;
                loop {
                    kind = match kind.kind() {
                        "pointer_type" | "parenthesized_type" => kind.named_child(0)?,
                        "generic_type" => kind.child_by_field_name("type")?,
                        _ => return Some(of(kind, text).into_owned()),
                    }
                }
            });
            match (receiver, field(node, "name", text)) {
                (Some(receiver), Some(name)) => Declared::plain(format!("{receiver}.{name}"), SymbolKind::Method),
                _ => Declared::Nothing,
            }
        }
        "type_spec" => match node.child_by_field_name("type").map(|of| of.kind()) {
            Some("struct_type") => Declared::named(node, text, SymbolKind::Struct),
            Some("interface_type") => Declared::named(node, text, SymbolKind::Interface),
            _ => Declared::Nothing,
        },
        "import_declaration" => Declared::Leaf,
        _ => Declared::Nothing,
    }
}

fn ruby(node: Node<'_>, text: &[u8], owner: bool) -> Declared {
    match node.kind() {
        "class" => Declared::named(node, text, SymbolKind::Class),
        "module" => Declared::named(node, text, SymbolKind::Module),
        "method" => Declared::named(node, text, if owner { SymbolKind::Method } else { SymbolKind::Function }),
        "singleton_method" => match (field(node, "object", text), field(node, "name", text)) {
            (Some(object), Some(name)) => {
                let name = if object == "self" { format!(".{name}") } else { format!("{object}.{name}") };
                Declared::Symbol { name, kind: SymbolKind::Method, apart: String::new(), of_itself: true }
            }
            _ => Declared::Nothing,
        },
        _ => Declared::Nothing,
    }
}

fn php(node: Node<'_>, text: &[u8]) -> Declared {
    match node.kind() {
        "class_declaration" => Declared::named(node, text, SymbolKind::Class),
        "interface_declaration" => Declared::named(node, text, SymbolKind::Interface),
        "trait_declaration" => Declared::named(node, text, SymbolKind::Trait),
        "enum_declaration" => Declared::named(node, text, SymbolKind::Enum),
        "function_definition" => Declared::named(node, text, SymbolKind::Function),
        "method_declaration" => Declared::named(node, text, SymbolKind::Method),
        "namespace_definition" if node.child_by_field_name("body").is_some() => {
            field(node, "name", text).map_or(Declared::Nothing, Declared::Module)
        }
        _ => Declared::Nothing,
    }
}

/// Returns the text of a node.
pub(super) fn of<'t>(node: Node<'_>, text: &'t [u8]) -> Cow<'t, str> {
    String::from_utf8_lossy(text.get(node.byte_range()).unwrap_or_default())
}

/// Returns the text of a field, with one space for each stretch of white space.
pub(super) fn field(node: Node<'_>, name: &str, text: &[u8]) -> Option<String> {
    node.child_by_field_name(name).map(|field| squeezed(&of(field, text))).filter(|name| !name.is_empty())
}

/// Returns a text with one space for each stretch of white space.
pub(super) fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

//! What JavaScript and TypeScript declare: a function has the name that it is declared with, or else of the variable, field or property
//! that it is the value of.

use tree_sitter::Node;

use super::declare::{Declared, field, of, squeezed};
use crate::base::SymbolKind;

pub(super) fn declare(node: Node<'_>, around: Option<Node<'_>>, text: &[u8], function: SymbolKind) -> Declared {
    match node.kind() {
        "function_declaration" | "generator_function_declaration" => Declared::named(node, text, function),
        "class_declaration" | "abstract_class_declaration" => Declared::named(node, text, SymbolKind::Class),
        "interface_declaration" => Declared::named(node, text, SymbolKind::Interface),
        "enum_declaration" => Declared::named(node, text, SymbolKind::Enum),
        "internal_module" | "module" => field(node, "name", text).map_or(Declared::Nothing, Declared::Module),
        "method_definition" => {
            let words: Vec<&str> = node.children(&mut node.walk()).map(|child| child.kind()).collect();
            let apart = ["get", "set"].into_iter().find(|word| words.contains(word)).map_or(String::new(), |word| format!("({word})"));
            field(node, "name", text).map_or(Declared::Nothing, |name| Declared::apart(name, SymbolKind::Method, apart))
        }
        "field_definition" => valued(node, "property", "value", text, SymbolKind::Method),
        "public_field_definition" => valued(node, "name", "value", text, SymbolKind::Method),
        "pair" => valued(node, "key", "value", text, SymbolKind::Method),
        "variable_declarator" => valued(node, "name", "value", text, function),
        "assignment_expression" => valued(node, "left", "right", text, function),
        "function_expression" | "generator_function" | "arrow_function" | "class"
            if around.is_some_and(|around| around.kind() == "export_statement") =>
        {
            let kind = if node.kind() == "class" { SymbolKind::Class } else { SymbolKind::Function };
            Declared::plain(field(node, "name", text).unwrap_or_else(|| String::from("default")), kind)
        }
        "import_statement" => Declared::Leaf,
        _ => Declared::Nothing,
    }
}

/// Returns what something declares that has a name and a value.
fn valued(node: Node<'_>, name: &str, value: &str, text: &[u8], function: SymbolKind) -> Declared {
    let (Some(name), Some(value)) = (node.child_by_field_name(name), node.child_by_field_name(value)) else { return Declared::Nothing };
    let named = || squeezed(&of(name, text));
    if !matches!(
        name.kind(),
        "identifier" | "property_identifier" | "private_property_identifier" | "member_expression" | "string" | "number"
    ) {
        return Declared::Nothing;
    }
    match value.kind() {
        "function_expression" | "generator_function" | "arrow_function" => Declared::plain(named(), function),
        "class" => Declared::plain(named(), SymbolKind::Class),
        "object" => Declared::Scope(named()),
        _ => Declared::Nothing,
    }
}

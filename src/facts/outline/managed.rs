//! What Java, Kotlin and C# declare. The types of parameters are a part of which method it is.

use tree_sitter::Node;

use super::declare::{Declared, field, of, squeezed};
use crate::base::SymbolKind;

pub(super) fn java(node: Node<'_>, text: &[u8]) -> Declared {
    match node.kind() {
        "class_declaration" | "record_declaration" => Declared::named(node, text, SymbolKind::Class),
        "interface_declaration" | "annotation_type_declaration" => Declared::named(node, text, SymbolKind::Interface),
        "enum_declaration" => Declared::named(node, text, SymbolKind::Enum),
        "method_declaration" | "constructor_declaration" => method(node, node.child_by_field_name("parameters"), text, SymbolKind::Method),
        "compact_constructor_declaration" => method(node, None, text, SymbolKind::Method),
        "import_declaration" | "package_declaration" => Declared::Leaf,
        _ => Declared::Nothing,
    }
}

pub(super) fn csharp(node: Node<'_>, text: &[u8]) -> Declared {
    let parameters = node.child_by_field_name("parameters");
    match node.kind() {
        "class_declaration" | "record_declaration" => Declared::named(node, text, SymbolKind::Class),
        "struct_declaration" => Declared::named(node, text, SymbolKind::Struct),
        "interface_declaration" => Declared::named(node, text, SymbolKind::Interface),
        "enum_declaration" => Declared::named(node, text, SymbolKind::Enum),
        "method_declaration" | "constructor_declaration" => method(node, parameters, text, SymbolKind::Method),
        "local_function_statement" => method(node, parameters, text, SymbolKind::Function),
        "destructor_declaration" => {
            field(node, "name", text).map_or(Declared::Nothing, |name| Declared::plain(format!("~{name}"), SymbolKind::Method))
        }
        "operator_declaration" => match field(node, "operator", text) {
            Some(operator) => Declared::apart(format!("operator {operator}"), SymbolKind::Method, types(parameters, text)),
            None => Declared::Nothing,
        },
        "namespace_declaration" => field(node, "name", text).map_or(Declared::Nothing, Declared::Module),
        "using_directive" => Declared::Leaf,
        _ => Declared::Nothing,
    }
}

pub(super) fn kotlin(node: Node<'_>, text: &[u8], function: SymbolKind) -> Declared {
    let child = |kind: &str| node.named_children(&mut node.walk()).find(|child| child.kind() == kind);
    match node.kind() {
        "class_declaration" => {
            let is = |word: &str| node.children(&mut node.walk()).any(|child| child.kind() == word);
            Declared::named(node, text, if is("interface") { SymbolKind::Interface } else { SymbolKind::Class })
        }
        "object_declaration" => Declared::named(node, text, SymbolKind::Class),
        "companion_object" => Declared::Scope(field(node, "name", text).unwrap_or_else(|| String::from("Companion"))),
        "function_declaration" => method(node, child("function_value_parameters"), text, function),
        "secondary_constructor" => {
            Declared::apart(String::from("constructor"), SymbolKind::Method, types(child("function_value_parameters"), text))
        }
        "import" => Declared::Leaf,
        _ => Declared::Nothing,
    }
}

fn method(node: Node<'_>, parameters: Option<Node<'_>>, text: &[u8], kind: SymbolKind) -> Declared {
    field(node, "name", text).map_or(Declared::Nothing, |name| Declared::apart(name, kind, types(parameters, text)))
}

/// Returns the types of parameters: `(int, String...)`; nothing where none can be written.
fn types(parameters: Option<Node<'_>>, text: &[u8]) -> String {
    let Some(parameters) = parameters else { return String::new() };
    let mut types = Vec::new();
    for parameter in parameters.named_children(&mut parameters.walk()) {
        match parameter.kind() {
            // In Kotlin the type stands last and has no field.
            "formal_parameter" | "parameter" => {
                let count = parameter.named_child_count();
                let last = || u32::try_from(count).ok().and_then(|count| parameter.named_child(count.checked_sub(1)? as _));
                let kind = parameter.child_by_field_name("type").or_else(last).map(|kind| of(kind, text));
                let dimensions = field(parameter, "dimensions", text).unwrap_or_default();
                types.push(squeezed(&kind.unwrap_or_default()) + &dimensions);
            }
            "spread_parameter" => {
                let named =
                    |child: &Node<'_>| !matches!(child.kind(), "modifiers" | "variable_declarator" | "annotation" | "marker_annotation");
                let kind = parameter.named_children(&mut parameter.walk()).find(named).map(|kind| of(kind, text));
                types.push(squeezed(&kind.unwrap_or_default()) + "...");
            }
            _ => {}
        }
    }
    format!("({})", types.join(", "))
}

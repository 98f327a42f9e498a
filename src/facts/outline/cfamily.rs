//! What C and C++ declare: what has a body, since a declaration without one says only what stands elsewhere.

use tree_sitter::Node;

use super::declare::{Declared, field, of, squeezed};
use crate::base::SymbolKind;

/// `overloads`: the types of parameters are a part of which function it is, as in C++.
pub(super) fn declare(node: Node<'_>, text: &[u8], function: SymbolKind, overloads: bool) -> Declared {
    let body = node.child_by_field_name("body");
    match node.kind() {
        "function_definition" => defined(node, text, function, overloads),
        "class_specifier" if body.is_some() => Declared::named(node, text, SymbolKind::Class),
        "struct_specifier" | "union_specifier" if body.is_some() => Declared::named(node, text, SymbolKind::Struct),
        "enum_specifier" if body.is_some() => Declared::named(node, text, SymbolKind::Enum),
        "type_definition" => {
            // `typedef struct { … } name;`
            let Some(of_type) = node.child_by_field_name("type") else { return Declared::Nothing };
            let nameless = of_type.child_by_field_name("body").is_some() && of_type.child_by_field_name("name").is_none();
            let kind = if of_type.kind() == "enum_specifier" { SymbolKind::Enum } else { SymbolKind::Struct };
            match field(node, "declarator", text).filter(|_| nameless) {
                Some(name) => Declared::plain(name, kind),
                None => Declared::Nothing,
            }
        }
        "namespace_definition" if body.is_some() => field(node, "name", text).map_or(Declared::Nothing, Declared::Module),
        "preproc_include" | "expression_statement" | "return_statement" if !overloads => Declared::Leaf,
        _ => Declared::Nothing,
    }
}

fn defined(node: Node<'_>, text: &[u8], function: SymbolKind, overloads: bool) -> Declared {
    let Some(mut declarator) = node.child_by_field_name("declarator") else { return Declared::Nothing };
    let mut parameters = None;
    loop {
        match declarator.kind() {
            "function_declarator" => parameters = declarator.child_by_field_name("parameters").map(|list| (declarator, list)),
            "operator_cast" => {
                let name = field(declarator, "type", text).map(|to| format!("operator {to}"));
                return name.map_or(Declared::Nothing, |name| Declared::plain(name, SymbolKind::Method));
            }
            "identifier"
            | "field_identifier"
            | "qualified_identifier"
            | "destructor_name"
            | "operator_name"
            | "template_function"
            | "type_identifier" => break,
            _ => {}
        }
        // References and parentheses have no field for what they hold.
        let Some(inner) = declarator.child_by_field_name("declarator").or_else(|| declarator.named_child(0)) else {
            return Declared::Nothing;
        };
        declarator = inner;
    }
    let Some((of_function, parameters)) = parameters else { return Declared::Nothing };
    let kind = if declarator.kind() == "qualified_identifier" { SymbolKind::Method } else { function };
    let apart = if overloads { types(of_function, parameters, text) } else { String::new() };
    Declared::apart(squeezed(&of(declarator, text)), kind, apart)
}

/// Returns the parameters without their names: `(const char *, int) const`.
fn types(function: Node<'_>, parameters: Node<'_>, text: &[u8]) -> String {
    let mut types = Vec::new();
    for parameter in parameters.named_children(&mut parameters.walk()) {
        let value = parameter.child_by_field_name("default_value").map_or(parameter.end_byte(), |value| value.start_byte());
        let mut name = parameter.child_by_field_name("declarator");
        while let Some(inner) = name.and_then(|node| node.child_by_field_name("declarator").or_else(|| node.named_child(0))) {
            name = Some(inner);
        }
        let name = name.filter(|name| name.kind() == "identifier").map_or(value..value, |name| name.byte_range());
        let part = |range: std::ops::Range<usize>| String::from_utf8_lossy(text.get(range).unwrap_or_default()).into_owned();
        let whole = part(parameter.start_byte()..name.start) + &part(name.end.min(value)..value);
        types.push(squeezed(whole.trim_end().trim_end_matches('=')));
    }
    let constant =
        function.named_children(&mut function.walk()).any(|child| child.kind() == "type_qualifier" && of(child, text) == "const");
    format!("({}){}", types.join(", "), if constant { " const" } else { "" })
}

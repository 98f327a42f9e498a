//! What a manifest says, before anybody asks what it means: nodes and values.

use crate::base::Place;

/// A node of a manifest.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Where.
    pub place: Place,
    /// Its values, in order.
    pub args: Vec<(Value, Place)>,
    /// Its properties, in order.
    pub props: Vec<(String, Value, Place)>,
    /// What stands in its braces.
    pub children: Vec<Node>,
}

/// A value.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number; in a box, since few values are numbers, and all of them would be larger.
    Whole(Box<i128>),
    /// Any other number.
    Decimal(f64),
    /// `#true` or `#false`.
    Bool(bool),
    /// `#null`.
    Null,
}

impl Value {
    /// Returns what kind of value it is, as a message says it.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Text(_) => "a text",
            Value::Whole(_) | Value::Decimal(_) => "a number",
            Value::Bool(_) => "#true or #false",
            Value::Null => "#null",
        }
    }
}

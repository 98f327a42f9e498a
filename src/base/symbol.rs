//! Functions, classes and methods: as they stand in one text, and what a commit did to them.

use serde::{Deserialize, Serialize};

/// What a symbol is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum SymbolKind {
    /// A function that belongs to no type.
    Function,
    /// A function that belongs to a type or an object.
    Method,
    /// A class, also a record.
    Class,
    /// A struct or union.
    Struct,
    /// An interface.
    Interface,
    /// A trait.
    Trait,
    /// An enumeration.
    Enum,
    /// A module that is a value of its language, as in Ruby.
    Module,
}

impl SymbolKind {
    /// Returns it as a word.
    pub fn word(self) -> &'static str {
        match self {
            SymbolKind::Function => "function",
            SymbolKind::Method => "method",
            SymbolKind::Class => "class",
            SymbolKind::Struct => "struct",
            SymbolKind::Interface => "interface",
            SymbolKind::Trait => "trait",
            SymbolKind::Enum => "enum",
            SymbolKind::Module => "module",
        }
    }
}

/// What tells a symbol from all others of its file.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub struct SymbolKey {
    /// With the names of what it stands in, as its language writes that: `Cart.total`, `cart::total`.
    pub name: String,
    /// What it is.
    pub kind: SymbolKind,
    /// What tells it from others of that name: the types of its parameters, where the language lets them choose (`(int, String)`), or
    /// `(get)`, `(set)`. Empty for most.
    pub apart: String,
    /// The how manyth it is in its file of those that are alike in all the above, from 0.
    pub number: u32,
}

/// A symbol as it stands in a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Symbol {
    /// Which one.
    pub key: SymbolKey,
    /// Where it begins, in bytes: with its decorators, attributes and modifiers.
    pub start: usize,
    /// Where it ends, in bytes.
    pub end: usize,
}

/// The symbols of one text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Outline {
    /// In the order in which they begin.
    pub symbols: Vec<Symbol>,
    /// Digests of the places that the parser could make nothing of, sorted.
    pub errors: Vec<u64>,
}

/// What one commit did to one symbol.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SymbolChange {
    /// Which one, behind the commit; before it, if it went.
    pub key: SymbolKey,
    /// Which one it was before, where the types of its parameters were others.
    pub from: Option<SymbolKey>,
    /// Whether it was there before and is there now.
    pub there: (bool, bool),
    /// Lines added.
    pub adds: u32,
    /// Lines deleted.
    pub deletes: u32,
}

/// What one commit did to the symbols of one file.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct SymbolChanges {
    /// The symbols whose text is another.
    pub touched: Vec<SymbolChange>,
    /// Whether syntax errors came or went, so that nothing is said of symbols that only one side shows.
    pub doubtful: bool,
    /// Whether the text behind the commit has syntax errors.
    pub flawed: bool,
}

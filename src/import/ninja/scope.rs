//! Variables: where they are looked up, and when.

use std::borrow::Cow;
use std::cell::OnceCell;

use rustc_hash::FxHashMap;

use super::lexer::{Piece, Written};

/// Keeps the texts of all files where everything else can borrow from them.
#[derive(Default)]
pub(super) struct Shelf {
    texts: [OnceCell<String>; 32],
    next: OnceCell<Box<Shelf>>,
}

impl Shelf {
    pub fn keep(&self, text: String) -> &str {
        match self.texts.iter().find(|slot| slot.get().is_none()) {
            Some(slot) => slot.get_or_init(|| text),
            None => self.next.get_or_init(Box::default).keep(text),
        }
    }
}

/// Which scope: its position among all.
pub(super) type ScopeId = usize;

/// The variables and rules of a file, or of one that is read by `subninja`.
#[derive(Default)]
pub(super) struct Scope<'t> {
    pub parent: Option<ScopeId>,
    pub variables: FxHashMap<&'t str, Cow<'t, str>>,
    pub rules: FxHashMap<&'t str, usize>,
}

/// A rule: what it says stays as it was written until an edge asks for it.
pub(super) struct Rule<'t> {
    pub name: &'t str,
    pub says: Vec<(&'t str, Written<'t>)>,
}

impl<'t> Rule<'t> {
    pub fn get(&self, name: &str) -> Option<&Written<'t>> {
        self.says.iter().rev().find(|(key, _)| *key == name).map(|(_, value)| value)
    }
}

/// All scopes, the first file's first.
pub(super) struct Scopes<'t>(pub Vec<Scope<'t>>);

impl<'t> Scopes<'t> {
    /// Returns the value of a variable in a scope or in one around it; empty if there is none.
    pub fn look_up(&self, scope: ScopeId, name: &str) -> &str {
        let mut next = Some(scope);
        while let Some(id) = next {
            if let Some(value) = self.0[id].variables.get(name) {
                return value;
            }
            next = self.0[id].parent;
        }
        ""
    }

    /// Returns the rule of that name in a scope or in one around it.
    pub fn rule(&self, scope: ScopeId, name: &str) -> Option<usize> {
        let mut next = Some(scope);
        while let Some(id) = next {
            if let Some(rule) = self.0[id].rules.get(name) {
                return Some(*rule);
            }
            next = self.0[id].parent;
        }
        None
    }

    /// Returns a text with its variables filled in, `own` before those of the scope.
    pub fn fill(&self, scope: ScopeId, own: &[(&'t str, Cow<'t, str>)], written: &Written<'t>) -> Cow<'t, str> {
        let pieces = match written {
            Written::Plain(text) => return Cow::Borrowed(text),
            Written::Pieces(pieces) => pieces,
        };
        let mut filled = String::new();
        for piece in pieces {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Variable(name) => match own.iter().rev().find(|(key, _)| key == name) {
                    Some((_, value)) => filled.push_str(value),
                    None => filled.push_str(self.look_up(scope, name)),
                },
            }
        }
        Cow::Owned(filled)
    }
}

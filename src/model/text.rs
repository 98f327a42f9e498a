//! Text with holes that are filled when a task runs.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::base::glob;

/// A text as a manifest wrote it, after all that is known while loading has been filled in.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
pub struct Text(Vec<Part>);

/// A piece of a text.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Part {
    /// As it is.
    Literal(Box<str>),
    /// `{{scope.name}}`: to be filled when the task runs.
    Hole(Scope, Box<str>),
}

/// The scopes that stay open after loading.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Scope {
    /// A variable that the task can see.
    Env,
    /// The value of a graph decision.
    Decision,
    /// A port that was picked for this run.
    Port,
    /// A fact of this run: `id`, `scratch`.
    Run,
}

impl Scope {
    /// Returns the word that stands before the dot.
    pub fn word(self) -> &'static str {
        match self {
            Scope::Env => "env",
            Scope::Decision => "decision",
            Scope::Port => "port",
            Scope::Run => "run",
        }
    }
}

impl Part {
    /// Returns it as a part of a pattern, in which a literal stands for itself.
    pub fn as_pattern(self) -> Part {
        match self {
            Part::Literal(text) => match glob::literal(&text) {
                Cow::Borrowed(_) => Part::Literal(text),
                Cow::Owned(pattern) => Part::Literal(pattern.into()),
            },
            hole => hole,
        }
    }

    /// Returns how many bytes the literal or the name has.
    pub fn size(&self) -> usize {
        match self {
            Part::Literal(text) | Part::Hole(_, text) => text.len(),
        }
    }
}

impl Text {
    /// A text without holes.
    pub fn literal(text: impl Into<Box<str>>) -> Text {
        Text(vec![Part::Literal(text.into())])
    }

    /// Joins parts; neighbouring literals become one, empty ones vanish.
    pub fn from_parts(parts: impl IntoIterator<Item = Part>) -> Text {
        let (mut joined, mut literal) = (Vec::new(), String::new());
        for part in parts {
            match part {
                Part::Literal(text) => literal.push_str(&text),
                hole => {
                    if !literal.is_empty() {
                        joined.push(Part::Literal(std::mem::take(&mut literal).into()));
                    }
                    joined.push(hole);
                }
            }
        }
        if !literal.is_empty() {
            joined.push(Part::Literal(literal.into()));
        }
        Text(joined)
    }

    /// Returns how many bytes its literals and names have.
    pub fn size(&self) -> usize {
        self.0.iter().map(Part::size).sum()
    }

    /// Returns the parts in order.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// Returns the text if it has no hole.
    pub fn as_literal(&self) -> Option<&str> {
        match &self.0[..] {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// Returns the text as the manifest would write it; see its `Display`.
    pub fn written(&self) -> Cow<'_, str> {
        self.as_literal().map_or_else(|| Cow::Owned(self.to_string()), Cow::Borrowed)
    }

    /// Returns the names that stand in its holes of one scope.
    pub fn holes(&self, wanted: Scope) -> impl Iterator<Item = &str> {
        self.0.iter().filter_map(move |part| match part {
            Part::Hole(scope, name) if *scope == wanted => Some(&**name),
            _ => None,
        })
    }

    /// Gives the holes of one scope other names, where `rename` knows one.
    pub fn rename(&mut self, wanted: Scope, mut rename: impl FnMut(&str) -> Option<Box<str>>) {
        for part in &mut self.0 {
            if let Part::Hole(scope, name) = part
                && *scope == wanted
                && let Some(better) = rename(name)
            {
                *name = better;
            }
        }
    }

    /// Fills every hole with what `fill` says.
    ///
    /// # Errors
    /// The first error of `fill`.
    pub fn fill<E>(&self, mut fill: impl FnMut(Scope, &str) -> Result<String, E>) -> Result<String, E> {
        let mut filled = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => filled.push_str(text),
                Part::Hole(scope, name) => filled.push_str(&fill(*scope, name)?),
            }
        }
        Ok(filled)
    }
}

/// Prints the text as the manifest would write it, holes as `{{scope.name}}`.
impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Literal(text) => f.write_str(text)?,
                Part::Hole(scope, name) => write!(f, "{{{{{}.{name}}}}}", scope.word())?,
            }
        }
        Ok(())
    }
}

//! What a target is called.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The full name of a target: `rock`, `epic`, `epic/task`, `task`, each with `PACKAGE:` before it where it stands in a package,
/// and `[axis=value,…]` behind it where it is one variant of a matrix.
///
/// A task's own name may hold slashes (`bundle/app`), so the text alone does not say where the epic ends; the model does.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Address(Box<str>);

/// Why a text is no name for a target.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AddressError {
    /// Nothing is left of it.
    #[error("a name must not be empty")]
    Empty,
    /// It holds a character that addresses use for themselves, or a control character.
    #[error("a name must not hold {0:?}")]
    Character(char),
    /// A blank stands at one of its ends.
    #[error("a name must not begin or end with a blank")]
    Blank,
    /// It starts with a dash, so that a command line would take it for a flag.
    #[error("a name must not start with `-`")]
    Dash,
    /// It has an empty part.
    #[error("a name must not start or end with `/`, or hold `//`")]
    Slash,
}

impl Address {
    /// Takes a text that is known to be an address.
    pub fn new(text: impl Into<Box<str>>) -> Address {
        Address(text.into())
    }

    /// Checks a name as written in a manifest, before any variant is added.
    ///
    /// # Errors
    /// When the name is empty, starts with `-`, has an empty part, or holds one of `: [ ] , = * ? " \` or a control character or a blank at an end.
    pub fn check_name(name: &str) -> Result<(), AddressError> {
        if name.is_empty() {
            return Err(AddressError::Empty);
        }
        if name.starts_with('-') {
            return Err(AddressError::Dash);
        }
        if name.split('/').any(str::is_empty) {
            return Err(AddressError::Slash);
        }
        let reserved = |c: &char| {
            matches!(c, ':' | '[' | ']' | ',' | '*' | '?' | '"' | '\\' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
                || c.is_control()
        };
        match name.chars().find(reserved) {
            Some(c) => Err(AddressError::Character(c)),
            None if name != name.trim() => Err(AddressError::Blank),
            None => Ok(()),
        }
    }

    /// Returns the whole text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the package's folder; empty for the root package.
    pub fn package(&self) -> &str {
        self.0.split_once(':').map_or("", |(package, _)| package)
    }

    /// Returns the text without the package.
    pub fn local(&self) -> &str {
        self.0.split_once(':').map_or(&self.0, |(_, local)| local)
    }

    /// Returns the variant with its brackets (`[python=3.11]`), or an empty text.
    pub fn variant(&self) -> &str {
        self.0.find('[').map_or("", |at| &self.0[at..])
    }

    /// Returns the text without the variant.
    pub fn family(&self) -> &str {
        self.0.find('[').map_or(&self.0, |at| &self.0[..at])
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts() {
        let address = Address::new("services/pay:app/wheel[python=3.11]");
        assert_eq!(address.package(), "services/pay");
        assert_eq!(address.local(), "app/wheel[python=3.11]");
        assert_eq!(address.variant(), "[python=3.11]");
        assert_eq!(address.family(), "services/pay:app/wheel");
    }

    #[test]
    fn names() {
        assert_eq!(Address::check_name("bundle/app.min"), Ok(()));
        assert_eq!(Address::check_name(""), Err(AddressError::Empty));
        assert_eq!(Address::check_name("-x"), Err(AddressError::Dash));
        assert_eq!(Address::check_name("a//b"), Err(AddressError::Slash));
        assert_eq!(Address::check_name("a:b"), Err(AddressError::Character(':')));
        assert_eq!(Address::check_name("a\nb"), Err(AddressError::Character('\n')));
    }
}

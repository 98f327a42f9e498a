//! What one C or C++ file includes, as it is written.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::directives::{Directive, directives};
use crate::base::RelPath;
use crate::facts::syntax::{self, At, Extracted, Places};

/// An `#include`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) struct Include {
    pub at: At,
    /// What stands between the quotes or angle brackets, or the macro that is to say it.
    pub name: String,
    pub form: Form,
}

/// How a name is written.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
pub(in crate::facts) enum Form {
    /// `"x.h"`
    Quotes,
    /// `<x.h>`
    Angles,
    /// Some macro that this file does not define as one of the others.
    Macro,
}

/// Reads a file.
///
/// Only the preprocessor knows what macros make of the rest, so that what is no C before it ran is no error.
pub(in crate::facts) fn extract(bytes: &[u8], _: &RelPath) -> Extracted<Vec<Include>> {
    let text = &*syntax::lossy(bytes);
    let places = Places::new(text);
    let (mut includes, mut macros) = (Vec::new(), FxHashMap::default());
    for Directive { at, name, rest } in directives(text) {
        let spelled = |written: &str| spelled(written).map(|(name, form)| (name.to_owned(), form));
        match &*name {
            "include" if rest.is_empty() => {}
            "include" => {
                let (name, form) = spelled(&rest).unwrap_or((rest, Form::Macro));
                includes.push(Include { at: places.at(at), name, form });
            }
            "import" | "include_next" | "embed" => {
                includes.extend(spelled(&rest).map(|(name, form)| Include { at: places.at(at), name, form }));
            }
            "define" => {
                if let Some((name, value)) = rest.split_once(char::is_whitespace) {
                    macros.extend(spelled(value.trim()).map(|value| (name.to_owned(), value)));
                }
            }
            _ => {}
        }
    }
    for include in includes.iter_mut().filter(|include| include.form == Form::Macro) {
        if let Some((name, form)) = macros.get(&include.name) {
            (include.name, include.form) = (name.clone(), *form);
        }
    }
    includes.sort();
    Ok(includes)
}

/// Takes the name out of its quotes or angle brackets.
fn spelled(written: &str) -> Option<(&str, Form)> {
    let between = |open, close| written.strip_prefix(open)?.split_once(close).map(|(name, _)| name.trim());
    between('"', '"').map(|name| (name, Form::Quotes)).or_else(|| between('<', '>').map(|name| (name, Form::Angles)))
}

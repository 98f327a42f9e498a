//! What differs between the symbols of two texts.
//!
//! A symbol is touched when its own text is another: from its decorators or attributes to its end, whatever stands around it. So code that
//! moves as it is was not touched, and neither was a function when only the comment above it changed. A class holds its methods, and is
//! touched with them.

use std::collections::BTreeMap;

use imara_diff::{Algorithm, Diff, InternedInput};

use crate::base::{Outline, Symbol, SymbolChange, SymbolChanges, SymbolKey};

/// One side of a change of a file.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// Its text.
    pub text: &'a [u8],
    /// What stands in it.
    pub outline: &'a Outline,
}

/// Returns what became of the symbols of a file; a side is missing where the file is.
///
/// Symbols are paired by their keys; where a name is left once on each side, with other types of parameters, it is the same symbol too.
pub fn compare(old: Option<Side<'_>>, new: Option<Side<'_>>) -> SymbolChanges {
    let (before, mut after) = (keyed(old), keyed(new));
    let mut pairs: Vec<(Option<&Symbol>, Option<&Symbol>)> = Vec::new();
    let mut left: BTreeMap<(&str, _), (Vec<&Symbol>, Vec<&Symbol>)> = BTreeMap::new();
    for (key, was) in before {
        match after.remove(key) {
            Some(is) => pairs.push((Some(was), Some(is))),
            None => left.entry((&key.name, key.kind)).or_default().0.push(was),
        }
    }
    for (key, is) in after {
        left.entry((&key.name, key.kind)).or_default().1.push(is);
    }
    for (was, is) in left.into_values() {
        match (&was[..], &is[..]) {
            ([was], [is]) => pairs.push((Some(was), Some(is))),
            _ => pairs.extend(was.into_iter().map(|was| (Some(was), None)).chain(is.into_iter().map(|is| (None, Some(is))))),
        }
    }
    // What a parser could not make sense of may have hidden a symbol: then that one is missing proves nothing.
    let blurred = matches!((old, new), (Some(old), Some(new)) if old.outline.errors != new.outline.errors);
    let flawed = new.is_some_and(|new| !new.outline.errors.is_empty());
    let mut changes = SymbolChanges { flawed, ..SymbolChanges::default() };
    for (was, is) in pairs {
        fn text<'a>(side: Option<Side<'a>>, symbol: Option<&Symbol>) -> &'a [u8] {
            side.zip(symbol).and_then(|(side, symbol)| side.text.get(symbol.start..symbol.end)).unwrap_or_default()
        }
        let (Some(key), there) = (is.or(was).map(|symbol| &symbol.key), (was.is_some(), is.is_some())) else { continue };
        if blurred && there != (true, true) {
            changes.doubtful = true;
            continue;
        }
        let (old, new) = (text(old, was), text(new, is));
        if old != new {
            let (adds, deletes) = lines(old, new);
            let from = was.map(|was| &was.key).filter(|was| *was != key).cloned();
            changes.touched.push(SymbolChange { key: key.clone(), from, there, adds, deletes });
        }
    }
    changes.touched.sort_by(|one, other| one.key.cmp(&other.key));
    changes
}

fn keyed(side: Option<Side<'_>>) -> BTreeMap<&SymbolKey, &Symbol> {
    side.into_iter().flat_map(|side| &side.outline.symbols).map(|symbol| (&symbol.key, symbol)).collect()
}

/// Returns how many lines were added and deleted.
fn lines(old: &[u8], new: &[u8]) -> (u32, u32) {
    // A line is the same line whether the text ends behind it or goes on.
    let [old, new] = [old, new].map(|text| if text.is_empty() { Vec::new() } else { [text, b"\n"].concat() });
    let input = InternedInput::new(&*old, &*new);
    let diff = Diff::compute(Algorithm::Myers, &input);
    (diff.count_additions(), diff.count_removals())
}

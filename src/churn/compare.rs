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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::SymbolKind;

    /// A text of symbols, a line each, and its outline: `f(int) body` is the symbol `f` with the parameters `(int)`; `!` is an error.
    fn side(text: &str) -> Outline {
        let (mut outline, mut start) = (Outline::default(), 0);
        for line in text.split_inclusive('\n') {
            let name = line.split_whitespace().next().unwrap();
            let (name, apart) = name.find('(').map_or((name, ""), |at| name.split_at(at));
            if name == "!" {
                outline.errors.push(line.len() as u64);
            } else {
                let same = |symbol: &&Symbol| symbol.key.name == name && symbol.key.apart == apart;
                let number = outline.symbols.iter().filter(same).count() as u32;
                let key = SymbolKey { name: name.into(), kind: SymbolKind::Function, apart: apart.into(), number };
                outline.symbols.push(Symbol { key, start, end: start + line.trim_end().len() });
            }
            start += line.len();
        }
        outline
    }

    fn told(old: Option<&str>, new: Option<&str>) -> String {
        let outlines = [old, new].map(|text| text.map(side));
        let [was, is] = [(old, &outlines[0]), (new, &outlines[1])]
            .map(|(text, outline)| text.zip(outline.as_ref()).map(|(text, outline)| Side { text: text.as_bytes(), outline }));
        let changes = compare(was, is);
        let one = |change: &SymbolChange| {
            let key = |key: &SymbolKey| format!("{}{}{}", key.name, key.apart, if key.number > 0 { "#2" } else { "" });
            let sign = match change.there {
                (false, _) => "new ",
                (_, false) => "gone ",
                _ => "",
            };
            let from = change.from.as_ref().map_or(String::new(), |from| format!(" from {}", key(from)));
            format!("{sign}{}{from} +{} -{}", key(&change.key), change.adds, change.deletes)
        };
        let told: Vec<String> = changes.touched.iter().map(one).chain(changes.doubtful.then(|| "doubtful".into())).collect();
        told.join(", ")
    }

    #[test]
    fn what_is_the_same_wherever_it_stands_was_not_touched() {
        assert_eq!(told(Some("a 1\nb 2\n"), Some("b 2\na 1\n")), "");
        assert_eq!(told(Some("a 1\nb 2\n"), Some("b 3\na 1\n")), "b +1 -1");
        assert_eq!(told(None, Some("a 1\n")), "new a +1 -0");
        assert_eq!(told(Some("a 1\n"), None), "gone a +0 -1");
        assert_eq!(told(Some("a 1\n"), Some("b 1\n")), "gone a +0 -1, new b +1 -0");
    }

    #[test]
    fn one_that_takes_other_parameters_is_the_same_one_and_overloads_are_apart() {
        assert_eq!(told(Some("f(a) 1\n"), Some("f(b) 1\n")), "f(b) from f(a) +1 -1");
        assert_eq!(told(Some("f(a) 1\n"), Some("f(a) 1\nf(b) 1\n")), "new f(b) +1 -0");
        assert_eq!(
            told(Some("f(a) 1\nf(b) 1\n"), Some("f(c) 1\nf(d) 1\nf(b) 2\n")),
            "gone f(a) +0 -1, f(b) +1 -1, new f(c) +1 -0, new f(d) +1 -0"
        );
        assert_eq!(told(Some("f 1\nf 2\n"), Some("f 1\nf 3\n")), "f#2 +1 -1");
    }

    #[test]
    fn where_errors_come_or_go_nothing_is_said_of_what_one_side_shows_alone() {
        assert_eq!(told(Some("a 1\nb 1\n"), Some("a 2\n! b 1\n")), "a +1 -1, doubtful");
        assert_eq!(told(Some("a 2\n! b 1\n"), Some("a 3\nb 1\n")), "a +1 -1, doubtful");
        assert_eq!(told(Some("! x\na 1\n"), Some("! x\nb 1\n")), "gone a +0 -1, new b +1 -0", "an error that stays hides nothing new");
    }

    #[test]
    fn a_line_is_the_same_at_the_end() {
        assert_eq!(lines(b"a\nb", b"a\nb\nc"), (1, 0));
        assert_eq!(lines(b"", b"a\nb"), (2, 0));
    }
}

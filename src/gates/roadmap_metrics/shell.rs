//! Which characters of a command line do more than stand for themselves, by the rules of `sh`.
//!
//! In doubt a character does: what follows decides whether a document may run something that the manifest has not allowed.

use std::ops::Range;

/// Where a shell stands between two characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct State {
    quote: Quote,
    /// Whether a backslash takes its meaning from the next character.
    escaped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Quote {
    #[default]
    None,
    Single,
    Double,
}

/// A command line as a shell reads it.
pub(super) struct Read<'a> {
    line: &'a str,
    /// The state before each byte, and that at the end.
    states: Vec<State>,
    /// What begins another command, redirects, puts in what a command prints, or ends in a comment; in bytes.
    controls: Vec<usize>,
}

/// Reads a command line.
pub(super) fn read(line: &str) -> Read<'_> {
    let bytes = line.as_bytes();
    let (mut state, mut states, mut controls) = (State::default(), Vec::with_capacity(bytes.len() + 1), Vec::new());
    let mut fresh = true;
    for (at, byte) in bytes.iter().enumerate() {
        states.push(state);
        let next = bytes.get(at + 1);
        let (begins, was) = (fresh, state);
        fresh = false;
        state.escaped = !was.escaped && was.quote != Quote::Single && *byte == b'\\';
        if was.escaped {
            continue;
        }
        match (was.quote, byte) {
            (Quote::None, b'\'') => state.quote = Quote::Single,
            (Quote::None, b'"') => state.quote = Quote::Double,
            (Quote::Single, b'\'') | (Quote::Double, b'"') => state.quote = Quote::None,
            (Quote::None, b' ' | b'\t') => fresh = true,
            (Quote::None, b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' | b'\n') => {
                controls.push(at);
                fresh = true;
            }
            (Quote::None, b'#') if begins => controls.push(at),
            (Quote::None, b'$') if next.is_some_and(|next| !matches!(next, b' ' | b'\t' | b'_') && !next.is_ascii_alphanumeric()) => {
                controls.push(at);
            }
            (Quote::Double, b'$') if matches!(next, Some(b'(' | b'{' | b'[' | b'\\' | b'\n')) => controls.extend([at, at + 1]),
            (Quote::None | Quote::Double, b'`') => controls.push(at),
            _ => {}
        }
    }
    states.push(state);
    Read { line, states, controls }
}

/// Returns the words of a command line, without their quotes.
pub(super) fn words(line: &str) -> Vec<String> {
    let read = read(line);
    let (mut words, mut word) = (Vec::new(), None::<String>);
    for (at, c) in line.char_indices() {
        let State { quote, escaped } = read.states[at];
        match (quote, c) {
            (Quote::None, ' ' | '\t' | '\n') if !escaped => words.extend(word.take()),
            (Quote::None | Quote::Double, '"' | '\\') | (Quote::None | Quote::Single, '\'') if !escaped => {
                word.get_or_insert_default();
            }
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// Returns the flags of a command line without their values, each as it is written: `-i` and `-c` of `-ic`, `--count`. What `taking` and `long`
/// name takes what stands behind it.
pub(super) fn flags(line: &str, taking: &str, long: &[&str]) -> Vec<String> {
    let (mut flags, mut words) = (Vec::new(), words(line).into_iter().skip(1));
    while let Some(word) = words.next().filter(|word| word != "--") {
        if let Some(name) = word.strip_prefix("--") {
            if long.contains(&name) {
                words.next();
            }
            flags.push(word.split('=').next().unwrap_or_default().to_owned());
        } else if let Some(letters) = word.strip_prefix('-') {
            let ends = letters.find(|c| taking.contains(c));
            flags.extend(letters.chars().take_while(|c| !taking.contains(*c)).map(|c| format!("-{c}")));
            if let Some(taker) = ends.and_then(|at| letters[at..].chars().next()) {
                flags.push(format!("-{taker}"));
                if letters.ends_with(taker) && ends.is_some_and(|at| at + 1 == letters.len()) {
                    words.next();
                }
            }
        }
    }
    flags
}

impl<'a> Read<'a> {
    /// Returns the last of its commands.
    pub(super) fn last(&self) -> &'a str {
        self.controls.last().map_or(self.line, |at| &self.line[at + 1..])
    }

    /// Whether one command writes into another.
    pub(super) fn pipes(&self) -> bool {
        self.controls.iter().any(|at| self.line.as_bytes()[*at] == b'|')
    }

    /// Returns what in some parts of the line does more than the words of one command do: a control character, or the whole part, where
    /// quotes that begin or end in it change what stands around it.
    pub(super) fn beyond(&self, parts: &[Range<usize>]) -> Option<&'a str> {
        let control = |part: &Range<usize>| {
            let at = self.controls.iter().find(|at| part.contains(*at))?;
            let double = self.line[*at..].chars().take(2).collect::<String>();
            let known = ["&&", "||", "$(", "${", "<<", ">>", "|&"].contains(&&*double);
            Some(&self.line[*at..*at + if known { 2 } else { 1 }])
        };
        parts
            .iter()
            .find_map(|part| control(part).or_else(|| (self.states[part.start] != self.states[part.end]).then(|| &self.line[part.clone()])))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(line: &str) -> Vec<Range<usize>> {
        std::iter::once(0..line.len()).collect()
    }

    #[test]
    fn words_and_flags_are_those_of_a_shell() {
        assert_eq!(words("grep \"gcc -c\" 'a b'\\ c  \"\""), ["grep", "gcc -c", "a b c", ""]);
        for (line, expected) in [
            ("grep \"gcc -c\" Mk", vec![]),
            ("grep -- -c Mk", vec![]),
            ("grep -e -c Mk", vec!["-e"]),
            ("grep --regexp -c Mk", vec!["--regexp"]),
            ("grep -ic x --count=1", vec!["-i", "-c", "--count"]),
            ("grep '-c' -A1c x", vec!["-c", "-A"]),
        ] {
            assert_eq!(flags(line, "eA", &["regexp"]), expected, "{line}");
        }
    }

    #[test]
    fn what_does_more_than_stand_for_itself() {
        for (line, beyond) in [
            ("rg -n \"a|b;c&d<e>(f) #g\" 'h`i`$(j)' src", None),
            ("rg a\\;b \\$\\(x\\) src", None),
            ("rg \"end$\" $HOME/x a#b 100$ \"$x\"", None),
            ("rg \"a\\\"; b\" src", None),
            ("x; rm", Some(";")),
            ("x && rm", Some("&&")),
            ("x & rm", Some("&")),
            ("x | sh", Some("|")),
            ("x > y", Some(">")),
            ("x <y", Some("<")),
            ("x\nrm", Some("\n")),
            ("x `rm`", Some("`")),
            ("x \"`rm`\"", Some("`")),
            ("x $(rm)", Some("$(")),
            ("x \"$(rm)\"", Some("$(")),
            ("x ${y:=z}", Some("${")),
            ("x $'a\\'; rm '", Some("$")),
            ("x (y)", Some("(")),
            ("x # y", Some("#")),
            ("x \\\\; rm", Some(";")),
            ("x '\\'; rm", Some(";")),
        ] {
            assert_eq!(read(line).beyond(whole(line).as_slice()), beyond, "{line}");
        }
        for line in ["x \"", "x '", "x \\", "é\\"] {
            assert_eq!(read(line).beyond(whole(line).as_slice()), Some(line));
        }
        assert!(read("rg a | wc -l").pipes() && !read("rg 'a|b'").pipes());
    }
}

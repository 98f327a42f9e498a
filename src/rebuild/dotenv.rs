//! A `dotenv` file: its variables, and the line of the first mistake.

use std::cell::Cell;
use std::io::{self, Read};

/// The first line of a file that is wrong.
#[derive(PartialEq, Eq, Debug)]
pub(super) struct Wrong {
    /// Its number, from 1.
    pub line: usize,
    /// What stands there up to its `=`: what stands behind may be a secret.
    pub text: String,
    /// Why it is wrong, and what to write.
    pub why: &'static str,
}

/// Returns the variables of a file, in order.
///
/// # Errors
/// The first line that cannot be read.
pub(super) fn variables(bytes: &[u8]) -> Result<Vec<(String, String)>, Wrong> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    // No variable can hold one.
    if let Some(at) = memchr::memchr(0, bytes) {
        return Err(wrong(bytes, bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1)));
    }
    let lines = Lines { bytes, given: Cell::new(0) };
    let mut found = Vec::new();
    let mut pairs = dotenvy::from_read_iter(&lines);
    loop {
        let before = lines.given.get();
        match pairs.next() {
            None => return Ok(found),
            Some(Ok(pair)) => found.push(pair),
            Some(Err(_)) => return Err(wrong(bytes, before)),
        }
    }
}

/// Returns the first line from the byte `at` on that says anything: a value in quotes may go on for further ones.
fn wrong(bytes: &[u8], at: usize) -> Wrong {
    let before = bytes[..at].iter().filter(|byte| **byte == b'\n').count();
    let rest = String::from_utf8_lossy(&bytes[at..]);
    let says = |line: &str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let (index, line) = rest.lines().enumerate().find(|(_, line)| says(line)).unwrap_or_default();
    let text = match line.trim().split_once('=') {
        Some((name, _)) => format!("{name}=..."),
        None => line.trim().to_owned(),
    };
    Wrong { line: before + index + 1, text, why: why(line) }
}

/// Says why a line cannot be read, of those that cannot.
fn why(line: &str) -> &'static str {
    let Some((name, value)) = line.split_once('=') else { return "it does not say NAME=value" };
    let (name, value) = (name.trim().trim_start_matches("export ").trim(), value.trim());
    let named = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match value.chars().next() {
        _ if line.contains('\0') => "a byte is zero",
        _ if !named || name.contains(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '.')) => {
            "what stands before `=` is no name"
        }
        Some(quote @ ('"' | '\'')) if !value[1..].contains(quote) => "a quote is not closed",
        Some('"') => "behind a backslash stands what has no meaning there; single quotes take all as it is",
        _ if value.contains(['"', '\'']) => "a value that holds a quote stands in quotes of the other kind",
        _ if value.contains(char::is_whitespace) => "a value with a blank stands in quotes",
        _ => "the value cannot be read; single quotes take all as it is",
    }
}

/// Bytes that are handed out line by line, so that it is known how far somebody has read.
struct Lines<'a> {
    bytes: &'a [u8],
    given: Cell<usize>,
}

impl Read for &Lines<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.bytes[self.given.get()..];
        let line = rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
        let count = line.min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        self.given.set(self.given.get() + count);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_wrong_line_is_found_whatever_is_wrong_with_it() {
        let wrong = |text: &str| variables(text.as_bytes()).map_err(|Wrong { line, text, .. }| format!("{line} {text}")).unwrap_err();
        assert_eq!(wrong("A=1\n\n# why\nB C\n"), "4 B C");
        assert_eq!(wrong("A=1\nB C=3\nC=2\n"), "2 B C=...");
        assert_eq!(wrong("A=1\nB=\"x\ny\nC=2\n"), "2 B=...");
        assert_eq!(wrong("A=\"x\ny\"\nB=\"a\\q\"\n"), "3 B=...");
        assert_eq!(wrong("A=1\nC=${x\n"), "2 C=...");
        assert_eq!(wrong(&format!("A={}\nB C", "x".repeat(20_000))), "2 B C");
        let why = |text: &str| variables(text.as_bytes()).unwrap_err().why;
        assert_eq!(why("B C\n"), "it does not say NAME=value");
        assert_eq!(why("B C=1\n"), "what stands before `=` is no name");
        assert_eq!(why("A=b c\n"), "a value with a blank stands in quotes");
        assert_eq!(why("A=it's\n"), "a value that holds a quote stands in quotes of the other kind");
        assert_eq!(why("A=\"x\ny"), "a quote is not closed");
        assert_eq!(why("A=\"a\\q\""), "behind a backslash stands what has no meaning there; single quotes take all as it is");
        assert_eq!(why("A=\0"), "a byte is zero");
        assert_eq!(variables(b"\xef\xbb\xbfA=1\n").unwrap(), [(String::from("A"), String::from("1"))]);
        let found = variables(b"A=1\nexport B='x y'\nC=\"a\nb\"\n").unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(found, [("A", "1"), ("B", "x y"), ("C", "a\nb")]);
    }
}

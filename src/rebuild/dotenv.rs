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
}

/// Returns the variables of a file, in order.
///
/// # Errors
/// The first line that cannot be read.
pub(super) fn variables(bytes: &[u8]) -> Result<Vec<(String, String)>, Wrong> {
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
    Wrong { line: before + index + 1, text }
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
        let wrong = |text: &str| variables(text.as_bytes()).map_err(|Wrong { line, text }| format!("{line} {text}")).unwrap_err();
        assert_eq!(wrong("A=1\n\n# why\nB C\n"), "4 B C");
        assert_eq!(wrong("A=1\nB C=3\nC=2\n"), "2 B C=...");
        assert_eq!(wrong("A=1\nB=\"x\ny\nC=2\n"), "2 B=...");
        assert_eq!(wrong("A=\"x\ny\"\nB=\"a\\q\"\n"), "3 B=...");
        assert_eq!(wrong("A=1\nC=${x\n"), "2 C=...");
        assert_eq!(wrong(&format!("A={}\nB C", "x".repeat(20_000))), "2 B C");
        let found = variables(b"A=1\nexport B='x y'\nC=\"a\nb\"\n").unwrap();
        let found: Vec<(&str, &str)> = found.iter().map(|(name, value)| (&**name, &**value)).collect();
        assert_eq!(found, [("A", "1"), ("B", "x y"), ("C", "a\nb")]);
    }
}

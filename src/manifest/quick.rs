//! The quick way through a manifest that is right: one pass, straight into nodes.
//!
//! The `kdl` crate keeps every blank of a document for whoever edits it, and recovers from mistakes; that costs it a thousand times what
//! reading costs. Here everything that is not plain and certain (a mistake, `/-`, a type, a number in hexadecimal, an escape beyond the
//! common ones, a blank that is not ASCII) is a surprise: then `None` is returned, and the text goes the long way, so that there is one
//! source of messages. What is returned is exactly what the long way gives; tests hold the two against each other.

use std::sync::Arc;

use super::read::{Node, Value};
use super::syntax::{DEEPEST, is_hidden};
use super::text;
use crate::base::Place;

/// Reads a manifest; `None` if there is anything in it that the long way has to look at.
pub(super) fn read(file: &Arc<str>, text: &str) -> Option<Vec<Node>> {
    if !plain(text) {
        return None;
    }
    Reader { file, text, bytes: text.as_bytes(), at: 0, mark: (0, 1, 1) }.document()
}

/// Whether there are none of the characters that are forbidden, or end lines in unusual ways.
fn plain(text: &str) -> bool {
    let bytes = text.as_bytes();
    let common = |byte: &u8| *byte >= b' ' && *byte != 0x7f || matches!(byte, b'\n' | b'\t' | b'\r');
    let ends = |at: usize| bytes.get(at + 1) == Some(&b'\n');
    bytes.iter().all(common)
        && bytes.iter().enumerate().all(|(at, byte)| *byte != b'\r' || ends(at))
        && (text.is_ascii() || !text.chars().any(|c| !c.is_ascii() && (is_hidden(c) || text::is_newline(c))))
}

struct Reader<'a> {
    file: &'a Arc<str>,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// A byte that was passed, its line and its column.
    mark: (usize, u32, u32),
}

impl Reader<'_> {
    fn document(mut self) -> Option<Vec<Node>> {
        let mut open: Vec<Node> = Vec::new();
        let mut nodes: Vec<Node> = Vec::new();
        loop {
            self.between()?;
            match self.peek() {
                None => return open.is_empty().then_some(nodes),
                Some(b'}') => {
                    self.at += 1;
                    let mut parent = open.pop()?;
                    // The parent's own siblings wait in its place.
                    std::mem::swap(&mut parent.children, &mut nodes);
                    nodes.push(parent);
                    self.end()?;
                }
                Some(_) => {
                    let (node, has_block) = self.node()?;
                    if has_block {
                        if open.len() == DEEPEST {
                            return None;
                        }
                        let mut node = node;
                        std::mem::swap(&mut node.children, &mut nodes);
                        open.push(node);
                    } else {
                        nodes.push(node);
                    }
                }
            }
        }
    }

    /// Reads a node up to its end, or behind the `{` of its block.
    fn node(&mut self) -> Option<(Node, bool)> {
        let place = self.place();
        let Value::Text(name) = self.value()? else { return None };
        let mut node = Node { name, place, args: Vec::new(), props: Vec::new(), children: Vec::new() };
        loop {
            let blank = self.blank()?;
            match self.peek() {
                None | Some(b'\n' | b'\r' | b'}') => {
                    // A `}` right behind a value is left to the long way.
                    return (blank || self.peek() != Some(b'}')).then_some((node, false));
                }
                Some(b';') => {
                    self.at += 1;
                    return Some((node, false));
                }
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'/') => return Some((node, false)),
                Some(b'{') if blank => {
                    self.at += 1;
                    return Some((node, true));
                }
                Some(_) if blank => {
                    let place = self.place();
                    let value = self.value()?;
                    if self.peek() == Some(b'=') {
                        let Value::Text(name) = value else { return None };
                        self.at += 1;
                        let value = self.value()?;
                        node.props.push((name, value, place));
                    } else {
                        node.args.push((value, place));
                    }
                }
                Some(_) => return None,
            }
        }
    }

    /// After a block: blanks, and then the end of the node.
    fn end(&mut self) -> Option<()> {
        self.blank()?;
        match self.peek() {
            None | Some(b'\n' | b'\r' | b'}') => Some(()),
            Some(b';') => {
                self.at += 1;
                Some(())
            }
            Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'/') => Some(()),
            Some(_) => None,
        }
    }

    /// Skips all that may stand between two nodes.
    fn between(&mut self) -> Option<()> {
        loop {
            self.blank()?;
            match self.peek() {
                Some(b'\n' | b'\r') => self.at += 1,
                Some(b'/') => self.line_comment()?,
                _ => return Some(()),
            }
        }
    }

    /// Skips blanks, block comments, and ends of lines behind a backslash; whether there were any.
    fn blank(&mut self) -> Option<bool> {
        let start = self.at;
        loop {
            match self.peek() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'/') if self.bytes.get(self.at + 1) == Some(&b'*') => self.at = text::comment(self.text, self.at).ok()?,
                Some(b'\\') => {
                    self.at += 1;
                    self.at += self.bytes[self.at..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
                    if self.peek() == Some(b'/') {
                        self.line_comment()?;
                    }
                    match self.peek() {
                        Some(b'\n') => self.at += 1,
                        Some(b'\r') => self.at += 2,
                        _ => return None,
                    }
                }
                _ => return Some(self.at > start),
            }
        }
    }

    fn line_comment(&mut self) -> Option<()> {
        if !self.bytes[self.at..].starts_with(b"//") {
            return None;
        }
        self.at += self.bytes[self.at..].iter().take_while(|byte| !matches!(byte, b'\n' | b'\r')).count();
        Some(())
    }

    fn value(&mut self) -> Option<Value> {
        let value = match self.peek()? {
            b'"' => Value::Text(self.quoted()?),
            b'#' => self.hashed()?,
            _ => self.word()?,
        };
        match self.peek() {
            None | Some(b' ' | b'\t' | b'\n' | b'\r' | b';' | b'=') => Some(value),
            _ => None,
        }
    }

    fn word(&mut self) -> Option<Value> {
        let rest = &self.bytes[self.at..];
        let length = rest.iter().take_while(|byte| byte.is_ascii_graphic() && !b"\\/(){}[];\"#=".contains(byte)).count();
        let word = &self.text[self.at..self.at + length];
        self.at += length;
        let bare = word.strip_prefix(['+', '-']).unwrap_or(word);
        if bare.strip_prefix('.').unwrap_or(bare).starts_with(|c: char| c.is_ascii_digit()) {
            return number(word);
        }
        match word {
            "" | "true" | "false" | "null" | "inf" | "-inf" | "nan" => None,
            _ => Some(Value::Text(word.to_owned())),
        }
    }

    /// Reads what begins with `#`: a keyword, or a text without escapes.
    fn hashed(&mut self) -> Option<Value> {
        for (word, value) in [("#true", Value::Bool(true)), ("#false", Value::Bool(false)), ("#null", Value::Null)] {
            if self.text[self.at..].starts_with(word) {
                self.at += word.len();
                return Some(value);
            }
        }
        let hashes = self.bytes[self.at..].iter().take_while(|byte| **byte == b'#').count();
        let (fence, body) = (&self.text[self.at..self.at + hashes], self.at + hashes);
        let quotes = if self.text[body..].starts_with("\"\"\"") { "\"\"\"" } else { "\"" };
        if !self.text[body..].starts_with(quotes) {
            return None;
        }
        let body = &self.text[body + quotes.len()..];
        let length = body.find(&format!("{quotes}{fence}"))?;
        let inside = &body[..length];
        self.at += 2 * (hashes + quotes.len()) + length;
        if quotes.len() == 3 {
            return lines(inside).map(Value::Text);
        }
        // An empty text reads as the beginning of a long one would; the long way knows.
        (!inside.is_empty() && !inside.contains('\n')).then(|| Value::Text(inside.to_owned()))
    }

    fn quoted(&mut self) -> Option<String> {
        if self.text[self.at..].starts_with("\"\"\"") {
            let body = &self.text[self.at + 3..];
            let length = body.find("\"\"\"")?;
            let inside = &body[..length];
            self.at += 6 + length;
            return if inside.contains('\\') { None } else { lines(inside) };
        }
        self.at += 1;
        let mut value = String::new();
        loop {
            let rest = &self.bytes[self.at..];
            let length = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n'))?;
            value.push_str(&self.text[self.at..self.at + length]);
            self.at += length + 1;
            match rest[length] {
                b'"' => return Some(value),
                b'\\' => {
                    value.push(match self.peek()? {
                        b'n' => '\n',
                        b't' => '\t',
                        b'r' => '\r',
                        b's' => ' ',
                        b'\\' => '\\',
                        b'"' => '"',
                        _ => return None,
                    });
                    self.at += 1;
                }
                _ => return None,
            }
        }
    }

    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// Returns the place of what comes next. Places are asked for in order, so that all of them together cost one pass.
    fn place(&mut self) -> Place {
        let (from, mut line, mut column) = self.mark;
        for byte in &self.bytes[from..self.at] {
            match byte {
                b'\n' => (line, column) = (line + 1, 1),
                // The further bytes of a character.
                0x80..=0xbf => {}
                _ => column += 1,
            }
        }
        self.mark = (self.at, line, column);
        Place { file: self.file.clone(), line, column }
    }
}

/// Returns the number of a word of digits, with one point at most.
fn number(word: &str) -> Option<Value> {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let (whole, behind) = digits.split_once('.').map_or((digits, None), |(whole, behind)| (whole, Some(behind)));
    let all_digits = |text: &str| !text.is_empty() && text.len() <= 15 && text.bytes().all(|byte| byte.is_ascii_digit());
    match behind {
        None if all_digits(whole) => word.parse().ok().map(Value::Whole),
        Some(behind) if all_digits(whole) && all_digits(behind) => word.parse().ok().map(Value::Decimal),
        _ => None,
    }
}

/// Returns the lines of a text between `"""`, without what stands before the closing ones.
fn lines(inside: &str) -> Option<String> {
    let inside = inside.strip_prefix('\n').or_else(|| inside.strip_prefix("\r\n"))?;
    let Some((body, indent)) = inside.rsplit_once('\n') else {
        return inside.bytes().all(|byte| matches!(byte, b' ' | b'\t')).then(String::new);
    };
    let is_blank = |line: &str| line.bytes().all(|byte| matches!(byte, b' ' | b'\t'));
    if !is_blank(indent) {
        return None;
    }
    let mut text = String::with_capacity(body.len());
    for (number, line) in body.split('\n').enumerate() {
        if number > 0 {
            text.push('\n');
        }
        let line = line.strip_suffix('\r').unwrap_or(line);
        // A line of nothing but blanks is empty.
        if !is_blank(line) {
            text.push_str(line.strip_prefix(indent)?);
        }
    }
    Some(text)
}

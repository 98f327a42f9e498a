//! Kotlin as the grammar knows it: what newer compilers take, or what makes it take a declaration for an expression, is blanked out.

use std::borrow::Cow;

/// What a byte stands in.
enum Inside {
    /// A template in a text, with so many braces open.
    Template(usize),
    /// What stands in brackets behind an annotation or `context`, which begins at `start`, with so many brackets open.
    Arguments { start: usize, depth: usize, is_context: bool },
    /// A text; in one that so many `$` stand before, a template begins with as many.
    Text { raw: bool, dollars: usize },
}

/// What a declaration may begin with behind `context(…)`; a type begins with a bracket or a large letter.
const BEGINS: [&str; 30] = [
    "abstract",
    "actual",
    "annotation",
    "class",
    "const",
    "data",
    "enum",
    "expect",
    "external",
    "final",
    "fun",
    "infix",
    "inline",
    "inner",
    "interface",
    "internal",
    "lateinit",
    "object",
    "open",
    "operator",
    "override",
    "private",
    "protected",
    "public",
    "sealed",
    "suspend",
    "tailrec",
    "val",
    "value",
    "var",
];

/// A text as the grammar knows it; all that is left in it is where it was.
pub(super) struct Plain<'t> {
    /// Without comments, annotations and `context(…)`; and texts of several `$` are plain ones.
    pub text: Cow<'t, str>,
    /// The annotations and contexts as expressions, and nothing else; none, where there are none.
    pub left_out: Option<String>,
    /// Where a `;` does no harm, before a bracket that closes on the line: the grammar asks for one.
    ends: Vec<usize>,
}

impl Plain<'_> {
    /// Returns the text with a `;` wherever that does no harm.
    pub(super) fn ended(&self) -> String {
        let mut bytes = self.text.as_bytes().to_vec();
        self.ends.iter().for_each(|at| bytes[*at] = b';');
        String::from_utf8(bytes).unwrap_or_default()
    }
}

/// Returns a text as the grammar knows it.
pub(super) fn plain(text: &str) -> Plain<'_> {
    let mut reader = Reader { bytes: text.as_bytes(), out: None, left_out: None, ends: Vec::new(), inside: Vec::new() };
    let mut at = 0;
    while at < reader.bytes.len() {
        at = match reader.inside.last() {
            Some(Inside::Text { raw, dollars }) => reader.text(at, *raw, *dollars),
            _ => reader.code(at),
        };
    }
    let Reader { out, left_out, ends, .. } = reader;
    let string = |bytes: Option<Vec<u8>>| bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    Plain { text: string(out).map_or(Cow::Borrowed(text), Cow::Owned), left_out: string(left_out), ends }
}

struct Reader<'t> {
    bytes: &'t [u8],
    /// What is different, if anything is.
    out: Option<Vec<u8>>,
    left_out: Option<Vec<u8>>,
    ends: Vec<usize>,
    inside: Vec<Inside>,
}

fn in_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

impl Reader<'_> {
    fn blank(&mut self, from: usize, to: usize) {
        let out = self.out.get_or_insert_with(|| self.bytes.to_vec());
        out[from..to].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
    }

    /// Blanks an annotation or a context, of which the names are kept: so that each is a statement.
    fn leave_out(&mut self, from: usize, to: usize, is_context: bool) {
        self.blank(from, to);
        let bytes = self.bytes;
        let kept = self.left_out.get_or_insert_with(|| bytes.iter().map(|byte| if *byte == b'\n' { b'\n' } else { b' ' }).collect());
        kept[from..to].copy_from_slice(&bytes[from..to]);
        let skipped = if is_context { b"context".len() } else { 1 };
        kept[from..from + skipped].fill(b' ');
        if is_context {
            // Of `(name: Type, Type)` the types are named.
            let mut name = from;
            for at in from..to {
                match bytes[at] {
                    b':' => kept[name..=at].fill(b' '),
                    b'(' | b')' => (kept[at], name) = (b' ', at + 1),
                    b',' => (kept[at], name) = (b';', at + 1),
                    _ => {}
                }
            }
            return;
        }
        if kept.get(to) == Some(&b' ') {
            kept[to] = b';';
        }
        let named = bytes[from..to].iter().skip(1).position(|byte| !in_name(*byte)).map(|length| from + 1 + length);
        if let Some(colon) = named.filter(|at| bytes[*at] == b':') {
            kept[from + 1..=colon].fill(b' ');
        }
    }

    fn starts(&self, at: usize, with: &[u8]) -> bool {
        self.bytes[at..].starts_with(with)
    }

    /// Returns where what begins at `at` ends, as long as `goes_on`.
    fn end(&self, at: usize, goes_on: impl Fn(u8) -> bool) -> usize {
        self.bytes[at..].iter().position(|byte| !goes_on(*byte)).map_or(self.bytes.len(), |length| at + length)
    }

    /// Looks at a byte of code; returns where to go on.
    fn code(&mut self, at: usize) -> usize {
        match self.bytes[at] {
            b'/' if self.starts(at, b"//") || self.starts(at, b"/*") => {
                let end = if self.starts(at, b"//") { self.end(at, |byte| byte != b'\n') } else { self.comment(at) };
                self.blank(at, end);
                end
            }
            b'"' => {
                let dollars = self.bytes[..at].iter().rev().take_while(|byte| **byte == b'$').count();
                if dollars > 0 {
                    self.blank(at - dollars, at);
                }
                let raw = self.starts(at, b"\"\"\"");
                self.inside.push(Inside::Text { raw, dollars: dollars.max(1) });
                at + if raw { 3 } else { 1 }
            }
            b'\'' if self.starts(at, b"'\\") => self.end((at + 3).min(self.bytes.len()), |byte| !matches!(byte, b'\'' | b'\n')) + 1,
            b'\'' => match self.bytes[at + 1..].iter().take(5).skip(1).position(|byte| *byte == b'\'') {
                Some(length) => at + length + 3,
                None => at + 1,
            },
            b'`' => self.end(at + 1, |byte| !matches!(byte, b'`' | b'\n')) + 1,
            b'@' if !at.checked_sub(1).is_some_and(|before| in_name(self.bytes[before])) => self.annotation(at),
            b'c' if self.starts(at, b"context(")
                && !at.checked_sub(1).is_some_and(|one| in_name(self.bytes[one]) || self.bytes[one] == b'.') =>
            {
                self.inside.push(Inside::Arguments { start: at, depth: 1, is_context: true });
                at + b"context(".len()
            }
            byte if in_name(byte) => self.word(at),
            byte => {
                self.bracket(at, byte);
                at + 1
            }
        }
    }

    /// Passes over a word, which is another one where the grammar knows it only as something else.
    fn word(&mut self, at: usize) -> usize {
        let end = self.end(at, in_name);
        let next = self.end(end, |byte| byte.is_ascii_whitespace());
        let is_member = at.checked_sub(1).is_some_and(|before| self.bytes[before] == b'.');
        let other = match &self.bytes[at..end] {
            b"suspend" if is_member => Some(b'_'),
            b"suspend" if self.starts(next, b"{") => {
                self.blank(at, end);
                None
            }
            b"dynamic" => Some(b'_'),
            b"_" if self.starts(next, b":") => Some(b'a'),
            _ => None,
        };
        if let Some(other) = other {
            self.out.get_or_insert_with(|| self.bytes.to_vec())[end - 1] = other;
        }
        end
    }

    /// Counts a bracket; at the last one of what is to be blanked, does so.
    fn bracket(&mut self, at: usize, byte: u8) {
        match (self.inside.last_mut(), byte) {
            (Some(Inside::Template(depth)), b'{') | (Some(Inside::Arguments { depth, .. }), b'(' | b'[') => *depth += 1,
            (Some(Inside::Template(depth)), b'}') | (Some(Inside::Arguments { depth, .. }), b')' | b']') => *depth -= 1,
            _ => {}
        }
        match self.inside.last() {
            Some(Inside::Template(0)) => drop(self.inside.pop()),
            _ if byte == b'}' && at > 0 && self.bytes[at - 1] == b' ' => {
                let before = self.bytes[..at].iter().rev().find(|byte| !matches!(**byte, b' ' | b'\t'));
                let ends = |byte: &u8| !matches!(byte, b'{' | b'>' | b',' | b';' | b'\n' | b'/');
                self.ends.extend(before.filter(|byte| ends(byte)).map(|_| at - 1));
            }
            Some(Inside::Arguments { start, depth: 0, is_context }) => {
                let (start, is_context) = (*start, *is_context);
                self.inside.pop();
                let next = self.end(at + 1, |byte| byte.is_ascii_whitespace());
                let word = &self.bytes[next..self.end(next, in_name)];
                let is_type = self.starts(next, b"(") || self.bytes.get(next).is_some_and(u8::is_ascii_uppercase);
                let begins = BEGINS.iter().any(|begin| begin.as_bytes() == word) || self.starts(next, b"@");
                if !is_context || begins || (is_type && !self.bytes[at..next].contains(&b'\n')) {
                    self.leave_out(start, at + 1, is_context);
                }
            }
            _ => {}
        }
    }

    /// Blanks an annotation, or goes on in its arguments.
    fn annotation(&mut self, at: usize) -> usize {
        let mut end = self.end(at + 1, in_name);
        if self.starts(end, b":") {
            if self.starts(at, b"@file:") {
                return end;
            }
            end = self.end(end + 1, in_name);
        }
        if self.starts(end, b"[") {
            self.inside.push(Inside::Arguments { start: at, depth: 1, is_context: false });
            return end + 1;
        }
        while self.starts(end, b".") || self.starts(end, b"`") {
            end = if self.starts(end, b"`") {
                self.end(end + 1, |byte| !matches!(byte, b'`' | b'\n')) + 1
            } else {
                self.end(end + 1, in_name)
            };
        }
        end = end.min(self.bytes.len());
        if end == at + 1 {
            return end;
        }
        if self.starts(end, b"<") {
            let types = self.end(end, |byte| in_name(byte) || matches!(byte, b'<' | b'>' | b',' | b' ' | b'.' | b'?' | b'*'));
            end = self.bytes[end..types].iter().rposition(|byte| *byte == b'>').map_or(end, |last| end + last + 1);
        }
        if self.starts(end, b"(") {
            self.inside.push(Inside::Arguments { start: at, depth: 1, is_context: false });
            return end + 1;
        }
        self.leave_out(at, end, false);
        end
    }

    /// Returns where a comment ends; there may be others in it.
    fn comment(&self, at: usize) -> usize {
        let (mut at, mut depth) = (at, 0usize);
        while at < self.bytes.len() {
            if self.starts(at, b"/*") {
                (at, depth) = (at + 2, depth + 1);
            } else if self.starts(at, b"*/") {
                (at, depth) = (at + 2, depth - 1);
                if depth == 0 {
                    return at;
                }
            } else {
                at += 1;
            }
        }
        at
    }

    /// Looks at a byte of a text; returns where to go on.
    fn text(&mut self, at: usize, raw: bool, dollars: usize) -> usize {
        match self.bytes[at] {
            b'\\' if !raw => (at + 2).min(self.bytes.len()),
            b'"' if !raw || self.starts(at, b"\"\"\"") => {
                self.inside.pop();
                if raw { self.end(at, |byte| byte == b'"') } else { at + 1 }
            }
            b'\n' if !raw => {
                self.inside.pop();
                at + 1
            }
            b'$' => {
                let end = self.end(at, |byte| byte == b'$');
                let opens = end - at >= dollars;
                if dollars > 1 {
                    self.blank(at, if opens { end - 1 } else { end });
                }
                if opens && self.starts(end, b"{") {
                    self.inside.push(Inside::Template(1));
                    return end + 1;
                }
                end
            }
            _ => at + 1,
        }
    }
}

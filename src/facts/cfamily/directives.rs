//! The lines of a text that the preprocessor is told something by: it comes before all grammar, and so do they.

/// A directive: where its `#` stands, in bytes, its name, and what follows, without comments and with continued lines joined.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Directive {
    pub at: usize,
    pub name: String,
    pub rest: String,
}

/// Returns all directives of a text that do not stand in `#if 0`, in order. What is in a comment or a string is none.
pub(super) fn directives(text: &str) -> Vec<Directive> {
    let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
    let (mut found, mut dead, mut fresh) = (Vec::new(), vec![false], true);
    while let Some(byte) = reader.peek(0) {
        let begin = reader.at;
        match byte {
            b'\n' => fresh = true,
            b'#' if fresh => {
                reader.at += 1;
                let line = String::from_utf8_lossy(&reader.line()).into_owned();
                let line = line.trim();
                let end = line.find(|letter: char| !letter.is_alphanumeric() && letter != '_').unwrap_or(line.len());
                let (name, rest) = (&line[..end], line[end..].trim());
                let around = dead.len() > 1 && dead[dead.len() - 2];
                let is_dead = dead.last() == Some(&true);
                match name {
                    "if" | "ifdef" | "ifndef" => dead.push(is_dead || (name == "if" && rest == "0")),
                    "else" | "elif" | "elifdef" | "elifndef" if dead.len() > 1 => {
                        dead.pop();
                        dead.push(around);
                    }
                    "endif" if dead.len() > 1 => drop(dead.pop()),
                    _ if is_dead => {}
                    _ => found.push(Directive { at: begin, name: name.to_owned(), rest: rest.to_owned() }),
                }
                continue;
            }
            _ if reader.skip_comment() || reader.skip_joint() => continue,
            b' ' | b'\t' | b'\r' | b'\x0b' | b'\x0c' => {}
            b'"' => {
                fresh = false;
                if !reader.skip_raw() {
                    reader.skip_quoted(b'"');
                }
                continue;
            }
            // In a number it only parts digits.
            b'\'' if !reader.is_in_number() => {
                fresh = false;
                reader.skip_quoted(b'\'');
                continue;
            }
            _ => fresh = false,
        }
        reader.at += 1;
    }
    found
}

struct Reader<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn begins(&self, with: &[u8]) -> bool {
        self.bytes[self.at..].starts_with(with)
    }

    /// Passes over a backslash at the end of a line, and that end.
    fn skip_joint(&mut self) -> bool {
        let long = [&b"\\\n"[..], b"\\\r\n"].into_iter().find(|joint| self.begins(joint)).map_or(0, <[u8]>::len);
        self.at += long;
        long > 0
    }

    /// Passes over a comment; the end of the line behind `//` is left.
    fn skip_comment(&mut self) -> bool {
        if self.begins(b"/*") {
            let end = memchr::memmem::find(&self.bytes[self.at + 2..], b"*/");
            self.at = end.map_or(self.bytes.len(), |end| self.at + end + 4);
            return true;
        }
        let is_line = self.begins(b"//");
        while is_line && self.peek(0).is_some_and(|byte| byte != b'\n') {
            if !self.skip_joint() {
                self.at += 1;
            }
        }
        is_line
    }

    /// Passes over a text between quotes, at most to the end of its line.
    fn skip_quoted(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek(0).filter(|byte| *byte != b'\n') {
            if self.skip_joint() {
                continue;
            }
            self.at += if byte == b'\\' && self.peek(1) != Some(b'\n') { 2 } else { 1 };
            if byte == quote {
                break;
            }
        }
    }

    /// Passes over `R"mark(…)mark"`, of which this is the first quote.
    fn skip_raw(&mut self) -> bool {
        let before = &self.bytes[..self.at];
        let word = before.iter().rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').map_or(before, |at| &before[at + 1..]);
        if !matches!(word, b"R" | b"LR" | b"uR" | b"UR" | b"u8R") {
            return false;
        }
        let rest = &self.bytes[self.at + 1..];
        let Some(open) = rest.iter().take(17).position(|byte| *byte == b'(') else { return false };
        let close = [b")", &rest[..open], b"\""].concat();
        let end = memchr::memmem::find(&rest[open..], &close);
        self.at = end.map_or(self.bytes.len(), |end| self.at + 1 + open + end + close.len());
        true
    }

    fn is_in_number(&self) -> bool {
        let before = &self.bytes[..self.at];
        let word = before.iter().rposition(|byte| !byte.is_ascii_alphanumeric() && *byte != b'\'').map_or(before, |at| &before[at + 1..]);
        word.first().is_some_and(u8::is_ascii_digit)
    }

    /// Returns the rest of a line that may be continued, without comments, and goes behind it.
    fn line(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        while let Some(byte) = self.peek(0).filter(|byte| *byte != b'\n') {
            if self.skip_joint() {
                continue;
            }
            // A name in angle brackets may have two slashes.
            let is_name = line.contains(&b'<') && !line.contains(&b'>') && names_a_file(&line);
            if !is_name && self.skip_comment() {
                line.push(b' ');
                continue;
            }
            let begin = self.at;
            match byte {
                b'"' => self.skip_quoted(byte),
                _ => self.at += 1,
            }
            line.extend_from_slice(&self.bytes[begin..self.at]);
        }
        line
    }
}

fn names_a_file(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    [&b"include"[..], b"import", b"embed"].iter().any(|name| line.starts_with(name))
}

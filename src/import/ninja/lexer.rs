//! The words of a ninja file: what stands where, without knowing what it means.

use super::error::Wrong;

/// A word.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Token<'t> {
    Build,
    Rule,
    Pool,
    Default,
    Include,
    Subninja,
    Word(&'t str),
    Equals,
    Colon,
    Pipe,
    Pipe2,
    PipeAt,
    Indent,
    Newline,
    End,
}

impl Token<'_> {
    fn told(self) -> String {
        match self {
            Token::Build => String::from("`build`"),
            Token::Rule => String::from("`rule`"),
            Token::Pool => String::from("`pool`"),
            Token::Default => String::from("`default`"),
            Token::Include => String::from("`include`"),
            Token::Subninja => String::from("`subninja`"),
            Token::Word(word) => format!("`{word}`"),
            Token::Equals => String::from("`=`"),
            Token::Colon => String::from("`:`"),
            Token::Pipe => String::from("`|`"),
            Token::Pipe2 => String::from("`||`"),
            Token::PipeAt => String::from("`|@`"),
            Token::Indent => String::from("an indented line"),
            Token::Newline => String::from("the end of the line"),
            Token::End => String::from("the end of the file"),
        }
    }
}

/// A piece of a text with variables.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Piece<'t> {
    Text(&'t str),
    Variable(&'t str),
}

/// A text with variables, as it was written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Written<'t> {
    Plain(&'t str),
    Pieces(Vec<Piece<'t>>),
}

impl Written<'_> {
    pub fn is_empty(&self) -> bool {
        matches!(self, Written::Plain("")) || matches!(self, Written::Pieces(pieces) if pieces.is_empty())
    }
}

/// Goes through the bytes of a file once.
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
    /// Where the last token or text began.
    last: usize,
}

impl<'t> Lexer<'t> {
    pub fn new(text: &'t str) -> Lexer<'t> {
        Lexer { text, at: 0, last: 0 }
    }

    /// Returns where the last token or text began, in bytes.
    pub fn last(&self) -> usize {
        self.last
    }

    fn byte(&self, at: usize) -> Option<u8> {
        self.text.as_bytes().get(at).copied()
    }

    /// Whether a line ends at `at`; how many bytes that takes.
    fn ends(&self, at: usize) -> Option<usize> {
        match (self.byte(at), self.byte(at + 1)) {
            (Some(b'\n'), _) => Some(1),
            (Some(b'\r'), Some(b'\n')) => Some(2),
            _ => None,
        }
    }

    fn wrong(&self, at: usize, message: impl Into<String>, help: impl Into<String>) -> Wrong {
        Wrong::new(at, message, help)
    }

    /// Returns the next token.
    pub fn token(&mut self) -> Result<Token<'t>, Wrong> {
        loop {
            let start = self.at;
            let mut at = start;
            while self.byte(at) == Some(b' ') {
                at += 1;
            }
            if self.byte(at) == Some(b'#') {
                let rest = &self.text.as_bytes()[at..];
                self.at = at + rest.iter().position(|byte| *byte == b'\n').map_or(rest.len(), |end| end + 1);
                continue;
            }
            self.last = at;
            if let Some(length) = self.ends(at) {
                self.at = at + length;
                return Ok(Token::Newline);
            }
            if at > start {
                self.last = start;
                self.at = at;
                return Ok(Token::Indent);
            }
            let (token, length) = match self.byte(at) {
                None => (Token::End, 0),
                Some(b'=') => (Token::Equals, 1),
                Some(b':') => (Token::Colon, 1),
                Some(b'|') => match self.byte(at + 1) {
                    Some(b'|') => (Token::Pipe2, 2),
                    Some(b'@') => (Token::PipeAt, 2),
                    _ => (Token::Pipe, 1),
                },
                Some(byte) if is_name(byte) => {
                    let word = self.name_at(at);
                    let token = match word {
                        "build" => Token::Build,
                        "rule" => Token::Rule,
                        "pool" => Token::Pool,
                        "default" => Token::Default,
                        "include" => Token::Include,
                        "subninja" => Token::Subninja,
                        word => Token::Word(word),
                    };
                    (token, word.len())
                }
                Some(b'\t') => return Err(self.wrong(at, "a tab stands where ninja takes only blanks", "indent with blanks")),
                Some(_) => {
                    let c = self.text[at..].chars().next().unwrap_or_default();
                    let known = "a line begins with `build`, `rule`, `pool`, `default`, `include`, `subninja` or the name of a variable";
                    return Err(self.wrong(at, format!("{c:?} begins nothing that ninja knows"), known));
                }
            };
            self.at = at + length;
            if token != Token::End {
                self.blanks();
            }
            return Ok(token);
        }
    }

    /// Takes the next token if it is this one.
    pub fn take(&mut self, wanted: Token<'t>) -> Result<bool, Wrong> {
        let (at, last) = (self.at, self.last);
        let found = self.token()? == wanted;
        if !found {
            (self.at, self.last) = (at, last);
        }
        Ok(found)
    }

    /// Takes the next token, which has to be this one.
    pub fn expect(&mut self, wanted: Token<'t>, help: &str) -> Result<(), Wrong> {
        let found = self.token()?;
        if found == wanted {
            return Ok(());
        }
        Err(self.wrong(self.last, format!("expected {}, found {}", wanted.told(), found.told()), help))
    }

    /// Takes a name; `what` says of what.
    pub fn name(&mut self, what: &str) -> Result<&'t str, Wrong> {
        self.last = self.at;
        let word = self.name_at(self.at);
        if word.is_empty() {
            let help = "a name is made of letters, digits, `_`, `.` and `-`";
            return Err(self.wrong(self.at, format!("expected the name of {what}"), help));
        }
        self.at += word.len();
        self.blanks();
        Ok(word)
    }

    fn name_at(&self, at: usize) -> &'t str {
        let length = self.text.as_bytes()[at..].iter().take_while(|byte| is_name(**byte)).count();
        &self.text[at..at + length]
    }

    /// Skips blanks and line ends with a `$` before them.
    fn blanks(&mut self) {
        loop {
            match self.byte(self.at) {
                Some(b' ') => self.at += 1,
                Some(b'$') => match self.ends(self.at + 1) {
                    Some(length) => self.at += 1 + length,
                    None => return,
                },
                _ => return,
            }
        }
    }

    /// Takes a path: up to a blank, a colon, a bar or the end of the line.
    pub fn path(&mut self) -> Result<Written<'t>, Wrong> {
        let path = self.written(true)?;
        self.blanks();
        Ok(path)
    }

    /// Takes a value: all up to the end of the line, and that end.
    pub fn value(&mut self) -> Result<Written<'t>, Wrong> {
        self.written(false)
    }

    fn written(&mut self, path: bool) -> Result<Written<'t>, Wrong> {
        self.last = self.at;
        let mut pieces: Vec<Piece<'t>> = Vec::new();
        let bytes = self.text.as_bytes();
        let mut start = self.at;
        let mut at = self.at;
        let end = loop {
            match bytes.get(at) {
                Some(b'$') => {
                    if at > start {
                        pieces.push(Piece::Text(&self.text[start..at]));
                    }
                    at = self.escape(at, &mut pieces)?;
                    start = at;
                }
                Some(b' ' | b':' | b'|') if path => break at,
                Some(b'\n') => break at,
                Some(b'\r') if self.ends(at).is_some() => break at,
                Some(_) => at += 1,
                None if path => break at,
                None => return Err(self.wrong(at, "the file ends within a line", "end the last line with a newline")),
            }
        };
        self.at = if path { end } else { end + self.ends(end).unwrap_or(0) };
        if pieces.is_empty() {
            return Ok(Written::Plain(&self.text[start..end]));
        }
        if end > start {
            pieces.push(Piece::Text(&self.text[start..end]));
        }
        Ok(Written::Pieces(pieces))
    }

    /// Reads what a `$` at `at` begins; returns what stands behind it.
    fn escape(&self, at: usize, pieces: &mut Vec<Piece<'t>>) -> Result<usize, Wrong> {
        if let Some(length) = self.ends(at + 1) {
            let rest = &self.text.as_bytes()[at + 1 + length..];
            return Ok(at + 1 + length + rest.iter().take_while(|byte| **byte == b' ').count());
        }
        match self.byte(at + 1) {
            Some(b'$' | b' ' | b':') => {
                pieces.push(Piece::Text(&self.text[at + 1..at + 2]));
                Ok(at + 2)
            }
            Some(b'{') => {
                let name = self.name_at(at + 2);
                if name.is_empty() || self.byte(at + 2 + name.len()) != Some(b'}') {
                    return Err(self.wrong(at, "`${` begins no variable", "write it as `${name}`, or `$$` for a dollar"));
                }
                pieces.push(Piece::Variable(name));
                Ok(at + 3 + name.len())
            }
            Some(byte) if is_name(byte) && byte != b'.' => {
                // Without braces, a dot ends the name.
                let name = self.name_at(at + 1).split('.').next().unwrap_or_default();
                pieces.push(Piece::Variable(name));
                Ok(at + 1 + name.len())
            }
            _ => Err(self.wrong(at, "a `$` that begins nothing", "a dollar is written as `$$`")),
        }
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens() {
        let mut lexer = Lexer::new("# a comment\nbuild x.o: cc | || |@ =\n\n  # indented\n  y\r\n");
        let mut found = Vec::new();
        loop {
            let token = lexer.token().unwrap();
            found.push(token);
            if token == Token::End {
                break;
            }
        }
        use Token::*;
        let line = [Build, Word("x.o"), Colon, Word("cc"), Pipe, Pipe2, PipeAt, Equals, Newline, Newline];
        assert_eq!(found, [&line[..], &[Indent, Word("y"), Newline, End]].concat());
    }

    #[test]
    fn escapes() {
        use Piece::{Text, Variable};
        let value = |text: &'static str| Lexer::new(text).value().unwrap();
        assert_eq!(value("a: b | c # d\n"), Written::Plain("a: b | c # d"));
        assert_eq!(
            value("$$ $a ${b.c}$d.e\n"),
            Written::Pieces(vec![Text("$"), Text(" "), Variable("a"), Text(" "), Variable("b.c"), Variable("d"), Text(".e")])
        );
        assert_eq!(value("one $\n    two\n"), Written::Pieces(vec![Text("one "), Text("two")]));
        let mut lexer = Lexer::new("a$ b$:c d");
        assert_eq!(lexer.path().unwrap(), Written::Pieces(vec![Text("a"), Text(" "), Text("b"), Text(":"), Text("c")]));
        assert_eq!(lexer.path().unwrap(), Written::Plain("d"));
    }

    #[test]
    fn what_is_no_ninja() {
        let token = |text: &'static str| Lexer::new(text).token().unwrap_err().message;
        assert_eq!(token("\tcommand"), "a tab stands where ninja takes only blanks");
        assert_eq!(token("*"), "'*' begins nothing that ninja knows");
        let value = |text: &'static str| Lexer::new(text).value().unwrap_err().message;
        assert_eq!(value("a $! b\n"), "a `$` that begins nothing");
        assert_eq!(value("${a\n"), "`${` begins no variable");
        assert_eq!(value("a"), "the file ends within a line");
    }
}

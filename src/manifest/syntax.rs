//! Whether a text is KDL 2.0, in one pass without recursion: bounds hold, texts and comments are closed, blocks fit.
//!
//! The `kdl` crate recurses for each mistake it recovers from, and for each star of a comment, so that a small hostile file ends the
//! process. It is only handed what passes here, with comments blanked.

use std::borrow::Cow;
use std::ops::Range;

use super::text::{self, DEEPEST, Mistake, is_space};

/// After so many mistakes the rest is not looked at.
pub(super) const MOST: usize = 10;

/// What was read last.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Before {
    /// Nothing, or the end of a node.
    Start,
    /// `/-` before a node.
    Dashed,
    /// A name or value of a node.
    Entry,
    /// A name or value, and a blank.
    Blank,
    /// A block of a node that `/-` takes out; its own may follow.
    Gap,
    /// The block of a node.
    Block,
}

struct Check<'a> {
    text: &'a str,
    at: usize,
    open: Vec<usize>,
    /// Nodes that `/-` takes out: how deep they stand, and where they begin.
    dashed: Vec<(usize, usize)>,
    /// Blocks that `/-` takes out: how deep their inside is, where they begin, and what stands before them.
    gaps: Vec<(usize, usize, Before)>,
    comments: Vec<Range<usize>>,
    /// Where the last name of a node begins, and where the last value or property does.
    node: usize,
    entry: usize,
    words: Vec<Word>,
}

/// A word that is wrong, and where what it belongs to begins.
pub(super) struct Word {
    pub mistake: Mistake,
    pub node: usize,
    pub entry: usize,
}

/// Returns the text with its comments blanked, byte for byte, so that places stay what they are; and the words that are wrong in it, each of
/// which is an `x` there.
///
/// # Errors
/// The mistakes in their order, at most 10; those behind an unclosed text, comment or block are not looked for.
pub(super) fn check(text: &str) -> Result<(Cow<'_, str>, Vec<Word>), Vec<Mistake>> {
    if let Some((at, c)) = hidden(text) {
        let message = format!("a hidden control character stands here: U+{:04X}", c as u32);
        return Err(vec![Mistake {
            code: "manifest/hidden_character",
            ..Mistake::new(at..at + c.len_utf8(), message, "take the character out")
        }]);
    }
    let start = if text.starts_with('\u{feff}') { 3 } else { 0 };
    let mut check = Check {
        text,
        at: start,
        open: Vec::new(),
        dashed: Vec::new(),
        gaps: Vec::new(),
        comments: Vec::new(),
        node: start,
        entry: start,
        words: Vec::new(),
    };
    let mut mistakes = Vec::new();
    while let Err(mistake) = check.nodes(mistakes.is_empty()) {
        let fatal = mistake.fatal;
        check.at = text.ceil_char_boundary(check.at.max(mistake.span.end));
        mistakes.push(mistake);
        if fatal || mistakes.len() + check.words.len() >= MOST {
            break;
        }
        check.at += text[check.at..].find('\n').unwrap_or(text.len() - check.at);
    }
    if !mistakes.is_empty() {
        mistakes.extend(check.words.into_iter().map(|word| word.mistake));
        mistakes.sort_by_key(|mistake| mistake.span.start);
        mistakes.truncate(MOST);
        return Err(mistakes);
    }
    if check.comments.is_empty() && check.words.is_empty() {
        return Ok((Cow::Borrowed(text), Vec::new()));
    }
    let mut blanked = String::with_capacity(text.len());
    let mut end = 0;
    let words = check.words.iter().map(|word| (word.mistake.span.clone(), "x"));
    let mut blanks: Vec<(Range<usize>, &str)> = check.comments.into_iter().map(|comment| (comment, "")).chain(words).collect();
    blanks.sort_by_key(|(blank, _)| (blank.start, std::cmp::Reverse(blank.end)));
    for (blank, put) in blanks.into_iter().filter(|(blank, _)| !blank.is_empty()) {
        if blank.end > end {
            blanked.push_str(&text[end..blank.start]);
            blanked.push_str(put);
            blanked.extend(std::iter::repeat_n(' ', blank.len() - put.len()));
            end = blank.end;
        }
    }
    blanked.push_str(&text[end..]);
    Ok((Cow::Owned(blanked), check.words))
}

/// Returns the first character that KDL forbids everywhere, and where it stands.
pub(super) fn hidden(text: &str) -> Option<(usize, char)> {
    let mut at = 0;
    // All of them are below a blank, or begin with one of three bytes.
    while let Some(found) = text.as_bytes()[at..].iter().position(|byte| matches!(byte, 0..=8 | 0xe..=0x1f | 0x7f | 0xe2 | 0xef)) {
        at += found;
        let c = text[at..].chars().next()?;
        if is_hidden(c) && !(at == 0 && c == '\u{feff}') {
            return Some((at, c));
        }
        at += c.len_utf8();
    }
    None
}

/// What KDL forbids everywhere: control characters, and those that turn the direction of a line.
fn is_hidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

impl Check<'_> {
    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn starts(&self, with: &str) -> bool {
        self.rest().starts_with(with)
    }

    fn wrong(&self, length: usize, message: impl Into<String>, help: &str) -> Mistake {
        Mistake::new(self.at..self.at + length, message, help)
    }

    /// Reads nodes up to the end. `first` says that no mistake was found before, so that every brace was seen.
    fn nodes(&mut self, first: bool) -> Result<(), Mistake> {
        let mut before = Before::Start;
        loop {
            if self.blank()? && before == Before::Entry {
                before = Before::Blank;
            }
            let Some(c) = self.rest().chars().next() else { break };
            let inside = matches!(before, Before::Entry | Before::Blank | Before::Gap | Before::Block);
            match c {
                '/' if self.starts("//") => {
                    self.ended(inside);
                    self.line_comment();
                    before = if before == Before::Dashed { before } else { Before::Start };
                }
                _ if text::newline(self.rest()) > 0 => {
                    self.ended(inside);
                    self.at += text::newline(self.rest());
                    before = if before == Before::Dashed { before } else { Before::Start };
                }
                ';' if inside => {
                    self.at += 1;
                    self.ended(true);
                    before = Before::Start;
                }
                '}' if before != Before::Dashed => {
                    self.ended(inside);
                    let gap = self.gaps.pop_if(|(depth, ..)| *depth == self.open.len());
                    if self.open.pop().is_none() && first {
                        return Err(self.wrong(1, "nothing is open that `}` could close", "take it out"));
                    }
                    self.at += 1;
                    before = match gap {
                        Some((_, start, before)) => {
                            self.comments.push(start..self.at);
                            if before == Before::Block { before } else { Before::Gap }
                        }
                        None => Before::Block,
                    };
                }
                '{' if inside && before != Before::Block => self.enter(&mut before)?,
                '{' if inside => return Err(self.wrong(1, "a node has one block", "end the node with `;` or a new line first")),
                '{' => return Err(self.wrong(1, "a block has a name before it", "write the node's name before `{`")),
                '/' if self.starts("/-") && before != Before::Dashed => {
                    let start = self.at;
                    self.at += 2;
                    if inside {
                        self.line_space()?;
                    }
                    match before {
                        _ if !inside => {
                            self.dashed.push((self.open.len(), start));
                            before = Before::Dashed;
                        }
                        _ if self.starts("{") => {
                            let around = before;
                            self.enter(&mut before)?;
                            self.gaps.push((self.open.len(), start, around));
                        }
                        Before::Blank => {
                            self.entry()?;
                            self.comments.push(start..self.at);
                            before = Before::Entry;
                        }
                        _ => return Err(self.wrong(0, "a blank is missing before `/-`", "put a blank there")),
                    }
                }
                _ if !inside => {
                    self.name()?;
                    before = Before::Entry;
                }
                _ if matches!(before, Before::Gap | Before::Block) => {
                    return Err(self.wrong(c.len_utf8(), "a node ends with its block", "put `;` or a new line behind `}`"));
                }
                '=' => return Err(self.wrong(1, "`=` needs a name right before it", "write a property as `name=\"value\"`")),
                _ if before == Before::Entry => {
                    return Err(self.wrong(c.len_utf8(), format!("a blank is missing before `{c}`"), "put a blank there"));
                }
                _ => {
                    self.entry()?;
                    before = Before::Entry;
                }
            }
        }
        self.ended(matches!(before, Before::Entry | Before::Blank | Before::Gap | Before::Block));
        if before == Before::Dashed {
            return Err(self.wrong(0, "`/-` has nothing behind it", "take it out"));
        }
        match self.open.last() {
            Some(open) if first => {
                Err(Mistake { fatal: true, ..Mistake::new(*open..*open + 1, "this block is not closed", "close it with `}`") })
            }
            _ => Ok(()),
        }
    }

    /// Notes the end of a node: one that `/-` takes out is blanked as a comment is.
    fn ended(&mut self, inside: bool) {
        if inside && let Some((_, start)) = self.dashed.pop_if(|(depth, _)| *depth == self.open.len()) {
            self.comments.push(start..self.at);
        }
    }

    fn enter(&mut self, before: &mut Before) -> Result<(), Mistake> {
        if self.open.len() == DEEPEST {
            let help = "manifests need no more than a handful of levels";
            let mistake = self.wrong(1, format!("blocks are nested deeper than {DEEPEST}"), help);
            return Err(Mistake { code: "manifest/too_deep", fatal: true, ..mistake });
        }
        self.open.push(self.at);
        self.at += 1;
        *before = Before::Start;
        Ok(())
    }

    /// Skips blanks, block comments, and ends of lines behind a backslash; whether there were any.
    fn blank(&mut self) -> Result<bool, Mistake> {
        let start = self.at;
        loop {
            match self.rest().chars().next() {
                Some(c) if is_space(c) => self.at += c.len_utf8(),
                Some('/') if self.starts("/*") => {
                    let end = text::comment(self.text, self.at)?;
                    self.comments.push(self.at..end);
                    self.at = end;
                }
                Some('\\') => {
                    let slash = self.at;
                    self.at += 1;
                    while let Some(c) = self.rest().chars().next().filter(|c| is_space(*c)) {
                        self.at += c.len_utf8();
                    }
                    if self.starts("//") {
                        self.line_comment();
                    }
                    let newline = text::newline(self.rest());
                    if newline == 0 && !self.rest().is_empty() {
                        return Err(Mistake::new(slash..slash + 1, "a backslash stands at the end of a line", "take it out"));
                    }
                    self.at += newline;
                }
                _ => return Ok(self.at > start),
            }
        }
    }

    /// As `blank`, with line breaks and comments to the end of the line.
    fn line_space(&mut self) -> Result<(), Mistake> {
        loop {
            self.blank()?;
            match text::newline(self.rest()) {
                0 if self.starts("//") => self.line_comment(),
                0 => return Ok(()),
                newline => self.at += newline,
            }
        }
    }

    fn line_comment(&mut self) {
        let start = self.at;
        self.at += self.rest().find(text::is_newline).unwrap_or(self.rest().len());
        self.comments.push(start..self.at);
    }

    /// As [`text::value`]; a word that is wrong is noted, and taken for a right one.
    fn value(&mut self) -> Result<bool, Mistake> {
        match text::value(self.text, &mut self.at) {
            Err(mistake) if mistake.word && self.words.len() + 1 < MOST && text::ends_here(self.text, self.at) => {
                self.words.push(Word { mistake, node: self.node, entry: self.entry });
                Ok(true)
            }
            read => read,
        }
    }

    fn name(&mut self) -> Result<(), Mistake> {
        let start = self.at;
        (self.node, self.entry) = (start, start);
        if self.value()? {
            return Ok(());
        }
        let span = start..self.at;
        Err(Mistake::new(span, "a node's name is a word or a text", "write a word here, such as `task`"))
    }

    /// Reads a value, or a property with its value.
    fn entry(&mut self) -> Result<(), Mistake> {
        self.entry = self.at;
        let named = self.value()?;
        let end = self.at;
        if !named {
            return Ok(());
        }
        let comments = self.comments.len();
        self.blank()?;
        if !self.starts("=") {
            self.at = end;
            self.comments.truncate(comments);
            return Ok(());
        }
        self.at += 1;
        self.blank()?;
        if self.rest().is_empty() || self.starts("//") || text::newline(self.rest()) > 0 {
            return Err(self.wrong(0, "the property has no value", "write it as `name=\"value\"`"));
        }
        self.value().map(drop)
    }
}

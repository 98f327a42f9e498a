//! The quick way through a manifest that is right: one pass, straight into nodes.
//!
//! The `kdl` crate keeps every blank of a document for whoever edits it, and recovers from mistakes; that costs it hundreds of times what
//! reading costs. Here all of KDL 2.0 that a manifest may hold is read; at the first mistake `None` is returned, and the text goes the
//! long way, so that there is one source of messages. What is returned is exactly what the long way gives; tests hold the two against
//! each other.

use std::sync::Arc;

use rayon::prelude::*;

use super::literal;
use super::node::{Node, Value};
use super::syntax::{Before, hidden};
use super::text::{self, DEEPEST, is_newline, is_space};
use crate::base::Place;

/// From how many bytes on a text is read in pieces, on all processors.
const LARGE: usize = 1 << 20;

/// How many bytes a piece has, about.
const PIECE: usize = 64 << 10;

/// Returns the nodes of a text, in one pass without recursion; `None` where it is wrong, or where this reader does not know it.
///
/// Whatever this accepts is KDL 2.0 within the bounds of a manifest, and is what the `kdl` crate makes of it.
pub(super) fn read(file: &Arc<str>, text: &str) -> Option<Vec<Node>> {
    let count = if text.len() < LARGE { 1 } else { text.len() / PIECE };
    pieces(file, text, count).or_else(|| Reader::new(file, text, 1).nodes())
}

/// Reads a text in about `count` pieces that end behind a line which is a closing brace; `None` also where one such is not the end of a node.
///
/// Where a piece can be read to its end by itself, whoever reads the whole text stands between two nodes there, too.
pub(super) fn pieces(file: &Arc<str>, text: &str, count: usize) -> Option<Vec<Node>> {
    let (mut pieces, mut rest, mut line) = (Vec::new(), text, 1);
    for left in (2..=count).rev() {
        let least = rest.floor_char_boundary(rest.len() / left);
        let Some(end) = rest[least..].find("\n}\n").map(|at| least + at + 3) else { break };
        pieces.push((&rest[..end], line));
        line += memchr::memchr_iter(b'\n', &rest.as_bytes()[..end]).count() as u32;
        rest = &rest[end..];
    }
    if pieces.is_empty() {
        return None;
    }
    pieces.push((rest, line));
    // Threads that count the same name's owners would wait for each other.
    let read = |(piece, line): (&str, u32)| Reader::new(&Arc::from(&**file), piece, line).nodes();
    let mut read = pieces.into_par_iter().map(read).collect::<Option<Vec<_>>>()?.into_iter();
    let mut nodes = read.next()?;
    nodes.reserve(read.as_slice().iter().map(Vec::len).sum());
    read.for_each(|more| nodes.extend(more));
    Some(nodes)
}

struct Reader<'a> {
    file: &'a Arc<str>,
    text: &'a str,
    at: usize,
    spot: Spot,
    /// The nodes that are read, those of a block behind the one that it belongs to until it is closed.
    read: Vec<Node>,
    above: Vec<Level>,
    level: Level,
}

/// The last place that was asked for. Places are asked for in order, so that each byte is counted once.
struct Spot {
    at: usize,
    line: u32,
    column: u32,
}

/// One block, the last node of which may still be read.
#[derive(Default)]
struct Level {
    /// Where its nodes begin among those that are read.
    first: usize,
    /// Whether `/-` takes the last node out.
    dashed: bool,
    /// What stands before the block, where `/-` takes the block out.
    gap: Option<Before>,
}

impl<'a> Reader<'a> {
    /// `line`: the line that the text begins on.
    fn new(file: &'a Arc<str>, text: &'a str, line: u32) -> Reader<'a> {
        let spot = Spot { at: 0, line, column: 1 };
        Reader { file, text, at: 0, spot, read: Vec::new(), above: Vec::new(), level: Level::default() }
    }

    /// Notes the end of a node.
    fn ended(&mut self, inside: bool) {
        if inside && self.level.dashed {
            self.read.pop();
            self.level.dashed = false;
        }
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn starts(&self, with: &[u8]) -> bool {
        self.text.as_bytes()[self.at..].starts_with(with)
    }

    /// Returns the length of the line break that stands here; 0 if none does.
    fn newline(&self) -> usize {
        match self.byte() {
            Some(b'\n') => 1,
            Some(b'\r' | 0xb | 0xc | 0xc2 | 0xe2) => text::newline(&self.text[self.at..]),
            _ => 0,
        }
    }

    fn nodes(mut self) -> Option<Vec<Node>> {
        if self.text.starts_with('\u{feff}') {
            if self.spot.line > 1 {
                return None;
            }
            self.at = 3;
        }
        if hidden(self.text).is_some() {
            return None;
        }
        let mut before = Before::Start;
        loop {
            if self.blank()? && before == Before::Entry {
                before = Before::Blank;
            }
            let Some(byte) = self.byte() else { break };
            let inside = !matches!(before, Before::Start | Before::Dashed);
            let newline = self.newline();
            match byte {
                _ if newline > 0 || self.starts(b"//") => {
                    self.ended(inside);
                    if newline > 0 {
                        self.at += newline;
                    } else {
                        self.line_comment();
                    }
                    before = if before == Before::Dashed { before } else { Before::Start };
                }
                b';' if inside => {
                    self.ended(true);
                    self.at += 1;
                    before = Before::Start;
                }
                b'}' if before != Before::Dashed => {
                    self.ended(inside);
                    let level = std::mem::replace(&mut self.level, self.above.pop()?);
                    self.at += 1;
                    let children = self.read.drain(level.first..);
                    before = match level.gap {
                        Some(Before::Block) => Before::Block,
                        Some(_) => Before::Gap,
                        None => {
                            let children = children.collect();
                            self.read.last_mut()?.children = children;
                            Before::Block
                        }
                    };
                }
                b'{' if inside && before != Before::Block => self.enter(&mut before, None)?,
                b'/' if self.starts(b"/-") && before != Before::Dashed => {
                    self.at += 2;
                    if !inside {
                        self.level.dashed = true;
                        before = Before::Dashed;
                        continue;
                    }
                    self.line_space()?;
                    match (self.byte()?, before) {
                        (b'{', around) => self.enter(&mut before, Some(around))?,
                        (_, Before::Blank) => {
                            self.entry(false)?;
                            before = Before::Entry;
                        }
                        _ => return None,
                    }
                }
                _ if !inside => {
                    self.name()?;
                    before = Before::Entry;
                }
                _ if before == Before::Blank => {
                    self.entry(true)?;
                    before = Before::Entry;
                }
                _ => return None,
            }
        }
        self.ended(!matches!(before, Before::Start | Before::Dashed));
        (before != Before::Dashed && self.above.is_empty()).then_some(self.read)
    }

    fn enter(&mut self, before: &mut Before, gap: Option<Before>) -> Option<()> {
        if self.above.len() == DEEPEST {
            return None;
        }
        self.at += 1;
        *before = Before::Start;
        self.above.push(std::mem::replace(&mut self.level, Level { first: self.read.len(), dashed: false, gap }));
        Some(())
    }

    /// Skips blanks, block comments, and ends of lines behind a backslash; whether there were any.
    fn blank(&mut self) -> Option<bool> {
        let start = self.at;
        loop {
            match self.byte() {
                Some(b' ' | b'\t') => self.at += 1,
                Some(b'/') if self.starts(b"/*") => self.at = text::comment(self.text, self.at).ok()?,
                Some(b'\\') => {
                    self.at += 1;
                    self.at += self.text[self.at..].find(|c| !is_space(c)).unwrap_or(self.text.len() - self.at);
                    if self.starts(b"//") {
                        self.line_comment();
                    }
                    let newline = self.newline();
                    if newline == 0 && self.byte().is_some() {
                        return None;
                    }
                    self.at += newline;
                }
                Some(0x80..) => match self.text[self.at..].chars().next() {
                    Some(c) if is_space(c) => self.at += c.len_utf8(),
                    _ => return Some(self.at > start),
                },
                _ => return Some(self.at > start),
            }
        }
    }

    /// As `blank`, with line breaks and comments to the end of the line.
    fn line_space(&mut self) -> Option<()> {
        loop {
            self.blank()?;
            match self.newline() {
                0 if self.starts(b"//") => self.line_comment(),
                0 => return Some(()),
                newline => self.at += newline,
            }
        }
    }

    fn line_comment(&mut self) {
        self.at += self.text[self.at..].find(is_newline).unwrap_or(self.text.len() - self.at);
    }

    fn name(&mut self) -> Option<()> {
        let place = self.place();
        let Value::Text(name) = literal::value(self.text, &mut self.at)? else { return None };
        self.read.push(Node { name, place, args: Vec::new(), props: Vec::new(), children: Vec::new() });
        Some(())
    }

    /// Reads a value, or a property with its value; `kept` says that no `/-` takes it out.
    fn entry(&mut self, kept: bool) -> Option<()> {
        let place = self.place();
        let first = literal::value(self.text, &mut self.at)?;
        let end = self.at;
        let named = matches!(first, Value::Text(_)) && {
            self.blank()?;
            self.byte() == Some(b'=')
        };
        let value = if named {
            self.at += 1;
            self.blank()?;
            Some(literal::value(self.text, &mut self.at)?)
        } else {
            self.at = end;
            None
        };
        let node = self.read.last_mut()?;
        match (first, value) {
            _ if !kept => {}
            (Value::Text(name), Some(value)) => node.props.push((name, value, place)),
            (first, _) => {
                // Most nodes have one value.
                if node.args.is_empty() {
                    node.args.reserve_exact(1);
                }
                node.args.push((first, place));
            }
        }
        Some(())
    }

    /// Returns the place of what stands here.
    fn place(&mut self) -> Place {
        let spot = &mut self.spot;
        for byte in &self.text.as_bytes()[spot.at..self.at] {
            if *byte == b'\n' {
                (spot.line, spot.column) = (spot.line + 1, 1);
            } else if !(0x80..0xc0).contains(byte) {
                spot.column += 1;
            }
        }
        spot.at = self.at;
        Place { file: self.file.clone(), line: spot.line, column: spot.column }
    }
}

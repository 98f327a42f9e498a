//! The quick way through a manifest that is right: one pass, straight into nodes.
//!
//! The `kdl` crate keeps every blank of a document for whoever edits it, and recovers from mistakes; that costs it hundreds of times what
//! reading costs. Here all of KDL 2.0 that a manifest may hold is read; at the first mistake `None` is returned, and the text goes the
//! long way, so that there is one source of messages. What is returned is exactly what the long way gives; tests hold the two against
//! each other.

use std::sync::Arc;

use super::literal;
use super::node::{Node, Value};
use super::syntax::{Before, hidden};
use super::text::{self, DEEPEST, is_newline, is_space};
use crate::base::Place;

/// Returns the nodes of a text, in one pass without recursion; `None` where it is wrong, or where this reader does not know it.
///
/// Whatever this accepts is KDL 2.0 within the bounds of a manifest, and is what the `kdl` crate makes of it.
pub(super) fn read(file: &Arc<str>, text: &str) -> Option<Vec<Node>> {
    if hidden(text).is_some() {
        return None;
    }
    let at = if text.starts_with('\u{feff}') { 3 } else { 0 };
    Reader { file, text, at, spot: Spot { at: 0, line: 1, column: 1 }, above: Vec::new(), level: Level::default() }.nodes()
}

struct Reader<'a> {
    file: &'a Arc<str>,
    text: &'a str,
    at: usize,
    spot: Spot,
    above: Vec<Level>,
    level: Level,
}

/// The last place that was asked for. Places are asked for in order, so that each byte is counted once.
struct Spot {
    at: usize,
    line: u32,
    column: u32,
}

/// The nodes of one block, the last of which may still be read.
#[derive(Default)]
struct Level {
    nodes: Vec<Node>,
    /// Whether `/-` takes the last node out.
    dashed: bool,
    /// What stands before the block, where `/-` takes the block out.
    gap: Option<Before>,
}

impl Level {
    /// Notes the end of a node.
    fn ended(&mut self, inside: bool) {
        if inside && self.dashed {
            self.nodes.pop();
            self.dashed = false;
        }
    }
}

impl Reader<'_> {
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
                    self.level.ended(inside);
                    if newline > 0 {
                        self.at += newline;
                    } else {
                        self.line_comment();
                    }
                    before = if before == Before::Dashed { before } else { Before::Start };
                }
                b';' if inside => {
                    self.level.ended(true);
                    self.at += 1;
                    before = Before::Start;
                }
                b'}' if before != Before::Dashed => {
                    self.level.ended(inside);
                    let level = std::mem::replace(&mut self.level, self.above.pop()?);
                    self.at += 1;
                    before = match level.gap {
                        Some(Before::Block) => Before::Block,
                        Some(_) => Before::Gap,
                        None => {
                            let mut children = level.nodes;
                            children.shrink_to_fit();
                            self.level.nodes.last_mut()?.children = children;
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
        self.level.ended(!matches!(before, Before::Start | Before::Dashed));
        (before != Before::Dashed && self.above.is_empty()).then_some(self.level.nodes)
    }

    fn enter(&mut self, before: &mut Before, gap: Option<Before>) -> Option<()> {
        if self.above.len() == DEEPEST {
            return None;
        }
        self.at += 1;
        *before = Before::Start;
        self.above.push(std::mem::replace(&mut self.level, Level { gap, ..Level::default() }));
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
        self.level.nodes.push(Node { name, place, args: Vec::new(), props: Vec::new(), children: Vec::new() });
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
        let node = self.level.nodes.last_mut()?;
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

//! A manifest's text to nodes: the quick way, and where there is any doubt with the `kdl` crate, after bounds are checked.

use std::cell::Cell;
use std::sync::Arc;

use kdl::{KdlDocument, KdlNode, KdlValue};

use super::node::{Node, Value};
use super::problem::Problem;
use super::text::Mistake;
use super::{quick, syntax};
use crate::base::Place;

const LARGEST: usize = 64 << 20;

/// Reads a manifest.
///
/// # Errors
/// Everything that is wrong with its syntax.
pub fn read(file: &Arc<str>, bytes: &[u8]) -> Result<Vec<Node>, Vec<Problem>> {
    legible(file, bytes)?.whole()
}

/// A manifest as far as it can be read.
pub(super) struct Legible {
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Which words are wrong. Each is read as `x`.
    pub problems: Vec<Problem>,
    /// Where such a word, or the property that it is the value of, stands, and the node that it belongs to: what else is wrong there may be
    /// the word's fault.
    pub doubtful: Vec<(Place, Place)>,
}

impl Legible {
    fn whole(self) -> Result<Vec<Node>, Vec<Problem>> {
        if self.problems.is_empty() { Ok(self.nodes) } else { Err(self.problems) }
    }
}

/// As [`read`], also where words are wrong.
///
/// # Errors
/// Everything that is wrong with its syntax, where it is not clear what belongs to what.
pub(super) fn legible(file: &Arc<str>, bytes: &[u8]) -> Result<Legible, Vec<Problem>> {
    let one = |code, message: String, place, help: &str| {
        vec![Problem { code, message, place, length: 1, help: Some(help.to_owned()), notes: Vec::new() }]
    };
    if bytes.len() > LARGEST {
        return Err(one("manifest/too_large", format!("`{file}` is larger than 64 MiB"), None, "split it into packages, or use `each`"));
    }
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let good = std::str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default();
        one(
            "manifest/not_utf8",
            format!("`{file}` is not UTF-8 at byte {}", error.valid_up_to()),
            Some(place(file, good, good.len())),
            "save the file as UTF-8",
        )
    })?;
    match quick::read(file, text) {
        Some(nodes) => Ok(Legible { nodes, problems: Vec::new(), doubtful: Vec::new() }),
        None => all_of_it(file, text),
    }
}

/// Reads a manifest with the `kdl` crate.
///
/// # Errors
/// As [`read`].
#[cfg(test)]
pub(super) fn the_long_way(file: &Arc<str>, text: &str) -> Result<Vec<Node>, Vec<Problem>> {
    all_of_it(file, text)?.whole()
}

fn all_of_it(file: &Arc<str>, text: &str) -> Result<Legible, Vec<Problem>> {
    let at = |text: &str, offset: usize| place(file, text, offset);
    let problem = |lines: &Lines<'_>, mistake: Mistake| Problem {
        code: mistake.code,
        message: mistake.message,
        place: Some(lines.place(mistake.span.start)),
        length: mistake.span.len(),
        help: Some(mistake.help),
        notes: Vec::new(),
    };
    let (plain, words) = syntax::check(text).map_err(|found| {
        let lines = Lines::new(file, text);
        found.into_iter().map(|mistake| problem(&lines, mistake)).collect::<Vec<_>>()
    })?;
    match KdlDocument::parse_v2(&plain) {
        Ok(document) => {
            let lines = Lines::new(file, text);
            let nodes = document.nodes().iter().map(|node| lower(node, &lines)).collect();
            let doubtful = words.iter().map(|word| (lines.place(word.entry), lines.place(word.node))).collect();
            Ok(Legible { nodes, problems: words.into_iter().map(|word| problem(&lines, word.mistake)).collect(), doubtful })
        }
        Err(error) => Err(error
            .diagnostics
            .iter()
            .map(|diagnostic| Problem {
                code: "manifest/syntax",
                message: diagnostic.message.clone().unwrap_or_else(|| String::from("this is not KDL 2.0")),
                place: Some(at(text, diagnostic.span.offset())),
                length: diagnostic.span.len(),
                help: diagnostic.help.clone().or_else(|| diagnostic.label.clone()),
                notes: Vec::new(),
            })
            .collect()),
    }
}

/// Where lines begin, so that a place is found without reading from the start.
struct Lines<'a> {
    file: &'a Arc<str>,
    text: &'a str,
    starts: Vec<usize>,
    /// The place asked for last: places are asked for in order, and a line may be as long as the file.
    last: Cell<(usize, usize, u32)>,
}

impl<'a> Lines<'a> {
    fn new(file: &'a Arc<str>, text: &'a str) -> Lines<'a> {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Lines { file, text, starts, last: Cell::new((0, 0, 1)) }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).max(1) - 1;
        let (before, from, column) = match self.last.get() {
            (before, from, column) if before == line && from <= offset => (before, from, column),
            _ => (line, self.starts[line], 1),
        };
        let column = column + self.text.get(from..offset).map_or(0, |between| between.chars().count() as u32);
        self.last.set((before, offset, column));
        Place { file: self.file.clone(), line: line as u32 + 1, column }
    }
}

fn place(file: &Arc<str>, text: &str, offset: usize) -> Place {
    Lines::new(file, text).place(offset.min(text.len()))
}

fn lower(node: &KdlNode, lines: &Lines<'_>) -> Node {
    let mut lowered = Node {
        name: node.name().value().to_owned(),
        place: lines.place(node.name().span().offset()),
        args: Vec::new(),
        props: Vec::new(),
        children: Vec::new(),
    };
    for entry in node.entries() {
        let place = lines.place(entry.span().offset());
        let value = match entry.value() {
            KdlValue::String(text) => Value::Text(text.clone()),
            KdlValue::Integer(number) => Value::Whole(Box::new(*number)),
            KdlValue::Float(number) => Value::Decimal(*number),
            KdlValue::Bool(value) => Value::Bool(*value),
            KdlValue::Null => Value::Null,
        };
        match entry.name() {
            Some(name) => lowered.props.push((name.value().to_owned(), value, place)),
            None => lowered.args.push((value, place)),
        }
    }
    let children = node.children().map(|children| children.nodes()).unwrap_or_default();
    lowered.children = children.iter().map(|child| lower(child, lines)).collect();
    lowered
}

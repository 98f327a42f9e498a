//! What stands in a Markdown document as prose: paragraphs, headings, cells, and the text of list items. Code blocks, comments and other HTML
//! do not.
//!
//! The document is read by `pulldown-cmark`, as CommonMark and GitHub have it.

use std::ops::Range;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// What stands in a passage for each piece of code.
pub(super) const CODE: char = '`';

/// Text without a break that a reader would see: a paragraph, a heading, a cell, the text of an item.
#[derive(Default, Debug)]
pub(super) struct Passage {
    /// Without emphasis and links; each piece of code is a [`CODE`].
    pub text: String,
    /// The pieces of code, in their order.
    pub codes: Vec<Code>,
    /// The list item that it is in: whether that, or one that it is below, is still open (`- [ ]`). One that is marked speaks for itself.
    pub item: Option<bool>,
    /// Where the parts of `text` begin, and where they stand in the document, in bytes.
    parts: Vec<(usize, usize)>,
}

/// A piece of code in a passage.
#[derive(Debug)]
pub(super) struct Code {
    /// What stands between the backticks.
    pub text: String,
    /// Where it stands in the passage, in bytes.
    pub at: usize,
    /// Where its backticks stand in the document, in bytes.
    pub source: Range<usize>,
}

impl Passage {
    /// Returns where a part of the passage stands in the document, in bytes. What emphasis divides is not all of what it returns.
    pub fn source(&self, part: Range<usize>) -> Range<usize> {
        let index = self.parts.partition_point(|(begins, _)| *begins <= part.start);
        let (begins, source) = self.parts.get(index.wrapping_sub(1)).copied().unwrap_or_default();
        let start = source + (part.start - begins);
        start..start + part.len()
    }

    fn push(&mut self, text: &str, source: usize) {
        self.parts.push((self.text.len(), source));
        self.text.push_str(text);
    }
}

/// Returns the passages of a document, in their order.
pub(super) fn passages(document: &str) -> Vec<Passage> {
    let (mut found, mut passage) = (Vec::new(), Passage::default());
    let mut items: Vec<bool> = Vec::new();
    let mut aside = 0;
    for (event, at) in events(document) {
        match event {
            Event::Text(text) if aside == 0 => passage.push(&text, at.start),
            Event::SoftBreak | Event::HardBreak => passage.push("\n", at.start),
            Event::Code(text) => {
                passage.codes.push(Code { text: text.trim().to_owned(), at: passage.text.len(), source: at.clone() });
                passage.push(CODE.encode_utf8(&mut [0; 4]), at.start);
            }
            Event::TaskListMarker(done) => {
                if let Some(open) = items.last_mut() {
                    *open = !done;
                }
            }
            Event::Start(ref tag) if is_inline(tag) => {}
            Event::End(TagEnd::Emphasis | TagEnd::Strong | TagEnd::Link | TagEnd::Image) => {}
            Event::Start(ref tag) => {
                passage.item = items.last().copied();
                found.push(std::mem::take(&mut passage));
                aside += usize::from(is_aside(tag));
                if matches!(tag, Tag::Item) {
                    items.push(items.last().copied().unwrap_or(false));
                }
            }
            Event::End(tag) => {
                passage.item = items.last().copied();
                found.push(std::mem::take(&mut passage));
                aside -= usize::from(matches!(tag, TagEnd::CodeBlock | TagEnd::HtmlBlock));
                if matches!(tag, TagEnd::Item) {
                    items.pop();
                }
            }
            _ => {}
        }
    }
    found.push(passage);
    found.retain(|passage| !passage.text.is_empty());
    found
}

/// Returns a document of the same length, in which front matter, code blocks, comments and other HTML are blanks.
pub(super) fn prose(document: &str) -> String {
    let mut bytes = document.as_bytes().to_vec();
    let blank = |bytes: &mut [u8]| bytes.iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = b' ');
    let (mark, start) = begins(document);
    blank(&mut bytes[mark..start]);
    for (event, at) in events(document) {
        let unsaid = match event {
            Event::Start(ref tag) => is_aside(tag),
            Event::InlineHtml(_) => true,
            _ => false,
        };
        if unsaid {
            blank(&mut bytes[at]);
        }
    }
    String::from_utf8(bytes).expect("whole characters were replaced by blanks")
}

/// How a document is divided.
#[derive(Default)]
pub(super) struct Outline {
    /// Its headings that are in no quote and no list item, each with its level, from 1, and where it stands, in bytes.
    pub headings: Vec<(usize, Range<usize>)>,
    /// Its list items: where each stands with all that is in it, in bytes.
    pub items: Vec<Range<usize>>,
    /// Where its thematic breaks begin, in bytes, that are in no quote and no list item.
    pub breaks: Vec<usize>,
    /// What no reader sees where it stands: comments that are in no quote and no list item, and definitions of links and footnotes; where each
    /// stands, in bytes.
    pub unseen: Vec<Range<usize>>,
}

/// Returns how a document is divided, each in its order.
pub(super) fn outline(document: &str) -> Outline {
    let mut outline = Outline::default();
    let (parser, mark) = parser(document, Options::ENABLE_FOOTNOTES);
    let mut unseen: Vec<Range<usize>> =
        parser.reference_definitions().iter().map(|(_, link)| link.span.start + mark..link.span.end + mark).collect();
    // How many quotes and list items are open.
    let mut inside = 0;
    for (event, at) in parser.into_offset_iter() {
        let at = at.start + mark..at.end + mark;
        match event {
            Event::Start(Tag::Heading { level, .. }) if inside == 0 => outline.headings.push((level as usize, at)),
            Event::Start(Tag::Item) => {
                inside += 1;
                outline.items.push(at);
            }
            Event::Start(Tag::BlockQuote(_)) => inside += 1,
            Event::Start(Tag::FootnoteDefinition(_)) => {
                inside += 1;
                unseen.retain(|link| !at.contains(&link.start));
                unseen.push(at);
            }
            Event::End(TagEnd::Item | TagEnd::BlockQuote(_) | TagEnd::FootnoteDefinition) => inside -= 1,
            Event::Rule if inside == 0 => outline.breaks.push(at.start),
            Event::Start(Tag::HtmlBlock) if inside == 0 && document[at.clone()].trim_start().starts_with("<!--") => unseen.push(at),
            _ => {}
        }
    }
    unseen.sort_by_key(|at| at.start);
    outline.unseen = unseen;
    outline
}

/// `more`: what is read beside tables and lists of tasks.
fn parser(document: &str, more: Options) -> (Parser<'_>, usize) {
    let (_, start) = begins(document);
    (Parser::new_ext(&document[start..], Options::ENABLE_TABLES | Options::ENABLE_TASKLISTS | more), start)
}

/// Returns where a document begins behind a byte-order mark, and where behind the front matter that may stand there: from a line `---` to the
/// next one, with no empty line below the first. Further on, such lines are thematic breaks.
fn begins(document: &str) -> (usize, usize) {
    let mark = document.len() - document.trim_start_matches('\u{feff}').len();
    let mut lines = document[mark..].split_inclusive('\n');
    let is_rule = |line: &str| line.trim_end() == "---";
    let first = lines.next().filter(|line| is_rule(line)).map_or(0, str::len);
    let mut end = mark + first;
    for (index, line) in lines.enumerate().filter(|_| first > 0) {
        if index == 0 && line.trim().is_empty() {
            break;
        }
        end += line.len();
        if is_rule(line) || line.trim_end() == "..." {
            return (mark, end);
        }
    }
    (mark, mark)
}

/// Says what is wrong with a document whose lines end as hardly any program has them any more.
pub(super) fn ends_oddly(document: &str) -> Option<&'static str> {
    let end = document.find(['\r', '\n'])?;
    let alone = document[end..].starts_with('\r') && document[end..].trim_start_matches('\r').chars().next().is_some_and(|c| c != '\n');
    alone.then_some("its lines end in CR alone: let them end in LF or CR LF, as by `tr '\\r' '\\n'`")
}

fn events(document: &str) -> impl Iterator<Item = (Event<'_>, Range<usize>)> {
    let (parser, mark) = parser(document, Options::empty());
    parser.into_offset_iter().map(move |(event, at)| (event, at.start + mark..at.end + mark))
}

fn is_inline(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::Emphasis | Tag::Strong | Tag::Link { .. } | Tag::Image { .. })
}

fn is_aside(tag: &Tag<'_>) -> bool {
    matches!(tag, Tag::CodeBlock(_) | Tag::HtmlBlock)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passages_are_what_a_reader_takes_for_one() {
        let text = "# A `b`\n\nOne *two*\nthree &gt; 4.\n\n- [ ] open\n  - deep\n- [x] done\n\n  more\n\n| a | `b` |\n|---|---|\n| 1 | 2 |\n\n\
            ```\ncode\n```\n<!-- a\n\nb -->\n- ```\n  code\n  ```\n  text\n";
        let found: Vec<String> = passages(text).iter().map(|passage| format!("{:?} {}", passage.item, passage.text)).collect();
        assert_eq!(
            found,
            [
                "None A `",
                "None One two\nthree > 4.",
                "Some(true) open",
                "Some(true) deep",
                "Some(false) done",
                "Some(false) more",
                "None a",
                "None `",
                "None 1",
                "None 2",
                "Some(false) text"
            ]
        );
    }

    #[test]
    fn places_are_those_of_the_document() {
        let text = "\u{feff}- a **12** `c d` &gt; 5 items\n";
        let passage = &passages(text)[0];
        let source = |part: &str| &text[passage.source(passage.text.find(part).map(|at| at..at + part.len()).unwrap())];
        assert_eq!([source("12"), source("5 items")], ["12", "5 items"]);
        assert_eq!((&*passage.codes[0].text, &text[passage.codes[0].source.clone()]), ("c d", "`c d`"));
    }

    #[test]
    fn what_is_no_prose_is_blank() {
        let text = "a\n```\n\u{e9}\n```\n<!-- b -->\nc <!-- d --> e\n\n    f\n";
        assert_eq!(prose(text), "a\n   \n  \n   \n          \nc            e\n\n     \n");
        assert_eq!(prose(text).len(), text.len());
        assert_eq!(prose("\u{feff}---\na: 1\n---\nb\n\n---\nc\n\n---\n"), "\u{feff}   \n    \n   \nb\n\n---\nc\n\n---\n");
        assert_eq!(prose("---\n\na: 1\n---\n"), "---\n\na: 1\n---\n");
        assert_eq!(outline("---\r\nt: x\r\n---\r\n- a\r\n").items.first(), Some(&(16..21)));
    }
}

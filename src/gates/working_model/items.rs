//! Items of a roadmap, and notes of a handoff file, found in their texts.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use crate::gates::markdown::{outline, prose};

/// An item of a roadmap.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Item {
    /// `SHOP-12`
    pub id: String,
    /// What it is called.
    pub title: String,
    /// From 1.
    pub line: u32,
    /// Whether a list stands under a line `Acceptance:`.
    pub accepted: bool,
    /// The lines of that list that are open (`- [ ]`): from 1, and what they say.
    pub open: Vec<(u32, String)>,
    /// Whether it says of itself that it is done.
    pub done: bool,
    /// Where it stands in the text, in bytes.
    pub at: Range<usize>,
}

/// A note of a handoff file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note {
    /// Which item it is about.
    pub id: String,
    /// From 1.
    pub line: u32,
    /// `active`, `done`, … in small letters; empty if it does not say.
    pub status: String,
    /// Where its status stands in the text, in bytes.
    pub at: Option<Range<usize>>,
}

/// In the place of its depth, what an item has that is no heading: all headings end it.
const IN_LIST: usize = usize::MAX;

pub(super) const ID: &str = r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+";

/// What makes an id strong, code or a link: before it, and behind it.
const OPENED: &str = r"[*_`\[]*";
const CLOSED: &str = r"[*_`]*(?:\](?:\([^)]*\)|\[[^\]]*\])?)?[*_`]*";

pub(super) static HEADING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(#{1,6})\s+(.*)$").expect("it is right"));
static HEADED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"^{OPENED}({ID}){CLOSED}(?:\s*[:\u{{2014}}\u{{2013}} -]\s*(.*?))?(?:\*\*)?$")).expect("it is right")
});
static NOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!(r"^{OPENED}({ID})\b")).expect("it is right"));
static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    let id = format!(r"\*\*({ID})\b:?\s*(.*?)\*\*|__({ID})(?:__|[:\s]\s*(.*?)__)");
    Regex::new(&format!(r"^(?:\d+[.)]|[-*+])\s+(?:\[[ xX]\]\s+)?(?:{id}):?\s*(.*)$")).expect("it is right")
});
static ACCEPTANCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*[*_]*acceptance(?: criteria)?[*_]*:[*_]*\s*$").expect("it is right"));
pub(super) static POINT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*(?:[-*+]|\d+[.)])\s+\S").expect("it is right"));
static OPEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*(?:[-*+]|\d+[.)])\s+\[ \]\s*(.*)$").expect("it is right"));
static STATUS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*(?:[-*]\s+)?[*_]*status[*_]*:[*_]*\s*[`*_]*([A-Za-z]+)").expect("it is right"));
static DONE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*(?:\d+[.)]|[-*+])\s+\[x\]|\(done\)|\[done\]|\u{2705}|\u{2714}").expect("it is right"));

/// A line, and where it begins, in bytes, behind a byte-order mark.
pub(super) fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    text[mark..].split_inclusive('\n').scan(mark, |start, line| {
        let at = *start;
        *start += line.len();
        Some((at, line.trim_end_matches(['\n', '\r'])))
    })
}

/// Returns the items of a roadmap, in their order. An item that is a heading ends at the next one, at a heading that is not below its own, or at a
/// thematic break; one of a list ends with what is in it, or with criteria that stand right below it as if they were.
pub fn items(text: &str) -> Vec<Item> {
    let (prose, outline) = (prose(text), outline(text));
    let mut found: Vec<(Item, usize)> = Vec::new();
    let mut open = false;
    // Whether a line `Acceptance:` stands above, and then whether its list has begun.
    let (mut wants, mut lists) = (false, false);
    // Whether that line is not indented: then its list need not be, either.
    let mut loose = false;
    // Where the last item of a list stands that is in no other.
    let mut outermost = 0..0;
    for (number, (at, line)) in lines(&prose).enumerate() {
        let whole = at..at + line.len();
        let depth = first_of(&outline.headings, |(_, place)| place.start, &whole).map(|(level, _)| *level);
        let point = first_of(&outline.items, |place| place.start, &whole);
        if let Some(point) = point.filter(|point| point.start >= outermost.end) {
            outermost = at..point.end;
        }
        let listed = found.last().is_some_and(|(item, own)| *own == IN_LIST && at < item.at.end);
        // Below a criterion: not where the item itself stands below that point.
        let below = lists && open && at > outermost.start && found.last().is_some_and(|(item, _)| outermost.start > item.at.start);
        let begun = match (depth, point) {
            (Some(_), _) => HEADED.captures(HEADING.captures(line).and_then(|heading| heading.get(2)).map_or(line, |rest| rest.as_str())),
            // What stands in an item, or below one of its criteria, is a part of it.
            (None, Some(_)) if listed || below => None,
            (None, Some(point)) => {
                let (ahead, words) = line.split_at(point.start - at);
                LISTED.captures(words.trim_start()).filter(|_| ahead.chars().all(|c| c.is_whitespace() || c == '>'))
            }
            _ => None,
        };
        let ends = begun.is_some()
            || depth.is_some_and(|depth| found.last().is_some_and(|(_, own)| depth <= *own))
            || first_of(&outline.breaks, |place| *place, &whole).is_some();
        if let Some((item, own)) = found.last_mut().filter(|_| open) {
            match *own {
                IN_LIST if at < item.at.end => {}
                IN_LIST => {
                    let point =
                        loose && (wants && POINT.is_match(line) || lists && (POINT.is_match(line) || line.starts_with([' ', '\t'])));
                    let blank = line.trim().is_empty();
                    let criteria = !ends && !blank && (ACCEPTANCE.is_match(line) && !item.accepted || point);
                    if criteria {
                        item.at.end = end_of(text, &whole);
                    }
                    // A comment may stand there; code or HTML ends a list.
                    open = criteria || blank && !ends && (!lists || text[whole.clone()].trim().is_empty());
                }
                _ if ends => {
                    let group = begun.is_some() && depth.is_none() && outermost.start > item.at.start;
                    item.at.end = if group { outermost.start } else { at };
                    open = false;
                }
                _ => {}
            }
        }
        if let Some(begun) = begun {
            // As it is written; a comment in it is not its own.
            let written = |part: regex::Match<'_>| {
                let from = at + (part.as_str().as_ptr() as usize - line.as_ptr() as usize);
                let raw = text.get(from..from + part.len()).filter(|raw| !raw.contains("<!--"));
                raw.unwrap_or(part.as_str()).trim().to_owned()
            };
            let mut parts = begun.iter().skip(1).flatten().map(written);
            let id = parts.next().unwrap_or_default();
            let title: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
            let end = point.filter(|_| depth.is_none()).map_or(text.len(), |place| end_of(text, place));
            let item = Item {
                id,
                title: title.join(" "),
                line: number as u32 + 1,
                accepted: false,
                open: Vec::new(),
                done: DONE.is_match(line),
                at: at..end,
            };
            found.push((item, depth.unwrap_or(IN_LIST)));
            (open, wants, lists, loose) = (true, false, false, false);
            continue;
        }
        let Some((item, _)) = found.last_mut().filter(|_| open) else { continue };
        item.done |= STATUS.captures(line).is_some_and(|status| status[1].eq_ignore_ascii_case("done"));
        if line.trim().is_empty() {
            continue;
        }
        if ACCEPTANCE.is_match(line) {
            (wants, lists, loose) = (true, false, !line.starts_with([' ', '\t']));
            continue;
        }
        let point = POINT.is_match(line);
        lists = point && (wants || lists) || lists && line.starts_with([' ', '\t']) && depth.is_none();
        wants = false;
        if !lists {
            continue;
        }
        item.accepted = true;
        if let Some(point) = OPEN.captures(line) {
            item.open.push((number as u32 + 1, point[1].trim().to_owned()));
        }
    }
    found.into_iter().map(|(item, _)| item).collect()
}

/// Returns the items that stand within another one and have acceptance criteria of their own.
pub fn within(text: &str, item: &Item) -> Vec<Item> {
    let lines: Vec<&str> = text[item.at.clone()].split_inclusive('\n').skip(1).collect();
    let indent = lines.iter().filter(|line| !line.trim().is_empty()).map(|line| line.len() - line.trim_start().len()).min().unwrap_or(0);
    let body: String = lines.iter().map(|line| line.get(indent..).unwrap_or("\n")).collect();
    let inner = items(&body).into_iter().filter(|inner| inner.accepted);
    inner.map(|inner| Item { line: item.line + inner.line, ..inner }).collect()
}

/// Returns the first of what stands in a document, in its order, that begins in a line.
fn first_of<'a, T>(all: &'a [T], start: impl Fn(&T) -> usize, line: &Range<usize>) -> Option<&'a T> {
    all.get(all.partition_point(|one| start(one) < line.start)).filter(|one| start(one) < line.end)
}

/// Returns where the last line ends that something stands on.
pub(super) fn end_of(text: &str, place: &Range<usize>) -> usize {
    let end = place.start + text[place.clone()].trim_end().len();
    text[end..].find('\n').map_or(text.len(), |more| end + more + 1)
}

/// Returns the notes of a handoff file: headings that begin with the id of an item.
pub fn notes(text: &str) -> Vec<Note> {
    let (headings, mut found) = (outline(text).headings, Vec::<Note>::new());
    let mut open = false;
    for (number, (at, line)) in lines(&prose(text)).enumerate() {
        let words = HEADING.captures(line).and_then(|heading| heading.get(2)).map(|words| words.as_str());
        // A rule below the last line of a note makes no heading of its status.
        let underlined = || headings.binary_search_by_key(&at, |(_, place)| place.start).is_ok() && !STATUS.is_match(line);
        if let Some(words) = words.or_else(|| underlined().then_some(line)) {
            let id = NOTED.captures(words).and_then(|words| words.get(1));
            open = id.is_some();
            found.extend(id.map(|id| Note { id: id.as_str().to_owned(), line: number as u32 + 1, status: String::new(), at: None }));
        } else if let (true, Some(status)) = (open, STATUS.captures(line).and_then(|status| status.get(1)))
            && let Some(note) = found.last_mut().filter(|note| note.at.is_none())
        {
            note.status = status.as_str().to_lowercase();
            note.at = Some(at + status.start()..at + status.end());
        }
    }
    found
}

#[cfg(test)]
mod fuzz;
#[cfg(test)]
mod tests;

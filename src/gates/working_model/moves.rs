//! What `start` and `done` make of documents: pure text in, pure text out.

use std::ops::Range;

use super::items::{Item, Note, POINT, end_of, items, lines, notes};
use crate::gates::markdown::{Outline, outline};

/// Returns how the lines of a text end, by its first one; of a text without any, how those of `other` do.
pub(super) fn end_of_line<'a>(text: &str, other: &'a str) -> &'a str {
    match text.split_inclusive('\n').next().filter(|line| line.ends_with('\n')) {
        Some(line) if line.ends_with("\r\n") => "\r\n",
        Some(_) => "\n",
        None => other,
    }
}

/// Returns a handoff file in which an item is active. A file that is not there yet gets the roadmap's ends of lines.
pub fn started(handoff: &str, item: &Item, roadmap: &str) -> String {
    with_status(handoff, &item.id, "active").unwrap_or_else(|| {
        let eol = end_of_line(handoff, end_of_line(roadmap, "\n"));
        let ends = handoff.lines().next_back().is_none_or(str::is_empty);
        let gap = if !handoff.is_empty() && !handoff.ends_with('\n') {
            [eol, eol].concat()
        } else if ends {
            String::new()
        } else {
            eol.to_owned()
        };
        format!("{handoff}{gap}## {}{eol}Status: active{eol}{eol}{}{eol}", item.id, item.title)
    })
}

/// Returns a handoff file in which the note about an item has this status, if there is one that says its status; the active one, if there is.
pub fn with_status(handoff: &str, id: &str, status: &str) -> Option<String> {
    let mut notes: Vec<Note> = notes(handoff).into_iter().filter(|note| note.id == id && note.at.is_some()).collect();
    notes.sort_by_key(|note| note.status != "active");
    let at = notes.into_iter().next()?.at?;
    Some(format!("{}{status}{}", &handoff[..at.start], &handoff[at.end..]))
}

/// Returns a roadmap without an item, and without a break that parted it from another one. Comments and definitions of links and footnotes that stand
/// in it stay: others may need them.
pub fn without(roadmap: &str, item: &Item) -> String {
    let (eol, outline) = (end_of_line(roadmap, "\n"), outline(roadmap));
    let at = parted(roadmap, item, &outline);
    let stays = outline.unseen.into_iter().filter(|place| item.at.contains(&place.start));
    let stays = stays.map(|place| roadmap[place].trim()).collect::<Vec<_>>();
    let (before, behind) = (&roadmap[..at.start], &roadmap[at.end..]);
    if behind.is_empty() && stays.is_empty() {
        return format!("{}{eol}", before.trim_end());
    }
    let blank = |line: Option<&str>| line.is_none_or(is_blank);
    let stays = match (stays.join(eol), blank(behind.lines().next())) {
        (stays, _) if stays.is_empty() => stays,
        (stays, true) => [&stays, eol].concat(),
        (stays, false) => [&stays, eol, eol].concat(),
    };
    let mut rest = [&stays, behind].concat();
    let above = before.lines().next_back();
    let next = rest.lines().next();
    if blank(above) && blank(next) {
        rest = rest.split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned());
    } else if let (Some(above), Some(next)) = (above.filter(|line| !is_blank(line)), next.filter(|line| !is_blank(line))) {
        // What stood apart must not become one paragraph, or an underlined heading.
        let list = self::outline(before).items.last().is_some_and(|last| end_of(before, last) == before.len());
        let (quote, point) = (quote(above), next.trim_start_matches(['>', ' ']));
        let joins = point.starts_with('#') || list && POINT.is_match(point);
        let gap = if quote.is_empty() || !next.starts_with('>') { String::from(eol) } else { format!("{}{eol}", quote.trim_end()) };
        rest = [if joins { "" } else { &gap }, &*rest].concat();
    }
    format!("{before}{}", if rest.trim().is_empty() { "" } else { &*rest })
}

/// Returns where an item stands, with the break beside it that is one too many without it: of two, the one below; else that between it and the next
/// item, or between the last two.
fn parted(roadmap: &str, item: &Item, outline: &Outline) -> Range<usize> {
    let lines: Vec<Range<usize>> =
        lines(roadmap).filter(|(_, line)| !line.trim().is_empty()).map(|(at, line)| at..at + line.len()).collect();
    let others = items(roadmap);
    let is_break = |line: &Range<usize>| outline.breaks.iter().any(|place| line.contains(place));
    let behind = |line: &Range<usize>| roadmap[line.end..].find('\n').map_or(roadmap.len(), |more| line.end + more + 1);
    let above = &lines[..lines.partition_point(|line| line.start < item.at.start)];
    let below = &lines[lines.partition_point(|line| line.start < item.at.end)..];
    match (above, below) {
        ([.., above], [below, ..]) if is_break(above) && is_break(below) => item.at.start..behind(below),
        (_, [below, next, ..]) if is_break(below) && others.iter().any(|other| other.at.start == next.start) => {
            item.at.start..behind(below)
        }
        ([.., last, above], []) if is_break(above) && others.iter().any(|other| other.at.contains(&last.start)) => above.start..item.at.end,
        _ => item.at.clone(),
    }
}

/// Returns the signs of a quote that a line begins with.
fn quote(line: &str) -> &str {
    &line[..line.len() - line.trim_start_matches(['>', ' ']).len()]
}

/// Whether nothing stands on a line, of a quote or not.
fn is_blank(line: &str) -> bool {
    line.chars().all(|c| c.is_whitespace() || c == '>')
}

//! Items of a roadmap, notes of a handoff file, and lines of a changelog: pure text in, pure text out.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

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

const ID: &str = r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+";

static HEADING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(#{1,6})\s+(.*)$").expect("it is right"));
static HEADED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"^({ID})\s*[:\u{{2014}}\u{{2013}} -]\s*(.*)$")).expect("it is right"));
static LISTED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"^(?:\d+[.)]|[-*])\s+\*\*({ID})\b:?\s*(.*?)\*\*:?\s*(.*)$")).expect("it is right"));
static ACCEPTANCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*[*_]*acceptance(?: criteria)?[*_]*:[*_]*\s*$").expect("it is right"));
static POINT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*(?:[-*+]|\d+[.)])\s+\S").expect("it is right"));
static STATUS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*(?:[-*]\s+)?[*_]*status[*_]*:[*_]*\s*([A-Za-z]+)").expect("it is right"));
static DONE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\(done\)|\[done\]|\u{2705}|\u{2714}").expect("it is right"));
static NAMED: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!(r"\b{ID}\b")).expect("it is right"));

/// A line, and where it begins, in bytes.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.split_inclusive('\n').scan(0, |start, line| {
        let at = *start;
        *start += line.len();
        Some((at, line.trim_end_matches(['\n', '\r'])))
    })
}

/// Returns the items of a roadmap, in their order. An item ends at the next one, or at a heading that is not below its own.
pub fn items(text: &str) -> Vec<Item> {
    let mut found: Vec<(Item, usize)> = Vec::new();
    let (mut open, mut wants, mut fenced) = (false, false, false);
    for (number, (at, line)) in lines(text).enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        let heading = HEADING.captures(line).filter(|_| !fenced);
        let depth = heading.as_ref().map(|heading| heading[1].len());
        let begun = match &heading {
            Some(heading) => HEADED.captures(heading.get(2).map_or("", |rest| rest.as_str())),
            None if !fenced => LISTED.captures(line),
            None => None,
        };
        let ends = begun.is_some() || depth.is_some_and(|depth| found.last().is_some_and(|(_, own)| depth <= *own));
        if ends && open {
            if let Some((item, _)) = found.last_mut() {
                item.at.end = at;
            }
            open = false;
        }
        if let Some(begun) = begun {
            let title: Vec<&str> =
                begun.iter().skip(2).flatten().map(|part| part.as_str().trim()).filter(|part| !part.is_empty()).collect();
            let item = Item {
                id: begun[1].to_owned(),
                title: title.join(" "),
                line: number as u32 + 1,
                accepted: false,
                done: DONE.is_match(line),
                at: at..text.len(),
            };
            found.push((item, depth.unwrap_or(usize::MAX)));
            (open, wants) = (true, false);
            continue;
        }
        let Some((item, _)) = found.last_mut().filter(|_| open) else { continue };
        item.done |= STATUS.captures(line).is_some_and(|status| status[1].eq_ignore_ascii_case("done"));
        if ACCEPTANCE.is_match(line) {
            wants = true;
        } else if wants && !line.trim().is_empty() {
            item.accepted |= POINT.is_match(line);
            wants = false;
        }
    }
    found.into_iter().map(|(item, _)| item).collect()
}

/// Returns the notes of a handoff file: headings that begin with the id of an item.
pub fn notes(text: &str) -> Vec<Note> {
    let mut found: Vec<Note> = Vec::new();
    let mut open = false;
    for (number, (at, line)) in lines(text).enumerate() {
        if let Some(heading) = HEADING.captures(line) {
            let id = NAMED.find(&heading[2]).filter(|id| id.start() == 0);
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

/// Returns the ids that a changelog names, each with the first line that does.
pub fn named(text: &str) -> Vec<(String, u32)> {
    let mut found: Vec<(String, u32)> = Vec::new();
    for (number, (_, line)) in lines(text).enumerate() {
        for id in NAMED.find_iter(line).filter(|_| POINT.is_match(line)) {
            if !found.iter().any(|(known, _)| known == id.as_str()) {
                found.push((id.as_str().to_owned(), number as u32 + 1));
            }
        }
    }
    found
}

/// Returns a handoff file in which an item is active.
pub fn started(handoff: &str, item: &Item) -> String {
    with_status(handoff, &item.id, "active").unwrap_or_else(|| {
        let gap = if handoff.is_empty() || handoff.ends_with("\n\n") {
            ""
        } else if handoff.ends_with('\n') {
            "\n"
        } else {
            "\n\n"
        };
        format!("{handoff}{gap}## {}\nStatus: active\n\n{}\n", item.id, item.title)
    })
}

/// Returns a handoff file in which the note about an item has this status, if there is one that says its status.
pub fn with_status(handoff: &str, id: &str, status: &str) -> Option<String> {
    let at = notes(handoff).into_iter().find(|note| note.id == id)?.at?;
    Some(format!("{}{status}{}", &handoff[..at.start], &handoff[at.end..]))
}

/// Returns a roadmap without an item.
pub fn without(roadmap: &str, item: &Item) -> String {
    let (before, behind) = (&roadmap[..item.at.start], &roadmap[item.at.end..]);
    if behind.is_empty() { format!("{}\n", before.trim_end()) } else { format!("{before}{behind}") }
}

/// Returns a changelog with a line about an item: the first of the first list, or below the first heading.
pub fn logged(changelog: &str, item: &Item) -> String {
    let line = format!("- {}: {}\n", item.id, item.title);
    let point = lines(changelog).find(|(_, line)| line.starts_with("- ") || line.starts_with("* ")).map(|(at, _)| at);
    let heading = || lines(changelog).find(|(_, line)| HEADING.is_match(line)).map(|(at, line)| (at + line.len() + 1).min(changelog.len()));
    match (point, heading()) {
        (Some(at), _) => format!("{}{line}{}", &changelog[..at], &changelog[at..]),
        (None, Some(at)) => {
            let gap = if changelog[..at].ends_with('\n') { "" } else { "\n" };
            format!("{}{gap}\n{line}{}", &changelog[..at], &changelog[at..])
        }
        (None, None) => format!("{changelog}{line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROADMAP: &str = "# Roadmap\n\n## Now\n\n### SHOP-1: Carts\n\nText.\n\n**Acceptance:**\n\n- a cart holds\n\n### SHOP-2: Prices (done)\n\nAcceptance:\nnone yet\n\n#### Notes\n\n- x\n\n## Later\n\n1. **API-V2-3** Paging\n   Acceptance:\n   - pages\n2. **no id** here\n```\n### SHOP-9: in code\n```\n";

    #[test]
    fn items_of_both_forms() {
        let found = items(ROADMAP);
        let short: Vec<String> =
            found.iter().map(|item| format!("{} {}:{} {} {}", item.line, item.id, item.title, item.accepted, item.done)).collect();
        assert_eq!(short, ["5 SHOP-1:Carts true false", "13 SHOP-2:Prices (done) false true", "24 API-V2-3:Paging true false"]);
        let left = without(ROADMAP, &found[1]);
        assert!(left.contains("- a cart holds\n\n## Later") && !left.contains("SHOP-2") && !left.contains("#### Notes"), "{left}");
        assert!(items("### SHOP-1:").len() == 1 && items("").is_empty() && items("### shop-1: x").is_empty());
    }

    #[test]
    fn notes_are_begun_and_ended() {
        let item = &items(ROADMAP)[0];
        let handoff = started("# Handoff\n", item);
        assert_eq!(handoff, "# Handoff\n\n## SHOP-1\nStatus: active\n\nCarts\n");
        assert_eq!(with_status(&handoff, "SHOP-1", "done").unwrap(), "# Handoff\n\n## SHOP-1\nStatus: done\n\nCarts\n");
        assert_eq!(started(&with_status(&handoff, "SHOP-1", "paused").unwrap(), item), handoff);
        let found = notes("## SHOP-1: note\n- **Status:** Active\nStatus: done\n## Other\nStatus: active\n");
        assert_eq!(found.iter().map(|note| (&*note.id, &*note.status)).collect::<Vec<_>>(), [("SHOP-1", "active")]);
    }

    #[test]
    fn changelogs_name_and_are_named() {
        assert_eq!(
            named("# Changes\n\n- SHOP-1: carts, with SHOP-2\n- SHOP-1 again\nSHOP-3 in text\n"),
            [("SHOP-1".to_owned(), 3), ("SHOP-2".to_owned(), 3)]
        );
        let item = &items(ROADMAP)[0];
        assert_eq!(logged("# Changes\n\n- old\n", item), "# Changes\n\n- SHOP-1: Carts\n- old\n");
        assert_eq!(logged("# Changes\n", item), "# Changes\n\n- SHOP-1: Carts\n");
        assert_eq!(logged("", item), "- SHOP-1: Carts\n");
    }
}

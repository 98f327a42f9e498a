//! Items of a roadmap, and notes of a handoff file: pure text in, pure text out.

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
        let here = |place: &usize| (at..at + line.len()).contains(place);
        let depth = outline.headings.iter().find(|(_, place)| here(&place.start)).map(|(level, _)| *level);
        let point = outline.items.iter().find(|place| here(&place.start));
        if let Some(point) = point.filter(|point| point.start >= outermost.end) {
            outermost = at..point.end;
        }
        let listed = found.last().is_some_and(|(item, own)| *own == IN_LIST && at < item.at.end);
        let begun = match (depth, point) {
            (Some(_), _) => HEADED.captures(HEADING.captures(line).and_then(|heading| heading.get(2)).map_or(line, |rest| rest.as_str())),
            // What stands in an item, or below one of its criteria, is a part of it.
            (None, Some(_)) if listed || lists && open && at > outermost.start => None,
            (None, Some(point)) => {
                let (ahead, words) = line.split_at(point.start - at);
                LISTED.captures(words.trim_start()).filter(|_| ahead.chars().all(|c| c.is_whitespace() || c == '>'))
            }
            _ => None,
        };
        let ends = begun.is_some()
            || depth.is_some_and(|depth| found.last().is_some_and(|(_, own)| depth <= *own))
            || outline.breaks.iter().any(here);
        if let Some((item, own)) = found.last_mut().filter(|_| open) {
            match *own {
                IN_LIST if at < item.at.end => {}
                IN_LIST => {
                    let point =
                        loose && (wants && POINT.is_match(line) || lists && (POINT.is_match(line) || line.starts_with([' ', '\t'])));
                    let blank = line.trim().is_empty();
                    let criteria = !ends && !blank && (ACCEPTANCE.is_match(line) && !item.accepted || point);
                    if criteria {
                        item.at.end = end_of(text, &(at..at + line.len()));
                    }
                    // A comment may stand there; code or HTML ends a list.
                    open = criteria || blank && !ends && (!lists || text[at..at + line.len()].trim().is_empty());
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
            let mut parts = begun.iter().skip(1).flatten().map(|part| part.as_str().trim());
            let id = parts.next().unwrap_or_default().to_owned();
            let title: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
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
        let underlined = || headings.iter().any(|(_, place)| place.start == at) && !STATUS.is_match(line);
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

/// Returns a roadmap without an item. Comments and definitions of links that stand in it stay: others may need them.
pub fn without(roadmap: &str, item: &Item) -> String {
    let eol = end_of_line(roadmap, "\n");
    let stays = outline(roadmap).unseen.into_iter().filter(|place| item.at.contains(&place.start));
    let stays = stays.map(|place| roadmap[place].trim()).collect::<Vec<_>>();
    let (before, behind) = (&roadmap[..item.at.start], &roadmap[item.at.end..]);
    if behind.is_empty() && stays.is_empty() {
        return format!("{}{eol}", before.trim_end());
    }
    let blank = |line: Option<&str>| line.is_none_or(|line| line.trim().is_empty());
    let stays = match (stays.join(eol), blank(behind.lines().next())) {
        (stays, _) if stays.is_empty() => stays,
        (stays, true) => [&stays, eol].concat(),
        (stays, false) => [&stays, eol, eol].concat(),
    };
    let mut rest = [&stays, behind].concat();
    let parted = blank(before.lines().next_back());
    let next = rest.lines().next();
    if parted && blank(next) {
        rest = rest.split_once('\n').map_or(String::new(), |(_, rest)| rest.to_owned());
    } else if !parted && !blank(next) {
        // What stood apart must not become one paragraph, or an underlined heading.
        let list = outline(before).items.last().is_some_and(|last| end_of(before, last) == before.len());
        let joins = next.is_some_and(|next| next.starts_with('#') || list && POINT.is_match(next));
        rest = [if joins { "" } else { eol }, &*rest].concat();
    }
    format!("{before}{}", if rest.trim().is_empty() { "" } else { &*rest })
}

#[cfg(test)]
mod tests {
    use super::super::changelog::logged;
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
        let common = "- [ ] **A-1** one\n- [x] **A-2** two\n\n### [A-3](x): three\n### `A-4`: four\n### **A-5**: five\n### A-6\n### **A-7: seven**\n";
        let short: Vec<String> = items(common).iter().map(|item| format!("{} {} {}", item.id, item.title, item.done)).collect();
        let expected =
            ["A-1 one false", "A-2 two true", "A-3 three false", "A-4 four false", "A-5 five false", "A-6  false", "A-7 seven false"];
        assert_eq!(short, expected);
        assert!(items("### SHOP-1:").len() == 1 && items("").is_empty() && items("### shop-1: x").is_empty());
    }

    #[test]
    fn an_item_takes_only_its_own_along() {
        let text = "\u{feff}- **SHOP-1** one\n  more\n  Acceptance:\n  - a\n\nA paragraph.\n\n* other\n\n- **SHOP-2** two\nAcceptance:\n- b\n  c\n\nText.\n\
            ### SHOP-3: three\n````\n```\n### SHOP-9: code\n````\n<!--\n### SHOP-8: comment\n-->\n### SHOP-4: four\nAcceptance:\n- d\n\nNext\n====\nText.\n";
        let own: Vec<&str> = items(text).iter().map(|item| &text[item.at.clone()]).collect();
        assert_eq!(
            own,
            [
                "- **SHOP-1** one\n  more\n  Acceptance:\n  - a\n",
                "- **SHOP-2** two\nAcceptance:\n- b\n  c\n",
                "### SHOP-3: three\n````\n```\n### SHOP-9: code\n````\n<!--\n### SHOP-8: comment\n-->\n",
                "### SHOP-4: four\nAcceptance:\n- d\n\n",
            ]
        );
        assert_eq!(notes("\u{feff}## SHOP-1\nStatus: active\n```\n## SHOP-2\n```\n")[0].status, "active");
        assert_eq!(notes("```\n## SHOP-2\n```\n").len(), 0);
        let loose = "1. **SHOP-1** one\n\nAcceptance:\n\n- a\n- [ ] b\n\nText.\n- **SHOP-2** two\n  Acceptance:\n  - c\n- d\n- **SHOP-3** three\n\nText.\n\nAcceptance:\n- e\n";
        let own: Vec<(&str, bool, usize)> =
            items(loose).iter().map(|item| (&loose[item.at.clone()], item.accepted, item.open.len())).collect();
        assert_eq!(
            own,
            [
                ("1. **SHOP-1** one\n\nAcceptance:\n\n- a\n- [ ] b\n", true, 1),
                ("- **SHOP-2** two\n  Acceptance:\n  - c\n", true, 0),
                ("- **SHOP-3** three\n", false, 0),
            ]
        );
        for between in ["\n", "   \n", "<!-- a -->\n"] {
            assert!(items(&format!("1. **S-1** a\n{between}Acceptance:\n- y\n"))[0].accepted, "{between:?}");
        }
        let code = "- **S-1** a\n\nAcceptance:\n- y\n\n```sh\nkeep\n```\n- other\n";
        assert_eq!(&code[items(code)[0].at.clone()], "- **S-1** a\n\nAcceptance:\n- y\n");
        let rules = "### S-1: a\n\n---\n### S-2: b\n\n---\n### S-3: c\n";
        assert_eq!(items(rules).iter().map(|item| &rules[item.at.clone()]).collect::<String>().matches("S-").count(), 3);
        let ids = |text: &str| items(text).into_iter().map(|item| item.id).collect::<Vec<_>>();
        assert_eq!(ids("+ **SHOP-1** x\n\n  1. **SHOP-2** y\n"), ["SHOP-1"]);
        assert_eq!(ids(" - **SHOP-1** x\n - **SHOP-2** y\n"), ["SHOP-1", "SHOP-2"]);
        let two = "## SHOP-1\nStatus: paused\n## SHOP-1\nStatus: active\n";
        assert_eq!(with_status(two, "SHOP-1", "done").unwrap(), "## SHOP-1\nStatus: paused\n## SHOP-1\nStatus: done\n");
    }

    #[test]
    fn notes_are_begun_and_ended() {
        let item = &items(ROADMAP)[0];
        let handoff = started("# Handoff\n", item, "");
        assert_eq!(handoff, "# Handoff\n\n## SHOP-1\nStatus: active\n\nCarts\n");
        assert_eq!(with_status(&handoff, "SHOP-1", "done").unwrap(), "# Handoff\n\n## SHOP-1\nStatus: done\n\nCarts\n");
        assert_eq!(started(&with_status(&handoff, "SHOP-1", "paused").unwrap(), item, ""), handoff);
        let common = "## [A-1](x)\nStatus: `active`\n## `A-2`\nStatus: **done**\n\nA-3\n---\nStatus: active\n---\nmore\n";
        let short: Vec<String> = notes(common).iter().map(|note| format!("{} {}", note.id, note.status)).collect();
        assert_eq!(short, ["A-1 active", "A-2 done", "A-3 active"]);
        assert!(with_status(common, "A-1", "done").unwrap().starts_with("## [A-1](x)\nStatus: `done`\n"));
        let found = notes("## SHOP-1: note\n- **Status:** Active\nStatus: done\n## Other\nStatus: active\n");
        assert_eq!(found.iter().map(|note| (&*note.id, &*note.status)).collect::<Vec<_>>(), [("SHOP-1", "active")]);
    }

    #[test]
    fn ends_of_lines_stay_as_they_are() {
        let dos = |text: &str| text.replace('\n', "\r\n");
        let roadmap = dos(ROADMAP);
        let found = items(&roadmap);
        assert_eq!(found.iter().map(|item| &*item.title).collect::<Vec<_>>(), ["Carts", "Prices (done)", "Paging"]);
        for (index, item) in items(ROADMAP).iter().enumerate() {
            let item_dos = &found[index];
            assert_eq!(without(&roadmap, item_dos), dos(&without(ROADMAP, item)));
            for handoff in ["", "# Handoff", "# Handoff\n", "# Handoff\n\n", "## SHOP-1\nStatus: paused\n"] {
                assert_eq!(started(&dos(handoff), item_dos, &roadmap), dos(&started(handoff, item, ROADMAP)), "{handoff:?}");
            }
            for changelog in ["", "# Changes\n", "# Changes\n\n- old\n", "# Changes\n\n## Next\n\nText.\n", "Text.\n"] {
                assert_eq!(logged(&dos(changelog), item_dos, &roadmap), dos(&logged(changelog, item, ROADMAP)), "{changelog:?}");
            }
        }
        // A file of its own ends its lines as it does.
        assert_eq!(logged("# Changes\n", &found[0], &roadmap), "# Changes\n\n- SHOP-1: Carts\n");
    }

    #[test]
    fn criteria_that_are_open() {
        let text = "### SHOP-1: x\n- [ ] no criterion\n\nAcceptance:\n\n- [ ] one\n  - [x] more\n  - [ ] less\n\n* [X] two\n  in two lines\n1. [ ]  three\n\nText.\n- [ ] a task\n\n#### Acceptance criteria\n- [ ] none\n\n**Acceptance:**\n- four\n```\n- [ ] code\n```\n- [ ] five\n";
        let found = &items(text)[0];
        let open: Vec<String> = found.open.iter().map(|(line, text)| format!("{line} {text}")).collect();
        assert_eq!(open, ["6 one", "8 less", "12 three", "25 five"]);
        assert!(found.accepted);
    }

    fn left(text: &str, id: &str) -> String {
        let found = items(text);
        without(text, found.iter().find(|item| item.id == id).unwrap_or_else(|| panic!("no {id} in {text}")))
    }

    #[test]
    fn of_a_list_only_the_item_leaves() {
        let own = "**S-1**: one\n  Acceptance:\n  - y\n";
        for (text, rest) in [
            (format!("# R\n\n- {own}- plain\n- **S-2**: x\n"), "# R\n\n- plain\n- **S-2**: x\n"),
            (format!("- {own}- plain\n- [ ] todo\n- **S-2**: x\n"), "- plain\n- [ ] todo\n- **S-2**: x\n"),
            (format!("# R\n\n- a\n\n- {own}\n- plain\n\nText.\n"), "# R\n\n- a\n\n- plain\n\nText.\n"),
            (format!("- a\n+ {own}* plain\n"), "- a\n* plain\n"),
            ("Text:\n1. **S-1** one\n   Acceptance:\n   - y\n\n     more\n2. two\n".to_owned(), "Text:\n\n2. two\n"),
            ("- group\n  - **S-1** one\n    Acceptance:\n    - y\n  - plain\n- b\n".to_owned(), "- group\n  - plain\n- b\n"),
            (format!("Text\n- {own}---\nFoot\n"), "Text\n\n---\nFoot\n"),
            (format!("- a\n- {own}"), "- a\n"),
        ] {
            let item = &items(&text)[0];
            assert!(item.accepted && item.open.is_empty(), "{text}: {item:?}");
            assert_eq!(without(&text, item), rest, "{text}");
            assert_eq!(left(&text.replace('\n', "\r\n"), "S-1"), rest.replace('\n', "\r\n"));
        }
    }

    #[test]
    fn a_heading_ends_at_a_break_and_leaves_what_others_need() {
        let own = "### S-1: one\n\nText.\n\nAcceptance:\n- y\n";
        for (text, rest) in [
            (format!("# R\n\n{own}\n---\n\nFoot with [site].\n"), "# R\n\n---\n\nFoot with [site].\n"),
            (format!("# R [site]\n\n{own}\n[site]: http://x\n"), "# R [site]\n\n[site]: http://x\n"),
            (
                format!("# R\n\n{own}\n<!-- a\n\nb -->\n[site]:\n  http://x\n### S-2: x\n"),
                "# R\n\n<!-- a\n\nb -->\n[site]:\n  http://x\n\n### S-2: x\n",
            ),
            (format!("Text\n{own}---\nFoot\n"), "Text\n\n---\nFoot\n"),
            (format!("Text\n{own}\nNext\n----\n"), "Text\n\nNext\n----\n"),
            (format!("Text\n{own}## Next\n"), "Text\n## Next\n"),
            (format!("# R\n\n{own}- [ ] open\n\n***\n\n- [ ] todo\n"), "# R\n\n***\n\n- [ ] todo\n"),
        ] {
            assert_eq!(left(&text, "S-1"), rest, "{text}");
            assert!(items(&text)[0].open.len() <= 1, "{text}");
        }
        let grouped = "### S-1: one\nAcceptance:\n- y\n\nMore:\n\n- group\n  - **S-2**: two\n";
        assert_eq!(left(grouped, "S-1"), "- group\n  - **S-2**: two\n");
    }

    #[test]
    fn items_of_a_list_stand_in_groups_and_between_underscores() {
        let text = "- group\n  - **S-1** one\n    - **S-9** is a part of it\n  - [x] **S-2**: two\n+ __S-3__ three\n+ __S-4: four__\n\n## S-5\n\n\
            Acceptance:\n- y\n  - **S-9** is a part of it\n- **S-6** six\n";
        let short: Vec<String> = items(text).iter().map(|item| format!("{}:{} {}", item.line, item.id, item.title)).collect();
        assert_eq!(short, ["2:S-1 one", "4:S-2 two", "5:S-3 three", "6:S-4 four", "8:S-5 ", "13:S-6 six"]);
        assert_eq!(left(text, "S-1").lines().nth(1), Some("  - [x] **S-2**: two"));
    }
}

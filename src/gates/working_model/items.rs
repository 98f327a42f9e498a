//! Items of a roadmap, notes of a handoff file, and lines of a changelog: pure text in, pure text out.

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

const ID: &str = r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+";

/// What makes an id strong, code or a link: before it, and behind it.
const OPENED: &str = r"[*_`\[]*";
const CLOSED: &str = r"[*_`]*(?:\](?:\([^)]*\)|\[[^\]]*\])?)?[*_`]*";

static HEADING: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^(#{1,6})\s+(.*)$").expect("it is right"));
static HEADED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"^{OPENED}({ID}){CLOSED}(?:\s*[:\u{{2014}}\u{{2013}} -]\s*(.*?))?(?:\*\*)?$")).expect("it is right")
});
static NOTED: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!(r"^{OPENED}({ID})\b")).expect("it is right"));
static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(&format!(r"^(?:\d+[.)]|[-*+])\s+(?:\[[ xX]\]\s+)?\*\*({ID})\b:?\s*(.*?)\*\*:?\s*(.*)$")).expect("it is right")
});
static ACCEPTANCE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*[*_]*acceptance(?: criteria)?[*_]*:[*_]*\s*$").expect("it is right"));
static POINT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*(?:[-*+]|\d+[.)])\s+\S").expect("it is right"));
static OPEN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*(?:[-*+]|\d+[.)])\s+\[ \]\s*(.*)$").expect("it is right"));
static STATUS: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*(?:[-*]\s+)?[*_]*status[*_]*:[*_]*\s*[`*_]*([A-Za-z]+)").expect("it is right"));
static DONE: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^\s*(?:\d+[.)]|[-*+])\s+\[x\]|\(done\)|\[done\]|\u{2705}|\u{2714}").expect("it is right"));
static UNRELEASED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)^[#\s\[*_]*(?:unreleased|not[ -]released)\b").expect("it is right"));
static ADDED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)^[#\s]*added\b").expect("it is right"));
static SIGN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[ >]*[-*+]").expect("it is right"));
static NAMED: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!(r"\b{ID}\b")).expect("it is right"));

/// A line, and where it begins, in bytes, behind a byte-order mark.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mark = text.len() - text.trim_start_matches('\u{feff}').len();
    text[mark..].split_inclusive('\n').scan(mark, |start, line| {
        let at = *start;
        *start += line.len();
        Some((at, line.trim_end_matches(['\n', '\r'])))
    })
}

/// Returns the items of a roadmap, in their order. An item that is a heading ends at the next one, or at a heading that is not below its own; one
/// of a list ends with what is in it, and with its acceptance criteria.
pub fn items(text: &str) -> Vec<Item> {
    let (prose, outline) = (prose(text), outline(text));
    // Items of a list that stand in no other.
    let mut top: Vec<&Range<usize>> = Vec::new();
    for place in &outline.items {
        if top.last().is_none_or(|last| place.start >= last.end) {
            top.push(place);
        }
    }
    let mut found: Vec<(Item, usize)> = Vec::new();
    let mut open = false;
    // Whether a line `Acceptance:` stands above, and then whether its list has begun.
    let (mut wants, mut lists) = (false, false);
    for (number, (at, line)) in lines(&prose).enumerate() {
        let here = |place: &Range<usize>| (at..at + line.len()).contains(&place.start);
        let depth = outline.headings.iter().find(|(_, place)| here(place)).map(|(level, _)| *level);
        let begun = match depth {
            Some(_) => HEADED.captures(HEADING.captures(line).and_then(|heading| heading.get(2)).map_or(line, |rest| rest.as_str())),
            None => top.iter().find(|place| here(place)).and_then(|place| LISTED.captures(line[place.start - at..].trim_start())),
        };
        let ends = begun.is_some() || depth.is_some_and(|depth| found.last().is_some_and(|(_, own)| depth <= *own));
        if ends && open {
            if let Some((item, _)) = found.last_mut().filter(|(_, own)| *own != IN_LIST) {
                item.at.end = at;
            }
            open = false;
        }
        if let Some(begun) = begun {
            let title: Vec<&str> =
                begun.iter().skip(2).flatten().map(|part| part.as_str().trim()).filter(|part| !part.is_empty()).collect();
            let end = match depth {
                Some(_) => text.len(),
                None => top.iter().find(|place| here(place)).map_or(at + line.len(), |place| end_of(text, place)),
            };
            let item = Item {
                id: begun[1].to_owned(),
                title: title.join(" "),
                line: number as u32 + 1,
                accepted: false,
                open: Vec::new(),
                done: DONE.is_match(line),
                at: at..end,
            };
            found.push((item, depth.unwrap_or(IN_LIST)));
            (open, wants, lists) = (true, false, false);
            continue;
        }
        let Some((item, _)) = found.last_mut().filter(|_| open) else { continue };
        item.done |= STATUS.captures(line).is_some_and(|status| status[1].eq_ignore_ascii_case("done"));
        if line.trim().is_empty() {
            continue;
        }
        if ACCEPTANCE.is_match(line) {
            (wants, lists) = (true, false);
            continue;
        }
        let point = POINT.is_match(line);
        lists = point && (wants || lists) || lists && line.starts_with([' ', '\t']) && depth.is_none();
        wants = false;
        if !lists {
            continue;
        }
        item.accepted = true;
        item.at.end = item.at.end.max(end_of(text, &(at..at + line.len())));
        if let Some(point) = OPEN.captures(line) {
            item.open.push((number as u32 + 1, point[1].trim().to_owned()));
        }
    }
    found.into_iter().map(|(item, _)| item).collect()
}

/// Returns where the last line ends that something stands on.
fn end_of(text: &str, place: &Range<usize>) -> usize {
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

/// Returns the ids that a changelog names, each with the first line that does.
pub fn named(text: &str) -> Vec<(String, u32)> {
    let mut found: Vec<(String, u32)> = Vec::new();
    for (number, (_, line)) in lines(&prose(text)).enumerate() {
        for id in NAMED.find_iter(line).filter(|_| POINT.is_match(line)) {
            if !found.iter().any(|(known, _)| known == id.as_str()) {
                found.push((id.as_str().to_owned(), number as u32 + 1));
            }
        }
    }
    found
}

/// Returns the items that a changelog has lines about, release by release: each with its lines, from 1. A line of a list is about the item
/// that it names first, and so are the points below it that name no other first. A release is what stands under one heading of the first or
/// second level.
pub fn logs(text: &str, is_item: impl Fn(&str) -> bool) -> Vec<(String, Vec<u32>)> {
    let prose = prose(text);
    let mut found: Vec<(String, Vec<u32>)> = Vec::new();
    let mut release = 0;
    // The points that a line stands below: how far they are indented, and what they are about.
    let mut above: Vec<(usize, Option<&str>)> = Vec::new();
    for (number, (_, line)) in lines(&prose).enumerate() {
        if let Some(heading) = HEADING.captures(line) {
            above.clear();
            release = if heading[1].len() <= 2 { found.len() } else { release };
        }
        if !POINT.is_match(line) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        above.retain(|(outer, _)| *outer < indent);
        let about = NAMED.find_iter(line).map(|id| id.as_str()).find(|id| is_item(id));
        if let Some(id) = about.filter(|_| !above.iter().any(|(_, outer)| *outer == about)) {
            match found[release..].iter_mut().find(|(known, _)| *known == id) {
                Some((_, lines)) => lines.push(number as u32 + 1),
                None => found.push((id.to_owned(), vec![number as u32 + 1])),
            }
        }
        above.push((indent, about));
    }
    found
}

/// Returns how the lines of a text end, by its first one; of a text without any, how those of `other` do.
fn end_of_line<'a>(text: &str, other: &'a str) -> &'a str {
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

/// Returns a roadmap without an item.
pub fn without(roadmap: &str, item: &Item) -> String {
    let (before, behind) = (&roadmap[..item.at.start], &roadmap[item.at.end..]);
    match behind.is_empty() {
        true => format!("{}{}", before.trim_end(), end_of_line(roadmap, "\n")),
        false => format!("{before}{behind}"),
    }
}

/// Returns a changelog with a line about an item: the first of the list under `### Added`, or else of the first list, of what is not released yet;
/// where nothing says that it is not, of the first list of all. Without such a list the line begins one below the heading. A file that is not
/// there yet gets the roadmap's ends of lines.
pub fn logged(changelog: &str, item: &Item, roadmap: &str) -> String {
    let eol = end_of_line(changelog, end_of_line(roadmap, "\n"));
    let outline = outline(changelog);
    // What stands under a heading, as far as the next one that is not below it.
    let under = |heading: &(usize, Range<usize>)| {
        let (level, place) = heading;
        let ends = outline.headings.iter().find(|(next, at)| at.start > place.start && next <= level);
        end_of(changelog, place)..ends.map_or(changelog.len(), |(_, at)| at.start)
    };
    let says = |words: &Regex, within: &Range<usize>| {
        let fits = |place: &Range<usize>| within.contains(&place.start) && words.is_match(&changelog[place.clone()]);
        outline.headings.iter().find(|(_, place)| fits(place)).map(under)
    };
    let all = 0..changelog.len();
    let mark = changelog.len() - changelog.trim_start_matches('\u{feff}').len();
    let unreleased = says(&UNRELEASED, &all);
    let added = unreleased.as_ref().and_then(|unreleased| says(&ADDED, unreleased));
    // Where the line of a point begins, and the point up to its sign.
    let first = |within: &Range<usize>| {
        outline.items.iter().filter(|point| within.contains(&point.start)).find_map(|point| {
            let start = changelog[..point.start].rfind('\n').map_or(mark, |end| end + 1);
            SIGN.find(&changelog[start..]).map(|sign| (start, sign.as_str()))
        })
    };
    let within = added.as_ref().or(unreleased.as_ref()).unwrap_or(&all);
    let sign = first(within).or_else(|| first(unreleased.as_ref()?)).or_else(|| first(&all)).map_or("-", |(_, sign)| sign);
    let line = |sign: &str| format!("{sign} {}: {}{eol}", item.id, item.title);
    if let Some((at, _)) = first(within) {
        return format!("{}{}{}", &changelog[..at], line(sign), &changelog[at..]);
    }
    let heading = added.or(unreleased).or_else(|| outline.headings.first().map(under));
    let Some(at) = heading.map(|under| under.start) else { return format!("{changelog}{}", line(sign)) };
    let (above, below) = changelog.split_at(at);
    let gap = if above.ends_with('\n') { "" } else { eol };
    let more = if below.is_empty() || below.starts_with(['\r', '\n']) { "" } else { eol };
    format!("{above}{gap}{eol}{}{more}{below}", line(sign.trim_start()))
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

    #[test]
    fn a_line_of_a_changelog_is_about_what_it_names_first() {
        let twice = |text: &str| -> String {
            let logs = logs(text, |id| id.starts_with("SHOP-"));
            let told = logs.iter().filter(|(_, lines)| lines.len() > 1).map(|(id, lines)| format!("{id} {lines:?}"));
            told.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(twice("- SHOP-1: carts\n- prices (SHOP-2)\n\n### Fixed\n* **SHOP-1** more\n1. [SHOP-1](x) again\n"), "SHOP-1 [1, 5, 6]");
        assert_eq!(twice("- SHOP-1: carts\n- SHOP-2: follow-up of SHOP-1\nSHOP-1 in text\n- SHOP-12: twelve\n- UTF-8 in SHOP-3\n"), "");
        assert_eq!(twice("- SHOP-1: carts\n  - SHOP-1 holds\n  - SHOP-2: two\n- more\n  - SHOP-2 too\n"), "SHOP-2 [3, 5]");
        assert_eq!(twice("# 2.0\n- SHOP-1: carts\n# 1.9\n## rc 2\n- SHOP-1: carts\n## rc 1\n- SHOP-1: carts\n"), "", "releases apart");
        assert_eq!(twice("- UTF-8 here\n- UTF-8 there\n- UTF-8 and SHOP-1\n- SHOP-1\n"), "SHOP-1 [3, 4]");
    }

    #[test]
    fn changelogs_name_and_are_named() {
        assert_eq!(
            named("# Changes\n\n- SHOP-1: carts, with SHOP-2\n- SHOP-1 again\nSHOP-3 in text\n"),
            [("SHOP-1".to_owned(), 3), ("SHOP-2".to_owned(), 3)]
        );
        let item = &items(ROADMAP)[0];
        assert_eq!(logged("# Changes\n\n- old\n", item, ""), "# Changes\n\n- SHOP-1: Carts\n- old\n");
        assert_eq!(logged("# Changes\n", item, ""), "# Changes\n\n- SHOP-1: Carts\n");
        assert_eq!(logged("", item, ""), "- SHOP-1: Carts\n");
    }

    #[test]
    fn what_is_done_is_no_part_of_a_release_that_has_shipped() {
        let item = &items(ROADMAP)[0];
        let top = "# Changes\n\n- Dates are in UTC.\n\n";
        let shipped = "## [1.0.0] - 2026-01-31\n\n### Added\n\n- old\n";
        for (before, after) in [
            ("## [Unreleased]\n\n", "## [Unreleased]\n\n- SHOP-1: Carts\n\n"),
            ("## Not released\n", "## Not released\n\n- SHOP-1: Carts\n\n"),
            ("Unreleased\n----------\n\n", "Unreleased\n----------\n\n- SHOP-1: Carts\n\n"),
            ("## Unreleased\n\n* new\n\n", "## Unreleased\n\n* SHOP-1: Carts\n* new\n\n"),
            ("## Unreleased\n\n### Fixed\n\n+ a\n\n", "## Unreleased\n\n### Fixed\n\n+ SHOP-1: Carts\n+ a\n\n"),
            ("## Unreleased\n\n### Fixed\n\n* a\n\n### Added\n\n", "## Unreleased\n\n### Fixed\n\n* a\n\n### Added\n\n* SHOP-1: Carts\n\n"),
            ("## Unreleased\n\n```\n- code\n```\n\n", "## Unreleased\n\n- SHOP-1: Carts\n\n```\n- code\n```\n\n"),
        ] {
            assert_eq!(logged(&format!("{top}{before}{shipped}"), item, ""), format!("{top}{after}{shipped}"), "{before}");
        }
        assert_eq!(logged("## Unreleased", item, ""), "## Unreleased\n\n- SHOP-1: Carts\n");
    }
}

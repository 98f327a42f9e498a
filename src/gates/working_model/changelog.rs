//! Lines of a changelog: pure text in, pure text out.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;
use rustc_hash::{FxHashMap, FxHashSet};

use super::items::{HEADING, ID, Item, POINT, end_of, lines};
use super::moves::end_of_line;
use crate::gates::markdown::{Outline, outline, prose};

static UNRELEASED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^[#\s\[*_]*(?:unreleased|not[ -]released)\b|\b(?:unreleased|not[ -]released)\W*$").expect("it is right")
});
static ADDED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)^[#\s]*added\b").expect("it is right"));
static SIGN: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^[ >]*[-*+]").expect("it is right"));
static VERSION: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?i)^[#\s\[*_]*(?:version\s|release\s)?v?\d|\bv?\d+\.\d|\b\d{4}-\d\d").expect("it is right"));
static VERSIONED: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)^[#\s\[*_]*(?:version\s|release\s)?v?\d").expect("it is right"));
/// What of a line no reader takes for its words: what is struck out, where links lead, and addresses.
static UNSAID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"~~[^~]*~~|\]\([^)]*\)|\b[A-Za-z][\w+.-]*://[^\s)>\]]*").expect("it is right"));
static NAMED: LazyLock<Regex> = LazyLock::new(|| Regex::new(ID).expect("it is right"));
/// What may stand before a whole word, and behind it: `(S-1)`, `S-1.`, `__S-1__`, `S-1/S-2`, but neither `S-1.5` nor `x/S-1`.
static AHEAD: LazyLock<Regex> = LazyLock::new(|| Regex::new(&format!(r"(?:^|[^\w./\\#@=&~%+-]|{ID}/)_*$")).expect("it is right"));
static BEHIND: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"^_*(?:$|[^\w./\\-]|[./\\-]+(?:$|[^\w./\\-])|/{ID})")).expect("it is right"));
/// What no list of ids is interrupted by.
const GAP: &str = r"[^\p{L}\p{N}:;.!?–—-]*";
/// What stands between two ids of one list: `S-1, S-2`, `**S-1** and **S-2**`.
static JOINED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(&format!(r"^{GAP}(?:[,/&+]{GAP}(?:and\b)?|\band\b){GAP}$")).expect("it is right"));

/// Returns the items that a line is about: the one that it names first, as a whole word, and those that it names in one list with it.
fn about(line: &str, is_item: impl Fn(&str) -> bool) -> Vec<String> {
    let said = UNSAID.replace_all(line, "\u{fffc}");
    let whole = |id: &regex::Match<'_>| AHEAD.is_match(&said[..id.start()]) && BEHIND.is_match(&said[id.end()..]);
    let mut found: Vec<regex::Match<'_>> = Vec::new();
    for id in NAMED.find_iter(&said).filter(whole).filter(|id| is_item(id.as_str())) {
        if found.last().is_some_and(|last| !JOINED.is_match(&said[last.end()..id.start()])) {
            break;
        }
        found.push(id);
    }
    found.into_iter().map(|id| id.as_str().to_owned()).collect()
}

/// Returns the items that lines of a changelog are about, each with the first line that is.
pub fn named(text: &str, is_item: impl Fn(&str) -> bool) -> Vec<(String, u32)> {
    let (mut found, mut seen) = (Vec::new(), FxHashSet::default());
    for (number, (_, line)) in lines(&prose(text)).enumerate() {
        if !POINT.is_match(line) {
            continue;
        }
        for id in about(line, &is_item) {
            if seen.insert(id.clone()) {
                found.push((id, number as u32 + 1));
            }
        }
    }
    found
}

/// Returns the items that a changelog has lines about, release by release: each with its lines, from 1. A line of a list counts for the item
/// that it names first, and so do the points below it that name no other first. A release is what stands under one heading of the first or
/// second level.
pub fn logs(text: &str, is_item: impl Fn(&str) -> bool) -> Vec<(String, Vec<u32>)> {
    let prose = prose(text);
    let mut found: Vec<(String, Vec<u32>)> = Vec::new();
    // Where in it those of the release are.
    let mut places: FxHashMap<String, usize> = FxHashMap::default();
    // The points that a line stands below: how far they are indented, and what they are about.
    let mut above: Vec<(usize, Option<String>)> = Vec::new();
    for (number, (_, line)) in lines(&prose).enumerate() {
        if let Some(heading) = HEADING.captures(line) {
            above.clear();
            if heading[1].len() <= 2 {
                places.clear();
            }
        }
        if !POINT.is_match(line) {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        above.retain(|(outer, _)| *outer < indent);
        let about = about(line, &is_item).into_iter().next();
        if let Some(id) = about.as_ref().filter(|_| !above.iter().any(|(_, outer)| *outer == about)) {
            let place = *places.entry(id.clone()).or_insert(found.len());
            if place == found.len() {
                found.push((id.clone(), Vec::new()));
            }
            found[place].1.push(number as u32 + 1);
        }
        above.push((indent, about));
    }
    found
}

/// Returns a changelog with a line about an item: the first of the list under `### Added`, or else of the first list, of what is not released yet;
/// where nothing says that it is not, below a new heading above the first release, or, without any, of the first list of all. Without such a list
/// the line begins one below the heading. A file that is not there yet gets the roadmap's ends of lines.
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
    if let Some((level, at)) = release(changelog, &outline).filter(|_| unreleased.is_none()) {
        let (above, below) = changelog.split_at(at);
        let gap = if above.trim_start_matches('\u{feff}').lines().next_back().is_none_or(|line| line.trim().is_empty()) { "" } else { eol };
        return format!("{above}{gap}{} Unreleased{eol}{eol}{}{eol}{below}", "#".repeat(level), line(sign.trim_start_matches([' ', '>'])));
    }
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

/// Returns the level of the heading of a changelog's first release, and where it begins, in bytes: one of the first two levels that holds a version
/// or a date. One heading above all others is the title.
fn release(changelog: &str, outline: &Outline) -> Option<(usize, usize)> {
    let lone = outline.headings.iter().filter(|(level, _)| *level == 1).count() == 1;
    let is_release = |(level, place): &&(usize, Range<usize>)| {
        let words = if *level == 1 && lone { &VERSIONED } else { &VERSION };
        let line = changelog[..place.start].rfind('\n').map_or(0, |end| end + 1);
        // One in a quote is not the changelog's own.
        let own = changelog[line..place.start].trim_start_matches('\u{feff}').trim().is_empty();
        *level <= 2 && own && words.is_match(&changelog[place.clone()])
    };
    let mut releases: Vec<(usize, usize)> =
        outline.headings.iter().filter(is_release).map(|(level, place)| (*level, place.start)).collect();
    let titled = releases.iter().filter(|(level, _)| *level == 1).count() == 1 && releases.iter().any(|(level, _)| *level == 2);
    releases.retain(|(level, _)| !titled || *level == 2);
    releases.first().copied()
}

#[cfg(test)]
mod tests {
    use super::super::items::items;
    use super::*;

    const ROADMAP: &str = "### SHOP-1: Carts\n\nText.\n";

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
            named("# Changes\n\n- SHOP-1: carts, with SHOP-2\n- SHOP-1 again\nSHOP-3 in text\n", |_| true),
            [("SHOP-1".to_owned(), 3)]
        );
        for both in ["S-1, S-2: x", "S-1 and S-2", "(S-1/S-2)", "**S-1**, and __S-2__", "[S-1](x) & [S-2](y)", "`S-1` + `S-2`"] {
            assert_eq!(named(&format!("- {both}\n"), |_| true).len(), 2, "{both}");
        }
        for one in ["S-1: S-2", "S-1 (S-2)", "S-1. S-2", "S-1: x, S-2", "S-1 - S-2", "UTF-8, S-1, and then S-2"] {
            assert_eq!(named(&format!("- {one}\n"), |id| id != "UTF-8"), [("S-1".to_owned(), 1)], "{one}");
        }
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

    #[test]
    fn without_a_part_for_it_what_is_done_gets_one_above_the_first_release() {
        let item = &items(ROADMAP)[0];
        for (changelog, expected) in [
            ("# Changes\n\n## 1.0\n\n* old\n", "# Changes\n\n## Unreleased\n\n* SHOP-1: Carts\n\n## 1.0\n\n* old\n"),
            ("# Changes\nText\n## [v1] - x\n- a\n", "# Changes\nText\n\n## Unreleased\n\n- SHOP-1: Carts\n\n## [v1] - x\n- a\n"),
            (
                "# Changes\n\n> ## 0.9\n> - old\n\n## 1.0\n- a\n",
                "# Changes\n\n> ## 0.9\n> - old\n\n## Unreleased\n\n- SHOP-1: Carts\n\n## 1.0\n- a\n",
            ),
            ("## 1.1.0 (unreleased)\n- b\n## 1.0\n", "## 1.1.0 (unreleased)\n- SHOP-1: Carts\n- b\n## 1.0\n"),
            ("# Changes since 2024-01\n\n### Fixed\n- b\n", "# Changes since 2024-01\n\n### Fixed\n- SHOP-1: Carts\n- b\n"),
            ("# 2.0\n- b\n# 1.0\n- a\n", "# Unreleased\n\n- SHOP-1: Carts\n\n# 2.0\n- b\n# 1.0\n- a\n"),
            ("# Changes of v2\n\n## shop 2.1\n- a\n", "# Changes of v2\n\n## Unreleased\n\n- SHOP-1: Carts\n\n## shop 2.1\n- a\n"),
            ("# Changes\n\n## Next\n- a\n", "# Changes\n\n## Next\n- SHOP-1: Carts\n- a\n"),
        ] {
            assert_eq!(logged(changelog, item, ""), expected, "{changelog}");
            assert_eq!(logged(&changelog.replace('\n', "\r\n"), item, ""), expected.replace('\n', "\r\n"));
        }
        assert_eq!(logged("\u{feff}# 1.0\n- a\n", item, ""), "\u{feff}# Unreleased\n\n- SHOP-1: Carts\n\n# 1.0\n- a\n");
    }

    #[test]
    fn an_id_is_named_as_a_whole_word() {
        for line in [
            "S-1.",
            "S-1: x",
            "see (S-1)",
            "[S-1](http://x/y)",
            "**S-1** x",
            "__S-1__",
            "`S-1`",
            "S-1...",
            "S-1's",
            "S-0/S-1",
            "S-1/S-2",
            "x, S-1",
            "[shop][S-1] a",
        ] {
            assert!(named(&format!("- {line}\n"), |_| true).iter().any(|(id, _)| id == "S-1"), "{line}");
        }
        for line in [
            "S-1.5",
            "S-1-foo",
            "S-1-2",
            "S-12",
            "http://x/S-1",
            "<http://x/S-1>",
            "[x](S-1)",
            "~~S-1~~",
            "x/S-1",
            "xS-1",
            "S-1_a",
            "#S-1",
            "S-1/x",
        ] {
            assert!(named(&format!("- {line}\n"), |_| true).iter().all(|(id, _)| id != "S-1"), "{line}");
            assert!(logs(&format!("- {line}\n- {line}\n"), |id| id == "S-1").is_empty(), "{line}");
        }
    }
}

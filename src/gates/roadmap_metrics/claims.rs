//! Claims in a Markdown document: what a command shows, and files that are there.
//!
//! A claim is a sentence such as `` 1. `cargo test` -> 197 passed. ``, or a path in backticks in a list item. Code blocks, comments and items
//! that are still open (`- [ ]`) claim nothing.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::counts::{Count, counts, denied};
use crate::gates::markdown::{CODE, Passage, passages};

/// Something that a document says of the project.
#[derive(Clone, PartialEq, Debug)]
pub struct Claim {
    /// From 1.
    pub line: u32,
    /// From 1, in characters: where the command or path begins.
    pub column: u32,
    /// What is run, or the path.
    pub subject: String,
    /// What it shows; empty for a path, which has to be there.
    pub expected: Vec<Expected>,
}

/// What a command is claimed to show.
#[derive(Clone, PartialEq, Debug)]
pub enum Expected {
    /// A number beside a word.
    Count(Count),
    /// Its exit status.
    Exit(i32),
    /// A text that it prints.
    Text(String),
}

/// Arrows between a command and what it shows.
const ARROWS: [&str; 3] = ["->", "=>", "\u{2192}"];

/// An arrow in what is said: what stands behind it is said, too.
static ARROW: LazyLock<Regex> = LazyLock::new(|| Regex::new("[-=]+>").expect("it is right"));
static EXIT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?i)\bexit(?:s|\s+(?:code|status))?\s+(\d{1,3})\b").expect("it is right"));

/// What a document says.
#[derive(Default)]
pub struct Document {
    /// Its claims, in their order.
    pub claims: Vec<Claim>,
    /// What looks like a command with an arrow behind it, and behind that nothing that can be held against it.
    pub silent: Vec<Claim>,
}

/// Returns the claims of a document, in their order.
pub fn claims(text: &str) -> Vec<Claim> {
    read(text).claims
}

/// Reads a document.
pub fn read(text: &str) -> Document {
    let mut found = Document::default();
    let lines: Vec<usize> = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
    let place = |at: usize| {
        let line = lines.partition_point(|begins| *begins <= at);
        let begins = lines[line - 1];
        (line as u32, text[begins..at].trim_start_matches('\u{feff}').chars().count() as u32 + 1)
    };
    for passage in passages(text).iter().filter(|passage| passage.item != Some(true)) {
        read_passage(passage, &place, &mut found);
    }
    found
}

fn read_passage(passage: &Passage, place: &dyn Fn(usize) -> (u32, u32), found: &mut Document) {
    let codes = &passage.codes;
    let first = ARROWS.iter().filter_map(|arrow| passage.text.find(arrow)).min().unwrap_or(passage.text.len());
    let said = said(passage);
    let commands: Vec<usize> = said.iter().map(|(command, ..)| *command).collect();
    if passage.item.is_some() {
        for code in codes.iter().enumerate().filter(|(index, code)| code.at < first && !commands.contains(index)).map(|(_, code)| code) {
            if let Some(path) = path(&code.text) {
                let (line, column) = place(code.source.start);
                found.claims.push(Claim { line, column, subject: path, expected: Vec::new() });
            }
        }
    }
    for (command, words, shown) in said {
        let command = &codes[command];
        let (line, column) = place(command.source.start);
        let expected = expected(passage, words, &shown);
        // `old.rs` -> `new.rs` is no command and what it prints.
        let is_file = |text: &str| !text.contains(' ') && text.contains(['/', '.']);
        let renames = matches!(&expected[..], [Expected::Text(shown)] if is_file(shown) && is_file(&command.text));
        if !expected.is_empty() && !renames {
            found.claims.push(Claim { line, column, subject: command.text.clone(), expected });
        } else if expected.is_empty() && command.text.contains(' ') {
            found.silent.push(Claim { line, column, subject: command.text.clone(), expected });
        }
    }
}

/// Returns the commands of a passage that an arrow stands behind, by index; of each where stands what is said of it, in bytes, and the codes right
/// behind its arrows, by index.
fn said(passage: &Passage) -> Vec<(usize, Range<usize>, Vec<usize>)> {
    let text = &passage.text;
    let mut arrows: Vec<Range<usize>> =
        ARROWS.iter().flat_map(|arrow| text.match_indices(arrow)).map(|(at, arrow)| at..at + arrow.len()).collect();
    arrows.sort_by_key(|arrow| arrow.start);
    let mut said: Vec<(usize, Range<usize>, Vec<usize>)> = Vec::new();
    let mut from = 0;
    for arrow in arrows {
        let ahead = passage.codes.partition_point(|code| code.at < arrow.start);
        let command = passage.codes[..ahead].last().filter(|code| code.at >= from).map(|_| ahead - 1);
        let next = passage.codes.partition_point(|code| code.at < arrow.end);
        let shown = passage.codes.get(next).filter(|code| text[arrow.end..code.at].trim().is_empty()).map(|_| next);
        match (command, said.last_mut()) {
            (None, None) => continue,
            // A further arrow of the same command.
            (None, Some((.., codes))) => codes.extend(shown),
            (Some(command), last) => {
                if let Some((_, words, _)) = last {
                    words.end = passage.codes[command].at;
                }
                said.push((command, arrow.end..text.len(), shown.into_iter().collect()));
            }
        }
        from = shown.map_or(arrow.end, |code| passage.codes[code].at + CODE.len_utf8());
    }
    said
}

/// Returns the first sentence of a text: until a full stop, or a line that neither a small letter nor a digit begins.
fn sentence(text: &str) -> &str {
    let stops = text.match_indices('.').find(|(at, _)| text[at + 1..].starts_with(char::is_whitespace)).map(|(at, _)| at);
    let goes_on = |c: char| c.is_lowercase() || c.is_numeric();
    let breaks = text.match_indices('\n').find(|(at, _)| !text[at + 1..].starts_with(goes_on)).map(|(at, _)| at);
    &text[..stops.into_iter().chain(breaks).min().unwrap_or(text.len())]
}

fn expected(passage: &Passage, words: Range<usize>, shown: &[usize]) -> Vec<Expected> {
    let sentence = sentence(&passage.text[words.clone()]);
    let ends = words.start + sentence.len();
    let texts = shown.iter().map(|index| &passage.codes[*index]).enumerate().filter(|(nth, code)| *nth == 0 || code.at < ends);
    let texts = texts.map(|(_, code)| Expected::Text(code.text.clone()));
    let sentence = ARROW.replace_all(sentence, |arrow: &regex::Captures<'_>| format!("{:<1$}", ";", arrow[0].len()));
    // What is denied, and one of several, is not said.
    let said = |exit: &regex::Captures<'_>| {
        let (at, end) = exit.get(0).map_or((0, 0), |exit| (exit.start(), exit.end()));
        !denied(&sentence[..at]) && !sentence[end..].trim_start().starts_with("or ")
    };
    let exit = EXIT.captures(&sentence).filter(said);
    let status = exit.as_ref().and_then(|exit| exit[1].parse().ok()).map(Expected::Exit);
    let bare = match exit.as_ref().and_then(|exit| exit.get(0)) {
        Some(exit) => format!("{}{}{}", &sentence[..exit.start()], ".".repeat(exit.len()), &sentence[exit.end()..]),
        None => sentence.to_string(),
    };
    let counts = counts(&bare).into_iter().map(|count| {
        let at = passage.source(words.start + count.at.start..words.start + count.at.end);
        Expected::Count(Count { at, ..count })
    });
    texts.chain(status).chain(counts).collect()
}

/// Returns the path that a text in backticks means, if it looks like one of the project's.
fn path(text: &str) -> Option<String> {
    let text = text.split('#').next().unwrap_or_default();
    let text = match text.rsplit_once(':') {
        Some((path, line)) if !line.is_empty() && line.bytes().all(|byte| byte.is_ascii_digit()) => path,
        _ => text,
    };
    let odd =
        |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '{' | '}' | '$' | '"' | '\'' | '|' | '(' | ')' | '=' | '@' | ',' | ';');
    let own = text.contains('/') && !text.starts_with(['/', '-', '~']) && !text.contains("://") && !text.contains("::");
    let hidden = |rest: &str| rest.starts_with(|c: char| c.is_alphabetic() || matches!(c, '/' | '_')) || rest.starts_with("./");
    let own = (own || text.starts_with("./")) && text.strip_prefix('.').is_none_or(hidden);
    (own && !text.contains(odd) && text.chars().any(char::is_alphanumeric)).then(|| text.trim_start_matches("./").to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn short(text: &str) -> Vec<String> {
        claims(text)
            .iter()
            .map(|claim| {
                let expected = claim.expected.iter().map(|expected| match expected {
                    Expected::Count(count) => {
                        assert!(count.text.contains(&text[count.at.clone()]), "{count:?}");
                        format!(" -> {}", count.text)
                    }
                    Expected::Exit(code) => format!(" -> exit {code}"),
                    Expected::Text(text) => format!(" -> `{text}`"),
                });
                format!("{}:{} {}{}", claim.line, claim.column, claim.subject, expected.collect::<String>())
            })
            .collect()
    }

    fn silent(text: &str) -> Vec<u32> {
        read(text).silent.iter().map(|claim| claim.line).collect()
    }

    #[test]
    fn every_form_is_found() {
        let text = "# Status\r\n\r\n1. `python -m pytest tests/ -q` -> 197 passed.\r\n2. `pytest --collect-only -q` -> 197 collected, 2 errors.\n\
            3. `rg -n \"except Exception\" orket` -> 0 matches.\n4. Load artifact archived: `benchmarks/results/2026-02-11_phase5_load.json`.\n\
            5. `make check` \u{2192} exit 3\n6. `x --version` => `x 1.2`\n7. `docs/ARCHITECTURE.md` now defines folders. Since 3 weeks.\n\
            - `cov report` -> 87.5% coverage\n- `cov report` -> 87%\nPlain `a b` -> 1,234 lines. Then 5 more.\n";
        assert_eq!(
            short(text),
            [
                "3:4 python -m pytest tests/ -q -> 197 passed",
                "4:4 pytest --collect-only -q -> 197 collected -> 2 errors",
                "5:4 rg -n \"except Exception\" orket -> 0 matches",
                "6:28 benchmarks/results/2026-02-11_phase5_load.json",
                "7:4 make check -> exit 3",
                "8:4 x --version -> `x 1.2`",
                "9:4 docs/ARCHITECTURE.md",
                "10:3 cov report -> 87.5% coverage",
                "11:3 cov report -> 87%",
                "12:7 a b -> 1,234 lines",
            ]
        );
    }

    #[test]
    fn what_claims_nothing() {
        let text = "`src/a.rs` outside of a list\n- [ ] `src/new.rs` is to come\n  with `src/other.rs`\n- [x] `src/done.rs`\n```\n- `in/code` -> 1 passed\n```\n\
            <!-- - `in/comment`\n - `in/comment` -->\n- `old.rs` -> `new.rs`\n- `GET /health` and `/health`, `https://x.org/y`, `<a/b>`, `and::or`\n\
            - an arrow -> `out/there`\n- ``a`b`` and `a\n- `src/lib.rs:12` and `src/lib.rs#L3`\n- `../d/f` and `..`\n- `.ci/run`, `.../x` and `.5/3`\n";
        assert_eq!(short(text), ["4:7 src/done.rs", "14:3 src/lib.rs", "14:23 src/lib.rs", "15:3 ../d/f", "16:3 .ci/run"]);
    }

    #[test]
    fn one_passage_claims_more_than_once() {
        let text = "- `a b` -> 5 items; `c d` -> 6 cows, exit 1\n- `e f`\n  -> 7 items,\n  8 cows\n  `g h` -> **9** lines\n- `i j` -> exit 2, 3 files\n\n\
            | `k l` -> 1 row | `m n` -> 2 rows |\n|---|---|\n| `o p` -> | 3 rows |\n\n- see `q/r`, `s t` -> 4 [rows](x)\n- `u/v` -> `w/x`\n";
        assert_eq!(
            short(text),
            [
                "1:3 a b -> 5 items",
                "1:21 c d -> exit 1 -> 6 cows",
                "2:3 e f -> 7 items -> 8 cows",
                "5:3 g h -> 9 lines",
                "6:3 i j -> exit 2 -> 3 files",
                "8:3 k l -> 1 row",
                "8:20 m n -> 2 rows",
                "12:7 q/r",
                "12:14 s t -> 4 rows",
            ]
        );
        assert_eq!(silent(text), [10]);
    }

    #[test]
    fn no_arrow_hides_what_stands_behind_it() {
        for arrow in ["->", "-->", "=>", "==>", "\u{2192}"] {
            assert_eq!(short(&format!("`a b` {arrow} 5 rows {arrow} 6 rows\n")), ["1:1 a b -> 5 rows -> 6 rows"], "{arrow}");
            assert_eq!(short(&format!("`a b` {arrow} 195 {arrow} 197 rows\n")), ["1:1 a b -> 197 rows"], "{arrow}");
        }
    }

    #[test]
    fn what_stands_beside_a_text_that_is_shown_is_claimed_too() {
        for (said, expected) in [
            ("`9 items`, 8 items", "-> `9 items` -> 8 items"),
            ("`9 items` -> 8 items", "-> `9 items` -> 8 items"),
            ("`9 items` -> `8 rows`, exit 2", "-> `9 items` -> `8 rows` -> exit 2"),
            ("`9 items`. Then 8 items", "-> `9 items`"),
            ("up&nbsp;to 12 items", "-> up to 12 items"),
            ("fewer\n  than 12 items", "-> fewer than 12 items"),
            ("at least 3 and at most 8 items", "-> at least 3 and at most 8 items"),
        ] {
            assert_eq!(short(&format!("- `a b` -> {said}\n")), [format!("1:3 a b {expected}")], "{said}");
        }
    }

    #[test]
    fn what_is_no_prose_claims_nothing() {
        let code = "- ```\n  - `a b` -> 1 row\n  ```\n- `c d` -> 2 rows\n\n````\n```\n`e f` -> 3 rows\n````\n\n    `g h` -> 4 rows\n\n`i j` -> 5 rows\n\n\
            ```x``` is no fence\n\n`k l` -> 6 rows <!-- `m n` -> 7 rows -->\n\n<!--\n```\n-->\n\n`o p` -> 8 rows\n";
        assert_eq!(short(code), ["4:3 c d -> 2 rows", "13:1 i j -> 5 rows", "17:1 k l -> 6 rows", "23:1 o p -> 8 rows"]);
    }

    #[test]
    fn an_arrow_that_claims_nothing_is_known() {
        let text = "- `cargo test` -> all green\n- `cargo test` -> 3 or 4 passed\n- `cargo test` -> 3 passed\n- `a` -> b\n- `cargo test`\n";
        assert_eq!(silent(text), [1, 2]);
    }

    #[test]
    fn any_text_is_read() {
        for text in ["", "`", "-> `", "- `` ` ``", "1. `a b` -> ", "\u{feff}- `é/ü` -> 3 é", "- `a b` -> 99999999999999999999999 passed"]
        {
            claims(text);
        }
    }
}

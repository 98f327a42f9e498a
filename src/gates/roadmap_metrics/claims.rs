//! Claims in a Markdown document: what a command shows, and files that are there.
//!
//! A claim is a line such as `` 1. `cargo test` -> 197 passed. ``, or a path in backticks in a list item. Code between fences, comments and
//! items that are still open (`- [ ]`) claim nothing.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::counts::{Count, counts};

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

static ITEM: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*(?:[-*+]|\d{1,9}[.)])\s+(\[[ xX]\]\s+)?").expect("it is right"));
static EXIT: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"^\s*exit(?:s|\s+(?:code|status))?\s+(\d{1,3})\b").expect("it is right"));

/// What a document says.
#[derive(Default)]
pub struct Document {
    /// Its claims, in their order.
    pub claims: Vec<Claim>,
    /// The lines, from 1, with an arrow behind what looks like a command, and behind that nothing that can be held against it.
    pub silent: Vec<u32>,
}

/// Returns the claims of a document, in their order.
pub fn claims(text: &str) -> Vec<Claim> {
    read(text).claims
}

/// Reads a document.
pub fn read(text: &str) -> Document {
    let mut found = Document::default();
    let (mut fence, mut comment, mut item) = (None::<&str>, false, None);
    let mut start = 0;
    for (number, whole) in text.split_inclusive('\n').enumerate() {
        let (line, at) = (whole.trim_end_matches(['\n', '\r']), start);
        start += whole.len();
        let bare = line.trim_start();
        let mark = ["```", "~~~"].into_iter().find(|mark| bare.starts_with(mark));
        if let (Some(mark), None) = (mark, fence) {
            fence = Some(mark);
            continue;
        }
        if let Some(open) = fence {
            fence = (!bare.starts_with(open)).then_some(open);
            continue;
        }
        comment |= bare.starts_with("<!--");
        if comment {
            comment = !line.contains("-->");
            continue;
        }
        match ITEM.captures(line) {
            Some(begun) => item = Some(begun.get(1).is_some_and(|open| open.as_str().starts_with("[ ]"))),
            None if bare.is_empty() || !line.starts_with([' ', '\t']) => item = None,
            None => {}
        }
        if item != Some(true) {
            one_line(line, number as u32 + 1, at, item.is_some(), &mut found);
        }
    }
    found
}

fn one_line(line: &str, number: u32, start: usize, in_item: bool, found: &mut Document) {
    let spans = spans(line);
    let column = |at: usize| line[..at].chars().count() as u32 + 1;
    let outside = |at: &usize| !spans.iter().any(|(span, _)| span.contains(at));
    let arrow = ["->", "=>", "\u{2192}"].into_iter().filter_map(|arrow| {
        let at = line.match_indices(arrow).map(|(at, _)| at).find(outside)?;
        Some((at, at + arrow.len()))
    });
    let arrow = arrow.min();
    let before = |span: &Range<usize>| arrow.is_none_or(|(at, _)| span.end <= at);
    let command = arrow.and_then(|(at, _)| spans.iter().rfind(|(span, _)| span.end <= at));
    if let (Some((_, behind)), Some((span, text))) = (arrow, command) {
        let expected =
            expected(&line[behind..], start + behind, spans.iter().find(|(span, _)| span.start >= behind).map(|(_, text)| *text));
        // `old.rs` -> `new.rs` is no command and what it prints.
        let renames = matches!(&expected[..], [Expected::Text(_)]) && !text.contains(' ');
        if !expected.is_empty() && !renames {
            found.claims.push(Claim { line: number, column: column(span.start), subject: (*text).to_owned(), expected });
            return;
        }
        if expected.is_empty() && text.contains(' ') {
            found.silent.push(number);
        }
    }
    if !in_item {
        return;
    }
    for (span, text) in spans.iter().filter(|(span, _)| before(span)) {
        if let Some(path) = path(text) {
            found.claims.push(Claim { line: number, column: column(span.start), subject: path, expected: Vec::new() });
        }
    }
}

/// Returns the texts in backticks, each with where it stands with its backticks: as CommonMark has it, between two runs of as many.
fn spans(line: &str) -> Vec<(Range<usize>, &str)> {
    let run = |from: usize| {
        let start = from + line[from..].find('`')?;
        let length = line[start..].bytes().take_while(|byte| *byte == b'`').count();
        Some(start..start + length)
    };
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(open) = run(at) {
        let mut closes = std::iter::successors(run(open.end), |close| run(close.end));
        at = open.end;
        if let Some(close) = closes.find(|close| close.len() == open.len()) {
            found.push((open.start..close.end, line[open.end..close.start].trim()));
            at = close.end;
        }
    }
    found
}

fn expected(text: &str, start: usize, code: Option<&str>) -> Vec<Expected> {
    if let Some(exit) = EXIT.captures(text).and_then(|found| found[1].parse().ok()) {
        return vec![Expected::Exit(exit)];
    }
    if text.trim_start().starts_with('`') {
        return code.map(|code| Expected::Text(code.to_owned())).into_iter().collect();
    }
    // What stands behind a full stop is another sentence.
    let sentence = text.split(". ").next().unwrap_or(text);
    counts(sentence, start).into_iter().map(Expected::Count).collect()
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
    let own = text.contains('/') && !text.starts_with(['/', '-', '~', '.']) && !text.contains("://") && !text.contains("::");
    let own = own || text.starts_with("./") || text.starts_with(".github/");
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
            - an arrow -> `out/there`\n- ``a`b`` and `a\n- `src/lib.rs:12` and `src/lib.rs#L3`\n";
        assert_eq!(short(text), ["4:7 src/done.rs", "14:3 src/lib.rs", "14:23 src/lib.rs"]);
    }

    #[test]
    fn an_arrow_that_claims_nothing_is_known() {
        let text = "- `cargo test` -> all green\n- `cargo test` -> 3 or 4 passed\n- `cargo test` -> 3 passed\n- `a` -> b\n- `cargo test`\n";
        assert_eq!(read(text).silent, [1, 2]);
    }

    #[test]
    fn any_text_is_read() {
        for text in ["", "`", "-> `", "- `` ` ``", "1. `a b` -> ", "\u{feff}- `é/ü` -> 3 é", "- `a b` -> 99999999999999999999999 passed"]
        {
            claims(text);
        }
    }
}

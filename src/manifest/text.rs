//! The words, numbers and texts of KDL 2.0: where each ends, and what is wrong with it.

use std::ops::Range;

/// How deep blocks and comments may be nested.
pub(super) const DEEPEST: usize = 64;

/// What is wrong with a text, by byte.
#[derive(Debug)]
pub(super) struct Mistake {
    pub code: &'static str,
    pub span: Range<usize>,
    pub message: String,
    pub help: String,
    /// Whether what follows cannot be told apart any more.
    pub fatal: bool,
    /// Whether it is one word, and what stands around it can be read as if that were right.
    pub word: bool,
}

impl Mistake {
    pub fn new(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake { code: "manifest/syntax", span, message: message.into(), help: help.into(), fatal: false, word: false }
    }

    fn word(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake { word: true, ..Mistake::new(span, message, help) }
    }

    fn fatal(span: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Mistake {
        Mistake { fatal: true, ..Mistake::new(span, message, help) }
    }
}

pub(super) fn is_space(c: char) -> bool {
    matches!(c, '\t' | ' ' | '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}')
}

pub(super) fn is_newline(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{b}' | '\u{c}' | '\u{2028}' | '\u{2029}')
}

/// Returns the length in bytes of the line break at the start of a text; 0 if there is none.
pub(super) fn newline(text: &str) -> usize {
    match text.chars().next() {
        Some('\r') if text[1..].starts_with('\n') => 2,
        Some(c) if is_newline(c) => c.len_utf8(),
        _ => 0,
    }
}

/// Returns where the block comment at `start` ends.
pub(super) fn comment(text: &str, start: usize) -> Result<usize, Mistake> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0usize, start);
    while at + 1 < bytes.len() {
        match (bytes[at], bytes[at + 1]) {
            (b'/', b'*') => {
                depth += 1;
                at += 2;
                if depth > DEEPEST {
                    let mistake = Mistake::fatal(at - 2..at, format!("comments are nested deeper than {DEEPEST}"), "take some of them out");
                    return Err(Mistake { code: "manifest/too_deep", ..mistake });
                }
            }
            (b'*', b'/') => {
                depth -= 1;
                at += 2;
                if depth == 0 {
                    return Ok(at);
                }
            }
            _ => at += 1,
        }
    }
    Err(Mistake::fatal(start..start + 2, "this comment is not closed", "close it with `*/`"))
}

/// Reads a word, text, number or keyword, and moves `at` behind it; whether it can be a name: it is a word or a text.
pub(super) fn value(text: &str, at: &mut usize) -> Result<bool, Mistake> {
    let start = *at;
    let rest = &text[start..];
    let hashes = rest.bytes().take_while(|byte| *byte == b'#').count();
    let named = if rest[hashes..].starts_with('"') {
        *at = quoted(text, start, hashes)?;
        true
    } else if rest.starts_with('(') {
        return Err(Mistake::new(start..start + 1, "a manifest knows no types", "take `(...)` out"));
    } else {
        *at = word_end(text, start + hashes);
        match &text[start..*at] {
            "" => {
                let c = rest.chars().next().unwrap_or(' ');
                return Err(Mistake::new(
                    start..start + c.len_utf8(),
                    format!("`{c}` cannot stand here"),
                    "quote it if it belongs to a text",
                ));
            }
            "#true" | "#false" | "#null" | "#inf" | "#-inf" | "#nan" => false,
            "#" if text[*at..].starts_with([' ', '\t']) => {
                return Err(Mistake::word(start..*at, "there is no such `#` word", "a comment begins with `//`"));
            }
            _ if hashes > 0 => {
                return Err(Mistake::word(start..*at, "there is no such `#` word", "write #true, #false or #null, or a text in quotes"));
            }
            word @ ("true" | "false" | "null" | "inf" | "-inf" | "nan") => {
                return Err(Mistake::word(
                    start..*at,
                    format!("`{word}` is written with a `#`"),
                    format!("write `#{word}`, or `\"{word}\"` for a text"),
                ));
            }
            word => {
                let bare = word.strip_prefix(['+', '-']).unwrap_or(word);
                let numeric = bare.strip_prefix('.').unwrap_or(bare).starts_with(|c: char| c.is_ascii_digit());
                if numeric && !number(bare) {
                    return Err(Mistake::word(start..*at, "this is no number", "put it in quotes if it is a text"));
                }
                !numeric
            }
        }
    };
    match text[*at..].chars().next() {
        Some(c) if !ends_here(text, *at) => {
            Err(Mistake::new(*at..*at + c.len_utf8(), format!("a blank is missing before `{c}`"), "put a blank there"))
        }
        _ => Ok(named),
    }
}

/// Returns where the word at `start` ends.
pub(super) fn word_end(text: &str, start: usize) -> usize {
    let bytes = text.as_bytes();
    let mut at = start;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'\t'..=b'\r' | b' ' | b'\\' | b'/' | b'(' | b')' | b'{' | b'}' | b'[' | b']' | b';' | b'"' | b'#' | b'=' => break,
            0x80.. => match text[at..].chars().next() {
                Some(c) if !is_space(c) && !is_newline(c) => at += c.len_utf8(),
                _ => break,
            },
            _ => at += 1,
        }
    }
    at
}

/// Whether a value that was read up to `at` may end there.
pub(super) fn ends_here(text: &str, at: usize) -> bool {
    match text.as_bytes().get(at) {
        None | Some(b'\t'..=b'\r' | b' ' | b'=' | b';' | b'{' | b'}' | b'\\') => true,
        Some(b'/') => matches!(text.as_bytes().get(at + 1), Some(b'/' | b'*')),
        Some(0x80..) => text[at..].starts_with(|c| is_space(c) || is_newline(c)),
        _ => false,
    }
}

/// Whether a word without its sign is a number that 127 bits hold.
pub(super) fn number(word: &str) -> bool {
    let digits = |text: &str, radix: u32, most: usize| {
        text.starts_with(|c: char| c.is_digit(radix)) && text.len() <= most && text.chars().all(|c| c == '_' || c.is_digit(radix))
    };
    for (prefix, radix, most) in [("0x", 16, 31), ("0o", 8, 42), ("0b", 2, 126)] {
        if let Some(rest) = word.strip_prefix(prefix) {
            return digits(rest, radix, most);
        }
    }
    let (base, exponent) = word.split_once(['e', 'E']).map_or((word, None), |(base, exponent)| (base, Some(exponent)));
    let (whole, part) = base.split_once('.').map_or((base, None), |(whole, part)| (whole, Some(part)));
    digits(whole, 10, 38)
        && part.is_none_or(|part| digits(part, 10, 38))
        && exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['+', '-']).unwrap_or(exponent), 10, 38))
}

/// Returns where the text at `start` ends: plain or, with hashes, raw; of one line or several.
pub(super) fn quoted(text: &str, start: usize, hashes: usize) -> Result<usize, Mistake> {
    let open = start + hashes;
    let body = &text[open..];
    if body.starts_with("\"\"\"") && newline(&body[3..]) > 0 {
        return several(text, start, hashes);
    }
    if hashes == 0 && body.starts_with("\"\"\"") {
        return Err(Mistake::fatal(open..open + 3, "a text of several lines begins on the line behind `\"\"\"`", "break the line there"));
    }
    let close = format!("\"{}", &text[start..open]);
    let mut at = open + 1;
    loop {
        let rest = &text[at..];
        match rest.chars().next() {
            _ if rest.starts_with(&close) => {
                if &text[open + 1..at] == "\"" && hashes > 0 {
                    return Err(Mistake::new(start..at, "this looks like a text of several lines", "write it as \"\\\"\""));
                }
                return Ok(at + close.len());
            }
            Some('\\') if hashes == 0 => at = escape(text, at)?,
            Some(c) if !is_newline(c) => at += c.len_utf8(),
            _ => return Err(unclosed(start, hashes)),
        }
    }
}

fn unclosed(start: usize, hashes: usize) -> Mistake {
    Mistake::fatal(
        start..start + hashes + 1,
        "this text is not closed",
        "close it with a quote; a text of several lines stands between `\"\"\"`",
    )
}

/// A text of several lines: the blanks before the closing quotes stand before every line.
fn several(text: &str, start: usize, hashes: usize) -> Result<usize, Mistake> {
    let close = format!("\"\"\"{}", &text[start..start + hashes]);
    let mut at = start + hashes + 3;
    at += newline(&text[at..]);
    let (mut lines, mut line, mut blank) = (Vec::new(), at, true);
    loop {
        let rest = &text[at..];
        match rest.chars().next() {
            None => {
                return Err(Mistake::fatal(
                    start..start + hashes + 3,
                    "this text is not closed",
                    "close it with `\"\"\"` on a line of its own",
                ));
            }
            Some('"') if rest.starts_with(&close) || (hashes == 0 && rest.starts_with("\"\"\"")) => {
                if !blank {
                    let help = "put them at the start of the next line";
                    return Err(Mistake::fatal(at..at + 3, "closing quotes stand on a line of their own", help));
                }
                break;
            }
            Some('\\') if hashes == 0 => {
                at = escape(text, at)?;
                blank = false;
            }
            Some(c) if is_newline(c) => {
                if !blank {
                    lines.push(line);
                }
                at += newline(rest);
                (line, blank) = (at, true);
            }
            Some(c) => {
                blank &= is_space(c);
                at += c.len_utf8();
            }
        }
    }
    let prefix = &text[line..at];
    match lines.into_iter().find(|line| !text[*line..].starts_with(prefix)) {
        Some(line) => {
            let help = "indent every line of the text at least as deep as its closing quotes";
            Err(Mistake::fatal(line..line + 1, "this line is indented less than the closing quotes", help))
        }
        None => Ok(at + close.len()),
    }
}

/// Returns where the escape at `at` ends.
fn escape(text: &str, at: usize) -> Result<usize, Mistake> {
    let rest = &text[at + 1..];
    match rest.chars().next() {
        Some('\\' | '"' | 'b' | 'f' | 'n' | 'r' | 't' | 's') => Ok(at + 2),
        Some('u') => {
            let hex = rest.strip_prefix("u{").and_then(|rest| rest.split_once('}')).map(|(hex, _)| hex);
            let good = hex.filter(|hex| (1..=6).contains(&hex.len()) && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
            match good.filter(|hex| u32::from_str_radix(hex, 16).is_ok_and(|code| char::from_u32(code).is_some())) {
                Some(hex) if hex.trim_start_matches('0').is_empty() => {
                    let message = "a text cannot hold the character U+0000, since no program can be handed it";
                    Err(Mistake::fatal(at..at + 4 + hex.len(), message, "take it out; a command may write it: `printf '\\\\0'`"))
                }
                Some(hex) => Ok(at + 4 + hex.len()),
                None => Err(Mistake::fatal(at..at + 2, "`\\u` takes the number of a character", "write it as `\\u{e9}`")),
            }
        }
        Some(c) if is_space(c) || is_newline(c) => Ok(at + 1 + rest.find(|c| !is_space(c) && !is_newline(c)).unwrap_or(rest.len())),
        Some(c) => Err(Mistake::fatal(
            at..at + 1 + c.len_utf8(),
            format!("there is no escape `\\{c}`"),
            "write `\\\\` for a backslash, or use a raw text: #\"...\"#",
        )),
        None => Err(Mistake::fatal(at..at + 1, "this text is not closed", "close it with a quote")),
    }
}

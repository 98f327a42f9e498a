//! The words, numbers and texts of KDL 2.0: what each means. `text` says where they end.

use super::node::Value;
use super::text::{self, is_newline, is_space};

/// Reads a word, text, number or keyword, and moves `at` behind it; `None` where it is wrong.
pub(super) fn value(text: &str, at: &mut usize) -> Option<Value> {
    let start = *at;
    let bytes = text.as_bytes();
    let value = match bytes.get(start)? {
        b'"' => match plain(text, start) {
            Some(found) => {
                *at = start + found.len() + 2;
                Value::Text(found.to_owned())
            }
            None => quoted(text, at, 0)?,
        },
        b'#' => {
            let hashes = bytes[start..].iter().take_while(|byte| **byte == b'#').count();
            if bytes.get(start + hashes) == Some(&b'"') {
                quoted(text, at, hashes)?
            } else {
                *at = text::word_end(text, start + 1);
                match &text[start..*at] {
                    "#true" => Value::Bool(true),
                    "#false" => Value::Bool(false),
                    "#null" => Value::Null,
                    "#inf" => Value::Decimal(f64::INFINITY),
                    "#-inf" => Value::Decimal(f64::NEG_INFINITY),
                    "#nan" => Value::Decimal(f64::NAN),
                    _ => return None,
                }
            }
        }
        _ => {
            *at = text::word_end(text, start);
            word(&text[start..*at])?
        }
    };
    text::ends_here(text, *at).then_some(value)
}

/// Returns what stands between the quotes of a text that has one line and no escape.
fn plain(text: &str, start: usize) -> Option<&str> {
    let body = &text.as_bytes()[start + 1..];
    let end = body.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n' | b'\r' | 0xb | 0xc | 0xc2 | 0xe2))?;
    let open = end == 0 && body.get(1) == Some(&b'"');
    (body[end] == b'"' && !open).then(|| &text[start + 1..start + 1 + end])
}

fn word(word: &str) -> Option<Value> {
    if matches!(word, "" | "true" | "false" | "null" | "inf" | "-inf" | "nan") {
        return None;
    }
    let bare = word.strip_prefix(['+', '-']).unwrap_or(word);
    if !bare.strip_prefix('.').unwrap_or(bare).starts_with(|c: char| c.is_ascii_digit()) {
        return Some(Value::Text(word.to_owned()));
    }
    if !text::number(bare) {
        return None;
    }
    let sign = if word.starts_with('-') { -1 } else { 1 };
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(digits) = bare.strip_prefix(prefix) {
            return i128::from_str_radix(&digits.replace('_', ""), radix).ok().map(|number| Value::Whole(Box::new(sign * number)));
        }
    }
    let digits = word.replace('_', "");
    if bare.contains(['.', 'e', 'E']) {
        digits.parse().ok().map(Value::Decimal)
    } else {
        digits.parse().ok().map(|number| Value::Whole(Box::new(number)))
    }
}

/// Reads a text with escapes, a raw one, or one of several lines.
fn quoted(text: &str, at: &mut usize, hashes: usize) -> Option<Value> {
    let open = *at + hashes;
    *at = text::quoted(text, *at, hashes).ok()?;
    let body = &text[open..*at - hashes];
    let several = body.strip_prefix("\"\"\"").and_then(|body| body.strip_suffix("\"\"\"")).filter(|body| text::newline(body) > 0);
    let raw = hashes > 0;
    let mut out = String::with_capacity(body.len());
    match several {
        Some(body) => lines(&body[text::newline(body)..], raw, &mut out)?,
        None if raw => out.push_str(&body[1..body.len() - 1]),
        None => unescaped(&body[1..body.len() - 1], false, &mut out).map(drop)?,
    }
    // The `kdl` crate takes a raw text of nothing but a quote for a mistake, even where it is one of several lines.
    if raw && out == "\"" { None } else { Some(Value::Text(out)) }
}

/// Puts the lines of a text together, without the blanks that stand before its closing quotes.
fn lines(body: &str, raw: bool, out: &mut String) -> Option<()> {
    let last = body.char_indices().rfind(|(_, c)| is_newline(*c)).map_or(0, |(at, c)| at + c.len_utf8());
    let (mut rest, prefix) = body.split_at(last);
    while !rest.is_empty() {
        let line = rest.trim_start_matches(is_space);
        let read = match text::newline(line) {
            0 => {
                let line = rest.strip_prefix(prefix)?;
                let read = if raw {
                    let end = line.find(is_newline)?;
                    out.push_str(&line[..end]);
                    end
                } else {
                    unescaped(line, true, out)?
                };
                &line[read..]
            }
            _ => line,
        };
        out.push('\n');
        rest = &read[text::newline(read)..];
    }
    out.pop();
    Some(())
}

/// Puts what a text means behind `out`, up to its end or, where `line` says so, to the line break; how many bytes were read.
fn unescaped(text: &str, line: bool, out: &mut String) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let end = rest.find(|c| c == '\\' || (line && is_newline(c))).unwrap_or(rest.len());
        out.push_str(&rest[..end]);
        at += end;
        let Some(behind) = rest[end..].strip_prefix('\\') else { break };
        let c = behind.chars().next()?;
        at += 2;
        out.push(match c {
            '\\' | '"' => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            's' => ' ',
            'u' => {
                let hex = behind.get(2..behind.find('}')?)?;
                at += hex.len() + 2;
                char::from_u32(u32::from_str_radix(hex, 16).ok()?).filter(|c| *c != '\0')?
            }
            _ => {
                at += behind.find(|c| !is_space(c) && !is_newline(c)).unwrap_or(behind.len()) - 1;
                continue;
            }
        });
    }
    Some(at)
}

//! How wide text is on a screen, how to make it narrower, and how to keep it from moving the cursor.

use unicode_width::UnicodeWidthChar;

/// The escape character, which begins every control sequence.
const ESC: char = '\u{1b}';

/// Returns how many columns a text takes; colour sequences take none, other control characters none.
pub fn width(text: &str) -> usize {
    pieces(text).map(|piece| piece.columns).sum()
}

/// Cuts a text to at most `columns`, the last of which is then `…`; colours that were begun are ended.
pub fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let mut kept = String::new();
    let (mut used, mut colored) = (0, false);
    for piece in pieces(text) {
        if used + piece.columns > room {
            break;
        }
        used += piece.columns;
        colored |= piece.text.starts_with(ESC);
        kept.push_str(piece.text);
    }
    kept.push('…');
    if colored {
        kept.push_str("\u{1b}[0m");
    }
    kept
}

/// Shortens a text without colours to at most `columns` by leaving out its middle: `src/ver…name.c`.
pub fn shorten(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let Some(room) = columns.checked_sub(1) else { return String::new() };
    let tail_room = room / 2;
    let pieces: Vec<Piece<'_>> = pieces(text).collect();
    let fitting = |used: &mut usize, piece: &&Piece<'_>, room: usize| {
        *used += piece.columns;
        *used <= room
    };
    let mut used = 0;
    let head: String = pieces.iter().take_while(|piece| fitting(&mut used, piece, room - tail_room)).map(|piece| piece.text).collect();
    let mut used = 0;
    let tail: Vec<&str> = pieces.iter().rev().take_while(|piece| fitting(&mut used, piece, tail_room)).map(|piece| piece.text).collect();
    let tail: String = tail.into_iter().rev().collect();
    format!("{head}…{tail}")
}

/// Makes a name safe to print on one line: control characters and those that reverse the direction of text show as Rust writes them, `\u{1b}`.
pub fn escape(name: &str) -> String {
    let mut safe = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}') {
            safe.extend(c.escape_default());
        } else {
            safe.push(c);
        }
    }
    safe
}

/// Returns a text that stands for itself in a page, between tags and between quotes.
pub fn html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}

/// Returns a value between quotes, on one line, quotes and backslashes in it escaped.
pub fn quote(value: &str) -> String {
    let mut quoted = String::from("\"");
    for c in value.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c => quoted.push_str(&escape(c.encode_utf8(&mut [0; 4]))),
        }
    }
    quoted.push('"');
    quoted
}

/// Quotes a word for a shell where it holds anything but the plainest characters.
pub fn shell_word(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/_-.:=,@+%".contains(c);
    if name.chars().all(plain) { name.to_owned() } else { format!("'{}'", name.replace('\'', "'\\''")) }
}

/// Makes what a task printed safe to pass on.
///
/// Colour sequences stay where `color` is wanted; every other control sequence and control character goes, except tabs and ends of lines.
/// A line that was drawn over with carriage returns keeps its last state. Bytes that are no UTF-8 become `U+FFFD`.
/// The text ends with an end of line unless it is empty, and with no colour left on.
pub fn clean(output: &[u8], color: bool) -> String {
    let text = String::from_utf8_lossy(output);
    let mut clean = String::with_capacity(text.len());
    let mut colored = false;
    let mut line = 0;
    let mut over = false;
    let mut rest = &*text;
    while let Some(c) = rest.chars().next() {
        if c == ESC {
            let sequence = sequence(rest);
            if color && is_color(sequence) {
                clean.push_str(sequence);
                colored = true;
            }
            rest = &rest[sequence.len()..];
            continue;
        }
        rest = &rest[c.len_utf8()..];
        match c {
            '\n' => {
                clean.push('\n');
                line = clean.len();
                over = false;
            }
            '\r' => over = true,
            c if c.is_control() && c != '\t' => {}
            c => {
                if over {
                    clean.truncate(line);
                    over = false;
                }
                clean.push(c);
            }
        }
    }
    if colored {
        let end = if clean.ends_with('\n') { clean.len() - 1 } else { clean.len() };
        clean.insert_str(end, "\u{1b}[0m");
    }
    if !clean.is_empty() && !clean.ends_with('\n') {
        clean.push('\n');
    }
    clean
}

/// A character, or a whole control sequence, and the columns it takes.
struct Piece<'a> {
    text: &'a str,
    columns: usize,
}

/// Splits a text into characters and control sequences.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let c = rest.chars().next()?;
        let (length, columns) = match c {
            ESC => (sequence(rest).len(), 0),
            // Asks for the two-column form of the character before it, which may itself count as one.
            '\u{fe0f}' => (c.len_utf8(), 1),
            c => (c.len_utf8(), c.width().unwrap_or(0)),
        };
        let (text, behind) = rest.split_at(length);
        rest = behind;
        Some(Piece { text, columns })
    })
}

/// Returns the control sequence that `text`, which begins with an escape, starts with (ECMA-48, section 5).
fn sequence(text: &str) -> &str {
    let bytes = text.as_bytes();
    let end = match bytes.get(1) {
        Some(b'[') => match bytes[2..].iter().position(|byte| !(0x20..0x40).contains(byte)) {
            Some(at) if (0x40..0x7f).contains(&bytes[2 + at]) => 2 + at + 1,
            Some(at) => 2 + at,
            None => bytes.len(),
        },
        Some(b']' | b'P' | b'X' | b'^' | b'_') => {
            let bell = text.find('\u{7}').map(|at| at + 1);
            let terminator = text[1..].find("\u{1b}\\").map(|at| at + 3);
            let line = text.find('\n');
            [bell, terminator, line].into_iter().flatten().min().unwrap_or(bytes.len())
        }
        Some(0x20..0x30) => match bytes[1..].iter().position(|byte| !(0x20..0x30).contains(byte)) {
            Some(at) if (0x30..0x7f).contains(&bytes[1 + at]) => 1 + at + 1,
            Some(at) => 1 + at,
            None => bytes.len(),
        },
        Some(0x30..0x7f) => 2,
        _ => 1,
    };
    &text[..end]
}

/// Whether a control sequence only chooses colours and weights.
fn is_color(sequence: &str) -> bool {
    let inner = sequence.strip_prefix("\u{1b}[").and_then(|inner| inner.strip_suffix('m'));
    inner.is_some_and(|inner| inner.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b';' | b':')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths() {
        assert_eq!(width("abc"), 3);
        assert_eq!(width("\u{1b}[31mabc\u{1b}[0m"), 3);
        assert_eq!(width("日本"), 4);
        assert_eq!(width("e\u{301}"), 1);
        assert_eq!(width("\u{2764}\u{fe0f}"), 2);
    }

    #[test]
    fn cutting() {
        assert_eq!(cut("abcdef", 6), "abcdef");
        assert_eq!(cut("abcdef", 4), "abc…");
        assert_eq!(cut("日本語", 4), "日…");
        assert_eq!(cut("\u{1b}[31mabcdef\u{1b}[0m", 4), "\u{1b}[31mabc…\u{1b}[0m");
        assert_eq!(cut("abc", 0), "");
    }

    #[test]
    fn shortening() {
        assert_eq!(shorten("src/a/very/long/name.c", 14), "src/a/v…name.c");
        assert_eq!(shorten("short", 5), "short");
        assert_eq!(shorten("日本語日本語", 7), "日…語");
        assert_eq!(shorten("abc", 1), "…");
        for columns in 0..12 {
            assert!(width(&shorten("a日本語日本語b", columns)) <= columns);
        }
    }

    #[test]
    fn names_and_values() {
        assert_eq!(escape("a\u{1b}[2Jb\nc\u{202e}"), "a\\u{1b}[2Jb\\nc\\u{202e}");
        assert_eq!(quote("say \"hi\"\\\n"), "\"say \\\"hi\\\"\\\\\\n\"");
    }

    #[test]
    fn colours_stay_or_go() {
        let output = b"\x1b[1;31merror\x1b[0m: no\n";
        assert_eq!(clean(output, true), "\u{1b}[1;31merror\u{1b}[0m: no\u{1b}[0m\n");
        assert_eq!(clean(output, false), "error: no\n");
    }

    #[test]
    fn what_moves_the_cursor_goes() {
        assert_eq!(clean(b"a\x1b[2Jb\x1b[3;4Hc\x1b[?25ld", true), "abcd\n");
        assert_eq!(clean(b"\x1b]0;title\x07a\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\", true), "alink\n");
        assert_eq!(clean(b"\x1b[>4;2ma\x1b(Bb\x1b7c\x08\x0bd\xc2\x9be", true), "abcde\n");
        assert_eq!(clean(b"\x1b]unended\nnext\x1b", false), "\nnext\n");
        assert_eq!(clean(b"\x1b[31\xe6\x97\xa5", true), "日\n");
    }

    #[test]
    fn lines_drawn_over_keep_their_last_state() {
        assert_eq!(clean(b"10%\r50%\r100%\ndone\r\n", false), "100%\ndone\n");
        assert_eq!(clean(b"\xff", false), "\u{fffd}\n");
        assert_eq!(clean(b"", true), "");
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_moves_the_cursor_survives(output in "(\\PC|[\u{0}-\u{1f}\u{1b}\u{1b}\u{7f}-\u{9f}\\[\\]\\\\;?mJ0-9]){0,40}") {
            let plain = clean(output.as_bytes(), false);
            assert!(plain.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'), "{plain:?}");
            let colored = clean(output.as_bytes(), true);
            for piece in pieces(&colored).filter(|piece| piece.text.starts_with(|c: char| c.is_control())) {
                assert!(matches!(piece.text, "\n" | "\t") || is_color(piece.text), "{colored:?}");
            }
        }

        #[test]
        fn what_is_cut_fits(text in "(\\PC|\u{1b}\\[31m){0,30}", columns in 0usize..40) {
            assert!(width(&cut(&text, columns)) <= columns);
            assert!(width(&shorten(&text, columns)) <= columns);
        }
    }
}

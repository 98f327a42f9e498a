//! One mistake as a person reads it: the message, the line with a mark under it, the way out.

use std::fmt::Write;
use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use unicode_width::UnicodeWidthChar;

use super::problem::Problem;
use crate::base::Place;

/// Returns the lines for one mistake, with an empty one behind them.
pub(super) fn problem(problem: &Problem, texts: &[(Arc<str>, Arc<str>)], color: bool, width: usize) -> String {
    let style = |style: Style| if color { style } else { Style::new() };
    let (red, blue) = (style(AnsiColor::Red.on_default().bold()), style(AnsiColor::Blue.on_default()));
    let message = clean(&problem.message);
    let mut out = format!("{red}error[{}]{red:#}: {message}\n", problem.code);
    let gutter = problem.place.iter().chain(problem.notes.iter().map(|(_, place)| place)).map(|place| place.line.to_string().len());
    let gutter = gutter.max().unwrap_or(1);
    let mut excerpt = |place: &Place, length: usize, mark: char, note: &str| {
        let colon = if note.is_empty() { "" } else { ": " };
        let _ = writeln!(out, "{:gutter$}{blue}-->{blue:#} {place}:{}{colon}{note}", "", place.column.max(1));
        let line =
            texts.iter().find(|(file, _)| *file == place.file).and_then(|(_, text)| text.lines().nth(place.line.max(1) as usize - 1));
        if let Some(line) = line {
            let (line, before, under) = cut(line, place.column.max(1) as usize - 1, length, width.saturating_sub(gutter + 3));
            let _ = writeln!(out, "{blue}{:gutter$} |{blue:#} {line}", place.line);
            let _ = writeln!(out, "{blue}{:gutter$} |{blue:#} {:before$}{red}{}{red:#}", "", "", mark.to_string().repeat(under));
        }
    };
    if let Some(place) = &problem.place {
        excerpt(place, problem.length, '^', "");
    }
    for (note, place) in problem.notes.iter().filter(|(_, place)| Some(place) != problem.place.as_ref()) {
        excerpt(place, 1, '-', note);
    }
    if let Some(help) = problem.help.as_ref().filter(|help| !help.is_empty()) {
        let _ = writeln!(out, "{:gutter$} {blue}={blue:#} help: {}", "", clean(help));
    }
    out.push('\n');
    out
}

/// Returns what of a line fits around `column` (from 0, in characters), and how many columns stand before and above the mark.
fn cut(line: &str, column: usize, length: usize, width: usize) -> (String, usize, usize) {
    let all: Vec<char> = line.chars().collect();
    let column = column.min(all.len());
    let start = if column + 12 > width { column.saturating_sub(width / 3) } else { 0 };
    let mut shown = String::from(if start > 0 { "..." } else { "" });
    let (mut used, mut before, mut under, mut bytes) = (shown.len(), shown.len(), 0, 0);
    let wides: Vec<usize> = all[start..].iter().map(|c| visible(*c).width().unwrap_or(1)).collect();
    let whole = used + wides.iter().sum::<usize>() <= width;
    let room = if whole { width } else { width.saturating_sub(3) };
    for ((index, c), wide) in all.iter().enumerate().skip(start).zip(wides) {
        let c = visible(*c);
        if used + wide > room {
            break;
        }
        shown.push(c);
        used += wide;
        if index < column {
            before += wide;
        } else if bytes < length {
            bytes += c.len_utf8();
            under += wide;
        }
    }
    if !whole {
        shown.push_str("...");
    }
    (shown, before, under.max(1))
}

fn clean(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { c } else { visible(c) }).collect()
}

/// A character that a terminal does not act on: what a manifest holds must not move the cursor.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    }
}

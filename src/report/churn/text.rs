//! A report of churn for a screen.

use super::words::{counted, day, grouped, headline, marks, percent, shown, warnings};
use crate::churn::{FileChurn, Report};
use crate::report::chars::{shorten, width};

/// How many files are shown where nothing else is asked for.
const TOP: usize = 20;

/// How many functions, classes and methods are shown.
const SYMBOLS: usize = 10;

/// How many pairs and hotspots are shown.
const BESIDE: usize = 5;

/// The least columns that a path gets, however narrow the screen is.
const LEAST: usize = 20;

/// Returns a report as tables of at most `columns` columns; `top` is how many files are shown.
pub fn text(report: &Report, top: Option<usize>, columns: usize) -> String {
    let (line, much) = headline(report);
    let mut text = line + "\n";
    if let Some(much) = much {
        text.push_str(&(much + "\n"));
    }
    for warning in warnings(report) {
        text.push_str(&format!("note: {warning}\n"));
    }
    if report.files.is_empty() {
        return text;
    }
    let renames = if report.ground.renames { "renames followed" } else { "renames not followed" };
    text.push_str(&format!("merges not counted, {renames}; `--format json` says how all is computed\n\n"));
    let top = top.unwrap_or(TOP);
    text.push_str(&files(&report.files[..top.min(report.files.len())], columns));
    if let Some(more) = report.files.len().checked_sub(top).filter(|more| *more > 0) {
        text.push_str(&format!("{} more; `--top N` shows N\n", grouped(more as u64)));
    }
    text.push_str(&symbols(report, columns));
    let hot = report.hotspots();
    if !hot.is_empty() {
        text.push_str("\nhotspots: touched often and complex (touches x indentation)\n");
        let rows = hot.iter().take(BESIDE).filter_map(|file| {
            let hotspot = file.hotspot?;
            let cells = [grouped(hotspot.score), file.touches.to_string(), grouped(hotspot.complexity.indentation)];
            Some((cells.to_vec(), shown(&file.path), String::new()))
        });
        text.push_str(&table(&["score", "touches", "complexity"], rows.collect(), columns));
    }
    if !report.coupling.is_empty() {
        text.push_str("\nfiles that change together\n");
        let rows = report.coupling.iter().take(BESIDE).flat_map(|pair| {
            let numbers = vec![pair.support.to_string(), percent(pair.confidence())];
            [(numbers, shown(&pair.a), String::new()), (vec![String::new(); 2], shown(&pair.b), String::new())]
        });
        text.push_str(&table(&["commits", "of changes"], rows.collect(), columns));
    }
    text
}

fn symbols(report: &Report, columns: usize) -> String {
    let ground = &report.ground.symbols;
    let title = match ground.counted < ground.files {
        true => format!(
            "functions, classes and methods of {} of {}; see `--symbols`",
            grouped(ground.counted as u64),
            counted(ground.files as u64, "source file")
        ),
        false => String::from("functions, classes and methods"),
    };
    if report.symbols.is_empty() {
        return if ground.counted < ground.files { format!("\n{title}\n") } else { String::new() };
    }
    let rows = report.symbols.iter().take(SYMBOLS).map(|symbol| {
        let cells = vec![
            symbol.touches.to_string(),
            grouped(symbol.adds),
            grouped(symbol.deletes),
            symbol.authors.len().to_string(),
            day(symbol.last),
        ];
        let name = format!("{} ({})", shown(symbol.symbol.as_bytes()), shown(&symbol.path));
        (cells, name, if symbol.gone { String::from(" (gone)") } else { String::new() })
    });
    format!("\n{title}\n{}", table(&["touches", "adds", "deletes", "authors", "last"], rows.collect(), columns))
}

fn files(files: &[FileChurn], columns: usize) -> String {
    let rows = files.iter().map(|file| {
        let owner = file.authors.first().map(|share| format!("{} {}", shorten(&shown(share.name.as_bytes()), 16), percent(share.share)));
        let marks = marks(file);
        let marks = if marks.is_empty() { String::new() } else { format!(" ({})", marks.join(", ")) };
        let cells = vec![
            file.touches.to_string(),
            grouped(file.adds),
            grouped(file.deletes),
            file.authors.len().to_string(),
            day(file.last),
            owner.unwrap_or_default(),
        ];
        (cells, shown(&file.path), marks)
    });
    table(&["touches", "adds", "deletes", "authors", "last", "owner"], rows.collect(), columns)
}

/// Lays out cells, right-aligned but for `owner`, and behind them a path, with marks, that is shortened to what is left of the screen.
fn table(heads: &[&str], rows: Vec<(Vec<String>, String, String)>, columns: usize) -> String {
    let widths: Vec<usize> = heads
        .iter()
        .enumerate()
        .map(|(at, head)| rows.iter().map(|(cells, ..)| width(&cells[at])).chain([head.len()]).max().unwrap_or(0))
        .collect();
    let room = columns.saturating_sub(widths.iter().map(|width| width + 2).sum()).max(LEAST);
    let line = |cells: &[&str], path: &str, marks: &str| {
        let mut line = String::new();
        for ((cell, columns), head) in cells.iter().zip(&widths).zip(heads) {
            let padding = " ".repeat(columns.saturating_sub(width(cell)));
            let left = *head == "owner";
            line.push_str(&if left { format!("{cell}{padding}  ") } else { format!("{padding}{cell}  ") });
        }
        line + &shorten(path, room.saturating_sub(marks.len()).max(LEAST)) + marks + "\n"
    };
    let last = match heads {
        [_, "of changes"] => "files",
        [.., "last"] => "symbol",
        _ => "file",
    };
    let mut text = line(heads, last, "");
    for (cells, path, marks) in &rows {
        text.push_str(&line(&cells.iter().map(String::as_str).collect::<Vec<_>>(), path, marks));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::invented::{hostile, invented};
    use super::*;

    #[test]
    fn tables() {
        insta::assert_snapshot!(text(&invented(), None, 80), @r#"
        churn of shop: 14 commits by 1 author, 2022-01-08 to 2024-03-18
        3 files touched 19 times, +1,450 -145, bus factor 1
        merges not counted, renames followed; `--format json` says how all is computed

        touches   adds  deletes  authors        last  owner    file
             12  1,400      140        2  2024-03-08  Ann 92%  src/app.rs
              5     50        5        2  2024-03-08  Ann 80%  src/cart.rs
              2      0        0        2  2024-03-08  Ann 50%  assets/logo.png (binary, generated, gone)

        functions, classes and methods of 2 of 4 source files; see `--symbols`
        touches  adds  deletes  authors        last  symbol
              9    40        4        1  2024-03-08  App.run (src/app.rs)
              3    40        4        1  2024-03-08  start (src/app.rs) (gone)

        hotspots: touched often and complex (touches x indentation)
        score  touches  complexity  file
        6,240       12         520  src/app.rs

        files that change together
        commits  of changes  files
              4         80%  src/app.rs
                             src/cart.rs
        "#);
    }

    #[test]
    fn no_more_than_asked_for_and_no_wider_than_the_screen() {
        let text = text(&invented(), Some(1), 76);
        assert!(text.contains("2 more; `--top N` shows N"), "{text}");
        assert!(text.lines().skip(3).all(|line| width(line) <= 76), "{text}");
    }

    #[test]
    fn a_shallow_clone_says_so() {
        let mut report = invented();
        report.ground.cut = Some(0);
        assert!(text(&report, None, 80).contains("note: this is a shallow clone"));
    }

    #[test]
    fn nothing_moves_the_cursor() {
        let text = text(&hostile(), None, 200);
        assert!(text.chars().all(|c| !c.is_control() || c == '\n') && !text.contains('\u{202e}'), "{text:?}");
        assert_eq!(text.lines().count(), super::text(&invented(), None, 200).lines().count());
    }
}

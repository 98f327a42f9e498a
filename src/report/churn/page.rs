//! A report of churn as a page of its own: one file without any script, that asks nobody for anything.

use super::scatter::{Scale, fitting};
use super::treemap::{Area, STRIP, Shape, treemap};
use super::words::{counted, day, grouped, headline, marks, method, percent, shown, warnings};
use crate::churn::{FileChurn, Report};
use crate::report::chars::{self, escape, shorten, width};
use crate::report::page::{Document, Table};

/// The style of [`pictures`].
pub const STYLE: &str = include_str!("churn.css");

/// How many rows a table has where nothing else is asked for.
const ROWS: usize = 200;

/// How many files are drawn at most: those with the most churn.
const DRAWN: usize = 600;

/// How many hotspots have a name in the picture.
const NAMED: usize = 12;

/// How wide a character is in a drawing, about.
const LETTER: f64 = 6.2;

/// Up to how many days without a change a file has which colour, and how that is said.
const AGES: [(i64, &str); 6] = [
    (30, "changed in the last 30 days"),
    (90, "90 days"),
    (365, "a year"),
    (2 * 365, "2 years"),
    (5 * 365, "5 years"),
    (i64::MAX, "longer ago"),
];

/// Returns a report as an HTML page; `top` is how many rows its tables have at most. Its policy lets nothing be fetched, and no script run but its
/// own.
pub fn html(report: &Report, top: Option<usize>) -> String {
    let (line, much) = headline(report);
    let mut body =
        format!("<header>\n<button id=\"theme\" class=\"scripted\" type=\"button\"></button>\n<h1>{}</h1>\n", chars::html(&line));
    body += &much.map_or(String::new(), |much| format!("<p>{}</p>\n", chars::html(&much)));
    body += &notes(report);
    let commit = report
        .ground
        .head
        .as_deref()
        .map_or(String::new(), |head| format!(", at commit <code>{}</code>", chars::html(&head[..head.len().min(12)])));
    body += &format!(
        "<p class=\"faint\">Made {}{commit}. Merges are not counted; renames are {}.</p>\n</header>\n<main>\n",
        chars::html(&report.ground.made),
        if report.ground.renames { "followed" } else { "not followed" }
    );
    for (heading, part) in pictures(report, top.unwrap_or(ROWS)) {
        body += &format!("<h2>{heading}</h2>\n{part}");
    }
    body += "<h2>How this was computed</h2>\n<dl>\n";
    for (name, text) in method(&report.ground) {
        body += &format!("<dt>{name}</dt><dd>{}</dd>\n", chars::html(&text));
    }
    body += "</dl>\n</main>\n";
    let title = format!("{}: churn", escape(&report.ground.project));
    Document { title, styles: &[STYLE], scripts: &[""], class: "churn", body, ..Document::default() }.html()
}

/// Returns what a report says as pictures, each with its heading, and its table beside it.
pub fn pictures(report: &Report, top: usize) -> Vec<(&'static str, String)> {
    if report.files.is_empty() {
        return Vec::new();
    }
    let all = [
        ("Where the churn is", map(report, top)),
        ("Functions, classes and methods", symbols(report, top)),
        ("Hotspots", hotspots(report, top)),
        ("Files that change together", coupling(report, top)),
    ];
    all.into_iter().filter(|(_, part)| !part.is_empty()).collect()
}

/// Returns what a reader has to know before believing the numbers.
pub fn notes(report: &Report) -> String {
    warnings(report).iter().map(|warning| format!("<p class=\"note\">{}</p>\n", chars::html(warning))).collect()
}

fn map(report: &Report, top: usize) -> String {
    let lines = |file: &FileChurn| file.adds + file.deletes;
    let mut drawn: Vec<&FileChurn> = report.files.iter().filter(|file| file.present && lines(file) > 0).collect();
    drawn.sort_by(|one, other| lines(other).cmp(&lines(one)).then_with(|| one.path.cmp(&other.path)));
    let all = drawn.len();
    drawn.truncate(DRAWN);
    let files: Vec<(&[u8], f64)> = drawn.iter().map(|file| (&*file.path, lines(file) as f64)).collect();
    let (wide, high) = (1000.0, 620.0);
    let mut shapes = String::new();
    for shape in treemap(&files, Area { x: 0.0, y: 0.0, width: wide, height: high }) {
        shapes += &match shape {
            Shape::Folder(name, area) => {
                let label = label(&shown(&name), area, 4.0, 11.0);
                format!("<g class=\"folder\"><title>{}</title>{}{label}</g>\n", chars::html(&shown(&name)), rectangle(area))
            }
            Shape::File(index, area) => {
                let file = drawn[index];
                let name = file.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
                let middle = (area.height / 2.0 + 4.0).min(STRIP);
                let label = if area.height >= 13.0 { label(&shown(name), area, 3.0, middle) } else { String::new() };
                let told = format!(
                    "{}\n+{} -{}, touched {} times by {}, last {}",
                    shown(&file.path),
                    grouped(file.adds),
                    grouped(file.deletes),
                    grouped(file.touches.into()),
                    counted(file.authors.len() as u64, "author"),
                    day(file.last)
                );
                format!("<g class=\"file age{}\"><title>{}</title>{}{label}</g>\n", age(file.age_days), chars::html(&told), rectangle(area))
            }
        };
    }
    let legend: String = AGES.iter().enumerate().map(|(at, (_, text))| format!("<li><i class=\"age{at}\"></i>{text}</li>")).collect();
    let more = if all > drawn.len() {
        format!(", the {} with the most of {}", grouped(drawn.len() as u64), grouped(all as u64))
    } else {
        String::new()
    };
    let picture = if drawn.is_empty() {
        String::from("<p>No file that is still there has lines that changed.</p>")
    } else {
        format!(
            "<svg viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"map of files by lines churned; the table beside it has the same\">\n{shapes}</svg>\n<ul class=\"ages\">{legend}</ul>"
        )
    };
    let rows = report.files.iter().take(top).map(|file| {
        let owner = file
            .authors
            .first()
            .map_or(String::new(), |share| format!("{} {}", chars::html(&shown(share.name.as_bytes())), percent(share.share)));
        let marks = marks(file);
        let marks = if marks.is_empty() { String::new() } else { format!(" <small>({})</small>", marks.join(", ")) };
        let cells = [file.touches.into(), file.adds, file.deletes, file.authors.len() as u64].map(grouped);
        row(
            &format!("{}{marks}", path(&file.path)),
            &[&cells[0], &cells[1], &cells[2], &cells[3], &day(file.last), file.recent.trend().word(), &owner],
        )
    });
    let table = table(
        &caption("files, the most often touched first", report.files.len(), top),
        &["file", "#touches", "#adds", "#deletes", "#authors", "#last", "90 days", "main author"],
        rows.collect(),
    );
    format!(
        "<p class=\"faint\">Each rectangle is a file of the newest commit{more}: as large as the lines added and deleted, as strong in colour as it was changed lately.</p>\n<div class=\"both\">\n<div class=\"chart\">{picture}</div>\n{table}</div>\n"
    )
}

fn symbols(report: &Report, top: usize) -> String {
    if report.symbols.is_empty() {
        return String::new();
    }
    let rows = report.symbols.iter().take(top).map(|symbol| {
        let owner = symbol
            .authors
            .first()
            .map_or(String::new(), |share| format!("{} {}", chars::html(&shown(share.name.as_bytes())), percent(share.share)));
        let gone = if symbol.gone { " <small>(gone)</small>" } else { "" };
        let cells = [symbol.touches.into(), symbol.adds, symbol.deletes, symbol.authors.len() as u64].map(grouped);
        row(
            &format!("{}{gone}<br><small>{}</small>", chars::html(&shown(symbol.symbol.as_bytes())), path(&symbol.path)),
            &[symbol.kind.word(), &cells[0], &cells[1], &cells[2], &cells[3], &day(symbol.last), symbol.recent.trend().word(), &owner],
        )
    });
    table(
        &caption("functions, classes and methods, the most often touched first", report.symbols.len(), top),
        &["symbol", "kind", "#touches", "#adds", "#deletes", "#authors", "#last", "90 days", "main author"],
        rows.collect(),
    )
}

fn hotspots(report: &Report, top: usize) -> String {
    let hot = report.hotspots();
    if hot.is_empty() {
        return String::new();
    }
    let value = |file: &FileChurn| file.hotspot.map_or(0, |hotspot| hotspot.complexity.indentation);
    let (wide, high) = (1000.0, 560.0);
    let across = Scale::new(hot.iter().map(|file| file.touches.into()).max().unwrap_or(0), 70.0, wide - 30.0);
    let up = Scale::new(hot.iter().map(|file| value(file)).max().unwrap_or(0), high - 50.0, 30.0);
    let mut picture = String::new();
    for tick in across.ticks() {
        let x = across.at(tick);
        picture += &format!(
            "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"30\" y2=\"510\"/><text class=\"scale\" x=\"{x:.1}\" y=\"526\" text-anchor=\"middle\">{}</text>\n",
            grouped(tick)
        );
    }
    for tick in up.ticks() {
        let y = up.at(tick);
        picture += &format!(
            "<line class=\"grid\" x1=\"70\" x2=\"970\" y1=\"{y:.1}\" y2=\"{y:.1}\"/><text class=\"scale\" x=\"62\" y=\"{:.1}\" text-anchor=\"end\">{}</text>\n",
            y + 4.0,
            grouped(tick)
        );
    }
    picture += "<text class=\"scale\" x=\"520\" y=\"548\" text-anchor=\"middle\">touches</text><text class=\"scale\" x=\"8\" y=\"14\">complexity (levels of indentation)</text>\n";
    for (at, file) in hot.iter().enumerate().rev() {
        let class = if at < NAMED { "hot" } else { "cool" };
        let told = format!("{}\ntouched {} times, complexity {}", shown(&file.path), grouped(file.touches.into()), grouped(value(file)));
        picture += &format!(
            "<g class=\"{class}\"><title>{}</title><circle class=\"spot\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\"/></g>\n",
            chars::html(&told),
            across.at(file.touches.into()),
            up.at(value(file))
        );
    }
    let labels: Vec<(f64, f64, f64, String)> = hot
        .iter()
        .take(NAMED)
        .map(|file| {
            let name = shorten(&shown(file.path.rsplit(|byte| *byte == b'/').next().unwrap_or_default()), 28);
            let long = width(&name) as f64 * LETTER;
            let x = across.at(file.touches.into());
            (if x + 8.0 + long > wide { x - 8.0 - long } else { x + 8.0 }, up.at(value(file)) + 4.0, long, name)
        })
        .collect();
    let places: Vec<(f64, f64, f64)> = labels.iter().map(|(x, y, long, _)| (*x, *y, *long)).collect();
    for at in fitting(&places, 12.0) {
        let (x, y, _, name) = &labels[at];
        picture += &format!("<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", chars::html(name));
    }
    let rows = hot.iter().take(top).filter_map(|file| {
        let hotspot = file.hotspot?;
        let complexity = hotspot.complexity;
        let cells =
            [hotspot.score, file.touches.into(), complexity.indentation, complexity.lines.into(), complexity.deepest.into()].map(grouped);
        Some(row(&path(&file.path), &cells.each_ref().map(String::as_str)))
    });
    let table = table(
        &caption("hotspots, the hottest first", hot.len(), top),
        &["file", "#score", "#touches", "#complexity", "#lines", "#deepest"],
        rows.collect(),
    );
    format!(
        "<p class=\"faint\">Files that are changed often and are complex: up and to the right. Both scales are logarithmic; the score is touches times complexity.</p>\n<div class=\"both\">\n<div class=\"chart\"><svg viewBox=\"0 0 {wide} {high}\" role=\"img\" aria-label=\"files by touches and complexity; the table beside it has the same\">\n{picture}</svg></div>\n{table}</div>\n"
    )
}

fn coupling(report: &Report, top: usize) -> String {
    if report.coupling.is_empty() {
        return String::new();
    }
    let rows = report.coupling.iter().take(top).map(|pair| {
        let names = format!("{}<br>{}", path(&pair.a), path(&pair.b));
        row(&names, &[&grouped(pair.support.into()), &percent(pair.a_to_b), &percent(pair.b_to_a)])
    });
    table(
        &caption("pairs, the strongest first", report.coupling.len(), top),
        &["files", "#commits", "#of the first's changes", "#of the second's"],
        rows.collect(),
    )
}

fn caption(what: &str, all: usize, top: usize) -> String {
    if all > top {
        format!("{what}: {} of {}", grouped(top as u64), grouped(all as u64))
    } else {
        format!("{what}: {}", grouped(all as u64))
    }
}

/// Returns a table; the first column holds names, the others numbers. What is given has to be safe.
fn table(caption: &str, heads: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new(caption, heads).tall();
    rows.into_iter().for_each(|row| table.row(row));
    format!("<div><p class=\"faint\">{caption}</p>\n{}</div>\n", table.html())
}

/// Returns a row; all of it has to be safe.
fn row(name: &str, cells: &[&str]) -> Vec<String> {
    let name = format!("<span class=\"name\">{name}</span>");
    std::iter::once(name).chain(cells.iter().map(|cell| (*cell).to_owned())).collect()
}

fn rectangle(area: Area) -> String {
    format!("<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>", area.x, area.y, area.width, area.height)
}

/// Returns a text at the top of an area, cut to its width; nothing where it would be too short to read.
fn label(name: &str, area: Area, left: f64, down: f64) -> String {
    let room = ((area.width - 2.0 * left) / LETTER).max(0.0) as usize;
    if room < 4.min(width(name)) || room == 0 {
        return String::new();
    }
    format!("<text x=\"{:.1}\" y=\"{:.1}\">{}</text>", area.x + left, area.y + down, chars::html(&shorten(name, room)))
}

fn age(days: i64) -> usize {
    AGES.iter().position(|(most, _)| days <= *most).unwrap_or(AGES.len() - 1)
}

/// Returns a path that may be broken behind its slashes.
fn path(path: &[u8]) -> String {
    chars::html(&shown(path)).replace('/', "/<wbr>")
}

#[cfg(test)]
mod tests {
    use super::super::invented::{hostile, invented};
    use super::*;

    #[test]
    fn drawings_have_tables_beside_them() {
        let page = html(&invented(), None);
        assert!(page.starts_with("<!doctype html>\n<html lang=\"en\">") && page.ends_with("</html>\n"));
        for told in [
            "<title>shop: churn</title>",
            "viewBox",
            "src/<wbr>app.rs",
            "class=\"file age0\"",
            "files, the most often touched first: 3",
            "functions, classes and methods, the most often touched first: 2",
            "App.run",
            "start <small>(gone)</small>",
            "hotspots, the hottest first: 1",
            "pairs, the strongest first: 1",
            "(binary, generated, gone)",
        ] {
            assert!(page.contains(told), "{told}\n{page}");
        }
        assert!(html(&invented(), Some(1)).contains("files, the most often touched first: 1 of 3"));
    }

    #[test]
    fn it_runs_nothing_but_its_own_and_asks_nobody() {
        let page = html(&invented(), None);
        let nonce = page.split_once("'nonce-").unwrap().1.split_once('\'').unwrap().0;
        assert!(nonce.len() == 64 && page.contains(&format!("<style nonce=\"{nonce}\">")));
        for outside in ["http:", "https:", " src=", " href=", "@import", "url(", " style=", " onclick="] {
            assert!(!page.contains(outside), "{outside}");
        }
    }

    #[test]
    fn hostile_names_stay_names() {
        let page = html(&hostile(), None);
        for wild in ["<script>", "<img", "\" onload=\"", "\u{202e}", "\u{1b}", "</style><script"] {
            assert!(!page.contains(wild), "{wild:?}");
        }
        assert_eq!(page.matches("<style").count(), html(&invented(), None).matches("<style").count());
        assert!(page.contains("&lt;/<wbr>style&gt;&lt;script&gt;alert(1)"), "the name is still to be read\n{page}");
    }

    #[test]
    fn a_report_of_nothing_is_a_page_too() {
        let mut report = invented();
        report.files.clear();
        report.ground.head = None;
        assert!(html(&report, None).contains("there are no commits yet"));
    }
}

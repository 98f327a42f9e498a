//! A table of a page: at first its first rows are shown, and a script shows, finds and sorts the others.

use super::text::{number, safe};

/// How many rows are shown at first.
const SHOWN: usize = 100;

/// How many rows are there without a script; a browser takes its time for each.
const MADE: usize = 1000;

/// A table. What is given as a row is HTML already.
pub struct Table<'a> {
    caption: &'a str,
    columns: &'a [&'a str],
    rows: Vec<Vec<String>>,
    search: Option<&'a str>,
    tall: bool,
}

impl<'a> Table<'a> {
    /// A table with these columns; one whose name begins with `#` holds numbers. The caption is for whoever cannot see where it stands.
    pub fn new(caption: &'a str, columns: &'a [&'a str]) -> Table<'a> {
        Table { caption, columns, rows: Vec::new(), search: None, tall: false }
    }

    /// With a field that finds rows, which says this while it is empty.
    pub fn search(self, hint: &'a str) -> Table<'a> {
        Table { search: Some(hint), ..self }
    }

    /// In a pane of its own that scrolls, beside a picture.
    pub fn tall(self) -> Table<'a> {
        Table { tall: true, ..self }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: impl Into<Vec<String>>) {
        self.rows.push(cells.into());
    }

    /// Returns it, or nothing if it has no row.
    pub fn html(self) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let numeric: Vec<bool> = self.columns.iter().map(|name| name.starts_with('#')).collect();
        let class = |numeric: bool| if numeric { " class=\"number\"" } else { "" };
        let heads = self.columns.iter().zip(&numeric);
        let heads: String =
            heads.map(|(name, numeric)| format!("<th scope=\"col\"{}>{}</th>", class(*numeric), name.trim_start_matches('#'))).collect();
        let all = self.rows.len();
        let (mut rows, mut rest) = (String::new(), String::new());
        for (at, row) in self.rows.into_iter().enumerate() {
            let hidden = if (SHOWN..MADE).contains(&at) { " hidden" } else { "" };
            let rows = if at < MADE { &mut rows } else { &mut rest };
            *rows += &format!("<tr{hidden}>");
            for (cell, numeric) in row.iter().zip(&numeric) {
                *rows += &format!("<td{}>{}", class(*numeric), cell.replace('\n', ""));
            }
            rows.push('\n');
        }
        if !rest.is_empty() {
            // What is no script of a known language is kept as text.
            let first = number(MADE as u64);
            rest = format!(
                "<script type=\"text/plain\">\n{rest}</script>\n<noscript><p class=\"faint\">The first {first} of {}: the others are shown by a script.</p></noscript>\n",
                number(all as u64)
            );
        }
        let (caption, long) = (safe(self.caption), all > SHOWN);
        let mut tools = String::new();
        if let Some(hint) = self.search.filter(|_| all > 7) {
            tools += &format!(
                "<input type=\"search\" placeholder=\"{0}\" aria-label=\"{0}\" autocomplete=\"off\" spellcheck=\"false\">",
                safe(hint)
            );
        }
        if long {
            tools += &format!("<button type=\"button\" class=\"more\">show all {}</button>", number(all as u64));
        }
        if !tools.is_empty() {
            tools = format!("<p class=\"tools scripted\">{tools}<span class=\"faint\" role=\"status\"></span></p>\n");
        }
        let tall = if self.tall { " tall" } else { "" };
        format!(
            "<div class=\"sheet\">\n{tools}<div class=\"table{tall}\" tabindex=\"0\" role=\"region\" aria-label=\"{caption}\"><table>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{rows}</tbody></table></div>\n{rest}</div>\n"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rows_are_there_and_the_first_are_shown() {
        let mut table = Table::new("\"things\"", &["name", "#size"]).search("find a thing");
        assert_eq!(Table::new("none", &["name"]).html(), "");
        (0..150).for_each(|at| table.row([format!("n{at}"), at.to_string()]));
        let html = table.html();
        assert!(
            html.contains("aria-label=\"&quot;things&quot;\"") && html.contains("<th scope=\"col\" class=\"number\">size</th>"),
            "{html}"
        );
        assert!(html.contains("<tr><td>n7<td class=\"number\">7\n"), "{html}");
        assert_eq!((html.matches("<td>n").count(), html.matches(" hidden>").count()), (150, 50));
        let mut long = Table::new("many", &["name"]);
        (0..1200).for_each(|at| long.row([format!("n{at}")]));
        let long = long.html();
        assert!(
            long.split_once("<script type=\"text/plain\">\n<tr><td>n1000\n").is_some_and(|(rows, _)| rows.matches("<tr>").count() == 101),
            "{long}"
        );
        assert!(long.contains("The first 1,000 of 1,200"), "{long}");
        assert!(html.contains("show all 150") && html.contains("find a thing"), "{html}");
    }
}

//! The page as a whole, and what it is made of.

use super::sections;
use crate::base::Digest;
use crate::record::RunRecord;
use crate::report::chars;

const STYLE: &str = include_str!("page.css");

/// A run, and what was found out about it.
pub struct Page<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The run.
    pub run: &'a RunRecord,
    /// When each task ran, where that is known.
    pub bars: &'a [Bar],
    /// The longest chain of the run: addresses and milliseconds, in order.
    pub critical: &'a [(String, u64)],
    /// For tasks of that chain, the length of the longest chain if they took no time, in milliseconds.
    pub free: &'a [(String, u64)],
    /// The run to compare with.
    pub earlier: Option<&'a RunRecord>,
}

/// An attempt at a task, in milliseconds since the run began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Bar {
    /// The task's address.
    pub task: String,
    /// From 0.
    pub slot: u32,
    /// When it was started.
    pub from: u64,
    /// When it ended.
    pub to: u64,
    /// `done`, `failed`, …
    pub outcome: String,
}

/// Returns a page that holds all it needs, runs no script, and whose policy lets nothing be loaded.
pub fn html(page: &Page<'_>) -> String {
    let nonce = Digest::of(page.run.run.as_bytes()).hex();
    let title = text(&format!("{}: run {}", page.project, page.run.run));
    let body = sections::all(page);
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"referrer\" content=\"no-referrer\">\n\
         <title>{title}</title>\n<style nonce=\"{nonce}\">\n{STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )
}

/// Returns a text as HTML, on one line and with nothing in it that moves a cursor.
pub(super) fn text(value: &str) -> String {
    chars::html(&chars::escape(value))
}

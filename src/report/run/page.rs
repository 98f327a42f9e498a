//! What a page of a run is made from, and how its sections say things.

use std::time::Duration;

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use super::story::Story;
use crate::base::quantity::show_duration;
use crate::churn::Report;
use crate::record::RunRecord;
use crate::report::draw::Drawing;
use crate::report::page::safe;

/// What of a name cannot stand in a link as it is.
const IN_A_LINK: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'&').add(b'<').add(b'>').add(b'`');

/// A run, and what was found out about it.
pub struct Page<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The run.
    pub run: &'a RunRecord,
    /// The run, task by task.
    pub story: &'a Story,
    /// The targets that it was about and those that they need, as the manifest has them now; tasks that are gone stand alone.
    pub graph: &'a Drawing,
    /// What the history says, or why it says nothing.
    pub churn: Result<&'a Report, String>,
    /// The run to compare with.
    pub earlier: Option<&'a RunRecord>,
}

/// Returns milliseconds as a person reads them.
pub(super) fn ms(ms: u64) -> String {
    show_duration(Duration::from_millis(ms))
}

/// Returns the name of a target, which leads to it in the graph.
pub(super) fn link(address: &str) -> String {
    // A name as it is shown there is its name there, too.
    let shown = crate::report::chars::escape(address);
    let to = utf8_percent_encode(&shown, IN_A_LINK);
    format!("<span class=\"name\"><a href=\"#target={to}\">{}</a></span>", crate::report::page::path(address))
}

/// Returns an outcome with its colour.
pub(super) fn outcome(word: &str) -> String {
    format!("<span class=\"dot of-{0}\"></span>{1}", safe(word), safe(said(word)))
}

/// Returns how an outcome is said.
pub(super) fn said(word: &str) -> &str {
    match word {
        "cancelled" => "not reached",
        "running" => "was running",
        word => word,
    }
}

/// Returns a part of a page that opens on demand.
pub(super) fn folded(summary: &str, inside: &str) -> String {
    format!("<details><summary>{summary}</summary>\n{inside}</details>\n")
}

//! What a page of a run is made from, and how its sections say things.

use std::time::Duration;

use super::story::Story;
use crate::base::quantity::show_duration;
use crate::churn::Report;
use crate::record::RunRecord;
use crate::report::draw::Drawing;
use crate::report::page::safe;

/// A run, and what was found out about it.
pub struct Page<'a> {
    /// The project's name.
    pub project: &'a str,
    /// The manifest that the graph is made from, relative to the project's folder.
    pub manifest: &'a str,
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

/// Returns the name of a target. A script lets it lead to the target in the graph, and finds its row by it: names may be long, and stand once.
pub(super) fn link(address: &str) -> String {
    format!("<span class=\"name\"><a>{}</a></span>", crate::report::page::path(address))
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

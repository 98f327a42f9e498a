//! What is wrong with a manifest, all of it at once.

use std::sync::Arc;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteDiagnostic, NamedSource, Report};

use crate::base::Place;

/// How many are shown; a file with more has one mistake that makes all of them.
const SHOWN: usize = 50;

/// One mistake.
#[derive(Clone, Debug)]
pub struct Problem {
    /// `manifest/unknown_node`
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// How many bytes behind the place belong to it.
    pub length: usize,
    /// The edit that mends it.
    pub help: Option<String>,
    /// Other places that have to do with it.
    pub notes: Vec<(String, Place)>,
}

/// All mistakes, and the texts that they are in.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
    texts: Vec<(Arc<str>, Arc<str>)>,
}

impl Problems {
    /// No mistakes yet, in these files (name and text).
    pub fn new(texts: Vec<(Arc<str>, Arc<str>)>) -> Problems {
        Problems { list: Vec::new(), texts }
    }

    /// Adds a mistake.
    pub fn push(&mut self, problem: Problem) {
        self.list.push(problem);
    }

    pub(super) fn text(&mut self, file: Arc<str>, text: Arc<str>) {
        self.texts.push((file, text));
    }

    /// Returns the files that were read.
    pub fn sources(&self) -> &[(Arc<str>, Arc<str>)] {
        &self.texts
    }

    /// Returns the mistakes.
    pub fn problems(&self) -> &[Problem] {
        &self.list
    }

    /// Puts them into the order of their places.
    pub(super) fn sorted(mut self) -> Problems {
        self.list.sort_by(|one, other| one.place.cmp(&other.place));
        self
    }

    /// Returns all of them for a person: what, where with the line, what to do.
    pub fn render(&self, color: bool, width: usize) -> String {
        let theme = if color { GraphicalTheme::unicode() } else { GraphicalTheme::unicode_nocolor() };
        let handler = GraphicalReportHandler::new_themed(theme).with_width(width.max(40)).with_links(false);
        let mut out = String::new();
        for problem in self.list.iter().take(SHOWN) {
            let place = problem.place.as_ref().map(|place| format!("{place}: ")).unwrap_or_default();
            let mut diagnostic = MietteDiagnostic::new(format!("{place}{}", problem.message)).with_code(problem.code);
            if let Some(help) = &problem.help {
                diagnostic = diagnostic.with_help(help.clone());
            }
            let source = problem.place.as_ref().and_then(|place| self.texts.iter().find(|(file, _)| *file == place.file));
            let mut labels = Vec::new();
            let mut elsewhere = String::new();
            if let (Some(place), Some((_, text))) = (&problem.place, source) {
                labels.push(LabeledSpan::new_primary_with_span(None, (offset(text, place), problem.length.max(1))));
                for (note, other) in &problem.notes {
                    if other.file == place.file {
                        if other != place {
                            labels.push(LabeledSpan::new_with_span(Some(note.clone()), (offset(text, other), 1)));
                        }
                    } else {
                        elsewhere.push_str(&format!("  {note}: {other}\n"));
                    }
                }
            }
            let report = Report::new(diagnostic.with_labels(labels));
            let report = match source {
                Some((file, text)) => report.with_source_code(NamedSource::new(file, text.to_string())),
                None => report,
            };
            if handler.render_report(&mut out, report.as_ref()).is_err() {
                out.push_str(&problem.message);
            }
            for (note, place) in &problem.notes {
                if source.is_none() {
                    out.push_str(&format!("  {note}: {place}\n"));
                }
            }
            out.push_str(&elsewhere);
        }
        if self.list.len() > SHOWN {
            out.push_str(&format!("... and {} more\n", self.list.len() - SHOWN));
        }
        out
    }

    /// Returns all of them for a machine.
    pub fn to_json(&self) -> serde_json::Value {
        let one = |problem: &Problem| {
            serde_json::json!({
                "code": problem.code,
                "message": problem.message,
                "file": problem.place.as_ref().map(|place| place.file.to_string()),
                "line": problem.place.as_ref().map(|place| place.line),
                "column": problem.place.as_ref().map(|place| place.column),
                "help": problem.help,
            })
        };
        serde_json::json!({ "version": 1, "problems": self.list.iter().map(one).collect::<Vec<_>>() })
    }
}

fn offset(text: &str, place: &Place) -> usize {
    let start: usize = text.split_inclusive('\n').take(place.line as usize - 1).map(str::len).sum();
    let line = text[start.min(text.len())..].chars();
    start + line.take(place.column as usize - 1).map(char::len_utf8).sum::<usize>()
}

//! What is wrong with a manifest, all of it at once.

use std::sync::Arc;

use super::show;
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
    pub fn new<N: Into<Arc<str>>, T: Into<Arc<str>>>(texts: Vec<(N, T)>) -> Problems {
        Problems { list: Vec::new(), texts: texts.into_iter().map(|(name, text)| (name.into(), text.into())).collect() }
    }

    /// As [`Problems::new`]: an empty list over the texts of a [`Loaded`](super::Loaded).
    pub fn from_texts<N: Into<Arc<str>>, T: Into<Arc<str>>>(texts: Vec<(N, T)>) -> Problems {
        Problems::new(texts)
    }

    /// Adds a mistake that is one character long and has no other places.
    pub fn add(&mut self, code: &'static str, message: String, place: Option<Place>, help: Option<String>) {
        self.push(Problem { code, message, place, length: 1, help, notes: Vec::new() });
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

    /// Puts them into the order of their places, each once: what is expanded many times is wrong in one place.
    pub(super) fn sorted(mut self) -> Problems {
        self.list.sort_by(|one, other| (&one.place, one.code, &one.message).cmp(&(&other.place, other.code, &other.message)));
        self.list.dedup_by(|one, other| (&one.place, one.code, &one.message) == (&other.place, other.code, &other.message));
        self
    }

    /// Returns all of them for a person: what, where with the line, what to do. Lines of the manifest are cut at `width` columns.
    pub fn render(&self, color: bool, width: usize) -> String {
        let mut out = String::new();
        for problem in self.list.iter().take(SHOWN) {
            out.push_str(&show::problem(problem, &self.texts, color, width.max(40)));
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

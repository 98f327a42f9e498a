//! What is wrong with a manifest, all of it at once.

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use super::problem::Problem;
use super::show;
use crate::base::Place;

/// How many are kept; a file with more has one mistake that makes all of them.
const KEPT: usize = 100;

/// How many bytes all that is declared may take when it is expanded, as far as texts and needs go.
const MOST_BYTES: u64 = 2 << 30;

/// All mistakes, and the texts that they are in.
#[derive(Clone, Debug, Default)]
pub struct Problems {
    list: Vec<Problem>,
    texts: Vec<(Arc<str>, Arc<str>)>,
    /// What was said already: what is expanded many times is wrong in one place, and is said once.
    said: BTreeSet<u64>,
    /// How many there are beyond those that are kept.
    more: usize,
    /// Where a wrong word, and where the node that it belongs to, stands.
    doubtful: Box<[BTreeSet<Place>; 2]>,
    /// How many bytes the texts that were filled take.
    bytes: u64,
    /// Where tasks name their pools, by the task's place: said where a pool turns out not to exist.
    pub(super) pool_places: BTreeMap<(Place, Box<str>), Place>,
}

impl Problems {
    /// No mistakes yet, in these files (name and text).
    pub fn new<N: Into<Arc<str>>, T: Into<Arc<str>>>(texts: Vec<(N, T)>) -> Problems {
        Problems { texts: texts.into_iter().map(|(name, text)| (name.into(), text.into())).collect(), ..Problems::default() }
    }

    /// Adds a mistake that is one character long and has no other places.
    pub fn add(&mut self, code: &'static str, message: String, place: Option<Place>, help: Option<String>) {
        self.push(Problem { code, message, place, length: 1, help, notes: Vec::new() });
    }

    /// Adds a mistake, once: another one with its code, place and message is the same. The first 100 in the order of their places are
    /// kept, the others are counted.
    pub fn push(&mut self, problem: Problem) {
        let [words, nodes] = &*self.doubtful;
        let fault = |place: &Place| {
            words.contains(place) || (matches!(problem.code, "manifest/wrong_value" | "manifest/duplicate") && nodes.contains(place))
        };
        if problem.place.as_ref().is_some_and(fault) {
            return;
        }
        // A place has no hash of its own: where a thing stands makes no difference to what it is.
        let place = problem.place.as_ref().map(|place| (&place.file, place.line, place.column));
        let mut hasher = rustc_hash::FxHasher::default();
        (problem.code, place, &problem.message).hash(&mut hasher);
        if self.said.insert(hasher.finish()) {
            self.list.push(problem);
            if self.list.len() >= 2 * KEPT {
                self.settle();
            }
        }
    }

    /// Leaves out from now on what may only be wrong because a word is, which was told already.
    pub(super) fn doubt(&mut self, doubtful: Vec<(Place, Place)>) {
        for (word, node) in doubtful {
            self.doubtful[0].insert(word);
            self.doubtful[1].insert(node);
        }
    }

    fn settle(&mut self) {
        self.list.sort_by(|one, other| (&one.place, one.code, &one.message).cmp(&(&other.place, other.code, &other.message)));
        self.more += self.list.len().saturating_sub(KEPT);
        self.list.truncate(KEPT);
    }

    /// Counts bytes that are kept of what stands at a place. Where they are too many, that is a mistake, and is told once.
    pub(super) fn takes(&mut self, bytes: u64, place: &Place) {
        let before = self.full();
        self.bytes = self.bytes.saturating_add(bytes);
        if self.full() && !before {
            self.say(
                "manifest/too_much_text",
                place,
                format!("expanded, the texts of all that is declared take more than {} GiB", MOST_BYTES >> 30),
                "narrow the matrix or the glob, or put what all variants share into a file",
            );
        }
    }

    /// Whether there is no mistake among others, and there is room for the bytes that they count.
    pub(super) fn right<'a>(&self, mut others: impl Iterator<Item = &'a Problems>) -> bool {
        let bytes = others.try_fold(self.bytes, |sum, other| other.list.is_empty().then(|| sum.saturating_add(other.bytes)));
        bytes.is_some_and(|bytes| bytes <= MOST_BYTES)
    }

    /// Takes over what others, which are right, have counted and noted.
    pub(super) fn join(&mut self, others: Problems) {
        self.bytes = self.bytes.saturating_add(others.bytes);
        self.pool_places.extend(others.pool_places);
    }

    /// Whether so many bytes more can be taken; if not, no more is taken at all.
    pub(super) fn has_room(&mut self, bytes: u64, place: &Place) -> bool {
        if self.bytes.saturating_add(bytes) > MOST_BYTES {
            self.takes(bytes, place);
        }
        !self.full()
    }

    /// Whether no more is to be expanded.
    pub(super) fn full(&self) -> bool {
        self.bytes > MOST_BYTES
    }

    /// Returns how many mistakes there are, those that are not kept among them.
    pub fn count(&self) -> usize {
        self.list.len() + self.more
    }

    /// The same mistakes, which are in these files (name and text).
    pub fn within(self, texts: Vec<(Arc<str>, Arc<str>)>) -> Problems {
        Problems { texts, ..self }
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
    pub fn sorted(mut self) -> Problems {
        self.settle();
        self
    }

    /// Returns all of them for a person: what, where with the line, what to do. Lines of the manifest are cut at `width` columns;
    /// there is no newline at the end.
    pub fn render(&self, color: bool, width: usize) -> String {
        let mut out = String::new();
        for problem in self.list.iter().take(KEPT) {
            out.push_str(&show::problem(problem, &self.texts, color, width.max(40)));
        }
        let more = self.count().saturating_sub(KEPT);
        if more > 0 {
            out.push_str(&format!("... and {more} more\n"));
        }
        out.truncate(out.trim_end().len());
        out
    }

    /// Returns all of them as `miette` reports with their source, for embedders whose own diagnostics go through a `miette` handler.
    /// [`Problems::render`] does not: a manifest may hold a line of many megabytes, which no handler cuts.
    pub fn reports(&self) -> Vec<miette::Report> {
        let one = |problem: &Problem| {
            let mut diagnostic = miette::MietteDiagnostic::new(problem.message.clone()).with_code(problem.code);
            diagnostic.help = problem.help.clone().filter(|help| !help.is_empty());
            let source = problem.place.as_ref().and_then(|place| self.texts.iter().find(|(file, _)| *file == place.file));
            let (Some(place), Some((file, text))) = (&problem.place, source) else { return miette::Report::new(diagnostic) };
            let label = miette::LabeledSpan::new_primary_with_span(None, (offset(text, place), problem.length));
            miette::Report::new(diagnostic.with_label(label)).with_source_code(miette::NamedSource::new(&**file, text.to_string()))
        };
        self.list.iter().map(one).collect()
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
                "notes": problem.notes.iter().map(|(note, place)| serde_json::json!({
                    "message": note,
                    "file": &*place.file,
                    "line": place.line,
                    "column": place.column,
                })).collect::<Vec<_>>(),
            })
        };
        serde_json::json!({ "version": 1, "problems": self.list.iter().map(one).collect::<Vec<_>>(), "more": self.more })
    }
}

/// Returns the byte at which a place begins, at most the length of the text.
fn offset(text: &str, place: &Place) -> usize {
    let start: usize = text.split_inclusive('\n').take(place.line.max(1) as usize - 1).map(str::len).sum();
    start + text[start..].chars().take(place.column.max(1) as usize - 1).map(char::len_utf8).sum::<usize>()
}

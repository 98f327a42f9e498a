//! `fixer`: files that a program would leave as they are. What it would write instead is what mends them.

use std::io;

use rayon::prelude::*;

use super::judge::{Asked, Content, Filter, Gap, Judge, Judged, Reads, Sight, Unjudged, content, finding, nothing_read, too_large};
use super::settings::{Common, Node, Reader};
use super::sight::{View, meant};
use crate::base::RelPath;
use crate::event::{Facts, Finding};
use crate::model::Gate;

const NODES: &[Node] = &[Node::new("files"), Node::new("filter"), Node::new("config"), Node::new("message"), Node::new("help")];

struct Rules {
    files: Vec<String>,
    filter: Filter,
    message: Option<String>,
    help: Option<String>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rules) = rules(reader);
    (common, Box::new(rules))
}

fn rules(reader: &mut Reader<'_>) -> (Common, Rules) {
    let (common, rest) = reader.common(NODES);
    let filter = Filter { words: Vec::new(), config: Vec::new() };
    let mut rules = Rules { files: Vec::new(), filter, message: None, help: None };
    reader.once(&rest, &["filter", "message", "help"]);
    for setting in rest {
        match &*setting.name {
            "files" => rules.files.extend(reader.patterns(setting)),
            "filter" => rules.filter.words = reader.texts(setting),
            "config" => rules.filter.config.extend(reader.patterns(setting)),
            "message" => rules.message = reader.text(setting),
            _ => rules.help = reader.text(setting),
        }
    }
    if rules.filter.words.is_empty() && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate has no filter", "name a program that reads a file and writes it as it should be: filter \"rustfmt\"");
    }
    (common, rules)
}

/// Returns the files that a gate would mend; none, where it is no fixer.
///
/// # Errors
/// When they cannot be listed.
pub fn fixes(gate: &Gate, view: &View<'_>) -> io::Result<Vec<RelPath>> {
    match &*gate.kind {
        "fixer" => view.files(&rules(&mut Reader::new(gate)).1.files, false),
        _ => Ok(Vec::new()),
    }
}

/// Returns what a fixer makes of one of its files; `None` where it leaves it as it is.
///
/// # Errors
/// Why it has nothing to say.
pub fn mended(gate: &Gate, view: &View<'_>, path: &RelPath, bytes: &[u8]) -> Result<Option<Vec<u8>>, Unjudged> {
    let (common, rules) = rules(&mut Reader::new(gate));
    match rules.lost(view)?.into_iter().find(|_| !common.allow_empty) {
        // It would be mended as by somebody who was told nothing.
        Some(gap) => Err(Unjudged::empty(gap.finding.message)),
        None if is_binary(bytes) => Ok(None),
        None => view.filter(&rules.filter, path, bytes),
    }
}

/// Whether a file is no text, as ripgrep has it.
fn is_binary(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(1 << 16)]).is_some()
}

impl Judge for Rules {
    fn reads(&self, folder: &RelPath) -> Reads {
        meant(folder, &[&self.files[..], &self.filter.config].concat())
    }

    fn judge(&self, sight: &dyn Sight, _: &Asked<'_>) -> Result<Judged, Unjudged> {
        let files = sight.files(&self.files, false).map_err(|error| Unjudged::broken(format!("cannot look for files: {error}")))?;
        let looked: Vec<Result<Option<Looked>, Unjudged>> = files.par_iter().map(|path| self.look(sight, path)).collect();
        let mut judged = Judged { read: files, gaps: self.lost(sight)?, ..Judged::default() };
        let mut count = 0;
        for looked in looked {
            match looked? {
                None => continue,
                Some(Looked::Mended) => {}
                Some(Looked::Unfixed(finding)) => judged.findings.push(finding),
                Some(Looked::Failed(gap)) => judged.gaps.push(gap),
            }
            count += 1;
        }
        let links = sight.links(&meant(sight.folder(), &self.files)).len();
        if count == 0 {
            return Err(nothing_read(judged.read.len(), links));
        }
        Ok(Judged { facts: Facts { files: count, extracted: count, cached: 0 }, links, ..judged })
    }
}

/// What one file came to.
enum Looked {
    Mended,
    Unfixed(Finding),
    Failed(Gap),
}

impl Rules {
    /// Says which patterns of `config` mean no file.
    fn lost(&self, sight: &dyn Sight) -> Result<Vec<Gap>, Unjudged> {
        let mut gaps = Vec::new();
        for name in self.filter.config.iter().filter(|name| !name.starts_with('!')) {
            let found = sight.named(std::slice::from_ref(name));
            if found.map_err(|error| Unjudged::broken(format!("cannot look for its `config`: {error}")))?.is_empty() {
                let message = format!("`config` means no file: `{name}`");
                let help = String::from(
                    "correct the path, or take it out; a hook has the files of the index alone, and of a link to a folder those behind it are named",
                );
                gaps.push(Gap { finding: finding("fixer/empty_rule", "", 0, 0, message, help, &[name]), empty: true });
            }
        }
        Ok(gaps)
    }

    fn look(&self, sight: &dyn Sight, path: &RelPath) -> Result<Option<Looked>, Unjudged> {
        let before = match content(sight, path)? {
            Content::Gone | Content::Binary => return Ok(None),
            Content::Large(why) => return Ok(Some(Looked::Failed(too_large("fixer", path, why)))),
            Content::Text(bytes) => bytes,
        };
        let (file, program) = (path.to_string(), self.filter.words.first().map_or("", String::as_str));
        Ok(Some(match sight.filter(&self.filter, path, &before) {
            Ok(None) => Looked::Mended,
            Ok(Some(after)) => {
                let line = before.split(|byte| *byte == b'\n').zip(after.split(|byte| *byte == b'\n')).take_while(|(old, new)| old == new);
                let line = (line.count() as u32 + 1).min(before.split(|byte| *byte == b'\n').count() as u32);
                let message = self.message.clone().unwrap_or_else(|| format!("`{program}` would write this otherwise"));
                let help = self.help.clone().unwrap_or_else(|| String::from("`orket check --fix` writes it"));
                Looked::Unfixed(finding("fixer/unfixed", &file, line, 1, message, help, &[&file]))
            }
            Err(Unjudged { text, .. }) => {
                let help = format!("mend the file, or what `{program}` is told");
                Looked::Failed(Gap { finding: finding("fixer/failed", &file, 0, 0, text, help, &[&file]), empty: false })
            }
        }))
    }
}

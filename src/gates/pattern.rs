//! `pattern`: what must not stand in files, or must.

use rayon::prelude::*;
use regex::bytes::Regex;

use super::judge::{Asked, Judge, Judged, Sight, Unjudged, finding};
use super::settings::{Common, Reader};
use crate::base::RelPath;
use crate::event::{Facts, Finding};

const KNOWN: [&str; 6] = ["pattern", "files", "max", "require", "message", "help"];

struct Patterns {
    patterns: Vec<(String, Regex)>,
    files: Vec<String>,
    /// How many there may be.
    max: usize,
    /// Each file has to hold one.
    require: bool,
    message: Option<String>,
    help: Option<String>,
}

pub(super) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rest) = reader.common(&KNOWN);
    let mut rules = Patterns { patterns: Vec::new(), files: Vec::new(), max: 0, require: false, message: None, help: None };
    for setting in rest {
        match &*setting.name {
            "pattern" => {
                for text in reader.texts(setting) {
                    match Regex::new(&format!("(?m){text}")) {
                        Ok(regex) => rules.patterns.push((text, regex)),
                        Err(error) => {
                            let why = error.to_string().lines().last().unwrap_or_default().trim().to_owned();
                            reader.say(
                                &setting.place,
                                format!("`{text}` is no regular expression: {why}"),
                                "correct it; `\\(` means a bracket",
                            );
                        }
                    }
                }
            }
            "files" => rules.files.extend(reader.texts(setting)),
            "max" => rules.max = reader.count(setting).unwrap_or(0),
            "require" => rules.require = reader.flag(setting),
            "message" => rules.message = reader.text(setting),
            _ => rules.help = reader.text(setting),
        }
    }
    if rules.patterns.is_empty() && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate has no pattern", "name one: pattern \"except Exception\"");
    }
    (common, Box::new(rules))
}

impl Patterns {
    fn look(&self, path: &RelPath, bytes: &[u8]) -> Vec<Finding> {
        let file = path.to_string();
        let help = || self.help.clone().unwrap_or_default();
        let mut found = Vec::new();
        for (text, regex) in &self.patterns {
            if self.require {
                if !regex.is_match(bytes) {
                    let message = self.message.clone().unwrap_or_else(|| format!("`{text}` does not stand in this file"));
                    found.push(finding("pattern/missing", &file, 0, 0, message, help(), &[text, &file]));
                }
                continue;
            }
            let (mut line, mut start, mut from) = (1, 0, 0);
            let mut seen: Vec<String> = Vec::new();
            for hit in regex.find_iter(bytes) {
                for at in memchr::memchr_iter(b'\n', &bytes[from..hit.start()]) {
                    line += 1;
                    start = from + at + 1;
                }
                from = hit.start();
                let end = memchr::memchr(b'\n', &bytes[hit.start()..]).map_or(bytes.len(), |at| hit.start() + at);
                let whole = String::from_utf8_lossy(&bytes[start..end]).trim().to_owned();
                let column = String::from_utf8_lossy(&bytes[start..hit.start()]).chars().count() as u32 + 1;
                // The same line a second time is another finding.
                let nth = seen.iter().filter(|one| **one == whole).count().to_string();
                let message = self.message.clone().unwrap_or_else(|| format!("`{text}` stands here"));
                found.push(finding("pattern/match", &file, line, column, message, help(), &[text, &file, &whole, &nth]));
                seen.push(whole);
            }
        }
        found
    }
}

impl Judge for Patterns {
    fn judge(&self, sight: &dyn Sight, _: &Asked<'_>) -> Result<Judged, Unjudged> {
        let files = sight.files(&self.files, false).map_err(|error| Unjudged::broken(format!("cannot look for files: {error}")))?;
        if files.is_empty() {
            return Err(Unjudged::empty("no file was read: its `files` match nothing"));
        }
        let looked: Vec<Result<Vec<Finding>, Unjudged>> = files
            .par_iter()
            .map(|path| {
                let bytes = sight.read(path).map_err(|error| Unjudged::broken(format!("cannot read `{path}`: {error}")))?;
                // As ripgrep has it: what holds a NUL byte is no text.
                if memchr::memchr(0, &bytes[..bytes.len().min(1 << 16)]).is_some() { Ok(Vec::new()) } else { Ok(self.look(path, &bytes)) }
            })
            .collect();
        let mut findings: Vec<Finding> = Vec::new();
        for found in looked {
            findings.extend(found?);
        }
        if !self.require && findings.len() <= self.max {
            findings.clear();
        } else if self.max > 0 {
            let count = findings.len();
            findings.iter_mut().for_each(|finding| finding.message.push_str(&format!(" ({count} times in all, {} allowed)", self.max)));
        }
        Ok(Judged { findings, facts: Facts { files: files.len(), extracted: files.len(), cached: 0 }, read: files, ..Judged::default() })
    }
}

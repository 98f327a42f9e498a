//! Files, held against patterns.

use std::ops::Range;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::rules::{Pattern, Rules};
use crate::base::{Digest, RelPath};
use crate::event::{Facts, Finding};
use crate::gates::judge::{Asked, Content, Gap, Judge, Judged, Reads, Sight, Unjudged, content, finding, nothing_read, too_large};
use crate::gates::sight::meant;

/// A line with more bytes than this is known by its digest.
const LONG: usize = 4096;

impl Judge for Rules {
    fn reads(&self, folder: &RelPath) -> Reads {
        meant(folder, &self.files)
    }

    fn judge(&self, sight: &dyn Sight, _: &Asked<'_>) -> Result<Judged, Unjudged> {
        let files = sight.files(&self.files, false).map_err(|error| Unjudged::broken(format!("cannot look for files: {error}")))?;
        let look = |path| {
            Ok(match content(sight, path)? {
                Content::Gone | Content::Binary => None,
                Content::Large(why) if self.means(path) => {
                    Some(Looked { gaps: vec![too_large("pattern", path, why)], ..Looked::default() })
                }
                Content::Large(_) => None,
                Content::Text(bytes) => self.look(path, &bytes),
            })
        };
        let looked: Vec<Result<Option<Looked>, Unjudged>> = files.par_iter().map(look).collect();
        let mut judged = Judged::default();
        let mut count = 0;
        for looked in looked {
            let Some(looked) = looked? else { continue };
            count += 1;
            judged.findings.extend(looked.findings);
            judged.gaps.extend(looked.gaps);
        }
        let links = sight.links(&meant(sight.folder(), &self.files)).len();
        if count == 0 {
            return Err(nothing_read(files.len(), links));
        }
        let most = if self.require { 0 } else { self.max };
        Ok(Judged { most, links, facts: Facts { files: count, extracted: count, cached: 0 }, read: files, ..judged })
    }
}

/// What one file came to.
#[derive(Default)]
struct Looked {
    findings: Vec<Finding>,
    gaps: Vec<Gap>,
}

impl Rules {
    /// Whether a pattern is for such files.
    fn means(&self, path: &RelPath) -> bool {
        self.patterns.iter().any(|(_, pattern)| match pattern {
            Pattern::Text(_) => true,
            Pattern::Syntax(search) => search.reads(path),
        })
    }

    /// Looks at one file; `None` if no pattern is for such files.
    fn look(&self, path: &RelPath, bytes: &[u8]) -> Option<Looked> {
        let file = path.to_string();
        let mut looked = Looked::default();
        let mut meant = false;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        for (text, pattern) in &self.patterns {
            let hits: Vec<Range<usize>> = match pattern {
                Pattern::Text(regex) => regex.find_iter(bytes).map(|hit| hit.range()).collect(),
                Pattern::Syntax(search) if !search.reads(path) => continue,
                Pattern::Syntax(search) => match search.find(path, bytes) {
                    Ok(hits) => hits,
                    Err((line, why)) => {
                        let help = "mend the file; what a compiler takes and this grammar does not, leave out of `files`, or look for it by `pattern`";
                        let finding = finding("pattern/unparsable", &file, line, 1, why, help.to_owned(), &[&file]);
                        // Once, however many queries there are.
                        if looked.gaps.is_empty() {
                            looked.gaps.push(Gap { finding, empty: false });
                        }
                        Vec::new()
                    }
                },
            };
            meant = true;
            if !self.require {
                self.matches(text, &file, bytes, &hits, &mut looked.findings);
            } else if hits.is_empty() {
                let message = self.message.clone().unwrap_or_else(|| format!("`{text}` does not stand in this file"));
                let help = self.help.clone().unwrap_or_default();
                looked.findings.push(finding("pattern/missing", &file, 0, 0, message, help, &[text, &file]));
            }
        }
        meant.then_some(looked)
    }

    fn matches(&self, text: &str, file: &str, bytes: &[u8], hits: &[Range<usize>], found: &mut Vec<Finding>) {
        let mut line = Line::new(bytes, 1, 0);
        let mut counts: FxHashMap<String, usize> = FxHashMap::default();
        for hit in hits {
            if hit.start > line.end {
                let breaks = memchr::memchr_iter(b'\n', &bytes[line.end..hit.start]);
                let (count, last) = breaks.fold((0, 0), |(count, _), at| (count + 1, line.end + at + 1));
                line = Line::new(bytes, line.number + count, last);
            }
            let column = line.column(bytes, hit.start);
            let message = self.message.clone().unwrap_or_else(|| format!("`{text}` stands here"));
            let help = self.help.clone().unwrap_or_default();
            // The same line a second time is another finding.
            let nth = counts.entry(line.identity.clone()).or_default();
            found.push(finding("pattern/match", file, line.number, column, message, help, &[text, file, &line.identity, &nth.to_string()]));
            *nth += 1;
        }
    }
}

/// A line on which something was found. Minified files have thousands of hits on one: what it costs is found out once.
struct Line {
    number: u32,
    /// Where its break stands, or the file ends.
    end: usize,
    /// Its text without blanks around, of a long one the digest.
    identity: String,
    /// How many characters of it stand before a place in the file.
    before: (u32, usize),
}

impl Line {
    fn new(bytes: &[u8], number: u32, start: usize) -> Line {
        let end = memchr::memchr(b'\n', &bytes[start..]).map_or(bytes.len(), |at| start + at);
        let text = String::from_utf8_lossy(&bytes[start..end]);
        let identity = if end - start > LONG { Digest::of(text.trim().as_bytes()).hex() } else { text.trim().to_owned() };
        Line { number, end, identity, before: (0, start) }
    }

    /// Returns the column, from 1, of a place behind all that were asked for.
    fn column(&mut self, bytes: &[u8], at: usize) -> u32 {
        let (count, from) = self.before;
        self.before = (count + String::from_utf8_lossy(&bytes[from..at]).chars().count() as u32, at);
        self.before.0 + 1
    }
}

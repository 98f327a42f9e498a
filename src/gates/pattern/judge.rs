//! Files, held against patterns.

use std::ops::Range;

use rayon::prelude::*;

use super::rules::{Pattern, Rules};
use crate::base::RelPath;
use crate::event::{Facts, Finding};
use crate::gates::judge::{Asked, Content, Gap, Judge, Judged, Reads, Sight, Unjudged, content, finding, nothing_read, too_large};
use crate::gates::sight::meant;

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
        let (mut line, mut start, mut from) = (1, 0, 0);
        let mut seen: Vec<String> = Vec::new();
        for hit in hits {
            for at in memchr::memchr_iter(b'\n', &bytes[from..hit.start]) {
                line += 1;
                start = from + at + 1;
            }
            from = hit.start;
            let end = memchr::memchr(b'\n', &bytes[hit.start..]).map_or(bytes.len(), |at| hit.start + at);
            let whole = String::from_utf8_lossy(&bytes[start..end]).trim().to_owned();
            let column = String::from_utf8_lossy(&bytes[start..hit.start]).chars().count() as u32 + 1;
            // The same line a second time is another finding.
            let nth = seen.iter().filter(|one| **one == whole).count().to_string();
            let message = self.message.clone().unwrap_or_else(|| format!("`{text}` stands here"));
            let help = self.help.clone().unwrap_or_default();
            found.push(finding("pattern/match", file, line, column, message, help, &[text, file, &whole, &nth]));
            seen.push(whole);
        }
    }
}

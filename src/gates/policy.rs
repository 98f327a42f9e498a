//! `policy`: small rules about files that teams otherwise write by hand.

use rayon::prelude::*;
use regex::bytes::Regex;
use rustc_hash::FxHashMap;

use super::judge::{Asked, Content, Judge, Judged, Reads, Sight, Unjudged, content, finding, too_large};
use super::settings::{Common, Reader};
use super::sight::meant;
use crate::base::{RelPath, quantity};
use crate::event::{Facts, Finding};
use crate::model::RuleValue;

const KNOWN: [&str; 12] = [
    "files",
    "max_lines",
    "max_bytes",
    "forbid",
    "require",
    "header",
    "line_endings",
    "merge_markers",
    "private_keys",
    "todo_owner",
    "final_newline",
    "trailing_blanks",
];
/// In how many lines from the top a header has to stand.
const HEADER: usize = 10;

#[derive(Default)]
struct Policies {
    files: Vec<String>,
    max_lines: Option<usize>,
    max_bytes: Option<u64>,
    forbid: Vec<String>,
    require: Vec<String>,
    header: Option<(String, Regex)>,
    crlf: Option<bool>,
    merge_markers: bool,
    private_keys: bool,
    todo_owner: bool,
    final_newline: bool,
    trailing_blanks: bool,
}

pub(super) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rest) = reader.common(&KNOWN);
    let mut rules = Policies::default();
    reader.once(&rest, &["max_lines", "max_bytes", "header", "line_endings"]);
    for setting in &rest {
        match &*setting.name {
            "files" => rules.files.extend(reader.patterns(setting)),
            "max_lines" => rules.max_lines = reader.count(setting),
            "max_bytes" => {
                rules.max_bytes = match &setting.values[..] {
                    [RuleValue::Whole(number)] if *number >= 0 => Some(*number as u64),
                    [RuleValue::Text(text)] if quantity::size(text).is_some() => quantity::size(text),
                    _ => {
                        reader.say(&setting.place, "`max_bytes` takes a size", "write it as `max_bytes \"200KiB\"`");
                        None
                    }
                }
            }
            "forbid" => rules.forbid.extend(reader.patterns(setting)),
            "require" => rules.require.extend(reader.patterns(setting)),
            "header" => {
                if let Some(text) = reader.text(setting) {
                    match Regex::new(&text) {
                        Ok(regex) => rules.header = Some((text, regex)),
                        Err(_) => reader.say(&setting.place, format!("`{text}` is no regular expression"), "correct it"),
                    }
                }
            }
            "line_endings" => rules.crlf = reader.one_of(setting, &["lf", "crlf"]).map(|ending| ending == "crlf"),
            "merge_markers" => rules.merge_markers = !reader.flag(setting),
            "private_keys" => rules.private_keys = !reader.flag(setting),
            "todo_owner" => rules.todo_owner = reader.flag(setting),
            "final_newline" => rules.final_newline = reader.flag(setting),
            _ => rules.trailing_blanks = !reader.flag(setting),
        }
    }
    if rest.iter().all(|setting| &*setting.name == "files") && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        reader.say(&place, "the gate has no rule", format!("it knows: {}", KNOWN[1..].join(", ")));
    }
    (common, Box::new(rules))
}

impl Policies {
    /// Whether it asks what stands in files, and not only how large they are.
    fn reads_texts(&self) -> bool {
        let marked = self.merge_markers || self.private_keys || self.todo_owner || self.final_newline || self.trailing_blanks;
        marked || self.max_lines.is_some() || self.header.is_some() || self.crlf.is_some()
    }

    fn look_at(&self, sight: &dyn Sight, path: &RelPath) -> Result<Judged, Unjudged> {
        let mut judged = Judged::default();
        if let Some(most) = self.max_bytes {
            let there = sight.tree().stat_follow(path).map_err(|error| Unjudged::broken(format!("cannot look at `{path}`: {error}")))?;
            if let Some(size) = there.map(|there| there.size).filter(|size| *size > most) {
                let (file, message) = (path.to_string(), format!("it has {size} bytes, and {most} are allowed"));
                let help = String::from("make it smaller, or keep it elsewhere");
                judged.findings.push(finding("policy/max_bytes", &file, 0, 0, message, help, &[&file, ""]));
            }
        }
        if self.reads_texts() {
            match content(sight, path)? {
                Content::Gone | Content::Binary => {}
                Content::Large(why) => judged.gaps.push(too_large("policy", path, why)),
                Content::Text(bytes) => judged.findings.extend(self.look(path, &bytes)),
            }
        }
        Ok(judged)
    }

    fn look(&self, path: &RelPath, bytes: &[u8]) -> Vec<Finding> {
        let file = path.to_string();
        let (mut found, mut seen) = (Vec::new(), FxHashMap::<(String, String), usize>::default());
        let mut say = |rule: &str, line: u32, column: u32, message: String, help: &str, identity: &str| {
            // The same a second time is another finding.
            let nth = seen.entry((rule.to_owned(), identity.to_owned())).or_default();
            let number = nth.to_string();
            let identity: &[&str] = if *nth == 0 { &[&file, identity] } else { &[&file, identity, &number] };
            *nth += 1;
            found.push(finding(&format!("policy/{rule}"), &file, line, column, message, help.to_owned(), identity));
        };
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        if let Some(most) = self.max_lines.filter(|most| lines.len() > *most) {
            say("max_lines", most as u32 + 1, 1, format!("it has {} lines, and {most} are allowed", lines.len()), "split it", "");
        }
        if let Some((pattern, regex)) = &self.header {
            let top: String = lines.iter().take(HEADER).copied().collect();
            if !regex.is_match(top.as_bytes()) {
                say("header", 1, 1, format!("its first {HEADER} lines do not match `{pattern}`"), "write the header", "");
            }
        }
        if self.final_newline && !bytes.is_empty() && bytes.last() != Some(&b'\n') {
            say("final_newline", lines.len() as u32, 1, String::from("it does not end with a line end"), "add one", "");
        }
        let mut ended = false;
        for (index, line) in lines.iter().enumerate() {
            let number = index as u32 + 1;
            let bare = line.trim_end_matches(['\n', '\r']);
            if let Some(crlf) = self.crlf
                && line.ends_with('\n')
                && line.ends_with("\r\n") != crlf
                && !ended
            {
                // Once a file: the next one is the same mistake.
                ended = true;
                let (wanted, is) = if crlf { ("CRLF", "LF") } else { ("LF", "CRLF") };
                say(
                    "line_endings",
                    number,
                    bare.chars().count() as u32 + 1,
                    format!("the line ends with {is}"),
                    &format!("end lines with {wanted}"),
                    "",
                );
            }
            let marker = bare.starts_with("<<<<<<< ") || bare.starts_with(">>>>>>> ") || bare.starts_with("||||||| ");
            if self.merge_markers && marker {
                say("merge_marker", number, 1, String::from("a merge was not finished here"), "finish it", bare);
            }
            if self.private_keys && begins_key(bare) {
                say("private_key", number, 1, String::from("a private key stands here"), "take it out, and do not use it any more", "");
            }
            if self.trailing_blanks && bare.ends_with([' ', '\t']) {
                let column = bare.trim_end().chars().count() as u32 + 1;
                say("trailing_blanks", number, column, String::from("the line ends with blanks"), "take them out", bare.trim());
            }
            if self.todo_owner
                && let Some((at, end)) =
                    ["TODO", "FIXME"].iter().filter_map(|word| Some((bare.find(word)?, bare.find(word)? + word.len()))).min()
            {
                let behind = &bare[end..];
                let word = bare[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '_');
                let owned =
                    behind.strip_prefix('(').and_then(|rest| rest.split_once(')')).is_some_and(|(owner, _)| !owner.trim().is_empty());
                if word && !behind.starts_with(|c: char| c.is_alphanumeric() || c == '_') && !owned {
                    let column = bare[..at].chars().count() as u32 + 1;
                    say("todo_owner", number, column, String::from("nobody answers for this"), "write who: TODO(name)", bare.trim());
                }
            }
        }
        found
    }
}

/// Whether a private key begins in a line: PEM (RFC 7468) and OpenSSH, OpenPGP (RFC 9580), SSH2 (RFC 4716 has the public form), PuTTY, OpenVPN.
fn begins_key(line: &str) -> bool {
    let block = |begin: &str, ends: &[&str]| line.split_once(begin).is_some_and(|(_, rest)| ends.iter().any(|end| rest.contains(end)));
    block("-----BEGIN", &["PRIVATE KEY-----", "PRIVATE KEY BLOCK-----", "OpenVPN Static key V1-----"])
        || block("---- BEGIN SSH2", &["PRIVATE KEY ----"])
        || line.starts_with("PuTTY-User-Key-File-")
}

impl Judge for Policies {
    fn reads(&self, folder: &RelPath) -> Reads {
        // Of files that must or must not be there, only the names count.
        meant(folder, &self.files)
    }

    fn judge(&self, sight: &dyn Sight, _: &Asked<'_>) -> Result<Judged, Unjudged> {
        let broken = |error: std::io::Error| Unjudged::broken(format!("cannot look for files: {error}"));
        let files = sight.files(&self.files, true).map_err(broken)?;
        if files.is_empty() && self.require.is_empty() {
            return Err(Unjudged::empty("no file was read: its `files` match nothing"));
        }
        let looked: Vec<Result<Judged, Unjudged>> = files.par_iter().map(|path| self.look_at(sight, path)).collect();
        let (mut findings, mut gaps) = (Vec::new(), Vec::new());
        for looked in looked {
            let looked = looked?;
            findings.extend(looked.findings);
            gaps.extend(looked.gaps);
        }
        for path in if self.forbid.is_empty() { Vec::new() } else { sight.files(&self.forbid, true).map_err(broken)? } {
            let (file, help) = (path.to_string(), String::from("remove it"));
            findings.push(finding("policy/forbidden_file", &file, 0, 0, String::from("such a file must not be here"), help, &[&file]));
        }
        for name in &self.require {
            if sight.files(std::slice::from_ref(name), true).map_err(broken)?.is_empty() {
                let message = format!("there is no `{name}`");
                findings.push(finding("policy/required_file", name, 0, 0, message, String::from("write it"), &[name]));
            }
        }
        let facts = Facts { files: files.len(), extracted: files.len(), cached: 0 };
        Ok(Judged { findings, gaps, facts, read: files, ..Judged::default() })
    }
}

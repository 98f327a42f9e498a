//! `policy`: small rules about files that teams otherwise write by hand.

use rayon::prelude::*;
use regex::bytes::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;

use super::judge::{Asked, Content, Gap, Judge, Judged, Reads, Sight, Unjudged, content, finding, nothing_read, too_large, unmarked};
use super::settings::{Common, Node, Reader};
use super::sight::meant;
use crate::base::{RelPath, quantity, show_bytes};
use crate::event::{Facts, Finding};
use crate::model::{RuleValue, Setting};

const NODES: &[Node] = &[
    Node::new("files"),
    Node::new("max_lines"),
    Node::new("max_bytes"),
    Node::new("max_binary_bytes"),
    Node::new("forbid"),
    Node::new("require"),
    Node::new("naming").with(&["style", "matches"]),
    Node::new("header"),
    Node::new("line_endings"),
    Node::new("merge_markers"),
    Node::new("private_keys"),
    Node::new("todo_owner"),
    Node::new("final_newline"),
    Node::new("trailing_blanks"),
];

/// In how many lines from the top a header has to stand.
const HEADER: usize = 10;

#[derive(Default)]
struct Policies {
    files: Vec<String>,
    max_lines: Option<usize>,
    max_bytes: Option<u64>,
    max_binary_bytes: Option<u64>,
    naming: Vec<Naming>,
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

/// How some files are to be called.
struct Naming {
    files: Vec<String>,
    /// The style by its name, or the expression.
    wanted: String,
    /// Of a style, it is about the name up to its first dot; else about the path from the gate's folder.
    style: bool,
    regex: Regex,
}

/// How a name is written in a style.
const STYLES: &[(&str, &str)] = &[
    ("snake_case", "^[a-z0-9_]+$"),
    ("kebab-case", "^[a-z0-9-]+$"),
    ("camelCase", "^[a-z][a-zA-Z0-9]*$"),
    ("PascalCase", "^[A-Z][a-zA-Z0-9]*$"),
];

pub(super) fn read(reader: &mut Reader<'_>) -> (Common, Box<dyn Judge>) {
    let (common, rest) = reader.common(NODES);
    let mut rules = Policies::default();
    reader.once(&rest, &["max_lines", "max_bytes", "max_binary_bytes", "header", "line_endings"]);
    for setting in &rest {
        match &*setting.name {
            "files" => rules.files.extend(reader.patterns(setting)),
            "max_lines" => rules.max_lines = reader.count(setting),
            "max_bytes" => rules.max_bytes = size(reader, setting),
            "max_binary_bytes" => rules.max_binary_bytes = size(reader, setting),
            "naming" => rules.naming.extend(naming(reader, setting)),
            "forbid" => rules.forbid.extend(reader.patterns(setting)),
            "require" => rules.require.extend(reader.patterns(setting)),
            "header" => {
                if let Some(text) = reader.text(setting) {
                    match RegexBuilder::new(&text).multi_line(true).crlf(true).build() {
                        Ok(regex) => rules.header = Some((text, regex)),
                        Err(_) => reader.say(&setting.place, format!("`{text}` is no regular expression"), "correct it"),
                    }
                }
            }
            "line_endings" => rules.crlf = reader.one_of(setting, &["lf", "crlf"]).map(|ending| ending == "crlf"),
            "merge_markers" => rules.merge_markers = never(reader, setting),
            "private_keys" => rules.private_keys = never(reader, setting),
            "todo_owner" => rules.todo_owner = reader.flag(setting),
            "final_newline" => rules.final_newline = reader.flag(setting),
            _ => rules.trailing_blanks = never(reader, setting),
        }
    }
    if !rules.asks() && reader.wrong.is_empty() {
        let place = reader.gate.place.clone();
        let all: Vec<&str> = NODES[1..].iter().map(|node| node.name).collect();
        reader.say(&place, "the gate has no rule", format!("it knows: {}", all.join(", ")));
    }
    (common, Box::new(rules))
}

fn size(reader: &mut Reader<'_>, setting: &Setting) -> Option<u64> {
    match &setting.values[..] {
        [RuleValue::Whole(number)] if *number >= 0 => Some(*number as u64),
        [RuleValue::Text(text)] if quantity::size(text).is_some() => quantity::size(text),
        _ => {
            let name = &setting.name;
            reader.say(&setting.place, format!("`{name}` takes a size"), format!("write it as `{name} \"200KiB\"`"));
            None
        }
    }
}

/// Whether something may never be there, which is all that `#false` can mean; what `#true` would mean holds anyhow.
fn never(reader: &mut Reader<'_>, setting: &Setting) -> bool {
    if reader.flag(setting) {
        let name = &setting.name;
        reader.say(&setting.place, format!("`{name} #true` asks nothing"), format!("write `{name} #false`: there may be none"));
    }
    true
}

fn naming(reader: &mut Reader<'_>, setting: &Setting) -> Option<Naming> {
    let files = reader.patterns(setting);
    let text =
        |name: &str| setting.property(name).and_then(|value| if let RuleValue::Text(text) = value { Some(text.to_string()) } else { None });
    let (wanted, style, regex) = match (text("style"), text("matches")) {
        (Some(style), None) => {
            let known = STYLES.iter().find(|(name, _)| *name == style);
            (style, true, known.and_then(|(_, regex)| Regex::new(regex).ok()))
        }
        (None, Some(regex)) => (regex.clone(), false, Regex::new(&regex).ok()),
        _ => (String::new(), true, None),
    };
    if regex.is_none() {
        let styles: Vec<&str> = STYLES.iter().map(|(name, _)| *name).collect();
        let message = "`naming` takes a `style`, or what a path `matches`, a regular expression";
        reader.say(&setting.place, message, format!("the styles are: {}", styles.join(", ")));
    }
    Some(Naming { files, wanted, style, regex: regex? })
}

impl Naming {
    /// Returns what is wrong with the name of a file.
    fn broken(&self, folder: &RelPath, path: &RelPath) -> Option<String> {
        let name = path.name();
        let stem = name.iter().skip(1).position(|byte| *byte == b'.').map_or(name, |dot| &name[..=dot]);
        let stem = stem.strip_prefix(b".").unwrap_or(stem);
        let whole = path.as_bytes().strip_prefix(folder.as_bytes()).map_or(path.as_bytes(), |rest| rest.strip_prefix(b"/").unwrap_or(rest));
        let wanted = &self.wanted;
        match self.style {
            true => (!self.regex.is_match(stem)).then(|| format!("`{}` is not in {wanted}", show_bytes(stem))),
            false => (!self.regex.is_match(whole)).then(|| format!("`{}` does not match `{wanted}`", show_bytes(whole))),
        }
    }
}

impl Policies {
    /// Whether there is anything that it asks.
    fn asks(&self) -> bool {
        let listed = !(self.forbid.is_empty() && self.require.is_empty() && self.naming.is_empty());
        listed || self.max_bytes.is_some() || self.max_binary_bytes.is_some() || self.reads_texts()
    }

    /// Whether it asks what stands in files, and not only how large they are.
    fn reads_texts(&self) -> bool {
        let marked = self.merge_markers || self.private_keys || self.todo_owner || self.final_newline || self.trailing_blanks;
        marked || self.max_lines.is_some() || self.header.is_some() || self.crlf.is_some()
    }

    fn look_at(&self, sight: &dyn Sight, path: &RelPath) -> Result<Judged, Unjudged> {
        let mut judged = Judged::default();
        for (rule, most) in [("max_bytes", self.max_bytes), ("max_binary_bytes", self.max_binary_bytes)] {
            let Some(most) = most else { continue };
            let there = sight.tree().stat_follow(path).map_err(|error| Unjudged::broken(format!("cannot look at `{path}`: {error}")))?;
            let Some(size) = there.map(|there| there.size).filter(|size| *size > most) else { continue };
            let what = match rule {
                "max_bytes" => "it has",
                _ if matches!(content(sight, path)?, Content::Binary) => "it is no text and has",
                _ => continue,
            };
            let (file, message) = (path.to_string(), format!("{what} {size} bytes, and {most} are allowed"));
            let help = String::from("make it smaller, or keep it elsewhere");
            judged.findings.push(finding(&format!("policy/{rule}"), &file, 0, 0, message, help, &[&file, ""]));
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
        let bytes = unmarked(bytes);
        let text = String::from_utf8_lossy(bytes);
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        if let Some(most) = self.max_lines.filter(|most| lines.len() > *most) {
            say("max_lines", most as u32 + 1, 1, format!("it has {} lines, and {most} are allowed", lines.len()), "split it", "");
        }
        if let Some((pattern, regex)) = &self.header {
            let top: String = lines.iter().take(HEADER).copied().collect();
            // However lines end, a header is the same.
            if ![&top, &top.replace("\r\n", "\n")].iter().any(|top| regex.is_match(top.as_bytes())) {
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
        let links = sight.links(&meant(sight.folder(), &self.files)).len();
        if files.is_empty() && self.require.is_empty() {
            return Err(nothing_read(0, links));
        }
        let looked: Vec<Result<Judged, Unjudged>> = files.par_iter().map(|path| self.look_at(sight, path)).collect();
        let (mut findings, mut gaps) = (Vec::new(), Vec::new());
        for looked in looked {
            let looked = looked?;
            findings.extend(looked.findings);
            gaps.extend(looked.gaps);
        }
        // What is called so is there, also as a link, wherever that leads.
        let called = |patterns: &[String]| -> std::io::Result<Vec<RelPath>> {
            Ok([sight.files(patterns, true)?, sight.links(&meant(sight.folder(), patterns))].concat())
        };
        for path in if self.forbid.is_empty() { Vec::new() } else { called(&self.forbid).map_err(broken)? } {
            let (file, help) = (path.to_string(), String::from("remove it"));
            findings.push(finding("policy/forbidden_file", &file, 0, 0, String::from("such a file must not be here"), help, &[&file]));
        }
        for naming in &self.naming {
            let named = sight.files(&naming.files, true).map_err(broken)?;
            if named.is_empty() {
                let (files, help) = (naming.files.join(" "), String::from("correct the pattern, or take it out"));
                let finding =
                    finding("policy/empty_rule", "", 0, 0, format!("`naming` means no file: `{files}`"), help, &[&files, &naming.wanted]);
                gaps.push(Gap { finding, empty: true });
            }
            for path in named {
                let Some(message) = naming.broken(sight.folder(), &path) else { continue };
                let (file, help) = (path.to_string(), String::from("rename it"));
                findings.push(finding("policy/naming", &file, 0, 0, message, help, &[&file, &naming.wanted]));
            }
        }
        for name in &self.require {
            if called(std::slice::from_ref(name)).map_err(broken)?.is_empty() {
                let message = format!("there is no `{name}`");
                findings.push(finding("policy/required_file", name, 0, 0, message, String::from("write it"), &[name]));
            }
        }
        let facts = Facts { files: files.len(), extracted: files.len(), cached: 0 };
        Ok(Judged { findings, gaps, facts, links, read: files, ..Judged::default() })
    }
}

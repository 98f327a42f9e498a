//! What a kind of gate is: a judge of what it sees.

use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use super::baseline::Today;
use crate::base::{Digest, RelPath};
use crate::churn::Report;
use crate::disk::Tree;
use crate::event::{Edge, Facts, Finding, State};
use crate::facts::{Imports, Root};
use crate::vcs::Earlier;

/// In how many bytes from the start a NUL byte says that a file is no text.
const HEAD: usize = 1 << 16;

/// What a gate may see. Patterns and folders are relative to the folder of the manifest that declares the gate, paths to the project's root.
pub trait Sight: Sync {
    /// Returns, sorted, the files that patterns mean (those with `!` take away; none means all), without what version control ignores.
    /// Hidden files are among them if `hidden`, or where a pattern names them.
    ///
    /// # Errors
    /// When a folder cannot be read, or a pattern is wrong.
    fn files(&self, patterns: &[String], hidden: bool) -> io::Result<Vec<RelPath>>;

    /// Returns, sorted, the files that patterns mean, whoever ignores them, and the links that lead to one: what is read by a program, and not
    /// judged.
    ///
    /// # Errors
    /// When a folder cannot be read, or a pattern is wrong.
    fn named(&self, patterns: &[String]) -> io::Result<Arc<[RelPath]>>;

    /// Returns the links that are meant: none is followed, and what one leads to is judged under its own name.
    fn links(&self, means: &dyn Fn(&RelPath) -> bool) -> Vec<RelPath>;

    /// Returns a file's bytes.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>>;

    /// Returns the bytes of a file in which a word stands; `None` if it does not, or the file cannot be read.
    fn holding(&self, path: &RelPath, word: &str) -> Option<Vec<u8>>;

    /// Returns what the source files below some folders import.
    ///
    /// # Errors
    /// When a folder is not there or cannot be read.
    fn imports(&self, roots: &[Root]) -> io::Result<Imports>;

    /// Returns what the history says of a scope, from so many seconds before now on; `today` is the day on which it is said. Symbols are
    /// those of files that were touched more often than `symbols`; left out, of those that cost little.
    ///
    /// # Errors
    /// Why there is nothing to say.
    fn churn(&self, scope: Option<&str>, since: Option<i64>, symbols: Option<u64>, today: &str) -> Result<Report, Unjudged>;

    /// Returns what a file was in the newest commit, or in the commits since `HEAD` left a revision. Outside a repository, before the first
    /// commit and without git that is nothing, unless a revision is named.
    ///
    /// # Errors
    /// Why the history cannot be looked at.
    fn earlier(&self, path: &RelPath, since: Option<&str>) -> Result<Earlier, Unjudged>;

    /// Runs a command line in the gate's folder, and returns what it printed; `within` is how long it may take, if the gate says so.
    ///
    /// # Errors
    /// Why it could not run.
    fn run(&self, line: &str, within: Option<Duration>) -> Result<Printed, Unjudged>;

    /// Lets a program read a file and write it as it should be; `None` if that is how it is. Relative words are meant from the gate's folder,
    /// and `{{file}}` in them is the file, from there.
    ///
    /// # Errors
    /// Why it has written nothing that counts.
    fn filter(&self, filter: &Filter, path: &RelPath, bytes: &[u8]) -> Result<Option<Vec<u8>>, Unjudged>;

    /// Returns what a task printed when it last succeeded, if that was with all that it rests on as it is now.
    ///
    /// # Errors
    /// Why there is nothing to rely on.
    fn log_of(&self, task: &str) -> Result<Printed, Unjudged>;

    /// Returns the folder of the manifest that declares the gate.
    fn folder(&self) -> &RelPath;

    /// Takes note that the gate looks at more than the files that are not ignored (a history, the outcome of a command), so that its
    /// verdict is not kept.
    fn looks_beyond(&self);

    /// Returns the tree, for what is about it as a whole; whoever uses it says so by [`Sight::looks_beyond`].
    fn tree(&self) -> &Tree;
}

/// A program that reads a text and writes it as it should be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter {
    /// The program and its words.
    pub words: Vec<String>,
    /// Which files tell it how: patterns.
    pub config: Vec<String>,
}

/// What a command came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Printed {
    /// Its exit status; `None` where a signal or orket ended it.
    pub code: Option<i32>,
    /// How it ended, as a person reads it.
    pub status: String,
    /// What it printed, without colours and other control sequences.
    pub text: String,
    /// Whether it was about to let orket judge the gate that it was run for.
    pub recursive: bool,
}

/// How a gate is asked.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Whether the dear half is left out, where there is one.
    pub quick: bool,
    /// The day on which it is judged.
    pub today: &'a Today,
    /// The revision since which the history is looked at, whatever the gate says of that.
    pub since: Option<&'a str>,
}

/// What a judge found.
#[derive(Default)]
pub struct Judged {
    /// All of it, whatever comments and the baseline say.
    pub findings: Vec<Finding>,
    /// How many of them are allowed, without those that comments tolerate.
    pub most: usize,
    /// What kept it from judging some of what it was to judge: with these, the gate is not evaluated.
    pub gaps: Vec<Gap>,
    /// How much was read.
    pub facts: Facts,
    /// The files in which comments may tolerate findings.
    pub read: Vec<RelPath>,
    /// How many links it has passed over.
    pub links: usize,
}

/// Something that could not be judged.
pub struct Gap {
    /// What and where.
    pub finding: Finding,
    /// Whether `allow_empty` covers it.
    pub empty: bool,
}

/// Why a gate could not judge at all, as a lower-case sentence; `empty` if there was nothing to judge.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unjudged {
    /// The sentence.
    pub text: String,
    /// Whether `allow_empty` covers it.
    pub empty: bool,
}

/// Tells files that have a say.
pub type Reads = Box<dyn Fn(&RelPath) -> bool + Send + Sync>;

/// One gate's rules.
pub trait Judge: Send + Sync {
    /// Returns which files have a say by what stands in them, for a gate that is declared in `folder`; in doubt, a file has.
    fn reads(&self, _folder: &RelPath) -> Reads {
        Box::new(|_| true)
    }

    /// Judges.
    ///
    /// # Errors
    /// When it cannot.
    fn judge(&self, sight: &dyn Sight, asked: &Asked<'_>) -> Result<Judged, Unjudged>;

    /// Looks at what comments and the baseline have left: leaves out what is no trouble any more, and what is one trouble with another finding
    /// that stays; returns the latter.
    fn settle(&self, _findings: &mut Vec<Finding>) -> Vec<Finding> {
        Vec::new()
    }
}

impl Unjudged {
    /// There was nothing to judge.
    pub fn empty(text: impl Into<String>) -> Unjudged {
        Unjudged { text: text.into(), empty: true }
    }

    /// Something is in the way.
    pub fn broken(text: impl Into<String>) -> Unjudged {
        Unjudged { text: text.into(), empty: false }
    }
}

/// What a file that was listed is to those who look into texts.
pub(super) enum Content {
    /// It has gone since: tasks that run beside a gate may take their outputs away.
    Gone,
    /// It is no text.
    Binary,
    /// It is more than is looked into; the sentence that says so.
    Large(String),
    /// Its bytes.
    Text(Vec<u8>),
}

/// Returns what a file is. A NUL byte near the start says that it is no text, as ripgrep has it.
pub(super) fn content(sight: &dyn Sight, path: &RelPath) -> Result<Content, Unjudged> {
    let binary = |bytes: &[u8]| memchr::memchr(0, &bytes[..bytes.len().min(HEAD)]).is_some();
    let head = || {
        let mut head = Vec::new();
        sight.tree().open_file(path)?.take(HEAD as u64).read_to_end(&mut head).map(|_| head)
    };
    match sight.tree().read_text(path) {
        Ok(bytes) if binary(&bytes) => Ok(Content::Binary),
        Ok(bytes) => Ok(Content::Text(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Content::Gone),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge && head().is_ok_and(|head| binary(&head)) => Ok(Content::Binary),
        Err(error) if error.kind() == io::ErrorKind::FileTooLarge => Ok(Content::Large(error.to_string())),
        Err(error) => Err(Unjudged::broken(format!("cannot read `{path}`: {error}"))),
    }
}

/// Returns a text without the byte-order mark that it may begin with.
pub(super) fn unmarked(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)
}

/// Says that none of so many files could be read, nor so many links.
pub(super) fn nothing_read(listed: usize, links: usize) -> Unjudged {
    Unjudged::empty(match listed {
        0 if links > 0 => String::from("no file was read: its `files` match nothing but links, which are not followed"),
        0 => String::from("no file was read: its `files` match nothing"),
        1 => String::from("no file was read: the one that its `files` match is no text that it reads"),
        all => format!("no file was read: none of the {all} that its `files` match is a text that it reads"),
    })
}

/// Says that a file is too large to be judged.
pub(super) fn too_large(kind: &str, path: &RelPath, why: String) -> Gap {
    let file = path.to_string();
    let help = String::from("leave it out of `files`; `max_bytes` of a policy asks only how large it is");
    Gap { finding: finding(&format!("{kind}/too_large"), &file, 0, 0, why, help, &[&file]), empty: false }
}

/// Returns what stands for a finding of a rule that is about this.
pub(super) fn fingerprint(rule: &str, identity: &[&str]) -> String {
    let text = [&[rule], identity].concat().join("\0");
    Digest::of(text.as_bytes()).hex()[..16].to_owned()
}

/// Makes a finding; `identity` is what it is about, without line numbers and counts.
pub(super) fn finding(rule: &str, file: &str, line: u32, column: u32, message: String, help: String, identity: &[&str]) -> Finding {
    let fingerprint = fingerprint(rule, identity);
    Finding {
        file: file.to_owned(),
        line,
        column,
        rule: rule.to_owned(),
        message,
        help,
        fingerprint,
        state: State::New,
        text: None,
        edge: None,
        chain: Vec::new(),
    }
}

/// Makes a finding about a dependency: the edge is its identity.
pub(super) fn about(edge: Edge, rule: &str, (line, column): (u32, u32), message: String, help: String) -> Finding {
    let found = finding(rule, &edge.from_file, line, column, message, help, &[&edge.from, &edge.to]);
    Finding { edge: Some(edge), ..found }
}

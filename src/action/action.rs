//! All that decides what a task's commands do.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::base::{Digest, RelPath};

/// One action. Two equal actions have the same result, on any machine of the same platform.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Action {
    /// In the order in which they run; holes for ports and run facts stay as they were written.
    pub commands: Vec<Exact>,
    /// Where they run.
    pub dir: RelPath,
    /// What the task's rules show, sorted by name. What every task sees (`PATH`, …) is not in it.
    pub env: Vec<(String, EnvValue)>,
    /// Programs by name, sorted, with the digest of the file that was found.
    pub tools: Vec<(String, Option<Digest>)>,
    /// Declared and discovered files that no needed task put out, sorted by path.
    pub inputs: Vec<(RelPath, Content)>,
    /// What needed targets put out, by address.
    pub needs: Vec<Needed>,
    /// Declared outputs, and whether they are left out; sorted.
    pub outputs: Vec<(String, bool)>,
    /// Where the commands write what they read.
    pub depfile: Option<String>,
    /// A file that is written before the commands start: its path and its text.
    pub response: Option<(String, String)>,
    /// Whether the commands find their earlier outputs.
    pub incremental: bool,
    /// Words given behind `--`.
    pub args: Vec<String>,
    /// Services beside it, by address, with the digest of what makes them what they are.
    pub services: Vec<(String, Digest)>,
    /// Strategies that shape it, by seam.
    pub strategies: Vec<(String, String)>,
    /// Graph decisions that it uses, by name.
    pub decisions: Vec<(String, String)>,
    /// `linux-x86_64`.
    pub platform: String,
}

impl Action {
    /// Whether a file is among those that it reads.
    pub fn has_file(&self, path: &RelPath) -> bool {
        let holds = |files: &[(RelPath, Content)]| files.binary_search_by(|(file, _)| file.cmp(path)).is_ok();
        holds(&self.inputs) || self.needs.iter().any(|needed| holds(&needed.outputs))
    }

    /// Returns every file that it reads, what needed tasks put out among them.
    pub fn files(&self) -> impl Iterator<Item = (&RelPath, &Content)> {
        let made = self.needs.iter().flat_map(|needed| needed.outputs.iter());
        self.inputs.iter().chain(made).map(|(path, content)| (path, content))
    }
}

/// What one needed target put out.
#[derive(Clone, PartialEq, Debug)]
pub struct Needed {
    /// Its address.
    pub address: String,
    /// Of all that it put out.
    pub digest: Digest,
    /// The outputs of a task, sorted by path; none of a target that gathers (an epic, a rock).
    pub outputs: Arc<Vec<(RelPath, Content)>>,
    /// Folders among them in which nothing is, sorted by path.
    pub folders: Arc<Vec<RelPath>>,
}

/// A command with everything filled in that decides its result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Exact {
    /// Program and words.
    Run(Vec<String>),
    /// A shell's script.
    Sh(String),
}

impl Exact {
    /// Returns the command in words: no two commands read the same. A script stands behind `sh:`.
    pub fn show(&self) -> String {
        match self {
            Exact::Run(words) => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            Exact::Sh(script) => format!("sh: {script}"),
        }
    }
}

fn quoted(word: &str) -> String {
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"'\"\\$`&|;<>()*?#~!".contains(c);
    if !word.is_empty() && word != "sh:" && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The value of a variable.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum EnvValue {
    /// As it is.
    Plain(Vec<u8>),
    /// Of a secret only what a keyed hash says.
    Secret(Digest),
    /// It is passed, and not set.
    Unset,
}

/// What stands at a path.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub enum Content {
    /// A file's bytes and whether it can be executed.
    File {
        /// Of the bytes.
        digest: Digest,
        /// Whether any of the three bits is set.
        executable: bool,
    },
    /// Where a symbolic link points.
    Link(Vec<u8>),
    /// The names in a folder, of a task that another tool's manifest declares.
    Folder(Digest),
    /// Nothing, or a folder.
    Missing,
}

impl Content {
    /// Returns what a person tells two contents apart by; `None` for nothing.
    pub fn show(&self) -> Option<String> {
        match self {
            Content::File { digest, executable: false } => Some(digest.short()),
            Content::File { digest, executable: true } => Some(format!("{} (executable)", digest.short())),
            Content::Link(target) => Some(format!("-> {}", String::from_utf8_lossy(target))),
            Content::Folder(names) => Some(format!("a folder with the names {}", names.short())),
            Content::Missing => None,
        }
    }
}

//! A ninja file and all that it includes, from the disk to the model.

use std::path::Path;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::dyndep::read;
use super::error::Fault;
use super::lower::lower;
use super::parse::{Read, parse};
use super::parsed::Parsed;
use super::scope::Shelf;
use crate::base::{Address, Digest, Place, RelPath};
use crate::manifest::{Problem, Problems, Source};
use crate::model::{EnvRules, Need, Pool, Task};

/// What is to be read, and where it goes.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The ninja file. Its folder is where commands run.
    pub file: RelPath,
    /// The epic that takes its tasks.
    pub epic: Option<Address>,
    /// The package that asks.
    pub package: RelPath,
    /// What its tasks may see.
    pub env: EnvRules,
    /// What makes files that its tasks read.
    pub needs: Vec<Need>,
    /// Where it was asked for; `None` if on the command line.
    pub place: Option<Place>,
    /// Whether dyndep files that edges make are left unread: what stands on the disk may be what the last build has left.
    pub leave: bool,
}

/// What came of a ninja file.
#[derive(Debug, Default)]
pub struct Brought {
    /// One for each edge.
    pub tasks: Vec<Task>,
    /// Its pools that bound anything.
    pub pools: Vec<Pool>,
    /// What it builds where nothing is asked for.
    pub default: Vec<Need>,
    /// The files that were read.
    pub files: Vec<(RelPath, Digest)>,
    /// How the ninja file itself is made, and those that it includes.
    pub remake: Vec<Remake>,
    /// The addresses of the tasks that make dyndep files, in stages: these are built first, since they say what the graph is.
    pub first: Vec<Vec<String>>,
    /// Dyndep files that are not there yet.
    pub missing: Vec<RelPath>,
    /// Whether a dyndep file was left unread.
    pub left: bool,
}

/// How a ninja file is made anew.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Remake {
    /// The address of the task that does it.
    pub task: String,
    /// The ninja file, or a stamp that stands for it.
    pub file: RelPath,
    /// The addresses of the tasks that make some of what it is made from: they are built before anybody looks how old that is.
    pub before: Vec<String>,
    /// What it is made from: where one is newer or not there, it is made anew.
    pub inputs: Vec<RelPath>,
    /// Where that is done: relative to this are the names in its depfile.
    pub dir: RelPath,
    /// A file that names more that it is made from.
    pub depfile: Option<RelPath>,
    /// What is made along with it.
    pub along: Vec<RelPath>,
    /// Whether that may leave the file as it is.
    pub restat: bool,
}

/// Reads what is asked for. `root`: the project's folder.
///
/// # Errors
/// The first mistake of a file, or all that are found when its edges become tasks.
pub fn bring(source: &dyn Source, root: &Path, asked: &Asked) -> Result<Brought, Problems> {
    let dir = asked.file.parent().unwrap_or_else(RelPath::root);
    let mut disk = Disk { source, root, dir: &dir, names: Vec::new(), files: Vec::new(), texts: Vec::new() };
    let main = asked.file.to_string();
    let main = main.rsplit('/').next().unwrap_or_default();
    let shelf = Shelf::default();
    let mut parsed = match parse(main, &shelf, &mut disk) {
        Ok(parsed) => parsed,
        Err(fault) if disk.files.is_empty() => {
            let mut problems = Problems::default();
            let help = format!("let its generator make it first (`cmake -G Ninja -B {dir}`, `meson setup {dir}`), or name another file");
            problems.add("import/unreadable", fault.message, asked.place.clone(), Some(help));
            return Err(problems);
        }
        Err(fault) => return Err(disk.problems(vec![fault])),
    };
    let files: Vec<RelPath> = disk.files.iter().map(|(path, _)| path.clone()).collect();
    let mut missing = Vec::new();
    let left = disk.dyndeps(&mut parsed, &shelf, asked.leave, &mut missing).map_err(|fault| disk.problems(vec![fault]))?;
    let names: Vec<Arc<str>> = disk.names.clone();
    tracing::debug!(edges = parsed.edges.len(), "the ninja file is read");
    let mut brought = lower(&parsed, asked, root, &names, &files).map_err(|faults| disk.problems(faults))?;
    (brought.files, brought.missing, brought.left) = (disk.files, missing, left);
    Ok(brought)
}

/// The files that were read so far.
struct Disk<'a> {
    source: &'a dyn Source,
    root: &'a Path,
    dir: &'a RelPath,
    names: Vec<Arc<str>>,
    files: Vec<(RelPath, Digest)>,
    texts: Vec<(Arc<str>, Arc<str>)>,
}

impl Read for Disk<'_> {
    fn read(&mut self, path: &str) -> Result<String, String> {
        let found = RelPath::anywhere(self.root, self.dir, path.as_bytes()).map_err(|error| format!("`{path}`: {error}"))?;
        let bytes = self.source.read(&found).map_err(|error| format!("cannot read `{found}`: {error}"))?;
        self.note(&found, &bytes);
        text(bytes).map_err(|line| format!("line {line} of `{found}` is no UTF-8; orket reads other bytes in comments only"))
    }
}

/// Returns a file as text; what is no UTF-8 in comments is replaced.
///
/// # Errors
/// With the first other line, from 1, that is no UTF-8.
fn text(bytes: Vec<u8>) -> Result<String, usize> {
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Ok(text),
        Err(error) => error.into_bytes(),
    };
    let mut continued = false;
    for (line, number) in bytes.split(|byte| *byte == b'\n').zip(1..) {
        let comment = !continued && line.trim_ascii_start().starts_with(b"#");
        if !comment && std::str::from_utf8(line).is_err() {
            return Err(number);
        }
        continued = !comment && line.trim_ascii_end().ends_with(b"$");
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Disk<'_> {
    /// Takes a file down as one that the result depends on.
    fn note(&mut self, path: &RelPath, bytes: &[u8]) {
        let name: Arc<str> = path.to_string().into();
        self.texts.push((name.clone(), Arc::from("")));
        self.names.push(name);
        self.files.push((path.clone(), Digest::of(bytes)));
    }

    /// Reads the dyndep files that are there; those that edges make, unless they are left. Returns whether any was.
    fn dyndeps<'t>(&mut self, parsed: &mut Parsed<'t>, shelf: &'t Shelf, leave: bool, missing: &mut Vec<RelPath>) -> Result<bool, Fault> {
        let mut left = false;
        let mut nodes: Vec<u32> = parsed.edges.iter().filter_map(|edge| edge.dyndep).collect();
        nodes.sort_unstable();
        nodes.dedup();
        for node in nodes {
            let path = parsed.nodes[node as usize].path.to_string();
            let Ok(found) = RelPath::anywhere(self.root, self.dir, path.as_bytes()) else { continue };
            if self.source.size(&found).is_err() {
                missing.push(found);
                continue;
            }
            if leave && parsed.nodes[node as usize].maker.is_some() {
                left = true;
                match self.source.read(&found) {
                    Ok(bytes) => self.note(&found, &bytes),
                    Err(_) => missing.push(found),
                }
                continue;
            }
            let file = self.files.len() as u32;
            let text = self.read(&path).map_err(|message| Fault { file, line: 1, column: 1, message, help: String::new() })?;
            let text = shelf.keep(text);
            read(text, parsed).and_then(|said| parsed.learn(node, said)).map_err(|wrong| Fault::of(file, text, wrong))?;
        }
        Ok(left)
    }

    /// Returns mistakes with the texts that they are in, read once more: who makes none pays for no copy.
    fn problems(&self, faults: Vec<Fault>) -> Problems {
        let mut texts = self.texts.clone();
        for fault in &faults {
            if let (Some((path, _)), Some((_, text))) = (self.files.get(fault.file as usize), texts.get_mut(fault.file as usize)) {
                *text = self.source.read(path).map(|bytes| String::from_utf8_lossy(&bytes).into()).unwrap_or_else(|_| text.clone());
            }
        }
        let mut problems = Problems::new(texts);
        for fault in faults {
            let file = self.names.get(fault.file as usize).cloned().unwrap_or_else(|| "build.ninja".into());
            problems.push(Problem {
                code: "import/ninja",
                message: fault.message,
                place: Some(Place { file, line: fault.line, column: fault.column }),
                length: 1,
                help: Some(fault.help).filter(|help| !help.is_empty()),
                notes: Vec::new(),
            });
        }
        problems
    }
}

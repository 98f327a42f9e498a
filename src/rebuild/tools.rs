//! From the name of a tool to a program and its digest, as the tool strategy says.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rustc_hash::FxHashMap;

use super::{Blocked, Visible, World};
use crate::action::Content;
use crate::base::{Digest, RelPath};
use crate::decisions::{Invoked, NamedTool, Seam};
use crate::disk::{Signature, now_ns};
use crate::process::{find_program, locate_program};

/// Where `locked` looks for the digests of tools, unless its option `file` says otherwise.
const LOCK: &str = "orket-tools.lock";

/// What stands for the digest of a program that is not there.
pub(super) const ABSENT: Digest = Digest { hash: [0; 32], size: u64::MAX };

/// What is started for a tool.
pub(super) struct Found {
    /// What was looked up; `None` for a tool of orket's own.
    pub name: Option<String>,
    /// The file of the program.
    pub program: PathBuf,
    /// Words that come before those of the task.
    pub first: Vec<String>,
    /// Of the program.
    pub digest: Digest,
}

/// Programs by name and by where they were looked up.
pub type Programs = FxHashMap<String, Program>;

/// A program that was looked up.
#[derive(Clone)]
pub struct Program {
    file: PathBuf,
    digest: Digest,
    /// What of finding it a task may change: the folders of the project that were looked into, and the file itself, links followed.
    rests: Vec<(RelPath, Option<Signature>)>,
    /// When that was looked at, in nanoseconds since 1970.
    began: i64,
}

impl Program {
    /// Whether looking again would find the same one.
    fn stands(&self, world: &World) -> bool {
        self.rests.iter().all(|(place, stamp)| {
            stamp.is_none_or(|stamp| stamp.settled_at(self.began)) && world.tree.stat_follow(place).is_ok_and(|now| now == *stamp)
        })
    }
}

/// Asks the tool strategy what a name means, and finds it. `listed`: the task lists it in `tools`. `again`: something has run that may have
/// put another program in its place. `supposed`: the digest of what a needed task would have put there.
pub(super) fn invoke(
    world: &World,
    visible: &Visible,
    name: &str,
    listed: bool,
    folder: &Path,
    supposed: Option<Digest>,
    again: bool,
) -> Result<Found, Blocked> {
    match asked(world, name, listed)? {
        Invoked::Program { name: program_name, locked } => {
            let (program, digest) = match supposed.filter(|_| program_name == name) {
                Some(digest) => (folder.join(name), digest),
                None => program(world, visible, &program_name, folder, again)?,
            };
            if locked {
                check(world, name, &digest)?;
            }
            Ok(Found { name: Some(program_name), program, first: Vec::new(), digest })
        }
        Invoked::BuiltIn(tool) => {
            let own = std::env::current_exe().map_err(|error| Blocked::new(format!("cannot find orket itself: {error}")))?;
            let digest = Digest::of(format!("orket tool {tool} {}", env!("CARGO_PKG_VERSION")).as_bytes());
            Ok(Found { name: None, program: own, first: vec![String::from("tool"), tool], digest })
        }
        Invoked::Refused(why) => Err(Blocked { text: why, hint: Some(format!("add it to the task: tools \"{name}\"")), broken: false }),
    }
}

/// As [`invoke`] for a word of a line that a shell reads, which may as well be a function, a builtin, or something that is never come to:
/// `None` where there is no such program.
pub(super) fn invoke_if_there(world: &World, visible: &Visible, name: &str, folder: &Path, again: bool) -> Result<Option<Found>, Blocked> {
    match asked(world, name, true)? {
        Invoked::Program { name: program_name, .. } if digest_of(world, visible, &program_name, folder, again) == ABSENT => Ok(None),
        _ => invoke(world, visible, name, true, folder, None, again).map(Some),
    }
}

/// Returns the digest of a program, or [`ABSENT`].
pub(super) fn digest_of(world: &World, visible: &Visible, name: &str, folder: &Path, again: bool) -> Digest {
    // Looking for names that are similar takes a while, and nobody is told them.
    let absent = |name: &OsStr, path: &OsStr| locate_program(name, path, folder).map_err(|_| Blocked::new("it is not there"));
    look_up(world, visible, name, folder, again, &absent).map_or(ABSENT, |(_, digest)| digest)
}

fn asked(world: &World, name: &str, listed: bool) -> Result<Invoked, Blocked> {
    world.seams.ask(&NamedTool { name: name.to_owned(), listed }).map_err(|error| Blocked::broken(error.to_string()))
}

/// Whether a tool is the one whose digest was recorded.
fn check(world: &World, name: &str, digest: &Digest) -> Result<(), Blocked> {
    let options = &world.seams.choice(Seam::ToolStrategy).options;
    let file = options.text("file").unwrap_or(LOCK);
    let path = RelPath::parse(file).map_err(|error| Blocked::new(format!("the option `file` of the tool strategy `locked`: {error}")))?;
    let text = match world.tree.read(&path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(Blocked::new(format!("cannot read `{path}`: {error}"))),
    };
    let recorded: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.trim().split_once(char::is_whitespace)).collect();
    let line = format!("{name} {}", digest.hex());
    match recorded.get(name) {
        Some(found) if found.trim() == digest.hex() => Ok(()),
        Some(found) => Err(Blocked {
            text: format!(
                "the tool `{name}` is not the one that `{path}` records: {} there, {} here",
                &found[..found.len().min(12)],
                digest.short()
            ),
            hint: Some(format!("install the recorded one, or record this one: {line}")),
            broken: false,
        }),
        None => {
            Err(Blocked { text: format!("`{path}` records no tool `{name}`"), hint: Some(format!("add the line: {line}")), broken: false })
        }
    }
}

/// Finds a program and digests it; both are remembered for the run, and looked at `again` where that is asked for.
pub(super) fn program(world: &World, visible: &Visible, name: &str, folder: &Path, again: bool) -> Result<(PathBuf, Digest), Blocked> {
    let find = |name: &OsStr, path: &OsStr| find_program(name, path, folder).map_err(|error| Blocked::new(error.to_string()));
    look_up(world, visible, name, folder, again, &find)
}

fn look_up(
    world: &World,
    visible: &Visible,
    name: &str,
    folder: &Path,
    again: bool,
    find: &dyn Fn(&OsStr, &OsStr) -> Result<PathBuf, Blocked>,
) -> Result<(PathBuf, Digest), Blocked> {
    let path_var = visible.variables.get("PATH").map(Vec::as_slice).unwrap_or_default();
    let local = name.contains('/') && !name.starts_with('/');
    let here = local || path_var.split(|byte| *byte == b':').any(|entry| entry.first() != Some(&b'/'));
    let key = format!("{name}\0{}\0{}", String::from_utf8_lossy(path_var), if here { folder.to_string_lossy() } else { "".into() });
    if !local
        && let Some(known) = world.programs.read().expect("no holder panics").get(&key)
        && (!again || known.stands(world))
    {
        return Ok((known.file.clone(), known.digest));
    }
    let began = now_ns();
    let found = find(OsStr::new(name), OsStr::from_bytes(path_var))?;
    let place = |path: &Path| RelPath::from_normal(path.as_os_str().as_bytes());
    let mut looked: Vec<PathBuf> = std::env::split_paths(OsStr::from_bytes(path_var)).map(|entry| folder.join(entry)).collect();
    if name.contains('/') {
        looked.clear();
    }
    let last = found.parent().and_then(|parent| looked.iter().position(|entry| entry == parent));
    looked.truncate(last.map_or(looked.len(), |last| last + 1));
    looked.retain(|entry| entry.starts_with(world.tree.root()));
    looked.push(found.clone());
    let stamp = |path: &PathBuf| (place(path), world.tree.stat_follow(&place(path)).ok().flatten());
    let rests: Vec<_> = looked.iter().map(stamp).collect();
    let file = std::fs::canonicalize(&found).map_err(|error| Blocked::new(format!("cannot find the program `{name}`: {error}")))?;
    let digest = match world
        .content(&place(&file), local || again)
        .map_err(|error| Blocked::new(format!("cannot read the program `{}`: {error}", file.display())))?
    {
        Content::File { digest, .. } => digest,
        _ => return Err(Blocked::new(format!("the program `{}` is no file", file.display()))),
    };
    world.programs.write().expect("no holder panics").insert(key, Program { file: found.clone(), digest, rests, began });
    Ok((found, digest))
}

/// Returns the digest of the file in which the tool strategy `locked` records tools, if that is who is asked: a tool that it does not
/// record any more is refused.
pub(super) fn lock(world: &World) -> Option<Digest> {
    let choice = world.seams.choice(Seam::ToolStrategy);
    let file = (choice.strategy == "locked").then(|| RelPath::parse(choice.options.text("file").unwrap_or(LOCK)).ok())??;
    Some(Digest::of(&world.tree.read(&file).unwrap_or_default()))
}

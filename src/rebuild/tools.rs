//! From the name of a tool to a program and its digest, as the tool strategy says.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use super::prepare::Blocked;
use super::{Visible, World};
use crate::action::Content;
use crate::base::{Digest, RelPath};
use crate::decisions::{Invoked, NamedTool, Seam};
use crate::process::find_program;

/// Where `locked` looks for the digests of tools, unless its option `file` says otherwise.
const LOCK: &str = "orket-tools.lock";

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

/// Asks the tool strategy what a name means, and finds it. `listed`: the task lists it in `tools`.
pub(super) fn invoke(world: &World, visible: &Visible, name: &str, listed: bool, folder: &std::path::Path) -> Result<Found, Blocked> {
    let invoked = world.seams.ask(&NamedTool { name: name.to_owned(), listed }).map_err(|error| Blocked::new(error.to_string()))?;
    match invoked {
        Invoked::Program { name: program_name, locked } => {
            let (program, digest) = program(world, visible, &program_name, folder)?;
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
        Invoked::Refused(why) => Err(Blocked { text: why, hint: Some(format!("add it to the task: tools \"{name}\"")) }),
    }
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
        }),
        None => Err(Blocked { text: format!("`{path}` records no tool `{name}`"), hint: Some(format!("add the line: {line}")) }),
    }
}

/// Finds a program and digests it; both are remembered for the run.
pub(super) fn program(world: &World, visible: &Visible, name: &str, folder: &std::path::Path) -> Result<(PathBuf, Digest), Blocked> {
    let path_var = visible.variables.get("PATH").map(Vec::as_slice).unwrap_or_default();
    let key =
        format!("{name}\0{}\0{}", String::from_utf8_lossy(path_var), if name.contains('/') { folder.to_string_lossy() } else { "".into() });
    let local = name.contains('/') && !name.starts_with('/');
    if !local && let Some(found) = world.programs.read().expect("no holder panics").get(&key) {
        return Ok(found.clone());
    }
    let found = find_program(OsStr::new(name), OsStr::from_bytes(path_var), folder)
        .map_err(|error| Blocked { text: error.to_string(), hint: None })?;
    let file = std::fs::canonicalize(&found).map_err(|error| Blocked::new(format!("cannot find the program `{name}`: {error}")))?;
    let absolute = RelPath::from_normal(file.as_os_str().as_bytes());
    let digest = match world
        .content(&absolute, local)
        .map_err(|error| Blocked::new(format!("cannot read the program `{}`: {error}", file.display())))?
    {
        Content::File { digest, .. } => digest,
        _ => return Err(Blocked::new(format!("the program `{}` is no file", file.display()))),
    };
    world.programs.write().expect("no holder panics").insert(key, (found.clone(), digest));
    Ok((found, digest))
}

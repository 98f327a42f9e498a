//! Boxes of bubblewrap's: namespaces in which other things stand where the project does, and in which there is no network.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use super::Arranged;
use crate::base::RelPath;
use crate::process::{Spawn, find_program};

/// The program that makes boxes.
const PROGRAM: &str = "bwrap";

/// Bubblewrap, which is looked for when the first box is to be made.
pub struct Bubblewrap {
    path: OsString,
    folder: PathBuf,
    found: OnceLock<Result<PathBuf, String>>,
}

/// A box for the commands of one task.
pub struct Enclosed<'a> {
    /// The program that makes it.
    pub boxer: &'a Path,
    /// The project's root.
    pub root: &'a Path,
    /// A folder that stands in its place.
    pub stage: &'a Path,
    /// An empty folder that stands in the place of `/tmp`, and of `TMPDIR`.
    pub temporary: &'a Path,
    /// Files outside of the project that are read, also where they stand in such a folder.
    pub outside: &'a [PathBuf],
    /// What is shown and shared.
    pub arranged: &'a Arranged,
    /// Whether there is a network.
    pub network: bool,
}

impl Bubblewrap {
    /// Bubblewrap as `path`, a list of folders, has it; seen from `folder`.
    pub fn new(path: OsString, folder: PathBuf) -> Bubblewrap {
        Bubblewrap { path, folder, found: OnceLock::new() }
    }

    /// Returns the program, if it can make a box here.
    ///
    /// # Errors
    /// Why it cannot, and what would help.
    pub fn program(&self) -> Result<&Path, &str> {
        let found = self.found.get_or_init(|| {
            let program = find_program(PROGRAM.as_ref(), &self.path, &self.folder)
                .map_err(|_| format!("`{PROGRAM}` is not there; install bubblewrap, or choose another sandbox policy"))?;
            let mut trial = Command::new(&program);
            trial.args(["--unshare-net", "--unshare-ipc", "--ro-bind", "/", "/", "true"]).stdin(Stdio::null());
            match trial.output() {
                Ok(output) if output.status.success() => Ok(program),
                Ok(output) => {
                    let said = String::from_utf8_lossy(&output.stderr);
                    let said = said.lines().next().unwrap_or("it does not say why");
                    Err(format!("`{PROGRAM}` may not make one: {said}; allow user namespaces, or choose another sandbox policy"))
                }
                Err(error) => Err(format!("`{PROGRAM}` cannot be started: {error}")),
            }
        });
        found.as_deref().map_err(String::as_str)
    }
}

impl Enclosed<'_> {
    /// Returns a command as it is started in the box.
    pub fn command(&self, spawn: &Spawn) -> Spawn {
        let mut args: Vec<OsString> = Vec::new();
        let mut say = |words: &[&OsStr]| args.extend(words.iter().map(|word| (*word).to_owned()));
        say(&["--die-with-parent", "--unshare-ipc", "--ro-bind", "/", "/", "--dev", "/dev"].map(OsStr::new));
        let named = spawn.env.iter().find(|(name, _)| name == "TMPDIR").map(|(_, value)| Path::new(value));
        let named = named.filter(|folder| folder.is_absolute() && folder.parent().is_some() && folder.is_dir());
        let folders = [Some(Path::new("/tmp")), named].into_iter().flatten();
        let (inside, apart): (Vec<&Path>, Vec<&Path>) = folders.partition(|folder| folder.starts_with(self.root));
        for folder in apart {
            say(&[OsStr::new("--bind"), self.temporary.as_os_str(), folder.as_os_str()]);
            let hidden = |path: &&Path| path.starts_with(folder) && !path.starts_with(self.root) && path.exists();
            for path in self.outside.iter().map(PathBuf::as_path).chain([spawn.program.as_path()]).filter(hidden) {
                say(&[OsStr::new("--ro-bind"), path.as_os_str(), path.as_os_str()]);
            }
        }
        if !self.network {
            say(&[OsStr::new("--unshare-net")]);
        }
        say(&[OsStr::new("--bind"), self.stage.as_os_str(), self.root.as_os_str()]);
        for folder in inside {
            say(&[OsStr::new("--bind"), self.temporary.as_os_str(), folder.as_os_str()]);
        }
        let mut mount = |how: &str, path: &RelPath| {
            let path = path.under(self.root);
            say(&[OsStr::new(how), path.as_os_str(), path.as_os_str()]);
        };
        self.arranged.shared.iter().for_each(|path| mount("--bind", path));
        self.arranged.shown.iter().for_each(|path| mount("--ro-bind", path));
        say(&[OsStr::new("--chdir"), spawn.dir.as_os_str(), OsStr::new("--"), spawn.program.as_os_str()]);
        args.extend(spawn.args.iter().cloned());
        Spawn { program: self.boxer.to_path_buf(), arg0: PROGRAM.into(), args, ..spawn.clone() }
    }
}

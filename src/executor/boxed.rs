//! Commands in a box: they write nothing but what they are let, and reach no network. The box is bubblewrap's.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::process::Spawn;

/// The program that makes boxes.
pub const BOXER: &str = "bwrap";

/// Returns a command as it is started in a box in which only `writable` (files or folders that are there) can be written, beside a `/tmp`
/// of its own.
pub fn boxed(spawn: Spawn, boxer: &Path, root: &Path, writable: &[PathBuf]) -> Spawn {
    let mut args: Vec<OsString> = Vec::new();
    let mut say = |words: &[&std::ffi::OsStr]| args.extend(words.iter().map(|word| (*word).to_owned()));
    say(&["--die-with-parent", "--unshare-net", "--unshare-ipc", "--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev"].map(AsRef::as_ref));
    say(&["--tmpfs", "/tmp"].map(AsRef::as_ref));
    say(&["--ro-bind".as_ref(), root.as_os_str(), root.as_os_str()]);
    for path in writable {
        say(&["--bind".as_ref(), path.as_os_str(), path.as_os_str()]);
    }
    say(&["--chdir".as_ref(), spawn.dir.as_os_str(), "--".as_ref(), spawn.program.as_os_str()]);
    args.extend(spawn.args);
    Spawn { program: boxer.to_path_buf(), arg0: BOXER.into(), args, ..spawn }
}

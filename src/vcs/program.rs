//! Which git it is that answers.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{Access, access};

use super::VcsError;
use super::git::Git;

/// What tells one git from another.
pub(super) struct Program {
    /// A text that is another one for another git.
    pub(super) identity: Vec<u8>,
    /// Whether that is so for certain: a script that stands in for git may start another one of the same version.
    pub(super) certain: bool,
}

impl Program {
    /// Returns which git is started: its file, where that is git itself, which saves starting it, else the version that it tells.
    ///
    /// # Errors
    /// When git cannot be started.
    pub(super) fn of(git: &Git) -> Result<Program, VcsError> {
        match std::env::var_os("PATH").and_then(|path| file(&path)) {
            Some(identity) => Ok(Program { identity, certain: true }),
            None => Ok(Program { identity: git.ask(&[b"version"])?.out, certain: false }),
        }
    }
}

/// Returns the file that is started as `git`, and its stamp; `None` where it depends on the folder one stands in, or may start something else.
fn file(path: &OsStr) -> Option<Vec<u8>> {
    let mut files = std::env::split_paths(path).map(|folder| folder.join("git"));
    let found = files.find(|file| !file.is_absolute() || is_program(file)).filter(|file| file.is_absolute())?;
    // One that has another name answers to many.
    let real = fs::canonicalize(found).ok().filter(|file| file.file_name() == Some(OsStr::new("git")))?;
    let (mut mark, mut open) = ([0; 4], File::open(&real).ok()?);
    open.read_exact(&mut mark).ok().filter(|()| mark == *b"\x7fELF")?;
    let seen = open.metadata().ok()?;
    let times = [seen.mtime(), seen.mtime_nsec(), seen.ctime(), seen.ctime_nsec()];
    let stamp = format!("\0{} {} {} {times:?}", seen.dev(), seen.ino(), seen.size());
    Some([real.as_os_str().as_bytes(), stamp.as_bytes()].concat())
}

fn is_program(file: &Path) -> bool {
    file.is_file() && access(file, Access::EXEC_OK).is_ok()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn a_program_is_told_by_its_file_and_nothing_else_is() {
        let base = tempfile::tempdir().unwrap();
        let put = |folder: &str, text: &[u8], mode: u32| {
            let folder = base.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join("git"), text).unwrap();
            fs::set_permissions(folder.join("git"), fs::Permissions::from_mode(mode)).unwrap();
            folder.into_os_string().into_string().unwrap()
        };
        let plain = put("plain", b"\x7fELF?", 0o644);
        let (real, script) = (put("real", b"\x7fELF...", 0o755), put("script", b"#!/bin/sh\nexec git\n", 0o755));
        let told = |path: &str| file(OsStr::new(path));
        let known = told(&real).unwrap();
        assert_eq!(told(&format!("/nowhere:{plain}:{real}:{script}")), Some(known.clone()), "the first that can be started");
        for path in ["", "/nowhere", &*script, &format!("{script}:{real}"), &format!("bin:{real}"), &format!(":{real}")] {
            assert_eq!(told(path), None, "{path}");
        }
        for (folder, name) in [("link", "git"), ("many", "toybox")] {
            fs::create_dir_all(base.path().join(folder)).unwrap();
            fs::copy(base.path().join("real/git"), base.path().join(folder).join("toybox")).unwrap();
            symlink(base.path().join("real").join("git"), base.path().join(folder).join("git")).unwrap();
            if name == "toybox" {
                fs::remove_file(base.path().join(folder).join("git")).unwrap();
                symlink("toybox", base.path().join(folder).join("git")).unwrap();
            }
        }
        let below = |name: &str| base.path().join(name).into_os_string().into_string().unwrap();
        assert_eq!((told(&below("link")), told(&below("many"))), (Some(known.clone()), None));
        fs::write(base.path().join("real/git"), b"\x7fELF another").unwrap();
        assert_ne!(told(&real), Some(known), "another git");
    }
}

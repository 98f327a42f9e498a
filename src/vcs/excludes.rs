//! The file of patterns that a repository ignores by, beside those in it.

use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use super::git::Git;
use super::names::own_folder;

/// Returns what the configuration of the repository around `root` names as `core.excludesFile`; `None` if it names nothing, so that the
/// user's own file counts. Git is asked only where the configuration has something to say of that.
pub fn excludes_file(root: &Path) -> Option<PathBuf> {
    let top = root.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok())?;
    let own = own_folder(&top.join(".git"))?;
    let common = match fs::read(own.join("commondir")) {
        Ok(name) => own.join(PathBuf::from(std::ffi::OsString::from_vec(name.trim_ascii_end().to_vec()))),
        Err(_) => own.clone(),
    };
    let says = |path: PathBuf| {
        let text = String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).to_lowercase();
        text.contains("excludesfile") || text.contains("[include")
    };
    if !says(common.join("config")) && !says(own.join("config.worktree")) {
        return None;
    }
    let named = Git::new(root).told(&[b"config", b"--path", b"--get", b"core.excludesFile"]).ok()?;
    let named = named.strip_suffix(b"\n").unwrap_or(&named).to_vec();
    Some(top.join(PathBuf::from(std::ffi::OsString::from_vec(named))))
}

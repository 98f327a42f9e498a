//! Where a checkout stands: its branch, its tags, and what differs from a commit.

use std::path::Path;
use std::process::{Command, Stdio};

use super::Past;
use crate::base::RelPath;

/// Returns the branch that is checked out; `None` without one, without git, or outside a repository.
pub fn branch(root: &Path) -> Option<String> {
    let name = asked(root, &["symbolic-ref", "--short", "--quiet", "HEAD"]).ok()?;
    Some(String::from_utf8_lossy(&name).trim().to_owned()).filter(|name| !name.is_empty())
}

/// Returns the tags at `HEAD`, sorted; none without git or outside a repository.
pub fn tags(root: &Path) -> Vec<String> {
    let names = asked(root, &["tag", "--points-at", "HEAD"]).unwrap_or_default();
    String::from_utf8_lossy(&names).lines().map(str::to_owned).filter(|name| !name.is_empty()).collect()
}

/// Returns the files below `root` whose content in the work tree is not that of `HEAD`, or of the commit at which `HEAD` left `since`;
/// files that git neither tracks nor ignores are among them. Sorted, relative to `root`. Executes nothing of the repository's.
///
/// # Errors
/// A sentence, when there is no git, no repository, or no such commit.
pub fn changed(root: &Path, since: Option<&str>) -> Result<Vec<RelPath>, String> {
    if asked(root, &["rev-parse", "--git-dir"]).is_err() {
        return Err(String::from("git knows no repository here, so that nothing can be said of what changed"));
    }
    let hash = |name: &str| {
        let commit = format!("{name}^{{commit}}");
        asked(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &commit])
            .map(|hash| String::from_utf8_lossy(&hash).trim().to_owned())
    };
    let head = hash("HEAD").ok();
    let base = match since {
        None => head,
        Some(since) => {
            let since_hash =
                hash(since).map_err(|_| format!("git knows no commit `{since}`; a shallow clone may lack it: fetch it first"))?;
            let head = head.ok_or_else(|| String::from("the repository has no commit yet"))?;
            let merged = asked(root, &["merge-base", &since_hash, &head]);
            let merged =
                merged.map_err(|_| format!("`{since}` and `HEAD` have no commit in common; a shallow clone may lack it: fetch more"))?;
            Some(String::from_utf8_lossy(&merged).trim().to_owned())
        }
    };
    let mut paths: Vec<RelPath> = match &base {
        Some(base) => {
            let changes = Past::at(root, base).and_then(|past| past.changes()).map_err(|error| error.to_string())?;
            changes.paths.into_iter().chain(changes.folders).chain(changes.through).collect()
        }
        None => {
            let mut bytes = asked(root, &["ls-files", "-z"])?;
            bytes.extend(asked(root, &["ls-files", "-z", "--others", "--exclude-standard"])?);
            let names = bytes.split(|byte| *byte == 0).filter(|path| !path.is_empty());
            names.map(|path| RelPath::from_normal(path.to_vec())).collect()
        }
    };
    paths.sort();
    paths.dedup();
    Ok(paths)
}

/// Returns what git answers. The index is not refreshed for it.
fn asked(root: &Path, words: &[&str]) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    command.args(["-c", "core.fsmonitor=false", "-c", "core.quotePath=false"]).args(words);
    command.env("GIT_OPTIONAL_LOCKS", "0").current_dir(root).stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().map_err(|error| format!("git cannot be started: {error}"))?;
    if output.status.success() { Ok(output.stdout) } else { Err(format!("git cannot answer `git {}`", words.join(" "))) }
}

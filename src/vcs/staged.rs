//! What would be committed from a work tree: its index, and where git keeps what belongs to it. It is only read, but for what fixers mend.

use std::ffi::OsStr;
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use super::VcsError;
use super::blobs::Blobs;
use super::git::Git;
use super::index::{Tracked, tracked};
use crate::base::RelPath;

/// A work tree, and the index that git says is its own. `GIT_INDEX_FILE` is honoured: `git commit -a` and `git commit FILE` have one of
/// their own.
pub struct Staging {
    git: Git,
    top: PathBuf,
    own: PathBuf,
    common: PathBuf,
    /// The commit that the files are those of, with its index; `None`: they are those of the work tree's index.
    commit: Option<(String, TempDir)>,
}

/// A file that a commit would change.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// Where it is.
    pub path: RelPath,
    executable: bool,
}

/// Who has set the folder for hooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// Nobody: it is git's own.
    Default,
    /// This repository or work tree, with `core.hooksPath`.
    Here,
    /// The user or the machine, for all repositories, with `core.hooksPath`.
    Everywhere,
}

impl Staging {
    /// Finds the work tree around a folder. Within a hook this has to be the folder that git started it in.
    ///
    /// # Errors
    /// When git is not there, or the folder stands in no work tree.
    pub fn around(folder: &Path) -> Result<Staging, VcsError> {
        if !folder.is_dir() {
            return Err(VcsError::NoFolder(folder.to_path_buf()));
        }
        let git = Git::new(folder);
        let path = |bytes: &[u8]| folder.join(OsStr::from_bytes(bytes.strip_suffix(b"\n").unwrap_or(bytes)));
        let own = path(&git.told(&[b"rev-parse", b"--absolute-git-dir"])?);
        let common = path(&git.told(&[b"rev-parse", b"--git-common-dir"])?);
        match git.line(&[b"rev-parse", b"--show-toplevel"])? {
            Some(top) if !top.is_empty() => {
                let top = path(&top);
                Ok(Staging { git: Git::new(&top), top, own, common, commit: None })
            }
            _ => Err(VcsError::Bare(folder.to_path_buf())),
        }
    }

    /// Returns the same for the files of a commit, as if they were staged; `None` where `name` means no commit.
    ///
    /// # Errors
    /// When git cannot read it.
    pub fn of_commit(&self, name: &str) -> Result<Option<Staging>, VcsError> {
        let Some(commit) =
            self.git.line(&[b"rev-parse", b"--verify", b"--quiet", b"--end-of-options", format!("{name}^{{commit}}").as_bytes()])?
        else {
            return Ok(None);
        };
        let folder = tempfile::Builder::new().prefix("orket-commit-").tempdir_in(&self.own)?;
        let git = Git::new(&self.top).with_index(folder.path().join("index"));
        git.told(&[b"read-tree", &commit])?;
        let commit = Some((String::from_utf8_lossy(&commit).into_owned(), folder));
        Ok(Some(Staging { git, top: self.top.clone(), own: self.own.clone(), common: self.common.clone(), commit }))
    }

    /// Whether the repository has something under this id, commit or not.
    ///
    /// # Errors
    /// When git cannot be asked.
    pub fn has(&self, id: &str) -> Result<bool, VcsError> {
        Ok(self.git.ask(&[b"cat-file", b"-e", id.as_bytes()])?.good)
    }

    /// Returns the files that differ from the last commit, without links and repositories.
    ///
    /// # Errors
    /// When git cannot say.
    pub fn given(&self) -> Result<Vec<Given>, VcsError> {
        let last = match self.git.line(&[b"rev-parse", b"--verify", b"--quiet", b"HEAD^{tree}"])? {
            Some(tree) => tree,
            None => self.git.line(&[b"hash-object", b"-t", b"tree", b"/dev/null"])?.unwrap_or_default(),
        };
        let text = self.git.told(&[b"diff-index", b"--cached", b"--no-renames", b"--raw", b"-z", &last, b"--"])?;
        let mut parts = text.split(|byte| *byte == 0);
        let mut found = Vec::new();
        while let (Some(about), Some(path)) = (parts.next(), parts.next()) {
            let executable = match about.split(|byte| *byte == b' ').nth(1) {
                Some(b"100644") => false,
                Some(b"100755") => true,
                _ => continue,
            };
            found.push(Given { path: RelPath::from_normal(path), executable });
        }
        Ok(found)
    }

    /// Puts other bytes in the place of files in the index, all of them or none. What the user has said of them with `git update-index` stays
    /// said.
    ///
    /// # Errors
    /// When git refuses.
    pub fn stage(&self, files: &[(Given, Vec<u8>)]) -> Result<(), VcsError> {
        let all = tracked(&self.git)?;
        let named = |is: fn(&Tracked) -> bool| {
            let mut some = all.iter().filter(|file| is(file) && files.iter().any(|(given, _)| given.path == file.path)).peekable();
            some.peek()?;
            Some(some.flat_map(|file| [file.path.as_bytes(), b"\0"].concat()).collect::<Vec<u8>>())
        };
        let (skipped, trusted) = (named(Tracked::is_skipped), named(Tracked::is_trusted));
        let mut text = Vec::new();
        for (file, bytes) in files {
            let id = self.git.fed(&[b"hash-object", b"-w", b"--stdin"], bytes)?;
            let mode: &[u8] = if file.executable { b"100755 " } else { b"100644 " };
            text.extend([mode, id.trim_ascii_end(), b"\t", file.path.as_bytes(), b"\0"].concat());
        }
        self.git.fed(&[b"update-index", b"-z", b"--index-info"], &text)?;
        for (flag, paths) in [(&b"--skip-worktree"[..], skipped), (b"--assume-unchanged", trusted)] {
            paths.map(|paths| self.git.fed(&[b"update-index", flag, b"-z", b"--stdin"], &paths)).transpose()?;
        }
        Ok(())
    }

    /// Returns the folder of the work tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Returns the folder in which git keeps what belongs to this work tree alone.
    pub fn own(&self) -> &Path {
        &self.own
    }

    /// Returns the folders in which git keeps what belongs to one work tree each, for all of the repository.
    pub fn all(&self) -> Vec<PathBuf> {
        let others = std::fs::read_dir(self.common.join("worktrees")).into_iter().flatten().flatten().map(|entry| entry.path());
        [self.common.clone()].into_iter().chain(others).collect()
    }

    /// Returns the folder with the hooks of this work tree, and who has set it.
    ///
    /// # Errors
    /// When git cannot say.
    pub fn hooks(&self) -> Result<(PathBuf, Scope), VcsError> {
        let ask = |words: &[&str]| {
            let mut command = Command::new("git");
            command.args(words).current_dir(&self.top).env("LC_ALL", "C").stdin(Stdio::null());
            command.output().map_err(VcsError::Unreadable)
        };
        let scope = ask(&["config", "--show-scope", "--get", "core.hooksPath"])?;
        let scope = match scope.stdout.split(|byte| *byte == b'\t').next().unwrap_or_default() {
            _ if !scope.status.success() => Scope::Default,
            b"global" | b"system" => Scope::Everywhere,
            _ => Scope::Here,
        };
        let said = ask(&["rev-parse", "--git-path", "hooks"])?;
        if !said.status.success() {
            return Err(VcsError::refused(String::from_utf8_lossy(&said.stderr).trim().to_owned()));
        }
        let folder = said.stdout.strip_suffix(b"\n").unwrap_or(&said.stdout);
        Ok((self.top.join(OsStr::from_bytes(folder)), scope))
    }

    /// Returns the files and links that a commit would hold now, sorted by git. Repositories within this one are left out, and so is what
    /// is only announced.
    ///
    /// # Errors
    /// When git cannot read the index, or when files in it are in conflict.
    pub(super) fn files(&self) -> Result<Vec<Tracked>, VcsError> {
        let mut all = tracked(&self.git)?;
        let mut contested: Vec<String> = all.iter().filter(|file| file.contested).map(|file| file.path.to_string()).collect();
        contested.dedup();
        if !contested.is_empty() {
            return Err(VcsError::Conflict(contested));
        }
        all.retain(|file| !file.entry.is_repository() && !file.is_intended() && file.path.parts().all(|part| part != b".orket"));
        Ok(all)
    }

    /// Starts a git that hands out the bytes of files.
    pub(super) fn blobs(&self) -> Result<Blobs, VcsError> {
        Ok(Blobs::start(&self.git)?)
    }

    /// Makes `folder` what git takes for the private part of a further work tree: with the same history, an index of its own that holds
    /// these files (`None`: as it did before), and no way back to the true index.
    pub(super) fn double(&self, folder: &Path, files: Option<&[Tracked]>) -> Result<(), VcsError> {
        std::fs::create_dir_all(folder)?;
        let common = std::fs::canonicalize(&self.common)?;
        std::fs::write(folder.join("commondir"), [common.as_os_str().as_bytes(), b"\n"].concat())?;
        let head = match &self.commit {
            Some((commit, _)) => format!("{commit}\n").into_bytes(),
            None => std::fs::read(self.own.join("HEAD"))?,
        };
        std::fs::write(folder.join("HEAD"), head)?;
        let Some(files) = files else { return Ok(()) };
        for old in ["index", "index.lock"] {
            let _ = std::fs::remove_file(folder.join(old));
        }
        let mut git = Git::around(folder).command(&[b"update-index", b"-z", b"--index-info"]);
        git.env("GIT_DIR", folder).env("GIT_INDEX_FILE", folder.join("index")).stdout(Stdio::null()).stdin(Stdio::piped());
        let mut child = git.spawn()?;
        let mut text = Vec::new();
        for file in files {
            text.extend_from_slice(format!("{:06o} {}\t", file.entry.mode, file.entry.id).as_bytes());
            text.extend_from_slice(file.path.as_bytes());
            text.push(0);
        }
        if let Some(mut stdin) = child.stdin.take() {
            // Git that ends early says why by itself.
            let _ = stdin.write_all(&text);
        }
        let ended = child.wait_with_output()?;
        match ended.status.success() {
            true => Ok(()),
            false => Err(VcsError::refused(String::from_utf8_lossy(&ended.stderr).trim().to_owned())),
        }
    }
}

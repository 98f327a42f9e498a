//! The files as they were at a revision.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use super::VcsError;
use super::blobs::Blobs;
use super::git::Git;
use super::index::Entry;
use crate::base::{RelPath, did_you_mean};

/// A folder as it was at a revision. What stands outside the folder is not seen, though the repository may reach further.
pub struct Past {
    pub(super) git: Git,
    pub(super) root: PathBuf,
    pub(super) entries: BTreeMap<RelPath, Entry>,
    commit: String,
    blobs: Mutex<Option<Blobs>>,
}

impl Past {
    /// Looks up a revision, named in any way that git knows.
    ///
    /// # Errors
    /// When the folder is in no repository, when there is no such commit, or when git cannot say.
    pub fn at(root: &Path, revision: &str) -> Result<Past, VcsError> {
        let git = Git::around(root);
        let facts = git.told(&[b"rev-parse", b"--is-inside-work-tree", b"--is-shallow-repository"])?;
        let mut facts = facts.split(|byte| *byte == b'\n').map(|fact| fact == b"true");
        if facts.next() != Some(true) {
            return Err(VcsError::NoRepository(root.to_path_buf()));
        }
        let shallow = facts.next() == Some(true);
        let commit = commit(&git, revision).ok_or_else(|| VcsError::NoRevision {
            name: revision.to_owned(),
            hint: if shallow { String::from(SHALLOW) } else { meant(&git, revision) },
        })?;
        let list = git.told(&[b"ls-tree", b"-r", b"-z", commit.as_bytes()])?;
        let lines = list.split(|byte| *byte == 0);
        let entries = lines
            .filter_map(|line| {
                let tab = line.iter().position(|byte| *byte == b'\t')?;
                Some((RelPath::from_normal(&line[tab + 1..]), Entry::parse(&line[..tab])?))
            })
            .collect();
        Ok(Past { git, root: root.to_path_buf(), entries, commit, blobs: Mutex::new(None) })
    }

    /// Returns the name of the commit in full.
    pub fn commit(&self) -> &str {
        &self.commit
    }

    /// Returns all files and links, sorted.
    pub fn files(&self) -> impl Iterator<Item = &RelPath> {
        self.entries.iter().filter(|(_, entry)| !entry.is_repository()).map(|(path, _)| path)
    }

    /// Whether there was such a file or link.
    pub fn has(&self, path: &RelPath) -> bool {
        self.entries.get(path).is_some_and(|entry| !entry.is_repository())
    }

    /// Whether a path stands in a repository of its own inside this one, so that it is not known here.
    pub fn is_inside(&self, path: &RelPath) -> bool {
        self.entries.iter().any(|(outer, entry)| entry.is_repository() && path.is_in(outer))
    }

    /// Returns the bytes of a file as git stores them, or where a link pointed.
    ///
    /// # Errors
    /// When it was not there, or git cannot hand it out.
    pub fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        let entry = self.entries.get(path).filter(|entry| !entry.is_repository());
        let entry = entry.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "it was not there"))?;
        let mut blobs = self.blobs.lock().map_err(|_| io::Error::other("git was given up"))?;
        if blobs.is_none() {
            *blobs = Some(Blobs::start(&self.git)?);
        }
        blobs.as_mut().map_or_else(|| Err(io::Error::other("git was not started")), |blobs| blobs.get(&entry.id))
    }
}

pub(super) const SHALLOW: &str = "\nhint: this clone is shallow and holds the latest commits only; `git fetch --unshallow` brings the others, in CI a \
                       deeper checkout (`fetch-depth: 0`)";

/// Returns the name of the commit in full. No revision begins with a dash, so that none can be taken for an option.
pub(super) fn commit(git: &Git, revision: &str) -> Option<String> {
    if revision.is_empty() || revision.starts_with('-') || revision.contains('\0') {
        return None;
    }
    let id = |name: &str| {
        let said = git.told(&[b"rev-parse", b"--verify", b"--quiet", name.as_bytes()]).ok()?;
        let id = String::from_utf8(said).ok()?.trim().to_owned();
        Some(id).filter(|id| id.len() >= 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    // In two steps, since `:/words` would take what stands behind it as words, too.
    id(&format!("{}^{{commit}}", id(revision)?))
}

pub(super) fn meant(git: &Git, revision: &str) -> String {
    let names = git.told(&[b"for-each-ref", b"--format=%(refname:short)"]).unwrap_or_default();
    let names = String::from_utf8_lossy(&names).into_owned();
    let nearest = did_you_mean(revision, names.lines().chain(["HEAD"]).filter(|name| *name != revision));
    nearest.map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

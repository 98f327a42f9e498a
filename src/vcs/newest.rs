//! The files of the newest commit. Where those of an earlier one are kept, only the folders are read that differ.

use std::path::Path;
use std::thread;

use serde::{Deserialize, Serialize};

use super::parse::{date, hex};
use super::{Repository, VcsError, image};
use crate::base::FileKind;

/// What a file with the newest commit begins with; the number rises with its form.
const NEWEST: &[u8] = b"orket newest 2\n";

/// So many folders and files are asked for one after the other at most: to list all is then faster.
const MOST: usize = 64;

/// The newest commit.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Newest {
    /// When it was committed, in seconds since 1970; 0 before the first.
    pub at: i64,
    /// Its files, by path.
    pub files: Vec<Present>,
}

/// A file of a commit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Present {
    /// Its path from the repository's folder.
    pub path: Box<[u8]>,
    /// What it is.
    pub kind: FileKind,
    /// The id of its text, in hexadecimal digits.
    pub blob: String,
    /// In bytes.
    pub size: u64,
}

/// A commit's files and folders, each by path.
#[derive(PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
struct Listing {
    files: Vec<Present>,
    /// Paths with a slash at the end, the repository's own folder empty, and the ids of their trees.
    folders: Vec<(Box<[u8]>, String)>,
}

/// What is kept of a commit.
#[derive(Serialize, Deserialize)]
struct Seen {
    /// What it rests on.
    stamp: [u8; 32],
    head: String,
    at: i64,
    listing: Listing,
}

impl Listing {
    /// Whether all stands in order: git can be made to take folders in which it does not.
    fn is_sorted(&self) -> bool {
        self.files.is_sorted_by(|one, next| one.path < next.path) && self.folders.is_sorted_by(|one, next| one.0 < next.0)
    }
}

impl Repository {
    /// Returns the newest commit. `keep` names a file where what was read is kept for the next time; it is only ever written as a whole.
    ///
    /// # Errors
    /// When git cannot read it.
    pub fn newest(&self, keep: Option<&Path>) -> Result<Newest, VcsError> {
        let Some(head) = self.head() else { return Ok(Newest::default()) };
        let Some(keep) = keep else {
            let (at, listing, _) = self.listed(head)?;
            return Ok(Newest { at, files: listing.files });
        };
        let stamp = self.stamp(false)?.0;
        let seen = image::read::<Seen>(keep, NEWEST).filter(|seen| seen.stamp == stamp && seen.listing.is_sorted());
        let onward = match seen {
            Some(Seen { at, listing, .. }) if seen.as_ref().is_some_and(|seen| seen.head == head) => {
                return Ok(Newest { at, files: listing.files });
            }
            Some(seen) => self.onward(head, &seen.listing)?,
            None => None,
        };
        let (at, listing, whole) = match onward {
            Some((at, listing)) => (at, listing, true),
            None => self.listed(head)?,
        };
        let seen = Seen { stamp, head: head.to_owned(), at, listing };
        if whole {
            let written = image::write(keep, NEWEST, &seen);
            tracing::debug!(file = %keep.display(), good = written.is_ok(), "the newest commit was kept");
        }
        Ok(Newest { at, files: seen.listing.files })
    }

    /// Returns when a commit was made, what is in it, and whether all of that is here.
    fn listed(&self, head: &str) -> Result<(i64, Listing, bool), VcsError> {
        let (commit, listed) = thread::scope(|scope| {
            let commit = scope.spawn(|| self.object(head, u64::MAX));
            let listed = self.git.ask(&[b"ls-tree", b"-r", b"-t", b"-z", b"-l", b"--full-tree", head.as_bytes()]);
            (commit.join(), listed)
        });
        let commit = commit.unwrap_or(Ok(None))?.unwrap_or_default();
        let answer = listed?;
        if !answer.good {
            return Err(VcsError::refused(answer.err));
        }
        let mut listing = Listing::default();
        listing.folders.extend(tree(&commit).map(|tree| (Box::default(), tree)));
        let mut whole = !listing.folders.is_empty();
        for piece in answer.out.split(|byte| *byte == 0) {
            let Some(tab) = piece.iter().position(|byte| *byte == b'\t') else { continue };
            let words: Vec<&str> = std::str::from_utf8(&piece[..tab]).unwrap_or_default().split_ascii_whitespace().collect();
            let ([mode, _, id, size], path) = (&words[..], &piece[tab + 1..]) else { continue };
            let Some(kind) = kind(mode.as_bytes()) else {
                listing.folders.push(([path, b"/"].concat().into(), (*id).to_owned()));
                continue;
            };
            let size = size.parse();
            whole &= size.is_ok() || kind == FileKind::Submodule;
            listing.files.push(Present { path: path.into(), kind, blob: (*id).to_owned(), size: size.unwrap_or(0) });
        }
        Ok((committed(&commit).unwrap_or(0), listing, whole))
    }

    /// Returns when a commit was made and what is in it, by what was in another one; `None` where they differ in much, or not all is here.
    fn onward(&self, head: &str, then: &Listing) -> Result<Option<(i64, Listing)>, VcsError> {
        let Some(commit) = self.object(head, u64::MAX)? else { return Ok(None) };
        let (Some(at), Some(tree)) = (committed(&commit), tree(&commit)) else { return Ok(None) };
        let mut step = Step { repository: self, then, now: Listing::default(), left: MOST };
        Ok(step.folder(b"", tree)?.map(|()| (at, step.now)))
    }
}

/// A step from one commit to another.
struct Step<'a> {
    repository: &'a Repository,
    then: &'a Listing,
    now: Listing,
    /// How much may still be asked for.
    left: usize,
}

impl Step<'_> {
    /// Lists a folder; `None` where that is too much.
    fn folder(&mut self, path: &[u8], id: String) -> Result<Option<()>, VcsError> {
        let then = self.then;
        let known = then.folders.binary_search_by(|folder| (*folder.0).cmp(path)).is_ok_and(|at| then.folders[at].1 == id);
        if known {
            self.now.folders.extend_from_slice(below(&then.folders, path, |folder| &folder.0));
            self.now.files.extend_from_slice(below(&then.files, path, |file| &file.path));
            return Ok(Some(()));
        }
        let Some(text) = self.ask(|repository| repository.object(&id, u64::MAX))? else { return Ok(None) };
        let width = id.len() / 2;
        self.now.folders.push((path.into(), id));
        let mut rest = &text[..];
        while !rest.is_empty() {
            let parted = || {
                let (blank, end) = (memchr::memchr(b' ', rest)?, memchr::memchr(0, rest)?);
                Some((&rest[..blank], rest.get(blank + 1..end)?, rest.get(end + 1..end + 1 + width)?, &rest[end + 1 + width..]))
            };
            let Some((mode, name, id, behind)) = parted() else { return Ok(None) };
            rest = behind;
            let (path, id) = ([path, name].concat(), hex(id));
            let entered = match kind(mode) {
                None => self.folder(&[&path, &b"/"[..]].concat(), id)?,
                Some(kind) => self.file(path, kind, id)?,
            };
            if entered.is_none() {
                return Ok(None);
            }
        }
        Ok(Some(()))
    }

    fn file(&mut self, path: Vec<u8>, kind: FileKind, blob: String) -> Result<Option<()>, VcsError> {
        let then = self.then;
        let known = then.files.binary_search_by(|file| (*file.path).cmp(&path)).ok().map(|at| &then.files[at]);
        let size = match known.filter(|known| known.kind == kind && known.blob == blob) {
            Some(known) => Some(known.size),
            None if kind == FileKind::Submodule => Some(0),
            None => self.ask(|repository| repository.size(&blob))?,
        };
        Ok(size.map(|size| self.now.files.push(Present { path: path.into(), kind, blob, size })))
    }

    fn ask<T>(&mut self, what: impl FnOnce(&Repository) -> Result<Option<T>, VcsError>) -> Result<Option<T>, VcsError> {
        let Some(left) = self.left.checked_sub(1) else { return Ok(None) };
        self.left = left;
        what(self.repository)
    }
}

/// Returns what stands in a folder, of a list that is sorted by path.
fn below<'a, T>(list: &'a [T], folder: &[u8], path: impl Fn(&T) -> &[u8]) -> &'a [T] {
    let start = list.partition_point(|one| path(one) < folder);
    let count = list[start..].partition_point(|one| path(one).starts_with(folder));
    &list[start..start + count]
}

/// Returns what an entry of a tree is, by its mode; `None` for a folder.
fn kind(mode: &[u8]) -> Option<FileKind> {
    match mode {
        b"40000" | b"040000" => None,
        b"120000" => Some(FileKind::Link),
        b"160000" => Some(FileKind::Submodule),
        _ => Some(FileKind::File),
    }
}

/// Returns when a commit was made, in seconds since 1970, from its own text.
fn committed(commit: &[u8]) -> Option<i64> {
    let line = header(commit, b"committer ")?;
    line.rsplit(|byte| *byte == b' ').nth(1).map(date)
}

/// Returns the id of a commit's folder, from its own text.
fn tree(commit: &[u8]) -> Option<String> {
    header(commit, b"tree ").map(|id| String::from_utf8_lossy(id).into_owned())
}

fn header<'a>(commit: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    commit.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()).find_map(|line| line.strip_prefix(name))
}

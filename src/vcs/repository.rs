//! A repository as it stands: its folder, its newest commit, and the files of that commit.

use std::io::{BufRead, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::VcsError;
use super::git::Git;
use crate::base::{Digest, FileKind, RelPath};

/// A repository.
#[derive(Clone, Debug)]
pub struct Repository {
    pub(super) git: Git,
    top: PathBuf,
    prefix: RelPath,
    common: PathBuf,
    head: Option<Newest>,
    shallow: bool,
    /// What is known of paths from asking.
    attributes: Arc<Mutex<FxHashMap<Box<[u8]>, Attributes>>>,
}

/// The commit that is checked out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Newest {
    /// Its id, in hexadecimal digits.
    pub id: String,
    /// When it was committed, in seconds since 1970.
    pub at: i64,
}

/// A file of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
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

/// What `.gitattributes` say of a path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Attributes {
    /// `linguist-generated`.
    pub generated: bool,
    /// A digest of what `diff` is set to, 0 where it is not.
    pub(super) diff: u64,
}

impl Repository {
    /// Finds the repository that a folder stands in.
    ///
    /// # Errors
    /// When git or the folder is not there, the folder stands in no repository, or git does not trust it.
    pub fn open(folder: &Path) -> Result<Repository, VcsError> {
        if !folder.is_dir() {
            return Err(VcsError::NoFolder(folder.to_path_buf()));
        }
        let git = Git::new(folder);
        let answer = git.ask(&[b"rev-parse", b"--absolute-git-dir"])?;
        if !answer.good {
            let none = answer.err.contains("not a git repository");
            return Err(if none { VcsError::NoRepository(folder.to_path_buf()) } else { VcsError::refused(answer.err) });
        }
        let path = |bytes: &[u8]| PathBuf::from(std::ffi::OsStr::from_bytes(bytes));
        let own = path(answer.out.strip_suffix(b"\n").unwrap_or(&answer.out));
        let top = git.line(&[b"rev-parse", b"--show-toplevel"])?.filter(|top| !top.is_empty()).map(|top| path(&top));
        let prefix = git.line(&[b"rev-parse", b"--show-prefix"])?.unwrap_or_default();
        let common = git.line(&[b"rev-parse", b"--git-common-dir"])?.map_or(own.clone(), |common| folder.join(path(&common)));
        let top = top.unwrap_or(own);
        let git = Git::new(&top);
        let head = match git.line(&[b"rev-parse", b"--verify", b"--quiet", b"HEAD^{commit}"])? {
            None => None,
            Some(id) => {
                let at = git.line(&[b"log", b"-1", b"--no-show-signature", b"--format=%ct", b"HEAD"])?.unwrap_or_default();
                let at = std::str::from_utf8(&at).ok().and_then(|at| at.trim().parse().ok()).unwrap_or(0);
                Some(Newest { id: String::from_utf8_lossy(&id).into_owned(), at })
            }
        };
        let shallow = common.join("shallow").exists();
        let prefix = RelPath::parse(prefix).unwrap_or_default();
        Ok(Repository { git, top, prefix, common, head, shallow, attributes: Arc::default() })
    }

    /// Returns the folder of the work tree; of a bare repository, the repository's own.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Returns the commit that is checked out; `None` before the first.
    pub fn head(&self) -> Option<&Newest> {
        self.head.as_ref()
    }

    /// Whether older commits were left out when it was cloned.
    pub fn shallow(&self) -> bool {
        self.shallow
    }

    /// Whether a mail map stands in the work tree.
    pub fn mailmap(&self) -> bool {
        self.top.join(".mailmap").is_file()
    }

    /// Returns a path that was typed in the folder the repository was opened from as one from the repository's folder.
    ///
    /// # Errors
    /// When it leads out.
    pub fn scope(&self, typed: &Path) -> Result<RelPath, VcsError> {
        let outside = || VcsError::Outside(typed.display().to_string(), self.top.clone());
        let bytes = typed.as_os_str().as_bytes();
        if !typed.is_absolute() {
            return RelPath::parse_in(&self.prefix, bytes).map_err(|_| outside());
        }
        let real = typed.canonicalize().unwrap_or_else(|_| typed.to_path_buf());
        let below = real.strip_prefix(&self.top).or_else(|_| typed.strip_prefix(&self.top)).map_err(|_| outside())?;
        RelPath::parse(below.as_os_str().as_bytes()).map_err(|_| outside())
    }

    /// Whether any commit ever touched a path, under the name it had then.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn knows(&self, path: &RelPath) -> Result<bool, VcsError> {
        if self.head.is_none() {
            return Ok(false);
        }
        let path = path.as_path().as_os_str().as_bytes();
        let answer = self.git.ask(&[b"log", b"-1", b"--full-history", b"--no-show-signature", b"--format=%H", b"HEAD", b"--", path])?;
        if answer.good { Ok(!answer.out.is_empty()) } else { Err(VcsError::refused(answer.err)) }
    }

    /// Returns the files of the newest commit, by path.
    ///
    /// # Errors
    /// When git cannot read them.
    pub fn present(&self) -> Result<Vec<Present>, VcsError> {
        if self.head.is_none() {
            return Ok(Vec::new());
        }
        let answer = self.git.ask(&[b"ls-tree", b"-r", b"-z", b"-l", b"--full-tree", b"HEAD"])?;
        if !answer.good {
            return Err(VcsError::refused(answer.err));
        }
        let file = |piece: &[u8]| {
            let tab = piece.iter().position(|byte| *byte == b'\t')?;
            let mut words = std::str::from_utf8(&piece[..tab]).ok()?.split_ascii_whitespace();
            let (mode, _, blob, size) = (words.next()?, words.next()?, words.next()?, words.next()?);
            let kind = match mode {
                "120000" => FileKind::Link,
                "160000" => FileKind::Submodule,
                _ => FileKind::File,
            };
            Some(Present { path: piece[tab + 1..].into(), kind, blob: blob.to_owned(), size: size.parse().unwrap_or(0) })
        };
        Ok(answer.out.split(|byte| *byte == 0).filter_map(file).collect())
    }

    /// Reads texts by the ids of their blobs, in that order; one that is not there or has more than `limit` bytes is none.
    ///
    /// # Errors
    /// When git cannot read them.
    pub fn texts(&self, blobs: &[&str], limit: u64, mut each: impl FnMut(usize, Option<&[u8]>)) -> Result<(), VcsError> {
        if blobs.is_empty() {
            return Ok(());
        }
        let input = blobs.iter().map(|blob| format!("{blob}\n")).collect::<String>().into_bytes();
        let mut stream = self.git.stream(&[b"cat-file", b"--batch"], Some(input))?;
        let (mut line, mut text) = (Vec::new(), Vec::new());
        for index in 0..blobs.len() {
            line.clear();
            if stream.out.read_until(b'\n', &mut line)? == 0 {
                break;
            }
            let words = String::from_utf8_lossy(&line).into_owned();
            let Some(size) = words.split_ascii_whitespace().nth(2).and_then(|size| size.parse::<u64>().ok()) else {
                each(index, None);
                continue;
            };
            let mut rest = stream.out.by_ref().take(size + 1);
            if size > limit {
                std::io::copy(&mut rest, &mut std::io::sink())?;
                each(index, None);
                continue;
            }
            text.clear();
            rest.read_to_end(&mut text)?;
            text.pop();
            each(index, Some(&text));
        }
        stream.end()
    }

    /// Returns what `.gitattributes` say of paths, in their order. Each path is asked for once.
    ///
    /// # Errors
    /// When git cannot say.
    pub fn attributes<'a>(&self, paths: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Attributes>, VcsError> {
        let paths: Vec<&[u8]> = paths.collect();
        let mut known = self.attributes.lock().unwrap_or_else(PoisonError::into_inner);
        let new: Vec<&[u8]> = paths.iter().copied().filter(|path| !known.contains_key(*path)).collect();
        let found = self.ask_attributes(new.iter().copied())?;
        known.extend(new.into_iter().map(Box::from).zip(found));
        Ok(paths.into_iter().map(|path| known.get(path).copied().unwrap_or_default()).collect())
    }

    fn ask_attributes<'a>(&self, paths: impl Iterator<Item = &'a [u8]>) -> Result<Vec<Attributes>, VcsError> {
        let (mut input, mut count) = (Vec::new(), 0);
        for path in paths {
            input.extend_from_slice(path);
            input.push(0);
            count += 1;
        }
        let mut found = Vec::with_capacity(count);
        if count == 0 {
            return Ok(found);
        }
        let mut stream = self.git.stream(&[b"check-attr", b"--stdin", b"-z", b"linguist-generated", b"diff"], Some(input))?;
        let mut piece = Vec::new();
        for _ in 0..count {
            let mut attributes = Attributes::default();
            for which in 0..2 {
                for _ in 0..3 {
                    piece.clear();
                    if stream.out.read_until(0, &mut piece)? == 0 {
                        return Err(stream.end().err().unwrap_or_else(|| VcsError::Strange(String::from("attributes are missing"))));
                    }
                }
                match (which, &piece[..piece.len() - 1]) {
                    (0, value) => attributes.generated = matches!(value, b"set" | b"true"),
                    (_, b"unspecified") => {}
                    (_, value) => attributes.diff = u64::from_le_bytes(Digest::of(value).hash[..8].try_into().unwrap_or([1; 8])) | 1,
                }
            }
            found.push(attributes);
        }
        stream.end()?;
        Ok(found)
    }

    /// Returns a digest of all that a commit's changes depend on beside the commit: git itself, its settings, grafts and boundaries; and
    /// one of what the names of authors depend on, where that is the mail map of the work tree alone.
    pub(super) fn stamp(&self, renames: bool) -> Result<([u8; 32], Option<[u8; 32]>), VcsError> {
        let mut all = format!("{renames}\n").into_bytes();
        let calls: [&[&[u8]]; 3] = [
            &[b"version"],
            &[b"config", b"-z", b"--get-regexp", b"^(diff|submodule|core[.]attributesfile|core[.]bigfilethreshold|extensions|mailmap)"],
            &[b"for-each-ref", b"--format=%(refname) %(objectname)", b"refs/replace"],
        ];
        let mut elsewhere = !self.top.join(".git").exists();
        for call in calls {
            let out = self.git.ask(call)?.out;
            elsewhere |= out.split(|byte| *byte == 0).any(|setting| setting.starts_with(b"mailmap."));
            all.extend(out);
            all.push(0);
        }
        for file in [self.common.join("shallow"), self.common.join("info/grafts"), self.top.join(".gitmodules")] {
            all.extend(std::fs::read(file).unwrap_or_default());
            all.push(0);
        }
        let people = std::fs::read(self.top.join(".mailmap")).unwrap_or_default();
        Ok((Digest::of(&all).hash, (!elsewhere).then(|| Digest::of(&people).hash)))
    }
}

//! Reads a history, newest commit first, without holding it.

use std::path::Path;
use std::thread;

use rustc_hash::FxHashMap;

use super::kept::Kept;
use super::lanes::Work;
use super::pairs::{PathTexts, pairs_of};
use super::parse::{FORMAT, Head, ID_ALONE, Raw, Reader, bytes_of, hex};
use super::walk::Walk;
use super::{Repository, VcsError};
use crate::base::{AuthorId, Change, Commit, Paths, RelPath};

/// How alike a file has to be to one that went, in percent, to be the same file under another name.
pub const SIMILARITY: u32 = 50;

/// How many files of one commit are compared with each other at most to find renames; above, only those with the same text are found.
pub const RENAME_LIMIT: u32 = 1000;

/// So many new commits are asked for together with what they changed; where there are more, that is counted in several lanes.
const FEW: usize = 256;

/// Which part of the history is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// A folder or file, from the repository's folder. Without renames, only commits that touch it come; with renames all come, since
    /// what is in it now may have been elsewhere. `None` is all, without git's simplification of histories by paths.
    pub scope: Option<RelPath>,
    /// Nothing committed before, in seconds since 1970; also where a commit behind a newer one has an older date than it should.
    pub since: Option<i64>,
    /// Whether files are followed through renames.
    pub renames: bool,
}

impl Wanted {
    /// Whether all commits are gone through.
    fn is_whole(&self) -> bool {
        self.renames || self.scope.is_none()
    }
}

/// What was read, beside the commits.
#[derive(Debug, Default)]
pub struct Told {
    /// The paths that changes speak of.
    pub paths: Paths,
    /// The names of the authors, behind the mail map; the address of one without a name.
    pub authors: Paths,
    /// How many commits there were.
    pub commits: u64,
    /// How many of them were known from before.
    pub known: u64,
    /// How many were read while it was asked which ones there are.
    fresh: u64,
    /// A digest of all that changes depend on beside commits; zeros where nothing is kept.
    pub stamp: [u8; 32],
    /// The texts that commits changed, where git told them along.
    pub texts: FxHashMap<Box<[u8]>, Vec<PathTexts>>,
}

/// A history of which it is known which commits are in it.
pub struct History<'r> {
    repository: &'r Repository,
    wanted: &'r Wanted,
    told: Told,
    kept: Kept,
    heads: Vec<Head>,
}

impl History<'_> {
    /// Hands each commit that is no merge to `each`, newest first; has the changes counted of those that are not known yet.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn read(self, mut each: impl FnMut(&Commit<'_>, &Paths)) -> Result<Told, VcsError> {
        let History { repository, wanted, mut told, mut kept, mut heads } = self;
        heads.retain(|head| wanted.since.is_none_or(|since| head.at >= since));
        let unknown: Vec<&[u8]> = heads.iter().map(|head| &*head.id).filter(|id| kept.find(id).is_none()).collect();
        let mut words = changes_of(wanted.renames, true);
        // What is kept has to be whole.
        if let Some(scope) = wanted.scope.as_ref().filter(|_| !wanted.renames && !kept.keeps()) {
            words.extend([b"--"[..].into(), scope.as_path().as_os_str().as_encoded_bytes().into()]);
        }
        let mut waiting = heads.iter();
        let missing = |head: &Head| VcsError::Strange(format!("nothing of what commit {} changed", hex(&head.id)));
        let work = Work::new(&repository.git, &words, &unknown);
        thread::scope(|scope| {
            let mut lanes = work.start(scope);
            while let Some(mut slice) = lanes.next()? {
                slice.rename(&mut told.paths);
                for (id, changes) in slice.commits() {
                    for head in waiting.by_ref() {
                        let new = head.id == *id;
                        let changes = if new { changes } else { kept.find(&head.id).ok_or_else(|| missing(head))? };
                        each(&Commit { id: &head.id, author: AuthorId(head.author), at: head.at, changes }, &told.paths);
                        told.commits += 1;
                        if new {
                            break;
                        }
                        told.known += 1;
                    }
                    kept.add(id, changes);
                }
            }
            for head in waiting {
                let changes = kept.find(&head.id).ok_or_else(|| missing(head))?;
                each(&Commit { id: &head.id, author: AuthorId(head.author), at: head.at, changes }, &told.paths);
                told.commits += 1;
                told.known += 1;
            }
            Ok::<(), VcsError>(())
        })?;
        told.known = told.known.saturating_sub(told.fresh);
        kept.save(repository, &told.paths, (wanted.is_whole() && wanted.since.is_none()).then_some(told.commits))?;
        Ok(told)
    }
}

impl Repository {
    /// Asks which commits there are. `keep` names a file where what is read is kept for the next time; it is only ever written as a whole.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn history<'r>(&'r self, wanted: &'r Wanted, keep: Option<&Path>) -> Result<History<'r>, VcsError> {
        let mut told = Told::default();
        let mut kept = match keep.filter(|_| self.head().is_some()) {
            Some(file) => Kept::open(file, self, wanted.renames, &mut told.paths)?,
            None => Kept::nowhere(),
        };
        told.stamp = kept.stamp();
        let heads = match self.head() {
            None => Vec::new(),
            Some(_) if wanted.is_whole() => self.walked(wanted.renames, &mut told, &mut kept)?,
            Some(_) => self.heads(&log(wanted), &mut told)?,
        };
        Ok(History { repository: self, wanted, told, kept, heads })
    }

    /// Returns all commits that there are, newest first. Where a walk is kept, git is asked only for those that were not part of it.
    fn walked(&self, renames: bool, told: &mut Told, kept: &mut Kept) -> Result<Vec<Head>, VcsError> {
        let tip = self.head().and_then(|head| bytes_of(head.as_bytes())).unwrap_or_default();
        let known = kept.take_walk(&mut told.authors).unwrap_or_default();
        let same = known.tip() == Some(&*tip);
        let walk = match known.tip() {
            _ if same => Some(known),
            Some(then) => {
                let range = [b"HEAD"[..].into(), format!("^{}", hex(then)).into_bytes().into()];
                // A commit that is gone altogether cannot be asked for.
                self.in_range(&range, renames, told, kept).ok().and_then(|new| known.onward(&tip, &new))
            }
            None => None,
        };
        let walk = match walk {
            Some(walk) => Some(walk),
            None => Walk::default().onward(&tip, &self.heads(&[plain(), vec![FORMAT.into(), b"HEAD"[..].into()]].concat(), told)?),
        };
        let walk = walk.ok_or_else(|| VcsError::Strange(String::from("nothing of a commit's parents")))?;
        let commits = walk.heads();
        kept.keep_walk(walk, &told.authors, !same);
        Ok(commits)
    }

    /// Returns the commits of a range. Where they are few, what they changed is kept.
    fn in_range(&self, range: &[Box<[u8]>], renames: bool, told: &mut Told, kept: &mut Kept) -> Result<Vec<Head>, VcsError> {
        match self.few(range, renames, told, kept)? {
            Some(new) => Ok(new),
            None => self.heads(&[&plain()[..], &[FORMAT.into()], range].concat(), told),
        }
    }

    /// Returns the commits of a range and keeps what they changed; `None` where they are not few.
    fn few(&self, range: &[Box<[u8]>], renames: bool, told: &mut Told, kept: &mut Kept) -> Result<Option<Vec<Head>>, VcsError> {
        let most = format!("--max-count={}", FEW + 1).into_bytes();
        let words = [compare(renames, true), vec![b"--diff-merges=off"[..].into(), FORMAT.into(), most.into()], range.to_vec()].concat();
        let mut texts = FxHashMap::default();
        let heads = self.each_head(&words, told, |head, changes, raw, paths| {
            if head.parents.len() < 2 && kept.find(&head.id).is_none() {
                kept.add(&head.id, changes);
                texts.insert(head.id.clone(), pairs_of(raw, paths).collect());
            }
        });
        told.fresh += texts.len() as u64;
        told.texts.extend(texts);
        let heads = heads?;
        Ok(Some(heads).filter(|heads| heads.len() <= FEW))
    }

    /// Returns the commits that git tells of, in its order.
    fn heads(&self, words: &[Box<[u8]>], told: &mut Told) -> Result<Vec<Head>, VcsError> {
        self.each_head(words, told, |_, _, _, _| {})
    }

    fn each_head(
        &self,
        words: &[Box<[u8]>],
        told: &mut Told,
        mut each: impl FnMut(&Head, &[Change], &[Raw], &Paths),
    ) -> Result<Vec<Head>, VcsError> {
        let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
        let mut stream = self.git.stream(&words, None)?;
        let mut reader = Reader::with_texts(&mut stream.out);
        let (mut heads, mut changes) = (Vec::new(), Vec::new());
        let result = loop {
            match reader.next(&mut told.paths, &mut told.authors, &mut changes) {
                Ok(None) => break Ok(()),
                Ok(Some(head)) => {
                    each(&head, &changes, reader.raw_changes(), &told.paths);
                    heads.push(head);
                }
                Err(error) => break Err(error),
            }
        };
        stream.ended(result).map(|()| heads)
    }
}

/// Returns `git log` with what makes its text the same everywhere, without programs and colours.
fn plain() -> Vec<Box<[u8]>> {
    let words = ["log", "-z", "--no-color", "--no-show-signature", "--no-notes", "--no-decorate", "--no-follow", "--encoding=UTF-8"];
    words.iter().map(|word| word.as_bytes().into()).collect()
}

/// Returns [`plain`] with changes, with their lines or without.
fn compare(renames: bool, lines: bool) -> Vec<Box<[u8]>> {
    let mut words = plain();
    words.extend(lines.then(|| b"--numstat"[..].into()));
    words.extend(["--raw", "--no-abbrev", "--no-ext-diff", "--no-textconv"].map(|word| word.as_bytes().into()));
    match renames {
        true => words.extend([format!("-M{SIMILARITY}%"), format!("-l{RENAME_LIMIT}")].map(|word| word.into_bytes().into())),
        false => words.push(b"--no-renames"[..].into()),
    }
    words
}

/// Returns [`compare`] for the commits whose ids come as input, in their order.
pub(super) fn changes_of(renames: bool, lines: bool) -> Vec<Box<[u8]>> {
    let mut words = compare(renames, lines);
    words.splice(1..1, [&b"--no-walk=unsorted"[..], b"--stdin", ID_ALONE].map(Into::into));
    words
}

/// Returns a walk through what is wanted, without changes.
fn log(wanted: &Wanted) -> Vec<Box<[u8]>> {
    let mut words = plain();
    words.extend([FORMAT.into(), b"--no-merges"[..].into()]);
    words.push(b"HEAD"[..].into());
    words.push(b"--"[..].into());
    if let Some(scope) = wanted.scope.as_ref().filter(|_| !wanted.renames) {
        words.push(scope.as_path().as_os_str().as_encoded_bytes().into());
    }
    words
}

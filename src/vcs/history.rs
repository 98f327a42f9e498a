//! Reads a history, newest commit first, without holding it.

use std::path::Path;

use super::kept::Kept;
use super::parse::{FORMAT, Head, Reader, hex};
use super::{Repository, VcsError};
use crate::base::{AuthorId, Commit, Paths, RelPath};

/// How alike a file has to be to one that went, in percent, to be the same file under another name.
pub const SIMILARITY: u32 = 50;

/// How many files of one commit are compared with each other at most to find renames; above, only those with the same text are found.
pub const RENAME_LIMIT: u32 = 1000;

/// Which part of the history is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Wanted {
    /// A folder or file, from the repository's folder. Without renames, only commits that touch it come; with renames all come, since
    /// what is in it now may have been elsewhere. `None` is all, without git's simplification of histories by paths.
    pub scope: Option<RelPath>,
    /// Nothing committed before, in seconds since 1970.
    pub since: Option<i64>,
    /// Whether files are followed through renames.
    pub renames: bool,
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
    /// A digest of all that changes depend on beside commits; zeros where nothing is kept.
    pub stamp: [u8; 32],
}

impl Repository {
    /// Hands each commit that is no merge to `each`, newest first. `keep` names a file where what was read is kept for the next time;
    /// it is only ever written as a whole.
    ///
    /// # Errors
    /// When git cannot read the history.
    pub fn history(&self, wanted: &Wanted, keep: Option<&Path>, mut each: impl FnMut(&Commit<'_>, &Paths)) -> Result<Told, VcsError> {
        let mut told = Told::default();
        if self.head().is_none() {
            return Ok(told);
        }
        let mut kept = match keep {
            Some(file) => Kept::open(file, self, wanted.renames, &mut told.paths)?,
            None => Kept::nowhere(),
        };
        told.stamp = kept.stamp();
        let whole = wanted.renames || wanted.scope.as_ref().is_none_or(RelPath::is_root);
        if kept.is_empty() && (whole || !kept.keeps()) {
            self.read(wanted, &mut told, &mut kept, &mut each)?;
        } else {
            self.fill(wanted, &mut told, &mut kept, &mut each)?;
        }
        let everything = wanted.since.is_none() && (wanted.renames || wanted.scope.is_none());
        kept.save(self, &told.paths, everything.then_some(told.commits))?;
        Ok(told)
    }

    /// Reads all in one go.
    fn read(&self, wanted: &Wanted, told: &mut Told, kept: &mut Kept, each: &mut impl FnMut(&Commit<'_>, &Paths)) -> Result<(), VcsError> {
        self.commits(&log(wanted, true), None, told, |head, changes, told| {
            kept.add(&head.id, changes);
            each(&Commit { id: &head.id, author: AuthorId(head.author), at: head.at, changes }, &told.paths);
            told.commits += 1;
            Ok(())
        })
    }

    /// Asks which commits there are, and reads the changes of those that are not known yet.
    fn fill(&self, wanted: &Wanted, told: &mut Told, kept: &mut Kept, each: &mut impl FnMut(&Commit<'_>, &Paths)) -> Result<(), VcsError> {
        let mut heads: Vec<Head> = Vec::new();
        self.commits(&log(wanted, false), None, told, |head, _, _| {
            heads.push(head);
            Ok(())
        })?;
        let unknown: String = heads.iter().filter(|head| kept.find(&head.id).is_none()).map(|head| hex(&head.id) + "\n").collect();
        let mut waiting = heads.iter();
        let mut pass = |to: Option<&Head>, kept: &Kept, told: &mut Told| {
            for head in waiting.by_ref() {
                if let Some(changes) = kept.find(&head.id) {
                    each(&Commit { id: &head.id, author: AuthorId(head.author), at: head.at, changes }, &told.paths);
                    told.commits += 1;
                    told.known += u64::from(to.is_none_or(|to| to.id != head.id));
                }
                if to.is_some_and(|to| to.id == head.id) {
                    break;
                }
            }
        };
        if !unknown.is_empty() {
            let words = changes_of(wanted.renames, true);
            self.commits(&words, Some(unknown.into_bytes()), told, |head, changes, told| {
                kept.add(&head.id, changes);
                pass(Some(&head), kept, told);
                Ok(())
            })?;
        }
        pass(None, kept, told);
        if told.commits < heads.len() as u64 {
            return Err(VcsError::Strange(format!("the changes of {} of {} commits", told.commits, heads.len())));
        }
        Ok(())
    }

    fn commits(
        &self,
        words: &[Box<[u8]>],
        input: Option<Vec<u8>>,
        told: &mut Told,
        mut each: impl FnMut(Head, &[crate::base::Change], &mut Told) -> Result<(), VcsError>,
    ) -> Result<(), VcsError> {
        let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
        let mut stream = self.git.stream(&words, input)?;
        let mut reader = Reader::new(&mut stream.out);
        let mut changes = Vec::new();
        let result = loop {
            match reader.next(&mut told.paths, &mut told.authors, &mut changes) {
                Ok(None) => break Ok(()),
                Ok(Some(head)) => {
                    if let Err(error) = each(head, &changes, told) {
                        break Err(error);
                    }
                }
                Err(error) => break Err(error),
            }
        };
        match result {
            // Git that failed in the middle of a line says better than its output does what is wrong.
            Err(VcsError::Strange(text)) => stream.end().and(Err(VcsError::Strange(text))),
            Err(error) => {
                stream.give_up();
                Err(error)
            }
            Ok(()) => stream.end(),
        }
    }
}

/// Returns `git log` with what makes each commit one piece of text that names no program and no colour.
fn plain() -> Vec<Box<[u8]>> {
    let words =
        ["log", "-z", "--no-color", "--no-show-signature", "--no-notes", "--no-decorate", "--no-follow", "--no-merges", "--encoding=UTF-8"];
    words.iter().map(|word| word.as_bytes().into()).chain([FORMAT.into()]).collect()
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
    words.splice(1..1, [&b"--no-walk=unsorted"[..], b"--stdin"].map(Into::into));
    words
}

/// Returns a walk through what is wanted, with changes or without.
fn log(wanted: &Wanted, changes: bool) -> Vec<Box<[u8]>> {
    let mut words = if changes { compare(wanted.renames, true) } else { plain() };
    words.extend(wanted.since.map(|since| format!("--max-age={since}").into_bytes().into()));
    words.push(b"HEAD"[..].into());
    words.push(b"--"[..].into());
    if let Some(scope) = wanted.scope.as_ref().filter(|_| !wanted.renames) {
        words.push(scope.as_path().as_os_str().as_encoded_bytes().into());
    }
    words
}

//! Reads what `git log -z --raw --numstat` prints, a commit at a time.
//!
//! The text is a row of pieces, each ended by a NUL. Which piece is a name is known from the one before it, so that no name, however it
//! is written, can be taken for something else.

use std::io::BufRead;

use super::VcsError;
use crate::base::{Change, FileKind, PathId, Paths, Status};

/// What git is told to print of each commit: its id, its author behind the mail map, when it was committed and its parents.
pub(super) const FORMAT: &[u8] = b"--format=@%H%x00%aN%x00%aE%x00%ct %P";

/// The same shape with the id alone: who made a commit is not looked up twice.
pub(super) const ID_ALONE: &[u8] = b"--format=@%H%x00-%x00-%x000";

/// The last second of the year 9999, wherever one is.
const LATEST: i64 = 253_402_207_200;

/// What stands before the changes of a commit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Head {
    /// The id, in bytes.
    pub(super) id: Id,
    pub(super) author: u32,
    pub(super) at: i64,
    /// The ids of the parents.
    pub(super) parents: Vec<Id>,
}

/// The id of a commit: 20 bytes of SHA-1, or 32 of SHA-256.
pub(super) type Id = Box<[u8]>;

/// A reader of commits.
pub(super) struct Reader<R> {
    input: R,
    piece: Vec<u8>,
    /// Whether `piece` was read and not yet used.
    ahead: bool,
    raw: Vec<Raw>,
    /// Whether the ids of texts are wanted.
    texts: bool,
}

/// What stands in a line of `--raw`.
pub(super) struct Raw {
    pub(super) status: Status,
    pub(super) kind: FileKind,
    pub(super) from: Option<PathId>,
    pub(super) path: PathId,
    /// The ids of the texts before and behind, of regular files, where they are wanted.
    pub(super) texts: [Option<Id>; 2],
}

impl<R: BufRead> Reader<R> {
    pub(super) fn new(input: R) -> Reader<R> {
        Reader { input, piece: Vec::new(), ahead: false, raw: Vec::new(), texts: false }
    }

    /// A reader that reads the ids of texts, too.
    pub(super) fn with_texts(input: R) -> Reader<R> {
        Reader { texts: true, ..Reader::new(input) }
    }

    /// Returns what `--raw` says of the commit that was read last.
    pub(super) fn raw_changes(&self) -> &[Raw] {
        &self.raw
    }

    /// Reads the next commit, its changes into `changes`; `None` at the end.
    pub(super) fn next(&mut self, paths: &mut Paths, authors: &mut Paths, changes: &mut Vec<Change>) -> Result<Option<Head>, VcsError> {
        changes.clear();
        self.raw.clear();
        if !self.piece()? {
            return Ok(None);
        }
        let id = self.piece.strip_prefix(b"@").and_then(bytes_of).ok_or_else(|| strange(&self.piece))?;
        self.name()?;
        let author = std::mem::take(&mut self.piece);
        self.name()?;
        let author = authors.id(if author.is_empty() { &self.piece } else { &author });
        self.name()?;
        let mut words = self.piece.split(|byte| *byte == b' ');
        let at = words.next().map(date).ok_or_else(|| strange(&self.piece))?;
        let parents =
            words.filter(|word| !word.is_empty()).map(bytes_of).collect::<Option<Vec<Id>>>().ok_or_else(|| strange(&self.piece))?;
        let mut seen = 0;
        while self.piece()? {
            match self.piece.first() {
                Some(b'@') => {
                    self.ahead = true;
                    break;
                }
                Some(b':') => self.raw(paths)?,
                _ => {
                    let change = self.counted(paths, &mut seen)?;
                    changes.push(change);
                }
            }
        }
        Ok(Some(Head { id, author, at, parents }))
    }

    /// Reads `:100644 100755 OLD NEW M` and the paths behind it.
    fn raw(&mut self, paths: &mut Paths) -> Result<(), VcsError> {
        let words: Vec<&[u8]> = self.piece.split(|byte| *byte == b' ').collect();
        let [old, new, old_text, new_text, letter] = words[..] else { return Err(strange(&self.piece)) };
        let status = match letter.first() {
            Some(b'A' | b'C') => Status::Added,
            Some(b'D') => Status::Deleted,
            Some(b'R') => Status::Renamed,
            _ => Status::Changed,
        };
        let copied = letter.first() == Some(&b'C');
        let text = |mode: &[u8], id: &[u8]| bytes_of(id).filter(|id| mode.starts_with(b"100") && id.iter().any(|byte| *byte != 0));
        let texts = if self.texts { [text(&old[1..], old_text), text(new, new_text)] } else { [None, None] };
        let kind = match if status == Status::Deleted { &old[1..] } else { new } {
            b"120000" => FileKind::Link,
            b"160000" => FileKind::Submodule,
            _ => FileKind::File,
        };
        let first = self.path(paths)?;
        let second = if status == Status::Renamed || copied { Some(self.path(paths)?) } else { None };
        let from = second.filter(|_| !copied).map(|_| first);
        self.raw.push(Raw { status, kind, from, path: second.unwrap_or(first), texts });
        Ok(())
    }

    /// Reads `3\t1\tpath`, or `3\t1\t` and two paths behind it. `seen` counts the raw entries that were passed: both come in one order.
    fn counted(&mut self, paths: &mut Paths, seen: &mut usize) -> Result<Change, VcsError> {
        let mut words = self.piece.splitn(3, |byte| *byte == b'\t');
        let (Some(adds), Some(deletes), Some(name)) = (words.next(), words.next(), words.next()) else { return Err(strange(&self.piece)) };
        let lines = match (adds, deletes) {
            (b"-", b"-") => None,
            (adds, deletes) => match (number(adds), number(deletes)) {
                (Some(adds), Some(deletes)) => Some((clamp(adds), clamp(deletes))),
                _ => return Err(strange(&self.piece)),
            },
        };
        let path = if name.is_empty() {
            self.path(paths)?;
            self.path(paths)?
        } else {
            PathId(paths.id(name))
        };
        let found = self.raw[*seen..].iter().position(|raw| raw.path == path);
        *seen += found.map_or(0, |at| at + 1);
        let (status, kind, from) = match found {
            Some(_) => (self.raw[*seen - 1].status, self.raw[*seen - 1].kind, self.raw[*seen - 1].from),
            None => (Status::Changed, FileKind::File, None),
        };
        Ok(Change { path, from, status, kind, lines })
    }

    fn path(&mut self, paths: &mut Paths) -> Result<PathId, VcsError> {
        self.name()?;
        Ok(PathId(paths.id(&self.piece)))
    }

    /// Reads a piece that has to be there and is taken as it is.
    fn name(&mut self) -> Result<(), VcsError> {
        self.piece.clear();
        self.input.read_until(0, &mut self.piece)?;
        if self.piece.pop() == Some(0) { Ok(()) } else { Err(VcsError::Strange(String::from("its output ends in the middle"))) }
    }

    /// Reads the next piece, past empty ones and the end of line before changes; false at the end.
    fn piece(&mut self) -> Result<bool, VcsError> {
        if std::mem::take(&mut self.ahead) {
            return Ok(true);
        }
        loop {
            self.piece.clear();
            if self.input.read_until(0, &mut self.piece)? == 0 {
                return Ok(false);
            }
            if self.piece.last() == Some(&0) {
                self.piece.pop();
            }
            if self.piece.first() == Some(&b'\n') {
                self.piece.remove(0);
            }
            if !self.piece.is_empty() {
                return Ok(true);
            }
        }
    }
}

/// Returns what hexadecimal digits stand for.
pub(super) fn bytes_of(hex: &[u8]) -> Option<Id> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let pairs = hex.chunks(2).map(|pair| match pair {
        [high, low] => Some((digit(*high)? * 16 + digit(*low)?) as u8),
        _ => None,
    });
    pairs.collect::<Option<Id>>().filter(|id| matches!(id.len(), 20 | 32))
}

/// Returns the hexadecimal digits of bytes.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the seconds since 1970 that a date of a commit is. One that is negative or so large that nobody means it is the beginning of 1970,
/// as git shows it; git itself prints nothing or all digits of these.
pub(super) fn date(text: &[u8]) -> i64 {
    number(text).filter(|at| (0..=LATEST).contains(at)).unwrap_or(0)
}

fn number(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

fn clamp(lines: i64) -> u32 {
    u32::try_from(lines).unwrap_or(if lines < 0 { 0 } else { u32::MAX })
}

fn strange(piece: &[u8]) -> VcsError {
    VcsError::Strange(String::from_utf8_lossy(&piece[..piece.len().min(200)]).escape_debug().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "a1040e67370ec36e1c3b315ad17c0f350404b3c6";
    const Z: &str = "0000000000000000000000000000000000000000";

    fn read(text: &str) -> Result<Vec<(Head, Vec<Change>, Paths)>, VcsError> {
        let (mut paths, mut authors, mut changes) = (Paths::default(), Paths::default(), Vec::new());
        let text = text.replace('|', "\0");
        let mut reader = Reader::new(text.as_bytes());
        let mut all = Vec::new();
        while let Some(head) = reader.next(&mut paths, &mut authors, &mut changes)? {
            all.push((head, changes.clone(), paths.clone()));
        }
        Ok(all)
    }

    #[test]
    fn commits_with_and_without_changes() {
        let text = format!(
            "@{A}|Ann|e|17 {A} {A}|@{A}||| {A}|\n:100644 120000 {Z} {A} T|l|:100644 100644 {Z} {A} R100|a|b|1\t2\tl|-\t-\t|a|b|@{A}|Ann|e|9|"
        );
        let all = read(&text).unwrap();
        assert_eq!((all.len(), all[0].0.parents.len(), all[1].0.parents.len()), (3, 2, 1));
        assert_eq!((all[0].0.at, all[0].1.len(), all[1].0.at, all[2].0.author), (17, 0, 0, 0));
        let [link, renamed] = all[1].1[..] else { panic!("{all:?}") };
        assert_eq!((link.status, link.kind, link.lines), (Status::Changed, FileKind::Link, Some((1, 2))));
        assert_eq!((renamed.status, renamed.lines), (Status::Renamed, None));
        assert_eq!(all[1].2.bytes(renamed.from.unwrap().0), b"a");
        assert_eq!(all[1].2.bytes(renamed.path.0), b"b");
    }

    #[test]
    fn names_that_look_like_something_else() {
        let text = format!("@{A}|@{A}|x|1|\n:000000 100644 {Z} {A} A|@{A}|:000000 100644 {Z} {A} A|\n1\t1\tx|1\t0\t@{A}|2\t0\t\n1\t1\tx|");
        let all = read(&text).unwrap();
        assert_eq!(all.len(), 1);
        let names: Vec<&[u8]> = all[0].1.iter().map(|change| all[0].2.bytes(change.path.0)).collect();
        assert_eq!(names, [format!("@{A}").as_bytes(), b"\n1\t1\tx"]);
        assert!(all[0].1.iter().all(|change| change.status == Status::Added));
    }

    #[test]
    fn what_git_never_prints_is_said() {
        for text in ["x", "@12|n|e|1|", &format!("@{A}|n|e|"), &format!("@{A}|n|e|1 x|"), &format!("@{A}|n|e|1|\nhello|")] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn dates_that_nobody_means() {
        let all =
            ["", "-86400", "18446744073709551615", "99999999999999999999", "9223372036854775807", "x"].map(|text| date(text.as_bytes()));
        assert_eq!((all, date(b"17"), date(b"4102444800")), ([0; 6], 17, 4_102_444_800));
    }

    #[test]
    fn ids_and_digits() {
        assert_eq!(hex(&bytes_of(A.as_bytes()).unwrap()), A);
        assert_eq!(bytes_of(b"xy"), None);
    }
}

//! Git's index: which files it tracks, and the stamps under which it last read them.

use super::VcsError;
use super::git::Git;
use crate::base::RelPath;
use crate::disk::Signature;

/// Set aside by the user: not in the work tree, and not missed there.
const SKIPPED: u32 = 1 << 30;
/// Taken for unchanged, whatever the work tree has.
const TRUSTED: u32 = 1 << 15;
/// Announced with `git add -N`: no commit takes it yet.
const INTENDED: u32 = 1 << 29;

/// A file, link or repository as git stores it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// As git writes it: 0o100644, 0o100755, 0o120000 for a link, 0o160000 for a repository.
    pub mode: u32,
    /// Of the blob or commit, in hexadecimal.
    pub id: String,
}

/// A tracked file.
pub(super) struct Tracked {
    pub path: RelPath,
    pub entry: Entry,
    /// Whether it is in conflict: one of several sides of a merge.
    pub contested: bool,
    stamp: Option<Stamp>,
}

/// What git noted of a file; all numbers are cut to 32 bits.
struct Stamp {
    ctime: (u32, u32),
    mtime: (u32, u32),
    inode: u32,
    size: u32,
    flags: u32,
}

impl Entry {
    pub fn is_link(&self) -> bool {
        self.mode == 0o120000
    }

    pub fn is_repository(&self) -> bool {
        self.mode == 0o160000
    }

    pub fn is_executable(&self) -> bool {
        self.mode & 0o100 != 0
    }

    /// Reads `MODE ID`, with one more word in between in a tree's list.
    pub fn parse(words: &[u8]) -> Option<Entry> {
        let words: Vec<&str> = std::str::from_utf8(words).ok()?.split(' ').collect();
        let (mode, id) = match words[..] {
            [mode, "blob" | "commit", id] => (mode, id),
            [mode, id, _stage] => (mode, id),
            _ => return None,
        };
        Some(Entry { mode: u32::from_str_radix(mode, 8).ok()?, id: id.to_owned() })
    }
}

impl Tracked {
    /// Whether it is left out of the work tree on purpose.
    pub fn is_skipped(&self) -> bool {
        self.stamp.as_ref().is_some_and(|stamp| stamp.flags & SKIPPED != 0)
    }

    /// Whether the user has git take it for unchanged.
    pub fn is_trusted(&self) -> bool {
        self.stamp.as_ref().is_some_and(|stamp| stamp.flags & TRUSTED != 0)
    }

    /// Whether it is only announced, and would not be committed.
    pub fn is_intended(&self) -> bool {
        self.stamp.as_ref().is_some_and(|stamp| stamp.flags & INTENDED != 0)
    }

    /// Whether a file with this stamp is certain to be the one that git read: nothing of it has changed, and it was older than the index,
    /// which was written at `written` (nanoseconds since 1970). An empty size is also how git marks what it is not certain of.
    pub fn is_same(&self, now: &Signature, written: i64) -> bool {
        let parts = |time: i64| (time.div_euclid(1_000_000_000) as u32, time.rem_euclid(1_000_000_000) as u32);
        self.stamp.as_ref().is_some_and(|then| {
            then.size != 0
                && then.size == now.size as u32
                && then.mtime == parts(now.mtime)
                && then.ctime == parts(now.ctime)
                && then.inode == now.inode as u32
                && now.mtime < written
        })
    }
}

/// Reads the index below git's folder; paths are relative to it. A path in conflict stands in it several times.
///
/// # Errors
/// When git cannot read it.
pub(super) fn tracked(git: &Git) -> Result<Vec<Tracked>, VcsError> {
    Ok(parse(&git.told(&[b"ls-files", b"--stage", b"--debug", b"-z"])?))
}

fn parse(mut text: &[u8]) -> Vec<Tracked> {
    let mut found = Vec::new();
    while let Some(end) = text.iter().position(|byte| *byte == 0) {
        let line = &text[..end];
        text = &text[end + 1..];
        let mut stamp = Vec::new();
        while text.starts_with(b"  ") {
            let end = text.iter().position(|byte| *byte == b'\n').map_or(text.len(), |at| at + 1);
            stamp.extend_from_slice(&text[..end]);
            text = &text[end..];
        }
        let Some(tab) = line.iter().position(|byte| *byte == b'\t') else { continue };
        let Some(entry) = Entry::parse(&line[..tab]) else { continue };
        let contested = line[..tab].last().is_some_and(|stage| *stage != b'0');
        found.push(Tracked { path: RelPath::from_normal(&line[tab + 1..]), entry, contested, stamp: self::stamp(&stamp) });
    }
    found
}

/// Reads `ctime: 1:2 mtime: 3:4 dev: 5 ino: 6 uid: 7 gid: 8 size: 9 flags: a`; `None` for anything else: the file is then read.
fn stamp(text: &[u8]) -> Option<Stamp> {
    let words: Vec<&str> = std::str::from_utf8(text).ok()?.split_whitespace().collect();
    let word = |name: &str| words.iter().position(|word| *word == name).and_then(|at| words.get(at + 1)).copied();
    let number = |name: &str| word(name)?.parse().ok();
    let time = |name: &str| {
        let (seconds, rest) = word(name)?.split_once(':')?;
        Some((seconds.parse().ok()?, rest.parse().ok()?))
    };
    Some(Stamp {
        ctime: time("ctime:")?,
        mtime: time("mtime:")?,
        inode: number("ino:")?,
        size: number("size:")?,
        flags: u32::from_str_radix(word("flags:")?, 16).ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const STAMP: &str = "  ctime: 5:6\n  mtime: 3:4\n  dev: 65024\tino: 77\n  uid: 0\tgid: 0\n  size: 2\tflags: 40000000\n";

    #[test]
    fn an_index_is_read_byte_by_byte() {
        let text = format!("100644 78ab 0\ta\tb\n \0{STAMP}120000 2e65 0\t  l\0{STAMP}100755 99 2\tx\0  surprise\n");
        let found = parse(text.as_bytes());
        let names: Vec<&[u8]> = found.iter().map(|tracked| tracked.path.as_bytes()).collect();
        assert_eq!(names, [&b"a\tb\n "[..], b"  l", b"x"]);
        assert!(found[1].entry.is_link() && found[2].entry.is_executable() && found[0].is_skipped());
        assert!(found[2].contested && !found[0].contested && !found[1].contested);
        assert!(found[2].stamp.is_none(), "what is not understood is not believed");
    }

    #[test]
    fn a_stamp_is_believed_when_all_of_it_agrees_and_the_index_is_younger() {
        let file = &parse(format!("100644 78ab 0\ta\0{STAMP}").as_bytes())[0];
        let now = Signature { mtime: 3_000_000_004, ctime: 5_000_000_006, size: 2, inode: 77, mode: 0o100644, device: 0 };
        assert!(file.is_same(&now, 3_000_000_005));
        assert!(!file.is_same(&now, 3_000_000_004), "it may have been written again within the tick");
        for other in [
            Signature { mtime: 3_000_000_003, ..now },
            Signature { ctime: 0, ..now },
            Signature { size: 3, ..now },
            Signature { inode: 78, ..now },
        ] {
            assert!(!file.is_same(&other, i64::MAX));
        }
        let empty = parse(format!("100644 78ab 0\ta\0{}", STAMP.replace("size: 2", "size: 0")).as_bytes());
        assert!(!empty[0].is_same(&Signature { size: 0, ..now }, i64::MAX));
    }
}

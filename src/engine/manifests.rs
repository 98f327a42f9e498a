//! Where manifests are read from: the project's folder, as a whole or only so much of it.

use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::base::{Digest, RelPath};
use crate::disk::{self, PatternSet, Signature, Tree, now_ns};
use crate::manifest::Source;

/// Where manifests are read from.
pub(super) trait Manifests: Source {
    /// Returns a stamp of a file that no other bytes than those with this digest can get, if it has one: what has it need not be read again.
    fn stamp(&self, _: &RelPath, _: &Digest) -> Option<Signature> {
        None
    }
}

/// The project's folder, as a loader sees it.
pub(super) struct Disk<'a>(pub(super) &'a Tree);

impl Source for Disk<'_> {
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn size(&self, path: &RelPath) -> io::Result<u64> {
        self.0.stat_follow(path)?.map(|signature| signature.size).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
    }

    fn matches(&self, patterns: &[String]) -> io::Result<Vec<RelPath>> {
        let (excluded, included): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
        let included: Vec<String> = included.into_iter().cloned().collect();
        let excluded: Vec<String> = excluded.into_iter().map(|pattern| pattern[1..].to_owned()).collect();
        disk::expand(self.0, &PatternSet::new(&included, &excluded).map_err(io::Error::other)?)
    }
}

impl Manifests for Disk<'_> {
    fn stamp(&self, path: &RelPath, digest: &Digest) -> Option<Signature> {
        let began = now_ns();
        let (now, stamp) = self.0.digest(path).ok()?;
        (now == *digest && stamp.settled_at(began)).then_some(stamp)
    }
}

/// A disk that only so much is read from.
pub(super) struct Little<'a> {
    disk: Disk<'a>,
    left: AtomicU64,
    refused: AtomicBool,
}

impl<'a> Little<'a> {
    /// `most`: how many bytes may be read of it.
    pub(super) fn new(tree: &'a Tree, most: u64) -> Little<'a> {
        Little { disk: Disk(tree), left: AtomicU64::new(most), refused: AtomicBool::new(false) }
    }

    /// Whether more was asked for than may be read.
    pub(super) fn refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }
}

impl Manifests for Little<'_> {}

impl Source for Little<'_> {
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        let size = self.disk.size(path)?;
        let taken = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(size));
        if taken.is_err() {
            self.refused.store(true, Ordering::Relaxed);
            return Err(io::Error::other("it is too large to be read quickly"));
        }
        self.disk.read(path)
    }

    fn size(&self, path: &RelPath) -> io::Result<u64> {
        self.disk.size(path)
    }

    fn matches(&self, patterns: &[String]) -> io::Result<Vec<RelPath>> {
        self.disk.matches(patterns)
    }
}

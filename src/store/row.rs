//! One file of a shelf: entries one behind the other, each with its key and checks of its own.

use std::fs::{File, Metadata};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::{SystemTime, UNIX_EPOCH};

use bytemuck::{Pod, Zeroable};
use rustc_hash::FxHashMap;
use rustix::buffer::spare_capacity;
use rustix::io::Errno;
use xxhash_rust::xxh3::xxh3_64;

use super::medium::{Medium, write_all};
use crate::base::Digest;

pub(super) const MAGIC: [u8; 8] = *b"ORKETE1\n";
/// How old the stamp of an entry may grow before a use renews it, in seconds.
const RENEW: u64 = 3600;
/// How much is read at a time, in bytes.
pub(super) const PIECE: usize = 64 << 10;

/// What stands before each entry's bytes.
#[derive(Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub(super) struct Head {
    magic: [u8; 8],
    key: Digest,
    length: u64,
    /// Of the bytes.
    check: u64,
    /// Of all of the above.
    head_check: u64,
    /// When it was last used, in seconds since 1970; renewed in place, and in no check.
    used: u64,
}

/// How long a head is, in bytes.
pub(super) const HEAD: u64 = size_of::<Head>() as u64;

impl Head {
    pub fn new(key: &Digest, bytes: &[u8], used: u64) -> Head {
        let mut head = Head { magic: MAGIC, key: *key, length: bytes.len() as u64, check: xxh3_64(bytes), head_check: 0, used };
        head.head_check = head.sum();
        head
    }

    fn sum(&self) -> u64 {
        xxh3_64(&bytemuck::bytes_of(self)[..size_of::<Head>() - 16])
    }

    fn good(&self) -> bool {
        self.magic == MAGIC && self.head_check == self.sum()
    }
}

/// Where an entry stands.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub at: u64,
    pub length: u64,
    pub check: u64,
    pub used: u64,
}

impl Spot {
    /// Returns an entry's bytes if they are what was put.
    pub fn read(&self, file: &File) -> io::Result<Option<Vec<u8>>> {
        let mut bytes = vec![0; self.length as usize];
        match file.read_exact_at(&mut bytes, self.at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            result => result?,
        }
        Ok((xxh3_64(&bytes) == self.check).then_some(bytes))
    }
}

/// What is known of one file, as far as it was read.
#[derive(Default)]
pub(super) struct Row {
    /// The file's number.
    inode: u64,
    /// How far the file was read.
    end: u64,
    pub spots: FxHashMap<Digest, Spot>,
}

impl Row {
    /// Appends an entry to the file, which was just opened and locked, unless the same is there and whole; returns how many bytes that took, or
    /// `None` if the file was swept away.
    pub fn put(&mut self, medium: &dyn Medium, file: &mut File, key: &Digest, bytes: &[u8]) -> io::Result<Option<u64>> {
        let metadata = file.metadata()?;
        if metadata.nlink() == 0 {
            return Ok(None);
        }
        let end = metadata.len();
        self.catch_up(file, &metadata)?;
        if self.has_same(file, key, bytes)? {
            self.renew(file, key);
            return Ok(Some(0));
        }
        file.seek(SeekFrom::Start(end))?;
        let head = Head::new(key, bytes, seconds());
        let whole = [bytemuck::bytes_of(&head), bytes].concat();
        let written = write_all(medium, file, &whole);
        if written.is_err() {
            file.set_len(end)?;
        }
        written?;
        if self.end == end {
            self.end = end + whole.len() as u64;
            self.spots.insert(*key, Spot { at: end + HEAD, length: head.length, check: head.check, used: head.used });
        }
        Ok(Some(whole.len() as u64))
    }

    /// Reads what was appended since, or all of it if another file has taken the place; returns whether all that was read are entries.
    pub fn catch_up(&mut self, file: &File, metadata: &Metadata) -> io::Result<bool> {
        let length = metadata.len();
        if self.inode != metadata.ino() || length < self.end {
            *self = Row { inode: metadata.ino(), ..Row::default() };
        }
        let mut whole = true;
        let mut window = Window { file, bytes: Vec::new(), from: 0 };
        while self.end < length {
            let Some(head) = window.head(self.end)? else {
                // A writer may be in the middle of it: it is looked at again.
                return Ok(false);
            };
            let room = length.checked_sub(self.end + HEAD);
            if head.good() && room.is_some_and(|room| head.length <= room) {
                let spot = Spot { at: self.end + HEAD, length: head.length, check: head.check, used: head.used };
                self.spots.insert(head.key, spot);
                self.end += HEAD + head.length;
                continue;
            }
            whole = false;
            match window.next_magic(self.end + 1, length)? {
                Some(at) => self.end = at,
                None => return Ok(false),
            }
        }
        Ok(whole)
    }

    /// Whether these bytes are there, and whole.
    fn has_same(&self, file: &File, key: &Digest, bytes: &[u8]) -> io::Result<bool> {
        match self.spots.get(key) {
            Some(spot) if spot.length == bytes.len() as u64 => Ok(spot.read(file)?.is_some_and(|there| there == bytes)),
            _ => Ok(false),
        }
    }

    /// Stamps an entry as used now, at most once an hour.
    pub fn renew(&mut self, file: &File, key: &Digest) {
        let now = seconds();
        if let Some(spot) = self.spots.get_mut(key)
            && now.abs_diff(spot.used) > RENEW
        {
            spot.used = now;
            let _ = file.write_all_at(&now.to_le_bytes(), spot.at - 8);
        }
    }
}

/// A part of a file, read ahead.
struct Window<'a> {
    file: &'a File,
    bytes: Vec<u8>,
    from: u64,
}

impl Window<'_> {
    fn fill(&mut self, at: u64) -> io::Result<&[u8]> {
        let inside = at.checked_sub(self.from).filter(|inside| inside + HEAD <= self.bytes.len() as u64);
        if inside.is_none() {
            self.bytes.clear();
            self.from = at;
            self.bytes.reserve_exact(PIECE);
            while self.bytes.len() < PIECE {
                let next = at + self.bytes.len() as u64;
                match rustix::io::pread(self.file, spare_capacity(&mut self.bytes), next) {
                    Ok(0) => break,
                    Ok(_) | Err(Errno::INTR) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        Ok(&self.bytes[(at - self.from) as usize..])
    }

    fn head(&mut self, at: u64) -> io::Result<Option<Head>> {
        let bytes = self.fill(at)?;
        Ok(bytes.get(..HEAD as usize).map(bytemuck::pod_read_unaligned))
    }

    /// Returns where the next head begins, from `at` on.
    fn next_magic(&mut self, mut at: u64, length: u64) -> io::Result<Option<u64>> {
        while at + HEAD <= length {
            let bytes = self.fill(at)?;
            if let Some(found) = bytes.windows(MAGIC.len()).position(|bytes| bytes == MAGIC) {
                let found = at + found as u64;
                if self.head(found)?.is_some_and(|head| head.good()) {
                    return Ok(Some(found));
                }
                at = found + 1;
            } else {
                at += bytes.len().saturating_sub(MAGIC.len() - 1).max(1) as u64;
            }
        }
        Ok(None)
    }
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

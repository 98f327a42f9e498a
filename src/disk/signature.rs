//! What the file system says of a file without reading it.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::{FileType, Stat};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_128;

/// The coarsest clock that common file systems stamp with: a kernel tick of at most 10 ms (ext4, xfs, btrfs), doubled.
const GRANULARITY: i64 = 20_000_000;

/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// A file's stamp. Two readings that agree mean the same bytes, provided the first was [settled](Signature::settled_at).
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, bytemuck::Pod, bytemuck::Zeroable, Serialize, Deserialize)]
pub struct Signature {
    /// Last change of the content, in nanoseconds since 1970.
    pub mtime: i64,
    /// Last change of anything; cannot be set back.
    pub ctime: i64,
    /// In bytes.
    pub size: u64,
    /// Which file it is.
    pub inode: u64,
    /// Type and permissions, as `st_mode`.
    pub mode: u32,
    /// The file system it is on.
    pub device: u32,
}

impl Signature {
    /// Returns a hash of a stamp, or of there being none: 128 bits, so that no two are taken for each other. Nobody picks a stamp whole, since
    /// `ctime` cannot be set.
    pub fn mark(stamp: Option<Signature>) -> [u64; 2] {
        stamp.map_or([0; 2], |stamp| {
            let hash = xxh3_128(bytemuck::bytes_of(&stamp));
            [hash as u64, (hash >> 64) as u64]
        })
    }

    /// Whether it is a regular file.
    pub fn is_file(&self) -> bool {
        FileType::from_raw_mode(self.mode) == FileType::RegularFile
    }

    /// Whether it is a folder.
    pub fn is_dir(&self) -> bool {
        FileType::from_raw_mode(self.mode) == FileType::Directory
    }

    /// Whether it is a symbolic link.
    pub fn is_symlink(&self) -> bool {
        FileType::from_raw_mode(self.mode) == FileType::Symlink
    }

    /// Whether anybody may execute it.
    pub fn is_executable(&self) -> bool {
        self.mode & 0o111 != 0
    }

    /// Whether the file may have been changed since the file systems' clock stood at `moment` (see [`stamp_clock`]). A change within the
    /// same tick before counts as well.
    pub fn may_be_younger_than(&self, moment: i64) -> bool {
        // Some file systems stamp in whole seconds.
        let coarse = if self.ctime % SECOND == 0 { SECOND } else { 0 };
        self.ctime + coarse >= moment
    }

    /// Whether a digest taken at `hashed_at` (nanoseconds since 1970) belongs to this stamp for good: a write that came later would have
    /// been stamped differently. A file that was changed within a clock tick of being read may be changed again under the same stamp.
    pub fn settled_at(&self, hashed_at: i64) -> bool {
        self.mtime.max(self.ctime) < hashed_at - GRANULARITY
    }
}

impl From<Stat> for Signature {
    fn from(stat: Stat) -> Signature {
        Signature {
            mtime: stat.st_mtime * 1_000_000_000 + stat.st_mtime_nsec as i64,
            ctime: stat.st_ctime * 1_000_000_000 + stat.st_ctime_nsec as i64,
            size: stat.st_size as u64,
            inode: stat.st_ino,
            mode: stat.st_mode,
            device: stat.st_dev as u32,
        }
    }
}

/// Returns the time in nanoseconds since 1970.
pub fn now_ns() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64)
}

/// Returns what the clock that file systems stamp with shows, in nanoseconds since 1970: whatever is changed from now on gets at least this.
pub fn stamp_clock() -> i64 {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let clock = rustix::time::ClockId::RealtimeCoarse;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let clock = rustix::time::ClockId::Realtime;
    let now = rustix::time::clock_gettime(clock);
    now.tv_sec * SECOND + now.tv_nsec as i64
}

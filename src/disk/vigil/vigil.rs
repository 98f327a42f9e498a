//! A vigil: what the system tells, and what that makes doubtful.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::doubts::Doubts;
use super::folders::{Folders, is_below};
use super::news::{self, News};
use super::stamped::{Stamped, looked_at};
use crate::base::RelPath;
use crate::disk::Tree;

/// File systems that tell of all that happens in them: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, tmpfs, and layers over them. Others are changed by
/// other machines, of which nobody is told.
const TELLING: [u64; 7] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0x0102_1994, 0x794c_7630];

/// Watches the folders that the paths of many stamps lead through.
pub struct Vigil {
    folders: Folders,
    mounts: File,
    doubts: Doubts,
    /// How many were doubtful from the start.
    unseen: usize,
    bell: RelPath,
    rang: bool,
    lost: bool,
}

impl Vigil {
    /// Begins to watch, then looks at every path once: a stamp that is another one by then is doubtful. `bell`: a file of which it is told
    /// when another one takes its place.
    ///
    /// # Errors
    /// A sentence, when nothing can be promised here.
    pub fn begin(tree: &Tree, rows: Arc<dyn Stamped>, bell: &RelPath) -> Result<Vigil, String> {
        let refused = |error: Errno| error.to_string();
        let kind = rustix::fs::fstatfs(tree.folder()).map_err(refused)?.f_type as u64;
        if !TELLING.contains(&kind) {
            return Err(String::from("the file system does not tell of all changes"));
        }
        let mut folders = Folders::new()?;
        let mounts = File::open("/proc/self/mountinfo").map_err(|error| error.to_string())?;
        let seen = folders.watch_around(tree, &*rows)?;
        // Whoever cannot be told of the bell is asked about another picture, and so hears of it.
        let _ = bell.parent().map(|folder| folders.watch(tree, &folder, WatchFlags::MOVED_TO | WatchFlags::CREATE));
        let mut vigil = Vigil { folders, mounts, doubts: Doubts::new(rows), unseen: 0, bell: bell.clone(), rang: false, lost: false };
        vigil.look_at_first(tree, &seen);
        Ok(vigil)
    }

    fn look_at_first(&mut self, tree: &Tree, seen: &BTreeMap<RelPath, bool>) {
        let rows = self.doubts.rows().clone();
        let is_seen = |row: usize| {
            let path = rows.path(row);
            let folder = match rows.is_folder(row) {
                true => Some(RelPath::from_normal(path)),
                false => RelPath::from_normal(path).parent(),
            };
            is_below(path) && folder.is_some_and(|folder| seen.get(&folder) == Some(&true))
        };
        (0..rows.count()).filter(|row| !is_seen(*row)).for_each(|row| self.doubts.add(row));
        let (same, several) = looked_at(tree, &*rows, self.doubts.doubted());
        several.into_iter().for_each(|row| self.doubts.add(row));
        self.unseen = self.doubts.doubtful().len();
        (0..rows.count()).filter(|row| !same[*row]).for_each(|row| self.doubts.add(row));
    }

    /// Takes note of all that was told by now.
    pub fn catch_up(&mut self) {
        let (news, whole) = news::read(self.folders.as_fd());
        self.lost |= !whole;
        news.iter().for_each(|news| self.take(news));
        let mut asked = [PollFd::new(&self.mounts, PollFlags::PRI)];
        self.lost |= poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) != Ok(0);
    }

    /// Takes note of one thing that was told.
    pub(super) fn take(&mut self, news: &News) {
        let what = news.what;
        if what.contains(ReadFlags::QUEUE_OVERFLOW) {
            self.lost = true;
        }
        let folders = self.folders.named(news.folder);
        if what.contains(ReadFlags::IGNORED) {
            self.folders.forget(news.folder);
        }
        let entered = ReadFlags::CREATE | ReadFlags::DELETE | ReadFlags::MOVED_FROM | ReadFlags::MOVED_TO;
        for folder in folders {
            let Some(name) = &news.name else {
                self.doubts.add_all_in(&folder);
                continue;
            };
            let path = folder.join(name);
            self.rang |= path == self.bell && what.intersects(entered);
            if what.intersects(entered) {
                self.doubts.add_path(folder.as_bytes());
            }
            match what.intersects(entered | ReadFlags::ISDIR) {
                true => self.doubts.add_all_in(&path),
                false => self.doubts.add_path(path.as_bytes()),
            }
        }
    }

    /// Takes a row for doubtful.
    pub fn doubt(&mut self, row: usize) {
        self.doubts.add(row);
    }

    /// Returns the rows of which nothing is promised; `None` if nothing is promised of any.
    pub fn doubtful(&self) -> Option<&[u32]> {
        (!self.lost).then_some(self.doubts.doubtful())
    }

    /// How many rows became doubtful since it began.
    pub fn doubts(&self) -> usize {
        self.doubts.doubtful().len() - self.unseen
    }

    /// Whether something has come to stand in the place of the bell.
    pub fn rang(&self) -> bool {
        self.rang
    }

    /// Returns the rows that are watched.
    pub fn rows(&self) -> &Arc<dyn Stamped> {
        self.doubts.rows()
    }

    /// Returns which rows are doubtful now, for [`Vigil::unlike`].
    pub fn doubted(&self) -> Vec<bool> {
        self.doubts.doubted().to_vec()
    }

    /// Returns, of the rows that are not `doubted`, those that a look finds changed: whoever was not told of that was told too little.
    pub fn unlike(tree: &Tree, rows: &dyn Stamped, doubted: &[bool]) -> Vec<usize> {
        let (same, several) = looked_at(tree, rows, doubted);
        let changed = (0..rows.count()).filter(|row| !doubted[*row] && !same[*row]);
        changed.chain(several).collect()
    }
}

impl AsFd for Vigil {
    /// Returns what can be read when something is told.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.folders.as_fd()
    }
}

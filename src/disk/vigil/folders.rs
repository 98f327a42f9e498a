//! The folders that are watched: through which paths lead.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use rustc_hash::FxHashMap;
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use super::stamped::Stamped;
use crate::base::RelPath;
use crate::disk::Tree;

/// The longest path handed to the kernel in one call, in bytes.
const LONG: usize = 4000;

/// Folders of which the system tells what happens in them.
pub(super) struct Folders {
    told: OwnedFd,
    /// What they are called, by the numbers that the system has given them.
    names: FxHashMap<i32, Vec<RelPath>>,
}

impl Folders {
    /// Watches none yet.
    ///
    /// # Errors
    /// A sentence, when the system watches nothing.
    pub fn new() -> Result<Folders, String> {
        let told = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(|error| match error {
            Errno::MFILE => String::from("the system watches no more trees for this user (fs.inotify.max_user_instances)"),
            error => error.to_string(),
        })?;
        Ok(Folders { told, names: FxHashMap::default() })
    }

    /// Watches every folder on the way to a row, and every folder that is a row. Returns which are seen: watched, or not there, so that the
    /// folder above would tell if they came. Links and mounted file systems on the way are none of those.
    ///
    /// # Errors
    /// A sentence, when the system watches no more of them.
    pub fn watch_around(&mut self, tree: &Tree, rows: &dyn Stamped) -> Result<BTreeMap<RelPath, bool>, String> {
        let mut seen: BTreeMap<RelPath, bool> = BTreeMap::from([(RelPath::root(), false)]);
        for row in (0..rows.count()).filter(|row| is_below(rows.path(*row))) {
            let path = RelPath::from_normal(rows.path(row));
            let mut next = if rows.is_folder(row) { Some(path) } else { path.parent() };
            while let Some(folder) = next.filter(|folder| !seen.contains_key(folder)) {
                next = folder.parent();
                seen.insert(folder, false);
            }
        }
        let changes = WatchFlags::CREATE | WatchFlags::DELETE | WatchFlags::MOVE | WatchFlags::MODIFY | WatchFlags::CLOSE_WRITE;
        let all = changes | WatchFlags::ATTRIB | WatchFlags::DELETE_SELF | WatchFlags::MOVE_SELF;
        // A folder stands before what is in it: it tells when that is exchanged meanwhile.
        let folders: Vec<RelPath> = seen.keys().cloned().collect();
        for folder in folders {
            let above = folder.parent().is_none_or(|above| seen.get(&above) == Some(&true));
            let is_seen = above
                && match self.watch(tree, &folder, all) {
                    Ok(()) | Err(Errno::NOENT | Errno::NOTDIR) => true,
                    Err(Errno::NOSPC) => {
                        return Err(String::from("the system watches no more folders for this user (fs.inotify.max_user_watches)"));
                    }
                    Err(_) => false,
                };
            seen.insert(folder, is_seen);
        }
        Ok(seen)
    }

    /// Watches one folder, for `what` too.
    ///
    /// # Errors
    /// What the system says, also where the folder is behind a link or on another file system.
    pub fn watch(&mut self, tree: &Tree, folder: &RelPath, what: WatchFlags) -> Result<(), Errno> {
        // Without NOFOLLOW: with it, a link at the end is no folder, which is no reason for doubt; so it is one link too many, which is.
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let near = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV | ResolveFlags::NO_MAGICLINKS;
        let opened = match folder.is_root() {
            true => None,
            false => Some(rustix::fs::openat2(tree.folder(), folder.as_path(), flags, Mode::empty(), near)?),
        };
        let opened = opened.as_ref().map_or(tree.folder(), AsFd::as_fd);
        let added = WatchFlags::ONLYDIR | WatchFlags::MASK_ADD;
        let number = inotify::add_watch(&self.told, format!("/proc/self/fd/{}", opened.as_raw_fd()), what | added)?;
        let names = self.names.entry(number).or_default();
        if !names.contains(folder) {
            names.push(folder.clone());
        }
        Ok(())
    }

    /// Returns what the folder of this number is called.
    pub fn named(&self, number: i32) -> Vec<RelPath> {
        self.names.get(&number).cloned().unwrap_or_default()
    }

    /// Forgets the folder of this number, which the system no longer watches.
    pub fn forget(&mut self, number: i32) {
        self.names.remove(&number);
    }
}

impl AsFd for Folders {
    /// Returns what can be read when something is told.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.told.as_fd()
    }
}

/// Whether a path leads below the folder, in one call.
pub(super) fn is_below(path: &[u8]) -> bool {
    !path.starts_with(b"/") && path.len() <= LONG && !path.split(|byte| *byte == b'/').any(|part| part == b"..")
}

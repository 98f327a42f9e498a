//! From where files are seen.

use std::io;

use serde::{Deserialize, Serialize};

use crate::disk::Tree;

/// From where files are seen. Two processes with the same view see the same file behind the same path.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct View {
    /// Devices and inodes: of the project's folder, of the folder `/`, and of the table of mounts.
    places: [(u64, u64); 3],
    user: u32,
    group: u32,
}

impl View {
    /// Returns from where this process sees the files of a folder.
    ///
    /// # Errors
    /// When the system does not say.
    pub fn of(tree: &Tree) -> io::Result<View> {
        let place = |stat: rustix::fs::Stat| (stat.st_dev, stat.st_ino);
        let places =
            [place(rustix::fs::fstat(tree.folder())?), place(rustix::fs::stat("/")?), place(rustix::fs::stat("/proc/self/ns/mnt")?)];
        Ok(View { places, user: rustix::process::geteuid().as_raw(), group: rustix::process::getegid().as_raw() })
    }
}

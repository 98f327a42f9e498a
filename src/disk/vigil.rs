//! Stamps under watch: the system tells which of many may no longer be so, and the rest need not be looked at.
//!
//! What is kept of a stamp is one promise: a look at its path would find exactly it. A row that the promise is not given for is doubtful, from
//! the start (what the system does not tell of) or since something was told, and stays so: whoever wants to know looks. See
//! `docs/design/watch.md` for what is seen, and what is not.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::Arc;

use rustc_hash::FxHashMap;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{Signature, Tree};
use crate::base::RelPath;

/// File systems that tell of all that happens in them: ext2 to ext4, XFS, Btrfs, F2FS, ZFS, tmpfs, and layers over them. Others are changed by
/// other machines, of which nobody is told.
const TELLING: [u64; 7] = [0xef53, 0x5846_5342, 0x9123_683e, 0xf2f5_2010, 0x2fc1_2fc1, 0x0102_1994, 0x794c_7630];

/// The longest path handed to the kernel in one call, in bytes.
const LONG: usize = 4000;

/// How many bytes of what was told are read in one call.
const PIECE: usize = 64 << 10;

/// Many paths with the stamps that they had, sorted by path; absolute, or relative to a folder.
pub trait Stamped: Send + Sync {
    /// How many there are.
    fn count(&self) -> usize;

    /// Returns the path of one.
    fn path(&self, row: usize) -> &[u8];

    /// Returns its stamp; `None` if nothing was there.
    fn stamp(&self, row: usize) -> Option<Signature>;
}

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

/// Watches the folders that the paths of many stamps lead through.
pub struct Vigil {
    rows: Arc<dyn Stamped>,
    told: OwnedFd,
    mounts: File,
    /// The folders by the numbers that the system has given them.
    folders: FxHashMap<i32, Vec<RelPath>>,
    doubted: Vec<bool>,
    doubtful: Vec<u32>,
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
        let told = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).map_err(|error| match error {
            Errno::MFILE => String::from("the system watches no more trees for this user (fs.inotify.max_user_instances)"),
            error => error.to_string(),
        })?;
        let mounts = File::open("/proc/self/mountinfo").map_err(|error| error.to_string())?;
        let mut vigil = Vigil {
            doubted: vec![false; rows.count()],
            doubtful: Vec::new(),
            rows,
            told,
            mounts,
            folders: FxHashMap::default(),
            unseen: 0,
            bell: bell.clone(),
            rang: false,
            lost: false,
        };
        let seen = vigil.watch_folders(tree)?;
        // Whoever cannot be told of the bell is asked about another picture, and so hears of it.
        let _ = bell.parent().map(|folder| vigil.watch_folder(tree, &folder, WatchFlags::MOVED_TO | WatchFlags::CREATE));
        vigil.look_at_first(tree, &seen);
        Ok(vigil)
    }

    /// Watches every folder on the way to a row, and every folder that is a row. Returns which are seen: watched, or not there, so that the
    /// folder above would tell if they came. Links and mounted file systems on the way are none of those.
    fn watch_folders(&mut self, tree: &Tree) -> Result<BTreeMap<RelPath, bool>, String> {
        let rows = self.rows.clone();
        let mut seen: BTreeMap<RelPath, bool> = BTreeMap::from([(RelPath::root(), false)]);
        for row in (0..rows.count()).filter(|row| is_below(rows.path(*row))) {
            let path = RelPath::from_normal(rows.path(row));
            let is_folder = rows.stamp(row).is_some_and(|stamp| stamp.is_dir());
            let mut next = if is_folder { Some(path) } else { path.parent() };
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
                && match self.watch_folder(tree, &folder, all) {
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

    fn watch_folder(&mut self, tree: &Tree, folder: &RelPath, what: WatchFlags) -> Result<(), Errno> {
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
        let names = self.folders.entry(number).or_default();
        if !names.contains(folder) {
            names.push(folder.clone());
        }
        Ok(())
    }

    fn look_at_first(&mut self, tree: &Tree, seen: &BTreeMap<RelPath, bool>) {
        let rows = self.rows.clone();
        let is_seen = |row: usize| {
            let path = rows.path(row);
            let folder = match rows.stamp(row).is_some_and(|stamp| stamp.is_dir()) {
                true => Some(RelPath::from_normal(path)),
                false => RelPath::from_normal(path).parent(),
            };
            is_below(path) && folder.is_some_and(|folder| seen.get(&folder) == Some(&true))
        };
        (0..rows.count()).filter(|row| !is_seen(*row)).for_each(|row| self.doubt(row));
        let (same, several) = looked_at(tree, &*rows, &self.doubted);
        several.into_iter().for_each(|row| self.doubt(row));
        self.unseen = self.doubtful.len();
        (0..rows.count()).filter(|row| !same[*row]).for_each(|row| self.doubt(row));
    }

    /// Takes note of all that was told by now.
    pub fn catch_up(&mut self) {
        // A row of events is at least 16 bytes long: what comes while this is read may wait.
        let mut most = rustix::io::ioctl_fionread(&self.told).unwrap_or(0) / 16;
        let mut buffer = vec![MaybeUninit::<u8>::uninit(); if most > 0 { PIECE } else { 0 }];
        let mut news: Vec<(i32, ReadFlags, Option<Vec<u8>>)> = Vec::new();
        let mut reader = inotify::Reader::new(self.told.as_fd(), &mut buffer);
        while most > 0 {
            most -= 1;
            match reader.next() {
                Ok(event) => {
                    let event = (event.wd(), event.events(), event.file_name().map(|name| name.to_bytes().to_vec()));
                    if news.last() != Some(&event) {
                        news.push(event);
                    }
                }
                Err(Errno::AGAIN) => break,
                Err(Errno::INTR) => {}
                Err(_) => {
                    self.lost = true;
                    break;
                }
            }
        }
        // What was read and not handed out is lost with the reader.
        while !reader.is_buffer_empty() {
            let Ok(event) = reader.next() else { break };
            news.push((event.wd(), event.events(), event.file_name().map(|name| name.to_bytes().to_vec())));
        }
        news.into_iter().for_each(|(folder, what, name)| self.take(folder, what, name.as_deref()));
        let mut asked = [PollFd::new(&self.mounts, PollFlags::PRI)];
        self.lost |= poll(&mut asked, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) != Ok(0);
    }

    fn take(&mut self, number: i32, what: ReadFlags, name: Option<&[u8]>) {
        if what.contains(ReadFlags::QUEUE_OVERFLOW) {
            self.lost = true;
        }
        let Some(folders) = self.folders.get(&number).cloned() else { return };
        if what.contains(ReadFlags::IGNORED) {
            self.folders.remove(&number);
        }
        let entered = ReadFlags::CREATE | ReadFlags::DELETE | ReadFlags::MOVED_FROM | ReadFlags::MOVED_TO;
        for folder in folders {
            let Some(name) = name else {
                self.doubt_all_in(&folder);
                continue;
            };
            let path = folder.join(name);
            self.rang |= path == self.bell && what.intersects(entered);
            if what.intersects(entered) {
                self.doubt_path(folder.as_bytes());
            }
            match what.intersects(entered | ReadFlags::ISDIR) {
                true => self.doubt_all_in(&path),
                false => self.doubt_path(path.as_bytes()),
            }
        }
    }

    fn doubt_all_in(&mut self, folder: &RelPath) {
        self.doubt_path(folder.as_bytes());
        let (first, end) = match folder.is_root() {
            true => (0, self.rows.count()),
            false => {
                let below = [folder.as_bytes(), b"/"].concat();
                (self.first(|path| path >= &below[..]), self.first(|path| path > &below[..] && !path.starts_with(&below)))
            }
        };
        (first..end).for_each(|row| self.doubt(row));
    }

    fn doubt_path(&mut self, wanted: &[u8]) {
        let first = self.first(|path| path >= wanted);
        let rows = self.rows.clone();
        (first..rows.count()).take_while(|row| rows.path(*row) == wanted).for_each(|row| self.doubt(row));
    }

    /// Returns the first row from which on `is_there` says yes.
    fn first(&self, is_there: impl Fn(&[u8]) -> bool) -> usize {
        let (mut low, mut high) = (0, self.rows.count());
        while low < high {
            let middle = low + (high - low) / 2;
            if is_there(self.rows.path(middle)) { high = middle } else { low = middle + 1 }
        }
        low
    }

    /// Takes a row for doubtful.
    pub fn doubt(&mut self, row: usize) {
        if let Some(doubted) = self.doubted.get_mut(row)
            && !std::mem::replace(doubted, true)
        {
            self.doubtful.push(row as u32);
        }
    }

    /// Returns the rows of which nothing is promised; `None` if nothing is promised of any.
    pub fn doubtful(&self) -> Option<&[u32]> {
        (!self.lost).then_some(&self.doubtful)
    }

    /// How many rows became doubtful since it began.
    pub fn doubts(&self) -> usize {
        self.doubtful.len() - self.unseen
    }

    /// Whether something has come to stand in the place of the bell.
    pub fn rang(&self) -> bool {
        self.rang
    }

    /// Returns the rows that are watched.
    pub fn rows(&self) -> &Arc<dyn Stamped> {
        &self.rows
    }

    /// Returns which rows are doubtful now, for [`Vigil::unlike`].
    pub fn doubted(&self) -> Vec<bool> {
        self.doubted.clone()
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
        self.told.as_fd()
    }
}

/// Looks at all rows but those that are passed over. Returns which have the stamp that they had, and files that have several names: these
/// can be written through a name that nobody watches.
fn looked_at(tree: &Tree, rows: &dyn Stamped, passed_over: &[bool]) -> (Vec<bool>, Vec<usize>) {
    let wanted: Vec<usize> = (0..rows.count()).filter(|row| !passed_over[*row]).collect();
    let paths: Vec<&[u8]> = wanted.iter().map(|row| rows.path(*row)).collect();
    let found = tree.stat_many_names(&paths);
    let (mut same, mut several) = (vec![false; rows.count()], Vec::new());
    for (row, found) in wanted.into_iter().zip(found) {
        same[row] = found.map(|(stamp, _)| stamp) == rows.stamp(row);
        if found.is_some_and(|(stamp, names)| names > 1 && !stamp.is_dir()) {
            several.push(row);
        }
    }
    (same, several)
}

/// Whether a path leads below the folder, in one call.
fn is_below(path: &[u8]) -> bool {
    !path.starts_with(b"/") && path.len() <= LONG && !path.split(|byte| *byte == b'/').any(|part| part == b"..")
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::path::PathBuf;

    use super::*;

    struct Rows(Vec<(RelPath, Option<Signature>)>);

    impl Stamped for Rows {
        fn count(&self) -> usize {
            self.0.len()
        }

        fn path(&self, row: usize) -> &[u8] {
            self.0[row].0.as_bytes()
        }

        fn stamp(&self, row: usize) -> Option<Signature> {
            self.0[row].1
        }
    }

    struct Scene {
        folder: tempfile::TempDir,
        vigil: Vigil,
    }

    /// A folder with a few files, and a vigil over these paths as they stand there.
    fn scene(paths: &[&str]) -> Scene {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in [("src/a", "1"), ("src/b", "1"), ("src/deep/c", "1"), ("src-b/d", "1"), ("real/e", "1"), (".orket/state", "")] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        symlink("real", folder.path().join("link")).unwrap();
        fs::hard_link(folder.path().join("src/b"), folder.path().join("other")).unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        let stamped = |path: &&str| {
            let path = RelPath::from_normal(path.as_bytes());
            (path.clone(), tree.stat(&path).unwrap())
        };
        let mut rows: Vec<_> = paths.iter().map(stamped).collect();
        rows.sort();
        let bell = RelPath::parse(".orket/state").unwrap();
        let vigil = Vigil::begin(&tree, Arc::new(Rows(rows)), &bell).unwrap();
        Scene { folder, vigil }
    }

    impl Scene {
        fn at(&self, path: &str) -> PathBuf {
            self.folder.path().join(path)
        }

        fn doubtful(&mut self) -> Vec<String> {
            self.vigil.catch_up();
            let rows = self.vigil.doubtful().expect("something is known");
            let mut paths: Vec<_> =
                rows.iter().map(|row| String::from_utf8_lossy(self.vigil.rows.path(*row as usize)).into_owned()).collect();
            paths.sort();
            paths
        }
    }

    const ALL: [&str; 7] = ["", "src", "src-b/d", "src/a", "src/deep", "src/deep/c", "src/gone/x"];

    /// What one change makes doubtful, of `ALL`.
    fn after(change: impl Fn(&Scene)) -> Vec<String> {
        let mut scene = scene(&ALL);
        assert_eq!(scene.doubtful(), [""; 0]);
        change(&scene);
        scene.doubtful()
    }

    #[test]
    fn every_change_makes_what_it_reaches_doubtful_and_nothing_else() {
        assert_eq!(after(|scene| drop(fs::read(scene.at("src/a")).unwrap())), [""; 0]);
        assert_eq!(after(|scene| fs::write(scene.at("src/a"), "2").unwrap()), ["src/a"]);
        assert_eq!(
            after(|scene| fs::set_permissions(scene.at("src/a"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap()),
            ["src/a"]
        );
        assert_eq!(after(|scene| fs::File::options().write(true).open(scene.at("src/a")).unwrap().set_len(9).unwrap()), ["src/a"]);
        assert_eq!(after(|scene| fs::remove_file(scene.at("src/a")).unwrap()), ["src", "src/a"]);
        assert_eq!(after(|scene| fs::write(scene.at("src/new"), "").unwrap()), ["src"]);
        assert_eq!(after(|scene| fs::write(scene.at("src/deep/new"), "").unwrap()), ["src/deep"]);
        assert_eq!(after(|scene| fs::rename(scene.at("real/e"), scene.at("src/a")).unwrap()), ["src", "src/a"]);
        assert_eq!(after(|scene| fs::create_dir_all(scene.at("src/gone/x")).unwrap()), ["src", "src/gone/x"]);
        let below = ["src", "src/a", "src/deep", "src/deep/c", "src/gone/x"];
        let exchanged = |scene: &Scene| {
            fs::rename(scene.at("src"), scene.at("old")).unwrap();
            fs::rename(scene.at("real"), scene.at("src")).unwrap();
        };
        assert_eq!(after(exchanged), [&[""], &below[..]].concat());
        let closed = |scene: &Scene| fs::set_permissions(scene.at("src"), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        assert_eq!(after(closed), below);
        assert_eq!(after(|scene| drop(fs::remove_dir_all(scene.at("src/deep")))), ["src", "src/deep", "src/deep/c"]);
    }

    #[test]
    fn what_is_not_told_of_is_doubtful_from_the_start() {
        let mut scene = scene(&["/bin/sh", "link", "link/e", "real/e", "src/b"]);
        assert_eq!(scene.doubtful(), ["/bin/sh", "link/e", "src/b"], "outside, behind a link, and of two names");
        assert_eq!(scene.vigil.doubts(), 0);
    }

    #[test]
    fn what_changed_before_it_began_is_doubtful() {
        let Scene { folder, vigil } = scene(&["src/a", "src/deep/c"]);
        fs::write(folder.path().join("src/a"), "longer").unwrap();
        let tree = Tree::open(folder.path()).unwrap();
        let vigil = Vigil::begin(&tree, vigil.rows.clone(), &RelPath::parse("x/y").unwrap()).unwrap();
        assert_eq!(Scene { folder, vigil }.doubtful(), ["src/a"]);
    }

    #[test]
    fn nothing_is_known_any_more_after_an_overflow() {
        let mut scene = scene(&["src/a"]);
        scene.vigil.take(-1, ReadFlags::QUEUE_OVERFLOW, None);
        scene.vigil.catch_up();
        assert_eq!(scene.vigil.doubtful(), None);
    }

    #[test]
    fn another_file_in_the_place_of_the_bell_rings_it() {
        let mut scene = scene(&["src/a"]);
        fs::write(scene.at(".orket/journal"), "1").unwrap();
        fs::write(scene.at(".orket/new"), "1").unwrap();
        assert_eq!((scene.doubtful().len(), scene.vigil.rang()), (0, false));
        fs::rename(scene.at(".orket/new"), scene.at(".orket/state")).unwrap();
        assert_eq!((scene.doubtful().len(), scene.vigil.rang()), (0, true));
    }

    #[test]
    fn a_look_finds_what_was_written_through_a_name_that_nobody_watches() {
        let mut scene = scene(&["src/a", "src/deep/c"]);
        let elsewhere = tempfile::tempdir_in(scene.folder.path().parent().unwrap()).unwrap();
        fs::hard_link(scene.at("src/a"), elsewhere.path().join("name")).unwrap();
        fs::write(elsewhere.path().join("name"), "2").unwrap();
        assert_eq!(scene.doubtful(), [""; 0]);
        let tree = Tree::open(scene.folder.path()).unwrap();
        for row in Vigil::unlike(&tree, &**scene.vigil.rows(), &scene.vigil.doubted()) {
            scene.vigil.doubt(row);
        }
        assert_eq!(scene.doubtful(), ["src/a"]);
    }
}

//! A private copy of an index as files, kept from commit to commit.
//!
//! Beside the copy stands a list of what is in it: for each file its blob, a digest and the stamp under which it was written. Before anything
//! in the copy is changed, the list says of the files in question that they are not to be trusted. So a copy that was torn, or that somebody
//! else has written to, is found out and mended, and what stands in the list with its stamp is what git has.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::index::Tracked;
use super::{Staging, VcsError};
use crate::base::{Digest, RelPath};
use crate::disk::{Signature, Tree, now_ns, sources, write_beside};

/// Of the list's form.
const VERSION: u32 = 1;

/// Where the copy of an index is kept.
pub struct Mirror {
    folder: PathBuf,
}

/// A copy that is what the index is. Nobody else changes it while this is held.
pub struct Mirrored {
    /// The folder with the files.
    pub root: PathBuf,
    /// How many files are in it.
    pub files: usize,
    /// How many of them had to be written.
    pub written: usize,
    _lock: File,
}

#[derive(Serialize, Deserialize, Default)]
struct List {
    version: u32,
    rows: Vec<Row>,
}

#[derive(Serialize, Deserialize, Clone)]
struct Row {
    path: RelPath,
    mode: u32,
    blob: String,
    digest: Digest,
    /// `None`: whatever stands there is not to be trusted.
    stamp: Option<Signature>,
    /// Whether nobody can have changed the file under this stamp.
    settled: bool,
}

impl Mirror {
    /// Returns the copy that belongs to a work tree, whether it is there or not.
    pub fn of(staging: &Staging) -> Mirror {
        Mirror::below(staging.own())
    }

    /// Returns the copy that is kept in a folder of git's.
    pub fn below(own: &Path) -> Mirror {
        Mirror { folder: own.join("orket-index") }
    }

    /// Returns the folder with the files.
    pub(super) fn tree(&self) -> PathBuf {
        self.folder.join("tree")
    }

    /// Makes the copy what the index is now. Waits for others who are at it.
    ///
    /// # Errors
    /// When git cannot say what the index holds, or the disk refuses.
    pub fn update(&self, staging: &Staging) -> Result<Mirrored, VcsError> {
        let root = self.tree();
        fs::create_dir_all(root.join(".orket"))?;
        let lock = self.lock()?;
        match lock.lock() {
            // A file system without locks: runs in one work tree are then the user's to keep apart.
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            locked => locked?,
        }
        fs::write(root.join(".orket/.gitignore"), "*\n")?;
        let files = staging.files()?;
        let tree = Tree::open(&root)?;
        let before = self.list();
        let mut now = survey(&tree, &files, &before);
        let wanted: Vec<usize> = (0..now.len()).filter(|at| now[*at].stamp.is_none()).collect();
        let gone: Vec<RelPath> = gone(&before, &files).chain(strange(&tree, &files)?).collect();
        let changed = !wanted.is_empty() || !gone.is_empty();
        if changed {
            let doubt = gone.iter().map(|path| Row { path: path.clone(), ..Row::nothing() });
            self.note(now.iter().cloned().chain(doubt).collect())?;
            gone.iter().try_for_each(|path| take_away(&tree, path))?;
            let mut blobs = staging.blobs()?;
            for at in &wanted {
                let row = &mut now[*at];
                let bytes = blobs.get(&row.blob)?;
                row.digest = Digest::of(&bytes);
                put(&tree, &row.path, row.mode, &bytes)?;
            }
        }
        let double = self.folder.join("git");
        staging.double(&double, Some(&files[..]).filter(|_| changed || !double.join("index").exists()))?;
        fs::write(root.join(".git"), [b"gitdir: ", double.as_os_str().as_bytes(), b"\n"].concat())?;
        let paths: Vec<&[u8]> = now.iter().map(|row| row.path.as_bytes()).collect();
        let (stamps, looked) = (tree.stat_many(&paths), now_ns());
        for (row, stamp) in now.iter_mut().zip(stamps) {
            row.settled = (row.settled && row.stamp == stamp) || stamp.is_some_and(|stamp| stamp.settled_at(looked));
            row.stamp = stamp;
        }
        if let Some(row) = now.iter().find(|row| row.stamp.is_none_or(|stamp| stamp.is_dir())) {
            return Err(VcsError::Unreadable(io::Error::other(format!(
                "`{}` is not where it was just put",
                row.path.under(&root).display()
            ))));
        }
        self.note(now)?;
        Ok(Mirrored { root, files: files.len(), written: wanted.len(), _lock: lock })
    }

    /// Takes the copy away, unless somebody is using it; returns whether there was one.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn remove(&self) -> io::Result<bool> {
        if !self.folder.is_dir() {
            return Ok(false);
        }
        let lock = self.lock()?;
        if lock.try_lock().is_ok() {
            fs::remove_dir_all(&self.folder)?;
        }
        Ok(true)
    }

    fn lock(&self) -> io::Result<File> {
        File::options().create(true).truncate(false).write(true).open(self.folder.join("lock"))
    }

    fn list(&self) -> BTreeMap<RelPath, Row> {
        let bytes = fs::read(self.folder.join("list")).unwrap_or_default();
        let list: List = postcard::from_bytes(&bytes).unwrap_or_default();
        let rows = list.rows.into_iter().filter(|_| list.version == VERSION);
        rows.map(|row| (row.path.clone(), row)).collect()
    }

    fn note(&self, rows: Vec<Row>) -> io::Result<()> {
        let bytes = postcard::to_stdvec(&List { version: VERSION, rows }).map_err(io::Error::other)?;
        write_beside(&self.folder.join("list"), &bytes)
    }
}

impl Row {
    fn nothing() -> Row {
        Row { path: RelPath::root(), mode: 0, blob: String::new(), digest: Digest::empty(), stamp: None, settled: false }
    }
}

/// Returns a row for each file of the index; those that need not be written have their stamps.
fn survey(tree: &Tree, files: &[Tracked], before: &BTreeMap<RelPath, Row>) -> Vec<Row> {
    let paths: Vec<&[u8]> = files.iter().map(|file| file.path.as_bytes()).collect();
    let rows = files.iter().zip(tree.stat_many(&paths)).map(|(file, stamp)| {
        let same = |row: &&Row| {
            row.mode == file.entry.mode && row.blob == file.entry.id && row.stamp.is_some() && row.stamp == stamp && {
                row.settled || reads(tree, row).is_some_and(|digest| digest == row.digest)
            }
        };
        let fresh = || Row { path: file.path.clone(), mode: file.entry.mode, blob: file.entry.id.clone(), ..Row::nothing() };
        before.get(&file.path).filter(same).cloned().unwrap_or_else(fresh)
    });
    rows.collect()
}

fn reads(tree: &Tree, row: &Row) -> Option<Digest> {
    let bytes = if row.mode == 0o120000 { tree.read_link(&row.path) } else { tree.read(&row.path) };
    bytes.ok().map(|bytes| Digest::of(&bytes))
}

/// Returns what was in the copy and is not in the index any more.
fn gone<'a>(before: &'a BTreeMap<RelPath, Row>, files: &[Tracked]) -> impl Iterator<Item = RelPath> + use<'a> {
    let there: std::collections::BTreeSet<RelPath> = files.iter().map(|file| file.path.clone()).collect();
    before.keys().filter(move |path| !there.contains(*path)).cloned()
}

/// Returns what somebody else has put there, beside what the index itself says is ignored.
fn strange(tree: &Tree, files: &[Tracked]) -> io::Result<Vec<RelPath>> {
    let there: std::collections::BTreeSet<&RelPath> = files.iter().map(|file| &file.path).collect();
    let own = RelPath::from_normal(&b".git"[..]);
    Ok(sources(tree, &RelPath::root(), true)?.into_iter().filter(|path| *path != own && !there.contains(path)).collect())
}

/// Removes a file, and the folders that are empty without it.
fn take_away(tree: &Tree, path: &RelPath) -> io::Result<()> {
    if in_the_way(tree, path)?.is_some() {
        return Ok(());
    }
    tree.remove_all(path)?;
    let mut folder = path.parent();
    while let Some(empty) = folder.filter(|folder| !folder.is_root()) {
        if tree.remove_folder(&empty).is_err() {
            break;
        }
        folder = empty.parent();
    }
    Ok(())
}

/// Returns what stands on the way to a path and is no folder: a link that is followed would lead to the files of others.
fn in_the_way(tree: &Tree, path: &RelPath) -> io::Result<Option<RelPath>> {
    let slashes = path.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'/');
    for folder in slashes.map(|(at, _)| RelPath::from_normal(&path.as_bytes()[..at])) {
        match tree.stat(&folder)? {
            Some(there) if there.is_dir() => {}
            Some(_) => return Ok(Some(folder)),
            None => break,
        }
    }
    Ok(None)
}

/// Puts a file or link where it belongs, as a whole, and out of the way what stands there.
fn put(tree: &Tree, path: &RelPath, mode: u32, bytes: &[u8]) -> io::Result<()> {
    if let Some(other) = in_the_way(tree, path)? {
        tree.remove_all(&other)?;
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.is_root()) {
        tree.make_folder(&parent)?;
    }
    if tree.stat(path)?.is_some_and(|there| there.is_dir()) {
        tree.remove_all(path)?;
    }
    let fresh = RelPath::from_normal(&b".orket/fresh"[..]);
    tree.remove_all(&fresh)?;
    if mode == 0o120000 {
        tree.link(&fresh, bytes)?;
    } else {
        let mut file = tree.create(&fresh, mode & 0o100 != 0)?;
        io::Write::write_all(&mut file, bytes)?;
    }
    tree.rename(&fresh, path)
}

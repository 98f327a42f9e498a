//! The store in a folder: `blobs/ab/HEX`, `actions/ab/HEX`, written beside and renamed into place.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::medium::{Disk, Medium, write_all};
use super::{ActionCache, Blobs, StoreError, entry};
use crate::base::{Digest, RelPath};
use crate::disk::{Signature, Tree};

/// How old the stamp of an entry may grow before a use renews it.
const RENEW: Duration = Duration::from_secs(3600);

/// How much of a large file is copied at a time, in bytes.
const PIECE: usize = 2 << 20;

/// Tells backup programs to pass the folder over; see bford.info/cachedir.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is orket's store; it can be deleted at any time.\n";

/// A store in a folder that many checkouts and processes share. Nothing is made until something is written.
pub struct LocalStore {
    root: PathBuf,
    medium: Box<dyn Medium>,
    /// Bytes that were put in and are not in the account yet.
    written: AtomicU64,
}

/// Counts the temporary files of this process, so that no two stores in it share a name.
static COUNT: AtomicU64 = AtomicU64::new(0);

impl LocalStore {
    /// A store in `root`.
    pub fn new(root: PathBuf) -> LocalStore {
        LocalStore::on(root, Box::new(Disk))
    }

    pub(super) fn on(root: PathBuf, medium: Box<dyn Medium>) -> LocalStore {
        LocalStore { root, medium, written: AtomicU64::new(0) }
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        self.place("blobs", digest)
    }

    fn place(&self, kind: &str, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        let mut path = self.root.join(kind);
        path.push(&hex[..2]);
        path.push(&hex);
        path
    }

    /// A name nobody else has: processes in two containers may share a number and a store, hence the time.
    fn temporary(&self) -> PathBuf {
        let (process, count) = (std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        self.root.join("tmp").join(format!("{process}-{count}-{}", crate::disk::now_ns()))
    }

    /// Returns how many bytes were put in since this was last asked.
    pub(super) fn take_written(&self) -> u64 {
        self.written.swap(0, Ordering::Relaxed)
    }

    /// Writes a file beside its place and renames it there.
    pub(super) fn write(&self, to: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_with(to, bytes.len() as u64, |file| write_all(&*self.medium, file, bytes))
    }

    /// As [`LocalStore::write`], with the bytes that `fill` writes; whenever something fails, nothing is left.
    fn write_with(&self, to: &Path, size: u64, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<(), StoreError> {
        let temporary = self.temporary();
        let mut file = self.make(&temporary).map_err(StoreError::new("write", &temporary))?;
        fill(&mut file)
            .and_then(|()| self.medium.seal(&file))
            .map_err(StoreError::new("write", &temporary))
            .and_then(|()| self.settle(&temporary, to).map_err(StoreError::new("write", to)))
            .inspect(|()| {
                self.written.fetch_add(size, Ordering::Relaxed);
            })
            .inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            })
    }

    /// Renames a file to its place, whose folder is made when it turns out to be missing.
    fn settle(&self, temporary: &Path, to: &Path) -> io::Result<()> {
        match self.medium.rename(temporary, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                to.parent().map_or(Ok(()), |folder| self.medium.folder(folder))?;
                self.medium.rename(temporary, to)
            }
            result => result,
        }
    }

    fn make(&self, path: &Path) -> io::Result<File> {
        match self.medium.create(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                for folder in ["blobs", "actions", "checkouts"] {
                    self.medium.folder(&self.root.join(folder))?;
                }
                for (name, text) in [("CACHEDIR.TAG", TAG), ("version", "1\n")] {
                    let place = self.root.join(name);
                    if !place.exists() {
                        fs::write(place, text)?;
                    }
                }
                // Last, since who finds it takes the rest for made.
                self.medium.folder(&self.root.join("tmp"))?;
                self.medium.create(path)
            }
            result => result,
        }
    }

    /// Whether an entry of this size is there; if so, it counts as used now, so that a sweep leaves it to whoever is about to name it.
    fn present(&self, path: &Path, size: u64) -> bool {
        let Ok(metadata) = fs::metadata(path) else { return false };
        if !metadata.is_file() || metadata.len() != size {
            return false;
        }
        renew(path, &metadata);
        true
    }

    /// Puts a damaged entry aside, where nobody looks it up.
    pub(super) fn quarantine(&self, path: &Path) {
        tracing::warn!(path = %path.display(), "a damaged entry is put aside");
        let aside = self.root.join("quarantine");
        let name = path.file_name().unwrap_or_default();
        if fs::create_dir_all(&aside).is_err() || fs::rename(path, aside.join(name)).is_err() {
            let _ = fs::remove_file(path);
        }
    }

    pub(super) fn open(&self, path: &Path) -> Result<Option<(File, fs::Metadata)>, StoreError> {
        match File::open(path).and_then(|file| file.metadata().map(|metadata| (file, metadata))) {
            Ok(found) => Ok(Some(found)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(StoreError::new("read", path)(error)),
        }
    }

    /// Opens a blob for use; one of another size than its digest says is damaged.
    fn open_blob(&self, path: &Path, digest: &Digest) -> Result<Option<File>, StoreError> {
        let Some((file, metadata)) = self.open(path)? else { return Ok(None) };
        if !metadata.is_file() || metadata.len() != digest.size {
            self.quarantine(path);
            return Ok(None);
        }
        renew(path, &metadata);
        Ok(Some(file))
    }

    /// Copies a large file, sharing its blocks where the file system can; fails unless what was copied is what was digested.
    fn copy(&self, tree: &Tree, path: &RelPath, to: &mut File, digest: &Digest, signature: &Signature) -> io::Result<()> {
        let changed = || io::Error::other("it changed while it was stored");
        let mut from = tree.open_file(path)?;
        if rustix::fs::ioctl_ficlone(&*to, &from).is_ok() {
            let now = Signature::from(rustix::fs::fstat(&from)?);
            return if now == *signature { Ok(()) } else { Err(changed()) };
        }
        let mut hasher = blake3::Hasher::new();
        let mut piece = Vec::with_capacity(PIECE);
        while Read::take(&mut from, PIECE as u64).read_to_end(&mut piece)? > 0 {
            let (_, written) = rayon::join(|| hasher.update_rayon(&piece).count(), || write_all(&*self.medium, to, &piece));
            written?;
            piece.clear();
        }
        if hasher.finalize().as_bytes() == &digest.hash { Ok(()) } else { Err(changed()) }
    }

    /// Remembers a checkout, so that a sweep leaves alone what its last build used.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn register(&self, state: &Path) -> Result<(), StoreError> {
        let text = state.as_os_str().as_encoded_bytes();
        let place = self.root.join("checkouts").join(Digest::of(text).short());
        if place.exists() { Ok(()) } else { self.write(&place, text) }
    }

    /// Returns the state folders of the checkouts that still are there.
    pub fn checkouts(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.root.join("checkouts")).into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let bytes = fs::read(entry.path()).ok()?;
                let path = PathBuf::from(OsString::from_vec(bytes));
                path.exists().then_some(path)
            })
            .collect()
    }
}

/// Stamps an entry as used now, at most once an hour.
fn renew(path: &Path, metadata: &fs::Metadata) {
    if metadata.modified().ok().and_then(|time| time.elapsed().ok()).is_some_and(|old| old > RENEW) {
        // The file is read-only for writing its bytes; its owner may still stamp it.
        let _ = File::open(path).and_then(|file| file.set_modified(SystemTime::now()));
    }
}

impl Blobs for LocalStore {
    fn has(&self, digest: &Digest) -> bool {
        fs::metadata(self.blob(digest)).is_ok_and(|metadata| metadata.len() == digest.size)
    }

    fn put_bytes(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        let place = self.blob(&digest);
        if !self.present(&place, digest.size) {
            self.write(&place, bytes)?;
        }
        Ok(digest)
    }

    fn put_file(&self, tree: &Tree, path: &RelPath) -> Result<(Digest, Signature), StoreError> {
        let failed = |error| StoreError { operation: "read", path: path.under(tree.root()), source: error };
        let (bytes, digest, signature) = tree.read_steady(path).map_err(failed)?;
        let place = self.blob(&digest);
        if self.present(&place, digest.size) {
            return Ok((digest, signature));
        }
        match bytes {
            Some(bytes) => self.write(&place, &bytes)?,
            None => self.write_with(&place, digest.size, |to| self.copy(tree, path, to, &digest, &signature))?,
        }
        Ok((digest, signature))
    }

    fn get_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.blob(digest);
        let Some(mut file) = self.open_blob(&path, digest)? else { return Ok(None) };
        let mut bytes = Vec::with_capacity(digest.size as usize + 1);
        file.read_to_end(&mut bytes).map_err(StoreError::new("read", &path))?;
        if Digest::of(&bytes) == *digest {
            return Ok(Some(bytes));
        }
        self.quarantine(&path);
        Ok(None)
    }

    fn get_file(&self, digest: &Digest, tree: &Tree, to: &RelPath, executable: bool) -> Result<bool, StoreError> {
        let path = self.blob(digest);
        let Some(mut from) = self.open_blob(&path, digest)? else { return Ok(false) };
        let failed = |error| StoreError { operation: "write", path: to.under(tree.root()), source: error };
        let mut file = tree.create(to, executable).map_err(failed)?;
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0u8; 1 << 16];
        let copied = loop {
            match from.read(&mut buffer) {
                Ok(0) => break Ok(()),
                Ok(count) => {
                    hasher.update(&buffer[..count]);
                    if let Err(error) = file.write_all(&buffer[..count]) {
                        break Err(failed(error));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break Err(StoreError::new("read", &path)(error)),
            }
        };
        let good = Digest { hash: *hasher.finalize().as_bytes(), size: hasher.count() } == *digest;
        if copied.is_err() || !good {
            let _ = tree.remove(to);
        }
        copied?;
        if !good {
            self.quarantine(&path);
        }
        Ok(good)
    }
}

impl ActionCache for LocalStore {
    fn lookup(&self, key: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.place("actions", key);
        let Some((mut file, metadata)) = self.open(&path)? else { return Ok(None) };
        if !metadata.is_file() {
            self.quarantine(&path);
            return Ok(None);
        }
        renew(&path, &metadata);
        let mut bytes = Vec::with_capacity(metadata.len() as usize + 1);
        file.read_to_end(&mut bytes).map_err(StoreError::new("read", &path))?;
        match entry::decode(&bytes, Some(key)) {
            Some(entry) => Ok(Some(entry.payload.to_vec())),
            None => {
                self.quarantine(&path);
                Ok(None)
            }
        }
    }

    fn record(&self, key: &Digest, payload: &[u8], blobs: &[Digest]) -> Result<(), StoreError> {
        self.write(&self.place("actions", key), &entry::encode(key, payload, blobs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(store: &LocalStore) -> Vec<PathBuf> {
        walkdir::WalkDir::new(store.root())
            .into_iter()
            .flatten()
            .filter(|entry| {
                entry.file_type().is_file() && ["blobs", "actions"].iter().any(|kind| entry.path().starts_with(store.root().join(kind)))
            })
            .map(|entry| entry.path().to_path_buf())
            .collect()
    }

    /// Every flipped bit, every truncation, swapped entries: a miss, never wrong bytes.
    #[test]
    fn damage_is_a_miss() {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().to_path_buf());
        let blob = store.put_bytes(b"some bytes").unwrap();
        let key = Digest::of(b"key");
        store.record(&key, b"payload", &[blob]).unwrap();
        for path in files(&store) {
            let whole = fs::read(&path).unwrap();
            let damaged = (0..whole.len() * 8)
                .map(|bit| {
                    let mut bytes = whole.clone();
                    bytes[bit / 8] ^= 1 << (bit % 8);
                    bytes
                })
                .chain((0..whole.len()).map(|length| whole[..length].to_vec()));
            for bytes in damaged {
                let _ = fs::remove_file(&path);
                fs::write(&path, &bytes).unwrap();
                let found = (store.get_bytes(&blob).unwrap(), store.lookup(&key).unwrap());
                assert!(found.0.is_none() || found.1.is_none());
                assert!(found.0.is_none_or(|bytes| bytes == b"some bytes"));
                assert!(found.1.is_none_or(|bytes| bytes == b"payload"));
                assert!(!path.exists(), "damage is put aside");
            }
            fs::write(&path, &whole).unwrap();
        }
        let other = Digest::of(b"other");
        fs::create_dir_all(store.place("actions", &other).parent().unwrap()).unwrap();
        fs::rename(store.place("actions", &key), store.place("actions", &other)).unwrap();
        assert_eq!(store.lookup(&other).unwrap(), None);
    }

    #[test]
    fn a_file_goes_in_and_comes_out_verified() {
        let (folder, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = LocalStore::new(folder.path().join("store"));
        let tree = Tree::open(project.path()).unwrap();
        let path = |text: &str| RelPath::parse(text).unwrap();
        tree.write(&path("a"), b"text").unwrap();
        let (digest, _) = store.put_file(&tree, &path("a")).unwrap();
        assert!(store.get_file(&digest, &tree, &path("b"), true).unwrap());
        assert_eq!(tree.read(&path("b")).unwrap(), b"text");
        assert!(tree.stat(&path("b")).unwrap().unwrap().is_executable());
        fs::remove_file(store.blob(&digest)).unwrap();
        fs::write(store.blob(&digest), "tex!").unwrap();
        assert!(!store.get_file(&digest, &tree, &path("c"), false).unwrap());
        assert_eq!(tree.stat(&path("c")).unwrap(), None);
    }
}

//! The store in a folder: `blobs/ab/HEX`, `actions/ab/HEX`, written beside and renamed into place.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::{ActionCache, Blobs, StoreError, entry};
use crate::base::{Digest, RelPath};
use crate::disk::{Signature, Tree};

/// How old the stamp of an entry may grow before a use renews it.
const RENEW: Duration = Duration::from_secs(3600);

/// A store in a folder that many checkouts and processes share. Nothing is made until something is written.
pub struct LocalStore {
    root: PathBuf,
    count: AtomicU64,
}

impl LocalStore {
    /// A store in `root`.
    pub fn new(root: PathBuf) -> LocalStore {
        LocalStore { root, count: AtomicU64::new(0) }
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

    fn temporary(&self) -> PathBuf {
        self.root.join("tmp").join(format!("{}-{}", std::process::id(), self.count.fetch_add(1, Ordering::Relaxed)))
    }

    /// Writes a file beside its place and renames it there. Folders are made when they turn out to be missing.
    fn write(&self, to: &Path, bytes: &[u8]) -> Result<(), StoreError> {
        let temporary = self.temporary();
        let written = self.make(&temporary).and_then(|mut file| {
            file.write_all(bytes)?;
            // Nobody may write into the store through a link or by mistake.
            file.set_permissions(fs::Permissions::from_mode(0o444))
        });
        written
            .map_err(StoreError::new("write", &temporary))
            .and_then(|()| {
                let renamed = match fs::rename(&temporary, to) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {
                        to.parent().map_or(Ok(()), fs::create_dir_all).and_then(|()| fs::rename(&temporary, to))
                    }
                    result => result,
                };
                renamed.map_err(StoreError::new("write", to))
            })
            .inspect_err(|_| {
                let _ = fs::remove_file(&temporary);
            })
    }

    fn make(&self, path: &Path) -> io::Result<File> {
        match File::create_new(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                for folder in ["blobs", "actions", "tmp", "checkouts"] {
                    fs::create_dir_all(self.root.join(folder))?;
                }
                let tag = self.root.join("CACHEDIR.TAG");
                if !tag.exists() {
                    fs::write(
                        tag,
                        "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is orket's store; it can be deleted at any time.\n",
                    )?;
                }
                File::create_new(path)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                fs::remove_file(path)?;
                File::create_new(path)
            }
            result => result,
        }
    }

    /// Puts a damaged entry aside, where nobody looks it up.
    pub(super) fn quarantine(&self, path: &Path) {
        let aside = self.root.join("quarantine");
        let name = path.file_name().unwrap_or_default();
        if fs::create_dir_all(&aside).is_err() || fs::rename(path, aside.join(name)).is_err() {
            let _ = fs::remove_file(path);
        }
    }

    fn used(&self, path: &Path, file: &File) {
        let old = file.metadata().and_then(|metadata| metadata.modified()).ok().and_then(|time| time.elapsed().ok());
        if old.is_some_and(|old| old > RENEW) {
            // The file is read-only for writing its bytes; its owner may still stamp it.
            let _ = fs::OpenOptions::new().read(true).open(path).and_then(|file| file.set_modified(SystemTime::now()));
        }
    }

    fn open(&self, path: &Path) -> Result<Option<File>, StoreError> {
        match File::open(path) {
            Ok(file) => {
                self.used(path, &file);
                Ok(Some(file))
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
            Err(error) => Err(StoreError::new("read", path)(error)),
        }
    }

    pub(super) fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(mut file) = self.open(path)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(StoreError::new("read", path))?;
        Ok(Some(bytes))
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
                let path = PathBuf::from(String::from_utf8(bytes).ok()?);
                path.exists().then_some(path)
            })
            .collect()
    }
}

impl Blobs for LocalStore {
    fn has(&self, digest: &Digest) -> bool {
        fs::metadata(self.blob(digest)).is_ok_and(|metadata| metadata.len() == digest.size)
    }

    fn put_bytes(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        if !self.has(&digest) {
            self.write(&self.blob(&digest), bytes)?;
        }
        Ok(digest)
    }

    fn put_file(&self, tree: &Tree, path: &RelPath) -> Result<(Digest, Signature), StoreError> {
        let failed = |error| StoreError { operation: "read", path: path.under(tree.root()), source: error };
        let (digest, signature) = tree.digest(path).map_err(failed)?;
        if self.has(&digest) {
            return Ok((digest, signature));
        }
        let temporary = self.temporary();
        let copied = (|| {
            let mut from = tree.open_file(path)?;
            let mut to = self.make(&temporary)?;
            if rustix::fs::ioctl_ficlone(&to, &from).is_err() {
                io::copy(&mut from, &mut to)?;
            }
            to.set_permissions(fs::Permissions::from_mode(0o444))?;
            let to = self.blob(&digest);
            match fs::rename(&temporary, &to) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    to.parent().map_or(Ok(()), fs::create_dir_all)?;
                    fs::rename(&temporary, &to)
                }
                result => result,
            }
        })();
        copied.map_err(StoreError::new("write", &temporary)).inspect_err(|_| {
            let _ = fs::remove_file(&temporary);
        })?;
        // What was copied is what was digested only if the file held still.
        let now = tree.stat_follow(path).map_err(failed)?;
        if now != Some(signature) {
            return Err(failed(io::Error::other("it changed while it was stored")));
        }
        Ok((digest, signature))
    }

    fn get_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let path = self.blob(digest);
        let Some(bytes) = self.read(&path)? else { return Ok(None) };
        if Digest::of(&bytes) == *digest {
            return Ok(Some(bytes));
        }
        self.quarantine(&path);
        Ok(None)
    }

    fn get_file(&self, digest: &Digest, tree: &Tree, to: &RelPath, executable: bool) -> Result<bool, StoreError> {
        let path = self.blob(digest);
        let Some(mut from) = self.open(&path)? else { return Ok(false) };
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
        let Some(bytes) = self.read(&path)? else { return Ok(None) };
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

//! The store in a folder: `blobs/ab/HEX`, written beside and renamed into place; what is small, and all results, on shelves.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use super::medium::{Disk, Medium, write_all};
use super::shelf::Shelf;
use super::{ActionCache, Blobs, StoreError, entry, limit};
use crate::base::{Digest, RelPath};
use crate::disk::{Signature, Tree};

/// How old the stamp of an entry may grow before a use renews it.
const RENEW: Duration = Duration::from_secs(3600);

/// From which size on a blob has a file of its own, in bytes.
const SMALL: u64 = 16 << 10;

/// How much of a large file is copied at a time, in bytes.
const PIECE: usize = 2 << 20;

/// Tells backup programs to pass the folder over; see bford.info/cachedir.
const TAG: &str = "Signature: 8a477f597d28d172789f06886806bc55\n# This folder is orket's store; it can be deleted at any time.\n";

/// What stands in every store; where it is missing, none of these folders is orket's.
const VERSION: &str = "version";
const FOLDERS: [&str; 5] = ["blobs", "results", "small", "checkouts", "tmp"];

/// A store in a folder that many checkouts and processes share. Nothing is made until something is written.
pub struct LocalStore {
    root: PathBuf,
    medium: Arc<dyn Medium>,
    pub(super) results: Shelf,
    pub(super) small: Shelf,
    /// Bytes that were put in and are not in the account yet.
    written: AtomicU64,
}

/// Counts the temporary files of this process, so that no two stores in it share a name.
static COUNT: AtomicU64 = AtomicU64::new(0);

impl LocalStore {
    /// A store in `root`.
    pub fn new(root: PathBuf) -> LocalStore {
        LocalStore::on(root, Arc::new(Disk))
    }

    pub(super) fn on(root: PathBuf, medium: Arc<dyn Medium>) -> LocalStore {
        let shelf = |name: &str| Shelf::new(root.join(name), medium.clone());
        LocalStore { results: shelf("results"), small: shelf("small"), root, medium, written: AtomicU64::new(0) }
    }

    /// Returns the folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether the folder holds something that stands where a store has its own, and is none: it was written by somebody else.
    pub fn is_foreign(&self) -> bool {
        FOLDERS.iter().any(|folder| self.root.join(folder).exists()) && !self.root.join(VERSION).exists()
    }

    /// Returns the file of a blob that is not small.
    pub(super) fn blob(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        let mut path = self.root.join("blobs");
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
        self.in_its_folders(|| self.medium.create(path))
    }

    /// Does something that fails where the store's folders are missing; then these are made, and it is done again.
    fn in_its_folders<T>(&self, what: impl Fn() -> io::Result<T>) -> io::Result<T> {
        match what() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if self.is_foreign() {
                    let text = format!("`{}` is no store of orket's, and holds what others have written", self.root.display());
                    return Err(io::Error::new(io::ErrorKind::AlreadyExists, text));
                }
                // First, since who finds one of the folders takes all the rest for made.
                self.medium.folder(&self.root)?;
                let empty = limit::empty();
                for (name, text) in [("CACHEDIR.TAG", TAG), (VERSION, "2\n"), (limit::ACCOUNT, &empty)] {
                    let place = self.root.join(name);
                    if !place.exists() {
                        fs::write(place, text)?;
                    }
                }
                for folder in FOLDERS {
                    self.medium.folder(&self.root.join(folder))?;
                }
                what()
            }
            result => result,
        }
    }

    /// Puts something small on a shelf.
    fn shelve(&self, shelf: &Shelf, key: &Digest, bytes: &[u8]) -> Result<(), StoreError> {
        let size = self.in_its_folders(|| shelf.put(key, bytes)).map_err(StoreError::new("write", &shelf.path_of(key)))?;
        self.written.fetch_add(size, Ordering::Relaxed);
        Ok(())
    }

    /// Whether a blob is there; if so, it counts as used now, so that a sweep leaves it to whoever is about to name it.
    fn present(&self, digest: &Digest) -> bool {
        if digest.size < SMALL {
            return self.small.present(digest);
        }
        let path = self.blob(digest);
        let Ok(metadata) = fs::metadata(&path) else { return false };
        if !metadata.is_file() || metadata.len() != digest.size {
            return false;
        }
        renew(&path, &metadata);
        true
    }

    /// Returns a small blob, verified.
    fn small(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.small.get(digest)?.filter(|bytes| Digest::of(bytes) == *digest))
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

    /// Keeps a copy of a file aside that is about to be mended.
    pub(super) fn copy_aside(&self, path: &Path) {
        tracing::warn!(path = %path.display(), "a damaged file is mended");
        let aside = self.root.join("quarantine");
        let name = path.file_name().unwrap_or_default();
        // Without a copy nothing is lost but the chance to look at the damage.
        let _ = fs::create_dir_all(&aside).and_then(|()| fs::copy(path, aside.join(name)));
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

    /// Hands the bytes of a blob to `each`, piece by piece; returns whether they were what the digest says. Damaged ones are put aside.
    fn pour(
        &self,
        path: &Path,
        mut from: File,
        digest: &Digest,
        each: &mut dyn FnMut(&[u8]) -> Result<(), StoreError>,
    ) -> Result<bool, StoreError> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0u8; 1 << 16];
        loop {
            match from.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    hasher.update(&buffer[..count]);
                    each(&buffer[..count])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(StoreError::new("read", path)(error)),
            }
        }
        let good = Digest { hash: *hasher.finalize().as_bytes(), size: hasher.count() } == *digest;
        if !good {
            self.quarantine(path);
        }
        Ok(good)
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
        match digest.size < SMALL {
            true => self.small.has(digest),
            false => fs::metadata(self.blob(digest)).is_ok_and(|metadata| metadata.len() == digest.size),
        }
    }

    fn put_bytes(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        match self.present(&digest) {
            true => {}
            false if digest.size < SMALL => self.shelve(&self.small, &digest, bytes)?,
            false => self.write(&self.blob(&digest), bytes)?,
        }
        Ok(digest)
    }

    fn put_file(&self, tree: &Tree, path: &RelPath) -> Result<(Digest, Signature), StoreError> {
        let failed = |error| StoreError { operation: "read", path: path.under(tree.root()), source: error };
        let (bytes, digest, signature) = tree.read_steady(path).map_err(failed)?;
        if self.present(&digest) {
            return Ok((digest, signature));
        }
        let place = self.blob(&digest);
        match bytes {
            Some(bytes) if digest.size < SMALL => self.shelve(&self.small, &digest, &bytes)?,
            Some(bytes) => self.write(&place, &bytes)?,
            None => self.write_with(&place, digest.size, |to| self.copy(tree, path, to, &digest, &signature))?,
        }
        Ok((digest, signature))
    }

    fn get_bytes(&self, digest: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        if digest.size < SMALL {
            return self.small(digest);
        }
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

    fn get_end(&self, digest: &Digest, most: usize) -> Result<Option<Vec<u8>>, StoreError> {
        let mut end = Vec::new();
        let good = match digest.size < SMALL {
            true => self.small(digest)?.map(|bytes| end = bytes).is_some(),
            false => {
                let path = self.blob(digest);
                let Some(from) = self.open_blob(&path, digest)? else { return Ok(None) };
                self.pour(&path, from, digest, &mut |piece| {
                    end.extend_from_slice(piece);
                    if end.len() > 2 * most {
                        end.drain(..end.len() - most);
                    }
                    Ok(())
                })?
            }
        };
        end.drain(..end.len().saturating_sub(most));
        Ok(good.then_some(end))
    }

    fn get_file(&self, digest: &Digest, tree: &Tree, to: &RelPath, executable: bool) -> Result<bool, StoreError> {
        let failed = |error| StoreError { operation: "write", path: to.under(tree.root()), source: error };
        if digest.size < SMALL {
            let Some(bytes) = self.small(digest)? else { return Ok(false) };
            let written = tree.create(to, executable).and_then(|mut file| file.write_all(&bytes));
            return written.map(|()| true).map_err(failed).inspect_err(|_| {
                let _ = tree.remove(to);
            });
        }
        let path = self.blob(digest);
        let Some(from) = self.open_blob(&path, digest)? else { return Ok(false) };
        let mut file = tree.create(to, executable).map_err(failed)?;
        let good = self.pour(&path, from, digest, &mut |piece| file.write_all(piece).map_err(failed));
        if !matches!(good, Ok(true)) {
            let _ = tree.remove(to);
        }
        good
    }
}

impl ActionCache for LocalStore {
    fn lookup(&self, key: &Digest) -> Result<Option<Vec<u8>>, StoreError> {
        let bytes = self.results.get(key)?;
        Ok(bytes.and_then(|bytes| entry::decode(&bytes, Some(key)).map(|entry| entry.payload.to_vec())))
    }

    fn record(&self, key: &Digest, payload: &[u8], blobs: &[Digest]) -> Result<(), StoreError> {
        let bytes = entry::encode(key, payload, blobs);
        self.shelve(&self.results, key, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every flipped bit, every truncation, swapped entries: a miss, never wrong bytes, and what is put again is there again.
    #[test]
    fn damage_is_a_miss() {
        let folder = tempfile::tempdir().unwrap();
        let (small, large, key) = (b"some bytes".as_slice(), vec![7; SMALL as usize], Digest::of(b"key"));
        let fill = || {
            let store = LocalStore::new(folder.path().to_path_buf());
            let blobs = [small, &large].map(|bytes| store.put_bytes(bytes).unwrap());
            store.record(&key, b"payload", &blobs).unwrap();
            (store, blobs)
        };
        let found = |blobs: &[Digest; 2]| {
            let store = LocalStore::new(folder.path().to_path_buf());
            let [one, other] = blobs.map(|blob| store.get_bytes(&blob).unwrap());
            assert!(one.as_ref().is_none_or(|bytes| bytes == small));
            assert!(other.as_ref().is_none_or(|bytes| *bytes == large));
            let result = store.lookup(&key).unwrap();
            assert!(result.as_ref().is_none_or(|bytes| bytes == b"payload"));
            [one.is_some(), other.is_some(), result.is_some()]
        };
        let (store, blobs) = fill();
        for path in [store.small.path_of(&blobs[0]), store.blob(&blobs[1]), store.results.path_of(&key)] {
            let whole = fs::read(&path).unwrap();
            let step = whole.len().div_ceil(300) * 8;
            let stamp = if path == store.blob(&blobs[1]) { 0..0 } else { 72 * 8..80 * 8 };
            let flipped = (0..whole.len() * 8).step_by(if step > 8 { step + 1 } else { 1 }).map(|bit| {
                let mut bytes = whole.clone();
                bytes[bit / 8] ^= 1 << (bit % 8);
                (bytes, stamp.contains(&bit))
            });
            let cut = (0..whole.len()).step_by(step / 8).map(|length| (whole[..length].to_vec(), false));
            for (bytes, harmless) in flipped.chain(cut) {
                let _ = fs::remove_file(&path);
                fs::write(&path, &bytes).unwrap();
                assert_eq!(found(&blobs), if harmless { [true; 3] } else { found_without(&path, &store, &blobs) });
                // Once it is known to be damaged, it is stored again.
                let store = LocalStore::new(folder.path().to_path_buf());
                store.verify().unwrap();
                fill();
                assert_eq!(found(&blobs), [true; 3]);
            }
            let _ = fs::remove_file(&path);
            fs::write(&path, &whole).unwrap();
        }
        let other = Digest::of(b"other key");
        fs::rename(store.results.path_of(&key), store.results.path_of(&other)).unwrap();
        assert_eq!(LocalStore::new(folder.path().to_path_buf()).lookup(&other).unwrap(), None);
    }

    fn found_without(path: &Path, store: &LocalStore, blobs: &[Digest; 2]) -> [bool; 3] {
        [*path != store.small.path_of(&blobs[0]), *path != store.blob(&blobs[1]), !path.starts_with(store.root().join("results"))]
    }

    #[test]
    fn a_file_goes_in_and_comes_out_verified() {
        let (folder, project) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let store = LocalStore::new(folder.path().join("store"));
        let tree = Tree::open(project.path()).unwrap();
        let path = |text: &str| RelPath::parse(text).unwrap();
        for bytes in [b"text".to_vec(), vec![7; SMALL as usize]] {
            tree.write(&path("a"), &bytes).unwrap();
            let (digest, _) = store.put_file(&tree, &path("a")).unwrap();
            assert_eq!(store.get_end(&digest, 3).unwrap().unwrap(), bytes[bytes.len() - 3..]);
            assert!(store.get_file(&digest, &tree, &path("b"), true).unwrap());
            assert_eq!(tree.read(&path("b")).unwrap(), bytes);
            assert!(tree.stat(&path("b")).unwrap().unwrap().is_executable());
            tree.remove(&path("b")).unwrap();
            let place = if digest.size < SMALL { store.small.path_of(&digest) } else { store.blob(&digest) };
            let mut stored = fs::read(&place).unwrap();
            *stored.last_mut().unwrap() ^= 1;
            fs::remove_file(&place).unwrap();
            fs::write(&place, stored).unwrap();
            assert!(!store.get_file(&digest, &tree, &path("c"), false).unwrap());
            assert_eq!(tree.stat(&path("c")).unwrap(), None);
            assert_eq!(store.get_end(&digest, 3).unwrap(), None);
        }
    }
}

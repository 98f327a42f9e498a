//! The store against disks that fail and against a model of itself.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::medium::{Disk, Medium};
use super::{ActionCache, Blobs, LocalStore};
use crate::base::{Digest, RelPath};
use crate::disk::Tree;

/// What the nth call does instead of what it should.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Error(rustix::io::Errno),
    /// Takes half of the bytes.
    Short,
}

/// A disk whose nth call fails; where the fault is lasting, as a full disk is, every later one too.
struct Faulty {
    calls: Arc<AtomicU64>,
    nth: u64,
    fault: Fault,
    lasting: bool,
}

impl Faulty {
    /// Whether this call is one that fails.
    fn now(&self) -> bool {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        call == self.nth || (self.lasting && call > self.nth)
    }

    fn check(&self) -> io::Result<()> {
        let error = match self.fault {
            Fault::Error(error) => error,
            Fault::Short => rustix::io::Errno::NOSPC,
        };
        if self.now() { Err(error.into()) } else { Ok(()) }
    }
}

impl Medium for Faulty {
    fn create(&self, path: &Path) -> io::Result<File> {
        self.check()?;
        Disk.create(path)
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        self.check()?;
        Disk.open(path)
    }

    fn write(&self, file: &mut File, bytes: &[u8]) -> io::Result<usize> {
        match self.check() {
            Err(_) if matches!(self.fault, Fault::Short) && bytes.len() > 1 => Disk.write(file, &bytes[..bytes.len() / 2]),
            Err(error) => Err(error),
            Ok(()) => Disk.write(file, bytes),
        }
    }

    fn seal(&self, file: &File) -> io::Result<()> {
        self.check()?;
        Disk.seal(file)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.check()?;
        Disk.rename(from, to)
    }

    fn folder(&self, path: &Path) -> io::Result<()> {
        self.check()?;
        Disk.folder(path)
    }
}

fn path(text: &str) -> RelPath {
    RelPath::parse(text).unwrap()
}

/// Bytes, a small file, a large file and a result: all that is ever written. Returns whether all of it succeeded.
fn write_everything(store: &LocalStore, tree: &Tree) -> bool {
    let bytes = store.put_bytes(b"bytes").is_ok();
    let files = ["small", "large"].map(|name| store.put_file(tree, &path(name)).is_ok());
    let record = store.record(&Digest::of(b"key"), b"payload", &[Digest::of(b"bytes")]).is_ok();
    bytes && files == [true, true] && record
}

#[test]
fn after_any_fault_a_retry_succeeds_and_no_bytes_are_wrong() {
    use rustix::io::Errno;
    let project = tempfile::tempdir().unwrap();
    let tree = Tree::open(project.path()).unwrap();
    let large: Vec<u8> = (0..(1usize << 20) + 5).map(|at| (at / 3) as u8).collect();
    let contents: [&[u8]; 3] = [b"bytes", b"small", &large];
    tree.write(&path("small"), b"small").unwrap();
    tree.write(&path("large"), &large).unwrap();
    let faults = [Fault::Error(Errno::NOSPC), Fault::Error(Errno::IO), Fault::Short];
    for (fault, lasting) in faults.into_iter().flat_map(|fault| [(fault, false), (fault, true)]) {
        for nth in 1.. {
            let folder = tempfile::tempdir().unwrap();
            let root = folder.path().join("store");
            let calls = Arc::new(AtomicU64::new(0));
            let faulty = LocalStore::on(root.clone(), Arc::new(Faulty { calls: calls.clone(), nth, fault, lasting }));
            let succeeded = write_everything(&faulty, &tree);
            let met = calls.load(Ordering::Relaxed) >= nth;
            assert!(succeeded || met, "{fault:?} at call {nth}");
            assert!(!succeeded || !met || matches!(fault, Fault::Short), "{fault:?} at call {nth} was not told");
            let store = LocalStore::new(root);
            for bytes in contents {
                let found = store.get_bytes(&Digest::of(bytes)).unwrap();
                assert!(found.is_none_or(|found| found == bytes), "{fault:?} at call {nth}");
            }
            assert!(store.lookup(&Digest::of(b"key")).unwrap().is_none_or(|found| found == b"payload"), "{fault:?} at call {nth}");
            assert!(!store.root().join("quarantine").exists(), "{fault:?} at call {nth} left damage");
            assert_eq!(fs::read_dir(store.root().join("tmp")).into_iter().flatten().count(), 0, "{fault:?} at call {nth} left a file");
            assert!(write_everything(&store, &tree), "{fault:?} at call {nth}");
            assert!(["CACHEDIR.TAG", "version"].iter().all(|name| store.root().join(name).exists()), "{fault:?} at call {nth}");
            for bytes in contents {
                assert_eq!(store.get_bytes(&Digest::of(bytes)).unwrap().as_deref(), Some(bytes), "{fault:?} at call {nth}");
            }
            assert_eq!(store.lookup(&Digest::of(b"key")).unwrap().as_deref(), Some(&b"payload"[..]));
            if !met {
                assert!(nth > 15, "{fault:?}: only {nth} calls");
                break;
            }
        }
    }
}

#[derive(Clone, Debug)]
enum Step {
    Put(u8),
    Record(u8, u8),
    Get(u8),
    Lookup(u8),
    Corrupt(u8, usize),
    Forget(u8),
    Sweep(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let small = 0..6u8;
    prop_oneof![
        small.clone().prop_map(Step::Put),
        (small.clone(), small.clone()).prop_map(|(key, content)| Step::Record(key, content)),
        small.clone().prop_map(Step::Get),
        small.clone().prop_map(Step::Lookup),
        (small.clone(), 0..1000usize).prop_map(|(content, at)| Step::Corrupt(content, at)),
        small.prop_map(Step::Forget),
        prop_oneof![0..2000u64, 20_000..60_000u64].prop_map(Step::Sweep),
    ]
}

/// The last one has a file of its own.
fn content(number: u8) -> Vec<u8> {
    vec![number; if number == 5 { 20_000 } else { 10 + number as usize * 7 }]
}

/// The file that holds a content.
fn place(store: &LocalStore, number: u8) -> std::path::PathBuf {
    let digest = Digest::of(&content(number));
    if number == 5 { store.blob(&digest) } else { store.small.path_of(&digest) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is found is what was put; what was put is found, unless it was damaged, removed or swept.
    #[test]
    fn the_store_is_a_map_that_may_forget(steps in proptest::collection::vec(step(), 1..40)) {
        let folder = tempfile::tempdir().unwrap();
        let store = LocalStore::new(folder.path().join("store"));
        let (mut blobs, mut results) = (HashMap::<u8, bool>::new(), HashMap::<u8, (u8, bool)>::new());
        for step in steps {
            match step {
                Step::Put(number) => {
                    prop_assert_eq!(store.put_bytes(&content(number)).unwrap(), Digest::of(&content(number)));
                    blobs.entry(number).or_insert(true);
                }
                Step::Record(key, number) => {
                    store.record(&Digest::of(&[key]), &content(number), &[Digest::of(&content(number))]).unwrap();
                    results.insert(key, (number, true));
                }
                Step::Get(number) => {
                    let found = store.get_bytes(&Digest::of(&content(number))).unwrap();
                    match blobs.get(&number) {
                        Some(true) => prop_assert_eq!(found, Some(content(number))),
                        _ => {
                            prop_assert!(found.is_none());
                            blobs.remove(&number);
                        }
                    }
                }
                Step::Lookup(key) => {
                    let found = store.lookup(&Digest::of(&[key])).unwrap();
                    prop_assert_eq!(found, results.get(&key).map(|(number, _)| content(*number)));
                }
                Step::Corrupt(number, at) => {
                    if blobs.get(&number) == Some(&true) {
                        let bytes = content(number);
                        let place = place(&store, number);
                        let mut all = fs::read(&place).unwrap();
                        // The newest of them is the one that is read.
                        let start = (0..=all.len() - bytes.len()).rfind(|start| all[*start..].starts_with(&bytes)).unwrap();
                        all[start + at % bytes.len()] ^= 1;
                        let mode = fs::metadata(&place).unwrap().permissions();
                        fs::set_permissions(&place, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
                        fs::write(&place, all).unwrap();
                        fs::set_permissions(&place, mode).unwrap();
                        blobs.insert(number, false);
                    }
                }
                Step::Forget(number) => {
                    let key = Digest::of(&content(number));
                    match place(&store, number) == store.blob(&key) {
                        true => drop(fs::remove_file(store.blob(&key))),
                        false => drop(store.small.thin(key.hash[0] as usize % 64, |one, _| *one != key)),
                    }
                    blobs.remove(&number);
                }
                Step::Sweep(limit) => {
                    let swept = store.sweep(limit, &Default::default()).unwrap();
                    let stats = store.stats().unwrap();
                    prop_assert_eq!(swept.left, stats.blob_bytes + stats.action_bytes);
                    prop_assert!(swept.left <= limit);
                    blobs.retain(|number, _| store.has(&Digest::of(&content(*number))));
                    let there = |key: &u8| store.lookup(&Digest::of(&[*key])).unwrap().is_some();
                    results.retain(|key, _| there(key));
                }
            }
        }
    }
}

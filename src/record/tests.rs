//! The memory of a checkout: what comes back of it, and what damage does to it.

use super::{Checkout, Proof, Status, TaskRecord, Tool};
use crate::base::{Digest, RelPath};
use crate::disk::Signature;

fn path(text: &str) -> RelPath {
    RelPath::parse(text).unwrap()
}

fn record(key: u64) -> TaskRecord {
    let stamp = Signature { size: key, mode: 0o100_644, ..Signature::default() };
    let proof = Proof {
        shape: [key, 1],
        surroundings: [key, 2],
        needs: [key, 3],
        yields: Digest::of(&[key as u8]),
        tools: vec![Tool { name: String::from("cc"), folder: RelPath::root(), digest: Digest::of(b"cc") }],
        watched: vec![(path("x.c"), Some(stamp)), (path("x.h"), None)],
    };
    TaskRecord {
        action: Digest::of(b"a"),
        result: vec![1, 2],
        discovered: vec![path("x.h")],
        explanation: vec![3],
        duration_ms: 7,
        status: Status::Succeeded,
        own: vec![(path("left"), None)],
        proof: Some(proof),
        ..TaskRecord::unknown([key, 0])
    }
}

#[test]
fn what_was_put_comes_back_before_and_after_a_save() {
    let folder = tempfile::tempdir().unwrap();
    let mut checkout = Checkout::open(folder.path(), true).unwrap();
    checkout.put(record(1)).unwrap();
    checkout.intend([2, 0], 0, vec![(path("o"), None)]).unwrap();
    let again = Checkout::open(folder.path(), false).unwrap();
    assert_eq!(again.task([1, 0]), Some(record(1)));
    assert_eq!(again.task([2, 0]).unwrap().status, Status::Started);
    checkout.save([[1, 0], [2, 0]].into_iter()).unwrap();
    assert!(!folder.path().join("journal").exists());
    let again = Checkout::open(folder.path(), false).unwrap();
    assert_eq!(again.task([1, 0]), Some(record(1)));
    assert_eq!(again.task([2, 0]).unwrap().own[0].0.to_string(), "o");
}

#[test]
fn a_damaged_picture_is_kept_aside_and_never_believed() {
    let folder = tempfile::tempdir().unwrap();
    let mut checkout = Checkout::open(folder.path(), true).unwrap();
    checkout.put(record(1)).unwrap();
    checkout.save([[1, 0], [2, 0]].into_iter()).unwrap();
    let whole = std::fs::read(folder.path().join("state")).unwrap();
    let mut told = 0;
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(folder.path().join("state"), &bytes).unwrap();
        let checkout = Checkout::open(folder.path(), true).unwrap();
        // Bytes between pieces mean nothing; a piece that is cold is found damaged when it is read, and a proof whose stamps are is none.
        let known = |found| found == record(1) || found == TaskRecord { proof: None, ..record(1) };
        assert!(checkout.task([1, 0]).is_none_or(|found| known(found) && checkout.complaint().is_none()), "byte {at}");
        told += usize::from(checkout.complaint().is_some());
    }
    assert!(told > whole.len() / 2, "{told} of {}", whole.len());
    for cut in 0..whole.len() {
        std::fs::write(folder.path().join("state"), &whole[..cut]).unwrap();
        let checkout = Checkout::open(folder.path(), true).unwrap();
        assert_eq!(checkout.task([1, 0]), None, "cut at {cut}");
        assert!(checkout.complaint().is_some(), "cut at {cut}");
    }
    assert_eq!(std::fs::read(folder.path().join("state.bad")).unwrap(), whole[..whole.len() - 1]);
    let mut checkout = Checkout::open(folder.path(), true).unwrap();
    assert_eq!(checkout.complaint(), None);
    checkout.put(record(2)).unwrap();
    checkout.save([[1, 0], [2, 0]].into_iter()).unwrap();
    assert_eq!(Checkout::open(folder.path(), false).unwrap().task([2, 0]), Some(record(2)));
}

#[test]
fn a_damaged_journal_is_believed_up_to_the_damage_kept_aside_and_told_of_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("journal");
    let mut checkout = Checkout::open(folder.path(), true).unwrap();
    checkout.put(record(1)).unwrap();
    checkout.flush().unwrap();
    let first = std::fs::read(&path).unwrap().len();
    checkout.put(record(2)).unwrap();
    checkout.flush().unwrap();
    let whole = std::fs::read(&path).unwrap();
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let checkout = Checkout::open(folder.path(), true).unwrap();
        assert_eq!(checkout.task([1, 0]), (at >= first).then_some(record(1)), "byte {at}");
        assert_eq!(checkout.task([2, 0]), None, "byte {at}");
        assert_eq!(Checkout::open(folder.path(), true).unwrap().complaint(), None, "byte {at}");
    }
    let last = whole.len() - 1;
    let mut bytes = whole.clone();
    bytes[last] ^= 1;
    std::fs::write(&path, &bytes).unwrap();
    let looking = Checkout::open(folder.path(), false).unwrap();
    assert!(looking.complaint().is_some());
    assert_eq!(std::fs::read(&path).unwrap(), bytes, "looking changes nothing");
    let mut checkout = Checkout::open(folder.path(), true).unwrap();
    assert!(checkout.complaint().is_some());
    assert_eq!(std::fs::read(folder.path().join("journal.bad")).unwrap(), bytes);
    checkout.put(record(3)).unwrap();
    checkout.flush().unwrap();
    let again = Checkout::open(folder.path(), true).unwrap();
    assert_eq!(again.complaint(), None);
    assert_eq!((again.task([1, 0]), again.task([3, 0])), (Some(record(1)), Some(record(3))));
}

#[test]
fn lines_that_a_picture_already_holds_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut checkout = Checkout::open(folder.path(), true).unwrap();
    checkout.put(record(1)).unwrap();
    checkout.intend([2, 0], 0, vec![(path("o"), None)]).unwrap();
    checkout.put(record(2)).unwrap();
    checkout.forget([1, 0]);
    let lines = std::fs::read(folder.path().join("journal")).unwrap();
    checkout.save([[1, 0], [2, 0]].into_iter()).unwrap();
    std::fs::write(folder.path().join("journal"), &lines).unwrap();
    let again = Checkout::open(folder.path(), false).unwrap();
    assert_eq!(again.task([2, 0]), Some(record(2)));
    assert_eq!(again.task([1, 0]), Some(TaskRecord { status: Status::Started, proof: None, ..record(1) }));
}

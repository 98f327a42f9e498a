//! Random graphs and random edits, against a naive evaluator and against builds from scratch.
//!
//! `ORKET_TEST_SEQUENCES` says how many sequences are played, `ORKET_TEST_SEED` where they begin. Where nothing is said, most of them are
//! cut short. A sequence that fails is made small and kept in `tests/fixtures/differential/`, where it is played again by every run of the tests.

mod case;
mod processes;
mod random;
mod shrink;
mod spoil;
mod steps;
mod watcher;
mod world;

pub use processes::busy;
pub use watcher::overflow;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use case::Case;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/differential")
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
}

#[test]
fn every_build_equals_one_from_scratch() {
    play_many("", 200, |case| case);
}

#[test]
fn every_build_beside_a_watcher_equals_one_from_scratch() {
    play_many("watched-", 40, Case::watched);
}

/// Plays so many sequences, unless somebody wants another number.
fn play_many(kind: &str, count: u64, with: fn(Case) -> Case) {
    let (first, count) = (number("ORKET_TEST_SEED", 1), number("ORKET_TEST_SEQUENCES", count));
    let whole = std::env::var_os("ORKET_TEST_SEQUENCES").is_some();
    let next = AtomicU64::new(first);
    let play = || {
        let mut failed = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + count || failed.len() > 2 {
                return failed;
            }
            let case = if whole || seed.is_multiple_of(20) { Case::new(seed) } else { Case::short(seed) };
            let case = with(case);
            if let Some(why) = shrink::failure(&case) {
                tell(seed);
                let (small, why) = shrink::shrink(case, why);
                let text = small.show(&why);
                let mut names = (0..).map(|at| fixtures().join(format!("{kind}{seed}{}.txt", "+".repeat(at))));
                let _ = names.find(|path| !path.exists()).map(|path| std::fs::write(path, &text));
                failed.push(format!("seed {seed}\n{text}"));
            }
        }
    };
    let failed: Vec<String> = thread::scope(|scope| {
        let count = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
        let workers: Vec<_> = (0..count).map(|_| scope.spawn(play)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

/// Says which seed failed before it is made small, which takes a while.
#[expect(clippy::print_stderr, reason = "a run that is ended early must have said its seed")]
fn tell(seed: u64) {
    eprintln!("seed {seed} failed; making it small");
}

#[test]
fn what_failed_once_holds_now() {
    hold(&fixtures());
}

fn hold(folder: &Path) {
    let (mut failed, mut played) = (Vec::new(), 0);
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "txt") {
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let case = Case::parse(&text).unwrap_or_else(|| panic!("{} cannot be read", path.display()));
        failed.extend(shrink::failure(&case).map(|why| format!("{}: {why}", path.display())));
        played += 1;
    }
    assert!(played > 0, "there is no fixture in {}", folder.display());
    assert!(failed.is_empty(), "{}", failed.join("\n\n"));
}

#[test]
fn a_fixture_reads_as_it_was_written() {
    let case = Case { dropped: vec![3, 5], ..Case::new(7).watched() };
    assert!(case.show("").contains("watched\n"));
    assert_eq!(Case::parse(&case.show("why\nin two lines")), Some(case));
}

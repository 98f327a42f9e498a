//! A small graph, with orket killed at each system call that changes something, and with each of them failing.
//!
//! `ORKET_TEST_SYSCALLS=all` goes through every call; where nothing is said, each of a few. Needs strace, and says so where it is missing;
//! where `CI` is set, that is a failure.

mod faults;
mod kills;
mod scene;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::common::strace_works;
use scene::{SCENES, Scene};

/// One kind of system call and what it meets.
#[derive(Clone, Copy)]
struct Way {
    calls: &'static str,
    what: &'static str,
    /// How many calls are passed over between two that are tried, where not all are.
    stride: usize,
}

/// Whether every call is tried.
fn all() -> bool {
    std::env::var("ORKET_TEST_SYSCALLS").is_ok_and(|value| value == "all")
}

/// Tries a call and says whether it was reached.
type Try = fn(&Scene, Way, usize) -> Result<bool, String>;

/// Goes through the scenes and ways, and through the calls of each until there are no more; in each scene at least so many are reached.
fn sweep(ways: &[Way], attempt: Try, least: usize) {
    if !strace_works() {
        return;
    }
    let pairs: Vec<(&Scene, Way)> = SCENES.iter().flat_map(|scene| ways.iter().map(move |way| (scene, *way))).collect();
    let next = AtomicUsize::new(0);
    let reached = SCENES.map(|_| AtomicUsize::new(0));
    let work = || {
        let mut failed = Vec::new();
        while let Some((at, (scene, way))) = Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, pairs.get(at)?))) {
            let stride = if all() { 1 } else { way.stride };
            for nth in (1 + at % stride..).step_by(stride) {
                match attempt(scene, *way, nth) {
                    Ok(true) => drop(reached[at / ways.len()].fetch_add(1, Ordering::Relaxed)),
                    Ok(false) => break,
                    Err(why) => failed.push(format!("{}: {} {} at {nth}: {why}", scene.name, way.calls, way.what)),
                }
                if failed.len() > 5 {
                    return failed;
                }
            }
        }
        failed
    };
    let workers = thread::available_parallelism().map_or(2, usize::from).clamp(2, 8);
    let failed: Vec<String> = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(failed.is_empty(), "{} failed\n{}", failed.len(), failed.join("\n\n"));
    // A sweep that reached none would hold, too.
    let few: Vec<String> = SCENES
        .iter()
        .zip(reached.map(AtomicUsize::into_inner))
        .filter(|(_, reached)| *reached < least)
        .map(|(scene, reached)| format!("in the scene `{}` {reached} system calls were reached, not {least}", scene.name))
        .collect();
    assert!(few.is_empty(), "{}", few.join("\n"));
}

//! Has several gits count at once what commits changed.
//!
//! The commits are cut into slices, and each lane takes the next one when it is done with its last: large ones first, since each takes a git
//! to start, and smaller ones towards the end, so that all lanes end together. Slices come out in their order, and no lane runs far ahead of
//! that, so that little is held.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{Scope, available_parallelism};

use super::VcsError;
use super::git::Git;
use super::parse::{Id, Reader, hex};
use crate::base::{Change, PathId, Paths};

/// The fewest commits of a slice: fewer are counted about as soon as a git has started.
const FEWEST: usize = 150;

/// The most commits of a slice.
const MOST: usize = 2000;

/// How many slices a lane may be ahead.
const AHEAD: usize = 4;

/// Up to so many commits git is told to hold less of what it has unpacked ([`LITTLE`]): to get the memory takes longer than to unpack again.
const SHORT: usize = 20_000;

/// Git's own bound is 96 MiB.
const LITTLE: [&[u8]; 2] = [b"-c", b"core.deltaBaseCacheLimit=16m"];

/// What some commits changed, in their order.
#[derive(Default)]
pub(super) struct Slice {
    paths: Paths,
    commits: Vec<(Id, usize)>,
    changes: Vec<Change>,
}

impl Slice {
    /// Says of its paths which ones they are among `paths`.
    pub(super) fn rename(&mut self, paths: &mut Paths) {
        let names: Vec<PathId> = self.paths.iter().map(|path| PathId(paths.id(path))).collect();
        for change in &mut self.changes {
            change.path = names[change.path.0 as usize];
            change.from = change.from.map(|from| names[from.0 as usize]);
        }
    }

    /// Returns each commit and what it changed.
    pub(super) fn commits(&self) -> impl Iterator<Item = (&Id, &[Change])> {
        let mut start = 0;
        self.commits.iter().map(move |(id, end)| {
            let changes = &self.changes[start..*end];
            start = *end;
            (id, changes)
        })
    }
}

/// Slices to come.
pub(super) struct Lanes<'env> {
    work: &'env Work<'env>,
    next: usize,
}

/// What lanes share.
pub(super) struct Work<'env> {
    git: &'env Git,
    words: Vec<&'env [u8]>,
    commits: &'env [&'env [u8]],
    slices: Vec<Range<usize>>,
    lanes: usize,
    state: Mutex<State>,
    moved: Condvar,
}

#[derive(Default)]
struct State {
    /// The next slice that nobody has taken.
    free: usize,
    /// The next slice to come out.
    out: usize,
    /// Slices that were counted before those in front of them came out.
    counted: BTreeMap<usize, Result<Slice, VcsError>>,
    /// Whether nobody waits for more.
    over: bool,
}

impl<'env> Work<'env> {
    /// What `commits` changed is to be counted. `words` are what git is asked, which reads their ids.
    pub(super) fn new(git: &'env Git, words: &'env [Box<[u8]>], commits: &'env [&'env [u8]]) -> Work<'env> {
        let most = available_parallelism().map_or(1, usize::from);
        let slices = cut(commits.len(), most);
        let lanes = most.min(slices.len());
        let little = LITTLE.into_iter().filter(|_| commits.len() <= SHORT);
        let words = little.chain(words.iter().map(|word| &**word)).collect();
        Work { git, words, commits, slices, lanes, state: Mutex::default(), moved: Condvar::new() }
    }

    /// Begins.
    pub(super) fn start<'scope>(&'env self, scope: &'scope Scope<'scope, 'env>) -> Lanes<'env> {
        for _ in 0..self.lanes {
            scope.spawn(|| self.run());
        }
        Lanes { work: self, next: 0 }
    }

    fn run(&self) {
        loop {
            let mut state = self.state();
            // Slices are held until those in front of them came out, so that one that takes long must not let the others go on and on.
            while !state.over && state.free < self.slices.len() && state.free >= state.out + AHEAD * self.lanes {
                state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
            let number = state.free;
            let Some(slice) = self.slices.get(number).filter(|_| !state.over) else { return };
            state.free += 1;
            drop(state);
            let slice = count(self.git, &self.words, &self.commits[slice.clone()]);
            self.state().counted.insert(number, slice);
            self.moved.notify_all();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes<'_> {
    /// Waits for the next slice; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Slice>, VcsError> {
        if self.next == self.work.slices.len() {
            return Ok(None);
        }
        let mut state = self.work.state();
        loop {
            if let Some(slice) = state.counted.remove(&self.next) {
                self.next += 1;
                state.out = self.next;
                self.work.moved.notify_all();
                return slice.map(Some);
            }
            state = self.work.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Lanes<'_> {
    /// Lets lanes end that would go on for nobody.
    fn drop(&mut self) {
        self.work.state().over = true;
        self.work.moved.notify_all();
    }
}

/// Cuts commits into slices, each a part of what is left.
fn cut(commits: usize, lanes: usize) -> Vec<Range<usize>> {
    let (mut slices, mut start) = (Vec::new(), 0);
    while start < commits {
        let left = commits - start;
        let size = (2 * left).div_ceil(3 * lanes).clamp(FEWEST, MOST).min(left);
        slices.push(start..start + size);
        start += size;
    }
    slices
}

fn count(git: &Git, words: &[&[u8]], commits: &[&[u8]]) -> Result<Slice, VcsError> {
    let input = commits.iter().map(|id| hex(id) + "\n").collect::<String>().into_bytes();
    let mut stream = git.stream(words, Some(input))?;
    let mut slice = Slice::default();
    let (mut authors, mut changes) = (Paths::default(), Vec::new());
    let mut reader = Reader::new(&mut stream.out);
    let result = loop {
        match reader.next(&mut slice.paths, &mut authors, &mut changes) {
            Ok(Some(head)) => {
                slice.changes.extend_from_slice(&changes);
                slice.commits.push((head.id, slice.changes.len()));
            }
            Ok(None) => break Ok(()),
            Err(error) => break Err(error),
        }
    };
    stream.ended(result).map(|()| slice)
}

#[cfg(test)]
mod tests {
    use super::cut;

    fn sizes(commits: usize, lanes: usize) -> Vec<usize> {
        let slices = cut(commits, lanes);
        assert!(slices.is_sorted_by(|one, next| one.end == next.start));
        slices.into_iter().map(|slice| slice.len()).collect()
    }

    #[test]
    fn slices_get_smaller_towards_the_end() {
        assert!(sizes(0, 2).is_empty());
        assert_eq!(sizes(1, 2), [1]);
        assert_eq!(sizes(350, 2), [150, 150, 50]);
        assert_eq!(sizes(2225, 2), [742, 495, 330, 220, 150, 150, 138]);
        assert_eq!(sizes(20_000, 2)[..8], [2000; 8]);
        assert_eq!(sizes(20_000, 2).into_iter().sum::<usize>(), 20_000);
    }
}

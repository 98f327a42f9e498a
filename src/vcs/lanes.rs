//! Has several gits count at once what commits changed.
//!
//! The commits are cut into slices, and each lane counts every so manyth of them. Slices come out in their order, and no lane is more than
//! two ahead, so that little is held.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Scope, available_parallelism};

use super::VcsError;
use super::git::Git;
use super::parse::{Id, Reader, hex};
use crate::base::{Change, PathId, Paths};

/// The fewest commits of a slice: fewer are counted about as soon as a git has started.
const FEWEST: usize = 200;

/// The most commits of a slice.
const MOST: usize = 2000;

/// How many slices a lane gets, if they get neither too small nor too large.
const TURNS: usize = 6;

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
pub(super) struct Lanes {
    lanes: Vec<Receiver<Result<Slice, VcsError>>>,
    slices: usize,
    next: usize,
}

impl Lanes {
    /// Begins to count what `commits` changed. `words` are what git is asked, which reads their ids.
    pub(super) fn start<'scope, 'env>(
        scope: &'scope Scope<'scope, 'env>,
        git: &'env Git,
        words: &'env [Box<[u8]>],
        commits: &'env [&'env [u8]],
    ) -> Lanes {
        let most = available_parallelism().map_or(1, usize::from);
        let size = commits.len().div_ceil(most * TURNS).clamp(FEWEST, MOST);
        let slices = commits.len().div_ceil(size);
        let count = most.min(slices);
        let lane = |lane: usize| {
            let (send, receive) = sync_channel(1);
            scope.spawn(move || run(git, words, commits.chunks(size).skip(lane).step_by(count), &send));
            receive
        };
        Lanes { lanes: (0..count).map(lane).collect(), slices, next: 0 }
    }

    /// Waits for the next slice; `None` behind the last.
    pub(super) fn next(&mut self) -> Result<Option<Slice>, VcsError> {
        if self.next == self.slices {
            return Ok(None);
        }
        let lane = self.next % self.lanes.len();
        self.next += 1;
        let ended = |_| VcsError::Strange(String::from("it was not read to its end"));
        self.lanes[lane].recv().map_err(ended)?.map(Some)
    }
}

fn run<'c>(git: &Git, words: &[Box<[u8]>], slices: impl Iterator<Item = &'c [&'c [u8]]>, send: &SyncSender<Result<Slice, VcsError>>) {
    for commits in slices {
        let slice = count(git, words, commits);
        let failed = slice.is_err();
        // Nobody listens any more where another lane has failed.
        if send.send(slice).is_err() || failed {
            return;
        }
    }
}

fn count(git: &Git, words: &[Box<[u8]>], commits: &[&[u8]]) -> Result<Slice, VcsError> {
    let input = commits.iter().map(|id| hex(id) + "\n").collect::<String>().into_bytes();
    let words: Vec<&[u8]> = words.iter().map(|word| &**word).collect();
    let mut stream = git.stream(&words, Some(input))?;
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

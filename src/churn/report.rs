//! What was found, as plain data.

use super::{Hotspot, Pair, Recent, Share, SymbolChurn, SymbolGround};
use crate::base::FileKind;

/// All that a report of churn tells.
#[derive(Clone, Debug)]
pub struct Report {
    /// What it rests on.
    pub ground: Ground,
    /// The sums.
    pub totals: Totals,
    /// The files, the most often touched first, those that are alike by path.
    pub files: Vec<FileChurn>,
    /// Functions, classes and methods, the most often touched first.
    pub symbols: Vec<SymbolChurn>,
    /// Pairs of files that change together, the strongest first.
    pub coupling: Vec<Pair>,
    /// What happened in each month that had a commit, the earliest first.
    pub months: Vec<Month>,
}

/// What a report rests on.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Ground {
    /// The name of the project.
    pub project: String,
    /// The day on which it was made, in UTC: `2026-03-01`.
    pub made: String,
    /// The folder or file it is about, from the repository's folder; nothing for the whole.
    pub scope: Option<Vec<u8>>,
    /// The folder that it was asked for from, from the repository's folder.
    pub asked_from: Vec<u8>,
    /// Nothing that was committed before counts; in seconds since 1970.
    pub since: Option<i64>,
    /// Whether files were followed through renames.
    pub renames: bool,
    /// How alike a file has to be to have been renamed, in percent.
    pub similarity: u32,
    /// How many files of a commit are compared for that.
    pub rename_limit: u32,
    /// The id of the newest commit; `None` before the first.
    pub head: Option<String>,
    /// When that was committed, in seconds since 1970; windows and ages end there.
    pub until: i64,
    /// Where older commits are missing here: when the newest of those was made whose parents are, in seconds since 1970.
    pub cut: Option<i64>,
    /// Whether there was a mail map.
    pub mailmap: bool,
    /// How many files the complexity was read of at most, the most often touched.
    pub texts: usize,
    /// Up to which size, in bytes.
    pub text_limit: u64,
    /// How the symbols were come by.
    pub symbols: SymbolGround,
}

impl Ground {
    /// Whether commits may be missing among those that count.
    pub fn is_cut(&self) -> bool {
        self.cut.is_some_and(|cut| self.since.is_none_or(|since| since <= cut))
    }
}

/// Sums over all files.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Totals {
    /// Commits that touch one of the files.
    pub commits: u64,
    /// Those of them that were made at the beginning of 1970: so git takes a date that it cannot read.
    pub undated: u64,
    /// Files that were touched.
    pub files: usize,
    /// Touches of files.
    pub touches: u64,
    /// Lines.
    pub adds: u64,
    /// Lines.
    pub deletes: u64,
    /// Files that had no lines to count at least once.
    pub binary_files: usize,
    /// Files that are marked as generated, and their part of the touches and lines.
    pub generated: Part,
    /// The authors of the commits, who made most first.
    pub authors: Vec<Share>,
    /// How few authors made more than half of the touches.
    pub bus_factor: usize,
    /// When the earliest commit was made, in seconds since 1970.
    pub first: Option<i64>,
    /// When the latest was.
    pub last: Option<i64>,
    /// Commits in the time before the newest.
    pub recent: Recent,
    /// Commits that touch too many files to say which change together.
    pub coupling_left_out: u64,
    /// Whether there were too many pairs to count all.
    pub coupling_bounded: bool,
}

/// A part of the sums.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Part {
    /// Files.
    pub files: usize,
    /// Touches.
    pub touches: u64,
    /// Lines.
    pub adds: u64,
    /// Lines.
    pub deletes: u64,
}

/// What became of one file.
#[derive(Clone, PartialEq, Debug)]
pub struct FileChurn {
    /// Its latest name, from the repository's folder.
    pub path: Box<[u8]>,
    /// Lines.
    pub adds: u64,
    /// Lines.
    pub deletes: u64,
    /// Commits that touch it.
    pub touches: u32,
    /// How many of them had no lines to count.
    pub binary: u32,
    /// What it was when it was touched last.
    pub kind: FileKind,
    /// Whether it is marked as generated.
    pub generated: bool,
    /// Whether the newest commit has it.
    pub present: bool,
    /// When it was touched first, in seconds since 1970.
    pub first: i64,
    /// When it was touched last.
    pub last: i64,
    /// Whole days from then to the newest commit.
    pub age_days: i64,
    /// Touches in the time before the newest commit.
    pub recent: Recent,
    /// Who touched it, who did most first.
    pub authors: Vec<Share>,
    /// How few authors made more than half of the touches.
    pub bus_factor: usize,
    /// What its text says; `None` for what is gone, generated, no text, too large, or touched too seldom to be looked at.
    pub hotspot: Option<Hotspot>,
}

/// What happened in a month.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Month {
    /// As in the calendar, in UTC.
    pub year: i16,
    /// 1 to 12.
    pub month: i8,
    /// Commits.
    pub commits: u64,
    /// Touches of files.
    pub touches: u64,
    /// Lines.
    pub adds: u64,
    /// Lines.
    pub deletes: u64,
}

impl Report {
    /// Returns the files that are complex and change, the hottest first.
    pub fn hotspots(&self) -> Vec<&FileChurn> {
        let score = |file: &FileChurn| file.hotspot.map_or(0, |hotspot| hotspot.score);
        let mut hot: Vec<&FileChurn> = self.files.iter().filter(|file| score(file) > 0).collect();
        hot.sort_by(|one, other| score(other).cmp(&score(one)).then_with(|| one.path.cmp(&other.path)));
        hot
    }
}

//! Counts a history, a commit at a time.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::coupling::Coupling;
use super::rename::Renames;
use super::window::{DAY, month};
use super::{Complexity, FileChurn, Ground, Hotspot, Month, Part, Recent, Report, Totals, Touch, Touches, ownership};
use crate::base::{Commit, FileKind, PathId, Paths, RelPath};

/// What is known of a file as it is in the newest commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Standing {
    /// Whether it is marked as generated.
    pub generated: bool,
    /// How complex its text is, where that was read.
    pub complexity: Option<Complexity>,
}

/// The counts. Commits come newest first.
#[derive(Debug)]
pub struct Tally {
    scope: RelPath,
    until: i64,
    present: FxHashSet<Box<[u8]>>,
    renames: Renames,
    files: FxHashMap<PathId, Row>,
    shares: FxHashMap<(PathId, u32), (u32, u64)>,
    authors: FxHashMap<u32, (u32, u64)>,
    coupling: Coupling,
    months: BTreeMap<(i16, i8), Month>,
    commits: u64,
    undated: u64,
    recent: Recent,
    span: Option<(i64, i64)>,
    touched: Vec<PathId>,
    sources: fn(&[u8]) -> bool,
    touches: Touches,
}

/// A file and how much it was touched.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Busy<'a> {
    /// The file, by its latest name.
    pub file: PathId,
    /// That name.
    pub path: &'a [u8],
    /// Commits that touch it.
    pub touches: u32,
    /// Lines added.
    pub adds: u64,
}

/// The counts of a file.
#[derive(Clone, Copy, Debug)]
struct Row {
    adds: u64,
    deletes: u64,
    touches: u32,
    binary: u32,
    first: i64,
    last: i64,
    kind: FileKind,
    recent: Recent,
    /// The number of the commit that touched it last in this walk.
    seen: u64,
    /// Whether its touches are kept one by one.
    source: bool,
}

impl Tally {
    /// Begins to count what is in `scope`. `until` is when the newest commit was made, `present` the paths that it has.
    pub fn new(scope: RelPath, until: i64, present: impl Iterator<Item = Box<[u8]>>) -> Tally {
        Tally {
            scope,
            until,
            present: present.collect(),
            renames: Renames::default(),
            files: FxHashMap::default(),
            shares: FxHashMap::default(),
            authors: FxHashMap::default(),
            coupling: Coupling::default(),
            months: BTreeMap::new(),
            commits: 0,
            undated: 0,
            recent: Recent::default(),
            span: None,
            touched: Vec::new(),
            sources: |_| false,
            touches: Touches::default(),
        }
    }

    /// Keeps the touches of files whose paths are `sources` one by one, for their symbols.
    pub fn keep_touches(&mut self, sources: fn(&[u8]) -> bool) {
        self.sources = sources;
    }

    /// Counts a commit.
    pub fn add(&mut self, commit: &Commit<'_>, paths: &Paths) {
        self.touched.clear();
        let number = self.commits + 1;
        let age = self.until - commit.at;
        let (mut adds, mut deletes) = (0, 0);
        for change in commit.changes {
            let file = self.renames.file(change.path);
            if !within(paths.bytes(file.0), &self.scope) {
                continue;
            }
            let (added, deleted) = change.lines.map_or((0, 0), |(adds, deletes)| (u64::from(adds), u64::from(deletes)));
            adds += added;
            deletes += deleted;
            let row = self.files.entry(file).or_insert(Row {
                adds: 0,
                deletes: 0,
                touches: 0,
                binary: 0,
                first: commit.at,
                last: commit.at,
                kind: change.kind,
                recent: Recent::default(),
                seen: 0,
                source: change.kind == FileKind::File && (self.sources)(paths.bytes(file.0)),
            });
            if row.source && change.kind == FileKind::File {
                if self.touches.commits.last().is_none_or(|last| **last != *commit.id) {
                    self.touches.commits.push(commit.id.into());
                }
                let number = self.touches.commits.len() as u32 - 1;
                let binary = change.lines.is_none();
                self.touches.all.push(Touch { file, path: change.path, commit: number, author: commit.author, at: commit.at, binary });
            }
            row.adds += added;
            row.deletes += deleted;
            row.first = row.first.min(commit.at);
            row.last = row.last.max(commit.at);
            let share = self.shares.entry((file, commit.author.0)).or_default();
            share.1 += added + deleted;
            if row.seen != number {
                row.seen = number;
                row.touches += 1;
                row.binary += u32::from(change.lines.is_none());
                row.recent.add(age);
                share.0 += 1;
                self.touched.push(file);
            }
        }
        let (scope, present) = (&self.scope, &self.present);
        self.renames.pass(commit.changes, |from, file| {
            let (from, file) = (paths.bytes(from.0), paths.bytes(file.0));
            present.contains(from) || within(from, scope) != within(file, scope)
        });
        if self.touched.is_empty() {
            return;
        }
        self.commits = number;
        self.undated += u64::from(commit.at == 0);
        self.recent.add(age);
        self.span = Some(self.span.map_or((commit.at, commit.at), |(first, last)| (first.min(commit.at), last.max(commit.at))));
        let author = self.authors.entry(commit.author.0).or_default();
        *author = (author.0 + 1, author.1 + adds + deletes);
        let (year, number) = month(commit.at);
        let month = self.months.entry((year, number)).or_insert(Month { year, month: number, ..Month::default() });
        month.commits += 1;
        month.touches += self.touched.len() as u64;
        month.adds += adds;
        month.deletes += deletes;
        self.coupling.add(&mut self.touched);
    }

    /// Returns all files that were touched, the most often touched first.
    pub fn busiest<'a>(&self, paths: &'a Paths) -> Vec<Busy<'a>> {
        let busy = |(file, row): (PathId, Row)| Busy { file, path: paths.bytes(file.0), touches: row.touches, adds: row.adds };
        let mut busiest: Vec<Busy<'a>> = self.rows().into_iter().map(busy).collect();
        busiest.sort_by(|one, other| (other.touches, one.path).cmp(&(one.touches, other.path)));
        busiest
    }

    /// Hands out the touches that were kept.
    pub fn touches(&mut self) -> Touches {
        let mut touches = std::mem::take(&mut self.touches);
        for touch in &mut touches.all {
            touch.file = self.renames.joined(touch.file);
        }
        touches
    }

    /// Makes the report. `standing` tells what is known of a path.
    pub fn report(self, ground: Ground, paths: &Paths, authors: &Paths, standing: impl Fn(&[u8]) -> Standing) -> Report {
        let name = |author: u32| String::from_utf8_lossy(authors.bytes(author)).into_owned();
        let mut owners: FxHashMap<PathId, FxHashMap<u32, (u32, u64)>> = FxHashMap::default();
        for ((file, author), (touches, lines)) in &self.shares {
            let share = owners.entry(self.renames.joined(*file)).or_default().entry(*author).or_default();
            *share = (share.0 + touches, share.1 + lines);
        }
        let mut files: Vec<FileChurn> = Vec::new();
        for (file, row) in self.rows() {
            let path = paths.bytes(file.0);
            let standing = standing(path);
            let present = self.present.contains(path);
            let shares = owners.remove(&file).unwrap_or_default();
            let shares = ownership::shares(shares.into_iter().map(|(author, (touches, lines))| (name(author), touches, lines)).collect());
            let hot = standing.complexity.filter(|_| present && !standing.generated);
            files.push(FileChurn {
                path: path.into(),
                adds: row.adds,
                deletes: row.deletes,
                touches: row.touches,
                binary: row.binary,
                kind: row.kind,
                generated: standing.generated,
                present,
                first: row.first,
                last: row.last,
                age_days: (self.until - row.last).max(0) / DAY,
                recent: row.recent,
                bus_factor: ownership::bus_factor(&shares),
                authors: shares,
                hotspot: hot.map(|complexity| Hotspot { complexity, score: u64::from(row.touches) * complexity.indentation }),
            });
        }
        files.sort_by(|one, other| (other.touches, &one.path).cmp(&(one.touches, &other.path)));
        let told = |file: PathId| {
            let path = paths.bytes(file.0);
            (self.present.contains(path) && !standing(path).generated).then_some(path)
        };
        let coupling = self.coupling.pairs(|file| self.renames.joined(file), told);
        Report {
            ground,
            totals: self.totals(&files, name),
            files,
            symbols: Vec::new(),
            coupling,
            months: self.months.into_values().collect(),
        }
    }

    /// Returns the counts by file, those joined that turned out to be one.
    fn rows(&self) -> FxHashMap<PathId, Row> {
        let mut rows: FxHashMap<PathId, Row> = FxHashMap::default();
        for (file, row) in &self.files {
            rows.entry(self.renames.joined(*file)).and_modify(|known| known.join(row)).or_insert(*row);
        }
        rows
    }

    fn totals(&self, files: &[FileChurn], name: impl Fn(u32) -> String) -> Totals {
        let sum =
            |of: fn(&FileChurn) -> u64, generated: bool| files.iter().filter(|file| !generated || file.generated).map(of).sum::<u64>();
        let authors = ownership::shares(self.authors.iter().map(|(author, (commits, lines))| (name(*author), *commits, *lines)).collect());
        let mut touches: BTreeMap<&str, u32> = BTreeMap::new();
        for share in files.iter().flat_map(|file| &file.authors) {
            *touches.entry(&share.name).or_default() += share.touches;
        }
        let touches = ownership::shares(touches.into_iter().map(|(name, touches)| (name.to_owned(), touches, 0)).collect());
        Totals {
            commits: self.commits,
            undated: self.undated,
            files: files.len(),
            touches: sum(|file| file.touches.into(), false),
            adds: sum(|file| file.adds, false),
            deletes: sum(|file| file.deletes, false),
            binary_files: files.iter().filter(|file| file.binary > 0).count(),
            generated: Part {
                files: files.iter().filter(|file| file.generated).count(),
                touches: sum(|file| file.touches.into(), true),
                adds: sum(|file| file.adds, true),
                deletes: sum(|file| file.deletes, true),
            },
            bus_factor: ownership::bus_factor(&touches),
            authors,
            first: self.span.map(|span| span.0),
            last: self.span.map(|span| span.1),
            recent: self.recent,
            coupling_left_out: self.coupling.left_out,
            coupling_bounded: self.coupling.bounded(),
        }
    }
}

impl Row {
    fn join(&mut self, other: &Row) {
        self.adds += other.adds;
        self.deletes += other.deletes;
        self.touches += other.touches;
        self.binary += other.binary;
        self.first = self.first.min(other.first);
        if other.last > self.last {
            (self.last, self.kind) = (other.last, other.kind);
        }
        self.recent.join(&other.recent);
    }
}

/// Whether a path is a folder or stands below it.
fn within(path: &[u8], folder: &RelPath) -> bool {
    let folder = folder.as_bytes();
    folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::{AuthorId, Change, Status};

    /// A history as lines, newest first: the day, the author, and changes as `M path +adds -deletes`, `R old new …`, `A`, `D`, `B` (binary).
    fn tally(scope: &str, present: &[&str], history: &[&str]) -> Report {
        let (mut paths, mut authors) = (Paths::default(), Paths::default());
        let scope = RelPath::parse(scope).unwrap();
        let mut tally = Tally::new(scope, 1000 * DAY, present.iter().map(|path| path.as_bytes().into()));
        for line in history {
            let mut words = line.split_whitespace();
            let at = words.next().unwrap().parse::<i64>().unwrap() * DAY;
            let author = AuthorId(authors.id(words.next().unwrap().as_bytes()));
            let mut changes = Vec::new();
            while let Some(word) = words.next() {
                let mut path = || PathId(paths.id(words.next().unwrap().as_bytes()));
                let status = match word {
                    "A" => Status::Added,
                    "D" => Status::Deleted,
                    "R" => Status::Renamed,
                    _ => Status::Changed,
                };
                let from = (status == Status::Renamed).then(&mut path);
                let path = path();
                let lines = (word != "B").then(|| (words.next().unwrap().parse().unwrap(), words.next().unwrap()[1..].parse().unwrap()));
                changes.push(Change { path, from, status, kind: FileKind::File, lines });
            }
            tally.add(&Commit { id: b"", author, at, changes: &changes }, &paths);
        }
        let standing =
            |path: &[u8]| Standing { generated: path == b"gen", complexity: Some(Complexity { lines: 3, indentation: 5, deepest: 2 }) };
        tally.report(Ground::default(), &paths, &authors, standing)
    }

    fn rows(report: &Report) -> String {
        let row = |file: &FileChurn| {
            let path = String::from_utf8_lossy(&file.path);
            format!(
                "{path} +{} -{} touches {} authors {} days {}-{}",
                file.adds,
                file.deletes,
                file.touches,
                file.authors.len(),
                file.first / DAY,
                file.last / DAY
            )
        };
        report.files.iter().map(row).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn lines_touches_authors_and_times() {
        let report = tally("", &["a", "b"], &["1000 ann M a +1 -2 B img", "400 bob M a +3 -0 M b +1 -1", "10 ann A a +9 -0"]);
        insta::assert_snapshot!(rows(&report), @"
        a +13 -2 touches 3 authors 2 days 10-1000
        b +1 -1 touches 1 authors 1 days 400-400
        img +0 -0 touches 1 authors 1 days 1000-1000
        ");
        let totals = &report.totals;
        assert_eq!((totals.commits, totals.touches, totals.adds, totals.deletes, totals.binary_files), (3, 5, 14, 3, 1));
        assert_eq!((&*totals.authors[0].name, totals.bus_factor, totals.recent.days_365), ("ann", 1, 1));
        assert_eq!((report.files[0].age_days, report.files[1].age_days, report.files[2].present), (0, 600, false));
        assert_eq!(report.files[0].hotspot.map(|hotspot| hotspot.score), Some(15));
        assert_eq!(report.files[2].hotspot, None, "what is gone is no hotspot");
    }

    #[test]
    fn a_file_keeps_its_past_when_it_is_renamed() {
        let report = tally("", &["c"], &["9 a R b c +1 -1", "8 a M b +1 -0", "7 a R a b +0 -0", "6 a A a +5 -0"]);
        assert_eq!(rows(&report), "c +7 -1 touches 4 authors 1 days 6-9");
    }

    #[test]
    fn the_scope_is_where_a_file_is_now() {
        let history = ["9 a R out/x in/x +0 -0 M out/y +1 -0", "8 a M out/x +3 -0", "7 a M inn/z +1 -0", "6 a R in/w out/w +1 -0"];
        assert_eq!(rows(&tally("in", &[], &history)), "in/x +3 -0 touches 2 authors 1 days 8-9");
        assert_eq!(tally("in", &[], &history).totals.commits, 2);
        assert_eq!(tally("in/x", &[], &history).files.len(), 1);
    }

    #[test]
    fn one_commit_touches_a_file_once() {
        let report = tally("", &["z"], &["9 a R q z +0 -0", "8 a M q +1 -0 D z +0 -4"]);
        assert_eq!(rows(&report), "z +1 -4 touches 2 authors 1 days 8-9");
    }

    #[test]
    fn branches_side_by_side() {
        let report = tally("", &["b"], &["9 ann M a +1 -0", "8 bob R a b +0 -0", "7 ann A a +5 -0"]);
        assert_eq!(rows(&report), "b +6 -0 touches 3 authors 2 days 7-9");
        assert_eq!(report.files[0].authors[0].touches, 2);
    }

    #[test]
    fn generated_files_count_and_are_told_apart() {
        let report = tally("", &["gen", "a"], &["9 a M gen +7 -0 M a +1 -0", "8 a M gen +7 -0 M a +1 -0", "7 a M gen +7 -0 M a +1 -0"]);
        assert_eq!(report.totals.generated, Part { files: 1, touches: 3, adds: 21, deletes: 0 });
        assert_eq!((report.totals.adds, report.coupling.len(), report.hotspots().len()), (24, 0, 1));
    }

    #[test]
    fn the_bus_factor_of_all_goes_by_touches() {
        let report = tally("", &[], &["9 cy M c +1 -0", "8 bob M b +1 -0", "7 ann M a +1 -0 M b +1 -0 M c +1 -0 M d +1 -0"]);
        assert_eq!(report.totals.bus_factor, 1);
        assert_eq!(tally("", &[], &["9 cy M c +1 -0", "8 bob M b +1 -0", "7 ann M a +1 -0"]).totals.bus_factor, 2);
    }

    #[test]
    fn nothing_at_all() {
        let report = tally("", &[], &[]);
        assert_eq!((report.files.len(), report.totals.first, report.totals.bus_factor, report.months.len()), (0, None, 0, 0));
    }
}

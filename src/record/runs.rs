//! The record of each run: `.orket/runs/BEGAN-ID.json`, beside it its events, and what its tasks printed in `.orket/logs/ID/`, or in
//! `.orket/logs/BEGAN-ID/` where an earlier run has the same id. Runs in which there was nothing to do share one file.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use super::idle::Idle;
use super::lines::{self, Lines};
use super::run::RunRecord;

/// How many runs are kept.
const KEPT: usize = 50;

/// How many bytes they may have altogether, with what their tasks printed. The newest stays, however large it is.
const MOST: u64 = 256 << 20;

/// A run with less than this is not weighed: fifty of them are no matter.
const LIGHT: u64 = 1 << 20;

/// The runs of a checkout.
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// The runs kept in a checkout's state folder.
    pub fn new(state: &Path) -> Runs {
        Runs { folder: state.join("runs") }
    }

    /// Returns the place among the runs of one that began then, in milliseconds: that time, or behind all that are known, where the clock has
    /// been set back since.
    pub fn order(&self, began: u64) -> u64 {
        let names = self.names().unwrap_or_default();
        let last = names.last().and_then(|name| name.split_once('-')?.0.parse::<u64>().ok());
        began.max(last.map_or(0, |last| last + 1))
    }

    /// Begins the event journal of a run at its place among others: whatever is written to it is told of the run if it does not come to its end.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn journal(&self, order: u64, run: &str) -> io::Result<Box<dyn io::Write + Send>> {
        std::fs::create_dir_all(&self.folder)?;
        Ok(Box::new(Lines::create(&self.folder.join(format!("{order:013}-{run}.jsonl")))?))
    }

    /// Keeps a record and lets go of the oldest beyond fifty, or beyond 256 MiB. A run without anything to do pushes no other out.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(&self, record: &RunRecord) -> io::Result<()> {
        if record.is_idle() && !self.folder.join(format!("{}.jsonl", record.name())).exists() {
            return self.idle().add(record);
        }
        self.keep_within(record, MOST, LIGHT)
    }

    fn keep_within(&self, record: &RunRecord, most: u64, light: u64) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let bytes = serde_json::to_vec(record).map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        io::Write::write_all(&mut file, &bytes)?;
        let own = record.name();
        file.persist(self.folder.join(format!("{own}.json"))).map_err(|error| error.error)?;
        let names = self.names()?;
        let mut spared = KEPT;
        if self.weight(&own) > light {
            let mut weight = 0;
            let fitting = names.iter().rev().take_while(|name| {
                weight += self.weight(name);
                weight <= most
            });
            spared = fitting.count().clamp(1, KEPT);
        }
        for name in names.iter().rev().skip(spared) {
            for end in ["json", "jsonl"] {
                match std::fs::remove_file(self.folder.join(format!("{name}.{end}"))) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
            let [own, shared] = self.logs(name);
            let _ = own.map(std::fs::remove_dir_all);
            // It may be a later run's: of an earlier one that printed little there is none.
            if !names.iter().rev().take(spared).any(|kept| id(kept) == id(name)) {
                let _ = shared.map(std::fs::remove_dir_all);
            }
        }
        Ok(())
    }

    /// The folders in which what the tasks of a run printed may be: its own, and that of all runs with its id.
    fn logs(&self, name: &str) -> [Option<PathBuf>; 2] {
        let run = id(name).filter(|run| !matches!(*run, "" | "." | ".."));
        let folder = |called: &str| self.folder.parent().map(|state| state.join("logs").join(called));
        [run.and_then(|_| folder(name)), run.and_then(folder)]
    }

    /// How many bytes are kept of a run.
    fn weight(&self, name: &str) -> u64 {
        let size = |path: PathBuf| std::fs::metadata(path).map_or(0, |metadata| metadata.len());
        let logs = self.logs(name).into_iter().flatten().find_map(|logs| std::fs::read_dir(logs).ok()).into_iter().flatten().flatten();
        let own = ["json", "jsonl"].map(|end| size(self.folder.join(format!("{name}.{end}"))));
        own.into_iter().chain(logs.map(|log| size(log.path()))).sum()
    }

    /// Returns the records, newest first; what cannot be understood is left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(&self) -> io::Result<Vec<RunRecord>> {
        let names = self.names()?;
        self.may_be_read(&names)?;
        let mut all: Vec<RunRecord> = names.iter().filter_map(|name| self.read(name)).collect();
        let idle: Vec<RunRecord> = self.idle().all().into_iter().map(|idle| among(idle, all.iter())).collect();
        all.extend(idle);
        all.sort_by_key(|run| std::cmp::Reverse(place(run)));
        Ok(all)
    }

    /// Returns the lines of a run's event journal; none where it has none, as where nothing was to be done.
    pub fn events(&self, run: &RunRecord) -> Vec<serde_json::Value> {
        let text = std::fs::read_to_string(self.folder.join(format!("{}.jsonl", run.name()))).unwrap_or_default();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Returns what is known of runs that did not get to their end and of which no record was kept since.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn unended(&self) -> io::Result<Vec<RunRecord>> {
        let unkept = |name: &&String| !self.folder.join(format!("{name}.json")).exists();
        // One that was killed at once has told nothing yet.
        let begun = |name: &String| {
            let (order, run) = name.split_once('-')?;
            let order = order.parse().ok()?;
            Some(RunRecord { began: order, order, run: run.to_owned(), ended: false, ..RunRecord::default() })
        };
        Ok(self.names()?.iter().filter(unkept).filter_map(|name| self.read(name).or_else(|| begun(name))).collect())
    }

    /// Returns what the newest run has begun and not ended, as far as it has told; nothing where that run is over.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn under_way(&self) -> io::Result<BTreeSet<String>> {
        let newest = self.names()?.into_iter().next_back().filter(|name| !self.folder.join(format!("{name}.json")).exists());
        let journal = newest.and_then(|name| std::fs::read(self.folder.join(format!("{name}.jsonl"))).ok());
        Ok(journal.map(|journal| lines::under_way(&journal)).unwrap_or_default())
    }

    /// Returns the tasks that a run had begun when it was ended or killed.
    pub fn cut_off(&self, run: &RunRecord) -> BTreeSet<String> {
        let journal = std::fs::read(self.folder.join(format!("{}.jsonl", run.name())));
        journal.map(|journal| lines::cut_off(&journal)).unwrap_or_default()
    }

    /// Returns the newest record, or the newest whose id begins with `run`.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn find(&self, run: Option<&str>) -> io::Result<Option<RunRecord>> {
        let is_meant = |name: &str| run.is_none_or(|run| name.split_once('-').is_some_and(|(_, id)| id.starts_with(run)));
        self.newest(is_meant, |_| true)
    }

    /// Returns the newest record of a run that was about something.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn last(&self) -> io::Result<Option<RunRecord>> {
        self.newest(|_| true, |record| !record.is_empty())
    }

    fn newest(&self, is_meant: impl Fn(&str) -> bool, counts: impl Fn(&RunRecord) -> bool) -> io::Result<Option<RunRecord>> {
        let idle = self.idle().all().into_iter().rfind(|record| is_meant(&record.name()) && counts(record));
        let names = self.names()?;
        self.may_be_read(&names)?;
        let full = names.iter().rev().filter(|name| is_meant(name)).filter_map(|name| self.read(name)).find(&counts);
        let later: Vec<RunRecord> = match &idle {
            // Names begin with places; those from before it stood there already.
            Some(idle) => {
                names.iter().rev().take_while(|name| name.as_str() > idle.name().as_str()).filter_map(|name| self.read(name)).collect()
            }
            None => Vec::new(),
        };
        let idle = idle.map(|idle| among(idle, later.iter()));
        Ok([idle, full].into_iter().flatten().max_by_key(place))
    }

    /// Fails where all records are somebody else's, and not for whoever asks.
    fn may_be_read(&self, names: &[String]) -> io::Result<()> {
        let mut refused = None;
        for path in names.iter().rev().map(|name| self.folder.join(format!("{name}.json"))) {
            match std::fs::File::open(&path) {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    refused.get_or_insert_with(|| io::Error::new(error.kind(), format!("`{}`: {error}", path.display())));
                }
                _ => return Ok(()),
            }
        }
        refused.map_or(Ok(()), Err)
    }

    /// Returns the record of a run, or what the journal of one without a record tells.
    fn read(&self, name: &str) -> Option<RunRecord> {
        let record: Option<RunRecord> = match std::fs::read(self.folder.join(format!("{name}.json"))) {
            Ok(bytes) => serde_json::from_slice(&bytes).ok(),
            Err(_) => lines::read(&std::fs::read(self.folder.join(format!("{name}.jsonl"))).ok()?),
        };
        let order = name.split_once('-')?.0.parse().ok()?;
        record.map(|record| RunRecord { order, ..record })
    }

    fn idle(&self) -> Idle {
        Idle(self.folder.join("idle"))
    }

    /// The names of all runs, without what they end with, oldest first.
    fn names(&self) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            entries => entries?
                .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
                .filter_map(|name| name.strip_suffix(".json").or(name.strip_suffix(".jsonl")).map(str::to_owned))
                .collect(),
        };
        names.sort();
        names.dedup();
        Ok(names)
    }
}

/// What runs are sorted by.
fn place(run: &RunRecord) -> (u64, u64, String) {
    (run.order, run.began, run.run.clone())
}

/// Gives an idle run its place: behind those that the clock of the time says to be older, also where they come after one of a clock that was
/// wrong.
fn among<'r>(idle: RunRecord, others: impl Iterator<Item = &'r RunRecord>) -> RunRecord {
    let before = others.filter(|other| other.began <= idle.began).map(|other| other.order).max();
    RunRecord { order: before.unwrap_or_default().max(idle.began), ..idle }
}

/// The id of the run that is called so.
fn id(name: &str) -> Option<&str> {
    name.split_once('-').map(|(_, run)| run)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Totals;

    fn record(began: u64, run: &str) -> RunRecord {
        RunRecord {
            version: 1,
            run: run.into(),
            began,
            order: began,
            duration_ms: 1,
            goal: vec!["app".into()],
            manifest: "orket.kdl".into(),
            exit: 1,
            ended: true,
            totals: Totals::default(),
            tasks: Vec::new(),
            decisions: Vec::new(),
            strategies: Vec::new(),
            gates: Vec::new(),
        }
    }

    #[test]
    fn the_newest_fifty_stay_with_their_logs() {
        let state = tempfile::tempdir().unwrap();
        let runs = Runs::new(state.path());
        assert_eq!(runs.all().unwrap(), []);
        assert_eq!(runs.find(None).unwrap(), None);
        for at in 0..=KEPT as u64 {
            std::fs::create_dir_all(state.path().join(format!("logs/r{at}"))).unwrap();
            runs.keep(&record(at, &format!("r{at}"))).unwrap();
        }
        let all = runs.all().unwrap();
        assert_eq!((all.len(), all[0].run.as_str(), all[KEPT - 1].run.as_str()), (KEPT, "r50", "r1"));
        assert!(!state.path().join("logs/r0").exists());
        assert!(state.path().join("logs/r1").exists());
        assert_eq!(runs.find(None).unwrap(), Some(record(50, "r50")));
        assert_eq!(runs.find(Some("r7")).unwrap(), Some(record(7, "r7")));
        assert_eq!(runs.find(Some("x")).unwrap(), None);
    }

    #[test]
    fn large_runs_push_out_the_oldest_with_their_logs_and_never_the_newest() {
        let state = tempfile::tempdir().unwrap();
        let runs = Runs::new(state.path());
        let log = |run: &str, size: usize| {
            let folder = state.path().join("logs").join(run);
            std::fs::create_dir_all(&folder).unwrap();
            std::fs::write(folder.join("1.log"), vec![b'x'; size]).unwrap();
        };
        let left = || runs.all().unwrap().into_iter().map(|run| run.run).collect::<Vec<_>>();
        for (at, size) in [(1, 3000), (2, 3000), (3, 10), (4, 3000)] {
            log(&format!("r{at}"), size);
            runs.keep_within(&record(at, &format!("r{at}")), 8000, 2000).unwrap();
        }
        assert_eq!(left(), ["r4", "r3", "r2"]);
        assert!(!state.path().join("logs/r1").exists() && state.path().join("logs/r2").exists());
        log("r5", 9000);
        runs.keep_within(&record(5, "r5"), 8000, 2000).unwrap();
        assert_eq!(left(), ["r5"]);
    }

    #[test]
    fn a_strange_name_among_the_records_removes_no_more_than_itself() {
        let state = tempfile::tempdir().unwrap();
        let runs = Runs::new(state.path());
        std::fs::create_dir_all(state.path().join("runs")).unwrap();
        std::fs::create_dir_all(state.path().join("logs/kept")).unwrap();
        for name in ["0000000000000-.json", "0000000000000-..json", "0000000000000-...json"] {
            std::fs::write(state.path().join("runs").join(name), "{}").unwrap();
        }
        for at in 1..=KEPT as u64 {
            runs.keep(&record(at, "r")).unwrap();
        }
        assert_eq!(std::fs::read_dir(state.path().join("runs")).unwrap().count(), KEPT);
        assert!(state.path().join("logs/kept").exists());
    }

    #[test]
    fn a_run_with_nothing_to_do_is_kept_and_pushes_no_other_out() {
        let state = tempfile::tempdir().unwrap();
        let runs = Runs::new(state.path());
        runs.keep(&record(1, "worked")).unwrap();
        let idle = |at: u64| RunRecord { exit: 0, ..record(at, &format!("i{at}")) };
        for at in 2..500 {
            runs.keep(&idle(at)).unwrap();
        }
        assert_eq!(runs.find(None).unwrap(), Some(idle(499)));
        assert_eq!(runs.find(Some("worked")).unwrap(), Some(record(1, "worked")));
        assert_eq!(runs.find(Some("i49")).unwrap(), Some(idle(499)));
        let all = runs.all().unwrap();
        assert_eq!((all.first().unwrap().run.as_str(), all.last().unwrap().run.as_str()), ("i499", "worked"));
        assert!(all.len() < 498, "it has grown without bound");
        runs.keep(&record(500, "later")).unwrap();
        assert_eq!(runs.find(None).unwrap().unwrap().run, "later");
        assert_eq!(runs.unended().unwrap(), []);
    }
}

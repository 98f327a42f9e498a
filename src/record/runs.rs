//! The record of each run: `.orket/runs/ID.json`, and what a task printed in `.orket/logs/ID/`.

use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::event::{Outcome, Reason, Totals};

/// How many runs are kept.
const KEPT: usize = 50;

/// What one run came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunRecord {
    /// The version of this shape.
    pub version: u32,
    /// The run's id.
    pub run: String,
    /// When it began, in milliseconds since 1970 UTC.
    pub began: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// What was asked for.
    pub goal: Vec<String>,
    /// The exit status.
    pub exit: i32,
    /// How many of each outcome.
    pub totals: Totals,
    /// Every task that was not fresh.
    pub tasks: Vec<RunTask>,
}

/// What one task came to in a run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct RunTask {
    /// Its address.
    pub address: String,
    /// How it ended.
    pub outcome: Outcome,
    /// Why it ran.
    pub reason: Option<Reason>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How its last command ended.
    pub status: Option<String>,
    /// What it printed, at most the last 64 KiB.
    pub output: String,
    /// Where the whole of it is, relative to the project's root.
    pub log: Option<String>,
    /// Whether it put out the same bytes as before.
    pub unchanged: bool,
}

/// The runs of a checkout.
pub struct Runs {
    folder: PathBuf,
}

impl Runs {
    /// The runs kept in a checkout's state folder.
    pub fn new(state: &Path) -> Runs {
        Runs { folder: state.join("runs") }
    }

    /// Keeps a record and lets go of the oldest beyond fifty.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn keep(&self, record: &RunRecord) -> io::Result<()> {
        std::fs::create_dir_all(&self.folder)?;
        let bytes = serde_json::to_vec(record).map_err(io::Error::other)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.folder)?;
        io::Write::write_all(&mut file, &bytes)?;
        file.persist(self.folder.join(format!("{:013}-{}.json", record.began, record.run))).map_err(|error| error.error)?;
        let names = self.names()?;
        for name in names.iter().rev().skip(KEPT) {
            std::fs::remove_file(self.folder.join(name))?;
            if let Some(run) = name.strip_suffix(".json").and_then(|name| name.split_once('-')).map(|(_, run)| run)
                && !matches!(run, "" | "." | "..")
                && let Some(logs) = self.folder.parent().map(|state| state.join("logs").join(run))
            {
                let _ = std::fs::remove_dir_all(logs);
            }
        }
        Ok(())
    }

    /// Returns the records, newest first; what cannot be read is left out.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn all(&self) -> io::Result<Vec<RunRecord>> {
        Ok(self
            .names()?
            .iter()
            .rev()
            .filter_map(|name| serde_json::from_slice(&std::fs::read(self.folder.join(name)).ok()?).ok())
            .collect())
    }

    /// Returns the newest record, or the newest whose id begins with `run`.
    ///
    /// # Errors
    /// When the folder cannot be read.
    pub fn find(&self, run: Option<&str>) -> io::Result<Option<RunRecord>> {
        for name in self.names()?.iter().rev() {
            let id = name.strip_suffix(".json").and_then(|name| name.split_once('-')).map_or("", |(_, id)| id);
            if run.is_none_or(|run| id.starts_with(run))
                && let Some(record) = std::fs::read(self.folder.join(name)).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok())
            {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn names(&self) -> io::Result<Vec<String>> {
        let mut names: Vec<String> = match std::fs::read_dir(&self.folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            entries => {
                entries?.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).filter(|name| name.ends_with(".json")).collect()
            }
        };
        names.sort();
        Ok(names)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(began: u64, run: &str) -> RunRecord {
        RunRecord {
            version: 1,
            run: run.into(),
            began,
            duration_ms: 1,
            goal: vec!["app".into()],
            exit: 0,
            totals: Totals::default(),
            tasks: Vec::new(),
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
}

//! The event journal of a run: one JSON line an event, as `--events` writes them, beside the run's record.
//!
//! The record is written when a run has ended. Of a run that was killed the journal is all there is, so a record is made from what it got
//! to say; a line that was not written to its end is left out.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::run::{RunDecision, RunRecord, RunTask};
use crate::event::{Chosen, GateReport, Origin, Outcome, Sight, Totals};

/// How long a line may wait to be written.
const WAIT: Duration = Duration::from_millis(100);

/// A journal that is being written: in pieces, since a line for each of many short tasks would cost more than it is worth.
pub(super) struct Lines {
    file: File,
    waiting: Vec<u8>,
    written: Instant,
}

impl Lines {
    pub(super) fn create(path: &Path) -> io::Result<Lines> {
        // For its owner alone, as the record is.
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        Ok(Lines { file, waiting: Vec::new(), written: Instant::now() })
    }

    fn write_out(&mut self) -> io::Result<()> {
        let result = self.file.write_all(&self.waiting);
        self.waiting.clear();
        self.written = Instant::now();
        result
    }
}

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.written.elapsed() < WAIT && self.waiting.len() < 64 << 10 { Ok(()) } else { self.write_out() }
    }
}

impl Drop for Lines {
    fn drop(&mut self) {
        // A journal that cannot be written takes nothing from the run.
        let _ = self.write_out();
    }
}

/// What is read back of a line; the other events have nothing to do with what tasks came to.
#[derive(Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line {
    RunStarted {
        run: String,
        began_ms: u64,
        goal: Vec<String>,
        #[serde(default)]
        strategies: Vec<Chosen>,
    },
    Fresh {
        tasks: usize,
    },
    Started {
        task: String,
        #[serde(default)]
        reason: Option<Why>,
    },
    Finished {
        task: String,
        at_ms: u64,
        outcome: Outcome,
        duration_ms: u64,
        status: Option<String>,
        output: Option<String>,
        log: Option<String>,
        stored: Option<String>,
        unchanged: bool,
    },
    Decided {
        decision: String,
        value: String,
        origin: Origin,
        saw: Vec<Sight>,
    },
    Gate {
        report: Box<GateReport>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Why {
    kind: String,
}

/// Returns what a journal tells of a run that did not get to its end; `None` if it does not even say which.
pub(super) fn read(bytes: &[u8]) -> Option<RunRecord> {
    let Heard { mut record, begun, .. } = heard(bytes)?;
    (record.totals.cancelled, record.totals.interrupted) = (record.totals.cancelled + begun.len(), begun.len());
    Some(record)
}

/// Returns the tasks that it says have begun, and were ended with the run or not heard of since; none that began as a remedy.
pub(super) fn cut_off(bytes: &[u8]) -> BTreeSet<String> {
    let Some(Heard { begun, ended, remedies, .. }) = heard(bytes) else { return BTreeSet::new() };
    &(&begun | &ended) - &remedies
}

/// Returns the tasks that it says have begun, and does not say have ended.
pub(super) fn under_way(bytes: &[u8]) -> BTreeSet<String> {
    heard(bytes).map(|heard| heard.begun).unwrap_or_default()
}

struct Heard {
    record: RunRecord,
    /// What has begun, and is not said to have ended.
    begun: BTreeSet<String>,
    /// What has begun, and was ended with the run.
    ended: BTreeSet<String>,
    /// What has begun last as a remedy.
    remedies: BTreeSet<String>,
}

fn heard(bytes: &[u8]) -> Option<Heard> {
    let whole = &bytes[..bytes.iter().rposition(|byte| *byte == b'\n')? + 1];
    let mut record: Option<RunRecord> = None;
    let (mut begun, mut ended, mut remedies) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    for line in whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match (serde_json::from_slice(line).ok()?, &mut record) {
            (Line::RunStarted { run, began_ms, goal, strategies }, _) => {
                record = Some(RunRecord {
                    version: 1,
                    run,
                    began: began_ms,
                    order: 0,
                    duration_ms: 0,
                    goal,
                    manifest: String::new(),
                    exit: 0,
                    ended: false,
                    totals: Totals::default(),
                    tasks: Vec::new(),
                    decisions: Vec::new(),
                    strategies,
                    gates: Vec::new(),
                });
            }
            (Line::Gate { report }, Some(record)) => record.judged(*report),
            (Line::Decided { decision, value, origin, saw }, Some(record)) => {
                record.decisions.push(RunDecision { address: decision, value, origin, saw });
            }
            (Line::Fresh { tasks }, Some(record)) => record.totals.fresh += tasks,
            (Line::Started { task, reason }, Some(_)) => {
                match reason.is_some_and(|why| why.kind == "remedy") {
                    true => drop(remedies.insert(task.clone())),
                    false => drop(remedies.remove(&task)),
                }
                begun.insert(task);
            }
            (Line::Finished { task, at_ms, outcome, duration_ms, status, output, log, stored, unchanged }, Some(record)) => {
                ended.extend(begun.take(&task).filter(|_| outcome == Outcome::Cancelled));
                record.totals.count(outcome);
                record.duration_ms = at_ms;
                if outcome != Outcome::Fresh {
                    let output = output.unwrap_or_default();
                    let (address, reason) = (task, None);
                    record.tasks.push(RunTask { address, outcome, reason, duration_ms, status, output, log, stored, unchanged });
                }
            }
            _ => {}
        }
    }
    Some(Heard { record: record?, begun, ended, remedies })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_said_before_the_end_counts() {
        let started = r#"{"v":1,"event":"run_started","run":"r1","began_ms":7,"goal":["app"],"tasks":3,"jobs":2}"#;
        let fresh = r#"{"v":1,"event":"fresh","at_ms":1,"tasks":4}"#;
        let other = r#"{"v":1,"event":"started","task":"a","at_ms":1}"#;
        let done = r#"{"v":1,"event":"finished","task":"a","at_ms":9,"outcome":"done","duration_ms":8,"output":"words","unchanged":true}"#;
        let text = format!("{started}\n{fresh}\n{other}\n{done}\n");
        let record = read(text.as_bytes()).unwrap();
        assert_eq!((record.run.as_str(), record.began, record.duration_ms, record.ended), ("r1", 7, 9, false));
        assert_eq!((record.totals.fresh, record.totals.done), (4, 1));
        assert_eq!((record.tasks[0].address.as_str(), record.tasks[0].output.as_str(), record.tasks[0].unchanged), ("a", "words", true));
        for cut in 0..text.len() {
            let found = read(&text.as_bytes()[..cut]);
            assert_eq!(found.is_some(), cut > started.len(), "cut at {cut}");
            assert!(found.is_none_or(|found| found.tasks.is_empty()), "cut at {cut}");
        }
        assert_eq!(read(b"nonsense\n"), None);
    }
}

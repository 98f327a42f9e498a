//! A whole run as one JSON value, for `--json` and `--summary`.

use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::Serialize;
use serde_json::Value;

use super::json::{ReasonObject, ms, reason_object};
use super::{Names, reason_text};
use crate::base::TargetId;
use crate::event::{EVENT_VERSION, Event, Finished, GateReport, Outcome, Reason, Totals};

/// Returns what became of every target in `all`, in that order, with what the events of its run tell beyond that.
///
/// `run`, `exit` and `duration_ms` are null where the events lack the first or the last one.
pub fn summary(names: &dyn Names, all: &[(TargetId, Outcome, Option<Reason>, Duration)], events: &[Event]) -> Value {
    let mut run = None;
    let mut ending = None;
    let mut finished: FxHashMap<TargetId, &Finished> = FxHashMap::default();
    let mut gates: Vec<&GateReport> = Vec::new();
    for event in events {
        match event {
            Event::RunStarted(headline) => run = Some(&*headline.run),
            Event::Finished(one) => drop(finished.insert(one.task, one)),
            Event::RunFinished(last) => ending = Some(last),
            // Of a gate that said something in a workspace before, the last word counts.
            Event::Gate { report, .. } => match gates.iter_mut().find(|earlier| earlier.address == report.address) {
                Some(earlier) => *earlier = report,
                None => gates.push(report),
            },
            _ => {}
        }
    }
    let mut totals = Totals::default();
    all.iter().filter(|(task, ..)| names.is_task(*task)).for_each(|(_, outcome, ..)| totals.count(*outcome));
    let tasks = all.iter().map(|(task, outcome, reason, duration)| {
        let finished = finished.get(task).copied();
        TaskSummary {
            address: names.address(*task),
            outcome: *outcome,
            reason: reason.as_ref().map(reason_object),
            reason_text: reason.as_ref().map(reason_text),
            duration_ms: ms(*duration),
            attempts: finished.map_or(0, |finished| finished.attempts),
            status: finished.and_then(|finished| finished.status.as_deref()),
            log: finished.and_then(|finished| finished.log.as_deref()),
            because: finished.and_then(|finished| finished.because.as_deref()),
            flaky: finished.is_some_and(|finished| finished.flaky).then_some(true),
        }
    });
    let summary = Summary {
        version: EVENT_VERSION,
        run,
        exit: ending.map(|ending| ending.exit),
        signal: ending.and_then(|ending| ending.signal),
        duration_ms: ending.map(|ending| ms(ending.at)),
        totals: ending.map_or(totals, |ending| ending.totals),
        tasks: tasks.collect(),
        gates,
    };
    serde_json::to_value(summary).unwrap_or_default()
}

/// A run.
#[derive(Serialize)]
struct Summary<'a> {
    /// The version of this shape.
    version: u32,
    /// The name of the run.
    run: Option<&'a str>,
    /// The exit status of orket.
    exit: Option<i32>,
    /// The signal that ended the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
    /// Whole milliseconds.
    duration_ms: Option<u64>,
    /// How many tasks ended how.
    totals: Totals,
    /// One entry a target.
    tasks: Vec<TaskSummary<'a>>,
    /// What each gate that judged found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gates: Vec<&'a GateReport>,
}

/// A target in a run.
#[derive(Serialize)]
struct TaskSummary<'a> {
    address: String,
    /// `done`, `cached`, `fresh`, `skipped`, `failed`, `cancelled` or `stalled`.
    outcome: Outcome,
    /// Null where it did not run.
    reason: Option<ReasonObject>,
    /// The reason in words.
    reason_text: Option<String>,
    /// Whole milliseconds; 0 where nothing ran.
    duration_ms: u64,
    /// 0 where nothing ran.
    attempts: u32,
    /// `exit status 2`, `killed by SIGSEGV`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    /// Where its output is, relative to the root of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
    /// What is to blame for a target that was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    /// There, and true, where it passed only on a further attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    flaky: Option<bool>,
}

#[cfg(test)]
mod tests {
    use super::super::invented::{a_bad_run, id, names};
    use super::*;

    #[test]
    fn a_run_looked_back_on() {
        let all = [
            (id(0), Outcome::Done, Some(Reason::New), Duration::from_millis(2400)),
            (id(1), Outcome::Failed, Some(Reason::Always), Duration::from_millis(300)),
            (id(2), Outcome::Cancelled, None, Duration::ZERO),
        ];
        let summary = summary(&*names(), &all, &a_bad_run());
        insta::assert_snapshot!(serde_json::to_string_pretty(&summary).unwrap(), @r#"
        {
          "duration_ms": 1400,
          "exit": 1,
          "run": "0a1b2c3d",
          "tasks": [
            {
              "address": "app/compile",
              "attempts": 1,
              "duration_ms": 2400,
              "outcome": "done",
              "reason": {
                "kind": "new"
              },
              "reason_text": "first build here"
            },
            {
              "address": "app/link",
              "attempts": 2,
              "duration_ms": 300,
              "log": ".orket/logs/1.log",
              "outcome": "failed",
              "reason": {
                "kind": "always"
              },
              "reason_text": "runs every time",
              "status": "exit status 2"
            },
            {
              "address": "app/test",
              "attempts": 0,
              "because": "app/link",
              "duration_ms": 0,
              "outcome": "cancelled",
              "reason": null,
              "reason_text": null
            }
          ],
          "totals": {
            "cached": 1,
            "cancelled": 1,
            "done": 1,
            "failed": 1,
            "fresh": 0,
            "skipped": 1,
            "stalled": 0
          },
          "version": 1
        }
        "#);
    }

    #[test]
    fn without_events() {
        let all = [(id(0), Outcome::Fresh, None, Duration::ZERO)];
        let summary = summary(&*names(), &all, &[]);
        insta::assert_snapshot!(summary, @r#"{"duration_ms":null,"exit":null,"run":null,"tasks":[{"address":"app/compile","attempts":0,"duration_ms":0,"outcome":"fresh","reason":null,"reason_text":null}],"totals":{"cached":0,"cancelled":0,"done":0,"failed":0,"fresh":1,"skipped":0,"stalled":0},"version":1}"#);
    }
}

//! A run as a timeline: the Chrome trace format, which Perfetto and `chrome://tracing` open.
//!
//! Each slot is a track, each attempt a complete event on it. What came from the store, and services, are marks on a track of their own.
//! The format: "Trace Event Format", docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::{Names, reason_text};
use crate::base::TargetId;
use crate::event::{Event, Face, Outcome, Started};

/// The track of marks; slots are counted from 1 behind it.
const MARKS: u32 = 0;

/// Writes a trace as one JSON object.
///
/// # Errors
/// What writing to `out` gives.
pub fn trace(names: &dyn Names, events: &[Event], out: &mut dyn Write) -> io::Result<()> {
    let trace = Trace { display_time_unit: "ms", trace_events: entries(names, events) };
    serde_json::to_writer(&mut *out, &trace)?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Trace {
    #[serde(rename = "displayTimeUnit")]
    display_time_unit: &'static str,
    #[serde(rename = "traceEvents")]
    trace_events: Vec<Entry>,
}

/// One event of the format.
#[derive(Serialize)]
struct Entry {
    name: String,
    /// The category, to filter by.
    cat: &'static str,
    /// `X` complete, `i` a mark, `M` a track's name.
    ph: &'static str,
    /// Microseconds since the run began.
    ts: u64,
    /// Microseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    dur: Option<u64>,
    pid: u32,
    tid: u32,
    /// Marks only: they belong to their track.
    #[serde(skip_serializing_if = "Option::is_none")]
    s: Option<&'static str>,
    args: Args,
}

#[derive(Serialize, Default)]
struct Args {
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attempt: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
}

fn entries(names: &dyn Names, events: &[Event]) -> Vec<Entry> {
    let mut entries = Vec::new();
    let mut open: FxHashMap<TargetId, &Started> = FxHashMap::default();
    let mut last = Duration::ZERO;
    for event in events {
        match event {
            Event::Started(started) => {
                last = last.max(started.at);
                open.insert(started.task, started);
            }
            Event::Retrying { task, at, status, .. } => {
                last = last.max(*at);
                entries.extend(open.remove(task).map(|started| attempt(names, started, *at, "failed", Some(status))));
            }
            Event::Gate { at, .. } => last = last.max(*at),
            Event::Finished(finished) => {
                last = last.max(finished.at);
                match open.remove(&finished.task) {
                    Some(started) => entries.push(attempt(names, started, finished.at, finished.outcome.word(), finished.status.as_ref())),
                    None if finished.outcome == Outcome::Cached => entries.push(mark(names, "store", finished.task, finished.at, "cached")),
                    None => {}
                }
            }
            Event::Service(change) => {
                last = last.max(change.at);
                let state = match change.state {
                    Face::Started => "started",
                    Face::Ready => "ready",
                    Face::Stopped => "stopped",
                    Face::Died => "died",
                };
                let mut entry = mark(names, "service", change.service, change.at, state);
                entry.args.status.clone_from(&change.status);
                entries.push(entry);
            }
            Event::RunFinished(ending) => last = last.max(ending.at),
            Event::RunStarted(_)
            | Event::Fresh { .. }
            | Event::Decided(_)
            | Event::TerminalTaken { .. }
            | Event::TerminalReturned
            | Event::Notice(_) => {}
        }
    }
    let mut unended: Vec<&Started> = open.into_values().collect();
    unended.sort_by_key(|started| (started.at, started.task));
    entries.extend(unended.into_iter().map(|started| attempt(names, started, last, Outcome::Cancelled.word(), None)));
    let tracks: BTreeSet<u32> = entries.iter().map(|entry| entry.tid).collect();
    let mut all = vec![title("process_name", MARKS, "orket".to_owned())];
    all.extend(
        tracks
            .into_iter()
            .map(|track| title("thread_name", track, if track == MARKS { "marks".to_owned() } else { format!("slot {}", track - 1) })),
    );
    all.extend(entries);
    all
}

/// An attempt on the track of its slot.
fn attempt(names: &dyn Names, started: &Started, end: Duration, outcome: &'static str, status: Option<&String>) -> Entry {
    Entry {
        name: names.address(started.task),
        cat: "task",
        ph: "X",
        ts: micros(started.at),
        dur: Some(micros(end.saturating_sub(started.at))),
        pid: 1,
        tid: started.slot.saturating_add(1),
        s: None,
        args: Args {
            name: None,
            outcome: Some(outcome),
            reason: Some(reason_text(&started.reason)),
            attempt: Some(started.attempt),
            status: status.cloned(),
        },
    }
}

/// Something that took no time worth drawing.
fn mark(names: &dyn Names, cat: &'static str, target: TargetId, at: Duration, outcome: &'static str) -> Entry {
    let args = Args { outcome: Some(outcome), ..Args::default() };
    Entry { name: names.address(target), cat, ph: "i", ts: micros(at), dur: None, pid: 1, tid: MARKS, s: Some("t"), args }
}

/// The name of a track.
fn title(what: &str, track: u32, name: String) -> Entry {
    let args = Args { name: Some(name), ..Args::default() };
    Entry { name: what.to_owned(), cat: "__metadata", ph: "M", ts: 0, dur: None, pid: 1, tid: track, s: None, args }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::super::invented::{a_bad_run, finished, names, started};
    use super::*;

    fn written(events: &[Event]) -> String {
        let mut out = Vec::new();
        trace(&*names(), events, &mut out).unwrap();
        String::from_utf8(out).unwrap().replace("},{\"name", "},\n{\"name")
    }

    #[test]
    fn a_track_a_slot() {
        insta::assert_snapshot!(written(&a_bad_run()), @r#"
        {"displayTimeUnit":"ms","traceEvents":[{"name":"process_name","cat":"__metadata","ph":"M","ts":0,"pid":1,"tid":0,"args":{"name":"orket"}},
        {"name":"thread_name","cat":"__metadata","ph":"M","ts":0,"pid":1,"tid":0,"args":{"name":"marks"}},
        {"name":"thread_name","cat":"__metadata","ph":"M","ts":0,"pid":1,"tid":1,"args":{"name":"slot 0"}},
        {"name":"thread_name","cat":"__metadata","ph":"M","ts":0,"pid":1,"tid":2,"args":{"name":"slot 1"}},
        {"name":"a\u001b[2J日本語","cat":"store","ph":"i","ts":150000,"pid":1,"tid":0,"s":"t","args":{"outcome":"cached"}},
        {"name":"app/compile","cat":"task","ph":"X","ts":100000,"dur":300000,"pid":1,"tid":1,"args":{"outcome":"done","reason":"input src/a.c changed","attempt":1}},
        {"name":"app/link","cat":"task","ph":"X","ts":200000,"dur":300000,"pid":1,"tid":2,"args":{"outcome":"failed","reason":"input src/a.c changed","attempt":1,"status":"exit status 1"}},
        {"name":"app/link","cat":"task","ph":"X","ts":1000000,"dur":300000,"pid":1,"tid":1,"args":{"outcome":"failed","reason":"input src/a.c changed","attempt":2,"status":"exit status 2"}}]}
        "#);
    }

    #[test]
    fn an_attempt_that_never_ended_lasts_to_the_end() {
        insta::assert_snapshot!(written(&[started(0, 100, 0), started(1, 200, 1), finished(1, 500, Outcome::Done)]), @r#"
        {"displayTimeUnit":"ms","traceEvents":[{"name":"process_name","cat":"__metadata","ph":"M","ts":0,"pid":1,"tid":0,"args":{"name":"orket"}},
        {"name":"thread_name","cat":"__metadata","ph":"M","ts":0,"pid":1,"tid":1,"args":{"name":"slot 0"}},
        {"name":"thread_name","cat":"__metadata","ph":"M","ts":0,"pid":1,"tid":2,"args":{"name":"slot 1"}},
        {"name":"app/link","cat":"task","ph":"X","ts":200000,"dur":300000,"pid":1,"tid":2,"args":{"outcome":"done","reason":"input src/a.c changed","attempt":1}},
        {"name":"app/compile","cat":"task","ph":"X","ts":100000,"dur":400000,"pid":1,"tid":1,"args":{"outcome":"cancelled","reason":"input src/a.c changed","attempt":1}}]}
        "#);
    }
}

//! Events for machines: one JSON object a line, each with `v` (the version of these shapes), `event` (its kind) and its own fields.
//!
//! Times are whole milliseconds since the run began, durations whole milliseconds. Fields that hold nothing are left out.
//! Within one version fields may be added, but none is removed or changes its meaning.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::sink::Out;
use super::{Names, Sink, reason_text};
use crate::base::TargetId;
use crate::event::{
    Change, Chosen, Decided, EVENT_VERSION, Ending, Event, Face, Finished, GateReport, Headline, Notice, Origin, Outcome, Reason,
    ServiceChange, Sight, Started, Subject, Totals,
};

/// Returns a format that writes one JSON object a line. Each line is written at once.
pub fn json(names: Arc<dyn Names>, out: Box<dyn Write + Send>) -> Box<dyn Sink> {
    Box::new(Json { names, out: Out::new(out), brief: false })
}

/// As [`json`], but what was fresh from the start is one line that says how many.
pub fn journal(names: Arc<dyn Names>, out: Box<dyn Write + Send>) -> Box<dyn Sink> {
    Box::new(Json { names, out: Out::new(out), brief: true })
}

struct Json {
    names: Arc<dyn Names>,
    out: Out,
    brief: bool,
}

impl Sink for Json {
    fn event(&mut self, event: &Event) {
        let line = match event {
            Event::RunStarted(headline) => line(&run_started(headline)),
            Event::Started(started) => line(&started_line(&*self.names, started)),
            Event::Retrying { task, at, attempt, wait, status } => line(&RetryingLine {
                v: EVENT_VERSION,
                event: "retrying",
                task: self.names.address(*task),
                at_ms: ms(*at),
                attempt: *attempt,
                wait_ms: ms(*wait),
                status,
            }),
            Event::Fresh { tasks, at } if self.brief => {
                line(&FreshLine { v: EVENT_VERSION, event: "fresh", at_ms: ms(*at), tasks: tasks.len() })
            }
            Event::Fresh { tasks, at } => {
                let ended = |task: &TargetId| Finished { at: *at, ..Finished::new(*task, Outcome::Fresh) };
                tasks.iter().map(ended).flat_map(|ended| line(&finished_line(&*self.names, &ended))).collect()
            }
            Event::Finished(finished) => line(&finished_line(&*self.names, finished)),
            Event::Service(change) => line(&service_line(&*self.names, change)),
            Event::Gate { gate, at, report } => {
                line(&GateLine { v: EVENT_VERSION, event: "gate", gate: self.names.address(*gate), at_ms: ms(*at), report })
            }
            Event::Decided(decided) => line(&decided_line(&*self.names, decided)),
            Event::Notice(notice) => line(&notice_line(&*self.names, notice)),
            Event::RunFinished(ending) => line(&run_finished(ending)),
            Event::TerminalTaken { .. } | Event::TerminalReturned => return,
        };
        self.out.write(&line);
    }

    fn tick(&mut self, _: Duration) {
        self.out.flush();
    }
}

/// The first line.
#[derive(Serialize)]
struct RunStartedLine<'a> {
    v: u32,
    event: &'static str,
    /// The name of the run.
    run: &'a str,
    /// Milliseconds since 1970 UTC.
    began_ms: u64,
    /// What was asked for, as typed.
    goal: &'a [String],
    /// How many tasks the plan holds.
    tasks: usize,
    /// How many may run at once.
    jobs: usize,
    /// The sum of past durations along the longest chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    critical_path_ms: Option<u64>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    strategies: &'a [Chosen],
}

/// Nothing was to be done about these.
#[derive(Serialize)]
struct FreshLine {
    v: u32,
    event: &'static str,
    at_ms: u64,
    /// How many.
    tasks: usize,
}

/// A gate has judged.
#[derive(Serialize)]
struct GateLine<'a> {
    v: u32,
    event: &'static str,
    /// The address of the gate.
    gate: String,
    at_ms: u64,
    report: &'a GateReport,
}

/// An attempt began.
#[derive(Serialize)]
struct StartedLine {
    v: u32,
    event: &'static str,
    /// The address of the task.
    task: String,
    at_ms: u64,
    /// From 1.
    attempt: u32,
    /// From 0.
    slot: u32,
    reason: ReasonObject,
    /// The reason in words.
    reason_text: String,
    /// How long it took last time.
    #[serde(skip_serializing_if = "Option::is_none")]
    expected_ms: Option<u64>,
}

/// An attempt failed and another one follows.
#[derive(Serialize)]
struct RetryingLine<'a> {
    v: u32,
    event: &'static str,
    task: String,
    at_ms: u64,
    /// The attempt that failed.
    attempt: u32,
    /// How long the next one is put off.
    wait_ms: u64,
    /// How the attempt ended.
    status: &'a str,
}

/// A target ended. Fresh ones may have no line; the totals count them.
#[derive(Serialize)]
struct FinishedLine<'a> {
    v: u32,
    event: &'static str,
    task: String,
    at_ms: u64,
    outcome: Outcome,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<ReasonObject>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason_text: Option<String>,
    duration_ms: u64,
    attempts: u32,
    slot: u32,
    /// `exit status 2`, `killed by SIGSEGV`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
    /// The exit status of the last command.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<i32>,
    /// The end of what it printed; bytes that are no UTF-8 are `U+FFFD`.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    /// How much it printed, in bytes.
    output_size: u64,
    /// Where all of it is, relative to the root of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
    /// What the store calls all of it: hash and size.
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    /// Variables that were withheld and that the output mentions.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    withheld: &'a [String],
    /// What is to blame for a target that was not run.
    #[serde(skip_serializing_if = "Option::is_none")]
    because: Option<&'a str>,
    flaky: bool,
    /// Whether it put out the same as before.
    unchanged: bool,
}

/// A service changed.
#[derive(Serialize)]
struct ServiceLine<'a> {
    v: u32,
    event: &'static str,
    service: String,
    at_ms: u64,
    /// `started`, `ready`, `stopped` or `died`.
    state: Face,
    /// Since it was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    after_ms: Option<u64>,
    /// How it died, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    command: Option<&'a str>,
    /// The end of what it printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<String>,
    /// How much it printed, in bytes; for one that ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    output_size: Option<u64>,
    /// Where all of it is, relative to the root of the project.
    #[serde(skip_serializing_if = "Option::is_none")]
    log: Option<&'a str>,
}

/// A decision was made.
#[derive(Serialize)]
struct DecidedLine<'a> {
    v: u32,
    event: &'static str,
    decision: String,
    at_ms: u64,
    value: &'a str,
    /// `default`, `environment` or `command_line`.
    origin: Origin,
    /// What its conditions looked at: each with `choose`, `condition`, `holds` and `found`.
    saw: &'a [Sight],
}

/// A sentence for the person.
#[derive(Serialize)]
struct NoticeLine<'a> {
    v: u32,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

/// The last line.
#[derive(Serialize)]
struct RunFinishedLine<'a> {
    v: u32,
    event: &'static str,
    at_ms: u64,
    /// The exit status of orket.
    exit: i32,
    /// The signal that ended the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    signal: Option<i32>,
    /// How many tasks ended how.
    totals: &'a Totals,
}

/// A reason: its kind, and what that kind brings along.
#[derive(Serialize)]
pub(super) struct ReasonObject {
    /// `new`, `always`, `forced`, `asked`, `not_finished`, `running`, `overtaken`, `unmade`, `changed`, `outputs`, `upstream` or `remedy`.
    kind: &'static str,
    /// For `changed`, `unmade` and `outputs`: each with `subject`, `name`, and `old` and `new`, which are null where there was or is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    changes: Option<Vec<Change>>,
    /// For `upstream` and `remedy`: the address of the other task.
    #[serde(skip_serializing_if = "Option::is_none")]
    task: Option<String>,
}

/// Returns a reason as JSON shows it.
pub(super) fn reason_object(reason: &Reason) -> ReasonObject {
    let (kind, changes, task) = match reason {
        Reason::New => ("new", None, None),
        Reason::Always => ("always", None, None),
        Reason::Forced => ("forced", None, None),
        Reason::Verified => ("verified", None, None),
        Reason::Asked => ("asked", None, None),
        Reason::Unjudged => ("unjudged", None, None),
        Reason::NotFinished => ("not_finished", None, None),
        Reason::Running => ("running", None, None),
        Reason::RanAsRemedy => ("ran_as_remedy", None, None),
        Reason::Overtaken => ("overtaken", None, None),
        Reason::Unmade(path) => ("unmade", Some(vec![Change { subject: Subject::Input, name: path.clone(), old: None, new: None }]), None),
        Reason::Changed(changes) => ("changed", Some(changes.clone()), None),
        Reason::Outputs(changes) => ("outputs", Some(changes.clone()), None),
        Reason::Upstream(task) => ("upstream", None, Some(task.clone())),
        Reason::Remedy(task) => ("remedy", None, Some(task.clone())),
    };
    ReasonObject { kind, changes, task }
}

/// Returns a reason as JSON shows it everywhere.
pub fn reason_json(reason: &Reason) -> serde_json::Value {
    serde_json::to_value(reason_object(reason)).unwrap_or_default()
}

/// Returns whole milliseconds.
pub(super) fn ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn line(value: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(value).unwrap_or_default();
    line.push(b'\n');
    line
}

fn run_started(headline: &Headline) -> RunStartedLine<'_> {
    RunStartedLine {
        v: EVENT_VERSION,
        event: "run_started",
        run: &headline.run,
        began_ms: headline.began,
        goal: &headline.goal,
        tasks: headline.tasks,
        jobs: headline.jobs,
        critical_path_ms: headline.critical_path.map(ms),
        strategies: &headline.strategies,
    }
}

fn started_line(names: &dyn Names, started: &Started) -> StartedLine {
    StartedLine {
        v: EVENT_VERSION,
        event: "started",
        task: names.address(started.task),
        at_ms: ms(started.at),
        attempt: started.attempt,
        slot: started.slot,
        reason: reason_object(&started.reason),
        reason_text: reason_text(&started.reason),
        expected_ms: started.expected.map(ms),
    }
}

fn finished_line<'a>(names: &dyn Names, finished: &'a Finished) -> FinishedLine<'a> {
    FinishedLine {
        v: EVENT_VERSION,
        event: "finished",
        task: names.address(finished.task),
        at_ms: ms(finished.at),
        outcome: finished.outcome,
        reason: finished.reason.as_ref().map(reason_object),
        reason_text: finished.reason.as_ref().map(reason_text),
        duration_ms: ms(finished.duration),
        attempts: finished.attempts,
        slot: finished.slot,
        status: finished.status.as_deref(),
        hint: finished.hint.as_deref(),
        code: finished.code,
        output: (!finished.output.is_empty()).then(|| String::from_utf8_lossy(&finished.output).into_owned()),
        output_size: finished.output_size,
        log: finished.log.as_deref(),
        stored: finished.stored.map(|stored| stored.name()),
        command: finished.command.as_deref(),
        withheld: &finished.withheld,
        because: finished.because.as_deref(),
        flaky: finished.flaky,
        unchanged: finished.unchanged,
    }
}

fn service_line<'a>(names: &dyn Names, change: &'a ServiceChange) -> ServiceLine<'a> {
    ServiceLine {
        v: EVENT_VERSION,
        event: "service",
        service: names.address(change.service),
        at_ms: ms(change.at),
        state: change.state,
        after_ms: change.after.map(ms),
        status: change.status.as_deref(),
        command: change.command.as_deref(),
        output: (!change.output.is_empty()).then(|| String::from_utf8_lossy(&change.output).into_owned()),
        output_size: matches!(change.state, Face::Stopped | Face::Died).then_some(change.output_size),
        log: change.log.as_deref(),
    }
}

fn decided_line<'a>(names: &dyn Names, decided: &'a Decided) -> DecidedLine<'a> {
    DecidedLine {
        v: EVENT_VERSION,
        event: "decided",
        decision: names.address(decided.decision),
        at_ms: ms(decided.at),
        value: &decided.value,
        origin: decided.origin,
        saw: &decided.saw,
    }
}

fn notice_line<'a>(names: &dyn Names, notice: &'a Notice) -> NoticeLine<'a> {
    let task = notice.task.map(|task| names.address(task));
    NoticeLine { v: EVENT_VERSION, event: "notice", task, text: &notice.text, hint: notice.hint.as_deref() }
}

fn run_finished(ending: &Ending) -> RunFinishedLine<'_> {
    RunFinishedLine {
        v: EVENT_VERSION,
        event: "run_finished",
        at_ms: ms(ending.at),
        exit: ending.exit,
        signal: ending.signal,
        totals: &ending.totals,
    }
}

#[cfg(test)]
mod tests {
    use super::super::invented::{Screenful, a_bad_run, names};
    use super::*;

    #[test]
    fn a_line_an_event() {
        let out = Screenful::default();
        let mut sink = json(names(), out.writer());
        for event in a_bad_run() {
            sink.event(&event);
        }
        sink.finish();
        insta::assert_snapshot!(out.text(), @r#"
        {"v":1,"event":"run_started","run":"0a1b2c3d","began_ms":1700000000000,"goal":["app"],"tasks":5,"jobs":4,"critical_path_ms":3000}
        {"v":1,"event":"started","task":"app/compile","at_ms":100,"attempt":1,"slot":0,"reason":{"kind":"changed","changes":[{"subject":"input","name":"src/a.c","old":"0123456789ab","new":"ba9876543210"}]},"reason_text":"input src/a.c changed"}
        {"v":1,"event":"finished","task":"docs","at_ms":120,"outcome":"skipped","duration_ms":0,"attempts":0,"slot":0,"output_size":0,"because":"channel","flaky":false,"unchanged":false}
        {"v":1,"event":"finished","task":"a\u001b[2J日本語","at_ms":150,"outcome":"cached","duration_ms":0,"attempts":0,"slot":0,"output_size":0,"flaky":false,"unchanged":false}
        {"v":1,"event":"started","task":"app/link","at_ms":200,"attempt":1,"slot":1,"reason":{"kind":"changed","changes":[{"subject":"input","name":"src/a.c","old":"0123456789ab","new":"ba9876543210"}]},"reason_text":"input src/a.c changed"}
        {"v":1,"event":"finished","task":"app/compile","at_ms":400,"outcome":"done","reason":{"kind":"changed","changes":[{"subject":"input","name":"src/a.c","old":"0123456789ab","new":"ba9876543210"}]},"reason_text":"input src/a.c changed","duration_ms":300,"attempts":1,"slot":0,"output":"warning: unused\n","output_size":16,"flaky":false,"unchanged":false}
        {"v":1,"event":"retrying","task":"app/link","at_ms":500,"attempt":1,"wait_ms":500,"status":"exit status 1"}
        {"v":1,"event":"started","task":"app/link","at_ms":1000,"attempt":2,"slot":0,"reason":{"kind":"changed","changes":[{"subject":"input","name":"src/a.c","old":"0123456789ab","new":"ba9876543210"}]},"reason_text":"input src/a.c changed","expected_ms":400}
        {"v":1,"event":"finished","task":"app/link","at_ms":1300,"outcome":"failed","reason":{"kind":"changed","changes":[{"subject":"input","name":"src/a.c","old":"0123456789ab","new":"ba9876543210"}]},"reason_text":"input src/a.c changed","duration_ms":300,"attempts":2,"slot":0,"status":"exit status 2","code":2,"output":"line 1\nline 2\n","output_size":14,"log":".orket/logs/1.log","command":"cc -c src/a.c","withheld":["JAVA_HOME"],"flaky":false,"unchanged":false}
        {"v":1,"event":"finished","task":"app/test","at_ms":1300,"outcome":"cancelled","duration_ms":0,"attempts":0,"slot":0,"output_size":0,"because":"app/link","flaky":false,"unchanged":false}
        {"v":1,"event":"run_finished","at_ms":1400,"exit":1,"totals":{"done":1,"cached":1,"fresh":0,"skipped":1,"failed":1,"cancelled":1,"stalled":0}}
        "#);
    }
}

//! What the record of a run and its journal tell together, task by task.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::event::{Change, Outcome, Reason};
use crate::record::RunRecord;
use crate::report::{reason_lines, reason_text};

/// The word for what had begun and not ended.
pub(super) const RUNNING: &str = "running";

/// The word for what ran when the run was ended.
pub(super) const INTERRUPTED: &str = "interrupted";

/// A run, as far as it is known.
#[derive(Default, Debug)]
pub struct Story {
    /// Every task, gate and service that was not fresh, in the order of its end.
    pub(super) tasks: Vec<Told>,
    /// Every attempt, in the order of its end.
    pub(super) bars: Vec<Bar>,
    /// Every time that a service was up.
    pub(super) services: Vec<Bar>,
    /// How long each service took until it was ready, in milliseconds.
    pub(super) ready: BTreeMap<String, u64>,
    /// What was said to the person.
    pub(super) notices: Vec<String>,
    /// When the last thing happened that is known, in milliseconds since the run began.
    pub(super) last: u64,
    /// How many could run at once.
    pub(super) jobs: Option<u64>,
}

/// A task.
#[derive(Clone, Default, Debug, PartialEq)]
pub(super) struct Told {
    pub(super) address: String,
    /// `done`, `failed`, …, [`RUNNING`] or [`INTERRUPTED`].
    pub(super) outcome: &'static str,
    /// In milliseconds.
    pub(super) took: u64,
    pub(super) reason: Option<Reason>,
    pub(super) status: Option<String>,
    pub(super) hint: Option<String>,
    pub(super) command: Option<String>,
    pub(super) output: String,
    pub(super) log: Option<String>,
    pub(super) because: Option<String>,
    pub(super) attempts: u64,
    pub(super) flaky: bool,
    pub(super) unchanged: bool,
    pub(super) service: bool,
}

/// An attempt at a task, in milliseconds since the run began.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Bar {
    pub(super) task: String,
    /// From 0.
    pub(super) slot: u64,
    pub(super) from: u64,
    pub(super) to: u64,
    pub(super) outcome: &'static str,
}

impl Told {
    /// Returns why it ran, on one line.
    pub(super) fn why(&self) -> String {
        match (&self.reason, &self.because) {
            (Some(reason), _) => reason_text(reason),
            (None, Some(because)) => format!("because of {because}"),
            (None, None) => String::new(),
        }
    }

    /// Returns why it ran, a line for each difference.
    pub(super) fn why_lines(&self) -> Vec<String> {
        self.reason.as_ref().map(reason_lines).unwrap_or_default()
    }

    /// Whether a command of it ran.
    pub(super) fn ran(&self) -> bool {
        !self.service && (self.reason.is_some() || self.attempts > 0 || matches!(self.outcome, "done" | RUNNING))
    }
}

impl Story {
    /// Puts together a record and the lines of the journal beside it, of which there may be none.
    pub fn new(run: &RunRecord, lines: &[Value]) -> Story {
        let mut story = Story::default();
        let mut said: BTreeMap<&str, &Value> = BTreeMap::new();
        let mut open: BTreeMap<&str, &Value> = BTreeMap::new();
        let mut up: BTreeMap<&str, u64> = BTreeMap::new();
        let at = |line: &Value| line["at_ms"].as_u64().unwrap_or(0);
        let end = lines.iter().map(at).max().unwrap_or(0).max(run.duration_ms);
        story.last = end;
        for line in lines {
            let task = line["task"].as_str().unwrap_or_default();
            match line["event"].as_str().unwrap_or_default() {
                "run_started" => story.jobs = line["jobs"].as_u64(),
                "started" => drop(open.insert(task, line)),
                event @ ("retrying" | "finished") => {
                    let outcome = if event == "retrying" { Outcome::Failed } else { outcome(line) };
                    let started = open.remove(task);
                    story.bars.extend(started.map(|started| Bar::new(task, started, at(line), word(outcome, true))));
                    if event == "finished" {
                        said.insert(task, line);
                    }
                }
                "service" => story.service(line, end, &mut up),
                "notice" => {
                    let about = if task.is_empty() { String::new() } else { format!("{task}: ") };
                    let hint = line["hint"].as_str().map_or(String::new(), |hint| format!(" ({hint})"));
                    story.notices.push(format!("{about}{}{hint}", line["text"].as_str().unwrap_or_default()));
                }
                _ => {}
            }
        }
        let judged: BTreeSet<&str> = run.gates.iter().map(|gate| &*gate.address).collect();
        let of_service: BTreeSet<&str> = lines.iter().filter_map(|line| line["service"].as_str()).collect();
        story.tasks = run
            .tasks
            .iter()
            .map(|task| {
                let line = said.get(&*task.address).copied().unwrap_or(&Value::Null);
                let text = |name: &str| line[name].as_str().map(str::to_owned);
                let attempts = line["attempts"].as_u64().unwrap_or(0);
                Told {
                    address: task.address.clone(),
                    outcome: word(task.outcome, attempts > 0),
                    took: task.duration_ms,
                    reason: task
                        .reason
                        .clone()
                        .or_else(|| reason(&line["reason"]))
                        .or_else(|| judged.contains(&*task.address).then_some(Reason::Unjudged)),
                    status: task.status.clone(),
                    hint: text("hint"),
                    command: text("command"),
                    output: task.output.clone(),
                    log: task.log.clone(),
                    because: text("because"),
                    attempts,
                    flaky: line["flaky"] == true,
                    unchanged: task.unchanged,
                    service: of_service.contains(&*task.address),
                }
            })
            .collect();
        for (task, started) in open {
            story.bars.push(Bar::new(task, started, end, RUNNING));
            story.tasks.push(Told {
                address: task.to_owned(),
                outcome: RUNNING,
                took: end.saturating_sub(at(started)),
                reason: reason(&started["reason"]),
                attempts: started["attempt"].as_u64().unwrap_or(1),
                ..Told::default()
            });
        }
        for (service, from) in up {
            story.services.push(Bar { task: service.to_owned(), slot: 0, from, to: end, outcome: RUNNING });
        }
        story
    }

    /// Returns the address of every target that something is told of.
    pub fn addresses(&self) -> impl Iterator<Item = &str> {
        self.tasks.iter().map(|task| &*task.address)
    }

    /// Returns the remedies that ran, each with the task whose failure it is for.
    pub(super) fn remedies(&self) -> impl Iterator<Item = (&str, &str)> {
        self.tasks.iter().filter_map(|task| match &task.reason {
            Some(Reason::Remedy(failed)) => Some((&*task.address, &**failed)),
            _ => None,
        })
    }

    fn service<'l>(&mut self, line: &'l Value, end: u64, up: &mut BTreeMap<&'l str, u64>) {
        let (service, at) = (line["service"].as_str().unwrap_or_default(), line["at_ms"].as_u64().unwrap_or(end));
        match line["state"].as_str().unwrap_or_default() {
            "started" => drop(up.insert(service, at)),
            "ready" => {
                let after = line["after_ms"].as_u64().unwrap_or(0);
                let known = self.ready.entry(service.to_owned()).or_default();
                *known = after.max(*known);
            }
            state => self.services.extend(up.remove(service).map(|from| Bar {
                task: service.to_owned(),
                slot: 0,
                from,
                to: at.max(from),
                outcome: if state == "died" { Outcome::Failed.word() } else { "service" },
            })),
        }
    }
}

impl Bar {
    fn new(task: &str, started: &Value, to: u64, outcome: &'static str) -> Bar {
        let from = started["at_ms"].as_u64().unwrap_or(0);
        Bar { task: task.to_owned(), slot: started["slot"].as_u64().unwrap_or(0), from, to: to.max(from), outcome }
    }
}

fn word(outcome: Outcome, ran: bool) -> &'static str {
    if ran && outcome == Outcome::Cancelled { INTERRUPTED } else { outcome.word() }
}

fn outcome(line: &Value) -> Outcome {
    serde_json::from_value(line["outcome"].clone()).unwrap_or(Outcome::Done)
}

/// Reads a reason as the journal has it.
fn reason(value: &Value) -> Option<Reason> {
    let changes = || serde_json::from_value::<Vec<Change>>(value["changes"].clone()).unwrap_or_default();
    let task = || value["task"].as_str().unwrap_or_default().to_owned();
    Some(match value["kind"].as_str()? {
        "new" => Reason::New,
        "always" => Reason::Always,
        "forced" => Reason::Forced,
        "verified" => Reason::Verified,
        "asked" => Reason::Asked,
        "unjudged" => Reason::Unjudged,
        "not_finished" => Reason::NotFinished,
        "running" => Reason::Running,
        "ran_as_remedy" => Reason::RanAsRemedy,
        "overtaken" => Reason::Overtaken,
        "unmade" => Reason::Unmade(changes().pop()?.name),
        "changed" => Reason::Changed(changes()),
        "outputs" => Reason::Outputs(changes()),
        "upstream" => Reason::Upstream(task()),
        "remedy" => Reason::Remedy(task()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Subject;
    use crate::record::RunTask;

    fn task(name: &str, outcome: Outcome) -> RunTask {
        RunTask {
            address: name.into(),
            outcome,
            reason: None,
            duration_ms: 8,
            status: None,
            output: String::new(),
            log: None,
            stored: None,
            unchanged: false,
        }
    }

    fn story(lines: &[Value]) -> Story {
        Story::new(&RunRecord { tasks: vec![task("a", Outcome::Done)], ..RunRecord::default() }, lines)
    }

    #[test]
    fn what_had_begun_when_a_run_was_killed_is_told() {
        let change = json!({ "subject": "input", "name": "src/a.c", "old": "1", "new": "2" });
        let story = story(&[
            json!({ "event": "run_started", "jobs": 2 }),
            json!({ "event": "started", "task": "a", "at_ms": 1, "slot": 0, "attempt": 1 }),
            json!({ "event": "retrying", "task": "a", "at_ms": 3 }),
            json!({ "event": "started", "task": "a", "at_ms": 4, "slot": 1, "attempt": 2 }),
            json!({ "event": "started", "task": "b", "at_ms": 2, "slot": 0, "attempt": 1, "reason": { "kind": "changed", "changes": [change] } }),
            json!({ "event": "finished", "task": "a", "at_ms": 9, "outcome": "done", "attempts": 2, "flaky": true }),
        ]);
        let bar = |task: &str, slot, from, to, outcome| Bar { task: task.into(), slot, from, to, outcome };
        assert_eq!(story.bars, [bar("a", 0, 1, 3, "failed"), bar("a", 1, 4, 9, "done"), bar("b", 0, 2, 9, RUNNING)]);
        assert_eq!((story.jobs, story.tasks[0].flaky, story.tasks[0].attempts), (Some(2), true, 2));
        let left = &story.tasks[1];
        assert_eq!((&*left.address, left.outcome, left.took, left.why()), ("b", RUNNING, 7, String::from("input src/a.c changed")));
        assert!(matches!(&left.reason, Some(Reason::Changed(changes)) if changes[0].subject == Subject::Input));
    }

    #[test]
    fn what_ran_when_a_run_was_ended_was_interrupted() {
        let run = RunRecord { tasks: vec![task("slow", Outcome::Cancelled), task("next", Outcome::Cancelled)], ..RunRecord::default() };
        let story = Story::new(
            &run,
            &[
                json!({ "event": "started", "task": "slow", "at_ms": 1, "slot": 0, "attempt": 1 }),
                json!({ "event": "finished", "task": "slow", "at_ms": 5, "outcome": "cancelled", "attempts": 1 }),
                json!({ "event": "finished", "task": "next", "at_ms": 5, "outcome": "cancelled", "because": "slow" }),
            ],
        );
        assert_eq!([story.tasks[0].outcome, story.tasks[1].outcome, story.bars[0].outcome], [INTERRUPTED, "cancelled", INTERRUPTED]);
    }

    #[test]
    fn services_are_up_for_a_time_and_ready_after_one() {
        let line = |state: &str, at: u64, after: u64| json!({ "event": "service", "service": "db", "state": state, "at_ms": at, "after_ms": after });
        let story =
            story(&[line("started", 1, 0), line("ready", 5, 4), line("stopped", 9, 8), line("started", 10, 0), line("died", 12, 2)]);
        let up = |from, to, outcome| Bar { task: "db".into(), slot: 0, from, to, outcome };
        assert_eq!(story.services, [up(1, 9, "service"), up(10, 12, "failed")]);
        assert_eq!(story.ready["db"], 4);
    }
}

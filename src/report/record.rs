//! What is kept of a run, made of its events.

use std::time::Duration;

use super::Names;
use crate::base::TargetId;
use crate::event::{Event, Face, Outcome, Reason};
use crate::record::{RunDecision, RunRecord, RunTask};

/// Returns how every task of a run ended, why it ran, and how long that took.
pub fn outcomes(events: &[Event]) -> Vec<(TargetId, Outcome, Option<Reason>, Duration)> {
    events
        .iter()
        .flat_map(|event| match event {
            Event::Fresh { tasks, .. } => tasks.iter().map(|task| (*task, Outcome::Fresh, None, Duration::ZERO)).collect(),
            Event::Finished(finished) => vec![(finished.task, finished.outcome, finished.reason.clone(), finished.duration)],
            _ => Vec::new(),
        })
        .collect()
}

/// Returns the record of a run.
pub fn record(names: &dyn Names, events: &[Event]) -> RunRecord {
    let mut record = RunRecord {
        version: 1,
        run: String::new(),
        began: 0,
        order: 0,
        duration_ms: 0,
        goal: Vec::new(),
        manifest: String::new(),
        exit: 0,
        ended: true,
        totals: Default::default(),
        tasks: Vec::new(),
        decisions: Vec::new(),
        strategies: Vec::new(),
        gates: Vec::new(),
    };
    for event in events {
        match event {
            Event::RunStarted(headline) => {
                record.run = headline.run.clone();
                record.began = headline.began;
                record.goal = headline.goal.clone();
                record.strategies = headline.strategies.clone();
            }
            Event::Finished(finished) if finished.outcome != Outcome::Fresh => record.tasks.push(RunTask {
                address: names.address(finished.task),
                outcome: finished.outcome,
                reason: finished.reason.clone(),
                duration_ms: finished.duration.as_millis() as u64,
                status: finished.status.clone(),
                output: String::from_utf8_lossy(&finished.output).into_owned(),
                log: finished.log.clone(),
                stored: finished.stored.map(|stored| stored.name()),
                unchanged: finished.unchanged,
            }),
            Event::Service(change) if matches!(change.state, Face::Stopped | Face::Died) => record.tasks.push(RunTask {
                address: names.address(change.service),
                outcome: if change.state == Face::Died { Outcome::Failed } else { Outcome::Done },
                reason: None,
                duration_ms: change.after.unwrap_or_default().as_millis() as u64,
                status: change.status.clone(),
                output: String::from_utf8_lossy(&change.output).into_owned(),
                log: change.log.clone(),
                stored: None,
                unchanged: false,
            }),
            Event::Gate { report, .. } => record.judged((**report).clone()),
            Event::Decided(decided) => record.decisions.push(RunDecision {
                address: names.address(decided.decision),
                value: decided.value.clone(),
                origin: decided.origin,
                saw: decided.saw.clone(),
            }),
            Event::RunFinished(ending) => {
                record.duration_ms = ending.at.as_millis() as u64;
                record.exit = ending.exit;
                record.totals = ending.totals;
            }
            _ => {}
        }
    }
    record
}

//! `orket runs`: what past runs came to.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{Failure, Ui};
use crate::base::Digest;
use crate::base::quantity::{plural, show_duration};
use crate::event::Sight;
use crate::record::{RunRecord, Runs};
use crate::report::{reason_json, reason_text};
use crate::shell::RunsCommand;
use crate::store::Blobs;

/// Lists, shows or compares runs, or prints what their tasks printed.
///
/// # Errors
/// When there is no such run, or the records cannot be read.
pub fn runs(ui: &Ui, command: Option<&RunsCommand>) -> Result<(), Failure> {
    let engine = ui.open_or_as_built()?;
    let runs = engine.runs();
    match command.unwrap_or(&RunsCommand::List) {
        RunsCommand::List => {
            let all = runs.all().map_err(unreadable)?;
            if ui.json {
                ui.out_json(&json!({ "version": 1, "runs": all.iter().map(run_json).collect::<Vec<_>>() }));
                return Ok(());
            }
            ui.out(&all.iter().map(|run| line(run) + "\n").collect::<String>());
        }
        RunsCommand::Show { run } => {
            let run = one(&runs, run.as_deref())?;
            if ui.json {
                ui.out_json(&run_json(&run));
                return Ok(());
            }
            let mut text = line(&run) + "\n";
            for one in run.strategies.iter().filter(|one| one.origin != "default") {
                let said = one.place.as_ref().map(|place| format!("  ({place})")).unwrap_or_default();
                text.push_str(&format!("  {:9}  {}  {}{said}\n", "strategy", one.seam, one.strategy));
            }
            for decision in &run.decisions {
                text.push_str(&format!("  {:9}  {}  {}  ({})\n", "decided", decision.address, decision.value, decision.origin.words()));
                text.push_str(&sights(&decision.saw, "    "));
            }
            for task in &run.tasks {
                let reason = task.reason.as_ref().map(|reason| format!("  ({})", reason_text(reason))).unwrap_or_default();
                let status = task.status.as_ref().map(|status| format!("  {status}")).unwrap_or_default();
                text.push_str(&format!(
                    "  {:9}  {}  {}{status}{reason}\n",
                    task.outcome.word(),
                    task.address,
                    show_duration(std::time::Duration::from_millis(task.duration_ms))
                ));
            }
            ui.out(&text);
        }
        RunsCommand::Diff { old, new } => {
            let new = one(&runs, new.as_deref())?;
            let old = match old {
                Some(_) => one(&runs, old.as_deref())?,
                None => runs
                    .all()
                    .map_err(unreadable)?
                    .into_iter()
                    .skip_while(|run| (&run.run, run.began) != (&new.run, new.began))
                    .nth(1)
                    .ok_or_else(|| Failure::NoTarget(String::from("there is only one run")))?,
            };
            let table = |run: &RunRecord| -> BTreeMap<String, (&'static str, u64)> {
                run.tasks.iter().map(|task| (task.address.clone(), (task.outcome.word(), task.duration_ms))).collect()
            };
            let (before, after) = (table(&old), table(&new));
            let (decided, chosen) = (redecided(&old, &new), rechosen(&old, &new));
            let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
            names.sort();
            names.dedup();
            let show = |found: Option<&(&'static str, u64)>| {
                found.map_or_else(
                    // It was fresh, or nobody asked for it: the record does not tell these apart.
                    || String::from("did not run"),
                    |(outcome, duration)| format!("{outcome} {}", show_duration(std::time::Duration::from_millis(*duration))),
                )
            };
            let rows: Vec<_> =
                names.into_iter().filter(|name| before.get(*name).map(|row| row.0) != after.get(*name).map(|row| row.0)).collect();
            if ui.json {
                let changes: Vec<_> = rows.iter().map(|name| json!({ "address": name, "old": before.get(*name).map(|row| row.0), "new": after.get(*name).map(|row| row.0) })).collect();
                let decisions: Vec<_> = decided.iter().map(|(name, old, new)| json!({ "address": name, "old": old, "new": new })).collect();
                let strategies: Vec<_> = chosen.iter().map(|(seam, old, new)| json!({ "seam": seam, "old": old, "new": new })).collect();
                ui.out_json(&json!({ "version": 1, "old": old.run, "new": new.run, "tasks": changes, "decisions": decisions, "strategies": strategies }));
                return Ok(());
            }
            let mut text = format!("{} -> {}\n", old.run, new.run);
            for (seam, old, new) in &chosen {
                text.push_str(&format!("  strategy {seam}: {old} -> {new}\n"));
            }
            for (name, old, new) in &decided {
                let shown = |value: &Option<&str>| value.map_or_else(|| String::from("(not made)"), str::to_owned);
                text.push_str(&format!("  decision {name}: {} -> {}\n", shown(old), shown(new)));
            }
            for name in rows {
                text.push_str(&format!("  {name}: {} -> {}\n", show(before.get(name)), show(after.get(name))));
            }
            ui.out(&text);
        }
        RunsCommand::Logs { run, target } => {
            let run = one(&runs, run.as_deref())?;
            let wanted = |address: &str| target.as_ref().is_none_or(|target| address == target || address.ends_with(&format!("/{target}")));
            if let Some(target) = target.as_ref().filter(|_| !run.tasks.iter().any(|task| wanted(&task.address))) {
                return Err(Failure::NoTarget(format!("no target `{target}` did anything in the run `{}`", run.run)));
            }
            let mut logs = Vec::new();
            for task in run.tasks.iter().filter(|task| wanted(&task.address)) {
                if task.output.is_empty() && task.log.is_none() && task.stored.is_none() {
                    continue;
                }
                let logged = || task.log.as_ref().and_then(|log| std::fs::read(engine.root.join(log)).ok());
                let stored = || task.stored.as_deref().and_then(Digest::from_name).and_then(|log| engine.store().get_bytes(&log).ok()?);
                let whole = logged().or_else(stored).unwrap_or_else(|| match task.output.is_empty() {
                    true => b"(what it printed is no longer in the store)\n".to_vec(),
                    false => task.output.clone().into_bytes(),
                });
                let whole = String::from_utf8_lossy(&whole);
                if ui.json {
                    logs.push(json!({ "address": task.address, "output": whole }));
                } else {
                    ui.out(&format!("== {}\n", task.address));
                    ui.out(&whole);
                }
            }
            if ui.json {
                ui.out_json(&json!({ "version": 1, "run": run.run, "logs": logs }));
            }
        }
    }
    Ok(())
}

/// A run for a machine: reasons as everywhere, and in words.
fn run_json(run: &RunRecord) -> serde_json::Value {
    let mut value = json!(run);
    for (task, told) in run.tasks.iter().zip(value["tasks"].as_array_mut().into_iter().flatten()) {
        told["reason"] = task.reason.as_ref().map_or(serde_json::Value::Null, reason_json);
        told["reason_text"] = task.reason.as_ref().map(reason_text).into();
    }
    value
}

/// What conditions of a decision looked at, a line each.
pub(super) fn sights(saw: &[Sight], indent: &str) -> String {
    let line = |sight: &Sight| {
        let holds = if sight.holds { "holds" } else { "does not hold" };
        let found = if sight.found.is_empty() { String::new() } else { format!(": {}", sight.found) };
        format!("{indent}{}: {} {holds}{found}\n", sight.choose, sight.condition)
    };
    saw.iter().map(line).collect()
}

/// The seams that another strategy filled, with both; nothing where a record does not say.
fn rechosen<'a>(old: &'a RunRecord, new: &'a RunRecord) -> Vec<(&'a str, &'a str, &'a str)> {
    let before = |seam: &str| old.strategies.iter().find(|one| one.seam == seam).map(|one| one.strategy.as_str());
    let both = new.strategies.iter().filter_map(|one| Some((one.seam.as_str(), before(&one.seam)?, one.strategy.as_str())));
    both.filter(|(_, old, new)| old != new).collect()
}

/// The decisions that came to something else, with both values.
fn redecided<'a>(old: &'a RunRecord, new: &'a RunRecord) -> Vec<(&'a str, Option<&'a str>, Option<&'a str>)> {
    let value = |run: &'a RunRecord, name: &str| run.decisions.iter().find(|one| one.address == name).map(|one| one.value.as_str());
    let names: BTreeSet<&str> = old.decisions.iter().chain(&new.decisions).map(|one| one.address.as_str()).collect();
    names.into_iter().map(|name| (name, value(old, name), value(new, name))).filter(|(_, old, new)| old != new).collect()
}

fn unreadable(error: std::io::Error) -> Failure {
    Failure::Broken(format!("cannot read the records of runs: {error}"))
}

fn one(runs: &Runs, run: Option<&str>) -> Result<RunRecord, Failure> {
    runs.find(run).map_err(unreadable)?.ok_or_else(|| {
        Failure::NoTarget(run.map_or_else(|| String::from("there are no runs yet"), |run| format!("there is no run `{run}`")))
    })
}

fn line(run: &RunRecord) -> String {
    let began =
        jiff::Timestamp::from_millisecond(run.began as i64).map(|time| time.strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default();
    let goal = if run.goal.is_empty() { String::from("(default)") } else { run.goal.join(" ") };
    let verdict = if !run.ended {
        String::from("not ended")
    } else if run.exit == 0 {
        String::from("holds")
    } else {
        format!("exit {}", run.exit)
    };
    let totals = &run.totals;
    let counts: Vec<String> = [
        ("done", totals.done),
        ("cached", totals.cached),
        ("fresh", totals.fresh),
        ("failed", totals.failed),
        ("skipped", totals.skipped),
        (if run.ended { "interrupted" } else { "not finished" }, totals.interrupted),
        ("not reached", totals.cancelled.saturating_sub(totals.interrupted)),
    ]
    .into_iter()
    .filter(|(_, count)| *count > 0)
    .map(|(word, count)| format!("{count} {word}"))
    .collect();
    let counts = if counts.is_empty() { plural(0, "task") } else { counts.join(", ") };
    format!("{}  {began} UTC  {verdict}  {}  {counts}  {goal}", run.run, show_duration(std::time::Duration::from_millis(run.duration_ms)))
}

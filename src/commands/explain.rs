//! `orket explain`: why a task would run, or why it ran last time.

use serde_json::json;

use super::runs::sights;
use super::{Failure, Ui};
use crate::base::TargetId;
use crate::event::{Change, Outcome, Reason, Subject};
use crate::graph::{TargetKind, flag, select};
use crate::plan::Plan;
use crate::rebuild::Mode;
use crate::report::{reason_lines, reason_text};
use crate::run::{Choices, Overview, look};
use crate::shell::ExplainArgs;

/// Prints the reason of each task that a target means, with old and new values; of a fresh task also why it ran last.
///
/// # Errors
/// When the project cannot be opened, or the target is not there.
pub fn explain(ui: &Ui, args: &ExplainArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let graph = &engine.graph;
    let goal = select(graph, std::slice::from_ref(&args.target), &engine.package)?.targets;
    let world = engine
        .world(String::from("look"), false)
        .map_err(|error| Failure::Broken(format!("cannot read the state of this checkout: {error}")))?;
    let facts = engine.facts();
    let choices = Choices::new(graph, &facts, &args.deciding.decide, &engine.package).map_err(super::wrongly)?;
    let plan = Plan::without(graph, &goal, false, &|id| choices.is_given(id));
    // Of what only gathers, its parts are told.
    let gathers = |id: TargetId| graph.kind(id) == TargetKind::Task && graph.has(id, flag::EMPTY);
    let single = goal.iter().all(|id| matches!(graph.kind(*id), TargetKind::Task | TargetKind::Gate) && !gathers(*id));
    let runs = engine.runs().all().unwrap_or_default();
    let mut rows = Vec::new();
    let mut text = String::new();
    let decided: Vec<Overview> = match goal.iter().any(|id| graph.kind(*id) == TargetKind::Decision) {
        true => choices.overview(&world, &engine.inspector(false)).into_iter().filter(|one| goal.contains(&one.decision)).collect(),
        false => Vec::new(),
    };
    let only_decisions = decided.len() == goal.len();
    for decision in &decided {
        let value = match (&decision.chosen, &decision.open) {
            (Some(value), _) => format!("would be {value}  ({})", decision.origin.words()),
            (None, open) => format!("is not known: {}", open.as_deref().unwrap_or("nobody can say")),
        };
        text.push_str(&format!("the decision {} {value}\n{}", decision.address, sights(&decision.saw, "  ")));
    }
    let mut all = look(&world, &plan, Mode::default(), &choices, &engine.inspector(false));
    engine.note_running(&mut all);
    for seen in all {
        let shown = if single { goal.contains(&seen.task) } else { seen.outcome != Outcome::Fresh && !only_decisions };
        if !shown {
            continue;
        }
        let address = graph.address(seen.task);
        let last = runs
            .iter()
            .find_map(|run| run.tasks.iter().find(|task| task.address == address && task.reason.is_some()).map(|task| (run, task)));
        let state = match seen.outcome {
            Outcome::Fresh => "fresh",
            Outcome::Cached => "cached",
            Outcome::Failed => "blocked",
            Outcome::Skipped => "skipped",
            _ if seen.reason == Some(Reason::Running) => "running",
            _ => "would_run",
        };
        rows.push(json!({
            "address": address,
            "state": state,
            "reason": seen.reason.as_ref().map(reason_json),
            "reason_text": seen.reason.as_ref().map(reason_text),
            "trouble": seen.trouble,
            "last_run": last.map(|(run, task)| json!({
                "run": run.run,
                "outcome": task.outcome,
                "reason": task.reason.as_ref().map(reason_json),
                "reason_text": task.reason.as_ref().map(reason_text),
            })),
        }));
        let mut say = |head: String, reason: Option<&Reason>| {
            text.push_str(&head);
            text.push('\n');
            for line in reason.map(reason_lines).unwrap_or_default() {
                text.push_str(&format!("  {line}\n"));
            }
        };
        match seen.outcome {
            Outcome::Fresh => say(format!("{address} is fresh: nothing it depends on has changed"), None),
            Outcome::Cached => say(format!("{address} would not run: its outputs are in the store"), None),
            Outcome::Failed => say(format!("{address} cannot run: {}", seen.trouble.unwrap_or_default()), None),
            Outcome::Skipped => {
                let because = seen.trouble.map(|trouble| format!(" because of {trouble}")).unwrap_or_default();
                say(format!("{address} would be skipped{because}"), None);
            }
            Outcome::Done if seen.trouble.is_some() => say(format!("{address} may run: {}", seen.trouble.unwrap_or_default()), None),
            _ if seen.reason == Some(Reason::Running) => {
                say(format!("{address} is running: another build in this checkout has begun it"), None)
            }
            _ => say(format!("{address} would run:"), seen.reason.as_ref()),
        }
        if let Some((run, task)) = last {
            say(format!("{address} ran last in run {} ({}):", run.run, task.outcome.word()), task.reason.as_ref());
        }
    }
    if ui.json {
        let decisions: Vec<_> = decided.iter().map(super::decisions::graph_json).collect();
        ui.out_json(&json!({ "version": 1, "tasks": rows, "decisions": decisions }));
    } else if text.is_empty() {
        ui.out(&format!("{} is fresh: nothing it depends on has changed\n", args.target));
    } else {
        ui.out(&text);
    }
    Ok(())
}

fn reason_json(reason: &Reason) -> serde_json::Value {
    let changes = match reason {
        Reason::Changed(changes) | Reason::Outputs(changes) => changes.clone(),
        Reason::Unmade(path) => vec![Change { subject: Subject::Input, name: path.clone(), old: None, new: None }],
        _ => Vec::new(),
    };
    let kind = match serde_json::to_value(reason) {
        Ok(serde_json::Value::String(kind)) => kind,
        Ok(serde_json::Value::Object(map)) => map.keys().next().cloned().unwrap_or_default(),
        _ => String::new(),
    };
    let task = match reason {
        Reason::Upstream(task) | Reason::Remedy(task) => Some(task),
        _ => None,
    };
    json!({ "kind": kind, "changes": changes, "task": task })
}

//! `orket build -n` and `--check`: what would run, and why.

use std::time::Duration;

use super::face::Addresses;
use crate::base::{RelPath, quantity};
use crate::commands::{Failure, Ui};
use crate::engine::Engine;
use crate::event::{Event, Finished, Outcome, Reason};
use crate::plan::Plan;
use crate::rebuild::Mode;
use crate::report;
use crate::run::{Choices, look};
use crate::shell::{BuildArgs, exit};

/// Judges a plan without changing anything, and says what would be done.
///
/// # Errors
/// With `--check`, when something would; and when a decision cannot be made.
pub(super) fn look_at(ui: &Ui, args: &BuildArgs, engine: &Engine, plan: &Plan, mode: Mode, choices: &Choices<'_>) -> Result<(), Failure> {
    let world = engine
        .world(String::from("look"), false)
        .map_err(|error| Failure::Broken(format!("cannot read the state of this checkout: {error}")))?;
    let mut seen = look(&world, plan, mode, choices, &engine.inspector(false));
    engine.note_running(&mut seen);
    let mut removed: Vec<RelPath> = world.absent.read().expect("no holder panics").iter().cloned().collect();
    removed.sort();
    let stale = removed.len() + seen.iter().filter(|seen| !matches!(seen.outcome, Outcome::Fresh | Outcome::Skipped)).count();
    let exit = match () {
        () if seen.iter().any(|seen| seen.undecided) => exit::WRONG,
        () if args.check && stale > 0 => exit::FAILED,
        () => exit::HOLDS,
    };
    if ui.json {
        let names = Addresses::new(engine, ui);
        let all: Vec<_> = seen.iter().map(|seen| (seen.task, seen.outcome, seen.reason.clone(), Duration::ZERO)).collect();
        let told = seen.iter().filter(|seen| seen.trouble.is_some());
        let told = told.map(|seen| Finished { because: seen.trouble.clone(), ..Finished::new(seen.task, seen.outcome) });
        let told: Vec<Event> = told.map(|finished| Event::Finished(Box::new(finished))).collect();
        let mut summary = report::summary(&names, &all, &told);
        summary["exit"] = exit.into();
        if !removed.is_empty() {
            summary["would_remove"] = removed.iter().map(RelPath::to_string).collect();
        }
        summary["totals"]["would_run"] = std::mem::take(&mut summary["totals"]["done"]);
        for task in summary["tasks"].as_array_mut().into_iter().flatten() {
            // Nothing has been done.
            if task["outcome"] == Outcome::Done.word() {
                task["outcome"] = "would_run".into();
            }
        }
        ui.out_json(&summary);
    } else {
        let mut text = String::new();
        for seen in seen.iter().filter(|seen| seen.outcome != Outcome::Fresh) {
            let word = match seen.outcome {
                Outcome::Done if seen.trouble.is_some() => "may run",
                Outcome::Done if seen.reason == Some(Reason::Running) => "runs",
                Outcome::Done => "would run",
                Outcome::Cached => "would restore",
                Outcome::Failed => "cannot run",
                _ => "would skip",
            };
            let why =
                seen.reason.as_ref().map(report::reason_text).or(seen.trouble.clone()).map(|why| format!("  ({why})")).unwrap_or_default();
            text.push_str(&format!("{word}  {}{why}\n", engine.graph.address(seen.task)));
        }
        removed.iter().for_each(|path| text.push_str(&format!("would remove  {path}  (no task of this run puts it out)\n")));
        if stale == 0 {
            let skipped = seen.iter().filter(|seen| seen.outcome == Outcome::Skipped).count();
            let fresh = quantity::plural(seen.len() - skipped, "task");
            let skipped = if skipped > 0 { format!(", {skipped} skipped") } else { String::new() };
            text.push_str(&format!("nothing to do: {fresh} fresh{skipped}\n"));
        }
        ui.out(&text);
    }
    if exit == exit::HOLDS { Ok(()) } else { Err(Failure::Exit(exit.into())) }
}

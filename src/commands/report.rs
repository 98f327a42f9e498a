//! `orket report`: a run as a page.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Failure, Ui};
use crate::engine::Engine;
use crate::graph::TargetKind;
use crate::plan::{Plan, critical_paths};
use crate::record::RunRecord;
use crate::report::run::{Bar, Page, html};
use crate::shell::ReportArgs;

/// Of how many tasks it is said what it would be without them.
const FREE: usize = 100;

/// Writes the page of a run, and prints where it is.
///
/// # Errors
/// When there is no such run, or the page cannot be written.
pub fn report(ui: &Ui, args: &ReportArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let runs = engine.runs();
    let find = |wanted: Option<&str>| {
        let found = runs.find(wanted).map_err(|error| Failure::Broken(format!("cannot read past runs: {error}")))?;
        found.ok_or_else(|| match wanted {
            Some(id) => Failure::NoTarget(format!("error: there is no run `{id}`\nhint: `orket runs` lists them")),
            None => Failure::NoTarget(String::from("error: there is no run yet\nhint: orket build")),
        })
    };
    let run = find(args.run.as_deref())?;
    let earlier = args.compare.as_deref().map(|id| find(Some(id))).transpose()?;
    let bars = bars(&runs.events(&run));
    let (critical, free) = chains(&engine, &run);
    let page = html(&Page { project: &engine.name, run: &run, bars: &bars, critical: &critical, free: &free, earlier: earlier.as_ref() });
    let broken = |path: &std::path::Path, error| Failure::Broken(format!("cannot write `{}`: {error}", path.display()));
    let path = match &args.output {
        Some(path) => path.clone(),
        None => {
            let folder = engine.state().join("reports");
            std::fs::create_dir_all(&folder).map_err(|error| broken(&folder, error))?;
            folder.join(format!("{}.html", run.run))
        }
    };
    let whole = ui.surroundings.folder.join(&path);
    std::fs::write(&whole, page).map_err(|error| broken(&path, error))?;
    if ui.json {
        ui.out_json(&serde_json::json!({ "version": 1, "run": run.run, "output": path.to_string_lossy() }));
    } else {
        ui.out(&path.to_string_lossy());
    }
    Ok(())
}

/// Returns when each attempt ran, from the lines of an event journal.
fn bars(lines: &[Value]) -> Vec<Bar> {
    let mut open: BTreeMap<String, (u32, u64)> = BTreeMap::new();
    let mut bars = Vec::new();
    for line in lines {
        let (Some(task), Some(at)) = (line["task"].as_str(), line["at_ms"].as_u64()) else { continue };
        match line["event"].as_str() {
            Some("started") => drop(open.insert(task.to_owned(), (line["slot"].as_u64().unwrap_or(0) as u32, at))),
            Some(event @ ("finished" | "retrying")) => {
                let outcome = if event == "retrying" { "failed" } else { line["outcome"].as_str().unwrap_or_default() };
                bars.extend(open.remove(task).map(|(slot, from)| Bar {
                    task: task.to_owned(),
                    slot,
                    from,
                    to: at.max(from),
                    outcome: outcome.to_owned(),
                }));
            }
            _ => {}
        }
    }
    bars
}

type Chain = Vec<(String, u64)>;

/// Returns the longest chain of what ran, and what would be the longest if a task of it took no time.
fn chains(engine: &Engine, run: &RunRecord) -> (Chain, Chain) {
    let graph = &engine.graph;
    // A service lasts as long as those that use it: it is nobody's way to the end.
    let lasts = |address: &str| graph.find(address).is_some_and(|id| graph.kind(id) == TargetKind::Service);
    let took: BTreeMap<&str, u64> =
        run.tasks.iter().filter(|task| !lasts(&task.address)).map(|task| (&*task.address, task.duration_ms)).collect();
    let goal: Vec<_> = took.keys().filter_map(|address| graph.find(address)).collect();
    let plan = Plan::without(graph, &goal, false, &|_| false);
    let of = |free: Option<&str>| -> Vec<Option<f32>> {
        let step = |step| {
            let address = graph.address(plan.target(step));
            Some(if free == Some(address) { 0.0 } else { took.get(address).map_or(0.0, |took| *took as f32) })
        };
        plan.steps().map(step).collect()
    };
    let paths = critical_paths(&plan, &of(None), 0.0);
    let longest = |paths: &[f32]| paths.iter().copied().fold(0.0, f32::max);
    let mut chain = Vec::new();
    let mut here = plan.steps().max_by(|one, other| paths[one.index()].total_cmp(&paths[other.index()]));
    while let Some(step) = here {
        let address = graph.address(plan.target(step));
        chain.extend(took.get(address).filter(|took| **took > 0).map(|took| (address.to_owned(), *took)));
        here = plan.waiting(step).iter().copied().max_by(|one, other| paths[one.index()].total_cmp(&paths[other.index()]));
    }
    let mut dearest = chain.clone();
    dearest.sort_by_key(|(_, took)| std::cmp::Reverse(*took));
    let free = dearest.iter().take(FREE).map(|(address, _)| {
        let left = longest(&critical_paths(&plan, &of(Some(address)), 0.0));
        (address.clone(), left as u64)
    });
    let free = free.collect();
    (chain, free)
}

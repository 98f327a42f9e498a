//! `orket report`: a run as a page.

use std::collections::BTreeSet;

use super::graph::drawn;
use super::{Failure, Ui, written};
use crate::engine::{ChurnWanted, Engine, SymbolsWanted, churn};
use crate::graph::select;
use crate::record::RunRecord;
use crate::report::ReportKind;
use crate::report::draw::{DrawNode, Drawing};
use crate::report::run::{Page, Story, html, remedied};
use crate::shell::ReportArgs;

/// How far back from a run its churn looks, in seconds.
const YEAR: u64 = 365 * 86_400;

/// Writes the page of a run, and prints where it is.
///
/// # Errors
/// When there is no such run, or the page cannot be written.
pub fn report(ui: &Ui, args: &ReportArgs) -> Result<(), Failure> {
    ui.spare(args.output.as_deref(), ReportKind::Run)?;
    let engine = ui.open_or_as_built()?;
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
    let story = Story::new(&run, &runs.events(&run));
    let graph = graph(&engine, &run, &story);
    let churn = history(&engine, &run);
    let page = html(&Page {
        project: &engine.name,
        manifest: &engine.manifest.to_string(),
        run: &run,
        story: &story,
        graph: &graph,
        churn: churn.as_ref().map_err(Clone::clone),
        earlier: earlier.as_ref(),
    });
    let path = match args.output.as_deref() {
        Some(path) if written(Some(path)).is_none() => {
            ui.out(&page);
            return Ok(());
        }
        Some(path) => path.to_path_buf(),
        None => engine.state().join("reports").join(format!("{}.html", run.run)),
    };
    ui.write(&path, ReportKind::Run, &page)?;
    if ui.json {
        ui.out_json(&serde_json::json!({ "version": 1, "run": run.run, "output": path.to_string_lossy() }));
    } else {
        ui.out(&path.to_string_lossy());
    }
    Ok(())
}

/// Returns what the run was about as the manifest has it now. What is not in it any more stands alone.
fn graph(engine: &Engine, run: &RunRecord, story: &Story) -> Drawing {
    let graph = &engine.graph;
    // A goal may be gone, too.
    let mut goal = select(graph, &run.goal, &engine.package).map(|found| found.targets).unwrap_or_default();
    goal.extend(story.addresses().filter_map(|address| graph.find(address)));
    goal.sort_unstable();
    goal.dedup();
    let mut drawing = drawn(graph, &goal);
    let known: BTreeSet<String> = drawing.nodes.iter().map(|node| node.address.clone()).collect();
    let gone = story.addresses().filter(|address| !known.contains(*address));
    drawing.nodes.extend(gone.map(|address| DrawNode { address: address.to_owned(), kind: "gone", about: None, place: None, group: None }));
    remedied(drawing, story)
}

/// Returns what the history says of the project's files in the year before a run, or why it says nothing.
fn history(engine: &Engine, run: &RunRecord) -> Result<crate::churn::Report, String> {
    let wanted = ChurnWanted {
        folder: engine.root.clone(),
        scope: Some(".".into()),
        since: i64::try_from((run.began / 1000).saturating_sub(YEAR)).ok(),
        renames: true,
        sure: false,
        symbols: SymbolsWanted::Cheap,
        project: Some(engine.name.clone()),
        made: jiff::Timestamp::now().strftime("%Y-%m-%d").to_string(),
    };
    churn(&wanted).map_err(|error| error.to_string().lines().next().unwrap_or_default().to_owned())
}

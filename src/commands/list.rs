//! `orket list`: what there is.

use rustc_hash::FxHashMap;
use serde_json::json;

use super::{Failure, Ui};
use crate::base::TargetId;
use crate::engine::Engine;
use crate::graph::{Detail, Graph, TargetKind, flag};
use crate::report::chars;

/// Prints all targets, grouped rock, epic, task.
///
/// # Errors
/// When the project cannot be opened.
pub fn list(ui: &Ui) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let graph = &engine.graph;
    if ui.json {
        let targets: Vec<_> = graph
            .ids()
            .filter(|id| graph.kind(*id) != TargetKind::Entry)
            .map(|id| {
                let detail = graph.detail(id);
                json!({
                    "address": graph.address(id),
                    "kind": graph.kind(id).word(),
                    "about": detail.about(),
                    "place": detail.place().map(|place| place.to_string()),
                    "tags": detail.tags(),
                    "private": graph.has(id, flag::PRIVATE),
                })
            })
            .collect();
        ui.out_json(&json!({ "version": 1, "project": engine.name, "about": engine.about, "targets": targets }));
        return Ok(());
    }
    ui.out(&text(&engine));
    Ok(())
}

fn text(engine: &Engine) -> String {
    let graph = &engine.graph;
    let mut out =
        format!("{}{}\n", engine.name, engine.about.as_ref().map(|about| format!(": {}", chars::escape(about))).unwrap_or_default());
    let shown: Vec<_> = graph.ids().filter(|id| graph.kind(*id) != TargetKind::Entry && !graph.has(*id, flag::PRIVATE)).collect();
    let mut rows: Vec<(String, Option<String>)> = Vec::new();
    let row = |indent: &str, id: TargetId| {
        let kind = match graph.kind(id) {
            kind @ (TargetKind::Service | TargetKind::Gate | TargetKind::Decision) => format!(" ({})", kind.word()),
            _ => String::new(),
        };
        (format!("{indent}{}{kind}", graph.address(id)), Some(graph.detail(id).about().unwrap_or_default().to_owned()))
    };
    let mut alone = Vec::new();
    let mut inside: FxHashMap<TargetId, Vec<TargetId>> = FxHashMap::default();
    for id in shown.iter().filter(|id| !matches!(graph.kind(**id), TargetKind::Rock | TargetKind::Epic)) {
        match graph.address(*id).rmatch_indices('/').find_map(|(at, _)| epic(graph, &graph.address(*id)[..at])) {
            Some(epic) => inside.entry(epic).or_default().push(*id),
            None => alone.push(*id),
        }
    }
    for (kind, title) in [(TargetKind::Rock, "rocks"), (TargetKind::Epic, "epics")] {
        let of_kind: Vec<_> = shown.iter().filter(|id| graph.kind(**id) == kind).collect();
        if !of_kind.is_empty() {
            rows.push((format!("\n{title}"), None));
        }
        for id in of_kind {
            rows.push(row("  ", *id));
            match graph.detail(*id) {
                Detail::Rock(rock) => rows.extend(rock.parts.iter().map(|part| match graph.find(&part.text) {
                    Some(id) => row("    ", id),
                    None => (format!("    {}", part.text), None),
                })),
                _ => rows.extend(inside.get(id).into_iter().flatten().map(|id| row("    ", *id))),
            }
        }
    }
    if !alone.is_empty() {
        rows.push((String::from("\ntasks"), None));
        rows.extend(alone.into_iter().map(|id| row("  ", id)));
    }
    let width = rows
        .iter()
        .filter(|(_, about)| about.as_ref().is_some_and(|about| !about.is_empty()))
        .map(|(name, _)| chars::width(name))
        .max()
        .unwrap_or(0)
        .min(48);
    for (name, about) in rows {
        match about.filter(|about| !about.is_empty()) {
            Some(about) => {
                let padding = " ".repeat(width.saturating_sub(chars::width(&name)));
                out.push_str(&format!("{name}{padding}  {}\n", chars::escape(&about)));
            }
            None => out.push_str(&format!("{name}\n")),
        }
    }
    out
}

fn epic(graph: &Graph, address: &str) -> Option<TargetId> {
    graph.find(address).filter(|id| graph.kind(*id) == TargetKind::Epic)
}

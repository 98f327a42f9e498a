//! `orket list`: what there is.

use serde_json::json;

use super::{Failure, Ui};
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
        ui.out_json(
            &json!({ "version": 1, "project": engine.graph.header().name, "about": engine.graph.header().about, "targets": targets }),
        );
        return Ok(());
    }
    ui.out(&text(graph));
    Ok(())
}

fn text(graph: &Graph) -> String {
    let header = graph.header();
    let mut out = format!("{}{}\n", header.name, header.about.as_ref().map(|about| format!(": {about}")).unwrap_or_default());
    let shown: Vec<_> = graph.ids().filter(|id| graph.kind(*id) != TargetKind::Entry && !graph.has(*id, flag::PRIVATE)).collect();
    let mut rows: Vec<(String, Option<String>)> = Vec::new();
    for (kind, title) in [(TargetKind::Rock, "rocks"), (TargetKind::Epic, "epics")] {
        let of_kind: Vec<_> = shown.iter().filter(|id| graph.kind(**id) == kind).collect();
        if !of_kind.is_empty() {
            rows.push((format!("\n{title}"), None));
        }
        for id in of_kind {
            let detail = graph.detail(*id);
            rows.push((format!("  {}", graph.address(*id)), Some(detail.about().unwrap_or_default().to_owned())));
            let parts: Vec<String> = match &detail {
                Detail::Rock(rock) => rock.parts.iter().map(|part| part.text.to_string()).collect(),
                Detail::Epic(epic) => epic.parts.iter().map(|part| part.to_string()).collect(),
                _ => Vec::new(),
            };
            for part in parts {
                let id = graph.find(&part).filter(|id| !graph.has(*id, flag::PRIVATE));
                if kind == TargetKind::Rock || id.is_some() {
                    let about = id.map(|id| graph.detail(id).about().unwrap_or_default().to_owned()).unwrap_or_default();
                    rows.push((format!("    {part}"), Some(about)));
                }
            }
        }
    }
    let alone: Vec<_> = shown
        .iter()
        .filter(|id| match graph.detail(**id) {
            Detail::Task(task, _) => task.epic.is_none(),
            Detail::Service(_) | Detail::Gate(_) => true,
            _ => false,
        })
        .collect();
    if !alone.is_empty() {
        rows.push((String::from("\ntasks"), None));
        for id in alone {
            rows.push((format!("  {}", graph.address(*id)), Some(graph.detail(*id).about().unwrap_or_default().to_owned())));
        }
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
                out.push_str(&format!("{name}{padding}  {about}\n"));
            }
            None => out.push_str(&format!("{name}\n")),
        }
    }
    out
}

//! `orket graph`: the graph, drawn.

use super::{Failure, Ui};
use crate::base::TargetId;
use crate::graph::{Graph, TargetKind, select};
use crate::plan::Plan;
use crate::report::draw::{self, DrawEdge, DrawNode, Drawing};
use crate::shell::{GraphArgs, GraphFormat};

/// Prints the targets that a goal needs and the edges between them; all of them without a goal.
///
/// # Errors
/// When the project cannot be opened, or the target is not there.
pub fn graph(ui: &Ui, args: &GraphArgs) -> Result<(), Failure> {
    if args.target.as_deref() == Some("imports") && super::imports::meant(ui) {
        return super::imports::imports(ui, args);
    }
    if args.unresolved {
        return Err(Failure::Wrong("`--unresolved` is for `orket graph imports` only".into()));
    }
    let engine = ui.open(false)?;
    let graph = &engine.graph;
    let goal = match &args.target {
        Some(target) => select(graph, std::slice::from_ref(target), &engine.package)?.targets,
        None => graph.ids().collect(),
    };
    let drawing = drawn(graph, &goal);
    let format = if ui.json { GraphFormat::Json } else { args.format };
    ui.out(&match format {
        GraphFormat::Text => draw::text(&drawing),
        GraphFormat::Dot => draw::dot(&drawing),
        GraphFormat::Mermaid => draw::mermaid(&drawing),
        GraphFormat::Json => draw::json(&drawing),
        GraphFormat::Html => draw::html(&drawing, &graph.header().name),
    });
    Ok(())
}

/// Returns the targets that a goal needs and the edges between them as a drawing.
pub(super) fn drawn(graph: &Graph, goal: &[TargetId]) -> Drawing {
    let plan = Plan::new(graph, goal);
    let mut at = vec![usize::MAX; graph.len()];
    let mut drawing = Drawing { nodes: Vec::new(), edges: Vec::new() };
    let mut inside: Vec<_> = plan.steps().map(|step| plan.target(step)).filter(|id| graph.kind(*id) != TargetKind::Entry).collect();
    inside.sort_unstable();
    for id in &inside {
        at[id.index()] = drawing.nodes.len();
        let detail = graph.detail(*id);
        drawing.nodes.push(DrawNode {
            group: None,
            address: graph.address(*id).to_owned(),
            kind: graph.kind(*id).word(),
            about: detail.about().map(str::to_owned),
            place: detail.place().cloned(),
        });
    }
    for id in &inside {
        for edge in graph.edges(*id) {
            // An entry stands for what its epic or rock needs.
            let through = if graph.kind(edge.to) == TargetKind::Entry { graph.edges(edge.to) } else { std::slice::from_ref(edge) };
            for edge in through.iter().filter(|edge| at[edge.to.index()] != usize::MAX) {
                drawing.edges.push(DrawEdge { from: at[id.index()], to: at[edge.to.index()], kind: edge.kind().word() });
            }
        }
    }
    drawing
}

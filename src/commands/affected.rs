//! `orket affected`: what a change reaches; `orket build --affected` builds that.

use std::collections::HashSet;

use serde_json::json;

use super::{Failure, Ui};
use crate::base::TargetId;
use crate::engine::{Affected, Engine};
use crate::graph::{EdgeKind, TargetKind};
use crate::shell::AffectedArgs;
use crate::vcs::VcsError;

/// Prints the addresses of the targets that are reached from what changed since a revision, one a line.
///
/// # Errors
/// When the project is in no git repository, the revision is not there, or git fails.
pub fn affected(ui: &Ui, args: &AffectedArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let found = find(ui, &engine, &args.since)?;
    let mut addresses: Vec<&str> = found.targets.iter().map(|id| engine.graph.address(*id)).collect();
    addresses.sort_unstable();
    if ui.json {
        let changed: Vec<String> = found.changed.iter().map(ToString::to_string).collect();
        ui.out_json(&json!({
            "version": 1, "since": args.since, "commit": found.commit, "changed": changed, "targets": addresses, "notes": found.notes,
        }));
    } else {
        ui.out(&addresses.iter().map(|address| format!("{address}\n")).collect::<String>());
    }
    Ok(())
}

/// Returns those of `targets`, and of the parts of rocks and epics among them, that a change reaches. A rock or epic that has parts stands
/// for these alone: what else it is made of need not be built.
///
/// # Errors
/// As [`affected`].
pub(super) fn among(ui: &Ui, engine: &Engine, revision: &str, targets: &[TargetId]) -> Result<Vec<TargetId>, Failure> {
    let graph = &engine.graph;
    let reached: HashSet<TargetId> = find(ui, engine, revision)?.targets.into_iter().collect();
    let mut open: Vec<TargetId> = targets.iter().rev().copied().collect();
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        if !reached.contains(&id) || !seen.insert(id) {
            continue;
        }
        let parts = graph.edges(id).iter().filter(|edge| edge.kind() == EdgeKind::Part).map(|edge| edge.to);
        let parts: Vec<TargetId> = parts.filter(|part| graph.kind(*part) != TargetKind::Service).collect();
        if parts.is_empty() {
            found.push(id);
        }
        open.extend(parts.into_iter().rev());
    }
    Ok(found)
}

fn find(ui: &Ui, engine: &Engine, revision: &str) -> Result<Affected, Failure> {
    let found = engine.affected(revision).map_err(|error| match error {
        VcsError::NoRepository(_) | VcsError::NoRevision { .. } => Failure::Wrong(reason(&error)),
        _ => Failure::Broken(reason(&error)),
    })?;
    found.notes.iter().for_each(|note| ui.say(&format!("note: {note}")));
    Ok(found)
}

/// Returns why it is not known what changed.
pub(super) fn reason(error: &VcsError) -> String {
    match error {
        VcsError::NoRepository(folder) => {
            format!("`{}` stands in no git repository, so that nothing is known of what changed", folder.display())
        }
        _ => error.to_string(),
    }
}

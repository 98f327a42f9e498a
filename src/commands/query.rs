//! `orket query`: questions about the graph.

use serde_json::json;

use super::{Failure, Ui};
use crate::base::{RelPath, TargetId, glob};
use crate::disk::{PatternSet, expand};
use crate::engine::Engine;
use crate::graph::Looks;
use crate::model::Pattern;
use crate::shell::QueryArgs;

/// Prints one address a line.
///
/// # Errors
/// When the question cannot be read, or names what is not there.
pub fn query(ui: &Ui, args: &QueryArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let lines = crate::graph::query(&engine.graph, &args.expression, &Looked { ui, engine: &engine }).map_err(|error| {
        let text = error.to_string();
        if error.no_match { Failure::NoTarget(text) } else { Failure::Wrong(text) }
    })?;
    if ui.json {
        ui.out_json(&json!({ "version": 1, "lines": lines }));
    } else {
        ui.out(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    }
    Ok(())
}

struct Looked<'a> {
    ui: &'a Ui,
    engine: &'a Engine,
}

impl Looks for Looked<'_> {
    fn affected(&self, revision: &str) -> Result<Vec<TargetId>, String> {
        let affected = self.engine.affected(revision).map_err(|error| super::affected::reason(&error))?;
        affected.notes.iter().for_each(|note| self.ui.say(&format!("note: {note}")));
        Ok(affected.targets)
    }

    fn files(&self, patterns: &[Pattern]) -> Vec<String> {
        let texts = |negated| patterns.iter().filter(move |pattern| pattern.negated == negated).map(|pattern| pattern.text.to_string());
        let excluded: Vec<String> = texts(true).collect();
        let found = |text: &str| -> Vec<RelPath> {
            let set = PatternSet::new(&[text.to_owned()], &excluded);
            set.ok().and_then(|set| expand(&self.engine.tree, &set).ok()).unwrap_or_default()
        };
        texts(false)
            .flat_map(|text| {
                let files = found(&text);
                match glob::plain(&text) {
                    Some(name) if files.is_empty() => vec![name.into_owned()],
                    _ => files.iter().map(RelPath::to_string).collect(),
                }
            })
            .collect()
    }
}

//! `orket query`: questions about the graph.

use std::cell::OnceCell;

use serde_json::json;

use super::{Failure, Ui};
use crate::base::{RelPath, TargetId, glob};
use crate::disk::{PatternSet, expand};
use crate::engine::Engine;
use crate::graph::{Looks, flag};
use crate::model::Pattern;
use crate::report::chars::escape;
use crate::shell::QueryArgs;

/// Prints one address a line.
///
/// # Errors
/// When the question cannot be read, or names what is not there.
pub fn query(ui: &Ui, args: &QueryArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let lines =
        crate::graph::query(&engine.graph, &args.expression, &Looked { ui, engine: &engine, made: OnceCell::new() }).map_err(|error| {
            let text = error.to_string();
            if error.no_match { Failure::NoTarget(text) } else { Failure::Wrong(text) }
        })?;
    if ui.json {
        ui.out_json(&json!({ "version": 1, "lines": lines }));
    } else {
        ui.out(&lines.iter().map(|line| format!("{}\n", escape(line))).collect::<String>());
    }
    Ok(())
}

struct Looked<'a> {
    ui: &'a Ui,
    engine: &'a Engine,
    /// The names of all outputs, sorted.
    made: OnceCell<Vec<RelPath>>,
}

impl Looked<'_> {
    /// Returns the outputs of other tasks, there or not, that stand below the folder in which all that a pattern means stands.
    fn made_below(&self, base: &RelPath) -> impl Iterator<Item = &RelPath> {
        let made = self.made.get_or_init(|| {
            let graph = &self.engine.graph;
            let tasks = graph.ids().filter(|id| graph.has(*id, flag::OUTPUTS)).filter_map(|id| graph.task(id));
            let name = |pattern: &Pattern| {
                let text = pattern.text.as_literal().filter(|text| !pattern.negated && !text.ends_with('/'))?;
                RelPath::parse(&*glob::plain(text)?).ok()
            };
            let mut names: Vec<RelPath> = tasks.flat_map(|task| task.outputs.iter().filter_map(name).collect::<Vec<_>>()).collect();
            names.sort();
            names
        });
        let first = made.partition_point(|path| path < base);
        made[first..].iter().take_while(|path| path.as_bytes().starts_with(base.as_bytes()))
    }
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
            let Ok(set) = set else { return Vec::new() };
            let mut found = expand(&self.engine.tree, &set).unwrap_or_default();
            let base = match (glob::plain(text), glob::Glob::new(text)) {
                (Some(name), _) => RelPath::parse(&*name).ok(),
                (None, glob) => glob.ok().map(|glob| glob.base().clone()),
            };
            found.extend(base.iter().flat_map(|base| self.made_below(base)).filter(|path| set.matches(path)).cloned());
            found
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

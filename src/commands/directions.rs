//! What the gates of a project say of its imports, for whoever draws them.

use std::collections::BTreeMap;

use crate::base::RelPath;
use crate::disk::PatternSet;
use crate::engine::Engine;
use crate::facts::Import;
use crate::gates::{self, Wrong};
use crate::graph::{Detail, TargetKind};

/// Layers of files, and imports that break a rule.
#[derive(Default)]
pub(super) struct Directions {
    layers: Vec<(String, PatternSet)>,
    /// By who imports, a file or, as a part of a chain, a module; and by what it imports.
    broken: BTreeMap<(String, String), Vec<String>>,
}

impl Directions {
    /// Lets all gates about imports judge; what the project tolerates counts, too. Writes nothing.
    ///
    /// # Errors
    /// All that is wrong with their rules.
    pub(super) fn of(engine: &Engine) -> Result<Directions, Vec<Wrong>> {
        let graph = &engine.graph;
        let mut found = Directions::default();
        let inspector = engine.inspector(false);
        let all = graph.ids().filter(|id| graph.kind(*id) == TargetKind::Gate).filter_map(|id| match graph.detail(id) {
            Detail::Gate(gate) if *gate.kind == *"dependency_direction" => Some(gate),
            _ => None,
        });
        let all: Vec<_> = all.collect();
        let ground = inspector.ground_for(&all);
        for gate in all {
            found.layers.extend(gates::layers(&gate, &gates::folder_of(&gate)));
            let (report, _) = inspector.check(&gate, &ground)?;
            for finding in report.findings {
                let Some(edge) = finding.edge else { continue };
                let alone = finding.chain.is_empty().then_some((edge.from_file, edge.to));
                for ends in finding.chain.into_iter().chain(alone) {
                    let rules = found.broken.entry(ends).or_default();
                    if !rules.contains(&finding.rule) {
                        rules.push(finding.rule.clone());
                    }
                }
            }
        }
        Ok(found)
    }

    /// Returns the first layer that claims a file.
    pub(super) fn layer(&self, file: &RelPath) -> Option<&str> {
        self.layers.iter().find(|(_, files)| files.matches(file)).map(|(name, _)| &**name)
    }

    /// Returns the rules that an import breaks, itself or as a part of a chain.
    pub(super) fn broken_by(&self, import: &Import<'_>) -> impl Iterator<Item = &str> {
        let by = |who: String| self.broken.get(&(who, import.to.to_owned())).into_iter().flatten().map(|rule| &**rule);
        by(import.from_file.to_string()).chain(by(import.from.to_owned()))
    }
}

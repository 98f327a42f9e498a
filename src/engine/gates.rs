//! Gates of an opened project: their rules, and what they see.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use super::{ChurnError, ChurnWanted, Engine, churn};
use crate::base::{RelPath, TargetId};
use crate::churn::Report;
use crate::disk::Tree;
use crate::event::GateReport;
use crate::facts::{FactFile, Forgetful, Known};
use crate::gates::{self, Asked, Ground, Outside, Today, Unjudged, Wrong};
use crate::graph::{Detail, Graph, TargetKind};
use crate::model::Gate;
use crate::run::Gates;

/// Judges the gates of a project.
pub struct Inspector {
    graph: Graph,
    tree: Tree,
    state: PathBuf,
    known: OnceLock<Arc<dyn Known + Send>>,
    outside: Arc<Surroundings>,
    today: Today,
    quick: bool,
}

/// What gates ask beside the tree, for real.
struct Surroundings {
    root: PathBuf,
    project: String,
}

impl Outside for Surroundings {
    fn churn(&self, folder: &RelPath, scope: Option<&str>, since: Option<i64>, today: &str) -> Result<Report, Unjudged> {
        let wanted = ChurnWanted {
            folder: folder.under(&self.root),
            scope: Some(PathBuf::from(scope.unwrap_or("."))),
            since: since.map(|seconds| jiff::Timestamp::now().as_second().saturating_sub(seconds)),
            renames: true,
            project: Some(self.project.clone()),
            made: today.to_owned(),
        };
        churn(&wanted).map_err(|error| match error {
            ChurnError::NoScope(_) | ChurnError::Moved(_) => {
                Unjudged::empty(error.to_string().lines().next().unwrap_or_default().to_owned())
            }
            ChurnError::Vcs(_) => Unjudged::broken(error.to_string().replace('\n', "; ")),
        })
    }
}

impl Engine {
    /// Returns how many gates of a kind there are.
    pub fn gates_of(&self, kind: &str) -> usize {
        count(&self.graph, kind)
    }

    /// Returns who judges gates, by the cheap half if `quick`. The clock is asked now. Facts about files are kept where the checkout has
    /// a folder for its state.
    pub fn inspector(&self, quick: bool) -> Inspector {
        let outside = Arc::new(Surroundings { root: self.root.clone(), project: self.name.clone() });
        let today = Today(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string());
        Inspector { graph: self.graph.clone(), tree: self.tree.clone(), state: self.state(), known: OnceLock::new(), outside, today, quick }
    }
}

impl Inspector {
    /// Returns the tree as it is now, for some gates.
    pub fn ground(&self) -> Ground {
        Ground::new(self.tree.clone(), self.known().clone(), self.outside.clone())
    }

    /// Lets a gate judge; returns its report, and whether it was known: nothing that the gate can see has changed since it judged.
    ///
    /// # Errors
    /// When its rules are wrong.
    pub fn check(&self, gate: &Gate, ground: &Ground) -> Result<(GateReport, bool), Vec<Wrong>> {
        let rules = gates::read(gate)?;
        let view = ground.seen_from(gate_folder(gate));
        Ok(gates::check(gate, &rules, &view, &Asked { quick: self.quick, today: &self.today }))
    }

    /// Keeps what was learned of files for the next time.
    pub fn keep(&self) {
        if let Some(known) = self.known.get() {
            known.keep();
        }
    }

    fn known(&self) -> &Arc<dyn Known + Send> {
        self.known.get_or_init(|| match self.state.is_dir() {
            true => Arc::new(FactFile::open(self.state.join("facts").join("imports"))),
            false => Arc::new(Forgetful),
        })
    }
}

impl Gates for Inspector {
    fn judge(&self, target: TargetId) -> (GateReport, bool) {
        let unjudged = |kind: &str, because: &str| (GateReport::unjudged(self.graph.address(target), kind, because), false);
        let Detail::Gate(gate) = self.graph.detail(target) else { return unjudged("", "it is no gate") };
        // What it needs may have made files since the last gate looked.
        let (mut report, known) = self.check(&gate, &self.ground()).unwrap_or_else(|wrong| {
            let texts: Vec<String> = wrong.into_iter().map(|wrong| wrong.message).collect();
            unjudged(&gate.kind, &texts.join("; "))
        });
        gates::agree(std::slice::from_mut(&mut report), &|kind| count(&self.graph, kind));
        (report, known)
    }

    fn standing(&self, target: TargetId) -> Option<GateReport> {
        let Detail::Gate(gate) = self.graph.detail(target) else { return None };
        let ground = self.ground();
        let view = ground.seen_from(gate_folder(&gate));
        let rules = gates::read(&gate).ok()?;
        let mut report = gates::standing(&gate, &rules, &view, &Asked { quick: self.quick, today: &self.today })?;
        gates::agree(std::slice::from_mut(&mut report), &|kind| count(&self.graph, kind));
        Some(report)
    }
}

fn count(graph: &Graph, kind: &str) -> usize {
    let gates = graph.ids().filter(|id| graph.kind(*id) == TargetKind::Gate);
    gates.filter(|id| matches!(graph.detail(*id), Detail::Gate(gate) if *gate.kind == *kind)).count()
}

/// Returns the folder of the manifest that declares a gate.
pub fn gate_folder(gate: &Gate) -> RelPath {
    RelPath::parse(&*gate.place.file).ok().and_then(|file| file.parent()).unwrap_or_else(RelPath::root)
}

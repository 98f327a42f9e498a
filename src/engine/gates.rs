//! Gates of an opened project: their rules, and what they see.

use std::sync::{Arc, OnceLock};

use super::Engine;
use super::outside::{Surroundings, unless_stopped};
use crate::base::{RelPath, TargetId};
use crate::event::GateReport;
use crate::facts::{FactFile, Forgetful, Known};
use crate::gates::{self, Asked, Ground, Today, Wrong};
use crate::graph::{Detail, Graph, TargetKind};
use crate::model::Gate;
use crate::process::Cancel;
use crate::rebuild::World;
use crate::run::Gates;

/// Judges the gates of a project.
pub struct Inspector<'a> {
    engine: &'a Engine,
    known: OnceLock<Arc<dyn Known + Send>>,
    today: Today,
    quick: bool,
    since: Option<String>,
    /// Whether gates judge as if nothing were known.
    anew: bool,
    /// Whether a verdict that is asked for and not known is judged.
    pub(super) judging: bool,
    /// Ends what gates run, where somebody can.
    pub(super) cancel: Option<Cancel>,
}

impl Engine {
    /// Returns how many gates of a kind there are.
    pub fn gates_of(&self, kind: &str) -> usize {
        count(&self.graph, kind)
    }

    /// Returns who judges gates, by the cheap half if `quick`. The clock is asked now. Facts about files are kept where the checkout has
    /// a folder for its state.
    pub fn inspector(&self, quick: bool) -> Inspector<'_> {
        let today = Today(jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string());
        Inspector { engine: self, known: OnceLock::new(), today, quick, since: None, anew: false, judging: false, cancel: None }
    }
}

impl Inspector<'_> {
    /// Has the history looked at since a revision, whatever gates say of that.
    pub fn since(self, revision: Option<String>) -> Self {
        Inspector { since: revision, ..self }
    }

    /// Has what gates run end when this is thrown.
    pub fn until(self, cancel: &Cancel) -> Self {
        Inspector { cancel: Some(cancel.clone()), ..self }
    }

    /// Has gates judge as if nothing were known, if `anew`.
    pub fn anew(self, anew: bool) -> Self {
        Inspector { anew, ..self }
    }

    /// Returns the day on which they judge.
    pub fn today(&self) -> &Today {
        &self.today
    }

    fn asked(&self) -> Asked<'_> {
        Asked { quick: self.quick, today: &self.today, since: self.since.as_deref() }
    }

    /// Returns the tree as it is now, for some gates that no run is about.
    pub fn ground(&self) -> Ground<'_> {
        self.ground_in(None)
    }

    /// As [`Inspector::ground`], looked at for these gates, so that all of them can judge at once.
    pub fn ground_for(&self, gates: &[Gate]) -> Ground<'_> {
        looked(self.ground(), gates)
    }

    fn ground_in<'g>(&'g self, world: Option<&'g World>) -> Ground<'g> {
        let outside = Surroundings { engine: self.engine, world, cancel: self.cancel.as_ref() };
        Ground::new(self.engine.tree.clone(), self.known().clone(), Box::new(outside))
    }

    /// Lets a gate judge; returns its report, and whether it was known: nothing that the gate can see has changed since it judged.
    ///
    /// # Errors
    /// When its rules are wrong.
    pub fn check(&self, gate: &Gate, ground: &Ground<'_>) -> Result<(GateReport, bool), Vec<Wrong>> {
        let rules = gates::read(gate)?;
        let view = ground.seen_by(gate);
        Ok(gates::check(gate, &rules, &view, &self.asked()))
    }

    /// Returns the files that a gate would mend; none, where it is no fixer.
    ///
    /// # Errors
    /// A sentence, when they cannot be listed.
    pub fn fixes(&self, gate: &Gate, ground: &Ground<'_>) -> Result<Vec<RelPath>, String> {
        gates::fixes(gate, &ground.seen_by(gate)).map_err(|error| format!("cannot look for files: {error}"))
    }

    /// Returns what a gate that is a fixer makes of a file; `None` where it leaves it as it is.
    ///
    /// # Errors
    /// A sentence, why it has nothing to say.
    pub fn mended(&self, gate: &Gate, ground: &Ground<'_>, path: &RelPath, bytes: &[u8]) -> Result<Option<Vec<u8>>, String> {
        gates::mended(gate, &ground.seen_by(gate), path, bytes).map_err(|unjudged| unjudged.text)
    }

    /// Keeps what was learned of files for the next time.
    pub fn keep(&self) {
        if let Some(known) = self.known.get() {
            known.keep();
        }
    }

    fn known(&self) -> &Arc<dyn Known + Send> {
        self.known.get_or_init(|| {
            let state = self.engine.state();
            match state.is_dir() && !self.anew {
                true => Arc::new(FactFile::open(state.join("facts").join("imports"))),
                false => Arc::new(Forgetful),
            }
        })
    }
}

impl Inspector<'_> {
    fn judged(&self, gate: &Gate, world: &World) -> (GateReport, bool) {
        // What it needs may have made files since the last gate looked.
        let ground = looked(self.ground_in(Some(world)), std::slice::from_ref(gate));
        let (mut report, known) = self.check(gate, &ground).unwrap_or_else(|wrong| {
            let texts: Vec<String> = wrong.into_iter().map(|wrong| wrong.message).collect();
            (GateReport::unjudged(gate.address.as_str(), &gate.kind, &texts.join("; ")), false)
        });
        gates::agree(std::slice::from_mut(&mut report), &|kind| count(&self.engine.graph, kind));
        (report, known)
    }
}

impl Gates for Inspector<'_> {
    fn judge(&self, target: TargetId, world: &Arc<World>) -> (GateReport, bool) {
        let unjudged = |kind: &str, because: &str| (GateReport::unjudged(self.engine.graph.address(target), kind, because), false);
        let Detail::Gate(gate) = self.engine.graph.detail(target) else { return unjudged("", "it is no gate") };
        let kind = gate.kind.clone();
        let (engine, world, known) = (self.engine.clone(), world.clone(), self.known().clone());
        let (today, since, cancel) = (self.today.clone(), self.since.clone(), self.cancel.clone());
        let Inspector { quick, anew, judging, .. } = *self;
        let judge = move || {
            let known = OnceLock::from(known);
            Inspector { engine: &engine, known, today, quick, since, anew, judging, cancel }.judged(&gate, &world)
        };
        unless_stopped(self.cancel.as_ref(), judge).unwrap_or_else(|| unjudged(&kind, "it was told to stop"))
    }

    fn standing(&self, target: TargetId) -> Option<GateReport> {
        let Detail::Gate(gate) = self.engine.graph.detail(target) else { return None };
        let ground = self.ground_for(std::slice::from_ref(&gate));
        let view = ground.seen_by(&gate);
        let rules = gates::read(&gate).ok()?;
        let asked = self.asked();
        let mut report = match self.judging {
            true => gates::check(&gate, &rules, &view, &asked).0,
            false => gates::standing(&gate, &rules, &view, &asked)?,
        };
        gates::agree(std::slice::from_mut(&mut report), &|kind| count(&self.engine.graph, kind));
        Some(report)
    }
}

/// Looks at a tree for gates; of one whose rules are wrong nothing is asked.
fn looked<'g>(ground: Ground<'g>, all: &[Gate]) -> Ground<'g> {
    let rules = all.iter().filter_map(|gate| Some((gate, gates::read(gate).ok()?)));
    ground.looked(rules.map(|(gate, rules)| rules.reads(&gates::folder_of(gate))).collect())
}

fn count(graph: &Graph, kind: &str) -> usize {
    let gates = graph.ids().filter(|id| graph.kind(*id) == TargetKind::Gate);
    gates.filter(|id| matches!(graph.detail(*id), Detail::Gate(gate) if *gate.kind == *kind)).count()
}

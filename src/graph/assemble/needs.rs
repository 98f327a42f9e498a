//! What a target says that it needs, comes after, uses or is mended by: which targets that means, and whether it can.

use std::rc::Rc;

use super::assembly::Assembly;
use super::draft::Declared;
use super::problem::Problem;
use crate::base::{Address, Place, TargetId};
use crate::graph::{EdgeKind, TargetKind};
use crate::model::{Each, Need};

/// How many `each` blocks that find no file are shown with a pattern that nothing matches.
const SHOWN: usize = 3;
/// How many edges there may be in all from needs that mean several targets each. An edge takes some 25 bytes.
const MOST_EDGES: usize = 10_000_000;

impl<'a> Assembly<'a> {
    /// Returns what a need means, nothing where that is too much. `needs "x"` of thousands of variants is looked up once.
    pub fn resolve(&mut self, need: &'a Need) -> Rc<[TargetId]> {
        let found = match self.met.get(&need.candidates[..]) {
            Some(found) => found.clone(),
            None => match self.names.resolve(need) {
                Ok(found) => self.met.entry(&need.candidates).or_insert(found.into()).clone(),
                Err(nearest) => {
                    self.nobody(need, nearest);
                    return Rc::from([]);
                }
            },
        };
        if found.len() < 2 {
            return found;
        }
        let before = self.several;
        self.several += found.len();
        match (before <= MOST_EDGES, self.several <= MOST_EDGES) {
            (_, true) => return found,
            (true, false) => self.problems.push(Problem {
                code: "graph/too_many_edges",
                message: format!(
                    "needs that mean several targets make more than {MOST_EDGES} edges in all, this one {} for each that says it",
                    found.len()
                ),
                place: Some(need.place.clone()),
                help: Some(format!("gather them once, `task \"all\" {{ needs \"{}\" }}`, and need that task instead", need.text)),
                notes: Vec::new(),
            }),
            (false, false) => {}
        }
        Rc::from([])
    }

    /// Returns what a bare name means to the target that bears it itself: what else bears it, further away. `None` where nothing does, and for
    /// any other need.
    fn elsewhere(&self, own: TargetId, need: &Need) -> Option<Vec<TargetId>> {
        let address = self.drafts[own.index()].address;
        let family = address.find('[').map_or(address, |at| &address[..at]);
        let at = need.candidates.iter().position(|candidate| [address, family].contains(&candidate.as_str()))?;
        if need.text.contains(['/', ':', '[']) {
            return None;
        }
        let (nearer, further) = need.candidates.split_at(at);
        let means = |candidates: &[Address]| candidates.iter().map(|one| self.names.find(one.as_str())).find(|found| !found.is_empty());
        if means(nearer).is_some() { None } else { means(&further[1..]) }
    }

    /// Says that a need means nothing.
    fn nobody(&mut self, need: &Need, nearest: Option<String>) {
        let barren = |each: &Each| (String::from("this `each` finds no file"), each.place.clone());
        let notes: Vec<(String, Place)> = match need.text.contains(['*', '?']) {
            true => self.project.each.iter().filter(|each| each.folders.is_empty()).take(SHOWN).map(barren).collect(),
            false => Vec::new(),
        };
        let help = match nearest {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None if !notes.is_empty() => String::from("mend the glob, or take the need out"),
            None => String::from("`orket list` shows all targets"),
        };
        self.problems.push(Problem {
            code: "graph/unknown_target",
            message: format!("there is no target `{}`", need.text),
            place: Some(need.place.clone()),
            help: Some(help),
            notes,
        });
    }

    /// Connects a target with all that its needs mean.
    pub fn connect_all(&mut self, from: TargetId, needs: &'a [Need], kind: EdgeKind) {
        // Whose needs these are: a door stands for its rock or epic.
        let own = match self.drafts[from.index()].detail {
            Declared::Entry(of) => of,
            _ => from,
        };
        for need in needs {
            let kind = if need.optional && kind == EdgeKind::Need { EdgeKind::OptionalNeed } else { kind };
            let several = need.text.contains(['*', '?']);
            let elsewhere = self.elsewhere(own, need);
            let one = if elsewhere.is_none() { self.names.one(need) } else { None };
            let others = match elsewhere {
                Some(others) => others.into(),
                None if one.is_none() => self.resolve(need),
                None => Rc::from([]),
            };
            for to in one.into_iter().chain(others.iter().copied()) {
                let service = self.drafts[to.index()].kind == TargetKind::Service;
                let decision = self.drafts[to.index()].kind == TargetKind::Decision;
                if decision || service != (kind == EdgeKind::Uses) {
                    // A pattern means those that fit.
                    if !several {
                        self.misused(need, to, kind);
                    }
                } else if !(several && to == own) {
                    // "All of these" means all others.
                    self.edge(from, to, kind, &need.place);
                }
            }
        }
    }

    /// Says that a target is none of those that can be needed in this way.
    pub fn misused(&mut self, need: &Need, to: TargetId, kind: EdgeKind) {
        let target = &self.drafts[to.index()];
        let (code, message, help) = match kind {
            _ if target.kind == TargetKind::Decision => (
                "graph/needs_a_decision",
                format!("`{}` is a decision, and nothing that is built", target.address),
                format!(
                    "say with which value a task runs, `only_if \"{0}\" \"VALUE\"`, or use its value: `{{{{decision.{0}}}}}`",
                    need.text
                ),
            ),
            EdgeKind::Uses => (
                "graph/no_service",
                format!("`{}` is no service, but {}", target.address, target.kind.with_article()),
                format!("a task uses services; write `needs \"{}\"`", need.text),
            ),
            _ => (
                "graph/needs_a_service",
                format!("`{}` is a service, which is never done", target.address),
                format!("let a task use it while it runs: `uses \"{}\"`", need.text),
            ),
        };
        let notes = target.detail.place().map(|place| (String::from("declared here"), place.clone())).into_iter().collect();
        self.problems.push(Problem { code, message, place: Some(need.place.clone()), help: Some(help), notes });
    }

    /// Returns the one task that a failure starts.
    pub fn remedy(&mut self, of: TargetId, need: &'a Need) -> Option<TargetId> {
        let found = self.elsewhere(of, need).map_or_else(|| self.resolve(need), Rc::from);
        let wrong = match found[..] {
            [] => return None,
            [one] if one == of => format!("`{}` cannot be its own remedy", need.text),
            [one] if self.drafts[one.index()].kind == TargetKind::Task => return Some(one),
            [one] => format!("`{}` is no task, but {}", need.text, self.drafts[one.index()].kind.with_article()),
            _ => format!("`{}` means {} targets", need.text, found.len()),
        };
        self.problems.push(Problem {
            code: "graph/no_remedy",
            message: wrong,
            place: Some(need.place.clone()),
            help: Some(String::from("`on_failure` names one other task; that one may need further ones")),
            notes: Vec::new(),
        });
        None
    }
}

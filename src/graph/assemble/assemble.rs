//! Model to graph: names become edges, and what cannot be right is an error before anything runs.

use std::collections::VecDeque;
use std::hash::Hash;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use xxhash_rust::xxh3::Xxh3;

use super::draft::{Declared, Draft, write};
use super::flags::{self, flags};
use super::problem::Problem;
use super::{choices, clash, cycle, overlap};
use crate::base::{Address, Place, TargetId};
use crate::graph::graph::halves;
use crate::graph::resolve::Names;
use crate::graph::{Edge, EdgeKind, Graph, Header, TargetKind, flag};
use crate::model::{Decision, Need, Project, Task, Test};

/// How many `each` blocks that find no file are shown with a pattern that nothing matches.
const SHOWN: usize = 3;
/// How many edges there may be in all from needs that mean several targets each. An edge takes some 25 bytes.
const MOST_EDGES: usize = 10_000_000;

/// Builds the graph of a project. `trail` is kept in it for the caller; `host` is the platform, as `linux-x86_64`.
///
/// # Errors
/// All mistakes: unknown names, cycles, outputs that clash.
pub fn assemble(project: &Project, trail: Vec<u8>, host: &str) -> Result<Graph, Vec<Problem>> {
    let mut assembly = Assembly::new(project, host);
    assembly.connect();
    assembly.check();
    if assembly.problems.is_empty() { Ok(assembly.finish(trail)) } else { Err(assembly.problems) }
}

struct Assembly<'a> {
    project: &'a Project,
    names: Names<'a>,
    drafts: Vec<Draft<'a>>,
    /// What needs that may mean several targets came to.
    met: FxHashMap<&'a [Address], Rc<[TargetId]>>,
    /// How many edges come from needs that mean several targets.
    several: usize,
    entries: FxHashMap<TargetId, TargetId>,
    header: Header,
    problems: Vec<Problem>,
    first_task: usize,
}

impl<'a> Assembly<'a> {
    fn new(project: &'a Project, host: &str) -> Assembly<'a> {
        let mut assembly = Assembly {
            project,
            names: Names::default(),
            drafts: Vec::new(),
            met: FxHashMap::default(),
            several: 0,
            entries: FxHashMap::default(),
            header: Header { envs: vec![Vec::new()], ..Header::default() },
            problems: Vec::new(),
            first_task: project.rocks.len() + project.epics.len(),
        };
        for rock in &project.rocks {
            assembly.draft(rock.address.as_str(), TargetKind::Rock, Declared::Rock(rock));
        }
        for epic in &project.epics {
            assembly.draft(epic.address.as_str(), TargetKind::Epic, Declared::Epic(epic));
        }
        let mut envs = FxHashMap::from_iter([(Vec::new(), 0)]);
        for task in &project.tasks {
            assembly.draft(task.address.as_str(), TargetKind::Task, Declared::Task(task, None));
            let draft = assembly.drafts.last_mut().expect("one was just pushed");
            draft.flags = flags(task, host);
            draft.weight = task.weight.max(1);
            draft.priority = task.priority.0;
            draft.pool = task
                .pool
                .as_ref()
                .and_then(|name| project.pools.iter().position(|pool| pool.name == *name))
                .map_or(0, |index| index as u32 + 1);
            draft.env = intern(&mut assembly.header.envs, &mut envs, &task.env);
        }
        for service in &project.services {
            assembly.draft(service.address.as_str(), TargetKind::Service, Declared::Service(service));
        }
        for gate in &project.gates {
            assembly.draft(gate.address.as_str(), TargetKind::Gate, Declared::Gate(gate));
            if gate.private {
                assembly.drafts.last_mut().expect("one was just pushed").flags |= flag::PRIVATE;
            }
        }
        for decision in &project.decisions {
            assembly.draft(decision.address.as_str(), TargetKind::Decision, Declared::Decision(decision, Vec::new()));
        }
        assembly
    }

    fn draft(&mut self, address: &'a str, kind: TargetKind, detail: Declared<'a>) -> TargetId {
        let id = TargetId(self.drafts.len() as u32);
        if kind != TargetKind::Entry {
            self.names.add(address, id);
        }
        self.drafts.push(Draft {
            address,
            kind,
            flags: 0,
            env: 0,
            pool: 0,
            weight: 1,
            priority: 2.0,
            edges: Vec::new(),
            places: Vec::new(),
            detail,
        });
        id
    }

    fn edge(&mut self, from: TargetId, to: TargetId, kind: EdgeKind, place: &'a Place) {
        let draft = &mut self.drafts[from.index()];
        draft.edges.push(Edge::new(to, kind));
        draft.places.push(place);
    }

    /// Returns what a need means, nothing where that is too much. `needs "x"` of thousands of variants is looked up once.
    fn resolve(&mut self, need: &'a Need) -> Rc<[TargetId]> {
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

    /// Says that a need means nothing.
    fn nobody(&mut self, need: &Need, nearest: Option<String>) {
        let barren = |place: &Place| (String::from("this `each` finds no file"), place.clone());
        let notes: Vec<(String, Place)> = match need.text.contains(['*', '?']) {
            true => self.project.barren.iter().take(SHOWN).map(barren).collect(),
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

    fn connect_all(&mut self, from: TargetId, needs: &'a [Need], kind: EdgeKind) {
        // Whose needs these are: a door stands for its rock or epic.
        let own = match self.drafts[from.index()].detail {
            Declared::Entry(of) => of,
            _ => from,
        };
        for need in needs {
            let kind = if need.optional && kind == EdgeKind::Need { EdgeKind::OptionalNeed } else { kind };
            let several = need.text.contains(['*', '?']);
            let one = self.names.one(need);
            let others = if one.is_none() { self.resolve(need) } else { Rc::from([]) };
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

    fn misused(&mut self, need: &Need, to: TargetId, kind: EdgeKind) {
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
                format!("`{}` is no service, but {}", target.address, a(target.kind)),
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

    /// Lets a task wait for the decisions that it uses.
    fn choices_of(&mut self, id: TargetId, task: &'a Task) {
        self.uses_decisions(id, choices::of_task(task));
    }

    fn uses_decisions(&mut self, from: TargetId, used: Vec<(&'a str, &'a Place)>) {
        for (address, place) in used {
            if let Some(to) = self.names.exact(address) {
                self.edge(from, to, EdgeKind::Need, place);
            }
        }
    }

    /// Lets a decision wait for what it needs, for what its conditions look at, and for other decisions.
    fn decision(&mut self, id: TargetId, decision: &'a Decision) {
        self.connect_all(id, &decision.needs, EdgeKind::Need);
        let mut looks: Vec<(Box<str>, Rc<[TargetId]>)> = Vec::new();
        for need in decision.looks_at() {
            if looks.iter().any(|(text, _)| *text == need.text) {
                continue;
            }
            let found = self.resolve(need);
            for to in found.iter() {
                match self.drafts[to.index()].kind {
                    TargetKind::Service | TargetKind::Decision => self.not_looked_at(need, *to),
                    _ => self.edge(id, *to, EdgeKind::Look, &need.place),
                }
            }
            looks.push((need.text.clone(), found));
        }
        for condition in decision.conditions() {
            match &condition.test {
                Test::Decided { decision, .. } => self.uses_decisions(id, vec![(decision.as_str(), &condition.place)]),
                Test::Output { task, .. } | Test::ExitCode { task, .. } => {
                    let found = looks.iter().find(|(text, _)| *text == task.text).map(|(_, found)| found.clone());
                    for to in found.iter().flat_map(|found| found.iter().copied()) {
                        match self.drafts[to.index()].kind {
                            TargetKind::Task => self.drafts[to.index()].flags |= flag::HEARD,
                            TargetKind::Service | TargetKind::Decision => {}
                            _ => self.not_looked_at(task, to),
                        }
                    }
                }
                _ => {}
            }
        }
        if let Declared::Decision(_, slot) = &mut self.drafts[id.index()].detail {
            *slot = looks.into_iter().map(|(text, found)| (text, found.to_vec())).collect();
        }
    }

    fn not_looked_at(&mut self, need: &Need, to: TargetId) {
        let target = &self.drafts[to.index()];
        let help = match target.kind {
            TargetKind::Decision => format!("ask what it came to: `decided \"{}\" \"VALUE\"`", need.text),
            TargetKind::Service => String::from("a service never ends by itself; look at a task that uses it"),
            _ => String::from("only a task prints something and has an exit status; `succeeded` and `failed` look at any target"),
        };
        let message = format!("`{}` is {}, which this condition cannot look at", target.address, a(target.kind));
        self.problems.push(Problem {
            code: "graph/cannot_look",
            message,
            place: Some(need.place.clone()),
            help: Some(help),
            notes: Vec::new(),
        });
    }

    /// Returns the one task that a failure starts.
    fn remedy(&mut self, of: TargetId, need: &'a Need) -> Option<TargetId> {
        let found = self.resolve(need);
        let wrong = match found[..] {
            [] => return None,
            [one] if one == of => format!("`{}` cannot be its own remedy", need.text),
            [one] if self.drafts[one.index()].kind == TargetKind::Task => return Some(one),
            [one] => format!("`{}` is no task, but {}", need.text, a(self.drafts[one.index()].kind)),
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

    /// Connects the door of a rock or epic, if it has one, with what stands before it; returns the door.
    fn before(&mut self, of: TargetId, needs: &'a [Need], after: &'a [Need]) -> Option<TargetId> {
        let entry = self.entries.get(&of).copied()?;
        self.connect_all(entry, needs, EdgeKind::Need);
        self.connect_all(entry, after, EdgeKind::After);
        Some(entry)
    }

    fn door(&mut self, of: TargetId, address: &'a str) -> TargetId {
        match self.entries.get(&of) {
            Some(entry) => *entry,
            None => {
                let entry = self.draft(address, TargetKind::Entry, Declared::Entry(of));
                self.entries.insert(of, entry);
                entry
            }
        }
    }

    /// Gives a door to each rock and epic that anything stands before: what it needs itself, or what a rock around it needs.
    fn doors(&mut self, parts: &[Vec<(TargetId, &'a Place)>]) {
        let (project, rocks) = (self.project, self.project.rocks.len());
        let behind = |needs: &[Need], after: &[Need]| !needs.is_empty() || !after.is_empty();
        let of_rocks = project.rocks.iter().map(|rock| behind(&rock.needs, &rock.after));
        let of_epics = project.epics.iter().map(|epic| behind(&epic.needs, &epic.after));
        let mut open: VecDeque<usize> =
            of_rocks.chain(of_epics).enumerate().filter(|(_, closed)| *closed).map(|(index, _)| index).collect();
        while let Some(index) = open.pop_front() {
            let id = TargetId(index as u32);
            if self.entries.contains_key(&id) {
                continue;
            }
            let rock = project.rocks.get(index);
            self.door(id, rock.map_or_else(|| project.epics[index - rocks].address.as_str(), |rock| rock.address.as_str()));
            let inner = parts.get(index).into_iter().flatten().map(|(part, _)| part.index());
            open.extend(inner.filter(|part| *part < self.first_task));
        }
    }

    fn connect(&mut self) {
        let project = self.project;
        let mut parts: Vec<Vec<(TargetId, &'a Place)>> = Vec::new();
        for rock in &project.rocks {
            let mut found = Vec::new();
            for need in &rock.parts {
                for id in self.resolve(need).iter().copied() {
                    if self.drafts[id.index()].kind != TargetKind::Decision {
                        found.push((id, &need.place));
                    } else if !need.text.contains(['*', '?']) {
                        self.misused(need, id, EdgeKind::Part);
                    }
                }
            }
            parts.push(found);
        }
        self.doors(&parts);
        for (index, rock) in project.rocks.iter().enumerate() {
            let id = TargetId(index as u32);
            let entry = self.before(id, &rock.needs, &rock.after);
            if let Some(entry) = entry.filter(|_| parts[index].is_empty()) {
                self.edge(id, entry, EdgeKind::Entry, &rock.place);
            }
            for (part, place) in &parts[index] {
                self.edge(id, *part, EdgeKind::Part, place);
                if let Some(entry) = entry {
                    let from = self.entries.get(part).copied().unwrap_or(*part);
                    self.edge(from, entry, EdgeKind::Entry, place);
                }
            }
        }
        for (index, epic) in project.epics.iter().enumerate() {
            let id = TargetId((project.rocks.len() + index) as u32);
            let entry = self.before(id, &epic.needs, &epic.after);
            if let Some(entry) = entry.filter(|_| epic.parts.is_empty()) {
                self.edge(id, entry, EdgeKind::Entry, &epic.place);
            }
            for address in &epic.parts {
                for part in self.names.find(address.as_str()) {
                    // A task that only runs when another failed is no part of what the epic builds.
                    self.edge(id, part, EdgeKind::Part, &epic.place);
                    if let Some(entry) = entry {
                        self.edge(part, entry, EdgeKind::Entry, &epic.place);
                    }
                }
            }
        }
        for (index, task) in project.tasks.iter().enumerate() {
            let id = TargetId((self.first_task + index) as u32);
            self.connect_all(id, &task.needs, EdgeKind::Need);
            self.connect_all(id, &task.after, EdgeKind::After);
            self.connect_all(id, &task.uses, EdgeKind::Uses);
            self.choices_of(id, task);
            if let Some(imported) = &task.imported {
                self.connect_all(id, &imported.makers, EdgeKind::Made);
                self.connect_all(id, &imported.order, EdgeKind::Order);
                self.connect_all(id, &imported.along, EdgeKind::Along);
            }
            if let Some(need) = &task.on_failure {
                let remedy = self.remedy(id, need);
                if let Declared::Task(_, slot) = &mut self.drafts[id.index()].detail {
                    *slot = remedy;
                }
            }
        }
        for (index, service) in project.services.iter().enumerate() {
            let id = TargetId((self.first_task + project.tasks.len() + index) as u32);
            self.connect_all(id, &service.needs, EdgeKind::Need);
            self.uses_decisions(id, choices::of_service(service));
        }
        for (index, gate) in project.gates.iter().enumerate() {
            let id = TargetId((self.first_task + project.tasks.len() + project.services.len() + index) as u32);
            self.connect_all(id, &gate.needs, EdgeKind::Need);
        }
        let first_decision = self.first_task + project.tasks.len() + project.services.len() + project.gates.len();
        for (index, decision) in project.decisions.iter().enumerate() {
            self.decision(TargetId((first_decision + index) as u32), decision);
        }
        // Epics leave out private parts that something names as its remedy: those run only then.
        let remedies: FxHashSet<TargetId> = self
            .drafts
            .iter()
            .filter_map(|draft| match &draft.detail {
                Declared::Task(_, remedy) => *remedy,
                _ => None,
            })
            .filter(|id| self.drafts[id.index()].flags & flag::PRIVATE != 0)
            .collect();
        let mut seen = vec![(u32::MAX, 0); self.drafts.len()];
        for (from, draft) in self.drafts.iter_mut().enumerate() {
            let epic = draft.kind == TargetKind::Epic;
            draft.distinct(from as u32, &mut seen, |edge| !(epic && remedies.contains(&edge.to)));
        }
        for need in project.default.iter() {
            let targets = self.resolve(need);
            let built = targets.iter().copied().filter(|id| self.drafts[id.index()].kind != TargetKind::Decision);
            self.header.default.extend(built.collect::<Vec<_>>());
        }
    }

    fn check(&mut self) {
        let drafts = &self.drafts;
        let edges = |node: usize| drafts[node].edges.iter().filter(|edge| edge.kind().waits()).map(|edge| edge.to.index());
        let mut rank = cycle::ranks(drafts.len(), edges);
        if rank.contains(&u32::MAX) {
            let edges: Vec<Vec<usize>> = (0..drafts.len()).map(|node| edges(node).collect()).collect();
            let knots = cycle::knots(&edges);
            cycle::tell(&cycle::cycles(&knots, &edges), drafts, &mut self.problems);
            rank = cycle::ranks_of_knots(&knots, drafts.len());
        }
        // Order alone is no need: `after` does not build what stands at its end.
        let pulled =
            |node: usize| drafts[node].edges.iter().filter(|edge| edge.kind().pulls() && edge.kind().waits()).map(|edge| edge.to.index());
        let first = self.first_task;
        let reaches = |from: usize, to: usize| {
            let (from, to) = (from + first, to + first);
            if pulled(from).any(|next| next == to) {
                return true;
            }
            let mut seen = FxHashSet::default();
            let mut stack = vec![from];
            while let Some(node) = stack.pop() {
                if node == to {
                    return true;
                }
                stack.extend(pulled(node).filter(|next| rank[*next] <= rank[to] && seen.insert(*next)));
            }
            false
        };
        clash::clashes(self.project, &reaches, &mut self.problems);
        let all = |from: usize| {
            let mut seen = FxHashSet::default();
            let mut stack = vec![from + first];
            while let Some(node) = stack.pop() {
                stack.extend(pulled(node).filter(|next| seen.insert(*next)));
            }
            seen.into_iter().filter_map(|node| node.checked_sub(first)).collect()
        };
        overlap::overlaps(self.project, &reaches, &all, &mut self.problems);
        self.problems.sort_by(|one, other| one.place.cmp(&other.place));
    }

    fn finish(mut self, trail: Vec<u8>) -> Graph {
        flags::mark_always(&mut self.drafts);
        let project = self.project;
        self.header.name = project.name.clone();
        self.header.about = project.about.clone();
        self.header.pools = project.pools.clone();
        self.header.packages = project.packages.clone();
        self.header.later = project.later.clone();
        self.header.rules = project.rules.clone();
        self.header.strategies = project.strategies.clone();
        self.header.trail = trail;
        self.header.made = made(project);
        write(&self.header, self.drafts)
    }
}

fn made(project: &Project) -> [u64; 2] {
    let mut hasher = Xxh3::new();
    project.tasks.iter().flat_map(|task| &task.outputs).for_each(|pattern| pattern.hash(&mut hasher));
    halves(hasher.digest128())
}

fn a(kind: TargetKind) -> String {
    format!("{} {}", if kind == TargetKind::Epic { "an" } else { "a" }, kind.word())
}

/// Returns the position of `value` in `list`, where it is put if it is not there yet.
fn intern<T: Clone + Eq + Hash>(list: &mut Vec<T>, known: &mut FxHashMap<T, u32>, value: &T) -> u32 {
    if let Some(at) = known.get(value) {
        return *at;
    }
    list.push(value.clone());
    known.insert(value.clone(), list.len() as u32 - 1);
    list.len() as u32 - 1
}

//! Model to graph: names become edges, and what cannot be right is an error before anything runs.

use rustc_hash::{FxHashMap, FxHashSet};

use super::graph::{Detail, Draft, Edge, EdgeKind, Graph, Header, TargetKind, flag, write};
use super::resolve::Names;
use super::{clash, cycle};
use crate::base::{Place, TargetId, glob};
use crate::model::{Command, Need, Part, Project, Task, Text};

/// A mistake that only shows when all targets are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// `graph/cycle`
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Option<Place>,
    /// The edit that mends it.
    pub help: Option<String>,
    /// Other places that have to do with it.
    pub notes: Vec<(String, Place)>,
}

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
    drafts: Vec<Draft>,
    places: FxHashMap<(u32, u32), Place>,
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
            places: FxHashMap::default(),
            entries: FxHashMap::default(),
            header: Header { envs: vec![Vec::new()], tools: vec![Vec::new()], ..Header::default() },
            problems: Vec::new(),
            first_task: project.rocks.len() + project.epics.len(),
        };
        for rock in &project.rocks {
            assembly.draft(rock.address.as_str(), TargetKind::Rock, Detail::Rock(rock.clone()));
        }
        for epic in &project.epics {
            assembly.draft(epic.address.as_str(), TargetKind::Epic, Detail::Epic(epic.clone()));
        }
        let mut envs = FxHashMap::from_iter([(Vec::new(), 0)]);
        for task in &project.tasks {
            assembly.draft(task.address.as_str(), TargetKind::Task, Detail::Task(Box::new(task.clone()), None));
            let draft = assembly.drafts.last_mut().expect("one was just pushed");
            let shape = task.shape().hash;
            draft.shape = [0, 8].map(|at| u64::from_le_bytes(shape[at..at + 8].try_into().unwrap_or_default()));
            draft.flags = flags(task, host);
            draft.weight = task.weight.max(1);
            draft.priority = task.priority.0 as f32;
            draft.pool = task
                .pool
                .as_ref()
                .and_then(|name| project.pools.iter().position(|pool| pool.name == *name))
                .map_or(0, |index| index as u32 + 1);
            draft.env = match envs.get(&task.env) {
                Some(index) => *index,
                None => {
                    assembly.header.envs.push(task.env.clone());
                    let index = assembly.header.envs.len() as u32 - 1;
                    envs.insert(task.env.clone(), index);
                    index
                }
            };
        }
        for service in &project.services {
            assembly.draft(service.address.as_str(), TargetKind::Service, Detail::Service(Box::new(service.clone())));
        }
        for gate in &project.gates {
            assembly.draft(gate.address.as_str(), TargetKind::Gate, Detail::Gate(gate.clone()));
            if gate.private {
                assembly.drafts.last_mut().expect("one was just pushed").flags |= flag::PRIVATE;
            }
        }
        assembly
    }

    fn draft(&mut self, address: &'a str, kind: TargetKind, detail: Detail) -> TargetId {
        let id = TargetId(self.drafts.len() as u32);
        if kind != TargetKind::Entry {
            self.names.add(address, id);
        }
        self.drafts.push(Draft {
            address: address.into(),
            kind,
            flags: 0,
            shape: [0; 2],
            env: 0,
            tools: 0,
            pool: 0,
            weight: 1,
            priority: 2.0,
            edges: Vec::new(),
            detail,
        });
        id
    }

    fn edge(&mut self, from: TargetId, to: TargetId, kind: EdgeKind, place: &Place) {
        let edge = Edge::new(to, kind);
        let edges = &mut self.drafts[from.index()].edges;
        if !edges.iter().any(|other| other.to == to && (other.kind() == kind || other.kind() == EdgeKind::Need)) {
            edges.push(edge);
            self.places.entry((from.0, to.0)).or_insert_with(|| place.clone());
        }
    }

    fn resolve(&mut self, need: &Need) -> Vec<TargetId> {
        self.names.resolve(need).unwrap_or_else(|nearest| {
            self.problems.push(Problem {
                code: "graph/unknown_target",
                message: format!("there is no target `{}`", need.text),
                place: Some(need.place.clone()),
                help: Some(
                    nearest.map_or_else(|| String::from("`orket list` shows all targets"), |nearest| format!("did you mean `{nearest}`?")),
                ),
                notes: Vec::new(),
            });
            Vec::new()
        })
    }

    fn connect_all(&mut self, from: TargetId, needs: &[Need], kind: EdgeKind) {
        for need in needs {
            let kind = if need.optional && kind == EdgeKind::Need { EdgeKind::OptionalNeed } else { kind };
            for to in self.resolve(need) {
                self.edge(from, to, kind, &need.place);
            }
        }
    }

    /// Gives a rock or epic a door, if anything stands before it; returns the door.
    fn entry(&mut self, of: TargetId, needs: &'a [Need], after: &'a [Need], address: &'a str) -> Option<TargetId> {
        if !needs.is_empty() || !after.is_empty() {
            self.door(of, address);
        }
        let entry = self.entries.get(&of).copied()?;
        self.connect_all(entry, needs, EdgeKind::Need);
        self.connect_all(entry, after, EdgeKind::After);
        Some(entry)
    }

    fn door(&mut self, of: TargetId, address: &'a str) -> TargetId {
        match self.entries.get(&of) {
            Some(entry) => *entry,
            None => {
                let entry = self.draft(address, TargetKind::Entry, Detail::Entry(of));
                self.entries.insert(of, entry);
                entry
            }
        }
    }

    fn connect(&mut self) {
        let project = self.project;
        for (index, rock) in project.rocks.iter().enumerate() {
            let id = TargetId(index as u32);
            let entry = self.entry(id, &rock.needs, &rock.after, rock.address.as_str());
            for need in &rock.parts {
                for part in self.resolve(need) {
                    self.edge(id, part, EdgeKind::Part, &need.place);
                    if let Some(entry) = entry {
                        let from = match self.drafts[part.index()].kind {
                            TargetKind::Epic => {
                                let epic = &project.epics[part.index() - project.rocks.len()];
                                self.door(part, epic.address.as_str())
                            }
                            _ => part,
                        };
                        self.edge(from, entry, EdgeKind::Entry, &need.place);
                    }
                }
            }
        }
        for (index, epic) in project.epics.iter().enumerate() {
            let id = TargetId((project.rocks.len() + index) as u32);
            let entry = self.entry(id, &epic.needs, &epic.after, epic.address.as_str());
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
            if let Some(need) = &task.on_failure {
                let remedy = self.resolve(need).first().copied();
                if let Detail::Task(_, slot) = &mut self.drafts[id.index()].detail {
                    *slot = remedy;
                }
            }
        }
        for (index, service) in project.services.iter().enumerate() {
            let id = TargetId((self.first_task + project.tasks.len() + index) as u32);
            self.connect_all(id, &service.needs, EdgeKind::Need);
        }
        for (index, gate) in project.gates.iter().enumerate() {
            let id = TargetId((self.first_task + project.tasks.len() + project.services.len() + index) as u32);
            self.connect_all(id, &gate.needs, EdgeKind::Need);
        }
        // Epics leave out private parts that something names as its remedy: those run only then.
        let remedies: FxHashSet<TargetId> = self
            .drafts
            .iter()
            .filter_map(|draft| match &draft.detail {
                Detail::Task(_, remedy) => *remedy,
                _ => None,
            })
            .filter(|id| self.drafts[id.index()].flags & flag::PRIVATE != 0)
            .collect();
        for draft in self.drafts.iter_mut().filter(|draft| draft.kind == TargetKind::Epic) {
            draft.edges.retain(|edge| !remedies.contains(&edge.to));
        }
        for need in project.default.iter() {
            let targets = self.resolve(need);
            self.header.default.extend(targets);
        }
    }

    fn check(&mut self) {
        let edges: Vec<Vec<usize>> = self.drafts.iter().map(|draft| draft.edges.iter().map(|edge| edge.to.index()).collect()).collect();
        let cycles = cycle::cycles(&edges);
        for path in &cycles {
            let name = |index: usize| self.drafts[index].address.to_string();
            let mut notes = Vec::new();
            for (at, from) in path.iter().enumerate() {
                let to = path[(at + 1) % path.len()];
                if let Some(place) = self.places.get(&(*from as u32, to as u32)) {
                    let kind =
                        self.drafts[*from].edges.iter().find(|edge| edge.to.index() == to).map_or("needs", |edge| edge.kind().word());
                    notes
                        .push((format!("`{}` {} `{}`", name(*from), if kind == "part" { "holds" } else { kind }, name(to)), place.clone()));
                }
            }
            let mut round: Vec<String> = path.iter().map(|index| format!("`{}`", name(*index))).collect();
            round.push(format!("`{}`", name(path[0])));
            round.dedup();
            if round.len() == 1 {
                round.push(round[0].clone());
            }
            if round.len() > 12 {
                round.splice(6..round.len() - 5, [format!("... {} more ...", round.len() - 11)]);
                notes.truncate(12);
            }
            self.problems.push(Problem {
                code: "graph/cycle",
                message: format!("these targets wait for each other: {}", round.join(" -> ")),
                place: notes.first().map(|(_, place)| place.clone()),
                help: Some(String::from("take one of these edges out")),
                notes,
            });
        }
        if cycles.is_empty() {
            let first = self.first_task;
            let reaches = |from: usize, to: usize| {
                let mut seen = FxHashSet::default();
                let mut stack = vec![from + first];
                while let Some(node) = stack.pop() {
                    if edges[node].contains(&(to + first)) {
                        return true;
                    }
                    stack.extend(edges[node].iter().copied().filter(|next| seen.insert(*next)));
                }
                false
            };
            clash::clashes(self.project, &reaches, &mut self.problems);
        }
        self.problems.sort_by(|one, other| one.place.cmp(&other.place));
    }

    fn finish(mut self, trail: Vec<u8>) -> Graph {
        // Whether a target puts anything out that one who needs it sees, found once for each.
        let mut yields: Vec<Option<bool>> = vec![None; self.drafts.len()];
        for start in 0..self.drafts.len() {
            let mut stack = vec![(start, false)];
            while let Some((node, back)) = stack.pop() {
                let draft = &self.drafts[node];
                let through = draft.kind != TargetKind::Task;
                if yields[node].is_some() && !back {
                    continue;
                }
                if !through || back {
                    let below =
                        draft.edges.iter().filter(|edge| edge.kind() != EdgeKind::After).any(|edge| yields[edge.to.index()] == Some(true));
                    yields[node] = Some(draft.flags & flag::OUTPUTS != 0 || (through && below));
                    continue;
                }
                stack.push((node, true));
                stack.extend(draft.edges.iter().filter(|edge| yields[edge.to.index()].is_none()).map(|edge| (edge.to.index(), false)));
            }
        }
        let from = self.first_task;
        for (index, task) in self.project.tasks.iter().enumerate() {
            let fed = self.drafts[from + index]
                .edges
                .iter()
                .any(|edge| !matches!(edge.kind(), EdgeKind::After | EdgeKind::Uses) && yields[edge.to.index()] == Some(true));
            let idle = task.inputs.is_empty() && task.outputs.is_empty() && task.depfile.is_none() && !fed;
            if !task.commands.is_empty() && (idle || !task.cache) {
                self.drafts[from + index].flags |= flag::ALWAYS;
            }
        }
        let project = self.project;
        self.header.name = project.name.clone();
        self.header.about = project.about.clone();
        self.header.pools = project.pools.clone();
        self.header.packages = project.packages.clone();
        self.header.later = project.later.clone();
        self.header.trail = trail;
        write(&self.header, self.drafts)
    }
}

fn flags(task: &Task, host: &str) -> u32 {
    let literal = |text: &Text| text.as_literal().map(str::to_owned);
    let open = |text: &Text| literal(text).is_none_or(|text| glob::is_glob(&text) || text.ends_with('/'));
    let holes = |text: &Text| text.parts().iter().any(|part| matches!(part, Part::Hole(..)));
    let texts = task.commands.iter().flat_map(|command| match command {
        Command::Run { words, .. } => words.iter().collect::<Vec<_>>(),
        Command::Sh { script, .. } => vec![script],
    });
    let patterns = task.inputs.iter().chain(&task.outputs).map(|pattern| &pattern.text);
    let os = host.split('-').next().unwrap_or(host);
    [
        (flag::PRIVATE, task.private),
        (flag::GLOBS, task.inputs.iter().any(|pattern| open(&pattern.text))),
        (flag::OPEN_OUTPUTS, task.outputs.iter().any(|pattern| open(&pattern.text))),
        (flag::DEPFILE, task.depfile.is_some()),
        (flag::EMPTY, task.commands.is_empty()),
        (flag::HOLES, texts.chain(patterns).chain([&task.dir]).chain(&task.depfile).any(holes)),
        (flag::INTERACTIVE, task.interactive),
        (flag::CONFIRM, task.confirm.is_some()),
        (flag::FOREIGN, !task.platform.is_empty() && !task.platform.iter().any(|name| **name == *os || **name == *host)),
        (flag::OUTPUTS, task.outputs.iter().any(|pattern| !pattern.negated)),
        (flag::CONDITIONAL, !task.only_if.is_empty()),
        (flag::UNCACHED, !task.cache),
    ]
    .into_iter()
    .filter(|(_, holds)| *holds)
    .fold(0, |flags, (bit, _)| flags | bit)
}

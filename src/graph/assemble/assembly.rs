//! A graph on its way: a draft for each target, and edges between them.

use std::hash::Hash;
use std::rc::Rc;

use rustc_hash::FxHashMap;

use super::draft::{Declared, Draft};
use super::flags::flags;
use super::problem::Problem;
use crate::base::{Address, Place, TargetId};
use crate::graph::resolve::Names;
use crate::graph::{Edge, EdgeKind, Header, TargetKind, flag};
use crate::model::Project;

/// A graph on its way: targets with what is known of them so far, and the mistakes that were found.
pub(super) struct Assembly<'a> {
    pub project: &'a Project,
    pub names: Names<'a>,
    pub drafts: Vec<Draft<'a>>,
    /// What needs that may mean several targets came to.
    pub met: FxHashMap<&'a [Address], Rc<[TargetId]>>,
    /// How many edges come from needs that mean several targets.
    pub several: usize,
    /// The doors of rocks and epics.
    pub entries: FxHashMap<TargetId, TargetId>,
    pub header: Header,
    pub problems: Vec<Problem>,
    /// The id of the first task: rocks and epics stand before it.
    pub first_task: usize,
}

impl<'a> Assembly<'a> {
    /// Gives a draft to every target of a project, in the order of their ids. `host` is the platform, as `linux-x86_64`.
    pub fn new(project: &'a Project, host: &str) -> Assembly<'a> {
        let targets = project.rocks.len()
            + project.epics.len()
            + project.tasks.len()
            + project.services.len()
            + project.gates.len()
            + project.decisions.len();
        let mut assembly = Assembly {
            project,
            names: Names::with_capacity(targets),
            drafts: Vec::with_capacity(targets),
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

    /// Adds a draft, and returns its id.
    pub fn draft(&mut self, address: &'a str, kind: TargetKind, detail: Declared<'a>) -> TargetId {
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

    /// Adds an edge, which was written at `place`.
    pub fn edge(&mut self, from: TargetId, to: TargetId, kind: EdgeKind, place: &'a Place) {
        let draft = &mut self.drafts[from.index()];
        draft.edges.push(Edge::new(to, kind));
        draft.places.push(place);
    }
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

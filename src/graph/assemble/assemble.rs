//! Model to graph: names become edges, and what cannot be right is an error before anything runs.

use std::hash::Hash;

use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::Xxh3;

use super::assembly::Assembly;
use super::checks::check;
use super::draft::{Declared, MANY, Share, shares, write};
use super::flags;
use super::problem::Problem;
use crate::base::TargetId;
use crate::graph::graph::halves;
use crate::graph::{EdgeKind, Graph, TargetKind, flag};
use crate::model::Project;

/// Builds the graph of a project. `trail` is kept in it for the caller; `host` is the platform, as `linux-x86_64`.
///
/// # Errors
/// All mistakes: unknown names, cycles, outputs that clash.
pub fn assemble(project: &Project, trail: Vec<u8>, host: &str) -> Result<Graph, Vec<Problem>> {
    let mut assembly = Assembly::new(project, host);
    connect(&mut assembly);
    let (drafts, problems) = (&assembly.drafts, &mut assembly.problems);
    let shares = if drafts.len() > MANY && problems.is_empty() {
        rayon::join(|| check(project, drafts, problems), || shares(drafts)).1
    } else {
        check(project, drafts, problems);
        if problems.is_empty() { shares(drafts) } else { Vec::new() }
    };
    if assembly.problems.is_empty() { Ok(finish(assembly, &shares, trail)) } else { Err(assembly.problems) }
}

fn connect(assembly: &mut Assembly<'_>) {
    assembly.connect_groups();
    connect_tasks(assembly);
    connect_others(assembly);
    leave_out_doubles(assembly);
    name_default(assembly);
}

fn connect_tasks(assembly: &mut Assembly<'_>) {
    let project = assembly.project;
    for (index, task) in project.tasks.iter().enumerate() {
        let id = TargetId((assembly.first_task + index) as u32);
        assembly.connect_all(id, &task.needs, EdgeKind::Need);
        assembly.connect_all(id, &task.after, EdgeKind::After);
        assembly.connect_all(id, &task.uses, EdgeKind::Uses);
        assembly.choices_of_task(id, task);
        if let Some(imported) = &task.imported {
            assembly.connect_all(id, &imported.makers, EdgeKind::Made);
            assembly.connect_all(id, &imported.order, EdgeKind::Order);
            assembly.connect_all(id, &imported.along, EdgeKind::Along);
        }
        if let Some(need) = &task.on_failure {
            let remedy = assembly.remedy(id, need);
            if let Declared::Task(_, slot) = &mut assembly.drafts[id.index()].detail {
                *slot = remedy;
            }
        }
    }
}

/// Connects services, gates and decisions.
fn connect_others(assembly: &mut Assembly<'_>) {
    let project = assembly.project;
    for (index, service) in project.services.iter().enumerate() {
        let id = TargetId((assembly.first_task + project.tasks.len() + index) as u32);
        assembly.connect_all(id, &service.needs, EdgeKind::Need);
        assembly.choices_of_service(id, service);
    }
    for (index, gate) in project.gates.iter().enumerate() {
        let id = TargetId((assembly.first_task + project.tasks.len() + project.services.len() + index) as u32);
        assembly.connect_all(id, &gate.needs, EdgeKind::Need);
        assembly.read_by_gate(gate);
    }
    let first_decision = assembly.first_task + project.tasks.len() + project.services.len() + project.gates.len();
    for (index, decision) in project.decisions.iter().enumerate() {
        assembly.connect_decision(TargetId((first_decision + index) as u32), decision);
    }
}

/// Leaves out edges that another one says already.
fn leave_out_doubles(assembly: &mut Assembly<'_>) {
    // Epics leave out private parts that something names as its remedy: those run only then.
    let remedies: FxHashSet<TargetId> = assembly
        .drafts
        .iter()
        .filter_map(|draft| match &draft.detail {
            Declared::Task(_, remedy) => *remedy,
            _ => None,
        })
        .filter(|id| assembly.drafts[id.index()].flags & flag::PRIVATE != 0)
        .collect();
    let mut seen = vec![(u32::MAX, 0); assembly.drafts.len()];
    for (from, draft) in assembly.drafts.iter_mut().enumerate() {
        let epic = draft.kind == TargetKind::Epic;
        draft.distinct(from as u32, &mut seen, |edge| !(epic && remedies.contains(&edge.to)));
    }
}

fn name_default(assembly: &mut Assembly<'_>) {
    for need in assembly.project.default.iter() {
        let targets = assembly.resolve(need);
        let built = targets.iter().copied().filter(|id| assembly.drafts[id.index()].kind != TargetKind::Decision);
        assembly.header.default.extend(built.collect::<Vec<_>>());
    }
}

fn finish(mut assembly: Assembly<'_>, shares: &[Share], trail: Vec<u8>) -> Graph {
    flags::mark_always(&mut assembly.drafts);
    flags::mark_hiding(&mut assembly.drafts);
    let project = assembly.project;
    assembly.header.name = project.name.clone();
    assembly.header.about = project.about.clone();
    assembly.header.pools = project.pools.clone();
    assembly.header.packages = project.packages.clone();
    assembly.header.later = project.later.clone();
    assembly.header.rules = project.rules.clone();
    assembly.header.strategies = project.strategies.clone();
    assembly.header.trail = trail;
    assembly.header.made = made(project);
    write(&assembly.header, &assembly.drafts, shares)
}

fn made(project: &Project) -> [u64; 2] {
    let mut hasher = Xxh3::new();
    project.tasks.iter().flat_map(|task| &task.outputs).for_each(|pattern| pattern.hash(&mut hasher));
    project.tasks.iter().filter_map(|task| task.depfile.as_ref()).for_each(|depfile| depfile.hash(&mut hasher));
    halves(hasher.digest128())
}

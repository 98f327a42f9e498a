//! What can only be checked once all edges are there: cycles, and outputs that get in each other's way.

use rustc_hash::FxHashSet;

use super::draft::{Declared, Draft};
use super::problem::Problem;
use super::{clash, cycle, overlap};
use crate::graph::flag;
use crate::model::{Command, Project, Scope, Task};

/// Finds the mistakes that only show in the whole, and puts all mistakes in the order of their places.
pub(super) fn check(project: &Project, drafts: &[Draft<'_>], problems: &mut Vec<Problem>) {
    let edges = |node: usize| drafts[node].edges.iter().filter(|edge| edge.kind().waits()).map(|edge| edge.to.index());
    let mut rank = cycle::ranks(drafts.len(), edges);
    if rank.contains(&u32::MAX) {
        let edges: Vec<Vec<usize>> = (0..drafts.len()).map(|node| edges(node).collect()).collect();
        let knots = cycle::knots(&edges);
        cycle::tell(&cycle::cycles(&knots, &edges), drafts, problems);
        rank = cycle::ranks_of_knots(&knots, drafts.len());
    }
    // Order alone is no need: `after` does not build what stands at its end.
    let pulled =
        |node: usize| drafts[node].edges.iter().filter(|edge| edge.kind().pulls() && edge.kind().waits()).map(|edge| edge.to.index());
    let first = project.rocks.len() + project.epics.len();
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
    problems.extend(project.tasks.iter().zip(&drafts[first..]).filter_map(|(task, draft)| unused(task, draft, drafts)));
    needed_remedies(drafts, problems);
    let folders = clash::folders(project);
    clash::clashes(project, &folders, &reaches, problems);
    let all = |from: usize| {
        let mut seen = FxHashSet::default();
        let mut stack = vec![from + first];
        while let Some(node) = stack.pop() {
            stack.extend(pulled(node).filter(|next| seen.insert(*next)));
        }
        seen.into_iter().filter_map(|node| node.checked_sub(first)).collect()
    };
    overlap::overlaps(project, &folders, &reaches, &all, problems);
    problems.sort_by(|one, other| one.place.cmp(&other.place));
}

/// Says of a remedy with outputs that a task reads them: they would be exchanged under its eyes when something fails.
fn needed_remedies(drafts: &[Draft<'_>], problems: &mut Vec<Problem>) {
    let mut told = FxHashSet::default();
    let mut remedies: Vec<(&Task, usize)> = Vec::new();
    for draft in drafts {
        if let Declared::Task(task, Some(remedy)) = &draft.detail
            && drafts[remedy.index()].flags & flag::OUTPUTS != 0
            && told.insert(remedy.index())
        {
            remedies.push((task, remedy.index()));
        }
    }
    if remedies.is_empty() {
        return;
    }
    let mut behind: Vec<Vec<usize>> = vec![Vec::new(); drafts.len()];
    for (from, draft) in drafts.iter().enumerate() {
        draft.edges.iter().filter(|edge| edge.kind().reaches()).for_each(|edge| behind[edge.to.index()].push(from));
    }
    for (failing, remedy) in remedies {
        let (mut seen, mut stack) = (FxHashSet::default(), behind[remedy].clone());
        let mut reader = None;
        while let Some(node) = stack.pop().filter(|_| reader.is_none()) {
            match &drafts[node].detail {
                Declared::Task(task, _) => reader = Some((&task.address, &task.place)),
                _ if seen.insert(node) => stack.extend(&behind[node]),
                _ => {}
            }
        }
        let Some((reader, place)) = reader else { continue };
        let address = drafts[remedy].address;
        problems.push(Problem {
            code: "graph/needed_remedy",
            message: format!("`{reader}` needs `{address}`, which puts out other files when it is the remedy of `{}`", failing.address),
            place: failing.on_failure.as_ref().map(|need| need.place.clone()),
            help: Some(format!("name another task in `on_failure`, which nothing needs; it may itself need `{address}`")),
            notes: vec![(format!("`{reader}`"), place.clone())],
        });
    }
}

/// Says of a port that the commands of a task name, and that no service has which it uses: nobody listens there.
fn unused(task: &Task, draft: &Draft<'_>, drafts: &[Draft<'_>]) -> Option<Problem> {
    if draft.flags & flag::HOLES == 0 {
        return None;
    }
    let service = |index: usize| if let Declared::Service(service) = &drafts[index].detail { Some(*service) } else { None };
    let used: Vec<_> = draft.edges.iter().filter_map(|edge| service(edge.to.index())).collect();
    let texts = task.commands.iter().flat_map(|command| match command {
        Command::Run { words, place } => words.iter().map(|word| (word, place)).collect::<Vec<_>>(),
        Command::Sh { script, place } => vec![(script, place)],
    });
    let mut named = texts.flat_map(|(text, place)| text.holes(Scope::Port).map(move |port| (port, place)));
    let has = |port: &str, ports: &[Box<str>]| ports.iter().any(|one| **one == *port);
    let (port, place) = named.find(|(port, _)| !used.iter().any(|service| has(port, &service.ports)))?;
    let owner = (0..drafts.len()).filter_map(service).find(|service| has(port, &service.ports))?;
    let address = &owner.address;
    Some(Problem {
        code: "graph/unused_service",
        message: format!("`{}` names a port of the service `{address}`, which it does not use: nobody listens there", task.address),
        place: Some(place.clone()),
        help: Some(format!("add: uses \"{address}\"")),
        notes: vec![(format!("the service `{address}`"), owner.place.clone())],
    })
}

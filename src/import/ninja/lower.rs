//! From edges to tasks.

use std::path::Path;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::bring::{Asked, Brought, Remake};
use super::error::Fault;
use super::order::Circles;
use super::parsed::{Edge, PHONY, Parsed};
use super::path::name;
use super::task::{Desk, Seen, text};
use crate::base::{Address, Place, RelPath};
use crate::model::{Need, Pool, Task};

/// At least so many edges are worth a share of their own.
const SHARE: usize = 1000;

/// What becomes of an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Becomes {
    /// A task with a command.
    Task,
    /// A task that gathers what it needs.
    Group,
    /// Nothing: a `phony` without inputs, which says that a file need not be there.
    Nothing,
    /// The task that makes the ninja file.
    Remake,
}

/// Makes a task of each edge. `names` and `files`: the ninja files that were read, as they are told and as they are found.
///
/// # Errors
/// All that cannot become a task.
pub(super) fn lower(parsed: &Parsed<'_>, asked: &Asked, root: &Path, names: &[Arc<str>], files: &[RelPath]) -> Result<Brought, Vec<Fault>> {
    let dir = asked.file.parent().unwrap_or_else(RelPath::root);
    let base = RelPath::root();
    // Paths with a NUL byte do not get this far: no file system has them.
    let located = |path: &str| RelPath::anywhere(root, &dir, path.as_bytes()).unwrap_or_else(|_| base.clone());
    let places: Vec<RelPath> = parsed.nodes.iter().map(|node| located(&node.path)).collect();
    let mut lowering = Lowering {
        parsed,
        asked,
        prefix: prefix(asked),
        dir_text: if dir.is_root() { String::from("./") } else { dir.to_string() },
        up: "../".repeat(dir.parts().count()),
        dir,
        root,
        names,
        files,
        makers: Vec::new(),
        becomes: Vec::new(),
        addresses: Vec::new(),
        circles: Circles::default(),
        places,
        faults: Vec::new(),
    };
    lowering.refuse_bytes();
    if !lowering.faults.is_empty() {
        return Err(lowering.faults);
    }
    lowering.find_makers();
    lowering.judge();
    lowering.name_all();
    lowering.find_circles();
    let brought = lowering.all();
    if lowering.faults.is_empty() { Ok(brought) } else { Err(lowering.faults) }
}

fn prefix(asked: &Asked) -> String {
    match &asked.epic {
        Some(epic) => format!("{epic}/"),
        None if asked.package.is_root() => String::new(),
        None => format!("{}:", asked.package),
    }
}

pub(super) struct Lowering<'a, 't> {
    pub parsed: &'a Parsed<'t>,
    pub asked: &'a Asked,
    prefix: String,
    /// The folder of the ninja file, relative to the root.
    pub dir: RelPath,
    pub dir_text: String,
    /// From there to the root.
    up: String,
    pub root: &'a Path,
    names: &'a [Arc<str>],
    files: &'a [RelPath],
    /// The edge that makes each node, under whatever path.
    pub makers: Vec<Option<u32>>,
    pub becomes: Vec<Becomes>,
    /// What each edge is called.
    pub addresses: Vec<Address>,
    pub circles: Circles,
    /// Where each node is.
    pub places: Vec<RelPath>,
    faults: Vec<Fault>,
}

impl Lowering<'_, '_> {
    fn fault(&mut self, edge: &Edge<'_>, message: String, help: impl Into<String>) {
        self.faults.push(Fault { file: edge.at.file, line: edge.at.line, column: 1, message, help: help.into() });
    }

    /// Refuses what stands outside of the project in a folder whose name is no text: what tasks declare is text.
    fn refuse_bytes(&mut self) {
        let Some(node) = self.places.iter().position(|place| std::str::from_utf8(place.as_bytes()).is_err()) else { return };
        let parsed = self.parsed;
        let names =
            |edge: &&Edge<'_>| [&edge.inputs, &edge.outputs, &edge.validations].into_iter().flatten().any(|one| *one == node as u32);
        if let Some(edge) = parsed.edges.iter().find(names) {
            let message = format!("`{}` leads to `{}`, a path that is no UTF-8", parsed.nodes[node].path, self.places[node]);
            let help = match self.asked.place {
                None => "let the path of the project be UTF-8, or import the file into an `orket.kdl` that stands in a folder above both",
                Some(_) => "let the path of the project be UTF-8, or move the `orket.kdl` into a folder above both",
            };
            self.fault(edge, message, help);
        }
    }

    /// Finds the maker of each node: one file may have a relative and an absolute name.
    fn find_makers(&mut self) {
        let parsed = self.parsed;
        let mut by_place: FxHashMap<&RelPath, u32> = FxHashMap::default();
        let mut twice = Vec::new();
        for (node, place) in parsed.nodes.iter().zip(&self.places) {
            let Some(edge) = node.maker else { continue };
            let entry = by_place.entry(place).or_insert(edge);
            let (earlier, now) = (&parsed.edges[*entry as usize], &parsed.edges[edge as usize]);
            if *entry != edge && earlier.rule == PHONY {
                *entry = edge;
            } else if *entry != edge && now.rule != PHONY {
                twice.push((now, format!("two edges make `{place}`; the other one is on line {}", earlier.at.line)));
            }
        }
        self.makers = self.places.iter().map(|place| by_place.get(place).copied()).collect();
        for (edge, message) in twice {
            self.fault(edge, message, "let each file be made by one edge");
        }
    }

    fn judge(&mut self) {
        let (parsed, files) = (self.parsed, self.files);
        let makes_manifest = |edge: &Edge<'_>| edge.outputs.iter().any(|node| files.contains(&self.places[*node as usize]));
        // GN writes `build build.ninja: phony build.ninja.stamp`: who makes the stamp makes the ninja file.
        let gathering = parsed.edges.iter().filter(|edge| edge.rule == PHONY && makes_manifest(edge));
        let behind: FxHashSet<u32> = gathering.flat_map(Edge::read).filter_map(|node| self.makers[*node as usize]).collect();
        self.becomes = parsed
            .edges
            .iter()
            .enumerate()
            .map(|(index, edge)| {
                let replaced = || edge.outputs.iter().all(|node| self.makers[*node as usize] != Some(index as u32));
                match edge.rule == PHONY {
                    true if edge.inputs.is_empty() && edge.validations.is_empty() => Becomes::Nothing,
                    true if replaced() || makes_manifest(edge) => Becomes::Nothing,
                    true => Becomes::Group,
                    false if makes_manifest(edge) || behind.contains(&(index as u32)) => Becomes::Remake,
                    false => Becomes::Task,
                }
            })
            .collect();
    }

    /// Gives each edge its name: its first output, relative to the folder of the ninja file.
    fn name_all(&mut self) {
        let above = self.dir.as_bytes().len() + 1;
        let address = |edge: &Edge<'_>| {
            let place = &self.places[edge.outputs[0] as usize];
            let text = text(place);
            let inside = match place.is_in(&self.dir) && *place != self.dir {
                true if self.dir.is_root() => name(text),
                true => name(&text[above..]),
                false if place.is_outside() => name(text),
                false => name(&format!("{}{text}", self.up)).into_owned().into(),
            };
            Address::new([&*self.prefix, &inside].concat())
        };
        self.addresses = self.parsed.edges.iter().map(address).collect();
    }

    pub fn need(&self, edge: u32, place: &Place) -> Need {
        let address = &self.addresses[edge as usize];
        Need { text: address.as_str().into(), candidates: vec![address.clone()], optional: false, place: place.clone() }
    }

    pub fn place(&self, edge: &Edge<'_>) -> Place {
        Place { file: self.names[edge.at.file as usize].clone(), line: edge.at.line, column: 1 }
    }

    /// Returns the edges that are built where nothing is asked for.
    fn roots(&self) -> Vec<u32> {
        let built = |edge: &u32| !matches!(self.becomes[*edge as usize], Becomes::Nothing | Becomes::Remake);
        let edges: Vec<u32> = match self.parsed.defaults.is_empty() {
            false => self.parsed.defaults.iter().filter_map(|node| self.makers[*node as usize]).collect(),
            true => {
                let unused = |edge: &Edge<'_>| edge.outputs.iter().any(|node| !self.parsed.nodes[*node as usize].used);
                (0..self.parsed.edges.len() as u32).filter(|edge| unused(&self.parsed.edges[*edge as usize])).collect()
            }
        };
        let mut seen = Seen::new(self.parsed.edges.len());
        let roots: Vec<u32> = edges.into_iter().filter(built).filter(|edge| seen.first(*edge, 1)).collect();
        match roots.is_empty() {
            // What there is waits for itself, which is to be told.
            true => (0..self.parsed.edges.len() as u32).filter(|edge| self.circles.told(*edge).is_some()).collect(),
            false => roots,
        }
    }

    fn all(&mut self) -> Brought {
        let parsed = self.parsed;
        let mut brought = Brought { first: self.stages(), ..Brought::default() };
        let roots = self.roots();
        let mut private = vec![true; parsed.edges.len()];
        for root in roots {
            private[root as usize] = false;
            let place = self.place(&parsed.edges[root as usize]);
            brought.default.push(self.need(root, &place));
        }
        let mut bounds: FxHashMap<&str, Box<str>> = FxHashMap::default();
        for pool in parsed.pools.iter().filter(|pool| pool.depth > 0) {
            let bound: Box<str> = format!("{}{}", self.prefix, pool.name).into();
            let place = Place { file: self.names[pool.at.file as usize].clone(), line: pool.at.line, column: 1 };
            brought.pools.push(Pool { name: bound.clone(), slots: pool.depth, place });
            bounds.insert(pool.name, bound);
        }
        let size = (parsed.edges.len() / rayon::current_num_threads().max(1)).max(SHARE);
        let shares: Vec<(Vec<Task>, Vec<Fault>)> = parsed
            .edges
            .par_chunks(size)
            .enumerate()
            .map(|(share, edges)| {
                let mut desk = Desk::new(parsed.nodes.len(), parsed.edges.len());
                let mut faults = Vec::new();
                let ids = (share * size) as u32..;
                let mut task = |id| self.task(&mut desk, id, private[id as usize], &bounds, &mut faults);
                let tasks = ids.zip(edges).filter_map(|(id, _)| task(id)).collect();
                (tasks, faults)
            })
            .collect();
        brought.tasks.reserve(parsed.edges.len());
        for (tasks, faults) in shares {
            brought.tasks.extend(tasks);
            self.faults.extend(faults);
        }
        let remakes = (0..self.becomes.len()).filter(|id| self.becomes[*id] == Becomes::Remake);
        brought.remake = remakes.filter_map(|id| self.remake(id, &mut brought.tasks)).collect();
        brought
    }

    /// Returns how an edge makes a ninja file. What that task needs is built before it is known whether it has to run, and not once more for
    /// it.
    fn remake(&self, id: usize, tasks: &mut [Task]) -> Option<Remake> {
        let edge = &self.parsed.edges[id];
        let mut along: Vec<RelPath> = edge.outputs.iter().map(|node| self.places[*node as usize].clone()).collect();
        let file = along.iter().position(|place| *place == self.asked.file);
        let file = file.or_else(|| along.iter().position(|place| self.files.contains(place)));
        let file = along.remove(file.unwrap_or_default());
        let depfile = self.parsed.says_path(edge, "depfile").ok().filter(|path| !path.is_empty());
        let depfile = depfile.and_then(|path| RelPath::anywhere(self.root, &self.dir, path.as_bytes()).ok());
        let task = tasks.iter_mut().find(|task| task.address == self.addresses[id])?;
        let imported = task.imported.as_mut()?;
        imported.files.clear();
        let makers = std::mem::take(&mut imported.makers).into_iter().chain(std::mem::take(&mut imported.order));
        let before = makers.chain(std::mem::take(&mut task.needs)).map(|need| need.text.into()).collect();
        let inputs = edge.inputs.iter().map(|node| self.places[*node as usize].clone()).collect();
        let restat = edge.restat || self.parsed.says(edge, "restat").is_ok_and(|value| !value.is_empty());
        Some(Remake { task: task.address.to_string(), file, before, inputs, dir: self.dir.clone(), depfile, along, restat })
    }
}

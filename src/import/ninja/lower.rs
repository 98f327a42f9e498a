//! From edges to tasks.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::bring::{Asked, Brought, Remake};
use super::error::Fault;
use super::parse::{Edge, PHONY, Parsed};
use super::path::{name, pattern};
use super::tools::tools;
use crate::base::{Address, Place, RelPath};
use crate::model::{Command, Imported, Need, Pattern, Pool, Priority, Task, Text};

/// What becomes of an edge.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Becomes {
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
        makers: Vec::new(),
        becomes: Vec::new(),
        addresses: Vec::new(),
        places,
        sources: FxHashMap::default(),
        faults: Vec::new(),
    };
    lowering.find_makers();
    lowering.judge(files);
    lowering.name_all();
    let brought = lowering.all();
    if lowering.faults.is_empty() { Ok(brought) } else { Err(lowering.faults) }
}

/// A path that came from a ninja file: its bytes are text.
fn text(path: &RelPath) -> &str {
    std::str::from_utf8(path.as_bytes()).unwrap_or_default()
}

fn prefix(asked: &Asked) -> String {
    match &asked.epic {
        Some(epic) => format!("{epic}/"),
        None if asked.package.is_root() => String::new(),
        None => format!("{}:", asked.package),
    }
}

struct Lowering<'a, 't> {
    parsed: &'a Parsed<'t>,
    asked: &'a Asked,
    prefix: String,
    /// The folder of the ninja file, relative to the root.
    dir: RelPath,
    dir_text: String,
    /// From there to the root.
    up: String,
    root: &'a Path,
    names: &'a [Arc<str>],
    /// The edge that makes each node, under whatever path.
    makers: Vec<Option<u32>>,
    becomes: Vec<Becomes>,
    /// What each edge is called.
    addresses: Vec<Address>,
    /// Where each node is.
    places: Vec<RelPath>,
    /// The sources behind each `phony` that was asked for.
    sources: FxHashMap<u32, Arc<[u32]>>,
    faults: Vec<Fault>,
}

/// What was met already: the number of the round for each position.
struct Seen(Vec<u32>);

impl Seen {
    fn first(&mut self, at: u32, round: u32) -> bool {
        std::mem::replace(&mut self.0[at as usize], round) != round
    }
}

impl Lowering<'_, '_> {
    fn fault(&mut self, edge: &Edge<'_>, message: String, help: impl Into<String>) {
        self.faults.push(Fault { file: edge.at.file, line: edge.at.line, column: 1, message, help: help.into() });
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

    fn judge(&mut self, files: &[RelPath]) {
        let parsed = self.parsed;
        let makes_manifest = |edge: &Edge<'_>| edge.outputs.iter().any(|node| files.contains(&self.places[*node as usize]));
        self.becomes = parsed
            .edges
            .iter()
            .enumerate()
            .map(|(index, edge)| {
                let replaced = || edge.outputs.iter().all(|node| self.makers[*node as usize] != Some(index as u32));
                match edge.rule == PHONY {
                    true if edge.inputs.is_empty() && edge.validations.is_empty() => Becomes::Nothing,
                    true if replaced() => Becomes::Nothing,
                    true => Becomes::Group,
                    false if makes_manifest(edge) => Becomes::Remake,
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

    fn need(&self, edge: u32, place: &Place) -> Need {
        let address = &self.addresses[edge as usize];
        Need { text: address.as_str().into(), candidates: vec![address.clone()], optional: false, place: place.clone() }
    }

    fn place(&self, edge: &Edge<'_>) -> Place {
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
        let mut seen = Seen(vec![0; self.parsed.edges.len()]);
        edges.into_iter().filter(built).filter(|edge| seen.first(*edge, 1)).collect()
    }

    fn all(&mut self) -> Brought {
        let parsed = self.parsed;
        let mut brought = Brought::default();
        let mut dyndeps: Vec<u32> = parsed.edges.iter().filter_map(|edge| self.makers[edge.dyndep? as usize]).collect();
        dyndeps.sort_unstable();
        dyndeps.dedup();
        brought.first = dyndeps.into_iter().map(|edge| self.addresses[edge as usize].to_string()).collect();
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
        let mut nodes = Seen(vec![0; parsed.nodes.len()]);
        let mut edges = Seen(vec![0; parsed.edges.len()]);
        brought.tasks.reserve(parsed.edges.len());
        for (index, edge) in parsed.edges.iter().enumerate() {
            let id = index as u32;
            let becomes = self.becomes[index];
            if becomes == Becomes::Nothing {
                continue;
            }
            let place = self.place(edge);
            let mut task = self.bare(id, place.clone(), private[index]);
            let mut imported = Imported::default();
            edges.first(id, id + 1);
            self.inputs(edge, id, &place, &mut task, &mut imported, &mut nodes, &mut edges);
            if becomes != Becomes::Group
                && let Err((message, help)) = self.command(edge, becomes, &place, &mut task, &mut imported)
            {
                self.fault(edge, message, help);
            }
            task.pool = edge.pool.as_deref().and_then(|pool| bounds.get(pool)).cloned();
            if becomes == Becomes::Remake && brought.remake.is_none() {
                let read = edge.read().iter().chain(edge.ordered()).map(|node| self.places[*node as usize].clone()).collect();
                // Those are built before it is known whether this task has to run, and not once more for it.
                let makers = std::mem::take(&mut imported.makers).into_iter().chain(std::mem::take(&mut imported.order));
                let before = makers.chain(std::mem::take(&mut task.needs)).map(|need| need.text.into()).collect();
                imported.files.clear();
                brought.remake = Some(Remake { task: task.address.to_string(), file: self.asked.file.clone(), before, inputs: read });
            }
            task.imported = Some(Box::new(imported));
            brought.tasks.push(task);
        }
        brought
    }

    fn bare(&self, edge: u32, place: Place, private: bool) -> Task {
        Task {
            address: self.addresses[edge as usize].clone(),
            epic: self.asked.epic.clone(),
            place,
            about: None,
            package: self.asked.package.clone(),
            commands: Vec::new(),
            tools: Vec::new(),
            dir: Text::literal(&*self.dir_text),
            inputs: Vec::new(),
            outputs: Vec::new(),
            depfile: None,
            needs: Vec::new(),
            after: Vec::new(),
            uses: Vec::new(),
            env: self.asked.env.clone(),
            cache: true,
            incremental: false,
            timeout: None,
            retries: 0,
            backoff: Duration::from_secs(1),
            pool: None,
            weight: 1,
            priority: Priority::default(),
            interactive: false,
            tags: Vec::new(),
            only_if: Vec::new(),
            on_failure: None,
            private,
            confirm: None,
            platform: Vec::new(),
            matrix: Vec::new(),
            imported: None,
        }
    }

    /// Adds what an edge waits for and what it reads.
    #[expect(clippy::too_many_arguments)]
    fn inputs(
        &mut self,
        edge: &Edge<'_>,
        id: u32,
        place: &Place,
        task: &mut Task,
        imported: &mut Imported,
        nodes: &mut Seen,
        edges: &mut Seen,
    ) {
        let group = edge.rule == PHONY;
        let round = id + 1;
        let mut files: Vec<u32> = Vec::new();
        let mut sources: Vec<u32> = Vec::new();
        for node in edge.read() {
            match self.makers[*node as usize].map(|maker| (maker, self.becomes[maker as usize])) {
                None => sources.push(*node),
                Some((_, Becomes::Nothing)) => files.push(*node),
                Some((maker, Becomes::Group)) => {
                    if edges.first(maker, round) {
                        task.needs.push(self.need(maker, place));
                    }
                    if !group {
                        sources.extend(self.behind(maker).iter());
                    }
                }
                Some((maker, _)) => {
                    if edges.first(maker, round) {
                        let need = self.need(maker, place);
                        if group { task.needs.push(need) } else { imported.makers.push(need) }
                    }
                    files.push(*node);
                }
            }
        }
        if !group {
            for node in sources.into_iter().filter(|node| nodes.first(*node, round)) {
                if self.makers[node as usize].is_some() {
                    files.push(node);
                    continue;
                }
                let text = Text::literal(&*pattern(text(&self.places[node as usize])));
                task.inputs.push(Pattern { text, negated: false, place: place.clone() });
            }
            for node in files {
                imported.files.push(text(&self.places[node as usize]).into());
            }
            imported.files.sort_unstable();
            imported.files.dedup();
        }
        let maker = |node: &u32| self.makers[*node as usize].filter(|maker| self.becomes[*maker as usize] != Becomes::Nothing);
        for maker in edge.ordered().iter().filter_map(maker) {
            if edges.first(maker, round) {
                imported.order.push(self.need(maker, place));
            }
        }
        for maker in edge.validations.iter().filter_map(maker) {
            if edges.first(maker, round) {
                imported.along.push(self.need(maker, place));
            }
        }
    }

    /// Returns the sources behind a `phony`, also those that need not be there.
    fn behind(&mut self, group: u32) -> Arc<[u32]> {
        let mut open = vec![(group, false)];
        let mut begun = rustc_hash::FxHashSet::default();
        while let Some((edge, back)) = open.pop() {
            if self.sources.contains_key(&edge) {
                continue;
            }
            let read = self.parsed.edges[edge as usize].read();
            let inner = |node: &u32| self.makers[*node as usize].filter(|maker| self.becomes[*maker as usize] == Becomes::Group);
            if !back {
                if begun.insert(edge) {
                    open.push((edge, true));
                    open.extend(read.iter().filter_map(inner).filter(|inner| !begun.contains(inner)).map(|inner| (inner, false)));
                }
                continue;
            }
            let mut found: Vec<u32> = Vec::new();
            for node in read {
                match self.makers[*node as usize].map(|maker| (maker, self.becomes[maker as usize])) {
                    None | Some((_, Becomes::Nothing)) => found.push(*node),
                    Some((maker, Becomes::Group)) => found.extend(self.sources.get(&maker).into_iter().flat_map(|inner| inner.iter())),
                    Some(_) => {}
                }
            }
            found.sort_unstable();
            found.dedup();
            self.sources.insert(edge, found.into());
        }
        self.sources.get(&group).cloned().unwrap_or_default()
    }

    fn inside(&self, path: &str, what: &str) -> Result<RelPath, (String, String)> {
        let found = RelPath::anywhere(self.root, &self.dir, path.as_bytes())
            .map_err(|error| (format!("{what} `{path}`: {error}"), String::new()))?;
        match found.is_outside() || found.is_root() {
            false => Ok(found),
            true => Err((
                format!("{what} `{path}` is not below the project's folder"),
                format!(
                    "put an `orket.kdl` with `import \"{}\" format=\"ninja\" epic=\"native\"` into a folder above both",
                    self.asked.file
                ),
            )),
        }
    }

    /// Fills in what the rule says: command, outputs, depfile, response file.
    fn command(
        &self,
        edge: &Edge<'_>,
        becomes: Becomes,
        place: &Place,
        task: &mut Task,
        imported: &mut Imported,
    ) -> Result<(), (String, String)> {
        let parsed = self.parsed;
        let cyclic = |message| (message, String::from("take one of them out"));
        let command = parsed.says(edge, "command").map_err(cyclic)?;
        let about = parsed.says(edge, "description").map_err(cyclic)?;
        task.about = Some(about).filter(|about| !about.is_empty()).map(Into::into);
        for tool in tools(&command) {
            let own = tool.starts_with('/') && Path::new(tool).starts_with(self.root);
            if !own {
                task.tools.push(Text::literal(tool));
            }
        }
        let place = place.clone();
        task.commands.push(match command.trim().contains('\n') {
            // Ninja's shell does not stop at a line that fails.
            true => Command::Run { words: ["/bin/sh", "-c", &command].map(Text::literal).to_vec(), place },
            false => Command::Sh { script: Text::literal(command), place },
        });
        task.interactive = edge.pool.as_deref() == Some("console");
        if becomes == Becomes::Remake {
            (task.cache, task.incremental, task.private) = (false, true, true);
            return Ok(());
        }
        // Commands of such rules may leave an output as it is.
        let says = |name| parsed.says(edge, name).map(|value| !value.is_empty()).map_err(cyclic);
        task.incremental = edge.restat || says("generator")? || says("restat")?;
        for (index, node) in edge.outputs.iter().enumerate() {
            let found = &self.places[*node as usize];
            if edge.outputs[..index].iter().any(|earlier| self.places[*earlier as usize] == *found) {
                continue;
            }
            let path = self.inside(&parsed.nodes[*node as usize].path, "the output")?;
            let text = Text::literal(&*pattern(text(&path)));
            task.outputs.push(Pattern { text, negated: false, place: task.place.clone() });
        }
        let depfile = parsed.says_path(edge, "depfile").map_err(cyclic)?;
        if !depfile.is_empty() {
            task.depfile = Some(Text::literal(text(&self.inside(&depfile, "the depfile")?)));
        }
        match &*parsed.says(edge, "deps").map_err(cyclic)? {
            "" => {}
            "gcc" if task.depfile.is_some() => imported.depfile_spent = true,
            "gcc" => return Err((String::from("`deps = gcc` without a `depfile`"), String::from("add `depfile = …` to the rule"))),
            "msvc" => {
                return Err((
                    String::from("`deps = msvc` is not understood: it reads what a compiler prints on Windows"),
                    String::from("configure for a compiler that writes depfiles"),
                ));
            }
            other => return Err((format!("there are no `deps` of the kind `{other}`"), String::from("ninja knows `gcc` and `msvc`"))),
        }
        let response = parsed.says_path(edge, "rspfile").map_err(cyclic)?;
        if !response.is_empty() {
            let content = parsed.says(edge, "rspfile_content").map_err(cyclic)?;
            imported.response = Some((self.inside(&response, "the response file")?.to_string().into(), content.into()));
        }
        Ok(())
    }
}

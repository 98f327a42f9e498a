//! From one edge to its task.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};

use super::error::Fault;
use super::lower::{Becomes, Lowering};
use super::parsed::{Edge, PHONY};
use super::path::pattern;
use super::tools::tools;
use super::writes::Named;
use crate::base::{Place, RelPath};
use crate::model::{Command, Imported, Pattern, Priority, Task, Text};

/// What was met already: the number of the round for each position.
pub(super) struct Seen(Vec<u32>);

impl Seen {
    pub fn new(length: usize) -> Seen {
        Seen(vec![0; length])
    }

    /// Whether this is the first time in this round; rounds count from 1.
    pub fn first(&mut self, at: u32, round: u32) -> bool {
        std::mem::replace(&mut self.0[at as usize], round) != round
    }
}

/// What one worker keeps at hand.
pub(super) struct Desk {
    nodes: Seen,
    edges: Seen,
    /// The sources behind each `phony` that was asked for.
    sources: FxHashMap<u32, Arc<[u32]>>,
}

impl Desk {
    pub fn new(nodes: usize, edges: usize) -> Desk {
        Desk { nodes: Seen::new(nodes), edges: Seen::new(edges), sources: FxHashMap::default() }
    }
}

/// A path that a ninja file names: that it is text was seen.
pub(super) fn text(path: &RelPath) -> &str {
    std::str::from_utf8(path.as_bytes()).unwrap_or_default()
}

impl Lowering<'_, '_> {
    /// Makes the task of an edge; `None` where none comes of it. `bounds`: what the pools that bound anything are called.
    pub fn task(
        &self,
        desk: &mut Desk,
        id: u32,
        private: bool,
        bounds: &FxHashMap<&str, Box<str>>,
        faults: &mut Vec<Fault>,
    ) -> Option<Task> {
        let (edge, becomes) = (&self.parsed.edges[id as usize], self.becomes[id as usize]);
        if becomes == Becomes::Nothing {
            return None;
        }
        let place = self.place(edge);
        let mut task = self.bare(id, place.clone(), private);
        let mut imported = Imported::default();
        self.inputs(desk, id, &place, &mut task, &mut imported);
        if becomes == Becomes::Task {
            imported.makers.extend(self.asked.needs.iter().cloned());
        }
        if becomes != Becomes::Group
            && let Err((message, help)) = self.command(edge, becomes, &place, &mut task, &mut imported)
        {
            faults.push(Fault { file: edge.at.file, line: edge.at.line, column: 1, message, help });
        }
        task.pool = edge.pool.as_deref().and_then(|pool| bounds.get(pool)).cloned();
        task.imported = Some(Box::new(imported));
        Some(task)
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
            confined: Default::default(),
            imported: None,
        }
    }

    /// Adds what an edge waits for and what it reads.
    fn inputs(&self, desk: &mut Desk, id: u32, place: &Place, task: &mut Task, imported: &mut Imported) {
        let edge = &self.parsed.edges[id as usize];
        let group = edge.rule == PHONY;
        let round = id + 1;
        imported.circle = self.circles.told(id).map(Into::into);
        let apart = |maker: u32| !self.circles.join(id, maker);
        let mut files: Vec<u32> = Vec::new();
        let mut sources: Vec<u32> = Vec::new();
        for node in edge.read() {
            match self.makers[*node as usize].map(|maker| (maker, self.becomes[maker as usize])) {
                None => sources.push(*node),
                // What makes the ninja file has run before anything else does, if it had to.
                Some((_, Becomes::Nothing | Becomes::Remake)) => files.push(*node),
                Some((maker, Becomes::Group)) => {
                    if desk.edges.first(maker, round) && apart(maker) {
                        task.needs.push(self.need(maker, place));
                    }
                    if !group {
                        sources.extend(self.behind(&mut desk.sources, maker).iter());
                    }
                }
                Some((maker, _)) => {
                    if desk.edges.first(maker, round) && apart(maker) {
                        let need = self.need(maker, place);
                        if group { task.needs.push(need) } else { imported.makers.push(need) }
                    }
                    files.push(*node);
                }
            }
        }
        if !group {
            for node in sources.into_iter().filter(|node| desk.nodes.first(*node, round)) {
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
        let passed = |becomes| matches!(becomes, Becomes::Nothing | Becomes::Remake);
        let maker = |node: &u32| self.makers[*node as usize].filter(|maker| !passed(self.becomes[*maker as usize]));
        let unmade = if group { edge.read() } else { edge.ordered() }.iter().filter(|node| self.makers[**node as usize].is_none());
        imported.present.extend(unmade.map(|node| Box::from(text(&self.places[*node as usize]))));
        for maker in edge.ordered().iter().filter_map(maker) {
            if desk.edges.first(maker, round) && apart(maker) {
                imported.order.push(self.need(maker, place));
            }
        }
        for maker in edge.validations.iter().filter_map(maker) {
            if desk.edges.first(maker, round) {
                imported.along.push(self.need(maker, place));
            }
        }
    }

    /// Returns the sources behind a `phony`, also those that need not be there.
    fn behind(&self, known: &mut FxHashMap<u32, Arc<[u32]>>, group: u32) -> Arc<[u32]> {
        let mut open = vec![(group, false)];
        let mut begun = FxHashSet::default();
        while let Some((edge, back)) = open.pop() {
            if known.contains_key(&edge) {
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
                    None | Some((_, Becomes::Nothing | Becomes::Remake)) => found.push(*node),
                    Some((maker, Becomes::Group)) => found.extend(known.get(&maker).into_iter().flat_map(|inner| inner.iter())),
                    Some(_) => {}
                }
            }
            found.sort_unstable();
            found.dedup();
            known.insert(edge, found.into());
        }
        known.get(&group).cloned().unwrap_or_default()
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
        let script = command.clone();
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
        let at = |word: &str| self.inside(word, "").ok();
        let named: FxHashSet<RelPath> =
            edge.outputs.iter().filter_map(|node| at(&parsed.nodes[*node as usize].path)).chain(at(&depfile)).collect();
        let response = parsed.says_path(edge, "rspfile").map_err(cyclic)?;
        if !response.is_empty() {
            let content = parsed.says(edge, "rspfile_content").map_err(cyclic)?;
            imported.response = Some((self.inside(&response, "the response file")?.to_string().into(), content.into()));
        }
        let content = |word: &str| {
            let (path, content) = imported.response.as_ref()?;
            (at(word)?.as_bytes() == path.as_bytes()).then_some(&**content)
        };
        imported.beside = !Named {
            file: &|word| at(word).is_some_and(|path| named.contains(&path)),
            folder: &|word| at(word).is_some_and(|folder| named.iter().any(|path| path.is_in(&folder))),
            response: &content,
        }
        .is_all_of(&script);
        Ok(())
    }
}

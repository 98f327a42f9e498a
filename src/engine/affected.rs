//! What changed since a revision, and which targets that reaches.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;
use std::{fs, io};

use rustc_hash::FxHashMap;

use super::load::{Stamp, load};
use super::manifests::Manifests;
use super::{Engine, OpenError};
use crate::action::{Entry, Explanation};
use crate::base::{RelPath, TargetId, quantity};
use crate::decisions::Seam;
use crate::disk::PatternSet;
use crate::event::Subject;
use crate::gates;
use crate::graph::{Changed, Detail, Graph, Rests, TargetKind, declared_otherwise, flag, made_otherwise, reached_from};
use crate::manifest::{Source, Trail};
use crate::model::{Command, EnvRule, EnvRules, Scope, Text};
use crate::rebuild::{Visible, World};
use crate::vcs::{Changes, Past, VcsError};

/// What a change reaches.
pub struct Affected {
    /// The revision's commit, in full.
    pub commit: String,
    /// The files that differ, sorted; a folder with a repository of its own stands for all in it.
    pub changed: Vec<RelPath>,
    /// In the order of ids.
    pub targets: Vec<TargetId>,
    /// Why more may be named than has to be, a line each.
    pub notes: Vec<String>,
}

impl Engine {
    /// Returns the targets that are reached from what differs between a revision and the work tree. Executes nothing of the project's and
    /// writes nothing.
    ///
    /// # Errors
    /// When git does not know the revision, or cannot say what changed.
    pub fn affected(&self, revision: &str) -> Result<Affected, VcsError> {
        let past = Past::at(&self.root, revision)?;
        let changes = past.changes()?;
        let mut notes = Vec::new();
        let (mut declared, mut turned) = (Vec::new(), Vec::new());
        let trail = postcard::from_bytes::<Stamp>(&self.graph.header().trail).map(|stamp| stamp.trail).unwrap_or_default();
        if declares(&changes, &trail, &past) {
            match load(&Then(&past), &self.root, &self.manifest, &self.environment.platform, None) {
                Ok(then) if decided(&self.graph) != decided(&then) => {
                    declared = self.graph.ids().collect();
                    notes.push(format!("`process_rules` shape tasks in another way than at `{revision}`: every target counts as affected"));
                }
                Ok(then) => {
                    declared = declared_otherwise(&self.graph, &then);
                    turned = made_otherwise(&self.graph, &then, past.files());
                }
                Err(error) => {
                    declared = self.graph.ids().collect();
                    notes.push(format!(
                        "the manifest as it was at `{revision}` cannot be used ({}): every target counts as affected",
                        reason(error)
                    ));
                }
            }
        }
        if let Some(file) = self.strategy_files().into_iter().find(|file| changes.names(file)) {
            declared = self.graph.ids().collect();
            notes.push(format!("`{file}`, which decides how tasks run, is not what it was: every target counts as affected"));
        }
        let looked = Looked {
            engine: self,
            then: Some((&past, &changes)),
            gates: true,
            world: self.world(String::from("look"), false).ok(),
            visible: RefCell::default(),
            inside: RefCell::default(),
            unbuilt: Cell::new(0),
        };
        let paths: Vec<RelPath> = [&changes.paths[..], &changes.through].concat();
        let changed = Changed { paths: &paths, folders: &changes.folders, turned: &turned };
        let targets = reached_from(&self.graph, changed, &declared, &looked);
        let unbuilt = looked.unbuilt.get();
        if unbuilt > 0 {
            let tasks = quantity::plural(unbuilt, "task");
            notes.push(format!(
                "{tasks} with a depfile counted as affected: no build here has found out what they read of the files as they were"
            ));
        }
        let mut changed = [changes.paths, changes.folders].concat();
        changed.sort();
        Ok(Affected { commit: past.commit().to_owned(), changed, targets, notes })
    }

    /// Returns the targets that are reached from these files and from all that may be in these folders, which have changed since the last
    /// build here; all of them if a manifest or what decides how tasks run is among them. `gates`: whether gates rest on anything.
    pub fn reached(&self, paths: &[RelPath], folders: &[RelPath], gates: bool) -> Vec<TargetId> {
        let deciding = self.strategy_files();
        let declares = |path: &RelPath| path.as_bytes().ends_with(b".kdl") || deciding.contains(path);
        if paths.iter().any(declares) || self.finds_otherwise(paths, folders) || self.remade_from(paths, folders) {
            return self.graph.ids().collect();
        }
        let looked = Looked {
            engine: self,
            then: None,
            gates,
            world: self.world(String::from("look"), false).ok(),
            visible: RefCell::default(),
            inside: RefCell::default(),
            unbuilt: Cell::new(0),
        };
        reached_from(&self.graph, Changed { paths, folders, turned: &[] }, &[], &looked)
    }

    /// Whether a manifest is among these files, or what `include` and `each` find may be.
    fn finds_otherwise(&self, paths: &[RelPath], folders: &[RelPath]) -> bool {
        let trail = postcard::from_bytes::<Stamp>(&self.graph.header().trail).map(|stamp| stamp.trail).unwrap_or_default();
        let mut found = trail.globs.iter().filter_map(|(patterns, found)| Some((set(patterns).ok()?, found)));
        let there = |path: &RelPath| self.tree.stat(path).ok().flatten().is_some();
        paths.iter().any(|path| trail.manifests.contains(path))
            || found.any(|(set, known)| {
                // A file that was found and is there still is found still.
                !folders.is_empty() || paths.iter().any(|path| set.matches(path) && known.binary_search(path).is_ok() != there(path))
            })
    }

    /// Whether a manifest is made from one of these files, or from something in these folders.
    fn remade_from(&self, paths: &[RelPath], folders: &[RelPath]) -> bool {
        let met = |source: &RelPath| paths.iter().any(|path| source.is_in(path)) || folders.iter().any(|folder| source.is_in(folder));
        self.remakes().iter().any(|remake| self.made_from(remake).iter().any(met))
    }

    /// Returns the files that say how tasks run and stand in no manifest: local overrides, and programs of the project's own strategies.
    fn strategy_files(&self) -> Vec<RelPath> {
        let mut files = vec![self.manifest.parent().unwrap_or_else(RelPath::root).join(b"orket.local.kdl")];
        let root = RelPath::from_normal(self.root.as_os_str().as_bytes());
        for strategy in self.graph.header().strategies.iter().filter(|strategy| shapes(&strategy.seam)) {
            for word in &strategy.exec {
                files.extend(match word.starts_with('/') {
                    true => within(&root, &RelPath::from_normal(word.as_bytes())),
                    false => RelPath::parse(word.as_bytes()).ok(),
                });
            }
        }
        files
    }
}

/// Whether the targets may be declared otherwise than they were: a manifest has changed, or what `include` and `each` find.
fn declares(changes: &Changes, trail: &Trail, past: &Past) -> bool {
    let manifest = |path: &RelPath| path.as_bytes().ends_with(b".kdl") || trail.manifests.contains(path);
    let paths = || changes.paths.iter().chain(&changes.through);
    !changes.is_empty()
        && (!changes.folders.is_empty()
            || paths().any(manifest)
            || trail.globs.iter().filter_map(|(patterns, _)| set(patterns).ok()).any(|set| paths().any(|path| set.matches(path))))
        || trail.manifests.iter().any(|manifest| !past.has(manifest) && !past.is_inside(manifest))
}

/// Whether the strategies of a seam, by name or node, have a say in what tasks do.
fn shapes(seam: &str) -> bool {
    let named = Seam::ALL.into_iter().find(|one| one.name() == seam || one.key() == seam);
    named.is_none_or(|seam| seam.shapes_actions() || matches!(seam, Seam::EngineRuntime | Seam::ToolStrategy))
}

/// Returns what a manifest says of how tasks run, without its places.
fn decided(graph: &Graph) -> Vec<String> {
    let header = graph.header();
    let rules = header.rules.iter().filter(|rule| shapes(&rule.key)).map(|rule| {
        let options: Vec<_> = rule.options.iter().map(|option| (&option.name, &option.value)).collect();
        format!("{} {} {options:?}", rule.key, rule.strategy)
    });
    let own = header.strategies.iter().filter(|strategy| shapes(&strategy.seam));
    rules.chain(own.map(|own| format!("{} {} {:?}", own.seam, own.name, own.exec))).collect()
}

fn set(patterns: &[String]) -> Result<PatternSet, String> {
    let (excluded, included): (Vec<&String>, Vec<&String>) = patterns.iter().partition(|pattern| pattern.starts_with('!'));
    let included: Vec<String> = included.into_iter().cloned().collect();
    PatternSet::new(&included, &excluded.into_iter().map(|pattern| pattern[1..].to_owned()).collect::<Vec<_>>())
}

fn reason(error: OpenError) -> String {
    match error {
        OpenError::Wrong(problems) => {
            problems.problems().first().map_or_else(|| String::from("it was wrong"), |first| first.message.clone())
        }
        other => other.to_string(),
    }
}

/// The files of a revision, as the manifest is read from them.
struct Then<'a>(&'a Past);

impl Manifests for Then<'_> {}

impl Source for Then<'_> {
    fn read(&self, path: &RelPath) -> io::Result<Vec<u8>> {
        self.0.read(path)
    }

    fn size(&self, path: &RelPath) -> io::Result<u64> {
        self.0.read(path).map(|bytes| bytes.len() as u64)
    }

    fn matches(&self, patterns: &[String]) -> io::Result<Vec<RelPath>> {
        let set = set(patterns).map_err(io::Error::other)?;
        Ok(self.0.files().filter(|path| set.matches(path) && path.parts().all(|part| part != b".orket")).cloned().collect())
    }
}

/// What this checkout and its surroundings know of targets.
struct Looked<'a> {
    engine: &'a Engine,
    /// What is compared with; `None` where what the last build saw is.
    then: Option<(&'a Past, &'a Changes)>,
    /// Whether gates rest on anything.
    gates: bool,
    /// `None` where the checkout's memory cannot be read.
    world: Option<World>,
    visible: RefCell<FxHashMap<u32, Rc<Visible>>>,
    /// The folders of the project that programs are looked for in, by the value of `PATH`.
    inside: RefCell<BTreeMap<Vec<u8>, Vec<RelPath>>>,
    unbuilt: Cell<usize>,
}

impl Looked<'_> {
    fn graph(&self) -> &Graph {
        &self.engine.graph
    }

    /// `None` if the rules cannot be followed here.
    fn visible(&self, target: TargetId, rules: &EnvRules) -> Option<Rc<Visible>> {
        let key = match self.graph().kind(target) {
            TargetKind::Task => self.graph().row(target).env,
            // No two services share what they see.
            _ => u32::MAX - target.0,
        };
        if let Some(visible) = self.visible.borrow().get(&key) {
            return Some(visible.clone());
        }
        let visible = Rc::new(self.engine.environment.visible(rules, &self.engine.tree).ok()?);
        self.visible.borrow_mut().insert(key, visible.clone());
        Some(visible)
    }

    fn rules(&self, target: TargetId) -> EnvRules {
        match self.graph().detail(target) {
            Detail::Task(task, _) => task.env,
            Detail::Service(service) => service.env,
            _ => Vec::new(),
        }
    }

    /// Returns what the depfile of a task named in its last build here; `None` where that build saw other files than there were at the
    /// revision and are still there, so that it says nothing of them.
    fn discovered(&self, target: TargetId) -> Option<Vec<RelPath>> {
        let world = self.world.as_ref()?;
        let record = world.checkout.lock().ok()?.task(self.graph().row(target).key)?;
        let Some((past, changes)) = self.then else { return Some(record.discovered) };
        let explanation: Explanation = postcard::from_bytes(&record.explanation).ok()?;
        let as_it_was = |entry: &Entry| {
            let path = RelPath::from_normal(entry.name.as_bytes());
            let seen = entry.subject == Subject::Input && past.has(&path) && changes.paths.binary_search(&path).is_err();
            !seen || world.content(&path, false).is_ok_and(|content| content.show() == entry.value)
        };
        explanation.0.iter().all(as_it_was).then_some(record.discovered)
    }

    /// Adds the places where a program is looked for; `false` where these may be any.
    fn program(&self, target: TargetId, rules: &EnvRules, name: &str, dir: Option<&RelPath>, files: &mut Vec<RelPath>) -> bool {
        let root = RelPath::from_normal(self.engine.root.as_os_str().as_bytes());
        if let Some(path) = name.starts_with('/').then(|| RelPath::from_normal(name.as_bytes())) {
            files.extend(within(&root, &path));
        } else if name.contains('/') {
            let Some(dir) = dir else { return false };
            files.extend(RelPath::parse_in(dir, name.as_bytes()));
        } else {
            let Some(visible) = self.visible(target, rules) else { return false };
            let path = visible.variables.get("PATH").cloned().unwrap_or_default();
            let mut inside = self.inside.borrow_mut();
            let folders = inside.entry(path).or_insert_with_key(|path| {
                let folders = path.split(|byte| *byte == b':').filter(|folder| folder.first() == Some(&b'/'));
                let real = folders.filter_map(|folder| fs::canonicalize(OsStr::from_bytes(folder)).ok());
                real.filter_map(|folder| within(&root, &RelPath::from_normal(folder.as_os_str().as_bytes()))).collect()
            });
            files.extend(folders.iter().map(|folder| folder.join(name.as_bytes())));
        }
        true
    }
}

/// Returns an absolute path as one of the project, if it stands in it.
fn within(root: &RelPath, path: &RelPath) -> Option<RelPath> {
    let rest = path.is_in(root).then(|| &path.as_bytes()[root.as_bytes().len()..])?;
    RelPath::parse(rest.strip_prefix(b"/").unwrap_or(rest)).ok()
}

impl Rests for Looked<'_> {
    fn sees(&self, gate: TargetId, path: &RelPath) -> bool {
        let Detail::Gate(gate) = self.graph().detail(gate) else { return false };
        self.gates && gates::read(&gate).is_ok_and(|rules| rules.reads(&gates::folder_of(&gate))(path))
    }

    fn hole(&self, target: TargetId, scope: Scope, name: &str) -> Option<String> {
        match scope {
            Scope::Env => {
                let visible = self.visible(target, &self.rules(target))?;
                visible.variables.get(name).map(|value| String::from_utf8_lossy(value).into_owned())
            }
            Scope::Decision | Scope::Port | Scope::Run => None,
        }
    }

    fn beside(&self, target: TargetId, detail: &Detail) -> Option<Vec<RelPath>> {
        let mut files = Vec::new();
        let filled = |text: &Text| text.fill(|scope, name| self.hole(target, scope, name).ok_or(())).ok();
        let (rules, dir, commands, listed) = match detail {
            Detail::Task(task, _) => {
                let dir = filled(&task.dir).and_then(|dir| RelPath::parse(dir).ok());
                (&task.env, dir, &task.commands[..], &task.tools[..])
            }
            Detail::Service(service) => (&service.env, Some(service.dir.clone()), std::slice::from_ref(&service.command), &[][..]),
            _ => return Some(files),
        };
        files.extend(rules.iter().filter_map(|rule| match rule {
            EnvRule::Dotenv { file, .. } => Some(file.clone()),
            _ => None,
        }));
        let started = commands.iter().filter_map(|command| match command {
            Command::Run { words, .. } => words.first(),
            Command::Sh { .. } => None,
        });
        let chosen = &self.engine.seams.choice(Seam::ToolStrategy).strategy;
        let mut own = self.graph().header().strategies.iter();
        if own.any(|own| *own.name == **chosen && *own.seam == *Seam::ToolStrategy.name()) && !(commands.is_empty() && listed.is_empty()) {
            // It may take any program for a name, and is not asked while somebody only looks.
            return None;
        }
        for name in started.chain(listed) {
            let name = filled(name)?;
            if !self.program(target, rules, &name, dir.as_ref(), &mut files) {
                return None;
            }
        }
        if self.graph().has(target, flag::DEPFILE) {
            match self.discovered(target) {
                Some(discovered) => files.extend(discovered),
                None => {
                    self.unbuilt.set(self.unbuilt.get() + 1);
                    return None;
                }
            }
        }
        Some(files)
    }
}

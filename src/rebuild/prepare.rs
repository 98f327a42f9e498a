//! From a declared task to an exact action.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::inputs::{self, Inputs, Listing, patterns, stands_as_folder};
use super::{Blocked, Links, Visible, World, Yield, service_digest, tools};
use crate::action::{self, Action, Content, EnvValue, Exact, Needed};
use crate::base::{Digest, RelPath, TargetId};
use crate::disk;
use crate::graph::{Detail, EdgeKind, TargetKind, flag};
use crate::model::{Command, Confined, Scope, Task, Text};
use crate::record::Tool;

/// So many targets behind the door of an epic are told by name.
const NAMED: usize = 3;

/// A task made exact, ready to be looked up or run.
pub struct Prepared {
    /// Which one.
    pub target: TargetId,
    /// Its declaration.
    pub task: Box<Task>,
    /// All that decides its result.
    pub action: Action,
    /// The digest of that.
    pub key: Digest,
    /// What is to be said of it when it has run.
    pub notices: Vec<String>,
    /// What it sees.
    pub visible: Arc<Visible>,
    /// The commands as they are started: program and words, with ports and run facts filled in.
    pub lines: Vec<Line>,
    /// The outputs' patterns, filled in.
    pub outputs: Vec<String>,
    /// Outputs of an imported task in whose place a folder stands: these are not looked into.
    pub folders: Vec<String>,
    /// A file that is not there, without which it runs each time.
    pub unmade: Option<RelPath>,
    /// Patterns of what is no output after all.
    pub excluded: Vec<String>,
    /// Patterns of what it may touch though it does not declare it, and of what of that it may not.
    pub undeclared: (Vec<String>, Vec<String>),
    /// Where it runs.
    pub dir: RelPath,
    /// Files that its depfile named in an earlier run.
    pub discovered: Vec<RelPath>,
    /// What the patterns among its inputs meant.
    pub listing: Listing,
    /// The services that it uses and that read files, as they were.
    pub served: Vec<(TargetId, Digest)>,
    /// The programs that its names led to.
    pub programs: Vec<Tool>,
    /// The files of those that `tools` lists.
    pub listed: Vec<PathBuf>,
    /// When it was begun, in nanoseconds since 1970.
    pub began: i64,
}

/// One command as it is started.
#[derive(Clone, Debug)]
pub struct Line {
    /// The file of the program.
    pub program: PathBuf,
    /// What the program is told to be called.
    pub name: String,
    /// Its words.
    pub words: Vec<String>,
    /// How many of them, the first ones, are orket's and not the task's.
    pub added: usize,
}

/// Makes a task exact. `again`: something that it waits for has run, so that files are looked at again.
///
/// # Errors
/// When a program or a declared input is missing, or a hole cannot be filled.
pub fn prepare(world: &World, target: TargetId, links: &Links, discovered: Vec<RelPath>, again: bool) -> Result<Prepared, Blocked> {
    exact(world, target, links, discovered, again).map_err(|blocked| match world.visible(target, again) {
        Ok(visible) => blocked.without(&visible.secrets),
        Err(_) => blocked,
    })
}

fn exact(world: &World, target: TargetId, links: &Links, discovered: Vec<RelPath>, again: bool) -> Result<Prepared, Blocked> {
    let Detail::Task(task, _) = world.graph.detail(target) else {
        return Err(Blocked::new("it is no task"));
    };
    // A record may be of another task that had this address, and read what this one does not.
    let discovered = if task.depfile.is_some() { discovered } else { Vec::new() };
    let began = disk::now_ns();
    let visible = world.visible(target, again).map_err(Blocked::new)?;
    let place = task.place.to_string();
    let hole = |scope: Scope, name: &str| match scope {
        Scope::Env if is_secret(&visible, name) => Err(held("a path", name, &place)),
        Scope::Env => variable(&visible, name, &place),
        Scope::Decision => decision(world, name),
        Scope::Port | Scope::Run => Ok(format!("{{{{{}.{name}}}}}", scope.word())),
    };
    let symbolic = |text: &Text| text.fill(hole);
    // What a decision came to is a part of the action by itself, so that it is told as what it is.
    let worded = |text: &Text| {
        text.fill(|scope, name| match scope {
            Scope::Decision => decision(world, name).map(|_| format!("{{{{decision.{name}}}}}")),
            // The keyed digest of a secret is among the variables; its value stays out of what is kept.
            Scope::Env if is_secret(&visible, name) => Ok(format!("{{{{env.{name}}}}}")),
            Scope::Env => variable(&visible, name, &place),
            Scope::Port | Scope::Run => Ok(format!("{{{{{}.{name}}}}}", scope.word())),
        })
    };
    let actual = |text: &Text| {
        text.fill(|scope, name| match scope {
            Scope::Env => variable(&visible, name, &place),
            Scope::Decision => decision(world, name),
            Scope::Port => match world.ports.read().expect("no holder panics").get(name) {
                Some(port) => Ok(port.to_string()),
                None => Ok(String::from("0")),
            },
            Scope::Run if name == "id" => Ok(world.run.clone()),
            Scope::Run => Ok(world.scratch().under(world.tree.root()).to_string_lossy().into_owned()),
        })
    };
    let path = |text: &Text| -> Result<RelPath, Blocked> {
        let text = symbolic(text)?;
        RelPath::parse(&text).map_err(|error| Blocked::new(format!("the path `{text}` of the task at {place}: {error}")))
    };

    let args = match &world.args {
        Some((id, words)) if *id == target => words.clone(),
        _ => Vec::new(),
    };
    let dir = path(&task.dir)?;
    let folder = dir.under(world.tree.root());
    let last_run = task.commands.iter().rposition(|command| matches!(command, Command::Run { .. }));
    let mut commands = Vec::new();
    let mut lines = Vec::new();
    let mut tools: BTreeMap<String, Option<Digest>> = BTreeMap::new();
    let mut programs = Vec::new();
    let listed = task.tools.iter().map(symbolic).collect::<Result<Vec<_>, _>>()?;
    let supposed = |name: &str| {
        let path =
            Some(name).filter(|name| world.looks && name.contains('/')).and_then(|name| RelPath::parse_in(&dir, name.as_bytes()).ok())?;
        let mut outputs = links.iter().flat_map(|(_, yielded)| yielded.outputs.iter());
        outputs.find_map(|(output, content)| match content {
            Content::File { digest, executable: true } if *output == path => Some(*digest),
            _ => None,
        })
    };
    let invoke = |name: &str| {
        let listed = listed.iter().any(|tool| tool == name);
        tools::invoke(world, &visible, name, listed, &folder, supposed(name), again)
    };
    let mut used = |name: Option<&String>, digest: Digest| {
        // Orket's own tools are no programs that somebody could exchange.
        let Some(name) = name else { return };
        let folder = if name.contains('/') && !name.starts_with('/') { dir.clone() } else { RelPath::root() };
        let tool = Tool { name: name.clone(), folder, digest };
        if !programs.contains(&tool) {
            programs.push(tool);
        }
    };
    for (index, command) in task.commands.iter().enumerate() {
        match command {
            Command::Run { words, .. } => {
                let mut exact = words.iter().map(worded).collect::<Result<Vec<_>, _>>()?;
                let mut started = words.iter().map(actual).collect::<Result<Vec<_>, _>>()?;
                if Some(index) == last_run {
                    exact.extend(args.iter().cloned());
                    started.extend(args.iter().cloned());
                }
                let name = started.first().cloned().unwrap_or_default();
                // What is remembered names the programs, so that it is seen when one of them is another.
                if let Some(hole) = words.first().and_then(|word| word.holes(Scope::Env).find(|hole| is_secret(&visible, hole))) {
                    return Err(held("the name of a program", hole, &place));
                }
                let tool = invoke(&name)?;
                let words = tool.first.iter().cloned().chain(started.split_off(1)).collect();
                used(tool.name.as_ref(), tool.digest);
                tools.insert(name.clone(), Some(tool.digest));
                lines.push(Line { program: tool.program, name, words, added: tool.first.len() });
                commands.push(Exact::Run(exact));
            }
            Command::Sh { script, .. } => {
                let tool = invoke("sh")?;
                used(tool.name.as_ref(), tool.digest);
                tools.insert(String::from("sh"), Some(tool.digest));
                let script_now = actual(script)?;
                // A line that fails ends a script of several lines, as it does in make and just.
                let flags = if script_now.trim().contains('\n') { "-ec" } else { "-c" };
                // `$0` is the same for all tasks: the task's name is not in the digest.
                let mut words = vec![String::from(flags), script_now, String::from("sh")];
                words.extend(args.iter().cloned());
                lines.push(Line { program: tool.program, name: String::from("sh"), words, added: 0 });
                commands.push(Exact::Sh(worded(script)?));
            }
        }
    }
    let mut files = Vec::new();
    for name in listed.iter().filter(|name| !tools.contains_key(*name)).cloned().collect::<Vec<_>>() {
        let tool = match task.imported.is_some() {
            true => tools::invoke_if_there(world, &visible, &name, &folder, again)?,
            false => Some(invoke(&name)?),
        };
        match &tool {
            Some(tool) => used(tool.name.as_ref(), tool.digest),
            // That it comes is seen, too.
            None => used(Some(&name), tools::ABSENT),
        }
        tools.insert(name, tool.as_ref().map(|tool| tool.digest));
        files.extend(tool.map(|tool| tool.program));
    }

    let (outputs, excluded) = patterns(&task.outputs, &hole)?;
    let mut declared: Vec<(String, bool)> = outputs.iter().map(|text| (text.clone(), false)).collect();
    declared.extend(excluded.iter().map(|text| (text.clone(), true)));
    declared.sort();
    let is_folder = |text: &String| task.imported.is_some() && stands_as_folder(world, text);
    let (folders, outputs) = outputs.into_iter().partition(is_folder);
    let Inputs { files: inputs, listing, unmade } = inputs::gather(world, target, &task, links, &discovered, &hole, again)?;
    let mut needs: Vec<Needed> = Vec::new();
    let mut services: Vec<(String, Digest)> = Vec::new();
    for (id, Yield { digest, outputs, folders, .. }) in links {
        let address = || world.graph.address(*id).to_owned();
        match world.graph.kind(*id) {
            TargetKind::Decision => {}
            TargetKind::Service => services.push((address(), *digest)),
            // A check that has passed says nothing more.
            TargetKind::Task if outputs.is_empty() && folders.is_empty() && !world.graph.has(*id, flag::EMPTY) => {}
            kind => needs.push(Needed {
                address: if kind == TargetKind::Entry { behind(world, *id) } else { address() },
                digest: *digest,
                outputs: outputs.clone(),
                folders: folders.clone(),
            }),
        }
    }
    needs.extend(stamps(world, &task, &inputs));
    needs.sort_by(|one, other| one.address.cmp(&other.address));
    services.sort();
    let mut decisions: Vec<(String, String)> = Vec::new();
    for edge in world.graph.edges(target) {
        // A service starts with what the decisions that it uses came to.
        let through = if edge.kind() == EdgeKind::Uses { world.graph.edges(edge.to) } else { std::slice::from_ref(edge) };
        for edge in through.iter().filter(|edge| world.graph.kind(edge.to) == TargetKind::Decision) {
            let address = world.graph.address(edge.to);
            decisions.push((address.to_owned(), decision(world, address)?));
        }
    }
    decisions.sort();
    decisions.dedup();
    let uses = world.graph.edges(target).iter().filter(|edge| edge.kind() == EdgeKind::Uses).map(|edge| edge.to);
    let reads = |service: &TargetId| !world.graph.detail(*service).inputs().is_empty();
    let served = uses.filter(reads).map(|service| (service, service_digest(world, service, false))).collect();
    let undeclared = patterns(&task.confined.undeclared, &hole)?;
    let response = task.imported.as_ref().and_then(|imported| imported.response.clone());
    let action = Action {
        commands,
        dir: dir.clone(),
        env: match task.uses.is_empty() {
            true => visible.entries.clone(),
            false => with_database(&visible.entries, world),
        },
        tools: tools.into_iter().collect(),
        inputs: inputs.into_iter().collect(),
        needs,
        outputs: declared,
        depfile: task.depfile.as_ref().map(&symbolic).transpose()?,
        response: response.map(|(path, text)| (path.into(), text.into())),
        incremental: task.incremental,
        args,
        services,
        strategies: shaping(world, &task.confined, &undeclared),
        decisions,
        platform: world.environment.platform.clone(),
    };
    Ok(Prepared {
        target,
        task,
        key: action::digest(&action),
        notices: Vec::new(),
        action,
        visible,
        lines,
        outputs,
        folders,
        unmade,
        excluded,
        undeclared,
        dir,
        discovered,
        listing,
        served,
        programs,
        listed: files,
        began,
    })
}

/// Returns what the door of an epic or rock stands for: what is needed there, where that is not much, else its name.
fn behind(world: &World, entry: TargetId) -> String {
    let needed = world.graph.edges(entry).iter().filter(|edge| edge.kind().hands_over()).map(|edge| world.graph.address(edge.to));
    let needed: Vec<&str> = needed.collect();
    if (1..=NAMED).contains(&needed.len()) { needed.join(", ") } else { world.graph.address(entry).to_owned() }
}

/// Returns variables with that of the database that a task shares with its services, unless the task says otherwise.
fn with_database(entries: &[(String, EnvValue)], world: &World) -> Vec<(String, EnvValue)> {
    let mut all = entries.to_vec();
    if let Some((name, value)) = world.boxed.database().filter(|(name, _)| !entries.iter().any(|(known, _)| known == name)) {
        all.push((name.to_owned(), EnvValue::Plain(value.clone().into_bytes())));
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    all
}

/// Returns the strategies that shape a task, and what it says of its box itself.
fn shaping(world: &World, confined: &Confined, undeclared: &(Vec<String>, Vec<String>)) -> Vec<(String, String)> {
    let mut shaping = world.seams.shaping();
    let mut own = |name: &str, value: String| shaping.push((name.to_owned(), value));
    confined.sandbox.iter().for_each(|sandbox| own("sandbox", sandbox.word().to_owned()));
    confined.network.iter().for_each(|network| own("network", network.to_string()));
    undeclared.0.iter().for_each(|text| own("allow_undeclared", text.clone()));
    undeclared.1.iter().for_each(|text| own("allow_undeclared", format!("!{text}")));
    shaping
}

fn decision(world: &World, address: &str) -> Result<String, Blocked> {
    world.decision(address).ok_or_else(|| Blocked::new(format!("the decision `{address}` was not made")))
}

/// Whether an empty file that a task has made stands for all that went into making it, as it does for a tool that goes by time stamps: its bytes
/// say nothing. A task that may leave its outputs as they are means what it says.
pub(super) fn stands_for_its_run(task: &Task) -> bool {
    task.imported.is_some() && !task.incremental
}

/// Returns what the empty files among the inputs of an imported task stand for.
fn stamps(world: &World, task: &Task, inputs: &BTreeMap<RelPath, Content>) -> Vec<Needed> {
    let mut found: Vec<Needed> = Vec::new();
    let files = task.imported.iter().flat_map(|imported| &imported.files).map(|file| RelPath::from_normal(file.as_bytes()));
    for path in files {
        let is_empty = matches!(inputs.get(&path), Some(Content::File { digest, .. }) if digest.size == 0);
        let Some(maker) = world.made().maker(&path).filter(|_| is_empty) else { continue };
        let address = world.graph.address(maker).to_owned();
        if found.iter().any(|known| known.address == address) || !world.graph.task(maker).is_some_and(|maker| stands_for_its_run(&maker)) {
            continue;
        }
        let record = world.checkout.lock().expect("no holder panics").task(world.graph.row(maker).key);
        let digest = record.map_or(Digest::of(b""), |record| record.action);
        found.push(Needed { address, digest, outputs: Arc::default(), folders: Arc::default() });
    }
    found
}

/// Says that `what`, which is remembered, names a secret.
fn held(what: &str, secret: &str, place: &str) -> Blocked {
    Blocked {
        text: format!("{what} holds the secret `{secret}`, at {place}"),
        hint: Some(format!("give it to a command as a further word; if it is no secret, let the task see it: env {{ pass \"{secret}\" }}")),
        broken: false,
    }
}

fn is_secret(visible: &Visible, name: &str) -> bool {
    visible.entries.iter().any(|(one, value)| one == name && matches!(value, EnvValue::Secret(_)))
}

fn variable(visible: &Visible, name: &str, place: &str) -> Result<String, Blocked> {
    match visible.variables.get(name) {
        Some(value) => String::from_utf8(value.clone())
            .map_err(|_| Blocked::new(format!("`{{{{env.{name}}}}}` at {place}: the value is no UTF-8, and cannot be a part of a text"))),
        None => Err(Blocked {
            text: format!("`{{{{env.{name}}}}}` at {place}: the variable is not set, or withheld from this task"),
            hint: Some(format!("set it, and let the task see it: env {{ pass \"{name}\" }}")),
            broken: false,
        }),
    }
}

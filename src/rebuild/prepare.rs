//! From a declared task to an exact action.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Links, Visible, World, tools};
use crate::action::{Action, Content, EnvValue, Exact};
use crate::base::{Digest, RelPath, TargetId};
use crate::disk::{self, Noted, PatternSet};
use crate::graph::{Detail, EdgeKind, TargetKind, flag};
use crate::model::{Command, Pattern, Scope, Task, Text};
use crate::process::redacted;
use crate::record::Tool;

/// A task made exact, ready to be looked up or run.
pub struct Prepared {
    /// Which one.
    pub target: TargetId,
    /// Its declaration.
    pub task: Box<Task>,
    /// All that decides its result.
    pub action: Action,
    /// What it sees.
    pub visible: Arc<Visible>,
    /// The commands as they are started: program and words, with ports and run facts filled in.
    pub lines: Vec<Line>,
    /// The outputs' patterns, filled in.
    pub outputs: Vec<String>,
    /// Outputs of an imported task in whose place a folder stands: these are not looked into.
    pub folders: Vec<String>,
    /// Whether a file is not there without which it runs each time.
    pub unmade: bool,
    /// Patterns of what is no output after all.
    pub excluded: Vec<String>,
    /// Where it runs.
    pub dir: RelPath,
    /// Files that its depfile named in an earlier run.
    pub discovered: Vec<RelPath>,
    /// Those of its inputs that no needed task put out.
    pub sources: Vec<RelPath>,
    /// What the list of its inputs rests on, beside its patterns: the places where globs were looked for.
    pub searched: Noted,
    /// The programs that its names led to.
    pub programs: Vec<Tool>,
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
}

/// Why a task can be neither judged nor run. A lower-case sentence, and what to do.
#[derive(Clone, Debug)]
pub struct Blocked {
    /// What is wrong.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Blocked {
    pub(super) fn new(text: impl Into<String>) -> Blocked {
        Blocked { text: text.into(), hint: None }
    }

    fn without(self, secrets: &[Vec<u8>]) -> Blocked {
        Blocked { text: redacted(secrets, &self.text), hint: self.hint.map(|hint| redacted(secrets, &hint)) }
    }
}

/// Makes a task exact. `again`: something that it waits for has run, so that files are looked at again.
///
/// # Errors
/// When a program or a declared input is missing, or a hole cannot be filled.
pub fn prepare(world: &World, target: TargetId, links: &Links, discovered: Vec<RelPath>, again: bool) -> Result<Prepared, Blocked> {
    exact(world, target, links, discovered, again).map_err(|blocked| match world.visible(target) {
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
    let visible = world.visible(target).map_err(Blocked::new)?;
    let place = task.place.to_string();
    let symbolic = |text: &Text| {
        text.fill(|scope, name| match scope {
            // The keyed digest of a secret is among the variables; its value stays out of what is kept.
            Scope::Env if is_secret(&visible, name) => Ok(format!("{{{{env.{name}}}}}")),
            Scope::Env => variable(&visible, name, &place),
            Scope::Decision => decision(world, name),
            Scope::Port | Scope::Run => Ok(format!("{{{{{}.{name}}}}}", scope.word())),
        })
    };
    // What a decision came to is a part of the action by itself, so that it is told as what it is.
    let worded = |text: &Text| {
        text.fill(|scope, name| match scope {
            Scope::Decision => decision(world, name).map(|_| format!("{{{{decision.{name}}}}}")),
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
    let invoke = |name: &str| tools::invoke(world, &visible, name, listed.iter().any(|tool| tool == name), &folder);
    let mut used = |tool: &tools::Found| {
        // Orket's own tools are no programs that somebody could exchange.
        let Some(name) = &tool.name else { return };
        let folder = if name.contains('/') && !name.starts_with('/') { dir.clone() } else { RelPath::root() };
        let tool = Tool { name: name.clone(), folder, digest: tool.digest };
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
                    return Err(Blocked {
                        text: format!("the name of a program holds the secret `{hole}`, at {place}"),
                        hint: Some(format!(
                            "give it as a further word; if it is no secret, let the task see it: env {{ pass \"{hole}\" }}"
                        )),
                    });
                }
                let tool = invoke(&name)?;
                let words = tool.first.iter().cloned().chain(started.split_off(1)).collect();
                used(&tool);
                tools.insert(name.clone(), Some(tool.digest));
                lines.push(Line { program: tool.program, name, words });
                commands.push(Exact::Run(exact));
            }
            Command::Sh { script, .. } => {
                let tool = invoke("sh")?;
                used(&tool);
                tools.insert(String::from("sh"), Some(tool.digest));
                let script_now = actual(script)?;
                // A line that fails ends a script of several lines, as it does in make and just.
                let flags = if script_now.trim().contains('\n') { "-ec" } else { "-c" };
                // `$0` is the same for all tasks: the task's name is not in the digest.
                let mut words = vec![String::from(flags), script_now, String::from("sh")];
                words.extend(args.iter().cloned());
                lines.push(Line { program: tool.program, name: String::from("sh"), words });
                commands.push(Exact::Sh(worded(script)?));
            }
        }
    }
    for name in listed.iter().filter(|name| !tools.contains_key(*name)).cloned().collect::<Vec<_>>() {
        let tool = invoke(&name)?;
        used(&tool);
        tools.insert(name, Some(tool.digest));
    }

    let (outputs, excluded) = patterns(&task.outputs, &symbolic)?;
    let mut declared: Vec<(String, bool)> = outputs.iter().map(|text| (text.clone(), false)).collect();
    declared.extend(excluded.iter().map(|text| (text.clone(), true)));
    declared.sort();
    let is_folder = |text: &String| task.imported.is_some() && stands_as_folder(world, text);
    let (folders, outputs) = outputs.into_iter().partition(is_folder);
    let Gathered { inputs, sources, searched, unmade } = gather_inputs(world, &task, links, &discovered, &symbolic, again)?;
    let mut needs: Vec<(String, Digest)> = links
        .iter()
        .filter(|(id, _)| match world.graph.kind(*id) {
            TargetKind::Task => world.graph.has(*id, flag::EMPTY),
            kind => kind != TargetKind::Decision,
        })
        .map(|(id, yielded)| (world.graph.address(*id).to_owned(), yielded.digest))
        .collect();
    needs.sort();
    let mut services: Vec<(String, Digest)> = Vec::new();
    let mut decisions: Vec<(String, String)> = Vec::new();
    for edge in world.graph.edges(target) {
        // A service starts with what the decisions that it uses came to.
        let through = if edge.kind() == EdgeKind::Uses { world.graph.edges(edge.to) } else { std::slice::from_ref(edge) };
        for edge in through.iter().filter(|edge| world.graph.kind(edge.to) == TargetKind::Decision) {
            let address = world.graph.address(edge.to);
            decisions.push((address.to_owned(), decision(world, address)?));
        }
        if let Detail::Service(service) = world.graph.detail(edge.to) {
            services.push((service.address.to_string(), Digest::of(service.definition().as_bytes())));
        }
    }
    decisions.sort();
    decisions.dedup();
    let response = task.imported.as_ref().and_then(|imported| imported.response.clone());
    let action = Action {
        commands,
        dir: dir.clone(),
        env: visible.entries.clone(),
        tools: tools.into_iter().collect(),
        inputs: inputs.into_iter().collect(),
        needs,
        outputs: declared,
        depfile: task.depfile.as_ref().map(&symbolic).transpose()?,
        response: response.map(|(path, text)| (path.into(), text.into())),
        incremental: task.incremental,
        args,
        services,
        strategies: world.seams.shaping(),
        decisions,
        platform: world.environment.platform.clone(),
    };
    Ok(Prepared {
        target,
        task,
        action,
        visible,
        lines,
        outputs,
        folders,
        unmade,
        excluded,
        dir,
        discovered,
        sources,
        searched,
        programs,
        began,
    })
}

fn decision(world: &World, address: &str) -> Result<String, Blocked> {
    world.decision(address).ok_or_else(|| Blocked::new(format!("the decision `{address}` was not made")))
}

fn is_secret(visible: &Visible, name: &str) -> bool {
    visible.entries.iter().any(|(one, value)| one == name && matches!(value, EnvValue::Secret(_)))
}

fn variable(visible: &Visible, name: &str, place: &str) -> Result<String, Blocked> {
    match visible.variables.get(name) {
        Some(value) => Ok(String::from_utf8_lossy(value).into_owned()),
        None => Err(Blocked {
            text: format!("`{{{{env.{name}}}}}` at {place}: the variable is not set, or withheld from this task"),
            hint: Some(format!("set it, and let the task see it: env {{ pass \"{name}\" }}")),
        }),
    }
}

fn patterns(patterns: &[Pattern], fill: &impl Fn(&Text) -> Result<String, Blocked>) -> Result<(Vec<String>, Vec<String>), Blocked> {
    let (mut included, mut excluded) = (Vec::new(), Vec::new());
    for pattern in patterns {
        if pattern.negated { &mut excluded } else { &mut included }.push(fill(&pattern.text)?);
    }
    Ok((included, excluded))
}

/// Adds what a link leads to, since that is what a program reads; through links of links. What leads out of the project by `..`, or to a
/// folder, adds nothing.
fn follow(
    world: &World,
    path: &RelPath,
    content: &Content,
    again: bool,
    inputs: &mut BTreeMap<RelPath, Content>,
    sources: &mut Vec<RelPath>,
) -> std::io::Result<()> {
    let (mut path, mut content) = (path.clone(), content.clone());
    while let Content::Link(target) = &content {
        let to = match target.first() {
            Some(b'/') => RelPath::from_normal(target.clone()),
            _ => match RelPath::parse_in(&path.parent().unwrap_or_else(RelPath::root), target) {
                Ok(to) => to,
                Err(_) => return Ok(()),
            },
        };
        // Also the end of a ring of links.
        if inputs.contains_key(&to) || sources.contains(&to) {
            return Ok(());
        }
        let found = world.content(&to, again)?;
        if found == Content::Missing {
            return Ok(());
        }
        inputs.insert(to.clone(), found.clone());
        sources.push(to.clone());
        (path, content) = (to, found);
    }
    Ok(())
}

/// Whether a folder stands in the place of an output.
pub(super) fn stands_as_folder(world: &World, text: &str) -> bool {
    let path = crate::base::glob::plain(text).and_then(|name| RelPath::parse(&*name).ok());
    path.and_then(|path| world.tree.stat(&path).ok().flatten()).is_some_and(|signature| signature.is_dir())
}

/// Refuses a pattern all of whose files stand behind a link to a folder: such folders are not entered, so that it would mean nothing. A link
/// that is an input is known for what it is.
fn behind_link(world: &World, task: &Task, text: &str, inputs: &BTreeMap<RelPath, Content>) -> Result<(), Blocked> {
    let base = match crate::base::glob::plain(text) {
        Some(name) => RelPath::parse(&*name).ok(),
        None => crate::base::glob::Glob::new(text.trim_end_matches('/')).ok().map(|glob| glob.base().clone()),
    };
    let base = base.unwrap_or_default();
    let ends = base.as_bytes().iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at).chain([base.as_bytes().len()]);
    for folder in ends.filter(|end| *end > 0).map(|end| RelPath::from_normal(&base.as_bytes()[..end])) {
        let link = world.tree.stat(&folder).ok().flatten().is_some_and(|signature| signature.is_symlink());
        if link && !inputs.contains_key(&folder) {
            let target = world.tree.read_link(&folder).map(|target| String::from_utf8_lossy(&target).into_owned()).unwrap_or_default();
            return Err(Blocked {
                text: format!("the input `{text}` stands behind the link `{folder}`, and no glob goes into a folder through a link"),
                hint: Some(format!("name the folder that the link leads to (`{target}`) in `inputs` at {}", task.place)),
            });
        }
    }
    Ok(())
}

struct Gathered {
    inputs: BTreeMap<RelPath, Content>,
    sources: Vec<RelPath>,
    searched: Noted,
    unmade: bool,
}

/// Declared and discovered files, and what needed tasks put out, by path.
fn gather_inputs(
    world: &World,
    task: &Task,
    links: &Links,
    discovered: &[RelPath],
    fill: &impl Fn(&Text) -> Result<String, Blocked>,
    again: bool,
) -> Result<Gathered, Blocked> {
    let (included, excluded) = patterns(&task.inputs, fill)?;
    let own: Vec<String> =
        task.outputs.iter().filter(|pattern| !pattern.negated).map(|pattern| fill(&pattern.text)).collect::<Result<_, _>>()?;
    let unreadable = |path: &RelPath, error: std::io::Error| Blocked::new(format!("cannot read the input `{path}`: {error}"));
    let mut inputs = BTreeMap::new();
    let (mut sources, mut searched) = (Vec::new(), Noted::new());
    for (_, yielded) in links {
        inputs.extend(yielded.outputs.iter().cloned());
    }
    let wrong = |error: String| Blocked::new(format!("an input pattern at {}: {error}", task.place));
    let (globs, literals): (Vec<String>, Vec<String>) =
        included.into_iter().partition(|text| crate::base::glob::is_glob(text) || text.ends_with('/') || text.is_empty() || text == ".");
    let without = PatternSet::new(&excluded, &[]).map_err(wrong)?;
    let mut folders = globs;
    for literal in literals {
        let name = crate::base::glob::plain(&literal).unwrap_or_default();
        let path = match name.starts_with('/') && task.imported.is_some() {
            true => RelPath::from_normal(name.as_bytes()),
            false => RelPath::parse(&*name).map_err(|error| Blocked::new(format!("the input `{literal}`: {error}")))?,
        };
        if inputs.contains_key(&path) || without.matches(&path) {
            continue;
        }
        match world.content(&path, again).map_err(|error| unreadable(&path, error))? {
            Content::Missing if world.tree.stat(&path).ok().flatten().is_some_and(|signature| signature.is_dir()) => {
                if task.imported.is_some() {
                    continue;
                }
                folders.push(format!("{path}/"))
            }
            Content::Missing => {
                return Err(Blocked {
                    text: format!("the input `{path}` does not exist, and no task that it needs makes it"),
                    hint: Some(format!("make the file, or correct `inputs` at {}", task.place)),
                });
            }
            content => {
                follow(world, &path, &content, again, &mut inputs, &mut sources).map_err(|error| unreadable(&path, error))?;
                sources.push(path.clone());
                inputs.insert(path, content);
            }
        }
    }
    if !folders.is_empty() {
        for text in folders.iter().filter(|_| task.imported.is_none()) {
            behind_link(world, task, text, &inputs)?;
        }
        let mut hidden = excluded;
        hidden.extend(own);
        let set = PatternSet::new(&folders, &hidden).map_err(wrong)?;
        let found = disk::expand_noting(&world.tree, &set, &mut searched)
            .map_err(|error| Blocked::new(format!("cannot look for the inputs of the task at {}: {error}", task.place)))?;
        for path in found {
            if inputs.contains_key(&path) || world.made().matches(&path) {
                continue;
            }
            let content = world.content(&path, again).map_err(|error| unreadable(&path, error))?;
            follow(world, &path, &content, again, &mut inputs, &mut sources).map_err(|error| unreadable(&path, error))?;
            sources.push(path.clone());
            inputs.insert(path, content);
        }
    }
    let mut unmade = false;
    for file in task.imported.iter().flat_map(|imported| &imported.files) {
        let path = RelPath::from_normal(file.as_bytes());
        if inputs.contains_key(&path) {
            continue;
        }
        let content = world.content(&path, again).map_err(|error| unreadable(&path, error))?;
        unmade |= content == Content::Missing && world.tree.stat(&path).ok().flatten().is_none();
        follow(world, &path, &content, again, &mut inputs, &mut sources).map_err(|error| unreadable(&path, error))?;
        sources.push(path.clone());
        inputs.insert(path, content);
    }
    for path in discovered {
        if !inputs.contains_key(path) {
            let content = world.content(path, again).map_err(|error| unreadable(path, error))?;
            follow(world, path, &content, again, &mut inputs, &mut sources).map_err(|error| unreadable(path, error))?;
            sources.push(path.clone());
            inputs.insert(path.clone(), content);
        }
    }
    Ok(Gathered { inputs, sources, searched, unmade })
}

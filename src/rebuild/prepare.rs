//! From a declared task to an exact action.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::Arc;

use super::{Links, Visible, World};
use crate::action::{Action, Content, EnvValue, Exact};
use crate::base::{Digest, RelPath, TargetId};
use crate::disk::{self, Noted, PatternSet};
use crate::graph::{Detail, TargetKind};
use crate::model::{Command, Pattern, Scope, Task, Text};
use crate::process::find_program;
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
    fn new(text: impl Into<String>) -> Blocked {
        Blocked { text: text.into(), hint: None }
    }
}

/// Makes a task exact. `again`: something that it waits for has run, so that files are looked at again.
///
/// # Errors
/// When a program or a declared input is missing, or a hole cannot be filled.
pub fn prepare(world: &World, target: TargetId, links: &Links, discovered: Vec<RelPath>, again: bool) -> Result<Prepared, Blocked> {
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
            Scope::Decision => {
                Err(Blocked::new(format!("`{{{{decision.{name}}}}}` at {place}: this version does not resolve decisions yet")))
            }
            Scope::Port | Scope::Run => Ok(format!("{{{{{}.{name}}}}}", scope.word())),
        })
    };
    let actual = |text: &Text| {
        text.fill(|scope, name| match scope {
            Scope::Env => variable(&visible, name, &place),
            Scope::Decision => Err(Blocked::new("this version does not resolve decisions yet")),
            Scope::Port => match world.ports.read().expect("no holder panics").get(name) {
                Some(port) => Ok(port.to_string()),
                None => Ok(String::from("0")),
            },
            Scope::Run if name == "id" => Ok(world.run.clone()),
            Scope::Run => Ok(world.tree.root().join(".orket/scratch").join(&world.run).to_string_lossy().into_owned()),
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
    let mut used = |name: &str, digest| {
        let folder = if name.contains('/') && !name.starts_with('/') { dir.clone() } else { RelPath::root() };
        let tool = Tool { name: name.to_owned(), folder, digest };
        if !programs.contains(&tool) {
            programs.push(tool);
        }
    };
    for (index, command) in task.commands.iter().enumerate() {
        match command {
            Command::Run { words, .. } => {
                let mut exact = words.iter().map(symbolic).collect::<Result<Vec<_>, _>>()?;
                let mut started = words.iter().map(actual).collect::<Result<Vec<_>, _>>()?;
                if Some(index) == last_run {
                    exact.extend(args.iter().cloned());
                    started.extend(args.iter().cloned());
                }
                let name = started.first().cloned().unwrap_or_default();
                let (program, digest) = program(world, &visible, &name, &folder)?;
                used(&name, digest);
                tools.insert(name.clone(), Some(digest));
                lines.push(Line { program, name, words: started.split_off(1) });
                commands.push(Exact::Run(exact));
            }
            Command::Sh { script, .. } => {
                let (program, digest) = program(world, &visible, "/bin/sh", &folder)?;
                used("/bin/sh", digest);
                tools.insert(String::from("sh"), Some(digest));
                let script_now = actual(script)?;
                // A line that fails ends a script of several lines, as it does in make and just.
                let flags = if script_now.trim().contains('\n') { "-ec" } else { "-c" };
                // `$0` is the same for all tasks: the task's name is not in the digest.
                let mut words = vec![String::from(flags), script_now, String::from("sh")];
                words.extend(args.iter().cloned());
                lines.push(Line { program, name: String::from("sh"), words });
                commands.push(Exact::Sh(symbolic(script)?));
            }
        }
    }
    for tool in &task.tools {
        let name = symbolic(tool)?;
        let (_, digest) = program(world, &visible, &name, &folder)?;
        used(&name, digest);
        tools.insert(name, Some(digest));
    }

    let (outputs, excluded) = patterns(&task.outputs, &symbolic)?;
    let Gathered { inputs, sources, searched } = gather_inputs(world, &task, links, &discovered, &symbolic, again)?;
    let mut needs: Vec<(String, Digest)> = links
        .iter()
        .filter(|(id, _)| world.graph.kind(*id) != TargetKind::Task)
        .map(|(id, yielded)| (world.graph.address(*id).to_owned(), yielded.digest))
        .collect();
    needs.sort();
    let mut services: Vec<(String, Digest)> = Vec::new();
    for edge in world.graph.edges(target) {
        if let Detail::Service(service) = world.graph.detail(edge.to) {
            services.push((service.address.to_string(), Digest::of(service.definition().as_bytes())));
        }
    }
    let mut declared: Vec<(String, bool)> = outputs.iter().map(|text| (text.clone(), false)).collect();
    declared.extend(excluded.iter().map(|text| (text.clone(), true)));
    declared.sort();
    let action = Action {
        commands,
        dir: dir.clone(),
        env: visible.entries.clone(),
        tools: tools.into_iter().collect(),
        inputs: inputs.into_iter().collect(),
        needs,
        outputs: declared,
        depfile: task.depfile.as_ref().map(&symbolic).transpose()?,
        incremental: task.incremental,
        args,
        services,
        strategies: Vec::new(),
        decisions: Vec::new(),
        platform: world.environment.platform.clone(),
    };
    Ok(Prepared { target, task, action, visible, lines, outputs, excluded, dir, discovered, sources, searched, programs, began })
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

struct Gathered {
    inputs: BTreeMap<RelPath, Content>,
    sources: Vec<RelPath>,
    searched: Noted,
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
        let path = RelPath::parse(&*name).map_err(|error| Blocked::new(format!("the input `{literal}`: {error}")))?;
        if inputs.contains_key(&path) || without.matches(&path) {
            continue;
        }
        match world.content(&path, again).map_err(|error| unreadable(&path, error))? {
            Content::Missing if world.tree.stat(&path).ok().flatten().is_some_and(|signature| signature.is_dir()) => {
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
    for path in discovered {
        if !inputs.contains_key(path) {
            let content = world.content(path, again).map_err(|error| unreadable(path, error))?;
            follow(world, path, &content, again, &mut inputs, &mut sources).map_err(|error| unreadable(path, error))?;
            sources.push(path.clone());
            inputs.insert(path.clone(), content);
        }
    }
    Ok(Gathered { inputs, sources, searched })
}

/// Finds a program and digests it; both are remembered for the run.
pub(super) fn program(world: &World, visible: &Visible, name: &str, folder: &std::path::Path) -> Result<(PathBuf, Digest), Blocked> {
    let path_var = visible.variables.get("PATH").map(Vec::as_slice).unwrap_or_default();
    let key =
        format!("{name}\0{}\0{}", String::from_utf8_lossy(path_var), if name.contains('/') { folder.to_string_lossy() } else { "".into() });
    let local = name.contains('/') && !name.starts_with('/');
    if !local && let Some(found) = world.programs.read().expect("no holder panics").get(&key) {
        return Ok(found.clone());
    }
    let found = find_program(OsStr::new(name), OsStr::from_bytes(path_var), folder)
        .map_err(|error| Blocked { text: error.to_string(), hint: None })?;
    let file = std::fs::canonicalize(&found).map_err(|error| Blocked::new(format!("cannot find the program `{name}`: {error}")))?;
    let absolute = RelPath::from_normal(file.as_os_str().as_bytes());
    let digest = match world
        .content(&absolute, local)
        .map_err(|error| Blocked::new(format!("cannot read the program `{}`: {error}", file.display())))?
    {
        Content::File { digest, .. } => digest,
        _ => return Err(Blocked::new(format!("the program `{}` is no file", file.display()))),
    };
    world.programs.write().expect("no holder panics").insert(key, (found.clone(), digest));
    Ok((found, digest))
}

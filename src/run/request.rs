//! A task's commands as they are started: environment, words, and where their output goes.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;
use std::time::Duration;

use super::bench::Bench;
use super::ran::Verdict;
use crate::base::TargetId;
use crate::executor::Request;
use crate::model::{Scope, Text};
use crate::process::{Cancel, Limits, Output as Capture, Spawn, Stdin, redacted};
use crate::rebuild::{Prepared, Visible, World};

/// What is special about running one task.
pub(super) struct How {
    /// Whether it gets the terminal.
    pub foreground: bool,
    /// The switch that ends it.
    pub cancel: Cancel,
    /// What a remedy is told of the failure; `None` for any other task.
    pub remedy: Option<Failed>,
}

/// What a remedy is told of the task that failed.
#[derive(Clone)]
pub(super) struct Failed {
    pub task: TargetId,
    pub status: String,
    pub code: Option<i32>,
    /// Relative to the project's root.
    pub log: Option<String>,
}

impl Bench<'_> {
    /// Returns what is started for a task.
    ///
    /// # Errors
    /// With what comes of the task and why, when it cannot be started as it has to be.
    pub(super) fn request(&self, prepared: &Prepared, how: &How) -> Result<Request, (Verdict, String)> {
        let world = self.world;
        let mark = format!("{}-{}", world.run, prepared.target.0);
        let mut env: Vec<(OsString, OsString)> = Vec::with_capacity(prepared.visible.variables.len() + 8);
        for (name, value) in &prepared.visible.variables {
            let value = match std::str::from_utf8(value) {
                Ok(text) if text.contains("{{") => open_holes(world, text).into_bytes(),
                _ => value.clone(),
            };
            env.push((OsString::from(name), OsString::from_vec(value)));
        }
        if !prepared.task.uses.is_empty() {
            env.extend(told(world, &prepared.visible, world.boxed.database()));
        }
        env.extend(self.extra.iter().cloned());
        env.push(("ORKET_MARK".into(), mark.clone().into()));
        env.push(("ORKET_RUN".into(), world.run.clone().into()));
        env.push(("ORKET_CHECKOUT".into(), world.identity.clone().into()));
        env.push(("ORKET_TASK".into(), prepared.task.address.as_str().into()));
        if let Some(failed) = &how.remedy {
            let log = failed.log.as_ref().map(|log| world.tree.root().join(log)).unwrap_or_default();
            env.push(("ORKET_FAILED_TASK".into(), world.graph.address(failed.task).into()));
            env.push(("ORKET_FAILED_STATUS".into(), failed.status.clone().into()));
            env.push(("ORKET_FAILED_CODE".into(), failed.code.map(|code| code.to_string()).unwrap_or_default().into()));
            env.push(("ORKET_FAILED_LOG".into(), log.into()));
        }
        let inherit = prepared.task.interactive || how.foreground;
        let spawns: Vec<Spawn> = prepared
            .lines
            .iter()
            .zip(std::iter::repeat_n(env, prepared.lines.len()))
            .map(|(line, env)| Spawn {
                program: line.program.clone(),
                arg0: OsString::from(&line.name),
                args: line.words.iter().map(OsString::from).collect(),
                dir: prepared.dir.under(world.tree.root()),
                env,
                stdin: if inherit { Stdin::Inherit } else { Stdin::Null },
                output: if inherit { self.open } else { Capture::Capture },
                apart: self.undeclared.is_some(),
                group: true,
            })
            .collect();
        let scratch = make_scratch(world, &spawns).map_err(|text| (Verdict::Broken, text))?;
        let confine = self.confine(prepared, how, scratch)?;
        let shown = |text: &str| redacted(&prepared.visible.secrets, text);
        let commands = prepared
            .task
            .commands
            .iter()
            .zip(&prepared.lines)
            .map(|(command, line)| match command {
                crate::model::Command::Sh { .. } => shown(line.words.get(1).map_or("", |script| script)),
                crate::model::Command::Run { .. } => std::iter::once(&line.name)
                    .chain(&line.words[line.added..])
                    .map(|word| quoted(&shown(word)))
                    .collect::<Vec<_>>()
                    .join(" "),
            })
            .collect();
        Ok(Request {
            spawns,
            commands,
            limits: Limits { timeout: prepared.task.timeout.or(self.timeout), grace: Duration::from_secs(5), signal: Limits::TERM },
            mark,
            secrets: prepared.visible.secrets.clone(),
            log_file: self.log_path(prepared, how),
            confine,
        })
    }

    fn log_path(&self, prepared: &Prepared, how: &How) -> PathBuf {
        let name = match &how.remedy {
            Some(failed) => format!("{}-{}.log", prepared.target.0, failed.task.0),
            None => format!("{}.log", prepared.target.0),
        };
        self.world.tree.root().join(".orket/logs").join(self.world.room()).join(name)
    }

    /// Fills a text that is shown.
    pub(super) fn fill(&self, prepared: &Prepared, text: &Text) -> String {
        text.fill(|scope, name| match scope {
            Scope::Env => Ok::<_, ()>(
                prepared.visible.variables.get(name).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default(),
            ),
            _ => Ok(open_holes(self.world, &format!("{{{{{}.{name}}}}}", scope.word()))),
        })
        .unwrap_or_default()
    }
}

/// Returns what of the sandbox is told to a service, or to a task that uses one; what its own `env` says comes first.
pub(super) fn told<'a>(
    world: &'a World,
    visible: &'a Visible,
    variables: impl IntoIterator<Item = (&'static str, &'a String)> + 'a,
) -> impl Iterator<Item = (OsString, OsString)> + 'a {
    let missing = variables.into_iter().filter(|(name, _)| !visible.variables.contains_key(*name));
    missing.map(|(name, value)| (name.into(), open_holes(world, value).into()))
}

/// Fills in ports and facts of the run.
pub(super) fn open_holes(world: &World, text: &str) -> String {
    let ports = world.ports.read().expect("no holder panics");
    let decided = world.decided.read().expect("no holder panics");
    let text = decided.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{decision.{name}}}}}"), value));
    let scratch = world.scratch().under(world.tree.root());
    ports
        .iter()
        .fold(text, |text, (name, port)| text.replace(&format!("{{{{port.{name}}}}}"), &port.to_string()))
        .replace("{{run.id}}", &world.run)
        .replace("{{run.scratch}}", &scratch.to_string_lossy())
}

/// Makes the run's scratch folder, if what is about to be started names it; returns whether it does.
pub(super) fn make_scratch<'s>(world: &World, spawns: impl IntoIterator<Item = &'s Spawn>) -> Result<bool, String> {
    let scratch = world.scratch();
    let whole = scratch.under(world.tree.root());
    let finder = memchr::memmem::Finder::new(whole.as_os_str().as_bytes());
    let named = |text: &OsString| finder.find(text.as_bytes()).is_some();
    let asked = spawns.into_iter().any(|spawn| spawn.args.iter().any(named) || spawn.env.iter().any(|(_, value)| named(value)));
    if asked {
        world.tree.make_folder(&scratch).map_err(|error| format!("cannot make the folder `{scratch}`: {error}"))?;
    }
    Ok(asked)
}

/// Returns a word as a shell would have to be given it.
pub(super) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

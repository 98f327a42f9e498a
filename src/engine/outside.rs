//! What gates ask beside the tree, for real: the history, commands, and what tasks printed.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{RecvTimeoutError, bounded};

use super::{ChurnError, ChurnWanted, Engine, SymbolsWanted, churn, sources_and_links, state_folder};
use crate::base::{RelPath, TargetId, quantity};
use crate::churn::Report;
use crate::disk::{Signature, Sources};
use crate::event::Outcome;
use crate::gates::{Outside, Printed, Unjudged, folder_of};
use crate::graph::{TargetKind, flag, meant};
use crate::model::Gate;
use crate::plan::Plan;
use crate::process::{self, Cancel, Ended, Limits, Output, OutputSink, Sign, Spawn, Stdin, find_program, meets};
use crate::rebuild::{self, Mode, World};
use crate::report::chars::clean;
use crate::run::{Choices, look};
use crate::vcs::{Earlier, VcsError, earlier};

/// How long a command of a claim may take unless its gate says so, and a filter.
const WITHIN: Duration = Duration::from_secs(30 * 60);

/// How often it is looked whether work goes on for nobody.
const GLANCE: Duration = Duration::from_millis(50);

/// The most that a command of a claim may print, in bytes.
const MOST: usize = 64 << 20;

/// The most that a filter may write, in bytes: a file that is looked into has at most half of that.
const MOST_FILTERED: usize = 2 * MOST;

/// Tells a command of a gate, and what it starts, which gates it is run for: a line each, with the checkout.
const GATE: &str = "ORKET_GATE";

/// How many commands were started, so that each has a mark of its own.
static STARTED: AtomicUsize = AtomicUsize::new(0);

/// The status with which a shell says that a program is missing.
const MISSING: i32 = 127;

pub(super) struct Surroundings<'a> {
    pub engine: &'a Engine,
    /// The run that the gate is part of, if it is part of one.
    pub world: Option<&'a World>,
    /// Ends what runs, where somebody can.
    pub cancel: Option<&'a Cancel>,
}

/// What a program prints.
#[derive(Default)]
struct Heard {
    output: Vec<u8>,
    /// Standard error, where that is told apart.
    errors: Vec<u8>,
    /// How much is kept of each, in bytes.
    most: usize,
    /// Whether there was more.
    more: bool,
    /// What it may meet.
    sign: Option<Sign>,
}

impl Heard {
    /// Whether the program was about to let orket judge the gate that it was run for.
    fn is_recursive(&self) -> bool {
        self.sign.as_ref().is_some_and(Sign::was_met)
    }
}

impl OutputSink for Heard {
    fn bytes(&mut self, bytes: &[u8]) {
        self.more |= keep(&mut self.output, bytes, self.most);
    }

    fn errors(&mut self, bytes: &[u8]) {
        self.more |= keep(&mut self.errors, bytes, self.most);
    }

    fn started(&mut self, pid: u32) {
        self.sign.iter().for_each(|sign| sign.is_for(pid));
    }

    fn is_full(&self) -> bool {
        self.more
    }
}

/// Returns what work comes to that nothing can stop; `None` where the switch is thrown first. The work is then left alone: orket is about to end,
/// and what it started ends with it.
pub(super) fn unless_stopped<T: Send + 'static>(cancel: Option<&Cancel>, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    let Some(cancel) = cancel else { return Some(work()) };
    let (send, receive) = bounded(1);
    let worker = thread::spawn(move || send.send(work()));
    while !cancel.stopped() {
        match receive.recv_timeout(GLANCE) {
            Ok(value) => return Some(value),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => match worker.join() {
                Ok(_) => return None,
                Err(panic) => resume_unwind(panic),
            },
        }
    }
    None
}

/// Keeps what there is room for; whether that is not all.
fn keep(kept: &mut Vec<u8>, bytes: &[u8], most: usize) -> bool {
    let fits = bytes.len().min(most - kept.len());
    kept.extend_from_slice(&bytes[..fits]);
    fits < bytes.len()
}

impl Outside for Surroundings<'_> {
    fn files(&self) -> io::Result<Sources> {
        sources_and_links(&self.engine.tree, true)
    }

    fn churn(&self, gate: &Gate, scope: Option<&str>, since: Option<i64>, symbols: Option<u64>, today: &str) -> Result<Report, Unjudged> {
        let wanted = ChurnWanted {
            folder: folder_of(gate).under(&self.engine.root),
            scope: Some(PathBuf::from(scope.unwrap_or("."))),
            since: since.map(|seconds| jiff::Timestamp::now().as_second().saturating_sub(seconds)),
            renames: true,
            sure: true,
            symbols: symbols.map_or(SymbolsWanted::Cheap, SymbolsWanted::Above),
            project: Some(self.engine.name.clone()),
            made: today.to_owned(),
        };
        let stopped = || Unjudged::broken(String::from("it was told to stop"));
        unless_stopped(self.cancel, move || churn(&wanted)).ok_or_else(stopped)?.map_err(|error| match error {
            ChurnError::NoScope(_) | ChurnError::Moved(_) => {
                Unjudged::empty(error.to_string().lines().next().unwrap_or_default().to_owned())
            }
            ChurnError::Vcs(_) => Unjudged::broken(error.to_string().replace('\n', "; ")),
        })
    }

    fn earlier(&self, path: &RelPath, since: Option<&str>) -> Result<Earlier, Unjudged> {
        match earlier(&self.engine.root, path, since) {
            Ok(earlier) => Ok(earlier),
            Err(VcsError::NoRepository(_) | VcsError::NoGit) if since.is_none() => Ok(Earlier::default()),
            Err(error) => Err(Unjudged::broken(error.to_string().replace('\n', "; "))),
        }
    }

    fn run(&self, gate: &Gate, line: &str, within: Option<Duration>) -> Result<Printed, Unjudged> {
        let broken = |why: String| Unjudged::broken(format!("it cannot run: {why}"));
        let spawn = self.spawn(gate, line).map_err(broken)?;
        let (ended, heard) = self.wait(gate, &spawn, MOST, within.unwrap_or(WITHIN))?;
        let text = clean(&heard.output, false);
        let code = match ended {
            Ended::Exit(MISSING) => return Err(broken(text.lines().last().unwrap_or("a program is missing").to_owned())),
            Ended::Exit(code) => Some(code),
            Ended::Left(_) => return Err(broken(ended.to_string())),
            _ => None,
        };
        Ok(Printed { code, status: ended.to_string(), text, recursive: heard.is_recursive() })
    }

    fn program(&self, gate: &Gate, name: &str) -> Result<(PathBuf, Signature), Unjudged> {
        let visible = self.engine.environment.visible(&gate.env, &self.engine.tree).map_err(Unjudged::broken)?;
        let path = visible.variables.get("PATH").map(Vec::as_slice).unwrap_or_default();
        let folder = folder_of(gate).under(&self.engine.root);
        let program =
            find_program(OsStr::new(name), OsStr::from_bytes(path), &folder).map_err(|error| Unjudged::broken(error.to_string()))?;
        let stamp =
            rustix::fs::stat(&program).map_err(|error| Unjudged::broken(format!("cannot look at `{}`: {error}", program.display())))?;
        Ok((program, stamp.into()))
    }

    fn filter(&self, gate: &Gate, program: &Path, words: &[String], bytes: &[u8]) -> Result<Vec<u8>, Unjudged> {
        let name = program.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let broken = |why: String| Unjudged::broken(format!("`{name}` cannot run: {why}"));
        let failed = |error: std::io::Error| broken(error.to_string());
        let mut text = tempfile::NamedTempFile::new().map_err(failed)?;
        text.write_all(bytes).map_err(failed)?;
        // The shell only puts the text where the program reads.
        let shell = self.spawn(gate, "text=$1; shift; exec \"$@\" <\"$text\"").map_err(broken)?;
        let given = [OsString::from("sh"), text.path().into(), program.into()];
        let args = shell.args.into_iter().chain(given).chain(words.iter().map(OsString::from)).collect();
        let spawn = Spawn { args, apart: true, ..shell };
        let (ended, heard) = self.wait(gate, &spawn, MOST_FILTERED, WITHIN)?;
        if heard.is_recursive() {
            return Err(Unjudged::broken(format!("`{name}` lets orket judge the gate that it is a part of")));
        }
        if ended == Ended::Exit(0) {
            // A program that mends the file where it stands prints nothing, and that is not what the file should be.
            if heard.output.is_empty() && !bytes.trim_ascii().is_empty() {
                let why = "has written nothing: a filter reads the file from standard input and writes all of it to standard output";
                return Err(Unjudged::broken(format!("`{name}` {why}")));
            }
            return Ok(heard.output);
        }
        let said = clean(&heard.errors, false);
        let said = said.lines().find(|line| !line.trim().is_empty()).map_or(String::new(), |line| format!(": {}", line.trim()));
        Err(Unjudged::broken(format!("`{name}` ended with {ended}{said}")))
    }

    fn log_of(&self, gate: &Gate, task: &str) -> Result<Printed, Unjudged> {
        let graph = &self.engine.graph;
        let named = gate.needs.iter().find(|need| *need.text == *task);
        let targets = named.map_or_else(|| graph.find(task).into_iter().collect(), |need| meant(graph, need));
        if targets.is_empty() {
            return Err(Unjudged::broken(format!("there is no task `{task}`")));
        }
        let printed = |world: &World| {
            let mut text = String::new();
            for target in &targets {
                text += &clean(&whole_log(world, *target, graph.address(*target))?, false);
            }
            Ok(Printed { code: Some(0), status: String::from("exit status 0"), text, recursive: false })
        };
        if let Some(world) = self.world {
            return printed(world);
        }
        let world = self.engine.world(String::from("look"), false).map_err(|error| Unjudged::broken(error.to_string()))?;
        let log = printed(&world)?;
        // A gate that it needs stands before this one and may be judged here; of what is needed by nobody that is not known.
        let Some(target) = targets.iter().copied().find(|target| !self.is_fresh(&world, *target, named.is_some())) else {
            return Ok(log);
        };
        let address = graph.address(target);
        if graph.has(target, flag::ALWAYS) {
            let gate = &gate.address;
            return Err(Unjudged::broken(format!("the task `{address}` runs each time, and only a build says how: orket build {gate}")));
        }
        Err(Unjudged::broken(format!("the task `{address}` has not passed with what is there now; build it: orket build {address}")))
    }
}

impl Engine {
    /// Returns what a target printed when it last succeeded, without control characters; empty where it has not, or that is not in the store.
    pub fn printed(&self, address: &str) -> String {
        let target = self.graph.find(address);
        let world = target.and_then(|_| self.world(String::from("look"), false).ok());
        let log = world.zip(target).and_then(|(world, target)| whole_log(&world, target, address).ok());
        log.map(|log| clean(&log, false)).unwrap_or_default()
    }
}

impl Surroundings<'_> {
    /// Returns for which gates the command is run that orket was started by, if it was.
    fn judging(&self) -> Vec<String> {
        let lines =
            self.engine.environment.variables.get(GATE).map(|lines| String::from_utf8_lossy(lines).into_owned()).unwrap_or_default();
        lines.lines().map(str::to_owned).collect()
    }

    fn own_line(&self, gate: &Gate) -> String {
        // By it a checkout is known: what is run must not be the first to make it.
        let _ = state_folder(&self.engine.root);
        format!("{} {} {}", self.engine.identity(), self.engine.manifest, gate.address)
    }

    /// Runs a command to its end; returns how it ended, and what it printed, which is at most so many bytes.
    fn wait(&self, gate: &Gate, spawn: &Spawn, most: usize, within: Duration) -> Result<(Ended, Heard), Unjudged> {
        let broken = |why: String| Unjudged::broken(format!("it cannot run: {why}"));
        let own = self.own_line(gate);
        if meets(&own) || self.judging().contains(&own) {
            return Err(broken(String::from("orket was started by a command of this very gate")));
        }
        let sign = Some(Sign::raise(&own).map_err(|error| broken(error.to_string()))?);
        let cancel = self.cancel.cloned().map_or_else(Cancel::new, Ok).map_err(|error| broken(error.to_string()))?;
        let limits = Limits { timeout: Some(within), grace: Duration::from_secs(5), signal: Limits::TERM };
        let mut heard = Heard { most, sign, ..Heard::default() };
        match process::run(spawn, &limits, &cancel, &mut heard).map_err(|error| broken(error.to_string()))? {
            _ if heard.more => Err(broken(format!("it prints more than {} MiB", most >> 20))),
            Ended::Cancelled => Err(Unjudged::broken("it was interrupted")),
            Ended::TimedOut(within) => Err(Unjudged::broken(format!("it took longer than {}", quantity::show_duration(within)))),
            ended => Ok((ended, heard)),
        }
    }

    fn spawn(&self, gate: &Gate, line: &str) -> Result<Spawn, String> {
        let visible = self.engine.environment.visible(&gate.env, &self.engine.tree)?;
        let path = visible.variables.get("PATH").map(Vec::as_slice).unwrap_or_default();
        let program = find_program(OsStr::new("/bin/sh"), OsStr::from_bytes(path), &self.engine.root).map_err(|error| error.to_string())?;
        let judging = self.judging().into_iter().chain([self.own_line(gate)]).collect::<Vec<_>>().join("\n");
        let mark = format!("gate-{}-{}", std::process::id(), STARTED.fetch_add(1, Ordering::Relaxed));
        let env = visible.variables.iter().map(|(name, value)| (OsString::from(name), OsString::from_vec(value.clone())));
        Ok(Spawn {
            program,
            arg0: "sh".into(),
            args: vec!["-c".into(), line.into()],
            dir: folder_of(gate).under(&self.engine.root),
            env: env.chain([("ORKET_MARK".into(), mark.into()), (GATE.into(), judging.into())]).collect(),
            stdin: Stdin::Null,
            output: Output::Capture,
            apart: false,
            group: true,
        })
    }

    fn is_fresh(&self, world: &World, target: TargetId, judging: bool) -> bool {
        let graph = &self.engine.graph;
        let facts = self.engine.facts();
        let Ok(choices) = Choices::new(graph, &facts, &[], &self.engine.package) else { return false };
        let plan = Plan::without(graph, &[target], false, &|id| choices.is_given(id));
        let mut inspector = self.engine.inspector(false);
        (inspector.judging, inspector.cancel) = (judging, self.cancel.cloned());
        let seen = look(world, &plan, Mode::default(), &choices, &inspector);
        // Of what gathers, all that it gathers tells.
        let is_judged = matches!(graph.kind(target), TargetKind::Task | TargetKind::Gate);
        let mut told = seen.iter().filter(|seen| !is_judged || seen.task == target).peekable();
        told.peek().is_some() && told.all(|seen| seen.outcome == Outcome::Fresh)
    }
}

/// Returns all that a task printed when it last succeeded.
fn whole_log(world: &World, target: TargetId, address: &str) -> Result<Vec<u8>, Unjudged> {
    let Some(log) = rebuild::log_of(world, target) else { return Ok(Vec::new()) };
    match rebuild::end_of(world, &log, MOST + 1) {
        Some(bytes) if bytes.len() > MOST => Err(Unjudged::broken(format!("`{address}` prints more than {} MiB", MOST >> 20))),
        Some(bytes) => Ok(bytes),
        None => {
            Err(Unjudged::broken(format!("what `{address}` printed is not in the store any more; build it again: orket build {address}")))
        }
    }
}

//! One task run for real: way cleared, commands attempted, outputs captured, result remembered.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::choices::Choices;
use super::gates::Gates;
use super::request::{How, make_scratch};
use super::undeclared::Undeclared;
use crate::action::{self, ActionResult, Content, Output, OutputKind};
use crate::base::glob::{self, Glob};
use crate::base::{Digest, RelPath};
use crate::decisions::{Answer, Asking, Attempted, Routed, Seam, Seat, StrategyError, Verdict as Meant};
use crate::disk::PatternSet;
use crate::executor::{Attempt, Executor, Request};
use crate::graph::flag;
use crate::process::{Cancel, Ended, redacted};
use crate::rebuild::{self, Links, Mode, Own, Prepared, Stamps, World, Yield};

const INTERRUPT: i32 = 2;

/// How many files that a task has left behind are named.
const NAMED: usize = 20;

/// Asks the person at the terminal; see [`Refused`].
pub trait Asker: Send + Sync {
    /// Returns the answer to `question`; gives up when `cancel` is thrown.
    ///
    /// # Errors
    /// When there is nobody to ask.
    fn ask(&self, question: &str, cancel: &Cancel) -> Result<bool, Refused>;

    /// Whether there is somebody.
    fn is_there(&self) -> bool;
}

/// There is nobody to ask.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refused;

/// How a task ended for good.
pub(super) struct Ran {
    pub verdict: Verdict,
    pub attempts: u32,
    pub duration: Duration,
    pub status: Option<String>,
    pub code: Option<i32>,
    /// What a shell would say of it.
    pub shell_code: Option<i32>,
    pub output: Vec<u8>,
    pub output_size: u64,
    pub log: Option<String>,
    pub command: Option<String>,
    pub withheld: Vec<String>,
    pub flaky: bool,
    pub notices: Vec<String>,
    /// What stood in the place of its outputs, and where it was moved.
    pub displaced: Vec<(RelPath, RelPath)>,
    /// Whether its failure calls for its remedy.
    pub remedy: bool,
}

/// The last attempt, how many there were, and how long all of them took.
struct Tried {
    attempt: Attempt,
    attempts: u32,
    duration: Duration,
    /// What the evaluator says that it means.
    meant: Meant,
}

/// An attempt that has passed.
struct Success<'a> {
    attempt: &'a Attempt,
    /// Of all attempts.
    duration: Duration,
    /// What its inputs had before.
    stamps: &'a Stamps,
}

pub(super) enum Verdict {
    Succeeded {
        yielded: Yield,
        unchanged: bool,
    },
    Failed,
    Cancelled,
    /// The person said no.
    Declined,
    Refused,
    /// Orket or its surroundings failed.
    Broken,
}

impl Ran {
    fn new(verdict: Verdict) -> Ran {
        Ran {
            verdict,
            attempts: 0,
            duration: Duration::ZERO,
            status: None,
            code: None,
            shell_code: None,
            output: Vec::new(),
            output_size: 0,
            log: None,
            command: None,
            withheld: Vec::new(),
            flaky: false,
            notices: Vec::new(),
            displaced: Vec::new(),
            remedy: true,
        }
    }

    pub(super) fn stopped(verdict: Verdict, status: impl Into<String>) -> Ran {
        Ran { status: Some(status.into()), ..Ran::new(verdict) }
    }
}

/// What running a task needs beside the world.
pub(super) struct Bench<'a> {
    pub world: &'a World,
    pub executor: &'a dyn Executor,
    pub mode: Mode,
    pub timeout: Option<Duration>,
    /// What takes less than this is not stored.
    pub cheaper_than: Duration,
    /// Whether somebody has said already that there is no remote.
    pub routed: AtomicBool,
    /// Added to every task's environment: the jobserver.
    pub extra: &'a [(OsString, OsString)],
    pub asker: &'a dyn Asker,
    pub choices: &'a Choices<'a>,
    pub gates: &'a dyn Gates,
    /// What tasks leave behind; `None` where the evaluator asks neither for that nor for standard error by itself.
    pub undeclared: Option<Undeclared>,
}

impl Bench<'_> {
    pub(super) fn run(&self, mut prepared: Box<Prepared>, links: &Links, how: &How, retrying: &dyn Fn(u32, Duration, String)) -> Ran {
        let world = self.world;
        if how.cancel.stopped() {
            return Ran::new(Verdict::Cancelled);
        }
        if let Some(question) = &prepared.task.confirm {
            let question = redacted(&prepared.visible.secrets, &self.fill(&prepared, question));
            match self.answer(&prepared, &question, how) {
                _ if how.cancel.stopped() => return Ran::new(Verdict::Cancelled),
                Ok(Answer::Yes) => {}
                Ok(Answer::No) => return Ran::stopped(Verdict::Declined, "answered no"),
                Ok(_) => return Ran::stopped(Verdict::Refused, "it asks before it runs, and there is nobody to ask"),
                Err(error) => return Ran::stopped(Verdict::Broken, error.to_string()),
            }
        }
        let key = world.graph.row(prepared.target).key;
        let own = Own::of(world, key);
        let keep = |_: &RelPath| prepared.task.incremental;
        let mut displaced = Vec::new();
        if !prepared.task.interactive || !prepared.outputs.is_empty() {
            match rebuild::clear_outputs(world, &prepared.outputs, &prepared.excluded, &keep, &own) {
                Ok(moved) => displaced = moved,
                Err(text) => return Ran::stopped(Verdict::Failed, text),
            }
        }
        // An incremental task starts with what is there; what of that is not its own does not become so.
        let found = match prepared.task.incremental {
            true => rebuild::foreign(world, &prepared.outputs, &prepared.excluded, &own).unwrap_or_default(),
            false => Vec::new(),
        };
        if let Err(error) = self.make_way(&prepared) {
            // What stands in the way is a matter of the project, all else one of the disk.
            let verdict = match error.kind() {
                ErrorKind::PermissionDenied | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => Verdict::Failed,
                _ => Verdict::Broken,
            };
            return Ran { displaced, ..Ran::stopped(verdict, error.to_string()) };
        }
        if let Some((path, text)) = &prepared.action.response
            && let Err(error) = world.tree.write(&RelPath::from_normal(path.as_bytes()), text.as_bytes())
        {
            return Ran { displaced, ..Ran::stopped(Verdict::Broken, format!("cannot write the response file `{path}`: {error}")) };
        }
        let request = self.request(&prepared, how);
        if let Err(text) = make_scratch(world, &request.spawns) {
            return Ran { displaced, ..Ran::stopped(Verdict::Broken, text) };
        }
        let routed = match self.route(&prepared, how) {
            Ok(notice) => notice,
            Err(error) => return Ran { displaced, ..Ran::stopped(Verdict::Broken, error.to_string()) },
        };
        let stamps = Stamps::of(world, &prepared);
        let Tried { attempt, attempts, duration, meant } = match self.attempt(&prepared, &request, how, retrying) {
            Ok(tried) => tried,
            Err(error) => return Ran { displaced, ..Ran::stopped(Verdict::Broken, error.to_string()) },
        };
        let mut ran =
            Ran { displaced, attempts, duration, flaky: attempts > 1 && meant == Meant::Success, ..self.told(&request, &attempt) };
        ran.notices.extend(routed);
        ran.verdict = match (&attempt.error, &attempt.ended, meant) {
            (Some(_), ..) => Verdict::Failed,
            (None, Ended::Cancelled, _) => Verdict::Cancelled,
            (None, _, Meant::Failure { because, remedy }) => {
                ran.status = because.or(ran.status);
                ran.remedy = remedy;
                Verdict::Failed
            }
            _ if self.mode.verify
                && rebuild::verifiable(world, &prepared)
                && let Err(text) = self.verify(&prepared, &request, how) =>
            {
                ran.status = Some(text);
                Verdict::Failed
            }
            _ => {
                // What a remedy puts out belongs to one failure.
                let store = !self.mode.no_store
                    && duration >= self.cheaper_than
                    && how.remedy.is_none()
                    && !ran.flaky
                    && !world.graph.has(prepared.target, flag::UNCACHED)
                    && !world.graph.has(prepared.target, flag::ALWAYS);
                let success = Success { attempt: &attempt, duration, stamps: &stamps };
                match self.keep(&mut prepared, links, &success, store, &mut ran.notices) {
                    Ok((yielded, unchanged)) => Verdict::Succeeded { yielded, unchanged },
                    Err(text) => {
                        ran.status = Some(text);
                        Verdict::Failed
                    }
                }
            }
        };
        if !matches!(ran.verdict, Verdict::Succeeded { .. }) {
            self.note_unfinished(&prepared, matches!(ran.verdict, Verdict::Failed), &found);
            ran.withheld = self.withheld(&prepared, &ran.output);
        }
        ran
    }

    /// Remembers which outputs a task is about to make, and makes the folders that they stand in.
    pub(super) fn make_way(&self, prepared: &Prepared) -> io::Result<()> {
        let world = self.world;
        let names: Vec<_> = prepared.outputs.iter().filter_map(|text| glob::plain(text)).collect();
        let intends: Vec<RelPath> = names.iter().filter_map(|name| RelPath::parse(&**name).ok()).collect();
        if !intends.is_empty() || world.graph.has(prepared.target, flag::OPEN_OUTPUTS) {
            // A journal that cannot be written costs a later run a moved file at worst.
            let key = world.graph.row(prepared.target).key;
            let _ = world.checkout.lock().expect("no holder panics").intend(key, world.manifest, &intends);
        }
        let make = |folder: &RelPath| {
            let told = |error: io::Error| io::Error::new(error.kind(), format!("cannot make the folder `{folder}`: {error}"));
            world.tree.make_folder(folder).map_err(told)
        };
        for path in &intends {
            let whole = names.iter().any(|name| name.strip_suffix('/').is_some_and(|name| name.as_bytes() == path.as_bytes()));
            let folder = if whole { Some(path.clone()) } else { path.parent() };
            if let Some(folder) = folder {
                make(&folder)?;
            }
        }
        let patterns = prepared.outputs.iter().filter(|text| glob::plain(text).is_none());
        for base in patterns.filter_map(|text| Glob::new(text).ok()).map(|glob| glob.base().clone()) {
            make(&base)?;
        }
        Ok(())
    }

    /// Answers what a task asks before it runs.
    fn answer(&self, prepared: &Prepared, question: &str, how: &How) -> Result<Answer, StrategyError> {
        let task = prepared.task.address.as_str().to_owned();
        let asking = Asking { task, question: question.to_owned(), terminal: self.asker.is_there() };
        Ok(match self.world.seams.ask(&asking)? {
            Answer::Ask => match self.asker.ask(question, &how.cancel) {
                Ok(true) => Answer::Yes,
                Ok(false) => Answer::No,
                Err(Refused) => Answer::Refuse,
            },
            answer => answer,
        })
    }

    /// Asks where a task runs; returns what has to be said, once in a run, since there is one seat only.
    fn route(&self, prepared: &Prepared, how: &How) -> Result<Option<String>, StrategyError> {
        let world = self.world;
        let remote = world.environment.get("ORKET_REMOTE").is_some_and(|remote| !remote.is_empty());
        let bound = prepared.task.interactive || how.foreground || world.graph.has(prepared.target, flag::UNCACHED);
        let seat = world.seams.ask(&Routed { task: prepared.task.address.as_str().to_owned(), remote, bound })?;
        if seat == Seat::Local || self.routed.swap(true, Ordering::Relaxed) {
            return Ok(None);
        }
        let strategy = &world.seams.choice(Seam::Router).strategy;
        let why = if remote { "this version of orket knows no remote" } else { "there is no remote (ORKET_REMOTE is not set)" };
        Ok(Some(format!("the router `{strategy}` wants a remote, and {why}: tasks run here")))
    }

    /// Runs a task's commands until the evaluator says what has come of it.
    fn attempt(
        &self,
        prepared: &Prepared,
        request: &Request,
        how: &How,
        retrying: &dyn Fn(u32, Duration, String),
    ) -> Result<Tried, StrategyError> {
        let (mut attempts, mut duration) = (0, Duration::ZERO);
        loop {
            attempts += 1;
            let looked = self.undeclared.as_ref().map_or(Ok(()), |undeclared| undeclared.begin(self.world));
            let attempt = self.executor.execute(request, &how.cancel);
            duration += attempt.duration;
            let left = || self.undeclared.as_ref().map(|undeclared| undeclared.left_by(self.world, prepared)).transpose();
            let undeclared = looked.and_then(|()| left());
            let mut meant = Meant::Failure { because: None, remedy: true };
            if let Err(error) = &undeclared {
                meant = Meant::Failure { because: Some(format!("cannot look at what it left in the checkout: {error}")), remedy: true };
            } else if attempt.error.is_none() && attempt.ended != Ended::Cancelled {
                meant = self.world.seams.ask(&Attempted {
                    task: prepared.task.address.as_str().to_owned(),
                    attempt: attempts,
                    code: attempt.ended.code(),
                    status: attempt.ended.to_string(),
                    timed_out: matches!(attempt.ended, Ended::TimedOut(_)),
                    printed: attempt.log.size(),
                    errors: attempt.errors,
                    undeclared: undeclared.ok().flatten().map(|files| files.iter().take(NAMED).map(ToString::to_string).collect()),
                    retries: prepared.task.retries,
                    backoff_ms: prepared.task.backoff.as_millis() as u64,
                    duration_ms: attempt.duration.as_millis() as u64,
                })?;
            }
            if let Meant::Retry { wait_ms } = meant {
                let wait = Duration::from_millis(wait_ms);
                retrying(attempts, wait, attempt.ended.to_string());
                if how.cancel.wait(wait) {
                    continue;
                }
                meant = Meant::Failure { because: None, remedy: true };
            }
            return Ok(Tried { attempt, attempts, duration, meant });
        }
    }

    /// Remembers that a task has failed or was cancelled, and which files it left behind: what was so when it last succeeded is not so any
    /// more, also where it puts nothing out. `found`: files in the place of its outputs that were there before.
    fn note_unfinished(&self, prepared: &Prepared, failed: bool, found: &[RelPath]) {
        let world = self.world;
        let key = world.graph.row(prepared.target).key;
        let made = rebuild::foreign(world, &prepared.outputs, &prepared.excluded, &Own::default());
        let mut checkout = world.checkout.lock().expect("no holder panics");
        // A memory that cannot be written costs a later run some work, or a file that is moved aside.
        let _ = match made {
            Ok(mut made) => {
                made.retain(|path| found.binary_search(path).is_err());
                match failed {
                    true => checkout.failed(key, action::digest(&prepared.action), made),
                    false => checkout.intend(key, world.manifest, &made),
                }
            }
            Err(_) => {
                checkout.forget(key);
                Ok(())
            }
        };
    }

    /// Runs a service in the foreground, until it ends or is ended.
    pub(super) fn serve(&self, request: &Request, cancel: &Cancel) -> Ran {
        let attempt = self.executor.execute(request, cancel);
        let verdict = match (&attempt.error, &attempt.ended) {
            (None, Ended::Cancelled) => Verdict::Cancelled,
            // Ctrl-C at the terminal is how a person ends it.
            (None, ended) if ended.success() || *ended == Ended::Signal(INTERRUPT) => Verdict::Succeeded {
                yielded: Yield { digest: Digest::of(b""), outputs: Default::default(), executed: true },
                unchanged: false,
            },
            _ => Verdict::Failed,
        };
        Ran {
            attempts: 1,
            duration: attempt.duration,
            code: attempt.ended.code(),
            shell_code: attempt.ended.shell_code(),
            command: request.commands.first().cloned(),
            ..Ran::stopped(verdict, redacted(&request.secrets, &attempt.error.unwrap_or_else(|| attempt.ended.to_string())))
        }
    }

    fn told(&self, request: &Request, attempt: &Attempt) -> Ran {
        let mut ran = Ran::new(Verdict::Failed);
        ran.output = attempt.log.tail().to_vec();
        ran.output_size = attempt.log.size();
        ran.log = attempt
            .log
            .file()
            .and_then(|path| path.strip_prefix(self.world.tree.root()).ok().map(|path| path.to_string_lossy().into_owned()));
        ran.code = attempt.ended.code();
        ran.shell_code = attempt.ended.shell_code();
        let status = attempt.error.clone().unwrap_or_else(|| attempt.ended.to_string());
        ran.status = Some(redacted(&request.secrets, &status));
        ran.command = request.commands.get(attempt.command).cloned();
        ran
    }

    /// Captures the outputs of a success. What changed under the task while it ran is used and not stored.
    fn keep(
        &self,
        prepared: &mut Prepared,
        links: &Links,
        success: &Success,
        store: bool,
        notices: &mut Vec<String>,
    ) -> Result<(Yield, bool), String> {
        let world = self.world;
        let Success { attempt, duration, stamps } = success;
        let other = |path: &RelPath, content: &Content| world.content(path, true).map_or(true, |now| now != *content);
        let changed = prepared.action.inputs.iter().filter(|(path, content)| other(path, content)).map(|(path, _)| path);
        // Also what is as it was again: nobody knows what the commands have read.
        let moved: BTreeSet<String> = changed.chain(stamps.touched(world)).map(|path| format!("`{path}`")).collect();
        let moved = Vec::from_iter(moved);
        if !moved.is_empty() {
            notices.push(format!("{} changed while it ran; its result is not stored", moved.join(", ")));
        }
        let store = store && moved.is_empty();
        let imported = prepared.task.imported.as_deref();
        let (outputs, whole, trouble) = match imported {
            Some(_) => rebuild::capture_loosely(world, prepared, store).map(|loose| (loose.outputs, loose.whole, loose.trouble)),
            None => {
                rebuild::capture(world, &prepared.outputs, &prepared.excluded, store).map(|(outputs, trouble)| (outputs, true, trouble))
            }
        }
        .map_err(|error| error.to_string())?;
        if imported.is_none() {
            notices.extend(unfilled(&prepared.outputs, &outputs));
        }
        let store = store && whole;
        let mut discovered = Vec::new();
        if let Some(depfile) = &prepared.action.depfile {
            let path = RelPath::parse(depfile).map_err(|error| format!("the depfile `{depfile}`: {error}"))?;
            let text = match world.tree.read(&path) {
                Err(error) if imported.is_some() && error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
                read => read.map_err(|error| format!("the depfile `{path}` was not made: {error}"))?,
            };
            let made = |path: &RelPath| outputs.binary_search_by(|output| output.path.cmp(path)).is_ok();
            for name in rebuild::parse_depfile(&text).map_err(|error| format!("the depfile `{path}` is wrong: {error}"))? {
                if let Some(found) = self.in_project(prepared, &name)
                    && !made(&found)
                {
                    discovered.push(found);
                }
            }
            discovered.sort();
            discovered.dedup();
            if imported.is_some_and(|imported| imported.depfile_spent) {
                world.tree.remove(&path).map_err(|error| format!("cannot remove the depfile `{path}`: {error}"))?;
            }
        }
        if let Some((path, _)) = &prepared.action.response {
            // One that stays is in nobody's way.
            let _ = world.tree.remove(&RelPath::from_normal(path.as_bytes()));
        }
        let mut log: Option<Digest> = None;
        if store && attempt.log.size() > 0 {
            log = attempt.log.whole().ok().and_then(|bytes| world.blobs.put_bytes(&bytes).ok());
        }
        if let Some(error) = &trouble {
            notices.push(format!("its result is not stored: {error}"));
        }
        let is = |bit: u32| world.graph.has(prepared.target, bit);
        // What a decision will ask for has to be known as long as the rest is.
        let unheard = log.is_none() && attempt.log.size() > 0 && is(flag::HEARD) && !is(flag::ALWAYS);
        let result = ActionResult { outputs, log, duration_ms: duration.as_millis() as u64, discovered };
        if !moved.is_empty() || unheard {
            // Not remembered either: the next run judges it anew.
            world.checkout.lock().expect("no holder panics").forget(world.graph.row(prepared.target).key);
            return Ok((rebuild::yielded(&result.outputs, true), false));
        }
        match rebuild::put_record(world, prepared, links, &result, store && trouble.is_none()) {
            Ok(kept) => Ok(kept),
            Err(error) => {
                notices.push(format!("its result is not stored: {error}"));
                rebuild::put_record(world, prepared, links, &result, false)
            }
        }
    }

    /// Returns the place of a name from a depfile; compilers name their own headers, which stand outside of the project.
    fn in_project(&self, prepared: &Prepared, name: &[u8]) -> Option<RelPath> {
        RelPath::anywhere(self.world.tree.root(), &prepared.dir, name).ok()
    }

    fn withheld(&self, prepared: &Prepared, output: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(output);
        let words: std::collections::BTreeSet<&str> =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.len() > 2).collect();
        let hidden = |name: &str| self.world.environment.variables.contains_key(name) && !prepared.visible.variables.contains_key(name);
        words.into_iter().filter(|word| hidden(word)).map(str::to_owned).collect()
    }
}

/// Says of which declared outputs nothing has come: orket makes folders itself, and a pattern means whatever there is.
fn unfilled<'a>(declared: &'a [String], outputs: &'a [Output]) -> impl Iterator<Item = String> + 'a {
    let filled = |text: &String| match glob::plain(text) {
        Some(name) => {
            let folder = name.trim_end_matches('/').as_bytes();
            let inside = |path: &[u8]| path.len() > folder.len() && path.starts_with(folder) && path[folder.len()] == b'/';
            let is_folder = |output: &Output| output.kind == OutputKind::Folder && output.path.as_bytes() == folder;
            !outputs.iter().any(is_folder) || outputs.iter().any(|output| inside(output.path.as_bytes()))
        }
        None => PatternSet::new(std::slice::from_ref(text), &[]).map_or(true, |set| outputs.iter().any(|output| set.matches(&output.path))),
    };
    let empty = declared.iter().filter(move |text| !filled(text));
    empty.map(|text| format!("it made nothing that is meant by its output `{text}`"))
}

/// Says what a run has moved out of the way, in one sentence; `None` if that is nothing.
pub(super) fn moved_aside(displaced: &[(RelPath, RelPath)], run: &str) -> Option<String> {
    let names = |shown: &[(RelPath, RelPath)]| shown.iter().map(|(from, _)| format!("`{from}`")).collect::<Vec<_>>().join(", ");
    Some(match displaced {
        [] => return None,
        [(from, to)] => format!("`{from}` was in the place of an output; it was moved to `{to}`"),
        [first @ .., _] if displaced.len() > 4 => {
            let (count, named) = (displaced.len(), names(&first[..3]));
            format!(
                "{count} files were in the place of outputs; they were moved to `.orket/displaced/{run}/`: {named} and {} more",
                count - 3
            )
        }
        all => format!("{} files were in the place of outputs; they were moved to `.orket/displaced/{run}/`: {}", all.len(), names(all)),
    })
}

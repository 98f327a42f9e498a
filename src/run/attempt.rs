//! One task run for real: way cleared, commands attempted, outputs captured, result remembered.

use std::io::ErrorKind;
use std::sync::atomic::Ordering;
use std::time::Duration;

use super::bench::{Bench, Refused};
use super::confine::lost;
use super::keep::Success;
use super::ran::{Ran, Verdict};
use super::request::How;
use crate::base::{Digest, RelPath};
use crate::decisions::{Answer, Asking, Attempted, Routed, Seam, Seat, StrategyError, Verdict as Meant};
use crate::executor::{Attempt, Request};
use crate::graph::flag;
use crate::process::{Cancel, Ended, redacted};
use crate::rebuild::{self, Links, Own, Prepared, Stamps, Yield};

const INTERRUPT: i32 = 2;

/// How many files that a task has left behind are named.
const NAMED: usize = 20;

/// The last attempt, how many there were, and how long all of them took.
struct Tried {
    attempt: Attempt,
    attempts: u32,
    duration: Duration,
    /// What the evaluator says that it means.
    meant: Meant,
}

/// What is told of the attempts at a task before it has ended.
pub(super) enum Between {
    /// One has failed, and a further one begins after `wait`.
    Failed { attempt: u32, wait: Duration, status: String },
    /// A further one begins.
    Begins { attempt: u32 },
}

impl Bench<'_> {
    pub(super) fn run(&self, mut prepared: Box<Prepared>, links: &Links, how: &How, between: &dyn Fn(Between)) -> Ran {
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
                Ok(_) => {
                    let why = format!("it asks `{question}`, and there is nobody to ask; `--strategy prompt_strategy=yes` answers yes");
                    return Ran::stopped(Verdict::Refused, why);
                }
                Err(error) => return Ran::stopped(Verdict::Broken, error.to_string()),
            }
        }
        let own = Own::of(world, prepared.target);
        let keep = |_: &RelPath| prepared.task.incremental;
        if let Err(text) = rebuild::clear_way(world, &prepared) {
            return Ran::stopped(Verdict::Failed, text);
        }
        if (!prepared.task.interactive || !prepared.outputs.is_empty())
            && let Err(text) = rebuild::clear_outputs(world, &prepared.outputs, &prepared.excluded, &keep, &own)
        {
            return Ran::stopped(Verdict::Failed, text);
        }
        // An incremental task starts with what is there; what of that is not its own does not become so.
        let stands = |own: &Own| match prepared.task.incremental {
            true => rebuild::foreign(world, &prepared.outputs, &prepared.excluded, own).unwrap_or_default(),
            false => Vec::new(),
        };
        let found = stands(&own);
        // What started with something else than nothing may have come to what nobody else would come to.
        let from_nothing = stands(&Own::default()).is_empty();
        let depfile = self.has_left_depfile(&prepared);
        if let Err(error) = self.make_way(&prepared) {
            // What stands in the way is a matter of the project, all else one of the disk.
            let verdict = match error.kind() {
                ErrorKind::PermissionDenied | ErrorKind::NotADirectory | ErrorKind::AlreadyExists => Verdict::Failed,
                _ => Verdict::Broken,
            };
            return Ran::stopped(verdict, error.to_string());
        }
        if let Some((path, text)) = &prepared.action.response
            && let Err(error) = world.tree.write(&RelPath::from_normal(path.as_bytes()), text.as_bytes())
        {
            return Ran::stopped(Verdict::Broken, format!("cannot write the response file `{path}`: {error}"));
        }
        let request = match self.request(&prepared, how) {
            Ok(request) => request,
            Err((verdict, text)) => return Ran::stopped(verdict, text),
        };
        let routed = match self.route(&prepared, how) {
            Ok(notice) => notice,
            Err(error) => return Ran::stopped(Verdict::Broken, error.to_string()),
        };
        let stamps = Stamps::of(world, &prepared);
        let stood = self.stood(&prepared);
        let mut again = |first: bool| self.renew(&prepared, depfile, first);
        let left = || {
            if !prepared.task.incremental {
                self.note_unfinished(&prepared, true, &found);
            }
        };
        let tried = self.attempt(&prepared, &request, how, &mut again, &left, between);
        let Tried { attempt, attempts, duration, meant } = match tried {
            Ok(tried) => tried,
            Err((verdict, text)) => return Ran::stopped(verdict, text),
        };
        let mut ran = Ran { attempts, duration, flaky: attempts > 1 && meant == Meant::Success, ..self.told(&request, &attempt) };
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
                let store = !self.mode.no_store
                    && from_nothing
                    && duration >= self.cheaper_than
                    && !ran.flaky
                    && !world.graph.has(prepared.target, flag::UNCACHED)
                    && !world.graph.has(prepared.target, flag::ALWAYS);
                let success = Success { attempt: &attempt, duration, stamps: &stamps, remedy: how.remedy.is_some() };
                match self.keep(&mut prepared, links, &success, store, &mut ran) {
                    Ok((yielded, unchanged)) => Verdict::Succeeded { yielded, unchanged },
                    Err(text) => {
                        ran.status = Some(text);
                        Verdict::Failed
                    }
                }
            }
        };
        if matches!(ran.verdict, Verdict::Cancelled) {
            self.take_back(&prepared, &stood);
        }
        if !matches!(ran.verdict, Verdict::Succeeded { .. }) {
            self.note_unfinished(&prepared, matches!(ran.verdict, Verdict::Failed), &found);
            ran.withheld = self.withheld(&prepared, &ran.output);
            ran.notices.extend(request.confine.as_ref().and_then(|confine| self.unseen(&prepared, &confine.reach, &ran.output)));
        }
        ran
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

    /// Runs a task's commands until the evaluator says what has come of it; `renew` is called before each attempt, with whether it is the first,
    /// and `left` behind each that is followed by another one.
    fn attempt(
        &self,
        prepared: &Prepared,
        request: &Request,
        how: &How,
        renew: &mut dyn FnMut(bool) -> Result<(), (Verdict, String)>,
        left: &dyn Fn(),
        between: &dyn Fn(Between),
    ) -> Result<Tried, (Verdict, String)> {
        let (mut attempts, mut duration) = (0, Duration::ZERO);
        loop {
            attempts += 1;
            renew(attempts == 1)?;
            if attempts > 1 {
                between(Between::Begins { attempt: attempts });
            }
            let looked = self.undeclared.as_ref().map_or(Ok(()), |undeclared| undeclared.begin(self.world));
            let attempt = self.executor.execute(request, &how.cancel);
            duration += attempt.duration;
            let beside = || self.undeclared.as_ref().map(|undeclared| undeclared.left_by(self.world, prepared)).transpose();
            let undeclared = looked.and_then(|()| beside());
            let mut meant = Meant::Failure { because: None, remedy: true };
            if let Err(error) = &undeclared {
                meant = Meant::Failure { because: Some(format!("cannot look at what it left in the checkout: {error}")), remedy: true };
            } else if attempt.error.is_none() && attempt.ended != Ended::Cancelled {
                let meaning = self.world.seams.ask(&Attempted {
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
                });
                meant = meaning.map_err(|error| (Verdict::Broken, error.to_string()))?;
            }
            if meant == Meant::Success && !attempt.strayed.is_empty() {
                meant = Meant::Failure { because: Some(lost(&attempt.strayed)), remedy: true };
            }
            if let Meant::Retry { wait_ms } = meant {
                let wait = Duration::from_millis(wait_ms);
                left();
                between(Between::Failed { attempt: attempts, wait, status: attempt.ended.to_string() });
                if how.cancel.wait(wait) {
                    continue;
                }
                return Ok(Tried {
                    attempt: Attempt { ended: Ended::Cancelled, error: None, ..attempt },
                    attempts,
                    duration,
                    meant: Meant::Failure { because: None, remedy: false },
                });
            }
            return Ok(Tried { attempt, attempts, duration, meant });
        }
    }

    /// Runs a service in the foreground, until it ends or is ended.
    pub(super) fn serve(&self, request: &Request, cancel: &Cancel) -> Ran {
        let attempt = self.executor.execute(request, cancel);
        let verdict = match (&attempt.error, &attempt.ended) {
            (None, Ended::Cancelled) => Verdict::Cancelled,
            // Ctrl-C at the terminal is how a person ends it.
            (None, ended) if ended.success() || *ended == Ended::Signal(INTERRUPT) => Verdict::Succeeded {
                yielded: Yield { digest: Digest::of(b""), outputs: Default::default(), folders: Default::default(), executed: true },
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
        if let Some(error) = attempt.log.trouble() {
            ran.notices.push(format!("its log could not be written in full, and its end is all that is told: {error}"));
        }
        ran.code = attempt.ended.code();
        ran.shell_code = attempt.ended.shell_code();
        let status = attempt.error.clone().unwrap_or_else(|| attempt.ended.to_string());
        ran.status = Some(redacted(&request.secrets, &status));
        ran.command = request.commands.get(attempt.command).cloned();
        ran
    }

    fn withheld(&self, prepared: &Prepared, output: &[u8]) -> Vec<String> {
        let text = String::from_utf8_lossy(output);
        let words: std::collections::BTreeSet<&str> =
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').filter(|word| word.len() > 2).collect();
        let hidden = |name: &str| self.world.environment.variables.contains_key(name) && !prepared.visible.variables.contains_key(name);
        words.into_iter().filter(|word| hidden(word)).map(str::to_owned).collect()
    }
}

//! The loop: counters of open needs, a queue, and messages from workers.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rustc_hash::FxHashMap;

use super::attempt::{Asker, Bench, Ran, Verdict};
use super::fresh::{Fresh, Yields, gathered};
use super::ready::{Candidate, Queue};
use super::state::State;
use super::work::{Job, Message, work};
use crate::base::TargetId;
use crate::event::{Ending, Event, Finished, Headline, Notice, Outcome, Reason, Started, Totals};
use crate::executor::Executor;
use crate::graph::{EdgeKind, Graph, TargetKind, flag};
use crate::plan::{Plan, Step, critical_paths};
use crate::process::{Cancel, Jobs};
use crate::rebuild::{Judged, Links, Mode, Prepared, World};

/// What a run may do.
pub struct Options<'a> {
    /// How many slots there are, at least 1.
    pub jobs: usize,
    /// What a failure does to the rest.
    pub keep_going: bool,
    /// Whether a failure also ends what runs.
    pub fail_fast: bool,
    /// What is looked up and run.
    pub mode: Mode,
    /// For tasks that set none.
    pub timeout: Option<Duration>,
    /// The jobserver, if there is one.
    pub jobserver: Option<&'a Jobs>,
    /// The target of `orket run`: it always runs, with the terminal.
    pub foreground: Option<TargetId>,
    /// Where the goal was typed, for the headline.
    pub goal: Vec<String>,
    /// When the run began, in milliseconds since 1970 UTC.
    pub began: u64,
    /// The same moment, for what is told as time since then.
    pub since: Instant,
    /// Who answers `confirm`.
    pub asker: &'a dyn Asker,
    /// Numbers of signals that ask orket to end.
    pub signals: Receiver<i32>,
}

/// Walks a plan to its end, but for what is `fresh` already, and tells everything that happens to `tell`; `tick` is called several times a second in between.
pub fn run(
    world: &World,
    plan: &Plan,
    fresh: Fresh,
    options: &Options<'_>,
    executor: &dyn Executor,
    cancel: &Cancel,
    tell: &mut dyn FnMut(&Event),
    tick: &mut dyn FnMut(Duration),
) -> Ending {
    let (job_sender, job_receiver) = unbounded();
    let (sender, receiver) = unbounded();
    let extra = options.jobserver.map(|jobs| jobs.env().to_vec()).unwrap_or_default();
    let bench =
        Bench { world, executor, cancel, store: !options.mode.no_cache, timeout: options.timeout, extra: &extra, asker: options.asker };
    let threads = options.jobs.min(fresh.left());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            let (jobs, answers) = (job_receiver.clone(), sender.clone());
            let bench = &bench;
            scope.spawn(move || work(bench, options.mode, &jobs, &answers));
        }
        drop(sender);
        Loop::new(world, plan, fresh, options, cancel, job_sender, tell).turn(&receiver, tick)
    })
}

/// Tells of a run of a plan in which everything is fresh; see [`Fresh::left`]. Nothing is started for it, no thread and no process.
pub fn idle(world: &World, plan: &Plan, fresh: &Fresh, options: &Options<'_>, tell: &mut dyn FnMut(&Event)) -> Ending {
    let began = options.since;
    tell(&Event::RunStarted(headline(world, plan, options, None)));
    let fresh = tell_fresh(&world.graph, plan, &|step| fresh.has(step), began.elapsed(), tell);
    let ending = Ending { at: began.elapsed(), exit: 0, signal: None, totals: Totals { fresh, ..Totals::default() } };
    tell(&Event::RunFinished(ending.clone()));
    ending
}

fn headline(world: &World, plan: &Plan, options: &Options<'_>, critical_path: Option<Duration>) -> Headline {
    let is_task = |step: &Step| world.graph.kind(plan.target(*step)) == TargetKind::Task;
    Headline {
        run: world.run.clone(),
        began: options.began,
        goal: options.goal.clone(),
        tasks: plan.steps().filter(is_task).count(),
        jobs: options.jobs,
        critical_path,
    }
}

/// Tells which tasks are fresh; returns how many.
fn tell_fresh(graph: &Graph, plan: &Plan, fresh: &dyn Fn(Step) -> bool, at: Duration, tell: &mut dyn FnMut(&Event)) -> usize {
    let steps = plan.steps().filter(|step| fresh(*step)).map(|step| plan.target(step));
    let tasks: Vec<TargetId> = steps.filter(|target| graph.kind(*target) == TargetKind::Task).collect();
    let count = tasks.len();
    if count > 0 {
        tell(&Event::Fresh { tasks, at });
    }
    count
}

struct Loop<'a> {
    world: &'a World,
    graph: &'a Graph,
    plan: &'a Plan,
    options: &'a Options<'a>,
    cancel: &'a Cancel,
    jobs: Sender<Job>,
    tell: &'a mut dyn FnMut(&Event),
    began: Instant,
    states: Vec<State>,
    open: Vec<u32>,
    yields: Yields<'a>,
    outcomes: Vec<Option<Outcome>>,
    blame: FxHashMap<Step, String>,
    queue: Queue,
    parked: FxHashMap<Step, (Box<Prepared>, Reason, Links)>,
    running: FxHashMap<Step, (Candidate, u32, Reason)>,
    slots: Vec<bool>,
    paths: Vec<f32>,
    expected: Vec<Option<f32>>,
    judging: usize,
    totals: Totals,
    stopping: bool,
    signal: Option<i32>,
    exit: i32,
}

impl<'a> Loop<'a> {
    fn new(
        world: &'a World,
        plan: &'a Plan,
        fresh: Fresh,
        options: &'a Options<'a>,
        cancel: &'a Cancel,
        jobs: Sender<Job>,
        tell: &'a mut dyn FnMut(&Event),
    ) -> Loop<'a> {
        let graph = &world.graph;
        let expected: Vec<Option<f32>> = {
            let checkout = world.checkout.lock().expect("no holder panics");
            let expected = |step: Step| match fresh.has(step) {
                true => Some(0.0),
                false => checkout.duration_ms(graph.row(plan.target(step)).key).map(|ms| ms as f32).filter(|ms| *ms > 0.0),
            };
            plan.steps().map(expected).collect()
        };
        let paths = critical_paths(plan, &expected, 1.0);
        Loop {
            world,
            graph,
            plan,
            options,
            cancel,
            jobs,
            tell,
            began: options.since,
            states: vec![State::Waiting; plan.len()],
            open: plan.open().to_vec(),
            yields: Yields::new(world, plan, fresh),
            outcomes: vec![None; plan.len()],
            blame: FxHashMap::default(),
            queue: Queue::new(options.jobs as u32, graph.header().pools.iter().map(|pool| pool.slots)),
            parked: FxHashMap::default(),
            running: FxHashMap::default(),
            slots: vec![false; options.jobs],
            paths,
            expected,
            judging: 0,
            totals: Totals::default(),
            stopping: false,
            signal: None,
            exit: 0,
        }
    }

    fn turn(mut self, messages: &Receiver<Message>, tick: &mut dyn FnMut(Duration)) -> Ending {
        let longest = self.paths.iter().fold(0.0f32, |a, b| a.max(*b));
        let known = self.expected.iter().flatten().any(|expected| *expected > 0.0);
        let headline = headline(self.world, self.plan, self.options, known.then(|| Duration::from_millis(longest as u64)));
        (self.tell)(&Event::RunStarted(headline));
        self.totals.fresh = tell_fresh(self.graph, self.plan, &|step| self.yields.is_fresh(step), self.began.elapsed(), self.tell);
        for step in self.plan.steps().filter(|step| self.yields.is_fresh(*step)) {
            self.states[step.index()] = State::Ended;
            self.outcomes[step.index()] = Some(Outcome::Fresh);
            self.plan.waiting(step).iter().for_each(|later| self.open[later.index()] -= 1);
        }
        let waits = |step: &Step| self.states[step.index()] == State::Waiting && self.open[step.index()] == 0;
        let first: Vec<Step> = self.plan.steps().filter(waits).collect();
        first.into_iter().for_each(|step| self.ready(step));
        while self.judging + self.running.len() + self.queue.waiting() > 0 {
            let starved = self.dispatch();
            let wait = Duration::from_millis(if starved { 10 } else { 100 });
            crossbeam_channel::select! {
                recv(messages) -> message => if let Ok(message) = message { self.take(message) },
                recv(self.options.signals) -> signal => if let Ok(signal) = signal { self.interrupted(signal) },
                default(wait) => {}
            }
            for message in messages.try_iter().take(1024).collect::<Vec<_>>() {
                self.take(message);
            }
            tick(self.began.elapsed());
        }
        let left: Vec<Step> = self.plan.steps().filter(|step| self.states[step.index()] != State::Ended).collect();
        for step in left {
            self.cancelled(step, None);
        }
        let exit = self.signal.map_or(self.exit, |signal| 128 + signal);
        let ending = Ending { at: self.began.elapsed(), exit, signal: self.signal, totals: self.totals };
        (self.tell)(&Event::RunFinished(ending.clone()));
        ending
    }

    fn interrupted(&mut self, signal: i32) {
        if self.signal.replace(signal).is_some() {
            self.cancel.kill()
        } else {
            self.cancel.stop()
        }
        self.stop();
    }

    /// Starts nothing more.
    fn stop(&mut self) {
        self.stopping = true;
        for candidate in self.queue.drain() {
            self.parked.remove(&candidate.step);
            self.cancelled(candidate.step, None);
        }
    }

    fn ready(&mut self, step: Step) {
        // Targets that gather end at once, and may free a long row of others: a stack, not recursion.
        let mut ready = vec![step];
        while let Some(step) = ready.pop() {
            let target = self.plan.target(step);
            let kind = self.graph.kind(target);
            let blamed =
                self.plan.before(self.graph, step).filter(|(_, kind)| !matches!(kind, EdgeKind::After | EdgeKind::OptionalNeed)).find_map(
                    |(before, _)| match self.outcomes[before.index()] {
                        Some(outcome @ (Outcome::Failed | Outcome::Cancelled | Outcome::Skipped | Outcome::Stalled)) => {
                            let name =
                                self.blame.get(&before).cloned().unwrap_or_else(|| self.graph.address(self.plan.target(before)).to_owned());
                            Some((outcome, name))
                        }
                        _ => None,
                    },
                );
            if let Some((outcome, name)) = blamed {
                // What a rock or epic is made of may be skipped without the whole being so.
                let skipped = outcome == Outcome::Skipped;
                if !(skipped && matches!(kind, TargetKind::Rock | TargetKind::Epic)) {
                    self.blame.insert(step, name.clone());
                    if skipped {
                        self.end(step, Outcome::Skipped, Some(Finished { because: Some(name), ..finished(target) }), &mut ready);
                    } else {
                        self.end(step, Outcome::Cancelled, Some(Finished { because: Some(name), ..finished(target) }), &mut ready);
                    }
                    continue;
                }
            }
            if matches!(kind, TargetKind::Gate | TargetKind::Service) {
                let status = format!("this version does not run {}s yet", kind.word());
                self.exit = self.exit.max(3);
                self.end(step, Outcome::Failed, Some(Finished { status: Some(status), ..finished(target) }), &mut ready);
                continue;
            }
            if kind == TargetKind::Task && self.graph.has(target, flag::FOREIGN) {
                let because = String::from("it is not for this platform");
                self.end(step, Outcome::Skipped, Some(Finished { because: Some(because), ..finished(target) }), &mut ready);
                continue;
            }
            if kind != TargetKind::Task || self.graph.has(target, flag::EMPTY) {
                match self.yields.links(step) {
                    Ok(links) => {
                        self.yields.put(step, gathered(&links));
                        self.end(step, Outcome::Fresh, None, &mut ready);
                    }
                    Err(lost) => self.lost(step, lost, &mut ready),
                }
                continue;
            }
            if self.stopping {
                self.end(step, Outcome::Cancelled, Some(finished(target)), &mut ready);
                continue;
            }
            match self.yields.links(step) {
                Ok(links) => {
                    self.states[step.index()] = State::Judging;
                    self.judging += 1;
                    let again = self.yields.executed_before(step);
                    let _ = self.jobs.send(Job::Judge { step, target, links, again });
                }
                Err(lost) => self.lost(step, lost, &mut ready),
            }
        }
    }

    /// What a target had put out was known when the run began, and cannot be read: it is forgotten, so that the next run finds it out anew.
    fn lost(&mut self, step: Step, lost: TargetId, ready: &mut Vec<Step>) {
        self.world.checkout.lock().expect("no holder panics").forget(self.graph.row(lost).key);
        let status = format!("what was remembered of `{}` is damaged; it is forgotten now: build again", self.graph.address(lost));
        self.failed(step, Finished { status: Some(status), ..finished(self.plan.target(step)) }, 3, ready);
    }

    fn cancelled(&mut self, step: Step, because: Option<String>) {
        let target = self.plan.target(step);
        let mut ready = Vec::new();
        self.end(step, Outcome::Cancelled, Some(Finished { because, ..finished(target) }), &mut ready);
        ready.into_iter().for_each(|step| self.ready(step));
    }

    /// Ends a step, tells it, and adds to `ready` what waited only for it.
    fn end(&mut self, step: Step, outcome: Outcome, told: Option<Finished>, ready: &mut Vec<Step>) {
        if std::mem::replace(&mut self.states[step.index()], State::Ended) == State::Ended {
            return;
        }
        self.outcomes[step.index()] = Some(outcome);
        let target = self.plan.target(step);
        if self.graph.kind(target) == TargetKind::Task
            || (matches!(self.graph.kind(target), TargetKind::Gate | TargetKind::Service) && outcome == Outcome::Failed)
        {
            self.totals.count(outcome);
            let told = Finished { outcome, at: self.began.elapsed(), ..told.unwrap_or_else(|| finished(target)) };
            (self.tell)(&Event::Finished(Box::new(told)));
        }
        for later in self.plan.waiting(step) {
            self.open[later.index()] -= 1;
            if self.open[later.index()] == 0 && self.states[later.index()] == State::Waiting {
                ready.push(*later);
            }
        }
    }

    /// Starts what fits; returns whether a token of the jobserver was missing.
    fn dispatch(&mut self) -> bool {
        while !self.stopping {
            let Some(candidate) = self.queue.take() else { return false };
            let mut token = None;
            if let Some(jobs) = self.options.jobserver {
                match jobs.try_acquire() {
                    Ok(Some(taken)) => token = Some(taken),
                    Ok(None) if !self.running.is_empty() => {
                        self.queue.release(&candidate);
                        self.queue.push(candidate);
                        return true;
                    }
                    // With nothing else running, the one process that everybody may start without a token is ours.
                    _ => {}
                }
            }
            let step = candidate.step;
            let Some((prepared, reason, links)) = self.parked.remove(&step) else { continue };
            let slot = self.slots.iter().position(|taken| !taken).unwrap_or(0);
            self.slots[slot] = true;
            self.states[step.index()] = State::Running;
            let target = self.plan.target(step);
            let foreground = self.options.foreground == Some(target);
            (self.tell)(&Event::Started(Started {
                task: target,
                at: self.began.elapsed(),
                attempt: 1,
                slot: slot as u32,
                reason: reason.clone(),
                expected: self.expected[step.index()].map(|expected| Duration::from_millis(expected as u64)),
            }));
            if candidate.exclusive {
                (self.tell)(&Event::TerminalTaken { task: target });
            }
            self.running.insert(step, (candidate, slot as u32, reason));
            let _ = self.jobs.send(Job::Run { step, prepared, links, token, foreground });
        }
        false
    }

    fn take(&mut self, message: Message) {
        let mut ready = Vec::new();
        match message {
            Message::Judged { step, judged, links } => {
                self.judging -= 1;
                let target = self.plan.target(step);
                match judged {
                    Judged::Fresh(yielded) if self.options.foreground != Some(target) => {
                        self.yields.put(step, yielded);
                        self.end(step, Outcome::Fresh, None, &mut ready);
                    }
                    Judged::Cached { yielded, log, displaced } if self.options.foreground != Some(target) => {
                        for text in super::attempt::moved_aside(&displaced) {
                            (self.tell)(&Event::Notice(Notice { task: Some(target), text, hint: None }));
                        }
                        self.yields.put(step, yielded);
                        let output = log.and_then(|digest| self.world.blobs.get_bytes(&digest).ok().flatten()).unwrap_or_default();
                        let output_size = output.len() as u64;
                        self.end(step, Outcome::Cached, Some(Finished { output, output_size, ..finished(target) }), &mut ready);
                    }
                    Judged::Run(prepared, reason) => self.wait(step, prepared, reason, links),
                    Judged::Blocked(blocked) => {
                        self.failed(step, Finished { status: Some(blocked.text), hint: blocked.hint, ..finished(target) }, 1, &mut ready);
                    }
                    _ => {
                        let discovered = Vec::new();
                        match crate::rebuild::prepare(self.world, target, &links, discovered, false) {
                            Ok(prepared) => self.wait(step, Box::new(prepared), Reason::Asked, links),
                            Err(blocked) => self.failed(
                                step,
                                Finished { status: Some(blocked.text), hint: blocked.hint, ..finished(target) },
                                1,
                                &mut ready,
                            ),
                        }
                    }
                }
            }
            Message::Retrying { step, attempt, wait, status } => {
                (self.tell)(&Event::Retrying { task: self.plan.target(step), at: self.began.elapsed(), attempt, wait, status });
            }
            Message::Ran { step, ran } => self.ran(step, *ran, &mut ready),
        }
        ready.into_iter().for_each(|step| self.ready(step));
    }

    fn wait(&mut self, step: Step, prepared: Box<Prepared>, reason: Reason, links: Links) {
        if self.stopping {
            self.cancelled(step, None);
            return;
        }
        let target = self.plan.target(step);
        let row = self.graph.row(target);
        self.states[step.index()] = State::Queued;
        self.parked.insert(step, (prepared, reason, links));
        self.queue.push(Candidate {
            step,
            path: self.paths[step.index()],
            priority: row.priority as f32,
            weight: row.weight,
            pool: row.pool,
            exclusive: self.options.foreground == Some(target)
                || self.graph.has(target, flag::INTERACTIVE)
                || self.graph.has(target, flag::CONFIRM),
        });
    }

    fn ran(&mut self, step: Step, ran: Ran, ready: &mut Vec<Step>) {
        let target = self.plan.target(step);
        let Some((candidate, slot, reason)) = self.running.remove(&step) else { return };
        self.queue.release(&candidate);
        self.slots[slot as usize] = false;
        if candidate.exclusive {
            (self.tell)(&Event::TerminalReturned);
        }
        for text in ran.notices {
            (self.tell)(&Event::Notice(Notice { task: Some(target), text, hint: None }));
        }
        let told = Finished {
            reason: Some(reason),
            duration: ran.duration,
            attempts: ran.attempts,
            slot,
            status: ran.status,
            code: ran.code,
            output: ran.output,
            output_size: ran.output_size,
            log: ran.log,
            command: ran.command,
            withheld: ran.withheld,
            flaky: ran.flaky,
            ..finished(target)
        };
        match ran.verdict {
            Verdict::Succeeded { yielded, unchanged } => {
                self.yields.put(step, yielded);
                self.end(step, Outcome::Done, Some(Finished { unchanged, status: None, ..told }), ready);
            }
            Verdict::Cancelled => self.end(step, Outcome::Cancelled, Some(told), ready),
            Verdict::Failed => self.failed(step, told, 1, ready),
            Verdict::Refused => self.failed(step, told, 5, ready),
            Verdict::Broken => self.failed(step, told, 3, ready),
        }
    }

    fn failed(&mut self, step: Step, told: Finished, exit: i32, ready: &mut Vec<Step>) {
        self.exit = self.exit.max(exit);
        self.end(step, Outcome::Failed, Some(told), ready);
        if !self.options.keep_going {
            if self.options.fail_fast {
                self.cancel.stop();
            }
            self.stop();
        }
    }
}

/// What is told of a target unless somebody knows more; its outcome is set where it ends.
fn finished(task: TargetId) -> Finished {
    Finished::new(task, Outcome::Fresh)
}

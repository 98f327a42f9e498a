//! The loop: counters of open needs, a queue, and messages from workers.

use std::cell::OnceCell;
use std::collections::{BinaryHeap, VecDeque};
use std::ffi::OsString;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rustc_hash::{FxHashMap, FxHashSet};

use super::attempt::{Asker, Bench, moved_aside};
use super::choices::Choices;
use super::conditions::Looked;
use super::decide::told;
use super::fresh::{Fresh, Yields};
use super::gates::Gates;
use super::ready::{Candidate, Queue, RANKS, Ranked};
use super::remedy::Errands;
use super::request::How;
use super::service::HeldPorts;
use super::services::Services;
use super::state::State;
use super::undeclared::Undeclared;
use super::work::{Crew, Job, Message};
use crate::base::{RelPath, TargetId};
use crate::decisions::Seam;
use crate::event::{Ending, Event, Headline, Notice, Outcome, Reason, Started, Totals};
use crate::executor::{Executor, Request};
use crate::graph::{Graph, TargetKind};
use crate::plan::{Plan, Step, critical_paths};
use crate::process::{Cancel, Jobs};
use crate::rebuild::{Links, Mode, Prepared, World};

/// How often the screen is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// How often a missing token is asked for.
const STARVED: Duration = Duration::from_millis(10);

/// What a run may do.
pub struct Options<'a> {
    /// How many slots there are, at least 1.
    pub jobs: usize,
    /// What a failure does to the rest.
    pub keep_going: bool,
    /// Whether a failure also ends what runs.
    pub fail_fast: bool,
    /// Whether a task that passed only on a further attempt makes the run fail.
    pub fail_on_flaky: bool,
    /// What is looked up and run.
    pub mode: Mode,
    /// For tasks that set none.
    pub timeout: Option<Duration>,
    /// What takes less than this is not stored.
    pub cheaper_than: Duration,
    /// How many tasks may be started, if that is bounded.
    pub rounds: Option<usize>,
    /// Whether `on_failure` starts anything.
    pub remediation: bool,
    /// Set for everything that runs: choices of the command line, which so reach what starts orket again.
    pub variables: Vec<(OsString, OsString)>,
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
    /// The ports that were picked for services.
    pub ports: HeldPorts,
    /// Who answers `confirm`.
    pub asker: &'a dyn Asker,
    /// Makes decisions.
    pub choices: &'a Choices<'a>,
    /// Judges gates.
    pub gates: &'a dyn Gates,
    /// Numbers of signals that ask orket to end.
    pub signals: Receiver<i32>,
}

/// Where tasks and services run, and the switch that ends them.
#[derive(Clone, Copy)]
pub struct Seat<'a> {
    /// Runs them.
    pub executor: &'a dyn Executor,
    /// Ends all tasks but remedies and what these need.
    pub cancel: &'a Cancel,
}

/// Walks a plan to its end, but for what is `fresh` already, and tells everything that happens to `tell`; `tick` is called several times a
/// second in between.
///
/// # Panics
/// When orket's own code does, after everything that was started has ended.
pub fn run(
    world: &World,
    plan: &Plan,
    fresh: Fresh,
    options: &Options<'_>,
    seat: &Seat<'_>,
    tell: &mut (dyn FnMut(&Event) + Send),
    tick: &mut dyn FnMut(Duration),
) -> Ending {
    let Seat { executor, cancel } = *seat;
    let (sender, messages) = unbounded();
    let mut extra = options.jobserver.map(|jobs| jobs.env().to_vec()).unwrap_or_default();
    extra.extend(options.variables.iter().cloned());
    let bench = Bench {
        world,
        executor,
        mode: options.mode,
        timeout: options.timeout,
        cheaper_than: options.cheaper_than,
        routed: AtomicBool::new(false),
        extra: &extra,
        asker: options.asker,
        choices: options.choices,
        gates: options.gates,
        undeclared: match &*world.seams.choice(Seam::Evaluator).strategy {
            "default" | "flaky_tolerant" => None,
            _ => Some(Undeclared::default()),
        },
    };
    let (mode, threads) = (options.mode, options.jobs.min(fresh.left()));
    let crew = Crew::new(Loop::new(Parts { world, plan, options, executor, cancel, answers: sender.clone() }, fresh, tell));
    std::thread::scope(|scope| {
        let begin = |_| {
            let (crew, bench, wake) = (&crew, &bench, sender.clone());
            std::thread::Builder::new().spawn_scoped(scope, move || crew.work(bench, mode, &wake))
        };
        // Where the system allows fewer threads, fewer workers do it all.
        let refused = (0..threads).map(begin).enumerate().find_map(|(started, begun)| Some((started, begun.err()?)));
        let _alarm = crew.alarm(&sender);
        let (mut over, mut starved) = crew.turn(Loop::begin);
        if let Some((0, error)) = refused {
            crew.turn(|state| state.helpless(&error));
            over = true;
        }
        while !over {
            crossbeam_channel::select! {
                recv(messages) -> message => (over, starved) = crew.turn(|state| {
                    message.into_iter().chain(messages.try_iter()).for_each(|message| state.take(message));
                }),
                recv(options.signals) -> signal => if let Ok(signal) = signal {
                    (over, starved) = crew.turn(|state| state.interrupted(signal));
                },
                default(if starved { STARVED } else { TICK }) => (over, starved) = crew.turn(|_| ()),
            }
            tick(options.since.elapsed());
        }
        crew.dismiss();
    });
    crew.into_state().end_of_run()
}

/// Tells of a run of a plan in which everything is fresh; see [`Fresh::left`]. Nothing is started for it, no thread and no process.
pub fn idle(world: &World, plan: &Plan, fresh: &Fresh, options: &Options<'_>, tell: &mut dyn FnMut(&Event)) -> Ending {
    let began = options.since;
    tell(&Event::RunStarted(headline(world, plan, options, None)));
    let count = tell_fresh(&world.graph, plan, &|step| fresh.has(step), began.elapsed(), tell);
    for (step, choice) in fresh.made.iter().filter_map(|(step, choice)| Some((step, choice.as_ref().ok()?))) {
        tell(&told(plan.target(*step), choice.clone(), began.elapsed()));
    }
    let ending = Ending { at: began.elapsed(), exit: 0, signal: None, totals: Totals { fresh: count, ..Totals::default() } };
    tell(&Event::RunFinished(ending.clone()));
    ending
}

fn headline(world: &World, plan: &Plan, options: &Options<'_>, critical_path: Option<Duration>) -> Headline {
    let is_task = |step: &Step| matches!(world.graph.kind(plan.target(*step)), TargetKind::Task | TargetKind::Gate);
    Headline {
        run: world.run.clone(),
        began: options.began,
        goal: options.goal.clone(),
        tasks: plan.steps().filter(|step| is_task(step) && !plan.is_spare(*step)).count(),
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

/// What a loop is given.
pub(super) struct Parts<'a> {
    pub world: &'a World,
    pub plan: &'a Plan,
    pub options: &'a Options<'a>,
    pub executor: &'a dyn Executor,
    /// The switch of everything but what remedies need.
    pub cancel: &'a Cancel,
    pub answers: Sender<Message>,
}

/// What waits for a service or a slot.
pub(super) enum Parked {
    Task(Box<Prepared>, Reason, Links),
    /// A service that is to run in the foreground.
    Service(Box<Request>),
}

/// All state of a run. Steps behind those of the plan are errands: remedies that were started by a failure.
pub(super) struct Loop<'a> {
    pub(super) world: &'a World,
    pub(super) graph: &'a Graph,
    pub(super) plan: &'a Plan,
    pub(super) options: &'a Options<'a>,
    pub(super) executor: &'a dyn Executor,
    pub(super) cancel: &'a Cancel,
    /// The switch of remedies and of what they need: only a signal throws it.
    pub(super) remedies: Cancel,
    /// What workers are to do next.
    pub(super) jobs: VecDeque<Job>,
    /// What they are to judge after that, the most urgent first.
    pub(super) judges: BinaryHeap<Ranked>,
    /// What the planner has said of steps that are being judged.
    pub(super) ranks: FxHashMap<Step, [f64; RANKS]>,
    /// Whether the workers may go.
    pub(super) closed: bool,
    /// Whether somebody panicked.
    pub(super) broken: bool,
    /// Ready steps that the planner holds back.
    pub(super) held: Vec<Step>,
    /// How many steps have asked the planner.
    pub(super) turns: u64,
    /// How many steps were started.
    pub(super) started: usize,
    pub(super) answers: Sender<Message>,
    pub(super) tell: &'a mut (dyn FnMut(&Event) + Send),
    pub(super) began: Instant,
    pub(super) states: Vec<State>,
    pub(super) open: Vec<u32>,
    pub(super) yields: Yields<'a>,
    pub(super) outcomes: Vec<Option<Outcome>>,
    pub(super) blame: FxHashMap<Step, String>,
    pub(super) queue: Queue,
    pub(super) parked: FxHashMap<Step, Parked>,
    pub(super) running: FxHashMap<Step, (Candidate, u32, Reason)>,
    pub(super) slots: Vec<bool>,
    pub(super) paths: Vec<f32>,
    pub(super) expected: Vec<Option<f32>>,
    pub(super) judging: usize,
    pub(super) totals: Totals,
    /// What was moved out of the way of outputs, and where to.
    pub(super) displaced: Vec<(RelPath, RelPath)>,
    pub(super) stopping: bool,
    /// Whether there is any decision in the plan, once somebody had to know.
    pub(super) decides: OnceCell<bool>,
    pub(super) signal: Option<i32>,
    pub(super) exit: i32,
    /// How the program of `orket run` failed: that is then how orket ends.
    pub(super) program: Option<i32>,
    pub(super) services: Services,
    /// The switch that ends each service that lives.
    pub(super) leashes: FxHashMap<TargetId, Cancel>,
    pub(super) errands: Errands,
    /// What became of what decisions look at.
    pub(super) looked: FxHashMap<TargetId, Looked>,
    /// Remedies and what they need: they start even where the run is stopping.
    pub(super) rescued: FxHashSet<Step>,
}

impl<'a> Loop<'a> {
    pub(super) fn new(parts: Parts<'a>, fresh: Fresh, tell: &'a mut (dyn FnMut(&Event) + Send)) -> Loop<'a> {
        let Parts { world, plan, options, executor, cancel, answers } = parts;
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
        let mut services = Services::default();
        for step in plan.steps().filter(|step| graph.kind(plan.target(*step)) == TargetKind::Service) {
            let uses = |user: &&Step| !plan.is_spare(**user) && !fresh.has(**user) && graph.kind(plan.target(**user)) == TargetKind::Task;
            services.expect(plan.target(step), plan.waiting(step).iter().filter(uses).count() as u32);
        }
        Loop {
            world,
            graph,
            plan,
            options,
            executor,
            cancel,
            // Without a descriptor for a second switch, remedies share the first.
            remedies: Cancel::new().unwrap_or_else(|_| cancel.clone()),
            jobs: VecDeque::new(),
            judges: BinaryHeap::new(),
            ranks: FxHashMap::default(),
            closed: false,
            broken: false,
            held: Vec::new(),
            turns: 0,
            started: 0,
            answers,
            tell,
            began: options.since,
            states: plan.steps().map(|step| if plan.is_spare(step) { State::Spare } else { State::Waiting }).collect(),
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
            displaced: Vec::new(),
            stopping: false,
            decides: OnceCell::new(),
            signal: None,
            exit: 0,
            program: None,
            services,
            leashes: FxHashMap::default(),
            errands: Errands::default(),
            looked: FxHashMap::default(),
            rescued: FxHashSet::default(),
        }
    }

    /// Tells of the run, and finds what can be judged at once.
    pub(super) fn begin(&mut self) {
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
        self.choices_made();
        let waits = |step: &Step| self.states[step.index()] == State::Waiting && self.open[step.index()] == 0;
        let first: Vec<Step> = self.plan.steps().filter(waits).collect();
        first.into_iter().for_each(|step| self.ready(step));
    }

    /// Takes what a worker is to do next.
    pub(super) fn next_job(&mut self) -> Option<Job> {
        self.jobs.pop_front().or_else(|| self.judges.pop().map(|ranked| ranked.job))
    }

    /// Whether there is something for a worker to do.
    pub(super) fn has_jobs(&self) -> bool {
        !(self.jobs.is_empty() && self.judges.is_empty())
    }

    /// Starts what can start; returns whether a token of the jobserver is missing.
    pub(super) fn step(&mut self) -> bool {
        let starved = self.dispatch();
        self.stall();
        if !self.acts() {
            self.give_up_errands();
        }
        self.end_services();
        starved
    }

    /// Whether nothing moves any more.
    pub(super) fn is_over(&self) -> bool {
        self.broken || !(self.acts() || self.errands_wait() || self.services.any_lives())
    }

    pub(super) fn end_of_run(mut self) -> Ending {
        let left = |step: &Step| !matches!(self.states[step.index()], State::Ended | State::Spare);
        let left: Vec<Step> = (0..self.states.len() as u32).map(Step).filter(left).collect();
        for step in left {
            self.cancelled(step, None);
        }
        if let Some(text) = moved_aside(&self.displaced, &self.world.run) {
            (self.tell)(&Event::Notice(Notice { task: None, text, hint: None }));
        }
        let exit = self.signal.map(|signal| 128 + signal).or(self.program).unwrap_or(self.exit);
        let ending = Ending { at: self.began.elapsed(), exit, signal: self.signal, totals: self.totals };
        (self.tell)(&Event::RunFinished(ending.clone()));
        ending
    }

    /// Ends a run for which nobody can work.
    fn helpless(&mut self, error: &std::io::Error) {
        let hint = Some(String::from("end other programs, or raise the limit on processes (`ulimit -u`)"));
        (self.tell)(&Event::Notice(Notice { task: None, text: format!("nothing can be built: cannot start a thread: {error}"), hint }));
        self.exit = self.exit.max(3);
    }

    /// Whether anything is under way that moves the run on.
    pub(super) fn acts(&self) -> bool {
        self.judging + self.running.len() + self.parked.len() > 0
    }

    pub(super) fn interrupted(&mut self, signal: i32) {
        if self.signal.replace(signal).is_some() {
            self.kill();
        } else {
            self.cancel.stop();
            self.remedies.stop();
        }
        self.stop();
    }

    /// Ends all that was started, at once.
    pub(super) fn kill(&self) {
        self.cancel.kill();
        self.remedies.kill();
        self.leashes.values().for_each(Cancel::kill);
    }

    /// Starts nothing more, but for remedies and what they need.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
        let (kept, dropped): (Vec<Ranked>, Vec<Ranked>) =
            std::mem::take(&mut self.judges).into_iter().partition(|one| self.may_start(one.step));
        self.judges = kept.into();
        for Ranked { step, .. } in dropped {
            self.judging -= 1;
            self.cancelled(step, None);
        }
        let waiting = self.services.give_up();
        for candidate in self.queue.drain() {
            if self.may_start(candidate.step) {
                self.queue.push(candidate);
            } else {
                self.parked.remove(&candidate.step);
                self.cancelled(candidate.step, None);
            }
        }
        for step in waiting {
            if self.may_start(step) {
                self.attend(step);
            } else {
                self.parked.remove(&step);
                self.cancelled(step, None);
            }
        }
    }

    pub(super) fn may_start(&self, step: Step) -> bool {
        self.signal.is_none() && (!self.stopping || self.rescued.contains(&step))
    }

    /// Returns what a step is about.
    pub(super) fn target(&self, step: Step) -> TargetId {
        self.errand(step).map_or_else(|| self.plan.target(step), |errand| errand.remedy)
    }

    /// Starts what fits; returns whether a token of the jobserver was missing.
    fn dispatch(&mut self) -> bool {
        while let Some(candidate) = self.queue.take() {
            let step = candidate.step;
            let target = self.target(step);
            if let Some(story) = self.lost_service(target) {
                self.queue.release(&candidate);
                self.without_service(step, &story);
                continue;
            }
            if self.options.rounds.is_some_and(|most| self.started >= most) {
                self.queue.release(&candidate);
                self.queue.push(candidate);
                self.exhaust();
                return false;
            }
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
            let Some(parked) = self.parked.remove(&step) else {
                self.queue.release(&candidate);
                continue;
            };
            self.started += 1;
            let slot = self.slots.iter().position(|taken| !taken).unwrap_or(0);
            self.slots[slot] = true;
            self.states[step.index()] = State::Running;
            let reason = match &parked {
                Parked::Task(_, reason, _) => reason.clone(),
                Parked::Service(_) => Reason::Asked,
            };
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
            let cancel = if self.rescued.contains(&step) { self.remedies.clone() } else { self.cancel.clone() };
            self.jobs.push_back(match parked {
                Parked::Task(prepared, _, links) => {
                    let remedy = self.errand(step).map(|errand| errand.failed.clone());
                    let foreground = remedy.is_none() && self.options.foreground == Some(target);
                    Job::Run { step, prepared, links, token, how: How { foreground, cancel, remedy } }
                }
                Parked::Service(request) => Job::Serve { step, request, cancel },
            });
        }
        false
    }
}

//! All state of a run, and what each step of its plan is doing.

use std::cell::OnceCell;
use std::collections::{BinaryHeap, VecDeque};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use rustc_hash::{FxHashMap, FxHashSet};

use super::conditions::Looked;
use super::fresh::{Fresh, Yields};
use super::options::Options;
use super::ready::{Candidate, Queue, RANKS, Ranked};
use super::remedy::Errands;
use super::run::{headline, tell_fresh};
use super::services::Services;
use super::work::{Job, Message};
use crate::base::{RelPath, TargetId};
use crate::event::{Event, Outcome, Reason, Totals};
use crate::executor::{Executor, Request};
use crate::graph::{Graph, TargetKind};
use crate::plan::{Plan, Step, critical_paths};
use crate::process::Cancel;
use crate::rebuild::{Links, Prepared, World};

/// The states of a step. It moves down this list, never up, and may leave it early:
///
/// `Spare` until a remedy needs it; `Waiting` until everything before it has ended; `Judging` while a worker finds out whether it has to
/// run; `Attending` until its services are ready; `Queued` until there is a slot; `Running`; `Ended`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Spare,
    Waiting,
    Judging,
    Attending,
    Queued,
    Running,
    Ended,
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
    /// How many workers wait for something to do.
    pub(super) idle: usize,
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
    /// What tasks had put out that this run leaves out, and was taken away.
    pub(super) left_out: Vec<RelPath>,
    pub(super) stopping: bool,
    /// The target because of which nothing new is started.
    pub(super) stopped_by: Option<String>,
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
            idle: 0,
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
            left_out: Vec::new(),
            stopping: false,
            stopped_by: None,
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

    /// Whether anything is under way that moves the run on.
    pub(super) fn acts(&self) -> bool {
        self.judging + self.running.len() + self.parked.len() > 0
    }

    pub(super) fn may_start(&self, step: Step) -> bool {
        self.signal.is_none() && (!self.stopping || self.rescued.contains(&step))
    }

    /// Returns what a step is about.
    pub(super) fn target(&self, step: Step) -> TargetId {
        self.errand(step).map_or_else(|| self.plan.target(step), |errand| errand.remedy)
    }
}

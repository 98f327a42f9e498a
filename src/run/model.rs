//! The loop against a model of what it promises: random graphs, workers that answer in a seeded order, and checks after every answer.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::bench::{Asker, Refused};
use super::choices::Choices;
use super::conditions::invented::Invented;
use super::fresh::Fresh;
use super::options::{Options, Seat};
use super::ran::{Ran, Verdict};
use super::run::run;
use super::service::HeldPorts;
use super::state::{Loop, Parts};
use super::work::{Job, Message};
use crate::base::{Digest, TargetId};
// orket: allow(dependency_direction/order) a project is opened as users open it, so that the model runs on real graphs
use crate::engine::{Engine, Surroundings};
use crate::event::{Event, GateOutcome, GateReport, Outcome, Reason};
use crate::executor::{Attempt, Executor, Request, Tell, Upkeep};
use crate::graph::{EdgeKind, Graph, TargetKind};
use crate::plan::Plan;
use crate::process::{Cancel, Output};
use crate::rebuild::{Blocked, Judged, Mode, World, Yield, prepare};

const INTERRUPT: i32 = 2;
/// Pools that every project has, with their slots.
const POOLS: [(&str, usize); 2] = [("one", 1), ("two", 2)];

/// Random numbers that a seed decides (splitmix64).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }
}

/// Returns a manifest of random tasks, epics and rocks; what is needed always stands above.
fn manifest(dice: &mut Dice) -> String {
    let mut text = String::from("project \"model\"\n");
    for (pool, slots) in POOLS {
        writeln!(text, "pool {pool:?} {slots}").unwrap();
    }
    let tasks = 1 + dice.below(14);
    let remedies = dice.below(3);
    for remedy in 0..remedies {
        writeln!(text, "task \"remedy{remedy}\" {{ sh \"mend {remedy}\"; cache #false }}").unwrap();
    }
    let mut above: Vec<String> = Vec::new();
    for number in 0..tasks {
        let name = format!("t{number}");
        writeln!(text, "task {name:?} {{\n  sh \"work {number}\"").unwrap();
        for _ in 0..dice.below(4) {
            let Some(other) = (!above.is_empty()).then(|| above[dice.below(above.len())].clone()) else { continue };
            match dice.below(5) {
                0 => writeln!(text, "  after {other:?}").unwrap(),
                1 => writeln!(text, "  needs {other:?} optional=#true").unwrap(),
                _ => writeln!(text, "  needs {other:?}").unwrap(),
            }
        }
        if dice.one_in(3) {
            writeln!(text, "  pool {:?}", POOLS[dice.below(POOLS.len())].0).unwrap();
        }
        if dice.one_in(4) {
            writeln!(text, "  weight {}", 1 + dice.below(5)).unwrap();
        }
        if dice.one_in(8) {
            writeln!(text, "  interactive #true").unwrap();
        }
        if remedies > 0 && dice.one_in(3) {
            writeln!(text, "  on_failure \"remedy{}\"", dice.below(remedies)).unwrap();
        }
        text.push_str("}\n");
        above.push(name);
        if dice.one_in(5) {
            let rock = format!("r{number}");
            writeln!(text, "rock {rock:?} {{ needs {:?} }}", above[dice.below(above.len())]).unwrap();
            above.push(rock);
        }
    }
    text
}

struct Nobody;

impl super::Gates for Nobody {
    fn judge(&self, _: TargetId, _: &Arc<World>) -> (GateReport, bool) {
        unreachable!("the model judges by itself")
    }

    fn standing(&self, _: TargetId) -> Option<GateReport> {
        None
    }
}

impl Asker for Nobody {
    fn ask(&self, _: &str, _: &Cancel) -> Result<bool, Refused> {
        Err(Refused)
    }

    fn is_there(&self) -> bool {
        false
    }
}

impl Executor for Nobody {
    fn execute(&self, _: &Request, _: &Cancel) -> Attempt {
        unreachable!("the model answers instead")
    }

    fn serve(&self, _: Upkeep, _: Tell) -> std::io::Result<Cancel> {
        unreachable!("there are no services in the model")
    }
}

/// What was seen of a run, told apart by what is promised of it.
#[derive(Default)]
struct Seen {
    started: Vec<(TargetId, Reason)>,
    finished: Vec<(TargetId, Outcome, Option<Reason>)>,
    ended: bool,
}

struct Play<'a> {
    graph: &'a Graph,
    keep_going: bool,
    seed: u64,
}

impl Play<'_> {
    fn name(&self, target: TargetId) -> &str {
        self.graph.address(target)
    }

    /// Whether a target has ended, and well; of one that gathers, whether all it needs has.
    fn stands(&self, target: TargetId, outcomes: &HashMap<TargetId, Outcome>) -> (bool, bool) {
        if self.graph.kind(target) == TargetKind::Task {
            let outcome = outcomes.get(&target);
            return (outcome.is_some(), outcome.is_some_and(|outcome| matches!(outcome, Outcome::Done | Outcome::Cached | Outcome::Fresh)));
        }
        let parts = self.graph.edges(target).iter().map(|edge| self.stands(edge.to, outcomes));
        parts.fold((true, true), |all, part| (all.0 & part.0, all.1 & part.1))
    }

    fn may_be_judged(&self, target: TargetId, outcomes: &HashMap<TargetId, Outcome>) {
        for edge in self.graph.edges(target) {
            let (ended, well) = self.stands(edge.to, outcomes);
            let (name, before) = (self.name(target), self.name(edge.to));
            match edge.kind() {
                EdgeKind::After => assert!(ended, "{name} did not wait for {before}, seed {}", self.seed),
                _ => assert!(well, "{name} did not need {before} to succeed, seed {}", self.seed),
            }
        }
    }
}

fn choices() -> &'static Choices<'static> {
    static CHOICES: std::sync::OnceLock<Choices<'static>> = std::sync::OnceLock::new();
    static FACTS: Invented = Invented::NOTHING;
    CHOICES.get_or_init(|| Choices::of(&FACTS))
}

fn options() -> Options<'static> {
    Options {
        jobs: 1,
        keep_going: false,
        fail_fast: false,
        fail_on_flaky: false,
        mode: Mode::default(),
        timeout: None,
        cheaper_than: Duration::ZERO,
        rounds: None,
        remediation: true,
        variables: Vec::new(),
        jobserver: None,
        open: Output::Inherit,
        foreground: None,
        goal: Vec::new(),
        began: 0,
        since: Instant::now(),
        ports: HeldPorts::default(),
        asker: &Nobody,
        choices: choices(),
        gates: &Nobody,
        signals: crossbeam_channel::never(),
    }
}

/// Opens a project with this manifest; returns it, and all of its targets but remedies.
fn project(folder: &tempfile::TempDir, manifest: &str) -> (Engine, Vec<TargetId>) {
    std::fs::write(folder.path().join("orket.kdl"), manifest).unwrap();
    let store = folder.path().join("store").into_os_string();
    let variables = vec![("ORKET_CACHE_DIR".into(), store), ("PATH".into(), std::env::var_os("PATH").unwrap())];
    let engine = Engine::open(&Surroundings { folder: folder.path().to_path_buf(), variables, ..Surroundings::default() }, false);
    let engine = engine.unwrap_or_else(|error| panic!("{error:?}"));
    let goal = engine.graph.ids().filter(|id| !engine.graph.address(*id).starts_with("remedy")).collect();
    (engine, goal)
}

/// Plays one run to its end; returns how many answers it took.
fn play(world: &World, plan: &Plan, dice: &mut Dice, seed: u64) -> usize {
    let graph = &world.graph;
    let mode = Mode { force: true, ..Mode::default() };
    let options = Options { jobs: 1 + dice.below(4), keep_going: dice.one_in(2), fail_fast: dice.one_in(2), mode, ..options() };
    let failing = [0, 3, 10][dice.below(3)];
    let interrupted_at = dice.one_in(6).then(|| dice.below(20));
    let play = Play { graph, keep_going: options.keep_going, seed };
    let cancel = Cancel::new().unwrap();
    let (answers, _messages) = crossbeam_channel::unbounded();
    let seen = std::sync::Mutex::new(Seen::default());
    let mut tell = |event: &Event| {
        let mut seen = seen.lock().unwrap();
        match event {
            Event::Started(started) => seen.started.push((started.task, started.reason.clone())),
            Event::Finished(finished) => seen.finished.push((finished.task, finished.outcome, finished.reason.clone())),
            Event::RunFinished(_) => seen.ended = true,
            _ => {}
        }
    };
    let fresh = Fresh::of(world, plan, mode, None, choices());
    let parts = Parts { world, plan, options: &options, executor: &Nobody, cancel: &cancel, answers };
    let mut state = Loop::new(parts, fresh, &mut tell);
    let mut pending: Vec<Job> = Vec::new();
    let (mut judged, mut failures) = (HashSet::new(), 0);
    let mut allowed = None;
    let (mut answered, mut interrupted) = (0, false);
    state.begin();
    loop {
        state.step();
        if state.is_over() {
            assert!(pending.is_empty() && !state.has_jobs(), "it ended while somebody worked, seed {seed}");
            break;
        }
        if interrupted_at == Some(answered) && !interrupted {
            state.interrupted(INTERRUPT);
            interrupted = true;
            allowed.get_or_insert(seen.lock().unwrap().started.len());
            continue;
        }
        let errands = state.states.len();
        while let Some(job) = state.next_job() {
            if let Job::Judge { step, target, .. } = &job
                && step.index() < plan.len()
            {
                let outcomes = seen.lock().unwrap().finished.iter().map(|(target, outcome, _)| (*target, *outcome)).collect();
                play.may_be_judged(*target, &outcomes);
                assert!(judged.insert(*step), "{} was judged twice, seed {seed}", play.name(*target));
            }
            pending.push(job);
        }
        assert!(!pending.is_empty(), "nothing moves, and it is not over, seed {seed}");
        within_bounds(graph, &pending, options.jobs, seed);
        let job = pending.swap_remove(dice.below(pending.len()));
        let message = match job {
            Job::Gate { step, target } => {
                let outcome = if failing > 0 && dice.below(10) < failing { GateOutcome::Fail } else { GateOutcome::Pass };
                let report = GateReport { outcome, because: None, ..GateReport::unjudged(graph.address(target), "k", "") };
                let report = Box::new((report, dice.one_in(2)));
                Message::GateJudged { step, report, took: Duration::ZERO }
            }
            Job::Judge { step, target, links, wanted, .. } => {
                let executed = links.iter().any(|(_, yielded)| yielded.executed);
                let judged = match (dice.below(12), wanted) {
                    (0..=2, None) => Judged::Fresh(yielded(target, executed)),
                    (3 | 4, None) => Judged::Cached { yielded: yielded(target, executed), log: None },
                    (5, _) if failing > 0 => Judged::Blocked(Blocked { text: String::from("no such program"), hint: None, broken: false }),
                    (_, wanted) => match prepare(world, target, &links, Vec::new(), false) {
                        Ok(prepared) => Judged::Run(Box::new(prepared), wanted.unwrap_or(Reason::New)),
                        Err(blocked) => panic!("{}", blocked.text),
                    },
                };
                failures += usize::from(matches!(judged, Judged::Blocked(_)));
                Message::Judged { step, judged, links }
            }
            Job::Run { step, prepared, how, .. } => {
                let verdict = match () {
                    () if how.cancel.stopped() => Verdict::Cancelled,
                    () if failing > 0 && dice.one_in(failing) => Verdict::Failed,
                    () => Verdict::Succeeded { yielded: yielded(prepared.target, true), unchanged: false },
                };
                failures += usize::from(matches!(verdict, Verdict::Failed));
                Message::Ran { step, ran: Box::new(Ran { attempts: 1, ..Ran::stopped(verdict, "as the dice fell") }) }
            }
            Job::Decide { .. } => unreachable!("there are no decisions in the model"),
            Job::Serve { .. } => unreachable!("there are no services in the model"),
        };
        state.take(message);
        answered += 1;
        assert!(answered < 10 * errands + 100, "it never ends, seed {seed}");
        if failures > 0 && !options.keep_going && allowed.is_none() {
            allowed = Some(seen.lock().unwrap().started.len());
        }
    }
    let ending = state.end_of_run();
    judge_whole_run(&play, plan, &seen.into_inner().unwrap(), allowed, interrupted, ending.exit);
    answered
}

fn yielded(target: TargetId, executed: bool) -> Yield {
    Yield { digest: Digest::of(&target.0.to_le_bytes()), outputs: Default::default(), folders: Default::default(), executed }
}

/// No more runs at one time than there are slots in all and in each pool, and a task with the terminal runs alone.
fn within_bounds(graph: &Graph, pending: &[Job], slots: usize, seed: u64) {
    let running: Vec<TargetId> = pending
        .iter()
        .filter_map(|job| match job {
            Job::Run { prepared, .. } => Some(prepared.target),
            _ => None,
        })
        .collect();
    let used: usize = running.iter().map(|target| (graph.terms(*target).weight as usize).clamp(1, slots)).sum();
    assert!(used <= slots, "{used} of {slots} slots are taken, seed {seed}");
    for (index, (name, most)) in POOLS.iter().enumerate() {
        let inside = running.iter().filter(|target| graph.terms(**target).pool as usize == index + 1).count();
        assert!(inside <= *most, "{inside} run in the pool {name}, seed {seed}");
    }
    let alone = running.iter().any(|target| graph.has(*target, crate::graph::flag::INTERACTIVE));
    assert!(!alone || running.len() == 1, "somebody else has the terminal, seed {seed}");
}

/// Every task of the plan has ended exactly once, and as what came before it says; remedies ran for failures alone.
fn judge_whole_run(play: &Play<'_>, plan: &Plan, seen: &Seen, allowed: Option<usize>, interrupted: bool, exit: i32) {
    let (graph, seed) = (play.graph, play.seed);
    let of_errand = |reason: &Option<Reason>| matches!(reason, Some(Reason::Remedy(_)));
    assert!(seen.ended);
    let mut outcomes: HashMap<TargetId, Vec<Outcome>> = HashMap::new();
    for (target, outcome, reason) in &seen.finished {
        let remedy = of_errand(reason) || (graph.address(*target).starts_with("remedy") && *outcome == Outcome::Cancelled);
        if !remedy {
            outcomes.entry(*target).or_default().push(*outcome);
        }
    }
    let planned = plan.steps().filter(|step| !plan.is_spare(*step)).map(|step| plan.target(step));
    for target in planned.filter(|target| graph.kind(*target) == TargetKind::Task && !play.name(*target).starts_with("remedy")) {
        let ended = outcomes.get(&target).map(Vec::as_slice).unwrap_or_default();
        assert_eq!(ended.len(), 1, "{} ended as {ended:?}, seed {seed}", play.name(target));
        if ended[0] == Outcome::Cancelled && play.keep_going && !interrupted {
            let needs = graph.edges(target).iter().filter(|edge| edge.kind() != EdgeKind::After);
            let last: HashMap<TargetId, Outcome> = outcomes.iter().map(|(target, all)| (*target, all[0])).collect();
            let lost = needs.into_iter().any(|edge| !play.stands(edge.to, &last).1);
            assert!(lost, "{} was not reached, and nothing it needs failed, seed {seed}", play.name(target));
        }
    }
    let failed = seen.finished.iter().filter(|(_, outcome, _)| *outcome == Outcome::Failed).count();
    if interrupted {
        assert_eq!(exit, 128 + INTERRUPT, "seed {seed}");
    } else {
        assert_eq!(exit, i32::from(failed > 0), "seed {seed}");
    }
    if let Some(allowed) = allowed {
        let late: Vec<_> =
            seen.started[allowed.min(seen.started.len())..].iter().filter(|(_, reason)| !matches!(reason, Reason::Remedy(_))).collect();
        assert!(late.is_empty(), "these were started after the end was called: {late:?}, seed {seed}");
    }
    let causes: Vec<&str> = seen
        .finished
        .iter()
        .filter(|(_, outcome, reason)| *outcome == Outcome::Failed && !of_errand(reason))
        .map(|(target, ..)| graph.address(*target))
        .collect();
    for (_, reason) in &seen.started {
        if let Reason::Remedy(cause) = reason {
            assert_eq!(causes.iter().filter(|name| **name == cause).count(), 1, "a remedy ran for {cause}, seed {seed}");
        }
    }
}

#[test]
#[allow(clippy::print_stderr)]
fn every_order_of_answers_ends_as_promised() {
    let number = |name: &str, default: u64| std::env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default);
    let (graphs, orders, first) = (number("ORKET_TEST_GRAPHS", 500), 40, number("ORKET_TEST_SEED", 1));
    eprintln!("seeds {first} to {}", first + graphs - 1);
    let began = Instant::now();
    let mut answers = 0;
    for seed in first..first + graphs {
        let mut dice = Dice(seed);
        let folder = tempfile::tempdir().unwrap();
        let (engine, goal) = project(&folder, &manifest(&mut dice));
        let plan = Plan::without(&engine.graph, &goal, true, &|_| false);
        let world = engine.world(String::from("model"), false).unwrap();
        answers += (0..orders).map(|_| play(&world, &plan, &mut dice, seed)).sum::<usize>();
    }
    assert!(answers as u64 > graphs * orders, "the model played nothing");
    eprintln!("{} runs, {answers} answers, {:.1} s", graphs * orders, Duration::as_secs_f32(&began.elapsed()));
}

struct Panics;

impl Executor for Panics {
    fn execute(&self, _: &Request, _: &Cancel) -> Attempt {
        panic!("nobody is perfect")
    }

    fn serve(&self, _: Upkeep, _: Tell) -> std::io::Result<Cancel> {
        unreachable!("there are no services here")
    }
}

#[test]
fn a_worker_that_panics_ends_the_run_and_nobody_waits_for_it() {
    let folder = tempfile::tempdir().unwrap();
    let tasks: String = (0..8).map(|number| format!("task \"t{number}\" {{ sh \"work {number}\" }}\n")).collect();
    let (engine, goal) = project(&folder, &tasks);
    let world = Arc::new(engine.world(String::from("model"), false).unwrap());
    let (plan, cancel) = (Plan::new(&engine.graph, &goal), Cancel::new().unwrap());
    let options = Options { jobs: 3, ..options() };
    let fresh = Fresh::of(&world, &plan, options.mode, None, choices());
    let seat = Seat { executor: &Panics, cancel: &cancel };
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        run(&world, &plan, fresh, &options, &seat, &mut |_| (), &mut |_| ());
    }));
    assert!(ended.is_err() && cancel.killed());
}

//! The loop: counters of open needs, a queue, and messages from workers.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossbeam_channel::unbounded;

use super::bench::Bench;
use super::decide::told;
use super::fresh::Fresh;
use super::options::{Options, Seat};
use super::state::{Loop, Parts};
use super::undeclared::Undeclared;
use super::work::Crew;
use crate::base::TargetId;
use crate::decisions::{Choice, Seam};
use crate::event::{Chosen, Ending, Event, Headline, Totals};
use crate::graph::{Graph, TargetKind};
use crate::plan::{Plan, Step};
use crate::rebuild::World;

/// How often the screen is drawn while nothing happens.
const TICK: Duration = Duration::from_millis(100);

/// How often a missing token is asked for.
const STARVED: Duration = Duration::from_millis(10);

/// Walks a plan to its end, but for what is `fresh` already, and tells everything that happens to `tell`; `tick` is called several times a
/// second in between.
///
/// # Panics
/// When orket's own code does, after everything that was started has ended.
pub fn run(
    world: &Arc<World>,
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
        unstored: AtomicBool::new(false),
        extra: &extra,
        open: options.open,
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

pub(super) fn headline(world: &World, plan: &Plan, options: &Options<'_>, critical_path: Option<Duration>) -> Headline {
    let is_task = |step: &Step| matches!(world.graph.kind(plan.target(*step)), TargetKind::Task | TargetKind::Gate);
    Headline {
        run: world.run.clone(),
        began: options.began,
        goal: options.goal.clone(),
        tasks: plan.steps().filter(|step| is_task(step) && !plan.is_spare(*step)).count(),
        jobs: options.jobs,
        critical_path,
        strategies: world.seams.choices().iter().map(chosen).collect(),
    }
}

fn chosen(choice: &Choice) -> Chosen {
    Chosen {
        seam: choice.seam.name().to_owned(),
        strategy: choice.strategy.clone(),
        origin: choice.origin.word().to_owned(),
        place: choice.said(),
    }
}

/// Tells which tasks are fresh; returns how many.
pub(super) fn tell_fresh(graph: &Graph, plan: &Plan, fresh: &dyn Fn(Step) -> bool, at: Duration, tell: &mut dyn FnMut(&Event)) -> usize {
    let steps = plan.steps().filter(|step| fresh(*step)).map(|step| plan.target(step));
    let tasks: Vec<TargetId> = steps.filter(|target| graph.kind(*target) == TargetKind::Task).collect();
    let count = tasks.len();
    if count > 0 {
        tell(&Event::Fresh { tasks, at });
    }
    count
}

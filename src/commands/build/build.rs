//! `orket build` and `orket run`: the story of a build.

use std::sync::Arc;

use crossbeam_channel::select;

use super::accounts;
use super::audience::Audience;
use super::checkout::{end_stragglers_of, opened};
use super::face::Addresses;
use super::goal::Goal;
use super::isolated::{Hear, Heard};
use super::look::look_at;
use super::policy::Policy;
use super::stage::{Beginning, Stage};
use super::webhooks::{self, Told, Webhooks};
use crate::base::TargetId;
use crate::commands::{Failure, Ui, wrongly};
use crate::engine::Engine;
use crate::event::{Ending, Event};
use crate::executor::{Local, Sandboxed};
use crate::plan::Plan;
use crate::process::{Cancel, Reaper, redacted};
use crate::rebuild::{self, Adopted, Mode, World};
use crate::record::RunRecord;
use crate::report::{self, Names};
use crate::run::{Choices, Fresh, Options, Seat, idle, run as walk};
use crate::shell::{BuildArgs, RunArgs};

/// Builds targets and what they need.
///
/// # Errors
/// When something does not hold, or nothing could be tried.
pub fn build(ui: &Ui, args: &BuildArgs) -> Result<(), Failure> {
    go(ui, args, None, &Arc::default(), &mut |_, _, _| ())
}

/// Builds what a target needs, then runs it with the terminal.
///
/// # Errors
/// With the program's own status.
pub fn run(ui: &Ui, args: &RunArgs) -> Result<(), Failure> {
    go(ui, &args.as_build(), Some(&args.args), &Arc::default(), &mut |_, _, _| ())
}

/// Builds an epic in the workspace that `ui` stands in. `adopted`: what ran elsewhere for the same build.
fn apart(ui: &Ui, args: &BuildArgs, adopted: &Arc<Adopted>, hear: Hear<'_>) -> Result<(), Failure> {
    go(ui, args, None, adopted, hear)
}

/// Builds. `words`: those for the one target that runs with the terminal. `adopted`: what ran elsewhere for the same build. `hear`: who is
/// told all at the end.
fn go(ui: &Ui, args: &BuildArgs, words: Option<&[String]>, adopted: &Arc<Adopted>, hear: Hear<'_>) -> Result<(), Failure> {
    let beginning = Beginning::now(ui, args);
    let since = beginning.since();
    let looking = args.dry_run || args.check;
    let (engine, lock) = opened(ui, args, looking, build)?;
    if !looking {
        accounts::ready(ui, args, &engine)?;
    }
    let goal = Goal::of(ui, args, &engine, words)?;
    if goal.targets.is_empty() && args.affected.is_some() {
        return accounts::nothing(ui, args, &engine);
    }
    let policy = Policy::ask(ui, args, &engine, &goal.targets)?;
    let mode = mode(args, &policy, looking);
    let webhooks = if looking { Webhooks::default() } else { Webhooks::new(ui, &policy.wiring.webhooks)? };
    let facts = engine.facts();
    let choices = Choices::new(&engine.graph, &facts, &args.deciding.decide, &engine.package).map_err(wrongly)?;
    let stage = Stage { ui, args, engine: &engine, goal: &goal, policy: &policy, choices: &choices, mode };
    let plan = stage.plan(&goal.targets)?;
    stage.say_first();
    stage.say_unboxed(&plan);
    let epics = stage.epics_apart(&plan)?;
    if looking {
        return look_at(ui, args, &engine, &plan, mode, &choices);
    }
    let mut world = stage.world(&beginning)?;
    world.adopted = adopted.clone();
    let (plan, heard) =
        if epics.is_empty() { (plan, Heard::default()) } else { stage.build_apart(&epics, &mut world, &beginning, apart)? };
    (world.boxed, world.bubblewrap) = (policy.boxed.clone(), policy.bubblewrap.clone());
    let world = Arc::new(world);
    let done = perform(&stage, &world, &plan, beginning, webhooks, heard)?;
    hear(&engine.graph, since, &done.events);
    // All is said and kept: whoever builds here next need not wait, and a signal ends what is left to do.
    drop(lock);
    done.leave(&stage)
}

fn mode(args: &BuildArgs, policy: &Policy, looking: bool) -> Mode {
    Mode {
        force: args.force,
        no_lookup: args.no_cache || !policy.cache.look_up,
        no_store: args.no_cache || !policy.cache.store,
        verify: args.verify_determinism,
        look: looking,
    }
}

/// A run that is over, and those who are still told of it.
struct Done {
    told: Vec<Told>,
    signals: crossbeam_channel::Receiver<i32>,
    signal: Option<i32>,
    busy: bool,
    exit: i32,
    events: Vec<Event>,
}

/// Runs a plan before its audience, and keeps what came of it. `heard`: what was told of what was built apart.
fn perform(
    stage: &Stage<'_>,
    world: &Arc<World>,
    plan: &Plan,
    beginning: Beginning,
    webhooks: Webhooks,
    heard: Heard,
) -> Result<Done, Failure> {
    let Stage { ui, args, engine, goal, .. } = *stage;
    let names: Arc<dyn Names> = Arc::new(Addresses { run: shown(goal, world), ..Addresses::new(engine, ui) });
    let (exit, signal, told_apart) = (heard.exit, heard.signal, !heard.events.is_empty());
    let audience = Audience::new(ui, args, &names, heard)?;
    let cancel = Cancel::new().map_err(|error| Failure::Broken(format!("cannot make an event: {error}")))?;
    let inspector = engine.inspector(false).anew(args.force).until(&cancel);
    let fresh = Fresh::of(world, plan, stage.mode, goal.foreground(), stage.choices);
    let busy = fresh.left() > 0;
    let mut means = stage.means(beginning, world, busy)?;
    let options = stage.options(&mut means, &inspector);
    let order = if busy || told_apart { engine.runs().order(options.began) } else { options.began };
    let told = if busy || told_apart { admit(stage, world, &names, &audience, order, webhooks) } else { Vec::new() };
    let ending = match busy {
        true => walked(stage, world, plan, fresh, &options, &cancel, &audience)?,
        false => idle(world, plan, &fresh, &options, &mut |event| audience.tell(event)),
    };
    let events = audience.finish();
    inspector.keep();
    remember(ui, engine, world);
    if let Err(error) = engine.runs().keep(&RunRecord { order, manifest: engine.manifest.to_string(), ..report::record(&*names, &events) })
    {
        ui.say(&format!("note: this run is not recorded: {error}"));
    }
    if let (Some(path), Some(error)) = (&args.events, audience.unwritten()) {
        return Err(Failure::Broken(format!("cannot write `{}`: {error}", path.display())));
    }
    accounts::give(ui, args, &*names, &events)?;
    Ok(Done { told, signals: options.signals, signal: ending.signal.or(signal), busy, exit: ending.exit.max(exit), events })
}

/// Returns what runs with the terminal, and the words for it without its secrets.
fn shown(goal: &Goal, world: &World) -> Option<(TargetId, Vec<String>)> {
    let (target, words) = goal.foreground.as_ref()?;
    let secrets = world.visible(*target, false).map(|visible| visible.secrets.clone()).unwrap_or_default();
    Some((*target, words.iter().map(|word| redacted(&secrets, word)).collect()))
}

/// Ends what earlier runs have left running, and lets journal and webhooks hear this one.
fn admit(stage: &Stage<'_>, world: &World, names: &Arc<dyn Names>, audience: &Audience, order: u64, webhooks: Webhooks) -> Vec<Told> {
    let Stage { ui, engine, .. } = *stage;
    end_stragglers_of(ui, engine);
    match engine.runs().journal(order, &world.run) {
        Ok(journal) => audience.join(report::kept(report::journal(names.clone(), journal))),
        Err(error) => ui.say(&format!("note: this run is not recorded: {error}")),
    }
    let told = webhooks.open(&engine.name, &world.run);
    told.iter().for_each(|one| audience.join(report::journal(names.clone(), one.writer())));
    told
}

/// Runs what is not fresh on this machine.
fn walked(
    stage: &Stage<'_>,
    world: &Arc<World>,
    plan: &Plan,
    fresh: Fresh,
    options: &Options<'_>,
    cancel: &Cancel,
    audience: &Audience,
) -> Result<Ending, Failure> {
    let Stage { ui, engine, policy, .. } = *stage;
    if policy.cache.store {
        engine.register();
    }
    let reaper = Reaper::install();
    let executor = Sandboxed::new(Local::new(reaper.clone()), world.tree.clone());
    let seat = Seat { executor: &executor, cancel };
    let ending = walk(world, plan, fresh, options, &seat, &mut |event| audience.tell(event), &mut |now| audience.tick(ui, now));
    for pid in reaper.end_all() {
        ui.say(&format!(
            "note: process {pid}, which a task has left behind, cannot be ended: it is another user's, or the system holds it"
        ));
    }
    rebuild::clear_stage(world);
    Ok(ending)
}

/// Writes down what the run learned of files.
fn remember(ui: &Ui, engine: &Engine, world: &World) {
    let mut checkout = world.checkout.lock().expect("the workers have ended");
    for (path, known) in world.files.take_learned() {
        checkout.put_file(path.as_bytes(), known);
    }
    if let Err(error) = checkout.save(engine.graph.rows().iter().map(|row| row.key)) {
        ui.say(&format!("note: what this run learned is not remembered: {error}"));
    }
}

impl Done {
    /// Waits for webhooks, looks after the store, and ends as the run did.
    fn leave(self, stage: &Stage<'_>) -> Result<(), Failure> {
        let Stage { ui, engine, policy, .. } = *stage;
        webhooks::close(ui, &self.told, &self.signals);
        if self.busy && self.signal.is_none() && policy.cache.store {
            let swept = engine.keep_store_within(policy.cache.limit);
            select! {
                recv(swept) -> swept => tracing::debug!(?swept, "the store was looked after"),
                recv(self.signals) -> _ => {}
            }
        }
        match self.exit {
            0 => Ok(()),
            exit => Err(Failure::Exit(exit)),
        }
    }
}

//! `orket build` and `orket run`.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::select;

use super::face::{Addresses, Person, Told, screen};
use super::isolated::{self, Isolated, Isolating};
use super::look::look_at;
use super::policy::Policy;
use super::remake::remade;
use super::webhooks::{self, Webhooks};
use crate::base::{TargetId, quantity};
use crate::commands::{Failure, Ui};
use crate::decisions::{AfterFailure, OWN_STORE};
use crate::engine::{Engine, LockError};
use crate::event::{Ending, Event, Outcome, Reason};
use crate::executor::Local;
use crate::graph::{TargetKind, select};
use crate::plan::Plan;
use crate::process::{Cancel, Jobs, Reaper, end_stragglers, listen_to_signals};
use crate::rebuild::{self, Adopted, Mode, Orphans};
use crate::report::{self, Names, Sink};
use crate::run::{Choices, Fresh, HeldPorts, Options, Seat, idle, run as walk};
use crate::shell::{BuildArgs, RunArgs};

/// Builds targets and what they need.
///
/// # Errors
/// When something does not hold, or nothing could be tried.
pub fn build(ui: &Ui, args: &BuildArgs) -> Result<(), Failure> {
    go(ui, args, None, &Arc::default())
}

/// Builds what a target needs, then runs it with the terminal.
///
/// # Errors
/// With the program's own status.
pub fn run(ui: &Ui, args: &RunArgs) -> Result<(), Failure> {
    go(ui, &args.as_build(), Some(&args.args), &Arc::default())
}

/// Builds. `adopted`: what ran elsewhere for the same build.
pub(super) fn go(ui: &Ui, args: &BuildArgs, foreground: Option<&[String]>, adopted: &Arc<Adopted>) -> Result<(), Failure> {
    let (since, began) = (Instant::now(), SystemTime::now());
    let looking = args.dry_run || args.check;
    // Before anything is opened: see `Jobs::from_parent`. Whoever says -j wants that many, whatever stands above.
    let makeflags = ui.surroundings.variables.iter().find(|(name, _)| name == "MAKEFLAGS").map(|(_, value)| value.as_os_str());
    let outer = Jobs::from_parent(makeflags.filter(|_| args.jobs.is_none()));
    let (engine, lock) = opened(ui, args, looking)?;
    let mut targets = select(&engine.graph, &args.targets, &engine.package)?.targets;
    if args.rerun.is_some() {
        let last = engine.runs().find(None).map_err(|error| Failure::Broken(format!("cannot read the records of runs: {error}")))?;
        if last.is_none() {
            return Err(Failure::Wrong(String::from("there are no runs yet, and so none that failed\nhint: leave out `--rerun failed`")));
        }
        let failed: Vec<TargetId> = last
            .iter()
            .flat_map(|run| &run.tasks)
            // A remedy runs when that failed again which it is for.
            .filter(|task| task.outcome == Outcome::Failed && !matches!(task.reason, Some(Reason::Remedy(_))))
            .filter_map(|task| engine.graph.find(&task.address))
            .filter(|id| engine.graph.kind(*id) != TargetKind::Service)
            .collect();
        targets = failed;
    }
    if let Some(revision) = &args.affected {
        targets = crate::commands::affected::among(ui, &engine, revision, &targets)?;
        if targets.is_empty() {
            return nothing(ui, args, &engine, revision);
        }
    }
    let foreground_target = match foreground {
        Some(args) => match targets[..] {
            [target] if engine.graph.kind(target) == TargetKind::Task => Some(target),
            [target] if engine.graph.kind(target) == TargetKind::Service && args.is_empty() => Some(target),
            [target] if engine.graph.kind(target) == TargetKind::Service => {
                return Err(Failure::Wrong(String::from("a service takes no words of its own; they stand in its declaration")));
            }
            _ => return Err(Failure::Wrong(String::from("`orket run` takes one task or service; `orket build` takes the rest"))),
        },
        None => None,
    };
    let policy = Policy::ask(ui, args, &engine, &targets)?;
    let mode = Mode {
        force: args.force,
        no_lookup: args.no_cache || !policy.cache.look_up,
        no_store: args.no_cache || !policy.cache.store,
        verify: args.verify_determinism,
        look: looking,
    };
    let webhooks = if looking { Webhooks::default() } else { Webhooks::new(ui, &policy.wiring.webhooks)? };
    let remedies = policy.wiring.remediation && !looking;
    let facts = engine.facts();
    let choices = Choices::new(&engine.graph, &facts, &args.deciding.decide, &engine.package).map_err(crate::commands::wrongly)?;
    let mut plan = Plan::without(&engine.graph, &targets, remedies, &|id| choices.is_given(id));
    say_later(ui, &engine);
    let store = engine.store().root();
    if !looking && ui.surroundings.has_no_home() && *store == engine.root.join(OWN_STORE) && !store.exists() {
        ui.say(&format!(
            "note: neither HOME nor XDG_CACHE_HOME is set, so that results are kept in `{}`, for this checkout alone",
            store.display()
        ));
    }
    for id in targets.iter().filter(|id| foreground.is_none() && engine.graph.kind(**id) == TargetKind::Service) {
        let name = engine.graph.address(*id);
        ui.say(&format!("note: `{name}` is a service: what it needs is built, and it is not started; `orket run {name}` runs it"));
    }
    let isolated = policy.wiring.isolated && foreground.is_none() && !looking;
    let epics = if isolated { isolated::epics_of(&engine.graph, &targets) } else { Default::default() };
    if !epics.is_empty() {
        isolated::fit(&engine, &plan, &choices)?;
    }
    if looking {
        return look_at(ui, args, &engine, &plan, mode, &choices);
    }

    let mut world = engine
        .world(policy.named.run.clone(), true)
        .map_err(|error| Failure::Broken(format!("cannot read the state of this checkout: {error}")))?;
    if let Some(complaint) = world.checkout.lock().expect("nobody holds it yet").complaint() {
        ui.say(&format!("note: {complaint}"));
    }
    if let (Some(target), Some(words)) = (foreground_target, foreground) {
        world.args = Some((target, words.to_vec()));
    }
    if engine.loaded {
        let orphans = rebuild::clear_orphans(&world)
            .map_err(|error| Failure::Broken(format!("cannot take away what tasks had put out that are gone: {error}")))?;
        if let Some(text) = gone(&orphans, &world.run) {
            ui.say(&format!("note: {text}"));
        }
        engine.keep();
    }
    world.adopted = adopted.clone();
    let mut failed = 0;
    if !epics.is_empty() {
        let here = Isolating { ui, args, engine: &engine, world: &world, policy: &policy };
        let Isolated { adopted, targets, exit } = here.build(&targets, &epics, adopted)?;
        if targets.is_empty() {
            if ui.json {
                ui.out_json(&report::summary(&Addresses::new(&engine.graph, ui), &[], &[]));
            }
            return Err(Failure::Exit(exit));
        }
        plan = Plan::without(&engine.graph, &targets, remedies, &|id| choices.is_given(id));
        (world.adopted, failed) = (adopted, exit);
    }
    world.boxed = policy.boxed.clone();
    world.boxer = policy.boxer.clone();
    let slots = policy.slots;
    let run = foreground_target.zip(foreground.map(<[String]>::to_vec));
    let names: Arc<dyn Names> = Arc::new(Addresses { run, ..Addresses::new(&engine.graph, ui) });
    let mut sinks: Vec<Box<dyn Sink>> = vec![screen(ui, args, &names)];
    let events_failed: Arc<OnceLock<String>> = Arc::default();
    if let Some(path) = &args.events {
        let file = File::create(path).map_err(|error| Failure::Broken(format!("cannot write `{}`: {error}", path.display())))?;
        sinks.push(report::json(names.clone(), Box::new(Told { out: file, failed: events_failed.clone() })));
    }
    let inspector = engine.inspector(false);
    let fresh = Fresh::of(&world, &plan, mode, foreground_target, &choices);
    let busy = fresh.left() > 0;
    let jobserver = if busy { outer.or_else(|| Jobs::host(slots).ok()) } else { None };
    let signals = if busy { listen_to_signals() } else { Ok(crossbeam_channel::never()) };
    let ports = if busy { HeldPorts::pick(&world) } else { Ok(Default::default()) };
    let options = Options {
        ports: ports.map_err(|error| Failure::Broken(format!("cannot find a free port: {error}")))?,
        jobs: slots,
        keep_going: policy.after_failure == AfterFailure::KeepGoing,
        fail_fast: policy.after_failure == AfterFailure::FailFast,
        fail_on_flaky: args.fail_on_flaky,
        mode,
        timeout: args.timeout,
        cheaper_than: Duration::from_millis(policy.cache.cheaper_than_ms),
        rounds: policy.rules.rounds,
        remediation: policy.wiring.remediation,
        variables: policy.variables(&engine),
        jobserver: jobserver.as_ref(),
        foreground: foreground_target,
        goal: args.targets.clone(),
        began: began.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        since,
        asker: &Person(ui.asks()),
        choices: &choices,
        gates: &inspector,
        signals: signals.map_err(|error| Failure::Broken(format!("cannot listen to signals: {error}")))?,
    };
    if busy {
        end_stragglers_of(ui, &engine);
        match engine.runs().journal(options.began, &world.run) {
            Ok(journal) => sinks.push(report::kept(report::journal(names.clone(), journal))),
            Err(error) => ui.say(&format!("note: this run is not recorded: {error}")),
        }
    }
    let told = if busy { webhooks.open(&engine.name, &world.run) } else { Vec::new() };
    sinks.extend(told.iter().map(|one| report::journal(names.clone(), one.writer())));
    let mut events: Vec<Event> = Vec::new();
    let sinks = Mutex::new(sinks);
    let mut tell = |event: &Event| {
        // What failed in a workspace is a failure of this build.
        let event = match event {
            Event::RunFinished(ending) => Cow::Owned(Event::RunFinished(Ending { exit: ending.exit.max(failed), ..ending.clone() })),
            other => Cow::Borrowed(other),
        };
        sinks.lock().expect("no sink panics").iter_mut().for_each(|sink| sink.event(&event));
        events.push(event.kept().into_owned());
    };
    let ending = if busy {
        if policy.cache.store {
            engine.register();
        }
        let reaper = Reaper::install();
        let cancel = Cancel::new().map_err(|error| Failure::Broken(format!("cannot make an event: {error}")))?;
        let executor = Local::new(reaper.clone());
        let mut size = (ui.width, ui.height);
        let mut tick = |now| {
            let (columns, rows) = if ui.live { Ui::terminal().unwrap_or(size) } else { size };
            let now_size = (if ui.fixed_width { ui.width } else { columns }, rows);
            for sink in sinks.lock().expect("no sink panics").iter_mut() {
                if now_size != size {
                    sink.resize(now_size.0, now_size.1);
                }
                sink.tick(now);
            }
            size = now_size;
        };
        let ending = walk(&world, &plan, fresh, &options, &Seat { executor: &executor, cancel: &cancel }, &mut tell, &mut tick);
        for pid in reaper.end_all() {
            ui.say(&format!(
                "note: process {pid}, which a task has left behind, cannot be ended: it is another user's, or the system holds it"
            ));
        }
        rebuild::clear_stage(&world);
        ending
    } else {
        idle(&world, &plan, &fresh, &options, &mut tell)
    };
    sinks.lock().expect("no sink panics").iter_mut().for_each(|sink| sink.finish());
    inspector.keep();
    {
        let mut checkout = world.checkout.lock().expect("the workers have ended");
        for (path, known) in world.files.take_learned() {
            checkout.put_file(path.as_bytes(), known);
        }
        if let Err(error) = checkout.save(engine.graph.rows().iter().map(|row| row.key)) {
            ui.say(&format!("note: what this run learned is not remembered: {error}"));
        }
    }
    if let Err(error) = engine.runs().keep(&report::record(&*names, &events)) {
        ui.say(&format!("note: this run is not recorded: {error}"));
    }
    if let (Some(path), Some(error)) = (&args.events, events_failed.get()) {
        return Err(Failure::Broken(format!("cannot write `{}`: {error}", path.display())));
    }
    if let Some(path) = &args.trace {
        written(path, |out| report::trace(&*names, &events, out))?;
    }
    if ui.json || args.summary.is_some() {
        let summary = report::summary(&*names, &report::outcomes(&events), &events);
        if let Some(path) = &args.summary {
            written(path, |out| writeln!(out, "{}", serde_json::to_string_pretty(&summary).unwrap_or_default()))?;
        }
        if ui.json {
            ui.out_json(&summary);
        }
    }
    // All is said and kept: whoever builds here next need not wait, and a signal ends what is left to do.
    drop(lock);
    webhooks::close(ui, &told, &options.signals);
    if busy && ending.signal.is_none() && policy.cache.store {
        let swept = engine.keep_store_within(policy.cache.limit);
        select! {
            recv(swept) -> swept => tracing::debug!(?swept, "the store was looked after"),
            recv(options.signals) -> _ => {}
        }
    }
    match ending.exit.max(failed) {
        0 => Ok(()),
        exit => Err(Failure::Exit(exit)),
    }
}

/// Opens the project and, unless it is only looked at, waits until no other build runs in this checkout. Whoever has waited builds what the
/// manifests say then: they may have been edited meanwhile, and the last run is another one.
fn opened(ui: &Ui, args: &BuildArgs, looking: bool) -> Result<(Engine, Option<File>), Failure> {
    loop {
        let engine = remade(ui, args, ui.open(!looking)?, looking)?;
        if looking {
            return Ok((engine, None));
        }
        let (lock, sure) = engine
            .lock(&mut |holder| ui.say(&format!("waiting for another build in this checkout ({holder})")))
            .map_err(|error| unlocked(ui, &args.targets, &error))?;
        if sure {
            return Ok((engine, Some(lock)));
        }
    }
}

/// Ends what runs that were killed have left running: it could write into what is built now. The checkout's lock says that they are over.
fn end_stragglers_of(ui: &Ui, engine: &Engine) {
    let runs = engine.runs();
    for run in runs.unended().unwrap_or_default() {
        match end_stragglers(&format!("ORKET_RUN={}", run.run)) {
            0 => {}
            count => ui.say(&format!(
                "note: {} ended that the run {} had left behind",
                if count == 1 { String::from("a process was") } else { format!("{count} processes were") },
                run.run
            )),
        }
        // Kept, it is not looked at again.
        let _ = runs.keep(&run);
    }
}

/// Says why the checkout cannot be locked. `wanted`: what was to be built.
fn unlocked(ui: &Ui, wanted: &[String], error: &LockError) -> Failure {
    let LockError::Within = error else { return Failure::Broken(error.to_string()) };
    let task = ui.surroundings.text("ORKET_TASK").map_or_else(|| String::from("the task"), |task| format!("the task `{task}`"));
    let needs = match wanted {
        [] => String::from(" \"TARGET\""),
        wanted => wanted.iter().map(|name| format!(" {name:?}")).collect(),
    };
    Failure::Wrong(format!("{error}\nhint: instead of calling orket, let {task} need what is to be built before it: needs{needs}"))
}

/// Says what became of outputs whose tasks are gone, in one sentence; `None` if nothing did.
fn gone(orphans: &Orphans, run: &str) -> Option<String> {
    let paths: Vec<String> =
        orphans.removed.iter().chain(orphans.displaced.iter().map(|(from, _)| from)).map(|path| format!("`{path}`")).collect();
    let named = match &paths[..] {
        [] => return None,
        few if few.len() <= 4 => few.join(", "),
        many => format!("{} and {} more", many[..3].join(", "), many.len() - 3),
    };
    let aside = match orphans.displaced.len() {
        0 => String::new(),
        count => format!("; {count} of them, which the store does not hold, can be found in `.orket/displaced/{run}/`"),
    };
    let (files, tasks) = (quantity::plural(paths.len(), "output"), "of tasks that are no longer declared");
    Some(format!("{files} {tasks} {} removed: {named}{aside}", if paths.len() == 1 { "was" } else { "were" }))
}

/// Says that no target is affected, in all the ways that were asked for.
fn nothing(ui: &Ui, args: &BuildArgs, engine: &Engine, revision: &str) -> Result<(), Failure> {
    let names = Addresses::new(&engine.graph, ui);
    let summary = report::summary(&names, &[], &[]);
    if !args.dry_run && !args.check {
        if let Some(path) = &args.events {
            written(path, |_| Ok(()))?;
        }
        if let Some(path) = &args.trace {
            written(path, |out| report::trace(&names, &[], out))?;
        }
        if let Some(path) = &args.summary {
            written(path, |out| writeln!(out, "{}", serde_json::to_string_pretty(&summary).unwrap_or_default()))?;
        }
    }
    if ui.json {
        ui.out_json(&summary);
    }
    if !args.quiet {
        ui.say(&format!("nothing to do: what changed since `{revision}` affects no target that was asked for"));
    }
    Ok(())
}

fn written(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let result = File::create(path).and_then(|file| {
        let mut out = io::BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    result.map_err(|error| Failure::Broken(format!("cannot write `{}`: {error}", path.display())))
}

fn say_later(ui: &Ui, engine: &Engine) {
    let mut kinds: Vec<_> = engine.graph.header().later.iter().collect();
    kinds.sort_by_key(|later| later.kind);
    kinds.dedup_by_key(|later| later.kind);
    for later in kinds {
        ui.say(&format!("note: `{}` ({}) has no effect: this version does not run it yet", later.kind.word(), later.place));
    }
}

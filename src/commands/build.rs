//! `orket build` and `orket run`.

use std::fs::File;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crossbeam_channel::select;

use super::{Failure, Ui};
use crate::base::{Place, TargetId, quantity};
use crate::cli::{self, BuildArgs, RunArgs};
use crate::engine::Engine;
use crate::event::{Event, Face, Outcome, Reason};
use crate::executor::Local;
use crate::graph::{Graph, TargetKind, select};
use crate::plan::Plan;
use crate::process::{Cancel, Jobs, Reaper, listen_to_signals};
use crate::rebuild::{self, Mode};
use crate::record::{RunRecord, RunTask};
use crate::report::{self, Names, Screen, Sink};
use crate::run::{Asker, Fresh, HeldPorts, Options, Refused, Seat, idle, look, run as walk};

/// Builds targets and what they need.
///
/// # Errors
/// When something does not hold, or nothing could be tried.
pub fn build(ui: &Ui, args: &BuildArgs) -> Result<(), Failure> {
    go(ui, args, None)
}

/// Builds what a target needs, then runs it with the terminal.
///
/// # Errors
/// With the program's own status.
pub fn run(ui: &Ui, args: &RunArgs) -> Result<(), Failure> {
    go(ui, &args.as_build(), Some(&args.args))
}

struct Addresses(Graph);

impl Names for Addresses {
    fn address(&self, id: TargetId) -> String {
        self.0.address(id).to_owned()
    }

    fn place(&self, id: TargetId) -> Option<Place> {
        self.0.detail(id).place().cloned()
    }

    fn is_task(&self, id: TargetId) -> bool {
        matches!(self.0.kind(id), TargetKind::Task | TargetKind::Gate)
    }

    fn count(&self) -> usize {
        self.0.len()
    }
}

struct Person(bool);

impl Asker for Person {
    fn ask(&self, question: &str) -> Result<bool, Refused> {
        if !self.0 {
            return Err(Refused);
        }
        let _ = write!(io::stderr(), "{question} [y/N] ");
        let _ = io::stderr().flush();
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map_err(|_| Refused)?;
        Ok(matches!(line.trim().to_ascii_lowercase().as_str(), "y" | "yes"))
    }
}

fn go(ui: &Ui, args: &BuildArgs, foreground: Option<&[String]>) -> Result<(), Failure> {
    let (since, began) = (Instant::now(), SystemTime::now());
    let looking = args.dry_run || args.check;
    // Before anything is opened: see `Jobs::from_parent`. Whoever says -j wants that many, whatever stands above.
    let makeflags = ui.surroundings.variables.iter().find(|(name, _)| name == "MAKEFLAGS").map(|(_, value)| value.as_os_str());
    let outer = Jobs::from_parent(makeflags.filter(|_| args.jobs.is_none()));
    let engine = ui.open(!looking)?;
    let mut targets = select(&engine.graph, &args.targets, &engine.package)?.targets;
    if args.rerun.is_some() {
        let last = engine.runs().find(None).ok().flatten();
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
    let mode = Mode { force: args.force, no_cache: args.no_cache, look: looking };
    let plan = if looking { Plan::new(&engine.graph, &targets) } else { Plan::with_remedies(&engine.graph, &targets) };
    say_later(ui, &engine);
    for id in targets.iter().filter(|id| foreground.is_none() && engine.graph.kind(**id) == TargetKind::Service) {
        let name = engine.graph.address(*id);
        ui.say(&format!("note: `{name}` is a service: what it needs is built, and it is not started; `orket run {name}` runs it"));
    }
    if looking {
        return look_only(ui, args, &engine, &plan, mode);
    }

    let store_limit = ui.surroundings.store_limit().map_err(Failure::Wrong)?;
    let lock = engine
        .lock(&mut |holder| ui.say(&format!("waiting for another build in this checkout ({holder})")))
        .map_err(|error| Failure::Broken(format!("cannot write the state of this checkout: {error}")))?;
    let mut world =
        engine.world(run_id(), true).map_err(|error| Failure::Broken(format!("cannot read the state of this checkout: {error}")))?;
    if let Some(complaint) = world.checkout.lock().expect("nobody holds it yet").complaint() {
        ui.say(&format!("note: {complaint}"));
    }
    if let (Some(target), Some(words)) = (foreground_target, foreground) {
        world.args = Some((target, words.to_vec()));
    }
    let slots = slots(ui, args)?;
    let names: Arc<dyn Names> = Arc::new(Addresses(engine.graph.clone()));
    let mut sinks: Vec<Box<dyn Sink>> = vec![screen(ui, args, &names)];
    if let Some(path) = &args.events {
        let file = File::create(path).map_err(|error| Failure::Broken(format!("cannot write `{}`: {error}", path.display())))?;
        sinks.push(report::json(names.clone(), Box::new(file)));
    }
    let fresh = Fresh::of(&world, &plan, mode, foreground_target);
    let busy = fresh.left() > 0;
    let jobserver = if busy { outer.or_else(|| Jobs::host(slots).ok()) } else { None };
    let signals = if busy { listen_to_signals() } else { Ok(crossbeam_channel::never()) };
    let ports = if busy { pick_ports(&world) } else { Ok(Default::default()) };
    let options = Options {
        ports: ports.map_err(|error| Failure::Broken(format!("cannot find a free port: {error}")))?,
        jobs: slots,
        keep_going: args.keep_going,
        fail_fast: args.fail_fast,
        fail_on_flaky: args.fail_on_flaky,
        mode,
        timeout: args.timeout,
        jobserver: jobserver.as_ref(),
        foreground: foreground_target,
        goal: args.targets.clone(),
        began: began.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as u64),
        since,
        asker: &Person(ui.asks()),
        signals: signals.map_err(|error| Failure::Broken(format!("cannot listen to signals: {error}")))?,
    };
    if busy {
        match engine.runs().journal(options.began, &world.run) {
            Ok(journal) => sinks.push(report::journal(names.clone(), journal)),
            Err(error) => ui.say(&format!("note: this run is not recorded: {error}")),
        }
    }
    let mut events: Vec<Event> = Vec::new();
    let sinks = Mutex::new(sinks);
    let mut tell = |event: &Event| {
        sinks.lock().expect("no sink panics").iter_mut().for_each(|sink| sink.event(event));
        events.push(event.clone());
    };
    let ending = if busy {
        engine.register();
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
        reaper.end_all();
        rebuild::clear_stage(&world);
        ending
    } else {
        idle(&world, &plan, &fresh, &options, &mut tell)
    };
    sinks.lock().expect("no sink panics").iter_mut().for_each(|sink| sink.finish());
    {
        let mut checkout = world.checkout.lock().expect("the workers have ended");
        for (path, known) in world.files.take_learned() {
            checkout.put_file(path.as_bytes(), known);
        }
        if let Err(error) = checkout.save(engine.graph.rows().iter().map(|row| row.key)) {
            ui.say(&format!("note: what this run learned is not remembered: {error}"));
        }
    }
    if let Err(error) = engine.runs().keep(&record(&engine.graph, &events)) {
        ui.say(&format!("note: this run is not recorded: {error}"));
    }
    if let Some(path) = &args.trace {
        written(path, |out| report::trace(&*names, &events, out))?;
    }
    if ui.json || args.summary.is_some() {
        let summary = report::summary(&*names, &outcomes(&events), &events);
        if let Some(path) = &args.summary {
            written(path, |out| writeln!(out, "{}", serde_json::to_string_pretty(&summary).unwrap_or_default()))?;
        }
        if ui.json {
            ui.out_json(&summary);
        }
    }
    // All is said and kept: whoever builds here next need not wait, and a signal ends what is left to do.
    drop(lock);
    if busy && ending.signal.is_none() {
        let swept = engine.keep_store_within(store_limit);
        select! {
            recv(swept) -> swept => tracing::debug!(?swept, "the store was looked after"),
            recv(options.signals) -> _ => {}
        }
    }
    if ending.signal.is_none()
        && let Some(target) = foreground_target
        && let Some(code) = events.iter().find_map(|event| match event {
            Event::Finished(finished) if finished.task == target && finished.outcome == Outcome::Failed => finished.code,
            _ => None,
        })
    {
        return Err(Failure::Exit(code));
    }
    if ending.exit == 0 { Ok(()) } else { Err(Failure::Exit(ending.exit)) }
}

fn look_only(ui: &Ui, args: &BuildArgs, engine: &Engine, plan: &Plan, mode: Mode) -> Result<(), Failure> {
    let world = engine
        .world(String::from("look"), false)
        .map_err(|error| Failure::Broken(format!("cannot read the state of this checkout: {error}")))?;
    let seen = look(&world, plan, mode);
    let stale = seen.iter().filter(|seen| !matches!(seen.outcome, Outcome::Fresh | Outcome::Skipped)).count();
    if ui.json {
        let names = Addresses(engine.graph.clone());
        let all: Vec<_> = seen.iter().map(|seen| (seen.task, seen.outcome, seen.reason.clone(), Duration::ZERO)).collect();
        ui.out_json(&report::summary(&names, &all, &[]));
    } else {
        let mut text = String::new();
        for seen in seen.iter().filter(|seen| seen.outcome != Outcome::Fresh) {
            let word = match seen.outcome {
                Outcome::Done => "would run",
                Outcome::Cached => "would restore",
                Outcome::Failed => "cannot run",
                _ => "would skip",
            };
            let why =
                seen.reason.as_ref().map(report::reason_text).or(seen.trouble.clone()).map(|why| format!("  ({why})")).unwrap_or_default();
            text.push_str(&format!("{word}  {}{why}\n", engine.graph.address(seen.task)));
        }
        if stale == 0 {
            text.push_str(&format!("nothing to do: {} fresh\n", quantity::plural(seen.len(), "task")));
        }
        ui.out(&text);
    }
    if args.check && stale > 0 { Err(Failure::Failed) } else { Ok(()) }
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

fn slots(ui: &Ui, args: &BuildArgs) -> Result<usize, Failure> {
    if let Some(jobs) = args.jobs {
        return Ok(jobs.max(1) as usize);
    }
    let variable = ui
        .surroundings
        .variables
        .iter()
        .find(|(name, _)| name == "ORKET_JOBS")
        .map(|(_, value)| value.to_string_lossy().trim().to_owned())
        .filter(|value| !value.is_empty());
    match variable {
        Some(text) => match text.parse::<usize>() {
            Ok(jobs) if jobs >= 1 => Ok(jobs),
            _ => Err(Failure::Wrong(format!("ORKET_JOBS is `{text}`; it has to be a whole number from 1 on"))),
        },
        None => Ok(std::thread::available_parallelism().map_or(1, usize::from)),
    }
}

fn screen(ui: &Ui, args: &BuildArgs, names: &Arc<dyn Names>) -> Box<dyn Sink> {
    let set = |name: &str| ui.surroundings.variables.iter().any(|(key, value)| key == name && !value.is_empty());
    let screen = Screen {
        width: ui.width,
        height: ui.height,
        color: ui.color_err,
        verbosity: if args.quiet { -1 } else { args.verbose.min(2) as i8 },
        explain: args.explain,
        github: set("GITHUB_ACTIONS"),
    };
    let out = Box::new(io::stderr());
    match args.ui {
        cli::Ui::Json => report::json(names.clone(), Box::new(io::stdout())),
        cli::Ui::Live => report::live(names.clone(), screen, out),
        cli::Ui::Auto if ui.live && !set("CI") => report::live(names.clone(), screen, out),
        cli::Ui::Auto | cli::Ui::Plain => report::plain(names.clone(), screen, out),
    }
}

fn run_id() -> String {
    let mut bytes = [0u8; 4];
    // Without randomness the clock tells runs apart.
    if getrandom::fill(&mut bytes).is_err() {
        bytes = (crate::disk::now_ns() as u32).to_le_bytes();
    }
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Picks a free port for each one that a service names. Nobody else is given it while it is held.
fn pick_ports(world: &crate::rebuild::World) -> io::Result<HeldPorts> {
    let mut held = HeldPorts::default();
    for id in world.graph.ids().filter(|id| world.graph.kind(*id) == TargetKind::Service) {
        if let crate::graph::Detail::Service(service) = world.graph.detail(id) {
            for port in &service.ports {
                let listener = std::net::TcpListener::bind(("127.0.0.1", 0))?;
                world.ports.write().expect("nobody holds it yet").insert(port.to_string(), listener.local_addr()?.port());
                held.hold(port, Box::new(listener));
            }
        }
    }
    Ok(held)
}

fn outcomes(events: &[Event]) -> Vec<(TargetId, Outcome, Option<Reason>, Duration)> {
    events
        .iter()
        .flat_map(|event| match event {
            Event::Fresh { tasks, .. } => tasks.iter().map(|task| (*task, Outcome::Fresh, None, Duration::ZERO)).collect(),
            Event::Finished(finished) => vec![(finished.task, finished.outcome, finished.reason.clone(), finished.duration)],
            _ => Vec::new(),
        })
        .collect()
}

fn record(graph: &Graph, events: &[Event]) -> RunRecord {
    let mut record = RunRecord {
        version: 1,
        run: String::new(),
        began: 0,
        duration_ms: 0,
        goal: Vec::new(),
        exit: 0,
        ended: true,
        totals: Default::default(),
        tasks: Vec::new(),
    };
    for event in events {
        match event {
            Event::RunStarted(headline) => {
                record.run = headline.run.clone();
                record.began = headline.began;
                record.goal = headline.goal.clone();
            }
            Event::Finished(finished) if finished.outcome != Outcome::Fresh => record.tasks.push(RunTask {
                address: graph.address(finished.task).to_owned(),
                outcome: finished.outcome,
                reason: finished.reason.clone(),
                duration_ms: finished.duration.as_millis() as u64,
                status: finished.status.clone(),
                output: String::from_utf8_lossy(&finished.output).into_owned(),
                log: finished.log.clone(),
                unchanged: finished.unchanged,
            }),
            Event::Service(change) if matches!(change.state, Face::Stopped | Face::Died) => record.tasks.push(RunTask {
                address: graph.address(change.service).to_owned(),
                outcome: if change.state == Face::Died { Outcome::Failed } else { Outcome::Done },
                reason: None,
                duration_ms: change.after.unwrap_or_default().as_millis() as u64,
                status: change.status.clone(),
                output: String::from_utf8_lossy(&change.output).into_owned(),
                log: change.log.clone(),
                unchanged: false,
            }),
            Event::RunFinished(ending) => {
                record.duration_ms = ending.at.as_millis() as u64;
                record.exit = ending.exit;
                record.totals = ending.totals;
            }
            _ => {}
        }
    }
    record
}

//! What says what the graph is and is made itself (a ninja file of CMake or Meson, a dyndep file) is made before anything is built from it.

use std::collections::BTreeSet;

use crate::commands::{Failure, Ui};
use crate::disk::stamp_clock;
use crate::engine::Engine;
use crate::import::ninja::Remake;
use crate::shell::BuildArgs;

/// How something is built.
pub(super) type Build = fn(&Ui, &BuildArgs) -> Result<(), Failure>;

/// Makes manifests anew that are older than what they are made from, then what else the graph depends on, and opens the project once more
/// if there was any of that. `looking`: only says so.
///
/// # Errors
/// When one cannot be made, or the project not be opened after that.
pub(super) fn remade(ui: &Ui, args: &BuildArgs, engine: Engine, looking: bool, build: Build) -> Result<Engine, Failure> {
    if args.ahead {
        return Ok(engine);
    }
    let mut engine = anew(ui, args, engine, looking, build)?;
    if looking || engine.remakes().iter().any(|remake| own(remake, args)) {
        return Ok(engine);
    }
    let mut made: BTreeSet<String> = BTreeSet::new();
    while let Some(stage) = engine.first().into_iter().find(|stage| !stage.iter().all(|task| made.contains(task))) {
        made.extend(stage.iter().cloned());
        drop(engine);
        let ahead = BuildArgs { ahead: true, ..only(args, stage, args.verbose == 0) };
        build(&Ui { json: false, ..ui.clone() }, &ahead)?;
        engine = ui.open(true)?;
    }
    if !made.is_empty() {
        engine.sure().map_err(|error| ui.unopened(error))?;
    }
    Ok(engine)
}

/// Whether nothing is asked for but what is done here.
fn own(remake: &Remake, args: &BuildArgs) -> bool {
    args.targets == [remake.task.as_str()] || (!args.targets.is_empty() && remake.before == args.targets)
}

fn only(args: &BuildArgs, targets: Vec<String>, quiet: bool) -> BuildArgs {
    BuildArgs { targets, jobs: args.jobs, quiet, verbose: args.verbose, ..BuildArgs::default() }
}

fn anew(ui: &Ui, args: &BuildArgs, engine: Engine, looking: bool, build: Build) -> Result<Engine, Failure> {
    let remakes = engine.remakes();
    if remakes.is_empty() {
        return Ok(engine);
    }
    if remakes.iter().any(|remake| own(remake, args)) {
        if let Some(remake) = remakes.iter().find(|remake| !looking && args.targets == [remake.task.as_str()]) {
            engine.note_remaking(remake);
        }
        return Ok(engine);
    }
    let beside = Ui { json: false, ..ui.clone() };
    for remake in remakes.into_iter().filter(|remake| !looking && !remake.before.is_empty()) {
        build(&beside, &only(args, remake.before, args.verbose == 0))?;
    }
    let outdated = engine.outdated();
    for (_, why) in &outdated {
        ui.say(&format!("note: {why}: {}", if looking { "a build makes it anew first" } else { "it is made anew first" }));
    }
    if looking {
        return Ok(engine);
    }
    if outdated.is_empty() {
        if engine.is_remaking() {
            engine.forget_remaking();
        }
        return Ok(engine);
    }
    for (remake, _) in outdated {
        let began = stamp_clock();
        build(&beside, &only(args, vec![remake.task.clone()], args.quiet))?;
        engine.note_remade(&remake, began);
    }
    ui.open(true)
}

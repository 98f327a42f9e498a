//! The checkout in which is built: locked for one build at a time, and rid of what earlier ones have left behind.

use super::remake::{Build, remade};
use crate::base::{RelPath, quantity};
use crate::commands::{Failure, Ui};
use crate::engine::{Engine, Lock, LockError};
use crate::process::end_stragglers;
use crate::rebuild::{self, Orphans, World};
use crate::shell::BuildArgs;

/// Opens the project and, unless it is only looked at, waits until no other build runs in this checkout. Whoever has waited builds what the
/// manifests say then: they may have been edited meanwhile, and the last run is another one. `build`: makes what has to be there first.
///
/// # Errors
/// When it cannot be opened, made or locked.
pub(super) fn opened(ui: &Ui, args: &BuildArgs, looking: bool, build: Build) -> Result<(Engine, Option<Lock>), Failure> {
    loop {
        let engine = remade(ui, args, ui.open(!looking)?, looking, build)?;
        if looking {
            return Ok((engine, None));
        }
        let (lock, sure) = engine
            .lock(&mut |holder| {
                let holder = if holder.is_empty() { String::new() } else { format!(" ({holder})") };
                ui.say(&format!("waiting for another build in this checkout{holder}"));
            })
            .map_err(|error| unlocked(ui, &args.targets, &error))?;
        if sure {
            return Ok((engine, Some(lock)));
        }
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

/// Ends what runs that were killed have left running: it could write into what is built now. The checkout's lock says that they are over.
pub(super) fn end_stragglers_of(ui: &Ui, engine: &Engine) {
    let runs = engine.runs();
    for run in runs.unended().unwrap_or_default() {
        match end_stragglers(&[&format!("ORKET_RUN={}", run.run), &format!("ORKET_CHECKOUT={}", engine.identity())]) {
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

/// Takes away what tasks had put out that nobody puts out any more, and says so.
///
/// # Errors
/// When the disk refuses.
pub(super) fn clear_orphans(ui: &Ui, engine: &Engine, world: &World) -> Result<(), Failure> {
    let orphans = rebuild::clear_orphans(world, engine.puts_out_otherwise())
        .map_err(|error| Failure::Broken(format!("cannot take away what tasks had put out that are gone: {error}")))?;
    [gone(&orphans, world.room()), taken_over(&orphans.edited)].iter().flatten().for_each(|text| ui.say(&format!("note: {text}")));
    Ok(())
}

/// Says what somebody has changed of outputs whose tasks are gone, in one sentence; `None` if nothing.
fn taken_over(edited: &[RelPath]) -> Option<String> {
    let (is, has) = if edited.len() == 1 {
        ("is no longer declared and was changed since", "it stays, as a source")
    } else {
        ("are no longer declared and were changed since", "they stay, as sources")
    };
    Some(format!("{} that {is}: {has}: {}", quantity::plural(edited.len(), "output"), some(edited)?))
}

/// Returns the names of files, of many the first three; `None` of none.
fn some(paths: &[RelPath]) -> Option<String> {
    let names: Vec<String> = paths.iter().map(|path| format!("`{path}`")).collect();
    match &names[..] {
        [] => None,
        few if few.len() <= 4 => Some(few.join(", ")),
        many => Some(format!("{} and {} more", many[..3].join(", "), many.len() - 3)),
    }
}

/// Says what became of outputs whose tasks are gone, in one sentence; `None` if nothing did.
fn gone(orphans: &Orphans, room: &str) -> Option<String> {
    let paths: Vec<RelPath> = orphans.removed.iter().chain(orphans.displaced.iter().map(|(from, _)| from)).cloned().collect();
    let named = some(&paths)?;
    let aside = match orphans.displaced.len() {
        0 => String::new(),
        count => format!("; {count} of them, which the store does not hold, can be found in `.orket/displaced/{room}/`"),
    };
    let (is, was) = if paths.len() == 1 { ("is", "was") } else { ("are", "were") };
    Some(format!("{} that {is} no longer declared {was} removed: {named}{aside}", quantity::plural(paths.len(), "output")))
}

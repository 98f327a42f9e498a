//! What a build leaves to read: its record, and the files and the JSON that were asked for.

use std::io::{self, Write};
use std::path::Path;

use super::face::Addresses;
use crate::commands::{Failure, Ui};
use crate::disk::create;
use crate::engine::Engine;
use crate::event::Event;
use crate::report::{self, Names};
use crate::shell::BuildArgs;

/// Writes the trace and the summary of a run.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn give(ui: &Ui, args: &BuildArgs, names: &dyn Names, events: &[Event]) -> Result<(), Failure> {
    if let Some(path) = &args.trace {
        written(path, |out| report::trace(names, events, out))?;
    }
    if ui.json || args.summary.is_some() {
        let summary = report::summary(names, &report::outcomes(events), events);
        if let Some(path) = &args.summary {
            written(path, |out| writeln!(out, "{}", serde_json::to_string_pretty(&summary).unwrap_or_default()))?;
        }
        if ui.json {
            ui.out_json(&summary);
        }
    }
    Ok(())
}

/// Says that no target is affected, in all the ways that were asked for.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn nothing(ui: &Ui, args: &BuildArgs, engine: &Engine) -> Result<(), Failure> {
    let revision = args.affected.as_deref().unwrap_or_default();
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
    let result = create(path).and_then(|file| {
        let mut out = io::BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    result.map_err(|error| Failure::Broken(format!("cannot write `{}`: {error}", path.display())))
}

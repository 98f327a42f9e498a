//! What a build leaves to read: its record, and the files and the JSON that were asked for.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::face::Addresses;
use crate::commands::{Failure, Ui};
use crate::disk::create;
use crate::engine::Engine;
use crate::event::Event;
use crate::report::{self, Names, ReportKind};
use crate::shell::BuildArgs;

/// Says what cannot be written of what was asked for, before anything runs.
///
/// # Errors
/// When two are to be one file, when one may not be written ([`Ui::spare`]), or its folder is not there.
pub(super) fn ready(ui: &Ui, args: &BuildArgs, engine: &Engine) -> Result<(), Failure> {
    let named = [
        ("--events", &args.events, ReportKind::Events),
        ("--summary", &args.summary, ReportKind::Summary),
        ("--trace", &args.trace, ReportKind::Trace),
    ];
    let named = named.into_iter().filter_map(|(flag, path, kind)| Some((flag, path.as_ref()?, kind)));
    let mut known: Vec<(&str, PathBuf)> = Vec::new();
    for (flag, path, kind) in named {
        let from = seen_from(ui, path);
        let whole = fs::canonicalize(&from).unwrap_or_else(|_| {
            let folder = from.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf()).join(path.file_name().unwrap_or_default())
        });
        if engine.manifests().any(|manifest| fs::canonicalize(&manifest).is_ok_and(|manifest| manifest == whole)) {
            return Err(Failure::Wrong(format!("`{flag} {}` would write over a manifest", path.display())));
        }
        ui.spare_at(path, &whole, kind)?;
        let streams = |path: &Path| path.as_os_str() == "-" || path.starts_with("/dev") || path.starts_with("/proc");
        if let Some((other, _)) = known.iter().find(|(_, known)| *known == whole && !streams(path)) {
            return Err(Failure::Wrong(format!("{other} and {flag} cannot both be written to `{}`", path.display())));
        }
        if let Some(folder) = whole.parent().filter(|folder| !streams(path) && !folder.is_dir()) {
            return Err(Failure::Broken(format!("cannot write `{}`: there is no folder `{}`", path.display(), shown(ui, folder))));
        }
        known.push((flag, whole));
    }
    Ok(())
}

/// Returns a path that was typed, as seen from the folder that `-C` names; `-` is standard output.
pub(super) fn seen_from(ui: &Ui, path: &Path) -> PathBuf {
    if path.as_os_str() == "-" { path.to_path_buf() } else { ui.surroundings.folder.join(path) }
}

/// A folder as seen from where orket was started.
fn shown(ui: &Ui, folder: &Path) -> String {
    let here = fs::canonicalize(&ui.surroundings.folder).unwrap_or_default();
    folder.strip_prefix(&here).unwrap_or(folder).display().to_string()
}

/// Writes the trace and the summary of a run.
///
/// # Errors
/// When a file cannot be written.
pub(super) fn give(ui: &Ui, args: &BuildArgs, names: &dyn Names, events: &[Event]) -> Result<(), Failure> {
    if let Some(path) = &args.trace {
        written(ui, path, |out| report::trace(names, events, out))?;
    }
    if ui.json || args.summary.is_some() {
        let summary = report::summary(names, &report::outcomes(events), events);
        if let Some(path) = &args.summary {
            written(ui, path, |out| writeln!(out, "{}", serde_json::to_string_pretty(&summary).unwrap_or_default()))?;
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
    let names = Addresses::new(engine, ui);
    let summary = report::summary(&names, &[], &[]);
    if !args.dry_run && !args.check {
        if let Some(path) = &args.events {
            written(ui, path, |_| Ok(()))?;
        }
        if let Some(path) = &args.trace {
            written(ui, path, |out| report::trace(&names, &[], out))?;
        }
        if let Some(path) = &args.summary {
            written(ui, path, |out| writeln!(out, "{}", serde_json::to_string_pretty(&summary).unwrap_or_default()))?;
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

fn written(ui: &Ui, path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let result = create(&seen_from(ui, path)).and_then(|file| {
        let mut out = io::BufWriter::new(file);
        write(&mut out)?;
        out.flush()
    });
    result.map_err(|error| Failure::Broken(format!("cannot write `{}`: {error}", path.display())))
}

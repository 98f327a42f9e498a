//! `orket check`: the gates alone.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rayon::prelude::*;

use super::guard::{go_on, guarded};
use super::{Failure, Ui, written};
use crate::base::{RelPath, TargetId, did_you_mean, quantity};
use crate::disk::below_repository;
use crate::engine::{Engine, Inspector};
use crate::event::{Finding, GateOutcome, GateReport};
use crate::gates::{Baseline, Entry, Stage, Today, Wrong, is_unused};
use crate::graph::{Detail, TargetKind, select};
use crate::model::Gate;
use crate::process::Cancel;
use crate::report::chars::escape;
use crate::report::{ReportKind, findings};
use crate::shell::{CheckArgs, CheckFormat, StageName, exit};

/// Lets gates judge and prints what they found.
///
/// # Errors
/// When one of them found something, or could not judge.
pub fn check(ui: &Ui, args: &CheckArgs) -> Result<(), Failure> {
    if args.update_baseline && ui.surroundings.text("CI").is_some_and(|value| !matches!(value.trim(), "" | "0" | "false")) {
        let text = "error: `--update-baseline` is refused under CI: what is tolerated is decided by people\nhint: run it on your machine, and commit the file";
        return Err(Failure::Wrong(text.to_owned()));
    }
    if ui.json && !matches!(args.format, CheckFormat::Text | CheckFormat::Json) {
        let text = "error: `--json` and `--format` ask for two formats\nhint: leave `--json` out";
        return Err(Failure::Wrong(text.to_owned()));
    }
    ui.spare(args.output.as_deref(), ReportKind::Findings)?;
    guarded(|cancel| checked(ui, args, cancel))
}

fn checked(ui: &Ui, args: &CheckArgs, cancel: &Cancel) -> Result<(), Failure> {
    let engine = ui.open(true)?;
    let gates = chosen(ui, args, &engine)?;
    engine.remember();
    engine.keep_seen();
    let inspector = engine.inspector(args.quick).until(cancel);
    let judge = || {
        let ground = inspector.ground_for(&gates);
        let judged: Result<Vec<(GateReport, bool)>, _> = gates.par_iter().map(|gate| inspector.check(gate, &ground)).collect();
        go_on(cancel)?;
        judged.map(|judged| judged.into_iter().map(|(report, _)| report).collect()).map_err(|wrong| mistaken(&wrong))
    };
    if args.fix {
        fix(ui, &engine, &inspector, &gates, cancel)?;
    }
    let mut reports: Vec<GateReport> = judge()?;
    if args.update_baseline {
        if update(ui, &engine, &gates, &reports, inspector.today())?.is_empty() {
            ui.say("note: none of these gates has a `baseline`");
        }
        reports = judge()?;
    }
    inspector.keep();
    crate::gates::agree(&mut reports, &|kind| engine.gates_of(kind));
    if let Some(revision) = &args.changed {
        only_changed(&engine, revision, &mut reports)?;
        let left = reports.iter().map(|report| report.unchanged).sum::<usize>();
        // Text and orket's own format say it themselves.
        if left > 0 && !ui.json && !matches!(args.format, CheckFormat::Text | CheckFormat::Json) {
            let are = if left == 1 { "is" } else { "are" };
            ui.say(&format!("note: {} in unchanged files {are} left out", quantity::plural(left, "finding")));
        }
    }
    report_on(ui, &engine, &reports, if ui.json { CheckFormat::Json } else { args.format }, args.output.as_deref())
}

/// Prints reports or writes them to a file.
///
/// # Errors
/// When a gate found something, or could not judge.
pub(super) fn report_on(
    ui: &Ui,
    engine: &Engine,
    reports: &[GateReport],
    format: CheckFormat,
    output: Option<&Path>,
) -> Result<(), Failure> {
    let output = written(output);
    let project = below_repository(&engine.root);
    // People and code hosts look from the repository's folder.
    let placed: Vec<GateReport> = reports.iter().map(|report| report.seen_from(&project)).collect();
    let text = match format {
        CheckFormat::Text => findings::text(&placed, output.is_none() && ui.color_out, ui.width),
        CheckFormat::Json => pretty(&findings::json(reports)),
        CheckFormat::Sarif => pretty(&findings::sarif(&placed)),
        CheckFormat::Junit => findings::junit(&placed),
        CheckFormat::Github => findings::github(&placed),
        CheckFormat::Gitlab => pretty(&findings::gitlab(&placed, &project.join(engine.manifest.as_bytes()).to_string())),
    };
    match output {
        Some(path) => {
            ui.write(path, ReportKind::Findings, &text)?;
            ui.say(findings::text(&placed, ui.color_err, ui.width).trim_end());
        }
        None => ui.out(&text),
    }
    let status = reports.iter().map(|report| match report.outcome {
        GateOutcome::NotEvaluated => exit::BROKEN,
        GateOutcome::Fail if !report.warning => exit::FAILED,
        _ => exit::HOLDS,
    });
    match status.max().unwrap_or(exit::HOLDS) {
        exit::HOLDS => Ok(()),
        status => Err(Failure::Exit(status.into())),
    }
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default() + "\n"
}

/// Returns the gates that were asked for, in the order of their declaration.
fn chosen(ui: &Ui, args: &CheckArgs, engine: &Engine) -> Result<Vec<Gate>, Failure> {
    let graph = &engine.graph;
    let all: Vec<TargetId> = graph_gates(engine).collect();
    if all.is_empty() {
        return Err(Failure::NoTarget(String::from(
            "error: there is no gate in the manifest\nhint: write one; the smallest is `gate \"tidy\" kind=\"policy\" { merge_markers #false }`",
        )));
    }
    let mut wanted: BTreeSet<TargetId> = BTreeSet::new();
    for name in &args.gates {
        let found = select(graph, std::slice::from_ref(name), &engine.package).map_err(|error| {
            let names: Vec<&str> = all.iter().map(|id| graph.address(*id)).collect();
            match did_you_mean(name, names.iter().copied()) {
                Some(near) => Failure::NoTarget(format!("error: there is no gate `{name}`; did you mean `{near}`?")),
                None => Failure::from(error),
            }
        })?;
        let mut open = found.targets;
        let before = wanted.len();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            if graph.kind(id) == TargetKind::Gate {
                wanted.insert(id);
            } else if matches!(graph.kind(id), TargetKind::Rock | TargetKind::Epic) && seen.insert(id) {
                open.extend(graph.edges(id).iter().map(|edge| edge.to));
            }
        }
        if wanted.len() == before && !args.gates[..].iter().take_while(|earlier| *earlier != name).any(|earlier| earlier == name) {
            let there: Vec<String> = all.iter().map(|id| format!("`{}`", graph.address(*id))).collect();
            return Err(Failure::NoTarget(format!("error: `{name}` is no gate and holds none\nhint: the gates are {}", there.join(", "))));
        }
    }
    let ids = if args.gates.is_empty() { all } else { wanted.into_iter().collect() };
    let stage = args.stage.map(|stage| match stage {
        StageName::PreCommit => Stage::PreCommit,
        StageName::PrePush => Stage::PrePush,
        StageName::Ci => Stage::Ci,
    });
    let mut gates = Vec::new();
    let mut mistakes: Vec<Wrong> = Vec::new();
    for id in ids {
        let Detail::Gate(gate) = graph.detail(id) else { continue };
        if gate.private && args.gates.is_empty() {
            continue;
        }
        match crate::gates::read(&gate) {
            Ok(rules) => {
                if stage.is_none_or(|stage| rules.common.stages.is_empty() || rules.common.stages.contains(&stage)) {
                    gates.push(gate);
                }
            }
            Err(wrong) => mistakes.extend(wrong),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistaken(&mistakes));
    }
    match (gates.is_empty(), stage) {
        (true, Some(_)) => ui.say("note: no gate belongs to this stage"),
        (true, None) => return Err(Failure::NoTarget(String::from("error: every gate is private\nhint: name the ones to run"))),
        _ => {}
    }
    Ok(gates)
}

pub(super) fn mistaken(wrong: &[Wrong]) -> Failure {
    let texts: Vec<String> =
        wrong.iter().map(|one| format!("error[gate/wrong]: {}\n --> {}\n  = help: {}", one.message, one.place, one.help)).collect();
    Failure::Wrong(texts.join("\n"))
}

fn graph_gates(engine: &Engine) -> impl Iterator<Item = TargetId> {
    engine.graph.ids().filter(|id| engine.graph.kind(*id) == TargetKind::Gate)
}

/// Writes the baselines of gates as they would have to be, and prints what that changes; returns the files.
fn update(ui: &Ui, engine: &Engine, gates: &[Gate], reports: &[GateReport], today: &Today) -> Result<BTreeSet<RelPath>, Failure> {
    let _lock = engine.lock_baselines().map_err(|error| Failure::Broken(format!("cannot lock the baselines: {error}")))?;
    let mut files: BTreeMap<RelPath, (Baseline, Baseline)> = BTreeMap::new();
    let mut agreed = reports.to_vec();
    crate::gates::agree(&mut agreed, &|kind| engine.gates_of(kind));
    for ((gate, report), agreed) in gates.iter().zip(reports).zip(&agreed) {
        let rules = crate::gates::read(gate).map_err(|wrong| mistaken(&wrong))?;
        let Some(name) = rules.common.baseline else { continue };
        let folder = crate::gates::folder_of(gate);
        let path = crate::gates::baseline_path(&folder, &name).map_err(|error| Failure::Wrong(format!("`{name}`: {error}")))?;
        if let Some(because) = &report.because {
            return Err(Failure::Exit({
                let because = escape(because);
                ui.say(&format!("error: the gate `{}` was not evaluated, so that `{path}` stays as it is: {because}", report.address));
                exit::BROKEN.into()
            }));
        }
        if !files.contains_key(&path) {
            refuse_link(engine, &path, "file")?;
            let before = match engine.tree.read(&path) {
                Ok(bytes) => Baseline::read(&bytes).map_err(|error| Failure::Broken(format!("cannot read `{path}`: {error}")))?,
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Baseline::default(),
                Err(error) => return Err(Failure::Broken(format!("cannot read `{path}`: {error}"))),
            };
            files.insert(path.clone(), (before.clone(), before));
        }
        if let Some((_, now)) = files.get_mut(&path) {
            let whole = gates.iter().filter(|other| other.kind == gate.kind).count() == engine.gates_of(&gate.kind);
            // What a comment allows for another gate of the kind is nothing to tolerate; where some of them have not judged, that is not known.
            let stays =
                |finding: &Finding| !is_unused(finding) || agreed.findings.contains(finding) || (!whole && now.tolerates(gate, finding));
            let all: Vec<Finding> = report.findings.iter().chain(&report.alike).filter(|finding| stays(finding)).cloned().collect();
            *now = now.updated(gate, &all);
        }
    }
    let gate = |id| if let Detail::Gate(gate) = engine.graph.detail(id) { Some(gate) } else { None };
    let all: Vec<Gate> = graph_gates(engine).filter_map(gate).collect();
    for (path, (before, now)) in &files {
        if before != now || engine.tree.stat(path).is_ok_and(|there| there.is_none()) {
            engine.tree.write(path, now.text().as_bytes()).map_err(|error| Failure::Broken(format!("cannot write `{path}`: {error}")))?;
        }
        let was: BTreeSet<_> = before.entries.iter().map(Entry::identity).collect();
        let is: BTreeSet<_> = now.entries.iter().map(Entry::identity).collect();
        let (gone, new): (Vec<_>, Vec<_>) = (
            before.entries.iter().filter(|entry| !is.contains(&entry.identity())).collect(),
            now.entries.iter().filter(|entry| !was.contains(&entry.identity())).collect(),
        );
        let entries = if now.entries.len() == 1 { "entry" } else { "entries" };
        ui.say(&format!("{path}: {} {entries}, {} added, {} dropped", now.entries.len(), new.len(), gone.len()));
        for entry in gone {
            ui.say(&format!("  - {}", entry.about()));
        }
        new.iter().for_each(|entry| ui.say(&format!("  + {}", entry.about())));
        for entry in now.expired(today) {
            ui.say(&format!(
                "note: `{path}` tolerated {} until {}\nhint: mend it, or move its `until` in the file; an update leaves that to you",
                escape(&entry.about()),
                entry.until
            ));
        }
        let others: BTreeSet<String> = now.of_others(&all).map(|entry| format!("`{}`", escape(&entry.whose()))).collect();
        if !others.is_empty() {
            let others = others.into_iter().collect::<Vec<_>>().join(", ");
            ui.say(&format!(
                "note: `{path}` has entries of gates that are not in this manifest: {others}\nhint: they stay, since another manifest may share the file; take them out where none does"
            ));
        }
    }
    Ok(files.into_keys().collect())
}

/// Fails where something that is to be written is a link: what it leads to has a name of its own.
///
/// # Errors
/// When it is.
pub(super) fn refuse_link(engine: &Engine, path: &RelPath, what: &str) -> Result<(), Failure> {
    match engine.tree.stat(path).ok().flatten() {
        Some(there) if !there.is_file() => {
            Err(Failure::Wrong(format!("error: `{path}` is a link\nhint: let the gate name the {what} that it leads to")))
        }
        _ => Ok(()),
    }
}

/// Writes the files of the work tree as the fixers among the gates would have them, one fixer after the other.
fn fix(ui: &Ui, engine: &Engine, inspector: &Inspector<'_>, gates: &[Gate], cancel: &Cancel) -> Result<(), Failure> {
    for gate in gates {
        let ground = inspector.ground();
        for path in inspector.fixes(gate, &ground).map_err(Failure::Broken)? {
            let Ok(bytes) = engine.tree.read_text(&path) else { continue };
            // Of what it cannot read, it says so when it judges.
            let mended = inspector.mended(gate, &ground, &path, &bytes);
            go_on(cancel)?;
            let Ok(Some(mended)) = mended else { continue };
            let put = engine.tree.rewrite(&path, &bytes, &mended);
            let path = escape(&path.to_string());
            match put.map_err(|error| Failure::Broken(format!("cannot write `{path}`: {error}")))? {
                true => ui.say(&format!("{} mended `{path}`", gate.address)),
                false => ui.say(&format!("note: `{path}` was written while {} read it; it stays as it is", gate.address)),
            }
        }
    }
    Ok(())
}

/// Leaves only findings in files that differ from a revision.
fn only_changed(engine: &Engine, revision: &str, reports: &mut [GateReport]) -> Result<(), Failure> {
    let changed = crate::vcs::changed(&engine.root, Some(revision)).map_err(|text| Failure::Wrong(format!("error: {text}")))?;
    let changed: BTreeSet<String> = changed.iter().map(ToString::to_string).collect();
    for report in reports {
        report.unfold();
        let before = report.new_findings().count();
        report.retain(|finding| finding.file.is_empty() || changed.contains(&finding.file));
        report.unchanged = before - report.new_findings().count();
    }
    Ok(())
}

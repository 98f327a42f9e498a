//! `orket smoke`: the steps of a release, one after the other, and a report of all of them.

use std::ffi::OsString;
use std::path::Path;
use std::time::Instant;

use crossbeam_channel::Receiver;
use serde_json::{Value, json};

use super::{Failure, Ui, written};
use crate::base::{RelPath, did_you_mean};
use crate::engine::Engine;
use crate::gates::{self, Step};
use crate::graph::{Detail, TargetKind, meant};
use crate::model::Gate;
use crate::process::{end_with_this, listen_to_signals, own_command, wait_for};
use crate::report::ReportKind;
use crate::report::chars::clean;
use crate::shell::{SmokeArgs, exit};

/// Where the report is kept, unless somebody says where.
const ARCHIVE: &str = "benchmarks/results";

/// What a step prints first that does not apply here.
const SKIPPED: &str = "skipped: ";

/// A step, and what it takes to run it.
struct Planned {
    step: Step,
    /// What it is called on the screen: behind its gate where there are several.
    shown: String,
    /// The addresses of what it builds.
    targets: Vec<String>,
    /// Whether it is to run.
    wanted: bool,
}

/// What became of a step.
struct Told {
    step: Step,
    outcome: &'static str,
    duration_ms: u64,
    status: Option<String>,
    log: Option<String>,
}

/// Runs the steps of the gates of kind `release_smoke`, and writes a report of them, also of those that were not reached.
///
/// # Errors
/// When a step fails, or there is none.
pub fn smoke(ui: &Ui, args: &SmokeArgs) -> Result<(), Failure> {
    ui.spare(args.output.as_deref(), ReportKind::Smoke)?;
    let engine = ui.open(true)?;
    let steps = chosen(args, &engine)?;
    if !steps.iter().any(|planned| planned.wanted) {
        return Err(Failure::Wrong(String::from("error: no step is left to run\nhint: `--skip` names all that `--only` does")));
    }
    let cannot =
        |path: &Path, hint: &str| Failure::Wrong(format!("error: a report cannot be written to `{}`\nhint: {hint}", path.display()));
    let file = written(args.output.as_deref());
    let shown = args.output.is_some() && file.is_none();
    match file.map(|path| ui.surroundings.folder.join(path)) {
        Some(path) if !can_be_written(&path) => return Err(cannot(&path, "name a file in a folder that can be written")),
        Some(_) => {}
        None if shown => {}
        None => {
            let archive = engine.root.join(ARCHIVE);
            if std::fs::create_dir_all(&archive).is_err() || !can_be_written(&archive.join("report.json")) {
                return Err(cannot(&archive, "`--output FILE` writes it somewhere else"));
            }
        }
    }
    let signals = listen_to_signals().map_err(|error| Failure::Broken(format!("cannot listen to signals: {error}")))?;
    let mut told: Vec<Told> = Vec::new();
    let (mut code, mut ended) = (exit::HOLDS, None);
    for Planned { step, shown, targets, wanted } in steps {
        let untried = |outcome| Told { step: step.clone(), outcome, duration_ms: 0, status: None, log: None };
        let one = match (wanted, code == exit::HOLDS && ended.is_none()) {
            (false, _) => untried("skip"),
            (true, false) => untried("not_reached"),
            (true, true) => {
                let (one, failed, signal) = run(ui, &engine, step, &targets, &signals)?;
                (code, ended) = (code.max(failed), signal);
                one
            }
        };
        let took = if one.duration_ms > 0 { format!("  {} ms", one.duration_ms) } else { String::new() };
        let why = one.status.as_ref().map_or(String::new(), |status| format!("  ({status})"));
        ui.say(&format!("{:<11} {}{took}{why}", one.outcome.replace('_', " "), shown));
        told.push(one);
    }
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date().to_string();
    let untried = told.iter().all(|told| told.outcome == "skip");
    let partial = untried || told.iter().any(|told| told.outcome == "skip" && told.status.is_none());
    let outcome = match code == exit::HOLDS && ended.is_none() {
        true if partial => "partial",
        true => "pass",
        false => "fail",
    };
    let report = json!({
        "version": 1, "kind": "release_smoke", "project": engine.name, "made": today, "outcome": outcome,
        "steps": told.iter().map(as_json).collect::<Vec<_>>(),
    });
    let path = args.output.clone().unwrap_or_else(|| {
        // What was left out by hand is no evidence of a release, nor is that nothing was tried.
        let name = if partial { "release_smoke_partial" } else { "release_smoke" };
        format!("{ARCHIVE}/{today}_{name}.json").into()
    });
    if untried {
        ui.say("note: no step was tried: all of them were skipped");
    }
    let text = serde_json::to_string_pretty(&report).unwrap_or_default() + "\n";
    if shown {
        ui.out(&text);
    }
    match (&args.output, RelPath::parse(path.as_os_str().as_encoded_bytes())) {
        _ if shown => {}
        (None, Ok(inside)) => {
            let cannot = |error| Failure::Broken(format!("cannot write `{inside}`: {error}"));
            engine.tree.write(&inside, text.as_bytes()).map_err(cannot)?;
        }
        _ => ui.write(&path, ReportKind::Smoke, &text)?,
    }
    match ui.json {
        _ if shown => {}
        true => ui.out_json(&report),
        false => ui.out(&path.to_string_lossy()),
    }
    match (ended, code) {
        (Some(signal), _) => Err(Failure::Exit(128 + signal)),
        (None, exit::HOLDS) => Ok(()),
        (None, code) => Err(Failure::Exit(code.into())),
    }
}

/// Whether a file can be written there: it is asked before all steps are run in vain.
fn can_be_written(path: &Path) -> bool {
    let folder = path.as_os_str().as_encoded_bytes().ends_with(b"/") || path.is_dir();
    let open = || match path.exists() {
        true => std::fs::OpenOptions::new().append(true).open(path).is_ok(),
        false => path.parent().is_some_and(|parent| std::fs::create_dir_all(parent).is_ok() && tempfile::tempfile_in(parent).is_ok()),
    };
    !folder && open()
}

fn as_json(told: &Told) -> Value {
    json!({ "gate": told.step.gate.as_str(), "name": told.step.name, "outcome": told.outcome, "duration_ms": told.duration_ms, "status": told.status, "log": told.log })
}

/// Returns all steps in their order.
fn chosen(args: &SmokeArgs, engine: &Engine) -> Result<Vec<Planned>, Failure> {
    let graph = &engine.graph;
    let gates = graph.ids().filter(|id| graph.kind(*id) == TargetKind::Gate).filter_map(|id| match graph.detail(id) {
        Detail::Gate(gate) if &*gate.kind == "release_smoke" => Some(gate),
        _ => None,
    });
    let gates: Vec<_> = gates.collect();
    let built = |gate: &Gate, step: &Step| -> Vec<String> {
        let need = gate.needs.iter().find(|need| *need.text == *step.target);
        need.map(|need| meant(graph, need)).unwrap_or_default().into_iter().map(|id| graph.address(id).to_owned()).collect()
    };
    // The name of a gate means all of its steps.
    let is = |step: &Step, name: &String| step.name == *name || step.full_name() == *name || step.gate.as_str() == *name;
    let among = |step: &Step, names: &[String]| names.iter().any(|name| is(step, name));
    let mut steps: Vec<Planned> = Vec::new();
    for gate in &gates {
        for step in gates::steps(gate) {
            let shown = if gates.len() > 1 { step.full_name() } else { step.name.clone() };
            let wanted = (args.only.is_empty() || among(&step, &args.only)) && !among(&step, &args.skip);
            steps.push(Planned { shown, targets: built(gate, &step), wanted, step });
        }
    }
    if steps.is_empty() {
        let hint = "the smallest is `gate \"release\" kind=\"release_smoke\" { private #true; step \"unit\" }`";
        return Err(Failure::NoTarget(format!("error: there is no gate of the kind release_smoke in the manifest\nhint: {hint}")));
    }
    if let Some(name) = args.only.iter().chain(&args.skip).find(|name| !steps.iter().any(|planned| is(&planned.step, name))) {
        let near = did_you_mean(name, steps.iter().flat_map(|planned| [&*planned.step.name, &*planned.shown]));
        let near = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
        let all: Vec<String> = steps.iter().map(|planned| format!("`{}`", planned.shown)).collect();
        return Err(Failure::NoTarget(format!("error: there is no step `{name}`{near}\nhint: there are {}", all.join(", "))));
    }
    Ok(steps)
}

/// Builds one step by an orket of its own; returns what became of it, the exit status that it makes, and the signal that came.
fn run(ui: &Ui, engine: &Engine, step: Step, targets: &[String], signals: &Receiver<i32>) -> Result<(Told, u8, Option<i32>), Failure> {
    let broken = |error: std::io::Error| Failure::Broken(format!("cannot start `{}`: {error}", step.name));
    let events = tempfile::NamedTempFile::new().map_err(broken)?;
    let mut words: Vec<OsString> = vec!["-C".into(), engine.root.as_os_str().into(), "-f".into(), engine.manifest.as_path().into()];
    words.extend(["build".into(), "--quiet".into(), "--events".into(), events.path().into()]);
    words.extend(targets.iter().map(OsString::from));
    let began = Instant::now();
    let mut command = own_command().map_err(broken)?;
    command.args(words).env_clear().envs(ui.surroundings.variables.iter().cloned());
    end_with_this(&mut command);
    let mut child = command.spawn().map_err(broken)?;
    let (status, signal) = wait_for(&mut child, signals, ui.asks()).map_err(broken)?;
    let duration_ms = began.elapsed().as_millis() as u64;
    let lines = std::fs::read_to_string(events.path()).unwrap_or_default();
    let told: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let ended: Vec<&Value> = told.iter().filter(|line| line["event"] == "finished").collect();
    let own: Vec<&Value> =
        ended.iter().copied().filter(|task| task["task"].as_str().is_some_and(|address| targets.contains(&address.into()))).collect();
    let was =
        |outcome: &str| ended.iter().copied().find(|task| task["outcome"] == outcome && (outcome == "failed" || task["log"].is_string()));
    // Of what was cut off, one that had begun tells the most.
    let one = was("failed").or_else(|| was("cancelled")).or(own.first().copied());
    let text = |name: &str| one.and_then(|task| task[name].as_str()).map(str::to_owned);
    // Of several variants, one that applies is enough.
    let skipped = || own.iter().map(|task| why_skipped(engine, task)).collect::<Option<Vec<String>>>()?.into_iter().next();
    let (outcome, code, why) = match status.code() {
        Some(0) => match skipped() {
            Some(why) => ("skip", exit::HOLDS, Some(why)),
            None => ("pass", exit::HOLDS, None),
        },
        Some(code) => ("fail", u8::try_from(code).unwrap_or(exit::FAILED), text("status").or_else(|| Some(format!("exit {code}")))),
        None => ("fail", exit::FAILED, Some(status.to_string())),
    };
    let served = || told.iter().rev().find(|line| line["event"] == "service" && line["log"].is_string());
    let log = text("log").or_else(|| served().filter(|_| outcome == "fail")?["log"].as_str().map(str::to_owned));
    Ok((Told { step, outcome, duration_ms, status: why, log }, code, signal))
}

/// Returns why a task that has ended well does not apply here, if it says so: what it prints, or its conditions. What it printed when it was made
/// counts also where that was earlier.
fn why_skipped(engine: &Engine, task: &Value) -> Option<String> {
    let here = || String::from("it does not apply here");
    if task["outcome"] == "skipped" {
        return Some(task["because"].as_str().map_or_else(here, str::to_owned));
    }
    let shown = task["output"].as_str().unwrap_or_default();
    let whole = task["output_size"].as_u64().is_some_and(|size| size == shown.len() as u64);
    let kept = match matches!(task["outcome"].as_str(), Some("fresh" | "cached")) || !whole {
        true => engine.printed(task["task"].as_str()?),
        false => String::new(),
    };
    let why = [shown, &kept].into_iter().flat_map(str::lines).find_map(|line| line.strip_prefix(SKIPPED))?;
    let why = clean(why.as_bytes(), false).trim().to_owned();
    Some(if why.is_empty() { here() } else { why })
}

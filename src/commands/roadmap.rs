//! `orket roadmap`: what documents claim, and whether it holds.

use serde_json::json;

use super::check::{refuse_link, report_on};
use super::guard::{go_on, guarded};
use super::{Failure, Ui};
use crate::engine::Engine;
use crate::gates::{self, Expected, Model, Moved, Sight, Unmoved};
use crate::graph::{Detail, TargetKind};
use crate::model::Gate;
use crate::process::Cancel;
use crate::shell::{CheckFormat, RoadmapCheckArgs, RoadmapCommand};

/// The kinds of gates that are about roadmaps.
const KINDS: [&str; 2] = ["roadmap_metrics", "working_model"];

/// Looks after roadmaps.
///
/// # Errors
/// When a claim does not hold, or there is none.
pub fn roadmap(ui: &Ui, command: &RoadmapCommand) -> Result<(), Failure> {
    match command {
        RoadmapCommand::Check(args) => guarded(|cancel| check(ui, args, cancel)),
        RoadmapCommand::List => list(ui),
        RoadmapCommand::Start { item } => guarded(|cancel| moved(ui, item, &|model, _| model.start(item), cancel)),
        RoadmapCommand::Done { item } => guarded(|cancel| moved(ui, item, &|model, sight| model.done(item, sight), cancel)),
    }
}

/// Returns the gates about roadmaps, of these kinds.
fn about(engine: &Engine, kinds: &[&str]) -> Result<Vec<Gate>, Failure> {
    let graph = &engine.graph;
    let gates = graph.ids().filter(|id| graph.kind(*id) == TargetKind::Gate).filter_map(|id| match graph.detail(id) {
        Detail::Gate(gate) if kinds.contains(&&*gate.kind) => Some(gate),
        _ => None,
    });
    let gates: Vec<Gate> = gates.collect();
    if gates.is_empty() {
        let text = format!(
            "error: there is no gate of the kind {} in the manifest\nhint: the smallest is `gate \"roadmap\" kind=\"roadmap_metrics\" {{ file \"docs/ROADMAP.md\" }}`",
            kinds.join(" or ")
        );
        return Err(Failure::NoTarget(text));
    }
    Ok(gates)
}

fn check(ui: &Ui, args: &RoadmapCheckArgs, cancel: &Cancel) -> Result<(), Failure> {
    let engine = ui.open(true)?;
    let found = about(&engine, &KINDS)?;
    if let Some(since) = args.since.as_ref().filter(|_| !found.iter().any(|gate| *gate.kind == *KINDS[1])) {
        let text = format!(
            "error: no gate of the kind {} is there to look at what was committed since `{since}`\nhint: the smallest is `gate \"model\" kind=\"working_model\"`",
            KINDS[1]
        );
        return Err(Failure::NoTarget(text));
    }
    if args.update {
        update(ui, &engine, &found, cancel)?;
    }
    let inspector = engine.inspector(args.quick).until(cancel).since(args.since.clone());
    let ground = inspector.ground_for(&found);
    let reports = found.iter().map(|gate| inspector.check(gate, &ground).map(|(report, _)| report)).collect::<Result<Vec<_>, _>>();
    let reports = reports.map_err(|wrong| super::check::mistaken(&wrong))?;
    go_on(cancel)?;
    inspector.keep();
    report_on(ui, &engine, &reports, if ui.json { CheckFormat::Json } else { CheckFormat::Text }, None)
}

/// Writes the numbers of today into the documents, and says which.
fn update(ui: &Ui, engine: &Engine, found: &[Gate], cancel: &Cancel) -> Result<(), Failure> {
    let inspector = engine.inspector(false).until(cancel);
    let ground = inspector.ground();
    let mut count = 0;
    for gate in found.iter().filter(|gate| *gate.kind == *KINDS[0]) {
        let renewed = gates::renew(gate, &ground.seen_by(gate)).map_err(|unjudged| Failure::Broken(unjudged.text))?;
        go_on(cancel)?;
        for document in renewed {
            let path = &document.file;
            refuse_link(engine, path, "document")?;
            let put = engine.tree.rewrite(path, document.before.as_bytes(), document.text.as_bytes());
            if !put.map_err(|error| Failure::Broken(format!("cannot write `{path}`: {error}")))? {
                ui.say(&format!("note: `{path}` was written while its commands ran, and stays as it is; update it again"));
                continue;
            }
            document.changes.iter().for_each(|change| ui.say(&format!("{path}:{change}")));
            count += document.changes.len();
        }
    }
    if count == 0 {
        ui.say("note: no number has changed");
    }
    Ok(())
}

fn list(ui: &Ui) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let found = about(&engine, &KINDS)?;
    let inspector = engine.inspector(false);
    let ground = inspector.ground();
    let (mut rows, mut text, mut silent) = (Vec::new(), String::new(), Vec::new());
    for gate in found.iter().filter(|gate| *gate.kind == *KINDS[0]) {
        let claims = gates::claims_of(gate, &ground.seen_by(gate)).map_err(|unjudged| Failure::Broken(unjudged.text))?;
        for (file, document) in claims {
            for claim in &document.claims {
                let expected: Vec<String> = claim.expected.iter().map(shown).collect();
                let arrow = if expected.is_empty() { String::new() } else { format!(" -> {}", expected.join(", ")) };
                text.push_str(&format!("  {file}:{}  {}{arrow}\n", claim.line, claim.subject));
                rows.push(json!({
                    "gate": gate.address.as_str(), "file": file.to_string(), "line": claim.line, "claim": claim.subject, "expected": expected,
                }));
            }
            silent.extend(document.silent.iter().map(|claim| format!("{file}:{}", claim.line)));
        }
    }
    if !text.is_empty() {
        text.insert_str(0, "claims:\n");
    }
    let (mut items, mut notes) = (Vec::new(), Vec::new());
    for gate in found.iter().filter(|gate| *gate.kind == *KINDS[1]) {
        let model = gates::model(gate, &ground.seen_by(gate)).map_err(|unjudged| Failure::Broken(unjudged.text))?;
        let (standing, [roadmap, handoff]) = (model.standing(), model.places());
        let gap = if text.is_empty() { "" } else { "\n" };
        text.push_str(&format!("{gap}items of {roadmap} (Exists: not begun, Working: active in {handoff}):\n"));
        let width = standing.iter().map(|(item, _)| item.id.len()).max().unwrap_or_default();
        for (item, state) in standing {
            let lacks = match (item.accepted, item.done, item.open.len()) {
                (_, true, _) => String::from("  (done, and still here)"),
                (false, ..) => String::from("  (no acceptance criteria)"),
                (_, _, 0) => String::new(),
                (_, _, open) => format!("  ({open} of its criteria open)"),
            };
            let held = model.held(&item);
            text.push_str(&format!("  {:width$}  {state:7}  {}{lacks}\n", item.id, item.title));
            for inner in &held {
                let (outer, inner, line) = (&item.id, &inner.id, inner.line);
                notes.push(format!("note: `{inner}` stands within `{outer}` ({roadmap}:{line}), and is no item of its own\nhint: move it out, beside `{outer}`"));
            }
            let open: Vec<&String> = item.open.iter().map(|(_, text)| text).collect();
            items.push(json!({
                "gate": gate.address.as_str(), "id": item.id, "title": item.title, "line": item.line, "state": state,
                "accepted": item.accepted, "open": open, "holds": held.iter().map(|inner| &inner.id).collect::<Vec<_>>(),
            }));
        }
    }
    if ui.json {
        ui.out_json(&json!({ "version": 1, "claims": rows, "items": items }));
        return Ok(());
    }
    ui.out(&text);
    notes.iter().for_each(|note| ui.say(note));
    if !silent.is_empty() {
        ui.say(&format!("note: an arrow stands behind a command, and nothing that can be checked behind the arrow: {}", silent.join(", ")));
    }
    Ok(())
}

/// Moves an item, in the first roadmap that has it.
fn moved(ui: &Ui, item: &str, change: &dyn Fn(&Model, &dyn Sight) -> Moved, cancel: &Cancel) -> Result<(), Failure> {
    let engine = ui.open(true)?;
    let inspector = engine.inspector(true).until(cancel);
    let ground = inspector.ground();
    let mut why = String::new();
    for gate in about(&engine, &KINDS[1..])? {
        let sight = ground.seen_by(&gate);
        let model = gates::model(&gate, &sight).map_err(|unjudged| Failure::Broken(unjudged.text))?;
        let changes = match change(&model, &sight) {
            Ok(changes) => changes,
            Err(Unmoved::Missing(text)) => {
                why = text;
                continue;
            }
            Err(Unmoved::Refused(text)) => return Err(Failure::Unheld(format!("error: {text}"))),
        };
        go_on(cancel)?;
        for path in changes.iter().map(|change| &change.path) {
            refuse_link(&engine, path, "document")?;
        }
        for change in changes {
            let (path, after) = (&change.path, change.after.as_bytes());
            let put = match &change.before {
                Some(before) => engine.tree.rewrite(path, before.as_bytes(), after),
                None => engine.tree.write(path, after).map(|()| true),
            };
            if !put.map_err(|error| Failure::Broken(format!("cannot write `{path}`: {error}")))? {
                return Err(Failure::Broken(format!(
                    "error: somebody has just written `{path}`, and it stays as it is\nhint: say it again"
                )));
            }
            ui.out(&format!("{item}: {path}"));
        }
        return Ok(());
    }
    Err(Failure::NoTarget(format!("error: {why}")))
}

fn shown(expected: &Expected) -> String {
    match expected {
        Expected::Count(count) => count.text.clone(),
        Expected::Exit(code) => format!("exit {code}"),
        Expected::Text(text) => format!("`{text}`"),
    }
}

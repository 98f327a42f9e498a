//! `orket roadmap`: what documents claim, and whether it holds.

use serde_json::json;

use super::check::report_on;
use super::{Failure, Ui};
use crate::engine::Engine;
use crate::gates::{self, Expected, Model, Moved};
use crate::graph::{Detail, TargetKind};
use crate::model::Gate;
use crate::shell::{CheckFormat, RoadmapCheckArgs, RoadmapCommand};

/// The kinds of gates that are about roadmaps.
const KINDS: [&str; 2] = ["roadmap_metrics", "working_model"];

/// Looks after roadmaps.
///
/// # Errors
/// When a claim does not hold, or there is none.
pub fn roadmap(ui: &Ui, command: &RoadmapCommand) -> Result<(), Failure> {
    match command {
        RoadmapCommand::Check(args) => check(ui, args),
        RoadmapCommand::List => list(ui),
        RoadmapCommand::Start { item } => moved(ui, item, &|model| model.start(item)),
        RoadmapCommand::Done { item } => moved(ui, item, &|model| model.done(item)),
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

fn check(ui: &Ui, args: &RoadmapCheckArgs) -> Result<(), Failure> {
    let engine = ui.open(true)?;
    let found = about(&engine, &KINDS)?;
    if args.update {
        update(ui, &engine, &found)?;
    }
    let inspector = engine.inspector(args.quick);
    let ground = inspector.ground_for(&found);
    let reports = found.iter().map(|gate| inspector.check(gate, &ground).map(|(report, _)| report)).collect::<Result<Vec<_>, _>>();
    let reports = reports.map_err(|wrong| super::check::mistaken(&wrong))?;
    inspector.keep();
    report_on(ui, &reports, if ui.json { CheckFormat::Json } else { CheckFormat::Text }, None)
}

/// Writes the numbers of today into the documents, and says which.
fn update(ui: &Ui, engine: &Engine, found: &[Gate]) -> Result<(), Failure> {
    let inspector = engine.inspector(false);
    let ground = inspector.ground();
    let mut count = 0;
    for gate in found.iter().filter(|gate| *gate.kind == *KINDS[0]) {
        let renewed = gates::renew(gate, &ground.seen_by(gate)).map_err(|unjudged| Failure::Broken(unjudged.text))?;
        for document in renewed {
            let path = &document.file;
            if engine.tree.stat(path).ok().flatten().is_none_or(|there| !there.is_file()) {
                return Err(Failure::Wrong(format!("error: `{path}` is a link\nhint: let the gate name the document that it leads to")));
            }
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
    let (mut rows, mut text) = (Vec::new(), String::new());
    for gate in found.iter().filter(|gate| *gate.kind == *KINDS[0]) {
        let claims = gates::claims_of(gate, &ground.seen_by(gate)).map_err(|unjudged| Failure::Broken(unjudged.text))?;
        for (file, claim) in claims {
            let expected: Vec<String> = claim.expected.iter().map(shown).collect();
            let arrow = if expected.is_empty() { String::new() } else { format!(" -> {}", expected.join(", ")) };
            text.push_str(&format!("{file}:{}  {}{arrow}\n", claim.line, claim.subject));
            rows.push(json!({
                "gate": gate.address.as_str(), "file": file.to_string(), "line": claim.line, "claim": claim.subject, "expected": expected,
            }));
        }
    }
    let mut items = Vec::new();
    for gate in found.iter().filter(|gate| *gate.kind == *KINDS[1]) {
        let model = gates::model(gate, &ground.seen_by(gate)).map_err(|unjudged| Failure::Broken(unjudged.text))?;
        for (item, state) in model.standing() {
            text.push_str(&format!("{}  {state}  {}\n", item.id, item.title));
            items.push(json!({ "gate": gate.address.as_str(), "id": item.id, "title": item.title, "line": item.line, "state": state }));
        }
    }
    if ui.json {
        ui.out_json(&json!({ "version": 1, "claims": rows, "items": items }));
    } else {
        ui.out(&text);
    }
    Ok(())
}

/// Moves an item, in the first roadmap that has it.
fn moved(ui: &Ui, item: &str, change: &dyn Fn(&Model) -> Moved) -> Result<(), Failure> {
    let engine = ui.open(true)?;
    let inspector = engine.inspector(true);
    let ground = inspector.ground();
    let mut why = String::new();
    for gate in about(&engine, &KINDS[1..])? {
        let model = gates::model(&gate, &ground.seen_by(&gate)).map_err(|unjudged| Failure::Broken(unjudged.text))?;
        match change(&model) {
            Ok(documents) => {
                for (path, text) in documents {
                    let failed = |error| Failure::Broken(format!("cannot write `{path}`: {error}"));
                    engine.tree.write(&path, text.as_bytes()).map_err(failed)?;
                    ui.out(&format!("{item}: {path}"));
                }
                return Ok(());
            }
            Err(text) => why = text,
        }
    }
    Err(Failure::NoTarget(why))
}

fn shown(expected: &Expected) -> String {
    match expected {
        Expected::Count { number, word, .. } => format!("{number} {word}"),
        Expected::Exit(code) => format!("exit {code}"),
        Expected::Text(text) => format!("`{text}`"),
    }
}

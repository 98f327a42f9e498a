//! `orket graph imports`: what source files import.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Value, json};

use super::directions::Directions;
use super::{Failure, Ui};
use crate::base::{Place, RelPath};
use crate::disk::Tree;
use crate::engine::{Engine, OpenError, sources};
use crate::facts::{self, FactFile, Import, Imports, Known, Root};
use crate::graph::select;
use crate::report::draw::{self, DrawEdge, DrawNode, Drawing};
use crate::shell::{GraphArgs, GraphFormat};

/// Whether `imports` is no target of the project; of one with a wrong manifest, nothing else can be said than that.
pub(super) fn meant(ui: &Ui) -> bool {
    Engine::open(&ui.surroundings, false).map_or(true, |engine| select(&engine.graph, &["imports".to_owned()], &engine.package).is_err())
}

/// Prints what every source file of the project imports; without a manifest, of the folder orket was started in.
///
/// # Errors
/// When the manifest or the rules of a gate about imports are wrong, or the folder cannot be read.
pub(super) fn imports(ui: &Ui, args: &GraphArgs) -> Result<(), Failure> {
    let engine = match Engine::open(&ui.surroundings, false) {
        Err(OpenError::NoManifest(_)) => None,
        _ => Some(ui.open(false)?),
    };
    let folder = engine.as_ref().map_or_else(|| ui.surroundings.folder.clone(), |engine| engine.root.clone());
    let name = engine.as_ref().map_or("imports", |engine| &*engine.name);
    let rules = engine.as_ref().map(Directions::of).transpose().map_err(|wrong| super::check::mistaken(&wrong))?.unwrap_or_default();
    let broken = |error: std::io::Error| Failure::Broken(format!("cannot read `{}`: {error}", folder.display()));
    let tree = Tree::open(&folder).map_err(broken)?;
    let roots = [Root::whole(RelPath::root(), None)];
    let state = folder.join(".orket");
    let found = if state.is_dir() {
        let known = FactFile::open(state.join("facts").join("imports"));
        let found = facts::imports(&tree, &sources(&tree, false).map_err(broken)?, &roots, &known).map_err(broken)?;
        known.keep();
        found
    } else {
        facts::imports(&tree, &sources(&tree, false).map_err(broken)?, &roots, &facts::Forgetful).map_err(broken)?
    };
    let format = if ui.json { GraphFormat::Json } else { args.format };
    for wrong in found.unreadable.iter().filter(|_| format != GraphFormat::Json) {
        ui.say(&format!("warning: {}:{}: {}; its imports are not known", wrong.file, wrong.line, wrong.why));
    }
    match format {
        GraphFormat::Json => ui.out_json(&as_json(&found, &rules, args.unresolved)),
        _ if args.unresolved => ui.out(&unresolved(&found)),
        GraphFormat::Text => ui.out(&text(&found, &rules)),
        GraphFormat::Dot => ui.out(&draw::dot(&drawing(&found, &rules))),
        GraphFormat::Mermaid => ui.out(&draw::mermaid(&drawing(&found, &rules))),
        GraphFormat::Html => ui.out(&draw::html(&drawing(&found, &rules), name)),
    }
    Ok(())
}

fn as_json(found: &Imports, rules: &Directions, unresolved_only: bool) -> Value {
    let unresolved: Vec<Value> =
        found.unresolved.iter().map(|one| json!({ "file": one.file.to_string(), "line": one.line, "name": one.name })).collect();
    if unresolved_only {
        return json!({ "version": 1, "unresolved": unresolved });
    }
    let edges = shown(found, rules).into_iter().map(|(import, against)| {
        let mut edge = json!({
            "from": import.from,
            "to": import.to,
            "from_file": import.from_file.to_string(),
            "to_file": import.to_file.map(RelPath::to_string),
            "line": import.line,
            "column": import.column,
            "kind": import.kind.word(),
            "external": import.external,
        });
        if import.stdlib {
            edge["stdlib"] = Value::Bool(true);
        }
        if !against.is_empty() {
            edge["violations"] = json!(against);
        }
        edge
    });
    let edges: Vec<Value> = edges.collect();
    let modules = found.modules().map(|(name, file, _)| {
        let mut module = json!({ "name": name, "file": file.to_string() });
        if let Some(layer) = rules.layer(file) {
            module["layer"] = json!(layer);
        }
        module
    });
    let modules: Vec<Value> = modules.collect();
    let unreadable: Vec<Value> =
        found.unreadable.iter().map(|one| json!({ "file": one.file.to_string(), "line": one.line, "why": one.why })).collect();
    let facts = json!({ "files": found.extracted + found.cached, "extracted": found.extracted, "cached": found.cached });
    json!({ "version": 1, "edges": edges, "modules": modules, "unresolved": unresolved, "unreadable": unreadable, "facts": facts })
}

/// Returns each edge with the rules that it breaks; a package that goes by two names is one.
fn shown<'f>(found: &'f Imports, rules: &'f Directions) -> Vec<(Import<'f>, Vec<&'f str>)> {
    let place = |import: &Import<'_>| (import.from_at, import.line, import.column);
    let aliases: BTreeMap<_, Import<'_>> = found.edges().filter(|import| import.alias).map(|import| (place(&import), import)).collect();
    let edges = found.edges().filter(|import| !import.alias).map(|import| {
        let alias = aliases.get(&place(&import)).filter(|_| import.external);
        let against: Vec<&str> = rules.broken_by(&import).chain(alias.into_iter().flat_map(|alias| rules.broken_by(alias))).collect();
        let against = against.iter().enumerate().filter(|(at, rule)| !against[..*at].contains(rule)).map(|(_, rule)| *rule).collect();
        (import, against)
    });
    edges.collect()
}

fn unresolved(found: &Imports) -> String {
    let mut text = String::new();
    for one in &found.unresolved {
        let _ = writeln!(text, "{}:{}  {}", one.file, one.line, one.name);
    }
    text + &format!("{} could not be resolved\n", count(found.unresolved.len(), "import"))
}

/// Returns each module with what it imports below it, without the standard library.
fn text(found: &Imports, rules: &Directions) -> String {
    let mut text = String::new();
    let mut from = None;
    let all = shown(found, rules);
    let mut layers: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (import, _) in &all {
        layers.entry(import.from).or_default().extend(rules.layer(import.from_file));
    }
    for (import, against) in all.iter().filter(|(import, _)| !import.stdlib) {
        if from.replace(import.from) != Some(import.from) {
            let layers: Vec<&str> = layers[import.from].iter().copied().collect();
            let layer = if layers.is_empty() { String::new() } else { format!("  (layer {})", layers.join(", ")) };
            let _ = writeln!(text, "{}{layer}", import.from);
        }
        let note = match (import.kind.word(), import.external) {
            ("import", false) => String::new(),
            ("import", true) => "  (external)".to_owned(),
            (kind, false) => format!("  ({kind})"),
            (kind, true) => format!("  ({kind}, external)"),
        };
        let against = match &against[..] {
            [] => String::new(),
            rules => format!("  against {}", rules.join(", ")),
        };
        let _ = writeln!(text, "  {}{note}  {}:{}{against}", import.to, import.from_file, import.line);
    }
    let (modules, imports) = (count(found.modules().len(), "module"), count(all.len(), "import"));
    let _ = write!(text, "{modules}, {imports}");
    match found.unresolved.len() {
        0 => text.push('\n'),
        missing => {
            let _ = writeln!(text, ", {missing} unresolved (`--unresolved` lists them)");
        }
    }
    text
}

fn count(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

/// Returns the modules and the packages of others as a drawing, without the standard library.
fn drawing(found: &Imports, rules: &Directions) -> Drawing {
    let mut drawing = Drawing::default();
    let mut at: BTreeMap<(&str, bool), usize> = BTreeMap::new();
    let modules = found.modules().map(|(name, file, _)| (name, Some(file)));
    let all = shown(found, rules);
    let ends = all.iter().filter(|(import, _)| !import.stdlib).map(|(import, _)| (import.to, import.to_file));
    for (name, file) in modules.chain(ends) {
        at.entry((name, file.is_none())).or_insert_with(|| {
            let place = file.map(|file| Place { file: file.to_string().into(), line: 1, column: 1 });
            let kind = if file.is_some() { "module" } else { "package" };
            let group = file.and_then(|file| rules.layer(file)).map(str::to_owned);
            let about = group.as_ref().map(|layer| format!("layer {layer}"));
            drawing.nodes.push(DrawNode { address: name.to_owned(), kind, about, place, group });
            drawing.nodes.len() - 1
        });
    }
    // Several files of a module may import the same; where one of them must not, that is shown.
    let mut kinds: BTreeMap<(usize, usize, &str), bool> = BTreeMap::new();
    for (import, against) in &all {
        if let (Some(from), Some(to)) = (at.get(&(import.from, false)), at.get(&(import.to, import.external))) {
            *kinds.entry((*from, *to, import.kind.word())).or_default() |= !against.is_empty();
        }
    }
    for ((from, to, kind), broken) in kinds {
        drawing.edges.push(DrawEdge { from, to, kind: if broken { "violation" } else { kind } });
    }
    drawing
}

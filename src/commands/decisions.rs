//! `orket decisions`: who decides, and what it comes to.

use serde_json::json;

use super::{Failure, Ui};
use crate::decisions::{Choice, Seam};
use crate::report::chars;
use crate::run::{Choices, Overview};
use crate::shell::{DecidingArgs, exit};

/// Prints every seam and every graph decision: what was chosen, where that came from, and what else there is. Nothing is executed for it.
///
/// # Errors
/// When the project cannot be opened, something was said that cannot be followed, or a decision cannot be made.
pub fn decisions(ui: &Ui, args: &DecidingArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let choices = engine.seams.choices();
    let facts = engine.facts();
    let world = engine
        .world(String::from("look"), false)
        .map_err(|error| Failure::Broken(format!("cannot read the state of this checkout: {error}")))?;
    let on_graph = Choices::new(&engine.graph, &facts, &args.decide, &engine.package)
        .map_err(super::wrongly)?
        .overview(&world, &engine.inspector(false));
    let end = if on_graph.iter().any(|decision| decision.wrong) { Err(Failure::Exit(exit::WRONG.into())) } else { Ok(()) };
    if ui.json {
        let seams: Vec<_> = choices.iter().map(json_of).collect();
        let on_graph: Vec<_> = on_graph.iter().map(graph_json).collect();
        ui.out_json(&json!({ "version": 1, "seams": seams, "decisions": on_graph }));
        return end;
    }
    let widths = [
        choices.iter().map(|choice| choice.seam.name().len()).max().unwrap_or(0),
        choices.iter().map(|choice| chars::width(&choice.strategy)).max().unwrap_or(0),
        choices.iter().map(|choice| origin(choice).len()).max().unwrap_or(0),
    ];
    let mut text = String::new();
    for choice in choices {
        let [seam, strategy, from] = [choice.seam.name(), &choice.strategy, &origin(choice)];
        let others: Vec<&str> = choice.alternatives.iter().filter(|name| **name != choice.strategy).map(String::as_str).collect();
        let others = if others.is_empty() { String::new() } else { format!("  not {}", others.join(", ")) };
        let pad = |text: &str, width: usize| format!("{text}{}", " ".repeat(width.saturating_sub(chars::width(text))));
        text.push_str(&format!("{}  {}  {}{others}\n", pad(seam, widths[0]), pad(strategy, widths[1]), pad(from, widths[2])));
        let options: Vec<String> =
            choice.options.to_json().as_object().into_iter().flatten().map(|(name, value)| format!("{name} {value}")).collect();
        if !options.is_empty() {
            text.push_str(&format!("{}  {}\n", " ".repeat(widths[0]), options.join(", ")));
        }
    }
    text.push_str(&graph_text(&on_graph));
    ui.out(&text);
    end
}

/// The decisions of the graph, one a line, below the seams.
fn graph_text(decisions: &[Overview]) -> String {
    let name = decisions.iter().map(|decision| chars::width(&decision.address)).max().unwrap_or(0);
    let mut text = if decisions.is_empty() { String::new() } else { String::from("\non the graph\n") };
    for decision in decisions {
        let chosen = match (&decision.chosen, &decision.open) {
            (Some(chosen), _) => format!("{chosen}  {}", decision.origin.words()),
            (None, open) => format!("({})", open.as_deref().unwrap_or("not known")),
        };
        let others: Vec<&str> =
            decision.alternatives.iter().filter(|value| Some(*value) != decision.chosen.as_ref()).map(String::as_str).collect();
        let others = if others.is_empty() {
            String::new()
        } else {
            format!("  {} {}", if decision.chosen.is_some() { "not" } else { "one of" }, others.join(", "))
        };
        let padding = " ".repeat(name - chars::width(&decision.address));
        text.push_str(&format!("{}{padding}  {chosen}{others}  ({})\n", decision.address, decision.place));
    }
    text
}

/// A decision of the graph for a machine.
pub(super) fn graph_json(decision: &Overview) -> serde_json::Value {
    json!({
        "name": decision.address,
        "chosen": decision.chosen,
        "origin": decision.origin,
        "open": decision.open,
        "alternatives": decision.alternatives,
        "place": decision.place.to_string(),
        "saw": decision.saw,
    })
}

fn origin(choice: &Choice) -> String {
    choice.said().unwrap_or_else(|| String::from("default"))
}

fn json_of(choice: &Choice) -> serde_json::Value {
    let mut value = json!({
        "name": choice.seam.name(),
        "about": choice.seam.about(),
        "chosen": choice.strategy,
        "origin": choice.origin.word(),
        "options": choice.options.to_json(),
        "alternatives": choice.alternatives,
        "variable": choice.seam.variable(),
        "shapes_actions": Seam::shapes_actions(choice.seam),
    });
    if let Some(place) = choice.origin.place() {
        value["place"] = json!(place.to_string());
    }
    value
}

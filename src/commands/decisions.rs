//! `orket decisions`: who decides.

use serde_json::json;

use super::{Failure, Ui};
use crate::decisions::{Choice, Seam};
use crate::report::chars;

/// Prints every seam: its strategy, where that choice came from, and what else there is.
///
/// # Errors
/// When the project cannot be opened, or something was said that cannot be followed.
pub fn decisions(ui: &Ui) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let choices = engine.seams.choices();
    if ui.json {
        let seams: Vec<_> = choices.iter().map(json_of).collect();
        ui.out_json(&json!({ "version": 1, "seams": seams, "decisions": [] }));
        return Ok(());
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
    ui.out(&text);
    Ok(())
}

fn origin(choice: &Choice) -> String {
    match choice.origin.place() {
        Some(place) => place.to_string(),
        None if choice.origin.word() == "environment" => choice.seam.variable(),
        None if choice.origin.word() == "command_line" => String::from("--strategy"),
        None => String::from("default"),
    }
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

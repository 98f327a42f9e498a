//! `orket query`: questions about the graph.

use serde_json::json;

use super::{Failure, Ui};
use crate::cli::QueryArgs;

/// Prints one address a line.
///
/// # Errors
/// When the question cannot be read, or names what is not there.
pub fn query(ui: &Ui, args: &QueryArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let later = |_: &str| Err(String::from("this version does not know `affected` yet"));
    let lines = crate::graph::query(&engine.graph, &args.expression, &later).map_err(|error| {
        let text = error.to_string();
        if error.no_match { Failure::NoTarget(text) } else { Failure::Wrong(text) }
    })?;
    if ui.json {
        ui.out_json(&json!({ "version": 1, "lines": lines }));
    } else {
        ui.out(&lines.iter().map(|line| format!("{line}\n")).collect::<String>());
    }
    Ok(())
}

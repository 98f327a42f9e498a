//! `orket init`: writes what is not there yet, and never over what is.

use std::fs;
use std::io;

use super::init_file::write_new;
use super::{Failure, Ui, init_ci, init_layers, init_project};
use crate::manifest;
use crate::shell::{InitArgs, InitCommand};

/// Writes a manifest that fits the project, a workflow, or proposes a gate.
///
/// # Errors
/// When the file is there already, nothing can be proposed, or the disk refuses.
pub fn init(ui: &Ui, args: &InitArgs) -> Result<(), Failure> {
    match (&args.command, args.ci) {
        (Some(InitCommand::Gate { kind, write }), _) => gate(ui, kind, *write),
        (None, Some(host)) => init_ci::workflow(ui, host),
        (None, None) => {
            let text = init_project::manifest(&ui.surroundings.folder);
            let text = manifest::tidy(&text, "orket.kdl").map_err(|problems| Failure::Broken(problems.render(ui.color_err, ui.width)))?;
            write_new(ui, "orket.kdl", &text)?;
            ui.say("hint: `orket list` shows what is in it, `orket build` builds it");
            Ok(())
        }
    }
}

fn gate(ui: &Ui, kind: &str, write: bool) -> Result<(), Failure> {
    if kind != "dependency_direction" {
        return Err(Failure::Wrong(format!(
            "error: there is nothing to propose for a gate of kind `{kind}`\nhint: `orket init gate dependency_direction` proposes layers from the code as it is"
        )));
    }
    let text = init_layers::propose(ui)?;
    if !write {
        ui.out(&text);
        ui.say("hint: with `--write` it is added to orket.kdl");
        return Ok(());
    }
    let path = ui.surroundings.folder.join("orket.kdl");
    let broken = |error: io::Error| Failure::Broken(format!("cannot change `orket.kdl`: {error}"));
    let before = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::from("orket 1\n"),
        before => before.map_err(broken)?,
    };
    if before.contains("gate \"layers\"") {
        return Err(Failure::Wrong(String::from("error: orket.kdl has a gate `layers` already\nhint: remove or rename it first")));
    }
    fs::write(&path, format!("{}\n\n{text}", before.trim_end())).map_err(broken)?;
    ui.say("added the gate `layers` to orket.kdl");
    Ok(())
}

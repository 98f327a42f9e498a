//! `orket fmt`: tidies manifests.

use super::{Failure, Ui};
use crate::manifest;
use crate::shell::FmtArgs;

/// Tidies the manifest and those of its packages, or says which are not tidy.
///
/// # Errors
/// When a manifest has mistakes; with `--check`, when one is not tidy.
pub fn fmt(ui: &Ui, args: &FmtArgs) -> Result<(), Failure> {
    let engine = ui.open(false)?;
    let mut untidy = 0;
    for package in &engine.graph.header().packages {
        let broken = |error: std::io::Error| Failure::Broken(format!("cannot tidy `{}`: {error}", package.manifest));
        let bytes = engine.tree.read(&package.manifest).map_err(broken)?;
        let text = String::from_utf8_lossy(&bytes);
        let tidied = manifest::tidy(&text, &package.manifest.to_string())
            .map_err(|problems| Failure::Wrong(problems.render(ui.color_err, ui.width)))?;
        if tidied == text {
            continue;
        }
        untidy += 1;
        if args.check {
            ui.out(&format!("{} is not tidy\n", package.manifest));
        } else {
            engine.tree.write(&package.manifest, tidied.as_bytes()).map_err(broken)?;
            ui.out(&format!("tidied {}\n", package.manifest));
        }
    }
    if args.check && untidy > 0 {
        ui.say("hint: `orket fmt` tidies them");
        return Err(Failure::Failed);
    }
    Ok(())
}

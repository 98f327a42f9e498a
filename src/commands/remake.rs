//! Manifests that are made themselves (by CMake, by Meson) are made anew before anything is built from them.

use super::{Failure, Ui, build::build};
use crate::cli::BuildArgs;
use crate::engine::Engine;

/// Makes manifests anew that are older than what they are made from, and opens the project once more if there were any. `looking`: only
/// says so.
///
/// # Errors
/// When one cannot be made, or the project not be opened after that.
pub(super) fn remade(ui: &Ui, args: &BuildArgs, engine: Engine, looking: bool) -> Result<Engine, Failure> {
    let outdated = engine.outdated();
    // Whoever asks for nothing else gets it anyway.
    if outdated.iter().all(|(remake, _)| args.targets == [remake.task.as_str()]) {
        return Ok(engine);
    }
    for (remake, input) in &outdated {
        let (file, first) = (&remake.file, if looking { "a build makes it anew first" } else { "it is made anew first" });
        ui.say(&format!("note: `{file}` is older than `{input}`: {first}"));
    }
    if looking {
        return Ok(engine);
    }
    drop(engine);
    let quiet = Ui { json: false, ..ui.clone() };
    for (remake, _) in outdated {
        let only = BuildArgs { targets: vec![remake.task], jobs: args.jobs, quiet: args.quiet, verbose: args.verbose, ..BuildArgs::default() };
        build(&quiet, &only)?;
    }
    ui.open(true)
}

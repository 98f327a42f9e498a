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
    let remakes = engine.remakes();
    // Whoever asks for nothing else gets it anyway.
    let asked = |task: &str| args.targets == [task];
    if remakes.is_empty() || remakes.iter().any(|remake| asked(&remake.task) || (!args.targets.is_empty() && remake.before == args.targets)) {
        return Ok(engine);
    }
    let beside = Ui { json: false, ..ui.clone() };
    let only = |targets, quiet| BuildArgs { targets, jobs: args.jobs, quiet, verbose: args.verbose, ..BuildArgs::default() };
    for remake in remakes.into_iter().filter(|remake| !looking && !remake.before.is_empty()) {
        build(&beside, &only(remake.before, args.verbose == 0))?;
    }
    let outdated = engine.outdated();
    for (remake, input) in &outdated {
        let (file, first) = (&remake.file, if looking { "a build makes it anew first" } else { "it is made anew first" });
        ui.say(&format!("note: `{file}` is older than `{input}`: {first}"));
    }
    if looking || outdated.is_empty() {
        return Ok(engine);
    }
    for (remake, _) in outdated {
        build(&beside, &only(vec![remake.task], args.quiet))?;
    }
    ui.open(true)
}

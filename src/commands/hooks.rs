//! `orket hooks`: the gates of a stage on what is about to be committed.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};

use super::{Failure, Ui, hook_files};
use crate::engine::Surroundings;
use crate::graph::TargetKind;
use crate::process::own_command;
use crate::shell::{HooksCommand, StageName};
use crate::vcs::{ELSEWHERE, Mirror, Staging, VcsError};

/// Writes hooks, takes them away, or does what they are for.
///
/// # Errors
/// When a gate found something or could not judge, or what was asked for cannot be done.
pub fn hooks(ui: &Ui, command: &HooksCommand) -> Result<(), Failure> {
    let staging = Staging::around(&place(ui)).map_err(broken)?;
    match command {
        HooksCommand::Install => hook_files::install(ui, &staging, &below(&ui.surroundings.folder, &staging)?),
        HooksCommand::Uninstall => hook_files::uninstall(ui, &staging),
        HooksCommand::Run { stage } => run(ui, &staging, *stage),
    }
}

/// Returns the folder to ask git in: that of the process where git itself has started it, as its variables are meant from there.
fn place(ui: &Ui) -> PathBuf {
    let led = ["GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE"].iter().any(|name| ui.surroundings.text(name).is_some());
    let here = std::env::current_dir().ok().filter(|_| led);
    here.unwrap_or_else(|| ui.surroundings.folder.clone())
}

/// Returns where a folder stands in the work tree.
fn below(folder: &Path, staging: &Staging) -> Result<PathBuf, Failure> {
    let whole = |path: &Path| fs::canonicalize(path).map_err(|error| Failure::Broken(format!("cannot open `{}`: {error}", path.display())));
    let (folder, top) = (whole(folder)?, whole(staging.top())?);
    let outside = || Failure::Wrong(format!("error: `{}` is outside the work tree `{}`", folder.display(), top.display()));
    folder.strip_prefix(&top).map(Path::to_path_buf).map_err(|_| outside())
}

fn run(ui: &Ui, staging: &Staging, stage: StageName) -> Result<(), Failure> {
    let mirror = Mirror::of(staging).update(staging).map_err(broken)?;
    tracing::debug!(files = mirror.files, written = mirror.written, "the index is copied");
    let start = mirror.root.join(below(&ui.surroundings.folder, staging)?);
    let start = start.ancestors().find(|folder| folder.is_dir()).unwrap_or(&mirror.root).to_path_buf();
    let manifest = match &ui.surroundings.manifest {
        Some(given) => {
            let path = ui.surroundings.folder.join(given);
            let folder = below(path.parent().unwrap_or(&path), staging)?;
            Some(mirror.root.join(folder).join(path.file_name().unwrap_or_default()))
        }
        None => None,
    };
    let inside = || start.ancestors().take_while(|folder| folder.starts_with(&mirror.root));
    let there = match &manifest {
        Some(path) => path.is_file(),
        None => inside().any(|folder| folder.join("orket.kdl").is_file()),
    };
    if !there {
        let name = ui.surroundings.manifest.as_deref().unwrap_or(Path::new("orket.kdl")).display();
        return Err(Failure::Wrong(format!(
            "error: `{name}` is not in the index, and the rules of a commit are those that it holds itself\nhint: `git add {name}`, or `orket hooks uninstall`"
        )));
    }
    let surroundings = Surroundings { folder: start.clone(), manifest: manifest.clone(), ..ui.surroundings.clone() };
    let engine = Ui { surroundings, ..ui.clone() }.open(false)?;
    let graph = &engine.graph;
    if !graph.ids().any(|id| graph.kind(id) == TargetKind::Gate) {
        ui.say("note: there is no gate in the manifest, so that nothing was checked");
        return Ok(());
    }
    let state = engine.state();
    fs::create_dir_all(&state).map_err(|error| Failure::Broken(format!("cannot make `{}`: {error}", state.display())))?;
    // A process of its own: what git has told this one is not true in the copy.
    let mut check = own_command().map_err(|error| Failure::Broken(format!("cannot find orket itself: {error}")))?;
    check.arg("check").arg("-C").arg(&start).args(["--color", if ui.color_out { "always" } else { "never" }]);
    check.args([
        "--stage",
        match stage {
            StageName::PreCommit => "pre_commit",
            StageName::Ci => "ci",
        },
    ]);
    if let Some(manifest) = &manifest {
        check.arg("-f").arg(manifest);
    }
    if ui.json {
        check.arg("--json");
    }
    for name in ELSEWHERE {
        check.env_remove(name);
    }
    if let Some(store) = ui.surroundings.text("ORKET_CACHE_DIR") {
        check.env("ORKET_CACHE_DIR", ui.surroundings.folder.join(store));
    }
    let status = check.status().map_err(|error| Failure::Broken(format!("cannot start orket itself: {error}")))?;
    match status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0)) {
        0 => Ok(()),
        code => Err(Failure::Exit(code)),
    }
}

/// Returns what is to be said where git has no answer.
pub(super) fn broken(error: VcsError) -> Failure {
    match error {
        VcsError::NoRepository(_) | VcsError::NoFolder(_) | VcsError::Bare(_) | VcsError::Conflict(_) => Failure::Wrong(error.to_string()),
        error => Failure::Broken(error.to_string()),
    }
}

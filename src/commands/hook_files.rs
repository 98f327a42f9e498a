//! Git's hooks as files: written beside those that are there, and taken away so that all is as it was.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::json;

use super::{Failure, Ui};
use crate::vcs::{Mirror, Scope, Staging, VcsError};

/// The hooks that git starts before it makes a commit, and before it pushes some.
const HOOKS: [&str; 3] = ["pre-commit", "pre-merge-commit", "pre-push"];
/// By what a hook of orket's is known.
const MARK: &str = "# orket hook: ";
/// How a hook starts orket.
const START: &str = "\"$orket\"";
/// By what it is known that the folder was not there.
const MADE: &str = "# The folder was made with it.\n";

/// Writes the hooks of a work tree, for the project that a folder in it is of, beside those that have them already.
///
/// # Errors
/// When the folder belongs to other repositories too, when a hook cannot be put aside, or the disk refuses.
pub(super) fn install(ui: &Ui, staging: &Staging, here: &Path) -> Result<(), Failure> {
    let (folder, scope) = staging.hooks().map_err(broken)?;
    if folder.exists() && !folder.is_dir() {
        return Err(Failure::Wrong(format!(
            "error: hooks are switched off here: `core.hooksPath` is `{}`, which is no folder\nhint: `git config unset core.hooksPath`, with `--global` where it was set so, and install again",
            folder.display()
        )));
    }
    if scope == Scope::Everywhere {
        return Err(Failure::Wrong(format!(
            "error: `core.hooksPath` of the user or machine leads to `{}`, which all repositories share\nhint: call `orket hooks run pre_commit` from the hooks there, or set `git config core.hooksPath .git/hooks` in this repository",
            folder.display()
        )));
    }
    let orket = own()?;
    let made = !folder.exists();
    let home = home(staging, here);
    let project = home.as_deref().unwrap_or(here);
    refused(&folder, fs::create_dir_all(&folder))?;
    for name in HOOKS {
        let (path, before) = (folder.join(name), folder.join(format!("{name}.before-orket")));
        let old = fs::read(&path).unwrap_or_default();
        let ours = is_ours(&old);
        let mut projects = if ours { projects(&old) } else { Vec::new() };
        projects.retain(|known| known != here);
        projects.push(project.to_path_buf());
        projects.sort();
        projects.dedup();
        let text = script(name, &projects, &orket, made || (ours && String::from_utf8_lossy(&old).contains(MADE)));
        if old == text.as_bytes() {
            ui.say(&format!("{} is there already", shown(ui, &path)));
            continue;
        }
        if ours && !is_as_written(&old) {
            keep_edited(ui, &path)?;
        }
        let chained = path.symlink_metadata().is_ok() && !ours;
        if chained {
            set_aside(ui, &path, &before)?;
        }
        refused(&path, write(&path, &text))?;
        let verb = if ours { "renewed" } else { "wrote" };
        let of = if projects.len() > 1 { format!(" for {}", listed(&projects)) } else { String::new() };
        match before.symlink_metadata().is_ok() {
            true => ui.say(&format!("{verb} {}{of}; the hook that was there runs first, as {}", shown(ui, &path), shown(ui, &before))),
            false => ui.say(&format!("{verb} {}{of}", shown(ui, &path))),
        }
    }
    if home.is_none() {
        ui.say("note: there is no `orket.kdl` here yet; without one in the index, the hooks let no commit through");
    }
    Ok(())
}

/// Takes the hooks away that the project has which a folder is of, and puts those back that were there before. Where other projects have
/// hooks, they stay theirs; the repository's own folder, without a project that has some, takes all of them away.
///
/// # Errors
/// When only other projects have hooks, or the disk refuses.
pub(super) fn uninstall(ui: &Ui, staging: &Staging, here: &Path) -> Result<(), Failure> {
    let (folder, _) = staging.hooks().map_err(broken)?;
    let known: BTreeSet<PathBuf> = HOOKS.iter().flat_map(|name| projects(&fs::read(folder.join(name)).unwrap_or_default())).collect();
    let project = match home(staging, here) {
        _ if known.contains(here) => here.to_path_buf(),
        Some(home) => home,
        None => here.ancestors().find(|above| known.contains(*above)).unwrap_or(here).to_path_buf(),
    };
    let all = here.as_os_str().is_empty() && !known.contains(&project);
    if !(known.is_empty() || all || known.contains(&project)) {
        return Err(Failure::Wrong(format!(
            "error: the hooks here are of {}, and not of {}\nhint: take them away there, or all of them in the repository's folder",
            listed(&known),
            listed([&project])
        )));
    }
    let (mut made, mut stays) = (false, false);
    for name in HOOKS {
        let (path, before) = (folder.join(name), folder.join(format!("{name}.before-orket")));
        let text = fs::read(&path).unwrap_or_default();
        if !is_ours(&text) {
            let what = if path.symlink_metadata().is_ok() { "is not orket's, and stays" } else { "is not there" };
            ui.say(&format!("{} {what}", shown(ui, &path)));
            continue;
        }
        let from_made = String::from_utf8_lossy(&text).contains(MADE);
        if !is_as_written(&text) {
            keep_edited(ui, &path)?;
        }
        let others: Vec<PathBuf> = projects(&text).into_iter().filter(|other| !all && *other != project).collect();
        if !others.is_empty() {
            stays = true;
            refused(&path, write(&path, &script(name, &others, &orket_of(&text)?, from_made)))?;
            ui.say(&format!("{} stays for {}", shown(ui, &path), listed(&others)));
            continue;
        }
        made |= from_made;
        if before.symlink_metadata().is_ok() {
            refused(&path, fs::rename(&before, &path))?;
            ui.say(&format!("put {} back as it was", shown(ui, &path)));
        } else {
            refused(&path, fs::remove_file(&path))?;
            ui.say(&format!("removed {}", shown(ui, &path)));
        }
    }
    if made {
        // Whatever else was put there stays.
        let _ = fs::remove_dir(&folder);
    }
    for own in staging.all().iter().filter(|_| !stays) {
        refused(own, Mirror::below(own).remove())?;
    }
    Ok(())
}

/// Prints for a machine which hooks there are now.
///
/// # Errors
/// When git does not say where hooks are.
pub(super) fn list(ui: &Ui, staging: &Staging) -> Result<(), Failure> {
    if ui.json {
        let (folder, _) = staging.hooks().map_err(broken)?;
        let hooks: Vec<_> = HOOKS
            .iter()
            .map(|name| json!({ "name": name, "path": folder.join(name), "installed": is_ours(&fs::read(folder.join(name)).unwrap_or_default()) }))
            .collect();
        ui.out_json(&json!({ "version": 1, "hooks": hooks }));
    }
    Ok(())
}

/// Returns the folder of the manifest that is nearest above a place in the work tree.
pub(super) fn home(staging: &Staging, here: &Path) -> Option<PathBuf> {
    here.ancestors().find(|folder| staging.top().join(folder).join("orket.kdl").is_file()).map(Path::to_path_buf)
}

/// Returns the projects that a hook of orket's is for, from where it starts orket in them.
fn projects(text: &[u8]) -> Vec<PathBuf> {
    let text = String::from_utf8_lossy(text);
    let starts = text.match_indices(START).filter(|_| is_ours(text.as_bytes()));
    let place = |(at, _): (usize, &str)| match text[at + START.len()..].strip_prefix(" -C ") {
        Some(word) => unquoted(word),
        None => text[at + START.len()..].starts_with(" hooks run ").then(PathBuf::new),
    };
    starts.filter_map(place).collect()
}

/// Returns the orket that a hook falls back on.
fn orket_of(text: &[u8]) -> Result<PathBuf, Failure> {
    let text = String::from_utf8_lossy(text);
    match text.split_once("\norket=").and_then(|(_, word)| unquoted(word)) {
        Some(orket) => Ok(orket),
        None => own(),
    }
}

/// Returns the orket that runs.
fn own() -> Result<PathBuf, Failure> {
    std::env::current_exe().map_err(|error| Failure::Broken(format!("cannot find orket itself: {error}")))
}

/// Returns projects as a person reads them.
fn listed<'p>(projects: impl IntoIterator<Item = &'p PathBuf>) -> String {
    let name = |project: &PathBuf| if project.as_os_str().is_empty() { String::from("`.`") } else { format!("`{}`", project.display()) };
    projects.into_iter().map(name).collect::<Vec<_>>().join(", ")
}

fn is_ours(text: &[u8]) -> bool {
    text.split(|byte| *byte == b'\n').nth(1).is_some_and(|line| line.starts_with(MARK.as_bytes()))
}

/// Whether nobody has changed a hook since orket wrote it: what stands in brackets behind the mark is the checksum of all else.
fn is_as_written(text: &[u8]) -> bool {
    let text = String::from_utf8_lossy(text);
    let parts = text.split_once(MARK).and_then(|(before, rest)| {
        let (line, rest) = rest.split_once('\n')?;
        let (line, sum) = line.strip_suffix(']')?.rsplit_once(" [")?;
        Some((format!("{before}{MARK}{line}\n{rest}"), sum))
    });
    parts.is_some_and(|(bare, sum)| checksum(&bare) == sum)
}

fn checksum(text: &str) -> String {
    format!("{:016x}", xxhash_rust::xxh3::xxh3_64(text.as_bytes()))
}

/// Copies a hook in which somebody has written, before it is written anew or taken away.
fn keep_edited(ui: &Ui, path: &Path) -> Result<(), Failure> {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let free = |number: &u32| !path.with_file_name(format!("{name}.edited-{number}")).exists();
    let kept = path.with_file_name(format!("{name}.edited-{}", (1..).find(free).unwrap_or(1)));
    refused(&kept, fs::copy(path, &kept))?;
    ui.say(&format!("{} held lines that orket did not write; it is kept as {}", shown(ui, path), shown(ui, &kept)));
    Ok(())
}

/// Gives a hook its second name before it loses the first, so that there is none without a hook.
fn set_aside(ui: &Ui, path: &Path, before: &Path) -> Result<(), Failure> {
    match fs::hard_link(path, before) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let same = |path: &Path| path.symlink_metadata().map(|there| (there.dev(), there.ino())).ok();
            match same(path) == same(before) {
                true => Ok(()),
                false => Err(Failure::Wrong(format!(
                    "error: {} is not orket's, and {} is from an earlier one\nhint: decide which of them is still needed, and remove the other",
                    shown(ui, path),
                    shown(ui, before)
                ))),
            }
        }
        Err(_) => refused(path, fs::rename(path, before)),
    }
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let fresh = path.with_extension("orket-new");
    fs::write(&fresh, text)?;
    fs::set_permissions(&fresh, fs::Permissions::from_mode(0o755))?;
    fs::rename(&fresh, path)
}

fn script(name: &str, projects: &[PathBuf], orket: &Path, made: bool) -> String {
    // Before a push, git says on standard input what is pushed, and each hook has to be told.
    let (stage, hear, tell, leave) = match name {
        // Of a clean merge, git has written what it commits before it starts the hook.
        "pre-merge-commit" => ("pre_commit --no-fix", "", "", ""),
        "pre-push" => ("pre_push", "pushed=$(cat)\n", "printf \"${pushed:+%s\\\\n}\" \"$pushed\" | ", "[ -n \"$pushed\" ] || exit 0\n"),
        _ => ("pre_commit", "", "", ""),
    };
    let judge = |project: &PathBuf| match project.as_os_str().is_empty() {
        true => format!("{START} hooks run {stage}"),
        false => format!("{START} -C {} hooks run {stage}", quoted(project)),
    };
    let judged = match projects {
        [only] => format!("{}{}\n", if tell.is_empty() { "exec " } else { tell }, judge(only)),
        // All are judged, whatever the first comes to; a signal ends them.
        some => {
            let one = |project| format!("{tell}{} || status=$?\n[ $status -lt 128 ] || exit $status\n", judge(project));
            ["status=0\n", &*some.iter().map(one).collect::<String>(), "exit $status\n"].concat()
        }
    };
    let whole = format!(
        "#!/bin/sh
{MARK}`orket hooks install` wrote it, `orket hooks uninstall` takes it away.
{made}{hear}before=\"$(dirname -- \"$0\")/{name}.before-orket\"
if [ -x \"$before\" ]; then
    {tell}\"$before\" \"$@\" || exit $?
fi
{leave}orket={orket}
if command -v orket >/dev/null 2>&1; then
    orket=orket
elif [ ! -x \"$orket\" ]; then
    echo \"error: orket is neither in PATH nor at $orket, so that the rules of this commit cannot be checked\" >&2
    echo \"hint: install it, or remove this hook: $0\" >&2
    exit 3
fi
{judged}",
        made = if made { MADE } else { "" },
        orket = quoted(orket),
    );
    let sum = checksum(&whole);
    whole.replacen("takes it away.\n", &format!("takes it away. [{sum}]\n"), 1)
}

/// Returns a path as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', "'\\''"))
}

/// Returns the path that a text begins with as one word of a shell.
fn unquoted(text: &str) -> Option<PathBuf> {
    let (mut path, mut rest) = (String::new(), text.strip_prefix('\'')?);
    while let Some((part, behind)) = rest.split_once('\'') {
        path += part;
        match behind.strip_prefix("\\''") {
            Some(behind) => (path, rest) = (path + "'", behind),
            None => return Some(PathBuf::from(path)),
        }
    }
    None
}

/// Returns a path as a person would type it.
fn shown(ui: &Ui, path: &Path) -> String {
    let here = fs::canonicalize(&ui.surroundings.folder).unwrap_or_else(|_| PathBuf::new());
    format!("`{}`", path.strip_prefix(&ui.surroundings.folder).or_else(|_| path.strip_prefix(&here)).unwrap_or(path).display())
}

fn refused<T>(path: &Path, done: io::Result<T>) -> Result<T, Failure> {
    done.map_err(|error| Failure::Broken(format!("cannot change `{}`: {error}", path.display())))
}

/// Returns what is to be said where git has no answer.
pub(super) fn broken(error: VcsError) -> Failure {
    match error {
        VcsError::NoRepository(_) | VcsError::NoFolder(_) | VcsError::Bare(_) | VcsError::Conflict(_) => Failure::Wrong(error.to_string()),
        error => Failure::Broken(error.to_string()),
    }
}

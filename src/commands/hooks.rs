//! `orket hooks`: the gates of a stage on what is about to be committed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::guard::{go_on, guarded};
use super::hook_files::{self, broken};
use super::{Failure, Ui};
use crate::base::{RelPath, quantity};
use crate::disk::Tree;
use crate::engine::{Engine, Surroundings};
use crate::gates::{self, Stage};
use crate::graph::{Detail, TargetKind};
use crate::model::Gate;
use crate::process::{self, Cancel, Limits, Output, Spawn, Stdin, ends_with_this, own_program};
use crate::report::chars::escape;
use crate::shell::{HooksCommand, StageName, exit};
use crate::vcs::{ELSEWHERE, Given, Mirror, Staging};

/// How long the gates may take to end, which give their commands 5 seconds for that.
const GRACE: Duration = Duration::from_secs(8);

/// Writes hooks, takes them away, or does what they are for.
///
/// # Errors
/// When a gate found something or could not judge, or what was asked for cannot be done.
pub fn hooks(ui: &Ui, command: &HooksCommand) -> Result<(), Failure> {
    let mut place = place(ui);
    // What is judged may hold a folder that the work tree has not, as where that is sparse.
    while !matches!(command, HooksCommand::Install) && !place.is_dir() && place.pop() {}
    let staging = Staging::around(&place).map_err(broken)?;
    match command {
        HooksCommand::Install => {
            hook_files::install(ui, &staging, &below(&ui.surroundings.folder, &staging)?)?;
            hook_files::list(ui, &staging)
        }
        HooksCommand::Uninstall => {
            hook_files::uninstall(ui, &staging, &below(&ui.surroundings.folder, &staging)?)?;
            hook_files::list(ui, &staging)
        }
        HooksCommand::Run { stage: StageName::PrePush, .. } => guarded(|cancel| pushed(ui, &staging, cancel)),
        HooksCommand::Run { stage, no_fix } => guarded(|cancel| run(ui, &staging, *stage, !no_fix, cancel)),
    }
}

/// Lets gates judge each commit that is about to be pushed: git names them on standard input. Without any, the last one.
fn pushed(ui: &Ui, staging: &Staging, cancel: &Cancel) -> Result<(), Failure> {
    let mut text = String::new();
    if !io::stdin().is_terminal() {
        io::stdin().read_to_string(&mut text).map_err(|error| Failure::Broken(format!("cannot read what git says: {error}")))?;
    }
    let mut commits: BTreeMap<&str, &str> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let Some(Pushed { local, id, remote }) = Pushed::read(line) else {
            return Err(Failure::Wrong(format!(
                "error: `{}` is nothing that git says before a push\nhint: a line is `LOCAL-NAME COMMIT REMOTE-NAME COMMIT`; without any, the last commit is judged",
                escape(line)
            )));
        };
        let is_judged = ["refs/heads/", "refs/tags/", "refs/for/"].iter().any(|kind| remote.starts_with(kind));
        if id.bytes().all(|c| c == b'0') {
            continue;
        } else if is_judged {
            commits.insert(id, local);
        } else {
            ui.say(&format!("note: `{}` is neither a branch nor a tag, and is not judged", escape(remote)));
        }
    }
    if text.trim().is_empty() {
        commits.insert("HEAD", "HEAD");
    }
    for (commit, name) in commits {
        match staging.of_commit(commit).map_err(broken)? {
            Some(staging) => run(ui, &staging, StageName::PrePush, false, cancel)?,
            None if commit == "HEAD" => ui.say("note: there is no commit yet"),
            None if staging.has(commit).map_err(broken)? => {}
            None => return Err(Failure::Broken(format!("cannot judge `{}`: there is no `{commit}` in this repository", escape(name)))),
        }
    }
    Ok(())
}

/// What git says before a push of one name: what stands here, and under which name it is to stand there.
struct Pushed<'t> {
    local: &'t str,
    id: &'t str,
    remote: &'t str,
}

impl Pushed<'_> {
    /// Reads `LOCAL COMMIT REMOTE COMMIT`. The local name is as it was typed, and may have blanks in it: `HEAD@{1 day ago}`.
    fn read(line: &str) -> Option<Pushed<'_>> {
        let is_id = |text: &str| text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let mut words = line.trim_end().rsplitn(4, ' ');
        let (there, remote, id, local) = (words.next()?, words.next()?, words.next()?, words.next()?);
        (is_id(there) && is_id(id)).then_some(Pushed { local, id, remote })
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
    let whole = |path: &Path| {
        let there = path.ancestors().find(|path| path.exists()).unwrap_or(path);
        let whole = fs::canonicalize(there).map_err(|error| Failure::Broken(format!("cannot open `{}`: {error}", path.display())))?;
        Ok::<_, Failure>(
            path.strip_prefix(there).map_or(whole.clone(), |rest| if rest.as_os_str().is_empty() { whole } else { whole.join(rest) }),
        )
    };
    let (folder, top) = (whole(folder)?, whole(staging.top())?);
    let outside = || Failure::Wrong(format!("error: `{}` is outside the work tree `{}`", folder.display(), top.display()));
    folder.strip_prefix(&top).map(Path::to_path_buf).map_err(|_| outside())
}

fn run(ui: &Ui, staging: &Staging, stage: StageName, fix: bool, cancel: &Cancel) -> Result<(), Failure> {
    let mut mirror = Mirror::of(staging).update(staging).map_err(broken)?;
    tracing::debug!(files = mirror.files, written = mirror.written, "the index is copied");
    let project = below(&ui.surroundings.folder, staging)?;
    let at = if project.as_os_str().is_empty() { String::new() } else { format!(" -C {}", project.display()) };
    let place = if stage == StageName::PrePush { "what is pushed" } else { "the index" };
    let start = mirror.root.join(&project);
    if !start.is_dir() && !ui.surroundings.folder.is_dir() {
        return Err(Failure::Wrong(format!(
            "error: there is no folder `{}`, neither here nor in {place}\nhint: if it was a project with hooks, `orket{at} hooks uninstall` takes it out of them",
            project.display()
        )));
    }
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
        let home = || hook_files::home(staging, &project).unwrap_or(project).join("orket.kdl");
        let name = ui.surroundings.manifest.clone().unwrap_or_else(home);
        let name = name.display();
        let hint = match stage {
            StageName::PrePush => String::from("commit it, or `git push --no-verify` for a commit from before it"),
            _ => format!("`git add {name}`, or `orket{at} hooks uninstall`"),
        };
        return Err(Failure::Wrong(format!(
            "error: `{name}` is not in {place}, and the rules of a commit are those that it holds itself\nhint: {hint}"
        )));
    }
    let mut surroundings = Surroundings { folder: start.clone(), manifest: manifest.clone(), ..ui.surroundings.clone() };
    // What git has told this process is not true in the copy.
    surroundings.variables.retain(|(name, _)| !ELSEWHERE.iter().any(|known| name == known));
    let root = mirror.root.clone();
    let engine = Ui { surroundings, ..ui.clone() }.open(false)?;
    let graph = &engine.graph;
    if !graph.ids().any(|id| graph.kind(id) == TargetKind::Gate) {
        ui.say("note: there is no gate in the manifest, so that nothing was checked");
        return Ok(());
    }
    let state = engine.state();
    fs::create_dir_all(&state).map_err(|error| Failure::Broken(format!("cannot make `{}`: {error}", state.display())))?;
    if stage == StageName::PreCommit && fix && mend(ui, staging, &engine, &root, cancel)? {
        drop(mirror);
        mirror = Mirror::of(staging).update(staging).map_err(broken)?;
        tracing::debug!(written = mirror.written, "what was mended is copied");
    }
    // A process of its own, for the same reason.
    let own = own_program().map_err(|error| Failure::Broken(format!("cannot find orket itself: {error}")))?;
    let color = if ui.color_out { "always" } else { "never" };
    let mut words: Vec<OsString> = vec!["check".into(), "-C".into(), start.into(), "--color".into(), color.into(), "--stage".into()];
    words.push(match stage {
        StageName::PreCommit => "pre_commit".into(),
        StageName::PrePush => "pre_push".into(),
        StageName::Ci => "ci".into(),
    });
    if let Some(manifest) = manifest {
        words.extend(["-f".into(), manifest.into()]);
    }
    if ui.json {
        words.push("--json".into());
    }
    let mut env: Vec<(OsString, OsString)> = ui.surroundings.variables.clone();
    env.retain(|(name, _)| !ELSEWHERE.iter().any(|known| name == known));
    if let Some(store) = ui.surroundings.text("ORKET_CACHE_DIR") {
        env.push(("ORKET_CACHE_DIR".into(), ui.surroundings.folder.join(store).into()));
    }
    env.push(ends_with_this());
    let (stdin, output) = (Stdin::Null, Output::Inherit);
    let check = Spawn { program: own, arg0: "orket".into(), args: words, dir: root, env, stdin, output, apart: false, group: true };
    let limits = Limits { timeout: None, grace: GRACE, signal: Limits::TERM };
    let ended = process::run(&check, &limits, cancel, &mut |_: &[u8]| ()).map_err(|error| Failure::Broken(error.to_string()))?;
    go_on(cancel)?;
    match ended.shell_code().unwrap_or(exit::BROKEN.into()) {
        0 => Ok(()),
        code => {
            if stage == StageName::PreCommit && !fix && fixers(&engine).next().is_some() {
                ui.say("hint: git has written this merge already, so that nothing is mended in it: `git commit` makes it anew, and mends");
            }
            Err(Failure::Exit(code))
        }
    }
}

/// Returns the fixers that mend what is about to be committed.
fn fixers(engine: &Engine) -> impl Iterator<Item = Gate> {
    let of_stage = |gate: &Gate| {
        let stages = gates::read(gate).map(|rules| rules.common.stages).unwrap_or_default();
        stages.is_empty() || stages.contains(&Stage::PreCommit)
    };
    engine.graph.ids().filter_map(move |id| match engine.graph.detail(id) {
        Detail::Gate(gate) if &*gate.kind == "fixer" && !gate.private && of_stage(&gate) => Some(gate),
        _ => None,
    })
}

/// Lets fixers of this stage mend what is about to be committed: only files that differ from the last commit, and only where the text in
/// the index is the one in the work tree. Returns whether anything was mended, in the index and in the work tree.
fn mend(ui: &Ui, staging: &Staging, engine: &Engine, root: &Path, cancel: &Cancel) -> Result<bool, Failure> {
    let fixers: Vec<Gate> = fixers(engine).collect();
    // The index of `git commit FILE` is thrown away: what is written to it would be in the commit, and not in what comes after it.
    let index = ui.surroundings.text("GIT_INDEX_FILE").unwrap_or_default();
    if fixers.is_empty() || index.rsplit('/').next().is_some_and(|name| name.starts_with("next-index-")) {
        return Ok(false);
    }
    let given = staging.given().map_err(broken)?;
    let below = RelPath::parse(engine.root.strip_prefix(root).unwrap_or(Path::new("")).as_os_str().as_encoded_bytes()).unwrap_or_default();
    let work = Tree::open(staging.top()).map_err(|error| Failure::Broken(format!("cannot open `{}`: {error}", staging.top().display())))?;
    let inspector = engine.inspector(false).until(cancel);
    let (mut mended, mut said): (BTreeMap<RelPath, Mended>, Vec<String>) = Default::default();
    for gate in &fixers {
        let ground = inspector.ground();
        let meant = inspector.fixes(gate, &ground).map_err(Failure::Broken)?;
        let mut count = 0;
        for path in meant {
            let whole = below.join(path.as_bytes());
            let Some(given) = given.iter().find(|given| given.path == whole) else { continue };
            let Ok(staged) = engine.tree.read_text(&path) else { continue };
            if !work.stat(&whole).is_ok_and(|there| there.is_some_and(|there| there.is_file()))
                || !work.read(&whole).is_ok_and(|text| text == staged)
            {
                continue;
            }
            let bytes = mended.get(&whole).map_or(&staged, |mended| &mended.after);
            // Of what it cannot read, it says so when it judges.
            if let Ok(Some(after)) = inspector.mended(gate, &ground, &path, bytes) {
                mended.insert(whole, Mended { given: given.clone(), before: staged, after });
                count += 1;
            }
        }
        if count > 0 {
            said.push(format!("{} mended {}", gate.address, quantity::plural(count, "file")));
        }
    }
    go_on(cancel)?;
    inspector.keep();
    if mended.is_empty() {
        return Ok(false);
    }
    staging.stage(&mended.values().map(|mended| (mended.given.clone(), mended.after.clone())).collect::<Vec<_>>()).map_err(broken)?;
    said.iter().for_each(|line| ui.say(line));
    for (path, Mended { before, after, .. }) in &mended {
        let (put, path) = (work.rewrite(path, before, after), escape(&path.to_string()));
        let put = put.map_err(|error| Failure::Broken(format!("cannot write `{path}`: {error}")))?;
        ui.say(&if put {
            format!("  {path}")
        } else {
            format!("  {path}: staged; the file itself was written meanwhile and stays as it is")
        });
    }
    Ok(true)
}

/// What fixers have made of a staged file.
struct Mended {
    given: Given,
    before: Vec<u8>,
    after: Vec<u8>,
}

//! What can happen between two builds.

use std::fs::{self, File, FileTimes};
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::case::{Play, outputs_are};
use super::random::Random;
use super::world::{VARS, World, text};
use crate::common::{Project, wait_until};

/// The kinds of steps, by the name that fixtures use.
const KINDS: [&str; 21] = [
    "edit",
    "same_stat",
    "touch",
    "rename",
    "glob_add",
    "glob_remove",
    "each_add",
    "each_remove",
    "delete_output",
    "tamper_output",
    "mode_output",
    "replace_output",
    "var",
    "command",
    "need",
    "add_task",
    "remove_task",
    "delete_state",
    "clear_cache",
    "collect",
    "processes",
];

/// One step; the seed says what exactly it does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Step {
    kind: &'static str,
    seed: u64,
}

impl Step {
    pub fn random(random: &mut Random) -> Step {
        // Processes stand for three: a kill, a second build at once, a second checkout.
        let kind = if random.once_in(6) { "processes" } else { KINDS[random.below(KINDS.len())] };
        Step { kind, seed: random.next() % 1_000_000 }
    }

    pub fn parse(words: &[&str]) -> Option<Step> {
        let [kind, seed] = words else { return None };
        Some(Step { kind: KINDS.into_iter().find(|known| known == kind)?, seed: seed.parse().ok()? })
    }

    pub fn show(&self) -> String {
        format!("{} {}", self.kind, self.seed)
    }

    /// Whether a build follows, or the next step first.
    pub fn builds(&self) -> bool {
        !self.seed.is_multiple_of(4)
    }
}

/// Writes a world's sources and manifest.
pub fn put(project: &Project, world: &World) {
    for (path, text) in &world.sources {
        project.write(path, text);
    }
    let _ = fs::create_dir_all(project.at("g"));
    project.declare(&world.manifest());
}

/// Does one step.
///
/// # Errors
/// What did not hold in a build that belongs to the step.
pub fn apply(play: &mut Play, step: Step) -> Result<(), String> {
    let mut random = Random::new(step.seed);
    let numbers: Vec<usize> = play.world.tasks.keys().copied().collect();
    let pick_task = |random: &mut Random| numbers.get(random.below(numbers.len().max(1))).copied();
    let pick = |random: &mut Random, from: &[String]| from.get(random.below(from.len().max(1))).cloned();
    let all: Vec<String> = play.world.sources.keys().cloned().collect();
    match step.kind {
        "edit" => edit(play, &mut random),
        "same_stat" => {
            let path = pick(&mut random, &all).unwrap_or_default();
            let file = play.project.at(&path);
            let meta = fs::metadata(&file).map_err(|error| error.to_string())?;
            let old = play.world.sources[&path].clone();
            let new: String = old
                .chars()
                .map(|c| {
                    if c == 'a' {
                        'z'
                    } else if c == 'z' {
                        'a'
                    } else if c == 'b' {
                        'y'
                    } else {
                        c
                    }
                })
                .collect();
            fs::write(&file, &new).map_err(|error| error.to_string())?;
            let times = FileTimes::new().set_modified(meta.modified().unwrap()).set_accessed(meta.accessed().unwrap());
            File::options().write(true).open(&file).and_then(|file| file.set_times(times)).map_err(|error| error.to_string())?;
            play.world.sources.insert(path, new);
        }
        "touch" => {
            if let Some(path) = pick(&mut random, &all) {
                play.project.write(&path, &play.world.sources[&path]);
            }
        }
        "rename" => {
            if let Some(old) = pick(&mut random, &play.world.under("s/")) {
                let new = format!("s/r{}", step.seed);
                let text = play.world.sources.remove(&old).unwrap_or_default();
                play.world.sources.insert(new.clone(), text);
                for task in play.world.tasks.values_mut() {
                    task.sources.iter_mut().filter(|source| **source == old).for_each(|source| source.clone_from(&new));
                }
                fs::rename(play.project.at(&old), play.project.at(&new)).map_err(|error| error.to_string())?;
            }
        }
        "glob_add" | "each_add" => {
            let path = format!("{}/n{}", if step.kind == "glob_add" { "g" } else { "e" }, random.below(9));
            play.world.sources.insert(path.clone(), text(&mut random));
            play.project.write(&path, &play.world.sources[&path]);
        }
        "glob_remove" | "each_remove" => {
            let folder = if step.kind == "glob_remove" { "g/" } else { "e/" };
            if let Some(path) = pick(&mut random, &play.world.under(folder)) {
                play.world.sources.remove(&path);
                play.project.remove(&path);
            }
        }
        "delete_output" | "tamper_output" | "mode_output" | "replace_output" => {
            let outputs: Vec<String> = play.world.evaluate().into_values().flat_map(|one| one.outputs.into_keys()).collect();
            if let Some(path) = pick(&mut random, &outputs) {
                play.placed.clear();
                spoil(&play.project.at(&path), step.kind).map_err(|error| format!("{path}: {error}"))?;
            }
        }
        "var" => {
            let number = random.below(VARS);
            play.world.vars[number] = random.below(4);
        }
        "command" => {
            if let Some(task) = pick_task(&mut random).and_then(|number| play.world.tasks.get_mut(&number)) {
                task.salt = (task.salt + 1 + random.below(3)) % 5;
            }
        }
        "need" => {
            if let (Some(from), Some(to)) = (pick_task(&mut random), pick_task(&mut random))
                && from != to
            {
                let needs = &mut play.world.tasks.get_mut(&from.max(to)).ok_or("no task")?.needs;
                if !needs.remove(&from.min(to)) {
                    needs.insert(from.min(to));
                }
            }
        }
        "add_task" => play.world.add(&mut random),
        "remove_task" => {
            if let Some(number) = pick_task(&mut random) {
                play.world.drop_task(number);
            }
        }
        "delete_state" => {
            play.placed.clear();
            let _ = fs::remove_dir_all(play.project.at(".orket"));
        }
        "clear_cache" | "collect" => {
            let words = if step.kind == "collect" { "cache gc --max-size 0" } else { "cache clear" };
            play.stored.clear();
            let (code, seen) = play.project.run(words).either();
            if code != 0 {
                return Err(seen.all());
            }
        }
        _ => {
            edit(play, &mut random);
            match random.below(3) {
                0 => kill(play, &mut random),
                1 => both(play)?,
                _ => second_checkout(play)?,
            }
        }
    }
    play.set_vars();
    if matches!(step.kind, "rename" | "command" | "need" | "add_task" | "remove_task") {
        play.project.declare(&play.world.manifest());
    }
    Ok(())
}

fn edit(play: &mut Play, random: &mut Random) {
    let all: Vec<String> = play.world.sources.keys().cloned().collect();
    let path = all[random.below(all.len())].clone();
    let new = text(random);
    play.project.write(&path, &new);
    play.world.sources.insert(path, new);
}

fn spoil(path: &Path, how: &str) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let link = match path.symlink_metadata() {
        // An earlier step took the output away or put a folder in its place, and no build has followed yet.
        Err(_) => return Ok(()),
        Ok(meta) if meta.is_dir() => return Ok(()),
        Ok(meta) => meta.is_symlink(),
    };
    match how {
        "tamper_output" if !link => {
            // A file that shares its bytes with the store must not take the store along.
            fs::set_permissions(path, fs::Permissions::from_mode(0o644))?;
            fs::remove_file(path)?;
            fs::write(path, "tampered")
        }
        "mode_output" if !link => {
            let mode = path.metadata()?.permissions().mode();
            fs::set_permissions(path, fs::Permissions::from_mode(mode ^ 0o111))
        }
        "replace_output" => {
            fs::remove_file(path)?;
            fs::create_dir(path)?;
            fs::write(path.join("mine"), "mine")
        }
        _ => fs::remove_file(path),
    }
}

/// Kills a build at a random moment, and waits until what it had started is gone.
fn kill(play: &mut Play, random: &mut Random) {
    play.placed.clear();
    let build = play.project.start("build");
    thread::park_timeout(Duration::from_micros(random.below(60_000) as u64));
    build.signal(Signal::KILL);
    build.end();
    assert!(wait_until(|| !busy(&play.project.root())), "something still runs in the project 30 seconds after orket was killed");
}

/// Whether a process works in the folder.
pub fn busy(root: &Path) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| fs::read_link(process.path().join("cwd")).is_ok_and(|folder| folder.starts_with(root)))
}

/// Two builds at once: both succeed.
fn both(play: &mut Play) -> Result<(), String> {
    let before = play.project.log().len();
    let first = play.project.start("build");
    let (code, seen) = play.project.run("build").either();
    let first = first.end();
    if code != 0 || first.code() != 0 {
        return Err(format!("two at once: {code} and {}\n{}\n{}", first.code(), seen.all(), String::from_utf8_lossy(&first.err)));
    }
    let made = play.world.evaluate();
    let ran = &play.project.log()[before..];
    play.ran_no_more(&made, ran).map_err(|why| format!("two at once: {why}"))?;
    outputs_are(&play.project.root(), &made).map_err(|why| format!("two at once: {why}"))?;
    play.store(&made, ran);
    Ok(())
}

/// Another checkout of the same sources, with the same store.
fn second_checkout(play: &mut Play) -> Result<(), String> {
    let second = play.project.base().join("second");
    let _ = fs::remove_dir_all(&second);
    for (path, text) in &play.world.sources {
        play.project.write(&format!("../second/{path}"), text);
    }
    let manifest = play.project.placed(&play.world.manifest());
    play.project.write("../second/orket.kdl", manifest);
    let _ = fs::create_dir_all(second.join("g"));
    let (code, seen) = play.project.run_in("../second", "build").either();
    let made = play.world.evaluate();
    if code != 0 {
        return Err(format!("second checkout: exit {code}\n{}", seen.all()));
    }
    let placed = std::mem::take(&mut play.placed);
    play.ran_no_more(&made, seen.names_that_ran()).map_err(|why| format!("second checkout: {why}\n{}", seen.all()))?;
    outputs_are(&second, &made).map_err(|why| format!("second checkout: {why}\n{}", seen.all()))?;
    let ran = seen.names_that_ran().to_vec();
    play.store(&made, &ran);
    play.placed = placed;
    Ok(())
}

//! What can happen between two builds.

use std::fs::{self, File, FileTimes};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use super::case::Play;
use super::processes::{both, edit_under_a_build, kill, second_checkout};
use super::random::Random;
use super::spoil::{spoil, swap};
use super::world::{DOTENV, VARS, World, text};
use crate::common::Project;

/// What befalls a watcher, with an edit meanwhile.
const BEFALLS: &str = "befalls_the_watcher";

/// The kinds of steps, by the name that fixtures use.
const KINDS: [&str; 35] = [
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
    "form",
    "name",
    "swap_names",
    "take",
    "put_back",
    "shadow",
    "swap",
    "swap_outputs",
    "link_output",
    "link_folder",
    "fifo_output",
    "stale_output",
    "edit_under_a_build",
    "decision",
];

/// Those after which other tasks are declared, or run.
const CHANGES: [&str; 11] =
    ["rename", "command", "need", "add_task", "remove_task", "form", "name", "swap_names", "take", "put_back", "decision"];

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

    /// Returns a step in which something befalls the watcher.
    pub fn befalls(random: &mut Random) -> Step {
        Step { kind: BEFALLS, seed: random.next() % 1_000_000 }
    }

    pub fn parse(words: &[&str]) -> Option<Step> {
        let [kind, seed] = words else { return None };
        Some(Step { kind: KINDS.into_iter().chain([BEFALLS]).find(|known| known == kind)?, seed: seed.parse().ok()? })
    }

    pub fn show(&self) -> String {
        format!("{} {}", self.kind, self.seed)
    }

    /// Whether a build follows, or the next step first.
    pub fn builds(&self) -> bool {
        !self.seed.is_multiple_of(4)
    }
}

/// Writes a world's sources, programs and manifest, and gives orket its variables.
pub fn put(project: &mut Project, world: &World) {
    for (path, text) in &world.sources {
        project.write(path, text);
    }
    let _ = fs::create_dir_all(project.at("g"));
    surround(project, world);
    project.declare(&world.manifest());
}

/// Gives orket the variables and programs that a world has.
fn surround(project: &mut Project, world: &World) {
    for (number, value) in world.vars.iter().enumerate() {
        project.set(&format!("V{number}"), Some(&value.to_string()));
    }
    project.set("ON", Some(&world.on.to_string()));
    put_dotenv(project, "", world);
    let base = project.base().to_path_buf();
    let folders = ["near", "far"].map(|folder| base.join(folder));
    for (folder, version) in folders.iter().zip(world.tools) {
        let _ = fs::create_dir_all(folder);
        let tool = folder.join("tool");
        let text = version.map(|version| format!("#!/bin/sh\nprintf %s {version}$1\n"));
        if fs::read_to_string(&tool).ok() != text {
            let _ = fs::remove_file(&tool);
            version.zip(text).into_iter().for_each(|(version, text)| place_tool(&base, &tool, version, &text));
        }
    }
    let path = std::env::var("PATH").unwrap_or_default();
    project.set("PATH", Some(&format!("{}:{}:{path}", folders[0].display(), folders[1].display())));
}

/// Writes or removes the `dotenv` file of a checkout, unless it is as it should be.
pub fn put_dotenv(project: &Project, checkout: &str, world: &World) {
    let path = format!("{checkout}{DOTENV}");
    let text = world.dotenv.map(|value| format!("D={value}\n"));
    if fs::read_to_string(project.at(&path)).ok() != text {
        let _ = fs::remove_file(project.at(&path));
        if let Some(text) = text {
            project.write(&path, text);
        }
    }
}

/// Puts a version of `tool` there, the even ones as links.
fn place_tool(base: &Path, path: &Path, version: usize, text: &str) {
    let script = base.join(format!("tool{version}"));
    if !script.exists() {
        fs::write(&script, text).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    }
    if version.is_multiple_of(2) { symlink(script, path).unwrap() } else { fs::hard_link(script, path).unwrap() }
}

/// Does one step.
///
/// # Errors
/// What did not hold in a build that belongs to the step.
pub fn apply(play: &mut Play, step: Step) -> Result<(), String> {
    // What somebody has changed stays where its task is left out or gone, so it is mended before.
    if play.spoilt && CHANGES.contains(&step.kind) {
        play.build()?;
    }
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
                play.world.rename_source(&old, &new);
                fs::rename(play.project.at(&old), play.project.at(&new)).map_err(|error| error.to_string())?;
            }
        }
        "glob_add" => add(play, &mut random, "g"),
        "each_add" => add(play, &mut random, "e"),
        "glob_remove" => remove(play, &mut random, "g/"),
        "each_remove" => remove(play, &mut random, "e/"),
        "delete_output" | "tamper_output" | "mode_output" | "replace_output" | "link_output" | "link_folder" | "fifo_output"
        | "stale_output" | "swap_outputs" => {
            play.spoilt = true;
            spoil(play, &mut random, step.kind).map_err(|error| error.to_string())?;
        }
        "swap" => {
            if let (Some(one), Some(other)) = (pick(&mut random, &all), pick(&mut random, &all))
                && one != other
            {
                swap(&play.project.at(&one), &play.project.at(&other)).map_err(|error| error.to_string())?;
                let texts = [&one, &other].map(|path| play.world.sources[path].clone());
                play.world.sources.extend([other, one].into_iter().zip(texts));
            }
        }
        "var" => {
            let number = random.below(VARS);
            play.world.vars[number] = random.below(4);
            if step.seed.is_multiple_of(3) {
                play.world.dotenv = Some(step.seed as usize / 3 % 4).filter(|value| *value < 3);
            }
        }
        "command" => {
            if let Some(task) = pick_task(&mut random).and_then(|number| play.world.tasks.get_mut(&number)) {
                task.salt = (task.salt + 1 + random.below(3)) % 5;
            }
        }
        "form" => {
            if let Some(task) = pick_task(&mut random).and_then(|number| play.world.tasks.get_mut(&number)) {
                task.argv = !task.argv;
            }
        }
        "name" => {
            // What stands there is known by address, and by the store.
            play.placed.clear();
            if let Some(number) = pick_task(&mut random) {
                play.world.rename_task(number, &format!("n{}", random.below(9)));
            }
        }
        "swap_names" => {
            play.placed.clear();
            if let (Some(one), Some(other)) = (pick_task(&mut random), pick_task(&mut random)) {
                let names = [one, other].map(|number| play.world.tasks[&number].name.clone());
                for (number, name) in [other, one].into_iter().zip(names) {
                    play.world.tasks.get_mut(&number).ok_or("no task")?.name = name;
                }
            }
        }
        "take" => {
            if let Some(number) = pick_task(&mut random) {
                play.world.take(number);
            }
        }
        "put_back" => {
            if let Some(&number) = play.world.away.keys().next() {
                play.world.put_back(number);
            }
        }
        "shadow" => match random.below(3) {
            0 => play.world.tools[0] = None,
            which => play.world.tools[which - 1] = Some(random.below(4)),
        },
        BEFALLS => play.befall(&mut random, edit),
        "edit_under_a_build" => edit_under_a_build(play, &mut random)?,
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
        "decision" => play.world.on = !play.world.on,
        "add_task" => play.world.add(&mut random),
        "remove_task" => {
            if let Some(number) = pick_task(&mut random) {
                play.world.drop_task(number);
            }
        }
        "delete_state" => {
            play.placed.clear();
            // Without the state nobody knows whose outputs are there: those of tasks that are left out would be a person's.
            if !play.world.on || !play.world.away.is_empty() {
                play.build()?;
                play.placed.clear();
            }
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
    surround(&mut play.project, &play.world);
    if CHANGES.contains(&step.kind) {
        play.project.declare(&play.world.manifest());
    }
    Ok(())
}

/// Writes another text, or the same, to a source.
pub fn edit(play: &mut Play, random: &mut Random) {
    let all: Vec<String> = play.world.sources.keys().cloned().collect();
    let path = all[random.below(all.len())].clone();
    let new = text(random);
    play.project.write(&path, &new);
    play.world.sources.insert(path, new);
}

/// Makes, or writes anew, a source that a pattern finds.
pub fn add(play: &mut Play, random: &mut Random, folder: &str) {
    let path = format!("{folder}/n{}", random.below(9));
    play.world.sources.insert(path.clone(), text(random));
    play.project.write(&path, &play.world.sources[&path]);
}

/// Removes a source that a pattern finds.
pub fn remove(play: &mut Play, random: &mut Random, folder: &str) {
    let all = play.world.under(folder);
    if let Some(path) = all.get(random.below(all.len().max(1))) {
        play.world.sources.remove(path);
        play.project.remove(path);
    }
}

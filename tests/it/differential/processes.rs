//! What other processes do: a build that is killed or edited under, two builds at once, another checkout.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use super::case::{Play, outputs_are};
use super::random::Random;
use super::steps::{add, edit, put_dotenv, remove};
use crate::common::wait_until;

/// Kills a build at a random moment, and waits until what it had started is gone.
pub fn kill(play: &mut Play, random: &mut Random) {
    play.placed.clear();
    let build = play.project.start("build");
    thread::park_timeout(Duration::from_micros(random.below(60_000) as u64));
    build.signal(Signal::KILL);
    build.end();
    rest(&play.project.root(), "orket was killed");
}

/// Edits while a build is under way whose tasks have been judged and have read nothing yet: what they read is not what they were judged by.
/// Then the build is killed or ends as it can, and now and then all is as it was again.
///
/// # Errors
/// When neither a task was started nor the build ended.
pub fn edit_under_a_build(play: &mut Play, random: &mut Random) -> Result<(), String> {
    play.placed.clear();
    let hold = play.project.base().join("hold");
    fs::write(&hold, "").unwrap();
    let before = (play.world.sources.clone(), play.project.log().len());
    let mut build = play.project.start("build");
    if !wait_until(|| play.project.log().len() > before.1 || build.is_over()) {
        return Err(format!("a build with an edit under it does not start a task\n{}", build.said()));
    }
    for _ in 0..1 + random.below(3) {
        match random.below(4) {
            0 => add(play, random, "g"),
            1 => remove(play, random, "g/"),
            _ => edit(play, random),
        }
    }
    fs::remove_file(&hold).unwrap();
    if random.once_in(3) {
        thread::park_timeout(Duration::from_micros(random.below(10_000) as u64));
        build.signal(Signal::KILL);
    }
    build.end();
    if random.once_in(2) {
        let after = std::mem::replace(&mut play.world.sources, before.0);
        for path in after.keys().filter(|path| !play.world.sources.contains_key(*path)) {
            play.project.remove(path);
        }
        for (path, text) in play.world.sources.iter().filter(|(path, text)| after.get(*path) != Some(text)) {
            play.project.write(path, text);
        }
    }
    rest(&play.project.root(), "orket ended");
    Ok(())
}

/// Whether a process works in the folder.
pub fn busy(root: &Path) -> bool {
    !working(root).is_empty()
}

/// Returns the processes that work in the folder: number, state and command line.
fn working(root: &Path) -> Vec<String> {
    let works = |process: &Path| fs::read_link(process.join("cwd")).is_ok_and(|folder| folder.starts_with(root));
    let tell = |process: &Path| {
        let read = |name| String::from_utf8_lossy(&fs::read(process.join(name)).unwrap_or_default()).replace('\0', " ");
        format!("{} {}", read("stat").trim(), read("cmdline"))
    };
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.map(|process| process.path()).filter(|process| works(process)).map(|process| tell(&process)).collect()
}

/// Waits until nothing works in the folder.
fn rest(root: &Path, since: &str) {
    assert!(wait_until(|| !busy(root)), "30 seconds after {since}, there still are in the project: {:#?}", working(root));
}

/// Two builds at once: both succeed.
pub fn both(play: &mut Play) -> Result<(), String> {
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
pub fn second_checkout(play: &mut Play) -> Result<(), String> {
    let second = play.project.base().join("second");
    let _ = fs::remove_dir_all(&second);
    for (path, text) in &play.world.sources {
        play.project.write(&format!("../second/{path}"), text);
    }
    let manifest = play.project.placed(&play.world.manifest());
    play.project.write("../second/orket.kdl", manifest);
    let _ = fs::create_dir_all(second.join("g"));
    put_dotenv(&play.project, "../second/", &play.world);
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

//! `orket watch`: build, and build again whenever something changes that it rests on.

use std::ffi::OsString;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, after, bounded, never, select};
use rustc_hash::FxHashSet;

use super::keep::{Keeper, keep_watch};
use super::{Failure, Ui};
use crate::base::{RelPath, TargetId, quantity};
use crate::disk::{Changes, Signature, Watch};
use crate::engine::{Engine, Reach, Sentinel, Unrest};
use crate::graph::{TargetKind, select};
use crate::plan::Plan;
use crate::process::{OUTDATED, end_process, listen_to_signals, own_command};
use crate::shell::{BuildArgs, WatchArgs};

/// How long nothing has to change before the next build: editors and version control write several files at once.
const QUIET: Duration = Duration::from_millis(50);

/// How long is waited for that: something may never be quiet.
const PATIENCE: Duration = Duration::from_millis(500);

/// How long changes under a build are gathered before it is found out whether they end it.
const GATHERED: Duration = Duration::from_millis(25);

/// How many changed files are named.
const NAMED: usize = 3;

/// The signal of Ctrl-C.
const INTERRUPT: i32 = 2;
const QUIT: i32 = 3;

/// Builds, then builds again on each change, until a signal comes. Every build is a process of its own, called with `words`.
///
/// # Errors
/// When the manifest is wrong at the start, or nothing can be watched; and with the signal that ended it.
pub fn watch(ui: &Ui, args: &WatchArgs, words: &[OsString]) -> Result<(), Failure> {
    let WatchArgs { build: args, no_build } = args;
    if args.dry_run || args.check || args.rerun.is_some() || args.affected.is_some() {
        return Err(Failure::Wrong(String::from(
            "`orket watch` builds what changes; -n, --check, --rerun and --affected belong to `orket build`",
        )));
    }
    let say = |text: &str| {
        if !args.quiet {
            ui.say(text);
        }
    };
    let signals = listen_to_signals().map_err(|error| Failure::Broken(format!("cannot listen to signals: {error}")))?;
    if *no_build {
        return keep_watch(ui, &signals);
    }
    let (mut scene, mut unrest, mut polls) = (Scene::open(ui, args)?, Unrest::default(), false);
    let (mut changes, mut keeper) = (Changes::default(), Keeper::default());
    loop {
        keeper.keep(ui, &scene.engine);
        let (mut child, mut under) = (build(ui, words)?, Changes::default());
        if let Some(signal) = scene.until_built(&mut child, &signals, &unrest, &mut under) {
            return Err(Failure::Exit(128 + signal));
        }
        keeper.built(ui);
        scene.look_outside();
        changes.add(under.clone());
        if scene.outlived || scene.engine.is_outlived(&changes) {
            match Scene::open(ui, args) {
                // What was told to the one is not told to the other.
                Ok(new) => std::mem::replace(&mut scene, new).watch.take_rest(&mut under),
                // While it is wrong, what was known of the project serves.
                Err(_) => scene.outlived = true,
            }
        }
        scene.sentinel.sift(&mut under);
        changes = unrest.over(&under);
        if scene.reached(&changes) == Reach::Nothing {
            if scene.reached(&under) != Reach::Nothing {
                say(&format!("note: not built again for what changes under every build, as if a task wrote it: {}", named(&under)));
            }
            if let Some(why) = scene.watch.polls.as_ref().filter(|_| !std::mem::replace(&mut polls, true)) {
                ui.say(&format!("note: the system does not tell of changes, so they are looked for every second: {why}"));
            }
            say(&format!("watching {} for changes (Ctrl-C ends)", scene.what()));
            changes = Changes::default();
            if let Some(signal) = scene.until_changed(&signals, &mut changes) {
                return Err(Failure::Exit(128 + signal));
            }
        } else {
            scene.until_quiet(&mut changes);
        }
        say(&format!("changed: {}", named(&changes)));
    }
}

/// The project, and who watches it.
struct Scene {
    engine: Engine,
    goal: FxHashSet<TargetId>,
    sentinel: Sentinel,
    watch: Watch,
    /// Whether the project is another one now, which could not be opened.
    outlived: bool,
    /// What a build makes before it knows its graph: that ends no build.
    made_first: FxHashSet<RelPath>,
    /// Whether a person sits at standard input.
    terminal: bool,
}

impl Scene {
    fn open(ui: &Ui, args: &BuildArgs) -> Result<Scene, Failure> {
        let engine = ui.open(false)?;
        let targets = select(&engine.graph, &args.targets, &engine.package)?.targets;
        let plan = Plan::without(&engine.graph, &targets, false, &|_| false);
        let goal: FxHashSet<TargetId> = plan.steps().map(|step| plan.target(step)).collect();
        let (ignored, own) = (engine.passed_over(&|id| goal.contains(&id)), own_output());
        let tree = engine.tree.clone();
        let is_own = move |path: &RelPath| tree.stat(path).ok().flatten().is_some_and(|stamp| own.contains(&(stamp.device, stamp.inode)));
        let watch = Watch::begin(&engine.tree, Arc::new(move |path: &RelPath| ignored(path) || is_own(path)))
            .map_err(|why| Failure::Broken(format!("cannot watch `{}`: {why}", engine.root.display())))?;
        let made_first = engine.remakes().into_iter().flat_map(|remake| remake.along.into_iter().chain([remake.file])).collect();
        let mut scene = Scene { goal, sentinel: engine.sentinel(), engine, watch, outlived: false, made_first, terminal: ui.asks() };
        scene.look_outside();
        Ok(scene)
    }

    /// Watches what a build has found to stand outside of the project, too.
    fn look_outside(&mut self) {
        let goal = &self.goal;
        self.watch.look_outside(self.engine.outside(&|id| goal.contains(&id)));
    }

    fn reached(&mut self, changes: &Changes) -> Reach {
        let goal = &self.goal;
        match self.sentinel.reached(&self.engine, changes, &|id| goal.contains(&id)) {
            // Nobody knows what the manifest rests on that is being mended.
            Reach::Nothing if self.outlived && !changes.is_empty() => Reach::Gates,
            reach => reach,
        }
    }

    /// What is watched, in words.
    fn what(&self) -> String {
        let graph = &self.engine.graph;
        let judged = |id: &&TargetId| matches!(graph.kind(**id), TargetKind::Task | TargetKind::Gate);
        let tasks = quantity::plural(self.goal.iter().filter(judged).count(), "task");
        match self.watch.folders() {
            0 => tasks,
            folders => format!("{} of {tasks}", quantity::plural(folders, "folder")),
        }
    }

    /// Waits for a build to end, and ends it as soon as something changes that its goal rests on. Returns the signal that ends it all.
    fn until_built(&mut self, child: &mut Child, signals: &Receiver<i32>, unrest: &Unrest, under: &mut Changes) -> Option<i32> {
        let (sender, ended) = bounded(1);
        let id = child.id();
        let (mut signal, mut stale, mut remade) = (None, false, false);
        let (mut gathered, mut due) = (Changes::default(), never());
        std::thread::scope(|scope| {
            scope.spawn(move || drop(sender.send(child.wait())));
            loop {
                select! {
                    recv(ended) -> _ => break,
                    recv(signals) -> given => if let Ok(given) = given {
                        // What is typed at a terminal has reached the build already, and a second signal would mean "at once".
                        let typed = self.terminal && matches!(given, INTERRUPT | QUIT);
                        if signal.replace(given).is_none() && !typed {
                            end_process(id, given);
                        }
                    },
                    recv(self.watch.told().clone()) -> told => if let Ok(told) = told {
                        if gathered.is_empty() {
                            due = after(GATHERED);
                        }
                        self.watch.take(told, &mut gathered);
                    },
                    recv(due) -> _ => {
                        let mut news = unrest.news(&gathered);
                        // Whoever makes a manifest anew writes much beside it, and what it means is another thing from then on: such a build
                        // is let come to its end.
                        remade |= self.engine.is_remaking() || news.paths.iter().any(|path| self.made_first.contains(path));
                        self.sentinel.sift(&mut news);
                        // What only gates see does not end a build: tasks may write such files themselves.
                        if !stale && !remade && signal.is_none() && self.reached(&news) == Reach::Tasks {
                            stale = true;
                            end_process(id, OUTDATED);
                        }
                        under.add(std::mem::take(&mut gathered));
                        due = never();
                    },
                }
            }
        });
        under.add(gathered);
        if signal.is_none() {
            // The last that the build wrote is told behind its end.
            self.gather(under);
        }
        signal
    }

    /// Waits until something has changed that the goal rests on, and has come to rest.
    fn until_changed(&mut self, signals: &Receiver<i32>, changes: &mut Changes) -> Option<i32> {
        loop {
            select! {
                recv(signals) -> signal => if let Ok(signal) = signal { return Some(signal) },
                recv(self.watch.told().clone()) -> told => if let Ok(told) = told {
                    self.watch.take(told, changes);
                    self.until_quiet(changes);
                    if self.reached(changes) != Reach::Nothing {
                        return None;
                    }
                    *changes = Changes::default();
                },
            }
        }
    }

    fn until_quiet(&mut self, changes: &mut Changes) {
        self.gather(changes);
        self.sentinel.sift(changes);
    }

    /// Adds what is told until nothing is any more.
    fn gather(&mut self, changes: &mut Changes) {
        let begin = Instant::now();
        while let Ok(told) = self.watch.told().clone().recv_timeout(QUIET) {
            self.watch.take(told, changes);
            if begin.elapsed() > PATIENCE {
                break;
            }
        }
    }
}

fn build(ui: &Ui, words: &[OsString]) -> Result<Child, Failure> {
    let broken = |error: std::io::Error| Failure::Broken(format!("cannot start a build: {error}"));
    own_command().map_err(broken)?.args(words).env_clear().envs(ui.surroundings.variables.iter().cloned()).spawn().map_err(broken)
}

/// Which files orket prints to: what is said of a change is none itself.
fn own_output() -> Vec<(u32, u64)> {
    let stamps = [rustix::fs::fstat(std::io::stdout()), rustix::fs::fstat(std::io::stderr())];
    stamps.into_iter().flatten().map(Signature::from).map(|stamp| (stamp.device, stamp.inode)).collect()
}

/// Names a few changed files, and says how many more there are.
fn named(changes: &Changes) -> String {
    let all: Vec<String> = changes.folders.iter().chain(&changes.paths).map(ToString::to_string).collect();
    let all: Vec<&str> = all.iter().map(|path| if path.is_empty() { "." } else { path }).collect();
    let more = all.len().saturating_sub(NAMED);
    let shown = all[..all.len().min(NAMED)].join(", ");
    if more > 0 { format!("{shown} and {more} more") } else { shown }
}

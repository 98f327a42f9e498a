//! `orket watch`: build, and build again whenever something changes that it rests on.

use std::ffi::OsString;
use std::process::Child;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded, select};
use rustc_hash::FxHashSet;

use super::{Failure, Ui};
use crate::base::{RelPath, TargetId, quantity};
use crate::disk::{Changes, Signature, Watch};
use crate::engine::{Engine, Reach, Sentinel};
use crate::graph::{TargetKind, select};
use crate::plan::Plan;
use crate::process::{end_process, listen_to_signals, own_command};
use crate::shell::BuildArgs;

/// How long nothing has to change before the next build: editors and version control write several files at once.
const QUIET: Duration = Duration::from_millis(50);

/// How many changed files are named.
const NAMED: usize = 3;

/// The signal that ends a build which became stale, as Ctrl-C does.
const INTERRUPT: i32 = 2;
const QUIT: i32 = 3;

/// Builds, then builds again on each change, until a signal comes. Every build is a process of its own, called with `words`.
///
/// # Errors
/// When the manifest is wrong at the start, or nothing can be watched; and with the signal that ended it.
pub fn watch(ui: &Ui, args: &BuildArgs, words: &[OsString]) -> Result<(), Failure> {
    if args.dry_run || args.check || args.rerun.is_some() || args.affected.is_some() {
        return Err(Failure::Wrong(String::from(
            "`orket watch` builds what changes; -n, --check, --rerun and --affected belong to `orket build`",
        )));
    }
    let signals = listen_to_signals().map_err(|error| Failure::Broken(format!("cannot listen to signals: {error}")))?;
    let mut scene = Scene::open(ui, args)?;
    let mut changes = Changes::default();
    loop {
        let mut child = build(ui, words)?;
        if let Some(signal) = scene.until_built(&mut child, &signals, &mut changes) {
            return Err(Failure::Exit(128 + signal));
        }
        if changes.paths.iter().any(|path| path.as_bytes().ends_with(b".kdl")) || scene.manifest_is_new() {
            // While it is wrong, what was known of the project serves.
            if let Ok(new) = Scene::open(ui, args) {
                scene = new;
            }
        }
        if scene.reached(&changes) == Reach::Nothing {
            changes = Changes::default();
            if !args.quiet {
                ui.say(&format!("watching {} for changes (Ctrl-C ends)", scene.what()));
            }
            if let Some(signal) = scene.until_changed(&signals, &mut changes) {
                return Err(Failure::Exit(128 + signal));
            }
        }
        scene.until_quiet(&mut changes);
        if !args.quiet {
            ui.say(&format!("changed: {}", named(&changes)));
        }
        changes = Changes::default();
    }
}

/// The project, and who watches it.
struct Scene {
    engine: Engine,
    goal: FxHashSet<TargetId>,
    sentinel: Sentinel,
    watch: Watch,
    /// Whether a person sits at standard input.
    terminal: bool,
}

impl Scene {
    fn open(ui: &Ui, args: &BuildArgs) -> Result<Scene, Failure> {
        let engine = ui.open(false)?;
        let targets = select(&engine.graph, &args.targets, &engine.package)?.targets;
        let plan = Plan::without(&engine.graph, &targets, false, &|_| false);
        let (ignored, own) = (engine.passed_over(), own_output());
        let tree = engine.tree.clone();
        let is_own = move |path: &RelPath| tree.stat(path).ok().flatten().is_some_and(|stamp| own.contains(&(stamp.device, stamp.inode)));
        let watch = Watch::begin(&engine.tree, Box::new(move |path| ignored(path) || is_own(path)))
            .map_err(|why| Failure::Broken(format!("cannot watch `{}`: {why}", engine.root.display())))?;
        if let Some(why) = &watch.polls {
            ui.say(&format!("note: the system does not tell of changes, so they are looked for every second: {why}"));
        }
        Ok(Scene {
            goal: plan.steps().map(|step| plan.target(step)).collect(),
            sentinel: engine.sentinel(),
            engine,
            watch,
            terminal: ui.asks(),
        })
    }

    /// Whether the manifest that was loaded is another one than at the last build.
    fn manifest_is_new(&self) -> bool {
        self.engine.loaded
    }

    fn reached(&mut self, changes: &Changes) -> Reach {
        let goal = &self.goal;
        if changes.is_empty() { Reach::Nothing } else { self.sentinel.reached(&self.engine, changes, &|id| goal.contains(&id)) }
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
    fn until_built(&mut self, child: &mut Child, signals: &Receiver<i32>, changes: &mut Changes) -> Option<i32> {
        let (sender, ended) = bounded(1);
        let id = child.id();
        let (mut signal, mut stale) = (None, false);
        std::thread::scope(|scope| {
            scope.spawn(move || drop(sender.send(child.wait())));
            loop {
                select! {
                    recv(ended) -> _ => return,
                    recv(signals) -> given => if let Ok(given) = given {
                        // What is typed at a terminal has reached the build already, and a second signal would mean "at once".
                        let typed = self.terminal && matches!(given, INTERRUPT | QUIT);
                        if signal.replace(given).is_none() && !typed {
                            end_process(id, given);
                        }
                    },
                    recv(self.watch.told().clone()) -> event => if let Ok(event) = event {
                        self.watch.take(event, changes);
                        // What only gates see does not end a build: tasks may write such files themselves.
                        if !stale && signal.is_none() && self.reached(changes) == Reach::Tasks {
                            stale = true;
                            end_process(id, INTERRUPT);
                        }
                    },
                }
            }
        });
        signal
    }

    fn until_changed(&mut self, signals: &Receiver<i32>, changes: &mut Changes) -> Option<i32> {
        loop {
            select! {
                recv(signals) -> signal => if let Ok(signal) = signal { return Some(signal) },
                recv(self.watch.told().clone()) -> event => if let Ok(event) = event {
                    self.watch.take(event, changes);
                    if self.reached(changes) != Reach::Nothing {
                        return None;
                    }
                    *changes = Changes::default();
                },
            }
        }
    }

    fn until_quiet(&mut self, changes: &mut Changes) {
        while let Ok(event) = self.watch.told().clone().recv_timeout(QUIET) {
            self.watch.take(event, changes);
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

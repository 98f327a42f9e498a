//! One sequence: a world, edits, builds between them, and what must hold after each build.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::random::Random;
use super::steps::{Step, apply, put};
use super::watcher;
use super::world::{Made, Node, World};
use crate::common::{Background, Project};

/// What stands beside outputs and is nobody's business.
const BYSTANDER: &str = "o/bystander";

/// A sequence that can be run again: all of it follows from these.
#[derive(Clone, PartialEq, Debug)]
pub struct Case {
    pub seed: u64,
    /// Tasks of the first world that are left out.
    pub dropped: Vec<usize>,
    pub steps: Vec<Step>,
    /// Whether a watcher lives beside the builds.
    pub watched: bool,
}

/// A sequence under way.
pub struct Play {
    pub project: Project,
    pub world: World,
    /// Keys of tasks whose result is in the store for certain.
    pub stored: HashSet<String>,
    /// Keys of tasks whose outputs stand in the checkout, as the last build left them, for certain.
    pub placed: HashSet<String>,
    pub random: Random,
    /// Whether somebody has changed outputs since the last build.
    pub spoilt: bool,
    /// Told of all that happens, if there is one.
    pub watcher: Option<Background>,
}

impl Case {
    /// Returns the sequence of a seed.
    pub fn new(seed: u64) -> Case {
        let mut random = Random::new(seed ^ 0x5eed);
        let steps = (0..10 + random.below(31)).map(|_| Step::random(&mut random)).collect();
        Case { seed, dropped: Vec::new(), steps, watched: false }
    }

    /// Returns the sequence with a watcher beside it, to which something may happen too.
    pub fn watched(mut self) -> Case {
        let mut random = Random::new(self.seed ^ 0x3a7c);
        for step in &mut self.steps {
            if random.once_in(5) {
                *step = Step::befalls(&mut random);
            }
        }
        Case { watched: true, ..self }
    }

    /// Returns the sequence of a seed, cut short: at most 6 steps, and at first at most 4 tasks.
    pub fn short(seed: u64) -> Case {
        let mut case = Case::new(seed);
        case.steps.truncate(6);
        case.dropped = case.tasks().split_off(case.tasks().len().min(4));
        case
    }

    /// Returns the sequence that a fixture describes.
    pub fn parse(text: &str) -> Option<Case> {
        let mut case = Case { seed: 0, dropped: Vec::new(), steps: Vec::new(), watched: false };
        for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
            let mut words = line.split_whitespace();
            match words.next()? {
                "seed" => case.seed = words.next()?.parse().ok()?,
                "drop" => case.dropped = words.map(str::parse).collect::<Result<_, _>>().ok()?,
                "watched" => case.watched = true,
                "step" => case.steps.push(Step::parse(&words.collect::<Vec<_>>())?),
                _ => return None,
            }
        }
        Some(case)
    }

    /// Returns the text of a fixture.
    pub fn show(&self, why: &str) -> String {
        let comment: String = why.lines().map(|line| format!("# {line}\n")).collect();
        let dropped: Vec<String> = self.dropped.iter().map(usize::to_string).collect();
        let steps: String = self.steps.iter().map(|step| format!("step {}\n", step.show())).collect();
        let watched = if self.watched { "watched\n" } else { "" };
        format!("{comment}seed {}\ndrop {}\n{watched}{steps}", self.seed, dropped.join(" "))
    }

    /// Returns the numbers of the tasks that the first world has.
    pub fn tasks(&self) -> Vec<usize> {
        self.world().tasks.keys().copied().collect()
    }

    fn world(&self) -> World {
        let mut world = World::new(&mut Random::new(self.seed));
        for &number in &self.dropped {
            world.drop_task(number);
        }
        world
    }

    /// Plays the sequence.
    ///
    /// # Errors
    /// What did not hold, and after which step.
    pub fn play(&self) -> Result<(), String> {
        let mut play = Play {
            project: Project::new(),
            world: self.world(),
            stored: HashSet::new(),
            placed: HashSet::new(),
            random: Random::new(self.seed ^ 0xfa11),
            spoilt: false,
            watcher: None,
        };
        put(&mut play.project, &play.world);
        play.project.write(BYSTANDER, "mine");
        play.project.write("../outside/file", "mine");
        play.build().map_err(|why| format!("first build: {why}"))?;
        play.watcher = self.watched.then(|| watcher::start(&play.project));
        play.let_it_watch()?;
        for (at, step) in self.steps.iter().enumerate() {
            let last = at + 1 == self.steps.len();
            let tell = |why: String| format!("step {at} ({}): {why}", step.show());
            apply(&mut play, *step).map_err(tell)?;
            if last || step.builds() {
                play.says_the_same().map_err(tell)?;
                play.build().map_err(tell)?;
                play.let_it_watch().map_err(tell)?;
                if last || play.random.once_in(12) {
                    play.equals_one_from_scratch().map_err(tell)?;
                }
            }
        }
        Ok(())
    }
}

impl Play {
    /// Builds, and says what does not hold.
    pub fn build(&mut self) -> Result<(), String> {
        self.spoilt = false;
        let made = self.world.evaluate();
        let (code, seen) = self.project.run("build").either();
        if code != 0 {
            return Err(format!("exit {code}\n{}", seen.all()));
        }
        self.ran_no_more(&made, seen.names_that_ran()).map_err(|why| format!("{why}\n{}", seen.all()))?;
        outputs_are(&self.project.root(), &made).map_err(|why| format!("{why}\n{}", seen.all()))?;
        let left_out = World { on: true, ..self.world.clone() }.evaluate();
        let gone = left_out.iter().filter(|(name, _)| !made.contains_key(*name)).flat_map(|(_, one)| one.outputs.keys());
        if let Some(path) = gone.into_iter().find(|path| look(&self.project.at(path)).is_some()) {
            return Err(format!("{path} is still there, and its task is left out\n{}", seen.all()));
        }
        self.rest_is_untouched().map_err(|why| format!("{why}\n{}", seen.all()))?;
        let (code, again) = self.project.run("build").either();
        let printed = format!("{}{}", again.out(), again.err());
        if code != 0 || !again.names_that_ran().is_empty() || printed.lines().count() != 1 || !printed.starts_with("nothing to do:") {
            return Err(format!("a second build has something to do\n{}\nbefore it:\n{}", again.all(), seen.all()));
        }
        let ran = seen.names_that_ran().to_vec();
        self.store(&made, &ran);
        self.placed = made.into_values().map(|one| one.key).collect();
        Ok(())
    }

    /// Remembers that what ran is in the store.
    pub fn store(&mut self, made: &BTreeMap<String, Made>, ran: &[String]) {
        self.stored.extend(ran.iter().map(|name| made[name].key.clone()));
    }

    /// What ran had a reason to, and ran once.
    pub fn ran_no_more(&self, made: &BTreeMap<String, Made>, ran: &[String]) -> Result<(), String> {
        let mut once = BTreeSet::new();
        for name in ran {
            if !once.insert(name) {
                return Err(format!("{name} ran twice"));
            }
            let Some(one) = made.get(name) else { return Err(format!("{name} ran and is not declared")) };
            let known = [(&self.stored, "is stored"), (&self.placed, "is in place")].into_iter().find(|(keys, _)| keys.contains(&one.key));
            if let Some((_, how)) = known.filter(|_| !self.world.may_run_again(name)) {
                return Err(format!("{name} ran although its result {how}"));
            }
        }
        Ok(())
    }

    fn rest_is_untouched(&self) -> Result<(), String> {
        for (path, text) in &self.world.sources {
            let now = fs::read_to_string(self.project.at(path)).map_err(|error| format!("source {path}: {error}"))?;
            if now != *text {
                return Err(format!("source {path} was changed: {text:?} -> {now:?}"));
            }
        }
        for path in [BYSTANDER, "../outside/file"] {
            if fs::read(self.project.at(path)).ok().as_deref() != Some(b"mine") {
                return Err(format!("{path} was touched"));
            }
        }
        let outside: Vec<_> = fs::read_dir(self.outside()).into_iter().flatten().flatten().map(|entry| entry.file_name()).collect();
        if outside != ["file"] {
            return Err(format!("outside the project there is {outside:?} now"));
        }
        Ok(())
    }

    /// Returns a folder that is not the project's, with a `file` in it.
    pub fn outside(&self) -> PathBuf {
        self.project.base().join("outside")
    }

    /// Builds the same inputs in an empty folder with an empty store.
    fn equals_one_from_scratch(&self) -> Result<(), String> {
        let mut fresh = Project::new();
        put(&mut fresh, &self.world);
        let (code, seen) = fresh.run("build").either();
        if code != 0 {
            return Err(format!("from scratch: exit {code}\n{}", seen.all()));
        }
        outputs_are(&fresh.root(), &self.world.evaluate()).map_err(|why| format!("from scratch: {why}\n{}", seen.all()))?;
        let [here, there] = [&self.project, &fresh].map(|project| folders(&project.root()));
        let is_empty = |folder: &PathBuf| fs::read_dir(self.project.root().join(folder)).is_ok_and(|mut names| names.next().is_none());
        // What is left of sources, and of what tasks make undeclared, is not orket's business.
        let apart = |folder: &PathBuf| ["s", "h", "g", "e", "d"].iter().any(|sources| folder.starts_with(sources));
        match here.difference(&there).find(|folder| is_empty(folder) && !apart(folder)) {
            Some(folder) => Err(format!("the folder {folder:?} is left; a build from nothing does not make it\n{}", seen.all())),
            None => Ok(()),
        }
    }
}

/// Returns the folders of a project, without orket's own.
fn folders(root: &Path) -> BTreeSet<PathBuf> {
    let (mut found, mut open) = (BTreeSet::new(), vec![PathBuf::new()]);
    while let Some(folder) = open.pop() {
        let below = fs::read_dir(root.join(&folder)).into_iter().flatten().flatten();
        let below = below.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()) && entry.file_name() != ".orket");
        open.extend(below.map(|entry| folder.join(entry.file_name())));
        found.insert(folder);
    }
    found
}

/// Compares the outputs in a folder with what the evaluator says.
pub fn outputs_are(root: &Path, made: &BTreeMap<String, Made>) -> Result<(), String> {
    for (path, node) in made.values().flat_map(|one| &one.outputs) {
        let found = look(&root.join(path));
        if found.as_ref() != Some(node) {
            return Err(format!("{path} is {found:?} and should be {node:?}"));
        }
    }
    Ok(())
}

fn look(path: &Path) -> Option<Node> {
    let meta = path.symlink_metadata().ok()?;
    if meta.is_symlink() {
        return Some(Node::Link(fs::read_link(path).ok()?.to_string_lossy().into_owned()));
    }
    let bytes = String::from_utf8_lossy(&fs::read(path).ok()?).into_owned();
    Some(Node::File { bytes, executable: meta.permissions().mode() & 0o100 != 0 })
}

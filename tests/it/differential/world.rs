//! A project as data: its sources, variables and tasks, its manifest, and what a naive evaluator says it builds.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::random::Random;

/// How many variables there are, `V0` and up.
pub const VARS: usize = 3;
/// The `dotenv` file.
pub const DOTENV: &str = "vars.env";
/// What a task waits for before it reads anything, when the harness says so.
const HELD: &str = "while test -e {base}/hold; do sleep 0.01; done";
/// How many plain sources a new world has, `s/0` and up.
const SOURCES: usize = 12;

/// Something in a folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Node {
    File { bytes: String, executable: bool },
    Link(String),
}

/// What a task's command does with what it reads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// All of it into one file.
    Cat,
    /// Its first two bytes, so that many edits change nothing behind it.
    Head,
    /// All of it into one file, the salt into another.
    Several,
    /// Two files in a folder of its own.
    Folder,
    /// A file with the executable bit.
    Executable,
    /// A file and a symbolic link to it.
    Link,
    /// Nothing: a check.
    Check,
    /// All of it, and a header that only its depfile names.
    Depfile,
    /// All that matches `g/*`.
    Glob,
    /// The value of a variable.
    Env,
    /// The value of a variable of a `dotenv` file.
    Dotenv,
    /// All of it, on the second attempt.
    Flaky,
}

/// The kinds that are drawn; the others stand in for some of them.
const KINDS: [Kind; 10] =
    [Kind::Cat, Kind::Head, Kind::Several, Kind::Folder, Kind::Executable, Kind::Link, Kind::Check, Kind::Depfile, Kind::Glob, Kind::Env];

/// One task; it needs only tasks with smaller numbers.
#[derive(Clone, Debug)]
pub struct Task {
    pub kind: Kind,
    pub sources: Vec<String>,
    pub needs: BTreeSet<usize>,
    pub salt: usize,
    pub var: usize,
    /// Its name in the manifest; what it logs and makes stays when that changes.
    pub name: String,
    /// Whether it is `run "sh" "-c" TEXT` and not `sh TEXT`.
    pub argv: bool,
}

/// A task that was taken from the manifest, and those that needed it.
#[derive(Clone, Debug)]
pub struct Away {
    task: Task,
    needed_by: Vec<usize>,
}

/// The whole project.
#[derive(Clone, Debug)]
pub struct World {
    pub sources: BTreeMap<String, String>,
    pub vars: [usize; VARS],
    /// The value in the `dotenv` file; without one there is no file.
    pub dotenv: Option<usize>,
    /// What the decision comes to under which some tasks are left out.
    pub on: bool,
    pub tasks: BTreeMap<usize, Task>,
    /// Tasks that were taken from the manifest and can be put back.
    pub away: BTreeMap<usize, Away>,
    /// Which version of the program `tool` stands in the two folders that are searched first.
    pub tools: [Option<usize>; 2],
}

/// What one task comes to.
pub struct Made {
    /// Its outputs.
    pub outputs: BTreeMap<String, Node>,
    /// All that its action is made of: a task with a key that was built before has nothing to run for.
    pub key: String,
}

impl World {
    pub fn new(random: &mut Random) -> World {
        let mut sources = BTreeMap::new();
        for number in 0..SOURCES {
            sources.insert(format!("s/{number}"), text(random));
        }
        for folder in ["h", "g", "e"] {
            for number in 0..2 {
                sources.insert(format!("{folder}/{number}"), text(random));
            }
        }
        let mut world = World {
            sources,
            vars: [0; VARS],
            dotenv: Some(0),
            on: true,
            tasks: BTreeMap::new(),
            away: BTreeMap::new(),
            tools: [None, Some(0)],
        };
        let most = [3, 8, 20, 60][random.below(4)];
        for _ in 0..1 + random.below(most) {
            world.add(random);
        }
        world
    }

    /// Adds a task that may need any of those before it.
    pub fn add(&mut self, random: &mut Random) {
        let number = self.tasks.keys().chain(self.away.keys()).max().map_or(0, |last| last + 1);
        let plain = self.under("s/");
        let sources = (0..1 + random.below(3)).map(|_| plain[random.below(plain.len())].clone()).collect();
        let before: Vec<usize> = self.tasks.keys().copied().collect();
        let needs = (0..random.below(4).min(before.len())).map(|_| before[random.below(before.len())]).collect();
        let drawn = KINDS[random.below(KINDS.len())];
        let (salt, var) = (random.below(4), random.below(VARS));
        let kind = match (number * 5 + salt * 3 + var) % 9 {
            0 => Kind::Dotenv,
            1 => Kind::Flaky,
            _ => drawn,
        };
        self.tasks.insert(number, Task { kind, sources, needs, salt, var, name: format!("t{number}"), argv: false });
    }

    /// Removes a task; what needed it needs it no more.
    pub fn drop_task(&mut self, number: usize) {
        self.tasks.remove(&number);
        for task in self.tasks.values_mut() {
            task.needs.remove(&number);
        }
    }

    /// Takes a task from the manifest.
    pub fn take(&mut self, number: usize) {
        let needed_by = self.tasks.iter().filter(|(_, task)| task.needs.contains(&number)).map(|(&other, _)| other).collect();
        if let Some(task) = self.tasks.get(&number).cloned() {
            self.drop_task(number);
            self.away.insert(number, Away { task, needed_by });
        }
    }

    /// Puts back a task that was taken; it needs what is still there, and is needed as before.
    pub fn put_back(&mut self, number: usize) {
        let Some(Away { mut task, needed_by }) = self.away.remove(&number) else { return };
        task.needs.retain(|need| self.tasks.contains_key(need));
        for other in needed_by {
            if let Some(other) = self.tasks.get_mut(&other) {
                other.needs.insert(number);
            }
        }
        self.tasks.insert(number, task);
    }

    /// Calls a task differently, unless another has that name.
    pub fn rename_task(&mut self, number: usize, name: &str) {
        let away = self.away.values().map(|away| &away.task);
        if self.tasks.values().chain(away).all(|task| task.name != name) {
            self.tasks.get_mut(&number).into_iter().for_each(|task| name.clone_into(&mut task.name));
        }
    }

    /// Calls a source differently wherever it is read.
    pub fn rename_source(&mut self, old: &str, new: &str) {
        let text = self.sources.remove(old).unwrap_or_default();
        self.sources.insert(new.to_owned(), text);
        let away = self.away.values_mut().map(|away| &mut away.task);
        for source in self.tasks.values_mut().chain(away).flat_map(|task| &mut task.sources).filter(|source| *source == old) {
            new.clone_into(source);
        }
    }

    /// Returns the sources below a folder.
    pub fn under(&self, folder: &str) -> Vec<String> {
        self.sources.keys().filter(|path| path.starts_with(folder)).cloned().collect()
    }

    /// Returns the manifest.
    pub fn manifest(&self) -> String {
        let mut plain = String::new();
        let mut epic = String::new();
        let mut served = false;
        for (&number, task) in &self.tasks {
            let to = if number % 4 == 1 { &mut epic } else { &mut plain };
            let how = if task.argv { "run \"sh\" \"-c\"" } else { "sh" };
            let _ = writeln!(to, "task \"{}\" {{\n    {how} \"{}\"", task.name, self.script(number, task));
            if uses_tool(number, task) {
                to.push_str("    tools \"tool\"\n");
            }
            let inputs = match task.kind {
                Kind::Glob => "g/*".to_owned(),
                Kind::Env | Kind::Dotenv => String::new(),
                _ => task.sources.join("\" \""),
            };
            if !inputs.is_empty() {
                let _ = writeln!(to, "    inputs \"{inputs}\"");
            }
            if !task.needs.is_empty() {
                let needs: Vec<String> = task.needs.iter().map(|&need| format!("\"{}\"", self.address(need))).collect();
                let optional = if is_optional(number) { " optional=#true" } else { "" };
                let _ = writeln!(to, "    needs {}{optional}", needs.join(" "));
            }
            if is_conditional(number) {
                to.push_str("    only_if \"on\" \"yes\"\n");
            }
            let outputs = match task.kind {
                Kind::Check => String::new(),
                Kind::Several => format!("    outputs \"o/t{number}\" \"o/t{number}.salt\"\n"),
                Kind::Folder => format!("    outputs \"o/t{number}/\"\n"),
                Kind::Link => format!("    outputs \"o/t{number}\" \"o/t{number}.link\"\n"),
                Kind::Depfile => format!("    outputs \"o/t{number}\"\n    depfile \"d/t{number}.d\"\n"),
                _ => format!("    outputs \"o/t{number}\"\n"),
            };
            to.push_str(&outputs);
            match task.kind {
                Kind::Env => drop(writeln!(to, "    env {{ pass \"V{}\" }}", task.var)),
                Kind::Dotenv => drop(writeln!(to, "    env {{ dotenv \"{DOTENV}\" }}")),
                Kind::Flaky => to.push_str("    retries 1\n    backoff \"1ms\"\n"),
                _ => {}
            }
            // Order alone, and what runs beside it: neither changes what it puts out.
            if let Some((&before, _)) = self.tasks.range(..number).next_back().filter(|_| number % 5 == 3) {
                let _ = writeln!(to, "    after \"{}\"", self.address(before));
            }
            if number % 7 == 4 {
                to.push_str("    uses \"beside\"\n");
                served = true;
            }
            to.push_str("}\n");
        }
        if served {
            // It also ends when orket was killed.
            plain.push_str("service \"beside\" { sh \"while kill -0 $PPID; do sleep 0.02; done\" }\n");
        }
        plain.push_str("decision \"on\" { choose \"yes\" { env \"ON\" \"true\" }; otherwise \"no\" }\n");
        let each = "each \"m\" glob=\"e/*\" { task \"e-{{m.name}}\" { sh \"{log:e-{{m.name}}}; HELD; cat {{m.path}} {{m.path}} > o/e-{{m.name}}\"; inputs \"{{m.path}}\"; outputs \"o/e-{{m.name}}\" } }\n";
        // The placeholder for the log ends at the first `}`.
        let each = each.replace("{log:e-{{m.name}}}", "echo e-{{m.name}} >> {base}/ran").replace("HELD", HELD);
        let epic = if epic.is_empty() { epic } else { format!("epic \"ep\" {{\n{epic}}}\n") };
        format!("{plain}{epic}{each}")
    }

    fn address(&self, number: usize) -> String {
        let name = &self.tasks[&number].name;
        if number % 4 == 1 { format!("ep/{name}") } else { name.clone() }
    }

    fn script(&self, number: usize, task: &Task) -> String {
        let out = format!("o/t{number}");
        let salt = format!("{} {}", if uses_tool(number, task) { "tool" } else { "printf" }, task.salt);
        let mut reads: Vec<String> =
            if matches!(task.kind, Kind::Glob | Kind::Env | Kind::Dotenv) { Vec::new() } else { task.sources.clone() };
        let read = |path: String| if is_optional(number) { format!("$(ls {path} 2>/dev/null)") } else { path };
        reads.extend(task.needs.iter().filter_map(|&need| self.read_of(need)).map(read));
        let cat = if reads.is_empty() { ":".to_owned() } else { format!("cat {}", reads.join(" ")) };
        let does = match task.kind {
            Kind::Cat => format!("{{ {salt}; {cat}; }} > {out}"),
            Kind::Head => format!("{{ {cat}; }} | head -c 2 > {out}; : {}", task.salt),
            Kind::Several => format!("{{ {cat}; }} > {out}; {salt} > {out}.salt"),
            Kind::Folder => format!("mkdir -p {out}/in; {{ {cat}; }} > {out}/f; {salt} > {out}/in/salt"),
            Kind::Executable => format!("{{ {salt}; {cat}; }} > {out}; chmod 755 {out}"),
            Kind::Link => format!("{{ {salt}; {cat}; }} > {out}; ln -s t{number} {out}.link"),
            Kind::Check => format!("{cat} > /dev/null; : {}", task.salt),
            Kind::Depfile => format!("mkdir -p d; {{ {salt}; {cat}; cat h/0; }} > {out}; echo '{out}: h/0' > d/t{number}.d"),
            Kind::Glob => format!("{{ {salt}; for f in g/*; do if test -f $f; then cat $f; fi; done; {cat}; }} > {out}"),
            Kind::Env => format!("{{ {salt}; echo $V{}; {cat}; }} > {out}", task.var),
            Kind::Dotenv => format!("{{ {salt}; echo $D; {cat}; }} > {out}"),
            Kind::Flaky => format!("{{ {salt}; {cat}; }} > {out}"),
        };
        let tried = format!("d/t{number}.tried");
        let first = match task.kind {
            Kind::Flaky => format!("if test -e {tried}; then rm {tried}; else mkdir -p d; : > {tried}; exit 1; fi; "),
            _ => String::new(),
        };
        format!("{first}{{log:t{number}}}; {HELD}; set -e; {does}")
    }

    /// Returns the one output of a task that others read.
    fn read_of(&self, number: usize) -> Option<String> {
        match self.tasks[&number].kind {
            Kind::Check => None,
            Kind::Folder => Some(format!("o/t{number}/f")),
            _ => Some(format!("o/t{number}")),
        }
    }

    /// Returns what each task comes to, by the name that it logs.
    pub fn evaluate(&self) -> BTreeMap<String, Made> {
        let mut made: BTreeMap<String, Made> = BTreeMap::new();
        for (&number, task) in &self.tasks {
            let lacks = |need: &usize| !made.contains_key(&format!("t{need}"));
            if (is_conditional(number) && !self.on) || (!is_optional(number) && task.needs.iter().any(lacks)) {
                continue;
            }
            let mut all = String::new();
            let mut key = format!("{number} {} {}\n", task.argv, self.script(number, task));
            if !matches!(task.kind, Kind::Glob | Kind::Env | Kind::Dotenv) {
                for source in &task.sources {
                    all.push_str(&self.sources[source]);
                    let _ = writeln!(key, "{source}={:?}", self.sources[source]);
                }
            }
            for &need in &task.needs {
                let Some(Made { outputs, .. }) = made.get(&format!("t{need}")) else { continue };
                if let Some(Node::File { bytes, .. }) = self.read_of(need).and_then(|path| outputs.get(&path)) {
                    all.push_str(bytes);
                }
                let _ = writeln!(key, "{need}={outputs:?}");
            }
            let mut salt = task.salt.to_string();
            if uses_tool(number, task) {
                let version = self.tools[0].or(self.tools[1]).unwrap_or_default();
                let _ = writeln!(key, "tool={version}");
                salt = format!("{version}{salt}");
            }
            let out = format!("o/t{number}");
            let file = |bytes: String| Node::File { bytes, executable: false };
            let outputs: Vec<(String, Node)> = match task.kind {
                Kind::Cat => vec![(out, file(salt + &all))],
                Kind::Head => vec![(out, file(all.chars().take(2).collect()))],
                Kind::Several => vec![(format!("{out}.salt"), file(salt)), (out, file(all))],
                Kind::Folder => vec![(format!("{out}/f"), file(all)), (format!("{out}/in/salt"), file(salt))],
                Kind::Executable => vec![(out, Node::File { bytes: salt + &all, executable: true })],
                Kind::Link => vec![(format!("{out}.link"), Node::Link(format!("t{number}"))), (out, file(salt + &all))],
                Kind::Check => vec![],
                Kind::Depfile => {
                    let _ = writeln!(key, "h/0={:?}", self.sources["h/0"]);
                    vec![(out, file(salt + &all + &self.sources["h/0"]))]
                }
                Kind::Glob => {
                    let found = self.under("g/");
                    let text: String = found.iter().map(|path| self.sources[path].as_str()).collect();
                    for path in &found {
                        let _ = writeln!(key, "{path}={:?}", self.sources[path]);
                    }
                    vec![(out, file(salt + &text + &all))]
                }
                Kind::Flaky => vec![(out, file(salt + &all))],
                Kind::Dotenv => {
                    let value = self.dotenv.map(|value| value.to_string()).unwrap_or_default();
                    let _ = writeln!(key, "D={value}");
                    vec![(out, file(format!("{salt}{value}\n{all}")))]
                }
                Kind::Env => {
                    let _ = writeln!(key, "V={}", self.vars[task.var]);
                    vec![(out, file(format!("{salt}{}\n{all}", self.vars[task.var])))]
                }
            };
            made.insert(format!("t{number}"), Made { outputs: outputs.into_iter().collect(), key });
        }
        for path in self.under("e/") {
            let (name, text) = (&path[2..], &self.sources[&path]);
            let node = Node::File { bytes: format!("{text}{text}"), executable: false };
            made.insert(format!("e-{name}"), Made { outputs: [(format!("o/e-{name}"), node)].into(), key: format!("{path} {text:?}") });
        }
        made
    }

    /// Whether the name that a task logs stands for one that may run again: its inputs are only known after it ran, or its result is not
    /// stored, since it needed more than one attempt.
    pub fn may_run_again(&self, name: &str) -> bool {
        name.strip_prefix('t')
            .and_then(|number| number.parse().ok())
            .and_then(|number: usize| self.tasks.get(&number))
            .is_some_and(|task| matches!(task.kind, Kind::Depfile | Kind::Flaky))
    }
}

/// Returns a short text out of few, so that edits are taken back now and then.
pub fn text(random: &mut Random) -> String {
    format!("{}{}\n", ["ab", "ac", "bb"][random.below(3)], random.below(5))
}

/// Whether a task is left out unless the decision comes to `yes`.
pub fn is_conditional(number: usize) -> bool {
    number % 6 == 5
}

/// Whether a task runs without what it needs where that is left out; it reads what of that is there.
fn is_optional(number: usize) -> bool {
    number.is_multiple_of(2)
}

/// Whether a task's salt is printed by `tool`, which it names.
fn uses_tool(number: usize, task: &Task) -> bool {
    number % 3 == 2 && !matches!(task.kind, Kind::Head | Kind::Check)
}

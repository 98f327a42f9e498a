//! Small projects for the tests of this folder.

use std::time::Duration;

use super::{Graph, assemble};
use crate::base::{Address, Place, RelPath};
use crate::model::{Command, Epic, Gate, Need, Pattern, Priority, Project, Rock, Service, Stop, Task, Text};

pub fn place(line: u32) -> Place {
    Place { file: "orket.kdl".into(), line, column: 1 }
}

pub fn need(text: &str, candidates: &[&str]) -> Need {
    let candidates = candidates.iter().map(|candidate| Address::new(*candidate)).collect();
    Need { text: text.into(), candidates, optional: false, place: place(1) }
}

/// Needs whose only candidate is what was written.
pub fn needs(texts: &[&str]) -> Vec<Need> {
    texts.iter().map(|text| need(text, &[text])).collect()
}

pub fn patterns(texts: &[&str]) -> Vec<Pattern> {
    let one = |text: &&str| Pattern { text: Text::literal(text.trim_start_matches('!')), negated: text.starts_with('!'), place: place(1) };
    texts.iter().map(one).collect()
}

/// A task that runs `cc`.
pub fn task(address: &str, inputs: &[&str], outputs: &[&str], needed: &[&str]) -> Task {
    Task {
        address: Address::new(address),
        epic: None,
        place: place(1),
        about: None,
        package: RelPath::root(),
        commands: vec![Command::Run { words: vec![Text::literal("cc")], place: place(1) }],
        tools: Vec::new(),
        dir: Text::literal("."),
        inputs: patterns(inputs),
        outputs: patterns(outputs),
        depfile: None,
        needs: needs(needed),
        after: Vec::new(),
        uses: Vec::new(),
        env: Vec::new(),
        cache: true,
        incremental: false,
        timeout: None,
        retries: 0,
        backoff: Duration::ZERO,
        pool: None,
        weight: 1,
        priority: Priority::default(),
        interactive: false,
        tags: Vec::new(),
        only_if: Vec::new(),
        on_failure: None,
        private: false,
        confirm: None,
        platform: Vec::new(),
        matrix: Vec::new(),
        confined: Default::default(),
        imported: None,
    }
}

pub fn epic(address: &str, parts: &[&str], needed: &[&str]) -> Epic {
    let parts = parts.iter().map(|part| Address::new(*part)).collect();
    Epic { address: Address::new(address), place: place(1), about: None, parts, needs: needs(needed), after: Vec::new(), tags: Vec::new() }
}

pub fn rock(address: &str, parts: &[&str], needed: &[&str]) -> Rock {
    Rock {
        address: Address::new(address),
        place: place(1),
        about: None,
        parts: needs(parts),
        needs: needs(needed),
        after: Vec::new(),
        tags: Vec::new(),
    }
}

pub fn gate(address: &str, needed: &[&str], private: bool) -> Gate {
    let address = Address::new(address);
    Gate {
        address,
        place: place(1),
        about: None,
        kind: "churn".into(),
        needs: needs(needed),
        tags: vec!["ci".into()],
        private,
        env: Vec::new(),
        settings: Vec::new(),
    }
}

pub fn service(address: &str, needed: &[&str]) -> Service {
    Service {
        address: Address::new(address),
        place: place(1),
        about: None,
        command: Command::Sh { script: Text::literal("serve"), place: place(1) },
        dir: RelPath::root(),
        inputs: Vec::new(),
        ports: Vec::new(),
        env: Vec::new(),
        needs: needs(needed),
        ready: Vec::new(),
        within: Duration::from_secs(1),
        stop: Stop { signal: 15, within: Duration::from_secs(1) },
    }
}

/// A project of tasks alone.
pub fn tasks(tasks: Vec<Task>) -> Project {
    Project { tasks, ..Project::default() }
}

/// The graph of a project that has no mistake.
pub fn graph(project: &Project) -> Graph {
    assemble(project, Vec::new(), "linux-x86_64").unwrap()
}

/// A shop: a rock of two epics, the second behind the first; a service, a gate, and a task in a package.
pub fn shop() -> Project {
    let mut serve = task("app/serve", &["app/**/*.js"], &[], &["core/lib"]);
    serve.uses = needs(&["db"]);
    serve.tags = vec!["ci".into()];
    let mut helper = task("helper", &[], &["helper.out"], &[]);
    helper.private = true;
    Project {
        rocks: vec![rock("ship", &["core", "app"], &[])],
        epics: vec![epic("core", &["core/lib", "core/lint"], &[]), epic("app", &["app/serve", "app/lint"], &["core"])],
        tasks: vec![
            task("core/lib", &["lib.c", "inc/"], &["lib.o"], &[]),
            task("core/lint", &["lib.c"], &[], &[]),
            serve,
            task("app/lint", &["app/**/*.js", "!app/gen/**"], &[], &[]),
            helper,
            task("pay:wheel[py=3.11]", &["pay.py"], &["pay-11.whl"], &[]),
            task("pay:wheel[py=3.12]", &["pay.py"], &["pay-12.whl"], &[]),
        ],
        services: vec![service("db", &["helper"])],
        gates: vec![gate("churn", &["app/serve"], false), gate("slow", &[], true)],
        ..Project::default()
    }
}

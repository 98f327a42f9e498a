//! Strategies are data in, data out: the source of `decisions` and of what it stands on reaches nothing of the world.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::common::Project;

/// The part of the standard library that a strategy may use: data alone.
const STD: [&str; 14] =
    ["any", "borrow", "cmp", "collections", "error", "fmt", "hash", "iter", "mem", "ops", "path", "slice", "sync", "time"];
/// The crates that it may use.
const CRATES: [&str; 3] = ["serde", "serde_json", "thiserror"];
/// What of those would still reach the world.
const WORLD: [&str; 3] = ["SystemTime", "Instant", "LazyLock"];
/// The one file that speaks with programs of the user's, for strategies that are not orket's.
const ADAPTER: &str = "src/decisions/external.rs";

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All of `src`, and what imports what in it, as `orket graph imports` sees it.
fn imports() -> (BTreeMap<String, String>, Vec<Value>) {
    let mut files = BTreeMap::new();
    let project = Project::new().manifest("task \"t\" { sh \"true\" }");
    for entry in walkdir::WalkDir::new(root().join("src")) {
        let entry = entry.unwrap();
        let path = entry.path().strip_prefix(root()).unwrap().to_str().unwrap();
        if path.ends_with(".rs") {
            let text = fs::read_to_string(entry.path()).unwrap();
            project.write(path, &text);
            files.insert(path.to_owned(), text);
        }
    }
    project.write("Cargo.toml", fs::read(root().join("Cargo.toml")).unwrap());
    let edges = project.run("graph imports --json").ok().json()["edges"].as_array().unwrap().clone();
    assert!(edges.len() > files.len(), "{} edges", edges.len());
    (files, edges)
}

/// What stands before the tests of a file, without comments.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
    text.lines().filter(|line| !line.trim_start().starts_with("//")).map(|line| format!("{line}\n")).collect()
}

/// Says what of the world the code of one file names.
fn reaches(text: &str) -> Vec<String> {
    let code = code(text);
    let mut found = Vec::new();
    for rest in code.split("std::").skip(1) {
        let names: Vec<&str> = match rest.strip_prefix('{') {
            Some(group) => group.split('}').next().unwrap().split(',').map(|name| name.trim().split(':').next().unwrap()).collect(),
            None => vec![rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap()],
        };
        found.extend(names.into_iter().filter(|name| !name.is_empty() && !STD.contains(name)).map(|name| format!("std::{name}")));
    }
    found.extend(WORLD.iter().filter(|name| code.contains(**name)).map(|name| (*name).to_owned()));
    found
}

/// The folder of `src` that a file stands in, or else the file: `decisions`, `main.rs`.
fn part(file: &str) -> &str {
    let inside = file.strip_prefix("src/").unwrap();
    inside.split_once('/').map_or(inside, |(folder, _)| folder)
}

#[test]
fn strategies_reach_nothing_but_data() {
    let (files, edges) = imports();
    let pure = |file: &str| ["decisions", "model"].contains(&part(file)) && file != ADAPTER;
    let mut wrong: Vec<String> = Vec::new();
    for (file, text) in files.iter().filter(|(file, _)| pure(file)) {
        wrong.extend(reaches(text).into_iter().map(|name| format!("{file} names {name}")));
    }
    for edge in edges.iter().filter(|edge| pure(edge["from_file"].as_str().unwrap())) {
        let (file, to) = (edge["from_file"].as_str().unwrap(), edge["to"].as_str().unwrap());
        let fine = match edge["to_file"].as_str() {
            Some(to) => ["decisions", "model", "base"].contains(&part(to)),
            None => edge["stdlib"] == true || CRATES.contains(&to),
        };
        if !fine {
            wrong.push(format!("{file}:{} imports {to}", edge["line"]));
        }
    }
    assert!(wrong.is_empty(), "strategies are asked and answer; whoever asked acts:\n{}", wrong.join("\n"));
    assert!(files.len() > 100 && files.keys().filter(|file| pure(file)).count() > 15);
}

#[test]
fn what_reaches_the_world_is_seen_however_it_is_written() {
    for text in [
        "use std::fs;",
        "use std::process::Command;",
        "use std::{fmt, env};",
        "fn f() { let _ = std::net::TcpStream::connect(\"x\"); }",
        "use std::time::{Duration, Instant};",
    ] {
        assert_eq!(reaches(text).len(), 1, "{text}");
    }
    for text in ["// std::fs\nuse std::fmt;", "use std::time::Duration;", "#[cfg(test)]\nmod tests { use std::fs; }"] {
        assert_eq!(reaches(text), Vec::<String>::new(), "{text}");
    }
    assert!(!reaches(&fs::read_to_string(root().join(ADAPTER)).unwrap()).is_empty());
}

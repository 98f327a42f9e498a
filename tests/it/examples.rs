//! The projects in `examples/`, as their pages tell of them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::common::{Project, Served};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join(name)
}

/// A copy of an example, without what was built in it.
fn copy(name: &str) -> Project {
    let project = Project::new();
    let built = |entry: &walkdir::DirEntry| {
        let names: &[&str] = match entry.depth() {
            1 => &[".orket", "obj", "bin", "out", "hello.txt", "page.html", "libgit2.a", "git2", "config"],
            2 => &["out", "dist", "site"],
            _ => &[],
        };
        names.contains(&entry.file_name().to_str().unwrap())
    };
    let files = walkdir::WalkDir::new(example(name)).min_depth(1).into_iter();
    for entry in files.filter_entry(|entry| !built(entry)) {
        let entry = entry.unwrap();
        let to = project.at(entry.path().strip_prefix(example(name)).unwrap().to_str().unwrap());
        match entry.file_type() {
            kind if kind.is_dir() => fs::create_dir_all(to).unwrap(),
            kind if kind.is_symlink() => std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), to).unwrap(),
            _ => drop(fs::copy(entry.path(), to).unwrap()),
        }
    }
    project
}

/// A copy of an example whose sources are not ours; `None`, said on the terminal, where they are not there. `ORKET_TEST_EXAMPLES=all` makes
/// that a failure.
fn fetched(name: &str, proof: &str) -> Option<Project> {
    if example(name).join(proof).exists() {
        return Some(copy(name).patient());
    }
    let text = format!("examples/{name} is not tested: `sh examples/{name}/fetch.sh` brings its sources\n");
    assert_ne!(std::env::var("ORKET_TEST_EXAMPLES").as_deref(), Ok("all"), "{text}");
    // Not by a macro, whose output the tests of Rust keep to themselves.
    std::io::stderr().write_all(text.as_bytes()).unwrap();
    None
}

fn done(json: &serde_json::Value) -> BTreeSet<String> {
    let tasks = json["tasks"].as_array().unwrap().iter();
    tasks.filter(|task| task["outcome"] == "done").map(|task| task["address"].as_str().unwrap().to_owned()).collect()
}

/// Writes something at the end of a file.
fn append(project: &Project, path: &str, text: &str) {
    project.write(path, project.read(path) + text);
}

#[test]
fn hello() {
    let project = copy("hello");
    project.run("build").ok().says(["built 1 task: 1 done"]);
    project.run("build").ok().nothing_to_do();
    project.write("hello.txt", "edited");
    project.run("build").ok().says(["1 cached"]);
    assert_eq!(project.read("hello.txt"), "hello\n");
}

#[test]
fn cutoff() {
    let project = copy("cutoff");
    let all = "done    count  [time]\ndone    spelling  [time]\ndone    page  [time]\nbuilt 3 tasks: 3 done ([time])\n";
    project.run("build -j1").ok().stdout("").stderr(all);
    assert_eq!(project.read("out/page.html"), "<p>7 words</p>\n");
    project.run("build").ok().nothing_to_do();
    project.write("notes/dog.txt", "a tired dog\n");
    let cut = "done    count  [time]\ndone    spelling  [time]\nbuilt 3 tasks: 2 done, 1 fresh ([time])\n";
    project.run("build -j1").ok().stderr(cut);
    project.write("notes/dog.txt", "a very tired dog\n");
    project.run("build --json").ok().had("done", &["count", "page", "spelling"]);
    assert_eq!(project.read("out/page.html"), "<p>8 words</p>\n");
    project.write("notes/fox.txt", "teh quick brown fox\n");
    project.run("build").code(1).says(["failed  spelling", "notes/fox.txt:1:teh quick brown fox"]);
    project.run("build --json").code(1).had("failed", &["spelling"]);
}

#[test]
fn packages() {
    let project = copy("packages");
    let both = "done    words:sorted  [time]\ndone    page:page  [time]\nbuilt 2 tasks: 2 done ([time])\n";
    project.run("build").ok().stdout("").stderr(both);
    assert_eq!(project.read("page/out/page.html"), "<title>Words</title>\n<li>apple</li>\n<li>fig</li>\n<li>pear</li>\n");
    project.run("build").ok().nothing_to_do();
    append(&project, "words/words.txt", "fig\n");
    project.run("build").ok().stderr("done    words:sorted  [time]\nbuilt 2 tasks: 1 done, 1 fresh ([time])\n");
    append(&project, "words/words.txt", "kiwi\n");
    project.run_in("page", "build").ok().stderr(both);
    assert!(project.read("page/out/page.html").ends_with("<li>kiwi</li>\n<li>pear</li>\n"));
}

#[test]
fn greeter() {
    let project = copy("greeter");
    project.run("build").ok().says(["built 10 tasks: 10 done"]);
    project.run("build").ok().nothing_to_do();
    project.write("src/greet.h", format!("{}/* more */\n", project.read("src/greet.h")));
    let seen = done(&project.run("build --json").ok().json());
    let expected = ["greet.o[language=en]", "greet.o[language=fr]", "main.o[language=en]", "main.o[language=fr]"];
    assert_eq!(seen, expected.map(|name| format!("app/{name}")).into());
    project.write("src/greet.c", project.read("src/greet.c").replace("return GREETING", "return \"hi\""));
    project.run("build -k").code(1).says(["greets_en", "greets_fr"]);
}

#[test]
fn rules() {
    let project = copy("rules");
    project.settle().run("check").code(3).says(["the task `test` has not passed with what is there now; build it: orket build test"]);
    project.run("build").ok().says(["done    test", "done    roadmap", "2 done, 3 fresh"]);
    project.run("check").ok().says(["done: 4 of 4 gates passed"]);
    append(&project, "shop/domain/cart.py", "\nfrom shop.web import pages\n");
    project
        .run("build")
        .code(1)
        .says(["`shop.domain.cart` imports `shop.web.pages`, and `web` stands above `domain`", "these modules import each other"]);
}

#[test]
fn service() {
    let project = copy("service");
    project.run("build").ok().says(["built 2 tasks: 2 done"]);
    project.run("build").ok().nothing_to_do();
    project.declare(&project.read("orket.kdl").replace("It works", "It fails").replace("b'It fails'", "b'It works'"));
    project.run("build").code(1).says(["site/test failed: exit status 1", "<h1>It fails</h1>"]);
}

#[test]
fn libgit2() {
    let Some(project) = fetched("libgit2", "source/libgit2/COPYING") else { return };
    let all = done(&project.run("build hash --json").ok().json());
    assert!(all.len() > 200, "only {} tasks", all.len());
    project.run("build hash").ok().nothing_to_do();

    // Which objects read a header is asked of the compiler's own notes.
    let header = "source/libgit2/src/libgit2/odb.h";
    let notes = walkdir::WalkDir::new(project.at("obj")).into_iter().flatten();
    let notes = notes.filter(|entry| entry.path().extension().is_some_and(|end| end == "d"));
    let reads = |path: &Path| fs::read_to_string(path).unwrap().split_whitespace().any(|word| word == header);
    let sources: BTreeSet<String> = notes
        .filter(|entry| reads(entry.path()))
        .map(|entry| entry.path().strip_prefix(project.at("obj")).unwrap().with_extension("").to_str().unwrap().to_owned())
        .collect();
    assert!((10..150).contains(&sources.len()), "{sources:?}");
    project.write(header, format!("{}#define MORE 1\n", project.read(header)));
    let again = done(&project.run("build --json").ok().json());
    let compiled: BTreeSet<String> = again.iter().filter_map(|task| task.split_once('/')).map(|(_, source)| source.to_owned()).collect();
    assert_eq!(compiled, sources);
    project.run("build").ok().nothing_to_do();

    let strings = "source/libgit2/src/util/str.c";
    append(&project, strings, "int one_more_function(void) { return 1; }\n");
    project.run("build --json").ok().had("done", &[&format!("library/{strings}"), "git2", "libgit2.a"]);

    project.remove("obj").remove("libgit2.a").remove("git2").remove("config");
    project.run("build --json").ok().had("done", &[]).had("fresh", &[]);
    project.run("build").ok().nothing_to_do();

    project.remove(strings);
    project.run("build").code(1).says(["done    libgit2.a", "failed  git2", "undefined reference"]);
}

/// The PATH, with the folder of the Python that `python3` starts in front: what chooses among several wants a home that tests do not have.
fn path_to_python() -> String {
    let asked = std::process::Command::new("python3").args(["-c", "import os, sys; print(os.path.dirname(sys.executable))"]).output();
    format!("{}:{}", String::from_utf8(asked.unwrap().stdout).unwrap().trim(), std::env::var("PATH").unwrap())
}

#[test]
fn opentelemetry() {
    let Some(project) = fetched("opentelemetry", "third_party") else { return };
    let project = project.var("PATH", &path_to_python());
    assert_eq!(done(&project.run("build --json").ok().json()).len(), 18);
    assert_eq!(project.read("out/wheels.txt").lines().count(), 6);
    project.run("build").ok().nothing_to_do();

    append(&project, "opentelemetry-sdk/tests/trace/test_trace.py", "# a comment\n");
    project.run("build --json").ok().had("done", &["opentelemetry-sdk:test"]);
    append(&project, "opentelemetry-propagator-b3/README.rst", "\nOne more line.\n");
    let b3 = ["site", "test", "wheel"].map(|task| format!("opentelemetry-propagator-b3:{task}"));
    project.run("build --json").ok().had("done", &[&b3[0], &b3[1], &b3[2], "wheels"]);

    for package in ["api", "sdk", "semantic-conventions", "test-utils", "propagator-b3", "propagator-jaeger"] {
        project.remove(&format!("opentelemetry-{package}/dist")).remove(&format!("opentelemetry-{package}/site"));
    }
    project.run("build --json").ok().had("done", &[]).fresh(6);

    append(&project, "opentelemetry-api/src/opentelemetry/trace/status.py", "\nraise RuntimeError('broken')\n");
    project.run("build -k").code(1).says(["failed  opentelemetry-api:test", "failed  opentelemetry-sdk:test"]);
}

#[test]
fn strategies() {
    let project = copy("strategies").var("PATH", &path_to_python());
    let own = |words: &str, seam: &str| project.run(&format!("{words} --strategy {seam}=own"));
    let default = project.run("build hello --force").ok();
    assert!(!default.err().contains("bash"), "{}", default.err());
    own("build hello", "engine_runtime").ok();
    assert!(project.has(".orket/fast-disk/results"));
    let json = own("build hello --json", "execution_runtime").ok().json();
    assert!(json["run"].as_str().unwrap().starts_with("all-"), "{json}");
    own("build breaks", "pipeline_wiring").code(1).says(["mended"]);
    project.run_with("build breaks --strategy pipeline_wiring=own", &[("CI", "1")]).code(1).never_says(["mended"]);
    own("build hello", "tool_strategy").ok().says(["hello from bash"]);
    own("build hello", "sandbox_policy").ok();
    own("build breaks quiet asks -j1", "orchestration_loop").code(5).says(["failed  breaks", "failed  quiet", "failed  asks"]);
    own("build quiet breaks -j1", "planner").code(1);
    own("build hello", "router").ok();
    project.run("build quiet").code(1);
    own("build quiet", "evaluator").ok();
    project.run("build asks").code(5);
    own("build asks", "prompt_strategy").ok();
    own("build hello", "cache_policy").ok();
    let served = Served::start(&project, "--strategy api_runtime=own", &[]);
    let host = format!("Host: {0}\r\nOrigin: http://{0}\r\nAuthorization: Bearer {1}\r\n", served.address, served.key);
    assert!(served.ask_as("POST", "/api/v1/builds", &host, "{}").body.contains("build from a terminal"));
    assert_eq!(served.ask("POST", "/api/v1/builds", r#"{"targets": ["hello"]}"#).status, 202);
}

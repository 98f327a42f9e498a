//! Completions, as shells ask for them.

use std::process::Command;

use crate::common::{Project, filtered};

fn shop() -> Project {
    Project::new().manifest(
        r#"
        epic "app" {
            about "The program"
            task "gen" { about "Makes gen.h"; sh "true" }
            task "wheel" { matrix { py "3.11" "3.12" }; sh "echo {matrix.py}" }
            task "hidden" { private #true; sh "true" }
        }
        task "deploy" { sh "true" }
        service "db" { run "db" }
        "#,
    )
}

/// Asks as the script for bash does, with the cursor behind the last word.
fn offered(mut project: Project, words: &[&str]) -> Vec<String> {
    project.set("ORKET_COMPLETE", Some("bash"));
    project.set("_CLAP_IFS", Some("\n"));
    project.set("_CLAP_COMPLETE_INDEX", Some(&(words.len() - 1).to_string()));
    let seen = project.words(&[&["--"], words].concat()).ok().ran([]);
    assert_eq!(seen.err(), "", "{}", seen.all());
    seen.out().lines().filter(|line| !line.starts_with('-')).map(str::to_owned).collect()
}

#[test]
fn addresses_that_fit_the_command() {
    let all = ["app", "app/gen", "app/wheel[py=3.11]", "app/wheel[py=3.12]", "deploy"];
    assert_eq!(offered(shop(), &["orket", "build", ""]), all);
    assert_eq!(offered(shop(), &["orket", "run", ""]), all[1..]);
    assert_eq!(offered(shop(), &["orket", "explain", "d"]), ["deploy", "db"]);
    assert_eq!(offered(shop(), &["orket", "graph", "app/g"]), ["app/gen"]);
    assert_eq!(offered(shop(), &["orket", "build", "deploy", "app/w"]), all[2..4]);
}

#[test]
fn private_targets_and_bare_names_once_something_is_typed() {
    assert_eq!(offered(shop(), &["orket", "build", "app/h"]), ["app/hidden"]);
    assert_eq!(offered(shop(), &["orket", "build", "ge"]), ["gen"]);
    assert_eq!(offered(shop(), &["orket", "build", "zebra"]), [] as [&str; 0]);
}

#[test]
fn the_last_name_of_a_question() {
    assert_eq!(offered(shop(), &["orket", "query", "de"]), ["deps(", "deploy"]);
    assert_eq!(offered(shop(), &["orket", "query", "deps(app) - deps(app/g"]), ["deps(app) - deps(app/gen"]);
    assert_eq!(offered(shop(), &["orket", "query", "somepath(deploy,app/g"]), ["somepath(deploy,app/gen"]);
}

#[test]
fn folder_and_manifest_of_the_line_count() {
    let project = shop().file("other/orket.kdl", "task \"there\" { sh \"true\" }").file("other/more.kdl", "task \"more\" { sh \"true\" }");
    assert_eq!(offered(project, &["orket", "-C", "other", "build", ""]), ["there"]);
    let project = shop().file("more.kdl", "task \"more\" { sh \"true\" }");
    assert_eq!(offered(project, &["orket", "build", "--file=more.kdl", ""]), ["more"]);
}

#[test]
fn names_in_the_package_that_one_stands_in() {
    let project = || {
        let root = "include \"pay\"\ntask \"root\" { sh \"true\" }";
        Project::new().manifest(root).file("pay/orket.kdl", "task \"wheel\" { sh \"true\" }")
    };
    assert_eq!(offered(project(), &["orket", "build", "pay:"]), ["pay:wheel"]);
    assert_eq!(offered(project(), &["orket", "-C", "pay", "build", ""]), ["root", "wheel"]);
    assert_eq!(offered(project(), &["orket", "-C", "pay", "build", "pay:"]), ["pay:wheel"]);
}

#[test]
fn a_wrong_manifest_or_none_offers_nothing_and_says_nothing() {
    assert_eq!(offered(Project::new(), &["orket", "build", ""]), [] as [&str; 0]);
    assert_eq!(offered(Project::new().manifest("task \"a\" {"), &["orket", "build", ""]), [] as [&str; 0]);
    assert_eq!(offered(Project::new().manifest("task \"a\" { needs \"b\" }"), &["orket", "query", "deps(b"]), [] as [&str; 0]);
}

#[test]
fn a_large_manifest_is_not_read_but_its_last_load_is_remembered() {
    let mut text: String = (0..1000).map(|index| format!("task \"t{index}\" {{ about \"Number {index}\"; sh \"true\" }}\n")).collect();
    let project = Project::new().manifest(&text);
    assert_eq!(offered(project, &["orket", "build", "t99"]), [] as [&str; 0]);
    let project = Project::new().manifest(&text);
    project.run("build t1").ok();
    text.push_str("task \"t1000\" { sh \"true\" }\n");
    project.declare(&text);
    let known = ["t99", "t990", "t991", "t992", "t993", "t994", "t995", "t996", "t997", "t998", "t999"];
    assert_eq!(offered(project, &["orket", "build", "t99"]), known);
}

#[test]
fn completing_writes_nothing() {
    let project = shop();
    project.mode("", 0o555);
    assert!(!offered_in(&project, "orket build ").is_empty());
    project.mode("", 0o755);
    assert!(!project.has(".orket"));
}

/// Presses the tab key at the end of a line of bash's.
fn offered_in(project: &Project, line: &str) -> Vec<String> {
    let breaks = |c: char| c.is_whitespace() || ":=".contains(c);
    let mut words: Vec<&str> = Vec::new();
    let mut start = 0;
    for (at, c) in line.char_indices().filter(|(_, c)| breaks(*c)) {
        words.push(&line[start..at]);
        words.push(&line[at..at + c.len_utf8()]);
        start = at + c.len_utf8();
    }
    words.push(&line[start..]);
    let last = words.len() - 1;
    words = words.iter().enumerate().filter(|(at, word)| *at == last || !word.trim().is_empty()).map(|(_, word)| *word).collect();
    let quoted: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
    let press = format!(
        "source <(orket completions bash); COMP_LINE='{line}'; COMP_POINT=${{#COMP_LINE}}; COMP_WORDS=({}); COMP_CWORD={}; _orket orket {} ''; \
         printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        quoted.join(" "),
        words.len() - 1,
        quoted.last().unwrap()
    );
    let orket = std::path::Path::new(env!("CARGO_BIN_EXE_orket")).parent().unwrap();
    let path = format!("{}:{}", orket.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash").args(["--norc", "-c", &press]).current_dir(project.root()).env("PATH", path).output().unwrap();
    assert_eq!(filtered(&String::from_utf8_lossy(&output.stderr), project.base()), "");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.starts_with('-') && !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_gets_back_what_stands_behind_its_last_break() {
    let project = shop().file("pay/orket.kdl", "task \"wheel\" { sh \"true\" }\ntask \"web\" { sh \"true\" }");
    project.declare("include \"pay\"\nepic \"app\" { task \"wheel\" { matrix { py \"3.11\" \"3.12\" }; sh \"echo {matrix.py}\" } }");
    assert_eq!(offered_in(&project, "orket build pay:we"), ["web"]);
    assert_eq!(offered_in(&project, "orket build pay:"), ["wheel", "web"]);
    assert_eq!(offered_in(&project, "orket build app/wheel[py=3"), ["3.11]", "3.12]"]);
    assert_eq!(offered_in(&project, "orket build pay:web app/w"), ["app/wheel[py=3.11]", "app/wheel[py=3.12]"]);
    assert_eq!(offered_in(&project, "orket bui"), ["build"]);
}

#[test]
fn bash_gets_a_name_with_a_blank_as_one_word() {
    let project = shop().file("p y/orket.kdl", "task \"wh eel\" { sh \"true\" }");
    project.declare("include \"p y\"\nepic \"app\" { task \"sp ace\" { sh \"true\" }; task \"it's\" { sh \"true\" } }");
    assert_eq!(offered_in(&project, "orket build app/sp"), ["app/sp\\ ace"]);
    assert_eq!(offered_in(&project, "orket build \"app/sp"), ["app/sp ace"]);
    assert_eq!(offered_in(&project, "orket build app/i"), ["app/it\\'s"]);
}

#[test]
fn every_shell_has_a_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        Project::new().words(&["completions", shell]).ok().says(["ORKET_COMPLETE", "orket"]);
    }
}

//! Epics of a rock, each in a workspace of its own.

use crate::common::Project;

/// Two epics, the second on top of the first; a task of each that runs whenever it is asked for, and one whose results are not kept.
const SHIP: &str = r#"
process_rules { pipeline_wiring_node "isolated" }
rock "ship" { epic "app"; epic "core" }
epic "core" {
    task "lib" { sh "{log:lib}; pwd > where.core; cat src/*.c > lib.o"; inputs "src/*.c"; outputs "lib.o" "where.core" }
    task "stamp" { sh "{log:stamp}; echo made > stamp"; outputs "stamp"; cache #false }
    task "greet" { sh "{log:greet}" }
}
epic "app" {
    needs "core"
    task "link" { needs "core/lib"; sh "{log:link}; pwd > where.app; cat lib.o > bin/app"; outputs "bin/app" "where.app" }
    task "deploy" { needs "core/greet" "link"; sh "{log:deploy}" }
}
"#;

fn ship() -> Project {
    Project::new().file("src/a.c", "a\n").manifest(SHIP)
}

#[test]
fn each_task_runs_once_in_the_workspace_of_its_epic_and_its_outputs_come_to_the_checkout() {
    let project = ship();
    let seen = project.run("build ship").ok().ran(["lib", "stamp", "greet", "link", "deploy"]);
    let place = |id: &str| format!("{}\n", project.at(&format!(".orket/workspaces/{id}")).canonicalize().unwrap().display());
    assert_eq!((project.read("where.core"), project.read("where.app")), (place("build-core"), place("build-app")));
    assert_eq!((project.read("bin/app"), project.read("stamp")), (String::from("a\n"), String::from("made\n")));
    let core = seen.err().find("epic `core` in .orket/workspaces/build-core\n").expect("it is said");
    assert!(core < seen.err().find("epic `app` in .orket/workspaces/build-app\n").expect("it is said"), "what is needed comes first");
    project.run("build ship").ok().ran(["stamp", "greet"]);
    project.run("build ship --force").ok().ran(["lib", "stamp", "greet", "link", "deploy"]);
    project.write("src/b.c", "b\n");
    project.run("build ship").ok().ran(["lib", "stamp", "greet", "link", "deploy"]);
    assert_eq!(project.read("bin/app"), "a\nb\n");
    project.remove("src/a.c");
    project.run("build ship").ok();
    assert_eq!(project.read("bin/app"), "b\n");
}

#[test]
fn each_workspace_has_a_record_and_an_id_of_its_own() {
    let project = ship();
    project.run("build ship").ok();
    let runs = |folder: &str| {
        let json = project.run(&format!("runs --json -C {folder}")).ok().json();
        let runs = json["runs"].as_array().unwrap_or_else(|| json.as_array().unwrap()).clone();
        assert_eq!(runs.len(), 1, "{json}");
        (runs[0]["goal"][0].as_str().unwrap().to_owned(), runs[0]["run"].as_str().unwrap().to_owned())
    };
    let found = [runs("."), runs(".orket/workspaces/build-core"), runs(".orket/workspaces/build-app")];
    assert_eq!(found.clone().map(|(goal, _)| goal), ["ship", "core", "app"]);
    let mut ids = found.map(|(_, id)| id);
    ids.sort();
    assert!(ids[0] != ids[1] && ids[1] != ids[2], "{ids:?}");
}

#[test]
fn no_epic_sees_what_another_leaves_behind() {
    let epics = r#"
rock "all" { epic "one"; epic "two" }
epic "one" { task "litter" { sh "{log:litter}; echo > left; echo > o"; outputs "o" } }
epic "two" { after "one"; task "look" { sh "{log:look}; test ! -e left"; cache #false } }
"#;
    let project = Project::new().manifest(epics);
    project.run("build all").code(1);
    assert!(project.has("left"));
    let project = Project::new().manifest(epics);
    project.run("build all --strategy pipeline_wiring=isolated").ok().ran(["litter", "look"]);
    assert!(project.has("o") && !project.has("left"));
}

#[test]
fn an_epic_that_fails_leaves_the_checkout_alone_and_what_succeeded_is_brought() {
    let project = Project::new().manifest(
        r#"
process_rules { pipeline_wiring_node "isolated" }
rock "all" { epic "good"; epic "bad"; epic "behind"; epic "late" }
epic "good" { task "g" { sh "{log:g}; echo > good"; outputs "good" } }
epic "bad" { needs "good"; task "first" { sh "{log:first}; echo > first"; outputs "first" }; task "b" { needs "first"; sh "echo > half; false"; outputs "half" } }
epic "behind" { needs "bad"; task "n" { sh "{log:n}; echo > n"; outputs "n" } }
epic "late" { after "bad"; task "l" { sh "{log:l}; echo > late"; outputs "late" } }
"#,
    );
    let there = || ["good", "first", "half", "n", "late"].map(|name| project.has(name));
    project.run("build all").code(1).ran(["g", "first"]).says(["failed  bad/b", "note: the epic `behind` is not built"]);
    assert_eq!(there(), [true, false, false, false, false]);
    project.run("build all -k").code(1).ran(["l"]).says(["note: the epic `behind` is not built"]).never_says(["`late` is not built"]);
    assert_eq!(there(), [true, false, false, false, true]);
    let json = project.run("runs --json").ok().json();
    let runs = json["runs"].as_array().unwrap_or_else(|| json.as_array().unwrap());
    assert_eq!(runs.iter().map(|run| run["exit"].as_i64().unwrap()).collect::<Vec<_>>(), [1, 1]);
    project.run("build bad --json").code(1).ran([]).had("failed", &["bad/b"]);
}

#[test]
fn a_workspace_holds_the_sources_and_nothing_that_is_built() {
    let project = Project::new()
        .file(".gitignore", "*.data\n.env\norket.local.kdl\nignored/\n")
        .file("in.data", "data\n")
        .file(".env", "FROM=dotenv\n")
        .file("ignored/big", "x")
        .file("header.h", "h\n")
        .file("run.sh", "echo script\n")
        .file("orket.local.kdl", "process_rules { pipeline_wiring_node \"isolated\" }")
        .manifest(
            r#"
env { dotenv ".env" }
rock "all" { epic "e" }
epic "e" {
    task "t" { sh "cat in.data header.h > o; echo $FROM >> o; ./run.sh >> o; cat link >> o; echo 'o: header.h' > o.d"; inputs "*.data"; outputs "o"; depfile "o.d" }
}
"#,
        );
    project.mode("run.sh", 0o755).link("header.h", "link");
    project.run("build all").ok();
    assert_eq!(project.read("o"), "data\nh\ndotenv\nscript\nh\n");
    let there = |path: &str| project.has(&format!(".orket/workspaces/build-e/{path}"));
    assert!(there("header.h") && there(".gitignore") && !there("ignored"));
    project.proven_with("all");
    project.write("header.h", "H\n");
    project.run("build all").ok();
    assert_eq!(project.read("o"), "data\nH\ndotenv\nscript\nH\n");
}

#[test]
fn a_folder_that_becomes_a_link_is_one_in_the_workspace_and_what_it_leads_to_stays() {
    let project = Project::new().file("src/a/b", "inside\n").manifest(
        "process_rules { pipeline_wiring_node \"isolated\" }\nrock \"all\" { epic \"e\" }\nepic \"e\" { task \"t\" { sh \"cat src/a/b > o\"; inputs \"src/a/b\"; outputs \"o\" } }",
    );
    std::fs::create_dir(project.base().join("far")).unwrap();
    std::fs::write(project.base().join("far/b"), "outside\n").unwrap();
    project.run("build all").ok();
    project.remove("src/a").link(project.base().join("far").to_str().unwrap(), "src/a");
    project.run("build all").ok();
    assert_eq!(project.read("o"), "outside\n");
    assert_eq!(std::fs::read_to_string(project.base().join("far/b")).unwrap(), "outside\n");
    assert!(project.at(".orket/workspaces/build-e/src/a").is_symlink());
}

#[test]
fn what_workspaces_cannot_see_is_said_before_anything_runs() {
    let manifest = r#"
process_rules { pipeline_wiring_node "isolated" }
decision "touched" { choose "yes" { changed "src/**" }; otherwise "no" }
rock "all" { epic "e" }
epic "e" { task "t" { sh "{log:t}; echo {{decision.touched}} > o"; outputs "o" } }
"#;
    let project = Project::new().manifest(manifest);
    project.run("build all").code(2).ran([]).says(["the decision `touched` looks at what is `changed`", "--decide touched=VALUE"]);
    project.run("build all --decide touched=yes").ok().ran(["t"]);
    assert_eq!(project.read("o"), "yes\n");
    project.git("init -q").git("add orket.kdl").git("commit -qm one");
    project.write("src/a", "");
    project.run("build e").ok();
    assert_eq!(project.read("o"), "yes\n");
    project.run("build all").code(2);
}

#[test]
fn what_failed_in_a_workspace_is_in_the_record_of_the_build() {
    let project = Project::new().file("in", "bad").manifest(
        "process_rules { pipeline_wiring_node \"isolated\" }
rock \"r\" { epic \"a\"; epic \"c\" }
epic \"a\" { task \"x\" { sh \"echo x > ax\"; outputs \"ax\" } }
epic \"c\" { task \"bad\" { inputs \"in\"; sh \"echo why; grep good in\" } }",
    );
    let seen = project.run("build r -k --json --events events").code(1).json();
    let outcomes: Vec<(&str, &str)> = seen["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| (task["address"].as_str().unwrap(), task["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes, [("a/x", "done"), ("c/bad", "failed")]);
    assert_eq!(seen["totals"]["failed"], 1);
    assert!(project.read("events").lines().any(|line| line.contains("\"c/bad\"") && line.contains("\"failed\"")));
    project.run("runs show").ok().says(["1 failed", "c/bad"]);
    project.run("runs logs --target c/bad").ok().says(["why"]);
    project.run("build --rerun failed").code(1).says(["failed  c/bad"]);
    project.write("in", "good").run("build r").ok();
}

#[test]
fn gates_see_the_files_of_a_workspace_and_of_a_folder_that_somebody_else_ignores() {
    let manifest = r#"
process_rules { pipeline_wiring_node "isolated" }
rock "r" { epic "e" }
epic "e" { gate "words" kind="pattern" { pattern "TODO"; files "src/**"; message "do it" } }
"#;
    let project = Project::new().file("src/a.c", "TODO\n").manifest(manifest);
    project.run("build r").code(1).says(["src/a.c"]);
    let json = project.write("src/a.c", "done\n").run("build r --json").ok().json();
    assert_eq!(json["gates"].as_array().unwrap().len(), 1, "its verdict in the workspace and that in the checkout are one");
    std::fs::write(project.base().join(".gitignore"), "*\n").unwrap();
    project.write("src/a.c", "TODO\n").run("check").code(1).says(["src/a.c"]);
    project.run("build r").code(1).says(["src/a.c"]);
    let project = Project::new().file("src/a.c", "TODO\n").manifest(manifest);
    project.git("init -q").write(".gitignore", "src/skipped\n").write("src/skipped", "TODO\n").git("add .").git("commit -qm one");
    project.run("build r").code(1).says(["src/a.c"]).never_says(["src/skipped"]);
}

#[test]
fn the_build_tells_what_happened_in_workspaces_as_it_happened() {
    let project = ship();
    let all = ["app/deploy", "app/link", "core/greet", "core/lib", "core/stamp"];
    let seen = project.run("build ship --json --events events").ok().had("done", &all).never_says(["nothing to do"]);
    assert_eq!((seen.json()["totals"]["done"].as_u64(), seen.json()["exit"].as_i64()), (Some(5), Some(0)));
    let told = project.read("events");
    let count = |event: &str| told.lines().filter(|line| line.contains(&format!("\"event\":\"{event}\""))).count();
    assert_eq!((count("run_started"), count("started"), count("finished"), count("run_finished")), (1, 5, 5, 1));
    project.run("runs show").ok().says(["5 done", "done       core/lib"]);
    project.run("build ship --force").ok().says(["built 5 tasks: 5 done"]);
}

#[test]
fn an_epic_that_is_refused_is_told_and_with_keep_going_the_others_are_built() {
    let project = Project::new().manifest(
        r#"
process_rules { pipeline_wiring_node "isolated" }
rock "r" { epic "ask"; epic "other"; epic "behind"; task "plain" }
epic "ask" { task "q" { sh "{log:q}"; confirm "sure?" } }
epic "other" { after "ask"; task "o" { sh "{log:o}" } }
epic "behind" { needs "ask"; task "b" { sh "{log:b}" } }
task "plain" { after "ask"; sh "{log:plain}" }
"#,
    );
    let seen = project.run("build r --json --summary summary").code(5).ran([]).had("failed", &["ask/q"]);
    seen.had("cancelled", &["behind/b", "other/o", "plain"]);
    assert!(project.read("summary").contains("\"exit\": 5"));
    project.run("runs").ok().says(["exit 5", "1 failed, 3 not reached"]);
    let seen =
        project.run("build r -k --json").code(5).ran(["o", "plain"]).had("done", &["other/o", "plain"]).had("cancelled", &["behind/b"]);
    let tasks = seen.json()["tasks"].as_array().unwrap().clone();
    assert_eq!(tasks.iter().find(|task| task["address"] == "behind/b").unwrap()["because"], "ask");
    project.run("build --rerun failed").code(5).says(["failed  ask/q"]);
}

//! What changes between a task's judgement and its end, and what is left over from before.

use crate::common::{Project, wait_until};

/// Keeps a task where it is until the test makes `go` in the folder around the project.
const HOLD: &str = "while [ -e {base}/ran -a ! -e {base}/go ]; do sleep 0.02; done";

/// Builds while `meddle` happens in the middle of the task that logs `NAME` and then waits as [`HOLD`] says.
fn meddled(project: &Project, name: &str, meddle: impl FnOnce(&Project)) -> String {
    let _ = std::fs::remove_file(project.base().join("go"));
    let before = project.log().len();
    let build = project.start("build");
    assert!(wait_until(|| project.log()[before..].iter().any(|ran| ran == name)), "it never started: {}", build.said());
    meddle(project);
    std::fs::write(project.base().join("go"), "").unwrap();
    let ended = build.end();
    assert_eq!(ended.code(), 0, "{}", String::from_utf8_lossy(&ended.err));
    String::from_utf8_lossy(&ended.err).into_owned()
}

#[test]
fn a_file_that_comes_under_a_pattern_while_the_task_runs_is_noticed() {
    let project = Project::new()
        .file("src/a", "a")
        .manifest(&format!("task \"t\" {{ sh \"{{log:t}}; {HOLD}; cat src/* > out\"; inputs \"src/*\"; outputs \"out\" }}"));
    let said = meddled(&project, "t", |project| {
        project.write("src/b", "b");
    });
    assert!(said.contains("`src/b` changed while it ran; its result is not stored"), "{said}");
    project.remove("src/b").run("build").ok().ran(["t"]);
    assert_eq!(project.read("out"), "a");
}

#[test]
fn a_file_that_comes_under_a_pattern_before_the_task_starts_is_noticed() {
    let project = Project::new().file("src/a", "a").manifest(&format!(
        "task \"first\" {{ sh \"{{log:first}}; {HOLD}\" }}
task \"t\" {{ sh \"cat src/* > out; rm -f src/b; {{log:t}}\"; inputs \"src/*\"; outputs \"out\"; priority \"low\" }}"
    ));
    let _ = std::fs::remove_file(project.base().join("go"));
    let build = project.start("build -j1");
    // With one slot, the second is judged while the first runs.
    assert!(wait_until(|| project.log() == ["first"]));
    project.write("src/b", "b");
    std::fs::write(project.base().join("go"), "").unwrap();
    build.end();
    project.run("build t").ok();
    assert_eq!(project.read("out"), "a");
}

#[test]
fn a_header_that_is_edited_while_it_is_first_read_is_noticed() {
    let project = Project::new().file("c.c", "").file("h.h", "1").manifest(&format!(
        "task \"t\" {{ sh \"cat h.h > out; echo 'out: c.c h.h' > x.d; {{log:t}}; {HOLD}\"; inputs \"c.c\"; outputs \"out\"; depfile \"x.d\" }}"
    ));
    let said = meddled(&project, "t", |project| {
        project.write("h.h", "2");
    });
    assert!(said.contains("`h.h` changed while it ran; its result is not stored"), "{said}");
    project.run("build").ok().ran(["t"]);
    assert_eq!(project.read("out"), "2");
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_depfile_of_an_earlier_run_is_none_of_this_one() {
    let with = r#"task "t" { sh "cat a.h > o; echo 'o: a.h' > x.d"; inputs "c"; outputs "o"; depfile "x.d" }"#;
    let project = Project::new().file("c", "").file("a.h", "1").manifest(with);
    project.run("build").ok();
    project.declare(&with.replace("echo 'o: a.h' > x.d", "true"));
    project.run("build").code(1).says(["the depfile `x.d` was not made"]);
}

#[test]
fn a_depfile_that_names_what_a_task_makes_that_is_not_needed_is_a_failure() {
    let manifest = r#"task "gen" { sh "cat in > gen.h"; inputs "in"; outputs "gen.h" }
task "o" { after "gen"; sh "cat gen.h > o; echo 'o: gen.h' > o.d"; inputs "main.c"; outputs "o"; depfile "o.d" }"#;
    let project = Project::new().file("in", "1").file("main.c", "").manifest(manifest);
    project
        .run("build")
        .code(1)
        .says(["its depfile says that it has read `gen.h`, which `gen` makes, and it does not need `gen`; add: needs \"gen\""]);
    project.declare(&manifest.replace("after \"gen\"", "needs \"gen\"")).run("build").ok();
    project
        .declare(&manifest.replace("after \"gen\"", "needs \"both\"").replace("task \"o\"", "task \"both\" { needs \"gen\" }\ntask \"o\""))
        .run("build")
        .ok();
    project.write("in", "2").run("build").ok();
    assert_eq!(project.read("o"), "2");
}

#[test]
fn a_depfile_that_git_tracks_stays() {
    let project = Project::new()
        .file("a.h", "")
        .file("x.d", "mine")
        .manifest(r#"task "t" { sh "{log:t}; echo 'o: a.h' > x.d; : > o"; outputs "o"; depfile "x.d" }"#);
    project.git("init -q").git("add x.d");
    project.run("build").code(1).ran([]).says(["the depfile `x.d` is tracked by git; orket does not replace what git tracks"]);
    assert_eq!(project.read("x.d"), "mine");
}

#[test]
fn a_further_attempt_starts_where_the_first_one_did() {
    let project = Project::new().manifest(
        r#"task "t" { sh "echo line >> o/log; if mkdir {base}/once; then : > o/a; exit 1; fi; : > o/b"; outputs "o/"; retries 1; backoff "1ms" }"#,
    );
    project.run("build").ok();
    assert_eq!((project.read("o/log").as_str(), project.has("o/a"), project.has("o/b")), ("line\n", false, true));
}

#[test]
fn a_link_behind_a_link_to_a_folder_means_what_the_system_says() {
    let project = Project::new().file("e/f/keep", "").file("e/x", "1").file("x", "wrong");
    project.link("e/f", "d").link("../x", "e/f/l");
    project.declare(r#"task "t" { sh "cat d/l > out"; inputs "d/l"; outputs "out" }"#);
    project.run("build").ok();
    project.write("e/x", "2").run("build").ok();
    assert_eq!(project.read("out"), "2");
}

#[test]
fn a_name_in_a_depfile_that_climbs_out_of_a_link_means_what_the_system_says() {
    let project = Project::new().file("a/b/keep", "").file("a/h.h", "1").file("h.h", "wrong").file("c/b/keep", "").file("c/h.h", "3");
    project.link("a/b", "k");
    project
        .declare(r#"task "t" { sh "cat k/../h.h > out; echo 'out: k/../h.h' > x.d"; inputs "orket.kdl"; outputs "out"; depfile "x.d" }"#);
    project.run("build").ok();
    project.write("a/h.h", "2").run("build").ok();
    assert_eq!(project.read("out"), "2");
    project.remove("k").link("c/b", "k").run("build").ok();
    assert_eq!(project.read("out"), "3");
}

#[test]
fn what_a_link_leads_to_counts_outside_of_the_project_and_behind_outputs() {
    let project = Project::new().file("v1", "1").file("v2", "2");
    std::fs::create_dir(project.base().join("beside")).unwrap();
    std::fs::write(project.base().join("beside/x"), "1").unwrap();
    project.link("../beside/x", "u");
    project.declare(
        r#"task "outside" { sh "cat u > o1"; inputs "u"; outputs "o1" }
task "pick" { sh "ln -sfn v1 cur"; inputs "orket.kdl"; outputs "cur" }
task "behind" { needs "pick"; sh "cat cur > o2"; outputs "o2" }"#,
    );
    project.run("build").ok();
    std::fs::write(project.base().join("beside/x"), "2").unwrap();
    project.write("v1", "3").run("build").ok();
    assert_eq!((project.read("o1").as_str(), project.read("o2").as_str()), ("2", "3"));
}

#[test]
fn a_dotenv_file_that_a_needed_task_makes_is_read_after_it() {
    let project = Project::new().file("v", "1").manifest(
        r#"task "gen" { sh "printf X= > .env; cat v >> .env"; inputs "v"; outputs ".env" }
task "use" { needs "gen"; sh "{log:use}; echo $X > out"; env { dotenv ".env" }; outputs "out" }"#,
    );
    project.run("build").ok();
    project.write("v", "2").run("build").ok().ran(["use"]);
    assert_eq!(project.read("out"), "2\n");
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_tool_that_a_task_makes_is_found_anew_after_it() {
    let project = Project::new().file("v", "1").manifest(
        r#"task "tool" { sh "printf '#!/bin/sh\necho tool ' > bin/t; cat v >> bin/t; chmod +x bin/t"; inputs "v"; outputs "bin/t" }
task "after" { after "tool"; run "t"; sh "{log:after}"; env { set "PATH" "{base}/project/bin:{{env.PATH}}" }; inputs "orket.kdl" }
task "needs" { needs "tool"; run "t"; sh "{log:needs}"; env { set "PATH" "{base}/project/bin:{{env.PATH}}" } }"#,
    );
    project.run("build -j1").ok().ran(["after", "needs"]);
    project.write("v", "2").run("build -j1").ok().ran(["after", "needs"]);
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_task_runs_again_when_its_service_sees_something_else() {
    let project = Project::new().manifest(
        r#"service "db" { sh "echo up; while :; do sleep 1; done"; env { pass "X"; secret "S" }; ready { output "up" } }
task "t" { uses "db"; sh "{log:t}; : > out"; inputs "orket.kdl"; outputs "out" }"#,
    );
    let seen = |x: &str, s: &str| [("X", x.to_owned()), ("S", s.to_owned())];
    let build = |x: &str, s: &str| {
        let pairs = seen(x, s);
        let pairs: Vec<(&str, &str)> = pairs.iter().map(|(name, value)| (*name, value.as_str())).collect();
        project.run_with("build", &pairs).ok().names_that_ran().to_vec()
    };
    assert_eq!(build("1", "s"), ["t"]);
    assert_eq!(build("1", "s"), [] as [&str; 0]);
    assert_eq!(build("2", "s"), ["t"]);
    assert_eq!(build("2", "t"), ["t"]);
    project.run_with("explain t", &[("X", "3"), ("S", "t")]).ok().says(["service db changed"]);
}

#[test]
fn a_tool_that_is_recorded_no_longer_is_refused_also_where_all_was_proven() {
    let project = Project::new().file("i", "").manifest(
        r#"process_rules { tool_strategy_node "locked" }
task "t" { run "true"; tools "true"; inputs "i" }"#,
    );
    let asked = project.run("build").code(1);
    let line = asked.all().split("add the line: ").nth(1).and_then(|rest| rest.lines().next()).expect("it says what to record").to_owned();
    project.write("orket-tools.lock", &line);
    project.proven();
    project.write("orket-tools.lock", line.replace(char::is_numeric, "f"));
    project.run("build").code(1).says(["the tool `true` is not the one that `orket-tools.lock` records"]);
}

#[test]
fn an_output_that_is_declared_otherwise_goes() {
    let manifest = |name: &str| {
        format!(
            "task \"zip\" {{ sh \"echo {name} > dist/{name}; echo x > gen/x; echo y > gen/y\"; outputs \"dist/{name}\" \"gen/\" }}
task \"sum\" {{ needs \"zip\"; sh \"cat dist/* > sums\"; inputs \"dist/*\"; outputs \"sums\" }}"
        )
    };
    let project = Project::new().manifest(&manifest("1.0"));
    project.run("build").ok();
    project.declare(&manifest("1.1").replace("; echo y > gen/y", "").replace("\"gen/\"", "\"gen/x\"")).run("build").ok();
    assert_eq!((project.read("sums").as_str(), project.has("dist/1.0"), project.has("gen/y")), ("1.1\n", false, false));
    // The same where nothing has to run, and where a person has changed the file.
    project.write("dist/1.1", "mine").declare(&manifest("1.0")).run("build").ok().says(["moved to"]);
    assert_eq!((project.read("sums").as_str(), project.has("dist/1.1"), project.has("gen/y")), ("1.0\n", false, true));
}

#[test]
fn what_a_failed_task_left_and_a_person_edited_is_moved_aside() {
    let project = Project::new().manifest(r#"task "t" { sh "echo part > a; echo part > o/b; exit 1"; outputs "a" "o/" }"#);
    project.run("build").code(1);
    project.run("build").code(1).never_says(["moved"]);
    project.settle().write("a", "precious").write("o/b", "precious");
    let seen = project.run("build").code(1).says(["2 files were in the place of outputs"]);
    let run = seen.all().split(".orket/displaced/").nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    assert_eq!(project.read(&format!(".orket/displaced/{run}/a")), "precious");
    assert_eq!(project.read(&format!(".orket/displaced/{run}/o/b")), "precious");
}

#[test]
fn an_incremental_result_that_did_not_start_from_nothing_is_nobody_elses() {
    let manifest = r#"task "t" { sh "{log:t}; cat i >> log"; inputs "i"; outputs "log"; incremental #true }"#;
    let project = Project::new().file("i", "1").manifest(manifest);
    project.run("build").ok();
    project.write("i", "2").run("build").ok();
    assert_eq!(project.read("log"), "12");
    project.run("build").ok().nothing_to_do();
    project.remove("log").remove(".orket").run("build").ok().ran(["t"]);
    assert_eq!(project.read("log"), "2");
}

#[test]
fn many_outputs_of_one_task_are_one_reason() {
    let project = Project::new().file("v", "1").manifest(
        r#"task "many" { sh "for i in $(seq 100); do cat v > o/$i; done"; inputs "v"; outputs "o/" }
task "t" { needs "many"; sh "{log:t}; cat o/7 > out"; outputs "out" }"#,
    );
    project.run("build").ok();
    project.write("v", "2").run("build").ok().ran(["t"]);
    project.run("explain t").ok().says(["need many changed"]);
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_depfile_that_is_wrong_is_the_tasks_own() {
    let project = Project::new().manifest("task \"t\" { sh \"echo x > o; echo garbage > o.d\"; outputs \"o\"; depfile \"o.d\" }");
    for _ in 0..3 {
        project.run("build").code(1).says(["the depfile `o.d` is wrong"]).never_says(["was moved"]);
    }
}

#[test]
fn a_pipe_is_no_input() {
    let project = Project::new().manifest("task \"t\" { sh \"true\"; inputs \"p\" }");
    assert!(std::process::Command::new("mkfifo").arg(project.at("p")).status().unwrap().success());
    project.run("build").code(1).says(["the input `p` is neither a file nor a folder"]);
}

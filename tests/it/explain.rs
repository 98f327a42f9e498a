//! Why a task would run, or ran.

use crate::common::Project;

fn built() -> Project {
    let project = Project::new()
        .file("i", "1")
        .var("V", "1")
        .manifest(r#"task "t" { sh "{log:t}; cat i > o"; inputs "i"; outputs "o"; env { pass "V" } }"#);
    project.run("build").ok();
    project
}

#[test]
fn a_first_build() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; echo > o"; outputs "o" }"#);
    project.run("explain t").ok().ran([]).says(["t would run"]);
    assert!(!project.has(".orket"));
}

#[test]
fn a_changed_input_names_the_file() {
    let project = built();
    project.write("i", "2");
    project.run("explain t").ok().ran([]).says(["would run", "input i changed"]);
    project.run("build --explain").ok().ran(["t"]).says(["input i changed"]);
    project.run("explain t").ok().says(["input i changed"]);
}

#[test]
fn a_changed_variable_shows_old_and_new() {
    let mut project = built();
    project.set("V", Some("2"));
    project.run("explain t").ok().ran([]).says(["env V changed: \"1\" -> \"2\""]);
}

#[test]
fn a_changed_command_shows_old_and_new() {
    let project = Project::new().manifest(r#"task "t" { sh "echo one > o"; outputs "o" }"#);
    project.run("build").ok();
    project.declare(r#"task "t" { sh "echo two > o"; outputs "o" }"#);
    project.run("explain t").ok().says(["command changed", "echo one > o", "echo two > o"]);
}

#[test]
fn machines_get_the_same() {
    let project = built();
    project.write("i", "2");
    let seen = project.run("explain t --json").ok().ran([]);
    assert!(seen.json().to_string().contains("\"input\""), "{}", seen.all());
    project.run("explain nobody").code(4);
}

#[test]
fn of_what_only_gathers_the_parts_are_told() {
    let project = Project::new().manifest("task \"x\" { sh \"echo > o\"; outputs \"o\" }\ntask \"all\" { needs \"x\" }");
    project.run("explain all").ok().says(["x would run:"]);
    let seen = project.run("build all -n --json").ok().json();
    assert_eq!(seen["tasks"][0]["outcome"], "would_run");
    assert_eq!((&seen["totals"]["would_run"], &seen["totals"]["done"]), (&1.into(), &serde_json::Value::Null));
    project.run("build").ok();
    project.run("explain all").ok().says(["all is fresh"]);
}

#[test]
fn what_puts_nothing_out_makes_nobody_run_and_hides_no_reason() {
    let project = Project::new().file("src/a", "1").file("src/b", "1").manifest(
        r#"
task "chk" { sh "{log:chk}"; inputs "src/**" }
task "gen" { needs "chk"; sh "{log:gen}; cat src/a > g"; inputs "src/a"; outputs "g" }
task "dn" { needs "gen"; sh "{log:dn}; cat src/b g > d"; inputs "src/b"; outputs "d" }
"#,
    );
    project.run("build").ok();
    project.write("src/b", "2").run("explain dn").ok().says(["dn would run:\n  input src/b changed"]);
    project.run("explain gen").ok().says(["gen is fresh"]);
    project.run("build -n").ok().says(["would run  chk", "would run  dn"]).never_says(["gen"]);
    project.write("src/a", "2").run("explain dn").ok().says(["dn would run:\n  input src/b changed"]);
    project.run("build").ok().ran(["chk", "gen", "dn"]);
    project.write("src/a", "3").run("explain dn").ok().says(["dn would run:\n  gen would run first"]);
}

#[test]
fn a_decision_is_explained() {
    let project = Project::new().manifest(
        r#"
decision "d" { choose "a" { env "NOPE" }; otherwise "b" }
decision "later" { choose "a" { output "t" matches="x" }; otherwise "b" }
task "t" { sh "echo x"; inputs "in" }
"#,
    );
    project.write("in", "");
    project.run("explain d").ok().says(["the decision d would be b  (default)", "a: env \"NOPE\" does not hold"]);
    project.run("explain later").ok().says(["the decision later is not known: waits for `t`"]).never_says(["fresh"]);
    let json = project.run("explain d --json").ok().json();
    assert_eq!((&json["decisions"][0]["name"], &json["decisions"][0]["chosen"]), (&"d".into(), &"b".into()));
    project.run("build t").ok();
    assert!(crate::common::wait_until(|| project.run("decisions").ok().out().contains("later  a")), "it still waits");
}

#[test]
fn a_changed_strategy_is_told_with_the_one_before() {
    let project = Project::new().manifest(r#"task "t" { sh "echo > o"; outputs "o" }"#);
    project.run("build").ok();
    project.run("explain t --strategy evaluator=strict").ok().says(["strategy evaluator changed: \"default\" -> \"strict\""]);
}

#[test]
fn a_gate_has_reasons_and_a_last_run() {
    let project = Project::new().file("a", "x\n").manifest(r#"gate "g" kind="pattern" { pattern "TODO"; files "a"; message "do it" }"#);
    project.run("build --explain").ok().says(["(no verdict is kept for what it sees now)"]);
    project.run("explain g").ok().says(["g ran last in run"]);
    project.settle().run("build").ok();
    project.run("build --force --explain").ok().says(["done    g", "(forced)"]);
}

#[test]
fn what_changed_while_a_task_ran_is_no_failure() {
    let project = Project::new().file("i", "1").manifest(r#"task "t" { sh "cat i > o; echo 2 > i"; inputs "i"; outputs "o" }"#);
    project.run("build").ok().says(["`i` changed while it ran"]);
    project.run("explain t").ok().says(["what it reads was changed while it ran last"]).never_says(["failed"]);
    let seen = project.run("explain t --json").ok().json();
    assert_eq!(seen["tasks"][0]["reason"]["kind"], "overtaken");
    project.run("build").ok();
    assert_eq!(project.run("runs show --json").ok().json()["tasks"][0]["reason"]["kind"], "overtaken");
}

#[test]
fn what_the_epic_of_a_task_needs_is_told_by_name() {
    let project = Project::new().file("i", "1").manifest(
        r#"task "lib" { sh "cat i > lib.o"; inputs "i"; outputs "lib.o" }
epic "docs" { needs "lib"; task "page" { sh "echo > page.o"; outputs "page.o" } }"#,
    );
    project.run("build").ok();
    project.write("i", "2").run("build lib").ok();
    project.run("explain docs/page").ok().says(["need lib changed"]).never_says(["need docs"]);
}

#[test]
fn what_another_build_runs_is_told_as_running() {
    let project =
        Project::new().manifest(r#"task "t" { sh "{log:t}; until test -e {base}/go; do sleep 0.01; done; echo > o"; outputs "o" }"#);
    let build = project.start("build");
    let running = || project.run("explain t").ok().out().contains("t is running: another build in this checkout has begun it");
    assert!(crate::common::wait_until(running), "{}", build.said());
    project.run("build --check").code(1).stdout("runs  t  (another build is running it)\n");
    project.run("build -n --json").ok().says(["\"kind\": \"running\""]);
    project.write("../go", "");
    assert_eq!(build.end().code(), 0);
    project.run("explain t").ok().says(["t is fresh"]);
}

#[test]
fn who_only_looks_supposes_the_program_that_the_store_has() {
    let project = Project::new().file("src", "one").manifest(
        r#"
task "tool" { sh "{log:tool}; printf '#!/bin/sh\necho %s > $1\n' $(cat src) > tool; chmod +x tool"; inputs "src"; outputs "tool" }
task "use" { needs "tool"; run "./tool" "out"; outputs "out" }
"#,
    );
    project.run("build").ok();
    project.write("src", "two").run("build").ok();
    project.write("src", "one").run("build -n").ok().says(["would restore  tool\n", "would restore  use\n"]);
    project.remove("tool").run("build -n").ok().says(["would restore  tool\n", "would restore  use\n"]);
    project.run("build").ok().ran([]);
    project.remove("tool").run("build -n").ok().stdout("would restore  tool\n");
}

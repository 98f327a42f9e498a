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

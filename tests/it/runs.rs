//! Past runs.

use crate::common::Project;

#[test]
fn runs_are_listed_shown_compared_and_their_output_is_kept() {
    let project = Project::new().file("i", "1").manifest(r#"task "t" { sh "echo said-$(cat i); echo > o"; inputs "i"; outputs "o" }"#);
    project.run("runs").ok();
    project.run("build").ok();
    project.write("i", "2");
    project.run("build").ok();
    let bare = project.run("runs").ok().out().to_owned();
    let listed = project.run("runs list").ok().out().to_owned();
    assert_eq!(bare, listed);
    assert!(listed.lines().count() >= 2, "{listed}");
    project.run("runs list --json").ok().json();
    project.run("runs show").ok().says(["t"]);
    project.run("runs show --json").ok().json();
    project.run("runs diff").ok();
    project.run("runs logs").ok().says(["said-2"]).never_says(["said-1"]);
    project.run("runs logs --target t").ok().says(["said-2"]);
}

#[test]
fn a_run_that_is_not_there_is_told() {
    let project = Project::new().manifest(r#"task "t" { sh "true" }"#);
    let (code, seen) = project.run("runs show 00000000").either();
    assert_ne!(code, 0, "{}", seen.all());
}

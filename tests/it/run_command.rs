//! `orket run`: one task in the foreground.

use crate::common::Project;

#[test]
fn the_status_is_the_programs_own() {
    for status in [0, 1, 2, 42] {
        let manifest = format!("task \"t\" {{ sh \"exit {status}\" }}");
        let _ = Project::new().manifest(&manifest).run("run t").code(status);
    }
}

#[test]
fn what_it_needs_is_built_first() {
    let project =
        Project::new().manifest(r#"task "a" { sh "{log:a}; echo a > a"; outputs "a" }; task "t" { needs "a"; sh "{log:t}; cat a" }"#);
    let seen = project.run("run t").ok().ran_in_order(["a", "t"]);
    assert!(seen.out().contains("a\n"), "{}", seen.all());
    project.run("run t").ok().ran(["t"]);
}

#[test]
fn words_are_appended_or_positional() {
    let project =
        Project::new().manifest(r#"task "argv" { run "printf" "<%s>" }; task "shell" { sh "for w in \"$@\"; do echo \"[$w]\"; done" }"#);
    project.words(&["run", "argv", "--", "a b", "-x", "$HOME"]).ok().says(["<a b><-x><$HOME>"]);
    project.words(&["run", "shell", "--", "a b", "--json"]).ok().says(["[a b]\n[--json]\n"]);
}

#[test]
fn a_need_that_fails_keeps_it_from_starting() {
    let project = Project::new().manifest(r#"task "a" { sh "{log:a}; exit 9" }; task "t" { needs "a"; sh "{log:t}" }"#);
    project.run("run t").code(1).ran(["a"]);
    project.run("run nobody").code(4).ran([]);
}

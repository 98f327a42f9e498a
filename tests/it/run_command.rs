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

#[test]
fn how_the_program_ended_is_the_exit_everywhere() {
    let project = Project::new().manifest(r#"task "t" { sh "exit 3" }; task "killed" { sh "kill -KILL $$" }"#);
    assert_eq!(project.run("run t --json").code(3).json()["exit"], 3);
    project.run("runs").ok().says(["  exit 3  "]);
    assert_eq!(project.run("run killed --json").code(137).json()["exit"], 137);
    project.run("build killed").code(1).says(["killed by SIGKILL"]);
}

#[test]
fn what_runs_it_again_has_the_same_words() {
    let project = Project::new().manifest(r#"task "s" { sh "exit 1" }; task "t" { needs "s"; sh "exit 1" }"#);
    project.words(&["run", "s", "--", "a", "b c"]).code(1).says(["  again: orket run s -- a 'b c'\n"]);
    project.run("run s").code(1).says(["  again: orket run s\n"]);
    project.run("run t").code(1).says(["  again: orket build s\n"]);
}

#[test]
fn events_that_cannot_be_written_are_told() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}" }"#);
    project.run("build --events /dev/full").code(3).ran(["t"]).says(["cannot write `/dev/full`: "]);
    project.run_to("/dev/full", "build --ui json --force").code(3).ran(["t"]).says(["cannot"]);
}

#[test]
fn a_secret_among_the_words_is_not_told() {
    let project = Project::new().var("TOK", "p@ss/word one").manifest(r#"task "t" { run "false"; env { secret "TOK" } }"#);
    let seen = project.words(&["run", "t", "--", "pre p@ss/word one post"]).code(1).says(["again: orket run t -- 'pre (secret) post'"]);
    assert!(!format!("{}{}", seen.out(), seen.err()).contains("p@ss"), "{}", seen.all());
}

#[test]
fn what_only_gathers_takes_no_words() {
    let project = Project::new().manifest("task \"all\" { needs \"a\" }\ntask \"a\" { sh \"{log:a}\" }");
    project.words(&["run", "all", "--", "-v"]).code(2).ran([]).says(["`all` only gathers what it needs"]);
    project.run("run all").ok().ran(["a"]);
}

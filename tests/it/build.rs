//! What runs, what does not, and why.

use crate::common::Project;

const CHAIN: &str = r#"
task "one" { sh "cat in > a; echo 1 >> log"; inputs "in"; outputs "a" }
task "two" { needs "one"; sh "head -c 2 a > b; echo 2 >> log"; outputs "b" }
task "three" { needs "two"; sh "cp b c; echo 3 >> log"; outputs "c" }
"#;

fn chain() -> Project {
    let project = Project::new(CHAIN);
    project.write("in", "hello");
    project
}

#[test]
fn a_second_build_runs_nothing() {
    let project = chain();
    assert_eq!(project.build(&[]), (Some(0), vec!["one done".into(), "three done".into(), "two done".into()]));
    assert_eq!(project.build(&[]), (Some(0), vec!["one fresh".into(), "three fresh".into(), "two fresh".into()]));
    assert_eq!(project.read("log"), "1\n2\n3\n");
    let said = project.orket(&["build"]);
    assert!(said.err.starts_with("nothing to do: 3 tasks fresh ("), "{}", said.err);
}

#[test]
fn the_same_bytes_stop_what_stands_behind() {
    let project = chain();
    let _ = project.build(&[]);
    project.write("in", "help");
    assert_eq!(project.build(&[]), (Some(0), vec!["one done".into(), "three fresh".into(), "two done".into()]));
    assert_eq!(project.read("log"), "1\n2\n3\n1\n2\n");
}

#[test]
fn outputs_that_were_removed_or_changed_come_back_without_running() {
    let project = chain();
    let _ = project.build(&[]);
    project.remove("c");
    project.write("b", "tampered");
    assert_eq!(project.build(&[]), (Some(0), vec!["one fresh".into(), "three cached".into(), "two cached".into()]));
    assert_eq!((project.read("b"), project.read("c")), ("he".into(), "he".into()));
    assert_eq!(project.read("log"), "1\n2\n3\n");
}

#[test]
fn the_reason_has_old_and_new() {
    let project = Project::new("task \"t\" { sh \"echo one > o\"; outputs \"o\" }");
    let _ = project.build(&[]);
    project.write("orket.kdl", "task \"t\" { sh \"echo two > o\"; outputs \"o\" }");
    let said = project.orket(&["explain", "t"]);
    assert!(said.out.starts_with("t would run:\n  command changed: \"sh echo one > o\" -> \"sh echo two > o\"\n"), "{}", said.out);
    assert_eq!(project.orket(&["build", "--check"]).code, Some(1));
}

#[test]
fn what_is_wrong_is_told_with_its_place_and_nothing_runs() {
    let project = Project::new("task \"t\" { sh \"echo > ran\"; imputs \"x\" }\nepik \"e\"\n");
    let said = project.orket(&["build"]);
    assert_eq!(said.code, Some(2));
    for part in ["orket.kdl:1", "did you mean `inputs`?", "orket.kdl:2", "did you mean `epic`?"] {
        assert!(said.err.contains(part), "{part} is missing in {}", said.err);
    }
    assert_eq!(project.orket(&["cache", "path"]).code, Some(0));
}

#[test]
fn exit_codes_tell_how_it_ended() {
    let project = Project::new("task \"bad\" { sh \"exit 3\" }");
    assert_eq!(project.orket(&["build"]).code, Some(1));
    assert_eq!(project.orket(&["build", "nothing"]).code, Some(4));
    assert_eq!(project.orket(&["run", "bad"]).code, Some(3));
}

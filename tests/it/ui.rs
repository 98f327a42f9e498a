//! What is printed where.

use serde_json::Value;

use crate::common::{Project, missing};

fn one() -> Project {
    Project::new().manifest(r#"task "t" { sh "{log:t}; echo > o"; outputs "o" }"#)
}

#[test]
fn plain_lines_in_a_pipe() {
    one().run("build").ok().stdout("").stderr("done    t  [time]\nbuilt 1 task: 1 done ([time])\n");
}

#[test]
fn quiet_is_quiet() {
    one().run("build -q").ok().stdout("").stderr("");
}

#[test]
fn colour_only_where_it_is_wanted() {
    let escape = "\u{1b}[";
    one().run("build").ok().never_says([escape]);
    one().run("build --color never").ok().never_says([escape]);
    one().run("build --color always").ok().says([escape]);
    one().var("CLICOLOR_FORCE", "1").run("build").ok().says([escape]);
    one().var("CLICOLOR_FORCE", "1").var("NO_COLOR", "1").run("build --color never").ok().never_says([escape]);
    one().var("TERM", "dumb").run("build --ui plain").ok().never_says([escape]);
}

#[test]
fn json_tells_every_task() {
    let project = one();
    let json = project.run("build --json").ok().json();
    let task = &json["tasks"][0];
    assert_eq!((&task["address"], &task["outcome"]), (&Value::from("t"), &Value::from("done")));
    assert!(task["duration_ms"].is_u64() && task["reason_text"].is_string(), "{json}");
    assert_eq!(project.run("build --json").ok().json()["tasks"][0]["outcome"], "fresh");
}

#[test]
fn events_are_one_object_a_line() {
    let project = one();
    project.run("build --events events --summary summary --trace trace").ok();
    let events: Vec<Value> = project.read("events").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events.first().unwrap()["event"], "run_started");
    assert_eq!(events.last().unwrap()["event"], "run_finished");
    assert!(events.iter().any(|event| event["event"] == "finished" && event["task"] == "t"), "{events:?}");
    for file in ["summary", "trace"] {
        let _: Value = serde_json::from_str(&project.read(file)).unwrap();
    }
}

#[test]
fn events_on_the_screen() {
    let seen = one();
    let seen = seen.run("build --ui json").ok();
    let printed = format!("{}{}", seen.out(), seen.err());
    for line in printed.lines() {
        let _: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{}", seen.all()));
    }
}

#[test]
fn github_gets_annotations() {
    let project = Project::new().var("GITHUB_ACTIONS", "true").manifest("task \"bad\" { sh \"exit 1\" }");
    project.run("build").code(1).says(["::error file=orket.kdl,line=1"]);
}

#[test]
fn nodes_without_effect_yet_are_told() {
    let project = Project::new().manifest("task \"t\" { executor \"remote\"; sh \"true\" }");
    project.run("build t").ok().says(["note: `executor` (orket.kdl:1) has no effect"]);
}

#[test]
fn what_blocks_a_task_is_said_once_with_what_to_do_about_it() {
    Project::new().manifest("task \"a\" { inputs \"nothing.c\"; outputs \"a.o\"; sh \"true\" }").run("build").code(1).stderr(
        "failed  a (orket.kdl:1)\n  \
         the input `nothing.c` does not exist, and no task that it needs makes it\n  \
         hint: make the file, or correct `inputs` at orket.kdl:1\n  \
         again: orket build a\n\
         failed: 1 failed ([time])\n",
    );
}

#[test]
fn a_result_that_cannot_be_written_is_said() {
    if !std::path::Path::new("/dev/full").exists() {
        return missing("/dev/full", "no result is written where there is no room");
    }
    let project = Project::new().manifest("task \"a\" { sh \"true\" }");
    for words in ["list", "graph --format dot", "query a", "build -n --json"] {
        project.run_to("/dev/full", words).code(3).says(["error: cannot write the result: No space left on device"]);
    }
}

#[test]
fn what_is_said_to_do_next_works_where_it_was_typed() {
    let project = Project::new().file("other file.kdl", "task \"f\" { sh \"exit 1\" }").manifest("");
    project.words(&["-f", "other file.kdl", "build"]).code(1).says(["  again: orket -f 'other file.kdl' build f\n"]);
    project.words(&["-f", "nope.kdl", "build"]).code(2).says(["error: there is no manifest `nope.kdl`\n"]);
}

#[test]
fn a_task_for_another_platform_is_skipped_in_plain_words() {
    let project = Project::new().manifest("task \"w\" { platform \"windows\"; sh \"true\" }\ntask \"v\" { needs \"w\"; sh \"true\" }");
    project.run("build").ok().says(["skipped w  it is not for this platform\nskipped v  because of w\n"]);
    project.run("build -n").ok().stdout("would skip  w  (its platform)\nwould skip  v  (w)\nnothing to do: 0 tasks fresh, 2 skipped\n");
}

#[test]
fn machines_are_told_errors_as_json() {
    let project = Project::new().manifest("task \"a\" { nope 1; sh \"true\" }");
    let json = project.run("list --json").code(2).json();
    assert_eq!(json["problems"][0]["code"], "manifest/unknown_node");
    let project = Project::new().manifest("task \"a\" { sh \"true\" }");
    let json = project.run("build zzz --json").code(4).json();
    assert_eq!((&json["exit"], &json["error"]["message"]), (&4.into(), &"no target matches `zzz`".into()));
}

#[test]
fn a_wrong_line_of_variables_is_named() {
    let project = Project::new().file(".env", "A=1\nB C\n").manifest("task \"d\" { env { dotenv \".env\" }; sh \"true\" }");
    project
        .run("build")
        .code(1)
        .says(["`.env:2` does not say NAME=value, a quote is not closed, or a byte is zero: `B C` (`dotenv` at orket.kdl:1)"]);
}

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
    project.run("build").code(1).says(["`.env:2` cannot be read: `B C`: it does not say NAME=value (`dotenv` at orket.kdl:1)"]);
}

#[test]
fn what_would_run_is_told_to_machines_with_status_and_blame() {
    let project = Project::new().manifest(
        r#"
decision "d" { otherwise "b"; choose "a" { env "A" } }
task "t" { only_if "d" "a"; sh "true" }
task "u" { sh "true" }
"#,
    );
    let json = project.run("build --check --json").code(1).json();
    let of = |address: &str| json["tasks"].as_array().unwrap().iter().find(|task| task["address"] == address).unwrap().clone();
    assert_eq!((&json["exit"], &of("t")["because"], &of("u")["outcome"]), (&1.into(), &"decision d = b".into(), &"would_run".into()));
    assert_eq!(project.run("build -n --json").ok().json()["exit"], 0);
}

#[test]
fn a_decision_that_cannot_be_made_is_wrong_wherever_it_is_looked_at() {
    let project = Project::new().manifest("decision \"d\" { choose \"a\" { env \"A\" } }\ntask \"t\" { only_if \"d\" \"a\"; sh \"true\" }");
    project.run("build").code(2);
    project.run("build -n").code(2).says(["cannot run  t"]);
    project.run("decisions").code(2).says(["no `choose` of this decision holds"]);
}

#[test]
fn a_no_op_is_one_line_also_where_something_is_skipped() {
    let project = Project::new().file("in", "").manifest(
        r#"
decision "d" { choose "a" { env "A" }; otherwise "b" }
task "t" { only_if "d" "a"; sh "true" }
task "u" { sh "cat in > o"; inputs "in"; outputs "o" }
"#,
    );
    project.run("build").ok().says(["skipped t  because of decision d = b", "done    u"]);
    project.run("build").ok().nothing_to_do().says(["1 task fresh, 1 skipped"]);
    project.run("build -v").ok().says(["skipped t"]);
    project.run("build t").ok().says(["skipped t  because of decision d = b"]);
}

#[test]
fn contradictions_and_numbers_that_are_none_are_refused() {
    let project = Project::new().manifest("decision \"d\" { choose \"a\" { env \"A\" }; otherwise \"b\" }\ntask \"t\" { sh \"{log:t}\" }");
    project.run("build --decide d=a --decide d=b").code(2).ran([]).says(["`d` was to be `a` just before"]);
    project.run("build --decide d=a --decide d=a").ok();
    project
        .run("build --sandbox strict --strategy sandbox_policy=none")
        .code(2)
        .ran([])
        .says(["sandbox_policy is to be `none` and `strict`"]);
    project.run_with("list", &[("ORKET_LOG", "a=b=c")]).code(2).says(["ORKET_LOG is `a=b=c`", "hint: it takes a filter"]);
    project
        .run_with("build", &[("ORKET_DECISION_E", "a")])
        .ok()
        .says(["note: ORKET_DECISION_E is set, and there is no such decision here"]);
    for word in ["-j -1", "-j x", "-j 0"] {
        project.run(&format!("build {word}")).code(2).ran([]).says(["a whole number of 1 or more"]);
    }
    project.run("decisions --sandbox none").ok().says(["sandbox_policy      none"]);
}

#[test]
fn what_cannot_be_written_is_said_before_anything_runs() {
    let project = Project::new().manifest("task \"t\" { sh \"{log:t}\" }");
    for flag in ["--events", "--summary", "--trace"] {
        project
            .run(&format!("build {flag} no/such/file"))
            .code(3)
            .ran([])
            .says(["cannot write `no/such/file`: there is no folder `no/such`"]);
        project.run(&format!("build {flag} ./orket.kdl")).code(2).ran([]).says(["would write over a manifest"]);
    }
    project.run("build --events f --summary f").code(2).ran([]).says(["--events and --summary cannot both be written to `f`"]);
    assert!(project.read("orket.kdl").contains("task"));
}

#[test]
fn every_command_has_something_for_machines() {
    let project = Project::new().manifest("task \"t\" {\n  sh \"true\"\n}\n");
    project.git("init -q");
    let json = |words: &str| project.run(&format!("{words} --json")).either().1.json();
    assert!(json("cache path")["path"].as_str().unwrap().ends_with("/cache"));
    assert_eq!(json("fmt --check"), serde_json::json!({ "version": 1, "untidy": ["orket.kdl"], "tidied": false }));
    assert_eq!(json("hooks install")["hooks"][0]["installed"], true);
    assert_eq!(json("hooks uninstall")["hooks"][0]["installed"], false);
    assert_eq!(json("graph")["nodes"][0]["place"], "orket.kdl:1");
    project.declare("task \"t\" { sh \"true\"; nonsense 1 }");
    let wrong = json("list");
    assert_eq!((wrong["exit"].as_i64(), wrong["problems"].as_array().map(Vec::len)), (Some(2), Some(1)));
    let doctor = json("doctor");
    assert!(doctor["problems"][0]["message"].is_string() && !doctor["checks"][0]["text"].as_str().unwrap().contains('{'), "{doctor}");
    std::fs::create_dir(project.base().join("bin")).unwrap();
    std::os::unix::fs::symlink("/bin/sh", project.base().join("bin/sh")).unwrap();
    project.declare("task \"t\" { sh \"true\" }");
    let seen = project.run_with("build --sandbox strict --json", &[("PATH", project.base().join("bin").to_str().unwrap())]).code(5);
    assert_eq!(seen.json()["exit"], 5);
}

#[test]
fn what_is_written_for_reading_stands_where_c_says() {
    let project = Project::new().file("in/orket.kdl", "task \"a\" { sh \"true\" }");
    project.run("-C in build --events ev --summary su --trace tr").ok();
    for name in ["ev", "su", "tr"] {
        assert!(project.has(&format!("in/{name}")) && !project.has(name), "{name}");
    }
}

#[test]
fn json_is_json_whatever_a_task_with_the_terminal_prints() {
    let project = Project::new().manifest("task \"i\" { interactive #true; sh \"echo words\" }\ntask \"r\" { sh \"echo words\" }");
    for words in ["build i --json", "run r --json"] {
        let seen = project.run(words).ok();
        assert_eq!(seen.json()["exit"], 0);
        assert!(seen.err().contains("words\n"), "{}", seen.all());
    }
    project.run("build i").ok().stdout("words\n");
}

#[test]
fn past_runs_are_told_while_the_manifest_is_wrong() {
    let project = Project::new().manifest("task \"a\" { sh \"echo words\" }");
    project.run("build").ok();
    project.declare("task");
    for (words, said) in [("runs", "1 done"), ("runs show", "done       a"), ("runs logs", "words")] {
        project.run(words).ok().says([said]);
    }
    project.run("build").code(2);
}

//! Past runs.

use rustix::process::Signal;

use crate::common::{Project, wait_until};

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
    let seen = project.run("runs logs --target nope").code(4);
    assert!(seen.err().starts_with("error: no target `nope` did anything in the run `"), "{}", seen.err());
}

#[test]
fn what_failed_is_not_run_again_where_nothing_ran() {
    let project = Project::new().manifest(r#"task "t" { sh "true" }"#);
    project.run("build --rerun failed").code(2).says(["there are no runs yet"]);
    project.run("build").ok();
    project.run("build --rerun failed").ok().says(["nothing to do: no tasks"]);
}

#[test]
fn the_last_run_is_the_last_whatever_the_clock_said() {
    let project = Project::new().file("in", "bad").manifest(r#"task "t" { inputs "in"; sh "grep -q good in" }"#);
    project.run("build").code(1);
    // It began in a year to come.
    for entry in std::fs::read_dir(project.at(".orket/runs")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        std::fs::rename(&path, path.with_file_name(format!("9999999999990{}", &name[13..]))).unwrap();
    }
    project.write("in", "good");
    project.run("build").ok();
    project.run("runs show").ok().says(["1 done"]);
    assert_eq!(project.run("runs list").ok().out().lines().count(), 2);
    project.run("runs diff").ok().says(["t: failed"]);
    project.run("build --rerun failed").ok().says(["nothing to do: no tasks"]);
    project.write("in", "worse");
    project.run("build").code(1);
    project.run("runs show").ok().says(["1 failed"]);
    project.run("runs logs").ok();
}

#[test]
fn what_ran_in_one_of_two_runs_only_is_said_so() {
    let project = Project::new().file("in", "1").manifest("task \"a\" { inputs \"in\"; sh \"true\" }\ntask \"b\" { sh \"true\" }");
    project.run("build a").ok();
    project.run("build b").ok();
    project.run("runs diff").ok().says(["  a: done ", " -> did not run\n  b: did not run -> done "]);
}

#[test]
fn a_run_that_is_not_there_is_told() {
    let project = Project::new().manifest(r#"task "t" { sh "true" }"#);
    let (code, seen) = project.run("runs show 00000000").either();
    assert_ne!(code, 0, "{}", seen.all());
}

#[test]
fn a_run_that_was_killed_is_told_of_as_far_as_it_got() {
    let manifest = r#"
task "one" { sh "echo said; echo > one"; outputs "one" }
task "two" { needs "one"; sh "echo $$ > pid; while ! test -e stop; do sleep 0.1; done; echo > two"; outputs "two" }
"#;
    let project = Project::new().manifest(manifest);
    let build = project.start("build");
    let journal = || {
        std::fs::read_dir(project.at(".orket/runs"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
    };
    assert!(wait_until(|| journal().any(|text| text.contains(r#""task":"one""#) && text.contains("finished"))));
    assert!(wait_until(|| project.has("pid")));
    assert!(wait_until(|| journal().any(|text| text.contains(r#""event":"started","task":"two""#))));
    build.signal(Signal::KILL);
    build.end();
    project.write("stop", "");
    project.run("runs").ok().says(["not ended", "1 done, 1 not finished"]);
    project.run("runs show").ok().says(["done       one"]);
    project.run("runs logs").ok().says(["== one", "said"]);
    project.run("build").ok();
    assert_eq!(project.run("runs").ok().out().lines().filter(|line| line.contains("not ended")).count(), 1);
}

/// How many bytes stand in the records of runs.
fn recorded(project: &Project) -> u64 {
    std::fs::read_dir(project.at(".orket/runs")).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len()).sum()
}

#[test]
fn much_output_is_kept_once_and_printed_whole_again() {
    let project = Project::new().file("in", "1").manifest(
        r#"
        task "kept" { sh "printf begin; head -c 60000 /dev/zero | tr '\\0' x; echo end > o"; inputs "in"; outputs "o" }
        task "unkept" { sh "printf start; head -c 60000 /dev/zero | tr '\\0' y"; inputs "in"; cache #false }
        task "small" { sh "printf first; head -c 10000 /dev/zero | tr '\\0' z"; inputs "in"; cache #false }
        "#,
    );
    let whole = |seen: &str, begin: &str, letter: &str, count: usize| {
        assert!(seen.contains(&format!("{begin}{}", letter.repeat(count))), "{} bytes were printed", seen.len());
    };
    whole(project.run("build -j1").ok().err(), "begin", "x", 60_000);
    assert!(recorded(&project) < 30_000, "{} bytes", recorded(&project));
    let logs = project.run("runs logs").ok();
    for (begin, letter, count) in [("begin", "x", 60_000), ("start", "y", 60_000), ("first", "z", 10_000)] {
        whole(logs.out(), begin, letter, count);
    }
    project.remove(".orket/logs");
    whole(project.run("runs logs --target kept").ok().out(), "begin", "x", 60_000);
    project.run("runs logs --target unkept").ok().says(["(what it printed is no longer in the store)"]);
    project.remove("o");
    let before = recorded(&project);
    whole(project.run("build kept").ok().ran([]).says(["cached  kept"]).err(), "begin", "x", 60_000);
    assert!(recorded(&project) < before + 5_000, "{} bytes more", recorded(&project) - before);
    whole(project.run("runs logs").ok().out(), "begin", "x", 60_000);
}

#[test]
fn of_much_output_the_end_is_shown_also_where_it_comes_from_the_store() {
    let project =
        Project::new().manifest(r#"task "t" { sh "head -c 3000000 /dev/zero | tr '\\0' x; echo; echo last; echo > o"; outputs "o" }"#);
    let shown = |seen: &str| (seen.len() < 70_000, seen.contains("the first 2.8 MiB left out"), seen.contains("x\nlast\n"));
    assert_eq!(shown(project.run("build").ok().err()), (true, true, true));
    project.remove("o");
    let again = project.run("build").ok().says(["cached  t"]);
    assert_eq!(shown(again.err()), (true, true, true));
    assert!(project.run("runs logs").ok().out().len() > 3_000_000);
}

#[test]
fn the_record_of_a_failure_has_the_end_of_what_it_printed() {
    let project = Project::new().manifest(r#"task "t" { sh "head -c 60000 /dev/zero | tr '\\0' x; echo why; exit 1" }"#);
    project.run("build").code(1);
    project.remove(".orket/logs");
    let seen = project.run("runs logs").ok();
    assert!(seen.out().ends_with("xwhy\n") && seen.out().len() > 60_000, "{} bytes", seen.out().len());
}

#[test]
fn runs_of_one_id_keep_their_logs_apart() {
    let project = Project::new()
        .var("ORKET_RUN_ID", "same")
        .manifest(r#"task "t" { sh "cat in; head -c 30000 /dev/zero | tr '\\0' x; echo mine > o; exit 1"; outputs "o" }"#);
    for word in ["first", "second"] {
        project.write("in", format!("{word}\n")).write("o", word);
        project.run("build").code(1);
    }
    let json = project.run("runs --json").ok().json();
    let log = |at: usize| project.read(json["runs"][at]["tasks"][0]["log"].as_str().unwrap());
    assert!(log(1).starts_with("first\n") && log(0).starts_with("second\n"));
    let aside: Vec<String> = std::fs::read_dir(project.at(".orket/displaced"))
        .unwrap()
        .map(|room| std::fs::read_to_string(room.unwrap().path().join("o")).unwrap())
        .collect();
    assert!(aside.contains(&String::from("first")) && aside.contains(&String::from("second")), "{aside:?}");
}

#[test]
fn a_run_says_who_decided_and_two_runs_where_that_differs() {
    let project = Project::new().manifest(r#"task "t" { sh "true" }"#);
    project.run("build").ok();
    project.run("build --strategy planner=fifo").ok();
    project.run("runs show").ok().says(["strategy   planner  fifo  (--strategy)"]);
    let seen = project.run("runs diff").ok().says(["strategy planner: default -> fifo"]);
    drop(seen);
    let json = project.run("runs diff --json").ok().json();
    assert_eq!(json["strategies"], serde_json::json!([{ "seam": "planner", "old": "default", "new": "fifo" }]));
}

#[test]
fn reasons_and_logs_of_runs_are_told_to_machines() {
    let project = Project::new().manifest(r#"task "t" { sh "echo words" }"#);
    project.run("build").ok();
    let task = project.run("runs show --json").ok().json()["tasks"][0].clone();
    assert_eq!((&task["reason"]["kind"], &task["reason_text"]), (&"always".into(), &"runs every time".into()));
    let logs = project.run("runs logs --json").ok().json();
    assert_eq!(logs["logs"], serde_json::json!([{ "address": "t", "output": "words\n" }]));
}

#[test]
fn targets_beside_rerun_narrow_it() {
    let project = Project::new().manifest(
        "task \"a\" { sh \"{log:a}; false\" }\ntask \"b\" { sh \"{log:b}; false\" }\ntask \"c\" { after \"a\" \"b\"; sh \"{log:c}\" }",
    );
    project.run("build -k").code(1);
    project.run("build --rerun failed b").code(1).ran(["b"]);
    project.run("build -k a b").code(1);
    project.run("build --rerun failed c").ok().ran([]);
}

#[test]
fn what_was_cut_off_is_run_again_by_rerun() {
    for signal in [Signal::INT, Signal::KILL] {
        let project = Project::new().manifest(
            r#"
            task "a" { sh "{log:a}; touch {base}/there; test -e {base}/free || exec sleep 300" }
            task "c" { needs "a"; sh "{log:c}" }
            "#,
        );
        let build = project.start("build");
        let journal = || std::fs::read_dir(project.at(".orket/runs")).into_iter().flatten().flatten();
        let told = || journal().any(|entry| std::fs::read_to_string(entry.path()).unwrap().contains(r#""event":"started","task":"a""#));
        assert!(wait_until(|| project.base().join("there").exists() && told()));
        build.signal(signal);
        build.end();
        std::fs::write(project.base().join("free"), "").unwrap();
        project.run("build --rerun failed").ok().ran(["a"]);
        project.run("build --rerun failed").ok().says(["nothing to do: no tasks"]);
    }
}

#[test]
fn a_run_about_nothing_is_not_the_last_one_for_rerun() {
    let project = Project::new().manifest("task \"a\" { sh \"{log:a}; false\" }\ntask \"b\" { sh \"{log:b}\" }");
    project.run("build -k").code(1).ran(["a", "b"]);
    project.run("build --rerun failed b").ok().ran([]).says(["nothing to do: no tasks"]);
    project.run("build --rerun failed").code(1).ran(["a"]);
}

//! What `on_failure` starts.

use rustix::process::Signal;

use crate::common::{Project, wait_until};
use crate::differential::busy;

#[test]
fn a_remedy_runs_when_a_task_has_failed_for_good() {
    let project =
        Project::new().manifest(r#"task "t" { sh "{log:t}; false"; on_failure "r"; retries 1 }; task "r" { private #true; sh "{log:r}" }"#);
    let seen = project.run("build").code(1).ran_in_order(["t", "t", "r"]);
    seen.says(["done    r", "(t failed)", "failed: 1 failed, 1 done"]);
}

#[test]
fn it_knows_what_failed_and_how() {
    let project = Project::new().manifest(
        r#"
        task "t" { sh "echo the disk is full; exit 7"; on_failure "r" }
        task "r" { private #true; sh "echo \"$ORKET_FAILED_TASK, $ORKET_FAILED_STATUS, $ORKET_FAILED_CODE\"; cat \"$ORKET_FAILED_LOG\"" }
        "#,
    );
    let seen = project.run("build").code(1);
    assert!(seen.err().contains("\nt, exit status 7, 7\nthe disk is full\nfailed:"), "{}", seen.all());
}

#[test]
fn no_failure_no_remedy() {
    let project =
        Project::new().manifest(r#"task "t" { sh "{log:t}"; on_failure "r" }; task "r" { needs "n"; private #true; sh "{log:r}" }; task "n" { private #true; sh "{log:n}" }"#);
    project.run("build").ok().ran(["t"]);
    project.run("build -n").ok().never_says(["would run  n"]);
}

#[test]
fn what_it_needs_is_built_for_it_even_where_the_run_is_stopping() {
    for flag in ["", "-k", "--fail-fast"] {
        let project = Project::new().manifest(
            r#"
            task "t" { sh "{log:t}; false"; on_failure "r" }
            task "late" { after "t"; needs "t"; sh "{log:late}" }
            task "r" { needs "n" "shared"; private #true; sh "{log:r}" }
            task "n" { needs "m"; private #true; sh "{log:n}" }
            task "m" { private #true; sh "{log:m}; echo > m"; outputs "m" }
            task "shared" { after "t"; sh "{log:shared}" }
            "#,
        );
        let words = format!("build -j1 {flag}");
        let seen = project.run(&words).code(1).ran(["t", "m", "n", "shared", "r"]);
        assert_eq!(seen.names_that_ran().last().map(String::as_str), Some("r"), "{}", seen.all());
    }
}

#[test]
fn a_remedy_that_fails_is_told_and_has_none_itself() {
    let project = Project::new().manifest(
        r#"
        task "t" { sh "{log:t}; false"; on_failure "r" }
        task "r" { sh "{log:r}; exit 5"; private #true; on_failure "rr" }
        task "rr" { sh "{log:rr}"; private #true }
        "#,
    );
    let seen = project.run("build").code(1).ran_in_order(["t", "r"]);
    seen.says(["failed  t", "failed  r (orket.kdl:3)", "it was run because t failed", "exit status 5", "failed: 2 failed"]);
}

#[test]
fn each_failure_has_its_own_run_of_a_remedy_one_after_the_other() {
    let project = Project::new().manifest(
        r#"
        task "a" { sh "{log:a}; false"; on_failure "r" }
        task "b" { sh "{log:b}; false"; on_failure "r" }
        task "r" { private #true; sh "mkdir now || exit 9; {log:r}; sleep 0.1; rmdir now; echo for $ORKET_FAILED_TASK" }
        "#,
    );
    project.run("build -k -j4").code(1).ran(["a", "b", "r", "r"]).says(["for a\n", "for b\n", "2 failed, 2 done"]);
}

#[test]
fn one_that_is_part_of_the_build_runs_for_the_failure_too() {
    let project = Project::new().manifest(
        r#"
        task "t" { sh "{log:t}; false"; on_failure "r" }
        task "r" { after "t"; sh "{log:r}" }
        "#,
    );
    project.run("build").code(1).ran(["t", "r"]);
    project.run("build -k").code(1).ran(["t", "r", "r"]);
}

#[test]
fn it_is_not_run_for_what_was_interrupted_or_not_reached() {
    let project = Project::new().manifest(
        r#"
        task "t" { sh "{log:t}; touch {base}/there; sleep 300"; on_failure "r" }
        task "r" { private #true; sh "{log:r}" }
        "#,
    );
    let build = project.start("build");
    assert!(wait_until(|| project.base().join("there").exists()));
    build.signal(Signal::INT);
    assert_eq!(build.end().code(), 130);
    assert_eq!(project.log(), ["t"]);
    let project = Project::new().manifest(
        r#"
        task "a" { sh "{log:a}; false" }
        task "t" { needs "a"; sh "{log:t}"; on_failure "r" }
        task "r" { private #true; sh "{log:r}" }
        "#,
    );
    project.run("build -k").code(1).ran(["a"]);
}

#[test]
fn a_signal_ends_it() {
    let project = Project::new().manifest(
        r#"
        task "t" { sh "{log:t}; false"; on_failure "r" }
        task "r" { private #true; sh "{log:r}; touch {base}/there; sleep 300" }
        "#,
    );
    let build = project.start("build");
    assert!(wait_until(|| project.base().join("there").exists()));
    build.signal(Signal::TERM);
    assert_eq!(build.end().code(), 143);
    assert!(!busy(&project.root()));
}

#[test]
fn a_service_that_it_uses_too_stays_for_it() {
    let project = Project::new().manifest(
        r#"
        service "db" { sh "trap '{log:ended}; exit 0' TERM; {log:db}; echo up; while :; do sleep 0.02; done"; ready { output "up" } }
        task "t" { uses "db"; sh "{log:t}; false"; on_failure "r" }
        task "r" { uses "db"; private #true; sh "{log:r}" }
        "#,
    );
    project.run("build").code(1).ran_in_order(["db", "t", "r", "ended"]);
    assert!(!busy(&project.root()));
}

#[test]
fn a_service_that_fails_its_user_is_a_failure_with_a_remedy() {
    let project = Project::new().manifest(
        r#"
        service "db" { sh "echo no disk; exit 1"; ready { output "up" } }
        task "t" { uses "db"; sh "{log:t}"; on_failure "r" }
        task "r" { private #true; sh "{log:r}; cat \"$ORKET_FAILED_LOG\"" }
        "#,
    );
    project.run("build").code(1).ran(["r"]).says(["done    r", "no disk"]);
}

#[test]
fn one_that_needs_what_failed_is_said_not_to_run() {
    let project = Project::new().manifest(
        r#"
        task "t" { sh "{log:t}; false"; on_failure "r" }
        task "r" { needs "t"; private #true; sh "{log:r}" }
        "#,
    );
    project.run("build").code(1).ran(["t"]).says(["the remedy of t is not run: because of t"]);
}

#[test]
fn what_it_puts_out_is_kept_and_made_anew_for_the_next_failure() {
    let project = Project::new().manifest(
        r#"
        task "t" { sh "echo $(cat n); false"; on_failure "r"; inputs "n" }
        task "r" { private #true; sh "{log:r}; cat \"$ORKET_FAILED_LOG\" > saved"; outputs "saved" }
        "#,
    );
    for n in ["one\n", "two\n"] {
        project.write("n", n);
        project.run("build").code(1).ran(["r"]).never_says(["moved"]);
        assert_eq!(project.read("saved"), n);
    }
}

#[test]
fn it_is_told_to_machines_with_its_reason() {
    let project = Project::new().manifest(r#"task "t" { sh "false"; on_failure "r" }; task "r" { private #true; sh "{log:r}" }"#);
    let seen = project.run("build --json").code(1);
    let json = seen.json();
    let remedy = json["tasks"].as_array().unwrap().iter().find(|task| task["address"] == "r").unwrap();
    assert_eq!((&remedy["outcome"], &remedy["reason"]["kind"], &remedy["reason"]["task"]), (&"done".into(), &"remedy".into(), &"t".into()));
    project.run("runs show").ok().says(["r"]);
}

#[test]
fn what_cannot_be_a_remedy_is_refused() {
    for (text, said) in [
        ("epic \"e\" { task \"x\" { sh \"x\" } }\ntask \"t\" { sh \"x\"; on_failure \"e\" }", "`e` is no task, but an epic"),
        ("service \"s\" { sh \"x\" }\ntask \"t\" { sh \"x\"; on_failure \"s\" }", "`s` is no task, but a service"),
        ("task \"t\" { sh \"x\"\n on_failure \"t\" }", "`t` cannot be its own remedy"),
        (
            "task \"r\" { private #true; sh \"echo > o\"; outputs \"o\" }\ntask \"t\" { sh \"x\"; on_failure \"r\" }\nepic \"e\" { needs \"r\"; task \"f\" { sh \"x\" } }\ntask \"u\" { needs \"e\"; sh \"cat o\" }",
            "needs `r`, which puts out other files when it is the remedy of `t`",
        ),
        ("task \"m\" { matrix { a \"1\" \"2\" }; sh \"x\" }\ntask \"t\" { sh \"x\"; on_failure \"m\" }", "`m` means 2 targets"),
    ] {
        Project::new().manifest(text).run("build").code(2).says([said, "orket.kdl:2"]);
    }
}

#[test]
fn what_a_remedy_puts_out_for_a_failure_is_no_result() {
    let project = Project::new().file("mode", "bad").manifest(
        r#"
        task "t" { sh "grep -q good mode"; inputs "mode"; on_failure "r" }
        task "r" { sh "{log:r}; echo \"for ${ORKET_FAILED_TASK:-nobody}\" > diag"; inputs "mode"; outputs "diag" }
        task "c" { sh "{log:c}; test -z \"$ORKET_FAILED_TASK\""; inputs "mode" }
        "#,
    );
    project.run("build t").code(1).ran(["r"]);
    assert_eq!(project.read("diag"), "for t\n");
    project.run("build -n r").ok().says(["would run  r", "it ran last as the remedy of a failure"]);
    project.run("build r").ok().ran(["r"]);
    assert_eq!(project.read("diag"), "for nobody\n");
    project.run("build r").ok().nothing_to_do();
    // The result from before is not lost.
    project.run("build t").code(1).ran(["r"]);
    project.run("build r --json").ok().cached(["r"]);
    assert_eq!(project.read("diag"), "for nobody\n");
}

#[test]
fn what_a_person_puts_in_the_place_of_an_output_after_a_remedy_ran_is_moved_aside() {
    let project = Project::new().file("mode", "good").manifest(
        r#"
        task "t" { sh "grep -q good mode"; inputs "mode"; on_failure "fix" }
        task "fix" { sh "if test -n \"$ORKET_FAILED_TASK\"; then echo > gen/b; else echo > gen/a; fi"; inputs "mode"; outputs "gen/" }
        "#,
    );
    project.run("build").ok();
    project.write("mode", "bad").run("build t").code(1);
    project.write("gen/a", "mine").run("build fix").ok().says(["`gen/a` was in the place of an output"]);
}

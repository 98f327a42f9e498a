//! How tasks are run: how many at once, how often, how long, and what a failure does to the rest.

use crate::common::Project;

/// Tasks that say how many of them run at once, by files in `{base}/now`.
fn crowd(count: usize, extra: &str) -> Project {
    let project = Project::new();
    std::fs::create_dir(project.base().join("now")).unwrap();
    let tasks: String = (0..count)
        .map(|n| format!("task \"t{n}\" {{ sh \"touch {{base}}/now/{n}; sleep 0.1; ls {{base}}/now | wc -l >> {{base}}/counts; rm {{base}}/now/{n}\"; {extra} }}\n"))
        .collect();
    project.manifest(&format!("pool \"one\" 1\n{tasks}"))
}

fn most(project: &Project) -> usize {
    let counts = std::fs::read_to_string(project.base().join("counts")).unwrap();
    counts.lines().map(|line| line.trim().parse().unwrap()).max().unwrap()
}

#[test]
fn jobs_bound_what_runs_at_once() {
    let project = crowd(6, "");
    project.run("build -j1").ok();
    assert_eq!(most(&project), 1);
    let project = crowd(6, "");
    project.run("build -j3").ok();
    assert!((2..=3).contains(&most(&project)), "{}", most(&project));
}

#[test]
fn the_flag_beats_the_variable() {
    let project = crowd(4, "").var("ORKET_JOBS", "1");
    project.run("build").ok();
    assert_eq!(most(&project), 1);
    let project = crowd(4, "").var("ORKET_JOBS", "4");
    project.run("build -j1").ok();
    assert_eq!(most(&project), 1);
    crowd(1, "").var("ORKET_JOBS", "many").run("build").code(2);
}

#[test]
fn a_pool_and_a_weight_bound_it_further() {
    let project = crowd(4, "pool \"one\"");
    project.run("build -j4").ok();
    assert_eq!(most(&project), 1);
    let project = crowd(4, "weight 99");
    project.run("build -j4").ok();
    assert_eq!(most(&project), 1);
}

#[test]
fn what_is_flaky_fails_a_run_that_is_told_so() {
    let manifest = r#"task "t" { sh "{log:t}; test $(wc -l < {base}/ran) -ge 2"; inputs "orket.kdl"; retries 1 backoff="1ms" }"#;
    let project = Project::new().manifest(manifest);
    project.run("build --fail-on-flaky").code(1).ran(["t", "t"]).says(["only on a further attempt", "failed: 1 flaky ("]);
    project.run("build --fail-on-flaky").ok();
}

#[test]
fn retries_count_and_a_pass_on_a_retry_is_flaky() {
    let project = Project::new()
        .manifest(r#"task "t" { sh "{log:t}; test $(wc -l < {base}/ran) -ge 3 && echo > o"; outputs "o"; retries 2 { backoff "1ms" } }"#);
    let (code, seen) = project.run("build").either();
    let seen = if code == 2 {
        project.declare(r#"task "t" { sh "{log:t}; test $(wc -l < {base}/ran) -ge 3 && echo > o"; outputs "o"; retries 2 backoff="1ms" }"#);
        project.run("build").ok()
    } else {
        seen
    };
    seen.ran(["t", "t", "t"]).says(["flaky"]);
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; false"; retries 1 }"#);
    project.run("build").code(1).ran(["t", "t"]);
}

#[test]
fn a_timeout_ends_an_attempt() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; sleep 100"; timeout "100ms" }"#);
    project.run("build").code(1).ran(["t"]).says(["timed out"]);
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; sleep 100" }"#);
    project.run("build --timeout 100ms").code(1).ran(["t"]).says(["timed out"]);
}

#[test]
fn a_failure_stops_the_rest_unless_told_otherwise() {
    let manifest = r#"
        task "bad" { sh "{log:bad}; exit 7"; priority "high" }
        task "behind" { needs "bad"; sh "{log:behind}" }
        task "beside1" { needs "slow"; sh "{log:beside1}" }
        task "slow" { sh "{log:slow}" }
    "#;
    let project = Project::new().manifest(manifest);
    let seen = project.run("build -j1").code(1);
    assert!(!seen.names_that_ran().contains(&"behind".to_owned()), "{}", seen.all());
    project.run("build -j1 -k --json").code(1).ran(["bad", "slow", "beside1"]).had("failed", &["bad"]).had("cancelled", &["behind"]);
}

#[test]
fn a_failure_is_told_in_full() {
    let project = Project::new().manifest("\ntask \"bad\" { sh \"echo to-out; echo to-err >&2; exit 7\" }");
    let seen = project.run("build").code(1);
    seen.says(["failed  bad (orket.kdl:2)", "exit status 7", "to-out", "to-err", "again: orket build bad"]);
}

#[test]
fn a_failure_with_much_output_says_where_all_of_it_is() {
    let project = Project::new().manifest("task \"bad\" { sh \"seq 1 1000; exit 7\" }");
    let seen = project.run("build").code(1).says(["\n1000\n", "earlier lines left out", "whole log: .orket/"]).never_says(["\n5\n"]);
    let log = seen.err().lines().find_map(|line| line.trim().strip_prefix("whole log: ")).unwrap();
    assert!(project.read(log).contains("\n5\n"));
}

#[test]
fn only_what_failed_is_run_again() {
    let project = Project::new()
        .manifest(r#"task "a" { sh "{log:a}" }; task "b" { sh "{log:b}; test -e go" }; task "c" { sh "{log:c}; test -e go" }"#);
    project.run("build -k").code(1);
    project.write("go", "");
    project.run("build --rerun failed").ok().ran(["b", "c"]);
}

#[test]
fn commands_run_in_order_and_the_first_that_fails_ends_the_task() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:1}"; run "mkdir" "made"; sh "{log:2}; exit 3"; sh "{log:3}" }"#);
    project.run("build").code(1).ran_in_order(["1", "2"]);
    assert!(project.has("made"));
}

#[test]
fn words_of_run_are_not_read_by_a_shell() {
    let project = Project::new().manifest(r#"task "t" { run "touch" "a b" "$HOME" "*" "it's"; outputs "a b" }"#);
    project.run("build").ok();
    assert!(project.has("a b") && project.has("$HOME") && project.has("*") && project.has("it's"));
}

#[test]
fn dir_moves_commands_and_not_paths() {
    let project = Project::new()
        .file("sub/x", "")
        .file("in", "1")
        .manifest(r#"task "t" { dir "sub"; sh "pwd > ../where; cat ../in > ../o"; inputs "in"; outputs "o" "where" }"#);
    project.run("build").ok();
    assert!(project.read("where").ends_with("/sub\n"));
    project.run("build").ok().nothing_to_do();
}

#[test]
fn an_edit_in_dir_is_seen() {
    let project = Project::new().file("in", "1").manifest(r#"task "t" { sh "{log:t}; cat in > o"; inputs "in"; outputs "o" }"#);
    project.run("build").ok();
    for text in ["2", "3", "4", "5"] {
        project.write("in", text);
        project.run("build").ok().ran(["t"]);
        assert_eq!(project.read("o"), text);
    }
}

#[test]
fn the_jobserver_of_make_shares_the_slots() {
    let project = Project::new()
        .file("Makefile", "all: a b c d\na b c d:\n\t@touch ../now/$@; sleep 0.1; ls ../now | wc -l >> ../counts; rm ../now/$@\n")
        .manifest(r#"task "t" { run "make" "-s" "all" }"#);
    std::fs::create_dir(project.base().join("now")).unwrap();
    project.run("build -j2").ok().never_says(["jobserver unavailable", "warning"]);
    assert_eq!(most(&project), 2);
}

#[test]
fn a_confirm_with_nobody_to_ask_is_refused() {
    let project = Project::new().manifest(r#"task "t" { confirm "really?"; sh "{log:t}" }"#);
    project.run("build t").code(5).ran([]);
}

#[test]
fn another_platform_is_skipped() {
    let project = Project::new().manifest(r#"task "t" { platform "windows"; sh "{log:t}" }; task "u" { needs "t"; sh "{log:u}" }; task "v" { needs "t" optional=#true; sh "{log:v}" }"#);
    project.run("build --json").ok().ran(["v"]).had("skipped", &["t", "u"]);
}

#[test]
fn much_output_is_bounded_on_the_screen() {
    let project = Project::new().manifest(r#"task "t" { sh "yes 0123456789012345678901234567890123456789 | head -c 20000000; exit 1" }"#);
    let seen = project.run("build").code(1);
    assert!(seen.err().len() + seen.out().len() < 1 << 20);
}

#[test]
fn two_builds_in_one_checkout_take_turns() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; sleep 0.5; echo > o"; outputs "o" }"#);
    let first = project.start("build");
    assert!(crate::common::wait_until(|| !project.log().is_empty()));
    project.run("build").ok().ran([]).says(["wait"]);
    assert_eq!(first.end().code(), 0);
    assert_eq!(project.log(), ["t"]);
}

#[test]
fn a_task_that_has_failed_runs_again_although_the_store_knows_an_earlier_success() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; test ! -e broken && echo made > o"; outputs "o" }"#);
    project.run("build").ok().ran(["t"]);
    project.write("broken", "");
    project.run("build --force").code(1).ran(["t"]);
    project.run("build").code(1).ran(["t"]);
    project.remove("broken");
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().nothing_to_do();
}

#[test]
fn two_runs_of_one_action_are_compared() {
    let manifest = r#"
task "steady" { sh "{log:steady}; cat in > steady"; inputs "in"; outputs "steady" }
task "random" { sh "{log:random}; cat in /proc/sys/kernel/random/uuid > random"; inputs "in"; outputs "random" }
task "grows" { sh "{log:grows}; mkdir -p d; date +%N > d/$(date +%N)"; inputs "in"; outputs "d/" }
task "check" { sh "{log:check}"; inputs "in" }
task "again" { sh "{log:again}; cat in > again"; inputs "in"; outputs "again"; cache #false }
"#;
    let project = Project::new().file("in", "x").manifest(manifest);
    let seen = project
        .run("build -k --verify-determinism")
        .code(1)
        .ran(["again", "check", "grows", "grows", "random", "random", "steady", "steady"]);
    let err = seen.err();
    assert!(err.contains("it is not deterministic, two runs of one action differ: `random` was "), "{err}");
    assert!(err.contains("was put out before and is not now; `d/"), "{err}");
    assert!(project.has("random"));

    project.run("build -k --verify-determinism steady random").code(1).ran(["random", "random", "steady"]).says(["done    steady"]);
    project.run("build").ok().ran(["again", "grows", "random"]);
    // Known by now, so that one more run is enough.
    project.run("build -k --verify-determinism random").code(1).ran(["random"]);
}

#[test]
fn what_cannot_start_stops_the_run_as_any_failure_does() {
    let many: String = (0..300).map(|at| format!("task \"t{at}\" {{ inputs \"s/{at}\"; sh \"{{log:t}}\" }}\n")).collect();
    let project = Project::new().manifest(&many);
    let seen = project.run("build -j1").code(1).ran([]).err().to_owned();
    assert!(seen.contains("failed: 1 failed, 299 not reached ("), "{seen}");
    let seen = project.run("build -k").code(1).err().to_owned();
    assert!(seen.contains("failed: 300 failed (") && seen.ends_with("  and 250 more\n"), "{seen}");
}

#[test]
fn a_task_that_builds_in_its_own_checkout_is_refused_and_one_that_looks_is_not() {
    let orket = env!("CARGO_BIN_EXE_orket");
    let project = Project::new().manifest(&format!(
        r#"
        task "x" {{ sh "{orket} run y" }}
        task "deep" {{ sh "setsid sh -c '{orket} -C . build y z'" }}
        task "looks" {{ sh "{orket} list && {orket} explain y && {orket} build --dry-run y" }}
        task "y" {{ sh "{{log:y}}" }}
        task "z" {{ sh "{{log:z}}" }}
        "#
    ));
    let seen = project.run("build x").code(1).ran([]);
    seen.says(["a build in this checkout is under way, and this is a part of it", "let the task `x` need", "needs \"y\"", "exit status 2"]);
    project.run("build deep").code(1).ran([]).says(["let the task `deep` need", "needs \"y\" \"z\""]);
    project.run("build looks").ok().ran([]);
}

#[test]
fn what_was_ended_is_not_told_as_not_reached() {
    let project = Project::new().manifest(
        r#"
        task "slow" { sh "{log:slow}; sleep 300"; timeout "200s" }
        task "bad" { sh "while ! grep -q slow {base}/ran; do sleep 0.01; done; exit 1" }
        task "later" { needs "slow"; sh "true" }
        "#,
    );
    let seen = project.run("build -j2 --fail-fast").code(1);
    seen.says(["failed: 1 failed, 1 interrupted, 1 not reached ("]);
    project.run("runs").ok().says(["1 failed, 1 interrupted, 1 not reached"]);
}

#[test]
fn what_is_said_of_a_time_limit_reads_as_one_sentence() {
    let project = Project::new().manifest(r#"task "t" { sh "sleep 300"; timeout "100ms" }"#);
    project.run("build").code(1).says(["  timed out (limit 100 ms) after "]);
    let project = Project::new().file("f", "no program").manifest(r#"task "t" { run "./f" }"#);
    project.mode("f", 0o755);
    project.run("build").code(1).never_says(["after 0 ms"]);
}

#[test]
fn each_attempt_is_told_and_drawn() {
    let project = Project::new().manifest(r#"task "t" { retries 2; backoff "1ms"; sh "{log:t}; test $(wc -l < {base}/ran) = 3" }"#);
    project.run("build --events events --trace trace").ok().ran(["t", "t", "t"]);
    let lines = project.read("events");
    let events = lines.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let told: Vec<String> = events
        .filter(|event| ["started", "retrying", "finished"].contains(&event["event"].as_str().unwrap()))
        .map(|event| format!("{} {}", event["event"].as_str().unwrap(), event["attempt"].as_u64().or(event["attempts"].as_u64()).unwrap()))
        .collect();
    assert_eq!(told, ["started 1", "retrying 1", "started 2", "retrying 2", "started 3", "finished 3"]);
    let trace: serde_json::Value = serde_json::from_str(&project.read("trace")).unwrap();
    let bars = trace["traceEvents"].as_array().unwrap().iter().filter(|entry| entry["ph"] == "X");
    let bars: Vec<String> = bars.map(|bar| format!("{} {}", bar["args"]["attempt"], bar["args"]["outcome"].as_str().unwrap())).collect();
    assert_eq!(bars, ["1 failed", "2 failed", "3 done"]);
}

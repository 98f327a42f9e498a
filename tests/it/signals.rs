//! How orket ends when it is told to, and that nothing which it started outlives it.

use std::thread;
use std::time::Duration;

use rustix::process::Signal;

use crate::common::{Project, alive, skipped, wait_until};
use crate::differential::busy;

/// A script that writes its process id to `{base}/pid`, in the way that it is meant to survive.
fn survivor(how: &str) -> Project {
    let stay = "echo $$ > {base}/pid.new; mv {base}/pid.new {base}/pid; sleep 300";
    let script = match how {
        "plain" => stay.to_owned(),
        "background" => format!("sh -c '{stay}' & wait"),
        "setsid" => format!("setsid sh -c '{stay}' & wait"),
        "double fork" => format!("(setsid sh -c '{stay}' &) & sleep 300"),
        "ignored" => format!("trap '' TERM INT HUP QUIT; {stay}; sleep 300"),
        _ => unreachable!(),
    };
    let project = Project::new();
    let script = project.placed(&script);
    project.write("stay.sh", format!("{script}\n"));
    project.manifest("task \"t\" { sh \"sh ./stay.sh\"; inputs \"stay.sh\"; outputs \"o\" }")
}

fn ends(how: &str, signal: Signal, status: i32) {
    let project = survivor(how);
    let build = project.start("build");
    let pid = project.base().join("pid");
    assert!(wait_until(|| pid.exists()), "the task did not start");
    if how == "ignored" {
        build.signal(signal);
        thread::park_timeout(Duration::from_millis(100));
    }
    build.signal(signal);
    let ended = build.end();
    assert_eq!(ended.code(), status, "{how} {signal:?}: {}", String::from_utf8_lossy(&ended.err));
    let pid = std::fs::read_to_string(pid).unwrap();
    assert!(!alive(&pid), "{how} {signal:?}: what the task started is alive");
    assert!(!busy(&project.root()), "{how} {signal:?}: something works in the project still");
}

#[test]
fn a_signal_ends_orket_with_its_status() {
    for (signal, status) in
        [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129), (Signal::QUIT, 131), (Signal::USR1, 138), (Signal::ALARM, 142)]
    {
        ends("plain", signal, status);
    }
}

#[test]
fn children_in_the_background_are_ended() {
    ends("background", Signal::INT, 130);
}

#[test]
fn children_that_left_the_session_are_ended() {
    ends("setsid", Signal::TERM, 143);
}

#[test]
fn children_that_forked_twice_are_ended() {
    ends("double fork", Signal::INT, 130);
}

#[test]
fn a_second_signal_ends_those_that_ignore_the_first() {
    ends("ignored", Signal::INT, 130);
}

#[test]
fn children_of_a_task_that_is_done_are_ended_and_not_waited_for() {
    for leave in ["sleep 300 &", "setsid sleep 300 &", "(setsid sleep 300 &) &"] {
        let project = Project::new().manifest(&format!("task \"t\" {{ sh \"{{log:t}}; {leave} echo > o\"; outputs \"o\" }}"));
        project.run("build").ok().ran(["t"]);
        assert!(!busy(&project.root()), "{leave}: it is alive after the build");
    }
}

/// A gate whose command stays, another one whose filter does, and both in the index.
fn staying(kind: &str) -> Project {
    let stay = "echo $$ > {base}/pid.new; mv {base}/pid.new {base}/pid; sleep 300\n";
    let project = Project::new().file("R.md", "- `sh {base}/stay.sh` -> 1 passed.\n").file("a.txt", "a\n");
    project.write("../stay.sh", project.placed(stay));
    project.write("R.md", project.placed("- `sh {base}/stay.sh` -> 1 passed.\n"));
    project.git("init -q").write(".gitignore", ".orket\n");
    let project = project.manifest(match kind {
        "claim" => "gate \"r\" kind=\"roadmap_metrics\" { file \"R.md\"; command \"sh {base}/stay.sh\" }",
        _ => "gate \"f\" kind=\"fixer\" { files \"*.txt\"; filter \"sh\" \"{base}/stay.sh\" }",
    });
    project.git("add -A");
    project
}

#[test]
fn a_signal_ends_gates_and_hooks_with_its_status_and_all_that_they_run() {
    for (kind, words) in [
        ("claim", "check"),
        ("claim", "build"),
        ("claim", "roadmap check"),
        ("claim", "roadmap check --update"),
        ("claim", "hooks run pre_commit"),
        ("fixer", "check"),
        ("fixer", "check --fix"),
        ("fixer", "hooks run pre_commit"),
    ] {
        for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 129), (Signal::QUIT, 131)] {
            let project = staying(kind);
            let started = project.start(words);
            let pid = project.base().join("pid");
            assert!(wait_until(|| pid.exists()), "{words}: the command did not start");
            started.signal(signal);
            let ended = started.end();
            assert_eq!(ended.code(), status, "{words} {signal:?}: {}", String::from_utf8_lossy(&ended.err));
            assert_eq!(String::from_utf8_lossy(&ended.out), "", "{words} {signal:?}");
            assert!(!alive(&std::fs::read_to_string(pid).unwrap()), "{words} {signal:?}: the command is alive");
        }
    }
}

#[test]
fn a_failure_that_ends_all_ends_what_gates_run_and_is_no_verdict_of_theirs() {
    let project = staying("claim");
    project.declare(
        r#"
        gate "r" kind="roadmap_metrics" { file "R.md"; command "sh {base}/stay.sh" }
        task "t" { sh "until test -e {base}/pid; do sleep 0.01; done; exit 1" }
        "#,
    );
    project.run("build -j2 --fail-fast").code(1).says(["failed  t"]).never_says(["not evaluated"]);
    assert!(!alive(&std::fs::read_to_string(project.base().join("pid")).unwrap()));
}

#[test]
fn what_gates_have_started_ends_with_them() {
    for leave in ["setsid sleep 300 >/dev/null 2>&1 &", "(env -i setsid sleep 300 >/dev/null 2>&1 &)"] {
        let project = Project::new().file("a.txt", "a\n").file("R.md", "- `sh leave.sh` -> 1 passed.\n");
        project.write("leave.sh", format!("{leave}\necho 1 passed\n")).write("filter.sh", format!("{leave}\ncat\n"));
        let project = project.manifest(
            r#"
            gate "r" kind="roadmap_metrics" { file "R.md"; command "sh leave.sh" }
            gate "f" kind="fixer" { files "*.txt"; filter "sh" "filter.sh" }
            "#,
        );
        for words in ["check", "check --fix", "roadmap check"] {
            project.run(words).ok();
            assert!(!busy(&project.root()), "{leave} {words}: it is alive after the gates");
        }
    }
}

#[test]
fn after_a_signal_one_run_repairs() {
    let project = Project::new().file("i", "").manifest(
        r#"
        task "a" { sh "{log:a}; echo a > oa"; inputs "i"; outputs "oa" }
        task "b" { needs "a"; sh "{log:b}; echo half > ob; if ! test -e {base}/go; then touch {base}/there; sleep 300; fi; echo b > ob"; outputs "ob" }
        "#,
    );
    let build = project.start("build");
    assert!(wait_until(|| project.base().join("there").exists()));
    build.signal(Signal::TERM);
    assert_eq!(build.end().code(), 143);
    project.write("../go", "");
    project.run("build").ok().ran(["b"]);
    assert_eq!(project.read("ob"), "b\n");
    project.run("build").ok().nothing_to_do();
}

/// `ORKET_TEST_KILLS` says how often.
#[test]
fn killed_at_any_moment_one_run_repairs_and_the_next_does_nothing() {
    let kills = std::env::var("ORKET_TEST_KILLS").ok().and_then(|value| value.parse().ok()).unwrap_or(20);
    let tasks: String = (0..20).map(|n| {
        let needs = if n == 0 { String::new() } else { format!("needs \"t{}\";", n / 2) };
        let needs = if n == 1 { "needs \"t0\";".to_owned() } else { needs };
        format!("task \"t{n}\" {{ {needs} sh \"{{log:t{n}}}; mkdir -p d{n}; cat i > d{n}/x; cat i i > o{n}\"; inputs \"i\"; outputs \"o{n}\" \"d{n}/\" }}\n")
    }).collect();
    let project = Project::new().file("i", "0").manifest(&tasks);
    for round in 0..kills {
        let text = round.to_string();
        project.write("i", &text);
        let build = project.start("build -j4");
        thread::park_timeout(Duration::from_micros(round * 7919 % 120_000));
        build.signal(Signal::KILL);
        build.end();
        assert!(wait_until(|| !busy(&project.root())), "round {round}: something works in the project still");
        project.run("build").ok();
        for n in 0..20 {
            assert_eq!((project.read(&format!("o{n}")), project.read(&format!("d{n}/x"))), (text.repeat(2), text.clone()), "round {round}");
        }
        project.run("build").ok().nothing_to_do();
        project.run("cache verify").ok();
    }
}

#[test]
fn what_a_killed_orket_left_running_is_ended_by_the_next_build() {
    let project = Project::new().file("in", "slow").manifest(
        "task \"t\" { inputs \"in\"; outputs \"out\"; sh \"if grep -q slow in; then echo $$ > {base}/pid.new; mv {base}/pid.new {base}/pid; sleep 300; fi; cp in out\" }",
    );
    let build = project.start("build");
    let pid = project.base().join("pid");
    assert!(wait_until(|| pid.exists()), "the task did not start");
    build.signal(Signal::KILL);
    build.end();
    let left = std::fs::read_to_string(&pid).unwrap();
    assert!(alive(&left), "it ended with orket");
    // What runs in a copy is none of this checkout's business.
    let copy = project.base().join("copy");
    let copied = std::process::Command::new("cp").arg("-a").args([project.at("."), copy.clone()]).status().unwrap();
    std::fs::write(copy.join("in"), "fast").unwrap();
    project.run(&format!("-C {} build", copy.display())).ok().never_says(["left behind"]);
    assert!(copied.success() && alive(&left), "a build in a copy ended it");
    project.write("in", "fast").run("build").ok().says(["processes were ended that the run ", "had left behind"]);
    assert!(!alive(&left), "it lives on");
    project.write("in", "again").run("build").ok().never_says(["left behind"]);
    project.run("runs").ok().says(["not ended"]);
}

#[test]
fn steps_of_a_release_end_with_the_one_who_runs_them() {
    let project = Project::new().manifest(
        "task \"t\" { sh \"true\" }\ngate \"release\" kind=\"release_smoke\" { private #true; step \"slow\" { sh \"echo $$ > {base}/pid.new; mv {base}/pid.new {base}/pid; exec sleep 300\" } }",
    );
    let smoke = project.start("smoke");
    let pid = project.base().join("pid");
    assert!(wait_until(|| pid.exists()), "the step did not start");
    smoke.signal(Signal::KILL);
    smoke.end();
    let left = std::fs::read_to_string(&pid).unwrap();
    assert!(wait_until(|| !alive(&left)), "the step goes on");
    project.run("build t").ok();
}

/// A program that runs as root whoever starts it, as `sudo` does, and orket as somebody who may not end that.
#[test]
fn what_cannot_be_ended_is_told_and_not_waited_for() {
    if !rustix::process::geteuid().is_root() {
        return skipped("orket cannot be started as another user, so nothing is there that it may not end");
    }
    let project = Project::new().manifest(
        r#"
        task "behind" { sh "{base}/as_root --reuid 0 sh -c 'echo $$ > {base}/behind; exec sleep 300' & until test -s {base}/behind; do :; done" }
        task "itself" { run "{base}/as_root" "--reuid" "0" "sh" "-c" "echo $$ > {base}/itself; exec sleep 300"; timeout "100ms" }
        "#,
    );
    let sh = |script: &str| {
        let status = std::process::Command::new("sh").args(["-ec", script]).current_dir(project.base()).status().unwrap();
        assert!(status.success(), "{script}");
    };
    sh("cp \"$(command -v setpriv)\" as_root; chown -R 65534:65534 .; chown 0:0 as_root; chmod 4755 as_root");
    let as_nobody = ["--reuid", "65534", "--regid", "65534", "--clear-groups"].map(str::to_owned);
    let ended = project.under("setpriv", &as_nobody, "build -k -j2");
    let (said, code) = (String::from_utf8_lossy(&ended.err).into_owned(), ended.code());
    let pids = ["behind", "itself"].map(|name| std::fs::read_to_string(project.base().join(name)).unwrap_or_default());
    let lived = pids.each_ref().map(|pid| alive(pid));
    sh("kill -9 $(cat behind itself)");
    assert_eq!((code, lived), (1, [true; 2]), "{said}");
    for pid in pids {
        assert!(said.contains(&format!("its process {} still runs and cannot be ended", pid.trim())), "{pid}{said}");
    }
}

#[test]
fn a_hangup_that_was_ignored_from_the_beginning_stays_so() {
    let project = Project::new().manifest("task \"t\" { sh \"touch {base}/there; until test -e {base}/go; do sleep 0.02; done\" }");
    let orket = env!("CARGO_BIN_EXE_orket");
    let mut command = std::process::Command::new("nohup");
    command.args([orket, "build"]).current_dir(project.root()).env("ORKET_CACHE_DIR", project.base().join("cache"));
    let mut build =
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().unwrap();
    assert!(wait_until(|| project.base().join("there").exists()), "the task did not start");
    rustix::process::kill_process(rustix::process::Pid::from_child(&build), Signal::HUP).unwrap();
    std::fs::write(project.base().join("go"), "").unwrap();
    assert!(build.wait().unwrap().success());
}

#[test]
fn a_gate_that_reads_a_long_history_ends_with_the_build() {
    let mut project = Project::new().file("a", "1\n").manifest("gate \"calm\" kind=\"churn\" { limit touches=9 }");
    project.git("init -q").git("add .").git("commit -qm one");
    let path = std::env::var("PATH").unwrap();
    let real = path.split(':').map(|folder| format!("{folder}/git")).find(|git| std::path::Path::new(git).is_file()).unwrap();
    // A history that takes for ever.
    let log = "echo $$ > {base}/pid.new; mv {base}/pid.new {base}/pid; exec sleep 300";
    let git = project.placed(&format!("#!/bin/sh\nfor word; do case $word in log) {log};; esac; done\nexec {real} \"$@\"\n"));
    project.write("../bin/git", git).mode("../bin/git", 0o755);
    let bin = project.base().join("bin").display().to_string();
    project.set("PATH", Some(&format!("{bin}:{path}")));
    for (signal, status) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let build = project.start("build calm");
        let pid = project.base().join("pid");
        assert!(wait_until(|| pid.exists()), "the history is not read");
        build.signal(signal);
        let ended = build.end();
        assert_eq!(ended.code(), status, "{signal:?}: {}", String::from_utf8_lossy(&ended.err));
        let read = std::fs::read_to_string(&pid).unwrap();
        assert!(!alive(&read), "{signal:?}: git reads on");
        std::fs::remove_file(pid).unwrap();
    }
}

#[test]
fn what_is_left_running_is_ended_with_all_that_it_starts_when_it_is_told_to() {
    let project = Project::new().file("in", "slow").manifest(
        r#"task "t" { sh "trap 'setsid sleep 300 &' TERM; if grep -q slow in; then touch {base}/there; sleep 300 & wait; sleep 300; fi; cat in > o"; inputs "in"; outputs "o" }"#,
    );
    let build = project.start("build");
    assert!(wait_until(|| project.base().join("there").exists()), "the task did not start");
    build.signal(Signal::KILL);
    build.end();
    project.write("in", "fast").run("build").ok().says(["had left behind"]);
    assert!(!busy(&project.root()), "something works in the project still");
}

#[test]
fn a_gate_that_computes_keeps_no_build_from_ending() {
    // Each of so many matches is looked for to the end of the file.
    let text = "A".repeat(4 << 20);
    let project = Project::new().file("a", &text).manifest(
        "gate \"long\" kind=\"pattern\" { files \"a\"; pattern \".*[^A-Z]|[A-Z]\" }\ngate \"r\" kind=\"release_smoke\" { step \"long\" }",
    );
    for (words, signal, status) in [("build long", Signal::INT, 130), ("build long", Signal::TERM, 143), ("smoke", Signal::INT, 130)] {
        let started = project.start(words);
        assert!(wait_until(|| computed(started.pid().as_raw_nonzero().get()) > 300), "{words}: it does not compute");
        started.signal(signal);
        let ended = started.end();
        assert_eq!(ended.code(), status, "{words} {signal:?}: {}", String::from_utf8_lossy(&ended.err));
    }
}

/// Returns for how many hundredths of a second a process and those that it started have computed.
fn computed(pid: i32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let own: u64 = fields.get(11..13).into_iter().flatten().filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let children = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok()).collect::<Vec<_>>().join(" ");
    own + children.split_whitespace().filter_map(|child| Some(computed(child.parse().ok()?))).sum::<u64>()
}

#[test]
fn where_nobody_can_continue_orket_it_does_not_stand_still() {
    // The first program of a session: nobody in it is its parent.
    let project = Project::new()
        .manifest("task \"t\" { sh \"kill -TSTP $PPID; i=0; while [ $i -lt 30000 ]; do i=$((i+1)); done; echo done > o\"; outputs \"o\" }");
    let ended = project.under("setsid", &[String::from("-w")], "build");
    assert_eq!(ended.code(), 0, "{}", String::from_utf8_lossy(&ended.err));
    assert_eq!(project.read("o"), "done\n");
}

#[test]
fn an_interrupt_is_heard_behind_a_script_too() {
    let project = Project::new().manifest("task \"t\" { sh \"kill -INT $PPID; while :; do sleep 0.01; done\" }");
    let script = "trap '' INT QUIT; exec \"$0\" \"$@\"";
    let ended = project.under("sh", &["-c", script].map(String::from), "build");
    assert_eq!(ended.code(), 130, "{}", String::from_utf8_lossy(&ended.err));
    assert!(!busy(&project.root()));
}

#[test]
fn whoever_waits_for_one_that_stands_still_is_told() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; until test -e {base}/go; do sleep 0.01; done" }"#);
    let first = project.start("build");
    assert!(wait_until(|| !project.log().is_empty()));
    first.signal(Signal::STOP);
    let told = format!("process {}, which is stopped: `kill -CONT {0}` lets it go on", first.pid().as_raw_nonzero());
    let mut heard = String::new();
    // It stands still a moment after the signal.
    assert!(
        wait_until(|| {
            let second = project.start("build");
            wait_until(|| second.said().contains("waiting for another build"));
            heard = second.said();
            heard.contains(&told)
        }),
        "{heard}"
    );
    project.write("../go", "");
    first.signal(Signal::CONT);
    assert_eq!(first.end().code(), 0);
}

#[test]
fn a_service_that_a_second_signal_ends_is_not_blamed() {
    let project = Project::new().manifest(
        r#"
        service "s" { run "sleep" "300" }
        task "t" { uses "s"; sh "trap 'echo > {base}/told' TERM; {log:t}; while :; do sleep 0.01; done" }
        "#,
    );
    let build = project.start("build");
    assert!(wait_until(|| !project.log().is_empty()));
    build.signal(Signal::TERM);
    assert!(wait_until(|| project.base().join("told").exists()));
    build.signal(Signal::TERM);
    let ended = build.end();
    let err = String::from_utf8_lossy(&ended.err);
    assert_eq!(ended.code(), 143, "{err}");
    assert!(!err.contains("died") && !err.contains("by itself"), "{err}");
}

#[test]
fn what_is_ended_while_it_waits_for_another_attempt_has_not_failed() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; false"; retries 1; backoff "1h" }"#);
    let build = project.start("build -v");
    assert!(wait_until(|| build.said().contains("retry")), "{}", build.said());
    build.signal(Signal::INT);
    let ended = build.end();
    let err = String::from_utf8_lossy(&ended.err);
    assert_eq!(ended.code(), 130, "{err}");
    assert!(!err.contains("failed  t") && err.contains("interrupted"), "{err}");
}

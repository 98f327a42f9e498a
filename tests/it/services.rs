//! Programs that run beside tasks.

use std::io::{Read, Write};
use std::net::TcpListener;

use rustix::process::Signal;

use crate::common::{Project, alive, wait_until};
use crate::differential::busy;

/// A service that logs `NAME`, prints `NAME is up`, and logs `NAME ended` when it is asked to end.
fn service(name: &str, more: &str) -> String {
    let script = format!("trap '{{log:{name}_ended}}; exit 0' TERM; {{log:{name}}}; echo {name} is up; while :; do sleep 0.02; done");
    format!("service \"{name}\" {{ sh \"{script}\"; ready {{ output \"{name} is up\" }}; {more} }}\n")
}

fn gone(project: &Project) {
    assert!(!busy(&project.root()), "something works in the project still");
}

/// Does nothing, unless a test of this file starts it as a server: `server()`.
#[test]
fn a_server_for_other_tests() {
    let Ok(port) = std::env::var("TEST_SERVER_PORT") else { return };
    let listener = TcpListener::bind(format!("127.0.0.1:{port}")).unwrap();
    for stream in listener.incoming() {
        let Ok(mut stream) = stream else { continue };
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nhi\n");
    }
}

/// A service that answers every HTTP request with `hi`: this test program.
fn server(ready: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let run = format!("run {:?} \"--exact\" \"services::a_server_for_other_tests\" \"--nocapture\"", program.to_str().unwrap());
    format!(
        "service \"web\" {{ {run}; port \"web\"; env {{ set \"TEST_SERVER_PORT\" \"{{{{port.web}}}}\" }}; ready {{ {ready}; within \"20s\" }} }}\n"
    )
}

/// What asks the server, as a word of a shell script: this test program, too.
#[test]
fn a_client_for_other_tests() {
    let Ok(port) = std::env::var("TEST_CLIENT_PORT") else { return };
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.ends_with("hi\n"), "{answer}");
}

#[test]
fn who_else_answers_at_its_address_is_not_taken_for_a_service() {
    let program = std::env::current_exe().unwrap();
    let mut port = 0;
    for probe in ["tcp \"PORT\"", "http \"http://localhost:PORT/\""] {
        let foreign = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        port = foreign.local_addr().unwrap().port();
        let kept = foreign.try_clone().unwrap();
        let probe = probe.replace("PORT", &port.to_string());
        let answering = probe.starts_with("http").then(|| {
            std::thread::spawn(move || {
                let (mut stream, _) = foreign.accept().unwrap();
                let _ = stream.read(&mut [0; 1024]);
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").unwrap();
            })
        });
        let project = Project::new().manifest(&format!(
            "service \"api\" {{ sh \"{{log:api}}; sleep 300\"; ready {{ {probe} }} }}\ntask \"t\" {{ uses \"api\"; sh \"{{log:t}}\" }}"
        ));
        let told = format!(
            "the service `api` (orket.kdl:1) cannot be started: something else answers at {}:{port} already",
            if probe.starts_with("http") { "localhost" } else { "127.0.0.1" }
        );
        project.run("build").code(1).says([&*told]).ran([]);
        answering.into_iter().for_each(|thread| thread.join().unwrap());
        drop(kept);
    }
    // With nobody else there it serves, one build after the other.
    let run = format!("run {:?} \"--exact\" \"services::a_server_for_other_tests\" \"--nocapture\"", program.to_str().unwrap());
    let project = Project::new().manifest(&format!(
        "service \"web\" {{ {run}; env {{ set \"TEST_SERVER_PORT\" \"{port}\" }}; ready {{ http \"http://127.0.0.1:{port}/\"; within \"20s\" }} }}\n\
         task \"t\" {{ uses \"web\"; sh \"{{log:t}}\" }}"
    ));
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().ran(["t"]);
}

fn client(name: &str) -> String {
    let program = std::env::current_exe().unwrap();
    let run = format!("run {:?} \"--exact\" \"services::a_client_for_other_tests\"", program.to_str().unwrap());
    format!("task \"{name}\" {{ uses \"web\"; sh \"{{log:{name}}}\"; {run}; env {{ set \"TEST_CLIENT_PORT\" \"{{{{port.web}}}}\" }} }}\n")
}

#[test]
fn a_service_is_up_while_a_task_uses_it_and_gone_afterwards() {
    for ready in ["tcp \"{{port.web}}\"", "tcp \"localhost:{{port.web}}\"", "http \"http://127.0.0.1:{{port.web}}/health\" status=200"] {
        let project = Project::new().manifest(&(server(ready) + &client("t")));
        project.run("build t").ok().ran(["t"]);
        gone(&project);
    }
}

#[test]
fn it_is_started_once_for_all_who_use_it() {
    let project = Project::new().manifest(
        &(service("db", "")
            + r#"
        task "a" { uses "db"; sh "{log:a}" }
        task "b" { uses "db"; needs "a"; sh "{log:b}" }
        task "c" { uses "db"; after "b"; sh "{log:c}" }
        "#),
    );
    project.run("build").ok().ran_in_order(["db", "a", "b", "c", "db_ended"]);
    gone(&project);
}

#[test]
fn it_takes_no_slot() {
    let project = Project::new().manifest(&(service("db", "") + &service("web", "") + r#"task "a" { uses "db" "web"; sh "{log:a}" }"#));
    project.run("build -j1").ok().ran_in_order(["db", "web", "a", "web_ended", "db_ended"]);
}

#[test]
fn it_ends_with_its_last_user_and_not_with_the_run() {
    let tasks = r#"
        task "a" { uses "db"; sh "{log:a}" }
        task "b" { after "a"; sh "until grep -q db_ended {base}/ran; do sleep 0.02; done; {log:b}" }
        "#;
    let project = Project::new().manifest(&(service("db", "") + tasks));
    project.run("build -j1").ok().ran_in_order(["db", "a", "db_ended", "b"]);
}

#[test]
fn it_does_not_stay_for_users_that_are_fresh() {
    let tasks = r#"
        task "fresh" { uses "db"; sh "{log:fresh}"; inputs "i" }
        task "a" { uses "db"; sh "{log:a}" }
        task "b" { after "a" "fresh"; sh "until grep -q db_ended {base}/ran; do sleep 0.02; done; {log:b}" }
        "#;
    let project = Project::new().file("i", "").manifest(&(service("db", "") + tasks));
    project.run("build -j1").ok().ran(["db", "a", "fresh", "db_ended", "b"]);
    project.run("build -j1").ok();
    project.write("../ran", "");
    project.run("build -j1").ok().ran_in_order(["db", "a", "db_ended", "b"]);
}

#[test]
fn no_service_is_started_for_what_is_fresh_or_cached() {
    let project = Project::new()
        .file("i", "1")
        .manifest(&(service("db", "") + r#"task "t" { uses "db"; sh "{log:t}; echo > o"; inputs "i"; outputs "o" }"#));
    project.run("build").ok().ran(["db", "t", "db_ended"]);
    project.run("build").ok().nothing_to_do();
    project.remove("o");
    project.run("build --json").ok().ran([]).cached(["t"]);
    project.write("i", "2");
    project.run("build").ok().ran(["db", "t", "db_ended"]);
}

#[test]
fn what_it_needs_is_built_before_and_a_change_of_that_is_a_change_for_its_users() {
    let project = Project::new().file("i", "1").file("t", "").manifest(
        &(service("db", "needs \"data\"")
            + r#"
        task "data" { sh "{log:data}; cp i data"; inputs "i"; outputs "data"; private #true }
        task "t" { uses "db"; sh "{log:t}"; inputs "t" }
        "#),
    );
    project.run("build").ok().ran_in_order(["data", "db", "t", "db_ended"]);
    project.run("build").ok().nothing_to_do();
    project.write("i", "2");
    project.run("build").ok().ran_in_order(["data", "db", "t", "db_ended"]);
    let project = Project::new().manifest(
        &(service("db", "needs \"data\"")
            + r#"
        task "data" { sh "{log:data}; false" }
        task "t" { uses "db"; sh "{log:t}" }
        "#),
    );
    project.run("build --json").code(1).ran(["data"]).had("cancelled", &["t"]);
}

#[test]
fn what_is_not_ready_in_time_fails_its_users() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let project = Project::new().manifest(&format!(
        r#"
        service "db" {{ sh "{{log:db}}; echo so far so good; sleep 300"; ready {{ tcp "{port}"; within "200ms" }} }}
        task "a" {{ uses "db"; sh "{{log:a}}" }}
        "#
    ));
    let text = format!(
        "failed  a (orket.kdl:3)\n  command: echo db >> [base]/ran; echo so far so good; sleep 300\n  the service `db` (orket.kdl:2) was not ready within [time]: 127.0.0.1:{port} accepts no connection (nobody listens)\nso far so good\n  whole log: .orket/logs/[run]/1.log\n  again: orket build a\nfailed: 1 failed ([time])\n"
    );
    project.run("build").code(1).ran(["db"]).stderr(&text);
    gone(&project);
}

#[test]
fn every_probe_has_to_hold() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let declare = |project: &Project, within: &str| {
        project.declare(&format!(
            r#"
            service "db" {{
                sh "{{log:db}}; echo up; while :; do sleep 0.02; done"
                ready {{ output "up"; tcp "127.0.0.1:{port}"; command "{{log:asked}}; test -e go"; within "{within}" }}
            }}
            task "t" {{ uses "db"; sh "{{log:t}}" }}
            "#
        ));
    };
    let project = Project::new();
    declare(&project, "1s");
    let seen = project.run("build").code(1).says(["`db`", "orket.kdl:2", "was not ready within 1.0 s", "test -e go`: exit status 1"]);
    assert!(seen.names_that_ran().len() > 2 && !seen.names_that_ran().contains(&String::from("t")), "{}", seen.all());
    project.write("go", "");
    declare(&project, "1m");
    project.run("build").ok().ran(["db", "asked", "t"]);
}

#[test]
fn one_that_dies_early_fails_those_who_wait() {
    let project = Project::new().manifest(
        r#"
        service "db" { sh "{log:db}; echo no disk; exit 3"; ready { output "up" } }
        task "a" { uses "db"; sh "{log:a}" }
        task "b" { uses "db"; sh "{log:b}" }
        "#,
    );
    let seen = project.run("build -k").code(1).ran(["db"]);
    seen.says(["failed  a", "failed  b", "the service `db` (orket.kdl:2) ended before it was ready: exit status 3", "no disk", "2 failed"]);
}

#[test]
fn one_that_dies_while_it_is_used_is_told_and_fails_those_who_come_later() {
    let project = Project::new().manifest(
        r#"
        service "db" { sh "{log:db}; echo alive; until test -e {base}/die; do sleep 0.02; done; echo no memory; exit 4"; ready { output "alive" } }
        task "a" { uses "db"; sh "touch {base}/die; until grep -q died {base}/events; do sleep 0.02; done; {log:a}" }
        task "b" { uses "db"; after "a"; sh "{log:b}" }
        "#,
    );
    let seen = project.run("build -k --events ../events").code(1).ran(["db", "a"]);
    seen.says([
        "died    db (orket.kdl:2)",
        "ended by itself while it was in use: exit status 4",
        "no memory",
        "failed  b (orket.kdl:4)",
        "1 failed, 1 done",
    ]);
}

#[test]
fn a_program_that_is_not_there_is_told() {
    let project = Project::new().manifest("service \"db\" { run \"no-such-server\" }\ntask \"t\" { uses \"db\"; sh \"{log:t}\" }");
    project.run("build").code(1).ran([]).says(["the service `db` (orket.kdl:1) cannot be started: there is no program `no-such-server`"]);
}

#[test]
fn its_own_signal_ends_it_and_then_force() {
    let project = Project::new().manifest(
        r#"
        service "db" { sh "trap '{log:usr1}; exit 0' USR1; trap '{log:term}; exit 0' TERM; echo up; while :; do sleep 0.02; done"; ready { output "up" }; stop { signal "SIGUSR1" } }
        task "t" { uses "db"; sh "{log:t}" }
        "#,
    );
    project.run("build").ok().ran_in_order(["t", "usr1"]);
    let project = Project::new().manifest(
        r#"
        service "db" { sh "trap '' TERM; (trap '' TERM INT HUP; setsid sleep 300 &) ; setsid sleep 300 & echo up; while :; do sleep 0.02; done"; ready { output "up" }; stop { within "100ms" } }
        task "t" { uses "db"; sh "{log:t}" }
        "#,
    );
    project.run("build").ok().ran(["t"]);
    gone(&project);
}

#[test]
fn nothing_survives_a_failure() {
    for flag in ["", "-k", "--fail-fast"] {
        let project = Project::new().manifest(&(service("db", "") + r#"task "t" { uses "db"; sh "{log:t}; false" }"#));
        let words = format!("build {flag}");
        project.run(&words).code(1).ran_in_order(["db", "t", "db_ended"]);
        gone(&project);
    }
}

#[test]
fn a_signal_ends_services_after_their_users_the_last_one_first() {
    let project = Project::new().manifest(
        &(service("db", "")
            + &service("web", "")
            + r#"task "t" { uses "db" "web"; sh "trap '{log:t_ended}; exit 1' TERM; {log:t}; touch {base}/there; while :; do sleep 0.02; done" }"#),
    );
    let build = project.start("build");
    assert!(wait_until(|| project.base().join("there").exists()), "the task did not start");
    build.signal(Signal::INT);
    assert_eq!(build.end().code(), 130);
    assert_eq!(project.log(), ["db", "web", "t", "t_ended", "web_ended", "db_ended"]);
    gone(&project);
}

#[test]
fn a_signal_ends_one_that_is_not_ready_yet_and_a_second_one_is_not_waited_for() {
    let project = Project::new().manifest(
        r#"
        service "db" { sh "trap '' TERM; echo $$ > {base}/pid.new; mv {base}/pid.new {base}/pid; while :; do sleep 0.02; done"; ready { output "never" }; stop { within "10m" } }
        task "t" { uses "db"; sh "{log:t}" }
        "#,
    );
    let build = project.start("build");
    let pid = project.base().join("pid");
    assert!(wait_until(|| pid.exists()), "the service did not start");
    // Signals that come while one is still to be delivered are one signal: they are sent until it has ended.
    let orket = build.pid().as_raw_nonzero().to_string();
    let ended = || {
        build.signal(Signal::TERM);
        !alive(&orket)
    };
    assert!(wait_until(ended), "process {orket} is alive");
    assert_eq!(build.end().code(), 143);
    assert!(!alive(&std::fs::read_to_string(pid).unwrap()), "the service is alive");
    assert!(project.log().is_empty());
    gone(&project);
}

#[test]
fn it_runs_in_its_folder_with_its_environment_and_secrets_stay_secret() {
    let project = Project::new().var("API_TOKEN", "hunter2hunter2").var("OTHER", "withheld").file("sub/x", "").manifest(
        r#"
        service "db" {
            sh "test -e x || exit 7; test -z \"$OTHER\" || exit 8; echo $ORKET_SERVICE $SET on {{port.db}} with $API_TOKEN; exit 9"
            dir "sub"; port "db"; env { set "SET" "p{{port.db}}"; secret "API_TOKEN" }; ready { output "never" }
        }
        task "t" { uses "db"; sh "{log:t}" }
        "#,
    );
    let seen = project.run("build").code(1).says(["exit status 9", "with (secret)"]).never_says(["hunter2"]);
    let line = seen.err().lines().find(|line| line.starts_with("db p")).unwrap().to_owned();
    let port = line.split(' ').nth(3).unwrap();
    assert!(port.parse::<u16>().is_ok_and(|port| port > 0) && line.contains(&format!("p{port} ")), "{line}");
}

#[test]
fn its_life_is_told_to_machines() {
    let project = Project::new().manifest(&(service("db", "") + r#"task "t" { uses "db"; sh "{log:t}" }"#));
    project.run("build --events events --trace trace").ok();
    let states: Vec<String> = project
        .read("events")
        .lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|event| event["event"] == "service")
        .map(|event| format!("{} {} {}", event["service"].as_str().unwrap(), event["state"].as_str().unwrap(), event["after_ms"].is_u64()))
        .collect();
    assert_eq!(states, ["db started false", "db ready true", "db stopped true"]);
    assert_eq!(project.read("trace").matches("\"cat\":\"service\"").count(), 3);
    project.run("build -v --force").ok().says(["ready   db  after ", "stopped db  after "]);
    project.run("runs show").ok().says(["done       db  "]);
    project.run("runs logs --target db").ok().says(["== db\ndb is up\n"]);
    project.declare("service \"db\" { sh \"echo no disk; exit 3\"; ready { output \"up\" } }\ntask \"t\" { uses \"db\"; sh \"x\" }");
    project.run("build").code(1);
    project.run("runs show").ok().says(["failed     db  ", "failed     t  "]);
    project.run("runs logs --target db").ok().stdout("== db\nno disk\n");
    project.run("build --rerun failed").code(1).says(["failed  t", "failed: 1 failed"]);
}

#[test]
fn run_gives_it_the_terminal_until_it_ends() {
    let project = Project::new().manifest(
        r#"
        service "db" { sh "{log:db}; echo hello from {{port.db}}; exit 3"; port "db"; needs "data"; ready { output "never" } }
        service "web" { sh "trap '{log:ended}; exit 0' INT; {log:web}; while :; do sleep 0.02; done"; stop { signal "SIGINT" } }
        task "data" { sh "{log:data}"; private #true }
        "#,
    );
    project.run("run db").code(3).ran_in_order(["data", "db"]).says(["hello from ", "again: orket run db"]);
    let run = project.start("run web");
    assert!(wait_until(|| project.log().len() == 3), "the service did not start");
    run.signal(Signal::INT);
    assert_eq!(run.end().code(), 130);
    assert_eq!(project.log()[3], "ended");
    project.run("run db -- more").code(2).ran([]);
}

#[test]
fn what_it_printed_before_it_died_is_told_once() {
    let project = Project::new().manifest(
        r#"
        service "db" { sh "echo no disk; exit 3"; ready { output "up" } }
        task "t" { uses "db"; sh "true" }
        task "u" { uses "db"; sh "true" }
        task "v" { uses "db"; needs "gone" optional=#true; sh "true" }
        task "gone" { platform "windows"; sh "true" }
        "#,
    );
    for words in ["build -k -j2", "build -k -j2 -v"] {
        let seen = project.run(words).code(1).says(["failed  t", "failed  u", "failed  v"]);
        assert_eq!(seen.err().matches("\nno disk\n").count(), 1, "{}", seen.err());
    }
}

#[test]
fn build_makes_what_it_needs_and_does_not_start_it() {
    let project =
        Project::new().manifest(&(service("db", "needs \"data\"") + "task \"data\" { sh \"{log:data}; echo > o\"; outputs \"o\" }"));
    project.run("build db").ok().ran(["data"]).says(["note: `db` is a service", "orket run db"]);
}

#[test]
fn two_packages_may_use_the_same_name_for_a_port() {
    let package = r#"service "s" { sh "echo up; while :; do sleep 0.02; done"; port "http"; ready { output "up" } }
        task "t" { uses "s"; sh "echo {{port.http}} > port" }"#;
    let project = Project::new().file("a/orket.kdl", package).file("b/orket.kdl", package).manifest("include \"*/orket.kdl\"");
    project.run("build").ok();
    assert_ne!(project.read("a/port"), project.read("b/port"));
}

#[test]
fn what_is_no_service_cannot_be_used_and_what_is_one_cannot_be_needed() {
    Project::new().manifest(r#"task "t" { uses "db"; sh "{log:t}" }"#).run("build").code(2).ran([]);
    let project = Project::new().manifest("task \"x\"\ntask \"t\" { uses \"x\"; sh \"{log:t}\" }");
    project.run("build").code(2).ran([]).says(["orket.kdl:2", "`x` is no service, but a task", "needs \"x\""]);
    let project = Project::new().manifest("service \"db\" { sh \"x\" }\ntask \"t\" { needs \"db\"; sh \"{log:t}\" }");
    project.run("build").code(2).ran([]).says(["orket.kdl:2", "`db` is a service", "uses \"db\""]);
    let project = Project::new().manifest("service \"db\" { sh \"x\"; ready { http \"https://localhost\" } }");
    project.run("build").code(2).says(["orket.kdl:1", "http://"]);
    let project = Project::new().manifest("service \"db\" { sh \"x\"; ready { tcp \"seven\" } }");
    project.run("build").code(2).says(["orket.kdl:1", "HOST:PORT"]);
}

#[test]
fn a_port_of_a_service_that_is_not_used_is_an_error() {
    let service = "service \"db\" { run \"x\"; port \"db\"; port \"admin\" }\n";
    let project = Project::new();
    for line in ["sh \"echo {{port.admin}} > o\"", "run \"echo\" \"on {{port.admin}}\""] {
        project.declare(&format!("{service}task \"t\" {{ {line}; outputs \"o\" }}"));
        let seen = project.run("build").code(2).ran([]);
        seen.says([
            "graph/unused_service",
            "`t` names a port of the service `db`, which it does not use",
            "orket.kdl:2",
            "add: uses \"db\"",
        ]);
        project.declare(&format!("{service}task \"t\" {{ {line}; outputs \"o\"; uses \"db\" }}")).run("list").ok();
    }
    // What a whole epic sees is for those of it that use the service.
    project
        .declare(&format!("{service}epic \"e\" {{ env {{ set \"AT\" \"{{{{port.db}}}}\" }}; task \"t\" {{ sh \"true\" }} }}"))
        .run("list")
        .ok();
}

#[test]
fn what_a_service_reads_counts_for_those_that_use_it() {
    let manifest = format!(
        "{}task \"t\" {{ uses \"s\"; sh \"{{log:t}}\"; inputs \"in\" }}\ntask \"c\" {{ sh \"cp in srv/made\"; outputs \"srv/made\"; inputs \"in\" }}",
        service("s", r#"inputs "srv" "conf/*.toml" "!conf/x.toml""#)
    );
    let project = Project::new().file("in", "").file("srv/a", "1").file("conf/x.toml", "1").manifest(&manifest);
    project.run("build").ok().ran(["s", "t", "s_ended"]);
    project.run("build").ok().nothing_to_do();
    project.write("conf/x.toml", "2").run("build").ok().nothing_to_do();
    project.write("srv/a", "2").run("build -n").ok().says(["would run  t  (service s changed"]);
    project.run("build").ok().ran(["s", "t", "s_ended"]);
    project.write("conf/y.toml", "1").run("build").ok().ran(["s", "t", "s_ended"]);
    project.remove("srv/a").run("build").ok().ran(["s", "t", "s_ended"]);
    project.run("query inputs(s)").ok().says(["conf/y.toml"]).never_says(["x.toml"]);
    project.git("init -q").git("add .").git("commit -qm x").write("conf/y.toml", "2");
    assert_eq!(project.run("affected --since HEAD").ok().out(), "s\nt\n");
}

#[test]
fn files_that_a_service_names_are_there_are_followed_and_are_looked_at_again() {
    let by = |inputs: &str| {
        format!("{}task \"t\" {{ uses \"s\"; sh \"{{log:t}}; test ! -e edit || cp edit shared\"; inputs \"in\"; outputs }}\ntask \"gen\" {{ sh \"cp in made\"; outputs \"made\"; inputs \"in\" }}", service("s", inputs)).replace("; outputs }", " }")
    };
    let project = Project::new().file("in", "").file("shared", "1").manifest(&by("inputs \"conf\""));
    project.run("build t").code(1).says(["its input `conf` does not exist; make the file, or correct `inputs`"]);
    project.link("shared", "conf").run("build t").ok().ran(["s", "t", "s_ended"]);
    project.run("build t").ok().nothing_to_do();
    project.write("shared", "2").run("build t").ok().ran(["s", "t", "s_ended"]);
    // Changed while it ran: what was judged is not what it saw.
    project.write("edit", "4").write("shared", "3").run("build t").ok().says(["`s` changed while it ran; its result is not stored"]);
    project.remove("edit").write("shared", "3").run("build t").ok().ran(["s", "t", "s_ended"]);
    project
        .declare(&by("inputs \"made\""))
        .run("build")
        .code(2)
        .says(["`made` is an input of `s`, and `gen` makes it, but `s` does not need it"]);
}

#[test]
fn the_folder_of_a_service_stays_when_it_is_empty() {
    let serve = service("s", "dir \"var\"") + "task \"t\" { uses \"s\"; sh \"{log:t}\"; inputs \"in\" }\n";
    let project =
        Project::new().file("in", "").manifest(&format!("{serve}task \"seed\" {{ sh \"echo > var/seed\"; outputs \"var/seed\" }}"));
    project.run("build seed").ok();
    project.declare(&serve).run("build").ok().says(["removed: `var/seed`"]).ran(["s", "t", "s_ended"]);
}

//! `orket smoke`: the steps of a release, and the report of them.

use std::sync::LazyLock;

use jsonschema::Validator;
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::common::{Project, Typed, alive, wait_until};
use crate::differential::busy;

/// The form of a report, as the manual has it.
static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(include_str!("../../docs/schemas/smoke.json")).unwrap();
    jsonschema::draft202012::options().should_validate_formats(true).build(&schema).unwrap()
});

/// Types `orket smoke` and these words, split at blanks; see [`smoke_words`].
fn smoke<'p>(project: &'p Project, words: &str) -> Typed<'p> {
    smoke_words(project, &words.split_whitespace().collect::<Vec<_>>())
}

/// Types `orket smoke WORDS`; all reports that are there then have the form of the schema.
fn smoke_words<'p>(project: &'p Project, words: &[&str]) -> Typed<'p> {
    let typed = project.words(&[&["smoke"], words].concat());
    let named = words.iter().position(|word| *word == "--output").map(|at| words[at + 1]).filter(|name| project.at(name).is_file());
    for name in kept(project).iter().map(|name| format!("benchmarks/results/{name}")).chain(named.map(str::to_owned)) {
        assert_eq!(wrong(&report(project, &name)), [""; 0], "{name}: {}", project.read(&name));
    }
    typed
}

/// Returns what a report has that the schema does not allow.
fn wrong(report: &Value) -> Vec<String> {
    SCHEMA.iter_errors(report).map(|error| error.to_string()).collect()
}

/// Returns the names of the reports that are kept.
fn kept(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.at("benchmarks/results")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

fn report(project: &Project, name: &str) -> Value {
    serde_json::from_str(&project.read(name)).unwrap()
}

const MANIFEST: &str = r#"
task "unit" { inputs "in"; sh "{log:unit}; echo looking; grep -q good in" }
gate "release" kind="release_smoke" {
    private #true
    step "unit"
    step "image" { image "."; probe "/health" port=8082 }
    step "migrations" { sqlite "{{run.scratch}}/runtime.db" apply="m/*.sql"; table "t" min_rows=2 }
    step "last" { sh "{log:last}; echo done" }
}
"#;

fn project() -> Project {
    docker(Project::new())
        .file("in", "good")
        .file("m/1.sql", "create table t(x); insert into t values (1);")
        .file("m/2.sql", "insert into t values (2);")
        .file("../docker/down", "")
        .manifest(MANIFEST)
}

/// With a program that stands in for docker: it writes down what it is asked (`asked`), and its containers are processes of this machine, whose
/// ids stand in `boxes` as long as they are there, and then in `removed`.
fn docker(project: Project) -> Project {
    let path = format!("{}:{}", project.at("../docker").display(), std::env::var("PATH").unwrap());
    project
        .write("../docker/docker", include_str!("../fixtures/docker/docker"))
        .write("../docker/serve.py", include_str!("../fixtures/docker/serve.py"))
        .mode("../docker/docker", 0o755);
    project.var("PATH", &path)
}

/// A project with a step `image`, whose probe asks for `path`, and one behind it. `{log:...}` is filled in.
fn image(path: &str, within: &str) -> Project {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    docker(Project::new()).file("box/Dockerfile", "FROM scratch\n").manifest(&format!(
        "gate \"release\" kind=\"release_smoke\" {{ private #true\n step \"image\" {{ image \"box\"; probe \"{path}\" port={port} within=\"{within}\" }}\n\
         step \"last\" {{ sh \"{{log:last}}\" }} }}"
    ))
}

/// Returns what docker was asked to do, the first word of each.
fn asked(project: &Project) -> Vec<String> {
    let asked = project.read("../docker/asked");
    asked.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect()
}

/// Returns the names of the containers that are there.
fn boxes(project: &Project) -> Vec<String> {
    let entries = std::fs::read_dir(project.at("../docker/boxes")).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().into_string().unwrap()).collect()
}

/// The container that was started is gone, and so is its process.
fn no_container_is_left(project: &Project) {
    let removed = project.read("../docker/removed");
    assert_eq!((boxes(project), removed.lines().count()), (vec![], 1), "{removed}");
    assert!(wait_until(|| !alive(&removed)), "{removed} is there");
}

fn outcomes(json: &Value) -> Vec<String> {
    let steps = json["steps"].as_array().unwrap().iter();
    steps.map(|step| format!("{} {}", step["name"].as_str().unwrap(), step["outcome"].as_str().unwrap())).collect()
}

#[test]
fn steps_run_in_their_order_and_are_reported() {
    let project = project();
    let json = smoke(&project, "--json").ok().ran_in_order(["unit", "last"]).json();
    assert_eq!((&json["version"], &json["outcome"]), (&1.into(), &"pass".into()));
    assert_eq!(outcomes(&json), ["unit pass", "image skip", "migrations pass", "last pass"]);
    assert!(json["steps"][0]["duration_ms"].as_u64().is_some());
    let kept = kept(&project);
    assert!(kept.len() == 1 && kept[0].ends_with("_release_smoke.json"), "{kept:?}");
    assert_eq!(report(&project, &format!("benchmarks/results/{}", kept[0])), json);
}

#[test]
fn what_is_behind_a_failure_is_not_reached() {
    let project = project();
    project.write("in", "bad");
    let seen =
        smoke(&project, "--output report.json").code(1).ran(["unit"]).says(["fail        unit", "(exit status 1)", "not reached last"]);
    assert_eq!(seen.out(), "report.json\n");
    let report = report(&project, "report.json");
    assert_eq!(outcomes(&report), ["unit fail", "image not_reached", "migrations not_reached", "last not_reached"]);
    assert!(report["steps"][0]["log"].as_str().unwrap().ends_with(".log"));
    project.write("in", "good").write("m/2.sql", "nonsense");
    smoke(&project, "--skip image").code(1).says(["skip        image", "m/2.sql: ", "syntax error", "fail        migrations"]);
}

#[test]
fn steps_are_chosen_by_name() {
    let project = project();
    let json = smoke(&project, "--only last --json").ok().ran(["last"]).json();
    assert_eq!(outcomes(&json), ["unit skip", "image skip", "migrations skip", "last pass"]);
    assert_eq!(json["outcome"], "partial");
    let kept = kept(&project);
    assert!(kept.len() == 1 && kept[0].ends_with("_release_smoke_partial.json"), "{kept:?}");
    smoke(&project, "--only last --skip last").code(2).ran([]).says(["no step is left to run"]);
    smoke(&project, "--output there/").code(2).ran([]).says(["a report cannot be written to "]);
    smoke(&project, "--only lst")
        .code(4)
        .says(["there is no step `lst`; did you mean `last`?", "hint: there are `unit`, `image`, `migrations`, `last`"]);
    smoke(&Project::new().manifest("task \"t\" { sh \"true\" }"), "").code(4).says(["there is no gate of the kind release_smoke"]);
    Project::new()
        .manifest("gate \"r\" kind=\"release_smoke\" { step \"x\" { htp \"y\" } }")
        .run("list")
        .code(2)
        .says(["did you mean `http`?"]);
}

#[test]
fn steps_of_several_gates_are_told_apart() {
    let project = Project::new().manifest(
        r#"
gate "web" kind="release_smoke" { private #true; step "starts" { sh "{log:web}" }; step "last" { sh "{log:last}" } }
gate "worker" kind="release_smoke" { private #true; step "starts" { sh "{log:worker}" } }
"#,
    );
    let seen = smoke(&project, "--only worker.starts --json").ok().ran(["worker"]);
    let steps = ["skip        web.starts", "skip        web.last", "pass        worker.starts"];
    assert_eq!(seen.says(steps).json()["steps"][2]["gate"], "worker");
    smoke(&project, "--skip web.starts").ok().ran_in_order(["last", "worker"]);
    smoke(&project, "--only starts").ok().ran_in_order(["web", "worker"]);
    smoke(&project, "--only web").ok().ran_in_order(["web", "last"]);
    smoke(&project, "--skip web").ok().ran(["worker"]);
    smoke(&project, "--only web --only worker --skip last").ok().ran_in_order(["web", "worker"]);
    smoke(&project, "--only worker.last").code(4).says(["did you mean", "there are `web.starts`, `web.last`, `worker.starts`"]);
}

#[test]
fn a_service_is_started_for_its_step_and_probed() {
    let server = "import http.server, sys\nclass H(http.server.BaseHTTPRequestHandler):\n    def do_GET(self):\n        self.send_response(204 if self.path == '/health' else 500); self.end_headers()\n    def log_message(self, *_): pass\nhttp.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), H).serve_forever()\n";
    let manifest = |path: &str| {
        format!(
            "service \"api\" {{ run \"python3\" \"server.py\" \"{{{{port.api}}}}\"; port \"api\"; ready {{ tcp \"127.0.0.1:{{{{port.api}}}}\" }} }}\n\
             gate \"release\" kind=\"release_smoke\" {{ step \"health\" {{ uses \"api\"; http \"http://127.0.0.1:{{{{port.api}}}}{path}\" status=204 within=\"300ms\" }} }}"
        )
    };
    let project = Project::new().file("server.py", server).manifest(&manifest("/health"));
    smoke(&project, "").ok().says(["pass        health"]);
    project.declare(&manifest("/broken"));
    smoke(&project, "").code(1).says(["after 300 ms: it answers 500, not 204", "fail        health"]);
}

#[test]
fn the_gate_holds_when_its_steps_do() {
    let project = Project::new().manifest(
        "task \"unit\" { sh \"true\" }\ngate \"release\" kind=\"release_smoke\" { private #true; step \"unit\"; step \"last\" { sh \"{log:last}\" } }",
    );
    project.run("check").code(4).says(["private"]);
    project.run("check release").code(3).ran([]).says(["the step `last` has not passed", "`orket smoke` runs all steps"]);
    project.run("build release").ok().ran(["last"]).says(["done    release"]);
    project
        .run("check release")
        .code(3)
        .ran([])
        .says(["the task `release.last` runs each time, and only a build says how: orket build release"]);
    project.run("build").ok().ran([]);
}

#[test]
fn a_database_that_no_step_has_made_is_let_be() {
    let manifest = "gate \"r\" kind=\"release_smoke\" { step \"a\" { sqlite \"data/x.db\" apply=\"m/*.sql\"; table \"t\" min_rows=2 } }";
    let project = project().manifest(manifest).file("data/x.db", "precious");
    smoke(&project, "").code(1).says(["`data/x.db` is there already, and no step has made it"]);
    assert_eq!(project.read("data/x.db"), "precious");
    project.remove("data/x.db");
    smoke(&project, "").ok();
    smoke(&project, "").ok().says(["pass        a"]);
}

#[test]
fn a_migration_that_commits_nothing_fails_by_whatever_applies_it() {
    let manifest = "gate \"r\" kind=\"release_smoke\" { step \"a\" { sqlite \"data/x.db\" apply=\"m/*.sql\"; table \"t\" min_rows=3 } }";
    let asked = std::process::Command::new("python3").args(["-c", "import os, sys; print(os.path.realpath(sys.executable))"]).output();
    let python = String::from_utf8(asked.unwrap().stdout).unwrap();
    let mut project = project().manifest(manifest).file("../few/.keep", "");
    for (program, name) in [("/bin/sh", "sh"), ("/bin/mkdir", "mkdir"), ("/usr/bin/dirname", "dirname"), (python.trim(), "python3")] {
        project.link(program, &format!("../few/{name}"));
    }
    let few = project.at("../few").display().to_string();
    for path in [std::env::var("PATH").unwrap(), few] {
        project.set("PATH", Some(&path));
        let write = |text: &str| project.write("m/3.sql", text);
        write("select 1;\r\nbegin;\r\ninsert into t values (3);");
        smoke(&project, "").code(1).says(["m/3.sql: it begins a transaction and does not end it: put `commit;` behind it"]);
        write("select 1;\r\nbegin;\r\ninsert into t values (3);\r\ncommit -- as it should be");
        smoke(&project, "").ok();
        write("create tabl x;");
        smoke(&project, "").code(1).says(["sqlite: m/3.sql: ", "near \"tabl\": syntax error"]).never_says(["Traceback"]);
    }
}

#[test]
fn migrations_are_found_as_all_files_are() {
    let manifest = |apply: &str| {
        format!("gate \"r\" kind=\"release_smoke\" {{ step \"a\" {{ sqlite \"data/x.db\" apply=\"{apply}\"; table \"t\" min_rows=2 }} }}")
    };
    let project = project().manifest(&manifest("n/**/*.sql"));
    project.write("n/1.sql", "create table t(x);").write("n/a/b/2 it's.sql", "insert into t values (1), (2);");
    smoke(&project, "").ok();
    project.declare(&manifest("n/{1,a/b/2 *}.sql"));
    smoke(&project, "").ok();
    project.declare(&manifest("n/*.sequel"));
    smoke(&project, "").code(1).says(["there is no migration: `n/*.sequel` matches nothing"]);
}

/// What is named in an epic is the epic's, also where the root has a target of that name.
#[test]
fn a_step_is_what_the_gate_needs() {
    let project = Project::new().manifest(
        "epic \"shop\" { task \"unit\" { sh \"{log:own}; false\" }; gate \"release\" kind=\"release_smoke\" { step \"unit\" } }\ntask \"unit\" { sh \"{log:other}\" }",
    );
    smoke(&project, "").code(1).ran(["own"]).says(["fail        unit"]);
    let variants = Project::new().file("in", "").manifest(
        "task \"unit\" { inputs \"in\"; matrix { x \"1\" \"2\" }; sh \"{log:unit}; : {{matrix.x}}\" }\ngate \"release\" kind=\"release_smoke\" { private #true; step \"unit\" }",
    );
    smoke(&variants, "").ok().ran(["unit", "unit"]).says(["pass        unit"]);
    variants.run("check release").ok().ran([]);
}

#[test]
fn what_was_left_out_is_no_pass() {
    let project = Project::new().manifest(
        "task \"early\" { sh \"echo skipped: nothing\" }\ntask \"unit\" { needs \"early\"; sh \"{log:unit}\" }\ntask \"late\" { platform \"illumos-sparc\"; sh \"false\" }\n\
         gate \"release\" kind=\"release_smoke\" { private #true; step \"unit\"; step \"late\" }",
    );
    smoke(&project, "").ok().ran(["unit"]).says(["pass        unit", "skip        late"]);
}

#[test]
fn nothing_that_was_tried_is_no_pass() {
    let project = Project::new().manifest("gate \"r\" kind=\"release_smoke\" { step \"a\" { sh \"echo skipped: not here\" } }");
    smoke(&project, "--output new/dir/x.json").ok().says(["note: no step was tried: all of them were skipped"]);
    assert_eq!(report(&project, "new/dir/x.json")["outcome"], "partial");
    let seen = smoke(&project, "--output -").ok();
    assert_eq!(seen.json()["outcome"], "partial");
    assert!(!project.has("-"));
}

#[test]
fn an_epic_that_was_never_built_has_not_passed() {
    let project = Project::new().file("in", "").manifest(
        "epic \"style\" { task \"fmt\" { inputs \"in\"; sh \"{log:fmt}\" } }\ngate \"release\" kind=\"release_smoke\" { private #true; step \"style\" }",
    );
    project.run("check release").code(3).ran([]).says(["the step `style` has not passed"]);
    project.run("build style").ok().ran(["fmt"]);
    project.run("check release").ok().ran([]);
}

#[test]
fn steps_do_what_they_say_in_their_order() {
    let manifest = "gate \"r\" kind=\"release_smoke\" { step \"a\" { sqlite \"data/x.db\" apply=\"m/*.sql\"; run \"sh\" \"-c\" \"test -s data/x.db && echo there\"; table \"t\" min_rows=2 } }";
    let project = project().manifest(manifest).file("m/1.sql", "-- made first\ncreate table t(x); insert into t values (1);");
    smoke(&project, "").ok().says(["pass        a"]);
    let wrong =
        "gate \"r\" kind=\"release_smoke\" { step \"a\" { sqlite \"x\" apply=\"m/*\"; table \"t\" min_row=1; image \".\"; probe \"/\" } }";
    Project::new().manifest(wrong).run("list").code(2).says([
        "`min_row`",
        "did you mean `min_rows`?",
        "`probe` does not say which port of the container",
    ]);
}

#[test]
fn the_schema_allows_nothing_else() {
    let step = |outcome: &str, status: Value| json!({ "gate": "release", "name": "unit", "outcome": outcome, "duration_ms": 0, "status": status, "log": null });
    let of = |outcome: &str, step: Value| json!({ "version": 1, "kind": "release_smoke", "project": "p", "made": "2026-01-31", "outcome": outcome, "steps": [step] });
    let sound = of("pass", step("pass", Value::Null));
    for report in [&sound, &of("fail", step("fail", json!("exit status 1"))), &of("partial", step("skip", json!("no docker")))] {
        assert_eq!(wrong(report), [""; 0], "{report}");
    }
    for report in [
        of("passed", step("pass", Value::Null)),
        of("fail", step("failed", json!("exit status 1"))),
        of("pass", step("fail", json!("exit status 1"))),
        of("pass", step("skip", Value::Null)),
        of("partial", step("pass", Value::Null)),
        of("pass", step("skip", json!("no docker"))),
        of("fail", step("fail", Value::Null)),
    ] {
        assert!(!wrong(&report).is_empty(), "{report}");
    }
    for (pointer, names) in [
        ("", vec!["version", "kind", "project", "made", "outcome", "steps"]),
        ("/steps/0", vec!["gate", "name", "outcome", "duration_ms", "status", "log"]),
    ] {
        for name in names {
            let mut report = sound.clone();
            report.pointer_mut(pointer).unwrap().as_object_mut().unwrap().remove(name);
            assert!(wrong(&report).iter().any(|error| error.contains(name)), "without {pointer}/{name}");
        }
    }
    for (pointer, value) in [
        ("/version", json!(2)),
        ("/made", json!("2026-02-31")),
        ("/steps", json!([])),
        ("/steps/0/duration_ms", json!(-1)),
        ("/steps/0/duration_ms", json!(0.5)),
        ("/steps/0/name", json!("")),
        ("/steps/0/more", json!(1)),
        ("/more", json!(1)),
    ] {
        let mut report = sound.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        report.pointer_mut(parent).unwrap()[name] = value;
        assert!(!wrong(&report).is_empty(), "{pointer}");
    }
}

#[test]
fn an_image_is_built_started_and_probed() {
    let project = image("/health", "20s");
    let json = smoke(&project, "--json").ok().ran(["last"]).json();
    assert_eq!((outcomes(&json), &json["outcome"]), (vec!["image pass".into(), "last pass".into()], &"pass".into()));
    assert_eq!(asked(&project), ["version", "build", "run", "rm"]);
    let words = project.read("../docker/asked");
    assert!(words.contains("\nbuild -q box\nrun -d --name orket-") && words.contains(" -p 127.0.0.1:"), "{words}");
    no_container_is_left(&project);
}

#[test]
fn an_image_that_answers_otherwise_fails_and_says_what_it_said() {
    let project = image("/broken", "5s");
    let seen = smoke(&project, "--json").code(1).ran([]).says([
        "5.0 s: it answers 503, not 200",
        "what the container said last:",
        "asked for /broken",
    ]);
    assert_eq!((outcomes(&seen.json()), &seen.json()["outcome"]), (vec!["image fail".into(), "last not_reached".into()], &"fail".into()));
    assert_eq!(asked(&project), ["version", "build", "run", "logs", "rm"]);
    no_container_is_left(&project);
}

#[test]
fn an_image_that_cannot_be_built_fails() {
    let project = image("/health", "20s");
    project.write("box/Dockerfile", "FRM scratch\n");
    let seen = smoke(&project, "--json").code(1).ran([]).says(["dockerfile parse error on line 1"]);
    assert_eq!(outcomes(&seen.json()), ["image fail", "last not_reached"]);
    assert_eq!(asked(&project), ["version", "build"]);
}

#[test]
fn no_container_outlives_an_interrupt() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let project = image("/broken", "50s");
        let running = project.start("smoke --output report.json");
        assert!(wait_until(|| std::fs::read_to_string(project.at("../docker/said")).is_ok_and(|said| said.contains("/broken"))));
        running.signal(signal);
        assert_eq!(running.end().code(), code);
        no_container_is_left(&project);
        let report = report(&project, "report.json");
        assert_eq!((wrong(&report), outcomes(&report)), (vec![], vec!["image fail".into(), "last not_reached".into()]));
        assert_eq!((&report["outcome"], &report["steps"][0]["status"]), (&"fail".into(), &"cancelled".into()));
    }
}

#[test]
fn a_step_that_was_cut_off_has_the_log_that_there_is() {
    let project = Project::new().manifest(
        r#"
task "dep" { sh "echo of the dependency; {log:dep}; while [ -e {base}/ran ]; do sleep 0.05; done" }
task "unit" { needs "dep"; sh "true" }
service "api" { sh "echo of the service; {log:api}; while [ -e {base}/ran ]; do sleep 0.05; done"; ready { tcp "127.0.0.1:1" } }
gate "release" kind="release_smoke" { private #true; step "unit"; step "health" { uses "api"; sh "true" } }
"#,
    );
    for (step, ran, said) in [("unit", "dep", "of the dependency\n"), ("health", "api", "of the service\n")] {
        let running = project.start(&format!("smoke --only {step} --output report.json"));
        assert!(wait_until(|| project.log().last().is_some_and(|last| last == ran)), "{}", running.said());
        running.signal(Signal::INT);
        assert_eq!(running.end().code(), 130);
        let report = report(&project, "report.json");
        let cut_off = report["steps"].as_array().unwrap().iter().find(|one| one["name"] == step).unwrap();
        assert_eq!((wrong(&report), cut_off["outcome"].as_str()), (vec![], Some("fail")));
        assert_eq!(project.read(cut_off["log"].as_str().unwrap()), said, "{report}");
    }
}

#[test]
fn no_container_outlives_a_smoke_that_is_killed() {
    let project = image("/broken", "50s");
    let running = project.start("smoke");
    assert!(wait_until(|| std::fs::read_to_string(project.at("../docker/said")).is_ok_and(|said| said.contains("/broken"))));
    running.signal(Signal::KILL);
    assert_eq!(running.end().code(), 137);
    assert!(wait_until(|| boxes(&project).is_empty()), "{:?}", boxes(&project));
    no_container_is_left(&project);
}

#[test]
fn where_docker_cannot_be_used_its_step_is_skipped_and_says_why() {
    let project = image("/health", "20s");
    project.write("../docker/down", "");
    let seen = smoke(&project, "--json")
        .ok()
        .ran(["last"])
        .says(["skip        image", "(docker cannot be used: Cannot connect to the Docker daemon at "]);
    assert_eq!((outcomes(&seen.json()), &seen.json()["outcome"]), (vec!["image skip".into(), "last pass".into()], &"pass".into()));
    assert_eq!(asked(&project), ["version"]);
    let folders: Vec<_> = std::env::split_paths(&std::env::var_os("PATH").unwrap()).collect();
    let sh = folders.iter().map(|folder| folder.join("sh")).find(|sh| sh.exists()).unwrap();
    project.link(sh.to_str().unwrap(), "sh");
    let path = project.root().to_str().unwrap().to_owned();
    let project = project.var("PATH", &path);
    smoke(&project, "--only image").ok().says(["(docker is not there)"]);
}

#[test]
fn a_docker_that_is_not_for_this_user_fails_its_step_and_one_that_says_nothing_is_not_waited_for() {
    let project = image("/health", "20s");
    project.write("../docker/denied", "");
    let told = smoke(&project, "--json").code(1).json();
    assert_eq!(outcomes(&told), ["image fail", "last not_reached"]);
    let log = project.read(told["steps"][0]["log"].as_str().unwrap());
    assert!(log.contains("permission denied while trying") && log.contains("docker is there, and not for this user"), "{log}");
    project.words(&["tool", "within", "100ms", "sh", "-c", "sleep 300 & wait"]).code(1).says(["`sh` did not answer within 100 ms"]);
    project.words(&["tool", "within", "1m", "sh", "-c", "exit 3"]).code(3);
    assert!(!busy(&project.root()), "something works in the project still");
}

#[test]
fn docker_is_asked_where_the_environment_says() {
    let project = image("/health", "20s").var("DOCKER_HOST", "tcp://there:2375");
    smoke(&project, "").ok();
    assert_eq!(project.read("../docker/host"), "tcp://there:2375\n");
}

#[test]
fn each_container_has_the_ports_that_are_asked_of_it() {
    let ports = [(); 2].map(|()| std::net::TcpListener::bind("127.0.0.1:0").unwrap()).map(|listener| listener.local_addr().unwrap().port());
    let [one, two] = ports;
    let project = docker(Project::new()).file("box/Dockerfile", "FROM scratch\n").manifest(&format!(
        "gate \"r\" kind=\"release_smoke\" {{ step \"both\" {{ image \"box\"; probe \"/health\" port={one}; image \"box\"; probe \"/health\" port={two} }} }}"
    ));
    smoke(&project, "").ok();
    assert_eq!(asked(&project), ["version", "build", "run", "build", "run", "rm", "rm"]);
    let words = project.read("../docker/asked");
    let runs: Vec<&str> = words.lines().filter(|line| line.starts_with("run ")).collect();
    assert!(
        runs.iter().zip(ports).all(|(run, port)| run.matches(" -p ").count() == 1 && run.contains(&format!(":{port}:{port} "))),
        "{runs:?}"
    );
}

/// What a step says of itself counts also when it is fresh, and one variant that applies is enough.
#[test]
fn a_step_that_says_that_it_is_skipped_is() {
    let project = Project::new().file("in", "").manifest(
        "task \"unit\" { inputs \"in\"; sh \"{log:unit}; echo skipped: no database\" }\n\
         task \"late\" { inputs \"in\"; matrix { x \"1\" \"2\" }; sh \"test {{matrix.x}} = 2 || echo skipped: one\" }\n\
         gate \"release\" kind=\"release_smoke\" { private #true; step \"unit\"; step \"late\"; step \"mute\" { sh \"echo 'skipped: '\" }; step \"red\" { sh \"printf 'skipped: \\\\033[31mred\\\\033[0m'\" } }",
    );
    for ran in [1, 0] {
        let seen = smoke(&project, "--json").ok();
        assert_eq!(seen.names_that_ran().len(), ran);
        let json = seen.json();
        assert_eq!(outcomes(&json), ["unit skip", "late pass", "mute skip", "red skip"]);
        let why = |at: usize| json["steps"][at]["status"].as_str().unwrap();
        assert_eq!((why(0), why(2), why(3)), ("no database", "it does not apply here", "red"));
    }
    project.remove("benchmarks");
    let project = project.file("benchmarks", "in the way");
    smoke(&project, "").code(2).ran([]).says(["a report cannot be written to ", "`--output FILE` writes it somewhere else"]);
}

#[test]
fn steps_have_names_with_blanks_and_slashes() {
    let project = Project::new().manifest(
        "epic \"style\" { task \"fmt\" { sh \"{log:fmt}\" }; task \"lint\" { sh \"{log:lint}\" } }\n\
         gate \"release\" kind=\"release_smoke\" { step \"style\"; step \"style/fmt\"; step \"it's two words\" { sh \"{log:two}\" } }",
    );
    let json = smoke_words(&project, &["--only", "it's two words", "--json"]).ok().ran(["two"]).json();
    assert_eq!(outcomes(&json), ["style skip", "style/fmt skip", "it's two words pass"]);
    let json = smoke_words(&project, &["--skip", "it's two words", "--skip", "style/fmt", "--json"]).ok().ran(["fmt", "lint"]).json();
    assert_eq!(outcomes(&json), ["style pass", "style/fmt skip", "it's two words skip"]);
    smoke_words(&project, &["--only", "style/lint"]).code(4).ran([]).says(["there is no step `style/lint`; did you mean `style/fmt`?"]);
    smoke_words(&project, &["--only", ""]).code(4).ran([]).says(["there is no step ``"]);
}

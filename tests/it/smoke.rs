//! `orket smoke`: the steps of a release, and the report of them.

use crate::common::Project;

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
    Project::new()
        .file("in", "good")
        .file("m/1.sql", "create table t(x); insert into t values (1);")
        .file("m/2.sql", "insert into t values (2);")
        .file("bin/docker", "#!/bin/sh\nexit 1\n")
        .manifest(MANIFEST)
}

fn outcomes(json: &serde_json::Value) -> Vec<String> {
    let steps = json["steps"].as_array().unwrap().iter();
    steps.map(|step| format!("{} {}", step["name"].as_str().unwrap(), step["outcome"].as_str().unwrap())).collect()
}

#[test]
fn steps_run_in_their_order_and_are_reported() {
    let project = project();
    let json = project.run("smoke --json").ok().ran_in_order(["unit", "last"]).json();
    assert_eq!((&json["version"], &json["outcome"]), (&1.into(), &"pass".into()));
    let image = if outcomes(&json)[1] == "image pass" { "image pass" } else { "image skip" };
    assert_eq!(outcomes(&json), ["unit pass", image, "migrations pass", "last pass"]);
    assert!(json["steps"][0]["duration_ms"].as_u64().is_some());
    let kept = std::fs::read_dir(project.at("benchmarks/results")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept: Vec<String> = kept.collect();
    assert!(kept.len() == 1 && kept[0].ends_with("_release_smoke.json"), "{kept:?}");
    let report: serde_json::Value = serde_json::from_str(&project.read(&format!("benchmarks/results/{}", kept[0]))).unwrap();
    assert_eq!(report, json);
}

#[test]
fn what_is_behind_a_failure_is_not_reached() {
    let project = project();
    project.write("in", "bad");
    let seen =
        project.run("smoke --output report.json").code(1).ran(["unit"]).says(["fail        unit", "(exit status 1)", "not reached last"]);
    assert_eq!(seen.out(), "report.json\n");
    let report: serde_json::Value = serde_json::from_str(&project.read("report.json")).unwrap();
    assert_eq!(outcomes(&report), ["unit fail", "image not_reached", "migrations not_reached", "last not_reached"]);
    assert!(report["steps"][0]["log"].as_str().unwrap().ends_with(".log"));
    project.write("in", "good").write("m/2.sql", "nonsense");
    project.run("smoke --skip image").code(1).says(["skip        image", "m/2.sql: ", "syntax error", "fail        migrations"]);
}

#[test]
fn steps_are_chosen_by_name() {
    let project = project();
    let json = project.run("smoke --only last --json").ok().ran(["last"]).json();
    assert_eq!(outcomes(&json), ["unit skip", "image skip", "migrations skip", "last pass"]);
    assert_eq!(json["outcome"], "partial");
    let kept: Vec<_> = std::fs::read_dir(project.at("benchmarks/results")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(kept.len() == 1 && kept[0].to_string_lossy().ends_with("_release_smoke_partial.json"), "{kept:?}");
    project.run("smoke --only last --skip last").code(2).ran([]).says(["no step is left to run"]);
    project.run("smoke --output there/").code(2).ran([]).says(["a report cannot be written to "]);
    project.run("smoke --only lst").code(4).says(["there is no step `lst`; did you mean `last`?"]);
    Project::new().manifest("task \"t\" { sh \"true\" }").run("smoke").code(4).says(["there is no gate of the kind release_smoke"]);
    Project::new()
        .manifest("gate \"r\" kind=\"release_smoke\" { step \"x\" { htp \"y\" } }")
        .run("list")
        .code(2)
        .says(["did you mean `http`?"]);
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
    project.run("smoke").ok().says(["pass        health"]);
    project.declare(&manifest("/broken")).run("smoke").code(1).says(["after 300 ms: it answers 500, not 204", "fail        health"]);
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
    project.run("smoke").code(1).says(["`data/x.db` is there already, and no step has made it"]);
    assert_eq!(project.read("data/x.db"), "precious");
    project.remove("data/x.db").run("smoke").ok();
    project.run("smoke").ok().says(["pass        a"]);
}

/// What is named in an epic is the epic's, also where the root has a target of that name.
#[test]
fn a_step_is_what_the_gate_needs() {
    let project = Project::new().manifest(
        "epic \"shop\" { task \"unit\" { sh \"{log:own}; false\" }; gate \"release\" kind=\"release_smoke\" { step \"unit\" } }\ntask \"unit\" { sh \"{log:other}\" }",
    );
    project.run("smoke").code(1).ran(["own"]).says(["fail        unit"]);
    let variants = Project::new().file("in", "").manifest(
        "task \"unit\" { inputs \"in\"; matrix { x \"1\" \"2\" }; sh \"{log:unit}\" }\ngate \"release\" kind=\"release_smoke\" { private #true; step \"unit\" }",
    );
    variants.run("smoke").ok().ran(["unit", "unit"]).says(["pass        unit"]);
    variants.run("check release").ok().ran([]);
}

#[test]
fn what_was_left_out_is_no_pass() {
    let project = Project::new().manifest(
        "task \"early\" { sh \"echo skipped: nothing\" }\ntask \"unit\" { needs \"early\"; sh \"{log:unit}\" }\ntask \"late\" { platform \"illumos-sparc\"; sh \"false\" }\n\
         gate \"release\" kind=\"release_smoke\" { private #true; step \"unit\"; step \"late\" }",
    );
    project.run("smoke").ok().ran(["unit"]).says(["pass        unit", "skip        late"]);
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
    project.run("smoke").ok().says(["pass        a"]);
    let wrong =
        "gate \"r\" kind=\"release_smoke\" { step \"a\" { sqlite \"x\" apply=\"m/*\"; table \"t\" min_row=1; image \".\"; probe \"/\" } }";
    Project::new().manifest(wrong).run("list").code(2).says([
        "`min_row`",
        "did you mean `min_rows`?",
        "`probe` does not say which port of the container",
    ]);
}

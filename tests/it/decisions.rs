//! Choices on the graph: what they come to, and what hangs on it.

use crate::common::Project;

/// A decision that follows the variable KIND, and a task that uses it.
const PROFILE: &str = r#"
decision "profile" {
    choose "release" { env "KIND" "release" }
    choose "bench" { env "KIND" "bench" }
    otherwise "dev"
}
task "compile" { sh "{log:compile}; echo {{decision.profile}} > out"; outputs "out" }
task "other" { sh "{log:other}; echo > other"; outputs "other" }
"#;

#[test]
fn a_value_is_filled_in_and_another_one_runs_only_what_uses_it() {
    let mut project = Project::new().manifest(PROFILE);
    project.run("build").ok().ran(["compile", "other"]);
    assert_eq!(project.read("out"), "dev\n");
    project.run("build").ok().nothing_to_do();
    project.run("explain compile --decide profile=release").ok().says(["decision profile changed: \"dev\" -> \"release\""]);
    project.set("KIND", Some("bench"));
    project
        .run("build -v")
        .ok()
        .ran(["compile"])
        .says(["(decision profile changed: \"dev\" -> \"bench\")", "decided profile  bench  (KIND is \"bench\")"]);
    assert_eq!(project.read("out"), "bench\n");
    project.set("KIND", None);
    project.run("build --json").ok().ran([]).cached(["compile"]);
    assert_eq!(project.read("out"), "dev\n");
}

#[test]
fn what_is_proven_stays_proven_until_the_value_changes() {
    let mut project =
        Project::new().manifest(&format!("{PROFILE}\ndecision \"unused\" {{ choose \"a\" {{ env \"A\" }}; otherwise \"b\" }}"));
    project.proven();
    project.set("A", Some("1"));
    assert_eq!(project.left(), 0);
    project.set("KIND", Some("release"));
    project.run("build").ok().ran(["compile"]);
    project.proven();
    assert_eq!(project.read("out"), "release\n");
}

#[test]
fn the_command_line_wins_over_the_environment_and_that_over_conditions() {
    let mut project = Project::new().manifest(PROFILE);
    project.set("KIND", Some("bench"));
    project.set("ORKET_DECISION_PROFILE", Some("release"));
    project.run("build compile -v").ok().says(["decided profile  release  (from the environment)"]);
    project.run("build compile -v --decide profile=dev").ok().says(["decided profile  dev  (from the command line)"]);
    project.run("build compile -v --decide profile=").ok().says(["decided profile  release  (from the environment)"]);
    project.set("ORKET_DECISION_PROFILE", Some(" "));
    project.run("build compile -v").ok().says(["decided profile  bench  (KIND is \"bench\")"]);
    project.run("run compile --decide profile=dev").ok().ran(["compile"]);
    assert_eq!(project.read("out"), "dev\n");
}

#[test]
fn a_value_or_a_decision_that_is_not_there_is_an_error_before_anything_runs() {
    let mut project = Project::new().manifest(PROFILE);
    project.run("build --decide profile=relase").code(2).ran([]).stderr(
        "error: --decide profile=relase: the decision `profile` (orket.kdl:2) is never `relase`; it is one of `release`, `bench`, `dev`; did you mean `release`?\n",
    );
    project.run("build --decide profil=dev").code(2).ran([]).says(["there is no decision `profil`; did you mean `profile`?"]);
    project.run("build --decide profile").code(2).ran([]).says(["--decide NAME=VALUE"]);
    project.set("ORKET_DECISION_PROFILE", Some("x"));
    project.run("build other").code(2).ran([]).says(["ORKET_DECISION_PROFILE: the decision `profile` (orket.kdl:2) is never `x`"]);
    project.run("explain other --decide profil=dev").code(2);
}

#[test]
fn without_a_choice_nothing_that_hangs_on_it_runs() {
    let project = Project::new().manifest(
        r#"
        decision "mode" { choose "a" { env "MODE" "a" }; choose "b" { exists "b.txt" } }
        task "t" { sh "{log:t}"; only_if "mode" "a" "b" }
        task "u" { needs "t"; sh "{log:u}" }
        task "free" { sh "{log:free}" }
        "#,
    );
    project.run("build").code(2).ran([]).stderr(
        "failed  mode (orket.kdl:2)\n  no `choose` of this decision holds, and it has no `otherwise`\n  \
         hint: say what it is then: `otherwise \"a\"`; or choose now: --decide mode=a\n\
         a: `env \"MODE\" \"a\"` does not hold: MODE is not set\nb: `exists \"b.txt\"` does not hold: nothing is there\n  \
         again: orket build mode\nfailed: 1 failed, 3 not reached ([time])\n",
    );
    project.run("build -k").code(2).ran(["free"]);
    project.run("build free").ok().ran(["free"]);
    project.run("build -n t").code(2).says(["cannot run  t  (the decision mode: no `choose` of this decision holds"]);
    project.run("build --decide mode=a").ok().ran(["t", "u", "free"]);
}

#[test]
fn what_is_left_out_is_told_with_all_that_needs_it() {
    let project = Project::new().manifest(
        r#"
        decision "tier" { choose "full" { env "FULL" }; otherwise "quick" }
        epic "slow" {
            task "soak" { sh "{log:soak}; echo > soak"; outputs "soak"; only_if "tier" "full" }
            task "report" { needs "soak"; sh "{log:report}; cp soak report"; outputs "report" }
        }
        task "page" { needs "slow/report" optional=#true; sh "{log:page}; echo > page"; outputs "page" }
        rock "all" { epic "slow"; task "page" }
        "#,
    );
    project.run("build -j1").ok().ran(["page"]).stderr(
        "skipped slow/soak  because of decision tier = quick\nskipped slow/report  because of decision tier = quick\ndone    page  [time]\n\
         built 1 task: 1 done, 2 skipped ([time])\n",
    );
    project
        .run("build slow/soak")
        .ok()
        .ran([])
        .stderr("skipped slow/soak  because of decision tier = quick\nnothing to do: 1 task skipped ([time])\n");
    project.run("run slow/soak").ok().ran([]).says(["because of decision tier = quick"]);
    project.run("build slow").ok().ran([]);
    project.run("build -n").ok().ran([]).stdout(
        "would skip  slow/soak  (decision tier = quick)\nwould skip  slow/report  (decision tier = quick)\nnothing to do: 1 task fresh, 2 skipped\n",
    );
    project.run("build --check").ok();
    project.run("explain slow/report").ok().says(["slow/report would be skipped because of decision tier = quick"]);
    project.run("build --json --decide tier=full").ok().ran(["soak", "report", "page"]).had("skipped", &[]);
    project.run("build --decide tier=full").ok().ran([]);
    project.proven_with("--decide tier=full");
}

#[test]
fn a_failure_that_a_decision_looks_at_does_not_stop_the_run() {
    let project = Project::new().manifest(
        r#"
        decision "lane" { choose "safe" { failed "canary" }; otherwise "fast" }
        task "early" { after "canary"; priority "high"; sh "{log:early}; exit 1" }
        task "canary" { needs "base"; sh "{log:canary}; exit 3" }
        task "base" { sh "{log:base}" }
        task "safe" { sh "{log:safe}"; only_if "lane" "safe" }
        task "fast" { sh "{log:fast}"; only_if "lane" "fast" }
        decision "code" { choose "three" { exit_code "canary" 3 }; otherwise "else" }
        task "coded" { sh "echo coded-{{decision.code}} >> {base}/ran" }
        "#,
    );
    project.run("build safe fast -j1").code(1).ran(["base", "canary", "safe"]).says(["skipped fast  because of decision lane = safe"]);
    project.run("build coded -j1").code(1).ran(["base", "canary", "coded-three"]);
    project.run("build safe --fail-fast").code(1).ran(["base", "canary", "safe"]);
    project.run("build early safe -j1 --strategy planner=priority").code(1).ran(["base", "canary", "early"]);
    project.run("build safe --decide lane=safe").ok().ran(["safe"]);
    project.declare(
        r#"
        decision "lane" { choose "safe" { failed "canary" }; otherwise "fast" }
        task "canary" { needs "base"; sh "{log:canary}" }
        task "base" { sh "{log:base}; exit 1" }
        task "safe" { sh "{log:safe}"; only_if "lane" "safe" }
        "#,
    );
    project.run("build safe").code(1).ran(["base", "safe"]);
}

#[test]
fn what_a_task_printed_is_looked_at_even_where_it_did_not_run() {
    let project = Project::new().file("disk", "slow disk").manifest(
        r#"
        decision "profile" {
            needs "probe"
            choose "slow" { output "probe" matches="^slow +disk" }
            otherwise "dev"
        }
        task "probe" { sh "{log:probe}; cat disk; cp disk probed"; inputs "disk"; outputs "probed" }
        task "use" { sh "{log:use}; echo {{decision.profile}} > used"; outputs "used" }
        "#,
    );
    project.run("build use -n").ok().ran([]).says(["would run  probe", "may run  use  (the decision profile waits for `probe`)"]);
    project.run("build use").ok().ran_in_order(["probe", "use"]);
    assert_eq!(project.read("used"), "slow\n");
    project.run("build use").ok().ran([]);
    project.remove("probed");
    project.run("build use").ok().ran([]);
    project.write("disk", "fast disk");
    project.run("build use").ok().ran_in_order(["probe", "use"]);
    project.write("disk", "slow disk");
    project.run("build use -v").ok().ran([]).says(["decided profile  slow  (it printed \"slow disk\")"]);
    assert_eq!(project.read("used"), "slow\n");
    project.run("build use -n").ok().says(["nothing to do"]);
    project.write("disk", "slow  disk");
    project.run("build use --no-cache").ok().ran(["probe"]);
    project.run("build use -v").ok().ran(["probe"]).says(["decided profile  slow"]);
    project.run("cache clear").ok();
    project.run("build use -v").ok().ran(["probe"]).says(["decided profile  slow"]);
}

#[test]
fn branch_tag_and_what_changed_are_asked_of_git() {
    let project = Project::new().file("benches/a", "1").file(".gitignore", ".orket\n").manifest(
        r#"
        decision "branch" { choose "main" { branch "main" }; choose "topic" { branch "topic/*" }; otherwise "none" }
        decision "tag" { choose "release" { tag "v*" }; otherwise "none" }
        decision "work" { choose "bench" { changed "benches/**" }; otherwise "none" }
        decision "since" { choose "bench" { changed "benches/**" since="main" }; otherwise "none" }
        task "t" { sh "echo {{decision.branch}}-{{decision.tag}}-{{decision.work}}-{{decision.since}} >> {base}/ran" }
        "#,
    );
    project.run("build").code(2).ran([]).says(["`changed \"benches/**\"` (orket.kdl:4): git knows no repository here"]);
    project.git("init -q").git("add .").git("commit -qm one");
    project.run("build").ok().ran(["main-none-none-none"]);
    project.git("tag v1").write("benches/new", "1");
    project.run("build").ok().ran(["main-release-bench-bench"]);
    project.git("checkout -qb topic/x").git("add .").git("commit -qm two");
    project.run("build").ok().ran(["topic-none-none-bench"]);
    project.git("checkout -q main").write("benches/a", "2").git("commit -qam three").git("checkout -q topic/x");
    project.git("rm -q benches/new").git("commit -qm four");
    project.run("build").ok().ran(["topic-none-none-none"]);
    project.git("checkout -q --detach");
    project.run("build").ok().ran(["none-none-none-none"]);
    let bad = Project::new()
        .manifest(r#"decision "d" { choose "a" { changed "x" since="origin/main" }; otherwise "b" }; task "t" { sh "{{decision.d}}" }"#);
    bad.git("init -q").git("add .").git("commit -qm one");
    bad.run("build").code(2).says(["git knows no commit `origin/main`; a shallow clone may lack it: fetch it first"]);
}

#[test]
fn files_and_commands() {
    let project = Project::new().manifest(
        r##"
        decision "file" { choose "new" { file "v.json" json="/version" matches=#"^2\."# }; otherwise "old" }
        decision "there" { choose "yes" { exists "conf/*.toml" "lib/" }; otherwise "no" }
        decision "asked" { choose "yes" { command "echo ran >> {base}/asked; test -e yes" }; otherwise "no" }
        task "t" { sh "echo {{decision.file}}-{{decision.there}}-{{decision.asked}} >> {base}/ran" }
        "##,
    );
    project.run("build").ok().ran(["old-no-no"]);
    project.write("v.json", r#"{"version": "2.1"}"#).write("conf/a.toml", "").write("yes", "");
    project.run("build").ok().ran(["new-yes-yes"]);
    project.remove("conf").write("lib/x", "");
    project.run("build").ok().ran(["new-yes-yes"]);
    let asked = || std::fs::read_to_string(project.base().join("asked")).unwrap().lines().count();
    assert_eq!(asked(), 3);
    project.run("build -n").ok().says(["may run  t  (the decision asked would be decided by running `"]);
    project.run("explain t").ok().says(["t may run: the decision asked would be decided by running `"]);
    project.run("list").ok().says(["asked (decision)"]);
    project.run("query deps(t)").ok().says(["asked"]);
    let decisions = project
        .run("decisions --decide file=old")
        .ok()
        .says(["file   old  command line  not new  (orket.kdl:2)\n", "asked  (would be decided by running `"]);
    assert!(decisions.out().contains("on the graph\n"));
    assert_eq!(project.run("decisions --json").ok().json()["decisions"][1]["chosen"], "yes");
    assert_eq!(asked(), 3, "looking ran a command");
    project.write("v.json", "nonsense");
    project.run("build").code(2).ran([]).says(["`v.json` is no JSON"]);
    project.run("build --decide file=old --decide asked=no").ok().ran(["old-yes-no"]);
    assert_eq!(asked(), 3, "a decision that was given ran a command");
}

#[test]
fn a_decision_that_another_one_looks_at_is_made_first() {
    let project = Project::new().var("A", "1").manifest(
        r#"
        decision "last" { choose "yes" { decided "middle" "yes" "maybe" }; otherwise "no" }
        decision "middle" { choose "yes" { not { decided "first" "b" } }; otherwise "no" }
        decision "first" { choose "a" { any { env "Z"; env "A" } }; otherwise "b" }
        task "t" { sh "echo {{decision.last}} >> {base}/ran" }
        "#,
    );
    project.run("build").code(2).says(["the decision `middle` is never `maybe`"]);
    let text = project.read("orket.kdl").replace(" \"maybe\"", "");
    project.write("orket.kdl", text);
    project.run("build").ok().ran(["yes"]);
    project.run("build --decide first=b").ok().ran(["no"]);
    project.declare(r#"decision "a" { choose "x" { decided "b" "x" }; otherwise "y" }; decision "b" { choose "x" { decided "a" "x" }; otherwise "y" }; task "t" { sh "{log:t}" }"#);
    project.run("build t").code(2).ran([]).says(["these targets wait for each other: `a` -> `b` -> `a`"]);
    project.declare(r#"decision "a" { choose "x" { failed "t" }; otherwise "y" }; task "t" { sh "{log:t}"; only_if "a" "x" }"#);
    project.run("build t").code(2).ran([]).says(["these targets wait for each other"]);
}

#[test]
fn in_an_epic_and_in_a_package_the_nearest_is_meant() {
    let mut project = Project::new()
        .manifest(
            r#"
            include "pay"
            decision "kind" { otherwise "root" }
            task "a" { sh "echo a-{{decision.kind}} >> {base}/ran" }
            epic "e" {
                decision "kind" { choose "given" { env "GIVEN" }; otherwise "epic" }
                task "b" { sh "echo b-{{decision.kind}} >> {base}/ran"; only_if "kind" "epic" "given" }
                service "s" { sh "echo {{decision.kind}} > served; exec sleep 1000"; ready { command "test -s served" } }
                task "c" { uses "s"; sh "{log:c}; cat served" }
            }
            "#,
        )
        .file(
            "pay/orket.kdl",
            "decision \"tier\" { otherwise \"x\" }\ndecision \"kind\" { choose \"cheap\" { exists \"cheap\" }; otherwise \"pay\" }\n",
        );
    let pay = project.placed("task \"d\" { sh \"echo d-{{decision.kind}} >> {base}/ran\"; env { set \"TIER\" \"{{decision.tier}}\" } }\n");
    let declared = project.read("pay/orket.kdl");
    project.write("pay/orket.kdl", declared + &pay);
    project.run("build").ok().ran(["a-root", "b-epic", "c", "d-pay"]);
    assert_eq!(project.read("served"), "epic\n");
    project.write("pay/cheap", "");
    project.run("build pay:d").ok().ran(["d-cheap"]);
    project.run("build pay:d --decide pay:kind=pay").ok().ran(["d-pay"]);
    project.run_in("pay", "build d --decide kind=pay").ok().ran(["d-pay"]);
    project.run("build e/b --decide e/kind=given").ok().ran(["b-given"]);
    project.set("ORKET_DECISION_KIND", Some("given"));
    project.run("build e/b").code(2).says(["ORKET_DECISION_KIND: the decision `kind` (orket.kdl:3) is never `given`; it is one of `root`"]);
}

#[test]
fn paths_and_the_environment_may_hang_on_a_decision() {
    let mut project = Project::new().file("conf/dev.toml", "d").file("conf/prod.toml", "p").manifest(
        r#"
        decision "stage" { choose "prod" { env "STAGE" "prod" }; otherwise "dev" }
        task "t" {
            sh "{log:t}; cat ../conf/$STAGE.toml > ../out/{{decision.stage}}"
            dir "{{decision.stage}}"
            env { set "STAGE" "{{decision.stage}}" }
            inputs "conf/{{decision.stage}}.toml"
            outputs "out/{{decision.stage}}"
        }
        "#,
    );
    std::fs::create_dir(project.at("dev")).unwrap();
    std::fs::create_dir(project.at("prod")).unwrap();
    project.run("build").ok().ran(["t"]);
    assert_eq!(project.read("out/dev"), "d");
    project.write("conf/prod.toml", "q");
    project.run("build").ok().ran([]);
    project.set("STAGE", Some("prod"));
    project.run("build").ok().ran(["t"]);
    assert_eq!(project.read("out/prod"), "q");
    project.run("build").ok().ran([]);
}

#[test]
fn events_and_records_hold_what_was_seen() {
    let project = Project::new().manifest(&format!("{PROFILE}\nenv {{ secret \"KIND\" }}")).var("KIND", "bench");
    project.run("build compile --events events").ok();
    let line = project.read("events").lines().find(|line| line.contains("\"decided\"")).unwrap().to_owned();
    let event: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&event["decision"], &event["value"], &event["origin"]), (&"profile".into(), &"bench".into(), &"default".into()));
    assert_eq!(event["saw"][0]["holds"], false);
    assert_eq!(event["saw"][1]["condition"], "env \"KIND\" \"bench\"");
    assert_eq!(event["saw"][1]["found"], "KIND is set (secret)");
    let shown = project
        .run("runs show")
        .ok()
        .says(["  decided    profile  bench  (default)\n    release: env \"KIND\" \"release\" does not hold: KIND is set (secret)\n"]);
    drop(shown);
    let record = project.run("runs show --json").ok().json();
    assert_eq!(record["decisions"][0]["address"], "profile");
    project.run("build compile --decide profile=bench").ok().ran([]);
    assert_eq!(project.run("runs show --json").ok().json()["decisions"][0]["origin"], "command_line");
    project.run("build compile --decide profile=dev").ok();
    project.run("runs diff").ok().says(["  decision profile: bench -> dev\n"]);
}

#[test]
fn a_remedy_may_hang_on_a_decision() {
    let project = Project::new().manifest(
        r#"
        decision "mend" { choose "yes" { env "MEND" }; otherwise "no" }
        task "t" { sh "{log:t}; exit 1"; on_failure "fix" }
        task "fix" { private #true; sh "echo fix-{{decision.mend}} >> {base}/ran"; only_if "mend" "yes" }
        "#,
    );
    project.run("build t").code(1).ran(["t"]).says(["the remedy of t is not run: because of decision mend = no"]);
    project.run("build t --decide mend=yes").code(1).ran(["t", "fix-yes"]);
}

#[test]
fn mistakes_are_told_with_a_way_out() {
    let says = |text: &str, parts: [&str; 2]| drop(Project::new().manifest(text).run("build").code(2).ran([]).says(parts));
    says("decision \"d\" { choose \"a\" { brnach \"main\" } }", ["there is no condition `brnach` in a decision", "did you mean `branch`?"]);
    says("decision \"d\" { choose \"a\" { tag } }", ["orket.kdl:1", "`tag` takes a text, not nothing"]);
    says("decision \"d\" { choose \"a\" { output \"t\" matches=\"(\" } }; task \"t\"", ["`(` is no regular expression", "orket.kdl:1"]);
    says("decision \"d\" { otherwise \"x\" }; task \"t\" { only_if \"e\" \"x\" }", ["there is no decision `e`", "there is `d`"]);
    says(
        "decision \"mode\" { otherwise \"x\" }; task \"t\" { sh \"{{decision.mod}}\" }",
        ["there is no decision `mod`", "did you mean `mode`?"],
    );
    says(
        "decision \"mode\" { otherwise \"fast\" }; task \"t\" { only_if \"mode\" \"fats\" }",
        ["the decision `mode` is never `fats`", "did you mean `fast`?"],
    );
    says(
        "decision \"d\" { otherwise \"x\" }; task \"t\" { needs \"d\" }",
        ["`d` is a decision, and nothing that is built", "only_if \"d\" \"VALUE\""],
    );
    says("decision \"d\" { choose \"x\" { failed \"tsk\" } }; task \"task\"", ["there is no target `tsk`", "did you mean `task`?"]);
    says(
        "epic \"e\"; decision \"d\" { choose \"x\" { exit_code \"e\" 1 } }",
        ["`e` is an epic, which this condition cannot look at", "orket.kdl:1"],
    );
}

//! Outputs of tasks that are gone: nothing that a build from nothing would not make is left for a pattern to find.

use crate::common::{Project, wait_until};

const EACH: &str = r#"
epic "part" {
    each "c" glob="src/*.c" {
        task "{{c.stem}}" { inputs "{{c.path}}"; sh "cp {{c.path}} out/{{c.stem}}.o"; outputs "out/{{c.stem}}.o" }
    }
}
task "all" { needs "part"; inputs "out/*.o"; sh "{log:all}; cat out/*.o > all"; outputs "all" }
"#;

fn parts() -> Project {
    Project::new().file("src/a.c", "a").file("src/b.c", "b").manifest(EACH)
}

#[test]
fn what_a_source_that_is_gone_was_made_into_goes_with_it() {
    let project = parts();
    project.run("build").ok();
    assert_eq!(project.read("all"), "ab");
    project.remove("src/b.c");
    project.run("build").ok().ran(["all"]).says(["note: 1 output that is no longer declared was removed: `out/b.o`\n"]);
    assert_eq!(project.read("all"), "a");
    project.run("build").ok().nothing_to_do();
    project.write("src/b.c", "b");
    project.run("build").ok().ran([]);
    assert_eq!((project.read("all"), project.read("out/b.o")), ("ab".into(), "b".into()));
}

#[test]
fn a_manifest_that_was_only_looked_at_is_not_the_one_that_was_built() {
    let project = parts();
    project.run("list").ok();
    assert!(!project.has(".orket"), "who only looks makes no folder");
    project.run("build").ok();
    project.declare(&EACH.replace("src/*.c", "src/a.c"));
    for _ in 0..2 {
        project.run("list").ok().says(["part/a"]);
        assert!(project.has(".orket/graph.seen"));
    }
    project.write(".orket/graph.seen", "spoilt").run("list").ok();
    project.run("build").ok().ran(["all"]).says(["removed: `out/b.o`\n"]);
    assert!(!project.has(".orket/graph.seen"));
}

#[test]
fn what_a_person_has_changed_since_and_what_git_tracks_stays() {
    let project = parts();
    project.run("build").ok();
    project.write("out/b.o", "by hand").remove("src/b.c").remove("src/a.c").write("src/c.c", "c");
    project.git("init -q").git("add -f out/a.o").git("commit -qm x");
    project.run("build part").ok();
    assert_eq!((project.read("out/a.o"), project.read("out/b.o"), project.read("out/c.o")), ("a".into(), "by hand".into(), "c".into()));
}

#[test]
fn what_a_person_has_changed_of_a_task_that_is_gone_is_told_once_and_what_is_only_executable_goes() {
    let project = parts();
    project.run("build").ok();
    project
        .write("out/b.o", "by hand")
        .remove("src/b.c")
        .run("build")
        .ok()
        .ran(["all"])
        .says(["note: 1 output that is no longer declared and was changed since: it stays, as a source: `out/b.o`\n"]);
    assert_eq!(project.read("all"), "aby hand");
    project.run("build").ok().nothing_to_do();
    project.mode("out/a.o", 0o755).remove("src/a.c").write("src/c.c", "c").run("build").ok().says(["removed: `out/a.o`\n"]);
    assert_eq!(project.read("all"), "by handc");
}

#[test]
fn what_a_failure_has_left_of_a_task_that_is_gone_is_moved_aside_and_nothing_else_is_said() {
    let project = Project::new().file("s", "ok").manifest(r#"task "a" { inputs "s"; outputs "o"; sh "cat s > o; test $(cat s) = ok" }"#);
    project.run("build").ok();
    project.write("s", "bad").run("build").code(1);
    project.declare(r#"task "b" { sh "true" }"#).run("build").ok().says(["removed: `o`; 1 of them"]).never_says(["as a source"]);
    assert!(!project.has("o"));
}

#[test]
fn folders_that_are_empty_now_go_too() {
    let own = r#"
task "a" { sh "echo > x/y/a"; outputs "x/y/a" }
task "b" { sh "echo > x/b"; outputs "x/b" }
task "c" { sh "mkdir -p g/$(cat k); echo > g/$(cat k)/c"; inputs "k"; outputs "g/**/c" }
task "d" { only_if "on" "yes"; sh "echo > s/t/d"; outputs "s/t/d" }
decision "on" { choose "yes" { env "ON" "1" }; otherwise "no" }
"#;
    let mut project = Project::new().file("k", "one").file("z/mine", "").manifest(own);
    project.set("ON", Some("1"));
    project.run("build").ok();
    project.write("k", "two").run("build").ok().says(["done    c"]);
    assert!(project.has("g/two/c") && !project.has("g/one"));
    project.set("ON", None);
    project.run("build").ok();
    assert!(!project.has("s"));
    let without = own
        .replace("task \"a\"", "task \"a\" { sh \"echo > z/a\"; outputs \"z/a\" }\ntask \"old\"")
        .replace("\ntask \"old\" { sh \"echo > x/y/a\"; outputs \"x/y/a\" }", "");
    project.declare(&without).run("build").ok().says(["removed: `x/y/a`"]);
    assert!(project.has("x/b") && !project.has("x/y"));
    project.declare("task \"e\" { sh \"true\"; dir \"x\" }").run("build").ok();
    assert!(project.has("x") && !project.has("g") && project.has("z/mine"));
}

#[test]
fn who_only_looks_is_told_what_would_go() {
    let project = parts();
    project.run("build").ok();
    project.run("build --check").ok();
    project.remove("src/b.c");
    project.run("build --check part").code(1).says(["would remove  out/b.o  (no task of this run puts it out)"]);
    assert_eq!(project.run("build -n part --json").ok().json()["would_remove"], serde_json::json!(["out/b.o"]));
    project.run("build part").ok();
    project.run("build --check part").ok().stdout("nothing to do: 1 task fresh\n");
}

#[test]
fn what_the_store_does_not_hold_is_moved_aside() {
    let project = Project::new().manifest(r#"task "t" { sh "mkdir -p d/e; echo once > d/e/o"; outputs "d/"; cache #false }"#);
    project.run("build").ok();
    project.write("orket.kdl", r#"task "other" { sh "true" }"#);
    let seen = project.run("build").ok().says(["1 output that is no longer declared was removed: `d/e/o`; 1 of them"]);
    let aside = seen.err().split('`').find(|word| word.starts_with(".orket/displaced/")).unwrap().to_owned();
    assert_eq!(project.read(&format!("{aside}d/e/o")), "once\n");
    assert!(!project.has("d"));
}

#[test]
fn a_task_that_is_named_anew_and_one_of_another_manifest_keep_theirs() {
    let project = Project::new().manifest(r#"task "t" { sh "echo x > o"; outputs "o" }"#);
    project.run("build").ok();
    project.write("other.kdl", r#"task "other" { sh "echo y > p"; outputs "p" }"#);
    project.run("build -f other.kdl").ok();
    assert!(project.has("o") && project.has("p"));
    project.write("orket.kdl", r#"task "named_anew" { sh "echo x > o"; outputs "o" }"#);
    let seen = project.run("build").ok();
    assert!(!seen.err().contains("removed") && project.has("o") && project.has("p"), "{}", seen.err());
}

#[test]
fn what_a_failed_task_that_is_gone_had_left_is_moved_aside() {
    let project = Project::new().manifest(r#"task "t" { sh "echo half > o && false"; outputs "o" }"#);
    project.run("build").code(1);
    project.write("orket.kdl", r#"task "other" { sh "true" }"#);
    project.run("build").ok().says(["`o`; 1 of them"]);
    assert!(!project.has("o"));
}

#[test]
fn what_stands_behind_a_link_by_now_is_left_alone() {
    let project = Project::new().manifest(r#"task "t" { sh "echo > d/o"; outputs "d/o" }"#);
    project.run("build").ok();
    std::fs::rename(project.at("d"), project.at("real")).unwrap();
    project.link("real", "d").declare("task \"u\" { sh \"true\" }").run("build").ok();
    assert!(project.has("real/o"));
}

#[test]
fn what_a_task_names_as_its_input_stays() {
    let made = r#"task "b" { inputs "s"; outputs "b"; sh "cp s b" }"#;
    let project = Project::new().file("s", "1").manifest(made);
    project.run("build").ok();
    project.declare(r#"task "c" { inputs "b"; outputs "c"; sh "cp b c" }"#).run("build").ok().never_says(["was removed"]);
    assert_eq!((project.read("b"), project.read("c")), ("1".to_owned(), "1".to_owned()));
}

#[test]
fn what_a_task_made_after_its_last_success_goes_with_it() {
    const UP: &str = r#"
each "f" glob="src/*" {
    task "up/{{f.name}}" { sh "cat {{f.path}} > o/{{f.name}}; ! grep -q bad {{f.path}}"; inputs "{{f.path}}"; outputs "o/{{f.name}}" }
}
task "join" { needs "up/*"; sh "cat o/* > all"; outputs "all" }
"#;
    for manifest in [UP.to_owned(), UP.replace("inputs", "incremental #true; inputs"), UP.replace("inputs", "cache #false; inputs")] {
        let project = Project::new().file("src/a", "1\n").file("src/b", "2\n").manifest(&manifest);
        project.run("build").ok();
        project.write("src/b", "bad\n").run("build").code(1);
        project.remove("src/b").run("build").ok().says(["no longer declared"]);
        assert_eq!((project.read("all"), project.has("o/b")), (String::from("1\n"), false), "{manifest}");
    }
}

#[test]
fn a_target_that_has_no_command_any_more_keeps_nothing() {
    let rest = r#"
task "z" { sh "cat i > o/z"; inputs "i"; outputs "o/z" }
task "b" { needs "z"; after "a"; sh "cat o/* > all"; outputs "all" }
"#;
    for now in
        ["task \"a\" { needs \"z\" }", "task \"a\" { }", "epic \"a\" { task \"x\" { run \"true\" } }", "service \"a\" { sh \"sleep 100\" }"]
    {
        let project = Project::new().file("i", "1\n").manifest(&format!("task \"a\" {{ sh \"echo A > o/a\"; outputs \"o/a\" }}{rest}"));
        project.run("build").ok();
        assert_eq!(project.read("all"), "A\n1\n");
        let rest = if now.starts_with("service") { rest.replace("after \"a\"; ", "") } else { rest.to_owned() };
        project.declare(&format!("{now}{rest}")).write("i", "2\n").run("build b").ok().says(["`o/a`"]);
        assert_eq!(project.read("all"), "2\n", "{now}");
        project.run("build b").ok().nothing_to_do();
    }
}

#[test]
fn a_task_of_another_manifest_with_the_same_address_keeps_its_own() {
    let project = Project::new().manifest(r#"task "t" { sh "echo x > x"; outputs "x" }"#);
    project.write("other.kdl", r#"task "t" { sh "echo y > y"; outputs "y" }"#);
    for manifest in ["", "-f other.kdl", ""] {
        project.run(&format!("build {manifest}")).ok();
    }
    assert!(project.has("x") && project.has("y"));
}

#[test]
fn what_a_task_had_put_out_goes_where_it_is_left_out() {
    let manifest = |inputs: &str, only: &str| {
        format!(
            r#"
decision "m" {{ choose "on" {{ env "ON" "1" }}; otherwise "off" }}
task "gen" {{ sh "cat x > out/g"; inputs "x"; outputs "out/g" }}
task "opt" {{ {only}; sh "echo OPT > out/o; : > out/empty; ln -s o out/link"; inputs "x"; outputs "out/o" "out/empty" "out/link" }}
task "more" {{ needs "opt"; sh "cp out/o out/p"; outputs "out/p" }}
task "pack" {{ needs "gen"; needs "opt" "more" optional=#true; {inputs}sh "{{log:pack}}; cat out/* > pack"; outputs "pack" }}
"#
        )
    };
    for inputs in ["", "inputs \"out/*\"; "] {
        let project = Project::new().file("x", "1\n").manifest(&manifest(inputs, "only_if \"m\" \"on\""));
        project.run_with("build", &[("ON", "1")]).ok();
        assert_eq!(project.read("pack"), "1\nOPT\nOPT\nOPT\n");
        project.run("build --check").code(1).says(["would run  pack"]);
        project.run("build").ok().ran(["pack"]).never_says(["displaced"]);
        assert_eq!(project.read("pack"), "1\n", "{inputs}");
        assert!(["out/o", "out/p", "out/empty", "out/link"].iter().all(|path| !project.has(path)));
        project.run("build --check").ok();
        project.run("build").ok().ran([]);
        project.run_with("build", &[("ON", "1")]).ok().ran([]);
        assert_eq!(project.read("pack"), "1\nOPT\nOPT\nOPT\n");
        project.declare(&manifest(inputs, "platform \"illumos\""));
        project.run("build").ok();
        assert_eq!(project.read("pack"), "1\n", "{inputs}");
    }
}

#[test]
fn what_is_left_out_keeps_what_a_person_or_git_has_there() {
    let project = Project::new().manifest(
        r#"
decision "m" { choose "on" { env "ON" "1" }; otherwise "off" }
task "opt" { only_if "m" "on"; cache #false; sh "echo A > a; echo B > b; echo C > c"; outputs "a" "b" "c" }
"#,
    );
    project.run_with("build", &[("ON", "1")]).ok();
    project.write("a", "mine").git("init -q").git("add -f b").git("commit -qm x");
    project.run("build").ok().says(["note: 1 output of tasks that are skipped was removed: `c`"]);
    assert_eq!((project.read("a"), project.read("b"), project.has("c")), ("mine".into(), "B\n".into(), false));
    // Once it is gone, what stands there is not the task's.
    project.write("c", "C\n");
    project.run("build").ok().never_says(["removed"]);
    assert_eq!(project.read("c"), "C\n");
}

#[test]
fn what_is_changed_while_a_run_goes_on_is_not_taken_away_as_left_out() {
    let manifest = r#"
decision "m" { choose "on" { env "ON" "1" }; otherwise "off" }
task "slow" { cache #false; sh "{log:slow}; while test -e {base}/hold; do sleep 0.01; done" }
task "opt" { needs "slow"; only_if "m" "on"; sh ": > empty; ln -s t link; echo A > a"; outputs "empty" "link" "a" }
"#;
    let project = Project::new().manifest(manifest);
    project.run_with("build", &[("ON", "1")]).ok();
    project.declare(&format!("{manifest}\ntask \"other\" {{ sh \"echo > new\"; outputs \"new\" }}"));
    project.write("../hold", "");
    let build = project.start("build");
    assert!(wait_until(|| project.log().len() > 1));
    for path in ["empty", "link", "a"] {
        project.remove(path).write(path, "precious");
    }
    project.remove("../hold");
    assert_eq!(build.end().code(), 0);
    assert!(["empty", "link", "a"].iter().all(|path| project.read(path) == "precious"));
}

#[test]
fn what_failed_runs_again_when_it_is_no_longer_left_out() {
    let project = Project::new().file("x", "good").manifest(
        r#"
decision "m" { choose "off" { env "OFF" "1" }; otherwise "on" }
task "t" { only_if "m" "on"; inputs "x"; sh "{log:t}; echo > o; test ! -e bad"; outputs "o" }
"#,
    );
    project.run("build").ok();
    project.write("bad", "");
    project.run("build --force").code(1);
    project.run_with("build", &[("OFF", "1")]).ok();
    project.run("build").code(1).ran(["t"]);
}

#[test]
fn what_another_manifest_has_put_out_stays_where_a_task_is_left_out() {
    let project = Project::new().manifest(r#"task "t" { sh "echo X > x"; outputs "x" }"#);
    project.write("b.kdl", r#"task "t" { platform "illumos"; sh "echo Y > y"; outputs "y" }"#);
    project.run("build").ok();
    project.run("build -f b.kdl").ok();
    project.run("build").ok().nothing_to_do();
}

#[test]
fn what_was_declared_once_and_is_made_by_hand_since_stays() {
    let manifest = |outputs: &str| format!("task \"gen\" {{ sh \"echo dep > conf; : > pkg; echo > g\"; outputs {outputs} }}\n");
    let project = Project::new().manifest(&manifest(r#""conf" "pkg" "g""#));
    project.run("build").ok();
    let other = |name: &str| format!("task \"o\" {{ sh \"echo > {name}\"; outputs \"{name}\" }}");
    project.declare(&(manifest(r#""g""#) + &other("o"))).run("build o").ok().says(["2 outputs that are no longer declared were removed"]);
    project.write("conf", "dep\n").write("pkg", "");
    project.declare(&(manifest(r#""g""#) + &other("p"))).run("build o").ok().says(["1 output that is", "removed: `o`"]);
    assert!(project.has("conf") && project.has("pkg"));
    // As it was: all of it is an output again.
    project.remove("conf").remove("pkg").declare(&manifest(r#""*f" "pkg" "g""#)).run("build").ok();
    assert!(project.has("conf") && project.has("pkg"));
}

#[test]
fn an_output_moved_under_another_name_of_the_manifest_goes() {
    let project = Project::new().file("x", "1\n").manifest(
        r#"task "gen" { sh "cat x > out/g"; inputs "x"; outputs "out/g" }
task "other" { sh "echo OTHER > out/o"; outputs "out/o" }
task "pack" { needs "gen" "other"; inputs "out/*"; sh "cat out/* > pack"; outputs "pack" }"#,
    );
    project.run("build").ok();
    project.write(
        "new.kdl",
        r#"task "gen" { sh "cat x > out/g"; inputs "x"; outputs "out/g" }
task "other" { sh "echo OTHER > misc/o"; outputs "misc/o" }
task "pack" { needs "gen"; inputs "out/*"; sh "cat out/* > pack"; outputs "pack" }"#,
    );
    project.run("build -f new.kdl gen").ok();
    std::fs::rename(project.at("new.kdl"), project.at("orket.kdl")).unwrap();
    project.run("build pack").ok();
    assert_eq!(project.read("pack"), "1\n");
}

#[test]
fn an_output_that_has_moved_goes_before_anybody_reads() {
    let manifest = |place: &str, needs: &str, inputs: &str| {
        format!(
            r#"
task "gen" {{ sh "cat x > out/g"; inputs "x"; outputs "out/g" }}
task "other" {{ sh "echo OTHER > {place}"; outputs "{place}" }}
task "pack" {{ needs {needs}; {inputs}sh "{{log:pack}}; cat out/* > pack"; outputs "pack" }}
"#
        )
    };
    for inputs in ["", "inputs \"out/*\"; "] {
        let project = Project::new().file("x", "1\n").manifest(&manifest("out/o", r#""gen" "other""#, inputs));
        project.run("build").ok();
        assert_eq!(project.read("pack"), "1\nOTHER\n");
        project.declare(&manifest("misc/o", r#""gen""#, inputs));
        project.run("build --check pack").code(1).says(["would run  pack"]);
        project.run("build pack").ok().ran(["pack"]).says(["1 output that is no longer declared was removed: `out/o`"]);
        assert_eq!(project.read("pack"), "1\n");
        project.run("build").ok().ran([]);
        project.run("build").ok().nothing_to_do();
    }
}

#[test]
fn what_a_task_takes_over_and_never_makes_is_nobodys() {
    let rest = r#"task "gen" { sh "cat x > out/g"; inputs "x"; outputs "out/g" }
task "pack" { needs "gen"; inputs "out/*"; sh "cat out/* > pack"; outputs "pack" }"#;
    let project = Project::new().file("x", "1\n").manifest(r#"task "a" { sh "echo A > out/a"; outputs "out/a" }"#);
    project.run("build").ok();
    let other = r#"task "b" { sh "echo A > out/a"; outputs "out/a" }"#;
    project.declare(&format!("{other}\n{}", rest.replace("needs \"gen\"", "needs \"gen\" \"b\"")));
    project.run("build gen").ok();
    assert!(project.has("out/a"));
    project.declare(rest);
    project.run("build").ok().says(["1 output that is no longer declared was removed: `out/a`"]);
    assert_eq!(project.read("pack"), "1\n");
    project.run("build").ok().nothing_to_do();
}

#[test]
fn an_output_that_another_manifest_was_last_seen_to_put_out_is_its() {
    let manifest = r#"task "t" { sh "{log:t}; echo one > o"; outputs "o" }"#;
    let project = Project::new().manifest(manifest);
    project.write("other.kdl", project.placed(manifest));
    project.proven();
    project.run("build -f other.kdl").ok().ran([]).nothing_to_do();
    project.declare(r#"task "u" { sh "true" }"#);
    project.run("build").ok();
    assert!(project.has("o"));
    project.run("build -f other.kdl").ok().ran([]).nothing_to_do();
}

#[test]
fn what_one_manifest_has_put_out_before_is_its_also_while_another_one_is_built() {
    let manifest = |output: &str| {
        format!(
            r#"
task "t" {{ sh "echo {output} > p/{output}"; outputs "p/{output}" }}
task "r" {{ needs "t"; sh "{{log:r}}; cat p/* > r"; inputs "p/*"; outputs "r" }}
"#
        )
    };
    let project = Project::new().manifest(&manifest("one"));
    project.write("other.kdl", r#"task "t" { sh "echo two > two"; outputs "two" }"#);
    project.run("build").ok();
    project.run("build -f other.kdl").ok();
    project.declare(&manifest("three")).run("build").ok().ran(["r"]);
    assert_eq!((project.read("r"), project.read("two")), ("three\n".into(), "two\n".into()));
    project.run("build").ok().nothing_to_do();
    project.run("build -f other.kdl").ok().nothing_to_do();
}

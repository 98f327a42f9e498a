//! What runs, what does not, and in which order.

use crate::common::{Project, wait_until};

const CHAIN: &str = r#"
task "one" { sh "{log:one}; cat in > a"; inputs "in"; outputs "a" }
task "two" { needs "one"; sh "{log:two}; head -c 2 a > b"; outputs "b" }
task "three" { needs "two"; sh "{log:three}; cp b c"; outputs "c" }
"#;

fn chain() -> Project {
    Project::new().file("in", "hello").manifest(CHAIN)
}

#[test]
fn a_second_build_runs_nothing() {
    let project = chain();
    project.run("build").ok().ran_in_order(["one", "two", "three"]);
    project.run("build --json").ok().ran([]).fresh(3);
    project.run("build").ok().nothing_to_do().stdout("").stderr("nothing to do: 3 tasks fresh ([time])\n");
}

#[test]
fn the_smallest_manifest() {
    let project = Project::new().manifest(r#"task "hello" { sh "{log:hello}; echo hello > hello.txt"; outputs "hello.txt" }"#);
    project.run("build").ok().ran(["hello"]);
    assert_eq!(project.read("hello.txt"), "hello\n");
    project.run("build").ok().nothing_to_do();
    project.write("hello.txt", "tampered");
    project.run("build --json").ok().ran([]).cached(["hello"]);
    assert_eq!(project.read("hello.txt"), "hello\n");
}

#[test]
fn the_same_bytes_stop_what_stands_behind() {
    let project = chain();
    project.run("build").ok();
    project.write("in", "help");
    project.run("build --json").ok().ran(["one", "two"]).fresh(1);
    assert_eq!(project.read("c"), "he");
}

#[test]
fn outputs_that_were_removed_or_changed_come_back_without_running() {
    let project = chain();
    project.run("build").ok();
    project.remove("c").write("b", "tampered");
    project.run("build --json").ok().ran([]).cached(["two", "three"]).fresh(1);
    assert_eq!((project.read("b"), project.read("c")), ("he".into(), "he".into()));
}

#[test]
fn only_what_is_asked_for_and_what_it_needs_runs() {
    let project = chain();
    project.run("build two").ok().ran(["one", "two"]);
    assert!(!project.has("c"));
    project.run("build three").ok().ran(["three"]);
}

#[test]
fn a_glob_stays_within_one_part_of_an_address() {
    let project = Project::new().manifest(
        r#"
        task "a/x" { sh "{log:a/x}" }
        task "a/x/deep" { sh "{log:a/x/deep}" }
        epic "e" { task "t" { sh "{log:e/t}" }; task "u" { sh "{log:e/u}" } }
        "#,
    );
    project.words(&["build", "a/*"]).ok().ran(["a/x"]);
    project.words(&["build", "e/*"]).ok().ran(["e/t", "e/u"]);
    project.words(&["build", "z*"]).code(4).ran([]);
}

#[test]
fn without_a_target_the_default_else_all_that_is_not_private() {
    let all = r#"task "a" { sh "{log:a}" }
task "b" { sh "{log:b}"; private #true }
task "c" { sh "{log:c}" }
"#;
    let project = Project::new().manifest(all);
    project.run("build").ok().ran(["a", "c"]);
    project.run("build b").ok().ran(["b"]);
    project.declare(&format!("project \"p\" {{ default \"c\" \"b\" }}\n{all}"));
    project.run("build").ok().ran(["b", "c"]);
}

#[test]
fn without_a_target_the_private_parts_of_an_epic_are_left_out_too() {
    let project = Project::new().manifest(
        r#"
        rock "r" { epic "e"; epic "f" }
        epic "e" { needs "f"; task "a" { sh "{log:a}" }; task "publish" { private #true; sh "{log:publish}" } }
        epic "f" { task "b" { sh "{log:b}" } }
        "#,
    );
    project.run("build").ok().ran_in_order(["b", "a"]);
    project.run("build r").ok().ran(["a", "b", "publish"]);
}

#[test]
fn a_rock_builds_its_epics() {
    let project = Project::new().manifest(
        r#"
        rock "ship" { epic "app" }
        epic "app" { needs "checks"; task "t" { sh "{log:t}" } }
        epic "checks" { task "c" { sh "{log:c}" } }
        epic "other" { task "o" { sh "{log:o}" } }
        "#,
    );
    project.run("build ship").ok().ran_in_order(["c", "t"]);
    project.run("build app/t").ok().ran_in_order(["c", "t"]);
    project.run("build checks").ok().ran(["c"]);
}

#[test]
fn a_bare_name_that_several_bear_lists_them() {
    let project = Project::new().manifest(r#"epic "a" { task "t" { sh "{log:a}" } }; epic "b" { task "t" { sh "{log:b}" } }"#);
    project.run("build t").code(2).says(["a/t", "b/t"]).ran([]);
    project.run("build a/t").ok().ran(["a"]);
}

#[test]
fn a_wrong_name_is_told_what_was_probably_meant() {
    let _ = chain().run("build thre").code(4).says(["`three`"]).ran([]);
}

#[test]
fn every_command_works_from_a_folder_below() {
    let project = chain().file("deep/er/x", "");
    project.run_in("deep/er", "build").ok().ran(["one", "two", "three"]);
    project.run_in("deep/er", "list").ok().says(["three"]);
    project.run_in("deep", "build").ok().nothing_to_do();
    assert!(!project.has("deep/.orket") && project.has(".orket"));
}

#[test]
fn another_folder_and_another_manifest_can_be_named() {
    let project = chain()
        .file("sub/orket.kdl", "task \"s\" { sh \"echo > s\"; outputs \"s\" }")
        .file("x.kdl", "task \"x\" { sh \"echo > x\"; outputs \"x\" }");
    project.run("-C sub build").ok();
    assert!(project.has("sub/s"));
    project.run("build -f x.kdl").ok();
    assert!(project.has("x"));
}

#[test]
fn force_runs_all_of_the_plan() {
    let project = chain();
    project.run("build").ok();
    project.run("build --force two").ok().ran(["one", "two"]);
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_dry_run_runs_and_writes_nothing() {
    let project = chain();
    project.run("build -n").ok().ran([]).says(["one", "two", "three"]);
    assert!(!project.has(".orket") && !project.has("a"));
}

#[test]
fn check_says_whether_all_is_fresh_and_runs_nothing() {
    let project = chain();
    project.run("build --check").code(1).ran([]);
    project.run("build").ok();
    project.run("build --check").ok().ran([]);
    project.remove("c");
    project.run("build --check").code(1).ran([]);
    assert!(!project.has("c"));
}

#[test]
fn exit_codes_tell_how_it_ended() {
    let project = Project::new().manifest("task \"bad\" { sh \"exit 3\" }\ntask \"lost\" { run \"no-such-program\" }");
    project.run("build bad").code(1);
    project.run("build lost").code(1).says(["no-such-program"]);
    project.run("build nothing").code(4);
    project.run("build --nonsense").code(2);
    project.run("run bad").code(3);
    let _ = Project::new().run("build").code(2).says(["orket.kdl"]);
}

#[test]
fn orket_alone_lists_and_builds_nothing() {
    let project = chain();
    project.run("").ok().ran([]).says(["one", "two", "three"]);
    assert!(!project.has(".orket"));
}

#[test]
fn state_may_be_deleted_at_any_time() {
    let project = chain();
    project.run("build").ok();
    project.remove(".orket");
    project.run("build").ok().ran([]);
    project.run("build").ok().nothing_to_do();
    assert!(
        project.read(".orket/.gitignore").contains('*')
            && project.read(".orket/CACHEDIR.TAG").starts_with("Signature: 8a477f597d28d172789f06886806bc55")
    );
}

#[test]
fn a_build_that_has_waited_for_another_builds_what_the_manifest_says_then() {
    let manifest =
        |text: &str| format!(r#"task "t" {{ sh "{{log:{text}}}; until test -e go; do :; done; echo {text} > o"; outputs "o" }}"#);
    let project = Project::new().manifest(&manifest("old"));
    let first = project.start("build");
    assert!(wait_until(|| project.log() == ["old"]), "the first build does not run");
    let second = project.start("build");
    assert!(wait_until(|| second.said().contains("waiting for another build")), "the second build does not wait: {}", second.said());
    project.declare(&manifest("new")).write("go", "");
    assert_eq!((first.end().code(), second.end().code()), (0, 0));
    assert_eq!((project.read("o").as_str(), project.log()), ("new\n", vec![String::from("old"), String::from("new")]));
    project.run("build").ok().nothing_to_do();
}

#[test]
fn an_output_that_is_no_file_is_named() {
    let project = Project::new()
        .manifest("task \"t\" { outputs \"p\"; sh \"mkfifo p\" }\ntask \"d\" { outputs \"d/\"; sh \"mkdir -p d; mkfifo d/x\" }");
    let made = |path: &str| format!("it made a pipe, socket or device of its output `{path}`, which nobody can keep, after ");
    project.run("build -k").code(1).says([&*made("p"), &*made("d/x")]);
}

#[test]
fn a_state_that_cannot_be_used_is_named() {
    for file in ["state", "journal", "lock"] {
        let project = chain();
        project.write(&format!(".orket/{file}/x"), "");
        let seen = project.run("build").code(3).ran([]);
        assert!(seen.err().contains(&format!("/project/.orket/{file}`: ")), "{}", seen.all());
    }
}

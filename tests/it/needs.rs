//! What stands before what.

use crate::common::Project;

#[test]
fn a_sibling_wins_over_an_address() {
    let project = Project::new().manifest(
        r#"
        task "x" { sh "{log:top}" }
        epic "e" { task "x" { sh "{log:sibling}" }; task "t" { needs "x"; sh "{log:t}" } }
        "#,
    );
    project.run("build e/t").ok().ran_in_order(["sibling", "t"]);
}

#[test]
fn after_orders_without_asking_for_it() {
    let project = Project::new().manifest(r#"task "a" { after "b"; sh "{log:a}" }; task "b" { sh "{log:b}" }"#);
    project.run("build a").ok().ran(["a"]);
    project.run("build a b -j2").ok().ran_in_order(["b", "a"]);
}

#[test]
fn after_is_no_input() {
    let project = Project::new().file("i", "1").file("j", "1").manifest(
        r#"
        task "a" { after "b"; sh "{log:a}; echo > oa"; inputs "j"; outputs "oa" }
        task "b" { sh "{log:b}; cat i > ob"; inputs "i"; outputs "ob" }
        "#,
    );
    project.run("build").ok().ran(["a", "b"]);
    project.write("i", "2");
    project.run("build").ok().ran(["b"]);
}

#[test]
fn all_variants_or_one() {
    let project = Project::new().manifest(
        r#"
        task "w" { matrix { v "1" "2" }; sh "{log:w}; echo {{matrix.v}} > w{{matrix.v}}"; outputs "w{{matrix.v}}" }
        task "all" { needs "w"; sh "{log:all}; cat w1 w2 > all"; outputs "all" }
        task "one" { needs "w[v=2]"; sh "{log:one}; cp w2 one"; outputs "one" }
        "#,
    );
    project.run("build one").ok().ran(["w", "one"]);
    assert!(!project.has("w1"));
    project.run("build all").ok().ran(["w", "all"]);
    assert_eq!(project.read("all"), "1\n2\n");
}

#[test]
fn a_task_without_commands_gathers() {
    let project = Project::new()
        .manifest(r#"task "all" { needs "a" "b" }; task "a" { sh "{log:a}"; private #true }; task "b" { sh "{log:b}"; private #true }"#);
    project.run("build all").ok().ran(["a", "b"]);
}

#[test]
fn what_an_epic_needs_changes_its_parts() {
    let project = Project::new().file("i", "1").manifest(
        r#"
        epic "app" { needs "lib"; task "t" { sh "{log:t}; cat o > p"; outputs "p" } }
        epic "lib" { task "l" { sh "{log:l}; cat i > o"; inputs "i"; outputs "o" } }
        "#,
    );
    project.run("build app").ok().ran_in_order(["l", "t"]);
    project.write("i", "2");
    project.run("build app").ok().ran_in_order(["l", "t"]);
    assert_eq!(project.read("p"), "2");
}

#[test]
fn a_missing_input_file_is_told() {
    Project::new().manifest(r#"task "t" { sh "{log:t}"; inputs "gone.c"; outputs "o" }"#).run("build").code(1).says(["gone.c"]);
}

#[test]
fn a_glob_without_matches_is_no_error_and_a_new_match_counts() {
    let project =
        Project::new().manifest(r#"task "t" { sh "{log:t}; ls src > o 2>&1 || true"; inputs "src/**/*.c" "!src/gen/**"; outputs "o" }"#);
    project.run("build").ok().ran(["t"]);
    project.write("src/a.c", "");
    project.run("build").ok().ran(["t"]);
    project.write("src/deep/er/.b.c", "");
    project.run("build").ok().ran(["t"]);
    project.write("src/gen/c.c", "").write("src/other.h", "");
    project.run("build").ok().nothing_to_do();
    project.remove("src/a.c");
    project.run("build").ok().ran(["t"]);
}

#[test]
fn a_glob_does_not_go_into_a_folder_through_a_link() {
    let reading = |inputs: &str| {
        let task = format!("task \"t\" {{ sh \"{{log:t}}; cat src/lib/* > o\"; inputs {inputs}; outputs \"o\" }}");
        let project = Project::new().file("lib/a.c", "1").file("src/x.c", "1").file("other/a.c", "1").manifest(&task);
        project.link("../lib", "src/lib");
        project
    };
    // What stands behind it is no input; where the glob means the link, it is: by where it leads.
    for (inputs, seen) in [("\"src/**/*.c\"", "src/x.c\n"), ("\"src/**\"", "src/lib\nsrc/x.c\n"), ("\"src/\"", "src/lib\nsrc/x.c\n")] {
        let project = reading(inputs);
        project.words(&["query", "inputs(t)"]).ok().stdout(seen);
        project.run("build").ok().ran(["t"]);
        project.write("lib/a.c", "2").run("build").ok().ran([]);
        let again = project.remove("src/lib").link("../other", "src/lib").run("build").ok();
        assert_eq!(again.names_that_ran().len(), usize::from(seen.contains("src/lib")), "{}", again.all());
    }
    // A pattern that only means what stands behind it would mean nothing.
    for inputs in ["\"src/lib/*.c\"", "\"src/lib/\"", "\"src/lib/**\""] {
        reading(inputs).run("build").code(1).ran([]).says(["behind the link `src/lib`", "`../lib`", "orket.kdl:1"]);
    }
    let project = reading("\"src/x.c\" \"lib/**\"");
    project.run("build").ok().ran(["t"]);
    project.write("lib/a.c", "2").run("build").ok().ran(["t"]);
}

#[test]
fn a_rock_or_epic_that_only_needs_builds_what_it_needs() {
    let project = Project::new().manifest(
        r#"
        project "p" { default "all" }
        rock "all" { needs "a" "more" }
        epic "more" { needs "b" }
        task "a" { sh "{log:a}; touch a"; outputs "a" }
        task "b" { sh "{log:b}; touch b"; outputs "b" }
        task "c" { sh "{log:c}; touch c"; outputs "c" }
        "#,
    );
    project.run("build").ok().ran(["a", "b"]);
    project.run("build").ok().nothing_to_do();
    project.remove("b");
    project.run("build --check more").code(1);
    project.words(&["query", "deps(all)"]).ok().says(["a\n", "b\n"]).never_says(["c\n"]);
}

#[test]
fn what_is_gathered_is_an_input_of_who_needs_it() {
    let project = Project::new().file("x", "1").manifest(
        "task \"made\" { sh \"{log:made}; cat x > made\"; inputs \"x\"; outputs \"made\" }\n\
         task \"all\" { needs \"made\" }\n\
         task \"user\" { sh \"{log:user}; cat made > user\"; outputs \"user\"; needs \"all\" }",
    );
    project.run("build user").ok().ran_in_order(["made", "user"]);
    project.write("x", "2").run("build user").ok().ran_in_order(["made", "user"]);
    assert_eq!(project.read("user"), "2");
    project.run("build user").ok().nothing_to_do();
}

#[test]
fn an_optional_need_may_be_skipped_and_may_not_fail() {
    let project = Project::new().manifest(
        r#"
        task "bad" { sh "{log:bad}; false" }
        task "skipped" { platform "windows"; sh "true" }
        task "t" { needs "bad" optional=#true; sh "{log:t}" }
        task "behind" { needs "t" optional=#true; sh "{log:behind}" }
        task "fine" { needs "skipped" optional=#true; sh "{log:fine}" }
        "#,
    );
    let seen = project.run("build -k --json").code(1).ran(["bad", "fine"]);
    seen.had("failed", &["bad"]).had("cancelled", &["behind", "t"]).had("skipped", &["skipped"]);
}

#[test]
fn a_bare_name_never_means_the_one_who_says_it() {
    let project = Project::new().manifest(
        r#"
        task "t" { sh "{log:top}" }
        epic "f" { task "t" { matrix { n "1" "2" }; needs "t"; sh "{log:own}" } }
        epic "g" { task "t" { on_failure "t"; sh "{log:failed}; false" } }
        "#,
    );
    project.run("build f/t -j1").ok().ran_in_order(["top", "own", "own"]);
    project.run("build g/t").code(1).ran(["failed", "top"]);
}

#[test]
fn a_pattern_without_a_variant_means_all_of_them() {
    let project = Project::new().manifest(
        r#"
        epic "app" { task "wheel" { matrix { n "1" "2" }; sh "{log:app}" } }
        epic "lib" { task "wheel" { matrix { n "1" "2" }; sh "{log:lib}" } }
        task "all" { needs "*/wheel" }
        "#,
    );
    project.run("build all").ok().ran(["app", "app", "lib", "lib"]);
    project.run("build app/whee? --force").ok().ran(["app", "app"]);
    project.words(&["query", "*/wheel"]).ok().says(["app/wheel[n=1]", "lib/wheel[n=2]"]);
}

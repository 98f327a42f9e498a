//! Commands that only look.

use crate::common::Project;

fn shop() -> Project {
    Project::new().file("src/a.c", "").file("src/b.c", "").manifest(
        r#"
        rock "ship" { about "A release"; epic "app" }
        epic "app" {
            about "The program"
            task "gen" { sh "{log:gen}; echo > gen.h"; outputs "gen.h"; tags "ci" }
            task "compile" { about "Build it"; needs "gen"; sh "{log:compile}; echo > app"; inputs "src/*.c"; outputs "app" }
            task "test" { needs "compile"; sh "{log:test}"; tags "ci" "slow" }
            task "hidden" { private #true; sh "{log:hidden}" }
        }
        "#,
    )
}

fn answer(expression: &str, lines: &[&str]) {
    let project = shop();
    let seen = project.words(&["query", expression]).ok().ran([]);
    let mut answer: Vec<&str> = seen.out().lines().collect();
    answer.sort_unstable();
    assert_eq!(answer, lines, "{expression}\n{}", seen.all());
}

#[test]
fn a_list_has_names_and_abouts() {
    let project = shop();
    project.run("list").ok().says(["ship", "A release", "app", "compile", "Build it"]).never_says(["hidden"]);
    let json = project.run("list --json").ok().json().to_string();
    assert!(json.contains("app/compile") && json.contains("Build it"), "{json}");
}

#[test]
fn questions_about_the_graph() {
    answer("deps(app/compile)", &["app/compile", "app/gen"]);
    answer("rdeps(app/compile) - ship - app", &["app/compile", "app/test"]);
    answer("allpaths(app/test, app/gen)", &["app/compile", "app/gen", "app/test"]);
    answer("tag(ci, deps(app))", &["app/gen", "app/test"]);
    answer("tag(ci, deps(app)) & tag(slow, deps(app))", &["app/test"]);
    answer("tag(ci, deps(app)) - tag(slow, deps(app))", &["app/gen"]);
    answer("app/gen + app/test", &["app/gen", "app/test"]);
    answer("outputs(app/compile)", &["app"]);
    answer("kind(rock, ship)", &["ship"]);
}

#[test]
fn inputs_are_files() {
    answer("inputs(app/compile)", &["src/a.c", "src/b.c"]);
}

#[test]
fn a_path_stands_in_its_order() {
    let project = shop();
    project.words(&["query", "somepath(app/test, app/gen)"]).ok().stdout("app/test\napp/compile\napp/gen\n");
    project.words(&["query", "somepath(app/gen, app/test)"]).ok().stdout("");
    project.words(&["query", "(somepath(app/test, app/gen)) - app/compile"]).ok().stdout("app/gen\napp/test\n");
}

#[test]
fn an_epic_stands_for_what_is_in_it() {
    let project = Project::new().file("src/a.c", "").file("lib/b.c", "").manifest(
        r#"
        rock "ship" { epic "app" }
        epic "app" {
            service "db" { run "db" }
            task "gen" { sh "x"; inputs "src/*.c"; outputs "gen/a.h" "gen/deep/b.h" }
            task "use" { sh "x"; inputs "lib/" "gen/**/*.h" "!gen/a.*"; needs "gen"; outputs "out" }
        }
        service "apple" { run "x" }
        epic "applet" { service "other" { run "x" } }
        "#,
    );
    let asked = |question: &str, answer: &str| {
        project.words(&["query", question]).ok().stdout(answer);
    };
    asked("kind(service, app)", "app/db\n");
    asked("kind(service, ship)", "app/db\n");
    asked("kind(task, app)", "app/gen\napp/use\n");
    asked("inputs(app)", "gen/deep/b.h\nlib/b.c\nsrc/a.c\n");
    asked("inputs(app/use)", "gen/deep/b.h\nlib/b.c\n");
    asked("outputs(ship)", "gen/a.h\ngen/deep/b.h\nout\n");
}

#[test]
fn a_wrong_question_is_refused() {
    let project = shop();
    for expression in ["deps(", "deps()", "nonsense(x)", "deps(app, ship)", ") (", ""] {
        project.words(&["query", expression]).code(2);
    }
    project.words(&["query", "deps(nobody)"]).code(4);
}

#[test]
fn every_format_of_the_graph() {
    let project = shop();
    for (format, part) in [("text", "app/compile"), ("dot", "digraph"), ("mermaid", "app/compile"), ("json", "app/compile")] {
        let seen = project.run(&format!("graph --format {format}")).ok().ran([]);
        assert!(seen.out().contains(part), "{}", seen.all());
    }
    project.run("graph --json app/compile").ok().json();
    project.run("graph app/compile").ok().says(["app/gen"]).never_says(["app/test"]);
}

#[test]
fn the_graph_as_a_page() {
    let project = shop();
    let seen = project.run("graph --format html").ok().ran([]).says(["<!doctype html>", "default-src 'none'", "app/compile", "Build it"]);
    assert!(!seen.out().replace("http://www.w3.org/2000/svg", "").contains("://"), "{}", seen.all());
    project.run("graph --format html app/compile").ok().says(["app/gen"]).never_says(["app/test"]);
}

#[test]
fn what_is_written_for_a_task_is_no_part_of_the_page() {
    let project = Project::new().manifest("task \"t\" { about \"</script><script>alert(1)</script>\"; sh \"true\" }");
    let seen = project.run("graph --format html").ok().never_says(["<script>alert"]);
    assert_eq!(seen.out().matches("</script>").count(), 2, "{}", seen.all());
}

#[test]
fn looking_writes_nothing_and_works_on_a_read_only_checkout() {
    let project = shop();
    project.mode("", 0o555);
    for words in ["list", "graph", "query deps(ship)", "explain app/test", "build -n", "list --json"] {
        project.run(words).ok().ran([]);
    }
    project.mode("", 0o755);
    assert!(!project.has(".orket"));
    assert_eq!(std::fs::read_dir(project.base().join("cache")).unwrap().count(), 0, "something was written to the store");
}

#[test]
fn a_list_groups_services_with_their_epic() {
    let manifest = r#"
project "shop"
epic "app" {
    service "db" { run "db"; about "The database" }
    task "up/one" { sh "true" }
}
service "mail" { run "mail" }
task "alone" { sh "true"; about "By itself" }
"#;
    let project = Project::new().manifest(manifest);
    let seen = project.run("list").ok();
    let expected = "shop\n\nepics\n  app\n    app/db (service)  The database\n    app/up/one\n\ntasks\n  alone               By itself\n  mail (service)\n";
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(seen.out()), sorted(expected), "{}", seen.out());
}

#[test]
fn decisions_are_a_kind_and_what_needs_put_out_is_asked_for_by_them() {
    let project = Project::new().file("a", "").manifest(
        r#"
decision "d" { otherwise "b"; choose "a" { env "A" } }
task "gen" { sh "echo > g"; outputs "g" }
task "group" { needs "gen" }
task "use" { needs "group"; sh "cat a g"; inputs "a" }
"#,
    );
    project.words(&["query", "kind(decision, d + use)"]).ok().stdout("d\n");
    project.words(&["query", "kind(nothing, d)"]).code(2).says(["there are rock, epic, task, service, gate, decision"]);
    project.words(&["query", "inputs(use) + outputs(deps(use) - use)"]).ok().stdout("a\ng\n");
}

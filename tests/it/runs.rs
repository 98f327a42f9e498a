//! Past runs.

use rustix::process::Signal;

use crate::common::{Project, wait_until};

#[test]
fn runs_are_listed_shown_compared_and_their_output_is_kept() {
    let project = Project::new().file("i", "1").manifest(r#"task "t" { sh "echo said-$(cat i); echo > o"; inputs "i"; outputs "o" }"#);
    project.run("runs").ok();
    project.run("build").ok();
    project.write("i", "2");
    project.run("build").ok();
    let bare = project.run("runs").ok().out().to_owned();
    let listed = project.run("runs list").ok().out().to_owned();
    assert_eq!(bare, listed);
    assert!(listed.lines().count() >= 2, "{listed}");
    project.run("runs list --json").ok().json();
    project.run("runs show").ok().says(["t"]);
    project.run("runs show --json").ok().json();
    project.run("runs diff").ok();
    project.run("runs logs").ok().says(["said-2"]).never_says(["said-1"]);
    project.run("runs logs --target t").ok().says(["said-2"]);
    let seen = project.run("runs logs --target nope").code(4);
    assert!(seen.err().starts_with("error: no target `nope` did anything in the run `"), "{}", seen.err());
}

#[test]
fn what_failed_is_not_run_again_where_nothing_ran() {
    let project = Project::new().manifest(r#"task "t" { sh "true" }"#);
    project.run("build --rerun failed").code(2).says(["there are no runs yet"]);
    project.run("build").ok();
    project.run("build --rerun failed").ok().says(["nothing to do: no tasks"]);
}

#[test]
fn what_ran_in_one_of_two_runs_only_is_said_so() {
    let project = Project::new().file("in", "1").manifest("task \"a\" { inputs \"in\"; sh \"true\" }\ntask \"b\" { sh \"true\" }");
    project.run("build a").ok();
    project.run("build b").ok();
    project.run("runs diff").ok().says(["  a: done ", " -> did not run\n  b: did not run -> done "]);
}

#[test]
fn a_run_that_is_not_there_is_told() {
    let project = Project::new().manifest(r#"task "t" { sh "true" }"#);
    let (code, seen) = project.run("runs show 00000000").either();
    assert_ne!(code, 0, "{}", seen.all());
}

#[test]
fn a_run_that_was_killed_is_told_of_as_far_as_it_got() {
    let manifest = r#"
task "one" { sh "echo said; echo > one"; outputs "one" }
task "two" { needs "one"; sh "echo $$ > pid; while ! test -e stop; do sleep 0.1; done; echo > two"; outputs "two" }
"#;
    let project = Project::new().manifest(manifest);
    let build = project.start("build");
    let journal = || {
        std::fs::read_dir(project.at(".orket/runs"))
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| std::fs::read_to_string(entry.path()).unwrap())
    };
    assert!(wait_until(|| journal().any(|text| text.contains(r#""task":"one""#) && text.contains("finished"))));
    assert!(wait_until(|| project.has("pid")));
    build.signal(Signal::KILL);
    build.end();
    project.write("stop", "");
    project.run("runs").ok().says(["not ended", "1 done"]);
    project.run("runs show").ok().says(["done       one"]);
    project.run("runs logs").ok().says(["== one", "said"]);
    project.run("build").ok();
    assert_eq!(project.run("runs").ok().out().lines().filter(|line| line.contains("not ended")).count(), 1);
}

//! What a task may see, and what of it counts.

use crate::common::Project;

#[test]
fn only_the_fixed_list_and_what_was_said_is_visible() {
    let project = Project::new()
        .var("SECRETIVE", "1")
        .var("PASSED", "2")
        .var("LC_TIME", "C")
        .manifest(r#"task "t" { sh "env | cut -d= -f1 | sort > o"; outputs "o"; env { pass "PASSED"; set "SET" "3" } }"#);
    project.run("build").ok();
    let seen = project.read("o");
    let names: Vec<&str> = seen.lines().collect();
    for name in ["PATH", "HOME", "TMPDIR", "LC_TIME", "PASSED", "SET"] {
        assert!(names.contains(&name), "{name} is missing: {names:?}");
    }
    assert!(!names.contains(&"SECRETIVE"), "{names:?}");
}

#[test]
fn a_passed_value_counts_and_others_do_not() {
    let mut project =
        Project::new().var("A", "1").var("B", "1").manifest(r#"task "t" { sh "{log:t}; echo $A > o"; outputs "o"; env { pass "A" } }"#);
    project.run("build").ok().ran(["t"]);
    project.set("B", Some("2"));
    project.set("TERM", Some("dumb"));
    project.run("build").ok().nothing_to_do();
    project.set("A", Some("2"));
    project.run("build").ok().ran(["t"]);
    project.set("A", None);
    project.run("build").ok().ran(["t"]);
    project.set("A", Some(""));
    project.run("build").ok().ran(["t"]);
    project.set("A", Some("1"));
    project.run("build").ok().ran([]);
    assert_eq!(project.read("o"), "1\n");
}

#[test]
fn the_nearest_rule_wins() {
    let project = Project::new().manifest(
        r#"
        env { set "A" "top"; set "B" "top"; set "C" "top" }
        epic "e" {
            env { set "B" "epic"; set "C" "epic" }
            task "t" { env { set "C" "task" }; sh "echo $A $B $C > o"; outputs "o" }
        }
        "#,
    );
    project.run("build").ok();
    assert_eq!(project.read("o"), "top epic task\n");
}

#[test]
fn every_variable_of_a_dotenv_file_is_passed() {
    let project = Project::new().file(".env", "A=one\nB='two words'\n# C=no\n").manifest(
        r#"
        env { dotenv ".env" }
        task "t" { sh "{log:t}; echo $A $B $C > o"; outputs "o" }
        "#,
    );
    project.run("build").ok();
    assert_eq!(project.read("o"), "one two words\n");
    project.write(".env", "A=three\n");
    project.run("build").ok().ran(["t"]);
    project.remove(".env");
    project.run("build").ok().ran(["t"]);
    assert_eq!(project.read("o"), "\n");
}

#[test]
fn a_secret_is_seen_by_the_task_and_by_nobody_else() {
    let mut project = Project::new()
        .var("TOKEN", "hunter2hunter2")
        .manifest(r#"task "t" { sh "{log:t}; echo $TOKEN; test -n \"$TOKEN\"; echo > o; false"; outputs "o"; env { secret "TOKEN" } }"#);
    project.run("build --events ev.json --summary su.json --trace tr.json -vv").code(1).ran(["t"]).never_says(["hunter2"]);
    project.run("runs logs").ok().never_says(["hunter2"]);
    for entry in walkdir::WalkDir::new(project.base()).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(7).any(|window| window == b"hunter2"), "the secret stands in {}", entry.path().display());
    }
    project.declare(r#"task "t" { sh "{log:t}; echo > o"; outputs "o"; env { secret "TOKEN" } }"#);
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().nothing_to_do();
    project.set("TOKEN", Some("changed-secret"));
    project.run("build").ok().ran(["t"]);
}

#[test]
fn a_secret_may_come_from_a_dotenv_file_or_a_wider_level() {
    for env in [r#"env { dotenv ".env"; secret "TOKEN" }"#, r#"env { secret "TOKEN"; dotenv ".env" }"#] {
        let project = Project::new()
            .file(".env", "TOKEN=hunter2hunter2\n")
            .manifest(&format!(r#"{env}{}task "t" {{ sh "{{log:t}}; echo $TOKEN; echo $TOKEN | wc -c > o"; outputs "o" }}"#, "\n"));
        project.run("build -vv").ok().ran(["t"]).says(["(secret)"]).never_says(["hunter2"]);
        kept_nowhere(&project, "hunter2");
        project.write(".env", "TOKEN=other\n").run("explain t").ok().says(["env TOKEN changed: (secret) -> (secret)"]);
        project.run("build").ok().ran(["t"]);
        assert_eq!(project.read("o").trim(), "6");
    }
    let project = Project::new().manifest(
        r#"env { set "A" "hunter2" }
task "t" { env { secret "A" }; sh "{log:t}; echo $A > o; echo $A"; outputs "o" }"#,
    );
    project.run("build -vv").ok().never_says(["hunter2"]);
    let text = project.read("orket.kdl").replace("hunter2", "hunter3");
    project.write("orket.kdl", &text).run("build").ok().ran(["t"]);
}

#[test]
fn what_is_not_set_outside_keeps_what_a_file_or_a_wider_level_says() {
    let project = Project::new().var("SET", "outside").file(".env", "X=file\nSET=file\n").manifest(
        r#"env { dotenv ".env"; set "Y" "wide" }
task "t" { env { pass "X" "Y" "SET" "Z" }; sh "echo $X $Y $SET $Z > o"; outputs "o" }"#,
    );
    project.run("build").ok();
    assert_eq!(project.read("o"), "file wide outside\n");
}

#[test]
fn no_path_holds_a_secret_or_what_is_another_in_each_run() {
    let project = Project::new().var("KEY", "k1").file("k1.txt", "").manifest(
        r#"env { secret "KEY" }
task "in" { sh "true"; inputs "{{env.KEY}}.txt" }
task "out" { sh "true"; outputs "{{env.KEY}}.out" }"#,
    );
    for target in ["in", "out"] {
        project.run(&format!("build {target}")).code(1).ran([]).says(["a path holds the secret `KEY`", "env { pass \"KEY\" }"]);
    }
    project.write("orket.kdl", "task \"t\" { sh \"x\"; outputs \"y-{{run.id}}\" }\nservice \"db\" { port \"p\"; run \"x\" }\ntask \"u\" { uses \"db\"; sh \"x\"; inputs \"{{port.p}}\" }");
    project.run("list").code(2).says(["a path cannot hold `{{run.id}}`", "a path cannot hold `{{port.p}}`"]);
}

#[test]
fn holes_and_what_the_shell_keeps() {
    let project = Project::new().manifest(
        r#"
        project "shop"
        epic "e" { task "t" { env { set "A" "a" }; sh "B=b; echo {{project.name}} {{task.name}} {{env.A}} $B ${B} '{{{{x' '}}' > o"; outputs "o" } }
        "#,
    );
    project.run("build").ok();
    assert_eq!(project.read("o"), "shop t a b b {{x }}\n");
}

#[test]
fn an_upgraded_program_is_a_changed_input() {
    let project = Project::new().file("bin/tool", "#!/bin/sh\necho 1 > o\n").manifest(
        r#"
        task "argv" { run "bin/tool"; outputs "o" }
        task "listed" { sh "{log:listed}; echo > p"; tools "bin/tool"; outputs "p" }
        "#,
    );
    project.mode("bin/tool", 0o755);
    project.run("build").ok().ran(["listed"]);
    project.run("build").ok().nothing_to_do();
    project.write("bin/tool", "#!/bin/sh\necho 2 > o\n").mode("bin/tool", 0o755);
    project.run("build").ok().ran(["listed"]);
    assert_eq!(project.read("o"), "2\n");
}

#[test]
fn a_secret_in_a_command_is_kept_nowhere() {
    let mut project = Project::new().file("in", "").manifest(
        r#"env { secret "TOKEN" }
task "t" { run "sh" "-c" "{log:t}; echo {{env.TOKEN}} > out"; inputs "in"; outputs "out"; cache #false }
task "u" { run "sh" "-c" "{log:u}; test -n {{env.TOKEN}}"; inputs "in" }"#,
    );
    project.set("TOKEN", Some("hunter2xyzzy"));
    project.run("build").ok().ran(["t", "u"]);
    assert_eq!(project.read("out"), "hunter2xyzzy\n");
    for entry in walkdir::WalkDir::new(project.at(".orket")).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(12).any(|bytes| bytes == b"hunter2xyzzy"), "{} holds it", entry.path().display());
    }
    project.set("TOKEN", Some("another"));
    project.run("build u").ok().ran(["u"]);
}

/// Nothing below `.orket` holds this text.
fn kept_nowhere(project: &Project, text: &str) {
    for entry in walkdir::WalkDir::new(project.at(".orket")).into_iter().flatten().filter(|entry| entry.file_type().is_file()) {
        let bytes = std::fs::read(entry.path()).unwrap();
        assert!(!bytes.windows(text.len()).any(|window| window == text.as_bytes()), "{} holds it", entry.path().display());
    }
}

#[test]
fn what_is_made_of_a_secret_is_one() {
    let mut project = Project::new().file("in", "").var("DBPW", "hunter2secret").manifest(
        r#"task "c" { sh "{log:c}; echo $URL"; env { set "URL" "postgres://u:{{env.DBPW}}@h/db"; set "AGAIN" "{{env.URL}}"; secret "DBPW" }; inputs "in" }"#,
    );
    project.run("build").ok().ran(["c"]).says(["postgres://u:(secret)@h/db"]);
    project.run("build").ok().nothing_to_do();
    project.set("DBPW", Some("newpass99"));
    let said = ["env URL changed: (secret) -> (secret)", "env AGAIN changed: (secret) -> (secret)"];
    project.run("explain c").ok().says(said).never_says(["hunter2", "newpass99"]);
    project.run("build -vv --events events --summary summary").ok().ran(["c"]).never_says(["hunter2", "newpass99"]);
    for text in ["hunter2secret", "newpass99"] {
        kept_nowhere(&project, text);
        assert!(!project.read("events").contains(text) && !project.read("summary").contains(text));
    }
}

#[test]
fn what_is_told_of_a_failure_holds_no_secret() {
    let project = Project::new().var("SEC", "super'secret").manifest(
        r#"
        env { secret "SEC" }
        task "name" { run "no-{{env.SEC}}-prog" }
        task "word" { run "sh" "-c" "exit 3" "{{env.SEC}}" }
        task "dir" { dir "no"; run "./{{env.SEC}}" }
        service "db" { run "no-{{env.SEC}}-service" }
        service "web" { sh "sleep 300"; ready { command "test -z \"{{env.SEC}}\""; within "50ms" } }
        task "uses" { uses "db"; sh "true" }
        task "waits" { uses "web"; sh "true" }
        "#,
    );
    let seen = project.run("build -k -v --events events --summary summary").code(1).never_says(["super", "it names a secret"]);
    seen.says(["the name of a program holds the secret `SEC`", "'(secret)'", "no-(secret)-service", "test -z \"(secret)\""]);
    assert!(!project.read("events").contains("super") && !project.read("summary").contains("super"));
    kept_nowhere(&project, "super");
}

#[test]
fn records_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let project = Project::new().manifest(r#"task "t" { sh "true" }"#);
    project.run("build").ok();
    for entry in std::fs::read_dir(project.at(".orket/runs")).unwrap().flatten() {
        assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", entry.path());
    }
}

#[test]
fn a_dotenv_file_that_no_variable_can_come_from_is_told() {
    let project = Project::new().manifest(
        r#"env { dotenv ".env" }
task "t" { sh "true" }"#,
    );
    project.link("/dev/zero", ".env").run("build").code(1).says(["cannot read `.env`", "it is no file"]);
    std::fs::remove_file(project.at(".env")).unwrap();
    project.write(".env", "A=1\nB=x\0y\n").run("build").code(1).says(["`.env:2`", "a byte is zero", "B=..."]);
}

#[test]
fn a_dotenv_file_that_comes_back_from_the_store_is_read_again() {
    let project = Project::new().file("i", "staging\n").manifest(
        r#"
task "config" { sh "echo TARGET=$(cat i) > deploy.env"; inputs "i"; outputs "deploy.env" }
task "deploy" { needs "config"; sh "echo ${TARGET:-nowhere} > to"; outputs "to"; env { dotenv "deploy.env" } }
"#,
    );
    let deployed = |input: &str| {
        project.write("i", format!("{input}\n")).run("build").ok();
        project.run("build").ok().nothing_to_do();
        project.read("to")
    };
    assert_eq!((deployed("staging"), deployed("prod"), deployed("staging")), ("staging\n".into(), "prod\n".into(), "staging\n".into()));
    project.remove("deploy.env").run("build").ok();
    assert_eq!(project.read("to"), "staging\n");
}

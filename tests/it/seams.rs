//! Every seam, filled from every side: what is chosen has an effect that only this choice has.

use crate::common::{Project, Served};

/// A seam, a strategy for it, and what is seen with `default` and with that strategy.
struct Row {
    seam: &'static str,
    strategy: &'static str,
    /// The manifest, without `process_rules`.
    manifest: &'static str,
    /// What is done, and what came of it.
    effect: fn(&Project, &str, &[(&str, &str)]) -> String,
    default: &'static str,
    chosen: &'static str,
}

const ROWS: [Row; 14] = [
    Row {
        seam: "loader_strategy",
        strategy: "strict",
        manifest: r#"task "t" { sh "true" }"#,
        effect: |project, words, vars| {
            std::fs::create_dir_all(project.at("below")).unwrap();
            format!("exit {}", run(project, &format!("build t -C below {words}"), vars).0)
        },
        default: "exit 0",
        chosen: "exit 2",
    },
    Row {
        seam: "engine_runtime",
        strategy: "hermetic",
        manifest: "env { dotenv \".env\" }\ntask \"t\" { sh \"echo [$FROM_DOTENV] > o\"; outputs \"o\" }",
        effect: |project, words, vars| {
            project.write(".env", "FROM_DOTENV=x\n");
            run(project, &format!("build t {words}"), vars);
            project.read("o")
        },
        default: "[x]\n",
        chosen: "[]\n",
    },
    Row {
        seam: "execution_runtime",
        strategy: "ci",
        manifest: r#"task "t" { sh "echo $ORKET_RUN > o" }"#,
        effect: |project, words, vars| {
            let vars = [vars, &[("GITHUB_RUN_ID", "4711"), ("ORKET_RUN_ID", "mine")]].concat();
            run(project, &format!("build t {words}"), &vars);
            project.read("o")
        },
        default: "mine\n",
        chosen: "4711\n",
    },
    Row {
        seam: "pipeline_wiring",
        strategy: "minimal",
        manifest: "task \"t\" { sh \"false\"; on_failure \"mend\" }\ntask \"mend\" { private #true; sh \"echo mended > o\"; cache #false }",
        effect: |project, words, vars| {
            run(project, &format!("build t {words}"), vars);
            format!("{}", project.has("o"))
        },
        default: "true",
        chosen: "false",
    },
    Row {
        seam: "pipeline_wiring",
        strategy: "isolated",
        manifest: "rock \"r\" { epic \"e\" }\nepic \"e\" { task \"t\" { sh \"pwd > o\"; outputs \"o\" } }",
        effect: |project, words, vars| {
            run(project, &format!("build r {words}"), vars);
            format!("{}", project.read("o").ends_with("/.orket/workspaces/build-e\n"))
        },
        default: "false",
        chosen: "true",
    },
    Row {
        seam: "sandbox_policy",
        strategy: "none",
        manifest: r#"
project "Shop 1"
service "s" { run "sh" "-c" "echo [$ORKET_SANDBOX $COMPOSE_PROJECT_NAME] > box; exec sleep 1000"; ready { command "test -s box"; within "10s" } }
task "t" { uses "s"; sh "true" }"#,
        effect: |project, words, vars| {
            let seen = run(project, &format!("build t {words}"), vars);
            assert_eq!(seen.0, 0, "{}", seen.1);
            project.read("box")
        },
        default: "[sandbox-shop-1 orket-sandbox-shop-1]\n",
        chosen: "[ ]\n",
    },
    Row {
        seam: "tool_strategy",
        strategy: "portable",
        manifest: r#"task "t" { run "touch" "o"; env { set "PATH" "/nowhere" }; outputs "o" }"#,
        effect: |project, words, vars| format!("exit {}", run(project, &format!("build t {words}"), vars).0),
        default: "exit 1",
        chosen: "exit 0",
    },
    Row {
        seam: "orchestration_loop",
        strategy: "keep_going",
        manifest: "task \"bad\" { priority \"high\"; sh \"false\" }\ntask \"good\" { sh \"echo > o\" }",
        effect: |project, words, vars| {
            run(project, &format!("build -j1 {words}"), vars);
            format!("{}", project.has("o"))
        },
        default: "false",
        chosen: "true",
    },
    Row {
        seam: "planner",
        strategy: "fifo",
        manifest: "task \"a\" { sh \"printf a >> o\" }\ntask \"b\" { priority \"high\"; sh \"printf b >> o\" }",
        effect: |project, words, vars| {
            run(project, &format!("build -j1 {words}"), vars);
            project.read("o")
        },
        default: "ba",
        chosen: "ab",
    },
    Row {
        seam: "router",
        strategy: "race",
        manifest: r#"task "t" { sh "true" ; inputs "orket.kdl" }"#,
        effect: |project, words, vars| {
            format!("{}", run(project, &format!("build {words}"), vars).1.contains("the router `race` wants a remote"))
        },
        default: "false",
        chosen: "true",
    },
    Row {
        seam: "evaluator",
        strategy: "strict",
        manifest: r#"task "t" { sh "echo careful >&2" }"#,
        effect: |project, words, vars| format!("exit {}", run(project, &format!("build {words}"), vars).0),
        default: "exit 0",
        chosen: "exit 1",
    },
    Row {
        seam: "api_runtime",
        strategy: "read_only",
        manifest: r#"task "t" { sh "true" }"#,
        effect: |project, words, vars| {
            let served = Served::start(project, words, vars);
            let host = format!("Host: {}\r\n", served.address);
            let stranger = served.ask_as("GET", "/api/v1/builds", &host, "").status;
            format!("a stranger looks: {stranger}, a friend builds: {}", served.ask("POST", "/api/v1/builds", "{}").status)
        },
        default: "a stranger looks: 401, a friend builds: 202",
        chosen: "a stranger looks: 200, a friend builds: 403",
    },
    Row {
        seam: "prompt_strategy",
        strategy: "yes",
        manifest: r#"task "t" { confirm "Sure?"; sh "true" }"#,
        effect: |project, words, vars| format!("exit {}", run(project, &format!("build {words}"), vars).0),
        default: "exit 5",
        chosen: "exit 0",
    },
    Row {
        seam: "cache_policy",
        strategy: "read_only",
        manifest: r#"task "t" { sh "echo ran >> log; echo > o"; outputs "o"; inputs "orket.kdl" }"#,
        effect: |project, words, vars| {
            run(project, &format!("build {words}"), vars);
            project.remove("o").remove(".orket");
            run(project, &format!("build {words}"), vars);
            project.read("log")
        },
        default: "ran\n",
        chosen: "ran\nran\n",
    },
];

/// Returns the exit status and standard error.
fn run(project: &Project, words: &str, vars: &[(&str, &str)]) -> (i32, String) {
    let (exit, seen) = project.run_with(words, vars).either();
    (exit, seen.err().to_owned())
}

impl Row {
    fn see(&self, rules: Option<&str>, words: &str, vars: &[(&str, &str)]) -> String {
        let rules = rules.map(|name| format!("process_rules {{ {}_node \"{name}\" }}\n", self.seam)).unwrap_or_default();
        let project = Project::new().manifest(&format!("{rules}{}", self.manifest));
        (self.effect)(&project, words, vars)
    }
}

#[test]
fn the_override_matrix() {
    for row in &ROWS {
        let Row { seam, strategy, .. } = row;
        let variable = format!("ORKET_{}_NODE", seam.to_uppercase());
        let variable = variable.as_str();
        let typed = |name: &str| format!("--strategy {seam}={name}");
        let cells = [
            ("default", row.see(None, "", &[]), row.default),
            ("process_rules", row.see(Some(strategy), "", &[]), row.chosen),
            ("environment", row.see(None, "", &[(variable, strategy)]), row.chosen),
            ("command line", row.see(None, &typed(strategy), &[]), row.chosen),
            ("environment over process_rules", row.see(Some(strategy), "", &[(variable, "default")]), row.default),
            ("command line over environment", row.see(None, &typed("default"), &[(variable, strategy)]), row.default),
            ("command line over both", row.see(Some("default"), &typed(strategy), &[(variable, "default")]), row.chosen),
            ("blank", row.see(None, "", &[(variable, "  ")]), row.default),
            ("blank over process_rules", row.see(Some(strategy), "", &[(variable, "")]), row.chosen),
        ];
        for (cell, found, expected) in cells {
            assert_eq!(found, expected, "{seam}={strategy}, {cell}");
        }
    }
}

#[test]
fn an_unknown_strategy_is_an_error_that_lists_those_there_are() {
    for seam in ROWS.iter().map(|row| row.seam) {
        let variable = format!("ORKET_{}_NODE", seam.to_uppercase());
        let plain = Project::new().manifest(r#"task "t" { sh "true" }"#);
        let ruled = Project::new().manifest(&format!("process_rules {{ {seam}_node \"defualt\" }}\ntask \"t\" {{ sh \"true\" }}"));
        for (project, words, vars) in [
            (&plain, format!("build --strategy {seam}=defualt"), vec![]),
            (&plain, String::from("build"), vec![(variable.as_str(), "defualt")]),
            (&ruled, String::from("build"), vec![]),
        ] {
            let (exit, err) = run(project, &words, &vars);
            assert_eq!(exit, 2, "{seam}: {err}");
            assert!(err.contains(&format!("there is no strategy `defualt` for {seam}")), "{err}");
            assert!(err.contains("did you mean `default`? There are: default, "), "{err}");
        }
    }
}

#[test]
fn unknown_seams_and_options_are_errors_at_their_place() {
    let manifest = "process_rules {\n    planer_node \"fifo\"\n    orchestration_loop_node \"default\" { concurency_limit 2 }\n    cache_policy_node \"default\" { limit \"much\" }\n}\ntask \"t\" { sh \"true\" }";
    let project = Project::new().manifest(manifest);
    project.run("build").code(2).says([
        "orket.kdl:2",
        "there is no seam `planer_node`",
        "did you mean `planner_node`?",
        "orket.kdl:3",
        "there is no option `concurency_limit` for the strategy `default`",
        "did you mean `concurrency_limit`?",
        "orket.kdl:4",
        "the option `limit` takes a size such as \"20GiB\"",
    ]);
    Project::new().manifest("task \"t\" { sh \"true\" }").run("build --strategy fifo").code(2).says(["`--strategy fifo` says nothing"]);
}

#[test]
fn local_overrides_win_over_process_rules_and_lose_to_the_environment() {
    let project = Project::new()
        .file("orket.local.kdl", "process_rules { planner_node \"priority\" }")
        .manifest("process_rules { planner_node \"fifo\" }\ntask \"t\" { sh \"true\" }");
    let chosen = |words: &str, vars: &[(&str, &str)]| {
        let json = project.run_with(words, vars).ok().json();
        let seams = json["seams"].as_array().unwrap().clone();
        let planner = seams.iter().find(|seam| seam["name"] == "planner").unwrap().clone();
        format!(
            "{} {} {}",
            planner["chosen"].as_str().unwrap(),
            planner["origin"].as_str().unwrap(),
            planner["place"].as_str().unwrap_or("-")
        )
    };
    assert_eq!(chosen("decisions --json", &[]), "priority process_rules orket.local.kdl:1");
    assert_eq!(chosen("decisions --json", &[("ORKET_PLANNER_NODE", "fifo")]), "fifo environment -");
    assert_eq!(chosen("decisions --json --strategy planner=default", &[("ORKET_PLANNER_NODE", "fifo")]), "default command_line -");
    assert_eq!(chosen("decisions --json --strategy loader_strategy=strict", &[]), "fifo process_rules orket.kdl:1");
    project.write("orket.local.kdl", "process_rules { loader_strategy_node \"strict\" }");
    project.run("build").code(2).says(["orket.local.kdl:1", "decides whether this file is read"]);
    project.write("orket.local.kdl", "task \"x\"");
    project.run("build").code(2).says(["there is no node `task` in `orket.local.kdl`"]);
}

#[test]
fn four_strategies_at_once() {
    let manifest = r#"
process_rules { orchestration_loop_node "keep_going" { concurrency_limit 1 }; planner_node "fifo"; router_node "race"; evaluator_node "flaky_tolerant" { retries 2 } }
task "flaky" { sh "printf f >> o; test $(wc -c < o) -ge 3" }
task "bad" { sh "printf b >> o; false" }
task "late" { priority "high"; sh "printf l >> o" }
"#;
    let project = Project::new().manifest(manifest);
    let seen = project.run("build").code(1).says(["the router `race` wants a remote", "done    flaky", "failed  bad"]);
    assert_eq!(project.read("o"), "fffbbbl", "{}", seen.err());
}

const EXTERNAL: &str = r#"
import json, math, sys
hello = json.loads(sys.stdin.readline())
assert hello == {"orket": 1, "seam": "planner", "strategy": "mine", "options": {}}, hello
print(json.dumps({"orket": 1}), flush=True)
for line in sys.stdin:
    ask = json.loads(line)
    ready = ask["ask"]
    near = int(math.log(ready["path_ms"]) / math.log(1.1)) if ready["path_ms"] > 0 else -1e308
    print(json.dumps({"id": ask["id"], "answer": {"run": [near, ready["priority"]]}}), flush=True)
"#;

#[test]
fn a_strategy_of_ones_own_that_answers_as_default_does_changes_nothing() {
    let tasks: String = (0..8)
        .map(|number| {
            let priority = ["low", "medium", "high"][number % 3];
            let need = if number > 2 { format!("needs \"t{}\"; ", number - 3) } else { String::new() };
            format!("task \"t{number}\" {{ {need}priority \"{priority}\"; sh \"printf {number} >> o\" }}\n")
        })
        .collect();
    let order = |rules: &str| {
        let project = Project::new().file("planner.py", EXTERNAL).manifest(&format!("{rules}{tasks}"));
        project.run("build -j1").ok();
        project.read("o")
    };
    let own = "strategy \"mine\" seam=\"planner\" { exec \"python3\" \"planner.py\" }\nprocess_rules { planner_node \"mine\" }\n";
    assert_eq!(order(own), order(""));
}

#[test]
fn a_strategy_of_ones_own_that_fails_is_named() {
    let own = |exec: &str| {
        format!(
            "strategy \"mine\" seam=\"planner\" {{ exec {exec}; within \"300ms\" }}\nprocess_rules {{ planner_node \"mine\" }}\ntask \"t\" {{ sh \"echo > o\" }}"
        )
    };
    let hello = "read x; echo '{\\\"orket\\\":1}'; read x; ";
    for (exec, said) in [
        (String::from("\"./no-such-program\""), "cannot be started"),
        (String::from("\"true\""), "ended by itself"),
        (String::from("\"echo\" \"hi\""), "answered what is no JSON"),
        (String::from("\"sh\" \"-c\" \"printf '\\\\377\\\\n'; read x; read x\""), "answered what is no JSON"),
        (String::from("\"sh\" \"-c\" \"exec >&-; read x; read x\""), "closed its output without an answer"),
        (format!("\"sh\" \"-c\" \"{hello} read x; read x\""), "gave no answer within 300 ms"),
        (
            format!("\"sh\" \"-c\" \"{hello} echo '{{\\\"id\\\":1,\\\"answer\\\":7}}'; read x\""),
            "gave an answer that orket does not understand",
        ),
        (format!("\"sh\" \"-c\" \"{hello} echo '{{\\\"id\\\":1,\\\"error\\\":\\\"no idea\\\"}}'; read x\""), "says: no idea"),
    ] {
        let project = Project::new().manifest(&own(&exec));
        project.run("build").code(3).says(["the strategy `mine` of planner ", said]);
        assert!(!project.has("o"), "{exec}");
        project.run("list").ok();
        project.run("decisions").ok();
    }
}

#[test]
fn a_planner_that_holds_everything_back_stalls_the_run() {
    let exec = "\"sh\" \"-c\" \"read x; echo '{\\\"orket\\\":1}'; n=0; while read x; do n=$((n+1)); echo '{\\\"id\\\":'$n',\\\"answer\\\":\\\"hold\\\"}'; done\"";
    let manifest = format!(
        "strategy \"mine\" seam=\"planner\" {{ exec {exec} }}\nprocess_rules {{ planner_node \"mine\" }}\ntask \"a\" {{ sh \"true\" }}\ntask \"b\" {{ needs \"a\"; sh \"true\" }}"
    );
    let project = Project::new().manifest(&manifest);
    project.run("build").code(1).says(["it could run, and the planner holds it back although nothing else moves; `b` wait for it"]);
    project.run("build --json").code(1).had("stalled", &["a"]).had("cancelled", &["b"]);
}

#[test]
fn a_run_that_may_start_so_many_tasks_is_exhausted_after_them() {
    let manifest = "process_rules { orchestration_loop_node \"default\" { rounds 2 } }\ntask \"t\" { matrix { n \"1\" \"2\" \"3\" }; sh \"printf x >> o\" }";
    let project = Project::new().manifest(manifest);
    project.run("build -j1").code(1).says(["the run is exhausted: it may start 2 tasks, and that was not enough"]);
    assert_eq!(project.read("o"), "xx");
}

#[test]
fn locked_tools_are_those_of_the_lock_file() {
    let project =
        Project::new().manifest("process_rules { tool_strategy_node \"locked\" }\ntask \"t\" { run \"touch\" \"o\"; outputs \"o\" }");
    project.run("build").code(1).says(["`touch` is not among the `tools` of this task", "tools \"touch\""]);
    project.write(
        "orket.kdl",
        "process_rules { tool_strategy_node \"locked\" }\ntask \"t\" { run \"touch\" \"o\"; tools \"touch\"; outputs \"o\" }",
    );
    let seen = project.run("build").code(1).says(["`orket-tools.lock` records no tool `touch`", "add the line: touch "]);
    let line = seen.err().split("add the line: ").nth(1).unwrap().lines().next().unwrap().to_owned();
    project.write("orket-tools.lock", format!("{line}\n"));
    project.run("build").ok().ran([]);
    project.write("orket-tools.lock", "touch 00\n");
    project.run("build --force").code(1).says(["the tool `touch` is not the one that `orket-tools.lock` records"]);
}

#[test]
fn a_strict_evaluator_finds_files_that_nobody_declares() {
    let project = Project::new().file(".gitignore", "*.tmp\n").file("in", "1").manifest(
        "task \"clean\" { sh \"cat in > o/a; touch o/b.tmp x.tmp o/a.d\"; inputs \"in\"; outputs \"o/a\"; depfile \"o/a.d\" }
task \"messy\" { needs \"clean\"; sh \"mkdir -p junk; cat in > junk/b; echo 2 >> kept; cat in > o/c\"; inputs \"in\"; outputs \"o/c\" }
task \"last\" { after \"messy\"; sh \"cat in > e\"; inputs \"in\"; outputs \"e\" }",
    );
    project.write("kept", "1\n").settle().run("build -k").ok();
    project.remove("junk").run("build -k -j1 --strategy evaluator=strict").code(1).says([
        "done    clean",
        "failed  messy",
        "it left `junk/b`, `kept`, which no task declares as its output; the evaluator `strict` counts that as a failure",
        "done    last",
    ]);
}

#[test]
fn services_and_those_that_use_them_know_their_database() {
    let project = Project::new().file("in", "1").manifest(
        "project \"Shop\"
process_rules { sandbox_policy_node \"default\" { database_url \"db://localhost:{{port.sql}}/{sandbox}\" } }
service \"db\" { port \"sql\"; sh \"echo $DATABASE_URL > url; exec sleep 1000\"; ready { command \"test -s url\"; within \"10s\" } }
task \"uses\" { uses \"db\"; inputs \"in\"; sh \"test $DATABASE_URL = $(cat url) && echo $DATABASE_URL | tr 0-9 n\" }
task \"own\" { uses \"db\"; env { set \"DATABASE_URL\" \"mine\" }; sh \"echo $DATABASE_URL\" }
task \"not\" { sh \"echo [$DATABASE_URL$ORKET_SANDBOX]\" }",
    );
    let seen = project.run("build -j1").ok();
    let port = seen.all().lines().find(|line| line.starts_with("db://")).unwrap_or_default().replace('n', "");
    assert_eq!(port, "db://localhost:/sadbox-shop", "{}", seen.all());
    seen.says(["mine\n", "[]\n"]);
    // An option of the policy is a part of what a task is.
    let other = project.read("orket.kdl").replace("localhost:", "127.0.0.1:");
    project.declare(&other).run("explain uses").ok().says(["sandbox_policy"]);
}

#[test]
fn the_database_of_a_rock_is_a_part_of_those_that_use_it() {
    let manifest = "service \"s\" { sh \"echo up; exec sleep 1000\"; ready { output \"up\" } }
epic \"e\" { task \"t\" { uses \"s\"; outputs \"o\"; sh \"echo [$DATABASE_URL] > o\" } }
rock \"a\" { epic \"e\" }
rock \"b\" { epic \"e\" }";
    let project = Project::new().manifest(manifest);
    project.run("build a").ok();
    project.run("build b").ok().nothing_to_do();
    project.declare(&format!("process_rules {{ sandbox_policy_node \"default\" {{ database_url \"db:{{sandbox}}\" }} }}\n{manifest}"));
    for (rock, database) in [("a", "[db:sandbox-a]\n"), ("b", "[db:sandbox-b]\n")] {
        project.run(&format!("build {rock}")).ok().says(["done    e/t"]);
        assert_eq!(project.read("o"), database);
    }
    project.run("build a --json").ok().cached(["e/t"]);
}

#[test]
fn a_choice_of_the_command_line_reaches_whatever_is_started() {
    let project = Project::new().manifest(
        "service \"s\" { sh \"echo $ORKET_PLANNER_NODE > s; exec sleep 1000\"; ready { command \"test -s s\"; within \"10s\" } }
task \"t\" { uses \"s\"; sh \"echo $ORKET_PLANNER_NODE > t\" }
decision \"d\" { choose \"yes\" { command \"test $ORKET_PLANNER_NODE = fifo\" }; otherwise \"no\" }
task \"u\" { sh \"echo {{decision.d}} > u\" }",
    );
    project.run("build --strategy planner=fifo").ok();
    assert_eq!((project.read("s"), project.read("t"), project.read("u")), ("fifo\n".into(), "fifo\n".into(), "yes\n".into()));
}

#[test]
fn who_asked_for_quiet_hears_why_nothing_was_built() {
    let project = Project::new().manifest(
        "strategy \"mine\" seam=\"planner\" { exec \"true\" }\nprocess_rules { planner_node \"mine\" }\ntask \"t\" { sh \"true\" }",
    );
    project.run("build -q").code(3).says(["the strategy `mine` of planner ended by itself"]);
}

#[test]
fn a_strategy_of_ones_own_stays_in_its_project() {
    let project = Project::new().file("other/orket.kdl", "task \"o\" { sh \"true\" }\n").manifest(
        "strategy \"mine\" seam=\"evaluator\" { exec \"python3\" \"mine.py\" }
task \"t\" { sh \"cd other && $ORKET_EXE decisions > seen\"; outputs \"other/seen\" }",
    );
    project.write(
        "mine.py",
        "import json, sys\nprint('{\"orket\":1}', flush=True)\nsys.stdin.readline()\nfor line in sys.stdin:\n    print(json.dumps({'id': json.loads(line)['id'], 'answer': 'success'}), flush=True)\n",
    );
    project.run("build --strategy evaluator=mine --strategy planner=fifo").ok();
    let seen = project.read("other/seen");
    let chosen =
        |seam: &str| seen.lines().find(|line| line.starts_with(seam)).and_then(|line| line.split_whitespace().nth(1)).unwrap().to_owned();
    assert_eq!((chosen("evaluator"), chosen("planner")), ("default".into(), "fifo".into()));
}

#[test]
fn a_tool_strategy_of_ones_own_that_fails_is_told_with_place_and_way_out() {
    let project = Project::new().manifest(
        "strategy \"mine\" seam=\"tool_strategy\" { exec \"true\" }\nprocess_rules { tool_strategy_node \"mine\" }\ntask \"t\" { run \"echo\" \"x\" }",
    );
    project
        .run("build")
        .code(3)
        .says(["the strategy `mine` of tool_strategy ", "(orket.kdl:1; `--strategy tool_strategy=default` does without it)"]);
}

#[test]
fn what_is_no_seam_is_told_of_as_that_whatever_it_holds() {
    let project = Project::new().manifest("process_rules { concurrency_limit 3 }\ntask \"t\" { sh \"true\" }");
    project.run("list").code(2).says(["there is no seam `concurrency_limit`", "planner_node"]).never_says(["takes a text"]);
}

#[test]
fn a_strict_loader_says_that_it_looks_nowhere_else() {
    let project = Project::new().file("sub/x", "").manifest("task \"t\" { sh \"true\" }");
    project.run_in("sub", "build --strategy loader_strategy=strict").code(2).says(["the loader strategy `strict` looks nowhere else"]);
}

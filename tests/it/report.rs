//! `orket report`: a run as a page.

use rustix::process::Signal;

use crate::common::{Project, Recorded, wait_until};

fn project() -> Project {
    Project::new().file("in", "1").manifest(
        r#"task "a" { inputs "in"; outputs "a"; sh "cp in a" }
task "b" { needs "a"; outputs "b"; sh "cp a b" }
task "c<i>" { inputs "in"; sh "echo '<script>x</script>'; exit 3" }
gate "g" kind="pattern" { pattern "1"; files "in"; message "a <b>one</b>" }
decision "mode" { otherwise "slow" }
task "d" { only_if "mode" "slow"; sh "true" }
"#,
    )
}

#[test]
fn a_page_tells_of_tasks_gates_and_decisions() {
    let project = project();
    project.run("build -k").code(1);
    let path = project.run("report").ok().out().trim().to_owned();
    assert!(path.ends_with(".html") && path.contains(".orket/reports/"), "{path}");
    let page = std::fs::read_to_string(&path).unwrap();
    for part in [
        "<h1 class=\"fail\">1 task failed, 1 gate found something new</h1>",
        "exit status 1.",
        "<h2>Timeline</h2>",
        "<h2>Critical path</h2>",
        "<strong class=\"fail\">exit status 3</strong>",
        "<pre class=\"said\">&lt;script&gt;x&lt;/script&gt;</pre>",
        "orket build &#39;c&lt;i&gt;&#39;",
        "a &lt;b&gt;one&lt;/b&gt;",
        "mode</a></span><td><code>slow</code><td>default",
        "first build here",
        "stands in no git repository",
    ] {
        assert!(page.contains(part), "{part} is missing:\n{page}");
    }
    assert!(page.contains("default-src 'none'"));
    let own = page.replace("http://www.w3.org/2000/svg", "").replace("url(#arrow)", "");
    for nothing in ["<script>", "http://", "https://", "src=", "@import", "url("] {
        assert!(!own.contains(nothing), "{nothing}");
    }
}

#[test]
fn a_page_tells_which_strategy_filled_each_seam_and_where_that_was_said() {
    let project = Project::new().manifest("task \"a\" { sh \"true\" }\nprocess_rules {\n    planner_node \"fifo\"\n}\n");
    project.run_with("build", &[("ORKET_RUN_ID", "first"), ("ORKET_EVALUATOR_NODE", "strict")]).ok();
    project.run("report first --output page.html").ok();
    let page = project.read("page.html");
    let decisions = page.split("<h2>Decisions</h2>").nth(1).unwrap().split("</section>").next().unwrap().to_owned();
    let row = |seam: &str| {
        let row = decisions.lines().find(|row| row.contains(&format!("<code>{seam}</code>"))).unwrap_or_else(|| panic!("{decisions}"));
        row.split("<td>").map(|cell| cell.replace("<code>", "").replace("</code>", "")).collect::<Vec<_>>().join("|")
    };
    assert!(row("planner").contains("planner|fifo|process rules|orket.kdl:3"), "{}", row("planner"));
    assert!(row("evaluator").contains("evaluator|strict|environment|ORKET_EVALUATOR_NODE"), "{}", row("evaluator"));
    assert!(row("cache_policy").contains("|default|"), "{}", row("cache_policy"));
    project.run_with("build --force --strategy planner=critical_path", &[("ORKET_RUN_ID", "second")]).ok();
    project.run("report second --compare first --output page.html").ok();
    let page = project.read("page.html");
    assert!(page.contains("<li><code>planner</code>: <code>critical_path</code>, then <code>fifo</code></li>"), "{page}");
    assert!(page.contains("<code>--strategy</code>"));
}

#[test]
fn runs_are_chosen_and_compared() {
    let project = project();
    project.run("report").code(4).says(["there is no run yet"]);
    project.run_with("build -k", &[("ORKET_RUN_ID", "first")]).code(1);
    project.write("in", "2").run_with("build a", &[("ORKET_RUN_ID", "second")]).ok();
    project.run("report first --compare second --output page.html").ok().stdout("page.html\n");
    let page = project.read("page.html");
    assert!(page.contains(">run first<") && page.contains("With run second, which took"), "{page}");
    let compared = page.split("<h2>Compared</h2>").nth(1).unwrap().split("</section>").next().unwrap();
    let row = compared.lines().find(|row| row.contains(">b</a>")).unwrap();
    assert!(row.contains("did not run</span><td><span class=\"whole\"><span class=\"dot of-done\"></span>done, "), "{row}");
    project.run("report nope").code(4).says(["there is no run `nope`"]);
    project.run("build a").ok();
    let fresh = project.run("report --json").ok().json();
    let page = std::fs::read_to_string(fresh["output"].as_str().unwrap()).unwrap();
    assert!(page.contains("<h1 class=\"pass\">Nothing to do</h1>"), "{page}");
}

#[test]
fn a_thousand_tasks_stay_below_two_mebibytes_whatever_became_of_them() {
    let large = Recorded { tasks: 1000, printed: 12_000, changes: 40, findings: 5000 };
    let project = large.project().patient();
    project.run("report --output page.html").ok();
    let page = project.read("page.html");
    assert!(page.len() > 500_000 && page.len() < 2 << 20, "{}", page.len());
    assert!(page.contains("1000 tasks failed") && page.contains("and 4,800 more"), "{}", &page[..page.len().min(5000)]);
    // What becomes longer in the page is measured there.
    let record = ".orket/runs/0000000000001-big.json";
    for sign in ["<", "&"] {
        let line = "something went wrong here, again: <b>&";
        project.write(record, project.read(record).replace(line, &sign.repeat(line.len())));
        project.run("report --output page.html").ok();
        assert!(project.read("page.html").len() < 2 << 20, "{sign}");
        large.record(&project);
    }
    Recorded { printed: 0, findings: 0, changes: 1, ..large }.record(&project);
    project.run("report --output page.html").ok();
    assert!(project.read("page.html").len() < 1 << 20);
}

#[test]
fn names_may_be_long() {
    let large = Recorded { tasks: 1000, printed: 0, changes: 1, findings: 0 };
    let project = large.project().patient();
    let long = format!("task_{}_", "very_long".repeat(20));
    for file in ["orket.kdl", ".orket/runs/0000000000001-big.json", ".orket/runs/0000000000001-big.jsonl"] {
        project.write(file, project.read(file).replace("task_", &long));
    }
    project.run("report --output page.html").ok();
    let page = project.read("page.html");
    assert!(page.matches(&long).count() > 4000 && page.len() < 2 << 20, "{}", page.len());
}

#[test]
fn a_page_is_printed_where_that_is_asked_for() {
    let project = project();
    project.run("build").either();
    let seen = project.run("report --output -").ok();
    assert!(seen.out().contains("</html>") && !project.has("-"));
}

#[test]
fn what_a_killed_run_was_at_is_told() {
    // What a killed orket leaves behind rests, and ends with the project's folder.
    let project = Project::new().manifest(
        "task \"done\" { sh \"true\" }\ntask \"long\" { needs \"done\"; sh \"{log:long}; while [ -e {base}/ran ]; do sleep 0.05; done\" }",
    );
    let run = project.start_with("build", &[("ORKET_RUN_ID", "killed")]);
    let journal = || {
        let mut files = std::fs::read_dir(project.at(".orket/runs")).into_iter().flatten().flatten();
        files
            .find(|file| file.path().extension().is_some_and(|end| end == "jsonl"))
            .map(|file| std::fs::read_to_string(file.path()).unwrap())
    };
    assert!(wait_until(|| journal().is_some_and(|text| text.contains("\"started\",\"task\":\"long\""))), "{}", run.said());
    run.signal(Signal::KILL).pid();
    drop(run);
    project.run("report --output page.html").ok();
    let page = project.read("page.html");
    assert!(page.contains("<h1 class=\"warned\">Not ended</h1>") && page.contains("1 task had begun and not ended: "), "{page}");
    assert!(page.contains("data-of=\"long\" ") && page.contains("class=\"of-running\"") && page.contains("was running"), "{page}");
    assert!(page.matches("runs every time").count() > 1, "{page}");
    assert!(
        page.contains("It was killed, or is still going on") && !page.contains("not reached</th>") && !page.contains("It took"),
        "{page}"
    );
}

#[test]
fn a_manifest_that_is_wrong_hides_no_run_and_is_never_overwritten() {
    let project = project();
    project.run("build a").ok();
    let right = project.read("orket.kdl");
    for (words, code) in [
        ("report --output orket.kdl", 2),
        ("churn --output orket.kdl", 2),
        ("smoke --output orket.kdl", 2),
        ("check --output orket.kdl", 2),
    ] {
        project.run(words).code(code).says(["error: `orket.kdl` is a manifest, and stays as it is"]);
        assert_eq!(project.read("orket.kdl"), right, "{words}");
    }
    project.write("orket.kdl", "task \"a\" { shh }\n");
    project
        .run("report --output page.html")
        .ok()
        .says(["note: the manifest is wrong; its targets are shown as they were at the last build"]);
    assert!(project.read("page.html").contains("<h2>Timeline</h2>"));
    project.run("build").code(2);
    // Where nothing was built there is nothing to show.
    Project::new().manifest("task \"a\" { shh }").run("report").code(2).says(["shh"]);
}

#[test]
fn a_run_of_another_manifest_is_told() {
    let project = project().file("ci.kdl", "task \"lint\" { sh \"true\" }\n");
    project.run("-f ci.kdl build").ok();
    let page = |words: &str| {
        project.run(words).ok();
        project.read("page.html")
    };
    let (own, other) = (page("-f ci.kdl report --output page.html"), page("report --output page.html"));
    let run = other.split_once("\">run ").unwrap().1.split_once('<').unwrap().0;
    let note = format!(
        "<p class=\"note\">The run was one of the manifest <code>ci.kdl</code>, and this is the graph of <code>orket.kdl</code>: <code>orket -f ci.kdl report {run}</code> shows"
    );
    assert!(other.contains(&note) && !other.contains("not in the manifest any more"), "{note}: {other}");
    assert!(!own.contains("The run was one of"), "{own}");
    project.run("build a").ok();
    let compared = page(&format!("report --output page.html --compare {run}"));
    assert!(compared.contains(&format!("<p>With run {run} of another manifest, <code>ci.kdl</code>, which took")), "{compared}");
    assert!(!compared.contains("The run was one of"));
    assert!(!page(&format!("-f ci.kdl report --output page.html --compare {run} {run}")).contains("of another manifest"));
}

#[test]
fn nothing_that_a_person_wrote_is_written_over() {
    let project = project().file("notes.md", "# Notes\n").file("empty", "").file(".gitignore", "out/\n");
    project.git("init -q").git("add .").git("commit -qm first").link("notes.md", "link");
    project.run("build a").ok();
    let config = project.read(".git/config");
    let commands = [
        "report --output",
        "churn --output",
        "smoke --output",
        "check --output",
        "build a --summary",
        "build a --events",
        "build a --trace",
    ];
    for command in commands {
        for (file, what) in [
            ("notes.md", "tracked by git and no earlier report of this kind"),
            ("link", "tracked by git and no earlier report of this kind"),
            (".git/config", "git's own"),
            (".git/hooks/new", "git's own"),
        ] {
            project.run(&format!("{command} {file}")).code(2).says([&format!("error: `{file}` is {what}, and stays as it is\nhint: ")]);
        }
        project.run_in(".git", &format!("{command} config")).code(2).says(["error: `config` is git's own"]);
    }
    assert_eq!((project.read("notes.md"), project.read(".git/config"), project.has(".git/hooks/new")), ("# Notes\n".into(), config, false));
    // An earlier one is written anew, also where it is kept in git; nobody loses what is empty or what git does not know.
    project.run("report --output empty").ok();
    project.run("churn --output churn.txt").ok();
    project.run("build a --summary summary.json").ok();
    project.git("add .").git("commit -qm second").write("other", "text");
    for words in [
        "report --output empty",
        "churn --output churn.txt",
        "churn --output churn.txt --format json",
        "build a --summary summary.json",
        "churn --output other",
    ] {
        project.run(words).ok();
    }
    assert!(project.read("other").contains("\"kind\": \"churn\""));
    project.run("churn --output empty").code(2).says(["error: `empty` is tracked by git and no earlier report of this kind"]);
}

#[test]
fn what_an_interrupted_run_was_at_is_told_from_what_it_did_not_reach() {
    let project = Project::new().manifest(
        "task \"slow\" { sh \"{log:slow}; while [ -e {base}/ran ]; do sleep 0.05; done\" }\ntask \"next\" { needs \"slow\"; sh \"true\" }",
    );
    let run = project.start("build");
    assert!(wait_until(|| project.log() == ["slow"]), "{}", run.said());
    run.signal(Signal::INT);
    run.end();
    project.run("runs").ok().says(["1 interrupted, 1 not reached"]);
    project.run("report --output page.html").ok();
    let page = project.read("page.html");
    assert!(page.contains("1 task ran when the run was ended: ") && page.contains("<h2>Failures</h2>"), "{page}");
    for word in ["interrupted", "not reached"] {
        assert!(page.contains(&format!("</span>{word}</th><td role=\"cell\">1</tr>")), "{word}: {page}");
    }
}

#[test]
fn the_critical_path_leads_from_a_failure_to_its_remedy() {
    let project =
        Project::new().manifest("task \"bad\" { sh \"sleep 0.01; false\"; on_failure \"cure\" }\ntask \"cure\" { sh \"sleep 0.01\" }");
    project.run("build bad").either();
    project.run("report --output page.html").ok();
    let page = project.read("page.html");
    let chain = page.split("<div id=\"chain\">").nth(1).unwrap().split("</table>").next().unwrap();
    assert!(chain.contains(">bad</a>") && chain.contains(">cure</a>"), "{chain}");
}

#[test]
fn a_task_that_is_gone_from_the_manifest_is_told() {
    let project = Project::new().manifest("task \"a\" { sh \"true\" }\ntask \"b\" { needs \"a\"; sh \"true\" }");
    project.run("build").ok();
    project.declare("task \"a\" { sh \"true\" }");
    project.run("report --output page.html").ok();
    let page = project.read("page.html");
    assert!(
        page.contains("1 of the run&#39;s tasks is not") || page.contains("1 of the run's tasks is not in the manifest any more"),
        "{page}"
    );
    assert!(page.contains("data-of=\"b\" ") && page.contains("[\"b\",\"gone\""), "{page}");
}

#[test]
fn a_page_is_written_whole() {
    let project = Project::new().manifest("task \"a\" { sh \"true\" }").file("old/page.html", "old");
    project.run("build").ok();
    project.link("old/page.html", "link.html");
    project.run("report --output link.html").ok().stdout("link.html\n");
    assert!(project.at("link.html").is_symlink() && project.read("old/page.html").starts_with("<!doctype html>"));
    project.run("report --output new/folder/page.html").ok();
    assert_eq!(std::fs::read_dir(project.at("new/folder")).unwrap().count(), 1, "nothing is left beside it");
    project.run("report --output /dev/stdout").ok().says(["<!doctype html>"]);
    project.run("report --output orket.kdl/page.html").code(3).says(["cannot write `orket.kdl/page.html`"]);
}

#[test]
fn a_service_is_part_of_the_critical_path_until_it_is_ready() {
    let project = Project::new().manifest(
        "service \"db\" { sh \"sleep 0.05; echo up; exec sleep 60\"; ready { output \"up\" } }
task \"t\" { uses \"db\"; sh \"while [ ! -e {base}/seen ]; do touch {base}/seen; done\"; env { set \"A\" \"1\" } }
task \"u\" { needs \"t\"; uses \"db\"; sh \"exit 3\" }",
    );
    project.run("build").code(1);
    let path = project.run("report").ok().out().trim().to_owned();
    let page = std::fs::read_to_string(&path).unwrap();
    let critical = page.split("<h2>Critical path</h2>").nth(1).unwrap().split("<h2>").next().unwrap();
    let row = critical.lines().find(|row| row.contains(">db</a>")).unwrap_or_else(|| panic!("{critical}"));
    let took = row.split("<td class=\"number\">").nth(1).unwrap().split('<').next().unwrap();
    assert!(took.ends_with(" ms") || took.ends_with(" s"), "{row}");
    let lanes = page.split("<div class=\"names\">").nth(1).unwrap().split("</div>").next().unwrap();
    assert!(lanes.contains("<span title=\"db\">db</span>") && lanes.contains("path"), "{lanes}");
}

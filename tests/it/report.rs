//! `orket report`: a run as a page.

use crate::common::Project;

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
        "<span class=\"verdict fail\">failed (exit 1)</span>",
        "<h2>Timeline</h2>",
        "<h2>Critical path</h2>",
        "<td>c&lt;i&gt;</td><td><span class=\"fail\">failed</span></td>",
        "<pre>&lt;script&gt;x&lt;/script&gt;</pre>",
        "a &lt;b&gt;one&lt;/b&gt;",
        "<td>mode</td><td>slow</td>",
        "first build here",
    ] {
        assert!(page.contains(part), "{part} is missing:\n{page}");
    }
    assert!(page.contains("default-src 'none'"));
    for nothing in ["<script", "http://", "https://", "src=", "@import", "url("] {
        assert!(!page.contains(nothing), "{nothing}");
    }
}

#[test]
fn runs_are_chosen_and_compared() {
    let project = project();
    project.run("report").code(4).says(["there is no run yet"]);
    project.run_with("build -k", &[("ORKET_RUN_ID", "first")]).code(1);
    project.write("in", "2").run_with("build a", &[("ORKET_RUN_ID", "second")]).ok();
    project.run("report first --compare second --output page.html").ok().stdout("page.html\n");
    let page = project.read("page.html");
    assert!(page.contains("Run first,") && page.contains("With run second, which took"), "{page}");
    assert!(page.contains("<td>b</td><td>did not run</td><td>done, "), "{page}");
    project.run("report nope").code(4).says(["there is no run `nope`"]);
    project.run("build a").ok();
    let fresh = project.run("report --json").ok().json();
    let page = std::fs::read_to_string(fresh["output"].as_str().unwrap()).unwrap();
    assert!(page.contains("<p>Nothing to do: 1 task fresh.</p>"), "{page}");
}

#[test]
fn a_thousand_tasks_stay_below_two_mebibytes() {
    let manifest: String = (0..1000).map(|at| format!("task \"task_with_a_name_{at}\" {{ inputs \"in\"; sh \"echo {at}\" }}\n")).collect();
    let project = Project::new().file("in", "1").manifest(&manifest).patient();
    project.run("build").ok();
    project.run("report --output page.html").ok();
    let size = project.read("page.html").len();
    assert!(size > 100_000 && size < 2 << 20, "{size}");
}

#[test]
fn a_service_is_no_part_of_the_critical_path() {
    let project = Project::new().manifest(
        "service \"db\" { sh \"echo up; exec sleep 60\"; ready { output \"up\" } }
task \"t\" { uses \"db\"; sh \"while [ ! -e {base}/seen ]; do touch {base}/seen; done\"; env { set \"A\" \"1\" } }
task \"u\" { needs \"t\"; uses \"db\"; sh \"exit 3\" }",
    );
    project.run("build").code(1);
    let path = project.run("report").ok().out().trim().to_owned();
    let page = std::fs::read_to_string(&path).unwrap();
    let critical = page.split("<h2>Critical path</h2>").nth(1).unwrap().split("<h2>").next().unwrap();
    assert!(!critical.contains(">db<"), "{critical}");
}

//! Pages in a browser: nothing is asked for, nothing is complained about, and clicks and keys do what they say.

use crate::common::{Browser, Project, Recorded, Served, wait_until};

/// A name that would break out of where it stands, as a manifest has it.
const HOSTILE: &str = "x<script>document.title=1</script>'&";

/// What would break out of where it stands, as a manifest has it and as a page shows it.
const WILD: &str = r#"\" onload=\"x\n</style><img src=x>\u{202e}"#;
const WILD_SHOWN: &str = r#"" onload="x\n</style><img src=x>\u{202e}"#;

/// A run with all that a page tells of.
fn project() -> Project {
    let tasks: String =
        (0..30).map(|at| format!("  task \"compile_{at}\" {{ inputs \"in\"; outputs \"out/{at}\"; sh \"cp in out/{at}\" }}\n")).collect();
    Project::new().file("in", "1\n").file(".gitignore", ".orket\nout\n").manifest(&format!(
        r#"project "shop <b>" {{ about "all" }}
decision "mode" {{ choose "fast" {{ env "FAST" "1" }}; otherwise "slow" }}
service "db" {{ sh "echo up; exec sleep 60"; ready {{ output "up" }} }}
epic "app" {{
{tasks}  task "link" {{ needs "app/compile_0" "app/compile_1"; uses "db"; outputs "app.bin"; sh "cat out/0 out/1 > app.bin; echo more >> {{base}}/spent; while [ $(wc -l < {{base}}/spent) -lt 2 ]; do exit 1; done"; retries 1 }}
  task "test" {{ needs "app/link"; sh "echo '<img src=x onerror=alert(1)>'; exit 3" }}
  task "ship" {{ needs "app/test"; sh "true" }}
}}
task "{HOSTILE}" {{ about "{WILD}"; inputs "in"; sh "echo '</script><script>alert(1)</script>'; exit 4" }}
task "nightly" {{ only_if "mode" "fast"; sh "true" }}
gate "ones" kind="pattern" {{ pattern "1"; files "in"; message "a <i>one</i>" }}
"#
    ))
}

/// The page of the second of two runs.
fn page(project: &Project) -> std::path::PathBuf {
    project.git("init -q").git("add -A").git("commit -qm first");
    project.run_with("build -k", &[("ORKET_RUN_ID", "first")]).code(1);
    project.write("in", "1\n2\n");
    std::fs::remove_dir_all(project.at("out")).unwrap();
    project.run_with("build -k", &[("ORKET_RUN_ID", "second")]).code(1);
    project.run("report second --compare first --output page.html").ok();
    project.at("page.html")
}

#[test]
fn the_page_of_a_run_is_read_searched_and_walked() {
    let Some(browser) = Browser::start() else { return };
    let project = project();
    let page = page(&project);
    browser.look("light", 1280).open(&page).quiet();
    assert_eq!(browser.text("h1").to_lowercase(), "2 tasks failed, 1 gate found something new");
    for section in ["failures", "compared", "timeline", "critical-path", "cache", "gates", "decisions", "the-graph", "tasks", "churn"] {
        assert_eq!(browser.count(&format!("#{section} h2")), 1, "{section}");
        browser.click(&format!("nav a[href='#{section}']"));
        assert_eq!(browser.eval("location.hash"), format!("#{section}"));
    }
    for name in [HOSTILE, "</script><script>alert(1)</script>", "<img src=x onerror=alert(1)>", "a <i>one</i>"] {
        assert!(browser.text("#failures").contains(name) || browser.text("#gates").contains(name), "{name}");
    }
    assert_eq!(browser.eval("document.querySelectorAll('img, #failures script, #gates i, [onload]').length"), 0);
    assert_eq!(browser.eval("document.title"), "shop <b>: run second");

    browser.click("#tasks input[type=search]").write("compile_7");
    assert_eq!((browser.count("#tasks tbody tr"), browser.text("#tasks [role=status]")), (1, "1 row found".into()));
    browser.click("#tasks th:nth-child(1) button");
    assert_eq!(browser.eval("document.querySelector('#tasks th').getAttribute('aria-sort')"), "ascending");

    browser.click("#tasks tbody tr:not([hidden]) a");
    assert_eq!(browser.eval("location.hash"), "#target=app/compile_7");
    browser.wait_for("document.querySelector('#view .here')?.textContent.startsWith('app/compile_7')");
    assert!(browser.text("#about").contains("If it took no time, the longest chain would"), "{}", browser.text("#about"));
    browser.click("#about button:last-of-type");
    browser.eval("document.activeElement.blur()");
    browser.press(&["/"]).write("LINK");
    assert_eq!(browser.text("#found li"), "app/link");
    browser.press(&["ArrowDown", "Enter"]);
    browser.wait_for("location.hash === '#target=app%2Flink'");
    assert!(browser.text("#about").contains("app/compile_0") && browser.text("#about").contains("db"), "{}", browser.text("#about"));
    browser.press(&["Escape"]).wait_for("location.hash === '#graph' && !document.querySelector('#view .here')");

    browser.eval("document.querySelector('#timeline-of-slots').focus()");
    browser.press(&["ArrowRight"]);
    assert!(browser.text("#bar").contains("on the critical path"), "{}", browser.text("#bar"));
    browser.press(&["+"]);
    assert_eq!(browser.eval("document.querySelector('#timeline-of-slots').getAttribute('width')"), "200%");
    browser.press(&["Enter"]).wait_for("location.hash.startsWith('#target=')");
    browser.click("#timeline summary");
    assert!(browser.count("#timeline tbody tr") > 30);
    browser.click("#listed summary");
    assert!(browser.text("#listed").contains("app/compile_0, app/compile_1, db"), "{}", browser.text("#listed"));
    browser.quiet();
}

#[test]
fn what_if_says_what_the_table_says() {
    let Some(browser) = Browser::start() else { return };
    let project = project();
    browser.look("light", 1280).open(&page(&project));
    browser.click("#chain tbody input").quiet();
    let (said, row) = (browser.text("#what-if"), browser.text("#chain tbody tr"));
    let told = row.split('\t').next_back().unwrap().trim().to_owned();
    match told.split_once(" (\u{2212}") {
        Some((left, saved)) => {
            assert!(
                said.contains(&format!("would take {left} instead of")) && said.contains(&format!("(\u{2212}{saved}")),
                "{said}\n{row}"
            );
        }
        None => assert!(said.contains("would still take"), "{said}\n{row}"),
    }
    browser.eval("document.querySelectorAll('#chain input').forEach((tick) => { if (!tick.checked) tick.click(); })");
    assert!(browser.text("#what-if").contains("took no time, the longest chain would"), "{}", browser.text("#what-if"));
}

#[test]
fn all_pages_are_light_and_dark_and_fit_a_telephone() {
    let Some(browser) = Browser::start() else { return };
    let project = project();
    let run = page(&project);
    project.run("churn --output churn.html").ok();
    project.run_to("graph.html", "graph --format html").ok();
    for file in [run, project.at("churn.html"), project.at("graph.html")] {
        for (scheme, width) in [("light", 1280), ("dark", 1280), ("light", 420), ("dark", 420)] {
            browser.look(scheme, width).open(&file);
            let light = "getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).every((part) => part > 128)";
            assert_eq!(browser.eval(light), scheme == "light", "{} {scheme}", file.display());
            assert_eq!(browser.eval("document.documentElement.scrollWidth"), width, "{} is wider than {width}", file.display());
            let (chosen, back) = if scheme == "light" { ("dark", false) } else { ("light", true) };
            let button = || browser.text("#theme");
            let press_until = |wanted: &str| {
                let pressed = (0..3).find(|_| {
                    browser.click("#theme");
                    button() == wanted
                });
                assert!(pressed.is_some(), "{}: the button never says {wanted}", file.display());
            };
            press_until(&format!("theme: {chosen}"));
            assert_eq!(browser.eval(light), back, "{} {scheme}, then {chosen}", file.display());
            press_until("theme: system");
            assert_eq!(browser.eval(CONTRAST), serde_json::json!([]), "{} {scheme} {width}", file.display());
            browser.quiet();
        }
    }
}

/// Texts whose colour is too near that of what they stand on: less than 4.5 to 1, as WCAG 2 counts.
const CONTRAST: &str = r#"(() => {
  const context = document.createElement('canvas').getContext('2d', { willReadFrequently: true }), known = new Map();
  const read = (color) => { context.clearRect(0, 0, 1, 1); context.fillStyle = color; context.fillRect(0, 0, 1, 1); return [...context.getImageData(0, 0, 1, 1).data]; };
  const parts = (color) => known.get(color) ?? known.set(color, read(color)).get(color);
  const light = (color) => parts(color).slice(0, 3).map((part) => part / 255).map((part) => part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4).reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const back = (element) => { for (let one = element; one; one = one.parentElement) { const color = getComputedStyle(one).backgroundColor; if (parts(color)[3] > 250) return color; } return 'white'; };
  const bad = new Set();
  for (const element of document.querySelectorAll('body *:not(svg *):not(script)')) {
    if (![...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()) || !element.checkVisibility()) continue;
    const [one, other] = [light(getComputedStyle(element).color), light(back(element))].sort((a, b) => b - a);
    if ((one + 0.05) / (other + 0.05) < 4.5) bad.add(`${element.tagName}.${element.className}: ${getComputedStyle(element).color} on ${back(element)}`);
  }
  return [...bad];
})()"#;

#[test]
fn the_graph_is_searched_and_walked_by_keys() {
    let Some(browser) = Browser::start() else { return };
    let project = project();
    project.run_to("graph.html", "graph --format html").ok();
    browser.look("light", 1280).open(&project.at("graph.html")).wait_for("document.querySelectorAll('.node').length > 30");
    browser.press(&["/"]).write("<script>").press(&["Enter"]);
    browser.wait_for("document.querySelectorAll('.node').length === 1");
    assert_eq!(browser.text("#about h2"), HOSTILE);
    assert!(browser.text("#about").contains(WILD_SHOWN), "{}", browser.text("#about"));
    browser.press(&["Escape"]).wait_for("document.querySelectorAll('.node').length > 30");
    browser.press(&["/"]).write("app/test").press(&["Enter"]).wait_for("document.querySelector('.here')");
    browser.eval("document.querySelector('.here').focus()");
    browser.press(&["ArrowRight"]);
    assert_eq!(browser.eval("document.activeElement.querySelector('text').textContent"), "app/link");
    browser.press(&["Enter"]).wait_for("location.hash === '#target=app%2Flink'");
    browser.click("#collapse, #whole").quiet();
}

#[test]
fn the_page_of_any_run_is_whole_whatever_ran_in_it() {
    let Some(browser) = Browser::start() else { return };
    let project = Project::new().file("in", "1\n").manifest(
        r#"decision "mode" { choose "fast" { env "FAST" "1" }; otherwise "slow" }
task "fresh" { inputs "in"; outputs "out"; sh "cp in out" }
task "nightly" { only_if "mode" "fast"; sh "true" }
task "missing" { inputs "in"; run "no-such-program" }
task "stays" { needs "fresh"; sh "{log:stays}; while [ -e {base}/ran ]; do sleep 0.05; done" }
"#,
    );
    let named = |words: &str, run: &str| project.run_with(words, &[("ORKET_RUN_ID", run)]);
    named("build fresh", "first").ok();
    named("build fresh", "unmoved").ok();
    project.remove("out");
    named("build fresh", "cached").ok();
    named("build nightly", "skipped").ok();
    named("build missing", "programless").code(1);
    let killed = project.start_with("build stays", &[("ORKET_RUN_ID", "killed")]);
    let is_known = || {
        let journals = std::fs::read_dir(project.at(".orket/runs")).into_iter().flatten().flatten();
        let mut journals = journals.filter(|file| file.path().extension().is_some_and(|end| end == "jsonl"));
        journals.any(|file| std::fs::read_to_string(file.path()).unwrap_or_default().contains("\"started\",\"task\":\"stays\""))
    };
    assert!(wait_until(is_known), "{}", killed.said());
    killed.signal(rustix::process::Signal::KILL);
    drop(killed);
    for run in ["unmoved", "cached", "skipped", "programless", "killed", "first"] {
        project.run(&format!("report {run} --output page.html")).ok();
        browser.look("light", 1280).open(&project.at("page.html")).quiet();
        browser.click("#listed summary");
        assert!(browser.count("#listed tbody tr") > 0, "{run}: the table of the graph is empty");
        browser.click("nav a:last-of-type");
        browser.wait_for("document.querySelector('nav a.here')");
        browser.click("#theme").quiet();
        assert_eq!(browser.text("#theme"), "theme: light", "{run}");
        browser.click("#theme").click("#theme").quiet();
    }
}

#[test]
fn served_pages_are_clicked_through() {
    let Some(browser) = Browser::start() else { return };
    let project = project();
    let served = Served::start(&project, "", &[]);
    browser.look("dark", 420).visit(&format!("http://{}/?session={}", served.address, served.key));
    assert_eq!((browser.text("h1"), browser.eval("location.search")), ("shop <b>".into(), "".into()));
    assert!(browser.text("table").contains(HOSTILE) && browser.text("table").contains(WILD_SHOWN), "{}", browser.text("table"));
    assert_eq!(browser.eval("getComputedStyle(document.body).backgroundColor.match(/\\d+/g).every((part) => part < 128)"), true);
    browser.click("button[aria-label='build app/link']");
    browser.wait_for("location.pathname === '/builds/1'");
    assert!(wait_until(|| browser.text("body").contains("succeeded")), "{}", browser.text("body"));
    browser.wait_for("document.readyState === 'complete' && !document.querySelector('meta[http-equiv=refresh]')");
    assert!(browser.text("pre").contains("app/link"), "{}", browser.text("pre"));
    browser.click("a[href='/']").wait_for("location.pathname === '/'");
    browser.click("a[href^='/runs/']").wait_for("document.querySelector('#timeline')");
    browser.wait_for("document.readyState === 'complete'");
    browser.click("#tasks tbody a").wait_for("document.querySelector('#view .here')");
    assert_eq!(browser.complaints_but_for_the_icon(), [] as [String; 0]);
    assert!(browser.asked().iter().all(|url| url.contains(&served.address)), "{:?}", browser.asked());
}

#[test]
fn ten_thousand_tasks_stay_usable() {
    let Some(browser) = Browser::start() else { return };
    let project = Recorded { tasks: 10_000, printed: 0, changes: 1, findings: 0 }.project().patient();
    project.run("report --output page.html").ok();
    browser.look("light", 1280).open(&project.at("page.html")).quiet();
    let drawn = |script: &str| {
        browser.eval(&format!("(async () => {{ {script}; await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))); return true; }})()"))
    };
    drawn(
        "const field = document.querySelector('#tasks input[type=search]'); field.value = 'task_9876'; field.dispatchEvent(new Event('input')); await new Promise((done) => setTimeout(done, 130))",
    );
    assert_eq!(browser.count("#tasks tbody tr"), 1);
    drawn("location.hash = '#target=e50/task_5050'");
    browser.wait_for("document.querySelector('#view .here')");
    drawn("const field = document.querySelector('#search'); field.value = 'task_77'; field.dispatchEvent(new Event('input'))");
    assert!(browser.count("#found li") > 50);
    browser.quiet();
}

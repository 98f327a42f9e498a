//! Items of a roadmap that are started and done: what moves, and what does not.

use crate::common::Project;

const MODEL: &str = r#"gate "model" kind="working_model" { roadmap "ROADMAP.md"; handoff "HANDOFF.md"; changelog "CHANGELOG.md" }"#;
const ITEMS: &str = "# Roadmap\n\n### SHOP-1: Carts\n\nAcceptance:\n- a cart holds\n\n### SHOP-2: Prices\n\nText.\n";

#[test]
fn items_that_do_not_fit_together_are_found() {
    let found = |roadmap: &str, handoff: &str, changelog: &str| {
        let project =
            Project::new().file("ROADMAP.md", roadmap).file("HANDOFF.md", handoff).file("CHANGELOG.md", changelog).manifest(MODEL);
        let json = project.run("check --format json").either().1.json();
        let findings = json["gates"][0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|one| one["rule"].as_str().unwrap().replace("working_model/", "")).collect::<Vec<_>>().join(" ")
    };
    let one = "### SHOP-1: Carts\n\nAcceptance:\n- x\n";
    assert_eq!(found(one, "", ""), "");
    assert_eq!(found(ITEMS, "", ""), "no_acceptance");
    assert_eq!(found(one, "## SHOP-1\nStatus: active\n## SHOP-1 again\nStatus: active\n", ""), "two_active");
    assert_eq!(found(one, "## SHOP-7\nStatus: active\n", ""), "not_on_roadmap");
    assert_eq!(found(&one.replace("Carts", "Carts (done)"), "", "- SHOP-1: carts\n"), "done_on_roadmap");
    assert_eq!(found(one, "", "- SHOP-1: carts\n"), "open_in_changelog");
    assert_eq!(found(one, "## SHOP-7\nStatus: done\n", ""), "no_changelog");
    assert_eq!(found(one, "## SHOP-7\nStatus: done\n", "- SHOP-7: x\n"), "");
    let none = Project::new().file("ROADMAP.md", "# none").file("HANDOFF.md", "").file("CHANGELOG.md", "");
    none.manifest(MODEL).run("check").code(3).says(["there is no item in `ROADMAP.md`"]);
    Project::new().manifest(MODEL).run("check").code(3).says(["cannot read `ROADMAP.md`"]);
}

#[test]
fn an_item_that_left_the_roadmap_is_in_the_changelog() {
    let project = Project::new()
        .file("ROADMAP.md", ITEMS.split("### SHOP-2").next().unwrap())
        .file("CHANGELOG.md", "# Changes\n")
        .file("HANDOFF.md", "")
        .manifest(MODEL);
    project.git("init -q").git("add .").git("commit -qm one");
    project.run("check").ok();
    project
        .write("ROADMAP.md", "# Roadmap\n")
        .run("check")
        .code(1)
        .says(["`SHOP-1` has left the roadmap, and no line of the changelog is about it"]);
    project.write("CHANGELOG.md", "# Changes\n\n- SHOP-1: carts\n").run("check").ok();
}

#[test]
fn items_are_started_and_done() {
    let project = Project::new().file("ROADMAP.md", ITEMS).manifest(MODEL);
    project.run("roadmap list").ok().stdout(
        "items of ROADMAP.md (Exists: not begun, Working: active in HANDOFF.md):
  SHOP-1  Exists   Carts
  SHOP-2  Exists   Prices  (no acceptance criteria)
",
    );
    project
        .run("roadmap start SHOP-2")
        .code(1)
        .says(["error: `SHOP-2` has no acceptance criteria (ROADMAP.md:8)", "hint: write a line `Acceptance:` there, and a list under it"]);
    project.run("roadmap start SHOP-11").code(4).says(["error: there is no item `SHOP-11` in `ROADMAP.md`; did you mean"]);
    project.run("roadmap start SHOP-1").ok().stdout("SHOP-1: HANDOFF.md\n");
    assert_eq!(project.read("HANDOFF.md"), "## SHOP-1\nStatus: active\n\nCarts\n");
    project.run("roadmap start SHOP-1").code(1).says(["error: `SHOP-1` is active already (HANDOFF.md:1)"]);
    project.run("roadmap list").ok().says(["  SHOP-1  Working  Carts\n"]);
    project.run("roadmap done SHOP-1").ok().stdout("SHOP-1: CHANGELOG.md\nSHOP-1: HANDOFF.md\nSHOP-1: ROADMAP.md\n");
    assert_eq!(project.read("ROADMAP.md"), "# Roadmap\n\n### SHOP-2: Prices\n\nText.\n");
    assert_eq!(project.read("CHANGELOG.md"), "- SHOP-1: Carts\n");
    project.write("ROADMAP.md", "### SHOP-2: Prices\n\nAcceptance:\n- x\n").run("roadmap check").ok();
}

#[test]
fn what_stands_beside_an_item_that_is_done_stays() {
    let text = "- **S-1**: other\n  Acceptance:\n  - y\n- plain\n- [ ] todo\n- **S-2**: x\n";
    let project = Project::new().file("ROADMAP.md", text).file("CHANGELOG.md", "# Changes\n\n## 1.0\n\n- old\n").manifest(MODEL);
    project.run("roadmap start S-1").ok();
    project.run("roadmap done S-1").ok();
    assert_eq!(project.read("ROADMAP.md"), "- plain\n- [ ] todo\n- **S-2**: x\n");
    assert_eq!(project.read("CHANGELOG.md"), "# Changes\n\n## Unreleased\n\n- S-1: other\n\n## 1.0\n\n- old\n");
}

#[test]
fn a_line_about_another_item_is_not_the_one_of_what_is_done() {
    let changelog = "# Changes\n\n## Unreleased\n\n- S-0: follow-up, prepares S-1\n";
    let project =
        Project::new().file("ROADMAP.md", "- **S-1**: carts\n  Acceptance:\n  - y\n").file("CHANGELOG.md", changelog).manifest(MODEL);
    project.run("roadmap start S-1").ok();
    project.run("roadmap check").ok();
    project.run("roadmap done S-1").ok().says(["S-1: CHANGELOG.md"]);
    assert_eq!(project.read("CHANGELOG.md"), changelog.replace("- S-0", "- S-1: carts\n- S-0"));
    project.run("roadmap check").ok();
}

#[test]
fn an_item_in_which_another_one_stands_is_not_done() {
    let roadmap =
        "# R\n\n- **S-1** a\n  Acceptance:\n  - [x] one, like **S-2**\n\n  Later:\n\n  - **S-3** inner\n    Acceptance:\n    - q\n";
    let project = Project::new().file("ROADMAP.md", roadmap).manifest(MODEL);
    project.run("roadmap start S-1").ok();
    project.run("roadmap done S-1").code(1).says([
        "error: `S-1` is not done: `S-3` stands within it (ROADMAP.md:9), with acceptance criteria of its own, and would leave with it",
        "hint: move `S-3` out, beside `S-1`",
    ]);
    assert_eq!(project.read("ROADMAP.md"), roadmap);
    let listed = project.run("roadmap list").ok().says([
        "  S-1  Working  a\n",
        "note: `S-3` stands within `S-1` (ROADMAP.md:9), and is no item of its own\nhint: move it out, beside `S-1`\n",
    ]);
    listed.never_says(["note: `S-2`"]);
    let json = project.run("roadmap list --json").ok().json();
    assert_eq!((json["items"].as_array().unwrap().len(), json["items"][0]["holds"].to_string()), (1, String::from("[\"S-3\"]")));
}

#[test]
fn footnotes_stay_when_an_item_leaves() {
    let text = "# Roadmap\n\nCarts first[^why].\n\n### SHOP-1: Carts\n\nAcceptance:\n- a cart holds\n\n[^why]: People asked for it.\n";
    let project = Project::new().file("ROADMAP.md", text).manifest(MODEL);
    project.run("roadmap start SHOP-1").ok();
    project.run("roadmap done SHOP-1").ok();
    assert_eq!(project.read("ROADMAP.md"), "# Roadmap\n\nCarts first[^why].\n\n[^why]: People asked for it.\n");
}

#[test]
fn lines_that_end_in_cr_alone_are_told() {
    let old = |text: &str| text.replace('\n', "\r");
    let why = |path: &str| format!("`{path}`: its lines end in CR alone: let them end in LF or CR LF, as by `tr '\\r' '\\n'`");
    let project = Project::new().file("ROADMAP.md", &old(ITEMS)).manifest(MODEL);
    for (words, code) in [("check", 3), ("roadmap list", 3), ("roadmap start SHOP-1", 3), ("roadmap done SHOP-1", 3)] {
        project.run(words).code(code).says([&*why("ROADMAP.md")]);
    }
    project.write("ROADMAP.md", ITEMS.replace('\n', "\r\n")).write("CHANGELOG.md", old("# Changes\n\n- old\n"));
    project.run("roadmap start SHOP-1").code(3).says([&*why("CHANGELOG.md")]);
    project.write("CHANGELOG.md", "# Changes\r\r\n\r\r\n- a bar: 10%\r100%\r\r\n").run("roadmap start SHOP-1").ok();
}

#[test]
fn a_title_is_told_as_it_is_written() {
    let title = "support `Vec<T>` when a < b and Map<K> [x](http://y) &amp; \\*z";
    let project =
        Project::new().file("ROADMAP.md", &format!("### S-1: {title}\n\nAcceptance:\n- x\n\n### S-2: b <!-- why -->\n")).manifest(MODEL);
    project.run("roadmap start S-1").ok();
    project.run("roadmap done S-1").ok();
    assert_eq!(project.read("CHANGELOG.md"), format!("- S-1: {title}\n"));
    project.run("roadmap list").ok().says(["  S-2  Exists   b  (no"]);
}

#[test]
fn an_item_whose_criteria_are_open_is_not_done() {
    let text = "### SHOP-1: Carts\n\nAcceptance:\n- [ ] a cart holds\n- [x] it rolls\n- [ ] it stops\n";
    let project = Project::new().file("ROADMAP.md", text).manifest(MODEL);
    project.run("roadmap start SHOP-1").ok();
    let (_, seen) = project.run("roadmap done SHOP-1").either();
    seen.says(["error: `SHOP-1` is not done: of its acceptance criteria 2 are open\n  ROADMAP.md:4: a cart holds\n  ROADMAP.md:6: it stops\nhint: meet them and mark them as `[x]`, or take them out\n"]);
    assert!(!project.has("CHANGELOG.md") && project.read("ROADMAP.md") == text);
    project.run("roadmap list").ok().says(["  SHOP-1  Working  Carts  (2 of its criteria open)\n"]);
    let json = project.run("roadmap list --json").ok().json();
    let refused = project.run("--json roadmap done SHOP-1").code(1).json();
    assert!(refused["error"]["message"].as_str().unwrap().contains("a cart holds"), "{refused}");
    assert_eq!(json["items"][0]["open"].to_string(), r#"["a cart holds","it stops"]"#);
    project.write("ROADMAP.md", text.replace("[ ]", "[x]")).run("roadmap done SHOP-1").ok();
    assert_eq!(project.read("CHANGELOG.md"), "- SHOP-1: Carts\n");
}

#[test]
fn moves_keep_the_ends_of_lines() {
    let project = Project::new().manifest(MODEL).file("ROADMAP.md", &ITEMS.replace('\n', "\r\n"));
    project.write("CHANGELOG.md", "# Changes\r\n\r\n## Next\r\n");
    project.run("roadmap start SHOP-1").ok();
    assert_eq!(project.read("HANDOFF.md"), "## SHOP-1\r\nStatus: active\r\n\r\nCarts\r\n");
    project.run("roadmap done SHOP-1").ok();
    assert_eq!(project.read("ROADMAP.md"), "# Roadmap\r\n\r\n### SHOP-2: Prices\r\n\r\nText.\r\n");
    assert_eq!(project.read("HANDOFF.md"), "## SHOP-1\r\nStatus: done\r\n\r\nCarts\r\n");
    assert_eq!(project.read("CHANGELOG.md"), "# Changes\r\n\r\n- SHOP-1: Carts\r\n\r\n## Next\r\n");
    // What is no text is not written anew.
    project.write("CHANGELOG.md", b"# \xc4nderungen\n").write("ROADMAP.md", ITEMS);
    project.run("roadmap done SHOP-1").code(3).says(["`CHANGELOG.md` is not UTF-8"]);
    project.remove("CHANGELOG.md").write("docs.md", "# Changes\n").link("docs.md", "CHANGELOG.md");
    project.run("roadmap done SHOP-1").code(2).says(["error: `CHANGELOG.md` is a link"]);
    assert_eq!(project.read("ROADMAP.md"), ITEMS);
}

#[test]
fn an_item_is_done_when_its_task_is_green() {
    let manifest = MODEL.replace(" }", "; verify \"SHOP-7\" task=\"unit\" }") + "\ntask \"unit\" { inputs \"in\"; sh \"{log:unit}\" }";
    let project = Project::new()
        .file("in", "1")
        .file("ROADMAP.md", "### SHOP-1: x\nAcceptance:\n- y\n")
        .file("CHANGELOG.md", "- SHOP-7: done\n")
        .file("HANDOFF.md", "")
        .manifest(&manifest);
    project.run("check").code(3).says(["its task `unit` is not known to be green"]);
    project.run("build model").ok().ran(["unit"]);
    project.run("check").ok().ran([]);
    project.write("ROADMAP.md", "### SHOP-7: x\nAcceptance:\n- y\n").write("in", "2");
    project
        .run("roadmap done SHOP-7")
        .code(1)
        .says(["error: `SHOP-7` is not done: no active note in HANDOFF.md names it\nhint: `orket roadmap start SHOP-7` begins it"]);
    for (note, why) in [
        ("## SHOP-7\n", "its note (HANDOFF.md:1) has no line `Status: active`"),
        ("## SHOP-1\nStatus: active\n\n## SHOP-7\nStatus: Paused\n", "its note (HANDOFF.md:4) says `paused`, not `active`"),
    ] {
        project.write("HANDOFF.md", note).run("roadmap done SHOP-7").code(1).says([why, "`orket roadmap start SHOP-7` begins it"]);
    }
    project.write("HANDOFF.md", "");
    project.run("roadmap start SHOP-7").ok();
    project
        .run("roadmap done SHOP-7")
        .code(1)
        .ran([])
        .says(["error: `SHOP-7` is not done: the task `unit` has not passed with what is there now"]);
    project.run("build unit").ok().ran(["unit"]);
    project.run("roadmap done SHOP-7").ok().ran([]);
}

#[test]
fn an_item_stays_on_the_roadmap_until_the_rest_is_written() {
    let model = "gate \"m\" kind=\"working_model\" { roadmap \"ROADMAP.md\"; handoff \"HANDOFF.md\"; changelog \"log/CHANGELOG.md\" }";
    let project = Project::new().file("ROADMAP.md", ITEMS).file("real/CHANGELOG.md", "# Changes\n").manifest(model);
    project.link("real", "log").run("roadmap start SHOP-1").ok();
    project.run("roadmap done SHOP-1").code(3);
    assert_eq!(project.read("ROADMAP.md"), ITEMS);
    std::fs::remove_file(project.at("log")).unwrap();
    project.write("log/CHANGELOG.md", "# Changes\n").run("roadmap done SHOP-1").ok();
    assert!(project.read("log/CHANGELOG.md").contains("SHOP-1") && !project.read("ROADMAP.md").contains("SHOP-1"));
}

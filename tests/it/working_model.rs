//! Items of a roadmap over a history: what left in the commits of a range is in the changelog.

use crate::common::{Project, Typed};

const MODEL: &str = "gate \"model\" kind=\"working_model\" { roadmap \"ROADMAP.md\"; RANGE }";

fn items(ids: &[&str]) -> String {
    ids.iter().map(|id| format!("### {id}: title of {id}\n\nAcceptance:\n- it holds\n\n")).collect()
}

/// A repository whose branch `main` has two items; `work` is checked out.
fn repository(range: &str) -> Project {
    let project = Project::new().file("CHANGELOG.md", "# Changes\n").manifest(&MODEL.replace("RANGE", range));
    project.write(".gitignore", ".orket\n").write("ROADMAP.md", items(&["SHOP-1", "SHOP-2"])).git("init -q");
    commit(&project).git("branch -M main").git("checkout -q -b work");
    project
}

fn commit(project: &Project) -> &Project {
    project.git("add -A").git("commit -q --allow-empty -m one")
}

fn roadmap<'p>(project: &'p Project, ids: &[&str]) -> &'p Project {
    commit(project.write("ROADMAP.md", items(ids)))
}

/// Returns the ids that findings of one rule are about.
fn found(typed: Typed<'_>) -> Vec<String> {
    let findings = typed.either().1.json()["gates"][0]["findings"].as_array().unwrap().clone();
    let id = |one: &serde_json::Value| {
        let (rule, message) = (one["rule"].as_str().unwrap(), one["message"].as_str().unwrap());
        format!("{} {}", rule.trim_start_matches("working_model/"), message.split('`').nth(1).unwrap())
    };
    findings.iter().map(id).collect()
}

#[test]
fn what_left_in_any_commit_of_a_range_is_in_the_changelog() {
    let project = repository("");
    roadmap(&project, &["SHOP-1", "SHOP-2", "SHOP-3"]);
    roadmap(&project, &["SHOP-2"]);
    roadmap(&project, &["SHOP-2", "SHOP-4"]);
    // The last commit alone knows nothing of it.
    project.run("check").ok();
    project.run("roadmap check --since main").code(1).stdout(
        "error[working_model/no_changelog]: `SHOP-1` has left the roadmap since `main`, and no line of the changelog is about it
 --> CHANGELOG.md
  = help: write the line, or put the item back on the roadmap

error[working_model/no_changelog]: `SHOP-3` has left the roadmap since `main`, and no line of the changelog is about it
 --> CHANGELOG.md
  = help: write the line, or put the item back on the roadmap

failed  model  2 findings  (2 files)
failed: 1 failed, 0 of 1 gate passed
",
    );
    commit(project.write("CHANGELOG.md", "# Changes\n\n- SHOP-1: one\n- with SHOP-3\n"));
    project.run("roadmap check --since main").ok();
    assert_eq!(found(project.run("--json roadmap check --since HEAD~1")), [""; 0]);
    // A line that was there in between and is lost does not count.
    commit(project.write("CHANGELOG.md", "# Changes\n\n- SHOP-1: one\n"));
    assert_eq!(found(project.run("--json roadmap check --since main")), ["no_changelog SHOP-3"]);
    assert_eq!(found(project.run("--json roadmap check --since HEAD~2")), [""; 0]);
}

#[test]
fn a_gate_names_its_range_and_the_command_line_another() {
    let project = repository("since \"main\"");
    roadmap(&project, &["SHOP-2"]);
    project.run("check").code(1).says(["`SHOP-1` has left the roadmap since `main`"]);
    project.run("build").code(1).says(["`SHOP-1` has left the roadmap since `main`"]);
    project.run("roadmap check --since HEAD").ok();
    project.run("roadmap check --since nowhere").code(3).says(["there is no revision `nowhere` in this repository"]);
    project.run("roadmap check --since maim").code(3).says(["did you mean `main`?"]);
    project.run("roadmap check --since --output=x").code(2);
    let claims = Project::new().file("R.md", "- `R.md/`\n").manifest("gate \"r\" kind=\"roadmap_metrics\" { file \"R.md\" }");
    claims.run("roadmap check --since HEAD").code(4).says(["no gate of the kind working_model is there to look at what was committed"]);
}

#[test]
fn a_range_begins_where_the_branches_parted() {
    let project = repository("");
    project.git("checkout -q main");
    // What others finish elsewhere is not this branch's business.
    commit(project.write("CHANGELOG.md", "# Changes\n\n- SHOP-2: two\n").write("ROADMAP.md", items(&["SHOP-1"])));
    project.git("checkout -q work");
    commit(project.write("new", ""));
    project.run("roadmap check --since main").ok();
    // Merged, it is here with its line.
    project.git("merge -q --no-edit main");
    project.run("roadmap check --since HEAD~1").ok();
    // A merge that loses the item of one side.
    project.git("checkout -q -b side HEAD~1").run("roadmap check").ok();
    roadmap(&project, &["SHOP-1", "SHOP-2", "SHOP-9"]);
    project.git("checkout -q work").git("merge -q --no-edit -s ours side");
    assert_eq!(found(project.run("--json roadmap check --since main")), ["no_changelog SHOP-9"]);
}

#[test]
fn a_roadmap_is_found_under_the_name_that_it_had() {
    let project = repository("");
    project.git("mv ROADMAP.md PLAN.md").declare(&MODEL.replace("ROADMAP.md", "PLAN.md").replace("RANGE", ""));
    commit(&project);
    commit(project.write("PLAN.md", items(&["SHOP-2"])));
    assert_eq!(found(project.run("--json roadmap check --since main")), ["no_changelog SHOP-1"]);
}

/// Gives the roadmap another name, in the manifest, too.
fn rename<'p>(project: &'p Project, from: &str, to: &str) -> &'p Project {
    project.git(&format!("mv {from} {to}")).declare(&MODEL.replace("ROADMAP.md", to).replace("RANGE", ""))
}

#[test]
fn renames_are_followed_commit_by_commit() {
    let project = repository("");
    roadmap(&project, &["SHOP-1", "SHOP-2", "SHOP-3", "SHOP-4"]);
    project.git("branch -f main");
    let since = || found(project.run("--json roadmap check --since main"));
    roadmap(&project, &["SHOP-1", "SHOP-3", "SHOP-4"]);
    commit(rename(&project, "ROADMAP.md", "PLAN.md"));
    assert_eq!(since(), ["no_changelog SHOP-2"]);
    // Little of what stood there stands there still.
    commit(project.write("PLAN.md", items(&["SHOP-1", "SHOP-9"])));
    commit(project.write("PLAN.md", items(&["SHOP-1", "SHOP-10", "SHOP-11", "SHOP-12"])));
    commit(rename(&project, "PLAN.md", "NEXT.md"));
    let gone = ["no_changelog SHOP-2", "no_changelog SHOP-3", "no_changelog SHOP-4", "no_changelog SHOP-9"];
    assert_eq!(since(), gone);
    // A side that knows the first name alone.
    project.git("checkout -q -b side main");
    roadmap(&project, &["SHOP-1", "SHOP-2", "SHOP-3", "SHOP-4", "SHOP-7"]);
    roadmap(&project, &["SHOP-1", "SHOP-2", "SHOP-3", "SHOP-4"]);
    project.git("checkout -q work").git("merge -q --no-edit -s ours side");
    assert_eq!(since(), [&gone[..3], &["no_changelog SHOP-7"], &gone[3..]].concat());
}

#[test]
fn a_rename_that_is_not_committed_hides_nothing() {
    for (moves, to) in [("mv ROADMAP.md PLAN.md", "PLAN.md"), ("mv ROADMAP.md docs/ROADMAP.md", "docs/ROADMAP.md")] {
        for untracked in [false, true] {
            let project = repository("");
            roadmap(&project, &["SHOP-1", "SHOP-2", "SHOP-3"]);
            std::fs::create_dir_all(project.at("docs")).unwrap();
            project.git(moves);
            if untracked {
                project.git("reset -q");
            }
            project.declare(&MODEL.replace("ROADMAP.md", to).replace("RANGE", "")).write(to, items(&["SHOP-1", "SHOP-3"]));
            assert_eq!(found(project.run("--json roadmap check")), ["no_changelog SHOP-2"], "{moves} {untracked}");
            assert_eq!(found(project.run("--json roadmap check --since main")), ["no_changelog SHOP-2"], "{moves} {untracked}");
        }
    }
}

#[test]
fn a_roadmap_that_is_known_under_no_name_is_no_pass() {
    let project = repository("");
    rename(&project, "ROADMAP.md", "PLAN.md").write("PLAN.md", "### SHOP-8: all else\n\nAcceptance:\n- nothing of this stood there\n");
    let told = "`PLAN.md` was not there in the last commit, and `ROADMAP.md`, which had items there, is gone";
    project.run("roadmap check").code(3).says([told]);
    commit(&project);
    let told = "`PLAN.md` was not there where `HEAD` left `main`, and `ROADMAP.md`, which had items there, is gone";
    project.run("roadmap check --since main").code(3).says([told]);
    // One that is new is just that.
    let new = Project::new().file("docs/old.md", "# Old\n").manifest(&MODEL.replace("RANGE", ""));
    commit(new.git("init -q"));
    new.remove("docs/old.md").write("ROADMAP.md", items(&["SHOP-1"])).run("roadmap check").ok();
}

#[test]
fn a_manifest_below_the_repository_has_its_own_roadmap() {
    let project = Project::new();
    let in_shop = |path: &str| format!("my shop/{path}");
    project.write(&in_shop("orket.kdl"), MODEL.replace("RANGE", "")).write(&in_shop("ROADMAP.md"), items(&["SHOP-1", "SHOP-2"]));
    project.write("ROADMAP.md", items(&["ELSE-1"])).git("init -q");
    commit(&project);
    commit(project.write(&in_shop("ROADMAP.md"), items(&["SHOP-1"])).remove("ROADMAP.md"));
    let words = ["-C", "my shop", "--json", "roadmap", "check", "--since", "HEAD~1"];
    assert_eq!(found(project.words(&words)), ["no_changelog SHOP-2"]);
    commit(project.write(&in_shop("ROADMAP.md"), items(&["SHOP-1", "SHOP-3"])));
    commit(project.write(&in_shop("ROADMAP.md"), items(&["SHOP-1"])));
    let words = ["-C", "my shop", "--json", "roadmap", "check", "--since", "HEAD~2"];
    assert_eq!(found(project.words(&words)), ["no_changelog SHOP-3"]);
}

#[test]
fn what_is_not_there_to_look_at_is_no_pass() {
    let project = repository("");
    for _ in 0..4 {
        commit(&project);
    }
    let url = format!("file://{}", project.root().display());
    project.git(&format!("clone -q --depth 3 --no-single-branch {url} ../shallow"));
    // `main` is older than what the clone holds.
    project
        .run("-C ../shallow roadmap check --since HEAD~3")
        .code(3)
        .says(["there is no revision `HEAD~3` in this repository; hint: this clone is shallow", "git fetch --unshallow"]);
    project
        .run("-C ../shallow roadmap check --since origin/main")
        .code(3)
        .says(["`origin/main` and `HEAD` have no commit in common; hint: this clone is shallow"]);
    project.run("-C ../shallow roadmap check --since HEAD~2").ok();
    project.run("-C ../shallow roadmap check").ok();
    // A side branch of which only the end is there.
    project.git("checkout -q main").git("merge -q --no-edit --no-ff work").git(&format!("clone -q --depth 2 {url} ../side"));
    project
        .run("-C ../side roadmap check --since HEAD^1")
        .code(3)
        .says(["this clone holds only a part of what was committed since `HEAD^1`"]);
    project.git("checkout -q --orphan alone");
    commit(project.write("alone", ""));
    project.run("roadmap check --since main").code(3).says(["`main` and `HEAD` have no commit in common"]);
    let bare = Project::new().file("ROADMAP.md", &items(&["SHOP-1"])).manifest(&MODEL.replace("RANGE", ""));
    bare.run("roadmap check").ok();
    bare.run("roadmap check --since HEAD").code(3).says(["stands in no git repository"]);
    bare.git("init -q").run("roadmap check").ok();
    bare.run("roadmap check --since HEAD").code(3).says(["there is no revision `HEAD`"]);
}

#[test]
fn a_commit_takes_no_item_away_without_its_line() {
    let project = repository("stage \"pre_commit\"");
    project.write("ROADMAP.md", items(&["SHOP-2"])).git("add ROADMAP.md");
    project.run("hooks run pre_commit").code(1).says(["`SHOP-1` has left the roadmap, and no line of the changelog is about it"]);
    // In the work tree alone it does not help.
    project.write("CHANGELOG.md", "# Changes\n\n- SHOP-1: one\n");
    project.run("hooks run pre_commit").code(1);
    project.git("add CHANGELOG.md").run("hooks run pre_commit").ok();
}

#[test]
fn a_document_that_a_gate_names_and_that_is_not_there_is_no_pass() {
    let manifest = "gate \"model\" kind=\"working_model\" { roadmap \"ROADMAP.md\"; handoff \"NOTES.md\"; changelog \"CHANGES.md\" }";
    let project = Project::new().file("ROADMAP.md", &items(&["SHOP-1"])).manifest(manifest);
    project.run("check").code(3).says(["cannot read `NOTES.md`", "`allow_empty #true` would allow that"]);
    project.write("NOTES.md", "").run("check").code(3).says(["cannot read `CHANGES.md`"]);
    project.write("CHANGES.md", "").run("check").ok();
    // What is not there yet is made.
    project.remove("NOTES.md").remove("CHANGES.md").run("roadmap start SHOP-1").ok();
    project.run("roadmap done SHOP-1").ok();
    let empty = manifest.replace(" }", "; allow_empty #true }");
    project.remove("NOTES.md").declare(&empty).run("check").ok();
    Project::new().manifest(&empty).run("check").ok();
}

#[test]
fn items_and_notes_are_read_in_common_forms() {
    let items = "# Roadmap\n\n- [ ] **SHOP-1** one\n- [x] **SHOP-2** two\n\n### [SHOP-3](x.md): three\n\n### `SHOP-4`: four\n\n### **SHOP-5**: five\n\n### SHOP-6\n";
    let notes = "## [SHOP-3](x)\nStatus: `active`\n\nSHOP-4\n------\n\nStatus: active\n";
    let project = Project::new().file("ROADMAP.md", items).file("Agents/HANDOFF.md", notes).manifest(&MODEL.replace("RANGE", ""));
    project.run("roadmap list").ok().stdout(
        "items of ROADMAP.md (Exists: not begun, Working: active in Agents/HANDOFF.md):
  SHOP-1  Exists   one  (no acceptance criteria)
  SHOP-2  Exists   two  (done, and still here)
  SHOP-3  Working  three  (no acceptance criteria)
  SHOP-4  Working  four  (no acceptance criteria)
  SHOP-5  Exists   five  (no acceptance criteria)
  SHOP-6  Exists     (no acceptance criteria)
",
    );
}

#[test]
fn what_is_done_goes_below_what_is_not_released() {
    let project = Project::new().manifest(&MODEL.replace("RANGE", ""));
    let shipped = "## [1.0.0] - 2026-01-31\n\n### Added\n\n* old\n";
    let done = |before: &str| {
        project.write("ROADMAP.md", items(&["SHOP-1"])).write("CHANGELOG.md", format!("# Changes\n\n- about dates\n\n{before}{shipped}"));
        project.run("roadmap start SHOP-1").ok();
        project.run("roadmap done SHOP-1").ok();
        project.remove("Agents/HANDOFF.md");
        let text = project.read("CHANGELOG.md");
        text.strip_prefix("# Changes\n\n- about dates\n\n").and_then(|text| text.strip_suffix(shipped)).unwrap_or(&text).to_owned()
    };
    assert_eq!(done("## [Unreleased]\n\n"), "## [Unreleased]\n\n- SHOP-1: title of SHOP-1\n\n");
    let added = "## Not released\n\n### Fixed\n\n* a\n\n### Added\n\n";
    assert_eq!(done(added), format!("{added}* SHOP-1: title of SHOP-1\n\n"));
    project.write("ROADMAP.md", items(&["SHOP-2", "SHOP-2"])).run("roadmap start SHOP-2").ok();
    project.run("roadmap done SHOP-2").code(1).says(["error: `SHOP-2` stands twice on the roadmap (ROADMAP.md:1 and 6)"]);
}

#[test]
fn a_release_has_one_line_about_an_item() {
    let project = repository("");
    let changes = |text: &str| project.write("CHANGELOG.md", format!("# Changes\n\n## 1.0\n\n{text}"));
    project.write("ROADMAP.md", items(&["SHOP-2"]));
    changes("- SHOP-1: carts\n\n### Fixed\n\n- Carts hold more (SHOP-1)\n");
    project.run("check").code(1).stdout(
        "error[working_model/twice_in_changelog]: the changelog has 2 lines about `SHOP-1` in one release: 5 and 9
 --> CHANGELOG.md:9:1
9 | - Carts hold more (SHOP-1)
  | ^
  = help: make one line of lines 5 and 9; one that is about another item names that one first

failed  model  1 finding  (2 files)
failed: 1 failed, 0 of 1 gate passed
",
    );
    // It does not matter that it left the roadmap long ago.
    commit(&project);
    assert_eq!(found(project.run("--json check")), ["twice_in_changelog SHOP-1"]);
    changes("- SHOP-1: carts\n  - SHOP-1 has a summary\n- SHOP-3: follow-up of SHOP-1\n- UTF-8 names\n- UTF-8 prices\n").run("check").ok();
    changes("- SHOP-1: carts\n\n## 1.0-rc.1\n\n- SHOP-1: carts\n").run("check").ok();
}

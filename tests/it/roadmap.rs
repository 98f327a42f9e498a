//! Claims that documents make: what is run, what holds, and what is corrected.

use crate::common::Project;

const MANIFEST: &str = r#"
gate "roadmap" kind="roadmap_metrics" {
    file "docs/ROADMAP.md"
    command "sh tests.sh" quick=#true
    command "grep *"
    command "sh broken.sh"
    command "nope-such-program"
    command "orket *"
}
"#;

fn roadmap(text: &str) -> Project {
    Project::new()
        .file("docs/ROADMAP.md", text)
        .file("tests.sh", "echo 'test result: ok. 12 passed; 0 failed'; echo 'test result: ok. 5 passed; 0 failed'\n")
        .file("broken.sh", "echo '3 passed, 1 failed'; exit 1\n")
        .file("src/a.py", "x = 1\n")
        .manifest(MANIFEST)
}

fn rules(project: &Project, words: &str) -> Vec<String> {
    let json = project.run(&format!("check --format json {words}")).either().1.json();
    let gate = &json["gates"][0];
    let findings = gate["findings"].as_array().unwrap().iter();
    let rule = |one: &serde_json::Value| format!("{}:{}", one["rule"].as_str().unwrap().replace("roadmap_metrics/", ""), one["line"]);
    findings.map(rule).chain([gate["outcome"].as_str().unwrap().to_owned()]).collect()
}

#[test]
fn claims_that_hold() {
    let project = roadmap(
        "# Status\n\n1. `sh tests.sh` -> 17 passed, 0 failed.\n2. `grep -rn nothing src` -> 0 matches.\n3. `sh broken.sh` -> exit 1\n4. `sh tests.sh` -> `ok. 5 passed`\n5. `src/a.py` is there, and `docs/ROADMAP.md`.\n",
    );
    assert_eq!(rules(&project, ""), ["pass"]);
    project.run("build").ok().says(["done    roadmap"]);
    project.run("roadmap check").ok().stdout("pass    roadmap  nothing found  (1 file)\ndone: 1 of 1 gate passed\n");
}

#[test]
fn what_only_seems_to_hold_is_found() {
    for (claim, expected) in [
        ("`grep -q x src/a.py` -> 0 matches", ["unread:1", "fail"]),
        ("`grep -A1 x src/a.py` -> 1 match", ["unread:1", "fail"]),
        ("`sh tests.sh` -> `ok. 5 pass`", ["drifted:1", "fail"]),
        ("`sh tests.sh` -> nothing to see\n- `src/a.py`", ["unread_claim:1", "fail"]),
        ("`.nope/run` is the check", ["not_found:1", "fail"]),
    ] {
        assert_eq!(rules(&roadmap(&format!("- {claim}\n")), ""), expected, "{claim}");
    }
    for claim in ["`sh tests.sh` -> never exits 1", "`sh tests.sh` -> all green"] {
        let expected = ["no_claims:0", "unread_claim:1", "not_evaluated"];
        assert_eq!(rules(&roadmap(&format!("- {claim}\n")), ""), expected, "{claim}");
    }
    let project = roadmap("- `grep -A1 x src/a.py` -> 1 match\n- `rm -r x` -> nothing to see\n");
    project.run("check").code(1).says(["leave out `-A`"]);
}

/// Binary numbers of 64 bits would take some of these for the same, and two equal sums for different ones.
#[test]
fn numbers_are_compared_and_added_up_as_they_are_written() {
    for (printed, claim, outcome) in [
        ("9007199254740992 items", "9007199254740993 items", "fail"),
        ("9007199254740993 items", "9007199254740993 items", "pass"),
        ("9007199254740992 items", "at least 9007199254740993 items", "fail"),
        ("9007199254740992 items\n1 item", "9,007,199,254,740,993 items", "pass"),
        ("123456789012345678901234567890 items", "123456789012345678901234567891 items", "fail"),
        ("0.1 MB\n0.2 MB", "0.3 MB", "pass"),
        ("999999999999999999999999999999999999999 items\n1 item", "1 item", "fail"),
    ] {
        let project = roadmap(&format!("- `sh count.sh` -> {claim}\n")).file("count.sh", &format!("printf '{printed}\\n'\n"));
        project.declare(&MANIFEST.replace("sh tests.sh", "sh count.sh"));
        assert_eq!(rules(&project, "").last().unwrap(), outcome, "{claim}: {printed}");
    }
    let project = roadmap("- `sh count.sh` -> 9007199254740993 items\n").file("count.sh", "echo 9007199254740994 items\n");
    project.declare(&MANIFEST.replace("sh tests.sh", "sh count.sh"));
    project.run("roadmap check --update").ok();
    assert_eq!(project.read("docs/ROADMAP.md"), "- `sh count.sh` -> 9007199254740994 items\n");
}

#[test]
fn every_way_not_to_hold_is_told_apart() {
    for (claim, expected) in [
        ("`sh tests.sh` -> 18 passed", ["drifted:1", "fail"]),
        ("`sh tests.sh` -> 3 collected", ["unread:1", "fail"]),
        ("`sh tests.sh` -> exit 2", ["drifted:1", "fail"]),
        ("`sh tests.sh` -> `all is lost`", ["drifted:1", "fail"]),
        ("`rm -rf src` -> 0 failed", ["not_allowed:1", "fail"]),
        ("`sh broken.sh` -> 3 passed", ["failed:1", "fail"]),
        ("`sh broken.sh` -> 3 collected", ["failed:1", "not_evaluated"]),
        ("`nope-such-program` -> 3 passed", ["not_run:1", "not_evaluated"]),
        ("`src/gone.py`", ["not_found:1", "fail"]),
        ("`orket check` -> 0 failed", ["recursive:1", "fail"]),
        ("`orket build roadmap` -> 0 failed", ["recursive:1", "fail"]),
        ("`orket -C . check` -> 0 failed", ["recursive:1", "fail"]),
        ("`orket roadmap check` -> 0 failed", ["recursive:1", "fail"]),
        ("`sh tests.sh` -> 17 passed; `sh tests.sh` -> 18 passed", ["drifted:1", "fail"]),
        ("`sh tests.sh` -> 17 passed,\n  1 failed", ["drifted:1", "fail"]),
        ("`sh tests.sh` -> not more than 16 passed", ["drifted:1", "fail"]),
        ("`sh broken.sh` -> 3 passed, exit 2", ["drifted:1", "fail"]),
        ("`nope-such-program` -> `all good`", ["not_run:1", "not_evaluated"]),
        ("nothing", ["no_claims:0", "not_evaluated"]),
        ("`sh tests.sh` -> at least 18 passed", ["drifted:1", "fail"]),
        ("`grep -rn nothing nowhere` -> 1 matches", ["failed:1", "not_evaluated"]),
        ("`sh tests.sh` -> 18 to 20 passed", ["drifted:1", "fail"]),
        ("`sh tests.sh` -> 17% passed", ["unread:1", "fail"]),
        ("`sh tests.sh` -> -17 passed", ["drifted:1", "fail"]),
        ("`sh tests.sh` -> 17", ["unread:1", "fail"]),
    ] {
        assert_eq!(rules(&roadmap(&format!("- {claim}\n")), ""), expected, "{claim}");
    }
    roadmap("- `sh tests.sh` -> 18 passed\n").run("check").code(1).stdout(
        "error[roadmap_metrics/drifted]: claimed: 18 passed; actual: 17
 --> docs/ROADMAP.md:1:3
1 | - `sh tests.sh` -> 18 passed
  |   ^
  = help: correct the document (`orket roadmap check --update` corrects numbers), or what it is about

failed  roadmap  1 finding  (1 file)
failed: 1 failed, 0 of 1 gate passed
",
    );
    // An update is proposed where it would mend something.
    let told = |claim: &str| roadmap(&format!("- {claim}\n")).run("check --format json").either().1.json();
    for (claim, updates) in [
        ("`sh tests.sh` -> 18 passed", true),
        ("`sh tests.sh` -> at least 18 passed", false),
        ("`sh tests.sh` -> exit 3", false),
        ("`sh tests.sh` -> `18 passed`", false),
        ("`sh tests.sh` -> 1*8* passed", false),
        ("`sh tests.sh` -> 18 warnings", false),
        ("`sh broken.sh` -> 4 passed", false),
    ] {
        let findings = told(claim)["gates"][0]["findings"].to_string();
        assert!(findings.contains("correct the document") && findings.contains("--update") == updates, "{claim}: {findings}");
        let (_, seen) = roadmap(&format!("- {claim}\n")).run("roadmap check --update").either_owned();
        assert_eq!(seen.contains("note: no number has changed"), !updates, "{claim}: {seen}");
    }
    roadmap("- nothing\n").run("check").code(3);
    let old = roadmap("- `sh tests.sh` -> 17 passed\r- more\r");
    old.run("check").code(3).says(["`docs/ROADMAP.md`: its lines end in CR alone: let them end in LF or CR LF"]);
    old.run("roadmap list").code(3).says(["its lines end in CR alone"]);
    Project::new().manifest(MANIFEST).run("check").code(3).says(["cannot read `docs/ROADMAP.md`"]);
}

#[test]
fn numbers_are_held_as_they_are_written() {
    let holds = |claim: &str, output: &str| {
        let project = roadmap(&format!("- `sh tests.sh` -> {claim}\n"));
        let found = rules(&project.file("tests.sh", &format!("echo '{output}'\n")), "");
        assert!(["pass", "drifted:1 fail", "unread:1 fail"].contains(&&*found.join(" ")), "{found:?}");
        found.len() == 1
    };
    for (claim, output, other) in [
        ("12.5% done", "12.5% done", "12.4% done"),
        ("-3 degrees", "it has -3 degrees", "it has 3 degrees"),
        ("1,234 files", "1234 files", "1235 files"),
        ("1,234 files", "1,234 files", "1,234,000 files"),
        ("1.2 MB", "1.2MB", "1.3 MB"),
        ("1.2 MB", "size: 1.2 mb", "1258291 bytes"),
        ("3-7 items", "7 items", "8 items"),
        ("between 3 and 7 items", "3 items", "2 items"),
        ("at least 3 items", "300 items", "2 items"),
        ("fewer than 3 items", "2 items", "3 items"),
        ("200+ items", "200 items", "199 items"),
        ("42", "42", "43"),
        ("42", " 42 ", "42 items"),
        ("3 items in 5.1s", "3 items in 7.2s", "4 items in 5.1s"),
    ] {
        assert!(holds(claim, output) && !holds(claim, other), "{claim}: {output}, {other}");
    }
    let project = roadmap("- `sh tests.sh` -> at least 18 passed\n- `sh tests.sh` -> 99.50 passed.\n");
    project.run("check").code(1).says(["claimed: at least 18 passed; actual: 17", "claimed: 99.50 passed; actual: 17"]);
    project.run("roadmap check --update").code(1).says(["docs/ROADMAP.md:2: 99.50 passed -> 17 passed"]);
    assert_eq!(project.read("docs/ROADMAP.md"), "- `sh tests.sh` -> at least 18 passed\n- `sh tests.sh` -> 17 passed.\n");
}

/// What is read of `1 000 errors` as 0 makes a wrong claim hold.
#[test]
fn a_part_of_a_number_is_no_number() {
    for (output, rule) in [
        ("1 000 errors", "unread:1"),
        ("1 000 errors, 195 passed in 3.21s", "unread:1"),
        ("at 12:00 errors", "unread:1"),
        ("3/0 errors", "unread:1"),
        ("errors: 0 000", "unread:1"),
        ("5 errors", "drifted:1"),
    ] {
        let project = roadmap("- `sh tests.sh` -> 0 errors\n").file("tests.sh", &format!("echo '{output}'\n"));
        assert_eq!(rules(&project, ""), [rule, "fail"], "{output}");
    }
    let project = roadmap("- `sh tests.sh` -> 1,000 files\n").file("tests.sh", "echo 1234567 files\n");
    project.run("roadmap check --update").ok().says(["1,000 files -> 1,234,567 files"]);
    assert_eq!(project.read("docs/ROADMAP.md"), "- `sh tests.sh` -> 1,234,567 files\n");
}

#[test]
fn a_document_runs_no_more_than_the_words_that_a_star_stands_for() {
    let hostile = [
        "grep -c x src/a.py; touch HACKED",
        "grep -c x src/a.py && touch HACKED",
        "grep -c x src/a.py || touch HACKED",
        "grep -c x src/a.py & touch HACKED",
        "grep -c x src/a.py | tee HACKED",
        "grep -c x src/a.py > HACKED",
        "grep -c $(touch HACKED) src/a.py",
        "grep -c \"$(touch HACKED)\" src/a.py",
        "grep -c x src/a.py ${y:-$(touch HACKED)}",
        "grep -c $'a\\'; touch HACKED; '",
        "grep -c x <(touch HACKED)",
    ];
    for command in hostile {
        let project = roadmap(&format!("- ``{command}`` -> 0 matches\n"));
        assert_eq!(rules(&project, ""), ["beyond:1", "fail"], "{command}");
        project.run("roadmap check --update").code(1);
        assert!(!project.has("HACKED"), "{command}");
    }
    let project = roadmap("- `` grep -c `touch HACKED` src/a.py `` -> 0 matches\n");
    assert_eq!(rules(&project, ""), ["beyond:1", "fail"]);
    assert!(!project.has("HACKED"));
    let project = roadmap("- `grep -c \"x|y\" src/a.py` -> 0 matches\n- `grep -c x src/a.py; true` -> 1 match\n");
    project.run("check").code(1).says([
        "error[roadmap_metrics/beyond]: `;` in `grep -c x src/a.py; true` is more than `*` stands for in the command \"grep *\" that is allowed",
        "`*` stands for words of one command; if all of it may run, allow it as it is: command \"grep -c x src/a.py; true\"",
    ]);
    project.declare(&MANIFEST.replace("\"grep *\"", "\"grep *\"; command \"grep * src/a.py; true\""));
    assert_eq!(rules(&project, ""), ["pass"]);
}

#[test]
fn quick_leaves_dear_commands_out() {
    let project = roadmap("- `sh broken.sh` -> 3 passed\n- `sh tests.sh` -> 17 passed\n- `src/a.py`\n");
    assert_eq!(rules(&project, ""), ["failed:1", "pass"].map(|one| one.replace("pass", "fail")));
    assert_eq!(rules(&project, "--quick"), ["pass"]);
    project.run("roadmap check --quick").ok();
    assert_eq!(rules(&roadmap("- `grep x src` -> 1 matches\n"), "--quick"), ["no_claims:0", "not_evaluated"]);
}

#[test]
fn a_task_that_has_passed_serves() {
    let project = Project::new()
        .file("ROADMAP.md", "- `cargo test` -> 17 passed\n")
        .file("in", "17")
        .manifest("gate \"roadmap\" kind=\"roadmap_metrics\" { file \"ROADMAP.md\"; command \"cargo test\" task=\"unit\" }\ntask \"unit\" { inputs \"in\"; sh \"{log:unit}; echo $(cat in) passed\" }");
    project.run("check").code(3).ran([]).says(["the task `unit` has not passed with what is there now; build it: orket build unit"]);
    project.run("build roadmap").ok().ran(["unit"]);
    project.run("check").ok().ran([]);
    project.write("in", "18").run("check").code(3).ran([]);
    project.run("build roadmap").code(1).ran(["unit"]).says(["claimed: 17 passed; actual: 18"]);
    project.run("roadmap check --update").ok().ran([]).says(["ROADMAP.md:1: 17 passed -> 18 passed"]);
    assert_eq!(project.read("ROADMAP.md"), "- `cargo test` -> 18 passed\n");
}

#[test]
fn numbers_are_corrected_in_place_and_never_from_a_failure() {
    let text =
        "# Ä\r\n\r\n1. `sh tests.sh` -> 1,200 passed, 3 failed (was 9).\r\n2. `sh broken.sh` -> 9 passed\n3. `rm -rf src` -> 9 passed\n";
    let project = roadmap(text);
    project
        .run("roadmap check --update")
        .code(1)
        .says(["docs/ROADMAP.md:3: 1,200 passed -> 17 passed", "docs/ROADMAP.md:3: 3 failed -> 0 failed"]);
    assert_eq!(project.read("docs/ROADMAP.md"), text.replace("1,200 passed, 3 failed", "17 passed, 0 failed"));
    assert!(project.has("src/a.py"));
    project.run("roadmap check --update").code(1).says(["note: no number has changed"]);
}

#[test]
fn claims_are_listed_without_running_anything() {
    let project = roadmap("1. `sh tests.sh` -> 17 passed, 0 failed.\n2. `rm -rf src` -> exit 0\n3. `src/a.py`\n");
    project.run("roadmap list").ok().ran([]).stdout(
        "claims:\n  docs/ROADMAP.md:1  sh tests.sh -> 17 passed, 0 failed\n  docs/ROADMAP.md:2  rm -rf src -> exit 0\n  docs/ROADMAP.md:3  src/a.py\n",
    );
    assert!(project.has("src/a.py"));
    let json = project.run("roadmap list --json").ok().json();
    assert_eq!(json["claims"][0]["expected"].to_string(), r#"["17 passed","0 failed"]"#);
    Project::new().manifest("task \"t\" { sh \"true\" }").run("roadmap check").code(4).says(["there is no gate of the kind"]);
}

#[test]
fn lines_that_claim_nothing_are_named() {
    let project = roadmap("- `sh tests.sh` -> 17 passed\n- `sh tests.sh` -> all green\n- `sh tests.sh` -> 3 or 4 passed\n");
    project.run("roadmap list").ok().says([
        "note: an arrow stands behind a command, and nothing that can be checked behind the arrow: docs/ROADMAP.md:2, docs/ROADMAP.md:3",
    ]);
}

#[test]
fn wrong_rules_are_told() {
    let wrong = |rules: &str| {
        let manifest = format!("gate \"r\" kind=\"roadmap_metrics\" {{ {rules} }}");
        Project::new().manifest(&manifest).run("list").code(2).err().to_owned()
    };
    assert!(wrong("command \"x\"").contains("the gate names no document"));
    assert!(wrong("file \"a.md\"; command \"x\" tsk=\"t\"").contains("did you mean `task`?"));
    assert!(wrong("file \"a.md\"; command \"x\" task=\"nowhere\"").contains("nowhere"));
    assert!(wrong("file \"../a.md\"").contains("is no path of the project"));
}

#[test]
fn documents_that_are_links_are_told() {
    let project = roadmap("- `sh tests.sh` -> 17 passed\n").manifest(&MANIFEST.replace("docs/ROADMAP.md", "docs/*.md"));
    project.link("ROADMAP.md", "docs/LINK.md");
    project.run("roadmap check").ok().says(["pass    roadmap  nothing found  (1 file, 1 link not followed)"]);
    project.write("R.md", "").remove("docs/ROADMAP.md").remove("docs/LINK.md").link("../R.md", "docs/LINK.md");
    project.run("roadmap check").code(3).says(["no document was read: its `file` matches nothing but links, which are not followed"]);
}

#[test]
fn what_somebody_writes_into_a_document_while_its_commands_run_is_not_lost() {
    let project = roadmap("1. `sh tests.sh` -> 16 passed.\n");
    let mine = "mine\n1. `sh tests.sh` -> 16 passed.\n";
    // The command plays the person, too.
    project.write("mine", mine).write("tests.sh", "cp mine docs/ROADMAP.md; echo '17 passed'\n");
    project
        .run("roadmap check --update")
        .either()
        .1
        .says(["note: `docs/ROADMAP.md` was written while its commands ran, and stays as it is"]);
    assert_eq!(project.read("docs/ROADMAP.md"), mine);
    project.write("tests.sh", "echo '17 passed'\n").run("roadmap check --update").ok();
    assert_eq!(project.read("docs/ROADMAP.md"), "mine\n1. `sh tests.sh` -> 17 passed.\n");
    project.remove("docs/ROADMAP.md").link("mine", "docs/ROADMAP.md");
    project.write("docs/mine", mine);
    project.run("roadmap check --update").code(2).says(["error: `docs/ROADMAP.md` is a link"]);
}

#[test]
fn a_command_that_lets_orket_judge_its_own_gate_comes_to_an_end() {
    let project = roadmap("- `sh again.sh` -> 1 passed\n");
    let script = format!("{} -C . check --format json > inner.json\n", env!("CARGO_BIN_EXE_orket"));
    let project = project.file("again.sh", &script).manifest(&MANIFEST.replace("sh broken.sh", "sh again.sh"));
    assert_eq!(rules(&project, ""), ["recursive:1", "fail"]);
    assert!(project.read("inner.json").contains("orket was started by a command of this very gate"));
}

#[test]
fn a_circle_is_one_in_a_checkout_without_state() {
    let project = roadmap("- `sh again.sh` -> 1 passed\n").file("again.sh", &format!("{} check\n", env!("CARGO_BIN_EXE_orket")));
    let project = project.manifest(&MANIFEST.replace("sh broken.sh", "sh again.sh"));
    let _ = std::fs::remove_dir_all(project.root().join(".orket"));
    project.run("roadmap check").code(1).says(["error[roadmap_metrics/recursive]"]);
}

#[test]
fn a_circle_is_one_beside_a_task_that_is_not_fresh() {
    let project = Project::new().file("R.md", "- `nosuch` -> 1 passed\n- `sh self.sh` -> exit 3\n");
    let project = project.file("self.sh", &format!("{} check\n", env!("CARGO_BIN_EXE_orket")));
    let project = project.manifest(
        "gate \"r\" kind=\"roadmap_metrics\" { file \"R.md\"; command \"nosuch\" task=\"unit\"; command \"sh self.sh\" }\ntask \"unit\" { inputs \"R*\"; sh \"echo 1 passed\" }",
    );
    assert_eq!(rules(&project, ""), ["not_run:1", "recursive:2", "not_evaluated"]);
    project.run("build unit").ok();
    assert_eq!(rules(&project, ""), ["recursive:2", "fail"]);
}

#[test]
fn a_gate_that_runs_itself_in_another_environment_is_a_finding() {
    let script = format!(
        "n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) > n; test $n -lt 3 || exit 9\nexec env -i PATH=\"$PATH\" {} check roadmap\n",
        env!("CARGO_BIN_EXE_orket")
    );
    for claim in ["`sh again.sh` -> exit 3", "`setsid -w sh again.sh` -> exit 3"] {
        let project = roadmap(&format!("- {claim}\n")).file("again.sh", &script);
        let project = project.manifest(&MANIFEST.replace("sh broken.sh", "*sh again.sh"));
        assert_eq!(rules(&project, ""), ["recursive:1", "fail"], "{claim}");
        assert_eq!(project.read("n"), "1\n", "{claim}");
    }
}

#[test]
fn a_gate_that_another_one_runs_while_it_runs_itself_is_no_circle() {
    let orket = env!("CARGO_BIN_EXE_orket");
    let gate = |name: &str| format!("gate \"{name}\" kind=\"roadmap_metrics\" {{ file \"{name}.md\"; command \"sh {name}.sh\" }}\n");
    let project = Project::new().manifest(&(gate("one") + &gate("two")));
    project.write("one.md", "- `sh one.sh` -> exit 0\n").write("two.md", "- `sh two.sh` -> exit 0\n");
    project.write("one.sh", format!("until test -e runs; do sleep 0.01; done; {orket} check two; s=$?; touch over; exit $s\n"));
    project.write("two.sh", "if mkdir first 2>/dev/null; then touch runs; until test -e over; do sleep 0.01; done; fi\n");
    project.run_with("check", &[("RAYON_NUM_THREADS", "2")]).ok();
}

#[test]
fn a_command_ends_when_its_time_is_over() {
    let manifest = |timeout: &str| MANIFEST.replace("\"sh broken.sh\"", &format!("\"sh broken.sh\" timeout=\"{timeout}\""));
    let project = roadmap("- `sh broken.sh` -> 1 passed\n").manifest(&manifest("100ms")).file("broken.sh", "sleep 300\n");
    project.run("check").code(3).says(["`sh broken.sh` tells nothing: it took longer than 100 ms"]);
    project.manifest(&manifest("soon")).run("check").code(2).says(["`timeout` takes a duration"]);
}

#[test]
fn what_goes_on_printing_is_ended() {
    let project = roadmap("- `yes a` -> 1 lines\n").manifest(&MANIFEST.replace("sh broken.sh", "yes a"));
    project.run("check").code(3).says(["`yes a` tells nothing: it cannot run: it prints more than 64 MiB"]);
}

#[test]
fn what_prints_too_much_is_not_counted() {
    let project = roadmap("- `grep -c x long`  -> 1 lines\n- `yes | head -c 70000000` -> 1 lines\n");
    let project = project.manifest(&MANIFEST.replace("sh broken.sh", "yes | head -c 70000000")).file("long", "x\n");
    assert_eq!(rules(&project, ""), ["not_run:2", "not_evaluated"]);
}

#[test]
fn all_that_a_task_printed_serves() {
    let project = Project::new()
        .file("ROADMAP.md", "- `cargo test` -> 18 passed\n")
        .file("in", "")
        .manifest("gate \"roadmap\" kind=\"roadmap_metrics\" { file \"ROADMAP.md\"; command \"cargo test\" task=\"unit\" }\ntask \"unit\" { inputs \"in\"; sh \"echo 18 passed; seq 100000\" }");
    project.run("build").ok();
    project.run("check").ok();
    project.run("cache clear").ok();
    project.run("check --format json").code(3).says(["is not in the store any more; build it again: orket build unit"]);
    project.run("build").ok().says(["done    unit"]);
    project.run("check").ok();
}

//! Gates: what they find, what is tolerated, and how orket ends.

use crate::common::Project;

const LAYERS: &str = r#"gate "layers" kind="dependency_direction" {
    root "shop" language="python"
    layer "web" "shop/web/**"
    layer "domain" "shop/domain/**"
    layer "infra" "shop/infra/**"
    order "web" "infra" "domain"
}
"#;

fn shop(domain: &str) -> Project {
    Project::new()
        .file("shop/__init__.py", "")
        .file("shop/web/views.py", "from shop.domain import model\n")
        .file("shop/infra/db.py", "import requests\n")
        .file("shop/domain/model.py", domain)
}

#[test]
fn a_wrong_direction_is_shown_with_its_line() {
    let seen = shop("import os\nfrom shop.infra import db\n").manifest(LAYERS).run("check").code(1).out().to_owned();
    assert_eq!(
        seen,
        "error[dependency_direction/order]: `shop.domain.model` imports `shop.infra.db`, and `infra` stands above `domain`
 --> shop/domain/model.py:2:1
2 | from shop.infra import db
  | ^
  = help: turn the dependency round, or allow it with a reason (order, orket.kdl:6)

failed  layers  1 finding  (4 files)
failed: 1 failed, 0 of 1 gate passed
"
    );
    shop("import os\n").manifest(LAYERS).run("check").ok().stdout("pass    layers  nothing found  (4 files)\ndone: 1 of 1 gate passed\n");
}

#[test]
fn machines_are_told_both_ends_of_an_edge() {
    let json = shop("from shop.infra import db\n").manifest(LAYERS).run("check --format json").code(1).json();
    let gate = &json["gates"][0];
    assert_eq!((&json["version"], &gate["address"], &gate["kind"]), (&1.into(), &"layers".into(), &"dependency_direction".into()));
    assert_eq!(gate["outcome"], "fail");
    assert_eq!(gate["facts"].to_string(), r#"{"cached":0,"extracted":4,"files":4}"#);
    let finding = &gate["findings"][0];
    let shown: Vec<String> =
        ["rule", "file", "line", "column", "state", "from", "to", "from_file", "to_file"].map(|key| finding[key].to_string()).into();
    assert_eq!(
        shown.join(" "),
        r#""dependency_direction/order" "shop/domain/model.py" 1 1 "new" "shop.domain.model" "shop.infra.db" "shop/domain/model.py" "shop/infra/db.py""#
    );
}

#[test]
fn every_kind_of_rule_finds_what_it_is_for() {
    let rules = |rules: &str, domain: &str| {
        let layers: String = LAYERS.lines().filter(|line| !line.contains("order")).map(|line| format!("{line}\n")).collect();
        let manifest = layers.replace("\n}\n", &format!("\n{rules}\n}}\n"));
        let json = shop(domain).manifest(&manifest).run("check --format json").either().1.json();
        let findings = json["gates"][0]["findings"].as_array().unwrap().clone();
        findings
            .iter()
            .map(|one| format!("{} {}:{}", one["rule"].as_str().unwrap(), one["file"].as_str().unwrap(), one["line"]))
            .collect::<Vec<_>>()
    };
    let db = "from shop.infra import db\n";
    assert_eq!(rules("deny \"domain\" \"infra\"", db), ["dependency_direction/deny shop/domain/model.py:1"]);
    assert_eq!(rules("deny \"infra\" \"domain\"", db), [] as [&str; 0]);
    assert_eq!(rules("deny \"domain\" \"infra\"; allow \"domain\" \"infra\" reason=\"old\"", db), [] as [&str; 0]);
    let late = "deny \"domain\" \"infra\"; allow \"domain\" \"infra\" reason=\"old\" until=\"2020-01-31\"";
    assert_eq!(rules(late, db), ["dependency_direction/deny shop/domain/model.py:1"]);
    assert_eq!(rules("independent \"web\" \"infra\"", db), ["dependency_direction/independent shop/web/views.py:1"]);
    assert_eq!(rules("deny \"web\" \"infra\"", db), [] as [&str; 0]);
    assert_eq!(rules("deny \"web\" \"infra\"; transitive #true", db), ["dependency_direction/deny shop/web/views.py:1"]);
    assert_eq!(rules("acyclic \"shop\"", "import shop.web.views\n"), ["dependency_direction/cycle shop/domain/model.py:1"]);
    assert_eq!(rules("acyclic \"shop/infra\"", "import shop.web.views\n"), [] as [&str; 0]);
    assert_eq!(rules("protected \"shop/infra/**\" by=\"shop/web/**\"", db), ["dependency_direction/protected shop/domain/model.py:1"]);
    assert_eq!(rules("protected \"shop/infra/**\" by=\"shop/domain/**\"", db), [] as [&str; 0]);
    assert_eq!(rules("external \"requests\" { only_in \"domain\" }", ""), ["dependency_direction/external shop/infra/db.py:1"]);
    assert_eq!(rules("external \"requests\" only_in=\"infra\"", ""), [] as [&str; 0]);
    let guarded = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from shop.infra import db\n";
    assert_eq!(rules("deny \"domain\" \"infra\"", guarded), ["dependency_direction/deny shop/domain/model.py:3"]);
    assert_eq!(rules("deny \"domain\" \"infra\"; type_only \"ignore\"", guarded), [] as [&str; 0]);
}

#[test]
fn a_file_may_be_left_out_with_a_reason_and_is_told() {
    let gate = |exclude: &str| {
        let manifest = LAYERS.replace("root \"shop\" language=\"python\"", &format!("root \"shop\" language=\"python\" {{ {exclude} }}"));
        shop("from shop.infra import new\n").file("shop/infra/new.py", "match x(:\n").manifest(&manifest)
    };
    gate("").run("check").code(3).says(["shop/infra/new.py"]);
    let json = gate("exclude \"shop/infra/new.py\" reason=\"newer than the parser\"").run("check --format json").code(1).json();
    let findings: Vec<String> = json["gates"][0]["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| format!("{} {} {}", one["rule"].as_str().unwrap(), one["file"].as_str().unwrap(), one["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        findings,
        ["dependency_direction/order shop/domain/model.py new", "dependency_direction/left_out shop/infra/new.py suppressed",],
        "an import that leads to it counts"
    );
    gate("exclude \"shop/infra/gone.py\" reason=\"x\"")
        .run("check")
        .code(3)
        .says(["`exclude \"shop/infra/gone.py\"` leaves out no source file"]);
    gate("exclude \"shop/infra/new.py\"").run("check").code(2).says(["`exclude` gives no reason"]);
}

#[test]
fn a_package_of_cargo_is_known_by_each_of_its_names() {
    let cargo = "[package]\nname = \"a\"\n[dependencies]\ntokio-util = \"1\"\nren = { package = \"hyper-tls\", version = \"1\" }\n";
    for name in ["tokio-util", "tokio_util", "ren", "hyper-tls", "hyper_tls"] {
        let manifest = format!(
            "gate \"g\" kind=\"dependency_direction\" {{ layer \"a\" \"src/lib.rs\"; layer \"b\" \"src/b.rs\"; external \"{name}\" only_in=\"b\" }}"
        );
        Project::new()
            .file("Cargo.toml", cargo)
            .file("src/lib.rs", "mod b;\nuse tokio_util::x;\nuse ren::y;\n")
            .file("src/b.rs", "")
            .manifest(&manifest)
            .run("check")
            .code(1)
            .says(["[dependency_direction/external]"]);
    }
    let project = Project::new().file("Cargo.toml", cargo).file("src/lib.rs", "use ren::y;\n");
    let project = project.manifest(
        "gate \"g\" kind=\"dependency_direction\" { layer \"a\" \"src/b.rs\"; external \"ren\" only_in=\"a\"; allow_empty #true }",
    );
    let json = project.run("graph imports --format json").ok().json();
    let edges: Vec<String> =
        json["edges"].as_array().unwrap().iter().map(|edge| format!("{} {}", edge["to"], edge["violations"])).collect();
    assert_eq!(edges, ["\"hyper_tls\" [\"dependency_direction/external\"]"], "one package is one edge");
}

#[test]
fn a_chain_is_shown_from_end_to_end() {
    let manifest = LAYERS.replace("order \"web\" \"infra\" \"domain\"", "independent \"web\" \"infra\"");
    shop("import re\nfrom shop.infra import db\n").manifest(&manifest).run("check").code(1).says([
        "`shop.web.views` reaches `shop.infra.db`, and `web` and `infra` are independent: shop.web.views -> shop.domain.model -> shop.infra.db",
        "shop/web/views.py:1, shop/domain/model.py:2",
    ]);
}

#[test]
fn nothing_is_green_that_was_not_looked_at() {
    let project = |manifest: &str| shop("").manifest(manifest);
    project(&LAYERS.replace("shop/infra", "shop/infar")).run("check").code(3).says([
        "the layer `infra` matches no source file: `shop/infar/**`",
        "did you mean `shop/infra/**` instead of",
        "no layer claims `shop.infra.db`",
    ]);
    for (typed, meant) in [("infra", "shop/infra/**"), ("infra/*.py", "shop/infra/*.py")] {
        let help = format!("did you mean `{meant}` instead of `{typed}`?");
        project(&LAYERS.replace("shop/infra/**", typed)).run("check").code(3).says([&help]);
    }
    let open = LAYERS.replace("shop/infra", "shop/infar").replace("order", "allow_empty #true; order");
    project(&open).run("check").ok();
    for rule in ["acyclic \"shop/infar\"", "protected \"shop/infar/**\" by=\"shop/web/**\""] {
        let word = rule.split(' ').next().unwrap();
        let typo = LAYERS.replace("order \"web\" \"infra\" \"domain\"", rule);
        project(&typo)
            .run("check")
            .code(3)
            .says([&format!("error[dependency_direction/empty_rule]: `{word}` matches no source file: `shop/infar")]);
        project(&typo.replace(rule, &format!("allow_empty #true; {rule}"))).run("check").ok();
    }
    let part = LAYERS.replace("order \"web\" \"infra\" \"domain\"", "external \"requests.adapters\" only_in=\"infra\"");
    project(&part)
        .run("check")
        .code(3)
        .says(["`external \"requests.adapters\"` matches no import", "name the package: external \"requests\""]);
    let empty = "gate \"g\" kind=\"dependency_direction\" { root \"doc\"; acyclic \".\" }";
    project(empty).file("doc/a.md", "").run("check").code(3).says(["no file below its roots imports anything"]);
    project(empty).run("check").code(3).says(["there is no folder `doc`"]);
    project("gate \"g\" kind=\"pattern\" { pattern \"x\"; files \"*.nope\" }").run("check").code(3).says(["no file was read"]);
    let broken = LAYERS.replace("order", "allow_empty #true; order");
    project(&broken).file("shop/domain/model.py", "def (:\n").run("check").code(3).says(["[dependency_direction/unparsable]"]);
    let settings = "gate \"g\" kind=\"dependency_direction\" { layer \"a\" \"a/**\"; layer \"b\" \"b/**\"; deny \"a\" \"b\" }";
    Project::new()
        .file("a/a.ts", "import '@/b/b';\nimport './c';\n")
        .file("a/c.ts", "")
        .file("b/b.ts", "")
        .file("tsconfig.json", "{\n\"compilerOptions\": {\"paths\": {\"@/*\": [\"./*\"]}\n")
        .manifest(settings)
        .run("check")
        .code(3)
        .says(["[dependency_direction/unparsable]", "it is not the JSON that is expected", "--> tsconfig.json:3"]);
}

#[test]
fn wrong_rules_are_errors_of_the_manifest() {
    let wrong =
        |rule: &str| shop("").manifest(&LAYERS.replace("order \"web\" \"infra\" \"domain\"", rule)).run("list").code(2).err().to_owned();
    assert!(wrong("order \"web\" \"infar\"").contains("there is no layer `infar`\n --> orket.kdl:6:"));
    assert!(wrong("order \"web\" \"infar\"").contains("did you mean `infra`?"));
    assert!(wrong("ordre \"web\" \"infra\"").contains("did you mean `order`?"));
    assert!(wrong("deny \"web\"").contains("`deny` takes two layers"));
    assert!(wrong("allow \"web\" \"infra\" until=\"soon\"").contains("`until` takes a day"));
    assert!(wrong("baseline 3").contains("`baseline` takes one text"));
    let kind = Project::new().manifest("gate \"g\" kind=\"patern\" { pattern \"x\" }").run("list").code(2).err().to_owned();
    assert!(kind.contains("did you mean `pattern`?"), "{kind}");
}

#[test]
fn a_baseline_tolerates_today_and_not_tomorrow() {
    let manifest = LAYERS.replace("order", "baseline \"orket-baseline.json\"; order");
    let project = shop("from shop.infra import db\n").manifest(&manifest);
    project.run("check").code(1);
    project.run_with("check --update-baseline", &[("CI", "true")]).code(2).says(["refused under CI"]);
    assert!(!project.has("orket-baseline.json"));
    project
        .run("check --update-baseline")
        .ok()
        .says(["orket-baseline.json: 1 entry, 1 added, 0 dropped\n  + dependency_direction/order shop.domain.model -> shop.infra.db\n"]);
    project.run("check").ok().stdout("pass    layers  1 in the baseline  (4 files)\ndone: 1 of 1 gate passed\n");
    // The line is no part of what it is about; another edge is another finding.
    project.write("shop/domain/model.py", "import os\n\n\nfrom shop.infra import db\n").run("check").ok();
    project.write("shop/infra/mail.py", "").write("shop/domain/model.py", "from shop.infra import db\nfrom shop.infra import mail\n");
    project.run("check").code(1).says(["shop.infra.mail", "1 finding, 1 in the baseline"]);
    let text = project.read("orket-baseline.json");
    project
        .write("orket-baseline.json", text.replace("\"until\":\"\"", "\"until\":\"2020-01-01\""))
        .run("check")
        .code(1)
        .says(["the baseline tolerated it until 2020-01-01"]);
    project.write("orket-baseline.json", &text).write("shop/domain/model.py", "");
    project
        .run("check")
        .ok()
        .says(["note: in the baseline of `layers` and gone: dependency_direction/order shop.domain.model -> shop.infra.db"]);
    project.declare(&manifest.replace("order", "ratchet \"strict\"; order")).run("check").code(1);
    project.run("check --update-baseline").ok().says(["0 added, 1 dropped"]);
    project.run("check").ok();
    project.write("orket-baseline.json", "{").run("check").code(3).says(["cannot read the baseline"]);
}

#[test]
fn comments_allow_with_a_reason_and_only_what_is_there() {
    let check = |domain: &str| shop(domain).manifest(LAYERS).run("check").either_owned();
    assert_eq!(check("# orket: allow(dependency_direction/order) the loop goes next month\nfrom shop.infra import db\n").0, 0);
    assert_eq!(check("from shop.infra import db  # orket: allow(dependency_direction) old\n").0, 0);
    let (code, text) = check("from shop.infra import db  # orket: allow(dependency_direction)\n");
    assert!(code == 1 && text.contains("gives no reason"), "{text}");
    let (code, text) = check("# orket: allow(dependency_direction/deny) old\nfrom shop.infra import db\n");
    assert!(code == 1 && text.contains("allows nothing") && text.contains("`infra` stands above"), "{text}");
}

#[test]
fn a_baseline_names_files_and_keeps_what_others_may_rest_on() {
    let gate = |name: &str, word: &str| {
        format!("gate \"{name}\" kind=\"pattern\" {{ pattern \"{word}\"; files \"*.txt\"; baseline \"b.json\" }}\n")
    };
    let lines = "gate \"lines\" kind=\"policy\" { max_lines 1; files \"*.txt\"; baseline \"b.json\" }\n";
    let project = Project::new().file("a.txt", "BAD\nOLD\n").manifest(&(gate("bad", "BAD") + &gate("old", "OLD") + lines));
    project.run("check --update-baseline").ok().says(["b.json: 3 entries, 3 added, 0 dropped", "  + policy/max_lines a.txt "]);
    let entries: serde_json::Value = serde_json::from_str(&project.read("b.json")).unwrap();
    let files: Vec<&str> = entries["entries"].as_array().unwrap().iter().map(|entry| entry["file"].as_str().unwrap()).collect();
    assert_eq!(files, ["a.txt"; 3]);
    // Lines move, and an entry that was written before files were named gets its file.
    let without = project.read("b.json").replace("\"file\":\"a.txt\",", "");
    project.write("b.json", without).write("a.txt", "\n\nOLD\nBAD\n").run("check").ok();
    project.run("check --update-baseline").ok().says(["b.json: 3 entries, 0 added, 0 dropped"]);
    assert_eq!(project.read("b.json").matches("\"file\":\"a.txt\"").count(), 3);

    project.declare(&(gate("bad", "BAD") + lines)).run("check").ok();
    project
        .run("check --update-baseline")
        .ok()
        .says(["b.json: 3 entries, 0 added, 0 dropped\nnote: `b.json` has entries of gates that are not in this manifest: `old`\n"]);
    assert!(project.read("b.json").contains("\"old\""));
}

#[test]
fn manifests_share_a_baseline_and_an_update_drops_only_what_its_gates_no_longer_find() {
    let gate = |word: &str| format!("gate \"words\" kind=\"pattern\" {{ pattern \"{word}\"; files \"*.txt\"; baseline \"b.json\" }}\n");
    let other = "gate \"more\" kind=\"pattern\" { pattern \"MORE\"; files \"*.txt\"; baseline \"b.json\" }\n";
    let project = Project::new().file("a.txt", "BAD\nOLD\nMORE\n").file("ci.kdl", &gate("OLD")).manifest(&(gate("BAD") + other));
    // Both have a gate of one name and kind.
    project.run("check --update-baseline").ok().says(["b.json: 2 entries, 2 added, 0 dropped"]);
    project.run("check -f ci.kdl --update-baseline").ok().says(["b.json: 3 entries, 1 added, 0 dropped"]);
    let said = project.run("check --update-baseline").ok();
    said.says(["b.json: 3 entries, 0 added, 0 dropped\n", "entries of gates that are not in this manifest: `words of ci.kdl`\n"]);
    project.run("check -f ci.kdl").ok().stdout("pass    words  1 in the baseline  (1 file)\ndone: 1 of 1 gate passed\n");
    assert_eq!(project.read("b.json").matches("\"gate\":\"words\",\"manifest\":\"ci.kdl\"").count(), 1);

    // What was not judged stays, though nothing is found any more.
    project.write("a.txt", "").run("check more --update-baseline").ok().says(["b.json: 2 entries, 0 added, 1 dropped"]);
    project.run("check -f ci.kdl --update-baseline").ok().says(["b.json: 1 entry, 0 added, 1 dropped"]);
    // Whose one without a gate is nobody knows.
    let anyone = project.read("b.json").replace("\"gate\":\"words\",", "");
    project.write("b.json", &anyone).run("check --update-baseline").ok().says(["b.json: 1 entry, 0 added, 0 dropped"]);
    assert_eq!(project.read("b.json"), anyone);
    project.run("check").ok().says(["note: in the baseline of `words` and gone: pattern/match a.txt"]);
}

#[test]
fn an_allowed_direction_says_why() {
    let manifest = |reason: &str| LAYERS.replace("    order", &format!("    allow \"domain\" \"infra\"{reason}\n    order"));
    for reason in ["", " reason=\" \"", " until=\"2030-01-31\""] {
        let seen = shop("from shop.infra import db\n").manifest(&manifest(reason)).run("check").either_owned().1;
        assert!(seen.contains("error[gate/wrong]: `allow` gives no reason\n --> orket.kdl:6:"), "{seen}");
        assert!(seen.contains("= help: write why this is allowed: reason=\"until the loop is rewritten\""), "{seen}");
    }
    shop("from shop.infra import db\n").manifest(&manifest(" reason=\"old\"")).run("check").ok();
}

#[test]
fn a_comment_that_names_no_kind_of_gate_is_told_once() {
    let other = "gate \"words\" kind=\"pattern\" { pattern \"BAD\"; files \"**/*.py\" \"*.md\" }";
    let project = shop("# orket: allow(dependency_directoin/order) old\nimport os\n").manifest(&format!("{LAYERS}{other}"));
    // People also write about such comments.
    project.write("notes.md", "Write `# orket: allow(RULE) reason` above it.\n");
    let seen = project.run("check").code(1).says([
        "error[dependency_direction/unknown_kind]: the comment `orket: allow(dependency_directoin/order)` names no kind of gate",
        " --> shop/domain/model.py:1:3",
        "= help: did you mean `dependency_direction`?",
        "failed: 1 failed, 1 of 2 gates passed",
    ]);
    assert_eq!(seen.out().matches("unknown_kind").count(), 1, "{}", seen.out());
    project.write("shop/domain/model.py", "import os\n").run("check").ok();
}

#[test]
fn what_stands_in_a_string_is_no_comment() {
    let string = "x = '# orket: allow(dependency_direction/order) no'; from shop.infra import db";
    let project = shop(&format!("{string}\n")).manifest(LAYERS);
    project.run("check").code(1).says(["`infra` stands above `domain`"]).never_says(["allows nothing"]);
    project.write("shop/domain/model.py", format!("{string}  # orket: allow(dependency_direction/order) yes\n")).run("check").ok();
    project.write("shop/domain/model.py", "x = '''\n# orket: allow(dependency_direction/order) no\n'''\n").run("check").ok();
}

#[test]
fn a_comment_serves_every_gate_of_its_kind() {
    let other = "gate \"acyclic\" kind=\"dependency_direction\" { root \"shop\"; acyclic \".\" }";
    let project = shop("# orket: allow(dependency_direction/order) old\nfrom shop.infra import db\n").manifest(&format!("{LAYERS}{other}"));
    project.run("check").ok();
    project.run("check acyclic").ok();
    project.run("build").ok();
    project
        .write("shop/domain/model.py", "# orket: allow(dependency_direction/order) old\n")
        .run("check")
        .code(1)
        .says(["1 failed", "allows nothing"]);
}

#[test]
fn a_comment_that_another_gate_of_the_kind_needs_is_nothing_to_tolerate() {
    let gate = |name: &str, word: &str| {
        format!("gate \"{name}\" kind=\"pattern\" {{ pattern \"{word}\"; files \"*.txt\"; baseline \"{name}.json\" }}\n")
    };
    let project = Project::new().manifest(&format!("{}{}", gate("p", "BAD"), gate("q", "UGLY")));
    project.write("a.txt", "# orket: allow(pattern) because\nBAD\n").run("check").ok();
    project.run("check --update-baseline").ok().says(["p.json: 0 entries", "q.json: 0 entries"]).never_says(["unused"]);
    // One that nobody needs is tolerated once, and stays so whichever gate is updated.
    project.write("a.txt", "# orket: allow(pattern) because\n").run("check").code(1).says(["allows nothing"]);
    project.run("check --update-baseline").ok().says(["p.json: 1 entry", "q.json: 0 entries"]);
    project.run("check --update-baseline p").ok().says(["p.json: 1 entry, 0 added, 0 dropped"]);
    project.run("check --update-baseline q").ok().says(["q.json: 0 entries"]);
    project.run("check").ok();
    // What an earlier orket wrote down for the other gate goes.
    project
        .write("q.json", project.read("p.json").replace("\"gate\":\"p\"", "\"gate\":\"q\""))
        .write("a.txt", "# orket: allow(pattern) because\nBAD\n");
    project.run("check --update-baseline").ok().says(["p.json: 0 entries", "q.json: 0 entries, 0 added, 1 dropped"]);
}

#[test]
fn files_are_named_from_the_repositorys_folder() {
    let gate = "gate \"p\" kind=\"pattern\" { pattern \"BAD\"; files \"*.txt\" }\ngate \"q\" kind=\"policy\" { files \"*.txt\"; require \"LICENSE\" }\n";
    let project = Project::new().file("svc/orket.kdl", gate).file("svc/x.txt", "BAD\n");
    let told = |words: &str| project.run_in("svc", &format!("check p {words}")).code(1).out().to_owned();
    assert!(told("").contains(" --> x.txt:1:1\n"), "there is no repository around it");
    project.git("init -q");
    assert!(told("").contains(" --> svc/x.txt:1:1\n"));
    assert!(told("--format github").contains("::error file=svc/x.txt,line=1,"));
    assert!(told("--format sarif").contains("\"uri\": \"svc/x.txt\""));
    assert!(told("--format gitlab").contains("\"path\": \"svc/x.txt\""));
    assert!(told("--format junit").contains("file=\"svc/x.txt\""));
    assert!(told("--format json").contains("\"file\": \"x.txt\""), "orket's own is about the project");
    project.run("-f svc/orket.kdl check p").code(1).says([" --> svc/x.txt:1:1\n"]);
    project.run_in("svc", "build p").code(1).says([" --> svc/x.txt:1:1\n"]);
    project.run_in("svc", "check q --format gitlab").code(1).says(["\"path\": \"svc/LICENSE\""]);
}

#[test]
fn a_policy_knows_links_by_their_names_and_a_header_however_its_file_is_stored() {
    let project = Project::new().file("LICENSE", "MIT\n").file("pkg/a.txt", "x\n");
    project.link("../LICENSE", "pkg/LICENSE").link("/nowhere/key", "id_rsa");
    let gate = |rules: &str| format!("gate \"p\" kind=\"policy\" {{ {rules} }}\n");
    project.declare(&gate("require \"pkg/LICENSE\"")).run("check").ok();
    project.declare(&gate("require \"pkg/LICENCE\"")).run("check").code(1).says(["there is no `pkg/LICENCE`"]);
    project.declare(&gate("forbid \"**/id_rsa\"")).run("check").code(1).says(["[policy/forbidden_file]", "--> id_rsa"]);
    project.remove("id_rsa").run("check").ok();
    project.declare(&gate("files \"pkg/a.txt\"; header #\"^// Copyright$\\n^// MIT$\"#"));
    for text in [
        "// Copyright\n// MIT\n",
        "\u{feff}// Copyright\n// MIT\n",
        "\u{feff}// Copyright\r\n// MIT\r\n",
        "#!/bin/x\r\n// Copyright\r\n// MIT\r\n",
    ] {
        project.write("pkg/a.txt", text).run("check").ok();
    }
    project.write("pkg/a.txt", "// Copyright me\r\n// MIT\r\n").run("check").code(1).says(["[policy/header]"]);
    project.declare(&gate("files \"pkg/a.txt\"; merge_markers #false")).write("pkg/a.txt", "\u{feff}<<<<<<< HEAD\n");
    project.run("check").code(1).says(["--> pkg/a.txt:1:1"]);
}

#[test]
fn patterns_and_policies_name_line_and_column() {
    let manifest = r#"
gate "bare" kind="pattern" { pattern "except Exception"; files "**/*.py"; message "a bare except hides mistakes" }
gate "spdx" kind="pattern" { pattern "SPDX-License-Identifier"; files "src/*.py"; require #true }
gate "few" kind="pattern" { pattern "TODO"; files "**/*.py"; max 1 }
gate "tidy" kind="policy" { max_lines 3; merge_markers #false; private_keys #false; line_endings "lf"; final_newline #true; trailing_blanks #false; todo_owner #true; forbid "**/*.orig"; require "LICENSE" }
"#;
    let project = Project::new()
        .file("src/a.py", "try:\n    x()\nexcept Exception:  # TODO\n    pass\n")
        .file("src/b.py", "# SPDX-License-Identifier: MIT\r\ny = 1 ")
        .file("src/c.orig", "<<<<<<< ours\n-----BEGIN RSA PRIVATE KEY-----\n")
        .manifest(manifest);
    let json = project.run("check --format json").code(1).json();
    let all: Vec<String> = json["gates"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|gate| gate["findings"].as_array().unwrap())
        .map(|one| format!("{} {}:{}:{}", one["rule"].as_str().unwrap(), one["file"].as_str().unwrap(), one["line"], one["column"]))
        .collect();
    let expected = [
        "pattern/match src/a.py:3:1",
        "pattern/missing src/a.py:0:0",
        "policy/required_file LICENSE:0:0",
        "policy/forbidden_file src/c.orig:0:0",
        "policy/todo_owner src/a.py:3:22",
        "policy/max_lines src/a.py:4:1",
        "policy/final_newline src/b.py:2:1",
        "policy/line_endings src/b.py:1:31",
        "policy/trailing_blanks src/b.py:2:6",
        "policy/merge_marker src/c.orig:1:1",
        "policy/private_key src/c.orig:2:1",
    ];
    for one in expected {
        assert!(all.contains(&one.to_owned()), "{one} is missing: {all:#?}");
    }
    assert!(!all.iter().any(|one| one.starts_with("pattern/match") && one.contains("TODO")));
}

#[test]
fn a_gate_is_a_node_of_the_graph() {
    let project = shop("").manifest(&format!("{LAYERS}task \"ship\" {{ needs \"layers\"; inputs \"shop/**\"; sh \"{{log:ship}}\" }}"));
    project.run("build ship").ok().ran(["ship"]).says(["done    layers"]);
    project.write("shop/domain/model.py", "from shop.infra import db\n");
    project.run("build ship").code(1).ran([]).says(["`infra` stands above `domain`", "failed  layers (orket.kdl:1)\n  1 finding after"]);
    let json = project.run("build ship --json").code(1).json();
    assert_eq!(json["gates"][0]["findings"][0]["rule"], "dependency_direction/order");
    project.declare(&LAYERS.replace("order", "level \"warning\"; order")).run("build").ok().says(["warning[dependency_direction/order]"]);
    project.run("check").ok().says(["warning layers  1 finding"]);
}

#[test]
fn a_verdict_holds_until_something_changes() {
    let project = shop("").manifest(LAYERS).patient();
    project.settle();
    let facts = |project: &Project| project.run("check --format json").ok().json()["gates"][0]["facts"].to_string();
    assert_eq!(facts(&project), r#"{"cached":0,"extracted":4,"files":4}"#);
    let known = r#"{"cached":4,"extracted":0,"files":4}"#;
    assert_eq!(facts(&project), known);
    assert_eq!(facts(&project), known);
    project.write("shop/domain/other.py", "import shop.infra.db\n");
    project.run("check").code(1);
    project.remove("shop/domain/other.py");
    assert_eq!(facts(&project), known);
}

#[test]
fn a_program_without_an_ending_is_judged_as_its_language() {
    let project = shop("").manifest(LAYERS).file("shop/domain/tool", "import shop.infra.db\n").patient();
    project.settle();
    project.run("check").ok().says(["(4 files)"]);
    project.write("shop/domain/tool", "#!/usr/bin/env -S python3 -u\nimport shop.infra.db\n");
    project.settle();
    let wrong = "error[dependency_direction/order]: `shop/domain/tool` imports `shop.infra.db`";
    project.run("check").code(1).says([wrong, "shop/domain/tool:2:1", "(5 files)"]);
    project.run("check").code(1).says([wrong]);
    let allowed =
        "#!/usr/bin/python3\nimport shop.infra.db  # orket: allow(dependency_direction) moves next week\nx = '# orket: allow(no) x'\n";
    project.write("shop/domain/tool", allowed);
    project.run("check").ok().says(["(5 files)"]);
    project.write("shop/domain/tool", "#!/usr/bin/python3\nimport (\n");
    project.run("check").code(3).says(["dependency_direction/unparsable", "shop/domain/tool:2"]);
    project.write("shop/domain/tool", "#!/bin/sh\nimport shop.infra.db\n");
    project.run("check").ok().says(["(4 files)"]);
}

#[test]
fn each_hit_has_its_column_and_is_a_finding_of_its_own() {
    let line = format!("é BAD {} BAD", "ü".repeat(5000));
    let text = format!("BAD BAD\n{line}\n\nBAD BAD\n{line}");
    let project = Project::new()
        .file("a.txt", &text)
        .manifest("gate \"g\" kind=\"pattern\" { pattern \"BAD\"; files \"*.txt\"; baseline \"b.json\" }");
    let found = project.run("check --format json").code(1).json();
    let findings = found["gates"][0]["findings"].as_array().unwrap();
    let places: Vec<_> = findings.iter().map(|one| (one["line"].as_u64().unwrap(), one["column"].as_u64().unwrap())).collect();
    assert_eq!(places, [(1, 1), (1, 5), (2, 3), (2, 5008), (4, 1), (4, 5), (5, 3), (5, 5008)]);
    let prints: std::collections::BTreeSet<_> = findings.iter().map(|one| one["fingerprint"].to_string()).collect();
    assert_eq!(prints.len(), findings.len());
}

#[test]
fn a_pattern_means_lines_whatever_ends_them() {
    let project = Project::new().manifest("gate \"g\" kind=\"pattern\" { pattern \"^BAD$\"; files \"*.txt\" }");
    project.write("a.txt", "BAD\r\nfine\r\nBAD").write("b.txt", "\u{feff}BAD\n");
    project.run("check").code(1).says(["a.txt:1:1", "a.txt:3:1", "b.txt:1:1"]);
}

#[test]
fn a_comment_behind_code_allows_nothing_in_the_next_line() {
    let project = Project::new().manifest("gate \"g\" kind=\"pattern\" { pattern \"BAD\"; files \"*.py\" }");
    project.write("a.py", "a = 'BAD'  # orket: allow(pattern/match) old\nb = 'BAD'\n# orket: allow(pattern) older\nc = 'BAD'\n");
    let seen = project.run("check").code(1);
    assert!(seen.out().contains("a.py:2:6") && !seen.out().contains("a.py:1:") && !seen.out().contains("a.py:4:"), "{}", seen.out());
}

#[test]
fn what_a_comment_allows_is_not_among_those_that_max_counts() {
    let project = Project::new().manifest("gate \"g\" kind=\"pattern\" { pattern \"BAD\"; files \"*.py\"; max 1 }");
    project.write("a.py", "a = BAD  # orket: allow(pattern/match) old\nb = BAD\n").run("check").ok();
    project.write("b.py", "BAD\n").run("check").code(1).says(["a.py:2:5", "b.py:1:1", "(2 times in all, 1 allowed)"]);
}

#[test]
fn private_keys_are_known_in_all_their_forms_and_an_owner_is_only_asked_of_a_word() {
    let project = Project::new().manifest("gate \"g\" kind=\"policy\" { private_keys #false; todo_owner #true; files \"*.txt\" }");
    let heads = [
        "-----BEGIN PRIVATE KEY-----",
        "-----BEGIN OPENSSH PRIVATE KEY-----",
        "-----BEGIN PGP PRIVATE KEY BLOCK-----",
        "---- BEGIN SSH2 ENCRYPTED PRIVATE KEY ----",
        "PuTTY-User-Key-File-2: ssh-rsa",
        "-----BEGIN OpenVPN Static key V1-----",
    ];
    project.write("a.txt", heads.join("\n") + "\n-----BEGIN PUBLIC KEY-----\nTODOS and FIXMEs\n// TODO: this\nTODO(me): that\n");
    let json = project.run("check --format json").code(1).json();
    let found = json["gates"][0]["findings"].as_array().unwrap().clone();
    let lines: Vec<u64> = found.iter().map(|one| one["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [1, 2, 3, 4, 5, 6, 9], "{found:?}");
}

#[test]
fn annotations_beyond_ten_are_in_the_log() {
    let project = Project::new().manifest("gate \"g\" kind=\"pattern\" { pattern \"BAD\"; files \"*.txt\" }");
    project.write("a.txt", "BAD\n".repeat(12));
    let seen = project.run("check --format github").code(1);
    assert_eq!(seen.out().matches("::error file=a.txt").count(), 9);
    assert!(seen.out().contains("::error title=orket::3 more findings; the log has them all\n::group::all findings\n"), "{}", seen.out());
    assert!(seen.out().contains(" --> a.txt:12:1\n") && seen.out().ends_with("::endgroup::\n"), "{}", seen.out());
}

#[test]
fn stages_and_names_choose_gates() {
    let manifest = r#"
gate "a" kind="policy" { merge_markers #false; stage "pre_commit" }
gate "b" kind="policy" { merge_markers #false; stage "ci" "pre_commit" }
epic "e" { gate "c" kind="policy" { merge_markers #false } }
task "t" { sh "true" }
"#;
    let ran = |words: &str| {
        let json = Project::new().manifest(manifest).run(&format!("check --format json {words}")).ok().json();
        json["gates"].as_array().unwrap().iter().map(|gate| gate["address"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ran(""), ["a", "b", "e/c"]);
    assert_eq!(ran("--stage ci"), ["b", "e/c"]);
    assert_eq!(ran("--stage pre-commit"), ["a", "b", "e/c"]);
    assert_eq!(ran("b e"), ["b", "e/c"]);
    let project = Project::new().manifest(manifest);
    project.run("check t").code(4).says(["`t` is no gate and holds none"]);
    project.run("check layer").code(4).says(["no target matches `layer`"]);
    Project::new().manifest("task \"t\" { sh \"true\" }").run("check").code(4).says(["there is no gate in the manifest"]);
}

#[test]
fn only_what_changed_counts_where_it_is_asked_for() {
    let project = shop("from shop.infra import db\n").manifest(LAYERS);
    project.git("init -q").git("add .").git("commit -qm one");
    project.run("check").code(1);
    project.run("check --changed").ok().stdout("pass    layers  1 finding in unchanged files  (4 files)\ndone: 1 of 1 gate passed\n");
    assert_eq!(project.run("check --changed --json").ok().json()["gates"][0]["unchanged"], 1);
    project.run("check --changed --format junit").ok().says(["note: 1 finding in unchanged files is left out"]);
    project.write("shop/domain/new.py", "from shop.infra import db\n");
    project
        .run("check --changed")
        .code(1)
        .says(["shop/domain/new.py:1:1", "1 finding, 1 finding in unchanged files"])
        .never_says(["shop/domain/model.py:1:1"]);
    project.run("check --changed=nope").code(2);
}

#[test]
fn code_hosts_are_told_in_their_own_words() {
    let project = shop("from shop.infra import db\n").manifest(LAYERS);
    let sarif = project.run("check --format sarif").code(1).json();
    assert_eq!(sarif["version"], "2.1.0");
    let result = &sarif["runs"][0]["results"][0];
    assert_eq!((&result["ruleId"], &result["level"]), (&"dependency_direction/order".into(), &"error".into()));
    assert_eq!(result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "shop/domain/model.py");
    assert_eq!(sarif["runs"][0]["tool"]["driver"]["rules"][0]["id"], "dependency_direction/order");
    project
        .run("check --format github")
        .code(1)
        .says(["::error file=shop/domain/model.py,line=1,col=1,title=dependency_direction/order::`shop.domain.model` imports"]);
    let twice = |text: &str| format!("{text}gate \"again\"{}", &text["gate \"layers\"".len()..]);
    let both = Project::new().manifest(&twice(&project.read("orket.kdl")));
    for file in ["shop/web/views.py", "shop/domain/model.py", "shop/infra/db.py"] {
        both.write(file, project.read(file));
    }
    let both = both.run("check --format gitlab").code(1).json();
    assert_ne!(both[0]["fingerprint"], both[1]["fingerprint"], "two gates find the same");
    let own = &project.run("check --format json").code(1).json()["gates"][0]["findings"][0]["fingerprint"];
    assert_eq!((own, own), (&result["partialFingerprints"]["orket/v1"], &both[0]["fingerprint"]));
    let gitlab = project.run("check --format gitlab").code(1).json();
    assert_eq!((&gitlab[0]["check_name"], &gitlab[0]["location"]["lines"]["begin"]), (&"dependency_direction/order".into(), &1.into()));
    project
        .run("check --format junit")
        .code(1)
        .says(["<testsuites name=\"orket\" tests=\"1\" failures=\"1\" errors=\"0\">", "<failure type=\"dependency_direction/order\""]);
    project.run("check --format sarif --output out.sarif").code(1).stdout("").says(["`infra` stands above"]);
    assert!(project.read("out.sarif").contains("2.1.0"));
    project.run("check --format json --out other.json").code(1);
    assert!(project.has("other.json"));
}

#[test]
fn orkets_own_floors_hold_and_a_violation_is_found() {
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let project = Project::new();
    let mut open = vec![own.join("src")];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap().is_dir() {
                true => open.push(entry.path()),
                false => {
                    let path = entry.path();
                    let name = path.strip_prefix(own).unwrap().to_str().unwrap();
                    project.write(name, std::fs::read(&path).unwrap());
                }
            }
        }
    }
    for name in ["orket.kdl", "Cargo.toml"] {
        project.write(name, std::fs::read(own.join(name)).unwrap());
    }
    project.run("check floors rooms").ok();
    let text = project.read("src/base/id.rs");
    project.write("src/base/id.rs", format!("use crate::graph::Graph;\n{text}"));
    project.run("check rules/floors").code(1).says([
        "src/base/id.rs:1:5",
        "`crate::base::id` imports `crate::graph",
        "stands above `base`",
    ]);
}

#[test]
fn the_graph_of_imports_shows_layers_and_what_breaks_a_rule() {
    let project = shop("from shop.infra import db\n").manifest(LAYERS);
    project.run("graph imports").ok().says([
        "shop.domain.model  (layer domain)\n  shop.infra.db  shop/domain/model.py:1  against dependency_direction/order\n",
        "shop.infra.db  (layer infra)\n",
    ]);
    let json = project.run("graph imports --format json").ok().json();
    let edge = json["edges"].as_array().unwrap().iter().find(|edge| edge["to"] == "shop.infra.db").unwrap();
    assert_eq!(edge["violations"].to_string(), r#"["dependency_direction/order"]"#);
    assert_eq!(json["modules"][1]["layer"], "domain");
    let apart = LAYERS.replace("order \"web\" \"infra\" \"domain\"", "independent \"web\" \"infra\"");
    let json = shop("from shop.infra import db\n").manifest(&apart).run("graph imports --format json").ok().json();
    let edges = json["edges"].as_array().unwrap().iter().filter(|edge| edge["violations"].is_array());
    let ends: Vec<String> = edges.map(|edge| format!("{} {}", edge["from"], edge["to"])).collect();
    assert_eq!(ends, ["\"shop.domain.model\" \"shop.infra.db\"", "\"shop.web.views\" \"shop.domain.model\""], "each import of the chain");
    project.run("graph imports --format dot").ok().says(["label=\"domain\";", "[color=red, penwidth=2]"]);
    project.run("graph imports --format mermaid").ok().says(["subgraph", "== violation ==>", "  end\n"]);
    project.run("graph imports --format html").ok().says(["violation", "\"layer domain\""]);
    assert!(!project.has(".orket"), "looking writes nothing");
}

#[test]
fn the_graph_of_imports_has_the_status_of_a_wrong_manifest() {
    let project = shop("").manifest(&LAYERS.replace("order \"web\"", "order \"wbe\""));
    for command in ["check", "graph imports", "graph imports --json"] {
        project.run(command).code(2).says(["gate/wrong", "there is no layer `wbe`", "did you mean `web`?"]);
    }
    project.declare("task \"t\" { shh \"true\" }");
    for command in ["check", "graph", "graph imports", "graph imports --unresolved"] {
        project.run(command).code(2).says(["`shh`"]).never_says(["--unresolved"]);
    }
}

#[test]
fn what_the_repositorys_own_configuration_ignores_is_passed_over() {
    let project = shop("from shop.infra import db\n").manifest(LAYERS);
    project.write("shop/web/views.py", "from shop.domain import other\n").write("shop/domain/other.py", "import os\n");
    project.git("init -q").run("check").code(1);
    // A slash at the beginning means the top of the repository, wherever orket was started.
    project.write("mine.ignore", "/shop/domain/model.py\n");
    project.git("config core.excludesFile mine.ignore");
    project.run("check").ok();
    project.run("check -C shop").ok();
    // What git tracks belongs to the project, whoever ignores it.
    project.git("add -f shop/domain/model.py").run("check").code(1);
}

#[test]
fn syntax_is_searched_by_queries() {
    let query = r#"(except_clause value: (identifier) @it (#eq? @it "Exception"))"#;
    let manifest = format!("gate \"bare\" kind=\"pattern\" {{ syntax #\"{query}\"# language=\"python\" }}");
    let project = Project::new()
        .file("a.py", "# except Exception\ntry:\n    x()\nexcept Exception:\n    pass\n")
        .file("b.rs", "")
        .manifest(&manifest);
    let json = project.run("check --format json").code(1).json();
    let gate = &json["gates"][0];
    assert_eq!(
        (gate["findings"].as_array().unwrap().len(), &gate["findings"][0]["line"], &gate["facts"]["files"]),
        (1, &4.into(), &1.into())
    );
    project.write("c.py", "def (").run("check").code(3).says(["[pattern/unparsable]", "c.py:1:1"]);
    let wrong =
        |text: &str| Project::new().manifest(&format!("gate \"g\" kind=\"pattern\" {{ {text} }}")).run("list").code(2).err().to_owned();
    assert!(wrong("syntax \"(nope) @x\" language=\"python\"").contains("is no query"));
    assert!(wrong("syntax \"(call)\" language=\"python\"").contains("it captures nothing"));
    assert!(wrong("syntax \"(call) @x\"").contains("does not say of which language"));
    assert!(wrong("syntax \"(call) @x\" language=\"cobol\"").contains("there is no language `cobol`"));
}

#[test]
fn looking_says_whether_a_gate_would_judge() {
    let project = shop("").manifest(LAYERS);
    project.settle().run("build -n").ok().stdout("would run  layers  (no verdict is kept for what it sees now)\n");
    project.run("build --check").code(1);
    project.run("build").ok().says(["done    layers"]);
    project.run("build").ok().nothing_to_do();
    project.run("build --check").ok().stdout("nothing to do: 1 task fresh\n");
    project.run("explain layers").ok().says(["layers is fresh: nothing it depends on has changed\nlayers ran last in run "]);
    project.write("shop/domain/model.py", "from shop.infra import db\n");
    project.run("explain layers").ok().says(["layers would run:\n  no verdict is kept for what it sees now"]);
    project.settle().run("build").code(1);
    project.run("build -n").ok().stdout("would run  layers  (its last run failed or was interrupted)\n");
}

#[test]
fn churn_beyond_a_limit_is_found_and_the_evidence_kept() {
    let manifest = |limits: &str| format!("project \"shop\"\ngate \"calm\" kind=\"churn\" {{ scope \"src\"; {limits} }}");
    let project = Project::new().file("src/a", "1\n").file("src/b", "1\n").manifest(&manifest("limit touches=1 since=\"900d\""));
    project.run("check").code(3).says(["not evaluated", "stands in no git repository"]);
    project.git("init -q");
    project.run("check").code(3).says(["no commit has changed a file in `src`"]);
    project.git("add .").git("commit -qm one");
    project.run("check").ok();
    project.write("src/a", "2\n").git("commit -qam two");
    project
        .run("check")
        .code(1)
        .says(["error[churn/touches]: 2 commits have changed it in the last 900d, and 1 is allowed\n --> src/a\n"])
        .never_says(["src/b"]);
    let kept = std::fs::read_dir(project.at("benchmarks/results")).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let kept: Vec<String> = kept.collect();
    assert!(kept.len() == 1 && kept[0].ends_with("_shop_churn.json"), "{kept:?}");
    let evidence: serde_json::Value = serde_json::from_str(&project.read(&format!("benchmarks/results/{}", kept[0]))).unwrap();
    assert_eq!(evidence["files"][0]["path"], "src/a");
    // A gate of another window does not take its place.
    let windows = "limit touches=9 since=\"900d\"\n}\ngate \"brief\" kind=\"churn\" {\nscope \"src\"; limit touches=9 since=\"800d\"";
    project.declare(&manifest(windows)).run("check").ok();
    assert!(project.has(&format!("benchmarks/results/{}", kept[0].replace("shop", "shop-brief"))));
    let month = |name: &str| {
        let kept: serde_json::Value = serde_json::from_str(&project.read(&format!("benchmarks/results/{name}"))).unwrap();
        kept["method"]["since"].as_str().unwrap()[..7].to_owned()
    };
    assert_ne!(month(&kept[0]), month(&kept[0].replace("shop", "shop-brief")), "they begin a hundred days apart");
    project.declare(&manifest("limit lines=3; archive #false; baseline \"b.json\"")).run("check").ok();
    project.declare(&manifest("limit lines=2; archive #false; baseline \"b.json\"")).run("check").code(1).says(["[churn/lines]"]);
    project.run("check --update-baseline").ok();
    project.write("src/a", "3\n").git("commit -qam three").run("check").ok();
    project.write("src/c.py", "def one(): return 1\ndef two(): return 2\n").git("add .").git("commit -qm four");
    project.write("src/c.py", "def one(): return 1\ndef two(): return 3\n").git("commit -qam five");
    project.declare(&manifest("limit symbol_touches=2; archive #false")).run("check").ok();
    project
        .declare(&manifest("limit symbol_touches=1; archive #false"))
        .run("check")
        .code(1)
        .says(["error[churn/symbol_touches]: 2 commits have changed the function `two`, and 1 is allowed\n --> src/c.py\n"])
        .never_says(["`one`"]);
    project.declare(&manifest("limit")).run("check").code(2).says(["the limit limits nothing"]);
    for (limit, wanted) in [
        ("touches=\"many\"", "`touches` of a limit is a whole number"),
        ("touches=-1", "`touches` of a limit is a whole number"),
        ("coupling=1.5", "`coupling` of a limit is a part of all changes, from 0 to 1"),
        ("coupling=80", "`coupling` of a limit is a part of all changes, from 0 to 1"),
        ("touches=5 since=\"0s\"", "`since` of a limit is how long ago its window begins"),
        ("touches=5 since=\"2026-11-01\"", "`since` of a limit is how long ago its window begins, and no day"),
    ] {
        project.declare(&manifest(&format!("limit {limit}"))).run("check").code(2).says([wanted, "--> orket.kdl:2"]);
    }
    project.declare(&manifest("archive #false")).run("check").code(2).says(["the gate has no rule"]);
    project.declare(&manifest("")).run("check").ok();
    project
        .declare(&manifest("limit touches=0; archive #false"))
        .run("check")
        .code(1)
        .says(["error[churn/touches]: 1 commit has changed it, and 0 "]);
}

#[test]
fn a_strict_baseline_is_red_in_every_format() {
    let manifest = "gate \"words\" kind=\"pattern\" { pattern \"os\"; files \"a.txt\" \"b.txt\"; baseline \"b.json\"; ratchet \"strict\" }";
    let project = Project::new().manifest(manifest).file("a.txt", "os\n").file("b.txt", "\n");
    project.run("check --update-baseline").ok();
    project.write("a.txt", "\n");
    let why = "the baseline tolerates pattern/match a.txt ";
    project.run("check").code(1).says([
        &format!("error[pattern/ratchet]: {why}"),
        ", which is gone, and `ratchet \"strict\"` wants it to hold no more than is there\n",
        "`orket check --update-baseline` takes the entry out",
        "failed  words  1 finding",
    ]);
    let formats = [
        ("junit", "<testcase classname=\"pattern/ratchet\" name=\"eae7df44b7e73bb6\">"),
        ("sarif", "\"ruleId\": \"pattern/ratchet\""),
        ("github", "::error title=pattern/ratchet::the baseline tolerates"),
        ("gitlab", "\"path\": \"orket.kdl\""),
    ];
    for (format, told) in formats {
        project.run(&format!("check --format {format}")).code(1).says([told, why]);
    }
    project.git("init -q").git("add -A").git("commit -qm x");
    project.run("check --changed=HEAD").code(1).says([why]);
    project.run("check --update-baseline").ok().says(["b.json: 0 entries, 0 added, 1 dropped"]);
    project.run("check").ok();
}

#[test]
fn what_was_not_evaluated_is_red_in_every_format_and_says_why() {
    let manifest = "gate \"ring\" kind=\"dependency_direction\" { root \"p\" language=\"python\"; layer \"a\" \"p/a.py\"; layer \"b\" \"p/b.py\"; deny \"a\" \"b\"; acyclic \"p/a.py\"; baseline \"b.json\" }";
    let project = Project::new().manifest(manifest).file("p/b.py", "x = 1\n").file("p/a.py", "import (\n");
    project.git("init -q").git("add -A").git("commit -qm x");
    let why = "1 thing could not be judged: p/a.py:1: ";
    for (format, told) in [
        ("junit", "errors=\"1\""),
        ("sarif", "\"executionSuccessful\": false"),
        ("github", "::error title=ring::"),
        ("gitlab", "\"critical\""),
    ] {
        project.run(&format!("check --format {format}")).code(3).says([told, why]);
    }
    project.write("p/b.py", "x = 2\n");
    project.run("check --changed=HEAD").code(3).says([why]);
    project.run("check --update-baseline").code(3).says(["so that `b.json` stays as it is: ", why]);
    project.run("check").code(3).never_says(["matches no source file"]);
}

#[test]
fn a_new_cycle_is_found_beside_those_that_are_tolerated() {
    let manifest = "gate \"ring\" kind=\"dependency_direction\" { root \".\" language=\"python\"; acyclic \".\"; baseline \"b.json\"; ratchet \"strict\" }";
    let project = Project::new().manifest(manifest).file("p/__init__.py", "");
    let write = |files: &[(&str, &str)]| {
        for (name, imports) in files {
            let text: String = imports.split_whitespace().map(|name| format!("import p.{name}\n")).collect();
            project.write(&format!("p/{name}.py"), text);
        }
    };
    write(&[("m", "n"), ("n", "m"), ("a", ""), ("y", ""), ("z", "y")]);
    project
        .run("check --update-baseline")
        .ok()
        .says(["+ dependency_direction/cycle p.m -> p.n\n", "+ dependency_direction/cycle p.n -> p.m\n"]);
    project.run("check").ok();
    for new in ["z", "a"] {
        write(&[("m", &format!("n {new}")), (new, "m")]);
        let (one, other) = (format!("p.m -> p.{new} -> p.m"), format!("p.{new} -> p.m -> p.{new}"));
        let seen = project.run("check").code(1).says(["1 finding, 2 in the baseline"]).never_says(["gone"]);
        assert!(seen.out().contains(&one) || seen.out().contains(&other), "{}", seen.out());
        write(&[("m", "n"), ("a", ""), ("z", "y")]);
        project.run("check").ok();
    }
    // A longer one through an import that is tolerated, while the way back that was there has gone.
    write(&[("n", "z"), ("y", "m")]);
    project
        .run("check")
        .code(1)
        .says(["p.n -> p.z -> p.y -> p.m -> p.n", "tolerates dependency_direction/cycle p.n -> p.m, which is gone"]);
    // A way out of what is tolerated makes nothing new.
    write(&[("m", "n a"), ("n", "m"), ("y", ""), ("a", "n")]);
    project.run("check --update-baseline").ok();
    write(&[("n", "")]);
    project.run("check").code(1).says(["dependency_direction/ratchet"]).never_says(["dependency_direction/cycle]"]);
}

#[test]
fn a_cycle_of_thousands_is_told_in_short() {
    let manifest = "gate \"ring\" kind=\"dependency_direction\" { root \".\" language=\"python\"; acyclic \".\" }";
    let project = Project::new().manifest(manifest);
    for at in 0..300 {
        project.write(&format!("m{at}.py"), format!("import m{}\n", (at + 1) % 300));
    }
    let seen = project.run("check").code(1).out().to_owned();
    assert!(seen.contains(" -> (289 more) -> m0\n") && seen.contains(", (288 more), m299.py:1 (acyclic, orket.kdl:1"), "{seen}");
}

#[test]
fn a_second_one_of_what_is_tolerated_is_new() {
    let manifest = "gate \"tidy\" kind=\"policy\" { private_keys #false; trailing_blanks #false; todo_owner #true; files \"*.txt\"; baseline \"b.json\" }";
    let key = "-----BEGIN PRIVATE KEY-----\n";
    let project = Project::new().manifest(manifest).file("a.txt", &format!("{key}x \nTODO y\n"));
    project.run("check --update-baseline").ok().says(["3 entries"]);
    project.write("a.txt", format!("TODO y\n{key}\nx \n")).run("check").ok();
    project.write("a.txt", format!("{key}{key}x \nx \nTODO y\nTODO y\n")).run("check").code(1).says(["3 findings, 3 in the baseline"]);
}

#[test]
fn rules_that_mean_nothing_are_mistakes() {
    let layers = "layer \"web\" \"web/**\"; layer \"infra\" \"infra/**\"";
    let wrong = |kind: &str, rules: &str, said: &str| {
        let manifest = format!("gate \"g\" kind=\"{kind}\" {{\n{rules}\n}}\n");
        Project::new().manifest(&manifest).file("web/a.py", "").run("check").code(2).says([said, "--> orket.kdl:"]);
    };
    for (rules, said) in [
        ("", "the gate has no rule"),
        ("allow \"web\" \"infra\" reason=\"x\"", "the gate has no rule"),
        ("deny \"web\" \"web\"", "`deny` names the layer `web` twice"),
        ("independent \"web\" \"web\"", "`independent` names the layer `web` twice"),
        ("order \"web\" \"web\"", "`order` names the layer `web` twice"),
        ("order \"infra\" \"web\" \"infra\"", "`order` names the layer `infra` twice"),
        ("transitive #true; transitive #false; deny \"web\" \"infra\"", "`transitive` stands here a second time"),
        ("layer \"low\" \"p/[/**\"; deny \"web\" \"infra\"", "`p/[/**`: "),
        ("acyclic \"p/[\"", "`p/[`: "),
        ("protected \"web/**\" by=\"p/[\"", "`p/[`: "),
    ] {
        wrong("dependency_direction", &format!("{layers}\n{rules}"), said);
    }
    wrong("policy", "max_lines 3\nmax_lines 4", "`max_lines` stands here a second time");
    wrong("policy", "max_lines 3; level \"warning\"; level \"error\"", "`level` stands here a second time");
    wrong("policy", "max_lines 3\nfiles \"p/[/**\"", "`p/[/**`: ");
    wrong("pattern", "pattern \"x\"\nfiles \"!p/[/**\"", "`p/[/**`: ");
    for predicate in ["#lua-match?", "#equal?", "#is-not?"] {
        let query = format!("(call function: (identifier) @f ({predicate} @f \\\"bar\\\"))");
        wrong(
            "pattern",
            &format!("syntax \"{query}\" language=\"python\""),
            &format!("there is no predicate `{predicate}`; there are: #eq?"),
        );
    }
    let known = "gate \"g\" kind=\"pattern\" { syntax \"(call function: (identifier) @f (#match? @f \\\"^b\\\"))\" language=\"python\" }\n";
    Project::new().manifest(known).file("a.py", "foo()\nbar()\n").run("check").code(1).says(["a.py:2:1", "1 finding"]);
    for (rules, said) in [
        ("merge_markers #true", "`merge_markers #true` asks nothing"),
        ("max_lines 3; private_keys", "`private_keys #true` asks nothing"),
        ("todo_owner #false; final_newline #false", "the gate has no rule"),
        ("naming \"**\"", "`naming` takes a `style`"),
        ("naming \"**\" style=\"loud\"", "the styles are: snake_case, kebab-case, camelCase, PascalCase"),
        ("max_lines 3; ratchet \"strict\"", "`ratchet` has no baseline to hold"),
        ("max_lines 3; baseline \"../b.json\"", "`baseline`: "),
        ("max_lines 3; baseline \"/b.json\"", "`baseline`: "),
    ] {
        wrong("policy", rules, said);
    }
    wrong("evidence", "artifact \"a\" { json \"/failures\" }", "`json \"/failures\"` asks nothing of the value");
    let typed = Project::new().manifest("gate \"g\" { acyclic \".\" }\n");
    typed.run("check").code(2).says(["the gate `g` has no kind"]).never_says(["there is no kind of gate"]);
    typed.run("graph imports").code(2).says(["the gate `g` has no kind"]).never_says(["there is no kind of gate"]);
}

#[test]
fn what_a_gate_does_not_know_is_a_mistake() {
    let layers = "layer \"web\" \"web/**\"; layer \"infra\" \"infra/**\"";
    for (kind, rules, said) in [
        ("policy", "max_lines 999 foo=1", "`max_lines` has no property `foo`"),
        ("policy", "files \"a/**\" exclude=\"x\"; max_lines 1", "`files` has no property `exclude`"),
        ("policy", "max_lines 9; level \"error\" foo=1", "`level` has no property `foo`"),
        ("policy", "max_lines 9; level \"error\" \"warning\"", "`level` takes one of: error, warning"),
        ("policy", "max_lines 9; baseline \"x\" foo=1", "`baseline` has no property `foo`"),
        ("policy", "max_lines 9; stage", "`stage` takes texts"),
        ("policy", "max_lines 9 { x }", "there is no node `x` in `max_lines`"),
        ("policy", "max_line 9", "did you mean `max_lines`?"),
        ("pattern", "pattern \"x\" { y }", "there is no node `y` in `pattern`"),
        ("churn", "limit touches=50 99", "`limit` takes what it limits by name"),
        ("churn", "limit touchs=50", "did you mean `touches`?"),
        ("evidence", "artifact \"a\" { json \"/f\" max=0 { z } }", "there is no node `z` in `json`"),
        ("evidence", "artifact \"a\" { jsn \"/f\" max=0 }", "did you mean `json`?"),
        ("working_model", "verify \"A-1\" task=\"t\" foo=1", "`verify` has no property `foo`"),
        ("roadmap_metrics", "file \"R.md\"; command \"x\" quik=#true", "did you mean `quick`?"),
        ("roadmap_metrics", "file \"R.md\"; command \"x\" quick=\"yes\"", "`quick` takes #true or #false"),
        ("fixer", "filter \"cat\" timeout=1", "`filter` has no property `timeout`"),
        ("working_model", "since \"a\"; since \"b\"", "`since` stands here a second time"),
        ("working_model", "roadmap \"a\"; roadmap \"b\"", "`roadmap` stands here a second time"),
        ("working_model", "verify \"A-1\" task=\"t\"; verify \"A-1\" task=\"t\"", "`verify \"A-1\"` stands here a second time"),
        ("churn", "limit touches=3 touches=4", "`touches` stands here a second time"),
        ("churn", "limit touches=3; archive \".git\"", "evidence cannot be kept in `.git`"),
        ("churn", "limit touches=3; archive \"a/.orket/b\"", "evidence cannot be kept in `a/.orket/b`"),
        ("evidence", "artifact \"a\" { json \"/a\" equals=1 equals=2 }", "`equals` stands here a second time"),
        ("release_smoke", "step \"t\"; step \"t\"", "there is a step `t` already"),
        ("release_smoke", "step \"s\" { sqlite \"../../zz.db\" apply=\"m/*\" }", "`../../zz.db` leads out of the project"),
        ("release_smoke", "step \"s\" { image \".\"; probe \"/x\" port=99999 }", "`99999` is no port"),
        ("release_smoke", "step \"s\" { image \".\"; probe \"x\" port=80 }", "`x` is no path of a server"),
        ("release_smoke", "step \"t\" foo=1", "there is no property `foo` in `step`"),
        ("release_smoke", "step \"s\" { http \"http://x\" \"http://y\" }", "`http` takes 1 value"),
        ("release_smoke", "step \"s\" { sh \"true\" { z } }", "`sh` takes no block"),
        ("dependency_direction", &format!("{layers}; order \"web\" \"infra\" {{ x }}"), "there is no node `x` in `order`"),
        ("dependency_direction", &format!("{layers}; deny \"web\" \"infra\" until=\"x\""), "`deny` has no property `until`"),
        ("dependency_direction", "acyclic \".\"; root \".\" { exclud \"x\" }", "did you mean `exclude`?"),
    ] {
        let manifest = format!("task \"t\" {{ sh \"true\" }}\ngate \"g\" kind=\"{kind}\" {{\n{rules}\n}}\n");
        Project::new().manifest(&manifest).run("check").code(2).says([said, "orket.kdl:3:"]);
    }
    Project::new()
        .manifest("gate \"g\" kind=\"pattern\" level=\"warning\" { pattern \"x\" }\n")
        .run("check")
        .code(2)
        .says(["there is no property `level` in `gate`", "what a gate says stands in its block"]);
}

#[test]
fn names_and_large_binaries_have_rules_of_their_own() {
    let policy = |rules: &str| {
        let project = Project::new().manifest(&format!("gate \"g\" kind=\"policy\" {{ {rules} }}"));
        project.file("src/good_name.test.py", "").file("src/BadName.py", "").file("src/.hidden.py", "").file("docs/a-b.md", "long text\n")
    };
    policy("naming \"src/**\" style=\"snake_case\"").run("check").code(1).stdout(
        "error[policy/naming]: `BadName` is not in snake_case\n --> src/BadName.py\n  = help: rename it\n\nfailed  g  1 finding  (5 files)\nfailed: 1 failed, 0 of 1 gate passed\n",
    );
    policy("naming \"docs/**\" style=\"kebab-case\"; naming \"src/*.py\" \"!src/B*\" matches=\"^src/[a-z._]+$\"").run("check").ok();
    policy("naming \"docs/*\" matches=\"^docs/[a-z]+[.]md$\"").run("check").code(1).says(["`docs/a-b.md` does not match `^docs/"]);
    policy("naming \"lib/**\" style=\"camelCase\"").run("check").code(3).says(["`naming` means no file: `lib/**`"]);
    let large = policy("max_binary_bytes 5");
    large.run("check").ok();
    large
        .write("a.bin", b"\0\0\0\0\0\0")
        .run("check")
        .code(1)
        .says(["error[policy/max_binary_bytes]: it is no text and has 6 bytes, and 5 are allowed"]);
}

#[test]
fn allow_empty_covers_all_that_is_empty() {
    let with = |gate: &str, allow: &str| {
        Project::new().manifest(&format!("{gate} {allow} }}")).file("a.py", "import os\n").run("check").either().0
    };
    for (gate, status) in [
        ("gate \"g\" kind=\"dependency_direction\" { root \"gone\" language=\"python\"; acyclic \"gone\";", 3),
        ("gate \"g\" kind=\"evidence\" { artifact \"gone/*.json\" { json \"/x\" max=0 };", 1),
        ("gate \"g\" kind=\"policy\" { naming \"gone/**\" style=\"snake_case\";", 3),
        ("gate \"g\" kind=\"pattern\" { pattern \"x\"; files \"gone/**\";", 3),
    ] {
        assert_eq!((with(gate, ""), with(gate, "allow_empty #true")), (status, 0), "{gate}");
    }
}

#[test]
fn a_text_is_no_number_and_a_mark_before_it_no_reason() {
    let gate = |equals: &str| format!("gate \"g\" kind=\"evidence\" {{ artifact \"a.json\" {{ json \"/r\" equals={equals} }} }}");
    let project = Project::new().file("a.json", "\u{feff}{\"r\": 7}");
    for (equals, status) in [("7", 0), ("7.0", 0), ("\"7\"", 1), ("8", 1)] {
        project.declare(&gate(equals)).run("check").code(status);
    }
    project.write("a.json", "{\"r\": \"7\"}").declare(&gate("\"7\"")).run("check").ok();
    project.declare(&gate("7")).run("check").code(1);
}

#[test]
fn a_fixer_whose_filter_runs_its_own_gate_comes_to_an_end() {
    let script = format!(
        "n=$(cat n 2>/dev/null || echo 0); echo $((n+1)) > n\ntest $n -ge 3 || env -i PATH=\"$PATH\" {} check f >/dev/null 2>&1\ncat\n",
        env!("CARGO_BIN_EXE_orket")
    );
    let project =
        Project::new().manifest("gate \"f\" kind=\"fixer\" { files \"*.txt\"; filter \"sh\" \"own.sh\" }").file("own.sh", &script);
    project.write("a.txt", "a\n").run("check").code(3).says(["`sh` lets orket judge the gate that it is a part of"]);
    assert_eq!(project.read("n"), "1\n");
}

#[test]
fn links_that_are_passed_over_are_told() {
    let project = Project::new().file("shared/q.py", "import os\n").file("b/a.py", "import os\n").manifest(
        r#"
        gate "imports" kind="dependency_direction" { root "b"; acyclic "b" }
        gate "text" kind="pattern" { pattern "no such"; files "b/*.py" }
        gate "none" kind="pattern" { pattern "no such"; files "b/q.*"; private #true }
        "#,
    );
    project.link("../shared/q.py", "b/q.py");
    let said =
        "pass    imports  nothing found  (1 file, 1 link not followed)\npass    text  nothing found  (1 file, 1 link not followed)\n";
    project.run("check").ok().stdout(&format!("{said}done: 2 of 2 gates passed\n"));
    assert_eq!(project.run("check text --json").ok().json()["gates"][0]["links"], 1);
    project.run("check none").code(3).says(["its `files` match nothing but links, which are not followed"]);
    for target in ["nowhere.py", "loop.py"] {
        project
            .link(target, "b/loop.py")
            .run("check imports")
            .code(3)
            .says(["b/loop.py", "it cannot be read: it is a link that leads nowhere"]);
        project.remove("b/loop.py");
    }
}

#[test]
fn a_pattern_says_that_what_it_is_for_is_no_text() {
    let project = Project::new().manifest("gate \"g\" kind=\"pattern\" { pattern \"x\"; files \"*.txt\" }");
    project.write("a.txt", b"\xff\xfex\0\n\0").run("check").code(3).says(["the one that its `files` match is no text"]);
}

const LINES: &str = "gate \"g\" kind=\"policy\" { files \"*.txt\"; max_lines 1; baseline \"base.json\" }\n";

#[test]
fn a_baseline_is_written_as_a_file_and_told_once_it_is_there() {
    let project = Project::new().manifest(LINES).file("a.txt", "1\n2\n");
    project.write("real.json", "{\"version\": 1, \"entries\": []}").link("real.json", "base.json");
    project
        .run("check --update-baseline")
        .code(2)
        .says(["error: `base.json` is a link\nhint: let the gate name the file that it leads to"]);
    assert!(project.at("base.json").is_symlink());
    project.remove("base.json").run("check --update-baseline").ok().says(["base.json: 1 entry, 1 added"]);
    let text = project.read("base.json");
    project.write("base.json", format!("\u{feff}{}", text.replace("\"until\":\"\"", "\"until\":null"))).run("check").ok();
    let full = Project::new().manifest(&LINES.replace("base.json", "there/base.json")).file("a.txt", "1\n2\n").file("there", "");
    full.run("check --update-baseline").code(3).never_says(["1 added"]);
}

#[test]
fn several_updates_at_once_lose_no_entry_of_a_baseline_that_they_share() {
    let names: Vec<String> = (0..8).map(|at| format!("g{at}")).collect();
    let gate = |name: &String| LINES.replace("\"g\"", &format!("\"{name}\"")).replace("*.txt", &format!("{name}.txt"));
    let project = Project::new().manifest(&names.iter().map(gate).collect::<String>());
    for name in &names {
        project.write(&format!("{name}.txt"), "1\n2\n");
    }
    std::thread::scope(|scope| {
        for name in &names {
            let mut update = std::process::Command::new(env!("CARGO_BIN_EXE_orket"));
            update
                .args(["check", name, "--update-baseline"])
                .current_dir(project.root())
                .env("ORKET_CACHE_DIR", project.base().join("cache"));
            update.env_remove("CI").stderr(std::process::Stdio::null());
            scope.spawn(move || assert!(update.output().unwrap().status.success(), "{name}"));
        }
    });
    assert_eq!(project.read("base.json").matches("\"rule\"").count(), names.len());
    project.run("check").ok();
}

#[test]
fn a_report_is_written_as_a_whole_or_not_at_all() {
    let project = Project::new().manifest(LINES).file("a.txt", "1\n2\n").file("report.json", "old");
    project.mode("report.json", 0o640).run("check --format json --output report.json").code(1);
    let made = project.at("report.json").metadata().unwrap();
    assert!(project.read("report.json").contains("policy/max_lines"), "{made:?}");
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&made.permissions()) & 0o777, 0o640);
}

#[test]
fn comments_that_stand_above_each_other_allow_in_the_same_line() {
    let manifest =
        LAYERS.replace("order", "external \"requests\" only_in=\"domain\"; protected \"shop/domain/**\" by=\"shop/web/**\"; order");
    let one = "# orket: allow(dependency_direction/protected) old\n";
    let other = "# orket: allow(dependency_direction/order) older\n";
    let project = shop("import os\n").manifest(&manifest.replace("\"web\" \"infra\" \"domain\"\n", "\"web\" \"domain\" \"infra\"\n"));
    let import = "from shop.domain import model\n";
    for (text, status) in [(format!("{one}{other}{import}"), 0), (format!("{other}{one}{import}"), 0), (format!("{one}{import}"), 1)] {
        project.write("shop/infra/db.py", text).run("check").code(status);
    }
}

#[test]
fn what_changed_is_told_without_the_filters_of_the_repository() {
    let project = shop("from shop.infra import db\n").manifest(LAYERS);
    project.write(".gitattributes", "*.py filter=own\n").git("init -q").git("add .").git("commit -qm one");
    project.git("config filter.own.clean ../ran.sh").write("../ran.sh", "#!/bin/sh\ntouch ../filtered\ncat\n").mode("../ran.sh", 0o755);
    project.write("shop/domain/model.py", "from shop.infra import db \n");
    project.run("check --changed").code(1).says(["shop/domain/model.py:1:1"]);
    assert!(!project.has("../filtered"), "a program of the repository's configuration ran");
}

#[test]
fn an_update_says_what_it_leaves_to_people() {
    let manifest = "gate \"words\" kind=\"pattern\" { pattern \"os\"; files \"a.txt\"; baseline \"b.json\" }";
    let project = Project::new().manifest(manifest).file("a.txt", "os\n");
    project.run("check --update-baseline").ok();
    let text = project.read("b.json");
    project.write("b.json", text.replace("\"until\":\"\"", "\"until\":\"2020-01-31\""));
    project.run("check --update-baseline").code(1).says([
        "note: `b.json` tolerated pattern/match a.txt ",
        " until 2020-01-31\n",
        "move its `until`",
    ]);
    let merged = text.replace("  \"entries\"", "<<<<<<< ours\n  \"entries\"");
    project.write("b.json", merged).run("check").code(3).says(["a merge was not finished in it", "--update-baseline"]);
}

#[test]
fn a_file_that_is_too_large_is_not_read_and_said() {
    let large = |project: &Project, path: &str, begins: &[u8]| {
        let file = std::fs::File::create(project.at(path)).unwrap();
        std::os::unix::fs::FileExt::write_all_at(&file, begins, 0).unwrap();
        file.set_len((64 << 20) + 1).unwrap();
    };
    let manifest = |gate: &str| format!("gate \"g\" {gate}\n");
    let project = Project::new().manifest(&manifest("kind=\"pattern\" { pattern \"zzz\" }")).file("a.txt", "zzz\n");
    large(&project, "hole.bin", b"");
    project.run("check").code(1).never_says(["hole.bin"]);
    large(&project, "b.py", &[b'#'; 1 << 16]);
    let said = ["b.py", "it is larger than 64 MiB"];
    project.run("check").code(3).says(said).says(["error[pattern/match]", "error[pattern/too_large]"]);
    project.declare(&manifest("kind=\"policy\" { max_lines 3 }")).run("check").code(3).says(said).says(["policy/too_large"]);
    let size = "kind=\"policy\" { max_bytes \"1MiB\" }";
    project.declare(&manifest(size)).run("check").code(1).says(["it has 67108865 bytes", "2 findings"]).never_says(["too_large"]);
    project.declare(&manifest("kind=\"dependency_direction\" { acyclic \".\" }")).run("check").code(3).says(said).says(["unparsable"]);
    project.run("graph imports").ok().says(said);
}

#[test]
fn churn_is_not_judged_by_a_part_of_the_commits_that_count() {
    let manifest = |limits: &str| format!("gate \"calm\" kind=\"churn\" {{ archive #false; {limits} }}");
    let project = Project::new().file("a.txt", "0\n").file("b.txt", "0\n");
    project.git("init -q").git("add .").git("commit -qm old");
    for round in 1..5 {
        project.write("a.txt", format!("{round}\n")).write("b.txt", format!("{round}\n")).git("commit -qam new");
    }
    let clone = |depth: u32| {
        let from = format!("file://{}", project.root().display());
        let clone = Project::new();
        clone.git(&format!("clone -q --depth {depth} {from} .")).declare(&manifest("limit touches=3"));
        clone
    };
    let said = ["error[churn/shallow]: this clone is shallow and holds only a part", "git fetch --unshallow", "fetch-depth: 0"];
    clone(1).run("check").code(3).says(said);
    clone(3).run("check").code(3).says(said).never_says(["churn/touches"]);
    clone(5).run("check").code(1).says(["error[churn/touches]: 5 commits have changed it, and 3 are allowed"]).never_says(["shallow"]);
    let deep = clone(4);
    deep.declare(&manifest("limit touches=2; limit coupling=0.5; limit lines=5"))
        .run("check")
        .code(3)
        .says(said)
        .says(["churn/touches]: 3 commits", "churn/lines]: 6 lines"])
        .never_says(["churn/coupling"]);
}

#[test]
fn evidence_has_to_be_there_recent_and_right() {
    let manifest = r#"gate "load" kind="evidence" { artifact "results/*_load.json" max_age="30d" keep=2 { json "/failures" max=0; json "/ok" equals=#true } }"#;
    let rules = |project: &Project| {
        let json = project.run("check --format json").either().1.json();
        let findings = json["gates"][0]["findings"].as_array().unwrap().clone();
        findings.iter().map(|one| one["rule"].as_str().unwrap().replace("evidence/", "")).collect::<Vec<_>>().join(" ")
    };
    let project = Project::new().manifest(manifest).file(".gitignore", "results/\n");
    assert_eq!(rules(&project), "missing");
    let good = r#"{"failures": 0, "ok": true}"#;
    let today = jiff::Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date();
    let named = |days: i64| format!("results/{}_load.json", today.saturating_sub(jiff::Span::new().days(days)));
    project.write(&named(9), good);
    assert_eq!(rules(&project), "");
    project.write(&named(8), r#"{"failures": 2, "date": "1998-12-31T10:00:00Z"}"#);
    assert_eq!(rules(&project), "date value value");
    project.write(&named(7), "{").write(&named(20), good);
    assert_eq!(rules(&project), "superfluous unparsable");
    project.run("check").code(3);
    let linked = Project::new().manifest(manifest);
    linked.write("../elsewhere.json", good).write("results/other", "").link("../../elsewhere.json", &named(1));
    assert_eq!(rules(&linked), "missing");
    assert_eq!(linked.run("check --format json").code(1).json()["gates"][0]["links"], 1);
    // Nobody has measured anything on a day that is to come, however old it may be.
    Project::new().manifest(&manifest.replace(" max_age=\"30d\"", "")).file(&named(-40), good).run("check").code(1).says(["it is dated "]);
    Project::new().manifest(manifest).file(&named(-40), good).run("check").code(1).says(["error[evidence/date]: it is dated "]);
    let old = Project::new().manifest(manifest).file("results/2020-01-01_load.json", good);
    old.run("check").code(1).says(["error[evidence/stale]: it is ", " days old, and 30 are allowed\n --> results/2020-01-01_load.json"]);
    let nameless = Project::new().manifest(manifest).file("results/x_load.json", good);
    assert_eq!(rules(&nameless), "date");
    // The newest counts, also by what stands in it.
    let dated = |days: i64, failures: u32| {
        format!(r#"{{"failures": {failures}, "ok": true, "date": "{}"}}"#, today.saturating_sub(jiff::Span::new().days(days)))
    };
    nameless.write("results/a_load.json", dated(1, 5)).write("results/x_load.json", dated(9, 0));
    assert_eq!(rules(&nameless), "value");
    linked.run("check").code(1).says(["; `results/", ".json` is a link, and links are not followed", "(1 link not followed)"]);
    // Of one day it is the one that was made last, whatever it is called, and all where nobody says which.
    let same = |time: &str, failures: u32| format!(r#"{{"failures": {failures}, "ok": true, "made": "{today}{time}"}}"#);
    let day = Project::new().manifest(manifest).file(&format!("results/{today}_b_load.json"), &same("T09:00:00Z", 5));
    day.write(&format!("results/{today}_a_load.json"), same("T11:00:00Z", 0)).run("check").ok();
    day.write(&format!("results/{today}_a_load.json"), same("T09:00:00+00:00", 0)).run("check").code(1).says(["`/failures` is 5"]);
    let whole = |text: &str| Project::new().manifest(manifest).file(&named(1), text).run("check").code(1).all();
    let told = whole(r#"{"failures": 3, "ok": true, "failures": 0}"#);
    assert!(told.contains("error[evidence/twice]: `/failures` stands twice in it"), "{told}");
    let told = whole(r#"{"failures": 0, "ok": true, "made": "yesterday"}"#);
    assert!(told.contains("error[evidence/date]: its `made` is \"yesterday\", which says no day"), "{told}");
    let told = whole(r#"{"failures": 0, "ok": true, "made": 1e400}"#);
    assert!(told.contains("error[evidence/date]: its `made` is 1e400, which says no day"), "{told}");
    let told = whole(r#"{"failures": 1e400, "ok": true, "a": 1, "a": 2}"#);
    assert!(told.contains("`/failures` is 1e400, and at most 0") && told.contains("`/a` stands twice in it"), "{told}");
    for elsewhere in ["../x/*.json", "/x/*.json", "a/../b.json"] {
        let manifest = format!("gate \"g\" kind=\"evidence\" {{ artifact \"{elsewhere}\" }}");
        Project::new().manifest(&manifest).run("check").code(2).says(["leads elsewhere: artifacts are the project's"]);
    }
    let half = "gate \"g\" kind=\"evidence\" { artifact \"a.json\" { json \"/r\" equals=0.5 } }";
    Project::new().manifest(half).file("a.json", r#"{"r": 0.5}"#).run("check").ok();
    Project::new()
        .manifest("gate \"g\" kind=\"evidence\" { artifact \"a\" { json \"/f\" min=5 max=1 } }")
        .run("check")
        .code(2)
        .says(["no number is at least 5 and at most 1"]);
    Project::new()
        .manifest("gate \"g\" kind=\"evidence\" { artifact \"a\" { json \"failures\" max=0 } }")
        .run("list")
        .code(2)
        .says(["is no JSON pointer"]);
}

/// Binary numbers of 64 bits would take some of these for the same.
#[test]
fn numbers_in_evidence_are_compared_as_they_are_written() {
    let artifact = r#"{"big": 9007199254740993, "huge": 123456789012345678901234567890, "list": [{"a/b": 0.1000000000000000055}], "long": 1.00000000000000000000000000000000000000001, "vast": 1e400, "tiny": 1e-400}"#;
    for (bound, wrong) in [
        ("\"/big\" equals=9007199254740993", ""),
        ("\"/big\" equals=9007199254740992", "`/big` is 9007199254740993, and should be 9007199254740992"),
        ("\"/big\" max=9007199254740992", "`/big` is 9007199254740993, and at most 9007199254740992 is allowed"),
        ("\"/big\" min=\"9007199254740993.5\"", "and at least 9007199254740993.5 is wanted"),
        ("\"/huge\" equals=123456789012345678901234567890", ""),
        ("\"/huge\" equals=123456789012345678901234567891", "`/huge` is 123456789012345678901234567890, and should be"),
        ("\"/huge\" min=18446744073709551616", ""),
        ("\"/list/0/a~1b\" equals=0.1", "`/list/0/a~1b` is 0.1000000000000000055, and should be"),
        ("\"/list/0/a~1b\" min=0.1 max=0.2", ""),
        ("\"/vast\" min=5", ""),
        ("\"/vast\" equals=\"1e400\"", "`/vast` is 1e400, and should be \"1e400\""),
        ("\"/vast\" max=1000", "`/vast` is 1e400, and at most 1000 is allowed"),
        ("\"/tiny\" max=0", "`/tiny` is 1e-400, and at most 0 is allowed"),
        ("\"/long\" min=1", "and only 38 digits are compared"),
    ] {
        let manifest = format!("gate \"g\" kind=\"evidence\" {{ artifact \"a.json\" {{ json {bound} }} }}");
        let project = Project::new().manifest(&manifest).file("a.json", artifact);
        match wrong {
            "" => drop(project.run("check").ok()),
            wrong => drop(project.run("check").code(1).says([wrong])),
        }
    }
    Project::new()
        .manifest("gate \"g\" kind=\"evidence\" { artifact \"a.json\" { json \"/r\" equals=9007199254740993.5 } }")
        .run("list")
        .code(2)
        .says(["`json` takes decimals of up to 15 digits, and others in quotes"]);
}

/// A gate in each of the languages whose modules are names, not paths.
#[test]
fn directions_hold_in_kotlin_csharp_php_and_ruby() {
    let manifest = |language: &str| {
        format!(
            "gate \"layers\" kind=\"dependency_direction\" {{\n    root \"src\" language=\"{language}\"\n    layer \"web\" \"src/web/**\"\n    layer \"core\" \"src/core/**\"\n    order \"web\" \"core\"\n}}\n"
        )
    };
    for (language, web, core, good, wrong) in [
        (
            "kotlin",
            "src/web/Page.kt",
            "src/core/Cart.kt",
            "package web\nimport core.Cart\nclass Page(val cart: Cart)\n",
            "package core\nimport web.Page\nclass Cart\n",
        ),
        (
            "csharp",
            "src/web/Page.cs",
            "src/core/Cart.cs",
            "namespace Web;\nusing Core;\nclass Page { Cart cart; }\n",
            "namespace Core;\nusing Web;\nclass Cart { Page page; }\n",
        ),
        (
            "php",
            "src/web/Page.php",
            "src/core/Cart.php",
            "<?php\nnamespace Web;\nuse Core\\Cart;\nclass Page { public Cart $cart; }\n",
            "<?php\nnamespace Core;\nuse Web\\Page;\nclass Cart { public Page $page; }\n",
        ),
        (
            "ruby",
            "src/web/page.rb",
            "src/core/cart.rb",
            "require_relative '../core/cart'\nclass Page; end\n",
            "require_relative '../web/page'\nclass Cart; end\n",
        ),
    ] {
        let project = Project::new().file(web, good).manifest(&manifest(language));
        let innocent: String = wrong
            .lines()
            .filter(|line| !["import ", "using ", "use ", "require"].iter().any(|word| line.starts_with(word)))
            .map(|line| format!("{}\n", line.replace("Page page; ", "").replace("public Page $page; ", "")))
            .collect();
        project.write(core, &innocent).run("check").ok().says(["pass    layers  nothing found  (2 files)"]);
        project.write(core, wrong).run("check").code(1).says(["and `web` stands above `core`", &format!(" --> {core}:")]);
    }
}

/// Several files may be one module: each is judged by its own layer, and by the comments in it.
#[test]
fn each_file_of_a_module_is_judged_for_itself() {
    let go = "package core\nimport _ \"ex.com/m/infra\"\n";
    let layers = "gate \"layers\" kind=\"dependency_direction\" { root \".\" language=\"go\"; layer \"tests\" \"**/*_test.go\"; layer \"infra\" \"infra/**\"; layer \"core\" \"core/svc*.go\"; order \"tests\" \"infra\" \"core\" }";
    let project = Project::new().manifest(layers).file("go.mod", "module ex.com/m\n").file("infra/db.go", "package infra\n");
    project.write("core/svc.go", "package core\n").write("core/api_test.go", go).run("check").ok();
    project.write("core/svc.go", go).run("check").code(1).says(["1 finding", " --> core/svc.go:2:"]);
    let allowed = go.replace("infra\"\n", "infra\" // orket: allow(dependency_direction) for today\n");
    project.write("core/svc.go", &allowed).run("check").ok().says(["1 allowed in place"]);
    project.write("core/svc_more.go", go).run("check").code(1).says(["1 finding, 1 allowed in place", " --> core/svc_more.go:2:"]);

    let apart = "gate \"layers\" kind=\"dependency_direction\" { root \".\" language=\"go\"; layer \"infra\" \"infra/**\"; layer \"core\" \"core/**\"; layer \"mid\" \"mid/**\"; independent \"core\" \"infra\"; acyclic \".\"; baseline \"b.json\" }";
    let project = Project::new().manifest(apart).file("go.mod", "module ex.com/m\n").file("infra/db.go", "package infra\n");
    project.write("core/a.go", "package core\nimport _ \"ex.com/m/mid\"\n").write("mid/a.go", "package mid\n");
    project.write("mid/a_test.go", "package mid\nimport _ \"ex.com/m/infra\"\n").run("check").ok();
    project.write("mid/b.go", "package mid\nimport _ \"ex.com/m/infra\"\n");
    project.run("check").code(1).says(["`ex.com/m/core` reaches `ex.com/m/infra`"]);
    project.write("mid/b.go", "package mid\nimport _ \"ex.com/m/core\"\n");
    project.run("check").code(1).says(["these modules import each other: ex.com/m/core -> ex.com/m/mid -> ex.com/m/core"]);

    project.write("mid/b.go", "package mid\n").write("core/a.go", go).run("check --update-baseline").ok().says(["1 entry"]);
    project.run("check").ok();
    project.write("core/b.go", go).run("check").code(1).says(["1 finding, 1 in the baseline", " --> core/b.go:2:"]);
}

/// What a language's own settings say decides where imports lead, and so a verdict does not outlive them.
#[test]
fn a_verdict_does_not_outlive_the_settings_that_imports_rest_on() {
    let manifest = |language: &str| {
        format!(
            "gate \"layers\" kind=\"dependency_direction\" {{\n    root \"src\" language=\"{language}\"\n    layer \"web\" \"src/web/**\"\n    layer \"core\" \"src/core/**\"\n    order \"web\" \"core\"\n}}\n"
        )
    };
    let csproj = |usings: &str| format!("<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup>{usings}</ItemGroup></Project>\n");
    let ruby = [("src/core/cart.rb", "require 'page'\n"), ("src/web/page.rb", "\n")];
    let csharp = [
        ("src/core/Cart.cs", "namespace Core;\nclass Cart { Page page; }\n"),
        ("src/web/Page.cs", "namespace Web;\nclass Page { Core.Cart cart; }\n"),
    ];
    for (language, files, settings, before, after) in [
        (
            "ruby",
            ruby,
            "src/shop.gemspec",
            String::from("s.require_paths = ['core']\n"),
            String::from("s.require_paths = ['core', 'web']\n"),
        ),
        ("csharp", csharp, "src/Shop.csproj", csproj(""), csproj("<Using Include=\"Web\" />")),
    ] {
        let project = Project::new().manifest(&manifest(language));
        files.iter().for_each(|(path, text)| drop(project.write(path, text).at(path)));
        project.write(settings, &before).settle().run("build").ok().says(["done    layers"]);
        project.run("build").ok().nothing_to_do();
        project.write(settings, &after).settle().run("build").code(1).says(["and `web` stands above `core`"]);
    }
}

#[test]
fn of_a_knot_one_cycle_is_shown_and_a_comment_allows_those_through_its_import() {
    let manifest = "gate \"ring\" kind=\"dependency_direction\" { root \".\" language=\"python\"; acyclic \".\"; baseline \"b.json\" }";
    let project = Project::new().manifest(manifest);
    project.write("a.py", "import b\n").write("b.py", "import a\nimport c\n").write("c.py", "import a\n");
    let seen = project.run("check").code(1).says(["a -> b -> a; 2 more imports are in such cycles with them", "1 finding"]);
    assert!(!seen.out().contains("b -> c"), "{}", seen.out());
    project.write("a.py", "import b  # orket: allow(dependency_direction/cycle) it is to go\n");
    project.run("check").ok();
    project.write("d.py", "import a\n").write("c.py", "import a\nimport d\n").write("a.py", "import b\n");
    project.run("check --update-baseline").ok().says(["b.json: 6 entries"]);
    project.run("check").ok();
}

#[test]
fn each_churn_gate_keeps_its_own_evidence() {
    let gate = |name: &str| format!("gate \"{name}\" kind=\"churn\" {{ scope \"{name}\"; limit touches=9 }}\n");
    let project = Project::new().file("src/a", "1\n").file("docs/b", "1\n");
    let project = project.manifest(&format!("project \"shop\"\n{}{}", gate("src"), gate("docs")));
    project.git("init -q").git("add -A").git("commit -qm one");
    for _ in 0..2 {
        project.run("check").ok();
        let mut scopes = Vec::new();
        for entry in std::fs::read_dir(project.at("benchmarks/results")).unwrap() {
            let kept: serde_json::Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap();
            scopes.push(kept["scope"].as_str().unwrap().to_owned());
        }
        scopes.sort();
        assert_eq!(scopes, ["docs", "src"]);
    }
}

#[test]
fn a_churn_gate_below_the_repository_names_files_from_its_project() {
    let manifest = "gate \"churn\" kind=\"churn\" { limit touches=1; archive #false }\n";
    let project = Project::new().file("shop/src/a", "1\n").file("shop/orket.kdl", manifest);
    project.git("init -q").git("add -A").git("commit -qm one");
    project.write("shop/src/a", "2\n").git("commit -qam two");
    project.run("-C shop check --changed=HEAD~1").code(1).says(["error[churn/touches]", " --> shop/src/a\n"]);
    let json = project.run("-C shop check --changed=HEAD~1 --json").code(1).json();
    assert_eq!(json["gates"][0]["findings"][0]["file"], "src/a");
}

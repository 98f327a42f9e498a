//! `orket init`: what it writes is read, holds, and is never written over anything.

use crate::common::Project;

/// Makes a manifest for these files; returns what `list` says of it, and the manifest.
fn made(files: &[(&str, &str)]) -> (String, String) {
    let project = files.iter().fold(Project::new(), |project, (path, text)| project.file(path, text));
    project.run("init").ok().stderr("wrote orket.kdl\nhint: `orket list` shows what is in it, `orket build` builds it\n");
    project.run("fmt --check").ok();
    project.run("check").ok();
    project.run("build -n").ok();
    (project.run("list").ok().out().to_owned(), project.read("orket.kdl"))
}

#[test]
fn a_manifest_fits_the_project() {
    let cargo = "[package]\nname = \"demo\"\n";
    let (list, text) = made(&[("Cargo.toml", cargo), ("Cargo.lock", ""), ("src/main.rs", "fn main() {}\n")]);
    assert!(list.contains("build") && list.contains("test"), "{list}");
    assert!(text.contains("run \"cargo\" \"build\" \"--locked\"") && text.contains("outputs \"target/debug/demo\""), "{text}");
    let (_, text) = made(&[("Cargo.toml", "[workspace]\nmembers = [\"a\"]\n")]);
    assert!(!text.contains("outputs") && !text.contains("--locked"), "{text}");

    let scripts = r#"{"scripts": {"build": "tsc", "test": "vitest", "lint": "eslint ."}, "devDependencies": {"typescript": "5"}}"#;
    let (_, text) = made(&[("package.json", scripts), ("pnpm-lock.yaml", ""), (".gitignore", "/dist/\n")]);
    let says = [
        "\"pnpm\" \"install\" \"--frozen-lockfile\"",
        "\"pnpm\" \"run\" \"lint\"",
        "outputs \"dist/\"",
        "after \"build\"",
        "needs \"install\"",
    ];
    says.iter().for_each(|part| assert!(text.contains(part), "{part}: {text}"));
    let (_, text) = made(&[("package.json", "{\"scripts\": {\"test\": \"echo \\\"Error: no test specified\\\" && exit 1\"}}")]);
    assert!(!text.contains("task"), "{text}");

    let (_, text) = made(&[("pyproject.toml", "[tool.pytest]\n"), ("uv.lock", ""), ("a.py", "import os\n")]);
    assert!(text.contains("\"uv\" \"run\" \"python\" \"-m\" \"pytest\""), "{text}");
    let (_, text) = made(&[("setup.py", ""), ("tests/__init__.py", "")]);
    assert!(text.contains("\"python3\" \"-m\" \"unittest\" \"discover\" \"-s\" \"tests\" \"-t\" \".\""), "{text}");
    assert!(made(&[("go.mod", "module x\n")]).1.contains("run \"go\" \"vet\" \"./...\""));
    assert!(made(&[("CMakeLists.txt", "")]).1.contains("outputs \"build/\""));

    let (list, _) = made(&[("go.mod", "module x\n"), ("Cargo.toml", cargo), ("Makefile", "all:\n")]);
    assert!(list.contains("go") && list.contains("rust") && !list.contains("make"), "{list}");
    let project = Project::new().file("Makefile", "all:\n\techo x > a\n.PHONY: test\ntest :\n\tgrep x a\n");
    project.run("init").ok();
    assert!(project.read("orket.kdl").contains("run \"make\" \"test\""));
}

#[test]
fn an_empty_folder_has_something_to_build_too() {
    let project = Project::new();
    project.run("init").ok();
    project.run("build").ok().says(["built 2 tasks: 2 done"]);
    let text = project.read("orket.kdl");
    project.run("init").code(2).stderr("error: `orket.kdl` is there already, and stays as it is\nhint: move it away first\n");
    assert_eq!(project.read("orket.kdl"), text);
}

#[test]
fn a_workflow_has_the_rules_first() {
    let project = Project::new();
    project.run("init --ci github").ok().says(["wrote .github/workflows/orket.yml"]);
    let text = project.read(".github/workflows/orket.yml");
    let (check, build) = (text.find("orket check --stage ci --format github").unwrap(), text.find("orket build").unwrap());
    assert!(check < build && text.contains("needs: architecture"));
    project.run("init --ci gitlab").ok().says(["wrote .gitlab-ci.yml"]);
    assert!(project.read(".gitlab-ci.yml").contains("orket check --stage ci --format gitlab --output gl-code-quality-report.json"));
    project.run("init --ci github").code(2).says(["`.github/workflows/orket.yml` is there already"]);
    project.run("init --ci gitlab").code(2).says(["`.gitlab-ci.yml` is there already"]);
    assert_eq!(project.read(".github/workflows/orket.yml"), text);
}

fn shop() -> Project {
    Project::new()
        .file("shop/__init__.py", "")
        .file("shop/web/views.py", "from shop.domain import model\n")
        .file("shop/infra/db.py", "import requests\nfrom shop.domain import model\n")
        .file("shop/domain/model.py", "import os\n")
        .file("tests/test_all.py", "from shop.web import views\nfrom shop.infra import db\n")
        .file("setup.py", "import shop.web\n")
        .file("manage.py", "import shop.web.views\n")
}

#[test]
fn a_proposed_gate_holds_of_the_code_as_it_is() {
    let project = shop();
    project.run("init gate dependency_direction").ok().stdout(
        r#"gate "layers" kind="dependency_direction" {
    about "Who may import whom, as it was when this was proposed"
    root "shop" language="python"
    layer "infra" "shop/infra/**"
    layer "web" "shop/web/**"
    layer "domain" "shop/domain/**"
    order "infra" "web" "domain"
}
"#,
    );
    assert!(!project.has("orket.kdl"));
    project.run("init gate dependency_direction --write").ok().stderr("added the gate `layers` to orket.kdl\n");
    project.run("check").ok();
    project.write("shop/domain/model.py", "import shop.web.views\n").run("check").code(1);
    project.run("init gate dependency_direction --write").code(2).says(["has a gate `layers` already"]);
    // What is one knot becomes one layer.
    let knot = shop().file("shop/domain/model.py", "import shop.web.views\n");
    knot.run("init gate dependency_direction --write").ok();
    assert!(knot.read("orket.kdl").contains("layer \"domain_web\" \"shop/domain/**\" \"shop/web/**\""));
    knot.run("check").ok();
    let all = shop().file("shop/domain/model.py", "import shop.web.views\nimport shop.infra.db\n");
    all.run("init gate dependency_direction").code(4).says(["import one another"]);
}

#[test]
fn layers_are_proposed_for_other_languages_too() {
    let rust = Project::new()
        .file("Cargo.toml", "[package]\nname = \"x\"\nedition = \"2024\"\n")
        .file("src/main.rs", "mod a;\nmod b;\nmod err;\nfn main() { a::run() }\n")
        .file("src/a.rs", "mod inner;\npub fn run() { crate::b::go(inner::X) }\n")
        .file("src/a/inner.rs", "use crate::err;\npub const X: u8 = err::Y;\n")
        .file("src/b/mod.rs", "pub fn go(_: u8) {}\n")
        .file("src/err.rs", "pub const Y: u8 = 1;\n");
    let script = Project::new()
        .file("package.json", "{}")
        .file("vite.config.ts", "import { b } from './src/lib/b';\n")
        .file("src/index.ts", "import { a } from './app/a';\n")
        .file("src/app/a.ts", "import { b } from '../lib/b';\nexport const a = b;\n")
        .file("src/lib/b.ts", "export const b = 1;\n");
    let go = Project::new()
        .file("go.mod", "module example.org/x\n")
        .file("main.go", "package main\n\nimport \"example.org/x/a\"\n\nfunc main() { a.Run() }\n")
        .file("a/a.go", "package a\n\nimport \"example.org/x/b\"\n\nfunc Run() { b.Go() }\n")
        .file("b/b.go", "package b\n\nfunc Go() {}\n");
    for project in [rust, script, go] {
        project.run("init gate dependency_direction --write").ok();
        let text = project.read("orket.kdl");
        assert!(text.matches("layer \"").count() > 2 && !text.contains("config"), "{text}");
        project.run("check").ok();
    }
    Project::new().run("init gate dependency_direction").code(4).says(["there is no source file"]);
    Project::new().run("init gate churn").code(2).says(["there is nothing to propose for a gate of kind `churn`"]);
}

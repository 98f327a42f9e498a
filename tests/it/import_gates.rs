//! What the verdicts of gates about imports rest on.

use crate::common::Project;

/// A gate by which `src/domain` must not import `src/web`, and a source that imports what `paths` say `@/a` is.
fn aliased(settings: &str) -> Project {
    Project::new()
        .manifest(&layers("typescript", ""))
        .file("src/web/a.ts", "export const w = 1\n")
        .file("src/domain/a.ts", "export const w = 2\n")
        .file("src/domain/b.ts", "import {w} from \"@/a\"\nimport \"./a\"\n")
        .file("tsconfig.json", settings)
}

fn layers(language: &str, more: &str) -> String {
    format!(
        r#"gate "layers" kind="dependency_direction" {{
            root "src" language="{language}"
            layer "web" "src/web/**"
            layer "domain" "src/domain/**"
            order "web" "domain"
            {more}
        }}"#
    )
}

/// Settings by which `@/a` is that of a layer; `up` leads from them to the project.
fn paths(up: &str, layer: &str) -> String {
    format!("{{\"compilerOptions\": {{\"paths\": {{\"@/*\": [\"{up}src/{layer}/*\"]}}}}}}\n")
}

/// Asserts that the gate sees both texts of a file, whatever it has kept.
fn follows(project: &Project, file: &str, up: &str) {
    project.write(".orket/.gitignore", "*\n");
    for _ in 0..2 {
        project.write(file, paths(up, "domain")).settle().run("check").ok();
        project.run("check").ok();
        project.write(file, paths(up, "web")).settle().run("check").code(1).says(["`web` stands above `domain`"]);
        project.run("check").code(1);
    }
}

#[test]
fn a_verdict_rests_on_settings_that_are_ignored_or_stand_behind_links() {
    let project = aliased("{\"extends\": \"./.svelte-kit/tsconfig.json\"}").file(".gitignore", ".svelte-kit\nnode_modules\n");
    follows(&project, ".svelte-kit/tsconfig.json", "../");
    project.write("tsconfig.json", "{\"extends\": \"@c/base/tsconfig.json\"}").settle().run("check").ok();
    follows(&project, "node_modules/@c/base/tsconfig.json", "../../../");
    project.remove("node_modules/@c/base/tsconfig.json").settle().run("check").ok();
    project.write("tsconfig.json", "{\"extends\": \"./link.json\"}").link("../outside.json", "link.json");
    follows(&project, "../outside.json", "./");
    project.remove("tsconfig.json").link("conf/base.json", "tsconfig.json");
    follows(&project, "conf/base.json", "./");
}

#[test]
fn settings_may_stand_above_the_manifest() {
    let project = aliased("{\"extends\": \"../base.json\"}").file("../.git/HEAD", "");
    let folder = project.root().file_name().unwrap().to_string_lossy().into_owned();
    follows(&project, "../base.json", &format!("./{folder}/"));
    project.remove("../base.json").run("check").code(3).says(["it extends `../base.json`, which is not there"]);
    project.remove("tsconfig.json").run("check").ok();
    follows(&project, "../tsconfig.json", &format!("./{folder}/"));
}

#[test]
fn a_module_of_go_may_begin_above_the_manifest() {
    let project = Project::new()
        .manifest(&layers("go", ""))
        .file("../.git/HEAD", "")
        .file("../go.mod", "module ex.com/m\n")
        .file("src/web/w.go", "package web\n");
    let folder = project.root().file_name().unwrap().to_string_lossy().into_owned();
    project.write("src/domain/d.go", format!("package domain\nimport _ \"ex.com/m/{folder}/src/web\"\n"));
    project.run("check").code(1).says(["and `web` stands above `domain`"]);
}

#[test]
fn a_package_of_python_that_begins_above_the_manifest_is_told() {
    let project = Project::new().manifest(&layers("python", "")).file("__init__.py", "").file("src/web/w.py", "x = 1\n");
    let folder = project.root().file_name().unwrap().to_string_lossy().into_owned();
    project.write("src/domain/d.py", format!("from {folder}.src.web import w\n"));
    project.run("check").code(3).says([&*format!("the package `{folder}` begins above the manifest"), "src/domain/d.py:1"]);
}

#[test]
fn a_crate_may_inherit_from_above_the_manifest() {
    let shared = "[workspace]\nmembers = [\"*/src/*\"]\n[workspace.dependencies]\nwebx = { path = \"x\", package = \"web\" }\n";
    let project = Project::new()
        .manifest(&layers("rust", ""))
        .file("../.git/HEAD", "")
        .file("../Cargo.toml", shared)
        .file("src/web/Cargo.toml", "[package]\nname = \"web\"\n")
        .file("src/web/src/lib.rs", "pub fn w() {}\n")
        .file("src/domain/Cargo.toml", "[package]\nname = \"domain\"\n[dependencies]\nwebx = { workspace = true }\n")
        .file("src/domain/src/lib.rs", "use webx::w;\n");
    project.run("check").code(1).says(["and `web` stands above `domain`"]);
}

#[test]
fn a_compilation_database_is_read_though_it_is_ignored() {
    let project = Project::new()
        .manifest(&layers("c", ""))
        .file(".gitignore", "build\n")
        .file("src/web/deep/w.h", "")
        .file("src/web/x/deep/w.h", "")
        .file("src/domain/d.c", "#include <w.h>\n#include \"e.h\"\n")
        .file("src/domain/e.h", "");
    project.write(".orket/.gitignore", "*\n").settle().run("check").ok();
    let entry = r#"[{"directory": "..", "file": "src/domain/d.c", "arguments": ["cc", "-Isrc/web/deep"]}]"#;
    project.write("build/compile_commands.json", entry).settle().run("check").code(1).says(["stands above `domain`"]);
}

#[test]
fn what_is_tolerated_hides_no_new_chain() {
    let manifest = |rules: &str| {
        let layers: String = ["a", "b", "c", "d"].map(|one| format!("layer \"{one}\" \"{one}/**\"\n")).concat();
        format!(
            "gate \"l\" kind=\"dependency_direction\" {{\nroot \".\" language=\"python\"\n{layers}deny \"b\" \"c\"\n{rules}\nbaseline \"base.json\"\n}}\n"
        )
    };
    for rules in ["deny \"a\" \"d\"\ntransitive #true", "independent \"a\" \"d\""] {
        let project = ["a", "b", "c", "d"].iter().fold(Project::new(), |project, one| project.file(&format!("{one}/__init__.py"), ""));
        let project = project.manifest(&manifest(rules)).file("b/m.py", "import c.m\n").file("c/m.py", "import d.m\n").file("d/m.py", "");
        project.write("a/m.py", "").run("check --update-baseline").ok();
        project.write("a/m.py", "import b.m\n").run("check").code(1).says(["`a.m` reaches `d.m`"]);
        project.run("check --update-baseline").ok();
        project.run("check").ok();
        project.remove("base.json").run("check").code(1).says(["`b.m` imports `c.m`"]).never_says(["reaches"]);
        project.run("check --update-baseline").ok();
        project.run("check").ok();
        project.remove("base.json").write("b/m.py", "import c.m  # orket: allow(dependency_direction/deny) old\n");
        project.run("check").code(1).says(["`a.m` reaches `d.m`"]);
    }
}

#[test]
fn modules_of_one_name_are_tolerated_each_for_itself() {
    let manifest = r#"gate "l" kind="dependency_direction" {
        root "s1" language="python"
        root "s2" language="python"
        layer "web" "*/app/web/**"
        layer "domain" "*/app/domain/**"
        order "web" "domain"
        baseline "base.json"
    }"#;
    let mut project = Project::new().manifest(manifest);
    for root in ["s1", "s2"] {
        for file in ["__init__.py", "web/__init__.py", "web/w.py", "domain/__init__.py", "domain/d.py"] {
            project = project.file(&format!("{root}/app/{file}"), "");
        }
    }
    project.write("s2/app/domain/d.py", "import app.web.w\n").run("check --update-baseline").ok().says(["s2/app/domain/d.py"]);
    project.run("check").ok();
    project.write("s2/app/domain/d.py", "").write("s1/app/domain/d.py", "import app.web.w\n");
    project.run("check").code(1).says(["s1/app/domain/d.py:1"]);
}

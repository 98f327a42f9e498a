//! `orket graph imports`.

use crate::common::Project;

fn shop() -> Project {
    Project::new()
        .file("shop/__init__.py", "")
        .file("shop/model.py", "import os\n")
        .file("shop/api.py", "import requests\nfrom shop.model import Thing\nfrom .gone import x\n")
        .manifest("task \"hello\" { sh \"{log:hello}\" }")
}

#[test]
fn imports_are_listed_below_the_module_that_has_them() {
    let seen = shop().run("graph imports").ok().ran([]).out().to_owned();
    assert_eq!(
        seen,
        "shop.api\n  requests  (external)  shop/api.py:1\n  shop  shop/api.py:3\n  shop.model  shop/api.py:2\n3 modules, 4 imports, 1 unresolved (`--unresolved` lists them)\n"
    );
    let seen = shop().run("graph imports --unresolved").ok().out().to_owned();
    assert_eq!(seen, "shop/api.py:3  .gone.x\n1 import could not be resolved\n");
}

#[test]
fn machines_are_told_each_edge() {
    let json = shop().run("graph imports --format json").ok().json();
    let edges = json["edges"].as_array().unwrap();
    let inside = edges.iter().find(|edge| edge["to"] == "shop.model").unwrap();
    assert_eq!(
        inside.to_string(),
        r#"{"column":1,"external":false,"from":"shop.api","from_file":"shop/api.py","kind":"import","line":2,"to":"shop.model","to_file":"shop/model.py"}"#
    );
    let os = edges.iter().find(|edge| edge["to"] == "os").unwrap();
    assert_eq!((&os["stdlib"], &os["external"], &os["to_file"]), (&true.into(), &true.into(), &serde_json::Value::Null));
    for format in ["dot", "mermaid", "html"] {
        shop().run(&format!("graph imports --format {format}")).ok().says(["shop.model", "requests"]);
    }
}

#[test]
fn facts_are_kept_where_there_is_a_state_folder_and_only_there() {
    let project = shop();
    let facts = |project: &Project| project.run("graph imports --json").ok().json()["facts"].to_string();
    assert_eq!(facts(&project), r#"{"cached":0,"extracted":3,"files":3}"#);
    assert!(!project.has(".orket"), "looking writes nothing");
    project.run("build hello").ok();
    assert_eq!(facts(&project), r#"{"cached":0,"extracted":3,"files":3}"#);
    assert_eq!(facts(&project), r#"{"cached":3,"extracted":0,"files":3}"#);
    let project = project.file("shop/model.py", "import re\n");
    assert_eq!(facts(&project), r#"{"cached":2,"extracted":1,"files":3}"#);
}

#[test]
fn a_target_of_that_name_goes_first() {
    let project = shop().manifest("task \"imports\" { sh \"true\" }");
    project.run("graph imports").ok().says(["imports"]).never_says(["shop"]);
    project.run("graph imports --unresolved").code(2);
}

#[test]
fn what_cannot_be_parsed_is_told() {
    shop().file("shop/bad.py", "def f(:\n").run("graph imports").ok().says(["shop/bad.py:1", "syntax error"]);
}

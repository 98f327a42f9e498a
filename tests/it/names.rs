//! Odd names of files.

use crate::common::Project;

#[test]
fn files_with_any_name_are_inputs_and_outputs() {
    let long = "x".repeat(255);
    let names = [
        "a b",
        " lead",
        "trail ",
        "new\nline",
        "tab\t",
        "it's",
        "\"quoted\"",
        "-dash",
        "$HOME",
        "`x`",
        "*",
        "a\\b",
        "{x}",
        "日本語",
        "é",
        "\u{202e}x",
        "a;b",
        "#",
        "!x",
        &long,
    ];
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; cp -R in/. out/"; inputs "in/**"; outputs "out/" }"#);
    for name in names {
        project.write(&format!("in/{name}"), name);
    }
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().nothing_to_do();
    project.remove("out");
    project.run("build").ok().ran([]);
    for name in names {
        assert_eq!(project.read(&format!("out/{name}")), name);
    }
    for name in names {
        project.write(&format!("in/{name}"), "changed");
        project.run("build").ok().ran(["t"]);
    }
    project.run("query inputs(t)").ok();
}

#[test]
fn names_that_are_not_unicode() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let project = Project::new().file("in/x", "").manifest(r#"task "t" { sh "{log:t}; cp -R in/. out/"; inputs "in/**"; outputs "out/" }"#);
    let name = OsStr::from_bytes(b"\xff\xfe");
    std::fs::write(project.at("in").join(name), "odd").unwrap();
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().nothing_to_do();
    project.remove("out");
    project.run("build").ok().ran([]);
    assert_eq!(std::fs::read(project.at("out").join(name)).unwrap(), b"odd");
}

#[test]
fn odd_names_are_told_in_one_way_and_on_one_line() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let project = Project::new().file("in/new\nline", "").manifest(r#"task "t" { sh "true"; inputs "in/**" }"#);
    std::fs::write(project.at("in").join(OsStr::from_bytes(b"\xc3\xa9\xf0")), "1").unwrap();
    project.run("query inputs(t)").ok().stdout("in/new\\nline\nin/\u{e9}\\xf0\n");
    project.run("build").ok();
    std::fs::write(project.at("in").join(OsStr::from_bytes(b"\xc3\xa9\xf0")), "2").unwrap();
    project.run("explain t").ok().says(["in/\u{e9}\\xf0"]);
}

#[test]
fn what_an_each_matches_cannot_harm_an_address() {
    let project = Project::new().file("in/plain", "").file("in/a b", "").manifest(
        r#"each "f" glob="in/*" { task "t/{{f.name}}" { run "cp" "{{f.path}}" "out-{{f.name}}"; inputs "{{f.path}}"; outputs "out-{{f.name}}" } }"#,
    );
    project.run("build").ok();
    assert!(project.has("out-a b") && project.has("out-plain"));
    project.write("in/bad[x]", "");
    project.run("build").code(2);
}

#[test]
fn a_terminal_is_not_driven_by_names_or_output() {
    let project = Project::new().manifest("task \"t\" { sh \"printf '\\\\033[2J\\\\033]0;owned\\\\007'; false\" }");
    project.run("build").code(1).never_says(["\u{1b}[2J", "\u{1b}]0"]);
}

//! `orket fmt`.

use crate::common::Project;

#[test]
fn a_tidied_manifest_means_the_same_and_stays_tidy() {
    let project = Project::new()
        .file("orket.kdl", "// why\ntask   \"t\"{sh \"echo > o\"\n  outputs    \"o\" // this\n}\n\n\n\n\ntask \"u\" { sh \"true\" }");
    let before = project.run("list --json").ok().out().to_owned();
    project.run("fmt --check").code(1);
    project.run("fmt").ok();
    let tidy = project.read("orket.kdl");
    assert!(tidy.contains("// why") && tidy.contains("// this"), "{tidy}");
    project.run("fmt --check").ok();
    project.run("fmt").ok();
    assert_eq!(project.read("orket.kdl"), tidy);
    assert_eq!(before.replace(char::is_numeric, ""), project.run("list --json").ok().out().replace(char::is_numeric, ""));
}

#[test]
fn a_comment_of_its_own_line_stays_and_tidy_stays_tidy() {
    let project = Project::new().file("orket.kdl", "// why\ntask   \"t\"{sh \"echo > o\"\n  outputs    \"o\"\n}\n");
    project.run("fmt --check").code(1);
    project.run("fmt").ok();
    let tidy = project.read("orket.kdl");
    assert!(tidy.starts_with("// why\n"), "{tidy}");
    project.run("fmt --check").ok();
    project.run("fmt").ok();
    assert_eq!(project.read("orket.kdl"), tidy);
    project.run("build").ok();
}

#[test]
fn what_cannot_be_read_is_left_alone() {
    let project = Project::new().file("orket.kdl", "task \"t\" {");
    project.run("fmt").code(2);
    assert_eq!(project.read("orket.kdl"), "task \"t\" {");
}

#[test]
fn a_manifest_that_is_a_link_stays_one() {
    let project = Project::new().file("shared/real.kdl", "task   \"t\" {\nsh \"true\"\n}\n");
    project.link("shared/real.kdl", "orket.kdl");
    project.run("fmt").ok().says(["tidied orket.kdl"]);
    assert!(project.at("orket.kdl").is_symlink());
    assert_eq!(project.read("shared/real.kdl"), "task   \"t\" {\n    sh \"true\"\n}\n");
    project.run("fmt --check").ok();
}

#[test]
fn a_manifest_keeps_its_permissions() {
    let project = Project::new().manifest("task   \"t\" {sh \"true\"}\n");
    project.mode("orket.kdl", 0o600).run("fmt").ok();
    let mode = std::os::unix::fs::PermissionsExt::mode(&project.at("orket.kdl").metadata().unwrap().permissions());
    assert_eq!(mode & 0o7777, 0o600);
}

//! Orket's own tools do what those of this name do everywhere, and lose nothing that those would keep.

use crate::common::Project;

fn project(commands: &str) -> Project {
    let text = format!("process_rules {{ tool_strategy_node \"portable\" }}\ntask \"t\" {{ {commands} }}\n");
    let project = Project::new().file("in", "precious").file("d/f", "1").file("d/sub/g", "2").manifest(&text);
    project.link("in", "l");
    std::fs::hard_link(project.at("in"), project.at("hard")).unwrap();
    project.link("../nowhere", "d/dangling").link(".", "d/loop");
    project
}

#[test]
fn a_file_is_not_copied_onto_itself() {
    for (words, said) in [
        (r#""in" "in""#, "in and in are the same file"),
        (r#""l" "in""#, "l and in are the same file"),
        (r#""in" "l""#, "in and l are the same file"),
        (r#""hard" "in""#, "hard and in are the same file"),
        (r#""-r" "l" "l""#, "l and l are the same file"),
        (r#""-r" "d" "d/sub""#, "d cannot be copied into itself, to d/sub/d"),
        (r#""-r" "d" "d/new/one""#, "d cannot be copied into itself, to d/new/one"),
        (r#""-r" "." "d""#, "cannot be copied into itself"),
        (r#""d" "e""#, "d is a folder; -r copies it"),
        (r#""-r" "/dev/null" "o""#, "/dev/null is neither a file nor a folder"),
    ] {
        let project = project(&format!("run \"cp\" {words}"));
        project.run("build").code(1).says([said]);
        assert_eq!((project.read("in"), project.read("l"), project.read("d/sub/g")), ("precious".into(), "precious".into(), "2".into()));
        assert!(!project.has("d/sub/d") && !project.has("d/new"));
    }
}

#[test]
fn folders_are_copied_with_their_links() {
    let project =
        project(r#"run "cp" "-r" "d" "o"; run "cp" "-p" "in" "o/in"; run "mkdir" "-p" "o/a/b"; run "mv" "o/d/f" "o/a"; outputs "o/""#);
    project.run("build").ok();
    assert_eq!((project.read("o/d/sub/g"), project.read("o/a/f"), project.read("o/in")), ("2".into(), "1".into(), "precious".into()));
    let link = |name: &str| std::fs::read_link(project.at(name)).unwrap().to_string_lossy().into_owned();
    assert_eq!((link("o/d/dangling"), link("o/d/loop")), ("../nowhere".into(), ".".into()));
}

#[test]
fn the_folder_that_a_task_stands_in_is_not_removed() {
    for path in [".", "./", "..", "d/..", "d/../"] {
        let project = project(&format!("run \"rm\" \"-rf\" \"{path}\""));
        let seen = project.run("build");
        assert_eq!(project.read("in"), "precious", "{path}");
        seen.code(1).says(["is not removed: ", "command: rm -rf "]);
    }
    let linked = project(r#"run "rm" "-rf" "way/""#);
    linked.link("d", "way").run("build").code(1).says(["way/ is not removed: it is a link"]);
    assert_eq!(linked.read("d/sub/g"), "2");
    let project = project(r#"run "rm" "-rf" "d" "gone"; run "rm" "l""#);
    project.run("build").ok();
    assert!(!project.has("d") && !project.has("l") && project.has("in"));
}

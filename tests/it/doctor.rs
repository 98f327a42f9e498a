//! `orket doctor`, completions and the man page.

use crate::common::Project;

#[test]
fn a_sound_set_up() {
    let project = Project::new().manifest(r#"task "t" { sh "true" }"#);
    project.run("doctor").ok();
    let project = project.var("PATH", "/none");
    let bare = project.run("doctor").ok();
    assert!(bare.out().contains("ok        boxes     none: `bwrap` is not there; install bubblewrap"), "{}", bare.out());
}

#[test]
fn completions_for_every_shell_and_a_man_page() {
    let project = Project::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        project.run(&format!("completions {shell}")).ok().says(["orket"]);
    }
    project.run("completions tcsh").code(2);
    project.run("man").ok().says([".TH"]);
}

#[test]
fn a_store_that_cannot_be_written_is_told_and_the_build_goes_on() {
    let project = Project::new().file("file", "").manifest(r#"task "t" { sh "{log:t}; echo > o"; outputs "o" }"#);
    let place = project.at("file").join("below");
    let project = project.var("ORKET_CACHE_DIR", place.to_str().unwrap());
    project.run("build").ok().ran(["t"]).says(["not stored"]);
    assert_eq!(project.read("o"), "\n");
}

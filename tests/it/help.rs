//! The help of every command, so that no flag changes unseen.

use crate::common::Project;

#[test]
fn the_help_of_every_command() {
    let commands = [
        "",
        "build",
        "run",
        "list",
        "graph",
        "affected",
        "query",
        "explain",
        "runs",
        "runs list",
        "runs show",
        "runs diff",
        "runs logs",
        "cache",
        "cache stats",
        "cache gc",
        "cache verify",
        "cache path",
        "cache clear",
        "churn",
        "fmt",
        "init",
        "init gate",
        "hooks",
        "hooks install",
        "hooks uninstall",
        "hooks run",
        "doctor",
        "completions",
        "man",
    ];
    let project = Project::new().var("COLUMNS", "100");
    let help: String =
        commands.iter().map(|command| format!("$ orket {command}\n{}\n", project.run(&format!("{command} --help")).ok().out())).collect();
    insta::with_settings!({ snapshot_path => "../snapshots", prepend_module_to_snapshot => false }, { insta::assert_snapshot!("help", help) });
}

#[test]
fn the_version() {
    Project::new().run("--version").ok().stdout(concat!("orket ", env!("CARGO_PKG_VERSION"), "\n")).stderr("");
}

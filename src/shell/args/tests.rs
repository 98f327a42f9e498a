//! What can be typed, typed.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{CommandFactory, Parser};

use crate::shell::{CacheCommand, Cli, Color, Command, Rerun, Ui};

fn parse(line: &str) -> Cli {
    Cli::try_parse_from(line.split_whitespace()).unwrap_or_else(|error| panic!("{line}: {error}"))
}

fn refusal(line: &str) -> (i32, String) {
    let error = Cli::try_parse_from(line.split_whitespace()).expect_err(line);
    (error.exit_code(), error.to_string())
}

#[test]
fn the_table_is_sound() {
    Cli::command().debug_assert();
}

#[test]
fn nothing_typed_is_no_command() {
    assert!(parse("orket").command.is_none());
    assert!(parse("orket --json").global.json);
    assert!(matches!(parse("orket runs").command, Some(Command::Runs { command: None })));
}

#[test]
fn flags_of_every_command_stand_anywhere() {
    for line in ["orket -C a -f b --color never list --json", "orket list -C a --color never -f b --json"] {
        let global = parse(line).global;
        assert_eq!((global.directory, global.manifest), (Some("a".into()), Some("b".into())), "{line}");
        assert_eq!((global.color, global.json), (Color::Never, true), "{line}");
    }
}

#[test]
fn a_build() {
    let line = "orket build a b/* -j4 -k -n -vv --explain --force --no-cache --rerun failed --timeout 1m --trace t --events e --summary s --ui plain";
    let Some(Command::Build(build)) = parse(line).command else { panic!("no build") };
    assert_eq!(build.targets, ["a", "b/*"]);
    assert_eq!((build.jobs, build.verbose, build.timeout), (Some(4), 2, Some(Duration::from_secs(60))));
    assert!(build.keep_going && build.dry_run && build.explain && build.force && build.no_cache);
    assert!(!build.fail_fast && !build.quiet && !build.check);
    assert_eq!((build.rerun, build.ui), (Some(Rerun::Failed), Ui::Plain));
    assert_eq!([build.trace, build.events, build.summary], ["t", "e", "s"].map(|file| Some(PathBuf::from(file))));
}

#[test]
fn a_build_is_read_alike_without_the_other_commands() {
    let words = |line: &str| line.split_whitespace().map(OsString::from).collect::<Vec<_>>();
    for line in [
        "orket build",
        "orket -C a --json build list build -j4 -kvv --strategy planner=x --decide a=b -f b --color never",
        "orket --color always build -n --rerun failed --timeout 1m --ui plain -- -j",
    ] {
        assert_eq!(format!("{:?}", Cli::of_build(&words(line)).expect(line)), format!("{:?}", parse(line)));
    }
    for line in
        ["orket", "orket list", "orket run build", "orket help build", "orket build --help", "orket build -j0", "orket build --nothing"]
    {
        assert!(Cli::of_build(&words(line)).is_none(), "{line}");
    }
}

#[test]
fn words_for_a_task_stand_behind_two_dashes() {
    let Some(Command::Run(run)) = parse("orket run serve -j2 -- --port 80 -j9").command else { panic!("no run") };
    assert_eq!((run.target.as_str(), run.jobs), ("serve", Some(2)));
    assert_eq!(run.args, ["--port", "80", "-j9"]);
    assert_eq!((run.as_build().targets, run.as_build().jobs), (vec!["serve".to_owned()], Some(2)));
}

#[test]
fn sizes_are_read() {
    let Some(Command::Cache { command: CacheCommand::Gc { max_size } }) = parse("orket cache gc --max-size 2GiB").command else {
        panic!("no gc")
    };
    assert_eq!(max_size, Some(2 << 30));
}

#[test]
fn wrong_lines_end_with_2_and_say_what_was_meant() {
    for (line, says) in [
        ("orket buidl", "'build'"),
        ("orket build --keep-goin", "'--keep-going'"),
        ("orket graph --format dott", "'dot'"),
        ("orket build -j 0", "expected a whole number of 1 or more"),
        ("orket build --timeout soon", "expected a duration such as `90s`"),
        ("orket cache gc --max-size big", "expected a size such as `500MiB`"),
        ("orket build -k --fail-fast", "cannot be used with"),
        ("orket run", "<TARGET>"),
    ] {
        let (code, text) = refusal(line);
        assert_eq!(code, 2, "{line}: {text}");
        assert!(text.contains(says), "{line}: {text}");
    }
}

#[test]
fn version_and_help_are_no_mistakes() {
    assert_eq!(refusal("orket --version"), (0, format!("orket {}\n", env!("CARGO_PKG_VERSION"))));
    assert_eq!(refusal("orket build --help").0, 0);
}

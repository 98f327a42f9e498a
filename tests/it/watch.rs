//! `orket watch`: what begins a build, what ends one, and what does neither.

use rustix::process::Signal;

use crate::common::{Background, Project, alive, wait_until};

/// Waits until it has come to rest so many times.
fn rests(watch: &Background, times: usize) {
    let at_rest = || watch.said().matches("(Ctrl-C ends)").count() >= times;
    assert!(wait_until(at_rest), "it does not come to rest {times} times:\n{}", watch.said());
}

fn ends(watch: Background, signal: Signal, code: i32) {
    watch.signal(signal);
    let ended = watch.end();
    assert_eq!(ended.code(), code, "{}", String::from_utf8_lossy(&ended.err));
}

fn two() -> Project {
    Project::new().file("a.in", "1").file("b.in", "1").file("src/x", "1").manifest(
        r#"task "a" { inputs "a.in"; outputs "out/a"; sh "{log:a}; cp a.in out/a" }
task "b" { inputs "b.in" "src/*"; outputs "out/b"; sh "{log:b}; cat b.in src/* > out/b" }
"#,
    )
}

#[test]
fn a_change_builds_what_rests_on_it() {
    let project = two();
    let watch = project.start("watch");
    rests(&watch, 1);
    assert_eq!(project.log().len(), 2);
    for (round, (path, ran)) in [("a.in", "a"), ("b.in", "b"), ("src/new", "b"), ("src/x", "b")].into_iter().enumerate() {
        project.write(path, format!("{round}+"));
        rests(&watch, round + 2);
        assert_eq!(project.log().last().map(String::as_str), Some(ran), "{path}");
        assert_eq!(project.log().len(), round + 3, "{path}");
        assert!(watch.said().contains(&format!("changed: {path}\n")), "{}", watch.said());
    }
    project.remove("src/new");
    rests(&watch, 6);
    assert_eq!(project.read("out/b"), "1+3+");
    ends(watch, Signal::INT, 130);
}

#[test]
fn files_of_orket_of_git_and_of_nobody_begin_nothing() {
    let project = two();
    let watch = project.start("watch a");
    rests(&watch, 1);
    for path in ["unrelated", "b.in", "out/a", ".git/index", ".orket/x", "src/y"] {
        project.write(path, "2");
    }
    project.write("a.in", "2");
    rests(&watch, 2);
    assert_eq!(project.log(), ["a", "a"]);
    assert_eq!(watch.said().matches("changed:").count(), 1, "{}", watch.said());
    ends(watch, Signal::TERM, 143);
}

#[test]
fn a_build_that_became_stale_is_ended() {
    let project = Project::new()
        .file("in", "slow")
        .manifest("task \"t\" { inputs \"in\"; outputs \"out\"; sh \"{log:t}; if grep -q slow in; then echo $$ > {base}/pid; sleep 300; fi; cp in out\" }");
    let watch = project.start("watch");
    let pid = project.base().join("pid");
    assert!(wait_until(|| pid.exists()), "{}", watch.said());
    let first = std::fs::read_to_string(&pid).unwrap();
    project.write("in", "fast");
    rests(&watch, 1);
    assert!(!alive(&first), "the stale task lives on");
    let said = || watch.said().contains("ended, since what it builds from has changed: ");
    assert!(wait_until(said) && !watch.said().contains("SIGINT"), "{}", watch.said());
    assert_eq!((project.log().len(), project.read("out")), (2, "fast".to_owned()));
    project.write("in", "slow again");
    assert!(wait_until(|| project.log().len() == 3), "{}", watch.said());
    let last = || std::fs::read_to_string(&pid).unwrap_or_default();
    assert!(wait_until(|| alive(&last())));
    let last = last();
    ends(watch, Signal::TERM, 143);
    assert!(!alive(&last), "a task outlives orket");
}

#[test]
fn a_mistake_in_the_manifest_is_shown_and_mended() {
    let project = two();
    let watch = project.start("watch");
    rests(&watch, 1);
    let manifest = project.read("orket.kdl");
    project.write("orket.kdl", format!("{manifest}task \"c\" {{"));
    rests(&watch, 2);
    assert!(watch.said().contains("error[manifest/syntax]"), "{}", watch.said());
    project.write("orket.kdl", format!("{manifest}{}", project.placed("task \"c\" { inputs \"c.in\"; sh \"{log:c}\" }")));
    project.write("c.in", "1");
    assert!(wait_until(|| project.log().contains(&"c".to_owned())), "{}", watch.said());
    ends(watch, Signal::HUP, 129);
    project.write("orket.kdl", "task {").run("watch").code(2);
    project.declare("task \"a\" { sh \"true\" }").run("watch zzz").code(4);
    project.run("watch -n").code(2).says(["belong to `orket build`"]);
}

#[test]
fn a_gate_judges_again_when_what_it_reads_changes() {
    let project = two();
    let manifest = project.read("orket.kdl");
    project.write("orket.kdl", format!("{manifest}gate \"g\" kind=\"pattern\" {{ pattern \"BAD\"; files \"src/*\" }}"));
    let watch = project.start("watch g");
    rests(&watch, 1);
    project.write("a.in", "BAD").write("src/x", "BAD");
    rests(&watch, 2);
    assert!(watch.said().contains("`BAD` stands here\n --> src/x:1:1"), "{}", watch.said());
    assert!(!watch.said().contains("changed: a.in\n"));
    ends(watch, Signal::INT, 130);
}

#[test]
fn what_a_changed_manifest_rests_on_is_watched() {
    let project = two();
    let manifest = project.read("orket.kdl");
    let watch = project.start("watch");
    rests(&watch, 1);
    project.write("gen/c.in", "1").write(".gitignore", "gen/\n");
    let task = project.placed("task \"c\" { inputs \"gen/c.in\"; outputs \"out/c\"; sh \"{log:c}; cp gen/c.in out/c\" }");
    project.write("orket.kdl", format!("{manifest}{task}"));
    rests(&watch, 2);
    assert_eq!(project.read("out/c"), "1");
    project.write("gen/c.in", "2");
    rests(&watch, 3);
    assert_eq!((project.log().len(), project.read("out/c")), (4, "2".to_owned()));
    ends(watch, Signal::INT, 130);
}

#[test]
fn what_is_ignored_and_meant_by_a_pattern_is_watched() {
    let project = Project::new()
        .file(".gitignore", "gen/\nnot/\n")
        .file("gen/x.c", "1")
        .file("not/x.c", "1")
        .manifest("task \"t\" { inputs \"**/*.c\" \"!not/\"; outputs \"out\"; sh \"{log:t}; cp gen/x.c out\" }");
    let watch = project.start("watch");
    rests(&watch, 1);
    assert!(watch.said().contains("watching 2 folders of 1 task"), "{}", watch.said());
    project.write("not/x.c", "2").write("gen/x.c", "2");
    rests(&watch, 2);
    assert_eq!((project.log().len(), project.read("out")), (2, "2".to_owned()));
    ends(watch, Signal::INT, 130);
}

#[test]
fn a_task_that_writes_what_it_reads_comes_to_rest() {
    let project = Project::new()
        .file("src/a", "1")
        .file("b.in", "1")
        .manifest("task \"t\" { inputs \"src/*\" \"b.in\"; outputs \"out\"; sh \"{log:t}; date +%N > src/log; sleep 0.2; cp src/a out\" }");
    let watch = project.start("watch");
    rests(&watch, 1);
    let note = "note: not built again for what changes under every build, as if a task wrote it: src/log\n";
    assert!(watch.said().contains(note), "{}", watch.said());
    let ran = project.log().len();
    assert!(ran <= 3, "it ran {ran} times");
    project.write("src/a", "2");
    rests(&watch, 2);
    assert_eq!((project.log().len(), project.read("out")), (ran + 1, "2".to_owned()), "{}", watch.said());
    ends(watch, Signal::INT, 130);
}

#[test]
fn what_is_read_through_links_is_watched() {
    let project =
        Project::new().file("real/x", "1").manifest("task \"t\" { inputs \"src/l/x\"; outputs \"out\"; sh \"{log:t}; cp src/l/x out\" }");
    project.write("src/y", "1");
    project.link("../real", "src/l");
    let watch = project.start("watch");
    rests(&watch, 1);
    project.write("real/x", "2");
    rests(&watch, 2);
    assert_eq!(project.read("out"), "2");
    ends(watch, Signal::INT, 130);
}

#[test]
fn a_folder_that_is_replaced_is_watched() {
    let project = two();
    let watch = project.start("watch b");
    rests(&watch, 1);
    project.write("new/x", "2");
    std::fs::rename(project.at("src"), project.at("old")).unwrap();
    std::fs::rename(project.at("new"), project.at("src")).unwrap();
    let holds = |text: &str| std::fs::read_to_string(project.at("out/b")).is_ok_and(|held| held == text);
    assert!(wait_until(|| holds("12")), "{}", watch.said());
    project.write("src/x", "3");
    assert!(wait_until(|| holds("13")), "{}", watch.said());
    ends(watch, Signal::INT, 130);
}

/// A project of which all is proven, with a watcher that knows it.
fn watched(project: &Project) -> Background {
    project.proven();
    let watcher = project.start("watch --no-build");
    assert!(wait_until(|| asked(project).is_ok()), "{}\n{:?}", watcher.said(), asked(project));
    watcher
}

/// How many files are looked at beside a watcher; on a busy machine its answer may come late now and then.
fn looked_at(project: &Project) -> usize {
    let mut looked_at = 0;
    assert!(wait_until(|| asked(project).map(|count| looked_at = count).is_ok()), "{:?}", asked(project));
    looked_at
}

/// How many files a build would look at although there is a watcher; or why it looks at all.
fn asked(project: &Project) -> Result<usize, String> {
    let (_, seen) = project.run_with("build -n", &[("ORKET_LOG", "orket::record=debug")]).either();
    match seen.err().split("doubtful=").nth(1) {
        Some(rest) => Ok(rest.split_whitespace().next().unwrap_or_default().parse().unwrap()),
        None => Err(seen.err().to_owned()),
    }
}

#[test]
fn a_build_beside_a_watcher_looks_at_what_has_changed() {
    let project = two();
    let watcher = watched(&project);
    let outside = looked_at(&project);
    assert!(outside <= 2, "it looks at {outside} files and nothing has changed: more than the shell");
    project.write("a.in", "2");
    assert_eq!(looked_at(&project), outside + 1);
    project.run("build").ok().ran(["a"]);
    assert_eq!(project.read("out/a"), "2");
    project.write("src/new", "2");
    project.run("build").ok().ran(["b"]);
    project.remove("out/b").run("build --json").ok().cached(["b"]);
    let said = project.run("doctor").ok();
    assert!(said.out().contains("alive: builds in this checkout look at what has changed"), "{}", said.out());
    project.run("watch --no-build").code(2).says(["another `orket watch` keeps watch"]);
    ends(watcher, Signal::INT, 130);
    assert!(!project.has(".orket/watcher"));
    assert!(project.run("doctor").ok().out().contains("`orket watch --no-build` is one"));
}

#[test]
fn builds_of_a_watch_ask_it_themselves_where_that_is_wanted() {
    let project = two();
    project.proven();
    let watch = project.start("watch");
    rests(&watch, 1);
    assert!(!project.has(".orket/watcher"), "nobody has asked for it");
    ends(watch, Signal::INT, 130);
    let watch = project.start_with("watch", &[("ORKET_WATCHER", "on"), ("ORKET_LOG", "orket::record=debug")]);
    rests(&watch, 1);
    assert!(wait_until(|| watch.said().contains("are under watch")), "{}", watch.said());
    // On a busy machine an answer may come late.
    for round in 2..20 {
        project.write("a.in", round.to_string());
        rests(&watch, round);
        assert_eq!(project.read("out/a"), round.to_string());
        if watch.said().contains("a watcher knows what may have changed") {
            break;
        }
    }
    assert!(watch.said().contains("a watcher knows what may have changed"), "{}", watch.said());
    ends(watch, Signal::INT, 130);
}

#[test]
fn a_watcher_that_dies_stands_still_or_loses_count_is_done_without() {
    let project = two();
    let watcher = watched(&project);
    watcher.signal(Signal::STOP);
    project.write("a.in", "2");
    assert!(asked(&project).unwrap_err().contains("it does not answer in time"));
    project.run("build").ok().ran(["a"]);
    project.proven();
    std::fs::create_dir(project.at("s")).unwrap();
    crate::differential::overflow(&project);
    project.write("a.in", "3");
    watcher.signal(Signal::CONT);
    project.run("build").ok().ran(["a"]);
    project.proven();
    assert!(wait_until(|| asked(&project).is_ok()), "it does not begin anew: {}", watcher.said());
    ends(watcher, Signal::KILL, 137);
    assert!(project.has(".orket/watcher"), "what is left of it");
    project.write("a.in", "4").run("build").ok().ran(["a"]);
    ends(watched(&project), Signal::TERM, 143);
}

#[test]
fn what_no_watcher_is_told_of_is_looked_at() {
    let project = Project::new()
        .file("real/x", "1")
        .file("src/y", "1")
        .manifest(r#"task "t" { inputs "src/l/x" "src/y"; outputs "out"; sh "{log:t}; cat src/l/x src/y > out" }"#);
    project.link("../real", "src/l");
    std::fs::hard_link(project.at("src/y"), project.base().join("elsewhere")).unwrap();
    let watcher = watched(&project);
    std::fs::write(project.base().join("elsewhere"), "2").unwrap();
    project.run("build").ok().ran(["t"]);
    project.proven().write("real/x", "3").run("build").ok().ran(["t"]);
    assert_eq!(project.read("out"), "32");
    ends(watcher, Signal::INT, 130);
}

#[test]
fn a_state_that_is_deleted_is_watched_again() {
    let project = two();
    let watcher = watched(&project);
    project.remove(".orket").write("a.in", "2").run("build").ok().ran(["a"]);
    assert!(wait_until(|| asked(&project).is_ok()), "{}", watcher.said());
    project.write("b.in", "2").run("build").ok().ran(["b"]);
    ends(watcher, Signal::INT, 130);
}

#[test]
fn what_speaks_in_a_watchers_place_and_says_nonsense_is_not_believed() {
    use std::io::Write;
    let project = two();
    project.proven();
    let listener = std::os::unix::net::UnixListener::bind(project.at(".orket/watcher")).unwrap();
    let answers: [&[u8]; 5] = [b"", b"\x01", b"\xff\xff\xff\xff", b"\x03\0\0\0\0\x01\x7f", b"\x02\0\0\0\x07\x07"];
    std::thread::spawn(move || {
        for (stream, answer) in listener.incoming().flatten().zip(answers.into_iter().cycle()) {
            // Whoever asks may have gone.
            let _ = { stream }.write_all(answer);
        }
    });
    for text in ["2", "3", "4", "5", "6"] {
        project.write("a.in", text).run("build").ok().ran(["a"]);
        assert_eq!(project.read("out/a"), text);
    }
}

#[test]
fn whoever_wants_no_watcher_has_none() {
    let mut project = two();
    let watcher = watched(&project);
    project.set("ORKET_WATCHER", Some("off"));
    assert_eq!(asked(&project).unwrap_err().matches("watcher").count(), 0);
    project.run("watch --no-build").code(2).says(["ORKET_WATCHER is `off`"]);
    project.set("ORKET_WATCHER", Some("maybe"));
    project.run("build").code(3).says(["ORKET_WATCHER is `maybe`; it has to be `on` or `off`"]);
    ends(watcher, Signal::INT, 130);
}

#[test]
fn the_folder_of_a_pattern_may_go_and_come_back() {
    let project = two();
    let watch = project.start("watch");
    rests(&watch, 1);
    std::fs::rename(project.at("src"), project.at("away")).unwrap();
    rests(&watch, 2);
    assert_eq!(project.log().len(), 3, "{}", watch.said());
    std::fs::rename(project.at("away"), project.at("src")).unwrap();
    rests(&watch, 3);
    assert_eq!(project.read("out/b"), "11");
    project.write("src/x", "3");
    rests(&watch, 4);
    assert_eq!(project.read("out/b"), "13");
    ends(watch, Signal::INT, 130);
}

//! Where orket does with a ninja file as ninja does.

use rustix::process::Signal;

use crate::common::{Background, Project, wait_until};

/// A project of one file `build.ninja`, in which `{log:NAME}` says that NAME ran.
fn ninja(text: &str) -> Project {
    let project = Project::new();
    project.write("build.ninja", project.placed(&(LOGGED.to_owned() + text)));
    project
}

const LOGGED: &str = "rule log\n  command = {log:$out}; cat $in > $out\n";

fn rests(watch: &Background, times: usize) {
    let at_rest = || watch.said().matches("(Ctrl-C ends)").count() >= times;
    assert!(wait_until(at_rest), "it does not come to rest {times} times:\n{}", watch.said());
}

fn ends(watch: Background) {
    watch.signal(Signal::INT);
    assert_eq!(watch.end().code(), 130);
}

#[test]
fn a_build_waits_for_one_of_a_project_that_imports_the_file() {
    let project = Project::new().file("out/s", "1").manifest("import \"out/build.ninja\" epic=\"n\"");
    let wait = "rule wait\n  command = {log:$out}; until test -e ../go; do :; done; cp $in $out\nbuild o: wait s\n";
    project.write("out/build.ninja", project.placed(wait));
    for (first, second) in [("build", "build -f out/build.ninja"), ("build -f out/build.ninja", "build")] {
        let first = project.start(first);
        assert!(wait_until(|| !project.log().is_empty()), "the first build does not run");
        let second = project.start(second);
        let waits = || second.said().contains("waiting for another build");
        assert!(wait_until(|| waits() || project.log().len() > 1), "the second build does nothing");
        assert_eq!(project.log(), ["o"], "both make one file: {}", second.said());
        project.write("go", "");
        assert_eq!((first.end().code(), second.end().code()), (0, 0));
        project.remove("go").remove("out/o").remove("out/.orket").remove(".orket").remove("../ran").write("../ran", "");
    }
}

#[test]
fn a_task_that_builds_the_file_that_its_project_imports_is_told() {
    let project = Project::new().file("out/s", "1").file("out/build.ninja", "rule cp\n  command = cp $in $out\nbuild o: cp s\n");
    let inner = format!("{} build -f out/build.ninja", env!("CARGO_BIN_EXE_orket"));
    project.declare(&format!("import \"out/build.ninja\" epic=\"n\"\ntask \"t\" {{ sh \"{inner}\"; env {{ pass \"ORKET_*\" }} }}"));
    project.run("build t").code(1).says(["a build in this checkout is under way"]);
}

#[test]
fn what_a_dyndep_file_says_of_the_edge_that_makes_another_one() {
    let text = "rule needy\n  command = {log:$out}; cat extra > /dev/null && cp $in $out\n\
                build first: log first.in\nbuild extra: log extra.in\n\
                build second: needy second.in || first\n  dyndep = first\n\
                build more: log s\nbuild a: log s || second\n  dyndep = second\ndefault a\n";
    let project = ninja(text);
    project.write("first.in", "ninja_dyndep_version = 1\nbuild second: dyndep | extra\n");
    project.write("second.in", "ninja_dyndep_version = 1\nbuild a: dyndep | more\n");
    project.write("s", "1").write("extra.in", "1").run("build -f build.ninja").ok().ran_in_order(["first", "extra", "second", "more", "a"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("extra.in", "2").run("build -f build.ninja").ok().ran_in_order(["extra", "second"]);
    project.write("first.in", "ninja_dyndep_version = 1\nbuild second: dyndep | extra other\n").write("other", "");
    project.run("build -f build.ninja second").ok().ran_in_order(["first", "second"]);
    project.write("other", "1").run("build -f build.ninja").ok().ran(["second"]);
}

#[test]
fn a_ninja_file_whose_depfile_is_gone_is_made_anew() {
    let text = "rule gn\n  command = {log:gn}; cp build.in build.ninja; echo 'build.ninja: extra' > build.ninja.d\n  generator = 1\n  \
                depfile = build.ninja.d\nbuild build.ninja: gn build.in\nbuild a: log x\n";
    let project = ninja(text);
    project.write("build.in", project.read("build.ninja")).write("x", "1").write("extra", "").settle();
    project.write("build.ninja", project.read("build.in"));
    project.run("build -f build.ninja").ok().ran(["gn", "a"]).says(["`build.ninja` has no depfile `build.ninja.d`"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.remove("build.ninja.d").run("build -f build.ninja").ok().ran(["gn"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("build.ninja.d", "junk\n").run("build -f build.ninja").ok().ran(["gn"]).says(["a wrong depfile"]);
}

#[test]
fn a_generator_that_may_leave_its_file_runs_once_for_each_change() {
    let text = "rule gn\n  command = {log:gn}; cmp -s build.in build.ninja || cp build.in build.ninja\n  generator = 1\n  restat = 1\n\
                build build.ninja: gn build.in list\nbuild a: log x\n";
    let project = ninja(text);
    project.write("x", "1").settle().write("build.in", project.read("build.ninja")).write("list", "").settle();
    project.run("build -f build.ninja").ok().ran(["gn", "a"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.settle().write("list", "1").settle().run("build -f build.ninja").ok().ran(["gn"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("build.in", project.placed(&format!("{LOGGED}{text}build b: log x\n")));
    project.run("build -f build.ninja").ok().ran(["gn", "b"]);
}

#[test]
fn an_output_that_git_tracks_is_made_anew() {
    let project = ninja("rule d\n  command = cp $in $out; echo '$out: $in' > $out.d\n  depfile = $out.d\nbuild o: log s\nbuild p: d s\n");
    project.write("o", "old").write("p", "old").write("p.d", "p: s\n").write("s", "new");
    project.git("init -q").git("add -A").git("commit -qm x");
    project.run("build -f build.ninja").ok().says(["moved to `.orket/displaced/"]);
    assert_eq!((project.read("o"), project.read("p")), (String::from("new"), String::from("new")));
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("s", "newer").run("build -f build.ninja").ok().never_says(["moved to"]);
    project.git("checkout -q o").run("build -f build.ninja").ok();
    assert_eq!(project.read("o"), "newer");
    project.declare("task \"t\" { sh \"cp s o\"; outputs \"o\"; inputs \"s\" }");
    project.run("build").code(1).says(["the output `o` is tracked by git"]);
}

#[test]
fn what_an_interrupted_command_has_begun_to_write_is_removed() {
    let hang = "echo half > $out; touch $out.began; while :; do sleep 1; done";
    let text = format!(
        "rule hang\n  command = {hang}\nrule restat\n  command = {hang}\n  restat = 1\n\
         rule keep\n  command = touch $out.began; while :; do sleep 1; done\n  restat = 1\n\
         rule dep\n  command = touch $out.began; echo '$out: s' > $out.d; while :; do sleep 1; done\n  restat = 1\n  depfile = $out.d\n\
         build new: hang s\nbuild changed: restat s\nbuild left: keep s\nbuild named: dep s\n"
    );
    let project = ninja(&text);
    for name in ["changed", "left", "named"] {
        project.write(name, "old");
    }
    let build = project.write("s", "1").start("build -f build.ninja -j4");
    let began = |name: &str| project.has(&format!("{name}.began"));
    assert!(wait_until(|| ["new", "changed", "left", "named"].into_iter().all(began)), "not all begin");
    assert!(wait_until(|| project.has("new") && project.has("named.d")));
    build.signal(Signal::INT);
    assert_eq!(build.end().code(), 130);
    for gone in ["new", "changed", "named", "named.d"] {
        assert!(!project.has(gone), "{gone} is there");
    }
    assert_eq!(project.read("left"), "old");
    let would = ["would run  new", "would run  changed", "would run  left", "would run  named"];
    project.run("build -f build.ninja -n").ok().says(would);
}

#[test]
fn a_circle_is_told_to_who_wants_it() {
    let text = "build a: log s\nbuild x: log y\nbuild y: log x | s\nbuild z: log z\nbuild all: phony a x\nbuild p: phony q\nbuild q: phony p\n\
                build behind: log a || x\ndefault a\n";
    let project = ninja(text);
    project.write("s", "1").run("build -f build.ninja").ok().ran(["a"]);
    project.run("list -f build.ninja").ok();
    for (wanted, round) in
        [("x", "`x` -> `y` -> `x`"), ("all", "`x` -> `y` -> `x`"), ("z", "`z` -> `z`"), ("behind", "`x` -> `y`"), ("p", "`p` -> `q`")]
    {
        let told = format!("these targets wait for each other: {round}");
        project.run(&format!("build -f build.ninja {wanted}")).code(2).ran([]).says([&*told, "build.ninja:"]);
        project.run(&format!("build -f build.ninja -n {wanted}")).code(2).says([&*told]);
    }
    project.run("explain -f build.ninja x").ok().says(["x cannot run: it waits for itself: `x` -> `y` -> `x`"]);
    project.write("out/build.ninja", project.read("build.ninja")).write("out/s", "1").declare("import \"out/build.ninja\" epic=\"n\"");
    project.run("build").ok();
    project.run("build n/y").code(2).says(["`n/x` -> `n/y` -> `n/x`"]);
}

#[test]
fn watch_sees_what_the_ninja_file_is_made_from_and_sources_outside() {
    let text = "rule gn\n  command = {log:gn}; cp ../build.in build.ninja; echo 'build.ninja: ../extra' > build.ninja.d\n  generator = 1\n  \
                depfile = build.ninja.d\nbuild build.ninja: gn ../build.in own\nbuild a: log ../src/x\n";
    let project = Project::new().file("src/x", "1").file("extra", "").file("out/own", "");
    project.write("build.in", project.placed(&(LOGGED.to_owned() + text))).settle().write("out/build.ninja", project.read("build.in"));
    let watch = project.start("watch -f out/build.ninja");
    rests(&watch, 1);
    assert_eq!(project.log(), ["gn", "a"]);
    for (path, more) in [("src/x", "a"), ("extra", "gn"), ("out/own", "gn"), ("build.in", "gn")] {
        let text = if path == "build.in" { project.read(path) + "# more\n" } else { String::from("2") };
        let count = || project.log().iter().filter(|name| *name == more).count();
        let before = count();
        project.settle().write(path, text);
        assert!(wait_until(|| count() > before), "it is deaf to {path}: {}", watch.said());
        assert!(wait_until(|| watch.said().trim_end().ends_with("(Ctrl-C ends)")), "{}", watch.said());
    }
    // Another folder in the place of the one that was watched.
    let rename = |from: &str, to: &str| std::fs::rename(project.at(from), project.at(to)).unwrap();
    let count = || project.log().iter().filter(|name| *name == "a").count();
    rename("src", "old");
    assert!(wait_until(|| watch.said().contains("/src/x` does not exist")), "{}", watch.said());
    rename("old", "src");
    let before = count();
    assert!(wait_until(|| watch.said().trim_end().ends_with("(Ctrl-C ends)")), "{}", watch.said());
    project.settle().write("src/x", "3");
    assert!(wait_until(|| count() > before), "it is deaf to src/x: {}", watch.said());
    ends(watch);
}

#[test]
fn watch_hears_of_a_file_that_comes_under_a_glob_of_the_generator() {
    let text = "rule look\n  command = ls ../src > found; cmp -s found list || cp found list\n  restat = 1\n\
                rule gn\n  command = {log:gn}; touch build.ninja\n  generator = 1\n\
                build list: look | always\nbuild always: phony\nbuild build.ninja: gn list\nbuild a: log ../src/x\n";
    let project = Project::new().file("src/x", "1").file("out/list", "x\n");
    project.settle().write("out/build.ninja", project.placed(&(LOGGED.to_owned() + text)));
    let watch = project.start("watch -f out/build.ninja");
    rests(&watch, 1);
    let count = || project.log().iter().filter(|name| *name == "gn").count();
    let before = count();
    project.settle().write("src/y", "1");
    assert!(wait_until(|| count() > before), "it is deaf to src/y: {}", watch.said());
    ends(watch);
}

#[test]
fn watch_lets_what_makes_the_ninja_file_come_to_its_end() {
    let text = "rule gn\n  command = {log:gn}; touch aux; while ! test -e {base}/free; do sleep 0.02; done; cp ../build.in build.ninja\n  generator = 1\n\
                build build.ninja: gn ../build.in\nbuild a: log aux\n";
    let project = Project::new().file("out/aux", "");
    let text = project.placed(&(LOGGED.to_owned() + text));
    project.write("../free", "").write("build.in", &text).settle().write("out/build.ninja", &text);
    let watch = project.start("watch -f out/build.ninja");
    rests(&watch, 1);
    std::fs::remove_file(project.base().join("free")).unwrap();
    let count = || project.log().iter().filter(|name| *name == "gn").count();
    let before = count();
    project.settle().write("build.in", format!("{text}# more\n"));
    assert!(wait_until(|| count() > before), "{}", watch.said());
    let is = |path: &str, text: &str| std::fs::read_to_string(project.at(path)).is_ok_and(|found| found == text);
    // Long enough for it to have been heard: another file of which the same is so.
    project.write("out/aux", "2").settle();
    std::fs::write(project.base().join("free"), "").unwrap();
    assert!(wait_until(|| project.read("out/build.ninja").ends_with("# more\n") && is("out/a", "2")), "{}", watch.said());
    ends(watch);
    assert_eq!(count(), before + 1);
}

#[test]
fn a_ninja_file_whose_making_did_not_succeed_is_made_anew() {
    let text = "rule gn\n  command = {log:gn}; touch build.ninja && test ! -e bad && cat conf > cfg\n  generator = 1\n\
                build build.ninja: gn conf\nbuild a: log cfg\n";
    for words in ["build -f build.ninja", "build"] {
        let project = ninja(text);
        project
            .declare("import \"build.ninja\"")
            .write("cfg", "1")
            .write("conf", "1")
            .settle()
            .write("build.ninja", project.read("build.ninja"));
        project.run(words).ok().ran(["a"]);
        project.settle().write("conf", "2").write("bad", "").settle().run(words).code(1).ran(["gn"]);
        project.run(&format!("{words} -n")).ok().says(["failed or was interrupted: a build makes it anew first"]);
        project
            .run(words)
            .code(1)
            .ran(["gn"])
            .says(["note: the last run of what makes `build.ninja` failed or was interrupted: it is made anew first"]);
        project.remove("bad").run(words).ok().ran(["gn", "a"]);
        assert_eq!(project.read("a"), "2");
        project.run(words).ok().nothing_to_do();
        project.run(&format!("{words} build.ninja")).ok();
        project.run(words).ok().nothing_to_do();
    }
}

#[test]
fn an_import_needs_what_makes_files_that_its_edges_read() {
    let edge = |more: &str| {
        format!("rule cc\n  command = cat $in ../gen/g > $out; echo '$out: ../gen/g' > $out.d\n  depfile = $out.d\nbuild a: cc s {more}\n")
    };
    let manifest = |more: &str| {
        format!(
            "import \"out/build.ninja\" epic=\"n\" {more}\ntask \"gen\" {{ sh \"{{log:gen}}; cat v > gen/g\"; inputs \"v\"; outputs \"gen/g\" }}"
        )
    };
    let project = Project::new().file("v", "1").file("out/s", "s").manifest(&manifest(""));
    for more in ["| ../gen/g", "|| ../gen/g"] {
        project.write("out/build.ninja", edge(more)).run("build").code(2).ran([]).says([
            "error[graph/undeclared_need]: `gen/g` is an input of `n/a`, and `gen` makes `gen/g`, but `n/a` does not need it",
            "= help: add `needs \"gen\"` to the import",
        ]);
    }
    project.write("out/build.ninja", edge("")).run("build gen").ok();
    project
        .run("build")
        .code(1)
        .says(["it has read `gen/g`, which `gen` makes, and it does not need `gen`; add to the import: needs \"gen\""]);
    for more in ["", "| ../gen/g", "|| ../gen/g"] {
        project
            .declare(&manifest("{ needs \"gen\" }"))
            .write("out/build.ninja", edge(more))
            .write("v", format!("{more}1"))
            .run("build")
            .ok();
        assert_eq!(project.read("out/a"), format!("s{more}1"));
        project.write("v", format!("{more}2")).run("build").ok();
        assert_eq!(project.read("out/a"), format!("s{more}2"));
        project.run("build").ok().nothing_to_do();
        project.remove("gen/g").remove("out/a").run("build -n").ok().says(["would restore  gen"]).never_says(["cannot run"]);
    }
    let remedy = manifest("{ needs \"gen\" }") + "\ntask \"t\" { sh \"true\"; on_failure \"gen\" }";
    project.declare(&remedy).run("build").code(2).says(["`n/a` needs `gen`, which puts out other files when it is the remedy of `t`"]);
}

#[test]
fn fmt_leaves_a_ninja_file_alone() {
    let project = ninja("build a: log s\n");
    for words in ["fmt -f build.ninja", "fmt --check -f build.ninja"] {
        project.run(words).code(2).says(["`build.ninja` is a ninja file; `orket fmt` tidies `orket.kdl`"]);
    }
}

#[test]
fn why_an_edge_runs_is_said_in_its_own_words() {
    let project = ninja("build FORCE: phony\nbuild a: log s | FORCE\nbuild b: log a t\nbuild c: log gone\ndefault a b\n");
    project.write("s", "1").write("t", "1").run("build -f build.ninja").ok();
    project.run("build -f build.ninja -n a").ok().says(["would run  a  (input FORCE is not there"]);
    project.run("build -f build.ninja c").code(1).says(["make the file, or correct the edge at build.ninja:6"]);
    let seen = project.run("query -f build.ninja inputs(b)").ok();
    assert_eq!(seen.out(), "a\nt\n");
    project.write("build.ninja", project.read("build.ninja").replace("> $out\n", "> $out\n  restat = 1\n"));
    project.run("explain -f build.ninja b").ok().says(["setting restat or generator is new"]).never_says(["incremental"]);
}

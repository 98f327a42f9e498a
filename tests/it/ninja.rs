//! Ninja files, built by orket.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::common::{Project, missing};

/// A program of two C files, with a header that is made.
const PROGRAM: &str = "\
builddir = out
cflags = -O1 -Isrc -Iout
rule cc
  command = gcc -MMD -MF $out.d $cflags -c $in -o $out
  depfile = $out.d
  deps = gcc
  description = CC $out
rule link
  command = gcc @$out.rsp -o $out
  rspfile = $out.rsp
  rspfile_content = $in_newline
rule header
  command = sed 's/x/3/' $in > $out
build out/made.h: header src/made.in
build out/main.o: cc src/main.c || out/made.h
build out/other.o: cc src/other.c
  cflags = -O0
build out/app: link out/main.o out/other.o
build all: phony out/app
build unasked: cc gone.c
default all
";

fn program() -> Project {
    Project::new()
        .file("build.ninja", PROGRAM)
        .file("src/main.c", "#include \"one.h\"\n#include \"made.h\"\nint other(void);\nint main(void) { return other() + ONE + MADE; }\n")
        .file("src/other.c", "int other(void) { return 4; }\n")
        .file("src/one.h", "#define ONE 1\n")
        .file("src/made.in", "#define MADE x\n")
}

/// A project of one file `build.ninja`, in which `{log:NAME}` says that NAME ran.
fn ninja(text: &str) -> Project {
    let project = Project::new();
    project.write("build.ninja", project.placed(text));
    project
}

const LOGGED: &str = "rule log\n  command = {log:$name}; cat $in > $out\nrule only\n  command = {log:$name}\n";

/// The bytes of all files below a folder, but for what ninja and orket keep of their own.
fn bytes(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
            match path.is_dir() {
                true if name != ".orket" => open.push(path),
                false if !name.contains(".ninja_") => drop(found.insert(name, fs::read(path).unwrap())),
                _ => {}
            }
        }
    }
    found
}

#[test]
fn a_program_is_built_and_then_there_is_nothing_to_do() {
    let project = program();
    project.run("build -f build.ninja --json").ok().had("done", &["out/app", "out/main.o", "out/made.h", "out/other.o"]);
    assert_eq!(Command::new(project.at("out/app")).status().unwrap().code(), Some(8));
    project.run("build -f build.ninja").ok().nothing_to_do();
    for gone in ["out/app.rsp", "out/main.o.d"] {
        assert!(!project.has(gone), "{gone} is there");
    }
}

#[test]
fn the_bytes_are_those_of_ninja() {
    if Command::new("ninja").arg("--version").output().is_err() {
        return missing("ninja", "its bytes are not compared with ours");
    }
    let (ours, theirs) = (program(), program());
    ours.run("build -f build.ninja").ok();
    let ran = Command::new("ninja").current_dir(theirs.root()).output().unwrap();
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stdout));
    let (ours, theirs) = (bytes(&ours.root()), bytes(&theirs.root()));
    assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>());
    assert!(ours == theirs, "the same files hold other bytes");
}

#[test]
fn an_edited_header_rebuilds_what_includes_it() {
    let project = program();
    project.run("build -f build.ninja").ok();
    project.write("src/one.h", "#define ONE 20\n");
    project.run("build -f build.ninja --json").ok().had("done", &["out/app", "out/main.o"]);
    project.run("explain -f build.ninja out/main.o").ok().says(["input src/one.h changed"]);
    project.write("src/made.in", "#define MADE 1x\n");
    project.run("build -f build.ninja --json").ok().had("done", &["out/app", "out/main.o", "out/made.h"]);
    project.write("src/made.in", "#define MADE 1x\n\n").write("src/one.h", "#define ONE 20 // the same\n");
    project.run("build -f build.ninja --json").ok().had("done", &["out/main.o", "out/made.h"]);
    assert_eq!(Command::new(project.at("out/app")).status().unwrap().code(), Some(37));
}

#[test]
fn results_come_from_the_store() {
    let project = program();
    project.run("build -f build.ninja").ok();
    project.remove("out").remove(".orket");
    project.run("build -f build.ninja --json").ok().had("cached", &["out/app", "out/main.o", "out/made.h", "out/other.o"]);
    assert_eq!(Command::new(project.at("out/app")).status().unwrap().code(), Some(8));
}

#[test]
fn outputs_are_targets_and_the_defaults_are_listed() {
    let project = program();
    project.run("build -f build.ninja out/other.o --json").ok().had("done", &["out/other.o"]);
    project.run("list -f build.ninja").ok().says(["all"]).never_says(["out/main.o"]);
    project.run("build -f build.ninja unasked").code(1).says(["gone.c", "build.ninja:20"]);
}

#[test]
fn a_file_below_the_sources() {
    let project = Project::new()
        .file("work/out/build.ninja", &PROGRAM.replace("src/", "../src/").replace("-Isrc", "-I../src"))
        .file(
            "work/src/main.c",
            "#include \"one.h\"\n#include \"made.h\"\nint other(void);\nint main(void) { return other() + ONE + MADE; }\n",
        )
        .file("work/src/other.c", "int other(void) { return 4; }\n")
        .file("work/src/one.h", "#define ONE 1\n")
        .file("work/src/made.in", "#define MADE x\n");
    project.run("build -f work/out/build.ninja").ok();
    assert_eq!(Command::new(project.at("work/out/out/app")).status().unwrap().code(), Some(8));
    project.run("build -f work/out/build.ninja").ok().nothing_to_do();
    project.write("work/src/one.h", "#define ONE 2\n");
    project.run("build -f work/out/build.ninja --json").ok().had("done", &["out/app", "out/main.o"]);
    project.write("work/src/other.c", "int other(void) { return 5; }\n");
    project.run("build -f work/out/build.ninja --json").ok().had("done", &["out/app", "out/other.o"]);
}

#[test]
fn an_import_is_an_epic() {
    let text = LOGGED.to_owned() + "build app: log ../src/a\n  name = app\nbuild rest: log ../src/a\n  name = rest\ndefault app\n";
    let project = Project::new().file("src/a", "one");
    project.write("out/build.ninja", project.placed(&text));
    project.declare(
        "import \"out/build.ninja\" format=\"ninja\" epic=\"native\"\n\
         task \"pack\" { sh \"{log:pack}; cat out/app > packed\"; outputs \"packed\"; needs \"native/app\" }",
    );
    project.run("build").ok().ran_in_order(["app", "pack"]);
    assert_eq!(project.read("packed"), "one");
    project.run("build").ok().nothing_to_do();
    project.write("src/a", "two");
    project.run("build native").ok().ran(["app"]);
    project.run("build native/rest").ok().ran(["rest"]);
    project.run("list").ok().says(["native", "app", "pack"]).never_says(["rest"]);
    project.write("out/build.ninja", project.placed(&text.replace("cat $in >", "cat $in $in >")));
    project.run("build").ok().ran_in_order(["app", "pack"]);
    assert_eq!(project.read("packed"), "twotwo");
}

#[test]
fn what_an_import_sees_of_the_environment() {
    let project = Project::new().file("build.ninja", "rule r\n  command = echo \"$$SEEN\" \"$$HIDDEN\" > $out\nbuild o: r\n");
    let project = project.var("SEEN", "1").var("HIDDEN", "2").manifest("import \"build.ninja\" epic=\"n\" { env { pass \"SEEN\" } }");
    project.run("build").ok();
    assert_eq!(project.read("o"), "1 \n");
}

#[test]
fn order_alone_builds_first_and_is_no_input() {
    let project = ninja(&(LOGGED.to_owned() + "build a: log x || b\n  name = a\nbuild b: log y\n  name = b\ndefault a\n"));
    project.write("x", "1").write("y", "1");
    project.run("build -f build.ninja").ok().ran_in_order(["b", "a"]);
    project.write("y", "2");
    project.run("build -f build.ninja").ok().ran(["b"]);
}

#[test]
fn a_failed_order_only_input_stops_what_waits_for_it() {
    let project = ninja(&(LOGGED.to_owned() + "rule bad\n  command = false\nbuild a: log x || b\n  name = a\nbuild b: bad\n"));
    project.write("x", "1");
    project.run("build -f build.ninja").code(1).ran([]);
}

#[test]
fn a_group_of_files_is_an_input() {
    let text = "build group: phony b c\nbuild b: log y\n  name = b\nbuild a: log x | group\n  name = a\ndefault a\n";
    let project = ninja(&(LOGGED.to_owned() + text));
    project.write("x", "1").write("y", "1").write("c", "1");
    project.run("build -f build.ninja").ok().ran_in_order(["b", "a"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("c", "2");
    project.run("build -f build.ninja").ok().ran(["a"]);
    project.write("y", "2");
    project.run("build -f build.ninja").ok().ran_in_order(["b", "a"]);
}

#[test]
fn of_several_outputs_only_those_that_are_read_matter() {
    let text = "rule two\n  command = {log:two}; grep a in > one; grep b in > other\nbuild one other: two in\n\
                build x: log one\n  name = x\nbuild y: log other\n  name = y\n";
    let project = ninja(&(LOGGED.to_owned() + text));
    project.write("in", "a\nb\n");
    project.run("build -f build.ninja").ok().ran(["two", "x", "y"]);
    project.write("in", "a\nbb\n");
    project.run("build -f build.ninja").ok().ran(["two", "y"]);
}

#[test]
fn a_command_that_does_not_make_its_output_runs_each_time() {
    let project = ninja(&(LOGGED.to_owned() + "build never: only x\n  name = never\nbuild made: log x\n  name = made\n"));
    project.write("x", "1");
    project.run("build -f build.ninja").ok().ran(["never", "made"]);
    project.run("build -f build.ninja").ok().ran(["never"]);
    project.run("build -f build.ninja -n").ok().says(["never", "output never is missing"]);
}

#[test]
fn a_file_that_is_never_there_makes_its_readers_run() {
    let project = ninja(&(LOGGED.to_owned() + "build FORCE: phony\nbuild a: log x | FORCE\n  name = a\nbuild b: log a\n  name = b\n"));
    project.write("x", "1");
    project.run("build -f build.ninja").ok().ran(["a", "b"]);
    project.run("build -f build.ninja").ok().ran(["a"]);
    project.write("FORCE", "");
    project.run("build -f build.ninja").ok();
    project.run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn a_folder_as_an_output_stands_for_itself() {
    let text = "rule dir\n  command = mkdir -p $out && {log:dir}\nbuild d: dir\nbuild d/a: log x || d\n  name = a\n";
    let project = ninja(&(LOGGED.to_owned() + text));
    project.write("x", "1");
    project.run("build -f build.ninja").ok().ran_in_order(["dir", "a"]);
    project.run("build -f build.ninja").ok().ran([]);
    project.write("x", "2");
    project.run("build -f build.ninja").ok().ran(["a"]);
    assert_eq!(project.read("d/a"), "2");
    project.remove("d");
    project.run("build -f build.ninja").ok().ran_in_order(["dir", "a"]);
    assert_eq!(project.read("d/a"), "2");
}

#[test]
fn validations_are_built_and_nobody_waits_for_them() {
    let text = "rule bad\n  command = {log:check}; false\nbuild a: log x |@ check\n  name = a\nbuild check: bad a\nbuild b: log a\n  name = b\ndefault b\n";
    let project = ninja(&(LOGGED.to_owned() + text));
    project.write("x", "1");
    let seen = project.run("build -f build.ninja -k").code(1);
    assert_eq!(seen.names_that_ran().len(), 3, "{}", seen.all());
    assert!(project.has("b"));
}

#[test]
fn pools_bound_what_runs_at_once() {
    let mut text =
        String::from("pool one\n  depth = 1\nrule alone\n  command = mkdir busy && echo $out > $out && rmdir busy\n  pool = one\n");
    (0..16).for_each(|number| text.push_str(&format!("build o{number}: alone\n")));
    let project = ninja(&text);
    project.run("build -f build.ninja -j8").ok();
}

#[test]
fn the_console_is_handed_over() {
    let project = ninja("rule talk\n  command = echo spoken\n  pool = console\nbuild talk: talk\n");
    assert_eq!(project.run("build -f build.ninja").ok().out(), "spoken\n");
}

#[test]
fn a_depfile_that_stays() {
    let text = "rule cc\n  command = {log:cc}; cat $in h > $out && echo '$out: $in h' > $out.d\n  depfile = $out.d\nbuild o: cc c\n";
    let project = ninja(text);
    project.write("c", "1").write("h", "1");
    project.run("build -f build.ninja").ok().ran(["cc"]);
    assert!(project.has("o.d"));
    project.write("h", "2");
    project.run("build -f build.ninja").ok().ran(["cc"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn included_files_belong_to_the_manifest() {
    let project = ninja("include rules\nsubninja more\n");
    project.write("rules", project.placed(LOGGED)).write("more", "build a: log x\n  name = a\n").write("x", "1");
    project.run("build -f build.ninja").ok().ran(["a"]);
    project.write("more", "build a: log x\n  name = again\n");
    project.run("build -f build.ninja").ok().ran(["again"]);
}

#[test]
fn a_ninja_file_that_is_made_is_made_anew_first() {
    let project = Project::new().file("x", "1");
    let text =
        LOGGED.to_owned() + "rule make\n  command = {log:make}; cp list build.ninja\n  generator = 1\nbuild build.ninja: make | list\n";
    let list = |more: &str| project.placed(&format!("{text}{more}"));
    project.write("list", list("build a: log x\n  name = a\n"));
    project.write("build.ninja", project.read("list"));
    project.run("build -f build.ninja").ok().ran(["a"]);
    project.write("list", list("build b: log x\n  name = b\n"));
    project.run("build -f build.ninja -n").ok().ran([]).says(["`build.ninja` is older than `list`: a build makes it anew first"]);
    let seen = project.run("build -f build.ninja").ok().ran_in_order(["make", "b"]);
    assert!(seen.err().contains("note: `build.ninja` is older than `list`: it is made anew first"), "{}", seen.all());
    project.run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn what_a_ninja_file_is_made_from_may_be_made_itself() {
    // As CMake does it for CONFIGURE_DEPENDS: a check that always runs and touches a file when something is new.
    let text = "rule check\n  command = {log:check}; cmp -s list old || { cp list old; touch checked; }\n  restat = 1\n\
                rule make\n  command = {log:make}; cp list build.ninja\n  generator = 1\n\
                build force: phony\nbuild checked: check | force\nbuild build.ninja: make checked\n";
    let text = LOGGED.to_owned() + text;
    let project = Project::new().file("x", "1").file("checked", "");
    let list = |more: &str| project.placed(&format!("{text}{more}default {}\n", &more[6..7]));
    project.write("list", list("build a: log x\n  name = a\n")).write("old", project.read("list"));
    project.write("build.ninja", project.read("list"));
    project.run("build -f build.ninja").ok().ran(["check", "a"]);
    project.run("build -f build.ninja").ok().ran(["check"]).says(["nothing to do"]);
    project.write("list", list("build b: log x\n  name = b\n"));
    project.run("build -f build.ninja").ok().ran_in_order(["check", "make", "b"]);
    project.run("build -f build.ninja").ok().ran(["check"]).says(["nothing to do"]);
}

#[test]
fn what_a_dyndep_file_says_is_known_before_anything_is_built() {
    let text = "rule scan\n  command = {log:scan}; cat $in > $out\nbuild o.dd: scan list\n\
                rule join\n  command = {log:join}; cat late* > $out; touch beside\n  dyndep = o.dd\nbuild o: join || o.dd\n\
                build late: log x\n  name = late\nbuild user: log beside\n  name = user\ndefault o\n";
    let project = ninja(&(LOGGED.to_owned() + text));
    project.write("x", "1").write("list", "ninja_dyndep_version = 1\nbuild o | beside: dyndep | late\n");
    project.run("build -f build.ninja").ok().ran_in_order(["scan", "late", "join"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("x", "2");
    project.run("build -f build.ninja").ok().ran_in_order(["late", "join"]);
    project.remove("beside");
    project.run("build -f build.ninja --no-cache user").ok().ran_in_order(["join", "user"]);
    project.write("list", "ninja_dyndep_version = 1\nbuild o | beside: dyndep\n");
    project.run("build -f build.ninja").ok().ran_in_order(["scan", "join"]);
    project.write("list", "ninja_dyndep_version = 1\nbuild p: dyndep\n");
    project.run("build -f build.ninja").code(2).ran(["scan"]).says(["no edge makes `p` and names this file as its `dyndep`", "o.dd:2"]);
}

#[test]
fn mistakes_show_their_line() {
    let project = ninja("rule cat\n  command = cat $in > $out\n\nbuild a: cta x\n");
    project.run("build -f build.ninja").code(2).says(["there is no rule `cta`", "build.ninja:4", "did you mean `cat`?", "build a: cta x"]);
    project.write("build.ninja", "rule cc\n  command = cl $in\n  deps = msvc\nbuild a: cc x\n");
    project.run("build -f build.ninja").code(2).says(["`deps = msvc` is not understood", "build.ninja:4"]);
    project.write("build.ninja", "rule r\n  command = x\nbuild a: r b\nbuild b: r a\n");
    project.run("build -f build.ninja").code(2).says(["these targets wait for each other", "build.ninja:3"]);
    project.write("build.ninja", "rule r\n  command = x\nbuild a: r a\n");
    project.run("build -f build.ninja").code(2).says(["these targets wait for each other: `a` -> `a`"]);
    project.declare("import \"out/build.ninja\" epic=\"native\"");
    project.run("build").code(2).says(["cannot read `out/build.ninja`", "orket.kdl:1", "cmake -G Ninja -B out"]);
    project.write("out/build.ninja", "rule r\n  command = x\nbuild a: r b\n");
    project.declare("import \"out/build.ninja\"\ntask \"a\" { sh \"true\" }");
    project.run("build").code(2).says(["there are two targets `a`", "epic=\"native\""]);
    project.write("out/build.ninja", "rule r\n  command = x\nbuild a: r b\n");
    project.declare("import \"out/build.ninja\" epic=\"native\"\ntask \"a\" { needs \"nope\"; sh \"true\" }");
    project.run("build").code(2).says(["there is no target `nope`", "orket.kdl:2"]);
    project.declare("import \"out/build.ninja\" epic=\"native\"\ntask \"a\" { needs \"native/b\"; shh \"true\" }");
    project.run("build").code(2).says(["orket.kdl:2", "shh"]).never_says(["there is no target"]);
}

#[test]
fn what_a_command_writes_beside_its_outputs_is_had_by_running_it() {
    let text = "rule gen\n  command = cp version gen.h && touch $out\nrule cc\n  command = cat m.c gen.h > $out\n\
                rule link\n  command = cp $in $out && cp $in copy\n\
                build gen.stamp: gen version\nbuild m.o: cc m.c | gen.stamp\nbuild app: link m.o\n";
    let project = Project::new().file("build.ninja", text).file("version", "1\n").file("m.c", "m\n");
    for version in ["1\n", "2\n", "1\n"] {
        project.write("version", version);
        project.run("build -f build.ninja").ok();
        assert_eq!(
            ["gen.h", "m.o", "copy"].map(|name| project.read(name)),
            [version.into(), format!("m\n{version}"), format!("m\n{version}")]
        );
    }
    project.run("build -f build.ninja").ok().nothing_to_do();
    for name in ["gen.stamp", "gen.h", "m.o", "app", "copy", ".orket"] {
        project.remove(name);
    }
    project.run("build -f build.ninja --json").ok().had("done", &["app", "gen.stamp"]).had("cached", &["m.o"]);
    assert_eq!(project.read("copy"), "m\n1\n");
}

#[test]
fn a_folder_that_a_depfile_names_is_the_names_in_it() {
    let text = "rule ls\n  command = ls $dir > $out; printf '$out: $dir\\n' > $out.d\n  depfile = $out.d\n\
                build out/o: ls\n  dir = src\nbuild own/o: ls\n  dir = own\n";
    let project = Project::new().file("build.ninja", text).file("src/x", "").file("own/y", "");
    project.settle().run("build -f build.ninja").ok();
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("src/y", "").run("build -f build.ninja --json").ok().had("done", &["out/o"]);
    assert_eq!(project.read("out/o"), "x\ny\n");
    project.write("src/y", "other").run("build -f build.ninja").ok().nothing_to_do();
    project.remove("src/x").run("build -f build.ninja").ok();
    assert_eq!(project.read("out/o"), "y\n");
}

#[test]
fn a_group_of_what_is_not_there() {
    let text = "rule cp\n  command = cp $in $out\nbuild app: cp s\nbuild all: phony app tset\nbuild here: phony app s\ndefault all\n";
    let project = Project::new().file("s", "s").file("build.ninja", text);
    for _ in 0..2 {
        project.run("build -f build.ninja").code(1).says(["all", "`tset`, which has to be there first, does not exist", "build.ninja:4"]);
    }
    project.run("build -f build.ninja -n").either().1.says(["tset"]);
    project.run("build -f build.ninja here").ok().nothing_to_do();
    project.write("tset", "").run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn a_device_as_an_input() {
    let project = Project::new().file("a", "a").file("build.ninja", "rule cp\n  command = cat $in > $out\nbuild o: cp /dev/null a\n");
    project.run("build -f build.ninja").ok();
    assert_eq!(project.read("o"), "a");
    project.run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn an_empty_file_stands_for_what_made_it() {
    let rules = "rule act\n  command = cp $in $out\nrule stamp\n  command = touch $out\nrule cc\n  command = cat m.c gen.h > $out\n";
    let edges = "build gen.h: act gen.in\nbuild gen.stamp: stamp gen.h\nbuild all: phony gen.stamp\nbuild m.o: cc m.c | gen.stamp\nbuild n.o: cc m.c | all\n";
    let project = ninja(&format!("{rules}{edges}")).file("gen.in", "a\n").file("m.c", "m\n");
    project.run("build -f build.ninja").ok();
    project.run("build -f build.ninja").ok().says(["nothing to do"]);
    project.write("gen.in", "b\n").run("build -f build.ninja").ok();
    assert_eq!((project.read("m.o"), project.read("n.o")), ("m\nb\n".to_owned(), "m\nb\n".to_owned()));
    project.run("build -f build.ninja").ok().says(["nothing to do"]);
}

#[test]
fn what_the_shell_knows_need_be_no_program() {
    let lines = [
        ". ./env.sh && own && cp s $out",
        "export PATH=$$PWD/bin:$$PATH && mytool && cp s $out",
        "no-such-program || cp s $out",
        "/no/such/program || cp s $out",
        "false && no-such-program || cp s $out",
        "wait && cp s $out",
        "cp s $out #x && no-such-program",
    ];
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        text.push_str(&format!("rule r{number}\n  command = {line}\nbuild o{number}: r{number} s\n"));
    }
    let project = Project::new().file("build.ninja", &text).file("s", "1").file("env.sh", "own() { :; }\n");
    project.write("bin/mytool", "#!/bin/sh\n").mode("bin/mytool", 0o755);
    project.run("build -f build.ninja").ok();
    (0..lines.len()).for_each(|number| assert_eq!(project.read(&format!("o{number}")), "1", "{}", lines[number]));
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("build.ninja", "rule r\n  command = no-such-program && cp s $out\nbuild o: r s\n");
    project.run("build -f build.ninja").code(1).says(["no-such-program: not found"]);
}

#[test]
fn a_program_that_comes_is_noticed() {
    let project = Project::new().file("build.ninja", "rule r\n  command = maybe > $out || echo none > $out\nbuild o: r\n");
    let project = project.var("PATH", "bin:/usr/bin:/bin");
    project.run("build -f build.ninja").ok();
    assert_eq!(project.read("o"), "none\n");
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.write("bin/maybe", "#!/bin/sh\necho here\n").mode("bin/maybe", 0o755);
    project.run("build -f build.ninja").ok();
    assert_eq!(project.read("o"), "here\n");
}

#[test]
fn a_dyndep_file_that_does_not_fit_any_more_is_made_anew() {
    let rules = "rule cp\n  command = cp $in $out\nrule x\n  command = {log:$out}; cp $in $out; touch $out.m\nbuild dd: cp dd.in\n";
    let (a, b) = ("build a: x s || dd\n  dyndep = dd\n", "build b: x s || dd\n  dyndep = dd\n");
    let said = |lines: &str| format!("ninja_dyndep_version = 1\n{lines}");
    let project = ninja(&format!("{rules}{a}{b}"));
    project.write("s", "1").write("dd.in", said("build a | a.m: dyndep\nbuild b | b.m: dyndep\n"));
    project.run("build -f build.ninja").ok().ran(["a", "b"]);
    // An edge is gone, with its line.
    project.write("build.ninja", project.placed(&format!("{rules}{a}"))).write("dd.in", said("build a | a.m: dyndep\n"));
    project.run("list -f build.ninja").ok().says(["a"]);
    project.run("build -f build.ninja").ok().ran([]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    // What is on the disk is none.
    project.write("dd.in", "junk\n");
    project.run("build -f build.ninja").code(2).says(["this is no line of a dyndep file", "dd:1"]);
    project.run("build -f build.ninja").code(2).says(["this is no line of a dyndep file", "dd:1"]);
    project.run("list -f build.ninja").ok().says(["a"]);
    project.write("dd.in", said("build a | a.m more: dyndep\n"));
    project.run("build -f build.ninja").ok();
    // What it says is made by an edge now.
    project.write("build.ninja", project.placed(&format!("{rules}{a}build more: x s\n"))).write("dd.in", said("build a | a.m: dyndep\n"));
    project.run("build -f build.ninja").ok();
    assert_eq!(project.read("more"), "1");
    project.run("build -f build.ninja").ok().nothing_to_do();
    // The graph has a circle as long as it is believed.
    project.write("build.ninja", project.placed(&format!("{rules}{a}build more: x a\n"))).write("dd.in", said("build a: dyndep | more\n"));
    project.run("build -f build.ninja").code(2).says(["these targets wait for each other"]);
    project.write("dd.in", said("build a: dyndep\n"));
    project.run("build -f build.ninja").ok();
    project.declare("import \"build.ninja\" epic=\"n\"");
    project.write("dd", "junk\n");
    project.run("list").ok();
    project.run("build").ok();
}

#[test]
fn a_folder_as_an_input_is_the_names_in_it() {
    let text = "dir = dir\nrule ls\n  command = {log:$out}; ls $dir > $out\nbuild b: ls dir\nbuild c: ls | dir\n\
                build dir/own: ls dir\nbuild d: ls link\n  dir = link/\nbuild e: log dir/own\n  name = e\n\
                build f: ls | .\n";
    let project = ninja(&(LOGGED.to_owned() + text));
    project.write("dir/x", "1").write("far/x", "1").link("far", "link");
    project.run("build -f build.ninja").ok().ran(["b", "c", "d", "dir/own", "e", "f"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.settle().run("build -f build.ninja").ok().nothing_to_do();
    project.write("dir/y", "1").run("build -f build.ninja").ok().ran(["b", "c", "dir/own", "e"]);
    assert!(project.read("b").contains("y\n"));
    project.run("explain -f build.ninja b").ok().says(["input dir changed"]);
    project.settle().run("build -f build.ninja").ok().nothing_to_do();
    project.remove("dir/x").run("build -f build.ninja").ok().ran(["b", "c", "dir/own", "e"]);
    project.write("far/y", "1").run("build -f build.ninja").ok().ran(["d"]);
    project.write("new", "1").run("build -f build.ninja").ok().ran(["f"]);
    project.settle().run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn a_folder_that_is_made_is_read_with_all_that_is_in_it() {
    let text = "rule mk\n  command = {log:mk}; mkdir -p dir/in; cp s dir/in/x; cp s dir/y\nbuild dir: mk s\n\
                rule l\n  command = {log:$out}; cat dir/in/x > $out; ls dir >> $out\nbuild b: l dir\nbuild dir/own: l | dir\n\
                build inner: phony dir\nbuild group: phony inner other\nbuild c: l | group\n";
    let project = ninja(text);
    project.write("other", "").write("s", "1").run("build -f build.ninja").ok().ran(["b", "c", "dir/own", "mk"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.settle().run("build -f build.ninja").ok().nothing_to_do();
    project.write("s", "2").run("build -f build.ninja").ok().ran(["b", "c", "dir/own", "mk"]);
    assert!(project.read("b").starts_with('2'));
    project.run("explain -f build.ninja b").ok().says(["input dir/in/x changed"]);
    project.write("other", "1").run("build -f build.ninja").ok().ran(["c"]);
    project.settle().run("build -f build.ninja").ok().nothing_to_do();
    project.settle().run("build -f build.ninja").ok().nothing_to_do();
    project.write("s", "3").run("build -f build.ninja").ok().ran(["b", "c", "dir/own", "mk"]);
}

#[test]
fn what_a_depfile_names_makes_a_ninja_file_anew() {
    for deps in ["", "  deps = gcc\n"] {
        let text = "rule gn\n  command = {log:gn}; cat build.in extra > build.ninja; echo 'build.ninja: build.in extra' > build.ninja.d\n  \
                    generator = 1\n  depfile = build.ninja.d\n";
        let project = ninja(&format!("{LOGGED}{text}{deps}build build.ninja: gn build.in\n"));
        project.write("build.in", project.read("build.ninja")).write("x", "1");
        project.write("extra", "build a: log x\n  name = a\n").settle().write("build.in", project.read("build.ninja"));
        project.run("build -f build.ninja").ok().ran_in_order(["gn", "a"]);
        project.run("build -f build.ninja").ok().nothing_to_do();
        project.settle().write("extra", "build b: log x\n  name = b\n");
        let seen = project.run("build -f build.ninja").ok().ran_in_order(["gn", "b"]);
        assert!(seen.err().contains("`build.ninja` is older than `extra`"), "{}", seen.all());
        project.run("build -f build.ninja").ok().nothing_to_do();
    }
}

#[test]
fn what_is_made_along_with_a_ninja_file_is_a_file_like_any_other() {
    let text = "rule gn\n  command = {log:gn}; cp build.in build.ninja; cp list x.list\n  generator = 1\n\
                build build.ninja | x.list: gn build.in | list\nbuild all: phony x.list\nbuild a: log x.list\n  name = a\nbuild b: log s | all || x.list\n  name = b\n";
    let project = ninja(&(LOGGED.to_owned() + text));
    project.write("list", "1").write("s", "1").write("build.in", project.read("build.ninja"));
    project.run("build -f build.ninja").ok().ran(["gn", "a", "b"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.settle().write("list", "2");
    project.run("build -f build.ninja").ok().ran(["gn", "a", "b"]);
    assert_eq!(project.read("a"), "2");
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.remove("x.list");
    let seen = project.run("build -f build.ninja").ok().ran(["gn"]);
    assert!(seen.err().contains("`build.ninja` lacks `x.list`, which is made along with it: it is made anew first"), "{}", seen.all());
    project.run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn an_included_file_that_is_made_is_made_anew_when_it_is_older() {
    let project = ninja(&(LOGGED.to_owned() + "subninja sub.ninja\nbuild sub.ninja: log sub.in\n  name = sub\n"));
    project.write("x", "1").write("sub.in", "build a: log x\n  name = a\n").settle().write("sub.ninja", project.read("sub.in"));
    project.run("build -f build.ninja").ok().ran(["a"]);
    project.settle().write("sub.in", "build b: log x\n  name = b\n");
    let seen = project.run("build -f build.ninja").ok().ran_in_order(["sub", "b"]);
    assert!(seen.err().contains("`sub.ninja` is older than `sub.in`"), "{}", seen.all());
    project.run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn what_comes_first_has_to_be_there() {
    let project = ninja(&(LOGGED.to_owned() + "build a: log s || later folder\n  name = a\nbuild b: log s\n  name = b\ndefault a\n"));
    project.write("s", "1").write("folder/x", "");
    project.run("build -f build.ninja b").ok().ran(["b"]);
    project.run("build -f build.ninja").code(1).ran([]).says(["`later`, which has to be there first, does not exist", "build.ninja:5"]);
    project.write("later", "").run("build -f build.ninja").ok().ran(["a"]);
    project.write("later", "2").run("build -f build.ninja").ok().nothing_to_do();
    // As in ninja: what is not run does not need it.
    project.remove("later").run("build -f build.ninja").ok().nothing_to_do();
    project.write("s", "2").run("build -f build.ninja").code(1).ran([]);
    let project = ninja(&(LOGGED.to_owned() + "build a: log s || dd\n  name = a\n  dyndep = dd\n"));
    project.write("s", "1").run("build -f build.ninja").code(1).ran([]).says(["`dd`, which has to be there first"]);
    project.write("dd", "ninja_dyndep_version = 1\nbuild a: dyndep\n").run("build -f build.ninja").ok().ran(["a"]);
    project.write("dd", "junk\n").run("build -f build.ninja").code(2).says(["this is no line of a dyndep file"]);
}

#[test]
fn files_include_each_other_many_times() {
    let project = ninja(&(LOGGED.to_owned() + "subninja n1\n")).file("x", "1");
    for number in 1..190 {
        project.write(&format!("n{number}"), format!("subninja n{}\n", number + 1));
    }
    project.write("n190", "build a: log x\n  name = a\n").run("build -f build.ninja").ok().ran(["a"]);
    project.write("n190", "subninja n1\n").run("build -f build.ninja").code(2).says(["files include each other without an end"]);
}

#[test]
fn a_stamp_may_stand_for_a_ninja_file() {
    let text = "rule gn\n  command = {log:gn}; cp build.in build.ninja; touch $out; echo '$out: build.in' > stamp.d\n  generator = 1\n  depfile = stamp.d\n\
                build build.ninja.stamp: gn\nbuild build.ninja: phony build.ninja.stamp\n";
    let project = ninja(&format!("{LOGGED}{text}build a: log x\n  name = a\n"));
    project.write("x", "1").write("build.in", project.read("build.ninja"));
    let seen = project.run("build -f build.ninja").ok().ran_in_order(["gn", "a"]);
    assert!(seen.err().contains("`build.ninja.stamp` is not there: it is made anew first"), "{}", seen.all());
    project.run("build -f build.ninja").ok().nothing_to_do();
    project.settle().write("build.in", project.placed(&format!("{LOGGED}{text}build b: log x\n  name = b\n")));
    project.run("build -f build.ninja").ok().ran_in_order(["gn", "b"]);
    project.run("build -f build.ninja").ok().nothing_to_do();
}

#[test]
fn a_source_whose_path_is_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let project = Project::new();
    let odd = project.root().join(std::ffi::OsStr::from_bytes(b"odd\xff"));
    fs::create_dir(&odd).unwrap();
    std::os::unix::fs::symlink(&odd, project.at("odd")).unwrap();
    project.write("odd/src/a", "1").write("odd/out/b", "1");
    project.write("odd/out/build.ninja", "rule cp\n  command = cp $in $out\nbuild o: cp ../src/a\n");
    project.run_in("odd/out", "build -f build.ninja").code(2).says(["build.ninja:3", "`../src/a` leads to", "odd\\xff/src/a", "no UTF-8"]);
    // What is inside has no need of the way there, nor has an import from above.
    project
        .write("odd/out/build.ninja", "rule cp\n  command = cp $in $out\nbuild o: cp b\n")
        .run_in("odd/out", "build -f build.ninja")
        .ok();
    project.write("odd/out/build.ninja", "rule cp\n  command = cp $in $out\nbuild o: cp ../src/a\n");
    project.write("odd/orket.kdl", "import \"out/build.ninja\"").run_in("odd", "build").ok();
    project.write("odd/src/a", "2").run_in("odd", "build").ok();
    assert_eq!(project.read("odd/out/o"), "2");
}

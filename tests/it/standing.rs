//! What was proven once is not judged again: nothing that changes may slip through that.

use std::fs::{self, File};
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use crate::common::{Project, strace_works};

const COPY: &str = r#"task "copy" { sh "{log:copy}; cat in > out"; inputs "in"; outputs "out" }"#;

fn copy() -> Project {
    let project = Project::new().file("in", "one").manifest(COPY);
    project.proven();
    project
}

/// Gives a file the stamp of its content that it had before.
fn set_back<R>(project: &Project, path: &str, edit: impl FnOnce() -> R) {
    let before = fs::metadata(project.at(path)).unwrap().modified().unwrap();
    edit();
    File::options().append(true).open(project.at(path)).unwrap().set_modified(before).unwrap();
    assert_eq!(fs::metadata(project.at(path)).unwrap().modified().unwrap(), before);
}

fn program(project: &Project, path: &str, says: &str) {
    project.write(path, format!("#!/bin/sh\necho {says}\n")).mode(path, 0o755);
}

#[test]
fn nothing_is_judged_twice() {
    let project = copy();
    assert_eq!(project.left(), 0);
    project.run("build").ok().nothing_to_do();
    project.run("build --force").ok().ran(["copy"]);
    project.proven().run("build --json").ok().fresh(1);
}

#[test]
fn an_edit_of_the_same_size_under_the_old_stamp() {
    let project = copy();
    set_back(&project, "in", || project.write("in", "two"));
    project.run("build").ok().ran(["copy"]);
    assert_eq!(project.read("out"), "two");
}

#[test]
fn a_manifest_of_the_same_size_under_the_old_stamp() {
    let project = Project::new().file("in", "one").manifest(COPY);
    project.settle().run("list").ok();
    project.proven();
    set_back(&project, "orket.kdl", || project.declare(&COPY.replace("cat in", "rev in")));
    project.run("build").ok().ran(["copy"]);
    assert_eq!(project.read("out").trim(), "eno");
    set_back(&project, "orket.kdl", || {
        project.declare(COPY);
        fs::rename(project.at("orket.kdl"), project.at("beside")).unwrap();
        fs::copy(project.at("beside"), project.at("orket.kdl")).unwrap();
    });
    project.run("build --json").ok().cached(["copy"]);
    assert_eq!(project.read("out"), "one");
}

#[test]
fn a_manifest_is_read_again_only_where_its_stamp_is_new() {
    if !strace_works() {
        return;
    }
    let project = Project::new().file("in", "one").manifest(COPY);
    let trace = project.base().join("trace");
    let options: Vec<String> = ["-f", "-e", "trace=openat,openat2,open", "-o", &trace.to_string_lossy()].map(str::to_owned).to_vec();
    let reads = || {
        assert_eq!(project.under("strace", &options, "build").code(), 0);
        fs::read_to_string(&trace).unwrap().lines().filter(|line| line.contains("\"orket.kdl\"") && line.contains("O_RDONLY")).count()
    };
    project.settle();
    assert!(reads() > 0, "a manifest that nobody has read");
    assert_eq!(reads(), 0);
    project.declare(COPY);
    assert_eq!(reads(), 1, "the same text under another stamp");
}

#[test]
fn another_file_in_its_place_under_the_old_stamp() {
    let project = copy();
    set_back(&project, "in", || {
        project.write("beside", "two");
        fs::rename(project.at("beside"), project.at("in")).unwrap();
    });
    project.run("build").ok().ran(["copy"]);
}

#[test]
fn a_touched_file_is_read_and_is_the_same() {
    let project = copy();
    project.write("in", "one");
    project.run("build").ok().nothing_to_do();
    project.proven();
}

#[test]
fn what_became_executable_or_a_link() {
    let project = copy();
    project.mode("in", 0o755);
    project.run("build").ok().ran(["copy"]);
    project.proven().write("other", "one").remove("in").link("other", "in");
    project.run("build").ok().ran(["copy"]);
}

#[test]
fn an_output_that_was_edited_removed_or_joined() {
    let project = copy();
    set_back(&project, "out", || project.write("out", "bad"));
    project.run("build --json").ok().cached(["copy"]);
    project.proven().remove("out");
    project.run("build --json").ok().cached(["copy"]);
    assert_eq!(project.read("out"), "one");

    project.declare(r#"task "tree" { sh "{log:tree}; mkdir -p d/e; cp in d/e/x; ln -s e/x d/link"; inputs "in"; outputs "d/" }"#).proven();
    project.write("d/e/more", "");
    project.run("build --json").ok().cached(["tree"]);
    assert!(!project.has("d/e/more"));
    project.proven().remove("d/link").link("x", "d/link");
    project.run("build --json").ok().cached(["tree"]);
    assert_eq!(project.read("d/link"), "one");
}

#[test]
fn a_glob_that_finds_one_more_or_one_less() {
    let task = r#"task "all" { sh "{log:all}; cat src/*/*.c > all"; inputs "src/**/*.c"; outputs "all" }"#;
    let project = Project::new().file("src/a/one.c", "1").file("src/b/two.c", "2").manifest(task);
    project.proven().write("src/b/three.c", "3");
    project.run("build").ok().ran(["all"]);
    project.proven().remove("src/a/one.c");
    project.run("build").ok().ran(["all"]);
    project.proven().write("src/b/note.txt", "");
    project.run("build").ok().nothing_to_do();
    project.proven().write("src/new/four.c", "4");
    project.run("build").ok().ran(["all"]);
    // What another task puts out is no source any more.
    let other = r#"task "gen" { sh "{log:gen}; mkdir -p src/new; echo 5 > src/new/four.c"; outputs "src/new/four.c" }"#;
    let task = task.replace("outputs", "inputs \"!src/new/\"; outputs");
    project.proven().declare(&format!("{task}\n{other}"));
    project.run("build --json").ok().ran(["gen"]).cached(["all"]);
    assert_eq!(project.proven().read("all"), "32");
}

#[test]
fn output_globs_that_find_one_more() {
    let task = r#"task "many" { sh "{log:many}; mkdir -p o; echo 1 > o/one.x"; inputs "in"; outputs "o/*.x" }"#;
    let project = Project::new().file("in", "").manifest(task);
    project.proven().write("o/two.x", "");
    project.run("build --json").ok().cached(["many"]);
    assert!(!project.has("o/two.x"));
}

#[test]
fn another_program_of_the_same_name() {
    let mut project = Project::new().file("in", "").manifest(r#"task "use" { sh "tool >> {base}/ran"; tools "tool"; inputs "in" }"#);
    program(&project, "late/tool", "late");
    project.write("early/other", "");
    let path = std::env::var("PATH").unwrap();
    let late = format!("{}:{}:{path}", project.at("early").display(), project.at("late").display());
    project.set("PATH", Some(&late));
    project.run("build").ok().ran(["late"]);
    project.proven();
    set_back(&project, "late/tool", || program(&project, "late/tool", "next"));
    project.run("build").ok().ran(["next"]);
    project.proven();
    program(&project, "early/tool", "early");
    project.run("build").ok().ran(["early"]);
    project.proven();
    project.set("PATH", Some(&format!("{}:{late}", project.at("late").display())));
    assert_eq!(project.left(), 1, "another program is found");
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_program_of_the_project_s_own() {
    let project = Project::new().manifest(r#"task "use" { run "./tool"; dir "sub"; inputs "in"; outputs "sub/out" }"#).file("in", "");
    project.write("sub/tool", "#!/bin/sh\necho one > out\n").mode("sub/tool", 0o755);
    project.proven();
    set_back(&project, "sub/tool", || project.write("sub/tool", "#!/bin/sh\necho two > out\n"));
    project.run("build").ok();
    assert_eq!(project.read("sub/out"), "two\n");
}

#[test]
fn what_is_seen_of_the_environment() {
    let manifest = r#"
env { pass "PASSED"; dotenv ".env"; secret "SECRET" }
task "sees" { sh "{log:sees}; echo $PASSED $FILED $SECRET > sees"; inputs "in"; outputs "sees" }
task "named" { run "sh" "-c" "{log:named}; echo {{env.LANG}} > named"; inputs "in"; outputs "named" }
"#;
    let mut project = Project::new().file("in", "").file(".env", "FILED=1\n").manifest(manifest);
    project.set("PASSED", Some("1"));
    project.set("SECRET", Some("first secret"));
    project.proven();
    project.set("PASSED", Some("2"));
    project.run("build").ok().ran(["named", "sees"]);
    project.proven();
    project.set("SECRET", Some("other secret"));
    project.run("build").ok().ran(["named", "sees"]);
    project.proven().write(".env", "FILED=2\n");
    project.run("build").ok().ran(["named", "sees"]);
    project.proven();
    project.set("LANG", Some("C"));
    project.run("build").ok().ran(["named"]);
}

#[test]
fn what_a_depfile_named() {
    let manifest = r#"task "obj" { sh "{log:obj}; cat in.c in.h > obj; echo 'obj: in.c in.h' > obj.d"; inputs "in.c"; outputs "obj"; depfile "obj.d" }"#;
    let project = Project::new().file("in.c", "c").file("in.h", "h").manifest(manifest);
    project.proven();
    set_back(&project, "in.h", || project.write("in.h", "H"));
    project.run("build").ok().ran(["obj"]);
    assert_eq!(project.read("obj"), "cH");
}

#[test]
fn a_manifest_that_says_something_else() {
    let project = copy();
    project.declare(&format!("// a line above\n\n{COPY}"));
    assert_eq!(project.left(), 0, "a task that moved is the same task");
    project.declare(&COPY.replace("cat in", "cat in in"));
    project.run("build").ok().ran(["copy"]);
    assert_eq!(project.read("out"), "oneone");
}

#[test]
fn what_is_needed_has_put_out_something_else_in_another_run() {
    let manifest = r#"
task "gen" { sh "{log:gen}; cp in mid"; inputs "in"; outputs "mid" }
task "use" { needs "gen"; sh "{log:use}; cp mid end"; outputs "end" }
"#;
    let project = Project::new().file("in", "one").manifest(manifest);
    project.proven().write("in", "two");
    project.run("build gen").ok().ran(["gen"]);
    project.run("build gen").ok();
    project.run("build").ok().ran(["use"]);
    assert_eq!(project.read("end"), "two");
    let part = r#"task "more" { sh "{log:more}; cp in more"; inputs "in"; outputs "more" }"#;
    let epics = |parts: &str| {
        format!(
            r#"epic "parts" {{ task "a" {{ sh "{{log:a}}; cp in a"; inputs "in"; outputs "a" }}; {parts} }}
task "whole" {{ needs "parts"; sh "{{log:whole}}; ls a more > whole || true"; outputs "whole" }}"#
        )
    };
    project.declare(&epics("")).proven().declare(&epics(part));
    project.run("build").ok().ran(["more", "whole"]);
    assert_eq!(project.read("whole"), "a\nmore\n");
}

#[test]
fn what_comes_after_something_that_ran_is_looked_at_again() {
    let manifest = r#"
task "format" { sh "{log:format}; printf new > src" }
task "read" { after "format"; sh "{log:read}; cp src out"; inputs "src"; outputs "out" }
"#;
    let project = Project::new().file("src", "new").manifest(manifest);
    project.run("build").ok();
    project.write("src", "old");
    project.run("build").ok();
    assert_eq!(project.read("out"), "new");
}

#[test]
fn one_more_branch_and_back() {
    let project = copy();
    let other = r#"task "other" { sh "{log:other}; cat in > other"; inputs "in"; outputs "other" }"#;
    project.declare(other).proven().declare(COPY);
    assert!(!project.has("out"));
    project.run("build").ok().ran([]);
    project.run("build").ok().nothing_to_do();
    assert_eq!(fs::metadata(project.at("out")).unwrap().size(), 3);
    assert_eq!(fs::metadata(project.at("in")).unwrap().permissions().mode() & 0o111, 0);
}

#[test]
fn a_folder_without_a_slash_in_which_something_is_made_no_more() {
    let task = r#"task "t" { sh "{log:t}; cat src/*.txt > t"; inputs "src"; outputs "t" }"#;
    let maker = r#"task "gen" { sh "echo gen > src/gen.txt"; outputs "src/gen.txt" }"#;
    let project =
        Project::new().file("src/a.txt", "a").manifest(&format!("{}\n{maker}", task.replace("outputs", "needs \"gen\"; outputs")));
    project.proven().declare(task);
    set_back(&project, "src/gen.txt", || project.write("src/gen.txt", "GEN\n"));
    project.run("build").ok();
    assert_eq!(project.read("t"), "aGEN\n");
}

#[test]
fn what_a_link_leads_to() {
    let project = Project::new().file("real", "one").manifest(COPY);
    project.link("between", "in").link("real", "between").proven();
    project.write("real", "two");
    project.run("build").ok().ran(["copy"]);
    assert_eq!(project.read("out"), "two");
    project.proven().write("other", "three").remove("between").link("other", "between");
    project.run("build").ok().ran(["copy"]);
    assert_eq!(project.read("out"), "three");
    project.proven().remove("between").link("in", "between");
    project.run("build").code(1);
}

#[test]
fn of_thousands_of_files_each_one_counts() {
    let project = Project::new().manifest(
        "task \"t\" { sh \"{log:t}; cat src/*/7 > o\"; inputs \"src/**\"; outputs \"o\" }\ntask \"u\" { needs \"t\"; sh \"{log:u}; cp o p\"; inputs \"o\"; outputs \"p\" }",
    );
    for at in 0..2100 {
        project.write(&format!("src/{}/{}", at / 100, at % 100), "1\n");
    }
    project.run("build").ok().ran(["t", "u"]);
    project.proven().run("build").ok().nothing_to_do();
    project.write("src/20/99", "2\n").run("build").ok().ran(["t"]);
    project.proven().write("src/3/7", "2\n").run("build").ok().ran(["t", "u"]);
    project.proven().write("p", "edited\n").run("build").ok().ran([]);
    assert_eq!(project.read("p"), project.read("o"));
    project.proven().remove("src/0/0").run("build").ok().ran(["t"]);
    project.proven().write("src/21/0", "1\n").run("build").ok().ran(["t"]);
}

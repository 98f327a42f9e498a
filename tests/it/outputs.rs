//! What tasks put out, declare and discover.

use crate::common::{Project, skipped, strace_works};

#[test]
fn the_folders_before_a_pattern_are_made() {
    let project = Project::new().manifest("task \"t\" { sh \"touch o/x/y.txt\"; outputs \"o/x/*.txt\" \"p/**\" }");
    project.run("build").ok();
    assert!(project.has("o/x/y.txt") && project.has("p"));
    project.remove("o").remove("p").run("build --json").ok().cached(["t"]);
    assert!(project.has("o/x/y.txt"));
    assert!(!project.has(".orket/displaced"));
}

#[test]
fn tasks_of_one_run_share_a_scratch_folder() {
    let project = Project::new().manifest(
        "task \"a\" { sh \"echo {{run.id}} > {{run.scratch}}/id\" }
task \"b\" { needs \"a\"; sh \"cat $S/id; ls -d {{run.scratch}}\"; env { set \"S\" \"{{run.scratch}}\" } }",
    );
    project.run("build").ok();
    let seen = project.run("runs logs").ok().out().to_owned();
    let run = seen.lines().nth(1).unwrap();
    assert_eq!(seen.lines().nth(2).unwrap(), project.at(&format!(".orket/scratch/{run}")).to_str().unwrap(), "{seen}");
    assert!(!project.has(".orket/scratch"), "it was left behind");
}

#[test]
fn parent_folders_are_made() {
    let project = Project::new().manifest(r#"task "t" { sh "echo x > a/b/c"; outputs "a/b/c" }"#);
    project.run("build").ok();
    assert_eq!(project.read("a/b/c"), "x\n");
}

#[test]
fn an_output_that_is_not_there_after_success_is_a_failure() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}"; outputs "never" }"#);
    project.run("build").code(1).ran(["t"]).says(["never"]);
    project.run("build").code(1).ran(["t"]);
}

#[test]
fn earlier_outputs_are_removed_before_a_task_runs() {
    let project = Project::new()
        .file("i", "1")
        .manifest(r#"task "t" { sh "{log:t}; test ! -e o; cat i > d/f$(cat i); cat i > o"; inputs "i"; outputs "d/" "o" }"#);
    project.run("build").ok();
    project.write("i", "2");
    project.run("build").ok().ran(["t"]);
    assert!(!project.has("d/f1") && project.has("d/f2"));
}

#[test]
fn an_incremental_task_finds_its_earlier_outputs() {
    let project = Project::new().file("i", "1").manifest(r#"task "t" { sh "cat i >> o"; inputs "i"; outputs "o"; incremental #true }"#);
    project.run("build").ok();
    project.write("i", "2");
    project.run("build").ok();
    assert_eq!(project.read("o"), "12");
}

#[test]
fn a_check_is_remembered_and_its_failure_is_not() {
    let project = Project::new().file("i", "good").manifest(r#"task "c" { sh "{log:c}; grep -q good i"; inputs "i" }"#);
    project.run("build").ok().ran(["c"]);
    project.run("build").ok().nothing_to_do();
    project.write("i", "bad");
    project.run("build").code(1).ran(["c"]);
    project.run("build").code(1).ran(["c"]);
    project.write("i", "good");
    project.run("build").ok().ran([]);
}

#[test]
fn a_check_that_the_store_knows_is_told_with_what_it_printed() {
    let project = Project::new().file("in", "1").manifest(r#"task "r" { sh "{log:r}; echo hi; cat in"; inputs "in" }"#);
    project.run("build").ok().ran(["r"]);
    project.write("in", "2").run("build").ok().ran(["r"]);
    project.write("in", "1").run("build").ok().ran([]).says(["cached  r\nhi\n1"]);
    project.run("runs logs").ok().stdout("== r\nhi\n1\n");
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_folder_that_may_not_be_written_into_is_no_obstacle() {
    if !strace_works() {
        return;
    }
    let manifest = r#"task "t" { sh "{log:t}; mkdir -p d/r; cp in d/r/f; echo > a; chmod 555 d/r"; inputs "in"; outputs "a" "d/" }"#;
    let project = Project::new().file("in", "1").manifest(manifest);
    project.run("build -j1").ok().ran(["t"]);
    project.write("in", "2");
    // Whoever is root may do all, so that the kernel has to be told to refuse.
    let refused = project.injected("unlinkat", "error=EACCES", 2, "build -j1");
    assert!(refused.hit && refused.code == 0, "{} {}", refused.err, refused.calls);
    assert_eq!(project.read("d/r/f"), "2");
}

#[test]
fn an_action_runs_every_time() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}" }"#);
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().ran(["t"]);
}

#[test]
fn what_is_not_cached_runs_every_time() {
    let project = Project::new().file("i", "").manifest(r#"task "t" { sh "{log:t}; echo > o"; inputs "i"; outputs "o"; cache #false }"#);
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().ran(["t"]);
}

#[test]
fn what_a_depfile_named_is_no_input_of_another_task_that_takes_the_address() {
    let plain = r#"{ sh "{log:plain}; cat a.c > p"; inputs "a.c"; outputs "p" }"#;
    let reads = r#"{ sh "{log:reads}; cat a.h > o; echo 'o: a.h' > x.d"; outputs "o"; depfile "x.d" }"#;
    let project = Project::new().file("a.c", "1").file("a.h", "1").manifest(&format!("task \"s\" {plain}\ntask \"t\" {reads}"));
    project.run("build").ok().ran(["plain", "reads"]);
    project.declare(&format!("task \"t\" {plain}\ntask \"s\" {reads}"));
    project.run("build").ok().ran([]);
}

#[test]
fn what_a_depfile_names_counts_from_the_next_run_on() {
    let project = Project::new().file("a.c", "").file("a.h", "1").file("b c.h", "1").manifest(
        r#"task "t" { sh "{log:t}; cat a.h > o; printf 'o: a.c a.h \\\\\\n b\\\\ c.h\\n' > x.d"; inputs "a.c"; outputs "o"; depfile "x.d" }"#,
    );
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().nothing_to_do();
    project.write("a.h", "2");
    project.run("build").ok().ran(["t"]);
    project.write("b c.h", "2");
    project.run("build").ok().ran(["t"]);
    assert_eq!(project.read("o"), "2");
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_depfile_that_is_none_fails_the_task() {
    let project = Project::new()
        .file("in", "")
        .manifest(r#"task "t" { sh "{log:t}; echo > o; printf 'a.c b.h' > x.d"; inputs "in"; outputs "o"; depfile "x.d" }"#);
    project.run("build").code(1).ran(["t"]).says(["the depfile `x.d` is wrong: line 1 has no colon, where `target: file…` was expected"]);
}

#[test]
fn an_output_that_means_nothing_is_told() {
    let project = Project::new().file("in", "").manifest(
        r#"
        task "folder" { sh "true"; inputs "in"; outputs "dist/" }
        task "pattern" { sh "true"; inputs "in"; outputs "out/*.o" }
        task "fine" { sh "touch made/x some/y; mkdir whole/z"; inputs "in"; outputs "made/" "some/*" "whole/" }
        "#,
    );
    let seen = project.run("build").ok();
    seen.says([
        "note: folder: it made nothing that is meant by its output `dist/`\n",
        "note: pattern: it made nothing that is meant by its output `out/*.o`\n",
    ])
    .never_says(["note: fine"]);
}

#[test]
fn an_output_behind_a_link_that_leads_out_fails_the_task_alone() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}"; outputs "out/sub/x" }"#);
    project
        .link("..", "out")
        .run("build")
        .code(1)
        .ran([])
        .says(["failed  t", "`out` on the way there is a link, behind which nothing is changed; name what it leads to (`..`)"]);
}

#[test]
fn a_task_that_changes_its_own_input_is_not_stored() {
    let project = Project::new().file("i", "1").manifest(r#"task "t" { sh "{log:t}; echo x >> i; echo > o"; inputs "i"; outputs "o" }"#);
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().ran(["t"]);
}

/// Builds a task that reads `i` and does this to it on the way, twice; returns what ran.
fn meddled(meddle: &str) -> Vec<String> {
    let project = Project::new()
        .file("i", "1")
        .manifest(&format!("task \"t\" {{ sh \"\"\"\n{{log:t}}\n{meddle}\n\"\"\"; inputs \"i\"; outputs \"o\" }}"));
    project.run("build").ok().ran(["t"]);
    let seen = project.run("build").ok();
    assert_eq!(project.read("i"), "1");
    seen.names_that_ran().to_vec()
}

#[test]
fn an_input_that_was_changed_and_changed_back_is_noticed() {
    assert_eq!(meddled("printf 2 > i; cat i > o; printf 1 > i"), ["t"]);
    assert_eq!(meddled("cp -p i kept; printf 2 > i; cat i > o; mv kept i"), ["t"]);
    assert_eq!(meddled("cp -p i kept; printf 2 > i; cat i > o; printf 1 > i; touch -r kept i; rm kept"), ["t"]);
    assert_eq!(meddled("cat i > o"), [] as [&str; 0]);
    assert_eq!(meddled("ln i linked; cat linked > o; rm linked; ln -f i o"), [] as [&str; 0]);
}

#[test]
fn output_globs_take_what_was_made() {
    let project = Project::new().manifest(
        r#"task "t" { sh "{log:t}; mkdir -p out; echo 1 > out/a.js; echo 2 > out/b.js; echo 3 > out/c.txt"; outputs "out/*.js" }"#,
    );
    project.run("build").ok();
    project.remove("out/a.js").remove("out/c.txt");
    project.run("build").ok().ran([]);
    assert_eq!((project.read("out/a.js"), project.has("out/c.txt")), ("1\n".into(), false));
}

#[test]
fn an_empty_folder_and_a_dangling_link_come_back() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; mkdir -p d/empty; ln -s nowhere d/l; : > d/zero"; outputs "d/" }"#);
    project.run("build").ok();
    project.remove("d");
    project.run("build").ok().ran([]);
    assert!(project.has("d/l") && project.has("d/zero") && project.at("d/empty").is_dir());
    project.run("build").ok().nothing_to_do();
}

#[test]
fn what_a_task_leaves_out_of_its_outputs_is_a_source_of_others() {
    let project = Project::new().file("src/kept.c", "1").manifest(
        r#"task "gen" { sh "echo 2 > src/made.c"; outputs "src/*.c" "!src/kept.c" }
task "all" { needs "gen"; sh "{log:all}; cat src/*.c > all"; inputs "src/*.c"; outputs "all" }"#,
    );
    project.run("build").ok().ran(["all"]);
    project.write("src/kept.c", "3").run("build").ok().ran(["all"]);
    assert_eq!(project.read("all"), "32\n");
}

#[test]
fn an_output_behind_a_link_is_refused_since_another_task_may_name_its_file_too() {
    let project = Project::new().manifest(
        r#"
        task "a" { sh "{log:a}; echo a > real/x"; outputs "real/x" }
        task "b" { sh "{log:b}; echo b > lnk/x"; outputs "lnk/x" }
        "#,
    );
    std::fs::create_dir(project.at("real")).unwrap();
    project.link("real", "lnk");
    let (code, seen) = project.run("build b").either();
    assert!(code != 0, "{}", seen.all());
    seen.ran([]).says(["`lnk` on the way there is a link, behind which nothing is changed; name what it leads to (`real`)"]);
    project.run("build a").ok().ran(["a"]);
    let (code, seen) = project.run("build -k").either();
    assert!(code != 0, "{}", seen.all());
    seen.ran([]).says(["`lnk` on the way there is a link"]);
    assert_eq!(project.read("real/x"), "a\n");
    project.remove("lnk").run("build").ok().ran(["b"]);
    project.run("build").ok().nothing_to_do();
}

/// The words of a shell that sees a file system of its own at `dist`, and orket as `$0`.
const MOUNTED: &str = r#"
mkdir dist; mount -t tmpfs none dist
"$0" build -q; rm dist/o dist/d/f; "$0" build -q; cat dist/o dist/d/f
echo mine > dist/o; "$0" build -q; cat dist/o; ls -A dist
cat .orket/displaced/*/dist/o
"#;

#[test]
fn outputs_may_stand_on_a_file_system_of_their_own() {
    let can = std::process::Command::new("unshare").args(["-rm", "sh", "-c", "mount -t tmpfs none /tmp"]).output();
    if !can.is_ok_and(|ended| ended.status.success()) {
        return skipped("no file system can be mounted here, so no output stands on one of its own");
    }
    let project = Project::new().file("in", "1").manifest(
        r#"
        task "o" { sh "{log:o}; echo made > dist/o"; inputs "in"; outputs "dist/o" }
        task "d" { sh "{log:d}; mkdir dist/d/e; echo also > dist/d/f; ln -s f dist/d/l"; inputs "in"; outputs "dist/d/" }
        "#,
    );
    let ended = project.under("unshare", &["-rm", "sh", "-ec", MOUNTED].map(str::to_owned), "build");
    let (out, err) = (String::from_utf8_lossy(&ended.out), String::from_utf8_lossy(&ended.err));
    assert_eq!((ended.code(), &*out), (0, "made\nalso\nmade\nd\no\nmine\n"), "{err}");
    let mut ran = project.log();
    ran.sort();
    assert_eq!(ran, ["d", "o"], "{err}");
}

#[test]
fn empty_folders_that_are_put_out_count_for_those_that_need_them() {
    let manifest = r#"task "a" { sh "mkdir -p o/$(cat in); echo same > o/f"; inputs "in"; outputs "o/" }
        task "b" { needs "a"; sh "find o | sort > list"; outputs "list" }"#;
    let project = Project::new().file("in", "d1").manifest(manifest);
    project.run("build").ok();
    project.write("in", "d2").run("build").ok().says(["done    a", "done    b"]);
    assert_eq!(project.read("list"), "o\no/d2\no/f\n");
    // Also where nothing else is put out.
    project.declare(&manifest.replace("; echo same > o/f", "")).run("build").ok();
    project.write("in", "d3").run("build").ok().says(["done    b"]);
    assert_eq!(project.read("list"), "o\no/d3\n");
}

#[test]
fn a_depfile_is_written_by_one_task_and_read_by_none() {
    let wrong = |manifest: &str, said: &str| {
        let project = Project::new().file("in", "1").manifest(manifest);
        project.run("build").code(2).says([said]);
        assert_eq!(project.read("in"), "1");
    };
    let two = r#"task "a" { sh "true"; depfile "d/x.d" }
task "b" { sh "true"; outputs "o"; depfile "d/x.d" }"#;
    wrong(two, "`d/x.d`, the depfile of `b`, is written by `a`, too");
    wrong(&two.replace("depfile \"d/x.d\" }\ntask", "outputs \"d/\" }\ntask"), "`d/x.d`, the depfile of `b`, is written by `a`, too");
    wrong(r#"task "a" { sh "true"; inputs "in"; depfile "in" }"#, "`in` is an input of `a` and the depfile of `a`");
    wrong(r#"task "a" { sh "true"; depfile "orket.kdl" }"#, "`orket.kdl` cannot be a depfile: a manifest stands there");
    wrong(r#"task "a" { sh "true"; depfile ".git/x" }"#, "`.git/x` cannot be a depfile: it stands in `.git`");
}

#[test]
fn a_depfile_is_no_source_and_goes_with_its_task() {
    let one =
        r#"task "a" { sh "{log:a}; mkdir -p o; cat a.c > o/a; echo 'o/a: a.c' > o/a.d"; outputs "o/a"; inputs "a.c"; depfile "o/a.d" }"#;
    let list = r#"
task "list" { sh "{log:list}; ls o > list"; inputs "o/*"; needs optional=#true "a"; outputs "list" }"#;
    let manifest = format!("{one}{}", list.replace("optional=#true ", ""));
    let project = Project::new().file("a.c", "1").file("o/own", "").manifest(&manifest);
    project.run("build").ok().ran(["a", "list"]);
    project.run("build").ok().nothing_to_do();
    // Its depfile alone says something else.
    project.declare(&manifest.replace("echo 'o/a", "echo '# x'; echo 'o/a")).run("build").ok().ran(["a"]);
    project.run("build").ok().nothing_to_do();
    project.remove("o/a").remove("o/a.d").run("build --json").ok().cached(["a"]);
    project.run("build").ok().nothing_to_do();
    project.write("a.c", "2").run("build").ok().ran(["a", "list"]);
    // A hit does not forget whose it is.
    project.write("a.c", "1").run("build --json").ok().cached(["a"]);
    assert!(project.has("o/a.d"));
    project.declare(&list.replace("needs optional=#true \"a\"; ", "")).run("build").ok().ran(["list"]);
    assert_eq!(project.read("list"), "own\n");
    assert!(!project.has("o/a.d") && !project.has("o/a"));
}

#[test]
fn what_stands_in_the_place_of_a_depfile_and_is_none_is_moved_aside() {
    let project = Project::new()
        .file("in", "1")
        .file("x.d", "precious")
        .manifest(r#"task "t" { sh "cat in > o; echo 'o: in' > x.d"; outputs "o"; depfile "x.d" }"#);
    project.run("build").ok().says(["`x.d` was in the place of an output"]);
    project.write("in", "2").run("build").ok().never_says(["in the place of"]);
    project.write("in", "3").write("x.d", "notes of mine\n").run("build").ok().says(["`x.d` was in the place of an output"]);
    // Much reads as a depfile.
    project.write("in", "4").write("x.d", "notes: of mine\n").run("build").ok().says(["`x.d` was in the place of an output"]);
    let bare = Project::new().file("in", "1").manifest(r#"task "t" { inputs "in"; sh "echo 'x: in' > t.d"; depfile "t.d" }"#);
    bare.run("build").ok();
    bare.write("in", "2").run("build").ok().never_says(["in the place of"]);
}

#[test]
fn what_an_indirect_need_made_is_an_input_by_name_and_by_pattern() {
    for outputs in ["g/f", "g/"] {
        let project = Project::new().file("k", "1").manifest(&format!(
            r#"task "make" {{ sh "mkdir -p g; cat k > g/f"; inputs "k"; outputs "{outputs}" }}
task "mid" {{ needs "make"; sh "echo const > m"; outputs "m" }}
task "name" {{ needs "mid"; inputs "g/f"; sh "cat g/f > o1"; outputs "o1" }}
task "glob" {{ needs "mid"; inputs "g/*"; sh "cat g/f > o2"; outputs "o2" }}
task "folder" {{ needs "mid"; inputs "g/"; sh "cat g/f > o3"; outputs "o3" }}"#
        ));
        project.run("build").ok();
        project.write("k", "2").run("build").ok();
        assert_eq!(["o1", "o2", "o3"].map(|path| project.read(path)), ["2"; 3], "{outputs}");
        project.run("build").ok().nothing_to_do();
    }
}

//! What stands in an output's place and is not orket's is moved aside, never lost.

use crate::common::Project;

fn found_aside(project: &Project, text: &str) -> bool {
    walkdir::WalkDir::new(project.at(".orket/displaced"))
        .into_iter()
        .flatten()
        .any(|entry| std::fs::read_to_string(entry.path()).is_ok_and(|found| found == text))
}

const MANIFEST: &str = r#"task "t" { sh "{log:t}; echo made > o"; outputs "o" }"#;

#[test]
fn a_foreign_file_is_moved_aside_and_one_line_says_so() {
    let project = Project::new().file("o", "mine").manifest(MANIFEST);
    project.run("build").ok().ran(["t"]).says([".orket/displaced/"]);
    assert_eq!(project.read("o"), "made\n");
    assert!(found_aside(&project, "mine"));
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_foreign_folder_is_moved_aside_whole() {
    let project = Project::new().file("o/deep/x", "mine").manifest(MANIFEST);
    project.run("build").ok().ran(["t"]);
    assert_eq!(project.read("o"), "made\n");
    assert!(found_aside(&project, "mine"));
}

#[test]
fn what_git_tracks_stops_the_task() {
    let project = Project::new().file("o", "mine").manifest(MANIFEST);
    project.git("init -q").git("add o").git("commit -qm x");
    project.run("build").code(1).ran([]).says(["o"]);
    assert_eq!(project.read("o"), "mine");
}

#[test]
fn a_folder_in_the_place_of_an_output_that_is_restored_is_moved_aside() {
    let project = Project::new().manifest(MANIFEST);
    project.run("build").ok();
    project.remove("o").write("o/mine", "mine");
    project.run("build").ok().ran([]);
    assert_eq!(project.read("o"), "made\n");
    assert!(found_aside(&project, "mine"));
}

#[test]
fn files_beside_outputs_are_left_alone() {
    let project = Project::new().file("out/mine", "mine").manifest(r#"task "t" { sh "echo made > out/o"; outputs "out/o" }"#);
    project.run("build").ok();
    project.write("orket.kdl", "task \"t\" { sh \"echo again > out/o\"; outputs \"out/o\" }");
    project.run("build").ok();
    assert_eq!((project.read("out/mine"), project.read("out/o")), ("mine".into(), "again\n".into()));
}

#[test]
fn a_link_in_the_way_is_never_written_through() {
    let project = Project::new().file("../outside/x", "mine").manifest(r#"task "t" { sh "{log:t}; echo made > d/x"; outputs "d/x" }"#);
    project.link("../outside", "d");
    let _ = project.run("build").either();
    assert_eq!(project.read("../outside/x"), "mine");
}

#[test]
fn many_files_are_told_of_in_one_line() {
    let project = Project::new()
        .manifest(r#"task "t" { matrix { n "1" "2" "3" "4" "5" "6" }; sh "echo {{matrix.n}} > o{{matrix.n}}"; outputs "o{{matrix.n}}" }"#);
    for number in 1..=6 {
        project.write(&format!("o{number}"), "another tool's");
    }
    let seen = project.run("build -j1").ok().says(["6 files were in the place of outputs", "and 3 more"]);
    assert_eq!(seen.err().lines().filter(|line| line.contains("displaced")).count(), 1, "{}", seen.err());
    assert!(found_aside(&project, "another tool's"));
}

#[test]
fn what_git_tracks_stops_the_task_also_where_the_store_holds_the_same() {
    let project = Project::new().file("out", "same\n").manifest(r#"task "other" { sh "echo same > other"; outputs "other" }"#);
    project.git("init -q").git("add out").git("-c user.name=a -c user.email=a@b commit -qm one");
    project.run("build").ok();
    project.declare(r#"task "t" { sh "{log:t}; echo new > out"; outputs "out" }"#);
    project.run("build").code(1).ran([]).says(["tracked by git"]);
    assert_eq!(project.read("out"), "same\n");
}

#[test]
fn what_a_person_puts_beside_what_a_failed_task_left_is_moved_aside() {
    let project =
        Project::new().manifest(r#"task "t" { sh "mkdir -p d; echo half > d/half; test -e go && echo made > d/o"; outputs "d/" }"#);
    project.run("build").code(1);
    project.write("d/mine", "mine").write("go", "");
    let seen = project.run("build").ok().says(["`d/mine` was in the place of an output"]);
    assert!(!seen.err().contains("d/half"), "{}", seen.err());
    assert_eq!(project.read("d/o"), "made\n");
    assert!(found_aside(&project, "mine") && !project.has("d/mine"));
}

#[test]
fn what_an_incremental_task_found_before_it_failed_does_not_become_its_own() {
    let project = Project::new()
        .file("d/mine", "mine")
        .manifest(r#"task "t" { incremental #true; sh "echo half > d/half; test -e go"; outputs "d/"; cache #false }"#);
    project.run("build").code(1);
    project.write("orket.kdl", r#"task "t" { sh "mkdir -p d; echo made > d/o"; outputs "d/" }"#);
    project.run("build").ok().says(["`d/mine` was in the place of an output"]);
    assert!(found_aside(&project, "mine") && !project.has("d/half"));
}

#[test]
fn empty_files_and_folders_of_a_person_are_not_lost() {
    let project = Project::new()
        .file("site/.nojekyll", "")
        .manifest(r#"task "s" { sh "mkdir -p site/own; echo hi > site/index.html"; outputs "site/" }"#);
    std::fs::create_dir_all(project.at("site/drafts")).unwrap();
    let seen = project.run("build").ok().says(["site/.nojekyll", "site/drafts", ".orket/displaced/"]);
    let run = seen.err().split(".orket/displaced/").nth(1).unwrap()[..8].to_owned();
    assert!(
        project.has(&format!(".orket/displaced/{run}/site/.nojekyll"))
            && project.at(&format!(".orket/displaced/{run}/site/drafts")).is_dir()
    );
    assert!(!project.has("site/.nojekyll") && !project.has("site/drafts"));
    let again = project.run("build --force").ok();
    assert!(!again.err().contains("displaced"), "{}", again.err());
}

#[test]
fn an_output_that_a_person_has_changed_is_moved_aside_and_one_that_git_tracks_by_now_stops_the_task() {
    let project = Project::new().manifest(MANIFEST);
    project.run("build").ok();
    project.write("o", "by hand");
    project.run("build").ok().says(["`o` was in the place of an output"]);
    assert!(found_aside(&project, "by hand"));
    project.git("init -q").git("add -f o").git("commit -qm x").write("o", "more by hand");
    project.run("build").code(1).says(["the output `o` is tracked by git"]);
    assert_eq!(project.read("o"), "more by hand");
}

#[test]
fn an_output_that_git_tracks_by_now_stays_also_where_it_is_as_its_task_made_it() {
    let project = Project::new().file("in", "one\n").manifest(r#"task "t" { sh "{log:t}; grep o in > o"; inputs "in"; outputs "o" }"#);
    project.run("build").ok();
    project.write("in", "two\n").run("build").ok().ran(["t"]);
    project.git("init -q").git("add -f o").git("commit -qm x");
    project.write("in", "none\n").run("build").code(1).ran([]).says(["the output `o` is tracked by git", "git rm --cached"]);
    project.write("in", "fails\n").run("build").code(1).ran([]);
    project.write("in", "one\n").run("build").code(1).ran([]).says(["the output `o` is tracked by git"]);
    assert_eq!(project.read("o"), "two\n");
    project.git("rm -q --cached o").run("build").ok().ran([]);
    assert_eq!(project.read("o"), "one\n");
}

#[test]
fn what_was_put_in_the_place_of_a_folder_is_moved_aside() {
    for words in ["build", "build --force", "build --no-cache"] {
        for (place, link) in [("o", false), ("o", true), ("o/sub", false), ("o/sub", true), ("o/empty", false)] {
            let project = Project::new()
                .file("in", "1")
                .manifest("task \"t\" { sh \"mkdir -p o/sub o/empty; cat in > o/sub/f\"; inputs \"in\"; outputs \"o/\" }");
            project.run("build").ok();
            project.remove(place);
            match link {
                true => project.link(&project.at("in").to_string_lossy(), place),
                false => project.write(place, "precious"),
            };
            project.run(words).ok().says([&format!("`{place}` was in the place of an output")]);
            assert!(project.at("o/sub").is_dir() && project.at("o/empty").is_dir(), "{words} {place}");
            assert!(found_aside(&project, if link { "1" } else { "precious" }), "{words} {place}");
        }
    }
}

#[test]
fn what_a_repository_inside_tracks_stays() {
    let manifest = r#"task "t" { sh "echo made > sub/o"; outputs "sub/o" }
task "u" { sh "echo made > sub/p"; outputs "sub/p" }"#;
    let project = Project::new().file("sub/o", "mine").manifest(manifest);
    project.git("init -q .").git("init -q sub").git("-C sub add o").git("-C sub commit -qm x");
    project.run("build t").code(1).says(["`sub/o` is tracked by git"]);
    assert_eq!(project.read("sub/o"), "mine");
    project.run("build u").ok();
    project.git("-C sub add p").git("-C sub commit -qm y").declare("task \"v\" { sh \"true\" }").run("build").ok().never_says(["removed"]);
    assert_eq!(project.read("sub/p"), "made\n");
}

#[test]
fn every_repository_around_is_asked_and_what_a_task_has_cloned_is_its_own() {
    let project = Project::new().file("x/a", "mine").manifest(r#"task "t" { sh "echo new > x/a"; outputs "x/a" }"#);
    project.git("init -q .").git("add x").git("commit -qm x").git("init -q x");
    project.run("build").code(1).says(["`x/a` is tracked by git"]);
    let project = Project::new().file("in", "1").manifest(
        r#"task "t" { sh "git init -q deps/x; cd deps/x; cat ../../in > f; git add f; git -c user.name=a -c user.email=b commit -qm x"; inputs "in"; outputs "deps/" }"#,
    );
    project.run("build").ok();
    project.write("in", "2").run("build").ok();
    assert_eq!(project.read("deps/x/f"), "2");
}

const DEEP: &str = r#"task "t" { sh "{log:t}; echo made > g/deep/a"; outputs "g/deep/a" }"#;

#[test]
fn a_file_in_the_place_of_a_folder_above_an_output_is_moved_aside() {
    let project = Project::new().file("g", "mine").manifest(DEEP);
    project.run("build").ok().ran(["t"]).says(["`g` was in the place of an output; it was moved to `.orket/displaced/"]);
    assert!(found_aside(&project, "mine"));
    project.remove("g").write("g", "mine, too");
    project.run("build").ok().ran([]).says(["cached  t", ".orket/displaced/"]);
    assert!(found_aside(&project, "mine, too"));
    assert_eq!(project.read("g/deep/a"), "made\n");
    project.run("build").ok().nothing_to_do();
}

#[test]
fn a_file_on_the_way_to_an_output_stays_where_it_is_somebodys() {
    let project = Project::new().file("g", "mine").manifest(DEEP);
    project.git("init -q").git("add g").git("commit -qm x");
    project.run("build").code(1).ran([]).says(["its output `g/deep/a` needs the folder `g`, where a file stands; git tracks it"]);
    let project = Project::new().file("g", "mine").manifest(&format!("{DEEP}\ntask \"r\" {{ sh \"cat g\"; inputs \"g*\" }}"));
    project.run("build t").code(1).ran([]).says(["where a file stands; `r` reads it"]);
    assert_eq!(project.read("g"), "mine");
    for reader in [r#"env { dotenv "g" }; sh "true""#, r#"env { pass "X" }; inputs "g{{env.X}}"; sh "true""#] {
        project.declare(&format!("{DEEP}\ntask \"r\" {{ {reader} }}"));
        project.run("build t").code(1).ran([]).says(["where a file stands; `r` reads it"]);
    }
}

#[test]
fn a_file_on_the_way_that_a_task_was_seen_to_read_stays() {
    let reader = r#"task "r" { sh "echo 'x: g' > r.d; cat g"; depfile "r.d" }"#;
    let project = Project::new().file("g", "mine").manifest(reader);
    project.run("build").ok();
    project.declare(&format!("{reader}\n{DEEP}"));
    project.run("build t").code(1).ran([]).says(["where a file stands; `r` reads it"]);
    assert_eq!(project.read("g"), "mine");
}

#[test]
fn what_the_store_holds_as_something_else_is_moved_aside_all_the_same() {
    let other = r#"task "other" { sh "echo bytes > other"; outputs "other" }"#;
    let project = Project::new().manifest(other);
    project.run("build").ok();
    project.write("g", "bytes\n").write("o", "bytes\n");
    project.declare(&format!("{other}\n{DEEP}\ntask \"o\" {{ sh \"echo o > o\"; outputs \"o\" }}"));
    project.run("build").ok().says(["2 files were in the place of outputs"]);
    let aside = walkdir::WalkDir::new(project.at(".orket/displaced")).into_iter().flatten().filter(|entry| entry.file_type().is_file());
    assert_eq!(aside.filter(|entry| std::fs::read_to_string(entry.path()).unwrap() == "bytes\n").count(), 2);
}

#[test]
fn what_a_task_of_another_manifest_has_put_out_gives_way_while_the_store_holds_it() {
    for stored in [true, false] {
        let project = Project::new().manifest(r#"task "t" { sh "echo one > o"; outputs "o" }"#);
        project.write("other.kdl", r#"task "u" { sh "echo two > o"; outputs "o" }"#);
        project.run("build").ok();
        if !stored {
            project.run("cache clear").ok();
        }
        project.run("build -f other.kdl").ok();
        assert_eq!((project.read("o"), found_aside(&project, "one\n")), ("two\n".into(), !stored));
    }
}

#[test]
fn what_a_person_makes_of_an_output_whose_inputs_changed_meanwhile_is_moved_aside() {
    let project = Project::new().file("in", "1").manifest(r#"task "t" { inputs "in"; sh "echo made > o; echo 2 >> in"; outputs "o" }"#);
    project.run("build").ok().says(["changed while it ran"]);
    project.write("o", "mine").run("build").ok().says(["`o` was in the place of an output"]);
    assert!(found_aside(&project, "mine"));
    // Nobody needs its place any more.
    project.write("o", "mine, too").declare(r#"task "u" { sh "true" }"#).run("build").ok().never_says(["no longer declared"]);
    assert_eq!(project.read("o"), "mine, too");
}

#[test]
fn a_person_s_file_in_the_place_of_a_depfile_is_moved_aside() {
    for (command, depfile) in [("exit 1", "PERSON"), ("echo 'o:' > o.d; cat in > o", "PERSON: notes\n")] {
        let project =
            Project::new().file("in", "1").manifest(&format!(r#"task "t" {{ inputs "in"; sh "{command}"; outputs "o"; depfile "o.d" }}"#));
        let _ = project.run("build").either();
        let _ = project.write("o.d", depfile).write("in", "2").run("build").either().1.says(["`o.d` was in the place of an output"]);
        assert!(found_aside(&project, depfile));
    }
    let project = Project::new()
        .file("in", "1")
        .manifest(r#"task "t" { inputs "in"; sh "echo 'o: in' > o.d; cat in > o"; outputs "o"; depfile "o.d" }"#);
    project.run("build").ok();
    project.write("in", "2").run("build").ok().never_says(["in the place of"]);
}

#[test]
fn what_a_person_makes_of_an_output_between_two_attempts_is_moved_aside() {
    let project = Project::new().manifest(
        r#"task "t" { sh "{log:t}; test -e go || { echo half > o; exit 1; }; echo made > o"; outputs "o"; retries 1; backoff "3s" }"#,
    );
    let build = project.start("build");
    assert!(crate::common::wait_until(|| build.said().contains("retry")));
    project.write("o", "mine").write("go", "");
    assert_eq!(build.end().code(), 0);
    assert!(found_aside(&project, "mine"));
}

#[test]
fn what_was_moved_is_told_also_where_the_task_then_stops() {
    let project = Project::new().file("g", "mine").file("o", "tracked").manifest(r#"task "t" { sh "echo > g/a"; outputs "g/a" "o" }"#);
    project.git("init -q").git("add o").git("commit -qm x");
    project.run("build").code(1).ran([]).says(["tracked by git", "`g` was in the place of an output"]);
    assert!(found_aside(&project, "mine"));
}

#[test]
fn a_link_in_the_place_of_a_folder_is_mended_in_one_run() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; echo made > d/a"; outputs "d/" }"#);
    project.run("build").ok().ran(["t"]);
    std::fs::rename(project.at("d"), project.at("d2")).unwrap();
    project.link("d2", "d");
    project.run("build").ok().ran([]).says(["cached  t"]);
    assert!(!project.at("d").is_symlink());
    assert_eq!((project.read("d/a"), project.read("d2/a")), ("made\n".into(), "made\n".into()));
    project.run("build").ok().nothing_to_do();
}

#[test]
fn links_and_empty_folders_that_another_task_made_are_not_kept() {
    let making = |name: &str, order: &str| {
        let made = format!("task \"{name}\" {{ sh \"ln -s x o/l; mkdir -p o/empty; echo {name} > o/f\"; outputs \"o/\" }}\n");
        let other = if name == "a" { "b" } else { "a" };
        let idle = format!("task \"{other}\" {{ sh \"echo > own\"; outputs \"own\" }}\n");
        if (order == "first") == (name == "a") { made + &idle } else { idle + &made }
    };
    for order in ["first", "last"] {
        let project = Project::new().manifest(&making("a", order));
        project.run("build -j1").ok();
        project.write("orket.kdl", making("b", order));
        project.run("build -j1").ok();
        assert_eq!(project.read("o/f"), "b\n");
        assert!(!project.has(".orket/displaced"), "{order}");
    }
}

#[test]
fn what_a_task_put_out_that_has_another_name_now_is_removed() {
    let project = Project::new().manifest(r#"task "t" { sh "echo one > o"; outputs "o" }"#);
    project.run("build").ok();
    project.declare(r#"task "u" { sh "echo two > o"; outputs "o" }"#).run("build").ok().never_says(["in the place of"]);
    assert_eq!(project.read("o"), "two\n");
    assert!(!project.has(".orket/displaced"));
    project
        .write("o", "mine")
        .declare(r#"task "v" { sh "echo three > o"; outputs "o" }"#)
        .run("build")
        .ok()
        .says(["`o` was in the place of an output"]);
}

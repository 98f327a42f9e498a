//! What changed since a revision, and what that reaches.

use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::common::Project;

const MANIFEST: &str = r#"
rock "ship" { epic "app" }
epic "app" {
    task "gen" { sh "{log:gen}; cat spec > gen.h"; inputs "spec"; outputs "gen.h" }
    task "compile" { needs "gen"; sh "{log:compile}; cat src/*.c gen.h > app"; inputs "src/*.c" "!src/old.c"; outputs "app" }
    task "test" { needs "compile"; sh "{log:test}"; inputs "t/" }
}
task "docs" { sh "{log:docs}; cat README > page"; inputs "README"; outputs "page" }
task "lint" { after "docs"; sh "{log:lint}"; inputs "lint.toml" }
"#;

/// A repository with one commit, in which outputs are ignored.
fn shop() -> Project {
    let project = Project::new().file("src/a.c", "a\n").file("src/b.c", "b\n").file("src/old.c", "").file("spec", "s\n");
    let project = project.file("README", "r\n").file("lint.toml", "").file("t/one", "1\n").manifest(MANIFEST);
    committed(project.file(".gitignore", "gen.h\napp\npage\n"))
}

fn committed(project: Project) -> Project {
    project.git("init -q").git("add -A").git("commit -qm one");
    project
}

fn since(project: &Project, revision: &str, addresses: &[&str]) {
    let seen = project.words(&["affected", "--since", revision]).ok().ran([]);
    assert_eq!(seen.out().lines().collect::<Vec<_>>(), addresses, "{}", seen.all());
}

const ALL_OF_APP: [&str; 5] = ["app", "app/compile", "app/gen", "app/test", "ship"];
const COMPILE: [&str; 4] = ["app", "app/compile", "app/test", "ship"];

#[test]
fn nothing_has_changed() {
    let project = shop();
    project.run("affected --since HEAD").ok().stdout("").stderr("");
    assert!(!project.has(".orket"), "it writes nothing");
}

#[test]
fn a_file_reaches_who_reads_it_and_who_needs_them() {
    let project = shop();
    project.write("spec", "other\n");
    since(&project, "HEAD", &ALL_OF_APP);
    project.git("checkout -q spec").write("README", "other\n");
    since(&project, "HEAD", &["docs"]);
}

#[test]
fn a_change_counts_wherever_it_is_on_its_way() {
    let project = shop();
    project.write("src/a.c", "unstaged\n");
    since(&project, "HEAD", &COMPILE);
    project.git("add -A");
    since(&project, "HEAD", &COMPILE);
    project.git("commit -qm two");
    since(&project, "HEAD", &[]);
    since(&project, "HEAD~1", &COMPILE);
    project.write("src/a.c", "a\n");
    since(&project, "HEAD~1", &[]);
    since(&project, "HEAD", &COMPILE);
}

#[test]
fn files_that_are_new_gone_or_moved() {
    let project = shop();
    project.write("src/new.c", "");
    since(&project, "HEAD", &COMPILE);
    project.remove("src/new.c").remove("src/b.c");
    since(&project, "HEAD", &COMPILE);
    project.git("checkout -q src/b.c").git("mv t/one elsewhere");
    since(&project, "HEAD", &["app", "app/test", "ship"]);
    project.git("mv elsewhere src/moved.c");
    since(&project, "HEAD", &COMPILE);
    project.git("reset -q --hard").git("rm -q --cached src/a.c");
    since(&project, "HEAD", &[]);
    project.git("reset -q --hard").write("src/new.c", "").git("add -N src/new.c");
    since(&project, "HEAD", &COMPILE);
}

#[test]
fn a_revision_has_many_names() {
    let project = shop();
    project.git("tag -a v1 -m one").write("README", "x\n").git("commit -qam two").git("branch other HEAD~1");
    for name in ["v1", "other", "refs/heads/other", "HEAD~1", "HEAD^", "HEAD@{1}", "main~1", ":/one", "HEAD^{/one}"] {
        since(&project, name, &["docs"]);
    }
    project.git("tag -d v1").git("tag -a v1 -m two");
    since(&project, "v1", &[]);
}

#[test]
fn who_may_execute_a_file_counts_and_a_new_stamp_alone_does_not() {
    let project = shop();
    project.write("src/a.c", "a\n");
    since(&project, "HEAD", &[]);
    project.mode("src/a.c", 0o755);
    since(&project, "HEAD", &COMPILE);
}

#[test]
fn the_same_size_under_the_same_stamp_is_still_seen() {
    let project = shop();
    let stamp = fs::metadata(project.at("src/a.c")).unwrap().modified().unwrap();
    project.write("src/a.c", "x\n");
    fs::File::options().write(true).open(project.at("src/a.c")).unwrap().set_modified(stamp).unwrap();
    since(&project, "HEAD", &COMPILE);
    project.git("update-index --assume-unchanged src/a.c");
    since(&project, "HEAD", &COMPILE);
}

#[test]
fn what_is_left_out_or_ignored_or_put_out_is_no_input() {
    let project = shop();
    project.write("src/old.c", "changed").write("other", "");
    since(&project, "HEAD", &[]);
    project.run("build").ok();
    since(&project, "HEAD", &[]);
    project.remove(".gitignore");
    since(&project, "HEAD", &[]);
}

#[test]
fn links_lead_to_what_changed() {
    let project = Project::new().file("real/x", "1").file("other", "").manifest(
        r#"
        task "link" { sh "true"; inputs "to_link" }
        task "through" { sh "true"; inputs "folder/x" }
        task "none" { sh "true"; inputs "other" }
        "#,
    );
    project.link("real/x", "to_x").link("to_x", "to_link").link("real", "folder");
    let project = committed(project);
    project.write("real/x", "2");
    since(&project, "HEAD", &["link", "through"]);
    project.write("real/x", "1").remove("to_link").link("other", "to_link");
    since(&project, "HEAD", &["link"]);
}

#[test]
fn names_are_bytes() {
    let project = Project::new().manifest(r#"task "all" { sh "true"; inputs "odd/**" }"#);
    fs::create_dir(project.at("odd")).unwrap();
    let name = project.at("odd").join(std::ffi::OsStr::from_bytes(b"a\n\xff\"\t b"));
    fs::write(&name, "").unwrap();
    let project = committed(project);
    since(&project, "HEAD", &[]);
    fs::write(&name, "x").unwrap();
    since(&project, "HEAD", &["all"]);
    fs::remove_file(&name).unwrap();
    since(&project, "HEAD", &["all"]);
}

#[test]
fn programs_dotenv_files_and_services_are_inputs() {
    let project = Project::new().file("tools/gen", "#!/bin/sh\n").file("bin/helper", "#!/bin/sh\n").file("conf/.env", "A=1\n").manifest(
        r#"
        task "local" { run "../tools/gen"; dir "work" }
        task "tool" { sh "true"; tools "tools/gen" }
        task "path" { run "helper" }
        task "env" { sh "true"; env { dotenv "conf/.env" } }
        service "db" { run "./db.sh" }
        task "user" { uses "db"; sh "true" }
        task "none" { sh "true" }
        "#,
    );
    let mut project = committed(project.file("db.sh", "#!/bin/sh\n").file("work/x", ""));
    project.write("tools/gen", "#!/bin/sh\ntrue\n");
    since(&project, "HEAD", &["local", "tool"]);
    project.git("checkout -q .").write("conf/.env", "A=2\n");
    since(&project, "HEAD", &["env"]);
    project.git("checkout -q .").write("db.sh", "#!/bin/sh\ntrue\n");
    since(&project, "HEAD", &["db", "user"]);
    project.git("checkout -q .").write("bin/helper", "#!/bin/sh\ntrue\n");
    since(&project, "HEAD", &[]);
    let path = format!("{}:{}", project.at("bin").display(), std::env::var("PATH").unwrap());
    project.set("PATH", Some(&path));
    since(&project, "HEAD", &["path"]);
}

#[test]
fn what_a_depfile_named_counts() {
    let project = Project::new().file("in.c", "c").file("in.h", "h").file("other", "").file(".gitignore", "obj*\n").manifest(
        r#"task "obj" { sh "{log:obj}; cat in.c in.h > obj; echo 'obj: in.c in.h' > obj.d"; inputs "in.c"; outputs "obj"; depfile "obj.d" }"#,
    );
    let project = committed(project);
    project.write("other", "x");
    let seen = project.run("affected --since HEAD").ok().stdout("obj\n");
    seen.stderr("note: 1 task with a depfile counted as affected: no build here has found out what they read of the files as they were\n");
    project.run("build").ok().ran(["obj"]);
    since(&project, "HEAD", &[]);
    project.write("in.h", "other");
    since(&project, "HEAD", &["obj"]);
    project.git("checkout -q in.h");
    since(&project, "HEAD", &[]);
}

#[test]
fn what_a_depfile_named_on_another_branch_is_not_believed() {
    let project = Project::new().file("in.c", "a.h").file("a.h", "").file("b.h", "").file(".gitignore", "obj*\n").manifest(
        r#"task "obj" { sh "cat in.c > obj; echo obj: in.c `cat in.c` > obj.d"; inputs "in.c"; outputs "obj"; depfile "obj.d" }"#,
    );
    let project = committed(project);
    project.run("build").ok();
    project.write("in.c", "b.h").git("commit -qam two").write("b.h", "changed").git("commit -qam three");
    since(&project, "HEAD~1", &["obj"]);
}

#[test]
fn only_what_is_declared_otherwise_counts_of_a_manifest() {
    let project = shop();
    let text = project.read("orket.kdl");
    project.write("orket.kdl", format!("// a line more\n\n{}", text.replace("task \"docs\" {", "task \"docs\" { timeout \"1m\";")));
    project.run("affected --since HEAD").ok().stdout("docs\n").stderr("");
    project.write("orket.kdl", format!("{text}\ntask \"new\" {{ sh \"true\" }}"));
    since(&project, "HEAD", &["new"]);
    project.write("orket.kdl", text.replace("epic \"app\" {\n", "epic \"app\" {\n    needs \"lint\"\n"));
    since(&project, "HEAD", &ALL_OF_APP);
}

#[test]
fn what_each_and_include_find_counts() {
    let project = Project::new().file("web/a.ts", "").file("pay/orket.kdl", r#"task "lint" { sh "true"; inputs "x" }"#).manifest(
        r#"
        include "*/orket.kdl"
        each "src" glob="web/*.ts" { task "bundle_{{src.stem}}" { sh "echo {{src.path}}" } }
        "#,
    );
    let project = committed(project);
    project.write("web/b.ts", "");
    since(&project, "HEAD", &["bundle_b"]);
    project.remove("web/b.ts").write("new/orket.kdl", r#"task "x" { sh "true" }"#);
    since(&project, "HEAD", &["new:x"]);
    project.remove("new").write("pay/orket.kdl", r#"task "lint" { sh "false"; inputs "x" }"#);
    since(&project, "HEAD", &["pay:lint"]);
    project.git("checkout -q .").write("pay/x", "");
    since(&project, "HEAD", &["pay:lint"]);
}

#[test]
fn without_a_manifest_to_compare_with_everything_counts() {
    let project = Project::new().file("README", "");
    let project = committed(project);
    project.declare(r#"task "a" { sh "true" }"#);
    let seen = project.run("affected --since HEAD").ok().stdout("a\n");
    assert_eq!(seen.err().lines().count(), 1, "{}", seen.all());
    seen.says(["note: the manifest as it was at `HEAD` cannot be used", "every target counts as affected"]);

    let project = committed(Project::new().file("orket.kdl", "task \"a\" {"));
    project.declare(r#"task "a" { sh "true" }"#);
    project.run("affected --since HEAD").ok().stdout("a\n").says(["cannot be used"]);
}

#[test]
fn how_tasks_run_counts_for_all_of_them() {
    let rules = |text: &str| format!("process_rules {{ {text} }}\ntask \"a\" {{ sh \"true\" }}");
    let project = committed(Project::new().file("orket.kdl", &rules("planner_node \"default\"")));
    project.write("orket.kdl", rules("planner_node \"critical_path\""));
    project.run("affected --since HEAD").ok().stdout("").stderr("");
    project.write("orket.kdl", rules("tool_strategy_node \"portable\""));
    let note = "note: `process_rules` shape tasks in another way than at `HEAD`: every target counts as affected\n";
    project.run("affected --since HEAD").ok().stdout("a\n").stderr(note);
    project.git("checkout -q .").write("orket.local.kdl", "process_rules { tool_strategy_node \"portable\" }");
    project.run("affected --since HEAD").ok().stdout("a\n").says(["`orket.local.kdl`, which decides how tasks run"]);
}

#[test]
fn a_program_of_the_projects_own_that_finds_tools_may_find_any() {
    let project = Project::new().file("other", "").file("find.sh", "").manifest(
        r#"
        strategy "mine" seam="tool_strategy" { exec "sh" "find.sh" }
        process_rules { tool_strategy_node "mine" }
        task "a" { run "cc" }
        task "gathers" { needs "b" }
        task "b" { }
        "#,
    );
    let project = committed(project);
    since(&project, "HEAD", &[]);
    project.write("other", "x");
    since(&project, "HEAD", &["a"]);
    project.write("find.sh", "x");
    since(&project, "HEAD", &["a", "b", "gathers"]);
}

#[test]
fn what_becomes_an_output_is_no_input_any_more() {
    let project = Project::new().file("src/x.h", "").file("src/y.h", "").manifest(r#"task "all" { sh "true"; inputs "src/*.h" }"#);
    let project = committed(project);
    project.declare(
        "task \"all\" { sh \"true\"; inputs \"src/*.h\"; needs \"x\" }\ntask \"x\" { sh \"true > src/x.h\"; outputs \"src/x.h\" }",
    );
    since(&project, "HEAD", &["all", "x"]);
}

#[test]
fn a_project_in_a_folder_of_a_repository() {
    let project = Project::new().file("outer", "").file("sub/inner", "").file("sub/deep/x", "");
    let project = project
        .file("sub/orket.kdl", "task \"in\" { sh \"true\"; inputs \"inner\" \"outer\" }\ntask \"x\" { sh \"true\"; inputs \"deep\" }");
    let project = committed(project);
    let seen = |addresses: &str| {
        project.run_in("sub", "affected --since HEAD").ok().stdout(addresses);
        project.run_in("sub/deep", "affected --since HEAD").ok().stdout(addresses);
    };
    project.write("outer", "x");
    seen("");
    project.write("sub/inner", "x");
    seen("in\n");
    project.write("sub/inner", "").write("sub/deep/new", "");
    seen("x\n");
    project.run("-C sub affected --since HEAD --json").ok().says(["\"deep/new\""]);
}

#[test]
fn repositories_in_the_project() {
    let library = committed(Project::new().file("a.h", "").file("b.h", ""));
    let project = Project::new().manifest(
        r#"
        task "a" { sh "true"; inputs "lib/a.h" }
        task "all" { sh "true"; inputs "lib/**/*.h" }
        task "nested" { sh "true"; inputs "own/*" }
        task "none" { sh "true"; inputs "src/**" }
        "#,
    );
    project.git("init -q").git(&format!("-c protocol.file.allow=always submodule --quiet add {} lib", library.root().display()));
    let project = committed(project);
    since(&project, "HEAD", &[]);
    project.write("lib/b.h", "x");
    since(&project, "HEAD", &["all"]);
    project.git("-C lib commit -qam two").git("add -A").git("commit -qm two");
    since(&project, "HEAD~1", &["all"]);
    since(&project, "HEAD", &[]);
    project.git("init -q own").write("own/x", "");
    since(&project, "HEAD", &["nested"]);
    project.remove("own").remove("lib/.git");
    since(&project, "HEAD", &["a", "all"]);
}

#[test]
fn nothing_of_the_repositorys_is_started() {
    let project = Project::new().file("src/a.c", "a").file(".gitattributes", "* filter=evil diff=evil merge=evil\n");
    let project = committed(project.manifest(r#"task "t" { sh "true"; inputs "src/*.c" }"#));
    let mark = project.base().join("marked");
    let script = format!("#!/bin/sh\ntouch {}\ncat\n", mark.display());
    project.write("../evil", &script).mode("../evil", 0o755);
    let evil = project.base().join("evil");
    for key in
        ["core.fsmonitor", "filter.evil.clean", "filter.evil.smudge", "filter.evil.process", "diff.evil.textconv", "diff.evil.command"]
    {
        project.git(&format!("config {key} {}", evil.display()));
    }
    for key in [
        "diff.external",
        "core.sshCommand",
        "core.pager",
        "core.editor",
        "alias.ls-files",
        "credential.helper",
        "core.alternateRefsCommand",
    ] {
        project.git(&format!("config {key} {}", evil.display()));
    }
    for hook in ["post-index-change", "fsmonitor-watchman", "post-checkout", "pre-commit", "reference-transaction"] {
        project.write(&format!(".git/hooks/{hook}"), &script).mode(&format!(".git/hooks/{hook}"), 0o755);
    }
    project.write("src/a.c", "b").write("src/b.c", "c");
    let _ = fs::remove_file(&mark);
    since(&project, "HEAD", &["t"]);
    project.run("affected --since HED").code(2);
    project.words(&["query", "affected(HEAD)"]).ok().stdout("t\n");
    assert!(!mark.exists(), "something of the repository's was started");
    project.git("status -s");
    assert!(mark.exists(), "the trap does not work");
}

#[test]
fn what_git_does_not_hold_is_not_fetched() {
    let project = shop();
    let mark = project.base().join("marked");
    project.write("../evil", format!("#!/bin/sh\ntouch {}\n", mark.display())).mode("../evil", 0o755);
    project.git("config remote.origin.url evil@example.org:x").git("config remote.origin.promisor true");
    project.git("config extensions.partialClone origin").git("config core.repositoryFormatVersion 1");
    project.git(&format!("config core.sshCommand {}", project.base().join("evil").display()));
    project.write("src/a.c", "new").git("commit -qam two");
    let blob = "78981922613b2afb6025042ff6bd878ac1994e85";
    project.remove(&format!(".git/objects/{}/{}", &blob[..2], &blob[2..]));
    since(&project, "HEAD~1", &COMPILE);
    assert!(!mark.exists(), "something was fetched");
}

#[test]
fn mistakes_are_told() {
    let project = shop();
    let wrong = |revision: &str, text: &str| {
        project.words(&["affected", &format!("--since={revision}")]).code(2).stdout("").stderr(text);
        project.words(&["build", &format!("--affected={revision}")]).code(2).ran([]).stderr(text);
    };
    wrong("mian", "error: there is no revision `mian` in this repository; did you mean `main`?\n");
    wrong("--all", "error: there is no revision `--all` in this repository\n");
    wrong("-n", "error: there is no revision `-n` in this repository\n");
    wrong("", "error: there is no revision `` in this repository\n");
    wrong("^HEAD", "error: there is no revision `^HEAD` in this repository; did you mean `HEAD`?\n");
    wrong("HEAD:src", "error: there is no revision `HEAD:src` in this repository\n");
    project.run("affected").code(2).says(["--since <REV>"]);

    let none = Project::new().manifest(r#"task "a" { sh "true" }"#);
    let text = "error: `[root]` stands in no git repository, so that nothing is known of what changed\n";
    none.run("affected --since HEAD").code(2).stderr(text);
    none.git("init -q").run("affected --since HEAD").code(2).says(["there is no revision `HEAD`"]);
}

#[test]
fn a_shallow_clone_says_that_it_is_one() {
    let project = shop();
    project.write("README", "x").git("commit -qam two");
    project.git(&format!("clone -q --depth 1 file://{} {}", project.root().display(), project.base().join("shallow").display()));
    project.run("-C ../shallow affected --since HEAD").ok().stdout("");
    project.run("-C ../shallow affected --since HEAD~1").code(2).says(["this clone is shallow", "git fetch --unshallow"]);
}

#[test]
fn json_says_the_same_and_what_changed() {
    let project = shop();
    project.write("README", "x").write("new", "");
    let json = project.run("affected --since HEAD --json").ok().json();
    assert_eq!(json["targets"], serde_json::json!(["docs"]));
    assert_eq!(json["changed"], serde_json::json!(["README", "new"]));
    assert_eq!(json["since"], "HEAD");
    assert_eq!(json["commit"].as_str().map(str::len), Some(40));
}

#[test]
fn a_build_of_what_is_affected() {
    let project = shop();
    let nothing = "nothing to do: what changed since `HEAD` affects no target that was asked for\n";
    project.run("build --affected HEAD").ok().ran([]).stdout("").stderr(nothing);
    project.write("README", "x");
    project.run("build --affected HEAD").ok().ran(["docs"]);
    project.run("build --affected HEAD ship lint").ok().ran([]).stderr(nothing);
    project.run("build --affected HEAD -q ship").ok().ran([]).stderr("");
    project.run("build --affected HEAD --check ship").ok();
    project.write("t/one", "2").run("build --affected HEAD -n ship").ok().ran([]).says(["would run  app/test"]).never_says(["lint"]);
    // What the affected ones need is built with them; the rest of the goal is not.
    project.run("build --affected HEAD ship docs").ok().ran(["gen", "compile", "test"]);
    project.run("build --affected HEAD 'app/*' nothing").code(4);
}

#[test]
fn no_part_of_an_epic_is_built_that_is_not_affected() {
    let project = Project::new().file("a", "").file("b", "").manifest(
        r#"
        rock "ship" { epic "app" }
        epic "app" {
            task "one" { sh "{log:one}"; inputs "a" }
            task "two" { sh "{log:two}"; inputs "b" }
        }
        "#,
    );
    let project = committed(project);
    project.write("a", "x");
    project.run("build --affected HEAD ship --json").ok().ran(["one"]).had("done", &["app/one"]);
    let json = project.write("a", "").run("build --affected HEAD --json --summary sum").ok().ran([]).json();
    assert_eq!(json["tasks"], serde_json::json!([]));
    assert!(project.read("sum").contains("\"tasks\": []"));
}

#[test]
fn a_question_about_what_is_affected() {
    let project = shop();
    project.write("spec", "x");
    let answer = |question: &str, lines: &str| {
        project.words(&["query", question]).ok().ran([]).stdout(lines);
    };
    answer("affected(HEAD) & kind(task, ship)", "app/compile\napp/gen\napp/test\n");
    answer("affected(HEAD) - rdeps(app/compile)", "app/gen\n");
    answer("affected('HEAD~0') & app/gen", "app/gen\n");
    project.words(&["query", "affected(nope)"]).code(2).says(["there is no revision `nope`"]);
}

#[test]
fn variables_of_a_hook_lead_nowhere_else() {
    let other = committed(Project::new().file("x", ""));
    let mut project = shop();
    project.write("README", "x");
    for (name, value) in [("GIT_DIR", other.at(".git")), ("GIT_INDEX_FILE", other.at(".git/index")), ("GIT_WORK_TREE", other.root())] {
        project.set(name, Some(value.to_str().unwrap()));
    }
    since(&project, "HEAD", &["docs"]);
}

#[test]
fn a_file_that_a_task_leaves_out_of_its_outputs_is_a_source() {
    let manifest = r#"
        task "gen" { sh "{log:gen}; echo made > gen/made.c"; outputs "gen/*.c" "!gen/keep.c" }
        task "named" { sh "{log:named}; mkdir -p dir; echo made > dir/made"; outputs "dir" "!dir/keep" }
        task "d" { sh "{log:d}; cat gen/keep.c > o"; inputs "gen/kee[p].c"; outputs "o" }
        task "e" { sh "{log:e}; cat dir/keep > p"; inputs "dir/kee[p]"; outputs "p" }
    "#;
    let project = Project::new().file("gen/keep.c", "old\n").file("dir/keep", "old\n").file(".gitignore", "o\np\nmade*\n");
    let project = committed(project.manifest(manifest));
    project.run("build").ok().ran(["gen", "named", "d", "e"]);
    project.write("gen/keep.c", "new\n").write("dir/keep", "new\n");
    since(&project, "HEAD", &["d", "e"]);
    project.run("build --affected HEAD").ok().ran(["d", "e"]);
    assert_eq!((project.read("o"), project.read("p")), ("new\n".into(), "new\n".into()));
    project.write("gen/made.c", "by hand\n");
    since(&project, "HEAD", &["d", "e"]);
}

//! What tasks in a box see, and what comes out of it.

use crate::common::{Project, missing, skipped, wait_until};

/// Whether boxes can be made here. Where bubblewrap is not there, or may not make boxes, this says so and nothing is tested; exit 5 is tested
/// with the matrix above.
fn boxes() -> bool {
    let Ok(can) = std::process::Command::new("bwrap").args(["--ro-bind", "/", "/", "--unshare-net", "true"]).output() else {
        missing("bwrap", "nothing runs in a box");
        return false;
    };
    if !can.status.success() {
        skipped("bwrap may not make a box here, so nothing runs in one");
    }
    can.status.success()
}

#[test]
fn a_box_lets_a_task_write_its_outputs_and_nothing_else() {
    if !boxes() {
        return;
    }
    let project = Project::new().file("in", "1").manifest(
        "process_rules { sandbox_policy_node \"strict\" }
task \"good\" { sh \"mkdir o/sub; cat in | tee o/sub/a p/b.txt app > /dev/null; echo app: in > t/x.d\"; inputs \"in\"; outputs \"o/\" \"p/*.txt\" \"app\"; depfile \"t/x.d\" }
task \"bad\" { sh \"cat in > other; mkdir -p d; cat in > d/f\"; inputs \"in\" }
task \"home\" { sh \"touch $HOME/x\"; inputs \"in\" }
task \"edits\" { sh \"echo 2 > new; mv -f new in\"; inputs \"in\" }
task \"lets\" { sh \"mkdir c; echo 1 > c/x\"; allow_undeclared \"c/\" }
task \"net\" { sh \"test $(grep -c : /proc/net/dev) = 1\"; inputs \"in\" }
task \"open\" { sandbox \"none\"; sh \"cat in > far\"; inputs \"in\" }",
    );
    let seen = project.run("build -k").code(1);
    seen.says([
        "done    good",
        "failed  bad",
        "it wrote `d/f`, `other`, which it does not declare",
        "failed  home",
        "failed  edits",
        "done    net",
    ]);
    for path in ["o/sub/a", "p/b.txt", "app", "t/x.d", "c/x", "far"] {
        assert!(project.has(path), "{path}");
    }
    assert!(!project.has("other") && !project.has("d") && !project.base().join("home/x").exists());
    assert_eq!(project.read("in"), "1");
    project.run("build good net open").ok().nothing_to_do();
}

#[test]
fn a_box_shows_a_task_what_it_declares_and_nothing_else() {
    if !boxes() {
        return;
    }
    let project = Project::new().file("src/a.c", "a\n").file("src/b.h", "b\n").file("lib/x", "x\n").file("deep/far/c.h", "c\n").file("in", "1\n").manifest(
        "task \"seen\" { sandbox \"strict\"; sh \"find . -type f | sort; cat $(find . -type f) > all\"; needs \"made\" \"e\"; inputs \"src/*.c\" \"lib/\" \"l\"; outputs \"all\" }
task \"made\" { sh \"echo made > m/out; echo else > m/else\"; outputs \"m/\" }
task \"other\" { sh \"echo other > other\"; outputs \"other\" }
epic \"e\" { task \"t\" { sh \"echo e > e.out\"; outputs \"e.out\" } }
task \"hidden\" { sandbox \"strict\"; sh \"cat src/b.h; echo far/c.h is not there; echo a.c; false\"; inputs \"src/a.c\" }
task \"grows\" { sandbox \"strict\"; incremental #true; sh \"cat in >> log; wc -l < log\"; inputs \"in\"; outputs \"log\" }
task \"tool\" { sandbox \"strict\"; run \"tools/say\" \"hello\" }",
    );
    project.link("in", "l").write("tools/say", "#!/bin/sh\necho said $1\n").mode("tools/say", 0o755);
    let listed = "./e.out\n./in\n./lib/x\n./m/else\n./m/out\n./src/a.c\n";
    project.run("build seen -j1").ok().says([listed]);
    assert_eq!(project.read("all").lines().count(), 6);
    project.run("build hidden").code(1).says([
        "note: hidden: it runs in a box and does not see `deep/far/c.h`, `src/b.h`, which its output names: if it reads that, add it to its inputs",
        "failed  hidden",
    ]);
    project.run("build grows").ok().says(["1\n"]);
    project.write("in", "2\n").run("build grows").ok().says(["2\n"]);
    project.run("build tool").ok().says(["said hello"]);
    // Whether it runs in a box is a part of what it is.
    let open = project.read("orket.kdl").replace("sandbox \"strict\"; incremental", "incremental");
    project.declare(&open).run("explain grows").ok().says(["sandbox"]);
    // The flag is the policy's name.
    project.run("build other --sandbox strict --force").ok().says(["done    other"]);
    project.run("build other --sandbox strickt").code(2).says(["strickt", "did you mean `strict`?"]);
    // `sh` and nothing else.
    std::fs::create_dir(project.base().join("bin")).unwrap();
    std::os::unix::fs::symlink("/bin/sh", project.base().join("bin/sh")).unwrap();
    let path = project.base().join("bin").to_string_lossy().into_owned();
    for (words, said) in
        [("", "it runs in a box only: `bwrap` is not there"), ("--sandbox strict", "`strict` is not to be had here: `bwrap` is not there")]
    {
        project.run_with(&format!("build hidden {words}"), &[("PATH", &path)]).code(5).says([said]);
    }
}

#[test]
fn what_is_allowed_is_found_and_changed() {
    if !boxes() {
        return;
    }
    let project = Project::new().file("in", "1\n").file("log/old", "old\n").manifest(
        "task \"t\" { sandbox \"strict\"; inputs \"in\"; outputs \"o\"; allow_undeclared \"count\" \"log/**\"
    sh \"cat in >> count; cat log/old in > log/new; wc -l < count > o\" }
task \"retried\" { sandbox \"strict\"; retries 1; allow_undeclared \"tries\"; sh \"echo x >> tries; test $(wc -l < tries) = 2\" }",
    );
    for round in 1..4 {
        project.write("in", format!("{round}\n")).run("build t").ok();
        assert_eq!((project.read("o"), project.read("log/new")), (format!("{round}\n"), format!("old\n{round}\n")));
    }
    project.run("build retried").ok();
}

#[test]
fn outputs_may_stand_anywhere_among_the_sources() {
    if !boxes() {
        return;
    }
    let project = Project::new().file("src/a/m.c", "m").file("real/x", "x").file("real/tools/say", "#!/bin/sh\necho said\n").manifest(
        "process_rules { sandbox_policy_node \"strict\" }
task \"beside\" { inputs \"src/**/*.c\"; outputs \"src/**/*.o\"; sh \"cp src/a/m.c src/a/m.o; mkdir src/b; cp src/a/m.c src/b/n.o\" }
task \"linked\" { inputs \"link/x\"; outputs \"l\"; sh \"cat link/x > l\" }
task \"tool\" { run \"link/tools/say\" }
task \"named\" { tools \"real/tools/say\"; sh \"real/tools/say\" }
task \"temporary\" { sh \"echo 1 > /tmp/x; echo 2 > $TMPDIR/y\"; sh \"cat /tmp/x $TMPDIR/y > t\"; outputs \"t\" }
task \"locked\" { outputs \"k/**\"; sh \"mkdir k/d; echo > k/d/x; chmod 555 k/d\" }
task \"empty\" { outputs \"e/\"; sh \"mkdir e/d\" }
task \"sees\" { needs \"empty\"; outputs \"s\"; sh \"ls e > s\" }",
    );
    project.link("real", "link").mode("real/tools/say", 0o755);
    project.run("build -k").ok().says(["said"]);
    assert_eq!((project.read("src/a/m.o"), project.read("src/b/n.o"), project.read("l")), ("m".into(), "m".into(), "x".into()));
    assert_eq!((project.read("t"), project.read("s")), ("1\n2\n".into(), "d\n".into()));
    assert!(project.has("k/d/x") && !project.has(".orket/scratch"));
}

#[test]
fn a_listed_tool_is_seen_wherever_path_finds_it() {
    if !boxes() {
        return;
    }
    let mut project = Project::new()
        .file("bin/mytool", "#!/bin/sh\necho said\n")
        .manifest("task \"t\" { sandbox \"strict\"; tools \"mytool\"; sh \"mytool\" }");
    let path = format!("{}:{}", project.at("bin").display(), std::env::var("PATH").unwrap());
    project.set("PATH", Some(&path));
    project.mode("bin/mytool", 0o755).run("build").ok().says(["said"]);
}

#[test]
fn what_a_task_leaves_alone_stays_as_somebody_has_left_it() {
    if !boxes() {
        return;
    }
    // An output folder is the same in the box and outside of it.
    let project = Project::new().file("in", "1").file("out/notes.txt", "before").manifest(
        "task \"t\" { sandbox \"strict\"; incremental #true; inputs \"in\"; outputs \"out/*.txt\" \"w/\"
    sh \"cp in out/new.txt; until test -e w/go; do sleep 0.02; done\" }",
    );
    let build = project.start("build");
    assert!(wait_until(|| has_begun(&project)), "it did not get far");
    project.write("out/notes.txt", "after");
    project.write("w/go", "");
    assert_eq!(build.end().code(), 0);
    assert_eq!((project.read("out/notes.txt"), project.read("out/new.txt")), ("after".into(), "1".into()));
}

/// Whether the command in a box has written its first file.
fn has_begun(project: &Project) -> bool {
    walkdir::WalkDir::new(project.at(".orket/scratch")).into_iter().flatten().any(|entry| entry.file_name() == "new.txt")
}

#[test]
fn that_nothing_keeps_from_the_network_without_a_box_is_said() {
    let project = Project::new().file("in", "1").manifest(
        "task \"t\" { sh \"cat in > o\"; inputs \"in\"; outputs \"o\"; network #false }\n\
         task \"u\" { sh \"cat in > p\"; inputs \"in\"; outputs \"p\"; network #false; sandbox \"none\" }\ntask \"v\" { sh \"cat in > q\"; inputs \"in\"; outputs \"q\" }",
    );
    project.run("build").ok().says(["note: `network #false` has no effect in `t` (orket.kdl:1), nor in 1 more", "sandbox \"strict\""]);
    project.run("build v").ok().never_says(["network"]);
    project.run("build -n --sandbox strict t").ok().never_says(["network"]);
}

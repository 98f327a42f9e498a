//! Git's hooks: what is about to be committed is judged, and index, work tree and stash stay as they are.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::Signal;

use crate::common::{Project, wait_until};

const RULE: &str = "gate \"bare\" kind=\"pattern\" { pattern \"FIXME\"; files \"**\" \"!orket.kdl\"; stage \"pre_commit\" }\n";

/// Files with mode, time and content.
type Standing = BTreeMap<PathBuf, (u32, i64, Vec<u8>)>;

/// What must not change: the index, each file of the work tree, the stash, and where branches stand.
fn standing(project: &Project) -> Standing {
    let root = project.root();
    let mut all = files(&root, &|path| path.file_name().is_some_and(|name| name == ".git" || name == ".orket"));
    for own in ["index", "HEAD", "refs", "logs", "packed-refs", "MERGE_HEAD"] {
        let path = root.join(".git").join(own);
        match path.is_dir() {
            true => all.extend(files(&path, &|_| false)),
            false => fs::read(&path)
                .into_iter()
                .for_each(|bytes| drop(all.insert(path.clone(), (0, path.metadata().unwrap().mtime_nsec(), bytes)))),
        }
    }
    all
}

/// Returns all files and links below a folder, with mode, time and content.
fn files(folder: &Path, left_out: &dyn Fn(&Path) -> bool) -> Standing {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_path_buf()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            let (path, is) = (entry.path(), entry.metadata().unwrap());
            if left_out(&path) {
                continue;
            } else if is.is_dir() {
                open.push(path);
                continue;
            }
            let bytes = match is.is_symlink() {
                true => fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes(),
                false => fs::read(&path).unwrap(),
            };
            all.insert(path, (is.mode(), is.mtime_nsec(), bytes));
        }
    }
    all
}

fn assert_same(project: &Project, before: &Standing, told: &str) {
    let now = standing(project);
    let other: Vec<&PathBuf> = before.keys().chain(now.keys()).filter(|path| before.get(*path) != now.get(*path)).collect();
    assert!(other.is_empty(), "{other:?} changed\n{told}");
}

/// The copy holds what git itself would write for this index, and nothing else.
fn assert_mirrored(project: &Project) {
    let out = project.base().join("out");
    let _ = fs::remove_dir_all(&out);
    fs::create_dir(&out).unwrap();
    project.git(&format!("checkout-index -a --prefix={}/", out.display()));
    let plain = |root: &Path| -> BTreeMap<PathBuf, (u32, Vec<u8>)> {
        let own = |path: &Path| path.parent() == Some(root) && path.file_name().is_some_and(|name| name == ".git" || name == ".orket");
        let all = files(root, &own).into_iter();
        all.map(|(path, (mode, _, bytes))| (path.strip_prefix(root).unwrap().to_path_buf(), (mode & 0o170_100, bytes))).collect()
    };
    let seen = plain(&project.at(".git/orket-index/tree"));
    let seen = seen.into_iter().filter(|(path, _)| !path.components().any(|part| part.as_os_str() == ".orket")).collect::<BTreeMap<_, _>>();
    assert_eq!(seen, plain(&out));
}

/// Types git; returns whether it went well, and all it said.
fn git(base: &Path, folder: &Path, words: &[&str]) -> (bool, String) {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=t", "-c", "user.email=t@example.org"]).args(words).current_dir(folder);
    // An orket that is installed on this machine is not the one that is tested.
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::env::join_paths(std::env::split_paths(&path).filter(|folder| !folder.join("orket").exists())).unwrap();
    let output = git.env_clear().env("PATH", path).env("HOME", base.join("home")).output().unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

fn commit(project: &Project, words: &str) -> (bool, String) {
    let words: Vec<&str> = ["commit"].into_iter().chain(words.split_whitespace()).collect();
    git(project.base(), &project.root(), &words)
}

/// A repository with one commit and the hooks.
fn watched() -> Project {
    let project = Project::new().manifest(RULE).file("src/a.txt", "one\n").file("src/b.txt", "two\n");
    project.git("init -q").git("add -A").git("commit -qm first");
    project
        .run("hooks install")
        .ok()
        .stderr("wrote `.git/hooks/pre-commit`\nwrote `.git/hooks/pre-merge-commit`\nwrote `.git/hooks/pre-push`\n");
    project
}

#[test]
fn the_index_is_judged_and_not_the_work_tree() {
    let project = watched();
    project.write("src/a.txt", "FIXME\n").git("add -A").write("src/a.txt", "fine\n");
    let before = standing(&project);
    project.run("hooks run pre_commit").code(1).says(["src/a.txt:1:1"]);
    assert_same(&project, &before, "");
    // Git itself tidies the index before it starts a hook.
    let (good, text) = commit(&project, "-qm second");
    assert!(!good && text.contains("src/a.txt:1:1") && text.contains("1 finding"), "{text}");
    project.write("src/a.txt", "fine\n").git("add -A").write("src/a.txt", "FIXME\n").write("new.txt", "FIXME\n");
    let (good, text) = commit(&project, "-qm second");
    assert!(good && text.contains("pass    bare"), "{text}");
    assert_eq!(project.read("src/a.txt"), "FIXME\n");
    assert_mirrored(&project);
}

#[test]
fn every_way_to_commit_is_judged() {
    let project = watched();
    project.write("src/a.txt", "FIXME\n");
    for words in ["-aqm x", "-qm x src/a.txt", "-qm x -i src/a.txt", "-aq --amend --no-edit"] {
        let before = standing(&project);
        let (good, text) = commit(&project, words);
        assert!(!good && text.contains("src/a.txt:1:1"), "{words}: {text}");
        assert_same(&project, &before, words);
    }
    // What is left out of a commit is not judged with it.
    project.write("src/b.txt", "three\n");
    let (good, text) = commit(&project, "-qm x src/b.txt");
    assert!(good, "{text}");
    project.write("src/a.txt", "one\n").git("mv src/b.txt src/c.txt").git("rm -q src/a.txt").write("src/a.txt/d", "new\n").git("add -A");
    let (good, text) = commit(&project, "-q --amend --no-edit");
    assert!(good, "{text}");
    assert_mirrored(&project);
}

#[test]
fn merges_are_judged_and_conflicts_are_named() {
    let project = watched();
    project.git("checkout -qb side").write("src/c.txt", "FIXME\n").git("add -A").git("commit -qnm side");
    project.git("checkout -q -").write("src/d.txt", "four\n").git("add -A");
    assert!(commit(&project, "-qm four").0);
    let (good, text) = git(project.base(), &project.root(), &["merge", "-q", "--no-edit", "side"]);
    assert!(!good && text.contains("src/c.txt:1:1"), "{text}");
    project.git("merge --abort").write("src/c.txt", "five\n").git("add -A");
    assert!(commit(&project, "-qm five").0);
    let (good, text) = git(project.base(), &project.root(), &["merge", "-q", "--no-edit", "side"]);
    assert!(!good && text.contains("CONFLICT"), "{text}");
    let before = standing(&project);
    project
        .run("hooks run pre_commit")
        .code(2)
        .stderr("error: the index holds files in conflict: src/c.txt\nhint: settle them, and `git add` what you settled\n");
    assert_same(&project, &before, "");
    project.write("src/c.txt", "six\n").git("add -A");
    let (good, text) = commit(&project, "-q --no-edit");
    assert!(good, "{text}");
}

#[test]
fn the_rules_are_those_of_the_index() {
    let project = watched();
    project.declare("gate \"bare\" kind=\"pattern\" { pattern \"one\"; files \"src/*\" }\n");
    project.run("hooks run pre-commit").ok();
    project.git("add -A").declare(RULE);
    project.run("hooks run pre_commit").code(1).says(["src/a.txt:1:1"]);
    project.declare("gate \"bare\"").git("add -A").declare(RULE).run("hooks run pre_commit").code(2).says(["orket.kdl"]);
    project.git("rm -qf --cached orket.kdl").run("hooks run pre_commit").code(2).stderr(
        "error: `orket.kdl` is not in the index, and the rules of a commit are those that it holds itself\nhint: `git add orket.kdl`, or `orket hooks uninstall`\n",
    );
    project.git("add -A").run("hooks run ci").ok().says(["note: no gate belongs to this stage"]);
    project.declare("task \"t\" { sh \"true\" }\n").git("add -A").run("hooks run ci").ok().says(["note: there is no gate in the manifest"]);
    Project::new().manifest(RULE).run("hooks run ci").code(2).says(["stands in no git repository"]);
}

#[test]
fn what_is_unchanged_is_known_and_what_is_announced_is_left_out() {
    let project = watched();
    let facts = || project.run("hooks run pre_commit --json").ok().json()["gates"][0]["facts"].clone();
    assert_eq!(facts()["files"], 2);
    let stamps = || files(&project.at(".git/orket-index/tree/src"), &|_| false);
    let before = stamps();
    project.write("src/n.txt", "FIXME\n").git("add -N src/n.txt");
    assert_eq!(facts()["files"], 2);
    assert_eq!(stamps(), before);
    project.write(".git/orket-index/tree/src/stray.txt", "FIXME\n");
    assert_eq!(facts()["files"], 2);
    // To git the copy is a work tree with the same history, and an index that is not the true one.
    let (good, text) = git(project.base(), &project.at(".git/orket-index/tree"), &["log", "--format=%s"]);
    assert!(good && text == "first\n", "{text}");
    let before = standing(&project);
    let (good, text) = git(project.base(), &project.at(".git/orket-index/tree"), &["status", "--porcelain"]);
    assert!(good && text.is_empty(), "{text}");
    assert_same(&project, &before, "");
}

#[test]
fn a_project_below_the_repository_and_further_work_trees() {
    let project = Project::new().file("shop/orket.kdl", RULE).file("shop/a.txt", "one\n").file("b.txt", "FIXME\n");
    project.git("init -q").git("add -A").git("commit -qm first");
    project.run_in("shop", "hooks install").ok();
    project.write("shop/a.txt", "two\n");
    let (good, text) = commit(&project, "-aqm second");
    assert!(good && text.contains("pass    bare"), "{text}");
    project.git("worktree add -q ../side -b side");
    let side = project.base().join("side");
    fs::write(side.join("shop/a.txt"), "FIXME\n").unwrap();
    let before = standing(&project);
    let (good, text) = git(project.base(), &side, &["commit", "-aqm", "third"]);
    assert!(!good && text.contains("a.txt:1:1"), "{text}");
    assert_same(&project, &before, "");
    // Both at once, each on its own copy.
    project.write("shop/a.txt", "three\n").git("add -A");
    fs::write(side.join("shop/a.txt"), "four\n").unwrap();
    std::thread::scope(|scope| {
        let base = project.base();
        let other = scope.spawn(|| git(base, &side, &["commit", "-aqm", "third"]));
        let (good, text) = commit(&project, "-qm third");
        assert!(good, "{text}");
        let (good, text) = other.join().unwrap();
        assert!(good, "{text}");
    });
    assert!(project.has(".git/worktrees/side/orket-index/tree/shop/a.txt"));
    project.run_in("shop", "hooks uninstall").ok();
    assert!(!project.has(".git/worktrees/side/orket-index") && !project.has(".git/orket-index"));
}

#[test]
fn several_projects_of_a_repository_share_its_hooks() {
    let project =
        Project::new().file("s1/orket.kdl", RULE).file("it's 2/orket.kdl", RULE).file("s3/orket.kdl", RULE).file("s1/a.txt", "one\n");
    let hook = ".git/hooks/pre-commit";
    project.write("it's 2/src/b.txt", "two\n").git("init -q").git("add -A").git("commit -qm first");
    project.run_in("s1", "hooks install").ok().never_says([" for "]);
    let alone = project.read(hook);
    project.run_in("it's 2/src", "hooks install").ok().says(["renewed `", "for `it's 2`, `s1`"]);
    let both = project.read(hook);
    project.run_in("s1", "hooks install").ok().says(["pre-commit` is there already"]);
    // Whichever is broken, both are judged.
    for (bad, fine) in [("s1/a.txt", "it's 2/src/b.txt"), ("it's 2/src/b.txt", "s1/a.txt")] {
        project.write(fine, "fine\n").write(bad, "FIXME\n");
        let (good, text) = commit(&project, "-aqm second");
        assert!(!good && text.contains(&format!("--> {bad}:1:1")) && text.contains("pass    bare"), "{text}");
        let (good, text) = git(project.base(), &project.root(), &["push", "-q", "nowhere", "HEAD:main"]);
        assert!(!good && !text.contains("bare"), "there is no such remote: {text}");
    }
    project.git("commit -qanm bad").git("init -q --bare ../remote.git");
    let push = || git(project.base(), &project.root(), &["push", "-q", "../remote.git", "HEAD:main"]);
    for name in ["s1", "it's 2"] {
        project.write(&format!("{name}/orket.kdl"), RULE.replace("pre_commit", "pre_push"));
    }
    project.git("commit -qanm rules");
    let (good, text) = push();
    assert!(!good && text.contains("--> it's 2/src/b.txt:1:1") && text.contains("pass    bare"), "{text}");
    project.write("it's 2/src/b.txt", "fine\n").git("commit -qanm good");
    let (good, text) = push();
    assert!(good && text.matches("pass    bare").count() == 2, "{text}");
    // A folder that the work tree has not is judged as the index has it.
    project.remove("s1").run("-C s1 hooks run pre_push").ok().says(["pass    bare"]);
    project.git("checkout -q -- s1");
    project.run_in("s3", "hooks uninstall").code(2).says(["the hooks here are of `it's 2`, `s1`, and not of `s3`"]);
    assert_eq!(project.read(hook), both);
    project.run_in("it's 2/src", "hooks uninstall").ok().says([".git/hooks/pre-commit` stays for `s1`"]);
    assert_eq!(project.read(hook), alone);
    project.run_in("it's 2", "hooks install").ok();
    assert_eq!(project.read(hook), both);
    // A folder that is nowhere is no project, and can be taken out all the same.
    project.run("-C s9 hooks run pre_commit").code(2).says(["there is no folder `s9`, neither here nor in the index"]);
    let gone = project.git("rm -rq s1").run("-C s1 hooks run pre_commit").code(2);
    gone.says(["`s1/orket.kdl` is not in the index", "or `orket -C s1 hooks uninstall`"]);
    project.run("-C s1 hooks uninstall").ok().says(["stays for `it's 2`"]);
    project.run("hooks uninstall").ok().says(["removed `.git/hooks/pre-commit`"]);
    assert!(!project.has(hook) && !project.has(".git/orket-index"));
}

#[test]
fn repositories_inside_are_left_out_and_have_hooks_of_their_own() {
    let project = watched();
    let inner = Project::new().manifest(RULE).file("a.txt", "one\n");
    inner.git("init -q").git("add -A").git("commit -qm first");
    project.git(&format!("-c protocol.file.allow=always submodule add -q {} inner", inner.root().display()));
    project.write("inner/a.txt", "FIXME\n");
    let (good, text) = commit(&project, "-qm second");
    assert!(good, "{text}");
    assert!(!project.has(".git/orket-index/tree/inner/a.txt"));
    project.run_in("inner", "hooks install").ok();
    let (good, text) = git(project.base(), &project.at("inner"), &["commit", "-aqm", "x"]);
    assert!(!good && text.contains("a.txt:1:1"), "{text}");
    project.run_in("inner", "hooks uninstall").ok();
    assert!(!project.has(".git/modules/inner/orket-index") && project.has(".git/orket-index"));
}

#[test]
fn whatever_form_an_index_has() {
    for setting in ["core.splitIndex true", "index.version 4", "feature.manyFiles true", "core.untrackedCache true"] {
        let project = watched();
        project.git(&format!("config {setting}")).write("src/a.txt", format!("{setting}\n")).git("add -A").git("update-index --refresh");
        let before = standing(&project);
        project.run("hooks run pre_commit").ok();
        assert_same(&project, &before, setting);
        assert_mirrored(&project);
        let (good, text) = commit(&project, "-qm x");
        assert!(good, "{setting}: {text}");
    }
    let project = watched();
    project.git("sparse-checkout set --sparse-index other");
    let before = standing(&project);
    project.run("hooks run pre_commit").ok();
    assert_same(&project, &before, "sparse");
    assert!(project.has(".git/orket-index/tree/src/a.txt") && !project.has("src/a.txt"));
}

#[test]
fn hooks_that_are_there_run_first_and_come_back() {
    let project = watched();
    project
        .run("hooks uninstall")
        .ok()
        .stderr("removed `.git/hooks/pre-commit`\nremoved `.git/hooks/pre-merge-commit`\nremoved `.git/hooks/pre-push`\n");
    project
        .run("hooks uninstall")
        .ok()
        .stderr("`.git/hooks/pre-commit` is not there\n`.git/hooks/pre-merge-commit` is not there\n`.git/hooks/pre-push` is not there\n");
    let hooks = project.at(".git/hooks");
    project.write(".git/hooks/pre-commit", "#!/bin/sh\necho earlier \"$#\"\nexit $(cat verdict)\n").mode(".git/hooks/pre-commit", 0o751);
    let before = files(&hooks, &|_| false);
    project
        .run("hooks install")
        .ok()
        .says(["wrote `.git/hooks/pre-commit`; the hook that was there runs first, as `.git/hooks/pre-commit.before-orket`"]);
    let installed = files(&hooks, &|_| false);
    project.run("hooks install").ok().stderr(
        "`.git/hooks/pre-commit` is there already\n`.git/hooks/pre-merge-commit` is there already\n`.git/hooks/pre-push` is there already\n",
    );
    assert_eq!(files(&hooks, &|_| false), installed);
    project.write("verdict", "7").write("src/a.txt", "FIXME\n");
    let (good, text) = commit(&project, "-aqm x");
    assert!(!good && text == "earlier 0\n", "{text}");
    project.write("verdict", "0");
    let (good, text) = commit(&project, "-aqm x");
    assert!(!good && text.starts_with("earlier 0\n") && text.contains("src/a.txt:1:1"), "{text}");
    project.run("hooks uninstall").ok().says(["put `.git/hooks/pre-commit` back as it was"]);
    assert_eq!(files(&hooks, &|_| false), before);
    // Somebody else's hook over orket's: neither is lost.
    project.run("hooks install").ok();
    project.write(".git/hooks/pre-commit", "#!/bin/sh\n");
    project
        .run("hooks install")
        .code(2)
        .says(["`.git/hooks/pre-commit` is not orket's, and `.git/hooks/pre-commit.before-orket` is from an earlier one"]);
    project.run("hooks uninstall").ok().says(["`.git/hooks/pre-commit` is not orket's, and stays"]);
}

#[test]
fn the_folder_for_hooks_is_the_one_that_git_uses() {
    let project = watched();
    project.run("hooks uninstall").ok();
    project.git("config core.hooksPath .githooks").run("hooks install").ok().says(["wrote `.githooks/pre-commit`"]);
    project.write("src/a.txt", "FIXME\n");
    assert!(!commit(&project, "-aqm x").0);
    project.run("hooks uninstall").ok();
    assert!(!project.has(".githooks"), "it was not there before");
    project.git("config --unset core.hooksPath").git("config --global core.hooksPath ~/hooks");
    project.run("hooks install").code(2).says(["which all repositories share", "home/hooks"]);
}

#[test]
fn an_orket_that_is_gone_is_said() {
    let project = watched();
    let hook = project.read(".git/hooks/pre-commit");
    let line = hook.lines().find(|line| line.starts_with("orket=")).unwrap();
    project.write(".git/hooks/pre-commit", hook.replacen(line, "orket='/nowhere/orket'", 1)).write("src/a.txt", "two\n");
    let (good, text) = commit(&project, "-aqm x");
    assert!(!good && text.contains("orket is neither in PATH nor at /nowhere/orket"), "{text}");
}

#[test]
fn a_copy_that_was_spoilt_is_mended() {
    let project = watched();
    project.git("rm -q --cached src/b.txt").link("a.txt", "src/l").write("src/x/y", "z\n").git("add -A");
    project.run("hooks run pre_commit").ok();
    let tree = project.at(".git/orket-index/tree");
    let spoil: [&dyn Fn(); 7] = [
        &|| fs::write(tree.join("src/a.txt"), "0ne\n").unwrap(),
        &|| fs::remove_file(tree.join("src/a.txt")).unwrap(),
        &|| fs::set_permissions(tree.join("src/a.txt"), fs::Permissions::from_mode(0o755)).unwrap(),
        &|| fs::rename(tree.join("src/x"), tree.join("src/w")).unwrap(),
        &|| {
            fs::remove_dir_all(tree.join("src/x")).unwrap();
            std::os::unix::fs::symlink(project.at("src"), tree.join("src/x")).unwrap();
        },
        &|| fs::write(project.at(".git/orket-index/list"), "torn").unwrap(),
        &|| fs::remove_dir_all(&tree).unwrap(),
    ];
    let before = standing(&project);
    for spoil in spoil {
        spoil();
        project.run("hooks run pre_commit").ok();
        assert_mirrored(&project);
    }
    assert_same(&project, &before, "");
}

#[test]
fn a_kill_in_the_middle_changes_nothing() {
    let project = watched();
    for round in 0..6 {
        for number in 0..120 {
            project.write(&format!("many/{}/{number}.txt", number % 7 + round), format!("{round} {number}\n"));
        }
        project.git("add -A");
        let before = standing(&project);
        let list = project.at(".git/orket-index/list");
        let noted = || list.metadata().ok().map(|list| list.ino());
        let (was, call) = (noted(), project.start("hooks run pre_commit"));
        let far = project.at(&format!(".git/orket-index/tree/many/{}/{}.txt", 5 + round, 5));
        assert!(wait_until(|| if round % 2 == 0 { noted() != was } else { far.exists() }), "it never began");
        call.signal(Signal::KILL);
        drop(call);
        assert_same(&project, &before, "");
        project.git("rm -rq --cached many").run("hooks run pre_commit").ok();
        assert_mirrored(&project);
        project.git("add -A").run("hooks run pre_commit").ok();
        assert_mirrored(&project);
    }
}

#[test]
fn several_at_once_wait_for_each_other() {
    let project = watched();
    for number in 0..40 {
        project.write(&format!("many/{number}.txt"), format!("{number}\n"));
    }
    project.git("add -A");
    let before = standing(&project);
    let calls: Vec<_> = (0..4).map(|_| project.start("hooks run pre_commit")).collect();
    for call in calls {
        let ended = call.end();
        assert_eq!(ended.code(), 0, "{}", String::from_utf8_lossy(&ended.err));
        assert!(String::from_utf8_lossy(&ended.out).contains("nothing found  (42 files)"));
    }
    assert_same(&project, &before, "");
    assert_mirrored(&project);
}

/// `ORKET_TEST_HOOK_STATES` says how many; 60 without it.
#[test]
fn whatever_the_state_it_is_the_same_afterwards() {
    let wanted = std::env::var("ORKET_TEST_HOOK_STATES").ok().and_then(|count| count.parse().ok()).unwrap_or(60);
    let project = watched();
    let mut seed: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut pick = |below: u64| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 33) % below
    };
    let paths = ["src/a.txt", "src/b.txt", "src", "d/e/f", "d/e", "g", "it's a name", ".gitignore", "i.log"];
    for state in 0..wanted {
        for _ in 0..1 + pick(5) {
            let path = paths[pick(paths.len() as u64) as usize];
            let at = project.at(path);
            let free = at.parent().is_some_and(|above| above.is_dir());
            let is_folder = at.is_dir() && !at.is_symlink();
            let try_git = |words: &[&str]| drop(git(project.base(), &project.root(), words));
            match pick(14) {
                0..=2 if free && !is_folder => {
                    drop(fs::write(&at, if path == ".gitignore" { "*.log\n".into() } else { format!("{}\n", pick(9)) }))
                }
                3 if free && !is_folder && path != ".gitignore" => {
                    let _ = fs::remove_file(&at);
                    std::os::unix::fs::symlink("src/a.txt", &at).unwrap();
                }
                3 | 4 if at.symlink_metadata().is_ok() => drop(project.remove(path)),
                5 if at.is_file() => drop(project.mode(path, if pick(2) == 0 { 0o755 } else { 0o644 })),
                6 if !is_folder => {
                    let _ = fs::remove_file(&at);
                    let _ = fs::create_dir_all(&at);
                    let _ = fs::write(at.join("inner"), format!("{}\n", pick(9)));
                }
                7 | 8 => try_git(&["add", "-f", "--", path]),
                9 => try_git(&["rm", "-rq", "--cached", "--", path]),
                10 => try_git(&["mv", "-k", path, "moved"]),
                11 => try_git(&["commit", "-qnm", "x"]),
                12 => try_git(&["stash", "-q"]),
                _ => try_git(&["add", "-A"]),
            }
        }
        let before = standing(&project);
        let (code, text) = project.run("hooks run pre_commit").either_owned();
        assert_same(&project, &before, &format!("state {state}: {text}"));
        assert_eq!(code, if before.contains_key(&project.at("orket.kdl")) { 0 } else { 2 }, "state {state}: {text}");
        assert_mirrored(&project);
    }
}

/// A gate whose filter takes blanks away at the ends of lines.
const FIXER: &str = "gate \"tidy\" kind=\"fixer\" { files \"src/**\"; filter \"sed\" \"s/ *$//\" }\n";

fn fixed() -> Project {
    let project = Project::new().manifest(FIXER).file("src/a.sh", "one\n").file("src/b.txt", "two\n").file("src/old.txt", "old  \n");
    fs::set_permissions(project.at("src/a.sh"), fs::Permissions::from_mode(0o755)).unwrap();
    project.git("init -q").git("add -A").git("commit -qm first");
    project.run("hooks install").ok();
    project
}

#[test]
fn a_fixer_mends_what_is_staged_where_the_work_tree_has_the_same() {
    let project = fixed();
    project.run("check").code(1).says(["error[fixer/unfixed]: `sed` would write this otherwise", " --> src/old.txt:1:1"]);
    project.write("src/old.txt", "old\n").git("commit -qanm second");
    project.write("src/a.sh", "three  \n").write("src/b.txt", "four  \n").git("add -A").write("src/c.txt", "five  \n");
    let (good, text) = commit(&project, "-qm third");
    assert!(good && text.contains("tidy mended 2 files\n  src/a.sh\n  src/b.txt\n"), "{text}");
    for (path, there) in [("src/a.sh", "three\n"), ("src/b.txt", "four\n"), ("src/c.txt", "five  \n")] {
        assert_eq!(project.read(path), there, "what was given is mended, and nothing else");
    }
    assert_eq!(fs::metadata(project.at("src/a.sh")).unwrap().mode() & 0o777, 0o755);
    let (_, text) = git(project.base(), &project.root(), &["status", "--porcelain"]);
    assert_eq!(text, "?? src/c.txt\n");
    let (_, text) = git(project.base(), &project.root(), &["show", "HEAD:src/b.txt"]);
    assert_eq!(text, "four\n");
    // With an index of its own, git takes what is mended along, too.
    project.write("src/b.txt", "six  \n");
    let (good, text) = commit(&project, "-aqm fourth");
    assert!(good, "{text}");
    assert_eq!(project.read("src/b.txt"), "six\n");
    let (_, text) = git(project.base(), &project.root(), &["status", "--porcelain"]);
    assert_eq!(text, "?? src/c.txt\n");
}

#[test]
fn a_fixer_leaves_alone_what_is_staged_in_part_or_committed_alone() {
    let project = fixed();
    project.write("src/old.txt", "old\n").git("commit -qanm second");
    project.write("src/a.sh", "three  \n").git("add -A").write("src/a.sh", "three  \nmore  \n");
    let before = standing(&project);
    project.run("hooks run pre_commit").code(1).says(["src/a.sh:1:1"]);
    assert_same(&project, &before, "");
    project.git("reset -q --hard").write("src/a.sh", "three  \n");
    let before = standing(&project);
    let (good, text) = commit(&project, "-qm third src/a.sh");
    assert!(!good && text.contains("src/a.sh:1:1"), "{text}");
    assert_same(&project, &before, &text);
    project.run("check --fix").ok().says(["tidy mended `src/a.sh`"]);
    let (good, text) = commit(&project, "-qm third src/a.sh");
    assert!(good, "{text}");
}

#[test]
fn a_merge_that_git_has_written_is_not_mended() {
    let project = fixed();
    project.write("src/old.txt", "old\n").git("commit -qanm second").git("checkout -q -b side");
    project.write("src/new.txt", "new  \n").git("add -A").git("commit -qnm side").git("checkout -q -");
    project.write("src/a.sh", "other\n").git("commit -qanm other");
    let (good, text) = git(project.base(), &project.root(), &["merge", "-q", "--no-edit", "side"]);
    assert!(!good && text.contains("src/new.txt:1:1") && text.contains("hint: git has written this merge already"), "{text}");
    assert_eq!(project.read("src/new.txt"), "new  \n");
    let (good, text) = commit(&project, "-q --no-edit");
    assert!(good && text.contains("tidy mended 1 file"), "{text}");
    let (_, text) = git(project.base(), &project.root(), &["show", "HEAD:src/new.txt"]);
    assert_eq!(text, "new\n");
}

#[test]
fn hooks_that_are_switched_off_are_said_to_be() {
    let project = fixed();
    project.git("config core.hooksPath /dev/null");
    project
        .run("hooks install")
        .code(2)
        .says(["hooks are switched off here: `core.hooksPath` is `/dev/null`", "git config unset core.hooksPath"]);
}

#[test]
fn a_fixer_that_fails_is_not_evaluated_and_mends_nothing() {
    let project = fixed();
    project
        .declare("gate \"tidy\" kind=\"fixer\" { files \"src/a.sh\"; filter \"sh\" \"-c\" \"echo {{file}} is odd >&2; exit 3\" }\n")
        .git("add -A");
    let before = standing(&project);
    project.run("hooks run pre_commit").code(3).says(["error[fixer/failed]: `sh` ended with exit status 3: src/a.sh is odd"]);
    assert_same(&project, &before, "");
    project.declare("gate \"tidy\" kind=\"fixer\" { filter \"no-such-program\" }\n").run("check").code(3).says(["no-such-program"]);
    project.declare("gate \"tidy\" kind=\"fixer\" { files \"src/*\" }\n").run("check").code(2).says(["the gate has no filter"]);
}

#[test]
fn what_was_written_into_a_hook_is_kept() {
    let project = watched();
    let hook = ".git/hooks/pre-push";
    let whole = project.read(hook);
    project.write(hook, format!("{whole}echo mine\n"));
    project
        .run("hooks uninstall")
        .ok()
        .says(["`.git/hooks/pre-push` held lines that orket did not write; it is kept as `.git/hooks/pre-push.edited-1`"]);
    assert!(!project.has(hook) && project.read(".git/hooks/pre-push.edited-1").ends_with("echo mine\n"));
    project.run("hooks install").ok();
    assert_eq!(project.read(hook), whole);
    project.run("hooks uninstall").ok();
    assert!(!project.has(".git/hooks/pre-push.edited-2"));
}

#[test]
fn what_git_tracks_is_judged_whoever_ignores_it() {
    let project = watched();
    project.write("src/kept.txt", "FIXME\n").write("src/node_modules/x.txt", "FIXME\n").git("add -A");
    project.write(".gitignore", "*.txt\n").write("src/own.txt", "FIXME\n").git("add .gitignore");
    let found = project.run("check").code(1).out().to_owned();
    assert!(found.contains("src/kept.txt:1:1") && !found.contains("own.txt") && !found.contains("node_modules"), "{found}");
    project.run("hooks run pre_commit").code(1).says(["src/kept.txt:1:1"]);
}

#[test]
fn what_somebody_writes_while_a_fixer_runs_is_not_lost() {
    let project = fixed();
    project.write("src/old.txt", "old\n").git("commit -qanm second");
    // The filter plays the person, too.
    let there = project.at("src/a.sh").display().to_string();
    let gate =
        format!("gate \"tidy\" kind=\"fixer\" {{ files \"src/a.sh\"; filter \"sh\" \"-c\" \"sed 's/ *$//'; echo mine > {there}\" }}\n");
    project.declare(&gate).write("src/a.sh", "three  \n");
    project.run("check --fix").ok().says(["note: `src/a.sh` was written while tidy read it; it stays as it is"]);
    assert_eq!(project.read("src/a.sh"), "mine\n");
    project.write("src/a.sh", "four  \n").git("add -A");
    let (_, text) = commit(&project, "-qm third");
    assert!(text.contains("  src/a.sh: staged; the file itself was written meanwhile and stays as it is"), "{text}");
    assert_eq!(project.read("src/a.sh"), "mine\n");
    let (_, text) = git(project.base(), &project.root(), &["show", ":src/a.sh"]);
    assert_eq!(text, "four\n");
    let left: Vec<_> = fs::read_dir(project.at("src")).unwrap().flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".orket-")), "{left:?}");
}

#[test]
fn a_filter_that_writes_nothing_is_none() {
    let project = fixed();
    project.declare("gate \"tidy\" kind=\"fixer\" { files \"src/a.sh\"; filter \"sh\" \"-c\" \"cat > /dev/null\" }\n");
    project.run("check --fix").code(3).says(["`sh` has written nothing: a filter reads the file from standard input"]);
    assert_eq!(project.read("src/a.sh"), "one\n");
    project.write("src/a.sh", "\n\n").run("check --fix").ok().says(["tidy mended `src/a.sh`"]);
    assert_eq!(project.read("src/a.sh"), "");
}

#[test]
fn what_was_said_of_a_file_in_the_index_stays_said_when_it_is_mended() {
    let project = fixed();
    project.write("src/old.txt", "old\n").git("commit -qanm second");
    project.write("src/a.sh", "three  \n").write("src/b.txt", "four  \n").write("src/old.txt", "five  \n").git("add -A");
    project.git("update-index --skip-worktree src/a.sh src/old.txt").git("update-index --assume-unchanged src/b.txt src/old.txt");
    let (good, text) = commit(&project, "-qm third");
    assert!(good && text.contains("tidy mended 3 files"), "{text}");
    let (_, text) = git(project.base(), &project.root(), &["ls-files", "-v"]);
    assert_eq!(text, "H orket.kdl\nS src/a.sh\nh src/b.txt\ns src/old.txt\n");
    let (_, text) = git(project.base(), &project.root(), &["show", "HEAD:src/old.txt"]);
    assert_eq!(text, "five\n");
}

#[test]
fn what_is_pushed_as_no_branch_or_tag_is_not_judged_and_said() {
    let project = watched();
    project.declare(&RULE.replace("pre_commit", "pre_push")).write("src/a.txt", "FIXME\n").git("add -A").git("commit -qnm bad");
    project.git("init -q --bare ../remote.git").git("notes add -m told");
    let push = |words: &[&str]| git(project.base(), &project.root(), &[&["push", "-q", "../remote.git"], words].concat());
    let (good, text) = push(&["refs/notes/commits"]);
    assert!(good && text.contains("note: `refs/notes/commits` is neither a branch nor a tag, and is not judged"), "{text}");
    // What is sent for review, and what has a blank in its name.
    for (from, to) in [("HEAD", "refs/for/main"), ("HEAD", "refs/tags/one"), ("HEAD@{0 seconds ago}", "refs/heads/main")] {
        let (good, text) = push(&[&format!("{from}:{to}")]);
        assert!(!good && text.contains("src/a.txt:1:1"), "{to}: {text}");
    }
    let told = |line: &str| {
        let mut orket = Command::new(env!("CARGO_BIN_EXE_orket"));
        orket.args(["hooks", "run", "pre_push"]).current_dir(project.root()).env("ORKET_CACHE_DIR", project.base().join("cache"));
        let mut orket = orket.stdin(Stdio::piped()).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        writeln!(orket.stdin.take().unwrap(), "{line}").unwrap();
        let output = orket.wait_with_output().unwrap();
        (output.status.code().unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, text) = told("junk");
    assert!(code == 2 && text.contains("`junk` is nothing that git says before a push"), "{text}");
    let (none, gone) = ("0".repeat(40), "deadbeef".repeat(5));
    let (code, text) = told(&format!("refs/heads/x {gone} refs/heads/x {none}"));
    assert!(code == 3 && text.contains(&format!("there is no `{gone}` in this repository")), "{text}");
}

#[test]
fn what_a_fixer_is_told_by_is_heeded_whoever_ignores_it_and_wherever_it_stands() {
    let gate = "gate \"tidy\" kind=\"fixer\" { files \"*.txt\"; filter \"sed\" \"-f\" \"how/rule.sed\"; config \"how/*.sed\" }\n";
    let project = Project::new().manifest(gate).file("a.txt", "a\n").file("real", "s/x/y/\n").file("../outside", "s/x/y/\n");
    project.write(".gitignore", "how\n").write("how/rule.sed", "s/x/y/\n").git("init -q");
    project.settle().run("check").ok();
    project.write("how/rule.sed", "s/a/b/\n").run("check").code(1).says(["a.txt:1:1"]);
    for there in ["real", "../outside"] {
        project.remove("how/rule.sed").link(&format!("../{there}"), "how/rule.sed").settle().run("check").ok();
        project.write(there, "s/a/b/\n").run("check").code(1).says(["a.txt:1:1"]);
    }
    project.run("check --fix").ok().says(["tidy mended `a.txt`"]);
    // A file among its words counts as well.
    let words = gate.replace("; config \"how/*.sed\"", "");
    project.declare(&words).write("a.txt", "a\n").remove("how/rule.sed").write("how/rule.sed", "s/x/y/\n").settle().run("check").ok();
    project.write("how/rule.sed", "s/a/b/g\n").run("check").code(1).says(["a.txt:1:1"]);
    // What is not there tells nothing.
    project.declare(&gate.replace("how/*.sed", "how/rule.sd")).write("a.txt", "a\n");
    project.run("check --fix").code(3).says(["[fixer/empty_rule]: `config` means no file: `how/rule.sd`", "= help: correct the path"]);
    assert_eq!(project.read("a.txt"), "a\n");
    project.declare(&gate.replace("how/*.sed\"", "how/rule.sd\"; allow_empty #true")).run("check").code(1).says(["a.txt:1:1"]);
    project
        .remove("how/rule.sed")
        .link("../nowhere", "how/rule.sed")
        .declare(gate)
        .run("check")
        .code(3)
        .says(["`config` means no file: `how/*.sed`"]);
}

#[test]
fn what_is_pushed_is_judged_as_it_was_committed() {
    let project = watched();
    let remote = project.base().join("remote.git");
    project.git(&format!("init -q --bare {}", remote.display())).git(&format!("remote add origin {}", remote.display()));
    let push = |words: &[&str]| git(project.base(), &project.root(), &[&["push", "-q", "origin"], words].concat());
    project.declare(&RULE.replace("pre_commit", "pre_push")).write("src/a.txt", "FIXME\n").git("add -A").git("commit -qnm bad");
    project.write("src/a.txt", "fine\n").git("add -A");
    let before = standing(&project);
    let (good, text) = push(&["HEAD:main"]);
    assert!(!good && text.contains("src/a.txt:1:1"), "{text}");
    assert_same(&project, &before, &text);
    project.git("commit -qm good");
    let (good, text) = push(&["HEAD:main"]);
    assert!(good && text.contains("pass    bare"), "{text}");
    let (good, text) = push(&["HEAD~1:refs/heads/old", "HEAD:refs/heads/new"]);
    assert!(!good && text.contains("src/a.txt:1:1"), "{text}");
    assert!(push(&["HEAD:refs/heads/side"]).0);
    let (good, text) = push(&["--delete", "side"]);
    assert!(good && !text.contains("bare"), "nothing is pushed: {text}");
    project.run("hooks run pre_push").ok().says(["pass    bare"]);
    // A hook that was there hears the same.
    project.run("hooks uninstall").ok();
    let heard = project.base().join("heard");
    project.write(".git/hooks/pre-push", format!("#!/bin/sh\ncat > {}\n", heard.display()));
    fs::set_permissions(project.at(".git/hooks/pre-push"), fs::Permissions::from_mode(0o755)).unwrap();
    project.run("hooks install").ok();
    let (good, text) = push(&["HEAD:refs/heads/more"]);
    assert!(good && text.contains("pass    bare"), "{text}");
    assert!(fs::read_to_string(&heard).unwrap().starts_with("HEAD "));
    let (good, text) = push(&["HEAD:refs/heads/more"]);
    assert!(good && !text.contains("bare"), "there is nothing to push: {text}");
    assert_eq!(fs::read_to_string(&heard).unwrap(), "");
}

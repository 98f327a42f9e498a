//! Churn of real histories, beside what git itself says of them.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use serde_json::Value;

use crate::common::Project;

mod symbols;

/// Seconds from 1970 to 2024-01-01, when histories begin here.
const BEGIN: i64 = 1_704_067_200;

/// A project under git, whose commits are a day apart.
struct History {
    project: Project,
    day: Cell<i64>,
}

/// Lines added, lines deleted and touches of each path.
type Rows = BTreeMap<Vec<u8>, [u64; 3]>;

impl History {
    fn new() -> History {
        let history = History { project: Project::new(), day: Cell::new(0) };
        history.git(&["init", "-q", "-b", "main"]);
        history
    }

    /// Runs git on the present day, as Ann; returns what it printed.
    fn git(&self, words: &[&str]) -> Vec<u8> {
        self.git_as("Ann <ann@example.org>", words)
    }

    fn git_as(&self, who: &str, words: &[&str]) -> Vec<u8> {
        let (name, mail) = who.trim_end_matches('>').split_once(" <").unwrap();
        let date = format!("{} +0000", BEGIN + self.day.get() * 86_400);
        let mut git = Command::new("git");
        git.args(["-c", "commit.gpgSign=false"]).args(words).current_dir(self.project.root());
        git.env("HOME", self.project.base().join("home")).env("GIT_CONFIG_NOSYSTEM", "1");
        git.envs([("GIT_AUTHOR_NAME", name), ("GIT_AUTHOR_EMAIL", mail), ("GIT_COMMITTER_NAME", name), ("GIT_COMMITTER_EMAIL", mail)]);
        git.envs([("GIT_AUTHOR_DATE", &date), ("GIT_COMMITTER_DATE", &date)]);
        let output = git.output().unwrap();
        assert!(output.status.success(), "git {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    fn file(&self, path: &str, text: impl AsRef<[u8]>) -> &History {
        self.project.write(path, text);
        self
    }

    /// Commits all that is there, a day after the commit before.
    fn commit(&self) -> &History {
        self.commit_as("Ann <ann@example.org>")
    }

    fn commit_as(&self, who: &str) -> &History {
        self.git(&["add", "-A"]);
        self.git_as(who, &["commit", "-q", "--allow-empty", "-m", "change"]);
        self.day.set(self.day.get() + 1);
        self
    }

    fn churn(&self, words: &str) -> Value {
        self.project.run(&format!("churn --format json {words}")).ok().json()
    }

    /// Returns what orket counts.
    fn rows(&self, words: &str) -> Rows {
        let row = |file: &Value| {
            let hex = |text: &str| (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect();
            let path = file["path_hex"].as_str().map_or_else(|| file["path"].as_str().unwrap().as_bytes().to_vec(), hex);
            (path, ["adds", "deletes", "touches"].map(|key| file[key].as_u64().unwrap()))
        };
        self.churn(words)["files"].as_array().unwrap().iter().map(row).collect()
    }

    /// Returns the sums of `git log --numstat --no-merges --no-renames` and these words.
    fn numstat(&self, words: &[&str]) -> Rows {
        let log = ["log", "-z", "--format=", "--numstat", "--no-merges", "--no-renames"];
        let printed = self.git(&[&log[..], words].concat());
        let mut rows = Rows::new();
        for line in printed.split(|byte| *byte == 0).filter(|line| !line.is_empty()) {
            let mut words = line.splitn(3, |byte| *byte == b'\t');
            let mut number = || std::str::from_utf8(words.next().unwrap()).unwrap().trim().parse::<u64>().unwrap_or(0);
            let (adds, deletes) = (number(), number());
            let row = rows.entry(words.next().unwrap().to_vec()).or_default();
            *row = [row[0] + adds, row[1] + deletes, row[2] + 1];
        }
        rows
    }
}

/// A history with all that makes counting hard.
fn hard() -> History {
    let history = History::new();
    history.file("src/a.txt", "1\n2\n3\n4\n5\n").file("logo", b"\0\x01").file("doc/say \"hi\"\t.md", "x\n").commit();
    std::fs::write(history.project.root().join(OsStr::from_bytes(b"src/\xff\n.txt")), "1\n").unwrap();
    history.file("src/a.txt", "1\n2\n3\n4\n5\n6\n").file("logo", b"\0\x02\x03").commit_as("Bob <bob@example.org>");
    history.git(&["mv", "src/a.txt", "src/b.txt"]);
    history.commit();
    history.git(&["checkout", "-q", "-b", "side", "HEAD~1"]);
    history.file("src/side.txt", "s\n").file("src/a.txt", "1\n2\n3\n4\n5\n6\n7\n").commit_as("Bob <bob@example.org>");
    history.file("reverted", "r\n").commit();
    history.project.remove("reverted");
    history.commit();
    history.git(&["checkout", "-q", "main"]);
    history.git(&["merge", "-q", "--no-edit", "side"]);
    history.day.set(history.day.get() + 1);
    history.project.mode("src/side.txt", 0o755).link("src/b.txt", "link");
    history.commit();
    history.project.remove("link");
    history.file("link", "no link any more\n").commit();
    history.git(&["update-index", "--add", "--cacheinfo", "160000,a1040e67370ec36e1c3b315ad17c0f350404b3c6,part"]);
    history.git(&["commit", "-q", "-m", "a part"]);
    history
}

#[test]
fn without_renames_the_rows_are_those_of_git() {
    let history = hard();
    for scope in ["src", "doc", "logo", "reverted", "link", "part", "."] {
        assert_eq!(history.rows(&format!("--no-renames --scope {scope}")), history.numstat(&["--", scope]), "{scope}");
    }
    let all = history.rows("--no-renames");
    assert_eq!(all, history.numstat(&[]));
    assert!(all.contains_key(&b"src/\xff\n.txt"[..]) && all.contains_key(&b"doc/say \"hi\"\t.md"[..]), "{all:?}");
    let window = format!("{}", BEGIN + 2 * 86_400);
    assert_eq!(history.rows("--no-renames --since 2024-01-03"), history.numstat(&["--since", &window]));
}

#[test]
fn a_window_holds_all_commits_whose_date_is_in_it() {
    let history = History::new();
    for (name, day) in [("a", 0), ("b", 50), ("c", -3000), ("d", 60), ("e", 1), ("f", 61)] {
        history.day.set(day);
        history.file(name, "1\n").commit();
    }
    let named = |words: &str| history.rows(words).into_keys().map(|path| String::from_utf8(path).unwrap()).collect::<String>();
    for words in ["", "--no-renames", "--no-renames --scope ."] {
        assert_eq!(named(&format!("--since 2024-01-18 {words}")), "bdf", "{words}");
        assert_eq!(named(&format!("--since 1969-12-31 {words}")), "abcdef", "{words}");
    }
    history.project.write(".orket/.gitignore", "*\n");
    assert_eq!([named("--since 2024-01-18"), named("--since 2024-01-18")], ["bdf", "bdf"]);
    assert_eq!(named("--since 2024-01-01T00:00:01Z"), "bdef");
}

#[test]
fn a_date_that_git_cannot_tell_is_told_and_counts() {
    let history = History::new();
    history.file("a", "1\n").commit();
    for date in ["-86400 +0000", "18446744073709551615 +0000", "9223372036854775807 +0000", "never"] {
        history.file("a", date);
        history.git(&["add", "-A"]);
        let line = |words: &[&str]| String::from_utf8(history.git(words)).unwrap().trim().to_owned();
        let (tree, parent) = (line(&["write-tree"]), line(&["rev-parse", "HEAD"]));
        let text = format!("tree {tree}\nparent {parent}\nauthor Ann <a@b> 1 +0000\ncommitter Ann <a@b> {date}\n\nodd\n");
        history.project.write("../commit", text);
        let commit = line(&["hash-object", "-t", "commit", "-w", "--literally", "../commit"]);
        history.git(&["update-ref", "HEAD", &commit]);
    }
    let note = "4 commits were made at the beginning of 1970: so git takes a date that is missing or out of range";
    history.project.run("churn").ok().says([note]);
    history.project.write(".orket/.gitignore", "*\n");
    let found = history.churn("");
    assert_eq!((&found["files"][0]["touches"], &found["notes"][0]), (&5.into(), &note.into()));
    assert_eq!(history.churn(""), found);
}

#[test]
fn a_newest_commit_that_is_missing_is_no_empty_history() {
    let history = History::new();
    history.file("a", "1\n").commit();
    let head = String::from_utf8(history.git(&["rev-parse", "HEAD"])).unwrap();
    let head = head.trim();
    history.project.remove(&format!(".git/objects/{}/{}", &head[..2], &head[2..]));
    history.project.run("churn").code(3).says([&format!("`HEAD` is the commit {head}, and that is not in the repository"), "git fsck"]);
}

#[test]
fn a_work_tree_may_be_elsewhere() {
    let mut history = History::new();
    history.file("src/a", "1\n").commit();
    let elsewhere = history.project.base().join("elsewhere");
    std::fs::create_dir(&elsewhere).unwrap();
    history.project.set("GIT_WORK_TREE", Some(elsewhere.to_str().unwrap()));
    history.project.run("churn --json").ok().says(["\"src/a\""]);
}

#[test]
fn rows_are_sorted_by_touches_and_then_by_path() {
    let found = hard().churn("--no-renames");
    let order: Vec<(i64, &str)> = found["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (-file["touches"].as_i64().unwrap(), file["path"].as_str().unwrap()))
        .collect();
    assert!(order.is_sorted(), "{order:?}");
    let sum = |key: &str| found["files"].as_array().unwrap().iter().map(|file| file[key].as_u64().unwrap()).sum::<u64>();
    for key in ["adds", "deletes", "touches"] {
        assert_eq!(found["totals"][key].as_u64(), Some(sum(key)), "{key}");
    }
}

#[test]
fn a_file_is_followed_through_all_its_names() {
    let history = History::new();
    history.file("old/one", "1\n2\n3\n4\n5\n").commit();
    history.file("old/one", "1\n2\n3\n4\n5\n6\n").commit_as("Bob <bob@example.org>");
    history.git(&["mv", "old/one", "two"]);
    history.commit();
    std::fs::create_dir(history.project.at("new")).unwrap();
    history.git(&["mv", "two", "new/three"]);
    history.file("new/three", "1\n2\n3\n4\n5\n6\n7\n").file("old/one", "another file, which has nothing of the first\n").commit();
    let found = history.churn("");
    let files = found["files"].as_array().unwrap();
    assert_eq!(files.len(), 2, "{found}");
    assert_eq!((&files[0]["path"], &files[0]["touches"], &files[0]["adds"]), (&"new/three".into(), &4.into(), &7.into()));
    assert_eq!((&files[0]["first"], &files[0]["last"]), (&"2024-01-01T00:00:00Z".into(), &"2024-01-04T00:00:00Z".into()));
    assert_eq!((&files[0]["authors"], &files[0]["owner"]["name"], &files[0]["owner"]["share"]), (&2.into(), &"Ann".into(), &0.75.into()));
    assert_eq!((&files[1]["path"], &files[1]["touches"]), (&"old/one".into(), &1.into()));
    assert_eq!(history.rows("--scope new").into_iter().collect::<Vec<_>>(), [(b"new/three".to_vec(), [7, 0, 4])]);
    assert_eq!(history.rows("--no-renames"), history.numstat(&[]));
}

#[test]
fn authors_are_those_of_the_mail_map() {
    let history = History::new();
    history.file("a", "1\n").commit_as("ann <ann@home>");
    history.file("a", "2\n").commit();
    assert_eq!(history.churn("")["files"][0]["authors"], 2);
    history.file(".mailmap", "Ann <ann@example.org> <ann@home>\n").commit();
    let found = history.churn("");
    assert_eq!((&found["files"][0]["authors"], &found["method"]["mailmap"]), (&1.into(), &true.into()));
}

#[test]
fn binary_generated_and_merged_are_told_apart() {
    let history = History::new();
    history.file(".gitattributes", "*.lock linguist-generated\n*.dat binary\n").file("x.lock", "1\n2\n").file("y.dat", "text\n").commit();
    history.git(&["checkout", "-q", "-b", "side"]);
    history.file("z", "1\n").commit();
    history.git(&["checkout", "-q", "main"]);
    history.git(&["merge", "-q", "--no-ff", "--no-edit", "side"]);
    let found = history.churn("");
    let file = |path: &str| {
        found["files"].as_array().unwrap().iter().find(|file| file["path"] == path).unwrap_or_else(|| panic!("{path}: {found}"))
    };
    assert_eq!(
        (&file("x.lock")["generated"], &file("x.lock")["adds"], &file("x.lock")["hotspot"]),
        (&true.into(), &2.into(), &Value::Null)
    );
    assert_eq!((&file("y.dat")["binary"], &file("y.dat")["adds"], &file("y.dat")["touches"]), (&true.into(), &0.into(), &1.into()));
    assert_eq!((&file("z")["touches"], &found["totals"]["commits"]), (&1.into(), &2.into()));
    assert_eq!(found["totals"]["generated"]["adds"], 2);
}

#[test]
fn what_changes_together_and_what_is_hot() {
    let history = History::new();
    for round in 0..4 {
        history.file("a.py", format!("def f():\n    if x:\n        return {round}\n")).file("b.py", format!("b = {round}\n")).commit();
    }
    let found = history.churn("");
    assert_eq!(
        (&found["coupling"][0]["a"], &found["coupling"][0]["b"], &found["coupling"][0]["support"]),
        (&"a.py".into(), &"b.py".into(), &4.into())
    );
    assert_eq!((&found["hotspots"][0]["path"], &found["hotspots"][0]["score"]), (&"a.py".into(), &12.into()));
    assert_eq!(found["hotspots"].as_array().map(Vec::len), Some(1));
}

#[test]
fn the_whole_table() {
    let history = hard();
    history.project.set_name();
    history.project.run("churn --scope src --top 2").ok().stderr("").stdout(
        "churn of src in shop: 5 commits by 2 authors, 2024-01-01 to 2024-01-08
3 files touched 7 times, +9 -0, bus factor 1
merges not counted, renames followed; `--format json` says how all is computed

touches  adds  deletes  authors        last  owner    file
      4     7        0        2  2024-01-04  Ann 50%  src/b.txt
      2     1        0        2  2024-01-08  Bob 50%  src/side.txt
1 more; `--top N` shows N
",
    );
}

trait Named {
    fn set_name(&self);
}

impl Named for Project {
    /// Gives the project a name of its own.
    fn set_name(&self) {
        self.declare("project \"shop\"\n");
    }
}

#[test]
fn a_shallow_clone_says_that_it_is() {
    let history = hard();
    let (from, to) = (format!("file://{}", history.project.root().display()), history.project.base().join("clone"));
    history.git(&["clone", "-q", "--depth", "1", &from, to.to_str().unwrap()]);
    let typed = |words: &[&str]| history.project.words(&[&["-C", to.to_str().unwrap(), "churn"], words].concat()).ok();
    typed(&[]).says(["this is a shallow clone"]);
    assert_eq!(typed(&["--json"]).json()["method"]["shallow"], true);
    history.git(&["-C", to.to_str().unwrap(), "fetch", "-q", "--deepen", "1"]);
    typed(&["--since", "2024-01-09"]).says(["this is a shallow clone"]);
    typed(&["--since", "2024-01-10"]).never_says(["this is a shallow clone"]);
}

#[test]
fn a_limit_is_judged_in_a_shallow_clone_that_holds_its_window() {
    let history = History::new();
    let today = (jiff::Timestamp::now().as_second() - BEGIN) / 86_400;
    for (round, day) in [100, 50, 10, 9].into_iter().enumerate() {
        history.day.set(today - day);
        history.file("a", format!("{round}\n")).commit();
    }
    let (from, to) = (format!("file://{}", history.project.root().display()), history.project.base().join("clone"));
    history.git(&["clone", "-q", "--depth", "3", &from, to.to_str().unwrap()]);
    let check = |limit: &str| {
        let manifest = format!("gate \"calm\" kind=\"churn\" {{ archive #false; limit {limit} }}\n");
        std::fs::write(to.join("orket.kdl"), manifest).unwrap();
        history.project.words(&["-C", to.to_str().unwrap(), "check"])
    };
    check("touches=2 since=\"20d\"").ok();
    check("touches=1 since=\"20d\"").code(1).says(["2 commits have changed it in the last 20d"]).never_says(["shallow"]);
    check("touches=3 since=\"60d\"").code(3).says(["error[churn/shallow]"]);
    check("touches=3").code(3).says(["error[churn/shallow]"]);
    check("touches=3 since=\"1d\"").code(3).says(["no commit has changed a file here in the last 1d"]).never_says(["shallow"]);
}

#[test]
fn where_there_is_nothing_to_count() {
    let outside = Project::new();
    outside.run("churn").code(2).says(["stands in no git repository", "-C DIR"]);
    outside.run("-C nowhere churn").code(2).says(["there is no folder"]);
    let history = History::new();
    history.project.run("churn").ok().stdout("churn of project: there are no commits yet\n");
    assert_eq!(history.churn("")["files"], Value::Array(Vec::new()));
    history.project.run("churn --format html").ok().says(["there are no commits yet"]);
    history.file("old/a", "1\n2\n3\n").commit();
    history.project.run("churn --scope nothing").code(4).says(["no commit touches `nothing`"]);
    history.project.run("churn --scope ../..").code(2).says(["outside the repository"]);
    history.project.run("churn --since 2031-01-01").ok().says(["no commits since 2031-01-01T00:00:00Z"]);
    history.project.run("churn --since soon").code(2).says(["expected a day such as `2026-01-31`"]);
    history.git(&["mv", "old", "new"]);
    history.commit();
    history.project.run("churn --scope old").code(4).says(["what was there was renamed", "--no-renames"]);
    history.project.run("churn --scope old --no-renames").ok().says(["old/a (gone)"]);
    let without = Project::new().var("PATH", "/nowhere");
    without.run("churn").code(3).says(["`git` is not to be found in PATH"]);
}

#[test]
fn a_scope_stands_where_orket_was_started() {
    let history = hard();
    let from_top = history.rows("--scope src");
    let inside = history.project.run_in("src", "churn --format json --scope .").ok().json();
    assert_eq!(inside["files"].as_array().map(Vec::len), Some(from_top.len()));
    assert_eq!(inside["scope"], "src");
    let absolute = format!("--scope {}", history.project.at("src").display());
    assert_eq!(history.rows(&absolute), from_top);
}

#[test]
fn nothing_of_the_repository_is_run() {
    let history = hard();
    let trap = history.project.base().join("trap");
    history.project.write("trap.sh", format!("#!/bin/sh\necho \"$0 $*\" >> {}\ncat\n", trap.display())).mode("trap.sh", 0o755);
    let program = history.project.at("trap.sh");
    let program = program.to_str().unwrap();
    for setting in [
        "diff.external",
        "diff.bad.textconv",
        "diff.bad.command",
        "filter.bad.clean",
        "filter.bad.smudge",
        "filter.bad.process",
        "core.fsmonitor",
        "core.pager",
        "pager.log",
        "core.sshCommand",
        "gpg.program",
        "core.editor",
        "credential.helper",
    ] {
        history.git(&["config", setting, program]);
    }
    for (setting, value) in
        [("log.showSignature", "true"), ("color.ui", "always"), ("diff.relative", "true"), ("log.follow", "true"), ("alias.log", "!false")]
    {
        history.git(&["config", setting, value]);
    }
    std::fs::create_dir_all(history.project.at(".git/hooks")).unwrap();
    for hook in ["post-index-change", "post-checkout", "pre-auto-gc"] {
        std::fs::copy(program, history.project.at(&format!(".git/hooks/{hook}"))).unwrap();
    }
    std::fs::write(history.project.at(".git/info/attributes"), "* diff=bad filter=bad\n").unwrap();
    std::fs::create_dir(history.project.at(".orket")).unwrap();
    for _ in 0..2 {
        for words in ["", "--no-renames --scope src", "--format html"] {
            history.project.run(&format!("churn {words}")).ok();
        }
    }
    let caught = std::fs::read_to_string(&trap).unwrap_or_default();
    assert_eq!(caught, "");
}

#[test]
fn nothing_is_written_unless_it_is_asked_for() {
    let history = hard();
    let all = || {
        let walk = walkdir::WalkDir::new(history.project.root()).sort_by_file_name().into_iter().flatten();
        walk.map(|entry| (entry.path().to_owned(), entry.metadata().unwrap().modified().unwrap())).collect::<Vec<_>>()
    };
    let before = all();
    for words in ["", "--json", "--format html", "--no-renames --scope src"] {
        history.project.run(&format!("churn {words}")).ok();
    }
    assert_eq!(all(), before);
}

#[test]
fn a_report_is_written_where_it_is_wanted() {
    let history = hard();
    history.project.set_name();
    history.project.run("churn --output deep/report.json").ok().stdout("deep/report.json\n");
    let written: Value = serde_json::from_str(&history.project.read("deep/report.json")).unwrap();
    assert_eq!((&written["version"], &written["files"][0]["path"]), (&1.into(), &"src/b.txt".into()));
    history.project.run("churn --out page.html").ok().stdout("page.html\n");
    assert!(history.project.read("page.html").starts_with("<!doctype html>"));
    let named = history.project.run("churn --output benchmarks/results/ --scope src").ok().out().trim().to_owned();
    let day = written["made"].as_str().unwrap();
    assert_eq!(named, format!("benchmarks/results/{day}_shop_churn.json"));
    let kept: Value = serde_json::from_str(&history.project.read(&named)).unwrap();
    assert_eq!((&kept["scope"], &kept["made"]), (&"src".into(), &written["made"]));
    history.project.run("churn --output deep --format html").ok().stdout(&format!("deep/{day}_shop_churn.html\n"));
    history.project.write("full", "");
    history.project.run("churn --output full/x.json").code(3).says(["cannot write `full/x.json`"]);
}

/// Returns how many commits were known from before, and the rows.
fn known(history: &History, words: &str) -> (u64, Rows) {
    let typed = history.project.run(&format!("churn --format json {words}")).ok();
    let said = typed.err().split("known=").nth(1).and_then(|rest| rest.split_whitespace().next()).and_then(|known| known.parse().ok());
    (said.unwrap_or_else(|| panic!("nothing was said of what was known\n{}", typed.err())), history.rows(words))
}

#[test]
fn history_that_was_read_is_kept_where_there_is_a_place_for_it() {
    let mut history = hard();
    let truth = history.rows("");
    history.project.write(".orket/.gitignore", "*\n");
    history.project.set("ORKET_LOG", Some("orket::engine=debug"));
    assert_eq!(known(&history, ""), (0, truth.clone()));
    let all = known(&history, "");
    assert_eq!(all, (9, truth));
    assert_eq!(known(&history, "--no-renames --scope src"), (0, history.numstat(&["--", "src"])));
    assert_eq!(known(&history, "--no-renames --scope src").0, 5);
    assert_eq!(known(&history, "--no-renames"), (5, history.numstat(&[])), "each way of reading has its own");

    history.file("src/b.txt", "new\n").commit();
    assert_eq!(known(&history, "--no-renames"), (9, history.numstat(&[])));
    history.file("src/b.txt", "other\nlines\n").git(&["commit", "-q", "-a", "--amend", "-m", "rewritten"]);
    assert_eq!(known(&history, "--no-renames"), (9, history.numstat(&[])));
    history.git(&["reset", "-q", "--hard", "HEAD~2"]);
    assert_eq!(known(&history, "--no-renames"), (8, history.numstat(&[])));

    history.file(".gitattributes", "src/** binary\n");
    let (again, rows) = known(&history, "--no-renames");
    assert_eq!((again, rows), (0, history.numstat(&[])), "other attributes, other lines");
    let damaged = history.project.at(".orket/churn/named");
    let bytes = std::fs::read(&damaged).unwrap();
    std::fs::write(&damaged, &bytes[..bytes.len() - 1]).unwrap();
    assert_eq!(known(&history, "--no-renames"), (0, history.numstat(&[])));
}

#[test]
fn what_is_kept_depends_on_what_stands_for_other_objects() {
    let mut history = History::new();
    history.file("src/a.txt", "a\n").commit().file("src/a.txt", "a\nb\nc\n").commit();
    history.project.write(".orket/.gitignore", "*\n");
    history.project.set("ORKET_LOG", Some("orket::engine=debug"));
    let adds = |history: &History| history.rows("")[&b"src/a.txt"[..]][0];
    assert_eq!(adds(&history), 3);
    let root = String::from_utf8(history.git(&["commit-tree", "HEAD^{tree}", "-m", "alone"])).unwrap();
    history.git(&["replace", "HEAD", root.trim()]);
    assert_eq!((adds(&history), history.rows("").len()), (3, 1));
    let touches = |history: &History| history.rows("")[&b"src/a.txt"[..]][2];
    assert_eq!(touches(&history), 1);
    history.project.set("GIT_NO_REPLACE_OBJECTS", Some("1"));
    assert_eq!(touches(&history), 2);
    history.project.set("GIT_NO_REPLACE_OBJECTS", None);
    history.git(&["config", "core.useReplaceRefs", "false"]);
    assert_eq!(touches(&history), 2);
}

#[test]
fn a_text_that_stands_for_another_has_its_own_complexity_and_symbols() {
    let history = History::new();
    history.file("a.py", "x = 1\n").commit();
    history.project.write(".orket/.gitignore", "*\n");
    let complexity = || history.churn("")["files"][0]["complexity"].clone();
    let symbols = || history.churn("")["symbols"].as_array().unwrap().len();
    let before = complexity();
    assert_eq!(symbols(), 0);
    history.file("b.py", "def f(x):\n    if x:\n        for y in x:\n            if y:\n                return y\n    return 1\n");
    let new = String::from_utf8(history.git(&["hash-object", "-w", "b.py"])).unwrap();
    history.git(&["replace", "HEAD:a.py", new.trim()]);
    history.project.remove("b.py");
    assert_ne!(complexity(), before);
    assert_eq!(symbols(), 1);
}

/// Returns what git was asked for in one report, as git traces it.
fn asked(history: &mut History, words: &str) -> Vec<String> {
    let trace = history.project.base().join("asked");
    history.project.write("../asked", "");
    history.project.set("GIT_TRACE2_EVENT", Some(&trace.display().to_string()));
    history.project.run(&format!("churn --json {words}")).ok();
    history.project.set("GIT_TRACE2_EVENT", None);
    let text = history.project.read("../asked");
    let events = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut asked: Vec<String> =
        events.filter(|event| event["event"] == "cmd_name").map(|event| event["name"].as_str().unwrap().to_owned()).collect();
    asked.sort();
    asked
}

#[test]
fn what_is_kept_is_not_asked_of_git_again() {
    let mut history = History::new();
    history.file("src/a.txt", "a\n").commit().file("src/b.txt", "b\n").commit();
    history.project.write(".orket/.gitignore", "*\n");
    history.project.run("churn --json").ok();
    assert_eq!(asked(&mut history, ""), ["config", "rev-parse"]);
    history.file("src/b.py", "def f():\n    return 1\n").commit();
    assert_eq!(asked(&mut history, ""), ["cat-file", "config", "log", "rev-parse"]);
    history.file("src/b.py", "def f():\n    return 2\n").commit();
    assert_eq!(asked(&mut history, ""), ["cat-file", "config", "log", "rev-parse"]);
    assert_eq!(asked(&mut history, ""), ["config", "rev-parse"]);
    history.file(".gitattributes", "*.md diff=prose\n").commit();
    // Of all that is known, and of its own path.
    assert_eq!(asked(&mut history, ""), ["cat-file", "check-attr", "check-attr", "config", "log", "rev-parse"]);
    assert_eq!(asked(&mut history, ""), ["config", "rev-parse"]);
    history.file("src/b.py", "def f():\n    return 3\n").commit();
    assert_eq!(asked(&mut history, ""), ["cat-file", "config", "log", "rev-parse"]);
    history.file("src/c.py", "").commit();
    assert_eq!(asked(&mut history, ""), ["cat-file", "check-attr", "config", "log", "rev-parse"], "a path that is new");
}

#[test]
fn attributes_are_those_that_git_has_whatever_is_kept() {
    let mut history = History::new();
    history.file("src/a.txt", "a\n").file("doc/b.txt", "b\n").commit();
    history.project.write(".orket/.gitignore", "*\n").write("../home/empty", "");
    let home = history.project.at("../home").display().to_string();
    history.project.set("HOME", Some(&home));
    history.project.set("XDG_CONFIG_HOME", None);
    let generated = |history: &History| -> Vec<String> {
        let report = history.churn("");
        let files = report["files"].as_array().unwrap().iter().filter(|file| file["generated"] == true);
        files.map(|file| file["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(generated(&history), [""; 0]);
    for (file, said) in [
        ("src/.gitattributes", "*.txt linguist-generated\n"),
        ("src/.gitattributes", "*.txt linguist-generated=false\n"),
        ("src/.gitattributes", "a.txt linguist-generated\n"),
        (".git/info/attributes", "src/*.txt linguist-generated\n"),
        ("../home/.config/git/attributes", "a.txt linguist-generated\n"),
    ] {
        history.project.write(file, said);
        let expected: &[&str] = if said.contains("false") { &[] } else { &["src/a.txt"] };
        for again in ["", ", again"] {
            assert_eq!(generated(&history), expected, "{file}: {said}{again}");
        }
        if said.contains("a.txt") || !file.starts_with("src") {
            history.project.remove(file);
            assert_eq!(generated(&history), [""; 0], "without {file}");
        }
    }
    history.project.write("elsewhere", "a.txt linguist-generated\n");
    history.git(&["config", "core.attributesFile", "elsewhere"]);
    assert_eq!(generated(&history), ["src/a.txt"]);
    history.project.write("elsewhere", "");
    assert_eq!(generated(&history), [""; 0]);
    history.git(&["config", "--unset", "core.attributesFile"]);
    history.project.remove("elsewhere");
    history.file("doc/.gitattributes", "b.txt linguist-generated\n").commit();
    assert_eq!(generated(&history), ["doc/b.txt"]);
    history.project.remove("doc/.gitattributes");
    assert_eq!(generated(&history), ["doc/b.txt"], "git takes what it tracks from the index");
}

#[test]
fn a_file_of_attributes_that_leaves_the_work_tree_says_no_more_what_is_binary() {
    let history = History::new();
    history.file("src/a.txt", "a\n").file("src/.gitattributes", "*.txt -diff\n").commit();
    history.project.write(".orket/.gitignore", "*\n");
    let adds = || {
        let rows = history.rows("--no-renames");
        assert_eq!(rows, history.numstat(&[]));
        rows[&b"src/a.txt"[..]][0]
    };
    assert_eq!([adds(), adds()], [0, 0]);
    history.project.remove("src/.gitattributes");
    assert_eq!([adds(), adds()], [1, 1]);
    history.project.write("src/.gitattributes", "*.txt -diff\n");
    assert_eq!(adds(), 0);
}

#[test]
fn the_files_of_a_new_commit_are_those_that_git_lists() {
    let history = History::new();
    history.file("a.c", "1\n").file("a/b/c.py", "x = 1\n").file("a/d.py", "").file("a-b/e.py", "").commit();
    history.project.write(".orket/.gitignore", "*\n");
    let steps: [&dyn Fn(); 7] = [
        &|| {
            history.file("a/b/c.py", "x = 1 if y else 2\n");
        },
        &|| {
            history.file("a/b/new/f.py", "if x:\n    y()\n").file("z.py", "z\n");
        },
        &|| {
            history.git(&["mv", "a/b", "b"]);
        },
        &|| {
            history.project.remove("a/d.py").link("a.c", "d.py");
        },
        &|| {
            history.project.mode("z.py", 0o755);
        },
        &|| {
            for at in 0..80 {
                history.file(&format!("many/{at}.py"), "x\n");
            }
        },
        &|| {
            history.git(&["rm", "-q", "-r", "b", "a.c"]);
        },
    ];
    for (at, step) in steps.iter().enumerate() {
        let before = history.churn("");
        step();
        history.commit();
        let kept = history.churn("");
        assert_ne!(kept, before);
        std::fs::remove_dir_all(history.project.at(".orket/churn")).unwrap();
        assert_eq!(kept, history.churn(""), "step {at}");
    }
}

#[test]
fn a_branch_that_began_long_ago_is_merged_and_only_its_commits_are_asked_of_git() {
    let mut history = History::new();
    history.file("a.txt", "a\n").commit().git(&["branch", "side"]);
    history.file("a.txt", "b\n").commit().git(&["checkout", "-q", "side"]);
    history.file("side.txt", "one\ntwo\n").commit_as("Bob <bob@example.org>");
    history.git(&["mv", "side.txt", "moved.txt"]);
    history.commit().git(&["checkout", "-q", "main"]);
    // One of the same time as the branch's last.
    history.day.set(history.day.get() - 1);
    history.file("a.txt", "c\n").commit().file("b.txt", "b\n").commit();
    history.project.write(".orket/.gitignore", "*\n");
    history.project.run("churn --json").ok();

    let whole = |history: &History| {
        std::fs::rename(history.project.at(".orket"), history.project.at("../away")).unwrap();
        let report = history.churn("");
        std::fs::rename(history.project.at("../away"), history.project.at(".orket")).unwrap();
        report
    };
    let logs = |history: &mut History| asked(history, "").iter().filter(|word| *word == "log").count();
    history.git(&["merge", "-q", "--no-ff", "side"]);
    assert_eq!(logs(&mut history), 1, "a merge");
    assert_eq!(history.churn(""), whole(&history));
    history.git(&["checkout", "-q", "--detach", "side"]);
    assert_eq!(logs(&mut history), 1, "back, to a part of it");
    assert_eq!(history.churn(""), whole(&history));
    history.git(&["checkout", "-q", "main"]);
    assert_eq!(logs(&mut history), 1, "and on again");
    assert_eq!(history.churn(""), whole(&history));
}

#[test]
fn no_manifest_is_needed_and_a_wrong_one_does_no_harm() {
    let history = hard();
    history.project.run("churn").ok().says(["churn of project: "]);
    history.project.set_name();
    history.project.run("churn").ok().says(["churn of shop: "]);
    history.project.write("orket.kdl", "task {");
    history.project.run("churn").ok().says(["churn of project: "]);
}

#[test]
fn a_dash_is_standard_output_and_no_file() {
    let history = History::new();
    history.file("a.txt", "a\n").commit();
    let printed = history.project.run("churn --format json").ok().out().to_owned();
    assert_eq!(history.project.run("churn --format json --output -").ok().out(), printed);
    history.project.declare("gate \"tidy\" kind=\"policy\" { merge_markers #false }");
    let printed = history.project.run("check").ok().out().to_owned();
    assert_eq!(history.project.run("check --output -").ok().out(), printed);
    assert!(!history.project.at("-").exists());
}

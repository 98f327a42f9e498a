//! The content store: what it gives back, and what it does about damage.

use std::fs;
use std::path::{Path, PathBuf};

use crate::common::Project;

const TWO: &str = r#"
task "one" { sh "{log:one}; cat in > a; cp in b; chmod 755 b"; inputs "in"; outputs "a" "b" }
task "two" { needs "one"; sh "{log:two}; mkdir -p d/e; cp a d/e/x; ln -s e/x d/link"; outputs "d/" }
"#;

fn two() -> Project {
    Project::new().file("in", "some bytes that are long enough to be told apart").manifest(TWO)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        match entry.file_type().unwrap() {
            kind if kind.is_dir() => found.extend(files(&entry.path())),
            kind if kind.is_file() => found.push(entry.path()),
            _ => {}
        }
    }
    found.sort();
    found
}

fn overwrite(path: &Path, bytes: &[u8]) {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).unwrap().permissions().mode();
    fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o200)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn right(project: &Project) {
    use std::os::unix::fs::PermissionsExt;
    let text = "some bytes that are long enough to be told apart";
    for file in ["a", "b", "d/e/x", "d/link"] {
        assert_eq!(project.read(file), text, "{file}");
    }
    assert_eq!(fs::read_link(project.at("d/link")).unwrap(), Path::new("e/x"));
    assert_eq!(fs::metadata(project.at("b")).unwrap().permissions().mode() & 0o111, 0o111);
    assert_eq!(fs::metadata(project.at("a")).unwrap().permissions().mode() & 0o111, 0);
}

fn without_outputs(project: &Project) {
    for path in ["a", "b", "d"] {
        if project.has(path) {
            project.remove(path);
        }
    }
}

#[test]
fn going_back_takes_the_earlier_result() {
    let project = two();
    project.run("build").ok().ran(["one", "two"]);
    project.write("in", "other");
    project.run("build").ok().ran(["one", "two"]);
    project.write("in", "some bytes that are long enough to be told apart");
    project.run("build --json").ok().ran([]).cached(["one", "two"]);
    right(&project);
}

#[test]
fn a_second_checkout_shares_the_store() {
    let project = two();
    project.run("build").ok();
    project.write("../second/in", project.read("in")).write("../second/orket.kdl", project.read("orket.kdl"));
    project.run_in("../second", "build --json").ok().ran([]).cached(["one", "two"]);
    assert_eq!(project.read("../second/d/link"), project.read("d/link"));
}

#[test]
fn a_restored_file_may_be_written_without_harm_to_the_store() {
    let project = two();
    project.run("build").ok();
    without_outputs(&project);
    project.run("build").ok().ran([]);
    project.mode("a", 0o644).write("a", "scribbled in place");
    project.run("build").ok().ran([]);
    right(&project);
    project.run("cache verify").ok();
}

#[test]
fn the_path_is_printed_alone() {
    two().run("cache path").ok().stdout("[cache]\n").stderr("");
}

#[test]
fn stats_and_verify_of_a_sound_store() {
    let project = two();
    project.run("build").ok();
    project.run("cache stats").ok();
    project.run("cache stats --json").ok().json();
    project.run("cache verify").ok();
}

#[test]
fn an_emptied_store_costs_runs_and_nothing_else() {
    let project = two();
    project.run("build").ok();
    project.run("cache clear").ok();
    project.run("build").ok().nothing_to_do();
    without_outputs(&project);
    project.run("build").ok().ran(["one", "two"]);
    right(&project);
}

#[test]
fn a_store_that_is_emptied_under_a_build_fails_nothing() {
    for emptied in ["clear", "gc --max-size 0"] {
        let clear = format!("ORKET_CACHE_DIR={{base}}/cache \"$ORKET_EXE\" cache {emptied}").replace('"', "\\\"");
        let project = Project::new().file("in", "1").manifest(&format!(
            "task \"a\" {{ sh \"cat in in > a\"; inputs \"in\"; outputs \"a\" }}
task \"b\" {{ needs \"a\"; sh \"cp a b; {clear}\"; inputs \"a\"; outputs \"b\" }}
task \"c\" {{ needs \"b\"; sh \"cp b c\"; inputs \"b\"; outputs \"c\" }}"
        ));
        project.run("build").ok().says(["3 done"]);
        project.run("build").ok().nothing_to_do();
        project.remove("a").remove("b").remove("c");
        project.run("build").ok();
        assert_eq!(project.read("c"), "11");
        project.run("cache verify").ok();
    }
}

#[test]
fn a_collected_store_still_builds() {
    let project = two();
    project.run("build").ok();
    project.run("cache gc --max-size 0").ok().says(["is more than 0 B: what the last build of each checkout used stays"]);
    without_outputs(&project);
    project.run("build").ok();
    right(&project);
    project.run("build").ok().nothing_to_do();
}

/// Builds each of these inputs in turn, within a limit that holds little more than one result.
fn several(limit: &str) -> Project {
    let project =
        Project::new().var("ORKET_CACHE_LIMIT", limit).manifest("task \"t\" { sh \"{log:t}; cat in > o\"; inputs \"in\"; outputs \"o\" }");
    for text in ["a", "b", "c", "d"] {
        project.write("in", text.repeat(3000));
        project.run("build").ok().ran(["t"]);
    }
    project
}

#[test]
fn a_build_that_leaves_the_store_over_its_limit_sweeps_it() {
    let project = several("8KB");
    let stats = project.run("cache stats --json").ok().json();
    assert_eq!(stats["limit_bytes"], 8000);
    let held = stats["blob_bytes"].as_u64().unwrap() + stats["result_bytes"].as_u64().unwrap();
    assert!(held <= 8000, "{stats}");
    project.remove("o");
    project.run("build --json").ok().ran([]).cached(["t"]);
    project.write("in", "a".repeat(3000));
    project.run("build").ok().ran(["t"]);
    project.run("cache verify").ok().says(["0 damaged"]);
}

#[test]
fn what_the_last_build_used_stays_whatever_the_limit() {
    let project = several("1");
    project.remove("o");
    project.run("build --json").ok().ran([]).cached(["t"]);
    project.write("in", "c".repeat(3000));
    project.run("build").ok().ran(["t"]);
}

#[test]
fn without_a_limit_everything_stays() {
    for limit in ["none", "1GiB"] {
        let project = several(limit);
        project.write("in", "a".repeat(3000));
        project.run("build --json").ok().ran([]).cached(["t"]);
    }
    several("none").run("cache stats").ok().says(["no limit"]);
    Project::new().run("cache stats").ok().says(["limit 20"]);
}

#[test]
fn a_limit_that_is_no_size_is_refused_before_anything_runs() {
    let project = two();
    let says = "ORKET_CACHE_LIMIT is `lots`; it has to be a size such as `20GiB`, or `none`";
    let project = Project::new().var("ORKET_CACHE_LIMIT", "lots").manifest(&project.read("orket.kdl")).file("in", "");
    project.run("build").code(2).ran([]).says([says]);
    project.run("cache stats").code(2).says([says]);
}

#[test]
fn a_store_that_cannot_be_swept_fails_no_build() {
    let project = several("8KB");
    project.write("in", "e".repeat(3000));
    let size = project.base().join("cache/size");
    fs::remove_file(&size).unwrap();
    fs::create_dir_all(size.join("in the way")).unwrap();
    project.run("build").ok().ran(["t"]);
    project.run("build").ok().nothing_to_do();
}

#[test]
fn without_the_store_nothing_is_taken_or_put() {
    let project = two();
    project.run("build --no-cache").ok().ran(["one", "two"]);
    project.run("build --no-cache").ok().nothing_to_do();
    without_outputs(&project);
    project.run("build").ok().ran(["one", "two"]);
    without_outputs(&project);
    project.run("build --no-cache").ok().ran(["one", "two"]);
}

/// Damages each file of the store in turn; whatever a build then does, the bytes are right.
fn damaged(how: impl Fn(&Path, Vec<u8>)) {
    let project = two();
    project.run("build").ok();
    let store = project.base().join("cache");
    let names = files(&store);
    assert!(names.len() >= 3, "the store holds only {names:?}");
    for path in names {
        let Ok(bytes) = fs::read(&path) else { continue };
        if bytes.is_empty() {
            continue;
        }
        how(&path, bytes);
        without_outputs(&project);
        let (code, seen) = project.run("build").either();
        assert_eq!(code, 0, "{}: {}", path.display(), seen.all());
        right(&project);
        project.run("build").ok().nothing_to_do();
        project.remove(".orket");
        without_outputs(&project);
        project.run("build").ok();
        right(&project);
    }
}

#[test]
fn a_flipped_bit_anywhere_is_never_handed_out() {
    damaged(|path, mut bytes| {
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        overwrite(path, &bytes);
    });
}

#[test]
fn a_truncated_entry_is_never_handed_out() {
    damaged(|path, bytes| overwrite(path, &bytes[..bytes.len() / 2]));
}

#[test]
fn a_missing_entry_is_a_miss() {
    damaged(|path, _| fs::remove_file(path).unwrap());
}

#[test]
fn verify_tells_damage_by_its_exit_status() {
    let project = two();
    project.run("build").ok();
    project.run("cache verify").ok();
    let text = project.read("in");
    let damaged = files(&project.base().join("cache")).into_iter().find_map(|path| {
        let bytes = fs::read(&path).unwrap();
        let at = bytes.windows(text.len()).position(|bytes| bytes == text.as_bytes())?;
        Some((path, [&bytes[..at], b"somE", &bytes[at + 4..]].concat()))
    });
    let (path, bytes) = damaged.expect("no plain blob in the store");
    overwrite(&path, &bytes);
    project.run("cache verify").code(1);
    project.run("cache verify").ok();
}

#[test]
fn a_script_and_a_program_of_the_same_words_are_two_actions() {
    let project = Project::new().manifest(r#"task "t" { run "sh" "true"; inputs "in" }"#).file("in", "").file("true", "echo ran > o");
    project.run("build").ok();
    project.write("orket.kdl", r#"task "t" { sh "true"; inputs "in" }"#);
    project.run("build --check").code(1);
}

#[test]
fn a_script_cannot_see_what_its_task_is_called() {
    let project = Project::new().manifest(r#"task "one" { sh "echo $0 > o"; outputs "o" }"#);
    project.run("build").ok();
    let before = project.read("o");
    project.write("orket.kdl", r#"task "two" { sh "echo $0 > o"; outputs "o" }"#);
    project.remove("o");
    project.run("build").ok();
    assert_eq!(project.read("o"), before);
    project.run("build --force").ok();
    assert_eq!(project.read("o"), before);
}

#[test]
fn who_has_no_home_has_a_store_in_each_checkout_and_none_that_others_can_write() {
    let project = Project::new()
        .var("HOME", "")
        .var("ORKET_CACHE_DIR", "")
        .file("sub/x", "")
        .manifest(r#"task "t" { sh "{log:t}; echo > o"; outputs "o" }"#);
    project.run("build").ok().ran(["t"]).says(["note: neither HOME nor XDG_CACHE_HOME is set", ".orket/store`"]);
    project.remove("o").run("build").ok().ran([]).says(["cached  t"]).never_says(["HOME"]);
    let store = format!("{}/.orket/store\n", project.root().canonicalize().unwrap().display());
    assert_eq!(project.run("cache path").ok().out(), store);
    assert_eq!(project.run_in("sub", "cache path").ok().out(), store);
    project.run("cache verify").ok();
}

#[test]
fn a_store_that_cannot_be_read_is_a_miss() {
    let project = Project::new().file("in", "1").manifest(r#"task "t" { sh "cat in > o"; inputs "in"; outputs "o" }"#);
    project.run("build").ok();
    // Whoever is root may read everything; nobody may read a folder.
    for row in std::fs::read_dir(project.base().join("cache/results")).unwrap() {
        let row = row.unwrap().path();
        std::fs::remove_file(&row).unwrap();
        std::fs::create_dir(&row).unwrap();
    }
    project.remove("o").run("build").ok().says(["done    t", "its result is not stored"]);
    assert_eq!(project.read("o"), "1");
}

#[test]
fn a_store_inside_of_the_project_is_no_input() {
    let project = Project::new().file("in", "1").manifest(r#"task "t" { sh "cat in > o"; inputs "**" "!o"; outputs "o" }"#);
    let store = project.at("deep/store").to_string_lossy().into_owned();
    let vars = [("ORKET_CACHE_DIR", &*store)];
    project.run_with("build t", &vars).ok().never_says(["changed while it ran"]);
    project.run_with("build t", &vars).ok().nothing_to_do();
    project.run_with("query inputs(t)", &vars).ok().stdout("in\norket.kdl\n");
}

#[test]
fn the_store_that_is_looked_after_is_the_one_that_builds_use() {
    let project = Project::new().manifest("process_rules { engine_runtime_node \"ci\" }\ntask \"t\" { sh \"echo > o\"; outputs \"o\" }");
    let vars = [("ORKET_CACHE_DIR", "")];
    project.run_with("build", &vars).ok();
    assert!(project.run_with("cache path", &vars).ok().out().trim_end().ends_with("/project/.orket/store"));
    project.run_with("cache stats", &vars).ok().says(["1 result"]);
    project.run_with("cache clear", &vars).ok();
    project.remove("o").run_with("build", &vars).ok().says(["done    t"]);
}

/// Runs orket where no file may become larger than a mebibyte, as on a disk that is full then.
fn cramped(project: &Project, words: &str) -> (i32, String) {
    let script = "ulimit -f 2048; exec \"$0\" \"$@\"";
    let ended = project.under("sh", &["-c", script].map(String::from), words);
    (ended.code(), String::from_utf8_lossy(&ended.err).into_owned())
}

#[test]
fn a_log_that_could_not_be_written_is_told_and_its_result_is_not_stored() {
    let project = Project::new()
        .file("x", "")
        .manifest(r#"task "t" { sh "{log:t}; head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end"; inputs "x" }"#);
    let (code, err) = cramped(&project, "build");
    assert_eq!(code, 0, "{err}");
    assert!(err.contains("its log could not be written in full") && err.contains("its result is not stored"), "{err}");
    assert!(!err.contains("whole log"), "{err}");
    project.run("build").ok().nothing_to_do();
    project.remove(".orket");
    project.run("build").ok().ran(["t"]);
    project.remove(".orket");
    project.run("build").ok().ran([]).says(["cached  t"]);
}

#[test]
fn an_output_that_cannot_be_restored_is_made_again_and_that_is_told() {
    let project = Project::new().manifest(r#"task "t" { sh "{log:t}; head -c 3000000 /dev/zero | tr '\\0' x > o"; outputs "o" }"#);
    project.run("build").ok().ran(["t"]);
    project.remove("o");
    let (code, err) = cramped(&project, "build");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("it runs, since `o` cannot be restored from the store: "), "{err}");
}

#[test]
fn a_folder_that_is_no_store_is_left_alone() {
    let mut project = Project::new()
        .file("mine/results/2024.csv", "thesis")
        .file("mine/tmp/x", "x")
        .file("mine/blobs/ab/abstract", "x")
        .manifest(r#"task "t" { sh "echo > o"; outputs "o" }"#);
    let folder = project.at("mine").to_str().unwrap().to_owned();
    project.set("ORKET_CACHE_DIR", Some(&folder));
    for words in ["cache clear", "cache verify", "cache gc --max-size 0"] {
        project.run(words).code(2).says(["is no store of orket's: others have written what is there"]);
    }
    project.run("build").ok().says(["its result is not stored", "is no store of orket's"]);
    for path in ["mine/results/2024.csv", "mine/tmp/x", "mine/blobs/ab/abstract"] {
        assert!(project.has(path), "{path}");
    }
    assert!(!project.has("mine/version"));
}
